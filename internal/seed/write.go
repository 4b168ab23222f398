package seed

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/internal/account"
	"roster/internal/roster"
)

// The triggers that copy names, roles and counts row by row are off while rows are added in their
// thousands: what they would have written is written here. Foreign keys and checks stay on. Nobody else
// writes these tables meanwhile, and a transaction that fails leaves the triggers as they were.
const (
	triggersOff = `ALTER TABLE roster.memberships DISABLE TRIGGER USER; ALTER TABLE roster.membership_roles DISABLE TRIGGER USER`
	triggersOn  = `ALTER TABLE roster.memberships ENABLE TRIGGER USER; ALTER TABLE roster.membership_roles ENABLE TRIGGER USER`
)

// COPY is refused under row security, so rows come as one array for each column.
const (
	insertPeople = `
INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text, created_at, fold)
SELECT x.id, x.name, x.email, x.email, x.sort_name, x.search_text, x.since, $7
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) AS x (id, name, email, sort_name, search_text, since)`

	insertPasswords = `
INSERT INTO auth.credentials (user_id, password_hash, changed_at, last_org)
SELECT x.id, $1, x.since, x.last
FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[]) AS x (id, since, last)`

	insertOrganizations = `
INSERT INTO roster.organizations (id, name, slug, invitation_days, created_at)
SELECT x.id, x.name, x.slug, x.days, x.since
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[]) AS x (id, name, slug, days, since)`

	insertSlugs = `
INSERT INTO roster.organization_slugs (org_id, slug, created_at)
SELECT x.id, x.slug, x.since
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS x (id, slug, since)`

	// The directory entry comes from the person's row, as fill_directory would take it.
	insertMemberships = `
INSERT INTO roster.memberships (org_id, user_id, id, status, roles, name, email, email_norm, sort_name, search_text,
  invited_by, invited_at, joined_at, joined_through, last_active_at, ended_at, version)
SELECT x.org_id, u.id, x.id, x.status, CASE x.role WHEN '' THEN '{}' ELSE ARRAY[x.role] END, u.name, u.email, u.email_norm, u.sort_name, u.search_text,
  x.invited_by, x.invited_at, x.joined_at, x.through, x.last_active_at, x.ended_at, x.version
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::timestamptz[], $9::text[],
  $10::timestamptz[], $11::timestamptz[], $12::bigint[])
  AS x (org_id, user_id, id, status, role, invited_by, invited_at, joined_at, through, last_active_at, ended_at, version)
JOIN roster.users u ON u.id = x.user_id`

	insertRoles = `
INSERT INTO roster.membership_roles (org_id, user_id, role, granted_by, granted_at)
SELECT x.org_id, x.user_id, x.role, x.granted_by, x.granted_at
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[]) AS x (org_id, user_id, role, granted_by, granted_at)`

	countMembers = `
UPDATE roster.organizations o SET members_count = o.members_count + x.n
FROM unnest($1::uuid[], $2::integer[]) AS x (id, n)
WHERE o.id = x.id`

	insertInvitations = `
INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, message, invited_by, created_at, sent_at, life, expires_at, state,
  delivery, delivery_detail, decided_at, accepted_by, version, search_text, fold)
SELECT x.org_id, x.id, x.email, x.email, ARRAY[x.role], x.message, x.invited_by, x.created_at, x.sent_at, make_interval(days => x.days), x.expires_at, x.state,
  x.delivery, x.detail, x.decided_at, x.accepted_by, x.version, x.search_text, $18
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::timestamptz[], $9::integer[],
  $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::uuid[], $16::bigint[], $17::text[])
  AS x (org_id, id, email, role, message, invited_by, created_at, sent_at, days, expires_at, state, delivery, detail, decided_at, accepted_by, version, search_text)`

	insertTokens = `
INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind, created_at, replaced_at)
SELECT x.org_id, x.digest, x.invitation_id, x.kind, x.created_at, x.replaced_at
FROM unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[]) AS x (org_id, digest, invitation_id, kind, created_at, replaced_at)`

	insertBlocks = `
INSERT INTO roster.invitation_blocks (org_id, email_norm, created_at)
SELECT x.org_id, x.email, x.created_at FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS x (org_id, email, created_at)`

	// Where it came from is told by one of a few made-up devices (addresses of RFC 5737).
	insertEvents = `
INSERT INTO roster.audit_events (org_id, id, at, event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, before, after, address, user_agent)
SELECT x.org_id, x.id, x.at, x.event, x.actor_kind, x.actor_id, x.actor_name, x.subject_kind, x.subject_id, x.subject_name, x.before::jsonb, x.after::jsonb,
  (ARRAY['192.0.2.', '198.51.100.', '203.0.113.'])[1 + x.device % 3] || (1 + x.device % 250),
  (ARRAY['Mozilla/5.0 (X11; Linux x86_64; rv:138.0) Gecko/20100101 Firefox/138.0',
         'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36',
         'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15',
         'Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1'])[1 + x.device % 4]
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::uuid[], $10::text[], $11::text[], $12::text[], $13::integer[])
  AS x (org_id, id, at, event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, before, after, device)`
)

