// Package gallery shows every component in every state, for whoever changes the look: in development mode at
// /dev/gallery. Its people and organizations are made up; nothing on it does anything.
package gallery

import (
	"time"

	"github.com/a-h/templ"

	"roster/views/layout"
	"roster/views/ui"
)

// Path is where the gallery is; its pages of other frames are below it.
const Path = "/dev/gallery"

// Page gives one page of the gallery: the empty name is the gallery itself, the others are whole pages in the other
// frames. It returns nil for a name that does not exist.
func Page(name, theme string, now time.Time) templ.Component {
	switch name {
	case "":
		return all(now, theme)
	case "door":
		return doorPage(theme)
	case "focus":
		return focusPage(theme)
	case "members":
		return membersPage(now, theme)
	case "empty":
		return emptyPage(now, theme)
	}
	for _, p := range problems() {
		if name == p.name {
			return layout.ProblemPage(p.page(now, theme), p.spec)
		}
	}
	return nil
}

// Names lists the pages below the gallery, for links and for tests that visit each.
func Names() []string {
	names := []string{"door", "focus", "members", "empty"}
	for _, p := range problems() {
		names = append(names, p.name)
	}
	return names
}

// sample is a page of the made-up organization.
func sample(title, section string, now time.Time, theme string) layout.Page {
	return layout.Page{
		Title:   title,
		Section: section,
		Theme:   theme,
		Now:     now,
		Org: &layout.Org{
			ID: "org_01jq7acme0000000000000000", Slug: "acme", Name: "Acme Robotics", RoleLabel: "Owner", Initials: "AR", Hue: 1,
			Members: 248, Invitations: 6, MaySeeMembers: true, MaySeeInvitations: true, MayInvite: true,
		},
		Person:      &layout.Person{Name: "Mara Lindqvist", Email: "mara@acme.example", Mark: "sample", Initials: "ML", Hue: 1},
		Orgs:        organizations(),
		Invitations: []layout.InvitationItem{{URL: "#invitation", OrgName: "Palmer Rail", Initials: "PR", Hue: 5}},
		Shortcuts:   true,
		MayCreate:   true,
		Site:        layout.Site{Operator: "Example Hosting", PrivacyURL: "#privacy", HelpURL: "#help", DevMail: true},
	}
}

func organizations() []layout.OrgItem {
	return []layout.OrgItem{
		{Slug: "acme", Name: "Acme Robotics", RoleLabel: "Owner", Initials: "AR", Hue: 1, Current: true},
		{Slug: "kestrel", Name: "Kestrel Labs", RoleLabel: "Admin", Initials: "KL", Hue: 7},
		{Slug: "beta", Name: "Beta Instruments", RoleLabel: "Member", Initials: "BI", Hue: 3},
		{Slug: "gamma", Name: "Gamma Foods", RoleLabel: "Member", Initials: "GF", Hue: 4, Status: "Suspended"},
		{Slug: "harbour", Name: "Harbour & Vine", RoleLabel: "Guest", Initials: "HV", Hue: 2},
		{Slug: "lumen", Name: "Lumen Clinic for Early Childhood Development and Family Medicine", RoleLabel: "Admin", Initials: "LC", Hue: 5},
		{Slug: "oakfield", Name: "Oakfield School", RoleLabel: "Member", Initials: "OS", Hue: 8},
		{Slug: "tidewater", Name: "Tidewater Co-op", RoleLabel: "Member", Initials: "TC", Hue: 6},
		{Slug: "ziegler", Name: "Ziegler Bau", RoleLabel: "Guest", Initials: "ZB", Hue: 7},
	}
}

// sampleProblem is one page for something that went wrong.
type sampleProblem struct {
	name  string
	inOrg bool
	spec  layout.ProblemSpec
}

func (p sampleProblem) page(now time.Time, theme string) layout.Page {
	page := sample("", "", now, theme)
	if !p.inOrg {
		page.Org = nil
	}
	return page
}

