package prove

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// verb is one statement on a table that reaches for canary B's rows.
type verb struct {
	name      string
	statement statement
	writes    bool
	everyone  bool     // it asks for all rows there are, so canary A's may come
	mayAnswer []string // the SQLSTATEs that mean that it was refused; nil: the usual
}

// Refusals: no right or no policy, and a setting that is no organization.
const (
	noRight     = "42501"
	malformed   = "22P02"
	unsupported = "0A000" // COPY FROM under row security
)

// verbFamily tries every verb on every table, as every role, in every context. What there is, is found in
// the catalogue, so a new table is attacked without anybody thinking of it.
func verbFamily(ctx context.Context, p *proof) error {
	for _, s := range []*session{p.app, p.worker, p.auth} {
		for _, t := range p.schema.tables {
			if !p.wants(t.String()) || ctx.Err() != nil {
				continue
			}
			switch {
			case t.queue() && s.role == workerRole:
				p.exception(t.String(), workerRole+" works the queue of all organizations, and sees an organization only by entering it")
			case t.people() && s.role == authRole:
				p.exception(t.String(), "people are global: "+authRole+" finds them by address, and sees nothing of organizations")
			case t.tenant() || t.people() || t.queue():
				p.sweep(ctx, s, t)
			case t.Schema == "roster": // views and whatever else shows rows
				p.look(ctx, s, t)
			case t.Schema == "keyring" || t.Schema == "auth" && s.role != authRole:
				p.stayOut(ctx, s, t)
			}
		}
	}
	return nil
}

// contexts are all that an attacker may set. roster_auth has no business in any organization, so it is
// refused in the right one as well.
func (p *proof) contexts(role string) []scope {
	own := p.inside(p.a)
	disguised := scope{name: "in canary A, with settings of B", entered: true, settings: append(slices.Clone(own.settings),
		setting{"roster.maintenance", "on"}, setting{"roster.actor", p.b.owner().String()}, setting{"roster.user_id", p.b.owner().String()},
		setting{"roster.ctx", p.b.org.String()}, setting{"roster.token", p.b.token("mailed")}, setting{"roster.role", ownerRole})}
	if role == authRole {
		return []scope{outside(), {name: "in canary B", settings: p.inside(p.b).settings}, disguised}
	}
	unsecured := scope{name: "in canary A, row_security off", entered: true, settings: append(slices.Clone(own.settings), setting{"row_security", "off"})}
	scopes := []scope{{name: "nothing ever set", bare: true}, outside(),
		{name: "malformed", settings: []setting{{"roster.org_id", "canary"}}, invalid: true},
		{name: "an organization that is not", settings: []setting{{"roster.org_id", p.enter(p.none.org)}}},
		own, disguised, unsecured}
	return append(scopes, p.forgeries(p.b.org, p.a.org)...)
}

// sweep tries all verbs on a table.
func (p *proof) sweep(ctx context.Context, s *session, t table) {
	verbs := p.verbs(s.role, t)
	bare, err := openSession(ctx, s.role, p.addressOf(s.role)) // on which nothing was ever set
	if err != nil {
		p.note(ctx, Attack{Target: t.String(), Name: "connect", As: s.role, Result: "no answer", Verdict: Untried, Detail: err.Error()})
		return
	}
	defer bare.close()
	for _, c := range p.contexts(s.role) {
		on := s
		if c.bare {
			on = bare
		}
		for _, v := range verbs {
			p.try(ctx, on, t, c, v)
		}
	}
	p.reach(ctx, s, t)
}

// try runs one verb and judges it.
func (p *proof) try(ctx context.Context, s *session, t table, c scope, v verb) {
	changed := false
	o := s.within(ctx, c, func(tx *transaction) outcome {
		o := tx.run(v.statement)
		if o.failed() || !v.writes || c.bare || s.digest == "" {
			return o
		}
		var err error
		if changed, err = p.changed(tx); err != nil {
			return outcome{fault: fmt.Errorf("look at canary B afterwards: %w", err)}
		}
		return o
	})
	a := Attack{Target: t.String(), Name: v.name, As: s.role, Context: c.name, Result: o.result(), Verdict: Held}
	a.Verdict, a.Detail = p.judge(c, v, o, changed)
	p.note(ctx, a)
}

