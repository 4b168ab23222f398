package prove

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"roster/db"
)

// schema is what the catalogue says about what can be attacked.
type schema struct {
	tables []table
}

// table is a table, or something that shows rows like one.
type table struct {
	Schema, Name string
	Kind         string // as in pg_class: r table, p partitioned, v view, m materialised view, f foreign table
	Columns      []column
	Primary      []string // the columns of its primary key
	Open         bool     // to roster_owner, past row security
	key          string   // the column that names the organization, or ""
	victim       []value  // canary B's first row in it
}

type column struct {
	Name string
	Type uint32
	May  []string // "role:SELECT", as the grants say
}

func (t table) String() string { return t.Schema + "." + t.Name }
func (t table) quoted() string { return pgx.Identifier{t.Schema, t.Name}.Sanitize() }

// tenant tells whether the rows belong to organizations.
func (t table) tenant() bool { return t.Schema == "roster" && t.key != "" && t.stored() }
func (t table) stored() bool { return t.Kind == "r" || t.Kind == "p" }

// people and the queue have no column for the organization, but rows of one.
func (t table) people() bool { return t.String() == "roster.users" }
func (t table) queue() bool  { return t.String() == "river.river_job" }

// of is the condition for the rows of a world.
func (t table) of(w world) string {
	switch {
	case t.queue():
		return fmt.Sprintf("args ->> 'org_id' = '%s'", w.org)
	case t.people():
		return fmt.Sprintf("id IN ('%s', '%s', '%s')", w.owner(), w.admin(), w.member())
	}
	return fmt.Sprintf("%s = '%s'", quote(t.key), w.org)
}

// granted are the columns on which a role has a right.
func (t table) granted(role, right string) (names []string) {
	for _, c := range t.Columns {
		if slices.Contains(c.May, role+":"+right) {
			names = append(names, c.Name)
		}
	}
	return names
}

func (t table) all() (names []string) {
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return names
}

// victimOf are canary B's values of some columns, and their types.
func (t table) victimOf(names []string) (args []value, types []uint32) {
	for i, c := range t.Columns {
		if slices.Contains(names, c.Name) {
			var v value
			if t.victim != nil {
				v = t.victim[i]
			}
			args, types = append(args, v), append(types, c.Type)
		}
	}
	return args, types
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return strings.Join(quoted, ", ")
}

// open connects as each role and waits until no other proof is running.
func (p *proof) open(ctx context.Context) (err error) {
	if err := p.openOwner(ctx); err != nil {
		return err
	}
	for _, one := range []struct {
		session **session
		role    string
		address string
	}{{&p.app, appRole, p.Config.App}, {&p.worker, workerRole, p.Config.Worker}, {&p.auth, authRole, p.Config.Auth}} {
		if *one.session, err = openSession(ctx, one.role, one.address); err != nil {
			p.close()
			return err
		}
	}
	return nil
}

func (p *proof) openOwner(ctx context.Context) error {
	config, err := pgx.ParseConfig(p.Admin)
	if err != nil {
		return db.Unreached("ROSTER_ADMIN_DATABASE_URL", err)
	}
	config.RuntimeParams["role"], config.RuntimeParams["search_path"], config.RuntimeParams["timezone"] = p.Config.Roles.Owner(), "pg_catalog", "UTC"
	if p.owner, err = pgx.ConnectConfig(ctx, config); err != nil {
		return db.Unreached("ROSTER_ADMIN_DATABASE_URL", err)
	}
	if _, err := p.owner.Exec(ctx, `SELECT pg_advisory_lock($1)`, lockKey); err != nil {
		return errors.Join(fmt.Errorf("wait for another proof: %w", err), p.owner.Close(context.WithoutCancel(ctx)))
	}
	return nil
}

func (p *proof) close() {
	for _, s := range []*session{p.app, p.worker, p.auth} {
		s.close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleaningTime)
	defer cancel()
	_ = p.owner.Close(ctx) // which gives the lock on, too
}

