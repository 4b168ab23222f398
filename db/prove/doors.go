package prove

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// doorCase is one call of a function with strangers' arguments: a person of canary A, and something of the
// other world, which is canary B or nowhere.
type doorCase struct {
	name string
	sql  string
	args func(a, other world) []value
	// tells: the answer differs from that for nothing, on purpose; the reason. It still must show nothing.
	tells string
	// first puts something into canary A that the call needs; such a case is tried from inside canary A.
	first func(a, other world) []statement
}

// doorCases has an entry for every function that sees more than one organization: those of schema door, and
// whatever else runs with its owner's rights.
var doorCases = map[string][]doorCase{
	"door.enter": {
		{name: "a stranger, by slug", sql: `SELECT * FROM door.enter($1::uuid, $2, NULL)`,
			args: func(a, other world) []value { return append(ids(a.owner()), text(other.slug)) }},
		{name: "a stranger, by id", sql: `SELECT * FROM door.enter($1::uuid, '', $2::uuid)`,
			args: func(a, other world) []value { return ids(a.owner(), other.org) }},
		{name: "a stranger, by B's id and A's slug", sql: `SELECT * FROM door.enter($1::uuid, $2, $3::uuid)`,
			args: func(a, other world) []value {
				return []value{text(a.owner().String()), text(a.slug), text(other.org.String())}
			}},
		{name: "nobody", sql: `SELECT * FROM door.enter(NULL, $1, $2::uuid)`,
			args: func(a, other world) []value { return []value{text(other.slug), text(other.org.String())} }},
		{name: "an invited person who is no member", sql: `SELECT * FROM door.enter($1::uuid, $2, NULL)`,
			args: func(_, other world) []value { return append(ids(other.invitee()), text(other.slug)) }},
	},
	"door.my_organizations": {
		{name: "a stranger who looks for B", sql: `SELECT * FROM door.my_organizations($1::uuid, $2, 50)`,
			args: func(a, other world) []value { return append(ids(a.owner()), text(other.mark())) }},
		{name: "a stranger", sql: `SELECT * FROM door.my_organizations($1::uuid, $2, 50)`,
			args: func(a, _ world) []value { return append(ids(a.owner()), text("")) }},
		{name: "nobody", sql: `SELECT * FROM door.my_organizations(NULL, $1, 50)`,
			args: func(_, other world) []value { return []value{text(other.mark())} }},
	},
	"door.my_invitations": {
		{name: "a stranger", sql: `SELECT * FROM door.my_invitations($1::uuid)`, args: func(a, _ world) []value { return ids(a.invitee()) }},
		{name: "nobody", sql: `SELECT * FROM door.my_invitations(NULL)`, args: func(world, world) []value { return nil }},
	},
	"door.invitation": {
		{name: "B's organization with a token of A", sql: atInvitation, args: func(a, other world) []value {
			return []value{text(other.org.String()), text(a.token("mailed")), nil, text(a.owner().String())}
		}},
		{name: "A's organization with a token of B", sql: atInvitation, args: func(a, other world) []value {
			return []value{text(a.org.String()), text(other.token("mailed")), nil, text(a.owner().String())}
		}},
		{name: "no organization, with a token of B", sql: atInvitation, args: func(a, other world) []value {
			return []value{nil, text(other.token("mailed")), nil, text(a.owner().String())}
		}},
		{name: "B's invitation without a token", sql: atInvitation, args: func(a, other world) []value {
			return []value{text(other.org.String()), nil, text(other.open().String()), text(a.invitee().String())}
		}},
		{name: "B's invitation with a wrong token", sql: atInvitation, args: func(a, other world) []value {
			return []value{text(other.org.String()), text(other.token("wrong")), text(other.open().String()), text(a.invitee().String())}
		}},
		{name: "B's invitation with A's organization and token", sql: atInvitation, args: func(a, other world) []value {
			return []value{text(a.org.String()), text(a.token("wrong")), text(other.open().String()), text(a.invitee().String())}
		}},
		{name: "a token of an invitation that A made with the id of B's", sql: atInvitation, first: sameInvitation, args: func(a, _ world) []value {
			return []value{text(a.org.String()), text(a.token("fresh")), nil, text(a.owner().String())}
		}},
		{name: "B's invitation, nobody", sql: atInvitation, args: func(_, other world) []value {
			return []value{text(other.org.String()), nil, text(other.open().String()), nil}
		}},
	},
	"door.search_members": {
		{name: "B's people by name, from A", sql: search, args: func(_, other world) []value { return []value{array("%" + other.mark() + "%"), text("")} }},
		{name: "B's invitations by address, from A", sql: search, args: func(_, other world) []value { return []value{text("{}"), text("pending")} }},
		{name: "those whom B's owner invited, from A", args: func(_, other world) []value { return ids(other.membership(other.owner())) },
			sql: `SELECT * FROM door.search_members('{}', '{}', '', '', $1, '-infinity', 'infinity', true, 'active', true, '', 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 100)`},
		{name: "all, with a pattern that ends the query", sql: search, args: func(_, other world) []value {
			return []value{array("%' OR m.org_id = '" + other.org.String() + "' OR '%'='"), text("")}
		}},
	},
	"door.find_invitations": {
		{name: "B's invitations by address, from A", sql: findInvitations, args: func(_, other world) []value { return []value{array("%" + other.mark() + "%"), nil} }},
		{name: "B's invitations by address, sent by B's owner, from A", sql: findInvitations, args: func(_, other world) []value {
			return []value{array("%" + other.mark() + "%"), text(other.owner().String())}
		}},
		{name: "a pattern that ends the query", sql: findInvitations, args: func(_, other world) []value {
			return []value{array("%' OR i.org_id = '" + other.org.String() + "' OR '%'='"), nil}
		}},
	},
	"door.next_to_fold": {
		{name: "after the last one", sql: `SELECT door.next_to_fold(1, 'ffffffff-ffff-ffff-ffff-ffffffffffff')`,
			tells: "the worker is told which organizations are not folded yet, of which there are always some here; it passes their ids and no more", args: func(world, world) []value { return nil }},
	},
	"door.create_organization": {
		{name: "B's id for a new one", sql: create, tells: "ids of organizations are the installation's, random and never chosen by people", args: func(a, other world) []value {
			return append(ids(other.org, a.owner(), a.fresh(0), a.fresh(1)), text("roster-canary-new"))
		}},
		{name: "B's slug for a new one", sql: create, tells: "slugs are public", args: func(a, other world) []value {
			return append(ids(a.fresh(2), a.owner(), a.fresh(0), a.fresh(1)), text(other.slug))
		}},
		{name: "B's slug with a form that B's owner sent", sql: create, tells: "slugs are public", args: func(a, other world) []value {
			return append(ids(a.fresh(2), a.owner(), a.fresh(0), other.submission()), text(other.slug))
		}},
	},
	"door.free_slugs": {
		{name: "B's slug", sql: `SELECT * FROM door.free_slugs(ARRAY[$1])`, tells: "slugs are public", args: func(_, other world) []value { return []value{text(other.slug)} }},
	},
	"door.forget_imports": {
		{name: "files of today", sql: `SELECT door.forget_imports(50)`, tells: "files older than a day are forgotten for all organizations at once", args: func(world, world) []value { return nil }},
	},
	"door.forget_submissions": {
		{name: "forms of today", sql: `SELECT door.forget_submissions(50)`, tells: "forms older than a day are forgotten for all organizations at once", args: func(world, world) []value { return nil }},
	},
	"door.forget_jobs": {
		{name: "jobs of today", sql: `SELECT door.forget_jobs(50)`, tells: "jobs older than thirty days are forgotten for all organizations at once", args: func(world, world) []value { return nil }},
	},
	"door.erase_files": {
		{name: "files of today", sql: `SELECT door.erase_files(50)`, tells: "files older than a day are erased for all organizations at once", args: func(world, world) []value { return nil }},
	},
	"door.present_in": {
		{name: "a stranger", sql: `SELECT * FROM door.present_in(ARRAY[$1::uuid])`, args: func(a, _ world) []value { return ids(a.owner()) }},
		{name: "who was a member of B, and who is invited", sql: `SELECT * FROM door.present_in(ARRAY[$1::uuid, $2::uuid])`,
			args: func(_, other world) []value { return ids(other.former(), other.invitee()) }},
		{name: "nobody", sql: `SELECT * FROM door.present_in(ARRAY[NULL]::uuid[])`, args: func(world, world) []value { return nil }},
	},
	"door.letter_off": {
		{name: "B's owner", sql: `SELECT door.letter_off($1, 'invitation_accepted')`, tells: "the worker, which writes to the address, is told what its holder turned off",
			args: func(_, other world) []value { return []value{text(other.email("owner"))} }},
	},
	"door.organizations_due": {
		{name: "all", sql: `SELECT * FROM door.organizations_due(50)`, tells: "the worker sees the letters of all organizations; nothing of a canary is due", args: func(world, world) []value { return nil }},
	},
	"door.join_link": {
		{name: "B's organization with a token of A", sql: atLink, args: func(a, other world) []value {
			return []value{text(other.org.String()), text(a.token("shared")), text(a.owner().String())}
		}},
		{name: "A's organization with a token of B", sql: atLink, args: func(a, other world) []value {
			return []value{text(a.org.String()), text(other.token("shared")), text(a.owner().String())}
		}},
		{name: "no organization, with a token of B", sql: atLink, args: func(a, other world) []value {
			return []value{nil, text(other.token("shared")), text(a.owner().String())}
		}},
		{name: "B's organization with a wrong token", sql: atLink, args: func(_, other world) []value {
			return []value{text(other.org.String()), text(other.token("wrong")), nil}
		}},
		{name: "B's organization with the token of an invitation", sql: atLink, args: func(_, other world) []value {
			return []value{text(other.org.String()), text(other.token("mailed")), nil}
		}},
		{name: "B's organization without a token", sql: atLink, args: func(a, other world) []value {
			return []value{text(other.org.String()), nil, text(a.invitee().String())}
		}},
	},
	"door.waiting_requests": {
		{name: "a stranger", sql: `SELECT door.waiting_requests($1::uuid, $2::uuid)`, args: func(a, other world) []value { return ids(other.org, a.owner()) }},
		{name: "nobody", sql: `SELECT door.waiting_requests($1::uuid, NULL)`, args: func(_, other world) []value { return ids(other.org) }},
		{name: "an invited person who is no member", sql: `SELECT door.waiting_requests($1::uuid, $2::uuid)`, args: func(_, other world) []value { return ids(other.org, other.invitee()) }},
		{name: "somebody who has left", sql: `SELECT door.waiting_requests($1::uuid, $2::uuid)`, args: func(_, other world) []value { return ids(other.org, other.former()) }},
	},
	"door.signed_org": {
		{name: "from A", sql: `SELECT door.signed_org() = $1::uuid`, args: func(_, other world) []value { return ids(other.org) }},
	},
}

