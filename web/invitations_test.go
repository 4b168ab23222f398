package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"roster/db"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/views/paths"
)

var acmeInvitations = paths.Invitations(rostertest.Acme)

// noMailSite is the small world on an installation without a mail server: links are copied by hand.
func noMailSite(t *testing.T) *site {
	t.Helper()
	return serve(t, func(t testing.TB, options ...func(*db.Config)) *rostertest.World {
		t.Helper()
		w := rostertest.New(t, options...)
		w.Roster = roster.New(w.DB, w.Outbox, false)
		return w
	})
}

// inviteForm is the form of the page, filled in with addresses.
func (b *browser) inviteForm(addresses string) url.Values {
	b.site.t.Helper()
	form := b.get(acmeInvitations).form(acmeInvitations)
	form.Set("emails", addresses)
	return form
}

// setInvitation changes an invitation past every rule.
func (s *site) setInvitation(id, set string) {
	s.t.Helper()
	raw, ok := publicid.Invitation.Parse(id)
	if !ok {
		s.t.Fatalf("%q is no invitation", id)
	}
	s.SQL(s.t, "UPDATE roster.invitations SET "+set+" WHERE id = $1", raw)
}

// invited is the invitation of an address.
func (s *site) invited(email string) string {
	s.t.Helper()
	var id uuid.UUID
	if err := s.Database.Superuser(s.t).QueryRow(s.t.Context(), "SELECT id FROM roster.invitations WHERE email_norm = $1 ORDER BY created_at DESC", email).Scan(&id); err != nil {
		s.t.Fatal(err)
	}
	return publicid.Invitation.Of(id)
}

// undoIn is where the page's Undo posts to.
func (p *page) undoIn() string {
	p.t.Helper()
	for _, f := range p.all("form", "", "") {
		if action, _ := attribute(f, "action"); strings.Contains(action, "/undo/") {
			return action
		}
	}
	p.t.Fatalf("%s has no Undo", p.path)
	return ""
}

// invitation is how it stands.
func (s *site) invitation(id string) roster.Invitation {
	s.t.Helper()
	i, err := s.Roster.Invitation(s.t.Context(), s.As(s.t, s.Ann, rostertest.Acme), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return i
}

// TestInvitingOne sends at once, and a second press of the same button sends nothing more and reads well. C055
func TestInvitingOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.as(s.Ann)
	form := b.inviteForm("  Lin Zhao <Lin.Zhao@acme.example> ")
	form.Set("role", "viewer")
	form.Set("days", "30")
	form.Set("message", "Hi Lin,\r\nsee you on Thursday.")
	p := b.follow(b.post(acmeInvitations, form).leads(acmeInvitations))
	p.says(200, "Invited Lin.Zhao@acme.example as a Viewer.", "Lin.Zhao@acme.example Waiting to be sent", "Pending", "by Ann Owner")
	if got := p.value("emails"); got != "" {
		t.Errorf("the field still holds %q", got)
	}
	id := s.invited("lin.zhao@acme.example")
	if i := s.invitation(id); !slices.Equal(i.Roles, []role.Role{role.Viewer}) || i.Message != "Hi Lin,\nsee you on Thursday." || i.Expires.Sub(i.Created).Hours() != 30*24 {
		t.Errorf("made %+v", i)
	}

	// The same form again has the same answer; a new one finds the open invitation.
	b.follow(b.post(acmeInvitations, form).leads(acmeInvitations)).says(200, "Invited Lin.Zhao@acme.example as a Viewer.")
	again := b.follow(b.post(acmeInvitations, b.inviteForm("lin.zhao@acme.example")).leads(acmeInvitations))
	again.says(200, "lin.zhao@acme.example: already invited; the open invitation stays.", "Show the invitation")
	if n := len(s.Tokens(t, mail.KindInvitation, "lin.zhao@acme.example")); n != 1 {
		t.Errorf("%d letters wait, want 1", n)
	}
}

