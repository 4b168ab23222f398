package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"roster/internal/account"
	"roster/internal/role"
	"roster/internal/rostertest"
	"roster/views/paths"
)

// TestFoundingAnOrganization is the whole way without script: the form, an empty address that is proposed, the second
// step, skipped, and the overview with what to do first.
func TestFoundingAnOrganization(t *testing.T) {
	t.Parallel()
	s := emptySite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	b := s.as(mara)

	first := b.get(paths.Welcome).says(200, "Create your first organization", "Logged in as mara@acme.example", strings.TrimPrefix(s.URL, "http://")+"/orgs/")
	form := first.form(paths.Orgs)
	form.Set("name", "  Müller &  Söhne ")
	second := b.follow(b.post(paths.Orgs, form).leads("/orgs/muller-sohne/welcome"))
	second.says(200, "Invite people to Müller & Söhne", "Müller & Söhne is ready. You are its owner.", "Skip for now")
	if got, want := second.form("/orgs/muller-sohne/invitations").Get("role"), "member"; got != want {
		t.Errorf("the role offered first is %q, want %q", got, want)
	}
	over := b.get("/orgs/muller-sohne").says(200, "First steps", "No one else is here yet.", "Create Müller & Söhne, done", "Mara Lindqvist became the first Owner", "Mara Lindqvist created Müller & Söhne")
	if strings.Contains(over.text(), "is ready") {
		t.Error("the notice is shown a second time")
	}
	b.get("/").leads("/orgs/muller-sohne")
	b.get(paths.Welcome).leads("/")
}

// TestInvitingOnTheWay takes the second step: the short form goes where every invitation goes.
func TestInvitingOnTheWay(t *testing.T) {
	t.Parallel()
	s := emptySite(t)
	b := s.as(s.Person(t, "Mara Lindqvist", "mara@acme.example"))
	b.post(paths.Orgs, url.Values{"name": {"Acme"}})
	form := b.get("/orgs/acme/welcome").form("/orgs/acme/invitations")
	form.Set("emails", "lin@acme.example")
	b.follow(b.post("/orgs/acme/invitations", form).leads("/orgs/acme/invitations")).says(200, "lin@acme.example")
	b.get("/orgs/acme").says(200, "Invite people, done", "1 open invitation", "Mara Lindqvist invited lin@acme.example as Member")
}

// TestADoublePressFoundsOnce presses Create twice, one after the other and at the same time: one organization, and both
// presses land in it.
func TestADoublePressFoundsOnce(t *testing.T) {
	t.Parallel()
	s := emptySite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	b := s.as(mara)
	form := b.get(paths.Welcome).form(paths.Orgs)
	form.Set("name", "Acme")
	b.post(paths.Orgs, form).leads("/orgs/acme/welcome")
	b.post(paths.Orgs, form).leads("/orgs/acme/welcome")

	form = b.get(paths.NewOrg).form(paths.Orgs)
	form.Set("name", "Kestrel")
	rostertest.Together(4, func(int) { b.post(paths.Orgs, form).leads("/orgs/kestrel/welcome") })
	if n := s.Count(t, "SELECT count(*) FROM roster.organizations"); n != 2 {
		t.Errorf("%d organizations were founded, want 2", n)
	}
	b.get("/orgs/kestrel").says(200, "Kestrel")
}

