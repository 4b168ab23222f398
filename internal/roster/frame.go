package roster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"roster/db"
	"roster/db/rosterdb"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
)

// frameSize is how many organizations the switcher holds; beyond it one searches.
const frameSize = 50

// Enter finds who a person is in the organization of a slug, or of an id (org_…). Everybody who never was
// a member gets the same answer, whether the organization exists or not. The frame comes with every answer.
// With LostAccess comes an actor without any role, who may nothing: CameBefore can be asked about it.
func (r *Roster) Enter(ctx context.Context, person account.Person, slug string, trace account.Trace) (Entry, error) {
	var org *uuid.UUID
	if id, ok := publicid.Organization.Parse(slug); ok {
		org = &id
	}
	row, err := r.db.Door().Enter(ctx, rosterdb.EnterParams{UserID: person.ID, Slug: slug, Org: org})
	if err != nil {
		return Entry{}, wrap("enter an organization", err)
	}
	frame, err := r.readFrame(row.Organizations, row.Invitations)
	if err != nil {
		return Entry{}, err
	}
	entry := Entry{Frame: frame}
	if row.OrgID == uuid.Nil {
		return entry, fault.Missing()
	}
	entry.Actor = Actor{
		org: Organization{ID: row.OrgID, Name: row.OrgName, Slug: row.Slug, InvitationDays: int(row.InvitationDays),
			MembersMayInvite: row.MembersMayInvite, Members: int(row.MembersCount), OpenInvitations: int(row.OpenInvitations),
			OpenRequests: int(row.WaitingRequests)},
		person:     person,
		membership: row.MembershipID,
		trace:      trace,
	}
	if row.MembershipStatus != "active" || row.OrgStatus != "active" {
		return entry, &fault.Fault{Kind: fault.LostAccess, Subject: row.OrgName,
			Message: fmt.Sprintf("You no longer have access to %s.", row.OrgName)}
	}
	entry.Actor.roles, entry.Actor.onlyOwner = role.ParseAll(row.Roles), row.Owners == 1
	if slug != row.Slug {
		entry.Moved = row.Slug
	}
	return entry, nil
}

// Frame is what pages outside any organization show around them.
func (r *Roster) Frame(ctx context.Context, person uuid.UUID) (Frame, error) {
	row, err := r.db.Door().GetFrame(ctx, person)
	if err != nil {
		return Frame{}, wrap("read the frame", err)
	}
	return r.readFrame(row.Organizations, row.Invitations)
}

// How many of a person's organizations are listed, and among how many a search looks.
const (
	mineMax     = 200
	searchedMax = 5000
)

// MyOrganizations lists a person's organizations that match words of the name or slug, at most 200. They are folded here
// and not in the database, for nobody is in very many.
func (r *Roster) MyOrganizations(ctx context.Context, person uuid.UUID, query string) ([]MyOrganization, error) {
	words := account.SearchWords(clip(query))
	ask := rosterdb.MyOrganizationsParams{UserID: person, HowMany: mineMax}
	if len(words) > 0 {
		ask.HowMany = searchedMax
	}
	rows, err := r.db.Door().MyOrganizations(ctx, ask)
	if err != nil {
		return nil, wrap("list organizations", err)
	}
	mine := make([]MyOrganization, 0, min(len(rows), mineMax))
	for _, row := range rows {
		if len(mine) == mineMax {
			break
		}
		text := account.SearchText(row.OrgName, row.Slug)
		if slices.ContainsFunc(words, func(word []string) bool {
			return !slices.ContainsFunc(word, func(spelling string) bool { return strings.Contains(text, spelling) })
		}) {
			continue
		}
		mine = append(mine, MyOrganization{ID: row.OrgID, Slug: row.Slug, Name: row.OrgName, Role: role.Highest(role.ParseAll(row.Roles)),
			Suspended: row.MembershipStatus == "suspended", Closed: row.OrgStatus != "active"})
	}
	return mine, nil
}

func (r *Roster) readFrame(organizations, invitations []byte) (Frame, error) {
	var orgs []struct {
		OrgID            uuid.UUID `json:"org_id"`
		Slug             string    `json:"slug"`
		OrgName          string    `json:"org_name"`
		OrgStatus        string    `json:"org_status"`
		MembershipStatus string    `json:"membership_status"`
		Roles            []string  `json:"roles"`
	}
	var waiting []struct {
		InvitationID uuid.UUID `json:"invitation_id"`
		OrgID        uuid.UUID `json:"org_id"`
		OrgName      string    `json:"org_name"`
		Roles        []string  `json:"roles"`
		InviterName  string    `json:"inviter_name"`
	}
	if err := json.Unmarshal(organizations, &orgs); err != nil {
		return Frame{}, fmt.Errorf("read organizations: %w", err)
	}
	if err := json.Unmarshal(invitations, &waiting); err != nil {
		return Frame{}, fmt.Errorf("read invitations: %w", err)
	}
	var frame Frame
	for i, o := range orgs {
		if i == frameSize {
			frame.More = true
			break
		}
		frame.Organizations = append(frame.Organizations, MyOrganization{ID: o.OrgID, Slug: o.Slug, Name: o.OrgName,
			Role: role.Highest(role.ParseAll(o.Roles)), Suspended: o.MembershipStatus == "suspended", Closed: o.OrgStatus != "active"})
	}
	for _, i := range waiting {
		if !r.mails {
			break // only the link that was handed over leads in
		}
		frame.Invitations = append(frame.Invitations, MyInvitation{ID: publicid.Invitation.Of(i.InvitationID), OrgID: i.OrgID,
			OrgName: i.OrgName, Role: role.Highest(role.ParseAll(i.Roles)), Inviter: i.InviterName})
	}
	return frame, nil
}

// wrap says what was being done, and turns a database that is busy or cannot be reached into words for people.
// Faults pass through as they are.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := fault.As(err); ok {
		return err
	}
	if db.Unwritable(err) {
		return fmt.Errorf("%s: %w: %w", doing, fault.New(fault.ReadOnly, "Nothing can be changed at the moment."), err)
	}
	if db.Crowded(err) {
		return fmt.Errorf("%s: %w: %w", doing, fault.Busy("More is asked of it at once than it can do. Wait a few seconds, then try again."), err)
	}
	if db.Unreachable(err) {
		return fmt.Errorf("%s: %w: %w", doing, fault.New(fault.Unavailable, "Roster cannot reach its database. Come back in a moment."), err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
