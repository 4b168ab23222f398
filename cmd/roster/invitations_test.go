package main

import (
	"testing"

	"roster/internal/browsertest"
	"roster/internal/role"
	"roster/internal/rostertest"
)

// TestInvitationsAreCorrectedAndRevoked: an address that bounced is put right, and several invitations are revoked
// together and brought back, with script and without. N34 C046 C161 C169
func TestInvitationsAreCorrectedAndRevoked(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		for _, email := range []string{"mora@acme.exmaple", "lin@new.example", "noor@new.example"} {
			w.Invite(t, w.Ann, rostertest.Acme, email, role.Member)
		}
		w.SQL(t, "UPDATE roster.invitations SET sending = 2, delivery = 'failed', delivery_detail = 'the domain takes no mail' WHERE email LIKE '%exmaple'")
		s := developing(t, w.Database)
		ann := s.person(t, w.Ann.Name, w.Ann.Email, browsertest.Options{Script: script})
		ann.Open("/login?next=/orgs/acme/invitations")
		ann.logIn(rostertest.Password)
		ann.SeeIn("mora@acme.exmaple", "Not delivered", "E-mail bounced: the domain takes no mail")
		ann.FollowIn("mora@acme.exmaple", "Correct")
		ann.See("Correct the address mora@acme.exmaple")
		ann.Fill("E-mail address", "ben@acme.example")
		ann.Press("Send to this address")
		ann.See("Ben Admin is already a member.")
		ann.Fill("E-mail address", "mora@acme.example")
		ann.Press("Send to this address")
		ann.SeeIn("mora@acme.example", "Pending")
		ann.NotSee("mora@acme.exmaple")
		s.letter(t, "mora@acme.example", "invited you to Acme")

		ann.Tick("Select lin@new.example")
		ann.Tick("Select noor@new.example")
		ann.Press("Revoke")
		ann.See("Revoke 2 invitations?")
		ann.Press("Revoke 2 invitations")
		ann.See("Revoked 2 invitations.")
		ann.NotSee("Select lin@new.example", "Select noor@new.example")
		ann.Press("Undo")
		ann.See("2 invitations are open again.")
		ann.SeeIn("lin@new.example", "Pending")
		ann.SeeIn("noor@new.example", "Pending")
	})
}