// TestInvitingSeveral shows each address with its verdict before anything is sent, then sends exactly those that are
// ready. C056
func TestInvitingSeveral(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Invite(t, s.Ann, rostertest.Acme, "lin@acme.example", role.Member)
	s.SQL(t, "INSERT INTO roster.invitation_blocks (org_id, email_norm) SELECT id, 'viktor@rival.example' FROM roster.organizations WHERE slug = 'acme'")
	b := s.as(s.Ann)
	typed := "noemi@acme.example, Raúl Ortiz <raul@acme.example>\nben@acme.example lin@acme.example petra.holm@acme\nviktor@rival.example; NOEMI@acme.example"
	form := b.inviteForm(typed)
	before := s.Count(t, "SELECT count(*) FROM roster.invitations")

	preview := b.post(acmeInvitations, form)
	preview.says(200, "Check 7 addresses before inviting", "Nothing has been sent yet.", "with the role Member, for 7 days",
		"petra.holm@acme Did you mean petra.holm@acme.example?", "noemi@acme.example Ready", "raul@acme.example Ready",
		"ben@acme.example Ben Admin is already a member.", "lin@acme.example Already invited; the open invitation stays. Send again",
		"NOEMI@acme.example Twice in the list; one invitation is enough.", "viktor@rival.example This person asked not to be invited here.",
		"2 invitations are ready. 1 address has a problem and is left out unless you fix it. 4 addresses are skipped.", "Send 2 invitations", "Change the list")
	if after := s.Count(t, "SELECT count(*) FROM roster.invitations"); after != before {
		t.Fatal("the preview made invitations")
	}

	send := preview.form(acmeInvitations)
	edit := preview.form(acmeInvitations)
	edit.Set("preview", "edit")
	if back := b.post(acmeInvitations, edit).says(200, "Invite people"); back.value("emails") != typed {
		t.Errorf("the list came back as %q", back.value("emails"))
	}

	send.Set("preview", "no")
	sent := b.follow(b.post(acmeInvitations, send).leads(acmeInvitations))
	sent.says(200, "Invited 2 people with the role Member. Left out: 1 already a member, 1 already invited, 1 twice in the list, 1 asked not to be invited, 1 not an address.")
	if after := s.Count(t, "SELECT count(*) FROM roster.invitations"); after != before+2 {
		t.Errorf("%d invitations, want %d", after, before+2)
	}
	b.follow(b.post(acmeInvitations, send).leads(acmeInvitations)).says(200, "Invited 2 people with the role Member.") // the same answer
	send.Set("submission", uuid.NewString())
	second := b.follow(b.post(acmeInvitations, send).leads(acmeInvitations))
	second.says(200, "Nobody new was invited. Left out: 1 already a member, 3 already invited")
}

// TestWhatIsWrongInTheFormIsSaid keeps what was typed, and nothing is sent.
func TestWhatIsWrongInTheFormIsSaid(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.as(s.Ann)
	before := s.Count(t, "SELECT count(*) FROM roster.invitations")
	for _, c := range []struct{ what, field, value, words string }{
		{"nothing", "emails", "", "Enter at least one e-mail address."},
		{"no address", "emails", "petra", "Enter an e-mail address like name@example.com"},
		{"a domain that is none", "emails", "petra.holm@acme", "Did you mean petra.holm@acme.example?"},
		{"a member", "emails", "cem@acme.example", "Cem Member is already a member."},
		{"an owner", "role", "owner", "Choose one of the roles in the list."},
		{"an unknown role", "role", "king", "Choose one of the roles in the list."},
		{"another time", "days", "99", "Choose one of the times in the list."},
		{"no time", "days", "soon", "Choose one of the times in the list."},
		{"a web address", "message", "Look at https://evil.example", "Leave web addresses out of the message"},
		{"a long message", "message", strings.Repeat("x", 501), "500 characters"},
		{"too many", "emails", strings.Repeat("x@acme.example ", 501), "Enter at most 500 addresses at once; these are 501."},
	} {
		t.Run(c.what, func(t *testing.T) {
			form := b.inviteForm("lin@acme.example")
			form.Set(c.field, c.value)
			p := b.post(acmeInvitations, form).says(422, "There is a problem", c.words)
			if c.field == "emails" || c.field == "message" {
				if got := p.value(c.field); got != c.value {
					t.Errorf("%s came back as %q", c.field, got)
				}
			}
			if wrong, _ := attribute(p.id(c.field), "aria-invalid"); wrong != "true" {
				t.Errorf("%s is not marked as wrong", c.field)
			}
			if title := words(p.all("title", "", "")[0]); !strings.HasPrefix(title, "Error: Invitations") {
				t.Errorf("the title is %q", title)
			}
			if piece := b.piece(http.MethodPost, acmeInvitations, form).says(422, c.words); strings.Contains(piece.raw, "<html") || piece.id("invite") == nil {
				t.Error("htmx does not get the form alone")
			}
		})
	}
	if after := s.Count(t, "SELECT count(*) FROM roster.invitations"); after != before {
		t.Errorf("%d invitations, before there were %d", after, before)
	}
}

