package roster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// A share link lets in whoever holds it, or lets them ask. It is its maker's word: what they may no longer give, it no
// longer gives.

// Bounds of share links.
const (
	JoinLinksMax    = 20 // of an organization
	JoinUsesMax     = 10_000
	JoinDomainsMax  = 20
	joinLinkExpired = "expired"
)

// JoinLives are the choices for how many days a share link works; 0 is for ever.
var JoinLives = []int{1, 7, 30, 90, 0}

// JoinLink is a line of the share links, and the page of one.
type JoinLink struct {
	ID            string // lnk_…
	Role          role.Role
	Domains       []string // of addresses that may join; none: every one
	MaxUses       int      // 0: any number
	Uses          int
	Days          int       // 0: for ever
	Expires       time.Time // zero: never
	NeedsApproval bool
	State         string // "open", "expired", "used_up", "stopped" (its maker may not give the role any more), "withdrawn"
	Maker         string // or who reset it last
	Made          time.Time
	Reset         time.Time // zero: never
	Withdrawn     time.Time // zero: not
}

// NewJoinLink is a filled-in form.
type NewJoinLink struct {
	Role          string
	Domains       string // as typed: any number of them
	Uses          string // "" for any number
	Days          string // one of JoinLives
	NeedsApproval bool
}

// joinLinkRow is what every query tells of a share link.
type joinLinkRow rosterdb.ListJoinLinksRow

func (l joinLinkRow) shown(membersMayInvite bool) JoinLink {
	return JoinLink{ID: publicid.Link.Of(l.ID), Role: role.Role(l.Role), Domains: l.Domains, MaxUses: int(deref(l.MaxUses)), Uses: int(l.Uses),
		Days: int(deref(l.Days)), Expires: deref(l.ExpiresAt), NeedsApproval: l.NeedsApproval, State: l.state(membersMayInvite), Maker: l.MakerName,
		Made: l.MadeAt, Reset: deref(l.ResetAt), Withdrawn: deref(l.WithdrawnAt)}
}

func (l joinLinkRow) state(membersMayInvite bool) string {
	switch {
	case l.WithdrawnAt != nil:
		return "withdrawn"
	case l.Expired:
		return joinLinkExpired
	case l.MaxUses != nil && l.Uses >= *l.MaxUses:
		return "used_up"
	case !stillShares(l.MakerStatus, l.MakerRoles, l.Role, membersMayInvite):
		return "stopped"
	}
	return "open"
}

// stillShares judges the maker of a share link as they are now.
func stillShares(status string, maker []string, as string, membersMayInvite bool) bool {
	return stillInvites(status, maker, []string{as}, membersMayInvite) && role.MayShareAs(role.ParseAll(maker), role.Role(as))
}

// JoinLinks lists the share links that were not withdrawn, the newest first.
func (r *Roster) JoinLinks(ctx context.Context, a Actor) ([]JoinLink, error) {
	rows, err := r.db.Read(a.org.ID).ListJoinLinks(ctx, a.org.ID)
	if err != nil {
		return nil, wrap("list share links", err)
	}
	links := make([]JoinLink, len(rows))
	for i, row := range rows {
		links[i] = joinLinkRow(row).shown(a.org.MembersMayInvite)
	}
	return links, nil
}

// JoinLink is one of the organization's share links.
func (r *Roster) JoinLink(ctx context.Context, a Actor, id string) (JoinLink, error) {
	link, ok := publicid.Link.Parse(id)
	if !ok {
		return JoinLink{}, fault.Missing()
	}
	row, err := r.db.Read(a.org.ID).GetJoinLink(ctx, rosterdb.GetJoinLinkParams{OrgID: a.org.ID, LinkID: link, ActorID: a.person.ID})
	if errors.Is(err, pgx.ErrNoRows) {
		return JoinLink{}, fault.Missing()
	}
	return ofJoinLink(row).shown(row.MembersMayInvite), wrap("read a share link", err)
}