const (
	atLink       = `SELECT * FROM door.join_link($1::uuid, $2::bytea, $3::uuid)`
	atInvitation = `SELECT * FROM door.invitation($1::uuid, $2::bytea, $3::uuid, $4::uuid)`
	search       = `SELECT * FROM door.search_members($1::text[], '{}', '', $2, '00000000-0000-0000-0000-000000000000', '-infinity', 'infinity', true, 'name', false, '', '-infinity', '00000000-0000-0000-0000-000000000000', 100)`
	// Everybody's in the order of addresses, from the first on.
	findInvitations = `SELECT door.find_invitations($1::text[], 'all', false, $2::uuid, false, '', '00000000-0000-0000-0000-000000000000', 100)`
	create          = `SELECT door.create_organization($1::uuid, $2::uuid, $3::uuid, 'New', $5, $4::uuid)`
)

// sameInvitation makes an invitation of canary A with the id of the other's, and a token of it.
func sameInvitation(a, other world) []statement {
	return []statement{
		{sql: uniqueCases["invitations_pkey"].sql, args: uniqueCases["invitations_pkey"].args(a, other)},
		{sql: `INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind) VALUES ($1, $3::text::bytea, $2, 'mailed')`,
			args: append(ids(a.org, other.open()), text(a.token("fresh")))},
	}
}

