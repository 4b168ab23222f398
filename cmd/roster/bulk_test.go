package main

import (
	"strings"
	"testing"

	"roster/internal/browsertest"
	"roster/internal/role"
	"roster/internal/rostertest"
)

// Many members are changed by ticking them, one by one or all that match; the question says whom and whom not, and Undo takes
// it back. The same without script. C027 C161 C169
func TestManyMembers(t *testing.T) {
	bothWays(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		s := serveWorld(t, w)
		ann := s.enter(t, "Ann Owner", w.Ann.Email, script)
		ann.Open("/orgs/acme/members")
		ann.NotSee("Suspend")
		ann.Tick("Select Cem Member")
		ann.Tick("Select Vic Viewer")
		if script {
			ann.Hear("2 selected")
		}
		ann.Press("Clear")
		if ann.Ticked("Select Cem Member") {
			t.Error("a box is ticked after Clear")
		}
		ann.NotSee("Suspend")
		if script {
			ann.Focus("checkbox Select all on this page") // the bar with the button is gone
		}

		ann.Tick("Select Cem Member")
		ann.Tick("Select Vic Viewer")
		ann.Press("Change role")
		ann.See("Change the role of 2 members")
		ann.Tick("Guest Can " + role.Guest.Explain() + ".")
		ann.Press("Go on")
		ann.See("Make 2 members Guests?", "Cem Member", "Vic Viewer")
		ann.Press("Make 2 members Guests")
		ann.At("/orgs/acme/members")
		ann.See("2 members are Guests now.", "See each")
		if script {
			ann.Focus("button Undo")
		}
		ann.Press("Undo")
		ann.See("2 members have their former roles again.")
		ann.At("/orgs/acme/members")
		if script {
			ann.Hear("2 members have their former roles again.")
			ann.Focus("status 2 members have their former roles again. See each")
		}

		// All who match: the filter is sent, and oneself is left out.
		ann.Tick("Select Gus Guest")
		if script {
			ann.Tick("Select all on this page")
			ann.Hear("4 selected")
		} else {
			ann.Follow("Select all 5 members")
			ann.See("All 5 members are selected")
		}
		ann.Press("Remove")
		ann.See("Remove 4 members from Acme?")
		ann.Press("Remove 4 members")
		ann.See("4 members are removed.")
		ann.NotSee("Cem Member")
		ann.Press("Undo")
		ann.See("4 members are back.", "Cem Member", "5 members")
		ann.At("/orgs/acme/members")
	})
}

// More are loaded, and those that are ticked stay so; a new search starts anew. C027
func TestSelectionSurvivesLoadingMore(t *testing.T) {
	t.Parallel()
	browsertest.Start(t)
	w := rostertest.New(t)
	w.SQL(t, `INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
		SELECT gen_random_uuid(), 'Zed ' || n, 'zed' || n || '@acme.example', 'zed' || n || '@acme.example', 'zed ' || n, ' zed ' || n || ' zed' || n || '@acme.example' FROM generate_series(100, 170) AS n`)
	w.SQL(t, `INSERT INTO roster.memberships (id, org_id, user_id, joined_through) SELECT gen_random_uuid(), o.id, u.id, 'invitation' FROM roster.users u, roster.organizations o WHERE o.slug = 'acme' AND u.email LIKE 'zed%'`)
	w.SQL(t, `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT m.org_id, m.user_id, 'member' FROM roster.memberships m WHERE m.email LIKE 'zed%'`)
	s := serveWorld(t, w)
	ann := s.enter(t, "Ann Owner", w.Ann.Email, true)
	ann.Open("/orgs/acme/members")
	ann.Tick("Select Zed 101")
	ann.Follow("Load 50 more")
	ann.See("Zed 170")
	if !ann.Ticked("Select Zed 101") || ann.Ticked("Select Zed 170") {
		t.Error("the selection did not survive")
	}
	ann.Follow("Select all 76 members")
	ann.See("All 76 members are selected")
	ann.Press("Suspend")
	ann.See("Suspend 75 members?", "1 is skipped") // too many for the dialog
	ann.Press("Suspend 75 members")
	ann.See("Suspend 76 members", "1 skipped")
	if !strings.Contains(ann.URL(), "/jobs/job_") {
		t.Errorf("the job is shown at %s", ann.URL())
	}
	ann.Open("/orgs/acme/members")
	ann.Tick("Select Zed 101")
	ann.Fill("Search members by name or e-mail", "zed 101")
	ann.See("1 member matches")
	if ann.Ticked("Select Zed 101") {
		t.Error("the selection survived a search")
	}
}
