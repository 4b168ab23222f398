package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"roster/internal/browsertest"
	"roster/internal/mail/mailtest"
	"roster/internal/role"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// scriptless is how a test with script off is called, and with it on.
var scriptless = map[bool]string{false: "without script", true: "with script"}

// eitherWay runs a test without script or with it, which is drawn; both where everything is tried. C161
func eitherWay(t *testing.T, run func(t *testing.T, script bool)) {
	t.Helper()
	ways(t, suite.Some(t, []bool{false, true}, 1, "script"), run)
}

// bothWays runs a test without script and with it. C161
func bothWays(t *testing.T, run func(t *testing.T, script bool)) {
	t.Helper()
	ways(t, []bool{false, true}, run)
}

func ways(t *testing.T, scripts []bool, run func(t *testing.T, script bool)) {
	t.Helper()
	t.Parallel()
	browsertest.Start(t)
	for _, script := range scripts {
		t.Run(scriptless[script], func(t *testing.T) {
			t.Parallel()
			run(t, script)
		})
	}
}

// serveWorld runs the program on a small world.
func serveWorld(t *testing.T, w *rostertest.World) *site {
	t.Helper()
	return developing(t, w.Database)
}

// enter gives somebody of the small world a browser, logged in.
func (s *site) enter(t *testing.T, name, email string, script bool) *person {
	t.Helper()
	p := s.person(t, name, email, browsertest.Options{Script: script})
	p.Open("/login")
	p.logIn(rostertest.Password)
	p.NotSee("Log in")
	return p
}

// Two tabs show two organizations: neither knows what the other does, and changes in turn reach the one that
// each tab shows. C088 I14
func TestTwoTabsTwoOrganizations(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		w.Found(t, w.Ann, "Kestrel Labs", "kestrel")
		w.Join(t, w.Ann, "kestrel", w.Cem, role.Member)
		s := serveWorld(t, w)
		first := s.enter(t, "Ann Owner", w.Ann.Email, script)
		first.Open("/orgs/acme/members")
		second := first.tab()
		second.Open("/orgs/acme/members")
		second.Press("Acme Owner, switch organization")
		second.Press("Kestrel Labs Owner")
		second.At("/orgs/kestrel/members")
		second.Title("Members · Kestrel Labs · Roster")

		roleIn := func(slug string) int {
			return w.Count(t, `SELECT CASE WHEN 'viewer' = ANY (m.roles) THEN 1 ELSE 0 END FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id
				WHERE o.slug = $1 AND m.user_id = $2`, slug, w.Cem.ID)
		}
		for i, to := range []string{"Viewer", "Member", "Viewer"} {
			first.setRole("Cem Member", to)
			first.SeeIn("cem@acme.example", to)
			if script {
				first.Hear("Cem Member is now " + to)
			}
			if is, other := roleIn("acme"), roleIn("kestrel"); is != (i+1)%2 || other != i%2 {
				t.Fatalf("after %d turns a viewer of Acme: %d, of Kestrel Labs: %d", i, is, other)
			}
			second.setRole("Cem Member", to)
			second.SeeIn("cem@acme.example", to)
			if script {
				second.Hear("Cem Member is now " + to)
			}
			if is, other := roleIn("acme"), roleIn("kestrel"); is != (i+1)%2 || other != (i+1)%2 {
				t.Fatalf("after %d turns a viewer of Acme: %d, of Kestrel Labs: %d", i, is, other)
			}
		}
		first.Title("Members · Acme · Roster")
		// A start from anywhere leads to the one that was loaded last.
		first.Follow("Overview")
		first.tab().goesTo("/", "/orgs/acme")
		second.Follow("Overview")
		second.tab().goesTo("/", "/orgs/kestrel")
		// A link from a letter into the other one says so, once.
		outside := first.tab()
		outside.Open("/orgs/acme")
		outside.See("You are now in Acme. You were in Kestrel Labs.")
		outside.Follow("Back to Kestrel Labs")
		outside.At("/orgs/kestrel")
		outside.NotSee("You are now in")
	})
}

