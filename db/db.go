// Package db decides which rows a transaction sees. It owns the connections and never hands one out:
// every query comes through a door.
//
//   - Read: one organization's rows, to look at
//   - InOrg: the same, to change, in one transaction
//   - Door: what is seen before an organization is entered, through the functions of schema door
//   - Auth: people, credentials, sessions, through a pool of its own
//   - Jobs, EnterJob: the jobs, through a third
//   - Listen: which organizations have changed; Connect: a connection beside the pools, for one that has to stay
//
// Inside an organization PostgreSQL itself keeps the others away, by row security; queries name org_id
// all the same, which is also the way to the index.
package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"roster/db/authdb"
	"roster/db/rosterdb"
)

// DB holds the pools. Each connects as a role of its own, none of which may become another.
type DB struct {
	app    *pgxpool.Pool
	auth   *pgxpool.Pool
	worker *pgxpool.Pool
	health *pgxpool.Pool // of its own, so that it answers while all others are taken
	signer *signer
	pooled bool // pages come through a pooler
}

// Config names the database once per role.
type Config struct {
	App    string // as roster_app
	Auth   string // as roster_auth
	Worker string // as roster_worker; empty where no jobs are worked

	// Roles are this installation's names for these.
	Roles Roles

	// ContextKey signs what enters an organization, where the database asks for that (see ContextKey);
	// nil where it does not.
	ContextKey []byte

	// MaxConns bounds the pool of pages; 0 means twice the cores, which keeps the slowest page quickest.
	MaxConns int32
	// Tracer watches statements; tests count round trips with it.
	Tracer pgx.QueryTracer
}

// Open connects and refuses what would make row security worthless: a powerful role, a table without
// protection, a server that is too old (I6).
func Open(ctx context.Context, c Config) (*DB, error) {
	db := &DB{signer: &signer{key: c.ContextKey}}
	conns := c.MaxConns
	if conns == 0 {
		conns = int32(2 * runtime.NumCPU())
	}
	for _, p := range []struct {
		pool **pgxpool.Pool
		url  string
		from string
		max  int32
	}{{&db.app, c.App, "ROSTER_DATABASE_URL", conns}, {&db.auth, c.Auth, "ROSTER_AUTH_DATABASE_URL, or ROSTER_DATABASE_URL", conns},
		{&db.worker, c.Worker, "ROSTER_WORKER_DATABASE_URL, or ROSTER_DATABASE_URL", conns + 2}} {
		if p.url == "" {
			continue
		}
		config, err := pgxpool.ParseConfig(p.url)
		if err != nil {
			db.Close()
			return nil, Unreached(p.from, err)
		}
		config.MaxConns = p.max
		if config.ConnConfig.ConnectTimeout == 0 {
			config.ConnConfig.ConnectTimeout = connectTime
		}
		config.ConnConfig.DialFunc = dial
		config.ConnConfig.Tracer = c.Tracer
		config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			pgxuuid.Register(conn.TypeMap()) // ids are sent as they are; otherwise pgx spells each out and reads it again
			return db.signer.compareClocks(ctx, conn)
		}
		pool, err := db.open(ctx, config, p.pool == &db.app || p.pool == &db.auth)
		if err != nil {
			db.Close()
			return nil, Unreached(p.from, err)
		}
		*p.pool = pool
		if err := c.Roles.refuseUnsafe(ctx, pool); err != nil {
			db.Close()
			return nil, Unreached(p.from, err)
		}
	}
	if err := db.signer.refuseOtherContext(ctx, db.app); err != nil {
		db.Close()
		return nil, err
	}
	if db.worker != nil { // a second pool to where the first one leads, so it is not looked at again
		config := db.worker.Config()
		config.MaxConns = 2
		var err error
		if db.health, err = pgxpool.NewWithConfig(ctx, config); err != nil {
			db.Close()
			return nil, Unreached("ROSTER_WORKER_DATABASE_URL, or ROSTER_DATABASE_URL", err)
		}
	}
	return db, nil
}

// connectTime is how long a server may take to let somebody in, unless the address says otherwise.
const connectTime = 5 * time.Second

// dial finds out within fifteen seconds that the machine at the other end is gone without a word (SECURITY
// R28): nobody waits for an answer on an idle connection, so it has to be asked for.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: connectTime, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 3 * time.Second, Count: 3}}
	return dialer.DialContext(ctx, network, address)
}

// Close ends all connections.
func (db *DB) Close() {
	for _, pool := range []*pgxpool.Pool{db.app, db.auth, db.worker, db.health} {
		if pool != nil {
			pool.Close()
		}
	}
}