// TestAFormThatCannotBe keeps what was typed, says what to do, and founds nothing. C004
func TestAFormThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.as(s.Person(t, "Mara Lindqvist", "mara@acme.example"))
	before := s.Count(t, "SELECT count(*) FROM roster.organizations")
	for _, c := range []struct{ what, name, slug, field, words string }{
		{"no name", "", "fine", "name", "Enter a name for the organization."},
		{"a long name", strings.Repeat("x", 10_000), "fine", "name", "Use at most 64 characters."},
		{"an invisible name", "A\u202Ecme", "fine", "name", "Leave out control characters."},
		{"no letters", "!!!", "fine", "name", "Use at least one letter or digit."},
		{"taken", "Acme", "acme", "slug", "That address is taken. Try acme-team."},
		{"taken by the name alone", "Acme", "", "slug", "That address is taken. Try acme-team."},
		{"reserved by its name alone", "API", "", "slug", "“api” is reserved. Choose another address."},
		{"taken in capitals", "Acme", "ACME", "slug", "That address is taken."},
		{"reserved", "New", "new", "slug", "“new” is reserved. Choose another address."},
		{"mixed scripts", "Acme", "аcme", "slug", "Use 2 to 39 small letters a–z, digits and single hyphens"},
		{"too short", "Acme", "a", "slug", "Use 2 to 39 small letters"},
		{"too long", "Acme", strings.Repeat("a", 40), "slug", "Use 2 to 39 small letters"},
		{"no letters for an address", "日本", "", "slug", "Enter an address for the organization."},
		{"a tag", "<script>alert(1)</script>", "acme", "slug", "That address is taken."},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := b.post(paths.Orgs, url.Values{"name": {c.name}, "slug": {c.slug}}).says(422, "There is a problem", c.words)
			if got := p.value("name"); got != c.name {
				t.Errorf("the name came back as %q, want %q", got, c.name)
			}
			if c.slug != "" && p.value("slug") != c.slug {
				t.Errorf("the address came back as %q, want %q", p.value("slug"), c.slug)
			}
			if title := words(p.all("title", "", "")[0]); !strings.HasPrefix(title, "Error: ") {
				t.Errorf("the title is %q", title)
			}
			if wrong, _ := attribute(p.id(c.field), "aria-invalid"); wrong != "true" {
				t.Errorf("%s is not marked as wrong", c.field)
			}
		})
	}
	if after := s.Count(t, "SELECT count(*) FROM roster.organizations"); after != before {
		t.Errorf("%d organizations, before there were %d", after, before)
	}
}

// TestATakenAddressComesWithFreeOnes: without script each is a link to the form with it, and the form works from there. C003 O05
func TestATakenAddressComesWithFreeOnes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.as(s.Person(t, "Mara Lindqvist", "mara@acme.example"))
	refused := b.post(paths.Orgs, url.Values{"name": {"Acme"}, "slug": {"acme"}})
	var links []string
	for _, a := range refused.all("a", "hx-get", "") {
		href, _ := attribute(a, "href")
		links = append(links, href)
	}
	if len(links) != 3 {
		t.Fatalf("suggestions: %v, want three", links)
	}
	again := b.get(links[1]).says(200, "acme-hq is free")
	form := again.form(paths.Orgs)
	if form.Get("name") != "Acme" || form.Get("slug") != "acme-hq" {
		t.Errorf("the form holds %v", form)
	}
	b.post(paths.Orgs, form).leads("/orgs/acme-hq/welcome")
}

// TestAnAddressIsCheckedWhileTyped asks as htmx does. O05
func TestAnAddressIsCheckedWhileTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.as(s.Ann)
	for _, c := range []struct{ what, query, says, fills string }{
		{"a name proposes", "name=Acme+Robotics&slug=&proposed=", "acme-robotics is free", "acme-robotics"},
		{"another name proposes anew", "name=Kestrel&slug=acme-robotics&proposed=acme-robotics", "kestrel is free", "kestrel"},
		{"what was typed stays", "name=Kestrel&slug=mine&proposed=acme-robotics", "mine is free", ""},
		{"taken", "name=Kestrel&slug=acme&proposed=kestrel", "That address is taken. Try acme-team, acme-hq or acme-group.", ""},
		{"a proposal that is taken", "name=Acme&slug=&proposed=", "That address is taken. Try", "acme"},
		{"a suggestion that is pressed", "name=Acme&slug=acme-hq&pick=1", "acme-hq is free", "acme-hq"},
		{"a bad one", "name=Acme&slug=a--b&proposed=", "Use 2 to 39 small letters a–z, digits and single hyphens, like acme-robotics.", ""},
		{"nothing yet", "name=&slug=&proposed=", "Left empty, it is made from the name.", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := b.piece(http.MethodGet, paths.CheckSlug+"?"+c.query, nil).says(200, c.says)
			if strings.Contains(p.raw, "<html") {
				t.Error("it is a whole page")
			}
			filled := ""
			if p.id("slug") != nil {
				filled = p.value("slug")
			}
			if filled != c.fills {
				t.Errorf("the field is filled with %q, want %q", filled, c.fills)
			}
		})
	}
	b.get(paths.CheckSlug + "?name=Acme&name=Other").says(400)
}

