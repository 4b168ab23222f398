package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"roster/db/dbtest"
)

// started runs the program, and answers with what it says at start and with what stops it.
func started(t *testing.T, environ ...string) (string, func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	said, log, ended := newListener(), newListener(), make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve"}, environ, said, log) }()
	end := func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("it ended with %d: %s", status, log.text())
		}
	}
	said.wait(t, "Roster is at ") // all lines are said at once
	return said.text(), end
}

// visit asks for a page of a site that is known under another address than it listens on.
func visit(t *testing.T, address, path string, form url.Values) string {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "roster.example"
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 400 {
		t.Fatalf("%s %s: %d, %v\n%s", method, path, answer.StatusCode, err, page)
	}
	return string(page)
}

// X61 C049: where nobody can sign up by themselves, the start and the pages tell whoever installed Roster how to make the
// first account; once there is one they tell nobody any more.
func TestTheFirstOwnerIsToldTheWayIn(t *testing.T) {
	t.Parallel()
	const run, team = "Run: roster link you@example.com\n", "in your team to invite you."
	for name, settings := range map[string][]string{
		"no mail server": nil,
		"by invitation":  {"ROSTER_SMTP_URL=smtp://127.0.0.1:2525", "ROSTER_MAIL_FROM=Roster <no-reply@roster.example>", "ROSTER_SIGNUP=invited"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, address := dbtest.New(t), freeAddress(t)
			environ := append(append(d.Environ(), "ROSTER_URL=https://roster.example", "ROSTER_LISTEN="+address), settings...)
			said, stop := started(t, environ...)
			letters := "It has no mail server: links are copied by hand (ROSTER_SMTP_URL)"
			if settings != nil {
				letters = "Its letters come from Roster <no-reply@roster.example>"
			}
			want := `^Roster is at https://roster\.example, served on ` + address + ` \(.+\)\nIts data are in the database \w+ at .+, PostgreSQL 1\d[.\w]+\n` +
				regexp.QuoteMeta(letters+"\nNobody has an account yet. "+run) + "$"
			if !regexp.MustCompile(want).MatchString(said) {
				t.Errorf("it says at start %q", said)
			}
			for _, path := range []string{"/", "/signup"} {
				if page := visit(t, address, path, nil); !strings.Contains(page, "Nobody has an account yet") || !strings.Contains(page, "roster link you@example.com") || strings.Contains(page, team) {
					t.Errorf("%s does not tell the way in: %s", path, page)
				}
			}

			status, out, log := typed(t, environ, "link", "ann@acme.example")
			if status != 0 {
				t.Fatalf("%d %s", status, log)
			}
			_, link, _ := strings.Cut(strings.TrimSpace(out), "https://roster.example")
			visit(t, address, link, url.Values{"name": {"Ann"}, "password": {password}})
			for _, path := range []string{"/", "/signup"} {
				if page := visit(t, address, path, nil); strings.Contains(page, "Nobody has") || strings.Contains(page, "roster link") || !strings.Contains(page, team) {
					t.Errorf("%s tells it to strangers: %s", path, page)
				}
			}
			stop()
			again, stop := started(t, environ...)
			stop()
			if first, _, _ := strings.Cut(said, "Nobody"); again != first {
				t.Errorf("the next start says %q", again)
			}
		})
	}
}

// C160: in development mode the start says where to look, where the letters are, and where to begin.
func TestTheStartOfSomebodyWhoTriesItOut(t *testing.T) {
	t.Parallel()
	d, address := dbtest.New(t), freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	said, stop := started(t, append(d.Environ(), "ROSTER_DEV=1", "ROSTER_LISTEN="+address, "ROSTER_DATA="+t.TempDir())...)
	stop()
	site := "http://localhost:" + port
	want := `^Roster is at ` + site + `\nIts data are in .+\nIts letters are kept at ` + site + `/dev/mail\nNobody has an account yet\. Open ` + site + `/signup\n$`
	if !regexp.MustCompile(want).MatchString(said) {
		t.Errorf("it says at start %q", said)
	}
}

// Two clocks that differ by more than half a minute are said, whichever is ahead.
func TestClocksThatDifferAreSaid(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration]string{0: "", clocksApart: "", -clocksApart: "",
		clocksApart + time.Second: "database_ahead=31s\n", -time.Hour: "database_ahead=-1h0m0s\n"} {
		var log bytes.Buffer
		tellClocks(slog.New(slog.NewTextHandler(&log, nil)), ahead)
		if got := log.String(); !strings.HasSuffix(got, want) || (got == "") != (want == "") || strings.Count(got, "\n") > 1 {
			t.Errorf("%v: %q", ahead, got)
		}
	}
}
