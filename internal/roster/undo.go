package roster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
)

// Undone is what an Undo brought back: a member or an invitation, and a sentence. Members and Open are how
// many members and open invitations the organization has then.
type Undone struct {
	Member     *Row
	Invitation *Invitation
	Together   bool // many invitations at once
	Text       string
	Members    int
	Open       int
}

// snapshot is what an audit entry keeps for the way back.
type snapshot struct {
	Roles     []role.Role `json:"roles"`
	Status    string      `json:"status"`
	Version   int64       `json:"version"`
	State     string      `json:"state"`
	DecidedAt time.Time   `json:"decided_at"`
	Revoked   []uuid.UUID `json:"revoked_invitations"`
	TakenOver []uuid.UUID `json:"taken_over_invitations"`
}

// Undo takes one's own change back, within ten minutes, if nothing has changed since. The same rules hold
// as for making the change by hand; the log keeps both.
func (r *Roster) Undo(ctx context.Context, a Actor, id string) (Undone, error) {
	event, ok := publicid.Event.Parse(id)
	if !ok {
		return Undone{}, fault.Missing()
	}
	undone, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetUndoableRow, []byte, error) {
		e, err := q.GetUndoable(ctx, rosterdb.GetUndoableParams{OrgID: a.org.ID, EventID: event, UserID: a.person.ID, Submission: a.trace.Submission})
		if errors.Is(err, pgx.ErrNoRows) || err == nil && deref(e.ActorID) != a.person.ID {
			return e, nil, fault.Missing()
		}
		return e, e.DoneBefore, err
	}, func(q *rosterdb.Queries, e rosterdb.GetUndoableRow) (Undone, bool, error) {
		undone, err := r.undo(ctx, q, a, e)
		return undone, true, err
	})
	switch db.Constraint(err) {
	case "RO001":
		return Undone{}, lastOwner(a)
	case "audit_events_undone_once":
		return Undone{}, fault.New(fault.Conflict, "This was undone already.")
	case "invitations_one_open":
		return Undone{}, invitedSince()
	}
	return undone, wrap("undo", err)
}

func (r *Roster) undo(ctx context.Context, q *rosterdb.Queries, a Actor, e rosterdb.GetUndoableRow) (Undone, error) {
	undone := Undone{Members: a.org.Members, Open: a.org.OpenInvitations}
	switch {
	case e.Undone:
		return undone, fault.New(fault.Conflict, "This was undone already.")
	case !e.Fresh:
		return undone, fault.New(fault.Conflict, "Undo is possible for 10 minutes. Nothing was changed.")
	}
	var before, after snapshot
	if err := json.Unmarshal(e.Before, &before); err != nil {
		return undone, fmt.Errorf("read the entry to undo: %w", err)
	}
	if err := json.Unmarshal(e.After, &after); err != nil {
		return undone, fmt.Errorf("read the entry to undo: %w", err)
	}
	switch e.Event {
	case RolesChanged, MemberSuspended, MemberReactivated, MemberRemoved:
		err := r.undoMember(ctx, q, a, e, before, after, &undone)
		return undone, err
	case InvitationRevoked, InvitationRoleChanged:
		err := r.undoInvitation(ctx, q, a, e, before, after, &undone)
		return undone, err
	case InvitationsRevoked:
		err := r.undoTogether(ctx, q, a, e, before, &undone)
		return undone, err
	}
	return undone, fault.Missing()
}

// changedSince refuses to undo what somebody else has touched.
func changedSince(name string) error {
	return fault.New(fault.Conflict, fmt.Sprintf("%s was changed again since. Nothing was undone.", name))
}

