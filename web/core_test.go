package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/static"
	"roster/views/layout"
	"roster/views/paths"
)

// What needs no database is tested here: the layers, the gates as far as nobody is logged in, the verbs.

const secretToken = "kQ3vN8xT0bYwZr5mJp2LhUoEaSdFgHiKlMnOpQrStUv"

// newTestServer is a site without a database. What it logs is in the buffer.
func newTestServer(t *testing.T, change func(*Config)) (*Server, *bytes.Buffer) {
	t.Helper()
	c := Config{URL: mustParse(t, "https://roster.example"), Key: bytes.Repeat([]byte{7}, 32), Version: "v0.0.0-test"}
	if change != nil {
		change(&c)
	}
	var logged bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	well := Check{OK: true}
	s, err := New(c, nil, nil, nil, nil, func(context.Context) Health { return Health{well, well, well, well} }, log)
	if err != nil {
		t.Fatal(err)
	}
	return s, &logged
}

func mustParse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// ask sends one request through the whole stack. Headers come in pairs.
func ask(s *Server, method, target, form string, headers ...string) *httptest.ResponseRecorder {
	r := request(method, target, form, headers...)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func request(method, target, form string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	r.Host = "roster.example"
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if method == http.MethodPost {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
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
	return r
}

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	})
}

// TestEveryAnswerCarriesThePolicy walks answers of every layer: what is refused early is as strict as a page.
// I91 I100
func TestEveryAnswerCarriesThePolicy(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	s.get("/test/boom", s.public(func(echo.Context) error { panic("boom") }))
	for _, c := range []struct {
		name, method, target, form string
		headers                    []string
		status                     int
	}{
		{"alive", "GET", "/livez", "", nil, 200},
		{"a file", "GET", static.URL("roster.css"), "", nil, 200},
		{"no file", "GET", "/static/nothing.css", "", nil, 404},
		{"no page", "GET", "/nothing", "", nil, 404},
		{"wrong method", "PUT", "/login", "", []string{"Sec-Fetch-Site", "same-origin"}, 405},
		{"other host", "GET", "/login", "", []string{"Host", "evil.example"}, 421},
		{"from elsewhere", "POST", "/login", "a=b", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"two values", "GET", "/login?a=1&a=2", "", nil, 400},
		{"logged out", "GET", "/orgs/acme/members", "", nil, 303},
		{"logged out, piece", "GET", "/orgs/acme/members", "", []string{"HX-Request", "true", "HX-Request-Type", "partial"}, 401},
		{"panic", "GET", "/test/boom", "", nil, 500},
	} {
		w := ask(s, c.method, c.target, c.form, c.headers...)
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d", c.name, w.Code, c.status)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
				"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security":    "max-age=31536000",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
		if !strings.Contains(w.Header().Get("Permissions-Policy"), "camera=()") {
			t.Errorf("%s: no Permissions-Policy", c.name)
		}
		if w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", c.name)
		}
		if isBeside(c.target) {
			continue
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", c.name, got)
		}
		if vary := strings.Join(w.Header().Values("Vary"), ", "); !strings.Contains(vary, "HX-Request-Type") || !strings.Contains(vary, "Cookie") {
			t.Errorf("%s: Vary is %q", c.name, vary)
		}
	}
}

func TestPlainHTTPPromisesNoHTTPS(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, func(c *Config) { c.URL.Scheme = "http" })
	if got := ask(s, "GET", "/livez", "").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("Strict-Transport-Security over http: %q", got)
	}
}

// A page with a token in its address tells the next site nothing, and is not indexed.
func TestTokenPagesAreNotPassedOn(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	for _, target := range []string{"/invitations/" + secretToken, "/reset/" + secretToken, "/signup/confirm/" + secretToken, "/login/link/" + secretToken,
		"/login?next=%2Finvitations%2F" + secretToken} {
		w := ask(s, "GET", target, "")
		if got := w.Header().Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("%s: Referrer-Policy is %q", target, got)
		}
		if got := w.Header().Get("X-Robots-Tag"); got != "noindex, nofollow" {
			t.Errorf("%s: X-Robots-Tag is %q", target, got)
		}
	}
}

// I101
func TestAnotherHostIsMisdirected(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	dev, _ := newTestServer(t, func(c *Config) { c.URL, c.Dev = mustParse(t, "http://localhost:8080"), true })
	odd, _ := newTestServer(t, func(c *Config) { c.URL = mustParse(t, "https://roster.example:8443") })
	for _, c := range []struct {
		server *Server
		host   string
		ours   bool
	}{
		{s, "roster.example", true}, {s, "ROSTER.example", true}, {s, "roster.example:443", true},
		{s, "", false}, {s, "roster.example:80", false}, {s, "roster.example:8443", false}, {s, "roster.example.", false},
		{s, "evil.example", false}, {s, "roster.example.evil.example", false}, {s, "evil@roster.example", false}, {s, "roster.example@evil", false},
		{s, "roster.example:443:443", false}, {s, "localhost", false}, {s, "127.0.0.1", false}, {s, "roster.example, evil.example", false},
		{odd, "roster.example:8443", true}, {odd, "roster.example", false}, {odd, "roster.example:443", false},
		{dev, "localhost:8080", true}, {dev, "localhost", true}, {dev, "localhost:9999", true}, {dev, "127.0.0.1:8080", true}, {dev, "[::1]:8080", true},
		{dev, "127.0.0.1", true}, {dev, "localhost.evil.example", false}, {dev, "192.168.0.1:8080", false}, {dev, "evil@localhost", false},
		{dev, "localhost:evil", false}, {dev, "evil.example", false},
	} {
		if got := c.server.isOurs(c.host); got != c.ours {
			t.Errorf("isOurs(%q) with %s = %v, want %v", c.host, c.server.config.URL, got, c.ours)
		}
	}
	if w := ask(s, "GET", "/nothing", "", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example"); w.Code != 404 || strings.Contains(w.Body.String(), "evil.example") {
		t.Errorf("a forwarded host is believed: status %d", w.Code)
	}
	if w := ask(s, "GET", "/login", "", "Host", "evil.example"); w.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host: status %d, want 421", w.Code)
	}
}

