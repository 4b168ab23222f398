package notifications

import (
	"testing"

	"roster/internal/golden"
	"roster/internal/mail"
	"roster/views/layout"
)

func TestPage(t *testing.T) {
	frame := layout.Page{Title: "Notifications", Narrow: true, Person: &layout.Person{Name: "Mara Lindqvist", Email: "mara@acme.example", Mark: "MARK", Initials: "ML", Hue: 1}}
	golden.Check(t, "page", Page(frame, Form{Off: []mail.Kind{mail.KindInvitationExpired}, Mails: true, Person: "MARK"}))
	golden.Check(t, "page_no_mail", Page(frame, Form{Person: "MARK"}))
}

// C061: there is a box for each letter that may be turned off.
func TestEveryChoiceHasABox(t *testing.T) {
	for i, kind := range mail.Choices {
		if len(letters) != len(mail.Choices) || letters[i].kind != kind {
			t.Errorf("%s has no box in its place", kind)
		}
	}
}
