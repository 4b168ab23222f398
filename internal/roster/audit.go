package roster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"

	"roster/db/rosterdb"
	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/publicid"
)

// What the audit log says happened. Names are stable: they stand in the database for years.
const (
	OrganizationCreated   = "organization.created"
	OrganizationRestored  = "organization.restored" // with the whole installation, from a backup
	RolesChanged          = "membership.roles_changed"
	MemberSuspended       = "membership.suspended"
	MemberReactivated     = "membership.reactivated"
	MemberRemoved         = "membership.removed"
	MemberLeft            = "membership.left"
	MemberJoined          = "membership.joined"
	MemberRestored        = "membership.restored"
	MembersExported       = "members.exported"
	InvitationSent        = "invitation.sent"
	InvitationSentAgain   = "invitation.sent_again"
	InvitationLinkMade    = "invitation.link_made"
	InvitationCorrected   = "invitation.corrected" // to another address
	InvitationRoleChanged = "invitation.role_changed"
	InvitationRevoked     = "invitation.revoked"
	InvitationReopened    = "invitation.reopened"
	InvitationTakenOver   = "invitation.taken_over"
	InvitationDeclined    = "invitation.declined"
	InvitationClosed      = "invitation.closed" // by somebody who was a member already
	InvitationReported    = "invitation.reported"
	InvitationAskedAgain  = "invitation.asked_again"
	InvitationReminded    = "invitation.reminded"
	InvitationsRevoked    = "invitations.revoked" // many together: what one Undo takes back
	LinkMade              = "link.made"
	LinkReset             = "link.reset"
	LinkWithdrawn         = "link.withdrawn"
	RequestMade           = "request.made"
	RequestWithdrawn      = "request.withdrawn"
	RequestAccepted       = "request.accepted"
	RequestDeclined       = "request.declined"
)

// facts are the state of a thing before or after a change, as far as the change touches it.
type facts map[string]any

// entry is one line of the audit log, written in the transaction that makes the change.
type entry struct {
	event       string
	subjectKind string // "organization", "membership", "invitation", "link" or "request"
	subject     uuid.UUID
	name        string // of the subject, as it is now: a snapshot
	before      facts
	after       facts
	undoes      *uuid.UUID
}

// author is who does something: a member, or an invitee on the way in.
type author struct {
	org    uuid.UUID
	kind   string // "person", "invitee" or "system"
	person uuid.UUID
	name   string
	trace  account.Trace
}

func (a Actor) author() author {
	return author{org: a.org.ID, kind: "person", person: a.person.ID, name: a.person.Name, trace: a.trace}
}

// write adds the entry and says its id.
func (a author) write(ctx context.Context, q *rosterdb.Queries, e entry) (uuid.UUID, error) {
	id := publicid.New()
	before, err := json.Marshal(orEmpty(e.before))
	if err != nil {
		return id, fmt.Errorf("write the audit entry: %w", err)
	}
	after, err := json.Marshal(orEmpty(e.after))
	if err != nil {
		return id, fmt.Errorf("write the audit entry: %w", err)
	}
	return id, q.InsertEvent(ctx, rosterdb.InsertEventParams{
		OrgID: a.org, EventID: id, Event: e.event,
		ActorKind: a.kind, ActorID: idOrNil(a.person), ActorName: a.name,
		SubjectKind: e.subjectKind, SubjectID: e.subject, SubjectName: e.name,
		Before: before, After: after, Undoes: e.undoes,
		SessionID: idOrNil(a.trace.Session), Address: a.trace.Address, UserAgent: a.trace.UserAgent, RequestID: a.trace.RequestID,
	})
}

// named are several subjects of one act.
type named struct {
	ids   []uuid.UUID
	names []string
}

func (n *named) add(id uuid.UUID, name string) {
	n.ids, n.names = append(n.ids, id), append(n.names, name)
}

