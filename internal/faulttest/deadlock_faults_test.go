//go:build faults

package faulttest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"roster/internal/suite"
)

// R24: somebody locks the same rows the other way round, and PostgreSQL ends the program's transaction to resolve
// it. The program tries again; nobody sees an error of ours, and everything is done once.
func TestDeadlocksAreInvisible(t *testing.T) {
	t.Parallel()
	s := newSite(t, startPostgres(t, map[string]string{"deadlock_timeout": "40ms"}))
	n := s.start()
	ann, cem, dan := s.signUp(n, "Ann Owner"), s.signUp(n, "Cem Member"), s.signUp(n, "Dan Member")
	ann.found("acme")
	cem.join(ann, "acme")
	dan.join(ann, "acme")
	s.mature("acme")
	org := one[uuid.UUID](t, s.database, `SELECT id FROM roster.organizations WHERE slug = 'acme'`)

	// As the program's role, but it looks for a deadlock later: so mostly the program gives way.
	other := s.super(t)
	for _, sql := range []string{`SET deadlock_timeout = '300ms'`, `SET ROLE roster_app`, `SELECT set_config('roster.org_id', '` + org.String() + `', false)`} {
		if _, err := other.Exec(t.Context(), s.roles.In(sql)); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var opposing sync.WaitGroup
	defer opposing.Wait()
	defer sync.OnceFunc(func() { close(stop) })()
	opposing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := lockTheOtherWay(context.Background(), other, org); err != nil {
				t.Error(err)
				return
			}
			pause(stop, 100*time.Millisecond+rand.N(200*time.Millisecond))
		}
	})

	d := drive(t, ann, "acme", 4, cem, dan)
	suite.Until(t, "many deadlocks were resolved", func() bool {
		return s.count(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = $1`, s.name) >= roundsOr(40)
	})
	d.progress(10)
	d.halt()
	d.onlyKinds(http.StatusSeeOther, http.StatusServiceUnavailable)
	deadlocks, busy := s.count(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = $1`, s.name), d.tally()[http.StatusServiceUnavailable]
	if busy*10 > deadlocks { // who loses three times in a row is told to come back
		t.Errorf("of %d deadlocks %d were seen: %v", deadlocks, busy, n.reasons())
	}
	d.judge(s)
	t.Logf("%d deadlocks, %d seen", deadlocks, busy)
}

// reasons counts what the node wrote about requests that failed.
func (n *node) reasons() map[string]int {
	counts := map[string]int{}
	for line := range strings.Lines(n.said.String()) {
		if _, why, found := strings.Cut(line, "err="); found {
			counts[strings.TrimSpace(why)]++
		}
	}
	return counts
}

// lockTheOtherWay takes the memberships first and then the organization. The program takes them as they go down.
func lockTheOtherWay(ctx context.Context, conn *pgx.Conn, org uuid.UUID) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT 1 FROM roster.memberships WHERE org_id = $1 ORDER BY user_id FOR UPDATE`, org); err != nil {
			return err
		}
		pause(nil, 15*time.Millisecond) // somebody takes the organization meanwhile
		_, err := tx.Exec(ctx, `SELECT 1 FROM roster.organizations WHERE id = $1 FOR UPDATE`, org)
		return err
	})
	var gaveWay *pgconn.PgError
	if errors.As(err, &gaveWay) && gaveWay.Code == "40P01" {
		return nil
	}
	return err
}

// R24: what cannot be serialized is tried again, up to three times: the second failure in a row is invisible too.
func TestSerializationFailuresAreInvisible(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann, cem := s.signUp(n, "Ann Owner"), s.signUp(n, "Cem Member")
	ann.found("acme")
	cem.join(ann, "acme")
	s.mature("acme")
	// A sequence is not rolled back: of three attempts at a change two fail at its last statement.
	for _, sql := range []string{
		`CREATE SEQUENCE public.attempts`, `GRANT USAGE ON SCHEMA public TO roster_app`, `GRANT USAGE ON SEQUENCE public.attempts TO roster_app`,
		`CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('public.attempts') % 3 <> 0 THEN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END IF;
			RETURN NEW; END $$`,
		`CREATE TRIGGER fail BEFORE INSERT ON roster.audit_events FOR EACH ROW EXECUTE FUNCTION public.fail()`,
	} {
		s.exec(t, s.roles.In(sql))
	}
	d := drive(t, ann, "acme", 1, cem)
	d.progress(20)
	d.halt()
	d.onlyKinds(http.StatusSeeOther)
	if tried := s.count(t, `SELECT last_value FROM public.attempts`); tried < 60 {
		t.Errorf("of %d attempts two of three should have failed", tried)
	}
	d.judge(s)
}