// TestInvitingWithScript swaps the form, emptied, and every place that counts; what was typed beside it stays.
func TestInvitingWithScript(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.as(s.Ann)
	form := b.inviteForm("lin@acme.example")
	form.Set("show", "")
	p := b.piece(http.MethodPost, acmeInvitations, form).says(200, "Invited lin@acme.example as a Member.", "lin@acme.example Waiting to be sent")
	if strings.Contains(p.raw, "<html") || p.id("invite") == nil || p.value("emails") != "" {
		t.Error("it is not the emptied form")
	}
	if _, focus := attribute(p.id("emails"), "autofocus"); !focus {
		t.Error("the field does not get the focus")
	}
	for target, words := range map[string]string{"#list": "", "#rail-invitations": "1", "#tab-invitations": "1", "#announce": "Invited lin@acme.example as a Member."} {
		found := p.all("hx-partial", "hx-target", target)
		if len(found) != 1 || words != "" && plain(found[0]) != words {
			t.Errorf("%s does not say %q", target, words)
		}
	}

	// Another form shows the open invitation where it was pressed.
	form.Set("submission", uuid.NewString())
	p = b.piece(http.MethodPost, acmeInvitations, form).says(200, "lin@acme.example: already invited", "Send again")
	again := p.form(paths.SendAgain(rostertest.Acme, s.invited("lin@acme.example")))
	refused := b.piece(http.MethodPost, paths.SendAgain(rostertest.Acme, s.invited("lin@acme.example")), again)
	refused.says(429, "This invitation was sent less than 5 minutes ago.")
	if len(refused.all("tr", "", "")) != 0 && !strings.HasPrefix(strings.TrimSpace(refused.raw), "<tr") {
		t.Error("rows do not come first")
	}
}

// TestWhoMayInvite: admins below admin, members not, strangers see nothing. I57 I60
func TestWhoMayInvite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ben := s.as(s.Ben)
	page := ben.get(acmeInvitations).says(200, "Invite people")
	var offered []string
	for n := range page.id("role").ChildNodes() {
		if value, ok := attribute(n, "value"); ok {
			offered = append(offered, value)
		}
	}
	if !slices.Equal(offered, []string{"member", "viewer", "guest"}) {
		t.Errorf("an admin is offered %v", offered)
	}
	form := ben.inviteForm("lin@acme.example")
	form.Set("role", "admin")
	ben.post(acmeInvitations, form).says(422, "Your role is Admin, so you cannot invite anybody as an Admin.")

	id := s.Invite(t, s.Ann, rostertest.Acme, "dana@acme.example", role.Admin)
	if p := ben.get(acmeInvitations); p.id("send-"+id) != nil || p.id("role-"+id) != nil || p.id("revoke-"+id) != nil {
		t.Error("an admin is offered to change an Admin’s invitation")
	}
	ben.get(paths.Invitation(rostertest.Acme, id)).says(200, "Your role is Admin, so you cannot change an invitation of an Admin.")
	for _, act := range []string{"send", "link", "role", "revoke"} {
		ben.post(paths.Invitation(rostertest.Acme, id)+"/"+act, url.Values{"role": {"guest"}}).says(403, "Your role is Admin, so you cannot invite anybody as an Admin.")
	}
	if i := s.invitation(id); i.State != "open" || !slices.Equal(i.Roles, []role.Role{role.Admin}) {
		t.Errorf("the invitation is now %+v", i)
	}

	s.as(s.Cem).get(acmeInvitations).says(403, "You cannot see invitations")
	s.as(s.Cem).post(acmeInvitations, url.Values{"emails": {"x@acme.example"}, "role": {"guest"}}).says(403, "Your role is now Member, so this was not done.")
	s.SQL(t, "UPDATE roster.organizations SET members_may_invite = true WHERE slug = 'acme'")
	cem := s.as(s.Cem)
	cem.follow(cem.post(acmeInvitations, cem.inviteForm("x@acme.example")).leads(acmeInvitations)).says(200, "Invited x@acme.example as a Member.")
}

