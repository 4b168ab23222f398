package roster_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"roster/internal/fault"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

// A09: one person founds ten organizations in 24 hours, however many at once they ask for; another one is not held up.
// The eleventh is refused in a sentence that says when, and a form that comes again still finds what it made.
func TestAPersonFoundsTenOrganizationsADay(t *testing.T) {
	t.Parallel()
	w := rostertest.Empty(t)
	eve, noor := w.Person(t, "Eve Many", "eve@many.example"), w.Person(t, "Noor One", "noor@one.example")
	found := func(n int) (string, uuid.UUID, error) {
		trace := rostertest.Trace()
		trace.Submission = uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n))
		return w.Roster.CreateOrganization(t.Context(), eve, roster.NewOrganization{Name: fmt.Sprintf("Many %d", n), Slug: fmt.Sprintf("many-%d", n)}, trace)
	}
	var made, refused atomic.Int64
	var all sync.WaitGroup
	barrier := make(chan struct{})
	for n := range 30 {
		all.Go(func() {
			<-barrier
			for {
				_, _, err := found(n)
				f, ok := fault.As(err)
				switch {
				case err == nil:
					made.Add(1)
				case ok && f.Kind == fault.Unavailable: // busy: asked again
					continue
				case ok && f.Kind == fault.TooMany && strings.Contains(f.Error(), "24 hours") && f.After > 0:
					refused.Add(1)
				default:
					t.Errorf("organization %d: %v", n, err)
				}
				return
			}
		})
	}
	close(barrier)
	all.Wait()
	if made.Load() != 10 || refused.Load() != 20 {
		t.Errorf("%d were made and %d refused", made.Load(), refused.Load())
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.organizations`); n != 10 {
		t.Errorf("there are %d organizations", n)
	}
	for n := range 30 {
		slug, id, err := found(n)
		if had := w.Count(t, `SELECT count(*) FROM roster.organizations WHERE slug = $1`, fmt.Sprintf("many-%d", n)) == 1; had != (err == nil) || had && id == uuid.Nil {
			t.Errorf("sent again, %s answers %v", slug, err)
		}
	}
	w.Found(t, noor, "One", "one")

	// Whoever left what they founded, or was asked back into it, has founded it all the same; a day later they may again.
	w.SQL(t, `UPDATE roster.memberships SET joined_through = 'invitation' WHERE user_id = $1`, eve.ID)
	if _, _, err := found(40); !fault.Is(err, fault.TooMany) {
		t.Errorf("after coming back: %v", err)
	}
	w.SQL(t, `UPDATE platform.foundings SET at = at - interval '24 hours'`)
	if _, _, err := found(41); err != nil {
		t.Errorf("a day later: %v", err)
	}

	// Two hundred may stand.
	w.SQL(t, `INSERT INTO platform.foundings (user_id, org_id, at) SELECT $1, o.id, now() - interval '3 days' FROM roster.organizations o, generate_series(1, 20)`, eve.ID)
	if _, _, err := found(42); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "200 organizations") {
		t.Errorf("with two hundred: %v", err)
	}
}
