package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/role"
	"roster/internal/rostertest"
	"roster/views/paths"
)

const lin = "lin@acme.example"

// mailed invites an address and answers with the invitation and the token that was mailed.
func (s *site) mailed(by account.Person, email string, as role.Role) (id, token string) {
	s.t.Helper()
	id = s.Invite(s.t, by, rostertest.Acme, email, as)
	tokens := s.Tokens(s.t, mail.KindInvitation, email)
	return id, tokens[len(tokens)-1]
}

// roles are those of a person in an organization, as the database has them; nil if they are not in it.
func (s *site) roles(person account.Person, slug string) []role.Role {
	s.t.Helper()
	entry, err := s.Roster.Enter(s.t.Context(), person, slug, rostertest.Trace())
	if err != nil {
		return nil
	}
	return entry.Actor.Roles()
}

// TestJoining is one press for somebody logged in with the invited address; a second press and a second tab land inside.
// C063 I55
func TestJoining(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "Mara@acme.example")
	_, token := s.mailed(s.Ann, "mara@ACME.example", role.Viewer)
	b := s.as(mara)
	page := b.get(paths.Offer(token)).says(200, "Join Acme as a Viewer", "Ann Owner (ann@acme.example) invited mara@ACME.example on", "The invitation is open until",
		"Mara Lindqvist mara@ACME.example, the invited address Matches", "You can "+role.Viewer.Explain(),
		"Its admins see your name, e-mail address and activity in Acme", "They see nothing of your other organizations", "Report this invitation", "Decline")
	form := page.form(paths.Accept(token))
	before := b.cookie()
	in := b.follow(b.post(paths.Accept(token), form).leads("/orgs/acme"))
	in.says(200, "You joined Acme as a Viewer.")
	if b.cookie() == before {
		t.Error("joining does not renew the session")
	}
	b.get("/").leads("/orgs/acme")
	b.follow(b.post(paths.Accept(token), form).leads("/orgs/acme")).says(200, "You joined Acme as a Viewer.") // the same press
	b.follow(b.post(paths.Accept(token), nil).leads("/orgs/acme")).says(200, "You are already a member of Acme. Your role stays.")
	b.follow(b.get(paths.Offer(token)).leads("/orgs/acme")).says(200, "You are already a member of Acme.")
	if got := s.roles(mara, rostertest.Acme); !slices.Equal(got, []role.Role{role.Viewer}) {
		t.Errorf("the roles are %v", got)
	}
	s.visitor().get(paths.Offer(token)).says(200, "This invitation was already used.", "Log in")
	s.as(s.Zoe).get(paths.Offer(token)).says(200, "This invitation was already used.")
}

// TestLookingUsesNothingUp: scanners open every link, often; then the invitee joins. I53
func TestLookingUsesNothingUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	_, token := s.mailed(s.Ann, mara.Email, role.Member)
	scanner := s.visitor()
	before := s.Count(t, "SELECT count(*) FROM roster.audit_events")
	for range 25 {
		for _, path := range []string{paths.Offer(token), paths.Report(token)} {
			scanner.send(http.MethodGet, path, nil, []string{"User-Agent", "Mozilla/5.0 (compatible; MailScanner)"}).says(200)
			if p := scanner.send(http.MethodHead, path, nil, nil); p.status != 200 || p.raw != "" {
				t.Fatalf("HEAD %s: status %d, %d bytes", path, p.status, len(p.raw))
			}
		}
		scanner.get(paths.Accept(token)).says(405)
		scanner.get(paths.Decline(token)).says(405)
	}
	if after := s.Count(t, "SELECT count(*) FROM roster.audit_events"); after != before {
		t.Error("looking is in the log")
	}
	b := s.as(mara)
	b.post(paths.Accept(token), nil).leads("/orgs/acme")
}

