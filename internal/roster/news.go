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
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"roster/db/rosterdb"
	"roster/internal/mail"
	"roster/internal/role"
)

// Whoever's role was changed, and whoever was removed, is told when Undo is over: once, of what is true then, and of
// nothing if all is as it was. Every change queues its news; those of the last one tell it, for all before it.

// undoFor is how long a change can be undone, and how long its news wait. The queries have it too.
const undoFor = 10 * time.Minute

// NewsArgs name a change of a member to River.
type NewsArgs struct {
	OrgID      uuid.UUID `json:"org_id"`
	Membership uuid.UUID `json:"membership"`
	Event      uuid.UUID `json:"event"`
}

// Kind is what River calls it.
func (NewsArgs) Kind() string { return "news" }

// tellLater has a member told of a change. Without a mail server nobody is told.
func (r *Roster) tellLater(ctx context.Context, q *rosterdb.Queries, a Actor, p pair, event uuid.UUID) error {
	if !r.mails || p.self {
		return nil
	}
	args, err := json.Marshal(NewsArgs{a.org.ID, p.ID, event})
	if err != nil {
		return fmt.Errorf("queue news: %w", err)
	}
	return q.InsertNews(ctx, args)
}

// NewsWorker tells members what was changed about them.
type NewsWorker struct {
	river.WorkerDefaults[NewsArgs]
	roster *Roster
}

// NewNewsWorker makes one.
func NewNewsWorker(r *Roster) *NewsWorker { return &NewsWorker{roster: r} }

// Work queues the letter, if there is something to tell, and completes the job in one transaction.
func (w *NewsWorker) Work(ctx context.Context, job *river.Job[NewsArgs]) error {
	return pgx.BeginFunc(ctx, w.roster.db.Jobs(), func(tx pgx.Tx) error {
		if err := w.roster.tell(ctx, tx, job.Args); err != nil {
			return err
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return fmt.Errorf("complete news: %w", err)
		}
		return nil
	})
}

// tell queues the letter about a change, if it was the last one.
func (r *Roster) tell(ctx context.Context, tx pgx.Tx, args NewsArgs) error {
	q, err := r.db.EnterJob(ctx, tx, args.OrgID)
	if err != nil {
		return err
	}
	row, err := q.GetNews(ctx, args.OrgID, args.Membership)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what is news: %w", err)
	}
	var told []memberChange
	if err := json.Unmarshal(row.Events, &told); err != nil {
		return fmt.Errorf("read what has changed: %w", err)
	}
	told = slices.DeleteFunc(told, func(c memberChange) bool { return !slices.Contains(changesOfMembers, c.Event) })
	if len(told) == 0 || told[0].ID != args.Event || row.OrgStatus != "active" {
		return nil
	}
	letter := news(told, row, mail.Organization{ID: args.OrgID.String(), Name: row.OrgName, Slug: row.Slug})
	if letter == nil {
		return nil
	}
	return r.post(ctx, q, letter)
}

// changesOfMembers are the entries that say what somebody is in an organization.
var changesOfMembers = []string{RolesChanged, MemberSuspended, MemberReactivated, MemberRemoved, MemberRestored, MemberLeft, MemberJoined}

// memberChange is an entry about a member.
type memberChange struct {
	ID     uuid.UUID `json:"id"`
	At     time.Time `json:"at"`
	Event  string    `json:"event"`
	Name   string    `json:"actor_name"`
	Email  string    `json:"actor_email"`
	Before snapshot  `json:"before"`
	After  struct {
		Told *bool `json:"told"` // false where it was asked to tell nobody
	} `json:"after"`
}

// news is what to tell a member of their changes, the newest of which is the first: what is otherwise now than it was
// before the first one that they have not heard of. nil if that is nothing, or nobody wants them to hear.
func news(changes []memberChange, now rosterdb.GetNewsRow, org mail.Organization) mail.Letter {
	tell := false
	var roles []role.Role
	was := ""
	for i, c := range changes {
		if c.Event == MemberJoined || c.Event == MemberLeft || i > 0 && changes[i-1].At.Sub(c.At) >= undoFor { // they know of this one
			break
		}
		tell = tell || c.After.Told == nil || *c.After.Told
		if c.Before.Roles != nil {
			roles = c.Before.Roles
		}
		if c.Before.Status != "" {
			was = c.Before.Status
		}
	}
	last := changes[0]
	by := mail.Person{Name: last.Name, Email: last.Email}
	is := role.ParseAll(now.Roles)
	from, to := role.Highest(roles), role.Highest(is)
	switch {
	case !tell:
	case now.Status == "removed" && was != "removed" && was != "left":
		return mail.Removed{To: now.Email, Organization: org, By: by, At: last.At, Ask: by}
	case present(now.Status) && len(roles) > 0 && from != to:
		return mail.RoleChanged{To: now.Email, Organization: org, From: from.Label(), Role: to.Label(), By: by, At: last.At, Explanation: "you can " + to.Explain()}
	}
	return nil
}
