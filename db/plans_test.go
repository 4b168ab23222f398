package db_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
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

// plan is the text of how PostgreSQL answers a query in an organization, with the plan for any values that the pools
// ask for (plan_cache_mode in Open).
func plan(t testing.TB, d *dbtest.Database, role string, org uuid.UUID, sql string, args ...any) string {
	t.Helper()
	conn := d.As(t, role)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, d.Enter(org)); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SET LOCAL plan_cache_mode = force_generic_plan`); err != nil {
		t.Fatal(err)
	}
	asked, err := tx.Conn().Prepare(t.Context(), "asked", sql)
	if err != nil {
		t.Fatal(err)
	}
	literals := make([]string, len(args))
	for i, arg := range args {
		text, err := tx.Conn().TypeMap().Encode(asked.ParamOIDs[i], pgx.TextFormatCode, arg, nil)
		if err != nil {
			t.Fatal(err)
		}
		literals[i] = "'" + strings.ReplaceAll(string(text), "'", "''") + "'"
	}
	rows, err := tx.Query(t.Context(), `EXPLAIN (ANALYZE, BUFFERS) EXECUTE asked (`+strings.Join(literals, ", ")+`)`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
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

// C025 N36: what a page of an export asks besides the list is found by the index, row by row.
func TestExportsUseIndexes(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme := bigOrganization(t, d, 20_000)
	for sql, index := range map[string]string{
		`SELECT m.id, m.invited_at FROM roster.memberships m WHERE m.org_id = $1 AND m.id = ANY ($2::uuid[])`:   "memberships_id_key",
		`SELECT f.data FROM roster.job_files f WHERE f.org_id = $1 AND f.job_id = ANY ($2::uuid[]) AND f.n = 0`: "job_files_pkey",
	} {
		if got := plan(t, d, "roster_app", acme, sql, acme, []uuid.UUID{uuid.New(), uuid.New()}); !strings.Contains(got, index) || strings.Contains(got, "Seq Scan") {
			t.Errorf("%s\n%s", sql, got)
		}
	}
}

// query is the text of a generated query of the rosterdb package.
func query(t testing.TB, file, name string) string {
	t.Helper()
	source, err := db.Generated.ReadFile("rosterdb/" + file + ".sql.go")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(source), "`-- name: "+name+" :")
	text, _, closed := strings.Cut(text, "`")
	if !found || !closed {
		t.Fatalf("there is no query %s", name)
	}
	_, text, _ = strings.Cut(text, "\n")
	return text
}

// N34 C044: a page of a file of 5,000 rows is read from an index in its order, among many files; and each address of a list is
// looked up by itself.
func TestAPageOfAFileIsReadInOrder(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme := bigOrganization(t, d, 20_000)
	conn := d.Superuser(t)
	for _, sql := range []string{
		`INSERT INTO roster.imports (org_id, id, made_by, file, life, role) SELECT org_id, ('00000000-0000-0000-0000-00000000000' || n)::uuid, user_id, 'x', '7 days', 'guest'
		   FROM (SELECT org_id, user_id FROM roster.membership_roles WHERE role = 'owner' AND org_id = '` + acme.String() + `' LIMIT 1) m, generate_series(1, 9) n`,
		`INSERT INTO roster.import_rows (org_id, import_id, n, email, name, role, message, kind, rank)
		   SELECT i.org_id, i.id, n, 'p' || n || '@x.example', '', '', '', 'ready', CASE WHEN n % 100 = 0 THEN 0 ELSE 2 END FROM roster.imports i, generate_series(1, 5000) n`,
		`VACUUM ANALYZE roster.import_rows`, `VACUUM ANALYZE roster.imports`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(sql, err)
		}
	}
	page := query(t, "imports", "ListImportRows")
	var maker uuid.UUID
	if err := conn.QueryRow(t.Context(), `SELECT made_by FROM roster.imports LIMIT 1`).Scan(&maker); err != nil {
		t.Fatal(err)
	}
	got := plan(t, d, "roster_app", acme, page, acme, uuid.MustParse("00000000-0000-0000-0000-000000000003"), 0, 3, 0, 2000, 51, maker)
	if !strings.Contains(got, "Index Scan using import_rows_by_rank") || strings.Contains(got, "Seq Scan on import_rows") {
		t.Error(got)
	}
	emails := make([]string, 1000)
	for i := range emails {
		emails[i] = "p" + strconv.Itoa(i) + "@big.example"
	}
	got = plan(t, d, "roster_app", acme, query(t, "invitations", "CheckInvitees"), acme, emails, uuid.New(), maker)
	if !strings.Contains(got, "Index Scan using memberships_by_address") || strings.Contains(got, "Seq Scan on memberships") {
		t.Error(got)
	}
}

