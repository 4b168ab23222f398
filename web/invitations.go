package web

import (
	"context"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/invitations"
	"roster/views/layout"
	"roster/views/paths"
	"roster/views/ui"
)

// listInvitations shows whom the organization has invited, and the form to invite more. With a cursor htmx gets the
// next rows alone.
func (s *Server) listInvitations(c echo.Context, a roster.Actor) error {
	asked := roster.InvitationList{Show: query(c, "show"), Undelivered: query(c, "delivery") == "failed", Inviter: query(c, "invited_by"), Search: query(c, "q"),
		After: query(c, "after"), Before: query(c, "before")}
	asked.Count = a.May(role.InvitationsRevoke) && (asked.After+asked.Before == "" || query(c, "select") == "all")
	list, err := s.invitationList(c, a, asked)
	if err != nil {
		return err
	}
	list.All = query(c, "select") == "all" && list.Matching > 0 && list.Matching <= roster.TogetherMax
	if shown, err := strconv.Atoi(query(c, "shown")); err == nil && shown > 0 {
		list.Before = shown // only said
	}
	answer := Page{Document: s.invitationsPage(c, a, invitations.Form{Addresses: query(c, "invite")}, nil, list)}
	if place := s.invitationPlace(c, a); asked.After != "" {
		answer.Piece = invitations.More(place, list)
	} else {
		answer.Piece = invitations.Listed(place, list)
		answer.PushURL = list.URL(place.Slug)
	}
	return s.page(c, answer)
}

func (s *Server) invitationList(c echo.Context, a roster.Actor, asked roster.InvitationList) (invitations.List, error) {
	page, err := s.roster.Invitations(c.Request().Context(), a, asked)
	list := invitations.Of(asked)
	list.Rows, list.Next, list.Prev, list.Matching = page.Rows, page.Next, page.Prev, page.Matching
	return list, err
}

// invitationPlace is what the pages about invitations know of where they stand.
func (s *Server) invitationPlace(c echo.Context, a roster.Actor) invitations.Place {
	org, person := s.marks(c)
	o := a.Organization()
	return invitations.Place{Slug: o.Slug, Days: o.InvitationDays, Roles: a.Roles(), Mails: s.roster.Mails(), Origin: s.config.URL.String(),
		MayInvite: a.May(role.InvitationsCreate), MayRevoke: a.May(role.InvitationsRevoke), SeesNames: a.May(role.MembersRead),
		Org: org, Person: person, Now: s.now(c)}
}

// invitationsView is the list with the form above it.
func (s *Server) invitationsView(c echo.Context, a roster.Actor, form invitations.Form, result *invitations.Result, list invitations.List) invitations.View {
	view := invitations.View{Place: s.invitationPlace(c, a), Form: form, Result: result, List: list, Members: -1, Open: a.Organization().OpenInvitations, Waiting: requestsSeen(a)}
	if view.SeesNames {
		view.Members = a.Organization().Members
	}
	return view
}

func (s *Server) invitationsPage(c echo.Context, a roster.Actor, form invitations.Form, result *invitations.Result, list invitations.List) templ.Component {
	frame := s.frame(c, "Invitations", "invitations")
	frame.Problem = len(form.Errors) > 0
	return invitations.Page(frame, s.invitationsView(c, a, form, result, list))
}

// invite sends one invitation at once; several are shown first, each with what would become of it. What was typed stays
// until it is sent.
func (s *Server) invite(c echo.Context, a roster.Actor) error {
	form := invitations.Form{Addresses: verbatim(c, "emails"), Role: field(c, "role"), Days: field(c, "days"), Message: verbatim(c, "message")}
	asked := field(c, "preview")
	if asked == "edit" {
		form.Focus = true
		return s.showInviteForm(c, a, http.StatusOK, form, nil)
	}
	days := 0
	if form.Days != "" {
		var err error
		if days, err = strconv.Atoi(form.Days); err != nil || days < 1 {
			days = -1 // the domain says so
		}
	}
	invited, err := s.roster.Invite(c.Request().Context(), a, roster.Invite{Addresses: form.Addresses, Role: form.Role, Days: days, Message: form.Message,
		MayPreview: asked != "no", Restore: ticked(c, "restore")})
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.showInviteForm(c, a, http.StatusUnprocessableEntity, form, nil)
	}
	if err != nil {
		return err
	}
	as, _ := role.Parse(form.Role) // the domain has refused what is none
	result := invitations.Result{Verdicts: invited.Verdicts, As: as, Sent: invited.Sent, Open: invited.Open}
	switch {
	case invited.Previewed:
		return s.showPreview(c, a, form, result)
	case invited.Sent > 0:
		return s.showSent(c, a, result)
	case len(result.Verdicts) == 1 && result.Verdicts[0].Kind != "invited":
		form.Errors = []ui.FieldError{{Field: "emails", Text: result.Verdicts[0].Note}}
		return s.showInviteForm(c, a, http.StatusUnprocessableEntity, form, nil)
	}
	return s.showNothingSent(c, a, form, result)
}

