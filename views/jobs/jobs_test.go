package jobs

import (
	"testing"
	"time"

	"roster/internal/golden"
	"roster/internal/roster"
	"roster/views/layout"
)

var now = time.Date(2026, time.March, 17, 10, 0, 0, 0, time.UTC)

func card(state string, change func(*Card)) Card {
	c := Card{Here: Here{Slug: "acme", Org: "org_1", Person: "mark"}, Job: roster.Job{ID: "job_1", Kind: "members.suspend", Title: "Suspend 120 members", Did: "suspended", State: state,
		Total: 120, Created: now.Add(-30 * time.Second), Started: now.Add(-29 * time.Second), At: now}}
	if change != nil {
		change(&c)
	}
	return c
}

func TestJobs(t *testing.T) {
	golden.Check(t, "waiting", CardOf(card("waiting", func(c *Card) { c.Started = time.Time{} })))
	golden.Check(t, "at_work", Again(card("running", func(c *Card) { c.Done, c.Skipped, c.Said = 59, 3, 1 })))
	golden.Check(t, "stopping", CardOf(card("running", func(c *Card) { c.Done, c.Stopping = 59, true })))
	golden.Check(t, "without_number", CardOf(card("running", func(c *Card) { c.Total = 0 })))
	golden.Check(t, "done", Again(card("done", func(c *Card) { c.Done, c.Skipped, c.Undoable = 118, 2, 118 })))
	golden.Check(t, "stopped", Again(card("stopped", func(c *Card) { c.Done = 25 })))
	golden.Check(t, "failed", Again(card("failed", func(c *Card) { c.Done, c.Problem = 25, "Your role is now Viewer, so the rest was not done." })))
	golden.Check(t, "file", Again(card("done", func(c *Card) {
		c.Title, c.Did, c.One, c.Alone, c.Total, c.Done = "Export members as CSV", "exported", true, true, 104_213, 104_213
		c.File = &roster.File{Format: roster.CSV, Bytes: 12_345_678, Expires: now.Add(23 * time.Hour)}
	})))
	golden.Check(t, "page", JobPage(layout.Page{Title: "Suspend 120 members"}, Page{After: true, Card: card("done", func(c *Card) {
		c.Alone, c.Done, c.Skipped, c.UndoneBy, c.Show, c.Next = true, 118, 2, "job_2", "skipped", "AAAAAQ"
		c.Items = []roster.JobItem{{N: 3, Label: "Ann <b>Owner</b>", State: "skipped", Note: "Acme must always have an owner."}, {N: 4, Label: "Ben", State: "skipped"}}
	})}))
}

// A quarter is said aloud once, and the end always.
func TestWhatIsSaidAloud(t *testing.T) {
	for _, c := range []struct {
		done, said int
		state      string
		want       string
	}{{29, 0, "running", ""}, {30, 0, "running", "25 percent done"}, {30, 1, "running", ""}, {90, 1, "running", "75 percent done"},
		{120, 4, "done", "Suspend 120 members. 120 suspended"}} {
		if got := card(c.state, func(j *Card) { j.Done, j.Said = c.done, c.said }).Announcement(); got != c.want {
			t.Errorf("%d done, %d quarters said: %q, want %q", c.done, c.said, got, c.want)
		}
	}
}

// How long it will take is said when ten seconds have shown it.
func TestTimeLeft(t *testing.T) {
	for _, c := range []struct {
		spent time.Duration
		done  int
		want  string
	}{{9 * time.Second, 60, ""}, {20 * time.Second, 0, ""}, {20 * time.Second, 60, "less than a minute left"}, {time.Minute, 60, "about a minute left"},
		{5 * time.Minute, 30, "about 15 minutes left"}, {time.Hour, 30, "more than an hour left"}} {
		got := card("running", func(j *Card) { j.Done, j.Started = c.done, now.Add(-c.spent) }).left()
		if got != c.want {
			t.Errorf("%d of 120 after %s: %q, want %q", c.done, c.spent, got, c.want)
		}
	}
}