func ofJoinLink(row rosterdb.GetJoinLinkRow) joinLinkRow {
	return joinLinkRow{ID: row.ID, Role: row.Role, Domains: row.Domains, MaxUses: row.MaxUses, Uses: row.Uses, Days: row.Days, ExpiresAt: row.ExpiresAt,
		Expired: row.Expired, NeedsApproval: row.NeedsApproval, MadeAt: row.MadeAt, ResetAt: row.ResetAt, WithdrawnAt: row.WithdrawnAt,
		MakerName: row.MakerName, MakerStatus: row.MakerStatus, MakerRoles: row.MakerRoles}
}

func mayNotShareAs(actor []role.Role, as role.Role) error {
	if as.AtLeast(role.Admin) {
		return fault.New(fault.Forbidden, fmt.Sprintf("No link makes anybody %s: it may end up with anyone. Invite them by e-mail.", as.WithArticle()))
	}
	return fault.New(fault.Forbidden, fmt.Sprintf("Your role is %s, so you cannot share a link for %s.", role.Highest(actor).Label(), as.WithArticle()))
}

// check reads the form.
func (form NewJoinLink) check(a Actor, mails bool) (JoinLink, error) {
	var wrong fault.Form
	link := JoinLink{NeedsApproval: form.NeedsApproval, State: "open", Maker: a.person.Name}
	as, ok := role.Parse(form.Role)
	if !ok {
		wrong.Add("role", "Choose one of the roles in the list.")
	} else if !role.MayShareAs(a.roles, as) {
		wrong.Add("role", mayNotShareAs(a.roles, as).Error())
	}
	link.Role = as
	domains, problem := readDomains(form.Domains)
	switch {
	case problem != "":
		wrong.Add("domains", problem)
	case len(domains) > 0 && !mails:
		// Addresses are confirmed by letters; without them anybody may have any.
		wrong.Add("domains", "This installation sends no e-mail, so addresses are not confirmed. Leave the domains out, and let somebody decide instead.")
	}
	link.Domains = domains
	if uses := strings.TrimSpace(form.Uses); uses != "" {
		n, err := strconv.Atoi(uses)
		if err != nil || n < 1 || n > JoinUsesMax {
			wrong.Add("uses", "Enter a number from 1 to 10,000, or nothing for any number.")
		}
		link.MaxUses = n
	}
	days, err := strconv.Atoi(form.Days)
	if err != nil || !slices.Contains(JoinLives, days) {
		wrong.Add("days", "Choose one of the times in the list.")
	}
	link.Days = days
	return link, wrong.Err()
}

// readDomains reads domains as they are typed, with an @ in front or without; else it says what is wrong.
func readDomains(typed string) (domains []string, problem string) {
	domains = []string{}
	for _, one := range strings.FieldsFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' }) {
		address, err := mail.Parse("somebody@" + strings.TrimPrefix(one, "@"))
		if err != nil {
			if runes := []rune(one); len(runes) > 60 {
				one = string(runes[:60]) + "…"
			}
			return nil, fmt.Sprintf("“%s” is not a domain. It looks like example.com.", one)
		}
		if !slices.Contains(domains, address.Domain()) {
			domains = append(domains, address.Domain())
		}
	}
	if len(domains) == 0 && strings.TrimSpace(typed) != "" { // only nothing at all stands for everybody
		return nil, "Enter a domain like example.com, or leave the field empty to let in any address."
	}
	if len(domains) > JoinDomainsMax {
		return nil, fmt.Sprintf("Enter at most %d domains; these are %d.", JoinDomainsMax, len(domains))
	}
	return domains, ""
}

// domainOf is the part of an address that a link may ask for.
func domainOf(emailNorm string) string { return emailNorm[strings.LastIndexByte(emailNorm, '@')+1:] }

// until is when a link that begins now ends; nil for never.
func until(at time.Time, days int) *time.Time {
	if days == 0 {
		return nil
	}
	end := at.AddDate(0, 0, days)
	return &end
}

