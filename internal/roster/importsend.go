package roster

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/human"
	"roster/internal/publicid"
	"roster/internal/role"
)

// ErrUnchecked is why a draft is not sent in which somebody has just typed.
var ErrUnchecked = fault.New(fault.Conflict, "You changed rows, so they were checked first. Look at them, then send.")

// importSpec is what a job is asked to send.
type importSpec struct {
	Import uuid.UUID `json:"import"`
}

// importAtOnce is how many rows one transaction invites: the organization's lock is held for no longer.
const importAtOnce = 50

// SendImport starts a job that invites the rows that are ready, and answers with its id. They must be as many as the
// maker was told. While one is at work no second one is started.
func (r *Roster) SendImport(ctx context.Context, a Actor, id string, ready int, fixes []ImportFix) (string, error) {
	parsed, ok := publicid.Import.Parse(id)
	if !ok {
		return "", fault.Missing()
	}
	type outcome struct {
		startedJob
		ID string // of the draft, where the form had it checked
	}
	started, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (draft, []byte, error) {
		d, err := a.openImport(ctx, q, parsed, true)
		return d, d.DoneBefore, err
	}, func(q *rosterdb.Queries, d draft) (outcome, bool, error) {
		if d.AtWork {
			return outcome{startedJob: startedJob{jobID(d.JobID)}}, false, nil
		}
		switch err := d.mayChange(a); {
		case err != nil:
			return outcome{}, false, err
		case d.correct(fixes):
			return outcome{}, false, ErrUnchecked
		case d.Ready == 0:
			return outcome{}, false, fault.New(fault.Conflict, "No row is ready, so nothing was sent.")
		case int(d.Ready) != ready:
			return outcome{}, false, fault.New(fault.Conflict, fmt.Sprintf("%s rows are ready now, not %s. Nothing was sent: load the page again.", human.Count(int(d.Ready)), human.Count(ready)))
		}
		found, err := q.CheckInvitees(ctx, rosterdb.CheckInviteesParams{Emails: []string{""}, OrgID: a.org.ID, ActorID: a.person.ID})
		if err != nil || len(found) == 0 {
			return outcome{}, false, err
		}
		if err := mayInviteMore(found[0], ready); err != nil {
			return outcome{}, false, err
		}
		var items []jobItem
		for _, row := range d.rows {
			if row.Rank() == 2 {
				items = append(items, jobItem{n: int32(row.N), subject: parsed, label: row.Email})
			}
		}
		job, err := r.startJob(ctx, q, a, "invitations.import", importSpec{parsed}, items, 0)
		if err != nil {
			return outcome{}, false, err
		}
		return outcome{startedJob: startedJob{publicid.Job.Of(job)}}, true, q.SetImportJob(ctx, rosterdb.SetImportJobParams{JobID: job, OrgID: a.org.ID, ImportID: parsed})
	})
	if err == nil && started.ID != "" { // this form came before, and then its rows were checked
		err = ErrUnchecked
	}
	return started.Job, wrap("send an import", err)
}

// importStep invites some rows: each is judged anew under the organization's lock, and what became of it is written down in
// the transaction that invites it. So no row is invited twice, whatever happens in between.
func importStep(ctx context.Context, r *Roster, a Actor, w *work) (bool, error) {
	var spec importSpec
	if err := json.Unmarshal(w.spec, &spec); err != nil {
		return false, fmt.Errorf("read what a job is to send: %w", err)
	}
	more := false
	err := r.db.InOrg(ctx, w.org, func(q *rosterdb.Queries) error {
		if err := q.LockOrganization(ctx, w.org); err != nil {
			return err
		}
		items, err := q.NextJobItems(ctx, rosterdb.NextJobItemsParams{OrgID: w.org, JobID: w.id, PageSize: importAtOnce})
		if more = len(items) > 0; err != nil || !more {
			return err
		}
		ns := make([]int32, len(items))
		for i, item := range items {
			ns[i] = item.N
		}
		stored, err := q.GetImportRows(ctx, rosterdb.GetImportRowsParams{OrgID: w.org, ImportID: spec.Import, ActorID: a.person.ID, Ns: ns})
		if err != nil {
			return err
		}
		rows, err := r.inviteRows(ctx, q, a, stored)
		if err != nil {
			return err
		}
		became := map[int32]ImportRow{}
		for _, row := range rows {
			became[int32(row.N)] = row
		}
		mark := rosterdb.MarkJobItemsParams{OrgID: w.org, JobID: w.id, Numbers: ns, Undos: make([]uuid.UUID, len(ns))}
		for _, n := range ns {
			state, note := "skipped", "The list of this row is not kept any more."
			if row, ok := became[n]; ok {
				note = row.Note
				if row.Kind == "sent" {
					state, note = "done", ""
				}
			}
			mark.States, mark.Notes = append(mark.States, state), append(mark.Notes, note)
		}
		if len(rows) > 0 {
			if err := q.SetImportRows(ctx, importColumns(w.org, spec.Import, rows)); err != nil {
				return err
			}
			if err := q.CountImport(ctx, w.org, spec.Import); err != nil {
				return err
			}
		}
		w.stop, err = q.MarkJobItems(ctx, mark)
		return err
	})
	return more, err
}

// inviteRows invites rows of a draft that were ready, and says what became of each.
func (r *Roster) inviteRows(ctx context.Context, q *rosterdb.Queries, a Actor, stored []rosterdb.GetImportRowsRow) ([]ImportRow, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	rows := make([]ImportRow, len(stored))
	for i, row := range stored {
		rows[i] = ImportRow{N: int(row.N), Email: row.Email, Name: row.Name, Role: row.Role, Message: row.Message}
	}
	list := newReview(rows, role.Role(stored[0].Otherwise), a.domain())
	found, err := q.CheckInvitees(ctx, rosterdb.CheckInviteesParams{Emails: list.emails(), OrgID: a.org.ID, ActorID: a.person.ID})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, lostAccess(a)
	}
	if err := mayInvite(a, found[0], role.Guest); err != nil {
		return nil, err
	}
	list.judge(found)
	ready := 0
	for i := range list.list {
		if w := &list.list[i]; w.Kind == "corrected" {
			w.Kind = "ready"
		}
		if list.list[i].Kind == "ready" {
			ready++
		}
	}
	if err := mayInviteMore(found[0], ready); err != nil {
		return nil, err
	}
	if _, err := r.invite(ctx, q, a, list.list, found[0].At, time.Duration(stored[0].LifeSeconds*float64(time.Second))); err != nil {
		return nil, err
	}
	for i, w := range list.list {
		if w.Kind == "sent" || w.Kind == "link" {
			rows[i].Kind, rows[i].Note, rows[i].About = "sent", "", w.ID
		}
	}
	return rows, nil
}
