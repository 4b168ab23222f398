package roster_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// N21 N25 X07 X34 X35 C070 I25: an invitation queues one letter; its link holds 256 random bits, of which only
// a digest is kept.
func TestInvitationQueuesOneLetterWithALongToken(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	before := w.As(t, w.Ann, acme).Organization().Members
	w.Invite(t, w.Ann, acme, "New.Person@acme.example", role.Viewer)
	tokens := w.Tokens(t, mail.KindInvitation, "New.Person@acme.example")
	if len(tokens) != 1 {
		t.Fatalf("%d letters wait, want 1", len(tokens))
	}
	raw, err := base64.RawURLEncoding.DecodeString(tokens[0])
	if err != nil || len(raw) != 48 {
		t.Fatalf("token of %d bytes, %v", len(raw), err)
	}
	random := base64.RawURLEncoding.EncodeToString(raw[16:])
	if n := w.Count(t, `SELECT count(*) FROM roster.invitation_tokens i, river.river_job j WHERE i::text || j.args::text LIKE '%' || $1 || '%'
		OR position($2::bytea IN i.digest) > 0`, random, raw[16:]); n != 0 {
		t.Error("the database holds a usable token")
	}
	if got := w.As(t, w.Ann, acme).Organization(); got.Members != before || got.OpenInvitations != 1 {
		t.Errorf("%d members and %d invitations after inviting", got.Members, got.OpenInvitations)
	}
	again := map[string]bool{}
	for i := range 200 { // X34: no two alike, and no byte that is always the same
		w.Invite(t, w.Ann, acme, fmt.Sprintf("p%d@acme.example", i), role.Guest)
	}
	var ones [256]int
	for _, token := range w.Tokens(t, mail.KindInvitation, "@acme.example") {
		raw, _ := base64.RawURLEncoding.DecodeString(token)
		again[token] = true
		for i, b := range raw[16:] {
			for bit := range 8 {
				ones[i*8+bit] += int(b >> bit & 1)
			}
		}
	}
	if len(again) < 201 {
		t.Errorf("only %d different tokens", len(again))
	}
	for i, n := range ones {
		if n < 50 || n > 151 { // about 100 of 201; outside by chance in fewer than one of 10^10
			t.Errorf("bit %d is set in %d of 201 tokens", i, n)
		}
	}
}

// C045 X10: the time chosen holds to the second, by the database's clock.
func TestExpiryIsTheChosenOne(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for _, days := range []int{1, 7, 30, 0} {
		_, err := w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), roster.Invite{Addresses: fmt.Sprintf("d%d@acme.example", days), Role: "member", Days: days})
		if err != nil {
			t.Fatal(err)
		}
		want := days
		if days == 0 {
			want = 7
		}
		if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = $1 AND expires_at = created_at + make_interval(days => $2)`,
			fmt.Sprintf("d%d@acme.example", days), want); n != 1 {
			t.Errorf("%d days: not as chosen", days)
		}
	}
	_, err := w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), roster.Invite{Addresses: "x@acme.example", Role: "member", Days: 31})
	rostertest.Refused(t, err, fault.Invalid, "Choose one of the times")
	// The edge: a second before the end it works, at the end it does not (I27).
	id := w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Member)
	link := w.Link(t, w.Ann, acme, id)
	w.SQL(t, `UPDATE roster.invitations SET expires_at = now() WHERE email_norm = $1`, w.Zoe.EmailNorm)
	_, err = w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace())
	rostertest.Refused(t, err, fault.Conflict, "Nothing was done")
	w.SQL(t, `UPDATE roster.invitations SET expires_at = now() + interval '5 seconds' WHERE email_norm = $1`, w.Zoe.EmailNorm)
	if _, err = w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace()); err != nil {
		t.Error(err)
	}
}

// C066 I57 I68: nobody invites above what they may give, whatever the form says.
func TestNobodyInvitesAboveTheirReach(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for _, by := range []account.Person{w.Ann, w.Ben, w.Cem, w.Vic, w.Gus} {
		for _, as := range role.All {
			a := w.As(t, by, acme)
			_, err := w.Roster.Invite(t.Context(), a, roster.Invite{Addresses: fmt.Sprintf("%s-%s@acme.example", by.Name[:3], as), Role: string(as)})
			allowed := as != role.Owner && (by.ID == w.Ann.ID || by.ID == w.Ben.ID && as != role.Admin)
			if allowed != (err == nil) {
				t.Errorf("%s invites as %s: %v", by.Name, as, err)
			}
		}
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE state = 'open'`); n != 4+3 {
		t.Errorf("%d invitations stand, want 7", n)
	}
}

