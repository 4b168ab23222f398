package mail_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roster/internal/mail"
	"roster/internal/mail/mailtest"
)

func TestWhichMailServersAreAccepted(t *testing.T) {
	for url, want := range map[string]string{
		"smtp://mail.example.com":                          "mail.example.com:587 starttls",
		"smtp://mail.example.com:25?tls=starttls":          "mail.example.com:25 starttls",
		"smtp://ann:p%40ss@mail.example.com:2525":          "mail.example.com:2525 starttls ann:p@ss",
		"smtps://mail.example.com":                         "mail.example.com:465 implicit",
		"smtps://mail.example.com:4465/?tls=implicit":      "mail.example.com:4465 implicit",
		"smtp://mail.example.com:465?tls=implicit":         "mail.example.com:465 implicit",
		"smtp://localhost:1025":                            "localhost:1025 none",
		"smtp://127.0.0.1:1025":                            "127.0.0.1:1025 none",
		"smtp://[::1]:1025?tls=none":                       "::1:1025 none",
		"smtp://localhost:1025?tls=starttls":               "localhost:1025 starttls",
		"smtp://no-reply%40example.com:x@mail.example.com": "mail.example.com:587 starttls no-reply@example.com:x",
	} {
		s, err := mail.NewSMTP(url)
		if err != nil {
			t.Errorf("NewSMTP(%q): %v", url, err)
			continue
		}
		if got := mail.DescribeSMTP(s); got != want {
			t.Errorf("NewSMTP(%q) is %s, want %s", url, got, want)
		}
	}

	for url, want := range map[string]string{
		"":                                      "it must look like",
		"mail.example.com:25":                   "it must look like",
		"http://mail.example.com":               "it must look like",
		"smtp://":                               "it must name a host",
		"smtp:mail.example.com":                 "it must name a host",
		"smtp://mail.example.com/path":          "it must name a host",
		"smtp://:secret@mail.example.com":       "it has a password, but no name",
		"smtp://mail.example.com?tls=none":      "tls=none is only for a mail server on this machine",
		"smtp://10.0.0.5?tls=none":              "tls=none is only for a mail server on this machine",
		"smtp://localhost.example.com?tls=none": "tls=none is only for a mail server on this machine",
		"smtp://mail.example.com?tls=maybe":     `tls is "maybe"`,
		"smtp://mail.example.com?insecure=1":    `the setting "insecure"`,
		"smtps://mail.example.com?tls=starttls": "smtps:// is encrypted from the start",
		"smtps://localhost?tls=none":            "smtps:// is encrypted from the start",
	} {
		if _, err := mail.NewSMTP(url); err == nil || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), want) {
			t.Errorf("NewSMTP(%q): %v, want %q", url, err, want)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("NewSMTP(%q) tells the password: %v", url, err)
		}
	}
}

func TestWhichSendersAreAccepted(t *testing.T) {
	for _, from := range []string{"no-reply@example.com", "Roster <no-reply@example.com>", `"Acme, Inc." <no-reply@example.com>`, "Röster <no-reply@bücher.example>"} {
		if err := mail.CheckFrom(from); err != nil {
			t.Errorf("CheckFrom(%q): %v", from, err)
		}
	}
	for _, from := range []string{"", "Roster", "a@b.example, c@d.example", "no-reply@localhost", "Roster <no-reply@example.com>\r\nBcc: x@example.com"} {
		if err := mail.CheckFrom(from); err == nil {
			t.Errorf("CheckFrom(%q) is content", from)
		}
	}
}

