package web

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/live"
)

// Times of a stream of events: the sign of life that keeps it open through whatever is in between, and how long a
// browser may take to read what it is told.
const (
	beatTime = 15 * time.Second
	tellTime = 10 * time.Second
)

// isRefresh tells a page that looks again by itself, because something has changed or may have, from somebody who opens
// it. Who has the cookie and says so of everything gains a session that ends sooner.
func isRefresh(r *http.Request) bool { return r.Header.Get("Roster-Refresh") != "" }

// events tells the pages of one browser what has changed in the organizations of its person, until it goes away, the
// log-in is over, or the node stops. "organizations" are those that it will hear of; "change" is one of them and what
// has changed in it; after "bye" there is nothing to come back for.
func (s *Server) events(c echo.Context, v Visitor) error {
	ctx := c.Request().Context()
	unseen, err := unseen(c)
	if err != nil {
		return err
	}
	if s.stopping.Load() { // nothing has gone wrong: the browser asks again, and another node answers
		c.Response().Header().Set("Retry-After", "1")
		return c.NoContent(http.StatusServiceUnavailable)
	}
	w := teller{c.Response(), http.NewResponseController(c.Response())}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	if s.config.Live == nil || c.Request().Method == http.MethodHead {
		return w.tell("event: bye\ndata:\n\n")
	}
	stream, err := s.config.Live.Join(ctx, v.person.ID, account.RecordOf(ctx).Session(), unseen)
	switch {
	case errors.Is(err, live.ErrFull):
		return &fault.Fault{Kind: fault.Unavailable, Message: "As many pages are open as this node can serve.", After: time.Minute}
	case err != nil:
		return err
	}
	defer s.config.Live.Leave(stream)
	_ = w.conn.SetReadDeadline(time.Time{}) // nothing more is read, and that is no fault
	if err := w.tell(": ok\n\n"); err != nil {
		return nil
	}
	beat := time.NewTicker(beatTime)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			err = w.tell(":\n\n")
		case <-stream.Wake():
			next := s.config.Live.Next(stream)
			if err = w.tell(spell(next)); next.End != live.Open {
				return nil
			}
		}
		if err != nil { // the browser went away, or reads nothing
			return nil
		}
	}
}

// unseen is how long ago the browser saw everything, in milliseconds; nothing said is just now.
func unseen(c echo.Context) (time.Duration, error) {
	said := query(c, "unseen")
	if said == "" {
		return 0, nil
	}
	ms, err := strconv.ParseUint(said, 10, 64)
	if err != nil || ms > math.MaxInt64/uint64(time.Millisecond) {
		return 0, fault.New(fault.Malformed, "This is not how a page of ours asks for events.")
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// spell writes down what a stream has to tell.
func spell(n live.Next) string {
	var b strings.Builder
	if n.Organizations != nil {
		fmt.Fprintf(&b, "event: organizations\ndata: %s\n\n", strings.Join(n.Organizations, " "))
	}
	for _, change := range n.Changes {
		fmt.Fprintf(&b, "event: change\ndata: %s %s\n\n", change.Organization, change.What)
	}
	if n.End == live.Bye {
		b.WriteString("event: bye\ndata:\n\n")
	}
	return b.String()
}

// teller writes to a browser at once, and not for long.
type teller struct {
	*echo.Response
	conn *http.ResponseController
}

func (w teller) tell(text string) error {
	_ = w.conn.SetWriteDeadline(time.Now().Add(tellTime)) // a server for tests may have none
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return w.conn.Flush()
}
