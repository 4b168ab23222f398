package roster_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/internal/mail"
	"roster/internal/role"
	"roster/internal/rostertest"
)

// A09: what a person and what a network sends on the first day of organizations is counted in all of them together;
// that another person from elsewhere invites is no matter of theirs.
func TestNewOrganizationsHaveOneAllowanceOfLetters(t *testing.T) {
	t.Parallel()
	w := rostertest.Empty(t)
	eve, noor := w.Person(t, "Eve Many", "eve@many.example"), w.Person(t, "Noor One", "noor@one.example")
	type place struct{ org, invitation uuid.UUID }
	var places []place
	for i := range 9 {
		slug, by := fmt.Sprintf("many-%d", i), eve
		if i == 8 {
			slug, by = "one", noor
		}
		p := place{org: w.Found(t, by, slug, slug)}
		w.Invite(t, by, slug, "guest@many.example", role.Member)
		if err := w.Database.Superuser(t).QueryRow(t.Context(), `SELECT id FROM roster.invitations WHERE org_id = $1`, p.org).Scan(&p.invitation); err != nil {
			t.Fatal(err)
		}
		places = append(places, p)
	}
	if n := w.Count(t, `SELECT count(*) FROM river.river_job WHERE args ->> 'by' = $1 AND args ->> 'network' <> ''`, eve.ID.String()); n != 8 {
		t.Errorf("%d letters name who sends them and where from", n)
	}
	sent := 0
	allow := func(p place, by, network string) (wait time.Duration) {
		t.Helper()
		sent++
		err := pgx.BeginFunc(t.Context(), w.DB.Jobs(), func(tx pgx.Tx) (err error) {
			wait, err = w.Roster.AllowLetter(t.Context(), tx, mail.Envelope{Kind: mail.KindInvitation, To: fmt.Sprintf("n%d@guests.example", sent), Org: p.org.String(),
				Subject: p.invitation.String(), By: by, Network: network})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	for i := range 100 {
		if wait := allow(places[i%8], eve.ID.String(), "here"); wait != 0 {
			t.Fatalf("letter %d of a person waits %v", i+1, wait)
		}
	}
	if wait := allow(places[0], eve.ID.String(), "here"); wait <= 0 || wait > 24*time.Hour {
		t.Errorf("the 101st letter of a person waits %v", wait)
	}
	if wait := allow(places[8], noor.ID.String(), "there"); wait != 0 {
		t.Errorf("a letter of somebody else waits %v", wait)
	}
	for i := range 200 { // other people of the same network
		if wait := allow(places[i%8], uuid.NewString(), "here"); wait != 0 {
			t.Fatalf("letter %d of a network waits %v", i+101, wait)
		}
	}
	if wait := allow(places[8], uuid.NewString(), "here"); wait <= 0 || wait > 24*time.Hour {
		t.Errorf("the letters of a network are not counted together: %v", wait)
	}
	// Older organizations have the allowance of a day.
	w.SQL(t, `UPDATE roster.organizations SET created_at = created_at - interval '2 days'`)
	if wait := allow(places[0], eve.ID.String(), "here"); wait != 0 {
		t.Errorf("a letter of an older organization waits %v", wait)
	}
}
