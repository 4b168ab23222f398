package roster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
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

// InvitationFilters are the choices of which invitations are shown: "" is open and expired.
var InvitationFilters = []string{"", "open", "accepted", "declined", "expired", "revoked", "all"}

// badFilter is the answer to a choice that no page of ours offers.
func badFilter() error {
	return fault.New(fault.Malformed, "That list of invitations does not exist.")
}

// ask is the question for a page of the list.
func (l InvitationList) ask(org uuid.UUID) (rosterdb.ListInvitationsParams, error) {
	ask := rosterdb.ListInvitationsParams{OrgID: org, Show: l.Show, Undelivered: l.Undelivered, Upwards: l.Before != "", PageSize: PageSize + 1,
		AfterName: firstName, AfterTime: lastTime, AfterID: lastID}
	if !slices.Contains(InvitationFilters, l.Show) || l.After != "" && l.Before != "" {
		return ask, badFilter()
	}
	if l.Inviter != "" {
		inviter, ok := publicid.Membership.Parse(l.Inviter)
		if !ok {
			return ask, badFilter()
		}
		ask.Inviter = &inviter
	}
	if ask.Words = patterns(l.Search); len(ask.Words) > 0 {
		ask.AfterID = firstID
	}
	if at := l.After + l.Before; at != "" {
		place, err := parseCursor(at, len(ask.Words) == 0)
		if err != nil {
			return ask, err
		}
		ask.AfterName, ask.AfterTime, ask.AfterID = place.name, place.time, place.id
	}
	return ask, nil
}

// place is where a row stands in its list.
func (l InvitationList) place(ask rosterdb.ListInvitationsParams, row rosterdb.ListInvitationsRow) string {
	switch {
	case len(ask.Words) > 0:
		return cursor{name: row.EmailNorm, id: row.ID}.encode(false)
	case l.Show == "open" || l.Show == "expired":
		return cursor{time: row.ExpiresAt, id: row.ID}.encode(true)
	}
	return cursor{time: row.CreatedAt, id: row.ID}.encode(true)
}

// Invitations lists one page.
func (r *Roster) Invitations(ctx context.Context, a Actor, list InvitationList) (Invitations, error) {
	ask, err := list.ask(a.org.ID)
	if err != nil {
		return Invitations{}, err
	}
	if list.Count {
		ask.CountTo = TogetherMax + 1
	}
	rows, err := r.db.Read(a.org.ID).ListInvitations(ctx, ask)
	if err != nil {
		return Invitations{}, wrap("list invitations", err)
	}
	more := len(rows) > PageSize
	rows = rows[:min(len(rows), PageSize)]
	if ask.Upwards {
		slices.Reverse(rows)
	}
	var page Invitations
	for _, row := range rows {
		page.Matching = int(row.Matching)
		page.Rows = append(page.Rows, Invitation{ID: publicid.Invitation.Of(row.ID), Email: row.Email, Roles: role.ParseAll(row.Roles), Message: row.Message,
			Inviter: row.InviterName, InviterID: membershipID(&row.InviterMembership), Created: row.CreatedAt, Sent: row.SentAt, Expires: row.ExpiresAt,
			State: shownState(row.State, row.Expired), Delivery: row.Delivery, DeliveryDetail: row.DeliveryDetail, Decided: timeOrZero(row.DecidedAt),
			Asked: timeOrZero(row.AskedAt), JustSent: row.JustSent})
	}
	if len(rows) == 0 {
		return page, nil
	}
	if more || ask.Upwards {
		page.Next = list.place(ask, rows[len(rows)-1])
	}
	if list.After != "" || more && ask.Upwards {
		page.Prev = list.place(ask, rows[0])
	}
	return page, nil
}

// membershipID is a membership's id for URLs, "" where there is none.
func membershipID(id *uuid.UUID) string {
	if id == nil || *id == uuid.Nil {
		return ""
	}
	return publicid.Membership.Of(*id)
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
		Inviter: deref(row.InviterName), InviterID: membershipID(row.InviterMembership), Created: row.CreatedAt, Sent: row.SentAt, Expires: row.ExpiresAt,
		State: shownState(row.State, row.Expired), Delivery: row.Delivery, DeliveryDetail: row.DeliveryDetail, Decided: deref(row.DecidedAt),
		Asked: deref(row.AskedAt), JustSent: row.JustSent}
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

