package roster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// Request is what somebody asked for: to join, or, as a member, to have somebody invited.
type Request struct {
	ID         string // req_…
	Invite     bool   // a member asks to invite Email
	Asker      string
	AskerEmail string
	AskerID    uuid.UUID
	Email      string // of who would come in
	Note       string
	Link       string // lnk_… that it came by; "" for none
	LinkMade   time.Time
	Role       role.Role // asked for; once accepted, given
	Created    time.Time
	Expires    time.Time
	State      string // "open", "accepted", "declined", "withdrawn", "joined" (by another way), "expired"
	Decided    time.Time
	Decider    string
	Reason     string
	Member     bool // whom it is about is a member
}

// Undecided tells whether it can still be accepted: one that was declined can.
func (q Request) Undecided() bool { return q.State == "open" || q.State == "declined" && !q.Member }

// Whom says who would come in.
func (q Request) Whom() string {
	if q.Invite {
		return q.Email
	}
	return q.Asker
}

// Requests is one page of the list.
type Requests struct {
	Rows []Request
	Next string
}

// Decided is the result of accepting or declining.
type Decided struct {
	Request Request
	// Verdict is what became of the invitation, where that was asked for.
	Verdict *Verdict `json:",omitempty"`
	Waiting int      // requests that wait afterwards
}

// requestRow is what every query tells of a request.
type requestRow rosterdb.ListRequestsRow

func (q requestRow) shown() Request {
	state := q.State
	if state == "open" && q.Over {
		state = "expired"
	}
	return Request{ID: publicid.Request.Of(q.ID), Invite: q.Kind == "invite", Asker: q.Asker, AskerEmail: q.AskerEmail, AskerID: q.UserID, Email: q.Email, Note: q.Note,
		Link: linkOf(q.LinkID), LinkMade: deref(q.LinkMade), Role: role.Role(q.Role), Created: q.CreatedAt, Expires: q.ExpiresAt, State: state,
		Decided: deref(q.DecidedAt), Decider: q.DecidedBy, Reason: q.Reason, Member: q.Kind == "join" && present(deref(q.MemberStatus))}
}

func ofRequest(q rosterdb.GetRequestRow) requestRow {
	return requestRow{ID: q.ID, Kind: q.Kind, UserID: q.UserID, Asker: q.Asker, AskerEmail: q.AskerEmail, Email: q.Email, Note: q.Note, LinkID: q.LinkID, Role: q.Role,
		CreatedAt: q.CreatedAt, ExpiresAt: q.ExpiresAt, Over: q.Over, State: q.State, DecidedAt: q.DecidedAt, DecidedBy: q.DecidedBy, Reason: q.Reason,
		LinkMade: q.LinkMade, MemberStatus: q.MemberStatus}
}

// requestFilters are the choices of the list, each with its state.
var requestFilters = map[string]string{"": "open", "accepted": "accepted", "declined": "declined"}

// Requests lists one page, the newest first.
func (r *Roster) Requests(ctx context.Context, a Actor, filter, after string) (Requests, error) {
	state, ok := requestFilters[filter]
	if !ok {
		return Requests{}, fault.New(fault.Malformed, "That list of requests does not exist.")
	}
	at := cursor{time: lastTime, id: lastID}
	if after != "" {
		var err error
		if at, err = parseCursor(after, true); err != nil {
			return Requests{}, err
		}
	}
	rows, err := r.db.Read(a.org.ID).ListRequests(ctx, rosterdb.ListRequestsParams{OrgID: a.org.ID, State: state, AfterTime: at.time, AfterID: at.id, PageSize: PageSize + 1})
	if err != nil {
		return Requests{}, wrap("list requests", err)
	}
	var page Requests
	for i, row := range rows {
		if i == PageSize {
			page.Next = cursor{time: rows[i-1].CreatedAt, id: rows[i-1].ID}.encode(true)
			break
		}
		page.Rows = append(page.Rows, requestRow(row).shown())
	}
	return page, nil
}

// Request is one of the organization's requests.
func (r *Roster) Request(ctx context.Context, a Actor, id string) (Request, error) {
	request, ok := publicid.Request.Parse(id)
	if !ok {
		return Request{}, fault.Missing()
	}
	row, err := r.db.Read(a.org.ID).GetRequest(ctx, rosterdb.GetRequestParams{ActorID: a.person.ID, OrgID: a.org.ID, RequestID: request})
	if errors.Is(err, pgx.ErrNoRows) {
		return Request{}, fault.Missing()
	}
	return ofRequest(row).shown(), wrap("read a request", err)
}

