package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"roster/db"
)

// Timeout bounds one attempt to send a letter. What is still being sent after twice this time is stuck, and whoever
// runs the worker rescues it. Letters of a node that died are taken over sooner: see Nodes.
const Timeout = 2 * time.Minute

// State is what became of an invitation's letter.
type State string

// A letter was taken by the mail server, will not be sent any more, waits for its turn, or will be tried again.
const (
	Sent    State = "sent"
	Failed  State = "failed"
	Held    State = "held"
	Waiting State = "queued"
)

// Delivery is what is reported about the letter of an invitation.
type Delivery struct {
	Org, Invitation string // UUIDs
	Sending         int    // which letter of the invitation; 0 if they were not counted
	State           State
	Detail          string // why not, a clause for people without an address in it; empty when sent
	MessageID       string
	JobID           int64
}

// Envelope is what the throttle knows of a letter.
type Envelope struct {
	Kind      Kind
	To        string // Norm
	Org       string // UUID, or empty
	Subject   string // UUID of what its secret opens, or empty
	Sending   int    // which letter about the subject
	By        string // UUID of who has it sent, or empty
	Network   string // digest of where they were, or empty
	MessageID string
	// Again says that this letter was let through before and failed: it is not counted twice.
	Again bool
}

// ErrNotWanted is what Allow answers about a letter whose cause has gone: it is dropped in silence.
var ErrNotWanted = errors.New("letter is no longer wanted")

// WorkerConfig is what a worker needs. Allow, Outcome, Retry, Nodes and Log may be left out.
type WorkerConfig struct {
	DB        Beginner // as the role that sees all jobs
	Sealer    *Sealer
	From      string // "Roster <no-reply@example.com>"
	Base      string // the public address that links begin with
	Transport Transport
	// Render turns a letter into words.
	Render func(l Letter, base string) (Rendered, error)
	// Allow says how long a letter has to wait for its turn. It counts what it lets through.
	Allow func(ctx context.Context, tx pgx.Tx, e Envelope) (time.Duration, error)
	// Outcome is told what became of an invitation's letter, in the transaction that ends the job.
	Outcome func(ctx context.Context, tx pgx.Tx, d Delivery) error
	// Retry is the wait after the attempt with this number, counted from 1.
	Retry func(attempt int) time.Duration
	// Nodes stops a letter that another node may take over.
	Nodes *Nodes
	Log   *slog.Logger
}

// Beginner begins transactions.
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Worker sends letters. A letter is given up, and that is reported, if its recipient does not exist, if its link runs
// out, or if it could not be sent in keepTime. Until then it is tried again: what stands in its way can be mended.
type Worker struct {
	river.WorkerDefaults[Args]
	config WorkerConfig
	from   *netmail.Address
	watch  *Watch
}

