package main

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"roster/db/dbtest"
	"roster/internal/browsertest"
	"roster/internal/mail/mailtest"
	"roster/internal/suite"
)

// What roster prove attacks beside invitations is for db/prove to try, and for test-all.
func TestMain(m *testing.M) {
	if !suite.All() {
		attacked = func(target string) bool { return strings.Contains(target, "nvitation") }
	}
	dbtest.Main(m)
}

// site is the real program, as `roster serve` runs it, on a database of the test's own.
type site struct {
	url     string
	letters *mailtest.Server // nil where the program was given no mail server
	log     *listener
}

// startSite runs the program until the test ends. What it logs as an error fails the test.
func startSite(t *testing.T, d *dbtest.Database, environ ...string) *site {
	t.Helper()
	s := &site{log: newListener()}
	address := freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	s.url = "http://localhost:" + port
	environ = append(append(d.Environ(), "ROSTER_LISTEN="+address, "ROSTER_URL="+s.url, "ROSTER_DATA="+t.TempDir()), environ...)
	ctx, stop := context.WithCancel(context.Background())
	out, log := newListener(), s.log
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve"}, environ, out, log) }()
	t.Cleanup(func() {
		stop()
		select {
		case status := <-ended:
			if status != 0 {
				t.Errorf("the program ended with %d", status)
			}
		case <-suite.Late(t):
			t.Error("the program does not stop")
		}
		for line := range strings.Lines(log.text()) {
			if strings.Contains(line, "level=ERROR") && !strings.Contains(line, "status=503") || strings.Contains(line, "panic") {
				t.Errorf("the program logged: %s", line)
			}
		}
		if t.Failed() {
			t.Logf("the program's last words: %s", log.text()[max(0, len(log.text())-2000):])
		}
	})
	out.wait(t, "Roster is at "+s.url)
	return s
}

// developing is a site in development mode that mails for real.
func developing(t *testing.T, d *dbtest.Database, environ ...string) *site {
	t.Helper()
	letters := mailtest.Start(t)
	s := startSite(t, d, append([]string{"ROSTER_DEV=1", "ROSTER_SMTP_URL=" + letters.URL(), "ROSTER_MAIL_FROM=Roster <no-reply@roster.example>"}, environ...)...)
	s.letters = letters
	return s
}

// letter is the next letter to somebody about this; those before it are passed over.
func (s *site) letter(t *testing.T, to, subject string) mailtest.Message {
	t.Helper()
	for {
		if m := s.letters.Wait(t, to); strings.Contains(m.Subject, subject) {
			return m
		}
	}
}

// linkIn is a letter's link to a page of the site.
func linkIn(t *testing.T, m mailtest.Message, part string) string {
	t.Helper()
	found := m.Link(part)
	if found == "" {
		t.Fatalf("the letter %q has no link to %s: %q", m.Subject, part, m.Links)
	}
	return found
}

// password is everybody's who signs up.
const password = "a lantern over the quiet harbour"

// person is somebody with a browser of their own.
type person struct {
	*browsertest.Page
	t           *testing.T
	site        *site
	script      bool
	name, email string
}

// person gives somebody a browser.
func (s *site) person(t *testing.T, name, email string, o browsertest.Options) *person {
	t.Helper()
	o.URL = s.url
	return &person{browsertest.New(t, o), t, s, o.Script, name, email}
}

// tab is another tab of the same person.
func (p *person) tab() *person {
	other := *p
	other.Page = p.NewTab()
	return &other
}

// in is the same browser in a test below the one it was opened in.
func (p *person) in(t *testing.T) *person {
	other := *p
	other.t, other.Page = t, p.In(t)
	return &other
}

// signUp makes an account, up to the page that a new one leads to.
func (p *person) signUp() {
	p.t.Helper()
	p.Open("/signup")
	p.Fill("Your name", p.name)
	p.Fill("E-mail", p.email)
	p.Fill("Password", password)
	p.Press("Create account")
	p.See("Check your e-mail", p.email)
	p.Open(linkIn(p.t, p.site.letter(p.t, p.email, "Confirm"), "/signup/confirm/"))
	p.Press("Confirm " + p.email)
}

// logIn logs in with a password, from whatever page asks for it.
func (p *person) logIn(password string) {
	p.t.Helper()
	p.Fill("E-mail", p.email)
	p.Fill("Password", password)
	p.Press("Log in")
}

// logOut uses the menu at the foot of the rail.
func (p *person) logOut() {
	p.t.Helper()
	p.Press(p.name + " " + p.email)
	p.Press("Log out")
	p.At("/")
}

// menu opens what else can be done with a member or an invitation.
func (p *person) menu(about string) {
	p.t.Helper()
	p.Press("More about " + about)
}

// actOn takes an entry of a member's menu in the list. Without script it is on the page that the name leads to.
func (p *person) actOn(member, entry string) {
	p.t.Helper()
	if p.script {
		p.menu(member)
	} else {
		p.Follow(member)
		entry, _, _ = strings.Cut(entry, " from ")
	}
	p.Follow(entry)
}

// setRole chooses a role in a member's row, where it is saved by itself. Without script the role leads to a page.
func (p *person) setRole(member, role string) {
	p.t.Helper()
	if p.script {
		p.Choose("Role of "+member, role)
		return
	}
	p.FollowIn(member, p.roleOf(member))
	p.Tick(role)
	p.Press("Change role")
}

// roleOf is the role in a member's row, which can be changed there.
func (p *person) roleOf(member string) string {
	p.t.Helper()
	if p.script {
		return p.Chosen("Role of " + member)
	}
	links := p.Links()
	at := slices.Index(links, member)
	if at < 0 || at+1 == len(links) {
		p.t.Fatalf("%s has no link to a role among %q", member, links)
	}
	return links[at+1]
}

// path is a whole address without the site's part.
func path(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}
