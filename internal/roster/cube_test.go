package roster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// The concurrency cube: every ordered pair of what people do to memberships and invitations, started on a
// barrier in one organization, by actors who stand in each other's way. Afterwards the database is read past
// row security. It must obey the laws of broken below, its log and its letters must be those of what was
// acknowledged, and all that can be seen must be as if one of the two had come after the other.

// raceRounds is how often each ordered pair of operations is started on a barrier where everything is tried (SECURITY 4.3).
// Otherwise each is a few times, in casts that are drawn.
const (
	raceRounds  = 50
	drawnRounds = 6
	drawnCasts  = 2
)

// cube is an organization that is set back to its beginning before each round. Besides the small world it has a
// second owner, Olga, and an open invitation to Zoe.
type cube struct {
	*rostertest.World
	t      testing.TB
	super  *pgx.Conn // past row security, and past triggers
	olga   account.Person
	actors map[uuid.UUID]roster.Actor // entered at the beginning, as a request does before it changes anything
	ids    map[uuid.UUID]string       // of memberships
	link   string                     // of Zoe's invitation
	invite string                     // its id
	jobs   int64                      // the letter queued last at the beginning
}

// newCube makes the organization and keeps a copy of every table that a round can change.
func newCube(t testing.TB) *cube {
	t.Helper()
	c := &cube{World: rostertest.New(t), t: t, actors: map[uuid.UUID]roster.Actor{}, ids: map[uuid.UUID]string{}}
	c.olga = c.Person(t, "Olga Owner", "olga@acme.example")
	c.Join(t, c.Ann, acme, c.olga, role.Owner)
	c.invite = c.Invite(t, c.Ann, acme, c.Zoe.Email, role.Guest)
	c.link = c.Link(t, c.Ann, acme, c.invite)
	for _, p := range []account.Person{c.Ann, c.olga, c.Ben, c.Cem, c.Vic, c.Gus} {
		c.actors[p.ID], c.ids[p.ID] = c.As(t, p, acme), c.Membership(t, p, acme)
	}
	c.SQL(t, `UPDATE roster.invitations SET sent_at = now() - interval '1 hour'`)
	c.super = c.Database.Superuser(t)
	if _, err := c.super.Exec(t.Context(), `SET session_replication_role = replica; CREATE SCHEMA kept`); err != nil {
		t.Fatal(err)
	}
	back := ""
	for _, table := range []string{"roster.organizations", "roster.memberships", "roster.membership_roles", "roster.invitations",
		"roster.invitation_tokens", "roster.invitation_blocks", "roster.submissions", "roster.audit_events", "river.river_job"} {
		_, name, _ := strings.Cut(table, ".")
		if _, err := c.super.Exec(t.Context(), fmt.Sprintf(`CREATE TABLE kept.%s AS TABLE %s`, name, table)); err != nil {
			t.Fatal(err)
		}
		if name == "audit_events" || name == "river_job" { // only ever added to
			back += fmt.Sprintf("DELETE FROM %s x WHERE NOT EXISTS (SELECT FROM kept.%s k WHERE k.id = x.id);\n", table, name)
		} else {
			back += fmt.Sprintf("DELETE FROM %s x WHERE NOT EXISTS (SELECT FROM kept.%s k WHERE k = x);\n", table, name) // what did not change has many indexes
			back += fmt.Sprintf("INSERT INTO %s SELECT k.* FROM kept.%s k WHERE NOT EXISTS (SELECT FROM %[1]s x WHERE x = k);\n", table, name)
		}
	}
	for _, sql := range []string{`CREATE FUNCTION kept.back() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN ` + back + ` RETURN (SELECT max(id) FROM kept.river_job); END $$`} {
		if _, err := c.super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.super.QueryRow(t.Context(), `SELECT kept.back()`).Scan(&c.jobs); err != nil {
		t.Fatal(err)
	}
	return c
}

// side is who acts and on whom.
type side struct{ actor, target account.Person }

// cast says how the two of a round stand to each other.
type cast struct {
	name      string
	sides     [2]side
	inviter   account.Person // of Zoe's invitation
	invitedAs role.Role
	undoes    string // what an Undo takes back: done by its actor before the round
}

func (c *cube) casts() []cast {
	return []cast{
		{"two owners on an admin, who invited Zoe", [2]side{{c.Ann, c.Ben}, {c.olga, c.Ben}}, c.Ben, role.Member, ""},
		{"two owners on each other, one of whom invited Zoe", [2]side{{c.Ann, c.olga}, {c.olga, c.Ann}}, c.olga, role.Admin, ""},
		{"an owner on an admin, who acts", [2]side{{c.Ann, c.Ben}, {c.Ben, c.Vic}}, c.Ben, role.Member, ""},
		{"an owner on an owner, who acts", [2]side{{c.Ann, c.olga}, {c.olga, c.Cem}}, c.olga, role.Admin, ""},
		{"an owner twice", [2]side{{c.olga, c.Cem}, {c.olga, c.Cem}}, c.Ann, role.Guest, ""},
	}
}

// undoing is every cast with everything that can be undone.
func undoing(casts []cast) (all []cast) {
	for _, what := range []string{roster.RolesChanged, roster.MemberSuspended, roster.MemberRemoved, roster.InvitationRevoked, roster.InvitationRoleChanged} {
		for _, k := range casts {
			k.name, k.undoes = k.name+", undoing "+what, what
			all = append(all, k)
		}
	}
	return all
}

// deed is what became of an operation: what it answered, and the entries and letters that it answers for, each of
// them. Those in mayWrite and mail go along with some of its kind. Of those in either there is one entry at least, and
// one letter, by it or by who did the same before it.
type deed struct {
	answer         string
	err            error
	wrote, mailed  []string
	mayWrite, mail []string
	either         []string
	eitherMail     string
}

// did reads an answer. Of a refusal the words count too.
func did(err error, answer any, d deed) deed {
	if err == nil {
		d.answer = fmt.Sprintf("done %v", answer)
		return d
	}
	d = deed{err: err, answer: err.Error()}
	if f, ok := fault.As(err); ok {
		d.answer = fmt.Sprintf("refused %d %s", f.Kind, f.Error())
	}
	return d
}

// judge tells whether an error becomes a page that asks to come back (busy) or one of our own faults (broken),
// as web/errors.go does it: whatever is neither a fault, nor a session that ended, nor out of time, is answered
// with status 500.
func judge(err error) (busy, broken bool) {
	f, isFault := fault.As(err)
	switch {
	case err == nil:
		return false, false
	case isFault && f.Kind == fault.Unavailable:
		return true, false
	case isFault:
		return false, f.Kind < fault.Invalid || f.Kind > fault.Unavailable
	case errors.Is(err, context.DeadlineExceeded):
		return true, false
	}
	return false, !errors.Is(err, account.ErrEnded)
}

// operation is one of the things that people do.
type operation struct {
	name  string
	start func(c *cube, s side) string // SQL, so that it can be done at all
	do    func(c *cube, s side, undo string) deed
}

// operations are all that exist.
var operations = []operation{
	{"invite", nil, func(c *cube, s side, _ string) deed {
		// Somebody new, whoever is invited already, and whom somebody may be removing.
		addresses := "nia@new.example " + c.Zoe.Email + " " + s.target.Email
		invited, err := c.Roster.Invite(c.t.Context(), c.actors[s.actor.ID], roster.Invite{Addresses: addresses, Role: "member"})
		var kinds []string
		for _, v := range invited.Verdicts {
			kinds = append(kinds, v.Kind)
		}
		return did(err, kinds, deed{wrote: slices.Repeat([]string{roster.InvitationSent}, invited.Sent), mailed: slices.Repeat([]string{"invitation"}, invited.Sent)})
	}},
	{"send again", nil, func(c *cube, s side, _ string) deed {
		sent, err := c.Roster.SendAgain(c.t.Context(), c.actors[s.actor.ID], c.invite)
		return did(err, sent.State, deed{wrote: []string{roster.InvitationSentAgain}, mailed: []string{"invitation"}})
	}},
	{"make link", nil, func(c *cube, s side, _ string) deed {
		made, _, err := c.Roster.MakeLink(c.t.Context(), c.actors[s.actor.ID], c.invite)
		return did(err, made.State, deed{wrote: []string{roster.InvitationLinkMade}})
	}},
	{"change invitation role", nil, func(c *cube, s side, _ string) deed {
		changed, undo, err := c.Roster.ChangeInvitationRole(c.t.Context(), c.actors[s.actor.ID], c.invite, role.Viewer)
		d := deed{wrote: []string{roster.InvitationRoleChanged}}
		if undo == "" {
			d.wrote = nil
		}
		return did(err, fmt.Sprint(changed.Roles, undo != ""), d)
	}},
	{"revoke", nil, func(c *cube, s side, _ string) deed {
		revoked, _, err := c.Roster.Revoke(c.t.Context(), c.actors[s.actor.ID], c.invite)
		return did(err, revoked.State, deed{wrote: []string{roster.InvitationRevoked}})
	}},
	{"accept", nil, func(c *cube, _ side, _ string) deed {
		joined, err := c.Roster.Join(c.t.Context(), c.Zoe, c.link, rostertest.Trace())
		d := deed{wrote: []string{roster.MemberJoined}, mailed: []string{"invitation_accepted"}, mayWrite: []string{roster.InvitationRevoked}}
		if joined.Already {
			d = deed{mayWrite: []string{roster.InvitationClosed}}
		}
		return did(err, fmt.Sprint(joined.Role, joined.Already), d)
	}},
	{"decline", nil, func(c *cube, _ side, _ string) deed {
		_, err := c.Roster.Decline(c.t.Context(), c.Zoe, c.link, false, rostertest.Trace())
		return did(err, "", deed{mayWrite: []string{roster.InvitationDeclined}, mail: []string{"invitation_declined"},
			either: []string{roster.InvitationDeclined, roster.InvitationReported}, eitherMail: "invitation_declined"})
	}},
	{"report", nil, func(c *cube, _ side, _ string) deed {
		_, err := c.Roster.Report(c.t.Context(), c.link, rostertest.Trace())
		// Told once, however often it is said; the inviter is told only if it was still open.
		return did(err, "", deed{mayWrite: []string{roster.InvitationReported}, mail: []string{"invitation_declined"}, either: []string{roster.InvitationReported}})
	}},
	{"demote", nil, changeRole(role.Viewer, role.Guest)},
	{"promote to admin", func(c *cube, s side) string {
		if s.target.ID == c.Ann.ID || s.target.ID == c.olga.ID {
			return "" // for an owner it is a step down
		}
		return startAs(s.target, role.Viewer)
	}, changeRole(role.Admin, role.Member)},
	{"promote to owner", nil, changeRole(role.Owner, role.Owner)},
	{"suspend", nil, func(c *cube, s side, _ string) deed {
		change, err := c.Roster.Suspend(c.t.Context(), c.actors[s.actor.ID], c.ids[s.target.ID])
		return did(err, change.Changed, deed{wrote: ifSo(change.Changed, roster.MemberSuspended)})
	}},
	{"reactivate", func(c *cube, s side) string {
		return fmt.Sprintf(`UPDATE roster.memberships SET status = 'suspended' WHERE user_id = '%s'`, s.target.ID)
	}, func(c *cube, s side, _ string) deed {
		change, err := c.Roster.Reactivate(c.t.Context(), c.actors[s.actor.ID], c.ids[s.target.ID])
		return did(err, change.Changed, deed{wrote: ifSo(change.Changed, roster.MemberReactivated)})
	}},
	{"remove", nil, remove(roster.Removal{})},
	{"remove, with the invitations", nil, remove(roster.Removal{RevokeInvitations: true, Tell: true})},
	{"leave", nil, func(c *cube, s side, _ string) deed {
		err := c.Roster.Leave(c.t.Context(), c.actors[s.actor.ID])
		return did(err, "", deed{wrote: []string{roster.MemberLeft}, mayWrite: []string{roster.InvitationRevoked}})
	}},
	{"undo", nil, func(c *cube, s side, undo string) deed {
		undone, err := c.Roster.Undo(c.t.Context(), c.actors[s.actor.ID], undo)
		return did(err, undone.Text, deed{
			mayWrite: []string{roster.RolesChanged, roster.MemberRestored, roster.MemberSuspended, roster.InvitationReopened, roster.InvitationTakenOver,
				roster.InvitationRevoked, roster.InvitationRoleChanged},
			mail: []string{"news"}})
	}},
}

// changeRole gives the target a role; an admin, whose reach ends below, gives another one.
func changeRole(to, byAdmin role.Role) func(*cube, side, string) deed {
	return func(c *cube, s side, _ string) deed {
		given := to
		if s.actor.ID == c.Ben.ID {
			given = byAdmin
		}
		change, err := c.Roster.ChangeRole(c.t.Context(), c.actors[s.actor.ID], c.ids[s.target.ID], given)
		d := deed{}
		if change.Changed {
			d = deed{wrote: []string{roster.RolesChanged}, mailed: []string{"news"}, mayWrite: []string{roster.InvitationTakenOver, roster.InvitationRevoked}}
		}
		return did(err, fmt.Sprint(change.Before, change.Changed), d)
	}
}

func remove(how roster.Removal) func(*cube, side, string) deed {
	return func(c *cube, s side, _ string) deed {
		change, err := c.Roster.Remove(c.t.Context(), c.actors[s.actor.ID], c.ids[s.target.ID], how)
		d := deed{}
		if change.Changed {
			d = deed{wrote: []string{roster.MemberRemoved}, mayWrite: []string{roster.InvitationRevoked, roster.InvitationTakenOver}, mailed: ifSo(how.Tell, "news")}
		}
		return did(err, fmt.Sprint(change.Before, change.Changed), d)
	}
}

func ifSo(so bool, what string) []string {
	if so {
		return []string{what}
	}
	return nil
}

// startAs gives somebody a role before the round, past triggers.
func startAs(p account.Person, r role.Role) string {
	return fmt.Sprintf(`WITH before AS (DELETE FROM roster.membership_roles WHERE user_id = '%[1]s' AND role <> '%[2]s' RETURNING org_id),
		row AS (UPDATE roster.memberships SET roles = '{%[2]s}' WHERE user_id = '%[1]s')
		INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT org_id, '%[1]s', '%[2]s' FROM before`, p.ID, r)
}

// begin sets the organization back and arranges a round. It answers with the events that an Undo of either
// side takes back, and with where log and letters stand.
func (c *cube) begin(k cast, ops [2]operation) (undo [2]string, mark uuid.UUID, job int64) {
	c.t.Helper()
	var batch pgx.Batch
	batch.Queue(`SELECT kept.back()`)
	batch.Queue(fmt.Sprintf(`UPDATE roster.invitations SET invited_by = '%s', roles = '{%s}' WHERE state = 'open'`, k.inviter.ID, k.invitedAs))
	for i, op := range ops {
		if op.start != nil {
			if sql := op.start(c, k.sides[i]); sql != "" {
				batch.Queue(sql)
			}
		}
	}
	if err := c.super.SendBatch(c.t.Context(), &batch).Close(); err != nil {
		c.t.Fatal(err)
	}
	job = c.jobs
	prepared := false
	for i, op := range ops {
		if op.name != "undo" {
			continue
		}
		if i == 1 && undo[0] != "" && k.sides[0] == k.sides[1] {
			undo[1] = undo[0] // pressed twice
			continue
		}
		undo[i] = c.toUndo(k.undoes, k.sides[i])
		if undo[i] == "" {
			undo[i] = undo[0]
		}
		prepared = true
	}
	if prepared {
		if err := c.super.QueryRow(c.t.Context(), `SELECT coalesce(max(id), 0) FROM river.river_job`).Scan(&job); err != nil {
			c.t.Fatal(err)
		}
	}
	return undo, publicid.New(), job
}

// toUndo does something that can be undone; "" where it is refused.
func (c *cube) toUndo(what string, s side) string {
	ctx, a, id := c.t.Context(), c.actors[s.actor.ID], c.ids[s.target.ID]
	var change roster.Change
	undo := ""
	switch what {
	case roster.RolesChanged:
		change, _ = c.Roster.ChangeRole(ctx, a, id, role.Guest)
	case roster.MemberSuspended:
		change, _ = c.Roster.Suspend(ctx, a, id)
	case roster.MemberRemoved:
		change, _ = c.Roster.Remove(ctx, a, id, roster.Removal{RevokeInvitations: true})
	case roster.InvitationRevoked:
		_, undo, _ = c.Roster.Revoke(ctx, a, c.invite)
	case roster.InvitationRoleChanged:
		_, undo, _ = c.Roster.ChangeInvitationRole(ctx, a, c.invite, role.Guest)
	}
	return undo + change.Undo
}

// seen is what the database holds after a round.
type seen struct {
	broken  []string // laws
	above   int      // open invitations to Zoe whose inviter may not give so much, or nothing
	events  []string // written in the round
	letters []string // queued in the round
	state   string   // members, invitations, log and letters, without what differs from round to round
}

// laws says in SQL what must hold in every organization at all times; $1 and $2 are where log and letters stood.
const laws = `
WITH org AS (SELECT * FROM roster.organizations WHERE slug = 'acme'),
m AS (SELECT m.*, m.status IN ('active', 'suspended') AS present FROM roster.memberships m JOIN org ON org.id = m.org_id),
i AS (SELECT i.*, v.name AS inviter, v.status AS inviter_status, v.roles AS inviter_roles FROM roster.invitations i JOIN org ON org.id = i.org_id
       LEFT JOIN m v ON v.user_id = i.invited_by),
e AS (SELECT e.* FROM roster.audit_events e JOIN org ON org.id = e.org_id),
life AS (SELECT e.subject_id, e.event IN ('membership.joined', 'membership.restored') AS begins,
                lag(e.event IN ('membership.joined', 'membership.restored'), 1, false) OVER (PARTITION BY e.subject_id ORDER BY e.at, e.id) AS inside
           FROM e WHERE e.event IN ('membership.joined', 'membership.restored', 'membership.left', 'membership.removed')),
ends AS (SELECT e.subject_id, count(*) FILTER (WHERE e.event IN ('membership.joined', 'membership.restored'))
                            - count(*) FILTER (WHERE e.event IN ('membership.left', 'membership.removed')) AS causes FROM e GROUP BY e.subject_id),
j AS (SELECT coalesce(args->>'letter', kind) AS kind, args->'data'->>'To' AS mailbox FROM river.river_job WHERE id > $2),
broken AS (
  SELECT 'nobody owns it' AS law WHERE NOT EXISTS (SELECT FROM roster.membership_roles r JOIN m ON m.user_id = r.user_id AND m.org_id = r.org_id WHERE r.role = 'owner' AND m.present)
  UNION ALL SELECT m.name || ' shows the roles ' || m.roles::text || ' and has others' FROM m WHERE m.roles IS DISTINCT FROM
    ARRAY(SELECT r.role FROM roster.membership_roles r WHERE r.org_id = m.org_id AND r.user_id = m.user_id
           ORDER BY array_position(ARRAY['owner', 'admin', 'member', 'viewer', 'guest'], r.role))
  UNION ALL SELECT m.name || ' is ' || m.status || ' with the roles ' || m.roles::text FROM m WHERE cardinality(m.roles) <> m.present::int
  UNION ALL SELECT format('%s members are counted, %s are there', org.members_count, (SELECT count(*) FROM m WHERE m.present)) FROM org
    WHERE org.members_count <> (SELECT count(*) FROM m WHERE m.present)
  UNION ALL SELECT m.name || ' is ' || m.status || ' without one cause in the log' FROM m LEFT JOIN ends ON ends.subject_id = m.id
    WHERE coalesce(ends.causes, 0) <> m.present::int
  UNION ALL SELECT 'the log lets somebody come or go twice in a row' FROM life WHERE life.begins = life.inside
  UNION ALL SELECT i.email_norm || ' has ' || count(*) || ' open invitations' FROM i WHERE i.state = 'open' GROUP BY i.email_norm HAVING count(*) > 1
  UNION ALL SELECT i.email_norm || ' is a member and has an open invitation' FROM i JOIN m ON m.email_norm = i.email_norm AND m.present WHERE i.state = 'open'
  UNION ALL SELECT i.email_norm || ' has an open invitation and asked for none' FROM i JOIN roster.invitation_blocks b ON b.org_id = i.org_id AND b.email_norm = i.email_norm WHERE i.state = 'open'
  UNION ALL SELECT i.email_norm || ' has several good links of one kind' FROM i JOIN roster.invitation_tokens t ON t.org_id = i.org_id AND t.invitation_id = i.id AND t.replaced_at IS NULL
    GROUP BY i.id, i.email_norm, t.kind HAVING count(*) > 1
  UNION ALL SELECT 'the invitation of ' || i.email_norm || ' was accepted without one cause in the log' FROM i WHERE (i.state = 'accepted')::int <>
    (SELECT count(*) FROM e WHERE e.event = 'membership.joined' AND e.after->>'invitation' = i.id::text OR e.event = 'invitation.closed' AND e.subject_id = i.id)
  UNION ALL SELECT 'the invitation of ' || i.email_norm || ' is not in the log once' FROM i WHERE 1 <> (SELECT count(*) FROM e WHERE e.event = 'invitation.sent' AND e.subject_id = i.id)
  UNION ALL SELECT 'undone twice' FROM e WHERE e.undoes IS NOT NULL GROUP BY e.undoes HAVING count(*) > 1
  UNION ALL SELECT 'an entry lacks who, where or which request' FROM e WHERE e.id > $1 AND (e.address = '' OR e.request_id = '' OR e.actor_name = '')
)
SELECT ARRAY(SELECT law FROM broken ORDER BY law),
  (SELECT count(*) FROM i WHERE i.state = 'open' AND i.email_norm = 'zoe@other.example' AND NOT (i.inviter_status = 'active' AND ('owner' = ANY (i.inviter_roles) OR 'admin' = ANY (i.inviter_roles) AND NOT 'admin' = ANY (i.roles)))),
  ARRAY(SELECT e.event FROM e WHERE e.id > $1 ORDER BY e.at, e.id),
  ARRAY(SELECT j.kind FROM j ORDER BY j.kind),
  concat_ws(E'\n',
    (SELECT string_agg(format('%s: %s %s version %s', m.name, m.status, m.roles, m.version), E'\n' ORDER BY m.sort_name) FROM m),
    (SELECT string_agg(x.line, E'\n' ORDER BY x.line) FROM (SELECT format('%s: %s as %s by %s, version %s, %s, sent just now %s, links %s', i.email_norm, i.state, i.roles, i.inviter, i.version, i.delivery,
       i.sent_at > now() - interval '5 minutes', ARRAY(SELECT t.kind || (t.replaced_at IS NULL)::text FROM roster.invitation_tokens t WHERE t.org_id = i.org_id AND t.invitation_id = i.id ORDER BY 1)) AS line FROM i) x),
    (SELECT string_agg('blocked ' || b.email_norm, E'\n' ORDER BY b.email_norm) FROM roster.invitation_blocks b JOIN org ON org.id = b.org_id),
    (SELECT string_agg(format('%s by %s on %s: %s -> %s', e.event, e.actor_name, e.subject_name, e.before - gone.keys, e.after - gone.keys), E'\n' ORDER BY e.at, e.id)
       FROM e, (SELECT ARRAY['expires_at', 'decided_at', 'invitation', 'revoked_invitations', 'taken_over_invitations'] AS keys) gone WHERE e.id > $1),
    (SELECT string_agg(format('letter %s to %s', j.kind, j.mailbox), E'\n' ORDER BY j.kind, j.mailbox) FROM j))`

// look reads the database past row security.
func (c *cube) look(mark uuid.UUID, job int64) seen {
	c.t.Helper()
	var s seen
	if err := c.super.QueryRow(c.t.Context(), laws, mark, job).Scan(&s.broken, &s.above, &s.events, &s.letters, &s.state); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// check says what is wrong after a round, nothing if all is well.
func (c *cube) check(s seen, deeds [2]deed) []string {
	c.t.Helper()
	wrong := s.broken
	for _, d := range deeds {
		if _, broken := judge(d.err); broken {
			wrong = append(wrong, fmt.Sprintf("answered with status 500: %v", d.err))
		}
		if len(d.either) > 0 && !slices.ContainsFunc(s.events, func(e string) bool { return slices.Contains(d.either, e) }) {
			wrong = append(wrong, fmt.Sprintf("no entry of %v", d.either))
		}
		if mails := len(slices.DeleteFunc(slices.Clone(s.letters), func(l string) bool { return l != d.eitherMail })); d.eitherMail != "" && mails != 1 {
			wrong = append(wrong, fmt.Sprintf("%d letters %s", mails, d.eitherMail))
		}
	}
	wrong = append(wrong, left("entry", s.events, deeds[0].wrote, deeds[1].wrote, deeds[0].mayWrite, deeds[1].mayWrite)...)
	wrong = append(wrong, left("letter", s.letters, deeds[0].mailed, deeds[1].mailed, deeds[0].mail, deeds[1].mail)...)
	// An inviter who lost the right to give a role leaves an invitation behind that opens nothing (I57).
	if s.above > 0 {
		offer, err := c.Roster.Offer(c.t.Context(), c.link, &c.Zoe)
		if err != nil || offer.Situation == roster.SameAddress || offer.Situation == roster.Declined {
			wrong = append(wrong, fmt.Sprintf("an invitation above what its inviter may give still lets in: %s, %v", offer.Situation, err))
		}
	}
	return wrong
}

// left compares what is there with what was acknowledged: first and second must be there, once each, and of
// the rest nothing but what may go along.
func left(what string, there, first, second, mayFirst, maySecond []string) (wrong []string) {
	rest := slices.Clone(there)
	for _, want := range slices.Concat(first, second) {
		if i := slices.Index(rest, want); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			wrong = append(wrong, fmt.Sprintf("the %s %s of something acknowledged is missing", what, want))
		}
	}
	for _, over := range rest {
		if !slices.Contains(mayFirst, over) && !slices.Contains(maySecond, over) {
			wrong = append(wrong, fmt.Sprintf("the %s %s is of nothing acknowledged", what, over))
		}
	}
	return wrong
}

// outcome is all that can be told of a round.
type outcome struct {
	deeds [2]deed
	seen  seen
}

func (o outcome) String() string {
	return o.deeds[0].answer + "\n" + o.deeds[1].answer + "\n" + o.seen.state
}

// round runs two operations: together, or one after the other where first says which.
func (c *cube) round(k cast, ops [2]operation, first int) outcome {
	c.t.Helper()
	undo, mark, job := c.begin(k, ops)
	var o outcome
	do := func(i int) { // whoever is asked to come back does
		suite.Try(c.t, ops[i].name, func() string {
			o.deeds[i] = ops[i].do(c, k.sides[i], undo[i])
			if busy, _ := judge(o.deeds[i].err); busy {
				return o.deeds[i].answer
			}
			return ""
		})
	}
	if first < 0 {
		rostertest.Together(2, do)
	} else {
		do(first)
		do(1 - first)
	}
	o.seen = c.look(mark, job)
	return o
}

// race runs a pair in each cast, and says how many rounds there were.
func (c *cube) race(ops [2]operation, rounds int) (ran int, wrong []string) {
	c.t.Helper()
	casts := c.casts()
	if ops[0].name == "undo" || ops[1].name == "undo" {
		casts = undoing(casts)
	}
	if !suite.All() {
		casts, rounds = suite.Some(c.t, casts, drawnCasts, ops[0].name, ops[1].name), drawnRounds
	}
	for n, k := range casts {
		orders, wrong := c.orders(ops, k)
		for i := n; i < rounds && len(wrong) == 0; i += len(casts) {
			wrong = c.together(ops, k, orders)
			ran++
		}
		if len(wrong) > 0 {
			return ran, wrong
		}
	}
	return ran, nil
}

// orders is what comes out if the one comes after the other, either way.
func (c *cube) orders(ops [2]operation, k cast) (orders [2]string, wrong []string) {
	c.t.Helper()
	for first := range orders {
		o := c.round(k, ops, first)
		orders[first] = o.String()
		if bad := c.check(o.seen, o.deeds); len(bad) > 0 {
			wrong = append(wrong, fmt.Sprintf("%s and %s, %s, the one after the other: %s\n%s", ops[0].name, ops[1].name, k.name, strings.Join(bad, "; "), o))
		}
	}
	return orders, wrong
}

// together is one round on a barrier.
func (c *cube) together(ops [2]operation, k cast, orders [2]string) (wrong []string) {
	c.t.Helper()
	o := c.round(k, ops, -1)
	where := fmt.Sprintf("%s and %s, %s", ops[0].name, ops[1].name, k.name)
	if bad := c.check(o.seen, o.deeds); len(bad) > 0 {
		wrong = append(wrong, fmt.Sprintf("%s: %s\n%s", where, strings.Join(bad, "; "), o))
	}
	if !slices.Contains(orders[:], o.String()) {
		wrong = append(wrong, fmt.Sprintf("%s: together\n%s\n\nneither as in this order\n%s\n\nnor as in the other\n%s", where, o, orders[0], orders[1]))
	}
	return wrong
}

// SECURITY 4.3 C031 I54 I57 I59 I61 I67 I69 I127 I129: every ordered pair of operations at once leaves what the one
// after the other would have left, in a database that obeys the laws.
func TestWhateverComesTogetherIsAsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for _, first := range operations {
		t.Run(first.name, func(t *testing.T) {
			t.Parallel()
			c := newCube(t)
			ran := 0
			for _, second := range operations {
				n, wrong := c.race([2]operation{first, second}, raceRounds)
				ran += n
				for _, w := range wrong {
					t.Error(w)
				}
			}
			t.Logf("%d rounds", ran)
		})
	}
}
