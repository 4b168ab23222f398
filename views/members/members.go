// Package members draws who is in an organization: the list, one member, and the questions before a change.
// It takes plain values and asks internal/role what the viewer may do; it decides nothing by itself.
package members

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/paths"
	"roster/views/ui"
)

// Here is where a page is and who looks at it: what every part of it needs to know.
type Here struct {
	Slug     string
	OrgName  string
	Mine     []role.Role // the roles of the viewer
	Settings role.Settings
	Now      time.Time
	Org      string // the two marks that every form carries
	Person   string
	Back     string // the page that changes lead back to without script, where that is not the start of the list
}

func (h Here) may(p role.Permission) bool { return role.May(h.Mine, p, h.Settings) }

// back is where a page leads that only asks or explains.
func (h Here) back() string {
	if h.Back != "" {
		return h.Back
	}
	return paths.Members(h.Slug)
}

// then adds the way back to an address.
func (h Here) then(path string) string { return paths.With(path, "next", h.Back) }

// mayOn tells whether the viewer may suspend or remove somebody: another member, below them, and not the
// only owner.
func (h Here) mayOn(r roster.Row, p role.Permission) bool {
	return present(r) && !r.You && !r.OnlyOwner && h.may(p) && role.MayManage(h.Mine, r.Roles)
}

func present(r roster.Row) bool { return r.Status == "active" || r.Status == "suspended" }

// Line is a row of the list, and what became of it by the last press.
type Line struct {
	roster.Row
	AtRole   Note
	AtStatus Note
	Focus    bool // on the name: it came back, or it is the first of those that were added
	Picked   bool // with all that match
}

// Note stands under a control that was just used.
type Note struct {
	Was     string // what it was before
	Undo    string // evt_… that takes the change back; "" where nothing can
	Refused string // why nothing was changed
}

// hue is the colour of a person, the same in every organization.
func hue(r roster.Row) int { return ui.Hue(publicid.Person.Of(r.PersonID)) }

// main is the role that a row shows; the others stand on the member's page.
func main(r roster.Row) role.Role { return role.Highest(r.Roles) }

// others says that there are more roles than the one shown.
func others(r roster.Row) string { return "+" + strconv.Itoa(len(r.Roles)-1) }

// choices are the roles that the viewer may give in place of what a member has, with the present one.
func (h Here) choices(r roster.Row) []ui.Option {
	var options []ui.Option
	for _, one := range role.All {
		if h.mayChoose(r, one) {
			options = append(options, ui.Option{Value: string(one), Label: one.Label()})
		}
	}
	return options
}

// mayChoose tells whether the viewer may give a member this role, or the member has it.
func (h Here) mayChoose(r roster.Row, to role.Role) bool {
	return to == main(r) || present(r) && !r.OnlyOwner && h.may(role.MembersUpdateRole) && role.MayTurn(h.Mine, r.Roles, []role.Role{to}, r.You)
}

// offered spells the choices for the select of a row; "" where there is nothing to choose.
func (h Here) offered(r roster.Row) string {
	var names strings.Builder
	n := 0
	for _, one := range role.All {
		if !r.Invitation && h.mayChoose(r, one) {
			if n++; n > 1 {
				names.WriteByte(' ')
			}
			names.WriteString(string(one))
		}
	}
	if n < 2 {
		return ""
	}
	return names.String()
}

// menu names what the menu of a row offers, of all that rowParts has.
func (h Here) menu(r roster.Row) string {
	switch {
	case r.Invitation:
		return "open"
	case r.You:
		return "history leave"
	}
	acts := "history"
	if h.mayOn(r, role.MembersSuspend) {
		if r.Status == "suspended" {
			acts += " reactivate"
		} else {
			acts += " suspend"
		}
	}
	if h.mayOn(r, role.MembersRemove) {
		acts += " remove"
	}
	return acts
}

// locked: whoever changes roles is told why this one stays.
func (h Here) locked(r roster.Row) bool { return r.OnlyOwner && h.may(role.MembersUpdateRole) }

