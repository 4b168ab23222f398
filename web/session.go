package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/views/layout"
	"roster/views/paths"
)

// sessions is scs for the cookie's token. The store is ours: it keeps digests only, commits a loaded session
// by UPDATE and never by INSERT, and ends one by DELETE, so that nothing in flight brings an ended session
// back. scs's own middleware is not used: it writes the cookie at the first byte of an answer, changed or
// not, and so puts a dead token back.
type sessions struct {
	scs    *scs.SessionManager
	store  *account.Sessions
	cookie string
	marker string // the cookie that knows a browser again between sign-up and its confirmation
	device string // the cookie that knows a browser again in which somebody logged in
	notice string // the cookie that carries what was just done to the next page
	secure bool
}

func newSessions(c Config, store *account.Sessions) sessions {
	manager := scs.New()
	manager.Store = store
	manager.Codec = account.Codec{}
	manager.HashTokenInStore = true
	manager.IdleTimeout = 0 // the store keeps it, by the database's clock
	manager.Lifetime = 12 * time.Hour
	manager.Cookie.Persist = false

	// Over plain http on one's own machine a browser takes no __Host- cookie.
	s := sessions{scs: manager, store: store, cookie: "__Host-roster_session", marker: "__Host-roster_signup", device: "__Host-roster_device", notice: "__Host-roster_notice", secure: true}
	if c.Dev && c.URL.Scheme == "http" {
		s.cookie, s.marker, s.device, s.notice, s.secure = "roster_session", "roster_signup", "roster_device", "roster_notice", false
	}
	return s
}

