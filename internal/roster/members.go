package roster

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/rosterdb"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// SearchMax is how many characters of a search are looked at.
const SearchMax = 100

// Where lists start: before everything, or after everything.
var (
	firstID   = uuid.Nil
	lastID    = uuid.Max
	firstName = ""
	lastName  = "\U0010FFFF"
	firstTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

// badCursor is the answer to a cursor that no page of ours has.
func badCursor() error {
	return fault.New(fault.Malformed, "This link is damaged. Go back to the start of the list.")
}

// cursor is the place after a row: its sort key and its id. It is parsed strictly and not signed; row
// security bounds what it reaches.
type cursor struct {
	name string
	time time.Time
	id   uuid.UUID
}

func (c cursor) encode(byTime bool) string {
	key := c.name
	if byTime {
		key = c.time.UTC().Format(time.RFC3339Nano)
	}
	return base64.RawURLEncoding.EncodeToString(append(c.id[:], key...))
}

func parseCursor(s string, byTime bool) (cursor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) < 16 || len(raw) > 16+1+account.SortMax { // by role, the rank stands before the name
		return cursor{}, badCursor()
	}
	c := cursor{id: uuid.UUID(raw[:16])}
	key := string(raw[16:])
	if !byTime {
		c.name = key
	} else if c.time, err = time.Parse(time.RFC3339Nano, key); err != nil || c.time.Year() < 1 || c.time.Year() > 9998 {
		return cursor{}, badCursor()
	}
	if c.encode(byTime) != s || !utf8.ValidString(c.name) || strings.ContainsRune(c.name, 0) { // another spelling of it
		return cursor{}, badCursor()
	}
	return c, nil
}

// place is where a row stands in the order of a list, as its cursor says it: by role, the rank stands before the name.
func (l List) place(row rosterdb.ListMembersByNameRow) cursor {
	at := cursor{name: row.SortName, time: row.Since, id: row.UserID}
	if row.Kind == "invitation" {
		at.id = row.RowID
	}
	switch l.order() {
	case "role":
		at.name = roleKey(row.Roles) + at.name
	case "active":
		at.time = row.LastActiveAt
	}
	return at
}

// order is what the list is sorted by: those who all hold the role that is asked for are, by role, sorted by name.
func (l List) order() string {
	if l.Sort == "role" && l.Role != "" {
		return "name"
	}
	return l.Sort
}

func (l List) byTime() bool { return l.Sort == "joined" || l.Sort == "active" }

// roleKey is the rank of the highest role, as the database sorts it: custom roles stand behind the built-in ones.
func roleKey(roles []string) string {
	if len(roles) > 0 {
		if rank := slices.Index(role.All, role.Role(roles[0])); rank >= 0 {
			return strconv.Itoa(rank + 1)
		}
	}
	return "9"
}

// from is the place after which a page begins, in the direction in which it is read.
func (l List) from() (cursor, error) {
	switch {
	case l.After != "" && l.Before != "":
		return cursor{}, badCursor()
	case l.After != "":
		return l.parse(l.After)
	case l.Before != "":
		return l.parse(l.Before)
	case l.Down:
		return cursor{name: lastName, time: lastTime, id: lastID}, nil
	}
	return cursor{name: firstName, time: firstTime, id: firstID}, nil
}

func (l List) parse(s string) (cursor, error) {
	c, err := parseCursor(s, l.byTime())
	if err == nil && l.order() == "role" && (c.name == "" || c.name[0] < '1' || c.name[0] > '9') {
		err = badCursor()
	}
	return c, err
}

// Members lists one page: members, and open invitations among them for those who may see these.
func (r *Roster) Members(ctx context.Context, a Actor, list List) (Members, error) {
	return r.members(ctx, a, list, PageSize)
}

