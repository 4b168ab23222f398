package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

const acme, other = rostertest.Acme, rostertest.Other

// N10 C001 O30 N36: whoever founds an organization owns it, and it is theirs alone.
func TestFounderIsTheOwner(t *testing.T) {
	t.Parallel()
	w := rostertest.Empty(t)
	ann := w.Person(t, "Ann Owner", "ann@acme.example")
	w.Found(t, ann, "Acme", acme)
	a := w.As(t, ann, acme)
	if !slices.Equal(a.Roles(), []role.Role{role.Owner}) || a.Organization().Members != 1 {
		t.Errorf("roles %v of %d members, want the only owner", a.Roles(), a.Organization().Members)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'organization.created' AND actor_id = $1`, ann.ID); n != 1 {
		t.Errorf("%d entries say that the organization was founded, want 1", n)
	}
}

// I13 C090: what is not there and what is somebody else's are the same.
func TestStrangerCannotTellWhatExists(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	_, foreign := w.Roster.Enter(t.Context(), w.Zoe, acme, rostertest.Trace())
	_, unknown := w.Roster.Enter(t.Context(), w.Zoe, "nowhere", rostertest.Trace())
	rostertest.Refused(t, foreign, fault.NotFound, "We cannot find that page")
	rostertest.Refused(t, unknown, fault.NotFound, "We cannot find that page")
}

// C082 X26 N26 N36 O12 I68 I70: who may give which role to whom, the whole cube through the database.
func TestRoleChangesFollowTheRuleBook(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	second := w.Person(t, "Olga Owner", "olga@acme.example")
	w.Join(t, w.Ann, acme, second, role.Owner)
	people := map[role.Role]account.Person{role.Owner: w.Ann, role.Admin: w.Ben, role.Member: w.Cem, role.Viewer: w.Vic, role.Guest: w.Gus}
	target := w.Person(t, "Tia Target", "tia@acme.example")
	w.Join(t, w.Ann, acme, target, role.Member)
	id := w.Membership(t, target, acme)
	for _, by := range role.All {
		for _, from := range role.All {
			for _, to := range role.All {
				if from == to {
					continue
				}
				if _, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), id, from); err != nil {
					t.Fatal(err)
				}
				actor := w.As(t, people[by], acme)
				_, err := w.Roster.ChangeRole(t.Context(), actor, id, to)
				allowed := by == role.Owner || by == role.Admin && !from.AtLeast(role.Admin) && !to.AtLeast(role.Admin)
				if allowed != (err == nil) {
					t.Errorf("%s turns %s into %s: %v", by, from, to, err)
				}
				if err != nil {
					rostertest.Refused(t, err, fault.Forbidden, "")
				}
				want := from
				if allowed {
					want = to
				}
				if got := w.As(t, target, acme).Roles(); !slices.Equal(got, []role.Role{want}) {
					t.Errorf("%s turns %s into %s: roles are %v", by, from, to, got)
				}
			}
		}
	}
}

// I70: nobody raises themselves; lowering oneself is allowed.
func TestNobodyRaisesThemselves(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ben := w.Membership(t, w.Ben, acme)
	_, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ben, acme), ben, role.Owner)
	rostertest.Refused(t, err, fault.Forbidden, "Nobody raises their own role")
	if _, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ben, acme), ben, role.Member); err != nil {
		t.Error(err)
	}
}

// U03 C026 C118 C169 I127: a role change writes its entry, and Undo brings the role back, as a pair.
func TestRoleChangeIsLoggedAndUndone(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	cem := w.Membership(t, w.Cem, acme)
	change, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), cem, role.Admin)
	if err != nil {
		t.Fatal(err)
	}
	if !change.Changed || change.Row.Roles[0] != role.Admin || change.Before[0] != role.Member {
		t.Errorf("change %+v", change)
	}
	if !w.As(t, w.Cem, acme).May(role.InvitationsCreate) {
		t.Error("the new role does not hold on the next request") // C083 I74
	}
	undone, err := w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), change.Undo)
	if err != nil {
		t.Fatal(err)
	}
	if undone.Member == nil || undone.Member.Roles[0] != role.Member || undone.Text != "Cem Member is a Member again." {
		t.Errorf("undone %+v", undone)
	}
	_, err = w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), change.Undo)
	rostertest.Refused(t, err, fault.Conflict, "undone already")
	member, err := w.Roster.Member(t.Context(), w.As(t, w.Ann, acme), cem, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range member.History {
		names = append(names, e.Name)
	}
	want := []string{roster.RolesChanged, roster.RolesChanged, roster.MemberJoined, roster.InvitationLinkMade, roster.InvitationSent}
	if !slices.Equal(names, want) { // X23
		t.Errorf("history %v, want %v", names, want)
	}
	id, _ := publicid.Event.Parse(change.Undo)
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE undoes = $1 AND address = '192.0.2.1' AND request_id LIKE 'req_%' AND user_agent = 'rostertest'
		AND before->'roles' = '["admin"]' AND after->'roles' = '["member"]'`, id); n != 1 { // I129
		t.Errorf("%d entries undo it, want 1", n)
	}
}

