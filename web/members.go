package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/joining"
	"roster/views/layout"
	"roster/views/members"
	"roster/views/paths"
)

// membersHere is what every part of a page about members needs to know. Pages that only ask or explain lead back,
// and a plain form goes, to the page that back names; it is a page of ours or nothing.
func (s *Server) membersHere(c echo.Context, a roster.Actor, back string) members.Here {
	org := a.Organization()
	h := members.Here{Slug: org.Slug, OrgName: org.Name, Mine: a.Roles(), Settings: a.Settings(), Now: s.now(c), Back: back}
	h.Org, h.Person = s.marks(c)
	return h
}

// listMembers shows a page of the list. The same address answers a search with the list alone, and with a
// cursor the rows that come next.
func (s *Server) listMembers(c echo.Context, a roster.Actor) error {
	asked, err := askedFor(c)
	if err != nil {
		return err
	}
	page, err := s.roster.Members(c.Request().Context(), a, asked)
	if err != nil {
		return err
	}
	before, seal, err := shownBefore(c)
	if err != nil {
		return err
	}
	org := a.Organization()
	list := s.memberList(c, a, asked, page)
	if list.All, err = s.everybody(c, a, asked); err != nil {
		return err
	}
	if !a.May(role.InvitationsCreate) {
		list.Ask = joining.Ask(s.joiningPlace(c, a), joining.AskForm{})
	}
	answer := Page{Document: members.Page(s.frame(c, "Members", "members"), list)}
	if asked.After == "" && list.All != nil {
		answer.Piece = members.Everybody(list)
	} else if asked.After == "" {
		answer.Piece, answer.PushURL = members.Found(list), members.URL(org.Slug, asked)
	} else { // the rows become part of a page that starts before them
		asked.After = ""
		list.Back, list.Shown, list.Seal = backTo(org.Slug, asked), list.Shown+before, members.Seal(seal, page.Rows)
		answer.Piece = members.More(list)
	}
	return s.page(c, answer)
}

// memberList is a page of the list as it is shown.
func (s *Server) memberList(c echo.Context, a roster.Actor, asked roster.List, page roster.Members) members.List {
	org := a.Organization()
	return members.List{Here: s.membersHere(c, a, backTo(org.Slug, asked)), Asked: asked, Rows: page.Rows, Prev: page.Prev, Next: page.Next, Shown: len(page.Rows),
		Seal: members.Seal("", page.Rows), Members: org.Members, Pending: org.OpenInvitations, Mails: s.roster.Mails(), Waiting: requestsSeen(a)}
}

// askedFor reads a list from its address. What no link of ours says is not guessed at.
func askedFor(c echo.Context) (roster.List, error) {
	list := roster.List{Search: query(c, "q"), Status: query(c, "status"), InvitedBy: query(c, "invited_by"), Active: query(c, "active"),
		After: query(c, "after"), Before: query(c, "before")}
	malformed := fault.New(fault.Malformed, "This link is damaged. Go back to the list of members.")
	if as := query(c, "role"); as != "" {
		known, ok := role.Parse(as)
		if !ok {
			return list, malformed
		}
		list.Role = known
	}
	sort, down := strings.CutPrefix(query(c, "sort"), "-")
	list.Sort, list.Down = sort, down
	if sort == "name" { // goes without saying
		list.Sort = ""
	}
	switch {
	case !slices.Contains([]string{"", "active", "suspended", "pending"}, list.Status),
		!slices.Contains([]string{"", "week", "month", "quarter", "before", "never"}, list.Active),
		!slices.Contains([]string{"", "name", "role", "joined", "active"}, sort), sort == "" && down,
		list.After != "" && list.Before != "":
		return list, malformed
	}
	if list.InvitedBy != "" {
		if _, ok := publicid.Membership.Parse(list.InvitedBy); !ok {
			return list, malformed
		}
	}
	return list, nil
}

// seals are the hashes that pages carry of what they show.
var seals = regexp.MustCompile(`^[0-9a-f]{12}$`)

