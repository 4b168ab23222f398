package seed

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/google/uuid"

	"roster/internal/account"
	"roster/internal/role"
	"roster/internal/roster"
)

// A tale is a stretch of history told as it might have happened: people come, found organizations, invite,
// join, change roles, leave. Every act does to the rows what the same act of package roster does, and notes
// it in the audit log, so that rows and log cannot disagree.
type tale struct {
	now         time.Time
	people      []*person
	orgs        []*organization
	memberships []*membership
	invitations []*invitation
	shareLinks  []*shareLink
	requests    []*request
	events      []event
}

type person struct {
	id          uuid.UUID
	name, email string // addresses here are typed as they are compared
	sortName    string
	searchText  string
	since       time.Time
	last        *organization // used last
	met         bool          // had an account before
}

type organization struct {
	id         uuid.UUID
	name, slug string
	days       int // how long its invitations are open
	since      time.Time
}

type membership struct {
	id        uuid.UUID
	org       *organization
	who       *person
	role      role.Role // "" when ended
	status    string
	by        *person // who invited them; nil: founded it
	invitedAt time.Time
	joinedAt  time.Time
	through   string
	lastSeen  time.Time
	blockedAt time.Time // suspended
	endedAt   time.Time
	grantedBy *person
	grantedAt time.Time
	version   int64
}

type invitation struct {
	id         uuid.UUID
	org        *organization
	email      string
	role       role.Role
	message    string
	by         *person
	at, sentAt time.Time
	days       int
	expires    time.Time
	state      string
	delivery   string
	detail     string
	decidedAt  time.Time
	acceptedBy *person
	blocked    bool // by whoever reported it
	links      []link
	version    int64
}

// link is a token of an invitation, of which there is a digest alone: nobody holds one of made-up links.
type link struct {
	kind string // "mailed" or "copied"
	at   time.Time
	dead time.Time // replaced by a later one of its kind; zero: it works
}

type event struct {
	id          uuid.UUID
	org         *organization
	at          time.Time
	name        string
	kind        string // of the actor
	actor       *person
	actorName   string // where the actor is no person
	subjectKind string
	subject     uuid.UUID
	whom        *person // whose name is the subject's, or nil
	subjectName string
	before      string
	after       string
}

type facts map[string]any

// day is as long as a day in a tale that knows no summer time.
const day = 24 * time.Hour

// number makes one out of a word, the same for ever.
func number(words ...string) uint64 {
	h := fnv.New64a()
	for _, word := range words {
		h.Write([]byte(word))
		h.Write([]byte{0})
	}
	return mix(h.Sum64())
}

// mix scatters numbers that lie side by side (the finishing step of SplitMix64).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// madeUp is a UUIDv7 that says when and, instead of by chance, for what it was made: a second run knows
// what the first one made. order puts ids of one millisecond in order.
func madeUp(at time.Time, order int, n uint64) uuid.UUID {
	var id uuid.UUID
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6], id[7] = 0x70|byte(order>>8&0x0f), byte(order)
	for i := range 8 {
		id[8+i] = byte(n >> (56 - 8*i))
	}
	id[8] = 0x80 | id[8]&0x3f
	return id
}

// madeAt is the millisecond that an id carries.
func madeAt(id uuid.UUID) int64 {
	ms := int64(0)
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return ms
}

// lowest sorts before every id of its millisecond.
func lowest(at time.Time) uuid.UUID {
	id := madeUp(at, 0, 0)
	clear(id[6:])
	return id
}

func (t *tale) person(name, email string, since time.Time) *person {
	return t.add(&person{id: madeUp(since, 0, number("person", email)), name: name, email: email, since: since})
}

func (t *tale) add(p *person) *person {
	p.sortName, p.searchText = account.SortName(p.name), account.SearchText(p.name, p.email)
	t.people = append(t.people, p)
	return p
}

