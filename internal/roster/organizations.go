package roster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"roster/db"
	"roster/db/rosterdb"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/human"
	"roster/internal/publicid"
	"roster/internal/role"
)

// Lengths of an organization's name and slug, in characters.
const (
	NameMax = 64
	SlugMin = 2
	SlugMax = 39
)

// How many organizations one person founds in 24 hours, and how many may stand at a time. The database holds everybody to
// it (door.create_organization).
const (
	foundedPerDay = 10
	foundedInAll  = 200
)

// reserved slugs mean something else in an address, or would pretend to.
var reserved = strings.Fields(`
	about abuse access account accounts activate admin administrator all api app apps assets auth billing blog bot
	callback check cdn config confirm contact console create dashboard delete demo dev docs download edit email error
	export favicon feed forgot ftp git global group groups health help home host http https id image images import index info
	internal invitation invitations invite invites invoice join legal livez local localhost log login logout mail me
	members metrics my new news nobody none notifications null oauth official operator org organization organizations orgs
	owner password payments people platform postmaster press pricing privacy profile public readyz register report
	reset robots role roles root roster saml scim search security server service session sessions settings setup sign-in
	signin signup sitemap smtp sso staff static status steps store sudo support switch system team teams tenant tenants terms
	test token tokens true undefined update upload url user users verify web webhook webhooks welcome well-known www you`)

// Words for a slug that cannot be.
const (
	slugForm  = "Use 2 to 39 small letters a–z, digits and single hyphens, like acme-robotics."
	slugTaken = "That address is taken."
)

// ProposeSlug makes an address out of a name: "Müller & Söhne" becomes "muller-sohne". It may be empty.
func ProposeSlug(name string) string {
	var b strings.Builder
	for _, c := range account.Fold(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case c == '\'' || c == '’':
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := b.String()
	if len(slug) > SlugMax {
		slug = slug[:SlugMax]
	}
	return strings.Trim(slug, "-")
}

func slugProblem(slug string) string {
	ok := len(slug) >= SlugMin && len(slug) <= SlugMax && !strings.HasPrefix(slug, "-") && !strings.HasSuffix(slug, "-") && !strings.Contains(slug, "--")
	for _, c := range slug {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	switch {
	case slug == "":
		return "Enter an address for the organization."
	case !ok:
		return slugForm
	case slices.Contains(reserved, slug):
		return fmt.Sprintf("“%s” is reserved. Choose another address.", slug)
	}
	return ""
}

// CheckName takes the name of an organization: one line, 1 to 64 characters, nothing invisible in it.
func CheckName(name string) (string, string) {
	name = norm.NFC.String(strings.Join(strings.Fields(name), " "))
	switch {
	case name == "":
		return name, "Enter a name for the organization."
	case len([]rune(name)) > NameMax:
		return name, fmt.Sprintf("Use at most %d characters.", NameMax)
	case strings.ContainsFunc(name, func(c rune) bool {
		return unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Co, unicode.Other_Default_Ignorable_Code_Point) || c == unicode.ReplacementChar
	}):
		return name, "Leave out control characters."
	case !strings.ContainsFunc(name, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }):
		return name, "Use at least one letter or digit."
	}
	return name, ""
}

// CheckSlug says whether an address is free, and which like it are. An empty one is proposed from the name.
func (r *Roster) CheckSlug(ctx context.Context, name, slug string) (SlugCheck, error) {
	slug = strings.ToLower(strings.TrimSpace(slug))
	if slug == "" {
		slug = ProposeSlug(name)
	}
	check := SlugCheck{Slug: slug, Problem: slugProblem(slug)}
	base := ProposeSlug(slug)
	if base == "" {
		base = ProposeSlug(name)
	}
	candidates := []string{slug}
	if base != "" {
		for _, end := range []string{"-team", "-hq", "-group", "-2", "-3", "-4"} {
			stem := base
			if len(stem)+len(end) > SlugMax {
				stem = strings.TrimRight(stem[:SlugMax-len(end)], "-")
			}
			candidates = append(candidates, stem+end)
		}
	}
	candidates = slices.DeleteFunc(candidates, func(s string) bool { return slugProblem(s) != "" })
	free, err := r.db.Door().FreeSlugs(ctx, candidates)
	if err != nil {
		return check, wrap("check an address", err)
	}
	check.Free = check.Problem == "" && slices.Contains(free, slug)
	if check.Free {
		return check, nil
	}
	for _, s := range free {
		if s != slug && len(check.Suggestions) < 3 {
			check.Suggestions = append(check.Suggestions, s)
		}
	}
	if check.Problem == "" {
		check.Problem = slugTaken
	}
	if len(check.Suggestions) > 0 && check.Problem == slugTaken {
		check.Problem += " Try " + check.Suggestions[0] + "."
	}
	return check, nil
}