// NewWorker checks that everything is there.
func NewWorker(c WorkerConfig) (*Worker, error) {
	if c.DB == nil || c.Sealer == nil || c.Transport == nil || c.Render == nil || c.Base == "" {
		return nil, errors.New("make mail worker: a part is missing")
	}
	from, err := readFrom(c.From)
	if err != nil {
		return nil, fmt.Errorf("make mail worker: sender: %w", err)
	}

	if c.Allow == nil {
		c.Allow = func(context.Context, pgx.Tx, Envelope) (time.Duration, error) { return 0, nil }
	}
	if c.Outcome == nil {
		c.Outcome = func(context.Context, pgx.Tx, Delivery) error { return nil }
	}
	if c.Retry == nil {
		c.Retry = retryAfter
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Worker{config: c, from: from, watch: NewWatch(c.DB, c.Log)}, nil
}

// Timeout is how long River lets an attempt take.
func (w *Worker) Timeout(*river.Job[Args]) time.Duration { return Timeout }

// NextRetry is when River tries again: not after the link of the letter has run out, for then that is said.
func (w *Worker) NextRetry(job *river.Job[Args]) time.Time {
	next := time.Now().Add(w.config.Retry(job.Attempt))
	if read, ok := readers[job.Args.Letter]; ok {
		letter, err := read(job.Args.Data)
		if err != nil {
			return next
		}
		if end := letter.envelope().expires; !end.IsZero() && end.Before(next) && end.After(time.Now()) {
			return end.Add(time.Second)
		}
	}
	return next
}

// retryAfter waits a little at first, for most troubles pass at once, and some hours at last. Where the mail server as a
// whole was out of order, nobody waits so long: its recovery wakes the letters.
func retryAfter(attempt int) time.Duration {
	waits := []time.Duration{5 * time.Second, 20 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}
	return waits[min(max(attempt, 1), len(waits))-1]
}

// Work makes one attempt to send a letter.
func (w *Worker) Work(ctx context.Context, job *river.Job[Args]) error {
	if !w.config.Nodes.maySend() {
		return river.JobSnooze(leaveTime)
	}
	letter, err := job.Args.open(w.config.Sealer)
	if err != nil {
		return w.giveUp(ctx, job, "it could not be opened", river.JobCancel(err))
	}
	env := letter.envelope()
	if env.sealed && env.secret == "" {
		return river.JobCancel(errors.New("letter was finished before"))
	}
	to, err := ParseKnown(env.to)
	if err != nil {
		return w.giveUp(ctx, job, "the address is none", river.JobCancel(errors.New("recipient is not an address")))
	}

	wait, err := w.admit(ctx, job, to, env.expires)
	switch {
	case errors.Is(err, ErrNotWanted):
		return w.drop(ctx, job)
	case errors.Is(err, errExpired):
		return w.giveUp(ctx, job, join("its link ran out before it could be sent", lastDetail(job)), river.JobCancel(err))
	case err != nil:
		return w.fail(ctx, job, "it could not be sent", err)
	case wait > 0:
		return river.JobSnooze(wait)
	}

	message, err := w.compose(job, letter, to)
	if err != nil {
		return w.fail(ctx, job, "it could not be written", err)
	}
	sending, done := w.config.Nodes.sending(ctx)
	err = w.config.Transport.Send(sending, message)
	done()
	if err != nil {
		return w.fail(ctx, job, "the mail server could not be reached", err)
	}
	w.note(ctx, nil)
	w.config.Log.InfoContext(ctx, "letter sent", "letter", job.Args.Letter, "job", job.ID, "attempt", job.Attempt)
	return w.finish(ctx, job)
}

var errExpired = errors.New("letter's link ran out")

// admit asks whether the letter may leave now. No transaction stays open while a mail server is spoken to.
func (w *Worker) admit(ctx context.Context, job *river.Job[Args], to Address, expires time.Time) (wait time.Duration, err error) {
	err = pgx.BeginFunc(ctx, w.config.DB, func(tx pgx.Tx) error {
		if !expires.IsZero() {
			var expired bool
			if err := tx.QueryRow(ctx, `SELECT $1::timestamptz <= now()`, expires).Scan(&expired); err != nil {
				return fmt.Errorf("ask the clock: %w", err)
			}
			if expired {
				return errExpired
			}
		}

		wait, err = w.config.Allow(ctx, tx, Envelope{
			Kind: job.Args.Letter, To: to.Norm, Org: job.Args.OrgID, Subject: job.Args.Subject, Sending: job.Args.Sending,
			By: job.Args.By, Network: job.Args.Network, MessageID: job.Args.MessageID, Again: job.Attempt > 1,
		})
		if err != nil {
			return fmt.Errorf("ask whether letter may leave: %w", err)
		}
		if wait <= 0 {
			return nil
		}
		return w.report(ctx, tx, job.ID, job.Args, Held, "many letters were sent, so it goes out after "+time.Now().Add(wait).UTC().Format("2 Jan 2006, 15:04 UTC"))
	})
	return wait, err
}

// compose puts the letter into words and makes the message.
func (w *Worker) compose(job *river.Job[Args], letter Letter, to Address) (Message, error) {
	rendered, err := w.config.Render(letter, w.config.Base)
	if err != nil {
		return Message{}, fmt.Errorf("render letter: %w", err)
	}
	return compose(w.from, to, job.Args.MessageID, time.Now(), rendered)
}

// fail leaves the letter for another attempt, or gives it up when there is none. Either is one line of the log.
func (w *Worker) fail(ctx context.Context, job *river.Job[Args], detail string, err error) error {
	if ctx.Err() != nil || errors.Is(err, errLeft) {
		return err // an attempt that was stopped says nothing about the letter
	}
	var f *Failure
	if errors.As(err, &f) {
		w.note(ctx, f)
		detail = f.Detail()
		if f.Lasting {
			return w.giveUp(ctx, job, detail, river.JobCancel(err))
		}
	}
	if job.Attempt >= job.MaxAttempts {
		return w.giveUp(ctx, job, detail, err)
	}
	if time.Since(job.CreatedAt) >= keepTime {
		return w.giveUp(ctx, job, join("it could not be sent for five days", detail), river.JobCancel(err))
	}
	wait := time.Until(w.NextRetry(job)).Round(time.Second)
	w.config.Log.WarnContext(ctx, "letter not sent, and kept", append(logged(job, err), "again_in", wait)...)
	if job.Args.Letter != KindInvitation {
		return err
	}
	return errors.Join(err, pgx.BeginFunc(ctx, w.config.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE river.river_job SET metadata = metadata || jsonb_build_object($2::text, $3::text) WHERE id = $1`, job.ID, detailKey, detail); err != nil {
			return fmt.Errorf("note why letter waits: %w", err)
		}
		return w.report(ctx, tx, job.ID, job.Args, Waiting, detail)
	}))
}

// detailKey is where in a job's metadata it stands why the letter waits.
const detailKey = "waits"

// lastDetail is why the letter was not sent before, if it was tried.
func lastDetail(job *river.Job[Args]) string {
	var known map[string]any
	if json.Unmarshal(job.Metadata, &known) != nil {
		return ""
	}
	why, _ := known[detailKey].(string)
	return why
}

// join says what became of a letter, and why if that is known.
func join(what, why string) string {
	if why == "" {
		return what
	}
	return what + ", because " + why
}

// logged is what the log tells of an attempt that failed: no address, and nothing of the server's words.
func logged(job *river.Job[Args], err error) []any {
	attrs := []any{"letter", job.Args.Letter, "job", job.ID, "attempt", job.Attempt}
	var f *Failure
	switch {
	case !errors.As(err, &f):
		return append(attrs, "error", err)
	case f.Code == 0:
		return append(attrs, "stage", f.Stage, "about", f.About, "why", f.Reason)
	}
	attrs = append(attrs, "stage", f.Stage, "about", f.About, "code", f.Code)
	if f.Enhanced != "" {
		attrs = append(attrs, "enhanced", f.Enhanced)
	}
	return attrs
}

// note keeps what is known of the mail server. A letter's fate does not hang on that.
func (w *Worker) note(ctx context.Context, f *Failure) {
	if err := w.watch.Note(ctx, f); err != nil && ctx.Err() == nil {
		w.config.Log.WarnContext(ctx, "mail server's state was not kept", "error", err)
	}
}

// finish ends the job of a letter that was sent.
func (w *Worker) finish(ctx context.Context, job *river.Job[Args]) error {
	return w.end(ctx, job, func(ctx context.Context, tx pgx.Tx) error {
		if err := w.report(ctx, tx, job.ID, job.Args, Sent, ""); err != nil {
			return err
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return fmt.Errorf("complete job: %w", err)
		}
		return nil
	})
}

// giveUp reports that the letter will not be sent, and returns the error by which River ends the job.
func (w *Worker) giveUp(ctx context.Context, job *river.Job[Args], detail string, cause error) error {
	w.config.Log.WarnContext(ctx, "letter given up", append(logged(job, cause), "told", detail)...)
	err := w.end(ctx, job, func(ctx context.Context, tx pgx.Tx) error {
		return w.report(ctx, tx, job.ID, job.Args, Failed, detail)
	})
	if err != nil {
		return err
	}
	return cause
}

// drop ends the job of a letter that nobody wants any more.
func (w *Worker) drop(ctx context.Context, job *river.Job[Args]) error {
	if err := w.end(ctx, job, func(context.Context, pgx.Tx) error { return nil }); err != nil {
		return err
	}
	return river.JobCancel(ErrNotWanted)
}

// end erases the secret together with the last word about a letter. It is not given up with the attempt, nor while the
// database is away for a moment: what was sent was sent, and would be sent again.
func (w *Worker) end(ctx context.Context, job *river.Job[Args], last func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()

	for {
		err := pgx.BeginFunc(ctx, w.config.DB, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE river.river_job SET args = args - 'sealed' WHERE id = $1`, job.ID); err != nil {
				return fmt.Errorf("erase secret: %w", err)
			}
			return last(ctx, tx)
		})
		if err == nil {
			return nil
		}
		if !db.Unreachable(err) || pause(ctx, 100*time.Millisecond) != nil {
			return fmt.Errorf("end job of letter %d: %w", job.ID, err)
		}
	}
}