func orNil(n int) *int32 {
	if n == 0 {
		return nil
	}
	small := int32(n)
	return &small
}

// joinLinkChange is a share link as it is now, and its token, which is shown once.
type joinLinkChange struct {
	Link  JoinLink
	token string // not kept with the form
}

// MakeJoinLink makes a share link, and its token, which is shown once: the same form sent again makes none and is told none.
func (r *Roster) MakeJoinLink(ctx context.Context, a Actor, form NewJoinLink) (JoinLink, string, error) {
	link, err := form.check(a, r.mails)
	if err != nil {
		return JoinLink{}, "", err
	}
	done, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.CheckJoinLinksRow, []byte, error) {
		row, err := q.CheckJoinLinks(ctx, rosterdb.CheckJoinLinksParams{Submission: a.trace.Submission, OrgID: a.org.ID, ActorID: a.person.ID})
		return row, row.DoneBefore, err
	}, func(q *rosterdb.Queries, row rosterdb.CheckJoinLinksRow) (joinLinkChange, bool, error) {
		var none joinLinkChange
		actor := role.ParseAll(row.ActorRoles)
		switch {
		case row.ActorStatus != "active":
			return none, false, lostAccess(a)
		case !role.May(actor, role.InvitationsCreate, role.Settings{MembersMayInvite: row.MembersMayInvite}):
			return none, false, notAllowed(actor, role.InvitationsCreate)
		case !role.MayShareAs(actor, link.Role):
			return none, false, mayNotShareAs(actor, link.Role)
		case row.Links >= JoinLinksMax:
			return none, false, fault.New(fault.Conflict, fmt.Sprintf("%s has %d share links, and that is the most. Withdraw one first.", a.org.Name, JoinLinksMax))
		}
		id, t := publicid.New(), newToken(a.org.ID)
		ends := until(row.At, link.Days)
		made := link
		made.ID, made.Made, made.Expires = publicid.Link.Of(id), row.At, deref(ends)
		if err := q.InsertJoinLink(ctx, rosterdb.InsertJoinLinkParams{OrgID: a.org.ID, LinkID: id, Role: string(link.Role), Domains: link.Domains, MaxUses: orNil(link.MaxUses),
			LinkDays: orNil(link.Days), LinkUntil: ends, NeedsApproval: link.NeedsApproval, MadeBy: a.person.ID}); err != nil {
			return none, false, err
		}
		if err := q.InsertJoinLinkToken(ctx, rosterdb.InsertJoinLinkTokenParams{OrgID: a.org.ID, Digest: t.digest, LinkID: id}); err != nil {
			return none, false, err
		}
		_, err := a.author().write(ctx, q, entry{event: LinkMade, subjectKind: "link", subject: id, name: link.Role.Label(),
			after: facts{"roles": []role.Role{link.Role}, "domains": link.Domains, "uses": link.MaxUses, "days": link.Days, "approval": link.NeedsApproval}})
		return joinLinkChange{made, t.text}, true, err
	})
	return done.Link, done.token, wrap("make a share link", err)
}