// Ping asks both pools that serve pages for an answer.
func (db *DB) Ping(ctx context.Context) error {
	for _, pool := range []*pgxpool.Pool{db.app, db.auth} {
		if err := pool.Ping(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ErrBusy: no connection came free in time. The page says so and asks to come back.
var ErrBusy = errors.New("db: no connection came free within a second")

// poolWait is how long a request waits for a connection (SECURITY R10).
const poolWait = time.Second

func acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	waitCtx, cancel := context.WithTimeout(ctx, poolWait)
	defer cancel()
	conn, err := pool.Acquire(waitCtx)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, ErrBusy
	}
	return conn, err
}

const (
	enterRead  = `SELECT set_config('roster.org_id', $1, true), set_config('transaction_read_only', 'on', true)`
	enterWrite = `SELECT set_config('roster.org_id', $1, true)`
)

// Read opens one organization to look at. Every query is one round trip: its context travels with it,
// and the server refuses to write.
func (db *DB) Read(org uuid.UUID) *rosterdb.Queries {
	return rosterdb.New(reader{pool: db.app, enter: db.signer.enter(org)})
}

// Door asks the functions of schema door, which alone see more than one organization. Every query is one
// round trip, and no organization stays entered after it.
func (db *DB) Door() *rosterdb.Queries { return rosterdb.New(single{db.app}) }

// reader sends each query as a batch of two, an implicit transaction: the context, then the query.
type reader struct {
	pool  *pgxpool.Pool
	enter string // the context
}

func (r reader) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, err := acquire(ctx, r.pool)
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	batch.Queue(enterRead, r.enter)
	batch.Queue(sql, args...)
	results := conn.SendBatch(ctx, batch)
	rows := &batchRows{results: results, release: conn.Release}
	if _, err := results.Exec(); err != nil {
		rows.finish()
		return nil, err
	}
	rows.Rows, err = results.Query()
	if err != nil {
		rows.finish()
		return nil, err
	}
	return rows, nil
}

func (r reader) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := r.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

func (r reader) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, errors.New("db: Read is for looking; use InOrg to change")
}

// batchRows are the rows of the last query of a batch; reading them to the end, or closing them, ends
// the batch and gives the connection back.
type batchRows struct {
	pgx.Rows
	results pgx.BatchResults
	release func()
	err     error
	done    bool
}

func (r *batchRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.finish()
	return false
}

func (r *batchRows) Close() {
	r.Rows.Close()
	r.finish()
}

func (r *batchRows) Err() error {
	if r.Rows != nil {
		if err := r.Rows.Err(); err != nil {
			return err
		}
	}
	return r.err
}

func (r *batchRows) finish() {
	if r.done {
		return
	}
	r.done = true
	r.err = r.results.Close()
	if r.release != nil {
		r.release()
	}
}

// oneRow is the single row of a query, or pgx.ErrNoRows.
type oneRow struct {
	rows pgx.Rows
	err  error
}

func (r oneRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

// InOrg opens one organization to change, in one transaction. An error or a panic in fn undoes all. Where
// the database gave way to somebody else's transaction (a deadlock, a serialization failure), fn runs
// again, at most three times in all: it may rely on nothing that it did before.
// What fn executes without asking for rows travels with its next question or with the commit, so an
// error of such a statement comes back there.
func (db *DB) InOrg(ctx context.Context, org uuid.UUID, fn func(*rosterdb.Queries) error) error {
	return transact(ctx, db.app, func(batch *pgx.Batch) { batch.Queue(enterWrite, db.signer.enter(org)) },
		func(tx *Tx) error { return fn(rosterdb.New(tx)) })
}

// Auth opens people, credentials and sessions, in one transaction.
func (db *DB) Auth(ctx context.Context, fn func(*authdb.Queries) error) error {
	return transact(ctx, db.auth, nil, func(tx *Tx) error { return fn(authdb.New(tx)) })
}

// AuthOnce is Auth for a single statement: one round trip, committed by itself.
func (db *DB) AuthOnce() *authdb.Queries { return authdb.New(single{db.auth}) }

// Jobs is the worker's pool, for River and its workers: it sees the queue, and an organization only by
// EnterJob.
func (db *DB) Jobs() *pgxpool.Pool { return db.worker }

// EnterJob enters the organization that a job names, in the worker's transaction tx; uuid.Nil enters none.
func (db *DB) EnterJob(ctx context.Context, tx pgx.Tx, org uuid.UUID) (*rosterdb.Queries, error) {
	if _, err := tx.Exec(ctx, enterWrite, db.signer.enter(org)); err != nil {
		return nil, fmt.Errorf("enter the organization of a job: %w", err)
	}
	return rosterdb.New(tx), nil
}

// single runs each statement on a connection of its own, waiting no longer than acquire does.
type single struct{ pool *pgxpool.Pool }

func (s single) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, err := acquire(ctx, s.pool)
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	batch.Queue(sql, args...)
	results := conn.SendBatch(ctx, batch)
	rows := &batchRows{results: results, release: conn.Release}
	rows.Rows, err = results.Query()
	if err != nil {
		rows.finish()
		return nil, err
	}
	return rows, nil
}

