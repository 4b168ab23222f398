package roster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/human"
	"roster/internal/publicid"
	"roster/internal/role"
)

// Many members at once. What becomes of each is what would become of them alone: the same rules, asked again under the
// lock, the same entry in the log. Here stands only whom an act is about, and how it is told beforehand.

// What is done to many members at once.
const (
	ManyRole    = "role"
	ManySuspend = "suspend"
	ManyRemove  = "remove"
)

// Act is something to do to many members at once.
type Act struct {
	Do   string    `json:"do"`   // ManyRole, ManySuspend or ManyRemove
	Role role.Role `json:"role"` // to give
	How  Removal   `json:"how"`  // to remove; Tell for a role, too
}

// Permission is what an act asks for.
func (act Act) Permission() role.Permission {
	return map[string]role.Permission{ManyRole: role.MembersUpdateRole, ManySuspend: role.MembersSuspend, ManyRemove: role.MembersRemove}[act.Do]
}

// Check refuses whoever may not do it to anybody.
func (act Act) Check(a Actor) error {
	switch p := act.Permission(); {
	case p == "":
		return fault.New(fault.Malformed, "This page is damaged. Go back to the list of members.")
	case !a.May(p):
		return notAllowed(a.roles, p)
	}
	return nil
}

// Chosen are the members that an act is about: those that were ticked, or everybody whom a list finds.
type Chosen struct {
	Ticked []string // mem_…
	All    bool
	List   List
}

// Judgement is what an act would do to those who were chosen.
type Judgement struct {
	Will    Pile
	Skipped Pile // with the reason
	Already Pile // nothing is left to do
	Members int  // all of them; where there are Beyond, those of the organization if everybody was chosen
	Beyond  bool // there are more, who were not looked at
}

// Pile is a part of those who were chosen: how many, and the first of them.
type Pile struct {
	Count int
	First []Judged
}

// Judged is one of them.
type Judged struct {
	Row
	Why string // skipped
}

// PileShown is how many of a pile are shown.
const PileShown = 50

func (p *Pile) add(row Row, why string) {
	if p.Count++; p.Count <= PileShown {
		p.First = append(p.First, Judged{row, why})
	}
}

// How far one looks before an act is confirmed. Whoever is beyond is judged when their turn comes, like everybody.
const (
	judgedMax  = 100_000
	judgedPage = 5_000
)

var judgedTime = 2 * time.Second // and longer in tests: a busy machine is none of their matters

// Judge says what an act would do, and to whom.
func (r *Roster) Judge(ctx context.Context, a Actor, chosen Chosen, act Act) (Judgement, error) {
	var all Judgement
	if err := act.Check(a); err != nil {
		return all, err
	}
	until := time.Now().Add(judgedTime)
	err := r.eachChosen(ctx, a, chosen, func(rows []Row) error {
		if all.Beyond = len(rows) > 0 && looked(all.Members, until); all.Beyond {
			return errEnough
		}
		for _, row := range rows {
			all.Members++
			switch already, err := a.judge(act, row); {
			case err != nil:
				all.Skipped.add(row, err.Error())
			case already:
				all.Already.add(row, "")
			default:
				all.Will.add(row, "")
			}
		}
		return nil
	})
	if all.Beyond && !chosen.List.Filtered() {
		all.Members = a.org.Members
	}
	return all, err
}

// Matching counts the members whom a list finds, as far as that takes no time; false if there are more.
func (r *Roster) Matching(ctx context.Context, a Actor, list List) (n int, exact bool, err error) {
	if !list.Filtered() {
		return a.org.Members, true, nil
	}
	until := time.Now().Add(judgedTime)
	err = r.eachChosen(ctx, a, Chosen{All: true, List: list}, func(rows []Row) error {
		if exact = len(rows) == 0 || !looked(n, until); !exact {
			return errEnough
		}
		n += len(rows)
		return nil
	})
	return n, exact, err
}

// looked: far enough, or long enough.
func looked(n int, until time.Time) bool { return n >= judgedMax || time.Now().After(until) }

// errEnough ends a walk that has seen what it wanted to see.
var errEnough = errors.New("enough was seen")

// eachChosen calls fn with the members who were chosen, some at a time. Invitations in the same list are nobody yet.
func (r *Roster) eachChosen(ctx context.Context, a Actor, chosen Chosen, fn func([]Row) error) error {
	if !chosen.All {
		rows, err := r.ticked(ctx, a, chosen.Ticked)
		if err == nil {
			err = fn(rows)
		}
		return enough(err)
	}
	chosen.List.After = ""
	return enough(r.each(ctx, a, chosen.List, judgedPage, func(rows []Row) error { return fn(membersOf(rows)) }))
}

// membersOf leaves the invitations out.
func membersOf(rows []Row) []Row {
	return slices.DeleteFunc(rows, func(row Row) bool { return row.Invitation })
}

