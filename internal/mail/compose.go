package mail

import (
	"bytes"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

// Rendered is a letter in words: what stands above it, and its two forms, each complete alone.
type Rendered struct {
	Subject, HTML, Text string
}

// CheckFrom says what is wrong with a sender, "no-reply@example.com" or "Roster <no-reply@example.com>".
func CheckFrom(s string) error {
	_, err := readFrom(s)
	return err
}

func readFrom(s string) (*netmail.Address, error) {
	from, err := netmail.ParseAddress(s)
	if err != nil {
		return nil, errors.New("it must look like no-reply@example.com or Roster <no-reply@example.com>")
	}
	address, err := Parse(from.Address)
	if err != nil {
		return nil, errors.New("it must look like no-reply@example.com or Roster <no-reply@example.com>")
	}
	if from.Name == "" {
		from.Name = "Roster"
	}
	if strings.ContainsFunc(from.Name, isHidden) {
		return nil, errors.New("its name holds invisible characters")
	}
	from.Address = address.mailbox()
	return from, nil
}

// Compose makes the message of a letter, from one sender to one recipient. No machine is to answer it, and nothing in it
// tells who opened it.
func Compose(from string, to Address, id string, date time.Time, r Rendered) (Message, error) {
	sender, err := readFrom(from)
	if err != nil {
		return Message{}, fmt.Errorf("compose letter: sender: %w", err)
	}
	return compose(sender, to, id, date, r)
}

func compose(from *netmail.Address, to Address, id string, date time.Time, r Rendered) (Message, error) {
	if strings.ContainsFunc(r.Subject, unicode.IsControl) || strings.Contains(r.Subject, "=?") || !utf8.ValidString(r.Subject) {
		return Message{}, errors.New("compose letter: its subject is not one line of plain words")
	}
	if r.Subject == "" || r.Text == "" || r.HTML == "" {
		return Message{}, errors.New("compose letter: it is not complete")
	}

	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(from)
	m.ToMailAddress(&netmail.Address{Address: to.mailbox()})
	m.Subject(r.Subject)
	m.SetDateWithValue(date)
	m.SetMessageIDWithValue(id)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	// In base64 no link is folded in its middle and no "=" of one is written otherwise, as quoted-printable does: mail
	// programs that read that wrongly open half a link. Nor is there anything for a server on the way to write anew, which
	// would break a signature.
	m.SetBodyString(gomail.TypeTextPlain, canonical(r.Text), gomail.WithPartEncoding(gomail.EncodingB64))
	m.AddAlternativeString(gomail.TypeTextHTML, canonical(r.HTML), gomail.WithPartEncoding(gomail.EncodingB64))

	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return Message{}, fmt.Errorf("compose letter: %w", err)
	}
	return Message{ID: id, From: from.Address, FromName: from.Name, To: to.mailbox(), Date: date, Rendered: r, Raw: raw.Bytes()}, nil
}

// canonical has the line ends of mail, as text has inside base64 (RFC 2045 6.8).
func canonical(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}
