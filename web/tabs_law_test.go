package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"roster/internal/account"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/views/paths"
)

// What happens in a tab while something else happens elsewhere: the table of the specification, line by line.

// tab is a page that is open, and a form of it that somebody is about to send: it makes a member a guest.
type tab struct {
	*browser
	slug, mem string
	form      url.Values
}

// open opens a page of somebody who manages members, in an organization.
func (l *law) open(b *browser, slug string) *tab {
	l.t.Helper()
	_, mem := l.someone(slug, role.Viewer)
	form := b.get(paths.Members(slug) + "?q=extra").says(200).form(paths.ChangeRole(slug, mem))
	form.Set("role", "guest")
	return &tab{b, slug, mem, form}
}

// send sends the form as a browser does.
func (t *tab) send() *page { return t.post(paths.ChangeRole(t.slug, t.mem), t.form) }

// swap sends it as htmx does, with what the page carries in its head.
func (t *tab) swap() *page {
	return t.piece(http.MethodPost, paths.ChangeRole(t.slug, t.mem), t.form, "Roster-Org", t.form.Get("_org"), "Roster-User", t.form.Get("_person"))
}

// search asks for the list as htmx does.
func (t *tab) search() *page {
	return t.piece(http.MethodGet, paths.Members(t.slug)+"?q=extra", nil, "Roster-Org", t.form.Get("_org"), "Roster-User", t.form.Get("_person"))
}

// roleOf is the role of a member, or their status if it is not active.
func (l *law) roleOf(mem string) string {
	l.t.Helper()
	id, _ := publicid.Membership.Parse(mem)
	var role, status string
	if err := l.look.QueryRow(l.t.Context(), "SELECT roles[1], status FROM roster.memberships WHERE id = $1", id).Scan(&role, &status); err != nil {
		l.t.Fatal(err)
	}
	if status != "active" {
		return status
	}
	return role
}

// TestAnotherTabSwitched: a tab stays in its organization whatever others do, its forms and pieces work there, and it says
// nothing about it; loaded again it is the one used last. C088
func TestAnotherTabSwitched(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
	b := l.as(l.Ann)
	here := l.open(b, rostertest.Acme)
	there := l.open(b, rostertest.Other)
	b.post(paths.Switch(rostertest.Other), b.get(paths.Org(rostertest.Acme)).form(paths.Orgs)).leads("/orgs/other")
	b.get("/").leads("/orgs/other")

	before := l.digest(usedLast...)
	here.swap().says(200, "Was Viewer.")
	if got := l.roleOf(here.mem); got != "guest" {
		t.Errorf("the member of Acme is %s", got)
	}
	if got := l.roleOf(there.mem); got != "viewer" {
		t.Errorf("the member of Other is %s", got)
	}
	if after := l.digest(usedLast...); before["auth.sessions"] != after["auth.sessions"] {
		t.Error("a form moved the session to another organization")
	}
	b.get("/").leads("/orgs/other") // a form and a piece are no page that is loaded
	here.search().says(200, "match")
	b.get("/").leads("/orgs/other")

	p := b.get(paths.Members(rostertest.Acme), "Sec-Fetch-Site", "same-origin", "Cache-Control", "max-age=0").says(200, "Members", "Acme")
	if p.id("notice") != nil {
		t.Errorf("the tab that is loaded again says %q", p.textOf("notice"))
	}
	b.get("/").leads("/orgs/acme")
	there.send()
	if got := l.roleOf(there.mem); got != "guest" {
		t.Errorf("the member of Other is %s", got)
	}
}

// TestALinkFromOutside leads into its organization, and says once that it is another one. C088
func TestALinkFromOutside(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
	b := l.as(l.Ann)
	b.get(paths.Org(rostertest.Other))
	b.get(paths.Members(rostertest.Acme), "Sec-Fetch-Site", "cross-site").says(200, "You are now in Acme. You were in Other. Back to Other")
	if p := b.get(paths.Members(rostertest.Acme), "Sec-Fetch-Site", "cross-site"); p.id("notice") != nil {
		t.Errorf("it says it twice: %q", p.textOf("notice"))
	}
}

