//go:build faults

package faulttest

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/internal/suite"
	"roster/views/paths"
)

// R17, R16: nodes follow each other on one socket that is handed over, twenty times under 300 requests a second,
// on connections that are kept and on new ones: no request fails, sessions live on, and a form of the old node
// is taken by the new one.
func TestNodesFollowEachOtherWithoutAFailedRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	file, err := socket.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// The backlog is the kernel's for as long as somebody holds the socket; we accept nothing from it.
	n := s.startOn(file, socket.Addr().String())
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")
	s.mature("acme")

	const rate, restarts = 300, 20
	load := pressOn(t, rate, func(i int) error { return ann.look(i) })
	gone := []*node{}
	for i := range roundsOr(restarts) {
		form := ann.form(paths.Invitations("acme"), paths.Invitations("acme"), "emails", fmt.Sprintf("form%d@people.example", i), "role", "member", "preview", "no",
			"submission", uuid.NewString())
		next := s.startOn(file, n.address)
		n.signal(syscall.SIGTERM)
		gone = append(gone, n)
		n = next
		ann.mustPost(http.StatusSeeOther, paths.Invitations("acme"), form)
		if status := gone[max(0, i-1)].end(); status != 0 { // one ends while the next one starts
			t.Fatalf("a node ended with status %d: %s", status, gone[max(0, i-1)].said)
		}
	}
	for _, old := range gone {
		if status := old.end(); status != 0 {
			t.Errorf("a node ended with status %d", status)
		}
	}
	load.end()
	if have := s.count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm LIKE 'form%@people.example'`); have != len(gone) {
		t.Errorf("of %d forms %d were taken", len(gone), have)
	}
	t.Logf("%d restarts, %s", len(gone), load)
	n.stop()
}

// look opens a page, every third time one that only somebody logged in sees: on a connection that is kept, or on a
// new one.
func (p *person) look(i int) error {
	client := browsers
	if i%2 == 0 {
		client = probe
	}
	page, header := paths.LogIn, http.Header{"X-Forwarded-For": {p.from}}
	if i%3 == 0 {
		page = paths.Appearance
		header.Set("Cookie", p.cookieLine())
	}
	r, err := http.NewRequest(http.MethodGet, "http://"+p.node.address+page, nil)
	if err != nil {
		return err
	}
	r.Host, r.Header = strings.TrimPrefix(public, "https://"), header
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d of request %s", answer.StatusCode, answer.Header.Get("X-Request-Id"))
	}
	return nil
}

func (p *person) cookieLine() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var line []string
	for name, value := range p.cookies {
		line = append(line, name+"="+value)
	}
	return strings.Join(line, "; ")
}

// startOn starts a node that serves the socket it is handed, as systemd hands one over, and returns when it is
// ready. Others may be serving the same socket, so the node is believed, not asked.
func (s *site) startOn(socket *os.File, address string) *node {
	s.t.Helper()
	n := s.launchAs(func(cmd *exec.Cmd) {
		// The number of the process is known in the process alone.
		cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" serve`, program}
		cmd.ExtraFiles = []*os.File{socket}
	})
	n.address = address
	suite.Until(s.t, "a node says that it serves", func() bool {
		select {
		case <-n.exited:
			s.t.Fatalf("a node did not come up: %s", n.said)
		default:
		}
		return strings.Contains(n.said.String(), "Roster is at")
	})
	return n
}

// pressure is a steady load of requests, each made when it is due, whatever became of those before it.
type pressure struct {
	stop chan struct{}
	done sync.WaitGroup

	mu    sync.Mutex
	took  []time.Duration // from when it was due
	wrong []error
	t     *testing.T
}

// pressOn makes requests at a rate until end is called.
func pressOn(t *testing.T, rate int, request func(i int) error) *pressure {
	t.Helper()
	p := &pressure{t: t, stop: make(chan struct{})}
	t.Cleanup(p.halt)
	p.done.Go(func() {
		for i, due := 0, time.Now(); ; i, due = i+1, due.Add(time.Second/time.Duration(rate)) {
			select {
			case <-p.stop:
				return
			case <-time.After(time.Until(due)):
			}
			p.done.Go(func() {
				err := request(i)
				p.mu.Lock()
				defer p.mu.Unlock()
				p.took = append(p.took, time.Since(due))
				if err != nil {
					p.wrong = append(p.wrong, err)
				}
			})
		}
	})
	return p
}

// halt lets the requests that are under way end. It can be called again.
func (p *pressure) halt() {
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	p.done.Wait()
}

// end stops the load, and fails the test if a request failed.
func (p *pressure) end() {
	p.t.Helper()
	p.halt()
	for i, err := range p.wrong {
		if i == 10 {
			break
		}
		p.t.Error(err)
	}
	if len(p.wrong) > 0 {
		p.t.Errorf("%d of %d requests failed", len(p.wrong), len(p.took))
	}
	if len(p.took) == 0 {
		p.t.Error("no request was made: nothing was tried")
	}
}

// made is how many requests have been answered, or failed.
func (p *pressure) made() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.took)
}

// slowest is the time within which a part of the requests was answered: 0.99 of them, say.
func (p *pressure) slowest(part float64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	sorted := slices.Sorted(slices.Values(p.took))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

// String says how it went.
func (p *pressure) String() string {
	return fmt.Sprintf("%d requests, %d failed, half in %v, 99 %% in %v, all in %v", len(p.took), len(p.wrong),
		p.slowest(0.5).Round(time.Millisecond), p.slowest(0.99).Round(time.Millisecond), p.slowest(1).Round(time.Millisecond))
}
