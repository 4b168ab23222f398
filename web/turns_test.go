package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"roster/db"
	"roster/internal/role"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
	"roster/web"
)

// One organization takes up all that it can: fifty of its forms, of five people, wait for a lock that somebody holds,
// on a pool of four connections. Another organization's pages come as if nothing were, and all fifty are answered. A09 I133
func TestAFullOrganizationLeavesOthersTheirs(t *testing.T) {
	t.Parallel()
	const pool, many = 4, 50
	l := lay(t, true, func(t testing.TB, options ...func(*db.Config)) *rostertest.World {
		return rostertest.New(t, append(options, func(c *db.Config) { c.MaxConns = pool })...)
	}, func(c *web.Config) { c.AtOnce = web.AtOnce(pool) })
	var people []*browser
	for range 5 {
		p, _ := l.someone(rostertest.Acme, role.Admin)
		people = append(people, l.as(p))
	}
	zoe := l.as(l.Zoe)
	form := people[0].get(paths.Invitations(rostertest.Acme)).form(paths.Invitations(rostertest.Acme))
	form.Del("_person")
	zoe.get(paths.Members(rostertest.Other))

	locked, err := l.Database.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locked.Exec(t.Context(), `SELECT FROM roster.organizations WHERE slug = 'acme' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	answers := make([]*page, many)
	for i := range many {
		all.Go(func() {
			own := url.Values{}
			for name, values := range form {
				own[name] = values
			}
			own.Set("emails", "guest@full.example")
			own.Set("role", "member")
			own.Set("preview", "no")
			answers[i] = people[i%len(people)].once().post(paths.Invitations(rostertest.Acme), own)
		})
	}
	waiting := func() int {
		return l.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE usename = 'roster_app' AND wait_event_type = 'Lock' AND datname = current_database()`)
	}
	suite.Until(t, "Acme's requests wait for the lock", func() bool { return waiting() == web.AtOnce(pool) })
	// The lock is held as long as it takes, so a page of Other comes past Acme's requests or not at all.
	for range 20 {
		zoe.get(paths.Members(rostertest.Other)).says(200, "Zoe Elsewhere")
	}
	if n := waiting(); n > web.AtOnce(pool) {
		t.Errorf("%d of Acme's requests are at work", n)
	}
	if err := locked.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	counted := map[int]int{}
	for i, p := range answers {
		counted[p.status]++
		if !p.busy() && p.status != http.StatusSeeOther && p.status != http.StatusOK {
			t.Errorf("request %d: %d %s", i, p.status, p.text())
		}
	}
	t.Logf("Acme's answers: %v", counted)
	people[0].get(paths.Members(rostertest.Acme)).says(200, "Ann Owner")
}

// Who has to wait too long for a turn is told so in plain words, loses nothing that was typed, and is nobody's fault in
// the log; others of the organization are served the moment that there is a turn again. I133
func TestWhoWaitsTooLongIsToldSo(t *testing.T) {
	t.Parallel()
	l := obey(t, func(c *web.Config) { c.AtOnce = 1 })
	ann, ben := l.as(l.Ann), l.as(l.Ben)
	form := ben.get(paths.Invitations(rostertest.Acme)).form(paths.Invitations(rostertest.Acme))
	form.Set("emails", "typed@guests.example")
	locked, err := l.Database.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locked.Exec(t.Context(), `LOCK TABLE roster.memberships IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	var first sync.WaitGroup
	first.Go(func() { ann.once().get(paths.Members(rostertest.Acme)) }) // waits for the lock, for two seconds
	suite.Until(t, "Ann waits for the lock", func() bool {
		return l.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) > 0
	})
	// Ben waits for his turn, or where Ann has given up before, for the lock.
	said := ben.once().post(paths.Invitations(rostertest.Acme), form)
	if !said.busy() {
		t.Errorf("Ben is answered %d, Retry-After %q", said.status, said.header.Get("Retry-After"))
	}
	first.Wait()
	if err := locked.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.raw, "typed@guests.example") {
		t.Errorf("what was typed is lost: %s", said.text())
	}
	ann.get(paths.Members(rostertest.Acme)).says(200, "Ben Admin")
}

// Fifty presses of one person wait for their turn before they take a connection: while the database lets nobody through, all
// of them together hold two, of four. Who does not get a turn is told that it is being done, and not that the database cannot
// be reached; and when it goes on, it is done once and all hear the same. I133 R10 R30
func TestPressesOfOnePersonWaitForEachOther(t *testing.T) {
	t.Parallel()
	const pool, many = 4, 50
	l := lay(t, true, func(t testing.TB, options ...func(*db.Config)) *rostertest.World {
		return rostertest.New(t, append(options, func(c *db.Config) { c.MaxConns = pool })...)
	}, func(c *web.Config) { c.AtOnce = web.AtOnce(pool) })
	ann := l.as(l.Ann)
	form := ann.get(paths.Invitations(rostertest.Acme)).form(paths.Invitations(rostertest.Acme))
	form.Set("emails", "pressed@guests.example")
	h := l.hold("auth.sessions") // the first that a request asks
	l.asked.most.Store(0)
	answers, first := make([]*page, many), make([]*page, many)
	var all sync.WaitGroup
	for i := range many {
		b := l.with(ann.cookie())
		all.Go(func() {
			first[i] = b.once().post(paths.Invitations(rostertest.Acme), form)
			if answers[i] = first[i]; first[i].busy() {
				answers[i] = b.post(paths.Invitations(rostertest.Acme), form)
			}
		})
	}
	h.waits(2)
	h.release()
	all.Wait()
	if most := l.asked.most.Load(); most > 2 {
		t.Errorf("one person's presses hold %d of %d connections", most, pool)
	}
	for i, p := range first {
		if p.busy() && strings.Contains(p.text(), "cannot be reached") {
			t.Fatalf("press %d hears: %s", i, p.text())
		}
		answers[i].leads(paths.Invitations(rostertest.Acme))
	}
	if n := l.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.sent' AND subject_name = 'pressed@guests.example'`); n != 1 {
		t.Errorf("%d invitations are sent", n)
	}
}

// What was just done is said, though the page that was to say it did not come.
func TestABusyAnswerTakesNoNotice(t *testing.T) {
	t.Parallel()
	l := obey(t)
	ann := l.as(l.Ann)
	form := ann.get(paths.Appearance).form(paths.Appearance)
	form.Set("theme", "dark")
	saved := ann.post(paths.Appearance, form)
	h := l.hold("roster.memberships")
	if p := ann.once().get(saved.location); !p.busy() {
		t.Errorf("while the database lets nobody through, the page is answered %d", p.status)
	}
	h.release()
	ann.follow(saved).says(200, "The appearance is saved.")
}
