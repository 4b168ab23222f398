package faulttest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
)

// R10: somebody outside holds a lock that every page waits for, and 500 people come at once. Each is answered soon, with
// a 503 that says when to come back; health answers meanwhile; and the moment that the lock is gone all is well.
func TestPoolExhaustedAnswersEverybodySoon(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")

	lock := s.super(t)
	locked, err := lock.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locked.Exec(t.Context(), `LOCK TABLE roster.memberships, roster.invitations IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}

	const people = 500
	took := make([]time.Duration, people)
	answers := make([]answer, people)
	errs := make([]error, people)
	over := make(chan struct{})
	go func() {
		defer close(over)
		rostertest.Together(people, func(i int) {
			began := time.Now()
			if i%5 == 0 {
				answers[i], errs[i] = ann.post(paths.Invitations("acme"), invitation("guest@pool.example"))
			} else {
				answers[i], errs[i] = ann.get([]string{paths.Org("acme"), paths.Members("acme"), paths.Invitations("acme"), paths.Orgs}[i%4])
			}
			took[i] = time.Since(began)
		})
	}()
	asked, slowest := 0, time.Duration(0)
	for waiting := true; waiting; asked++ {
		select {
		case <-over:
			waiting = false
		default:
		}
		began := time.Now()
		for path, want := range map[string]string{"/livez": "alive\n", "/readyz": "ready\n"} {
			if status, said := n.health(path); status != http.StatusOK || said != want {
				t.Errorf("while people wait, %s answers %d %q", path, status, said)
			}
		}
		slowest = max(slowest, time.Since(began))
		if t.Failed() {
			break
		}
	}
	<-over
	for i := range people {
		if errs[i] != nil || answers[i].status != http.StatusServiceUnavailable || answers[i].header.Get("Retry-After") == "" || !strings.Contains(answers[i].body, "<h1") {
			t.Errorf("request %d: %d, Retry-After %q, %v after %v: %.200s", i, answers[i].status, answers[i].header.Get("Retry-After"), errs[i], took[i], words(answers[i].body))
		}
		if t.Failed() {
			break
		}
	}
	slices.Sort(took)
	t.Logf("%d answers: median %v, slowest %v; health asked %d times, slowest %v", people, took[people/2], took[people-1], asked, slowest)
	if err := locked.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	freed := time.Now()
	suite.Until(t, "pages are back", func() bool {
		a, err := ann.get(paths.Members("acme"))
		return err == nil && a.status == http.StatusOK
	})
	t.Logf("recovered in %v", time.Since(freed))
	ann.mustPost(http.StatusSeeOther, paths.Invitations("acme"), invitation("after@pool.example"))
	if n := s.count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = 'guest@pool.example'`); n != 0 {
		t.Errorf("%d invitations of requests that were refused", n)
	}
	n.stop()
}
