package seed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"roster/db/dbtest"
	"roster/internal/seed"
	"roster/internal/suite"
)

// C021 C022 C024 C087: at 100,000 members, a quarter of them where not everything is tried, the lists walk an index from where they are asked to begin, and whatever is
// searched or filtered, in any order, is found through an index of this organization.
func TestListsOfALargeOrganization(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	members := 25_000
	if suite.All() {
		members = 100_000
	}
	report := world(t, d, seed.Options{Members: members})
	t.Logf("%d members in %s", members, report.Took)
	if report.Members != members {
		t.Errorf("%d members", report.Members)
	}
	var org uuid.UUID
	if err := d.Superuser(t).QueryRow(t.Context(), `SELECT id FROM roster.organizations WHERE slug = 'northwind-logistics'`).Scan(&org); err != nil {
		t.Fatal(err)
	}
	t.Run("lists", func(t *testing.T) { listsWalkAnIndex(t, d, org) })
	t.Run("search", func(t *testing.T) { searchesUseAnIndex(t, d, org) })
	t.Run("tree", func(t *testing.T) { treeUsesAnIndex(t, d, org) })
}

// node is a step of a plan, as EXPLAIN (ANALYZE, FORMAT JSON) tells it.
type node struct {
	Type      string  `json:"Node Type"`
	Table     string  `json:"Relation Name"`
	Index     string  `json:"Index Name"`
	Condition string  `json:"Index Cond"`
	Rows      float64 `json:"Actual Rows"`
	Removed   float64 `json:"Rows Removed by Filter"`
	Loops     float64 `json:"Actual Loops"`
	Plans     []node  `json:"Plans"`
}

// walk visits a node and all below it.
func (n node) walk(visit func(node)) {
	visit(n)
	for _, below := range n.Plans {
		below.walk(visit)
	}
}

func (n node) indexes() []string {
	var used []string
	n.walk(func(n node) {
		if n.Index != "" && !slices.Contains(used, n.Index) {
			used = append(used, n.Index)
		}
	})
	return used
}

// query takes the SQL of a named query from its file, the way sqlc does.
func query(t testing.TB, file, name string, parameters ...string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "-- name: "+name+" ")
	if !found {
		t.Fatalf("%s has no query %s", file, name)
	}
	_, body, _ := strings.Cut(after, "\n")
	body, _, _ = strings.Cut(body, ";\n")
	for i, parameter := range parameters {
		body = strings.ReplaceAll(body, "@"+parameter, fmt.Sprintf("$%d", i+1))
	}
	if left := regexp.MustCompile(`@\w+`).FindString(body); left != "" {
		t.Fatalf("%s: what is %s?", name, left)
	}
	return body
}

