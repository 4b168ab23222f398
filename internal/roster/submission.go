package roster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/account"
)

// A form that comes again is done once: after a double click, a page loaded again, a second try because the
// answer to the first was lost. What became of it is kept in the transaction that made the change, and is the
// answer from then on. Secrets are not kept.

// form is one filled-in form that somebody sent in an organization. Without an id it cannot be told from
// another one, and nothing is kept of it.
type form struct {
	org, person, id uuid.UUID
}

func (a Actor) form() form { return form{a.org.ID, a.person.ID, a.trace.Submission} }

// once does what a form asks for, under its organization's lock. First read looks at what the form is about,
// and at what became of the form if it came before (null in JSON: it did not). Then do makes the change and
// says whether there was one: a form that changed nothing may be sent again, and is judged anew.
//
// Both may run more than once and begin anew each time, for the database may let somebody else go first.
func once[Row, Outcome any](ctx context.Context, r *Roster, f form, read func(*rosterdb.Queries) (Row, []byte, error),
	do func(*rosterdb.Queries, Row) (Outcome, bool, error)) (Outcome, error) {
	var outcome, none Outcome
	err := r.db.InOrg(ctx, f.org, func(q *rosterdb.Queries) error {
		if err := q.LockOrganization(ctx, f.org); err != nil {
			return err
		}
		row, before, err := read(q)
		if err != nil {
			return err
		}
		if before != nil && !bytes.Equal(before, []byte("null")) {
			outcome = none
			if err := json.Unmarshal(before, &outcome); err != nil {
				return fmt.Errorf("read what became of a form: %w", err)
			}
			return nil
		}
		var changed bool
		if outcome, changed, err = do(q, row); err != nil || !changed || f.id == uuid.Nil {
			return err
		}
		kept, err := json.Marshal(outcome)
		if err != nil {
			return fmt.Errorf("keep what became of a form: %w", err)
		}
		return q.InsertSubmission(ctx, rosterdb.InsertSubmissionParams{OrgID: f.org, UserID: f.person, Submission: f.id, Outcome: kept})
	})
	if err != nil {
		return none, err
	}
	return outcome, nil
}

// CameBefore tells whether the form that the actor sends was done already, and is itself why they may not do the
// same again: they left, or gave away the role that it needs. Any other form needs what it always needs, however
// often it comes: whose role was lowered by somebody else is refused. Of an organization that somebody is not in any
// more they hear one thing only, that they left it.
func (r *Roster) CameBefore(ctx context.Context, a Actor) (bool, error) {
	f := a.form()
	if f.id == uuid.Nil {
		return false, nil
	}
	outcome, err := r.db.Read(f.org).GetSubmission(ctx, rosterdb.GetSubmissionParams{OrgID: f.org, UserID: f.person, Submission: f.id})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, wrap("look for a form that came before", err)
	}
	var done struct {
		ended
		Row struct{ You bool } // of a Change
	}
	if err := json.Unmarshal(outcome, &done); err != nil {
		return false, fmt.Errorf("read what became of a form: %w", err)
	}
	return done.Left || done.Row.You && len(a.roles) > 0, nil
}

// forgetAtOnce is how many old forms are forgotten in one transaction.
const forgetAtOnce = 1000

// forgetSubmissions forgets the forms that were done more than a day ago.
func (r *Roster) forgetSubmissions(ctx context.Context) error {
	for {
		n, err := r.db.Door().ForgetSubmissions(ctx, forgetAtOnce)
		if err != nil {
			return fmt.Errorf("forget old forms: %w", err)
		}
		if n < forgetAtOnce {
			return nil
		}
	}
}

// submitted gives a form that cannot be told from others an id that no other has.
func submitted(t account.Trace) uuid.UUID {
	if t.Submission == uuid.Nil {
		return uuid.New()
	}
	return t.Submission
}
