package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"roster/internal/fault"
)

// A turn is over with the first byte of the answer, so who reads slowly holds up nobody; and the next in line has it.
func TestATurnIsOverWithTheFirstByte(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, func(c *Config) { c.AtOnce = 1 })
	written, finish := make(chan struct{}), make(chan struct{})
	s.get("/test/slow/:token", s.token(func(c echo.Context, _ *Visitor) error {
		if c.Param("token") == "first" {
			c.Response().WriteHeader(http.StatusOK)
			close(written)
			<-finish
			return nil
		}
		return c.NoContent(http.StatusNoContent)
	}))
	var first sync.WaitGroup
	first.Go(func() { ask(s, "GET", "/test/slow/first", "") })
	<-written
	if w := ask(s, "GET", "/test/slow/second", ""); w.Code != http.StatusNoContent {
		t.Errorf("while the first is still being read, the second is answered %d", w.Code)
	}
	close(finish)
	first.Wait()
	if len(s.turns.held) != 0 {
		t.Errorf("turns are left: %v", s.turns.held)
	}
}

// Those of another organization or block wait for nobody; too many are not even let wait; and who goes away while waiting
// leaves nothing behind. I133
func TestTurnsAreTakenApart(t *testing.T) {
	t.Parallel()
	turns := turns{atOnce: 1, patience: time.Hour}
	done, err := turns.take(t.Context(), "organization acme")
	if err != nil {
		t.Fatal(err)
	}
	other, err := turns.take(t.Context(), "organization other")
	if err != nil {
		t.Fatal(err)
	}
	other()
	gone, leave := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range turnsMost {
		waiting.Go(func() {
			if _, err := turns.take(gone, "organization acme"); err == nil {
				t.Error("two have the turn")
			}
		})
	}
	for full := false; !full; {
		turns.mu.Lock()
		full = turns.held["organization acme"].here == 1+turnsMost
		turns.mu.Unlock()
	}
	if _, err := turns.take(t.Context(), "organization acme"); !errors.Is(err, errTooManyWait) {
		t.Errorf("one too many: %v", err)
	}
	leave()
	waiting.Wait()
	done()
	done() // twice is once
	again, err := turns.take(t.Context(), "organization acme")
	if err != nil {
		t.Fatal(err)
	}
	again()
	if len(turns.held) != 0 {
		t.Errorf("turns are left: %v", turns.held)
	}
	for address, want := range map[string]string{"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "": ""} {
		if got := block(address); got != want {
			t.Errorf("block(%q) = %q, want %q", address, got, want)
		}
	}
}

// The words, for a page and for a form whose fields come back.
func TestABusyAnswer(t *testing.T) {
	t.Parallel()
	s, logged := newTestServer(t, func(c *Config) { c.AtOnce = 1 })
	s.turns.held = map[string]*turn{}
	full, err := s.turns.enter("from 192.0.2.0/24")
	if err != nil {
		t.Fatal(err)
	}
	full.here += turnsMost
	s.post("/test/slow/:token", s.token(func(c echo.Context, _ *Visitor) error { return c.NoContent(http.StatusNoContent) }))
	w := ask(s, "POST", "/test/slow/x", "note=what+I+typed&password=secret")
	for _, want := range []string{"Too much is asked from your network at once", "Nothing was changed", "what I typed", "Send again"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the answer does not say %q", want)
		}
	}
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}

	// The forms of one log-in, which wait before it is asked whose it is.
	full, err = s.pressed.enter("a-token")
	if err != nil {
		t.Fatal(err)
	}
	full.here += s.pressed.atOnce - 1 + turnsMost
	w = ask(s, "POST", "/orgs", "name=what+I+typed&password=secret", "Cookie", s.sessions.cookie+"=a-token")
	for _, want := range []string{"what you sent before is still being done", "This one was not begun", "what I typed", "Send again"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the answer does not say %q", want)
		}
	}
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "database") {
		t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	s.post("/test/crowded", s.public(func(echo.Context) error { return fault.Busy("Many people are here.") }))
	if w := ask(s, "POST", "/test/crowded", ""); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "Roster is busy at the moment") {
		t.Errorf("crowded: %d %s", w.Code, w.Body)
	}
	if strings.Contains(logged.String(), `"ERROR"`) {
		t.Error("it is logged as our fault")
	}
}
