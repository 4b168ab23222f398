package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"roster/internal/account"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

const membersOfAcme = "/orgs/acme/members"

// member is the address of somebody's membership in Acme, with what comes behind it.
func (s *site) member(p account.Person, rest string) string {
	s.t.Helper()
	return membersOfAcme + "/" + s.Membership(s.t, p, rostertest.Acme) + rest
}

// rolesOf reads the roles that somebody has in Acme past all doors.
func (s *site) rolesOf(p account.Person) string {
	s.t.Helper()
	var roles []string
	var status string
	err := s.Database.Superuser(s.t).QueryRow(s.t.Context(),
		`SELECT m.roles, m.status FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id WHERE o.slug = 'acme' AND m.user_id = $1`, p.ID).Scan(&roles, &status)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(status + " " + strings.Join(roles, " "))
}

func (s *site) is(p account.Person, want string) {
	s.t.Helper()
	if got := s.rolesOf(p); got != want {
		s.t.Errorf("%s is %q, want %q", p.Name, got, want)
	}
}

// row is the part of a raw answer that is about one member.
func (p *page) row(mem string) string {
	p.t.Helper()
	_, row, found := strings.Cut(p.raw, `<tr role="row" id="`+mem+`">`)
	if !found {
		p.t.Fatalf("%s has no row %s\n%s", p.path, mem, p.raw)
	}
	row, _, _ = strings.Cut(row, "</tr>")
	return row
}

// TestMembersListShowsWhatTheRoleAllows: the same list, with the controls that the role of the viewer includes.
// N26 U17 X51 X53 I76
func TestMembersListShowsWhatTheRoleAllows(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	invitation := s.Invite(t, s.Ann, "acme", "lin@acme.example", role.Member)
	mem := func(p account.Person) string { return s.Membership(t, p, "acme") }

	for _, c := range []struct {
		who      account.Person
		choosing []account.Person // whose role they may change
		removing []account.Person
		pending  bool
	}{
		{s.Ann, []account.Person{s.Ben, s.Cem, s.Vic, s.Gus}, []account.Person{s.Ben, s.Cem, s.Vic, s.Gus}, true},
		{s.Ben, []account.Person{s.Ben, s.Cem, s.Vic, s.Gus}, []account.Person{s.Cem, s.Vic, s.Gus}, true},
		{s.Cem, nil, nil, false},
		{s.Vic, nil, nil, false},
	} {
		b := s.as(c.who)
		b.get(membersOfAcme) // notes the organization as the one used last
		p := b.get(membersOfAcme).says(200, "Members", "Ann Owner", "Gus Guest")
		if p.turns > 3 {
			t.Errorf("%s: the list took %d round trips", c.who.Name, p.turns)
		}
		for _, of := range []account.Person{s.Ann, s.Ben, s.Cem, s.Vic, s.Gus} {
			row, has := p.row(mem(of)), func(list []account.Person) bool {
				for _, one := range list {
					if one.ID == of.ID {
						return true
					}
				}
				return false
			}
			_, menu, _ := strings.Cut(row, ` data-menu="`)
			if got := strings.Contains(row, "/role"); got != has(c.choosing) {
				t.Errorf("%s sees %s: a select %v", c.who.Name, of.Name, got)
			}
			if got := strings.Contains(menu, "remove"); got != has(c.removing) {
				t.Errorf("%s sees %s: remove %v", c.who.Name, of.Name, got)
			}
			if got := strings.Contains(menu, "suspend"); got != has(c.removing) {
				t.Errorf("%s sees %s: suspend %v", c.who.Name, of.Name, got)
			}
			if got := strings.Contains(menu, "leave"); got != (of.ID == c.who.ID) {
				t.Errorf("%s sees %s: leave %v", c.who.Name, of.Name, got)
			}
		}
		if got := strings.Contains(p.raw, invitation); got != c.pending {
			t.Errorf("%s sees the invitation: %v", c.who.Name, got)
		}
	}
	s.as(s.Ann).get(membersOfAcme).says(200, "5 members, 1 pending", "Only owner: why locked?", "Acme must always have an owner.", "Not joined yet", "Expires in 7 days")
	s.as(s.Gus).get(membersOfAcme).says(403, "You cannot see members", "Ask an owner: Ann Owner")
	s.as(s.Zoe).get(membersOfAcme).says(404)
	s.visitor().get(membersOfAcme).leads("/login?next=%2Forgs%2Facme%2Fmembers")
}

// TestMembersOfAnotherOrganizationAreNotThere: neither by its address nor by ids of it under one's own.
// N01 U17
func TestMembersOfAnotherOrganizationAreNotThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	zoe, mem := s.as(s.Zoe), s.Membership(t, s.Cem, "acme")
	for _, path := range []string{"", "/invited", "/role", "/suspend", "/remove"} {
		zoe.get(membersOfAcme + "/" + mem + path).says(404)
		zoe.get("/orgs/other/members/" + mem + path).says(404)
		zoe.get("/orgs/other/members/mem_nonsense" + path).says(404)
	}
	for _, path := range []string{"/role", "/suspend", "/reactivate", "/remove"} {
		form := url.Values{"role": {"viewer"}, "confirmed": {"1"}}
		zoe.post(membersOfAcme+"/"+mem+path, form).says(404)
		zoe.post("/orgs/other/members/"+mem+path, form).says(404)
		zoe.piece("POST", "/orgs/other/members/"+mem+path, form).says(404)
	}
	s.is(s.Cem, "active member")
	if p := zoe.get("/orgs/other/members?q=cem"); strings.Contains(p.raw, "Cem Member") {
		t.Error("Zoe finds Cem")
	}
}

