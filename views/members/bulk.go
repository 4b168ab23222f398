package members

import (
	"fmt"
	"strconv"
	"strings"

	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/paths"
	"roster/views/ui"
)

// picks: whoever may do something to many members can select them.
func (h Here) picks() bool {
	return h.may(role.MembersUpdateRole) || h.may(role.MembersSuspend) || h.may(role.MembersRemove)
}

// columns is how many cells a row has.
func (h Here) columns() string {
	if h.picks() {
		return "7"
	}
	return "6"
}

// All is the selection of everybody who matches: how many, as far as they were counted.
type All struct {
	Count int
	Exact bool
}

// value is what the selection says was seen: "0" where nobody knows.
func (all All) value() string {
	if !all.Exact {
		return "0"
	}
	return strconv.Itoa(all.Count)
}

// Selected says that all are.
func (l List) Selected() string {
	switch all := *l.All; {
	case !l.Asked.Filtered():
		return "All " + ui.Count(all.Count) + " members are selected"
	case !all.Exact:
		return "All that match are selected, more than " + ui.Count(all.Count)
	case all.Count == 1:
		return "The only member that matches is selected"
	default:
		return "All " + ui.Count(all.Count) + " that match are selected"
	}
}

// selectAll is the address of the list with everybody selected, and what the link to it says. How many match is known
// where nobody is left out; else the next page tells.
func (l List) selectAll() (url, words string) {
	url = paths.With(l.start(), "select", "all")
	if l.Asked.Filtered() {
		return url, "Select all that match"
	}
	return url, "Select all " + ui.Count(l.Members) + " members"
}

// Many is where the selection is sent: the address says which list it was made in.
func (l List) Many() string { return Carry(paths.Bulk(l.Slug), l.Slug, l.Asked) }

// Carry is an address that carries a list along.
func Carry(path, slug string, asked roster.List) string {
	return path + strings.TrimPrefix(URL(slug, asked), paths.Members(slug))
}

// Many is the question before something is done to many members.
type Many struct {
	Here
	Action  string // the address of the question itself, with the list that the selection was made in
	Act     roster.Act
	Chosen  roster.Chosen
	Judged  roster.Judgement
	Changed bool // how many match is not what the page before said
	Mails   bool
	Error   string // of the role
}

// InDialog: a short list is asked about where one is.
func (m Many) InDialog() bool { return m.Judged.Members <= roster.PileShown }

// seen is how many were chosen, for the next question to compare with; "0" where nobody knows.
func (m Many) seen() string {
	if m.Judged.Beyond {
		return "0"
	}
	return strconv.Itoa(m.Judged.Members)
}

// Title is the question.
func (m Many) Title() string {
	if m.none() {
		return "Nothing would change"
	}
	switch m.Act.Do {
	case roster.ManyRole:
		return "Give " + m.whom() + " the role " + m.Act.Role.Label() + "?"
	case roster.ManySuspend:
		return "Suspend " + m.whom() + "?"
	}
	return "Remove " + m.whom() + " from " + m.OrgName + "?"
}

// submit is the act.
func (m Many) submit() string {
	switch m.Act.Do {
	case roster.ManyRole:
		return "Give " + m.whom() + " the role " + m.Act.Role.Label()
	case roster.ManySuspend:
		return "Suspend " + m.whom()
	}
	return "Remove " + m.whom()
}

// tellWords say how many get an e-mail.
func (m Many) tellWords() string {
	switch {
	case m.Judged.Beyond:
		return "Tell each of them by e-mail"
	case m.Judged.Will.Count == 1:
		return "Tell them by e-mail: 1 person gets one"
	}
	return "Tell them by e-mail: " + ui.Count(m.Judged.Will.Count) + " people get one"
}

func (m Many) none() bool { return m.Judged.Will.Count == 0 && !m.Judged.Beyond }

// whom: the only one by name.
func (m Many) whom() string {
	switch {
	case m.Judged.Beyond && m.Chosen.List.Filtered():
		return "all that match"
	case m.Judged.Beyond:
		return "all members"
	case m.Judged.Will.Count == 1:
		return m.Judged.Will.First[0].Name
	}
	return ui.Plural(m.Judged.Will.Count, "member", "members")
}

// text says what it means for them, and whether there is a way back.
func (m Many) text() string {
	if m.none() {
		return ""
	}
	var means string
	switch m.Act.Do {
	case roster.ManyRole:
		means = m.Act.Role.Label() + "s can " + m.Act.Role.Explain() + "."
	case roster.ManySuspend:
		means = "They cannot use " + m.OrgName + " until somebody reactivates them. They keep their roles, and what they made stays."
	default:
		means = "They lose access at once. What they made stays."
	}
	if m.Judged.Beyond || m.Judged.Will.Count > roster.UndoMax {
		return means + " So many at once cannot be undone together."
	}
	return means + " You can undo this for 10 minutes."
}

