package main

import (
	"testing"
	"time"

	"roster/internal/browsertest"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// C169: a role that was chosen is saved, however soon the page is left, and it looks unsaved until it is; what is refused
// is not shown as if it were so.
func TestAChosenRoleIsNeverLost(t *testing.T) {
	t.Parallel()
	browsertest.Start(t)
	w := rostertest.New(t)
	s := serveWorld(t, w)
	ann := s.enter(t, "Ann Owner", w.Ann.Email, true)
	becomes := func(role string) {
		t.Helper()
		late := suite.Late(t)
		for w.Count(t, `SELECT count(*) FROM roster.memberships WHERE user_id = $1 AND roles = ARRAY[$2::text]`, w.Cem.ID, role) != 1 {
			select {
			case <-late:
				t.Fatalf("Cem does not become a %s", role)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	theSelect := `var s = document.querySelector('select[aria-label="Role of Cem Member"]');`
	choose := func(role, then string) string {
		return theSelect + ` s.value = '` + role + `'; s.dispatchEvent(new Event('change', { bubbles: true })); ` + then
	}

	// By pointer, and away in the same moment: by a link, and by closing the page.
	ann.Open("/orgs/acme/members")
	ann.Run(choose("viewer", `document.querySelector('#nav a').click()`))
	ann.See("What happened last")
	becomes("viewer")
	ann.Open("/orgs/acme/members")
	ann.Run(choose("guest", `location = '/account/appearance'`))
	ann.See("Appearance")
	becomes("guest")

	// By keys, which rest on the way: it looks unsaved, and is saved when the field or the page is left before it is time.
	ann.Open("/orgs/acme/members")
	ann.Run(theSelect + `s.focus()`)
	ann.Run(`window.held = window.setTimeout; window.setTimeout = (f, ms, ...args) => ms === 800 ? 0 : held(f, ms, ...args)`) // it is never time
	ann.Key("ArrowUp")
	ann.See("Saving…")
	ann.Key("Tab")
	ann.SeeIn("cem@acme.example", "Was Guest.")
	becomes("viewer")
	ann.NotSee("Saving…")
	ann.Run(theSelect + `s.focus()`)
	ann.Key("ArrowUp")
	ann.Open("/account/appearance")
	becomes("member")
	ann.Open("/orgs/acme/members")
	ann.See("Cem Member is now Member.", "Undo")
	ann.Reload()

	// There and back again is no change, and nothing is sent.
	ann.Run(theSelect + `s.focus()`)
	ann.Key("ArrowDown", "ArrowUp")
	ann.NotSee("Saving…")
	before := w.Count(t, `SELECT count(*) FROM roster.audit_events`)
	ann.Key("Tab")
	ann.Reload()
	if after := w.Count(t, `SELECT count(*) FROM roster.audit_events`); after != before {
		t.Errorf("%d entries more", after-before)
	}

	// What is asked first, and what was refused, shows what is so.
	ann.setRole("Cem Member", "Admin")
	ann.See("Make Cem Member an Admin?")
	ann.Key("Escape")
	if is := ann.Chosen("Role of Cem Member"); is != "Member" {
		t.Errorf("after Escape the role reads %q", is)
	}
	w.SQL(t, `DELETE FROM auth.sessions WHERE user_id = $1`, w.Ann.ID)
	ann.setRole("Cem Member", "Viewer")
	ann.See("You are logged out")
	if is := ann.Chosen("Role of Cem Member"); is != "Member" {
		t.Errorf("after a refusal the role reads %q", is)
	}
}

// C163: where one starts to type the focus is already, and what is written in several lines is sent with Ctrl and Enter.
func TestFormsAreFilledInWithoutAMouse(t *testing.T) {
	t.Parallel()
	browsertest.Start(t)
	w := rostertest.New(t)
	s := serveWorld(t, w)
	ann := s.enter(t, "Ann Owner", w.Ann.Email, true)
	ann.Open("/orgs/new")
	ann.Focus("field Organization name")
	ann.Open("/orgs/acme/invitations")
	ann.Fill("E-mail addresses", "new@acme.example")
	ann.Run(`document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true }))`)
	ann.See("Invited new@acme.example")
	nobody := s.person(t, "", "", browsertest.Options{Script: true})
	nobody.Open("/signup")
	nobody.Focus("field Your name")
}
