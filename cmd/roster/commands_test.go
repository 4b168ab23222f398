package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"roster/db/dbtest"
)

const testKey = "ROSTER_KEY=c2l4dGVlbiBieXRlcyBhbmQgMTYgbW9yZSBvbmVzISE="

// typed runs a command and answers with its status and what it said.
func typed(t *testing.T, environ []string, args ...string) (int, string, string) {
	t.Helper()
	var out, log bytes.Buffer
	status := run(t.Context(), args, environ, &out, &log)
	return status, out.String(), log.String()
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   []string
		status int
		words  string
	}{
		{nil, 2, "roster serve"}, {[]string{"--help"}, 0, "roster migrate"}, {[]string{"dance"}, 2, "roster link"},
		{[]string{"serve", "--help"}, 0, "Serve the site"}, {[]string{"serve", "now"}, 2, "Type: roster serve"}, {[]string{"link"}, 2, "Type: roster link"},
		{[]string{"link", "a@b.example", "c@d.example"}, 2, "Type: roster link"}, {[]string{"version"}, 0, "roster "}, {[]string{"version", "x"}, 2, "Type: roster version"},
	} {
		status, out, log := typed(t, nil, c.args...)
		if status != c.status || !strings.Contains(out+log, c.words) {
			t.Errorf("roster %v: %d %q %q", c.args, status, out, log)
		}
	}
}

// C157: everything that is wrong is said, and nothing starts.
func TestServeRefusesAnUnsafeConfiguration(t *testing.T) {
	t.Parallel()
	status, out, log := typed(t, nil, "serve")
	if status != 1 || out != "" || !strings.Contains(log, "ROSTER_URL:") || !strings.Contains(log, "ROSTER_KEY:") {
		t.Errorf("%d %q %q", status, out, log)
	}
	d := dbtest.New(t)
	super := d.Superuser(t).Config().User
	status, _, log = typed(t, []string{testKey, "ROSTER_URL=https://roster.example", "ROSTER_DATABASE_URL=" + d.URL(super),
		"ROSTER_AUTH_DATABASE_URL=" + d.URL("roster_auth"), "ROSTER_WORKER_DATABASE_URL=" + d.URL("roster_worker")}, "serve")
	if status != 1 || !strings.Contains(log, "is a superuser, which row security does not bind") || strings.Count(log, "\n") != 1 {
		t.Errorf("%d %q", status, log)
	}
}

// A server of one's own: refused while its schema is missing, prepared by migrate, then served, and stopped well.
func TestServerOfOnesOwn(t *testing.T) {
	t.Parallel()
	d := dbtest.Empty(t, "template1")
	admin := d.Superuser(t).Config().User
	environ := append(d.Environ(), "ROSTER_URL=http://localhost:1", "ROSTER_ADMIN_DATABASE_URL="+d.URL(admin))
	if status, _, log := typed(t, environ, "serve"); status != 1 || !strings.Contains(log, "run roster migrate") {
		t.Fatalf("without a schema: %d %q", status, log)
	}
	for range 2 { // it can be repeated
		if status, out, log := typed(t, environ, "migrate"); status != 0 || out != "The database is ready.\n" {
			t.Fatalf("migrate: %d %q", status, log)
		}
	}
	// C049: without a mail server the operator hands over the way in.
	status, out, log := typed(t, environ, "link", "Ann@acme.example")
	if status != 0 || !strings.HasPrefix(out, "Sign-up link for Ann@acme.example, good once until ") || !strings.Contains(out, "\nhttp://localhost:1/signup/confirm/") {
		t.Fatalf("link: %d %q %q", status, out, log)
	}
	if status, _, log := typed(t, environ, "link", "not an address"); status != 1 || !strings.Contains(log, "name@example.com") {
		t.Errorf("link: %d %q", status, log)
	}

	address := freeAddress(t)
	ctx, stop := context.WithCancel(t.Context())
	said, log2 := newListener(), newListener()
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve"}, append(environ, "ROSTER_LISTEN="+address), said, log2) }()
	said.wait(t, "Roster is at http://localhost:1")
	for path, want := range map[string]string{"/livez": "alive\n", "/readyz": "ready\n"} {
		if got := get(t, "http://"+address+path); got != want {
			t.Errorf("%s says %q", path, got)
		}
	}
	var health struct {
		Status   string
		Database struct{ OK bool }
	}
	if err := json.Unmarshal([]byte(get(t, "http://"+address+"/api/v1/health")), &health); err != nil || health.Status != "ready" || !health.Database.OK { // C159 X64
		t.Errorf("%+v, %v", health, err)
	}
	stop()
	select {
	case status := <-ended:
		if status != 0 {
			t.Errorf("stopped with %d: %s", status, log2.text())
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not stop")
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// listener is where a program speaks, for a test that waits for a word.
type listener struct {
	mu   sync.Mutex
	cond *sync.Cond
	said strings.Builder
}

func newListener() *listener {
	l := &listener{}
	l.cond = sync.NewCond(&l.mu)
	return l
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.cond.Broadcast()
	return l.said.Write(p)
}

func (l *listener) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}

// wait returns when the words were said, and fails the test if they are not within twenty seconds.
func (l *listener) wait(t *testing.T, words string) {
	t.Helper()
	late := time.AfterFunc(20*time.Second, l.cond.Broadcast)
	defer late.Stop()
	deadline := time.Now().Add(20 * time.Second)
	l.mu.Lock()
	defer l.mu.Unlock()
	for !strings.Contains(l.said.String(), words) {
		if time.Now().After(deadline) {
			t.Fatalf("never said %q, but %q", words, l.said.String())
		}
		l.cond.Wait()
	}
}
