package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/rostertest"
)

const (
	good  = "tractor muffin lagoon"
	other = "another phrase of mine"
)

func withoutMail(c *account.Config) { c.Mails = false }

// last is the token of the letter that was queued last.
func (s *site) last(kind mail.Kind, to string) string {
	s.t.Helper()
	tokens := s.Tokens(s.t, kind, to)
	if len(tokens) == 0 {
		s.t.Fatalf("no letter %s to %s", kind, to)
	}
	return tokens[len(tokens)-1]
}

func signUpForm(name, email, password string) url.Values {
	return url.Values{"name": {name}, "email": {email}, "password": {password}}
}

// N10 U02
func TestSignUpConfirmAndFound(t *testing.T) {
	t.Parallel()
	s := emptySite(t)
	b := s.visitor()
	b.get("/").says(http.StatusOK, "Log in", "Create an account")
	form := b.get("/signup?next=%2Forgs%2Fnew").says(http.StatusOK, "Create an account").form("/signup")
	form.Set("name", "Élodie Martin")
	form.Set("email", "Elodie@Acme.example")
	form.Set("password", good)
	sent := b.post("/signup", form).says(http.StatusOK, "Check your e-mail", "Elodie@Acme.example", "24 hours")
	if b.cookie() != "" || s.Count(t, "SELECT count(*) FROM auth.sessions") != 0 {
		t.Error("there is a session before the address is confirmed")
	}

	first := s.last(mail.KindConfirmAddress, "Elodie@Acme.example")
	b.post("/signup", sent.form("/signup")).says(http.StatusOK, "We sent it again.", "Elodie@Acme.example")
	token := s.last(mail.KindConfirmAddress, "Elodie@Acme.example")
	if token == first {
		t.Fatal("no second letter was sent")
	}

	confirm := b.get("/signup/confirm/"+token).says(http.StatusOK, "Confirm your e-mail address", "Élodie Martin", "Confirm Elodie@Acme.example")
	if confirm.id("password") != nil {
		t.Error("the browser that asked is asked for the password")
	}
	b.post("/signup/confirm/"+token, confirm.form("/signup/confirm/"+token)).leads("/orgs/new")
	b.get("/").leads("/welcome")
	b.get("/signup/confirm/"+token).says(http.StatusGone, "This link was already used", "Log in")
	b.get("/signup/confirm/"+first).says(http.StatusGone, "This link was already used")
}

// D16 I21: in another browser the link alone is not enough.
func TestConfirmInAnotherBrowser(t *testing.T) {
	t.Parallel()
	s := emptySite(t)
	s.visitor().post("/signup", signUpForm("Noor", "noor@acme.example", good)).says(http.StatusOK)
	at := "/signup/confirm/" + s.last(mail.KindConfirmAddress, "noor@acme.example")

	b := s.visitor()
	page := b.get(at).says(http.StatusOK, "You signed up in another browser.")
	b.post(at, page.form(at)).says(http.StatusUnprocessableEntity, "There is a problem", "Enter the password you signed up with")
	page = b.post(at, url.Values{"password": {other}}).says(http.StatusUnprocessableEntity, "That is not the password you signed up with. Try again.")
	if page.value("password") != "" {
		t.Error("the password came back")
	}
	b.post(at, url.Values{"password": {good}}).leads("/")
	b.get("/").leads("/welcome")
}

// I53: a scanner that opens links, also with HEAD and many times, uses nothing up.
func TestLookingAtLinksUsesNothingUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.visitor().post("/signup", signUpForm("Noor", "noor@acme.example", good)).says(http.StatusOK)
	s.visitor().post("/forgot", url.Values{"email": {s.Ann.Email}}).says(http.StatusOK)
	handed, err := s.Accounts.OperatorLink(t.Context(), s.Ben.Email, false)
	if err != nil {
		t.Fatal(err)
	}
	links := []string{"/signup/confirm/" + s.last(mail.KindConfirmAddress, "noor@acme.example"), "/reset/" + s.last(mail.KindResetPassword, s.Ann.Email), handed.Path}
	const all = "SELECT (SELECT count(*) FROM auth.signups WHERE used_at IS NULL) + (SELECT count(*) FROM auth.tokens WHERE used_at IS NULL) + 100 * (SELECT count(*) FROM auth.sessions)"
	before := s.Count(t, all)
	for _, link := range links {
		for range 10 {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				p := s.visitor().send(method, link, nil, nil)
				if p.status != http.StatusOK {
					t.Fatalf("%s %.20s: status %d", method, link, p.status)
				}
				if got := p.header.Get("Referrer-Policy"); got != "no-referrer" {
					t.Errorf("%.20s: Referrer-Policy %q", link, got)
				}
				if got := p.header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
					t.Errorf("%.20s: Cache-Control %q", link, got)
				}
			}
		}
	}
	if after := s.Count(t, all); after != before {
		t.Errorf("looking changed %d into %d", before, after)
	}
}

func TestFormsComeBackWithWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.visitor()

	p := b.post("/signup", url.Values{"name": {"Noor <b>van</b> Dijk"}, "email": {"noor at acme"}, "password": {"short"}, "next": {"/orgs/new"}}).
		says(http.StatusUnprocessableEntity, "There is a problem", "Enter an e-mail address like name@example.com", "Use at least 12 characters")
	if p.value("name") != "Noor <b>van</b> Dijk" || p.value("email") != "noor at acme" || p.value("next") != "/orgs/new" || p.value("password") != "" {
		t.Errorf("the form holds %q, %q, %q, %q", p.value("name"), p.value("email"), p.value("next"), p.value("password"))
	}
	if title := plain(p.all("title", "", "")[0]); title != "Error: Create an account · Roster" {
		t.Errorf("the title is %q", title)
	}
	b.post("/signup", signUpForm("Noor", "noor@acme.example", "passwordpassword")).says(http.StatusUnprocessableEntity, "That password is on lists of known passwords. Choose another.")
	b.post("/signup", signUpForm("", "noor@acme.example", good)).says(http.StatusUnprocessableEntity, "Enter your name")
	b.post("/signup", signUpForm(strings.Repeat("x", 10_000), "noor@acme.example", good)).says(http.StatusUnprocessableEntity, "Use at most 100 characters for your name")
	b.post("/signup", signUpForm("Noor\nBcc: all", "noor@acme.example", good)).says(http.StatusUnprocessableEntity, "Leave line breaks and invisible characters out of your name")
	b.post("/signup", url.Values{}).says(http.StatusUnprocessableEntity, "Enter your name", "Choose a password")

	p = b.post("/login", url.Values{"email": {s.Ann.Email}, "password": {"wrong"}, "next": {"/orgs/acme/members"}}).
		says(http.StatusUnprocessableEntity, "That e-mail and password do not match. Try again or set a new password.")
	if p.value("email") != s.Ann.Email || p.value("next") != "/orgs/acme/members" || p.value("password") != "" {
		t.Errorf("the form holds %q, %q, %q", p.value("email"), p.value("next"), p.value("password"))
	}
	b.post("/forgot", url.Values{"email": {"ann"}}).says(http.StatusUnprocessableEntity, "Enter an e-mail address like name@example.com")
	if n := s.Count(t, "SELECT count(*) FROM auth.signups") + s.Count(t, "SELECT count(*) FROM auth.tokens"); n != 0 {
		t.Errorf("%d links were made", n)
	}
}

// I22: the pages for a known and an unknown address are the same, byte for byte but for the address itself.
func TestDoorDoesNotTellWhetherAnAddressHasAnAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	unknown := "abc@acme.example" // as long as Ann's, so that lengths compare too
	for path, form := range map[string]url.Values{
		"/signup": {"name": {"X"}, "password": {good}},
		"/forgot": {},
		"/login":  {"password": {"wrong"}},
	} {
		ask := func(email string) *page {
			form.Set("email", email)
			return s.visitor().post(path, form)
		}
		a, b := ask(s.Ann.Email), ask(unknown)
		if a.status != b.status || without(a.raw, s.Ann.Email) != without(b.raw, unknown) {
			t.Errorf("%s answers %d and %d:\n%s\n%s", path, a.status, b.status, a.text(), b.text())
		}
		if a.turns != b.turns {
			t.Errorf("%s takes %d and %d round trips", path, a.turns, b.turns)
		}
		for name := range a.header {
			if name != "Date" && name != "X-Request-Id" && name != "Set-Cookie" && a.header.Get(name) != b.header.Get(name) {
				t.Errorf("%s: header %s is %q and %q", path, name, a.header.Get(name), b.header.Get(name))
			}
		}
		if len(a.header.Values("Set-Cookie")) != len(b.header.Values("Set-Cookie")) {
			t.Errorf("%s: cookies %v and %v", path, a.header.Values("Set-Cookie"), b.header.Values("Set-Cookie"))
		}
	}
	if n := len(s.Tokens(t, mail.KindConfirmAddress, s.Ann.Email)); n != 0 {
		t.Errorf("%d confirmations for an address that has an account", n)
	}
}

