package main

import (
	"fmt"
	"testing"
	"time"

	"roster/internal/browsertest"
	"roster/internal/rostertest"
)

// soon does something up to three times until it is seen within a second: a crowded machine is slow once in a while.
func soon(t *testing.T, what string, do func(try int), seen func(try int)) {
	t.Helper()
	var took time.Duration
	for try := range 3 {
		do(try)
		began := time.Now()
		seen(try)
		if took = time.Since(began); took <= time.Second {
			t.Logf("%s was seen after %v", what, took)
			return
		}
	}
	t.Errorf("%s was seen after %v", what, took)
}

// Ten tabs of one browser are open and an eleventh still loads, over HTTP/1.1. What is changed in one of them, or by
// somebody else, shows in the others within a second, around what is being done there; also when the tab that listened
// for all is gone, and who is removed is told so. C162 I80
func TestOpenTabsKeepUp(t *testing.T) {
	t.Parallel()
	browsertest.Start(t)
	w := rostertest.New(t)
	s := serveWorld(t, w)
	ann := s.enter(t, "Ann Owner", w.Ann.Email, true)
	ann.Open("/orgs/acme/members")
	tabs := []*person{ann}
	for i := range 9 {
		tab := ann.tab()
		tab.Open([]string{"/orgs/acme/members", "/orgs/acme/invitations", "/orgs/acme"}[i%3])
		tabs = append(tabs, tab)
	}
	eleventh := ann.tab()
	eleventh.Open("/orgs/acme/members")
	eleventh.Title("Members · Acme · Roster")

	list, invitations, overview := tabs[1], tabs[2], tabs[3]
	list.Fill("Search members by name or e-mail", "cem")
	list.See("1 member")
	list.Key("End")
	focused := list.Focused()
	invitations.Fill("E-mail addresses", "half a list of")
	soon(t, "a change of another tab", func(try int) {
		to := []string{"Viewer", "Guest", "Member"}[try]
		ann.setRole("Cem Member", to)
		ann.Hear("Cem Member is now " + to)
	}, func(try int) { list.SeeIn("cem@acme.example", []string{"Viewer", "Guest", "Member"}[try]) })
	ann.SeeIn("cem@acme.example", "Undo") // one's own change is not looked at again
	if at := list.Focused(); at != focused {
		t.Errorf("the focus went from %s to %s", focused, at)
	}
	if typed := list.Value("Search members by name or e-mail"); typed != "cem" {
		t.Errorf("what was typed is %q now", typed)
	}

	// Ben invites: counts change, and what would move the list waits to be asked for.
	ben := s.enter(t, "Ben Admin", w.Ben.Email, true)
	ben.Open("/orgs/acme/invitations")
	soon(t, "an invitation by somebody else", func(try int) {
		ben.Fill("E-mail addresses", fmt.Sprintf("aaron%d@guests.example", try))
		ben.Press("Invite people")
		ben.See(fmt.Sprintf("aaron%d@guests.example", try))
	}, func(try int) { eleventh.See("to this list") })
	eleventh.NotSee("aaron0@guests.example")
	eleventh.Follow("Show")
	eleventh.See("aaron0@guests.example")
	overview.See("open invitation")
	if typed := invitations.Value("E-mail addresses"); typed != "half a list of" {
		t.Errorf("what was typed is %q now", typed)
	}

	// The tab that was first, and listens for all, goes elsewhere: the next one takes over.
	ann.Open("/account/appearance")
	soon(t, "a change after the first tab went", func(try int) {
		to := []string{"Viewer", "Guest", "Member"}[try]
		ben.Open("/orgs/acme/members")
		ben.setRole("Vic Viewer", map[string]string{"Viewer": "Member", "Guest": "Guest", "Member": "Viewer"}[to])
		ben.Hear("Vic Viewer is now")
	}, func(try int) {
		eleventh.SeeIn("vic@acme.example", []string{"Member", "Guest", "Viewer"}[try])
	})

	vic := s.enter(t, "Vic Viewer", w.Vic.Email, true)
	vic.Open("/orgs/acme")
	ben.menu("Vic Viewer")
	ben.Follow("Remove from Acme")
	ben.Press("Remove Vic Viewer")
	ben.See("Removed Vic Viewer.")
	vic.See("You no longer have access to Acme")
	eleventh.NotSee("vic@acme.example")
	ben.See("Removed Vic Viewer.")
}
