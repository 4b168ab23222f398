package prove

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A key is an oracle if it tells canary A what exists in canary B: a unique index by refusing a value that B
// has, a foreign key by accepting a row of B or refusing it in other words than one that does not exist.

// uniqueCase writes a row of canary A with canary B's value in a unique index. $1 is canary A's organization;
// sql ends where ON CONFLICT can follow.
type uniqueCase struct {
	before, sql string // before prepares what the row needs in canary A
	args        func(a, b world) []value
	// instead says why no such row can be written; reviewed.
	instead string
}

// uniqueCases has a line for every unique index of schema roster.
var uniqueCases = map[string]uniqueCase{
	"organizations_pkey":      {instead: "ids of organizations are the installation's, random and never chosen by people"},
	"organization_slugs_pkey": {instead: "slugs are public: a visit tells as much"},
	"organization_slugs_org":  {instead: "no role that connects may write slugs; see organization_slugs_pkey"},
	"users_pkey":              {instead: "people are global, and are written by roster_auth alone"},
	"users_email_key":         {instead: "people are global, and are written by roster_auth alone"},
	"memberships_pkey": {sql: `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES ($1, $2, $3, 'invitation')`,
		args: func(a, b world) []value { return ids(a.org, b.member(), a.fresh(0)) }},
	"memberships_id_key": {sql: `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES ($1, $2, $3, 'invitation')`,
		args: func(a, b world) []value { return ids(a.org, a.invitee(), b.membership(b.member())) }},
	"membership_roles_pkey": {before: `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES ($1, $2, gen_random_uuid(), 'invitation')`,
		sql:  `INSERT INTO roster.membership_roles (org_id, user_id, role) VALUES ($1, $2, 'member')`,
		args: func(a, b world) []value { return ids(a.org, b.member()) }},
	"invitations_pkey": {sql: `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, life, expires_at)
		VALUES ($1, $2, $4, $4, '{member}', $3, '7 days', '2999-01-01')`,
		args: func(a, b world) []value { return append(ids(a.org, b.open(), a.owner()), text(a.email("fresh"))) }},
	"invitations_one_open": {sql: `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, life, expires_at)
		VALUES ($1, $2, $4, $4, '{member}', $3, '7 days', '2999-01-01')`,
		args: func(a, b world) []value { return append(ids(a.org, a.fresh(0), a.owner()), text(b.email("invitee"))) }},
	"invitation_tokens_pkey": {sql: `INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind) VALUES ($1, $3::text::bytea, $2, 'mailed')`,
		args: func(a, b world) []value { return append(ids(a.org, a.open()), text(b.token("mailed"))) }},
	"invitation_blocks_pkey": {sql: `INSERT INTO roster.invitation_blocks (org_id, email_norm) VALUES ($1, $2)`,
		args: func(a, b world) []value { return append(ids(a.org), text(b.email("blocked"))) }},
	"submissions_pkey": {sql: `INSERT INTO roster.submissions (org_id, user_id, id) VALUES ($1, $2, $3)`,
		args: func(a, b world) []value { return ids(a.org, b.owner(), b.submission()) }},
	"audit_events_pkey": {sql: `INSERT INTO roster.audit_events (org_id, id, event, actor_name, subject_kind, subject_id, subject_name) VALUES ($1, $2, 'x', 'x', 'organization', $1, 'x')`,
		args: func(a, b world) []value { return ids(a.org, b.event()) }},
	"audit_events_undone_once": {sql: `INSERT INTO roster.audit_events (org_id, id, event, actor_name, subject_kind, subject_id, subject_name, undoes)
		VALUES ($1, $2, 'x', 'x', 'organization', $1, 'x', $3)`,
		args: func(a, b world) []value { return ids(a.org, a.fresh(0), b.event()) }},
	"jobs_pkey": {sql: `INSERT INTO roster.jobs (org_id, id, kind, started_by) VALUES ($1, $2, 'x.x', $3)`,
		args: func(a, b world) []value { return ids(a.org, b.working(), a.owner()) }},
	"job_files_pkey": {before: `INSERT INTO roster.jobs (org_id, id, kind, started_by) SELECT $1, $2, 'x.x', m.user_id FROM roster.memberships m LIMIT 1`,
		sql:  `INSERT INTO roster.job_files (org_id, job_id, n, data) VALUES ($1, $2, 1, '')`,
		args: func(a, b world) []value { return ids(a.org, b.jobDone()) }},
	"job_items_pkey": {before: `INSERT INTO roster.jobs (org_id, id, kind, started_by) SELECT $1, $2, 'x.x', m.user_id FROM roster.memberships m LIMIT 1`,
		sql:  `INSERT INTO roster.job_items (org_id, job_id, n, subject_id, label) VALUES ($1, $2, 1, $1, 'x')`,
		args: func(a, b world) []value { return ids(a.org, b.working()) }},
	"imports_pkey": {sql: `INSERT INTO roster.imports (org_id, id, made_by, file, life, role) VALUES ($1, $2, $3, 'x', '7 days', 'guest')`,
		args: func(a, b world) []value { return ids(a.org, b.file(), a.owner()) }},
	"import_rows_pkey": {before: `INSERT INTO roster.imports (org_id, id, made_by, file, life, role) SELECT $1, $2, m.user_id, 'x', '7 days', 'guest' FROM roster.memberships m LIMIT 1`,
		sql:  `INSERT INTO roster.import_rows (org_id, import_id, n, email, name, role, message, kind, rank) VALUES ($1, $2, 1, 'x', '', '', '', 'ready', 2)`,
		args: func(a, b world) []value { return ids(a.org, b.file()) }},
	"inviter_counts_pkey": {before: `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES ($1, $2, gen_random_uuid(), 'invitation')`,
		sql:  `INSERT INTO roster.inviter_counts (org_id, user_id, slot, n) VALUES ($1, $2, '1971-02-01 12:00Z', 1)`,
		args: func(a, b world) []value { return ids(a.org, b.owner()) }},
	"join_links_pkey": {sql: `INSERT INTO roster.join_links (org_id, id, role, made_by) VALUES ($1, $2, 'guest', $3)`,
		args: func(a, b world) []value { return ids(a.org, b.link(), a.owner()) }},
	"join_link_tokens_pkey": {sql: `INSERT INTO roster.join_link_tokens (org_id, digest, link_id) VALUES ($1, $3::text::bytea, $2)`,
		args: func(a, b world) []value { return append(ids(a.org, a.link()), text(b.token("shared"))) }},
	"join_requests_pkey": {sql: insertRequest,
		args: func(a, b world) []value {
			return append(ids(a.org, b.request(), a.former()), text("join"), text(a.email("fresh")))
		}},
	"join_requests_one_open": {sql: insertRequest,
		args: func(a, b world) []value {
			return append(ids(a.org, a.fresh(0), b.invitee()), text("join"), text(b.email("invitee")))
		}},
	"join_requests_one_invite": {sql: insertRequest,
		args: func(a, b world) []value {
			return append(ids(a.org, a.fresh(0), a.member()), text("invite"), text(b.email("asked")))
		}},
}

