package web

import (
	"math"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/invitations"
	"roster/views/joining"
	"roster/views/layout"
	"roster/views/paths"
)

// Share links and requests to join: as the organization sees them, and as whoever holds a link does.

// requestsSeen is how many requests wait for a person; -1 where they see none.
func requestsSeen(a roster.Actor) int {
	if !a.May(role.RequestsDecide) {
		return -1
	}
	return a.Organization().OpenRequests
}

func (s *Server) joiningPlace(c echo.Context, a roster.Actor) joining.Place {
	org, person := s.marks(c)
	o := a.Organization()
	return joining.Place{Slug: o.Slug, OrgName: o.Name, Roles: a.Roles(), MayInvite: a.May(role.InvitationsCreate), MayRevoke: a.May(role.InvitationsRevoke),
		MayDecide: a.May(role.RequestsDecide), SeesNames: a.May(role.MembersRead), SeesOpen: a.May(role.InvitationsRead), Members: o.Members, Open: o.OpenInvitations,
		Waiting: o.OpenRequests, Mails: s.roster.Mails(), Origin: s.config.URL.String(), Org: org, Person: person, Now: s.now(c)}
}

// listJoinLinks shows the share links, and the form to make one.
func (s *Server) listJoinLinks(c echo.Context, a roster.Actor) error {
	return s.pageJoinLinks(c, a, http.StatusOK, joining.LinkForm{})
}

func (s *Server) pageJoinLinks(c echo.Context, a roster.Actor, status int, form joining.LinkForm) error {
	links, err := s.roster.JoinLinks(c.Request().Context(), a)
	if err != nil {
		return err
	}
	frame := s.frame(c, "Share links", "invitations")
	frame.Problem = len(form.Errors) > 0
	return s.page(c, Page{Status: status, Document: joining.LinksPage(frame, s.joiningPlace(c, a), form, links)})
}