// I95
func TestCrossOriginMatrix(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	through := s.sameOrigin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	const cookie = "__Host-roster_session=x"
	for _, c := range []struct {
		method, site, origin, cookie string
		passes                       bool
	}{
		{"POST", "same-origin", "https://roster.example", cookie, true},
		{"POST", "same-origin", "", cookie, true},
		{"POST", "same-origin", "null", cookie, true}, // a page with no-referrer
		{"POST", "none", "", cookie, true},
		{"POST", "", "https://roster.example", cookie, true},
		{"POST", "", "", cookie, false},
		{"POST", "", "", "", true}, // nobody is logged in: nothing to abuse
		{"POST", "cross-site", "https://evil.example", cookie, false},
		{"POST", "cross-site", "", cookie, false},
		{"POST", "cross-site", "", "", false},
		{"POST", "same-site", "https://other.roster.example", cookie, false},
		{"POST", "", "https://evil.example", cookie, false},
		{"POST", "", "https://evil.example", "", false},
		{"POST", "", "null", cookie, false},
		{"POST", "", "https://roster.example:8443", cookie, false},
		{"POST", "", "https://roster.example:443", cookie, false}, // no browser writes it
		{"POST", "", "HTTPS://ROSTER.example", cookie, false},     // nor so
		{"POST", "same-origin", "https://roster.example:443", cookie, true},
		// The same host over plain http is whoever is on the way there.
		{"POST", "", "http://roster.example", cookie, false},
		{"POST", "", "http://roster.example", "", false},
		{"POST", "same-origin", "http://roster.example", cookie, false},
		{"POST", "none", "http://roster.example", cookie, false},
		{"POST", "same-origin", "https://roster.example:8443", cookie, false},
		{"POST", "same-origin", "https://evil.example", cookie, false},
		{"POST", "same-origin", "ws://roster.example", cookie, false},
		{"POST", "same-origin", "roster.example", cookie, false},
		{"POST", "same-origin", "https://roster.example/", cookie, false},
		{"POST", "same-origin", "https://x@roster.example", cookie, false},
		{"GET", "", "http://roster.example", cookie, true},
		{"PUT", "", "", cookie, false},
		{"DELETE", "cross-site", "", cookie, false},
		{"GET", "cross-site", "https://evil.example", cookie, true},
		{"GET", "", "", cookie, true},
		{"HEAD", "cross-site", "", cookie, true},
	} {
		r := request(c.method, "/orgs", "", "Sec-Fetch-Site", c.site, "Origin", c.origin, "Cookie", c.cookie)
		w := httptest.NewRecorder()
		through.ServeHTTP(w, r)
		if passed := w.Code == http.StatusNoContent; passed != c.passes || !passed && w.Code != http.StatusForbidden {
			t.Errorf("%s Sec-Fetch-Site %q Origin %q cookie %q: status %d, want through %v", c.method, c.site, c.origin, c.cookie, w.Code, c.passes)
		}
	}
}

// On one's own machine a page may be seen by another of its names or ports, as the browser vouches; by another scheme it is
// not. B267 B275 I95
func TestOriginsOfOnesOwnMachine(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, func(c *Config) { c.URL, c.Dev = mustParse(t, "http://localhost:8080"), true })
	through := s.sameOrigin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for _, c := range []struct {
		host, site, origin string
		passes             bool
	}{
		{"localhost:8080", "same-origin", "http://localhost:8080", true},
		{"localhost:8080", "", "http://localhost:8080", true},
		{"[::1]:8080", "", "http://[::1]:8080", true},
		{"[::1]:8080", "same-origin", "http://[::1]:8080", true},
		{"127.0.0.1:8080", "same-origin", "http://127.0.0.1:8080", true},
		{"localhost:8080", "same-origin", "http://localhost:9999", true}, // forwarded to
		{"localhost:8080", "", "http://localhost:9999", false},
		{"localhost:8080", "", "http://127.0.0.1:8080", false},
		{"localhost:8080", "", "https://localhost:8080", false},
		{"localhost:8080", "same-origin", "https://localhost:8080", false},
		{"localhost:8080", "same-origin", "http://evil.example", false},
		{"localhost:8080", "same-site", "http://localhost:3000", false},
	} {
		w := httptest.NewRecorder()
		through.ServeHTTP(w, request("POST", "/orgs", "", "Host", c.host, "Sec-Fetch-Site", c.site, "Origin", c.origin, "Cookie", "roster_session=x"))
		if passed := w.Code == http.StatusNoContent; passed != c.passes {
			t.Errorf("%s Sec-Fetch-Site %q Origin %q: status %d, want through %v", c.host, c.site, c.origin, w.Code, c.passes)
		}
	}
}

