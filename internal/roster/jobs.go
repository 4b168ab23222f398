package roster

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/human"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// Job is work that takes too long for one request, as its starter sees it. Nobody else sees it.
type Job struct {
	ID       string // job_…
	Kind     string // "members.suspend", …
	Title    string // what it does: "Suspend 12 members"
	Did      string // what became of each: "suspended"
	State    string // "waiting", "running", "done", "stopped", "failed"
	Stopping bool   // it was asked to, and has not yet
	Problem  string // why it failed, a sentence
	Total    int
	Done     int
	Skipped  int
	Failed   int
	Created  time.Time
	Started  time.Time // zero: not yet
	Finished time.Time // zero: not yet
	At       time.Time // when this was so, by the database's clock
	Undoable int       // how many of its items can be taken back; 0 where none can any more
	UndoneBy string    // job_… that takes or took it back; ""
	One      bool      // it is about one thing: it has no items
	File     *File     // what it has written, to download; nil where there is nothing, or not any more

	Show  string    // the state of the items below
	Items []JobItem // a page of them
	Next  string    // cursor of the next page; "" at the end
}

// Over tells whether nothing more will happen.
func (j Job) Over() bool { return j.State != "waiting" && j.State != "running" }

// Left is how many are still to go.
func (j Job) Left() int { return max(0, j.Total-j.Done-j.Skipped-j.Failed) }

// JobItem is one thing that a job was about, and what became of it.
type JobItem struct {
	N     int    `json:"n"`
	Label string `json:"label"`
	State string `json:"state"`
	Note  string `json:"note"`
}

// Bounds of jobs.
const (
	JobsOfPerson       = 3                // at work at once, in one organization
	JobsOfOrganization = 10               // likewise, of all its people
	UndoMax            = 500              // items that can be taken back together
	undoTime           = 10 * time.Minute // as for a single change
	itemsAtOnce        = 25               // items between two looks at whether to stop
)

// jobItem is an item as it is worked on.
type jobItem struct {
	n       int32
	subject uuid.UUID
	label   string
}

// itemResult is what became of it: its state, why, and the entry of the audit log that takes it back.
type itemResult struct {
	state string // "done" or "skipped"
	note  string
	undo  string // evt_…
}

// startedJob is what became of a form that starts a job.
type startedJob struct{ Job string } // job_…

// startJob makes a job in the transaction of the form that asks for it. A worker goes on with it after so many
// seconds: 0 for one that has to be waited for anyway, a few where the request itself does it (see runJob).
func (r *Roster) startJob(ctx context.Context, q *rosterdb.Queries, a Actor, kind string, spec any, items []jobItem, delay float64) (uuid.UUID, error) {
	id := publicid.New()
	open, err := q.CountJobsAtWork(ctx, a.person.ID, a.org.ID)
	if err != nil {
		return id, err
	}
	switch {
	case open.Mine >= JobsOfPerson:
		return id, fault.New(fault.Conflict, "Three jobs of yours are at work here. Wait until one of them is done, or stop one. Nothing was changed.")
	case open.Everybodys >= JobsOfOrganization:
		return id, fault.New(fault.Conflict, fmt.Sprintf("Ten jobs are at work in %s. Wait until one of them is done. Nothing was changed.", a.org.Name))
	}
	asked, err := json.Marshal(spec)
	if err != nil {
		return id, fmt.Errorf("start a job: %w", err)
	}
	if err := q.StartJob(ctx, rosterdb.StartJobParams{OrgID: a.org.ID, JobID: id, Kind: kind, UserID: a.person.ID, Spec: asked, Total: int32(len(items)),
		SessionID: idOrNil(a.trace.Session), Address: a.trace.Address, UserAgent: a.trace.UserAgent, RequestID: a.trace.RequestID}); err != nil {
		return id, err
	}
	insert := rosterdb.InsertJobItemsParams{OrgID: a.org.ID, JobID: id}
	for _, item := range items {
		insert.Numbers, insert.SubjectIds, insert.Labels = append(insert.Numbers, item.n), append(insert.SubjectIds, item.subject), append(insert.Labels, item.label)
	}
	if len(items) > 0 {
		if err := q.InsertJobItems(ctx, insert); err != nil {
			return id, err
		}
	}
	return id, queueWork(ctx, q, a.org.ID, id, delay)
}

func queueWork(ctx context.Context, q *rosterdb.Queries, org, job uuid.UUID, delay float64) error {
	args, err := json.Marshal(WorkArgs{OrgID: org.String(), Job: job.String()})
	if err != nil {
		return fmt.Errorf("queue a job: %w", err)
	}
	if err := q.QueueWork(ctx, args, delay); err != nil {
		return err
	}
	if delay > 0 {
		return nil
	}
	return q.WakeWork(ctx)
}