// session finds out who is asking. It stands outside Echo, so that an error is answered inside of it. It
// writes no cookie but one: who comes with the token of before a switch is given its successor.
func (s *Server) session(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		if cookie, err := r.Cookie(s.sessions.cookie); err == nil && len(cookie.Value) <= 100 {
			v.token = cookie.Value
		}
		ctx, record := account.WithRecord(r.Context())
		if r.URL.Path == paths.Events || isRefresh(r) && isSafe(r) { // whoever changes something is at work, whatever they say
			record.Unused()
		}
		ctx, err := s.sessions.scs.Load(ctx, v.token)
		if err != nil { // who it is cannot be told now, so nothing is shown and nothing done
			if _, said := fault.As(err); !said {
				err = fmt.Errorf("%w: %w", fault.New(fault.Unavailable, "Roster cannot tell who you are just now."), err)
			}
			s.fail(w, r, fmt.Errorf("find the session: %w", err))
			return
		}
		if person, ok := record.Person(); ok {
			v.person = &person
		}
		if record.Succeeded() {
			w = &late{ResponseWriter: w, give: func() { s.giveSuccessor(ctx, w, s.sessions.store.Successor(v.token)) }}
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// late does something right before the first byte of the answer.
type late struct {
	http.ResponseWriter
	give  func()
	given bool
}

func (w *late) WriteHeader(status int) {
	if !w.given {
		w.given = true
		w.give()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *late) Write(b []byte) (int, error) {
	if !w.given {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *late) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// giveSuccessor gives the token after a switch to who still came with the one before, unless the answer took so long that
// the session was switched again or is over: a browser would put the dead token over its newer one. An answer that says
// itself what becomes of the cookie is left alone.
func (s *Server) giveSuccessor(ctx context.Context, w http.ResponseWriter, successor string) {
	for _, given := range w.Header().Values("Set-Cookie") {
		if strings.HasPrefix(given, s.sessions.cookie+"=") {
			return
		}
	}
	if now, err := s.sessions.store.IsCurrent(ctx, successor); err == nil && now {
		s.giveCookie(w, s.sessions.cookie, successor, 0)
	}
}

// giveCookie writes a cookie; without a life it ends with the browser. An empty value takes it away.
func (s *Server) giveCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	cookie := &http.Cookie{Name: name, Value: value, Path: "/", Secure: s.sessions.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(life.Seconds())}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// logIn begins a session for somebody who proved who they are just now. The token is always a new one;
// the one that the request came with is dead, whoever it was for.
func (s *Server) logIn(c echo.Context, login account.Login) error {
	ctx := c.Request().Context()
	v := visitOf(ctx)
	if err := s.sessions.scs.Clear(ctx); err != nil {
		return err
	}
	from := s.toKnow(c)
	account.RecordOf(ctx).LogIn(login, from)
	if err := s.sessions.scs.RenewToken(ctx); err != nil { // ends what was loaded
		return err
	}
	v.token, v.person, v.frame, v.actor = "", nil, nil, nil
	token, _, err := s.sessions.scs.Commit(ctx)
	if err != nil {
		return err
	}
	v.token, v.person = token, &login.Person
	s.giveCookie(c.Response(), s.sessions.cookie, token, 0)
	s.giveDevice(c, from)
	return nil
}

// logOut ends the session, here and for whatever is in flight, and has the browser forget what it kept.
func (s *Server) logOut(c echo.Context) error {
	ctx := c.Request().Context()
	v := visitOf(ctx)
	if v.person != nil {
		session := account.RecordOf(ctx).Session()
		if err := s.sessions.scs.Destroy(ctx); err != nil {
			return err
		}
		if s.config.Live != nil {
			s.config.Live.LoggedOut(v.person.ID, session)
		}
	}
	v.token, v.person, v.frame, v.actor = "", nil, nil, nil
	s.giveCookie(c.Response(), s.sessions.cookie, "", 0)
	s.giveCookie(c.Response(), s.sessions.notice, "", 0)
	c.Response().Header().Set("Clear-Site-Data", `"cache"`)
	return nil
}

// switchTo makes an organization the active one, and renews the token. A second press, still with the old
// token, finds it done and only takes the successor's cookie.
func (s *Server) switchTo(c echo.Context, org uuid.UUID) error {
	ctx := c.Request().Context()
	v, record := visitOf(ctx), account.RecordOf(ctx)
	if record.Succeeded() && record.Organization() == org {
		return nil
	}
	token, err := s.sessions.store.Switch(ctx, v.token, org)
	if err != nil {
		return err
	}
	if token != "" { // else other tabs have switched on meanwhile, and the browser has a newer one
		v.token = token
		s.giveCookie(c.Response(), s.sessions.cookie, token, 0)
	}
	return nil
}

// activeOrg is the organization used last, or zero.
func activeOrg(c echo.Context) uuid.UUID {
	return account.RecordOf(c.Request().Context()).Organization()
}

// A notice travels sealed in a cookie of its own, for the person it was made for. In the session's row it would cost
// every change a turn to the database, and the page after it another.
const (
	noticeLife = 5 * time.Minute
	noticeMax  = 2800 // bytes: sealed and spelled they fit a cookie
)

// say carries a notice to the next page of this browser. To nobody nothing is carried.
func (s *Server) say(c echo.Context, n layout.Notice) error {
	v := visitOf(c.Request().Context())
	if v.person == nil || n.Text == "" {
		return nil
	}
	text, err := json.Marshal(n)
	if err == nil && len(text) > noticeMax { // the words matter more than the way back
		n.Undo, n.Link = nil, nil
		text, err = json.Marshal(n)
	}
	if err != nil {
		return err
	}
	sealed := s.noticeSeal.Seal(nil, nil, text, v.person.ID[:])
	s.giveCookie(c.Response(), s.sessions.notice, base64.RawURLEncoding.EncodeToString(sealed), noticeLife)
	return nil
}

// heard takes the notice that was carried here, once. Whoever only looks ahead takes nothing.
func (s *Server) heard(c echo.Context) *layout.Notice {
	r := c.Request()
	v := visitOf(r.Context())
	if v.noticed || v.person == nil || r.Method == http.MethodHead || wantsPiece(r) || isPrefetch(r) || isRefresh(r) {
		return v.notice
	}
	v.noticed = true
	cookie, err := r.Cookie(s.sessions.notice)
	if err != nil {
		return v.notice
	}
	s.giveCookie(c.Response(), s.sessions.notice, "", 0)
	var n layout.Notice
	sealed, ok := unspell(cookie.Value)
	if !ok {
		return v.notice
	}
	text, err := s.noticeSeal.Open(nil, nil, sealed, v.person.ID[:]) // of somebody else: not theirs to read
	if err == nil && json.Unmarshal(text, &n) == nil && n.Text != "" {
		v.notice = &n // what just happened comes before where one is
	}
	return v.notice
}

// browser is an opaque mark of this browser, so that a sign-up can be confirmed without its password where
// it was asked for. Without make an unknown browser has none.
func (s *Server) browser(c echo.Context, make bool) string {
	if cookie, err := c.Request().Cookie(s.sessions.marker); err == nil && len(cookie.Value) <= 100 {
		return cookie.Value
	}
	if !make {
		return ""
	}
	marker := account.NewMarker()
	s.giveCookie(c.Response(), s.sessions.marker, marker, 24*time.Hour)
	return marker
}

// device is the mark of a browser in which somebody logged in, "" of any other. It opens nothing.
func (s *Server) device(c echo.Context) string {
	cookie, err := c.Request().Cookie(s.sessions.device)
	if err != nil || !s.accounts.IsDevice(cookie.Value) {
		return ""
	}
	return cookie.Value
}

// marked is trace with the browser's mark, where tries are counted.
func (s *Server) marked(c echo.Context) account.Trace {
	t := trace(c)
	t.Device = s.device(c)
	return t
}

// toKnow is marked for a browser that is known from here on, if what it asks for is done: then it is given the mark.
func (s *Server) toKnow(c echo.Context) account.Trace {
	t := s.marked(c)
	if t.Device == "" {
		t.Device = s.accounts.NewDevice()
	}
	return t
}

func (s *Server) giveDevice(c echo.Context, t account.Trace) {
	s.giveCookie(c.Response(), s.sessions.device, t.Device, account.DeviceLife)
}

// trace says where a request came from, for the audit log.
func trace(c echo.Context) account.Trace {
	r := c.Request()
	v := visitOf(r.Context())
	agent := strings.ToValidUTF8(strings.Map(func(c rune) rune {
		if isControl(c) {
			return ' '
		}
		return c
	}, r.UserAgent()), "?")
	for len(agent) > 500 || !utf8.ValidString(agent) {
		agent = agent[:min(len(agent)-1, 500)]
	}
	return account.Trace{Address: v.address, UserAgent: agent, RequestID: v.id, Session: account.RecordOf(r.Context()).Session(),
		Submission: submission(r)}
}
