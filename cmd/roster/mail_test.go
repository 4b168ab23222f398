package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"roster/db/dbtest"
	"roster/internal/mail/mailtest"
)

// B289: the operator reads the conversation, without the password, and what to do.
func TestMailTest(t *testing.T) {
	t.Parallel()
	server := mailtest.StartScript(t, nil, nil)
	environ := []string{testKey, "ROSTER_DATA=" + t.TempDir(), "ROSTER_URL=https://roster.example.com", "ROSTER_MAIL_FROM=\"Care, Team\" <no-reply@example.com>", "ROSTER_SMTP_URL=" + server.URL()} // B265
	status, out, log := typed(t, environ, "mail", "test", "mara@acme.example")
	if status != 0 || log != "" || !strings.Contains(out, "C: EHLO roster.example.com\nS: 250-mail.test\n") || !strings.Contains(out, "C: RCPT TO:<mara@acme.example>\nS: 250 2.1.5 ok\n") ||
		!strings.Contains(out, "The mail server has taken the letter.") || len(server.Letters()) != 1 || !strings.Contains(server.Letters()[0], "Subject: Test letter from Roster\r\n") {
		t.Errorf("%d\n%s\n%s", status, out, log)
	}

	server.Set(map[string]string{"RCPT": "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname"})
	status, out, log = typed(t, append(environ, "ROSTER_MAIL_HELLO=other.example.com"), "mail", "test", "mara@acme.example")
	if status != 1 || !strings.Contains(out, "C: EHLO other.example.com\n") || !strings.Contains(out, "S: 504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname\n") ||
		log != "The letter was not taken: mail server answered 504 5.5.2 to RCPT. Set ROSTER_MAIL_HELLO to this machine's name in DNS, or have the mail server let this machine in.\n" {
		t.Errorf("%d\n%s\n%s", status, out, log)
	}

	server.Set(map[string]string{"EHLO": "250-mail.test\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 no"})
	with := func(url string) []string {
		return append(environ[:len(environ)-1:len(environ)-1], "ROSTER_SMTP_URL="+url)
	}
	status, out, log = typed(t, with(strings.Replace(server.URL(), "smtp://", "smtp://ann:geheim%2F1@", 1)), "mail", "test", "mara@acme.example")
	if status != 1 || !strings.Contains(out, "C: AUTH PLAIN ***\nS: 535 5.7.8 no\n") || strings.Contains(out+log, "geheim") || !strings.Contains(log, "answered 535 5.7.8 to AUTH. Check the name and the password in ROSTER_SMTP_URL") {
		t.Errorf("%d\n%s\n%s", status, out, log)
	}
	for act, words := range map[string]string{mailtest.Cuts: "at DATA: it cut the connection. The mail server stopped in the middle", "250 what": "answered 250 to DATA. The mail server is busy"} {
		server.Set(map[string]string{"DATA": act})
		if status, out, log = typed(t, environ, "mail", "test", "mara@acme.example"); status != 1 || !strings.Contains(log, words) || !strings.Contains(out, "C: DATA\n") {
			t.Errorf("%d\n%s\n%s", status, out, log)
		}
	}
	for _, c := range []struct {
		environ, args []string
		status        int
		words         string
	}{
		{with(""), []string{"test", "mara@acme.example"}, 1, "ROSTER_SMTP_URL: set it too where ROSTER_MAIL_FROM is set"},
		{environ, []string{"test", "mara"}, 1, "Enter an e-mail address like name@example.com\n"},
		{with("smtp://localhost:1"), []string{"test", "mara@acme.example"}, 1, "at connect: nothing listens there (connection refused). Check host and port in ROSTER_SMTP_URL"},
		{with("smtp://" + server.Addr() + "?tls=starttls"), []string{"test", "mara@acme.example"}, 1, "offers no encryption (STARTTLS). Have the mail server offer STARTTLS"},
		{with("smtps://" + server.Addr()), []string{"test", "mara@acme.example"}, 1, "it does not speak TLS there. Check tls= in ROSTER_SMTP_URL"},
		{environ, nil, 2, "Did you mean mail test?\n"}, {environ, []string{"test"}, 2, "ADDRESS is missing\nType: roster mail test ADDRESS\n"},
		{environ, []string{"test", "--x"}, 2, "there is no flag --x\n"}, {environ, []string{"send", "a@b.example"}, 2, "Did you mean mail test?\n"},
	} {
		if status, _, log := typed(t, c.environ, append([]string{"mail"}, c.args...)...); status != c.status || !strings.Contains(log, c.words) {
			t.Errorf("%v: %d %q, want %q", c.args, status, log, c.words)
		}
	}
}

// B209 X64: health says that no letter leaves, and why, before the first letter is missed; pages are served on. A test
// that is taken says so to the nodes.
func TestHealthSaysThatNoLetterLeaves(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	server := mailtest.StartScript(t, nil, map[string]string{"greeting": "554 5.7.1 not you"})
	address := freeAddress(t)
	environ := append(d.Environ(), "ROSTER_URL=http://localhost:1", "ROSTER_LISTEN="+address, "ROSTER_SMTP_URL="+server.URL(), "ROSTER_MAIL_FROM=no-reply@example.com")
	ctx, stop := context.WithCancel(t.Context())
	said, log := newListener(), newListener()
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve"}, environ, said, log) }()
	said.wait(t, "Roster is at http://localhost:1")
	log.wait(t, `msg="mail server cannot be used" stage=greeting about=client code=554`)

	mailHealth := func(ok bool) string {
		t.Helper()
		var h struct {
			Status string
			Mail   struct {
				OK     bool
				Detail string
			}
		}
		for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C { // the log is written before the database
			if err := json.Unmarshal([]byte(get(t, "http://"+address+"/api/v1/health")), &h); err != nil || h.Status != "ready" {
				t.Fatalf("%+v, %v", h, err)
			}
			if h.Mail.OK == ok || t.Context().Err() != nil {
				return h.Mail.Detail
			}
		}
	}
	if detail := mailHealth(false); !strings.HasPrefix(detail, "mail server answered 554 5.7.1 to greeting, which is about the client (this installation), since 20") || !strings.HasSuffix(detail, " UTC; 0 letters wait") {
		t.Errorf("health says %q", detail)
	}
	if got := get(t, "http://"+address+"/readyz"); got != "ready\n" {
		t.Errorf("readyz says %q", got)
	}
	server.Set(nil)
	if status, out, log := typed(t, environ, "mail", "test", "mara@acme.example"); status != 0 {
		t.Errorf("%d\n%s\n%s", status, out, log)
	}
	if detail := mailHealth(true); detail != "0 letters wait" {
		t.Errorf("health says %q", detail)
	}
	stop()
	<-ended
}
