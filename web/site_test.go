package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/net/html"

	"roster/db"
	"roster/db/dbtest"
	"roster/internal/account"
	"roster/internal/publicid"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
	"roster/web"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// site is the whole site over the small world, served on a port of its own, as it is in development.
type site struct {
	*rostertest.World
	t        *testing.T
	URL      string
	Accounts *account.Accounts
	Web      *web.Server
	turns    *turns
	logged   *logBuffer
	again    func() // a request is sent once more: what was counted so far does not count
}

// connections are enough for all requests that a test has at once: how a crowded pool answers is told elsewhere (R10).
const connections = 20

// newSite serves the small world. What goes wrong on the server's side fails the test.
func newSite(t *testing.T) *site {
	t.Helper()
	return serve(t, rostertest.New)
}

// emptySite serves a world with nobody in it.
func emptySite(t *testing.T) *site {
	t.Helper()
	return serve(t, rostertest.Empty)
}

func serve(t *testing.T, world func(testing.TB, ...func(*db.Config)) *rostertest.World, options ...func(*account.Config)) *site {
	t.Helper()
	s := &site{t: t, turns: &turns{}, logged: &logBuffer{}}
	s.World = world(t, func(c *db.Config) { c.Tracer, c.MaxConns = s.turns, connections })
	accounts := account.Config{DB: s.DB, Outbox: s.Outbox, Key: s.Key, Mails: true, SignUp: true}
	for _, option := range options {
		option(&accounts)
	}
	var err error
	if s.Accounts, err = account.New(accounts); err != nil {
		t.Fatal(err)
	}
	sessions, err := account.NewSessions(account.SessionConfig{DB: s.DB, Key: s.Key})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := &url.URL{Scheme: "http", Host: listener.Addr().String()}
	well := web.Check{OK: true}
	s.Web, err = web.New(web.Config{URL: address, Dev: true, SignupOpen: true, Key: s.Key, Version: "test"}, s.Roster, s.Accounts, sessions, nil,
		func(context.Context) web.Health {
			return web.Health{Database: well, Migrations: well, Keys: well, Mail: well}
		},
		slog.New(slog.NewTextHandler(s.logged, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.Web.Handler()}}
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		for line := range strings.Lines(s.logged.String()) {
			if !strings.Contains(line, "status=503") { // its answer was not believed, and asked for again
				t.Errorf("the server logged: %s", line)
			}
		}
	})
	s.URL = address.String()
	return s
}

// ready opens connections for so many requests at once. On a crowded machine that takes longer than a request waits for one.
func (s *site) ready(n int) {
	s.t.Helper()
	rostertest.Together(n, func(int) {
		for range 3 {
			if err := s.DB.Ping(s.t.Context()); err != nil {
				s.t.Error(err)
			}
		}
	})
}

// logBuffer may be written by several requests at once.
type logBuffer struct {
	lock sync.Mutex
	text bytes.Buffer
}

// Write keeps a line.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.text.Write(p)
}

// String is all lines.
func (b *logBuffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.text.String()
}

// turns counts round trips to the database.
type turns struct{ n atomic.Int64 }

// TraceQueryStart counts a query. The pool asks by itself whether a connection still lives that lay idle for a second: on a
// slow machine each does.
func (c *turns) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	if d.SQL != "-- ping" && d.SQL != ";" {
		c.n.Add(1)
	}
	return ctx
}

// TraceQueryEnd counts nothing.
func (c *turns) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts a batch: it is one round trip.
func (c *turns) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.n.Add(1)
	return ctx
}

// TraceBatchQuery counts nothing: it travels with its batch.
func (c *turns) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd counts nothing.
func (c *turns) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// browser is somebody's: it keeps cookies, sends what browsers send, and follows a redirect only when told. Who is told that
// Roster is busy comes back, until there is another answer.
type browser struct {
	site      *site
	client    *http.Client
	at        string // the page that is open
	impatient bool   // it takes every answer as it is
}

// once is the same browser, which takes every answer as it is.
func (b *browser) once() *browser {
	other := *b
	other.impatient = true
	return &other
}

// busy tells an answer that asks to come back because there is too much to do.
func (p *page) busy() bool {
	return p.status == http.StatusServiceUnavailable && p.header.Get("Retry-After") != ""
}

// uncompressed asks for pages as they are: packing and unpacking each takes longer than making it. TestCompression and the
// laws over https ask otherwise.
var uncompressed = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 20}

