//go:build faults

package web_test

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestAForeignIDTakesAsLong as one that never was, by the clock, which needs a machine that nobody else uses. First the
// measure itself is tried: a question or two more, a quarter of the time, must show. I13
func TestAForeignIDTakesAsLong(t *testing.T) {
	l := obey(t)
	all := l.foreign()
	mem := all[0]

	slower := 0
	usual := l.median(mem.b, mem.nowhere)
	l.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if began := time.Now(); r.URL.Path == mem.there {
			for slower++; time.Since(began) < usual/4; {
				if _, err := l.DB.Door().FreeSlugs(r.Context(), []string{"one", "more"}); err != nil {
					t.Error(err)
				}
			}
		}
		l.Web.Handler().ServeHTTP(w, r)
	}))
	apart, most := l.apart(mem.b, mem.method, mem.there, mem.nowhere)
	for n := 0; n < 2 && apart < most; n++ {
		apart, most = l.apart(mem.b, mem.method, mem.there, mem.nowhere)
	}
	if apart < most || slower < 200 {
		t.Errorf("a question or two more take %v, and %v is let pass: the measure is too coarse", apart, most)
	}
	l.serve(l.Web.Handler())

	for _, c := range all {
		for range 3 { // the machine has other things to do
			if apart, most = l.apart(c.b, c.method, c.there, c.nowhere); apart < most {
				break
			}
		}
		if apart >= most {
			t.Errorf("%s: a foreign one and an unknown one are answered %v apart, more than %v", c.kind, apart, most)
		}
	}
}

// apart is how far the medians of 200 requests for each of two addresses, taken by turns, are from each other, and how far they
// may be: a tenth of the quicker one.
func (l *law) apart(b *browser, method, one, two string) (apart, most time.Duration) {
	l.t.Helper()
	var took [2][]time.Duration
	for n := range 400 {
		began := time.Now()
		b.sendTo(method, aim{path: []string{one, two}[n%2]})
		took[n%2] = append(took[n%2], time.Since(began))
	}
	slices.Sort(took[0])
	slices.Sort(took[1])
	return (took[0][100] - took[1][100]).Abs(), min(took[0][100], took[1][100]) / 10
}

// median is how long a page takes.
func (l *law) median(b *browser, path string) time.Duration {
	l.t.Helper()
	var took []time.Duration
	for range 50 {
		began := time.Now()
		b.get(path)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[25]
}
