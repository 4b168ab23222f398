// Package joining shows the ways in besides invitations: share links and requests to join, as the organization sees them,
// and the page of whoever holds a link.
package joining

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/paths"
	"roster/views/ui"
)

// Place is where a page stands: which organization, who looks at it, and what they may do there.
type Place struct {
	Slug      string
	OrgName   string
	Roles     []role.Role // of whoever looks
	MayInvite bool
	MayRevoke bool
	MayDecide bool
	SeesNames bool // may see the members
	SeesOpen  bool // may see the invitations
	Members   int
	Open      int    // invitations
	Waiting   int    // requests
	Mails     bool   // letters leave this installation
	Origin    string // the public address, in front of a link to copy
	Org       string // the marks of the page
	Person    string
	Now       time.Time
}

func (p Place) tabs() []ui.Tab {
	var tabs []ui.Tab
	if p.SeesNames {
		tabs = append(tabs, ui.Tab{URL: paths.Members(p.Slug), Label: "Members", Count: ui.Count(p.Members), CountID: "tab-members"})
	}
	if p.SeesOpen {
		count := ui.Count(p.Open)
		if p.Open > 99 {
			count = "100+"
		}
		tabs = append(tabs, ui.Tab{URL: paths.Invitations(p.Slug), Label: "Invitations", Count: count, CountID: "tab-invitations"})
	}
	return append(tabs, layout.RequestsTab(p.Slug, p.Waiting, true))
}

func options(roles []role.Role, may func([]role.Role, role.Role) bool) []ui.Option {
	var all []ui.Option
	for _, r := range role.All {
		if may(roles, r) {
			all = append(all, ui.Option{Value: string(r), Label: r.Label()})
		}
	}
	return all
}

// LinkForm is the form to make a share link as it was filled in.
type LinkForm struct {
	Role, Domains, Uses, Days string
	Approval                  bool
	Errors                    []ui.FieldError
}

func errorOf(errs []ui.FieldError, field string) string {
	for _, e := range errs {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// lives are the choices of how long a link works, each with its last day.
func (p Place) lives() []ui.Option {
	var all []ui.Option
	for _, days := range roster.JoinLives {
		label := "Never"
		if days > 0 {
			label = "After " + ui.Plural(days, "day", "days") + ", " + ui.Day(p.Now.AddDate(0, 0, days), p.Now)
		}
		all = append(all, ui.Option{Value: strconv.Itoa(days), Label: label})
	}
	return all
}

// mayShare tells whether the person may make the link's word their own: reset it, or withdraw it.
func (p Place) mayShare(l roster.JoinLink) bool {
	return l.State != "withdrawn" && role.MayShareAs(p.Roles, l.Role)
}

// linkState is the word for how a link stands.
func linkState(l roster.JoinLink) (ui.Tone, string) {
	switch l.State {
	case "open":
		return ui.Success, "Open"
	case "expired":
		return ui.Default, "Expired"
	case "used_up":
		return ui.Default, "Used up"
	case "stopped":
		return ui.Warning, "Stopped"
	}
	return ui.Default, "Withdrawn"
}

// stopped says why a link lets nobody in although nobody withdrew it.
func stopped(l roster.JoinLink) string {
	who := l.Maker
	if who == "" {
		who = "Whoever made this link"
	}
	return who + " may no longer let anybody in as " + l.Role.WithArticle() + ". Reset the link to make it yours, or withdraw it."
}

// how says in a line whom a link lets in, and how.
func how(l roster.JoinLink) string {
	who := "Anybody who has it"
	if len(l.Domains) > 0 {
		who = "Addresses at " + orList(l.Domains)
	}
	if l.NeedsApproval {
		return who + ", once somebody accepts"
	}
	return who
}

func orList(items []string) string {
	last := len(items) - 1
	if last < 1 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:last], ", ") + " or " + items[last]
}

func used(l roster.JoinLink) string {
	if l.MaxUses == 0 {
		return ui.Plural(l.Uses, "time", "times")
	}
	return ui.Count(l.Uses) + " of " + ui.Count(l.MaxUses)
}

func ends(l roster.JoinLink, now time.Time) string {
	if l.Expires.IsZero() {
		return "Never"
	}
	return ui.DayTime(l.Expires, now)
}

// madeBy says whose word a link is, and since when.
func madeBy(l roster.JoinLink, now time.Time) string {
	word, at := "Made", l.Made
	if !l.Reset.IsZero() {
		word, at = "Reset", l.Reset
	}
	if l.Maker == "" {
		return word + " on " + ui.Day(at, now)
	}
	return word + " by " + l.Maker + " on " + ui.Day(at, now)
}

func linkTitle(l roster.JoinLink) string { return "Link to join as " + l.Role.WithArticle() }

// url is the whole address of a link, to copy.
func (p Place) url(token string) string { return strings.TrimSuffix(p.Origin, "/") + paths.Join(token) }

// List is one page of the requests.
type List struct {
	Filter string
	After  string // cursor of this page; "" for the first
	Rows   []roster.Request
	Next   string
}

// Line is a row with what was just done in it.
type Line struct {
	roster.Request
	Said    string // "Accepted as a Member."
	Problem string // why it was refused
	Focus   bool
}

// Filters are the choices of the list.
var Filters = []ui.Option{{Value: "", Label: "Waiting"}, {Value: "declined", Label: "Declined"}, {Value: "accepted", Label: "Accepted"}}

func (l List) caption() string {
	for _, f := range Filters {
		if f.Value == l.Filter {
			return f.Label + " requests, newest first"
		}
	}
	return "Requests, newest first"
}

func (l List) emptyTitle() string {
	if l.Filter == "" {
		return "No requests are waiting"
	}
	return "No " + l.Filter + " requests"
}