// visitor opens a browser in which nobody is logged in.
func (s *site) visitor() *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{site: s, client: &http.Client{Transport: uncompressed, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as opens a browser in which somebody is logged in.
func (s *site) as(p account.Person) *browser {
	s.t.Helper()
	b := s.visitor()
	b.hold(s.session(p))
	return b
}

// session begins one of somebody past the door, and answers with its token: what the door does to compare a password
// takes longer than most tests. Tests of the door itself go through it, by logIn.
func (s *site) session(p account.Person) string {
	s.t.Helper()
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	data, err := account.Codec{}.Encode(time.Now().Add(12*time.Hour), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.SQL(s.t, `INSERT INTO auth.sessions (token_digest, public_id, user_id, data, active_org, epoch, user_agent, address, expires_at)
		SELECT $1, $2, c.user_id, $3, c.last_org, i.epoch, 'rostertest', '127.0.0.1', now() + interval '12 hours'
		FROM auth.credentials c, auth.instance i WHERE c.user_id = $4`, digestOf(token), publicid.New(), data, p.ID)
	return token
}

// hold puts a session's token into the browser.
func (b *browser) hold(token string) {
	b.site.t.Helper()
	address, err := url.Parse(b.site.URL)
	if err != nil {
		b.site.t.Fatal(err)
	}
	cookie := &http.Cookie{Name: "roster_session", Value: token, Path: "/"}
	if address.Scheme == "https" {
		cookie.Name, cookie.Secure = "__Host-roster_session", true
	}
	b.client.Jar.SetCookies(address, []*http.Cookie{cookie})
}

// logIn logs somebody in through the door.
func (b *browser) logIn(p account.Person) {
	b.site.t.Helper()
	if in := b.post(paths.LogIn, url.Values{"email": {p.Email}, "password": {rostertest.Password}}); in.status != http.StatusSeeOther {
		b.site.t.Fatalf("log in as %s: status %d\n%s", p.Name, in.status, in.text())
	}
}

// get opens a page, as if its address were typed.
func (b *browser) get(path string, headers ...string) *page {
	b.site.t.Helper()
	return b.send(http.MethodGet, path, nil, append([]string{"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "none"}, headers...))
}

// post sends a plain form.
func (b *browser) post(path string, form url.Values, headers ...string) *page {
	b.site.t.Helper()
	return b.send(http.MethodPost, path, form, append([]string{"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-origin"}, headers...))
}

// piece asks as htmx does: for a piece of the page that is open.
func (b *browser) piece(method, path string, form url.Values, headers ...string) *page {
	b.site.t.Helper()
	return b.send(method, path, form, append([]string{"HX-Request", "true", "HX-Request-Type", "partial", "HX-Current-URL", b.site.URL + b.at,
		"Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "same-origin", "Sec-Fetch-Site", "same-origin"}, headers...))
}

// follow opens the page that an answer leads to.
func (b *browser) follow(p *page) *page {
	b.site.t.Helper()
	if p.location == "" {
		b.site.t.Fatalf("%s leads nowhere: status %d\n%s", p.path, p.status, p.text())
	}
	return b.get(p.location, "Sec-Fetch-Site", "same-origin", "Referer", b.site.URL+b.at)
}

func (b *browser) send(method, path string, form url.Values, headers []string) (p *page) {
	b.site.t.Helper()
	asked := 0
	suite.Try(b.site.t, path, func() string {
		asked++
		p = b.try(method, path, form, headers)
		if p.asked = asked; !p.busy() || b.impatient {
			return ""
		}
		if b.site.again != nil {
			b.site.again()
		}
		return "it answers " + p.text()
	})
	return p
}

func (b *browser) try(method, path string, form url.Values, headers []string) *page {
	t := b.site.t
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(t.Context(), method, b.site.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.site.URL)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			r.Host = headers[i+1]
		case headers[i+1] == "":
			r.Header.Del(headers[i])
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	before := b.site.turns.n.Load()
	answer, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, path: path, status: answer.StatusCode, header: answer.Header, raw: string(raw), turns: int(b.site.turns.n.Load() - before)}
	if p.location = answer.Header.Get("Location"); p.location == "" {
		p.location = answer.Header.Get("HX-Redirect")
	}
	if method == http.MethodGet && r.Header.Get("HX-Request") == "" && p.status == http.StatusOK {
		b.at = path
	}
	return p
}

// cookie is the session's token.
func (b *browser) cookie() string {
	b.site.t.Helper()
	address, err := url.Parse(b.site.URL)
	if err != nil {
		b.site.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(address) {
		if strings.HasSuffix(c.Name, "roster_session") {
			return c.Value
		}
	}
	return ""
}

// page is an answer.
type page struct {
	t        *testing.T
	path     string
	status   int
	location string // where it leads, for a plain form or for htmx
	header   http.Header
	raw      string
	read     *html.Node // by doc
	turns    int        // round trips that it took
	asked    int        // how often it was asked for: more than once where Roster was busy
}

// doc is the answer as a browser reads it and its script completes it.
func (p *page) doc() *html.Node {
	p.t.Helper()
	if p.read == nil {
		read, err := html.Parse(strings.NewReader(p.raw))
		if err != nil {
			p.t.Fatal(err)
		}
		dress(read)
		p.read = read
	}
	return p.read
}

// all finds elements by tag (or "" for any) and an attribute with its value (or without: "" for any).
func (p *page) all(tag, attr, value string) []*html.Node {
	var found []*html.Node
	for n := range p.doc().Descendants() {
		if n.Type != html.ElementNode || tag != "" && n.Data != tag {
			continue
		}
		if attr == "" {
			found = append(found, n)
			continue
		}
		if v, ok := attribute(n, attr); ok && (value == "" || v == value) {
			found = append(found, n)
		}
	}
	return found
}

// id is the element with an id, or nil.
func (p *page) id(id string) *html.Node {
	if found := p.all("", "id", id); len(found) > 0 {
		return found[0]
	}
	return nil
}

// value is what a control with an id or name holds.
func (p *page) value(control string) string {
	p.t.Helper()
	for _, n := range append(p.all("", "id", control), p.all("", "name", control)...) {
		v, known := attribute(n, "value")
		switch {
		case n.Data == "textarea":
			return strings.TrimPrefix(words(n), "\n")
		case known || n.Data == "input":
			return v
		}
	}
	p.t.Fatalf("%s has no control %q", p.path, control)
	return ""
}

// form is what a browser would send of the form with this action, as it stands.
func (p *page) form(action string) url.Values {
	p.t.Helper()
	forms := p.all("form", "action", action)
	if len(forms) == 0 {
		p.t.Fatalf("%s has no form to %s\n%s", p.path, action, p.text())
	}
	return fields(forms[0])
}

func fields(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name, _ := attribute(n, "name")
		if n.Type != html.ElementNode || name == "" {
			continue
		}
		value, _ := attribute(n, "value")
		kind, _ := attribute(n, "type")
		_, checked := attribute(n, "checked")
		switch {
		case n.Data == "input" && (kind == "checkbox" || kind == "radio"):
			if checked {
				values.Add(name, value)
			}
		case n.Data == "input":
			values.Add(name, value)
		case n.Data == "textarea":
			values.Add(name, strings.TrimPrefix(words(n), "\n"))
		case n.Data == "select":
			for o := range n.Descendants() {
				if _, selected := attribute(o, "selected"); selected && o.Data == "option" {
					v, _ := attribute(o, "value")
					values.Set(name, v)
				}
			}
		}
	}
	return values
}

// text is what the page says, in one line.
func (p *page) text() string { return plain(p.doc()) }

// textOf is what the element with an id says.
func (p *page) textOf(id string) string {
	p.t.Helper()
	n := p.id(id)
	if n == nil {
		p.t.Fatalf("%s has nothing with the id %q\n%s", p.path, id, p.text())
	}
	return plain(n)
}

// says fails the test unless the page has the status and the words.
func (p *page) says(status int, sentences ...string) *page {
	p.t.Helper()
	text := p.text()
	if p.status != status {
		p.t.Errorf("%s: status %d, want %d\n%s", p.path, p.status, status, text)
	}
	for _, s := range sentences {
		if !strings.Contains(text, s) {
			p.t.Errorf("%s does not say %q, but\n%s", p.path, s, text)
		}
	}
	return p
}

// leads fails the test unless the answer leads to an address.
func (p *page) leads(to string) *page {
	p.t.Helper()
	if p.location != to {
		p.t.Errorf("%s leads to %q (status %d), want %q\n%s", p.path, p.location, p.status, to, p.text())
	}
	return p
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// words are an element's text as it stands in the file.
func words(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// inline elements stand in a line of words; around all others there is space.
var inline = map[string]bool{"a": true, "b": true, "strong": true, "em": true, "time": true, "kbd": true, "code": true, "small": true, "span": true}

// plain is what an element says to somebody who reads it, with single spaces: neither pictures nor what waits in a
// template.
func plain(n *html.Node) string {
	var b strings.Builder
	var read func(*html.Node)
	read = func(n *html.Node) {
		hidden, _ := attribute(n, "aria-hidden")
		class, _ := attribute(n, "class")
		apart := n.Type == html.ElementNode && (!inline[n.Data] || class == "sub")
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case hidden == "true", n.Data == "template", n.Data == "script", n.Data == "head":
			return
		}
		if apart {
			b.WriteByte(' ')
		}
		for c := range n.ChildNodes() {
			read(c)
		}
		if apart {
			b.WriteByte(' ')
		}
	}
	read(n)
	return strings.Join(strings.Fields(b.String()), " ")
}
