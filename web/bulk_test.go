package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/paths"
)

const manyOfAcme = membersOfAcme + "/bulk"

// picked is the form of the list with these members ticked, and the button that was pressed.
func (s *site) picked(p *page, do string, members ...string) url.Values {
	form := p.form(manyOfAcme)
	form.Del("member")
	form.Set("do", do)
	for _, mem := range members {
		form.Add("member", mem)
	}
	return form
}

// C027 C161: by plain forms: tick, be asked, confirm, hear what became of them, undo.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann := s.as(s.Ann)
	list := ann.get(membersOfAcme+"?sort=-joined").says(200, "Select all 5 members")
	form := list.form(manyOfAcme + "?sort=-joined")
	form.Set("do", "suspend")
	form["member"] = []string{s.Membership(t, s.Cem, "acme"), s.Membership(t, s.Vic, "acme"), s.Membership(t, s.Ann, "acme")}
	asked := ann.post(manyOfAcme+"?sort=-joined", form).says(200, "Suspend 2 members?", "2 will be suspended", "Cem Member", "1 is skipped", "You cannot suspend yourself.", "Suspend 2 members", "Keep")
	s.is(s.Cem, "active member")

	done := ann.post(manyOfAcme+"?sort=-joined", asked.form(manyOfAcme+"?sort=-joined")).leads(membersOfAcme + "?sort=-joined")
	s.is(s.Cem, "suspended member")
	s.is(s.Vic, "suspended viewer")
	told := ann.follow(done).says(200, "2 members are suspended. 1 was skipped.", "Undo", "See each")
	undo := told.undo()
	ann.follow(ann.post(undo, told.form(undo)).leads(membersOfAcme+"?sort=-joined")).says(200, "2 members are active again.", "See each")
	s.is(s.Cem, "active member")

	again := ann.post(manyOfAcme, s.picked(ann.get(membersOfAcme), "remove", form["member"][1])).says(200, "Remove Vic Viewer from Acme?", "Tell them by e-mail", "Also revoke their open invitations")
	ann.follow(ann.post(manyOfAcme, again.form(manyOfAcme)).leads(membersOfAcme)).says(200, "1 member is removed.")
	ann.post(manyOfAcme, s.picked(ann.get(membersOfAcme), "suspend")).says(422, "Nobody is selected")
	ann.get(manyOfAcme).says(200, "Nobody is selected", "Back")
	ann.post(manyOfAcme, s.picked(ann.get(membersOfAcme), "remove", form["member"][1])).says(200, "Nothing would change", "1 is not a member any more")
}

// undo is where the only Undo of a page is sent.
func (p *page) undo() string {
	p.t.Helper()
	var all []string
	for _, f := range p.all("form", "action", "") {
		if to, _ := attribute(f, "action"); strings.Contains(to, "/undo") {
			all = append(all, to)
		}
	}
	if len(all) != 1 {
		p.t.Fatalf("%s has %d ways back: %q\n%s", p.path, len(all), all, p.text())
	}
	return all[0]
}

