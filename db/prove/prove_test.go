package prove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/dbtest"
	"roster/db/rosterdb"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func options(d *dbtest.Database) Options {
	return Options{Config: d.Config(), Admin: d.URL("roster_migrate")}
}

// contents are digests of everything in a database but its counters.
func contents(t testing.TB, conn *pgx.Conn) (all []string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		var digest string
		if err := conn.QueryRow(t.Context(), `SELECT coalesce(md5(string_agg(x::text, ',' ORDER BY x::text)), '') || count(*) FROM `+table+` x`).Scan(&digest); err != nil {
			t.Fatal(err)
		}
		all = append(all, table+" "+digest)
	}
	return all
}

// inhabit puts an organization with its owner and an invitation into the database, and a job of it.
func inhabit(t testing.TB, d *dbtest.Database) (org, owner uuid.UUID) {
	t.Helper()
	conn := d.Superuser(t)
	org, owner = uuid.New(), uuid.New()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	for _, s := range []step{
		{1, `INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text) VALUES ($1, 'Ann', 'ann@acme.example', 'ann@acme.example', 'ann', ' ann')`, []any{owner}},
		{1, `INSERT INTO roster.organizations (id, name, slug) VALUES ($1, 'Acme', 'acme')`, []any{org}},
		{1, `INSERT INTO roster.organization_slugs (org_id, slug) VALUES ($1, 'acme')`, []any{org}},
		{1, `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES ($1, $2, gen_random_uuid(), 'created')`, []any{org, owner}},
		{1, `INSERT INTO roster.membership_roles (org_id, user_id, role) VALUES ($1, $2, 'owner')`, []any{org, owner}},
		{1, `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, life, expires_at) VALUES ($1, gen_random_uuid(), 'i@x.example', 'i@x.example', '{member}', $2, '7 days', now() + interval '7 days')`, []any{org, owner}},
		{1, `INSERT INTO river.river_job (kind, args, max_attempts, state) VALUES ('letter', jsonb_build_object('org_id', $1::uuid), 3, 'available')`, []any{org}},
	} {
		if _, err := tx.Exec(t.Context(), s.sql, s.args...); err != nil {
			t.Fatal(s.sql, err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return org, owner
}

// failures are the attacks of a report that are not held.
func failures(r *Report) (all []string) {
	for _, a := range r.Attacks {
		if a.Verdict != Held {
			all = append(all, fmt.Sprintf("%s / %s: %s, as %s, %s: %s %s\n%s", a.Family, a.Target, a.Name, a.As, a.Context, a.Result, a.Verdict, a.Detail))
		}
	}
	return all
}

// I1 I2 I3 I4 I7 I8 N02 X01 X27 X58 X59 O02 O25 O27 O33 A03 A05: all attacks are held off, on a database in which people
// live who are not disturbed, and nothing of the proof is left behind.
func TestIsolationHolds(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	org, owner := inhabit(t, d)
	before := contents(t, d.Superuser(t))
	doors := d.Open(t)
	visits := make(chan struct{}, 1) // the site is visited again and again while attacks run
	var wait sync.WaitGroup
	answered := 0
	wait.Go(func() {
		for range visits {
			owners, err := doors.Read(org).ListOwners(t.Context(), org)
			if err != nil || len(owners) != 1 || owners[0].Name != "Ann" {
				t.Errorf("a page of the site has %v, %v", owners, err)
			}
			frame, err := doors.Door().MyOrganizations(t.Context(), rosterdb.MyOrganizationsParams{UserID: owner, HowMany: 10})
			if err != nil || len(frame) != 1 {
				t.Errorf("a page of the site has %v, %v", frame, err)
			}
			if err := doors.InOrg(t.Context(), org, func(q *rosterdb.Queries) error { return q.LockOrganization(t.Context(), org) }); err != nil {
				t.Errorf("a change: %v", err)
			}
			answered++
		}
	})
	o := options(d)
	o.Targets = func(string) bool {
		select {
		case visits <- struct{}{}:
		default: // it is busy
		}
		return true
	}
	report, err := Run(t.Context(), o)
	close(visits)
	wait.Wait()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range failures(report) {
		t.Error(one)
	}
	if after := contents(t, d.Superuser(t)); !slices.Equal(before, after) {
		t.Errorf("the proof left something behind:\n%v\n%v", before, after)
	}
	for family, least := range map[string]int{"catalogue": 1, "verbs": 4000, "queries": 200, "where": 200, "oracles": 30, "pool": 20, "doors": 50} {
		n := 0
		for _, a := range report.Attacks {
			if a.Family == family {
				n++
			}
		}
		if n < least {
			t.Errorf("%s: %d attacks", family, n)
		}
	}
	t.Logf("%d attacks in %s while the site answered %d times", len(report.Attacks), report.Took, answered)
}

// A proof that is interrupted deletes its canaries all the same, and says that it was interrupted.
func TestInterruptedProofLeavesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	before := contents(t, d.Superuser(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := options(d)
	o.Families = []string{"verbs"}
	o.Targets = func(target string) bool {
		if target == "roster.memberships" {
			cancel()
		}
		return true
	}
	report, err := Run(ctx, o)
	if !errors.Is(err, context.Canceled) || len(report.Attacks) == 0 {
		t.Errorf("%d attacks, %v", len(report.Attacks), err)
	}
	if after := contents(t, d.Superuser(t)); !slices.Equal(before, after) {
		t.Errorf("%v\n%v", before, after)
	}
}

// What a killed proof left is deleted by the next.
func TestNextProofDeletesWhatAKilledOneLeft(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	before := contents(t, d.Superuser(t))
	killed := newProof(options(d))
	if err := errors.Join(killed.open(t.Context()), killed.describe(t.Context()), killed.populate(t.Context())); err != nil {
		t.Fatal(err)
	}
	killed.close()
	if slices.Equal(before, contents(t, d.Superuser(t))) {
		t.Fatal("there are no canaries")
	}
	o := options(d)
	o.Families = []string{"catalogue"}
	report, err := Run(t.Context(), o)
	if err != nil || !report.Held() {
		t.Error(failures(report), err)
	}
	if after := contents(t, d.Superuser(t)); !slices.Equal(before, after) {
		t.Errorf("%v\n%v", before, after)
	}
}

// Two proofs of one database come one after the other.
func TestProofsTakeTurns(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	o := options(d)
	o.Families = []string{"oracles"}
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			report, err := Run(t.Context(), o)
			if err != nil || !report.Held() {
				t.Error(failures(report), err)
			}
		})
	}
	wait.Wait()
}

// X59: where contexts are signed, a bare id, a forged, an expired and a borrowed signature enter nothing.
func TestSignedIsolationHolds(t *testing.T) {
	t.Parallel()
	d := dbtest.Signed(t)
	o := options(d)
	o.Families = []string{"verbs", "doors", "pool"}
	o.Targets = func(target string) bool {
		return target == "roster.invitations" || target == "pool" || strings.HasPrefix(target, "door.") || target == "keyring.context_keys"
	}
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range failures(report) {
		t.Error(one)
	}
	forged := map[string]bool{}
	for _, a := range report.Attacks {
		if strings.Contains(a.Context, "signature") || strings.Contains(a.Context, "bare id") {
			forged[a.Context] = true
		}
	}
	if len(forged) != 6 {
		t.Errorf("forgeries tried: %v", forged)
	}
}

// The report says first what failed, then every target with its attacks; the JSON holds the same.
func TestReport(t *testing.T) {
	t.Parallel()
	r := &Report{Server: "PostgreSQL 15.18", Database: "roster", Roles: []string{"roster_app"}, Attacks: []Attack{
		{Family: "verbs", Target: "roster.memberships", Name: "DELETE", As: "roster_app", Context: "in canary A", Result: "42501", Verdict: Held},
		{Family: "verbs", Target: "roster.memberships", Name: "DELETE", As: "roster_app", Context: "malformed", Result: "22P02", Verdict: Held},
		{Family: "verbs", Target: "roster.memberships", Name: "SELECT *", As: "roster_app", Context: "in canary A", Result: "3 rows", Verdict: Broken, Detail: "it shows Ann"},
		{Family: "doors", Target: "door.new", Name: "a case", Result: "none", Verdict: Untried},
	}, Exceptions: []Exception{{"oracles", "users_pkey", "people are global"}}}
	var text, data strings.Builder
	if err := errors.Join(r.Text(&text), r.JSON(&data)); err != nil {
		t.Fatal(err)
	}
	at := -1
	for _, words := range []string{"ISOLATION IS BROKEN: 1 of 4 attacks got through, 1 could not be tried.", "PostgreSQL 15.18", "verbs          3 attacks  1 FAILED",
		"WHAT GOT THROUGH", "verbs / roster.memberships: SELECT *, as roster_app, in canary A: 3 rows", "it shows Ann", "WHAT COULD NOT BE TRIED", "doors / door.new",
		"VERBS", "roster.memberships: 3 attacks, 1 FAILED", "22P02 ×1, 42501 ×1", "3 rows BROKEN ×1", "DOORS", "LEFT OUT ON PURPOSE", "users_pkey: people are global"} {
		next := strings.Index(text.String(), words)
		if next < at {
			t.Errorf("%q is missing or comes too early", words)
		}
		at = max(at, next)
	}
	var back struct{ Attacks []Attack }
	if err := json.Unmarshal([]byte(data.String()), &back); err != nil || !slices.Equal(back.Attacks, r.Attacks) {
		t.Errorf("%v, %v", back, err)
	}
	if r.Held() || (&Report{}).Held() || !(&Report{Attacks: r.Attacks[:2]}).Held() {
		t.Error("held is what every attack must be, and there must be some")
	}
	if _, err := Run(t.Context(), Options{Families: []string{"none"}}); err == nil {
		t.Error("a family that is not there was run")
	}
}

// B202 B203: the proof holds for an installation whose roles have names of their own, with an administrator who is no
// superuser, and the report has these names.
func TestRolesOfOnesOwn(t *testing.T) {
	t.Parallel()
	d, admin := dbtest.Own(t)
	if err := d.Roles().Prepare(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	if err := d.Roles().Migrate(t.Context(), admin, d.Config().ContextKey); err != nil {
		t.Fatal(err)
	}
	report, err := Run(t.Context(), Options{Config: d.Config(), Admin: admin, Targets: func(target string) bool {
		return strings.Contains(target, "nvitation") || strings.HasPrefix(target, "authdb.") || strings.HasPrefix(target, "roster.users")
	}})
	if err != nil || !report.Held() {
		t.Fatalf("%v\n%v", err, failures(report))
	}
	for _, a := range report.Attacks {
		if a.As != "" && !strings.HasPrefix(a.As, string(d.Roles())+"_") {
			t.Fatalf("%s: an attack as %s", a.Target, a.As)
		}
	}
}
