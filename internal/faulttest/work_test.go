package faulttest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"roster/internal/suite"
	"roster/views/paths"
)

// R1 C027 C044: long work survives the death of whatever does it, however often, and does nothing twice: people who are
// suspended together, and a file of people to invite.
func TestKilledAtLongWorkDoesEachOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")
	s.mature("acme")
	const people = 150
	s.exec(t, fmt.Sprintf(`WITH p AS (
			INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
			SELECT gen_random_uuid(), 'Person ' || i, 'p' || i || '@crowd.example', 'p' || i || '@crowd.example', 'person ' || i, ' person ' || i FROM generate_series(1, %d) i RETURNING id
		), m AS (
			INSERT INTO roster.memberships (org_id, user_id, id, joined_through)
			SELECT s.org_id, p.id, gen_random_uuid(), 'invitation' FROM p, roster.organization_slugs s WHERE s.slug = 'acme' RETURNING org_id, user_id
		)
		INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT org_id, user_id, 'viewer' FROM m`, people))
	s.dawdle(30*time.Millisecond, "roster.audit_events") // so that death comes in the middle

	// through kills the node again and again while a job is at work, and says how often.
	through := func() (deaths int) {
		for range roundsOr(2) {
			before, over := 0, false
			suite.Until(t, "the job to go on", func() bool {
				over = s.count(t, `SELECT count(*) FROM roster.jobs WHERE state IN ('waiting', 'running')`) == 0
				now := s.count(t, `SELECT count(*) FROM roster.audit_events`)
				if before == 0 {
					before = now
				}
				return over || now > before
			})
			if over {
				break
			}
			deaths++
			n.kill()
			n = s.start()
			ann.at(n)
		}
		suite.Until(t, "the job to be done", func() bool {
			return s.count(t, `SELECT count(*) FROM roster.jobs WHERE state IN ('waiting', 'running')`) == 0
		})
		return deaths
	}

	viewers := paths.Members("acme") + "?role=viewer"
	many := paths.Bulk("acme") + "?role=viewer"
	form := ann.form(viewers+"&select=all", many, "do", "suspend", "confirmed", "1")
	ann.mustPost(http.StatusSeeOther, many, form)
	deaths := through()
	for what, sql := range map[string]string{
		"suspended people":        `SELECT count(*) FROM roster.memberships WHERE status = 'suspended'`,
		"entries of the log":      `SELECT count(*) FROM roster.audit_events WHERE event = 'membership.suspended'`,
		"people in these entries": `SELECT count(DISTINCT subject_id) FROM roster.audit_events WHERE event = 'membership.suspended'`,
		"done items":              `SELECT count(*) FROM roster.job_items WHERE state = 'done'`,
		"items that count":        `SELECT done FROM roster.jobs WHERE state = 'done'`,
	} {
		if got := s.count(t, sql); got != people {
			t.Errorf("%d %s, want %d", got, what, people)
		}
	}

	s.exec(t, `DELETE FROM roster.job_items; DELETE FROM roster.jobs`)
	var file strings.Builder
	for i := range people {
		fmt.Fprintf(&file, "new%d@people.example,New %d,member\n", i, i)
	}
	form = ann.form(paths.Imports("acme"), paths.Imports("acme"), "text", file.String(), "role", "member", "days", "7")
	draft := ann.mustPost(http.StatusSeeOther, paths.Imports("acme"), form).location()
	form = ann.form(draft, draft, "do", "send")
	ann.mustPost(http.StatusSeeOther, draft, form)
	if jobs := s.count(t, `SELECT count(*) FROM roster.jobs`); jobs != 1 {
		t.Fatalf("%d jobs send the file, want 1", jobs)
	}
	deaths += through()
	for what, sql := range map[string]string{
		"invitations":              `SELECT count(*) FROM roster.invitations`,
		"entries of the log":       `SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.sent'`,
		"links":                    `SELECT count(*) FROM roster.invitation_tokens`,
		"letters that were queued": `SELECT count(*) FROM river.river_job WHERE kind = 'letter' AND args ->> 'letter' = 'invitation'`,
	} {
		if got := s.count(t, sql); got != people {
			t.Errorf("%d %s, want %d", got, what, people)
		}
	}
	t.Logf("%d people suspended and %d invited, with %d deaths in between", people, people, deaths)
	if deaths < 3 {
		t.Errorf("it was killed only %d times: nothing was tried", deaths)
	}
}
