package roster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// AddressesMax is how many addresses one form takes.
const AddressesMax = 500

// Lives are the choices for how many days an invitation stays open.
var Lives = []int{1, 7, 30}

// token is what stands in an invitation's link: the organization (where to look, no secret) and 256 random
// bits. Only the digest of the whole is kept.
type token struct {
	org    uuid.UUID
	text   string
	digest []byte
}

func newToken(org uuid.UUID) token {
	raw := make([]byte, 16+32)
	copy(raw, org[:])
	rand.Read(raw[16:]) // never fails: the program ends before it would
	return tokenOf(raw)
}

func tokenOf(raw []byte) token {
	digest := sha256.Sum256(raw)
	return token{org: uuid.UUID(raw[:16]), text: base64.RawURLEncoding.EncodeToString(raw), digest: digest[:]}
}

// parseToken reads a token; one that is damaged looks like any unknown one.
func parseToken(s string) (token, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) != 48 {
		return token{}, false
	}
	t := tokenOf(raw)
	return t, t.text == s // base64 has several spellings of it, a token has one
}

// invitationFilters says which states each choice of the list shows.
var invitationFilters = map[string]rosterdb.ListInvitationsParams{
	"":         {States: []string{"open"}, OpenToo: true, ExpiredToo: true},
	"open":     {States: []string{"open"}, OpenToo: true},
	"expired":  {States: []string{"open"}, ExpiredToo: true},
	"accepted": {States: []string{"accepted"}, OpenToo: true, ExpiredToo: true},
	"declined": {States: []string{"declined"}, OpenToo: true, ExpiredToo: true},
	"revoked":  {States: []string{"revoked"}, OpenToo: true, ExpiredToo: true},
	"all":      {States: []string{"open", "accepted", "declined", "revoked"}, OpenToo: true, ExpiredToo: true},
}

// Invitations lists one page, the newest first.
func (r *Roster) Invitations(ctx context.Context, a Actor, filter, after string) (Invitations, error) {
	ask, ok := invitationFilters[filter]
	if !ok {
		return Invitations{}, fault.New(fault.Malformed, "That list of invitations does not exist.")
	}
	at := cursor{time: lastTime, id: lastID}
	if after != "" {
		var err error
		if at, err = parseCursor(after, true); err != nil {
			return Invitations{}, err
		}
	}
	ask.OrgID, ask.AfterTime, ask.AfterID, ask.PageSize = a.org.ID, at.time, at.id, PageSize+1
	rows, err := r.db.Read(a.org.ID).ListInvitations(ctx, ask)
	if err != nil {
		return Invitations{}, wrap("list invitations", err)
	}
	var page Invitations
	for i, row := range rows {
		if i == PageSize {
			page.Next = cursor{time: rows[i-1].CreatedAt, id: rows[i-1].ID}.encode(true)
			break
		}
		page.Rows = append(page.Rows, Invitation{ID: publicid.Invitation.Of(row.ID), Email: row.Email, Roles: role.ParseAll(row.Roles), Message: row.Message,
			Inviter: deref(row.InviterName), Created: row.CreatedAt, Sent: row.SentAt, Expires: row.ExpiresAt, State: shownState(row.State, row.Expired),
			Delivery: row.Delivery, DeliveryDetail: row.DeliveryDetail, Decided: deref(row.DecidedAt), JustSent: row.JustSent})
	}
	return page, nil
}

// shownState tells an open invitation whose time is over as expired.
func shownState(state string, expired bool) string {
	if state == "open" && expired {
		return "expired"
	}
	return state
}

func invitationOf(row rosterdb.GetInvitationRow) Invitation {
	return Invitation{ID: publicid.Invitation.Of(row.ID), Email: row.Email, Roles: role.ParseAll(row.Roles), Message: row.Message,
		Inviter: deref(row.InviterName), Created: row.CreatedAt, Sent: row.SentAt, Expires: row.ExpiresAt, State: shownState(row.State, row.Expired),
		Delivery: row.Delivery, DeliveryDetail: row.DeliveryDetail, Decided: deref(row.DecidedAt), JustSent: row.JustSent}
}