func listsWalkAnIndex(t *testing.T, d *dbtest.Database, org uuid.UUID) {
	const page = 51
	conn := d.As(t, "roster_app")
	if _, err := conn.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, false)`, d.Enter(org)); err != nil {
		t.Fatal(err)
	}
	led := ledByOrganization(t, d)
	for _, list := range []struct {
		query, by, key string
		indexes        []string
		from           []string // the first page, one in the middle, the end
	}{
		{"ListMembersByName", "after_name", "text", []string{"memberships_by_name", "invitations_open_by_address"}, []string{"", "marta", "zz"}},
		{"ListMembersByNameDown", "after_name", "text", []string{"memberships_by_name", "invitations_open_by_address"}, []string{"\U0010FFFF", "marta", "a"}},
		{"ListMembersByJoined", "after_time", "timestamptz", []string{"memberships_by_joined", "invitations_open_by_time"}, []string{"0001-01-01", time.Now().AddDate(-1, 0, 0).Format(time.RFC3339), time.Now().Format(time.RFC3339)}},
		{"ListMembersByJoinedDown", "after_time", "timestamptz", []string{"memberships_by_joined", "invitations_open_by_time"}, []string{"9999-01-01", time.Now().AddDate(-1, 0, 0).Format(time.RFC3339), "2000-01-01"}},
	} {
		sql := query(t, "../../db/queries/roster/members.sql", list.query, "org_id", list.by, "after_id", "page_size")
		if _, err := conn.Exec(t.Context(), fmt.Sprintf("PREPARE list (uuid, %s, uuid, integer) AS %s", list.key, sql)); err != nil {
			t.Fatalf("%s: %v", list.query, err)
		}
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			for place, from := range list.from {
				if _, err := conn.Exec(t.Context(), "SET plan_cache_mode = "+mode); err != nil {
					t.Fatal(err)
				}
				var plans []struct{ Plan node }
				explain := fmt.Sprintf(`EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE list ('%s', '%s', '%s', %d)`, org, from, uuid.Nil, page)
				if err := conn.QueryRow(t.Context(), explain).Scan(&plans); err != nil {
					t.Fatalf("%s: %v", list.query, err)
				}
				if place < 2 && plans[0].Plan.Rows != page {
					t.Errorf("%s from %q: %v rows", list.query, from, plans[0].Plan.Rows)
				}
				used := plans[0].Plan.indexes()
				for _, index := range list.indexes {
					if !slices.Contains(used, index) || !led[index] {
						t.Errorf("%s from %q, %s: uses %v, not %s", list.query, from, mode, used, index)
					}
				}
				plans[0].Plan.walk(func(n node) {
					if n.Type == "Seq Scan" || n.Index != "" && !strings.Contains(n.Condition, "org_id") {
						t.Errorf("%s from %q, %s: %s of %s where %s", list.query, from, mode, n.Type, n.Table, n.Condition)
					}
					// What is sorted is at most a page of members and one of invitations; what is read is little more.
					if touched := (n.Rows + n.Removed) * max(n.Loops, 1); touched > 2*page {
						t.Errorf("%s from %q, %s: %s of %s touches %v rows", list.query, from, mode, n.Type, n.Table, touched)
					}
				})
			}
		}
		if _, err := conn.Exec(t.Context(), "DEALLOCATE list"); err != nil {
			t.Fatal(err)
		}
	}
}

// ledByOrganization are the indexes that begin with the organization.
func ledByOrganization(t *testing.T, d *dbtest.Database) map[string]bool {
	t.Helper()
	rows, err := d.Superuser(t).Query(t.Context(), `SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
		JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0] WHERE a.attname = 'org_id'`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	led := map[string]bool{}
	for _, name := range names {
		led[name] = true
	}
	return led
}

// The function plans inside, as its owner; auto_explain, which a superuser may load, tells how.
func searchesUseAnIndex(t *testing.T, d *dbtest.Database, org uuid.UUID) {
	config, err := pgx.ParseConfig(d.Superuser(t).Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	var plans []node
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		_, plan, found := strings.Cut(notice.Message, "plan:\n")
		var p struct{ Plan node }
		if found && json.Unmarshal([]byte(plan), &p) == nil {
			plans = append(plans, p.Plan)
		}
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range []string{
		`LOAD 'auto_explain'`, `SET auto_explain.log_min_duration = 0`, `SET auto_explain.log_nested_statements = on`, `SET auto_explain.log_analyze = on`,
		`SET auto_explain.log_format = json`, `SET client_min_messages = log`, `SET ROLE roster_app`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, false)`, d.Enter(org)); err != nil {
		t.Fatal(err)
	}
	inviter := func(order string) (id uuid.UUID) {
		err := conn.QueryRow(t.Context(), `SELECT m.id FROM roster.memberships m WHERE m.org_id = $1 AND m.user_id = (SELECT c.invited_by FROM roster.memberships c
			WHERE c.org_id = $1 AND c.invited_by IS NOT NULL GROUP BY c.invited_by ORDER BY count(*) `+order+` LIMIT 1)`, org).Scan(&id)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	always, hence := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	type ask struct {
		what         string
		words        []string
		role, status string
		invitedBy    uuid.UUID
		from, to     time.Time
		index        string // that must lead to those who match, for they are few
	}
	for _, ask := range []ask{
		{what: "everybody"},
		{what: "one person", words: []string{"%mathilde.chevalier%"}, index: "memberships_search"},
		{what: "two words", words: []string{"%mathilde%", "%chev%"}, index: "memberships_search"},
		{what: "a part of a few", words: []string{"%hevali%"}, index: "memberships_search"},
		{what: "nobody", words: []string{"%zzyzx%"}, index: "memberships_search"},
		{what: "a start of many", words: []string{"% ma%"}},
		{what: "what all have, but not at the start of a word", words: []string{"%northwind%"}},
		{what: "owners", role: "owner"},
		{what: "admins", role: "admin"},
		{what: "guests", role: "guest"},
		{what: "members", role: "member"},
		{what: "active", status: "active"},
		{what: "suspended", status: "suspended"},
		{what: "pending", status: "pending"},
		{what: "invited by the busiest", invitedBy: inviter("DESC")},
		{what: "invited by the least busy", invitedBy: inviter("ASC")},
		{what: "active this week", from: time.Now().AddDate(0, 0, -7)},
		{what: "not active for 90 days", to: time.Now().AddDate(0, 0, -90)},
		{what: "never active", from: time.Unix(0, 0), to: time.Unix(1, 0), index: "memberships_by_activity"},
		{what: "suspended guests, active this week", role: "guest", status: "suspended", from: time.Now().AddDate(0, 0, -7)},
		{what: "guests called Ann, invited by the busiest", words: []string{"%ann%"}, role: "guest", invitedBy: inviter("DESC")},
	} {
		if ask.from.IsZero() {
			ask.from = always
		}
		if ask.to.IsZero() {
			ask.to = hence
		}
		for _, sort := range []string{"name", "role", "joined", "active"} {
			if sort == "role" && ask.role != "" { // listed by name
				continue
			}
			for _, down := range []bool{false, true} {
				plans = nil
				began, after := time.Now(), struct {
					name string
					time time.Time
					id   uuid.UUID
				}{"", always, uuid.Nil}
				if down {
					after.name, after.time, after.id = "\U0010FFFF", hence, uuid.Max
				}
				rows, err := conn.Query(t.Context(), `SELECT s.row_id FROM door.search_members($1, $1, $2, $3, $4, $5, $6, true, $7, $8, $9, $10, $11, 51) s`,
					append([]string{}, ask.words...), ask.role, ask.status, ask.invitedBy, ask.from, ask.to, sort, down, after.name, after.time, after.id)
				if err != nil {
					t.Fatal(err)
				}
				found, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
				if err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("%s by %s, down %v (%d rows in %s)", ask.what, sort, down, len(found), time.Since(began))
				if len(plans) == 0 {
					t.Fatal("no plan was told")
				}
				var used []string
				for _, plan := range plans {
					used = append(used, plan.indexes()...)
					plan.walk(func(n node) {
						if n.Type == "Seq Scan" && n.Table != "" || n.Index != "" && !strings.Contains(n.Condition, "org_id") && n.Index != "organizations_pkey" {
							t.Errorf("%s: %s of %s by %s where %s", what, n.Type, n.Table, n.Index, n.Condition)
						}
						// Far fewer than there are: a walk that ends soon, or those who match.
						if touched := (n.Rows + n.Removed) * max(n.Loops, 1); touched > 25_000 {
							t.Errorf("%s: %s of %s by %s touches %v rows", what, n.Type, n.Table, n.Index, touched)
						}
					})
				}
				if ask.index != "" && !slices.Contains(used, ask.index) {
					t.Errorf("%s: through %v, not %s", what, used, ask.index)
				}
			}
		}
	}
}