// TestTheTokenAloneDecides organization, role and address, whatever else is posted. I56
func TestTheTokenAloneDecides(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	_, token := s.mailed(s.Ann, mara.Email, role.Guest)
	s.as(mara).post(paths.Accept(token), url.Values{"role": {"owner"}, "roles": {"admin"}, "org": {"other"}, "email": {"zoe@other.example"}}).leads("/orgs/acme")
	if got := s.roles(mara, rostertest.Acme); !slices.Equal(got, []role.Role{role.Guest}) {
		t.Errorf("the roles are %v", got)
	}
	if got := s.roles(mara, rostertest.Other); got != nil {
		t.Errorf("they are in Other too: %v", got)
	}
	_, token = s.mailed(s.Ann, lin, role.Guest)
	s.visitor().post(paths.Accept(token), url.Values{"name": {"Lin Zhao"}, "password": {rostertest.Password}, "email": {"zoe@other.example"}, "role": {"owner"}}).leads("/orgs/acme")
	if n := s.Count(t, "SELECT count(*) FROM roster.users WHERE email_norm = $1", lin); n != 1 {
		t.Errorf("%d accounts have the invited address", n)
	}
}

// TestManyPressesAtOnce make one membership. I54
func TestManyPressesAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	_, token := s.mailed(s.Ann, mara.Email, role.Member)
	browsers := make([]*browser, 5)
	for i := range browsers {
		browsers[i] = s.as(mara)
	}
	s.ready(20)
	rostertest.Together(20, func(i int) {
		browsers[i%len(browsers)].post(paths.Accept(token), nil).leads("/orgs/acme")
	})
	if n := s.Count(t, "SELECT count(*) FROM roster.audit_events WHERE event = 'membership.joined' AND subject_name = 'Mara Lindqvist'"); n != 1 {
		t.Errorf("%d joinings are in the log, want 1", n)
	}
}

// TestAnotherAddress has three ways on, and joining is none of them. I55
func TestAnotherAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.mailed(s.Ann, lin, role.Member)
	b := s.as(s.Zoe)
	page := b.get(paths.Offer(token)).says(200, "You are logged in with another address", "The invitation is for lin@acme.example, and you are logged in as zoe@other.example.",
		"Log out and continue as lin@acme.example", "Ask Ann Owner to invite zoe@other.example", "Stay logged in and decide later", "Acme lets only the invited address join.")
	if len(page.all("form", "action", paths.Accept(token))) != 0 {
		t.Error("it offers to join")
	}
	b.post(paths.Accept(token), nil).says(409, "This invitation has changed since you opened it. Nothing was done.", "You are logged in with another address")
	b.post(paths.Decline(token), nil).says(409)
	if got := s.roles(s.Zoe, rostertest.Acme); got != nil {
		t.Errorf("Zoe joined: %v", got)
	}

	b.follow(b.post(paths.Renew(token), page.form(paths.Renew(token))).leads(paths.Offer(token))).says(200, "Ann Owner was asked today")
	if n := s.letters(mail.KindInvitationAskedAgain); n != 1 {
		t.Errorf("%d letters ask, want 1", n)
	}

	out := fields(page.id("log-out-and-continue").Parent)
	b.follow(b.post(paths.LogOut, out).leads(paths.Offer(token))).says(200, "Join Acme as a Member", "Create account and join")
}

// letters counts those of a kind that wait to be sent.
func (s *site) letters(kind mail.Kind) int {
	s.t.Helper()
	return s.Count(s.t, "SELECT count(*) FROM river.river_job WHERE kind = 'letter' AND args->>'letter' = $1", string(kind))
}