const insertRequest = `INSERT INTO roster.join_requests (org_id, id, user_id, kind, asker, asker_email, email, email_norm, role) VALUES ($1, $2, $3, $4, 'x', $5, $5, $5, 'guest')`

// foreignCase writes a row of canary A that refers to a row of other: canary B's, or one of nowhere.
type foreignCase struct {
	sql   string
	args  func(a, other world) []value
	types []uint32 // nil: as the server finds them
}

// ofOrganization is the case of a key that is nothing but the organization: row security answers before it.
var ofOrganization = foreignCase{}

// foreignCases has a line for every foreign key between tables of organizations.
var foreignCases = map[string]foreignCase{
	"organization_slugs_org_id_fkey": ofOrganization,
	"memberships_org_id_fkey":        ofOrganization,
	"invitations_org_id_fkey":        ofOrganization,
	"invitation_blocks_org_id_fkey":  ofOrganization,
	"submissions_org_id_fkey":        ofOrganization,
	"audit_events_org_id_fkey":       ofOrganization,
	"job_files_job": {sql: `INSERT INTO roster.job_files (org_id, job_id, n, data) VALUES ($1, $2, 9, '')`,
		args: func(a, other world) []value { return ids(a.org, other.jobDone()) }},
	"jobs_org_id_fkey":          ofOrganization,
	"imports_org_id_fkey":       ofOrganization,
	"join_links_org_id_fkey":    ofOrganization,
	"join_requests_org_id_fkey": ofOrganization,
	"join_links_maker": {sql: `INSERT INTO roster.join_links (org_id, id, role, made_by) VALUES ($1, $2, 'guest', $3)`,
		args: func(a, other world) []value { return ids(a.org, a.fresh(0), other.owner()) }},
	"join_link_tokens_link": {sql: `INSERT INTO roster.join_link_tokens (org_id, digest, link_id) VALUES ($1, $3::text::bytea, $2)`,
		args: func(a, other world) []value { return append(ids(a.org, other.link()), text(a.token("fresh"))) }},
	"join_requests_link": {sql: `INSERT INTO roster.join_requests (org_id, id, user_id, kind, asker, asker_email, email, email_norm, role, link_id) VALUES ($1, $2, $3, 'join', 'x', $5, $5, $5, 'guest', $4)`,
		args: func(a, other world) []value {
			return append(ids(a.org, a.fresh(0), a.former(), other.link()), text(a.email("fresh")))
		}},
	"organizations_slug_is_known": {sql: `UPDATE roster.organizations SET slug = $2 WHERE id = $1`,
		args: func(a, other world) []value { return append(ids(a.org), text(other.slug)) }},
	"memberships_inviter": {sql: `INSERT INTO roster.memberships (org_id, user_id, id, invited_by, joined_through) VALUES ($1, $2, $3, $4, 'invitation')`,
		args: func(a, other world) []value { return ids(a.org, a.invitee(), a.fresh(0), other.owner()) }},
	"membership_roles_membership": {sql: `INSERT INTO roster.membership_roles (org_id, user_id, role) VALUES ($1, $2, 'guest')`,
		args: func(a, other world) []value { return ids(a.org, other.member()) }},
	"invitations_inviter": {sql: `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, life, expires_at)
		VALUES ($1, $2, $4, $4, '{member}', $3, '7 days', '2999-01-01')`,
		args: func(a, other world) []value {
			return append(ids(a.org, a.fresh(0), other.owner()), text(a.email("fresh")))
		}},
	"invitation_tokens_invitation": {sql: `INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind) VALUES ($1, $3::text::bytea, $2, 'copied')`,
		args: func(a, other world) []value { return append(ids(a.org, other.open()), text(a.token("fresh"))) }},
	"jobs_starter": {sql: `INSERT INTO roster.jobs (org_id, id, kind, started_by) VALUES ($1, $2, 'x.x', $3)`,
		args: func(a, other world) []value { return ids(a.org, a.fresh(0), other.owner()) }},
	"job_items_job": {sql: `INSERT INTO roster.job_items (org_id, job_id, n, subject_id, label) VALUES ($1, $2, 9, $1, 'x')`,
		args: func(a, other world) []value { return ids(a.org, other.working()) }},
	"imports_maker": {sql: `INSERT INTO roster.imports (org_id, id, made_by, file, life, role) VALUES ($1, $2, $3, 'x', '7 days', 'guest')`,
		args: func(a, other world) []value { return ids(a.org, a.fresh(0), other.owner()) }},
	"import_rows_import": {sql: `INSERT INTO roster.import_rows (org_id, import_id, n, email, name, role, message, kind, rank) VALUES ($1, $2, 9, 'x', '', '', '', 'ready', 2)`,
		args: func(a, other world) []value { return ids(a.org, other.file()) }},
	"inviter_counts_inviter": {sql: `INSERT INTO roster.inviter_counts (org_id, user_id, slot, n) VALUES ($1, $2, '2000-01-01', 1)`,
		args: func(a, other world) []value { return ids(a.org, other.owner()) }},
}