// decide opens a decision, read under the organization's lock together with what the actor may do.
func (r *Roster) decide(ctx context.Context, a Actor, id string, fn func(*rosterdb.Queries, rosterdb.GetRequestRow, []role.Role) (Decided, error)) (Decided, error) {
	request, ok := publicid.Request.Parse(id)
	if !ok {
		return Decided{}, fault.Missing()
	}
	done, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetRequestRow, []byte, error) {
		row, err := q.GetRequest(ctx, rosterdb.GetRequestParams{Submission: a.trace.Submission, ActorID: a.person.ID, OrgID: a.org.ID, RequestID: request})
		if errors.Is(err, pgx.ErrNoRows) {
			return row, nil, fault.Missing()
		}
		return row, row.DoneBefore, err
	}, func(q *rosterdb.Queries, row rosterdb.GetRequestRow) (Decided, bool, error) {
		actor := role.ParseAll(row.ActorRoles)
		switch {
		case row.ActorStatus != "active":
			return Decided{}, false, lostAccess(a)
		case !role.May(actor, role.RequestsDecide, role.Settings{MembersMayInvite: row.MembersMayInvite}):
			return Decided{}, false, notAllowed(actor, role.RequestsDecide)
		}
		done, err := fn(q, row, actor)
		done.Waiting = a.org.OpenRequests
		if row.State == "open" && done.Waiting > 0 {
			done.Waiting--
		}
		return done, true, err
	})
	return done, wrap("decide about a request", err)
}

// decidedBefore tells whoever comes second who was first.
func decidedBefore(q Request) error {
	words := map[string]string{"withdrawn": "withdrew this request", "joined": "joined by another way", "expired": "asked more than 14 days ago, and the request has expired"}
	text := fmt.Sprintf("%s %s. Nothing was changed.", q.Asker, words[q.State])
	switch {
	case q.State == "accepted" || q.State == "declined":
		text = fmt.Sprintf("%s %s this request. Nothing was changed.", q.Decider, q.State)
	case q.Invite && q.State == "joined":
		text = fmt.Sprintf("%s joined by another way. Nothing was changed.", q.Email)
	}
	return fault.New(fault.Conflict, text)
}

// AcceptRequest lets somebody in as a role, or sends the invitation that a member asked for, in the name of whoever
// accepts. One that was declined can be accepted after all.
func (r *Roster) AcceptRequest(ctx context.Context, a Actor, id string, as role.Role) (Decided, error) {
	if _, ok := role.Parse(string(as)); !ok || as == role.Owner {
		return Decided{}, &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: "role", Message: "Choose one of the roles in the list."}}}
	}
	done, err := r.decide(ctx, a, id, func(q *rosterdb.Queries, row rosterdb.GetRequestRow, actor []role.Role) (Decided, error) {
		asked := ofRequest(row).shown()
		switch {
		case !role.MayInviteAs(actor, as):
			return Decided{}, mayNotInviteAs(actor, as)
		case asked.State != "open" && asked.State != "declined":
			return Decided{}, decidedBefore(asked)
		case asked.Member:
			return Decided{}, fault.New(fault.Conflict, fmt.Sprintf("%s is already a member. Nothing was changed.", asked.Asker))
		}
		done := Decided{Request: asked}
		done.Request.State, done.Request.Role, done.Request.Decider, done.Request.Decided = "accepted", as, a.person.Name, time.Now()
		if err := q.DecideRequest(ctx, rosterdb.DecideRequestParams{State: "accepted", Role: string(as), DecidedBy: a.person.Name, OrgID: a.org.ID, RequestID: row.ID}); err != nil {
			return done, err
		}
		if _, err := a.author().write(ctx, q, entry{event: RequestAccepted, subjectKind: "request", subject: row.ID, name: row.Email,
			before: facts{"state": row.State}, after: facts{"kind": row.Kind, "roles": []role.Role{as}}}); err != nil {
			return done, err
		}
		if asked.Invite {
			verdict, err := r.inviteAsked(ctx, q, a, row, as)
			done.Verdict = verdict
			return done, err
		}
		done.Request.Member = true
		return done, r.letIn(ctx, q, a, row, as)
	})
	if done.Verdict != nil {
		verdicts := []Verdict{*done.Verdict}
		hideLinks(verdicts)
		done.Verdict = &verdicts[0]
	}
	return done, err
}