// Invitation is one of the organization's invitations.
func (r *Roster) Invitation(ctx context.Context, a Actor, id string) (Invitation, error) {
	invitation, ok := publicid.Invitation.Parse(id)
	if !ok {
		return Invitation{}, fault.Missing()
	}
	row, err := r.db.Read(a.org.ID).GetInvitation(ctx, rosterdb.GetInvitationParams{OrgID: a.org.ID, InvitationID: invitation, ActorID: a.person.ID})
	if errors.Is(err, pgx.ErrNoRows) {
		return Invitation{}, fault.Missing()
	}
	return invitationOf(row), wrap("read an invitation", err)
}

func mayNotInviteAs(actor []role.Role, r role.Role) error {
	return fault.New(fault.Forbidden, fmt.Sprintf("Your role is %s, so you cannot invite anybody as %s.", role.Highest(actor).Label(), r.WithArticle()))
}

// check reads the form: the addresses each with a verdict, and what is wrong with the rest.
func (form Invite) check(a Actor) ([]Verdict, []mail.Found, role.Role, int, string, error) {
	var wrong fault.Form
	found := mail.ParseList(form.Addresses)
	switch {
	case len(found) == 0:
		wrong.Add("emails", "Enter at least one e-mail address.")
	case len(found) > AddressesMax:
		wrong.Add("emails", fmt.Sprintf("Enter at most %d addresses at once; these are %d.", AddressesMax, len(found)))
	}
	as, ok := role.Parse(form.Role)
	if !ok || as == role.Owner {
		wrong.Add("role", "Choose one of the roles in the list.")
	} else if !role.MayInviteAs(a.roles, as) {
		wrong.Add("role", mayNotInviteAs(a.roles, as).Error())
	}
	days := form.Days
	if days == 0 {
		days = a.org.InvitationDays
	} else if !slices.Contains(Lives, days) && days != a.org.InvitationDays {
		wrong.Add("days", "Choose one of the times in the list.")
	}
	message, err := mail.CheckMessage(form.Message)
	if err != nil {
		wrong.Add("message", err.Error())
	}
	if err := wrong.Err(); err != nil {
		return nil, nil, "", 0, "", err
	}
	verdicts := make([]Verdict, len(found))
	seen := map[string]bool{}
	for i, f := range found {
		v := Verdict{Raw: f.Raw, Email: f.Address.Typed, Kind: "ready"}
		switch {
		case f.Err != nil:
			v.Kind, v.Note = "invalid", f.Err.Error()
		case seen[f.Address.Norm]:
			v.Kind, v.Note = "twice", "Twice in the list; one invitation is enough."
		}
		seen[f.Address.Norm] = true
		verdicts[i] = v
	}
	return verdicts, found, as, days, message, nil
}

// Invite invites one or many, and says of each address what became of it. It never tells whether an address
// has an account. The same form sent twice invites once.
func (r *Roster) Invite(ctx context.Context, a Actor, form Invite) (Invited, error) {
	verdicts, found, as, days, message, err := form.check(a)
	if err != nil {
		return Invited{}, err
	}
	var emails []string
	for i, v := range verdicts {
		if v.Kind == "ready" {
			emails = append(emails, found[i].Address.Norm)
		}
	}
	if len(emails) == 0 && len(verdicts) == 1 {
		return Invited{}, &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: "emails", Message: verdicts[0].Note}}}
	}
	ask := rosterdb.CheckInviteesParams{Emails: emails, OrgID: a.org.ID, ActorID: a.person.ID, Submission: a.trace.Submission}
	if form.Preview || form.MayPreview && len(verdicts) > 1 {
		rows, err := r.db.Read(a.org.ID).CheckInvitees(ctx, ask)
		if err != nil {
			return Invited{}, wrap("check addresses", err)
		}
		judge(verdicts, found, rows)
		for i := range verdicts {
			if domain := found[i].Address.Domain(); verdicts[i].Kind == "ready" && !strings.HasSuffix(verdicts[i].Email, "@"+domain) {
				verdicts[i].Kind, verdicts[i].Note = "corrected", "The domain is read as "+domain+"."
			}
		}
		return Invited{Verdicts: verdicts, Previewed: true}, nil
	}
	result, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) ([]rosterdb.CheckInviteesRow, []byte, error) {
		rows, err := q.CheckInvitees(ctx, ask)
		if len(rows) == 0 {
			return nil, nil, err
		}
		return rows, rows[0].DoneBefore, err
	}, func(q *rosterdb.Queries, rows []rosterdb.CheckInviteesRow) (Invited, bool, error) {
		result := Invited{Verdicts: slices.Clone(verdicts)}
		if len(rows) == 0 {
			return result, false, nil // none of the addresses can be invited
		}
		err := r.invite(ctx, q, a, &result, found, rows, as, days, message)
		return result, result.Sent > 0, err
	})
	hideLinks(result.Verdicts)
	return result, wrap("invite", err)
}