// Job is one of the actor's own, with a page of its items that are in one state ("waiting", "done", "skipped" or
// "failed"; "" for what needs a look first).
func (r *Roster) Job(ctx context.Context, a Actor, id, show, after string) (Job, error) {
	job, ok := publicid.Job.Parse(id)
	if !ok {
		return Job{}, fault.Missing()
	}
	switch show {
	case "", "waiting", "done", "skipped", "failed":
	default:
		return Job{}, badCursor()
	}
	from := int32(-1)
	if after != "" {
		raw, err := base64.RawURLEncoding.DecodeString(after)
		if err != nil || len(raw) != 4 || itemCursor(int32(binary.BigEndian.Uint32(raw))) != after {
			return Job{}, badCursor()
		}
		from = int32(binary.BigEndian.Uint32(raw))
	}
	row, err := r.db.Read(a.org.ID).GetJob(ctx, rosterdb.GetJobParams{OrgID: a.org.ID, JobID: job, UserID: a.person.ID, Show: show, AfterN: from, PageSize: PageSize + 1})
	if errors.Is(err, pgx.ErrNoRows) {
		return Job{}, fault.Missing()
	}
	if err != nil {
		return Job{}, wrap("read a job", err)
	}
	return jobOf(row)
}

func jobOf(row rosterdb.GetJobRow) (Job, error) {
	k := kindOf(row.Kind)
	j := Job{ID: publicid.Job.Of(row.ID), Kind: row.Kind, Title: k.title(int(row.Total), row.Spec), Did: k.did, One: k.one, State: row.State, Problem: row.Problem,
		Total: int(row.Total), Done: int(row.Done), Skipped: int(row.Skipped), Failed: int(row.Failed),
		Created: row.CreatedAt, Started: deref(row.StartedAt), Finished: deref(row.FinishedAt), At: row.At, Show: row.Show}
	j.Stopping = row.StopAsked && !j.Over()
	j.File = fileOf(row.Kind, row.State, row.Spec, row.Progress, j.Finished, row.At)
	if row.UndoneBy != uuid.Nil {
		j.UndoneBy = publicid.Job.Of(row.UndoneBy)
	}
	if err := mayUndoJob(j, int(row.Undoable)); err == nil {
		j.Undoable = int(row.Undoable)
	}
	if err := json.Unmarshal(row.Items, &j.Items); err != nil {
		return j, fmt.Errorf("read the items of a job: %w", err)
	}
	if len(j.Items) > PageSize {
		j.Items = j.Items[:PageSize]
		j.Next = itemCursor(int32(j.Items[PageSize-1].N))
	}
	return j, nil
}

// readJobs reads the jobs that a query brought along as JSON.
func readJobs(raw []byte) ([]Job, error) {
	var rows []struct {
		ID         uuid.UUID       `json:"id"`
		Kind       string          `json:"kind"`
		Spec       json.RawMessage `json:"spec"`
		Progress   json.RawMessage `json:"progress"`
		State      string          `json:"state"`
		StopAsked  bool            `json:"stop_asked"`
		Problem    string          `json:"problem"`
		Total      int32           `json:"total"`
		Done       int32           `json:"done"`
		Skipped    int32           `json:"skipped"`
		Failed     int32           `json:"failed"`
		CreatedAt  time.Time       `json:"created_at"`
		StartedAt  *time.Time      `json:"started_at"`
		FinishedAt *time.Time      `json:"finished_at"`
		At         time.Time       `json:"at"`
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, fmt.Errorf("read jobs: %w", err)
	}
	jobs := make([]Job, len(rows))
	for i, row := range rows {
		var err error
		if jobs[i], err = jobOf(rosterdb.GetJobRow{ID: row.ID, Kind: row.Kind, Spec: row.Spec, Progress: row.Progress, State: row.State, StopAsked: row.StopAsked, Problem: row.Problem,
			Total: row.Total, Done: row.Done, Skipped: row.Skipped, Failed: row.Failed, CreatedAt: row.CreatedAt, StartedAt: row.StartedAt, FinishedAt: row.FinishedAt,
			At: row.At, Items: []byte("[]")}); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// mayUndoJob says why not.
func mayUndoJob(j Job, undoable int) error {
	switch {
	case !j.Over():
		return fault.New(fault.Conflict, "This is still at work. Stop it first, then it can be undone.")
	case j.UndoneBy != "":
		return fault.New(fault.Conflict, "This was undone already.")
	case undoable == 0:
		return fault.New(fault.Conflict, "Nothing of this can be undone.")
	case undoable > UndoMax:
		return fault.New(fault.Conflict, fmt.Sprintf("Up to %d changes can be undone together. Nothing was changed.", UndoMax))
	case j.At.Sub(j.Finished) > undoTime:
		return fault.New(fault.Conflict, "Undo is possible for 10 minutes. Nothing was changed.")
	}
	return nil
}

func itemCursor(n int32) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(n)))
}

// StopJob asks a job of the actor's own to stop. What was done stays done.
func (r *Roster) StopJob(ctx context.Context, a Actor, id string) error {
	job, ok := publicid.Job.Parse(id)
	if !ok {
		return fault.Missing()
	}
	err := r.db.InOrg(ctx, a.org.ID, func(q *rosterdb.Queries) error {
		_, err := q.AskJobToStop(ctx, rosterdb.AskJobToStopParams{OrgID: a.org.ID, JobID: job, UserID: a.person.ID})
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.Missing()
		}
		return err
	})
	return wrap("stop a job", err)
}