// rename gives an organization another slug, as a page will one day. The old one leads to it from then on.
func (l *law) rename(from, to string) {
	l.t.Helper()
	org := l.orgID(from)
	l.SQL(l.t, "UPDATE roster.organization_slugs SET retired_at = now() WHERE slug = $1", from)
	l.SQL(l.t, "INSERT INTO roster.organization_slugs (org_id, slug) VALUES ($1, $2)", org, to)
	l.SQL(l.t, "UPDATE roster.organizations SET slug = $2 WHERE id = $1", org, to)
}

// TestTheOrganizationGotANewAddress: its pages are found by the old one, with all that was asked; a form that was open is
// done, for it says which organization it is of, and leads to the new address.
func TestTheOrganizationGotANewAddress(t *testing.T) {
	t.Parallel()
	l := obey(t)
	b := l.as(l.Ann)
	first, second, third := l.open(b, rostertest.Acme), l.open(b, rostertest.Acme), l.open(b, rostertest.Acme)
	id := publicid.Organization.Of(l.orgID(rostertest.Acme))
	l.rename(rostertest.Acme, "acme-robotics")

	for from, to := range map[string]string{"/orgs/acme": "/orgs/acme-robotics", "/orgs/acme/members?sort=-joined&q=a%26b": "/orgs/acme-robotics/members?sort=-joined&q=a%26b",
		"/orgs/acme/members/" + first.mem + "/remove?next=%2Forgs%2Facme": "/orgs/acme-robotics/members/" + first.mem + "/remove?next=%2Forgs%2Facme",
		"/orgs/" + id + "/members?q=x":                                    "/orgs/acme-robotics/members?q=x", "/orgs/" + id: "/orgs/acme-robotics"} {
		if p := b.get(from).leads(to); p.status != http.StatusPermanentRedirect {
			t.Errorf("%s: status %d, want 308", from, p.status)
		}
		if p := b.send(http.MethodHead, from, nil, nil).leads(to); p.status != http.StatusPermanentRedirect {
			t.Errorf("the head of %s: status %d, want 308", from, p.status)
		}
	}
	l.as(l.Zoe).get("/orgs/acme").says(404, "We cannot find that page")
	l.visitor().get("/orgs/acme").leads("/login?next=%2Forgs%2Facme")

	p := first.send()
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/orgs/acme-robotics/") && p.location != "/orgs/acme/members?q=extra" {
		t.Errorf("the form of the old address: status %d to %q", p.status, p.location)
	}
	b.get(paths.Members("acme-robotics")).says(200, "is now Guest")
	second.at = paths.Members(rostertest.Acme) + "?q=extra"
	swapped := second.swap().says(200, "Was Viewer.")
	if got := swapped.header.Get("HX-Replace-Url"); got != "/orgs/acme-robotics/members?q=extra" {
		t.Errorf("the address becomes %q", got)
	}
	if strings.Contains(swapped.raw, `action="/orgs/acme/`) || strings.Contains(swapped.raw, `href="/orgs/acme/`) {
		t.Error("the row still leads to the old address")
	}
	third.slug = id // as an e-mail or a program names it
	third.send()
	for _, one := range []*tab{first, second, third} {
		if got := l.roleOf(one.mem); got != "guest" {
			t.Errorf("a member is %s, want guest", got)
		}
	}
}

// TestTheAddressBelongsToAnotherOrganization: what was opened under it before changes nothing there, and is led to its own.
// I14
func TestTheAddressBelongsToAnotherOrganization(t *testing.T) {
	t.Parallel()
	for _, inBoth := range []bool{false, true} {
		t.Run(fmt.Sprintf("of both %v", inBoth), func(t *testing.T) {
			t.Parallel()
			l := obey(t)
			if inBoth {
				l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
			}
			b := l.as(l.Ann)
			here := l.open(b, rostertest.Acme)
			org := l.orgID(rostertest.Other)
			l.rename(rostertest.Acme, "acme-robotics")
			l.SQL(t, "UPDATE roster.organization_slugs SET org_id = $1, retired_at = NULL WHERE slug = 'acme'", org)
			l.SQL(t, "UPDATE roster.organizations SET slug = 'acme' WHERE id = $1", org)
			l.unchanged("the old tab", usedLast, func() {
				const words = "This address now belongs to another organization Nothing was changed."
				for _, p := range []*page{here.send(), here.swap(), here.search()} {
					p.says(409, words)
					if found := p.all("a", "href", "/orgs/acme-robotics"); len(found) != 1 {
						t.Errorf("%s does not lead to Acme: %s", p.path, p.raw)
					}
				}
			})
			// Sent again to where it belongs, it is done.
			refused := here.send()
			again := refused.form(paths.ChangeRole("acme-robotics", here.mem))
			b.post(paths.ChangeRole("acme-robotics", here.mem), again)
			if got := l.roleOf(here.mem); got != "guest" {
				t.Errorf("the member is %s, want guest", got)
			}
			if inBoth {
				b.get("/orgs/acme").says(200, "Other")
			} else {
				b.get("/orgs/acme").says(404, "We cannot find that page")
			}
		})
	}
}