func (h Here) lastOwner() string { return fmt.Sprintf(role.LastOwner, h.OrgName) }

// came says how somebody got here.
func came(r roster.Row) string {
	switch {
	case r.JoinedThrough == "created":
		return "Created the organization"
	case r.JoinedThrough == "link" && r.Inviter != "":
		return "By a share link of " + r.Inviter
	case r.JoinedThrough == "request" && r.Inviter != "":
		return "Let in by " + r.Inviter
	case r.Inviter != "":
		return "Invited by " + r.Inviter
	}
	return ""
}

// List is a page of the members with what was asked for.
type List struct {
	Here
	Asked   roster.List
	Rows    []roster.Row
	Prev    string          // cursor to go back from; "" at the start
	Next    string          // cursor of the next page; "" at the end
	Shown   int             // rows on the page, these included
	Members int             // of the whole organization
	Pending int             // open invitations of the whole organization, counted up to PendingMax
	Mails   bool            // letters leave this installation
	All     *All            // everybody who matches is selected
	Seal    string          // of the rows on the page
	Waiting int             // requests to join; -1 where they may not be seen
	Ask     templ.Component // how somebody who may not invite asks for it; nil for who may
}

// Seal is a short hash of rows, after the seal of those that stand before them: of what they say about who is who and may
// what.
func Seal(before string, rows []roster.Row) string {
	said := append(make([]byte, 0, 160*len(rows)), before...)
	for _, r := range rows {
		for _, part := range [...]string{r.ID, r.Name, r.Email, r.Status} {
			said = append(append(said, part...), 0) // which no text holds
		}
		for _, one := range r.Roles {
			said = append(append(said, one...), 0)
		}
		said = append(strconv.AppendInt(said, r.Since.Unix(), 10), '\n')
	}
	return fmt.Sprintf("%.6x", sha256.Sum256(said))
}

// PendingMax is how far open invitations are counted.
const PendingMax = 100

// ShownMax is how many rows a page takes before the next ones get a page of their own.
const ShownMax = 1000

// URL is the address of a list: its search, filters, order and cursor, the empty ones left out.
func URL(slug string, asked roster.List) string {
	return paths.With(paths.Members(slug), "q", asked.Search, "role", string(asked.Role), "status", asked.Status,
		"invited_by", asked.InvitedBy, "active", asked.Active, "sort", Order(asked), "after", asked.After, "before", asked.Before)
}

// Order is how an address spells the order of a list: name, role, joined or active, with a minus from the end. Names
// from the start go without saying.
func Order(asked roster.List) string {
	order := asked.Sort
	if order == "" {
		order = "name"
	}
	if asked.Down {
		return "-" + order
	}
	if order == "name" {
		return ""
	}
	return order
}

// ordered is the same list, without a cursor, in the order that a press on a heading gives: from the start, or from the end
// if it is from the start already; dates the other way round.
func (l List) ordered(by string) string {
	asked := whole(l.Asked)
	recent := by == "joined" || by == "active" // of dates everybody wants the newest first
	asked.Down = l.sorted(by) == "ascending" || recent && l.sorted(by) == ""
	asked.Sort = by
	return URL(l.Slug, asked)
}

// sorted is what a heading says about the order.
func (l List) sorted(by string) string {
	sort := l.Asked.Sort
	if sort == "" {
		sort = "name"
	}
	switch {
	case sort != by:
		return ""
	case l.Asked.Down:
		return "descending"
	}
	return "ascending"
}

// orders are the orders in words.
var orders = map[string]string{
	"name ascending": "name", "name descending": "name, from the end",
	"role ascending": "role, the highest first", "role descending": "role, the lowest first",
	"joined ascending": "date joined", "joined descending": "date joined, the newest first",
	"active ascending": "last activity, the longest ago first", "active descending": "last activity, the latest first",
}

