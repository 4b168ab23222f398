package faulttest

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"roster/internal/suite"
	"roster/views/paths"
)

// R1, A03: the database dies under requests, again and again. Each request is done or answered 503 and a page that says
// when to come back, nothing that was acknowledged is lost or done twice, the node recovers by itself, and no
// connection is left inside an organization: Zoe never sees a row of Ann's.
func TestDatabaseRestartLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	s := newSite(t, startPostgres(t, nil))
	n := s.start()
	ann, cem, zoe := s.signUp(n, "Ann Owner"), s.signUp(n, "Cem Member"), s.signUp(n, "Zoe Elsewhere")
	ann.found("acme")
	zoe.found("other")
	cem.join(ann, "acme")
	zoe.invite("other", "guest@other.example")
	s.mature("acme")
	s.dawdle(60*time.Millisecond, "roster.audit_events") // the last thing before a commit

	d := drive(t, ann, "acme", 6, cem)
	var looking sync.WaitGroup
	seen := 0
	looking.Go(func() {
		for !d.stopped() {
			a, err := zoe.get(paths.Invitations("other"))
			switch {
			case err != nil || a.status == http.StatusServiceUnavailable:
			case a.status != http.StatusOK || !strings.Contains(a.body, "guest@other.example") || strings.Contains(a.body, "@drive.example"):
				t.Errorf("Zoe's page: %d %.500s", a.status, words(a.body))
				return
			default:
				seen++
			}
		}
	})
	var slowest time.Duration
	for round := range roundsOr(4) {
		d.progress(5)
		if round%2 == 0 { // let the death fall into a commit
			suite.Until(t, "a commit is under way", func() bool {
				return s.count(t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`) > 0
			})
		}
		s.crash(t)
		suite.Until(t, "the node says that it is not ready", func() bool { return !n.ready() })
		if status, _ := n.health("/livez"); status != http.StatusOK {
			t.Errorf("without a database /livez answers %d", status)
		}
		if a, err := ann.get(paths.Org("acme")); err != nil || a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("without a database a page answers %d (%v)", a.status, err)
		}
		s.database.start(t)
		slowest = max(slowest, d.progress(1))
	}
	d.progress(5)
	d.halt()
	looking.Wait()
	d.onlyKinds(http.StatusSeeOther, http.StatusServiceUnavailable)
	d.judge(s)
	t.Logf("recovered in %v at most; Zoe looked %d times", slowest, seen)
	if seen == 0 {
		t.Error("Zoe never saw her page")
	}
	n.stop()
}