// TestAMailedLinkKnowsItsAddress: with an account it leads to the log-in and back, without one it makes one. N37 O31
func TestAMailedLinkKnowsItsAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	_, token := s.mailed(s.Ann, mara.Email, role.Member)
	b := s.visitor()
	page := b.get(paths.Offer(token)).says(200, "Log in as mara@acme.example to join")
	href, _ := attribute(page.id("log-in"), "href")
	if want := paths.With(paths.LogIn, "next", paths.Offer(token), "email", mara.Email); href != want {
		t.Errorf("it leads to %q, want %q", href, want)
	}
	b.post(paths.Accept(token), url.Values{"name": {"Mallory"}, "password": {"a password of some length"}}).says(409, "This invitation has changed since you opened it.", "Log in as mara@acme.example to join")
	if n := s.Count(t, "SELECT count(*) FROM roster.users WHERE email_norm = $1", mara.EmailNorm); n != 1 {
		t.Errorf("%d accounts have the address", n)
	}
	b.post(paths.Decline(token), nil).says(401)

	_, token = s.mailed(s.Ann, lin, role.Member)
	page = b.get(paths.Offer(token)).says(200, "Join Acme as a Member", "Create account and join", "The invited address. It cannot be changed here.")
	if page.value("email") != lin {
		t.Errorf("the address is %q", page.value("email"))
	}
	form := page.form(paths.Accept(token))
	for _, c := range []struct{ what, name, password, field, words string }{
		{"no name", " ", rostertest.Password, "name", "Enter your name"},
		{"a short password", "Lin Zhao", "x9-Qq?", "password", "12"},
		{"a common password", "Lin Zhao", "password1234", "password", ""},
	} {
		form.Set("name", c.name)
		form.Set("password", c.password)
		p := b.post(paths.Accept(token), form).says(422, "There is a problem", c.words)
		if wrong, _ := attribute(p.id(c.field), "aria-invalid"); wrong != "true" {
			t.Errorf("%s: %s is not marked as wrong", c.what, c.field)
		}
		if strings.Contains(p.raw, c.password) {
			t.Errorf("%s: the password comes back", c.what)
		}
		if title := words(p.all("title", "", "")[0]); !strings.HasPrefix(title, "Error: Join Acme") {
			t.Errorf("%s: the title is %q", c.what, title)
		}
	}
	form.Set("name", "Lin Zhao")
	form.Set("password", "seven lamps in a quiet room")
	b.follow(b.post(paths.Accept(token), form).leads("/orgs/acme")).says(200, "You joined Acme as a Member.", "Lin Zhao")
	b.get("/").leads("/orgs/acme")

	// Pressed again where nobody is logged in, it leads to the log-in and makes nothing.
	s.visitor().post(paths.Accept(token), form).says(409, "This invitation was already used.")
	if n := s.Count(t, "SELECT count(*) FROM roster.users WHERE email_norm = $1", lin); n != 1 {
		t.Errorf("%d accounts have the address", n)
	}
}

// code is the last one that was mailed to an address.
func (s *site) code(email string) string {
	s.t.Helper()
	codes := s.Tokens(s.t, mail.KindAddressCode, email)
	if len(codes) == 0 {
		s.t.Fatalf("no code was mailed to %s", email)
	}
	return codes[len(codes)-1]
}

// wrong is another code than this one.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// TestAForwardedInvitationMakesNoAdmin: whoever was forwarded the letter makes an account in the invited name, and is
// nobody in the organization until a code that is mailed to the address confirms it.
func TestAForwardedInvitationMakesNoAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.mailed(s.Ann, lin, role.Admin)
	b := s.visitor()
	form := b.get(paths.Offer(token)).says(200, "As an Admin you would manage people, and an invitation may have been forwarded.", "by a code that we send to lin@acme.example").form(paths.Accept(token))
	form.Set("name", "Mallory")
	form.Set("password", "seven lamps in a quiet room")
	page := b.follow(b.post(paths.Accept(token), form).leads(paths.Offer(token))).says(200, "Join Acme as an Admin", "we sent a code of six digits to lin@acme.example")
	b.get(paths.Org(rostertest.Acme)).says(404)
	if n := s.letters(mail.KindAddressCode); n != 1 {
		t.Fatalf("%d codes were mailed, want 1", n)
	}

	// What a page of the role Member would post joins nobody.
	b.post(paths.Accept(token), nil).says(409, "This invitation has changed since you opened it. Nothing was done.")
	for given, words := range map[string]string{
		"":                    "Enter the six digits of the code",
		"12345":               "Enter the six digits of the code",
		wrong(s.code(lin)):    "This is not the code that we sent last",
		"' OR 1=1 --":         "Enter the six digits of the code",
		s.code(lin) + "1":     "Enter the six digits of the code",
		"<b>" + "12" + "</b>": "Enter the six digits of the code",
	} {
		p := b.post(paths.Accept(token), url.Values{"code": {given}}).says(422, "There is a problem", words)
		if mark, _ := attribute(p.id("code"), "aria-invalid"); mark != "true" {
			t.Errorf("%q: the field is not marked as wrong", given)
		}
	}
	if n := s.Count(t, "SELECT count(*) FROM roster.memberships m JOIN roster.users u ON u.id = m.user_id WHERE u.email_norm = $1", lin); n != 0 {
		t.Fatal("they are in Acme without a code")
	}

	// The mailbox's owner has it, and the press joins at once, however the code was copied.
	form = page.form(paths.Accept(token))
	code := s.code(lin)
	form.Set("code", " "+code[:3]+" "+code[3:]+" ")
	form.Del("send")
	b.follow(b.post(paths.Accept(token), form).leads("/orgs/acme")).says(200, "You joined Acme as an Admin.")
	b.post(paths.Accept(token), url.Values{"code": {code}}).says(409) // once
}

