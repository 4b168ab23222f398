package web

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/semaphore"

	"roster/views/layout"
	"roster/views/paths"
)

// All organizations share the connections to the database. So that one at full load leaves the others theirs, only
// so many of its requests are at work at the same time, fewer than there are connections; the others of it wait
// for their turn, in order, and not for long. The same holds for one person, in whatever organization, and for
// those from one block of addresses of whom nobody is logged in. (I133)

// turnTime is how long a request waits for its turn, and turnsMost how many may wait for those of one.
const (
	turnTime  = 2 * time.Second
	turnsMost = 200
)

// Of the forms that one log-in sends, so many are at work at a time, and the others wait for so long. They wait before
// anything is asked of the database: who presses fifty times takes no connection from anybody, and none of the presses
// waits in vain for one that the others hold.
const (
	pressesAtOnce = 2
	pressTime     = 4 * time.Second
)

// AtOnce is how many requests of one organization are at work at a time where the pages share so many connections.
func AtOnce(connections int) int { return max(1, connections*3/4) }

// turns are those of everybody who has a request at work or waiting.
type turns struct {
	atOnce   int           // 0: as many as come
	patience time.Duration // how long one waits

	mu   sync.Mutex
	held map[string]*turn
}

// turn is what the requests of one organization, person or block share.
type turn struct {
	*semaphore.Weighted
	here int // at work or waiting
}

var errTooManyWait = errors.New("web: too many wait for their turn")

// take waits for the turn of a request. What it gives is called when the work is done, at least once.
func (t *turns) take(ctx context.Context, of string) (done func(), err error) {
	if t.atOnce <= 0 {
		return func() {}, nil
	}
	theirs, err := t.enter(of)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	if err := theirs.Acquire(ctx, 1); err != nil {
		t.leave(of, theirs)
		return nil, err
	}
	var once sync.Once
	return func() {
		once.Do(func() {
			theirs.Release(1)
			t.leave(of, theirs)
		})
	}, nil
}

func (t *turns) enter(of string) (*turn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = map[string]*turn{}
	}
	theirs, ok := t.held[of]
	if !ok {
		theirs = &turn{Weighted: semaphore.NewWeighted(int64(t.atOnce))}
		t.held[of] = theirs
	}
	if theirs.here >= t.atOnce+turnsMost {
		return nil, errTooManyWait
	}
	theirs.here++
	return theirs, nil
}

func (t *turns) leave(of string, theirs *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if theirs.here--; theirs.here == 0 {
		delete(t.held, of)
	}
}

// inTurn does the work of a request when it is its turn, which is over with the first byte of the answer: who reads
// slowly holds up nobody.
func (s *Server) inTurn(c echo.Context, of, busy string, work func() error) error {
	r := c.Request()
	done, err := s.turns.take(r.Context(), of)
	switch {
	case err != nil && r.Context().Err() != nil:
		return r.Context().Err()
	case err != nil:
		s.sayBusy(c.Response(), r, busy, "Nothing was changed. Try again in a moment.")
		return nil
	}
	defer done()
	c.Response().Before(done)
	return work()
}

// presses lets the forms of one log-in wait for their turn. Logging out waits for nobody.
func (s *Server) presses(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(s.sessions.cookie)
		if err != nil || isSafe(r) || r.URL.Path == paths.LogOut {
			next.ServeHTTP(w, r)
			return
		}
		done, err := s.pressed.take(r.Context(), cookie.Value)
		switch {
		case err != nil && r.Context().Err() != nil:
			s.fail(w, r, r.Context().Err())
			return
		case err != nil:
			s.sayBusy(w, r, busyPresses, "This one was not begun. Wait a few seconds and look: if what you wanted is not there yet, send it again.")
			return
		}
		defer done()
		next.ServeHTTP(w, r)
	})
}

// sayBusy answers who did not get their turn: nothing typed is lost.
func (s *Server) sayBusy(w http.ResponseWriter, r *http.Request, title, text string) {
	spec := layout.ProblemSpec{Status: http.StatusServiceUnavailable, Title: title, Text: text}
	if !isSafe(r) && !isHTMX(r) {
		spec.Again = s.again(r, r.URL.Path)
	}
	s.refuse(w, r, spec)
}

// The words for who has more requests at work than are done at a time.
const (
	busyOrganization = "Too much is asked of this organization at once"
	busyPerson       = "You have asked for too much at once"
	busyPresses      = "Busy: what you sent before is still being done"
	busyBlock        = "Too much is asked from your network at once"
)

// block is the /24 or /64 that an address is in.
func block(address string) string {
	at, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	bits := 64
	if at.Is4() {
		bits = 24
	}
	prefix, err := at.Prefix(bits)
	if err != nil {
		return address
	}
	return prefix.String()
}
