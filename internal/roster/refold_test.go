package roster_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/internal/account"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

// listed tells whether both lists that somebody is in have them for a search.
func listed(t *testing.T, w *rostertest.World, email, search string) (members, invitations bool) {
	t.Helper()
	ann := w.As(t, w.Ann, acme)
	page, err := w.Roster.Members(t.Context(), ann, roster.List{Search: search})
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.Roster.Invitations(t.Context(), ann, roster.InvitationList{Search: search, Count: true})
	if err != nil {
		t.Fatal(err)
	}
	if list.Matching != len(list.Rows) {
		t.Errorf("%q: %d match, %d are listed", search, list.Matching, len(list.Rows))
	}
	return slices.ContainsFunc(page.Rows, func(r roster.Row) bool { return r.Email == email }),
		slices.ContainsFunc(list.Rows, func(i roster.Invitation) bool { return i.Email == email })
}

// B229 B231 B232 B233: in the database, too, members and invitations are found as people write them.
func TestPeopleAreFoundAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for i, c := range []struct{ name, by string }{
		{"Γιώργος Παπαδόπουλος", "ΓΙΩΡΓΟΣ"}, {"ΓΙΩΡΓΟΣ ΠΑΠΑΔΟΠΟΥΛΟΣ", "γιώργος"}, {"李小龙", "小龙"}, {"김민수", "민수"}, {"佐藤花子", "花子"}, {"Seán O’Brien", "obrien"}, {"Seán O’Brien", "o'brien"},
		{"Jörg Müller", "mueller"}, {"Jörg Müller", "muller"}, {"Jorg Mueller", "Müller"}, {"Jorg Mueller", "mü"}, {"Ərkin", "erkin"}, {"Łukasz", "lukasz"}, {"100% \\Üb_er", `\üb_`},
	} {
		email := fmt.Sprintf("p%d@names.example", i)
		w.Join(t, w.Ann, acme, w.Person(t, c.name, email), role.Guest)
		if found, _ := listed(t, w, email, c.by); !found {
			t.Errorf("%q does not find %q", c.by, c.name)
		}
	}
	w.Invite(t, w.Ann, acme, "jürgen@bücher.example", role.Guest)
	for _, search := range []string{"bücher", "bucher", "buecher", "BÜCHER", "xn--bcher", "jürgen", "juergen", "jü", "jürgen@bücher.example", "jürgen@xn--bcher-kva.example"} {
		if members, invitations := listed(t, w, "jürgen@bücher.example", search); !members || !invitations {
			t.Errorf("%q finds the invitation: among members %v, in its own list %v", search, members, invitations)
		}
	}
	for _, search := range []string{"cher.exampel", "er", "böcher"} {
		if members, invitations := listed(t, w, "jürgen@bücher.example", search); members || invitations {
			t.Errorf("%q finds the invitation", search)
		}
	}
	w.Join(t, w.Ann, acme, w.Person(t, "Jim", "jim@straße.example"), role.Guest)
	for _, search := range []string{"straße", "strasse", "xn--strae"} {
		if members, _ := listed(t, w, "jim@straße.example", search); !members {
			t.Errorf("%q does not find the member", search)
		}
	}
	// Corrected, it is found by the new address alone; also where the program before this one corrected it.
	if _, _, err := w.Roster.Correct(t.Context(), w.As(t, w.Ann, acme), invitationID(t, w, "jürgen@bücher.example"), "anna@märkte.example"); err != nil {
		t.Fatal(err)
	}
	if members, invitations := listed(t, w, "anna@märkte.example", "maerkte"); !members || !invitations {
		t.Error("a corrected address is not found")
	}
	w.SQL(t, `UPDATE roster.invitations SET email = 'otto@example.com', email_norm = 'otto@example.com' WHERE email = 'anna@märkte.example'`)
	if members, invitations := listed(t, w, "otto@example.com", "maerkte"); members || invitations {
		t.Error("an address is found by what it was")
	}
	if members, invitations := listed(t, w, "otto@example.com", "ot"); !members || !invitations {
		t.Error("an address that is not folded yet is not found")
	}
}

func invitationID(t *testing.T, w *rostertest.World, email string) string {
	t.Helper()
	list, err := w.Roster.Invitations(t.Context(), w.As(t, w.Ann, acme), roster.InvitationList{Search: email})
	if err != nil || len(list.Rows) != 1 {
		t.Fatalf("%s: %+v, %v", email, list.Rows, err)
	}
	return list.Rows[0].ID
}

