package web

import (
	"context"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
)

// Inject adds a page, for who is logged in, that does and shows what a test says. Nothing of this is in the program.
func (s *Server) Inject(path string, run func(context.Context) (templ.Component, error)) {
	h := s.loggedIn(func(c echo.Context, _ Visitor) error {
		shown, err := run(c.Request().Context())
		if err != nil {
			return err
		}
		return s.page(c, Page{Document: shown, Piece: shown})
	})
	s.get(path, h)
	s.post(path, h)
}
