// Package invitations shows whom an organization has invited: the form to invite, what became of each address, the list,
// and one invitation. What somebody may do with an invitation is asked of the rule book with the roles that are handed in.
package invitations

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/paths"
	"roster/views/ui"
)

// Place is where a page stands: which organization, who looks at it, and what they may do there.
type Place struct {
	Slug      string
	Days      int         // how long an invitation is open unless chosen otherwise
	Roles     []role.Role // of whoever looks
	MayInvite bool
	MayRevoke bool
	SeesNames bool   // may open the page of a member
	Mails     bool   // letters leave this installation; else links are copied by hand
	Origin    string // the public address, in front of a link to copy
	Org       string // the marks of the page
	Person    string
	Now       time.Time
}

// View is the list with the form above it.
type View struct {
	Place
	Form    Form
	Result  *Result // what became of the form just sent
	List    List
	Members int // -1 where they may not be seen
	Open    int // open invitations
	Waiting int // requests; -1 where they may not be seen
}

// Form is the form to invite as it was filled in. What was typed stays when something is wrong.
type Form struct {
	Addresses string
	Role      string
	Days      string
	Message   string
	Errors    []ui.FieldError
	Focus     bool // on the first field: the form was just emptied
}

// Result is what became, or would become, of each address.
type Result struct {
	Verdicts []roster.Verdict
	As       role.Role
	Sent     int
	Open     int // invitations, with those
}

// List is one page of the invitations.
type List struct {
	Filter      string
	Undelivered bool
	Inviter     string // mem_… of whose invitations alone are shown
	Search      string // by words of the address
	After       string // cursor of this page, or of the one after it where somebody came back; "" for the first
	Before      int    // rows that are on the screen before these
	Rows        []roster.Invitation
	Next        string
	Prev        string
	Matching    int  // how many the filters find; 0 where that is not known
	All         bool // all that match are chosen
}

// Asked is the list as the domain is asked for it.
func (l List) Asked() roster.InvitationList {
	return roster.InvitationList{Show: l.Filter, Undelivered: l.Undelivered, Inviter: l.Inviter, Search: l.Search}
}

// Of is the list as it was asked for, before there are rows.
func Of(l roster.InvitationList) List {
	return List{Filter: l.Show, Undelivered: l.Undelivered, Inviter: l.Inviter, Search: l.Search, After: l.After + l.Before}
}

// URL is the list with its filters, and with what stands in further pairs.
func (l List) URL(slug string, more ...string) string {
	return paths.With(paths.With(paths.Invitations(slug), l.filters()...), more...)
}

// filters are what stands in the address, in pairs of name and value.
func (l List) filters() []string {
	delivery := ""
	if l.Undelivered {
		delivery = "failed"
	}
	return []string{"show", l.Filter, "delivery", delivery, "invited_by", l.Inviter, "q", l.Search}
}

// everything is the list without the filters that narrow its choice of states.
func (l List) everything() List { return List{Filter: l.Filter} }

// anybody is the list with the invitations of all inviters.
func (l List) anybody() List {
	l.Inviter, l.All = "", false
	return l
}

// sender names whose invitations are shown, as far as a row says it.
func (l List) sender() string {
	if len(l.Rows) > 0 && l.Rows[0].Inviter != "" {
		return l.Rows[0].Inviter
	}
	return "one person"
}

// chosen is what goes on to the next pages while all that match are chosen.
func (l List) chosen() string {
	if l.All {
		return "all"
	}
	return ""
}

// takesAll tells whether more match than stand here, and how many can be chosen together.
func (l List) takesAll() bool {
	return !l.All && l.Next != "" && l.Matching > len(l.Rows) && l.Matching <= roster.TogetherMax
}

// Line is a row with what was just done in it.
type Line struct {
	roster.Invitation
	Saved   string // "Was Member.", "Sent again."
	Undo    string // evt_… that takes it back
	Problem string // why it was refused
	All     bool   // all that match are chosen, this one with them
}

// Filters are the choices of the list, in the order in which they are offered.
var Filters = []ui.Option{
	{Value: "", Label: "Open and expired"},
	{Value: "open", Label: "Open"},
	{Value: "accepted", Label: "Accepted"},
	{Value: "declined", Label: "Declined"},
	{Value: "expired", Label: "Expired"},
	{Value: "revoked", Label: "Revoked"},
	{Value: "all", Label: "All"},
}

// lastMore is the number of rows on the screen from which the list goes on on a page of its own.
const lastMore = 1000