// C056 C055 C054 I66: each address gets its verdict before anything is sent, and none tells who has an account.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Invite(t, w.Ann, acme, "already@acme.example", role.Member)
	w.SQL(t, `INSERT INTO roster.invitation_blocks (org_id, email_norm) SELECT id, 'blocked@acme.example' FROM roster.organizations WHERE slug = 'acme'`)
	form := roster.Invite{Addresses: "New <new@acme.example>, CEM@Acme.example; already@acme.example\nnot-an-address@ new@ACME.example blocked@acme.example zoe@other.example nobody@other.example",
		Role: "member", MayPreview: true}
	corrected, err := w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), roster.Invite{Addresses: "a@ACME.example b@acme.example", Role: "member", Preview: true})
	if err != nil || corrected.Verdicts[0].Kind != "corrected" || corrected.Verdicts[1].Kind != "ready" {
		t.Errorf("%+v, %v", corrected, err)
	}
	unseen := roster.Invite{Addresses: "un\u200bseen@acme.example, b@acme.example", Role: "guest", Preview: true} // B226
	corrected, err = w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), unseen)
	if err != nil || corrected.Verdicts[0].Kind != "corrected" || corrected.Verdicts[0].Email != "unseen@acme.example" || corrected.Verdicts[0].Note != "Without the invisible characters that stood in it." || corrected.Verdicts[1].Kind != "ready" {
		t.Errorf("%+v, %v", corrected, err)
	}
	invited, err := w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), form)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, v := range invited.Verdicts {
		kinds = append(kinds, v.Kind)
	}
	want := "ready member invited invalid twice blocked ready ready"
	if got := strings.Join(kinds, " "); got != want || !invited.Previewed || invited.Sent != 0 {
		t.Fatalf("verdicts %q, want %q; %+v", got, want, invited)
	}
	form.MayPreview = false
	if invited, err = w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), form); err != nil || invited.Sent != 3 {
		t.Fatalf("%+v, %v", invited, err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.sent' AND subject_name LIKE '%@%' AND actor_id = $1`, w.Ann.ID); n != 4+1+3 {
		t.Errorf("%d entries, want 8", n)
	}
}

// A form sent twice invites once and gives the first answer again; a link is shown once all the same.
func TestFormSentTwiceInvitesOnce(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	form, sent := roster.Invite{Addresses: "one@acme.example two@acme.example", Role: "member"}, uuid.New()
	for range 2 {
		invited, err := w.Roster.Invite(t.Context(), w.Sending(t, w.Ann, acme, sent), form)
		if err != nil || invited.Sent != 2 || invited.Verdicts[1].Kind != "sent" || invited.Verdicts[1].ID == "" {
			t.Fatalf("%+v, %v", invited, err)
		}
	}
	if n := len(w.Tokens(t, mail.KindInvitation, "one@acme.example")); n != 1 {
		t.Errorf("%d letters", n)
	}
	quiet := roster.New(w.DB, w.Outbox, false)
	form, sent = roster.Invite{Addresses: "three@acme.example", Role: "member"}, uuid.New()
	for i, want := range []string{"link", "shown"} {
		invited, err := quiet.Invite(t.Context(), w.Sending(t, w.Ann, acme, sent), form)
		if err != nil || invited.Verdicts[0].Kind != want || (invited.Verdicts[0].Link != "") != (i == 0) {
			t.Errorf("%+v, %v", invited, err)
		}
	}
}

