package mail_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"roster/internal/mail"
	"roster/internal/mail/mailtest"
)

// failure sends a letter, and wants it not to be taken.
func failure(t *testing.T, url string) *mail.Failure {
	t.Helper()
	err := send(t, url, message(t, "mara@acme.example", hello))
	var f *mail.Failure
	if !errors.As(err, &f) {
		t.Fatalf("the conversation ends with %v", err)
	}
	return f
}

// B206 B207: what is refused is read from stage, code and enhanced code; only what is said about the recipient, and for
// good, ends a letter.
func TestWhoIsRefused(t *testing.T) {
	t.Parallel()
	const yes, no = true, false
	for _, c := range []struct {
		stage, answer     string
		about             mail.Party
		lasting, ofTheirs bool // whose: the operator's
	}{
		{"greeting", "421 4.3.2 busy", mail.AboutServer, no, yes},
		{"greeting", "450 later", mail.AboutServer, no, yes},
		{"greeting", "554 5.7.1 no SMTP service for you", mail.AboutClient, no, yes},
		{"greeting", "554", mail.AboutClient, no, yes},
		{"EHLO", "421 4.7.0 go away", mail.AboutServer, no, yes},
		{"EHLO", "504 5.5.2 need fully-qualified hostname", mail.AboutClient, no, yes},
		{"EHLO", "550 5.7.1 bad name", mail.AboutClient, no, yes},
		{"MAIL", "421 4.3.2 busy", mail.AboutServer, no, yes},
		{"MAIL", "451 4.7.1 later", mail.AboutServer, no, yes},
		{"MAIL", "452 4.3.1 disk full", mail.AboutServer, no, yes},
		{"MAIL", "501 5.1.7 bad sender address syntax", mail.AboutSender, no, yes},
		{"MAIL", "530 5.7.0 authentication required", mail.AboutLogIn, no, yes},
		{"MAIL", "530 5.7.57 client was not authenticated", mail.AboutLogIn, no, yes},
		{"MAIL", "550 5.1.1 no such sender", mail.AboutSender, no, yes},
		{"MAIL", "550 5.7.60 may not send as this sender", mail.AboutSender, no, yes},
		{"MAIL", "550 no", mail.AboutSender, no, yes},
		{"MAIL", "553 5.1.8 domain of sender does not exist", mail.AboutSender, no, yes},
		{"MAIL", "552 5.3.4 too large", mail.AboutContent, no, yes},
		{"MAIL", "552 too large", mail.AboutContent, no, yes},
		{"MAIL", "555 5.5.4 unknown parameter", mail.AboutClient, no, yes},

		{"RCPT", "550 5.1.1 <mara@acme.example>: User unknown", mail.AboutRecipient, yes, no},
		{"RCPT", "550-5.1.1 The account does not exist.\r\n550 5.1.1 Learn more", mail.AboutRecipient, yes, no},
		{"RCPT", "550-Sorry,\r\n550 5.1.1 nobody of that name", mail.AboutRecipient, yes, no},
		{"RCPT", "550 5.1.2 no such domain", mail.AboutRecipient, yes, no},
		{"RCPT", "501 5.1.3 bad recipient address syntax", mail.AboutRecipient, yes, no},
		{"RCPT", "551 5.1.6 moved", mail.AboutRecipient, yes, no},
		{"RCPT", "556 5.1.10 takes no mail", mail.AboutRecipient, yes, no},
		{"RCPT", "556 takes no mail", mail.AboutRecipient, yes, no},
		{"RCPT", "550 5.2.1 disabled", mail.AboutRecipient, yes, no},
		{"RCPT", "550 No such user here", mail.AboutRecipient, yes, no},
		{"RCPT", "550 <relay@spam.example> is not a mailbox", mail.AboutRecipient, yes, no},
		{"RCPT", "550 5.0.0 unknown user", mail.AboutRecipient, yes, no},
		{"RCPT", "552 5.2.2 mailbox full", mail.AboutRecipient, no, no},
		{"RCPT", "452 4.2.2 over quota", mail.AboutRecipient, no, no},
		{"RCPT", "552 full", mail.AboutRecipient, no, no},
		{"RCPT", "450 4.2.1 mailbox receives too much", mail.AboutRecipient, no, no},
		{"RCPT", "450 4.1.1 unverified address", mail.AboutRecipient, no, no},
		{"RCPT", "450 greylisted", mail.AboutPolicy, no, no},
		{"RCPT", "451 4.7.1 <mara@acme.example>: greylisted", mail.AboutPolicy, no, no},
		{"RCPT", "421 4.7.0 too many connections", mail.AboutServer, no, yes},
		{"RCPT", "452 too many recipients", mail.AboutServer, no, yes},
		{"RCPT", "455 not now", mail.AboutServer, no, yes},
		{"RCPT", "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname", mail.AboutClient, no, yes},
		{"RCPT", "450 4.7.1 <vm>: Helo command rejected: Host not found", mail.AboutClient, no, yes},
		{"RCPT", "450 4.7.25 Client host rejected: cannot find your hostname", mail.AboutClient, no, yes},
		{"RCPT", "553 5.7.1 <no-reply@example.com>: Sender address rejected: not owned by user x", mail.AboutSender, no, yes},
		{"RCPT", "450 4.1.8 <no-reply@example.com>: Sender address rejected: Domain not found", mail.AboutSender, no, yes},
		{"RCPT", "550 5.1.7 bad sender", mail.AboutSender, no, yes},
		{"RCPT", "550 5.1.8 bad sender's system", mail.AboutSender, no, yes},
		{"RCPT", "550 5.1.0 <no-reply@example.com>: Sender address rejected: User unknown", mail.AboutSender, no, yes},
		{"RCPT", "550 5.1.0 address rejected", mail.AboutPolicy, no, yes},
		{"RCPT", "554 5.7.1 <mara@acme.example>: Relay access denied", mail.AboutClient, no, yes},
		{"RCPT", "454 4.7.1 <mara@acme.example>: Relay access denied", mail.AboutClient, no, yes},
		{"RCPT", "550 relay not permitted", mail.AboutClient, no, yes},
		{"RCPT", "550 Sender verify failed", mail.AboutSender, no, yes},
		{"RCPT", "550 authentication required", mail.AboutLogIn, no, yes},
		{"RCPT", "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", mail.AboutClient, no, yes},
		{"RCPT", "550 5.7.1 refused by local policy", mail.AboutPolicy, no, yes},
		{"RCPT", "554 5.7.1 Service unavailable; blocked using a list", mail.AboutPolicy, no, yes},
		{"RCPT", "554 5.7.1", mail.AboutPolicy, no, yes},
		{"RCPT", "550 5.7.26 unauthenticated sender", mail.AboutSender, no, yes},
		{"RCPT", "550 5.7.23 SPF validation failed", mail.AboutSender, no, yes},
		{"RCPT", "550 5.7.25 no PTR record", mail.AboutClient, no, yes},
		{"RCPT", "535 5.7.8 bad credentials", mail.AboutLogIn, no, yes},
		{"RCPT", "550 5.4.1 access denied", mail.AboutServer, no, yes},
		{"RCPT", "550 5.3.0 system trouble", mail.AboutServer, no, yes},
		{"RCPT", "551 not local", mail.AboutPolicy, no, yes},
		{"RCPT", "553 not allowed", mail.AboutPolicy, no, yes},
		{"RCPT", "554 no", mail.AboutPolicy, no, yes},
		{"RCPT", "503 5.5.1 bad sequence", mail.AboutClient, no, yes},
		{"RCPT", "501 syntax", mail.AboutClient, no, yes},
		{"RCPT", "552 5.2.3 too large for the mailbox", mail.AboutContent, no, yes},
		{"RCPT", "571 no", mail.AboutPolicy, no, yes},

		{"DATA", "421 4.3.0 leaving", mail.AboutServer, no, yes},
		{"DATA", "451 4.3.0 later", mail.AboutServer, no, yes},
		{"DATA", "554 5.5.1 no valid recipients", mail.AboutClient, no, yes},
		{"DATA", "554 no", mail.AboutServer, no, yes},
		{"DATA", "550 5.7.1 no", mail.AboutPolicy, no, yes},

		{"letter", "421 4.3.0 leaving", mail.AboutServer, no, yes},
		{"letter", "451 4.3.0 try again later", mail.AboutServer, no, yes},
		{"letter", "451 later", mail.AboutServer, no, yes},
		{"letter", "450 4.7.1 greylisted", mail.AboutPolicy, no, no},
		{"letter", "550 5.1.1 no such mailbox", mail.AboutRecipient, yes, no},
		{"letter", "552 5.2.2 full", mail.AboutRecipient, no, no},
		{"letter", "552 5.3.4 too large", mail.AboutContent, no, yes},
		{"letter", "552 too large", mail.AboutContent, no, yes},
		{"letter", "554 5.6.0 malformed", mail.AboutContent, no, yes},
		{"letter", "554 5.7.1 looks like spam", mail.AboutPolicy, no, yes},
		{"letter", "550 5.7.26 DMARC", mail.AboutSender, no, yes},
		{"letter", "550 no", mail.AboutContent, no, yes},
	} {
		server := mailtest.StartScript(t, nil, map[string]string{c.stage: c.answer, "HELO": c.answer})
		f := failure(t, server.URL())
		if string(f.Stage) != c.stage || f.About != c.about || f.Lasting != c.lasting || f.Operators() != c.ofTheirs {
			t.Errorf("%s at %s: %+v, operators %v", c.answer, c.stage, f, f.Operators())
		}
		if !strings.HasPrefix(c.answer, fmt.Sprint(f.Code)) || f.Code == 0 {
			t.Errorf("%s at %s: code %d", c.answer, c.stage, f.Code)
		}
		if mends := strings.Contains(f.Detail(), "whoever runs this installation"); mends && !f.Operators() {
			t.Errorf("%s at %s: people are told %q", c.answer, c.stage, f.Detail())
		}
		for _, words := range []string{f.Error(), f.Detail(), f.Advice(), f.Public()} { // I64
			if words == "" || strings.Contains(words, "mara") || strings.Contains(words, "@") || strings.Contains(words, "vm") {
				t.Errorf("%s at %s: says %q", c.answer, c.stage, words)
			}
		}
	}
}

