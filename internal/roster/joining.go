package roster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// The side of whoever holds a share link. Looking uses nothing up; joining is one conditional statement.

// RequestsADay is how often one person may ask to join, or to have somebody invited.
const RequestsADay = 10

// Standing is where the holder of a share link stands.
type Standing string

// The standings on the page of a share link.
const (
	MayJoin      Standing = "may_join"       // logged in: join in one press
	MayAsk       Standing = "may_ask"        // logged in: ask, and somebody decides
	LoggedOut    Standing = "logged_out"     // the link is good: log in or sign up first
	OtherDomain  Standing = "other_domain"   // logged in with an address that the link does not let in
	Inside       Standing = "inside"         // a member already
	Waiting      Standing = "waiting"        // asked, and nobody has decided yet
	AskedTooSoon Standing = "asked_too_soon" // declined less than a week ago
	UsedUp       Standing = "used_up"        //
	LinkExpired  Standing = "expired"        //
	WasWithdrawn Standing = "withdrawn"      //
	WasReset     Standing = "reset"          // there is a newer link
	Stopped      Standing = "stopped"        // organization closed, or the maker may no longer give the role
)

// JoinOffer is a share link as its holder sees it.
type JoinOffer struct {
	Standing  Standing
	Token     string // as it stands in the URL
	OrgID     uuid.UUID
	OrgName   string
	OrgSlug   string
	Role      role.Role
	Approval  bool     // somebody decides
	Domains   []string // of addresses that it lets in; none: every one
	Expires   time.Time
	Viewer    string      // the logged-in person's address, or ""
	Roles     []role.Role // of a member
	Suspended bool        // the viewer's membership is
	Note      string      // of the request that waits
	Asked     time.Time
	Until     time.Time // when a request that waits ends
	Declined  time.Time
	Reason    string // why it was declined, if somebody said so
	Again     time.Time
	AskedALot bool // ten times today: no more
}

// unknownJoinLink is the answer to every token that is not one: damaged, made up, or erased.
func unknownJoinLink() error {
	return fault.New(fault.NotFound, "This link does not work. Copy the whole address, or ask for a new link.")
}

// changedLink answers an act that the link no longer allows: the page is shown as it is now.
func changedLink() error {
	return fault.New(fault.Conflict, "This link has changed since you opened it. Nothing was done.")
}

// JoinOffer is a share link as whoever holds it sees it; viewer is who is logged in, or nil.
func (r *Roster) JoinOffer(ctx context.Context, link string, viewer *account.Person) (JoinOffer, error) {
	offer, _, err := r.lookAtLink(ctx, r.db.Door(), link, viewer, uuid.Nil)
	return offer, err
}

func (r *Roster) lookAtLink(ctx context.Context, q *rosterdb.Queries, link string, viewer *account.Person, submission uuid.UUID) (JoinOffer, rosterdb.GetJoinLinkAtDoorRow, error) {
	t, ok := parseToken(link)
	if !ok {
		return JoinOffer{}, rosterdb.GetJoinLinkAtDoorRow{}, unknownJoinLink()
	}
	ask := rosterdb.GetJoinLinkAtDoorParams{Org: &t.org, Digest: t.digest, Submission: submission}
	if viewer != nil {
		ask.Viewer = &viewer.ID
	}
	row, err := q.GetJoinLinkAtDoor(ctx, ask)
	if errors.Is(err, pgx.ErrNoRows) {
		return JoinOffer{}, row, unknownJoinLink()
	}
	if err != nil {
		return JoinOffer{}, row, wrap("look at a share link", err)
	}
	offer := JoinOffer{Token: link, OrgID: row.OrgID, OrgName: row.OrgName, OrgSlug: row.OrgSlug, Role: role.Role(row.Role), Domains: row.Domains,
		Approval: row.NeedsApproval || row.ViewerStatus == "removed", // who was sent away does not come back without being asked for
		Expires:  timeOrZero(row.ExpiresAt), Viewer: row.ViewerEmail, Roles: role.ParseAll(row.ViewerRoles), Suspended: row.ViewerStatus == "suspended",
		Note: row.RequestNote, Asked: timeOrZero(row.RequestAt), Until: timeOrZero(row.RequestUntil), Reason: row.RequestReason,
		AskedALot: row.AskedToday >= RequestsADay}
	if row.RequestState == "declined" {
		offer.Declined = row.RequestDecided
		offer.Again = offer.Declined.AddDate(0, 0, 7)
	}
	offer.Standing = r.standing(row, offer, viewer)
	return offer, row, nil
}

