// Package door shows what stands before an organization: logging in, signing up, confirming an address, a forgotten
// password, and how somebody wants pages to look. Everything is a plain form; script only shows a password and counts its
// characters.
package door

import (
	"strconv"

	"github.com/a-h/templ"

	"roster/internal/account"
	"roster/views/paths"
	"roster/views/ui"
)

// LogIn is the form of the log-in page, empty or as it came back.
type LogIn struct {
	Host       string // where one logs in to: "roster.example"
	Email      string
	Next       string
	SignUpOpen bool
	Errors     []ui.FieldError
}

// SignUp is the form of the sign-up page, empty or as it came back. The password never comes back.
type SignUp struct {
	Name, Email string
	Next        string
	Errors      []ui.FieldError
}

// Waiting is somebody whose letter is on its way.
type Waiting struct {
	Email string
	Next  string
	Again bool // it was sent once more just now
}

// Confirm is the page of a sign-up's link that is good for something.
type Confirm struct {
	Token  string
	Link   account.Link
	Name   string // as typed, where the name is chosen now
	Viewer string // the address that is logged in here, "" for nobody
	Person string // the mark of the page, "" for nobody
	Errors []ui.FieldError
}

// Forgot is the form of the page for a forgotten password.
type Forgot struct {
	Email  string
	Errors []ui.FieldError
}

// Reset is the page behind the link of a forgotten password.
type Reset struct {
	Token  string
	Email  string
	Person string
	Errors []ui.FieldError
}

// Link is the page of the operator's link that logs somebody in.
type Link struct {
	Token  string
	Email  string
	Viewer string
	Person string
}

// Gone is a link that is good for nothing any more, and what to do instead.
type Gone struct {
	Title string
	Text  string
	URL   string // of the way on; "" if there is none
	Label string
}

// Appearance is how somebody wants pages to look.
type Appearance struct {
	Theme     string
	Shortcuts bool
	Person    string
	Errors    []ui.FieldError
}

func errorOf(errs []ui.FieldError, field string) string {
	for _, e := range errs {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

func (f LogIn) signUp() string   { return paths.With(paths.SignUp, "next", f.Next, "email", f.Email) }
func (f SignUp) logIn() string   { return paths.With(paths.LogIn, "next", f.Next, "email", f.Email) }
func (w Waiting) signUp() string { return paths.With(paths.SignUp, "next", w.Next) }

// newPassword is the field for a password that is chosen now. Script counts its characters.
func newPassword(label, err string) ui.FieldSpec {
	return ui.FieldSpec{
		Name: "password", Label: label, Type: "password", Autocomplete: "new-password", Required: true, Large: true, Reveal: true,
		Hint: "At least " + strconv.Itoa(account.PasswordMin) + " characters. A few words that do not belong together are good.", Error: err,
		Attrs: templ.Attributes{"data-min": strconv.Itoa(account.PasswordMin)},
	}
}

var themes = []ui.Choice{
	{Value: "system", Label: "Same as the device", Hint: "Light by day and dark by night, if the device changes."},
	{Value: "light", Label: "Light"},
	{Value: "dark", Label: "Dark"},
}

// askFor names whom to ask, if that is known.
func askFor(operator string) string {
	if operator == "" {
		operator = "whoever runs it"
	}
	return "No mail leaves this installation. Ask " + operator + " for a link to choose a new password."
}
