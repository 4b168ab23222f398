package web

import (
	"github.com/labstack/echo/v4"

	"roster/internal/roster"
	"roster/views/members"
	"roster/views/paths"
)

// listInvited shows whom a member brought here. The same address answers the opening of their people in a tree with
// those alone, and with a cursor those who come next.
func (s *Server) listInvited(c echo.Context, a roster.Actor) error {
	after := query(c, "after")
	tree, err := s.roster.InvitedBy(c.Request().Context(), a, c.Param("mem"), after)
	if err != nil {
		return err
	}
	brought := members.Brought{Here: s.membersHere(c, a, paths.Invited(a.Organization().Slug, tree.ID)), Tree: tree, Later: after != ""}
	answer := Page{Document: members.BroughtPage(s.frame(c, "Who came by "+tree.Name, "members"), brought), Piece: members.Branch(brought)}
	if brought.Later {
		answer.Piece = members.MoreBrought(brought)
	}
	return s.page(c, answer)
}
