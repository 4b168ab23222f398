package prove

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// world is a canary organization and its people. Whatever is written in it carries one of its marks, so
// that it is recognised wherever it turns up. Its ids are of version 8, which nothing else in Roster makes:
// they spell "roster", say which world, and count.
type world struct {
	letter byte
	name   string // for people
	org    uuid.UUID
	slug   string
	digest string // its rows as they were made, read past row security
}

func newWorld(letter byte) world {
	w := world{letter: letter, name: "canary " + strings.ToUpper(string(letter)), slug: "roster-canary-" + string(letter)}
	w.org = w.id(0)
	if letter == 'c' {
		w.name = "nowhere"
	}
	return w
}

// id is the nth of the world.
func (w world) id(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("%s-8000-%012x", w.prefix(), n))
}

func (w world) prefix() string { return fmt.Sprintf("726f7374-6572-8%c00", w.letter) }
func (w world) mark() string   { return "canary-" + string(w.letter) }

// date is when everything in the world was made: long before Roster, so that it is a mark, too.
func (w world) date() string { return fmt.Sprintf("1971-%02d-01", w.letter-'a'+1) }

// People, and their memberships beside them.
func (w world) owner() uuid.UUID                  { return w.id(0x10) }
func (w world) admin() uuid.UUID                  { return w.id(0x11) }
func (w world) member() uuid.UUID                 { return w.id(0x12) }
func (w world) former() uuid.UUID                 { return w.id(0x13) } // has left
func (w world) invitee() uuid.UUID                { return w.id(0x14) } // an account with an invited address
func (w world) membership(of uuid.UUID) uuid.UUID { return w.id(0x10 + int(of[15])) }

// Invitations, a form that was sent, and entries of the audit log.
func (w world) open() uuid.UUID       { return w.id(0x30) }
func (w world) revoked() uuid.UUID    { return w.id(0x31) }
func (w world) declined() uuid.UUID   { return w.id(0x32) }
func (w world) submission() uuid.UUID { return w.id(0x40) }
func (w world) event() uuid.UUID      { return w.id(0x50) }
func (w world) laterEvent() uuid.UUID { return w.id(0x51) }
func (w world) working() uuid.UUID    { return w.id(0x60) } // at work
func (w world) jobDone() uuid.UUID    { return w.id(0x61) }
func (w world) file() uuid.UUID       { return w.id(0x68) } // of people to invite

// A share link, and requests: one of the person who would join, two of a member.
func (w world) link() uuid.UUID    { return w.id(0x60) }
func (w world) request() uuid.UUID { return w.id(0x61) }
func (w world) asked() uuid.UUID   { return w.id(0x62) }
func (w world) late() uuid.UUID    { return w.id(0x63) } // nobody decided in time

// fresh is an id of the world that no row has.
func (w world) fresh(n int) uuid.UUID { return w.id(0xf0 + n) }

// email is an address of the world, in a domain that can never receive a letter.
func (w world) email(who string) string { return who + "@" + w.mark() + ".invalid" }

// token is the digest of a token of the world, as the server writes it.
func (w world) token(kind string) string {
	return `\x` + hex.EncodeToString([]byte((w.mark() + " " + kind + strings.Repeat(".", 32))[:32]))
}

func (w world) made() time.Time {
	at, _ := time.Parse(time.DateOnly, w.date())
	return at.Add(12 * time.Hour)
}

// marks tells whether a text holds something of the world.
func (w world) marks(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, w.prefix()) || strings.Contains(s, w.mark()) || strings.Contains(s, w.date()) || strings.Contains(s, hex.EncodeToString([]byte(w.mark())))
}

// masked is a text without whose world it is of, to compare what two worlds are answered.
func masked(s string, worlds ...world) string {
	for _, w := range worlds {
		s = strings.NewReplacer(w.prefix(), "(id)", w.mark(), "(name)", hex.EncodeToString([]byte(w.mark())), "(digest)", w.name, "(name)").Replace(s)
	}
	return s
}

// people are all who are made for a world.
func (w world) people() map[string]uuid.UUID {
	return map[string]uuid.UUID{"owner": w.owner(), "admin": w.admin(), "member": w.member(), "former": w.former(), "invitee": w.invitee()}
}

var errRows = errors.New("another number of rows than it should be")