// C041: whom somebody brought is read through an index, however many they are.
func treeUsesAnIndex(t *testing.T, d *dbtest.Database, org uuid.UUID) {
	conn := d.As(t, "roster_app")
	if _, err := conn.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, false)`, d.Enter(org)); err != nil {
		t.Fatal(err)
	}
	var busiest uuid.UUID
	if err := conn.QueryRow(t.Context(), `SELECT m.id FROM roster.memberships m WHERE m.org_id = $1 AND m.user_id = (SELECT c.invited_by FROM roster.memberships c
		WHERE c.org_id = $1 GROUP BY c.invited_by ORDER BY count(*) DESC LIMIT 1)`, org).Scan(&busiest); err != nil {
		t.Fatal(err)
	}
	sql := query(t, "../../db/queries/roster/members.sql", "GetInvited", "org_id", "membership_id", "former_too", "after_name", "after_id", "page_size")
	if _, err := conn.Exec(t.Context(), "SET plan_cache_mode = force_generic_plan"); err != nil { // as db.Open does
		t.Fatal(err)
	}
	if _, err := conn.Prepare(t.Context(), "tree", sql); err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan node }
	if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE tree ($1, $2, $3, $4, $5, $6)", pgx.QueryExecModeSimpleProtocol, org, busiest, true, "marta", uuid.Nil, 51).Scan(&plans); err != nil {
		t.Fatal(err)
	}
	plans[0].Plan.walk(func(n node) {
		if n.Type == "Seq Scan" || n.Index != "" && !strings.Contains(n.Condition, "org_id") || (n.Rows+n.Removed)*max(n.Loops, 1) > 51*1001 {
			t.Errorf("%s of %s by %s where %s: %v rows", n.Type, n.Table, n.Index, n.Condition, n.Rows*n.Loops)
		}
	})
}
