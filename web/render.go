package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/views/layout"
	"roster/views/paths"
)

// Three verbs answer a request: page shows something, done tells that a change was made, goTo leads
// elsewhere. Whether htmx or a plain browser asked is decided here, and no other file reads an htmx header.

// Page is an answer that shows something.
type Page struct {
	Status   int             // 200 unless said otherwise; 422 for a form that came back
	Document templ.Component // the whole page
	Piece    templ.Component // what htmx swaps in; nil where there is no piece, only the page
	PushURL  string          // the address htmx shows from now on: of a search that worked
	Target   string          // where htmx puts the piece, if not where it was asked for: "#dialog"
	Swap     string          // how htmx puts it there; with a Target innerHTML, unless said otherwise
	Secret   bool            // the page shows a token: it is not compressed
}

// page answers with the document, or with the piece alone where htmx asks for one.
func (s *Server) page(c echo.Context, p Page) error {
	r, w := c.Request(), c.Response()
	if err := visitOf(r.Context()).unframed; err != nil {
		return err
	}
	if p.Status == 0 {
		p.Status = http.StatusOK
	}
	h := w.Header()
	s.renameURL(h, r)
	what := p.Document
	switch {
	case wantsPiece(r) && p.Piece != nil:
		what = p.Piece
		aim(h, p.Target, p.Swap)
		if p.PushURL != "" && p.Status < 300 {
			h.Set("HX-Push-Url", p.PushURL)
		}
	case wantsPiece(r):
		aim(h, "body", "outerHTML")
	}
	return s.write(w, r, p.Status, what, p.Secret)
}

// Done is a change that was made.
type Done struct {
	To     string          // the page a plain form goes to
	Notice layout.Notice   // what that page says once; none without text
	Pieces templ.Component // what htmx swaps in instead of going there
	Target string          // as in Page
	Swap   string
	Secret bool
}

// done tells that a change was made: in place for htmx, by another page for a plain form.
func (s *Server) done(c echo.Context, d Done) error {
	r, w := c.Request(), c.Response()
	if wantsPiece(r) && d.Pieces != nil {
		s.renameURL(w.Header(), r)
		aim(w.Header(), d.Target, d.Swap)
		return s.write(w, r, http.StatusOK, d.Pieces, d.Secret)
	}
	if err := s.say(c, d.Notice); err != nil {
		return err
	}
	return s.goTo(c, d.To)
}

// goTo leads to another page of ours; any other address leads to the start. htmx follows a 303 by itself
// and would swap that page in, so it gets its own header.
func (s *Server) goTo(c echo.Context, to string) error {
	r, w := c.Request(), c.Response()
	if !localPath(to) {
		to = paths.Home
	}
	if !isHTMX(r) {
		return c.Redirect(http.StatusSeeOther, to)
	}
	before, _, _ := strings.Cut(s.cameFrom(r), "#")
	if page, _, found := strings.Cut(to, "#"); found && page == before {
		w.Header().Set("HX-Refresh", "true") // another fragment of the same page would load nothing
	} else {
		w.Header().Set("HX-Redirect", to)
	}
	return c.NoContent(http.StatusNoContent)
}

// isHTMX tells htmx from a browser that goes somewhere.
func isHTMX(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" || wantsPiece(r) }

// wantsPiece is the one header that decides. HX-Request is also sent, and also missing, where a whole
// document is wanted.
func wantsPiece(r *http.Request) bool { return r.Header.Get("HX-Request-Type") == "partial" }

// aim sends a piece elsewhere than to where it was asked for.
func aim(h http.Header, target, swap string) {
	if target != "" {
		h.Set("HX-Retarget", target)
		if swap == "" {
			swap = "innerHTML"
		}
	}
	if swap != "" {
		h.Set("HX-Reswap", swap)
	}
}

// renameURL shows the organization's present name in the address of a page that was opened by an old one.
func (s *Server) renameURL(h http.Header, r *http.Request) {
	v := visitOf(r.Context())
	if v.oldSlug == "" || v.actor == nil || !wantsPiece(r) {
		return
	}
	old := paths.Org(v.oldSlug)
	at := s.cameFrom(r)
	if rest, ok := strings.CutPrefix(at, old); ok && (rest == "" || rest[0] == '/' || rest[0] == '?') {
		h.Set("HX-Replace-Url", paths.Org(v.actor.Organization().Slug)+rest)
	}
}

// cameFrom is the page of ours that a request was sent from: what to load again. A page loads itself.
func (s *Server) cameFrom(r *http.Request) string {
	if isSafe(r) && !isHTMX(r) {
		return r.URL.RequestURI()
	}
	at := r.Header.Get("HX-Current-URL")
	if at == "" {
		at = r.Referer()
	}
	u, err := url.Parse(at)
	if err != nil || u.Host != "" && !s.isOurOrigin(u.Scheme+"://"+u.Host) || !localPath(u.RequestURI()) {
		return paths.Home
	}
	return u.RequestURI()
}

// compressFrom is the size from which compressing gains something.
const compressFrom = 1 << 10

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	zippers = sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(nil, gzip.DefaultCompression) // the level is known to be one
		return z
	}}
)

// bufferMax is the size up to which a buffer is kept for the next page.
const bufferMax = 1 << 20

// write renders first and then writes, so that a fault in a view leaves no half page. What shows a token is
// not compressed: the length of an answer would tell about it.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, what templ.Component, secret bool) error {
	page := borrow()
	defer giveBack(page)
	if err := what.Render(r.Context(), page); err != nil {
		return err
	}
	body := page
	h := w.Header()
	if page.Len() > compressFrom && !secret && !visitOf(r.Context()).secret {
		h.Add("Vary", "Accept-Encoding")
		if takesGzip(r) {
			zipped := borrow()
			defer giveBack(zipped)
			z := zippers.Get().(*gzip.Writer)
			defer zippers.Put(z)
			z.Reset(zipped)
			if _, err := z.Write(page.Bytes()); err != nil {
				return err
			}
			if err := z.Close(); err != nil {
				return err
			}
			h.Set("Content-Encoding", "gzip")
			body = zipped
		}
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body.Bytes()) // whoever went away needs no answer
	}
	return nil
}

func borrow() *bytes.Buffer {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

func giveBack(b *bytes.Buffer) {
	if b.Cap() <= bufferMax {
		buffers.Put(b)
	}
}

// takesGzip: browsers name it plainly; who refuses it says q=0.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			_, q, _ := strings.Cut(weight, "=")
			return strings.Trim(strings.TrimSpace(q), "0.") != "" || q == ""
		}
	}
	return false
}

// writeStatic answers with a page that was made at start and can be relied on.
func writeStatic(w http.ResponseWriter, r *http.Request, status int, page []byte) {
	h := w.Header()
	h.Del("Content-Encoding")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page)
	}
}

// aimProblem keeps what was typed: the note about a change that was not done stands at the top of the page,
// or of the dialog, and not in place of the form. 401 and 5xx are aimed by the page itself.
func (s *Server) aimProblem(h http.Header, r *http.Request, status int) {
	if isSafe(r) || status == http.StatusUnauthorized || status >= http.StatusInternalServerError {
		return
	}
	if strings.HasSuffix(r.Header.Get("HX-Target"), "#dialog") {
		aim(h, "#dialog-problem", "innerHTML")
		return
	}
	aim(h, "#problem", "innerHTML")
}
