package roster_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

// changed makes a job of Ann's that did what single presses did: as many people of Acme are guests now, and can be
// viewers again.
func changed(t *testing.T, w *rostertest.World, people int) (job uuid.UUID, members []string) {
	t.Helper()
	job = publicid.New()
	w.SQL(t, `INSERT INTO roster.jobs (org_id, id, kind, started_by, state, total, done, started_at, finished_at)
		SELECT o.id, $1, 'members.role', $2, 'done', $3, $3, now(), now() FROM roster.organizations o WHERE o.slug = 'acme'`, job, w.Ann.ID, people)
	for n := range people {
		who := w.Person(t, fmt.Sprintf("Person %d", n), fmt.Sprintf("person%d@acme.example", n))
		w.Join(t, w.Ann, acme, who, role.Viewer)
		mem := w.Membership(t, who, acme)
		done, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), mem, role.Guest)
		if err != nil {
			t.Fatal(err)
		}
		event, _ := publicid.Event.Parse(done.Undo)
		w.SQL(t, `INSERT INTO roster.job_items (org_id, job_id, n, subject_id, label, state, undo)
			SELECT o.id, $1, $2, $3, $4, 'done', $3 FROM roster.organizations o WHERE o.slug = 'acme'`, job, n, event, who.Name)
		members = append(members, mem)
	}
	return job, members
}

func roleOf(t *testing.T, w *rostertest.World, mem string) role.Role {
	t.Helper()
	m, err := w.Roster.Member(t.Context(), w.As(t, w.Ann, acme), mem, "")
	if err != nil {
		t.Fatal(err)
	}
	return role.Highest(m.Roles)
}

// goOn is one turn of a worker.
func goOn(t *testing.T, w *rostertest.World, job string) error {
	t.Helper()
	id, _ := publicid.Job.Parse(job)
	return roster.NewWorker(w.Roster).Work(t.Context(), &river.Job[roster.WorkArgs]{JobRow: &rivertype.JobRow{Attempt: 1, MaxAttempts: 25},
		Args: roster.WorkArgs{OrgID: w.As(t, w.Ann, acme).Organization().ID.String(), Job: id.String()}})
}

// C169: what a job changed is taken back together, each by the rules of a single Undo, and the log has both.
func TestAJobIsUndone(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	job, members := changed(t, w, 3)
	if _, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), members[1], role.Member); err != nil { // changed since
		t.Fatal(err)
	}
	ann := w.As(t, w.Ann, acme)
	undo, err := w.Roster.UndoJob(t.Context(), ann, publicid.Job.Of(job))
	if err != nil {
		t.Fatal(err)
	}
	done, err := w.Roster.Job(t.Context(), ann, undo, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if done.State != "done" || done.Done != 2 || done.Skipped != 1 || len(done.Items) != 1 || done.Items[0].Label != "Person 1" {
		t.Errorf("undone: %+v", done)
	}
	for i, want := range []role.Role{role.Viewer, role.Member, role.Viewer} {
		if is := roleOf(t, w, members[i]); is != want {
			t.Errorf("member %d is %s, want %s", i, is, want)
		}
	}
	_, err = w.Roster.UndoJob(t.Context(), ann, publicid.Job.Of(job))
	rostertest.Refused(t, err, fault.Conflict, "undone already")
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE undoes IS NOT NULL`); n != 2 {
		t.Errorf("%d entries of the log say that they undo, want 2", n)
	}
}

// A job dies after an item was done and before that was noted: the next worker notes it, and does it no second time.
func TestAnItemIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	job, members := changed(t, w, 3)
	ann := w.As(t, w.Ann, acme)
	undo, err := w.Roster.UndoJob(t.Context(), ann, publicid.Job.Of(job))
	if err != nil {
		t.Fatal(err)
	}
	w.SQL(t, `UPDATE roster.job_items SET state = 'waiting' WHERE job_id = $1`, uuidOf(undo))
	w.SQL(t, `UPDATE roster.jobs SET state = 'running', done = 0, finished_at = NULL WHERE id = $1`, uuidOf(undo))
	before := w.Count(t, `SELECT count(*) FROM roster.audit_events`)
	if err := goOn(t, w, undo); err != nil {
		t.Fatal(err)
	}
	done, err := w.Roster.Job(t.Context(), ann, undo, "done", "")
	if err != nil || done.State != "done" || done.Done != 3 || len(done.Items) != 3 {
		t.Errorf("after the second worker: %+v, %v", done, err)
	}
	if after := w.Count(t, `SELECT count(*) FROM roster.audit_events`); after != before {
		t.Errorf("%d more entries in the log: items were done again", after-before)
	}
	if err := goOn(t, w, undo); err != nil { // one that is over is left alone
		t.Error(err)
	}
	if is := roleOf(t, w, members[0]); is != role.Viewer {
		t.Errorf("a member is %s", is)
	}
}

// A job stops when its starter asks, when they may not do it any more, and nobody else can look at it or stop it.
func TestAJobBelongsToItsStarter(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	job, members := changed(t, w, 2)
	id := publicid.Job.Of(job)
	restart := func() {
		w.SQL(t, `UPDATE roster.jobs SET kind = 'jobs.undo', state = 'waiting', stop_asked = false, done = 0, finished_at = NULL WHERE id = $1`, job)
		w.SQL(t, `UPDATE roster.job_items SET state = 'waiting' WHERE job_id = $1`, job)
	}
	restart()
	for _, other := range []roster.Actor{w.As(t, w.Ben, acme), w.As(t, w.Zoe, "other")} {
		_, err := w.Roster.Job(t.Context(), other, id, "", "")
		rostertest.Refused(t, err, fault.NotFound, "")
		rostertest.Refused(t, w.Roster.StopJob(t.Context(), other, id), fault.NotFound, "")
		_, err = w.Roster.UndoJob(t.Context(), other, id)
		rostertest.Refused(t, err, fault.NotFound, "")
	}
	ann := w.As(t, w.Ann, acme)
	if err := w.Roster.StopJob(t.Context(), ann, id); err != nil {
		t.Fatal(err)
	}
	if err := goOn(t, w, id); err != nil {
		t.Fatal(err)
	}
	if j, err := w.Roster.Job(t.Context(), ann, id, "", ""); err != nil || j.State != "stopped" || j.Left() != 2 {
		t.Errorf("asked to stop: %+v, %v", j, err)
	}
	restart()
	w.SQL(t, `UPDATE roster.memberships SET status = 'suspended' WHERE user_id = $1`, w.Ann.ID)
	id2, _ := publicid.Job.Parse(id)
	if err := roster.NewWorker(w.Roster).Work(t.Context(), &river.Job[roster.WorkArgs]{JobRow: &rivertype.JobRow{Attempt: 1, MaxAttempts: 25},
		Args: roster.WorkArgs{OrgID: ann.Organization().ID.String(), Job: id2.String()}}); err != nil {
		t.Fatal(err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.jobs WHERE id = $1 AND state = 'failed' AND problem LIKE 'You no longer have access%' AND done = 0`, job); n != 1 {
		t.Error("a job went on for somebody who is suspended")
	}
	w.SQL(t, `UPDATE roster.memberships SET status = 'active' WHERE user_id = $1`, w.Ann.ID)
	if is := roleOf(t, w, members[0]); is != role.Guest {
		t.Errorf("a member is %s", is)
	}
}