// orderWords says the order.
func (l List) orderWords() string {
	sort := l.Asked.Sort
	if sort == "" {
		sort = "name"
	}
	return "sorted by " + orders[sort+" "+l.sorted(sort)]
}

// caption names the list and its order.
func (l List) caption() string { return "Members of " + l.OrgName + ", " + l.orderWords() }

// filterWords say who is in the list.
func (l List) filterWords() string {
	if !l.Asked.Filtered() {
		return "All members"
	}
	var words []string
	if l.Asked.Search != "" {
		words = append(words, "“"+l.Asked.Search+"”")
	}
	if l.Asked.Role != "" {
		words = append(words, "role "+l.Asked.Role.Label())
	}
	if l.Asked.Status != "" {
		words = append(words, "status "+l.Asked.Status)
	}
	if l.Asked.InvitedBy != "" {
		words = append(words, "invited by "+l.inviter())
	}
	for _, one := range activeFilter() {
		if one.Value != "" && one.Value == l.Asked.Active {
			words = append(words, strings.ToLower(one.Label[:1])+one.Label[1:])
		}
	}
	return "Members with " + strings.Join(words, ", ")
}

// aboutColumn is what a heading says to those who do not see the rows.
func (l List) aboutColumn(by string) string {
	if by == "role" && l.may(role.MembersUpdateRole) {
		return ", saved as soon as it is chosen"
	}
	return ""
}

// inviter is who invited everybody in a list of those whom one person invited.
func (l List) inviter() string {
	if len(l.Rows) > 0 && l.Rows[0].Inviter != "" {
		return l.Rows[0].Inviter
	}
	return "one person"
}

// anyInviter is the same list, whoever invited them.
func (l List) anyInviter() string {
	asked := whole(l.Asked)
	asked.InvitedBy = ""
	return URL(l.Slug, asked)
}

// begun: the list stands before this page.
func (l List) begun() bool { return l.Asked.After != "" || l.Asked.Before != "" }

// start is the same list from its first page.
func (l List) start() string { return URL(l.Slug, whole(l.Asked)) }

// whole is a list from its first page.
func whole(asked roster.List) roster.List {
	asked.After, asked.Before = "", ""
	return asked
}

// previous is the address of the page before.
func (l List) previous() string {
	asked := l.Asked
	asked.After, asked.Before = "", l.Prev
	return URL(l.Slug, asked)
}

// more is the address of the next page; it carries how many rows stand before it, and their seal.
func (l List) more() string {
	asked := l.Asked
	asked.After, asked.Before = l.Next, ""
	more := paths.With(URL(l.Slug, asked), "shown", strconv.Itoa(l.Shown), "seal", l.Seal)
	if l.All != nil {
		return paths.With(more, "select", "all")
	}
	return more
}

// full: a page takes no more rows.
func (l List) full() bool { return l.Shown >= ShownMax }

func (l List) seesPending() bool { return l.may(role.InvitationsRead) }

// total is how many rows the whole list has, "" where nobody has counted.
func (l List) total() string {
	switch {
	case l.Asked.Filtered():
		return ""
	case !l.seesPending():
		return ui.AboutCount(l.Members)
	case l.Pending >= PendingMax:
		return ui.AboutCount(l.Members) + " members and " + atMost(l.Pending) + " invitations"
	}
	return ui.AboutCount(l.Members + l.Pending)
}

// shown says how much of the list is here.
func (l List) shown() string {
	switch total := l.total(); {
	case total == "" && l.Next != "":
		return ui.Count(l.Shown) + " shown, there are more"
	case total == "":
		return ui.Count(l.Shown) + " shown"
	default:
		return ui.Count(l.Shown) + " of " + total + " shown"
	}
}

// paged: the list is longer than what stands here.
func (l List) paged() bool { return l.Next != "" || l.begun() }

// Loaded says aloud that rows were added.
func (l List) Loaded() string {
	text := ui.Count(len(l.Rows)) + " more loaded, " + ui.Count(l.Shown)
	if total := l.total(); total != "" {
		return text + " of " + total
	}
	return text + " shown"
}