// goesTo opens an address that leads to another.
func (p *person) goesTo(at, to string) {
	p.t.Helper()
	p.Open(at)
	p.At(to)
}

// What an open tab is told when things have changed behind it. Nothing is done, and nothing typed is lost.
func TestOldTabs(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		w.Found(t, w.Ben, "Ben's Own", "bens-own")
		s := serveWorld(t, w)
		ann := s.enter(t, "Ann Owner", w.Ann.Email, script)
		ben := s.enter(t, "Ben Admin", w.Ben.Email, script)
		cem := s.enter(t, "Cem Member", w.Cem.Email, script)

		// The role has changed: allowed things work, others are refused in place.
		ben.Open("/orgs/acme/invitations")
		ben.Fill("E-mail addresses", "too-late@new.example")
		ann.Open("/orgs/acme/members")
		ann.setRole("Ben Admin", "Guest")
		ann.Press("Make Ben Admin a Guest")
		ann.SeeIn(w.Ben.Email, "Guest")
		ben.MayAsk()
		ben.Press("Invite people")
		ben.See("Your role is now Guest, so this was not done.")
		if script {
			if typed := ben.Value("E-mail addresses"); typed != "too-late@new.example" {
				t.Errorf("what was typed is %q now", typed)
			}
		}
		if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = 'too-late@new.example'`); n != 0 {
			t.Error("it was done all the same")
		}

		// The person was removed: the tab says so and shows where they may go. C092
		cem.Open("/orgs/acme/members")
		ann.actOn("Cem Member", "Remove from Acme")
		ann.Press("Remove Cem Member")
		ann.See("Removed Cem Member.")
		cem.Fill("Search members by name or e-mail", "ann")
		if !script {
			cem.Press("Apply")
		}
		cem.See("You no longer have access to Acme")
		ben.Open("/orgs/acme")
		ann.Open("/orgs/acme/members")
		ann.actOn("Ben Admin", "Remove from Acme")
		ann.Press("Remove Ben Admin")
		ann.See("Removed Ben Admin.")
		ben.Reload()
		ben.Status(http.StatusNotFound)
		ben.See("You no longer have access to Acme", "Your organizations", "Ben's Own", "You are logged in as ben@acme.example")

		// Logged out elsewhere: the form is sent again after logging in.
		vic := s.enter(t, "Vic Viewer", w.Vic.Email, script)
		vic.Open("/orgs/new")
		vic.Fill("Organization name", "Vic's Vineyard")
		other := vic.tab()
		other.Open("/orgs/acme")
		other.logOut()
		vic.Press("Create organization")
		vic.See("You are logged out")
		other.Open("/login")
		other.logIn(rostertest.Password)
		vic.Press("Send again")
		vic.See("Vic's Vineyard is ready. You are its owner.")

		// Somebody else is logged in in the same browser.
		gus := s.enter(t, "Gus Guest", w.Gus.Email, script)
		gus.Open("/account/appearance")
		other = gus.tab()
		other.Open("/orgs/acme")
		other.logOut()
		other.Open("/login")
		other.email = w.Zoe.Email
		other.logIn(rostertest.Password)
		other.At("/orgs/other")
		gus.Tick("Dark")
		gus.Press("Save appearance")
		gus.Status(http.StatusConflict)
		gus.See("You are now logged in as Zoe Elsewhere. This page was opened by Gus Guest. Nothing was changed.")
		if n := w.Count(t, `SELECT count(*) FROM roster.users WHERE theme = 'dark'`); n != 0 {
			t.Error("it was changed all the same")
		}
	})
}

// Another address is logged in than the one that was invited: both are named, and each of the three ways on
// works; the link outlives the log-out. C053
func TestInvitedWithAnotherAddress(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		s := serveWorld(t, w)
		w.Invite(t, w.Ann, rostertest.Acme, w.Zoe.Email, role.Member)
		at := path(t, linkIn(t, s.letter(t, w.Zoe.Email, "invited you"), "/invitations/"))
		anHourLater(t, w) // Ann was told of everybody who joined
		zed := w.Person(t, "Zed Other", "zed@other.example")
		p := s.enter(t, "Zed Other", zed.Email, script)
		p.Open(at)
		p.See("You are logged in with another address", "The invitation is for zoe@other.example, and you are logged in as zed@other.example.")
		p.Follow("Stay logged in and decide later")
		p.At("/welcome")
		p.Open(at)
		p.Press("Ask Ann Owner to invite zed@other.example")
		p.See("Ann Owner was asked today")
		if m := s.letter(t, w.Ann.Email, "asks for a new invitation to Acme"); !strings.Contains(m.Text, "zed@other.example") {
			t.Errorf("the letter does not say for whom: %s", m.Text)
		}
		p.Press("Log out and continue as zoe@other.example")
		p.At(at)
		p.Follow("Log in as zoe@other.example to join")
		p.email = w.Zoe.Email
		p.logIn(rostertest.Password)
		p.At(at)
		p.Press("Join Acme")
		p.See("You joined Acme as a Member.")
	})
}

// A copied link proves nothing about the address: who has no account signs up and confirms it, and comes back to
// the invitation, which has outlived all of that. O31
func TestInvitationSurvivesSignUp(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		s := serveWorld(t, w)
		ann := s.enter(t, "Ann Owner", w.Ann.Email, script)
		ann.Open("/orgs/acme/invitations")
		ann.Fill("E-mail addresses", "nadia@new.example")
		ann.Press("Invite people")
		ann.SeeIn("nadia@new.example", "Pending")
		ann.menu("nadia@new.example")
		ann.Press("Make a link to copy")
		ann.See("Copy it now. It is not shown again.")
		copied := path(t, ann.Value("Link"))
		ann.Open("/orgs/acme/invitations")
		ann.NotSee(copied)

		nadia := s.person(t, "Nadia Newcomer", "nadia@new.example", browsertest.Options{Script: script})
		nadia.Open(copied)
		nadia.See("This link was handed to you.")
		nadia.Follow("Sign up as nadia@new.example")
		nadia.Fill("Your name", nadia.name)
		if filled := nadia.Value("E-mail"); filled != nadia.email {
			t.Errorf("the address is not filled in, but %q", filled)
		}
		nadia.Fill("Password", password)
		nadia.Press("Create account")
		nadia.Open(linkIn(t, s.letter(t, nadia.email, "Confirm"), "/signup/confirm/"))
		nadia.Press("Confirm nadia@new.example")
		nadia.At(copied)
		nadia.Press("Join Acme")
		nadia.See("You joined Acme as a Member.")
	})
}

// nasty are names that do something wherever they are taken for anything but words.
var nasty = []string{
	`<script>document.title='owned'</script>`, `"><img src=x onerror=alert(1)>`, `' onfocus='alert(1)' autofocus='`, `</title><svg onload=alert(1)>`,
	`javascript:alert(1)//`, `{{constructor.constructor('alert(1)')()}}`, `<a hx-get="/logout" hx-trigger="load">x</a>`, `&lt;b&gt;&amp;`, `${7*7} <%= 7*7 %>`,
}