// without leaves an address out of a page, as words and in links.
func without(page, email string) string {
	return strings.NewReplacer(email, "", url.QueryEscape(email), "").Replace(page)
}

// I32
func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	here, elsewhere := s.visitor(), s.as(s.Ann)
	sent := here.get("/login").says(http.StatusOK, "Forgot password?")
	if len(sent.all("a", "href", "/forgot")) != 1 {
		t.Error("the log-in page does not lead to a new password")
	}
	again := here.post("/forgot", url.Values{"email": {" ANN@acme.example "}}).says(http.StatusOK, "If ANN@acme.example has an account", "30 minutes")
	first := "/reset/" + s.last(mail.KindResetPassword, s.Ann.Email)
	here.post("/forgot", again.form("/forgot")).says(http.StatusOK)
	at := "/reset/" + s.last(mail.KindResetPassword, s.Ann.Email)
	here.get(first).says(http.StatusGone, "This link was replaced by a newer one")

	form := here.get(at).says(http.StatusOK, "Choose a new password", "logs you out everywhere").form(at)
	form.Set("password", "short")
	here.post(at, form).says(http.StatusUnprocessableEntity, "Use at least 12 characters")
	form.Set("password", other)
	done := here.post(at, form).leads("/login?said=reset")
	if here.cookie() != "" {
		t.Error("choosing a password logged somebody in")
	}
	here.follow(done).says(http.StatusOK, "Your password is changed, and you are logged out everywhere.")
	elsewhere.get("/orgs/acme").leads("/login?next=%2Forgs%2Facme")
	here.get(at).says(http.StatusGone, "This link was already used")
	here.post(at, form).says(http.StatusGone, "This link was already used")
	here.post("/login", url.Values{"email": {s.Ann.Email}, "password": {rostertest.Password}}).says(http.StatusUnprocessableEntity)
	here.post("/login", url.Values{"email": {s.Ann.Email}, "password": {other}}).leads("/")
	if s.Count(t, "SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'password_changed'") != 1 {
		t.Error("nobody was told that the password is another one")
	}
}

// UX 5: afterwards next, else used last, else /welcome. D2: GET /login while logged in goes on.
func TestWhereLogInLeads(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.visitor()
	enter := func(next string) *page {
		t.Helper()
		return b.post("/login", url.Values{"email": {s.Ann.Email}, "password": {rostertest.Password}, "next": {next}})
	}
	enter("/orgs/acme/members?q=ben").leads("/orgs/acme/members?q=ben")
	for _, evil := range []string{"//evil.example", "https://evil.example/", `/\evil.example`, "javascript:alert(1)", "/%2f%2fevil.example"} {
		enter(evil).leads("/")
	}
	b.get("/login").leads("/")
	b.get("/login?next=%2Forgs%2Facme%2Finvitations").leads("/orgs/acme/invitations")
	b.get("/login?next=%2F%2Fevil.example").leads("/")
	b.get("/signup").leads("/")
	b.get("/orgs/acme").says(http.StatusOK)
	b.get("/").leads("/orgs/acme")

	second := s.Found(t, s.Ann, "Beta", "beta")
	b.get("/").leads("/orgs/acme")
	b.get("/orgs/beta").says(http.StatusOK)
	b.get("/").leads("/orgs/beta")
	b.post("/logout", b.get("/orgs/beta").form("/logout")).leads("/")
	b.get("/").says(http.StatusOK, "Create an account")
	enter("").leads("/")
	b.get("/").leads("/orgs/beta") // also after log-out it is known where she was last
	s.SQL(t, "UPDATE roster.organizations SET status = 'suspended' WHERE id = $1", second)
	b.get("/").leads("/orgs")

	b = s.as(s.Person(t, "Noor", "noor@acme.example"))
	b.get("/").leads("/welcome")
}