// step is a statement that makes a part of the canaries, and how many rows it makes.
type step struct {
	rows int64
	sql  string
	args []any
}

func (w world) makePeople() (steps []step) {
	for who, id := range w.people() {
		name := who + " " + w.mark()
		steps = append(steps, step{1, `INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text) VALUES ($1, $2, $3, $3, $2, $4)`,
			[]any{id, name, w.email(who), " " + name + " " + w.email(who)}})
	}
	return steps
}

// makeOrganization has rows in every tenant table. Whoever adds a table adds its row here. Everybody was
// active in a time to come, so that entering writes nothing down.
func (w world) makeOrganization() []step {
	o := w.org
	return []step{
		{1, `INSERT INTO roster.organizations (id, name, slug, created_at) VALUES ($1, $2, $3, $4)`, []any{o, "Organization " + w.mark(), w.slug, w.made()}},
		{1, `INSERT INTO roster.organization_slugs (org_id, slug, created_at) VALUES ($1, $2, $3)`, []any{o, w.slug, w.made()}},
		{4, `INSERT INTO roster.memberships (org_id, user_id, id, status, invited_by, joined_through, joined_at, ended_at, last_active_at) VALUES
		     ($1, $2, $3, 'active', NULL, 'created', $10, NULL, '2999-01-01'), ($1, $4, $5, 'active', $2, 'invitation', $10, NULL, '2999-01-01'),
		     ($1, $6, $7, 'active', $2, 'invitation', $10, NULL, '2999-01-01'), ($1, $8, $9, 'left', $2, 'invitation', $10, $10, '2999-01-01')`,
			[]any{o, w.owner(), w.membership(w.owner()), w.admin(), w.membership(w.admin()), w.member(), w.membership(w.member()), w.former(), w.membership(w.former()), w.made()}},
		{3, `INSERT INTO roster.membership_roles (org_id, user_id, role, granted_by, granted_at) VALUES ($1, $2, 'owner', $2, $5), ($1, $3, 'admin', $2, $5), ($1, $4, 'member', $2, $5)`,
			[]any{o, w.owner(), w.admin(), w.member(), w.made()}},
		{3, `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, message, invited_by, created_at, sent_at, life, expires_at, state, decided_at) VALUES
		     ($1, $2, $3, $3, '{member}', $4, $5, $10, $10, '7 days', now() + interval '7 days', 'open', NULL),
		     ($1, $6, $7, $7, '{viewer}', $4, $5, $10, $10, '7 days', now() + interval '7 days', 'revoked', $10),
		     ($1, $8, $9, $9, '{guest}', $4, $5, $10, $10, '7 days', now() + interval '7 days', 'declined', $10)`,
			[]any{o, w.open(), w.email("invitee"), "Welcome to " + w.mark(), w.owner(), w.revoked(), w.email("revoked"), w.declined(), w.email("declined"), w.made()}},
		{2, `INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind, created_at) VALUES ($1, $2::text::bytea, $4, 'mailed', $5), ($1, $3::text::bytea, $4, 'copied', $5)`,
			[]any{o, w.token("mailed"), w.token("copied"), w.open(), w.made()}},
		{1, `INSERT INTO roster.invitation_blocks (org_id, email_norm, created_at) VALUES ($1, $2, $3)`, []any{o, w.email("blocked"), w.made()}},
		{1, `INSERT INTO roster.submissions (org_id, user_id, id, outcome) VALUES ($1, $2, $3, jsonb_build_object('about', $4::text))`,
			[]any{o, w.owner(), w.submission(), w.mark()}}, // of now: old ones are deleted
		{2, `INSERT INTO roster.jobs (org_id, id, kind, started_by, spec, state, problem) VALUES
		     ($1, $2, 'canary.one', $4, jsonb_build_object('about', $5::text), 'running', $5), ($1, $3, 'members.export', $4, '{}', 'done', $5)`,
			[]any{o, w.working(), w.jobDone(), w.owner(), w.mark()}}, // of now, likewise
		{2, `INSERT INTO roster.job_items (org_id, job_id, n, subject_id, label, undo) VALUES ($1, $2, 1, $3, $4, $5), ($1, $2, 2, $3, $4, NULL)`,
			[]any{o, w.working(), w.membership(w.member()), "member " + w.mark(), w.event()}},
		{1, `INSERT INTO roster.job_files (org_id, job_id, n, data) VALUES ($1, $2, 1, convert_to($3, 'UTF8'))`, []any{o, w.jobDone(), w.mark()}},
		{1, `INSERT INTO roster.imports (org_id, id, made_by, file, life, role, cells) VALUES ($1, $2, $3, $4, '7 days', 'guest', jsonb_build_array($4::text))`, []any{o, w.file(), w.owner(), w.mark()}}, // of now, likewise
		{2, `INSERT INTO roster.import_rows (org_id, import_id, n, email, name, role, message, kind, rank) VALUES ($1, $2, 1, $3, $4, '', '', 'ready', 2), ($1, $2, 2, $3, $4, 'recruiter', '', 'role', 0)`,
			[]any{o, w.file(), w.email("fresh"), "member " + w.mark()}},
		{2, `INSERT INTO roster.inviter_counts (org_id, user_id, slot, n) VALUES ($1, $2, $3, 5), ($1, $2, now(), 7)`, []any{o, w.owner(), w.made()}},
		{2, `INSERT INTO roster.audit_events (org_id, id, at, event, actor_id, actor_name, subject_kind, subject_id, subject_name, undoes) VALUES
		     ($1, $2, $8, 'created', $3, $4, 'organization', $1, $5, NULL), ($1, $6, $8, 'joined', $3, $4, 'membership', $7, $4, $2)`,
			[]any{o, w.event(), w.owner(), "owner " + w.mark(), "Organization " + w.mark(), w.laterEvent(), w.membership(w.member()), w.made()}},
		{1, `INSERT INTO roster.join_links (org_id, id, role, domains, max_uses, uses, days, expires_at, made_by, made_at) VALUES ($1, $2, 'member', ARRAY[$3], 50, 3, 7, now() + interval '7 days', $4, $5)`,
			[]any{o, w.link(), w.mark() + ".invalid", w.owner(), w.made()}},
		{1, `INSERT INTO roster.join_link_tokens (org_id, digest, link_id, made_at) VALUES ($1, $2::text::bytea, $3, $4)`, []any{o, w.token("shared"), w.link(), w.made()}},
		{3, `INSERT INTO roster.join_requests (org_id, id, kind, user_id, asker, asker_email, email, email_norm, note, link_id, role, created_at, expires_at) VALUES
		     ($1, $2, 'join', $3, $4, $5, $5, $5, $8, $9, 'member', $10, now() + interval '7 days'), ($1, $6, 'invite', $7, $4, $11, $12, $12, $8, NULL, 'member', $10, now() + interval '7 days'),
		     ($1, $13, 'invite', $7, $4, $11, $14, $14, $8, NULL, 'member', $10, $10)`,
			[]any{o, w.request(), w.invitee(), "invitee " + w.mark(), w.email("invitee"), w.asked(), w.member(), "I am of " + w.mark(), w.link(), w.made(), w.email("member"), w.email("asked"), w.late(), w.email("late")}},
	}
}