func enough(err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// ticked reads the members of these ids, by name. Those of somebody else's organization are not there.
func (r *Roster) ticked(ctx context.Context, a Actor, members []string) ([]Row, error) {
	ids := make([]uuid.UUID, len(members))
	for i, member := range members {
		var ok bool
		if ids[i], ok = publicid.Membership.Parse(member); !ok {
			return nil, fault.New(fault.Malformed, "This page is damaged. Go back to the list of members.")
		}
	}
	rows, err := converted(func(m rosterdb.ListMembersByIDRow) Row {
		row := Row{ID: publicid.Membership.Of(m.ID), PersonID: m.UserID, Name: m.Name, Email: m.Email, Roles: role.ParseAll(m.Roles), Status: m.Status, You: m.UserID == a.person.ID}
		row.OnlyOwner = a.onlyOwner && role.Highest(row.Roles) == role.Owner
		return row
	})(r.db.Read(a.org.ID).ListMembersByID(ctx, a.org.ID, ids))
	return rows, wrap("read who was ticked", err)
}

// judge is what would become of one member, by the rules for changing them alone.
func (a Actor) judge(act Act, row Row) (already bool, err error) {
	p := pair{rosterdb.GetPairRow{Name: row.Name, Status: row.Status, Owners: 2}, a.roles, row.Roles, row.You}
	if row.OnlyOwner {
		p.Owners = 1
	}
	switch act.Do {
	case ManyRole:
		if row.You {
			return false, errYourself
		}
		return a.judgeRole(p, act.Role)
	case ManySuspend:
		return a.judgeStatus(p, "suspended")
	}
	return a.judgeRemoval(p)
}

// errYourself keeps whoever gives a role to many out of it: nobody takes from themselves in the middle what the rest
// of the act needs.
var errYourself = fault.New(fault.Forbidden, "This is you. Change your own role by itself.")

// manyJob begins the kinds of jobs that change many members; the act ends them.
const manyJob = "members."

// changeNow is how many members are changed in the request that asks for it.
const changeNow = 50

// listNow is how many are written down as items in that request; a job writes down the others itself.
const listNow = 5_000

// ErrOthersMatch: more or fewer match than when it was asked. Nothing was changed.
var ErrOthersMatch = errors.New("not as many match any more")

// many is what a job of this kind was asked to do. List is set where its members are still to be written down.
type many struct {
	Act
	List *List `json:"list,omitempty"`
}

// listing is how far a job has written down whom it is about.
type listing struct {
	After string `json:"after"`
	Over  bool   `json:"over"`
}

// ChangeMany does something to those who were chosen, as a job. Up to fifty are changed before it answers; the others go
// on without whoever asked. Seen is how many there were when it was asked, where all that match are meant; 0 if nobody
// knows.
func (r *Roster) ChangeMany(ctx context.Context, a Actor, chosen Chosen, act Act, seen int) (Job, error) {
	if err := act.Check(a); err != nil {
		return Job{}, err
	}
	asked, items, err := r.chosenItems(ctx, a, chosen, act)
	if err != nil {
		return Job{}, err
	}
	delay := 0.0
	if asked.List == nil && len(items) <= changeNow {
		delay = soonSeconds
	}
	started, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetActorRow, []byte, error) {
		before, err := q.GetSubmission(ctx, rosterdb.GetSubmissionParams{OrgID: a.org.ID, UserID: a.person.ID, Submission: a.trace.Submission})
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return rosterdb.GetActorRow{}, nil, err
		}
		row, err := q.GetActor(ctx, a.org.ID, a.person.ID)
		if errors.Is(err, pgx.ErrNoRows) {
			err = lostAccess(a)
		}
		return row, before, err
	}, func(q *rosterdb.Queries, row rosterdb.GetActorRow) (startedJob, bool, error) {
		now := role.ParseAll(row.Roles)
		switch {
		case row.Status != "active":
			return startedJob{}, false, lostAccess(a)
		case !role.May(now, act.Permission(), a.Settings()):
			return startedJob{}, false, notAllowed(now, act.Permission())
		case chosen.All && seen > 0 && asked.List == nil && len(items) != seen:
			return startedJob{}, false, ErrOthersMatch
		case len(items) == 0 && asked.List == nil:
			return startedJob{}, false, fault.New(fault.Conflict, "Nobody matches any more. Nothing was changed.")
		}
		id, err := r.startJob(ctx, q, a, manyJob+act.Do, asked, items, delay)
		return startedJob{publicid.Job.Of(id)}, true, err
	})
	if err != nil {
		return Job{}, wrap("change many members", err)
	}
	if delay > 0 {
		_ = r.runJob(ctx, a, started.Job) // whatever ends it, a worker goes on with it soon
	}
	return r.Job(ctx, a, started.Job, "", "")
}

