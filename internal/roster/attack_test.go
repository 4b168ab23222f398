package roster_test

import (
	"testing"

	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

// I57 I61: what somebody declined and may still join by ends with a newer invitation.
func TestANewerInvitationEndsADeclinedOne(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	high := w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Admin)
	if _, err := w.Roster.Decline(t.Context(), w.Zoe, high, false, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	low := w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Guest)
	_, err := w.Roster.Join(t.Context(), w.Zoe, high, rostertest.Trace())
	rostertest.Refused(t, err, fault.Conflict, "Nothing was done")
	joined, err := w.Roster.Join(t.Context(), w.Zoe, low, rostertest.Trace())
	if err != nil || joined.Role != role.Guest {
		t.Errorf("%+v, %v", joined, err)
	}
}

// I57 I67: nobody who was removed comes back by an invitation that they had declined before.
func TestNobodyRemovedComesBackByADeclinedInvitation(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	w.Join(t, w.Ann, acme, w.Zoe, role.Guest)
	zoe := w.Membership(t, w.Zoe, acme)
	removed, err := w.Roster.Remove(t.Context(), ann, zoe, roster.Removal{})
	if err != nil {
		t.Fatal(err)
	}
	high := w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Admin)
	if _, err := w.Roster.Decline(t.Context(), w.Zoe, high, false, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Roster.Undo(t.Context(), ann, removed.Undo); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Roster.Remove(t.Context(), ann, zoe, roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Roster.Join(t.Context(), w.Zoe, high, rostertest.Trace())
	rostertest.Refused(t, err, fault.Conflict, "Nothing was done")
}

// C050 I66: whoever asked not to be invited gets no letter and no link by any way round, also if the
// invitation that they reported was over already.
func TestWhoeverReportedIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	report := func(t *testing.T, email string) {
		t.Helper()
		if _, err := w.Roster.Report(t.Context(), w.Tokens(t, mail.KindInvitation, email)[0], rostertest.Trace()); err != nil {
			t.Fatal(err)
		}
	}
	expired := w.Invite(t, w.Ann, acme, "late@acme.example", role.Member)
	w.SQL(t, `UPDATE roster.invitations SET expires_at = now(), sent_at = now() - interval '1 day' WHERE email = 'late@acme.example'`)
	report(t, "late@acme.example")
	_, err := w.Roster.SendAgain(t.Context(), ann, expired)
	rostertest.Refused(t, err, fault.Conflict, "asked not to be invited")
	_, _, err = w.Roster.MakeLink(t.Context(), ann, expired)
	rostertest.Refused(t, err, fault.Conflict, "asked not to be invited")

	revoked := w.Invite(t, w.Ann, acme, "gone@acme.example", role.Member)
	_, undo, err := w.Roster.Revoke(t.Context(), ann, revoked)
	if err != nil {
		t.Fatal(err)
	}
	report(t, "gone@acme.example")
	_, err = w.Roster.Undo(t.Context(), ann, undo)
	rostertest.Refused(t, err, fault.Conflict, "asked not to be invited")
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email = 'gone@acme.example' AND state = 'open'`); n != 0 {
		t.Error("the invitation of somebody who reported it is open again")
	}

	// The log tells it once, and as it is: what was over stays over (I127).
	for range 3 {
		report(t, "gone@acme.example")
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.reported' AND subject_name = 'gone@acme.example'`); n != 1 {
		t.Errorf("the log has %d entries of one report", n)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.reported' AND subject_name = 'gone@acme.example' AND after->>'state' = 'revoked'`); n != 1 {
		t.Error("the log says that a revoked invitation was declined")
	}
}

// I69: what an organization lets its members do is read again under the lock, as their roles are.
func TestAStaleSettingGivesNothing(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.SQL(t, `UPDATE roster.organizations SET members_may_invite = true`)
	cem := w.As(t, w.Cem, acme)
	id := w.Invite(t, w.Cem, acme, "new@acme.example", role.Member)
	w.SQL(t, `UPDATE roster.organizations SET members_may_invite = false`)
	_, err := w.Roster.Invite(t.Context(), cem, roster.Invite{Addresses: "other@acme.example", Role: "member"})
	rostertest.Refused(t, err, fault.Forbidden, "does not include")
	_, _, err = w.Roster.Revoke(t.Context(), cem, id)
	rostertest.Refused(t, err, fault.Forbidden, "does not include")
}

// I55: without a mail server an address is proved by the link that an organization handed over, to that
// organization alone. Whoever made themselves an account with it joins no other one that invited the address.
func TestHandedOverAddressOpensNoOtherInvitation(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	quiet := roster.New(w.DB, w.Outbox, false)
	id := w.Invite(t, w.Ann, acme, "ceo@corp.example", role.Admin)
	pretender := w.Person(t, "Mallory", "ceo@corp.example") // as by a link of an organization of their own
	frame, err := quiet.Frame(t.Context(), pretender.ID)
	if err != nil || len(frame.Invitations) != 0 {
		t.Errorf("invitations %+v, %v", frame.Invitations, err)
	}
	_, err = quiet.Offer(t.Context(), id, &pretender)
	rostertest.Refused(t, err, fault.NotFound, "This link does not work")
	_, err = quiet.Join(t.Context(), pretender, id, rostertest.Trace())
	rostertest.Refused(t, err, fault.NotFound, "This link does not work")
	if n := w.Count(t, `SELECT count(*) FROM roster.memberships WHERE user_id = $1`, pretender.ID); n != 0 {
		t.Errorf("%d memberships", n)
	}
}