// TestMembersSearch: search and filters live in the address, and htmx gets the list alone.
// C021
func TestMembersSearch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann := s.as(s.Ann)
	ann.get(membersOfAcme)
	for _, c := range []struct{ query, pushed, says string }{
		{"q=cem&role=&status=&sort=", "?q=cem", "1 member matches"},
		{"q=&role=admin&status=&sort=", "?role=admin", "1 member matches"},
		{"q=&role=viewer&status=active&sort=-joined", "?role=viewer&status=active&sort=-joined", "1 member matches"},
		{"q=a&role=&status=active&sort=-name", "?q=a&status=active&sort=-name", "2 members match"},
		{"q=weberr&role=&status=&sort=", "?q=weberr", "No member matches “weberr”"},
		{"q=&role=&status=&sort=", "", "5 members"},
	} {
		p := ann.piece("GET", membersOfAcme+"?"+c.query, nil).says(200, c.says)
		if got := p.header.Get("HX-Push-Url"); got != membersOfAcme+c.pushed {
			t.Errorf("%s: pushed %q, want %q", c.query, got, membersOfAcme+c.pushed)
		}
		if strings.Contains(p.raw, "<html") || !strings.HasPrefix(p.raw, `<div class="table-wrap searched pick" id="list">`) {
			t.Errorf("%s: not the list alone: %.100s", c.query, p.raw)
		}
		if !strings.Contains(p.raw, `hx-target="#announce"`) || !strings.Contains(p.raw, `hx-target="#count"`) {
			t.Errorf("%s: it is not said how many there are", c.query)
		}
	}
	ann.get(membersOfAcme+"?q=weberr&role=&status=").says(200, "No member matches “weberr”", "Clear", "Look among invitations")
	if got := ann.get(membersOfAcme + "?q=cem&role=member&sort=joined").value("q"); got != "cem" {
		t.Errorf("the field holds %q", got)
	}
	for _, query := range []string{"role=emperor", "status=dead", "sort=height", "after=%FF", "after=nonsense", "shown=-1", "shown=many"} {
		ann.get(membersOfAcme + "?" + query).says(400)
	}
	s.as(s.Cem).get(membersOfAcme+"?status=pending").says(200, "No member matches this filter")
}

// many lets people join Acme past its doors.
func (s *site) many(n int) {
	s.t.Helper()
	s.SQL(s.t, `WITH people AS (
			INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
			SELECT gen_random_uuid(), 'Member ' || to_char(i, 'FM0000'), 'm' || i || '@many.example', 'm' || i || '@many.example', 'member ' || to_char(i, 'FM0000'), ' member ' || i
			FROM generate_series(1, $1::int) i RETURNING id),
		there AS (
			INSERT INTO roster.memberships (org_id, user_id, id, status, joined_through)
			SELECT o.id, p.id, gen_random_uuid(), 'active', 'invitation' FROM roster.organizations o, people p WHERE o.slug = 'acme' RETURNING org_id, user_id)
		INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT org_id, user_id, 'member' FROM there`, n)
}

// TestMembersLoadMore: pages by a cursor, appended by htmx, pages of their own without script.
// U06 C021
func TestMembersLoadMore(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.many(120)
	ann := s.as(s.Ann)
	first := ann.get(membersOfAcme).says(200, "125 members", "50 of 125 shown")
	more, _ := attribute(first.id("more"), "href")

	second := ann.piece("GET", more, nil).says(200, "50 more loaded, 100 of 125", "100 of 125 shown")
	if n := strings.Count(second.raw, `<tr role="row"`); n != 50 || strings.Count(second.raw, "autofocus") != 1 || !strings.HasPrefix(second.raw, `<tr role="row"`) {
		t.Errorf("%d rows, of which the first name should have the focus: %.80s", n, second.raw)
	}
	if second.header.Get("HX-Push-Url") != "" {
		t.Error("the address changes")
	}
	last, _ := attribute(second.id("more"), "href")
	if p := ann.piece("GET", last, nil).says(200, "25 more loaded, 125 of 125"); p.id("more") != nil {
		t.Error("there is still more")
	}

	page := ann.get(more).says(200, "50 of 125 shown", "Back to the start")
	if to, _ := attribute(page.id("start"), "href"); to != membersOfAcme {
		t.Errorf("back to the start leads to %s", to)
	}
	seen := map[string]bool{}
	for at := membersOfAcme; at != ""; {
		p := ann.get(at)
		for _, tr := range p.all("tr", "id", "") {
			id, _ := attribute(tr, "id")
			if seen[id] {
				t.Errorf("%s stands on two pages", id)
			}
			seen[id] = true
		}
		at = ""
		if next := p.id("more"); next != nil {
			at, _ = attribute(next, "href")
		}
	}
	if len(seen) != 125 {
		t.Errorf("%d members on all pages", len(seen))
	}

	full := strings.Replace(more, "shown=50", "shown=950", 1)
	if p := ann.piece("GET", full, nil).says(200, "Next page"); strings.Contains(p.raw, "Load 50 more") {
		t.Error("a full page takes more rows")
	} else if _, htmx := attribute(p.id("more"), "hx-get"); htmx {
		t.Error("the next page is loaded into this one")
	}
}

