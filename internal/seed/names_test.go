package seed

import (
	"strings"
	"testing"
)

// A crowd of any size has one address each, and every pair of names comes once before any comes again.
func TestNamesAreDifferent(t *testing.T) {
	t.Parallel()
	n := newNames()
	seen := map[string]bool{}
	for i := range 300_000 {
		c := n.of(i)
		address := c.local + "@" + c.code
		if seen[address] {
			t.Fatalf("number %d is a second %s", i, address)
		}
		seen[address] = true
		if strings.Trim(c.local, "abcdefghijklmnopqrstuvwxyz.-0123456789") != "" || strings.HasPrefix(c.local, ".") || strings.Contains(c.local, "..") || strings.HasSuffix(c.local, ".") {
			t.Errorf("%s is spelled %q", c.name, c.local)
		}
	}
	for _, s := range n.stocks {
		pairs := map[string]bool{}
		all := len(s.givens) * len(s.families)
		for i := range all {
			pairs[s.of(i).local] = true
		}
		if len(pairs) != all {
			t.Errorf("%s has %d names, and %d spellings of them", s.code, all, len(pairs))
		}
	}
}

// The numbers of founders and of the invited are far from those of members: nobody is met twice.
func TestNumbersDoNotMeet(t *testing.T) {
	t.Parallel()
	n := newNames()
	members := map[string]bool{}
	for i := range 20_000 {
		members[n.of(i).local+n.of(i).code] = true
	}
	for i := range 20_000 {
		if c := n.of(invitedFrom + i); members[c.local+c.code] {
			t.Fatalf("%s is invited and a member", c.name)
		}
	}
}
