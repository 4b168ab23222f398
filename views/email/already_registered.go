package email

import "roster/internal/mail"

// alreadyRegistered tells the owner of a mailbox, and nobody else, that there is an account.
func alreadyRegistered(l mail.AlreadyRegistered, s site) letter {
	p := accountProse{
		title:  "You already have an account",
		hello:  greeting(l.Name),
		what:   prose{"Somebody signed up at " + s.host + " with " + l.To + from(l.Asked) + ", on " + when(l.At) + ". This address has an account already, so nothing was changed. If that was you, log in."},
		press:  "Log in",
		url:    s.login(),
		closed: prose{"Forgot the password? You can choose a new one: " + s.forgot()},
		foot:   sentTo(l.To, s, "it was entered at sign-up") + " Not you? Ignore this message: the page did not say that you have an account.",
	}
	return letter{subject: "You already have an account for Roster", html: accountHTML(p), text: p.text()}
}
