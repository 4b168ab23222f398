package devmail

import (
	"strings"
	"testing"
	"time"

	"roster/internal/golden"
	"roster/views/layout"
)

var (
	now    = time.Date(2026, time.March, 17, 10, 0, 0, 0, time.UTC)
	frame  = Frame{Now: now, Site: layout.Site{DevMail: true}}
	letter = Letter{
		ID: "20260317T094100.000000000-abc", Subject: "Ruth <b>invited</b> you", From: "Roster <no-reply@localhost>", To: "mara@acme.example", At: now.Add(-19 * time.Minute),
		Text: "See it:\nhttp://localhost:8080/invitations/T?a=b&c=d\n\nOr <https://roster.example/x>. Done: javascript:alert(1)\n",
	}
)

// C160
func TestMailboxPages(t *testing.T) {
	golden.Check(t, "empty", List(frame, nil))
	golden.Check(t, "list", List(frame, []Item{{letter.ID, letter.To, letter.Subject, letter.At}, {"20260316T094100.000000000-x", "ben@acme.example", "Welcome", now.Add(-26 * time.Hour)}}))
	golden.Check(t, "message", Message(frame, letter))
}

func TestTextStaysAsItIsAndLinksLead(t *testing.T) {
	var whole strings.Builder
	var links []string
	for _, p := range pieces(letter.Text) {
		whole.WriteString(p.text)
		if p.link {
			links = append(links, p.text)
		}
	}
	if whole.String() != letter.Text {
		t.Errorf("text became %q", whole.String())
	}
	if want := "http://localhost:8080/invitations/T?a=b&c=d https://roster.example/x"; strings.Join(links, " ") != want {
		t.Errorf("links are %q, want %s", links, want)
	}
}

func TestFramedLettersOpenTheirLinksOutside(t *testing.T) {
	if got := Framed("<html><head><title>x</title></head></html>"); got != `<html><head><base target="_blank"><title>x</title></head></html>` {
		t.Errorf("framed is %s", got)
	}
}
