package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/static"
	"roster/views/layout"
	"roster/views/paths"
)

// problem is a refusal that knows how it looks.
type problem struct{ spec layout.ProblemSpec }

// Error is for the log alone.
func (p *problem) Error() string { return strconv.Itoa(p.spec.Status) + " " + p.spec.Title }

// panicked is a panic, on its way to the log.
type panicked struct {
	value any
	stack []byte
}

// Error says what was panicked with.
func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// answerError is the one place where an error becomes an answer.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		s.log.Error("failed after the answer", "request", visitOf(c.Request().Context()).id, "err", err)
		return
	}
	s.fail(c.Response(), c.Request(), err)
}

// fail answers a request that could not be done: the words of the fault, or that something went wrong on
// our side, with the request's id and a line in the log. Whoever went away gets nothing.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	v := visitOf(r.Context())
	if errors.Is(r.Context().Err(), context.Canceled) {
		s.log.Info("the client went away", "request", v.id, "route", v.route)
		return
	}
	if fault.Is(err, fault.LoggedOut) && isSafe(r) && !isHTMX(r) {
		http.Redirect(w, r, paths.LogInThen(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	spec := s.explain(w, r, err)
	if spec.Status >= http.StatusInternalServerError {
		spec.RequestID = v.id
		attrs := []any{"request", v.id, "method", r.Method, "route", v.route, "status", spec.Status, "err", err}
		var p *panicked
		if errors.As(err, &p) {
			attrs = append(attrs, "stack", string(p.stack))
		}
		level := slog.LevelError
		if f, ok := fault.As(err); ok && f.Crowded { // nothing has gone wrong
			level = slog.LevelWarn
		}
		s.log.Log(r.Context(), level, "request failed", attrs...)
	}
	s.refuse(w, r, spec)
}

// busy is how many seconds to wait when the database is: every 503 says so.
const busy = 5

// explain finds the status and the words.
func (s *Server) explain(w http.ResponseWriter, r *http.Request, err error) layout.ProblemSpec {
	var known *problem
	var routing *echo.HTTPError
	switch f, isFault := fault.As(err); {
	case errors.As(err, &known):
		return known.spec
	case isFault:
		return s.explainFault(w, r, f)
	case errors.As(err, &routing):
		if routing.Code == http.StatusNotFound {
			return s.explainFault(w, r, fault.Missing())
		}
		return layout.ProblemSpec{Status: routing.Code}
	case errors.Is(err, account.ErrEnded):
		return layout.ProblemSpec{Status: http.StatusConflict, Title: "You are not logged in", Text: "Your password was changed in the meantime. Log in with the new one.",
			Links: []layout.Link{{URL: paths.LogIn, Label: "Log in"}}}
	case errors.Is(err, context.DeadlineExceeded):
		return layout.ProblemSpec{Status: http.StatusServiceUnavailable}
	}
	return layout.ProblemSpec{Status: http.StatusInternalServerError, Unchanged: isSafe(r)}
}

func (s *Server) explainFault(w http.ResponseWriter, r *http.Request, f *fault.Fault) layout.ProblemSpec {
	v := visitOf(r.Context())
	seconds := int(math.Ceil(f.After.Seconds()))
	switch f.Kind {
	case fault.Invalid:
		spec := layout.ProblemSpec{Status: http.StatusUnprocessableEntity, Text: f.Message}
		for _, wrong := range f.Fields {
			spec.Details = append(spec.Details, wrong.Message)
		}
		return spec
	case fault.Malformed:
		return layout.ProblemSpec{Status: http.StatusBadRequest, Text: f.Message}
	case fault.LoggedOut:
		spec := layout.ProblemSpec{Status: http.StatusUnauthorized}
		if !isHTMX(r) {
			spec.Text = "Log in in a new tab, come back and send this again. Nothing you typed is lost, except passwords."
			spec.Again = s.again(r, r.URL.Path)
		}
		return spec
	case fault.Forbidden:
		return layout.ProblemSpec{Status: http.StatusForbidden, Text: f.Message}
	case fault.NotFound:
		spec := layout.ProblemSpec{Status: http.StatusNotFound}
		if f.Message != fault.Missing().Message {
			spec.Title = f.Message
		}
		return s.withWays(r, spec)
	case fault.LostAccess:
		return s.withWays(r, layout.ProblemSpec{Status: http.StatusNotFound, Title: f.Message,
			Text: "Your membership ended or is suspended, or the organization is closed. If you did not expect that, ask one of its owners."})
	case fault.Conflict:
		return layout.ProblemSpec{Status: http.StatusConflict, Text: f.Message, Reload: s.cameFrom(r)}
	case fault.Gone:
		return layout.ProblemSpec{Status: http.StatusGone, Text: f.Message}
	case fault.TooMany:
		if seconds > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
		}
		spec := layout.ProblemSpec{Status: http.StatusTooManyRequests, RetryIn: seconds}
		if seconds == 0 { // else the page itself counts the seconds
			spec.Text = f.Message
		}
		if r.URL.Path == paths.LogIn {
			spec = s.withLetter(r, spec)
		}
		return spec
	case fault.Unavailable:
		if seconds > busy {
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
		}
		spec := layout.ProblemSpec{Status: http.StatusServiceUnavailable}
		if f.Crowded {
			spec.Title, spec.Text = "Roster is busy at the moment", f.Message
			if v.person != nil && !isHTMX(r) && !isSafe(r) {
				spec.Again = s.again(r, r.URL.Path)
			}
		}
		return spec
	case fault.ReadOnly:
		spec := layout.ProblemSpec{Status: http.StatusServiceUnavailable, Title: f.Message,
			Text: "Nothing was changed. Pages can still be looked at; try again in a few minutes."}
		if v.person != nil && !isHTMX(r) && !isSafe(r) {
			spec.Again = s.again(r, r.URL.Path)
		}
		return spec
	}
	s.log.Error("a fault of no kind", "request", v.id, "err", f)
	return layout.ProblemSpec{Status: http.StatusInternalServerError, Unchanged: isSafe(r)}
}

// withLetter says how its owner gets in at once where strangers have tried too many passwords for an account.
func (s *Server) withLetter(r *http.Request, spec layout.ProblemSpec) layout.ProblemSpec {
	if !s.accounts.Mails() {
		spec.Text = "If it is urgent, ask whoever runs this installation for a link that lets you in at once."
		return spec
	}
	spec.Text = "If it is your account you need not wait: a link that we send to its address lets you choose a new password and log in at once."
	spec.Links = []layout.Link{{URL: paths.With(paths.Forgot, "email", strings.TrimSpace(r.PostForm.Get("email"))), Label: "Send me a link"}}
	return spec
}

// withWays adds where somebody logged in may go from a page that is not theirs.
func (s *Server) withWays(r *http.Request, spec layout.ProblemSpec) layout.ProblemSpec {
	v := visitOf(r.Context())
	switch {
	case v.person == nil:
		spec.Links = []layout.Link{{URL: paths.Home, Label: "Go to the start"}}
	case v.actor != nil:
		spec.Links = []layout.Link{{URL: paths.Org(v.actor.Organization().Slug), Label: "Go to the overview"}}
	default:
		if v.frame == nil && !isHTMX(r) {
			if frame, err := s.roster.Frame(r.Context(), v.person.ID); err == nil { // without them the page is still right
				v.frame = &frame
			}
		}
		known := s.knownFrame(r)
		spec.Person, spec.Orgs = known.Person, known.Orgs
	}
	return spec
}

// again is a form with what was posted, but no password, to be sent to an address of ours once more.
func (s *Server) again(r *http.Request, to string) *layout.Again {
	values := posted(r)
	form := &layout.Again{Action: to, Person: r.PostForm.Get("_person"), Org: r.PostForm.Get("_org")}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			form.Fields = append(form.Fields, layout.Hidden{Name: name, Value: value})
		}
	}
	return form
}