// askedNotToBe is why an address gets no invitation, no letter and no link.
const askedNotToBe = "This person asked not to be invited here."

// judge says of each address that is fine in itself what stands in its way.
func judge(verdicts []Verdict, found []mail.Found, rows []rosterdb.CheckInviteesRow) {
	known := map[string]rosterdb.CheckInviteesRow{}
	for _, row := range rows {
		known[row.EmailNorm] = row
	}
	for i := range verdicts {
		v := &verdicts[i]
		if v.Kind != "ready" {
			continue
		}
		row := known[found[i].Address.Norm]
		switch {
		case row.IsMember:
			v.Kind, v.Note = "member", fmt.Sprintf("%s is already a member.", row.MemberName)
			if row.MembershipID != nil {
				v.Member = publicid.Membership.Of(*row.MembershipID)
			}
		case row.Blocked:
			v.Kind, v.Note = "blocked", askedNotToBe
		case row.InvitationID != nil && !row.InvitationExpired:
			v.Kind, v.Note, v.ID = "invited", "Already invited; the open invitation stays.", publicid.Invitation.Of(*row.InvitationID)
		case row.InvitationID != nil:
			v.Kind, v.Note, v.ID = "invited", "Was invited, and the invitation has expired. Send it again.", publicid.Invitation.Of(*row.InvitationID)
		}
	}
}

func (r *Roster) invite(ctx context.Context, q *rosterdb.Queries, a Actor, result *Invited, found []mail.Found, rows []rosterdb.CheckInviteesRow,
	as role.Role, days int, message string) error {
	roles := role.ParseAll(rows[0].ActorRoles)
	switch {
	case rows[0].ActorStatus != "active":
		return lostAccess(a)
	case !role.May(roles, role.InvitationsCreate, role.Settings{MembersMayInvite: rows[0].MembersMayInvite}):
		return notAllowed(roles, role.InvitationsCreate)
	case !role.MayInviteAs(roles, as):
		return mayNotInviteAs(roles, as)
	}
	judge(result.Verdicts, found, rows)

	delivery, kind := "queued", "mailed"
	if !r.mails {
		delivery, kind = "none", "copied"
	}
	expires := rows[0].At.AddDate(0, 0, days) // by the database's clock
	var subjects named
	var norms []string
	var digests [][]byte
	var letters []mail.Letter
	for i := range result.Verdicts {
		v := &result.Verdicts[i]
		if v.Kind != "ready" {
			continue
		}
		id, t := publicid.New(), newToken(a.org.ID)
		subjects.add(id, found[i].Address.Typed)
		norms = append(norms, found[i].Address.Norm)
		digests = append(digests, t.digest)
		v.Kind, v.ID, v.Expires = "sent", publicid.Invitation.Of(id), expires
		if !r.mails {
			v.Kind, v.Link = "link", t.text
		}
		letters = append(letters, r.invitationLetter(a, id, found[i].Address.Typed, as, message, expires, t))
	}
	if len(subjects.ids) == 0 {
		return nil
	}
	if err := q.InsertInvitations(ctx, rosterdb.InsertInvitationsParams{OrgID: a.org.ID, Ids: subjects.ids, Emails: subjects.names, EmailNorms: norms,
		Roles: []string{string(as)}, Message: message, InvitedBy: a.person.ID, Days: int32(days), ExpiresAt: expires, Delivery: delivery}); err != nil {
		return err
	}
	if err := q.EndDeclined(ctx, a.org.ID, norms); err != nil {
		return err
	}
	result.Sent, result.Open = len(subjects.ids), a.org.OpenInvitations+len(subjects.ids)
	if err := q.InsertInvitationTokens(ctx, rosterdb.InsertInvitationTokensParams{OrgID: a.org.ID, Digests: digests, InvitationIds: subjects.ids, Kind: kind}); err != nil {
		return err
	}
	if err := r.post(ctx, q, letters...); err != nil {
		return err
	}
	return a.author().writeMany(ctx, q, entry{event: InvitationSent, subjectKind: "invitation",
		after: facts{"roles": []role.Role{as}, "days": days, "by": kind}}, subjects)
}

