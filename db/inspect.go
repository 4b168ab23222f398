package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Inspection is what is worth knowing before a database is migrated.
type Inspection struct {
	// Newer says in one sentence that a newer program has migrated the database, and nothing is left to do; or "".
	Newer string
	// Shared is another database on the server that the same roles serve, or "".
	Shared string
}

// Inspect says in one sentence why the database of url, an administrator's, cannot become or stay this
// installation's: the wrong server, encoding, roles, or a database that takes no changes. It changes nothing.
func (r Roles) Inspect(ctx context.Context, url string) (in Inspection, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return in, Unreached(adminVariable, err)
	}
	defer conn.Close(ctx)
	if err := refuseUnfit(ctx, conn); err != nil {
		return in, err
	}
	var readOnly bool
	if err := conn.QueryRow(ctx, `SELECT current_setting('transaction_read_only')::boolean`).Scan(&readOnly); err != nil {
		return in, fmt.Errorf("ask whether the database takes changes: %w", err)
	}
	if readOnly {
		return in, fmt.Errorf("the database takes no changes, it is a standby or set to read only: name the primary server in %s, or set default_transaction_read_only off", adminVariable)
	}
	database := conn.Config().Database
	owner, err := r.refuseOthers(ctx, conn, database)
	if err != nil {
		return in, err
	}
	in.Shared, err = r.otherDatabase(ctx, conn)
	switch {
	case err != nil:
		return in, err
	case owner == "" && in.Shared != "":
		return in, fmt.Errorf("the database roles %s_… serve database %s on this server already: choose others for this installation, like ROSTER_DATABASE_ROLES=%s", r.prefix(), in.Shared, r.another(database))
	case owner == "":
		return in, r.refusePowerless(ctx, conn, database)
	}
	in.Newer, err = r.newer(ctx, conn)
	return in, err
}

// refuseOthers refuses a database that is another installation's, or another program's. It answers with who owns
// Roster's schemas in it, "" if nobody does.
func (r Roles) refuseOthers(ctx context.Context, conn *pgx.Conn, database string) (owner string, err error) {
	var foreign, extension string
	err = conn.QueryRow(ctx, `
		SELECT coalesce((SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = 'platform'), ''),
		       coalesce((SELECT min(nspname)::text FROM pg_namespace WHERE nspname IN ('roster', 'door', 'auth', 'ext', 'river', 'keyring')), ''),
		       coalesce((SELECT min(e.extname)::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		                  WHERE e.extname IN ('pg_trgm', 'btree_gin') AND n.nspname <> 'ext'), '')`).Scan(&owner, &foreign, &extension)
	prefix, roster := strings.CutSuffix(owner, "_owner")
	switch {
	case err != nil:
		return "", fmt.Errorf("ask whose schemas are there: %w", err)
	case owner == r.Owner():
		return owner, nil
	case owner != "" && roster:
		return "", fmt.Errorf("database %s belongs to the roles %s_…: set ROSTER_DATABASE_ROLES=%s, or give this installation a database of its own", database, prefix, prefix)
	case owner != "":
		return "", fmt.Errorf("database %s has a schema platform of %s: give Roster a database of its own", database, owner)
	case foreign != "":
		return "", fmt.Errorf("database %s has a schema %s that is not Roster's: give Roster a database of its own", database, foreign)
	case extension != "":
		return "", fmt.Errorf("database %s has the extension %s in a schema of its own choice: drop it, Roster makes it in schema ext", database, extension)
	}
	return "", nil
}

// otherDatabase is one that these roles own something in, or are granted something. The server keeps that for
// all its databases, so it goes with them: one that was renamed is found by its new name, one that was dropped
// is forgotten.
func (r Roles) otherDatabase(ctx context.Context, conn *pgx.Conn) (name string, err error) {
	err = conn.QueryRow(ctx, r.In(`
		SELECT coalesce(min(d.datname)::text, '') FROM pg_shdepend s
		  JOIN pg_roles r ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid
		  JOIN pg_database d ON d.oid = CASE WHEN s.dbid <> 0 THEN s.dbid WHEN s.classid = 'pg_database'::regclass THEN s.objid END
		 WHERE r.rolname IN ('roster_owner', 'roster_definer', 'roster_migrate', 'roster_app', 'roster_auth', 'roster_worker')
		   AND d.datname <> current_database()`)).Scan(&name)
	if err != nil {
		return "", fmt.Errorf("ask what else the database roles serve: %w", err)
	}
	return name, nil
}

// RefuseOtherPassword refuses an address whose password is not the one that its role has.
func RefuseOtherPassword(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	switch {
	case err == nil:
		return conn.Close(ctx)
	case Constraint(err) == "42501": // the password is right, and the database not given to the role yet
		return nil
	}
	return Unreached("ROSTER_DATABASE_URL", err)
}