// I97 I104
func TestLimitsComeBeforeEverything(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	reached := false
	layer := s.limits(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached = true
		w.WriteHeader(http.StatusNoContent)
	}))
	many := func(n int, name string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s=%d&", strings.ReplaceAll(name, "#", fmt.Sprint(i)), i)
		}
		return strings.TrimSuffix(b.String(), "&")
	}
	for _, c := range []struct {
		name, method, target, form string
		headers                    []string
		status                     int
	}{
		{"a form", "POST", "/orgs", "name=Acme&slug=acme", nil, 204},
		{"no form", "POST", "/orgs", "", nil, 204},
		{"charset", "POST", "/orgs", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"}, 204},
		{"64 KiB", "POST", "/orgs", "a=" + strings.Repeat("x", 64<<10-2), nil, 204},
		{"more than 64 KiB", "POST", "/orgs", "a=" + strings.Repeat("x", 64<<10-1), nil, 413},
		{"200 fields", "POST", "/orgs", many(200, "f#"), nil, 204},
		{"201 fields", "POST", "/orgs", many(201, "f#"), nil, 413},
		{"1000 ticks", "POST", "/orgs", many(1000, "member"), nil, 204},
		{"1001 ticks", "POST", "/orgs", many(1001, "member"), nil, 413},
		{"two values", "POST", "/orgs", "role=guest&role=owner", nil, 400},
		{"two values in the query", "GET", "/orgs?q=a&q=b", "", nil, 400},
		{"one value in each", "POST", "/orgs?role=guest", "role=owner", nil, 400},
		{"NUL", "POST", "/orgs", "name=a%00b", nil, 400},
		{"NUL in a name", "POST", "/orgs", "na%00me=a", nil, 400},
		{"NUL in the query", "GET", "/orgs?q=%00", "", nil, 400},
		{"NUL in the path", "GET", "/orgs/%00", "", nil, 400},
		{"newline in the path", "GET", "/orgs/%0a", "", nil, 400},
		{"slash in a segment", "GET", "/orgs/acme%2Fmembers", "", nil, 400},
		{"escaped letters", "GET", "/orgs/%61cme", "", nil, 204},
		{"bad UTF-8", "POST", "/orgs", "name=%ff%fe", nil, 400},
		{"bad UTF-8 in the path", "GET", "/orgs/%ff", "", nil, 400},
		{"bad escape", "POST", "/orgs", "name=%zz", nil, 400},
		{"semicolon", "GET", "/orgs?a=1;b=2", "", nil, 400},
		{"JSON", "POST", "/orgs", `{"name":"Acme"}`, []string{"Content-Type", "application/json"}, 415},
		{"plain text", "POST", "/orgs", "name=Acme", []string{"Content-Type", "text/plain"}, 415},
		{"multipart", "POST", "/orgs", "--x\r\n", []string{"Content-Type", "multipart/form-data; boundary=x"}, 415},
		{"no type", "POST", "/orgs", "name=Acme", []string{"Content-Type", ""}, 415},
		{"another charset", "POST", "/orgs", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-7"}, 415},
		{"packed", "POST", "/orgs", "a=b", []string{"Content-Encoding", "gzip"}, 415},
		{"override by header", "POST", "/orgs", "a=b", []string{"X-HTTP-Method-Override", "DELETE"}, 400},
		{"override by another", "GET", "/orgs", "", []string{"X-Method-Override", "POST"}, 400},
		{"override by field", "POST", "/orgs", "_method=delete", nil, 400},
		{"override by query", "GET", "/orgs?_method=post", "", nil, 400},
	} {
		reached = false
		w := httptest.NewRecorder()
		layer.ServeHTTP(w, request(c.method, c.target, c.form, c.headers...))
		if w.Code != c.status || reached != (c.status == http.StatusNoContent) {
			t.Errorf("%s: status %d, reached %v, want %d", c.name, w.Code, reached, c.status)
		}
	}
}

// I97: the form is what was posted, and never what stands in the address.
func TestFieldsComeFromTheFormAlone(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	s.post("/test/fields", s.public(func(c echo.Context) error {
		return s.page(c, Page{Document: text(fmt.Sprintf("%q %q %q %q %v %v", field(c, "name"), verbatim(c, "name"), field(c, "q"), query(c, "q"), ticked(c, "tell"), ticked(c, "q")))})
	}))
	w := ask(s, "POST", "/test/fields?q=+up+", "name=+Acme+&tell=on")
	if got, want := w.Body.String(), `"Acme" " Acme " "" "up" true false`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// I102
func TestReturnAddressesStayHere(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/", "/orgs/acme/members", "/orgs/acme/members?q=ab&role=admin", "/orgs/acme#general", "/invitations/" + secretToken,
		"/orgs/acme/members?q=a%2Fb", "/orgs/acme/members?q=http://x", "/orgs/acme?at=12:30"} {
		if !localPath(good) {
			t.Errorf("localPath(%q) = false", good)
		}
	}
	for _, bad := range []string{"", "orgs", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `\/evil.example`, `/\/evil.example`,
		"https://evil.example", "http:evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "evil.example", "@evil.example", "/@/../..//evil.example",
		"/%2f/evil.example", "/%2fevil.example", "/%2Fevil.example", "/%252fevil.example", "/%25252fevil.example", "/%5cevil.example", "/%255cevil.example", "/%5C%5Cevil.example",
		"/.//evil.example", "/..//evil.example", "/x/..//evil.example", "/a//b", "/./%2fevil.example", "/%2e/%2fevil.example", "/%2e%2e//evil.example",
		"/\t/evil.example", "/\n/evil.example", "/\r\nSet-Cookie:a=b", "\t//evil.example", " //evil.example", "/%0d%0aLocation:x", "/%09/evil.example", "/%00", "/\x00", "/\x7f",
		"/\xff", "//user:pass@evil.example", "https:///evil.example", "http://roster.example@evil.example/", "/" + strings.Repeat("x", 2000), "?q=1", "#x", "*"} {
		if localPath(bad) {
			t.Errorf("localPath(%q) = true", bad)
		}
	}
}

// I102: what a handler asks for is checked once more where it becomes a header.
func TestRedirectsStayHere(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	s.post("/test/go", s.public(func(c echo.Context) error { return s.goTo(c, verbatim(c, "to")) }))
	for _, to := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "/%2fevil.example", ""} {
		form := url.Values{"to": {to}}.Encode()
		if w := ask(s, "POST", "/test/go", form); w.Code != 303 || w.Header().Get("Location") != "/" {
			t.Errorf("to %q: %d %q", to, w.Code, w.Header().Get("Location"))
		}
		if w := ask(s, "POST", "/test/go", form, "HX-Request", "true", "HX-Request-Type", "partial"); w.Code != 204 || w.Header().Get("HX-Redirect") != "/" {
			t.Errorf("htmx to %q: %d %q", to, w.Code, w.Header().Get("HX-Redirect"))
		}
	}
	if w := ask(s, "POST", "/test/go", "to=%2Forgs%2Facme"); w.Code != 303 || w.Header().Get("Location") != "/orgs/acme" {
		t.Errorf("own page: %d %q", w.Code, w.Header().Get("Location"))
	}
	if w := ask(s, "POST", "/test/go", "to=%2Forgs%2Facme%23x", "HX-Request", "true", "HX-Current-URL", "https://roster.example/orgs/acme"); w.Header().Get("HX-Refresh") != "true" {
		t.Errorf("another fragment of the same page: %v", w.Header())
	}
}