// C027: by htmx up to fifty are asked about in the dialog, more on a page; what is done shows the list anew.
func TestManyInTheDialog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann := s.as(s.Ann)
	form := s.picked(ann.get(membersOfAcme), "suspend", s.Membership(t, s.Cem, "acme"), s.Membership(t, s.Gus, "acme"))
	asked := ann.piece("POST", manyOfAcme, form).says(200, "Suspend 2 members?")
	if asked.header.Get("HX-Retarget") != "#dialog" || strings.Contains(asked.raw, "<html") {
		t.Errorf("it is no dialog: %q", asked.header)
	}
	done := ann.piece("POST", manyOfAcme, asked.form(manyOfAcme)).says(200, "2 members are suspended.", "Undo", "See each")
	done.renews(2)
	if p := ann.get(membersOfAcme); strings.Contains(p.text(), "2 members are suspended.") {
		t.Error("what was said in place is said again by the next page")
	}
	ann.piece("POST", done.undo(), done.form(done.undo())).says(200, "2 members are active again.", "See each").renews(0)
	s.is(s.Cem, "active member")

	for n := range 51 {
		p := s.Person(t, fmt.Sprintf("Extra %02d", n), fmt.Sprintf("extra%d@acme.example", n))
		s.SQL(t, `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) SELECT id, $1, gen_random_uuid(), 'invitation' FROM roster.organizations WHERE slug = 'acme'`, p.ID)
		s.SQL(t, `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT id, $1, 'viewer' FROM roster.organizations WHERE slug = 'acme'`, p.ID)
	}
	all := ann.get(membersOfAcme+"?role=viewer&select=all").says(200, "All 52 that match are selected", "Clear")
	if strings.Contains(all.raw, "All 52 that match are selected") && strings.Count(all.raw, `name="member"`) != strings.Count(all.raw, " checked disabled") {
		t.Error("a box can be emptied though everybody is selected")
	}
	ann.piece("GET", membersOfAcme+"?role=viewer&select=all", nil).says(200, "All 52 that match are selected")
	form = all.form(manyOfAcme + "?role=viewer")
	form.Set("do", "suspend")
	page := ann.piece("POST", manyOfAcme+"?role=viewer", form).says(200, "Suspend 52 members?", "and 2 more")
	if page.header.Get("HX-Retarget") != "body" {
		t.Errorf("52 are asked about in %q", page.header.Get("HX-Retarget"))
	}

	// One more matches by then: it asks again, and nothing was done.
	s.Join(t, s.Ann, "acme", s.Person(t, "Newly Viewer", "newly@acme.example"), role.Viewer)
	confirm := ann.post(manyOfAcme+"?role=viewer", form).says(200, "Now 53 match.")
	stale := confirm.form(manyOfAcme + "?role=viewer")
	stale.Set("all", "52")
	ann.post(manyOfAcme+"?role=viewer", stale).says(409, "Now 53 match.", "Suspend 53 members?")
	s.is(s.Vic, "active viewer")

	// Above fifty it is a job, and its page shows how far that is.
	job := ann.post(manyOfAcme+"?role=viewer", confirm.form(manyOfAcme+"?role=viewer"))
	if !strings.HasPrefix(job.location, paths.Org("acme")+"/jobs/job_") {
		t.Fatalf("53 lead to %d %q", job.status, job.location)
	}
	ann.follow(job).says(200, "Suspend 53 members", "53 to go", "Stop")
	s.is(s.Vic, "active viewer")
}

// renews fails the test unless an answer puts the list of Acme anew, with so many who are suspended, and what was done
// above it, in place of what was said before; the focus is on Undo, or on the words.
func (p *page) renews(suspended int) {
	p.t.Helper()
	var to []string
	for _, piece := range p.all("hx-partial", "hx-target", "") {
		at, _ := attribute(piece, "hx-target")
		how, _ := attribute(piece, "hx-swap")
		to = append(to, at+" "+how)
	}
	for _, want := range []string{"#dialog innerHTML", "#list outerHTML", "#count textContent", "#notice delete", "#problem afterend", "#announce textContent"} {
		if !slices.Contains(to, want) {
			p.t.Errorf("%s does not swap %s, only %q", p.path, want, to)
		}
	}
	if p.location != "" || strings.Contains(p.raw, "<html") {
		p.t.Errorf("%s leads to %q, or is a whole page", p.path, p.location)
	}
	if n := strings.Count(p.raw, ">Suspended</span>"); n != suspended {
		p.t.Errorf("%s shows %d suspended members, want %d", p.path, n, suspended)
	}
	if n := strings.Count(p.raw, " autofocus"); n != 1 {
		p.t.Errorf("%s gives the focus to %d places", p.path, n)
	}
}

