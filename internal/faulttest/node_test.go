package faulttest

import (
	"crypto/rand"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"roster/internal/mail/mailtest"
	"roster/internal/suite"
)

// public is the address that people know. Nodes listen elsewhere, as they do behind a proxy.
const public = "https://roster.example"

// raceOptions lets the race detector end the program with a status of its own.
const raceOptions = "GORACE=exitcode=66 halt_on_error=0"

// site is one installation: a database, a mail server, a key, and nodes that come and go.
type site struct {
	*database
	t       *testing.T
	letters *mailtest.Server // nil: no mail server
	key     string
	people  int
}

// newSite prepares an installation on a server. No node runs yet.
func newSite(t *testing.T, p *postgres, options ...mailtest.Option) *site {
	t.Helper()
	return &site{database: newDatabase(t, p), t: t, letters: mailtest.Start(t, options...), key: newKey()}
}

// newKey is a secret for an installation.
func newKey() string {
	key := make([]byte, 32)
	rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}

// node is one process of the program.
type node struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string // host:port
	said    *transcript
	exited  chan struct{}
}

// launch starts a node and does not wait for it. environ adds to the installation's settings, or replaces them.
func (s *site) launch(environ ...string) *node {
	s.t.Helper()
	return s.launchAs(func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, environ...) })
}

// launchAs starts a node by a command that was changed before, and does not wait for it.
func (s *site) launchAs(change func(*exec.Cmd)) *node {
	s.t.Helper()
	address := freeAddress(s.t)
	n := &node{t: s.t, address: address, said: &transcript{}, exited: make(chan struct{})}
	n.cmd = exec.Command(program, "serve")
	n.cmd.Env = append(s.database.environ(), "PATH="+os.Getenv("PATH"), raceOptions, "ROSTER_URL="+public, "ROSTER_LISTEN="+address, "ROSTER_KEY="+s.key,
		"ROSTER_DATA="+s.t.TempDir(), "ROSTER_TRUSTED_PROXIES=127.0.0.1")
	if s.letters != nil {
		n.cmd.Env = append(n.cmd.Env, "ROSTER_SMTP_URL="+s.letters.URL(), "ROSTER_MAIL_FROM=Roster <no-reply@roster.example>")
	}
	n.cmd.Stdout, n.cmd.Stderr, n.cmd.SysProcAttr = n.said, n.said, tied()
	change(n.cmd)
	if err := n.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = n.cmd.Wait() // how it ended is in ProcessState
		close(n.exited)
	}()
	s.t.Cleanup(func() {
		n.kill()
		said := n.said.String()
		if strings.Contains(said, "DATA RACE") || strings.Contains(said, "msg=panic") || strings.Contains(said, "fatal error:") {
			s.t.Errorf("node %d said:\n%s", n.pid(), said)
		} else if s.t.Failed() {
			s.t.Logf("the last words of node %d: %s", n.pid(), said[max(0, len(said)-4000):])
		}
	})
	return n
}

// start starts a node and returns when it is ready.
func (s *site) start(environ ...string) *node {
	s.t.Helper()
	for try := 1; ; try++ {
		n := s.launch(environ...)
		if n.comesUp() {
			return n
		}
		if try == 3 || !strings.Contains(n.said.String(), "is taken by another program") { // somebody was quicker with the port
			s.t.Fatalf("a node did not come up: %s", n.said)
		}
	}
}

// comesUp waits until the node is ready, or has ended.
func (n *node) comesUp() bool {
	n.t.Helper()
	up := false
	suite.Until(n.t, "a node comes up", func() bool {
		select {
		case <-n.exited:
			return true
		default:
			up = n.ready()
			return up
		}
	})
	return up
}

// ready asks the node whether it can serve pages.
func (n *node) ready() bool {
	status, _ := n.health("/readyz")
	return status == http.StatusOK
}

// health asks one of the addresses of health; 0 means that nobody answered.
func (n *node) health(path string) (int, string) {
	answer, err := probe.Get("http://" + n.address + path)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}

// probe asks after health as a load balancer does: on a connection of its own each time.
var probe = &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

// pid is the number of the process.
func (n *node) pid() int { return n.cmd.Process.Pid }

// signal sends the process a signal; one that has ended gets none.
func (n *node) signal(signal syscall.Signal) { _ = n.cmd.Process.Signal(signal) }

// kill ends the process at once, as kill -9 does, and returns when it is gone.
func (n *node) kill() {
	n.signal(syscall.SIGKILL)
	<-n.exited
}

// end waits for the process to end by itself and answers with its exit status.
func (n *node) end() int {
	n.t.Helper()
	suite.Next(n.t, "a node ends", n.exited)
	return n.cmd.ProcessState.ExitCode()
}

// stop ends the process well, and fails the test unless it says so.
func (n *node) stop() {
	n.t.Helper()
	n.signal(syscall.SIGTERM)
	if status := n.end(); status != 0 {
		n.t.Errorf("a node ended with status %d", status)
	}
}

// transcript is what a process says, while it says it.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write keeps some words.
func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String is all that was said.
func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// freeAddress is a port that nobody listens on just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
