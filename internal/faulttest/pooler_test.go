package faulttest

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"roster/internal/suite"
	"roster/views/paths"
)

// pooler is a PgBouncer in front of a database.
type pooler struct {
	*database
	address string // host:port
}

// startPooler starts a PgBouncer in front of a database, with so many connections for each role. Settings are lines of
// its configuration.
func startPooler(t *testing.T, d *database, size int, settings ...string) *pooler {
	t.Helper()
	b := &pooler{d, freeAddress(t)}
	dir, err := os.MkdirTemp(workplace, "pooler-")
	if err != nil {
		t.Fatal(err)
	}
	server, err := url.Parse(d.url("roster_app", d.name))
	if err != nil {
		t.Fatal(err)
	}
	sockets := server.Query().Get("host")
	_, port, _ := strings.Cut(b.address, ":")
	lines := append([]string{"[databases]", fmt.Sprintf("%s = host=%s port=%s", d.name, sockets, server.Query().Get("port")),
		"[pgbouncer]", "listen_addr = 127.0.0.1", "listen_port = " + port, "unix_socket_dir =", "auth_type = scram-sha-256",
		"auth_file = " + filepath.Join(dir, "users"), "admin_users = " + d.roles.Worker(), fmt.Sprintf("default_pool_size = %d", size)}, settings...)
	var users strings.Builder
	for _, role := range []string{"roster_app", "roster_auth", "roster_worker"} {
		fmt.Fprintf(&users, "%q %q\n", d.roles.In(role), "a-password")
	}
	for name, text := range map[string]string{"users": users.String(), "ini": strings.Join(lines, "\n") + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // where Debian has it, out of most people's PATH
	}
	said := &transcript{}
	cmd := exec.Command(program, filepath.Join(dir, "ini"))
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = said, said, tied()
	// Only the server's own account may enter the directory of its socket.
	info, err := os.Stat(sockets)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != os.Geteuid() {
		if cmd.SysProcAttr == nil {
			cmd.SysProcAttr = &syscall.SysProcAttr{}
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("PgBouncer: %v (make pgbouncer installs it)", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			text := said.String()
			t.Logf("the last words of PgBouncer: %s", text[max(0, len(text)-4000):])
		}
	})
	suite.Until(t, "PgBouncer answers", func() bool {
		conn, err := pgx.Connect(t.Context(), b.url("roster_app"))
		if err == nil {
			err = conn.Close(t.Context())
		}
		return err == nil
	})
	return b
}

// url is the address of the database through the pooler.
func (b *pooler) url(role string) string {
	return fmt.Sprintf("postgres://%s:a-password@%s/%s", b.roles.In(role), b.address, b.name)
}

// environ sends pages through the pooler, and leaves jobs as they are.
func (b *pooler) environ() []string {
	return []string{"ROSTER_DATABASE_URL=" + b.url("roster_app"), "ROSTER_AUTH_DATABASE_URL=" + b.url("roster_auth")}
}

// refresh lets the pooler open its connections anew.
func (b *pooler) refresh(t *testing.T) {
	t.Helper()
	config, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s:a-password@%s/pgbouncer?default_query_exec_mode=simple_protocol", b.roles.Worker(), b.address))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "RECONNECT"); err != nil {
		t.Fatal(err)
	}
}

// raw connects through the pooler as a page's role, past the program. Nothing is prepared.
func (b *pooler) raw(t *testing.T, role string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(b.url(role))
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

// state is what there is to see of a server's process between transactions.
type state struct {
	Statement, Lock, Idle, Path, Zone, Plan string
	Organization, ReadOnly                  string
	Prepared, Members                       int
}

// clean is how each has to be: under Roster's budgets, in no organization.
var clean = state{Statement: "5s", Lock: "2s", Idle: "10s", Path: "pg_catalog", Zone: "UTC", Plan: "force_generic_plan", ReadOnly: "off"}

// look asks for the state of the process that the connection has just now.
func look(t *testing.T, conn *pgx.Conn, role string) state {
	t.Helper()
	members := "0"
	if role == "roster_app" {
		members = "(SELECT count(*) FROM roster.memberships)"
	}
	rows, err := conn.Query(t.Context(), `SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'),
		current_setting('search_path'), current_setting('TimeZone'), current_setting('plan_cache_mode'),
		coalesce(current_setting('roster.org_id', true), ''), current_setting('transaction_read_only'), (SELECT count(*) FROM pg_prepared_statements), `+members)
	if err != nil {
		t.Error(err)
		return clean
	}
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[state])
	if err != nil {
		t.Error(err)
		return clean
	}
	return s
}

