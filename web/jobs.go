package web

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/roster"
	"roster/views/jobs"
	"roster/views/layout"
	"roster/views/paths"
)

// jobCard is a job of the actor's own as pages show it; a card that asks says where it stands, and what was announced.
func (s *Server) jobCard(c echo.Context, a roster.Actor, j roster.Job) (jobs.Card, error) {
	card := jobs.Card{Here: jobs.Here{Slug: a.Organization().Slug}, Job: j}
	card.Org, card.Person = s.marks(c)
	card.Alone = query(c, "alone") == "1"
	if said := query(c, "said"); said != "" {
		n, err := strconv.Atoi(said)
		if err != nil || n < 0 || n > 4 {
			return card, fault.New(fault.Malformed, "This link is damaged. Load the page again.")
		}
		card.Said = n
	}
	return card, nil
}

// showJob is a job's own page, and the answer to its card, which asks until the job is over.
func (s *Server) showJob(c echo.Context, a roster.Actor) error {
	j, err := s.roster.Job(c.Request().Context(), a, c.Param("job"), query(c, "show"), query(c, "after"))
	if err != nil {
		return err
	}
	card, err := s.jobCard(c, a, j)
	if err != nil {
		return err
	}
	if card.Alone && j.Over() { // its page has more to show now
		return s.goTo(c, paths.Job(a.Organization().Slug, j.ID))
	}
	piece := jobs.Again(card)
	card.Alone = true
	frame := s.frame(c, j.Title, "")
	if !j.Over() {
		frame.Refresh = 5
	}
	return s.page(c, Page{Document: jobs.JobPage(frame, jobs.Page{Card: card, After: query(c, "after") != ""}), Piece: piece})
}

// stopJob asks a job to stop.
func (s *Server) stopJob(c echo.Context, a roster.Actor) error {
	ctx, id := c.Request().Context(), c.Param("job")
	if err := s.roster.StopJob(ctx, a, id); err != nil {
		return err
	}
	j, err := s.roster.Job(ctx, a, id, "", "")
	if err != nil {
		return err
	}
	card, err := s.jobCard(c, a, j)
	if err != nil {
		return err
	}
	notice := layout.Notice{Kind: "info", Text: "It stops after what it is at. What was done stays done."}
	if j.Over() {
		notice.Text = "It is over already. What was done stays done."
	}
	return s.done(c, Done{To: paths.Job(a.Organization().Slug, id), Notice: notice, Pieces: jobs.Again(card)})
}

// undoJob takes back what a job did, and shows how far that is: by its page, or where the list of members asks for it by
// the list.
func (s *Server) undoJob(c echo.Context, a roster.Actor) error {
	if do := field(c, "do"); do != "" {
		return s.undoMany(c, a, do)
	}
	undo, err := s.roster.UndoJob(c.Request().Context(), a, c.Param("job"))
	if err != nil {
		return err
	}
	return s.goTo(c, paths.Job(a.Organization().Slug, undo))
}
