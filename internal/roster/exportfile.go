package roster

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
)

// A list that is too long to be downloaded at once is written by a job, piece by piece, each in the transaction that
// notes how far the job is: whatever it dies of, no row is there twice and none is missing.

const (
	// exportKind is what its jobs are called.
	exportKind = "members.export"
	// pieceRows is how many rows a piece has.
	pieceRows = 5 * exportPage
	// fileTime is how long a file is there.
	fileTime = 24 * time.Hour
	// filesOfPerson is how many files somebody may ask for in that time, in one organization.
	filesOfPerson = 10
	// eraseAtOnce is how many pieces are erased in one transaction.
	eraseAtOnce = 20
)

// exportSpec is what was asked for.
type exportSpec struct {
	List   List
	Format Format
}

// exportProgress is how far it is.
type exportProgress struct {
	After  string // cursor of the next row; "" at the start, and at the end
	Pieces int32
	Rows   int
	Bytes  int64 // as they are downloaded
	Whole  bool
}

// File is what a job has written, for its starter to download.
type File struct {
	Format  Format
	Bytes   int64
	Expires time.Time

	job    uuid.UUID
	pieces int32
	first  []byte // piece
}

// StartExport has a list written as a file by a job, for the actor alone. The answer is the job's id.
func (r *Roster) StartExport(ctx context.Context, a Actor, list List, as Format) (string, error) {
	list.After, list.Before = "", ""
	if list.Sort == "active" { // people change places in this order while it is walked
		list.Sort, list.Down = "", false
	}
	started, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetExporterRow, []byte, error) {
		row, err := q.GetExporter(ctx, rosterdb.GetExporterParams{Submission: a.trace.Submission, OrgID: a.org.ID, ActorID: a.person.ID})
		if errors.Is(err, pgx.ErrNoRows) {
			return row, nil, lostAccess(a)
		}
		return row, row.DoneBefore, err
	}, func(q *rosterdb.Queries, row rosterdb.GetExporterRow) (startedJob, bool, error) {
		roles := role.ParseAll(row.Roles)
		switch {
		case row.Status != "active":
			return startedJob{}, false, lostAccess(a)
		case !role.May(roles, role.MembersExport, a.Settings()):
			return startedJob{}, false, notAllowed(roles, role.MembersExport)
		case row.Today >= filesOfPerson:
			return startedJob{}, false, fault.New(fault.Conflict, fmt.Sprintf("You asked for %d files in the last 24 hours, which is as many as there may be. Download one of those, or come back later.", filesOfPerson))
		}
		job, err := r.startJob(ctx, q, a, exportKind, exportSpec{list, as}, nil, 0)
		return startedJob{publicid.Job.Of(job)}, true, err
	})
	return started.Job, wrap("start an export", err)
}

// exportTitle says what a job writes.
func exportTitle(_ int, spec json.RawMessage) string {
	var asked exportSpec
	if json.Unmarshal(spec, &asked) != nil || asked.Format == "" {
		return "Export members"
	}
	return "Export members as " + asked.Format.Label()
}

// exportStep writes the next piece of a file.
func exportStep(ctx context.Context, r *Roster, a Actor, w *work) (bool, error) {
	var asked exportSpec
	var at exportProgress
	if err := json.Unmarshal(w.spec, &asked); err != nil {
		return false, fmt.Errorf("read what to export: %w", err)
	}
	if err := json.Unmarshal(w.progress, &at); err != nil {
		return false, fmt.Errorf("read how far an export is: %w", err)
	}
	if at.Whole {
		return false, nil
	}
	piece, next, err := r.writePiece(ctx, a, asked, at)
	if err != nil {
		return false, err
	}
	err = r.db.InOrg(ctx, w.org, func(q *rosterdb.Queries) error {
		if err := mayExportNow(ctx, q, a); err != nil {
			return err
		}
		if err := q.InsertFilePiece(ctx, rosterdb.InsertFilePieceParams{OrgID: w.org, JobID: w.id, Piece: at.Pieces, Data: piece}); err != nil {
			return err
		}
		if next.Whole {
			if err := a.noteExport(ctx, q, asked.List, asked.Format, next.Rows); err != nil {
				return err
			}
		}
		w.done, w.total = next.Rows, next.Rows
		if !next.Whole {
			w.total = 0
			if !asked.List.Filtered() {
				w.total = max(a.org.Members, next.Rows+1)
			}
		}
		if w.progress, err = json.Marshal(next); err != nil {
			return fmt.Errorf("note how far an export is: %w", err)
		}
		return w.save(ctx, q)
	})
	return !next.Whole, err
}