// TestChangeRoleInTheRow: with and without script, with Undo; the row says what it was.
// U03 X51 C026 I74
func TestChangeRoleInTheRow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, mem, at := s.as(s.Ann), s.Membership(t, s.Cem, "acme"), s.member(s.Cem, "/role")
	list := ann.get(membersOfAcme)

	form := list.form(at)
	form.Set("role", "viewer")
	in := ann.piece("POST", at, form).says(200, "Was Member.", "Undo", "Cem Member is now Viewer. Undo follows the role")
	if in.turns > 5 {
		t.Errorf("a change of role took %d round trips", in.turns)
	}
	if row := in.row(mem); !strings.Contains(row, `>Viewer</a>`) {
		t.Errorf("the row does not show the new role: %s", row)
	}
	s.is(s.Cem, "active viewer")

	undo := in.all("form", "hx-post", "")
	var way string
	for _, f := range undo {
		if to, _ := attribute(f, "action"); strings.Contains(to, "/undo/") {
			way = to
		}
	}
	back := ann.piece("POST", way, in.form(way)).says(200, "Cem Member is a Member again.")
	if !strings.Contains(back.row(mem), "autofocus") {
		t.Error("the focus is not on the name")
	}
	s.is(s.Cem, "active member")
	ann.piece("POST", way, in.form(way)).says(200, "Cem Member is a Member again.") // the same press
	ann.piece("POST", way, nil).says(409, "This was undone already.")

	form.Set("role", "guest")
	done := ann.post(at, form).leads(membersOfAcme)
	told := ann.follow(done).says(200, "Cem Member is now Guest.", "Undo")
	s.is(s.Cem, "active guest")
	way, _ = attribute(told.id("notice").FirstChild, "x")
	for _, f := range told.all("form", "action", "") {
		if to, _ := attribute(f, "action"); strings.Contains(to, "/undo/") {
			way = to
		}
	}
	ann.follow(ann.post(way, told.form(way)).leads(membersOfAcme)).says(200, "Cem Member is a Member again.")
	s.is(s.Cem, "active member")

	form.Set("role", "member")
	ann.piece("POST", at, form).says(200, "Cem Member is Member already")
	ann.follow(ann.post(at, form)).says(200, "is Member already. Nothing was changed.")
}

