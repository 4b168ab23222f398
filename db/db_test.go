package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/dbtest"
	"roster/db/rosterdb"
)

// two organizations with two members and an invitation each, made past row security.
func twoOrganizations(t testing.TB, d *dbtest.Database) (a, b uuid.UUID) {
	t.Helper()
	conn := d.Superuser(t)
	ids := make([]uuid.UUID, 2)
	for i, slug := range []string{"acme", "other"} {
		ids[i] = uuid.New()
		owner, member := uuid.New(), uuid.New()
		for _, s := range []struct {
			sql  string
			args []any
		}{
			{`INSERT INTO roster.organizations (id, name, slug) VALUES ($1, $2, $2)`, []any{ids[i], slug}},
			{`INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text) VALUES
				($1, $3 || ' owner', $3 || '1@x.example', $3 || '1@x.example', $3 || ' owner', ' ' || $3), ($2, $3 || ' member', $3 || '2@x.example', $3 || '2@x.example', $3 || ' member', ' ' || $3)`, []any{owner, member, slug}},
			{`INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES ($1, $2, gen_random_uuid(), 'created'), ($1, $3, gen_random_uuid(), 'invitation')`, []any{ids[i], owner, member}},
			{`INSERT INTO roster.membership_roles (org_id, user_id, role) VALUES ($1, $2, 'owner'), ($1, $3, 'member')`, []any{ids[i], owner, member}},
			{`INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, life, expires_at) VALUES ($1, $2, 'i@x.example', 'i@x.example', '{member}', $3, '7 days', now() + interval '7 days')`, []any{ids[i], uuid.New(), owner}},
			{`INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind) SELECT org_id, sha256(id::text::bytea), id, 'mailed' FROM roster.invitations WHERE org_id = $1`, []any{ids[i]}},
			{`INSERT INTO roster.invitation_blocks (org_id, email_norm) VALUES ($1, 'b@x.example')`, []any{ids[i]}},
			{`INSERT INTO roster.submissions (org_id, user_id, id) VALUES ($1, $2, gen_random_uuid())`, []any{ids[i], owner}},
			{`INSERT INTO roster.audit_events (org_id, id, event, actor_name, subject_kind, subject_id, subject_name) VALUES ($1, gen_random_uuid(), 'x', 'x', 'organization', $1, 'x')`, []any{ids[i]}},
		} {
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(s.sql, "INTO roster.organizations") { // its slug in the same transaction
				_, err = tx.Exec(t.Context(), `INSERT INTO roster.organizations (id, name, slug) VALUES ($1, $2, $2)`, s.args...)
				if err == nil {
					_, err = tx.Exec(t.Context(), `INSERT INTO roster.organization_slugs (org_id, slug) VALUES ($1, $2)`, s.args...)
				}
			} else {
				_, err = tx.Exec(t.Context(), s.sql, s.args...)
			}
			if err == nil {
				err = tx.Commit(t.Context())
			}
			if err != nil {
				t.Fatal(s.sql, err)
			}
		}
	}
	return ids[0], ids[1]
}

var tenantTables = map[string]string{"organizations": "id", "organization_slugs": "org_id", "memberships": "org_id", "membership_roles": "org_id",
	"invitations": "org_id", "invitation_tokens": "org_id", "invitation_blocks": "org_id", "submissions": "org_id", "audit_events": "org_id"}

