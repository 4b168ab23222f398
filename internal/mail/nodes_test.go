package mail_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"roster/internal/mail"
	"roster/internal/mail/mailtest"
)

// join makes a node, which lives until the test ends or it is killed. A change is made to how it connects.
func (o *office) join(t *testing.T, change ...func(*pgx.ConnConfig)) (n *mail.Nodes, kill func()) {
	t.Helper()
	ctx, kill := context.WithCancel(context.Background())
	t.Cleanup(kill)
	config := o.pool.Config().ConnConfig
	for _, c := range change {
		c(config)
	}
	n, err := mail.JoinNodes(ctx, func(ctx context.Context, settings map[string]string) (*pgx.Conn, error) {
		own := config.Copy()
		maps.Copy(own.RuntimeParams, settings)
		return pgx.ConnectConfig(ctx, own)
	}, slog.New(slog.NewTextHandler(o.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return n, kill
}

// runs marks a job as one that a node is sending.
func (o *office) runs(t *testing.T, id int64, node string, attempt int) {
	t.Helper()
	if _, err := o.look.Exec(t.Context(), `UPDATE river.river_job SET state = 'running', attempt = $2, attempted_at = now(), attempted_by = ARRAY['before', $3]
		WHERE id = $1`, id, attempt, node); err != nil {
		t.Fatal(err)
	}
}

// R4, R22: what a node was sending when it died is sent by another one within seconds. What a living node is sending is
// left to it, and so is what a program sends that is from before nodes had names.
func TestLetterOfADeadNodeIsTakenOver(t *testing.T) {
	t.Parallel()
	o := open(t)
	living, _ := o.join(t)
	orphan := o.post(t, invite("mara@acme.example"))
	o.runs(t, orphan, "roster-node-dead", 1)
	own := o.post(t, invite("ben@acme.example"))
	o.runs(t, own, living.Name(), 1)
	foreign := o.post(t, invite("cem@acme.example"))
	o.runs(t, foreign, "host_2026_01_01", 1)
	last := o.post(t, invite("dee@acme.example"))
	o.runs(t, last, "roster-node-dead", mail.MaxAttempts)

	o.config.Nodes, _ = o.join(t)
	o.work(t)
	o.server.Wait(t, "mara@acme.example")
	o.until(t, orphan, "completed")
	if again := o.askedAgain(); len(again) != 1 || !again[0] {
		t.Errorf("counted as new: %v", again) // a letter that was let through is not counted twice
	}
	for name, id := range map[string]int64{"of a living node": own, "of an older program": foreign, "at its last attempt": last} {
		if r := o.row(t, id); r.State != "running" {
			t.Errorf("the letter %s is %s", name, r.State)
		}
	}
	if n := len(o.server.All()); n != 1 {
		t.Errorf("%d letters arrived", n)
	}
}

// R4: a node that lives on without the database stops sending before another one takes the letter over, so that two
// living nodes never send the same letter.
func TestNodeWithoutDatabaseBreaksOff(t *testing.T) {
	t.Parallel()
	o := open(t)
	var away atomic.Bool
	alone, _ := o.join(t, func(c *pgx.ConnConfig) {
		c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			if away.Load() {
				return nil, errors.New("no way to the database")
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	})
	o.server.Set(mailtest.Hang)
	o.config.Nodes = alone
	o.work(t)
	id := o.post(t, invite("mara@acme.example"))
	o.when(t, id, "at work", func(r row) bool { return r.State == "running" && o.server.Attempts() > 0 })

	away.Store(true)
	if _, err := o.look.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, alone.Name()); err != nil {
		t.Fatal(err)
	}
	o.when(t, id, "broken off", func(r row) bool { return r.State != "running" })
	if r := o.row(t, id); !strings.Contains(r.Errors, "another node may send") || r.Attempt != 1 {
		t.Errorf("broken off: %+v", r)
	}
	// With the database back it sends again.
	o.server.Set(mailtest.Normal)
	away.Store(false)
	o.server.Wait(t, "mara@acme.example")
	o.until(t, id, "completed")
}