// members is Members with pages of another size.
func (r *Roster) members(ctx context.Context, a Actor, list List, size int) (Members, error) {
	at, err := list.from()
	if err != nil {
		return Members{}, err
	}
	rows, err := r.listRows(ctx, a, list, at, int32(size)+1) // one row more than a page tells whether there is another one
	if err != nil {
		return Members{}, err
	}
	more := len(rows) > size
	rows = rows[:min(len(rows), size)]
	page := Members{Rows: make([]Row, 0, len(rows))}
	if list.Before != "" {
		slices.Reverse(rows)
	}
	for _, row := range rows {
		page.Rows = append(page.Rows, a.row(row))
	}
	if len(rows) == 0 {
		return page, nil
	}
	if list.Before != "" || more { // whoever goes back comes from somewhere
		page.Next = list.place(rows[len(rows)-1]).encode(list.byTime())
	}
	if list.After != "" || list.Before != "" && more {
		page.Prev = list.place(rows[0]).encode(list.byTime())
	}
	return page, nil
}

// listRows are so many rows from a place on, backwards if the list goes back. It asks the query that is made for the
// order; for another order, or if anybody is left out, the search.
func (r *Roster) listRows(ctx context.Context, a Actor, list List, at cursor, size int32) ([]rosterdb.ListMembersByNameRow, error) {
	if !a.May(role.InvitationsRead) && list.Status == "pending" {
		return nil, nil
	}
	q, org, down := r.db.Read(a.org.ID), a.org.ID, list.Down != (list.Before != "")
	var rows []rosterdb.ListMembersByNameRow
	var err error
	switch searched := list.Filtered() || !a.May(role.InvitationsRead) || list.order() == "role" || list.order() == "active"; {
	case searched:
		ask, wrong := a.search(list)
		if wrong != nil {
			return nil, wrong
		}
		ask.Descending, ask.AfterName, ask.AfterTime, ask.AfterID, ask.PageSize = down, at.name, at.time, at.id, size
		rows, err = converted(func(row rosterdb.SearchMembersRow) rosterdb.ListMembersByNameRow {
			return rosterdb.ListMembersByNameRow(row)
		})(q.SearchMembers(ctx, ask))
	case list.Sort == "joined" && down:
		rows, err = converted(func(row rosterdb.ListMembersByJoinedDownRow) rosterdb.ListMembersByNameRow {
			return rosterdb.ListMembersByNameRow(row)
		})(q.ListMembersByJoinedDown(ctx, rosterdb.ListMembersByJoinedDownParams{OrgID: org, AfterTime: at.time, AfterID: at.id, PageSize: size}))
	case list.Sort == "joined":
		rows, err = converted(func(row rosterdb.ListMembersByJoinedRow) rosterdb.ListMembersByNameRow {
			return rosterdb.ListMembersByNameRow(row)
		})(q.ListMembersByJoined(ctx, rosterdb.ListMembersByJoinedParams{OrgID: org, AfterTime: at.time, AfterID: at.id, PageSize: size}))
	case down:
		rows, err = converted(func(row rosterdb.ListMembersByNameDownRow) rosterdb.ListMembersByNameRow {
			return rosterdb.ListMembersByNameRow(row)
		})(q.ListMembersByNameDown(ctx, rosterdb.ListMembersByNameDownParams{OrgID: org, AfterName: at.name, AfterID: at.id, PageSize: size}))
	default:
		rows, err = q.ListMembersByName(ctx, rosterdb.ListMembersByNameParams{OrgID: org, AfterName: at.name, AfterID: at.id, PageSize: size})
	}
	return rows, wrap("list members", err)
}

// infixMin is how many letters find a word by what is inside it; fewer find its start.
const infixMin = 3