// TestWhoIsWaitedForIsToldFirst shows the invitations of somebody who has no organization before the form, and on the
// page that "Not now" leads to. I12
func TestWhoIsWaitedForIsToldFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	b := s.as(mara)
	b.get("/").leads(paths.Welcome)
	b.get(paths.Orgs).says(200, "You are in no organization yet", "Create organization")

	invitation := s.Invite(t, s.Ann, rostertest.Acme, mara.Email, role.Viewer)
	for _, path := range []string{paths.Welcome, paths.Orgs} {
		p := b.get(path).says(200, "Acme invited you As Viewer, by Ann Owner.")
		if found := p.all("a", "href", paths.Offer(invitation)); len(found) == 0 {
			t.Errorf("%s has no link to the invitation", path)
		}
	}
}

// TestTheListOfOrganizations shows where the person is, with role and state, and finds by name and address.
func TestTheListOfOrganizations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Join(t, s.Zoe, rostertest.Other, s.Ann, role.Viewer)
	b := s.as(s.Ann)
	b.get("/orgs/" + rostertest.Other)
	p := b.get(paths.Orgs).says(200, "Your organizations", "2 organizations")
	if got, want := plain(p.id("org-acme")), "Acme /orgs/acme Owner Active Leave Acme"; got != want {
		t.Errorf("the row of Acme says %q, want %q", got, want)
	}
	if got, want := plain(p.id("org-other")), "Other /orgs/other Viewer Used last Leave Other"; got != want {
		t.Errorf("the row of Other says %q, want %q", got, want)
	}
	if current, _ := attribute(p.id("go-other"), "aria-current"); current != "true" {
		t.Error("Other is not marked as the one used last")
	}

	s.SQL(t, `UPDATE roster.memberships m SET status = 'suspended' FROM roster.organizations o
		WHERE o.id = m.org_id AND o.slug = 'other' AND m.user_id = $1`, s.Ann.ID)
	p = b.get(paths.Orgs).says(200)
	if got, want := plain(p.id("org-other")), "Other /orgs/other Viewer Suspended Ask one of its owners."; got != want {
		t.Errorf("the row of Other says %q, want %q", got, want)
	}
	b.get(paths.Orgs+"?q=oth").says(200, "1 organization matches “oth”.")
	b.get(paths.Orgs+"?q=weberr").says(200, "No organization matches “weberr”", "Clear search")
	found := b.piece(http.MethodGet, paths.Orgs+"?q=ACME", nil).says(200, "1 organization matches")
	if got := found.header.Get("HX-Push-Url"); got != "/orgs?q=ACME" {
		t.Errorf("the address becomes %q", got)
	}
	if found.id("org-other") != nil || found.id("org-acme") == nil {
		t.Error("the search finds the wrong ones")
	}
	b.get(paths.Orgs+"?q="+url.QueryEscape("%")).says(200, "No organization matches “%”")
	b.get(paths.Orgs+"?q="+url.QueryEscape("<script>")).says(200, "No organization matches “<script>”")
}

// TestSwitching renews the session and opens the same kind of page, if the person may see it there. I11
func TestSwitching(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Join(t, s.Zoe, rostertest.Other, s.Ann, role.Viewer)
	s.Join(t, s.Ann, rostertest.Acme, s.Zoe, role.Guest)
	b := s.as(s.Ann)
	for _, c := range []struct{ to, section, leads string }{
		{"other", "members", "/orgs/other/members"},
		{"other", "invitations", "/orgs/other"}, // a Viewer does not see them
		{"acme", "invitations", "/orgs/acme/invitations"},
		{"acme", "overview", "/orgs/acme"},
		{"acme", "", "/orgs/acme"},
		{"other", "https://evil.example/", "/orgs/other"},
	} {
		before := b.cookie()
		p := b.get("/orgs/acme")
		form := p.form(paths.Orgs)
		form.Set("section", c.section)
		b.post(paths.Switch(c.to), form).leads(c.leads)
		if after := b.cookie(); after == before || after == "" {
			t.Errorf("switching to %s renews nothing", c.to)
		}
		b.get("/").leads(paths.Org(c.to))
	}
	s.as(s.Zoe).post(paths.Switch("acme"), url.Values{"section": {"members"}}).leads("/orgs/acme") // a Guest does not see members

	// What was said in one organization is not carried into another.
	form := b.get("/orgs/acme/welcome").form("/orgs/acme/invitations")
	form.Set("emails", "lin@acme.example")
	b.post("/orgs/acme/invitations", form)
	if p := b.follow(b.post(paths.Switch("other"), nil)); p.id("notice") != nil {
		t.Errorf("Other says %q", p.textOf("notice"))
	}
}

