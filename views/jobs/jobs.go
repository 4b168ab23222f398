// Package jobs draws long work: how far it is, the way to stop it, and what became of each thing that it was about.
package jobs

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"roster/internal/roster"
	"roster/views/paths"
	"roster/views/ui"
)

// Here is where a page is and who looks at it.
type Here struct {
	Slug   string
	Org    string // the two marks that every form carries
	Person string
}

// Card is a job as it is shown where it started and on its own page. It asks again by itself until the job is over.
type Card struct {
	Here
	roster.Job
	Alone bool // on its own page: the heading stands above it
	Said  int  // how many quarters were announced already
}

// Page is a job's own page.
type Page struct {
	Card
	After bool // not the first page of the items
}

func (c Card) id() string { return "card-" + c.ID }

// accounted is how many things are dealt with.
func (c Card) accounted() int { return c.Total - c.Left() }

// quarters are those that are done, of four.
func (c Card) quarters() int {
	if c.Total == 0 {
		return 0
	}
	return 4 * c.accounted() / c.Total
}

// Announcement is what is said aloud: each quarter once, and the end.
func (c Card) Announcement() string {
	switch q := c.quarters(); {
	case c.Over():
		return c.Title + ". " + c.Outcome()
	case q > c.Said:
		return fmt.Sprintf("%d percent done", 25*q)
	}
	return ""
}

// again is where the card asks for itself.
func (c Card) again() string {
	alone := ""
	if c.Alone {
		alone = "1"
	}
	return paths.With(paths.Job(c.Slug, c.ID), "said", strconv.Itoa(max(c.Said, c.quarters())), "alone", alone)
}

// asks is said of each time that a card asks: no person did, so it is no use of their session.
func (c Card) asks() string {
	headers, err := json.Marshal(struct {
		Refresh string `json:"Roster-Refresh"`
		Org     string `json:"Roster-Org,omitempty"`
		Person  string `json:"Roster-User,omitempty"`
	}{"1", c.Org, c.Person})
	if err != nil {
		return "{}" // strings always encode
	}
	return string(headers)
}

// every is how often: more seldom after a minute.
func (c Card) every() string {
	if c.At.Sub(c.Created) > time.Minute {
		return "every 5s"
	}
	return "every 2s"
}

// state is in which state the job is, in words.
func (c Card) state() (ui.Tone, string) {
	switch c.State {
	case "done":
		return ui.Success, "Done"
	case "stopped":
		return ui.Warning, "Stopped"
	case "failed":
		return ui.Danger, "Ended early"
	case "waiting":
		return ui.Default, "Waiting for its turn"
	}
	if c.Stopping {
		return ui.Default, "Stopping"
	}
	return ui.Default, "Running"
}

// left says how long it will take, once ten seconds have shown how quick it is.
func (c Card) left() string {
	spent := c.At.Sub(c.Started)
	if c.Over() || c.Started.IsZero() || spent < 10*time.Second || c.accounted() == 0 || c.Left() == 0 {
		return ""
	}
	switch rest := time.Duration(float64(spent) / float64(c.accounted()) * float64(c.Left())); {
	case rest < time.Minute:
		return "less than a minute left"
	case rest < 2*time.Minute:
		return "about a minute left"
	case rest < time.Hour:
		return fmt.Sprintf("about %d minutes left", int(rest.Minutes()))
	}
	return "more than an hour left"
}

// measured tells whether there is a number to be done: progress shows without one otherwise.
func (c Card) measured() bool { return c.Total > 0 }

// toast tells of the end on the page where the card stands.
func (c Card) toast() ui.ToastSpec {
	t := ui.ToastSpec{ID: "toast-" + c.ID, Tone: ui.Success, Text: c.Title + ": " + c.Outcome() + "."}
	if c.State != "done" || c.Failed > 0 {
		t.Tone = ui.Warning
	}
	if c.File != nil {
		t.LinkURL, t.LinkLabel = paths.ExportedFile(c.Slug, c.ID), "Download"
	} else if !c.Alone {
		t.LinkURL, t.LinkLabel = paths.Job(c.Slug, c.ID), "See each"
	}
	return t
}

// download says what is behind the link, and how large it is.
func (c Card) download() string {
	return "Download members." + string(c.File.Format) + " (" + ui.Bytes(c.File.Bytes) + ")"
}

// tabs are the states of items that there are any of.
func (p Page) tabs() []ui.Tab {
	var tabs []ui.Tab
	if p.One {
		return nil
	}
	for _, t := range []struct {
		state, label string
		n            int
	}{{"done", capital(p.Did), p.Done}, {"skipped", "Skipped", p.Skipped}, {"failed", "Failed", p.Failed}, {"waiting", "Waiting", p.Left()}} {
		if t.n > 0 {
			tabs = append(tabs, ui.Tab{URL: paths.With(paths.Job(p.Slug, p.ID), "show", t.state), Label: t.label, Count: ui.Count(t.n), Current: p.Show == t.state})
		}
	}
	return tabs
}

// lead stands under the title while there is something to wait for.
func (p Page) lead() string {
	if p.Over() {
		return ""
	}
	return "Leaving this page is safe: the work goes on without you."
}

func (p Page) more() string {
	return paths.With(paths.Job(p.Slug, p.ID), "show", p.Show, "after", p.Next)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