// TestACodeIsAskedForWhereALinkIsNotEnough: for roles from Admin up, wherever the organization asks for it, for the
// address alone and for a copied link; not for an account whose address is confirmed.
func TestACodeIsAskedForWhereALinkIsNotEnough(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what      string
		as        role.Role
		asks      bool   // the organization asks for it
		by        string // which link
		confirmed bool
		want      bool
	}{
		{what: "a Member by a mailed link", as: role.Member, by: "mailed"},
		{what: "an Admin by a mailed link", as: role.Admin, by: "mailed", want: true},
		{what: "a Guest where the organization asks", as: role.Guest, asks: true, by: "mailed", want: true},
		{what: "a Member by the address alone", as: role.Member, by: "id", want: true},
		{what: "a Member by a copied link", as: role.Member, by: "copied", want: true},
		{what: "an Admin with a confirmed address", as: role.Admin, by: "mailed", confirmed: true},
		{what: "a Guest with a confirmed address where the organization asks", as: role.Guest, asks: true, by: "id", confirmed: true},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.SQL(t, "UPDATE roster.organizations SET confirm_addresses = $1 WHERE slug = 'acme'", c.asks)
			create := s.Accounts.CreateInvited
			if c.confirmed {
				create = s.Accounts.CreateConfirmed
			}
			login, err := create(t.Context(), account.NewAccount{Name: "Lin Zhao", Email: lin, Password: rostertest.Password}, rostertest.Trace())
			if err != nil {
				t.Fatal(err)
			}
			id, token := s.mailed(s.Ann, lin, c.as)
			switch c.by {
			case "id":
				token = id
			case "copied":
				token = s.Link(t, s.Ann, rostertest.Acme, id)
			}
			b := s.as(login.Person)
			if !c.want {
				b.get(paths.Offer(token)).says(200, "Matches")
				b.post(paths.Accept(token), nil).leads("/orgs/acme")
				return
			}
			page := b.get(paths.Offer(token)).says(200, "confirm your address first")
			b.post(paths.Accept(token), nil).says(409)
			b.follow(b.post(paths.Accept(token), page.form(paths.Accept(token))).leads(paths.Offer(token))).says(200, "we sent a code")
			b.post(paths.Accept(token), url.Values{"code": {s.code(lin)}}).leads("/orgs/acme")
			if got := s.roles(login.Person, rostertest.Acme); !slices.Equal(got, []role.Role{c.as}) {
				t.Errorf("the roles are %v", got)
			}
		})
	}
}

// TestAnAccountMadeMeanwhile logs in and joins: the invitation waits. O31
func TestAnAccountMadeMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.mailed(s.Ann, lin, role.Member)
	b := s.visitor()
	form := b.get(paths.Offer(token)).form(paths.Accept(token))
	form.Set("name", "Lin Zhao")
	form.Set("password", rostertest.Password)
	if _, err := s.Accounts.CreateConfirmed(t.Context(), account.NewAccount{Name: "Lin Zhao", Email: lin, Password: rostertest.Password}, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	b.post(paths.Accept(token), form).says(409, "Log in as lin@acme.example to join")
	login, err := s.Accounts.LogIn(t.Context(), lin, rostertest.Password, rostertest.Trace())
	if err != nil {
		t.Fatal(err)
	}
	b = s.as(login.Person)
	b.post(paths.Accept(token), b.get(paths.Offer(token)).form(paths.Accept(token))).leads("/orgs/acme")
}

// TestACopiedLinkTellsNothing about accounts, and proves no address.
func TestACopiedLinkTellsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var said []string
	for _, email := range []string{lin, s.Person(t, "Mara Lindqvist", "zia@acme.example").Email} {
		link := s.Link(t, s.Ann, rostertest.Acme, s.Invite(t, s.Ann, rostertest.Acme, email, role.Member))
		p := s.visitor().get(paths.Offer(link)).says(200, "Join Acme as a Member", "Log in as "+email, "Sign up as "+email)
		said = append(said, strings.ReplaceAll(p.text(), email, "…"))
		s.visitor().post(paths.Accept(link), url.Values{"name": {"Mallory"}, "password": {rostertest.Password}}).says(409)
	}
	if said[0] != said[1] {
		t.Errorf("with an account it says\n%s\nwithout\n%s", said[1], said[0])
	}
	if n := s.Count(t, "SELECT count(*) FROM roster.users WHERE email_norm = $1", lin); n != 0 {
		t.Error("a copied link made an account")
	}
}

