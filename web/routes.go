package web

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/internal/role"
	"roster/internal/roster"
)

// Route is a line of the table below, for tests to walk: what is needed to come through is a permission,
// or "logged in", "token" (the address carries a secret) or "public".
type Route struct {
	Method string
	Path   string
	Needs  string
}

// Routes lists every route of the site.
func (s *Server) Routes() []Route {
	all := make([]Route, len(s.routes))
	for i, r := range s.routes {
		all[i] = *r
	}
	return all
}

// register is the whole site on one page: method, path, what is needed, handler.
func (s *Server) register() {
	// The door.
	s.get("/", s.anyone(s.home))
	s.get("/login", s.anyone(s.showLogIn))
	s.post("/login", s.anyone(s.logInByPassword))
	s.post("/logout", s.anyone(s.endSession))
	s.get("/signup", s.anyone(s.showSignUp))
	s.post("/signup", s.anyone(s.signUp))
	s.get("/signup/confirm/:token", s.token(s.showConfirm))
	s.post("/signup/confirm/:token", s.token(s.confirmSignUp))
	s.get("/forgot", s.anyone(s.showForgot))
	s.post("/forgot", s.anyone(s.forgot))
	s.get("/reset/:token", s.token(s.showReset))
	s.post("/reset/:token", s.token(s.resetPassword))
	s.get("/login/link/:token", s.token(s.showLogInByLink))
	s.post("/login/link/:token", s.token(s.logInByLink))
	s.get("/account/appearance", s.loggedIn(s.showAppearance))
	s.post("/account/appearance", s.loggedIn(s.changeAppearance))
	s.get("/account/notifications", s.loggedIn(s.showLetters))
	s.post("/account/notifications", s.loggedIn(s.chooseLetters))

	// What has changed, for the pages that are open.
	s.get("/events", s.loggedIn(s.events))

	// The invitee: by the token of a link, or by inv_… for the person whose confirmed address it names.
	s.get("/invitations/:token", s.token(s.showOffer))
	s.post("/invitations/:token/accept", s.token(s.acceptOffer))
	s.post("/invitations/:token/decline", s.token(s.declineOffer))
	s.post("/invitations/:token/renew", s.token(s.renewOffer))
	s.get("/invitations/:token/report", s.token(s.showReport))
	s.post("/invitations/:token/report", s.token(s.reportOffer))

	// A share link, and what was asked for by it.
	s.get("/join/:token", s.token(s.showJoin))
	s.post("/join/:token", s.token(s.join))
	s.post("/join/:token/withdraw", s.token(s.withdrawJoin))

	// Organizations.
	s.get("/welcome", s.loggedIn(s.welcome))
	s.get("/orgs", s.loggedIn(s.listOrganizations))
	s.get("/orgs/new", s.loggedIn(s.newOrganization))
	s.get("/orgs/new/slug", s.loggedIn(s.checkSlug))
	s.post("/orgs", s.loggedIn(s.createOrganization))
	s.get("/orgs/:org", s.member(role.OrganizationRead, s.overview))
	s.get("/orgs/:org/welcome", s.member(role.InvitationsCreate, s.welcomeInvite))
	s.post("/orgs/:org/switch", s.member(role.OrganizationRead, s.switchOrganization))

	// Members.
	s.get("/orgs/:org/members", s.member(role.MembersRead, s.listMembers))
	s.get("/orgs/:org/members/bulk", s.member(role.MembersRead, s.showMany))
	s.post("/orgs/:org/members/bulk", s.member(role.OrganizationRead, s.changeMany)) // the method asks for the permission of what is done
	s.get("/orgs/:org/members.csv", s.member(role.MembersExport, s.exportMembers(roster.CSV)))
	s.get("/orgs/:org/members.json", s.member(role.MembersExport, s.exportMembers(roster.JSON)))
	s.get("/orgs/:org/exports", s.member(role.MembersExport, s.offerExport))
	s.post("/orgs/:org/exports", s.member(role.MembersExport, s.startExport))
	s.get("/orgs/:org/exports/:file", s.member(role.MembersExport, s.downloadExport))
	s.get("/orgs/:org/members/:mem", s.member(role.MembersRead, s.showMember))
	s.get("/orgs/:org/members/:mem/invited", s.member(role.MembersRead, s.listInvited))
	s.get("/orgs/:org/members/:mem/role", s.member(role.MembersUpdateRole, s.showChangeRole))
	s.post("/orgs/:org/members/:mem/role", s.member(role.MembersUpdateRole, s.changeRole))
	s.get("/orgs/:org/members/:mem/suspend", s.member(role.MembersSuspend, s.showSuspend))
	s.post("/orgs/:org/members/:mem/suspend", s.member(role.MembersSuspend, s.suspendMember))
	s.post("/orgs/:org/members/:mem/reactivate", s.member(role.MembersSuspend, s.reactivateMember))
	s.get("/orgs/:org/members/:mem/remove", s.member(role.MembersRemove, s.showRemove))
	s.post("/orgs/:org/members/:mem/remove", s.member(role.MembersRemove, s.removeMember))
	s.get("/orgs/:org/leave", s.member(role.OrganizationRead, s.showLeave))
	s.post("/orgs/:org/leave", s.member(role.OrganizationRead, s.leave))
	s.post("/orgs/:org/undo/:evt", s.member(role.OrganizationRead, s.undo)) // the method asks for the permission of what is undone

	// Invitations.
	s.get("/orgs/:org/invitations", s.member(role.InvitationsRead, s.listInvitations))
	s.post("/orgs/:org/invitations", s.member(role.InvitationsCreate, s.invite))
	s.post("/orgs/:org/bulk/invitations", s.member(role.InvitationsRevoke, s.changeInvitationsTogether)) // sending asks for more in the method
	s.get("/orgs/:org/invitations/:inv", s.member(role.InvitationsRead, s.showInvitation))
	s.post("/orgs/:org/invitations/:inv/send", s.member(role.InvitationsCreate, s.sendInvitationAgain))
	s.post("/orgs/:org/invitations/:inv/link", s.member(role.InvitationsCreate, s.makeLink))
	s.get("/orgs/:org/invitations/:inv/address", s.member(role.InvitationsCreate, s.showCorrect))
	s.post("/orgs/:org/invitations/:inv/address", s.member(role.InvitationsCreate, s.correctInvitation))
	s.post("/orgs/:org/invitations/:inv/role", s.member(role.InvitationsCreate, s.changeInvitationRole))
	s.post("/orgs/:org/invitations/:inv/revoke", s.member(role.InvitationsRevoke, s.revokeInvitation))

	// Files of people to invite.
	s.get("/orgs/:org/invitations/import", s.member(role.InvitationsCreate, s.newImport))
	s.get("/orgs/:org/invitations/template.csv", s.member(role.InvitationsCreate, s.importTemplate))
	s.post("/orgs/:org/invitations/import", s.member(role.InvitationsCreate, s.readImport))
	s.get("/orgs/:org/invitations/import/:imp", s.member(role.InvitationsCreate, s.showImport))
	s.post("/orgs/:org/invitations/import/:imp", s.member(role.InvitationsCreate, s.changeImport))
	s.get("/orgs/:org/invitations/import/:imp/problems.csv", s.member(role.InvitationsCreate, s.importProblems))

	// Long work: the methods show a job to nobody but whoever started it.
	s.get("/orgs/:org/jobs/:job", s.member(role.OrganizationRead, s.showJob))
	s.post("/orgs/:org/jobs/:job/stop", s.member(role.OrganizationRead, s.stopJob))
	s.post("/orgs/:org/jobs/:job/undo", s.member(role.OrganizationRead, s.undoJob))
	// Share links, and requests.
	s.get("/orgs/:org/invitations/links", s.member(role.InvitationsRead, s.listJoinLinks))
	s.post("/orgs/:org/invitations/links", s.member(role.InvitationsCreate, s.makeJoinLink))
	s.get("/orgs/:org/invitations/links/:lnk", s.member(role.InvitationsRead, s.showJoinLink))
	s.post("/orgs/:org/invitations/links/:lnk/reset", s.member(role.InvitationsCreate, s.resetJoinLink))
	s.post("/orgs/:org/invitations/links/:lnk/withdraw", s.member(role.InvitationsRevoke, s.withdrawJoinLink))
	s.get("/orgs/:org/requests", s.member(role.RequestsDecide, s.listRequests))
	s.post("/orgs/:org/requests", s.member(role.MembersRead, s.askToInvite))
	s.get("/orgs/:org/requests/new", s.member(role.MembersRead, s.showAskToInvite))
	s.get("/orgs/:org/requests/:req", s.member(role.RequestsDecide, s.showRequest))
	s.post("/orgs/:org/requests/:req/accept", s.member(role.RequestsDecide, s.acceptRequest))
	s.post("/orgs/:org/requests/:req/decline", s.member(role.RequestsDecide, s.declineRequest))
	s.post("/orgs/:org/requests/:req/withdraw", s.member(role.MembersRead, s.withdrawAsk))

	if s.config.Dev {
		s.get("/dev/mail", s.public(s.listLetters))
		s.get("/dev/mail/:id", s.public(s.showLetter))
		s.get("/dev/mail/:id/html", s.public(s.showLetterHTML))
		s.get("/dev/gallery", s.public(s.showGallery))
		s.get("/dev/gallery/:name", s.public(s.showGallery))
	}
}

