// Package invitee shows an invitation to whoever holds its link: what it offers, what stands in the way, and what can be
// done. Plain posts only; opening a page uses nothing up.
package invitee

import (
	"time"

	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/paths"
	"roster/views/ui"
)

// View is an invitation as its holder sees it.
type View struct {
	roster.Offer
	Person     *layout.Person // who is logged in, or nil
	Form       Form
	Problem    string // why the last press did nothing
	CodeSent   bool   // a code is under way that confirms the address
	SignupOpen bool   // anybody may sign up here
	Mails      bool   // letters leave this installation
	Now        time.Time
}

// Form is a new account as it was filled in; a password is never shown again.
type Form struct {
	Name   string
	Errors []ui.FieldError
}

func (f Form) error(field string) string {
	for _, e := range f.Errors {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

// Title is the page's: what one would join.
func Title(o roster.Offer) string { return "Join " + o.OrgName }

// opens tells whether the page offers to join; every other page says in a sentence why it does not.
func (v View) opens() bool {
	switch v.Situation {
	case roster.SameAddress, roster.ConfirmFirst, roster.LogInFirst, roster.NoAccount, roster.CopiedLink, roster.HandedOver, roster.OtherAddress:
		return true
	}
	return false
}

// mark is the person's, for the forms of the page.
func (v View) mark() string {
	if v.Person == nil {
		return ""
	}
	return v.Person.Mark
}

func (v View) hue() int { return ui.Hue(publicid.Organization.Of(v.OrgID)) }

func (v View) role() role.Role { return role.Highest(v.Roles) }

// inviter is the person who invited; one who is gone has no name.
func (v View) inviter() string {
	if v.Inviter == "" {
		return "the person who invited you"
	}
	return v.Inviter
}

// inviterFirst is inviter at the start of a sentence; a name stays as its person writes it.
func (v View) inviterFirst() string {
	if v.Inviter == "" {
		return "The person who invited you"
	}
	return v.Inviter
}

// logIn leads to the log-in and back, with the address filled in.
func (v View) logIn() string {
	return paths.With(paths.LogIn, "next", paths.Offer(v.Token), "email", v.Email)
}

// why says what a code is asked for.
func (v View) why() string {
	if role.IsWeighty(v.Roles) {
		return "As " + v.role().WithArticle() + " you would manage people, and an invitation may have been forwarded. "
	}
	return "An invitation may have been forwarded. "
}

// signUp leads to the sign-up and back.
func (v View) signUp() string {
	return paths.With(paths.SignUp, "next", paths.Offer(v.Token), "email", v.Email)
}

// asked is said instead of asking a second time on the same day.
func (v View) asked() string {
	words := v.inviterFirst() + " was asked for a new one."
	if v.Mails {
		words += " You get an e-mail when it is sent."
	}
	return words
}

// askedAll is asked where nobody is named.
func (v View) askedAll() string {
	v.Inviter = v.OrgName
	return v.asked()
}

// replaced says where the newer link is.
func (v View) replaced() string {
	if v.Mails {
		return "There is a newer invitation. Use the link in the latest e-mail."
	}
	return "There is a newer invitation. Use the link that you were given last."
}

// member says what a member already is.
func (v View) member() string {
	has := role.Highest(v.ViewerRoles)
	if v.Suspended {
		return "You are in " + v.OrgName + " as " + has.WithArticle() + ", and your membership is suspended. Ask one of its owners."
	}
	return "You are already in " + v.OrgName + " as " + has.WithArticle() + ". Your role stays."
}
