package email

import "roster/internal/mail"

// passwordChanged reaches the owner of an account even if somebody else chose the password.
func passwordChanged(l mail.PasswordChanged, s site) letter {
	p := accountProse{
		title:  "Your password was changed",
		hello:  greeting(l.Name),
		what:   prose{"The password of your account " + l.To + " at " + s.host + " was changed on ", when(l.At), from(l.Asked) + ". The account was logged out on all devices. If that was you, there is nothing to do."},
		press:  "It was not me: choose a new password",
		url:    s.forgot(),
		closed: prose{"Whoever changed it had a link from this mailbox. If that was not you, change the mailbox’s password too."},
		foot:   sentTo(l.To, s, "it is the address of the account"),
	}
	return letter{subject: "Your Roster password was changed", html: accountHTML(p), text: p.text()}
}
