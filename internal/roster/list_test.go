package roster_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

// variety fills Acme with people of whom many share a name, a role, a day of joining and a moment of last activity, and
// with open invitations.
func variety(t *testing.T, w *rostertest.World) {
	t.Helper()
	w.SQL(t, `INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
		SELECT gen_random_uuid(), 'Person ' || i % 20, 'p' || i || '@acme.example', 'p' || i || '@acme.example', 'person ' || i % 20, ' person ' || i % 20 || ' p' || i || '@acme.example'
		  FROM generate_series(1, 130) i`)
	w.SQL(t, `INSERT INTO roster.memberships (org_id, user_id, id, joined_through, joined_at, status, last_active_at, invited_by)
		SELECT m.org_id, u.id, gen_random_uuid(), 'invitation', date_trunc('day', now()) - n % 5 * interval '1 day',
		       CASE WHEN n % 7 = 0 THEN 'suspended' WHEN n % 11 = 0 THEN 'left' ELSE 'active' END, now() - (ARRAY[NULL, 1, 20, 60, 200])[n % 5 + 1] * interval '1 day', m.user_id
		  FROM (SELECT x.*, row_number() OVER (ORDER BY x.id) AS n FROM roster.users x WHERE x.name LIKE 'Person %') u
		  JOIN roster.memberships m ON m.email = (ARRAY['ann@acme.example', 'ben@acme.example'])[n % 2 + 1]
		  JOIN roster.organizations o ON o.id = m.org_id AND o.slug = 'acme'`)
	w.SQL(t, `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT m.org_id, m.user_id, (ARRAY['admin', 'member', 'guest'])[length(m.email) % 3 + 1] FROM roster.memberships m WHERE m.name LIKE 'Person %' AND m.status <> 'left'`)
	w.SQL(t, `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT m.org_id, m.user_id, 'viewer' FROM roster.memberships m WHERE m.name LIKE 'Person 1%' AND m.status <> 'left'`)
	w.SQL(t, `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, created_at, life, expires_at)
		SELECT o.id, gen_random_uuid(), 'waiting' || i || '@acme.example', 'waiting' || i || '@acme.example', ARRAY[(ARRAY['admin', 'guest'])[i % 2 + 1]], m.user_id,
		       date_trunc('day', now()) - i % 3 * interval '1 day', interval '7 days', now() + interval '1 day'
		  FROM generate_series(1, 60) i, roster.organizations o JOIN roster.memberships m ON m.org_id = o.id AND m.email = 'ben@acme.example' WHERE o.slug = 'acme'`)
}

// walk reads a list to its end, page by page, and back to its start: the same rows, each once.
func walk(t *testing.T, w *rostertest.World, a roster.Actor, list roster.List) []roster.Row {
	t.Helper()
	read := func() roster.Members {
		page, err := w.Roster.Members(t.Context(), a, list)
		if err != nil {
			t.Fatalf("%+v: %v", list, err)
		}
		return page
	}
	var on, back []roster.Row
	page := read()
	if page.Prev != "" {
		t.Errorf("%+v: there is something before the start", list)
	}
	for on = page.Rows; page.Next != ""; on = append(on, page.Rows...) {
		if len(page.Rows) != roster.PageSize {
			t.Fatalf("%+v: a page of %d in the middle", list, len(page.Rows))
		}
		list.After = page.Next
		page = read()
	}
	list.After = ""
	for back = page.Rows; page.Prev != ""; back = slices.Concat(page.Rows, back) {
		list.Before = page.Prev
		if page = read(); page.Next == "" || len(page.Rows) == 0 {
			t.Fatalf("%+v: %d rows, and nothing behind them, where somebody came from", list, len(page.Rows))
		}
	}
	if !slices.EqualFunc(on, back, func(a, b roster.Row) bool { return a.ID == b.ID }) {
		t.Errorf("%+v: %d rows forwards and %d backwards, or in another order", list, len(on), len(back))
	}
	return on
}

