package prove

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"roster/db/dbtest"
	"roster/internal/suite"
)

// mutant is a database whose isolation was broken in one place, and the family of attacks that must see it.
type mutant struct {
	name, family, target string // target: "" if any will do
	breaks               []string
}

// I7 I8 X56: the proof is worth something only if it sees what it is for. Each mutant is a database of its own,
// and the family that is named must find it: by an attack that gets through, or by one that it does not know.
func TestEachMutantIsCaught(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	conn := d.Superuser(t)
	var mutants []mutant
	for kind, some := range map[string][]mutant{"policies": policyMutants(t, conn), "unique": uniqueMutants(t, conn), "foreign": foreignMutants(t, conn),
		"functions": functionMutants(t, conn, d.Enter(newWorld('b').org)), "others": otherMutants()} {
		mutants = append(mutants, suite.Some(t, some, (len(some)+1)/2, kind)...)
	}
	if least := map[bool]int{true: 150, false: 50}[suite.All()]; len(mutants) < least {
		t.Errorf("only %d mutants", len(mutants))
	}
	t.Logf("%d mutants", len(mutants))
	for _, m := range mutants {
		t.Run(m.family+"/"+m.name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.New(t)
			m.apply(t, d)
			o := options(d)
			o.Families, o.FailFast = []string{m.family}, true
			o.Targets = func(target string) bool { return m.target == "" || target == m.target }
			report, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range report.Attacks {
				if a.Verdict != Held && (m.target == "" || a.Target == m.target) {
					return
				}
			}
			t.Errorf("%d attacks, and none got through", len(report.Attacks))
		})
	}
}

func (m mutant) apply(t testing.TB, d *dbtest.Database) {
	t.Helper()
	conn := d.Superuser(t)
	for _, sql := range m.breaks {
		if _, err := conn.Exec(t.Context(), strings.ReplaceAll(sql, "{database}", pgx.Identifier{conn.Config().Database}.Sanitize())); err != nil {
			t.Fatal(sql, err)
		}
	}
}

