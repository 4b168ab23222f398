package faulttest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/views/paths"
)

// R3: the program is killed while somebody accepts an invitation. Afterwards they are wholly in or not at all, and
// pressing again lets them in, once.
func TestKilledWhileAcceptingJoinsWhollyOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann, cem := s.signUp(n, "Ann Owner"), s.signUp(n, "Cem Member")
	// Each step of joining takes a moment, so that the death falls between any two of them.
	s.dawdle(10*time.Millisecond, "roster.invitations", "roster.memberships", "roster.membership_roles", "roster.audit_events", "river.river_job")
	outcomes := map[string]int{}
	takes := map[bool]time.Duration{true: 80 * time.Millisecond, false: 150 * time.Millisecond} // with an account, without one
	for round := range roundsOr(12) {
		next := s.launch() // comes up while this one is still at work
		slug := fmt.Sprintf("org-%03d", round)
		s.exec(t, `DELETE FROM platform.foundings`) // she may make as many as there are rounds
		ann.found(slug)
		var who *person
		var accept string
		var form url.Values
		if round%4 == 3 { // somebody without an account, by the link in the letter
			who = s.visitor(n, fmt.Sprintf("New%d Member", round))
			ann.invite(slug, who.email)
			accept = path(t, s.letters.Wait(t, who.email), paths.InvitesStart) + "/accept"
			form = url.Values{"name": {who.name}, "password": {password}}
		} else {
			who = cem
			accept = paths.Accept(ann.invite(slug, who.email))
			form = cem.form(strings.TrimSuffix(accept, "/accept"), accept)
		}

		type outcome struct {
			answer
			err error
		}
		answered := make(chan outcome, 1)
		go func() {
			a, err := who.post(accept, form)
			answered <- outcome{a, err}
		}()
		killAfter(n, rand.N(3*takes[who == cem]/2)) // mostly while it works, and sometimes when it has answered
		first := <-answered
		if !next.comesUp() {
			t.Fatalf("the next node did not come up: %s", next.said)
		}
		n = next
		ann.at(n)
		cem.at(n)
		who.at(n)

		is := s.joined(slug, who.email)
		switch {
		case is == nothing && first.status == http.StatusSeeOther:
			t.Errorf("round %d: acknowledged, and nothing is there", round)
		case is != nothing && is != whole:
			t.Errorf("round %d: joined by half: %+v", round, is)
		}
		outcomes[fmt.Sprintf("answered %t, joined %t", first.err == nil, is == whole)]++

		pressed := time.Now()
		who.press(accept, form)
		takes[who == cem] = time.Since(pressed)
		if is := s.joined(slug, who.email); is != whole {
			t.Errorf("round %d: after pressing again: %+v", round, is)
		}
		who.mustGet(http.StatusOK, paths.Org(slug))
		if t.Failed() {
			return
		}
	}
	t.Log(outcomes)
	n.stop()
}

// killAfter kills a node after a moment.
func killAfter(n *node, moment time.Duration) {
	<-time.After(moment)
	n.kill()
}

// press posts a form as somebody does who got no answer: once more, and if Roster asks them to log in, then so.
func (p *person) press(to string, form url.Values) {
	p.site.t.Helper()
	a, err := p.patiently(0, func() (answer, error) { return p.post(to, form) })
	if err != nil {
		p.site.t.Fatal(err)
	}
	if a.status == http.StatusSeeOther {
		return
	}
	if a.status != http.StatusConflict && a.status != http.StatusUnauthorized {
		p.site.t.Fatalf("pressed again: status %d\n%s", a.status, words(a.body))
	}
	p.mustPost(http.StatusSeeOther, paths.LogIn, url.Values{"email": {p.email}, "password": {password}})
	offer, err := p.patiently(0, func() (answer, error) { return p.get(strings.TrimSuffix(to, "/accept")) })
	if err != nil {
		p.site.t.Fatal(err)
	}
	if offer.status == http.StatusSeeOther { // they are in already, and the link leads there
		return
	}
	form, _ = hidden(offer.body, to)
	p.mustPost(http.StatusSeeOther, to, form)
}

// membership of one person in one organization, with what has to come with it.
type traces struct{ accepted, memberships, roles, audits, letters int }

var nothing, whole = traces{}, traces{1, 1, 1, 1, 1}

// joined is the oracle: what is there of somebody's joining.
func (s *site) joined(slug, email string) traces {
	s.t.Helper()
	conn := s.super(s.t)
	defer conn.Close(s.t.Context())
	var is traces
	var org uuid.UUID
	err := conn.QueryRow(s.t.Context(), `SELECT o.id,
		(SELECT count(*) FROM roster.invitations i WHERE i.org_id = o.id AND i.email_norm = $2 AND i.state = 'accepted'),
		(SELECT count(*) FROM roster.memberships m JOIN roster.users u ON u.id = m.user_id WHERE m.org_id = o.id AND u.email_norm = $2 AND m.status = 'active'),
		(SELECT count(*) FROM roster.membership_roles r JOIN roster.users u ON u.id = r.user_id WHERE r.org_id = o.id AND u.email_norm = $2),
		(SELECT count(*) FROM roster.audit_events a JOIN roster.users u ON u.id = a.actor_id
			WHERE a.org_id = o.id AND a.event = 'membership.joined' AND u.email_norm = $2),
		(SELECT count(*) FROM river.river_job j WHERE j.args->>'org_id' = o.id::text AND j.args->>'letter' = 'invitation_accepted')
		FROM roster.organizations o WHERE o.slug = $1`, slug, email).Scan(&org, &is.accepted, &is.memberships, &is.roles, &is.audits, &is.letters)
	if err != nil {
		s.t.Fatal(err)
	}
	return is
}
