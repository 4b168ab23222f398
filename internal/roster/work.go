package roster

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"roster/db/rosterdb"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/human"
	"roster/internal/publicid"
	"roster/internal/role"
)

// How jobs are worked on. River calls a worker, which goes on with a job for a few seconds and then lets others have
// their turn, so that a large organization does not keep a small one waiting. Whatever a process may die of, an item is
// done once: it is done as a form whose id is that of the item, and a form that comes again is not done again.

const (
	// sliceTime is how long a job is worked on before others have their turn.
	sliceTime = 8 * time.Second
	// soonSeconds is when a worker looks after a job that a request does by itself: it may have died over it.
	soonSeconds = 15.0
	// runTime is how long a request goes on with a job by itself.
	runTime = 5 * time.Second
)

// WorkArgs names a job to River.
type WorkArgs struct {
	OrgID string `json:"org_id"`
	Job   string `json:"job"`
}

// Kind is what River calls it, and the queue.
func (WorkArgs) Kind() string { return WorkQueue }

// WorkQueue is the queue of jobs, beside that of letters: neither waits for the other.
const WorkQueue = "work"

// Worker goes on with jobs.
type Worker struct {
	river.WorkerDefaults[WorkArgs]
	roster *Roster
}

// NewWorker makes one.
func NewWorker(r *Roster) *Worker { return &Worker{roster: r} }

// NextRetry is soon at first, for most troubles pass at once.
func (w *Worker) NextRetry(job *river.Job[WorkArgs]) time.Time {
	return time.Now().Add(min(time.Duration(job.Attempt*job.Attempt)*time.Second, 5*time.Minute))
}

// Work goes on with a job for a while.
func (w *Worker) Work(ctx context.Context, job *river.Job[WorkArgs]) error {
	org, err := uuid.Parse(job.Args.OrgID)
	if err != nil {
		return river.JobCancel(fmt.Errorf("work on a job: %w", err))
	}
	id, err := uuid.Parse(job.Args.Job)
	if err != nil {
		return river.JobCancel(fmt.Errorf("work on a job: %w", err))
	}
	more, err := w.roster.goOn(ctx, org, id, time.Now().Add(sliceTime))
	switch {
	case ctx.Err() != nil: // this node stops; another one goes on
		return river.JobSnooze(0)
	case err != nil && job.Attempt >= job.MaxAttempts:
		return errors.Join(err, w.roster.giveUp(ctx, org, id))
	case err != nil:
		return err
	case more:
		return river.JobSnooze(0)
	}
	return nil
}

// work is a job while it is worked on.
type work struct {
	org, id  uuid.UUID
	kind     string
	spec     json.RawMessage
	progress json.RawMessage
	total    int
	done     int
	skipped  int
	failed   int
	until    time.Time // when others have their turn
	stop     bool      // its starter asked for it
}

// late tells whether it is time for others.
func (w *work) late() bool { return !time.Now().Before(w.until) }

// runJob goes on with a job of the actor's own in the request that started it. What is not done in time is left to a
// worker.
func (r *Roster) runJob(ctx context.Context, a Actor, id string) error {
	job, ok := publicid.Job.Parse(id)
	if !ok {
		return fault.Missing()
	}
	more, err := r.goOn(ctx, a.org.ID, job, time.Now().Add(runTime))
	if err != nil || !more {
		return err
	}
	return r.db.InOrg(ctx, a.org.ID, func(q *rosterdb.Queries) error { return queueWork(ctx, q, a.org.ID, job, 0) })
}

// goOn works on a job until it is over or the time is, and says whether there is more to do.
func (r *Roster) goOn(ctx context.Context, org, id uuid.UUID, until time.Time) (bool, error) {
	w, a, err := r.take(ctx, org, id)
	if err != nil || w == nil {
		return false, wrap("take up a job", err)
	}
	w.until = until
	k := kindOf(w.kind)
	for {
		switch {
		case w.stop:
			return false, r.endJob(ctx, a, w, "stopped", "")
		case len(a.roles) == 0:
			return false, r.endJob(ctx, a, w, "failed", fmt.Sprintf("You no longer have access to %s. The rest was not done.", a.org.Name))
		case k.needs != "" && !a.May(k.needs):
			return false, r.endJob(ctx, a, w, "failed", fmt.Sprintf("Your role is now %s, so the rest was not done. It does not include “%s”.", role.Highest(a.roles).Label(), k.needs.Label()))
		case k.step == nil:
			return false, r.endJob(ctx, a, w, "failed", "This version of Roster does not know this kind of job.")
		}
		more, err := k.step(ctx, r, a, w)
		f, isFault := fault.As(err)
		switch {
		case isFault && f.Kind != fault.Unavailable && f.Kind != fault.ReadOnly:
			return false, r.endJob(ctx, a, w, "failed", f.Error())
		case err != nil:
			return true, wrap("work on a job", err)
		case !more && !w.stop:
			return false, r.endJob(ctx, a, w, "done", "")
		case w.late() && !w.stop:
			return true, nil
		}
	}
}