// I64 I106
func TestLogKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	s, logged := newTestServer(t, nil)
	s.get("/test/fails/:token", s.public(func(echo.Context) error { return errors.New("out of luck") }))
	for _, target := range []string{"/invitations/" + secretToken, "/invitations/" + secretToken + "/report", "/signup/confirm/" + secretToken, "/reset/" + secretToken,
		"/login/link/" + secretToken, "/login?next=/invitations/" + secretToken, "/invitation/" + secretToken, "/test/fails/" + secretToken, "/orgs?q=" + secretToken,
		"/orgs/acme?a=" + secretToken} {
		ask(s, "GET", target, "", "Cookie", "other="+secretToken, "Referer", "https://roster.example/"+secretToken, "User-Agent", secretToken)
		ask(s, "POST", target, "password="+secretToken, "Cookie", "other="+secretToken)
	}
	ask(s, "GET", "/orgs/a%0ab", "")
	if strings.Contains(logged.String(), secretToken) {
		t.Errorf("a token is in the log:\n%s", logged)
	}
	lines := strings.Split(strings.TrimSpace(logged.String()), "\n")
	for _, line := range lines {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("a line of the log is no JSON: %s", line)
		}
		if entry["request"] == "" {
			t.Errorf("a line of the log without its request: %s", line)
		}
	}
	for _, want := range []string{`"path":"/invitations/[redacted]/report"`, `"path":"/invitation/[redacted]"`, `"route":"/reset/:token"`} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	if n := strings.Count(logged.String(), "out of luck"); n != 1 {
		t.Errorf("the failure is logged %d times, want once", n)
	}
}

// I98
func TestPieceOrPage(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	s.get("/test/list", s.public(func(c echo.Context) error {
		return s.page(c, Page{Document: text("document"), Piece: text("piece"), PushURL: "/test/list?q=a"})
	}))
	s.get("/test/dialog", s.public(func(c echo.Context) error {
		return s.page(c, Page{Document: text("document"), Piece: text("piece"), Target: "#dialog"})
	}))
	s.post("/test/form", s.public(func(c echo.Context) error {
		return s.page(c, Page{Status: 422, Document: text("document"), Piece: text("piece"), PushURL: "/elsewhere"})
	}))
	s.get("/test/whole", s.public(func(c echo.Context) error { return s.page(c, Page{Document: text("document")}) }))
	piece := []string{"HX-Request", "true", "HX-Request-Type", "partial"}
	full := []string{"HX-Request", "true", "HX-Request-Type", "full"}
	for _, c := range []struct {
		method, target string
		headers        []string
		status         int
		body           string
		answer         map[string]string
	}{
		{"GET", "/test/list", nil, 200, "document", map[string]string{"HX-Push-Url": ""}},
		{"GET", "/test/list", piece, 200, "piece", map[string]string{"HX-Push-Url": "/test/list?q=a", "HX-Retarget": ""}},
		{"GET", "/test/list", full, 200, "document", map[string]string{"HX-Push-Url": ""}},
		{"GET", "/test/list", []string{"HX-History-Restore-Request", "true", "HX-Request-Type", "full"}, 200, "document", nil},
		{"GET", "/test/list", []string{"HX-Request", "true"}, 200, "document", nil},
		{"GET", "/test/dialog", piece, 200, "piece", map[string]string{"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"}},
		{"GET", "/test/dialog", nil, 200, "document", map[string]string{"HX-Retarget": ""}},
		{"POST", "/test/form", piece, 422, "piece", map[string]string{"HX-Push-Url": ""}},
		{"POST", "/test/form", nil, 422, "document", nil},
		{"GET", "/test/whole", piece, 200, "document", map[string]string{"HX-Retarget": "body"}},
		{"HEAD", "/test/list", nil, 200, "", map[string]string{"Content-Length": "8"}},
	} {
		form := ""
		if c.method == "POST" {
			form = "a=b"
		}
		w := ask(s, c.method, c.target, form, c.headers...)
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%s %s %v: %d %q, want %d %q", c.method, c.target, c.headers, w.Code, w.Body, c.status, c.body)
		}
		for name, want := range c.answer {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s %s %v: %s is %q, want %q", c.method, c.target, c.headers, name, got, want)
			}
		}
	}
}

func TestDoneIsAPieceOrAnotherPage(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	s.post("/test/pieces", s.public(func(c echo.Context) error {
		return s.done(c, Done{To: "/orgs", Pieces: text("row"), Notice: layout.Notice{Kind: "ok", Text: "Done."}})
	}))
	s.post("/test/page", s.public(func(c echo.Context) error { return s.done(c, Done{To: "/orgs"}) }))
	if w := ask(s, "POST", "/test/pieces", "a=b"); w.Code != 303 || w.Header().Get("Location") != "/orgs" {
		t.Errorf("plain form: %d %q", w.Code, w.Header().Get("Location"))
	}
	if w := ask(s, "POST", "/test/pieces", "a=b", "HX-Request", "true", "HX-Request-Type", "partial"); w.Code != 200 || w.Body.String() != "row" {
		t.Errorf("htmx: %d %q", w.Code, w.Body)
	}
	if w := ask(s, "POST", "/test/page", "a=b", "HX-Request", "true", "HX-Request-Type", "partial"); w.Code != 204 || w.Header().Get("HX-Redirect") != "/orgs" {
		t.Errorf("htmx without pieces: %d %q", w.Code, w.Header().Get("HX-Redirect"))
	}
}