// pause lets a moment pass, unless the context ends first.
func pause(ctx context.Context, moment time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(moment):
		return nil
	}
}

// report tells what became of an invitation's letter. Nobody waits for news of the others.
func (w *Worker) report(ctx context.Context, tx pgx.Tx, id int64, args Args, state State, detail string) error {
	if args.Letter != KindInvitation {
		return nil
	}
	err := w.config.Outcome(ctx, tx, Delivery{
		Org: args.OrgID, Invitation: args.Subject, Sending: args.Sending, State: state, Detail: detail, MessageID: args.MessageID, JobID: id,
	})
	if err != nil {
		return fmt.Errorf("report delivery: %w", err)
	}
	return nil
}

// sweepMax is how many letters one sweep looks after.
const sweepMax = 500

// Sweep erases the secrets of letters whose jobs ended without their last word, as they do when a process dies at each
// attempt, and reports them. Run it every minute.
func (w *Worker) Sweep(ctx context.Context) error {
	err := pgx.BeginFunc(ctx, w.config.DB, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			UPDATE river.river_job
			SET args = args - 'sealed'
			WHERE id IN (
				SELECT id
				FROM river.river_job
				WHERE kind = 'letter' AND state IN ('cancelled', 'completed', 'discarded') AND args ? 'sealed'
				ORDER BY id
				LIMIT $1
				FOR UPDATE SKIP LOCKED
			)
			RETURNING id, state::text, args`, sweepMax)
		if err != nil {
			return err
		}
		type dead struct {
			ID    int64
			State string
			Args  []byte
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[dead])
		if err != nil {
			return err
		}

		for _, job := range found {
			var args Args
			if err := json.Unmarshal(job.Args, &args); err != nil {
				return fmt.Errorf("read job %d: %w", job.ID, err)
			}
			if job.State == "completed" {
				continue
			}
			if err := w.report(ctx, tx, job.ID, args, Failed, "the mail server could not be reached"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sweep letters: %w", err)
	}
	return nil
}