// writePiece is the next piece of a file, compressed by itself, and how far it gets with it.
func (r *Roster) writePiece(ctx context.Context, a Actor, asked exportSpec, at exportProgress) ([]byte, exportProgress, error) {
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, at, err
	}
	counted := &counter{to: zip}
	file := newFile(asked.Format, counted)
	file.lines = at.Rows
	list, next := asked.List, at
	list.After = at.After
	for rows := 0; rows < pieceRows && !next.Whole; rows += exportPage {
		page, err := r.pageOf(ctx, a, list, exportPage)
		if err != nil {
			return nil, at, err
		}
		if err := r.exportRows(ctx, a, page.Rows, file); err != nil {
			return nil, at, err
		}
		next.Rows += len(page.Rows)
		list.After, next.Whole = page.Next, page.Next == ""
	}
	if next.Whole {
		if err := file.end(); err != nil {
			return nil, at, err
		}
	}
	if err := zip.Close(); err != nil {
		return nil, at, err
	}
	next.After, next.Pieces, next.Bytes = list.After, at.Pieces+1, at.Bytes+counted.bytes
	return packed.Bytes(), next, nil
}

// counter counts what is written.
type counter struct {
	to    io.Writer
	bytes int64
}

// Write passes it on.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	return n, err
}

// mayExportNow looks in the transaction that writes a piece whether its starter may still have it.
func mayExportNow(ctx context.Context, q *rosterdb.Queries, a Actor) error {
	now, err := q.GetActor(ctx, a.org.ID, a.person.ID)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (now.Status != "active" || now.OrgStatus != "active") {
		return lostAccess(a)
	}
	if err != nil {
		return err
	}
	settings, roles := role.Settings{MembersMayInvite: now.MembersMayInvite}, role.ParseAll(now.Roles)
	for _, p := range []role.Permission{role.MembersExport, role.InvitationsRead} {
		if a.May(p) && !role.May(roles, p, settings) {
			return notAllowed(roles, p)
		}
	}
	return nil
}

// fileOf is what a job has written so far; nothing of a job that writes no file, is not done, or was done too long ago.
func fileOf(kind, state string, spec, progress []byte, finished, now time.Time) *File {
	var asked exportSpec
	var at exportProgress
	if kind != exportKind || state != "done" || now.Sub(finished) > fileTime || json.Unmarshal(spec, &asked) != nil || json.Unmarshal(progress, &at) != nil || !at.Whole {
		return nil
	}
	return &File{Format: asked.Format, Bytes: at.Bytes, Expires: finished.Add(fileTime), pieces: at.Pieces}
}

// ExportedFile is a file of the actor's own, if they may still have it.
func (r *Roster) ExportedFile(ctx context.Context, a Actor, id string) (File, error) {
	job, ok := publicid.Job.Parse(id)
	if !ok {
		return File{}, fault.Missing()
	}
	if !a.May(role.MembersExport) {
		return File{}, notAllowed(a.roles, role.MembersExport)
	}
	row, err := r.db.Read(a.org.ID).GetFile(ctx, rosterdb.GetFileParams{OrgID: a.org.ID, JobID: job, UserID: a.person.ID})
	if errors.Is(err, pgx.ErrNoRows) {
		return File{}, fault.Missing()
	}
	if err != nil {
		return File{}, wrap("read a file", err)
	}
	if row.Over {
		return File{}, fault.New(fault.Gone, "This file was there for 24 hours and is erased. Export the members again.")
	}
	file := fileOf(exportKind, row.State, row.Spec, row.Progress, time.Time{}, time.Time{})
	if file == nil {
		return File{}, fault.New(fault.Conflict, "This file is not whole. Nothing can be downloaded.")
	}
	file.job, file.first = job, row.FirstPiece
	return *file, nil
}

// Download copies a file, a piece in hand at a time; the permission is asked for again with each.
func (r *Roster) Download(ctx context.Context, a Actor, f File, to Sink) error {
	if err := copyPiece(f.first, to); err != nil {
		return err
	}
	for n := int32(1); n < f.pieces; n++ {
		if _, err := r.mayStillExport(ctx, a); err != nil {
			return err
		}
		packed, err := r.piece(ctx, a, f, n)
		if err != nil {
			return wrap("read a piece of a file", err)
		}
		if err := copyPiece(packed, to); err != nil {
			return err
		}
	}
	return nil
}

func (r *Roster) piece(ctx context.Context, a Actor, f File, n int32) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	return r.db.Read(a.org.ID).GetFilePiece(ctx, rosterdb.GetFilePieceParams{OrgID: a.org.ID, JobID: f.job, Piece: n})
}

func copyPiece(packed []byte, to Sink) error {
	piece, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, piece); err != nil {
		return err
	}
	return to.Flush()
}

// eraseFiles erases the files whose time is over.
func (r *Roster) eraseFiles(ctx context.Context) error {
	for {
		n, err := r.db.Door().EraseFiles(ctx, eraseAtOnce)
		if err != nil {
			return fmt.Errorf("erase old files: %w", err)
		}
		if n < eraseAtOnce {
			return nil
		}
	}
}