// shownBefore is how many rows a page says that it has already, and their seal; they decide nothing but words.
func shownBefore(c echo.Context) (int, string, error) {
	said, seal := query(c, "shown"), query(c, "seal")
	n, err := strconv.Atoi(cmp.Or(said, "0"))
	if err != nil || n < 0 || n > 2*members.ShownMax || seal != "" && !seals.MatchString(seal) {
		return 0, "", fault.New(fault.Malformed, "This link is damaged. Go back to the list of members.")
	}
	return n, seal, nil
}

// backTo is the address of a list to come back to, "" for the start of the plain list.
func backTo(slug string, asked roster.List) string {
	if url := members.URL(slug, asked); url != paths.Members(slug) {
		return url
	}
	return ""
}

// showMember is one person's membership and its history; from a cursor on the older part of it.
func (s *Server) showMember(c echo.Context, a roster.Actor) error {
	before := query(c, "before")
	m, err := s.roster.Member(c.Request().Context(), a, c.Param("mem"), before)
	if err != nil {
		return err
	}
	one := members.One{Here: s.membersHere(c, a, paths.Member(a.Organization().Slug, m.ID)), Member: m, Older: before != ""}
	answer := Page{Document: members.MemberPage(s.frame(c, m.Name+" · Members", "members"), one)}
	if before != "" {
		answer.Piece = members.Older(one)
	}
	return s.page(c, answer)
}

// showChangeRole asks about the role that the address names; without one it offers those there are.
func (s *Server) showChangeRole(c echo.Context, a roster.Actor) error {
	m, err := s.roster.Member(c.Request().Context(), a, c.Param("mem"), "")
	if err != nil {
		return err
	}
	if to, ok := role.Parse(query(c, "role")); ok && mayTurn(a, m, to) {
		return s.askFirst(c, a, members.AskRole(s.membersHere(c, a, next(c)), m, to, s.roster.Mails()))
	}
	return s.chooseRole(c, http.StatusOK, members.ChooseRole{Here: s.membersHere(c, a, next(c)), Member: m})
}

func (s *Server) chooseRole(c echo.Context, status int, choice members.ChooseRole) error {
	frame := s.frame(c, "Change the role of "+choice.Name, "members")
	frame.Narrow, frame.Problem = true, choice.Error != ""
	return s.page(c, Page{Status: status, Document: members.ChooseRolePage(frame, choice), Piece: members.ChooseRoleDialog(choice), Target: "#dialog"})
}

// askFirst shows a question: as a page, or in the dialog.
func (s *Server) askFirst(c echo.Context, a roster.Actor, q members.Question) error {
	frame := s.frame(c, q.Title, "members")
	frame.Narrow = true
	return s.page(c, Page{Document: members.AskPage(frame, q), Piece: members.Ask(q), Target: "#dialog"})
}

// mayTurn tells whether a change of role would be done if it were confirmed.
func mayTurn(a roster.Actor, m roster.Member, to role.Role) bool {
	return !m.OnlyOwner && role.MayTurn(a.Roles(), m.Roles, []role.Role{to}, m.You)
}

