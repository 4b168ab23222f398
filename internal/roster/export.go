package roster

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"roster/db/rosterdb"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/sheet"
)

// ExportMax is how many rows are downloaded at once. A longer list is written by a job.
const ExportMax = 5000

// exportPage is how many rows of a file are in hand at a time.
const exportPage = 1000

// ErrLongExport: the list has more rows than are downloaded at once.
var ErrLongExport = errors.New("roster: the list is too long to be downloaded at once")

// Format is how a file is written.
type Format string

// The formats of files.
const (
	CSV  Format = "csv"
	JSON Format = "json"
)

// ParseFormat reads a format's name.
func ParseFormat(s string) (Format, bool) {
	f := Format(s)
	return f, f == CSV || f == JSON
}

// Label is the format's name as people read it.
func (f Format) Label() string { return strings.ToUpper(string(f)) }

// Sink takes a file piece by piece. Flush is called after each page of rows.
type Sink interface {
	io.Writer
	Flush() error
}

// Export writes every row that a list shows, with a page of rows in hand at a time. Nothing is written before the
// audit log has it. Whoever may not export any more gets no further page: the error then says that the file is a part.
func (r *Roster) Export(ctx context.Context, a Actor, list List, as Format, to Sink) error {
	first, rows, err := r.exportable(ctx, a, list)
	if err != nil {
		return err
	}
	if err := r.db.InOrg(ctx, a.org.ID, func(q *rosterdb.Queries) error { return a.noteExport(ctx, q, list, as, rows) }); err != nil {
		return wrap("note an export", err)
	}
	file := newFile(as, to)
	write := func(rows []Row) error {
		if err := r.exportRows(ctx, a, rows, file); err != nil {
			return err
		}
		return to.Flush()
	}
	if err := write(first.Rows); err != nil {
		return err
	}
	if list.After = first.Next; list.After != "" {
		err := r.each(ctx, a, list, exportPage, func(rows []Row) error {
			if _, err := r.mayStillExport(ctx, a); err != nil {
				return err
			}
			return write(rows)
		})
		if err != nil {
			return err
		}
	}
	if err := file.end(); err != nil {
		return err
	}
	return to.Flush()
}

// Exportable answers as Export would before its first byte, and notes nothing.
func (r *Roster) Exportable(ctx context.Context, a Actor, list List) error {
	_, _, err := r.exportable(ctx, a, list)
	return err
}

// exportable reads the first page of rows and counts the others, no further than it has to.
func (r *Roster) exportable(ctx context.Context, a Actor, list List) (first Members, rows int, err error) {
	if !a.May(role.MembersExport) {
		return first, 0, notAllowed(a.roles, role.MembersExport)
	}
	if !list.Filtered() && a.org.Members > ExportMax {
		return first, 0, ErrLongExport
	}
	list.After, list.Before = "", ""
	if first, err = r.pageOf(ctx, a, list, exportPage); err != nil || first.Next == "" {
		return first, len(first.Rows), err
	}
	rows, list.After = len(first.Rows), first.Next
	err = r.each(ctx, a, list, exportPage, func(more []Row) error {
		if rows += len(more); rows > ExportMax {
			return ErrLongExport
		}
		return nil
	})
	return first, rows, err
}

// mayStillExport is the actor as they are now, if they still may have what they asked for.
func (r *Roster) mayStillExport(ctx context.Context, a Actor) (Actor, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	now, err := r.Enter(ctx, a.person, a.org.PublicID(), a.trace)
	switch {
	case err != nil:
		return a, err
	case !now.Actor.May(role.MembersExport):
		return a, notAllowed(now.Actor.roles, role.MembersExport)
	case a.May(role.InvitationsRead) && !now.Actor.May(role.InvitationsRead):
		return a, notAllowed(now.Actor.roles, role.InvitationsRead)
	}
	return now.Actor, nil
}

// noteExport is the line of the audit log: what was asked for, and how much it is.
func (a Actor) noteExport(ctx context.Context, q *rosterdb.Queries, list List, as Format, rows int) error {
	filter, err := filterFacts(list)
	if err != nil {
		return err
	}
	_, err = a.author().write(ctx, q, entry{event: MembersExported, subjectKind: "organization", subject: a.org.ID, name: a.org.Name,
		after: facts{"format": as, "rows": rows, "filter": filter}})
	return err
}

// filterFacts is what a list asks for, without what it leaves open.
func filterFacts(list List) (facts, error) {
	list.After, list.Before = "", ""
	text, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("read a filter: %w", err)
	}
	all, some := facts{}, facts{}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read a filter: %w", err)
	}
	for name, value := range all {
		if value != "" && value != false {
			some[strings.ToLower(name)] = value
		}
	}
	return some, nil
}