// C055: fifty at once invite one address; one invitation, one letter.
func TestRaceOfInvitersMakesOneInvitation(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	a := w.As(t, w.Ann, acme)
	var sent atomic.Int64
	rostertest.Together(50, func(int) {
		var invited roster.Invited
		err := suite.Patiently(t, func() (err error) {
			invited, err = w.Roster.Invite(t.Context(), a, roster.Invite{Addresses: "wanted@acme.example", Role: "member"})
			return err
		})
		if err != nil {
			t.Error(err)
		}
		sent.Add(int64(invited.Sent))
	})
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = 'wanted@acme.example'`); n != 1 || sent.Load() != 1 {
		t.Errorf("%d rows, %d sent", n, sent.Load())
	}
	if n := len(w.Tokens(t, mail.KindInvitation, "wanted@acme.example")); n != 1 {
		t.Errorf("%d letters", n)
	}
}

// C072 X37 I54: a hundred accepts of one link make one membership, one entry, one letter; the others find
// themselves inside.
func TestRaceOfAcceptsMakesOneMembership(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	link := w.Link(t, w.Ann, acme, w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Member))
	var won, already atomic.Int64
	rostertest.Together(100, func(int) {
		var joined roster.Joined
		err := suite.Patiently(t, func() (err error) {
			joined, err = w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace())
			return err
		})
		switch {
		case err != nil:
			t.Error(err)
		case joined.Already:
			already.Add(1)
		default:
			won.Add(1)
		}
	})
	if won.Load() != 1 || already.Load() != 99 {
		t.Errorf("%d won, %d were inside already", won.Load(), already.Load())
	}
	for what, sql := range map[string]string{
		"memberships": `SELECT count(*) FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id WHERE o.slug = 'acme' AND m.user_id = $1`,
		"entries":     `SELECT count(*) FROM roster.audit_events WHERE event = 'membership.joined' AND actor_id = $1 AND actor_kind = 'invitee'`,
	} {
		if n := w.Count(t, sql, w.Zoe.ID); n != 1 {
			t.Errorf("%d %s", n, what)
		}
	}
	if n := w.Count(t, `SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation_accepted' AND args::text LIKE '%zoe@other.example%'`); n != 1 {
		t.Errorf("%d letters tell the inviter", n)
	}
}

// I59: a revocation that answered well is never followed by a join.
func TestRaceOfRevokeAndAccept(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for range 200 {
		id := w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Guest)
		link := w.Link(t, w.Ann, acme, id)
		a := w.As(t, w.Ann, acme)
		var revoked, joined error
		rostertest.Together(2, func(i int) {
			if i == 0 {
				revoked = suite.Patiently(t, func() error { _, _, err := w.Roster.Revoke(t.Context(), a, id); return err })
			} else {
				joined = suite.Patiently(t, func() error { _, err := w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace()); return err })
			}
		})
		if (revoked == nil) == (joined == nil) {
			t.Fatalf("revoke: %v, join: %v; want exactly one to succeed", revoked, joined)
		}
		inside := w.Count(t, `SELECT count(*) FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id
			WHERE o.slug = 'acme' AND m.user_id = $1 AND m.status = 'active'`, w.Zoe.ID)
		if (inside == 1) != (joined == nil) {
			t.Fatalf("inside %d, join: %v", inside, joined)
		}
		if inside == 1 {
			if err := w.Roster.Leave(t.Context(), w.As(t, w.Zoe, acme)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// I55 C053: a token without the address, the address without a token or an id of another's, and the right two.
func TestTokenAndAddressTogether(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	id := w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Member)
	link := w.Link(t, w.Ann, acme, id)
	stranger := w.Person(t, "Sam Stranger", "sam@other.example")
	_, err := w.Roster.Join(t.Context(), stranger, link, rostertest.Trace())
	rostertest.Refused(t, err, fault.Conflict, "")
	_, err = w.Roster.Join(t.Context(), stranger, id, rostertest.Trace()) // X06: the id is no credential
	rostertest.Refused(t, err, fault.NotFound, "This link does not work")
	_, err = w.Roster.Join(t.Context(), w.Zoe, "inv_01h455vb4pex5vsknk084sn02q", rostertest.Trace())
	rostertest.Refused(t, err, fault.NotFound, "This link does not work")
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE state = 'accepted' AND email_norm = $1`, w.Zoe.EmailNorm); n != 0 {
		t.Fatal("a wrong try used the invitation up")
	}
	frame, err := w.Roster.Frame(t.Context(), w.Zoe.ID) // the confirmed address finds it without the letter
	if err != nil || len(frame.Invitations) != 1 || frame.Invitations[0].ID != id || frame.Invitations[0].OrgName != "Acme" {
		t.Fatalf("%+v, %v", frame.Invitations, err)
	}
	joined, err := w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace())
	if err != nil || joined.Already || joined.Role != role.Member || joined.OrgSlug != acme {
		t.Fatalf("%+v, %v", joined, err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.memberships WHERE user_id = $1`, w.Zoe.ID); n != 2 { // C064: none but her own and this
		t.Errorf("%d memberships", n)
	}
}

