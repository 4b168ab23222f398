package web_test

import (
	"bufio"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"roster/db"
	"roster/internal/account"
	"roster/internal/live"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
	"roster/web"
)

// listening serves the small world and tells its open pages what has changed.
func listening(t *testing.T) *law {
	t.Helper()
	var news *live.Live
	l := lay(t, true, func(t testing.TB, options ...func(*db.Config)) *rostertest.World {
		w := rostertest.New(t, options...)
		sessions, err := account.NewSessions(account.SessionConfig{DB: w.DB, Key: w.Key})
		if err != nil {
			t.Fatal(err)
		}
		news = live.New(w.DB, sessions, slog.New(slog.DiscardHandler))
		return w
	}, func(c *web.Config) { c.Live = news })
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); news.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	// What is said after the node listens, and is heard, says that it hears. No change is left over that would be heard later.
	suite.Until(t, "the node listens", func() bool {
		return l.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %' AND state = 'idle'`) == 1
	})
	zoe := l.hears(l.as(l.Zoe))
	l.SQL(t, `UPDATE roster.organizations SET invitation_days = invitation_days % 30 + 1 WHERE slug = 'other'`)
	for !strings.HasSuffix(zoe.next(), " organization") { // before it anything may have changed
	}
	zoe.leave()
	return l
}

// ear is a stream of events; what it is told comes as "event data", and it is closed when the stream is over.
type ear struct {
	t      *testing.T
	said   chan string
	leave  func()
	answer *http.Response
}

// hears opens the stream of a browser, and has heard where it is a member.
func (l *law) hears(b *browser, headers ...string) *ear {
	l.t.Helper()
	e := l.tunes(b, paths.Events, headers...)
	if e.answer.StatusCode != http.StatusOK || e.answer.Header.Get("Content-Type") != "text/event-stream" {
		l.t.Fatalf("events answer %d %s", e.answer.StatusCode, e.answer.Header.Get("Content-Type"))
	}
	if first := e.next(); !strings.HasPrefix(first, "organizations ") {
		l.t.Fatalf("first is said %q", first)
	}
	return e
}

func (l *law) tunes(b *browser, path string, headers ...string) *ear {
	l.t.Helper()
	ctx, leave := context.WithCancel(l.t.Context())
	l.t.Cleanup(leave)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("HX-Request", "true")
	r.Header.Set("Accept-Encoding", "gzip")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := b.client.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	e := &ear{t: l.t, said: make(chan string, 100), leave: leave, answer: answer}
	go func() {
		defer close(e.said)
		defer answer.Body.Close()
		event := ""
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
			} else if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
				e.said <- strings.TrimSpace(event + " " + strings.TrimSpace(data))
			}
		}
	}()
	return e
}

// next is what is said next, "" if the stream is over.
func (e *ear) next() string {
	e.t.Helper()
	return suite.Next(e.t, "something is said", e.said)
}

// says fails the test unless this is said next.
func (e *ear) says(want string) {
	e.t.Helper()
	if said := e.next(); said != want {
		e.t.Errorf("said is %q, want %q", said, want)
	}
}

// turn makes Cem a viewer and a member again in turn.
func (l *law) turn(to role.Role) {
	l.t.Helper()
	if _, err := l.Roster.ChangeRole(l.t.Context(), l.As(l.t, l.Ann, rostertest.Acme), l.Membership(l.t, l.Cem, rostertest.Acme), to); err != nil {
		l.t.Fatal(err)
	}
}

func (l *law) publicID(slug string) string { return publicid.Organization.Of(l.orgID(slug)) }