// changeRole gives a member another role. A change that decides about who decides is asked about first,
// wherever it comes from; one that is going to be refused is not.
func (s *Server) changeRole(c echo.Context, a roster.Actor) error {
	ctx, mem, back := c.Request().Context(), c.Param("mem"), next(c)
	to, known := role.Parse(field(c, "role"))
	if !known || !ticked(c, "confirmed") {
		m, err := s.roster.Member(ctx, a, mem, "")
		if err != nil {
			return err
		}
		h := s.membersHere(c, a, back)
		if !known {
			return s.chooseRole(c, http.StatusUnprocessableEntity, members.ChooseRole{Here: h, Member: m, Chosen: field(c, "role"), Error: "Choose one of the roles in the list."})
		}
		if mayTurn(a, m, to) && role.AsksFirst(m.Roles, []role.Role{to}, m.You) {
			q := members.AskRole(h, m, to, s.roster.Mails())
			frame := s.frame(c, q.Title, "members")
			frame.Narrow = true
			return s.page(c, Page{Document: members.AskPage(frame, q), Piece: members.AskOverRow(h, m.Row, q)})
		}
	}
	turn := s.roster.ChangeRole
	if ticked(c, "confirmed") && s.roster.Mails() && !ticked(c, "tell") {
		turn = s.roster.ChangeRoleQuietly
	}
	change, err := turn(ctx, a, mem, to)
	if err != nil {
		return s.memberUnchanged(c, a, mem, err, atRole)
	}
	name, is, was := change.Row.Name, to.Label(), role.Highest(change.Before).Label()
	if change.Row.You && change.Changed { // the whole page is about what one may do
		return s.done(c, Done{To: homeIn(a, change.Row.Roles), Notice: layout.Notice{Kind: "ok", Text: fmt.Sprintf("You are now %s. Before, you were %s.", to.WithArticle(), role.Highest(change.Before).WithArticle())}})
	}
	if !change.Changed {
		return s.memberChanged(c, a, members.Line{Row: change.Row}, layout.Notice{Kind: "info", Strong: name, Text: "is " + is + " already. Nothing was changed."}, "", name+" is "+is+" already")
	}
	line := members.Line{Row: change.Row, AtRole: members.Note{Was: was, Undo: change.Undo}}
	return s.memberChanged(c, a, line, layout.Notice{Kind: "ok", Strong: name, Text: "is now " + is + "."}, change.Undo, name+" is now "+is+". Undo follows the role")
}

// homeIn is the first page in an organization that somebody with these roles may see.
func homeIn(a roster.Actor, roles []role.Role) string {
	if role.May(roles, role.MembersRead, a.Settings()) {
		return paths.Members(a.Organization().Slug)
	}
	return paths.Org(a.Organization().Slug)
}

// memberChanged tells that a member was changed: the row for htmx, by the page it came from for a plain form.
// A member's own page is loaded again, for all of it has changed.
func (s *Server) memberChanged(c echo.Context, a roster.Actor, line members.Line, notice layout.Notice, undo, said string, more ...templ.Component) error {
	back, slug := next(c), a.Organization().Slug
	hasRow := back != paths.Member(slug, line.ID)
	if back == "" || !hasRow && line.Status == "removed" {
		back = paths.Members(slug)
	}
	if undo != "" {
		notice.Undo = s.undoMember(c, a, undo, back)
	}
	done := Done{To: back, Notice: notice}
	if hasRow {
		done.Pieces = templ.Join(append([]templ.Component{members.Changed(s.membersHere(c, a, next(c)), line, said)}, more...)...)
	}
	return s.done(c, done)
}

// undoMember is the way back in a notice.
func (s *Server) undoMember(c echo.Context, a roster.Actor, event, back string) *layout.UndoForm {
	form := &layout.UndoForm{Action: paths.Undo(a.Organization().Slug, event)}
	form.Org, form.Person = s.marks(c)
	if back != paths.Members(a.Organization().Slug) {
		form.Fields = []layout.Hidden{{Name: "next", Value: back}}
	}
	return form
}

// Where a row tells why something was not done.
const (
	atRole   = "role"
	atStatus = "status"
)

// memberUnchanged answers a refusal in the row: it shows the state as it is, and why. Anything but a refusal of
// the change itself is answered like everywhere.
func (s *Server) memberUnchanged(c echo.Context, a roster.Actor, mem string, err error, at string) error {
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.Conflict && f.Kind != fault.Forbidden {
		return err
	}
	m, missing := s.roster.Member(c.Request().Context(), a, mem, "")
	if missing != nil {
		return err
	}
	status := http.StatusConflict
	if f.Kind == fault.Forbidden {
		status = http.StatusForbidden
	}
	h := s.membersHere(c, a, next(c))
	line, note := members.Line{Row: m.Row}, members.Note{Refused: f.Message}
	if at == atRole && m.EndedAt.IsZero() {
		line.AtRole = note
	} else {
		line.AtStatus = note
	}
	why := members.WhyNot{Here: h, Title: "Nothing was changed", Text: f.Message}
	frame := s.frame(c, why.Title, "members")
	frame.Narrow = true
	answer := Page{Status: status, Document: members.WhyNotPage(frame, why), Piece: members.Changed(h, line, f.Message)}
	if h.Back == paths.Member(h.Slug, m.ID) { // there is no row
		answer.Piece, answer.Target = members.WhyNotDialog(why), "#dialog"
	}
	return s.page(c, answer)
}