// take takes a job up: what it is, and who its starter is by now. Nothing comes back of one that is over.
func (r *Roster) take(ctx context.Context, org, id uuid.UUID) (*work, Actor, error) {
	var w *work
	var a Actor
	err := r.db.InOrg(ctx, org, func(q *rosterdb.Queries) error {
		w = nil
		row, err := q.TakeJob(ctx, org, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		w = &work{org: org, id: id, kind: row.Kind, spec: row.Spec, progress: row.Progress, total: int(row.Total), done: int(row.Done), skipped: int(row.Skipped),
			failed: int(row.Failed), stop: row.StopAsked}
		a = Actor{org: Organization{ID: org}, person: account.Person{ID: row.StartedBy},
			trace: account.Trace{Session: deref(row.SessionID), Address: row.Address, UserAgent: row.UserAgent, RequestID: row.RequestID}}
		is, err := q.GetActor(ctx, org, row.StartedBy)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		a.org = Organization{ID: org, Name: is.OrgName, Slug: is.Slug, InvitationDays: int(is.InvitationDays), MembersMayInvite: is.MembersMayInvite, Members: int(is.MembersCount)}
		a.person.Name, a.person.Email, a.person.EmailNorm = is.Name, is.Email, is.EmailNorm
		a.membership, a.onlyOwner = is.ID, is.Owners == 1
		if is.Status == "active" && is.OrgStatus == "active" {
			a.roles = role.ParseAll(is.Roles)
		}
		return nil
	})
	return w, a, err
}

// endJob ends a job, and writes to its starter if it took long.
func (r *Roster) endJob(ctx context.Context, a Actor, w *work, state, problem string) error {
	err := r.db.InOrg(ctx, w.org, func(q *rosterdb.Queries) error {
		end, err := q.EndJob(ctx, rosterdb.EndJobParams{OrgID: w.org, JobID: w.id, State: state, Problem: problem})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // it was over
		}
		if err != nil || !end.Long || len(a.roles) == 0 {
			return err
		}
		k := kindOf(w.kind)
		j := Job{ID: publicid.Job.Of(w.id), Title: k.title(int(end.Total), w.spec), Did: k.did, State: state, Problem: problem, Total: int(end.Total), Done: int(end.Done), Skipped: int(end.Skipped), Failed: int(end.Failed)}
		return r.tellJobEnded(ctx, q, a, j)
	})
	return wrap("end a job", err)
}

// giveUp ends a job that could not go on however often it was tried.
func (r *Roster) giveUp(ctx context.Context, org, id uuid.UUID) error {
	return r.endJob(ctx, Actor{}, &work{org: org, id: id}, "failed", "Something went wrong on our side, again and again. What was done stays done.")
}

// eachItem does some of a job's items and notes what became of each. What an item is refused for skips it.
func (r *Roster) eachItem(ctx context.Context, a Actor, w *work, do func(Actor, jobItem) (itemResult, error)) (bool, error) {
	items, err := r.db.Read(w.org).NextJobItems(ctx, rosterdb.NextJobItemsParams{OrgID: w.org, JobID: w.id, PageSize: itemsAtOnce})
	if err != nil || len(items) == 0 {
		return false, err
	}
	mark := rosterdb.MarkJobItemsParams{OrgID: w.org, JobID: w.id}
	var broke error
	for _, row := range items {
		a.trace.Submission = uuid.NewSHA1(w.id, binary.BigEndian.AppendUint32(nil, uint32(row.N)))
		result, err := do(a, jobItem{n: row.N, subject: row.SubjectID, label: row.Label})
		f, refused := fault.As(err)
		switch {
		case refused && (f.Kind == fault.Unavailable || f.Kind == fault.ReadOnly || f.Kind == fault.LostAccess), err != nil && !refused:
			broke = err
		case refused:
			result = itemResult{state: "skipped", note: f.Error()}
		}
		if broke != nil {
			break
		}
		var undo uuid.UUID
		if result.undo != "" {
			undo, _ = publicid.Event.Parse(result.undo) // one of ours; without it there is no way back
		}
		mark.Numbers, mark.States = append(mark.Numbers, row.N), append(mark.States, result.state)
		mark.Notes, mark.Undos = append(mark.Notes, result.note), append(mark.Undos, undo)
		if w.late() {
			break
		}
	}
	if len(mark.Numbers) > 0 {
		err := r.db.InOrg(ctx, w.org, func(q *rosterdb.Queries) error {
			w.stop, err = q.MarkJobItems(ctx, mark)
			return err
		})
		if err != nil {
			return true, errors.Join(broke, err)
		}
	}
	return true, broke
}

// save notes how far a job without items is.
func (w *work) save(ctx context.Context, q *rosterdb.Queries) error {
	var err error
	w.stop, err = q.SaveJob(ctx, rosterdb.SaveJobParams{OrgID: w.org, JobID: w.id, Progress: w.progress, Total: int32(w.total), Done: int32(w.done), Skipped: int32(w.skipped), Failed: int32(w.failed)})
	if errors.Is(err, pgx.ErrNoRows) {
		w.stop = true // somebody ended it
		return nil
	}
	return err
}

// Outcome says in a sentence what became of a job, or how far it is.
func (j Job) Outcome() string {
	text := human.Count(j.Done) + " " + j.Did
	if j.Skipped > 0 {
		text += ", " + human.Count(j.Skipped) + " skipped"
	}
	if j.Failed > 0 {
		text += ", " + human.Count(j.Failed) + " failed"
	}
	switch {
	case !j.Over() && j.Total == 0: // nobody has counted
		return text
	case !j.Over():
		return text + ", " + human.Count(j.Left()) + " to go"
	case j.State == "stopped":
		return text + ", " + human.Count(j.Left()) + " not done because it was stopped"
	case j.State == "failed" && j.Left() == 0:
		return text + ". " + j.Problem
	case j.State == "failed":
		return text + ", " + human.Count(j.Left()) + " not done. " + j.Problem
	}
	return text
}
