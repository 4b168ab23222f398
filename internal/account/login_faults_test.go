//go:build faults

package account_test

import (
	"testing"
	"time"

	"roster/internal/account"
)

// I22, by the clock: an unknown address takes as long as a known one. The faster of the two may not be below
// half of the other, which leaves room for a busy machine and none for a hash left out.
func TestUnknownAddressTakesAsLong(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Account: 1000, Block: 1000} })
	w.person("Mara", "mara@acme.example")
	fastest := func(email string) time.Duration {
		best := time.Hour
		for range 15 {
			start := time.Now()
			if _, err := w.LogIn(t.Context(), email, "not the password", here("203.0.113.1")); err == nil {
				t.Fatal("logged in")
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	known, unknown := fastest("mara@acme.example"), fastest("nobody@acme.example")
	if known > 2*unknown || unknown > 2*known {
		t.Errorf("a known address takes %v, an unknown one %v", known, unknown)
	}
}