func (s single) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := s.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

func (s single) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	conn, err := acquire(ctx, s.pool)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer conn.Release()
	return conn.Exec(ctx, sql, args...)
}

// Tx is one transaction that speaks as seldom as it can: BEGIN and the context travel with the first
// question, statements that return nothing wait for the next one, and the last travel with COMMIT.
type Tx struct {
	conn    *pgxpool.Conn
	prepare func(*pgx.Batch)
	waiting []statement
	begun   bool
}

type statement struct {
	sql  string
	args []any
}

// tries is how often a transaction is begun that has to give way to another one.
const tries = 3

func transact(ctx context.Context, pool *pgxpool.Pool, prepare func(*pgx.Batch), fn func(*Tx) error) error {
	for try := 1; ; try++ {
		err := transactOnce(ctx, pool, prepare, fn)
		if !gaveWay(err) || try == tries {
			return err
		}
	}
}

// gaveWay tells whether the database undid a transaction in favour of another one. Nothing of it is left,
// so it may be tried again; of a COMMIT whose answer was lost that cannot be said.
func gaveWay(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "40001" || pgErr.Code == "40P01")
}

func transactOnce(ctx context.Context, pool *pgxpool.Pool, prepare func(*pgx.Batch), fn func(*Tx) error) error {
	conn, err := acquire(ctx, pool)
	if err != nil {
		return err
	}
	// Release destroys a connection that is not idle, so nothing of a broken transaction is left on one.
	defer conn.Release()
	tx := &Tx{conn: conn, prepare: prepare}
	committed := false
	defer func() {
		if !committed {
			tx.rollback(ctx)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if !tx.begun && len(tx.waiting) == 0 {
		committed = true
		return nil
	}
	if err := tx.commit(ctx); err != nil {
		return err
	}
	committed = true
	return nil
}

// batch starts with whatever waits: BEGIN and the context the first time, then the statements.
func (tx *Tx) batch() *pgx.Batch {
	batch := &pgx.Batch{}
	if !tx.begun {
		batch.Queue("BEGIN")
		if tx.prepare != nil {
			tx.prepare(batch)
		}
		tx.begun = true
	}
	for _, s := range tx.waiting {
		batch.Queue(s.sql, s.args...)
	}
	tx.waiting = nil
	return batch
}

// Query implements rosterdb.DBTX and authdb.DBTX.
func (tx *Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	batch := tx.batch()
	before := batch.Len()
	batch.Queue(sql, args...)
	results := tx.conn.SendBatch(ctx, batch)
	rows := &batchRows{results: results}
	for range before {
		if _, err := results.Exec(); err != nil {
			rows.finish()
			return nil, err
		}
	}
	var err error
	rows.Rows, err = results.Query()
	if err != nil {
		rows.finish()
		return nil, err
	}
	return rows, nil
}

// QueryRow implements rosterdb.DBTX and authdb.DBTX.
func (tx *Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := tx.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

// Exec lets the statement wait for the next round trip. The tag says nothing: a change whose effect
// matters asks for rows with RETURNING.
func (tx *Tx) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tx.waiting = append(tx.waiting, statement{sql, args})
	return pgconn.CommandTag{}, nil
}

// ErrRolledBack: the server had to undo the transaction because a statement in it had failed and the
// caller went on all the same.
var ErrRolledBack = errors.New("db: commit undid the transaction, a statement in it had failed")

func (tx *Tx) commit(ctx context.Context) error {
	batch := tx.batch()
	batch.Queue("COMMIT")
	results := tx.conn.SendBatch(ctx, batch)
	var tag pgconn.CommandTag
	var err error
	for range batch.Len() {
		if tag, err = results.Exec(); err != nil {
			break
		}
	}
	if closeErr := results.Close(); err == nil {
		err = closeErr
	}
	if err == nil && tag.String() != "COMMIT" {
		err = ErrRolledBack
	}
	return err
}

// rollback ends what was begun. The caller's context is often the reason, so it has two seconds of its own.
func (tx *Tx) rollback(ctx context.Context) {
	if !tx.begun || tx.conn.Conn().IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := tx.conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = tx.conn.Conn().Close(ctx) // a connection that cannot roll back is thrown away
	}
}

// Constraint names the rule of the database that refused, or "" if err is something else. A raised
// exception of our own answers with its code (RO001: the last owner).
func Constraint(err error) string {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return ""
	}
	if pgErr.ConstraintName != "" {
		return pgErr.ConstraintName
	}
	return pgErr.Code
}

