package roster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// How many letters leave, from SECURITY.md 0: what is above waits for the next window, and says so.
const (
	lettersPerRecipientAndHour   = 5   // of those that others cause
	invitationsOnFirstDay        = 100 // of an organization, and of a person in all organizations on their first day
	invitationsPerDay            = 10_000
	networkOnFirstDay            = 300 // likewise of all people of a network: several may begin in one office
	networkPerDay                = 20_000
	letterWindow, dailyWindow    = time.Hour, 24 * time.Hour
	subjectRecipient, subjectOrg = "to:", "org:"
	subjectBy, subjectFrom       = "by:", "from:"
	subjectNewBy, subjectNewFrom = "by-new:", "from-new:" // in organizations on their first day
)

// AllowLetter decides whether a letter may leave now; with a wait it is held that long. An invitation that
// was revoked or answered since is not wanted any more, nor one that a newer letter replaced, nor what its
// reader has turned off.
func (r *Roster) AllowLetter(ctx context.Context, tx pgx.Tx, e mail.Envelope) (time.Duration, error) {
	q, err := r.enterJob(ctx, tx, e.Org)
	if err != nil {
		return 0, err
	}
	limit, firstDay := 0, time.Duration(0)
	if slices.Contains(mail.Choices, e.Kind) {
		off, err := q.LetterOff(ctx, e.To, string(e.Kind))
		if err != nil {
			return 0, fmt.Errorf("ask whether a letter is turned off: %w", err)
		}
		if off {
			return 0, mail.ErrNotWanted
		}
	}
	if isInvitation(e.Kind) {
		org, err := uuid.Parse(e.Org)
		if err != nil {
			return 0, fmt.Errorf("read the organization of a letter: %w", err)
		}
		invitation, err := uuid.Parse(e.Subject)
		if err != nil {
			return 0, fmt.Errorf("read the invitation of a letter: %w", err)
		}
		facts, err := q.GetLetterFacts(ctx, org, invitation)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && (facts.State != "open" || e.Sending != 0 && e.Sending != int(facts.Sending)) {
			return 0, mail.ErrNotWanted
		}
		if err != nil {
			return 0, fmt.Errorf("look after an invitation: %w", err)
		}
		limit = invitationsPerDay
		if facts.FirstDay {
			limit, firstDay = invitationsOnFirstDay, time.Duration(facts.SecondsLeft*float64(time.Second))
		}
	}
	if e.Again {
		return 0, nil
	}
	if e.Org == "" {
		return 0, nil // a letter of an account was counted when it was asked for, and holds up none that others send
	}
	digest := sha256.Sum256([]byte(e.To))
	wait, err := overLimit(ctx, q, subjectRecipient+hex.EncodeToString(digest[:]), lettersPerRecipientAndHour, letterWindow)
	if wait > 0 || err != nil || limit == 0 {
		return wait, err
	}
	wait, err = overLimit(ctx, q, subjectOrg+e.Org, limit, dailyWindow)
	if err != nil || wait > 0 {
		return sooner(wait, firstDay), err
	}
	return overSender(ctx, q, e, firstDay)
}

// overSender counts what a person and a network send in all organizations: sixty new ones are no sixty allowances.
func overSender(ctx context.Context, q *rosterdb.Queries, e mail.Envelope, firstDay time.Duration) (time.Duration, error) {
	for _, sender := range []struct {
		name, all, fresh string
		limit, onFirst   int
	}{
		{e.By, subjectBy, subjectNewBy, invitationsPerDay, invitationsOnFirstDay},
		{e.Network, subjectFrom, subjectNewFrom, networkPerDay, networkOnFirstDay},
	} {
		if sender.name == "" { // of a Roster before this one, or nobody is at work
			continue
		}
		if firstDay > 0 {
			wait, err := overLimit(ctx, q, sender.fresh+sender.name, sender.onFirst, dailyWindow)
			if wait > 0 || err != nil {
				return sooner(wait, firstDay), err
			}
		}
		wait, err := overLimit(ctx, q, sender.all+sender.name, sender.limit, dailyWindow)
		if wait > 0 || err != nil {
			return wait, err
		}
	}
	return 0, nil
}

