package members

import (
	"fmt"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"roster/internal/golden"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
)

// judged are some who would be changed, one who is skipped, and one who is so already.
func judged(will int) roster.Judgement {
	j := roster.Judgement{Members: will + 2}
	j.Will.Count = will
	for i := range min(will, roster.PileShown) {
		j.Will.First = append(j.Will.First, roster.Judged{Row: somebody(fmt.Sprint("m", i), fmt.Sprint("Member ", i), role.Member)})
	}
	j.Skipped = roster.Pile{Count: 1, First: []roster.Judged{{Row: ann(), Why: "This is you. Change your own role by itself."}}}
	j.Already = roster.Pile{Count: 1, First: []roster.Judged{{Row: sus()}}}
	return j
}

func TestMany(t *testing.T) {
	h := at(role.Owner)
	h.Back = "/orgs/acme/members?q=an"
	ticked := Many{Here: h, Action: "/orgs/acme/members/bulk?q=an", Act: roster.Act{Do: roster.ManySuspend}, Chosen: roster.Chosen{Ticked: []string{"mem_m0", "mem_ann", "mem_sus"}}, Judged: judged(1), Mails: true}
	all := ticked
	all.Act, all.Chosen, all.Judged, all.Changed = roster.Act{Do: roster.ManyRemove}, roster.Chosen{All: true}, judged(214), true
	choose := ticked
	choose.Act, choose.Error = roster.Act{Do: roster.ManyRole}, "Choose one of the roles in the list."
	roles := ticked
	roles.Act, roles.Judged = roster.Act{Do: roster.ManyRole, Role: role.Viewer}, judged(2)
	none := ticked
	none.Judged = roster.Judgement{Members: 2, Skipped: judged(0).Skipped, Already: judged(0).Already}
	beyond := all
	beyond.Judged.Beyond, beyond.Judged.Members, beyond.Changed = true, 1_000_000, false
	here := listOf(at(role.Owner), everybody())
	nobody := listOf(at(role.Owner), nil)
	everybody := onward(listOf(at(role.Owner), everybody()))
	everybody.All = &All{Count: 248, Exact: true}

	for name, component := range map[string]templ.Component{
		"many_suspend":  ManyDialog(ticked),
		"many_remove":   ManyPage(frame(all.Title()), all),
		"many_choose":   ManyRoleDialog(choose),
		"many_role":     ManyDialog(roles),
		"many_none":     ManyPage(frame(none.Title()), none),
		"many_beyond":   ManyDialog(beyond),
		"many_selected": Everybody(everybody),
		"many_done": ManyDone(here, layout.Notice{Kind: "ok", Text: "2 members are suspended.", Here: true,
			Undo: &layout.UndoForm{Action: "/orgs/acme/jobs/job_1/undo?q=an", Org: "org_1", Person: "m", Fields: []layout.Hidden{{Name: "do", Value: "suspend"}}},
			Link: &layout.Link{URL: "/orgs/acme/jobs/job_1", Label: "See each"}}),
		"many_undone": ManyDone(nobody, layout.Notice{Kind: "ok", Text: "2 members are active again.", Here: true}),
	} {
		golden.Check(t, name, component)
	}
}

// The words of the bar, of the question and of its answer, in every number.
func TestManyWords(t *testing.T) {
	act := func(do string) Many { return Many{Here: at(role.Owner), Act: roster.Act{Do: do, Role: role.Guest}} }
	for _, c := range []struct{ got, want string }{
		{List{All: &All{Count: 248, Exact: true}}.Selected(), "All 248 members are selected"},
		{List{Asked: roster.List{Search: "a"}, All: &All{Count: 214, Exact: true}}.Selected(), "All 214 that match are selected"},
		{List{Asked: roster.List{Search: "a"}, All: &All{Count: 1, Exact: true}}.Selected(), "The only member that matches is selected"},
		{List{Asked: roster.List{Search: "a"}, All: &All{Count: 100_000}}.Selected(), "All that match are selected, more than 100,000"},
		{act(roster.ManyRole).Done(12, 0), "12 members are Guests now."},
		{act(roster.ManyRole).Done(1, 2), "1 member is a Guest now. 2 were skipped."},
		{act(roster.ManySuspend).Done(12, 2), "12 members are suspended. 2 were skipped."},
		{act(roster.ManyRemove).Done(1, 1), "1 member is removed. 1 was skipped."},
		{act(roster.ManyRemove).Done(0, 3), "Nobody was changed. 3 were skipped."},
		{Undone(roster.ManyRole, 12, 0), "12 members have their former roles again."},
		{Undone(roster.ManyRole, 1, 2), "1 member has their former role again. 2 were skipped."},
		{Undone(roster.ManySuspend, 1, 0), "1 member is active again."},
		{Undone(roster.ManyRemove, 12, 1), "12 members are back. 1 was skipped."},
		{Undone(roster.ManyRemove, 0, 1), "Nobody was changed. 1 was skipped."},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// Who may do nothing to others has no boxes; nobody selects themselves or an invitation.
func TestBoxesAreForThoseWhoMay(t *testing.T) {
	for _, c := range []struct {
		viewer role.Role
		boxes  int
	}{{role.Owner, 5}, {role.Admin, 5}, {role.Member, 0}, {role.Viewer, 0}} {
		text := golden.Render(t, Region(listOf(at(c.viewer), everybody())))
		if n := strings.Count(text, `name="member"`); n != c.boxes || strings.Contains(text, `id="bulk"`) != (c.boxes > 0) {
			t.Errorf("%s has %d boxes, want %d", c.viewer, n, c.boxes)
		}
	}
}