// hideLinks says of each link that was shown with the first answer that it is not shown again.
func hideLinks(verdicts []Verdict) {
	for i := range verdicts {
		if v := &verdicts[i]; v.Kind == "link" && v.Link == "" {
			v.Kind, v.Note = "shown", "Invited. The link was shown once; make another one if it is lost."
		}
	}
}

func (r *Roster) invitationLetter(a Actor, id uuid.UUID, to string, as role.Role, message string, expires time.Time, t token) mail.Letter {
	return mail.Invitation{To: to, Organization: a.mailOrg(), Inviter: a.mailPerson(), ID: id.String(), Role: as.Label(),
		Explanation: "you can " + as.Explain(), Message: message, Expires: expires, Token: mail.Secret(t.text)}
}

// changeInvitation opens a change of one invitation, read under the organization's lock together with what
// the actor may do.
func changeInvitation[Outcome any](ctx context.Context, r *Roster, a Actor, id string, p role.Permission,
	fn func(*rosterdb.Queries, rosterdb.GetInvitationRow, []role.Role) (Outcome, bool, error)) (Outcome, error) {
	var none Outcome
	invitation, ok := publicid.Invitation.Parse(id)
	if !ok {
		return none, fault.Missing()
	}
	done, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetInvitationRow, []byte, error) {
		row, err := q.GetInvitation(ctx, rosterdb.GetInvitationParams{OrgID: a.org.ID, InvitationID: invitation, ActorID: a.person.ID, Submission: a.trace.Submission})
		if errors.Is(err, pgx.ErrNoRows) {
			return row, nil, fault.Missing()
		}
		return row, row.DoneBefore, err
	}, func(q *rosterdb.Queries, row rosterdb.GetInvitationRow) (Outcome, bool, error) {
		actor := role.ParseAll(row.ActorRoles)
		switch {
		case row.ActorStatus != "active":
			return none, false, lostAccess(a)
		case !role.May(actor, p, role.Settings{MembersMayInvite: row.MembersMayInvite}):
			return none, false, notAllowed(actor, p)
		case row.State != "open":
			return none, false, closedInvitation(row.Email, row.State)
		}
		return fn(q, row, actor)
	})
	return done, wrap("change an invitation", err)
}

// invitationChange is what became of an invitation: as it is now, the way back, and a link that is shown once.
type invitationChange struct {
	Invitation Invitation
	Undo       string
	link       string // not kept with the form
}

// keepAsIs is a change of an invitation that is not made.
func keepAsIs(err error) (invitationChange, bool, error) { return invitationChange{}, false, err }

func closedInvitation(email, state string) error {
	words := map[string]string{"accepted": "was accepted", "declined": "was declined", "revoked": "was revoked"}
	return fault.New(fault.Conflict, fmt.Sprintf("The invitation of %s %s. Nothing was changed.", email, words[state]))
}