// TestAccessEnded: who was a member once is told which organization it was and what is left; who never was hears what
// everybody hears. Nothing is changed. I10
func TestAccessEnded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		end  func(*law)
	}{
		{"removed", func(l *law) {
			if _, err := l.Roster.Remove(l.t.Context(), l.As(l.t, l.Ann, rostertest.Acme), l.Membership(l.t, l.Ben, rostertest.Acme), roster.Removal{}); err != nil {
				l.t.Fatal(err)
			}
		}},
		{"left", func(l *law) {
			if err := l.Roster.Leave(l.t.Context(), l.As(l.t, l.Ben, rostertest.Acme)); err != nil {
				l.t.Fatal(err)
			}
		}},
		{"suspended", func(l *law) {
			if _, err := l.Roster.Suspend(l.t.Context(), l.As(l.t, l.Ann, rostertest.Acme), l.Membership(l.t, l.Ben, rostertest.Acme)); err != nil {
				l.t.Fatal(err)
			}
		}},
		{"organization suspended", func(l *law) {
			l.SQL(l.t, "UPDATE roster.organizations SET status = 'suspended' WHERE slug = 'acme'")
		}},
		{"organization closing", func(l *law) {
			l.SQL(l.t, "UPDATE roster.organizations SET status = 'closing', deleted_at = now() WHERE slug = 'acme'")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := obey(t)
			l.Join(t, l.Zoe, rostertest.Other, l.Ben, role.Member)
			b, zoe := l.as(l.Ben), l.as(l.Zoe)
			here := l.open(b, rostertest.Acme)
			address := paths.Org(rostertest.Acme)
			c.end(l)
			l.unchanged(c.name, usedLast, func() {
				const words = "You no longer have access to Acme Your membership ended or is suspended"
				for _, p := range []*page{here.send(), here.swap(), here.search(), b.get(address), b.get(paths.Members(rostertest.Acme) + "?q=x"), b.post(paths.Switch(rostertest.Acme), nil),
					b.get("/orgs/" + publicid.Organization.Of(l.orgID(rostertest.Acme)))} {
					p.says(404, words)
				}
				p := b.get(address).says(404, "You are logged in as ben@acme.example.")
				if len(p.all("a", "href", "/orgs/other")) == 0 || len(p.all("button", "id", "another-account")) == 0 {
					t.Errorf("it does not lead on: %s", p.text())
				}
				for _, p := range []*page{zoe.get(address), zoe.post(paths.Switch(rostertest.Acme), nil)} {
					if p.says(404, "We cannot find that page"); strings.Contains(p.text(), "Acme") {
						t.Errorf("a stranger hears of Acme: %s", p.text())
					}
				}
			})
			if p := b.get("/"); p.location != paths.Orgs && p.location != paths.Org(rostertest.Other) {
				t.Errorf("the start leads to %q", p.location)
			}
		})
	}
}

