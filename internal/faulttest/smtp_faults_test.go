//go:build faults

package faulttest

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/internal/mail/mailtest"
	"roster/internal/suite"
	"roster/views/paths"
)

// mailSite is an installation that invites through a mail server, and the owner of acme.
func mailSite(t *testing.T) (*site, *node, *person) {
	t.Helper()
	s := newSite(t, shared)
	n := s.start()
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")
	s.mature("acme")
	return s, n, ann
}

// letter is how the invitation's letter stands: its state for people, and its job's.
func (s *site) letter(address string) (delivery, state string, attempts int, wait time.Duration) {
	s.t.Helper()
	delivery = one[string](s.t, s.database, `SELECT delivery FROM roster.invitations WHERE email_norm = $1 ORDER BY created_at DESC LIMIT 1`, address)
	const job = ` FROM river.river_job WHERE args->>'letter' = 'invitation' AND args->'data'->>'To' = $1 ORDER BY id DESC LIMIT 1`
	state = one[string](s.t, s.database, `SELECT state::text`+job, address)
	attempts = s.count(s.t, `SELECT attempt::int`+job, address)
	seconds := one[float64](s.t, s.database, `SELECT extract(epoch FROM scheduled_at - now())::float8`+job, address)
	return delivery, state, attempts, time.Duration(seconds * float64(time.Second))
}

// failures counts the attempts at an invitation's letter that are over.
func (s *site) failures(address string) int {
	s.t.Helper()
	return s.count(s.t, `SELECT coalesce(cardinality(errors), 0) FROM river.river_job WHERE args->'data'->>'To' = $1`, address)
}

// R5: whatever the mail server does, pages and invitations are as quick as before; letters are tried again later and
// later, or given up at once where that is useless, and both can be seen.
func TestMailServerRefusesAndNobodyWaits(t *testing.T) {
	t.Parallel()
	s, n, ann := mailSite(t)
	load := pressOn(t, 15, func(i int) error {
		if a, err := ann.get(paths.Invitations("acme")); err != nil || a.status != http.StatusOK {
			return fmt.Errorf("a page is answered %d (%v)", a.status, err)
		}
		return nil
	})
	invite := func(address string) string {
		t.Helper()
		began := time.Now()
		id := ann.invite("acme", address)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("inviting %s took %v", address, took)
		}
		return id
	}

	for _, c := range []struct {
		name string
		mode mailtest.Mode
	}{{"busy", mailtest.Busy}, {"greylists", mailtest.Greylist}, {"drops", mailtest.Drop}} {
		s.letters.Set(c.mode)
		address := strings.ToLower(c.name) + "@mail.example"
		invite(address)
		suite.Until(t, c.name+": the letter was tried", func() bool { return s.failures(address) == 1 })
		delivery, state, attempts, wait := s.letter(address)
		if delivery != "queued" || attempts != 1 || wait < time.Second || wait > 6*time.Second {
			t.Errorf("%s: after the first attempt the letter is %s, its job %s, %d attempts, the next one in %v", c.name, delivery, state, attempts, wait)
		}
	}

	// A mailbox that does not exist is not tried again, and the page says so.
	s.letters.Set(mailtest.NoMailbox)
	gone := invite("gone@mail.example")
	suite.Until(t, "the letter is given up", func() bool {
		delivery, state, attempts, _ := s.letter("gone@mail.example")
		return delivery == "failed" && state == "cancelled" && attempts == 1
	})
	if a := ann.mustGet(http.StatusOK, paths.Invitation("acme", gone)); !strings.Contains(words(a.body), "the mailbox does not exist") {
		t.Errorf("the page does not say why: %s", words(a.body))
	}

	// Each attempt is further from the one before; after five days the letter is given up, and the page says so.
	s.letters.Set(mailtest.Busy)
	last := invite("last@mail.example")
	before, days := time.Duration(0), 0
	const attempts = 8
	for attempt := 1; attempt <= attempts; attempt++ {
		var wait time.Duration
		suite.Until(t, fmt.Sprintf("attempt %d is over", attempt), func() bool {
			_, state, tried, w := s.letter("last@mail.example")
			wait = w
			return tried == attempt && (state == "retryable" || state == "available" && w > time.Second || state == "cancelled")
		})
		if attempt < attempts && wait < before {
			t.Errorf("after attempt %d the next one is in %v, before it was %v", attempt, wait, before)
		}
		before = wait
		if attempt == attempts-1 {
			days = 6
		}
		s.exec(t, `UPDATE river.river_job SET state = 'available', scheduled_at = now(), created_at = created_at - make_interval(days => $1) WHERE args->'data'->>'To' = 'last@mail.example' AND state <> 'cancelled'`, days)
		s.exec(t, `SELECT pg_notify('river.river_insert', '{"queue":"default"}')`)
	}
	if delivery, state, tried, _ := s.letter("last@mail.example"); delivery != "failed" || state != "cancelled" || tried != attempts {
		t.Errorf("after five days the letter is %s, its job %s, %d attempts", delivery, state, tried)
	}
	if a := ann.mustGet(http.StatusOK, paths.Invitation("acme", last)); !strings.Contains(words(a.body), "could not be sent for five days, because the mail server cannot take letters") {
		t.Errorf("the page does not say why: %s", words(a.body))
	}
	if kept := s.count(t, `SELECT count(*) FROM river.river_job WHERE state IN ('cancelled', 'discarded') AND args ? 'sealed'`); kept > 0 {
		t.Errorf("%d letters that were given up still hold their secret", kept)
	}

	// Well again: what waited leaves by itself, and what was given up is sent by a press.
	s.letters.Set(mailtest.Normal)
	for _, waited := range []string{"busy@mail.example", "greylists@mail.example", "drops@mail.example"} {
		suite.Until(t, "the letter to "+waited+" leaves by itself", func() bool { delivery, _, _, _ := s.letter(waited); return delivery == "sent" })
	}
	s.exec(t, `UPDATE roster.invitations SET sent_at = sent_at - interval '10 minutes' WHERE email_norm = 'last@mail.example'`)
	ann.mustPost(http.StatusSeeOther, paths.SendAgain("acme", last), url.Values{"submission": {uuid.NewString()}})
	s.letters.Wait(t, "last@mail.example")

	load.end()
	if slow := load.slowest(0.99); slow > time.Second {
		t.Errorf("99 %% of the pages took up to %v", slow)
	}
	t.Log(load)
	n.stop()
}

