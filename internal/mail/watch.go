package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// What is known of the mail server is kept in the database, for all nodes and past a restart: the last word of any
// letter, probe or test. So an operator hears of a trouble before the first letter is missed, and once it is over, the
// letters that waited for that leave at once.

// How often the server is looked at where no letter goes out: more often while there is trouble that a look can see.
const (
	probeWell = 5 * time.Minute
	probeIll  = time.Minute
)

// Prober looks whether a mail server is there.
type Prober interface {
	Probe(ctx context.Context) error
}

// Watch keeps what is known of the mail server.
type Watch struct {
	db  Beginner
	log *slog.Logger
}

// NewWatch keeps it in a database, as the role that sees all jobs.
func NewWatch(db Beginner, log *slog.Logger) *Watch {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Watch{db, log}
}

// Note keeps what was found: nil is a letter that was taken. What is no trouble of the server or of this installation is
// not kept. When the server takes letters again, those that wait are woken.
func (w *Watch) Note(ctx context.Context, f *Failure) error {
	if f != nil && !f.Operators() {
		return nil
	}
	err := pgx.BeginFunc(ctx, w.db, func(tx pgx.Tx) error {
		if f == nil {
			return w.well(ctx, tx)
		}
		return w.ill(ctx, tx, f)
	})
	if err != nil {
		return fmt.Errorf("note how the mail server is: %w", err)
	}
	return nil
}

func (w *Watch) ill(ctx context.Context, tx pgx.Tx, f *Failure) error {
	_, err := tx.Exec(ctx, `
		UPDATE platform.mail_server
		SET trouble = $1, reached = $2, since = CASE trouble WHEN '' THEN now() ELSE since END, tried_at = now()
		WHERE trouble <> $1 OR reached <> $2 OR tried_at < now() - interval '10 seconds'`, f.public(), f.Reached())
	return err
}

func (w *Watch) well(ctx context.Context, tx pgx.Tx) error {
	tag, err := tx.Exec(ctx, `UPDATE platform.mail_server SET trouble = '', reached = false, since = now(), tried_at = now() WHERE trouble <> ''`)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 { // as before; not every letter has to write that down
		_, err := tx.Exec(ctx, `UPDATE platform.mail_server SET tried_at = now() WHERE tried_at < now() - interval '10 seconds'`)
		return err
	}
	woken, err := wake(ctx, tx)
	if err == nil {
		w.log.InfoContext(ctx, "mail server takes letters again", "woken", woken)
	}
	return err
}

// wake lets the letters that wait for another attempt have it now. Each is left alone for a while, and longer the more
// often it was tried: a server that takes one letter and refuses the next does not use up its attempts.
func wake(ctx context.Context, tx pgx.Tx) (int64, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE river.river_job
		SET scheduled_at = now()
		WHERE kind = 'letter' AND state = 'retryable' AND scheduled_at > now() AND attempted_at < now() - least(attempt * 20, 600) * interval '1 second'`)
	if err != nil {
		return 0, fmt.Errorf("wake letters: %w", err)
	}
	return tag.RowsAffected(), nil
}

// Begin is called when a node starts: perhaps because somebody has mended what was out of order, so letters are tried
// once.
func (w *Watch) Begin(ctx context.Context) error {
	return pgx.BeginFunc(ctx, w.db, func(tx pgx.Tx) error {
		var trouble string
		if err := tx.QueryRow(ctx, `SELECT trouble FROM platform.mail_server`).Scan(&trouble); err != nil || trouble == "" {
			return err
		}
		_, err := wake(ctx, tx)
		return err
	})
}

// Look probes the server, if nobody else has spoken to it for a while. Call it once a minute.
func (w *Watch) Look(ctx context.Context, server Prober) error {
	var trouble string
	var reached bool
	err := pgx.BeginFunc(ctx, w.db, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			UPDATE platform.mail_server
			SET tried_at = now()
			WHERE tried_at < now() - CASE WHEN trouble = '' THEN $1::interval ELSE $2::interval END
			RETURNING trouble, reached`, probeWell-probeIll/2, probeIll-probeIll/2).Scan(&trouble, &reached)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // another node, or a letter
	}
	if err != nil {
		return fmt.Errorf("look when the mail server was tried: %w", err)
	}
	err = server.Probe(ctx)
	var f *Failure
	switch {
	case errors.As(err, &f):
		if !f.Operators() {
			return nil
		}
		if trouble != f.public() {
			w.log.WarnContext(ctx, "mail server cannot be used", "stage", f.Stage, "about", f.About, "code", f.Code, "why", f.Reason, "do", f.Advice())
		}
		return w.Note(ctx, f)
	case err != nil:
		return err
	case trouble != "" && reached:
		return nil // it knew of a letter when it refused; that it is there says nothing
	}
	return w.Note(ctx, nil)
}

// public is the failure for everybody who may read how an installation is: without host, name and address.
func (f *Failure) public() string {
	if f.Code == 0 {
		return fmt.Sprintf("the mail server cannot be used: at %s, %s", f.Stage, f.Reason)
	}
	return f.Error() + ", which is about the " + map[Party]string{AboutSender: "sender (ROSTER_MAIL_FROM)", AboutClient: "client (this installation)", AboutLogIn: "log-in",
		AboutPolicy: "server's rules", AboutContent: "letter's content", AboutServer: "server", AboutRecipient: "recipient"}[f.About]
}
