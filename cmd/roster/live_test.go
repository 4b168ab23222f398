package main

import (
	"testing"

	"roster/internal/browsertest"
	"roster/internal/rostertest"
)

// Ten tabs of one browser are open and an eleventh still loads, over HTTP/1.1. What is changed in one of them, or by
// somebody else, shows in the others, around what is being done there; also when the tab that listened
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
	ann.setRole("Cem Member", "Viewer")
	ann.Hear("Cem Member is now Viewer")
	list.SeeIn("cem@acme.example", "Viewer")
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
	ben.Fill("E-mail addresses", "aaron@guests.example")
	ben.Press("Invite people")
	ben.See("aaron@guests.example")
	eleventh.See("to this list")
	eleventh.NotSee("aaron@guests.example")
	eleventh.Follow("Show")
	eleventh.See("aaron@guests.example")
	overview.See("open invitation")
	if typed := invitations.Value("E-mail addresses"); typed != "half a list of" {
		t.Errorf("what was typed is %q now", typed)
	}

	// The tab that was first, and listens for all, goes elsewhere: the next one takes over.
	ann.Open("/account/appearance")
	ben.Open("/orgs/acme/members")
	ben.setRole("Vic Viewer", "Member")
	ben.Hear("Vic Viewer is now Member")
	eleventh.SeeIn("vic@acme.example", "Member")

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