// Whatever is in a name stands there as it was typed, and does nothing: no script runs, no image is asked
// for, nothing reaches the policy. I94 C174
func TestNamesAreOnlyWords(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		for i, name := range nasty {
			who := w.Person(t, name, fmt.Sprintf("nasty%d@acme.example", i))
			w.Join(t, w.Ann, rostertest.Acme, who, role.Member)
		}
		evil := w.Person(t, nasty[0], "evil@acme.example")
		w.Found(t, evil, nasty[1], "evil")
		w.Invite(t, evil, "evil", w.Ann.Email, role.Admin)
		w.SQL(t, `UPDATE roster.invitations SET message = $1 WHERE email_norm = $2`, nasty[0]+"\n"+nasty[1], w.Ann.Email)
		s := serveWorld(t, w)
		ann := s.enter(t, "Ann Owner", w.Ann.Email, script)

		ann.Open("/orgs/acme/members")
		ann.See(nasty...)
		ann.Title("Members · Acme · Roster")
		for i, name := range nasty {
			ann.Open("/orgs/acme/members")
			ann.Follow(name)
			ann.Title(name + " · Members · Acme · Roster")
			ann.See("nasty"+fmt.Sprint(i)+"@acme.example", name+" joined by a copied link")
			if i < 2 {
				ann.Follow("Suspend")
				ann.See("Suspend " + name + "?")
				ann.Press("Suspend " + name)
				ann.See("Suspended")
				ann.Open("/orgs/acme/members")
				ann.setRole(name, "Viewer")
				if script {
					ann.Hear(name + " is now Viewer")
				} else {
					ann.See(name + " is now Viewer.")
				}
				ann.actOn(name, "Remove from Acme")
				ann.Press("Remove " + name)
				ann.See("Removed " + name + ".")
			}
		}
		ann.Open("/orgs/acme/members?q=" + "%22%3E%3Cimg+src%3Dx%3E")
		ann.See(`No member matches “"><img src=x>”`)
		ann.Open("/orgs/acme")
		ann.See(nasty[0], nasty[1])
		ann.Press("Acme Owner, switch organization")
		ann.See(nasty[1] + " invited you")
		ann.Follow("Review the invitation of " + nasty[1])
		ann.See("Join "+nasty[1]+" as an Admin", nasty[0]+" (evil@acme.example) invited ann@acme.example", nasty[0]+" "+nasty[1])
		ann.Press("Join " + nasty[1])
		ann.See("You joined " + nasty[1] + " as an Admin.")
		ann.Title("Overview · " + nasty[1] + " · Roster")
		ann.Open("/login?next=%2Fx%22%3E%3Cscript%3E&email=%22%3E%3Cscript%3E")
		for _, m := range s.letters.All() {
			if strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, "<img") {
				t.Errorf("the letter %q carries more than words", m.Subject)
			}
		}
	})
}

