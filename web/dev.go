package web

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/mail"
	"roster/views/devmail"
	"roster/views/gallery"
)

// The pages of development mode: the letters that would have been mailed, and the gallery of components.

// listLetters shows the mailbox, the newest letter first.
func (s *Server) listLetters(c echo.Context) error {
	if s.mailbox == nil {
		return fault.New(fault.NotFound, "Letters are mailed here")
	}
	kept, err := s.mailbox.List()
	if err != nil {
		return err
	}
	items := make([]devmail.Item, len(kept))
	for i, k := range kept {
		items[i] = devmail.Item{ID: k.ID, To: k.To, Subject: k.Subject, At: k.At}
	}
	return s.page(c, Page{Document: devmail.List(devmail.Frame{Now: s.now(c), Site: s.site()}, items)})
}

// showLetter shows a letter. Its HTML stands in a frame, the only one of the site.
func (s *Server) showLetter(c echo.Context) error {
	k, err := s.letter(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy", contentPolicy+"; frame-src 'self'")
	return s.page(c, Page{Secret: true, Document: devmail.Message(devmail.Frame{Now: s.now(c), Site: s.site()},
		devmail.Letter{ID: k.ID, Subject: k.Subject, From: k.From, To: k.To, At: k.At, Text: k.Text})})
}

// showLetterHTML is a letter's HTML as a mail program would show it, under a policy of its own.
func (s *Server) showLetterHTML(c echo.Context) error {
	k, err := s.letter(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy", devmail.FramePolicy)
	letter := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, devmail.Framed(strings.ToValidUTF8(k.HTML, "\uFFFD")))
		return err
	})
	return s.page(c, Page{Secret: true, Document: letter})
}

func (s *Server) letter(c echo.Context) (mail.Kept, error) {
	gone := fault.New(fault.NotFound, "This letter is not kept")
	if s.mailbox == nil {
		return mail.Kept{}, gone
	}
	k, err := s.mailbox.Get(c.Param("id"))
	if errors.Is(err, mail.ErrNotKept) {
		return k, gone
	}
	return k, err
}

// showGallery shows every component in every state.
func (s *Server) showGallery(c echo.Context) error {
	page := gallery.Page(c.Param("name"), query(c, "theme"), s.now(c))
	if page == nil {
		return fault.Missing()
	}
	return s.page(c, Page{Document: page})
}
