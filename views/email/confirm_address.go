package email

import "roster/internal/mail"

// confirmAddress finishes a sign-up. It goes to whoever holds the mailbox, who may not be the one that signed up.
func confirmAddress(l mail.ConfirmAddress, s site) letter {
	p := accountProse{
		title:  "Confirm your e-mail address",
		hello:  greeting(l.Name),
		what:   prose{"Somebody signed up at " + s.host + " with " + l.To + from(l.Asked) + ". If that was you, confirm that the address is yours."},
		press:  "Confirm e-mail address",
		url:    s.confirm(l.Token),
		closed: prose{"The link is open until ", when(l.Expires), " and works once. In another browser than the one you signed up in, it asks for the password that you chose."},
		foot:   sentTo(l.To, s, "it was entered at sign-up") + " Not you? Ignore this message: without the link there is no account.",
	}
	return letter{subject: "Confirm your e-mail address for Roster", html: accountHTML(p), text: p.text()}
}