// TestChangeRoleLeadsBackToTheList: search and filters are not lost by a plain form, and no other site is led to.
func TestChangeRoleLeadsBackToTheList(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, at := s.as(s.Ann), s.member(s.Cem, "/role")
	form := ann.get(membersOfAcme + "?role=member&sort=-joined").form(at)
	form.Set("role", "viewer")
	ann.post(at, form).leads(membersOfAcme + "?role=member&sort=-joined")
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`} {
		form.Set("next", next)
		form.Set("role", map[bool]string{true: "guest", false: "viewer"}[s.rolesOf(s.Cem) == "active viewer"])
		ann.post(at, form).leads(membersOfAcme)
	}
}

// TestChangeRoleAsksFirst: a change that decides about who decides is asked about, however it is sent.
// X26 I70
func TestChangeRoleAsksFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, mem, at := s.as(s.Ann), s.Membership(t, s.Cem, "acme"), s.member(s.Cem, "/role")
	form := ann.get(membersOfAcme).form(at)
	form.Set("role", "admin")

	asked := ann.piece("POST", at, form).says(200, "Make Cem Member an Admin?", "Admins can "+role.Admin.Explain())
	if row := asked.row(mem); !strings.Contains(row, `>Member</a>`) {
		t.Error("the row shows a role that was not given")
	}
	if !strings.Contains(asked.raw, `hx-target="#dialog"`) {
		t.Error("the dialog does not open")
	}
	s.is(s.Cem, "active member")

	page := ann.post(at, form).says(200, "Make Cem Member an Admin?", "Keep")
	s.is(s.Cem, "active member")
	ann.follow(ann.post(at, page.form(at)).leads(membersOfAcme)).says(200, "Cem Member is now Admin.")
	s.is(s.Cem, "active admin")

	from := ann.get(at+"?role=viewer").says(200, "Make Cem Member a Viewer?")
	ann.piece("POST", at, from.form(at)).says(200, "Was Admin.")
	s.is(s.Cem, "active viewer")

	chosen := ann.get(at).says(200, "Change the role of Cem Member", "Can "+role.Viewer.Explain()).form(at)
	if chosen.Get("role") != "viewer" {
		t.Errorf("%q is chosen", chosen.Get("role"))
	}
	ann.get(at+"?role=emperor").says(200, "Change the role of Cem Member")
	if dialog := ann.piece("GET", at+"?role=admin", nil); dialog.header.Get("HX-Retarget") != "#dialog" {
		t.Error("htmx does not put the question into the dialog")
	}
}

// TestChangeRoleOfOneself: downwards only, asked first, and the whole page follows. There is no way back by oneself.
// I70 X26
func TestChangeRoleOfOneself(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ben, at := s.as(s.Ben), s.member(s.Ben, "/role")
	form := ben.get(at).form(at)
	form.Set("role", "member")
	asked := ben.piece("POST", at, form).says(200, "Make yourself a Member?", "You are an Admin now, and cannot take this back yourself.")
	if asked.id("confirm") == nil {
		t.Error("it cannot be confirmed")
	}
	form.Set("confirmed", "1")
	ben.piece("POST", at, form).leads(membersOfAcme)
	s.is(s.Ben, "active member")
	if p := ben.get(membersOfAcme).says(200, "You are now a Member. Before, you were an Admin."); strings.Contains(p.raw, "/undo/") {
		t.Error("one may raise oneself again")
	}
	ben.piece("POST", at, form).leads(membersOfAcme) // the same press: it was done
	form.Set("role", "guest")
	ben.piece("POST", at, form).says(403, "Your role is now Member, so this was not done.")
	s.is(s.Ben, "active member")
}

// TestChangeRoleRefused: the row shows the old role and why, and nothing was changed.
// C031 I67 I68
func TestChangeRoleRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mem := func(p account.Person) string { return s.Membership(t, p, "acme") }
	marks := func(b *browser) url.Values {
		f := b.get(membersOfAcme).form(s.member(s.Vic, "/role"))
		f.Del("role")
		return f
	}
	send := func(form url.Values, pairs ...string) url.Values {
		v := url.Values{"_org": form["_org"], "_person": form["_person"]}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	ann, ben := s.as(s.Ann), s.as(s.Ben)
	annForm, benForm := marks(ann), marks(ben)

	for _, c := range []struct {
		name   string
		who    *browser
		of     account.Person
		form   url.Values
		status int
		says   string
		shows  string
	}{
		{"the last owner", ann, s.Ann, send(annForm, "role", "member", "confirmed", "1"), 409, "Acme must always have an owner.", "Owner"},
		{"the last owner, unasked", ann, s.Ann, send(annForm, "role", "member"), 409, "Acme must always have an owner.", "Owner"},
		{"an admin of the owner", ben, s.Ann, send(benForm, "role", "member", "confirmed", "1"), 409, "Acme must always have an owner.", "Owner"},
		{"an admin makes admins", ben, s.Cem, send(benForm, "role", "admin", "confirmed", "1"), 403, "you cannot make anybody an Admin", `>Member</a>`},
		{"an admin makes admins, unasked", ben, s.Cem, send(benForm, "role", "admin"), 403, "you cannot make anybody an Admin", `>Member</a>`},
		{"oneself upwards", ben, s.Ben, send(benForm, "role", "owner", "confirmed", "1"), 403, "Nobody raises their own role", `>Admin</a>`},
	} {
		at := s.member(c.of, "/role")
		p := c.who.piece("POST", at, c.form).says(c.status, c.says)
		if row := p.row(mem(c.of)); !strings.Contains(row, c.shows) || !strings.Contains(row, "refused-") {
			t.Errorf("%s: the row does not show the old role and why: %s", c.name, row)
		}
		c.who.post(at, c.form).says(c.status, "Nothing was changed", c.says)
	}
	at := s.member(s.Cem, "/role")
	ann.post(at, send(annForm, "role", "emperor")).says(422, "There is a problem", "Choose one of the roles in the list.")
	ann.piece("POST", at, send(annForm, "role", "emperor", "confirmed", "1")).says(422, "Choose one of the roles in the list.")
	ann.post(at, send(annForm)).says(422, "Choose one of the roles in the list.")
	s.as(s.Cem).post(at, url.Values{"role": {"admin"}, "confirmed": {"1"}}).says(403, "Your role is now Member, so this was not done.")
	for p, want := range map[string]string{"ann": "active owner", "ben": "active admin", "cem": "active member"} {
		s.is(map[string]account.Person{"ann": s.Ann, "ben": s.Ben, "cem": s.Cem}[p], want)
	}
}

// TestSuspendAndReactivate: asked first, in place, and back.
// C029
func TestSuspendAndReactivate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, cem, mem, at := s.as(s.Ann), s.as(s.Cem), s.Membership(t, s.Cem, "acme"), s.member(s.Cem, "/suspend")
	cem.get("/orgs/acme").says(200)

	asked := ann.piece("GET", at, nil).says(200, "Suspend Cem Member?", "They keep their role")
	done := ann.piece("POST", at, asked.form(at)).says(200, "Suspended", "Was active.", "Cem Member is suspended. Undo follows the status")
	if done.turns > 5 {
		t.Errorf("suspending took %d round trips", done.turns)
	}
	s.is(s.Cem, "suspended member")
	cem.get("/orgs/acme").says(404, "You no longer have access to Acme")

	back := s.member(s.Cem, "/reactivate")
	if row := done.row(mem); !strings.Contains(row, "reactivate") || strings.Contains(row, `suspend"`) {
		t.Error("the menu does not offer to reactivate")
	}
	ann.follow(ann.post(back, ann.get(membersOfAcme).form(back)).leads(membersOfAcme)).says(200, "Cem Member is active again.", "Undo")
	s.is(s.Cem, "active member")
	cem.get("/orgs/acme").says(200)

	ann.get(s.member(s.Ann, "/suspend")).says(200, "You cannot suspend yourself")
	s.as(s.Ben).get(s.member(s.Ann, "/suspend")).says(403, "Ann Owner is an Owner: only owners change owners and admins.")
	s.as(s.Ben).post(s.member(s.Ann, "/suspend"), nil).says(403, "only owners change owners and admins")
	s.is(s.Ann, "active owner")
}

