package seed

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/internal/role"
	"roster/internal/roster"
)

// shareLink is one that people ask to join by. There is a digest of its token alone: nobody holds one of a made-up link.
type shareLink struct {
	id   uuid.UUID
	org  *organization
	by   *person
	role role.Role
	at   time.Time
	days int
	uses int
}

// request is what somebody asks for and nobody has decided: to join by a link, or, as a member, to have an address invited.
type request struct {
	id    uuid.UUID
	org   *organization
	who   *person
	email string // to invite; "" to join
	note  string
	link  *shareLink
	at    time.Time
}

// share makes a share link that needs approval.
func (t *tale) share(o *organization, by *person, as role.Role, at time.Time, days, uses int) *shareLink {
	l := &shareLink{id: madeUp(at, 0, number("share link", o.slug)), org: o, by: by, role: as, at: at, days: days, uses: uses}
	t.shareLinks = append(t.shareLinks, l)
	t.note(o, at, roster.LinkMade, by, event{subjectKind: "link", subject: l.id, subjectName: as.Label()}, nil,
		facts{"roles": []role.Role{as}, "domains": []string{}, "uses": uses, "days": days, "approval": true})
	return l
}

// ask asks to join by a link.
func (t *tale) ask(l *shareLink, who *person, note string, at time.Time) {
	q := &request{id: madeUp(at, 0, number("request", l.org.slug, who.email)), org: l.org, who: who, note: note, link: l, at: at}
	t.requests = append(t.requests, q)
	t.note(l.org, at, roster.RequestMade, who, event{kind: "invitee", subjectKind: "request", subject: q.id, subjectName: who.email}, nil,
		facts{"kind": "join", "link": l.id, "roles": []role.Role{l.role}})
}

// askFor asks, as a member, to have somebody invited.
func (t *tale) askFor(o *organization, who *person, email, note string, at time.Time) {
	q := &request{id: madeUp(at, 0, number("request", o.slug, email)), org: o, who: who, email: email, note: note, at: at}
	t.requests = append(t.requests, q)
	t.note(o, at, roster.RequestMade, who, event{subjectKind: "request", subject: q.id, subjectName: email}, nil,
		facts{"kind": "invite", "link": nil, "roles": []role.Role{role.Member}})
}

const (
	insertShareLink = `
INSERT INTO roster.join_links (org_id, id, role, max_uses, days, expires_at, needs_approval, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, true, $7, $8)`

	insertShareToken = `INSERT INTO roster.join_link_tokens (org_id, digest, link_id, made_at) VALUES ($1, $2, $3, $4)`

	insertRequest = `
INSERT INTO roster.join_requests (org_id, id, kind, user_id, asker, asker_email, email, email_norm, note, link_id, role, created_at, expires_at, told_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, $11)`
)

func (t *tale) joiningRows(b *pgx.Batch) {
	for _, l := range t.shareLinks {
		digest := sha256.Sum256(fmt.Appendf(nil, "no token: share link %s", l.id))
		b.Queue(insertShareLink, l.org.id, l.id, string(l.role), l.uses, l.days, l.at.Add(time.Duration(l.days)*day), l.by.id, l.at)
		b.Queue(insertShareToken, l.org.id, digest[:], l.id, l.at)
	}
	for _, q := range t.requests {
		kind, email, link, as := "join", q.who.email, (*uuid.UUID)(nil), role.Member
		if q.link != nil {
			link, as = &q.link.id, q.link.role
		} else {
			kind, email = "invite", q.email
		}
		b.Queue(insertRequest, q.org.id, q.id, kind, q.who.id, q.who.name, q.who.email, email, q.note, link, string(as), q.at, q.at.Add(14*day))
	}
}
