package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"roster/db/dbtest"
	"roster/internal/suite"
)

const testKey = "ROSTER_KEY=c2l4dGVlbiBieXRlcyBhbmQgMTYgbW9yZSBvbmVzISE="

// typed runs a command and answers with its status and what it said.
func typed(t *testing.T, environ []string, args ...string) (int, string, string) {
	t.Helper()
	var out, log bytes.Buffer
	status := run(t.Context(), args, environ, &out, &log)
	return status, out.String(), log.String()
}

// C157: what was typed wrongly is named, with what was meant, and nothing is done.
func TestWhatIsTypedWronglyIsNamed(t *testing.T) {
	t.Parallel()
	for line, words := range map[string]string{
		"":                     "roster help COMMAND says more",
		"srve":                 "roster: there is no command \"srve\". Did you mean serve?\nroster help lists all.\n",
		"dance":                "roster: there is no command \"dance\".\n",
		"halp":                 "Did you mean help?",
		"help migrat":          "Did you mean migrate?",
		"--bogus":              "there is no command \"--bogus\"",
		"serve --bogus":        "roster serve: there is no flag --bogus\nType: roster serve [--demo]\nroster help serve says more.\n",
		"serve -x":             "there is no flag -x",
		"serve now":            "roster serve: \"now\" is too much\n",
		"serve --demo=perhaps": "--demo cannot be \"perhaps\"",
		"link":                 "roster link: EMAIL is missing\nType: roster link [--reset] EMAIL\n",
		"link a@b.example x":   "\"x\" is too much",
		"prove --report":       "--report needs a value",
		"prove now":            "Type: roster prove [--report FOLDER]",
		"seed --members 0":     "--members goes from 1 to 1000000",
		"seed --members ten":   "--members cannot be \"ten\"",
		"migrate it":           "\"it\" is too much",
		"version x":            "\"x\" is too much",
	} {
		status, out, log := typed(t, nil, strings.Fields(line)...)
		if status != 2 || out != "" || !strings.Contains(log, words) {
			t.Errorf("roster %s: %d %q %q", line, status, out, log)
		}
	}
}

// Every command explains itself in each of the ways that people ask: what it does, its flags, the variables that it looks at,
// and an example that is typed well.
func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	_, all, _ := typed(t, nil, "help")
	for _, one := range []string{"--help", "-h"} {
		if status, out, _ := typed(t, nil, one); status != 0 || out != all {
			t.Errorf("roster %s: %d %q", one, status, out)
		}
	}
	known := settingsBut()
	for _, c := range commands() {
		if !strings.Contains(all, "\n  "+c.usage()+" ") {
			t.Errorf("roster help does not list %s", c.name)
		}
		words := strings.Fields(c.name)
		status, out, log := typed(t, nil, append([]string{"help"}, words...)...)
		if status != 0 || log != "" || !strings.HasPrefix(out, c.usage()+"\n\n"+capital(c.about)+".\n") {
			t.Errorf("roster help %s: %d %q %q", c.name, status, out, log)
		}
		for _, flag := range []string{"--help", "-h"} {
			if status, same, _ := typed(t, nil, append(slices.Clone(words), flag)...); status != 0 || same != out {
				t.Errorf("roster %s %s: %d %q", c.name, flag, status, same)
			}
		}
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		c.prepare(flags)
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || !strings.Contains(c.options, "--"+f.Name) {
				t.Errorf("roster %s does not explain --%s", c.name, f.Name)
			}
		})
		for _, name := range c.settings {
			if !slices.Contains(known, name) || !strings.Contains(out, "\n  "+name+" ") {
				t.Errorf("roster help %s does not explain %s", c.name, name)
			}
		}
		_, example, ok := strings.Cut(c.example, "roster "+c.name)
		if _, shown, _ := strings.Cut(out, "\nExample:\n  "); !ok || shown != c.example+"\n" {
			t.Errorf("the example of roster %s is %q", c.name, c.example)
		}
		if err := flags.Parse(strings.Fields(example)); err != nil || c.miscounted(flags.Args()) != nil {
			t.Errorf("the example of roster %s cannot be typed: %v", c.name, err)
		}
	}
}

// C159: the program says what it was built from, in three spellings.
func TestVersion(t *testing.T) {
	t.Parallel()
	for _, one := range []string{"version", "--version", "-v"} {
		status, out, log := typed(t, nil, one)
		if status != 0 || log != "" || !strings.HasPrefix(out, "roster "+versionText()+"\nbuilt by "+runtime.Version()+" for "+runtime.GOOS+"/"+runtime.GOARCH) {
			t.Errorf("roster %s: %d %q %q", one, status, out, log)
		}
	}
}

// A command that works on what is installed makes nothing where nothing is: no server, no folder, not even a key.
func TestNothingIsInstalledHere(t *testing.T) {
	t.Parallel()
	for _, c := range commands() {
		if !c.installed {
			continue
		}
		for _, environ := range [][]string{nil, {"ROSTER_DEV=1"}, {testKey, "ROSTER_URL=https://roster.example"}} {
			data := filepath.Join(t.TempDir(), "var")
			words := append(strings.Fields(c.name), strings.Fields(strings.ReplaceAll(c.args, "EMAIL", "a@b.example"))...)
			status, out, log := typed(t, append(environ, "ROSTER_DATA="+data), words...)
			if status != 1 || out != "" || !strings.HasPrefix(log, "roster: nothing is installed here: "+data) || strings.Count(log, "\n") != 1 {
				t.Errorf("roster %s: %d %q %q", c.name, status, out, log)
			}
			if _, err := os.Lstat(data); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("roster %s made %s: %v", c.name, data, err)
			}
		}
	}
	// What is wrong with the settings comes first: it may be why nothing is there.
	if status, _, log := typed(t, []string{"ROSTER_DATABSE_URL=postgres://x"}, "prove"); status != 1 || !strings.HasPrefix(log, "ROSTER_DATABSE_URL: ") {
		t.Errorf("%d %q", status, log)
	}
}

// C157: everything that is wrong is said, and nothing starts.
func TestServeRefusesAnUnsafeConfiguration(t *testing.T) {
	t.Parallel()
	status, out, log := typed(t, nil, "serve")
	if status != 1 || out != "" || !strings.Contains(log, "ROSTER_URL:") || !strings.Contains(log, "ROSTER_KEY:") || !strings.HasSuffix(log, ": ROSTER_DEV=1 roster serve\n") {
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

// B202 B203 B276: a server of one's own, with an administrator who is no superuser and names of roles of one's own: refused while its schema is missing, prepared by migrate, then served, and stopped well.
func TestServerOfOnesOwn(t *testing.T) {
	t.Parallel()
	d, admin := dbtest.Own(t)
	environ := append(d.Environ(), "ROSTER_URL=http://localhost:1", "ROSTER_ADMIN_DATABASE_URL="+admin)
	if status, _, log := typed(t, environ, "serve"); status != 1 || !strings.Contains(log, "roster migrate") {
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
	case <-suite.Late(t):
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

// wait returns when the words were said, and fails the test if they are not.
func (l *listener) wait(t *testing.T, words string) {
	t.Helper()
	patience := suite.Patience(t)
	late := time.AfterFunc(patience, l.cond.Broadcast)
	defer late.Stop()
	deadline := time.Now().Add(patience)
	l.mu.Lock()
	defer l.mu.Unlock()
	for !strings.Contains(l.said.String(), words) {
		if time.Now().After(deadline) {
			t.Fatalf("never said %q, but %q", words, l.said.String())
		}
		l.cond.Wait()
	}
}