// Detail is what the database adds to a refusal of our own, or "".
func Detail(err error) string {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return ""
	}
	return pgErr.Detail
}

// Unwritable tells whether err means that the database answers but takes no changes now: it is read-only, or
// its disk is full. Nothing of what was asked for was done.
func Unwritable(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "25006" || pgErr.Code == "53100")
}

// Unreachable tells whether err means that the database cannot do it now, though it may soon: it is
// stopped or starting, has no connection or no room, writes nothing, or took too long.
func Unreachable(err error) bool {
	if err == nil {
		return false
	}
	var connectErr *pgconn.ConnectError
	var pgErr *pgconn.PgError
	switch {
	case errors.Is(err, ErrBusy), errors.Is(err, context.DeadlineExceeded), errors.As(err, &connectErr):
		return true
	case errors.As(err, &pgErr):
		switch pgErr.Code {
		case "25006", "55P03", "57014", "40001", "40P01": // read-only, lock not given in time, statement took too long, gave way too often
			return true
		}
		class := pgErr.Code[:2]
		return class == "08" || class == "53" || (class == "57" && pgErr.Code != "57014")
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || isNetwork(err)
}

// Crowded tells whether err means that the database is there and had too much to do: no connection came free, the
// statement or its lock took too long, or it gave way to others too often. It is Unreachable too.
func Crowded(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return slices.Contains([]string{"53300", "55P03", "57014", "40001", "40P01"}, pgErr.Code)
	}
	return errors.Is(err, ErrBusy)
}

func isNetwork(err error) bool {
	var netErr net.Error
	var opErr *net.OpError
	return errors.As(err, &netErr) || errors.As(err, &opErr)
}

// Behind says in one sentence what is missing if this program does not work with the database's schema, or "". A
// newer schema works with older programs until it says otherwise.
func (db *DB) Behind(ctx context.Context) (string, error) {
	want, err := newestMigration()
	if err != nil {
		return "", err
	}
	pool := db.health
	if pool == nil {
		pool = db.app
	}
	have, oldest, err := versions(func(sql string) pgx.Row { return pool.QueryRow(ctx, sql) })
	switch {
	case err != nil:
		return "", err
	case have < want:
		return fmt.Sprintf("the database's schema is older than this program (version %d, not %d): run roster migrate", have, want), nil
	case oldest > want:
		return outgrown(have, want), nil
	}
	return "", nil
}

// MailServer is why no letter leaves, and since when; "" if nothing is known to be in the way.
func (db *DB) MailServer(ctx context.Context) (trouble string, since time.Time, err error) {
	if db.health == nil {
		return "", time.Time{}, nil
	}
	if err := db.health.QueryRow(ctx, `SELECT trouble, since FROM platform.mail_server`).Scan(&trouble, &since); err != nil {
		return "", time.Time{}, fmt.Errorf("ask how the mail server is: %w", err)
	}
	return trouble, since, nil
}

// Server is the database as this program sees it.
type Server struct {
	Version string // 15.14
	Host    string // a name, an address, or the folder of a socket
	Name    string // the database's
	Ahead   time.Duration
}

// Server looks at the database: what it is, and by how much its clock is ahead of this machine's. Whatever expires does so
// by the database's clock, but jobs are given up and tried again by the program's.
func (db *DB) Server(ctx context.Context) (Server, error) {
	config := db.app.Config().ConnConfig
	s := Server{Host: config.Host, Name: config.Database}
	if err := db.app.Ping(ctx); err != nil { // a connection that must be opened first would make the clock late
		return s, fmt.Errorf("look at the database: %w", err)
	}
	var there time.Time
	asked := time.Now()
	if err := db.app.QueryRow(ctx, `SELECT split_part(current_setting('server_version'), ' ', 1), clock_timestamp()`).Scan(&s.Version, &there); err != nil {
		return s, fmt.Errorf("look at the database: %w", err)
	}
	s.Ahead = there.Sub(asked.Add(time.Since(asked) / 2)).Round(time.Second)
	return s, nil
}

// LettersWaiting counts the letters that have not left yet, at most a thousand. It also shows that the
// database answers.
func (db *DB) LettersWaiting(ctx context.Context) (int, error) {
	if db.health == nil {
		return 0, db.Ping(ctx)
	}
	var n int
	err := db.health.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM river.river_job
		WHERE kind = 'letter' AND state IN ('available', 'retryable', 'scheduled', 'running') LIMIT 1000) x`).Scan(&n)
	return n, err
}
