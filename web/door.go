package web

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/views/door"
	"roster/views/layout"
	"roster/views/paths"
	"roster/views/ui"
)

// The door: plain forms only. Looking at a link uses nothing up; a press does. What is said does not tell whether an
// address has an account.

// home is the landing page, and for somebody logged in the way to where they were last.
func (s *Server) home(c echo.Context, v *Visitor) error {
	if v == nil {
		return s.page(c, Page{Document: door.Landing(s.door(c, ""), s.accounts.SignUpOpen(), s.firstMissing(c))})
	}
	return s.goHome(c, *v)
}

// firstMissing tells whether only the operator can make the first account and has not yet: everybody else would be told to
// ask a team that does not exist. Where that cannot be found out, the page is as always.
func (s *Server) firstMissing(c echo.Context) bool {
	if s.accounts.SignUpOpen() {
		return false
	}
	nobody, err := s.accounts.Nobody(c.Request().Context())
	return err == nil && nobody
}

// showLogIn is the log-in page; who is logged in goes on.
func (s *Server) showLogIn(c echo.Context, v *Visitor) error {
	changed := query(c, "said") == "reset"
	if v != nil && !changed {
		return s.goTo(c, next(c))
	}
	return s.pageLogIn(c, http.StatusOK, changed, door.LogIn{Email: query(c, "email"), Next: next(c)})
}

func (s *Server) pageLogIn(c echo.Context, status int, changed bool, form door.LogIn) error {
	frame := s.door(c, "Log in")
	frame.Problem = len(form.Errors) > 0
	if changed {
		frame.Notice = &layout.Notice{Kind: "ok", Text: "Your password is changed, and you are logged out everywhere. Log in with the new one."}
	}
	form.Host, form.SignUpOpen = s.config.URL.Host, s.accounts.SignUpOpen()
	return s.page(c, Page{Status: status, Document: door.LogInPage(frame, form)})
}

// logInByPassword begins a session and leads on.
func (s *Server) logInByPassword(c echo.Context, v *Visitor) error {
	form := door.LogIn{Email: field(c, "email"), Next: next(c)}
	login, err := s.accounts.LogIn(c.Request().Context(), form.Email, verbatim(c, "password"), s.marked(c))
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.pageLogIn(c, http.StatusUnprocessableEntity, false, form)
	}
	if err != nil {
		return err
	}
	if err := s.logIn(c, login); err != nil {
		return err
	}
	if err := s.say(c, refusedNotice(login.Refused)); err != nil {
		return err
	}
	return s.goTo(c, form.Next)
}

// refusedWorthTelling is how many log-ins have to fail elsewhere before their owner is told: fewer are slips of one's own.
const refusedWorthTelling = 5

// refusedNotice tells who logs in that others tried to.
func refusedNotice(r account.Refused) layout.Notice {
	if r.Tries < refusedWorthTelling {
		return layout.Notice{}
	}
	from := ui.Plural(r.Networks, "other network", "other networks")
	if r.Networks > 10 { // above that they are not told apart
		from = "more than 10 other networks"
	}
	return layout.Notice{Kind: "warn", Text: fmt.Sprintf("Since you last logged in, %s to your account failed, from %s. If you use this password elsewhere too, choose another.",
		ui.Plural(r.Tries, "log-in", "log-ins"), from)}
}

// endSession logs out. Whoever is logged out already is, too.
func (s *Server) endSession(c echo.Context, v *Visitor) error {
	if err := s.logOut(c); err != nil {
		return err
	}
	return s.goTo(c, next(c))
}

// showSignUp is the form for an account; who is logged in has one.
func (s *Server) showSignUp(c echo.Context, v *Visitor) error {
	if v != nil {
		return s.goTo(c, next(c))
	}
	return s.pageSignUp(c, http.StatusOK, door.SignUp{Email: query(c, "email"), Next: next(c)})
}

func (s *Server) pageSignUp(c echo.Context, status int, form door.SignUp) error {
	if !s.accounts.SignUpOpen() {
		return s.page(c, Page{Status: status, Document: door.SignUpClosed(s.door(c, "Sign-up is by invitation"), s.firstMissing(c))})
	}
	frame := s.door(c, "Create an account")
	frame.Problem = len(form.Errors) > 0
	return s.page(c, Page{Status: status, Document: door.SignUpPage(frame, form)})
}

