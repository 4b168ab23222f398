package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/paths"
	"roster/views/ui"
)

// A gate is a handler that was told who may come through. Routes take nothing else, so that a handler
// without one does not compile, and a handler's type says what its gate has made sure of.
//
// What is needed stands in one place: serve is handed what the table of routes says of the route that was
// asked for, and checks that. So what the table says and what is checked cannot differ.
type gate struct {
	needs string
	serve func(c echo.Context, needs string) error
}

// What routes need that are in no organization; inside one they need a permission.
const (
	needsNothing = "public"
	needsToken   = "token" // the address carries a secret
	needsLogIn   = "logged in"
)

// Visitor is somebody logged in, outside any organization. Only a gate makes one.
type Visitor struct {
	person account.Person
	trace  account.Trace
}

// Person is who it is.
func (v Visitor) Person() account.Person { return v.person }

// Trace is where the request came from.
func (v Visitor) Trace() account.Trace { return v.trace }

// errLoggedOut stops a request that only somebody logged in may make. What was posted comes back in the
// answer, so that nothing typed is lost.
var errLoggedOut = fault.New(fault.LoggedOut, "You are logged out.")

// public lets everybody through and does not look who it is.
func (s *Server) public(h func(echo.Context) error) gate {
	return gate{needsNothing, func(c echo.Context, _ string) error { return h(c) }}
}

// anyone lets everybody through; the handler is told who it is, if it is somebody.
func (s *Server) anyone(h func(echo.Context, *Visitor) error) gate {
	return gate{needsNothing, s.withVisitor(h)}
}

// token lets everybody through who has the secret in the address; whether it is good is the handler's to
// ask. Such pages are not indexed, not compressed, and not told to the next site.
func (s *Server) token(h func(echo.Context, *Visitor) error) gate {
	return gate{needsToken, s.withVisitor(h)}
}

func (s *Server) withVisitor(h func(echo.Context, *Visitor) error) func(echo.Context, string) error {
	return func(c echo.Context, needs string) error {
		v, err := s.visitor(c, needs)
		switch {
		case err != nil:
			return err
		case v.person.ID != uuid.Nil:
			return s.inTurn(c, personal(v), busyPerson, func() error { return h(c, &v) })
		case needs == needsToken:
			return s.inTurn(c, "from "+block(visitOf(c.Request().Context()).address), busyBlock, func() error { return h(c, nil) })
		}
		return h(c, nil)
	}
}

// personal is whose turn it is, of somebody logged in.
func personal(v Visitor) string { return "person " + v.person.ID.String() }

// loggedIn lets through who is logged in.
func (s *Server) loggedIn(h func(echo.Context, Visitor) error) gate {
	return gate{needsLogIn, func(c echo.Context, needs string) error {
		v, err := s.visitor(c, needs)
		if err != nil {
			return err
		}
		return s.inTurn(c, personal(v), busyPerson, func() error { return h(c, v) })
	}}
}

// member lets through who is a member, now, of the organization that the address names, and holds the
// permission. Before anything is done the marks of the page are compared: it must be of this organization
// and this person (UX 3).
func (s *Server) member(p role.Permission, h func(echo.Context, roster.Actor) error) gate {
	return gate{string(p), func(c echo.Context, needs string) error {
		v, err := s.visitor(c, needs)
		if err != nil {
			return err
		}
		return s.inTurn(c, personal(v), busyPerson, func() error {
			return s.inTurn(c, "organization "+c.Param("org"), busyOrganization, func() error { return s.inside(c, v, role.Permission(needs), h) })
		})
	}}
}

// inside lets through a member.
func (s *Server) inside(c echo.Context, v Visitor, p role.Permission, h func(echo.Context, roster.Actor) error) error {
	entry, err := s.enter(c, v)
	if fault.Is(err, fault.LostAccess) || err == nil && !entry.Actor.May(p) {
		// A form may have taken away what it needs: who left, or gave up a role, and presses again is answered
		// as the first time.
		switch before, failed := s.roster.CameBefore(c.Request().Context(), entry.Actor); {
		case failed != nil:
			return failed
		case before:
			return h(c, entry.Actor)
		}
	}
	if err != nil {
		return err
	}
	if entry.Moved != "" && isSafe(c.Request()) {
		return s.moved(c, entry.Moved)
	}
	if !entry.Actor.May(p) {
		return s.mayNot(c, entry.Actor, p)
	}
	if err := s.arrive(c, entry); err != nil {
		return err
	}
	return h(c, entry.Actor)
}