// I98
func TestLoggedOut(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	w := ask(s, "GET", "/orgs/acme/members?q=ab&role=admin", "")
	if want := "/login?next=%2Forgs%2Facme%2Fmembers%3Fq%3Dab%26role%3Dadmin"; w.Code != 303 || w.Header().Get("Location") != want {
		t.Errorf("a page: %d %q, want %q", w.Code, w.Header().Get("Location"), want)
	}

	w = ask(s, "GET", "/orgs/acme/members", "", "HX-Request", "true", "HX-Request-Type", "partial")
	if w.Code != 401 || strings.Contains(w.Body.String(), "<html") || strings.Contains(w.Body.String(), "password") || !strings.Contains(w.Body.String(), "You are logged out") {
		t.Errorf("a piece: %d %s", w.Code, w.Body)
	}
	if w.Header().Get("HX-Retarget") != "" {
		t.Error("401 is aimed by the page itself")
	}

	w = ask(s, "POST", "/orgs/acme/invitations", url.Values{"emails": {"a@b.example, \"c\" <d@e.example>"}, "message": {"Hello\nyou"}, "password": {"hunter2-hunter2"},
		"new_password": {"hunter2-hunter2"}, "current_password": {"hunter2-hunter2"}, "code": {"hunter2-hunter2"}, "_org": {"org_1"}, "_person": {"mark"}}.Encode())
	body := w.Body.String()
	if w.Code != 401 || !strings.Contains(body, "Send again") || !strings.Contains(body, `action="/orgs/acme/invitations"`) {
		t.Errorf("a form: %d %s", w.Code, body)
	}
	for _, want := range []string{`name="emails" value="a@b.example, &#34;c&#34; &lt;d@e.example&gt;"`, "value=\"Hello\nyou\"", `value="org_1"`, `value="mark"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the posted fields do not come back: %s is missing in\n%s", want, body)
		}
	}
	if strings.Contains(body, "hunter2") {
		t.Error("a password comes back in the answer")
	}
	if strings.Count(body, `name="_org"`) != 1 || strings.Count(body, `name="_person"`) != 1 {
		t.Error("the marks come back twice: the answer would be refused as having two values")
	}
}

// I103
func TestErrorsBecomeAnswers(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	var fails error
	fail := s.public(func(echo.Context) error { return fails })
	s.get("/test/fail", fail)
	s.post("/test/fail", fail)
	for _, c := range []struct {
		err          error
		status       int
		words, retry string
	}{
		{&fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: "role", Message: "Choose a role."}}}, 422, "Choose a role.", ""},
		{fault.New(fault.Malformed, "This cursor is damaged."), 400, "This cursor is damaged.", ""},
		{fault.New(fault.Forbidden, "Your role does not allow that change."), 403, "Your role does not allow that change.", ""},
		{fault.Missing(), 404, "We cannot find that page", ""},
		{&fault.Fault{Kind: fault.LostAccess, Message: "You no longer have access to Acme Robotics.", Subject: "Acme Robotics"}, 404, "You no longer have access to Acme Robotics<", ""},
		{fault.New(fault.Conflict, "Somebody was faster."), 409, "Somebody was faster.", ""},
		{fault.New(fault.Gone, "It was erased."), 410, "It was erased.", ""},
		{fault.Wait("Too many tries.", 40*time.Second), 429, "40 seconds", "40"},
		{fmt.Errorf("read: %w", fault.New(fault.Unavailable, "x")), 503, "Roster is not available", "5"},
		{fmt.Errorf("read: %w", fault.Busy("Many people are here.")), 503, "Many people are here.", "5"},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), 503, "Roster is not available", "5"},
		{fault.New(fault.ReadOnly, "Nothing can be changed at the moment."), 503, "Pages can still be looked at", "5"},
		{account.ErrEnded, 409, "Your password was changed", ""},
		{errors.New("pq: secret detail"), 500, "Something went wrong on our side", ""},
		{echo.ErrNotFound, 404, "We cannot find that page", ""},
	} {
		fails = c.err
		for _, headers := range [][]string{nil, {"HX-Request", "true", "HX-Request-Type", "partial"}} {
			w := ask(s, "GET", "/test/fail", "", headers...)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.words) {
				t.Errorf("%v, htmx %v: %d, want %d with %q in\n%s", c.err, headers != nil, w.Code, c.status, c.words, w.Body)
			}
			if got := w.Header().Get("Retry-After"); got != c.retry {
				t.Errorf("%v: Retry-After %q, want %q", c.err, got, c.retry)
			}
			if strings.Contains(w.Body.String(), "secret detail") {
				t.Errorf("%v: an error for operators is shown", c.err)
			}
			if piece := !strings.Contains(w.Body.String(), "<html"); piece != (headers != nil) {
				t.Errorf("%v: piece %v, htmx %v", c.err, piece, headers != nil)
			}
			if w.Code >= 500 && headers != nil && !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
				t.Errorf("%v: the answer does not name the request", c.err)
			}
		}
	}

	fails = errors.New("out of luck")
	if body := ask(s, "GET", "/test/fail", "").Body.String(); !strings.Contains(body, "Nothing was changed") {
		t.Error("reading changes nothing, and the page does not say so")
	}
	if body := ask(s, "POST", "/test/fail", "a=b").Body.String(); strings.Contains(body, "Nothing was changed") || !strings.Contains(body, "We do not know if it was saved") {
		t.Error("the page knows more than we do")
	}
	fails = fault.New(fault.Conflict, "Somebody was faster.")
	if w := ask(s, "POST", "/test/fail", "a=b", "HX-Request", "true", "HX-Request-Type", "partial", "HX-Target", "tr#mem_1"); w.Header().Get("HX-Retarget") != "#problem" {
		t.Error("a refusal takes the place of the row")
	}
	if w := ask(s, "POST", "/test/fail", "a=b", "HX-Request", "true", "HX-Request-Type", "partial", "HX-Target", "div#dialog"); w.Header().Get("HX-Retarget") != "#dialog-problem" {
		t.Error("a refusal takes the place of the dialog")
	}
}

func TestPanicIsAnError(t *testing.T) {
	t.Parallel()
	s, logged := newTestServer(t, nil)
	s.get("/test/boom", s.public(func(echo.Context) error { panic("boom " + secretToken[:3]) }))
	s.get("/test/half", s.public(func(c echo.Context) error {
		return s.page(c, Page{Document: templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, "half a page")
			return errors.New("the view is broken")
		})})
	}))
	if w := ask(s, "GET", "/test/boom", ""); w.Code != 500 || !strings.Contains(w.Body.String(), "Something went wrong on our side") || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("panic: %d %s", w.Code, w.Body)
	}
	if !strings.Contains(logged.String(), "core_test.go") {
		t.Error("the log does not say where the panic was")
	}
	if w := ask(s, "GET", "/test/half", ""); w.Code != 500 || strings.Contains(w.Body.String(), "half a page") {
		t.Errorf("broken view: %d %s", w.Code, w.Body)
	}

	outside := s.watch(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("outside") }))
	w := httptest.NewRecorder()
	outside.ServeHTTP(w, request("GET", "/", ""))
	if w.Code != 500 || !bytes.Equal(w.Body.Bytes(), static.Problem500) {
		t.Errorf("panic outside the router: %d %s", w.Code, w.Body)
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	long := strings.Repeat("All work and no play makes a long page. ", 100)
	s.get("/test/long", s.public(func(c echo.Context) error { return s.page(c, Page{Document: text(long)}) }))
	s.get("/test/short", s.public(func(c echo.Context) error { return s.page(c, Page{Document: text("short")}) }))
	s.get("/test/secret", s.public(func(c echo.Context) error { return s.page(c, Page{Document: text(long), Secret: true}) }))
	s.get("/invitations/:token/test", s.public(func(c echo.Context) error { return s.page(c, Page{Document: text(long)}) }))
	for _, c := range []struct {
		target, accept string
		zipped         bool
	}{
		{"/test/long", "gzip, deflate, br", true}, {"/test/long", "br;q=1, GZIP;q=0.5", true}, {"/test/long", "", false}, {"/test/long", "gzip;q=0", false},
		{"/test/long", "br", false}, {"/test/short", "gzip", false}, {"/test/secret", "gzip", false}, {"/invitations/" + secretToken + "/test", "gzip", false},
	} {
		w := ask(s, "GET", c.target, "", "Accept-Encoding", c.accept)
		if zipped := w.Header().Get("Content-Encoding") == "gzip"; zipped != c.zipped {
			t.Errorf("%s with %q: zipped %v, want %v", c.target, c.accept, zipped, c.zipped)
			continue
		}
		if w.Header().Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
			t.Errorf("%s: Content-Length %s of %d", c.target, w.Header().Get("Content-Length"), w.Body.Len())
		}
		if c.zipped {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := io.ReadAll(z); err != nil || string(plain) != long {
				t.Errorf("%s: unzips to something else (%v)", c.target, err)
			}
		}
	}
}

// D4: the mark of a page says nothing, is always the same, and cannot be made up.
func TestMarkOfAPerson(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	other, _ := newTestServer(t, func(c *Config) { c.Key = bytes.Repeat([]byte{8}, 32) })
	mara := account.Person{ID: uuid.Must(uuid.NewV7()), Name: "Mara Lindqvist", Email: "mara@acme.example"}
	mark := s.mark(mara)
	if id, name := s.readMark(mark); id != mara.ID || name != mara.Name {
		t.Errorf("read as %s %q", id, name)
	}
	if s.mark(mara) != mark {
		t.Error("two pages of one person have different marks")
	}
	long := account.Person{ID: mara.ID, Name: strings.Repeat("å", 60)}
	if id, name := s.readMark(s.mark(long)); id != mara.ID || !strings.HasPrefix(long.Name, name) || name == "" {
		t.Errorf("a long name: %s %q", id, name)
	}
	broken := []byte(mark)
	broken[10] ^= 1
	for _, bad := range []string{"", "x", string(broken), mark + "AAAA", mark[:20], other.mark(mara), strings.Repeat("A", 5000)} {
		if id, _ := s.readMark(bad); id != uuid.Nil {
			t.Errorf("%q is read as a mark", bad)
		}
	}
	if strings.Contains(mark, "Mara") || len(mark) > 100 {
		t.Errorf("the mark is %q", mark)
	}
}

// asPerson is a request as the session layer leaves it for somebody logged in.
func asPerson(s *Server, p account.Person, method, target, form string, headers ...string) (echo.Context, *httptest.ResponseRecorder) {
	r := request(method, target, form, headers...)
	w := httptest.NewRecorder()
	r = r.WithContext(context.WithValue(r.Context(), visitKey{}, &visit{id: "test", began: time.Now(), person: &p}))
	s.measure(w, r)
	return s.echo.NewContext(r, w), w
}

// I14, as far as the person goes.
func TestAnotherPersonsPageChangesNothing(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	mara := account.Person{ID: uuid.Must(uuid.NewV7()), Name: "Mara Lindqvist"}
	jonas := account.Person{ID: uuid.Must(uuid.NewV7()), Name: "Jonas Weber"}
	reached := false
	g := s.loggedIn(func(echo.Context, Visitor) error { reached = true; return nil })
	for _, c := range []struct {
		name, form string
		headers    []string
		through    bool
	}{
		{"own form", "_person=" + s.mark(jonas), nil, true},
		{"own htmx", "", []string{"Roster-User", s.mark(jonas)}, true},
		{"no mark", "a=b", nil, true},
		{"form of another", "_person=" + s.mark(mara), nil, false},
		{"htmx of another", "", []string{"Roster-User", s.mark(mara)}, false},
		{"form of another under own htmx", "_person=" + s.mark(mara), []string{"Roster-User", s.mark(jonas)}, false},
		{"made up", "_person=nobody", nil, false},
	} {
		reached = false
		ctx, _ := asPerson(s, jonas, "POST", "/orgs", c.form, c.headers...)
		err := g.serve(ctx, g.needs)
		if reached != c.through {
			t.Errorf("%s: reached %v, want %v", c.name, reached, c.through)
		}
		if c.through {
			continue
		}
		var p *problem
		if !errors.As(err, &p) || p.spec.Status != http.StatusConflict || !strings.HasPrefix(p.spec.Text, "You are now logged in as Jonas Weber. This page was opened by ") ||
			!strings.HasSuffix(p.spec.Text, " Nothing was changed.") || p.spec.Reload == "" {
			t.Errorf("%s: %v", c.name, err)
		}
		if strings.Contains(c.name, "another") && !strings.Contains(p.spec.Text, "opened by Mara Lindqvist.") {
			t.Errorf("%s: %s", c.name, p.spec.Text)
		}
	}
}

func TestPageLoads(t *testing.T) {
	t.Parallel()
	browser := []string{"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "none"}
	with := func(more ...string) []string { return append(slices.Clone(browser), more...) }
	for _, c := range []struct {
		method        string
		headers       []string
		page, outside bool
	}{
		{"GET", browser, true, true},
		{"GET", with("Sec-Fetch-Site", "cross-site"), true, true},
		{"GET", with("Sec-Fetch-Site", "same-origin"), true, false},
		{"GET", with("Cache-Control", "max-age=0"), true, false}, // loaded again
		{"GET", nil, true, false},
		{"HEAD", browser, false, true},
		{"POST", browser, false, true},
		{"GET", with("Sec-Purpose", "prefetch"), false, true},
		{"GET", with("Purpose", "prefetch"), false, true},
		{"GET", with("HX-Request", "true"), false, true},
		{"GET", with("Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"), false, true},
		{"GET", with("Sec-Fetch-Dest", "iframe"), false, true},
	} {
		r := request(c.method, "/orgs/acme", "", c.headers...)
		if got := isPageLoad(r); got != c.page {
			t.Errorf("%s %v: page load %v, want %v", c.method, c.headers, got, c.page)
		}
		if got := isFromOutside(r); got != c.outside {
			t.Errorf("%s %v: from outside %v, want %v", c.method, c.headers, got, c.outside)
		}
	}
}

// Every route says what it needs, and what needs nothing stands on this short list.
func TestRoutesSayWhatTheyNeed(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	public := []string{"GET /", "GET /login", "POST /login", "POST /logout", "GET /signup", "POST /signup", "GET /forgot", "POST /forgot"}
	permissions := map[string]bool{}
	for _, p := range []role.Permission{role.OrganizationRead, role.MembersRead, role.MembersUpdateRole, role.MembersSuspend, role.MembersRemove, role.MembersExport,
		role.InvitationsRead, role.InvitationsCreate, role.InvitationsRevoke, role.RequestsDecide, role.AuditRead} {
		permissions[string(p)] = true
	}
	seen := map[string]bool{}
	for _, r := range s.Routes() {
		line := r.Method + " " + r.Path
		if seen[line] {
			t.Errorf("%s stands twice in the table", line)
		}
		seen[line] = true
		ofOrg := strings.HasPrefix(r.Path, "/orgs/:org")
		switch {
		case ofOrg != permissions[r.Needs]:
			t.Errorf("%s needs %q", line, r.Needs)
		case strings.Contains(r.Path, ":token") != (r.Needs == "token"):
			t.Errorf("%s needs %q", line, r.Needs)
		case r.Needs == "public" && !slices.Contains(public, line):
			t.Errorf("%s is open to everybody", line)
		case r.Method != http.MethodGet && r.Method != http.MethodPost:
			t.Errorf("%s: forms send GET and POST", line)
		}
	}
	for _, line := range public {
		if !seen[line] {
			t.Errorf("%s is on the list and not in the table", line)
		}
	}
	if n := len(s.echo.Routes()); n < len(s.Routes()) {
		t.Errorf("%d routes served, %d in the table", n, len(s.Routes()))
	}
	for _, r := range s.echo.Routes() {
		if r.Method != http.MethodHead && !seen[r.Method+" "+r.Path] {
			t.Errorf("%s %s is served and not in the table", r.Method, r.Path)
		}
	}
	dev, _ := newTestServer(t, func(c *Config) { c.Dev = true })
	if slices.ContainsFunc(s.Routes(), func(r Route) bool { return strings.HasPrefix(r.Path, "/dev/") }) {
		t.Error("development pages outside development mode")
	}
	if !slices.ContainsFunc(dev.Routes(), func(r Route) bool { return r.Path == "/dev/mail" }) {
		t.Error("no mailbox in development mode")
	}
}

// I73: a route that does not say what it needs, or says what nobody can check, stops the start.
func TestAnUndeclaredRouteStopsTheStart(t *testing.T) {
	t.Parallel()
	h := func(echo.Context) error { return nil }
	for name, add := range map[string]func(*Server){
		"past the table": func(s *Server) { s.echo.GET("/test/open", h) },
		"without a need": func(s *Server) {
			s.get("/test/open", gate{serve: func(c echo.Context, _ string) error { return h(c) }})
		},
		"a need that is none": func(s *Server) {
			s.post("/test/open", s.member("members.raed", func(echo.Context, roster.Actor) error { return nil }))
		},
		"another method": func(s *Server) { s.echo.DELETE("/orgs/:org", h) },
	} {
		s, _ := newTestServer(t, nil)
		if err := s.declared(); err != nil {
			t.Fatal(err)
		}
		if add(s); s.declared() == nil {
			t.Errorf("a route %s is served", name)
		}
	}
}

// Addresses that pages are built with are those that are served.
func TestPathsAreRoutes(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, func(c *Config) { c.Dev = true })
	for _, c := range []struct{ method, built, route string }{
		{"GET", paths.Home, "/"}, {"GET", paths.LogIn, "/login"}, {"GET", paths.LogInByLink("t"), "/login/link/:token"}, {"POST", paths.LogOut, "/logout"},
		{"GET", paths.SignUp, "/signup"}, {"GET", paths.ConfirmSignUp("t"), "/signup/confirm/:token"}, {"GET", paths.Forgot, "/forgot"}, {"GET", paths.Reset("t"), "/reset/:token"},
		{"GET", paths.Offer("t"), "/invitations/:token"}, {"POST", paths.Accept("t"), "/invitations/:token/accept"}, {"POST", paths.Decline("t"), "/invitations/:token/decline"},
		{"POST", paths.Renew("t"), "/invitations/:token/renew"}, {"GET", paths.Report("t"), "/invitations/:token/report"}, {"POST", paths.Report("t"), "/invitations/:token/report"},
		{"GET", paths.Welcome, "/welcome"}, {"GET", paths.Orgs, "/orgs"}, {"POST", paths.Orgs, "/orgs"}, {"GET", paths.NewOrg, "/orgs/new"}, {"GET", paths.CheckSlug, "/orgs/new/slug"},
		{"GET", paths.Appearance, "/account/appearance"}, {"POST", paths.Appearance, "/account/appearance"},
		{"GET", paths.Org("acme"), "/orgs/:org"}, {"GET", paths.OrgWelcome("acme"), "/orgs/:org/welcome"}, {"POST", paths.Switch("acme"), "/orgs/:org/switch"},
		{"GET", paths.Leave("acme"), "/orgs/:org/leave"}, {"POST", paths.Leave("acme"), "/orgs/:org/leave"}, {"POST", paths.Undo("acme", "evt_1"), "/orgs/:org/undo/:evt"},
		{"GET", paths.Members("acme"), "/orgs/:org/members"}, {"GET", paths.Member("acme", "mem_1"), "/orgs/:org/members/:mem"},
		{"POST", paths.ChangeRole("acme", "mem_1"), "/orgs/:org/members/:mem/role"}, {"POST", paths.Suspend("acme", "mem_1"), "/orgs/:org/members/:mem/suspend"},
		{"POST", paths.Reactivate("acme", "mem_1"), "/orgs/:org/members/:mem/reactivate"}, {"POST", paths.Remove("acme", "mem_1"), "/orgs/:org/members/:mem/remove"},
		{"GET", paths.Invitations("acme"), "/orgs/:org/invitations"}, {"GET", paths.Invitation("acme", "inv_1"), "/orgs/:org/invitations/:inv"},
		{"POST", paths.SendAgain("acme", "inv_1"), "/orgs/:org/invitations/:inv/send"}, {"POST", paths.MakeLink("acme", "inv_1"), "/orgs/:org/invitations/:inv/link"},
		{"POST", paths.InvitationRole("acme", "inv_1"), "/orgs/:org/invitations/:inv/role"}, {"POST", paths.Revoke("acme", "inv_1"), "/orgs/:org/invitations/:inv/revoke"},
		{"GET", paths.Join("t"), "/join/:token"}, {"POST", paths.Join("t"), "/join/:token"}, {"POST", paths.WithdrawJoin("t"), "/join/:token/withdraw"},
		{"GET", paths.JoinLinks("acme"), "/orgs/:org/invitations/links"}, {"POST", paths.JoinLinks("acme"), "/orgs/:org/invitations/links"}, {"GET", paths.JoinLink("acme", "lnk_1"), "/orgs/:org/invitations/links/:lnk"},
		{"POST", paths.ResetJoinLink("acme", "lnk_1"), "/orgs/:org/invitations/links/:lnk/reset"}, {"POST", paths.WithdrawJoinLink("acme", "lnk_1"), "/orgs/:org/invitations/links/:lnk/withdraw"},
		{"GET", paths.Requests("acme"), "/orgs/:org/requests"}, {"POST", paths.Requests("acme"), "/orgs/:org/requests"}, {"GET", paths.AskToInvite("acme"), "/orgs/:org/requests/new"},
		{"GET", paths.Request("acme", "req_1"), "/orgs/:org/requests/:req"}, {"POST", paths.AcceptRequest("acme", "req_1"), "/orgs/:org/requests/:req/accept"},
		{"POST", paths.DeclineRequest("acme", "req_1"), "/orgs/:org/requests/:req/decline"}, {"POST", paths.WithdrawAsk("acme", "req_1"), "/orgs/:org/requests/:req/withdraw"},
		{"GET", paths.DevMail, "/dev/mail"}, {"GET", paths.Letter("1"), "/dev/mail/:id"}, {"GET", paths.LetterHTML("1"), "/dev/mail/:id/html"}, {"GET", paths.Gallery, "/dev/gallery"},
	} {
		ctx := s.echo.NewContext(request(c.method, c.built, ""), httptest.NewRecorder())
		s.echo.Router().Find(c.method, c.built, ctx)
		if ctx.Path() != c.route {
			t.Errorf("%s %s leads to %q, want %q", c.method, c.built, ctx.Path(), c.route)
		}
	}
	if got, want := paths.With("/orgs", "q", "a&b", "none", "", "next", "/x?y"), "/orgs?q=a%26b&next=%2Fx%3Fy"; got != want {
		t.Errorf("With: %s, want %s", got, want)
	}
}

func TestInOrg(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/orgs/old": "/orgs/new", "/orgs/old/members": "/orgs/new/members", "/orgs/old/members/mem_1/role": "/orgs/new/members/mem_1/role"} {
		if got := inOrg(path, "new"); got != want {
			t.Errorf("inOrg(%s) = %s, want %s", path, got, want)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	if w := ask(s, "GET", "/no/such/page", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "We cannot find that page") {
		t.Errorf("unknown path: %d", w.Code)
	}
	w := ask(s, "POST", "/orgs/acme/members", "a=b")
	if w.Code != 405 || !strings.Contains(w.Header().Get("Allow"), "GET") {
		t.Errorf("unknown method: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w := ask(s, "GET", "/logout", ""); w.Code != 405 {
		t.Errorf("GET /logout: %d", w.Code)
	}
}

// X64
func TestHealth(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	now := Health{Database: Check{OK: true}, Migrations: Check{OK: true}, Keys: Check{OK: true}, Mail: Check{Detail: "3 letters wait"}}
	s.health = func(context.Context) Health { return now }
	status := func(path string) int {
		w := ask(s, "GET", path, "", "Host", "10.0.0.9")
		if w.Code == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s does not say when to come back", path)
		}
		if closes := w.Header().Get("Connection") == "close"; closes != s.stopping.Load() {
			t.Errorf("%s: the connection is closed: %t", path, closes)
		}
		return w.Code
	}
	if status("/livez") != 200 || status("/readyz") != 200 || status("/api/v1/health") != 200 {
		t.Error("mail that waits keeps people away")
	}
	var told map[string]any
	if err := json.Unmarshal(ask(s, "GET", "/api/v1/health", "").Body.Bytes(), &told); err != nil || told["status"] != "ready" || told["version"] != "v0.0.0-test" {
		t.Errorf("health: %v %v", told, err)
	}
	now.Database.OK = false
	if status("/livez") != 200 || status("/readyz") != 503 || status("/api/v1/health") != 503 {
		t.Error("ready without a database")
	}
	now.Database.OK = true
	s.Stop()
	if status("/livez") != 200 || status("/readyz") != 503 {
		t.Error("ready while stopping")
	}
}

// I47
func TestCookies(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	w := httptest.NewRecorder()
	s.giveCookie(w, s.sessions.cookie, "value", 0)
	if got, want := w.Header().Get("Set-Cookie"), "__Host-roster_session=value; Path=/; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("cookie %q, want %q", got, want)
	}
	dev, _ := newTestServer(t, func(c *Config) { c.URL, c.Dev = mustParse(t, "http://localhost:8080"), true })
	w = httptest.NewRecorder()
	dev.giveCookie(w, dev.sessions.cookie, "", 0)
	if got, want := w.Header().Get("Set-Cookie"), "roster_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"; got != want {
		t.Errorf("cookie %q, want %q", got, want)
	}
}
