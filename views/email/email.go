// Package email puts letters into words: for each a subject, an HTML form and a text form, each complete alone. A letter
// says who it is for and why it came, when its link stops working (in UTC, for nobody's zone is known here), and what to
// do if it was not expected. It has one button at most, no pictures, and nothing that tells who opened it.
package email

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/a-h/templ"

	"roster/internal/mail"
)

// letter is one letter in words, before it is written.
type letter struct {
	subject string
	html    templ.Component
	text    string
}

// Render writes a letter of the installation at the public address base. What people chose to be called is cleaned
// first, so that no letter can forget to.
func Render(l mail.Letter, base string) (mail.Rendered, error) {
	site, err := siteAt(base)
	if err != nil {
		return mail.Rendered{}, err
	}
	written, err := write(mail.Cleaned(l), site)
	if err != nil {
		return mail.Rendered{}, err
	}

	var html bytes.Buffer
	if err := written.html.Render(context.Background(), &html); err != nil {
		return mail.Rendered{}, fmt.Errorf("render letter %s: %w", l.Kind(), err)
	}
	subject := strings.ReplaceAll(written.subject, "=?", "= ?") // an address may begin like an encoded word
	return mail.Rendered{Subject: subject, HTML: html.String(), Text: written.text}, nil
}

func write(l mail.Letter, s site) (letter, error) {
	switch l := l.(type) {
	case mail.Invitation:
		return invitation(l, s), nil
	case mail.AddressCode:
		return addressCode(l, s), nil
	case mail.RoleChanged:
		return roleChanged(l, s), nil
	case mail.Removed:
		return removed(l, s), nil
	case mail.JobEnded:
		return jobEnded(l, s), nil
	case mail.InvitationAccepted:
		return invitationAccepted(l, s), nil
	case mail.InvitationDeclined:
		return invitationDeclined(l, s), nil
	case mail.InvitationAskedAgain:
		return invitationAskedAgain(l, s), nil
	case mail.InvitationReminder:
		return invitationReminder(l, s), nil
	case mail.InvitationExpired:
		return invitationExpired(l, s), nil
	case mail.InvitationBounced:
		return invitationBounced(l, s), nil
	case mail.RequestMade:
		return requestMade(l, s), nil
	case mail.RequestAccepted:
		return requestAccepted(l, s), nil
	case mail.RequestDeclined:
		return requestDeclined(l, s), nil
	case mail.ConfirmAddress:
		return confirmAddress(l, s), nil
	case mail.AlreadyRegistered:
		return alreadyRegistered(l, s), nil
	case mail.ResetPassword:
		return resetPassword(l, s), nil
	case mail.PasswordChanged:
		return passwordChanged(l, s), nil
	}
	return letter{}, fmt.Errorf("render letter: there are no words for %T", l)
}