// another is an example of names that are free.
func (r Roles) another(database string) string {
	if other, err := ParseRoles(database); err == nil && other != r && database != r.prefix() {
		return database
	}
	return r.prefix() + "2"
}

// refusePowerless refuses who cannot prepare an empty database.
func (r Roles) refusePowerless(ctx context.Context, conn *pgx.Conn, database string) error {
	var user, missing string
	var super, creates, owns, theirs bool
	err := conn.QueryRow(ctx, r.In(`
		SELECT u.rolname::text, u.rolsuper, u.rolcreaterole, pg_has_role(d.datdba, 'USAGE') OR has_database_privilege(d.oid, 'CREATE WITH GRANT OPTION'),
		       EXISTS (SELECT 1 FROM pg_roles o WHERE o.rolname = 'roster_owner' AND current_setting('server_version_num')::int >= 160000
		                  AND NOT pg_has_role(o.oid, 'MEMBER WITH ADMIN OPTION')),
		       coalesce((SELECT min(x) FROM unnest('{pg_trgm,btree_gin}'::text[]) x WHERE x NOT IN (SELECT name FROM pg_available_extensions)), '')
		  FROM pg_roles u, pg_database d WHERE u.rolname = current_user AND d.datname = current_database()`)).Scan(&user, &super, &creates, &owns, &theirs, &missing)
	switch {
	case err != nil:
		return fmt.Errorf("ask what the administrator may do: %w", err)
	case missing != "":
		return fmt.Errorf("the server does not have the extension %s: install PostgreSQL's contrib package on it", missing)
	case super:
		return nil
	case !creates:
		return fmt.Errorf("the role %s may not make roles: name an administrator in %s, or ALTER ROLE %s CREATEROLE", user, adminVariable, user)
	case !owns:
		return fmt.Errorf("the role %s does not own database %s: make the database as this role, or ALTER DATABASE %s OWNER TO %s", user, database, database, user)
	case theirs:
		return fmt.Errorf("the database roles %s_… were made by another administrator: connect as that one, or choose others, like ROSTER_DATABASE_ROLES=%s", r.prefix(), r.another(database))
	}
	return nil
}

// refuseUnfit refuses a server or a database on which Roster would go wrong later, in the middle of work.
func refuseUnfit(ctx context.Context, q interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}) error {
	var version int
	var database, encoding string
	err := q.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_database()::text, getdatabaseencoding()::text`).Scan(&version, &database, &encoding)
	switch {
	case err != nil:
		return fmt.Errorf("ask the database what it is: %w", err)
	case version < oldestVersion:
		return fmt.Errorf("the database server is too old: Roster needs PostgreSQL 15.4 or later, this is version number %d", version)
	case encoding != "UTF8":
		return fmt.Errorf("database %s holds text in %s, which cannot write everybody's name: make another one with %s", database, encoding, createDatabase(database))
	}
	return nil
}

// newestMigration is the version of the schema that this program knows.
func newestMigration() (int64, error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, err
	}
	var version int64
	if _, err := fmt.Sscanf(entries[len(entries)-1].Name(), "%05d_", &version); err != nil {
		return 0, fmt.Errorf("read the newest migration's number: %w", err)
	}
	return version, nil
}

// versions are the schema's own, and the oldest one whose program still works with it (0 where it does not say).
func versions(ask func(sql string) pgx.Row) (have, oldest int64, err error) {
	var made, says bool
	err = ask(`SELECT to_regclass('platform.goose_db_version') IS NOT NULL, to_regclass('platform.oldest_program') IS NOT NULL`).Scan(&made, &says)
	if err == nil && made {
		err = ask(`SELECT coalesce(max(version_id), 0) FROM platform.goose_db_version WHERE is_applied`).Scan(&have)
	}
	if err == nil && says {
		err = ask(`SELECT version FROM platform.oldest_program`).Scan(&oldest)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return have, oldest, nil
}

// newer says that the schema is newer than this program: nothing is left to do, or, as an error, the program does
// not work with it.
func (r Roles) newer(ctx context.Context, conn *pgx.Conn) (string, error) {
	want, err := newestMigration()
	if err != nil {
		return "", err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return "", fmt.Errorf("read the schema's version: %w", err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+r.Owner()); err != nil {
		return "", nil // an administrator who has yet to be allowed to; Migrate looks again
	}
	have, oldest, err := versions(func(sql string) pgx.Row { return tx.QueryRow(ctx, sql) })
	switch {
	case err != nil || have <= want:
		return "", err
	case oldest > want:
		return "", errors.New(outgrown(have, want))
	}
	return fmt.Sprintf("The database's schema is at version %d, and this program knows %d: a newer Roster has migrated it. Nothing was changed; this program still works with it.", have, want), nil
}

func outgrown(have, want int64) string {
	return fmt.Sprintf("the database's schema is at version %d, and this program, which knows %d, no longer works with it: start the newer Roster", have, want)
}