// C169: what somebody else touched since is not undone, nor what is older than ten minutes, nor another's change.
func TestUndoHasItsLimits(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	cem := w.Membership(t, w.Cem, acme)
	change := func(to role.Role) string {
		t.Helper()
		c, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), cem, to)
		if err != nil {
			t.Fatal(err)
		}
		return c.Undo
	}
	first := change(role.Viewer)
	second := change(role.Guest)
	_, err := w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), first)
	rostertest.Refused(t, err, fault.Conflict, "changed again since")
	_, err = w.Roster.Undo(t.Context(), w.As(t, w.Ben, acme), second)
	rostertest.Refused(t, err, fault.NotFound, "")
	_, err = w.Roster.Undo(t.Context(), w.As(t, w.Zoe, other), second)
	rostertest.Refused(t, err, fault.NotFound, "")
	w.SQL(t, `UPDATE roster.audit_events SET at = at - interval '10 minutes 1 second'`)
	_, err = w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), second)
	rostertest.Refused(t, err, fault.Conflict, "10 minutes")
}

// C031 I67: the only owner stays, whichever way they would go, and is told why.
func TestLastOwnerStays(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann, words := w.Membership(t, w.Ann, acme), "Acme must always have an owner."
	_, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), ann, role.Member)
	rostertest.Refused(t, err, fault.Conflict, words)
	rostertest.Refused(t, w.Roster.Leave(t.Context(), w.As(t, w.Ann, acme)), fault.Conflict, words)
	_, err = w.Roster.Remove(t.Context(), w.As(t, w.Ann, acme), ann, roster.Removal{})
	rostertest.Refused(t, err, fault.Forbidden, "Leave the organization instead")
	conn := w.Database.Superuser(t)
	for _, sql := range []string{
		`DELETE FROM roster.membership_roles WHERE role = 'owner'`,
		`UPDATE roster.membership_roles SET role = 'member' WHERE role = 'owner'`,
		`DELETE FROM roster.memberships m USING roster.organizations o WHERE o.id = m.org_id AND o.slug = 'other'`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "RO001") {
			t.Errorf("%s: %v, want the trigger's refusal", sql, err)
		}
	}
}