func ids(all ...fmt.Stringer) (values []value) {
	for _, id := range all {
		values = append(values, text(id.String()))
	}
	return values
}

// key is a unique index, or a foreign key, as the catalogue has it.
type key struct{ Table, Name, Column string }

// oracleFamily tries every unique index and every foreign key of the tables of organizations.
func oracleFamily(ctx context.Context, p *proof) error {
	unique, err := p.keys(ctx, `
		SELECT t.relname AS table, i.relname AS name, '' AS column
		  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
		 WHERE t.relnamespace = 'roster'::regnamespace AND x.indisunique ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	for _, k := range unique {
		if p.wants(k.Name) {
			p.tryUnique(ctx, k)
		}
	}
	foreign, err := p.keys(ctx, `
		SELECT t.relname AS table, c.conname AS name, a.attname AS column
		  FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
		 WHERE c.contype = 'f' AND t.relnamespace = 'roster'::regnamespace AND r.relnamespace = 'roster'::regnamespace
		   AND t.relname <> 'users' AND r.relname <> 'users' ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	for _, k := range foreign {
		if p.wants(k.Name) {
			p.tryForeign(ctx, k)
		}
	}
	p.missing(ctx, slices.Sorted(maps.Keys(uniqueCases)), unique)
	p.missing(ctx, slices.Sorted(maps.Keys(foreignCases)), foreign)
	return nil
}

// missing notes the keys that have a case and are not in the database: what they kept apart is not any more.
func (p *proof) missing(ctx context.Context, known []string, there []key) {
	for _, name := range known {
		if p.wants(name) && !slices.ContainsFunc(there, func(k key) bool { return k.Name == name }) {
			p.note(ctx, Attack{Target: name, Name: "this key is there", As: ownerRole, Result: "gone", Verdict: Broken})
		}
	}
}

func (p *proof) keys(ctx context.Context, sql string) ([]key, error) {
	rows, err := p.owner.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[key])
}

