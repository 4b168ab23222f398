//go:build faults

package faulttest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/internal/suite"
	"roster/views/paths"
)

// R7, I103: the database takes no changes for a while. Every page is read as before, every change is refused
// with 503 in plain words and nothing typed is lost, nobody is logged in, and all goes on by itself afterwards.
func TestReadOnlyDatabaseIsReadAndNotChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t, startPostgres(t, nil))
	n := s.start()
	ann, cem, dan := s.signUp(n, "Ann Owner"), s.signUp(n, "Cem Member"), s.signUp(n, "Dan Invited")
	ann.found("beta")
	ann.found("acme")
	cem.join(ann, "acme")
	s.mature("acme")
	invited, offer := ann.invite("acme", "waits@people.example"), ann.invite("acme", dan.email)
	mem := cem.membership("acme")

	pages := []string{paths.Home, paths.Orgs, paths.NewOrg, paths.CheckSlug + "?slug=gamma", paths.Appearance, paths.Org("acme"), paths.Org("beta"), paths.Members("acme"),
		paths.Members("acme") + "?q=cem", paths.Member("acme", mem), paths.ChangeRole("acme", mem), paths.Suspend("acme", mem), paths.Remove("acme", mem),
		paths.Leave("acme"), paths.Invitations("acme"), paths.Invitation("acme", invited), paths.Org("nowhere")}
	read := func() (seen []answer) {
		for _, page := range pages {
			a, err := ann.get(page)
			if err != nil {
				t.Fatal(page, err)
			}
			seen = append(seen, a)
		}
		seen = append(seen, dan.mustGet(http.StatusOK, paths.Offer(offer)))
		visitor := s.visitor(n, "Nobody")
		return append(seen, visitor.mustGet(http.StatusOK, paths.LogIn), visitor.mustGet(http.StatusOK, paths.SignUp))
	}
	before := read()
	d := drive(t, ann, "acme", 2, cem)
	d.progress(5)

	// Looking would note who was here last, if it could.
	s.exec(t, `UPDATE auth.sessions SET last_seen_at = now() - interval '10 minutes'`)
	s.exec(t, `UPDATE roster.memberships SET last_active_at = NULL`)
	s.readOnly(t, "on")
	for i, a := range read() {
		if was := before[i]; a.status != was.status || a.location() != was.location() || heading(a.body) != heading(was.body) {
			t.Errorf("page %d: %d %q %q, before %d %q %q", i, a.status, a.location(), heading(a.body), was.status, was.location(), heading(was.body))
		}
	}
	if !n.ready() {
		t.Error("the node is not ready, though it serves pages")
	}

	for _, c := range []struct {
		who  *person
		to   string
		form url.Values
		back string // what comes back in the answer, to be sent again
	}{
		{ann, paths.Invitations("acme"), invitation("typed@people.example"), "typed@people.example"},
		{ann, paths.Suspend("acme", mem), url.Values{"submission": {uuid.NewString()}}, ""},
		{ann, paths.Remove("acme", mem), url.Values{"submission": {uuid.NewString()}}, ""},
		{ann, paths.Revoke("acme", invited), url.Values{"submission": {uuid.NewString()}}, ""},
		{ann, paths.Orgs, url.Values{"name": {"Gamma"}, "slug": {"gamma"}, "submission": {uuid.NewString()}}, `value="Gamma"`},
		{ann, paths.Appearance, url.Values{"theme": {"dark"}}, ""},
		{ann, paths.Switch("beta"), url.Values{}, ""},
		{ann, paths.LogOut, url.Values{}, ""},
		{dan, paths.Accept(offer), url.Values{}, ""},
		{s.visitor(n, "New Person"), paths.SignUp, url.Values{"name": {"New Person"}, "email": {"new@people.example"}, "password": {password}}, ""},
		{s.visitor(n, "Ann Owner"), paths.Forgot, url.Values{"email": {ann.email}}, ""},
		{s.visitor(n, "Ann Owner"), paths.LogIn, url.Values{"email": {ann.email}, "password": {password}}, ""},
		{s.visitor(n, "Ann Owner"), paths.LogIn, url.Values{"email": {ann.email}, "password": {"not the password"}}, ""},
	} {
		a := c.who.mustPost(http.StatusServiceUnavailable, c.to, c.form)
		if a.header.Get("Retry-After") == "" || heading(a.body) != "Nothing can be changed at the moment" || !strings.Contains(a.body, c.back) ||
			strings.Contains(a.body, password) {
			t.Errorf("%s: Retry-After %q\n%s", c.to, a.header.Get("Retry-After"), words(a.body))
		}
		for _, cookie := range a.header.Values("Set-Cookie") {
			if strings.Contains(cookie, "roster_session") {
				t.Errorf("%s: a session's cookie comes with a refusal", c.to)
			}
		}
	}
	d.halt()
	d.onlyKinds(http.StatusSeeOther, http.StatusServiceUnavailable)
	if d.tally()[http.StatusServiceUnavailable] == 0 {
		t.Error("nothing was refused: nothing was tried")
	}

	s.readOnly(t, "off")
	again := drive(t, ann, "acme", 2, cem)
	if took := again.progress(5); took > 5*time.Second {
		t.Errorf("changes are taken again after %v", took)
	}
	again.judge(s)
	d.judge(s)
	s.signUp(n, "Eve Late") // letters leave again
	back := s.visitor(n, "Ann Owner")
	back.mustPost(http.StatusSeeOther, paths.LogIn, url.Values{"email": {ann.email}, "password": {password}})
	if s.count(t, `SELECT count(*) FROM roster.organizations WHERE slug = 'gamma'`)+
		s.count(t, `SELECT count(*) FROM roster.memberships WHERE status <> 'active'`)+
		s.count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = 'typed@people.example'`) != 0 {
		t.Error("something was changed that was refused")
	}
	n.stop()
}

// readOnly lets the server take changes or not, as an operator does it, without a restart.
func (d *database) readOnly(t *testing.T, is string) {
	t.Helper()
	d.exec(t, `ALTER SYSTEM SET default_transaction_read_only = `+is)
	d.exec(t, `SELECT pg_reload_conf()`)
	suite.Until(t, "the server has heard it", func() bool { return one[string](t, d, `SHOW default_transaction_read_only`) == is })
}