// judge says whether an outcome is one of those that isolation allows.
func (p *proof) judge(c scope, v verb, o outcome, changed bool) (Verdict, string) {
	allowed := v.mayAnswer
	if allowed == nil {
		allowed = []string{noRight}
	}
	switch {
	case o.fault != nil:
		return Untried, o.fault.Error()
	case o.err != nil && (slices.Contains(allowed, o.err.Code) || c.invalid && o.err.Code == malformed):
		return Held, ""
	case o.err != nil:
		return Broken, fmt.Sprintf("%s: neither a refusal nor nothing. %s", o.err.Message, v.statement.sql)
	case o.leak(p.b, nil) != "":
		return Broken, "it shows " + o.leak(p.b, nil)
	case changed:
		return Broken, "canary B is changed by " + v.statement.sql
	case v.writes && (o.tag.RowsAffected() > 0 || strings.HasPrefix(o.tag.String(), "TRUNCATE")):
		return Broken, "it was done: " + v.statement.sql
	case len(o.rows) > 0 && !(v.everyone && c.entered):
		return Broken, "rows came: " + o.String()
	}
	return Held, ""
}

// verbs are all statements that reach for canary B's rows in a table.
func (p *proof) verbs(role string, t table) []verb {
	name, rows := t.quoted(), t.of(p.b)
	verbs := []verb{
		{name: "SELECT *", statement: statement{sql: "SELECT * FROM " + name}, everyone: true},
		{name: "SELECT * of B's rows", statement: statement{sql: "SELECT * FROM " + name + " WHERE " + rows}},
		{name: "SELECT count(*) of B's rows", statement: statement{sql: "SELECT n FROM (SELECT count(*) AS n FROM " + name + " WHERE " + rows + ") x WHERE n > 0"}},
		{name: "SELECT from pg_stats", statement: statement{sql: fmt.Sprintf("SELECT * FROM pg_stats WHERE schemaname = '%s' AND tablename = '%s'", t.Schema, t.Name)}},
		{name: "COPY TO", statement: statement{sql: "COPY " + name + " TO STDOUT", copy: "to"}, everyone: true},
		{name: "COPY (SELECT of B's rows) TO", statement: statement{sql: "COPY (SELECT * FROM " + name + " WHERE " + rows + ") TO STDOUT", copy: "to"}},
	}
	if readable := t.granted(role, "SELECT"); len(readable) > 0 && len(readable) < len(t.Columns) {
		verbs = append(verbs, verb{name: "SELECT of what it may read", statement: statement{sql: "SELECT " + quoteAll(readable) + " FROM " + name}, everyone: true})
	}
	for _, lock := range []string{"UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"} {
		verbs = append(verbs, verb{name: "SELECT FOR " + lock + " of B's rows", statement: statement{sql: "SELECT 1 FROM " + name + " WHERE " + rows + " FOR " + lock}})
	}
	verbs = append(verbs, t.inserts(role)...)
	verbs = append(verbs, t.updates(p.a, p.b)...)
	verbs = append(verbs, t.merges(role, rows)...)
	return append(verbs,
		verb{name: "DELETE of B's rows", statement: statement{sql: "DELETE FROM " + name + " WHERE " + rows}, writes: true},
		verb{name: "DELETE USING of B's rows", statement: statement{sql: "DELETE FROM " + name + " USING (SELECT 1) AS one WHERE " + rows}, writes: true},
		verb{name: "TRUNCATE", statement: statement{sql: "TRUNCATE " + name}, writes: true})
}

