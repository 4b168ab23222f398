package mail

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode"
)

// I64: the address of a mail server is read so that a password never leaves this machine in the clear, and never stands
// in what is said about a mistake in it.
func FuzzNewSMTP(f *testing.F) {
	for _, s := range []string{"smtp://u:secretsecret@mail.example.com:587", "smtps://u:secretsecret@mail.example.com", "smtp://localhost:1025", "smtp://127.0.0.1", "smtp://[::1]:25?tls=none",
		"smtp://u:secretsecret@mail.example.com?tls=none", "smtp://u:secretsecret@localhost.example?tls=none", "smtp://:secretsecret@h", "smtp://u:secretsecret@h:99999", "smtp://u:secretsecret@h/x", "smtp://u:secretsecret@h?tls=x",
		"smtps://u:secretsecret@h?tls=starttls", "smtp://u:secretsecret@h?secretsecret=1", "smtp:u:secretsecret@h", "smtp://u:secret%zzsecretsecret@h", "smtp://u:secretsecret@h:2 5", "smtp://u:secretsecret@h#x",
		"smtp://u:secretsecret@127.0.0.1.example", "smtp://u@[fe80::1%25lo]:25", "smtp://u:secretsecret@h:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		server, err := NewSMTP(s)
		if err != nil {
			if strings.Contains(err.Error(), "secretsecret") && !strings.Contains(s, "?") {
				t.Errorf("%q: the complaint says the password: %v", s, err)
			}
			return
		}
		bare, _, _ := strings.Cut(server.host, "%")
		if server.mode == tlsNone && server.host != "localhost" && !net.ParseIP(bare).IsLoopback() {
			t.Errorf("%q: the letters for %q leave unencrypted", s, server.host)
		}
		if server.mode != tlsNone && server.mode != tlsStart && server.mode != tlsImplicit {
			t.Errorf("%q: encryption is %q", s, server.mode)
		}
		for _, part := range []string{server.host, server.port} {
			if part == "" || strings.ContainsFunc(part, unicode.IsControl) || strings.ContainsFunc(part, unicode.IsSpace) || strings.ContainsAny(part, "@/?#") {
				t.Errorf("%q: the mail server is %q, port %q", s, server.host, server.port)
			}
		}
	})
}

// I64 I124: whatever a mail server answers, the conversation ends, the letter counts as sent only after it was taken,
// and only an answer about this recipient or this letter ends it for good. Nothing of the server's own words comes
// out: they quote the address.
func FuzzReplies(f *testing.F) {
	const hello = "220 mail.example ESMTP\r\n250-mail.example\r\n250 SMTPUTF8\r\n"
	for _, s := range []string{
		hello + "250 ok\r\n250 ok\r\n354 go on\r\n250 queued\r\n221 bye\r\n",
		hello + "250 ok\r\n550 5.1.1 <mara@acme.example> unknown\r\n",
		hello + "250 ok\r\n550-5.1.1 mara@acme.example\r\n550 5.1.1 unknown\r\n",
		hello + "553 mara@acme.example\r\n", hello + "250 ok\r\n450 4.2.1 mara@acme.example later\r\n",
		hello + "250 ok\r\n250 ok\r\n554 5.7.1 mara@acme.example is spam\r\n", hello + "250 ok\r\n250 ok\r\n354 go on\r\n552 5.2.2 mara@acme.example full\r\n",
		"554 mara@acme.example go away\r\n", "mara@acme.example\r\n", "220 x\r\n250 ok\r\nxyz mara@acme.example\r\n", "220 x\r\n250 ok\r\n25\r\n", "220\r\n", "", "\x00\r\n",
		hello + "250 ok\r\n250 ok\r\n354 go on\r\n", hello + "250 ok\r\n550 99.1.1 mara@acme.example\r\n", hello + "250 ok\r\n-12 mara@acme.example\r\n", hello + "250 ok\r\n250-mara@acme.example\r\n251 x\r\n",
		hello + "250 ok\r\n535 5.7.8 mara@acme.example log in\r\n", "220 x\r\n502 what\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n",
	} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, script string, login bool) {
		if len(script) > 4<<10 {
			return
		}
		s := &SMTP{host: "localhost", port: "25", mode: tlsNone, hello: nobody, patience: usual}
		if login {
			s.username, s.password = "roster", "secretsecret"
		}
		here, there := net.Pipe()
		defer here.Close()
		go func() { _, _ = io.Copy(io.Discard, there) }()
		go func() {
			defer there.Close()
			_, _ = io.WriteString(there, script)
		}()
		var heard []string
		c := &conversation{server: s, at: StageConnect, end: time.Now().Add(time.Minute), say: func(line string) { heard = append(heard, line) }}
		err := c.hold(t.Context(), here, func(c *conversation) error {
			return c.deliver(Message{From: "no-reply@roster.example", To: "mara@acme.example", Raw: []byte("Subject: x\r\n\r\nx\r\n")})
		})
		for _, line := range heard {
			if strings.ContainsFunc(line, unicode.IsControl) || login && strings.Contains(line, "secretsecret") {
				t.Errorf("after %q the operator reads %q", script, line)
			}
		}
		if err == nil {
			if !strings.Contains(script, "354") {
				t.Errorf("after %q the letter counts as sent", script)
			}
			return
		}
		if words := err.Error(); strings.Contains(words, "mara@") || strings.Contains(words, "secretsecret") || strings.ContainsFunc(words, unicode.IsControl) || len(words) > 300 {
			t.Errorf("after %q it is said: %q", script, words)
		}
		var f *Failure
		if !errors.As(err, &f) {
			t.Fatalf("after %q: %v", script, err)
		}
		if f.Lasting && (f.Code < 500 || f.Code > 599 || f.About != AboutRecipient || f.Stage != StageTo && f.Stage != StageLetter && f.Enhanced != "5.6.7") {
			t.Errorf("after %q the letter is given up: %+v", script, f)
		}
		if f.Enhanced != "" && !enhancedRE.MatchString(f.Enhanced) || f.Detail() == "" || f.Advice() == "" || f.public() == "" || (f.Code == 0) == (f.Reason == "") {
			t.Errorf("after %q: %+v, %q", script, f, f.Detail())
		}
	})
}