// TestTheRoleChanged: what is still allowed works; the rest is refused in place, with the role of now, and what the page
// shows around it is drawn anew. I10
func TestTheRoleChanged(t *testing.T) {
	t.Parallel()
	l := obey(t)
	b := l.as(l.Ben)
	here := l.open(b, rostertest.Acme)
	invite := b.get(paths.Invitations(rostertest.Acme)).form(paths.Invitations(rostertest.Acme))
	invite.Set("emails", "x@elsewhere.example")
	own := b.get(paths.Leave(rostertest.Acme)).form(paths.Leave(rostertest.Acme))
	to := func(r role.Role) {
		if _, err := l.Roster.ChangeRole(t.Context(), l.As(t, l.Ann, rostertest.Acme), l.Membership(t, l.Ben, rostertest.Acme), r); err != nil {
			t.Fatal(err)
		}
	}
	to(role.Guest)
	l.unchanged("a guest's old tab", usedLast, func() {
		for _, p := range []*page{here.send(), here.swap(), b.post(paths.Invitations(rostertest.Acme), invite)} {
			p.says(403, "Your role is now Guest, so this was not done.")
		}
		here.search().says(403, "You cannot see members", "Your role Guest does not include “See members”. Ask an owner: Ann Owner.")
	})
	refused := here.swap()
	if got := refused.header.Get("HX-Retarget"); got != "#problem" {
		t.Errorf("the refusal goes to %q: what was chosen is lost", got)
	}
	rail := ""
	for _, part := range refused.all("hx-partial", "", "") {
		rail += plain(part)
	}
	if !strings.Contains(rail, "Acme Guest") || !strings.Contains(rail, "Overview") || strings.Contains(rail, "Members") {
		t.Errorf("what stands around the page is not drawn anew: %q", rail)
	}
	b.get(paths.Org(rostertest.Acme)).says(200, "Guest")
	to(role.Admin)
	here.swap().says(200, "Was Viewer.")
	to(role.Viewer)
	here.search().says(200, "match") // a Viewer may see members
	b.post(paths.Leave(rostertest.Acme), own).leads(paths.Orgs)
}

// TestTheFirstAnswerAfterRemovalIsARefusal lets somebody ask without a pause while they are removed, and another while they
// are made a guest: no request that begins after the change is answered as before. I10
func TestTheFirstAnswerAfterRemovalIsARefusal(t *testing.T) {
	t.Parallel()
	l := obey(t)
	for _, c := range []struct {
		who    account.Person
		path   string
		change func(a roster.Actor, mem string) error
		status int
	}{
		{l.Cem, paths.Members(rostertest.Acme), func(a roster.Actor, mem string) error {
			_, err := l.Roster.Remove(t.Context(), a, mem, roster.Removal{})
			return err
		}, http.StatusNotFound},
		{l.Ben, paths.Invitations(rostertest.Acme), func(a roster.Actor, mem string) error {
			_, err := l.Roster.ChangeRole(t.Context(), a, mem, role.Guest)
			return err
		}, http.StatusForbidden},
	} {
		a, mem := l.As(t, l.Ann, rostertest.Acme), l.Membership(t, c.who, rostertest.Acme)
		var browsers []*browser
		for range 3 {
			browsers = append(browsers, l.as(c.who))
		}
		var changed, asked sync.WaitGroup
		changed.Add(1)
		done := make(chan struct{})
		allowed := make([]int, len(browsers))
		for i, b := range browsers {
			asked.Go(func() {
				for {
					after := false
					select {
					case <-done:
						after = true
					default:
					}
					p := b.get(c.path)
					switch {
					case after:
						if p.status != c.status {
							t.Errorf("%s as %s after the change: status %d, want %d", c.path, c.who.Name, p.status, c.status)
						}
						return
					case p.status == http.StatusOK:
						if allowed[i]++; allowed[i] == 5 && i == 0 {
							changed.Done()
						}
					case p.status != c.status:
						t.Errorf("%s as %s: status %d", c.path, c.who.Name, p.status)
					}
				}
			})
		}
		changed.Wait()
		if err := c.change(a, mem); err != nil {
			t.Error(err)
		}
		close(done)
		asked.Wait()
	}
}