// exportRows adds rows of the list to a file.
func (r *Roster) exportRows(ctx context.Context, a Actor, rows []Row, to *file) error {
	ids := make([]uuid.UUID, 0, len(rows))
	for _, row := range rows {
		if id, ok := publicid.Membership.Parse(row.ID); ok && !row.Invitation {
			ids = append(ids, id)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	invited := make(map[string]time.Time, len(ids))
	if len(ids) > 0 {
		known, err := r.db.Read(a.org.ID).ListInvitedAt(ctx, a.org.ID, ids)
		if err != nil {
			return wrap("read when members were invited", err)
		}
		for _, one := range known {
			invited[publicid.Membership.Of(one.ID)] = deref(one.InvitedAt)
		}
	}
	for _, row := range rows {
		if err := to.add(line(row, invited[row.ID])); err != nil {
			return err
		}
	}
	return to.rest()
}

// exported is a row of a file. What is not known is null in JSON and empty in CSV.
type exported struct {
	Name       *string     `json:"name"`
	Email      string      `json:"email"`
	Roles      []role.Role `json:"roles"`
	Status     string      `json:"status"` // "active", "suspended", "pending"
	InvitedBy  *string     `json:"invited_by"`
	InvitedAt  *time.Time  `json:"invited_at"`
	Joined     *time.Time  `json:"joined_at"`
	LastActive *time.Time  `json:"last_active_at"`
	ID         string      `json:"id"` // mem_…, or inv_… of who is pending
}

// headings are those of a CSV file, in the order of cells.
var headings = []string{"Name", "E-mail", "Roles", "Status", "Invited by", "Invited at", "Joined", "Last active", "Member ID"}

func line(row Row, invited time.Time) exported {
	e := exported{Name: known(row.Name), Email: row.Email, Roles: row.Roles, Status: row.Status, InvitedBy: known(row.Inviter),
		InvitedAt: moment(invited), Joined: moment(row.Since), LastActive: moment(row.LastActive), ID: row.ID}
	if row.Invitation {
		e.InvitedAt, e.Joined = moment(row.Since), nil
	}
	return e
}

func known(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// moment is a time in UTC, to the second; nil for never.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// cells are the row as a line of CSV, in the words of the list.
func (e exported) cells() []string {
	roles := make([]string, len(e.Roles))
	for i, one := range e.Roles {
		roles[i] = one.Label()
	}
	status := map[string]string{"active": "Active", "suspended": "Suspended", "pending": "Pending"}[e.Status]
	cells := []string{deref(e.Name), e.Email, strings.Join(roles, ", "), status, deref(e.InvitedBy), stamp(e.InvitedAt), stamp(e.Joined), stamp(e.LastActive), e.ID}
	for i, cell := range cells {
		cells[i] = sheet.Plain(cell)
	}
	return cells
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

// file writes rows in one format.
type file struct {
	to    io.Writer
	csv   *csv.Writer // nil for JSON
	lines int
}

// newFile begins a file.
func newFile(as Format, to io.Writer) *file {
	f := &file{to: to}
	if as == CSV {
		f.csv = csv.NewWriter(to)
		f.csv.UseCRLF = true
	}
	return f
}

// add writes a row, and before the first one what every file begins with.
func (f *file) add(e exported) error {
	if err := f.begin(); err != nil {
		return err
	}
	f.lines++
	if f.csv != nil {
		return f.csv.Write(e.cells())
	}
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write a row: %w", err)
	}
	between := ",\n"
	if f.lines == 1 {
		between = "\n"
	}
	_, err = io.WriteString(f.to, between+string(text))
	return err
}

// begin writes what stands before the first row: spreadsheets know UTF-8 by its mark.
func (f *file) begin() error {
	switch {
	case f.lines > 0:
		return nil
	case f.csv == nil:
		_, err := io.WriteString(f.to, "[")
		return err
	}
	if _, err := io.WriteString(f.to, "\uFEFF"); err != nil {
		return err
	}
	return f.csv.Write(headings)
}

// rest writes what was held back.
func (f *file) rest() error {
	if f.csv == nil {
		return nil
	}
	f.csv.Flush()
	return f.csv.Error()
}

// end writes what stands behind the last row.
func (f *file) end() error {
	if err := f.begin(); err != nil {
		return err
	}
	if f.csv == nil {
		if _, err := io.WriteString(f.to, "\n]\n"); err != nil {
			return err
		}
	}
	return f.rest()
}
