package main

import (
	"strings"
	"testing"

	"roster/internal/browsertest"
	"roster/internal/rostertest"
)

// TestStory is what Roster is for, from an empty database to a team at work, as people live it: once without
// script and once with. C161 U02 X51 X53 X54 O30 O31
func TestStory(t *testing.T) { bothWays(t, story) }

func story(t *testing.T, script bool) {
	w := rostertest.Empty(t)
	s := developing(t, w.Database)
	o := browsertest.Options{Script: script}
	mara := s.person(t, "Mara Lindqvist", "mara@acme.example", o)
	jonas := s.person(t, "Jonas Weber", "jonas@weber.example", o)
	aiko := s.person(t, "Aiko Tanaka", "Aiko.Tanaka@kestrel.example", o)

	// Mara signs up, confirms her address, and founds an organization. O30 U02
	mara.Open("/")
	mara.See("Everyone in your team, and what they may do")
	mara.Follow("Create an account")
	mara.Title("Create an account · Roster")
	mara.Fill("Your name", mara.name)
	mara.Fill("E-mail", mara.email)
	mara.Fill("Password", password)
	mara.Press("Create account")
	mara.See("Check your e-mail", "We sent an e-mail to mara@acme.example.")
	confirm := linkIn(t, s.letter(t, mara.email, "Confirm"), "/signup/confirm/")
	mara.Open(confirm)
	mara.See("Confirm your e-mail address", "This creates the account of Mara Lindqvist and logs you in.")
	mara.Press("Confirm mara@acme.example")
	mara.At("/welcome")
	mara.See("Create your first organization")

	mara.Fill("Organization name", "Acme Robotics")
	if script {
		mara.See("acme-robotics is free")
	}
	mara.Press("Create organization")
	mara.At("/orgs/acme-robotics/welcome")
	mara.Title("Invite people · Acme Robotics · Roster")
	mara.See("Acme Robotics is ready. You are its owner.", "Invite people to Acme Robotics")

	// She invites Jonas, who has no account. The letter leads him in. O31
	mara.Fill("E-mail addresses", jonas.email)
	mara.Press("Invite people")
	mara.At("/orgs/acme-robotics/invitations")
	mara.See("Invited jonas@weber.example as a Member.")
	mara.SeeIn("jonas@weber.example", "Pending", "Member", "by Mara Lindqvist")
	mara.SeeIn("Members", "1")
	jonas.Open(linkIn(t, s.letter(t, jonas.email, "Mara Lindqvist invited you to Acme Robotics"), "/invitations/"))
	jonas.See("Join Acme Robotics as a Member", "Mara Lindqvist (mara@acme.example) invited jonas@weber.example", "They see nothing of your other organizations")
	jonas.Fill("Your name", jonas.name)
	jonas.Fill("Password", "short")
	jonas.Press("Create account and join")
	jonas.See("There is a problem", "at least 12 characters")
	if kept := jonas.Value("Your name"); kept != jonas.name {
		t.Errorf("the name is %q now", kept)
	}
	jonas.Fill("Password", password)
	jonas.Press("Create account and join")
	jonas.At("/orgs/acme-robotics")
	jonas.See("You joined Acme Robotics as a Member.")
	s.letter(t, mara.email, "Jonas Weber")
	// A Member finds the others, and nothing to change them with. X53 X54
	jonas.Follow("Members")
	jonas.At("/orgs/acme-robotics/members")
	jonas.Title("Members · Acme Robotics · Roster")
	jonas.SeeIn("mara@acme.example", "Owner")
	jonas.NotSee("Invitations")
	if script {
		jonas.menu("Mara Lindqvist")
	} else {
		jonas.Follow("Mara Lindqvist")
	}
	jonas.See("History")
	jonas.NotSee("Remove from Acme Robotics", "Suspend")

	// Aiko has an account. She is invited together with an address that is none.
	aiko.signUp()
	aiko.At("/welcome")
	aiko.Follow("Not now")
	aiko.See("You are in no organization yet")
	aiko.logOut()
	mara.Open("/orgs/acme-robotics/invitations")
	mara.Fill("E-mail addresses", "Aiko Tanaka <"+aiko.email+">, jonas@weber.example\nnobody@nowhere")
	mara.Choose("Role", "Viewer")
	mara.Press("Invite people")
	mara.See("Check 3 addresses before inviting", "Nothing has been sent yet.")
	mara.SeeIn(aiko.email, "Ready")
	mara.SeeIn("jonas@weber.example", "already a member")
	mara.Press("Send 1 invitation")
	mara.See("Invited 1 person with the role Viewer. Left out: 1 already a member, 1 not an address.")
	mara.SeeIn(aiko.email, "Pending", "Viewer")
	invitation := s.letter(t, aiko.email, "invited you to Acme Robotics")
	aiko.Open(linkIn(t, invitation, "/invitations/"))
	aiko.Follow("Log in as " + aiko.email + " to join")
	if filled := aiko.Value("E-mail"); filled != aiko.email {
		t.Errorf("the address is not filled in, but %q", filled)
	}
	aiko.logIn(password)
	aiko.See("Join Acme Robotics as a Viewer", "the invited address")
	aiko.Press("Join Acme Robotics")
	aiko.At("/orgs/acme-robotics")
	aiko.See("You joined Acme Robotics as a Viewer.")
	s.letter(t, mara.email, "Aiko Tanaka")
	// The link is used up: for her it leads in, for everybody else nowhere.
	aiko.Open(linkIn(t, invitation, "/invitations/"))
	aiko.At("/orgs/acme-robotics")
	aiko.See("You are already a member of Acme Robotics.")

	// A role is changed in the row, and back.
	mara.Follow("Members")
	mara.setRole(jonas.name, "Viewer")
	if script {
		mara.SeeIn(jonas.email, "Was Member.")
		mara.Hear("Jonas Weber is now Viewer. Undo follows the role")
	} else {
		mara.See("Jonas Weber is now Viewer.")
	}
	undo(mara, jonas.name)
	mara.SeeIn(jonas.email, "Member")
	mara.NotSeeIn(jonas.email, "Viewer")
	// Who is going to decide about others is asked about first.
	mara.setRole(jonas.name, "Admin")
	mara.See("Make Jonas Weber an Admin?")
	keep(mara)
	if role := mara.roleOf("Jonas Weber"); role != "Member" {
		t.Errorf("asked and not confirmed, the role is %s", role)
	}
	mara.setRole(jonas.name, "Admin")
	mara.Press("Make Jonas Weber an Admin")
	mara.SeeIn(jonas.email, "Admin")
	// When Undo is over he hears of what is true then, and of nothing that was undone.
	w.SQL(t, `UPDATE river.river_job SET scheduled_at = now() WHERE kind = 'news'`)
	s.letter(t, jonas.email, "You are now an Admin in Acme Robotics")
	for _, m := range s.letters.All() {
		if strings.Contains(m.Subject, "You are now a Viewer") {
			t.Errorf("%s was told of what was undone", m.To)
		}
	}
	jonas.Reload()
	jonas.Follow("Invitations")
	jonas.See("Invite people")
	if offered := jonas.Offers("Role"); len(offered) != 3 || offered[0] != "Member" {
		t.Errorf("an Admin may invite as %q", offered)
	}

	// Suspended, Aiko cannot use it; reactivated, she can. What she was is kept.
	mara.actOn(aiko.name, "Suspend")
	mara.See("Suspend Aiko Tanaka?", "They keep their role")
	mara.Press("Suspend Aiko Tanaka")
	if script {
		mara.SeeIn(aiko.email, "Suspended")
	} else {
		mara.See("Aiko Tanaka is suspended.")
	}
	aiko.Reload()
	aiko.Status(404)
	aiko.See("You no longer have access to Acme Robotics", "You are logged in as "+aiko.email)
	if script {
		mara.menu(aiko.name)
	}
	mara.Press("Reactivate")
	if script {
		mara.SeeIn(aiko.email, "Active", "Viewer")
	} else {
		mara.See("Aiko Tanaka is active again.")
		mara.Follow("Members")
	}
	aiko.Reload()
	aiko.Status(200)
	aiko.See("Your membership")

	// Removed, and back.
	mara.actOn(aiko.name, "Remove from Acme Robotics")
	mara.See("Remove Aiko Tanaka from Acme Robotics?", "They lose access at once.")
	keep(mara)
	if !script { // the question was asked from her page
		mara.Follow("Members")
	}
	mara.SeeIn(aiko.email, "Active")
	mara.actOn(aiko.name, "Remove from Acme Robotics")
	mara.Press("Remove Aiko Tanaka")
	mara.See("Removed Aiko Tanaka.")
	w.SQL(t, `UPDATE river.river_job SET scheduled_at = now() WHERE kind = 'news'`)
	s.letter(t, aiko.email, "You no longer have access to Acme Robotics")
	aiko.Reload() // C092
	aiko.See("You no longer have access to Acme Robotics")
	undo(mara, aiko.name)
	mara.SeeIn(aiko.email, "Active", "Viewer")
	aiko.Reload()
	aiko.See("Your membership")

	// The only owner stays one, and is told why.
	mara.Press("Only owner: why locked?")
	mara.See("Acme Robotics must always have an owner.")
	mara.Reload()
	if script {
		mara.menu(mara.name)
	} else {
		mara.Follow(mara.name + " You")
	}
	mara.Follow("Leave Acme Robotics")
	mara.See("You cannot leave Acme Robotics", "Make someone else an owner first.")
	if script {
		mara.Press("Close")
	} else {
		mara.Follow("Back")
		mara.Follow("Members")
	}
	mara.SeeIn("mara@acme.example", "Owner")

	anHourLater(t, w)

	// A second organization; Aiko declines its invitation, and joins after all.
	mara.Press("Acme Robotics Owner, switch organization")
	mara.Follow("Create organization")
	mara.Title("Create an organization · Roster")
	mara.Fill("Organization name", "Kestrel Labs")
	mara.Press("Create organization")
	mara.See("Invite people to Kestrel Labs")
	mara.Fill("E-mail addresses", aiko.email)
	mara.Press("Invite people")
	mara.SeeIn(aiko.email, "Pending")
	first := linkIn(t, s.letter(t, aiko.email, "invited you to Kestrel Labs"), "/invitations/")
	aiko.Open("/orgs")
	aiko.See("Kestrel Labs invited you")
	aiko.Follow("Review the invitation of Kestrel Labs")
	aiko.See("Join Kestrel Labs as a Member")
	aiko.Press("Decline")
	aiko.See("You declined this on")
	s.letter(t, mara.email, "Aiko")
	mara.Open("/orgs/kestrel-labs/invitations?show=declined")
	mara.SeeIn(aiko.email, "Declined")
	aiko.Press("Join after all")
	aiko.See("You joined Kestrel Labs as a Member.")
	s.letter(t, mara.email, "Aiko")
	jonas.Open(first)
	jonas.See("This invitation was already used.")

	// Revoked and back; sent again, and the link before says so.
	mara.Open("/orgs/kestrel-labs/invitations")
	mara.Fill("E-mail addresses", "ruth@palmer.example")
	mara.Press("Invite people")
	mara.SeeIn("ruth@palmer.example", "Pending")
	first = linkIn(t, s.letter(t, "ruth@palmer.example", "invited you to Kestrel Labs"), "/invitations/")
	mara.menu("ruth@palmer.example")
	mara.Press("Revoke")
	if script {
		mara.See("Revoked ruth@palmer.example.")
	} else {
		mara.See("Revoked the invitation of ruth@palmer.example.")
	}
	ruth := s.person(t, "Ruth Palmer", "ruth@palmer.example", o)
	ruth.Open(first)
	ruth.See("This invitation was withdrawn.")
	undo(mara, "ruth@palmer.example")
	mara.SeeIn("ruth@palmer.example", "Pending")
	ruth.Reload()
	ruth.See("Join Kestrel Labs as a Member")
	mara.Press("Send again to ruth@palmer.example")
	mara.See("This invitation was sent less than 5 minutes ago.")
	w.SQL(t, `UPDATE roster.invitations SET sent_at = now() - interval '6 minutes' WHERE email_norm = 'ruth@palmer.example'`)
	mara.Open("/orgs/kestrel-labs/invitations")
	mara.Press("Send again to ruth@palmer.example")
	mara.See("Sent again")
	ruth.Reload()
	ruth.See("There is a newer invitation. Use the link in the latest e-mail.")
	ruth.Open(linkIn(t, s.letter(t, "ruth@palmer.example", "invited you to Kestrel Labs"), "/invitations/"))
	ruth.See("Join Kestrel Labs as a Member")

	// The switcher leads to the same kind of page of the other organization.
	mara.Press("Kestrel Labs Owner, switch organization")
	mara.Press("Acme Robotics Owner")
	mara.At("/orgs/acme-robotics/invitations")
	mara.Title("Invitations · Acme Robotics · Roster")

	anHourLater(t, w)

	// Logged out, and in again with a new password: where one was last. U02
	mara.Open("/orgs/kestrel-labs")
	mara.logOut()
	mara.See("Everyone in your team, and what they may do")
	mara.Open("/orgs/kestrel-labs/members")
	mara.At("/login?next=%2Forgs%2Fkestrel-labs%2Fmembers")
	mara.Follow("Forgot password?")
	mara.Fill("E-mail", mara.email)
	mara.Press("Send the link")
	mara.See("If mara@acme.example has an account, a link to choose a new password is on its way.")
	mara.Open(linkIn(t, s.letter(t, mara.email, "password"), "/reset/"))
	mara.Fill("New password", "another harbour, with no lantern")
	mara.Press("Save the new password")
	mara.See("Your password is changed, and you are logged out everywhere.")
	mara.logIn(password)
	mara.See("That e-mail and password do not match.")
	mara.logIn("another harbour, with no lantern")
	mara.At("/orgs/kestrel-labs")
	mara.See("Kestrel Labs")
	s.letter(t, mara.email, "password")
}

// keep says no to a question.
func keep(p *person) {
	p.t.Helper()
	if p.script {
		p.Press("Keep")
	} else {
		p.Follow("Keep")
	}
}

// undo takes the last change back: by the button in the row, or without script by the one above the list.
func undo(p *person, row string) {
	p.t.Helper()
	if p.script {
		p.PressIn(row, "Undo")
	} else {
		p.Press("Undo")
	}
}

// anHourLater lets people get letters again who got as many as leave for one address in an hour.
func anHourLater(t *testing.T, w *rostertest.World) {
	t.Helper()
	w.SQL(t, `DELETE FROM platform.letters`)
}
