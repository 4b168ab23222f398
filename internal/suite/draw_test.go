package suite

import (
	"fmt"
	"slices"
	"testing"
)

// The same seed draws the same for the same thing, in whatever order it is asked; another seed, test or thing draws
// otherwise.
func TestDrawIsRepeated(t *testing.T) {
	draw := func(seed, name string, of ...any) string { return fmt.Sprint(luck(seed, name, of...).Perm(20)) }
	first := draw("a", "TestOne", "members", 3)
	draw("a", "TestOne", "members", 4)
	if again := draw("a", "TestOne", "members", 3); again != first {
		t.Errorf("first %s, then %s", first, again)
	}
	for _, other := range []string{draw("b", "TestOne", "members", 3), draw("a", "TestTwo", "members", 3), draw("a", "TestOne", "members", 4), draw("a", "TestOne", "members3")} {
		if other == first {
			t.Error("something else draws the same")
		}
	}
}

// A part is as large as asked for, in order, and what is drawn changes with the seed until everything has been; everything
// is tried where that is asked for.
func TestSomeOfAll(t *testing.T) {
	all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	t.Setenv("ALL", "")
	had := map[int]bool{}
	for n := 0; len(had) < len(all); n++ {
		t.Setenv("SEED", fmt.Sprint(n))
		some := Some(t, all, 3)
		if len(some) != 3 || !slices.IsSorted(some) || !slices.Equal(some, Some(t, all, 3)) {
			t.Fatalf("drawn are %v", some)
		}
		for _, one := range some {
			had[one] = true
		}
	}
	if n := len(Some(t, all, 20)); n != len(all) {
		t.Errorf("%d of all", n)
	}
	t.Setenv("ALL", "1")
	if n := len(Some(t, all, 3)); n != len(all) {
		t.Errorf("%d of all where all are asked for", n)
	}
}