// A change is heard by those who are in that organization, and by nobody else; what is said is where and
// what, and nothing of it. C162 I80
func TestAChangeIsHeardWhereItConcerns(t *testing.T) {
	t.Parallel()
	l := listening(t)
	acme, other := l.publicID(rostertest.Acme), l.publicID(rostertest.Other)
	ben, zoe := l.hears(l.as(l.Ben)), l.hears(l.as(l.Zoe))

	l.turn(role.Viewer)
	ben.says("change " + acme + " members")
	l.Invite(t, l.Ann, rostertest.Acme, "new@guests.example", role.Guest)
	ben.says("change " + acme + " invitations")
	l.SQL(t, `UPDATE roster.users SET name = 'Cem Renamed' WHERE id = $1`, l.Cem.ID)
	ben.says("change " + acme + " members")
	l.SQL(t, `UPDATE roster.invitations SET delivery = 'sent' WHERE email_norm = 'new@guests.example'`)
	ben.says("change " + acme + " invitations")
	l.SQL(t, `UPDATE roster.organizations SET name = 'Acme Robots' WHERE slug = 'acme'`)
	ben.says("change " + acme + " organization")
	// That somebody was active is no news: the next that is heard is what comes after it.
	l.SQL(t, `UPDATE roster.memberships SET last_active_at = now() + interval '1 second'`)
	l.turn(role.Member)
	ben.says("change " + acme + " members")

	l.Invite(t, l.Zoe, rostertest.Other, "new@guests.example", role.Guest)
	said := zoe.next()
	for said == "change "+other+" organization" { // what found out that the node listens may come late
		said = zoe.next()
	}
	if said != "change "+other+" invitations" {
		t.Errorf("Zoe hears %q", said)
	}
	for name, want := range map[string]string{"Content-Encoding": "", "X-Accel-Buffering": "no", "Cache-Control": "no-store", "Content-Length": ""} {
		if got := ben.answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// A stream tells nobody more than their pages do: a guest hears neither that members changed nor invitations, a viewer not of
// invitations; and whose roles or whose organization's choices change hears by the new ones at once, and that anything may
// be different. I80
func TestAStreamTellsWhatOneMaySee(t *testing.T) {
	t.Parallel()
	l := listening(t)
	change := "change " + l.publicID(rostertest.Acme) + " "
	ann := l.As(t, l.Ann, rostertest.Acme)
	gus, vic, cem := l.hears(l.as(l.Gus)), l.hears(l.as(l.Vic)), l.hears(l.as(l.Cem))
	until := func(e *ear, kind string, never ...string) {
		t.Helper()
		for said := e.next(); said != change+kind; said = e.next() {
			for _, not := range never {
				if said == change+not {
					t.Errorf("said is %q to who may not see it", said)
				}
			}
			if said == "" {
				t.Fatalf("the stream ends before %q is said", kind)
			}
		}
	}
	invite := func(to string) { l.Invite(t, l.Ann, rostertest.Acme, to+"@guests.example", role.Guest) }
	rename := func() { l.SQL(t, `UPDATE roster.organizations SET name = name || ' Robots' WHERE slug = 'acme'`) } // is told to all
	turn := func(p account.Person, to role.Role) {
		if _, err := l.Roster.ChangeRole(t.Context(), ann, l.Membership(t, p, rostertest.Acme), to); err != nil {
			t.Fatal(err)
		}
	}
	invite("one")
	l.someone(rostertest.Acme, role.Guest)
	until(vic, "members", "invitations")
	until(cem, "members", "invitations")
	rename()
	until(gus, "organization", "members", "invitations")
	until(vic, "organization", "invitations")

	turn(l.Gus, role.Admin)
	until(gus, "all")
	invite("two")
	until(gus, "invitations")
	turn(l.Gus, role.Guest)
	until(gus, "all")
	invite("three")
	turn(l.Ben, role.Viewer)
	rename()
	until(gus, "organization", "members", "invitations")

	l.SQL(t, `UPDATE roster.organizations SET members_may_invite = true WHERE slug = 'acme'`)
	until(cem, "all")
	invite("four")
	until(cem, "invitations")
}

// Whoever is removed or suspended hears that, and nothing of the organization after it. I80
func TestWhoLosesAccessHearsNothingMore(t *testing.T) {
	t.Parallel()
	l := listening(t)
	acme := l.publicID(rostertest.Acme)
	ann := l.As(t, l.Ann, rostertest.Acme)
	owner, cem, vic := l.hears(l.as(l.Ann)), l.hears(l.as(l.Cem)), l.hears(l.as(l.Vic))
	if _, err := l.Roster.Remove(t.Context(), ann, l.Membership(t, l.Cem, rostertest.Acme), roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	cem.says("organizations")
	vic.says("change " + acme + " members")
	owner.says("change " + acme + " members")
	if _, err := l.Roster.Suspend(t.Context(), ann, l.Membership(t, l.Vic, rostertest.Acme)); err != nil {
		t.Fatal(err)
	}
	vic.says("organizations")
	owner.says("change " + acme + " members")
	l.Invite(t, l.Ann, rostertest.Acme, "new@guests.example", role.Guest)
	owner.says("change " + acme + " invitations")
	l.Web.Stop()
	for name, e := range map[string]*ear{"removed": cem, "suspended": vic} {
		if said := e.next(); said != "" {
			t.Errorf("who is %s still hears %q", name, said)
		}
	}
}

// A stream ends with its log-in: at once where it is ended here, else before anything more is told. A switch ends none.
// I80
func TestTheStreamEndsWithItsLogIn(t *testing.T) {
	t.Parallel()
	l := listening(t)
	acme := l.publicID(rostertest.Acme)
	watcher := l.hears(l.as(l.Ben))
	for name, end := range map[string]func(b *browser){
		"logged out": func(b *browser) { b.post(paths.LogOut, nil).leads("/") },
		"revoked":    func(b *browser) { l.endSession(b, `DELETE FROM auth.sessions WHERE token_digest = $1`) },
		"unused": func(b *browser) {
			l.endSession(b, `UPDATE auth.sessions SET last_seen_at = now() - interval '31 minutes' WHERE token_digest = $1`)
		},
		"over": func(b *browser) {
			l.endSession(b, `UPDATE auth.sessions SET expires_at = now() WHERE token_digest = $1`)
		},
		"of a backup": func(b *browser) {
			l.endSession(b, `UPDATE auth.sessions SET epoch = epoch - 1 WHERE token_digest = $1`)
		},
		"of a nonperson": func(*browser) { l.SQL(t, `UPDATE roster.users SET status = 'disabled' WHERE id = $1`, l.Vic.ID) },
	} {
		person := l.Cem
		if name == "of a nonperson" {
			person = l.Vic
		}
		b := l.as(person)
		stays := l.hears(l.as(l.Ben))
		e := l.hears(b)
		end(b)
		l.turn(map[bool]role.Role{true: role.Viewer, false: role.Member}[len(name)%2 == 0])
		l.Invite(t, l.Ann, rostertest.Acme, strings.ReplaceAll(name, " ", "")+"@guests.example", role.Guest)
		for said := ""; said != "change "+acme+" invitations"; said = watcher.next() { // both are told
		}
		if said := e.next(); said != "bye" {
			t.Errorf("%s: said is %q, want bye", name, said)
		}
		if said := e.next(); said != "" {
			t.Errorf("%s: after bye is said %q", name, said)
		}
		stays.leave()
	}

	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Viewer)
	b := l.as(l.Ann)
	e, before := l.hears(b), b.cookie()
	b.post(paths.Switch(rostertest.Other), url.Values{"section": {"members"}})
	if b.cookie() == before {
		t.Error("the switch renewed no token")
	}
	l.Invite(t, l.Ann, rostertest.Acme, "switched@guests.example", role.Guest)
	for said := e.next(); said != "change "+acme+" invitations"; said = e.next() { // after that she is in Other
		if !strings.HasPrefix(said, "change ") {
			t.Fatalf("after a switch is said %q", said)
		}
	}
}

func (l *law) endSession(b *browser, sql string) {
	l.t.Helper()
	l.SQL(l.t, sql, digestOf(b.cookie()))
}

// Listening is no use of a session: an idle one ends while its pages are open.
func TestListeningKeepsNoSessionAlive(t *testing.T) {
	t.Parallel()
	l := listening(t)
	b := l.as(l.Ann)
	l.endSession(b, `UPDATE auth.sessions SET last_seen_at = now() - interval '29 minutes' WHERE token_digest = $1`)
	e := l.hears(b)
	l.turn(role.Viewer)
	e.next()
	if n := l.Count(t, `SELECT count(*) FROM auth.sessions WHERE token_digest = $1 AND last_seen_at > now() - interval '28 minutes'`, digestOf(b.cookie())); n != 0 {
		t.Error("the stream has prolonged the session")
	}
}

// Another person's tab is told so, nobody is told to log in, and neither is led anywhere: the script that asks could not
// tell a page from a stream.
func TestEventsAreForWhoIsLoggedIn(t *testing.T) {
	t.Parallel()
	l := listening(t)
	if e := l.tunes(l.visitor(), paths.Events); e.answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody is answered %d", e.answer.StatusCode)
	}
	mark := l.as(l.Ann).get(paths.Appearance).form(paths.LogOut).Get("_person")
	if e := l.tunes(l.as(l.Ben), paths.Events, "Roster-User", mark); e.answer.StatusCode != http.StatusConflict {
		t.Errorf("Ann's page with Ben's session is answered %d", e.answer.StatusCode)
	}
	for _, said := range []string{"x", "-1", "1e3", "99999999999999999999"} {
		if e := l.tunes(l.as(l.Ann), paths.Events+"?unseen="+said); e.answer.StatusCode != http.StatusBadRequest {
			t.Errorf("unseen=%s is answered %d", said, e.answer.StatusCode)
		}
	}
}

// Who comes back is told at once what was missed, and that it may be anything where that is not known.
func TestWhatWasMissedIsTold(t *testing.T) {
	t.Parallel()
	l := listening(t)
	acme := l.publicID(rostertest.Acme)
	watcher := l.hears(l.as(l.Ben))
	l.turn(role.Viewer)
	watcher.says("change " + acme + " members")
	b := l.as(l.Ann)
	missed := func(ms string) string {
		e := l.tunes(b, paths.Events+"?unseen="+ms)
		defer e.leave()
		e.next() // organizations
		return e.next()
	}
	if said := missed("3600000"); said != "change "+acme+" all" {
		t.Errorf("after an hour is said %q", said)
	}
	e := l.tunes(b, paths.Events+"?unseen=0")
	e.next()
	l.Invite(t, l.Ann, rostertest.Acme, "later@guests.example", role.Guest)
	e.says("change " + acme + " invitations") // and not what was before
}

// One person has eight streams: the ninth ends the oldest, which may come again. Others keep theirs.
func TestStreamsOfAPersonAreBounded(t *testing.T) {
	t.Parallel()
	l := listening(t)
	b, ben := l.as(l.Ann), l.hears(l.as(l.Ben))
	var all []*ear
	for range 9 {
		all = append(all, l.hears(b))
	}
	if said := all[0].next(); said != "" {
		t.Errorf("the oldest hears %q", said)
	}
	l.turn(role.Viewer)
	for _, e := range append(all[1:], ben) {
		e.says("change " + l.publicID(rostertest.Acme) + " members")
	}
}

// A node that stops ends its streams at once and begins none. R16
func TestStoppingEndsTheStreams(t *testing.T) {
	t.Parallel()
	l := listening(t)
	ann, zoe := l.hears(l.as(l.Ann)), l.hears(l.as(l.Zoe))
	l.faulty = true // it says that it cannot serve
	l.Web.Stop()
	for _, e := range []*ear{ann, zoe} {
		if said := e.next(); said != "" {
			t.Errorf("at the end is said %q", said)
		}
	}
	if e := l.tunes(l.as(l.Ann), paths.Events); e.answer.StatusCode != http.StatusServiceUnavailable || e.answer.Header.Get("Retry-After") == "" {
		t.Errorf("a stopping node answers %d", e.answer.StatusCode)
	}
}

// A stream outlives the times that other requests have: nothing is waited for any more, and each thing that is told has a time
// of its own, from when it is told.
func TestStreamsOutliveTheLimitsOfRequests(t *testing.T) {
	t.Parallel()
	l := listening(t)
	clocks := make(chan *deadlines, 1)
	l.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, has := r.Context().Deadline(); has {
			t.Error("the server of the test sets a time of its own")
		}
		if r.URL.Path == paths.Events {
			d := &deadlines{ResponseWriter: w}
			clocks <- d
			w = d
		}
		l.Web.Handler().ServeHTTP(w, r)
	}))
	e := l.hears(l.as(l.Ann))
	d := <-clocks
	for _, to := range []role.Role{role.Viewer, role.Member, role.Viewer} {
		began := time.Now()
		l.turn(to)
		e.says("change " + l.publicID(rostertest.Acme) + " members")
		read, write := d.last()
		if !read.IsZero() {
			t.Errorf("the request is waited for until %v", read)
		}
		if !write.After(began) {
			t.Errorf("what was told after %v had to be read until %v", began, write)
		}
	}
}

