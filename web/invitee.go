package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/roster"
	"roster/views/invitee"
	"roster/views/layout"
	"roster/views/paths"
	"roster/views/ui"
)

// The invitee's pages: plain forms only, and looking uses nothing up. Who they are is the token's to say, or, for inv_…,
// the confirmed address of who is logged in.

// showOffer shows an invitation to whoever holds its link.
func (s *Server) showOffer(c echo.Context, v *Visitor) error {
	offer, err := s.offer(c, v)
	if err != nil {
		return s.unknownOffer(c, err)
	}
	if offer.Situation == roster.AlreadyMember && !offer.Decided.IsZero() && !offer.Suspended {
		// Used up by this very person: there is nothing left to decide.
		if err := s.say(c, layout.Notice{Kind: "info", Text: "You are already a member of " + offer.OrgName + "."}); err != nil {
			return err
		}
		return s.goTo(c, paths.Org(offer.OrgSlug))
	}
	return s.pageOffer(c, http.StatusOK, invitee.View{Offer: offer})
}

// offer is the invitation of the address, as the visitor may see it. One that is named by its id is for somebody
// logged in.
func (s *Server) offer(c echo.Context, v *Visitor) (roster.Offer, error) {
	if v == nil && isInvitationID(c.Param("token")) {
		return roster.Offer{}, errLoggedOut
	}
	return s.roster.Offer(c.Request().Context(), c.Param("token"), viewer(v))
}

// viewer is who looks, or nil.
func viewer(v *Visitor) *account.Person {
	if v == nil {
		return nil
	}
	person := v.Person()
	return &person
}

// isInvitationID tells an invitation's id, which is no secret, from the token of a link.
func isInvitationID(token string) bool {
	return strings.HasPrefix(token, string(publicid.Invitation)+"_")
}

// pageOffer shows the invitation in whatever situation it is.
func (s *Server) pageOffer(c echo.Context, status int, view invitee.View) error {
	frame := s.focus(c, invitee.Title(view.Offer))
	frame.Problem = len(view.Form.Errors) > 0
	if view.Situation == roster.ConfirmFirst {
		ends, err := s.accounts.AddressCodeEnds(c.Request().Context(), visitOf(c.Request().Context()).person.ID)
		if err != nil {
			return err
		}
		view.CodeSent = !ends.IsZero()
		if len(view.Form.Errors) > 0 && !view.CodeSent { // there is no field to correct
			view.Problem, view.Form.Errors = view.Form.Errors[0].Text, nil
		}
	}
	view.Person, view.Now, view.Mails, view.SignupOpen = frame.Person, s.now(c), s.roster.Mails(), s.accounts.SignUpOpen()
	return s.page(c, Page{Status: status, Document: invitee.Page(frame, view), Secret: true})
}

// unknownOffer answers every link that leads nowhere with the same page.
func (s *Server) unknownOffer(c echo.Context, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return s.page(c, Page{Status: http.StatusNotFound, Document: invitee.Unknown(s.focus(c, "This link does not work")), Secret: true})
}

// changedOffer shows the invitation as it is now to whoever pressed a button that is no longer there.
func (s *Server) changedOffer(c echo.Context, v *Visitor, cause error) error {
	f, ok := fault.As(cause)
	if !ok || f.Kind != fault.Conflict {
		return s.unknownOffer(c, cause)
	}
	offer, err := s.offer(c, v)
	if err != nil {
		return s.unknownOffer(c, err)
	}
	return s.pageOffer(c, http.StatusConflict, invitee.View{Offer: offer, Problem: f.Error()})
}

// acceptOffer joins: in one press for somebody logged in, with a new account for somebody whose link speaks for the address.
// Where the address is to be confirmed first, it sends the code and takes it.
func (s *Server) acceptOffer(c echo.Context, v *Visitor) error {
	if v == nil {
		return s.createAndJoin(c)
	}
	if ticked(c, "send") {
		return s.sendOfferCode(c, v)
	}
	if ticked(c, "code") {
		err := s.accounts.ConfirmAddress(c.Request().Context(), v.Person().ID, field(c, "code"), v.Trace())
		if errs, ok := problems(err); ok {
			return s.refuseCode(c, v, errs)
		}
		if err != nil {
			return err
		}
	}
	joined, err := s.roster.Join(c.Request().Context(), v.Person(), c.Param("token"), v.Trace())
	if err != nil {
		return s.changedOffer(c, v, err)
	}
	if err := s.switchTo(c, joined.OrgID); err != nil {
		return err
	}
	return s.done(c, Done{To: paths.Org(joined.OrgSlug), Notice: joinedNotice(joined)})
}

// sendOfferCode mails the code that confirms the invited address, where it takes one.
func (s *Server) sendOfferCode(c echo.Context, v *Visitor) error {
	offer, err := s.offer(c, v)
	if err != nil {
		return s.unknownOffer(c, err)
	}
	if offer.Situation == roster.ConfirmFirst {
		if err := s.mailOfferCode(c, offer, v.Person(), v.Trace()); err != nil {
			return err
		}
	}
	return s.goTo(c, paths.Offer(c.Param("token")))
}

func (s *Server) mailOfferCode(c echo.Context, offer roster.Offer, person account.Person, tr account.Trace) error {
	org := mail.Organization{ID: offer.OrgID.String(), Name: offer.OrgName, Slug: offer.OrgSlug}
	return s.accounts.SendAddressCode(c.Request().Context(), person, org, tr)
}

