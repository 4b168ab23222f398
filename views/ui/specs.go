package ui

import (
	"maps"
	"slices"
	"strings"

	"github.com/a-h/templ"
)

// ButtonSpec is a press. Attrs lands on the element itself: htmx attributes, data, aria.
type ButtonSpec struct {
	ID    string
	Label string
	Extra string // words for screen readers after the label: " Samuel Okafor"
	Kind  Kind
	Icon  IconName
	Large bool
	Wide  bool

	Type       string // submit, unless said otherwise
	Name       string
	Value      string
	Form       string
	Formaction string
	Attrs      templ.Attributes
}

func (b ButtonSpec) kind() string {
	if b.Type == "" {
		return "submit"
	}
	return b.Type
}

// FieldSpec is a labelled line or area of text. What was typed stays in Value, also when it was refused.
type FieldSpec struct {
	ID    string // Name, unless said otherwise
	Name  string
	Label string
	Type  string // text, unless said otherwise
	Value string

	Hint     string
	HintGood bool            // the hint is good news: "acme-robotics is free"
	HintSlot templ.Component // in place of Hint, an element of its own with the id that HintID gives
	Error    string

	Autocomplete string
	Placeholder  string
	InputMode    string
	Required     bool
	Optional     bool // says "(optional)"
	Readonly     bool
	Autofocus    bool
	Plain        bool // names and codes: no spelling help, no capitals
	Large        bool
	HideLabel    bool
	MinLength    int
	MaxLength    int
	Rows         int             // of a Textarea
	Prefix       string          // fixed words in front, within the frame: "roster.example/orgs/"
	Reveal       bool            // a password that can be shown
	Aside        templ.Component // at the end of the label's line: "Forgot password?"
	Attrs        templ.Attributes
}

func (f FieldSpec) id() string { return or(f.ID, f.Name) }

// typed is what goes between the tags of a textarea: HTML drops a line break that comes first, so one is put before it.
func (f FieldSpec) typed() string {
	if strings.HasPrefix(f.Value, "\n") || strings.HasPrefix(f.Value, "\r") {
		return "\n" + f.Value
	}
	return f.Value
}

// HintID is the id of a control's hint, ErrorID that of its error: what aria-describedby names.
func HintID(control string) string { return control + "-hint" }

// ErrorID is the id of a control's error.
func ErrorID(control string) string { return control + "-error" }

func (f FieldSpec) describedBy() string {
	return describedBy(f.id(), f.Error != "", f.Hint != "" || f.HintSlot != nil)
}

func describedBy(id string, hasError, hasHint bool) string {
	switch {
	case hasError && hasHint:
		return ErrorID(id) + " " + HintID(id)
	case hasError:
		return ErrorID(id)
	case hasHint:
		return HintID(id)
	}
	return ""
}

// Option is one line of a select.
type Option struct {
	Value    string
	Label    string
	Disabled bool
}

// SelectSpec is a choice of one from a list.
type SelectSpec struct {
	ID        string // Name, unless said otherwise
	Name      string
	Label     string
	Value     string // the chosen option
	Options   []Option
	Hint      string
	Error     string
	Large     bool
	Fit       bool   // as wide as its words, for toolbars
	Quiet     bool   // without a frame until touched, for rows
	Form      string // the id of a form it stands outside of
	Autofocus bool
	Attrs     templ.Attributes
}

func (s SelectSpec) id() string { return or(s.ID, s.Name) }

// CheckSpec is a tick box with its words.
type CheckSpec struct {
	ID      string // Name and Value, unless said otherwise
	Name    string
	Value   string // on, unless said otherwise
	Label   string
	Hint    string
	Checked bool
	Hidden  bool // the words are for screen readers only: a box in a row
	Form    string
	Attrs   templ.Attributes
}

func (c CheckSpec) value() string { return or(c.Value, "on") }

func (c CheckSpec) id() string {
	if c.ID != "" {
		return c.ID
	}
	if c.Value == "" {
		return c.Name
	}
	return c.Name + "-" + c.Value
}

// Choice is one card of ChoiceSpec.
type Choice struct {
	Value string
	Label string
	Hint  string
}

// ChoiceSpec is a choice of one where each deserves a sentence.
type ChoiceSpec struct {
	Name   string
	Legend string
	Value  string
	Error  string
	Items  []Choice
}

