package roster

import (
	"context"
	"slices"

	"roster/db/rosterdb"
	"roster/internal/role"
)

// takeOver looks after the open invitations of somebody whose role is lowered, as far as they may not invite like that
// any more: whoever lowers it becomes the inviter, so that nobody who was invited stands before a closed door. If they
// lower themselves nobody takes them, and they are revoked, as when leaving. What was done is noted in before, for the
// way back.
func (r *Roster) takeOver(ctx context.Context, q *rosterdb.Queries, a Actor, p pair, roles []role.Role, before facts) error {
	var lost []string
	for _, one := range role.All {
		if may(p.target, one, a.Settings()) && !may(roles, one, a.Settings()) {
			lost = append(lost, string(one))
		}
	}
	if len(lost) == 0 {
		return nil
	}
	// What the one who takes over could not give either is revoked.
	taken := slices.DeleteFunc(slices.Clone(lost), func(one string) bool { return p.self || !may(p.actor, role.Role(one), a.Settings()) })
	lost = slices.DeleteFunc(lost, func(one string) bool { return slices.Contains(taken, one) })
	for _, part := range []struct {
		roles  []string
		revoke bool
	}{{lost, true}, {taken, false}} {
		if len(part.roles) == 0 {
			continue
		}
		rows, err := q.TakeInvitationsOver(ctx, rosterdb.TakeInvitationsOverParams{Revoke: part.revoke, TakenBy: a.person.ID, OrgID: a.org.ID, InvitedBy: p.UserID, Roles: part.roles})
		if err != nil {
			return err
		}
		var subjects named
		for _, i := range rows {
			subjects.add(i.ID, i.Email)
		}
		e, key := entry{event: InvitationTakenOver, subjectKind: "invitation", before: facts{"inviter": p.Name}, after: facts{"inviter": a.person.Name}}, "taken_over_invitations"
		if part.revoke {
			e, key = entry{event: InvitationRevoked, subjectKind: "invitation", before: facts{"state": "open"}, after: facts{"state": "revoked"}}, "revoked_invitations"
		}
		if len(subjects.ids) > 0 {
			before[key] = subjects.ids
		}
		if err := a.author().writeMany(ctx, q, e, subjects); err != nil {
			return err
		}
	}
	return nil
}

// may tells whether these roles may invite somebody as one.
func may(roles []role.Role, one role.Role, s role.Settings) bool {
	return role.May(roles, role.InvitationsCreate, s) && role.MayInviteAs(roles, one)
}