// write adds all rows of a tale.
func (w *writer) write(ctx context.Context, tx pgx.Tx, t *tale) error {
	// Whoever changes memberships stands in line at the organization's row, and then takes the table.
	present := map[uuid.UUID]int{}
	for _, m := range t.memberships {
		if m.endedAt.IsZero() {
			present[m.org.id]++
		}
	}
	var orgs []uuid.UUID
	var counts []int
	for id, n := range present {
		orgs, counts = append(orgs, id), append(counts, n)
	}
	if _, err := tx.Exec(ctx, `SELECT FROM roster.organizations WHERE id = ANY ($1) ORDER BY id FOR UPDATE`, orgs); err != nil {
		return fmt.Errorf("lock organizations: %w", err)
	}
	people, err := t.meet(ctx, tx)
	if err != nil {
		return fmt.Errorf("look for accounts: %w", err)
	}
	if err := t.settle(ctx, tx); err != nil {
		return fmt.Errorf("look for addresses of organizations: %w", err)
	}
	if _, err := tx.Conn().PgConn().Exec(ctx, triggersOff).ReadAll(); err != nil {
		return fmt.Errorf("switch triggers off: %w", err)
	}
	if err := tx.SendBatch(ctx, w.rows(t, people, orgs, counts)).Close(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	if _, err := tx.Conn().PgConn().Exec(ctx, triggersOn).ReadAll(); err != nil {
		return fmt.Errorf("switch triggers on: %w", err)
	}
	w.added += len(people)
	return nil
}

// meet finds people who have an account already: they play their part themselves, under their own name and
// password. It returns those who have none.
func (t *tale) meet(ctx context.Context, tx pgx.Tx) ([]*person, error) {
	rows, err := tx.Query(ctx, `SELECT id, name, email_norm FROM roster.users WHERE home_org_id IS NULL AND email_norm = ANY ($1) FOR SHARE`,
		column(t.people, func(p *person) string { return p.email }))
	if err != nil {
		return nil, err
	}
	type account struct {
		id   uuid.UUID
		name string
	}
	known := map[string]account{}
	var a account
	var email string
	if _, err := pgx.ForEachRow(rows, []any{&a.id, &a.name, &email}, func() error { known[email] = a; return nil }); err != nil {
		return nil, err
	}
	missing := make([]*person, 0, len(t.people))
	for _, p := range t.people {
		if a, ok := known[p.email]; ok {
			p.id, p.name, p.met = a.id, a.name, true
		} else {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// settle gives an organization another address where its own is taken.
func (t *tale) settle(ctx context.Context, tx pgx.Tx) error {
	for n := 1; ; n++ {
		rows, err := tx.Query(ctx, `SELECT slug FROM roster.organization_slugs WHERE slug = ANY ($1)`, column(t.orgs, func(o *organization) string { return o.slug }))
		if err != nil {
			return err
		}
		taken, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(taken) == 0 {
			return err
		}
		for _, slug := range taken {
			for _, o := range t.orgs {
				if o.slug == slug {
					o.slug = fmt.Sprintf("%s-demo-%d", o.slug[:min(len(o.slug), 28)], n)
				}
			}
		}
	}
}

// rows are the statements that write a tale, in the order in which they need each other.
func (w *writer) rows(t *tale, people []*person, orgs []uuid.UUID, counts []int) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(insertPeople,
		column(people, func(p *person) uuid.UUID { return p.id }),
		column(people, func(p *person) string { return p.name }),
		column(people, func(p *person) string { return p.email }),
		column(people, func(p *person) string { return p.sortName }),
		column(people, func(p *person) string { return p.searchText }),
		column(people, func(p *person) time.Time { return p.since }),
		account.FoldVersion)
	if len(t.orgs) > 0 {
		b.Queue(insertOrganizations,
			column(t.orgs, func(o *organization) uuid.UUID { return o.id }),
			column(t.orgs, func(o *organization) string { return o.name }),
			column(t.orgs, func(o *organization) string { return o.slug }),
			column(t.orgs, func(o *organization) int { return o.days }),
			column(t.orgs, func(o *organization) time.Time { return o.since }))
		b.Queue(insertSlugs,
			column(t.orgs, func(o *organization) uuid.UUID { return o.id }),
			column(t.orgs, func(o *organization) string { return o.slug }),
			column(t.orgs, func(o *organization) time.Time { return o.since }))
	}
	b.Queue(insertPasswords, w.hash,
		column(people, func(p *person) uuid.UUID { return p.id }),
		column(people, func(p *person) time.Time { return p.since }),
		column(people, func(p *person) *uuid.UUID {
			if p.last == nil {
				return nil
			}
			return &p.last.id
		}))
	b.Queue(insertMemberships,
		column(t.memberships, func(m *membership) uuid.UUID { return m.org.id }),
		column(t.memberships, func(m *membership) uuid.UUID { return m.who.id }),
		column(t.memberships, func(m *membership) uuid.UUID { return m.id }),
		column(t.memberships, func(m *membership) string { return m.status }),
		column(t.memberships, func(m *membership) string { return string(m.role) }),
		column(t.memberships, func(m *membership) *uuid.UUID { return m.by.orNull() }),
		column(t.memberships, func(m *membership) *time.Time { return orNull(m.invitedAt) }),
		column(t.memberships, func(m *membership) time.Time { return m.joinedAt }),
		column(t.memberships, func(m *membership) string { return m.through }),
		column(t.memberships, func(m *membership) *time.Time { return orNull(m.lastSeen) }),
		column(t.memberships, func(m *membership) *time.Time { return orNull(m.endedAt) }),
		column(t.memberships, func(m *membership) int64 { return m.version }))
	held := make([]*membership, 0, len(t.memberships))
	for _, m := range t.memberships {
		if m.role != "" {
			held = append(held, m)
		}
	}
	b.Queue(insertRoles,
		column(held, func(m *membership) uuid.UUID { return m.org.id }),
		column(held, func(m *membership) uuid.UUID { return m.who.id }),
		column(held, func(m *membership) string { return string(m.role) }),
		column(held, func(m *membership) *uuid.UUID { return m.grantedBy.orNull() }),
		column(held, func(m *membership) time.Time { return m.grantedAt }))
	b.Queue(countMembers, orgs, counts)
	w.invitationRows(b, t)
	t.joiningRows(b)
	b.Queue(insertEvents,
		column(t.events, func(e event) uuid.UUID { return e.org.id }),
		column(t.events, func(e event) uuid.UUID { return e.id }),
		column(t.events, func(e event) time.Time { return e.at }),
		column(t.events, func(e event) string { return e.name }),
		column(t.events, func(e event) string { return e.kind }),
		column(t.events, func(e event) *uuid.UUID { return e.actor.orNull() }),
		column(t.events, func(e event) string { return nameOr(e.actor, e.actorName) }),
		column(t.events, func(e event) string { return e.subjectKind }),
		column(t.events, func(e event) uuid.UUID { return e.subject }),
		column(t.events, func(e event) string { return nameOr(e.whom, e.subjectName) }),
		column(t.events, func(e event) string { return e.before }),
		column(t.events, func(e event) string {
			if e.name == roster.OrganizationCreated {
				return written(facts{"name": e.org.name, "slug": e.org.slug})
			}
			return e.after
		}),
		column(t.events, func(e event) int { return int(number(nameOr(e.actor, e.actorName)) % 3000) }))
	return b
}

func (w *writer) invitationRows(b *pgx.Batch, t *tale) {
	if len(t.invitations) == 0 {
		return
	}
	b.Queue(insertInvitations,
		column(t.invitations, func(i *invitation) uuid.UUID { return i.org.id }),
		column(t.invitations, func(i *invitation) uuid.UUID { return i.id }),
		column(t.invitations, func(i *invitation) string { return i.email }),
		column(t.invitations, func(i *invitation) string { return string(i.role) }),
		column(t.invitations, func(i *invitation) string { return i.message }),
		column(t.invitations, func(i *invitation) uuid.UUID { return i.by.id }),
		column(t.invitations, func(i *invitation) time.Time { return i.at }),
		column(t.invitations, func(i *invitation) time.Time { return i.sentAt }),
		column(t.invitations, func(i *invitation) int { return i.days }),
		column(t.invitations, func(i *invitation) time.Time { return i.expires }),
		column(t.invitations, func(i *invitation) string { return i.state }),
		column(t.invitations, func(i *invitation) string { return i.delivery }),
		column(t.invitations, func(i *invitation) string { return i.detail }),
		column(t.invitations, func(i *invitation) *time.Time { return orNull(i.decidedAt) }),
		column(t.invitations, func(i *invitation) *uuid.UUID { return i.acceptedBy.orNull() }),
		column(t.invitations, func(i *invitation) int64 { return i.version }),
		column(t.invitations, func(i *invitation) string { return account.SearchText("", i.email) }),
		account.FoldVersion)

	type token struct {
		link
		of     *invitation
		digest []byte
	}
	tokens := make([]token, 0, len(t.invitations))
	var blocked []*invitation
	for _, i := range t.invitations {
		for n, l := range i.links {
			// The digest of something that is no token: nobody can come with what it is made from.
			digest := sha256.Sum256(fmt.Appendf(nil, "no token: link %d of invitation %s", n, i.id))
			tokens = append(tokens, token{l, i, digest[:]})
		}
		if i.blocked {
			blocked = append(blocked, i)
		}
	}
	b.Queue(insertTokens,
		column(tokens, func(k token) uuid.UUID { return k.of.org.id }),
		column(tokens, func(k token) []byte { return k.digest }),
		column(tokens, func(k token) uuid.UUID { return k.of.id }),
		column(tokens, func(k token) string { return k.kind }),
		column(tokens, func(k token) time.Time { return k.at }),
		column(tokens, func(k token) *time.Time { return orNull(k.dead) }))
	b.Queue(insertBlocks,
		column(blocked, func(i *invitation) uuid.UUID { return i.org.id }),
		column(blocked, func(i *invitation) string { return i.email }),
		column(blocked, func(i *invitation) time.Time { return i.decidedAt }))
}

// column takes one value from each row.
func column[R, V any](rows []R, value func(R) V) []V {
	values := make([]V, len(rows))
	for i, row := range rows {
		values[i] = value(row)
	}
	return values
}

func (p *person) orNull() *uuid.UUID {
	if p == nil {
		return nil
	}
	return &p.id
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func nameOr(p *person, other string) string {
	if p == nil {
		return other
	}
	return p.name
}