// C021 C024 C141 X21 U06 O13: in every order, both ways, a list names everybody once, people of equal keys in an order
// that stays; and C023: every filter, alone and with every other, leaves exactly those who are so.
func TestListsNameEverybodyOnce(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	variety(t, w)
	a := w.As(t, w.Ann, acme)
	ben := w.Membership(t, w.Ben, acme)
	everybody := walk(t, w, a, roster.List{})
	if len(everybody) != 5+130-10+60 {
		t.Fatalf("%d people in the list", len(everybody))
	}
	ago := func(days int) time.Time { return time.Now().AddDate(0, 0, -days) }
	for _, sort := range []string{"", "role", "joined", "active"} {
		for _, down := range []bool{false, true} {
			for _, as := range []role.Role{"", role.Admin, role.Viewer} {
				for _, status := range []string{"", "active", "suspended", "pending"} {
					for _, by := range []string{"", ben} {
						for active, is := range map[string]func(time.Time) bool{
							"":      func(time.Time) bool { return true },
							"month": func(at time.Time) bool { return at.After(ago(30)) }, "before": func(at time.Time) bool { return at.Before(ago(90)) }, "never": time.Time.IsZero,
						} {
							for _, search := range []string{"", "p1", "erson", "ait", "1@acme exam"} {
								if search != "" && (as != "" || active != "" || down) { // enough of them
									continue
								}
								list := roster.List{Sort: sort, Down: down, Role: as, Status: status, InvitedBy: by, Active: active, Search: search}
								want := slices.DeleteFunc(slices.Clone(everybody), func(r roster.Row) bool {
									text := account.SearchText(r.Name, r.Email)
									for word := range strings.FieldsSeq(search) {
										if !strings.Contains(text, map[bool]string{true: " "}[len(word) < 3]+word) {
											return true
										}
									}
									return as != "" && !slices.Contains(r.Roles, as) || status != "" && r.Status != status || by != "" && r.Inviter != "Ben Admin" || !is(r.LastActive) || active != "" && r.Invitation
								})
								slices.SortFunc(want, func(x, y roster.Row) int {
									order := stands(t, list, x, y)
									if down {
										return -order
									}
									return order
								})
								got := walk(t, w, a, list)
								if !slices.EqualFunc(got, want, func(a, b roster.Row) bool { return a.ID == b.ID }) {
									t.Fatalf("%+v lists %d people, want %d; or in another order:\n%s\n%s", list, len(got), len(want), peopleOf(got), peopleOf(want))
								}
							}
						}
					}
				}
			}
		}
	}
}

// stands compares two rows as a list orders them: by its key, and people of equal keys by their ids.
func stands(t *testing.T, list roster.List, x, y roster.Row) int {
	name := func(r roster.Row) string {
		if r.Invitation {
			return r.Email
		}
		return account.SortName(r.Name)
	}
	id := func(r roster.Row) uuid.UUID {
		if !r.Invitation {
			return r.PersonID
		}
		id, ok := publicid.Invitation.Parse(r.ID)
		if !ok {
			t.Fatal(r.ID)
		}
		return id
	}
	rank := func(r roster.Row) int { return slices.Index(role.All, role.Highest(r.Roles)) }
	xid, yid := id(x), id(y)
	var order int
	switch {
	case list.Sort == "joined":
		order = x.Since.Compare(y.Since)
	case list.Sort == "active":
		order = x.LastActive.Compare(y.LastActive)
	case list.Sort == "role" && list.Role == "":
		order = cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(name(x), name(y)))
	default:
		order = cmp.Compare(name(x), name(y))
	}
	return cmp.Or(order, bytes.Compare(xid[:], yid[:]))
}

func peopleOf(rows []roster.Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s %s %v; ", r.Email, r.Status, r.Roles)
	}
	return b.String()
}

// C023: a filter by an inviter of whom nobody here knows leaves nobody, and says nothing about whether they are elsewhere.
func TestInviterOfAnotherOrganization(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for _, inviter := range []string{w.Membership(t, w.Zoe, other), publicid.Membership.Of(uuid.New())} {
		page, err := w.Roster.Members(t.Context(), w.As(t, w.Ann, acme), roster.List{InvitedBy: inviter})
		if err != nil || len(page.Rows) > 0 {
			t.Errorf("%s: %+v, %v", inviter, page.Rows, err)
		}
		_, err = w.Roster.InvitedBy(t.Context(), w.As(t, w.Ann, acme), inviter, "")
		rostertest.Refused(t, err, fault.NotFound, "")
	}
}