// B229 B233: what was folded by an older rule, or not at all, is folded anew: all of it, however often that is broken off
// and however many do it, while people change their names and others are invited. Nobody's page hears of it.
func TestOldNamesAreFoldedAnew(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	const people = 1500
	w.SQL(t, `INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
		SELECT gen_random_uuid(), 'Γιώργος ' || n, 'g' || n || '@bücher.example', 'g' || n || '@xn--bcher-kva.example', 'γιωργος ' || n, ' γιωργος g' FROM generate_series(1, $1::integer) n`, people)
	w.SQL(t, `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) SELECT o.id, u.id, gen_random_uuid(), 'created' FROM roster.organizations o, roster.users u WHERE u.email LIKE '%bücher%'`)
	w.SQL(t, `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, life, expires_at, delivery)
		SELECT o.id, gen_random_uuid(), 'i' || n || '@bücher.example', 'i' || n || '@xn--bcher-kva.example', '{guest}', CASE o.slug WHEN 'acme' THEN $2::uuid ELSE $3::uuid END, '7 days', now() + interval '7 days', 'sent'
		  FROM roster.organizations o, generate_series(1, $1::integer) n`, people/2, w.Ann.ID, w.Zoe.ID)
	left := func() (n int) {
		if err := w.Database.Superuser(t).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM roster.users WHERE fold < $1) + (SELECT count(*) FROM roster.invitations WHERE fold < $1)`, account.FoldVersion).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := left()
	if before != people+people/2*2 {
		t.Fatalf("%d rows are to be folded", before)
	}
	accounts, err := account.New(account.Config{DB: w.DB, Outbox: w.Outbox, Key: w.Key})
	if err != nil {
		t.Fatal(err)
	}
	listening := w.Database.Superuser(t)
	if _, err := listening.Exec(t.Context(), "LISTEN roster_live"); err != nil {
		t.Fatal(err)
	}

	// Somebody has a row in hand.
	holder := w.Database.Superuser(t)
	held, err := holder.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var mine uuid.UUID
	if err := held.QueryRow(t.Context(), `SELECT user_id FROM roster.memberships WHERE name = 'Γιώργος 7' ORDER BY org_id LIMIT 1 FOR UPDATE`).Scan(&mine); err != nil {
		t.Fatal(err)
	}
	broken, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	done, _ := accounts.Refold(broken)
	stop()
	if rest := left(); rest == 0 || rest > before-done {
		t.Errorf("broken off, %d of %d are left and %d were done", rest, before, done)
	}
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	both := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := accounts.Refold(t.Context())
			if err == nil {
				_, err = w.Roster.Refold(t.Context())
			}
			both <- err
		}()
	}
	for range 2 {
		if err := <-both; err != nil {
			t.Error(err)
		}
	}
	// Who skipped a row that the other had in hand comes again.
	if _, err := accounts.Refold(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := w.Roster.Refold(t.Context()); err != nil {
		t.Error(err)
	}
	if rest := left(); rest != 0 {
		t.Errorf("%d rows are left", rest)
	}
	if n, err := accounts.Refold(t.Context()); n != 0 || err != nil {
		t.Errorf("nothing was to be done, and %d were: %v", n, err)
	}
	for _, search := range []string{"ΓΙΩΡΓΟΣ", "bücher", "xn--bcher"} {
		page, err := w.Roster.Members(t.Context(), w.As(t, w.Ann, acme), roster.List{Search: search})
		if err != nil || len(page.Rows) != roster.PageSize {
			t.Errorf("%q finds %d, %v", search, len(page.Rows), err)
		}
	}
	var wrong int
	if err := w.Database.Superuser(t).QueryRow(t.Context(), `SELECT count(*) FROM roster.memberships m JOIN roster.users u ON u.id = m.user_id WHERE (m.sort_name, m.search_text) IS DISTINCT FROM (u.sort_name, u.search_text)`).Scan(&wrong); err != nil || wrong > 0 {
		t.Errorf("%d entries differ from their people: %v", wrong, err)
	}
	quiet, enough := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer enough()
	if news, err := listening.WaitForNotification(quiet); err == nil {
		t.Errorf("pages hear of it: %s", news.Payload)
	}
}
