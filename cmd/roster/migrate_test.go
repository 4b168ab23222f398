package main

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/dbtest"
)

// at are addresses of one database, turned to another.
func at(addresses []string, name, other string) (all []string) {
	for _, one := range addresses {
		all = append(all, strings.Replace(one, "/"+name+"?", "/"+other+"?", 1))
	}
	return all
}

// B202 B203: names of roles of one's own reach the commands, and an administrator who is no superuser may run each.
func TestRolesOfOnesOwnInEveryCommand(t *testing.T) {
	t.Parallel()
	d, admin := dbtest.Own(t)
	environ := append(d.Environ(), "ROSTER_URL=http://localhost:1", "ROSTER_ADMIN_DATABASE_URL="+admin)
	for _, c := range []struct {
		args  []string
		words string
	}{
		{[]string{"migrate"}, "The database is ready."},
		{[]string{"seed", "--members", "60"}, "The demo is ready"},
		{[]string{"link", "ann@acme.example"}, "Sign-up link for ann@acme.example"},
		{[]string{"migrate"}, "The database is ready."},
	} {
		status, out, log := typed(t, environ, c.args...)
		if status != 0 || !strings.Contains(out, c.words) || strings.Contains(out, "roster_app") {
			t.Fatalf("roster %v: %d %.2000q %q", c.args, status, out, log)
		}
	}
}

