package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/roster"
	"roster/static"
	"roster/views/layout"
	"roster/views/paths"
)

// visit is what the layers find out about one request. It belongs to that request alone, and ends with it.
type visit struct {
	id      string          // of the request: in the log, in the audit, on pages of faults
	address string          // the client's
	began   time.Time       //
	route   string          // the pattern that matched
	secret  bool            // the address carries a token
	client  context.Context // ends when the client goes away

	token    string // of the session: what the cookie said, or what it says from now on
	person   *account.Person
	actor    *roster.Actor // inside an organization
	frame    *roster.Frame // what the person's pages show around them
	oldSlug  string        // the organization was asked for by a name that it had before
	file     *upload
	notice   *layout.Notice
	noticed  bool  // the carried notice was looked for
	unframed error // why the frame could not be read
}

type visitKey struct{}

// visitOf is never nil: outside a request it is an empty one.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// watch names the request, finds out where it comes from, catches a panic, and writes one line to the log.
func (s *Server) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{id: newRequestID(), address: s.forwarding.client(r), began: time.Now().UTC(), secret: carriesToken(r.URL)}
		out := &watched{ResponseWriter: w}
		out.Header().Set("X-Request-Id", v.id)
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler { // the server's own way to break off
				s.log.Error("panic", "request", v.id, "method", r.Method, "path", redacted(r.URL.Path), "value", p, "stack", string(debug.Stack()))
				if out.status == 0 {
					writeStatic(out, r, http.StatusInternalServerError, static.Problem500)
				}
			} else if p != nil {
				panic(p)
			}
			level := slog.LevelInfo
			if isBeside(r.URL.Path) {
				level = slog.LevelDebug
			}
			s.log.Log(r.Context(), level, "request", "request", v.id, "method", r.Method, "path", redacted(r.URL.Path), "route", v.route,
				"status", out.status, "bytes", out.bytes, "ms", float64(time.Since(v.began).Microseconds())/1000)
		}()
		next.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	})
}

// watched remembers what was answered.
type watched struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func newRequestID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// contentPolicy is the same for every page: nothing from elsewhere, nothing inline.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers sets what every answer carries, errors included; what concerns one person is kept nowhere.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if s.stopping.Load() { // the next request of this browser or proxy goes to another node, by a connection of its own
			h.Set("Connection", "close")
		}
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()")
		if s.config.URL.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if visitOf(r.Context()).secret {
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("X-Robots-Tag", "noindex, nofollow")
		}
		if !isBeside(r.URL.Path) {
			h.Set("Cache-Control", "no-store")
			h.Set("Vary", "Cookie, HX-Request-Type")
		}
		next.ServeHTTP(w, r)
	})
}

func isBeside(path string) bool {
	return strings.HasPrefix(path, static.Prefix) || path == paths.Live || path == paths.Ready || path == paths.Health
}

// knownHost refuses a Host that is not ours: no link, cookie or cache entry is made for another name.
func (s *Server) knownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.isOurs(r.Host) {
			s.refuse(w, r, layout.ProblemSpec{Status: http.StatusMisdirectedRequest})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOurs compares a Host header with the public address. In development mode every loopback name will do.
func (s *Server) isOurs(host string) bool {
	host = strings.ToLower(host)
	ours := strings.ToLower(s.config.URL.Host)
	port := map[string]string{"http": ":80", "https": ":443"}[s.config.URL.Scheme]
	if host == "" || strings.TrimSuffix(host, port) == strings.TrimSuffix(ours, port) {
		return host != ""
	}
	if !s.config.Dev {
		return false
	}
	u := url.URL{Host: host}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && err != nil {
		return false
	}
	name := u.Hostname()
	if at, err := netip.ParseAddr(name); name != "localhost" && (err != nil || !at.IsLoopback() || at.Zone() != "") {
		return false
	} else if at.Is6() {
		name = "[" + name + "]"
	}
	return host == name || host == name+":"+u.Port()
}

// Limits of one request (SECURITY 0). A body comes within bodyTime, and from its first moments on at no less
// than bodyRate.
const (
	bodyMax   = 64 << 10
	fieldsMax = 200
	ticksMax  = 1000
	bodyTime  = 10 * time.Second
	bodyStart = 5 * time.Second
	bodyRate  = 16 << 10 // bytes a second
)

// ticks are the fields that may come more than once: selections of many rows.
var ticks = []string{"member", "invitation"}

// overrides would turn one method into another behind the back of the checks.
var overrides = []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}

