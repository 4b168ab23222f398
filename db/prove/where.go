package prove

import (
	"context"
	"fmt"
	"strings"
)

// whereFamily runs every generated query again without one of its WHERE clauses, as if somebody had
// forgotten it: row security is the second line, and must hold alone.
func whereFamily(ctx context.Context, p *proof) error {
	queries, err := generated()
	if err != nil {
		return err
	}
	for _, q := range queries {
		if q.pkg == "rosterdb" && p.wants(q.String()) {
			p.dropWheres(ctx, q)
		}
	}
	return nil
}

// dropWheres tries a query without each of its clauses in turn, with canary A's values and with canary B's.
func (p *proof) dropWheres(ctx context.Context, q query) {
	if q.door() {
		return // it has no table of its own: family queries calls it, and doors the function
	}
	clauses, err := wheres(q.sql)
	if err != nil {
		p.note(ctx, Attack{Target: q.String(), Name: "find the WHERE clauses", Result: "not understood", Verdict: Untried, Detail: err.Error()})
		return
	}
	for i, c := range clauses {
		for _, s := range []*session{p.app, p.worker} {
			for _, w := range []world{p.a, p.b} {
				p.dropWhere(ctx, s, q, c, w, fmt.Sprintf("without WHERE %d of %d, values of %s", i+1, len(clauses), w.name))
			}
		}
	}
}

func (p *proof) dropWhere(ctx context.Context, s *session, q query, c clause, w world, name string) {
	a := Attack{Target: q.String(), Name: name, As: s.role, Context: "in canary A"}
	args, err := q.arguments(w, w)
	var st statement
	if err == nil {
		st, err = s.prepare(ctx, q, args) // the types of the parameters, also of those that are gone
	}
	if err != nil {
		a.Result, a.Verdict, a.Detail = "no case", Untried, err.Error()
		p.note(ctx, a)
		return
	}
	st.sql = c.dropped(q.sql)
	var stirred outcome
	changed := false
	o := s.within(ctx, p.inside(p.a), func(t *transaction) outcome {
		o := t.aside(func() outcome {
			o := t.run(st)
			var err error
			if !o.failed() {
				changed, err = p.changed(t)
			}
			if err != nil {
				o.fault = err
			}
			return o
		})
		stirred = o
		if s.role == appRole && !o.failed() {
			stirred = p.stir(t, st)
		}
		return o
	})
	a.Result, a.Verdict, a.Detail = o.result(), Held, ""
	switch {
	case o.fault != nil:
		a.Verdict, a.Detail = Untried, o.fault.Error()
	case o.err != nil && refuses(o.err.Code):
		a.Detail = "refused: " + o.err.Message
	case o.err != nil:
		a.Verdict, a.Detail = Untried, o.err.Message+"\n"+st.sql
	case o.leak(p.b, st.args) != "":
		a.Verdict, a.Detail = Broken, "it shows "+o.leak(p.b, st.args)+"\n"+st.sql
	case changed:
		a.Verdict, a.Detail = Broken, "canary B is changed by\n"+st.sql
	case stirred.fault != nil:
		a.Verdict, a.Detail = Untried, stirred.fault.Error()
	case stirred.String() != o.String():
		a.Verdict, a.Detail = Broken, fmt.Sprintf("canary A is answered otherwise after something has happened in canary B\nbefore: %safter:  %s%s", o, stirred, st.sql)
	}
	p.note(ctx, a)
}

// stir lets things happen in canary B, properly inside it, and runs the statement in canary A again: it must
// find and do the same as before. That shows also what has no mark, like a number of rows.
func (p *proof) stir(t *transaction, st statement) outcome {
	if o := t.enter(p.inside(p.b)); o.failed() {
		return outcome{fault: o.error()}
	}
	for _, one := range happenings(p.b) {
		if o := t.run(one); o.failed() {
			return outcome{fault: fmt.Errorf("let something happen in canary B: %w", o.error())}
		}
	}
	if o := t.enter(p.inside(p.a)); o.failed() {
		return outcome{fault: o.error()}
	}
	return t.run(st)
}

// happenings add a row to every table of an organization that pages may add to, and change another.
func happenings(w world) []statement {
	return []statement{
		{sql: `UPDATE roster.organizations SET members_may_invite = true, invitation_days = 30, name = name || '!' WHERE id = $1`, args: ids(w.org)},
		{sql: `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES ($1, $2, $3, 'invitation')`, args: ids(w.org, w.invitee(), w.fresh(0))},
		{sql: `INSERT INTO roster.membership_roles (org_id, user_id, role) VALUES ($1, $2, 'owner')`, args: ids(w.org, w.invitee())},
		{sql: `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, life, expires_at, delivery)
			VALUES ($1, $2, $4, $4, '{member}', $3, '7 days', '2999-01-01', 'failed')`, args: append(ids(w.org, w.fresh(1), w.owner()), text(w.email("fresh")))},
		{sql: `INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind) VALUES ($1, $3::text::bytea, $2, 'mailed')`,
			args: append(ids(w.org, w.open()), text(w.token("fresh")))},
		{sql: `INSERT INTO roster.invitation_blocks (org_id, email_norm) VALUES ($1, $2)`, args: append(ids(w.org), text(w.email("fresh")))},
		{sql: `INSERT INTO roster.submissions (org_id, user_id, id) VALUES ($1, $2, $3)`, args: ids(w.org, w.owner(), w.fresh(2))},
		{sql: `INSERT INTO roster.audit_events (org_id, id, event, actor_name, subject_kind, subject_id, subject_name) VALUES ($1, $2, 'happened', 'x', 'membership', $3, 'x')`,
			args: ids(w.org, w.fresh(3), w.membership(w.member()))},
	}
}

// refuses tells whether an SQLSTATE is the database's own no to a statement that wants too much: more than
// one row where one is due, a broken constraint, no right, the last owner.
func refuses(state string) bool {
	return state == "21000" || strings.HasPrefix(state, "23") || state == noRight || state == "RO001"
}
