package main

import (
	"testing"

	"roster/internal/role"
	"roster/internal/rostertest"
)

// In a browser: the same press in the same row is another one after its answer; the way back leads to a page whose forms
// work. R30
func TestPressedAgainAfterTheAnswer(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		w.Invite(t, w.Ann, "acme", "lin@elsewhere.example", role.Viewer)
		ann := serveWorld(t, w).enter(t, "Ann Owner", w.Ann.Email, script)

		ann.Open("/orgs/acme/invitations")
		made := map[string]bool{}
		for range 2 {
			ann.menu("lin@elsewhere.example")
			ann.Press("Make a link to copy")
			ann.See("Link for lin@elsewhere.example", "Copy it now.")
			made[ann.Value("Link")] = true
			if script {
				ann.Press("Close")
				ann.NotSee("Copy it now.")
				ann.Focus("button More about lin@elsewhere.example")
			} else {
				ann.Open("/orgs/acme/invitations")
			}
		}
		if len(made) != 2 {
			t.Errorf("two presses make %d links", len(made))
		}

		// To and fro, and from a page that the browser went back to.
		ann.Open("/orgs/acme/members")
		for _, to := range []string{"Viewer", "Guest", "Viewer", "Guest"} {
			ann.setRole("Cem Member", to)
			if script {
				ann.See("Was ")
			} else {
				ann.See("Cem Member is now " + to + ".")
			}
			ann.Reload()
			if got := ann.roleOf("Cem Member"); got != to {
				t.Errorf("Cem is %s, want %s", got, to)
			}
		}
		if !script {
			ann.Back() // to the question
			ann.Tick("Viewer")
			ann.Press("Change role")
			ann.See("Cem Member is now Viewer.")
			ann.Open("/orgs/acme/members")
			if got := ann.roleOf("Cem Member"); got != "Viewer" {
				t.Errorf("from the page before Cem is made %s, want Viewer", got)
			}
		}
	})
}