// I134: an organization has a few jobs at work at once, and so has a person.
func TestJobsAreCapped(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	job, _ := changed(t, w, 1)
	w.SQL(t, `INSERT INTO roster.jobs (org_id, id, kind, started_by, state)
		SELECT o.id, gen_random_uuid(), 'canary.one', $1, 'running' FROM roster.organizations o, generate_series(1, 3) WHERE o.slug = 'acme'`, w.Ann.ID)
	_, err := w.Roster.UndoJob(t.Context(), w.As(t, w.Ann, acme), publicid.Job.Of(job))
	rostertest.Refused(t, err, fault.Conflict, "Three jobs of yours")
	w.SQL(t, `UPDATE roster.jobs SET state = 'done' WHERE kind = 'canary.one'`)
	w.SQL(t, `INSERT INTO roster.jobs (org_id, id, kind, started_by, state)
		SELECT o.id, gen_random_uuid(), 'canary.one', $1, 'waiting' FROM roster.organizations o, generate_series(1, 10) WHERE o.slug = 'acme'`, w.Ben.ID)
	_, err = w.Roster.UndoJob(t.Context(), w.As(t, w.Ann, acme), publicid.Job.Of(job))
	rostertest.Refused(t, err, fault.Conflict, "Ten jobs are at work")
}

// Jobs are forgotten after thirty days, whatever they are about.
func TestOldJobsAreForgotten(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	job, _ := changed(t, w, 1)
	w.SQL(t, `INSERT INTO roster.jobs (org_id, id, kind, started_by, created_at)
		SELECT o.id, gen_random_uuid(), 'canary.one', $1, now() - n * interval '1 day' FROM roster.organizations o, generate_series(28, 1500) n WHERE o.slug = 'acme'`, w.Ann.ID)
	if err := w.Roster.Housekeeping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.jobs`); n != 3 { // of 28 and 29 days ago, and this one
		t.Errorf("%d are left, want 3", n)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.job_items WHERE job_id = $1`, job); n != 1 {
		t.Errorf("%d items are left, want 1", n)
	}
}

func uuidOf(job string) uuid.UUID { id, _ := publicid.Job.Parse(job); return id }