// memberToChange reads a member who is about to be asked about, and refuses where the answer is known already.
func (s *Server) memberToChange(c echo.Context, a roster.Actor) (roster.Member, error) {
	m, err := s.roster.Member(c.Request().Context(), a, c.Param("mem"), "")
	switch {
	case err != nil:
		return m, err
	case !m.EndedAt.IsZero():
		return m, fault.New(fault.Conflict, m.Name+" is not a member any more. Nothing was changed.")
	case !m.You && !role.MayManage(a.Roles(), m.Roles):
		return m, fault.New(fault.Forbidden, fmt.Sprintf("%s is %s: only owners change owners and admins.", m.Name, role.Highest(m.Roles).WithArticle()))
	}
	return m, nil
}

// showSuspend asks before somebody is suspended. Nobody suspends themselves: they may leave.
func (s *Server) showSuspend(c echo.Context, a roster.Actor) error {
	m, err := s.memberToChange(c, a)
	if err != nil {
		return err
	}
	h := s.membersHere(c, a, next(c))
	if m.You {
		return s.explainMember(c, members.WhyNot{Here: h, Title: "You cannot suspend yourself", Text: "Leave the organization instead."})
	}
	return s.askFirst(c, a, members.AskSuspend(h, m))
}

// suspendMember blocks somebody's use of the organization.
func (s *Server) suspendMember(c echo.Context, a roster.Actor) error {
	return s.setMemberStatus(c, a, s.roster.Suspend, "active", "is suspended")
}

// reactivateMember lifts a suspension. It gives nothing that was not there before, so nothing is asked.
func (s *Server) reactivateMember(c echo.Context, a roster.Actor) error {
	return s.setMemberStatus(c, a, s.roster.Reactivate, "suspended", "is active again")
}

func (s *Server) setMemberStatus(c echo.Context, a roster.Actor, set func(context.Context, roster.Actor, string) (roster.Change, error), was, is string) error {
	mem := c.Param("mem")
	change, err := set(c.Request().Context(), a, mem)
	if err != nil {
		return s.memberUnchanged(c, a, mem, err, atStatus)
	}
	line, notice, said := members.Line{Row: change.Row}, layout.Notice{Kind: "ok", Strong: change.Row.Name, Text: is + "."}, change.Row.Name+" "+is
	if change.Changed {
		line.AtStatus = members.Note{Was: was, Undo: change.Undo}
		said += ". Undo follows the status"
	}
	return s.memberChanged(c, a, line, notice, change.Undo, said)
}

// showRemove asks before somebody is removed. Removing oneself is called leaving.
func (s *Server) showRemove(c echo.Context, a roster.Actor) error {
	m, err := s.memberToChange(c, a)
	if err != nil {
		return err
	}
	if m.You {
		return s.goTo(c, paths.Leave(a.Organization().Slug))
	}
	return s.askFirst(c, a, members.AskRemove(s.membersHere(c, a, next(c)), m, s.roster.Mails()))
}

