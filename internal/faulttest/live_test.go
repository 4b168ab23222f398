package faulttest

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"roster/internal/suite"
	"roster/views/paths"
)

// stream is what somebody's open pages hear at a node.
type stream struct {
	mu   sync.Mutex
	said []string // "event data"
	over bool
	stop context.CancelFunc
}

// listen opens a stream of events, and answers nil if the node does not give one now.
func (p *person) listen(unseen string) *stream {
	p.site.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	p.mu.Lock()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.node.address+paths.Events+"?unseen="+unseen, nil)
	if err != nil {
		p.site.t.Fatal(err)
	}
	r.Host = strings.TrimPrefix(public, "https://")
	r.Header.Set("X-Forwarded-For", p.from)
	for name, value := range p.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	p.mu.Unlock()
	response, err := (&http.Client{}).Do(r)
	if err != nil || response.StatusCode != http.StatusOK {
		stop()
		return nil
	}
	s := &stream{stop: stop}
	p.site.t.Cleanup(stop)
	go func() {
		defer response.Body.Close()
		event := ""
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
			} else if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
				s.mu.Lock()
				s.said = append(s.said, event+data)
				s.mu.Unlock()
			}
		}
		s.mu.Lock()
		s.over = true
		s.mu.Unlock()
	}()
	return s
}

// heard tells whether the end of this was said, and forgets it.
func (s *stream) heard(end string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.said, func(said string) bool { return strings.HasSuffix(said, end) })
	if at >= 0 {
		s.said = s.said[at+1:]
	}
	return at >= 0
}

func (s *stream) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// C162: a change at one node is heard at the other: at first, after the other was killed, and after the
// database died under both, through which the stream itself lives on and says that anything may have changed. A node that
// is asked to stop does not wait for those who listen.
func TestChangesAreHeardAtOtherNodes(t *testing.T) {
	t.Parallel()
	s := newSite(t, startPostgres(t, nil))
	a, b := s.start(), s.start()
	ann := s.signUp(a, "Ann Owner")
	ann.found("acme")
	listener := ann.copyOf()
	listener.at(b)
	var news *stream
	tune := func(unseen string) {
		t.Helper()
		suite.Until(t, "the node gives a stream", func() bool { news = listener.listen(unseen); return news != nil })
		suite.Until(t, "it says of what it tells", func() bool { return news.heard("") })
	}
	soon := func(when, address string) {
		t.Helper()
		suite.Until(t, "an invitation is taken", func() bool {
			answer, err := ann.post(paths.Invitations("acme"), invitation(address))
			return err == nil && answer.status == http.StatusSeeOther
		})
		began := time.Now()
		suite.Until(t, when+" the change is heard", func() bool { return news.heard(" invitations") })
		t.Logf("%s it was heard after %v", when, time.Since(began))
	}
	tune("0")
	soon("at first", "first@guests.example")

	b.kill()
	suite.Until(t, "the stream breaks", news.ended)
	b = s.start()
	listener.at(b)
	tune("5000")
	suite.Until(t, "it says that anything may have changed", func() bool { return news.heard(" all") })
	soon("at a new node", "second@guests.example")

	s.crash(t)
	s.database.start(t)
	suite.Until(t, "the node hears again, and says that anything may have changed", func() bool { return news.heard(" all") })
	soon("after the database died", "third@guests.example")

	began := time.Now()
	b.signal(syscall.SIGTERM)
	suite.Until(t, "the stream ends", news.ended)
	if status := b.end(); status != 0 {
		t.Errorf("it ended with status %d", status)
	}
	t.Logf("the node ended after %v", time.Since(began)) // two seconds of it let the load balancer see
	a.stop()
}