// TestInvitationsOfOthers: nobody from Other sees or touches one of Acme's, by any address. I60
func TestInvitationsOfOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.Invite(t, s.Ann, rostertest.Acme, "lin@acme.example", role.Member)
	before := s.invitation(id)
	zoe := s.as(s.Zoe)
	for _, slug := range []string{rostertest.Acme, rostertest.Other} {
		zoe.get(paths.Invitation(slug, id)).says(404, "We cannot find that page")
		for _, act := range []string{"send", "link", "role", "revoke"} {
			zoe.post(paths.Invitation(slug, id)+"/"+act, url.Values{"role": {"guest"}}).says(404, "We cannot find that page")
		}
	}
	zoe.get(acmeInvitations).says(404)
	zoe.post(acmeInvitations, url.Values{"emails": {"x@acme.example"}, "role": {"guest"}}).says(404)
	if p := zoe.get(paths.Invitations(rostertest.Other)).says(200, "No open invitations"); strings.Contains(p.text(), "lin@") {
		t.Error("Other lists Acme’s invitations")
	}
	if after := s.invitation(id); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("it changed from %+v to %+v", before, after)
	}
	for _, bad := range []string{"inv_0", "mem_01h2xcejqtf2nbrexx3vqjhp41", "%3Cscript%3E", strings.ToUpper(id)} {
		s.as(s.Ann).get(paths.Invitations(rostertest.Acme)+"/"+bad).says(404, "We cannot find that page")
	}
}

// TestTheListFilters by how an invitation stands, in the address.
func TestTheListFilters(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.SQL(t, "DELETE FROM roster.invitations")
	for _, c := range []struct{ email, set string }{
		{"open@x.example", "delivery = 'sent'"},
		{"expired@x.example", "expires_at = now() - interval '1 day'"},
		{"accepted@x.example", "state = 'accepted', decided_at = now()"},
		{"declined@x.example", "state = 'declined', decided_at = now()"},
		{"revoked@x.example", "state = 'revoked', decided_at = now()"},
		{"bounced@x.example", "delivery = 'failed', delivery_detail = 'no such domain'"},
	} {
		s.setInvitation(s.Invite(t, s.Ann, rostertest.Acme, c.email, role.Guest), c.set)
	}
	b := s.as(s.Ann)
	address := regexp.MustCompile(`\w+@x\.example`)
	for _, c := range []struct{ show, want string }{
		{"", "bounced@x.example expired@x.example open@x.example"},
		{"open", "bounced@x.example open@x.example"},
		{"expired", "expired@x.example"},
		{"accepted", "accepted@x.example"},
		{"declined", "declined@x.example"},
		{"revoked", "revoked@x.example"},
		{"all", "bounced@x.example revoked@x.example declined@x.example accepted@x.example expired@x.example open@x.example"},
	} {
		url := paths.With(acmeInvitations, "show", c.show)
		for _, p := range []*page{b.get(url), b.piece(http.MethodGet, url, nil)} {
			var got []string
			for n := range p.id("rows").ChildNodes() {
				got = append(got, address.FindString(plain(n)))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%q shows %v, want %s", c.show, got, c.want)
			}
		}
		if p := b.piece(http.MethodGet, url, nil); p.header.Get("HX-Push-Url") != url || strings.Contains(p.raw, "<html") {
			t.Errorf("htmx shows the address %q", p.header.Get("HX-Push-Url"))
		}
	}
	b.get(acmeInvitations).says(200, "E-mail bounced: no such domain", "Not delivered", "open@x.example E-mail accepted for delivery", "Not accepted in time", "Invite again")
	b.get(acmeInvitations+"?show=mine").says(400, "That list of invitations does not exist.")
	b.get(acmeInvitations + "?after=garbage").says(400)
	s.SQL(t, "DELETE FROM roster.invitations")
	b.get(acmeInvitations).says(200, "No open invitations", "They get an e-mail with a link and join with one click.")
	b.get(acmeInvitations+"?show=declined").says(200, "No declined invitations", "Show all")
}

