// Package layout is the frame around every page: the head, the rail, the places where answers land, and the words for
// when something went wrong. It takes plain values; who may see what was decided before.
package layout

import (
	"encoding/json"
	"time"

	"roster/views/ui"
)

// Page is what the frame of a page inside the application shows. Organization and person are nil where there is none.
type Page struct {
	Title       string // of the page alone: "Members"
	Org         *Org
	Person      *Person
	Orgs        []OrgItem // in the person's own order, at most 50
	MoreOrgs    bool      // there are more than Orgs lists
	Invitations []InvitationItem
	Section     string // overview, members, invitations, requests, or nothing
	Notice      *Notice
	Problem     bool // a form came back with errors: the title says so
	Theme       string
	Shortcuts   bool
	MayCreate   bool // organizations
	Live        bool // it keeps up with what others do while it is open
	Narrow      bool
	Refresh     int // without script the page loads itself again after so many seconds; 0: it does not
	Now         time.Time
	Site        Site
}

// Org is the organization a page belongs to, as the person sees it.
type Org struct {
	ID          string // public: org_…
	Slug        string
	Name        string
	RoleLabel   string
	Initials    string
	Hue         int
	Members     int // -1 shows no number
	Invitations int
	Requests    int

	MaySeeMembers     bool
	MaySeeInvitations bool
	MaySeeRequests    bool
	MayInvite         bool
}

// Person is who is logged in. Mark is opaque: it tells two people in one browser apart and says nothing else.
type Person struct {
	Name     string
	Email    string
	Mark     string
	Initials string
	Hue      int
}

// OrgItem is an organization in the switcher.
type OrgItem struct {
	Slug      string
	Name      string
	RoleLabel string
	Status    string // "Suspended", "Closing", or nothing
	Initials  string
	Hue       int
	Current   bool
}

// InvitationItem is an organization that waits for an answer.
type InvitationItem struct {
	URL      string
	OrgName  string
	Initials string
	Hue      int
}

// Notice is what happened by the last press, shown once.
type Notice struct {
	Kind   string // ok, info, warn or danger
	Strong string // bold words in front of the text
	Text   string
	Undo   *UndoForm
	Link   *Link
	Here   bool `json:"-"` // it comes to the page that is open, and has the focus
}

// UndoForm takes back what a notice tells.
type UndoForm struct {
	Action string
	Label  string // Undo, unless said otherwise
	Org    string
	Person string
	Fields []Hidden
}

// Link is an address with its words.
type Link struct {
	URL   string
	Label string
}

// Hidden is a value that travels with a form.
type Hidden struct {
	Name  string
	Value string
}

// Site is who runs this installation. What is unset is not shown.
type Site struct {
	Operator   string
	PrivacyURL string
	HelpURL    string
	DevMail    bool // letters can be read at /dev/mail
}

// DoorPage is a page of logging in and signing up.
type DoorPage struct {
	Title   string
	Problem bool
	Theme   string
	Notice  *Notice
	Site    Site
}

// FocusPage is a page with one thing to decide.
type FocusPage struct {
	Title   string
	Person  *Person // nil: the bar does not say who is logged in
	OrgID   string  // of the organization it is about, if it is about one the person is in
	Aside   *Link   // at the end of the bar when nobody is logged in
	Problem bool
	NoIndex bool
	Wide    bool
	Theme   string
	Notice  *Notice
	Site    Site
}

// head is what <head> and <body> need of the three kinds of page.
type head struct {
	title     string
	theme     string
	shortcuts bool
	org       string
	person    string
	noIndex   bool
	refresh   int
	class     string
	live      bool
}

// title ends with the organization, so that tabs can be told apart.
func title(problem bool, parts ...string) string {
	text := ""
	for _, part := range parts {
		if part != "" {
			text += part + " · "
		}
	}
	if problem {
		return "Error: " + text + "Roster"
	}
	return text + "Roster"
}

func (p Page) head() head {
	h := head{theme: p.Theme, shortcuts: p.Shortcuts, refresh: p.Refresh, class: "app", live: p.Live}
	name := ""
	if p.Org != nil {
		h.org, name = p.Org.ID, p.Org.Name
	}
	if p.Person != nil {
		h.person = p.Person.Mark
	}
	h.title = title(p.Problem, p.Title, name)
	return h
}

func (p DoorPage) head() head { return head{title: title(p.Problem, p.Title), theme: p.Theme} }

func (p FocusPage) head() head {
	h := head{title: title(p.Problem, p.Title), theme: p.Theme, noIndex: p.NoIndex, org: p.OrgID}
	if p.Person != nil {
		h.person = p.Person.Mark
	}
	return h
}

// marks are the headers htmx sends with every request: which organization's page this is, and whose.
func (h head) marks() string {
	headers, err := json.Marshal(struct {
		Org    string `json:"Roster-Org,omitempty"`
		Person string `json:"Roster-User,omitempty"`
	}{h.org, h.person})
	if err != nil {
		return "{}" // two strings always encode
	}
	return string(headers)
}

func (h head) appearance() string {
	if h.theme == "light" || h.theme == "dark" {
		return h.theme
	}
	return ""
}

// htmxConfig is read by htmx at start; it must be strict JSON or htmx does not start at all. History is reloaded, never
// stored; no style is injected; requests stay on this origin.
const htmxConfig = `{"history":"reload","includeIndicatorCSS":false,"prefix":"","defaultSwap":"outerHTML","defaultSettleDelay":0,"defaultTimeout":20000,"mode":"same-origin","extensions":"app, sse"}`

// searchFrom is the number of organizations from which the switcher has a search field.
const searchFrom = 8

func (p Page) searchesOrgs() bool { return len(p.Orgs) >= searchFrom || p.MoreOrgs }

func (p Page) personMark() string {
	if p.Person == nil {
		return ""
	}
	return p.Person.Mark
}

func orgURL(slug, rest string) string { return "/orgs/" + slug + rest }

func (n *Notice) tone() ui.Tone {
	switch n.Kind {
	case "ok":
		return ui.Success
	case "warn":
		return ui.Warning
	case "danger":
		return ui.Danger
	}
	return ui.Default
}

func (n *Notice) icon() ui.IconName {
	switch n.Kind {
	case "ok":
		return ui.IconCheck
	case "warn", "danger":
		return ui.IconWarn
	}
	return ui.IconInfo
}

func count(n int) string {
	if n < 0 {
		return ""
	}
	return ui.Count(n)
}

// openCount is count for open invitations, of which no more than a hundred are counted.
func openCount(n int) string {
	if n >= 100 {
		return "100+"
	}
	return count(n)
}