// doorControls show that each function serves those whom it is for, in canary B: or its cases say nothing.
var doorControls = map[string]doorCase{
	"door.enter":            {sql: `SELECT * FROM door.enter($1::uuid, $2, NULL)`, args: func(_, b world) []value { return append(ids(b.member()), text(b.slug)) }},
	"door.my_organizations": {sql: `SELECT * FROM door.my_organizations($1::uuid, '', 50)`, args: func(_, b world) []value { return ids(b.member()) }},
	"door.my_invitations":   {sql: `SELECT * FROM door.my_invitations($1::uuid)`, args: func(_, b world) []value { return ids(b.invitee()) }},
	"door.invitation":       {sql: atInvitation, args: func(_, b world) []value { return []value{text(b.org.String()), text(b.token("mailed")), nil, nil} }},
	"door.present_in":       {sql: `SELECT * FROM door.present_in(ARRAY[$1::uuid])`, args: func(_, b world) []value { return ids(b.member()) }},
	"door.join_link":        {sql: atLink, args: func(_, b world) []value { return []value{text(b.org.String()), text(b.token("shared")), nil} }},
	"door.waiting_requests": {sql: `SELECT door.waiting_requests($1::uuid, $2::uuid), $1`, args: func(_, b world) []value { return ids(b.org, b.owner()) }},
	"door.search_members":   {sql: search, args: func(_, b world) []value { return []value{text("{% member%}"), text("")} }},
	"door.find_invitations": {sql: findInvitations, args: func(_, b world) []value { return []value{array("%" + b.mark() + "%"), nil} }},
	"door.create_organization": {sql: create, args: func(_, b world) []value {
		return append(ids(b.fresh(0), b.owner(), b.fresh(1), b.fresh(2)), text("roster-canary-new"))
	}},
	"door.free_slugs": {sql: `SELECT * FROM door.free_slugs(ARRAY[$1])`, args: func(_, b world) []value { return []value{text("new-" + b.slug)} }},
}