// B205 D25: pages come through a PgBouncer that has fewer connections than there are people at two nodes: they log in,
// look, invite and change roles all at once, nothing fails, nobody sees another organization, and every process that they
// share stays under Roster's budgets, in no organization.
func TestPagesThroughAPooler(t *testing.T) {
	t.Parallel()
	type way struct {
		name, mode string
		size       int
		settings   string
		changes    int
	}
	for _, c := range suite.Some(t, []way{
		{"transactions", "transaction", 2, "", 10},
		{"sessions", "session", 20, "", 2},
		{"start parameters are let by", "transaction", 2,
			"ignore_startup_parameters = statement_timeout, lock_timeout, idle_in_transaction_session_timeout, search_path, plan_cache_mode", 2},
	}, 1, "way") {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, shared)
			b := startPooler(t, s.database, c.size, "pool_mode = "+c.mode, c.settings)
			nodes := []*node{s.start(b.environ()...), s.start(b.environ()...)}
			slugs := []string{"acme", "other"}
			var owners []*person
			var drivers []*driver
			for i, slug := range slugs {
				owner, member := s.signUp(nodes[i], "Owner"+slug+" Person"), s.signUp(nodes[1-i], "Member"+slug+" Person")
				owner.found(slug)
				s.mature(slug)
				member.join(owner, slug)
				owners = append(owners, owner)
			}
			if got := one[int](t, s.database, s.roles.In(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'roster_app'`)); got > c.size {
				t.Errorf("pages have %d connections of PostgreSQL, the pooler gives %d", got, c.size)
			}
			for i, slug := range slugs {
				drivers = append(drivers, drive(t, owners[i], slug, 3, &person{site: s, name: "the member", email: "member" + slug + "@people.example"}))
			}
			stop := make(chan struct{})
			var looking sync.WaitGroup
			for i, slug := range slugs {
				foreign := slugs[1-i]
				looking.Go(func() { // somebody who logs in again and again, and looks
					for n := 0; !isClosed(stop); n++ {
						again := &person{site: s, node: nodes[n%2], name: "again", email: owners[i].email, from: fmt.Sprintf("10.9.%d.%d", i, n%250), cookies: map[string]string{}}
						form, found := again.marks(paths.LogIn, paths.LogIn)
						if !found {
							continue
						}
						in, err := again.post(paths.LogIn, with(form, "email", again.email, "password", password))
						if err != nil || in.status != http.StatusSeeOther && in.status != http.StatusServiceUnavailable && in.status != http.StatusTooManyRequests {
							t.Errorf("a log-in answers %d, %v: %.300s", in.status, err, words(in.body))
						}
						a, err := owners[i].get(paths.Members(slug))
						if err != nil || a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
							t.Errorf("the members of %s: %d, %v: %.300s", slug, a.status, err, words(a.body))
						}
						if a.status == http.StatusOK && (!strings.Contains(a.body, "member"+slug+"@people.example") || strings.Contains(a.body, "member"+foreign+"@people.example")) {
							t.Errorf("the members of %s: %.600s", slug, words(a.body))
						}
					}
				})
			}
			for _, role := range []string{"roster_app", "roster_auth"} {
				conn := b.raw(t, role)
				looking.Go(func() { // somebody who only asks how the process is that comes next
					for !isClosed(stop) && !t.Failed() {
						if got := look(t, conn, role); got != clean {
							t.Errorf("a process of %s is left as %+v", role, got)
						}
						pause(stop, 5*time.Millisecond)
					}
				})
			}
			for _, d := range drivers {
				d.progress(c.changes)
			}
			close(stop)
			looking.Wait()
			for _, d := range drivers {
				d.judge(s)
				d.onlyKinds(http.StatusSeeOther, http.StatusServiceUnavailable)
			}
			for _, n := range nodes {
				n.stop()
			}
			for _, role := range []string{"roster_app", "roster_auth"} { // all that are left, each held so that the next one is another
				for range 2 {
					conn := b.raw(t, role)
					if _, err := conn.Exec(t.Context(), "BEGIN"); err != nil {
						t.Fatal(err)
					}
					if got := look(t, conn, role); got != clean {
						t.Errorf("a process of %s is left as %+v", role, got)
					}
				}
			}
		})
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// B205 D25: a pooler that cannot do what Roster needs is refused at start, in one sentence that says what to do.
func TestUnfitPoolerIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	b := startPooler(t, s.database, 2, "pool_mode = transaction")
	single := startPooler(t, s.database, 2, "pool_mode = statement")
	refused := func(what, words string, environ ...string) {
		t.Helper()
		n := s.launch(environ...)
		status := n.end()
		if said := strings.TrimSpace(n.said.String()); status == 0 || !strings.Contains(said, words) || strings.Contains(said, "\n") {
			t.Errorf("%s: status %d, %q; want a sentence with %q", what, status, said, words)
		}
	}
	refused("the worker's address through it", "set ROSTER_WORKER_DATABASE_URL to the address of PostgreSQL itself",
		append(b.environ(), "ROSTER_WORKER_DATABASE_URL="+b.url("roster_worker"))...)
	refused("the worker's address not said", "set ROSTER_WORKER_DATABASE_URL to the address of PostgreSQL itself",
		append(b.environ(), "ROSTER_WORKER_DATABASE_URL=")...)
	refused("single statements", "set its mode to transaction", single.environ()...)
	for setting, want := range map[string]string{"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s",
		"search_path": "pg_catalog", "plan_cache_mode": "force_generic_plan"} {
		s.exec(t, `ALTER ROLE `+s.roles.Auth()+` IN DATABASE `+s.name+` RESET `+setting)
		b.refresh(t)
		refused("without "+setting, "run roster migrate", b.environ()...)
		s.exec(t, `ALTER ROLE `+s.roles.Auth()+` IN DATABASE `+s.name+` SET `+setting+` = '`+want+`'`)
	}
	b.refresh(t)
	cmd := exec.Command(program, "prove")
	cmd.Env = append(append(s.database.environ(), b.environ()...), "PATH="+os.Getenv("PATH"), raceOptions)
	if said, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(said), "addresses of PostgreSQL itself") {
		t.Errorf("roster prove through a pooler: %v, %s", err, said)
	}
	s.start(b.environ()...).stop()
}