// TestRemove: asked first with what goes with it, Undo in the row, and the letter only if it is wanted.
// X51 C028 O34
func TestRemove(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, cem, mem, at := s.as(s.Ann), s.as(s.Cem), s.Membership(t, s.Cem, "acme"), s.member(s.Cem, "/remove")
	letters := func() int {
		return s.Count(t, `SELECT count(*) FROM river.river_job j JOIN roster.audit_events e ON e.id = (j.args->>'event')::uuid WHERE j.kind = 'news' AND e.event = 'membership.removed'`)
	}

	asked := ann.piece("GET", at, nil).says(200, "Remove Cem Member from Acme?", "They lose access at once.", "Tell them by e-mail")
	if strings.Contains(asked.text(), "Also revoke") {
		t.Error("it is asked about invitations that are not there")
	}
	if dialog := asked.header.Get("HX-Retarget"); dialog != "#dialog" {
		t.Errorf("it is put into %q", dialog)
	}
	form := asked.form(at)
	form.Del("tell")
	done := ann.piece("POST", at, form).says(200, "Removed Cem Member.", "4 members")
	if row := done.row(mem); !strings.Contains(row, "autofocus") || strings.Contains(row, "<select") {
		t.Errorf("the row does not say so: %s", row)
	}
	if done.turns > 5 || letters() != 0 {
		t.Errorf("%d round trips, %d letters", done.turns, letters())
	}
	s.is(s.Cem, "removed")
	cem.get("/orgs/acme").says(404, "You no longer have access to Acme")

	var way string
	for _, f := range done.all("form", "action", "") {
		way, _ = attribute(f, "action")
	}
	ann.piece("POST", way, done.form(way)).says(200, "Cem Member is back as a Member.", "5 members")
	s.is(s.Cem, "active member")
	cem.get("/orgs/acme").says(200)

	page := ann.get(at).says(200, "Remove Cem Member from Acme?", "Keep")
	told := ann.follow(ann.post(at, page.form(at)).leads(membersOfAcme)).says(200, "Removed Cem Member.", "Undo", "4 members")
	if told.id("notice-undo") == nil || letters() != 1 {
		t.Errorf("no Undo, or %d letters", letters())
	}
	ann.post(at, page.form(at)).leads(membersOfAcme) // a second press
	s.is(s.Cem, "removed")
	if letters() != 1 {
		t.Errorf("%d letters", letters())
	}
	ann.get(at).says(409, "Cem Member is not a member any more.")
	again, _ := attribute(ann.get(s.member(s.Cem, "")).says(200, "Removed", "Undo", "Invite again").id("invite-again"), "href")
	if got := ann.get(strings.TrimSuffix(again, "#invite")).says(200).value("emails"); got != "cem@acme.example" {
		t.Errorf("to invite them again %q is filled in", got)
	}
	ann.get(s.member(s.Ann, "/remove")).leads("/orgs/acme/leave")
}

// TestRemoveWithInvitations: theirs are revoked unless they are taken over, and the list is shown anew.
// C028
func TestRemoveWithInvitations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Invite(t, s.Ben, "acme", "one@x.example", role.Member)
	s.Invite(t, s.Ben, "acme", "two@x.example", role.Guest)
	ann, at := s.as(s.Ann), s.member(s.Ben, "/remove")
	page := ann.get(at).says(200, "Also revoke their 2 open invitations")
	told := ann.follow(ann.piece("POST", at, page.form(at)).leads(membersOfAcme)).says(200, "Removed Ben Admin.", "4 members")
	if strings.Contains(told.text(), "pending") {
		t.Error("invitations are still open")
	}
	way := ""
	for _, f := range told.all("form", "action", "") {
		if to, _ := attribute(f, "action"); strings.Contains(to, "/undo/") {
			way = to
		}
	}
	ann.follow(ann.post(way, told.form(way))).says(200, "Ben Admin is back as an Admin.", "5 members, 2 pending")

	form := page.form(at)
	form.Del("revoke")
	ann.piece("POST", at, form).says(200, "Removed Ben Admin.")
	ann.get(membersOfAcme).says(200, "4 members, 2 pending", "by Ann Owner")
}

// TestLeave: every role may, but not the last owner.
// C030 C031 I67
func TestLeave(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, p := range []account.Person{s.Gus, s.Vic, s.Cem, s.Ben} {
		b := s.as(p)
		page := b.get("/orgs/acme/leave").says(200, "Leave Acme?", "You lose access at once.", "Stay")
		b.follow(b.post("/orgs/acme/leave", page.form("/orgs/acme/leave")).leads("/orgs")).says(200, "You left Acme.")
		s.is(p, "left")
		b.get("/orgs/acme").says(404, "You no longer have access to Acme")
	}
	ann := s.as(s.Ann)
	ann.get("/orgs/acme/leave").says(200, "You cannot leave Acme", "Acme must always have an owner. Make someone else an owner first.")
	ann.post("/orgs/acme/leave", nil).says(409, "Acme must always have an owner.")
	if p := ann.piece("POST", "/orgs/acme/leave", nil).says(409, "Acme must always have an owner."); p.header.Get("HX-Retarget") != "#dialog" {
		t.Error("the dialog does not say why not")
	}
	s.is(s.Ann, "active owner")
}

