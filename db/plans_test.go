package db_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/dbtest"
)

// bigOrganization fills one organization with members past the triggers, as one would restore them.
func bigOrganization(t testing.TB, d *dbtest.Database, members int) uuid.UUID {
	t.Helper()
	acme, _ := twoOrganizations(t, d)
	conn := d.Superuser(t)
	for _, sql := range []string{
		`SET session_replication_role = replica`,
		`INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
		 SELECT gen_random_uuid(), n, e, e, lower(n), ' ' || lower(n) || ' ' || e
		   FROM (SELECT initcap(substr(md5(i::text), 1, 6)) || ' ' || initcap(substr(md5('x' || i), 1, 8)) AS n, 'p' || i || '@big.example' AS e FROM generate_series(1, $1::int) i) x`,
		`INSERT INTO roster.memberships (org_id, user_id, id, joined_through, roles, name, email, email_norm, sort_name, search_text, joined_at)
		 SELECT o.id, u.id, gen_random_uuid(), 'invitation', '{member}', u.name, u.email, u.email_norm, u.sort_name, u.search_text, now() - random() * interval '900 days'
		   FROM roster.users u, roster.organizations o WHERE o.slug = 'acme' AND u.email LIKE '%@big.example' AND $1::int > 0`,
		`INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT org_id, user_id, 'member' FROM roster.memberships WHERE email LIKE '%@big.example' AND $1::int > 0`,
		`UPDATE roster.organizations SET members_count = $1::int + 2 WHERE slug = 'acme'`,
	} {
		var args []any
		if strings.Contains(sql, "$1") {
			args = append(args, members)
		}
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(sql, err)
		}
	}
	for _, sql := range []string{`SET session_replication_role = origin`, `VACUUM ANALYZE roster.memberships`, `VACUUM ANALYZE roster.membership_roles`, `VACUUM ANALYZE roster.invitations`} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	return acme
}

// plan is the text of how PostgreSQL answers a query in an organization, as roster_app, with the generic plan
// that a cached statement gets in the end.
func plan(t testing.TB, d *dbtest.Database, role string, org uuid.UUID, sql string, args ...any) string {
	t.Helper()
	conn := d.As(t, role)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, org.String()); err != nil {
		t.Fatal(err)
	}
	rows, err := tx.Query(t.Context(), `EXPLAIN (ANALYZE, BUFFERS) `+sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// C021 C087: in 100,000 members each order of the list walks an index led by the organization, and a search
// reaches the trigram index; nothing reads a whole table.
func TestPlansInHundredThousandMembers(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme := bigOrganization(t, d, 100_000)
	for name, key := range map[string]string{"sort_name": "memberships_by_name", "joined_at": "memberships_by_joined"} {
		for _, way := range []struct{ compare, dir string }{{">", ""}, {"<", "DESC"}} {
			after := any("m")
			if name == "joined_at" {
				after = "2025-06-01"
			}
			cast := map[string]string{"sort_name": "text", "joined_at": "timestamptz"}[name]
			sql := `SELECT m.id, m.name, v.name FROM roster.memberships m LEFT JOIN roster.memberships v ON v.org_id = m.org_id AND v.user_id = m.invited_by
				WHERE m.org_id = $1 AND m.status IN ('active', 'suspended') AND (m.` + name + `, m.user_id) ` + way.compare + ` ($2::` + cast + `, $3::uuid)
				ORDER BY m.` + name + ` ` + way.dir + `, m.user_id ` + way.dir + ` LIMIT 51`
			got := plan(t, d, "roster_app", acme, sql, acme, after, uuid.Nil)
			if !strings.Contains(got, key) || strings.Contains(got, "Sort Key") || strings.Contains(got, "Seq Scan on memberships") {
				t.Errorf("by %s %s:\n%s", name, way.dir, got)
			}
		}
	}
	// What the search does inside, with its own rights and predicate.
	inside := `SELECT array_agg(x.user_id) FROM (SELECT m.user_id FROM roster.memberships m
		WHERE m.org_id = $1 AND m.status IN ('active', 'suspended') AND m.search_text LIKE $2 LIMIT 2001) x`
	admin := d.Superuser(t)
	for _, pattern := range []string{"% ab12%", "% p777@%", "% 0f%"} {
		rows, err := admin.Query(t.Context(), `EXPLAIN `+strings.NewReplacer("$1", "'"+acme.String()+"'", "$2", "'"+pattern+"'").Replace(inside))
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(lines, "\n"); !strings.Contains(got, "memberships_search") || strings.Contains(got, "Seq Scan") {
			t.Errorf("search %q:\n%s", pattern, got)
		}
	}
	// And through the door: a rare word reads a few pages of the database, not the organization.
	search := plan(t, d, "roster_app", acme, `SELECT * FROM door.search_members(ARRAY['% p77777@%'], '', U&'\+10FFFF', '', '', 'name', false, '', '0001-01-01', '00000000-0000-0000-0000-000000000000', 51)`)
	read := regexp.MustCompile(`Buffers: shared hit=(\d+)`).FindStringSubmatch(search)
	if read == nil {
		t.Fatalf("no buffers in\n%s", search)
	}
	var pages, whole int
	if err := json.Unmarshal([]byte(read[1]), &pages); err != nil {
		t.Fatal(err)
	}
	if err := admin.QueryRow(t.Context(), `SELECT relpages FROM pg_class WHERE oid = 'roster.memberships'::regclass`).Scan(&whole); err != nil {
		t.Fatal(err)
	}
	if pages > whole/2 {
		t.Errorf("a rare search reads %d pages, and the table has %d\n%s", pages, whole, search)
	}
}

// X29 C087: who somebody is in an organization is one probe of an index.
func TestMembershipIsOneProbe(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme := bigOrganization(t, d, 20_000)
	got := plan(t, d, "roster_app", acme, `SELECT roles FROM roster.memberships WHERE org_id = $1 AND user_id = $2`, acme, uuid.New())
	if !strings.Contains(got, "Index Scan using memberships_") || strings.Contains(got, "Seq Scan") {
		t.Error(got)
	}
}