// TestAHandedOverLink proves the address where there is no mail server, for a new account and for one that exists. C049
func TestAHandedOverLink(t *testing.T) {
	t.Parallel()
	s := noMailSite(t)
	for _, email := range []string{lin, s.Person(t, "Mara Lindqvist", "mara@acme.example").Email} {
		link := s.Link(t, s.Ann, rostertest.Acme, s.Invite(t, s.Ann, rostertest.Acme, email, role.Member))
		b := s.visitor()
		form := b.get(paths.Offer(link)).says(200, "Create account and join", "Log in as "+email).form(paths.Accept(link))
		form.Set("name", "Lin Zhao")
		form.Set("password", rostertest.Password)
		p := b.post(paths.Accept(link), form)
		if email == lin {
			b.follow(p.leads("/orgs/acme")).says(200, "You joined Acme as a Member.")
		} else {
			p.says(409, "Log in as "+email)
		}
	}
	if n := s.Count(t, "SELECT count(*) FROM roster.audit_events WHERE event = 'membership.joined' AND (after->>'handed_over')::boolean AND subject_name = 'Lin Zhao'"); n != 1 {
		t.Errorf("%d entries say that the link was handed over, want 1", n)
	}
}

// TestSituationsThatAreOver say what happened in the words of the guide, and nothing in them changes anything. I58
func TestSituationsThatAreOver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id, token := s.mailed(s.Ann, lin, role.Member)
	b := s.visitor()
	for _, c := range []struct{ what, set, words, not string }{
		{"withdrawn", "state = 'revoked', decided_at = now()", "This invitation was withdrawn. If you think that is a mistake, ask the person who invited you.", "Ann"},
		{"used", "state = 'accepted', decided_at = now(), accepted_by = invited_by", "This invitation was already used. Log in", lin},
		{"expired", "expires_at = '2026-03-09 10:00Z'", "This invitation was open until 9 Mar 2026. Ask Ann Owner for a new one", "Create"},
	} {
		t.Run(c.what, func(t *testing.T) {
			s.setInvitation(id, c.set)
			p := b.get(paths.Offer(token)).says(200, c.words)
			if strings.Contains(p.text(), c.not) {
				t.Errorf("it says %q", c.not)
			}
			b.post(paths.Accept(token), url.Values{"name": {"Lin Zhao"}, "password": {rostertest.Password}}).says(409, c.words)
			s.setInvitation(id, "state = 'open', decided_at = NULL, accepted_by = NULL, expires_at = now() + interval '1 day'")
		})
	}
	if n := s.Count(t, "SELECT count(*) FROM roster.users WHERE email_norm = $1", lin); n != 0 {
		t.Error("an account was made")
	}

	s.setInvitation(id, "expires_at = now() - interval '1 minute'")
	form := b.get(paths.Offer(token)).form(paths.Renew(token))
	for range 2 {
		b.follow(b.post(paths.Renew(token), form).leads(paths.Offer(token))).says(200, "Ann Owner was asked for a new one. You get an e-mail when it is sent.")
	}
	if n := s.letters(mail.KindInvitationAskedAgain); n != 1 {
		t.Errorf("%d letters ask, want 1", n)
	}
	s.setInvitation(id, "state = 'revoked', decided_at = now()")
	b.post(paths.Renew(token), form).leads(paths.Offer(token)) // C073: one can ask here too, and was heard today
	if n := s.letters(mail.KindInvitationAskedAgain); n != 1 {
		t.Errorf("%d letters ask after it was revoked, want 1", n)
	}
}