// function is one that the catalogue has.
type function struct {
	Name     string
	Call     string // with NULL for every argument
	Granted  bool   // to a role that connects
	Triggers bool
}

// doorFamily calls every function that sees more than one organization as a stranger would.
func doorFamily(ctx context.Context, p *proof) error {
	rows, err := p.owner.Query(ctx, p.Config.Roles.In(`
		SELECT n.nspname || '.' || f.proname AS name,
		       format('%I.%I(%s)', n.nspname, f.proname, (SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY i) FROM unnest(f.proargtypes::oid[]) WITH ORDINALITY a(t, i))) AS call,
		       has_function_privilege('roster_app', f.oid, 'EXECUTE') OR has_function_privilege('roster_worker', f.oid, 'EXECUTE') AS granted,
		       f.prorettype = 'trigger'::regtype AS triggers
		  FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
		 WHERE (f.prosecdef OR n.nspname = 'door') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND f.prokind = 'f' ORDER BY 1`))
	if err != nil {
		return err
	}
	functions, err := pgx.CollectRows(rows, pgx.RowToStructByName[function])
	if err != nil {
		return fmt.Errorf("read the functions: %w", err)
	}
	for _, f := range functions {
		if p.wants(f.Name) {
			p.call(ctx, f)
		}
	}
	return nil
}

