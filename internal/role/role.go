// Package role is the rule book: which roles there are, what each may do, and who may give or take which.
// It is pure: handlers ask it to refuse, pages ask it to explain, and no rule stands anywhere else.
package role

import "slices"

// Role is a built-in role. A membership has one or more; what it may do is the union.
type Role string

// The built-in roles, the highest first.
const (
	Owner  Role = "owner"
	Admin  Role = "admin"
	Member Role = "member"
	Viewer Role = "viewer"
	Guest  Role = "guest"
)

// All lists the roles by rank, the highest first.
var All = []Role{Owner, Admin, Member, Viewer, Guest}

// Permission is one thing that a route or a control asks for.
type Permission string

// The permissions of what exists; DESIGN.md 3 has the whole catalogue.
const (
	OrganizationRead  Permission = "organization.read"
	MembersRead       Permission = "members.read"
	MembersUpdateRole Permission = "members.update_roles"
	MembersSuspend    Permission = "members.suspend"
	MembersRemove     Permission = "members.remove"
	MembersExport     Permission = "members.export"
	InvitationsRead   Permission = "invitations.read"
	InvitationsCreate Permission = "invitations.create"
	InvitationsRevoke Permission = "invitations.revoke"
	RequestsDecide    Permission = "requests.decide"
	AuditRead         Permission = "audit.read"
)

var grants = map[Permission][]Role{
	OrganizationRead:  {Owner, Admin, Member, Viewer, Guest},
	MembersRead:       {Owner, Admin, Member, Viewer},
	MembersUpdateRole: {Owner, Admin},
	MembersSuspend:    {Owner, Admin},
	MembersRemove:     {Owner, Admin},
	MembersExport:     {Owner, Admin},
	InvitationsRead:   {Owner, Admin},
	InvitationsCreate: {Owner, Admin},
	InvitationsRevoke: {Owner, Admin},
	RequestsDecide:    {Owner, Admin},
	AuditRead:         {Owner, Admin},
}

// Settings are an organization's own choices that widen what a role may do.
type Settings struct {
	// MembersMayInvite lets the role Member see, send and revoke invitations, and decide about requests.
	MembersMayInvite bool
}

// Parse reads a role's name. Unknown names are refused, not guessed.
func Parse(s string) (Role, bool) {
	r := Role(s)
	return r, slices.Contains(All, r)
}

// ParseAll reads the roles of a row of the database, which holds no others.
func ParseAll(names []string) []Role {
	roles := make([]Role, 0, len(names))
	for _, name := range names {
		if r, ok := Parse(name); ok {
			roles = append(roles, r)
		}
	}
	return roles
}

// Names is the reverse of ParseAll.
func Names(roles []Role) []string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return names
}

// rank is 0 for the owner; a role that does not exist ranks below all.
func (r Role) rank() int {
	if i := slices.Index(All, r); i >= 0 {
		return i
	}
	return len(All)
}

// AtLeast tells whether r ranks as high as min, or higher.
func (r Role) AtLeast(min Role) bool { return r.rank() <= min.rank() && r.rank() < len(All) }

// Highest is the role of the highest rank, "" of none.
func Highest(roles []Role) Role {
	best := Role("")
	for _, r := range roles {
		if best == "" || r.rank() < best.rank() {
			best = r
		}
	}
	return best
}

// Weighty are the roles that manage people. Nobody joins with one before the invited address is confirmed: an invitation's
// link may have been forwarded.
var Weighty = []Role{Owner, Admin}

// IsWeighty tells whether one of these roles manages people.
func IsWeighty(roles []Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(Weighty, r) })
}

// May tells whether these roles together include a permission.
func May(roles []Role, p Permission, s Settings) bool {
	for _, r := range roles {
		if slices.Contains(grants[p], r) {
			return true
		}
		if s.MembersMayInvite && r == Member && (p == InvitationsRead || p == InvitationsCreate || p == InvitationsRevoke || p == RequestsDecide) {
			return true
		}
	}
	return false
}

// MayGrant tells whether somebody may give or take a role: owners every one, admins those below admin.
// Members who may invite give Member and below.
func MayGrant(actor []Role, r Role) bool {
	switch Highest(actor) {
	case Owner:
		return r.AtLeast(Guest)
	case Admin:
		return r.AtLeast(Guest) && !r.AtLeast(Admin)
	case Member:
		return r.AtLeast(Guest) && !r.AtLeast(Admin)
	}
	return false
}

