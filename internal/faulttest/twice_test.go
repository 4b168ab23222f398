package faulttest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"roster/internal/rostertest"
	"roster/views/paths"
)

// R30: each form that changes something is sent fifty times at once, as a nervous finger or a proxy does. It is done
// once, and all fifty are answered alike.
func TestFormSentFiftyTimesIsDoneOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann, cem, dee := s.signUp(n, "Ann Owner"), s.signUp(n, "Cem Member"), s.signUp(n, "Dee Guest")
	eve := s.signUp(n, "Eve Invited")
	ann.found("acme")
	ann.found("other")
	cem.join(ann, "acme")
	dee.join(ann, "acme")
	s.mature("acme")
	open := ann.invite("acme", "guest@people.example")
	declined, offer := ann.invite("other", cem.email), ann.invite("acme", eve.email)
	member := cem.membership("acme")
	s.exec(t, `UPDATE roster.invitations SET sent_at = sent_at - interval '1 hour'`) // what was sent just now is not sent again

	for _, act := range []struct {
		who          *person
		page, action string   // no page: where the form before led; an action that ends in a slash: the first that begins so
		fields       []string // typed or chosen
		audits       int      // entries that it leaves
		letters      int
	}{
		{ann, paths.Invitations("acme"), paths.Invitations("acme"), []string{"emails", "new@people.example", "role", "member", "preview", "no"}, 1, 1},
		{ann, paths.Invitation("acme", open), paths.SendAgain("acme", open), nil, 1, 1},
		{ann, paths.Invitation("acme", open), paths.MakeLink("acme", open), nil, 1, 0},
		{ann, paths.Invitation("acme", open), paths.InvitationRole("acme", open), []string{"role", "viewer"}, 1, 0},
		{ann, paths.Invitation("acme", open), paths.Revoke("acme", open), nil, 1, 0},
		{ann, "", paths.Undo("acme", ""), nil, 1, 0}, // in the notice of the change before
		{ann, paths.ChangeRole("acme", member), paths.ChangeRole("acme", member), []string{"role", "viewer"}, 1, 1},
		{ann, paths.Suspend("acme", member), paths.Suspend("acme", member), nil, 1, 0},
		{ann, paths.Member("acme", member), paths.Reactivate("acme", member), nil, 1, 0},
		{ann, paths.Remove("acme", member), paths.Remove("acme", member), []string{"tell", "on"}, 1, 1},
		{dee, paths.Leave("acme"), paths.Leave("acme"), nil, 1, 0},
		{cem, paths.Offer(declined), paths.Decline(declined), nil, 1, 1},
		{eve, paths.Offer(offer), paths.Accept(offer), nil, 1, 1},
		{ann, paths.NewOrg, paths.Orgs, []string{"name", "Third", "slug", "third"}, 2, 0},
		{ann, paths.Appearance, paths.Appearance, []string{"theme", "dark"}, 0, 0},
		{ann, paths.Org("other"), paths.Switch("acme"), nil, 0, 0},
	} {
		page := act.page
		if page == "" {
			page = act.who.landed
		}
		form, action := act.who.shown(page, act.action)
		if form == nil {
			t.Errorf("%s has no form to %s", page, act.action)
			continue
		}
		form = with(form, act.fields...)
		audits, letters := s.count(t, `SELECT count(*) FROM roster.audit_events`), s.count(t, `SELECT count(*) FROM river.river_job`)

		const presses = 50
		answers := make([]answer, presses)
		tabs := make([]*person, presses)
		for i := range tabs {
			tabs[i] = act.who.copyOf()
		}
		rostertest.Together(presses, func(i int) {
			var err error
			if answers[i], err = tabs[i].patiently(0, func() (answer, error) { return tabs[i].post(action, form) }); err != nil {
				t.Errorf("%s: %v", action, err)
			}
		})
		alike := map[string]int{}
		for _, a := range answers {
			alike[fmt.Sprint(a.status, " ", a.location())]++
		}
		if len(alike) != 1 || answers[0].status >= 400 {
			t.Errorf("%s is answered in %d ways: %v\n%.300s", action, len(alike), alike, words(answers[0].body))
		}
		if did := s.count(t, `SELECT count(*) FROM roster.audit_events`) - audits; did != act.audits {
			t.Errorf("%s left %d entries in the audit, not %d", action, did, act.audits)
		}
		if sent := s.count(t, `SELECT count(*) FROM river.river_job`) - letters; sent != act.letters {
			t.Errorf("%s sent %d letters, not %d", action, sent, act.letters)
		}
		act.who.become(tabs[0])
		act.who.landed = answers[0].location()
	}
	n.stop()
}

// R30: what somebody does who is not logged in has no page of theirs that could be marked, and is done once all the same:
// the link is used up.
func TestLinkUsedFiftyTimesWorksOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann, newcomer := s.signUp(n, "Ann Owner"), s.visitor(n, "New Person")
	ann.found("acme")
	ann.invite("acme", newcomer.email)
	accept := path(t, s.letters.Wait(t, newcomer.email), paths.InvitesStart) + "/accept"
	const presses = 20 // each hashes a password
	answers := make([]string, presses)
	tabs := make([]*person, presses)
	for i := range tabs {
		tabs[i] = newcomer.copyOf()
	}
	rostertest.Together(presses, func(i int) {
		a, err := tabs[i].patiently(0, func() (answer, error) {
			return tabs[i].post(accept, url.Values{"name": {newcomer.name}, "password": {password}})
		})
		answers[i] = fmt.Sprint(a.status, err)
	})
	if is := s.joined("acme", newcomer.email); is != whole {
		t.Errorf("%d presses left %+v", presses, is)
	}
	if accounts := s.count(t, `SELECT count(*) FROM roster.users WHERE email_norm = $1`, newcomer.email); accounts != 1 {
		t.Errorf("%d accounts", accounts)
	}
	slices.Sort(answers)
	if said := slices.Compact(answers); !slices.Contains(said, "303 <nil>") || slices.ContainsFunc(said, func(a string) bool { return a != "303 <nil>" && a != "409 <nil>" }) {
		t.Errorf("answered %v", said)
	}
	n.stop()
}

// shown is the form of a page with an action, and the action: the first that begins with it, if it ends in a slash.
func (p *person) shown(page, action string) (url.Values, string) {
	p.site.t.Helper()
	a := p.mustGet(http.StatusOK, page)
	if strings.HasSuffix(action, "/") {
		doc, err := html.Parse(strings.NewReader(a.body))
		if err != nil {
			p.site.t.Fatal(err)
		}
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode && n.Data == "form" && strings.HasPrefix(attributes(n)["action"], action) {
				action = attributes(n)["action"]
				break
			}
		}
	}
	form, _ := hidden(a.body, action)
	return form, action
}

// become takes over the cookies of another tab.
func (p *person) become(other *person) {
	other.mu.Lock()
	cookies := maps.Clone(other.cookies)
	other.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cookies = cookies
}
