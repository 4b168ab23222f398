package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// budgets are what every connection works under: a statement that runs longer is not worth waiting for. A
// connection to PostgreSQL itself starts with them. Those behind a pooler are opened by the pooler and change
// hands with each transaction, so nothing that is said at the start of one lasts: there the same budgets are
// settings of the roles, which roles.sql makes, and every connection is looked at before it is used.
var budgets = map[string]string{
	"statement_timeout":                   "5s",
	"lock_timeout":                        "2s",
	"idle_in_transaction_session_timeout": "10s",
	"search_path":                         "pg_catalog",
	"timezone":                            "UTC",
}

// planning is the setting that pages have beside them. A statement of a page is planned once for each connection, not
// each time: planning took twice as long as doing it. The tests of plans ask for these plans.
const planning, planOnce = "plan_cache_mode", "force_generic_plan"

// errWorkerPooled: listening, advisory locks and the job queue need a connection that stays.
var errWorkerPooled = errors.New("the address of roster_worker leads through a pooler, where nobody can listen or hold a lock: set ROSTER_WORKER_DATABASE_URL to the address of PostgreSQL itself")

// open opens connections to PostgreSQL itself or, for pages alone, through a pooler. Which of the two it is, it finds out.
func (db *DB) open(ctx context.Context, config *pgxpool.Config, pages bool) (*pgxpool.Pool, error) {
	settings := maps.Clone(budgets)
	if pages {
		settings[planning] = planOnce
	}
	straight := config.Copy()
	maps.Copy(straight.ConnConfig.RuntimeParams, settings)
	pool, err := pgxpool.NewWithConfig(ctx, straight)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	pooled, err := isPooled(ctx, pool)
	switch {
	case err == nil && !pooled:
		return pool, nil
	case err == nil && !pages:
		err = errWorkerPooled
	}
	pool.Close()
	if err != nil {
		return nil, err
	}
	db.pooled = true
	return openPooled(ctx, config, settings)
}

// Pooled tells whether pages reach PostgreSQL through a pooler, where a connection is theirs for one transaction.
func (db *DB) Pooled() bool { return db.pooled }

// isPooled tells whether a pooler stands between: then the process that answers is not the one that the key to
// cancel names, for that key is the pooler's own; or the pooler refuses the budgets at the start. What only passes
// bytes on, as a TCP load balancer does, changes neither.
func isPooled(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	conn, err := pool.Acquire(ctx)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (strings.HasPrefix(refused.Code, "08") || strings.HasPrefix(refused.Code, "0A")) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Release()
	answer, err := ask(ctx, conn.Conn(), `SELECT pg_backend_pid()`)
	if err != nil {
		return false, fmt.Errorf("ask the database which process answers: %w", err)
	}
	return answer[0] != fmt.Sprint(conn.Conn().PgConn().PID()), nil
}

// openPooled opens connections through a pooler. No statement is given a name there, for the next transaction may
// come to another server process, which does not know it: each is described once and sent whole from then on.
func openPooled(ctx context.Context, config *pgxpool.Config, settings map[string]string) (*pgxpool.Pool, error) {
	if config.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement { // the address may ask for yet another way
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	after := config.AfterConnect
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if err := refuseOtherSettings(ctx, conn, settings); err != nil {
			return err
		}
		return after(ctx, conn)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := refuseSingleStatements(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// refuseOtherSettings says in one sentence why a connection of a pooler is not to be worked on.
func refuseOtherSettings(ctx context.Context, conn *pgx.Conn, want map[string]string) error {
	names := slices.Sorted(maps.Keys(want))
	have, err := ask(ctx, conn, `SELECT session_user, current_setting('`+strings.Join(names, `'), current_setting('`)+`')`)
	if err != nil {
		return fmt.Errorf("ask the pooler for the budgets of its connections: %w", err)
	}
	role := conn.Config().User
	if have[0] != role {
		return fmt.Errorf("the pooler connects as %s where the address says %s: let it connect as whoever connects to it", have[0], role)
	}
	for i, name := range names {
		if have[i+1] != want[name] {
			return fmt.Errorf("the pooler's connections as %s have %s = %s instead of %s: run roster migrate, then let the pooler open them anew (RECONNECT in PgBouncer)",
				role, name, have[i+1], want[name])
		}
	}
	return nil
}

// refuseSingleStatements says in one sentence why a pooler that gives a connection for one statement is of no use.
func refuseSingleStatements(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err // a sentence already
	}
	defer conn.Release()
	for _, sql := range []string{`BEGIN`, `SELECT 1`, `COMMIT`} {
		if _, err := conn.Conn().PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("the pooler does not hold a transaction together, set its mode to transaction (pool_mode in PgBouncer): %w", err)
		}
	}
	return nil
}

// ask answers with the only row of a query, as text. Nothing is prepared, so nothing stays on the connection.
func ask(ctx context.Context, conn *pgx.Conn, sql string) ([]string, error) {
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var row []string
	for _, value := range results[0].Rows[0] {
		row = append(row, string(value))
	}
	return row, nil
}
