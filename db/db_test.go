package db_test

import (
	"context"
	"errors"
	"fmt"
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

// ownersGo makes everybody in an organization an owner, has each of them stop being one at the same time, by a plain
// statement as roster_app, and counts who is left: over so many rounds, in every isolation.
func ownersGo(t *testing.T, d *dbtest.Database, org uuid.UUID, rounds int) (left map[int]int) {
	t.Helper()
	admin := d.Superuser(t)
	var people []uuid.UUID
	if err := admin.QueryRow(t.Context(), `SELECT array_agg(user_id) FROM roster.memberships WHERE org_id = $1`, org).Scan(&people); err != nil {
		t.Fatal(err)
	}
	conns := make([]*pgx.Conn, len(people))
	for i := range conns {
		conns[i] = d.As(t, "roster_app")
	}
	left = map[int]int{}
	for round := range rounds {
		if _, err := admin.Exec(t.Context(), `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT org_id, user_id, 'owner' FROM roster.memberships WHERE org_id = $1 ON CONFLICT DO NOTHING`, org); err != nil {
			t.Fatal(err)
		}
		level := []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable}[round%3]
		var ready, done sync.WaitGroup
		ready.Add(len(conns))
		for i, conn := range conns {
			done.Go(func() {
				tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: level})
				if err != nil {
					t.Error(err)
				}
				ready.Done()
				if err != nil {
					return
				}
				defer tx.Rollback(context.Background())
				if _, err := tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, d.Enter(org)); err != nil {
					t.Error(err)
				}
				ready.Wait()
				if _, err := tx.Exec(t.Context(), `DELETE FROM roster.membership_roles WHERE user_id = $1 AND role = 'owner'`, people[i]); err == nil {
					err = tx.Commit(t.Context())
					if code := db.Constraint(err); err != nil && code != "40001" {
						t.Error(err)
					}
				} else if code := db.Constraint(err); code != "RO001" && code != "40001" {
					t.Error(err)
				}
			})
		}
		done.Wait()
		var owners int
		if err := admin.QueryRow(t.Context(), `SELECT count(*) FROM roster.membership_roles WHERE org_id = $1 AND role = 'owner'`, org).Scan(&owners); err != nil {
			t.Fatal(err)
		}
		left[owners]++
	}
	return left
}

// I67 F3: the last owner's trigger holds under any interleaving, also of plain statements.
func TestLastOwnerTriggerUnderRace(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, _ := twoOrganizations(t, d)
	if left := ownersGo(t, d, acme, 150); left[1] != 150 {
		t.Errorf("owners left, and how often: %v; want one in each of 150 rounds", left)
	}
}

// I67 F3: the same race sees what is missing where the trigger is gone, and where it only counts without first standing
// in line at the organization's row.
func TestLastOwnerTriggerIsMissed(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"without it": `ALTER TABLE roster.membership_roles DISABLE TRIGGER membership_roles_last_owner`,
		"counting only": `CREATE OR REPLACE FUNCTION door.guard_last_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
			BEGIN
			  IF OLD.role = 'owner' AND NOT EXISTS (SELECT 1 FROM roster.membership_roles WHERE org_id = OLD.org_id AND role = 'owner') THEN
			    RAISE EXCEPTION 'an organization keeps an owner' USING ERRCODE = 'RO001';
			  END IF;
			  RETURN NULL;
			END $$`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.New(t)
			acme, _ := twoOrganizations(t, d)
			if _, err := d.Superuser(t).Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
			if left := ownersGo(t, d, acme, 60); left[0] == 0 {
				t.Errorf("owners left, and how often: %v; the race shows nothing", left)
			}
		})
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
			tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, d.Enter(acme))
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
	for _, sql := range []string{`CREATE ROLE test_bypass LOGIN BYPASSRLS`, `CREATE ROLE test_maker LOGIN CREATEROLE`, `CREATE ROLE test_replica LOGIN REPLICATION`, `CREATE ROLE test_owner LOGIN`,
		`GRANT CONNECT ON DATABASE ` + admin.Config().Database + ` TO test_bypass, test_maker, test_replica, test_owner`,
		`GRANT USAGE ON SCHEMA roster TO test_owner`, `CREATE TABLE roster.owned (id int)`, `ALTER TABLE roster.owned OWNER TO test_owner`} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	refused("bypass", "may bypass row security", func(c *db.Config) { c.App = d.URL("test_bypass") })
	refused("maker of roles", "may make roles", func(c *db.Config) { c.App = d.URL("test_maker") })
	refused("replica", "may replicate the server", func(c *db.Config) { c.App = d.URL("test_replica") })
	refused("owner", "owns tables of Roster", func(c *db.Config) { c.App = d.URL("test_owner") })
	refused("unprotected table", "row security is not forced on owned", func(*db.Config) {})
	if _, err := admin.Exec(t.Context(), `DROP TABLE roster.owned; REVOKE ALL ON SCHEMA roster FROM test_owner; REVOKE ALL ON DATABASE `+admin.Config().Database+` FROM test_bypass, test_maker, test_replica, test_owner; DROP ROLE test_bypass, test_maker, test_replica, test_owner`); err != nil {
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
			if err := db.Migrate(t.Context(), d.URL("roster_migrate"), d.Config().ContextKey); err != nil {
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
	_, err := doors.Read(acme).ListOwners(t.Context(), acme)
	if !errors.Is(err, db.ErrBusy) || !db.Unreachable(err) || !db.Crowded(err) { // the other holds its own until this one has given up
		t.Errorf("the answer is %v", err)
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

// What the program says of its database at start. Here both have one clock: however long the answer takes, it is found to be
// no further off than that.
func TestServerIsTheDatabaseWithItsClock(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t).Open(t)
	began := time.Now()
	server, err := d.Server(t.Context())
	if err != nil || server.Host == "" || server.Name == "" || !strings.HasPrefix(server.Version, "1") || strings.Contains(server.Version, " ") {
		t.Errorf("%+v, %v", server, err)
	}
	if server.Ahead.Abs() > time.Since(began)+time.Second {
		t.Errorf("the same clock is %v ahead of itself", server.Ahead)
	}
}