// What is wrong is said beside the field, in a sentence, and what was typed stays.
func TestWhatWasTypedStays(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		s := serveWorld(t, w)
		long := strings.Repeat("Long ", 2000) // 10,000 characters
		kept := func(p *person, label, want string) {
			t.Helper()
			if got := p.Value(label); strings.TrimSpace(got) != strings.TrimSpace(want) {
				t.Errorf("%s: %d characters are %d now", label, len(want), len(got))
			}
		}
		new := s.person(t, "Nadia Newcomer", "nadia@new.example", browsertest.Options{Script: script})
		new.Open("/signup")
		new.Force("Your name", long)
		new.Fill("E-mail", new.email)
		new.Fill("Password", password)
		new.Press("Create account")
		new.See("There is a problem", "100 characters")
		kept(new, "Your name", long)
		kept(new, "E-mail", new.email)
		new.Force("E-mail", "two words@nowhere")
		new.Fill("Your name", new.name)
		new.Fill("Password", "passwordpassword")
		new.Press("Create account")
		new.See("There is a problem")
		kept(new, "E-mail", "two words@nowhere")

		ann := s.enter(t, "Ann Owner", w.Ann.Email, script)
		ann.Open("/orgs/new")
		ann.Force("Organization name", long)
		ann.Force("Address", "Раураl") // letters that look like others
		ann.Press("Create organization")
		ann.See("There is a problem", "64 characters")
		kept(ann, "Organization name", long)
		kept(ann, "Address", "Раураl")
		ann.Open("/orgs/acme/invitations")
		ann.MayAsk()
		ann.Fill("E-mail addresses", "one@new.example")
		ann.Press("Add a personal message")
		ann.Fill("Message", "Look at https://example.com/prize")
		ann.Press("Invite people")
		ann.See("There is a problem", "Leave web addresses out of the message")
		kept(ann, "E-mail addresses", "one@new.example")
		kept(ann, "Message", "Look at https://example.com/prize")
		ann.Force("Message", long)
		ann.Press("Invite people")
		ann.See("There is a problem", "500 characters")
		kept(ann, "Message", long)
		if ann.Asked() {
			t.Error("sending a form asks whether to leave it")
		}
		ann.Follow("Overview")
		ann.At("/orgs/acme")
		if script && !ann.Asked() {
			t.Error("leaving what is not saved asks nothing")
		}
	})
}