// check reads the form: the addresses each with a verdict, what is wrong with the rest, and for how long it invites.
func (form Invite) check(a Actor) ([]Verdict, []mail.Found, wish, error) {
	var wrong fault.Form
	found := mail.ParseList(form.Addresses, a.domain())
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
	life, err := form.life(a)
	if err != nil {
		wrong.Add("days", err.Error())
	}
	message, err := mail.CheckMessage(form.Message)
	if err != nil {
		wrong.Add("message", err.Error())
	}
	if err := wrong.Err(); err != nil {
		return nil, nil, wish{}, err
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
	return verdicts, found, wish{as, message, life}, nil
}

// The shortest and the longest time that an invitation stays open.
const lifeMin, lifeMax = time.Hour, 30 * 24 * time.Hour

// life is how long the invitations stay open.
func (form Invite) life(a Actor) (time.Duration, error) {
	switch {
	case form.Life != 0 && (form.Life < lifeMin || form.Life > lifeMax):
		return 0, fault.New(fault.Invalid, "Choose a time between 1 hour and 30 days.")
	case form.Life != 0:
		return form.Life, nil
	case form.Days == 0:
		return days(a.org.InvitationDays), nil
	case !slices.Contains(Lives, form.Days) && form.Days != a.org.InvitationDays:
		return 0, fault.New(fault.Invalid, "Choose one of the times in the list.")
	}
	return days(form.Days), nil
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// domain is the actor's own: what colleagues' addresses are likely to end with.
func (a Actor) domain() string {
	_, domain, _ := strings.Cut(a.person.EmailNorm, "@")
	return domain
}

// wish is what everybody of a list is invited to.
type wish struct {
	as      role.Role
	message string
	life    time.Duration
}

// wanted is an address that somebody wants to invite, with its verdict so far.
type wanted struct {
	*Verdict
	address mail.Address
	as      role.Role
	message string
	unseen  bool // something that nobody sees was left out of the address
}

// wants are the addresses of a list with their verdicts.
func (w wish) wants(verdicts []Verdict, found []mail.Found) []wanted {
	list := make([]wanted, len(verdicts))
	for i := range verdicts {
		list[i] = wanted{&verdicts[i], found[i].Address, w.as, w.message, found[i].Unseen}
	}
	return list
}

// Invite invites one or many, and says of each address what became of it. It never tells whether an address
// has an account. The same form sent twice invites once.
func (r *Roster) Invite(ctx context.Context, a Actor, form Invite) (Invited, error) {
	verdicts, found, wish, err := form.check(a)
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
		list := wish.wants(verdicts, found)
		if err := judge(list, rows); err != nil {
			return Invited{}, err
		}
		for _, w := range list {
			w.correct()
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
		if err := mayInvite(a, rows[0], wish.as); err != nil {
			return result, false, err
		}
		list := wish.wants(result.Verdicts, found)
		if err := judge(list, rows); err != nil {
			return result, false, err
		}
		if form.MayPreview && (list[0].Was != "" || mail.Mixed(list[0].address) != "") { // one address, and something to choose or to look at
			result.Previewed = true
			return result, false, nil
		}
		if form.Restore {
			for i, w := range list {
				if w.Kind == "ready" && w.Was != "" {
					list[i].as = w.Was
				}
			}
		}
		sent, err := r.invite(ctx, q, a, list, rows[0].At, wish.life)
		result.Sent, result.Open = sent, a.org.OpenInvitations+sent
		return result, sent > 0, err
	})
	hideLinks(result.Verdicts)
	return result, wrap("invite", err)
}

// askedNotToBe is why an address gets no invitation, no letter and no link.
const askedNotToBe = "This person asked not to be invited here."

// invitedPerDay is how many people somebody invites in 24 hours: a whole file, and what was to be put right in it.
const invitedPerDay = 6_000

// judge says of each address that is fine in itself what stands in its way, and refuses more than somebody may invite.
func judge(list []wanted, rows []rosterdb.CheckInviteesRow) error {
	if len(rows) == 0 {
		return nil
	}
	known := map[string]rosterdb.CheckInviteesRow{}
	for _, row := range rows {
		known[row.EmailNorm] = row
	}
	actor, ready := role.ParseAll(rows[0].ActorRoles), 0
	for _, w := range list {
		if w.Kind == "ready" {
			w.judge(known[w.address.Norm], w.as, actor)
			w.lookAlike()
		}
		if w.Kind == "ready" {
			ready++
		}
	}
	return mayInviteMore(rows[0], ready)
}

// mayInviteMore refuses to invite more people than somebody may in a day.
func mayInviteMore(row rosterdb.CheckInviteesRow, n int) error {
	left := max(invitedPerDay-int(row.Lately), 0)
	if n <= left {
		return nil
	}
	return fault.Wait(fmt.Sprintf("Nobody invites more than %d people in 24 hours. You have invited %d, so this was not done: it would be %d more. You can invite %d now.",
		invitedPerDay, row.Lately, n, left), max(time.Duration(row.MoreIn*float64(time.Second)), time.Minute))
}

func (v *Verdict) judge(row rosterdb.CheckInviteesRow, as role.Role, actor []role.Role) {
	switch {
	case row.IsMember:
		v.Kind, v.Note = "member", fmt.Sprintf("%s is already a member.", row.MemberName)
		v.Member = publicid.Membership.Of(row.MembershipID)
	case row.Blocked:
		v.Kind, v.Note = "blocked", askedNotToBe
	case row.InvitationID != uuid.Nil && !row.InvitationExpired:
		v.Kind, v.Note, v.ID = "invited", "Already invited; the open invitation stays.", publicid.Invitation.Of(row.InvitationID)
	case row.InvitationID != uuid.Nil:
		v.Kind, v.Note, v.ID = "invited", "Was invited, and the invitation has expired. Send it again.", publicid.Invitation.Of(row.InvitationID)
	case row.FormerUntil != nil:
		v.Note = "Was a member until " + row.FormerUntil.UTC().Format("2 Jan 2006")
		var names []string
		_ = json.Unmarshal(row.FormerRoles, &names) // a role that is not known is not told
		if was := role.Highest(role.ParseAll(names)); was != "" {
			v.Note += " as " + was.WithArticle()
			if was != as && role.MayInviteAs(actor, was) {
				v.Was = was
			}
		}
		v.Note += "."
	}
}

// lookAlike says of an address that can be invited that it looks like another one.
func (w wanted) lookAlike() {
	if mixed := mail.Mixed(w.address); w.Kind == "ready" && mixed != "" {
		w.Note = strings.TrimSpace(mixed + " " + w.Note)
	}
}

// correct says of an address that is fine what was read otherwise than it was typed.
func (w wanted) correct() {
	if w.Kind != "ready" || w.Note != "" {
		return
	}
	if w.unseen {
		w.Kind, w.Note = "corrected", "Without the invisible characters that stood in it."
	} else if domain := w.address.Domain(); !strings.HasSuffix(w.Email, "@"+domain) {
		w.Kind, w.Note = "corrected", "The domain is read as "+domain+"."
	}
}

// mayInvite refuses whoever may not invite any more, or not as this.
func mayInvite(a Actor, row rosterdb.CheckInviteesRow, as role.Role) error {
	roles := role.ParseAll(row.ActorRoles)
	switch {
	case row.ActorStatus != "active":
		return lostAccess(a)
	case !role.May(roles, role.InvitationsCreate, role.Settings{MembersMayInvite: row.MembersMayInvite}):
		return notAllowed(roles, role.InvitationsCreate)
	case !role.MayInviteAs(roles, as):
		return mayNotInviteAs(roles, as)
	}
	return nil
}

// invite invites those that are ready, at a time by the database's clock, and says how many these are.
func (r *Roster) invite(ctx context.Context, q *rosterdb.Queries, a Actor, list []wanted, at time.Time, life time.Duration) (int, error) {
	delivery, kind := "queued", "mailed"
	if !r.mails {
		delivery, kind = "none", "copied"
	}
	row := rosterdb.InsertInvitationsParams{OrgID: a.org.ID, InvitedBy: a.person.ID, Fold: account.FoldVersion, LifeSeconds: life.Seconds(), ExpiresAt: at.Add(life), Delivery: delivery}
	subjects := map[role.Role]*named{}
	var digests [][]byte
	var letters []mail.Letter
	for _, w := range list {
		if w.Kind != "ready" {
			continue
		}
		id, t := publicid.New(), newToken(a.org.ID)
		if subjects[w.as] == nil {
			subjects[w.as] = &named{}
		}
		subjects[w.as].add(id, w.address.Typed)
		row.Ids, row.Emails, row.EmailNorms = append(row.Ids, id), append(row.Emails, w.address.Typed), append(row.EmailNorms, w.address.Norm)
		row.SearchTexts = append(row.SearchTexts, account.SearchText("", w.address.Typed))
		row.Roles, row.Messages = append(row.Roles, string(w.as)), append(row.Messages, w.message)
		digests = append(digests, t.digest)
		w.Kind, w.ID, w.Expires = "sent", publicid.Invitation.Of(id), row.ExpiresAt
		if !r.mails {
			w.Kind, w.Link = "link", t.text
		}
		letters = append(letters, r.invitationLetter(a, id, w.address.Typed, w.as, w.message, row.ExpiresAt, 1, t))
	}
	if len(row.Ids) == 0 {
		return 0, nil
	}
	if err := q.InsertInvitations(ctx, row); err != nil {
		return 0, err
	}
	if err := q.EndDeclined(ctx, a.org.ID, row.EmailNorms); err != nil {
		return 0, err
	}
	if err := q.InsertInvitationTokens(ctx, rosterdb.InsertInvitationTokensParams{OrgID: a.org.ID, Digests: digests, InvitationIds: row.Ids, Kind: kind}); err != nil {
		return 0, err
	}
	if err := q.CountInvited(ctx, rosterdb.CountInvitedParams{OrgID: a.org.ID, UserID: a.person.ID, HowMany: int32(len(row.Ids))}); err != nil {
		return 0, err
	}
	if err := q.DeleteOldInviterCounts(ctx, a.org.ID, a.person.ID); err != nil {
		return 0, err
	}
	if err := r.post(ctx, q, letters...); err != nil {
		return 0, err
	}
	for _, as := range role.All {
		if subjects[as] == nil {
			continue
		}
		after := facts{"roles": []role.Role{as}, "by": kind}
		if life%days(1) == 0 {
			after["days"] = int(life / days(1))
		} else {
			after["hours"] = life.Hours()
		}
		if err := a.author().writeMany(ctx, q, entry{event: InvitationSent, subjectKind: "invitation", after: after}, *subjects[as]); err != nil {
			return 0, err
		}
	}
	return len(row.Ids), nil
}

// hideLinks says of each link that was shown with the first answer that it is not shown again.
func hideLinks(verdicts []Verdict) {
	for i := range verdicts {
		if v := &verdicts[i]; v.Kind == "link" && v.Link == "" {
			v.Kind, v.Note = "shown", "Invited. The link was shown once; make another one if it is lost."
		}
	}
}

func (r *Roster) invitationLetter(a Actor, id uuid.UUID, to string, as role.Role, message string, expires time.Time, sending int32, t token) mail.Letter {
	return mail.Invitation{To: to, Organization: a.mailOrg(), Inviter: a.mailPerson(), ID: id.String(), Role: as.Label(),
		Explanation: "you can " + as.Explain(), Message: message, Expires: expires, Sending: int(sending),
		By: a.person.ID.String(), Network: a.network(), Token: mail.Secret(t.text)}
}

// network names the network that the actor acts from, as a digest: neighbours have one.
func (a Actor) network() string {
	if a.trace.Address == "" {
		return ""
	}
	digest := sha256.Sum256([]byte(account.Network(a.trace.Address)))
	return hex.EncodeToString(digest[:16])
}

// changeInvitation opens a change of one invitation, read under the organization's lock together with what
// the actor may do.
func changeInvitation[Outcome any](ctx context.Context, r *Roster, a Actor, id string, p role.Permission,
	fn func(*rosterdb.Queries, rosterdb.GetInvitationRow, []role.Role) (Outcome, bool, error)) (Outcome, error) {
	return changeInvitationTo(ctx, r, a, id, "", p, fn)
}

// changeInvitationTo also reads what stands in the way of another address, if one is given.
func changeInvitationTo[Outcome any](ctx context.Context, r *Roster, a Actor, id, other string, p role.Permission,
	fn func(*rosterdb.Queries, rosterdb.GetInvitationRow, []role.Role) (Outcome, bool, error)) (Outcome, error) {
	var none Outcome
	invitation, ok := publicid.Invitation.Parse(id)
	if !ok {
		return none, fault.Missing()
	}
	done, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetInvitationRow, []byte, error) {
		row, err := q.GetInvitation(ctx, rosterdb.GetInvitationParams{OrgID: a.org.ID, InvitationID: invitation, ActorID: a.person.ID, Submission: a.trace.Submission,
			OtherEmailNorm: other})
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
		case row.State != "open" && !(row.State == "declined" && !row.Expired && p == role.InvitationsRevoke):
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
		renewed, t, err := renew(ctx, q, a, row.ID, "queued", "mailed")
		if err != nil {
			return keepAsIs(err)
		}
		if err := r.post(ctx, q, r.invitationLetter(a, row.ID, row.Email, role.Highest(role.ParseAll(row.Roles)), row.Message, renewed.ExpiresAt, renewed.Sending, t)); err != nil {
			return keepAsIs(err)
		}
		_, err = a.author().write(ctx, q, entry{event: InvitationSentAgain, subjectKind: "invitation", subject: row.ID, name: row.Email,
			before: facts{"expires_at": row.ExpiresAt}, after: facts{"expires_at": renewed.ExpiresAt, "version": renewed.Version}})
		return invitationChange{Invitation: a.renewed(row, renewed, "queued")}, true, err
	})
	return done.Invitation, err
}