// TestThePersonLoggedOut: nothing typed is lost. A page leads to the log-in and back; htmx says so in place; a form comes
// back as a page that sends it again, without passwords. I98
func TestThePersonLoggedOut(t *testing.T) {
	t.Parallel()
	l := obey(t)
	b := l.as(l.Ann)
	here := l.open(b, rostertest.Acme)
	invite := b.get(paths.Invitations(rostertest.Acme)).form(paths.Invitations(rostertest.Acme))
	invite.Set("emails", "x@elsewhere.example, “y” <y@elsewhere.example>")
	invite.Set("message", "Line one\nLine <two>")
	b.post(paths.LogOut, b.get(paths.Orgs).form(paths.LogOut)).leads("/")

	b.get(paths.Members(rostertest.Acme) + "?q=a%26b").leads("/login?next=" + url.QueryEscape(paths.Members(rostertest.Acme)+"?q=a%26b"))
	for _, p := range []*page{here.swap(), here.search()} {
		p.says(401, "You are logged out Log in in a new tab, come back and do it again. Nothing you typed here is lost.")
		if p.location != "" || strings.Contains(p.raw, `type="password"`) || strings.Contains(p.raw, "<html") {
			t.Errorf("htmx gets a log-in page: %s", p.raw)
		}
	}
	l.unchanged("logged out", nil, func() {
		withPassword := maps.Clone(invite)
		withPassword.Set("password", rostertest.Password)
		withPassword.Set("new_password", rostertest.Password)
		p := b.post(paths.Invitations(rostertest.Acme), withPassword).says(401, "You are logged out", "Send again")
		if strings.Contains(p.raw, rostertest.Password) {
			t.Error("the page carries a password")
		}
		back := p.form(paths.Invitations(rostertest.Acme))
		for name := range invite {
			if back.Get(name) != invite.Get(name) {
				t.Errorf("%s comes back as %q, want %q", name, back.Get(name), invite.Get(name))
			}
		}
		if len(back) != len(invite) {
			t.Errorf("%v comes back, want %v", back, invite)
		}
		if again := b.post(paths.Invitations(rostertest.Acme), back); again.status != http.StatusUnauthorized {
			t.Errorf("sent again while logged out: status %d", again.status)
		}
	})
	back := b.post(paths.Invitations(rostertest.Acme), invite).form(paths.Invitations(rostertest.Acme))
	b.logIn(l.Ann) // in a new tab
	back.Set("preview", "no")
	if p := b.post(paths.Invitations(rostertest.Acme), back); p.status != http.StatusSeeOther && p.status != http.StatusOK {
		t.Errorf("sent again: status %d\n%s", p.status, p.text())
	}
	if n := l.Count(t, "SELECT count(*) FROM roster.invitations WHERE email LIKE '%@elsewhere.example'"); n != 2 {
		t.Errorf("%d invitations, want 2", n)
	}
	here.swap().says(200, "Was Viewer.")

	// The log-in leads back, and nowhere else.
	b.post(paths.LogOut, nil)
	form := b.get(b.get(paths.Members(rostertest.Acme) + "?q=a").location).form(paths.LogIn)
	form.Set("email", l.Ann.Email)
	form.Set("password", rostertest.Password)
	b.post(paths.LogIn, form).leads(paths.Members(rostertest.Acme) + "?q=a")
	for _, evil := range []string{"https://elsewhere.example/", "//elsewhere.example", `/\elsewhere.example`, "/%2F/elsewhere.example", "javascript:alert(1)", "/\t/elsewhere.example", "/login/..//elsewhere.example", "http:/orgs"} {
		b.post(paths.LogOut, nil)
		p := b.get(paths.LogInThen(evil))
		form := p.form(paths.LogIn)
		form.Set("email", l.Ann.Email)
		form.Set("password", rostertest.Password)
		b.post(paths.LogIn, form).leads("/")
		b.get(paths.LogInThen(evil)).leads("/")
		b.post(paths.LogOut, url.Values{"next": {evil}}).leads("/")
	}
}

// TestAnotherPersonLoggedIn: a page that somebody else has opened changes nothing, and says who is who. I14
func TestAnotherPersonLoggedIn(t *testing.T) {
	t.Parallel()
	l := obey(t)
	b := l.as(l.Ann)
	here := l.open(b, rostertest.Acme)
	found := b.get(paths.NewOrg).form(paths.Orgs)
	found.Set("name", "Sunrise")
	looks := b.get(paths.Appearance).form(paths.Appearance)
	out := b.get(paths.Orgs).form(paths.LogOut)
	b.post(paths.LogOut, out)
	b.logIn(l.Ben)
	const words = "You are now logged in as Ben Admin. This page was opened by Ann Owner. Nothing was changed. Load the page again"
	l.unchanged("Ann's tab", usedLast, func() {
		for _, p := range []*page{here.send(), here.swap(), here.search(), b.post(paths.Orgs, found), b.post(paths.Appearance, looks), b.post(paths.LogOut, out)} {
			p.says(409, words)
			if got, _ := attribute(p.id("reload"), "href"); !strings.HasPrefix(got, "/") {
				t.Errorf("%s: loading again leads to %q", p.path, got)
			}
		}
	})
	b.get(paths.Members(rostertest.Acme)).says(200, "Ben Admin")
}