// C031 I67 I69: a hundred at once demote, remove and leave; an owner stays, whoever comes first.
func TestRaceOfOwnersLeavesAnOwner(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	owners := []account.Person{w.Ann}
	for i := range 9 {
		p := w.Person(t, fmt.Sprintf("Owner %d", i), fmt.Sprintf("owner%d@acme.example", i))
		w.Join(t, w.Ann, acme, p, role.Owner)
		owners = append(owners, p)
	}
	ids := make([]string, len(owners))
	actors := make([]roster.Actor, len(owners))
	for i, p := range owners {
		ids[i], actors[i] = w.Membership(t, p, acme), w.As(t, p, acme)
	}
	rostertest.Together(100, func(n int) {
		i, j := n%10, (n/10+n+1)%10
		var err error
		switch n % 3 {
		case 0:
			_, err = w.Roster.ChangeRole(t.Context(), actors[i], ids[j], role.Member)
		case 1:
			_, err = w.Roster.Remove(t.Context(), actors[i], ids[j], roster.Removal{})
		case 2:
			err = w.Roster.Leave(t.Context(), actors[i])
		}
		if _, ok := fault.As(err); err != nil && !ok {
			t.Errorf("an error instead of an answer: %v", err)
		}
	})
	if n := w.Count(t, `SELECT count(*) FROM roster.membership_roles r JOIN roster.organizations o ON o.id = r.org_id WHERE o.slug = 'acme' AND r.role = 'owner'`); n < 1 {
		t.Error("no owner is left")
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.memberships m WHERE m.roles IS DISTINCT FROM
		ARRAY(SELECT r.role FROM roster.membership_roles r WHERE r.org_id = m.org_id AND r.user_id = m.user_id
		       ORDER BY array_position(ARRAY['owner','admin','member','viewer','guest'], r.role))`); n != 0 {
		t.Errorf("%d memberships show other roles than they have", n)
	}
}

// C029 I28: a suspended member can do nothing; reactivated they have the role of before.
func TestSuspendedKeepTheRole(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	cem := w.Membership(t, w.Cem, acme)
	if _, err := w.Roster.Suspend(t.Context(), w.As(t, w.Ben, acme), cem); err != nil {
		t.Fatal(err)
	}
	_, err := w.Roster.Enter(t.Context(), w.Cem, acme, rostertest.Trace())
	rostertest.Refused(t, err, fault.LostAccess, "You no longer have access to Acme.")
	if _, err := w.Roster.Reactivate(t.Context(), w.As(t, w.Ben, acme), cem); err != nil {
		t.Fatal(err)
	}
	if got := w.As(t, w.Cem, acme).Roles(); !slices.Equal(got, []role.Role{role.Member}) {
		t.Errorf("roles %v", got)
	}
	_, err = w.Roster.Suspend(t.Context(), w.As(t, w.Ben, acme), w.Membership(t, w.Ann, acme))
	rostertest.Refused(t, err, fault.Forbidden, "only owners change owners and admins")
}

// I10 C083 O34 C092: removed means out on the next look, and a change of theirs in flight is refused.
func TestRemovedIsOutAtOnce(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	stale := w.As(t, w.Ben, acme)
	change, err := w.Roster.Remove(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Ben, acme), roster.Removal{Tell: true, RevokeInvitations: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Roster.Enter(t.Context(), w.Ben, acme, rostertest.Trace())
	rostertest.Refused(t, err, fault.LostAccess, "Acme")
	_, err = w.Roster.ChangeRole(t.Context(), stale, w.Membership(t, w.Cem, acme), role.Viewer)
	rostertest.Refused(t, err, fault.LostAccess, "Acme")
	_, err = w.Roster.Invite(t.Context(), stale, roster.Invite{Addresses: "new@acme.example", Role: "member"})
	rostertest.Refused(t, err, fault.LostAccess, "Acme")
	undone, err := w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), change.Undo)
	if err != nil || undone.Text != "Ben Admin is back as an Admin." {
		t.Fatal(undone, err)
	}
	if got := w.As(t, w.Ben, acme).Roles(); !slices.Equal(got, []role.Role{role.Admin}) {
		t.Errorf("roles %v", got)
	}
}

// C068: what a removed member sent is revoked, or taken over; Undo brings it back.
func TestInvitationsOfRemovedInviter(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for _, revoke := range []bool{true, false} {
		email := fmt.Sprintf("new%v@acme.example", revoke)
		w.Invite(t, w.Ben, acme, email, role.Member)
		change, err := w.Roster.Remove(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Ben, acme), roster.Removal{RevokeInvitations: revoke})
		if err != nil {
			t.Fatal(err)
		}
		state := func(inviter account.Person, state string) int {
			return w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email = $1 AND invited_by = $2 AND state = $3`, email, inviter.ID, state)
		}
		if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE subject_name = $1 AND event = $2`, email,
			map[bool]string{true: roster.InvitationRevoked, false: roster.InvitationTakenOver}[revoke]); n != 1 {
			t.Errorf("revoke %v: %d entries of the invitation", revoke, n)
		}
		if revoke && state(w.Ben, "revoked") != 1 || !revoke && state(w.Ann, "open") != 1 {
			t.Errorf("revoke %v: the invitation stands wrong", revoke)
		}
		if _, err := w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), change.Undo); err != nil {
			t.Fatal(err)
		}
		if state(w.Ben, "open") != 1 {
			t.Errorf("revoke %v: Undo did not give the invitation back", revoke)
		}
		w.SQL(t, `UPDATE roster.invitations SET state = 'revoked' WHERE email = $1`, email)
	}
}

// C030: everybody but the last owner leaves by themselves, and may be invited again (C074).
func TestLeaveAndComeBack(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for _, p := range []account.Person{w.Ben, w.Cem, w.Vic, w.Gus} {
		if err := w.Roster.Leave(t.Context(), w.As(t, p, acme)); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	if n := w.As(t, w.Ann, acme).Organization().Members; n != 1 {
		t.Errorf("%d members are counted, want 1", n)
	}
	w.Join(t, w.Ann, acme, w.Cem, role.Viewer)
	if got := w.As(t, w.Cem, acme).Roles(); !slices.Equal(got, []role.Role{role.Viewer}) {
		t.Errorf("roles %v", got)
	}
}

// N01 N04 O15 U05 A37: a role in one organization says nothing about another.
func TestRolesAreOfOneOrganization(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Join(t, w.Zoe, other, w.Ben, role.Guest)
	if w.As(t, w.Ben, other).May(role.MembersRead) || !w.As(t, w.Ben, acme).May(role.MembersRead) {
		t.Error("a role crossed over")
	}
	frame, err := w.Roster.Frame(t.Context(), w.Ben.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(frame.Organizations) != 2 || frame.Organizations[0].Role != role.Admin || frame.Organizations[1].Role != role.Guest {
		t.Errorf("organizations %+v", frame.Organizations)
	}
	// O26 I9: an id of one organization does not work in another.
	_, err = w.Roster.ChangeRole(t.Context(), w.As(t, w.Zoe, other), w.Membership(t, w.Cem, acme), role.Guest)
	rostertest.Refused(t, err, fault.NotFound, "")
	_, err = w.Roster.Member(t.Context(), w.As(t, w.Zoe, other), w.Membership(t, w.Cem, acme), "")
	rostertest.Refused(t, err, fault.NotFound, "")
}

// C022: any word's start finds, and from three letters on whatever is inside, in any spelling; several words must all be
// there; wildcards are letters; the role narrows.
func TestSearch(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Join(t, w.Ann, acme, w.Person(t, "Élodie Marchand-Ibáñez", "e.marchand@acme.example"), role.Member)
	w.Join(t, w.Ann, acme, w.Person(t, "50% _Off\\", "sale@acme.example"), role.Member)
	w.Invite(t, w.Ann, acme, "Lin.Zhao@acme.example", role.Member)
	w.Invite(t, w.Zoe, other, "lin.foreign@acme.example", role.Member)
	a := w.As(t, w.Ann, acme)
	for search, want := range map[string]string{
		"élo": "Élodie Marchand-Ibáñez", "ELODIE": "Élodie Marchand-Ibáñez", "marchand elo": "Élodie Marchand-Ibáñez", "e.march": "Élodie Marchand-Ibáñez",
		"odie": "Élodie Marchand-Ibáñez", "od": "", "ibáñez odie arch": "Élodie Marchand-Ibáñez", "odie zoe": "", "50%": "50% _Off\\", "%": "", "_off\\": "50% _Off\\", "lin": "Lin.Zhao@acme.example", "zhao lin": "Lin.Zhao@acme.example", "N.ZHA": "Lin.Zhao@acme.example", "zh": "", "zoe": "", "x": "", "cem": "Cem Member",
	} {
		page, err := w.Roster.Members(t.Context(), a, roster.List{Search: search})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range page.Rows {
			got = append(got, row.Name+map[bool]string{true: row.Email}[row.Invitation])
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("search %q finds %v, want %q", search, got, want)
		}
	}
	page, err := w.Roster.Members(t.Context(), a, roster.List{Search: "a", Role: role.Owner})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].Name != "Ann Owner" {
		t.Errorf("owners with a: %+v, %v", page.Rows, err)
	}
	// Without invitations.read the list has members alone.
	page, err = w.Roster.Members(t.Context(), w.As(t, w.Cem, acme), roster.List{})
	if err != nil || len(page.Rows) != 7 || slices.ContainsFunc(page.Rows, func(r roster.Row) bool { return r.Invitation }) {
		t.Errorf("a member sees %d rows, %v", len(page.Rows), err)
	}
}

// I18: a cursor that no page of ours has is refused, whatever was done to it, and never asks the database.
func TestDamagedCursorsAreRefused(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	a := w.As(t, w.Ann, acme)
	variety(t, w)
	good := map[string]string{} // a cursor of each order
	for _, sort := range []string{"name", "role", "joined", "active"} {
		page, err := w.Roster.Members(t.Context(), a, roster.List{Sort: sort})
		if err != nil || page.Next == "" {
			t.Fatal(page.Next, err)
		}
		good[sort] = page.Next
	}
	for sort, cursor := range good {
		for _, damaged := range []string{"x", "====", strings.Repeat("A", 2000), "AAAAAAAAAAAAAAAAAAAAAP__", "..", "%00", "AAAAAAAAAAAAAAAAAAAAAAA", cursor + "=", cursor + "\n", cursor[:len(cursor)-1], cursor[:10], " " + cursor} {
			for _, list := range []roster.List{{Sort: sort, After: damaged}, {Sort: sort, Before: damaged}, {Sort: sort, Before: damaged, Down: true, Search: "a"}} {
				if _, err := w.Roster.Members(t.Context(), a, list); err != nil || sort == "joined" || sort == "active" {
					rostertest.Refused(t, err, fault.Malformed, "damaged") // a name with a letter less is a place like any other
				}
			}
		}
		// Each bit of it turned over: refused, or another place in this list.
		for bit := range 8 * len(cursor) {
			turned := []byte(cursor)
			turned[bit/8] ^= 1 << (bit % 8)
			if _, err := w.Roster.Members(t.Context(), a, roster.List{Sort: sort, After: string(turned)}); err != nil {
				rostertest.Refused(t, err, fault.Malformed, "damaged")
			}
		}
		_, err := w.Roster.Members(t.Context(), a, roster.List{Sort: sort, After: cursor, Before: cursor})
		rostertest.Refused(t, err, fault.Malformed, "damaged")
	}
	for _, list := range []roster.InvitationList{{}, {Show: "open"}, {Search: "wait"}} { // by when they were made, and end, and by address
		page, err := w.Roster.Invitations(t.Context(), a, list)
		if err != nil || page.Next == "" {
			t.Fatal(page.Next, err)
		}
		after := func(cursor string, refused bool) {
			list.After = cursor
			if _, err := w.Roster.Invitations(t.Context(), a, list); err != nil || refused {
				rostertest.Refused(t, err, fault.Malformed, "damaged")
			}
		}
		for _, damaged := range []string{"x", "====", strings.Repeat("A", 2000), "..", "%00", page.Next + "=", page.Next + "\n", page.Next[:10], " " + page.Next} {
			after(damaged, true)
		}
		for bit := range 8 * len(page.Next) {
			turned := []byte(page.Next)
			turned[bit/8] ^= 1 << (bit % 8)
			after(string(turned), false)
		}
	}
	for _, list := range []roster.List{{InvitedBy: "x"}, {InvitedBy: "mem_"}, {Active: "today"}, {Sort: "joined", After: good["name"]}, {Sort: "active", After: good["role"]}, {Sort: "role", After: good["name"]}} {
		_, err := w.Roster.Members(t.Context(), a, list)
		rostertest.Refused(t, err, fault.Malformed, "damaged")
	}
}

// N05 A07: a new organization is a few rows.
func TestThousandOrganizations(t *testing.T) {
	t.Parallel()
	w := rostertest.Empty(t)
	ann := w.Person(t, "Ann Owner", "ann@acme.example")
	for i := range 250 {
		w.Found(t, ann, fmt.Sprintf("Org %d", i), fmt.Sprintf("org-%d", i))
	}
	frame, err := w.Roster.Frame(t.Context(), ann.ID)
	if err != nil || len(frame.Organizations) != 50 || !frame.More { // U07
		t.Errorf("%d organizations in the frame, more %v, %v", len(frame.Organizations), frame.More, err)
	}
	mine, err := w.Roster.MyOrganizations(t.Context(), ann.ID, "org-24")
	if err != nil || len(mine) != 11 {
		t.Errorf("search finds %d, want 11, %v", len(mine), err)
	}
	// B229 B231 B232: by the fold of all lists, any part of a name.
	w.Found(t, ann, "Bäckerei Müller’s 小龙", "baker")
	for search, want := range map[string]int{"": 200, "muellers": 1, "müller's bäck": 1, "龙": 1, "BAKER": 1, "org 24 ü": 0} {
		if mine, err := w.Roster.MyOrganizations(t.Context(), ann.ID, search); err != nil || len(mine) != want {
			t.Errorf("%q finds %d, want %d, %v", search, len(mine), want, err)
		}
	}
}
