package faulttest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"roster/internal/suite"
	"roster/views/paths"
)

// I117: a letter leaves after the commit that causes it and not before. While the commit waits there is nothing to see
// of it; if it never comes there never is.
func TestLetterLeavesAfterTheCommitAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")

	// The audit is written last: who holds its table holds every commit up.
	hold := func() (release func()) {
		tx, err := s.super(t).Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), `LOCK TABLE roster.audit_events IN EXCLUSIVE MODE`); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	invite := func(address string) <-chan answer {
		came := make(chan answer, 1)
		go func() {
			a, err := ann.post(paths.Invitations("acme"), invitation(address))
			if err != nil {
				t.Error(err)
			}
			came <- a
		}()
		suite.Until(t, "the commit waits", func() bool {
			return s.count(t, `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'roster.audit_events'::regclass`) == 1
		})
		return came
	}

	release := hold()
	came := invite("late@commit.example")
	mails := s.letters.Attempts()
	if a := <-came; a.status != http.StatusServiceUnavailable { // the lock is not waited for longer than two seconds
		t.Errorf("an invitation that could not be committed answers %d", a.status)
	}
	release()

	release = hold()
	came = invite("held@commit.example")
	if s.letters.Attempts() != mails || s.count(t, `SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation'`) != 0 {
		t.Error("something left before the commit")
	}
	release()
	if a := <-came; a.status != http.StatusSeeOther {
		t.Errorf("the invitation answers %d: %s", a.status, words(a.body))
	}
	s.letters.Wait(t, "held@commit.example")
	for _, m := range s.letters.All() {
		if m.To == "late@commit.example" {
			t.Error("a letter left for what was never committed")
		}
	}
	if n := s.count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = 'late@commit.example'`); n != 0 {
		t.Errorf("%d invitations were never committed", n)
	}
	n.stop()
}

// I127: a change whose audit cannot be written does not happen, and nothing of it leaves.
func TestChangeWithoutItsAuditDoesNotHappen(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann, cem, dee := s.signUp(n, "Ann Owner"), s.signUp(n, "Cem Member"), s.signUp(n, "Dee Guest")
	ann.found("acme")
	cem.join(ann, "acme")
	open := ann.invite("acme", dee.email)
	letters := func() int { return s.count(t, `SELECT count(*) FROM river.river_job`) }
	suite.Until(t, "the letters have left, or are not wanted any more", func() bool {
		return s.count(t, `SELECT count(*) FROM river.river_job WHERE state NOT IN ('completed', 'cancelled')`) == 0
	})
	s.exec(t, `CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the audit is full'; END $$`)
	s.exec(t, `CREATE TRIGGER refuse BEFORE INSERT ON roster.audit_events FOR EACH ROW EXECUTE FUNCTION public.refuse()`)

	before, queued := s.digest(t), letters()
	member := cem.membership("acme")
	for to, act := range map[string]struct {
		who  *person
		form url.Values
	}{
		paths.Invitations("acme"):          {ann, invitation("new@audit.example")},
		paths.ChangeRole("acme", member):   {ann, url.Values{"role": {"viewer"}}},
		paths.Suspend("acme", member):      {ann, url.Values{}},
		paths.Remove("acme", member):       {ann, url.Values{}},
		paths.MakeLink("acme", open):       {ann, url.Values{}},
		paths.InvitationRole("acme", open): {ann, url.Values{"role": {"viewer"}}},
		paths.Revoke("acme", open):         {ann, url.Values{}},
		paths.Accept(open):                 {dee, url.Values{}},
		paths.Decline(open):                {dee, url.Values{}},
		paths.Leave("acme"):                {cem, url.Values{}},
		paths.Orgs:                         {ann, url.Values{"name": {"Third"}, "slug": {"third"}}},
	} {
		a, err := act.who.post(to, act.form)
		if err != nil || a.status != http.StatusInternalServerError || strings.Contains(a.body, "the audit is full") {
			t.Errorf("%s without an audit answers %d (%v): %.300s", to, a.status, err, words(a.body))
		}
		if s.digest(t) != before || letters() != queued {
			t.Errorf("%s was done without its audit", to)
			before, queued = s.digest(t), letters()
		}
	}
	n.stop()
}

// digest is one number for all that an organization consists of.
func (d *database) digest(t *testing.T) string {
	t.Helper()
	return one[string](t, d, `SELECT concat_ws(' ',
		(SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM roster.organizations x),
		(SELECT md5(string_agg(concat_ws(' ', org_id, user_id, status, roles, invited_by), ' ' ORDER BY org_id, user_id)) FROM roster.memberships),
		(SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM roster.membership_roles x),
		(SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM roster.invitations x),
		(SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM roster.invitation_tokens x),
		(SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM roster.submissions x),
		(SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM roster.audit_events x))`)
}
