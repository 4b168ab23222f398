// Package suite is what all tests share: patience, so that none needs the machine to be quick, and the draw, by which
// `make test` tries a part of what there is to try and `make test-all` all of it.
package suite

import (
	"testing"
	"time"

	"roster/internal/fault"
)

// patience is how long something may take that has to happen. It is no measure of anything: it keeps a test that waits
// in vain from waiting for ever.
const patience = 2 * time.Minute

// margin is left to a test program of its own time, to say what was waited for in vain.
const margin = 15 * time.Second

// glance lies between two looks, at first; a look that was in vain often is taken less often.
const (
	glance     = 5 * time.Millisecond
	glanceMost = 100 * time.Millisecond
)

// Patience is how long a test may wait from now on.
func Patience(t testing.TB) time.Duration {
	limit := patience
	if t, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if end, has := t.Deadline(); has {
			limit = min(limit, time.Until(end)-margin)
		}
	}
	return max(limit, time.Second)
}

// Late says when a test has waited in vain, for who waits for something else at the same time.
func Late(t testing.TB) <-chan time.Time { return time.After(Patience(t)) }

// Next is what comes next. A test for which nothing comes fails.
func Next[T any](t testing.TB, what string, from <-chan T) (next T) {
	t.Helper()
	select {
	case next = <-from:
	case <-Late(t):
		t.Fatalf("waited in vain: %s", what)
	}
	return next
}

// Until waits for something to become so.
func Until(t testing.TB, what string, so func() bool) {
	t.Helper()
	Try(t, what, func() string {
		if so() {
			return ""
		}
		return "it is not so"
	})
}

// Try does something again and again until there is nothing against it any more. What is against it is said if the
// test waits in vain.
func Try(t testing.TB, what string, against func() string) {
	t.Helper()
	end := time.Now().Add(Patience(t))
	for moment := glance; ; moment = min(2*moment, glanceMost) {
		why := against()
		if why == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s: %s", what, why)
		}
		time.Sleep(moment)
	}
}

// Patiently asks again for as long as the answer is that too much is asked at once, as a person does who is told so. Any
// other answer is the answer.
func Patiently(t testing.TB, ask func() error) (err error) {
	t.Helper()
	Try(t, "an answer", func() string {
		if err = ask(); fault.Is(err, fault.Unavailable) {
			return err.Error()
		}
		return ""
	})
	return err
}