// TestNoFormCrosses takes every form off the pages of one organization and sends it to the same address of another, as
// somebody who may do both: it is refused, and neither is changed. I14 C088
func TestNoFormCrosses(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
	l.waiting(rostertest.Acme)
	b := l.as(l.Ann)
	forms := map[string]url.Values{}
	l.crawl(b, paths.Org(rostertest.Acme), func(p *page, _ bool) {
		for _, f := range p.all("form", "method", "post") {
			if action, _ := attribute(f, "action"); strings.HasPrefix(action, "/orgs/acme/") {
				forms[action] = fields(f)
			}
		}
	})
	if len(forms) < 15 {
		t.Fatalf("only %d forms were found", len(forms))
	}
	l.unchanged("forms of Acme in Other", usedLast, func() {
		for _, action := range slices.Sorted(maps.Keys(forms)) {
			elsewhere := strings.Replace(action, "/orgs/acme/", "/orgs/other/", 1)
			for _, p := range []*page{b.post(elsewhere, forms[action]), b.piece(http.MethodPost, elsewhere, forms[action]),
				b.piece(http.MethodPost, elsewhere, url.Values{}, "Roster-Org", forms[action].Get("_org"))} {
				if p.status != http.StatusConflict {
					t.Errorf("%s: status %d, want 409\n%s", elsewhere, p.status, p.text())
				}
			}
		}
	})
}

// TestFiftyInterleavedWrites lets two tabs of one browser write in two organizations at once, while a third loads pages of
// both; then by turns, with a switch before each: every form does what it says, where it says. C088 I14
func TestFiftyInterleavedWrites(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
	b := l.as(l.Ann)
	slugs := []string{rostertest.Acme, rostertest.Other}
	marks := map[string]url.Values{}
	for _, slug := range slugs {
		marks[slug] = b.get(paths.Invitations(slug)).form(paths.Invitations(slug))
	}
	write := func(b *browser, slug string, i int) {
		form := maps.Clone(marks[slug])
		form.Set("emails", fmt.Sprintf("%s%d@%s.example", slug, i, slug))
		form.Set("submission", "")
		var p *page
		if i%2 == 0 {
			p = b.post(paths.Invitations(slug), form)
		} else {
			p = b.piece(http.MethodPost, paths.Invitations(slug), form, "Roster-Org", form.Get("_org"), "Roster-User", form.Get("_person"))
		}
		if p.status != http.StatusSeeOther && p.status != http.StatusOK {
			t.Errorf("%s: status %d\n%s", slug, p.status, p.text())
		}
	}
	rostertest.Together(3, func(which int) {
		tab := &browser{site: b.site, client: b.client}
		for i := range 15 {
			if which == 2 {
				tab.get(paths.Members(slugs[i%2]))
			} else {
				write(tab, slugs[which], i)
			}
		}
	})
	switches := b.get(paths.Orgs).form(paths.LogOut)
	for i := 15; i < 25; i++ {
		for which, slug := range slugs {
			b.post(paths.Switch(slugs[1-which]), switches).leads(paths.Org(slugs[1-which]))
			write(b, slug, i)
		}
	}
	for _, slug := range slugs {
		if n := l.Count(t, "SELECT count(*) FROM roster.invitations WHERE org_id = $1 AND state = 'open' AND email LIKE $2", l.orgID(slug), slug+"%@"+slug+".example"); n != 25 {
			t.Errorf("%s has %d of its invitations, want 25", slug, n)
		}
		if n := l.Count(t, "SELECT count(*) FROM roster.invitations WHERE org_id = $1 AND state = 'open' AND email NOT LIKE $2", l.orgID(slug), slug+"%"); n != 0 {
			t.Errorf("%s has %d invitations of the other one", slug, n)
		}
	}
}