// standing tells where the holder stands, in the order in which it matters.
func (r *Roster) standing(row rosterdb.GetJoinLinkAtDoorRow, offer JoinOffer, viewer *account.Person) Standing {
	switch {
	case viewer != nil && present(row.ViewerStatus):
		return Inside
	case row.RequestState == "open" && !row.RequestOver:
		return Waiting
	case row.Withdrawn:
		return WasWithdrawn
	case row.Replaced:
		return WasReset
	case row.Expired:
		return LinkExpired
	case row.UsedUp:
		return UsedUp
	case row.OrgStatus != "active", !stillShares(row.MakerStatus, row.MakerRoles, row.Role, row.MembersMayInvite),
		len(row.Domains) > 0 && !r.mails: // nobody's address is confirmed
		return Stopped
	case viewer == nil:
		return LoggedOut
	case len(row.Domains) > 0 && !slices.Contains(row.Domains, domainOf(viewer.EmailNorm)):
		return OtherDomain
	case !offer.Approval:
		return MayJoin
	case row.TooSoon:
		return AskedTooSoon
	}
	return MayAsk
}

// JoinByLink makes the person a member. The token decides organization and role. A second press finds them a member
// already.
func (r *Roster) JoinByLink(ctx context.Context, person account.Person, link string, trace account.Trace) (Joined, error) {
	t, ok := parseToken(link)
	if !ok {
		return Joined{}, unknownJoinLink()
	}
	type used struct {
		rosterdb.UseJoinLinkRow
		closed *JoinOffer // why it was not used
	}
	joined, err := once(ctx, r, form{t.org, person.ID, trace.Submission}, func(q *rosterdb.Queries) (used, []byte, error) {
		row, err := q.UseJoinLink(ctx, rosterdb.UseJoinLinkParams{OrgID: t.org, Digest: t.digest, Domain: domainOf(person.EmailNorm), Proved: r.mails, UserID: person.ID})
		if errors.Is(err, pgx.ErrNoRows) {
			offer, seen, err := r.lookAtLink(ctx, q, link, &person, trace.Submission)
			if offer.Standing != Inside || offer.Suspended {
				seen.DoneBefore = nil // whoever is not inside did not just join
			}
			return used{closed: &offer}, seen.DoneBefore, err
		}
		return used{UseJoinLinkRow: row}, nil, err
	}, func(q *rosterdb.Queries, row used) (Joined, bool, error) {
		switch offer := row.closed; {
		case offer == nil:
			joined, err := r.joinBy(ctx, q, person, t.org, row.UseJoinLinkRow, trace)
			return joined, true, err
		case offer.Standing == Inside && !offer.Suspended:
			return Joined{OrgSlug: offer.OrgSlug, OrgName: offer.OrgName, OrgID: offer.OrgID, Role: role.Highest(offer.Roles), Already: true}, false, nil
		}
		return Joined{}, false, changedLink() // used up, withdrawn, too late, or not for them: the page says which
	})
	return joined, wrap("join by a link", err)
}

func (r *Roster) joinBy(ctx context.Context, q *rosterdb.Queries, person account.Person, org uuid.UUID, row rosterdb.UseJoinLinkRow, trace account.Trace) (Joined, error) {
	if row.OrgStatus != "active" || !stillShares(row.MakerStatus, row.MakerRoles, row.Role, row.MembersMayInvite) {
		return Joined{}, changedLink()
	}
	membership := row.MembershipID
	if membership == uuid.Nil {
		membership = publicid.New()
	}
	who := author{org: org, kind: "invitee", person: person.ID, name: person.Name, trace: trace}
	joined := Joined{OrgSlug: row.OrgSlug, OrgName: row.OrgName, OrgID: org, Role: role.Role(row.Role)}
	if err := q.InsertMembership(ctx, rosterdb.InsertMembershipParams{OrgID: org, UserID: person.ID, MembershipID: membership, InvitedBy: &row.MadeBy, JoinedThrough: "link"}); err != nil {
		return joined, err
	}
	if err := settle(ctx, q, who, person.ID, person.EmailNorm, []string{row.Role}, row.MadeBy); err != nil {
		return joined, err
	}
	_, err := who.write(ctx, q, entry{event: MemberJoined, subjectKind: "membership", subject: membership, name: person.Name, before: facts{"status": row.MembershipStatus},
		after: facts{"roles": []string{row.Role}, "through": "link", "link": row.ID, "email": person.Email}})
	return joined, err
}