// B209: a server that hangs, drips or cuts at any stage holds a letter for a bounded time, is named with the stage, and
// takes nothing of the letter with it.
func TestServerThatBreaksOff(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"greeting", "EHLO", "MAIL", "RCPT", "DATA", "letter"} {
		for act, reason := range map[string]string{mailtest.Hangs: "did not answer in time", mailtest.Drips: "did not answer in time", mailtest.Cuts: "cut the connection",
			"this is none": "none of SMTP", "2x0 what": "none of SMTP", "": "none of SMTP"} {
			t.Run(stage+" "+reason, func(t *testing.T) {
				t.Parallel()
				server := mailtest.StartScript(t, nil, map[string]string{stage: act})
				s, err := mail.NewSMTP(server.URL())
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(reason, "in time") {
					mail.SetPatience(s, 500*time.Millisecond)
				}
				var f *mail.Failure
				err = s.Send(t.Context(), message(t, "mara@acme.example", hello))
				if !errors.As(err, &f) {
					t.Fatal(err)
				}
				if f.Code != 0 || f.Lasting || !f.Operators() || !strings.Contains(f.Reason, reason) || string(f.Stage) != stage && !strings.Contains(reason, "in time") {
					t.Errorf("%v, %+v", err, f)
				}
				if f.Detail() == "" || f.Advice() == "" {
					t.Errorf("%v says nothing", f)
				}
			})
		}
	}
}