func message(t *testing.T, to string, r mail.Rendered) mail.Message {
	t.Helper()
	address, err := mail.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.Compose("Röster <no-reply@example.com>", address, "stable-id@roster.example", time.Date(2026, 3, 17, 9, 41, 0, 0, time.UTC), r)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var hello = mail.Rendered{
	Subject: "“Grüße” to you, " + strings.Repeat("long words ", 12) + "end",
	Text:    "Hello,\n\nline with = and\ttab\n.\n..\nFrom here\nhttps://roster.example/x?a=b\n" + strings.Repeat("ü", 600) + "\n",
	HTML:    "<!DOCTYPE html><html><body><p>Hello</p>\n.\n<a href=\"https://roster.example/x?a=b&amp;c=d\">see</a></body></html>",
}

func send(t *testing.T, url string, m mail.Message) error {
	t.Helper()
	s, err := mail.NewSMTP(url)
	if err != nil {
		t.Fatal(err)
	}
	return s.Send(context.Background(), m)
}

// I124: one recipient, one sender, and what was written is what is read.
func TestLetterArrivesAsItWasWritten(t *testing.T) {
	server := mailtest.Start(t)
	if err := send(t, server.URL(), message(t, "Mara@ACME.example", hello)); err != nil {
		t.Fatal(err)
	}

	m := server.Wait(t, "mara@acme.example")
	if m.To != "Mara@acme.example" || m.From != "no-reply@example.com" {
		t.Errorf("envelope is from %q to %q", m.From, m.To)
	}
	if m.Subject != hello.Subject {
		t.Errorf("subject is %q, want %q", m.Subject, hello.Subject)
	}
	if m.Text != hello.Text || m.HTML != hello.HTML {
		t.Errorf("text is %q\nHTML is %q", m.Text, m.HTML)
	}
	if len(m.Links) != 2 || m.Link("c=d") != "https://roster.example/x?a=b&c=d" {
		t.Errorf("links are %q", m.Links)
	}
	for header, want := range map[string]string{
		"Message-Id": "<stable-id@roster.example>", "Auto-Submitted": "auto-generated", "Date": "Tue, 17 Mar 2026 09:41:00 +0000", "Mime-Version": "1.0",
		"To": "<Mara@acme.example>", "Reply-To": "", "Cc": "", "Bcc": "", "User-Agent": "", "X-Mailer": "",
	} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if from, err := netmail.ParseAddress(m.Header.Get("From")); err != nil || from.Name != "Röster" || from.Address != "no-reply@example.com" {
		t.Errorf("From is %q", m.Header.Get("From"))
	}
	for line := range strings.SplitSeq(string(m.Raw), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes", len(line))
		}
	}
}

func TestInternationalAddresses(t *testing.T) {
	server := mailtest.Start(t)
	for typed, arrives := range map[string]string{"info@bücher.example": "info@xn--bcher-kva.example", "josé@acme.example": "josé@acme.example", "用户@例え.テスト": "用户@xn--r8jz45g.xn--zckzah"} {
		if err := send(t, server.URL(), message(t, typed, hello)); err != nil {
			t.Errorf("to %s: %v", typed, err)
			continue
		}
		m := server.Wait(t, arrives)
		if to, err := netmail.ParseAddress(m.Header.Get("To")); err != nil || to.Address != arrives {
			t.Errorf("To is %q, want %s", m.Header.Get("To"), arrives)
		}
	}
}

// I124: nothing that reaches a header can end it, and encoded words are not smuggled in.
func TestHeadersCannotBeInjected(t *testing.T) {
	address, err := mail.Parse("mara@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"", "a\r\nBcc: b@x.example", "a\nb", "a\x00b", "=?utf-8?B?RXZpbA==?=", "\ta"} {
		r := hello
		r.Subject = subject
		if m, err := mail.Compose("no-reply@example.com", address, "id@roster.example", time.Now(), r); err == nil {
			t.Errorf("subject %q passes:\n%s", subject, m.Raw)
		}
	}
	for _, r := range []mail.Rendered{{Subject: "a", Text: "b"}, {Subject: "a", HTML: "b"}} {
		if _, err := mail.Compose("no-reply@example.com", address, "id@roster.example", time.Now(), r); err == nil {
			t.Errorf("half a letter passes: %+v", r)
		}
	}
}

// R5: what a mail server answers, and whether that is the end.
func TestAnswersOfMailServers(t *testing.T) {
	server := mailtest.Start(t)
	tests := []struct {
		mode    mailtest.Mode
		want    string
		lasting bool
		detail  string
	}{
		{mailtest.Busy, "mail server answered 421 4.3.2 to MAIL", false, "the mail server cannot take letters at the moment"},
		{mailtest.Greylist, "mail server answered 451 4.7.1 to RCPT", false, "the mail server asks to try again later"},
		{mailtest.NoMailbox, "mail server answered 550 5.1.1 to RCPT", true, "the mailbox does not exist"},
		{mailtest.RefuseData, "mail server answered 554 5.7.1 to letter", false, "the mail server refused it by a rule of its own; whoever runs this installation has to mend that"},
		{mailtest.Drop, "mail server, at letter: it cut the connection", false, "the mail server broke off"},
		{mailtest.LoseAnswer, "mail server, at letter: it cut the connection", false, "the mail server broke off"},
	}
	for _, test := range tests {
		server.Set(test.mode)
		err := send(t, server.URL(), message(t, "mara@acme.example", hello))
		var f *mail.Failure
		if !errors.As(err, &f) || err.Error() != test.want || f.Lasting != test.lasting || f.Detail() != test.detail {
			t.Errorf("mode %d: %v, %+v; want %q", test.mode, err, f, test.want)
		}
	}
	if got := len(server.All()); got != 1 {
		t.Errorf("%d letters were kept, want the one whose answer was lost", got)
	}
}

func TestUnreachableMailServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	err = send(t, "smtp://"+listener.Addr().String(), message(t, "mara@acme.example", hello))
	var f *mail.Failure
	if !errors.As(err, &f) || f.Stage != mail.StageConnect || f.Code != 0 || f.Detail() != "the mail server could not be reached" {
		t.Errorf("error is %v", err)
	}
}

func TestLogIn(t *testing.T) {
	server := mailtest.Start(t, mailtest.WithLogin("ann", "p@ss:word"))
	for user, want := range map[string]string{"ann:p%40ss%3Aword@": "", "ann:wrong@": "mail server answered 535", "": "mail server answered 502"} {
		url := strings.Replace(server.URL(), "smtp://", "smtp://"+user, 1)
		err := send(t, url, message(t, "mara@acme.example", hello))
		var f *mail.Failure
		switch {
		case want == "" && err != nil:
			t.Errorf("as %q: %v", user, err)
		case want != "" && (!errors.As(err, &f) || !strings.HasPrefix(err.Error(), want) || f.Lasting || !f.Operators()):
			t.Errorf("as %q: %v; want %q, and no end", user, err, want)
		}
	}
}

func TestEncryptionIsVerified(t *testing.T) {
	certificate, roots := selfSigned(t)
	for name, implicit := range map[string]bool{"starttls": false, "implicit": true} {
		server := mailtest.Start(t, mailtest.WithTLS(certificate, implicit), mailtest.WithLogin("ann", "secret"))
		url := "smtp://ann:secret@" + server.Addr() + "?tls=" + name

		s, err := mail.NewSMTP(url)
		if err != nil {
			t.Fatal(err)
		}
		var unknown x509.UnknownAuthorityError
		if err := s.Send(context.Background(), message(t, "mara@acme.example", hello)); !errors.As(err, &unknown) {
			t.Errorf("%s: a certificate that nobody vouches for: %v", name, err)
		}
		mail.SetRoots(s, roots)
		if err := s.Send(context.Background(), message(t, "mara@acme.example", hello)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		server.Wait(t, "mara@acme.example")
	}

	// A server that does not offer it gets neither password nor letter.
	server := mailtest.Start(t, mailtest.WithLogin("ann", "secret"))
	err := send(t, "smtp://ann:secret@"+server.Addr()+"?tls=starttls", message(t, "mara@acme.example", hello))
	if err == nil || !strings.Contains(err.Error(), "offers no encryption") || len(server.All()) > 0 {
		t.Errorf("without encryption: %v", err)
	}
}

// B236: a relay with a certificate of one's own authority is trusted where that is named, and nowhere else.
func TestAuthorityOfOnesOwn(t *testing.T) {
	certificate, _ := selfSigned(t)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, implicit := range []bool{false, true} {
		server := mailtest.Start(t, mailtest.WithTLS(certificate, implicit))
		url := "smtp://" + server.Addr() + "?tls=starttls"
		if implicit {
			url = "smtps://" + server.Addr() + "?tls=implicit"
		}
		var f *mail.Failure
		if err := send(t, url, message(t, "mara@acme.example", hello)); !errors.As(err, &f) || f.Stage != mail.StageTLS || !strings.Contains(f.Reason, "authority that is not known here") || !strings.Contains(f.Advice(), "?ca=") {
			t.Errorf("%s: %v", url, err)
		}
		if err := send(t, url+"&ca="+authority, message(t, "mara@acme.example", hello)); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		server.Wait(t, "mara@acme.example")
	}

	nothing := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(nothing, []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"smtps://mail.example.com?ca=" + nothing:   "holds no certificate",
		"smtps://mail.example.com?ca=/no/such.pem": "ca=: open /no/such.pem",
		"smtp://localhost?ca=" + authority:         "it has ca=, and is not encrypted",
		"smtp://10.0.0.5:1025?tls=none":            "certificate of your own authority if need be (?ca=/path/to/ca.pem), or run a relay on this machine",
	} {
		if _, err := mail.NewSMTP(url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewSMTP(%q): %v", url, err)
		}
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
