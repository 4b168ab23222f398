package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"roster/internal/role"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/static"
	"roster/views/paths"
)

// with is a browser that holds a token and nothing else.
func (l *law) with(token string) *browser {
	l.t.Helper()
	b := l.visitor()
	b.hold(token)
	return b
}

// knows tells whose session a token is, as a page says it, or nobody's.
func (l *law) knows(token string) string {
	l.t.Helper()
	p := l.with(token).get(paths.Appearance)
	if p.status != http.StatusOK {
		return "nobody"
	}
	return strings.TrimSpace(words(p.all("span", "class", "me__text")[0].FirstChild))
}

// is fails the test unless a token is somebody's.
func (l *law) is(token, who, when string) {
	l.t.Helper()
	if got := l.knows(token); !strings.HasPrefix(got, who) {
		l.t.Errorf("%s the token is %s's, want %s's", when, got, who)
	}
}

// session is the session cookie that an answer gives, and whether it gives one.
func (p *page) session() (string, bool) {
	for _, c := range (&http.Response{Header: p.header}).Cookies() {
		if strings.HasSuffix(c.Name, "roster_session") {
			return c.Value, true
		}
	}
	return "", false
}

// TestATokenIsNeverTheBrowsersChoice: whatever comes with a log-in, what is given is new, and what came opens nothing. I41
func TestATokenIsNeverTheBrowsersChoice(t *testing.T) {
	t.Parallel()
	l := obey(t)
	dead := l.as(l.Ben)
	before := dead.cookie()
	dead.post(paths.LogOut, nil)
	for _, chosen := range []string{strings.Repeat("A", 43), "x", strings.Repeat("z", 4000), base64.RawURLEncoding.EncodeToString(make([]byte, 32)), before, `"quoted"`} {
		b := l.visitor()
		p := b.post(paths.LogIn, url.Values{"email": {l.Ann.Email}, "password": {rostertest.Password}}, "Cookie", "roster_session="+chosen)
		given, ok := p.session()
		if p.status != http.StatusSeeOther || !ok || given == chosen || len(given) < 43 {
			t.Errorf("a log-in with %.20q: status %d, gives %q", chosen, p.status, given)
		}
		l.is(given, "Ann", "after a log-in")
		if p := l.visitor().get(paths.Orgs, "Cookie", "roster_session="+chosen); p.status != http.StatusSeeOther {
			t.Errorf("the chosen token %.20q opens a page: status %d", chosen, p.status)
		}
		if n := l.Count(t, "SELECT count(*) FROM auth.sessions WHERE token_digest = $1", digestOf(chosen)); n != 0 {
			t.Errorf("the chosen token %.20q is a session", chosen)
		}
	}
	// Other ways of handing one over are none.
	for _, path := range []string{"/orgs?roster_session=" + before, "/orgs;roster_session=" + before} {
		if p := l.visitor().get(path, "Authorization", "Bearer "+before, "X-Session", before); p.status == http.StatusOK {
			t.Errorf("%s opens a page", path)
		}
	}
}

func digestOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// TestTheTokenChangesWithWhatItIsWorth: a log-in and a switch give a new one. The one before is dead at once; only after a
// switch it is answered for ten seconds as its successor, and given the successor's cookie. A log-in that fails ends nothing.
// I41
func TestTheTokenChangesWithWhatItIsWorth(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Viewer)
	b := l.as(l.Ann)
	first := b.cookie()
	b.post(paths.LogIn, url.Values{"email": {l.Ben.Email}, "password": {"wrong"}}).says(422)
	l.is(first, "Ann", "after a log-in that failed")
	b.get(paths.Org(rostertest.Acme))
	b.get(paths.LogIn).leads("/")
	if b.cookie() != first {
		t.Error("a page load changes the token")
	}

	b.post(paths.Switch(rostertest.Other), nil).leads("/orgs/other")
	second := b.cookie()
	if second == first {
		t.Fatal("a switch keeps the token")
	}
	old := l.with(first)
	p := old.get(paths.Orgs).says(200, "Ann Owner")
	if given, ok := p.session(); !ok || given != second {
		t.Errorf("the token before the switch is given %q, want its successor", given)
	}
	if _, again := b.get(paths.Orgs).session(); again {
		t.Error("the new token is given a cookie once more")
	}
	l.SQL(t, "UPDATE auth.sessions SET switched_at = switched_at - interval '11 seconds'")
	l.is(first, "nobody", "eleven seconds after a switch")
	l.is(second, "Ann", "after a switch")

	b.logIn(l.Ben)
	third := b.cookie()
	l.is(second, "nobody", "after somebody else logged in")
	l.is(third, "Ben", "after the log-in")
	b.logIn(l.Ben)
	l.is(third, "nobody", "after another log-in")
	fourth := b.cookie()
	p = b.post(paths.LogOut, nil).leads("/")
	if given, ok := p.session(); !ok || given != "" {
		t.Errorf("logging out gives the cookie %q", given)
	}
	if got := p.header.Get("Clear-Site-Data"); !strings.Contains(got, `"cache"`) {
		t.Errorf("Clear-Site-Data is %q", got)
	}
	l.is(fourth, "nobody", "after logging out")
	if n := l.Count(t, "SELECT count(*) FROM auth.sessions"); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// holding holds a lock until it is released.
type holding struct {
	l       *law
	release func()
}