// TestUndo: only one's own, only what nobody has changed since, and never for those of elsewhere.
func TestUndo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mem := s.Membership(t, s.Cem, "acme")
	change, err := s.Roster.ChangeRole(t.Context(), s.As(t, s.Ann, "acme"), mem, role.Viewer)
	if err != nil {
		t.Fatal(err)
	}
	way := "/orgs/acme/undo/" + change.Undo
	s.as(s.Ben).post(way, nil).says(404)
	s.as(s.Zoe).post(way, nil).says(404)
	s.as(s.Zoe).post("/orgs/other/undo/"+change.Undo, nil).says(404)
	s.is(s.Cem, "active viewer")
	if _, err := s.Roster.ChangeRole(t.Context(), s.As(t, s.Ben, "acme"), mem, role.Guest); err != nil {
		t.Fatal(err)
	}
	ann := s.as(s.Ann)
	p := ann.piece("POST", way, url.Values{"member": {mem}}).says(409, "Cem Member was changed again since. Nothing was undone.")
	if !strings.Contains(p.row(mem), `>Guest</a>`) {
		t.Error("the row does not show how things are")
	}
	ann.post(way, nil).says(409, "Cem Member was changed again since. Nothing was undone.")
	s.is(s.Cem, "active guest")
}

// TestMemberPage: what is known of a membership, its history, and what can be done.
// X19 X20 X21 X23
func TestMemberPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, at := s.as(s.Ann), s.member(s.Cem, "")
	if _, err := s.Roster.ChangeRole(t.Context(), s.As(t, s.Ann, "acme"), s.Membership(t, s.Cem, "acme"), role.Viewer); err != nil {
		t.Fatal(err)
	}
	ann.get(at) // notes the organization as the one used last
	p := ann.get(at).says(200, "Cem Member", "cem@acme.example Viewer", "Role Viewer Change the role", "Suspend", "Remove", "Invited by", "Ann Owner", "By invitation",
		"Ann Owner changed the role from Member to Viewer", "Cem Member joined", "Ann Owner invited cem@acme.example", "Other organizations of this person are never shown here.",
		s.Membership(t, s.Cem, "acme"))
	if p.turns > 3 {
		t.Errorf("the page took %d round trips", p.turns)
	}
	if to, _ := attribute(p.id("inviter"), "href"); to != s.member(s.Ann, "") {
		t.Errorf("the inviter is linked to %q", to)
	}

	own := s.as(s.Cem).get(at).says(200, "You", "Leave")
	if own.id("suspend") != nil || own.id("remove") != nil || own.id("change-role") != nil {
		t.Error("a viewer is offered changes")
	}
	s.as(s.Vic).get(at).says(200)
	s.as(s.Gus).get(at).says(403)

	// Suspended from its page, everything is shown anew; the way back leads here again.
	suspend := s.member(s.Cem, "/suspend")
	asked := ann.get(suspend + "?next=" + url.QueryEscape(at))
	done := ann.piece("POST", suspend, asked.form(suspend)).leads(at)
	ann.follow(done).says(200, "Cem Member is suspended.", "Undo", "Reactivate")

	// A former member's page stays for who may read the log.
	if _, err := s.Roster.Remove(t.Context(), s.As(t, s.Ann, "acme"), s.Membership(t, s.Cem, "acme"), roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	gone := ann.get(at).says(200, "Removed "+time.Now().UTC().Format("2 Jan 2006"), "Ann Owner removed this member")
	if gone.id("suspend") != nil || gone.id("remove") != nil {
		t.Error("a former member can be changed")
	}
	s.as(s.Vic).get(at).says(404)
}

// TestMemberHistoryGoesOn: the newest entries first, older ones below on demand.
func TestMemberHistoryGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mem := s.Membership(t, s.Cem, "acme")
	for i := range roster.HistorySize + 5 {
		to := []role.Role{role.Viewer, role.Member}[i%2]
		if _, err := s.Roster.ChangeRole(t.Context(), s.As(t, s.Ann, "acme"), mem, to); err != nil {
			t.Fatal(err)
		}
	}
	ann := s.as(s.Ann)
	p := ann.get(s.member(s.Cem, "")).says(200, "Show older", "Times are in UTC.")
	older, _ := attribute(p.id("older"), "href")
	if n := len(p.all("li", "id", "")) + strings.Count(p.raw, "<li><strong>"); n < roster.HistorySize {
		t.Errorf("%d entries", n)
	}
	piece := ann.piece("GET", older, nil).says(200, "joined by", "older entries loaded")
	if strings.Contains(piece.raw, "<html") || piece.id("older") != nil || strings.Count(piece.raw, "autofocus") != 1 {
		t.Errorf("not the older entries alone: %.200s", piece.raw)
	}
	ann.get(older).says(200, "Back to the newest", "joined by")
	ann.get(s.member(s.Cem, "") + "?before=nonsense").says(400)
}

