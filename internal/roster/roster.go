// Package roster is what people do inside an organization: a method per thing that they do. Each enters
// through a door of the database, reads authority anew under the organization's lock where memberships
// change, does the work, writes the audit entry and queues the letters in the same transaction, and
// returns a value or a fault.
package roster

import (
	"time"

	"github.com/google/uuid"

	"roster/db"
	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// Roster does what people ask for.
type Roster struct {
	db     *db.DB
	outbox *mail.Outbox
	// mails tells whether letters leave this installation. Without a mail server, links are copied by hand.
	mails bool
}

// New makes a Roster. Without a mail server (mails false) invitations come with a link to hand over.
func New(d *db.DB, outbox *mail.Outbox, mails bool) *Roster {
	return &Roster{db: d, outbox: outbox, mails: mails}
}

// Mails tells whether letters leave this installation.
func (r *Roster) Mails() bool { return r.mails }

// Actor is a person inside an organization. Holding one with a role is the proof of present membership: only
// Enter makes them, from one look at the database, for one request.
type Actor struct {
	org        Organization
	person     account.Person
	membership uuid.UUID
	roles      []role.Role
	onlyOwner  bool // the organization has one owner, no more
	trace      account.Trace
}

// Organization is what a page shows of the organization that it is about.
type Organization struct {
	ID               uuid.UUID
	Name             string
	Slug             string
	InvitationDays   int // how long an invitation is open unless chosen otherwise
	MembersMayInvite bool
	Members          int // active and suspended
	OpenInvitations  int // at most 100: more are not counted
	OpenRequests     int // that wait for the actor to decide; at most 100
}

// PublicID is the organization's id for URLs and forms (org_…).
func (o Organization) PublicID() string { return publicid.Organization.Of(o.ID) }

// Organization is where the actor is.
func (a Actor) Organization() Organization { return a.org }

// Person is who the actor is.
func (a Actor) Person() account.Person { return a.person }

// Membership is the actor's membership id for URLs (mem_…).
func (a Actor) Membership() string { return publicid.Membership.Of(a.membership) }

// Roles are the actor's, the highest first.
func (a Actor) Roles() []role.Role { return a.roles }

// Settings are the organization's choices that the rule book asks for.
func (a Actor) Settings() role.Settings {
	return role.Settings{MembersMayInvite: a.org.MembersMayInvite}
}

// May tells whether the actor holds a permission here.
func (a Actor) May(p role.Permission) bool { return role.May(a.roles, p, a.Settings()) }

// MyOrganization is an entry of a person's own list.
type MyOrganization struct {
	ID        uuid.UUID
	Slug      string
	Name      string
	Role      role.Role // the highest
	Suspended bool      // the membership is
	Closed    bool      // the organization is suspended or closing
}

// MyInvitation is an open invitation to a person's confirmed address.
type MyInvitation struct {
	ID      string // public id: /invitations/{id} opens it for this person
	OrgID   uuid.UUID
	OrgName string
	Role    role.Role
	Inviter string
}

// Frame is what every page of a logged-in person shows around it.
type Frame struct {
	Organizations []MyOrganization // at most 50
	More          bool             // there are more than shown
	Invitations   []MyInvitation
}

// Entry is the answer to entering an organization by what stands in the URL.
type Entry struct {
	Actor Actor
	Frame Frame
	// Moved is the present slug if the URL said an old one, or an id; else "".
	Moved string
}

// List asks for one page of the members.
type List struct {
	Search    string    // words; "" for all
	Role      role.Role // "" for every role
	Status    string    // "", "active", "suspended" or "pending"
	InvitedBy string    // mem_… of the inviter; "" for all
	Active    string    // last active within a "week", "month", "quarter"; "before" that, or "never"; "" whenever
	Sort      string    // "name" (default), "role", "joined" or "active"
	Down      bool      // from the end
	After     string    // cursor of the page before; "" for the first page
	Before    string    // cursor of the page after, to go back from; not together with After
}

// Filtered tells whether the list leaves anybody out.
func (l List) Filtered() bool {
	return l.Search != "" || l.Role != "" || l.Status != "" || l.InvitedBy != "" || l.Active != ""
}

// PageSize is how many rows a page of a list has.
const PageSize = 50

// Row is a line of the members list: a member, or an open invitation.
type Row struct {
	Invitation    bool
	ID            string // mem_… or inv_…
	PersonID      uuid.UUID
	Name          string // "" for an invitation
	Email         string
	Roles         []role.Role
	Status        string    // "active", "suspended", "pending"
	Since         time.Time // joined, or invited
	Inviter       string    // name, or ""
	JoinedThrough string    // "created", "invitation", "link" or "request"
	LastActive    time.Time // zero: never
	Expires       time.Time // of an invitation
	Delivery      string    // of an invitation
	You           bool
	OnlyOwner     bool // the organization's only owner: role, suspension and removal are locked
}

// Members is one page of the list.
type Members struct {
	Rows []Row
	Prev string // cursor to go back from; "" at the start
	Next string // cursor of the next page; "" at the end
}

// Member is one membership with its history.
type Member struct {
	Row
	InvitedAt       time.Time // zero: not invited
	InviterID       string    // mem_…, "" if none
	EndedAt         time.Time // zero: present
	Left            bool      // left by themselves
	Owners          int
	OpenInvitations int // that this person sent
	Invited         int // how many came by them, up to InvitedMax
	History         []Event
	More            string // cursor of older events; "" at the end
}

// Event is an audit entry as pages tell it.
type Event struct {
	ID          string // evt_…
	At          time.Time
	Name        string // "membership.role_changed", …
	Actor       string
	SubjectKind string
	Subject     string
	Member      string // mem_… whom it is about, if it is about a member
	Before      map[string]any
	After       map[string]any
	Alike       int  // how many like it the same press has done, this one with them
	Undoable    bool // by who looks, for now
}

// Change is the result of changing a member: the row as it is now, and the way back.
type Change struct {
	Row     Row
	Before  []role.Role
	Undo    string // evt_…: /orgs/{slug}/undo/{evt}; "" where nothing changed
	Changed bool
	Members int // of the organization after a removal
}

// Removal says what goes with removing somebody.
type Removal struct {
	Tell              bool // by e-mail
	RevokeInvitations bool // those they sent; else whoever removes them becomes the inviter
}

// Invitation is a line of the invitations list, and the page of one.
type Invitation struct {
	ID             string // inv_…
	Email          string
	Roles          []role.Role
	Message        string
	Inviter        string
	InviterID      string // mem_…, "" if none
	Created        time.Time
	Sent           time.Time
	Expires        time.Time
	State          string // "open", "expired", "accepted", "declined", "revoked"
	Delivery       string // "queued", "sent", "failed", "held", "copied", "none"
	DeliveryDetail string
	Decided        time.Time
	Asked          time.Time // when the invitee last asked for another one; zero: never
	JustSent       bool      // sent less than five minutes ago: not again yet
	StillOpen      int       // said by Revoke: how many the organization has open
}

// InvitationList asks for one page of the invitations.
type InvitationList struct {
	Show        string // one of InvitationFilters
	Undelivered bool   // only those whose letter came back
	Inviter     string // mem_… of who sent them; "" for all
	Search      string // by words of the address
	After       string // cursor of the page before; "" for the first page
	Before      string // cursor of the page after, to go back from
	Count       bool   // also say how many there are
}

// Filtered tells whether the list leaves out more than its choice of states does.
func (l InvitationList) Filtered() bool { return l.Undelivered || l.Inviter != "" || l.Search != "" }

// Invitations is one page of the list.
type Invitations struct {
	Rows     []Invitation
	Next     string
	Prev     string
	Matching int // with Count: how many the filters find, at most TogetherMax+1
}

// Invite is a filled-in invitation form.
type Invite struct {
	Addresses  string // as typed: any number of addresses in any notation, up to 500
	Role       string
	Days       int           // 1, 7 or 30; 0 for the organization's default
	Life       time.Duration // in place of Days: from an hour to 30 days
	Message    string
	Restore    bool // whoever was a member before is invited with the role they had, if it may be given
	Preview    bool // only say what would happen
	MayPreview bool // more than one address: preview first (the form itself; the preview's button says no)
}

// Verdict is what becomes, or became, of one address.
type Verdict struct {
	Raw     string // as it was typed
	Email   string
	Kind    string    // "ready", "corrected", "sent", "link", "shown", "member", "invited", "invalid", "twice", "blocked"
	Note    string    // a sentence, where there is something to say
	ID      string    // inv_… of the invitation made, or of the open one
	Member  string    // mem_… where it is a member already
	Was     role.Role // of a former member: the role they had, where it is another one and may be given
	Link    string    `json:"-"` // token to copy, shown once and kept nowhere, where no mail server is
	Expires time.Time
}

// Invited is the result of inviting.
type Invited struct {
	Verdicts  []Verdict
	Sent      int  // made
	Open      int  // invitations of the organization, with those made
	Previewed bool // nothing was made yet
}

// Situation is where an invitee stands (UX.md 11).
type Situation string

// The situations of the invitee's page.
const (
	SameAddress   Situation = "same_address"   // logged in with the invited address: join or decline
	ConfirmFirst  Situation = "confirm_first"  // as SameAddress, once a code has confirmed the address
	LogInFirst    Situation = "log_in_first"   // mailed link, the address has an account
	NoAccount     Situation = "no_account"     // mailed link, no account: create one and join
	CopiedLink    Situation = "copied_link"    // copied link, logged out: log in or sign up
	HandedOver    Situation = "handed_over"    // copied link without a mail server, logged out, no account yet or unknown: it proves the address
	OtherAddress  Situation = "other_address"  // logged in with another address
	Expired       Situation = "expired"        //
	Revoked       Situation = "revoked"        //
	Replaced      Situation = "replaced"       // a newer link was sent
	Used          Situation = "used"           // accepted by somebody else, or unknown to whom
	AlreadyMember Situation = "already_member" // the viewer is a member
	Declined      Situation = "declined"       // by the viewer's address; may still join
	CannotJoin    Situation = "cannot_join"    // organization closed, or the inviter may no longer give the role
)

// Offer is an invitation as its invitee sees it.
type Offer struct {
	Situation     Situation
	Token         string // as it stands in the URL
	OrgID         uuid.UUID
	OrgName       string
	OrgSlug       string
	Email         string // the invited address
	Roles         []role.Role
	Message       string
	Inviter       string
	InviterEmail  string
	Created       time.Time
	Expires       time.Time
	Decided       time.Time
	AskedToday    bool
	Mailed        bool        // the token came by e-mail
	Confirm       bool        // whoever joins confirms the invited address by a code first
	AccountExists bool        // told only for mailed tokens
	Viewer        string      // the logged-in person's address, or ""
	ViewerRoles   []role.Role // of a member
	Suspended     bool        // the viewer's membership is
	Why           string      // CannotJoin: a sentence
}

// Joined is the result of accepting.
type Joined struct {
	OrgSlug string
	OrgName string
	OrgID   uuid.UUID
	Role    role.Role
	Already bool // was a member before; the role stays
}

// Overview is what the organization's first page shows.
type Overview struct {
	Members         int
	OpenInvitations int
	Undelivered     int
	Waiting         int // requests that the actor may decide about; at most 100
	EverInvited     bool
	Events          []Event // empty without audit.read
	Ask             []Peer  // owners, and admins for whoever sees members: at most five; nobody for who sees the events
	Newest          []Peer  // who joined last, at most five, for whoever sees members and not the events
	InvitedBy       string  // who invited the person who looks; "" if nobody did
	Jobs            []Job   // of the person who looks: at work, or of the last day
}

// Peer is a member in a few words.
type Peer struct {
	ID       string // mem_…
	PersonID uuid.UUID
	Name     string
	Role     role.Role // of those to ask
	Joined   time.Time // of the newest
}

// NewOrganization is a filled-in form.
type NewOrganization struct {
	Name string
	Slug string
}

// SlugCheck is the answer while a slug is typed.
type SlugCheck struct {
	Slug        string
	Free        bool
	Problem     string   // a sentence, "" if free
	Suggestions []string // up to three that are free
}
