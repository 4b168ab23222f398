package roster

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// Housekeeping writes about invitations that end: to the invitee when two days are left and nobody has done anything
// with it, and to the inviter when nobody came. Which organizations have something due is told to the worker alone;
// the work is done inside each, under its lock.

const (
	dueAtOnce     = 1000 // how many due invitations are looked at to find their organizations
	remindAtOnce  = 100  // reminders in one transaction
	expiredNamed  = 20   // in the letter to an inviter; more are counted
	housekeeperIs = "Roster"
)

// writeAboutEnds goes on until nothing is due.
func (r *Roster) writeAboutEnds(ctx context.Context) error {
	if !r.mails {
		return nil
	}
	for {
		orgs, err := r.organizationsDue(ctx)
		if err != nil || len(orgs) == 0 {
			return err
		}
		for _, org := range orgs {
			if err := r.db.InOrg(ctx, org, func(q *rosterdb.Queries) error {
				if err := q.LockOrganization(ctx, org); err != nil {
					return err
				}
				if err := r.remind(ctx, q, org); err != nil {
					return err
				}
				return r.tellExpired(ctx, q, org)
			}); err != nil {
				return fmt.Errorf("write about invitations that end: %w", err)
			}
		}
	}
}

func (r *Roster) organizationsDue(ctx context.Context) (orgs []uuid.UUID, err error) {
	err = pgx.BeginFunc(ctx, r.db.Jobs(), func(tx pgx.Tx) error {
		q, err := r.db.EnterJob(ctx, tx, uuid.Nil)
		if err != nil {
			return err
		}
		orgs, err = q.OrganizationsDue(ctx, dueAtOnce)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for invitations that end: %w", err)
	}
	return orgs, nil
}

// remind writes to the invitees of one batch. Only digests of tokens are kept, so the letter brings a link of its own,
// which works beside the first one. An invitation that could not be joined by is not reminded of.
func (r *Roster) remind(ctx context.Context, q *rosterdb.Queries, org uuid.UUID) error {
	rows, err := q.RemindInvitations(ctx, org, remindAtOnce)
	if err != nil {
		return err
	}
	var subjects named
	var digests [][]byte
	var letters []mail.Letter
	for _, row := range rows {
		if row.OrgStatus != "active" || !stillInvites(row.InviterStatus, row.InviterRoles, row.Roles, row.MembersMayInvite) {
			continue
		}
		t, as := newToken(org), role.Highest(role.ParseAll(row.Roles))
		subjects.add(row.ID, row.Email)
		digests = append(digests, t.digest)
		letters = append(letters, mail.InvitationReminder{To: row.Email, Organization: mail.Organization{ID: org.String(), Name: row.OrgName, Slug: row.OrgSlug},
			Inviter: mail.Person{Name: row.InviterName, Email: row.InviterEmail}, ID: row.ID.String(), Role: as.Label(), Explanation: "you can " + as.Explain(),
			Expires: row.ExpiresAt, Sending: int(row.Sending), Token: mail.Secret(t.text)})
	}
	if len(letters) == 0 {
		return nil
	}
	if err := q.InsertInvitationTokens(ctx, rosterdb.InsertInvitationTokensParams{OrgID: org, Digests: digests, InvitationIds: subjects.ids, Kind: "mailed"}); err != nil {
		return err
	}
	if err := r.post(ctx, q, letters...); err != nil {
		return err
	}
	return housekeeper(org).writeMany(ctx, q, entry{event: InvitationReminded, subjectKind: "invitation"}, subjects)
}

// housekeeper is the author of what nobody pressed.
func housekeeper(org uuid.UUID) author { return author{org: org, kind: "system", name: housekeeperIs} }

// tellExpired writes one letter to each inviter whose invitations ended yesterday, or while nobody kept house.
func (r *Roster) tellExpired(ctx context.Context, q *rosterdb.Queries, org uuid.UUID) error {
	rows, err := q.TellExpired(ctx, org)
	if err != nil {
		return err
	}
	byInviter := map[uuid.UUID]*mail.InvitationExpired{}
	var letters []mail.Letter
	var inviters []uuid.UUID // in the order of the rows
	for _, row := range rows {
		if row.InviterEmail == "" || row.OrgStatus != "active" {
			continue
		}
		letter := byInviter[row.InvitedBy]
		if letter == nil {
			letter = &mail.InvitationExpired{To: row.InviterEmail, Organization: mail.Organization{ID: org.String(), Name: row.OrgName, Slug: row.OrgSlug}}
			byInviter[row.InvitedBy] = letter
			inviters = append(inviters, row.InvitedBy)
		}
		if len(letter.Invitations) == expiredNamed {
			letter.More++
			continue
		}
		letter.Invitations = append(letter.Invitations, mail.ExpiredInvitation{Email: row.Email, Role: role.Highest(role.ParseAll(row.Roles)).Label(),
			Invitation: publicid.Invitation.Of(row.ID)})
	}
	for _, inviter := range inviters {
		letters = append(letters, *byInviter[inviter])
	}
	return r.post(ctx, q, letters...)
}