// TestLinksThatLeadNowhereLookAlike: damaged, made up, of another organization, or no token at all. I58
func TestLinksThatLeadNowhereLookAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.mailed(s.Ann, lin, role.Member)
	other := "A"
	if strings.HasSuffix(token[:40], "A") {
		other = "B"
	}
	b := s.visitor()
	var first string
	for _, bad := range []string{"x", token + "A", token[:63], token[:39] + other + token[40:], strings.Repeat("A", 64), strings.Repeat("x", 1000), "%00", "%2F", "org_01h2xcejqtf2nbrexx3vqjhp41"} {
		p := b.get(paths.InvitesStart + bad)
		if strings.HasPrefix(bad, "%") { // refused before any handler
			p.says(400)
			continue
		}
		p.says(404, "This link does not work. Copy the whole address from the e-mail, or ask for a new invitation.")
		text := p.text()
		if first == "" {
			first = text
		}
		if text != first {
			t.Errorf("%s says something else: %s", bad, text)
		}
		for _, act := range []string{"/accept", "/renew", "/report"} {
			b.post(paths.InvitesStart+bad+act, nil).says(404, "This link does not work.")
		}
		b.get(paths.InvitesStart+bad+"/report").says(404, "This link does not work.")
	}
}

// TestDecliningAndJoiningAfterAll: no is not for ever, unless they say so.
func TestDecliningAndJoiningAfterAll(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	_, token := s.mailed(s.Ann, mara.Email, role.Member)
	b := s.as(mara)
	decline := b.get(paths.Offer(token)).form(paths.Decline(token))
	if decline.Has("block") {
		t.Error("the box is ticked")
	}
	declined := b.follow(b.post(paths.Decline(token), decline).leads(paths.Offer(token))).says(200, "You declined this on", "Join after all")
	b.post(paths.Decline(token), decline).leads(paths.Offer(token)) // pressed twice
	b.follow(b.post(paths.Accept(token), declined.form(paths.Accept(token))).leads("/orgs/acme")).says(200, "You joined Acme as a Member.")

	zia := s.Person(t, "Zia", "zia@acme.example")
	_, token = s.mailed(s.Ann, zia.Email, role.Member)
	b = s.as(zia)
	form := b.get(paths.Offer(token)).says(200, "Do not invite me to Acme again").form(paths.Decline(token))
	form.Set("block", "on")
	b.post(paths.Decline(token), form).leads(paths.Offer(token))
	ann := s.as(s.Ann)
	ann.post(acmeInvitations, ann.inviteForm(zia.Email)).says(422, "This person asked not to be invited here.")
}

// TestReporting works for whoever holds the link, asks first, and stops the organization. C050
func TestReporting(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id, token := s.mailed(s.Ann, lin, role.Member)
	b := s.visitor()
	page := b.get(paths.Report(token)).says(200, "Report this invitation?", "Acme can no longer invite lin@acme.example.", "Keep it")
	if i := s.invitation(id); i.State != "open" {
		t.Fatal("looking declined it")
	}
	b.post(paths.Report(token), page.form(paths.Report(token))).says(422, "Tick the box to report it. Nothing was changed.") // a mail scanner's press
	if i := s.invitation(id); i.State != "open" {
		t.Fatal("a press without the tick declined it")
	}
	form := page.form(paths.Report(token))
	form.Set("unexpected", "on")
	b.post(paths.Report(token), form).says(200, "You will not be invited again", "Acme can no longer invite lin@acme.example.")
	b.post(paths.Report(token), form).says(200, "You will not be invited again")
	if i := s.invitation(id); i.State != "declined" {
		t.Errorf("it is %s", i.State)
	}
	ann := s.as(s.Ann)
	ann.post(acmeInvitations, ann.inviteForm(lin)).says(422, "This person asked not to be invited here.")
}

// TestAnInvitationByItsID is for the person whose address it names, and for nobody else. I12
func TestAnInvitationByItsID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	id := s.Invite(t, s.Ann, rostertest.Acme, mara.Email, role.Member)
	s.as(s.Zoe).get(paths.Offer(id)).says(404, "This link does not work.")
	s.as(s.Zoe).post(paths.Accept(id), nil).says(404, "This link does not work.")
	s.as(s.Ann).post(paths.Report(id), url.Values{"unexpected": {"on"}}).says(404)
	v := s.visitor()
	v.get(paths.Offer(id)).leads(paths.LogInThen(paths.Offer(id)))
	v.post(paths.Accept(id), nil).says(401)
	v.post(paths.Report(id), nil).says(401)
	v.post(paths.Renew(id), nil).says(401)

	b := s.as(mara)
	page := b.get(paths.Offer(id)).says(200, "Join Acme as a Member", "Matches")
	b.follow(b.post(paths.Accept(id), page.form(paths.Accept(id))).leads("/orgs/acme")).says(200, "You joined Acme as a Member.")

	zia := s.Person(t, "Zia", "zia@acme.example")
	id = s.Invite(t, s.Ann, rostertest.Acme, zia.Email, role.Member)
	b = s.as(zia)
	form := b.get(paths.Report(id)).form(paths.Report(id))
	form.Set("unexpected", "on")
	b.post(paths.Report(id), form).says(200, "You will not be invited again")
	if i := s.invitation(id); i.State != "declined" {
		t.Errorf("it is %s", i.State)
	}
}