// TestSwitchingNeedsMembership refuses strangers, former and suspended members, and closed organizations; the active
// organization stays. I11
func TestSwitchingNeedsMembership(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.as(s.Cem)
	b.get("/orgs/acme")
	b.post(paths.Switch(rostertest.Other), nil).says(404, "We cannot find that page")
	b.post(paths.Switch("nowhere"), nil).says(404, "We cannot find that page")
	b.get("/").leads("/orgs/acme")
	b.get(paths.Switch("acme")).says(405)

	if _, err := s.Roster.Suspend(t.Context(), s.As(t, s.Ann, rostertest.Acme), s.Membership(t, s.Cem, rostertest.Acme)); err != nil {
		t.Fatal(err)
	}
	b.post(paths.Switch("acme"), nil).says(404, "You no longer have access to Acme")
	b.get("/").leads(paths.Orgs)

	ben := s.as(s.Ben)
	ben.get("/orgs/acme")
	s.SQL(t, "UPDATE roster.organizations SET status = 'suspended' WHERE slug = 'acme'")
	ben.post(paths.Switch("acme"), nil).says(404, "You no longer have access to Acme")
	ben.get(paths.Orgs).says(200, "Closed Nobody can use it now.")
	ben.get("/").leads(paths.Orgs)
}

// TestADoubleClickOnTheSwitcher logs nobody out.
func TestADoubleClickOnTheSwitcher(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Join(t, s.Zoe, rostertest.Other, s.Ann, role.Viewer)
	b := s.as(s.Ann)
	b.get("/orgs/acme")
	rostertest.Together(4, func(int) { b.post(paths.Switch("other"), nil).leads("/orgs/other") })
	b.get("/").leads("/orgs/other")
	b.post(paths.Switch("acme"), nil).leads("/orgs/acme")
	b.get("/").leads("/orgs/acme")
}

// TestTheLastOneOpensAfterLoggingIn remembers it over a log-out, whichever way it came to be the last. C089
func TestTheLastOneOpensAfterLoggingIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Join(t, s.Zoe, rostertest.Other, s.Ann, role.Viewer)
	b := s.as(s.Ann)
	b.post(paths.Switch("other"), nil)
	b.post(paths.LogOut, nil)
	b.get("/orgs/other").leads("/login?next=%2Forgs%2Fother")
	b.logIn(s.Ann)
	b.get("/").leads("/orgs/other")
	b.get("/orgs/acme")
	b.post(paths.LogOut, nil)
	b.logIn(s.Ann)
	b.get("/").leads("/orgs/acme")
}

// TestAPageOfSomebodyElseChangesNothing: a form that was opened by another person of this browser is refused. I14
func TestAPageOfSomebodyElseChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.as(s.Ben)
	form := b.get(paths.NewOrg).form(paths.Orgs)
	form.Set("name", "Sunrise")
	b.post(paths.LogOut, nil)
	b.logIn(s.Cem)
	b.post(paths.Orgs, form).says(409, "You are now logged in as Cem Member. This page was opened by Ben Admin. Nothing was changed.")
	if n := s.Count(t, "SELECT count(*) FROM roster.organizations WHERE slug = 'sunrise'"); n != 0 {
		t.Error("it was founded all the same")
	}
	mark := url.Values{"_person": form["_person"]}
	b.post(paths.Switch("acme"), mark).says(409, "This page was opened by Ben Admin")
}