// R5: whoever stops waits for no mail server, however it talks.
func TestConversationEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for _, act := range []string{mailtest.Hangs, mailtest.Drips} {
		server := mailtest.StartScript(t, nil, map[string]string{"RCPT": act})
		s, err := mail.NewSMTP(server.URL())
		if err != nil {
			t.Fatal(err)
		}
		mail.SetPatience(s, time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Send(ctx, message(t, "mara@acme.example", hello)) }()
		for tick := time.NewTicker(time.Millisecond); len(server.Said()) < 3; { // until it hangs
			<-tick.C
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%q: %v", act, err)
		}
	}
}

// A letter counts as sent when the server has taken it, whatever follows.
func TestFarewellDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, act := range []string{mailtest.Cuts, "500 what", "421 4.3.2 leaving", "none"} {
		server := mailtest.StartScript(t, nil, map[string]string{"QUIT": act})
		if err := send(t, server.URL(), message(t, "mara@acme.example", hello)); err != nil || len(server.Letters()) != 1 {
			t.Errorf("%q: %v, %d letters", act, err, len(server.Letters()))
		}
	}
}

// A refused letter is taken leave of, so that the server's log has no broken connections.
func TestRefusedLetterIsTakenLeaveOf(t *testing.T) {
	t.Parallel()
	server := mailtest.StartScript(t, nil, map[string]string{"RCPT": "550 5.1.1 no"})
	failure(t, server.URL())
	if said := server.Said(); said[len(said)-1] != "QUIT" || len(server.Letters()) > 0 {
		t.Errorf("said %q", said)
	}
}