// TestAnOldPageChangesNobody: what another person or organization's page sends is refused before it is looked at.
// I14
func TestAnOldPageChangesNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, at := s.as(s.Ann), s.member(s.Cem, "/role")
	form := ann.get(membersOfAcme).form(at)
	form.Set("role", "viewer")
	ben := s.as(s.Ben)
	p := ben.piece("POST", at, form, "HX-Target", "div#problem").says(409, "You are now logged in as Ben Admin. This page was opened by Ann Owner.")
	if to := p.header.Get("HX-Retarget"); to != "#problem" {
		t.Errorf("it is told in %q", to)
	}
	s.is(s.Cem, "active member")
}

// TestTwoOwnersActAtOnce: of two who lower each other, one is refused with the reason.
// C031 I67
func TestTwoOwnersActAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Join(t, s.Ann, "acme", s.Zoe, role.Owner)
	ann, zoe := s.as(s.Ann), s.as(s.Zoe)
	form := url.Values{"role": {"member"}, "confirmed": {"1"}}
	paths := []string{s.member(s.Zoe, "/role"), s.member(s.Ann, "/role")}
	answers := make([]*page, 2)
	rostertest.Together(2, func(i int) { answers[i] = []*browser{ann, zoe}[i].piece(http.MethodPost, paths[i], form) })
	if n := s.Count(t, `SELECT count(*) FROM roster.membership_roles r JOIN roster.organizations o ON o.id = r.org_id WHERE o.slug = 'acme' AND r.role = 'owner'`); n != 1 {
		t.Errorf("%d owners: %s", n, fmt.Sprint(answers[0].status, answers[1].status))
	}
}

// TestListsAreReadFromTheirAddress: every filter and order that our links and forms name is understood, alone and
// together, and nothing else is guessed at.
// C023 C024 I18
func TestListsAreReadFromTheirAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.many(60)
	ann, ben := s.as(s.Ann), s.Membership(t, s.Ben, "acme")
	first, _ := attribute(ann.get(membersOfAcme).id("more"), "href")
	cursor, _ := url.Parse(first)
	after := cursor.Query().Get("after")
	for _, query := range []string{"sort=name", "sort=-name", "sort=role", "sort=-role", "sort=joined", "sort=-joined", "sort=active", "sort=-active",
		"active=week", "active=month", "active=quarter", "active=before", "active=never", "invited_by=" + ben, "status=", "role=", "sort=", "active=", "invited_by=", "before=" + after,
		"q=m&role=member&status=active&invited_by=" + ben + "&active=month&sort=-active"} {
		ann.get(membersOfAcme + "?" + query).says(200)
		ann.piece("GET", membersOfAcme+"?"+query, nil).says(200)
	}
	for _, query := range []string{"sort=-", "sort=--name", "sort=Name", "sort=size", "active=day", "active=WEEK", "invited_by=x", "invited_by=inv_" + ben[4:], "invited_by=" + ben + "x", "before=x",
		"after=" + after + "&before=" + after, "after=" + after + "&sort=joined", "before=" + after + "&sort=active", "after=" + after + "&sort=role", "seal=x", "seal=0123456789AB", "shown=1e3"} {
		ann.get(membersOfAcme+"?"+query).says(400, "This link is damaged")
	}
	// What is chosen stays: in the selects, in a chip, in the order of the list, and in every way on.
	p := ann.get(membersOfAcme+"?status=active&invited_by="+s.Membership(t, s.Ann, "acme")+"&active=before&sort=-role").says(200, "Invited by Ann Owner")
	for _, chosen := range []string{`<option value="active" selected`, `<option value="before" selected`} {
		if !strings.Contains(p.raw, chosen) {
			t.Errorf("forgotten: %s", chosen)
		}
	}
	if to, _ := attribute(p.id("any-inviter"), "href"); to != membersOfAcme+"?status=active&active=before&sort=-role" {
		t.Errorf("without the inviter it is %s", to)
	}
	for name, want := range map[string]string{"invited_by": s.Membership(t, s.Ann, "acme"), "sort": "-role"} {
		if fields := p.all("input", "name", name); len(fields) != 1 {
			t.Errorf("%d fields %s", len(fields), name)
		} else if value, _ := attribute(fields[0], "value"); value != want {
			t.Errorf("the form sends %s=%s", name, value)
		}
	}
	for id, want := range map[string]string{"sort-role": "role", "sort-active": "-active", "sort-name": "", "sort-joined": "-joined"} {
		at, _ := attribute(p.id(id), "href")
		if u, err := url.Parse(at); err != nil || u.Query().Get("sort") != want || u.Query().Get("active") != "before" {
			t.Errorf("%s leads to %s", id, at)
		}
	}
	sorted := p.all("th", "aria-sort", "")
	if len(sorted) != 1 {
		t.Fatalf("%d columns are sorted by", len(sorted))
	}
	if how, _ := attribute(sorted[0], "aria-sort"); how != "descending" || !strings.Contains(plain(sorted[0]), "Role") {
		t.Errorf("sorted by %s, %s", plain(sorted[0]), how)
	}
}