// R5: a mail server that does not even answer, and one that says a byte a second, hold a letter for half a minute and
// no longer; then it is tried again.
func TestMailServerDawdlesAndIsHungUpOn(t *testing.T) {
	t.Parallel()
	s, _, ann := mailSite(t)
	s.letters.Set(mailtest.Tarpit)
	began := time.Now()
	for i := range 2 {
		ann.invite("acme", fmt.Sprintf("tar%d@mail.example", i))
	}
	for i := range 2 {
		suite.Until(t, "the conversation is over", func() bool { return s.failures(fmt.Sprintf("tar%d@mail.example", i)) > 0 })
	}
	if took := time.Since(began); took < 20*time.Second || took > 40*time.Second {
		t.Errorf("a tarpit was borne with for %v", took)
	}
	s.letters.Set(mailtest.Normal)
	for i := range 2 {
		s.letters.Wait(t, fmt.Sprintf("tar%d@mail.example", i))
	}
}

// R5: letters that hang hold up the others for a bounded time, however many of them there are: what people wait for at
// the log-in goes before invitations. The server has a minute for its answer to a letter, for whoever hangs up sooner may
// send it twice.
func TestHangingLettersHoldUpOthersForABoundedTime(t *testing.T) {
	t.Parallel()
	s, n, ann := mailSite(t)
	s.letters.Set(mailtest.Hang)
	for i := range 12 {
		ann.invite("acme", fmt.Sprintf("hang%02d@mail.example", i))
	}
	suite.Until(t, "every worker hangs", func() bool { return s.count(t, `SELECT count(*) FROM river.river_job WHERE state = 'running'`) >= 4 })
	s.visitor(n, "Ann Owner").mustPost(http.StatusOK, paths.Forgot, url.Values{"email": {ann.email}})
	began := time.Now()
	var took time.Duration
	suite.Until(t, "the letter with the link to a new password was tried", func() bool {
		took = time.Since(began)
		return s.count(t, `SELECT count(*) FROM river.river_job WHERE args->>'letter' LIKE '%reset%' AND attempt > 0`) > 0
	})
	if took > 100*time.Second {
		t.Errorf("a letter was held up for %v", took)
	}
	t.Logf("held up for %v", took.Round(100*time.Millisecond))
	if a, err := ann.get(paths.Members("acme")); err != nil || a.status != http.StatusOK {
		t.Errorf("a page is answered %d (%v)", a.status, err)
	}
}

// R5: where nobody listens, and where whoever listens hangs up.
func TestMailServerThatIsNotThereIsTriedAgain(t *testing.T) {
	t.Parallel()
	s, n, ann := mailSite(t)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nobody.Addr().String()
	nobody.Close()
	other := s.start("ROSTER_SMTP_URL=smtp://" + address + "?tls=none")
	n.stop() // so that the other one sends
	ann.at(other)
	ann.invite("acme", "late@mail.example")
	suite.Until(t, "the letter was tried", func() bool { return s.failures("late@mail.example") > 0 })
	if delivery, _, _, _ := s.letter("late@mail.example"); delivery != "queued" {
		t.Errorf("the letter is %s", delivery)
	}
	s.start()
	other.stop()
	s.letters.Wait(t, "late@mail.example")
}