// A mail scanner opens every link of a letter with HEAD, with GET, and in a browser that runs scripts and
// presses the first button it sees. Afterwards the person does what the letter is for. C052
func TestScannersUseNothingUp(t *testing.T) {
	t.Parallel()
	browsertest.Start(t)
	w := rostertest.New(t)
	s := serveWorld(t, w)
	w.Invite(t, w.Ann, rostertest.Acme, "nadia@new.example", role.Member)
	w.Invite(t, w.Ann, rostertest.Acme, w.Zoe.Email, role.Viewer)

	letter := s.letter(t, "nadia@new.example", "invited you")
	s.scan(t, letter)
	nadia := s.person(t, "Nadia Newcomer", "nadia@new.example", browsertest.Options{Script: true})
	nadia.Open(linkIn(t, letter, "/invitations/"))
	nadia.Fill("Your name", nadia.name)
	nadia.Fill("Password", password)
	nadia.Press("Create account and join")
	nadia.See("You joined Acme as a Member.")

	letter = s.letter(t, w.Zoe.Email, "invited you")
	s.scan(t, letter)
	zoe := s.enter(t, "Zoe Elsewhere", w.Zoe.Email, true)
	zoe.Open(linkIn(t, letter, "/invitations/"))
	zoe.Press("Join Acme")
	zoe.See("You joined Acme as a Viewer.")
	if n := w.Count(t, `SELECT count(*) FROM roster.invitation_blocks`); n != 0 {
		t.Error("a scanner kept an organization from inviting somebody")
	}

	cora := s.person(t, "Cora Confirming", "cora@new.example", browsertest.Options{Script: true})
	cora.Open("/signup")
	cora.Fill("Your name", cora.name)
	cora.Fill("E-mail", cora.email)
	cora.Fill("Password", password)
	cora.Press("Create account")
	letter = s.letter(t, cora.email, "Confirm")
	s.scan(t, letter)
	cora.Open(linkIn(t, letter, "/signup/confirm/"))
	cora.Press("Confirm cora@new.example")
	cora.At("/welcome")

	cora.Open("/orgs")
	cora.logOut()
	cora.Open("/forgot")
	cora.Fill("E-mail", cora.email)
	cora.Press("Send the link")
	letter = s.letter(t, cora.email, "Choose a new password")
	s.scan(t, letter)
	cora.Open(linkIn(t, letter, "/reset/"))
	cora.Fill("New password", "a second lantern, further out")
	cora.Press("Save the new password")
	cora.See("Your password is changed")
}

// scan does what mail scanners do with every link of a letter.
func (s *site) scan(t *testing.T, letter mailtest.Message) {
	t.Helper()
	if len(letter.Links) == 0 {
		t.Fatalf("the letter %q has no links", letter.Subject)
	}
	for _, link := range letter.Links {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet} {
			request, err := http.NewRequest(method, link, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
		}
		p := s.person(t, "", "", browsertest.Options{Script: true})
		p.Open(link)
		if buttons := p.Buttons(); len(buttons) > 0 {
			p.Press(buttons[0])
		}
		p.Open(link)
		for _, button := range p.Buttons() { // and one that takes the first for a toy
			if !strings.HasPrefix(button, "Show ") {
				p.Press(button)
				break
			}
		}
	}
}