// I41 I47 I50
func TestLogInAndOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.visitor()
	in := b.post("/login", url.Values{"email": {s.Ann.Email}, "password": {rostertest.Password}})
	if set := in.header.Get("Set-Cookie"); !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Lax") || !strings.Contains(set, "Path=/") || strings.Contains(set, "Domain") || strings.Contains(set, "Expires") {
		t.Errorf("the cookie is %q", set)
	}
	first := b.cookie()
	b.post("/login", url.Values{"email": {s.Ben.Email}, "password": {rostertest.Password}}).leads("/")
	if b.cookie() == first {
		t.Error("the token stayed the same at a log-in")
	}
	old := s.visitor()
	old.get("/orgs/acme", "Cookie", "roster_session="+first).leads("/login?next=%2Forgs%2Facme")

	page := b.get("/orgs/acme").says(http.StatusOK)
	kept := b.cookie()
	out := b.post("/logout", page.form("/logout")).leads("/")
	if out.header.Get("Clear-Site-Data") == "" {
		t.Error("log-out does not clear what the browser kept")
	}
	old.get("/orgs/acme", "Cookie", "roster_session="+kept).leads("/login?next=%2Forgs%2Facme")
	b.get("/orgs/acme").leads("/login?next=%2Forgs%2Facme")
	b.post("/logout", url.Values{}).leads("/") // logged out already: the same
	b.post("/logout", url.Values{"next": {"/invitations/x"}}).leads("/invitations/x")
	b.post("/logout", url.Values{"next": {"//evil.example"}}).leads("/")
	if n := s.Count(t, "SELECT count(*) FROM auth.sessions"); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// I26: a wait is said, in seconds, and to browsers too.
func TestTooManyTriesSayHowLongToWait(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.visitor()
	for range 10 {
		b.post("/login", url.Values{"email": {s.Ann.Email}, "password": {"guess"}}).says(http.StatusUnprocessableEntity)
	}
	p := b.post("/login", url.Values{"email": {s.Ann.Email}, "password": {rostertest.Password}}).says(http.StatusTooManyRequests)
	wait := p.header.Get("Retry-After")
	if want := fmt.Sprintf("You can go on in %s seconds.", wait); wait == "" || !strings.Contains(p.text(), want) {
		t.Errorf("Retry-After is %q, and the page says\n%s", wait, p.text())
	}
}

// D14: without a mail server open sign-up is closed, and forgot says whom to ask; links that are handed over work. Until
// somebody has an account there is no team to ask, and the pages say how the first is made.
func TestDoorWithoutAMailServer(t *testing.T) {
	t.Parallel()
	s := serve(t, rostertest.Empty, withoutMail)
	b := s.visitor()
	if p := b.get("/").says(http.StatusOK, "Nobody has an account yet."); len(p.all("a", "href", "/signup")) != 0 {
		t.Error("the landing page offers an account")
	}
	if p := b.get("/login"); strings.Contains(p.text(), "Create an account") {
		t.Error("the log-in page offers an account")
	}
	b.get("/signup").says(http.StatusOK, "Sign-up is by invitation", "roster link you@example.com")
	b.post("/signup", signUpForm("Noor", "noor@acme.example", good)).says(http.StatusForbidden, "Sign-up is by invitation")
	b.get("/forgot").says(http.StatusOK, "No mail leaves this installation. Ask whoever runs it for a link to choose a new password.")
	b.post("/forgot", url.Values{"email": {"noor@acme.example"}}).says(http.StatusForbidden, "No mail leaves this installation.")

	link := func(reset bool) string {
		t.Helper()
		l, err := s.Accounts.OperatorLink(t.Context(), "noor@acme.example", reset)
		if err != nil {
			t.Fatal(err)
		}
		return l.Path
	}
	at := link(false)
	form := b.get(at).says(http.StatusOK, "Create your account").form(at)
	b.post(at, form).says(http.StatusUnprocessableEntity, "Enter your name", "Choose a password")
	form.Set("email", "boss@acme.example") // only the link decides the address
	form.Set("name", "Noor")
	form.Set("password", good)
	b.post(at, form).leads("/")
	if n := s.Count(t, "SELECT count(*) FROM roster.users WHERE email = 'noor@acme.example' AND name = 'Noor'"); n != 1 {
		t.Error("the link made somebody else")
	}

	b, at = s.visitor(), link(false)
	for _, path := range []string{"/", "/signup"} {
		if p := b.get(path).says(http.StatusOK, "in your team to invite you."); strings.Contains(p.text(), "Nobody has") || strings.Contains(p.text(), "roster link") {
			t.Errorf("%s tells strangers how an account is made", path)
		}
	}
	form = b.get(at).says(http.StatusOK, "Log in as noor@acme.example").form(at)
	b.post(at, form).leads("/")
	b.get("/").leads("/welcome")
	b.post(at, form).says(http.StatusGone, "This link was already used")

	at = link(true)
	b = s.visitor()
	form = b.get(at).says(http.StatusOK, "Choose a new password", "New password").form(at)
	form.Set("password", other)
	b.post(at, form).leads("/login?said=reset")
	b.post("/login", url.Values{"email": {"noor@acme.example"}, "password": {other}}).leads("/")
}