// visitor is who asks; nobody, where that is enough. A page of another person stops here.
func (s *Server) visitor(c echo.Context, needs string) (Visitor, error) {
	person := visitOf(c.Request().Context()).person
	switch {
	case person != nil:
		return Visitor{person: *person, trace: trace(c)}, s.samePerson(c, *person)
	case needs == needsNothing || needs == needsToken:
		return Visitor{}, nil
	}
	return Visitor{}, errLoggedOut
}

// claims are what a page says that it is of: hidden fields in its forms, headers from htmx.
func claims(r *http.Request, field, header string) []string {
	var said []string
	for _, claim := range []string{r.PostForm.Get(field), r.Header.Get(header)} {
		if claim != "" {
			said = append(said, claim)
		}
	}
	return said
}

// samePerson refuses what a page of somebody else sends, who was logged in here before.
func (s *Server) samePerson(c echo.Context, person account.Person) error {
	for _, mark := range claims(c.Request(), "_person", "Roster-User") {
		id, name := s.readMark(mark)
		if id == person.ID {
			continue
		}
		before := "somebody else"
		if name != "" {
			before = name
		}
		return &problem{layout.ProblemSpec{Status: http.StatusConflict, Title: "Somebody else is logged in here now",
			Text:   fmt.Sprintf("You are now logged in as %s. This page was opened by %s. Nothing was changed.", person.Name, before),
			Reload: s.cameFrom(c.Request())}}
	}
	return nil
}

// enter looks who the person is in the organization that the address names, and compares it with the one
// that the page is of.
func (s *Server) enter(c echo.Context, v Visitor) (roster.Entry, error) {
	r := c.Request()
	seen := visitOf(r.Context())
	entry, err := s.roster.Enter(r.Context(), v.person, c.Param("org"), v.trace)
	if err == nil || fault.Is(err, fault.NotFound) || fault.Is(err, fault.LostAccess) {
		seen.frame = &entry.Frame
		for _, org := range claims(r, "_org", "Roster-Org") {
			if org != entry.Actor.Organization().PublicID() {
				return entry, s.elsewhere(c, v, org, err)
			}
		}
	}
	if err != nil {
		return entry, err
	}
	seen.actor = &entry.Actor
	if entry.Moved != "" {
		seen.oldSlug = c.Param("org")
	}
	return entry, nil
}

// elsewhere answers a page whose organization is not found at its address any more. Who lost access is
// told that; else the address belongs to another one now, and the page's own is linked.
func (s *Server) elsewhere(c echo.Context, v Visitor, org string, cause error) error {
	r := c.Request()
	if _, ok := publicid.Organization.Parse(org); !ok {
		return fault.New(fault.Malformed, "This page does not say which organization it is of. Nothing was changed.")
	}
	entry, err := s.roster.Enter(r.Context(), v.person, org, v.trace)
	switch {
	case fault.Is(err, fault.NotFound) && cause != nil:
		return cause
	case err != nil && !fault.Is(err, fault.NotFound):
		return err
	}
	spec := layout.ProblemSpec{Status: http.StatusConflict, Title: "This address now belongs to another organization", Text: "Nothing was changed."}
	if err == nil {
		theirs := entry.Actor.Organization()
		spec.Links = []layout.Link{{URL: paths.Org(theirs.Slug), Label: "Go to " + theirs.Name}}
		if !isSafe(r) {
			spec.Again = s.again(r, inOrg(r.URL.Path, theirs.Slug))
			spec.Again.Label = "Send again to " + theirs.Name
		}
	}
	return &problem{spec}
}

// inOrg is the path with another organization's name in it.
func inOrg(path, slug string) string {
	rest := strings.TrimPrefix(path, paths.Orgs+"/")
	_, rest, found := strings.Cut(rest, "/")
	if !found {
		return paths.Org(slug)
	}
	return paths.Org(slug) + "/" + rest
}

// moved sends a reader of an old address to the present one. A change is done where it arrives: the marks
// have said which organization is meant.
func (s *Server) moved(c echo.Context, slug string) error {
	to := inOrg(c.Request().URL.Path, slug)
	if query := c.Request().URL.RawQuery; query != "" {
		to += "?" + query
	}
	return c.Redirect(http.StatusPermanentRedirect, to)
}