// Done says what became of them, as soon as it is over.
func (m Many) Done(done, skipped int) string {
	text := ui.Plural(done, "member is", "members are") + " "
	switch m.Act.Do {
	case roster.ManyRole:
		text += m.plural(done) + " now."
	case roster.ManySuspend:
		text += "suspended."
	default:
		text += "removed."
	}
	return withSkipped(text, done, skipped)
}

// Undone says what became of them by the Undo of an act.
func Undone(do string, done, skipped int) string {
	text := ui.Plural(done, "member is", "members are") + " back."
	switch do {
	case roster.ManyRole: // not all of them had the same
		text = ui.Plural(done, "member has their former role", "members have their former roles") + " again."
	case roster.ManySuspend:
		text = ui.Plural(done, "member is", "members are") + " active again."
	}
	return withSkipped(text, done, skipped)
}

func withSkipped(text string, done, skipped int) string {
	if done == 0 {
		text = "Nobody was changed."
	}
	if skipped > 0 {
		text += " " + ui.Plural(skipped, "was skipped.", "were skipped.")
	}
	return text
}

// now says that more or fewer match than before.
func (m Many) now() string {
	if m.Judged.Members == 1 {
		return "Now 1 matches."
	}
	return "Now " + ui.Count(m.Judged.Members) + " match."
}

// beyond says how far was looked.
func (m Many) beyond() string {
	looked := m.Judged.Will.Count + m.Judged.Skipped.Count + m.Judged.Already.Count
	return fmt.Sprintf("These are the first %s of them. Everybody else is judged in the same way when their turn comes.", ui.Count(looked))
}

// pile is one of the three lists.
type pile struct {
	id, words string
	roster.Pile
	open bool
}

// piles are the three lists, the empty ones left out.
func (m Many) piles() []pile {
	j := m.Judged
	is := func(n int) string {
		if n == 1 {
			return "1 is "
		}
		return ui.Count(n) + " are "
	}
	will := map[string]string{roster.ManySuspend: " will be suspended", roster.ManyRemove: " will be removed"}[m.Act.Do]
	already := map[string]string{roster.ManySuspend: "suspended already", roster.ManyRemove: "not a member any more"}[m.Act.Do]
	if m.Act.Do == roster.ManyRole {
		will, already = " will get the role "+m.Act.Role.Label(), m.plural(j.Already.Count)+" already"
	}
	if m.Act.Do == roster.ManyRemove && j.Already.Count != 1 {
		already = "not members any more"
	}
	all := []pile{
		{id: "will", words: ui.Count(j.Will.Count) + will, Pile: j.Will, open: j.Will.Count <= 10},
		{id: "skipped", words: is(j.Skipped.Count) + "skipped", Pile: j.Skipped, open: j.Skipped.Count <= 10},
		{id: "already", words: is(j.Already.Count) + already, Pile: j.Already},
	}
	var shown []pile
	for _, p := range all {
		if p.Count > 0 {
			shown = append(shown, p)
		}
	}
	return shown
}

// plural is the role that so many have: a Viewer, Viewers.
func (m Many) plural(n int) string {
	if n == 1 {
		return m.Act.Role.WithArticle()
	}
	return m.Act.Role.Label() + "s"
}

// others are those of a list who are not shown.
func (p pile) others() string {
	if n := p.Count - len(p.First); n > 0 {
		return "and " + ui.Count(n) + " more"
	}
	return ""
}

// second is the line under a name: why they are skipped, else who they are.
func second(j roster.Judged) string {
	if j.Why != "" {
		return j.Why
	}
	return j.Email
}

// grantable are the roles that the viewer may give, each with its sentence.
func (m Many) grantable() []ui.Choice {
	var items []ui.Choice
	for _, one := range role.Grantable(m.Mine) {
		items = append(items, ui.Choice{Value: string(one), Label: one.Label(), Hint: "Can " + one.Explain() + "."})
	}
	return items
}

// confirm is what the question is drawn from.
func (m Many) confirm(dialog bool) ui.ConfirmSpec {
	spec := m.question(m.Action)
	spec.Title, spec.Text, spec.Submit, spec.Dialog = m.Title(), m.text(), m.submit(), dialog
	spec.Danger = m.Act.Do == roster.ManyRemove
	return spec
}

// choose is the same for the role, which is asked about first.
func (m Many) choose(dialog bool) ui.ConfirmSpec {
	spec := m.question(m.Action)
	spec.Title, spec.Submit, spec.Keep, spec.Dialog = m.ChooseTitle(), "Preview", "Cancel", dialog
	return spec
}

// ChooseTitle asks for the role.
func (m Many) ChooseTitle() string {
	switch {
	case m.Judged.Members == 1:
		return "Change the role of 1 member"
	case m.Judged.Members > 1:
		return "Change the role of " + ui.Count(m.Judged.Members) + " members"
	}
	return "Change the role of all that match"
}