// search is what is asked of the database for the words and filters of a list.
func (a Actor) search(list List) (rosterdb.SearchMembersParams, error) {
	ask := rosterdb.SearchMembersParams{Words: []string{}, Addresses: []string{}, Role: string(list.Role), Status: list.Status, Sort: list.order(),
		Pending: a.May(role.InvitationsRead), ActiveFrom: firstTime, ActiveTo: lastTime}
	if list.InvitedBy != "" {
		inviter, ok := publicid.Membership.Parse(list.InvitedBy)
		if !ok {
			return ask, badCursor()
		}
		ask.InvitedBy = inviter
	}
	never, now := time.Unix(0, 0).UTC(), time.Now()
	switch list.Active {
	case "":
	case "week":
		ask.ActiveFrom = now.AddDate(0, 0, -7)
	case "month":
		ask.ActiveFrom = now.AddDate(0, -1, 0)
	case "quarter":
		ask.ActiveFrom = now.AddDate(0, 0, -90)
	case "before": // whoever was never here was not here either
		ask.ActiveTo = now.AddDate(0, 0, -90)
	case "never":
		ask.ActiveFrom, ask.ActiveTo = never, never.Add(time.Second)
	default:
		return ask, badCursor()
	}
	ask.Words = patterns(list.Search)
	ask.Addresses = ask.Words
	return ask, nil
}

// patterns are what is looked for in account.SearchText: each word by what is inside, a short one where it stands at the
// start. Its spellings stand in lines of their own; no word has a line break in it.
func patterns(search string) []string {
	found := []string{}
	for _, word := range account.SearchWords(clip(search)) {
		start := "%"
		if utf8.RuneCountInString(word[0]) < infixMin {
			start = "% "
		}
		for i := range word {
			word[i] = start + likeEscaper.Replace(word[i]) + "%"
		}
		found = append(found, strings.Join(word, "\n"))
	}
	return found
}

// likeEscaper takes the meaning from the characters that LIKE would read as wildcards.
var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func clip(search string) string {
	if runes := []rune(search); len(runes) > SearchMax {
		return string(runes[:SearchMax])
	}
	return search
}

// converted makes rows of one query those of another with the same columns.
func converted[From, To any](one func(From) To) func([]From, error) ([]To, error) {
	return func(rows []From, err error) ([]To, error) {
		same := make([]To, len(rows))
		for i, row := range rows {
			same[i] = one(row)
		}
		return same, err
	}
}

// row is a line of the list as the actor sees it.
func (a Actor) row(r rosterdb.ListMembersByNameRow) Row {
	row := Row{
		Invitation: r.Kind == "invitation", PersonID: r.UserID, Name: r.Name, Email: r.Email, Roles: role.ParseAll(r.Roles),
		Status: r.Status, Since: r.Since, Inviter: r.InviterName, JoinedThrough: r.JoinedThrough,
		LastActive: timeOrZero(r.LastActiveAt), Expires: timeOrZero(r.ExpiresAt), Delivery: r.Delivery, You: r.UserID == a.person.ID,
	}
	row.OnlyOwner = !row.Invitation && a.onlyOwner && role.Highest(row.Roles) == role.Owner
	if row.Invitation {
		row.ID = publicid.Invitation.Of(r.RowID)
	} else {
		row.ID = publicid.Membership.Of(r.RowID)
	}
	return row
}

// timeOrZero undoes the query's stand-in for "never".
func timeOrZero(t time.Time) time.Time {
	if t.Unix() == 0 {
		return time.Time{}
	}
	return t
}