// showInviteForm is the form as it came back, above the list.
func (s *Server) showInviteForm(c echo.Context, a roster.Actor, status int, form invitations.Form, result *invitations.Result) error {
	list, err := s.invitationList(c, a, roster.InvitationList{})
	if err != nil {
		return err
	}
	return s.page(c, Page{Status: status, Document: s.invitationsPage(c, a, form, result, list), Piece: invitations.Invite(s.invitationPlace(c, a), form, result)})
}

// showPreview asks before several are invited.
func (s *Server) showPreview(c echo.Context, a roster.Actor, form invitations.Form, result invitations.Result) error {
	place := s.invitationPlace(c, a)
	return s.page(c, Page{Document: invitations.PreviewPage(s.frame(c, "Check before inviting", "invitations"), place, form, result),
		Piece: invitations.Preview(place, form, result, 2)})
}

// showSent tells what was done. Without a mail server that is a page with links, and it is shown once.
func (s *Server) showSent(c echo.Context, a roster.Actor, result invitations.Result) error {
	view := s.invitationsView(c, a, invitations.Form{}, &result, invitations.List{})
	view.Open = result.Open
	view.Form.Focus = s.roster.Mails()                                                 // else the first link has it
	pieces := templ.ComponentFunc(func(ctx context.Context, w io.Writer) (err error) { // a plain form shows no list, and reads none
		if view.List, err = s.invitationList(c, a, shownList(c, a)); err != nil {
			return err
		}
		return invitations.Sent(view).Render(ctx, w)
	})
	if s.roster.Mails() {
		return s.done(c, Done{To: paths.Invitations(view.Slug), Notice: layout.Notice{Kind: "ok", Text: result.Words()}, Pieces: pieces})
	}
	return s.page(c, Page{Document: invitations.LinksPage(s.frame(c, "Links to copy", "invitations"), view.Place, result), Piece: pieces, Secret: true})
}

// showNothingSent is for people who are all here or invited already.
func (s *Server) showNothingSent(c echo.Context, a roster.Actor, form invitations.Form, result invitations.Result) error {
	place := s.invitationPlace(c, a)
	notice := layout.Notice{Kind: "info", Text: result.Words()}
	if len(result.Verdicts) == 1 {
		notice.Link = &layout.Link{URL: paths.Invitation(place.Slug, result.Verdicts[0].ID), Label: "Show the invitation"}
	}
	return s.done(c, Done{To: paths.Invitations(place.Slug), Notice: notice, Pieces: invitations.Invite(place, form, &result)})
}

// shownList is the list as it stands beside a form, so that sending does not change it. What is no list of ours is
// the first one.
func shownList(c echo.Context, a roster.Actor) roster.InvitationList {
	list := roster.InvitationList{Show: field(c, "show"), Undelivered: field(c, "delivery") == "failed", Inviter: field(c, "invited_by"), Search: field(c, "q"),
		Count: a.May(role.InvitationsRevoke)}
	if _, ok := publicid.Membership.Parse(list.Inviter); !ok {
		list.Inviter = ""
	}
	if !slices.Contains(roster.InvitationFilters, list.Show) {
		list.Show = ""
	}
	return list
}

// showInvitation is one invitation: what it offers, how it stands, what can be done.
func (s *Server) showInvitation(c echo.Context, a roster.Actor) error {
	invitation, err := s.roster.Invitation(c.Request().Context(), a, c.Param("inv"))
	if err != nil {
		return err
	}
	return s.page(c, Page{Document: s.invitationPage(c, a, invitations.Line{Invitation: invitation})})
}