func (t *tale) note(org *organization, at time.Time, name string, actor *person, e event, before, after facts) {
	e.org, e.at, e.name, e.actor = org, at, name, actor
	if e.kind == "" {
		e.kind = "person"
	}
	order := 1
	if name == roster.OrganizationCreated {
		order = 0 // before its founder joins, in the same moment
	}
	e.id = madeUp(at, order, mix(number("event", name)^binary.BigEndian.Uint64(e.subject[8:])))
	e.before, e.after = written(before), written(after)
	t.events = append(t.events, e)
}

func written(f facts) string {
	if f == nil {
		return "{}"
	}
	text, err := json.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("seed: facts that are no JSON: %v", err)) // they are written in this package
	}
	return string(text)
}

// found makes an organization; whoever does is its owner.
func (t *tale) found(name, slug string, founder *person, at time.Time) (*organization, *membership) {
	o := &organization{id: madeUp(at, 0, number("organization", slug)), name: name, slug: slug, days: 7, since: at}
	return o, t.foundAs(o, founder)
}

func (t *tale) foundAs(o *organization, founder *person) *membership {
	at := o.since
	t.orgs = append(t.orgs, o)
	// What is noted of it is written with its row: it may need another slug.
	t.note(o, at, roster.OrganizationCreated, founder, event{subjectKind: "organization", subject: o.id, subjectName: o.name}, nil, nil)
	m := &membership{id: madeUp(at, 0, number("membership", o.slug, founder.email)), org: o, who: founder, role: role.Owner, status: "active",
		joinedAt: at, through: "created", lastSeen: at, grantedBy: founder, grantedAt: at, version: 1}
	t.memberships = append(t.memberships, m)
	t.note(o, at, roster.MemberJoined, founder, event{subjectKind: "membership", subject: m.id, whom: founder}, nil,
		facts{"roles": []role.Role{role.Owner}, "through": "created"})
	return m
}

// invite sends an invitation, and its letter arrives.
func (t *tale) invite(o *organization, by *person, email string, as role.Role, at time.Time, days int, message string) *invitation {
	i := &invitation{id: madeUp(at, 0, number("invitation", o.slug, email)), org: o, email: email, role: as, message: message, by: by,
		at: at, sentAt: at, days: days, expires: at.Add(time.Duration(days) * day), state: "open", delivery: "sent", links: []link{{kind: "mailed", at: at}}, version: 1}
	t.invitations = append(t.invitations, i)
	t.noteOf(i, at, roster.InvitationSent, by, nil, facts{"roles": []role.Role{as}, "days": days, "by": "mailed"})
	return i
}

func (t *tale) noteOf(i *invitation, at time.Time, name string, actor *person, before, after facts) {
	t.note(i.org, at, name, actor, event{subjectKind: "invitation", subject: i.id, subjectName: i.email}, before, after)
}

// undelivered says that the letter did not arrive.
func (t *tale) undelivered(i *invitation, why string) { i.delivery, i.detail = "failed", why }

func (t *tale) sendAgain(i *invitation, by *person, at time.Time) {
	was := i.expires
	i.sentAt, i.expires, i.by = at, at.Add(time.Duration(i.days)*day), by
	i.version++
	for n := range i.links {
		if i.links[n].dead.IsZero() {
			i.links[n].dead = at
		}
	}
	i.links = append(i.links, link{kind: "mailed", at: at})
	t.noteOf(i, at, roster.InvitationSentAgain, by, facts{"expires_at": was}, facts{"expires_at": i.expires, "version": i.version})
}

// copyLink makes a link to hand over, beside the mailed one.
func (t *tale) copyLink(i *invitation, by *person, at time.Time) {
	i.links = append(i.links, link{kind: "copied", at: at})
	t.noteOf(i, at, roster.InvitationLinkMade, by, nil, nil)
}

func (t *tale) inviteAs(i *invitation, by *person, as role.Role, at time.Time) {
	was := i.role
	i.role = as
	i.version++
	t.noteOf(i, at, roster.InvitationRoleChanged, by, facts{"roles": []role.Role{was}}, facts{"roles": []role.Role{as}, "version": i.version})
}

