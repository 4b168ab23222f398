// Package live tells open pages that something has changed: in one of the organizations that their person is in,
// now. It says only where and what; what it is now, a page asks in its ordinary way.
//
// There is one connection that listens for the whole node (db.Listen), and one look at the database for all
// streams that a change concerns: who is still logged in, and still a member. Where nobody listens, a change is
// a line in a short memory and nothing else.
package live

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"roster/db"
	"roster/internal/account"
	"roster/internal/publicid"
	"roster/internal/role"
)

// The limits of a node, and its times.
const (
	perPerson = 8    // streams of one person; the ninth ends the oldest
	perNode   = 4000 // of everybody
	memory    = 1024 // changes that are remembered for those who come back

	gather    = 30 * time.Millisecond // changes that come together are told together
	pause     = 10                    // between two looks, this many times as long as the last one took
	pauseMost = 500 * time.Millisecond
	lookAgain = 20 * time.Second // at every stream, whatever changes (I80: within 30 seconds)
)

// All is what has changed where it is not known.
const All = "all"

// sees is who may hear of each kind of change that the database announces: whoever may look at what has changed. That
// something did, and how often, is told to nobody else.
var sees = map[string]role.Permission{
	All:            role.OrganizationRead,
	"organization": role.OrganizationRead,
	"members":      role.MembersRead,
	"invitations":  role.InvitationsRead,
}

// presence is somebody's place in an organization, as it was when it was looked at last.
type presence struct {
	org      uuid.UUID
	roles    []role.Role
	settings role.Settings
}

// hears tells whether a change is told to who is here. Of a kind that is not known nothing is.
func (p presence) hears(what string) bool {
	permission, known := sees[what]
	return known && role.May(p.roles, permission, p.settings)
}

// same tells whether all is told as before.
func (p presence) same(before presence) bool {
	return slices.Equal(p.roles, before.roles) && p.settings == before.settings
}

// ErrFull answers whoever comes when a node has as many streams as it can serve.
var ErrFull = errors.New("live: as many streams as a node serves")

// Live is what a node tells its open pages.
type Live struct {
	db       *db.DB
	sessions *account.Sessions
	log      *slog.Logger
	again    time.Duration // lookAgain

	mu      sync.Mutex
	people  map[uuid.UUID][]*Stream     // the oldest first
	count   int                         // of all of them
	present map[string]map[*Stream]bool // by the organization's digest
	changed map[string]map[string]bool  // not told yet: what, by the organization's digest
	past    []remembered                // a ring
	oldest  int                         // where it begins
	since   time.Time                   // from when on all is remembered that is still in the ring; zero: nothing is heard
	ended   bool                        // the node stops
	wake    chan struct{}
}

type remembered struct {
	db.Change
	at time.Time
}

// New makes it; Run sets it to work.
func New(d *db.DB, sessions *account.Sessions, log *slog.Logger) *Live {
	return &Live{db: d, sessions: sessions, log: log, again: lookAgain, people: map[uuid.UUID][]*Stream{}, present: map[string]map[*Stream]bool{},
		changed: map[string]map[string]bool{}, wake: make(chan struct{}, 1)}
}

// Run listens and tells until the context ends.
func (l *Live) Run(ctx context.Context) {
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		l.db.Listen(ctx, l.log, l.began, l.heard)
	}()
	l.tell(ctx)
	<-listening
}

// Stop ends every stream, so that nobody waits for them; none begins any more.
func (l *Live) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for _, streams := range l.people {
		for _, s := range slices.Clone(streams) {
			l.end(s, Cut)
		}
	}
}

// began notes that from now on everything is heard; what was missed before may be anything.
func (l *Live) began() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since, l.past, l.oldest = time.Now(), nil, 0
	for org := range l.present {
		l.note(org, All)
	}
}

func (l *Live) heard(c db.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := (remembered{c, time.Now()}); len(l.past) < memory {
		l.past = append(l.past, now)
	} else {
		l.since = l.past[l.oldest].at
		l.past[l.oldest] = now
		l.oldest = (l.oldest + 1) % memory
	}
	if len(l.present[c.Organization]) > 0 {
		l.note(c.Organization, c.What)
	}
}