func (s *Server) invitationPage(c echo.Context, a roster.Actor, line invitations.Line) templ.Component {
	frame := s.frame(c, line.Email, "invitations")
	return invitations.One(frame, s.invitationPlace(c, a), line)
}

// sendInvitationAgain mails a new link; the links before are dead.
func (s *Server) sendInvitationAgain(c echo.Context, a roster.Actor) error {
	sent, err := s.roster.SendAgain(c.Request().Context(), a, c.Param("inv"))
	if err != nil {
		return s.refuseChange(c, a, err)
	}
	line := invitations.Line{Invitation: sent, Saved: "Sent again."}
	pieces := invitations.Row(s.invitationPlace(c, a), line)
	if field(c, "from") == "verdict" {
		pieces = invitations.VerdictRow(line)
	}
	return s.done(c, Done{To: backFrom(c, a, sent.ID), Notice: layout.Notice{Kind: "ok", Text: "Sent again to " + sent.Email + "."}, Pieces: pieces})
}

// makeLink shows a link to copy, once.
func (s *Server) makeLink(c echo.Context, a roster.Actor) error {
	invitation, token, err := s.roster.MakeLink(c.Request().Context(), a, c.Param("inv"))
	if err != nil {
		return s.refuseChange(c, a, err)
	}
	place := s.invitationPlace(c, a)
	return s.page(c, Page{Document: invitations.LinkPage(s.frame(c, "Link for "+invitation.Email, "invitations"), place, invitation, token),
		Piece: invitations.LinkDialog(place, invitation, token), Target: "#dialog", Secret: true})
}

// showCorrect asks for another address.
func (s *Server) showCorrect(c echo.Context, a roster.Actor) error {
	invitation, err := s.roster.Invitation(c.Request().Context(), a, c.Param("inv"))
	if err != nil {
		return err
	}
	form := invitations.Correction{Line: invitations.Line{Invitation: invitation}, Typed: invitation.Email, FromPage: query(c, "from") == "page"}
	if invitation.State != "open" && invitation.State != "expired" {
		form.Errors = []ui.FieldError{{Field: "email", Text: "This invitation is closed. Invite the person anew instead."}}
	}
	return s.pageCorrect(c, a, http.StatusOK, form)
}

func (s *Server) pageCorrect(c echo.Context, a roster.Actor, status int, form invitations.Correction) error {
	frame, place := s.frame(c, "Correct the address", "invitations"), s.invitationPlace(c, a)
	frame.Narrow, frame.Problem = true, status != http.StatusOK
	return s.page(c, Page{Status: status, Document: invitations.CorrectPage(frame, place, form), Piece: invitations.CorrectDialog(place, form)})
}

// correctInvitation sends it to another address. Where no letter leaves, the new link is shown once.
func (s *Server) correctInvitation(c echo.Context, a roster.Actor) error {
	corrected, token, err := s.roster.Correct(c.Request().Context(), a, c.Param("inv"), verbatim(c, "email"))
	if errs, ok := problems(err); ok {
		invitation, err := s.roster.Invitation(c.Request().Context(), a, c.Param("inv"))
		if err != nil {
			return err
		}
		return s.pageCorrect(c, a, http.StatusUnprocessableEntity, invitations.Correction{Line: invitations.Line{Invitation: invitation}, Typed: field(c, "email"),
			Errors: errs, FromPage: field(c, "from") == "page"})
	}
	if err != nil {
		return s.refuseChange(c, a, err)
	}
	place := s.invitationPlace(c, a)
	if !s.roster.Mails() {
		return s.page(c, Page{Document: invitations.LinkPage(s.frame(c, "Link for "+corrected.Email, "invitations"), place, corrected, token),
			Piece: invitations.LinkDialog(place, corrected, token), Target: "#dialog", Secret: true})
	}
	line := invitations.Line{Invitation: corrected, Saved: "Sent to the new address."}
	return s.done(c, Done{To: backFrom(c, a, corrected.ID), Notice: layout.Notice{Kind: "ok", Text: "Sent to " + corrected.Email + "."}, Pieces: invitations.Corrected(place, line)})
}