// Count says how many there are, or how many match.
func (l List) Count() string {
	if l.Asked.Filtered() {
		return l.matches()
	}
	return Counted(l.Here, l.Members, l.Pending)
}

// Counted is "248 members, 6 pending".
func Counted(h Here, members, pending int) string {
	text := ui.AboutCount(members) + " members"
	if members == 1 {
		text = "1 member"
	}
	if pending > 0 && h.may(role.InvitationsRead) {
		text += ", " + atMost(pending) + " pending"
	}
	return text
}

// atMost writes a count that stops at PendingMax.
func atMost(n int) string {
	if n >= PendingMax {
		return strconv.Itoa(PendingMax) + "+"
	}
	return strconv.Itoa(n)
}

// matches counts the rows that a search found, as far as they are here.
func (l List) matches() string {
	if l.Next != "" || l.begun() {
		return "More than " + ui.Count(roster.PageSize) + " match"
	}
	people := 0
	for _, r := range l.Rows {
		if !r.Invitation {
			people++
		}
	}
	waiting := len(l.Rows) - people
	switch {
	case len(l.Rows) == 0:
		return "No member matches"
	case waiting == 0 && people == 1:
		return "1 member matches"
	case waiting == 0:
		return ui.Plural(people, "member", "members") + " match"
	case people == 0 && waiting == 1:
		return "1 invitation matches"
	case people == 0:
		return ui.Plural(waiting, "invitation", "invitations") + " match"
	}
	return ui.Plural(people, "member", "members") + " and " + ui.Plural(waiting, "invitation", "invitations") + " match"
}

// invitingWords say how people get here.
func (l List) invitingWords() string {
	if l.Mails {
		return "Invite the people you work with. They get an e-mail with a link and join with one click."
	}
	return "Invite the people you work with. You get a link for each of them to hand over."
}

// alone: there is nobody but the viewer.
func (l List) alone() bool {
	return !l.Asked.Filtered() && !l.begun() && l.Next == "" && len(l.Rows) == 1 && l.Rows[0].You
}

// nothing names what was looked for in vain.
func (l List) nothing() string {
	switch {
	case l.begun():
		return "The list ends here"
	case l.Asked.Search == "":
		return "No member matches this filter"
	}
	return "No member matches “" + l.Asked.Search + "”"
}

// advice is what to try next.
func (l List) advice() string {
	others := l.Asked
	others.Search = ""
	switch {
	case l.begun():
		return "Those who stood here are not in this list any more."
	case l.Asked.Search == "":
		return "Nobody here is all that you chose."
	case others.Filtered():
		return "Check the spelling, or clear the other filters."
	case l.seesPending():
		return "Check the spelling, or look among all invitations, old ones too."
	}
	return "Check the spelling, or try another part of the name."
}

func roleFilter() []ui.Option {
	options := []ui.Option{{Label: "All roles"}}
	for _, r := range role.All {
		options = append(options, ui.Option{Value: string(r), Label: r.Label()})
	}
	return options
}

func (l List) statusFilter() []ui.Option {
	options := []ui.Option{{Label: "Any status"}, {Value: "active", Label: "Active"}}
	if l.seesPending() {
		options = append(options, ui.Option{Value: "pending", Label: "Pending"})
	}
	return append(options, ui.Option{Value: "suspended", Label: "Suspended"})
}

func activeFilter() []ui.Option {
	return []ui.Option{{Label: "Active any time"}, {Value: "week", Label: "Active within a week"}, {Value: "month", Label: "Active within a month"},
		{Value: "quarter", Label: "Active within 90 days"}, {Value: "before", Label: "Not active for 90 days"}, {Value: "never", Label: "Never active"}}
}

// line is a row as the list shows it; the first of rows that were added gets the focus.
func (l List) line(i int, added bool) Line {
	return Line{Row: l.Rows[i], Focus: added && i == 0, Picked: l.All != nil}
}
