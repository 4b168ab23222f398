// Package organizations shows what concerns an organization as a whole: founding one, one's own list of them, and the
// first page of each.
package organizations

import (
	"strings"
	"time"

	"github.com/a-h/templ"

	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/events"
	"roster/views/jobs"
	"roster/views/paths"
	"roster/views/ui"
)

// steps are the way from nothing to a team.
var steps = []string{"Organization", "Invite people", "Done"}

// Form is the form for a new organization, empty or as it came back.
type Form struct {
	Person   string // the mark of the page
	Prefix   string // what stands before the slug in an address: "roster.example/orgs/"
	Name     string
	Slug     string
	Proposed string            // the slug that was proposed last: while the field holds it, nobody has typed there
	Check    *roster.SlugCheck // nil: nothing was typed yet
	Errors   []ui.FieldError
	Picked   bool // the slug is a suggestion that was pressed just now
}

func (f Form) error(field string) string {
	for _, e := range f.Errors {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

// try leads to the form with a suggested slug in it.
func (f Form) try(slug string) string {
	return paths.With(paths.CheckSlug, "name", f.Name, "slug", slug)
}

// pick is the same for htmx, which puts it into the field.
func (f Form) pick(slug string) string { return paths.With(f.try(slug), "pick", "1") }

// untouched tells that nobody has typed an address of their own: the field holds what was proposed.
func (f Form) untouched() bool { return f.Slug == f.Proposed }

// said is the sentence about the address; what to try instead stands behind it as links.
func (f Form) said() string {
	switch {
	case f.Check == nil:
		return ""
	case f.Check.Free:
		return f.Check.Slug + " is free"
	}
	text, _, _ := strings.Cut(f.Check.Problem, " Try ")
	return text
}

// advice stands in front of the suggestions. Where the error says what is wrong, it names the first already.
func (f Form) advice() string {
	if f.error("slug") != "" {
		return "Choose "
	}
	return " Try "
}

// slugAttrs are those of the two fields that an address is made of. Typing in either checks it; the newer
// check takes the older one's place.
func slugAttrs(others string) templ.Attributes {
	return templ.Attributes{
		"hx-get":     paths.CheckSlug,
		"hx-trigger": "input changed delay:400ms",
		"hx-include": others,
		"hx-target":  "#slug-hint",
		"hx-swap":    "innerHTML",
		"hx-sync":    "closest form:replace",
	}
}

// separator stands after suggestion i of n.
func separator(i, n int) string {
	switch n - i {
	case 1:
		return "."
	case 2:
		return " or "
	}
	return ", "
}

// Waiting is an invitation to the person, with who sent it.
type Waiting struct {
	URL      string
	OrgName  string
	Role     string
	Inviter  string
	Initials string
	Hue      int
}

func (w Waiting) as() string {
	if w.Inviter == "" {
		return "As " + w.Role + "."
	}
	return "As " + w.Role + ", by " + w.Inviter + "."
}

// Invite is the short form to invite people: the second step.
type Invite struct {
	OrgName string
	Slug    string
	Org     string // the marks of the page
	Person  string
	Roles   []role.Role // that may be given, the highest first
	Mails   bool        // letters leave this installation
}

func (i Invite) options() []ui.Option {
	options := make([]ui.Option, len(i.Roles))
	for n, r := range i.Roles {
		options[n] = ui.Option{Value: string(r), Label: r.Label()}
	}
	return options
}

func (i Invite) lead() string {
	if i.Mails {
		return "They get an e-mail with a link and join with one click. You can also do this later."
	}
	return "You get a link for each of them to hand over. You can also do this later."
}

// Item is one organization of the person's own list.
type Item struct {
	Slug      string
	Name      string
	Role      string
	Initials  string
	Hue       int
	Current   bool // used last
	Suspended bool // the membership is
	Closed    bool // the organization is
}

// usable tells whether the person can go there.
func (i Item) usable() bool { return !i.Suspended && !i.Closed }

// The list holds so many organizations at most, and from so many on one searches in it.
const (
	listMax    = 200
	searchFrom = 8
)

// List is the person's own organizations, all or those that match: at most 200.
type List struct {
	Query    string
	Items    []Item
	Waiting  []Waiting
	Person   string // the mark of the page
	MayFound bool
}

func (l List) searches() bool { return l.Query != "" || len(l.Items) >= searchFrom }

func (l List) count() string {
	switch {
	case len(l.Items) >= listMax:
		return "The first " + ui.Count(listMax) + " are shown. Search to find others."
	case l.Query != "":
		return ui.Plural(len(l.Items), "organization matches", "organizations match") + " “" + l.Query + "”."
	}
	return ui.Plural(len(l.Items), "organization", "organizations")
}

func (l List) said() string {
	if len(l.Items) == 0 {
		return "No organization matches"
	}
	return ui.Plural(len(l.Items), "organization matches", "organizations match")
}

// Overview is the first page of an organization, as the person sees it.
type Overview struct {
	Slug    string
	Name    string
	Address string // as it stands in a link, without the scheme

	Role       role.Role
	Person     string // name
	Initials   string
	Hue        int
	Membership string // mem_…

	OrgMark, PersonMark string // for forms

	Members         int
	OpenInvitations int
	Undelivered     int
	Waiting         int // requests that the person decides about
	EverInvited     bool
	Events          []roster.Event
	Ask             []roster.Peer // whom to ask
	Newest          []roster.Peer // who joined last
	InvitedBy       string
	Jobs            []jobs.Card // of the person who looks
	Now             time.Time

	MaySeeMembers     bool
	MaySeeInvitations bool
	MayInvite         bool
	MaySeeEvents      bool
}

// alone tells that nobody has joined the founder yet.
func (o Overview) alone() bool { return o.Members <= 1 }

// firstStep is one thing to do in a new organization.
type firstStep struct {
	title, text, url string
	done             bool
}

// firstSteps lead from an empty organization to a team. They are told until each is done, to those who can.
func (o Overview) firstSteps() []firstStep {
	if !o.MayInvite || !o.alone() {
		return nil
	}
	return []firstStep{
		{title: "Create " + o.Name, done: true},
		{title: "Invite people", text: "Enter the addresses of the people you work with, and choose what they may do.", url: paths.Invitations(o.Slug) + "#invite", done: o.EverInvited},
		{title: "Welcome your first member", text: "Invitations says who has not answered yet. Send one again, or make a link to hand over.", url: paths.Invitations(o.Slug)},
	}
}

// invitations is the number as it is counted: not beyond a hundred.
func (o Overview) invitations() string {
	if o.OpenInvitations >= 100 {
		return "100+"
	}
	return ui.Count(o.OpenInvitations)
}

func (o Overview) requestsWait() string {
	switch {
	case o.Waiting >= 100:
		return "100+ requests wait"
	case o.Waiting == 1:
		return "1 request waits"
	}
	return ui.Count(o.Waiting) + " requests wait"
}

// place is where the entries stand.
func (o Overview) place() events.Place {
	return events.Place{Slug: o.Slug, Org: o.OrgMark, Person: o.PersonMark, Back: paths.Org(o.Slug)}
}

func (o Overview) notDelivered() string {
	return ui.Plural(o.Undelivered, "invitation was not delivered", "invitations were not delivered")
}
