package prove

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/rosterdb"
)

// poolFamily uses the program's own doors, on a pool with one connection: whatever becomes of a transaction
// in canary B, whoever gets its connection next is nowhere and sees nothing.
func poolFamily(ctx context.Context, p *proof) error {
	if !p.wants("pool") {
		return nil
	}
	watch := &watcher{}
	doors, err := db.Open(ctx, db.Config{App: p.Config.App, ContextKey: p.Config.ContextKey, MaxConns: 1, Tracer: watch})
	if err != nil {
		return err
	}
	defer doors.Close()
	h := &hygiene{proof: p, doors: doors, watch: watch}
	for _, end := range h.endings() {
		h.try(ctx, end)
	}
	h.control(ctx)
	return nil
}

// watcher knows the pool's only connection.
type watcher struct{ conn *pgx.Conn }

// TraceConnectStart implements pgx.ConnectTracer.
func (w *watcher) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}

// TraceConnectEnd implements pgx.ConnectTracer.
func (w *watcher) TraceConnectEnd(_ context.Context, data pgx.TraceConnectEndData) {
	if data.Err == nil {
		w.conn = data.Conn
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (w *watcher) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (w *watcher) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

type hygiene struct {
	*proof
	doors *db.DB
	watch *watcher
}

// ending is one way in which a transaction in canary B ends.
type ending struct {
	name  string
	fails bool // it ends with an error or a panic
	run   func(ctx context.Context) error
}

var errOnPurpose = errors.New("on purpose")

func (h *hygiene) endings() []ending {
	b := h.b.org
	count := func(ctx context.Context, q *rosterdb.Queries) error { _, err := q.ListOwners(ctx, b); return err }
	raw := func(ctx context.Context, sql string) error { _, err := h.watch.conn.Exec(ctx, sql); return err }
	// in runs fn in canary B, after a first question has begun the transaction.
	in := func(fn func(context.Context, *rosterdb.Queries) error) func(context.Context) error {
		return func(ctx context.Context) error {
			return h.doors.InOrg(ctx, b, func(q *rosterdb.Queries) error { return errors.Join(count(ctx, q), fn(ctx, q)) })
		}
	}
	statement := func(sql string) func(context.Context) error {
		return in(func(ctx context.Context, _ *rosterdb.Queries) error { return raw(ctx, sql) })
	}
	return []ending{
		{"a look", false, func(ctx context.Context) error { return count(ctx, h.doors.Read(b)) }},
		{"a look that is refused", true, func(ctx context.Context) error { _, err := h.doors.Read(b).CountLetter(ctx, "to:x", 60); return err }},
		{"a look that tries to write", true, func(ctx context.Context) error {
			_, err := h.doors.Read(b).RevokeInvitationsTo(ctx, b, "x")
			return err
		}},
		{"commit", false, in(func(context.Context, *rosterdb.Queries) error { return nil })},
		{"nothing was asked", false, func(ctx context.Context) error {
			return h.doors.InOrg(ctx, b, func(*rosterdb.Queries) error { return nil })
		}},
		{"rollback, by an error", true, in(func(context.Context, *rosterdb.Queries) error { return errOnPurpose })},
		{"panic", true, in(func(context.Context, *rosterdb.Queries) error { panic(errOnPurpose) })},
		{"the goroutine ends", true, func(ctx context.Context) error {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = in(func(context.Context, *rosterdb.Queries) error { runtime.Goexit(); return nil })(ctx)
			}()
			<-ended
			return errOnPurpose
		}},
		{"cancelled between two questions", true, func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			return in(func(ctx context.Context, q *rosterdb.Queries) error { cancel(); return count(ctx, q) })(ctx)
		}},
		{"cancelled before the commit", true, func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			return in(func(context.Context, *rosterdb.Queries) error { cancel(); return nil })(ctx)
		}},
		{"cancelled while the server works", true, func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			return in(func(ctx context.Context, _ *rosterdb.Queries) error {
				rows, err := h.watch.conn.Query(ctx, `SELECT n, pg_sleep(0.05) FROM generate_series(1, 100) n`)
				cancel()
				rows.Close()
				return errors.Join(err, rows.Err())
			})(ctx)
		}},
		{"SQL error, in the first question", true, func(ctx context.Context) error {
			return h.doors.InOrg(ctx, b, func(q *rosterdb.Queries) error { _, err := q.CountLetter(ctx, "to:x", 60); return err })
		}},
		{"SQL error, later", true, statement(`SELECT 1 / 0`)},
		{"SQL error that is swallowed", true, in(func(ctx context.Context, _ *rosterdb.Queries) error { _ = raw(ctx, `SELECT 1 / 0`); return nil })},
		{"SQL error at the commit", true, in(func(ctx context.Context, q *rosterdb.Queries) error {
			return q.InsertRoles(ctx, rosterdb.InsertRolesParams{OrgID: b, UserID: h.none.member(), Roles: []string{"guest"}})
		})},
		{"statement timeout", true, in(func(ctx context.Context, _ *rosterdb.Queries) error {
			return errors.Join(raw(ctx, `SET LOCAL statement_timeout = '5ms'`), raw(ctx, `SELECT pg_sleep(5)`))
		})},
		{"rows left open", true, in(func(ctx context.Context, _ *rosterdb.Queries) error {
			_, err := h.watch.conn.Query(ctx, `SELECT n FROM generate_series(1, 100000) n`)
			return err
		})},
		{"killed backend", true, statement(`SELECT pg_terminate_backend(pg_backend_pid())`)},
		{"a door", false, func(ctx context.Context) error {
			row, err := h.doors.Door().Enter(ctx, rosterdb.EnterParams{UserID: h.b.owner(), Slug: h.b.slug})
			if err == nil && row.OrgID != b {
				err = errors.New("canary B's owner cannot enter canary B")
			}
			return err
		}},
		{"a door that fails", true, func(ctx context.Context) error {
			_, err := h.doors.Door().CreateOrganization(ctx, rosterdb.CreateOrganizationParams{OrgID: b, UserID: h.b.owner(), MembershipID: uuid.Nil, Name: "x", Slug: h.b.slug})
			return err
		}},
	}
}