func (p *proof) call(ctx context.Context, f function) {
	cases := doorCases[f.Name]
	switch {
	case !f.Granted || f.Triggers:
		for _, s := range []*session{p.app, p.worker} {
			o := s.within(ctx, p.inside(p.a), func(t *transaction) outcome { return t.run(statement{sql: "SELECT " + f.Call}) })
			a := Attack{Target: f.Name, Name: "call what is not granted", As: s.role, Context: "in canary A", Result: o.result(), Verdict: Broken, Detail: o.String()}
			if o.err != nil && slices.Contains([]string{noRight, unsupported}, o.err.Code) { // unsupported: a trigger's function, called
				a.Verdict, a.Detail = Held, ""
			}
			p.note(ctx, a)
		}
	case len(cases) == 0:
		p.note(ctx, Attack{Target: f.Name, Name: "a case for this function", Result: "none", Verdict: Untried, Detail: "Add one to doorCases."})
	default:
		for _, c := range cases {
			scopes := []scope{p.inside(p.a)}
			if c.first == nil {
				p.callAs(ctx, p.worker, f.Name, c, p.inside(p.a))
				scopes = append(append(scopes, outside()), p.forgeries(p.b.org, p.a.org)...)
			}
			for _, in := range scopes {
				p.callAs(ctx, p.app, f.Name, c, in)
			}
		}
		p.controlDoor(ctx, f.Name)
	}
}

func (c doorCase) statement(a, other world) statement {
	st := statement{sql: c.sql, args: c.args(a, other)}
	if c.first != nil {
		st.first = c.first(a, other)
	}
	return st
}

// callAs runs one case, and looks that the caller is not in canary B afterwards.
func (p *proof) callAs(ctx context.Context, s *session, target string, c doorCase, in scope) {
	a := Attack{Target: target, Name: c.name, As: s.role, Context: in.name}
	st, counterpart := c.statement(p.a, p.b), c.statement(p.a, p.none)
	if c.tells != "" {
		counterpart = st // it must still show and change nothing
	}
	p.compare(ctx, s, in, st, counterpart, &a)
	p.note(ctx, a)
}

func (p *proof) controlDoor(ctx context.Context, name string) {
	c, ok := doorControls[name]
	if !ok {
		return // signed_org is what every signed context goes through
	}
	o := p.app.within(ctx, p.inside(p.b), func(t *transaction) outcome {
		return t.run(statement{sql: c.sql, args: c.args(p.a, p.b)})
	})
	a := Attack{Target: name, Name: "control: it serves those whom it is for", As: appRole, Context: "in canary B", Result: o.result(), Verdict: Held}
	switch {
	case o.fault != nil:
		a.Verdict, a.Detail = Untried, o.fault.Error()
	case !p.b.marks(o.String()):
		a.Verdict, a.Detail = Broken, "It answers nobody, so the other cases say nothing. "+o.String()
	}
	p.note(ctx, a)
}

// queryCases are the hand-written arguments of the generated queries that call a door: what a stranger of
// canary A passes, with something of the other world. Keys are the query's parameters.
var queryCases = map[string][]map[string]func(a, other world) value{
	"Enter": {
		{"user_id": ofA(world.owner), "slug": slugOf, "org": null},
		{"user_id": ofA(world.owner), "slug": constantly(""), "org": organizationOf},
		{"user_id": ofA(world.member), "slug": slugOf, "org": organizationOf},
	},
	"MyOrganizations": {{"user_id": ofA(world.owner), "query": markOf, "how_many": constantly("50")}},
	"GetFrame":        {{"user_id": ofA(world.invitee)}},
	"ListPresence":    {{"user_ids": func(a, _ world) value { return array(a.owner().String()) }}, {"user_ids": func(_, other world) value { return array(other.former().String()) }}},
	"GetInvitationAtDoor": {
		{"org": organizationOf, "digest": func(a, _ world) value { return text(a.token("mailed")) }, "invitation_id": null, "submission": submissionOf, "viewer": ofA(world.owner)},
		{"org": ofA(func(w world) fmt.Stringer { return w.org }), "digest": func(_, other world) value { return text(other.token("mailed")) }, "invitation_id": null, "submission": submissionOf, "viewer": ofA(world.owner)},
		{"org": null, "digest": null, "invitation_id": invitationOf, "submission": submissionOf, "viewer": ofA(world.invitee)},
		{"org": organizationOf, "digest": null, "invitation_id": invitationOf, "submission": submissionOf, "viewer": null},
	},
	"AcceptInvitation": {
		{"user_id": ofA(world.owner), "org_id": organizationOf, "digest": func(_, other world) value { return text(other.token("mailed")) }, "invitation_id": null,
			"email_norm": constantly(""), "confirm": constantly("true"), "weighty": constantly("{owner,admin}")},
		{"user_id": ofA(world.invitee), "org_id": organizationOf, "digest": null, "invitation_id": invitationOf, "email_norm": func(_, other world) value { return text(other.email("invitee")) },
			"confirm": constantly("false"), "weighty": constantly("{}")},
	},
	"GetJoinLinkAtDoor": {
		{"org": organizationOf, "digest": func(a, _ world) value { return text(a.token("shared")) }, "submission": submissionOf, "viewer": ofA(world.owner)},
		{"org": ofA(func(w world) fmt.Stringer { return w.org }), "digest": func(_, other world) value { return text(other.token("shared")) }, "submission": submissionOf, "viewer": ofA(world.invitee)},
		{"org": organizationOf, "digest": null, "submission": submissionOf, "viewer": null},
	},
}