// deadlines remembers the times that an answer sets itself.
type deadlines struct {
	http.ResponseWriter
	lock        sync.Mutex
	read, write time.Time
}

func (d *deadlines) Unwrap() http.ResponseWriter { return d.ResponseWriter }

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.read = at
	return nil
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.write = at
	return nil
}

func (d *deadlines) last() (read, write time.Time) {
	d.lock.Lock()
	defer d.lock.Unlock()
	return d.read, d.write
}

// Where nobody listens a change costs the node nothing: the statements are those of the one organization somebody listens in.
func TestAChangeNobodyHearsCostsNothing(t *testing.T) {
	t.Parallel()
	l := listening(t)
	zoe := l.hears(l.as(l.Zoe))
	trips := l.asked.during(func() {
		for i := range 50 {
			l.SQL(t, `UPDATE roster.invitations SET delivery = 'sent'`)
			l.SQL(t, `UPDATE roster.organizations SET invitation_days = $1 WHERE slug = 'acme'`, i%30+1)
		}
		l.SQL(t, `UPDATE roster.organizations SET invitation_days = invitation_days % 30 + 1 WHERE slug = 'other'`)
		zoe.next()
	})
	if len(trips) != 2 {
		t.Errorf("%d round trips, want two: %q", len(trips), trips)
	}
}