// sooner is a wait that ends with the first day of an organization.
func sooner(wait, firstDay time.Duration) time.Duration {
	if wait > 0 && firstDay > 0 {
		return min(wait, firstDay)
	}
	return wait
}

// isInvitation tells a letter that invites from those that tell something.
func isInvitation(k mail.Kind) bool {
	return k == mail.KindInvitation || k == mail.KindInvitationReminder
}

func overLimit(ctx context.Context, q *rosterdb.Queries, subject string, limit int, window time.Duration) (time.Duration, error) {
	row, err := q.CountLetter(ctx, subject, window.Seconds())
	if err != nil {
		return 0, fmt.Errorf("count a letter: %w", err)
	}
	if int(row.N) <= limit {
		return 0, nil
	}
	return max(time.Duration(row.SecondsLeft*float64(time.Second)), time.Second), nil
}

// LetterOutcome notes on the invitation what became of its letter, and tells the inviter if it came back. What is
// heard of a letter that was replaced meanwhile is no news.
func (r *Roster) LetterOutcome(ctx context.Context, tx pgx.Tx, d mail.Delivery) error {
	q, err := r.enterJob(ctx, tx, d.Org)
	if err != nil {
		return err
	}
	org, err := uuid.Parse(d.Org)
	if err != nil {
		return fmt.Errorf("read the organization of a letter: %w", err)
	}
	invitation, err := uuid.Parse(d.Invitation)
	if err != nil {
		return fmt.Errorf("read the invitation of a letter: %w", err)
	}
	noted, err := q.SetDelivery(ctx, rosterdb.SetDeliveryParams{Delivery: string(d.State), Detail: d.Detail, OrgID: org, InvitationID: invitation, Sending: int32(d.Sending)})
	if err != nil {
		return fmt.Errorf("note what became of a letter: %w", err)
	}
	if d.State != mail.Failed || len(noted) == 0 || noted[0].InviterEmail == "" {
		return nil
	}
	row := noted[0]
	return r.post(ctx, q, mail.InvitationBounced{To: row.InviterEmail, Organization: mail.Organization{ID: d.Org, Name: row.OrgName, Slug: row.OrgSlug},
		Email: row.Email, Role: role.Highest(role.ParseAll(row.Roles)).Label(), Why: d.Detail, Invitation: publicid.Invitation.Of(invitation), At: time.Now()})
}

// enterJob enters the organization that a job carries; a letter of an account has none.
func (r *Roster) enterJob(ctx context.Context, tx pgx.Tx, org string) (*rosterdb.Queries, error) {
	if org == "" {
		return r.db.EnterJob(ctx, tx, uuid.Nil)
	}
	id, err := uuid.Parse(org)
	if err != nil {
		return nil, fmt.Errorf("read the organization of a job: %w", err)
	}
	return r.db.EnterJob(ctx, tx, id)
}

// Housekeeping forgets what is old: how many letters were sent in windows that are over, forms, jobs and what they have
// written, and people's files. It writes about the invitations that are about to end, and those that ended.
func (r *Roster) Housekeeping(ctx context.Context) error {
	return errors.Join(r.forgetSubmissions(ctx), r.forgetJobs(ctx), r.eraseFiles(ctx), r.forgetImports(ctx), r.forgetLetterCounts(ctx), r.writeAboutEnds(ctx))
}

func (r *Roster) forgetLetterCounts(ctx context.Context) error {
	return pgx.BeginFunc(ctx, r.db.Jobs(), func(tx pgx.Tx) error {
		q, err := r.db.EnterJob(ctx, tx, uuid.Nil)
		if err != nil {
			return err
		}
		return q.DeleteOldLetterCounts(ctx)
	})
}
