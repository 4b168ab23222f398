package members

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"roster/internal/golden"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
)

var now = time.Date(2026, 3, 17, 9, 41, 0, 0, time.UTC)

const day = 24 * time.Hour

// at is the page as somebody with these roles sees it.
func at(roles ...role.Role) Here {
	return Here{Slug: "acme", OrgName: "Acme Robotics", Mine: roles, Now: now, Org: "org_acme", Person: "mark"}
}

func frame(title string) layout.Page {
	return layout.Page{Title: title, Section: "members", Now: now, Shortcuts: true,
		Org: &layout.Org{ID: "org_acme", Slug: "acme", Name: "Acme Robotics", RoleLabel: "Owner", Initials: "AR", Hue: 1, Members: 248, Invitations: 6,
			MaySeeMembers: true, MaySeeInvitations: true, MayInvite: true},
		Person: &layout.Person{Name: "Ann Owner", Email: "ann@acme.example", Mark: "mark", Initials: "AO", Hue: 1}}
}

func somebody(id, name string, as ...role.Role) roster.Row {
	return roster.Row{ID: "mem_" + id, PersonID: uuid.NewSHA1(uuid.Nil, []byte(id)), Name: name, Email: id + "@acme.example", Roles: as, Status: "active",
		Since: now.Add(-400 * day), Inviter: "Ann Owner", JoinedThrough: "invitation", LastActive: now.Add(-12 * time.Minute)}
}

func ann() roster.Row {
	r := somebody("ann", "Ann Owner", role.Owner)
	r.You, r.OnlyOwner, r.Inviter, r.JoinedThrough = true, true, "", "created"
	return r
}

func sus() roster.Row {
	r := somebody("sus", "Sus Pended", role.Member)
	r.Status, r.LastActive = "suspended", time.Time{}
	return r
}

func lin() roster.Row {
	return roster.Row{Invitation: true, ID: "inv_lin", Email: "lin.zhao@acme.example", Roles: []role.Role{role.Member}, Status: "pending",
		Since: now.Add(-2 * day), Inviter: "Ben Admin", Expires: now.Add(5 * day)}
}

func everybody() []roster.Row {
	return []roster.Row{ann(), somebody("ben", "Ben Admin", role.Admin), somebody("cem", "Cem Member", role.Member),
		somebody("two", "Two Roles", role.Member, role.Viewer), lin(), sus(), somebody("gus", "Gus <script>Guest", role.Guest)}
}

func listOf(h Here, rows []roster.Row) List {
	return List{Here: h, Rows: rows, Seal: Seal("", rows), Shown: len(rows), Members: 248, Pending: 6, Mails: true}
}

func onward(l List) List { l.Next, l.Shown = "CURSOR", 50; return l }

func as(rows []roster.Row, you string) []roster.Row {
	for i := range rows {
		rows[i].You = rows[i].ID == you
	}
	return rows
}

func TestList(t *testing.T) {
	searched := listOf(at(role.Owner), []roster.Row{somebody("cem", "Cem Member", role.Member)})
	searched.Asked = roster.List{Search: "cem", Role: role.Member, Sort: "joined", Down: true}
	searched.Back = URL("acme", searched.Asked)
	none := listOf(at(role.Owner), nil)
	none.Asked = roster.List{Search: "weberr"}
	noneFiltered := listOf(at(role.Viewer), nil)
	noneFiltered.Asked = roster.List{Role: role.Admin, Status: "suspended"}
	alone := listOf(at(role.Owner), []roster.Row{ann()})
	alone.Members, alone.Pending = 1, 0
	later := onward(listOf(at(role.Owner), everybody()[2:4]))
	later.Asked = roster.List{After: "BEFORE"}
	later.Shown = 2
	full := later
	full.Shown = ShownMax

	for name, component := range map[string]templ.Component{
		"page":          Page(frame("Members"), onward(listOf(at(role.Owner), everybody()))),
		"page_admin":    Region(listOf(at(role.Admin), as(everybody(), "mem_ben"))),
		"page_viewer":   Region(listOf(at(role.Viewer), as([]roster.Row{ann(), somebody("cem", "Cem Member", role.Member)}, "mem_cem"))),
		"found":         Found(searched),
		"none":          Found(none),
		"none_filtered": Region(noneFiltered),
		"alone":         Region(alone),
		"later":         Region(later),
		"more":          More(later),
		"more_full":     More(full),
		"export":        ExportPage(frame("Export members as CSV?"), Export{Here: searched.Here, Asked: searched.Asked, Format: roster.CSV}),
	} {
		golden.Check(t, name, component)
	}
}