// chosenItems writes down those who were chosen, or says that the job has to do it: there are too many.
func (r *Roster) chosenItems(ctx context.Context, a Actor, chosen Chosen, act Act) (many, []jobItem, error) {
	var items []jobItem
	err := r.eachChosen(ctx, a, chosen, func(rows []Row) error {
		items = appendItems(items, rows)
		if len(items) > listNow {
			return errEnough
		}
		return nil
	})
	if len(items) <= listNow {
		return many{Act: act}, items, err
	}
	list := chosen.List
	list.Sort, list.Down, list.After = "", false, "" // nothing that the job changes moves anybody in this order
	return many{Act: act, List: &list}, nil, err
}

func appendItems(items []jobItem, rows []Row) []jobItem {
	for _, row := range rows {
		id, _ := publicid.Membership.Parse(row.ID) // made of one
		items = append(items, jobItem{n: int32(len(items)), subject: id, label: row.Name})
	}
	return items
}

// manyStep does a part of what was asked for: first everybody is written down, then each is changed as they would be
// alone.
func manyStep(ctx context.Context, r *Roster, a Actor, w *work) (bool, error) {
	var asked many
	if err := json.Unmarshal(w.spec, &asked); err != nil {
		return false, fmt.Errorf("read what a job is about: %w", err)
	}
	if asked.List != nil {
		var at listing
		if err := json.Unmarshal(w.progress, &at); err != nil {
			return false, fmt.Errorf("read how far a job is: %w", err)
		}
		if !at.Over {
			return true, r.listMany(ctx, a, w, *asked.List, at)
		}
	}
	return r.eachItem(ctx, a, w, func(a Actor, item jobItem) (itemResult, error) { return r.changeOne(ctx, a, asked.Act, item) })
}

// listMany writes down a page of those whom a job is about, and how far it is, in one transaction.
func (r *Roster) listMany(ctx context.Context, a Actor, w *work, list List, at listing) error {
	list.After = at.After
	page, err := r.pageOf(ctx, a, list, judgedPage)
	if err != nil {
		return err
	}
	insert := rosterdb.InsertJobItemsParams{OrgID: w.org, JobID: w.id}
	for _, item := range appendItems(nil, membersOf(page.Rows)) {
		insert.Numbers, insert.SubjectIds, insert.Labels = append(insert.Numbers, int32(w.total)), append(insert.SubjectIds, item.subject), append(insert.Labels, item.label)
		w.total++
	}
	if w.progress, err = json.Marshal(listing{After: page.Next, Over: page.Next == ""}); err != nil {
		return fmt.Errorf("note how far a job is: %w", err)
	}
	return r.db.InOrg(ctx, w.org, func(q *rosterdb.Queries) error {
		if len(insert.Numbers) > 0 {
			if err := q.InsertJobItems(ctx, insert); err != nil {
				return err
			}
		}
		return w.save(ctx, q)
	})
}

// changeOne does it to one member.
func (r *Roster) changeOne(ctx context.Context, a Actor, act Act, item jobItem) (itemResult, error) {
	id := publicid.Membership.Of(item.subject)
	var change Change
	var err error
	already := "Suspended already."
	switch act.Do {
	case ManyRole:
		if already = act.Role.Label() + " already."; item.subject == a.membership {
			return itemResult{}, errYourself
		}
		change, err = r.changeRole(ctx, a, id, act.Role, act.How.Tell)
	case ManySuspend:
		change, err = r.Suspend(ctx, a, id)
	default:
		already = "Not a member any more."
		change, err = r.Remove(ctx, a, id, act.How)
	}
	if err != nil {
		return itemResult{}, err
	}
	if !change.Changed {
		return itemResult{state: "skipped", note: already}, nil
	}
	return itemResult{state: "done", undo: change.Undo}, nil
}

// manyKind is the kind of job that an act becomes.
func manyKind(do string) kind {
	k := kind{needs: Act{Do: do}.Permission(), step: manyStep}
	switch do {
	case ManyRole:
		k.did = "changed"
		k.title = func(n int, spec json.RawMessage) string {
			var asked many
			if _ = json.Unmarshal(spec, &asked); asked.Role == "" || n == 1 {
				return numbered("Change the role of", n)
			}
			return numbered("Give", n) + " the role " + asked.Role.Label()
		}
	case ManySuspend:
		k.did, k.title = "suspended", func(n int, _ json.RawMessage) string { return numbered("Suspend", n) }
	case ManyRemove:
		k.did, k.title = "removed", func(n int, _ json.RawMessage) string { return numbered("Remove", n) }
	}
	return k
}

// numbered says how many members, once that is known.
func numbered(do string, n int) string {
	switch n {
	case 0:
		return do + " members"
	case 1:
		return do + " 1 member"
	}
	return do + " " + human.Count(n) + " members"
}