// letIn makes the person of a request a member.
func (r *Roster) letIn(ctx context.Context, q *rosterdb.Queries, a Actor, row rosterdb.GetRequestRow, as role.Role) error {
	membership := row.MembershipID
	if membership == uuid.Nil {
		membership = publicid.New()
	}
	if row.LinkID != nil {
		if err := q.CountJoinLinkUse(ctx, a.org.ID, *row.LinkID); err != nil {
			return err
		}
	}
	if err := q.InsertMembership(ctx, rosterdb.InsertMembershipParams{OrgID: a.org.ID, UserID: row.UserID, MembershipID: membership,
		InvitedBy: &a.person.ID, InvitedAt: &row.CreatedAt, JoinedThrough: "request"}); err != nil {
		return err
	}
	if err := settle(ctx, q, a.author(), row.UserID, row.EmailNorm, []string{string(as)}, a.person.ID); err != nil {
		return err
	}
	if _, err := a.author().write(ctx, q, entry{event: MemberJoined, subjectKind: "membership", subject: membership, name: row.Asker,
		before: facts{"status": deref(row.MemberStatus)}, after: facts{"roles": []role.Role{as}, "through": "request", "request": row.ID, "email": row.Email}}); err != nil {
		return err
	}
	return r.post(ctx, q, mail.RequestAccepted{To: row.Email, Organization: a.mailOrg(), Role: as.Label(), Explanation: "you can " + as.Explain(), At: time.Now()})
}

// inviteAsked sends the invitation that a member asked for.
func (r *Roster) inviteAsked(ctx context.Context, q *rosterdb.Queries, a Actor, row rosterdb.GetRequestRow, as role.Role) (*Verdict, error) {
	address, err := mail.ParseKnown(row.Email)
	if err != nil {
		return nil, fmt.Errorf("the address of request %s is none", row.ID)
	}
	rows, err := q.CheckInvitees(ctx, rosterdb.CheckInviteesParams{Emails: []string{row.EmailNorm}, OrgID: a.org.ID, ActorID: a.person.ID})
	if err != nil {
		return nil, err
	}
	v := Verdict{Raw: row.Email, Email: address.Typed, Kind: "ready"}
	list := []wanted{{&v, address, as, "", false}}
	if err := mayInvite(a, rows[0], as); err != nil {
		return nil, err
	}
	if err := judge(list, rows); err != nil {
		return nil, err
	}
	if v.Kind == "member" || v.Kind == "blocked" {
		return nil, fault.New(fault.Conflict, v.Note+" Nothing was changed.")
	}
	if _, err := r.invite(ctx, q, a, list, rows[0].At, time.Duration(a.org.InvitationDays)*24*time.Hour); err != nil {
		return nil, err
	}
	return &v, nil
}

// DeclineRequest turns a request down, and tells who asked, with a reason if there is one.
func (r *Roster) DeclineRequest(ctx context.Context, a Actor, id, reason string) (Decided, error) {
	reason, err := checkWords("reason", reason)
	if err != nil {
		return Decided{}, err
	}
	return r.decide(ctx, a, id, func(q *rosterdb.Queries, row rosterdb.GetRequestRow, actor []role.Role) (Decided, error) {
		asked := ofRequest(row).shown()
		if asked.State != "open" {
			return Decided{}, decidedBefore(asked)
		}
		done := Decided{Request: asked}
		done.Request.State, done.Request.Decider, done.Request.Decided, done.Request.Reason = "declined", a.person.Name, time.Now(), reason
		if err := q.DecideRequest(ctx, rosterdb.DecideRequestParams{State: "declined", Role: row.Role, DecidedBy: a.person.Name, Reason: reason, OrgID: a.org.ID, RequestID: row.ID}); err != nil {
			return done, err
		}
		if _, err := a.author().write(ctx, q, entry{event: RequestDeclined, subjectKind: "request", subject: row.ID, name: row.Email,
			before: facts{"state": row.State}, after: facts{"kind": row.Kind}}); err != nil {
			return done, err
		}
		letter := mail.RequestDeclined{To: row.AskerEmail, Organization: a.mailOrg(), Reason: reason, At: time.Now()}
		if asked.Invite {
			letter.Invite = row.Email
		}
		return done, r.post(ctx, q, letter)
	})
}