func TestRow(t *testing.T) {
	h := at(role.Owner)
	cem := somebody("cem", "Cem Member", role.Admin)
	removed := somebody("cem", "Cem Member")
	removed.Status = "removed"
	h2 := h
	h2.Back = "/orgs/acme/members?role=admin"

	for name, component := range map[string]templ.Component{
		"row_role":    Changed(h, Line{Row: cem, AtRole: Note{Was: "Member", Undo: "evt_1"}}, "Cem Member is now Admin. Undo follows the role"),
		"row_refused": Changed(h, Line{Row: cem, AtRole: Note{Refused: "Acme Robotics must always have an owner."}}, "Acme Robotics must always have an owner."),
		"row_status":  Row(h2, Line{Row: sus(), AtStatus: Note{Was: "active", Undo: "evt_2"}}),
		"row_removed": templ.Join(Changed(h, Line{Row: removed, AtStatus: Note{Undo: "evt_3"}}, "Removed Cem Member. Undo"), Counts(h, 247, 6, false)),
		"row_gone":    Row(h, Line{Row: removed, AtStatus: Note{Refused: "Cem Member is not a member any more. Nothing was changed."}}),
		"row_undone":  Row(h, Line{Row: cem, Focus: true}),
	} {
		golden.Check(t, name, component)
	}
}

func past() []roster.Event {
	return []roster.Event{
		{ID: "evt_2", At: now.Add(-time.Hour), Name: roster.RolesChanged, Actor: "Ann Owner", SubjectKind: "membership", Subject: "Cem Member",
			Before: map[string]any{"roles": []any{"member"}}, After: map[string]any{"roles": []any{"admin"}}},
		{ID: "evt_1", At: now.Add(-400 * day), Name: roster.MemberJoined, Actor: "Cem Member", SubjectKind: "membership", Subject: "Cem Member",
			After: map[string]any{"roles": []any{"member"}, "through": "invitation", "email": "cem@acme.example"}},
	}
}

func TestMember(t *testing.T) {
	cem := One{Here: at(role.Owner), Member: roster.Member{Row: somebody("cem", "Cem Member", role.Admin), InvitedAt: now.Add(-401 * day), InviterID: "mem_ann", Owners: 1, History: past(), More: "CURSOR"}}
	cem.Back = "/orgs/acme/members/mem_cem"
	own := One{Here: at(role.Owner), Member: roster.Member{Row: ann(), Owners: 1}}
	former := cem
	former.Status, former.Roles, former.EndedAt, former.Left, former.More = "left", nil, now.Add(-14*day), true, ""
	suspended := cem
	suspended.Status = "suspended"
	older := cem
	older.Older, older.History, older.More = true, past()[1:], ""

	for name, component := range map[string]templ.Component{
		"member":           MemberPage(frame("Cem Member · Members"), cem),
		"member_suspended": memberHead(suspended),
		"member_own":       templ.Join(memberHead(own), membership(own), history(own)),
		"member_former":    templ.Join(memberHead(former), membership(former), history(former)),
		"member_older":     Older(older),
	} {
		golden.Check(t, name, component)
	}
}

func TestQuestions(t *testing.T) {
	h := at(role.Owner)
	cem := roster.Member{Row: somebody("cem", "Cem Member", role.Member), OpenInvitations: 3}
	self := roster.Member{Row: ann()}
	self.OnlyOwner = false
	choice := ChooseRole{Here: h, Member: cem, Chosen: "emperor", Error: "Choose one of the roles in the list."}

	for name, component := range map[string]templ.Component{
		"ask_role_row":       AskOverRow(h, cem.Row, AskRole(h, cem, role.Admin, true)),
		"ask_role_self":      Ask(AskRole(h, self, role.Member, true)),
		"ask_suspend":        Ask(AskSuspend(h, cem)),
		"ask_remove":         Ask(AskRemove(h, cem, true)),
		"ask_remove_no_mail": Ask(AskRemove(h, roster.Member{Row: cem.Row}, false)),
		"ask_leave":          Ask(AskLeave(h, 2)),
		"choose_role":        ChooseRoleDialog(choice),
		"why_not_dialog":     WhyNotDialog(WhyNot{Here: h, Title: "You cannot leave Acme Robotics", Text: h.lastOwner()}),
	} {
		golden.Check(t, name, component)
	}
}

// TestChoicesFollowTheRuleBook: a select offers what the rule book lets the viewer turn that member into, and nothing else.
// X52
func TestChoicesFollowTheRuleBook(t *testing.T) {
	for _, viewer := range role.All {
		for _, of := range role.All {
			for _, self := range []bool{false, true} {
				if self && viewer != of {
					continue
				}
				h, r := at(viewer), somebody("x", "X", of)
				r.You = self
				var offered []string
				for _, o := range h.choices(r) {
					offered = append(offered, o.Value)
				}
				for _, to := range role.All {
					want := to == of || role.May(h.Mine, role.MembersUpdateRole, h.Settings) && role.MayTurn(h.Mine, r.Roles, []role.Role{to}, self)
					if got := strings.Contains(strings.Join(offered, " "), string(to)); got != want {
						t.Errorf("%s looks at %s (self %v): %s offered %v, want %v", viewer, of, self, to, got, want)
					}
				}
			}
		}
	}
}

