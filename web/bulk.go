package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/members"
	"roster/views/paths"
)

// Many members at once: the list sends whom, and this asks, and has it done. The address carries the list's search and
// filters, so that “all that match” is a filter and no list of people.

// everybody is the selection of all who match, where the address of the list asks for it.
func (s *Server) everybody(c echo.Context, a roster.Actor, asked roster.List) (*members.All, error) {
	switch query(c, "select") {
	case "":
		return nil, nil
	case "all":
		n, exact, err := s.roster.Matching(c.Request().Context(), a, asked)
		return &members.All{Count: n, Exact: exact}, err
	}
	return nil, fault.New(fault.Malformed, "This link is damaged. Go back to the list of members.")
}

// showMany is where somebody comes who opens the address of the question by itself: nobody is selected.
func (s *Server) showMany(c echo.Context, a roster.Actor) error {
	asked, err := askedFor(c)
	if err != nil {
		return err
	}
	return s.nobodySelected(c, a, asked, http.StatusOK)
}

func (s *Server) nobodySelected(c echo.Context, a roster.Actor, asked roster.List, status int) error {
	why := members.WhyNot{Here: s.membersHere(c, a, backTo(a.Organization().Slug, asked)), Title: "Nobody is selected",
		Text: "Tick members in the list first, then choose what to do with them."}
	frame := s.frame(c, why.Title, "members")
	frame.Narrow = true
	return s.page(c, Page{Status: status, Document: members.WhyNotPage(frame, why), Piece: members.WhyNotDialog(why), Target: "#dialog"})
}

// changeMany asks before many members are changed, and has it done once that was confirmed. Where more or fewer match
// by then, it asks again.
func (s *Server) changeMany(c echo.Context, a roster.Actor) error {
	asked, err := askedFor(c)
	if err != nil {
		return err
	}
	shown := asked
	asked.After, asked.Before = "", ""
	m := members.Many{Here: s.membersHere(c, a, next(c)), Mails: s.roster.Mails()}
	m.Action = members.Carry(paths.Bulk(m.Slug), m.Slug, shown)
	m.Chosen = roster.Chosen{Ticked: c.Request().PostForm["member"], List: asked}
	m.Act = roster.Act{Do: field(c, "do"), How: roster.Removal{Tell: ticked(c, "tell"), RevokeInvitations: ticked(c, "revoke")}}
	seen := len(m.Chosen.Ticked)
	if all := field(c, "all"); all != "" {
		m.Chosen.All, m.Chosen.Ticked = true, nil
		if seen, err = strconv.Atoi(all); err != nil || seen < 0 {
			return fault.New(fault.Malformed, "This page is damaged. Go back to the list of members.")
		}
	}
	if err := m.Act.Check(a); err != nil {
		return err
	}
	if !m.Chosen.All && seen == 0 {
		return s.nobodySelected(c, a, asked, http.StatusUnprocessableEntity)
	}
	if m.Act.Do == roster.ManyRole {
		to, known := role.Parse(field(c, "to"))
		if !known {
			m.Judged.Members = seen
			return s.chooseRoleOfMany(c, m, ticked(c, "choose"))
		}
		m.Act.Role = to
	}
	status := http.StatusOK
	if ticked(c, "confirmed") {
		job, err := s.roster.ChangeMany(c.Request().Context(), a, m.Chosen, m.Act, seen)
		if !errors.Is(err, roster.ErrOthersMatch) {
			return s.manyChanged(c, a, shown, m, job, err)
		}
		status = http.StatusConflict
	}
	if m.Judged, err = s.roster.Judge(c.Request().Context(), a, m.Chosen, m.Act); err != nil {
		return err
	}
	m.Changed = m.Chosen.All && seen > 0 && !m.Judged.Beyond && m.Judged.Members != seen
	frame := s.frame(c, m.Title(), "members")
	frame.Narrow = true
	page := Page{Status: status, Document: members.ManyPage(frame, m)}
	if m.InDialog() {
		page.Piece, page.Target = members.ManyDialog(m), "#dialog"
	}
	return s.page(c, page)
}

// chooseRoleOfMany asks which role.
func (s *Server) chooseRoleOfMany(c echo.Context, m members.Many, again bool) error {
	frame := s.frame(c, m.ChooseTitle(), "members")
	frame.Narrow = true
	status := http.StatusOK
	if again {
		m.Error, status, frame.Problem = "Choose one of the roles in the list.", http.StatusUnprocessableEntity, true
	}
	page := Page{Status: status, Document: members.ManyRolePage(frame, m)}
	if m.InDialog() {
		page.Piece, page.Target = members.ManyRoleDialog(m), "#dialog"
	}
	return s.page(c, page)
}

// manyChanged tells what became of many members, with the way back.
func (s *Server) manyChanged(c echo.Context, a roster.Actor, shown roster.List, m members.Many, job roster.Job, err error) error {
	if err != nil {
		return err
	}
	notice := layout.Notice{Text: m.Done(job.Done, job.Skipped+job.Failed)}
	if job.Undoable > 0 {
		notice.Undo = &layout.UndoForm{Action: members.Carry(paths.UndoJob(m.Slug, job.ID), m.Slug, shown), Fields: []layout.Hidden{{Name: "do", Value: m.Act.Do}}}
		notice.Undo.Org, notice.Undo.Person = s.marks(c)
	}
	return s.overMany(c, a, shown, job, notice)
}

// undoMany takes back what was done to many members, where the list says that it was done.
func (s *Server) undoMany(c echo.Context, a roster.Actor, do string) error {
	shown, err := askedFor(c)
	if err == nil {
		err = roster.Act{Do: do}.Check(a)
	}
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	undo, err := s.roster.UndoJob(ctx, a, c.Param("job"))
	if err != nil {
		return err
	}
	job, err := s.roster.Job(ctx, a, undo, "", "")
	if err != nil {
		return err
	}
	return s.overMany(c, a, shown, job, layout.Notice{Text: members.Undone(do, job.Done, job.Skipped+job.Failed)})
}

// overMany shows the list anew when a job about many members is over, and above it what became of them; else it leads to
// the job, which is still at it.
func (s *Server) overMany(c echo.Context, a roster.Actor, shown roster.List, job roster.Job, notice layout.Notice) error {
	slug := a.Organization().Slug
	if job.State != "done" {
		return s.goTo(c, paths.Job(slug, job.ID))
	}
	notice.Kind, notice.Link = "ok", &layout.Link{URL: paths.Job(slug, job.ID), Label: "See each"}
	if job.Done == 0 {
		notice.Kind = "info"
	}
	anew := func(ctx context.Context, w io.Writer) error {
		entry, err := s.roster.Enter(ctx, a.Person(), slug, trace(c)) // for the numbers as they are now
		if err != nil {
			return err
		}
		page, err := s.roster.Members(ctx, entry.Actor, shown)
		if err != nil {
			return err
		}
		notice.Here = true
		return members.ManyDone(s.memberList(c, entry.Actor, shown, page), notice).Render(ctx, w)
	}
	return s.done(c, Done{To: members.URL(slug, shown), Notice: notice, Pieces: templ.ComponentFunc(anew)})
}
