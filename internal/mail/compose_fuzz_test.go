package mail

import (
	"bytes"
	"maps"
	"mime"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"
)

// headerNames are all that a letter has above it.
var headerNames = []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress"}

// readHeader reads a letter as a mail program does, and fails the test unless it has the headers of a letter of ours,
// each once.
func readHeader(t *testing.T, raw []byte) netmail.Header {
	t.Helper()
	read, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("the letter cannot be read: %v\n%s", err, raw)
	}
	if got := slices.Sorted(maps.Keys(read.Header)); !slices.Equal(got, headerNames) {
		t.Errorf("the letter has the headers %q\n%s", got, raw)
	}
	for name, values := range read.Header {
		if len(values) != 1 {
			t.Errorf("the letter has %s %d times", name, len(values))
		}
	}
	return read.Header
}

// C060 I65 I124: whatever stands in a subject and an address, the letter that is made of it has one recipient, the headers
// of a letter and no others, and the subject that was meant.
func FuzzCompose(f *testing.F) {
	for _, s := range []string{"You are invited", "a\r\nBcc: x@y.example", "=?utf-8?q?x?=", "Grüße aus Köln", strings.Repeat("long ", 60), strings.Repeat("ü", 300), "\u2028x", "\u0085x", "x\x00", "\"quoted\" <x@y.example>", "-", "a: b", " x ", "\xff"} {
		f.Add(s, "Mara@acme.example", "text", "<p>text</p>")
		f.Add("S", s+"@acme.example", s, s)
	}
	f.Add("S", "=?x?=@acme.example", ".\r\n.\r\n", "--boundary--\r\n\r\n")
	f.Add("S", "{x}@bücher.example", "From x\r\n", "<p>\r\n.\r\n</p>")
	f.Fuzz(func(t *testing.T, subject, to, text, html string) {
		a, err := Parse(to)
		if err != nil {
			return
		}
		m, err := Compose("Roster <no-reply@roster.example>", a, "id@roster.example", time.Unix(1e9, 0), Rendered{Subject: subject, HTML: html, Text: text})
		if err != nil {
			return
		}
		header := readHeader(t, m.Raw)
		if list, err := header.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != a.mailbox() || list[0].Name != "" {
			t.Errorf("to %q: %q is read as %v, %v", to, header.Get("To"), list, err)
		}
		got, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
		if err != nil || strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(strings.ToValidUTF8(subject, "\ufffd")), " ") {
			t.Errorf("the subject %q is read as %q, %v\n%s", subject, got, err, header.Get("Subject"))
		}
	})
}