// publicQueries call a door that tells what is public anyway; family doors tries the function itself.
var publicQueries = map[string]string{
	"OrganizationsDue":   "it passes nothing of anybody; the function is tried by family doors",
	"NextToFold":         "only the worker may ask; the function is tried by family doors",
	"LetterOff":          "only the worker may ask; the function is tried by family doors",
	"FreeSlugs":          "slugs are public; the function is tried by family doors",
	"ForgetSubmissions":  "it passes nothing of anybody; the function is tried by family doors",
	"EraseFiles":         "it passes nothing of anybody; the function is tried by family doors",
	"ForgetImports":      "it passes nothing of anybody; the function is tried by family doors",
	"ForgetJobs":         "it passes nothing of anybody; the function is tried by family doors",
	"CreateOrganization": "slugs are public; the function is tried by family doors",
}

func null(world, world) value                    { return nil }
func slugOf(_, other world) value                { return text(other.slug) }
func markOf(_, other world) value                { return text(other.mark()) }
func organizationOf(_, other world) value        { return text(other.org.String()) }
func invitationOf(_, other world) value          { return text(other.open().String()) }
func submissionOf(_, other world) value          { return text(other.submission().String()) }
func constantly(s string) func(_, _ world) value { return func(_, _ world) value { return text(s) } }
func ofA[T fmt.Stringer](get func(world) T) func(a, _ world) value {
	return func(a, _ world) value { return text(get(a).String()) }
}

// knock tries a generated query that calls a door, with its hand-written arguments.
func (p *proof) knock(ctx context.Context, q query) {
	cases := queryCases[q.name]
	switch reason, public := publicQueries[q.name]; {
	case public:
		p.exception(q.String(), reason)
		return
	case len(cases) == 0:
		p.note(ctx, Attack{Target: q.String(), Name: "a case for this query", Result: "none", Verdict: Untried, Detail: "It calls a door: add one to queryCases."})
		return
	}
	for i, c := range cases {
		for _, in := range []scope{outside(), p.inside(p.a)} {
			a := Attack{Target: q.String(), Name: fmt.Sprintf("a stranger's arguments, %d", i+1), As: appRole, Context: in.name}
			foreign, missing := knockWith(q, c, p.a, p.b)
			nothing, _ := knockWith(q, c, p.a, p.none)
			st, err := p.app.prepare(ctx, q, foreign)
			switch {
			case len(missing) > 0:
				a.Result, a.Verdict, a.Detail = "no case", Untried, "no value for "+strings.Join(missing, ", ")
			case err != nil:
				a.Result, a.Verdict, a.Detail = "no case", Untried, err.Error()
			default:
				p.compare(ctx, p.app, in, st, statement{sql: st.sql, args: nothing, types: st.types}, &a)
			}
			p.note(ctx, a)
		}
	}
}

func knockWith(q query, c map[string]func(a, other world) value, a, other world) (args []value, missing []string) {
	for _, name := range q.params {
		if make, ok := c[name]; ok {
			args = append(args, make(a, other))
		} else {
			missing = append(missing, name)
		}
	}
	return args, missing
}
