package roster_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"roster/internal/fault"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

// correspondence fills Acme with invitations in every state, by two inviters, some with the same time, some undelivered.
func correspondence(t *testing.T, w *rostertest.World, n int) {
	t.Helper()
	w.SQL(t, `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, created_at, sent_at, life, expires_at, state, delivery, decided_at)
		SELECT o.id, gen_random_uuid(), e, e, '{member}', CASE n % 3 WHEN 0 THEN $1::uuid ELSE $2::uuid END, now() - (n / 2) * interval '1 hour', now() - interval '1 day', '7 days',
		       now() + (n % 7 - 3) * interval '1 day' + (n / 4) * interval '1 minute', s, CASE n % 4 WHEN 0 THEN 'failed' ELSE 'sent' END, CASE s WHEN 'open' THEN NULL ELSE now() END
		  FROM roster.organizations o, (SELECT n, chr(97 + n % 5) || n || '@many.example' AS e, (ARRAY['open', 'open', 'accepted', 'declined', 'revoked'])[1 + n % 5] AS s FROM generate_series(1, $3::integer) n) x
		 WHERE o.slug = 'acme'`, w.Ann.ID, w.Ben.ID, n)
}

// C046 N34: each filter, and any of them together, shows exactly what it says, in its order, and pages lead through all
// of it once, forwards and back the same.
func TestInvitationsAreListedByAnyFilters(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.SQL(t, "DELETE FROM roster.invitations")
	correspondence(t, w, 420)
	ann := w.As(t, w.Ann, acme)
	var all []roster.Invitation
	for list := (roster.InvitationList{Show: "all"}); ; {
		page, err := w.Roster.Invitations(t.Context(), ann, list)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, page.Rows...); page.Next == "" {
			break
		}
		list.After = page.Next
	}
	if len(all) != 420 {
		t.Fatalf("all are %d, want 420", len(all))
	}
	ben := w.Membership(t, w.Ben, acme)
	for _, show := range roster.InvitationFilters {
		for _, undelivered := range []bool{false, true} {
			for _, inviter := range []string{"", ben} {
				for _, search := range []string{"", "b", "C1", "7@many", "nobody"} {
					list := roster.InvitationList{Show: show, Undelivered: undelivered, Inviter: inviter, Search: search, Count: true}
					want := slices.DeleteFunc(slices.Clone(all), func(i roster.Invitation) bool {
						return !(show == "all" || i.State == show || show == "" && (i.State == "open" || i.State == "expired")) || undelivered && i.Delivery != "failed" ||
							inviter != "" && i.InviterID != inviter || !strings.Contains(" "+i.Email, map[bool]string{true: " "}[len(search) < 3]+strings.ToLower(search))
					})
					slices.SortStableFunc(want, func(x, y roster.Invitation) int {
						switch {
						case search != "":
							return strings.Compare(x.Email, y.Email)
						case show == "open" || show == "expired":
							return cmp.Or(y.Expires.Compare(x.Expires), strings.Compare(y.ID, x.ID))
						}
						return cmp.Or(y.Created.Compare(x.Created), strings.Compare(y.ID, x.ID))
					})
					leaf(t, w, ann, list, want)
				}
			}
		}
	}
	for _, bad := range []roster.InvitationList{{Show: "none"}, {Inviter: "mem_x"}, {After: "x"}, {Before: "x"}, {After: "a", Before: "b"}} {
		_, err := w.Roster.Invitations(t.Context(), ann, bad)
		rostertest.Refused(t, err, fault.Malformed, "")
	}
	page, err := w.Roster.Invitations(t.Context(), ann, roster.InvitationList{Inviter: w.Membership(t, w.Zoe, rostertest.Other), Show: "all"})
	if err != nil || len(page.Rows) != 0 {
		t.Errorf("an inviter of another organization: %d rows, %v", len(page.Rows), err)
	}
}

// leaf goes through a list to its end and back again.
func leaf(t *testing.T, w *rostertest.World, a roster.Actor, list roster.InvitationList, want []roster.Invitation) {
	t.Helper()
	what := fmt.Sprintf("%+v", list)
	ids := func(all []roster.Invitation) (ids []string) {
		for _, i := range all {
			ids = append(ids, i.ID)
		}
		return ids
	}
	var pages [][]string
	var back string
	for {
		page, err := w.Roster.Invitations(t.Context(), a, list)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if (page.Prev != "") != (len(pages) > 0 && len(page.Rows) > 0) {
			t.Errorf("%s: page %d leads back to %q", what, len(pages)+1, page.Prev)
		}
		if len(page.Rows) > 0 && page.Matching != len(want) {
			t.Errorf("%s: %d match, want %d", what, page.Matching, len(want))
		}
		pages, back = append(pages, ids(page.Rows)), page.Prev
		if page.Next == "" {
			break
		}
		list.After = page.Next
	}
	if got := slices.Concat(pages...); !slices.Equal(got, ids(want)) {
		t.Fatalf("%s: %d rows, want %d, or in another order", what, len(got), len(want))
	}
	for n := len(pages) - 2; n >= 0; n-- {
		list.After, list.Before = "", back
		page, err := w.Roster.Invitations(t.Context(), a, list)
		if err != nil || !slices.Equal(ids(page.Rows), pages[n]) || page.Next == "" || (page.Prev == "") != (n == 0) {
			t.Fatalf("%s: back to page %d: %d rows, next %q, previous %q, %v", what, n+1, len(page.Rows), page.Next, page.Prev, err)
		}
		back = page.Prev
	}
}

// B291: who invites an address that looks like another one is told so before it is sent, alone and among others; it can
// be sent all the same.
func TestLookAlikesAreTold(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	const odd, plain = "payp\u0430l@example.com", "paypal@example.com"
	const note = "This address mixes letters of two alphabets: the “\u0430” in “payp\u0430l” is Cyrillic."
	for _, addresses := range []string{odd, odd + "\n" + plain} {
		form := roster.Invite{Addresses: addresses, Role: "guest", MayPreview: true}
		preview, err := w.Roster.Invite(t.Context(), ann, form)
		if err != nil || !preview.Previewed || preview.Verdicts[0].Kind != "ready" || preview.Verdicts[0].Note != note {
			t.Errorf("%q: %+v, %v", addresses, preview, err)
		}
		for _, v := range preview.Verdicts[1:] {
			if v.Note != "" {
				t.Errorf("%+v", v)
			}
		}
	}
	if sent, err := w.Roster.Invite(t.Context(), ann, roster.Invite{Addresses: odd, Role: "guest"}); err != nil || sent.Sent != 1 {
		t.Errorf("%+v, %v", sent, err)
	}
	if sent, err := w.Roster.Invite(t.Context(), ann, roster.Invite{Addresses: plain, Role: "guest", MayPreview: true}); err != nil || sent.Sent != 1 || sent.Previewed {
		t.Errorf("%+v, %v", sent, err)
	}
}