func deref[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

// HistorySize is how many audit entries a member's page shows at first.
const HistorySize = 20

// Member is one person's membership and its history. A former member's page is for those who may read the
// audit log.
func (r *Roster) Member(ctx context.Context, a Actor, id, before string) (Member, error) {
	membership, ok := publicid.Membership.Parse(id)
	if !ok {
		return Member{}, fault.Missing()
	}
	at := cursor{time: lastTime, id: lastID}
	if before != "" {
		var err error
		if at, err = parseCursor(before, true); err != nil {
			return Member{}, err
		}
	}
	row, err := r.db.Read(a.org.ID).GetMember(ctx, rosterdb.GetMemberParams{OrgID: a.org.ID, UserID: a.person.ID, MembershipID: membership, FormerToo: a.May(role.AuditRead),
		BeforeTime: at.time, BeforeID: at.id, HistorySize: HistorySize + 1})
	if errors.Is(err, pgx.ErrNoRows) {
		return Member{}, fault.Missing()
	}
	if err != nil {
		return Member{}, wrap("read a member", err)
	}
	ended := row.Status == "left" || row.Status == "removed"
	if ended && !a.May(role.AuditRead) {
		return Member{}, fault.Missing()
	}
	events, err := readEvents(row.History)
	if err != nil {
		return Member{}, err
	}
	member := Member{
		Row: Row{ID: id, PersonID: row.UserID, Name: row.Name, Email: row.Email, Roles: role.ParseAll(row.Roles), Status: row.Status,
			Since: row.JoinedAt, Inviter: deref(row.InviterName), JoinedThrough: row.JoinedThrough, LastActive: deref(row.LastActiveAt),
			You: row.UserID == a.person.ID},
		InvitedAt: deref(row.InvitedAt), EndedAt: deref(row.EndedAt), Left: row.Status == "left", Owners: int(row.Owners),
		OpenInvitations: int(row.OpenInvitations), Invited: int(row.Invited), History: events,
	}
	member.OnlyOwner = member.Owners == 1 && role.Highest(member.Roles) == role.Owner
	if row.InviterMembership != nil {
		member.InviterID = publicid.Membership.Of(*row.InviterMembership)
	}
	if len(events) > HistorySize {
		member.History = events[:HistorySize]
		last := events[HistorySize-1]
		lastEvent, _ := publicid.Event.Parse(last.ID)
		member.More = cursor{time: last.At, id: lastEvent}.encode(true)
	}
	return member, nil
}

// pair is who acts and on whom, read under the organization's lock.
type pair struct {
	rosterdb.GetPairRow
	actor  []role.Role
	target []role.Role
	self   bool
}

// change opens a change of one membership: the organization's lock first, then who acts and on whom, and
// only then what fn decides.
func change[Outcome any](ctx context.Context, r *Roster, a Actor, id string, fn func(*rosterdb.Queries, pair) (Outcome, bool, error)) (Outcome, error) {
	membership, ok := publicid.Membership.Parse(id)
	if !ok {
		var none Outcome
		return none, fault.Missing()
	}
	done, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetPairRow, []byte, error) {
		row, err := q.GetPair(ctx, rosterdb.GetPairParams{OrgID: a.org.ID, MembershipID: membership, ActorID: a.person.ID, Submission: a.trace.Submission})
		if errors.Is(err, pgx.ErrNoRows) {
			return row, nil, fault.Missing()
		}
		return row, row.DoneBefore, err
	}, func(q *rosterdb.Queries, row rosterdb.GetPairRow) (Outcome, bool, error) {
		if row.ActorStatus != "active" {
			var none Outcome
			return none, false, lostAccess(a)
		}
		return fn(q, pair{row, role.ParseAll(row.ActorRoles), role.ParseAll(row.Roles), row.UserID == a.person.ID})
	})
	if db.Constraint(err) == "RO001" {
		return done, lastOwner(a)
	}
	return done, wrap("change a member", err)
}

func lostAccess(a Actor) error {
	return &fault.Fault{Kind: fault.LostAccess, Subject: a.org.Name, Message: fmt.Sprintf("You no longer have access to %s.", a.org.Name)}
}

func lastOwner(a Actor) error {
	return fault.New(fault.Conflict, fmt.Sprintf(role.LastOwner, a.org.Name))
}

// notAllowed names the role that does not suffice, and what it lacks.
func notAllowed(roles []role.Role, p role.Permission) error {
	return fault.New(fault.Forbidden, fmt.Sprintf("Your role is now %s, so this was not done. It does not include “%s”.", role.Highest(roles).Label(), p.Label()))
}

func present(status string) bool { return status == "active" || status == "suspended" }