// UndoJob takes back what a job of the actor's own did, each item by the rules of a single Undo, as a job of its own.
// The answer is that job's id.
func (r *Roster) UndoJob(ctx context.Context, a Actor, id string) (string, error) {
	job, ok := publicid.Job.Parse(id)
	if !ok {
		return "", fault.Missing()
	}
	undo, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetJobRow, []byte, error) {
		row, err := q.GetJob(ctx, rosterdb.GetJobParams{OrgID: a.org.ID, JobID: job, UserID: a.person.ID, Submission: a.trace.Submission})
		if errors.Is(err, pgx.ErrNoRows) {
			return row, nil, fault.Missing()
		}
		return row, row.DoneBefore, err
	}, func(q *rosterdb.Queries, row rosterdb.GetJobRow) (startedJob, bool, error) {
		j, err := jobOf(row)
		if err == nil {
			err = mayUndoJob(j, int(row.Undoable))
		}
		if err != nil {
			return startedJob{}, false, err
		}
		rows, err := q.ListUndoableItems(ctx, rosterdb.ListUndoableItemsParams{OrgID: a.org.ID, JobID: job, PageSize: UndoMax})
		if err != nil {
			return startedJob{}, false, err
		}
		items := make([]jobItem, len(rows))
		for i, row := range rows {
			items[i] = jobItem{n: row.N, subject: row.Undo, label: row.Label}
		}
		made, err := r.startJob(ctx, q, a, "jobs.undo", map[string]string{"job": job.String()}, items, soonSeconds)
		return startedJob{publicid.Job.Of(made)}, true, err
	})
	if err != nil {
		return "", wrap("undo a job", err)
	}
	return undo.Job, r.runJob(ctx, a, undo.Job)
}

func undoStep(ctx context.Context, r *Roster, a Actor, w *work) (bool, error) {
	return r.eachItem(ctx, a, w, func(a Actor, item jobItem) (itemResult, error) {
		undone, err := r.Undo(ctx, a, publicid.Event.Of(item.subject))
		return itemResult{state: "done", note: undone.Text}, err
	})
}

// forgetJobs forgets the jobs that were started more than thirty days ago.
func (r *Roster) forgetJobs(ctx context.Context) error {
	for {
		n, err := r.db.Door().ForgetJobs(ctx, forgetAtOnce)
		if err != nil {
			return fmt.Errorf("forget old jobs: %w", err)
		}
		if n < forgetAtOnce {
			return nil
		}
	}
}

// tellJobEnded writes to the starter of a job that took long.
func (r *Roster) tellJobEnded(ctx context.Context, q *rosterdb.Queries, a Actor, j Job) error {
	return r.post(ctx, q, mail.JobEnded{To: a.person.Email, Organization: a.mailOrg(), Job: j.ID, Title: j.Title, Text: j.Outcome(), Stopped: j.State != "done", At: time.Now()})
}

// kind is what jobs of one kind do.
type kind struct {
	needs role.Permission // asked for again whenever work goes on; "" where each item is judged by itself
	title func(n int, spec json.RawMessage) string
	did   string // what became of each that is done: "suspended"
	one   bool   // it has no items
	// step does a part, saves how far it is, and says whether there is more.
	step func(ctx context.Context, r *Roster, a Actor, w *work) (bool, error)
}

// kindOf knows every kind of job.
func kindOf(name string) kind {
	switch name {
	case "invitations.import":
		return kind{needs: role.InvitationsCreate, title: counted("Send %s invitation", "Send %s invitations"), did: "sent", step: importStep}
	case manyJob + ManyRole, manyJob + ManySuspend, manyJob + ManyRemove:
		return manyKind(strings.TrimPrefix(name, manyJob))
	case "invitations.send":
		return kind{needs: role.InvitationsCreate, title: counted("Send %s invitation again", "Send %s invitations again"), did: "sent again", step: sendStep}
	case "invitations.revoke":
		return kind{needs: role.InvitationsRevoke, title: counted("Revoke %s invitation", "Revoke %s invitations"), did: "revoked", step: revokeStep}
	case "jobs.undo":
		return kind{title: counted("Undo %s change", "Undo %s changes"), did: "undone", step: undoStep}
	case exportKind:
		return kind{needs: role.MembersExport, title: exportTitle, did: "exported", one: true, step: exportStep}
	}
	return kind{title: counted("%s item", "%s items"), did: "done"} // of a newer Roster
}

// counted makes a title with a number in it.
func counted(one, many string) func(int, json.RawMessage) string {
	return func(n int, _ json.RawMessage) string {
		if n == 1 {
			return fmt.Sprintf(one, "1")
		}
		return fmt.Sprintf(many, human.Count(n))
	}
}