// mayChange tells whether the person may change what the invitation offers: it waits, and each of its roles is theirs to
// give.
func (p Place) mayChange(i roster.Invitation) bool { return p.MayInvite && p.reaches(i) }

// mayRevoke tells whether the person may withdraw the invitation.
func (p Place) mayRevoke(i roster.Invitation) bool {
	return p.MayRevoke && (p.reaches(i) || i.State == "declined" && i.Expires.After(p.Now) && p.gives(i))
}

func (p Place) reaches(i roster.Invitation) bool {
	return (i.State == "open" || i.State == "expired") && p.gives(i)
}

// gives tells whether each of the invitation's roles is the person's to give.
func (p Place) gives(i roster.Invitation) bool {
	return !slices.ContainsFunc(i.Roles, func(r role.Role) bool { return !role.MayInviteAs(p.Roles, r) })
}

// roles are those that the person may invite as.
func (p Place) roles() []role.Role {
	return slices.DeleteFunc(slices.Clone(role.All), func(r role.Role) bool { return !role.MayInviteAs(p.Roles, r) })
}

func (p Place) roleOptions() []ui.Option {
	var options []ui.Option
	for _, r := range p.roles() {
		options = append(options, ui.Option{Value: string(r), Label: r.Label()})
	}
	return options
}

// lifeOptions are the choices of how long an invitation stays open, each with its last day.
func (p Place) lifeOptions() []ui.Option {
	lives := slices.Clone(roster.Lives)
	if p.Days > 0 && !slices.Contains(lives, p.Days) {
		lives = append(lives, p.Days)
		slices.Sort(lives)
	}
	var options []ui.Option
	for _, days := range lives {
		until := ui.Day(p.Now.AddDate(0, 0, days), p.Now)
		options = append(options, ui.Option{Value: strconv.Itoa(days), Label: "After " + ui.Plural(days, "day", "days") + ", " + until})
	}
	return options
}

// chosenRole is the one in the form; a new form begins with Member.
func (f Form) chosenRole() string {
	if f.Role != "" {
		return f.Role
	}
	return string(role.Member)
}

func (f Form) chosenDays(p Place) string {
	if f.Days != "" {
		return f.Days
	}
	return strconv.Itoa(p.Days)
}

