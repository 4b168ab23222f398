// Package dbtest gives each test a migrated database of its own, on a private server that lives as long
// as the test program. Tests see it as the program does: as the app's own role, under row security.
package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/internal/privatepg"
)

var (
	server *privatepg.Server
	admin  *pgx.Conn
	number atomic.Int64
	// One at a time: a template cannot be cloned while another connection looks at it.
	cloning sync.Mutex
	// The templates that Filled has made, of which each is made by the first that asks for it.
	filling sync.Mutex
	filled  = map[string]bool{}
)

const template = "roster_template"

// contextKey signs contexts in the databases of the tests, if ROSTER_SIGNED_CONTEXT=1 asks for that; the
// whole suite passes either way.
var contextKey []byte

// Main runs the tests of a package with a server. Call it from TestMain. Where tests are only listed, or none are
// run (as by the many processes that fuzz), there is no server to wait for.
func Main(m *testing.M) {
	flag.Parse()
	asked := func(name string) string { return flag.Lookup("test." + name).Value.String() }
	if asked("list") != "" || asked("run") == "^$" && asked("bench") == "" {
		os.Exit(m.Run())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx := context.Background()
	if os.Getenv("ROSTER_SIGNED_CONTEXT") == "1" {
		contextKey = Key()
	}
	dir, err := os.MkdirTemp(inMemory(), "roster-test-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL may run as another user than the tests
		return fail(err)
	}
	server, err = Server(ctx, privatepg.Options{Dir: dir, Fast: true, Parameters: map[string]string{"max_connections": "300"}})
	if err != nil {
		return fail(err)
	}
	defer server.Stop()
	if err := prepare(ctx); err != nil {
		return fail(err)
	}
	defer admin.Close(ctx)
	return m.Run()
}

// Server starts a private server for tests: the programs that ROSTER_PG_BIN names, or the newest that is installed.
// Where the tests run on several versions, ROSTER_TEST_MAJOR says which one it is to be, and another one is an error:
// nobody is to believe that a version was tried which was not.
func Server(ctx context.Context, o privatepg.Options) (*privatepg.Server, error) {
	o.Bin = os.Getenv("ROSTER_PG_BIN")
	started, err := privatepg.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := refuseOther(ctx, started, os.Getenv("ROSTER_TEST_MAJOR")); err != nil {
		return nil, errors.Join(err, started.Stop())
	}
	return started, nil
}

// refuseOther says so if the server itself tells another major version; "" wants none in particular.
func refuseOther(ctx context.Context, s *privatepg.Server, want string) error {
	conn, err := pgx.Connect(ctx, s.URL(s.Superuser(), "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var version string
	if err := conn.QueryRow(ctx, "SHOW server_version").Scan(&version); err != nil {
		return fmt.Errorf("ask the server for its version: %w", err)
	}
	if major, _, _ := strings.Cut(version, "."); want != "" && major != want {
		return fmt.Errorf("the tests were to run on PostgreSQL %s, and this is %s", want, version)
	}
	return nil
}

// RememberServer asks again for what says which server it is, because go test remembers results by the variables that
// were read while tests ran.
func RememberServer() { os.Getenv("ROSTER_PG_BIN"); os.Getenv("ROSTER_TEST_MAJOR") }

// inMemory is where files live in memory, if this system has that and room enough; "" leaves it to TMPDIR. A clone of the
// template is mostly the making of a few hundred files, which on a disk takes up to ten times as long.
func inMemory() string {
	const memory = "/dev/shm"
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(memory, &fs) != nil || fs.Bavail*uint64(fs.Bsize) < 4<<30 {
		return ""
	}
	return memory
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "dbtest:", err)
	return 1
}

func prepare(ctx context.Context) error {
	var err error
	if admin, err = pgx.Connect(ctx, server.URL(server.Superuser(), "postgres")); err != nil {
		return err
	}
	if _, err = admin.Exec(ctx, "CREATE DATABASE "+template); err != nil {
		return err
	}
	if err = db.Prepare(ctx, server.URL(server.Superuser(), template)); err != nil {
		return err
	}
	return db.Migrate(ctx, server.URL("roster_migrate", template), contextKey)
}

// installation is the key of the installation that the databases of the tests belong to.
var installation = sha256.Sum256([]byte("the installation of the tests"))

// Installation is that key.
func Installation() []byte { return installation[:] }

// Key is what contexts are signed with in it.
func Key() []byte {
	key, err := db.ContextKey(installation[:])
	if err != nil {
		panic(err) // never: it is as long as it should be
	}
	return key
}

// Database is a test's own.
type Database struct {
	name       string
	roles      db.Roles
	contextKey []byte
}

// New clones the migrated template. The database goes with the test.
func New(t testing.TB) *Database { t.Helper(); return Empty(t, template) }

// Filled clones a template with more in it: a migrated database that fill was given, once for all the tests of a
// program. Every connection that fill opens must be closed when it returns, for nobody may look at what is cloned.
func Filled(t testing.TB, name string, fill func(d *Database)) *Database {
	t.Helper()
	filling.Lock()
	defer filling.Unlock()
	if !filled[name] {
		d := &Database{name: name, contextKey: contextKey}
		clone(t, name, template)
		fill(d)
		filled[name] = true
	}
	return Empty(t, name)
}

// Signed is New, with a database that believes signed contexts alone, whatever the rest of the suite does.
func Signed(t testing.TB) *Database {
	t.Helper()
	d := New(t)
	d.contextKey = Key()
	if err := db.Migrate(t.Context(), d.URL("roster_migrate"), d.contextKey); err != nil {
		t.Fatal(err)
	}
	return d
}

// Empty makes a database from another one, "template1" for an empty one.
func Empty(t testing.TB, from string) *Database {
	t.Helper()
	// Asked for again, because go test remembers results by the variables that were read while tests ran.
	os.Getenv("ROSTER_SIGNED_CONTEXT")
	RememberServer()
	d := &Database{name: fmt.Sprintf("test_%d", number.Add(1)), contextKey: contextKey}
	clone(t, d.name, from)
	t.Cleanup(func() {
		cloning.Lock()
		defer cloning.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // so that nothing hangs for ever
		defer cancel()
		if _, err := admin.Exec(ctx, "DROP DATABASE "+d.name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return d
}

func clone(t testing.TB, name, from string) {
	t.Helper()
	cloning.Lock()
	defer cloning.Unlock()
	if err := Clone(t.Context(), admin, name, from); err != nil {
		t.Fatal(err)
	}
}

const objectInUse = "55006"

// Clone makes a database from another one, as a superuser, as soon as nobody is connected to that. Who may enter it, and the
// settings that roles have in it, are no part of what PostgreSQL clones, and are copied as they stand: to grant and set
// them anew takes twice as long as all the rest.
func Clone(ctx context.Context, superuser *pgx.Conn, name, from string) error {
	create := "CREATE DATABASE " + name + " TEMPLATE " + from
	_, err := superuser.Exec(ctx, create)
	for try := 1; db.Constraint(err) == objectInUse && try < 12; try++ { // who looked at it is still leaving; the server waits for five seconds
		_, err = superuser.Exec(ctx, create)
	}
	if err != nil {
		return err
	}
	for _, sql := range []string{
		"UPDATE pg_database SET datacl = (SELECT datacl FROM pg_database WHERE datname = '" + from + "') WHERE datname = '" + name + "'",
		`INSERT INTO pg_db_role_setting SELECT made.oid, s.setrole, s.setconfig FROM pg_db_role_setting s JOIN pg_database f ON f.oid = s.setdatabase AND f.datname = '` + from + `',
			pg_database made WHERE made.datname = '` + name + "'",
	} {
		if _, err := superuser.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// Own is an empty database for an installation with roles of its own, and the address of its administrator: a role
// that may make roles and databases and is no superuser, as whoever rents a server is given. Roles serve one
// database of a server, so a test that runs `roster migrate` does it in one of these.
func Own(t testing.TB) (d *Database, administrator string) {
	t.Helper()
	os.Getenv("ROSTER_SIGNED_CONTEXT")
	name := fmt.Sprintf("own_%d", number.Add(1))
	d = &Database{name: name, roles: db.Roles(name), contextKey: contextKey}
	master := name + "_master"
	execute := func(ctx context.Context, statements ...string) {
		t.Helper()
		cloning.Lock()
		defer cloning.Unlock()
		for _, sql := range statements {
			if _, err := admin.Exec(ctx, sql); err != nil {
				t.Error(err)
			}
		}
	}
	execute(t.Context(), "CREATE ROLE "+master+" LOGIN CREATEROLE CREATEDB", "CREATE DATABASE "+name+" OWNER "+master)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		roles := []string{d.roles.Owner(), d.roles.Definer(), d.roles.Migrator(), d.roles.App(), d.roles.Auth(), d.roles.Worker()}
		execute(ctx, "DROP DATABASE "+name+" WITH (FORCE)", "DROP ROLE IF EXISTS "+strings.Join(roles, ", "), "DROP ROLE "+master)
	})
	return d, server.URL(master, name)
}

// Roles are those of the database.
func (d *Database) Roles() db.Roles { return d.roles }

// URL is the address of the database for a role. Roster's own are named as usual, whatever they are called here.
func (d *Database) URL(role string) string { return server.URL(d.roles.In(role), d.name) }

// Config names the database for each role, as a program would.
func (d *Database) Config() db.Config {
	return db.Config{App: d.URL("roster_app"), Auth: d.URL("roster_auth"), Worker: d.URL("roster_worker"), Roles: d.roles, ContextKey: d.contextKey}
}

// Environ is the environment in which the program uses this database.
func (d *Database) Environ() []string {
	environ := []string{"ROSTER_DATABASE_URL=" + d.URL("roster_app"), "ROSTER_AUTH_DATABASE_URL=" + d.URL("roster_auth"),
		"ROSTER_WORKER_DATABASE_URL=" + d.URL("roster_worker"), "ROSTER_KEY=" + base64.StdEncoding.EncodeToString(installation[:])}
	if d.roles != "" {
		environ = append(environ, "ROSTER_DATABASE_ROLES="+string(d.roles))
	}
	if d.contextKey != nil {
		environ = append(environ, "ROSTER_SIGNED_CONTEXT=1")
	}
	return environ
}

// Enter is the setting that enters an organization in this database.
func (d *Database) Enter(org uuid.UUID) string {
	if d.contextKey == nil {
		return org.String()
	}
	return db.SignContext(d.contextKey, org, time.Now().Add(time.Hour))
}

// Open opens it the way the program does. Options change the configuration before.
func (d *Database) Open(t testing.TB, options ...func(*db.Config)) *db.DB {
	t.Helper()
	config := d.Config()
	for _, option := range options {
		option(&config)
	}
	opened, err := db.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	return opened
}

// As connects as a role, past all doors: for what an attacker would do, and for looking.
func (d *Database) As(t testing.TB, role string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.URL(role))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Superuser connects as the server's superuser, which row security does not bind: for arranging what has
// no page yet, and for looking at everything.
func (d *Database) Superuser(t testing.TB) *pgx.Conn { t.Helper(); return d.As(t, server.Superuser()) }