// changeJoinLink opens a change of one share link, read under the organization's lock together with what the actor may do.
func (r *Roster) changeJoinLink(ctx context.Context, a Actor, id string, p role.Permission,
	fn func(*rosterdb.Queries, rosterdb.GetJoinLinkRow) (joinLinkChange, error)) (joinLinkChange, error) {
	var none joinLinkChange
	link, ok := publicid.Link.Parse(id)
	if !ok {
		return none, fault.Missing()
	}
	done, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (rosterdb.GetJoinLinkRow, []byte, error) {
		row, err := q.GetJoinLink(ctx, rosterdb.GetJoinLinkParams{Submission: a.trace.Submission, ActorID: a.person.ID, OrgID: a.org.ID, LinkID: link})
		if errors.Is(err, pgx.ErrNoRows) {
			return row, nil, fault.Missing()
		}
		return row, row.DoneBefore, err
	}, func(q *rosterdb.Queries, row rosterdb.GetJoinLinkRow) (joinLinkChange, bool, error) {
		actor := role.ParseAll(row.ActorRoles)
		switch {
		case row.ActorStatus != "active":
			return none, false, lostAccess(a)
		case !role.May(actor, p, role.Settings{MembersMayInvite: row.MembersMayInvite}):
			return none, false, notAllowed(actor, p)
		case !role.MayShareAs(actor, role.Role(row.Role)):
			return none, false, mayNotShareAs(actor, role.Role(row.Role))
		case row.WithdrawnAt != nil:
			return none, false, fault.New(fault.Conflict, "This link was withdrawn. Nothing was changed.")
		}
		change, err := fn(q, row)
		return change, true, err
	})
	return done, wrap("change a share link", err)
}

// ResetJoinLink gives a share link a new token and begins it anew, as the word of whoever resets it. The link before is
// dead at once, and says so.
func (r *Roster) ResetJoinLink(ctx context.Context, a Actor, id string) (JoinLink, string, error) {
	done, err := r.changeJoinLink(ctx, a, id, role.InvitationsCreate, func(q *rosterdb.Queries, row rosterdb.GetJoinLinkRow) (joinLinkChange, error) {
		var none joinLinkChange
		t, ends := newToken(a.org.ID), until(row.At, int(deref(row.Days)))
		if err := q.ReplaceJoinLinkTokens(ctx, a.org.ID, row.ID); err != nil {
			return none, err
		}
		if err := q.InsertJoinLinkToken(ctx, rosterdb.InsertJoinLinkTokenParams{OrgID: a.org.ID, Digest: t.digest, LinkID: row.ID}); err != nil {
			return none, err
		}
		if err := q.ResetJoinLink(ctx, rosterdb.ResetJoinLinkParams{LinkUntil: ends, MadeBy: a.person.ID, OrgID: a.org.ID, LinkID: row.ID}); err != nil {
			return none, err
		}
		_, err := a.author().write(ctx, q, entry{event: LinkReset, subjectKind: "link", subject: row.ID, name: role.Role(row.Role).Label(),
			before: facts{"used": row.Uses, "expires_at": row.ExpiresAt}, after: facts{"roles": []string{row.Role}, "used": 0, "expires_at": ends}})
		reset := ofJoinLink(row).shown(row.MembersMayInvite)
		reset.State, reset.Uses, reset.Expires, reset.Maker, reset.Reset = "open", 0, deref(ends), a.person.Name, row.At
		return joinLinkChange{reset, t.text}, err
	})
	return done.Link, done.token, err
}

// WithdrawJoinLink ends a share link for good. If it answered well, nobody joins by it later; what was asked by it before
// is still to be decided.
func (r *Roster) WithdrawJoinLink(ctx context.Context, a Actor, id string) (JoinLink, error) {
	done, err := r.changeJoinLink(ctx, a, id, role.InvitationsRevoke, func(q *rosterdb.Queries, row rosterdb.GetJoinLinkRow) (joinLinkChange, error) {
		if err := q.WithdrawJoinLink(ctx, a.org.ID, row.ID); err != nil {
			return joinLinkChange{}, err
		}
		_, err := a.author().write(ctx, q, entry{event: LinkWithdrawn, subjectKind: "link", subject: row.ID, name: role.Role(row.Role).Label(),
			before: facts{"used": row.Uses}, after: facts{"roles": []string{row.Role}}})
		withdrawn := ofJoinLink(row).shown(row.MembersMayInvite)
		withdrawn.State, withdrawn.Withdrawn = "withdrawn", row.At
		return joinLinkChange{Link: withdrawn}, err
	})
	return done.Link, err
}

// linkOf names the share link that a request came by.
func linkOf(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return publicid.Link.Of(*id)
}