// FieldError is one line of the summary: which control, and what to do about it.
type FieldError struct {
	Field string // the control's id
	Text  string
}

// NoteSpec is a message that stands in the page.
type NoteSpec struct {
	ID     string
	Tone   Tone
	Icon   IconName
	Title  string
	Level  int // of the title's heading; 2 unless said otherwise
	Text   string
	Strong string // bold words in front of the text
	Alert  bool   // said at once by screen readers
	Action templ.Component
	Attrs  templ.Attributes
}

// EmptySpec is a list without entries: a sentence, the reason, one action.
type EmptySpec struct {
	ID    string
	Title string
	Text  string
	Icon  IconName
	Art   bool // the drawing, for a first time; else the icon
	Level int  // of the heading; 2 unless said otherwise
}

// ConfirmSpec is the question before something is done that hurts. The same content is a page and, with Dialog, what
// htmx puts into the dialog of the page.
type ConfirmSpec struct {
	Title        string // the question, with the name: "Remove Samuel Okafor from Acme Robotics?"
	Text         string
	Consequences []string
	Problem      string // why it was refused just now
	Action       string // where the form posts to
	Org, Person  string // the marks of the page
	Submit       string // the act: "Remove Samuel Okafor"
	Keep         string // the way out: "Keep"
	KeepURL      string
	Danger       bool
	Dialog       bool
	SubmitID     string
}

func (c ConfirmSpec) kind() Kind {
	if c.Danger {
		return DestructiveSolid
	}
	return Primary
}

// Tab is one of the pages that belong together.
type Tab struct {
	URL     string
	Label   string
	Count   string
	CountID string // so that the count can be replaced
	Current bool
}

// Crumb is one step of the path to a page; the last has no URL.
type Crumb struct {
	URL   string
	Label string
}

// SearchSpec is a search field. Shortcut shows that "/" goes there.
type SearchSpec struct {
	ID          string // Name, unless said otherwise
	Name        string // q, unless said otherwise
	Label       string
	Placeholder string
	Value       string
	Shortcut    bool
	Autofocus   bool
	Attrs       templ.Attributes
}

func (s SearchSpec) name() string { return or(s.Name, "q") }
func (s SearchSpec) id() string   { return or(s.ID, s.name()) }

// SortSpec is the head of a column that can be sorted by.
type SortSpec struct {
	ID     string
	Label  string
	Extra  string // words for screen readers after the label
	URL    string
	Sorted string // ascending, descending or nothing
	Class  string
	Attrs  templ.Attributes
}

// PopoverSpec is a button and the menu it opens.
type PopoverSpec struct {
	ID    string // of the menu; the button is ID-button
	Label string // of the button
	Icon  IconName
}

// PersonSpec is a person in a line: picture, name, and a second line.
type PersonSpec struct {
	Name     string
	NameID   string
	Mail     string
	URL      string
	Initials string
	Hue      int
	Waiting  bool // not here yet: an envelope in place of initials
	You      bool
	Attrs    templ.Attributes // on the link
}

// CopySpec is something to copy by hand, with a button for it where script runs.
type CopySpec struct {
	ID        string
	Label     string
	Value     string
	Hint      string
	Autofocus bool
}

// ToastSpec tells what happened elsewhere or later; never the only place where it is told. One with a link stays.
type ToastSpec struct {
	ID        string
	Tone      Tone
	Text      string
	LinkURL   string
	LinkLabel string
}

// or is the first that says anything.
func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// attributes are those of a button element, without class and label.
func (b ButtonSpec) attributes() templ.OrderedAttributes {
	attrs := templ.OrderedAttributes{{Key: "type", Value: b.kind()}}
	for _, a := range []struct{ key, value string }{
		{"id", b.ID}, {"name", b.Name}, {"value", b.Value}, {"form", b.Form}, {"formaction", string(templ.URL(b.Formaction))},
	} {
		if a.value != "" {
			attrs = append(attrs, templ.KeyValue[string, any]{Key: a.key, Value: a.value})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b.Attrs)) {
		attrs = append(attrs, templ.KeyValue[string, any]{Key: key, Value: b.Attrs[key]})
	}
	return attrs
}