// note keeps a change until the next look. The caller holds the lock.
func (l *Live) note(org, what string) {
	if l.changed[org] == nil {
		l.changed[org] = map[string]bool{}
	}
	l.changed[org][what] = true
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// tell looks at those whom changes concern, and from time to time at all.
func (l *Live) tell(ctx context.Context) {
	again := time.NewTicker(l.again)
	defer again.Stop()
	for {
		everybody := false
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			everybody = true
		case <-l.wake:
		}
		rest(ctx, gather)
		began := time.Now()
		if err := l.look(ctx, everybody); err != nil && ctx.Err() == nil {
			l.log.Warn("look at who listens", "error", err)
			rest(ctx, pauseMost)
		}
		rest(ctx, min(pause*time.Since(began), pauseMost))
	}
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// look asks once for all streams concerned who is still logged in and where they are members, and tells them.
// What cannot be asked is not told, and kept for the next look.
func (l *Live) look(ctx context.Context, everybody bool) error {
	streams, changed := l.concerned(everybody)
	if len(streams) == 0 {
		return nil
	}
	standing, present, err := l.ask(ctx, streams)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		for org, whats := range changed {
			for what := range whats {
				l.note(org, what)
			}
		}
		return err
	}
	for _, s := range streams {
		switch {
		case s.over:
		case !standing[s.session]:
			l.end(s, Bye)
		default:
			l.place(s, present[s.person])
			for org, at := range s.orgs {
				for what := range changed[org] {
					s.say(at, what)
				}
			}
		}
	}
	return nil
}

// concerned are the streams of people in organizations that have changed, or all.
func (l *Live) concerned(everybody bool) ([]*Stream, map[string]map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := l.changed
	l.changed = map[string]map[string]bool{}
	found := map[*Stream]bool{}
	for org := range changed {
		for s := range l.present[org] {
			found[s] = true
		}
	}
	if everybody {
		for _, streams := range l.people {
			for _, s := range streams {
				found[s] = true
			}
		}
	}
	list := make([]*Stream, 0, len(found))
	for s := range found {
		list = append(list, s)
	}
	return list, changed
}

// askTime is how long the database has to answer a look.
const askTime = 5 * time.Second

// ask reads which of these sessions stand, and where their people are members, as what.
func (l *Live) ask(ctx context.Context, streams []*Stream) (standing map[uuid.UUID]bool, present map[uuid.UUID][]presence, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	standing, present = map[uuid.UUID]bool{}, map[uuid.UUID][]presence{}
	var sessions, people []uuid.UUID
	asked := map[uuid.UUID]bool{}
	for _, s := range streams {
		sessions = append(sessions, s.session)
		if !asked[s.person] {
			asked[s.person] = true
			people = append(people, s.person)
		}
	}
	stand, err := l.sessions.Standing(ctx, sessions)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range stand {
		standing[id] = true
	}
	rows, err := l.db.Door().ListPresence(ctx, people)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		present[row.UserID] = append(present[row.UserID], presence{row.OrgID, role.ParseAll(row.Roles), role.Settings{MembersMayInvite: row.MembersMayInvite}})
	}
	return standing, present, nil
}

// Join begins a stream for somebody logged in, who has seen everything but the last moments. What changed in them, it
// tells at once; where that is not known, it says that anything may have.
func (l *Live) Join(ctx context.Context, person, session uuid.UUID, unseen time.Duration) (*Stream, error) {
	s := &Stream{person: person, session: session, wake: make(chan struct{}, 1)}
	from := time.Now().Add(-unseen)
	// It is entered before it is asked where the person is, as a member of nothing: so it can be looked at meanwhile.
	if err := l.admit(s); err != nil {
		return nil, err
	}
	standing, present, err := l.ask(ctx, []*Stream{s})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.end(s, Cut)
		return nil, err
	}
	if !standing[session] {
		l.end(s, Bye)
		return s, nil
	}
	l.place(s, present[person])
	s.moved = true // it is told even to who is nowhere
	s.signal()
	for org, at := range s.orgs {
		if l.since.IsZero() || l.since.After(from) {
			s.say(at, All)
		}
		for _, r := range l.past {
			if r.Organization == org && r.at.After(from) {
				s.say(at, r.What)
			}
		}
	}
	return s, nil
}

