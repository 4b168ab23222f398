package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/organizations"
	"roster/views/paths"
	"roster/views/ui"
)

// goHome leads somebody logged in to where they were last, if they are still inside; else to their only
// organization, to the list of them, or to founding one.
func (s *Server) goHome(c echo.Context, v Visitor) error {
	entry, err := s.roster.Enter(c.Request().Context(), v.Person(), publicid.Organization.Of(activeOrg(c)), v.Trace())
	switch {
	case err == nil:
		return s.goTo(c, paths.Org(entry.Actor.Organization().Slug))
	case !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.LostAccess):
		return err
	case len(entry.Frame.Organizations) == 0:
		return s.goTo(c, paths.Welcome)
	case len(entry.Frame.Organizations) == 1 && !entry.Frame.Organizations[0].Suspended && !entry.Frame.Organizations[0].Closed:
		return s.goTo(c, paths.Org(entry.Frame.Organizations[0].Slug))
	}
	return s.goTo(c, paths.Orgs)
}

// welcome is the first step of somebody who is in no organization.
func (s *Server) welcome(c echo.Context, v Visitor) error {
	if frame := s.frame(c, "", ""); len(frame.Orgs) > 0 {
		return s.goTo(c, paths.Home)
	}
	return s.showNewOrganization(c, http.StatusOK, organizations.Form{})
}

// newOrganization shows the form for a further organization.
func (s *Server) newOrganization(c echo.Context, v Visitor) error {
	return s.showNewOrganization(c, http.StatusOK, organizations.Form{})
}

// showNewOrganization is the form, empty or as it came back: as the first of three steps for somebody who is
// in no organization, else inside the application.
func (s *Server) showNewOrganization(c echo.Context, status int, form organizations.Form) error {
	_, form.Person = s.marks(c)
	form.Prefix = s.config.URL.Host + paths.Org("")
	p := Page{Status: status, Piece: organizations.Checked(form)}
	if frame := s.frame(c, "Create an organization", "orgs"); len(frame.Orgs) > 0 {
		frame.Problem, frame.Narrow = len(form.Errors) > 0, true
		p.Document = organizations.New(frame, form)
	} else {
		focus := s.focus(c, "Create your first organization")
		focus.Problem = len(form.Errors) > 0
		p.Document = organizations.First(focus, form, waiting(c))
	}
	return s.page(c, p)
}

// checkSlug says whether an address is free while it is typed, and proposes one from the name as long as
// nobody has typed their own. Without script its links lead to the form with a suggestion in it.
func (s *Server) checkSlug(c echo.Context, v Visitor) error {
	form := organizations.Form{Name: query(c, "name"), Slug: query(c, "slug"), Proposed: query(c, "proposed"), Picked: query(c, "pick") != ""}
	own := form.Slug != "" && form.Slug != form.Proposed
	if !own {
		form.Slug = ""
	}
	if form.Name != "" || own {
		check, err := s.roster.CheckSlug(c.Request().Context(), form.Name, form.Slug)
		if err != nil {
			return err
		}
		form.Check = &check
		if !own {
			form.Slug = check.Slug
		}
	}
	if !own {
		form.Proposed = form.Slug
	}
	return s.showNewOrganization(c, http.StatusOK, form)
}