// TestEveryButtonOfARowHasAnID: without one the focus is lost when its press puts the row anew. The script gives one to
// what it makes itself.
func TestEveryButtonOfARowHasAnID(t *testing.T) {
	h := at(role.Owner)
	for _, r := range everybody() {
		text := golden.Render(t, Row(h, Line{Row: r, AtRole: Note{Was: "Member", Undo: "evt_1"}, AtStatus: Note{}}))
		seen := map[string]bool{}
		for line := range strings.SplitSeq(text, "\n") {
			line = strings.TrimSpace(line)
			if !strings.HasPrefix(line, "<button ") && !strings.HasPrefix(line, "<select ") {
				continue
			}
			_, id, found := strings.Cut(line, ` id="`)
			id, _, _ = strings.Cut(id, `"`)
			if !found || seen[id] {
				t.Errorf("%s: no id of its own: %s", r.ID, line)
			}
			seen[id] = true
		}
	}
}

// TestRowsAreLean: a thousand of them stand on a page.
func TestRowsAreLean(t *testing.T) {
	var b strings.Builder
	if err := Row(at(role.Owner), Line{Row: somebody("01jq7z3m9q8k6t5v4w3x2y1z0a", "Samuel Okafor", role.Member)}).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 1400 {
		t.Errorf("a row has %d bytes", b.Len())
	}
}

func TestCount(t *testing.T) {
	rows := func(people, invitations int) (rows []roster.Row) {
		for range people {
			rows = append(rows, somebody("p", "P", role.Member))
		}
		for range invitations {
			rows = append(rows, lin())
		}
		return rows
	}
	for _, c := range []struct {
		list List
		want string
	}{
		{List{Here: at(role.Owner), Members: 248, Pending: 6}, "248 members, 6 pending"},
		{List{Here: at(role.Owner), Members: 1}, "1 member"},
		{List{Here: at(role.Owner), Members: 104218, Pending: PendingMax}, "about 104,000 members, 100+ pending"},
		{List{Here: at(role.Viewer), Members: 248, Pending: 6}, "248 members"},
		{List{Asked: roster.List{Search: "a"}, Rows: rows(12, 0)}, "12 members match"},
		{List{Asked: roster.List{Search: "a"}, Rows: rows(1, 0)}, "1 member matches"},
		{List{Asked: roster.List{Search: "a"}, Rows: rows(0, 1)}, "1 invitation matches"},
		{List{Asked: roster.List{Search: "a"}, Rows: rows(0, 2)}, "2 invitations match"},
		{List{Asked: roster.List{Search: "a"}, Rows: rows(2, 1)}, "2 members and 1 invitation match"},
		{List{Asked: roster.List{Search: "a"}}, "No member matches"},
		{List{Asked: roster.List{Search: "a"}, Rows: rows(50, 0), Next: "x"}, "More than 50 match"},
	} {
		if got := c.list.Count(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestLoaded(t *testing.T) {
	fifty := make([]roster.Row, 50)
	for _, c := range []struct {
		list List
		want string
	}{
		{List{Here: at(role.Owner), Rows: fifty, Shown: 100, Members: 2300, Pending: 10}, "50 more loaded, 100 of 2,310"},
		{List{Here: at(role.Owner), Rows: fifty, Shown: 100, Members: 104218, Pending: 10}, "50 more loaded, 100 of about 104,000"},
		{List{Here: at(role.Owner), Rows: fifty, Shown: 100, Members: 300, Pending: PendingMax}, "50 more loaded, 100 of 300 members and 100+ invitations"},
		{List{Here: at(role.Owner), Rows: fifty, Shown: 100, Members: 2300, Asked: roster.List{Search: "a"}}, "50 more loaded, 100 shown"},
	} {
		if got := c.list.Loaded(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestOrderTurns: a press on a heading sorts by it, the next one turns it around; search and filters stay.
func TestOrderTurns(t *testing.T) {
	for _, c := range []struct {
		asked            roster.List
		name, joined     string
		byName, byJoined string
	}{
		{roster.List{}, "ascending", "", "?sort=-name", "?sort=-joined"},
		{roster.List{Down: true, After: "x"}, "descending", "", "", "?sort=-joined"},
		{roster.List{Sort: "joined", Search: "a b"}, "", "ascending", "?q=a+b", "?q=a+b&sort=-joined"},
		{roster.List{Sort: "joined", Down: true}, "", "descending", "", "?sort=joined"},
	} {
		l := List{Here: at(role.Owner), Asked: c.asked}
		got := fmt.Sprint(l.sorted("name"), "|", l.sorted("joined"), "|", l.ordered("name"), "|", l.ordered("joined"))
		want := fmt.Sprint(c.name, "|", c.joined, "|/orgs/acme/members", c.byName, "|/orgs/acme/members", c.byJoined)
		if got != want {
			t.Errorf("%+v: got %s, want %s", c.asked, got, want)
		}
	}
}
