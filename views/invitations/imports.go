package invitations

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/paths"
	"roster/views/ui"
)

// ImportForm is the form to bring a file, as it was filled in.
type ImportForm struct {
	Text   string // pasted rows
	Role   string
	Days   string
	Had    string // the file that came with it; a browser does not fill it in again
	Errors []ui.FieldError
}

func (f ImportForm) plain() Form { return Form{Role: f.Role, Days: f.Days, Errors: f.Errors} }

// fileHint says what the file may be, and which one was refused.
func (f ImportForm) fileHint() string {
	if f.Had != "" {
		return "It was “" + f.Had + "”. Choose the corrected file, or another one."
	}
	return "CSV, as a spreadsheet or another system writes it. Only a column of e-mail addresses is needed. Up to 1 MB and 5,000 rows."
}

// ImportView is a draft as its maker sees it.
type ImportView struct {
	Place
	roster.Import
	Show    string // which rows: "", "fix", "skipped" or "ready"
	After   string // cursor of this page; "" for the first
	Checked bool   // it was just checked again
	Problem string // why it was not sent
}

// Title names the page.
func (v ImportView) Title() string {
	return "Check " + ui.Plural(v.Total(), "row", "rows") + " before inviting"
}

func (v ImportView) lead() string {
	until := "This preview is kept until " + ui.DayTime(v.Until, v.Now) + " UTC."
	if v.Heading > 0 {
		until = "Row " + strconv.Itoa(v.Heading) + " names its columns. " + until
	}
	if v.Job == "" {
		return "Nothing has been sent yet. " + until
	}
	return until
}

func (v ImportView) step() int {
	if v.AtWork || v.Job != "" && v.Ready == 0 {
		return 2
	}
	return 1
}

// A group is a choice of rows, with how many it has.
type group struct {
	show, class, words string
	icon               ui.IconName
	n                  int
}

func (v ImportView) groups() []group {
	groups := []group{
		{"", "", "All rows", ui.IconName{}, v.Total()},
		{"ready", "is-ok", "Ready to send", ui.IconCheck, v.Ready},
		{"skipped", "is-skip", "Skipped", ui.IconUser, v.Skipped},
		{"fix", "is-bad", "To fix", ui.IconWarn, v.ToFix},
	}
	if v.Job != "" {
		groups = append(groups, group{"sent", "is-ok", "Sent", ui.IconSend, v.Sent})
	}
	return groups
}

func (v ImportView) url(show, after string) string {
	return paths.With(paths.Import(v.Slug, v.ID), "show", show, "after", after)
}

// Words are what checking again has found.
func (v ImportView) Words() string {
	words := ""
	if v.Fixed > 0 {
		words = ui.Plural(v.Fixed, "more row is ready. ", "more rows are ready. ")
	}
	if v.ToFix == 0 {
		return words + "Nothing is left to fix."
	}
	return words + ui.Plural(v.ToFix, "row is left to fix.", "rows are left to fix.")
}

// leftWords say what sending leaves out.
func (v ImportView) leftWords() string {
	words := ""
	if v.ToFix > 0 {
		words = ui.Plural(v.ToFix, "row with a problem will be left out unless you fix it.", "rows with problems will be left out unless you fix them.")
	}
	if v.Skipped > 0 {
		if words != "" {
			words += " "
		}
		words += ui.Plural(v.Skipped, "row is skipped.", "rows are skipped.")
	}
	return words
}

func (v ImportView) readyWords() string {
	switch {
	case v.AtWork:
		return "The invitations are being sent. You can leave this page."
	case v.Ready == 0 && v.Sent > 0:
		return ui.Plural(v.Sent, "invitation was sent.", "invitations were sent.")
	case v.Ready == 0:
		return "No row is ready."
	}
	return ui.Plural(v.Ready, "invitation is ready.", "invitations are ready.")
}

// lettersOnFirstDay is how many letters leave while an organization is new.
const lettersOnFirstDay = 100

// heldWords say that a new organization's letters do not leave all at once.
func (v ImportView) heldWords() string {
	if !v.FirstDay || !v.Mails || v.Ready <= lettersOnFirstDay {
		return ""
	}
	return "This organization is new: 100 invitation e-mails leave on its first day. The others are held back and leave by themselves when the day is over."
}

// mayFix tells whether a row's fields are to be corrected.
func (v ImportView) mayFix(r roster.ImportRow) bool { return !v.AtWork && r.Rank() == 0 }

// asksForRoles tells whether words for roles are asked about: where the rows are that have them.
func (v ImportView) asksForRoles() bool {
	return !v.AtWork && len(v.RoleWords) > 0 && (v.Show == "" || v.Show == "fix")
}

// wordLabel says what a file calls how many people.
func wordLabel(w roster.RoleWord) string {
	return "The file calls " + ui.Plural(w.N, "person", "people") + " “" + w.Word + "”. Invite them as"
}