// createOrganization founds it and goes there. The same form sent twice founds one, and both presses land
// in it. What was typed stays when something is wrong, and an address that is taken comes with free ones.
func (s *Server) createOrganization(c echo.Context, v Visitor) error {
	ctx := c.Request().Context()
	form := organizations.Form{Name: field(c, "name"), Slug: field(c, "slug"), Proposed: field(c, "proposed")}
	slug, id, err := s.roster.CreateOrganization(ctx, v.Person(), roster.NewOrganization{Name: form.Name, Slug: form.Slug}, v.Trace())
	if errs, ok := problems(err); ok {
		form.Errors = errs
		if form.Slug == "" {
			form.Slug, form.Proposed = slug, slug
		}
		if i := slices.IndexFunc(errs, func(e ui.FieldError) bool { return e.Field == "slug" }); i >= 0 {
			check, err := s.roster.CheckSlug(ctx, form.Name, form.Slug)
			if err != nil {
				return err
			}
			form.Check = &check
			if check.Problem != "" { // the same, with what is free
				errs[i].Text = check.Problem
			}
		}
		return s.showNewOrganization(c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	if err := s.switchTo(c, id); err != nil {
		return err
	}
	name, _ := roster.CheckName(form.Name)
	return s.done(c, Done{To: paths.OrgWelcome(slug), Notice: layout.Notice{Kind: "ok", Strong: name, Text: "is ready. You are its owner."}})
}

// welcomeInvite is the second step: invite people, or skip it.
func (s *Server) welcomeInvite(c echo.Context, a roster.Actor) error {
	org, person := s.marks(c)
	form := organizations.Invite{OrgName: a.Organization().Name, Slug: a.Organization().Slug, Org: org, Person: person, Mails: s.roster.Mails()}
	for _, r := range role.All {
		if role.MayInviteAs(a.Roles(), r) {
			form.Roles = append(form.Roles, r)
		}
	}
	return s.page(c, Page{Document: organizations.InviteFirst(s.focus(c, "Invite people · "+a.Organization().Name), form)})
}

// listOrganizations shows all of a person's organizations, or those that match.
func (s *Server) listOrganizations(c echo.Context, v Visitor) error {
	frame := s.frame(c, "Your organizations", "orgs")
	_, person := s.marks(c)
	list := organizations.List{Query: query(c, "q"), Person: person, MayFound: frame.MayCreate, Waiting: waiting(c)}
	mine, err := s.roster.MyOrganizations(c.Request().Context(), v.Person().ID, list.Query)
	if err != nil {
		return err
	}
	current := activeOrg(c)
	for _, o := range mine {
		list.Items = append(list.Items, organizations.Item{Slug: o.Slug, Name: o.Name, Role: o.Role.Label(), Initials: ui.Initials(o.Name),
			Hue: ui.Hue(publicid.Organization.Of(o.ID)), Current: o.ID == current, Suspended: o.Suspended, Closed: o.Closed})
	}
	return s.page(c, Page{Document: organizations.Page(frame, list), Piece: organizations.Matches(list), PushURL: paths.With(paths.Orgs, "q", list.Query)})
}

// waiting are the invitations to the person, of whom the frame has asked.
func waiting(c echo.Context) []organizations.Waiting {
	frame := visitOf(c.Request().Context()).frame
	if frame == nil {
		return nil
	}
	list := make([]organizations.Waiting, len(frame.Invitations))
	for i, w := range frame.Invitations {
		list[i] = organizations.Waiting{URL: paths.Offer(w.ID), OrgName: w.OrgName, Role: w.Role.Label(), Inviter: w.Inviter,
			Initials: ui.Initials(w.OrgName), Hue: ui.Hue(publicid.Organization.Of(w.OrgID))}
	}
	return list
}

// switchOrganization makes an organization the active one and opens the same kind of page there, if the
// person may see it; else the overview.
func (s *Server) switchOrganization(c echo.Context, a roster.Actor) error {
	s.heard(c) // what was said in the other organization stays there
	if err := s.switchTo(c, a.Organization().ID); err != nil {
		return err
	}
	slug := a.Organization().Slug
	to := paths.Org(slug)
	switch section := field(c, "section"); {
	case section == "members" && a.May(role.MembersRead):
		to = paths.Members(slug)
	case section == "invitations" && a.May(role.InvitationsRead):
		to = paths.Invitations(slug)
	}
	return s.goTo(c, to)
}

// overview is an organization's first page.
func (s *Server) overview(c echo.Context, a roster.Actor) error {
	seen, err := s.roster.Overview(c.Request().Context(), a)
	if err != nil {
		return err
	}
	org, person := a.Organization(), a.Person()
	view := organizations.Overview{
		Slug: org.Slug, Name: org.Name, Address: s.config.URL.Host + paths.Org(org.Slug),
		Role: role.Highest(a.Roles()), Person: person.Name, Initials: ui.Initials(person.Name), Hue: ui.Hue(publicid.Person.Of(person.ID)), Membership: a.Membership(),
		Members: seen.Members, OpenInvitations: seen.OpenInvitations, Undelivered: seen.Undelivered, Waiting: seen.Waiting, EverInvited: seen.EverInvited,
		Events: seen.Events, Ask: seen.Ask, Newest: seen.Newest, InvitedBy: seen.InvitedBy, Now: s.now(c),
		MaySeeMembers: a.May(role.MembersRead), MaySeeInvitations: a.May(role.InvitationsRead), MayInvite: a.May(role.InvitationsCreate), MaySeeEvents: a.May(role.AuditRead),
	}
	view.OrgMark, view.PersonMark = s.marks(c)
	for _, j := range seen.Jobs {
		card, err := s.jobCard(c, a, j)
		if err != nil {
			return err
		}
		view.Jobs = append(view.Jobs, card)
	}
	return s.page(c, Page{Document: organizations.OverviewPage(s.frame(c, "Overview", "overview"), view)})
}