// makeJoinLink makes a link, and shows its address once.
func (s *Server) makeJoinLink(c echo.Context, a roster.Actor) error {
	form := joining.LinkForm{Role: field(c, "role"), Domains: verbatim(c, "domains"), Uses: field(c, "uses"), Days: field(c, "days"), Approval: ticked(c, "approval")}
	link, token, err := s.roster.MakeJoinLink(c.Request().Context(), a, roster.NewJoinLink{Role: form.Role, Domains: form.Domains, Uses: form.Uses, Days: form.Days,
		NeedsApproval: form.Approval})
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.pageJoinLinks(c, a, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return s.showJoinToken(c, a, link, token)
}

func (s *Server) showJoinToken(c echo.Context, a roster.Actor, link roster.JoinLink, token string) error {
	return s.page(c, Page{Document: joining.ShownPage(s.frame(c, "Share link", "invitations"), s.joiningPlace(c, a), link, token), Secret: true})
}

// showJoinLink is one share link, without its address.
func (s *Server) showJoinLink(c echo.Context, a roster.Actor) error {
	link, err := s.roster.JoinLink(c.Request().Context(), a, c.Param("lnk"))
	if err != nil {
		return err
	}
	return s.pageJoinLink(c, a, http.StatusOK, link, "")
}

func (s *Server) pageJoinLink(c echo.Context, a roster.Actor, status int, link roster.JoinLink, problem string) error {
	return s.page(c, Page{Status: status, Document: joining.LinkPage(s.frame(c, "Share link", "invitations"), s.joiningPlace(c, a), link, problem)})
}

// resetJoinLink gives a link a new address, which is shown once.
func (s *Server) resetJoinLink(c echo.Context, a roster.Actor) error {
	link, token, err := s.roster.ResetJoinLink(c.Request().Context(), a, c.Param("lnk"))
	if err != nil {
		return s.refuseJoinLink(c, a, err)
	}
	return s.showJoinToken(c, a, link, token)
}

func (s *Server) withdrawJoinLink(c echo.Context, a roster.Actor) error {
	if _, err := s.roster.WithdrawJoinLink(c.Request().Context(), a, c.Param("lnk")); err != nil {
		return s.refuseJoinLink(c, a, err)
	}
	return s.done(c, Done{To: paths.JoinLinks(a.Organization().Slug), Notice: layout.Notice{Kind: "ok", Text: "Withdrew the link. Nobody joins by it any more."}})
}

// refuseJoinLink shows the link as it stands now, with the reason.
func (s *Server) refuseJoinLink(c echo.Context, a roster.Actor, cause error) error {
	status := map[fault.Kind]int{fault.Forbidden: http.StatusForbidden, fault.Conflict: http.StatusConflict}
	f, ok := fault.As(cause)
	if !ok || status[f.Kind] == 0 {
		return cause
	}
	link, err := s.roster.JoinLink(c.Request().Context(), a, c.Param("lnk"))
	if err != nil {
		return cause
	}
	return s.pageJoinLink(c, a, status[f.Kind], link, f.Error())
}

// listRequests shows who asks to come in.
func (s *Server) listRequests(c echo.Context, a roster.Actor) error {
	list := joining.List{Filter: query(c, "show"), After: query(c, "after")}
	page, err := s.roster.Requests(c.Request().Context(), a, list.Filter, list.After)
	if err != nil {
		return err
	}
	list.Rows, list.Next = page.Rows, page.Next
	place := s.joiningPlace(c, a)
	return s.page(c, Page{Document: joining.RequestsPage(s.frame(c, "Requests", "requests"), place, list), Piece: joining.Listed(place, list),
		PushURL: paths.With(paths.Requests(place.Slug), "show", list.Filter)})
}

// showRequest is one request with both ways to decide: letters lead here, and opening it decides nothing.
func (s *Server) showRequest(c echo.Context, a roster.Actor) error {
	request, err := s.roster.Request(c.Request().Context(), a, c.Param("req"))
	if err != nil {
		return err
	}
	return s.page(c, Page{Document: s.requestPage(c, a, request, joining.DecideForm{}).Document})
}

func (s *Server) requestPage(c echo.Context, a roster.Actor, request roster.Request, form joining.DecideForm) Page {
	frame := s.frame(c, "Request of "+request.Asker, "requests")
	frame.Problem = len(form.Errors) > 0
	return Page{Document: joining.RequestPage(frame, s.joiningPlace(c, a), request, form)}
}

// acceptRequest lets somebody in, or invites whom a member asked for: without a mail server that is a link to hand over.
func (s *Server) acceptRequest(c echo.Context, a roster.Actor) error {
	form := joining.DecideForm{Role: field(c, "role")}
	decided, err := s.roster.AcceptRequest(c.Request().Context(), a, c.Param("req"), role.Role(form.Role))
	if err != nil {
		return s.refuseDecision(c, a, form, err)
	}
	as := decided.Request.Role.WithArticle()
	text := decided.Request.Asker + " is now " + as + "."
	if v := decided.Verdict; v != nil {
		switch v.Kind {
		case "link", "shown":
			result := invitations.Result{Verdicts: []roster.Verdict{*v}, As: decided.Request.Role, Sent: 1}
			return s.page(c, Page{Document: invitations.LinksPage(s.frame(c, "Links to copy", "invitations"), s.invitationPlace(c, a), result), Secret: true})
		case "invited":
			text = decided.Request.Email + " is invited already."
		default:
			text = "Invited " + decided.Request.Email + " as " + as + "."
		}
	}
	return s.decided(c, a, decided, text)
}

// declineRequest turns a request down.
func (s *Server) declineRequest(c echo.Context, a roster.Actor) error {
	form := joining.DecideForm{Reason: verbatim(c, "reason")}
	decided, err := s.roster.DeclineRequest(c.Request().Context(), a, c.Param("req"), form.Reason)
	if err != nil {
		return s.refuseDecision(c, a, form, err)
	}
	return s.decided(c, a, decided, "Declined the request of "+decided.Request.Asker+".")
}

func (s *Server) decided(c echo.Context, a roster.Actor, decided roster.Decided, text string) error {
	place := s.joiningPlace(c, a)
	place.Waiting = decided.Waiting
	return s.done(c, Done{To: paths.Requests(place.Slug), Notice: layout.Notice{Kind: "ok", Text: text}, Pieces: joining.Row(place, joining.Line{Request: decided.Request, Said: text})})
}

// refuseDecision shows the request as it stands now, with the reason: its page, or its row.
func (s *Server) refuseDecision(c echo.Context, a roster.Actor, form joining.DecideForm, cause error) error {
	status := map[fault.Kind]int{fault.Invalid: http.StatusUnprocessableEntity, fault.Forbidden: http.StatusForbidden, fault.Conflict: http.StatusConflict}
	f, ok := fault.As(cause)
	if !ok || status[f.Kind] == 0 {
		return cause
	}
	request, err := s.roster.Request(c.Request().Context(), a, c.Param("req"))
	if err != nil {
		return cause
	}
	if errs, ok := problems(cause); ok {
		form.Errors = errs
	} else {
		form.Problem = f.Error()
	}
	page := s.requestPage(c, a, request, form)
	page.Status = status[f.Kind]
	page.Piece = joining.Row(s.joiningPlace(c, a), joining.Line{Request: request, Problem: f.Error()})
	return s.page(c, page)
}

// showAskToInvite is the form of a member who may not invite, with what they asked for.
func (s *Server) showAskToInvite(c echo.Context, a roster.Actor) error {
	return s.pageAsk(c, a, http.StatusOK, joining.AskForm{})
}

func (s *Server) pageAsk(c echo.Context, a roster.Actor, status int, form joining.AskForm) error {
	mine, err := s.roster.MyAsks(c.Request().Context(), a)
	if err != nil {
		return err
	}
	frame := s.frame(c, "Ask to invite", "members")
	frame.Problem = len(form.Errors) > 0
	return s.page(c, Page{Status: status, Document: joining.AskPage(frame, s.joiningPlace(c, a), form, mine)})
}

// askToInvite asks those who may to invite somebody.
func (s *Server) askToInvite(c echo.Context, a roster.Actor) error {
	form := joining.AskForm{Email: field(c, "email"), Note: verbatim(c, "note")}
	asked, err := s.roster.AskToInvite(c.Request().Context(), a, form.Email, form.Note)
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.pageAsk(c, a, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return s.done(c, Done{To: paths.AskToInvite(a.Organization().Slug), Notice: layout.Notice{Kind: "ok", Text: "Asked to invite " + asked.Email + ". Somebody who may decides."}})
}

func (s *Server) withdrawAsk(c echo.Context, a roster.Actor) error {
	if err := s.roster.WithdrawAsk(c.Request().Context(), a, c.Param("req")); err != nil {
		return err
	}
	return s.done(c, Done{To: paths.AskToInvite(a.Organization().Slug), Notice: layout.Notice{Kind: "ok", Text: "Withdrew the request."}})
}

// showJoin shows a share link to whoever holds it. Looking uses nothing up.
func (s *Server) showJoin(c echo.Context, v *Visitor) error {
	return s.pageJoin(c, v, http.StatusOK, joining.Visit{})
}

// pageJoin shows the link as it stands now.
func (s *Server) pageJoin(c echo.Context, v *Visitor, status int, view joining.Visit) error {
	offer, err := s.roster.JoinOffer(c.Request().Context(), c.Param("token"), viewer(v))
	if fault.Is(err, fault.NotFound) {
		return s.page(c, Page{Status: http.StatusNotFound, Document: joining.Unknown(s.focus(c, "This link does not work")), Secret: true})
	}
	if err != nil {
		return err
	}
	view.JoinOffer = offer
	frame := s.focus(c, joining.Title(offer))
	frame.Problem = len(view.Errors) > 0
	view.Person, view.Now, view.SignupOpen = frame.Person, s.now(c), s.accounts.SignUpOpen()
	return s.page(c, Page{Status: status, Document: joining.VisitPage(frame, view), Secret: true})
}

// join joins, or asks to where somebody decides. Whoever is not logged in hears that, and the link stays as it is.
func (s *Server) join(c echo.Context, v *Visitor) error {
	if v == nil {
		return errLoggedOut
	}
	ctx, token := c.Request().Context(), c.Param("token")
	if field(c, "ask") != "" {
		note := verbatim(c, "note")
		if err := s.roster.AskToJoin(ctx, v.Person(), token, note, v.Trace()); err != nil {
			return s.refuseJoin(c, v, joining.Visit{Note: note}, err)
		}
		return s.goTo(c, paths.Join(token))
	}
	joined, err := s.roster.JoinByLink(ctx, v.Person(), token, v.Trace())
	if err != nil {
		return s.refuseJoin(c, v, joining.Visit{}, err)
	}
	if err := s.switchTo(c, joined.OrgID); err != nil {
		return err
	}
	return s.done(c, Done{To: paths.Org(joined.OrgSlug), Notice: joinedNotice(joined)})
}

// withdrawJoin takes back what was asked for; the page says afterwards how things stand.
func (s *Server) withdrawJoin(c echo.Context, v *Visitor) error {
	if v == nil {
		return errLoggedOut
	}
	if err := s.roster.WithdrawMyRequest(c.Request().Context(), v.Person(), c.Param("token"), v.Trace()); err != nil {
		return s.refuseJoin(c, v, joining.Visit{}, err)
	}
	return s.goTo(c, paths.Join(c.Param("token")))
}

// refuseJoin shows the link as it is now to whoever pressed a button that is no longer there, or filled in what cannot be.
func (s *Server) refuseJoin(c echo.Context, v *Visitor, view joining.Visit, cause error) error {
	f, ok := fault.As(cause)
	if !ok {
		return cause
	}
	status := http.StatusConflict
	switch f.Kind {
	case fault.Invalid:
		status = http.StatusUnprocessableEntity
		view.Errors, _ = problems(cause)
	case fault.TooMany:
		status = http.StatusTooManyRequests
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.After.Seconds()))))
		view.Problem = f.Error()
	case fault.Conflict, fault.NotFound:
		view.Problem = f.Error()
	default:
		return cause
	}
	return s.pageJoin(c, v, status, view)
}