// makeJob queues a job of the world's organization that is never due, in a queue that nobody works.
const makeJob = `INSERT INTO river.river_job (id, kind, args, max_attempts, queue, state, scheduled_at)
	VALUES ($1, 'canary', jsonb_build_object('org_id', $2::uuid, 'about', $3::text), 1, 'canary', 'scheduled', '2999-01-01')`

// job is the number of a world's job: below zero, where the queue's own count never comes.
func (w world) job() string { return strconv.Itoa(-int(w.letter)) }

// populate deletes what a killed run left, and makes the canaries.
func (p *proof) populate(ctx context.Context) error {
	if err := p.clean(ctx); err != nil {
		return err
	}
	err := p.maintain(ctx, func(tx pgx.Tx) error {
		var steps []step
		for _, w := range []world{p.a, p.b, p.none} {
			steps = append(steps, w.makePeople()...)
		}
		for _, w := range []world{p.a, p.b} {
			steps = append(steps, w.makeOrganization()...)
		}
		for _, s := range steps {
			tag, err := tx.Exec(ctx, s.sql, s.args...)
			if err != nil || tag.RowsAffected() != s.rows {
				return fmt.Errorf("%s: %d rows, not %d: %w", s.sql, tag.RowsAffected(), s.rows, cmp.Or(err, errRows))
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("make the canaries: %w", err)
	}
	for _, w := range []world{p.a, p.b} {
		if err := p.work(ctx, 1, makeJob, w.job(), w.org.String(), w.mark()); err != nil {
			return fmt.Errorf("queue the canaries' jobs: %w", err)
		}
	}
	return p.remember(ctx)
}

// remember notes the canaries' rows as they are before any attack.
func (p *proof) remember(ctx context.Context) (err error) {
	if p.b.digest, err = p.digest(ctx, p.b); err != nil {
		return err
	}
	p.family = "canaries"
	for i := range p.schema.tables {
		t := &p.schema.tables[i]
		if err := p.sample(ctx, t); err != nil {
			return err
		}
		if t.victim == nil && t.tenant() && p.wants(t.String()) {
			p.note(ctx, Attack{Target: t.String(), Name: "canary B has a row in it", Result: "none", Verdict: Untried, Detail: "Add one to makeOrganization."})
		}
	}
	for _, s := range []*session{p.app, p.worker} {
		s.digest = p.schema.digest(s.role, p.b)
		o := s.within(ctx, outside(), func(t *transaction) outcome {
			var err error
			s.before, err = p.victim(t)
			return outcome{fault: err}
		})
		if o.failed() {
			// Nothing can be compared then; each attack says so.
			s.before = "unknown: " + o.error().Error()
		}
	}
	return nil
}

// clean deletes the canaries, if they are there, and looks that nothing is left of them.
func (p *proof) clean(ctx context.Context) error {
	if p.owner.IsClosed() { // a cancelled statement may have taken the connection with it
		if err := p.openOwner(ctx); err != nil {
			return err
		}
	}
	var people []uuid.UUID
	for _, w := range []world{p.a, p.b, p.none} {
		for _, id := range w.people() {
			people = append(people, id)
		}
	}
	orgs := []uuid.UUID{p.a.org, p.b.org, p.none.org}
	err := p.maintain(ctx, func(tx pgx.Tx) error {
		var made int64
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM roster.users WHERE id = ANY ($1)`, people).Scan(&made); err != nil {
			return err
		}
		var all []step
		for _, t := range p.schema.tables {
			if t.tenant() && t.key == "org_id" && t.Open {
				all = append(all, step{0, `DELETE FROM ` + t.quoted() + ` WHERE org_id = ANY ($1)`, []any{orgs}})
			}
		}
		// The last owner stays as long as the organization does, so what can go goes first, and the rest after it.
		for _, s := range all {
			_ = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { _, err := tx.Exec(ctx, s.sql, s.args...); return err })
		}
		steps := append([]step{{sql: `DELETE FROM roster.organizations WHERE id = ANY ($1)`, args: []any{orgs}}}, all...)
		steps = append(steps, step{made, `DELETE FROM roster.users WHERE id = ANY ($1)`, []any{people}})
		for i, s := range steps {
			tag, err := tx.Exec(ctx, s.sql, s.args...)
			if err == nil && i == 0 && tag.RowsAffected() != 0 && tag.RowsAffected() != 2 || err == nil && s.rows > 0 && tag.RowsAffected() != s.rows {
				err = errRows
			}
			if err != nil {
				return fmt.Errorf("%s: %d rows: %w", s.sql, tag.RowsAffected(), err)
			}
		}
		return nil
	})
	if err == nil {
		err = p.work(ctx, -1, `DELETE FROM river.river_job WHERE id IN ($1, $2)`, p.a.job(), p.b.job())
	}
	if err != nil {
		return fmt.Errorf("delete the canaries: %w", err)
	}
	return nil
}

// maintain runs fn in a transaction that row security lets see everything.
func (p *proof) maintain(ctx context.Context, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, p.owner, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL roster.maintenance = 'on'`); err != nil {
			return err
		}
		return fn(tx)
	})
}

// work changes the queue, as roster_worker: its rows are nobody else's. It commits.
func (p *proof) work(ctx context.Context, rows int64, sql string, args ...string) error {
	if p.worker.conn.IsClosed() {
		if err := p.worker.connect(ctx); err != nil {
			return err
		}
	}
	st := statement{sql: sql}
	for _, a := range args {
		st.args = append(st.args, text(a))
	}
	o := (&transaction{p.worker, ctx}).run(st)
	if !o.failed() && rows >= 0 && o.tag.RowsAffected() != rows {
		return errRows
	}
	return o.error()
}
