package web

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/roster"
	"roster/views/members"
	"roster/views/paths"
)

// exportMembers answers with the list as a file, of exactly what its filter shows. What is too long for that is offered
// as long work.
func (s *Server) exportMembers(as roster.Format) func(echo.Context, roster.Actor) error {
	return func(c echo.Context, a roster.Actor) error {
		asked, err := askedFor(c)
		if err != nil {
			return err
		}
		asked.After, asked.Before = "", "" // a file begins at the beginning
		ctx, cancel := unhurried(c)
		defer cancel()
		file := s.newDownload(c, a.Organization().Slug+"-members", as)
		defer file.giveBack()
		if c.Request().Method == http.MethodHead {
			if err = s.roster.Exportable(ctx, a, asked); err == nil {
				file.begin()
				return nil
			}
		} else {
			err = s.roster.Export(ctx, a, asked, as, file)
		}
		if errors.Is(err, roster.ErrLongExport) {
			return s.goTo(c, members.ExportURL(a.Organization().Slug, asked, as))
		}
		return file.end(s, err)
	}
}

// askedFile reads a list and how it is to be written from their address.
func askedFile(c echo.Context) (roster.List, roster.Format, error) {
	asked, err := askedFor(c)
	if err != nil {
		return asked, "", err
	}
	asked.After, asked.Before = "", ""
	if query(c, "format") == "" {
		return asked, roster.CSV, nil
	}
	as, ok := roster.ParseFormat(query(c, "format"))
	if !ok {
		return asked, "", fault.New(fault.Malformed, "This link is damaged. Go back to the list of members.")
	}
	return asked, as, nil
}

// offerExport asks before a long list is written.
func (s *Server) offerExport(c echo.Context, a roster.Actor) error {
	asked, as, err := askedFile(c)
	if err != nil {
		return err
	}
	offer := members.Export{Here: s.membersHere(c, a, backTo(a.Organization().Slug, asked)), Asked: asked, Format: as}
	frame := s.frame(c, offer.Title(), "members")
	frame.Narrow = true
	return s.page(c, Page{Document: members.ExportPage(frame, offer)})
}

// startExport has a long list written, and shows how far that is.
func (s *Server) startExport(c echo.Context, a roster.Actor) error {
	asked, as, err := askedFile(c)
	if err != nil {
		return err
	}
	job, err := s.roster.StartExport(c.Request().Context(), a, asked, as)
	if err != nil {
		return err
	}
	return s.goTo(c, paths.Job(a.Organization().Slug, job))
}

// downloadExport answers with a file that a job has written, to whoever started it.
func (s *Server) downloadExport(c echo.Context, a roster.Actor) error {
	ctx, cancel := unhurried(c)
	defer cancel()
	file, err := s.roster.ExportedFile(ctx, a, c.Param("file"))
	if err != nil {
		return err
	}
	answer := s.newDownload(c, a.Organization().Slug+"-members", file.Format)
	defer answer.giveBack()
	if c.Request().Method == http.MethodHead {
		answer.begin()
		return nil
	}
	return answer.end(s, s.roster.Download(ctx, a, file, answer))
}

// unhurried is the request's context without its budget: it ends when the client goes away, and not before.
func unhurried(c echo.Context) (context.Context, context.CancelFunc) {
	own := c.Request().Context()
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Time{}) // the request is read; what is left to hear is that the client goes away
	ctx, cancel := context.WithCancel(context.WithoutCancel(own))
	stop := context.AfterFunc(visitOf(own).client, cancel)
	return ctx, func() { stop(); cancel() }
}

// patience is how long a client may take to read a part of a file before it is hung up on.
const patience = 30 * time.Second

// download is an answer that is sent as it is made: nothing of it is kept. Before its first byte an error is answered as
// anywhere; after that the connection is broken off, so that a part is never taken for the whole.
type download struct {
	c     echo.Context
	name  string
	kind  string
	begun bool
	out   *bufio.Writer
	zip   *gzip.Writer // nil for who does not take it
}

// newDownload is a file that is named after what it is and the day.
func (s *Server) newDownload(c echo.Context, of string, as roster.Format) *download {
	d := &download{c: c, name: of + "-" + s.now(c).Format(time.DateOnly) + "." + string(as), kind: "text/csv; charset=utf-8; header=present"}
	if as == roster.JSON {
		d.kind = "application/json"
	}
	d.out = bufio.NewWriterSize(patient{c.Response(), http.NewResponseController(c.Response())}, 32<<10)
	if takesGzip(c.Request()) {
		d.zip = zippers.Get().(*gzip.Writer)
		d.zip.Reset(d.out)
	}
	return d
}

// begin sends what stands before the first byte.
func (d *download) begin() {
	if d.begun {
		return
	}
	d.begun = true
	h := d.c.Response().Header()
	h.Set("Content-Type", d.kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	h.Add("Vary", "Accept-Encoding")
	if d.zip != nil {
		h.Set("Content-Encoding", "gzip")
	}
	d.c.Response().WriteHeader(http.StatusOK)
}

// Write implements roster.Sink.
func (d *download) Write(p []byte) (int, error) {
	d.begin()
	if d.zip != nil {
		return d.zip.Write(p)
	}
	return d.out.Write(p)
}

// Flush implements roster.Sink: what was written is on its way.
func (d *download) Flush() error {
	if d.zip != nil {
		if err := d.zip.Flush(); err != nil {
			return err
		}
	}
	if err := d.out.Flush(); err != nil {
		return err
	}
	return http.NewResponseController(d.c.Response().Writer).Flush()
}

// end answers with err, or with the end of the file. A file of which something is sent already is broken off.
func (d *download) end(s *Server, err error) error {
	if err == nil && d.zip != nil {
		err = d.zip.Close()
	}
	if err == nil {
		err = d.out.Flush()
	}
	if err == nil || !d.begun {
		return err
	}
	s.log.Warn("a file was broken off", "request", visitOf(d.c.Request().Context()).id, "err", err)
	panic(http.ErrAbortHandler)
}

// giveBack lets the next answer have what this one borrowed.
func (d *download) giveBack() {
	if d.zip != nil {
		zippers.Put(d.zip)
	}
}

// patient writes to a client for as long as it reads on.
type patient struct {
	http.ResponseWriter
	conn *http.ResponseController
}

// Write waits for the client no longer than patience.
func (p patient) Write(b []byte) (int, error) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(patience)) // not every connection has a deadline
	return p.ResponseWriter.Write(b)
}
