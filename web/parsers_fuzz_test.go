package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/views/layout"
	"roster/views/paths"
)

// fuzzServer is a site without a database, for all inputs of a target.
func fuzzServer(f *testing.F, change func(*Config)) *Server {
	f.Helper()
	at, err := url.Parse("https://roster.example")
	if err != nil {
		f.Fatal(err)
	}
	c := Config{URL: at, Key: bytes.Repeat([]byte{7}, 32)}
	if change != nil {
		change(&c)
	}
	s, err := New(c, nil, nil, nil, nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	return s
}

// browsed is the host that a browser asks when a page of https://roster.example sends it to an address, after the URL
// standard (WHATWG): tabs and line ends do not count anywhere, spaces and controls not at the ends, and a backslash is a
// slash as far as the path goes. "?" is any other scheme.
func browsed(to string) string {
	to = strings.TrimFunc(to, func(c rune) bool { return c <= ' ' })
	to = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(to)
	if scheme := regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`).FindString(to); scheme != "" {
		if !strings.EqualFold(scheme, "https:") {
			return "?"
		}
		if to = to[len(scheme):]; !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, `\`) {
			return "roster.example" // https:x is relative to a page of the same scheme
		}
		to = "//" + strings.TrimLeft(to, `/\`) // and https:/x is not
	}
	path := to
	if i := strings.IndexAny(to, "?#"); i >= 0 {
		path = to[:i]
	}
	path = strings.ReplaceAll(path, `\`, "/")
	if !strings.HasPrefix(path, "//") {
		return "roster.example"
	}
	host, _, _ := strings.Cut(strings.TrimLeft(path, "/"), "/")
	return host[strings.LastIndexByte(host, '@')+1:]
}

// I102: an address that is taken for one of ours stays on this site however it is read: by Go, by a browser, written
// out once more, and decoded again by whatever stands between. It fits a header.
func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "/orgs/acme/members?q=ab&role=admin", "/orgs/acme#general", "//evil.example", `/\evil.example`, "/\t/evil.example", "/%2f/evil.example", "/%5cevil.example", "/%255cevil.example", "/.//evil.example",
		"/x/..//evil.example", "/%2e%2e//evil.example", "https://evil.example", "https:/evil.example", "javascript:alert(1)", "/@evil.example", "/;//evil.example", "/a?//evil.example", "/#//evil.example", "/\u2028/evil.example", "/\u0085",
		"/%25252f/evil.example", "/%25zz%252f%252fevil.example", "/a%0d%0ab", "/a?x=%0d%0aSet-Cookie:a=b", "/\xff", "/ /evil.example", "/\u00a0/evil", "/..", "/a/../../..", "/:80/", "/%E2%80%AE", "/?\\\\evil", "/[::1]", "/%"} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "https", Host: "roster.example", Path: "/login"}
	f.Fuzz(func(t *testing.T, to string) {
		if !localPath(to) {
			return
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatalf("%q is taken, and is no address: %v", to, err)
		}
		if at := base.ResolveReference(u); at.Host != base.Host || at.Scheme != base.Scheme || at.User != nil {
			t.Errorf("%q leads to %s", to, at)
		}
		seen := to
		for range 3 {
			for _, text := range []string{seen, strings.ToLower(seen), "https://roster.example" + seen} {
				if host := browsed(text); host != "roster.example" {
					t.Errorf("%q, read as %q, leads to %q", to, text, host)
				}
			}
			path, rest := seen, ""
			if i := strings.IndexAny(seen, "?#"); i >= 0 {
				path, rest = seen[:i], seen[i:]
			}
			once, err := url.PathUnescape(path)
			if err != nil || once == path {
				break
			}
			seen = once + rest
		}
		if host := browsed(u.EscapedPath()); host != "roster.example" || to[0] != '/' || !utf8.ValidString(to) || strings.ContainsFunc(to, unicode.IsControl) {
			t.Errorf("%q is taken", to)
		}
		// It comes back unchanged from a link to the log-in, and as the header of an answer.
		r := httptest.NewRequest("GET", "https://roster.example"+paths.LogInThen(to), nil)
		values, status := fields(r.URL.RawQuery)
		if status != 0 || values.Get("next") != to {
			t.Errorf("%q goes on to %q (status %d)", to, values.Get("next"), status)
		}
		w := httptest.NewRecorder()
		http.Redirect(w, r, to, http.StatusSeeOther)
		if got := browsed(w.Header().Get("Location")); got != "roster.example" {
			t.Errorf("%q is sent on to %q", to, w.Header().Get("Location"))
		}
	})
}

// I102: the page that a request says it came from is one of ours, or the start.
func FuzzCameFrom(f *testing.F) {
	for _, s := range []string{"https://roster.example/orgs/acme?q=a", "https://evil.example/orgs", "/orgs", "//evil.example/x", "http://roster.example/orgs", "https://roster.example:8443/orgs", "https://roster.example//evil.example", "https://roster.example@evil.example/", "mailto:x", "https://roster.example/%2f%2fevil.example",
		"HTTPS://ROSTER.EXAMPLE:443/x", "https:roster.example", "javascript:alert(1)", "https://roster.example/\\evil", "?x", ""} {
		f.Add(s, "/orgs/acme")
	}
	s := fuzzServer(f, nil)
	f.Fuzz(func(t *testing.T, at, old string) {
		r := httptest.NewRequest("POST", "/orgs/acme/undo/x", nil)
		r.Header.Set("HX-Request", "true")
		for _, header := range []string{"HX-Current-URL", "Referer"} {
			r.Header = http.Header{"Hx-Request": {"true"}, "Hx-Request-Type": {"partial"}}
			r.Header.Set(header, at)
			from := s.cameFrom(r)
			if !localPath(from) || browsed(from) != "roster.example" || strings.HasPrefix(at, "http://roster.example/") && from != paths.Home {
				t.Errorf("%s: %q is taken as %q", header, at, from)
			}
		}
	})
}

// I99 B210: a client's address is one, or nothing; and it is the last hop that somebody told us whom we trust: whatever
// stands left of one whom we do not trust changes nothing, in whichever header.
func FuzzClientAddress(f *testing.F) {
	for _, s := range []string{"203.0.113.7:1234", "10.0.0.1:1", "[fd00::1]:1", "[::ffff:10.0.0.1]:1", "@", "", "10.0.0.1", "[fe80::1%eth0]:1", "10.0.0.1:1:2"} {
		for _, hops := range []string{"", "1.2.3.4, 198.51.100.1", "1.2.3.4, 198.51.100.1, 10.9.9.9", "nonsense, 10.2.2.2", "10.1.1.1,10.2.2.2", "::1%\r\n, 10.2.2.2", "1.2.3.4:80", "\"[2001:db8::1]:80\"", "unknown", ",,", "010.0.0.1", "1.2.3.4\x00",
			`for=1.2.3.4, for="[2001:db8::1]:4711";proto=https`, `for=1.2.3.4;x=", for=10.2.2.2`, "for=_hidden", "[::1]:_x", "for=", `for="\`} {
			f.Add(s, hops, "6.6.6.6")
		}
	}
	networks := []string{"10.0.0.0/8", "fd00::/8"}
	at := func(s string) (netip.Addr, bool) {
		addr, err := netip.ParseAddr(s)
		return addr, err == nil
	}
	f.Fuzz(func(t *testing.T, remote, hops, forged string) {
		for _, header := range forwardingHeaders {
			ask := func(lines ...string) string {
				f, _ := forwardings(networks...)
				return f.client(&http.Request{RemoteAddr: remote, Header: http.Header{header: lines}})
			}
			got := ask(hops)
			if got == "" {
				continue
			}
			client, ok := at(got)
			if !ok || client.Zone() != "" || client.Is4In6() || client.String() != got {
				t.Fatalf("from %q with %s %q: %q is no address", remote, header, hops, got)
			}
			from, _ := forwardings(networks...)
			peer := peer(&http.Request{RemoteAddr: remote})
			if !from.trusts(peer) && client != peer {
				t.Errorf("from %q, which is no proxy: %q", remote, got)
			}
			if from.trusts(client) || client == peer {
				continue
			}
			// Nobody of ours has told what stands left of it.
			if again := ask(forged, hops); again != got {
				t.Errorf("from %q with %s %q: %q, and %q once a line %q stands before", remote, header, hops, got, again, forged)
			}
			if again := ask(forged + "," + hops); header != "Forwarded" && again != got || !slices.Contains([]string{got, peer.String()}, again) && from.trusts(peer) && !from.trusts(netip.MustParseAddr(again)) {
				t.Errorf("from %q with %s %q: %q, and %q once %q stands in front", remote, header, hops, got, again, forged)
			}
			// Beside the header of the proxy, what a client writes into another is nothing.
			proxy, _ := forwardings(networks...)
			for _, other := range forwardingHeaders {
				if other == header {
					continue
				}
				_ = proxy.client(&http.Request{RemoteAddr: remote, Header: http.Header{header: {hops}}})
				if again := proxy.client(&http.Request{RemoteAddr: remote, Header: http.Header{header: {hops}, other: {forged}}}); again != got {
					t.Errorf("from %q with %s %q: %q, and %q with %s %q", remote, header, hops, got, again, other, forged)
				}
			}
		}
	})
}

// I100: a Host is ours if it is the configured name with its port, in capitals or not; in development mode a name of this
// machine too, and nothing that only looks like one.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"roster.example", "ROSTER.example:443", "roster.example:80", "roster.example.", "evil.example", "evilroster.example", "x.roster.example:443", "roster.example@evil.example", "roster.example:443:443", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "[::1%25lo]:1", "localhost.evil.example",
		"127.0.0.1.evil.example", "2130706433", "localhost:x", "localhost:99999", ":443", "", "roster.example:", "\u212aoster.example", "[::1].evil.example", "127.0.0.1:80@evil.example", "localhost/evil"} {
		f.Add(s)
	}
	far, near := fuzzServer(f, nil), fuzzServer(f, func(c *Config) {
		c.Dev, c.URL = true, &url.URL{Scheme: "http", Host: "localhost:8080"}
	})
	f.Fuzz(func(t *testing.T, host string) {
		ascii := strings.Map(func(c rune) rune {
			if 'A' <= c && c <= 'Z' {
				return c + 'a' - 'A'
			}
			return c
		}, host)
		if got, want := far.isOurs(host), ascii == "roster.example" || ascii == "roster.example:443"; got != want {
			t.Errorf("%q is ours: %v", host, got)
		}
		if !near.isOurs(host) {
			return
		}
		u, err := url.Parse("http://" + host + "/x")
		if err != nil || u.Path != "/x" || u.User != nil {
			t.Fatalf("%q is taken for a name of this machine: %v", host, err)
		}
		name, _, _ := strings.Cut(strings.ToLower(u.Hostname()), "%")
		if at, err := netip.ParseAddr(name); name != "localhost" && (err != nil || !at.IsLoopback()) {
			t.Errorf("%q is taken for a name of this machine", host)
		}
	})
}

// I97 I104: what a form or a query says is read once and within limits: every field has one value, all of it is text that
// the database takes, and it reads as the standard library reads it. What is refused gives nothing.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"a=b&c=d", "a=b&a=c", "member=1&member=2", "a=%00", "%ff=1", "a=%zz", "a=b;c=d", "a", "=b", "&&", "a=+b+", "_method=DELETE", strings.Repeat("a&", 1300), strings.Repeat("member=x&", 1001), "a=%ed%a0%80", "a=%c0%af", "A=1&a=2", "a=\x00", "a=1&%61=2"} {
		f.Add(s, s)
	}
	server := fuzzServer(f, nil)
	f.Fuzz(func(t *testing.T, query, form string) {
		values, status := fields(query)
		if status != 0 && values != nil {
			t.Errorf("%q is refused, and read as %v", query, values)
		}
		again, err := url.ParseQuery(query)
		if status == 0 && (err != nil || again.Encode() != values.Encode()) {
			t.Errorf("%q is read as %v, else as %v, %v", query, values, again, err)
		}
		single := 0
		for name, list := range values {
			if len(list) != 1 && (!slices.Contains(ticks, name) || len(list) > ticksMax) {
				t.Errorf("%q has %q %d times", query, name, len(list))
			}
			if !slices.Contains(ticks, name) {
				single++
			}
			for _, text := range append(list, name) {
				if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
					t.Errorf("%q has %q", query, text)
				}
			}
		}
		if single > fieldsMax {
			t.Errorf("%d fields are taken", single)
		}
		if strings.ContainsFunc(query, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' || c == utf8.RuneError }) {
			return
		}
		r := httptest.NewRequest("POST", "https://roster.example/orgs?"+query, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if server.measure(httptest.NewRecorder(), r) != 0 {
			return
		}
		inForm, _ := fields(form)
		if r.PostForm.Encode() != inForm.Encode() || r.Form.Has("_method") {
			t.Errorf("the form %q with the query %q is read as %v", form, query, r.PostForm)
		}
		for name := range r.Form {
			if r.PostForm.Has(name) == values.Has(name) {
				t.Errorf("%q comes from the form %v, from the query %v", name, r.PostForm.Has(name), values.Has(name))
			}
		}
	})
}

// I64 I106: wherever a token stands in an address, it is not in the log: not the whole of it, nor of its damaged forms
// what would be worth trying. What is logged is one line of text.
func FuzzRedacted(f *testing.F) {
	for _, p := range append(slices.Clone(tokenPaths), "/", "/orgs/", "/orgs/acme/members/", "//", "/Invitations/", "/invitations//", "/x\n", "/reset/x/", "/é") {
		f.Add(p, "", "")
		f.Add(p, "/report", "x")
		f.Add(p, "?a=b", "\xff")
		f.Add(p, "\u2028"+strings.Repeat("y", 400), strings.Repeat("x/", 200))
	}
	f.Fuzz(func(t *testing.T, before, after, inside string) {
		for _, token := range []string{secretToken, secretToken + secretToken[:21]} {
			path := before + inside + token + after
			logged := redacted(path)
			if strings.Contains(logged, token) || strings.Contains(logged, secretToken[:40]) {
				t.Errorf("%q is logged as %q", path, logged)
			}
			if !utf8.ValidString(logged) || len(logged) > 400 {
				t.Errorf("%q is logged as %q", path, logged)
			}
			if u := (&url.URL{Path: before + token}); slices.Contains(tokenPaths, before) && (!carriesToken(u) || strings.Contains(redacted(before+token[:20]+"/x"), token[:10])) {
				t.Errorf("%q is passed on, or half of it logged: %q", u, redacted(before+token[:20]+"/x"))
			}
			if slices.Contains(tokenPaths, before) && !carriesToken(&url.URL{Path: paths.LogIn, RawQuery: url.Values{"next": {before + token}}.Encode()}) {
				t.Errorf("%q behind the log-in is passed on", before)
			}
		}
		if again := redacted(redacted(before)); again != redacted(before) && len(before) < 200 {
			t.Errorf("%q is logged as %q, and that as %q", before, redacted(before), again)
		}
	})
}

// I47 I64: a mark and a carried notice are opened as they were sealed, for the person they were made for, and not once
// anything in them has changed: no bit, no character.
func FuzzSealedCookies(f *testing.F) {
	s := fuzzServer(f, nil)
	for _, name := range []string{"Ann", "", strings.Repeat("é", 50), strings.Repeat("x", 40), "a\xff", "\u202e"} {
		f.Add(name, []byte("0123456789abcdef"), uint(3), "said")
		f.Add(name, []byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), uint(999), "\xff")
	}
	f.Fuzz(func(t *testing.T, name string, raw []byte, bit uint, said string) {
		id := uuid.UUID(append(slices.Clone(raw), make([]byte, 16)...)[:16])
		if id == uuid.Nil {
			return
		}
		if !utf8.ValidString(name) || !utf8.ValidString(said) || said == "" || len(said) > 1000 {
			return
		}
		person := account.Person{ID: id, Name: name}
		mark := s.mark(person)
		if who, called := s.readMark(mark); who != id || !strings.HasPrefix(name, called) || len(called) > markName || !utf8.ValidString(called) {
			t.Errorf("the mark of %q is read as %s, %q", name, who, called)
		}
		if s.mark(person) != mark {
			t.Error("the mark of a person changes")
		}
		for _, other := range changes(mark, bit) {
			if who, called := s.readMark(other); who != uuid.Nil || called != "" {
				t.Errorf("%q is read as %s, %q; it was %q", other, who, called, mark)
			}
		}
		if who, called := s.readMark(said); who != uuid.Nil || called != "" {
			t.Errorf("%q is read as %s, %q", said, who, called)
		}

		carried := func(cookie string, as account.Person) *layout.Notice {
			r := httptest.NewRequest("GET", "/orgs", nil)
			r.Header.Set("Cookie", s.sessions.notice+"="+cookie)
			r = r.WithContext(context.WithValue(r.Context(), visitKey{}, &visit{person: &as}))
			return s.heard(s.echo.NewContext(r, httptest.NewRecorder()))
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/orgs", nil)
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, &visit{person: &person}))
		c := s.echo.NewContext(r, echo.NewResponse(w, s.echo))
		if err := s.say(c, layout.Notice{Kind: "ok", Text: said}); err != nil {
			t.Fatal(err)
		}
		cookie := w.Result().Cookies()[0].Value
		if len(cookie) > 4000 {
			t.Errorf("a cookie of %d bytes", len(cookie))
		}
		if heard := carried(cookie, person); heard == nil || heard.Text != said {
			t.Errorf("%q is heard as %+v", said, heard)
		}
		other := person
		other.ID[0] ^= 1
		if heard := carried(cookie, other); heard != nil {
			t.Errorf("somebody else hears %+v", heard)
		}
		for _, changed := range changes(cookie, bit) {
			if heard := carried(changed, person); heard != nil {
				t.Errorf("%q is heard as %+v", changed, heard)
			}
		}
	})
}

// changes are a sealed text with something in it that is different.
func changes(sealed string, bit uint) []string {
	flipped, last := []byte(sealed), []byte(sealed)
	flipped[bit/8%uint(len(flipped))] ^= 1 << (bit % 8)
	last[len(last)-1] ^= 1 << (bit % 8)
	return []string{string(flipped), string(last), sealed + "A", sealed[1:], sealed[:len(sealed)-1], sealed + sealed}
}

// I64 I104: whatever a browser calls itself, in the audit it is one line that the database takes. What it takes of
// encodings is only what it names.
func FuzzHeaders(f *testing.F) {
	for _, s := range []string{"Mozilla/5.0 Firefox/140.0", "a\x00b\r\nc\x1b[31m", "\xff\xfe", strings.Repeat("é", 300), strings.Repeat("\xff", 700), "gzip", "gzip;q=0", "gzip;q=0.000", "GZIP ; q=0.1", "x-gzip", "*", "br, gzip;q=", "identity;q=1, gzip;q=0.0"} {
		f.Add(s)
	}
	s := fuzzServer(f, nil)
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("User-Agent", text)
		r.Header.Set("Accept-Encoding", text)
		got := trace(s.echo.NewContext(r, httptest.NewRecorder())).UserAgent
		if !utf8.ValidString(got) || strings.ContainsFunc(got, isControl) || len(got) > 500 || len(got) == 0 && strings.Trim(text, "\x00") != "" {
			t.Errorf("%q is traced as %q", text, got)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Error(err)
		}
		if takesGzip(r) && !strings.Contains(strings.ToLower(text), "gzip") {
			t.Errorf("%q takes gzip", text)
		}
	})
}

// I91 I93 I100 I106: whatever stands in a request line and in headers, the answer carries the policy, leads nowhere else,
// has headers that are one line each, and is one line of the log without a token.
func FuzzAnswers(f *testing.F) {
	for _, line := range []string{"GET / HTTP/1.1", "GET //evil.example/ HTTP/1.1", "GET https://evil.example/ HTTP/1.1", "GET /orgs/acme%2fmembers HTTP/1.1", "GET /orgs//members HTTP/1.1", "GET /orgs/%5cevil.example HTTP/1.1", "POST /orgs?next=//evil.example HTTP/1.1",
		"GET /orgs/%2e%2e/%2e%2e HTTP/1.1", "OPTIONS * HTTP/1.1", "GET /invitations/" + secretToken + " HTTP/1.0", "GET /nothing/" + secretToken + "?a=" + secretToken + " HTTP/1.1", "HEAD /orgs/a%0d%0ab HTTP/1.1", "GET /orgs/acme?x=%00 HTTP/1.1", "get /ORGS HTTP/1.1",
		"GET /orgs/acme/members/x;y HTTP/1.1", "GET /static/../orgs HTTP/1.1", "GET /%F0%9F%98%80 HTTP/1.1", "GET /orgs/new/slug?name=%E2%80%AE HTTP/1.1"} {
		f.Add(line + "\r\nHost: roster.example\r\n\r\n")
		f.Add(line + "\r\nHost: roster.example\r\nHX-Request: true\r\nHX-Request-Type: partial\r\nHX-Current-URL: https://roster.example//evil.example\r\nHX-Target: x#dialog\r\nReferer: //evil.example\r\n\r\n")
		f.Add(line + "\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-For: 1.2.3.4\r\nCookie: a=" + secretToken + "\r\n\r\n")
		f.Add(line + "\r\nHost: roster.example\r\nOrigin: https://roster.example\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30\r\n\r\nnext=%2F%2Fevil.example&name=a")
	}
	var log bytes.Buffer
	s := fuzzServer(f, nil)
	s.log = slog.New(slog.NewTextHandler(&log, nil)) // as the program does
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil || r.Header.Get("Cookie") != "" && strings.Contains(r.Header.Get("Cookie"), s.sessions.cookie) {
			return
		}
		if len(r.URL.Path) > 0 && (r.URL.Path == paths.Ready || r.URL.Path == paths.Health) {
			return // asks the database
		}
		log.Reset()
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		for name, values := range w.Header() {
			for _, value := range values {
				if strings.ContainsAny(value, "\r\n\x00") || strings.ContainsAny(name, "\r\n: ") {
					t.Errorf("%q is answered with the header %q: %q", raw, name, value)
				}
			}
		}
		for _, name := range []string{"Location", "HX-Redirect", "HX-Push-Url", "HX-Replace-Url"} {
			if to := w.Header().Get(name); to != "" && !strings.HasPrefix(r.URL.Path, "/static/") && (!localPath(to) || browsed(to) != "roster.example") {
				t.Errorf("%q is answered with %s: %q", raw, name, to)
			}
		}
		if h := w.Header(); h.Get("Content-Security-Policy") != contentPolicy || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" {
			t.Errorf("%q is answered without the policy: %v", raw, h)
		}
		for line := range strings.Lines(log.String()) {
			if !strings.HasPrefix(line, "time=") || strings.Contains(line, secretToken) || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), unicode.IsControl) {
				t.Errorf("%q is logged as %q", raw, line)
			}
		}
		if n := strings.Count(log.String(), " msg=request "); n != 1 && !isBeside(r.URL.Path) {
			t.Errorf("%q is %d requests in the log: %s", raw, n, log.String())
		}
	})
}
