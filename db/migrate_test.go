package db_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/dbtest"
)

// B201: a role changes its own default privileges. Since PostgreSQL 16 nobody changes another's who does not
// inherit from it, and Roster's roles inherit nothing; 15 lets it pass, so the text is read.
func TestDefaultPrivilegesAreOnesOwn(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	anothers := regexp.MustCompile(`(?i)DEFAULT\s+PRIVILEGES\s+FOR\b`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found += len(regexp.MustCompile(`(?i)DEFAULT\s+PRIVILEGES`).FindAll(text, -1))
		if bad := anothers.Find(text); bad != nil {
			t.Errorf("%s: %q: SET LOCAL ROLE first, and leave FOR out", file, bad)
		}
	}
	if found == 0 {
		t.Error("the pattern finds nothing any more")
	}
}

// B202 B203 B276: an administrator who is no superuser prepares and migrates an installation with roles of its own, as
// often as one likes, also by another one's hands who is the migrator; nothing in the database says another name.
func TestInstallationWithRolesOfItsOwn(t *testing.T) {
	t.Parallel()
	d, admin := dbtest.Own(t)
	for _, url := range []string{admin, admin, d.URL("roster_migrate")} {
		if _, err := d.Roles().Inspect(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		if err := d.Roles().Prepare(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		if err := d.Roles().Migrate(t.Context(), url, dbtest.Key()); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := d.Superuser(t).Query(t.Context(), `
		SELECT 'function ' || p.oid::regprocedure FROM pg_proc p WHERE p.prosrc ~ '\mroster_(owner|definer|migrate|app|auth|worker)\M'
		UNION ALL SELECT 'policy ' || policyname || ' on ' || tablename FROM pg_policies WHERE concat(qual, with_check, roles) ~ '\mroster_(owner|definer|migrate|app|auth|worker)\M'
		UNION ALL SELECT 'constraint ' || conname FROM pg_constraint WHERE pg_get_constraintdef(oid) ~ '\mroster_(owner|definer|migrate|app|auth|worker)\M'
		UNION ALL SELECT 'of ' || r.rolname || ': ' || pg_describe_object(s.classid, s.objid, s.objsubid) FROM pg_shdepend s JOIN pg_roles r ON s.refclassid = 'pg_authid'::regclass AND r.oid = s.refobjid
		           JOIN pg_database b ON b.datname = current_database() AND (s.dbid = b.oid OR s.dbid = 0 AND s.classid = 'pg_database'::regclass AND s.objid = b.oid)
		           WHERE r.rolname ~ '^roster_'`)
	if err != nil {
		t.Fatal(err)
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(others) > 0 {
		t.Errorf("%v, %v", others, err)
	}
	behind, err := d.Open(t, func(c *db.Config) { c.ContextKey = dbtest.Key() }).Behind(t.Context())
	if err != nil || behind != "" {
		t.Errorf("%q, %v", behind, err)
	}
}
