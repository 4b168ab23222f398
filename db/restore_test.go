package db_test

import (
	"errors"
	"testing"

	"roster/db"
	"roster/db/dbtest"
)

// I52: a database knows by itself that it was restored. What keeps its files is no restore; rows that were written
// anew are, in the same table too, as after pg_restore --data-only; and so are missing ones. Until it is settled there is no epoch
// that a session or a link could be of.
func TestADatabaseKnowsThatItWasRestored(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t) // a clone by TEMPLATE
	opened, admin := d.Open(t), d.Superuser(t)
	settle := func(r db.Restore) error {
		_, err := db.Roles("").SettleRestore(t.Context(), d.URL("roster_migrate"), r)
		return err
	}
	for _, step := range []struct {
		name string
		sql  []string
		told bool
	}{
		{"as made", nil, false},
		{"vacuumed", []string{"VACUUM FREEZE platform.places", "VACUUM FULL platform.places", "VACUUM (FULL, FREEZE) platform.places, auth.epoch"}, false},
		{"the same rows in the same table", []string{"CREATE TABLE public.dump AS SELECT * FROM platform.places; DELETE FROM platform.places", "INSERT INTO platform.places SELECT * FROM public.dump"}, true},
		{"a row of elsewhere beside its own", []string{"INSERT INTO platform.places SELECT home, '3'::xid, since FROM public.dump"}, true},
		{"by the same transaction, of another table", []string{"DELETE FROM platform.places", "INSERT INTO platform.places (home, written) VALUES ('auth.epoch'::regclass, pg_current_xact_id()::xid)"}, true},
		{"without the rows", []string{"DELETE FROM platform.places"}, true},
		{"another row of the epoch", []string{"UPDATE auth.epoch SET created_at = created_at"}, false},
	} {
		t.Run(step.name, func(t *testing.T) {
			for _, sql := range step.sql {
				if _, err := admin.Exec(t.Context(), sql); err != nil {
					t.Fatal(sql, err)
				}
			}
			said, err := opened.Restored(t.Context())
			if err != nil || (said != "") != step.told {
				t.Errorf("it says %q, %v", said, err)
			}
			var epochs int
			if err := admin.QueryRow(t.Context(), "SELECT count(*) FROM auth.instance").Scan(&epochs); err != nil || (epochs == 0) != step.told {
				t.Errorf("there are %d epochs, %v", epochs, err)
			}
			if err := settle(db.Restore{}); step.told && err != nil || !step.told && !errors.Is(err, db.ErrNotRestored) {
				t.Errorf("it is settled with %v", err)
			}
			if said, err := opened.Restored(t.Context()); err != nil || said != "" {
				t.Errorf("settled, it says %q, %v", said, err)
			}
		})
	}
}

// I52: what is settled raises the epoch above any that a row of the backup names, whether the database noticed the
// restore or was told of it; where the database only moved, everything stays.
func TestASettledRestoreEndsWhatWasIssued(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, _ := twoOrganizations(t, d)
	admin := d.Superuser(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(sql, err)
		}
	}
	count := func(sql string) (n int) {
		t.Helper()
		if err := admin.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(sql, err)
		}
		return n
	}
	exec(`INSERT INTO auth.sessions (token_digest, public_id, user_id, data, epoch, expires_at) SELECT sha256(u.id::text::bytea), u.id, u.id, '', 7, now() + interval '1 hour' FROM roster.users u`)
	exec(`INSERT INTO river.river_job (kind, args, max_attempts, queue, state) VALUES ('letter', jsonb_build_object('org_id', $1::text, 'letter', 'invitation', 'sealed', 'x', 'data', '{"To": "i@x.example"}'::jsonb), 12, 'default', 'available')`, acme.String())
	open := `SELECT count(*) FROM roster.invitations WHERE state = 'open' AND expires_at > now()`

	exec(`UPDATE platform.places SET since = since`) // another transaction wrote it
	moved, err := db.Roles("").SettleRestore(t.Context(), d.URL("roster_migrate"), db.Restore{Moved: true})
	if err != nil || moved.Epoch != 0 || count(`SELECT count(*) FROM auth.sessions`) != 4 || count(open) != 2 || count(`SELECT count(*) FROM river.river_job WHERE state = 'available'`) != 1 {
		t.Errorf("moved: %+v, %v", moved, err)
	}

	settled, err := db.Roles("").SettleRestore(t.Context(), d.URL("roster_migrate"), db.Restore{Files: true})
	if err != nil {
		t.Fatal(err)
	}
	if settled.Epoch != 8 || settled.Sessions != 4 || settled.Invitations != 2 || settled.Forms != 2 || settled.Organizations != 2 || len(settled.Members) != 4 ||
		len(settled.Letters) != 1 || settled.Letters[0].To != "i@x.example" || settled.Letters[0].Slug != "acme" || settled.AsOf.IsZero() {
		t.Errorf("settled: %+v", settled)
	}
	for what, sql := range map[string]string{
		"sessions":                `SELECT count(*) FROM auth.sessions`,
		"open invitations":        open,
		"forms":                   `SELECT count(*) FROM roster.submissions`,
		"letters":                 `SELECT count(*) FROM river.river_job WHERE state <> 'cancelled' OR args ? 'sealed'`,
		"organizations not told":  `SELECT count(*) FROM roster.organizations o WHERE NOT EXISTS (SELECT 1 FROM roster.audit_events a WHERE a.org_id = o.id AND a.event = 'organization.restored' AND a.actor_kind = 'operator')`,
		"inviters who are told":   `SELECT count(*) FROM roster.invitations WHERE expiry_told_at IS NULL OR reminded_at IS NULL`,
		"letters said to be sent": `SELECT count(*) FROM roster.invitations WHERE delivery <> 'failed'`,
	} {
		if n := count(sql); n != 0 {
			t.Errorf("%d %s are left", n, what)
		}
	}
}
