package layout

import (
	"strconv"
	"strings"

	"roster/views/ui"
)

// ProblemSpec is what went wrong, for a person. Empty Title and Text are filled with the words for the status. No status
// blames, jokes or shows what happened inside.
type ProblemSpec struct {
	Status    int
	Title     string
	Text      string
	Details   []string
	Ask       []string // 403: whom to ask, by name
	AskLabel  string   // 403: "an owner", unless said otherwise
	RetryIn   int      // 429: seconds
	Unchanged bool     // 500: nothing was changed, for certain
	Until     string   // 503: when it ends
	RequestID string
	Person    *Person   // 404: who is logged in, with a way to be somebody else
	Orgs      []OrgItem // 404: where one may go
	Links     []Link    // the first is the primary one
	Reload    string    // the address of the page to load again
	Again     *Again
	Piece     bool  // it stands in a page instead of being one
	Around    *Page // beside a piece: what stands around it, drawn anew
	Theme     string
	Site      Site
}

// Again carries what was posted, so that nothing typed is lost: never a password.
type Again struct {
	Action string
	Label  string // "Send again", unless said otherwise
	Org    string
	Person string
	Fields []Hidden
}

// problemWords are the words of each status, and the drawing beside them.
var problemWords = map[int]struct {
	title, text string
	icon        ui.IconName
}{
	400: {"We could not read that", "Something in the request was missing or malformed. Nothing was changed. Go back and try again.", ui.IconWarn},
	401: {"You are logged out", "Log in in a new tab, come back and do it again. Nothing you typed here is lost.", ui.IconLogIn},
	403: {"You cannot do that here", "Your role does not include it. Nothing was changed.", ui.IconLock},
	404: {"We cannot find that page", "It may not exist, or this account may not have access.", ui.IconSearch},
	405: {"That cannot be done at this address", "Nothing was changed. Go back and use the buttons of the page.", ui.IconBan},
	408: {"That took too long to arrive", "Nothing was changed. Send it again.", ui.IconClock},
	409: {"Nothing was changed", "This page is out of date. Load it again to see how things stand.", ui.IconRefresh},
	410: {"This is no longer here", "It was closed or erased.", ui.IconTrash},
	413: {"That is too large", "Send less at once. Nothing was changed.", ui.IconWarn},
	415: {"We cannot read that kind of content", "Send it as a form. Nothing was changed.", ui.IconWarn},
	421: {"This address is not served here", "Check the address, or ask whoever runs this installation. Nothing was changed.", ui.IconGlobe},
	422: {"There is a problem", "Check what was entered. Nothing was changed.", ui.IconWarn},
	429: {"Too many tries", "", ui.IconClock},
	500: {"Something went wrong on our side", "", ui.IconWarn},
	503: {"Roster is not available at the moment", "", ui.IconPause},
}

// title has no full stop, like every heading; a fault's sentence brings one.
func (s ProblemSpec) title() string {
	if s.Title != "" {
		return strings.TrimSuffix(s.Title, ".")
	}
	if words, ok := problemWords[s.Status]; ok {
		return words.title
	}
	return problemWords[500].title
}

func (s ProblemSpec) text() string {
	if s.Text != "" {
		return s.Text
	}
	switch {
	case s.Status == 429:
		return "" // the seconds are counted, see the template
	case s.Status == 503 && s.Until != "":
		return "It is being worked on until " + s.Until + ". Try again then."
	case s.Status == 503:
		return "It is being worked on, or its database cannot be reached. Try again in a few minutes."
	case s.Status == 500 && s.Unchanged:
		return "Nothing was changed. Try again; if it goes on, tell whoever runs this installation."
	}
	if words, ok := problemWords[s.Status]; ok && words.text != "" {
		return words.text
	}
	return "We do not know if it was saved; look before trying again."
}

func (s ProblemSpec) icon() ui.IconName {
	if words, ok := problemWords[s.Status]; ok {
		return words.icon
	}
	return ui.IconWarn
}

// tone: what the person can do nothing about is a danger, what has a way on is a warning.
func (s ProblemSpec) tone() ui.Tone {
	switch {
	case s.Status >= 500 || s.Status == 401:
		return ui.Danger
	case s.Status == 403:
		return ui.Default
	}
	return ui.Warning
}

func (s ProblemSpec) ask() string {
	who := s.AskLabel
	if who == "" {
		who = "an owner"
	}
	return "Ask " + who + ": " + ui.And(s.Ask) + "."
}

// seconds are written out; a live count is the script's, from the number in the attribute.
// Longer waits are told in hours, and not counted down.
const countedDown = 60 * 60

func (s ProblemSpec) hours() string { return ui.Plural((s.RetryIn+3599)/3600, "hour", "hours") }

func (s ProblemSpec) seconds() string { return ui.Plural(s.RetryIn, "second", "seconds") }

func (s ProblemSpec) retryIn() string { return strconv.Itoa(s.RetryIn) }

func (a *Again) label() string {
	if a.Label != "" {
		return a.Label
	}
	return "Send again"
}

// problemIn gives the frame the title of the problem; what was noticed before stays.
func problemIn(p Page, s ProblemSpec) Page {
	p.Title = s.title()
	p.Narrow = true
	return p
}
