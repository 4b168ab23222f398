package mail

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// A node that dies while it sends a letter leaves it marked as being sent. The others see that it died by its
// connection: each node holds one under its own name, and PostgreSQL lets go of it when the process ends,
// however it ends. Who is without one for graceTime is dead, and its letters go back into the queue.
//
// A node may also live on without the database. So one that has had no answer for leaveTime breaks off what it
// is sending: by the time that another takes the letter over, it has stopped. A letter is sent twice only if it
// was taken by the mail server and the node died before it could write that down.
const (
	lookTime  = 500 * time.Millisecond
	leaveTime = 2 * time.Second
	graceTime = 4 * time.Second // more than leaveTime and a look
)

// nodePrefix begins the name of every node that holds a connection. A program from before them has other names,
// and is left alone.
const nodePrefix = "roster-node-"

// Nodes is this node among those that send letters.
type Nodes struct {
	name    string
	connect func(context.Context) (*pgx.Conn, error)
	log     *slog.Logger
	conn    *pgx.Conn
	gone    map[string]time.Time // who is without a connection, and since when it is seen so

	mu    sync.Mutex
	alive context.Context // ends when leaveTime is over
	leave context.CancelFunc
	late  *time.Timer
}

// JoinNodes connects as one of the nodes, as the worker, with settings of its own. It looks after the letters of
// dead nodes until the context ends.
func JoinNodes(ctx context.Context, connect func(context.Context, map[string]string) (*pgx.Conn, error), log *slog.Logger) (*Nodes, error) {
	n := &Nodes{name: nodePrefix + strings.ToLower(rand.Text()), log: log, gone: map[string]time.Time{}}
	settings := map[string]string{
		"application_name": n.name,
		// Of a machine that is gone without a word the server hears nothing: it asks.
		"tcp_keepalives_idle": "3", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3",
	}
	n.connect = func(ctx context.Context) (*pgx.Conn, error) { return connect(ctx, settings) }
	n.answered()
	if err := n.look(ctx); err != nil {
		return nil, err
	}
	go n.run(ctx)
	return n, nil
}

// Name is the node's own, for River's client; a node that did not join has none.
func (n *Nodes) Name() string {
	if n == nil {
		return ""
	}
	return n.name
}

func (n *Nodes) run(ctx context.Context) {
	defer n.disconnect()
	ticker := time.NewTicker(lookTime)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := n.look(ctx)
		if err != nil && ctx.Err() == nil {
			n.log.Warn("look after letters of other nodes", "error", err)
		}
	}
}

// look asks once who is without a connection. An answer means that this node has one.
func (n *Nodes) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	asked := time.Now()
	dead, err := n.ask(ctx)
	if err != nil {
		n.disconnect()
		n.gone = map[string]time.Time{} // who is seen again later was perhaps there all the time
		return err
	}
	n.answeredAt(asked)

	since := map[string]time.Time{}
	var over []string
	for _, name := range dead {
		since[name] = asked
		if before, seen := n.gone[name]; seen {
			since[name] = before
		}
		if time.Since(since[name]) >= graceTime {
			over = append(over, name)
		}
	}
	n.gone = since
	if len(over) == 0 {
		return nil
	}
	return n.takeBack(ctx, over)
}

// lastNode is who took a job up last.
const lastNode = `attempted_by[cardinality(attempted_by)]`

// ask answers with the nodes that are sending letters and have no connection.
func (n *Nodes) ask(ctx context.Context) ([]string, error) {
	if n.conn == nil {
		var err error
		if n.conn, err = n.connect(ctx); err != nil {
			return nil, err
		}
	}
	rows, err := n.conn.Query(ctx, `
		SELECT DISTINCT `+lastNode+`
		FROM river.river_job
		WHERE kind IN ('letter', 'work') AND state = 'running' AND starts_with(`+lastNode+`, $1)
			AND `+lastNode+` NOT IN (SELECT application_name FROM pg_stat_activity WHERE application_name IS NOT NULL)
		ORDER BY 1`, nodePrefix)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// takeBack puts the letters of dead nodes into the queue again. What had its last attempt is left to River, which
// gives it up.
func (n *Nodes) takeBack(ctx context.Context, dead []string) error {
	rows, err := n.conn.Query(ctx, `
		WITH back AS (
			UPDATE river.river_job
			SET state = 'available',
				scheduled_at = now(),
				errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'error', 'the node ended', 'trace', ''))
			WHERE kind IN ('letter', 'work') AND state = 'running' AND attempt < max_attempts AND `+lastNode+` = ANY($1)
			RETURNING id, queue
		)
		SELECT id, pg_notify($2, jsonb_build_object('queue', queue)::text)::text FROM back ORDER BY id`, dead, NotifyChannel)
	if err != nil {
		return err
	}
	var id int64
	var said string
	_, err = pgx.ForEachRow(rows, []any{&id, &said}, func() error {
		n.log.Info("work taken over from a node that ended", "job", id)
		return nil
	})
	return err
}

func (n *Nodes) disconnect() {
	if n.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = n.conn.Close(ctx) // whatever became of it, the next one is new
	n.conn = nil
}

func (n *Nodes) answered() { n.answeredAt(time.Now()) }

// answeredAt notes that this node had its connection at a moment.
func (n *Nodes) answeredAt(at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.late != nil {
		n.late.Stop()
	}
	if n.alive == nil || n.alive.Err() != nil {
		n.alive, n.leave = context.WithCancel(context.Background())
	}
	n.late = time.AfterFunc(time.Until(at.Add(leaveTime)), n.leave)
}

// errLeft: this node cannot tell whether the others count it as dead.
var errLeft = errors.New("the database has not answered, so another node may send this letter")

// maySend tells whether this node is sure that the others count it as alive.
func (n *Nodes) maySend() bool {
	if n == nil {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.alive.Err() == nil
}

// sending is a context in which this node may send: it ends with ctx, or when the node may be counted as dead.
func (n *Nodes) sending(ctx context.Context) (context.Context, context.CancelFunc) {
	if n == nil {
		return ctx, func() {}
	}
	n.mu.Lock()
	alive := n.alive
	n.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(alive, func() { cancel(errLeft) })
	return ctx, func() { stop(); cancel(nil) }
}