// A page that looks again by itself takes nothing that is for the person: no message, and not the place used last.
func TestLookingAgainTakesNothing(t *testing.T) {
	t.Parallel()
	l := listening(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Viewer)
	b := l.as(l.Ann)
	b.get(paths.Org(rostertest.Acme))
	form := b.get(paths.Appearance).form(paths.Appearance)
	form.Set("theme", "dark")
	saved := b.post(paths.Appearance, form)
	again := b.get(paths.Members(rostertest.Other), "Roster-Refresh", "1", "HX-Request", "true", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors")
	if again.status != http.StatusOK || !strings.Contains(again.raw, "<!doctype html>") {
		t.Errorf("looking again is answered %d", again.status)
	}
	if n := l.Count(t, `SELECT count(*) FROM auth.sessions WHERE active_org = $1`, l.orgID(rostertest.Acme)); n != 1 {
		t.Error("looking again moved the person")
	}
	b.follow(saved).says(200, "The appearance is saved.")
}

// What a page asks by itself, to show what others changed or how far a job is, is no use of the session: an unattended page
// in a busy organization is logged out like any other. What a person asks for is, and so is whatever changes something,
// whoever says that a script sent it.
func TestLookingAgainKeepsNoSessionAlive(t *testing.T) {
	t.Parallel()
	l := obey(t)
	b := l.as(l.Ann)
	members := paths.Members(rostertest.Acme)
	used := func(ask func()) bool {
		l.endSession(b, `UPDATE auth.sessions SET last_seen_at = now() - interval '29 minutes' WHERE token_digest = $1`)
		ask()
		return l.Count(t, `SELECT count(*) FROM auth.sessions WHERE token_digest = $1 AND last_seen_at > now() - interval '28 minutes'`, digestOf(b.cookie())) == 1
	}
	form := b.get(paths.Appearance).form(paths.Appearance)
	form.Set("theme", "dark")
	for what, c := range map[string]struct {
		ask  func()
		used bool
	}{
		"a page":               {func() { b.get(members).says(200) }, true},
		"a piece":              {func() { b.piece(http.MethodGet, members+"?q=a", nil).says(200) }, true},
		"a refresh":            {func() { b.get(members, "Roster-Refresh", "1", "HX-Request", "true").says(200) }, false},
		"a refresh by htmx":    {func() { b.piece(http.MethodGet, members, nil, "Roster-Refresh", "1").says(200) }, false},
		"the stream":           {func() { b.get(paths.Events).says(200) }, false},
		"a form, as a refresh": {func() { b.post(paths.Appearance, form, "Roster-Refresh", "1").leads(paths.Appearance) }, true},
		"a head, as a refresh": {func() { b.sendRaw(http.MethodHead, members, nil, []string{"Roster-Refresh", "1"}) }, false},
	} {
		if got := used(c.ask); got != c.used {
			t.Errorf("%s is a use of the session: %v", what, got)
		}
	}
	// An idle session is over for a refresh, too.
	l.endSession(b, `UPDATE auth.sessions SET last_seen_at = now() - interval '31 minutes' WHERE token_digest = $1`)
	if p := b.get(members, "Roster-Refresh", "1", "HX-Request", "true", "HX-Request-Type", "partial"); p.status != http.StatusUnauthorized {
		t.Errorf("a refresh after the end: status %d", p.status)
	}
}