// mayGrantAll refuses whoever may not give each of an invitation's roles.
func mayGrantAll(actor []role.Role, names []string) error {
	for _, one := range role.ParseAll(names) {
		if !role.MayInviteAs(actor, one) {
			return mayNotInviteAs(actor, one)
		}
	}
	return nil
}

// SendAgain mails a new link with a new expiry; the links before are dead and say so. At most every five
// minutes.
func (r *Roster) SendAgain(ctx context.Context, a Actor, id string) (Invitation, error) {
	if !r.mails {
		return Invitation{}, fault.New(fault.Conflict, "This installation sends no e-mail. Make a link to copy instead.")
	}
	done, err := changeInvitation(ctx, r, a, id, role.InvitationsCreate, func(q *rosterdb.Queries, row rosterdb.GetInvitationRow, actor []role.Role) (invitationChange, bool, error) {
		if err := mayGrantAll(actor, row.Roles); err != nil {
			return keepAsIs(err)
		}
		if row.Blocked {
			return keepAsIs(fault.New(fault.Conflict, askedNotToBe))
		}
		if row.JustSent && row.Delivery != "none" && row.Delivery != "copied" {
			wait := 5*time.Minute - time.Since(row.SentAt)
			return keepAsIs(fault.Wait("This invitation was sent less than 5 minutes ago. Wait a little before sending it again.", max(wait, time.Second)))
		}
		t := newToken(a.org.ID)
		if err := q.ReplaceTokens(ctx, rosterdb.ReplaceTokensParams{OrgID: a.org.ID, InvitationID: row.ID}); err != nil {
			return keepAsIs(err)
		}
		if err := q.InsertInvitationTokens(ctx, rosterdb.InsertInvitationTokensParams{OrgID: a.org.ID, Digests: [][]byte{t.digest},
			InvitationIds: []uuid.UUID{row.ID}, Kind: "mailed"}); err != nil {
			return keepAsIs(err)
		}
		renewed, err := q.RenewInvitation(ctx, rosterdb.RenewInvitationParams{Delivery: "queued", OrgID: a.org.ID, InvitationID: row.ID, InvitedBy: a.person.ID})
		if err != nil {
			return keepAsIs(err)
		}
		as := role.Highest(role.ParseAll(row.Roles))
		if err := r.post(ctx, q, r.invitationLetter(a, row.ID, row.Email, as, row.Message, renewed.ExpiresAt, t)); err != nil {
			return keepAsIs(err)
		}
		_, err = a.author().write(ctx, q, entry{event: InvitationSentAgain, subjectKind: "invitation", subject: row.ID, name: row.Email,
			before: facts{"expires_at": row.ExpiresAt}, after: facts{"expires_at": renewed.ExpiresAt, "version": renewed.Version}})
		sent := invitationOf(row)
		sent.State, sent.Sent, sent.Expires, sent.Delivery, sent.DeliveryDetail, sent.JustSent = "open", renewed.SentAt, renewed.ExpiresAt, "queued", "", true
		sent.Inviter = a.person.Name
		return invitationChange{Invitation: sent}, true, err
	})
	return done.Invitation, err
}