// TestTheListGoesOn by cursor: each invitation once, in order, with and without script.
func TestTheListGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.SQL(t, "DELETE FROM roster.invitations")
	var list strings.Builder
	for i := range 120 {
		fmt.Fprintf(&list, "p%03d@x.example\n", i)
	}
	if _, err := s.Roster.Invite(t.Context(), s.As(t, s.Ann, rostertest.Acme), roster.Invite{Addresses: list.String(), Role: "guest"}); err != nil {
		t.Fatal(err)
	}
	b := s.as(s.Ann)
	seen := map[string]bool{}
	at := acmeInvitations
	for pages := 1; ; pages++ {
		p := b.get(at).says(200)
		for n := range p.id("rows").ChildNodes() {
			id, _ := attribute(n, "id")
			if seen[id] {
				t.Fatalf("%s is listed twice", id)
			}
			seen[id] = true
		}
		more := p.id("more")
		if more == nil {
			if pages != 3 || len(seen) != 120 {
				t.Errorf("%d pages list %d invitations", pages, len(seen))
			}
			p.says(200, "Back to the start")
			break
		}
		at, _ = attribute(more, "href")
	}

	ask, _ := attribute(b.get(acmeInvitations).id("more"), "hx-get")
	p := b.piece(http.MethodGet, ask, nil).says(200, "50 more loaded, 100 shown")
	if n := strings.Count(p.raw, "<tr "); n != 50 || !strings.HasPrefix(strings.TrimSpace(p.raw), "<tr ") || strings.Contains(p.raw, "<table") {
		t.Errorf("htmx gets %d rows", n)
	}
	if n := strings.Count(p.raw, "autofocus"); n != 1 {
		t.Errorf("%d places want the focus", n)
	}
}

// TestSendingAgain makes a new link, kills the old one, and says why not when it is too soon. I58
func TestSendingAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.Invite(t, s.Ben, rostertest.Acme, "lin@acme.example", role.Member)
	b := s.as(s.Ann)
	send := paths.SendAgain(rostertest.Acme, id)
	b.post(send, b.get(acmeInvitations).form(send)).says(429, "lin@acme.example", "This invitation was sent less than 5 minutes ago.")
	row := b.piece(http.MethodPost, send, nil).says(429, "This invitation was sent less than 5 minutes ago.")
	if !strings.HasPrefix(strings.TrimSpace(row.raw), "<tr ") || row.header.Get("HX-Retarget") != "" {
		t.Error("the refusal does not stand in the row")
	}

	s.setInvitation(id, "sent_at = now() - interval '6 minutes', expires_at = now() - interval '1 minute'")
	b.follow(b.post(send, nil).leads(acmeInvitations)).says(200, "Sent again to lin@acme.example.", "Waiting to be sent", "by Ann Owner")
	links := s.Tokens(t, mail.KindInvitation, "lin@acme.example")
	if len(links) != 2 {
		t.Fatalf("%d letters wait, want 2", len(links))
	}
	s.visitor().get(paths.Offer(links[0])).says(200, "There is a newer invitation. Use the link in the latest e-mail.")
	s.visitor().get(paths.Offer(links[1])).says(200, "Join Acme as a Member")

	s.setInvitation(id, "sent_at = now() - interval '6 minutes'")
	b.piece(http.MethodPost, send, nil).says(200, "Sent again")
	s.setInvitation(id, "sent_at = now() - interval '6 minutes', state = 'accepted', decided_at = now()")
	b.piece(http.MethodPost, send, nil).says(409, "The invitation of lin@acme.example was accepted. Nothing was changed.", "Accepted on")
	b.post(send, url.Values{"from": {"page"}}).says(409, "The invitation of lin@acme.example was accepted. Nothing was changed.")
}