// admit counts a stream in.
func (l *Live) admit(s *Stream) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	theirs := l.people[s.person]
	switch {
	case l.ended:
		return ErrFull
	case len(theirs) >= perPerson:
		l.end(theirs[0], Cut)
		theirs = l.people[s.person]
	case l.count >= perNode:
		return ErrFull
	}
	l.people[s.person] = append(theirs, s)
	l.count++
	return nil
}

// place enters a stream in the organizations that its person is a member of now, and takes it out of others. Whose roles
// are others than before sees other things, so for them anything may have changed. The caller holds the lock.
func (l *Live) place(s *Stream, now []presence) {
	orgs := make(map[string]presence, len(now))
	for _, at := range now {
		orgs[db.Digest(at.org)] = at
	}
	for org := range s.orgs {
		if _, still := orgs[org]; !still {
			l.leave(s, org)
			s.moved = true
		}
	}
	for org, at := range orgs {
		if before, already := s.orgs[org]; already {
			if !at.same(before) {
				s.say(at, All)
			}
			continue
		}
		if l.present[org] == nil {
			l.present[org] = map[*Stream]bool{}
		}
		l.present[org][s] = true
		s.moved = true
	}
	s.orgs = orgs
	if s.moved {
		s.signal()
	}
}

func (l *Live) leave(s *Stream, org string) {
	delete(l.present[org], s)
	if len(l.present[org]) == 0 {
		delete(l.present, org)
	}
}

// end takes a stream out and says why. The caller holds the lock.
func (l *Live) end(s *Stream, why End) {
	if s.over {
		return
	}
	s.over, s.why = true, why
	s.signal()
	for org := range s.orgs {
		l.leave(s, org)
	}
	l.count--
	l.people[s.person] = slices.DeleteFunc(l.people[s.person], func(other *Stream) bool { return other == s })
	if len(l.people[s.person]) == 0 {
		delete(l.people, s.person)
	}
}

// Leave ends a stream from its own side.
func (l *Live) Leave(s *Stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(s, Cut)
}

// LoggedOut ends the streams of a session that has just ended here; those of others are found by a look.
func (l *Live) LoggedOut(person, session uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range slices.Clone(l.people[person]) {
		if s.session == session {
			l.end(s, Bye)
		}
	}
}

// Next is what a stream has to tell since it was asked last: the organizations of its person where these are others
// than before, and what has changed in which.
type Next struct {
	Organizations []string // org_…; nil: the same as before
	Changes       []Change
	End           End
}

// Change is something that is different in an organization.
type Change struct {
	Organization string // org_…
	What         string
}

// End is why a stream is over.
type End int

// A stream that is cut is begun again; after a bye it is not.
const (
	Open End = iota
	Cut
	Bye
)

// Stream is what one browser hears. All but the channel is guarded by Live's lock.
type Stream struct {
	person, session uuid.UUID
	orgs            map[string]presence // by digest
	moved           bool                // they are others than was told
	unsaid          map[uuid.UUID]map[string]bool
	over            bool
	why             End
	wake            chan struct{}
}

// Wake tells that there is something next.
func (s *Stream) Wake() <-chan struct{} { return s.wake }

func (s *Stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// say keeps what is to be told, if it is for this person's eyes; that it has changed twice is no more than once, and that
// anything may have says the rest.
func (s *Stream) say(at presence, what string) {
	if !at.hears(what) {
		return
	}
	if s.unsaid == nil {
		s.unsaid = map[uuid.UUID]map[string]bool{}
	}
	switch known := s.unsaid[at.org]; {
	case known == nil || what == All:
		s.unsaid[at.org] = map[string]bool{what: true}
	case !known[All]:
		known[what] = true
	}
	s.signal()
}

// Next takes what a stream has to tell.
func (l *Live) Next(s *Stream) Next {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := Next{End: s.why}
	if s.why == Bye {
		return n
	}
	if s.moved {
		n.Organizations = []string{}
		for _, at := range s.orgs {
			n.Organizations = append(n.Organizations, publicid.Organization.Of(at.org))
		}
		slices.Sort(n.Organizations)
		s.moved = false
	}
	for id, whats := range s.unsaid {
		at, still := s.orgs[db.Digest(id)]
		if !still {
			continue
		}
		for what := range whats {
			if !at.hears(what) { // it was, when it was kept
				continue
			}
			n.Changes = append(n.Changes, Change{publicid.Organization.Of(id), what})
		}
	}
	s.unsaid = nil
	return n
}