// MakeLink makes a second link beside the mailed one, to hand over. It is shown once: the same form sent again
// makes none and is told none. An expired invitation is renewed by it.
func (r *Roster) MakeLink(ctx context.Context, a Actor, id string) (Invitation, string, error) {
	done, err := changeInvitation(ctx, r, a, id, role.InvitationsCreate, func(q *rosterdb.Queries, row rosterdb.GetInvitationRow, actor []role.Role) (invitationChange, bool, error) {
		if err := mayGrantAll(actor, row.Roles); err != nil {
			return keepAsIs(err)
		}
		if row.Blocked {
			return keepAsIs(fault.New(fault.Conflict, askedNotToBe))
		}
		t := newToken(a.org.ID)
		if err := q.ReplaceTokens(ctx, rosterdb.ReplaceTokensParams{OrgID: a.org.ID, InvitationID: row.ID, Kind: "copied"}); err != nil {
			return keepAsIs(err)
		}
		if err := q.InsertInvitationTokens(ctx, rosterdb.InsertInvitationTokensParams{OrgID: a.org.ID, Digests: [][]byte{t.digest},
			InvitationIds: []uuid.UUID{row.ID}, Kind: "copied"}); err != nil {
			return keepAsIs(err)
		}
		made := invitationOf(row)
		if row.Expired {
			renewed, err := q.RenewInvitation(ctx, rosterdb.RenewInvitationParams{Delivery: "copied", OrgID: a.org.ID, InvitationID: row.ID, InvitedBy: a.person.ID})
			if err != nil {
				return keepAsIs(err)
			}
			made.State, made.Expires, made.Delivery = "open", renewed.ExpiresAt, "copied"
		}
		_, err := a.author().write(ctx, q, entry{event: InvitationLinkMade, subjectKind: "invitation", subject: row.ID, name: row.Email})
		return invitationChange{Invitation: made, link: t.text}, true, err
	})
	return done.Invitation, done.link, err
}

// ChangeInvitationRole changes what an open invitation would make of its invitee.
func (r *Roster) ChangeInvitationRole(ctx context.Context, a Actor, id string, to role.Role) (Invitation, string, error) {
	if _, ok := role.Parse(string(to)); !ok || to == role.Owner {
		return Invitation{}, "", &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: "role", Message: "Choose one of the roles in the list."}}}
	}
	done, err := changeInvitation(ctx, r, a, id, role.InvitationsCreate, func(q *rosterdb.Queries, row rosterdb.GetInvitationRow, actor []role.Role) (invitationChange, bool, error) {
		if err := mayGrantAll(actor, append([]string{string(to)}, row.Roles...)); err != nil {
			return keepAsIs(err)
		}
		changed := invitationOf(row)
		if slices.Equal(row.Roles, []string{string(to)}) {
			return invitationChange{Invitation: changed}, false, nil
		}
		changed.Roles = []role.Role{to}
		if err := q.SetInvitationRoles(ctx, rosterdb.SetInvitationRolesParams{Roles: []string{string(to)}, OrgID: a.org.ID, InvitationID: row.ID}); err != nil {
			return keepAsIs(err)
		}
		event, err := a.author().write(ctx, q, entry{event: InvitationRoleChanged, subjectKind: "invitation", subject: row.ID, name: row.Email,
			before: facts{"roles": row.Roles}, after: facts{"roles": changed.Roles, "version": row.Version + 1}})
		return invitationChange{Invitation: changed, Undo: publicid.Event.Of(event)}, true, err
	})
	return done.Invitation, done.Undo, err
}

// Revoke withdraws an open invitation. If it answered well, nobody joins by it later.
func (r *Roster) Revoke(ctx context.Context, a Actor, id string) (Invitation, string, error) {
	done, err := changeInvitation(ctx, r, a, id, role.InvitationsRevoke, func(q *rosterdb.Queries, row rosterdb.GetInvitationRow, actor []role.Role) (invitationChange, bool, error) {
		if err := mayGrantAll(actor, row.Roles); err != nil {
			return keepAsIs(err)
		}
		version, err := q.RevokeInvitation(ctx, a.org.ID, row.ID)
		if errors.Is(err, pgx.ErrNoRows) {
			return keepAsIs(closedInvitation(row.Email, "accepted"))
		}
		if err != nil {
			return keepAsIs(err)
		}
		event, err := a.author().write(ctx, q, entry{event: InvitationRevoked, subjectKind: "invitation", subject: row.ID, name: row.Email,
			before: facts{"state": "open"}, after: facts{"state": "revoked", "version": version}})
		revoked := invitationOf(row)
		revoked.State, revoked.StillOpen = "revoked", a.org.OpenInvitations
		if !row.Expired {
			revoked.StillOpen--
		}
		return invitationChange{Invitation: revoked, Undo: publicid.Event.Of(event)}, true, err
	})
	return done.Invitation, done.Undo, err
}
