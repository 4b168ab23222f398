package roster_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// share makes a share link of Acme by Ann.
func share(t testing.TB, w *rostertest.World, form roster.NewJoinLink) (roster.JoinLink, string) {
	t.Helper()
	return shareBy(t, w, w.Ann, form)
}

func shareBy(t testing.TB, w *rostertest.World, by account.Person, form roster.NewJoinLink) (roster.JoinLink, string) {
	t.Helper()
	if form.Role == "" {
		form.Role = "member"
	}
	if form.Days == "" {
		form.Days = "7"
	}
	link, token, err := w.Roster.MakeJoinLink(t.Context(), w.As(t, by, acme), form)
	if err != nil {
		t.Fatal(err)
	}
	return link, token
}

// asked is the request of a person who asks to join by a link, as those who decide see it.
func asked(t testing.TB, w *rostertest.World, who account.Person, token string) roster.Request {
	t.Helper()
	if err := w.Roster.AskToJoin(t.Context(), who, token, "", rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	page, err := w.Roster.Requests(t.Context(), w.As(t, w.Ann, acme), "", "")
	if err != nil || len(page.Rows) == 0 || page.Rows[0].Email != who.Email {
		t.Fatalf("%+v, %v", page, err)
	}
	return page.Rows[0]
}

func standing(t testing.TB, w *rostertest.World, token string, who *account.Person) roster.JoinOffer {
	t.Helper()
	offer, err := w.Roster.JoinOffer(t.Context(), token, who)
	if err != nil {
		t.Fatal(err)
	}
	return offer
}

// isIn tells whether a person is a present member of Acme, and as what.
func isIn(t testing.TB, w *rostertest.World, who account.Person) bool {
	t.Helper()
	return w.Count(t, `SELECT count(*) FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id WHERE o.slug = 'acme' AND m.user_id = $1 AND m.status = 'active'`, who.ID) == 1
}

// C057: a link for five lets in five: the sixth sees that it is used up.
func TestALinkForFiveLetsInFive(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	_, token := share(t, w, roster.NewJoinLink{Uses: "5"})
	for i := range 6 {
		who := w.Person(t, "Comer", fmt.Sprintf("comer%d@elsewhere.example", i))
		if i == 5 {
			if got := standing(t, w, token, &who).Standing; got != roster.UsedUp {
				t.Errorf("the sixth sees %s", got)
			}
			_, err := w.Roster.JoinByLink(t.Context(), who, token, rostertest.Trace())
			rostertest.Refused(t, err, fault.Conflict, "Nothing was done")
			continue
		}
		joined, err := w.Roster.JoinByLink(t.Context(), who, token, rostertest.Trace())
		if err != nil || joined.Already || joined.Role != role.Member || joined.OrgSlug != acme {
			t.Fatalf("%+v, %v", joined, err)
		}
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.memberships WHERE joined_through = 'link'`); n != 5 {
		t.Errorf("%d joined by it", n)
	}
}

// C057 I54: of fifty who come at once by a link for seven, seven are in; each is counted and written down once.
func TestFiftyAtOnceByALinkForSeven(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t, roomy)
	_, token := share(t, w, roster.NewJoinLink{Uses: "7"})
	people := make([]account.Person, 50)
	for i := range people {
		people[i] = w.Person(t, fmt.Sprintf("Comer %d", i), fmt.Sprintf("comer%d@elsewhere.example", i))
	}
	var in, refused atomic.Int32
	rostertest.Together(len(people), func(i int) {
		err := suite.Patiently(t, func() error {
			_, err := w.Roster.JoinByLink(t.Context(), people[i], token, rostertest.Trace())
			return err
		})
		switch {
		case err == nil:
			in.Add(1)
		case fault.Is(err, fault.Conflict):
			refused.Add(1)
		default:
			t.Errorf("%d: %v", i, err)
		}
	})
	if in.Load() != 7 || refused.Load() != 43 {
		t.Errorf("%d are told that they are in, %d that they are not", in.Load(), refused.Load())
	}
	for what, sql := range map[string]string{
		"members":       `SELECT count(*) FROM roster.memberships WHERE joined_through = 'link' AND status = 'active' AND roles = '{member}'`,
		"entries":       `SELECT count(*) FROM roster.audit_events WHERE event = 'membership.joined' AND after ->> 'through' = 'link'`,
		"uses":          `SELECT uses FROM roster.join_links`,
		"counted, less": `SELECT members_count - 5 FROM roster.organizations WHERE slug = 'acme'`,
	} {
		if n := w.Count(t, sql); n != 7 {
			t.Errorf("%d %s, want 7", n, what)
		}
	}
}

// C057: what each link says to whom; of reset, withdrawn and over, nobody gets in, and looking uses nothing up.
func TestStandings(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	joins := func(token string, who account.Person, want roster.Standing) {
		t.Helper()
		for range 3 {
			if got := standing(t, w, token, &who).Standing; got != want {
				t.Errorf("%s sees %s, want %s", who.Email, got, want)
			}
		}
		if want == roster.MayJoin || want == roster.Inside {
			return
		}
		_, err := w.Roster.JoinByLink(t.Context(), who, token, rostertest.Trace())
		rostertest.Refused(t, err, fault.Conflict, "Nothing was done")
		if want != roster.MayAsk && want != roster.Waiting {
			rostertest.Refused(t, w.Roster.AskToJoin(t.Context(), who, token, "", rostertest.Trace()), fault.Conflict, "Nothing was done")
		}
		if isIn(t, w, who) {
			t.Errorf("%s is in, and should see %s", who.Email, want)
		}
	}
	id := func(l roster.JoinLink) uuid.UUID { id, _ := publicid.Link.Parse(l.ID); return id }
	ann := w.As(t, w.Ann, acme)

	_, open := share(t, w, roster.NewJoinLink{Role: "viewer", Days: "0"})
	joins(open, w.Zoe, roster.MayJoin)
	joins(open, w.Cem, roster.Inside)
	if got := standing(t, w, open, nil); got.Standing != roster.LoggedOut || got.OrgName != "Acme" || got.Role != role.Viewer {
		t.Errorf("nobody sees %+v", got)
	}
	joined, err := w.Roster.JoinByLink(t.Context(), w.Cem, open, rostertest.Trace()) // I61
	if err != nil || !joined.Already || joined.Role != role.Member {
		t.Errorf("%+v, %v", joined, err)
	}

	_, domain := share(t, w, roster.NewJoinLink{Domains: "@Kestrel.example, other.EXAMPLE"})
	joins(domain, w.Zoe, roster.MayJoin)
	for _, address := range []string{"mo@sub.other.example", "mo@notother.example", "other.example@elsewhere.example"} {
		joins(domain, w.Person(t, "Mo", address), roster.OtherDomain)
	}

	expired, token := share(t, w, roster.NewJoinLink{})
	w.SQL(t, `UPDATE roster.join_links SET expires_at = now() WHERE id = $1`, id(expired))
	joins(token, w.Zoe, roster.LinkExpired)

	reset, before := share(t, w, roster.NewJoinLink{Uses: "1"})
	w.SQL(t, `UPDATE roster.join_links SET uses = 1 WHERE id = $1`, id(reset))
	_, after, err := w.Roster.ResetJoinLink(t.Context(), ann, reset.ID)
	if err != nil {
		t.Fatal(err)
	}
	joins(before, w.Zoe, roster.WasReset)
	joins(after, w.Zoe, roster.MayJoin)
	if _, err := w.Roster.WithdrawJoinLink(t.Context(), ann, reset.ID); err != nil {
		t.Fatal(err)
	}
	joins(before, w.Zoe, roster.WasWithdrawn)
	joins(after, w.Zoe, roster.WasWithdrawn)
	_, _, err = w.Roster.ResetJoinLink(t.Context(), ann, reset.ID)
	rostertest.Refused(t, err, fault.Conflict, "was withdrawn")

	// C066 I57: it is its maker's word, who may be demoted meanwhile; and somebody else may make it theirs.
	stopped, token := shareBy(t, w, w.Ben, roster.NewJoinLink{})
	if _, err := w.Roster.ChangeRole(t.Context(), ann, w.Membership(t, w.Ben, acme), role.Viewer); err != nil {
		t.Fatal(err)
	}
	joins(token, w.Zoe, roster.Stopped)
	if l, err := w.Roster.JoinLink(t.Context(), ann, stopped.ID); err != nil || l.State != "stopped" {
		t.Errorf("%+v, %v", l, err)
	}
	if l, _, err := w.Roster.ResetJoinLink(t.Context(), ann, stopped.ID); err != nil || l.State != "open" || l.Maker != w.Ann.Name {
		t.Errorf("%+v, %v", l, err)
	}

	// I63: of an organization that is closed nobody gets in.
	w.SQL(t, `UPDATE roster.organizations SET status = 'suspended' WHERE slug = 'acme'`)
	joins(open, w.Zoe, roster.Stopped)
	w.SQL(t, `UPDATE roster.organizations SET status = 'active' WHERE slug = 'acme'`)

	// Who was removed does not come back by a link that is still about: they ask.
	if _, err := w.Roster.Remove(t.Context(), ann, w.Membership(t, w.Cem, acme), roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	joins(open, w.Cem, roster.MayAsk)

	for _, nonsense := range []string{"", "x", open[:len(open)-1], strings.Repeat("A", 64), open + "A", w.Link(t, w.Ann, acme, w.Invite(t, w.Ann, acme, "x@elsewhere.example", role.Viewer))} {
		_, err := w.Roster.JoinOffer(t.Context(), nonsense, &w.Zoe)
		rostertest.Refused(t, err, fault.NotFound, "This link does not work")
		_, err = w.Roster.JoinByLink(t.Context(), w.Zoe, nonsense, rostertest.Trace())
		rostertest.Refused(t, err, fault.NotFound, "This link does not work")
	}
}

// C057: without a mail server nobody's address is confirmed, so none is asked for.
func TestWithoutMailNoDomainIsBelieved(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	_, token := share(t, w, roster.NewJoinLink{Domains: "other.example"})
	quiet := roster.New(w.DB, w.Outbox, false)
	_, _, err := quiet.MakeJoinLink(t.Context(), w.As(t, w.Ann, acme), roster.NewJoinLink{Role: "member", Days: "7", Domains: "other.example"})
	rostertest.Refused(t, err, fault.Invalid, "addresses are not confirmed")
	if offer, err := quiet.JoinOffer(t.Context(), token, &w.Zoe); err != nil || offer.Standing != roster.Stopped {
		t.Errorf("%+v, %v", offer, err)
	}
	_, err = quiet.JoinByLink(t.Context(), w.Zoe, token, rostertest.Trace())
	rostertest.Refused(t, err, fault.Conflict, "Nothing was done")
}

// C066 C057: who may make which link; what is wrong in the form is said; there is a bound.
func TestMakingLinks(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for _, by := range []account.Person{w.Ann, w.Ben, w.Cem, w.Vic, w.Gus} {
		for _, as := range role.All {
			_, _, err := w.Roster.MakeJoinLink(t.Context(), w.As(t, by, acme), roster.NewJoinLink{Role: string(as), Days: "7"})
			if may := (by.ID == w.Ann.ID || by.ID == w.Ben.ID) && !as.AtLeast(role.Admin); (err == nil) != may {
				t.Errorf("%s shares a link for %s: %v", by.Name, as, err)
			}
		}
	}
	for field, form := range map[string]roster.NewJoinLink{
		"role":    {Role: "king", Days: "7"},
		"days":    {Role: "member", Days: "8"},
		"uses":    {Role: "member", Days: "7", Uses: "0"},
		"domains": {Role: "member", Days: "7", Domains: "example.com no_domain"},
	} {
		_, _, err := w.Roster.MakeJoinLink(t.Context(), w.As(t, w.Ann, acme), form)
		if f, ok := fault.As(err); !ok || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for range roster.JoinLinksMax - 6 {
		share(t, w, roster.NewJoinLink{})
	}
	_, _, err := w.Roster.MakeJoinLink(t.Context(), w.As(t, w.Ann, acme), roster.NewJoinLink{Role: "member", Days: "7"})
	rostertest.Refused(t, err, fault.Conflict, "20 share links")
	links, err := w.Roster.JoinLinks(t.Context(), w.As(t, w.Ann, acme))
	if err != nil || len(links) != roster.JoinLinksMax {
		t.Errorf("%d links, %v", len(links), err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.join_link_tokens WHERE octet_length(digest) = 32`); n != roster.JoinLinksMax {
		t.Errorf("%d tokens", n)
	}
}

// C058: asking, deciding, and what becomes of both; who decides is told by letter, once a day, and who asks is told too.
func TestARequestIsDecidedOnce(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	_, token := share(t, w, roster.NewJoinLink{NeedsApproval: true, Uses: "1"})
	rostertest.Refused(t, w.Roster.AskToJoin(t.Context(), w.Zoe, token, "see https://evil.example", rostertest.Trace()), fault.Invalid, "Leave web addresses out of the note")
	request := asked(t, w, w.Zoe, token)
	letters := func(kind mail.Kind) int {
		return w.Count(t, `SELECT count(*) FROM river.river_job WHERE args ->> 'letter' = $1`, string(kind))
	}
	if n := letters(mail.KindRequestMade); n != 2 { // Ann and Ben
		t.Errorf("%d are told", n)
	}
	if got := standing(t, w, token, &w.Zoe); got.Standing != roster.Waiting {
		t.Errorf("%+v", got)
	}
	if err := w.Roster.AskToJoin(t.Context(), w.Zoe, token, "", rostertest.Trace()); err != nil { // pressed again: one request
		t.Error(err)
	}
	for range 2 { // withdrawn twice is withdrawn once; asking again the same day tells nobody again
		if err := w.Roster.WithdrawMyRequest(t.Context(), w.Zoe, token, rostertest.Trace()); err != nil {
			t.Error(err)
		}
	}
	ann, ben := w.As(t, w.Ann, acme), w.As(t, w.Ben, acme)
	_, err := w.Roster.AcceptRequest(t.Context(), ann, request.ID, role.Member)
	rostertest.Refused(t, err, fault.Conflict, "withdrew this request")
	request = asked(t, w, w.Zoe, token)
	if n := letters(mail.KindRequestMade); n != 2 {
		t.Errorf("%d are told", n)
	}

	// C066: nobody gives more than they have.
	_, err = w.Roster.AcceptRequest(t.Context(), ben, request.ID, role.Admin)
	rostertest.Refused(t, err, fault.Forbidden, "you cannot invite anybody as an Admin")
	for _, who := range []account.Person{w.Cem, w.Vic, w.Gus} {
		_, err := w.Roster.AcceptRequest(t.Context(), w.As(t, who, acme), request.ID, role.Guest)
		rostertest.Refused(t, err, fault.Forbidden, "Decide about requests")
	}
	if _, err := w.Roster.DeclineRequest(t.Context(), ben, request.ID, "Not this year."); err != nil {
		t.Fatal(err)
	}
	_, err = w.Roster.DeclineRequest(t.Context(), ann, request.ID, "")
	rostertest.Refused(t, err, fault.Conflict, w.Ben.Name+" declined this request.")
	if got := standing(t, w, token, &w.Zoe); got.Standing != roster.AskedTooSoon || got.Reason != "Not this year." {
		t.Errorf("%+v", got)
	}
	w.SQL(t, `UPDATE roster.join_requests SET decided_at = decided_at - interval '7 days' WHERE state = 'declined'`)
	if got := standing(t, w, token, &w.Zoe).Standing; got != roster.MayAsk {
		t.Errorf("after a week they see %s", got)
	}

	// What was declined can be accepted after all.
	done, err := w.Roster.AcceptRequest(t.Context(), ann, request.ID, role.Viewer)
	if err != nil || done.Request.State != "accepted" || !isIn(t, w, w.Zoe) {
		t.Fatalf("%+v, %v", done, err)
	}
	_, err = w.Roster.AcceptRequest(t.Context(), ben, request.ID, role.Viewer)
	rostertest.Refused(t, err, fault.Conflict, w.Ann.Name+" accepted this request.")
	if letters(mail.KindRequestAccepted) != 1 || letters(mail.KindRequestDeclined) != 1 {
		t.Error("who asks is not told once of each decision")
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.memberships WHERE user_id = $1 AND joined_through = 'request' AND roles = '{viewer}'`, w.Zoe.ID); n != 1 {
		t.Error("they did not join by the request")
	}
	if n := w.Count(t, `SELECT uses FROM roster.join_links`); n != 1 {
		t.Errorf("the link counts %d", n)
	}
}

// C058: requests expire, and one person asks ten times a day at most, wherever.
func TestRequestsHaveBounds(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	_, token := share(t, w, roster.NewJoinLink{NeedsApproval: true})
	request := asked(t, w, w.Zoe, token)
	w.SQL(t, `UPDATE roster.join_requests SET expires_at = now(), created_at = created_at - interval '14 days'`)
	_, err := w.Roster.AcceptRequest(t.Context(), w.As(t, w.Ann, acme), request.ID, role.Member)
	rostertest.Refused(t, err, fault.Conflict, "has expired")
	if got := standing(t, w, token, &w.Zoe).Standing; got != roster.MayAsk {
		t.Errorf("they see %s", got)
	}
	asked(t, w, w.Zoe, token)
	w.SQL(t, `INSERT INTO roster.join_requests (org_id, id, kind, user_id, asker, asker_email, email, email_norm, role, state)
		SELECT o.id, gen_random_uuid(), 'join', $1, 'x', 'x', 'x', 'x', 'guest', 'withdrawn' FROM roster.organizations o, generate_series(1, 9) WHERE o.slug = 'other'`, w.Zoe.ID)
	if err := w.Roster.WithdrawMyRequest(t.Context(), w.Zoe, token, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	rostertest.Refused(t, w.Roster.AskToJoin(t.Context(), w.Zoe, token, "", rostertest.Trace()), fault.TooMany, "10 times today")
}

// C058 R24: of one who accepts, one who declines and the one who asked and withdraws, at once, one is first, and the others hear it.
func TestDecisionsRace(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t, roomy)
	_, token := share(t, w, roster.NewJoinLink{NeedsApproval: true})
	ann, ben := w.As(t, w.Ann, acme), w.As(t, w.Ben, acme)
	for n := range 15 {
		who := w.Person(t, "Comer", fmt.Sprintf("comer%d@elsewhere.example", n))
		request := asked(t, w, who, token)
		errs := make([]error, 3)
		rostertest.Together(3, func(i int) {
			errs[i] = suite.Patiently(t, func() (err error) {
				switch {
				case i == 0:
					_, err = w.Roster.AcceptRequest(t.Context(), ann, request.ID, role.Member)
				case i == 1 && n%2 == 0: // or both accept
					_, err = w.Roster.DeclineRequest(t.Context(), ben, request.ID, "")
				case i == 1:
					_, err = w.Roster.AcceptRequest(t.Context(), ben, request.ID, role.Member)
				default:
					err = w.Roster.WithdrawMyRequest(t.Context(), who, token, rostertest.Trace())
				}
				return err
			})
		})
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) {
				t.Errorf("%d: %v", i, err)
			}
		}
		accepted := errs[0] == nil || n%2 == 1 && errs[1] == nil
		after := n%2 == 0 && errs[0] == nil && errs[1] == nil // declined, and then accepted after all
		if won != 1 && !(won == 2 && after) || accepted != isIn(t, w, who) {
			t.Errorf("round %d: %v, and inside: %v", n, errs, isIn(t, w, who))
		}
	}
}

// C058 I61: whoever joins by an invitation while their request is accepted is in once, with one of the two roles, and nothing
// of them waits any more.
func TestARequestAndAnInvitationRace(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t, roomy)
	_, token := share(t, w, roster.NewJoinLink{NeedsApproval: true})
	ann := w.As(t, w.Ann, acme)
	for n := range 10 {
		who := w.Person(t, "Comer", fmt.Sprintf("comer%d@elsewhere.example", n))
		request := asked(t, w, who, token)
		link := w.Link(t, w.Ann, acme, w.Invite(t, w.Ann, acme, who.Email, role.Viewer))
		errs := make([]error, 2)
		rostertest.Together(2, func(i int) {
			errs[i] = suite.Patiently(t, func() (err error) {
				if i == 0 {
					_, err = w.Roster.AcceptRequest(t.Context(), ann, request.ID, role.Member)
				} else {
					_, err = w.Roster.Join(t.Context(), who, link, rostertest.Trace())
				}
				return err
			})
		})
		if (errs[0] == nil) == (errs[1] == nil) || !isIn(t, w, who) {
			t.Errorf("round %d: %v", n, errs)
		}
		for _, err := range errs {
			if err != nil && !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		}
		if open := w.Count(t, `SELECT (SELECT count(*) FROM roster.join_requests WHERE state = 'open') + (SELECT count(*) FROM roster.invitations WHERE state = 'open')`); open != 0 {
			t.Errorf("round %d: %d wait", n, open)
		}
	}
}

// C059: who may not invite asks; accepting invites in the name of whoever accepts, declining tells who asked.
func TestAskingToInvite(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	cem, ben := w.As(t, w.Cem, acme), w.As(t, w.Ben, acme)
	for address, words := range map[string]string{"no address": "e-mail address", w.Ann.Email: "already a member", "": "e-mail address"} {
		_, err := w.Roster.AskToInvite(t.Context(), cem, address, "")
		rostertest.Refused(t, err, fault.Invalid, words)
	}
	_, err := w.Roster.AskToInvite(t.Context(), w.As(t, w.Gus, acme), "lin@elsewhere.example", "")
	rostertest.Refused(t, err, fault.Forbidden, "See members")
	for _, address := range []string{"lin@elsewhere.example", "mo@elsewhere.example", "ola@elsewhere.example"} {
		if _, err := w.Roster.AskToInvite(t.Context(), cem, address, "From the depot."); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.Roster.AskToInvite(t.Context(), w.As(t, w.Vic, acme), "LIN@elsewhere.example", "")
	rostertest.Refused(t, err, fault.Invalid, "Somebody has asked for this address already")

	page, err := w.Roster.Requests(t.Context(), ben, "", "")
	if err != nil || len(page.Rows) != 3 || !page.Rows[0].Invite || page.Rows[0].Asker != w.Cem.Name || page.Rows[0].Note != "From the depot." {
		t.Fatalf("%+v, %v", page, err)
	}
	done, err := w.Roster.AcceptRequest(t.Context(), ben, page.Rows[2].ID, role.Viewer)
	if err != nil || done.Verdict == nil || done.Verdict.Kind != "sent" {
		t.Fatalf("%+v, %v", done, err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = 'lin@elsewhere.example' AND state = 'open' AND invited_by = $1 AND roles = '{viewer}'`, w.Ben.ID); n != 1 {
		t.Error("nobody was invited in Ben's name")
	}
	if _, err := w.Roster.DeclineRequest(t.Context(), ben, page.Rows[1].ID, ""); err != nil {
		t.Fatal(err)
	}
	if n := w.Count(t, `SELECT count(*) FROM river.river_job WHERE args ->> 'letter' = 'request_declined'`); n != 1 {
		t.Errorf("%d letters", n)
	}
	_, err = w.Roster.AskToInvite(t.Context(), cem, "mo@elsewhere.example", "")
	rostertest.Refused(t, err, fault.Invalid, "less than a week ago")
	rostertest.Refused(t, w.Roster.WithdrawAsk(t.Context(), w.As(t, w.Vic, acme), page.Rows[0].ID), fault.NotFound, "")
	if err := w.Roster.WithdrawAsk(t.Context(), cem, page.Rows[0].ID); err != nil {
		t.Error(err)
	}
	mine, err := w.Roster.MyAsks(t.Context(), cem)
	if err != nil || len(mine) != 3 || mine[0].State != "withdrawn" || mine[1].State != "declined" || mine[2].State != "accepted" {
		t.Errorf("%+v, %v", mine, err)
	}

	// Without a mail server it is a link to hand over, shown once.
	if _, err := w.Roster.AskToInvite(t.Context(), cem, "ria@elsewhere.example", ""); err != nil {
		t.Fatal(err)
	}
	page, err = w.Roster.Requests(t.Context(), ben, "", "")
	if err != nil || len(page.Rows) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	done, err = roster.New(w.DB, w.Outbox, false).AcceptRequest(t.Context(), ben, page.Rows[0].ID, role.Viewer)
	if err != nil || done.Verdict == nil || done.Verdict.Kind != "link" || done.Verdict.Link == "" {
		t.Errorf("%+v, %v", done, err)
	}
}

// I9 I60: from Other, nothing of Acme's links and requests is there.
func TestLinksAndRequestsOfOthersAreNotThere(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	link, token := share(t, w, roster.NewJoinLink{NeedsApproval: true})
	request := asked(t, w, w.Zoe, token)
	zoe := w.As(t, w.Zoe, rostertest.Other)
	for name, try := range map[string]func() error{
		"JoinLink":         func() error { _, err := w.Roster.JoinLink(t.Context(), zoe, link.ID); return err },
		"ResetJoinLink":    func() error { _, _, err := w.Roster.ResetJoinLink(t.Context(), zoe, link.ID); return err },
		"WithdrawJoinLink": func() error { _, err := w.Roster.WithdrawJoinLink(t.Context(), zoe, link.ID); return err },
		"Request":          func() error { _, err := w.Roster.Request(t.Context(), zoe, request.ID); return err },
		"AcceptRequest":    func() error { _, err := w.Roster.AcceptRequest(t.Context(), zoe, request.ID, role.Guest); return err },
		"DeclineRequest":   func() error { _, err := w.Roster.DeclineRequest(t.Context(), zoe, request.ID, ""); return err },
		"WithdrawAsk":      func() error { return w.Roster.WithdrawAsk(t.Context(), zoe, request.ID) },
	} {
		if err := try(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if links, err := w.Roster.JoinLinks(t.Context(), zoe); err != nil || len(links) != 0 {
		t.Errorf("%v, %v", links, err)
	}
	if page, err := w.Roster.Requests(t.Context(), zoe, "", ""); err != nil || len(page.Rows) != 0 {
		t.Errorf("%v, %v", page, err)
	}
}
