package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"roster/db"
	"roster/internal/role"
	"roster/internal/rostertest"
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
	l.faulty = true // some of Acme's forms wait for the lock in vain
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
			answers[i] = people[i%len(people)].post(paths.Invitations(rostertest.Acme), own)
		})
	}
	waiting := func() int {
		return l.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE usename = 'roster_app' AND wait_event_type = 'Lock' AND datname = current_database()`)
	}
	for began := time.Now(); waiting() < web.AtOnce(pool); {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%d of Acme's requests wait for the lock", waiting())
		}
	}
	took := make([]time.Duration, 20)
	for i := range took {
		began := time.Now()
		zoe.get(paths.Members(rostertest.Other)).says(200, "Zoe Elsewhere")
		took[i] = time.Since(began)
	}
	if slices.Sort(took); took[len(took)/2] > 500*time.Millisecond { // whoever waits for the lock, waits for two seconds
		t.Errorf("pages of Other took %v", took)
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
		if p.status == http.StatusServiceUnavailable && p.header.Get("Retry-After") == "" || p.status != http.StatusServiceUnavailable && p.status != http.StatusSeeOther && p.status != http.StatusOK {
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
	first.Go(func() { l.faulty = true; ann.get(paths.Members(rostertest.Acme)) }) // waits for the lock, for two seconds
	for l.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) == 0 {
	}
	// Ben has waited as long as Ann by then.
	said := ben.post(paths.Invitations(rostertest.Acme), form)
	if said.status != http.StatusServiceUnavailable || said.header.Get("Retry-After") == "" {
		t.Errorf("Ben is answered %d, Retry-After %q", said.status, said.header.Get("Retry-After"))
	}
	first.Wait()
	if err := locked.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(said.text(), "Too much is asked of this organization at once") && !strings.Contains(said.raw, "typed@guests.example") {
		t.Errorf("what was typed is lost: %s", said.text())
	}
	ann.get(paths.Members(rostertest.Acme)).says(200, "Ben Admin")
}
