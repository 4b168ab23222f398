package db_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/dbtest"
)

var update = flag.Bool("update", false, "rewrite the golden file of policies, grants and functions")

// The catalogue test cannot judge the text of a policy, a grant or a function: these stand in a golden file,
// and a change of it is read in review.
func TestPoliciesGrantsAndFunctionsAreTheReviewedOnes(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if err := db.Migrate(t.Context(), d.URL("roster_migrate"), nil); err != nil { // the golden file is of bare contexts
		t.Fatal(err)
	}
	conn := d.Superuser(t)
	var b strings.Builder
	for _, part := range []struct{ title, sql string }{
		{"policies", `SELECT format('%s.%s %s: %s for %s to %s using %s check %s', schemaname, tablename, policyname, permissive, cmd, array_to_string(roles, ','), qual, with_check)
		   FROM pg_policies ORDER BY schemaname, tablename, policyname`},
		{"table grants", `SELECT format('%s on %s.%s to %s', string_agg(privilege_type, ', ' ORDER BY privilege_type), table_schema, table_name, grantee)
		   FROM information_schema.table_privileges WHERE grantee ~ '^roster_' AND grantee <> 'roster_owner' AND table_schema NOT IN ('pg_catalog', 'information_schema')
		   GROUP BY table_schema, table_name, grantee ORDER BY table_schema, table_name, grantee`},
		{"column grants", `SELECT format('%s (%s) on %s.%s to %s', c.privilege_type, string_agg(c.column_name, ', ' ORDER BY c.column_name), c.table_schema, c.table_name, c.grantee)
		   FROM information_schema.column_privileges c WHERE c.grantee ~ '^roster_' AND c.grantee <> 'roster_owner'
		    AND NOT EXISTS (SELECT 1 FROM information_schema.table_privileges t WHERE t.table_schema = c.table_schema AND t.table_name = c.table_name
		                       AND t.grantee = c.grantee AND t.privilege_type = c.privilege_type)
		   GROUP BY c.privilege_type, c.table_schema, c.table_name, c.grantee ORDER BY c.table_schema, c.table_name, c.grantee, c.privilege_type`},
		{"schema grants", `SELECT format('%s on schema %s to %s', a.privilege_type, n.nspname, a.grantee::regrole) FROM pg_namespace n, aclexplode(n.nspacl) a
		   WHERE a.grantee <> 0 AND a.grantee::regrole::text ~ '^roster_' ORDER BY n.nspname, a.grantee::regrole::text, a.privilege_type`},
		{"function grants", `SELECT format('%s.%s to %s', n.nspname, p.proname, a.grantee::regrole) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(p.proacl) a
		   WHERE n.nspname IN ('roster', 'door', 'river') AND a.grantee <> 0 AND a.grantee::regrole::text ~ '^roster_' ORDER BY n.nspname, p.proname, a.grantee::regrole::text`},
		{"functions", `SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('roster', 'door') ORDER BY n.nspname, p.proname`},
		{"triggers", `SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		   WHERE n.nspname = 'roster' AND NOT t.tgisinternal ORDER BY c.relname, t.tgname`},
	} {
		fmt.Fprintf(&b, "-- %s\n", part.title)
		rows, err := conn.Query(t.Context(), part.sql)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(part.title, err)
		}
		for _, line := range lines {
			fmt.Fprintln(&b, line)
		}
		b.WriteByte('\n')
	}
	const file = "testdata/catalogue.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("policies, grants or functions differ from %s: look at the change, then run with -update\n%s", file, firstDifference(string(want), b.String()))
	}
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, x, y)
		}
	}
	return ""
}