// TestManyOrganizations lists the first 200 and finds the others.
func TestManyOrganizations(t *testing.T) {
	t.Parallel()
	s := emptySite(t)
	mara := s.Person(t, "Mara Lindqvist", "mara@acme.example")
	for i := range 203 {
		s.Found(t, mara, fmt.Sprintf("Works %d", i+1), fmt.Sprintf("works-%d", i+1))
	}
	b := s.as(mara)
	p := b.get(paths.Orgs).says(200, "The first 200 are shown. Search to find others.")
	if p.id("org-works-200") == nil || p.id("org-works-201") != nil {
		t.Error("it does not list the first 200")
	}
	b.get(paths.Orgs+"?q=works-203").says(200, "1 organization matches “works-203”.", "Works 203")
	b.post(paths.Switch("works-203"), nil).leads("/orgs/works-203")
	b.get("/").leads("/orgs/works-203")
}

// TestTheOverviewShowsWhatTheRoleMaySee compares all five. A guest counts nobody.
func TestTheOverviewShowsWhatTheRoleMaySee(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Invite(t, s.Ann, rostertest.Acme, "lin@acme.example", role.Member)
	s.SQL(t, "UPDATE roster.invitations SET delivery = 'failed' WHERE email = 'lin@acme.example'")
	const (
		members     = "5 members"
		invitations = "1 open invitation"
		invite      = "Invite people"
		events      = "Gus Guest joined by a copied link, as Guest"
		attention   = "1 invitation was not delivered"
		page        = "Your member page"
		guest       = "Guests can see what is shared with guests, not the other members."
	)
	all := []string{members, invitations, invite, events, attention, page, guest}
	for _, c := range []struct {
		who account.Person
		see []string
	}{
		{s.Ann, []string{members, invitations, invite, events, attention, page}},
		{s.Ben, []string{members, invitations, invite, events, attention, page}},
		{s.Cem, []string{members, page}},
		{s.Vic, []string{members, page}},
		{s.Gus, []string{guest}},
	} {
		t.Run(c.who.Name, func(t *testing.T) {
			p := s.as(c.who).get("/orgs/acme").says(200, "Acme", "Your membership", c.who.Name, "Leave Acme")
			for _, words := range all {
				if shown := strings.Contains(plain(p.id("main")), words); shown != slices.Contains(c.see, words) {
					t.Errorf("%q is shown: %v", words, shown)
				}
			}
			if p.id("first-steps") != nil {
				t.Error("it has first steps, though everybody is here")
			}
		})
	}
	zoe := s.as(s.Zoe)
	zoe.get("/orgs/acme").says(404, "We cannot find that page")
	zoe.get("/orgs/acme/welcome").says(404, "We cannot find that page")
	s.as(s.Cem).get("/orgs/acme/welcome").says(403, "You cannot invite people", "Ann Owner")
}

// TestReadingTakesThreeTurns counts round trips to the database.
func TestReadingTakesThreeTurns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, mara := s.as(s.Ann), s.as(s.Person(t, "Mara Lindqvist", "mara@acme.example"))
	for _, c := range []struct {
		b    *browser
		path string
	}{{ann, "/"}, {ann, "/orgs"}, {ann, "/orgs?q=ac"}, {ann, "/orgs/new"}, {ann, "/orgs/acme"}, {ann, "/orgs/acme/welcome"},
		{ann, "/orgs/new/slug?name=Acme"}, {mara, "/"}, {mara, "/welcome"}, {mara, "/orgs"}} {
		c.b.get(c.path)
		if p := c.b.get(c.path); p.turns > 3 {
			t.Errorf("%s takes %d round trips, want at most 3", c.path, p.turns)
		}
	}
	form := ann.get("/orgs/new").form(paths.Orgs)
	form.Set("name", "Fifth")
	if p := ann.post(paths.Orgs, form).leads("/orgs/fifth/welcome"); p.turns > 5 {
		t.Errorf("founding takes %d round trips, want at most 5", p.turns)
	}
	if p := ann.post(paths.Switch("acme"), nil); p.turns > 5 {
		t.Errorf("switching takes %d round trips, want at most 5", p.turns)
	}
}