// Len, Less and Swap sort subjects by when they were made: the database gives them back in any order.
func (n named) Len() int           { return len(n.ids) }
func (n named) Less(i, j int) bool { return bytes.Compare(n.ids[i][:], n.ids[j][:]) < 0 }
func (n named) Swap(i, j int) {
	n.ids[i], n.ids[j], n.names[i], n.names[j] = n.ids[j], n.ids[i], n.names[j], n.names[i]
}

// writeMany is write for one act on many subjects, the oldest of them first.
func (a author) writeMany(ctx context.Context, q *rosterdb.Queries, e entry, subjects named) error {
	if len(subjects.ids) == 0 {
		return nil
	}
	subjects = named{slices.Clone(subjects.ids), slices.Clone(subjects.names)}
	sort.Sort(subjects)
	ids := make([]uuid.UUID, len(subjects.ids))
	for i := range ids {
		ids[i] = publicid.New()
	}
	before, err := json.Marshal(orEmpty(e.before))
	if err != nil {
		return fmt.Errorf("write audit entries: %w", err)
	}
	after, err := json.Marshal(orEmpty(e.after))
	if err != nil {
		return fmt.Errorf("write audit entries: %w", err)
	}
	return q.InsertEvents(ctx, rosterdb.InsertEventsParams{
		OrgID: a.org, EventIds: ids, Event: e.event, ActorKind: a.kind, ActorID: idOrNil(a.person), ActorName: a.name,
		SubjectKind: e.subjectKind, SubjectIds: subjects.ids, SubjectNames: subjects.names, Before: before, After: after,
		SessionID: idOrNil(a.trace.Session), Address: a.trace.Address, UserAgent: a.trace.UserAgent, RequestID: a.trace.RequestID,
	})
}

func orEmpty(f facts) facts {
	if f == nil {
		return facts{}
	}
	return f
}

func idOrNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// post queues letters: they leave only if this transaction stands. Without a mail server none are queued.
func (r *Roster) post(ctx context.Context, q *rosterdb.Queries, letters ...mail.Letter) error {
	if !r.mails || len(letters) == 0 {
		return nil
	}
	var kind string
	var attempts int16
	args := make([]string, 0, len(letters))
	for _, letter := range letters {
		job, err := r.outbox.Job(letter)
		if err != nil {
			return fmt.Errorf("write a letter: %w", err)
		}
		kind, attempts = job.Kind, job.MaxAttempts
		args = append(args, string(job.Args))
	}
	if err := q.InsertJobs(ctx, rosterdb.InsertJobsParams{Kind: kind, Args: args, MaxAttempts: attempts}); err != nil {
		return err
	}
	return q.WakeWorkers(ctx)
}

// readEvents reads the entries that a query brought along as JSON.
func readEvents(raw []byte) ([]Event, error) {
	var rows []struct {
		ID          uuid.UUID      `json:"id"`
		At          time.Time      `json:"at"`
		Event       string         `json:"event"`
		ActorName   string         `json:"actor_name"`
		SubjectKind string         `json:"subject_kind"`
		SubjectID   uuid.UUID      `json:"subject_id"`
		SubjectName string         `json:"subject_name"`
		Before      map[string]any `json:"before"`
		After       map[string]any `json:"after"`
		Request     string         `json:"request_id"`
		Alike       int            `json:"alike"`
		Undoable    bool           `json:"undoable"`
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, fmt.Errorf("read audit entries: %w", err)
	}
	events := make([]Event, len(rows))
	for i, row := range rows {
		events[i] = Event{ID: publicid.Event.Of(row.ID), At: row.At, Name: row.Event, Actor: row.ActorName,
			SubjectKind: row.SubjectKind, Subject: row.SubjectName, Before: row.Before, After: row.After, Alike: max(row.Alike, 1), Undoable: row.Undoable && row.Alike <= 1}
		if i > 0 && row.Request != "" && row.Request == rows[i-1].Request && row.Event == rows[i-1].Event {
			events[i].Alike++
		}
		if row.SubjectKind == "membership" {
			events[i].Member = publicid.Membership.Of(row.SubjectID)
		}
	}
	return events, nil
}
