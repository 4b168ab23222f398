package role

import (
	"slices"
	"testing"
)

var all = []Permission{OrganizationRead, MembersRead, MembersUpdateRole, MembersSuspend, MembersRemove, MembersExport, InvitationsRead, InvitationsCreate, InvitationsRevoke, RequestsDecide, AuditRead}

// C075 U08 N26 X25: the whole matrix of DESIGN.md 3, as far as it exists.
func TestMatrix(t *testing.T) {
	want := map[Role][]Permission{
		Owner:  all,
		Admin:  all,
		Member: {OrganizationRead, MembersRead},
		Viewer: {OrganizationRead, MembersRead},
		Guest:  {OrganizationRead},
	}
	for _, r := range All {
		for _, p := range all {
			if got := May([]Role{r}, p, Settings{}); got != slices.Contains(want[r], p) {
				t.Errorf("May(%s, %s) = %v", r, p, got)
			}
		}
	}
	for _, p := range []Permission{InvitationsRead, InvitationsCreate, InvitationsRevoke, RequestsDecide} {
		if !May([]Role{Member}, p, Settings{MembersMayInvite: true}) || May([]Role{Viewer}, p, Settings{MembersMayInvite: true}) {
			t.Errorf("members who may invite: %s", p)
		}
	}
	if May(nil, OrganizationRead, Settings{}) || May([]Role{"root"}, OrganizationRead, Settings{}) || May([]Role{Owner}, "everything", Settings{}) {
		t.Error("nobody, an unknown role or an unknown permission is allowed something")
	}
	if !May([]Role{Guest, Viewer}, MembersRead, Settings{}) {
		t.Error("two roles are not their union")
	}
}

// X25: the order, and what does not stand in it.
func TestAtLeast(t *testing.T) {
	for i, r := range All {
		for j, min := range All {
			if got := r.AtLeast(min); got != (i <= j) {
				t.Errorf("%s.AtLeast(%s) = %v", r, min, got)
			}
		}
		if Role("root").AtLeast(r) || Role("").AtLeast(r) {
			t.Errorf("an unknown role ranks at least %s", r)
		}
	}
}

// X26 C066 C082: who may give what.
func TestGrants(t *testing.T) {
	for actor, grantable := range map[Role][]Role{Owner: All, Admin: {Member, Viewer, Guest}, Member: {Member, Viewer, Guest}, Viewer: {}, Guest: {}} {
		if got := Grantable([]Role{actor}); !slices.Equal(got, grantable) {
			t.Errorf("%s grants %v, want %v", actor, got, grantable)
		}
	}
	if MayInviteAs([]Role{Owner}, Owner) || MayGrant([]Role{Owner}, "root") || MayGrant(nil, Guest) {
		t.Error("a role is given that may not be")
	}
	for _, actor := range All {
		for _, r := range All {
			if want := actor.AtLeast(Member) && r.AtLeast(Guest) && !r.AtLeast(Admin); MayShareAs([]Role{actor}, r) != want {
				t.Errorf("%s shares a link for %s: %v", actor, r, !want)
			}
		}
	}
}

// I68 I70: the cube of actor, old role and new role, for others and for oneself.
func TestMayTurn(t *testing.T) {
	for _, actor := range All {
		for _, from := range All {
			for _, to := range All {
				want := actor == Owner || actor == Admin && !from.AtLeast(Admin) && !to.AtLeast(Admin)
				if got := MayTurn([]Role{actor}, []Role{from}, []Role{to}, false); got != want {
					t.Errorf("%s turns %s into %s: %v", actor, from, to, got)
				}
			}
			want := actor.AtLeast(Admin) && actor.AtLeast(from)
			if got := MayTurn([]Role{actor}, []Role{actor}, []Role{from}, true); got != want {
				t.Errorf("%s makes themselves %s: %v", actor, from, got)
			}
		}
	}
	if MayTurn([]Role{Owner}, []Role{Member}, nil, false) {
		t.Error("somebody may be left without any role")
	}
}

func TestAsksFirst(t *testing.T) {
	for _, c := range []struct {
		from, to Role
		self     bool
		want     bool
	}{
		{Member, Admin, false, true}, {Admin, Member, false, true}, {Owner, Admin, false, true}, {Member, Owner, false, true},
		{Member, Viewer, false, false}, {Guest, Member, false, false}, {Admin, Admin, false, false}, {Admin, Guest, true, true},
	} {
		if got := AsksFirst([]Role{c.from}, []Role{c.to}, c.self); got != c.want {
			t.Errorf("%s to %s, self %v: %v", c.from, c.to, c.self, got)
		}
	}
}

// X24: unknown names are refused; every name has words.
func TestNames(t *testing.T) {
	for _, name := range []string{"", "root", "Owner", "owner ", "OWNER"} {
		if r, ok := Parse(name); ok {
			t.Errorf("Parse(%q) = %s", name, r)
		}
	}
	if got := ParseAll([]string{"owner", "root", "guest"}); !slices.Equal(got, []Role{Owner, Guest}) {
		t.Errorf("ParseAll = %v", got)
	}
	for _, r := range All {
		if r.Label() == "No role" || r.Explain() == "do nothing" || !slices.Equal(Names([]Role{r}), []string{string(r)}) {
			t.Errorf("%s has no words", r)
		}
	}
	for _, p := range all {
		if p.Label() == string(p) || p.Action() == string(p) {
			t.Errorf("%s has no words", p)
		}
	}
}