// TestALinkToCopyIsShownOnce, beside the mailed one, which goes on working.
func TestALinkToCopyIsShownOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.Invite(t, s.Ann, rostertest.Acme, "lin@acme.example", role.Member)
	b := s.as(s.Ann)
	make := paths.MakeLink(rostertest.Acme, id)
	p := b.post(make, b.get(acmeInvitations).form(make), "Accept-Encoding", "gzip").says(200, "Link for lin@acme.example", "Copy it now. It is not shown again.")
	link := p.value("made-link")
	if !strings.HasPrefix(link, s.URL+"/invitations/") {
		t.Fatalf("the link is %q", link)
	}
	path := strings.TrimPrefix(link, s.URL)
	s.visitor().get(path).says(200, "Join Acme as a Member", "Log in as lin@acme.example")
	s.visitor().get(paths.Offer(s.Tokens(t, mail.KindInvitation, "lin@acme.example")[0])).says(200, "Create account and join")
	for _, at := range []string{acmeInvitations, paths.Invitation(rostertest.Acme, id)} {
		if strings.Contains(b.get(at).raw, path) {
			t.Errorf("%s shows the link again", at)
		}
	}

	dialog := b.piece(http.MethodPost, make, nil).says(200, "Link for lin@acme.example", "Copy it now. It is not shown again.")
	if dialog.header.Get("HX-Retarget") != "#dialog" {
		t.Error("it does not open in the dialog")
	}
	if dialog.value("made-link") == link {
		t.Error("the second link is the first one")
	}
	s.visitor().get(path).says(200, "There is a newer invitation.")
}

// TestChangingAnInvitationsRole in the row and without script, with the way back.
func TestChangingAnInvitationsRole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.Invite(t, s.Ann, rostertest.Acme, "lin@acme.example", role.Member)
	b := s.as(s.Ann)
	change := paths.InvitationRole(rostertest.Acme, id)
	form := b.get(acmeInvitations).form(change)
	form.Set("role", "admin")
	row := b.piece(http.MethodPost, change, form).says(200, "Was Member.", "lin@acme.example is now invited as an Admin. Undo follows the role.")
	undo := row.undoIn()
	b.piece(http.MethodPost, undo, row.form(undo)).says(200, "lin@acme.example is invited as a Member again.")
	if i := s.invitation(id); !slices.Equal(i.Roles, []role.Role{role.Member}) {
		t.Errorf("the role is now %v", i.Roles)
	}

	form = b.get(paths.Invitation(rostertest.Acme, id)).form(change)
	form.Set("role", "guest")
	page := b.follow(b.post(change, form).leads(paths.Invitation(rostertest.Acme, id))).says(200, "lin@acme.example is now invited as a Guest.", "Can "+role.Guest.Explain()+".")
	undo = page.undoIn()
	b.follow(b.post(undo, page.form(undo)).leads(paths.Invitation(rostertest.Acme, id))).says(200, "lin@acme.example is invited as a Member again.")

	for _, bad := range []string{"owner", "king", ""} {
		b.post(change, url.Values{"role": {bad}}).says(422, "Choose one of the roles in the list.")
		b.piece(http.MethodPost, change, url.Values{"role": {bad}}).says(422, "Choose one of the roles in the list.")
	}
	if i := s.invitation(id); !slices.Equal(i.Roles, []role.Role{role.Member}) {
		t.Errorf("the role is now %v", i.Roles)
	}
}

