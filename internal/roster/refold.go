package roster

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/account"
)

// Refold folds the addresses of all invitations anew that were folded by an older rule, or by the program before this one,
// which did not fold them, and says how many these were. Which organizations have such is told to the worker alone; the
// work is done inside each. As with people (account.Refold), it may be ended at any time and done by several at once.
func (r *Roster) Refold(ctx context.Context) (int, error) {
	n, org := 0, uuid.Nil
	for {
		var err error
		if org, err = r.nextToFold(ctx, org); err != nil || org == uuid.Nil {
			return n, err
		}
		after := uuid.Nil
		err = account.FoldInTurns(ctx, func() (int, error) {
			var rows []rosterdb.InvitationsToFoldRow
			err := r.db.InOrg(ctx, org, func(q *rosterdb.Queries) error {
				var err error
				rows, err = q.InvitationsToFold(ctx, rosterdb.InvitationsToFoldParams{OrgID: org, Folds: account.Folds(), AfterID: after, HowMany: account.FoldAtOnce})
				if err != nil || len(rows) == 0 {
					return err
				}
				fold := rosterdb.FoldInvitationsParams{OrgID: org, Fold: account.FoldVersion}
				for _, row := range rows {
					fold.Ids, fold.SearchTexts = append(fold.Ids, row.ID), append(fold.SearchTexts, account.SearchText("", row.Email))
				}
				return q.FoldInvitations(ctx, fold)
			})
			if err != nil || len(rows) == 0 {
				return 0, err
			}
			after = rows[len(rows)-1].ID
			n += len(rows)
			return len(rows), nil
		})
		if err != nil {
			return n, wrap("fold invitations anew", err)
		}
	}
}

// nextToFold is the next organization in which an invitation is to be folded anew.
func (r *Roster) nextToFold(ctx context.Context, after uuid.UUID) (next uuid.UUID, err error) {
	err = pgx.BeginFunc(ctx, r.db.Jobs(), func(tx pgx.Tx) error {
		q, err := r.db.EnterJob(ctx, tx, uuid.Nil)
		if err != nil {
			return err
		}
		next, err = q.NextToFold(ctx, account.FoldVersion, after)
		return err
	})
	if err != nil {
		return next, fmt.Errorf("look for invitations to fold: %w", err)
	}
	return next, nil
}