// C027 C161: Undo brings back whoever was removed, in the part of the list that was shown, with the numbers beside it; what
// was changed since stays as it is.
func TestManyAreBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann := s.as(s.Ann)
	at := "?role=member&sort=role"
	cem, gus := s.Membership(t, s.Cem, "acme"), s.Membership(t, s.Gus, "acme")
	form := ann.get(membersOfAcme + at).form(manyOfAcme + at)
	form.Set("do", "remove")
	form["member"] = []string{cem}
	asked := ann.piece("POST", manyOfAcme+at, form).says(200, "Remove Cem Member from Acme?")
	gone := ann.piece("POST", manyOfAcme+at, asked.form(manyOfAcme+at)).says(200, "1 member is removed.", "No member matches this filter")
	if !gone.counts("4") {
		t.Errorf("the numbers are not those of four\n%s", gone.raw)
	}
	back := ann.piece("POST", gone.undo(), gone.form(gone.undo())).says(200, "1 member is back.", "Cem Member", "1 member matches")
	if !back.counts("5") || strings.Contains(back.text(), "Ben Admin") {
		t.Errorf("the numbers are not those of five, or it is another list\n%s", back.raw)
	}

	form = s.picked(ann.get(membersOfAcme), "role", cem, gus)
	form.Set("to", "viewer")
	asked = ann.piece("POST", manyOfAcme, form).says(200, "Give 2 members the role Viewer?")
	done := ann.piece("POST", manyOfAcme, asked.form(manyOfAcme)).says(200, "2 members are Viewers now.")
	if _, err := s.Roster.ChangeRole(t.Context(), s.As(t, s.Ben, "acme"), gus, role.Member); err != nil {
		t.Fatal(err)
	}
	ann.piece("POST", done.undo(), done.form(done.undo())).says(200, "1 member has their former role again. 1 was skipped.", "See each")
	s.is(s.Cem, "active member")
	s.is(s.Gus, "active member") // not a guest, as before
	// The same press is answered as before.
	ann.piece("POST", done.undo(), done.form(done.undo())).says(200, "1 member has their former role again. 1 was skipped.")
	ann.post(done.undo(), url.Values{"do": {"promote"}}).says(400)
}

// counts tells whether an answer puts this number of members where it stands.
func (p *page) counts(members string) bool {
	for _, at := range []string{"#rail-members", "#tab-members"} {
		if found := p.all("hx-partial", "hx-target", at); len(found) != 1 || strings.TrimSpace(words(found[0])) != members {
			return false
		}
	}
	return true
}

// C027: which role is asked first, and only those are offered that one may give.
func TestManyGetARole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ben := s.as(s.Ben)
	form := s.picked(ben.get(membersOfAcme), "role", s.Membership(t, s.Cem, "acme"), s.Membership(t, s.Gus, "acme"), s.Membership(t, s.Ann, "acme"))
	choose := ben.post(manyOfAcme, form).says(200, "Change the role of 3 members", "Can "+role.Viewer.Explain())
	for _, to := range role.All {
		if offered := strings.Contains(choose.raw, `id="to-`+string(to)+`"`); offered != role.MayGrant([]role.Role{role.Admin}, to) {
			t.Errorf("%s is offered: %v", to, offered)
		}
	}
	chosen := choose.form(manyOfAcme)
	ben.post(manyOfAcme, chosen).says(422, "There is a problem", "Choose one of the roles in the list.")
	chosen.Set("to", "viewer")
	asked := ben.post(manyOfAcme, chosen).says(200, "Give 2 members the role Viewer?", "2 will get the role Viewer", "1 is skipped", "Acme must always have an owner.")
	ben.follow(ben.post(manyOfAcme, asked.form(manyOfAcme)).leads(membersOfAcme)).says(200, "2 members are Viewers now. 1 was skipped.")
	s.is(s.Cem, "active viewer")
	s.is(s.Ann, "active owner")
	chosen.Set("to", "owner") // what no page offers
	ben.post(manyOfAcme, chosen).says(200, "Nothing would change", "2 are skipped", "you cannot make anybody an Owner", "1 is an Owner already")
}

// Damaged forms and links are not guessed at, and who may do nothing to others has nothing to select with.
func TestManyRefusesWhatNoPageSends(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, cem := s.as(s.Ann), s.as(s.Cem)
	mem := s.Membership(t, s.Gus, "acme")
	for _, form := range []url.Values{
		{"do": {"promote"}, "member": {mem}}, {"member": {mem}}, {"do": {"suspend"}, "member": {"mem_x"}}, {"do": {"suspend"}, "all": {"x"}}, {"do": {"suspend"}, "all": {"-1"}},
	} {
		if p := ann.post(manyOfAcme, form); p.status != http.StatusBadRequest {
			t.Errorf("%v: status %d, want 400", form, p.status)
		}
	}
	ann.get(membersOfAcme + "?select=some").says(400)
	ann.get(manyOfAcme + "?sort=shoe-size").says(400)
	if p := cem.get(membersOfAcme).says(200, "Ben Admin"); strings.Contains(p.raw, `id="bulk"`) || strings.Contains(p.raw, "Select all") {
		t.Error("a member can select others")
	}
	cem.get(membersOfAcme+"?select=all").says(200, "Ben Admin")
	cem.post(manyOfAcme, url.Values{"do": {roster.ManyRemove}, "member": {mem}, "confirmed": {"1"}}).says(403, "Your role is now Member, so this was not done.", "Remove members")
}
