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
)

// C021 C087: at 100,000 members the lists walk an index from where they are asked to begin, and the search
// goes through the trigram index.
func TestHundredThousandMembers(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	report := world(t, d, seed.Options{Members: 100_000})
	t.Logf("100,000 members in %s", report.Took)
	if report.Members != 100_000 {
		t.Errorf("%d members", report.Members)
	}
	var org uuid.UUID
	if err := d.Superuser(t).QueryRow(t.Context(), `SELECT id FROM roster.organizations WHERE slug = 'northwind-logistics'`).Scan(&org); err != nil {
		t.Fatal(err)
	}
	t.Run("lists", func(t *testing.T) { listsWalkAnIndex(t, d, org) })
	t.Run("search", func(t *testing.T) { searchUsesTrigrams(t, d, org) })
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
func searchUsesTrigrams(t *testing.T, d *dbtest.Database, org uuid.UUID) {
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
	for _, search := range []struct {
		what  string
		words []string
		few   bool // so few match that the index must have led to them
	}{
		{"one person", []string{"% mathilde.chevalier%"}, true},
		{"a first name", []string{"% mathilde%"}, true},
		{"two words", []string{"% mathilde%", "% chev%"}, true},
		{"nobody", []string{"% zzyzx%"}, true},
		{"a start of many", []string{"% mar%"}, false},
		{"what all have, but not at the start of a word", []string{"% northwind%"}, false},
	} {
		for try := range 7 { // the sixth run of a prepared statement is the first that may take a generic plan
			plans = nil
			began := time.Now()
			rows, err := conn.Query(t.Context(), `SELECT s.row_id FROM door.search_members($1, '', '', '', '', 'name', false, '', 'epoch', $2, 51) s`, search.words, uuid.Nil)
			if err != nil {
				t.Fatal(err)
			}
			found, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			if err != nil {
				t.Fatal(err)
			}
			took := time.Since(began)
			if try == 0 {
				t.Logf("%s: %d rows in %s", search.what, len(found), took)
			}
			if took > 2*time.Second { // SECURITY and UX ask for 300 ms; tests share the machine
				t.Errorf("%s: took %s", search.what, took)
			}
			if len(plans) == 0 {
				t.Fatal("no plan was told")
			}
			var used []string
			touched := 0.0
			for _, plan := range plans {
				used = append(used, plan.indexes()...)
				plan.walk(func(n node) {
					if n.Table == "memberships" {
						touched = max(touched, (n.Rows+n.Removed)*max(n.Loops, 1))
					}
					if n.Type == "Seq Scan" && n.Table != "" {
						t.Errorf("%s: reads all of %s", search.what, n.Table)
					}
				})
			}
			if search.few && (!slices.Contains(used, "memberships_search") || touched > 5_000) {
				t.Errorf("%s, run %d: through %v, touching %v rows", search.what, try+1, used, touched)
			}
		}
	}
}