// C041 X22: the tree opens from any member: whom they brought, how many those brought, and the way up.
func TestWhoBroughtWhom(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	dan, eve := w.Person(t, "Dan Deep", "dan@acme.example"), w.Person(t, "Eve Early", "eve@acme.example")
	w.Join(t, w.Ben, acme, dan, role.Member)
	w.SQL(t, `UPDATE roster.organizations SET members_may_invite = true`)
	w.Join(t, dan, acme, eve, role.Member)
	of := func(a roster.Actor, who account.Person) roster.Tree {
		tree, err := w.Roster.InvitedBy(t.Context(), a, w.Membership(t, who, acme), "")
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	tree := of(ann, dan)
	if len(tree.People) != 1 || tree.People[0].Name != "Eve Early" || tree.People[0].Invited != 0 || tree.Invited != 1 || tree.Name != "Dan Deep" {
		t.Errorf("below Dan: %+v", tree)
	}
	var above []string
	for _, one := range tree.Above {
		above = append(above, one.Name)
	}
	if strings.Join(above, " → ") != "Ann Owner → Ben Admin" {
		t.Errorf("above Dan: %v", above)
	}
	if i := slices.IndexFunc(of(ann, w.Ben).People, func(b roster.Brought) bool { return b.Name == "Dan Deep" }); i < 0 || of(ann, w.Ben).People[i].Invited != 1 {
		t.Errorf("below Ben: %+v", of(ann, w.Ben).People)
	}
	member, err := w.Roster.Member(t.Context(), ann, w.Membership(t, dan, acme), "")
	if err != nil || member.Invited != 1 {
		t.Errorf("Dan has invited %d, %v", member.Invited, err)
	}
	// Who left stands there for those who see former members; what was below them does not vanish.
	if _, err := w.Roster.Remove(t.Context(), ann, w.Membership(t, dan, acme), roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	has := func(tree roster.Tree) bool {
		return slices.ContainsFunc(tree.People, func(b roster.Brought) bool { return b.Name == "Dan Deep" })
	}
	cem := w.As(t, w.Cem, acme)
	if !has(of(ann, w.Ben)) || has(of(cem, w.Ben)) {
		t.Error("a former member stands in the tree for the wrong people")
	}
	if tree := of(cem, eve); len(tree.Above) != 3 || tree.Above[2].Present {
		t.Errorf("above Eve: %+v", tree.Above)
	}
	_, err = w.Roster.InvitedBy(t.Context(), cem, w.Membership(t, dan, acme), "")
	rostertest.Refused(t, err, fault.NotFound, "")
	// Somebody who left and comes back by whom they had brought: the way up ends, and they open once.
	w.Join(t, eve, acme, dan, role.Member)
	if tree := of(ann, dan); len(tree.Above) != 1 || tree.Above[0].Name != "Eve Early" || len(tree.People) != 1 || !tree.People[0].Above {
		t.Errorf("Dan and Eve brought each other: %+v", tree)
	}
}

// C041 C141 I18: those whom somebody brought come page by page, each once; a damaged cursor is refused.
func TestTreePages(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	variety(t, w)
	ann, ben := w.As(t, w.Ann, acme), w.Membership(t, w.Ben, acme)
	seen := map[string]bool{}
	for after := ""; ; {
		tree, err := w.Roster.InvitedBy(t.Context(), ann, ben, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range tree.People {
			if seen[one.ID] {
				t.Errorf("%s is there twice", one.Email)
			}
			seen[one.ID] = true
		}
		if after = tree.Next; after == "" {
			if len(seen) != tree.Invited {
				t.Errorf("%d people on the pages, %d are counted", len(seen), tree.Invited)
			}
			break
		}
	}
	_, err := w.Roster.InvitedBy(t.Context(), ann, ben, "x")
	rostertest.Refused(t, err, fault.Malformed, "damaged")
}