func (r *Roster) undoMember(ctx context.Context, q *rosterdb.Queries, a Actor, e rosterdb.GetUndoableRow, before, after snapshot, undone *Undone) error {
	row, err := q.GetPair(ctx, rosterdb.GetPairParams{OrgID: a.org.ID, MembershipID: e.SubjectID, ActorID: a.person.ID})
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Missing()
	}
	if err != nil {
		return err
	}
	p := pair{row, role.ParseAll(row.ActorRoles), role.ParseAll(row.Roles), row.UserID == a.person.ID}
	roles, status := p.target, p.Status
	if before.Roles != nil {
		roles = before.Roles
	}
	if before.Status != "" {
		status = before.Status
	}
	permission := map[string]role.Permission{RolesChanged: role.MembersUpdateRole, MemberSuspended: role.MembersSuspend,
		MemberReactivated: role.MembersSuspend, MemberRemoved: role.MembersRemove}[e.Event]
	switch {
	case p.ActorStatus != "active":
		return lostAccess(a)
	case p.Version != after.Version:
		return changedSince(p.Name)
	case !role.May(p.actor, permission, a.Settings()):
		return notAllowed(p.actor, permission)
	// What somebody had is given back only by who could give it anew. A role of one's own that was given
	// away stays away.
	case !role.MayTurn(p.actor, orGuest(p.target), roles, p.self):
		return mayNotTurn(p, role.Highest(roles))
	}
	if err := r.setRoles(ctx, q, a, p, roles, status); err != nil {
		return err
	}
	var reopened, givenBack, revoked named
	if e.Event == MemberRemoved { // nobody is a member and invited: as when joining
		rows, err := q.RevokeInvitationsTo(ctx, a.org.ID, p.EmailNorm)
		if err != nil {
			return err
		}
		for _, i := range rows {
			revoked.add(i.ID, i.Email)
		}
	}
	if len(before.Revoked) > 0 {
		rows, err := q.ReopenInvitations(ctx, rosterdb.ReopenInvitationsParams{OrgID: a.org.ID, Ids: before.Revoked, ActorID: a.person.ID})
		if err != nil {
			return err
		}
		for _, i := range rows {
			reopened.add(i.ID, i.Email)
		}
	}
	if len(before.TakenOver) > 0 {
		rows, err := q.GiveInvitationsBack(ctx, rosterdb.GiveInvitationsBackParams{OrgID: a.org.ID, InvitedBy: p.UserID, Ids: before.TakenOver, TakenBy: a.person.ID})
		if err != nil {
			return err
		}
		for _, i := range rows {
			givenBack.add(i.ID, i.Email)
		}
	}
	if err := a.author().writeMany(ctx, q, entry{event: InvitationRevoked, subjectKind: "invitation", before: facts{"state": "open"}, after: facts{"state": "revoked"}}, revoked); err != nil {
		return err
	}
	if err := a.author().writeMany(ctx, q, entry{event: InvitationReopened, subjectKind: "invitation", before: facts{"state": "revoked"}, after: facts{"state": "open"}}, reopened); err != nil {
		return err
	}
	if err := a.author().writeMany(ctx, q, entry{event: InvitationTakenOver, subjectKind: "invitation", before: facts{"inviter": a.person.Name}, after: facts{"inviter": p.Name}}, givenBack); err != nil {
		return err
	}
	event := e.Event
	if e.Event == MemberRemoved {
		event = MemberRestored
	}
	written, err := a.author().write(ctx, q, entry{event: event, subjectKind: "membership", subject: p.ID, name: p.Name, undoes: &e.ID,
		before: facts{"roles": p.target, "status": p.Status}, after: facts{"roles": roles, "status": status, "version": p.Version + 1}})
	if err == nil {
		err = r.tellLater(ctx, q, a, p, written) // what was before it, if that stands again
	}
	restored := a.rowOf(p, status, roles)
	undone.Member = &restored
	switch e.Event {
	case RolesChanged:
		undone.Text = fmt.Sprintf("%s is %s again.", p.Name, role.Highest(roles).WithArticle())
	case MemberSuspended:
		undone.Text = fmt.Sprintf("%s is active again.", p.Name)
	case MemberReactivated:
		undone.Text = fmt.Sprintf("%s is suspended again.", p.Name)
	case MemberRemoved:
		undone.Members++
		undone.Text = fmt.Sprintf("%s is back as %s.", p.Name, role.Highest(roles).WithArticle())
	}
	return err
}