// TestListGoesBack: without script there is a way back from every page, to the page before and to the start.
// C141
func TestListGoesBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.many(120)
	ann := s.as(s.Ann)
	to := func(p *page, id string) string {
		t.Helper()
		if p.id(id) == nil {
			t.Fatalf("%s: there is no %s", p.path, id)
		}
		at, _ := attribute(p.id(id), "href")
		return at
	}
	ids := func(p *page) (ids []string) {
		for _, tr := range p.all("tr", "id", "") {
			id, _ := attribute(tr, "id")
			ids = append(ids, id)
		}
		return ids
	}
	for _, order := range []string{"", "?sort=-role"} {
		first := ann.get(membersOfAcme + order)
		if first.id("previous") != nil || first.id("start") != nil {
			t.Error("there is something before the start")
		}
		second := ann.get(to(first, "more"))
		third := ann.get(to(second, "more"))
		if third.id("more") != nil {
			t.Error("there is something behind the end")
		}
		back := ann.get(to(third, "previous"))
		if !slices.Equal(ids(back), ids(second)) {
			t.Error("from the third page another second one leads back")
		}
		if again := ann.get(to(back, "previous")); !slices.Equal(ids(again), ids(first)) || again.id("previous") != nil {
			t.Error("from the second page another first one leads back")
		}
		if to(back, "start") != membersOfAcme+order {
			t.Errorf("the start is %s", to(back, "start"))
		}
		if !slices.Equal(ids(ann.get(to(back, "more"))), ids(third)) {
			t.Error("and on again it is another third page")
		}
		// Whoever stood on a later page is gone: it says so, and leads back.
		gone := ann.get(strings.Replace(to(third, "previous"), "before=", "q=zz&after=", 1)).says(200, "The list ends here", "Back to the start")
		if at := to(gone, "start"); !strings.HasPrefix(at, membersOfAcme+"?q=zz") || strings.Contains(at, "after=") {
			t.Errorf("the start is %s", at)
		}
	}
}

// TestListOnPaper: what is printed says of which organization it is, who is on it, in which order and when; and two prints
// of the same rows have one hash.
// C172
func TestListOnPaper(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.many(60)
	ann := s.as(s.Ann)
	p := ann.get(membersOfAcme+"?q=ann&sort=role").says(200, "Acme · Members · printed", "Members with “ann”, sorted by role, the highest first, 1 shown. Hash")
	seal := p.textOf("seal")
	if len(seal) != 12 || ann.get(membersOfAcme+"?q=ann").textOf("seal") != seal {
		t.Errorf("one list has the hashes %q and %q", seal, ann.get(membersOfAcme+"?q=ann").textOf("seal"))
	}
	if other := ann.get(membersOfAcme + "?q=ben").textOf("seal"); other == seal {
		t.Error("two lists have one hash")
	}
	s.SQL(t, `UPDATE roster.memberships SET name = 'Anne Owner' WHERE email = 'ann@acme.example'`)
	if ann.get(membersOfAcme+"?q=ann").textOf("seal") == seal {
		t.Error("a list with another name in it has the same hash")
	}
	// Rows that were loaded later count too.
	whole := ann.get(membersOfAcme)
	more, _ := attribute(whole.id("more"), "href")
	loaded := ann.piece("GET", more, nil).all("hx-partial", "hx-target", "#seal")
	if len(loaded) != 1 || len(strings.TrimSpace(plain(loaded[0]))) != 12 || strings.TrimSpace(plain(loaded[0])) == whole.textOf("seal") {
		t.Errorf("with more rows the hash is not another one")
	}
}

// TestTreeOfInvitations: from any member's page it opens, as a page without script, in place with it.
// C041 X22
func TestTreeOfInvitations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dan := s.Person(t, "Dan Deep", "dan@acme.example")
	s.Join(t, s.Ben, "acme", dan, role.Member)
	ann := s.as(s.Ann)
	ben := s.member(s.Ben, "")
	p := ann.get(ben).says(200, "Invited 1 person")
	at, _ := attribute(p.id("invited"), "href")
	tree := ann.get(at).says(200, "Who came by Ben Admin", "Invited 1 person to Acme.", "Ann Owner", "Dan Deep", "Show in the list")
	list, _ := attribute(tree.id("as-list"), "href")
	ann.get(list).says(200, "Invited by Ben Admin", "1 member matches")
	above := ann.get(s.member(s.Ann, "/invited")).says(200, "Ben Admin")
	opens := above.all("details", "hx-get", at)
	if len(opens) != 1 || !strings.Contains(plain(opens[0]), "Invited 1 person") || !strings.Contains(plain(opens[0]), "See who came by Ben Admin") {
		t.Errorf("%d things open Ben's people", len(opens))
	}
	piece := ann.piece("GET", at, nil).says(200, "Dan Deep")
	if !strings.HasPrefix(piece.raw, `<ul class="tree"`) || strings.Contains(piece.raw, "<body") {
		t.Errorf("in place of the tree comes %.80s", piece.raw)
	}
	if p := ann.get(s.member(dan, "")).says(200); p.id("invited") != nil {
		t.Error("who invited nobody has a link to nobody")
	}
	ann.get(s.member(dan, "/invited")).says(200, "Dan Deep has invited nobody who joined", "Ann Owner")
	ann.get(at + "?after=x").says(400)
	s.as(s.Gus).get(at).says(403)
}