func (t *tale) revoke(i *invitation, by *person, at time.Time) {
	i.state, i.decidedAt = "revoked", at
	i.version++
	t.noteOf(i, at, roster.InvitationRevoked, by, facts{"state": "open"}, facts{"state": "revoked", "version": i.version})
}

// decline is by somebody with an account, or (nil) by whoever holds the link, who reports it.
func (t *tale) decline(i *invitation, who *person, at time.Time) {
	i.state, i.decidedAt = "declined", at
	i.version++
	name, actor := roster.InvitationDeclined, i.email
	if who == nil {
		name, i.blocked = roster.InvitationReported, true
	}
	t.note(i.org, at, name, who, event{kind: "invitee", actorName: actor, subjectKind: "invitation", subject: i.id, subjectName: i.email},
		facts{"state": "open"}, facts{"state": "declined", "blocked": who == nil, "version": i.version})
}

// accept makes a member of the invitee.
func (t *tale) accept(i *invitation, who *person, at time.Time) *membership {
	i.state, i.decidedAt, i.acceptedBy = "accepted", at, who
	i.version++
	m := &membership{id: madeUp(at, 0, number("membership", i.org.slug, who.email)), org: i.org, who: who, role: i.role, status: "active",
		by: i.by, invitedAt: i.at, joinedAt: at, through: "invitation", lastSeen: at, grantedBy: i.by, grantedAt: at, version: 1}
	t.memberships = append(t.memberships, m)
	t.note(i.org, at, roster.MemberJoined, who, event{kind: "invitee", subjectKind: "membership", subject: m.id, whom: who},
		facts{"status": ""}, facts{"roles": []role.Role{i.role}, "through": "invitation", "invitation": i.id, "email": i.email, "handed_over": false})
	return m
}

// join is an invitation and, a while later, its acceptance.
func (t *tale) join(o *organization, by, who *person, as role.Role, at time.Time) *membership {
	wait := time.Duration(number("wait", o.slug, who.email)%uint64(4*day-20*time.Minute)) + 20*time.Minute
	i := t.invite(o, by, who.email, as, (at.Add(-wait)).Truncate(time.Second), o.days, "")
	return t.accept(i, who, at)
}

func (t *tale) changeRole(m *membership, by *person, to role.Role, at time.Time) {
	was := m.role
	m.role, m.grantedBy, m.grantedAt = to, by, at
	m.version++
	t.noteOn(m, at, roster.RolesChanged, by, facts{"roles": []role.Role{was}}, facts{"roles": []role.Role{to}, "version": m.version})
}

func (t *tale) noteOn(m *membership, at time.Time, name string, actor *person, before, after facts) {
	t.note(m.org, at, name, actor, event{subjectKind: "membership", subject: m.id, whom: m.who}, before, after)
}

func (t *tale) suspend(m *membership, by *person, at time.Time) {
	m.status, m.blockedAt = "suspended", at
	m.version++
	t.noteOn(m, at, roster.MemberSuspended, by, facts{"status": "active"}, facts{"status": m.status, "version": m.version})
}

func (t *tale) reactivate(m *membership, by *person, at time.Time) {
	m.status, m.blockedAt = "active", time.Time{}
	m.version++
	t.noteOn(m, at, roster.MemberReactivated, by, facts{"status": "suspended"}, facts{"status": m.status, "version": m.version})
}

func (t *tale) remove(m *membership, by *person, at time.Time) {
	t.end(m, by, "removed", roster.MemberRemoved, at)
}

func (t *tale) leave(m *membership, at time.Time) {
	t.end(m, m.who, "left", roster.MemberLeft, at)
}

func (t *tale) end(m *membership, by *person, status, name string, at time.Time) {
	before := facts{"status": m.status, "roles": []role.Role{m.role}}
	m.role, m.status, m.endedAt = "", status, at
	m.version++
	t.noteOn(m, at, name, by, before, facts{"status": status, "version": m.version})
}

// seen is the last time that somebody looked in; nobody is seen before they joined.
func (m *membership) seen(at time.Time) {
	if at.After(m.joinedAt) {
		m.lastSeen = at
	}
}