// AskToInvite asks those who may to invite somebody, for a member who may not.
func (r *Roster) AskToInvite(ctx context.Context, a Actor, address, note string) (Request, error) {
	var wrong fault.Form
	parsed, err := mail.Parse(address)
	if err != nil {
		words := err.Error()
		if words[len(words)-1] != '?' { // "Did you mean …?" is a sentence already
			words += "."
		}
		wrong.Add("email", words)
	}
	note, err = checkWords("note", note)
	if f, ok := fault.As(err); ok {
		wrong.Add("note", f.Error())
	}
	if err := wrong.Err(); err != nil {
		return Request{}, err
	}
	asked, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.CheckInviteAskRow, []byte, error) {
		row, err := q.CheckInviteAsk(ctx, rosterdb.CheckInviteAskParams{EmailNorm: parsed.Norm, Submission: a.trace.Submission, OrgID: a.org.ID, ActorID: a.person.ID})
		return row, row.DoneBefore, err
	}, func(q *rosterdb.Queries, row rosterdb.CheckInviteAskRow) (Request, bool, error) {
		actor := role.ParseAll(row.ActorRoles)
		problem := ""
		switch {
		case row.ActorStatus != "active":
			return Request{}, false, lostAccess(a)
		case !role.May(actor, role.MembersRead, role.Settings{}):
			return Request{}, false, notAllowed(actor, role.MembersRead)
		case row.MemberName != "":
			problem = row.MemberName + " is already a member."
		case row.Invited:
			problem = "This address is already invited."
		case row.Asked:
			problem = "Somebody has asked for this address already, and nobody has decided yet."
		case row.Declined:
			problem = "You asked for this address less than a week ago, and it was declined."
		case row.AskedToday >= RequestsADay:
			return Request{}, false, askedALot()
		}
		if problem != "" {
			return Request{}, false, &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: "email", Message: problem}}}
		}
		err := r.request(ctx, q, a.author(), a.mailOrg(), rosterdb.InsertRequestParams{RequestKind: "invite", Asker: a.person.Name, AskerEmail: a.person.Email,
			Email: parsed.Typed, EmailNorm: parsed.Norm, Note: note, Role: string(role.Member), Told: !row.Told})
		return Request{Invite: true, Email: parsed.Typed}, true, err
	})
	return asked, wrap("ask to invite", err)
}

// MyAsks lists the last invitations that the actor asked for.
func (r *Roster) MyAsks(ctx context.Context, a Actor) ([]Request, error) {
	rows, err := r.db.Read(a.org.ID).ListMyRequests(ctx, a.org.ID, a.person.ID)
	if err != nil {
		return nil, wrap("list requests", err)
	}
	mine := make([]Request, len(rows))
	for i, q := range rows {
		mine[i] = requestRow{ID: q.ID, Kind: q.Kind, UserID: q.UserID, Asker: q.Asker, AskerEmail: q.AskerEmail, Email: q.Email, Note: q.Note, Role: q.Role,
			CreatedAt: q.CreatedAt, ExpiresAt: q.ExpiresAt, Over: q.Over, State: q.State, DecidedAt: q.DecidedAt, DecidedBy: q.DecidedBy, Reason: q.Reason}.shown()
	}
	return mine, nil
}

// WithdrawAsk takes back what the actor asked for.
func (r *Roster) WithdrawAsk(ctx context.Context, a Actor, id string) error {
	request, ok := publicid.Request.Parse(id)
	if !ok {
		return fault.Missing()
	}
	_, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetRequestRow, []byte, error) {
		row, err := q.GetRequest(ctx, rosterdb.GetRequestParams{Submission: a.trace.Submission, ActorID: a.person.ID, OrgID: a.org.ID, RequestID: request})
		if errors.Is(err, pgx.ErrNoRows) || err == nil && row.UserID != a.person.ID {
			return row, nil, fault.Missing() // somebody else's is not there for them
		}
		return row, row.DoneBefore, err
	}, func(q *rosterdb.Queries, row rosterdb.GetRequestRow) (struct{}, bool, error) {
		if row.ActorStatus != "active" {
			return struct{}{}, false, lostAccess(a)
		}
		return struct{}{}, true, withdraw(ctx, q, a.author(), row.ID)
	})
	return wrap("withdraw a request", err)
}