// refuse answers with a problem: a page in the frame as far as it is known, or a note where htmx asked. If
// not even that can be drawn, a page that was made at start does.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, spec layout.ProblemSpec) {
	askLater(w.Header(), spec.Status)
	s.keepNotice(w.Header())
	if isHTMX(r) {
		spec.Piece = true
		s.aimProblem(w.Header(), r, spec.Status)
		if err := s.write(w, r, spec.Status, layout.Problem(spec), false); err == nil {
			return
		}
	} else if spec.Status != http.StatusServiceUnavailable || spec.Text != "" {
		if err := s.write(w, r, spec.Status, layout.ProblemPage(s.knownFrame(r), spec), false); err == nil {
			return
		}
	}
	page := static.Problem500
	if spec.Status == http.StatusServiceUnavailable {
		page = static.Problem503
	}
	writeStatic(w, r, spec.Status, page)
}

// keepNotice leaves with the browser what the page that did not come was to say: the next one says it.
func (s *Server) keepNotice(h http.Header) {
	kept := slices.DeleteFunc(h.Values("Set-Cookie"), func(cookie string) bool { return strings.HasPrefix(cookie, s.sessions.notice+"=;") })
	if h["Set-Cookie"] = kept; len(kept) == 0 {
		h.Del("Set-Cookie")
	}
}

// askLater says when to come back, with a 503 that does not say it already.
func askLater(h http.Header, status int) {
	if status == http.StatusServiceUnavailable && h.Get("Retry-After") == "" {
		h.Set("Retry-After", strconv.Itoa(busy))
	}
}
