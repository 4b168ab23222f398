package web

import (
	"errors"
	"net/http"
	"strconv"

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
	asked.After, asked.Before = "", ""
	m := members.Many{Here: s.membersHere(c, a, next(c)), Mails: s.roster.Mails()}
	m.Action = members.List{Here: m.Here, Asked: asked}.Many()
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
			return s.manyChanged(c, a, m, job, err)
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

// manyChanged tells what became of many members, or leads to the job that is still at it.
func (s *Server) manyChanged(c echo.Context, a roster.Actor, m members.Many, job roster.Job, err error) error {
	if err != nil {
		return err
	}
	slug := a.Organization().Slug
	if job.State != "done" {
		return s.goTo(c, paths.Job(slug, job.ID))
	}
	notice := layout.Notice{Kind: "ok", Text: m.Done(job.Done, job.Skipped+job.Failed), Link: &layout.Link{URL: paths.Job(slug, job.ID), Label: "See each"}}
	if job.Done == 0 {
		notice.Kind = "info"
	}
	if job.Undoable > 0 {
		notice.Undo = &layout.UndoForm{Action: paths.UndoJob(slug, job.ID)}
		notice.Undo.Org, notice.Undo.Person = s.marks(c)
	}
	if m.Back == "" {
		m.Back = paths.Members(slug)
	}
	return s.done(c, Done{To: m.Back, Notice: notice})
}