// AskToJoin asks for what a link that needs approval offers. One request of a person waits at a time.
func (r *Roster) AskToJoin(ctx context.Context, person account.Person, link, note string, trace account.Trace) error {
	t, ok := parseToken(link)
	if !ok {
		return unknownJoinLink()
	}
	note, err := checkWords("note", note)
	if err != nil {
		return err
	}
	type seen struct {
		offer JoinOffer
		row   rosterdb.GetJoinLinkAtDoorRow
	}
	_, err = once(ctx, r, form{t.org, person.ID, trace.Submission}, func(q *rosterdb.Queries) (seen, []byte, error) {
		offer, row, err := r.lookAtLink(ctx, q, link, &person, trace.Submission)
		return seen{offer, row}, row.DoneBefore, err
	}, func(q *rosterdb.Queries, s seen) (struct{}, bool, error) {
		var none struct{}
		switch {
		case s.offer.Standing == Waiting:
			return none, false, nil // asked by another form: they are waiting, as they wanted
		case s.offer.Standing != MayAsk:
			return none, false, changedLink()
		case s.offer.AskedALot:
			return none, false, askedALot()
		}
		who := author{org: t.org, kind: "invitee", person: person.ID, name: person.Name, trace: trace}
		org := mail.Organization{ID: t.org.String(), Name: s.row.OrgName, Slug: s.row.OrgSlug}
		return none, true, r.request(ctx, q, who, org, rosterdb.InsertRequestParams{RequestKind: "join", Asker: person.Name, AskerEmail: person.Email,
			Email: person.Email, EmailNorm: person.EmailNorm, Note: note, LinkID: &s.row.LinkID, Role: s.row.Role, Told: !s.row.Told})
	})
	return wrap("ask to join", err)
}

// request writes a request down and tells those who decide; who asked the same today already, told them then.
func (r *Roster) request(ctx context.Context, q *rosterdb.Queries, who author, org mail.Organization, ask rosterdb.InsertRequestParams) error {
	ask.OrgID, ask.RequestID, ask.UserID = who.org, publicid.New(), who.person
	if err := q.ExpireRequests(ctx, rosterdb.ExpireRequestsParams{OrgID: who.org, UserID: who.person, EmailNorm: ask.EmailNorm}); err != nil {
		return err
	}
	if err := q.InsertRequest(ctx, ask); err != nil {
		return err
	}
	if _, err := who.write(ctx, q, entry{event: RequestMade, subjectKind: "request", subject: ask.RequestID, name: ask.Email,
		after: facts{"kind": ask.RequestKind, "link": ask.LinkID, "roles": []string{ask.Role}}}); err != nil || !ask.Told || !r.mails {
		return err
	}
	deciders, err := q.ListDeciders(ctx, who.org)
	if err != nil {
		return err
	}
	var letters []mail.Letter
	for _, d := range deciders {
		letter := mail.RequestMade{To: d.Email, Organization: org, Who: mail.Person{Name: ask.Asker, Email: ask.AskerEmail}, Request: publicid.Request.Of(ask.RequestID),
			At: time.Now(), Until: time.Now().AddDate(0, 0, 14)}
		if ask.RequestKind == "invite" {
			letter.Invite = ask.Email
		}
		letters = append(letters, letter)
	}
	return r.post(ctx, q, letters...)
}

func askedALot() error {
	return fault.Wait(fmt.Sprintf("You asked %d times today. Ask again tomorrow.", RequestsADay), time.Hour)
}

// checkWords is what somebody writes to those who decide, or to whom they decide about: plain text without web addresses.
func checkWords(field, typed string) (string, error) {
	words, err := mail.CheckMessage(typed)
	if err != nil {
		return "", &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: field, Message: strings.Replace(err.Error(), "message", field, 1)}}}
	}
	return words, nil
}

// WithdrawMyRequest takes back what the person asked for by a link. It is found also when the link is over.
func (r *Roster) WithdrawMyRequest(ctx context.Context, person account.Person, link string, trace account.Trace) error {
	t, ok := parseToken(link)
	if !ok {
		return unknownJoinLink()
	}
	err := r.db.InOrg(ctx, t.org, func(q *rosterdb.Queries) error {
		if err := q.LockOrganization(ctx, t.org); err != nil {
			return err
		}
		offer, row, err := r.lookAtLink(ctx, q, link, &person, uuid.Nil)
		switch {
		case err != nil:
			return err
		case row.RequestState == "withdrawn":
			return nil // pressed twice: nothing waits, as they wanted
		case offer.Standing != Waiting:
			return changedLink()
		}
		return withdraw(ctx, q, author{org: t.org, kind: "invitee", person: person.ID, name: person.Name, trace: trace}, row.RequestID)
	})
	return wrap("withdraw a request", err)
}

func withdraw(ctx context.Context, q *rosterdb.Queries, who author, request uuid.UUID) error {
	row, err := q.WithdrawRequest(ctx, rosterdb.WithdrawRequestParams{OrgID: who.org, RequestID: request, UserID: who.person})
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(fault.Conflict, "This request is not waiting any more. Nothing was changed.")
	}
	if err != nil {
		return err
	}
	_, err = who.write(ctx, q, entry{event: RequestWithdrawn, subjectKind: "request", subject: row.ID, name: row.Email, after: facts{"kind": row.Kind}})
	return err
}