// signUp sends the letter with the link. The page is the same for every address.
func (s *Server) signUp(c echo.Context, v *Visitor) error {
	form := door.SignUp{Name: field(c, "name"), Email: field(c, "email"), Next: next(c)}
	if !s.accounts.SignUpOpen() {
		return s.pageSignUp(c, http.StatusForbidden, form)
	}
	if ticked(c, "again") {
		return s.signUpAgain(c, form)
	}
	err := s.accounts.SignUp(c.Request().Context(), account.SignUp{Name: form.Name, Email: form.Email, Password: verbatim(c, "password"),
		Browser: s.browser(c, true), Next: form.Next}, trace(c))
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.pageSignUp(c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return s.pageCheckMail(c, door.Waiting{Email: form.Email, Next: form.Next})
}

// signUpAgain sends another letter to somebody who waits for one in this browser.
func (s *Server) signUpAgain(c echo.Context, form door.SignUp) error {
	err := s.accounts.SignUpAgain(c.Request().Context(), form.Email, s.browser(c, false), trace(c))
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.pageSignUp(c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return s.pageCheckMail(c, door.Waiting{Email: form.Email, Next: form.Next, Again: true})
}

func (s *Server) pageCheckMail(c echo.Context, w door.Waiting) error {
	return s.page(c, Page{Document: door.CheckMail(s.door(c, "Check your e-mail"), w)})
}

// showConfirm is the page of a sign-up's link.
func (s *Server) showConfirm(c echo.Context, v *Visitor) error {
	return s.pageConfirm(c, v, http.StatusOK, door.Confirm{})
}

func (s *Server) pageConfirm(c echo.Context, v *Visitor, status int, form door.Confirm) error {
	token := c.Param("token")
	link, err := s.accounts.Signup(c.Request().Context(), token, s.browser(c, false))
	if err != nil {
		return err
	}
	way := door.Gone{URL: paths.SignUp, Label: "Sign up again"}
	if !s.accounts.SignUpOpen() {
		way = door.Gone{URL: paths.LogIn, Label: "Log in"}
	}
	switch link.State {
	case account.Used:
		return s.pageGone(c, door.Gone{Title: "This link was already used", Text: "The address is confirmed. Log in to go on.", URL: paths.With(paths.LogIn, "email", link.Email), Label: "Log in"})
	case account.Expired:
		way.Title, way.Text = "This link is older than 24 hours", "Nothing was created. Sign up again, or ask for a new link."
		return s.pageGone(c, way)
	case account.Unknown:
		way.Title, way.Text = "This link does not work", "Copy the whole address, or ask for a new link."
		return s.pageUnknown(c, way)
	}
	form.Token, form.Link = token, link
	form.Viewer, form.Person = s.viewer(c, v)
	title := "Confirm your e-mail address"
	if link.State == account.Handed {
		title = "Create your account"
	}
	frame := s.door(c, title)
	frame.Problem = len(form.Errors) > 0
	return s.page(c, Page{Status: status, Document: door.ConfirmPage(frame, form), Secret: true})
}

// viewer is who is logged in here, and the mark of their pages.
func (s *Server) viewer(c echo.Context, v *Visitor) (email, mark string) {
	if v == nil {
		return "", ""
	}
	_, mark = s.marks(c)
	return v.Person().Email, mark
}

// pageGone is a link that was good once.
func (s *Server) pageGone(c echo.Context, g door.Gone) error {
	return s.page(c, Page{Status: http.StatusGone, Document: door.GonePage(s.door(c, g.Title), g), Secret: true})
}

// pageUnknown is a link that never was, or a damaged one: they look alike.
func (s *Server) pageUnknown(c echo.Context, g door.Gone) error {
	return s.page(c, Page{Status: http.StatusNotFound, Document: door.GonePage(s.door(c, g.Title), g), Secret: true})
}

// confirmSignUp makes the account and logs in.
func (s *Server) confirmSignUp(c echo.Context, v *Visitor) error {
	form := door.Confirm{Name: field(c, "name")}
	login, err := s.accounts.Confirm(c.Request().Context(), account.Confirmation{Token: c.Param("token"), Browser: s.browser(c, false),
		Name: form.Name, Password: verbatim(c, "password")}, trace(c))
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.pageConfirm(c, v, http.StatusUnprocessableEntity, form)
	}
	if fault.Is(err, fault.Gone) {
		return s.pageConfirm(c, v, http.StatusOK, door.Confirm{}) // the page says how the link stands now
	}
	if err != nil {
		return err
	}
	if err := s.logIn(c, login); err != nil {
		return err
	}
	return s.goTo(c, login.Next)
}

// showForgot asks for the address, or says whom to ask where no mail leaves.
func (s *Server) showForgot(c echo.Context, v *Visitor) error {
	return s.pageForgot(c, http.StatusOK, door.Forgot{Email: query(c, "email")})
}

func (s *Server) pageForgot(c echo.Context, status int, form door.Forgot) error {
	frame := s.door(c, "Forgot your password?")
	if !s.accounts.Mails() {
		return s.page(c, Page{Status: status, Document: door.ForgotAsk(frame)})
	}
	frame.Problem = len(form.Errors) > 0
	return s.page(c, Page{Status: status, Document: door.ForgotPage(frame, form)})
}

// forgot sends the link. The page is the same for every address.
func (s *Server) forgot(c echo.Context, v *Visitor) error {
	form := door.Forgot{Email: field(c, "email")}
	if !s.accounts.Mails() {
		return s.pageForgot(c, http.StatusForbidden, form)
	}
	err := s.accounts.Forgot(c.Request().Context(), form.Email, s.marked(c))
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.pageForgot(c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return s.page(c, Page{Document: door.ForgotSent(s.door(c, "Check your e-mail"), form.Email)})
}

// showReset is the page where a new password is chosen.
func (s *Server) showReset(c echo.Context, v *Visitor) error {
	return s.pageReset(c, v, http.StatusOK, door.Reset{})
}

func (s *Server) pageReset(c echo.Context, v *Visitor, status int, form door.Reset) error {
	token := c.Param("token")
	link, err := s.accounts.Reset(c.Request().Context(), token)
	if err != nil {
		return err
	}
	if link.State == account.Used { // also whoever pressed twice reads this: their password is the new one
		return s.pageGone(c, door.Gone{Title: "This link was already used", Text: "A new password was chosen with it. Log in with that one, or ask for another link there.",
			URL: paths.LogIn, Label: "Log in"})
	}
	if link.State != account.Open {
		return s.pageDeadLink(c, link, "This link is older than 30 minutes", door.Gone{URL: paths.Forgot, Label: "Ask for a new link"})
	}
	form.Token, form.Email = token, link.Email
	_, form.Person = s.viewer(c, v)
	frame := s.door(c, "Choose a new password")
	frame.Problem = len(form.Errors) > 0
	return s.page(c, Page{Status: status, Document: door.ResetPage(frame, form), Secret: true})
}

// pageDeadLink says what became of a link.
func (s *Server) pageDeadLink(c echo.Context, link account.Link, expired string, way door.Gone) error {
	way.Text = "Nothing was changed. Ask for a new one."
	switch link.State {
	case account.Used:
		way.Title = "This link was already used"
	case account.Expired:
		way.Title = expired
	case account.Replaced:
		way.Title, way.Text = "This link was replaced by a newer one", "Use the link that came last."
	default:
		way.Title, way.Text = "This link does not work", "Copy the whole address, or ask for a new link."
		return s.pageUnknown(c, way)
	}
	return s.pageGone(c, way)
}

// resetPassword ends every session of the account, and leads to the log-in, which knows this browser from here on.
func (s *Server) resetPassword(c echo.Context, v *Visitor) error {
	from := s.toKnow(c)
	err := s.accounts.ChoosePassword(c.Request().Context(), c.Param("token"), verbatim(c, "password"), from)
	if errs, ok := problems(err); ok {
		return s.pageReset(c, v, http.StatusUnprocessableEntity, door.Reset{Errors: errs})
	}
	if fault.Is(err, fault.Gone) {
		return s.pageReset(c, v, http.StatusOK, door.Reset{}) // the page says how the link stands now
	}
	if err != nil {
		return err
	}
	s.giveDevice(c, from)
	return s.goTo(c, paths.With(paths.LogIn, "said", "reset"))
}

// showLogInByLink is the page of the operator's link. It names the account; only a press logs in.
func (s *Server) showLogInByLink(c echo.Context, v *Visitor) error {
	token := c.Param("token")
	link, err := s.accounts.LoginLink(c.Request().Context(), token)
	if err != nil {
		return err
	}
	if link.State != account.Open {
		return s.pageDeadLink(c, link, "This link is older than 10 minutes", door.Gone{URL: paths.LogIn, Label: "Log in with your password"})
	}
	form := door.Link{Token: token, Email: link.Email}
	form.Viewer, form.Person = s.viewer(c, v)
	return s.page(c, Page{Document: door.LinkPage(s.door(c, "Log in"), form), Secret: true})
}

// logInByLink uses the link up.
func (s *Server) logInByLink(c echo.Context, v *Visitor) error {
	login, err := s.accounts.UseLoginLink(c.Request().Context(), c.Param("token"), trace(c))
	if fault.Is(err, fault.Gone) {
		return s.showLogInByLink(c, v) // the page says how the link stands now
	}
	if err != nil {
		return err
	}
	if err := s.logIn(c, login); err != nil {
		return err
	}
	return s.goTo(c, paths.Home)
}

// showAppearance is how pages look for this person.
func (s *Server) showAppearance(c echo.Context, v Visitor) error {
	return s.pageAppearance(c, http.StatusOK, door.Appearance{Theme: v.Person().Theme, Shortcuts: v.Person().Shortcuts})
}

func (s *Server) pageAppearance(c echo.Context, status int, form door.Appearance) error {
	frame := s.frame(c, "Appearance", "")
	frame.Narrow, frame.Problem = true, len(form.Errors) > 0
	_, form.Person = s.marks(c)
	return s.page(c, Page{Status: status, Document: door.AppearancePage(frame, form)})
}

// changeAppearance takes effect with the next page.
func (s *Server) changeAppearance(c echo.Context, v Visitor) error {
	form := door.Appearance{Theme: field(c, "theme"), Shortcuts: ticked(c, "shortcuts")}
	err := s.accounts.SetAppearance(c.Request().Context(), v.Person().ID, form.Theme, form.Shortcuts)
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.pageAppearance(c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return s.done(c, Done{To: paths.Appearance, Notice: layout.Notice{Kind: "ok", Text: "The appearance is saved."}})
}