func (f Form) error(field string) string {
	for _, e := range f.Errors {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

// unsaved tells the script whether something is typed that is not what the page came with.
func (f Form) unsaved() string {
	if f.Addresses != "" || f.Message != "" {
		return "changed"
	}
	return ""
}

// sendLabel says exactly how many invitations the preview's button sends.
func (p Place) sendLabel(n int) string {
	if p.Mails {
		return "Send " + ui.Plural(n, "invitation", "invitations")
	}
	return "Make " + ui.Plural(n, "invitation", "invitations")
}

// nextURL is the page after this one.
func (l List) nextURL(p Place) string { return l.URL(p.Slug, "select", l.chosen(), "after", l.Next) }

// prevURL is the page before this one.
func (l List) prevURL(p Place) string { return l.URL(p.Slug, "select", l.chosen(), "before", l.Prev) }

// moreURL answers the next rows alone, and knows how many there are already.
func (l List) moreURL(p Place) string {
	return paths.With(l.nextURL(p), "shown", strconv.Itoa(l.shown()))
}

func (l List) shown() int { return l.Before + len(l.Rows) }

// said is what a change of the list sounds like.
func (l List) said() string {
	if l.Next != "" {
		return ui.Plural(len(l.Rows), "invitation", "invitations") + " shown, there are more"
	}
	return ui.Plural(len(l.Rows), "invitation", "invitations") + " shown"
}

func (l List) caption() string {
	name := "Invitations"
	for _, f := range Filters {
		if f.Value == l.Filter {
			name = f.Label + " invitations"
		}
	}
	switch {
	case l.Search != "":
		return name + ", by address"
	case l.Filter == "open" || l.Filter == "expired":
		return name + ", the last to end first"
	}
	return name + ", newest first"
}

// emptyTitle and emptyText say why there is nothing.
func (l List) emptyTitle() string {
	if l.Asked().Filtered() {
		return "No invitation matches"
	}
	switch l.Filter {
	case "", "open":
		return "No open invitations"
	case "all":
		return "No invitations yet"
	}
	return "No " + l.Filter + " invitations"
}

func (l List) emptyText(p Place) string {
	switch {
	case l.After != "":
		return "The list ends here."
	case l.Search != "":
		return "No address begins with “" + l.Search + "” among those shown."
	case l.Asked().Filtered():
		return "Other invitations may be there: clear the filters to see."
	case l.Filter != "" && l.Filter != "all":
		return "Other invitations may be there: show all of them to see."
	case p.Mails:
		return "Invite the people you work with. They get an e-mail with a link and join with one click."
	}
	return "Invite the people you work with. You get a link for each of them to hand over."
}

// stateBadge is the word for where an invitation stands.
func stateBadge(i roster.Invitation) (ui.Tone, string) {
	switch i.State {
	case "open":
		if i.Delivery == "failed" {
			return ui.Danger, "Not delivered"
		}
		return ui.Warning, "Pending"
	case "expired":
		return ui.Default, "Expired"
	case "accepted":
		return ui.Success, "Accepted"
	case "declined":
		return ui.Default, "Declined"
	}
	return ui.Default, "Revoked"
}

// delivery says what became of the letter, as far as anybody knows.
func delivery(i roster.Invitation) string {
	switch i.Delivery {
	case "queued":
		if i.DeliveryDetail != "" {
			return "Waits: " + clause(i.DeliveryDetail, "")
		}
		return "Waiting to be sent"
	case "sent":
		return "E-mail accepted for delivery"
	case "failed":
		if strings.HasPrefix(i.DeliveryDetail, "it ") || strings.HasPrefix(i.DeliveryDetail, "its ") { // of the letter, not of the address
			return "E-mail not sent: " + clause(i.DeliveryDetail, "")
		}
		return "E-mail bounced: " + clause(i.DeliveryDetail, "the mail server refused it")
	case "held":
		return "Held back: " + clause(i.DeliveryDetail, "too many letters for now")
	case "copied":
		return "Link copied, no e-mail sent"
	}
	return "No e-mail sent"
}

// secondLine stands under the address: what happened last.
func secondLine(i roster.Invitation, now time.Time) string {
	_, word := stateBadge(i)
	switch {
	case i.Asked.After(i.Sent) && i.State != "accepted":
		return "Asked for another one on " + ui.Day(i.Asked, now)
	case i.State == "expired":
		return "Not accepted in time"
	case i.State == "open" || i.Decided.IsZero():
		return delivery(i)
	}
	return word + " on " + ui.Day(i.Decided, now)
}

// clause is the text without a full stop at its end, or a substitute for none.
func clause(s, substitute string) string {
	if s = strings.TrimRight(strings.TrimSpace(s), "."); s == "" {
		return substitute
	}
	return s
}

// expires writes the day, and within a day the time.
func expires(t, now time.Time) string {
	if left := t.Sub(now); left > 0 && left < 24*time.Hour {
		return ui.Until(t, now)
	}
	return ui.Day(t, now)
}

func labels(roles []role.Role) string {
	var names []string
	for _, r := range roles {
		names = append(names, r.Label())
	}
	return ui.And(names)
}

// sendAgain names the press that mails a new link.
func sendAgain(i roster.Invitation) string {
	if i.State == "expired" {
		return "Invite again"
	}
	return "Send again"
}

// link is the whole address of an invitation, to copy.
func (p Place) link(token string) string {
	return strings.TrimSuffix(p.Origin, "/") + paths.Offer(token)
}

// linkHint says what a copied link proves, and that it is seen once.
func (p Place) linkHint(email string) string {
	if p.Mails {
		return "Copy it now. It is not shown again. It is only for " + email + ": whoever opens it has to log in or sign up with that address."
	}
	return "Copy it now. It is not shown again. It is only for " + email + " and works once: hand it to them and to nobody else."
}

// verdictWords is the sentence about one address, and how it looks.
func verdictWords(v roster.Verdict) (class string, icon ui.IconName, words string) {
	switch v.Kind {
	case "ready":
		if v.Note != "" { // who was a member before, or what it looks like
			return "result--ok", ui.IconCheck, "Ready. " + sentence(v.Note)
		}
		return "result--ok", ui.IconCheck, "Ready"
	case "corrected":
		return "result--ok", ui.IconCheck, "Ready, " + lowerFirst(clause(v.Note, "corrected"))
	case "sent", "link":
		return "result--ok", ui.IconCheck, "Invited"
	case "shown":
		return "result--ok", ui.IconCheck, sentence(v.Note)
	case "invalid":
		return "result--bad", ui.IconWarn, sentence(v.Note)
	case "member":
		return "result--skip", ui.IconUser, sentence(v.Note)
	case "twice":
		return "result--skip", ui.IconCopy, sentence(v.Note)
	case "blocked", "gone":
		return "result--skip", ui.IconBan, sentence(v.Note)
	}
	return "result--skip", ui.IconMail, sentence(v.Note)
}

// sentence ends with a full stop or a question mark.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// shownAddress is what was typed where it is no address, so that it can be found and put right.
func shownAddress(v roster.Verdict) string {
	if v.Email == "" {
		return v.Raw
	}
	return v.Email
}

// tally counts the verdicts in the three groups that people act on.
func (r Result) tally() (ready, skipped, toFix int) {
	for _, v := range r.Verdicts {
		switch v.Kind {
		case "ready", "corrected", "sent", "link", "shown":
			ready++
		case "invalid":
			toFix++
		default:
			skipped++
		}
	}
	return ready, skipped, toFix
}

// sorted puts what needs an answer first, then what is left out, then what is fine; each as it was typed.
func (r Result) sorted() []roster.Verdict {
	rank := func(v roster.Verdict) int {
		switch v.Kind {
		case "invalid":
			return 0
		case "ready", "corrected", "sent", "link", "shown":
			return 2
		}
		return 1
	}
	verdicts := slices.Clone(r.Verdicts)
	slices.SortStableFunc(verdicts, func(a, b roster.Verdict) int { return rank(a) - rank(b) })
	return verdicts
}

// leftOut are the addresses that no invitation was made for, and those whose link was shown before.
func (r Result) leftOut() Result {
	r.Verdicts = slices.DeleteFunc(r.sorted(), func(v roster.Verdict) bool { return v.Kind == "sent" || v.Kind == "link" })
	return r
}

// leftCaption names the table of those addresses, and of those whose link is not shown again.
func (r Result) leftCaption() string {
	if slices.ContainsFunc(r.Verdicts, func(v roster.Verdict) bool { return v.Kind == "shown" }) {
		return "Addresses without a link"
	}
	return "Addresses that were left out"
}

// links are the invitations whose link is shown now and never again.
func (r Result) links() []roster.Verdict {
	return slices.DeleteFunc(slices.Clone(r.Verdicts), func(v roster.Verdict) bool { return v.Link == "" })
}

// restoreWords offer to give former members the roles they had; "" where none had another one that may be given.
func (r Result) restoreWords() string {
	var before []roster.Verdict
	for _, v := range r.Verdicts {
		if v.Kind == "ready" && v.Was != "" {
			before = append(before, v)
		}
	}
	switch len(before) {
	case 0:
		return ""
	case 1:
		return "Invite " + before[0].Email + " as " + before[0].Was.WithArticle() + ", as before"
	}
	return "Invite the " + ui.Count(len(before)) + " former members with the roles they had before"
}

// readyWords say what pressing the button would do.
func (r Result) readyWords() string {
	ready, skipped, toFix := r.tally()
	words := ui.Plural(ready, "invitation is ready.", "invitations are ready.")
	if ready == 0 {
		words = "None of these can be invited."
	}
	if toFix > 0 {
		words += " " + ui.Plural(toFix, "address has a problem and is left out unless you fix it.", "addresses have problems and are left out unless you fix them.")
	}
	if skipped > 0 {
		words += " " + ui.Plural(skipped, "address is skipped.", "addresses are skipped.")
	}
	return words
}

// Words tell what came of sending: how many, and in a few words what was left out. It reads well too where everybody is
// invited already.
func (r Result) Words() string {
	count := map[string]int{}
	for _, v := range r.Verdicts {
		count[v.Kind]++
	}
	if len(r.Verdicts) == 1 {
		v := r.Verdicts[0]
		switch v.Kind {
		case "sent", "link", "shown":
			return "Invited " + v.Email + " as " + r.As.WithArticle() + "."
		case "invited":
			return v.Email + ": " + lowerFirst(sentence(v.Note))
		}
		return sentence(v.Note)
	}
	var left []string
	for _, kind := range []struct{ name, one, many string }{
		{"member", "already a member", "already members"},
		{"invited", "already invited", "already invited"},
		{"twice", "twice in the list", "twice in the list"},
		{"blocked", "asked not to be invited", "asked not to be invited"},
		{"invalid", "not an address", "not addresses"},
	} {
		if n := count[kind.name]; n > 0 {
			left = append(left, ui.Plural(n, kind.one, kind.many))
		}
	}
	words := "Invited " + ui.Plural(r.Sent, "person", "people") + " with the role " + r.As.Label() + "."
	switch {
	case r.Sent == 0 && count["invited"] == len(r.Verdicts):
		return "All " + ui.Count(len(r.Verdicts)) + " are invited already; the open invitations stay."
	case r.Sent == 0:
		words = "Nobody new was invited."
	}
	if len(left) > 0 {
		words += " Left out: " + strings.Join(left, ", ") + "."
	}
	return words
}

// upperFirst begins a sentence.
func upperFirst(s string) string {
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// lowerFirst lets a sentence go on.
func lowerFirst(s string) string {
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(first)) + s[size:]
}

// tabs lead between the people who are here and those who are invited.
func (v View) tabs() []ui.Tab {
	open := ui.Tab{URL: paths.Invitations(v.Slug), Label: "Invitations", Count: openWords(v.Open), CountID: "tab-invitations", Current: true}
	tabs := []ui.Tab{open}
	if v.Members >= 0 {
		tabs = []ui.Tab{{URL: paths.Members(v.Slug), Label: "Members", Count: ui.Count(v.Members), CountID: "tab-members"}, open}
	}
	if v.Waiting >= 0 {
		tabs = append(tabs, layout.RequestsTab(v.Slug, v.Waiting, false))
	}
	return tabs
}

// openWords is the number of open invitations as far as it is counted.
func openWords(n int) string {
	if n > 99 {
		return "100+"
	}
	return ui.Count(n)
}

// sameMoment is how far two clocks' readings of one press may lie apart.
const sameMoment = time.Minute

func previewTitle(r Result) string {
	return "Check " + ui.Plural(len(r.Verdicts), "address", "addresses") + " before inviting"
}

// previewWords say that nothing has happened, and as what and for how long everybody would be invited.
func previewWords(f Form, r Result) string {
	words := "Nothing has been sent yet. They would be invited with the role " + r.As.Label()
	if days, err := strconv.Atoi(f.Days); err == nil {
		words += ", for " + ui.Plural(days, "day", "days")
	}
	if f.Message != "" {
		words += ", with your message"
	}
	return words + "."
}

// linksLead says that several links are shown once; a single one says so itself.
func linksLead(r Result) string {
	if len(r.links()) < 2 {
		return ""
	}
	return "Each is for one person, and none is shown again."
}

// linksTitle says what to do; when the same press comes again, nothing is left to copy.
func linksTitle(r Result) string {
	switch len(r.links()) {
	case 0:
		return "Invited"
	case 1:
		return "Copy the link"
	}
	return "Copy the links"
}

// shownOnce is said when the press that made a link comes again.
const shownOnce = "The link was made, and shown once with the first answer. If it was not copied, make another link: it takes the place of this one."

// footWords tell how many are listed; the end of the list is said.
func (l List) footWords() string {
	words := ui.Count(l.shown()) + " shown"
	if l.Next == "" && l.After == "" {
		return ui.Plural(l.shown(), "invitation", "invitations")
	}
	return words
}

// said is what a change in the row sounds like.
func (l Line) said() string {
	switch {
	case l.Problem != "":
		return l.Problem
	case l.Undo != "":
		return l.Email + " is now invited as " + role.Highest(l.Roles).WithArticle() + ". Undo follows the role."
	case l.Saved != "":
		return l.Email + ": " + lowerFirst(l.Saved)
	}
	return ""
}

// focused puts the focus on a row's name.
func focused(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"autofocus": true}
}

// openUntil says how long a link to copy works.
func openUntil(p Place, i roster.Invitation) string {
	return "The invitation is open until " + ui.DayTime(i.Expires, p.Now) + " UTC. A link that was copied before no longer works."
}

// locked says why somebody who may invite can do nothing with this invitation.
func (p Place) locked(i roster.Invitation) string {
	if i.State != "open" && i.State != "expired" || p.reaches(i) || !p.MayInvite {
		return ""
	}
	return "Your role is " + role.Highest(p.Roles).Label() + ", so you cannot change an invitation of " + role.Highest(i.Roles).WithArticle() + "."
}

func expiresLabel(i roster.Invitation) string {
	if i.State == "expired" {
		return "Expired"
	}
	return "Expires"
}

func decidedLabel(i roster.Invitation) string {
	_, word := stateBadge(i)
	return word
}