// limits reads the form, once and within bounds, before anything looks at it. What no page of ours sends is
// refused here and not guessed at: two values for one field, NUL, broken UTF-8, another content type.
func (s *Server) limits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := s.measure(w, r)
		if status != 0 {
			spec := layout.ProblemSpec{Status: status}
			if status == http.StatusRequestEntityTooLarge && takesFile(r) {
				spec.Title, spec.Text = "That file is too large", "A file may have up to 1 MB. Nothing was imported: split it into several files."
			}
			s.refuse(w, r, spec)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// measure answers 0, or the status of the refusal.
func (s *Server) measure(w http.ResponseWriter, r *http.Request) int {
	for _, name := range overrides {
		if r.Header.Get(name) != "" {
			return http.StatusBadRequest
		}
	}
	if !isOrdinary(r.URL) {
		return http.StatusBadRequest
	}
	r.URL.RawPath = "" // routes are matched against what the path means
	inQuery, status := fields(r.URL.RawQuery)
	if status != 0 {
		return status
	}
	if inQuery.Has("_method") {
		return http.StatusBadRequest
	}
	r.Form, r.PostForm = inQuery, url.Values{}
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		r.Body = http.NoBody
		return 0
	}

	most, longest := bodyMax, bodyTime
	if takesFile(r) {
		most, longest = bodyMax+fileMax, fileTime
	}
	if r.ContentLength > int64(most) {
		return http.StatusRequestEntityTooLarge
	}
	if r.Header.Get("Content-Encoding") != "" { // nothing is unpacked here, so nothing can swell
		return http.StatusUnsupportedMediaType
	}
	body, status := readBody(w, r, most, longest)
	if status != 0 {
		return status
	}
	r.Body = http.NoBody
	if len(body) == 0 {
		return 0
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var inForm url.Values
	switch {
	case err == nil && takesFile(r):
		inForm, visitOf(r.Context()).file, status = parts(body, params["boundary"])
	case err != nil || kind != "application/x-www-form-urlencoded" || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8"):
		return http.StatusUnsupportedMediaType
	default:
		inForm, status = fields(string(body))
	}
	if status != 0 {
		return status
	}
	if inForm.Has("_method") {
		return http.StatusBadRequest
	}
	for name, values := range inForm {
		if inQuery.Has(name) { // which of the two would count?
			return http.StatusBadRequest
		}
		r.Form[name] = values
	}
	r.PostForm = inForm
	return 0
}

// readBody takes in the whole body, if it is small enough and comes fast enough.
func readBody(w http.ResponseWriter, r *http.Request, most int, longest time.Duration) ([]byte, int) {
	conn := http.NewResponseController(w)
	came := &steady{body: http.MaxBytesReader(w, r.Body, int64(most)), until: conn.SetReadDeadline, began: time.Now(), longest: longest}
	body, err := io.ReadAll(came)
	var tooLarge *http.MaxBytesError
	status := http.StatusBadRequest
	switch {
	case err == nil:
		_ = conn.SetReadDeadline(time.Time{})
		return body, 0
	case errors.As(err, &tooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		status = http.StatusRequestTimeout
	}
	// The deadline stays: the server would wait without one for the rest before it answers.
	w.Header().Set("Connection", "close")
	return nil, status
}

// steady is a body that must not come too slowly: with each part the time that it has left is set anew.
type steady struct {
	body  io.Reader
	until func(time.Time) error
	began time.Time
	bytes int64

	longest time.Duration
}

// Read waits for the next part.
func (s *steady) Read(p []byte) (int, error) {
	left := min(bodyStart+time.Duration(s.bytes)*time.Second/bodyRate, s.longest)
	_ = s.until(s.began.Add(left)) // not every connection has a deadline
	n, err := s.body.Read(p)
	s.bytes += int64(n)
	return n, err
}

// fields parses a query or a form strictly.
func fields(raw string) (url.Values, int) {
	if strings.Count(raw, "&") >= ticksMax+fieldsMax {
		return nil, http.StatusRequestEntityTooLarge
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return strictly(values)
}

// strictly refuses values that no form of ours has.
func strictly(values url.Values) (url.Values, int) {
	single := 0
	for name, list := range values {
		if !plainText(name) || slices.ContainsFunc(list, func(v string) bool { return !plainText(v) }) {
			return nil, http.StatusBadRequest
		}
		if slices.Contains(ticks, name) {
			if len(list) > ticksMax {
				return nil, http.StatusRequestEntityTooLarge
			}
			continue
		}
		if len(list) != 1 {
			return nil, http.StatusBadRequest
		}
		single++
	}
	if single > fieldsMax {
		return nil, http.StatusRequestEntityTooLarge
	}
	return values, 0
}

func plainText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func isControl(c rune) bool { return c < 0x20 || c == 0x7f }

// sameOrigin lets a request that could change something through only if the browser says that a page of
// ours sent it. Whoever is logged in by cookie and says nothing about where it comes from is refused too, and
// so is whoever names another scheme or port than ours, which the standard library does not compare: who
// answers for the host over plain http is anybody on the way.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie(s.sessions.cookie)
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
		origin := r.Header.Get("Origin")
		silent := r.Header.Get("Sec-Fetch-Site") == "" && origin == ""
		named := origin != "" && origin != "null" // "null" is a page of ours that tells nobody its address: the check knows
		if s.origin.Check(r) != nil || !safe && (err == nil && silent || named && !s.isOurOrigin(origin)) {
			s.refuse(w, r, layout.ProblemSpec{Status: http.StatusForbidden, Title: "This was not sent from a page of Roster",
				Text: "Nothing was changed. Open the page here and do it again."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOurOrigin compares all of an origin with the public address: a proxy may have ended TLS before us, so that is the only
// one that says how a browser sees us.
func (s *Server) isOurOrigin(origin string) bool {
	scheme, host, found := strings.Cut(origin, "://")
	return found && strings.EqualFold(scheme, s.config.URL.Scheme) && s.isOurs(host)
}

// inTime gives the request its budget: what takes longer is given up, in the database too. A stream of events has
// none: it is to last.
func (s *Server) inTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visitOf(r.Context()).client = r.Context()
		if r.URL.Path == paths.Events {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), budget)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// recovered turns a panic of a handler into an error, so that it is answered like one, in the frame.
func (s *Server) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		visitOf(c.Request().Context()).route = c.Path()
		defer func() {
			if p := recover(); p == http.ErrAbortHandler {
				panic(p)
			} else if p != nil {
				err = &panicked{value: p, stack: debug.Stack()}
			}
		}()
		return next(c)
	}
}