// TestRevokingAndUndo: one press, and one press back; the links die and live again.
func TestRevokingAndUndo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.Invite(t, s.Ann, rostertest.Acme, "lin@acme.example", role.Member)
	link := paths.Offer(s.Tokens(t, mail.KindInvitation, "lin@acme.example")[0])
	b := s.as(s.Ann)
	revoke := paths.Revoke(rostertest.Acme, id)
	for _, script := range []bool{false, true} {
		form := b.get(acmeInvitations).form(revoke)
		var p *page
		if script {
			p = b.piece(http.MethodPost, revoke, form).says(200, "Revoked lin@acme.example. Undo")
			if got := p.all("hx-partial", "hx-target", "#tab-invitations"); len(got) != 1 || plain(got[0]) != "0" {
				t.Error("the count does not go down")
			}
		} else {
			p = b.follow(b.post(revoke, form).leads(acmeInvitations)).says(200, "Revoked the invitation of lin@acme.example.", "Undo", "No open invitations")
		}
		s.visitor().get(link).says(200, "This invitation was withdrawn. If you think that is a mistake, ask the person who invited you.")
		b.piece(http.MethodPost, revoke, form).says(200, "Revoked lin@acme.example. Undo") // the same press
		b.piece(http.MethodPost, revoke, nil).says(409, "The invitation of lin@acme.example was revoked. Nothing was changed.")

		undo := p.undoIn()
		if script {
			back := b.piece(http.MethodPost, undo, p.form(undo)).says(200, "The invitation of lin@acme.example is open again.", "Pending")
			if got := back.all("hx-partial", "hx-target", "#tab-invitations"); len(got) != 1 || plain(got[0]) != "1" {
				t.Error("the count does not go up")
			}
		} else {
			b.follow(b.post(undo, p.form(undo)).leads(acmeInvitations)).says(200, "The invitation of lin@acme.example is open again.", "Pending")
		}
		s.visitor().get(link).says(200, "Join Acme as a Member")
	}
}

// TestWithoutAMailServer invitations come with links, each shown once, and nothing offers to send. C049
func TestWithoutAMailServer(t *testing.T) {
	t.Parallel()
	s := noMailSite(t)
	b := s.as(s.Ann)
	if p := b.get(acmeInvitations).says(200, "E-mail is off", "copy it and hand it over yourself"); strings.Contains(p.text(), "Send again") {
		t.Error("it offers to send")
	}
	form := b.inviteForm("lin@acme.example")
	p := b.post(acmeInvitations, form, "Accept-Encoding", "gzip").says(200, "Copy the link", "Invited lin@acme.example as a Member.", "Copy it now. It is not shown again.")
	id := s.invited("lin@acme.example")
	link := strings.TrimPrefix(p.value("link-"+id), s.URL)
	s.visitor().get(link).says(200, "Join Acme as a Member", "Create account and join", "Log in as lin@acme.example")
	if strings.Contains(b.get(acmeInvitations).raw, link) {
		t.Error("the list shows the link again")
	}
	b.get(acmeInvitations).says(200, "No e-mail sent", "Make a link")
	b.post(paths.SendAgain(rostertest.Acme, id), nil).says(409, "This installation sends no e-mail. Make a link to copy instead.")
	b.post(acmeInvitations, form).says(200, "Invited lin@acme.example as a Member.", "The link was shown once; make another one if it is lost.")

	several := b.inviteForm("a@acme.example b@acme.example ben@acme.example")
	several.Set("preview", "no")
	piece := b.piece(http.MethodPost, acmeInvitations, several, "Accept-Encoding", "gzip").says(200, "Link for a@acme.example", "Link for b@acme.example", "Ben Admin is already a member.")
	if piece.value("link-"+s.invited("a@acme.example")) == piece.value("link-"+s.invited("b@acme.example")) {
		t.Error("two people get one link")
	}
}

// TestReadingInvitationsTakesThreeTurns counts round trips to the database.
func TestReadingInvitationsTakesThreeTurns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.Invite(t, s.Ann, rostertest.Acme, "lin@acme.example", role.Member)
	b := s.as(s.Ann)
	b.get("/orgs/acme")
	for _, path := range []string{acmeInvitations, acmeInvitations + "?show=all", paths.Invitation(rostertest.Acme, id)} {
		if p := b.get(path).says(200); p.turns > 3 {
			t.Errorf("%s takes %d round trips, want at most 3", path, p.turns)
		}
	}
}