// X36 X10 I58 C047 C050 C073: every situation of a link, as its holder meets it.
func TestSituations(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	look := func(link string, viewer *account.Person) roster.Situation {
		t.Helper()
		offer, err := w.Roster.Offer(t.Context(), link, viewer)
		if err != nil {
			t.Fatal(err)
		}
		return offer.Situation
	}
	mailed := func(email string) string {
		t.Helper()
		tokens := w.Tokens(t, mail.KindInvitation, email)
		return tokens[len(tokens)-1]
	}
	expect := func(what string, got, want roster.Situation) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	zoe := &w.Zoe
	id := w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Member)
	link := mailed(w.Zoe.Email)
	expect("logged out, has an account", look(link, nil), roster.LogInFirst)
	expect("logged in", look(link, zoe), roster.SameAddress)
	expect("somebody else", look(link, &w.Gus), roster.AlreadyMember)
	stranger := w.Person(t, "Sam Stranger", "sam@other.example")
	expect("other address", look(link, &stranger), roster.OtherAddress)
	copied := w.Link(t, w.Ann, acme, id)
	expect("copied link", look(copied, nil), roster.CopiedLink)
	expect("mailed link beside it", look(link, nil), roster.LogInFirst)
	w.Invite(t, w.Ann, acme, "nobody@nowhere.example", role.Member)
	expect("no account", look(mailed("nobody@nowhere.example"), nil), roster.NoAccount)

	w.SQL(t, `UPDATE roster.invitations SET expires_at = now() - interval '1 second' WHERE email_norm = $1`, w.Zoe.EmailNorm)
	expect("expired", look(link, zoe), roster.Expired)
	for range 2 { // once a day; the answer is the same
		if offer, err := w.Roster.AskAgain(t.Context(), link, nil, rostertest.Trace()); err != nil || !offer.AskedToday {
			t.Errorf("%+v, %v", offer, err)
		}
	}
	if n := w.Count(t, `SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation_asked_again'`); n != 1 {
		t.Errorf("%d letters ask for a new one, want 1", n)
	}
	w.SQL(t, `UPDATE roster.invitations SET sent_at = now() - interval '6 minutes' WHERE email_norm = $1`, w.Zoe.EmailNorm)
	if _, err := w.Roster.SendAgain(t.Context(), w.As(t, w.Ben, acme), id); err != nil {
		t.Fatal(err)
	}
	expect("replaced", look(link, zoe), roster.Replaced)
	expect("replaced copy", look(copied, zoe), roster.Replaced)
	expect("the newer one", look(mailed(w.Zoe.Email), zoe), roster.SameAddress)
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = $1`, w.Zoe.EmailNorm); n != 1 {
		t.Errorf("%d rows for one invitation", n)
	}
	_, err := w.Roster.SendAgain(t.Context(), w.As(t, w.Ben, acme), id)
	rostertest.Refused(t, err, fault.TooMany, "less than 5 minutes ago")
	link = mailed(w.Zoe.Email)

	w.SQL(t, `UPDATE roster.organizations SET status = 'closing' WHERE slug = 'acme'`) // I63
	expect("closing", look(link, zoe), roster.CannotJoin)
	w.SQL(t, `UPDATE roster.organizations SET status = 'active' WHERE slug = 'acme'`)

	offer, err := w.Roster.Decline(t.Context(), w.Zoe, link, false, rostertest.Trace())
	if err != nil || offer.Situation != roster.Declined {
		t.Fatalf("%+v, %v", offer, err)
	}
	if n := w.Count(t, `SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation_declined'`); n != 1 {
		t.Errorf("%d letters tell of it", n)
	}
	joined, err := w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace()) // after all
	if err != nil || joined.Already {
		t.Fatalf("%+v, %v", joined, err)
	}
	expect("used by herself", look(link, zoe), roster.AlreadyMember)
	expect("used, logged out", look(link, nil), roster.Used)
	expect("used, somebody else", look(link, &stranger), roster.Used)
	again, err := w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace())
	if err != nil || !again.Already {
		t.Errorf("%+v, %v", again, err)
	}

	id = w.Invite(t, w.Ann, acme, stranger.Email, role.Member)
	link = w.Link(t, w.Ann, acme, id)
	if _, _, err := w.Roster.Revoke(t.Context(), w.As(t, w.Ben, acme), id); err != nil { // C048: not only the inviter
		t.Fatal(err)
	}
	expect("revoked", look(link, &stranger), roster.Revoked)
	_, err = w.Roster.Join(t.Context(), stranger, link, rostertest.Trace())
	rostertest.Refused(t, err, fault.Conflict, "")

	for _, unknown := range []string{"", "x", strings.Repeat("A", 64), link[:63], link + "A", "inv_01h455vb4pex5vsknk084sn02q"} {
		_, err := w.Roster.Offer(t.Context(), unknown, nil)
		rostertest.Refused(t, err, fault.NotFound, "This link does not work. Copy the whole address from the e-mail, or ask for a new invitation.")
	}
}