// hold locks a table against everybody.
func (l *law) hold(table string) holding {
	l.t.Helper()
	conn := l.Database.Superuser(l.t)
	tx, err := conn.Begin(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := tx.Exec(l.t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		l.t.Fatal(err)
	}
	return holding{l, func() {
		l.t.Helper()
		if err := errors.Join(tx.Rollback(l.t.Context()), conn.Close(l.t.Context())); err != nil {
			l.t.Fatal(err)
		}
	}}
}

// waits returns when so many requests wait for the lock.
func (h holding) waits(n int) {
	h.l.t.Helper()
	suite.Until(h.l.t, fmt.Sprintf("%d requests wait for the lock", n), func() bool {
		return h.l.Count(h.l.t, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") >= n
	})
}

// overtaken holds a request up at a table's lock until something else is done, and answers with its page. Where the request
// gave up and was sent again, because the machine was slow, nothing was overtaken: the round is to be done again.
func (l *law) overtaken(table string, ask func() *page, meanwhile func()) (late *page, was bool) {
	l.t.Helper()
	h := l.hold(table)
	answered := make(chan *page)
	go func() { answered <- ask() }()
	h.waits(1)
	meanwhile()
	h.release()
	late = <-answered
	if late.asked > 1 {
		l.missed++
	}
	if l.missed > 50 {
		l.t.Fatal("requests give up before anything overtakes them: what overtakes them waits for them")
	}
	return late, late.asked == 1
}

// TestAnEndedSessionStaysEnded holds requests up in the middle, ends their session in every way there is, lets them go on,
// and comes back with the token that they had: it opens nothing, and nothing has given it back. I42
func TestAnEndedSessionStaysEnded(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
	slow := map[string]func(b *browser) *page{
		"a page of another organization": func(b *browser) *page { return b.get(paths.Org(rostertest.Acme)) },
		"a switch":                       func(b *browser) *page { return b.post(paths.Switch(rostertest.Acme), nil) },
		"an invitation": func(b *browser) *page {
			return b.post(paths.Invitations(rostertest.Acme), url.Values{"emails": {"a@b.example"}, "role": {"member"}})
		},
	}
	for _, end := range []struct {
		name string
		do   func(b *browser)
	}{
		{"logging out", func(b *browser) { b.post(paths.LogOut, nil).leads("/") }},
		{"a log-in as somebody else", func(b *browser) {
			if p := b.post(paths.LogIn, url.Values{"email": {l.Ben.Email}, "password": {rostertest.Password}}); p.status != http.StatusSeeOther {
				t.Errorf("log in: status %d", p.status)
			}
		}},
		{"a new password", func(*browser) {
			link, err := l.Accounts.OperatorLink(t.Context(), l.Ann.Email, true)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Accounts.ChoosePassword(t.Context(), strings.TrimPrefix(link.Path, paths.ResetStart), rostertest.Password, rostertest.Trace()); err != nil {
				t.Error(err)
			}
		}},
	} {
		for name, ask := range slow {
			what := end.name + " during " + name
			var token string
			var p *page
			for was := false; !was; {
				b := l.as(l.Ann)
				b.get(paths.Org(rostertest.Other))
				token = b.cookie()
				p, was = l.overtaken("roster.memberships", func() *page { return ask(l.with(token)) }, func() { end.do(b) })
			}
			if given, ok := p.session(); ok && given != "" {
				if who := l.knows(given); who != "nobody" {
					t.Errorf("%s: the late answer gives a token of %s", what, who)
				}
			}
			if p.status >= 500 {
				t.Errorf("%s: the late answer has status %d\n%s", what, p.status, p.text())
			}
			l.is(token, "nobody", what+":")
			if n := l.Count(t, "SELECT count(*) FROM auth.sessions WHERE user_id = $1", l.Ann.ID); n != 0 {
				t.Errorf("%s: %d sessions are left", what, n)
			}
		}
	}
}

// TestALatePageDoesNotUndoASwitch: a page of one organization that was asked for before a switch to another, and comes after
// it, leaves the switch as it is; and so does a late form. I43
func TestALatePageDoesNotUndoASwitch(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
	l.Found(t, l.Ann, "Third", "third")
	for round := 0; round < 5; round++ {
		b := l.as(l.Ann)
		b.get(paths.Org("third"))
		token := b.cookie()
		h := l.hold("roster.memberships")
		late := make(chan *page)
		go func() { late <- l.with(token).get(paths.Org(rostertest.Acme)) }()
		h.waits(1)
		go func() { late <- b.post(paths.Switch(rostertest.Other), nil) }()
		h.waits(2)
		h.release()
		pages := []*page{<-late, <-late}
		if pages[0].asked+pages[1].asked > 2 { // one gave up, and did not come late
			round--
			continue
		}
		for _, p := range pages {
			if p.status != http.StatusOK && p.status != http.StatusSeeOther {
				t.Errorf("%s: status %d", p.path, p.status)
			}
		}
		b.get("/").leads("/orgs/other")
	}
}

// TestSessionsEndByTheClock: unused for half an hour, or twelve hours old, a session is over, and no switch prolongs it. I45
func TestSessionsEndByTheClock(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Viewer)
	ends := func() (at time.Time) {
		t.Helper()
		if err := l.look.QueryRow(t.Context(), "SELECT expires_at FROM auth.sessions").Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	b := l.as(l.Ann)
	end := ends()
	if left := time.Until(end); left < 11*time.Hour || left > 13*time.Hour {
		t.Errorf("a session lives for %v", left)
	}
	for i := range 6 {
		b.post(paths.Switch([]string{rostertest.Other, rostertest.Acme}[i%2]), nil)
		b.get("/orgs")
	}
	if got := ends(); !got.Equal(end) {
		t.Errorf("switching moves the end from %v to %v", end, got)
	}
	l.SQL(t, "UPDATE auth.sessions SET last_seen_at = now() - interval '29 minutes'")
	l.is(b.cookie(), "Ann", "after 29 minutes")
	l.SQL(t, "UPDATE auth.sessions SET last_seen_at = now() - interval '31 minutes'")
	l.is(b.cookie(), "nobody", "after 31 minutes")
	b.logIn(l.Ann)
	l.SQL(t, "UPDATE auth.sessions SET expires_at = now() + interval '1 minute'")
	l.is(b.cookie(), "Ann", "before the end")
	l.SQL(t, "UPDATE auth.sessions SET expires_at = now()")
	l.is(b.cookie(), "nobody", "at the end")
	b.logIn(l.Ann)
	l.SQL(t, "UPDATE roster.users SET status = 'disabled' WHERE id = $1", l.Ann.ID)
	l.is(b.cookie(), "nobody", "after the account was disabled")
}

// TestAStolenTableOpensNothing: what is stored of a token is its digest, and that is no token. I44
func TestAStolenTableOpensNothing(t *testing.T) {
	t.Parallel()
	l := obey(t)
	token := l.as(l.Ann).cookie()
	rows := l.everything()["auth.sessions"]
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"as it is": token, "in hexadecimal digits": fmt.Sprintf("%x", raw), "in base 64": base64.StdEncoding.EncodeToString(raw)} {
		if strings.Contains(rows, text) {
			t.Errorf("the token is stored %s", name)
		}
	}
	if n := l.Count(t, "SELECT count(*) FROM auth.sessions WHERE token_digest = $1", digestOf(token)); n != 1 {
		t.Error("the digest is not what is stored: the test looks for the wrong thing")
	}
	digest := digestOf(token)
	for _, replayed := range []string{base64.RawURLEncoding.EncodeToString(digest), base64.StdEncoding.EncodeToString(digest), fmt.Sprintf("%x", digest), string(digest)} {
		if p := l.visitor().get(paths.Orgs, "Cookie", "roster_session="+url.QueryEscape(replayed)); p.status != http.StatusSeeOther {
			t.Errorf("a digest opens a page: status %d", p.status)
		}
	}
}

// TestAThousandStrangersLeaveNoSession: nobody has none, however many pages they look at. I49
func TestAThousandStrangersLeaveNoSession(t *testing.T) {
	t.Parallel()
	l := obey(t)
	all := []string{"/", paths.LogIn, paths.SignUp, paths.Forgot, paths.Orgs, paths.Org(rostertest.Acme), paths.Members(rostertest.Acme), "/invitations/x", "/reset/x", "/no/such/page", static.URL("roster.css"), paths.Live}
	l.ready(8)
	l.unchanged("strangers", nil, func() {
		rostertest.Together(8, func(i int) {
			b := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			for n := range 125 {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL+all[(n+i)%len(all)], nil)
				if err != nil {
					t.Error(err)
					return
				}
				if n%3 == 0 {
					r.Header.Set("Cookie", "roster_session="+strings.Repeat("B", 43))
				}
				var answer *http.Response
				suite.Until(t, "Roster is not busy", func() bool {
					if answer, err = b.Do(r); err == nil {
						_ = answer.Body.Close()
					}
					return err != nil || answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == ""
				})
				if err != nil {
					t.Error(err)
					return
				}
				if got := answer.Header.Values("Set-Cookie"); len(got) > 0 || answer.StatusCode >= 500 {
					t.Errorf("%s: status %d, cookies %q", r.URL, answer.StatusCode, got)
				}
			}
		})
	})
	if n := l.Count(t, "SELECT count(*) FROM auth.sessions"); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// TestCookiesInPublic: over https every cookie is bound to this host, to https, and out of reach of scripts, and none but
// the session's says anything. I47
func TestCookiesInPublic(t *testing.T) {
	t.Parallel()
	l := obey(t, overHTTPS)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
	given := map[string]int{}
	form := regexp.MustCompile(`^(__Host-roster_[a-z]+)=([A-Za-z0-9_-]*); Path=/; (Max-Age=\d+; )?HttpOnly; Secure; SameSite=Lax$`)
	look := func(p *page) *page {
		t.Helper()
		for _, c := range p.header.Values("Set-Cookie") {
			m := form.FindStringSubmatch(c)
			if m == nil {
				t.Errorf("%s gives the cookie %q", p.path, c)
				continue
			}
			given[m[1]]++
			decoded, err := base64.RawURLEncoding.DecodeString(m[2])
			if said := strings.ToLower(m[2] + string(decoded)); err != nil || strings.Contains(said, "extra") || strings.Contains(said, "guest") || strings.Contains(said, "example") || strings.Contains(said, "mo ") {
				t.Errorf("the cookie %s tells something: %q", m[1], decoded)
			}
		}
		return p
	}
	b := l.visitor()
	look(b.post(paths.LogIn, url.Values{"email": {l.Ann.Email}, "password": {rostertest.Password}}))
	look(b.get(paths.Org(rostertest.Acme)))
	look(b.post(paths.Switch(rostertest.Other), nil))
	_, mem := l.someone(rostertest.Other, role.Viewer)
	look(b.post(paths.ChangeRole(rostertest.Other, mem), url.Values{"role": {"guest"}}))
	look(b.get(paths.Members(rostertest.Other)).says(200, "is now Guest"))
	if p := look(b.get(paths.Members(rostertest.Other))); strings.Contains(p.text(), "is now Guest") {
		t.Error("the notice is carried twice")
	}
	look(b.post(paths.LogOut, nil).leads("/"))
	look(b.get(paths.Orgs).leads("/login?next=%2Forgs"))
	look(l.visitor().post(paths.SignUp, url.Values{"name": {"Mo"}, "email": {"mo@early.example"}, "password": {"seven lamps in a quiet room"}}).says(200))
	for _, name := range []string{"__Host-roster_session", "__Host-roster_notice", "__Host-roster_signup", "__Host-roster_device"} {
		if given[name] == 0 {
			t.Errorf("%s was never given: nothing was tried", name)
		}
	}
	if len(given) != 4 {
		t.Errorf("cookies: %v", given)
	}
}

// TestANoticeIsForWhoDidIt: what was just done is said to that person only, also where somebody else logs in right after,
// and a notice that was made up or damaged says nothing. I11
func TestANoticeIsForWhoDidIt(t *testing.T) {
	t.Parallel()
	l := obey(t)
	_, mem := l.someone(rostertest.Acme, role.Viewer)
	b := l.as(l.Ann)
	p := b.post(paths.ChangeRole(rostertest.Acme, mem), url.Values{"role": {"guest"}})
	var notice string
	for _, c := range (&http.Response{Header: p.header}).Cookies() {
		if c.Name == "roster_notice" {
			notice = c.Value
		}
	}
	if notice == "" {
		t.Fatalf("no notice is carried: %v", p.header)
	}
	say := func(b *browser, value string) string {
		t.Helper()
		p := b.get(paths.Members(rostertest.Acme), "Cookie", "roster_session="+b.cookie()+"; roster_notice="+value)
		if p.id("notice") == nil {
			return ""
		}
		return p.textOf("notice")
	}
	if got := say(b, notice); !strings.Contains(got, "is now Guest") {
		t.Errorf("Ann hears %q", got)
	}
	ben := l.as(l.Ben)
	damaged := []byte(notice)
	damaged[20] ^= 1
	for name, heard := range map[string]string{"Ben hears Ann's notice": say(ben, notice), "a damaged notice": say(l.as(l.Ann), string(damaged)), "a made up one": say(l.as(l.Ann), base64.RawURLEncoding.EncodeToString([]byte(`{"Kind":"ok","Text":"Send your password"}`)))} {
		if heard != "" {
			t.Errorf("%s: %q", name, heard)
		}
	}
}

// TestTheOrganizationUsedLastOpensFirst, in another browser too. C089
func TestTheOrganizationUsedLastOpensFirst(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Viewer)
	b := l.as(l.Ann)
	for _, slug := range []string{rostertest.Other, rostertest.Acme, rostertest.Other} {
		b.post(paths.Switch(slug), nil)
		l.as(l.Ann).get("/").leads(paths.Org(slug))
		b.post(paths.LogOut, nil)
		b.logIn(l.Ann)
		b.get("/").leads(paths.Org(slug))
	}
	for _, slug := range []string{rostertest.Acme, rostertest.Other} {
		b.get(paths.Org(slug))
		l.as(l.Ann).get("/").leads(paths.Org(slug))
	}
	// A prefetch, a piece, a head and a form are not a visit.
	for _, ask := range []func(){
		func() { b.get(paths.Org(rostertest.Acme), "Sec-Purpose", "prefetch") },
		func() { b.piece(http.MethodGet, paths.Org(rostertest.Acme), nil) },
		func() { b.send(http.MethodHead, paths.Org(rostertest.Acme), nil, nil) },
		func() {
			b.post(paths.Invitations(rostertest.Acme), url.Values{"emails": {"a@b.example"}, "role": {"member"}, "preview": {"no"}})
		},
		func() { b.get(paths.Org(rostertest.Acme), "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors") },
	} {
		ask()
		b.get("/").leads(paths.Org(rostertest.Other))
	}
}