// mayNot says which permission is missing and whom to ask. Who sends a form had the permission when the
// page was made, and hears what has changed.
func (s *Server) mayNot(c echo.Context, a roster.Actor, p role.Permission) error {
	mine := role.Highest(a.Roles()).Label()
	if !isSafe(c.Request()) {
		return &problem{layout.ProblemSpec{Status: http.StatusForbidden, Title: "Your role has changed", Around: s.around(c),
			Text: fmt.Sprintf("Your role is now %s, so this was not done.", mine)}}
	}
	owners, err := s.roster.Owners(c.Request().Context(), a)
	if err != nil {
		return err
	}
	return &problem{layout.ProblemSpec{Status: http.StatusForbidden, Title: fmt.Sprintf("You cannot %s", p.Action()), Around: s.around(c),
		Text: fmt.Sprintf("Your role %s does not include “%s”.", mine, p.Label()), Ask: owners}}
}

// noteRefusal writes a line for a request that was refused for want of authority: who asked for what, and
// what is needed. It is one line for one request, as in the log of requests, and says nothing that was sent.
func (s *Server) noteRefusal(c echo.Context, r Route, err error) {
	v := visitOf(c.Request().Context())
	status := 0
	var refused *problem
	switch {
	case errors.As(err, &refused): // by a gate
		status = refused.spec.Status
	case fault.Is(err, fault.Forbidden), err == nil && c.Response().Status == http.StatusForbidden:
		status = http.StatusForbidden
	case fault.Is(err, fault.LostAccess):
		status = http.StatusNotFound
	}
	if status == 0 || v.person == nil {
		return
	}
	attrs := []any{"request", v.id, "method", c.Request().Method, "route", r.Path, "needs", r.Needs, "status", status, "person", publicid.Person.Of(v.person.ID)}
	if v.actor != nil {
		attrs = append(attrs, "organization", v.actor.Organization().PublicID(), "roles", role.Names(v.actor.Roles()))
	}
	s.log.Warn("refused", attrs...)
}

// isPermission tells a permission, for which the rule book has words, from any other text.
func isPermission(needs string) bool { return role.Permission(needs).Label() != needs }

// around is the frame of the page that htmx asks from, as it would be drawn now.
func (s *Server) around(c echo.Context) *layout.Page {
	if !isHTMX(c.Request()) {
		return nil
	}
	p := s.knownFrame(c.Request())
	switch at := strings.Split(s.cameFrom(c.Request()), "/"); {
	case len(at) == 3:
		p.Section = "overview"
	case len(at) > 3:
		p.Section, _, _ = strings.Cut(at[3], "?")
	}
	return &p
}

// arrive notes the organization as the one used last when a page of it is loaded, and says so once if a
// link from outside has changed it.
func (s *Server) arrive(c echo.Context, entry roster.Entry) error {
	r := c.Request()
	org, was := entry.Actor.Organization(), activeOrg(c)
	if was == org.ID || !isPageLoad(r) {
		return nil
	}
	if err := s.sessions.store.Use(r.Context(), org.ID); err != nil {
		return err
	}
	if was == uuid.Nil || !isFromOutside(r) {
		return nil
	}
	for _, before := range entry.Frame.Organizations {
		if before.ID == was && !before.Suspended && !before.Closed {
			visitOf(r.Context()).notice = &layout.Notice{Kind: "info", Strong: "You are now in " + org.Name + ".", Text: "You were in " + before.Name + ".",
				Link: &layout.Link{URL: paths.Org(before.Slug), Label: "Back to " + before.Name}}
		}
	}
	return nil
}

func isSafe(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// isPageLoad tells a page that a person opens from everything else that fetches one: htmx, a prefetch, a
// download, a scanner that asks for the head. Who sends none of the headers is believed to be a person.
func isPageLoad(r *http.Request) bool {
	unset := func(name, value string) bool { return r.Header.Get(name) == "" || r.Header.Get(name) == value }
	return r.Method == http.MethodGet && !isHTMX(r) && !isPrefetch(r) && unset("Sec-Fetch-Dest", "document") && unset("Sec-Fetch-Mode", "navigate")
}

func isPrefetch(r *http.Request) bool {
	return r.Header.Get("Sec-Purpose") != "" || r.Header.Get("Purpose") != ""
}

// isFromOutside tells a link in a letter or a chat from one of our own pages, and from loading a page again.
func isFromOutside(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "" && site != "same-origin" && r.Header.Get("Cache-Control") == ""
}

// orgItem is a line of the switcher.
func orgItem(o roster.MyOrganization, current uuid.UUID) layout.OrgItem {
	item := layout.OrgItem{Slug: o.Slug, Name: o.Name, RoleLabel: o.Role.Label(), Initials: ui.Initials(o.Name),
		Hue: ui.Hue(publicid.Organization.Of(o.ID)), Current: o.ID == current}
	switch {
	case o.Suspended:
		item.Status = "Suspended"
	case o.Closed:
		item.Status = "Closed"
	}
	return item
}