// formerMember is the answer to changing somebody who is gone.
func formerMember(name string) error {
	return fault.New(fault.Conflict, fmt.Sprintf("%s is not a member any more. Nothing was changed.", name))
}

// rowOf is the line of the list after a change.
func (a Actor) rowOf(p pair, status string, roles []role.Role) Row {
	owners := int(p.Owners)
	was, is := role.Highest(p.target) == role.Owner, role.Highest(roles) == role.Owner
	if was && !is {
		owners--
	}
	if is && !was {
		owners++
	}
	return Row{ID: publicid.Membership.Of(p.ID), PersonID: p.UserID, Name: p.Name, Email: p.Email, Roles: roles, Status: status, Since: p.JoinedAt,
		Inviter: deref(p.InviterName), JoinedThrough: p.JoinedThrough, LastActive: deref(p.LastActiveAt), You: p.self, OnlyOwner: is && owners == 1}
}

// ChangeRole gives a member one role in place of those they have. They are told when Undo is over.
func (r *Roster) ChangeRole(ctx context.Context, a Actor, id string, to role.Role) (Change, error) {
	return r.changeRole(ctx, a, id, to, true)
}

// ChangeRoleQuietly is ChangeRole of which nobody is told.
func (r *Roster) ChangeRoleQuietly(ctx context.Context, a Actor, id string, to role.Role) (Change, error) {
	return r.changeRole(ctx, a, id, to, false)
}

func (r *Roster) changeRole(ctx context.Context, a Actor, id string, to role.Role, tell bool) (Change, error) {
	if _, ok := role.Parse(string(to)); !ok {
		return Change{}, &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: "role", Message: "Choose one of the roles in the list."}}}
	}
	return change(ctx, r, a, id, func(q *rosterdb.Queries, p pair) (Change, bool, error) {
		roles := []role.Role{to}
		if already, err := a.judgeRole(p, to); already || err != nil {
			return Change{Row: a.rowOf(p, p.Status, roles), Before: p.target}, false, err
		}
		if err := r.setRoles(ctx, q, a, p, roles, p.Status); err != nil {
			return refuse(err)
		}
		before := facts{"roles": p.target}
		if err := r.takeOver(ctx, q, a, p, roles, before); err != nil {
			return refuse(err)
		}
		event, err := a.author().write(ctx, q, entry{event: RolesChanged, subjectKind: "membership", subject: p.ID, name: p.Name,
			before: before, after: facts{"roles": roles, "told": tell, "version": p.Version + 1}})
		if err != nil {
			return refuse(err)
		}
		if err := r.tellLater(ctx, q, a, p, event); err != nil {
			return refuse(err)
		}
		return Change{Row: a.rowOf(p, p.Status, roles), Before: p.target, Undo: publicid.Event.Of(event), Changed: true}, true, nil
	})
}

// judgeRole tells whether a member has the role already, or why they may not be given it.
func (a Actor) judgeRole(p pair, to role.Role) (already bool, err error) {
	switch {
	case !role.May(p.actor, role.MembersUpdateRole, a.Settings()):
		return false, notAllowed(p.actor, role.MembersUpdateRole)
	case !present(p.Status):
		return false, formerMember(p.Name)
	case len(p.target) == 1 && p.target[0] == to:
		return true, nil
	case role.Highest(p.target) == role.Owner && to != role.Owner && p.Owners == 1:
		return false, lastOwner(a)
	case !role.MayTurn(p.actor, p.target, []role.Role{to}, p.self):
		return false, mayNotTurn(p, to)
	}
	return false, nil
}

// refuse is a change of a member that is not made.
func refuse(err error) (Change, bool, error) { return Change{}, false, err }