// removeMember ends somebody's membership. Where invitations went with it, the whole list has changed.
func (s *Server) removeMember(c echo.Context, a roster.Actor) error {
	mem, org := c.Param("mem"), a.Organization()
	how := roster.Removal{Tell: ticked(c, "tell"), RevokeInvitations: ticked(c, "revoke")}
	change, err := s.roster.Remove(c.Request().Context(), a, mem, how)
	if err != nil {
		return s.memberUnchanged(c, a, mem, err, atStatus)
	}
	text := "Removed " + change.Row.Name + "."
	notice := layout.Notice{Kind: "ok", Text: text}
	if how.RevokeInvitations {
		if change.Undo != "" {
			notice.Undo = s.undoMember(c, a, change.Undo, paths.Members(org.Slug))
		}
		return s.done(c, Done{To: paths.Members(org.Slug), Notice: notice})
	}
	line := members.Line{Row: change.Row, AtStatus: members.Note{Undo: change.Undo}}
	if !change.Changed {
		return s.memberChanged(c, a, line, notice, "", text)
	}
	return s.memberChanged(c, a, line, notice, change.Undo, text+" Undo", s.memberCounts(c, a, change.Members))
}

// memberCounts are the numbers of the page with so many members.
func (s *Server) memberCounts(c echo.Context, a roster.Actor, n int) templ.Component {
	return members.Counts(s.membersHere(c, a, ""), n, a.Organization().OpenInvitations, isFiltered(next(c)))
}

// isFiltered tells whether the list at an address leaves anybody out: it counts what matches, not everybody.
func isFiltered(at string) bool {
	u, err := url.Parse(at)
	if err != nil {
		return false
	}
	asked := u.Query()
	return asked.Has("q") || asked.Has("role") || asked.Has("status") || asked.Has("invited_by") || asked.Has("active")
}

// showLeave asks before one leaves; the only owner is told why not.
func (s *Server) showLeave(c echo.Context, a roster.Actor) error {
	m, err := s.roster.Member(c.Request().Context(), a, a.Membership(), "")
	if err != nil {
		return err
	}
	h := s.membersHere(c, a, next(c))
	if h.Back == "" {
		h.Back = homeIn(a, a.Roles())
	}
	if m.OnlyOwner {
		return s.explainMember(c, members.WhyNot{Here: h, Title: "You cannot leave " + h.OrgName, Text: fmt.Sprintf(role.LastOwner, h.OrgName)})
	}
	return s.askFirst(c, a, members.AskLeave(h, m.OpenInvitations))
}

// explainMember explains instead of asking.
func (s *Server) explainMember(c echo.Context, w members.WhyNot) error {
	frame := s.frame(c, w.Title, "members")
	frame.Narrow = true
	return s.page(c, Page{Document: members.WhyNotPage(frame, w), Piece: members.WhyNotDialog(w), Target: "#dialog"})
}

// leave ends one's own membership.
func (s *Server) leave(c echo.Context, a roster.Actor) error {
	org := a.Organization()
	err := s.roster.Leave(c.Request().Context(), a)
	if f, ok := fault.As(err); ok && f.Kind == fault.Conflict {
		w := members.WhyNot{Here: s.membersHere(c, a, homeIn(a, a.Roles())), Title: "You cannot leave " + org.Name, Text: f.Message}
		frame := s.frame(c, w.Title, "members")
		frame.Narrow = true
		return s.page(c, Page{Status: http.StatusConflict, Document: members.WhyNotPage(frame, w), Piece: members.WhyNotDialog(w), Target: "#dialog"})
	}
	if err != nil {
		return err
	}
	return s.done(c, Done{To: paths.Orgs, Notice: layout.Notice{Kind: "ok", Text: "You left " + org.Name + "."}})
}

// undo takes a change back: of a member or of an invitation.
func (s *Server) undo(c echo.Context, a roster.Actor) error {
	undone, err := s.roster.Undo(c.Request().Context(), a, c.Param("evt"))
	switch mem := field(c, "member"); {
	case err != nil && mem != "":
		return s.memberUnchanged(c, a, mem, err, atStatus)
	case err != nil:
		return err
	case undone.Invitation != nil, undone.Together:
		return s.undoneInvitation(c, a, undone)
	}
	line, notice := members.Line{Row: *undone.Member, Focus: true}, layout.Notice{Kind: "ok", Text: undone.Text}
	if ticked(c, "removed") {
		return s.memberChanged(c, a, line, notice, "", undone.Text, s.memberCounts(c, a, undone.Members))
	}
	return s.memberChanged(c, a, line, notice, "", undone.Text)
}
