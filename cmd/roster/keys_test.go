package main

import (
	"slices"
	"strings"
	"testing"

	"roster/internal/browsertest"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// The members page without a mouse: everything is reached in a sensible order, it can always be seen where one
// is, what opens takes the focus and gives it back. C163 X54
func TestMembersByKeyboard(t *testing.T) {
	t.Parallel()
	browsertest.Start(t)
	w := rostertest.New(t)
	w.Found(t, w.Ann, "Kestrel Labs", "kestrel")
	s := serveWorld(t, w)
	ann := s.enter(t, "Ann Owner", w.Ann.Email, true)
	tabTo := func(want string) {
		t.Helper()
		for range 60 {
			if ann.Focused() == want {
				ann.FocusShown()
				return
			}
			ann.Key("Tab")
		}
		t.Fatalf("Tab never comes to %s", want)
	}

	// The order is that of the page, and nothing is stopped at that cannot be seen.
	ann.Open("/orgs/acme/members")
	var order []string
	for {
		ann.Key("Tab")
		at := ann.Focused()
		if at == "" {
			break
		}
		ann.FocusShown()
		order = append(order, at)
	}
	begins := []string{"link Skip to content", "button Acme Owner, switch organization", "link Overview", "link Members 5", "link Invitations 0", "link Requests 0",
		"button Ann Owner ann@acme.example", "button Export", "link Invite people", "link Members 5", "link Invitations 0", "link Requests 0", "field Search members by name or e-mail",
		"select Role", "select Status", "select Last active", "checkbox Select all on this page", "link Member", "link Role, saved as soon as it is chosen", "link Joined", "link Last active", "link Ann Owner You", "button Only owner: why locked?", "button More about Ann Owner",
		"checkbox Select Ben Admin", "link Ben Admin", "select Role of Ben Admin", "button More about Ben Admin"}
	if len(order) < len(begins) || !slices.Equal(order[:len(begins)], begins) {
		t.Errorf("the order is %q", order)
	}
	ann.Key("Tab", "Enter")
	ann.Key("Tab")
	ann.Focus("button Export") // the first control after what was skipped

	// The switcher opens with the focus on where one is; Escape gives it back.
	tabTo("button Acme Owner, switch organization")
	ann.Key("Enter")
	ann.Focus("button Acme Owner")
	ann.Key("ArrowDown")
	ann.Focus("button Kestrel Labs Owner")
	ann.Key("ArrowDown")
	ann.Focus("button Acme Owner")
	ann.Key("k")
	ann.Focus("button Kestrel Labs Owner")
	ann.Key("Escape")
	ann.Focus("button Acme Owner, switch organization")
	ann.NotSee("Create organization")
	ann.Key("Enter", "ArrowDown", "Enter")
	ann.At("/orgs/kestrel/members")
	ann.Open("/orgs/acme/members")

	// A role is chosen by arrow keys: it is saved when they rest, and the focus stays.
	tabTo("select Role of Vic Viewer")
	ann.Key("ArrowDown")
	ann.SeeIn(w.Vic.Email, "Was Viewer.")
	ann.Focus("select Role of Vic Viewer")
	ann.Hear("Vic Viewer is now Guest. Undo follows the role")
	ann.Key("Tab")
	ann.Focus("button Undo the change of Vic Viewer")
	ann.Key("Enter")
	ann.NotSeeIn(w.Vic.Email, "Was Viewer.")
	if role := ann.roleOf("Vic Viewer"); role != "Viewer" {
		t.Errorf("undone, Vic is %s", role)
	}
	if at := ann.Focused(); at == "" {
		t.Error("after Undo the focus is nowhere")
	}

	// A menu, a dialog: the focus goes to Keep or the first field, and back to what opened it.
	tabTo("button More about Vic Viewer")
	ann.Key("Enter", "Tab")
	ann.Focus("link History")
	ann.Key("Tab")
	ann.Focus("link Suspend")
	ann.Key("Enter")
	ann.See("Suspend Vic Viewer?")
	ann.Focus("button Keep")
	ann.FocusShown()
	ann.Key("Tab")
	ann.Focus("button Suspend Vic Viewer")
	ann.Key("Escape")
	ann.NotSee("Suspend Vic Viewer?")
	ann.Focus("button More about Vic Viewer")
	ann.Key("Enter", "Tab", "Tab", "Tab")
	ann.Focus("link Remove from Acme")
	ann.Key("Enter")
	ann.See("Remove Vic Viewer from Acme?")
	ann.Focus("button Keep")
	ann.Key("Shift+Tab")
	ann.Focus("checkbox Tell them by e-mail In 10 minutes, unless you undo it.")
	ann.Key("Tab", "Enter")
	ann.NotSee("Remove Vic Viewer from Acme?")
	ann.Focus("button More about Vic Viewer")
	ann.Key("Enter", "Tab", "Tab", "Tab", "Enter")
	ann.See("Remove Vic Viewer from Acme?")
	ann.Focus("button Keep")
	ann.Key("Tab")
	ann.Focus("button Remove Vic Viewer")
	ann.Key("Enter")
	ann.See("Removed Vic Viewer.")
	ann.Focus("button Undo the change of Vic Viewer")
	ann.Key("Enter")
	ann.SeeIn(w.Vic.Email, "Active")
	ann.Focus("link Vic Viewer")

	// What is typed searches, and the focus stays in the field.
	tabTo("field Search members by name or e-mail")
	ann.Type("cem")
	ann.See("1 member matches")
	ann.Hear("1 member matches")
	ann.At("/orgs/acme/members?q=cem")
	ann.Focus("field Search members by name or e-mail")
}

// The keys, and the switch that turns them off. C163
func TestShortcuts(t *testing.T) {
	t.Parallel()
	browsertest.Start(t)
	w := rostertest.New(t)
	w.Found(t, w.Ann, "Kestrel Labs", "kestrel")
	s := serveWorld(t, w)
	ann := s.enter(t, "Ann Owner", w.Ann.Email, true)

	// Two keys belong together for a moment: where that is over, they are pressed again.
	leads := func(at string, keys ...string) {
		t.Helper()
		suite.Until(t, strings.Join(keys, " ")+" leads to "+at, func() bool {
			if ann.URL() != at {
				ann.Key(keys...)
			}
			return ann.URL() == at
		})
	}
	ann.Open("/orgs/acme")
	leads("/orgs/acme/members", "g", "m")
	ann.Key("/")
	ann.Focus("field Search members by name or e-mail")
	ann.Type("?g/") // in a field they are letters
	if typed := ann.Value("Search members by name or e-mail"); typed != "?g/" {
		t.Errorf("typed is %q", typed)
	}
	ann.Open("/orgs/acme/members")
	ann.Key("?")
	ann.See("Keyboard shortcuts", "Not while typing.")
	ann.Key("g", "i") // a dialog is open
	ann.At("/orgs/acme/members")
	ann.Key("Escape")
	ann.NotSee("Keyboard shortcuts")
	leads("/orgs/acme/invitations", "g", "i")
	leads("/orgs/acme", "g", "o")
	ann.Key("c")
	ann.At("/orgs/acme/invitations#invite")
	ann.Focus("field E-mail addresses")
	ann.Open("/orgs/acme")
	ann.Key("s")
	ann.Focus("button Acme Owner")
	ann.Key("Escape")
	ann.Focus("button Acme Owner, switch organization")
	ann.Key("g", "2")
	ann.At("/orgs/kestrel")

	ann.Open("/account/appearance")
	for ann.Focused() != "checkbox Keyboard shortcuts" && !strings.HasPrefix(ann.Focused(), "checkbox Keyboard shortcuts ") {
		ann.Key("Tab")
	}
	ann.Key("Space", "Tab", "Enter")
	ann.See("The appearance is saved.")
	ann.Open("/orgs/acme/members")
	ann.Key("?", "/", "g", "i", "s", "c")
	ann.NotSee("Keyboard shortcuts")
	ann.At("/orgs/acme/members")
	if at := ann.Focused(); at != "" {
		t.Errorf("switched off, a key leads to %s", at)
	}
}