// orGuest lets an ended membership, which has no role, be judged as the lowest.
func orGuest(roles []role.Role) []role.Role {
	if len(roles) == 0 {
		return []role.Role{role.Guest}
	}
	return roles
}

func invitedSince() error {
	return fault.New(fault.Conflict, "This address was invited again since. Nothing was changed.")
}

func memberNow(email string) error {
	return fault.New(fault.Conflict, fmt.Sprintf("%s belongs to a member now. Nothing was changed.", email))
}

func (r *Roster) undoInvitation(ctx context.Context, q *rosterdb.Queries, a Actor, e rosterdb.GetUndoableRow, before, after snapshot, undone *Undone) error {
	row, err := q.GetInvitation(ctx, rosterdb.GetInvitationParams{OrgID: a.org.ID, InvitationID: e.SubjectID, ActorID: a.person.ID})
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Missing()
	}
	if err != nil {
		return err
	}
	actor := role.ParseAll(row.ActorRoles)
	roles := role.ParseAll(row.Roles)
	if before.Roles != nil {
		roles = before.Roles
	}
	switch {
	case row.ActorStatus != "active":
		return lostAccess(a)
	case !role.May(actor, role.InvitationsRevoke, role.Settings{MembersMayInvite: row.MembersMayInvite}):
		return notAllowed(actor, role.InvitationsRevoke)
	case row.Version != after.Version:
		return changedSince(row.Email)
	}
	for _, one := range roles {
		if !role.MayInviteAs(actor, one) {
			return mayNotInviteAs(actor, one)
		}
	}
	event, state := InvitationReopened, "open"
	switch {
	case e.Event == InvitationRevoked && before.State == "declined":
		// As it was: declined, and still to be joined by. Not beside a newer one, nor by somebody who is inside.
		switch {
		case row.InvitedAgain:
			return invitedSince()
		case row.IsMember:
			return memberNow(row.Email)
		}
		event, state = InvitationReopened, "declined"
		err = q.RestoreDeclined(ctx, rosterdb.RestoreDeclinedParams{DecidedAt: before.DecidedAt, OrgID: a.org.ID, InvitationID: row.ID})
	case e.Event == InvitationRevoked:
		var reopened []rosterdb.ReopenInvitationsRow
		reopened, err = q.ReopenInvitations(ctx, rosterdb.ReopenInvitationsParams{OrgID: a.org.ID, Ids: []uuid.UUID{row.ID}, ActorID: a.person.ID})
		switch {
		case err != nil || len(reopened) > 0:
		case row.InvitedAgain:
			return invitedSince()
		case row.Blocked:
			return fault.New(fault.Conflict, askedNotToBe)
		default:
			return memberNow(row.Email)
		}
	default:
		event = InvitationRoleChanged
		err = q.SetInvitationRoles(ctx, rosterdb.SetInvitationRolesParams{Roles: role.Names(roles), OrgID: a.org.ID, InvitationID: row.ID})
	}
	if err != nil {
		return err
	}
	_, err = a.author().write(ctx, q, entry{event: event, subjectKind: "invitation", subject: row.ID, name: row.Email, undoes: &e.ID,
		before: facts{"state": row.State, "roles": role.ParseAll(row.Roles)}, after: facts{"state": state, "roles": roles, "version": row.Version + 1}})
	restored := invitationOf(row)
	restored.State, restored.Roles = state, roles
	switch {
	case state == "declined":
		restored.Decided = before.DecidedAt
	case row.Expired:
		restored.State = "expired"
	case event == InvitationReopened:
		undone.Open++
	}
	undone.Invitation = &restored
	undone.Text = fmt.Sprintf("The invitation of %s is open again.", row.Email)
	if state == "declined" {
		undone.Text = fmt.Sprintf("The invitation of %s is no longer revoked.", row.Email)
	}
	if event == InvitationRoleChanged {
		undone.Text = fmt.Sprintf("%s is invited as %s again.", row.Email, role.Highest(roles).WithArticle())
	}
	return err
}
