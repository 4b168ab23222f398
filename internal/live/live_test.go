package live_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/db/dbtest"
	"roster/internal/account"
	"roster/internal/live"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// Whatever the database announces is of a kind of which it is known who may hear of it; of others nobody hears. I80
func TestOfEveryKindItIsKnownWhoMayHear(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	const announced = `(SELECT split_part(encode(t.tgargs, 'escape'), '\000', 1) AS kind FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
		WHERE p.proname LIKE 'announce%' AND t.tgnargs > 0) a`
	if n := w.Count(t, `SELECT count(DISTINCT kind) FROM `+announced); n < 2 {
		t.Errorf("%d kinds are announced", n)
	}
	if n := w.Count(t, `SELECT count(*) FROM `+announced+` WHERE kind <> ALL ($1::text[])`, live.Kinds()); n != 0 {
		t.Errorf("of %d triggers nobody hears", n)
	}
}

// Every stream is looked at again within thirty seconds, though nothing was announced: an ended session, and a membership
// that the clock ends, which no change tells of. What has ended leaves nothing behind. I80
func TestStreamsAreLookedAtAgain(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	sessions, err := account.NewSessions(account.SessionConfig{DB: w.DB, Key: w.Key})
	if err != nil {
		t.Fatal(err)
	}
	l := live.New(w.DB, sessions, slog.New(slog.DiscardHandler))
	if usually := l.LookAgain(50 * time.Millisecond); usually > 25*time.Second {
		t.Errorf("all are looked at every %v", usually)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); l.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })

	join := func(p account.Person) (*live.Stream, uuid.UUID) {
		id := uuid.New()
		w.SQL(t, `INSERT INTO auth.sessions (token_digest, public_id, user_id, data, epoch, expires_at)
			SELECT sha256(convert_to($1::uuid::text, 'UTF8')), $1, $2, '', i.epoch, now() + interval '12 hours' FROM auth.instance i`, id, p.ID)
		s, err := l.Join(t.Context(), p.ID, id, 0)
		if err != nil {
			t.Fatal(err)
		}
		return s, id
	}
	until := func(s *live.Stream, what string, is func(live.Next) bool) {
		t.Helper()
		for {
			suite.Next(t, what, s.Wake())
			if is(l.Next(s)) {
				return
			}
		}
	}
	cem, _ := join(w.Cem)
	until(cem, "Cem is in Acme", func(n live.Next) bool { return len(n.Organizations) == 1 })
	w.SQL(t, `ALTER TABLE roster.memberships DISABLE TRIGGER memberships_announce_changed`)
	w.SQL(t, `UPDATE roster.memberships SET ends_at = now() WHERE user_id = $1`, w.Cem.ID)
	until(cem, "Cem is in Acme no more", func(n live.Next) bool { return n.Organizations != nil && len(n.Organizations) == 0 })

	ann, session := join(w.Ann)
	w.SQL(t, `DELETE FROM auth.sessions WHERE public_id = $1`, session)
	until(ann, "Ann's stream ends", func(n live.Next) bool { return n.End == live.Bye })

	l.Leave(cem)
	l.Leave(ann)
	if streams, kept := l.Held(); streams != 0 || kept != 0 {
		t.Errorf("%d streams and %d people or organizations are kept of nobody", streams, kept)
	}
}
