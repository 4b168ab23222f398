package web

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/roster"
	"roster/internal/sheet"
	"roster/views/invitations"
	"roster/views/layout"
	"roster/views/paths"
	"roster/views/ui"
)

// newImport is the form to bring a file of people to invite.
func (s *Server) newImport(c echo.Context, a roster.Actor) error {
	return s.page(c, Page{Document: s.importForm(c, a, invitations.ImportForm{})})
}

func (s *Server) importForm(c echo.Context, a roster.Actor, form invitations.ImportForm) templ.Component {
	frame := s.frame(c, "Import people", "invitations")
	frame.Problem = len(form.Errors) > 0
	return invitations.NewImport(frame, s.invitationPlace(c, a), form)
}

// importTemplate is a file to fill in.
func (s *Server) importTemplate(c echo.Context, a roster.Actor) error {
	return s.sendTable(c, "invite-template.csv", [][]string{{"email", "name", "role", "message"}, {"name@example.com", "First Last", "member", ""}})
}

// sendTable answers with a file.
func (s *Server) sendTable(c echo.Context, name string, table [][]string) error {
	var file bytes.Buffer
	if err := sheet.Write(&file, table); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(file.Len()))
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", file.Bytes())
}

// readImport reads a file, or pasted rows, into a draft, and leads there.
func (s *Server) readImport(c echo.Context, a roster.Actor) error {
	form := invitations.ImportForm{Text: verbatim(c, "text"), Role: field(c, "role"), Days: field(c, "days")}
	days, err := strconv.Atoi(form.Days)
	if err != nil || days < 1 {
		days = -1 // the domain says so
	}
	file := roster.ImportFile{Name: "pasted rows", Data: []byte(form.Text), Role: form.Role, Days: days}
	if up := visitOf(c.Request().Context()).file; up != nil && (up.name != "" || len(up.data) > 0) {
		file.Name, file.Data = path.Base(strings.ReplaceAll(up.name, `\`, "/")), up.data
		form.Had = file.Name
	} else if strings.TrimSpace(form.Text) == "" {
		form.Errors = []ui.FieldError{{Field: "file", Text: "Choose a file, or paste rows below."}}
		return s.page(c, Page{Status: http.StatusUnprocessableEntity, Document: s.importForm(c, a, form)})
	}
	id, err := s.roster.ReadImport(c.Request().Context(), a, file)
	if errs, ok := problems(err); ok {
		form.Errors = errs
		return s.page(c, Page{Status: http.StatusUnprocessableEntity, Document: s.importForm(c, a, form)})
	}
	if err != nil {
		return err
	}
	return s.goTo(c, paths.Import(a.Organization().Slug, id))
}

// showImport is the draft: each row with what would become of it, those to fix first.
func (s *Server) showImport(c echo.Context, a roster.Actor) error {
	if query(c, "show") == "columns" {
		return s.showColumns(c, a, http.StatusOK, invitations.ColumnsView{})
	}
	view := invitations.ImportView{Show: query(c, "show"), After: query(c, "after")}
	draft, err := s.roster.Import(c.Request().Context(), a, c.Param("imp"), view.Show, view.After)
	if err != nil {
		return err
	}
	view.Import = draft
	return s.showDraft(c, a, http.StatusOK, view)
}

func (s *Server) showDraft(c echo.Context, a roster.Actor, status int, view invitations.ImportView) error {
	view.Place = s.invitationPlace(c, a)
	return s.page(c, Page{Status: status, Document: invitations.ImportPage(s.frame(c, view.Title(), "invitations"), view), Piece: invitations.Checked(view)})
}

// showColumns asks which column of a file is which.
func (s *Server) showColumns(c echo.Context, a roster.Actor, status int, view invitations.ColumnsView) error {
	columns, err := s.roster.ImportColumns(c.Request().Context(), a, c.Param("imp"))
	if err != nil {
		return err
	}
	view.ImportColumns, view.Place = columns, s.invitationPlace(c, a)
	frame := s.frame(c, "Choose columns", "invitations")
	frame.Problem = len(view.Errors) > 0
	return s.page(c, Page{Status: status, Document: invitations.ColumnsPage(frame, view)})
}

// readColumns reads a file by the columns that were chosen, and leads to the draft that it makes.
func (s *Server) readColumns(c echo.Context, a roster.Actor) error {
	view := invitations.ColumnsView{Heading: field(c, "heading"), Kinds: map[string]string{}}
	heading, err := strconv.Atoi(view.Heading)
	if err != nil {
		heading = -1 // the domain says so
	}
	kinds := map[int]string{}
	for name := range c.Request().PostForm {
		number, ok := strings.CutPrefix(name, "column-")
		i, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		kinds[i], view.Kinds[name] = field(c, name), field(c, name)
	}
	id, err := s.roster.ReadColumns(c.Request().Context(), a, c.Param("imp"), heading, kinds)
	if errs, ok := problems(err); ok {
		view.Errors = errs
		return s.showColumns(c, a, http.StatusUnprocessableEntity, view)
	}
	if err != nil {
		return err
	}
	return s.goTo(c, paths.Import(a.Organization().Slug, id))
}

// importProblems is a file of the rows that nothing is sent to, each with the reason.
func (s *Server) importProblems(c echo.Context, a roster.Actor) error {
	table, err := s.roster.ImportProblems(c.Request().Context(), a, c.Param("imp"))
	if err != nil {
		return err
	}
	return s.sendTable(c, "problems.csv", table)
}

// changeImport keeps what was corrected and checks all rows again, or sends those that are ready.
func (s *Server) changeImport(c echo.Context, a roster.Actor) error {
	if field(c, "do") == "columns" {
		return s.readColumns(c, a)
	}
	fixes, err := fixesOf(c)
	if err != nil {
		return err
	}
	if field(c, "do") == "send" {
		return s.sendImport(c, a, fixes)
	}
	return s.checkImport(c, a, fixes, "")
}

func (s *Server) checkImport(c echo.Context, a roster.Actor, fixes []roster.ImportFix, notice string) error {
	view := invitations.ImportView{Show: field(c, "show"), After: field(c, "after"), Checked: true, Problem: notice}
	draft, err := s.roster.CheckImport(c.Request().Context(), a, c.Param("imp"), fixes, view.Show, view.After)
	if err != nil {
		return err
	}
	view.Import, view.Place = draft, s.invitationPlace(c, a)
	to := paths.With(paths.Import(view.Slug, view.ID), "show", view.Show, "after", view.After)
	said := layout.Notice{Kind: "info", Text: view.Words()}
	if draft.ToFix == 0 {
		said.Kind = "ok"
	}
	if notice != "" {
		said = layout.Notice{Kind: "warn", Text: notice}
	}
	return s.done(c, Done{To: to, Notice: said, Pieces: invitations.Checked(view)})
}

// sendImport starts to send what is ready. What was typed and not checked yet is checked first: the button says how many are
// sent, and so many are.
func (s *Server) sendImport(c echo.Context, a roster.Actor, fixes []roster.ImportFix) error {
	ready, err := strconv.Atoi(field(c, "ready"))
	if err != nil {
		return fault.New(fault.Malformed, "This form does not say how many invitations it sends. Nothing was sent.")
	}
	job, err := s.roster.SendImport(c.Request().Context(), a, c.Param("imp"), ready, fixes)
	if f, ok := fault.As(err); ok && f == roster.ErrUnchecked {
		return s.checkImport(c, a, fixes, f.Message)
	}
	if err != nil {
		return err
	}
	return s.goTo(c, paths.Job(a.Organization().Slug, job))
}

// fixesOf are the fields of the rows that were shown to be corrected, who is to be invited anyway, and what the words for
// roles mean.
func fixesOf(c echo.Context) ([]roster.ImportFix, error) {
	form := c.Request().PostForm
	var fixes []roster.ImportFix
	for name := range form {
		kind, row, _ := strings.Cut(name, "-")
		if kind == "as" && form.Has("word-"+row) {
			if word := field(c, "word-"+row); word != "" {
				fixes = append(fixes, roster.ImportFix{Word: word, Role: field(c, name)})
			}
			continue
		}
		if kind != "email" && kind != "anyway" {
			continue
		}
		n, err := strconv.Atoi(row)
		if err != nil || n < 1 || strconv.Itoa(n) != row {
			return nil, fault.New(fault.Malformed, fmt.Sprintf("There is no row “%.20s”. Nothing was changed.", row))
		}
		fix := roster.ImportFix{N: n, Anyway: kind == "anyway"}
		if !fix.Anyway {
			fix.Email, fix.Role = field(c, name), field(c, "role-"+row)
			if message := "message-" + row; form.Has(message) {
				typed := verbatim(c, message)
				fix.Message = &typed
			}
		}
		fixes = append(fixes, fix)
	}
	slices.SortFunc(fixes, func(x, y roster.ImportFix) int { return cmp.Or(x.N-y.N, strings.Compare(x.Word, y.Word)) })
	return fixes, nil
}