func (l List) emptyText() string {
	switch {
	case l.After != "":
		return "The list ends here."
	case l.Filter != "":
		return "Those that are waiting stand in a list of their own."
	}
	return "People ask to join by a share link that needs approval, and members ask to have somebody invited. Nothing of that kind is open."
}

func (l List) said() string {
	words := ui.Plural(len(l.Rows), "request", "requests") + " shown"
	if l.Next != "" {
		words += ", there are more"
	}
	return words
}

// asks says in a clause what somebody asks for.
func asks(q roster.Request) string {
	if q.Invite {
		return "Asks to invite " + q.Email
	}
	return "Asks to join"
}

// about names a request after its button, for screen readers.
func about(q roster.Request) string { return " the request of " + q.Asker }

func requestState(q roster.Request) (ui.Tone, string) {
	switch q.State {
	case "open":
		return ui.Warning, "Waiting"
	case "accepted":
		return ui.Success, "Accepted"
	case "declined":
		return ui.Default, "Declined"
	case "withdrawn":
		return ui.Default, "Withdrawn"
	case "joined":
		return ui.Success, "Joined"
	}
	return ui.Default, "Expired"
}

// decided says what became of a request, and by whom.
func decided(q roster.Request, now time.Time) string {
	by := ""
	if q.Decider != "" {
		by = " by " + q.Decider
	}
	switch q.State {
	case "open":
		return "Waits until " + ui.Day(q.Expires, now)
	case "accepted":
		return "Accepted as " + q.Role.WithArticle() + by + " on " + ui.Day(q.Decided, now)
	case "declined":
		return "Declined" + by + " on " + ui.Day(q.Decided, now)
	case "withdrawn":
		return "Withdrawn on " + ui.Day(q.Decided, now)
	case "joined":
		return "Joined by another way on " + ui.Day(q.Decided, now)
	}
	return "Nobody decided until " + ui.Day(q.Expires, now)
}

// roleOptions are what whoever looks may accept as.
func (p Place) roleOptions() []ui.Option { return options(p.Roles, role.MayInviteAs) }

// offered is the role that the select of a request begins with: what was asked for, if it is theirs to give.
func (p Place) offered(q roster.Request) string {
	if slices.ContainsFunc(p.roleOptions(), func(o ui.Option) bool { return o.Value == string(q.Role) }) {
		return string(q.Role)
	}
	return string(role.Member)
}

// acceptLabel says what accepting does.
func acceptLabel(q roster.Request) string {
	if q.Invite {
		return "Accept and invite"
	}
	return "Accept"
}

// consequences of accepting, for the page that asks.
func (p Place) consequences(q roster.Request) string {
	if q.Invite {
		if p.Mails {
			return q.Email + " gets an invitation in your name."
		}
		return "You get a link for " + q.Email + " to hand over."
	}
	return q.Asker + " becomes a member at once, and gets an e-mail."
}

func avatar(q roster.Request) (string, int) {
	return ui.Initials(q.Asker), ui.Hue(publicid.Person.Of(q.AskerID))
}

// focused puts the focus on a link that answers a press.
func focused(yes bool) templ.Attributes {
	if yes {
		return templ.Attributes{"autofocus": true}
	}
	return nil
}

// AskForm is what a member fills in to have somebody invited.
type AskForm struct {
	Email, Note string
	Errors      []ui.FieldError
}

// Visit is a share link as its holder sees it.
type Visit struct {
	roster.JoinOffer
	Person     *layout.Person // who is logged in, or nil
	Note       string         // as it was typed
	Errors     []ui.FieldError
	Problem    string // why the last press did nothing
	SignupOpen bool   // anybody may sign up here
	Now        time.Time
}

// Title is the page's: what one would join.
func Title(o roster.JoinOffer) string { return "Join " + o.OrgName }

// opens tells whether the page offers to come in.
func (v Visit) opens() bool {
	switch v.Standing {
	case roster.MayJoin, roster.MayAsk, roster.LoggedOut, roster.OtherDomain:
		return true
	}
	return false
}

func (v Visit) mark() string {
	if v.Person == nil {
		return ""
	}
	return v.Person.Mark
}

func (v Visit) hue() int { return ui.Hue(publicid.Organization.Of(v.OrgID)) }

// heading is what pressing does.
func (v Visit) heading() string {
	if v.Approval {
		return "Ask to join " + v.OrgName + " as " + v.Role.WithArticle()
	}
	return "Join " + v.OrgName + " as " + v.Role.WithArticle()
}

func (v Visit) logIn() string  { return paths.With(paths.LogIn, "next", paths.Join(v.Token)) }
func (v Visit) signUp() string { return paths.With(paths.SignUp, "next", paths.Join(v.Token)) }

// member says what a member already is.
func (v Visit) member() string {
	has := role.Highest(v.Roles)
	if v.Suspended {
		return "You are in " + v.OrgName + " as " + has.WithArticle() + ", and your membership is suspended. Ask one of its owners."
	}
	return "You are already in " + v.OrgName + " as " + has.WithArticle() + ". Your role stays."
}

// over says why a link lets nobody in.
func (v Visit) over() string {
	switch v.Standing {
	case roster.UsedUp:
		return "This link is used up: as many people as it was for have joined by it. Ask whoever gave it to you for a new one."
	case roster.LinkExpired:
		return "This link worked until " + ui.Day(v.Expires, v.Now) + ". Ask whoever gave it to you for a new one."
	case roster.WasWithdrawn:
		return "This link was withdrawn. If you think that is a mistake, ask whoever gave it to you."
	case roster.WasReset:
		return "There is a newer link. Ask whoever gave you this one for it."
	}
	return "Nobody can join by this link at the moment. Ask whoever gave it to you for a new one."
}