// I39: who is logged in here already is told that a link makes them somebody else.
func TestLinksNameTheAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	handed, err := s.Accounts.OperatorLink(t.Context(), s.Ben.Email, false)
	if err != nil {
		t.Fatal(err)
	}
	b := s.as(s.Ann)
	form := b.get(handed.Path).says(http.StatusOK, "You are logged in here as ann@acme.example. If you go on, you are logged in as ben@acme.example instead.").form(handed.Path)
	if form.Get("_person") == "" {
		t.Error("the form does not say whose page it is of")
	}
	b.post(handed.Path, form).leads("/")
	b.get("/orgs").says(http.StatusOK, "ben@acme.example")
	b.post(handed.Path, form).says(http.StatusConflict, "You are now logged in as Ben Admin. This page was opened by Ann Owner. Nothing was changed.")
}

// I58: unknown and damaged links look alike, whatever they are for.
func TestUnknownLinksLookAlike(t *testing.T) {
	t.Parallel()
	s := emptySite(t)
	for _, at := range []string{"/signup/confirm/", "/reset/", "/login/link/"} {
		var first string
		for _, token := range []string{account.NewMarker(), "x", strings.Repeat("A", 43), "%20", strings.Repeat("x", 5000)} {
			p := s.visitor().get(at+token).says(http.StatusNotFound, "This link does not work")
			if first == "" {
				first = p.text()
			}
			if p.text() != first {
				t.Errorf("%s%.10s says\n%s\ninstead of\n%s", at, token, p.text(), first)
			}
			s.visitor().post(at+token, url.Values{"name": {"X"}, "password": {good}}).says(http.StatusNotFound, "This link does not work")
		}
	}
	if n := s.Count(t, "SELECT count(*) FROM roster.users"); n != 0 {
		t.Errorf("there are %d people", n)
	}
}

func TestExpiredLinksSayWhatToDo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.visitor().post("/signup", signUpForm("Noor", "noor@acme.example", good)).says(http.StatusOK)
	s.visitor().post("/forgot", url.Values{"email": {s.Ann.Email}}).says(http.StatusOK)
	handed, err := s.Accounts.OperatorLink(t.Context(), s.Ben.Email, false)
	if err != nil {
		t.Fatal(err)
	}
	s.SQL(t, "UPDATE auth.signups SET expires_at = now()")
	s.SQL(t, "UPDATE auth.tokens SET expires_at = now()")
	for _, link := range []struct{ at, says, leads string }{
		{"/signup/confirm/" + s.last(mail.KindConfirmAddress, "noor@acme.example"), "This link is older than 24 hours", "/signup"},
		{"/reset/" + s.last(mail.KindResetPassword, s.Ann.Email), "This link is older than 30 minutes", "/forgot"},
		{handed.Path, "This link is older than 10 minutes", "/login"},
	} {
		p := s.visitor().get(link.at).says(http.StatusGone, link.says)
		if len(p.all("a", "href", link.leads)) != 1 {
			t.Errorf("%q does not lead to %s", link.says, link.leads)
		}
		s.visitor().post(link.at, url.Values{"password": {good}}).says(http.StatusGone, link.says)
	}
}

func TestAppearanceIsKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.as(s.Ann)
	p := b.get("/account/appearance").says(http.StatusOK, "Appearance")
	form := p.form("/account/appearance")
	if form.Get("theme") != "system" || !form.Has("shortcuts") {
		t.Errorf("the form holds %v", form)
	}
	form.Set("theme", "dark")
	form.Del("shortcuts")
	p = b.follow(b.post("/account/appearance", form).leads("/account/appearance")).says(http.StatusOK, "The appearance is saved.")
	if form = p.form("/account/appearance"); form.Get("theme") != "dark" || form.Has("shortcuts") {
		t.Errorf("the form holds %v", form)
	}
	root := p.all("html", "", "")[0]
	if theme, _ := attribute(root, "data-theme"); theme != "dark" {
		t.Errorf("the page's theme is %q", theme)
	}
	if off, _ := attribute(root, "data-shortcuts"); off != "off" {
		t.Errorf("the page's shortcuts are %q", off)
	}
	form.Set("theme", "pink")
	b.post("/account/appearance", form).says(http.StatusUnprocessableEntity, "Choose light, dark or as the system has it")
	s.visitor().get("/account/appearance").leads("/login?next=%2Faccount%2Fappearance")
}