func mayNotTurn(p pair, to role.Role) error {
	switch {
	case p.self:
		return fault.New(fault.Forbidden, fmt.Sprintf("Nobody raises their own role. You stay %s.", role.Highest(p.target).WithArticle()))
	case !role.MayManage(p.actor, p.target):
		return fault.New(fault.Forbidden, fmt.Sprintf("%s is %s, and your role is %s: only owners change owners and admins.",
			p.Name, role.Highest(p.target).WithArticle(), role.Highest(p.actor).Label()))
	}
	return fault.New(fault.Forbidden, fmt.Sprintf("Your role is %s, so you cannot make anybody %s.", role.Highest(p.actor).Label(), to.WithArticle()))
}

func (r *Roster) setRoles(ctx context.Context, q *rosterdb.Queries, a Actor, p pair, roles []role.Role, status string) error {
	names := role.Names(roles)
	if len(names) > 0 {
		if err := q.InsertRoles(ctx, rosterdb.InsertRolesParams{OrgID: a.org.ID, UserID: p.UserID, Roles: names, GrantedBy: &a.person.ID}); err != nil {
			return err
		}
	}
	if err := q.DeleteOtherRoles(ctx, rosterdb.DeleteOtherRolesParams{OrgID: a.org.ID, UserID: p.UserID, Roles: names}); err != nil {
		return err
	}
	return q.SetMembershipStatus(ctx, rosterdb.SetMembershipStatusParams{Status: status, OrgID: a.org.ID, UserID: p.UserID})
}

func (a Actor) mailOrg() mail.Organization {
	return mail.Organization{ID: a.org.ID.String(), Name: a.org.Name, Slug: a.org.Slug}
}

func (a Actor) mailPerson() mail.Person {
	return mail.Person{Name: a.person.Name, Email: a.person.Email}
}

// Suspend blocks a member's use of the organization; role and everything else stay.
func (r *Roster) Suspend(ctx context.Context, a Actor, id string) (Change, error) {
	return r.setStatus(ctx, a, id, "suspended", MemberSuspended)
}

// Reactivate lifts a suspension.
func (r *Roster) Reactivate(ctx context.Context, a Actor, id string) (Change, error) {
	return r.setStatus(ctx, a, id, "active", MemberReactivated)
}

func (r *Roster) setStatus(ctx context.Context, a Actor, id, status, event string) (Change, error) {
	return change(ctx, r, a, id, func(q *rosterdb.Queries, p pair) (Change, bool, error) {
		if already, err := a.judgeStatus(p, status); already || err != nil {
			return Change{Row: a.rowOf(p, status, p.target), Before: p.target}, false, err
		}
		if err := q.SetMembershipStatus(ctx, rosterdb.SetMembershipStatusParams{Status: status, OrgID: a.org.ID, UserID: p.UserID}); err != nil {
			return refuse(err)
		}
		written, err := a.author().write(ctx, q, entry{event: event, subjectKind: "membership", subject: p.ID, name: p.Name,
			before: facts{"status": p.Status}, after: facts{"status": status, "version": p.Version + 1}})
		return Change{Row: a.rowOf(p, status, p.target), Before: p.target, Undo: publicid.Event.Of(written), Changed: true}, true, err
	})
}

// judgeStatus tells whether a member has the status already, or why they may not be given it.
func (a Actor) judgeStatus(p pair, status string) (already bool, err error) {
	switch {
	case !role.May(p.actor, role.MembersSuspend, a.Settings()):
		return false, notAllowed(p.actor, role.MembersSuspend)
	case !present(p.Status):
		return false, formerMember(p.Name)
	case p.Status == status:
		return true, nil
	case p.self:
		return false, fault.New(fault.Forbidden, "You cannot suspend yourself. Leave the organization instead.")
	case !role.MayManage(p.actor, p.target):
		return false, mayNotTurn(p, "")
	}
	return false, nil
}