// bigHistory gives an organization a history of invitations: mostly accepted and expired ones, of two inviters.
func bigHistory(t testing.TB, d *dbtest.Database, org uuid.UUID, invitations int) (inviter uuid.UUID) {
	t.Helper()
	conn := d.Superuser(t)
	for _, sql := range []string{
		`SET session_replication_role = replica`,
		`INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, created_at, sent_at, life, expires_at, state, delivery, decided_at)
		 SELECT $1::uuid, gen_random_uuid(), e, e, '{member}', (SELECT user_id FROM roster.memberships WHERE org_id = $1 ORDER BY joined_at, user_id OFFSET n % 2 LIMIT 1),
		        now() - n * interval '5 minutes', now(), '7 days', now() + interval '3 days' - n * interval '5 minutes',
		        CASE WHEN n % 100 = 0 THEN 'revoked' WHEN n % 101 = 0 THEN 'declined' WHEN n % 3 = 0 THEN 'open' ELSE 'accepted' END,
		        CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'sent' END, now()
		   FROM (SELECT n, chr(97 + n % 26) || md5(n::text) || '@big.example' AS e FROM generate_series(1, $2::int) n) x`,
		`SET session_replication_role = origin`,
		`VACUUM ANALYZE roster.invitations`,
	} {
		var args []any
		if strings.Contains(sql, "$1") {
			args = []any{org, invitations}
		}
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(sql, err)
		}
	}
	if err := conn.QueryRow(t.Context(), `SELECT invited_by FROM roster.invitations WHERE org_id = $1 GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`, org).Scan(&inviter); err != nil {
		t.Fatal(err)
	}
	return inviter
}

// N34 C046: every filter of the invitations, in both directions and alone or together, is walked through an index that
// begins with the organization, in the order that is shown: nothing is sorted, and no table is read through.
func TestInvitationsAreListedThroughAnIndex(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme := bigOrganization(t, d, 10)
	inviter := bigHistory(t, d, acme, 100_000)
	conn, app := d.Superuser(t), d.As(t, "roster_app")
	if _, err := app.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, false), set_config('enable_sort', 'off', false)`, d.Enter(acme)); err != nil {
		t.Fatal(err)
	}
	explain := func(conn *pgx.Conn, sql string) string {
		rows, err := conn.Query(t.Context(), "EXPLAIN "+sql)
		if err != nil {
			t.Fatal(sql, err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(sql, err)
		}
		return strings.Join(lines, "\n")
	}
	for _, show := range []string{"", "open", "accepted", "declined", "expired", "revoked", "all"} {
		for _, undelivered := range []bool{false, true} {
			for _, by := range []bool{false, true} {
				for _, search := range []bool{false, true} {
					for _, up := range []bool{false, true} {
						var sql string
						if err := conn.QueryRow(t.Context(), `SELECT roster.invitations_page($1, $2, $3, $4, $5)`, show, undelivered, by, search, up).Scan(&sql); err != nil {
							t.Fatal(err)
						}
						// As the function runs it: with these values, and not with any.
						name, at, id := "", "9999-01-01", uuid.Max
						if search {
							id = uuid.Nil
						}
						if up {
							name, at, id = "~", "0001-01-01", uuid.Nil
							if search {
								id = uuid.Max
							}
						}
						for i, value := range []string{"'" + acme.String() + "'::uuid", "'" + inviter.String() + "'::uuid", "'c'", "'c\U0010FFFF'", "'" + name + "'", "'" + at + "'::timestamptz", "'" + id.String() + "'::uuid", "51"} {
							sql = strings.ReplaceAll(sql, "$"+string(rune('1'+i)), value)
						}
						got := explain(app, sql)
						if strings.Contains(got, "Seq Scan") || strings.Contains(got, "Sort") || strings.Contains(got, "Bitmap") || !strings.Contains(got, "Index Scan") ||
							!strings.Contains(got, "Index Cond: ((org_id = ") {
							t.Errorf("show %q, undelivered %v, by %v, search %v, up %v:\n%s\n%s", show, undelivered, by, search, up, sql, got)
						}
					}
				}
			}
		}
	}
	// What falls due is found without looking at what does not.
	got := explain(conn, `SELECT 1 FROM roster.invitations i WHERE i.state = 'open' AND i.expiry_told_at IS NULL AND i.reminded_at IS NULL AND i.expires_at > now() AND i.expires_at <= now() + interval '48 hours'
		AND i.life >= interval '72 hours' AND i.delivery = 'sent' AND (i.asked_at IS NULL OR i.asked_at < i.sent_at) ORDER BY i.expires_at LIMIT 1000`)
	if !strings.Contains(got, "invitations_due") || strings.Contains(got, "Sort") {
		t.Error(got)
	}
}

// C058: a page of the requests in a state is read from the index in its order, however many there are.
func TestRequestsArePagedByAnIndex(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, _ := twoOrganizations(t, d)
	conn := d.Superuser(t)
	for _, sql := range []string{
		`INSERT INTO roster.join_requests (org_id, id, kind, user_id, asker, asker_email, email, email_norm, role, state, created_at)
		 SELECT o.id, gen_random_uuid(), 'join', gen_random_uuid(), 'x', 'x', 'x', 'x', 'guest', (ARRAY['open', 'accepted', 'declined', 'declined'])[1 + i % 4], now() - i * interval '1 minute'
		   FROM roster.organizations o, generate_series(1, 20000) i WHERE o.slug = 'acme'`,
		`ANALYZE roster.join_requests`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(sql, err)
		}
	}
	got := plan(t, d, "roster_app", acme, `SELECT q.id FROM roster.join_requests q WHERE q.org_id = $1 AND q.state = $2 AND (q.state <> 'open' OR q.expires_at > now())
		AND (q.created_at, q.id) < ($3::timestamptz, $4::uuid) ORDER BY q.created_at DESC, q.id DESC LIMIT 51`, acme, "declined", "infinity", uuid.Max)
	if !strings.Contains(got, "join_requests_by_state") || strings.Contains(got, "Seq Scan") || strings.Contains(got, "Sort") {
		t.Error(got)
	}
}