// try ends a transaction in one way, and looks who the next user of the connection is.
func (h *hygiene) try(ctx context.Context, end ending) {
	a := Attack{Target: "pool", Name: "after: " + end.name, As: appRole, Verdict: Held}
	err := survive(ctx, end.run)
	left, probeErr := h.probe(ctx)
	a.Result = fmt.Sprintf("organization %q, %s", left.setting, rowCount(int64(left.rows)))
	switch {
	case probeErr != nil:
		a.Result, a.Verdict, a.Detail = "no answer", Untried, probeErr.Error()
	case end.fails != (err != nil):
		a.Result, a.Verdict, a.Detail = "did not happen", Untried, fmt.Sprintf("it ended with %v", err)
	case left.dirty():
		a.Verdict, a.Detail = Broken, "the next user of the connection is inside"
	}
	h.note(ctx, a)
}

// survive turns a panic into an error.
func survive(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return run(ctx)
}

// leftover is what the next user of the connection finds.
type leftover struct {
	setting  string
	settings int // other settings of roster
	rows     int
}

func (l leftover) dirty() bool { return l.setting != "" || l.settings > 0 || l.rows > 0 }

// probe looks through the pool's connection as its next user gets it: no question was asked through the door
// yet, so nothing is begun and nothing entered.
func (h *hygiene) probe(ctx context.Context) (l leftover, err error) {
	err = h.doors.InOrg(ctx, h.a.org, func(*rosterdb.Queries) error {
		if h.watch.conn.PgConn().TxStatus() != 'I' {
			return errors.New("the connection is still in a transaction")
		}
		return h.watch.conn.QueryRow(ctx, `
			SELECT coalesce(current_setting('roster.org_id', true), ''),
			       (SELECT count(*) FROM unnest('{roster.maintenance,roster.actor,roster.ctx}'::text[]) s WHERE coalesce(current_setting(s, true), '') <> ''),
			       (SELECT count(*) FROM roster.memberships) + (SELECT count(*) FROM roster.organizations)`).Scan(&l.setting, &l.settings, &l.rows)
	})
	return l, err
}

// control sets the organization for the whole session, as a mistake in the program would: the probe sees it.
func (h *hygiene) control(ctx context.Context) {
	a := Attack{Target: "pool", Name: "control: a setting of the session is seen by the next user", As: appRole, Verdict: Held}
	set := func(setting string) error {
		return h.doors.InOrg(ctx, h.a.org, func(*rosterdb.Queries) error {
			_, err := h.watch.conn.Exec(ctx, `SELECT set_config('roster.org_id', $1, false)`, setting)
			return err
		})
	}
	err := set(h.enter(h.b.org))
	left, probeErr := h.probe(ctx)
	err = errors.Join(err, probeErr, set(""))
	a.Result = rowCount(int64(left.rows))
	switch {
	case err != nil:
		a.Result, a.Verdict, a.Detail = "no answer", Untried, err.Error()
	case left.setting == "" || left.rows == 0:
		a.Verdict, a.Detail = Broken, "The probe sees nothing, so it says nothing about the others."
	}
	h.note(ctx, a)
}