// Answers may be many and long; a server may be older than EHLO, and may lack every extension.
func TestWordyAndOldServers(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]map[string]string{
		"many lines":    {"greeting": strings.Repeat("220-welcome\r\n", 200) + "220 mail.test", "RCPT": strings.Repeat("250-2.1.5 yes\r\n", 100) + "250 2.1.5 ok"},
		"long lines":    {"greeting": "220 " + strings.Repeat("w", 8000), "letter": "250 2.0.0 " + strings.Repeat("t", 8000)},
		"no extensions": {"EHLO": "250 mail.test"},
		"no EHLO":       {"EHLO": "502 5.5.1 what?"},
		"other success": {"RCPT": "251 will forward"},
	} {
		server := mailtest.StartScript(t, nil, answers)
		if err := send(t, server.URL(), message(t, "mara@acme.example", hello)); err != nil || len(server.Letters()) != 1 {
			t.Errorf("%s: %v, %d letters", name, err, len(server.Letters()))
		}
	}
	// B264: an address that the server cannot carry is the recipient's.
	server := mailtest.StartScript(t, nil, nil)
	err := send(t, server.URL(), message(t, "jürgen@acme.example", hello))
	var f *mail.Failure
	if !errors.As(err, &f) || !f.Lasting || f.Detail() != "the mail server does not know addresses with such characters" || len(server.Letters()) > 0 {
		t.Errorf("%v, %+v", err, f)
	}
}

// What is said in the clear behind the answer to STARTTLS does not count: who sits between could have said it.
func TestStartTLS(t *testing.T) {
	t.Parallel()
	certificate, roots := selfSigned(t)
	offers := "250-mail.test\r\n250 STARTTLS"
	for name, c := range map[string]struct {
		answers map[string]string
		stage   mail.Stage // "": taken
		reason  string
	}{
		"offered":     {map[string]string{"EHLO": offers}, "", ""},
		"not offered": {nil, mail.StageStartTLS, "offers no encryption"},
		"injection":   {map[string]string{"EHLO": offers, "STARTTLS": "220 go on\r\n250-evil.test\r\n250 AUTH PLAIN"}, "", ""},
		"garbage":     {map[string]string{"EHLO": offers, "STARTTLS": "220 go on" + strings.Repeat("\r\nplain words, and many of them", 200)}, "", ""},
		"refused":     {map[string]string{"EHLO": offers, "STARTTLS": "454 4.7.0 not now"}, mail.StageStartTLS, ""},
		"cut":         {map[string]string{"EHLO": offers, "STARTTLS": mailtest.Cuts}, mail.StageStartTLS, "cut the connection"},
	} {
		server := mailtest.StartScript(t, &certificate, c.answers)
		s, err := mail.NewSMTP("smtp://" + server.Addr() + "?tls=starttls")
		if err != nil {
			t.Fatal(err)
		}
		mail.SetRoots(s, roots)
		err = s.Send(t.Context(), message(t, "mara@acme.example", hello))
		var f *mail.Failure
		switch {
		case name == "garbage": // what is left of it in the network breaks the handshake; nothing of it is believed
			if err != nil && (!errors.As(err, &f) || f.Stage != mail.StageTLS) || err == nil && len(server.Letters()) != 1 {
				t.Errorf("%s: %v", name, err)
			}
		case c.stage == "" && (err != nil || len(server.Letters()) != 1):
			t.Errorf("%s: %v", name, err)
		case c.stage != "" && (!errors.As(err, &f) || f.Stage != c.stage || !strings.Contains(f.Reason, c.reason) || !f.Operators() || len(server.Letters()) > 0):
			t.Errorf("%s: %v", name, err)
		}
		for _, line := range server.Said() {
			if strings.HasPrefix(line, "AUTH") {
				t.Errorf("%s: logs in", name)
			}
		}
	}
}