func problems() []sampleProblem {
	mara := &layout.Person{Name: "Mara Lindqvist", Email: "mara@acme.example", Mark: "sample"}
	start := []layout.Link{{URL: "/", Label: "Go to the start"}}
	return []sampleProblem{
		{"400", false, layout.ProblemSpec{Status: 400, Links: start}},
		{"403", true, layout.ProblemSpec{
			Status: 403, Title: "You cannot change settings", Text: "Your role Member does not include “Change settings”.", Ask: []string{"Mara Lindqvist"},
		}},
		{"404", false, layout.ProblemSpec{Status: 404, Person: mara, Orgs: organizations()[:3]}},
		{"405", false, layout.ProblemSpec{Status: 405, Links: start}},
		{"409", true, layout.ProblemSpec{
			Status: 409, Text: "You are now logged in as Jonas Weber. This page was opened by Mara Lindqvist.", Reload: "#reload",
			Again: &layout.Again{Action: "#again", Org: "org_1", Person: "sample", Fields: []layout.Hidden{{Name: "name", Value: "Acme"}}},
		}},
		{"410", false, layout.ProblemSpec{Status: 410, Text: "Acme Robotics is closed and will be erased on 16 Apr 2026.", Links: start}},
		{"413", true, layout.ProblemSpec{Status: 413}},
		{"421", false, layout.ProblemSpec{Status: 421}},
		{"429", true, layout.ProblemSpec{Status: 429, RetryIn: 40}},
		{"500", true, layout.ProblemSpec{Status: 500, RequestID: "01JQ7Z3M9Q", Unchanged: true}},
		{"500-unknown", true, layout.ProblemSpec{Status: 500, RequestID: "01JQ7Z3M9Q"}},
		{"503", false, layout.ProblemSpec{Status: 503, Until: "17 Mar 2026, 10:30 UTC"}},
	}
}

// row is one line of the sample table, in one of the states a row can be in.
type row struct {
	id, name, mail, initials string
	hue                      int
	role                     string
	state                    string // you, saved, pending, suspended, refused or nothing
	joined                   time.Time
	by                       string
	active                   time.Time
}

func rows(now time.Time) []row {
	day := 24 * time.Hour
	return []row{
		{"mara", "Mara Lindqvist", "mara@acme.example", "ML", 1, "owner", "you", now.Add(-700 * day), "Created the organization", now},
		{"aiko", "Aiko Tanaka", "aiko.tanaka@acme.example", "AT", 5, "admin", "saved", now.Add(-600 * day), "Invited by Mara Lindqvist", now.Add(-12 * time.Minute)},
		{"tomas", "Tomás Herrera", "tomas@acme.example", "TH", 3, "admin", "", now.Add(-580 * day), "Invited by Mara Lindqvist", now.Add(-2 * time.Hour)},
		{"lin", "lin.zhao@acme.example", "Not joined yet", "", 0, "member", "pending", now.Add(-2 * day), "by Tomás Herrera", time.Time{}},
		{"priya", "Priya Raman", "priya.raman@acme.example", "PR", 6, "member", "refused", now.Add(-400 * day), "Invited by Tomás Herrera", now.Add(-30 * time.Hour)},
		{"samuel", "Samuel Okafor", "s.okafor@acme.example", "SO", 2, "member", "removed", now.Add(-300 * day), "Invited by Aiko Tanaka", now.Add(-4 * day)},
		{"elodie", "Élodie Marchand", "elodie@acme.example", "ÉM", 4, "viewer", "suspended", now.Add(-200 * day), "Invited by Aiko Tanaka", now.Add(-17 * day)},
		{"noor", "Noor van Dijk, whose name goes on for longer than anybody expected it to", "noor.of.the.very.long.address@vandijk-and-daughters.example", "NV", 8, "guest", "", now.Add(-60 * day), "Invited by Priya Raman", now.Add(-8 * day)},
	}
}

func roleOptions() []ui.Option {
	return []ui.Option{
		{Value: "owner", Label: "Owner"}, {Value: "admin", Label: "Admin"}, {Value: "member", Label: "Member"},
		{Value: "viewer", Label: "Viewer"}, {Value: "guest", Label: "Guest"},
	}
}

func galleryPage(now time.Time, theme string) layout.Page {
	p := sample("Gallery", "", now, theme)
	p.Narrow = true
	return p
}

// nowhere is a page of somebody who is in no organization.
func nowhere(now time.Time, theme string) layout.Page {
	p := sample("Your organizations", "orgs", now, theme)
	p.Org, p.Orgs, p.Invitations = nil, nil, nil
	return p
}