// MayInviteAs is MayGrant without Owner, which no invitation carries.
func MayInviteAs(actor []Role, r Role) bool { return r != Owner && MayGrant(actor, r) }

// MayShareAs tells whether somebody may make a share link that lets people in with a role. Whoever holds the link may
// be anybody, so none makes an Admin.
func MayShareAs(actor []Role, r Role) bool { return !r.AtLeast(Admin) && MayGrant(actor, r) }

// Grantable lists what somebody may give, the highest first.
func Grantable(actor []Role) []Role {
	return slices.DeleteFunc(slices.Clone(All), func(r Role) bool { return !MayGrant(actor, r) })
}

// MayManage tells whether somebody may change, suspend or remove another person: owners everybody,
// admins those below admin.
func MayManage(actor, target []Role) bool {
	switch Highest(actor) {
	case Owner:
		return true
	case Admin:
		return !Highest(target).AtLeast(Admin)
	}
	return false
}

// MayTurn tells whether somebody may change a person's roles from one set to another. Of one's own roles
// one may give away, but never add a higher one.
func MayTurn(actor, from, to []Role, self bool) bool {
	if len(to) == 0 {
		return false
	}
	if self {
		return May(actor, MembersUpdateRole, Settings{}) && Highest(from).rank() <= Highest(to).rank()
	}
	if !MayManage(actor, from) {
		return false
	}
	for _, r := range to {
		if !MayGrant(actor, r) {
			return false
		}
	}
	return true
}

// AsksFirst tells whether a change of roles is confirmed before it is done: to or from Admin or Owner,
// and lowering oneself.
func AsksFirst(from, to []Role, self bool) bool {
	if self && Highest(to).rank() > Highest(from).rank() {
		return true
	}
	high := func(roles []Role) bool { return Highest(roles).AtLeast(Admin) }
	return (high(from) || high(to)) && Highest(from) != Highest(to)
}

// Label is the role's name as people read it.
func (r Role) Label() string {
	switch r {
	case Owner:
		return "Owner"
	case Admin:
		return "Admin"
	case Member:
		return "Member"
	case Viewer:
		return "Viewer"
	case Guest:
		return "Guest"
	}
	return "No role"
}

// WithArticle is the label as in "you are now an Admin".
func (r Role) WithArticle() string {
	if r == Owner || r == Admin {
		return "an " + r.Label()
	}
	return "a " + r.Label()
}

// Explain says in a clause what the role is for, after "can".
func (r Role) Explain() string {
	switch r {
	case Owner:
		return "do everything, and decide about the organization itself"
	case Admin:
		return "invite, suspend and remove people, and change their roles"
	case Member:
		return "see the other members, and invite people if the organization allows it"
	case Viewer:
		return "see the other members, and change nothing"
	case Guest:
		return "see what is shared with guests, not the other members"
	}
	return "do nothing"
}

// LastOwner says why the only owner's role is locked; the same words for leaving, suspending, removing.
const LastOwner = "%s must always have an owner. Make someone else an owner first."

// Label of a permission, as in "does not include “See members”".
func (p Permission) Label() string {
	switch p {
	case OrganizationRead:
		return "See the organization"
	case MembersRead:
		return "See members"
	case MembersUpdateRole:
		return "Change roles"
	case MembersSuspend:
		return "Suspend members"
	case MembersRemove:
		return "Remove members"
	case MembersExport:
		return "Export members"
	case InvitationsRead:
		return "See invitations"
	case InvitationsCreate:
		return "Invite people"
	case InvitationsRevoke:
		return "Revoke invitations"
	case RequestsDecide:
		return "Decide about requests"
	case AuditRead:
		return "See the audit log"
	}
	return string(p)
}

// Action of a permission, as in "You cannot see members".
func (p Permission) Action() string {
	switch p {
	case OrganizationRead:
		return "see the organization"
	case MembersRead:
		return "see members"
	case MembersUpdateRole:
		return "change roles"
	case MembersSuspend:
		return "suspend members"
	case MembersRemove:
		return "remove members"
	case MembersExport:
		return "export members"
	case InvitationsRead:
		return "see invitations"
	case InvitationsCreate:
		return "invite people"
	case InvitationsRevoke:
		return "revoke invitations"
	case RequestsDecide:
		return "decide about requests"
	case AuditRead:
		return "see the audit log"
	}
	return string(p)
}
