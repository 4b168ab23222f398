package organizations

import (
	"slices"
	"testing"
	"time"

	"github.com/a-h/templ"

	"roster/internal/golden"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/ui"
)

var now = time.Date(2026, time.March, 17, 10, 0, 0, 0, time.UTC)

func person() *layout.Person {
	return &layout.Person{Name: "Mara Lindqvist", Email: "mara@acme.example", Mark: "MARK", Initials: "ML", Hue: 1}
}

func page(title, section string) layout.Page {
	return layout.Page{Title: title, Section: section, Person: person(), Shortcuts: true, MayCreate: true, Now: now}
}

func acme(title, section string) layout.Page {
	p := page(title, section)
	p.Org = &layout.Org{ID: "org_acme", Slug: "acme", Name: "Acme Robotics", RoleLabel: "Owner", Initials: "AR", Hue: 1, Members: 248, Invitations: 6,
		MaySeeMembers: true, MaySeeInvitations: true, MayInvite: true}
	return p
}

func focus(title string) layout.FocusPage { return layout.FocusPage{Title: title, Person: person()} }

func empty() Form {
	return Form{Person: "MARK", Prefix: "roster.example/orgs/"}
}

func checked(slug string, free bool, problem string, suggestions ...string) Form {
	f := empty()
	f.Name, f.Slug, f.Proposed = "Acme Robotics", slug, "acme-robotics"
	f.Check = &roster.SlugCheck{Slug: slug, Free: free, Problem: problem, Suggestions: suggestions}
	return f
}

var palmer = Waiting{URL: "/invitations/inv_1", OrgName: "Palmer Rail", Role: "Member", Inviter: "Ruth Palmer", Initials: "PR", Hue: 5}

func taken() Form {
	return checked("acme-robotics", false, "That address is taken. Try acme-robotics-team.", "acme-robotics-team", "acme-robotics-hq", "acme-robotics-group")
}

func refused() Form {
	f := taken()
	f.Errors = []ui.FieldError{{Field: "slug", Text: "That address is taken. Try acme-robotics-team."}}
	return f
}

func items() []Item {
	return []Item{
		{Slug: "acme", Name: "Acme Robotics", Role: "Owner", Initials: "AR", Hue: 1, Current: true},
		{Slug: "kestrel", Name: "Kestrel Labs", Role: "Admin", Initials: "KL", Hue: 7},
		{Slug: "beta", Name: "Beta Instruments", Role: "Member", Initials: "BI", Hue: 3, Suspended: true},
		{Slug: "gamma", Name: "<b>Gamma</b> & Foods", Role: "Guest", Initials: "GF", Hue: 4, Closed: true},
	}
}

func list(items ...Item) List { return List{Items: items, Person: "MARK", MayFound: true} }

func overview() Overview {
	return Overview{Slug: "acme", Name: "Acme Robotics", Address: "roster.example/orgs/acme", Role: role.Owner, Person: "Mara Lindqvist",
		Initials: "ML", Hue: 1, Membership: "mem_mara", Members: 248, OpenInvitations: 6, Undelivered: 2, EverInvited: true, Now: now,
		MaySeeMembers: true, MaySeeInvitations: true, MayInvite: true, MaySeeEvents: true,
		Events: []roster.Event{
			{ID: "evt_2", At: now.Add(-19 * time.Minute), Name: roster.RolesChanged, Actor: "Mara Lindqvist", SubjectKind: "membership", Subject: "Aiko Tanaka",
				Before: map[string]any{"roles": []any{"member"}}, After: map[string]any{"roles": []any{"admin"}}},
			{ID: "evt_1", At: now.Add(-3 * time.Hour), Name: roster.InvitationSent, Actor: "Tomás Herrera", SubjectKind: "invitation", Subject: "lin.zhao@acme.example",
				After: map[string]any{"roles": []any{"member"}, "by": "mailed"}},
		}}
}

// alone is the overview right after founding; invited is the one after the first invitation.
func alone() Overview {
	o := overview()
	o.Members, o.OpenInvitations, o.Undelivered, o.EverInvited, o.Events = 1, 0, 0, false, nil
	return o
}

func invitedOne() Overview {
	o := alone()
	o.OpenInvitations, o.EverInvited = 1, true
	return o
}

// as is the overview of somebody below Admin.
func as(r role.Role) Overview {
	o := overview()
	o.Role, o.Undelivered, o.Events = r, 0, nil
	o.MaySeeMembers, o.MaySeeInvitations, o.MayInvite, o.MaySeeEvents = r != role.Guest, false, false, false
	return o
}

func TestGolden(t *testing.T) {
	searching := list(items()[1])
	searching.Query = "kes"
	nothing := List{Query: "weberr", Person: "MARK", MayFound: true}
	many := list(slices.Repeat(items()[1:2], listMax)...)
	waiting := list()
	waiting.Waiting = []Waiting{palmer}
	picked := checked("acme-robotics-hq", true, "")
	picked.Picked = true

	for name, component := range map[string]templ.Component{
		"first":            First(focus("Create your first organization"), empty(), nil),
		"first_invited":    First(focus("Create your first organization"), empty(), []Waiting{palmer, {URL: "/invitations/inv_2", OrgName: "Beta", Role: "Guest", Initials: "B", Hue: 2}}),
		"first_refused":    First(focus("Create your first organization"), refused(), nil),
		"new":              New(page("Create an organization", "orgs"), empty()),
		"slug_free":        Checked(checked("acme-robotics", true, "")),
		"slug_taken":       Checked(taken()),
		"slug_reserved":    Checked(checked("admin", false, "“admin” is reserved. Choose another address.", "admin-team")),
		"slug_picked":      Checked(picked),
		"invite_first":     InviteFirst(focus("Invite people"), Invite{OrgName: "Acme Robotics", Slug: "acme", Org: "org_acme", Person: "MARK", Roles: []role.Role{role.Admin, role.Member}, Mails: true}),
		"list":             Page(page("Your organizations", "orgs"), list(items()...)),
		"list_empty":       Page(page("Your organizations", "orgs"), waiting),
		"list_found":       Matches(searching),
		"list_nothing":     Matches(nothing),
		"overview":         OverviewPage(acme("Overview", "overview"), overview()),
		"overview_alone":   OverviewPage(acme("Overview", "overview"), alone()),
		"overview_invited": OverviewPage(acme("Overview", "overview"), invitedOne()),
		"overview_member":  OverviewPage(acme("Overview", "overview"), as(role.Member)),
		"overview_guest":   OverviewPage(acme("Overview", "overview"), as(role.Guest)),
	} {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, component) })
	}
	if got, want := many.count(), "The first 200 are shown. Search to find others."; got != want || !many.searches() {
		t.Errorf("200 organizations: %q, want %q and a search", got, want)
	}
}