// TestWhoIsAMemberAlready keeps their role, and a suspended one stays out. I61
func TestWhoIsAMemberAlready(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id, token := s.mailed(s.Ann, lin, role.Admin)
	s.setInvitation(id, "email = 'cem@acme.example', email_norm = 'cem@acme.example'")
	b := s.as(s.Cem)
	page := b.get(paths.Offer(token)).says(200, "You are already in Acme as a Member. Your role stays.", "Open Acme")
	s.SQL(t, "UPDATE roster.memberships SET status = 'suspended' WHERE user_id = $1", s.Cem.ID)
	if p := b.get(paths.Offer(token)).says(200, "your membership is suspended. Ask one of its owners."); len(p.all("form", "action", paths.Accept(token))) != 0 {
		t.Error("it offers a way in")
	}
	s.SQL(t, "UPDATE roster.memberships SET status = 'active' WHERE user_id = $1", s.Cem.ID)
	b.follow(b.post(paths.Accept(token), page.form(paths.Accept(token))).leads("/orgs/acme")).says(200, "You are already a member of Acme. Your role stays.")
	if got := s.roles(s.Cem, rostertest.Acme); !slices.Equal(got, []role.Role{role.Member}) {
		t.Errorf("the roles are %v", got)
	}
	if i := s.invitation(id); i.State != "accepted" {
		t.Errorf("the invitation is %s", i.State)
	}
}

// TestWhoMayNoLongerInvite: a role is given only by who may give it now; a closed organization takes nobody. I57 I63
func TestWhoMayNoLongerInvite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	_, token := s.mailed(s.Ben, mara.Email, role.Member)
	b := s.as(mara)
	form := b.get(paths.Offer(token)).form(paths.Accept(token))
	if _, err := s.Roster.Suspend(t.Context(), s.As(t, s.Ann, rostertest.Acme), s.Membership(t, s.Ben, rostertest.Acme)); err != nil {
		t.Fatal(err)
	}
	b.post(paths.Accept(token), form).says(409, "This invitation has changed since you opened it. Nothing was done.", "Ben Admin may no longer invite anybody as a Member.")
	page := b.get(paths.Offer(token)).says(200, "Ben Admin may no longer invite anybody as a Member.")
	b.follow(b.post(paths.Renew(token), page.form(paths.Renew(token))).leads(paths.Offer(token))).says(200, "was asked for a new one")
	if got := s.roles(mara, rostertest.Acme); got != nil {
		t.Fatalf("Mara joined: %v", got)
	}

	_, token = s.mailed(s.Ann, lin, role.Member)
	s.SQL(t, "UPDATE roster.organizations SET status = 'suspended' WHERE slug = 'acme'")
	s.visitor().get(paths.Offer(token)).says(200, "You cannot join right now: Acme is closed.")
	s.visitor().post(paths.Accept(token), url.Values{"name": {"Lin"}, "password": {rostertest.Password}}).says(409, "You cannot join right now: Acme is closed.")
}

// TestInviteePagesKeepTheirSecret: not stored, not indexed, not compressed, not told to the next site. I64
func TestInviteePagesKeepTheirSecret(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.mailed(s.Ann, lin, role.Member)
	for _, path := range []string{paths.Offer(token), paths.Report(token)} {
		p := s.visitor().get(path, "Accept-Encoding", "gzip").says(200)
		for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Content-Encoding": ""} {
			if got := p.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

// TestAnotherPersonsTab: a page that somebody else opened joins nobody.
func TestAnotherPersonsTab(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	_, token := s.mailed(s.Ann, mara.Email, role.Member)
	form := s.as(s.Zoe).get(paths.Offer(token)).form(paths.Renew(token))
	s.as(mara).post(paths.Accept(token), form).says(409, "You are now logged in as Mara Lindqvist. This page was opened by Zoe Elsewhere. Nothing was changed.")
	if got := s.roles(mara, rostertest.Acme); got != nil {
		t.Errorf("Mara joined: %v", got)
	}
}