// CreateOrganization founds an organization; whoever does is its owner. Sent twice, the form answers with
// the organization that it made.
func (r *Roster) CreateOrganization(ctx context.Context, person account.Person, form NewOrganization, trace account.Trace) (string, uuid.UUID, error) {
	name, problem := CheckName(form.Name)
	slug := strings.ToLower(strings.TrimSpace(form.Slug))
	if slug == "" {
		slug = ProposeSlug(name)
	}
	var wrong fault.Form
	if problem != "" {
		wrong.Add("name", problem)
	}
	if problem := slugProblem(slug); problem != "" && (slug != "" || wrong.Err() == nil) {
		wrong.Add("slug", problem)
	}
	if err := wrong.Err(); err != nil {
		return slug, uuid.Nil, err
	}
	id, membership := publicid.New(), publicid.New()
	made := uuid.Nil
	err := r.db.InOrg(ctx, id, func(q *rosterdb.Queries) error {
		var err error
		made, err = q.CreateOrganization(ctx, rosterdb.CreateOrganizationParams{OrgID: id, UserID: person.ID,
			MembershipID: membership, Name: name, Slug: slug, Submission: submitted(trace)})
		if err != nil || made != id { // the form came before
			return err
		}
		_, err = author{org: id, kind: "person", person: person.ID, name: person.Name, trace: trace}.write(ctx, q, entry{
			event: OrganizationCreated, subjectKind: "organization", subject: id, name: name, after: facts{"name": name, "slug": slug}})
		if err != nil {
			return err
		}
		_, err = author{org: id, kind: "person", person: person.ID, name: person.Name, trace: trace}.write(ctx, q, entry{
			event: MemberJoined, subjectKind: "membership", subject: membership, name: person.Name,
			after: facts{"roles": []role.Role{role.Owner}, "through": "created"}})
		return err
	})
	switch db.Constraint(err) {
	case "":
	case "organization_slugs_pkey": // CheckSlug says which are free
		wrong.Add("slug", slugTaken)
		return slug, uuid.Nil, wrong.Err()
	case "RO002":
		seconds, _ := strconv.Atoi(db.Detail(err)) // what cannot be read is soon
		wait := max(time.Duration(seconds)*time.Second, time.Minute)
		return slug, uuid.Nil, fault.Wait(fmt.Sprintf("You made %d organizations in the last 24 hours, which is as many as anybody can. You can make the next one in %s. Nothing was made.",
			foundedPerDay, human.Wait(wait)), wait)
	case "RO003":
		return slug, uuid.Nil, fault.New(fault.Conflict, fmt.Sprintf("You made %d organizations that are still there, which is as many as anybody can. Nothing was made.", foundedInAll))
	}
	if err != nil {
		return slug, uuid.Nil, wrap("create an organization", err)
	}
	return slug, made, nil
}

// Overview is what needs attention, and what happened last.
func (r *Roster) Overview(ctx context.Context, a Actor) (Overview, error) {
	row, err := r.db.Read(a.org.ID).GetOverview(ctx, rosterdb.GetOverviewParams{UserID: a.person.ID, WithEvents: a.May(role.AuditRead), WithNewest: a.May(role.MembersRead) && !a.May(role.AuditRead), OrgID: a.org.ID})
	if err != nil {
		return Overview{}, wrap("read the overview", err)
	}
	events, err := readEvents(row.Events)
	if err == nil && slices.ContainsFunc(events, func(e Event) bool { return e.Alike > 1 }) {
		events, err = r.latest(ctx, a)
	}
	if err != nil {
		return Overview{}, err
	}
	jobs, err := readJobs(row.Jobs)
	if err != nil {
		return Overview{}, err
	}
	ask, err := readPeers(row.Asked)
	if err != nil {
		return Overview{}, err
	}
	newest, err := readPeers(row.Newest)
	if err != nil {
		return Overview{}, err
	}
	view := Overview{Ask: ask, Newest: newest, InvitedBy: row.InvitedBy, Members: int(row.MembersCount), OpenInvitations: a.org.OpenInvitations, Waiting: a.org.OpenRequests, EverInvited: row.EverInvited, Events: events, Jobs: jobs}
	if a.May(role.InvitationsRead) {
		view.Undelivered = int(row.Undelivered)
	}
	return view, nil
}

// latest is what happened last, with what one request did alike as one.
func (r *Roster) latest(ctx context.Context, a Actor) ([]Event, error) {
	raw, err := r.db.Read(a.org.ID).ListLatest(ctx, a.person.ID, a.org.ID)
	if err != nil {
		return nil, wrap("read what happened last", err)
	}
	return readEvents(raw)
}

// readPeers reads members in a few words.
func readPeers(raw []byte) ([]Peer, error) {
	var rows []struct {
		ID       uuid.UUID `json:"id"`
		PersonID uuid.UUID `json:"user_id"`
		Name     string    `json:"name"`
		Role     role.Role `json:"role"`
		Joined   time.Time `json:"joined_at"`
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	peers := make([]Peer, len(rows))
	for i, row := range rows {
		peers[i] = Peer{publicid.Membership.Of(row.ID), row.PersonID, row.Name, row.Role, row.Joined}
	}
	return peers, nil
}

// Owners names at most five owners: whom to ask.
func (r *Roster) Owners(ctx context.Context, a Actor) ([]string, error) {
	rows, err := r.db.Read(a.org.ID).ListOwners(ctx, a.org.ID)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, wrap("list the owners", err)
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row.Name
	}
	return names, nil
}
