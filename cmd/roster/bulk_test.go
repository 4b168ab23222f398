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
	eitherWay(t, func(t *testing.T, script bool) {
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
		ann.Press("Preview")
		ann.See("Give 2 members the role Guest?", "Cem Member", "Vic Viewer")
		ann.Press("Give 2 members the role Guest")
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
	w.Crowd(t, 71)
	s := serveWorld(t, w)
	ann := s.enter(t, "Ann Owner", w.Ann.Email, true)
	ann.Open("/orgs/acme/members")
	ann.Tick("Select Crowd 000003")
	ann.Follow("Load 50 more")
	ann.See("Crowd 000070")
	if !ann.Ticked("Select Crowd 000003") || ann.Ticked("Select Crowd 000070") {
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
	ann.Tick("Select Crowd 000003")
	ann.Fill("Search members by name or e-mail", "crowd 000003")
	ann.See("1 member matches")
	if ann.Ticked("Select Crowd 000003") {
		t.Error("the selection survived a search")
	}
}
