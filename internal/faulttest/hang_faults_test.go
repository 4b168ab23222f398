//go:build faults

package faulttest

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"roster/internal/suite"
	"roster/views/paths"
)

// R2, I103: PostgreSQL says nothing any more, though it lives. Whoever waits is answered 503 within the budget of
// a request, no matter how many come; the node lives, does not grow, and recovers by itself.
func TestHangingDatabaseIsAnswered503WithinTheBudget(t *testing.T) {
	t.Parallel()
	s := newSite(t, startPostgres(t, nil))
	n := s.start()
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")
	ann.mustGet(http.StatusOK, paths.Members("acme"))
	before := n.memory()

	const budget, slack = 10 * time.Second, 1500 * time.Millisecond // of a machine that others use too
	for _, c := range []struct {
		name string
		all  bool // the postmaster too: nobody new is let in either
	}{{"whoever was connected hangs", false}, {"all of it hangs", true}} {
		var refused, served atomic.Int64
		load := pressOn(t, 20, func(i int) error {
			began := time.Now()
			a, err := ann.get(paths.Members("acme"))
			switch took := time.Since(began); {
			case err != nil:
				return err
			case took > budget+slack:
				return fmt.Errorf("request %s was answered after %v", a.request, took)
			case a.status == http.StatusOK:
				served.Add(1)
			case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" && (heading(a.body) == "Roster is not available at the moment" || crowded(a.body)):
				refused.Add(1)
			default:
				return fmt.Errorf("request %s was answered %d, Retry-After %q: %.200s", a.request, a.status, a.header.Get("Retry-After"), words(a.body))
			}
			return nil
		})
		suite.Until(t, "pages are served", func() bool { return served.Load() > 20 })
		hung := s.stopped(t, c.all)
		stopped := time.Now()
		if status, _ := n.health("/livez"); status != http.StatusOK {
			t.Errorf("%s: /livez answers %d", c.name, status)
		}
		if c.all {
			suite.Until(t, c.name+": somebody is refused", func() bool { return refused.Load() > 0 })
			asked := time.Now()
			if status, said := n.health("/readyz"); status != http.StatusServiceUnavailable || time.Since(asked) > 4*time.Second {
				t.Errorf("%s: /readyz answers %d after %v: %s", c.name, status, time.Since(asked), said)
			}
			suite.Until(t, "the budget of those who came first is over", func() bool { return time.Since(stopped) > budget+2*time.Second })
		} else {
			// New connections are let in, so the node helps itself before the others come round.
			had := served.Load()
			suite.Until(t, c.name+": pages are served on new connections", func() bool { return served.Load() > had+20 })
		}
		during := n.memory()
		hung.resume()
		woke, had := time.Now(), served.Load()
		suite.Until(t, c.name+": pages are served again", func() bool { return served.Load() > had+20 })
		if took := time.Since(woke); took > 6*time.Second {
			t.Errorf("%s: recovered after %v", c.name, took)
		}
		load.end()
		t.Logf("%s: %s; %d refused; memory %d, then %d MiB", c.name, load, refused.Load(), before>>20, during>>20)
		if during > before+64<<20 {
			t.Errorf("%s: the node grew by %d MiB", c.name, (during-before)>>20)
		}
	}
	suite.Until(t, "the node is ready", n.ready)
	if left := n.goroutines(); left > 120 {
		t.Errorf("%d goroutines are left over", left)
	}
}

// hung are stopped processes.
type hung []int

// stopped stops the server's processes where they are; all of them, or those but the postmaster.
func (p *postgres) stopped(t *testing.T, all bool) hung {
	t.Helper()
	master := p.pid(t)
	h := hung(children(t, master))
	if len(h) < 5 {
		t.Fatalf("the server has %d processes only", len(h))
	}
	if all {
		h = append(hung{master}, h...)
	}
	t.Cleanup(h.resume)
	for _, pid := range h {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// resume lets them go on. One that has ended meanwhile is none of ours.
func (h hung) resume() {
	for _, pid := range h {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
}

// children are the processes that a process has started.
func children(t *testing.T, parent int) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil || len(files) == 0 {
		t.Fatalf("this test looks for processes in /proc, and there is none (%v)", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || field(text, "PPid") != parent {
			continue // it has ended, or is another's
		}
		pids = append(pids, field(text, "Pid"))
	}
	return pids
}

// field is a number out of /proc/…/status; -1 if it is not there.
func field(status []byte, name string) int {
	for line := range bytes.Lines(status) {
		if rest, ok := strings.CutPrefix(string(line), name+":"); ok {
			if n, err := strconv.Atoi(strings.Fields(rest)[0]); err == nil {
				return n
			}
		}
	}
	return -1
}

// memory is what the node occupies, in bytes. Built with the race detector it occupies many times that.
func (n *node) memory() int {
	n.t.Helper()
	return n.status("VmRSS") << 10
}

// peak is the most that the node ever occupied, in bytes.
func (n *node) peak() int {
	n.t.Helper()
	return n.status("VmHWM") << 10
}

func (n *node) status(name string) int {
	n.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.pid()))
	if err != nil {
		n.t.Fatalf("this test looks into /proc: %v", err)
	}
	return field(text, name)
}

// files counts what the node has open, its connections among it.
func (n *node) files(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", n.pid()))
	if err != nil {
		t.Fatalf("this test looks into /proc: %v", err)
	}
	return len(open)
}

var goroutine = regexp.MustCompile(`(?m)^goroutine \d+ `)

// goroutines asks the node what it is doing, which ends it, and counts.
func (n *node) goroutines() int {
	n.t.Helper()
	said := len(n.said.String())
	n.signal(syscall.SIGQUIT)
	n.end()
	return len(goroutine.FindAllString(n.said.String()[said:], -1))
}