// N02 X01 X59 I1 I3 O02 O25: as roster_app, past every door: no setting shows nothing, one organization shows its rows
// alone, a malformed one is an error.
func TestAppSeesNothingWithoutAnOrganization(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, other := twoOrganizations(t, d)
	conn := d.As(t, "roster_app")
	known := d.Superuser(t)
	var tables []string
	if err := known.QueryRow(t.Context(), `SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relnamespace = 'roster'::regnamespace AND relkind = 'r' AND relname <> 'users'`).Scan(&tables); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		key := tenantTables[table]
		if key == "" {
			t.Errorf("table %s has no case", table)
			continue
		}
		for setting, want := range map[string]int{"": 0, acme.String(): -1, uuid.NewString(): 0} {
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, setting); err != nil {
				t.Fatal(err)
			}
			var rows, foreign int
			err = tx.QueryRow(t.Context(), fmt.Sprintf(`SELECT count(*), count(*) FILTER (WHERE %s = $1) FROM roster.%s`, key, table), other).Scan(&rows, &foreign)
			if err != nil {
				t.Fatal(table, err)
			}
			if foreign != 0 || want == 0 && rows != 0 || want == -1 && rows == 0 {
				t.Errorf("%s with setting %q: %d rows, %d of another organization", table, setting, rows, foreign)
			}
			tx.Rollback(context.Background())
		}
		if _, err := conn.Exec(t.Context(), fmt.Sprintf(`SELECT count(*) FROM roster.%s`, table)); err != nil {
			t.Errorf("%s without any setting: %v", table, err)
		}
		tx, _ := conn.Begin(t.Context())
		tx.Exec(t.Context(), `SELECT set_config('roster.org_id', 'acme', true)`)
		if _, err := tx.Exec(t.Context(), fmt.Sprintf(`SELECT count(*) FROM roster.%s`, table)); db.Constraint(err) != "22P02" {
			t.Errorf("%s with a malformed setting: %v, want an error", table, err)
		}
		tx.Rollback(context.Background())
	}
	if _, err := conn.Exec(t.Context(), `SELECT count(*) FROM roster.users`); db.Constraint(err) != "42501" {
		t.Errorf("the app reads all people: %v", err)
	}
}

// I2 X58 O27: the app changes, moves and adds nothing of another organization, whatever it writes.
func TestAppCannotWriteElsewhere(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, other := twoOrganizations(t, d)
	conn := d.As(t, "roster_app")
	before := digest(t, d, other)
	for _, sql := range []string{
		`UPDATE roster.organizations SET name = 'taken' WHERE id = $1`,
		`UPDATE roster.memberships SET status = 'removed' WHERE org_id = $1`,
		`DELETE FROM roster.membership_roles WHERE org_id = $1`,
		`UPDATE roster.invitations SET state = 'revoked' WHERE org_id = $1`,
		`UPDATE roster.invitation_tokens SET replaced_at = now() WHERE org_id = $1`,
		`INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT $1, user_id, 'owner' FROM roster.memberships LIMIT 1`,
		`INSERT INTO roster.invitation_blocks (org_id, email_norm) VALUES ($1, 'x@x.example')`,
		`INSERT INTO roster.invitation_blocks (org_id, email_norm) VALUES ($1, 'b@x.example') ON CONFLICT (org_id, email_norm) DO NOTHING`,
		`INSERT INTO roster.audit_events (org_id, id, event, actor_name, subject_kind, subject_id, subject_name) VALUES ($1, gen_random_uuid(), 'x', 'x', 'organization', $1, 'x')`,
		`INSERT INTO roster.submissions (org_id, user_id, id) VALUES ($1, gen_random_uuid(), gen_random_uuid())`,
		`INSERT INTO river.river_job (kind, args, max_attempts) VALUES ('letter', jsonb_build_object('org_id', $1::uuid), 3)`,
		`INSERT INTO river.river_job (kind, args, max_attempts) SELECT 'letter', '{}', 3 WHERE $1::uuid IS NOT NULL`,
		`MERGE INTO roster.invitations i USING (SELECT $1::uuid AS o) s ON i.org_id = s.o WHEN MATCHED THEN UPDATE SET state = 'revoked'`,
	} {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, acme.String()); err != nil {
			t.Fatal(err)
		}
		tag, err := tx.Exec(t.Context(), sql, other)
		if err == nil && tag.RowsAffected() != 0 || err != nil && db.Constraint(err) != "42501" {
			t.Errorf("%s: %d rows, %v", sql, tag.RowsAffected(), err)
		}
		if err == nil {
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		tx.Rollback(context.Background())
	}
	if digest(t, d, other) != before {
		t.Error("the other organization has changed")
	}
}