// B206: the name of EHLO.
func TestHello(t *testing.T) {
	for host, want := range map[string]string{
		"roster.example.com": "roster.example.com", "roster.example.com.": "roster.example.com", "xn--bcher-kva.example": "xn--bcher-kva.example",
		"localhost": "[127.0.0.1]", "roster": "[127.0.0.1]", "roster_x.example.com": "[127.0.0.1]", "192.168.1.5": "[192.168.1.5]",
		"2001:db8::5": "[IPv6:2001:db8::5]", "::ffff:10.0.0.1": "[10.0.0.1]", "": "[127.0.0.1]", "a..b": "[127.0.0.1]",
	} {
		if got := mail.HelloFrom(host); got != want || mail.CheckHello(got) != nil {
			t.Errorf("from %q: %q (%v), want %q", host, got, mail.CheckHello(got), want)
		}
	}
	for _, name := range []string{"", "vm", "a b.example", "a.example\r\nMAIL", "[10.0.0.1", "[::1]", "[IPv6:10.0.0.1]", "10.0.0.1", "-a.example", "a..example", "[IPv6:fe80::1%lo]", strings.Repeat("a", 64) + ".example"} {
		if mail.CheckHello(name) == nil {
			t.Errorf("%q passes", name)
		}
	}

	server := mailtest.StartScript(t, nil, nil)
	s, err := mail.NewSMTP(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"[127.0.0.1]", "roster.example.com"} {
		if err := s.Introduce(name); err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), message(t, "mara@acme.example", hello)); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(server.Said(), "\n"); !strings.Contains(got, "EHLO [127.0.0.1]\n") || !strings.Contains(got, "EHLO roster.example.com\n") {
		t.Errorf("said %s", got)
	}
	if s.Introduce("vm") == nil {
		t.Error("a bare name is taken")
	}
}

// B289: the conversation is heard line by line, without password, letter and what moves a cursor.
func TestReciting(t *testing.T) {
	t.Parallel()
	server := mailtest.StartScript(t, nil, map[string]string{
		"EHLO": "250-mail.test\r\n250 AUTH PLAIN LOGIN", "AUTH": "535 5.7.8 p@ss:word AGFubgBwQHNzOndvcmQ= is \x1b[31mwrong"})
	s, err := mail.NewSMTP(strings.Replace(server.URL(), "smtp://", "smtp://ann:p%40ss%3Aword@", 1))
	if err != nil {
		t.Fatal(err)
	}
	recite := func() string {
		var said []string
		if err := s.Recite(t.Context(), message(t, "mara@acme.example", hello), func(line string) { said = append(said, line) }); (err == nil) != (len(server.Letters()) > 0) {
			t.Errorf("%v", err)
		}
		return strings.Join(said, "\n")
	}
	if got, want := recite(), "(connecting to "+server.Addr()+`)
S: 220 mail.test ESMTP
C: EHLO [127.0.0.1]
S: 250-mail.test
S: 250 AUTH PLAIN LOGIN
C: AUTH PLAIN ***
S: 535 5.7.8 *** *** is ?[31mwrong
C: QUIT
S: 221 2.0.0 bye
(mail server answered 535 5.7.8 to AUTH)`; got != want {
		t.Errorf("recited\n%s", got)
	}
	server.Set(nil)
	s, err = mail.NewSMTP(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	if got := recite(); !strings.HasSuffix(got, `
C: MAIL FROM:<no-reply@example.com>
S: 250 2.1.0 ok
C: RCPT TO:<mara@acme.example>
S: 250 2.1.5 ok
C: DATA
S: 354 go on
C: (the letter, `+fmt.Sprint(len(message(t, "mara@acme.example", hello).Raw))+` bytes)
C: .
S: 250 2.0.0 taken
C: QUIT
S: 221 2.0.0 bye`) {
		t.Errorf("recited\n%s", got)
	}
}

// A look at the server goes as far as the log-in, and leaves no letter.
func TestProbe(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.WithLogin("ann", "secret"))
	for user, stage := range map[string]mail.Stage{"ann:secret@": "", "ann:wrong@": mail.StageLogIn} {
		s, err := mail.NewSMTP(strings.Replace(server.URL(), "smtp://", "smtp://"+user, 1))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Probe(t.Context())
		var f *mail.Failure
		if errors.As(err, &f); (err == nil) != (stage == "") || err != nil && (f.Stage != stage || f.About != mail.AboutLogIn) {
			t.Errorf("as %s: %v", user, err)
		}
	}
}