// C052 I53: looking fifty times, by anybody, uses nothing up.
func TestLookingUsesNothingUp(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	link := w.Link(t, w.Ann, acme, w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Member))
	before := w.Count(t, `SELECT hashtext(string_agg(i::text, '' ORDER BY i.id)) FROM roster.invitations i`)
	for i := range 50 {
		viewer := []*account.Person{nil, &w.Zoe, &w.Gus}[i%3]
		if _, err := w.Roster.Offer(t.Context(), link, viewer); err != nil {
			t.Fatal(err)
		}
	}
	if after := w.Count(t, `SELECT hashtext(string_agg(i::text, '' ORDER BY i.id)) FROM roster.invitations i`); after != before {
		t.Error("looking changed an invitation")
	}
}

// I57 C068: what the inviter may no longer give is not given.
func TestInviterIsJudgedAtAcceptance(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	link := w.Link(t, w.Ben, acme, w.Invite(t, w.Ben, acme, w.Zoe.Email, role.Member))
	if _, err := w.Roster.Suspend(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Ben, acme)); err != nil {
		t.Fatal(err)
	}
	offer, err := w.Roster.Offer(t.Context(), link, &w.Zoe)
	if err != nil || offer.Situation != roster.CannotJoin || !strings.Contains(offer.Why, "Ben Admin may no longer invite") {
		t.Errorf("%+v, %v", offer, err)
	}
	_, err = w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace())
	rostertest.Refused(t, err, fault.Conflict, "")
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE state = 'open' AND email_norm = $1`, w.Zoe.EmailNorm); n != 1 {
		t.Error("the refused try used the invitation up")
	}
}

// I61: accepting changes no existing membership; the invitation is closed.
func TestAcceptingChangesNoMembership(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	link := w.Link(t, w.Ann, acme, w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Admin))
	w.SQL(t, `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) SELECT id, $1, $2, 'invitation' FROM roster.organizations WHERE slug = 'acme'`, w.Zoe.ID, uuid.New())
	w.SQL(t, `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT id, $1, 'guest' FROM roster.organizations WHERE slug = 'acme'`, w.Zoe.ID)
	joined, err := w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace())
	if err != nil || !joined.Already {
		t.Fatalf("%+v, %v", joined, err)
	}
	if joined.Role != role.Guest {
		t.Errorf("they are told to be %s", joined.Role)
	}
	if got := w.As(t, w.Zoe, acme).Roles(); got[0] != role.Guest {
		t.Errorf("roles %v", got)
	}
}

// I60: invitations are of one organization.
func TestInvitationsAreOfOneOrganization(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	id := w.Invite(t, w.Ann, acme, "new@acme.example", role.Member)
	zoe := w.As(t, w.Zoe, other)
	_, err := w.Roster.Invitation(t.Context(), zoe, id)
	rostertest.Refused(t, err, fault.NotFound, "")
	_, _, err = w.Roster.Revoke(t.Context(), zoe, id)
	rostertest.Refused(t, err, fault.NotFound, "")
	_, err = w.Roster.SendAgain(t.Context(), zoe, id)
	rostertest.Refused(t, err, fault.NotFound, "")
	_, _, err = w.Roster.MakeLink(t.Context(), zoe, id)
	rostertest.Refused(t, err, fault.NotFound, "")
	_, _, err = w.Roster.ChangeInvitationRole(t.Context(), zoe, id, role.Guest)
	rostertest.Refused(t, err, fault.NotFound, "")
	list, err := w.Roster.Invitations(t.Context(), zoe, roster.InvitationList{Show: "all"})
	if err != nil || len(list.Rows) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// C067 C169 N34: the role of an open invitation changes before it is accepted, and revoking is undone.
func TestOpenInvitationChanges(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	id := w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Member)
	link := w.Link(t, w.Ann, acme, id)
	a := w.As(t, w.Ann, acme)
	changed, undo, err := w.Roster.ChangeInvitationRole(t.Context(), a, id, role.Viewer)
	if err != nil || changed.Roles[0] != role.Viewer || undo == "" {
		t.Fatalf("%+v, %v", changed, err)
	}
	_, undo, err = w.Roster.Revoke(t.Context(), a, id)
	if err != nil {
		t.Fatal(err)
	}
	undone, err := w.Roster.Undo(t.Context(), a, undo)
	if err != nil || undone.Invitation == nil || undone.Invitation.State != "open" {
		t.Fatalf("%+v, %v", undone, err)
	}
	joined, err := w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace())
	if err != nil || joined.Role != role.Viewer {
		t.Errorf("%+v, %v", joined, err)
	}
	_, _, err = w.Roster.Revoke(t.Context(), a, id)
	rostertest.Refused(t, err, fault.Conflict, "was accepted")
}

// C050: blocked means refused with that reason, and no letter.
func TestBlockedAddressIsNotInvited(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Invite(t, w.Ann, acme, "new@acme.example", role.Member)
	token := w.Tokens(t, mail.KindInvitation, "new@acme.example")[0]
	if _, err := w.Roster.Report(t.Context(), token, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	invited, err := w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), roster.Invite{Addresses: "New@acme.example", Role: "member"})
	if err != nil || invited.Sent != 0 || invited.Verdicts[0].Kind != "blocked" {
		t.Errorf("%+v, %v", invited, err)
	}
	if n := len(w.Tokens(t, mail.KindInvitation, "ew@acme.example")); n != 1 {
		t.Errorf("%d letters", n)
	}
}

// C049: without a mail server an invitation comes with its link, shown once, and proves the address.
func TestWithoutMailServer(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	quiet := roster.New(w.DB, w.Outbox, false)
	invited, err := quiet.Invite(t.Context(), w.As(t, w.Ann, acme), roster.Invite{Addresses: w.Zoe.Email, Role: "member"})
	if err != nil || invited.Verdicts[0].Kind != "link" || len(invited.Verdicts[0].Link) != 64 {
		t.Fatalf("%+v, %v", invited, err)
	}
	if n := w.Count(t, `SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation' AND args::text LIKE '%zoe@other.example%'`); n != 0 {
		t.Errorf("%d letters wait for a server that is not there", n)
	}
	offer, err := quiet.Offer(t.Context(), invited.Verdicts[0].Link, nil)
	if err != nil || offer.Situation != roster.HandedOver {
		t.Errorf("%+v, %v", offer, err)
	}
	if _, err := quiet.Join(t.Context(), w.Zoe, invited.Verdicts[0].Link, rostertest.Trace()); err != nil {
		t.Error(err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'membership.joined' AND (after->>'handed_over')::boolean`); n < 1 {
		t.Error("the log does not say that the link was handed over")
	}
}

// C060 I66: the first day's 101st letter of a new organization waits, and the sixth to one address in an hour.
func TestLettersAreLimited(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	id := w.Invite(t, w.Ann, acme, "new@acme.example", role.Member)
	var org, invitation uuid.UUID
	admin := w.Database.As(t, "roster_worker")
	if err := w.Database.Superuser(t).QueryRow(t.Context(), `SELECT org_id, id FROM roster.invitations WHERE email = 'new@acme.example'`).Scan(&org, &invitation); err != nil {
		t.Fatal(err)
	}
	ask := func(e mail.Envelope) time.Duration {
		t.Helper()
		tx, err := admin.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(t.Context())
		wait, err := w.Roster.AllowLetter(t.Context(), tx, e)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		return wait
	}
	allow := func(to string) time.Duration {
		t.Helper()
		return ask(mail.Envelope{Kind: mail.KindInvitation, To: to, Org: org.String(), Subject: invitation.String()})
	}
	atDoor := func(to string) time.Duration {
		t.Helper()
		return ask(mail.Envelope{Kind: mail.KindResetPassword, To: to})
	}
	for i := range 5 {
		if wait := allow("one@acme.example"); wait != 0 {
			t.Errorf("letter %d to one address waits %v", i+1, wait)
		}
	}
	if wait := allow("one@acme.example"); wait <= 0 || wait > time.Hour {
		t.Errorf("the sixth waits %v", wait)
	}
	// What was asked for at the door has counts of its own: neither holds up the other. C105
	for i := range 10 {
		if wait := atDoor("one@acme.example") + atDoor("two@acme.example"); wait != 0 {
			t.Errorf("letter %d of an account waits %v", i+1, wait)
		}
	}
	if wait := allow("two@acme.example"); wait != 0 {
		t.Errorf("an invitation waits %v for what was asked for at the door", wait)
	}
	for i := range 94 {
		if wait := allow(fmt.Sprintf("p%d@acme.example", i)); wait != 0 {
			t.Errorf("letter %d of the organization waits %v", i+7, wait)
		}
	}
	if wait := allow("another@acme.example"); wait <= 0 || wait > 24*time.Hour {
		t.Errorf("the 101st waits %v", wait)
	}
	if _, _, err := w.Roster.Revoke(t.Context(), w.As(t, w.Ann, acme), id); err != nil {
		t.Fatal(err)
	}
	tx, err := admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	// What was revoked meanwhile is not sent at all.
	_, err = w.Roster.AllowLetter(t.Context(), tx, mail.Envelope{Kind: mail.KindInvitation, To: "new@acme.example", Org: org.String(), Subject: invitation.String()})
	if !errors.Is(err, mail.ErrNotWanted) {
		t.Errorf("the letter of a revoked invitation: %v", err)
	}
}
