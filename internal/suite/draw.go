package suite

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// All tells whether everything is tried, ALL=1: `make test-all` asks for that. Otherwise a part is drawn.
func All() bool { return os.Getenv("ALL") == "1" }

// drawn is what is drawn from where the environment names no SEED: another part at each run.
var drawn = strconv.FormatInt(time.Now().UnixNano(), 36)

// drawing are the tests that have drawn something.
var drawing sync.Map

// Seed is what is drawn from. SEED repeats a draw.
func Seed() string {
	if seed := os.Getenv("SEED"); seed != "" {
		return seed
	}
	return drawn
}

// Draw is the luck of one thing in one test. It is the same for the same seed, whatever else is drawn, in whatever order
// and beside whatever. If the test fails, it says how to have the same again.
func Draw(t testing.TB, of ...any) *rand.Rand {
	t.Helper()
	if _, told := drawing.LoadOrStore(t.Name(), true); !told {
		t.Cleanup(func() {
			drawing.Delete(t.Name())
			if t.Failed() {
				t.Logf("drawn with SEED=%s", Seed())
			}
		})
	}
	return luck(Seed(), t.Name(), of...)
}

func luck(seed, name string, of ...any) *rand.Rand {
	sum := fnv.New128a()
	fmt.Fprintf(sum, "%q %q %q", seed, name, of)
	s := sum.Sum(nil)
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(s), binary.BigEndian.Uint64(s[8:])))
}

// Some are so many of all, drawn, in the order in which they stand; all of them where everything is tried.
func Some[T any](t testing.TB, all []T, n int, of ...any) []T {
	t.Helper()
	if All() || n >= len(all) {
		return all
	}
	take := map[int]bool{}
	for _, i := range Draw(t, of...).Perm(len(all))[:n] {
		take[i] = true
	}
	some := make([]T, 0, n)
	for i, one := range all {
		if take[i] {
			some = append(some, one)
		}
	}
	return some
}