// renew starts an invitation anew under the actor's name: a new link and a new expiry. The links before are dead.
func renew(ctx context.Context, q *rosterdb.Queries, a Actor, id uuid.UUID, delivery, kind string) (rosterdb.RenewInvitationsRow, token, error) {
	t, ids := newToken(a.org.ID), []uuid.UUID{id}
	if err := q.ReplaceTokens(ctx, rosterdb.ReplaceTokensParams{OrgID: a.org.ID, InvitationIds: ids}); err != nil {
		return rosterdb.RenewInvitationsRow{}, t, err
	}
	if err := q.InsertInvitationTokens(ctx, rosterdb.InsertInvitationTokensParams{OrgID: a.org.ID, Digests: [][]byte{t.digest}, InvitationIds: ids, Kind: kind}); err != nil {
		return rosterdb.RenewInvitationsRow{}, t, err
	}
	renewed, err := q.RenewInvitations(ctx, rosterdb.RenewInvitationsParams{Delivery: delivery, OrgID: a.org.ID, InvitationIds: ids, InvitedBy: a.person.ID})
	if err == nil && len(renewed) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return rosterdb.RenewInvitationsRow{}, t, err
	}
	return renewed[0], t, nil
}

// renewed is an invitation after it was renewed.
func (a Actor) renewed(row rosterdb.GetInvitationRow, renewed rosterdb.RenewInvitationsRow, delivery string) Invitation {
	sent := invitationOf(row)
	sent.State, sent.Sent, sent.Expires, sent.Delivery, sent.DeliveryDetail, sent.JustSent = "open", renewed.SentAt, renewed.ExpiresAt, delivery, "", true
	sent.Inviter, sent.InviterID = a.person.Name, a.Membership()
	return sent
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
		made, text := invitationOf(row), ""
		if row.Expired {
			renewed, t, err := renew(ctx, q, a, row.ID, "copied", "copied")
			if err != nil {
				return keepAsIs(err)
			}
			made, text = a.renewed(row, renewed, "copied"), t.text
			made.JustSent = false
		} else {
			t, ids := newToken(a.org.ID), []uuid.UUID{row.ID}
			if err := q.ReplaceTokens(ctx, rosterdb.ReplaceTokensParams{OrgID: a.org.ID, InvitationIds: ids, Kind: "copied"}); err != nil {
				return keepAsIs(err)
			}
			if err := q.InsertInvitationTokens(ctx, rosterdb.InsertInvitationTokensParams{OrgID: a.org.ID, Digests: [][]byte{t.digest}, InvitationIds: ids, Kind: "copied"}); err != nil {
				return keepAsIs(err)
			}
			text = t.text
		}
		_, err := a.author().write(ctx, q, entry{event: InvitationLinkMade, subjectKind: "invitation", subject: row.ID, name: row.Email})
		return invitationChange{Invitation: made, link: text}, true, err
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

// Revoke withdraws an invitation that is open, or that was declined and could still be joined by. If it answered
// well, nobody joins by it later.
func (r *Roster) Revoke(ctx context.Context, a Actor, id string) (Invitation, string, error) {
	done, err := changeInvitation(ctx, r, a, id, role.InvitationsRevoke, func(q *rosterdb.Queries, row rosterdb.GetInvitationRow, actor []role.Role) (invitationChange, bool, error) {
		if err := mayGrantAll(actor, row.Roles); err != nil {
			return keepAsIs(err)
		}
		done, err := q.RevokeInvitations(ctx, a.org.ID, []uuid.UUID{row.ID})
		if err != nil {
			return keepAsIs(err)
		}
		if len(done) == 0 {
			return keepAsIs(closedInvitation(row.Email, "accepted"))
		}
		before := facts{"state": row.State}
		if row.State == "declined" {
			before["decided_at"] = row.DecidedAt
		}
		event, err := a.author().write(ctx, q, entry{event: InvitationRevoked, subjectKind: "invitation", subject: row.ID, name: row.Email,
			before: before, after: facts{"state": "revoked", "version": done[0].Version}})
		revoked := invitationOf(row)
		revoked.State, revoked.StillOpen = "revoked", a.org.OpenInvitations
		if row.State == "open" && !row.Expired {
			revoked.StillOpen--
		}
		return invitationChange{Invitation: revoked, Undo: publicid.Event.Of(event)}, true, err
	})
	return done.Invitation, done.Undo, err
}