// tryUnique writes canary B's value in canary A: it must go in, with and without ON CONFLICT DO NOTHING.
func (p *proof) tryUnique(ctx context.Context, k key) {
	c, ok := uniqueCases[k.Name]
	switch {
	case !ok:
		p.note(ctx, Attack{Target: k.Name, Name: "a case for this unique index", Result: "none", Verdict: Untried, Detail: "Add one to uniqueCases."})
		return
	case c.instead != "":
		p.exception(k.Name, c.instead)
		return
	}
	for _, variant := range []struct{ name, end string }{{"a value that B has goes in", ""}, {"ON CONFLICT DO NOTHING on B's value goes in", " ON CONFLICT DO NOTHING"}} {
		o := p.app.within(ctx, p.inside(p.a), func(t *transaction) outcome {
			args := c.args(p.a, p.b)
			if c.before != "" {
				if o := t.run(statement{sql: c.before, args: args[:strings.Count(c.before, "$")]}); o.failed() {
					return outcome{fault: o.error()}
				}
			}
			return t.run(statement{sql: c.sql + variant.end, args: args})
		})
		a := Attack{Target: k.Name, Name: variant.name, As: appRole, Context: "in canary A", Result: o.result(), Verdict: Held}
		switch {
		case o.fault != nil:
			a.Verdict, a.Detail = Untried, o.fault.Error()
		case o.err != nil && o.err.Code != "23505":
			a.Verdict, a.Detail = Untried, o.String()
		case o.err != nil || o.tag.RowsAffected() != 1:
			a.Verdict, a.Detail = Broken, "canary A learns that canary B has this value. "+o.String()
		}
		p.note(ctx, a)
	}
}

// tryForeign refers to a row of canary B, and to one of nowhere: both must fail, in the same words.
func (p *proof) tryForeign(ctx context.Context, k key) {
	c, ok := foreignCases[k.Name]
	if !ok {
		p.note(ctx, Attack{Target: k.Name, Name: "a case for this foreign key", Result: "none", Verdict: Untried, Detail: "Add one to foreignCases."})
		return
	}
	if c.sql == "" {
		c = p.organizationCase(k)
	}
	refer := func(other world) outcome {
		return p.app.within(ctx, p.inside(p.a), func(t *transaction) outcome {
			if o := t.run(statement{sql: "SET CONSTRAINTS ALL IMMEDIATE"}); o.failed() {
				return outcome{fault: o.error()}
			}
			return t.run(statement{sql: c.sql, args: c.args(p.a, other), types: c.types})
		})
	}
	foreign, unknown := refer(p.b), refer(p.none)
	a := Attack{Target: k.Name, Name: "a reference to B's row fails like one to nothing", As: appRole, Context: "in canary A", Result: foreign.result(), Verdict: Held}
	same := masked(foreign.String(), p.b, p.none) == masked(unknown.String(), p.b, p.none)
	switch {
	case foreign.fault != nil || unknown.fault != nil:
		a.Verdict, a.Detail = Untried, fmt.Sprint(foreign.fault, unknown.fault)
	case foreign.err == nil:
		a.Verdict, a.Detail = Broken, "canary A refers to a row of canary B"
	case !same:
		a.Verdict, a.Detail = Broken, fmt.Sprintf("B:       %snothing: %s", foreign, unknown)
	case foreign.err.Code != "23503" && foreign.err.Code != noRight:
		a.Verdict, a.Detail = Untried, foreign.String()
	}
	p.note(ctx, a)
}

// organizationCase adds a row for another organization: a copy of canary B's own, with its organization.
func (p *proof) organizationCase(k key) foreignCase {
	for _, t := range p.schema.tables {
		if t.String() != "roster."+k.Table {
			continue
		}
		columns := t.granted(appRole, "INSERT")
		if len(columns) == 0 {
			columns = t.all()
		}
		_, types := t.victimOf(columns)
		return foreignCase{
			sql:   fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", t.quoted(), quoteAll(columns), parameters(len(columns))),
			types: types,
			args: func(_, other world) []value {
				row, _ := t.victimOf(columns)
				for i, v := range row {
					if v != nil {
						row[i] = text(strings.NewReplacer(p.b.prefix(), other.prefix(), p.b.mark(), other.mark()).Replace(*v))
					}
				}
				return row
			},
		}
	}
	return foreignCase{}
}