// inserts try to add canary B's own row again.
func (t table) inserts(role string) []verb {
	columns := t.granted(role, "INSERT")
	if len(columns) == 0 {
		columns = t.all()
	}
	args, types := t.victimOf(columns)
	insert := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", t.quoted(), quoteAll(columns), parameters(len(columns)))
	statementOf := func(more string) statement { return statement{sql: insert + more, args: args, types: types} }
	update := quote(columns[0])
	if may := t.granted(role, "UPDATE"); len(may) > 0 {
		update = quote(may[0])
	}
	verbs := []verb{
		{name: "INSERT for B", statement: statementOf(""), writes: true},
		{name: "INSERT for B ON CONFLICT DO NOTHING", statement: statementOf(" ON CONFLICT DO NOTHING"), writes: true},
		{name: "COPY FROM with a row of B", writes: true, mayAnswer: []string{noRight, unsupported}, statement: statement{
			sql: fmt.Sprintf("COPY %s (%s) FROM STDIN", t.quoted(), quoteAll(columns)), copy: "from", data: copyLine(args)}},
	}
	if key := quoteAll(t.Primary); key != "" {
		verbs = append(verbs, verb{name: "INSERT for B ON CONFLICT DO UPDATE", writes: true,
			statement: statementOf(fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s = excluded.%s", key, update, update))})
	}
	return verbs
}

// updates try every column of B's rows, and to move rows between the organizations.
func (t table) updates(a, b world) (verbs []verb) {
	for _, c := range t.Columns {
		args, types := t.victimOf([]string{c.Name})
		verbs = append(verbs, verb{name: "UPDATE " + c.Name + " of B's rows", writes: true,
			statement: statement{sql: fmt.Sprintf("UPDATE %s SET %s = $1 WHERE %s", t.quoted(), quote(c.Name), t.of(b)), args: args, types: types}})
	}
	if t.key != "" {
		move := func(from, to world) string {
			return fmt.Sprintf("UPDATE %s SET %s = '%s' WHERE %s", t.quoted(), quote(t.key), to.org, t.of(from))
		}
		verbs = append(verbs, verb{name: "UPDATE that moves A's rows to B", statement: statement{sql: move(a, b)}, writes: true},
			verb{name: "UPDATE that moves B's rows to A", statement: statement{sql: move(b, a)}, writes: true})
	}
	return verbs
}

// merges try to change, delete and add B's rows by MERGE.
func (t table) merges(role, rows string) []verb {
	column := t.Columns[0].Name
	if may := t.granted(role, "UPDATE"); len(may) > 0 {
		column = may[0]
	}
	set, setTypes := t.victimOf([]string{column})
	columns := t.granted(role, "INSERT")
	if len(columns) == 0 {
		columns = t.all()
	}
	row, rowTypes := t.victimOf(columns)
	merge := "MERGE INTO " + t.quoted() + " USING (SELECT 1) AS one ON " + rows
	return []verb{
		{name: "MERGE that updates B's rows", writes: true, statement: statement{sql: merge + " WHEN MATCHED THEN UPDATE SET " + quote(column) + " = $1", args: set, types: setTypes}},
		{name: "MERGE that deletes B's rows", writes: true, statement: statement{sql: merge + " WHEN MATCHED THEN DELETE"}},
		{name: "MERGE that inserts for B", writes: true, statement: statement{args: row, types: rowTypes,
			sql: fmt.Sprintf("%s WHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)", merge, quoteAll(columns), parameters(len(columns)))}},
	}
}

// reach is the control: the same role, properly inside, sees its own rows. A sweep that could see nothing at
// all would prove nothing.
func (p *proof) reach(ctx context.Context, s *session, t table) {
	if !t.tenant() || len(t.granted(s.role, "SELECT")) == 0 {
		return
	}
	for _, w := range []world{p.a, p.b} {
		o := s.within(ctx, p.inside(w), func(tx *transaction) outcome {
			return tx.run(statement{sql: "SELECT 1 FROM " + t.quoted() + " WHERE " + t.of(w)})
		})
		a := Attack{Target: t.String(), Name: "control: from inside, its own rows are seen", As: s.role, Context: "in " + w.name, Result: o.result(), Verdict: Held}
		switch {
		case o.fault != nil:
			a.Verdict, a.Detail = Untried, o.fault.Error()
		case o.err != nil || len(o.rows) == 0:
			a.Verdict, a.Detail = Broken, "The sweep of this table could see nothing, so it says nothing. "+o.String()
		}
		p.note(ctx, a)
	}
}

// look reads what shows rows like a table, in every context.
func (p *proof) look(ctx context.Context, s *session, t table) {
	for _, c := range p.contexts(s.role) {
		if !c.bare {
			p.try(ctx, s, t, c, verb{name: "SELECT *", statement: statement{sql: "SELECT * FROM " + t.quoted()}, everyone: true})
		}
	}
}

// stayOut reads tables that are another role's alone.
func (p *proof) stayOut(ctx context.Context, s *session, t table) {
	for _, c := range []scope{outside(), p.inside(p.a)} {
		p.try(ctx, s, t, c, verb{name: "SELECT *", statement: statement{sql: "SELECT 1 FROM " + t.quoted() + " UNION ALL SELECT 1"}})
	}
}

func (p *proof) addressOf(role string) string {
	return map[string]string{appRole: p.Config.App, workerRole: p.Config.Worker, authRole: p.Config.Auth}[role]
}

func parameters(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(list, ", ")
}

// copyLine is a row in the text format of COPY.
func copyLine(row []value) string {
	fields := make([]string, len(row))
	for i, v := range row {
		fields[i] = `\N`
		if v != nil {
			fields[i] = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`).Replace(*v)
		}
	}
	return strings.Join(fields, "\t") + "\n"
}
