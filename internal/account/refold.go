package account

import (
	"context"
	"math/rand/v2"
	"time"

	"roster/db"
	"roster/db/authdb"
)

const (
	// FoldAtOnce is how many rows are folded anew in one transaction: others wait for none of them for long.
	FoldAtOnce = 200
	// pauseMin is the least that folding anew pauses for where somebody else had a row in hand.
	pauseMin = 50 * time.Millisecond
)

// Refold folds the names of all people anew that were folded by an older rule, and says how many these were. It may be
// ended at any time and begun again, and several nodes may do it at once: each row is done once.
func (a *Accounts) Refold(ctx context.Context) (int, error) {
	n, after := 0, authdb.PeopleToFoldRow{}
	err := FoldInTurns(ctx, func() (int, error) {
		var rows []authdb.PeopleToFoldRow
		err := a.db.Auth(ctx, func(q *authdb.Queries) error {
			if err := q.GiveWay(ctx); err != nil {
				return err
			}
			var err error
			rows, err = q.PeopleToFold(ctx, authdb.PeopleToFoldParams{Fold: FoldVersion, AfterFold: after.Fold, AfterID: after.ID, HowMany: FoldAtOnce})
			if err != nil || len(rows) == 0 {
				return err
			}
			fold := authdb.FoldPeopleParams{Fold: FoldVersion}
			for _, row := range rows {
				fold.Ids, fold.SortNames, fold.SearchTexts = append(fold.Ids, row.ID), append(fold.SortNames, SortName(row.Name)), append(fold.SearchTexts, SearchText(row.Name, row.Email))
			}
			return q.FoldPeople(ctx, fold)
		})
		if err != nil || len(rows) == 0 {
			return 0, err
		}
		after = rows[len(rows)-1]
		n += len(rows)
		return len(rows), nil
	})
	return n, wrap("fold names anew", err)
}

// FoldInTurns calls some, which folds a few rows in a transaction, until there are none left. After each it pauses for as
// long as that took, so that folding is at most half the work of one connection; where somebody else had a row in hand, it
// gave way and comes again.
func FoldInTurns(ctx context.Context, some func() (int, error)) error {
	for {
		began := time.Now()
		n, err := some()
		took := time.Since(began)
		switch {
		case db.Constraint(err) == lockNotGiven && ctx.Err() == nil:
			took = pauseMin + rand.N(pauseMin)
		case err != nil || n == 0:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(took):
		}
	}
}

// lockNotGiven is what PostgreSQL answers to whoever did not get a lock in time (lock_not_available).
const lockNotGiven = "55P03"

// Folds are the versions of the rule before this one.
func Folds() []int16 {
	var older []int16
	for v := range int16(FoldVersion) {
		older = append(older, v)
	}
	return older
}
