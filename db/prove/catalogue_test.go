package prove

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"roster/db/dbtest"
)

func violations(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	found, err := Catalogue(t.Context(), "", conn)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// I7 I8 I128 A03 X56 X58 X29 A38 A43: every tenant table is protected, by exactly the policies that it should have.
func TestCatalogueHoldsNoViolation(t *testing.T) {
	t.Parallel()
	for _, v := range violations(t, dbtest.New(t).Superuser(t)) {
		t.Error(v)
	}
}

// I7: the test above is worth something only if it sees what it is for.
func TestCatalogueSeesEachMutant(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	conn := d.Superuser(t)
	for _, mutant := range []string{
		`ALTER TABLE roster.memberships DISABLE ROW LEVEL SECURITY`,
		`ALTER TABLE roster.memberships NO FORCE ROW LEVEL SECURITY`,
		`CREATE TABLE roster.forgotten (org_id uuid NOT NULL)`,
		`CREATE TABLE roster.stray (id int)`,
		`ALTER POLICY org_isolation ON roster.invitations USING (true)`,
		`ALTER POLICY org_isolation ON roster.organizations WITH CHECK (true)`,
		`ALTER TABLE roster.memberships DROP CONSTRAINT memberships_org_id_fkey`,
		`GRANT UPDATE (org_id) ON roster.memberships TO roster_app`,
		`GRANT USAGE ON SCHEMA keyring TO roster_app`,
		`ALTER POLICY org_isolation ON roster.invitations WITH CHECK (true)`,
		`DROP POLICY org_isolation ON roster.invitations`,
		`CREATE POLICY also ON roster.invitations TO roster_app USING (true)`,
		`CREATE POLICY everyone ON roster.invitations USING (true)`,
		`CREATE POLICY definer ON roster.invitation_blocks TO roster_definer USING (true)`,
		`CREATE UNIQUE INDEX leak ON roster.invitations (email_norm)`,
		`ALTER TABLE roster.invitation_tokens ADD CONSTRAINT loose FOREIGN KEY (invitation_id) REFERENCES roster.single(id)`,
		`ALTER ROLE roster_app BYPASSRLS`,
		`GRANT roster_owner TO roster_app`,
		`GRANT TRUNCATE ON roster.memberships TO roster_app`,
		`GRANT UPDATE ON roster.audit_events TO roster_app`,
		`GRANT UPDATE (event) ON roster.audit_events TO roster_app`,
		`GRANT DELETE ON roster.audit_events TO roster_app`,
		`GRANT SELECT ON roster.users TO roster_app`,
		`GRANT CREATE ON SCHEMA roster TO roster_app`,
		`GRANT USAGE ON SCHEMA auth TO roster_app`,
		`GRANT TEMP ON DATABASE ` + conn.Config().Database + ` TO roster_app`,
		`CREATE VIEW roster.seen AS SELECT * FROM roster.memberships`,
		`CREATE MATERIALIZED VIEW roster.kept AS SELECT * FROM roster.memberships`,
		`CREATE FUNCTION door.sneak() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`,
		`ALTER FUNCTION door.enter(uuid, text, uuid) RESET search_path`,
		`ALTER FUNCTION door.enter(uuid, text, uuid) OWNER TO postgres_or_super`,
		`GRANT EXECUTE ON FUNCTION door.enter(uuid, text, uuid) TO PUBLIC`,
		`ALTER FUNCTION roster.org_id() LEAKPROOF`,
		`ALTER TABLE roster.invitation_blocks ALTER COLUMN org_id DROP NOT NULL`,
		`ALTER TABLE roster.memberships OWNER TO roster_app`,
		`CREATE PUBLICATION everything FOR ALL TABLES`,
		`ALTER ROLE roster_owner INHERIT`,
		`ALTER TABLE river.river_job NO FORCE ROW LEVEL SECURITY`,
	} {
		t.Run(mutant, func(t *testing.T) {
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			statements := []string{mutant}
			switch {
			case strings.Contains(mutant, "roster.single"):
				statements = []string{`CREATE UNIQUE INDEX single_id ON roster.invitations (id)`,
					`ALTER TABLE roster.invitation_tokens ADD CONSTRAINT loose FOREIGN KEY (invitation_id) REFERENCES roster.invitations (id)`}
			case strings.Contains(mutant, "postgres_or_super"):
				statements = []string{strings.Replace(mutant, "postgres_or_super", "CURRENT_USER", 1)}
			case strings.Contains(mutant, "ALTER COLUMN org_id"):
				statements = []string{`ALTER TABLE roster.invitation_blocks DROP CONSTRAINT invitation_blocks_pkey`, mutant}
			}
			for _, statement := range statements {
				if _, err := tx.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			if found := violations(t, conn); len(found) == 0 {
				t.Error("nothing was found")
			}
		})
	}
}
