//go:build faults

package faulttest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"roster/internal/suite"
	"roster/views/paths"
)

// R11, I104: five thousand clients that send a byte in ten seconds, first in the header and then in the body, are
// hung up on, and nobody else is kept waiting by them. It runs alone: it measures time.
func TestSlowClientsKeepNobodyWaiting(t *testing.T) {
	const clients = 5000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max < clients+1000 {
		t.Fatalf("this test opens %d connections and may have %d files open (%v): raise the limit (ulimit -Hn)", clients, limit.Max, err)
	}
	s := newSite(t, shared)
	n := s.start()
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")
	const rate, measured = 40, 300
	normal := func(what string) *pressure {
		load := pressOn(t, rate, func(int) error {
			if a, err := ann.get(paths.Members("acme")); err != nil || a.status != http.StatusOK {
				return fmt.Errorf("%s: a page is answered %d (%v)", what, a.status, err)
			}
			return nil
		})
		suite.Until(t, what+": enough pages are opened", func() bool { return load.made() >= measured })
		load.halt()
		return load
	}
	normal("warming up")

	head := "GET /login HTTP/1.1\r\nHost: roster.example\r\nX-Slow: "
	body := "POST /login HTTP/1.1\r\nHost: roster.example\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\nemail="
	for _, c := range []struct{ name, begins, answer string }{{"slow headers", head, ""}, {"slow bodies", body, "HTTP/1.1 408 "}} {
		for try := 1; ; try++ { // the machine has other things to do, and may do them just now
			alone := normal("alone").slowest(0.99)
			attack := crawl(t, n.address, clients, c.begins)
			suite.Until(t, c.name+": they are connected", func() bool { return attack.open.Load() >= clients*3/4 })
			beside := normal(c.name)
			suite.Until(t, c.name+": each was hung up on", func() bool { return attack.closed.Load() >= clients })
			memory := n.memory()
			attack.end()
			t.Logf("%s: %s; alone 99 %% in %v; %d connections were hung up on, after %v at most; %d MiB", c.name, beside, alone.Round(time.Millisecond),
				attack.closed.Load(), attack.longest().Round(100*time.Millisecond), memory>>20)
			if memory > 512<<20 && !raced() {
				t.Errorf("%s: the node occupies %d MiB", c.name, memory>>20)
			}
			if longest := attack.longest(); longest > 9*time.Second {
				t.Errorf("%s: a connection was borne with for %v, and five seconds are allowed", c.name, longest)
			}
			if said := attack.answer(); !strings.HasPrefix(said, c.answer) {
				t.Errorf("%s: the last words to a slow client are %q", c.name, said)
			}
			if len(beside.wrong) == 0 && beside.slowest(0.99) < 3*max(alone, 200*time.Millisecond) {
				break
			}
			if try == 3 {
				t.Errorf("%s: 99 %% of the pages in %v, alone in %v; %v", c.name, beside.slowest(0.99), alone, beside.wrong)
				break
			}
		}
	}
	suite.Until(t, "the connections are gone", func() bool { return n.files(t) < 200 })
}

// A connection that nothing is asked on is closed after a minute. Meanwhile there is nothing to do but wait for that.
func TestIdleConnectionIsClosedAfterAMinute(t *testing.T) {
	t.Parallel()
	n := newSite(t, shared).start()
	conn, err := net.Dial("tcp", n.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: roster.example\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := conn.SetDeadline(began.Add(75 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	answer, err := http.ReadResponse(r, nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadByte(); err != io.EOF || time.Since(began) < 50*time.Second {
		t.Errorf("the connection ended after %v: %v", time.Since(began), err)
	}
}

// crawlers are clients that take their time, and come back when they are hung up on.
type crawlers struct {
	stop         chan struct{}
	done         sync.WaitGroup
	open, closed atomic.Int64
	slowest      atomic.Int64 // nanoseconds
	said         atomic.Value
}

// crawl opens connections from several addresses, sends what a request begins with, and then a byte in ten seconds.
func crawl(t *testing.T, address string, clients int, begins string) *crawlers {
	t.Helper()
	c := &crawlers{stop: make(chan struct{})}
	c.said.Store("")
	t.Cleanup(c.end)
	for i := range clients {
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%20))}
		c.done.Go(func() {
			pause(c.stop, time.Duration(i%5000)*time.Millisecond)
			for {
				select {
				case <-c.stop:
					return
				default:
				}
				c.once(address, from, begins)
				pause(c.stop, rand.N(time.Second)) // it is not the connecting that shall cost
			}
		})
	}
	return c
}

// once holds one connection until it ends.
func (c *crawlers) once(address string, from net.Addr, begins string) {
	dialer := net.Dialer{LocalAddr: from, Timeout: 5 * time.Second}
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		return
	}
	defer conn.Close()
	began := time.Now()
	if _, err := io.WriteString(conn, begins); err != nil {
		return
	}
	c.open.Add(1)
	defer c.open.Add(-1)
	var last []byte
	heard := make([]byte, 512)
	for waited := 1; ; waited++ {
		select {
		case <-c.stop:
			return
		default:
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		n, err := conn.Read(heard)
		last = append(last, heard[:n]...)
		switch netErr, slow := err.(net.Error); {
		case err == nil:
		case slow && netErr.Timeout():
			if waited%10 == 0 {
				_, _ = conn.Write([]byte("a")) // what it answers is read
			}
		default:
			took := time.Since(began)
			for {
				longest := c.slowest.Load()
				if int64(took) <= longest || c.slowest.CompareAndSwap(longest, int64(took)) {
					break
				}
			}
			c.closed.Add(1)
			c.said.Store(string(last[:min(len(last), 64)]))
			return
		}
	}
}

// end lets go of all connections. It can be called again.
func (c *crawlers) end() {
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.done.Wait()
}

// longest is how long the node has borne with one of them.
func (c *crawlers) longest() time.Duration { return time.Duration(c.slowest.Load()) }

// answer is what was said to the one that was hung up on last.
func (c *crawlers) answer() string { return c.said.Load().(string) }