// policyMutants break row security on every table, in each of six ways; or, drawn, on every table in one of the two that open
// it and in one of the other four, so that each way is tried on some tables.
func policyMutants(t testing.TB, conn *pgx.Conn) (mutants []mutant) {
	rows, err := conn.Query(t.Context(), `
		SELECT c.relname, has_any_column_privilege('roster_app', c.oid, 'INSERT') FROM pg_class c
		 WHERE c.relnamespace = 'roster'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'users' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	var name string
	var inserts bool
	tables, shift := 0, suite.Draw(t, "policies").IntN(8)
	_, err = pgx.ForEachRow(rows, []any{&name, &inserts}, func() error {
		table := "roster." + name
		tables++
		checks := "verbs"
		if !inserts { // nobody may write its organization: only the catalogue shows that the check is gone
			checks = "catalogue"
		}
		for way, m := range []struct{ name, family, sql string }{
			{"policy dropped", "verbs", `DROP POLICY org_isolation ON ` + table},
			{"policy USING true", "verbs", `ALTER POLICY org_isolation ON ` + table + ` USING (true)`},
			{"policy WITH CHECK true", checks, `ALTER POLICY org_isolation ON ` + table + ` WITH CHECK (true)`},
			{"row security off", "verbs", `ALTER TABLE ` + table + ` DISABLE ROW LEVEL SECURITY`},
			{"row security not forced", "catalogue", `ALTER TABLE ` + table + ` NO FORCE ROW LEVEL SECURITY`},
			{"maintenance for everybody", "verbs", `ALTER POLICY owner_maintenance ON ` + table + ` TO PUBLIC; GRANT EXECUTE ON FUNCTION roster.maintenance() TO PUBLIC`},
		} {
			if drawn := way == (tables+shift)%2 || way-2 == (tables/2+shift/2)%4; !drawn && !suite.All() {
				continue
			}
			target := table
			if m.family == "catalogue" {
				target = "schema"
			}
			mutants = append(mutants, mutant{name + ": " + m.name, m.family, target, []string{m.sql}})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return mutants
}

// withoutOrganization takes the organization's column out of a list of columns.
func withoutOrganization(columns []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == "org_id" || c == "id" && len(columns) == 2 && columns[1] == "slug" })
}

// uniqueMutants take org_id out of every unique index, under the same name.
func uniqueMutants(t testing.TB, conn *pgx.Conn) (mutants []mutant) {
	rows, err := conn.Query(t.Context(), `
		SELECT t.relname, i.relname, coalesce('WHERE ' || pg_get_expr(x.indpred, x.indrelid), ''), EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid AND c.contype IN ('p', 'u')),
		       ARRAY(SELECT a.attname::text FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(n, o) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n ORDER BY k.o)
		  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
		 WHERE t.relnamespace = 'roster'::regnamespace AND x.indisunique ORDER BY 2`)
	if err != nil {
		t.Fatal(err)
	}
	var table, name, where string
	var constraint bool
	var columns []string
	_, err = pgx.ForEachRow(rows, []any{&table, &name, &where, &constraint, &columns}, func() error {
		if !slices.Contains(columns, "org_id") || uniqueCases[name].instead != "" && name != "organization_slugs_org" {
			return nil
		}
		drop := "DROP INDEX roster." + name
		if constraint {
			drop = fmt.Sprintf("ALTER TABLE roster.%s DROP CONSTRAINT %s CASCADE", table, name)
		}
		m := mutant{name + " without org_id", "oracles", name, []string{drop,
			fmt.Sprintf("CREATE UNIQUE INDEX %s ON roster.%s (%s) %s", name, table, strings.Join(withoutOrganization(columns), ", "), where)}}
		if uniqueCases[name].instead != "" {
			m.family, m.target = "catalogue", "schema"
		}
		mutants = append(mutants, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return mutants
}

// foreignMutants take org_id out of every foreign key; one that is nothing else goes altogether.
func foreignMutants(t testing.TB, conn *pgx.Conn) (mutants []mutant) {
	rows, err := conn.Query(t.Context(), `
		SELECT c.conname, t.relname, r.relname,
		       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, o) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n ORDER BY k.o),
		       ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(n, o) JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.n ORDER BY k.o)
		  FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
		 WHERE c.contype = 'f' AND t.relnamespace = 'roster'::regnamespace AND r.relname <> 'users' AND t.relname <> 'users' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	var name, table, refers string
	var from, to []string
	_, err = pgx.ForEachRow(rows, []any{&name, &table, &refers, &from, &to}, func() error {
		m := mutant{name + " without org_id", "oracles", name, []string{fmt.Sprintf("ALTER TABLE roster.%s DROP CONSTRAINT %s", table, name)}}
		if len(from) > 1 {
			own, other := strings.Join(from[1:], ", "), strings.Join(to[1:], ", ")
			m.breaks = append(m.breaks, fmt.Sprintf("CREATE UNIQUE INDEX ON roster.%s (%s)", refers, other),
				fmt.Sprintf("ALTER TABLE roster.%s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES roster.%s (%s) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED", table, name, own, refers, other))
		}
		mutants = append(mutants, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return mutants
}

// functionMutants take a condition out of a function that sees more than one organization. intoB is the setting
// that enters canary B.
func functionMutants(t testing.TB, conn *pgx.Conn, intoB string) (mutants []mutant) {
	for _, one := range []struct{ function, from, to string }{
		{"door.enter", "m.user_id = p_user AND m.org_id = o", "m.org_id = o"},
		{"door.enter", "m.user_id = p_user AND m.org_id = o", "m.user_id IN (p_user, '" + newWorld('b').owner().String() + "')"},
		{"door.enter", "BEGIN\n", "BEGIN\n PERFORM set_config('roster.org_id', '" + intoB + "', true);\n"},
		{"door.my_organizations", "m.user_id = p_user AND", ""},
		{"door.my_invitations", "i.email_norm = u.email_norm AND", ""},
		{"door.invitation", "i.org_id = p_org AND", ""},
		{"door.invitation", "k.org_id = p_org AND k.digest = p_digest", "k.digest = p_digest OR k.org_id = p_org"},
		{"door.invitation", "ELSE i.id = p_id AND i.email_norm = (SELECT w.email_norm FROM roster.users w WHERE w.id = p_user AND w.status = 'active')", "ELSE i.id = p_id"},
		{"door.join_link", "t.org_id = p_org AND ", ""},
		{"door.waiting_requests", "m.user_id = p_user AND ", ""},
		{"door.create_organization", "AND u.user_id = p_user", ""},
		{"door.search_members", "roster.memberships m WHERE m.org_id = $1 AND", "roster.memberships m WHERE $1 IS NOT NULL AND"},
		{"door.search_members", "roster.invitations m WHERE m.org_id = $1 AND", "roster.invitations m WHERE $1 IS NOT NULL AND"},
		{"door.find_invitations", "roster.invitations_filter(p_show, p_undelivered, p_by IS NOT NULL, false)",
			"replace(roster.invitations_filter(p_show, p_undelivered, p_by IS NOT NULL, false), 'i.org_id = $1', '$1 IS NOT NULL')"},
		{"door.forget_submissions", "interval '24 hours'", "interval '-1 hour'"},
		{"door.forget_jobs", "interval '30 days'", "interval '-1 hour'"},
		{"door.erase_files", "o.made_at < now() - interval '25 hours' AND j.finished_at < now() - interval '25 hours'", "true"},
		{"door.forget_imports", "interval '24 hours'", "interval '-1 hour'"},
	} {
		var definition string
		schema, name, _ := strings.Cut(one.function, ".")
		if err := conn.QueryRow(t.Context(), `SELECT pg_get_functiondef(f.oid) FROM pg_proc f WHERE f.pronamespace = $1::text::regnamespace AND f.proname = $2`, schema, name).Scan(&definition); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(definition, one.from) {
			t.Errorf("%s has no %q any more", one.function, one.from)
		}
		mutants = append(mutants, mutant{fmt.Sprintf("%s without %.30q", one.function, one.from), "doors", one.function, []string{strings.ReplaceAll(definition, one.from, one.to)}})
	}
	for name, body := range map[string]string{
		"an organization where none is entered":  `coalesce((SELECT roster.real_org_id()), '` + newWorld('b').org.String() + `')`,
		"an organization of the session's actor": `coalesce(nullif(current_setting('roster.ctx', true), '')::uuid, roster.real_org_id())`,
	} {
		var source string
		if err := conn.QueryRow(t.Context(), `SELECT prosrc FROM pg_proc WHERE oid = 'roster.org_id()'::regprocedure`).Scan(&source); err != nil {
			t.Fatal(err)
		}
		mutants = append(mutants, mutant{"org_id() answers " + name, "verbs", "roster.memberships", []string{
			`CREATE FUNCTION roster.real_org_id() RETURNS uuid LANGUAGE sql STABLE AS $$` + source + `$$`, `GRANT EXECUTE ON FUNCTION roster.real_org_id() TO PUBLIC`,
			`CREATE OR REPLACE FUNCTION roster.org_id() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT ` + body + ` $$`}})
	}
	return mutants
}

// otherMutants are written by hand.
func otherMutants() []mutant {
	b := newWorld('b')
	return []mutant{
		// Tables, views and policies that came later.
		{"a second policy for all", "verbs", "roster.invitations", []string{`CREATE POLICY also ON roster.invitations TO roster_app USING (true)`}},
		{"a second policy for everybody", "verbs", "roster.submissions", []string{`CREATE POLICY also ON roster.submissions USING (true)`}},
		{"a second policy for the worker", "verbs", "roster.memberships", []string{`CREATE POLICY also ON roster.memberships FOR SELECT TO roster_worker USING (true)`}},
		{"a policy by actor", "verbs", "roster.memberships", []string{`CREATE POLICY mine ON roster.memberships FOR SELECT TO roster_app USING (user_id::text = current_setting('roster.actor', true))`}},
		{"a policy by token", "verbs", "roster.invitation_tokens", []string{`CREATE POLICY bearer ON roster.invitation_tokens FOR SELECT TO roster_app USING (digest::text = current_setting('roster.token', true))`}},
		{"a table without row security", "verbs", "roster.forgotten", []string{`SET ROLE roster_owner`, `CREATE TABLE roster.forgotten (org_id uuid NOT NULL, note text)`, `GRANT ALL ON roster.forgotten TO roster_app`}},
		{"a table without a canary's row", "catalogue", "roster.later", []string{`SET ROLE roster_owner`, `CREATE TABLE roster.later (org_id uuid NOT NULL)`, `SELECT roster.protect('roster.later')`}},
		{"a table of somebody else", "verbs", "roster.foreign", []string{`CREATE TABLE roster.foreign (org_id uuid NOT NULL)`, `GRANT ALL ON roster.foreign TO roster_app`}},
		{"a global table", "catalogue", "schema", []string{`CREATE TABLE roster.stray (id int)`}},
		{"a view with its owner's rights", "verbs", "roster.seen", []string{`CREATE VIEW roster.seen AS SELECT * FROM roster.memberships`, `GRANT SELECT ON roster.seen TO roster_app`}},
		{"a view for the worker", "verbs", "roster.seen", []string{`CREATE VIEW roster.seen AS SELECT org_id, name FROM roster.memberships`, `GRANT SELECT ON roster.seen TO roster_worker`}},
		{"a materialised view", "catalogue", "schema", []string{`CREATE MATERIALIZED VIEW roster.kept AS SELECT * FROM roster.memberships`, `GRANT SELECT ON roster.kept TO roster_app`}},
		// Grants.
		{"the app truncates", "verbs", "roster.invitation_blocks", []string{`GRANT TRUNCATE ON roster.invitation_blocks TO roster_app`}},
		{"the worker truncates", "verbs", "roster.submissions", []string{`GRANT TRUNCATE ON roster.submissions TO roster_worker`}},
		{"the app moves rows", "catalogue", "schema", []string{`GRANT UPDATE (org_id) ON roster.memberships TO roster_app`}},
		{"the app moves rows, unchecked", "verbs", "roster.memberships", []string{`GRANT UPDATE (org_id) ON roster.memberships TO roster_app`, `ALTER POLICY org_isolation ON roster.memberships WITH CHECK (true)`}},
		{"the app rewrites the audit log", "catalogue", "schema", []string{`GRANT UPDATE (event) ON roster.audit_events TO roster_app`}},
		{"the app reads people", "catalogue", "schema", []string{`GRANT SELECT ON roster.users TO roster_app`}},
		{"the app reads people, by a policy", "verbs", "roster.users", []string{`GRANT SELECT ON roster.users TO roster_app`, `CREATE POLICY look ON roster.users FOR SELECT TO roster_app USING (true)`}},
		{"the app reads sessions", "verbs", "auth.sessions", []string{`GRANT USAGE ON SCHEMA auth TO roster_app`, `GRANT SELECT ON auth.sessions TO roster_app`}},
		{"the worker reads credentials", "verbs", "auth.credentials", []string{`GRANT USAGE ON SCHEMA auth TO roster_worker`, `GRANT SELECT ON auth.credentials TO roster_worker`}},
		{"the app reads the keys of contexts", "verbs", "keyring.context_keys", []string{`GRANT USAGE ON SCHEMA keyring TO roster_app`, `GRANT SELECT ON keyring.context_keys TO roster_app`}},
		{"authentication reads members", "verbs", "roster.memberships", []string{`GRANT SELECT ON roster.memberships TO roster_auth`, `CREATE POLICY look ON roster.memberships FOR SELECT TO roster_auth USING (true)`}},
		// The queue.
		{"jobs for other organizations", "verbs", "river.river_job", []string{`ALTER POLICY org_jobs ON river.river_job WITH CHECK (true)`}},
		{"jobs of accounts for organizations", "verbs", "river.river_job", []string{`ALTER POLICY own_jobs ON river.river_job WITH CHECK (true)`}},
		{"the app reads the queue", "verbs", "river.river_job", []string{`GRANT SELECT ON river.river_job TO roster_app`, `CREATE POLICY look ON river.river_job FOR SELECT TO roster_app USING (true)`}},
		{"the queue without row security", "verbs", "river.river_job", []string{`ALTER TABLE river.river_job DISABLE ROW LEVEL SECURITY`}},
		{"jobs for other organizations, by a query", "queries", "rosterdb.InsertJobs", []string{`ALTER POLICY org_jobs ON river.river_job WITH CHECK (true)`}},
		// Keys that came later.
		{"a unique index across organizations", "oracles", "leak", []string{`CREATE UNIQUE INDEX leak ON roster.invitations (email_norm)`}},
		{"a foreign key across organizations", "oracles", "loose", []string{`CREATE UNIQUE INDEX ON roster.invitations (id)`,
			`ALTER TABLE roster.invitation_tokens ADD CONSTRAINT loose FOREIGN KEY (invitation_id) REFERENCES roster.invitations (id)`}},
		// Functions that came later.
		{"a function with its owner's rights", "doors", "door.sneak", []string{`CREATE FUNCTION door.sneak(p uuid) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT name FROM roster.organizations WHERE id = p'`,
			`GRANT EXECUTE ON FUNCTION door.sneak(uuid) TO roster_app`}},
		{"a function with its owner's rights, elsewhere", "doors", "roster.sneak", []string{`CREATE FUNCTION roster.sneak() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT min(name) FROM roster.organizations'`,
			`GRANT EXECUTE ON FUNCTION roster.sneak() TO roster_app`}},
		// Row security gone: the queries' own conditions are the first line, and these attacks go past it.
		{"a lost WHERE without row security", "where", "rosterdb.GetOverview", []string{`ALTER TABLE roster.organizations DISABLE ROW LEVEL SECURITY`}},
		{"a lost WHERE that counts", "where", "rosterdb.GetMember", []string{`ALTER TABLE roster.membership_roles DISABLE ROW LEVEL SECURITY`}},
		{"a lost WHERE that changes", "where", "rosterdb.SetMembershipStatus", []string{`ALTER TABLE roster.memberships DISABLE ROW LEVEL SECURITY`}},
		{"a lost WHERE that deletes", "where", "rosterdb.DeleteOtherRoles", []string{`ALTER POLICY org_isolation ON roster.membership_roles USING (true)`, `ALTER TABLE roster.membership_roles DISABLE TRIGGER membership_roles_last_owner`}},
		{"a query with B's organization", "queries", "rosterdb.GetInvitation", []string{`ALTER POLICY org_isolation ON roster.invitations USING (true)`, `ALTER POLICY org_isolation ON roster.memberships USING (true)`}},
		{"a query that changes B", "queries", "rosterdb.RevokeInvitations", []string{`ALTER POLICY org_isolation ON roster.invitations USING (true)`}},
		{"a query by a door", "queries", "rosterdb.GetFrame", []string{`CREATE OR REPLACE FUNCTION door.my_organizations(p_user uuid, p_query text, p_limit integer)
			RETURNS TABLE (org_id uuid, slug text, org_name text, org_status text, membership_status text, roles text[], joined_at timestamptz) LANGUAGE sql STABLE SECURITY DEFINER
			SET search_path = pg_catalog, pg_temp AS 'SELECT g.id, g.slug, g.name, g.status, m.status, m.roles, m.joined_at FROM roster.memberships m JOIN roster.organizations g ON g.id = m.org_id'`}},
		// Settings.
		{"a setting of the database", "pool", "pool", []string{`ALTER DATABASE {database} SET roster.org_id = '` + b.org.String() + `'`}},
		{"maintenance as a setting of the database", "pool", "pool", []string{`ALTER DATABASE {database} SET roster.maintenance = 'on'`}},
	}
}
