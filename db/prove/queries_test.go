package prove

import (
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"roster/db"
	"roster/db/dbtest"
)

// Every query that sqlc wrote is found, with the name of each of its parameters.
func TestGeneratedQueriesAreAllFound(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(db.Generated, "*/*.sql.go")
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	for _, file := range files {
		source, err := db.Generated.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		written += strings.Count(string(source), "-- name: ")
	}
	queries, err := generated()
	if err != nil || len(queries) != written || written < 80 {
		t.Errorf("%d of %d queries, %v", len(queries), written, err)
	}
	for _, q := range queries {
		highest := 0
		for n := range len(q.params) + 2 {
			if strings.Contains(q.sql, "$"+string(rune('0'+n))) && n < 10 {
				highest = n
			}
		}
		if q.command == "" || slices.Contains(q.params, "") || highest > len(q.params) {
			t.Errorf("%+v", q)
		}
	}
	tree, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nconst unused = `-- name: Unused :one\nSELECT 1`", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := queriesOf(tree); err == nil {
		t.Error("a query that no method runs is passed over")
	}
}

// attacked makes the canaries in a database of its own and lets fn at them.
func attacked(t *testing.T, d *dbtest.Database, fn func(*proof)) *Report {
	t.Helper()
	p := newProof(options(d))
	if err := p.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if err := p.describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.populate(t.Context()); err != nil {
		t.Fatal(err)
	}
	fn(p)
	if err := p.clean(t.Context()); err != nil {
		t.Error(err)
	}
	return p.report
}

// A query that nobody made a case for fails the proof, and so does one whose case reaches nothing, one that shows
// something of B, and one of the authentication role that touches an organization's table.
func TestQueryWithoutACaseFails(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	ctx := t.Context()
	if _, err := d.Superuser(t).Exec(ctx, `ALTER POLICY org_isolation ON roster.invitation_blocks USING (true); GRANT SELECT ON roster.memberships TO roster_auth`); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		query   query
		verdict Verdict
		words   string
	}{
		"an unknown parameter": {query{"rosterdb", "New", `SELECT name FROM roster.organizations WHERE id = $1 AND name = $2`, []string{"org_id", "nickname"}, "one"}, Untried, "parameter nickname"},
		"an unknown door":      {query{"rosterdb", "NewDoor", `SELECT door.free_slugs($1)`, []string{"slugs"}, "many"}, Untried, "It calls a door"},
		"broken SQL":           {query{"rosterdb", "New", `SELECT nothing FROM roster.organizations WHERE id = $1`, []string{"org_id"}, "one"}, Untried, "nothing"},
		"nothing is reached":   {query{"rosterdb", "New", `SELECT name FROM roster.organizations WHERE id = $1 AND slug = 'x'`, []string{"org_id"}, "one"}, Broken, "could reach nothing"},
		"something of B":       {query{"rosterdb", "New", `SELECT email_norm FROM roster.invitation_blocks WHERE org_id = $1`, []string{"org_id"}, "one"}, Broken, "it shows blocked@canary-b.invalid"},
		"how many of B":        {query{"rosterdb", "New", `SELECT count(*) FROM roster.invitation_blocks WHERE org_id = $1`, []string{"org_id"}, "one"}, Broken, "otherwise than for what does not exist"},
		"authentication":       {query{"authdb", "New", `SELECT u.name FROM roster.users u WHERE EXISTS (SELECT FROM roster.memberships m WHERE m.user_id = u.id AND m.org_id = $1)`, []string{"org_id"}, "one"}, Broken, "it touches roster.memberships"},
	} {
		report := attacked(t, d, func(p *proof) {
			switch {
			case c.query.pkg == "authdb":
				p.planAuth(ctx, c.query)
			case c.query.door():
				p.knock(ctx, c.query)
			default:
				p.sweepQuery(ctx, c.query)
			}
		})
		if !slices.ContainsFunc(report.Attacks, func(a Attack) bool { return a.Verdict == c.verdict && strings.Contains(a.Detail, c.words) }) {
			t.Errorf("%s: %q", name, failures(report))
		}
	}
}
