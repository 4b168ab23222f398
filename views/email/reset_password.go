package email

import "roster/internal/mail"

// resetPassword leads to a new password, and says what saving one does.
func resetPassword(l mail.ResetPassword, s site) letter {
	p := accountProse{
		title:  "Choose a new password",
		hello:  greeting(l.Name),
		what:   prose{"Somebody asked for a new password for the account " + l.To + " at " + s.host + from(l.Asked) + ". If that was you, choose one."},
		press:  "Choose a new password",
		url:    s.reset(l.Token),
		closed: prose{"The link is open until ", when(l.Expires), " and works once. Saving a new password logs the account out on all devices."},
		foot:   sentTo(l.To, s, "a new password was asked for") + " Not you? Ignore this message: your password stays as it is.",
	}
	return letter{subject: "Choose a new password for Roster", html: accountHTML(p), text: p.text()}
}