// changeInvitationRole changes what an open invitation offers. What it offered before is told as the page had it.
func (s *Server) changeInvitationRole(c echo.Context, a roster.Actor) error {
	changed, undo, err := s.roster.ChangeInvitationRole(c.Request().Context(), a, c.Param("inv"), role.Role(field(c, "role")))
	if err != nil {
		return s.refuseChange(c, a, err)
	}
	line := invitations.Line{Invitation: changed, Undo: undo}
	notice := layout.Notice{}
	if undo != "" {
		line.Saved = "Changed."
		if was, ok := role.Parse(field(c, "was")); ok {
			line.Saved = "Was " + was.Label() + "."
		}
		notice = layout.Notice{Kind: "ok", Text: changed.Email + " is now invited as " + role.Highest(changed.Roles).WithArticle() + ".",
			Undo: s.undoInvitation(c, a, undo)}
	}
	return s.done(c, Done{To: backFrom(c, a, changed.ID), Notice: notice, Pieces: invitations.Row(s.invitationPlace(c, a), line)})
}

// revokeInvitation withdraws it in one press; an invitation is cheap, and Undo brings it back.
func (s *Server) revokeInvitation(c echo.Context, a roster.Actor) error {
	revoked, undo, err := s.roster.Revoke(c.Request().Context(), a, c.Param("inv"))
	if err != nil {
		return s.refuseChange(c, a, err)
	}
	line := invitations.Line{Invitation: revoked, Undo: undo}
	return s.done(c, Done{To: backFrom(c, a, revoked.ID), Notice: layout.Notice{Kind: "ok", Text: "Revoked the invitation of " + revoked.Email + ".",
		Undo: s.undoInvitation(c, a, undo)}, Pieces: invitations.Revoked(s.invitationPlace(c, a), line, revoked.StillOpen)})
}

// undoneInvitation tells that an Undo brought an invitation back.
func (s *Server) undoneInvitation(c echo.Context, a roster.Actor, undone roster.Undone) error {
	if undone.Together {
		return s.undoneTogether(c, a, undone)
	}
	line := invitations.Line{Invitation: *undone.Invitation}
	return s.done(c, Done{To: backFrom(c, a, line.ID), Notice: layout.Notice{Kind: "ok", Text: undone.Text},
		Pieces: invitations.Restored(s.invitationPlace(c, a), line, undone.Open, undone.Text)})
}

// backFrom is where a change leads without script: to the page of the invitation if it was made there, else to the list.
func backFrom(c echo.Context, a roster.Actor, id string) string {
	if field(c, "from") == "page" {
		return paths.Invitation(a.Organization().Slug, id)
	}
	return paths.Invitations(a.Organization().Slug)
}

// undoInvitation is the way back in a notice; it leads to where the change was made.
func (s *Server) undoInvitation(c echo.Context, a roster.Actor, event string) *layout.UndoForm {
	org, person := s.marks(c)
	undo := &layout.UndoForm{Action: paths.Undo(a.Organization().Slug, event), Org: org, Person: person}
	if from := field(c, "from"); from == "page" {
		undo.Fields = []layout.Hidden{{Name: "from", Value: from}}
	}
	return undo
}

// refuseChange answers a change of an invitation that was refused: its row, or its page, as it stands now, with the reason.
func (s *Server) refuseChange(c echo.Context, a roster.Actor, cause error) error {
	status := map[fault.Kind]int{fault.Invalid: http.StatusUnprocessableEntity, fault.Forbidden: http.StatusForbidden,
		fault.Conflict: http.StatusConflict, fault.TooMany: http.StatusTooManyRequests}
	f, ok := fault.As(cause)
	if !ok || status[f.Kind] == 0 {
		return cause
	}
	invitation, err := s.roster.Invitation(c.Request().Context(), a, c.Param("inv"))
	if err != nil {
		return cause
	}
	if f.Kind == fault.TooMany {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.After.Seconds()))))
	}
	line := invitations.Line{Invitation: invitation, Problem: f.Error()}
	piece := invitations.Row(s.invitationPlace(c, a), line)
	if field(c, "from") == "verdict" {
		piece = invitations.VerdictRow(line)
	}
	return s.page(c, Page{Status: status[f.Kind], Document: s.invitationPage(c, a, line), Piece: piece})
}