// build makes the router. Echo routes and nothing else: the layers around it are in server.go.
func (s *Server) build() *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = s.answerError
	e.IPExtractor = func(r *http.Request) string { return visitOf(r.Context()).address } // never Echo's own left-most guess
	e.Use(s.recovered)
	s.echo = e
	s.register()
	return e
}

// get answers GET, and HEAD as well: a page's head is asked for by whoever looks whether a link is alive.
func (s *Server) get(path string, g gate) {
	serve := s.add(http.MethodGet, path, g)
	s.echo.GET(path, serve)
	s.echo.HEAD(path, serve)
}

func (s *Server) post(path string, g gate) { s.echo.POST(path, s.add(http.MethodPost, path, g)) }

// add writes a route into the table, and has its gate check what stands there.
func (s *Server) add(method, path string, g gate) echo.HandlerFunc {
	r := &Route{method, path, g.needs}
	s.routes = append(s.routes, r)
	return func(c echo.Context) error {
		now := *r
		err := g.serve(c, now.Needs)
		s.noteRefusal(c, now, err)
		return err
	}
}

// declared refuses to start with a route that does not say what it needs.
func (s *Server) declared() error {
	says := map[string]string{}
	for _, r := range s.routes {
		says[r.Method+" "+r.Path] = r.Needs
	}
	for _, r := range s.echo.Routes() {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		switch needs := says[method+" "+r.Path]; {
		case needs == needsNothing, needs == needsToken, needs == needsLogIn, isPermission(needs):
		default:
			return fmt.Errorf("web: %s %s needs %q, which is nothing that can be checked", r.Method, r.Path, needs)
		}
	}
	return nil
}
