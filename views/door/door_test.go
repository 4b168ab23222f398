package door

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"roster/internal/account"
	"roster/internal/golden"
	"roster/views/layout"
	"roster/views/ui"
)

func frame(title string) layout.DoorPage {
	return layout.DoorPage{Title: title, Site: layout.Site{Operator: "Example Hosting", PrivacyURL: "https://example.com/privacy", HelpURL: "https://example.com/help"}}
}

func cameBack(title string) layout.DoorPage {
	p := frame(title)
	p.Problem = true
	return p
}

func wrong(pairs ...string) []ui.FieldError {
	var errs []ui.FieldError
	for i := 0; i+1 < len(pairs); i += 2 {
		errs = append(errs, ui.FieldError{Field: pairs[i], Text: pairs[i+1]})
	}
	return errs
}

const email = "elodie@acme.example"

func pages() map[string]templ.Component {
	changed := frame("Log in")
	changed.Notice = &layout.Notice{Kind: "ok", Text: "Your password is changed, and you are logged out everywhere. Log in with the new one."}
	own := frame("Forgot your password?")
	own.Site = layout.Site{}
	open := account.Link{State: account.Open, Name: "Élodie Martin", Email: email}
	elsewhere := account.Link{State: account.Elsewhere, Name: "Élodie Martin", Email: email}
	handed := account.Link{State: account.Handed, Email: email}
	app := layout.Page{Title: "Appearance", Narrow: true, Shortcuts: true, MayCreate: true, Now: time.Date(2026, time.March, 17, 10, 0, 0, 0, time.UTC),
		Person: &layout.Person{Name: "Mara Lindqvist", Email: "mara@acme.example", Mark: "MARK", Initials: "ML", Hue: 1}}
	return map[string]templ.Component{
		"landing":        Landing(frame(""), true, false),
		"landing-closed": Landing(frame(""), false, false),
		"landing-first":  Landing(frame(""), false, true),
		"login":          LogInPage(frame("Log in"), LogIn{Host: "roster.example", SignUpOpen: true}),
		"login-next":     LogInPage(frame("Log in"), LogIn{Host: "roster.example", Email: email, Next: "/orgs/acme/members?q=a&role=admin"}),
		"login-wrong": LogInPage(cameBack("Log in"), LogIn{Host: "roster.example", SignUpOpen: true, Email: email,
			Errors: wrong("", "That e-mail and password do not match. Try again or set a new password.")}),
		"login-changed": LogInPage(changed, LogIn{Host: "roster.example"}),
		"signup":        SignUpPage(frame("Create an account"), SignUp{}),
		"signup-wrong": SignUpPage(cameBack("Create an account"), SignUp{Name: "<script>alert(1)</script>", Email: "elodie at acme", Next: "/orgs/new",
			Errors: wrong("email", "Enter an e-mail address like name@example.com", "password", "Use at least 12 characters")}),
		"signup-closed":      SignUpClosed(frame("Sign-up is by invitation"), false),
		"signup-first":       SignUpClosed(frame("Sign-up is by invitation"), true),
		"check-mail":         CheckMail(frame("Check your e-mail"), Waiting{Email: email, Next: "/orgs/new"}),
		"check-mail-again":   CheckMail(frame("Check your e-mail"), Waiting{Email: email, Again: true}),
		"confirm":            ConfirmPage(frame("Confirm your e-mail address"), Confirm{Token: "TOKEN", Link: open}),
		"confirm-instead":    ConfirmPage(frame("Confirm your e-mail address"), Confirm{Token: "TOKEN", Link: open, Viewer: "mara@acme.example", Person: "MARK"}),
		"confirm-elsewhere":  ConfirmPage(frame("Confirm your e-mail address"), Confirm{Token: "TOKEN", Link: elsewhere}),
		"confirm-wrong":      ConfirmPage(cameBack("Confirm your e-mail address"), Confirm{Token: "TOKEN", Link: elsewhere, Errors: wrong("password", "That is not the password you signed up with. Try again.")}),
		"confirm-handed":     ConfirmPage(frame("Create your account"), Confirm{Token: "TOKEN", Link: handed}),
		"confirm-handed-bad": ConfirmPage(cameBack("Create your account"), Confirm{Token: "TOKEN", Link: handed, Name: "Élodie", Errors: wrong("password", "Choose a password")}),
		"forgot":             ForgotPage(frame("Forgot your password?"), Forgot{}),
		"forgot-wrong":       ForgotPage(cameBack("Forgot your password?"), Forgot{Email: "elodie", Errors: wrong("email", "Enter an e-mail address like name@example.com")}),
		"forgot-sent":        ForgotSent(frame("Check your e-mail"), email),
		"forgot-ask":         ForgotAsk(frame("Forgot your password?")),
		"forgot-ask-nobody":  ForgotAsk(own),
		"reset":              ResetPage(frame("Choose a new password"), Reset{Token: "TOKEN", Email: email}),
		"reset-wrong":        ResetPage(cameBack("Choose a new password"), Reset{Token: "TOKEN", Email: email, Person: "MARK", Errors: wrong("password", "Use at least 12 characters")}),
		"link":               LinkPage(frame("Log in"), Link{Token: "TOKEN", Email: email}),
		"link-instead":       LinkPage(frame("Log in"), Link{Token: "TOKEN", Email: email, Viewer: "mara@acme.example", Person: "MARK"}),
		"gone":               GonePage(frame("This link was already used"), Gone{Title: "This link was already used", Text: "The address is confirmed. Log in to go on.", URL: "/login", Label: "Log in"}),
		"appearance":         AppearancePage(app, Appearance{Theme: "dark", Shortcuts: true, Person: "MARK"}),
	}
}

func TestPages(t *testing.T) {
	for name, page := range pages() {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, page) })
	}
}

// What is not built yet is neither shown nor named, and no password ever comes back.
func TestNothingIsPromisedThatIsNotThere(t *testing.T) {
	for name, page := range pages() {
		html := strings.ToLower(golden.Render(t, page))
		for _, word := range []string{"passkey", "log-in link", "remember", "two-step", "webauthn", "please", "sorry", "sign in", "oops"} {
			if strings.Contains(html, word) {
				t.Errorf("%s says %q", name, word)
			}
		}
		for line := range strings.Lines(html) {
			if strings.Contains(line, `type="password"`) && strings.Contains(line, " value=") {
				t.Errorf("%s carries a password: %s", name, line)
			}
		}
	}
}
