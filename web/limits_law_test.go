package web_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/rostertest"
	"roster/views/paths"
	"roster/web"
)

// behindProxy trusts the test itself to say where a request comes from.
func behindProxy(c *web.Config) {
	c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// from is a request out of a network with this number.
func from(network int) []string {
	return []string{"X-Forwarded-For", fmt.Sprintf("198.51.%d.7", network)}
}

// TestStrangersKeepNobodyOut: a stranger tries a thousand passwords for somebody from a hundred networks, asks for letters
// and signs up in their name. They work on meanwhile on a device that they know, log in there, are mailed and choose a new
// password, and are refused nothing. On a device that is new they are told how long to wait, and a letter lets them in at
// once. C105 I26
func TestStrangersKeepNobodyOut(t *testing.T) {
	t.Parallel()
	l := obey(t, behindProxy)
	office := append(from(0), "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	right := url.Values{"email": {l.Ann.Email}, "password": {rostertest.Password}}
	known, stranger := l.visitor(), l.visitor()
	known.post(paths.LogIn, right, office...).leads("/")
	letters := func() int { return len(l.Tokens(t, mail.KindResetPassword, l.Ann.Email)) }

	looks := 0
	for try := range 1000 {
		network := try % 100 // the owner's own among them
		p := stranger.post(paths.LogIn, url.Values{"email": {" ANN@acme.example"}, "password": {fmt.Sprintf("guess number %d", try)}}, from(network)...)
		switch p.status {
		case http.StatusUnprocessableEntity:
			looks++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("try %d is answered %d", try, p.status)
		}
		if try%10 == 0 {
			stranger.post(paths.Forgot, url.Values{"email": {l.Ann.Email}}, from(network)...)
			stranger.post(paths.SignUp, signUpForm("X", l.Ann.Email, good), from(network)...)
		}
		if try%200 == 0 {
			known.get("/orgs/acme", office...).says(http.StatusOK)
			known.post(paths.LogOut, url.Values{}, office...).leads("/")
			known.post(paths.LogIn, right, office...).leads("/")
		}
	}
	if looks > 20 {
		t.Errorf("the stranger's passwords got %d looks", looks)
	}
	if n := letters(); n > 6 {
		t.Errorf("the stranger had %d letters sent", n)
	}
	mailed := l.Tokens(t, mail.KindResetPassword, l.Ann.Email)

	t.Run("the last letter's link is good", func(t *testing.T) {
		for _, token := range mailed[len(mailed)-2:] { // asked for from two networks: neither replaces the other
			known.get(paths.Reset(token), office...).says(http.StatusOK, "Choose a new password")
		}
	})
	t.Run("a known device", func(t *testing.T) {
		before := letters()
		known.get("/orgs/acme", office...).says(http.StatusOK)
		known.post(paths.LogOut, url.Values{}, office...).leads("/")
		known.post(paths.LogIn, right, office...).leads("/")
		known.post(paths.Forgot, url.Values{"email": {l.Ann.Email}}, office...).says(http.StatusOK)
		if n := letters() - before; n != 1 {
			t.Errorf("%d letters were sent", n)
		}
	})
	t.Run("a new device", func(t *testing.T) {
		b, home := l.visitor(), from(200)
		p := b.post(paths.LogIn, right, home...).says(http.StatusTooManyRequests, "You can go on in", "you need not wait")
		seconds, err := strconv.Atoi(p.header.Get("Retry-After"))
		if err != nil || seconds < 1 || seconds > 24*60*60 {
			t.Errorf("Retry-After is %q", p.header.Get("Retry-After"))
		}
		way := p.all("a", "href", paths.With(paths.Forgot, "email", l.Ann.Email))
		if len(way) != 1 {
			t.Fatalf("the page does not lead to a letter:\n%s", p.raw)
		}
		form := b.get(paths.With(paths.Forgot, "email", l.Ann.Email), home...).form(paths.Forgot)
		b.post(paths.Forgot, form, home...).says(http.StatusOK, "30 minutes") // held: the link that came last is good
		tokens := l.Tokens(t, mail.KindResetPassword, l.Ann.Email)
		at := paths.Reset(tokens[len(tokens)-1])
		reset := b.get(at, home...).form(at)
		reset.Set("password", other)
		b.post(at, reset, home...).leads("/login?said=reset")
		right := url.Values{"email": {l.Ann.Email}, "password": {other}}
		for range 30 { // whatever the stranger does now
			stranger.post(paths.LogIn, url.Values{"email": {l.Ann.Email}, "password": {"guess"}}, from(1+looks%90)...)
			looks++
		}
		in := b.post(paths.LogIn, right, home...).leads("/")
		b.get("/orgs/acme", home...).says(http.StatusOK, "Since you last logged in", "to your account failed", "other network")
		if b.cookie() == "" || in.header.Get("Retry-After") != "" {
			t.Error("nobody is logged in")
		}
		known.post(paths.LogIn, right, office...).leads("/") // the device that was known is still
	})
	t.Run("the account's own log", func(t *testing.T) {
		events, err := l.Accounts.Events(t.Context(), l.Ann.ID, 1000)
		if err != nil {
			t.Fatal(err)
		}
		tries, rows := 0, 0
		for _, e := range events {
			if e.Event == "log_in_refused" {
				tries, rows = tries+e.Times, rows+1
				if !strings.HasPrefix(e.Address, "198.51.") || e.Last.Before(e.First) || time.Since(e.First) > time.Hour {
					t.Errorf("it says %+v", e)
				}
			}
		}
		if tries < 1030 || rows > 11*10 {
			t.Errorf("%d tries in %d rows", tries, rows)
		}
	})
}

// TestMarksOfDevices: the mark of a browser is kept from scripts and other sites, says nothing about who has an account,
// opens nothing, and is only taken if it was made here. I22 I44
func TestMarksOfDevices(t *testing.T) {
	t.Parallel()
	l := obey(t, behindProxy)
	mark := func(p *page) string {
		t.Helper()
		for _, set := range p.header.Values("Set-Cookie") {
			if rest, ok := strings.CutPrefix(set, "roster_device="); ok {
				if !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Lax") || !strings.Contains(set, "Path=/") || !strings.Contains(set, "Max-Age=15552000") || strings.Contains(set, "Domain") {
					t.Errorf("the cookie is %q", set)
				}
				value, _, _ := strings.Cut(rest, ";")
				return value
			}
		}
		return ""
	}
	try := func(email, password, device string, network int) *page {
		return l.visitor().post(paths.LogIn, url.Values{"email": {email}, "password": {password}}, append(from(network), "Cookie", "roster_device="+device)...)
	}
	ann := mark(try(l.Ann.Email, rostertest.Password, "", 1).leads("/"))
	if again := mark(try(l.Ben.Email, rostertest.Password, ann, 1).leads("/")); again != ann {
		t.Errorf("the second one who logs in here is given another mark: %q", again)
	}
	made := account.NewMarker() // has the form, and was not made here
	if taken := mark(try(l.Ann.Email, rostertest.Password, made, 1).leads("/")); taken == made || taken == "" {
		t.Errorf("the mark %q that a client chose becomes %q", made, taken)
	}
	l.visitor().get("/orgs", "Cookie", "roster_device="+ann).leads("/login?next=%2Forgs")
	if n := l.Count(t, "SELECT count(*) FROM auth.devices WHERE encode(digest, 'escape') LIKE '%' || $1 || '%'", ann); n != 0 {
		t.Error("the mark itself is stored")
	}

	// Wrong passwords with each kind of mark, for who has an account and who has not: the same answers.
	for _, device := range []string{"", made, mark(try(l.Cem.Email, rostertest.Password, "", 1)), "x", strings.Repeat("y", 5000)} {
		a, b := try(l.Vic.Email, "wrong", device, 2), try("nobody@nowhere.example", "wrong", device, 3)
		if a.status != http.StatusUnprocessableEntity || a.status != b.status || a.turns != b.turns || mark(a)+mark(b) != "" {
			t.Errorf("with %.50q: %d in %d turns, %d in %d turns", device, a.status, a.turns, b.status, b.turns)
		}
	}

	// A known device has a count of its own, of ten, and no more.
	for range 10 {
		try(l.Ann.Email, "wrong", ann, 9).says(http.StatusUnprocessableEntity)
	}
	try(l.Ann.Email, rostertest.Password, ann, 9).says(http.StatusTooManyRequests)
	try(l.Ann.Email, rostertest.Password, "", 10).leads("/") // which costs nobody else anything
}

// TestKnownDevicesInABusyNetwork: colleagues behind one address are not locked out by one of them.
func TestKnownDevicesInABusyNetwork(t *testing.T) {
	t.Parallel()
	l := obey(t, behindProxy)
	known := l.visitor()
	known.post(paths.LogIn, url.Values{"email": {l.Ann.Email}, "password": {rostertest.Password}}, from(1)...).leads("/")
	refused := 0
	for n := range 40 {
		p := l.visitor().post(paths.LogIn, url.Values{"email": {fmt.Sprintf("p%d@nowhere.example", n)}, "password": {"wrong"}}, from(1)...)
		if p.status == http.StatusTooManyRequests {
			refused++
		}
		l.visitor().post(paths.Forgot, url.Values{"email": {fmt.Sprintf("p%d@nowhere.example", n)}}, from(1)...)
	}
	if refused != 10 {
		t.Errorf("%d of 40 tries of one network were refused", refused)
	}
	l.visitor().post(paths.LogIn, url.Values{"email": {l.Ben.Email}, "password": {rostertest.Password}}, from(1)...).says(http.StatusTooManyRequests, "Send me a link")
	known.post(paths.LogIn, url.Values{"email": {l.Ann.Email}, "password": {rostertest.Password}}, from(1)...).leads("/")
	known.post(paths.Forgot, url.Values{"email": {l.Ann.Email}}, from(1)...).says(http.StatusOK)
}