// B203: a second installation on a server does not take the roles of the first: nothing is changed, and the sentence
// names the other database and the setting. With names of its own, or when the other database is gone, it goes on.
func TestMigrateLeavesTheRolesOfAnotherInstallation(t *testing.T) {
	t.Parallel()
	first, admin := dbtest.Own(t)
	environ := append(first.Environ(), "ROSTER_ADMIN_DATABASE_URL="+admin)
	if status, _, log := typed(t, environ, "migrate"); status != 0 {
		t.Fatal(log)
	}
	master, err := pgx.Connect(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close(t.Context())
	execute := func(sql string) {
		t.Helper()
		if _, err := master.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	name := master.Config().Database
	second := name + "_second"
	execute("CREATE DATABASE " + second)
	atSecond := at(environ, name, second)
	status, out, log := typed(t, atSecond, "migrate")
	if status != 1 || out != "" || strings.Count(log, "\n") != 1 || !strings.Contains(log, "serve database "+name+" on this server already") || !strings.Contains(log, "ROSTER_DATABASE_ROLES="+second) {
		t.Errorf("a second installation: %d %q %q", status, out, log)
	}
	var there int
	super := first.Superuser(t)
	if err := super.QueryRow(t.Context(), `SELECT count(*) FROM pg_database WHERE datname = $1 AND datacl IS NOT NULL`, second).Scan(&there); err != nil || there != 0 {
		t.Errorf("the refused database was given away, %v", err)
	}

	// The wrong names for a database that has a Roster.
	status, _, log = typed(t, append(environ, "ROSTER_DATABASE_ROLES="+second), "migrate")
	if status != 1 || !strings.Contains(log, "set ROSTER_DATABASE_ROLES="+name+",") {
		t.Errorf("the wrong names: %d %q", status, log)
	}

	// A copy beside the first goes on: it belongs to these roles already. So does the first one after a change of name.
	execute("DROP DATABASE " + second)
	if err := master.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	server, err := pgx.Connect(t.Context(), at([]string{first.URL(super.Config().User)}, name, "postgres")[0])
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(t.Context())
	if err := super.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"CREATE DATABASE " + second + " TEMPLATE " + name + " OWNER " + name + "_master"} {
		if _, err := server.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, log := typed(t, atSecond, "migrate"); status != 0 {
		t.Errorf("a copy: %q", log)
	}
	for _, sql := range []string{"DROP DATABASE " + second, "ALTER DATABASE " + name + " RENAME TO " + second} {
		if _, err := server.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, log := typed(t, atSecond, "migrate"); status != 0 {
		t.Errorf("after a change of name: %q", log)
	}
	if _, err := server.Exec(t.Context(), "ALTER DATABASE "+second+" RENAME TO "+name); err != nil {
		t.Fatal(err)
	}
}

// B204, and the rest of what makes a database the wrong one: it is refused in one sentence, before anything is changed.
func TestMigrateRefusesTheWrongDatabase(t *testing.T) {
	t.Parallel()
	d, admin := dbtest.Own(t)
	master, err := pgx.Connect(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close(t.Context())
	name := master.Config().Database
	super := d.Superuser(t)
	weak := name + "_weak"
	for _, sql := range []string{"CREATE ROLE " + weak + " LOGIN", "CREATE ROLE " + weak + "2 LOGIN CREATEROLE"} {
		if _, err := super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		if _, err := super.Exec(t.Context(), "DROP ROLE "+weak+", "+weak+"2"); err != nil {
			t.Error(err)
		}
	}()
	for i, c := range []struct {
		options, prepare, as, words string
	}{
		{"ENCODING LATIN1 LOCALE 'C'", "", "", "holds text in LATIN1"},
		{"ENCODING SQL_ASCII LOCALE 'C'", "", "", "holds text in SQL_ASCII"},
		{"", "CREATE SCHEMA auth", "", "has a schema auth that is not Roster's"},
		{"", "CREATE SCHEMA platform", "", "has a schema platform of " + name + "_master"},
		{"", "CREATE EXTENSION pg_trgm", "", "drop it, Roster makes it in schema ext"},
		{"", "ALTER DATABASE %s SET default_transaction_read_only = on", "", "takes no changes"},
		{"", "", weak, "may not make roles"},
		{"", "", weak + "2", "does not own database"},
	} {
		wrong := name + "_wrong" + string(rune('a'+i))
		address := at([]string{admin}, name, wrong)[0]
		if _, err := master.Exec(t.Context(), "CREATE DATABASE "+wrong+" TEMPLATE template0 "+c.options); err != nil {
			t.Fatal(err)
		}
		if c.prepare != "" {
			conn, err := pgx.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(t.Context(), strings.Replace(c.prepare, "%s", wrong, 1)); err != nil {
				t.Fatal(err)
			}
			conn.Close(t.Context())
		}
		if c.as != "" {
			address = strings.Replace(address, name+"_master@", c.as+"@", 1)
		}
		status, out, log := typed(t, append(d.Environ(), "ROSTER_ADMIN_DATABASE_URL="+address), "migrate")
		if status != 1 || out != "" || strings.Count(log, "\n") != 1 || !strings.Contains(log, c.words) {
			t.Errorf("%s%s%s: %d %q %q, want a sentence with %q", c.options, c.prepare, c.as, status, out, log, c.words)
		}
		if _, err := master.Exec(t.Context(), "DROP DATABASE "+wrong); err != nil {
			t.Fatal(err)
		}
	}
	var made int
	if err := super.QueryRow(t.Context(), `SELECT count(*) FROM pg_roles WHERE rolname = $1`, d.Roles().Owner()).Scan(&made); err != nil || made != 0 {
		t.Errorf("roles were made all the same, %v", err)
	}
}

// B204: Roster serves no database of another encoding, and needs nothing of its locale.
func TestServeRefusesAnotherEncoding(t *testing.T) {
	t.Parallel()
	d, admin := dbtest.Own(t)
	if status, _, log := typed(t, append(d.Environ(), "ROSTER_ADMIN_DATABASE_URL="+admin), "migrate"); status != 0 {
		t.Fatal(log)
	}
	master, err := pgx.Connect(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close(t.Context())
	name := master.Config().Database
	wrong := name + "_latin"
	for _, sql := range []string{"CREATE DATABASE " + wrong + " ENCODING LATIN1 LOCALE 'C' TEMPLATE template0", "GRANT CONNECT ON DATABASE " + wrong + " TO " + d.Roles().App()} {
		if _, err := master.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	super := d.Superuser(t)
	defer func() {
		if _, err := super.Exec(t.Context(), "DROP DATABASE "+wrong+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	}()
	status, _, log := typed(t, append(at(d.Environ(), name, wrong), "ROSTER_URL=http://localhost:1"), "serve")
	if status != 1 || strings.Count(log, "\n") != 1 || !strings.Contains(log, "holds text in LATIN1") || !strings.Contains(log, "ENCODING 'UTF8'") {
		t.Errorf("%d %q", status, log)
	}
}

// A newer schema: an older program's migrate changes nothing and says so; it serves until the schema says that it no
// longer works with it, and then nothing starts.
func TestASchemaNewerThanTheProgram(t *testing.T) {
	t.Parallel()
	d, admin := dbtest.Own(t)
	environ := append(d.Environ(), "ROSTER_URL=http://localhost:1", "ROSTER_ADMIN_DATABASE_URL="+admin)
	if status, _, log := typed(t, environ, "migrate"); status != 0 {
		t.Fatal(log)
	}
	super := d.Superuser(t)
	execute := func(sql string) {
		t.Helper()
		if _, err := super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	execute(`INSERT INTO platform.goose_db_version (version_id, is_applied) VALUES (900, true)`)
	execute(`CREATE OR REPLACE FUNCTION roster.maintenance() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT false'`) // of the newer one
	execute(`ALTER ROLE ` + d.Roles().App() + ` NOLOGIN`)
	status, out, log := typed(t, environ, "migrate")
	if status != 0 || !strings.Contains(out, "The database's schema is at version 900, and this program knows ") || !strings.Contains(out, "Nothing was changed") {
		t.Errorf("migrate: %d %q %q", status, out, log)
	}
	var may bool
	if err := super.QueryRow(t.Context(), `SELECT rolcanlogin FROM pg_roles WHERE rolname = $1`, d.Roles().App()).Scan(&may); err != nil || may {
		t.Errorf("it changed something, %v", err)
	}
	execute(`ALTER ROLE ` + d.Roles().App() + ` LOGIN`)
	if behind, err := d.Open(t).Behind(t.Context()); err != nil || behind != "" {
		t.Errorf("the next version: %q, %v", behind, err)
	}
	if err := d.Roles().Migrate(t.Context(), admin, nil); err != nil {
		t.Error(err)
	}
	execute(`UPDATE platform.oldest_program SET version = 900`)
	for _, args := range [][]string{{"migrate"}, {"serve"}, {"link", "ann@acme.example"}} {
		status, out, log := typed(t, environ, args...)
		if status != 1 || out != "" || strings.Count(log, "\n") != 1 || !strings.Contains(log, "no longer works with it: start the newer Roster") {
			t.Errorf("%v: %d %q %q", args, status, out, log)
		}
	}
	var newest int64
	if err := super.QueryRow(t.Context(), `SELECT max(version_id) FROM platform.goose_db_version`).Scan(&newest); err != nil || newest != 900 {
		t.Errorf("version %d, %v", newest, err)
	}
}

// Every name that is refused is refused in a sentence, and by every command.
func TestRolesThatNobodyCanHave(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Roster", "1roster", "a-b", "a b", `a"b`, "pg", "pg_x", "é", strings.Repeat("a", 41), "a;DROP"} {
		if _, err := db.ParseRoles(name); err == nil {
			t.Errorf("%q is taken", name)
		}
		for _, command := range []string{"migrate", "seed", "prove", "serve"} {
			status, _, log := typed(t, []string{"ROSTER_DATABASE_ROLES=" + name, "ROSTER_ADMIN_DATABASE_URL=postgres://x", "ROSTER_DATABASE_URL=postgres://x"}, command)
			if status != 1 || !strings.Contains(log, "ROSTER_DATABASE_ROLES: begin") && !strings.Contains(log, "ROSTER_DATABASE_ROLES: names that begin with pg_") {
				t.Errorf("%s with %q: %d %q", command, name, status, log)
			}
		}
	}
	for _, name := range []string{"roster", "a", "staging_2", strings.Repeat("a", 40)} {
		if _, err := db.ParseRoles(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}