// Remove ends somebody's membership at once. What they made stays; the invitations they sent are revoked,
// or whoever removes them becomes their inviter.
func (r *Roster) Remove(ctx context.Context, a Actor, id string, how Removal) (Change, error) {
	return change(ctx, r, a, id, func(q *rosterdb.Queries, p pair) (Change, bool, error) {
		if already, err := a.judgeRemoval(p); already || err != nil {
			return Change{Row: a.rowOf(p, "removed", nil), Before: p.target}, false, err
		}
		event, err := r.end(ctx, q, a, p, "removed", how)
		if err != nil {
			return refuse(err)
		}
		if how.Tell {
			if err := r.tellLater(ctx, q, a, p, event); err != nil {
				return refuse(err)
			}
		}
		return Change{Row: a.rowOf(p, "removed", nil), Before: p.target, Undo: publicid.Event.Of(event), Changed: true, Members: a.org.Members - 1}, true, nil
	})
}

// judgeRemoval tells whether somebody is gone already, or why they may not be removed.
func (a Actor) judgeRemoval(p pair) (already bool, err error) {
	switch {
	case !role.May(p.actor, role.MembersRemove, a.Settings()):
		return false, notAllowed(p.actor, role.MembersRemove)
	case p.self:
		return false, fault.New(fault.Forbidden, "You cannot remove yourself. Leave the organization instead.")
	case !present(p.Status):
		return true, nil
	case role.Highest(p.target) == role.Owner && p.Owners == 1:
		return false, lastOwner(a)
	case !role.MayManage(p.actor, p.target):
		return false, mayNotTurn(p, "")
	}
	return false, nil
}

// ended is the end of one's own membership.
type ended struct{ Left bool }

// Leave ends one's own membership.
func (r *Roster) Leave(ctx context.Context, a Actor) error {
	_, err := change(ctx, r, a, a.Membership(), func(q *rosterdb.Queries, p pair) (ended, bool, error) {
		if role.Highest(p.target) == role.Owner && p.Owners == 1 {
			return ended{}, false, lastOwner(a)
		}
		_, err := r.end(ctx, q, a, p, "left", Removal{RevokeInvitations: true})
		return ended{Left: true}, true, err
	})
	return err
}

// end closes a membership: roles go, the row stays. Open invitations to the same address die with it.
func (r *Roster) end(ctx context.Context, q *rosterdb.Queries, a Actor, p pair, status string, how Removal) (uuid.UUID, error) {
	before := facts{"status": p.Status, "roles": p.target}
	settled, err := q.SettleInvitations(ctx, rosterdb.SettleInvitationsParams{OrgID: a.org.ID, InvitedBy: p.UserID, EmailNorm: p.EmailNorm,
		Revoke: how.RevokeInvitations, TakenBy: a.person.ID})
	if err != nil {
		return uuid.Nil, err
	}
	if err := q.EndDeclined(ctx, a.org.ID, []string{p.EmailNorm}); err != nil {
		return uuid.Nil, err
	}
	var revoked, takenOver named
	for _, i := range settled {
		if i.Revoked {
			revoked.add(i.ID, i.Email)
		} else {
			takenOver.add(i.ID, i.Email)
		}
	}
	before["revoked_invitations"], before["taken_over_invitations"] = revoked.ids, takenOver.ids
	if err := a.author().writeMany(ctx, q, entry{event: InvitationRevoked, subjectKind: "invitation", before: facts{"state": "open"}, after: facts{"state": "revoked"}}, revoked); err != nil {
		return uuid.Nil, err
	}
	if err := a.author().writeMany(ctx, q, entry{event: InvitationTakenOver, subjectKind: "invitation", before: facts{"inviter": p.Name}, after: facts{"inviter": a.person.Name}}, takenOver); err != nil {
		return uuid.Nil, err
	}
	if err := r.setRoles(ctx, q, a, p, nil, status); err != nil {
		return uuid.Nil, err
	}
	event := MemberRemoved
	if status == "left" {
		event = MemberLeft
	}
	return a.author().write(ctx, q, entry{event: event, subjectKind: "membership", subject: p.ID, name: p.Name,
		before: before, after: facts{"status": status, "told": how.Tell, "version": p.Version + 1}})
}