// refuseCode shows the invitation with what is wrong with the code; one that takes no code any more is shown as it is.
func (s *Server) refuseCode(c echo.Context, v *Visitor, errs []ui.FieldError) error {
	offer, err := s.offer(c, v)
	if err != nil {
		return s.unknownOffer(c, err)
	}
	view := invitee.View{Offer: offer, Form: invitee.Form{Errors: errs}}
	if offer.Situation != roster.ConfirmFirst {
		view.Form.Errors, view.Problem = nil, "This invitation has changed since you opened it. Nothing was done."
		return s.pageOffer(c, http.StatusConflict, view)
	}
	return s.pageOffer(c, http.StatusUnprocessableEntity, view)
}

func joinedNotice(joined roster.Joined) layout.Notice {
	if joined.Already {
		return layout.Notice{Kind: "info", Text: "You are already a member of " + joined.OrgName + ". Your role stays."}
	}
	return layout.Notice{Kind: "ok", Text: "You joined " + joined.OrgName + " as " + joined.Role.WithArticle() + "."}
}

// createAndJoin makes an account for the invited address and joins with it: two transactions. Whoever has the account
// already, from a press before or since, logs in and joins; where the address is to be confirmed, the code comes in between.
func (s *Server) createAndJoin(c echo.Context) error {
	ctx := c.Request().Context()
	offer, err := s.offer(c, nil)
	if err != nil {
		return s.unknownOffer(c, err)
	}
	if offer.Situation != roster.NoAccount && offer.Situation != roster.HandedOver {
		return s.pageOffer(c, http.StatusConflict, invitee.View{Offer: offer, Problem: "This invitation has changed since you opened it. Nothing was done."})
	}
	form := invitee.Form{Name: field(c, "name")}
	login, err := s.accounts.CreateInvited(ctx, account.NewAccount{Name: form.Name, Email: offer.Email, Password: verbatim(c, "password")}, trace(c))
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.pageOffer(c, http.StatusUnprocessableEntity, invitee.View{Offer: offer, Form: form})
	}
	if fault.Is(err, fault.Conflict) {
		return s.changedOffer(c, nil, err)
	}
	if err != nil {
		return err
	}
	if err := s.logIn(c, login); err != nil {
		return err
	}
	if offer.Confirm {
		if err := s.mailOfferCode(c, offer, login.Person, trace(c)); err != nil {
			return err
		}
		return s.goTo(c, paths.Offer(c.Param("token"))) // the page takes the code
	}
	joined, err := s.roster.Join(ctx, login.Person, c.Param("token"), trace(c))
	if fault.Is(err, fault.Conflict) {
		return s.goTo(c, paths.Offer(c.Param("token"))) // logged in now: the page says how things stand
	}
	if err != nil {
		return err
	}
	return s.done(c, Done{To: paths.Org(joined.OrgSlug), Notice: joinedNotice(joined)})
}

// declineOffer says no, and on request no for ever. Until it is over they may still join.
func (s *Server) declineOffer(c echo.Context, v *Visitor) error {
	if v == nil {
		return errLoggedOut
	}
	if _, err := s.roster.Decline(c.Request().Context(), v.Person(), c.Param("token"), ticked(c, "block"), v.Trace()); err != nil {
		return s.changedOffer(c, v, err)
	}
	return s.goTo(c, paths.Offer(c.Param("token")))
}

// renewOffer tells the inviter that a new invitation is wanted, or one for the address of who is logged in. The page
// says afterwards that they were asked.
func (s *Server) renewOffer(c echo.Context, v *Visitor) error {
	if v == nil && isInvitationID(c.Param("token")) {
		return errLoggedOut
	}
	tr := trace(c)
	if _, err := s.roster.AskAgain(c.Request().Context(), c.Param("token"), viewer(v), tr); err != nil {
		return s.changedOffer(c, v, err)
	}
	return s.goTo(c, paths.Offer(c.Param("token")))
}

// showReport asks before an organization is kept from inviting the address again: letters link here.
func (s *Server) showReport(c echo.Context, v *Visitor) error {
	return s.pageReport(c, v, http.StatusOK, "")
}

func (s *Server) pageReport(c echo.Context, v *Visitor, status int, problem string) error {
	offer, err := s.offer(c, v)
	if err != nil {
		return s.unknownOffer(c, err)
	}
	frame := s.focus(c, "Report this invitation")
	frame.Problem = problem != ""
	return s.page(c, Page{Status: status, Document: invitee.Report(frame, invitee.View{Offer: offer, Person: frame.Person, Problem: problem}), Secret: true})
}

// reportOffer declines for whoever holds the link, and keeps the organization from inviting the address again, once a
// person has ticked that it was not expected. The answer is a page of its own: without a session there is nowhere to
// carry words to.
func (s *Server) reportOffer(c echo.Context, v *Visitor) error {
	if !ticked(c, "unexpected") {
		return s.pageReport(c, v, http.StatusUnprocessableEntity, "Tick the box to report it. Nothing was changed.")
	}
	token := c.Param("token")
	var offer roster.Offer
	var err error
	switch {
	case !isInvitationID(token):
		offer, err = s.roster.Report(c.Request().Context(), token, trace(c))
	case v == nil:
		return errLoggedOut
	default: // found by its id: only the invited person sees it
		offer, err = s.roster.Decline(c.Request().Context(), v.Person(), token, true, v.Trace())
	}
	if err != nil {
		return s.changedOffer(c, v, err)
	}
	frame := s.focus(c, "You will not be invited again")
	return s.page(c, Page{Document: invitee.Reported(frame, invitee.View{Offer: offer, Person: frame.Person}), Secret: true})
}