// roleOptions are those that may be given, and what was typed if it is none of them, so that it is not lost.
func (v ImportView) roleOptions(r roster.ImportRow) []ui.Option {
	options := v.Place.roleOptions()
	known, typed := shownRole(r, v.Otherwise)
	if !known || !role.MayInviteAs(v.Roles, role.Role(typed)) {
		label := r.Role
		if known {
			label = role.Role(typed).Label()
		}
		options = append([]ui.Option{{Value: typed, Label: label}}, options...)
	}
	return options
}

// shownRole is the role of a row as a choice has it, or what was typed.
func shownRole(r roster.ImportRow, otherwise role.Role) (known bool, value string) {
	if as := r.As(otherwise); as != "" {
		return true, string(as)
	}
	return false, r.Role
}

// roleWords is the role of a row in words.
func (v ImportView) roleWords(r roster.ImportRow) string {
	if known, as := shownRole(r, v.Otherwise); known {
		return role.Role(as).Label()
	}
	return r.Role
}

func fieldID(name string, r roster.ImportRow) string { return name + "-" + strconv.Itoa(r.N) }

// wrong marks the field that is to be corrected.
func wrong(r roster.ImportRow, kind string) templ.Attributes {
	attrs := templ.Attributes{"aria-describedby": fieldID("result", r)}
	if r.Kind == kind {
		attrs["aria-invalid"] = "true"
	}
	return attrs
}

// rowVerdict is what is said of a row.
func rowVerdict(r roster.ImportRow) (class string, icon ui.IconName, words string) {
	switch r.Kind {
	case "role", "message":
		return "result--bad", ui.IconWarn, sentence(r.Note)
	}
	return verdictWords(roster.Verdict{Kind: r.Kind, Note: r.Note})
}

func (v ImportView) caption() string {
	return ui.Plural(len(v.Rows), "row", "rows") + " of " + v.File + ", those to fix first"
}

func (v ImportView) emptyTitle() string {
	switch v.Show {
	case "fix":
		return "Nothing to fix"
	case "ready":
		return "No row is ready"
	case "skipped":
		return "No row is skipped"
	case "sent":
		return "No row is sent yet"
	}
	return "The list ends here"
}

// footWords tell how much of the list is here.
func (v ImportView) footWords() string {
	return ui.Count(len(v.Rows)) + " of " + ui.Plural(v.shownTotal(), "row", "rows") + " shown"
}

func (v ImportView) shownTotal() int {
	for _, g := range v.groups() {
		if g.show == v.Show {
			return g.n
		}
	}
	return v.Total()
}

// ColumnsView is a file whose columns are chosen, as the form was filled in.
type ColumnsView struct {
	Place
	roster.ImportColumns
	Heading string            // as it was chosen; "" for what was read
	Kinds   map[string]string // by field, likewise
	Errors  []ui.FieldError
}

func (v ColumnsView) error(field string) string { return Form{Errors: v.Errors}.error(field) }

// headingOptions are the first rows, one of which may name the columns.
func (v ColumnsView) headingOptions() []ui.Option {
	options := []ui.Option{{Value: "0", Label: "None. All rows are people"}}
	for _, row := range v.Rows {
		var cells []string
		for _, cell := range row.Cells {
			if cell != "" {
				cells = append(cells, cell)
			}
		}
		words := []rune(strings.Join(cells, ", "))
		if len(words) > 60 {
			words = append(words[:59], '…')
		}
		options = append(options, ui.Option{Value: strconv.Itoa(row.N), Label: "Row " + strconv.Itoa(row.N) + ": " + string(words)})
	}
	return options
}

func (v ColumnsView) chosenHeading() string {
	if v.Heading != "" {
		return v.Heading
	}
	return strconv.Itoa(v.ImportColumns.Heading)
}

func (v ColumnsView) chosenKind(i int) string {
	if kind, ok := v.Kinds[columnField(i)]; ok {
		return kind
	}
	return v.ImportColumns.Columns[i].Kind
}

// wrongColumn marks the column whose choice is refused.
func (v ColumnsView) wrongColumn(i int) templ.Attributes {
	if v.error(columnField(i)) == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": ui.ErrorID(columnField(i))}
}

func columnField(i int) string { return "column-" + strconv.Itoa(i) }

// columnTitle is what a file calls a column, or its number.
func columnTitle(i int, c roster.ImportColumn) string {
	if c.Name != "" {
		return c.Name
	}
	return "Column " + strconv.Itoa(i+1)
}

// kindOptions are what a column may hold.
func kindOptions() []ui.Option {
	options := []ui.Option{{Label: "Not used"}}
	for _, kind := range roster.ColumnKinds {
		options = append(options, ui.Option{Value: kind.Key, Label: kind.Label})
	}
	return options
}