// describe reads what there is to attack, and the report's head.
func (p *proof) describe(ctx context.Context) error {
	r := p.report
	roles := p.Config.Roles
	r.Roles, r.Mode = []string{roles.App(), roles.Worker(), roles.Auth()}, "bare: the setting is the organization's id"
	if p.Config.ContextKey != nil {
		r.Mode = "signed: the setting carries organization, expiry and HMAC"
	}
	err := p.owner.QueryRow(ctx, `SELECT current_setting('server_version'), current_database(), coalesce(max(version_id), 0) FROM platform.goose_db_version WHERE is_applied`).
		Scan(&r.Server, &r.Database, &r.Schema)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	r.Server = "PostgreSQL " + r.Server
	rows, err := p.owner.Query(ctx, `
		SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'DELETE') AS open,
		       (SELECT jsonb_agg(jsonb_build_object('Name', a.attname, 'Type', a.atttypid::bigint, 'May', ARRAY(
		           SELECT r.usual || ':' || p FROM unnest($1::text[], $2::text[]) r (usual, named), unnest('{SELECT,INSERT,UPDATE}'::text[]) p
		            WHERE has_column_privilege(r.named, c.oid, a.attnum, p))) ORDER BY a.attnum)
		          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
		       ARRAY(SELECT a.attname::text FROM pg_index x JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey::int2[])
		              WHERE x.indrelid = c.oid AND x.indisprimary) AS "primary"
		  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'ext') AND n.nspname !~ '^pg_'
		 ORDER BY n.nspname DESC, c.relname`, []string{appRole, workerRole, authRole}, r.Roles)
	if err == nil {
		p.schema.tables, err = pgx.CollectRows(rows, pgx.RowToStructByNameLax[table])
	}
	if err != nil {
		return fmt.Errorf("read the tables: %w", err)
	}
	for i := range p.schema.tables {
		t := &p.schema.tables[i]
		switch {
		case t.String() == "roster.organizations":
			t.key = "id"
		case t.Schema == "roster" && slices.Contains(t.all(), "org_id"):
			t.key = "org_id"
		}
	}
	return nil
}

// digest is the query by which a role, inside the organization of a world, sees all of it that it may read.
func (s schema) digest(role string, w world) string {
	var parts []string
	for _, t := range s.tables {
		if readable := t.granted(role, "SELECT"); t.tenant() && len(readable) > 0 && slices.Contains(readable, t.key) {
			parts = append(parts, digestOf(t, readable, w))
		}
	}
	return strings.Join(parts, " UNION ALL ")
}

func digestOf(t table, columns []string, w world) string {
	return fmt.Sprintf(`SELECT '%s', count(*), md5(coalesce(string_agg(x::text, ',' ORDER BY x::text), '')) FROM (SELECT %s FROM %s WHERE %s) x`,
		t, quoteAll(columns), t.quoted(), t.of(w))
}

// digest is that of all rows of a world, past row security.
func (p *proof) digest(ctx context.Context, w world) (digest string, err error) {
	var parts []string
	for _, t := range p.schema.tables {
		if (t.tenant() || t.people()) && t.Open {
			parts = append(parts, digestOf(t, t.all(), w))
		}
	}
	err = p.maintain(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT string_agg(x::text, ' ') FROM (`+strings.Join(parts, " UNION ALL ")+`) x`).Scan(&digest)
	})
	return digest, err
}

// sample reads canary B's first row of a table: what attacks try to write.
func (p *proof) sample(ctx context.Context, t *table) error {
	if !t.tenant() && !t.people() || !t.Open {
		if t.queue() {
			t.victim = t.queued(p.b)
		}
		return nil
	}
	var fields []string
	for _, c := range t.Columns {
		fields = append(fields, quote(c.Name)+"::text")
	}
	return p.maintain(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, fmt.Sprintf(`SELECT ARRAY[%s] FROM %s WHERE %s ORDER BY 1 LIMIT 1`, strings.Join(fields, ", "), t.quoted(), t.of(p.b)))
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[[]value])
		if len(found) > 0 {
			t.victim = found[0]
		}
		return err
	})
}

// queued is another job of a world, as it would be queued.
func (t table) queued(w world) (row []value) {
	known := map[string]string{"id": w.job() + "000", "kind": "canary", "args": fmt.Sprintf(`{"org_id": "%s"}`, w.org), "max_attempts": "1", "queue": "canary",
		"state": "scheduled", "scheduled_at": "2999-01-01", "priority": "1", "attempt": "0", "created_at": "2000-01-01", "metadata": "{}", "tags": "{}"}
	for _, c := range t.Columns {
		var v value
		if s, ok := known[c.Name]; ok {
			v = &s
		}
		row = append(row, v)
	}
	return row
}
