package roster

import (
	"context"
	"errors"
	"fmt"
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

// The invitee's side. Looking uses nothing up; only Join, Decline and Report change anything, and each by
// one conditional statement.

// unknownLink is the answer to every token that is not one: damaged, made up, or erased.
func unknownLink() error {
	return fault.New(fault.NotFound, "This link does not work. Copy the whole address from the e-mail, or ask for a new invitation.")
}

// key is how an invitation is reached: by a token, or by its id for the person whose confirmed address it names.
type key struct {
	org    *uuid.UUID
	digest []byte
	id     *uuid.UUID
}

func readKey(s string) (key, bool) {
	if t, ok := parseToken(s); ok {
		return key{org: &t.org, digest: t.digest}, true
	}
	if id, ok := publicid.Invitation.Parse(s); ok {
		return key{id: &id}, true
	}
	return key{}, false
}

// Offer is an invitation as whoever holds the link sees it; viewer is who is logged in, or nil.
func (r *Roster) Offer(ctx context.Context, link string, viewer *account.Person) (Offer, error) {
	offer, _, err := r.look(ctx, r.db.Door(), link, viewer, uuid.Nil)
	return offer, err
}

func (r *Roster) look(ctx context.Context, q *rosterdb.Queries, link string, viewer *account.Person, submission uuid.UUID) (Offer, rosterdb.GetInvitationAtDoorRow, error) {
	ask, ok := r.asking(link, viewer)
	if !ok {
		return Offer{}, rosterdb.GetInvitationAtDoorRow{}, unknownLink()
	}
	ask.Submission = submission
	row, err := q.GetInvitationAtDoor(ctx, ask)
	if errors.Is(err, pgx.ErrNoRows) {
		return Offer{}, row, unknownLink()
	}
	if err != nil {
		return Offer{}, row, wrap("look at an invitation", err)
	}
	return r.offerOf(link, row, viewer), row, nil
}

// offerOf shows an invitation as it was read.
func (r *Roster) offerOf(link string, row rosterdb.GetInvitationAtDoorRow, viewer *account.Person) Offer {
	offer := Offer{Token: link, OrgID: row.OrgID, OrgName: row.OrgName, OrgSlug: row.OrgSlug, Email: row.Email, Roles: role.ParseAll(row.Roles),
		Message: row.Message, Inviter: row.InviterName, InviterEmail: row.InviterEmail, Created: row.CreatedAt, Expires: row.ExpiresAt,
		Decided: timeOrZero(row.DecidedAt), AskedToday: row.AskedToday, Mailed: row.TokenKind == "mailed", AccountExists: row.AccountExists,
		Confirm: r.mustConfirm(row),
		Viewer:  row.ViewerEmail, ViewerRoles: role.ParseAll(row.ViewerRoles), Suspended: row.ViewerStatus == "suspended"}
	offer.Situation, offer.Why = r.situation(row, viewer)
	return offer
}

// asking is the question after the invitation of a link, if there can be one.
func (r *Roster) asking(link string, viewer *account.Person) (rosterdb.GetInvitationAtDoorParams, bool) {
	k, ok := readKey(link)
	ask := rosterdb.GetInvitationAtDoorParams{Org: k.org, Digest: k.digest, InvitationID: k.id}
	if viewer != nil {
		ask.Viewer = &viewer.ID
	}
	// Without a mail server an account's address is proved to one organization alone: the one whose link was
	// handed over. It opens no other's invitation.
	return ask, ok && (k.id == nil || viewer != nil && r.mails)
}

// again reads an invitation once more, now under the organization's lock: it may have changed since the look
// that found out which organization it is of.
func (r *Roster) again(ctx context.Context, q *rosterdb.Queries, org uuid.UUID, link string, viewer *account.Person) (rosterdb.GetInvitationAtDoorRow, error) {
	if err := q.LockOrganization(ctx, org); err != nil {
		return rosterdb.GetInvitationAtDoorRow{}, err
	}
	ask, _ := r.asking(link, viewer)
	row, err := q.GetInvitationAtDoor(ctx, ask)
	if errors.Is(err, pgx.ErrNoRows) {
		return row, unknownLink()
	}
	return row, err
}

// situation tells where the invitee stands, in the order in which it matters.
func (r *Roster) situation(row rosterdb.GetInvitationAtDoorRow, viewer *account.Person) (Situation, string) {
	same := viewer != nil && row.ViewerEmailNorm == row.EmailNorm
	isMember := viewer != nil && present(row.ViewerStatus)
	switch {
	case row.State == "accepted" && isMember && row.AcceptedBy == viewer.ID:
		return AlreadyMember, ""
	case row.State == "accepted":
		return Used, ""
	case row.State == "revoked":
		return Revoked, ""
	case row.Replaced:
		return Replaced, ""
	case row.Expired:
		return Expired, ""
	case isMember:
		return AlreadyMember, ""
	case row.OrgStatus != "active":
		return CannotJoin, fmt.Sprintf("You cannot join right now: %s is closed.", row.OrgName)
	case !stillInvites(row.InviterStatus, row.InviterRoles, row.Roles, row.MembersMayInvite):
		return CannotJoin, fmt.Sprintf("%s may no longer invite anybody as %s.", row.InviterName, role.Highest(role.ParseAll(row.Roles)).WithArticle())
	case same && r.mustConfirm(row):
		return ConfirmFirst, ""
	case row.State == "declined" && same:
		return Declined, ""
	case same:
		return SameAddress, ""
	case viewer != nil:
		return OtherAddress, ""
	case row.TokenKind == "mailed" && row.AccountExists:
		return LogInFirst, ""
	case row.TokenKind == "mailed":
		return NoAccount, ""
	case !r.mails:
		return HandedOver, ""
	}
	return CopiedLink, ""
}

// mustConfirm tells whether the address is to be confirmed before anybody joins: a mailed link may have been forwarded, so
// it is enough only for a role that weighs little, where the organization leaves it at that. AcceptInvitation holds to it.
func (r *Roster) mustConfirm(row rosterdb.GetInvitationAtDoorRow) bool {
	mailedIsEnough := row.TokenKind == "mailed" && !role.IsWeighty(role.ParseAll(row.Roles)) && !row.ConfirmAddresses
	return r.mails && !row.ViewerConfirmed && !mailedIsEnough
}

// stillInvites judges the inviter as they are now: what somebody may no longer give is not given.
func stillInvites(status string, inviter, roles []string, membersMayInvite bool) bool {
	actor := role.ParseAll(inviter)
	if status != "active" || !role.May(actor, role.InvitationsCreate, role.Settings{MembersMayInvite: membersMayInvite}) {
		return false
	}
	for _, one := range role.ParseAll(roles) {
		if !role.MayInviteAs(actor, one) {
			return false
		}
	}
	return true
}

// moved answers an act that the situation no longer allows: the page is shown as it is now.
func moved() error {
	return fault.New(fault.Conflict, "This invitation has changed since you opened it. Nothing was done.")
}

// Join makes the person a member. The token decides organization, role and address; the person's confirmed
// address must be the invited one. A second press finds them a member already.
func (r *Roster) Join(ctx context.Context, person account.Person, link string, trace account.Trace) (Joined, error) {
	k, ok := readKey(link)
	if !ok {
		return Joined{}, unknownLink()
	}
	if k.id != nil { // its organization is not in the link
		offer, err := r.Offer(ctx, link, &person)
		if err != nil {
			return Joined{}, err
		}
		k.org = &offer.OrgID
	}
	type accepted struct {
		rosterdb.AcceptInvitationRow
		closed *Offer // why it was not accepted
	}
	joined, err := once(ctx, r, form{*k.org, person.ID, trace.Submission}, func(q *rosterdb.Queries) (accepted, []byte, error) {
		row, err := q.AcceptInvitation(ctx, rosterdb.AcceptInvitationParams{UserID: person.ID, OrgID: *k.org, Digest: k.digest,
			InvitationID: k.id, EmailNorm: person.EmailNorm, Confirm: r.mails, Weighty: role.Names(role.Weighty)})
		if errors.Is(err, pgx.ErrNoRows) {
			offer, seen, err := r.look(ctx, q, link, &person, trace.Submission)
			if offer.Situation != AlreadyMember || offer.Suspended {
				seen.DoneBefore = nil // whoever is not inside did not just join
			}
			return accepted{closed: &offer}, seen.DoneBefore, err
		}
		return accepted{AcceptInvitationRow: row}, nil, err
	}, func(q *rosterdb.Queries, row accepted) (Joined, bool, error) {
		switch offer := row.closed; {
		case offer == nil:
			joined, err := r.join(ctx, q, person, *k.org, row.AcceptInvitationRow, k.digest != nil && row.Copied, trace)
			return joined, true, err
		case offer.Situation == AlreadyMember && !offer.Suspended: // by another form: they are simply inside
			return Joined{OrgSlug: offer.OrgSlug, OrgName: offer.OrgName, OrgID: offer.OrgID, Role: role.Highest(offer.ViewerRoles), Already: true}, false, nil
		}
		return Joined{}, false, moved() // used up, withdrawn, too late, or not theirs: the page says which
	})
	return joined, wrap("join", err)
}

// join makes the person of an accepted invitation a member.
func (r *Roster) join(ctx context.Context, q *rosterdb.Queries, person account.Person, org uuid.UUID, row rosterdb.AcceptInvitationRow, handedOver bool, trace account.Trace) (Joined, error) {
	if row.OrgStatus != "active" || !stillInvites(row.InviterStatus, row.InviterRoles, row.Roles, row.MembersMayInvite) {
		return Joined{}, moved()
	}
	roles := role.ParseAll(row.Roles)
	joined := Joined{OrgSlug: row.OrgSlug, OrgName: row.OrgName, OrgID: org, Role: role.Highest(roles), Already: present(row.MembershipStatus)}
	who := author{org: org, kind: "invitee", person: person.ID, name: person.Name, trace: trace}
	if joined.Already { // their role stays, and the invitation is closed
		joined.Role = role.Highest(role.ParseAll(row.MembershipRoles))
		_, err := who.write(ctx, q, entry{event: InvitationClosed, subjectKind: "invitation", subject: row.ID, name: row.Email,
			before: facts{"state": "open"}, after: facts{"state": "accepted"}})
		return joined, err
	}
	membership := row.MembershipID
	if membership == uuid.Nil {
		membership = publicid.New()
	}
	if err := q.InsertMembership(ctx, rosterdb.InsertMembershipParams{OrgID: org, UserID: person.ID, MembershipID: membership,
		InvitedBy: &row.InvitedBy, InvitedAt: &row.CreatedAt, JoinedThrough: "invitation"}); err != nil {
		return joined, err
	}
	if err := settle(ctx, q, who, person.ID, person.EmailNorm, row.Roles, row.InvitedBy); err != nil {
		return joined, err
	}
	if _, err := who.write(ctx, q, entry{event: MemberJoined, subjectKind: "membership", subject: membership, name: person.Name,
		before: facts{"status": row.MembershipStatus},
		after:  facts{"roles": roles, "through": "invitation", "invitation": row.ID, "email": row.Email, "handed_over": handedOver}}); err != nil {
		return joined, err
	}
	return joined, r.post(ctx, q, mail.InvitationAccepted{To: row.InviterEmail, Organization: mail.Organization{ID: org.String(), Name: row.OrgName, Slug: row.OrgSlug},
		Who: mail.Person{Name: person.Name, Email: person.Email}, Role: joined.Role.Label(), Member: publicid.Membership.Of(membership), At: time.Now()})
}

// settle gives somebody who just came in their roles, and ends what was still open about them: invitations and requests.
func settle(ctx context.Context, q *rosterdb.Queries, who author, person uuid.UUID, address string, roles []string, by uuid.UUID) error {
	if err := q.InsertRoles(ctx, rosterdb.InsertRolesParams{OrgID: who.org, UserID: person, Roles: roles, GrantedBy: &by}); err != nil {
		return err
	}
	if err := q.EndDeclined(ctx, who.org, []string{address}); err != nil {
		return err
	}
	others, err := q.RevokeInvitationsTo(ctx, who.org, address)
	if err != nil {
		return err
	}
	var revoked named
	for _, i := range others {
		revoked.add(i.ID, i.Email)
	}
	return who.writeMany(ctx, q, entry{event: InvitationRevoked, subjectKind: "invitation", before: facts{"state": "open"}, after: facts{"state": "revoked"}}, revoked)
}

// Decline turns an invitation down, and with block keeps its organization from inviting the address again.
// Only the person whose address it names can; they may still join while it is open.
func (r *Roster) Decline(ctx context.Context, person account.Person, link string, block bool, trace account.Trace) (Offer, error) {
	return r.turnDown(ctx, link, &person, block, InvitationDeclined, trace)
}

// Report turns an invitation down for whoever holds its link, and blocks its organization from inviting the
// address again.
func (r *Roster) Report(ctx context.Context, link string, trace account.Trace) (Offer, error) {
	return r.turnDown(ctx, link, nil, true, InvitationReported, trace)
}

func (r *Roster) turnDown(ctx context.Context, link string, person *account.Person, block bool, event string, trace account.Trace) (Offer, error) {
	offer, row, err := r.look(ctx, r.db.Door(), link, person, uuid.Nil)
	if err != nil {
		return offer, err
	}
	if person != nil && person.EmailNorm != row.EmailNorm {
		return offer, moved()
	}
	who := author{org: row.OrgID, kind: "invitee", name: row.Email, trace: trace}
	if person != nil {
		who.person, who.name = person.ID, person.Name
	}
	err = r.db.InOrg(ctx, row.OrgID, func(q *rosterdb.Queries) error {
		row, err := r.again(ctx, q, row.OrgID, link, person)
		if err != nil {
			return err
		}
		offer = r.offerOf(link, row, person)
		open := row.State == "open" && !row.Expired
		switch {
		case !open && !block && row.State == "declined":
			return nil // pressed twice: it is declined, as they wanted
		case !open && !block:
			return moved()
		case !open && row.Blocked:
			return nil // reported before: whoever holds the link cannot fill the log with it
		}
		after := facts{"state": row.State, "blocked": block}
		if block {
			if err := q.InsertBlock(ctx, row.OrgID, row.EmailNorm); err != nil {
				return err
			}
		}
		if open {
			declined, err := q.DeclineInvitation(ctx, row.OrgID, row.InvitationID)
			if err != nil {
				return err
			}
			after["state"], after["version"] = "declined", declined.Version
			now := row
			now.State, now.DecidedAt = "declined", declined.DecidedAt
			offer = r.offerOf(link, now, person)
		}
		if _, err := who.write(ctx, q, entry{event: event, subjectKind: "invitation", subject: row.InvitationID, name: row.Email,
			before: facts{"state": row.State}, after: after}); err != nil {
			return err
		}
		if !open || row.InviterEmail == "" {
			return nil
		}
		return r.post(ctx, q, mail.InvitationDeclined{To: row.InviterEmail, Organization: mail.Organization{ID: row.OrgID.String(), Name: row.OrgName, Slug: row.OrgSlug},
			Email: row.Email, Role: role.Highest(role.ParseAll(row.Roles)).Label(), At: time.Now(), Blocked: block})
	})
	return offer, wrap("decline", err)
}

// AskAgain tells the inviter, or an owner if the inviter is gone, that the invitee would like a new
// invitation: because this one is over, or for another address (of a logged-in person). Once a day; the
// answer is the same whether or not a letter was sent.
func (r *Roster) AskAgain(ctx context.Context, link string, other *account.Person, trace account.Trace) (Offer, error) {
	offer, row, err := r.look(ctx, r.db.Door(), link, other, uuid.Nil)
	if err != nil {
		return offer, err
	}
	err = r.db.InOrg(ctx, row.OrgID, func(q *rosterdb.Queries) error {
		row, err := r.again(ctx, q, row.OrgID, link, other)
		if err != nil {
			return err
		}
		switch now, _ := r.situation(row, other); now {
		case Expired, Replaced, Revoked, CannotJoin, OtherAddress:
		default:
			return moved()
		}
		if row.Blocked {
			return nil // they cannot be invited, and nobody is told that they asked
		}
		_, err = q.AskAgain(ctx, row.OrgID, row.InvitationID)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // asked today already
		}
		if err != nil {
			return err
		}
		who := author{org: row.OrgID, kind: "invitee", name: row.Email, trace: trace}
		letter := mail.InvitationAskedAgain{To: row.InviterEmail, Organization: mail.Organization{ID: row.OrgID.String(), Name: row.OrgName, Slug: row.OrgSlug},
			Email: row.Email, Role: role.Highest(role.ParseAll(row.Roles)).Label(), Invitation: publicid.Invitation.Of(row.InvitationID), At: time.Now()}
		if row.Expired {
			letter.Expired = row.ExpiresAt
		}
		if other != nil {
			who.person, who.name = other.ID, other.Name
			if other.EmailNorm != row.EmailNorm {
				letter.Other = other.Email
			}
		}
		if row.InviterStatus != "active" {
			owners, err := q.ListOwners(ctx, row.OrgID)
			if err != nil || len(owners) == 0 {
				return err
			}
			letter.To = owners[0].Email
		}
		if _, err := who.write(ctx, q, entry{event: InvitationAskedAgain, subjectKind: "invitation", subject: row.InvitationID, name: row.Email,
			after: facts{"other": letter.Other}}); err != nil {
			return err
		}
		return r.post(ctx, q, letter)
	})
	if err != nil {
		return offer, wrap("ask again", err)
	}
	offer.AskedToday = true
	return offer, nil
}
