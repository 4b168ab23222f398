package web

import (
	"slices"

	"github.com/labstack/echo/v4"

	"roster/internal/mail"
	"roster/views/layout"
	"roster/views/notifications"
	"roster/views/paths"
)

// showLetters is which letters about one's own invitations a person gets.
func (s *Server) showLetters(c echo.Context, v Visitor) error {
	off, err := s.accounts.LettersOff(c.Request().Context(), v.Person().ID)
	if err != nil {
		return err
	}
	frame := s.frame(c, "Notifications", "")
	frame.Narrow = true
	form := notifications.Form{Off: off, Mails: s.roster.Mails()}
	_, form.Person = s.marks(c)
	return s.page(c, Page{Document: notifications.Page(frame, form)})
}

// chooseLetters takes effect with the next letter, and with those that wait.
func (s *Server) chooseLetters(c echo.Context, v Visitor) error {
	off := slices.DeleteFunc(slices.Clone(mail.Choices), func(k mail.Kind) bool { return ticked(c, string(k)) })
	if err := s.accounts.SetLettersOff(c.Request().Context(), v.Person().ID, off); err != nil {
		return err
	}
	return s.done(c, Done{To: paths.Letters, Notice: layout.Notice{Kind: "ok", Text: "Your choice is saved."}})
}
