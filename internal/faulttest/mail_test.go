package faulttest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"roster/internal/mail/mailtest"
	"roster/internal/suite"
	"roster/views/paths"
)

// R4, R22: the program is killed while it mails, at a moment and in a phase that chance decides. Every invitation is
// mailed; a letter that came twice is the same letter, seen by its Message-ID; its link works; no job is left over.
func TestKilledWhileMailingLeavesNoInvitationWithoutItsLetter(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared, mailtest.WithPauses(func(string) time.Duration { return rand.N(100 * time.Millisecond) }))
	n := s.start()
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")
	s.mature("acme")
	var invited []string
	for round := range roundsOr(8) {
		next := s.launch()
		for i := range 3 {
			invited = append(invited, fmt.Sprintf("r%03d-%d@mail.example", round, i))
			ann.invite("acme", invited[len(invited)-1])
		}
		life := 300 * time.Millisecond
		if round%10 == 9 {
			life = 6 * time.Second // long enough to take letters over
		}
		killAfter(n, rand.N(life))
		if !next.comesUp() {
			t.Fatalf("the next node did not come up: %s", next.said)
		}
		n = next
		ann.at(n)
	}

	waiting := func() int {
		return s.count(t, `SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation' AND state <> 'completed'`)
	}
	began := time.Now()
	suite.Until(t, "every letter has left", func() bool { return waiting() == 0 })
	t.Logf("%d letters, the last of them %v after the last restart", len(invited), time.Since(began).Round(100*time.Millisecond))

	came, ids, twice := map[string][]mailtest.Message{}, map[string]string{}, 0
	for _, m := range s.letters.All() {
		if !strings.HasSuffix(m.To, "@mail.example") {
			continue
		}
		id := m.Header.Get("Message-Id")
		if known, seen := ids[m.To]; seen && known != id {
			t.Errorf("two letters to %s are two: %s and %s", m.To, known, id)
		}
		ids[m.To] = id
		if len(came[m.To]) > 0 {
			twice++
			if link, before := path(t, m, paths.InvitesStart), path(t, came[m.To][0], paths.InvitesStart); link != before {
				t.Errorf("two letters to %s have two links", m.To)
			}
		}
		came[m.To] = append(came[m.To], m)
	}
	for _, address := range invited {
		if len(came[address]) == 0 {
			t.Errorf("%s was invited and has no letter", address)
			continue
		}
		if a, err := s.visitor(n, "Somebody").get(path(t, came[address][0], paths.InvitesStart)); err != nil || a.status != http.StatusOK {
			t.Errorf("the link of %s answers %d (%v)", address, a.status, err)
		}
	}
	if told := s.count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm LIKE '%@mail.example' AND delivery <> 'sent'`); told > 0 {
		t.Errorf("%d invitations do not say that their letter was sent", told)
	}
	if kept := s.count(t, `SELECT count(*) FROM river.river_job WHERE args ? 'sealed'`); kept > 0 {
		t.Errorf("%d jobs still hold their secret", kept)
	}
	t.Logf("%d letters came twice", twice)
	n.stop()
}