func digest(t testing.TB, d *dbtest.Database, org uuid.UUID) string {
	t.Helper()
	conn := d.Superuser(t)
	var all []string
	for table, key := range tenantTables {
		var sum *string
		if err := conn.QueryRow(t.Context(), fmt.Sprintf(`SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM roster.%s x WHERE %s = $1`, table, key), org).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		if sum != nil {
			all = append(all, table+*sum)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// I8 I20: the same unique values live in two organizations; a foreign key to another's row fails like one to nothing.
func TestKeysTellNothingAcross(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, other := twoOrganizations(t, d)
	var foreign uuid.UUID
	if err := d.Superuser(t).QueryRow(t.Context(), `SELECT user_id FROM roster.memberships WHERE org_id = $1 LIMIT 1`, other).Scan(&foreign); err != nil {
		t.Fatal(err)
	}
	conn := d.As(t, "roster_app")
	var answers []string
	for _, user := range []uuid.UUID{foreign, uuid.New()} {
		tx, _ := conn.Begin(t.Context())
		tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, acme.String())
		_, err := tx.Exec(t.Context(), `INSERT INTO roster.membership_roles (org_id, user_id, role) VALUES ($1, $2, 'guest')`, acme, user)
		answers = append(answers, db.Constraint(err))
		tx.Rollback(context.Background())
	}
	if answers[0] != "membership_roles_membership" || answers[0] != answers[1] {
		t.Errorf("a foreign and an unknown person answer %v", answers)
	}
}

// I4: whatever happened on a pool's only connection, the next to use it is in no organization.
func TestPoolIsCleanAfterEverything(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, _ := twoOrganizations(t, d)
	doors := d.Open(t, func(c *db.Config) { c.MaxConns = 1 })
	ctx := t.Context()
	boom := errors.New("boom")
	count := func(q *rosterdb.Queries) error { _, err := q.ListOwners(ctx, acme); return err }
	for name, act := range map[string]func() error{
		"read":    func() error { return count(doors.Read(acme)) },
		"commit":  func() error { return doors.InOrg(ctx, acme, count) },
		"nothing": func() error { return doors.InOrg(ctx, acme, func(*rosterdb.Queries) error { return nil }) },
		"error": func() error {
			return doors.InOrg(ctx, acme, func(q *rosterdb.Queries) error { return errors.Join(boom, count(q)) })
		},
		"panic": func() (err error) {
			defer func() { recover() }()
			return doors.InOrg(ctx, acme, func(q *rosterdb.Queries) error { _ = count(q); panic("boom") })
		},
		"sql error": func() error {
			return doors.InOrg(ctx, acme, func(q *rosterdb.Queries) error {
				_, err := q.CountLetter(ctx, "to:x", 3600) // the worker's alone
				return err
			})
		},
		"sql error at commit": func() error {
			return doors.InOrg(ctx, acme, func(q *rosterdb.Queries) error {
				_ = count(q)
				return q.InsertRoles(ctx, rosterdb.InsertRolesParams{OrgID: acme, UserID: uuid.New(), Roles: []string{"guest"}})
			})
		},
		"cancelled": func() error {
			cancelled, cancel := context.WithCancel(ctx)
			return doors.InOrg(cancelled, acme, func(q *rosterdb.Queries) error { _ = count(q); cancel(); return cancelled.Err() })
		},
		"killed": func() error {
			return doors.InOrg(ctx, acme, func(q *rosterdb.Queries) error {
				_ = count(q)
				_, err := d.Superuser(t).Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'roster_app' AND datname = current_database()`)
				return errors.Join(err, count(q))
			})
		},
		"door": func() error { _, err := doors.Door().FreeSlugs(ctx, []string{"x1"}); return err },
	} {
		err := act()
		clean := map[string]bool{"read": true, "commit": true, "nothing": true, "door": true, "panic": true}[name]
		if clean != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
		// The door's connection is the same one; row security shows no row unless an organization stayed entered.
		owners, err := doors.Read(uuid.New()).ListOwners(ctx, acme)
		if err != nil || len(owners) != 0 {
			t.Errorf("after %s: %d rows of an organization that was not entered, %v", name, len(owners), err)
		}
	}
}

// P4: the reading door cannot write.
func TestReadCannotWrite(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, _ := twoOrganizations(t, d)
	q := d.Open(t).Read(acme)
	if err := q.LockOrganization(t.Context(), acme); err == nil {
		t.Error("a statement without rows went through")
	}
	if _, err := q.RevokeInvitationsTo(t.Context(), acme, "i@x.example"); db.Constraint(err) != "25006" {
		t.Errorf("a change answers %v, want the server's refusal to write", err)
	}
}

// I67 F3: the last owner's trigger holds under any interleaving, also of plain statements.
func TestLastOwnerTriggerUnderRace(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, _ := twoOrganizations(t, d)
	admin := d.Superuser(t)
	for round := range 40 {
		if _, err := admin.Exec(t.Context(), `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT org_id, user_id, 'owner' FROM roster.memberships WHERE org_id = $1 ON CONFLICT DO NOTHING`, acme); err != nil {
			t.Fatal(err)
		}
		var owners []uuid.UUID
		if err := admin.QueryRow(t.Context(), `SELECT array_agg(user_id) FROM roster.membership_roles WHERE org_id = $1 AND role = 'owner'`, acme).Scan(&owners); err != nil {
			t.Fatal(err)
		}
		level := []string{"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"}[round%3]
		var wait sync.WaitGroup
		for _, owner := range owners {
			conn := d.As(t, "roster_app")
			wait.Go(func() {
				tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.TxIsoLevel(strings.ToLower(level))})
				if err != nil {
					t.Error(err)
					return
				}
				defer tx.Rollback(context.Background())
				tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, acme.String())
				if _, err := tx.Exec(t.Context(), `DELETE FROM roster.membership_roles WHERE user_id = $1 AND role = 'owner'`, owner); err == nil {
					tx.Commit(t.Context())
				}
			})
		}
		wait.Wait()
		var left int
		if err := admin.QueryRow(t.Context(), `SELECT count(*) FROM roster.membership_roles WHERE org_id = $1 AND role = 'owner'`, acme).Scan(&left); err != nil || left != 1 {
			t.Fatalf("%s: %d owners are left, %v", level, left, err)
		}
	}
}

// P5: whoever is renamed while they join does not keep the old name in the directory.
func TestRenamingWhileJoining(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, _ := twoOrganizations(t, d)
	admin, joiner, namer := d.Superuser(t), d.As(t, "roster_app"), d.As(t, "roster_auth")
	for i := range 100 {
		person := uuid.New()
		if _, err := admin.Exec(t.Context(), `INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text) VALUES ($1, 'old', $2, $2, 'old', 'old')`, person, fmt.Sprintf("r%d@x.example", i)); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		wait.Go(func() {
			tx, err := joiner.Begin(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer tx.Rollback(context.Background())
			tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, acme.String())
			if _, err := tx.Exec(t.Context(), `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES ($1, $2, gen_random_uuid(), 'invitation')`, acme, person); err != nil {
				t.Error(err)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		})
		wait.Go(func() {
			if _, err := namer.Exec(t.Context(), `UPDATE roster.users SET name = 'new' WHERE id = $1`, person); err != nil {
				t.Error(err)
			}
		})
		wait.Wait()
	}
	var stale int
	if err := admin.QueryRow(t.Context(), `SELECT count(*) FROM roster.memberships m JOIN roster.users u ON u.id = m.user_id WHERE m.name <> u.name`).Scan(&stale); err != nil || stale != 0 {
		t.Errorf("%d entries are stale, %v", stale, err)
	}
}

// C157 I6: start is refused in one sentence on a powerful role and on an unprotected table.
func TestOpenRefusesWhatIsUnsafe(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	admin := d.Superuser(t)
	refused := func(what, words string, change func(*db.Config)) {
		t.Helper()
		config := d.Config()
		change(&config)
		opened, err := db.Open(t.Context(), config)
		if err == nil {
			opened.Close()
		}
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want a sentence with %q", what, err, words)
		}
	}
	refused("superuser", "is a superuser", func(c *db.Config) { c.App = d.URL(admin.Config().User) })
	refused("migrator", "is a member of another role", func(c *db.Config) { c.App = d.URL("roster_migrate") })
	for _, sql := range []string{`CREATE ROLE test_bypass LOGIN BYPASSRLS`, `CREATE ROLE test_owner LOGIN`, `GRANT CONNECT ON DATABASE ` + admin.Config().Database + ` TO test_bypass, test_owner`,
		`GRANT USAGE ON SCHEMA roster TO test_owner`, `CREATE TABLE roster.owned (id int)`, `ALTER TABLE roster.owned OWNER TO test_owner`} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	refused("bypass", "may bypass row security", func(c *db.Config) { c.App = d.URL("test_bypass") })
	refused("owner", "owns tables of Roster", func(c *db.Config) { c.App = d.URL("test_owner") })
	refused("unprotected table", "row security is not forced on owned", func(*db.Config) {})
	if _, err := admin.Exec(t.Context(), `DROP TABLE roster.owned; REVOKE ALL ON SCHEMA roster FROM test_owner; REVOKE ALL ON DATABASE `+admin.Config().Database+` FROM test_bypass, test_owner; DROP ROLE test_bypass; DROP ROLE test_owner`); err != nil {
		t.Fatal(err)
	}
	d.Open(t)
}

// R18: ten who start at once on an empty database: one migrates, the others find nothing to do.
func TestTenMigratorsAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Empty(t, "template1")
	if err := db.Prepare(t.Context(), d.URL(dbtest.New(t).Superuser(t).Config().User)); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			if err := db.Migrate(t.Context(), d.URL("roster_migrate")); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	var steps, versions int
	err := d.Superuser(t).QueryRow(t.Context(), `SELECT count(*), count(DISTINCT version_id) FROM platform.goose_db_version WHERE version_id > 0`).Scan(&steps, &versions)
	if err != nil || steps != versions || steps < 7 {
		t.Errorf("%d steps of %d versions, %v", steps, versions, err)
	}
	behind, err := d.Open(t).Behind(t.Context())
	if err != nil || behind != "" {
		t.Errorf("%q, %v", behind, err)
	}
}

// R10 I36: a pool whose connections are all taken answers within a second, in words, and recovers.
func TestTakenPoolAnswersSoon(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, _ := twoOrganizations(t, d)
	doors := d.Open(t, func(c *db.Config) { c.MaxConns = 1 })
	release, held := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		err := doors.InOrg(t.Context(), acme, func(q *rosterdb.Queries) error {
			_, err := q.ListOwners(t.Context(), acme)
			close(held)
			<-release
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	start := time.Now()
	_, err := doors.Read(acme).ListOwners(t.Context(), acme)
	if !errors.Is(err, db.ErrBusy) || !db.Unreachable(err) || time.Since(start) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	close(release)
	wait.Wait()
	if _, err := doors.Read(acme).ListOwners(t.Context(), acme); err != nil {
		t.Error(err)
	}
}

// I37, its shape: where an account belongs to one organization, the same address may be one in each; where it
// belongs to none, it is one.
func TestAddressIsOnePerHome(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, other := twoOrganizations(t, d)
	conn := d.Superuser(t)
	insert := func(home *uuid.UUID) string {
		_, err := conn.Exec(t.Context(), `INSERT INTO roster.users (id, home_org_id, name, email, email_norm, sort_name, search_text)
			VALUES (gen_random_uuid(), $1, 'Ann', 'ann@x.example', 'ann@x.example', 'ann', ' ann')`, home)
		return db.Constraint(err)
	}
	for _, c := range []struct {
		home *uuid.UUID
		want string
	}{{nil, ""}, {nil, "users_email_key"}, {&acme, ""}, {&acme, "users_email_key"}, {&other, ""}} {
		if got := insert(c.home); got != c.want {
			t.Errorf("home %v: refused by %q, want %q", c.home, got, c.want)
		}
	}
}

// Databases of one server that are prepared side by side do not stumble over the roles that they share.
func TestPreparingSideBySide(t *testing.T) {
	t.Parallel()
	var wait sync.WaitGroup
	for range 8 {
		d := dbtest.Empty(t, "template1")
		url := d.URL(d.Superuser(t).Config().User)
		wait.Go(func() {
			for range 20 {
				if err := db.Prepare(t.Context(), url); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
}
