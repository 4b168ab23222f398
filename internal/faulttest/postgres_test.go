package faulttest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/dbtest"
	"roster/internal/privatepg"
)

// postgres is a server that a test may break and bring back: its addresses stay the same.
type postgres struct {
	dir     string
	options privatepg.Options
	server  *privatepg.Server
	number  atomic.Int64

	preparing sync.Mutex
	prepared  *database // which the program has prepared, for clones; nil: not yet
}

// newPostgres starts a server. It does not wait for the disk, but no commit is told before it is written to
// the system, so that killing the server loses nothing that was acknowledged.
func newPostgres(parameters map[string]string) (*postgres, error) {
	dir, err := os.MkdirTemp(workplace, "pg-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	settings := map[string]string{"max_connections": "400", "synchronous_commit": "on", "full_page_writes": "on"}
	for name, value := range parameters {
		settings[name] = value
	}
	p := &postgres{dir: dir, options: privatepg.Options{Dir: dir, Fast: true, Parameters: settings}}
	return p, p.up()
}

// startPostgres starts a server of the test's own, with settings of PostgreSQL's to add, or nil.
func startPostgres(t *testing.T, parameters map[string]string) *postgres {
	t.Helper()
	p, err := newPostgres(parameters)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

func (p *postgres) up() (err error) {
	p.server, err = dbtest.Server(context.Background(), p.options)
	return err
}

func (p *postgres) close() { _ = p.server.Stop() }

// url is the address of a database for a role, with a password, as installations have one. It is the same after a
// restart.
func (p *postgres) url(role, database string) string {
	return strings.Replace(p.server.URL(role, database), role+"@", role+":a-password@", 1)
}

// start brings the server back after crash.
func (p *postgres) start(t *testing.T) {
	t.Helper()
	if err := p.up(); err != nil {
		t.Fatal(err)
	}
}

// crash ends the server as pg_ctl -m immediate does: at once, with nothing written down but the journal. It
// returns when no process of it is left.
func (p *postgres) crash(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(p.pid(t), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-p.server.Done()
	_ = p.server.Stop() // it says that the server ended badly, and lets go of the directory
}

// pid is the number of the server's first process, the postmaster.
func (p *postgres) pid(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.server.Data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// connect opens a connection as a role, past the program.
func (p *postgres) connect(t *testing.T, role, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.url(role, database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// database is a test's own, on any server.
type database struct {
	*postgres
	name  string
	roles db.Roles // its own, as each installation on a server has
}

// emptyDatabase makes a database with nothing in it. It goes with the test, as long as its server answers.
func emptyDatabase(t *testing.T, p *postgres) *database {
	t.Helper()
	dbtest.RememberServer()
	n := p.number.Add(1)
	d := &database{p, fmt.Sprintf("fault_%d", n), db.Roles(fmt.Sprintf("roles_%d", n))}
	d.create(t, "template0")
	d.goesWith(t)
	return d
}

func (d *database) create(t *testing.T, from string) {
	t.Helper()
	if err := dbtest.Clone(t.Context(), d.connect(t, d.server.Superuser(), "postgres"), d.name, from); err != nil {
		t.Fatal(err)
	}
}

// goesWith drops the database when the test ends.
func (d *database) goesWith(t *testing.T) {
	p := d.postgres
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if conn, err := pgx.Connect(ctx, p.url(p.server.Superuser(), "postgres")); err == nil {
			defer conn.Close(ctx)
			_, _ = conn.Exec(ctx, "DROP DATABASE "+d.name+" WITH (FORCE)") // the server goes in a moment too
		}
	})
}

// newDatabase makes a database as the program prepares it, which it does once for each server: the others are clones, with
// the same roles, and so nobody can migrate them again.
func newDatabase(t *testing.T, p *postgres) *database {
	t.Helper()
	dbtest.RememberServer()
	p.preparing.Lock()
	defer p.preparing.Unlock()
	if p.prepared == nil {
		d := &database{p, "prepared", "prepared"}
		d.create(t, "template0")
		if said, err := d.migrate(t.Context()); err != nil {
			t.Fatalf("roster migrate: %v\n%s", err, said)
		}
		p.prepared = d
	}
	d := &database{p, fmt.Sprintf("fault_%d", p.number.Add(1)), p.prepared.roles}
	d.create(t, p.prepared.name)
	d.goesWith(t)
	return d
}

// environ names the database for the program, as each of its roles.
func (d *database) environ() []string {
	return []string{"ROSTER_DATABASE_ROLES=" + string(d.roles), "ROSTER_DATABASE_URL=" + d.url(d.roles.App(), d.name), "ROSTER_AUTH_DATABASE_URL=" + d.url(d.roles.Auth(), d.name),
		"ROSTER_WORKER_DATABASE_URL=" + d.url(d.roles.Worker(), d.name), "ROSTER_ADMIN_DATABASE_URL=" + d.url(d.server.Superuser(), d.name)}
}

// migrate runs `roster migrate` and answers with what it said.
func (d *database) migrate(ctx context.Context) (string, error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "migrate")
	cmd.Env = append(d.environ(), "PATH="+os.Getenv("PATH"), raceOptions)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &said, &said, tied()
	err := cmd.Run()
	return said.String(), err
}

// super connects as superuser, whom row security does not bind.
func (d *database) super(t *testing.T) *pgx.Conn {
	t.Helper()
	return d.connect(t, d.server.Superuser(), d.name)
}

// exec changes the database past the program.
func (d *database) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn := d.super(t)
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// dawdle makes every change of some tables take a moment, so that what breaks at random breaks it in the middle.
func (s *site) dawdle(moment time.Duration, tables ...string) {
	s.t.Helper()
	s.exec(s.t, fmt.Sprintf(`CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(%g); RETURN NULL; END $$`, moment.Seconds()))
	for _, table := range tables {
		s.exec(s.t, `CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON `+table+` FOR EACH STATEMENT EXECUTE FUNCTION public.dawdle()`)
	}
}

// count answers with the number that a query says.
func (d *database) count(t *testing.T, sql string, args ...any) int {
	t.Helper()
	return one[int](t, d, sql, args...)
}

// one is the only row of a query with one column.
func one[T any](t *testing.T, d *database, sql string, args ...any) T {
	t.Helper()
	conn := d.super(t)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// all are the rows of a query with one column.
func all[T any](t *testing.T, d *database, sql string, args ...any) []T {
	t.Helper()
	conn := d.super(t)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return values
}
