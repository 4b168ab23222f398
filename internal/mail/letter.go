package mail

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Secret is the part of a letter that opens something: the token of a link, or a code. It does not print, log or
// marshal itself; who needs it converts it to a string, and can be searched for.
type Secret string

// String keeps the secret.
func (Secret) String() string { return "[secret]" }

// GoString keeps the secret from %#v too.
func (Secret) GoString() string { return "[secret]" }

// LogValue keeps the secret out of logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalJSON refuses: a secret travels sealed or not at all.
func (Secret) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a secret is not written as JSON")
}

// Kind names a kind of letter, in jobs and in what is told about them.
type Kind string

// The letters that Roster writes.
const (
	KindInvitation           Kind = "invitation"
	KindAddressCode          Kind = "address_code"
	KindRoleChanged          Kind = "role_changed"
	KindRemoved              Kind = "removed"
	KindInvitationAccepted   Kind = "invitation_accepted"
	KindInvitationDeclined   Kind = "invitation_declined"
	KindInvitationAskedAgain Kind = "invitation_asked_again"
	KindInvitationReminder   Kind = "invitation_reminder"
	KindInvitationExpired    Kind = "invitation_expired"
	KindInvitationBounced    Kind = "invitation_bounced"
	KindRequestMade          Kind = "request_made"
	KindRequestAccepted      Kind = "request_accepted"
	KindRequestDeclined      Kind = "request_declined"
	KindConfirmAddress       Kind = "confirm_address"
	KindAlreadyRegistered    Kind = "already_registered"
	KindResetPassword        Kind = "reset_password"
	KindPasswordChanged      Kind = "password_changed"
	KindJobEnded             Kind = "job_ended"
)

// Choices are the letters about one's own invitations, which a person may turn off.
var Choices = []Kind{KindInvitationAccepted, KindInvitationDeclined, KindInvitationExpired, KindInvitationBounced}

// Letter is one of the structs below, by value. Their fields are what people typed and what the database knows: words,
// links and dates are made when the letter is rendered. They are kept as JSON in jobs that may be sent by a newer
// Roster, so a field is never renamed, and a new one may be missing.
type Letter interface {
	Kind() Kind
	// envelope is what delivery has to know about a letter without reading it.
	envelope() envelope
	// cleaned is the letter with everything in it that people chose made fit to be read by strangers.
	cleaned() Letter
}

type envelope struct {
	to string
	// inOrg says that the letter belongs to an organization, org is that organization's ID.
	inOrg bool
	org   string
	// secret opens what subject names, until expires. All three are empty in letters that only tell something.
	sealed  bool
	secret  Secret
	subject string
	expires time.Time
	// sending counts the letters of one subject, each of which replaces the one before.
	sending int
	// by is who has it sent, and network where they were: what a person sends is counted in all their organizations together.
	by, network string
}

// Organization is the one that a letter is sent for.
type Organization struct {
	ID   string // UUID
	Name string
	Slug string
}

// Person is somebody whom a letter names.
type Person struct {
	Name, Email string
}

// Invitation asks somebody to join an organization. It shows what they would join as, and for whom.
type Invitation struct {
	To           string
	Organization Organization
	Inviter      Person
	ID           string // UUID of the invitation: what the token is sealed to, and what delivery is reported for
	Role         string // its label, "Member"
	Explanation  string // what the role can do, a clause: "you can see the other members"
	Message      string
	Expires      time.Time
	Sending      int    // which letter of this invitation it is, from 1; 0 where they were not counted
	By           string `json:"-"` // UUID of the inviter
	Network      string `json:"-"` // digest of the network that they sent it from
	Token        Secret `json:"-"`
}

// InvitationReminder asks once more, shortly before the invitation ends. Its link works beside the first one.
type InvitationReminder struct {
	To           string
	Organization Organization
	Inviter      Person
	ID           string // UUID of the invitation
	Role         string
	Explanation  string
	Expires      time.Time
	Sending      int
	Token        Secret `json:"-"`
}

// ExpiredInvitation is one that nobody accepted in time.
type ExpiredInvitation struct {
	Email, Role string
	Invitation  string // public ID, "inv_…"
}

// InvitationExpired tells the inviter once a day which invitations ended without an answer.
type InvitationExpired struct {
	To           string
	Organization Organization
	Invitations  []ExpiredInvitation
	More         int // those that are not named
}

// InvitationBounced tells the inviter that the letter of an invitation does not arrive.
type InvitationBounced struct {
	To           string
	Organization Organization
	Email, Role  string
	Why          string // a clause
	Invitation   string // public ID, "inv_…"
	At           time.Time
}

// AddressCode carries the code by which somebody who was invited confirms that the address is theirs. It is a letter of
// their account: they wait for it.
type AddressCode struct {
	To           string
	Organization Organization
	ID           string // UUID of what the code belongs to
	Expires      time.Time
	Code         Secret `json:"-"`
}

// RoleChanged tells somebody that they may do other things now.
type RoleChanged struct {
	To           string
	Organization Organization
	From, Role   string
	By           Person
	At           time.Time
	News         []string // what they can do now and could not before, each a clause: "invite people"
	Explanation  string   // what the role can do, for when nothing is new
}

// Removed tells somebody that they are no longer in an organization. The reason is told only if it was written for them.
type Removed struct {
	To           string
	Organization Organization
	By           Person // empty unless the organization shows it
	At           time.Time
	Ask          Person // whom to ask
	Note         string
}

// InvitationAccepted tells the inviter that somebody joined.
type InvitationAccepted struct {
	To           string
	Organization Organization
	Who          Person
	Invited      string // the invited address, if they joined with another
	Role         string
	Member       string // public ID of the membership, "mem_…"
	At           time.Time
}

// InvitationDeclined tells the inviter that somebody will not join.
type InvitationDeclined struct {
	To           string
	Organization Organization
	Email, Role  string
	At           time.Time
	Blocked      bool // they asked for no more invitations from the organization
}

// InvitationAskedAgain tells the inviter that somebody whose invitation did not serve asks for another.
type InvitationAskedAgain struct {
	To           string
	Organization Organization
	Email, Role  string
	Other        string    // the address they would like to be invited with instead
	Invitation   string    // public ID, "inv_…"
	Expired      time.Time // when the invitation ran out, if it did
	At           time.Time
}

// RequestMade tells somebody who may decide that somebody asks to join, or to have somebody invited. Why is for the page.
type RequestMade struct {
	To           string
	Organization Organization
	Who          Person
	Invite       string // the address that they ask to invite; empty if they ask to join
	Request      string // public ID, "req_…"
	At, Until    time.Time
}

// RequestAccepted tells somebody who asked to join that they are in.
type RequestAccepted struct {
	To           string
	Organization Organization
	Role         string
	Explanation  string // what the role can do, a clause
	At           time.Time
}

// RequestDeclined tells somebody that what they asked for is not given. The reason was written for them.
type RequestDeclined struct {
	To           string
	Organization Organization
	Invite       string // the address that they asked to invite; empty if they asked to join
	Reason       string
	At           time.Time
}

// ConfirmAddress carries the link that finishes a sign-up.
type ConfirmAddress struct {
	To, Name string
	ID       string // UUID of the sign-up
	Asked    string // where it was asked from: "Firefox on macOS"
	Expires  time.Time
	Token    Secret `json:"-"`
}

// AlreadyRegistered tells somebody who signed up, or in whose name it was tried, that they have an account. The page
// that asked says the same to everybody.
type AlreadyRegistered struct {
	To, Name string
	Asked    string
	At       time.Time
}

// ResetPassword carries the link behind which a new password is chosen.
type ResetPassword struct {
	To, Name string
	ID       string // UUID of the account or of the token
	Asked    string
	Expires  time.Time
	Token    Secret `json:"-"`
}

// PasswordChanged tells the account's owner that its password is another one.
type PasswordChanged struct {
	To, Name string
	Asked    string
	At       time.Time
}

// JobEnded tells whoever started a long piece of work what became of it.
type JobEnded struct {
	To           string
	Organization Organization
	Job          string // public ID, "job_…"
	Title        string // what it was: "Suspend 120 members"
	Text         string // what became of it: "118 suspended, 2 skipped"
	Stopped      bool   // before it was done
	At           time.Time
}

// Kind is KindInvitation.
func (Invitation) Kind() Kind { return KindInvitation }

// Kind is KindAddressCode.
func (AddressCode) Kind() Kind { return KindAddressCode }

// Kind is KindRoleChanged.
func (RoleChanged) Kind() Kind { return KindRoleChanged }

// Kind is KindRemoved.
func (Removed) Kind() Kind { return KindRemoved }

// Kind is KindInvitationAccepted.
func (InvitationAccepted) Kind() Kind { return KindInvitationAccepted }

// Kind is KindInvitationDeclined.
func (InvitationDeclined) Kind() Kind { return KindInvitationDeclined }

// Kind is KindInvitationAskedAgain.
func (InvitationAskedAgain) Kind() Kind { return KindInvitationAskedAgain }

// Kind is KindInvitationReminder.
func (InvitationReminder) Kind() Kind { return KindInvitationReminder }

// Kind is KindInvitationExpired.
func (InvitationExpired) Kind() Kind { return KindInvitationExpired }

// Kind is KindInvitationBounced.
func (InvitationBounced) Kind() Kind { return KindInvitationBounced }

// Kind is KindRequestMade.
func (RequestMade) Kind() Kind { return KindRequestMade }

// Kind is KindRequestAccepted.
func (RequestAccepted) Kind() Kind { return KindRequestAccepted }

// Kind is KindRequestDeclined.
func (RequestDeclined) Kind() Kind { return KindRequestDeclined }

// Kind is KindConfirmAddress.
func (ConfirmAddress) Kind() Kind { return KindConfirmAddress }

// Kind is KindAlreadyRegistered.
func (AlreadyRegistered) Kind() Kind { return KindAlreadyRegistered }

// Kind is KindResetPassword.
func (ResetPassword) Kind() Kind { return KindResetPassword }

// Kind is KindPasswordChanged.
func (PasswordChanged) Kind() Kind { return KindPasswordChanged }

// Kind is KindJobEnded.
func (JobEnded) Kind() Kind { return KindJobEnded }

func (l Invitation) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID, sealed: true, secret: l.Token, subject: l.ID, expires: l.Expires, sending: l.Sending, by: l.By, network: l.Network}
}

func (l InvitationReminder) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID, sealed: true, secret: l.Token, subject: l.ID, expires: l.Expires, sending: l.Sending}
}

func (l InvitationExpired) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l InvitationBounced) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l AddressCode) envelope() envelope {
	return envelope{to: l.To, sealed: true, secret: l.Code, subject: l.ID, expires: l.Expires}
}

func (l RoleChanged) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l Removed) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l InvitationAccepted) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l InvitationDeclined) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l InvitationAskedAgain) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l RequestMade) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l RequestAccepted) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l RequestDeclined) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

func (l ConfirmAddress) envelope() envelope {
	return envelope{to: l.To, sealed: true, secret: l.Token, subject: l.ID, expires: l.Expires}
}

func (l AlreadyRegistered) envelope() envelope { return envelope{to: l.To} }

func (l ResetPassword) envelope() envelope {
	return envelope{to: l.To, sealed: true, secret: l.Token, subject: l.ID, expires: l.Expires}
}

func (l PasswordChanged) envelope() envelope { return envelope{to: l.To} }

func (l JobEnded) envelope() envelope {
	return envelope{to: l.To, inOrg: true, org: l.Organization.ID}
}

// Cleaned is the letter with everything in it that people chose made fit to be read by strangers: names on one line
// and without web addresses, the inviter's message as plain text. Whoever renders a letter renders this.
func Cleaned(l Letter) Letter { return l.cleaned() }

// The longest names and words that a letter shows, in characters.
const (
	nameMax   = 80
	labelMax  = 60
	clauseMax = 300
)

func (l Invitation) cleaned() Letter {
	l.To, l.Organization, l.Inviter = cleanAddress(l.To), l.Organization.cleaned(), l.Inviter.cleaned()
	l.Role, l.Explanation, l.Message = Clean(l.Role, labelMax), Clean(l.Explanation, clauseMax), cleanMessage(l.Message)
	return l
}

func (l AddressCode) cleaned() Letter {
	l.To, l.Organization = cleanAddress(l.To), l.Organization.cleaned()
	return l
}

func (l RoleChanged) cleaned() Letter {
	l.To, l.Organization, l.By = cleanAddress(l.To), l.Organization.cleaned(), l.By.cleaned()
	l.From, l.Role, l.Explanation = Clean(l.From, labelMax), Clean(l.Role, labelMax), Clean(l.Explanation, clauseMax)
	var news []string
	for _, clause := range l.News {
		if clause = Clean(clause, clauseMax); clause != "" {
			news = append(news, clause)
		}
	}
	l.News = news
	return l
}

func (l Removed) cleaned() Letter {
	l.To, l.Organization, l.By, l.Ask = cleanAddress(l.To), l.Organization.cleaned(), l.By.cleaned(), l.Ask.cleaned()
	l.Note = cleanMessage(l.Note)
	return l
}

func (l InvitationAccepted) cleaned() Letter {
	l.To, l.Organization, l.Who = cleanAddress(l.To), l.Organization.cleaned(), l.Who.cleaned()
	l.Invited, l.Role = cleanAddress(l.Invited), Clean(l.Role, labelMax)
	return l
}

func (l InvitationDeclined) cleaned() Letter {
	l.To, l.Organization = cleanAddress(l.To), l.Organization.cleaned()
	l.Email, l.Role = cleanAddress(l.Email), Clean(l.Role, labelMax)
	return l
}

func (l InvitationAskedAgain) cleaned() Letter {
	l.To, l.Organization = cleanAddress(l.To), l.Organization.cleaned()
	l.Email, l.Other, l.Role = cleanAddress(l.Email), cleanAddress(l.Other), Clean(l.Role, labelMax)
	return l
}

func (l InvitationReminder) cleaned() Letter {
	l.To, l.Organization, l.Inviter = cleanAddress(l.To), l.Organization.cleaned(), l.Inviter.cleaned()
	l.Role, l.Explanation = Clean(l.Role, labelMax), Clean(l.Explanation, clauseMax)
	return l
}

func (l InvitationExpired) cleaned() Letter {
	l.To, l.Organization = cleanAddress(l.To), l.Organization.cleaned()
	var all []ExpiredInvitation
	for _, i := range l.Invitations {
		all = append(all, ExpiredInvitation{Email: cleanAddress(i.Email), Role: Clean(i.Role, labelMax), Invitation: i.Invitation})
	}
	l.Invitations = all
	return l
}

func (l InvitationBounced) cleaned() Letter {
	l.To, l.Organization = cleanAddress(l.To), l.Organization.cleaned()
	l.Email, l.Role, l.Why = cleanAddress(l.Email), Clean(l.Role, labelMax), Clean(l.Why, clauseMax)
	return l
}

func (l RequestMade) cleaned() Letter {
	l.To, l.Organization, l.Who, l.Invite = cleanAddress(l.To), l.Organization.cleaned(), l.Who.cleaned(), cleanAddress(l.Invite)
	return l
}

func (l RequestAccepted) cleaned() Letter {
	l.To, l.Organization = cleanAddress(l.To), l.Organization.cleaned()
	l.Role, l.Explanation = Clean(l.Role, labelMax), Clean(l.Explanation, clauseMax)
	return l
}

func (l RequestDeclined) cleaned() Letter {
	l.To, l.Organization, l.Invite = cleanAddress(l.To), l.Organization.cleaned(), cleanAddress(l.Invite)
	l.Reason = cleanMessage(l.Reason)
	return l
}

func (l ConfirmAddress) cleaned() Letter {
	l.To, l.Name, l.Asked = cleanAddress(l.To), Clean(l.Name, nameMax), Clean(l.Asked, labelMax)
	return l
}

func (l AlreadyRegistered) cleaned() Letter {
	l.To, l.Name, l.Asked = cleanAddress(l.To), Clean(l.Name, nameMax), Clean(l.Asked, labelMax)
	return l
}

func (l ResetPassword) cleaned() Letter {
	l.To, l.Name, l.Asked = cleanAddress(l.To), Clean(l.Name, nameMax), Clean(l.Asked, labelMax)
	return l
}

func (l PasswordChanged) cleaned() Letter {
	l.To, l.Name, l.Asked = cleanAddress(l.To), Clean(l.Name, nameMax), Clean(l.Asked, labelMax)
	return l
}

func (l JobEnded) cleaned() Letter {
	l.To, l.Organization = cleanAddress(l.To), l.Organization.cleaned()
	l.Title, l.Text = Clean(l.Title, labelMax), Clean(l.Text, clauseMax)
	return l
}

func (o Organization) cleaned() Organization {
	if o.Name = Clean(o.Name, nameMax); o.Name == "" {
		o.Name = "an organization"
	}
	return o
}

func (p Person) cleaned() Person {
	p.Name, p.Email = Clean(p.Name, nameMax), cleanAddress(p.Email)
	return p
}

// cleanAddress shows an address as it was typed, and nothing where there is none.
func cleanAddress(s string) string {
	a, err := ParseKnown(s)
	if err != nil {
		return ""
	}
	return a.Typed
}

// withSecret is the letter with its secret, which JSON does not carry.
func withSecret(l Letter, secret Secret) Letter {
	switch l := l.(type) {
	case Invitation:
		l.Token = secret
		return l
	case InvitationReminder:
		l.Token = secret
		return l
	case AddressCode:
		l.Code = secret
		return l
	case ConfirmAddress:
		l.Token = secret
		return l
	case ResetPassword:
		l.Token = secret
		return l
	}
	return l
}

// readers read a letter of each kind from a job.
var readers = map[Kind]func(data []byte) (Letter, error){
	KindInvitation:           read[Invitation],
	KindAddressCode:          read[AddressCode],
	KindRoleChanged:          read[RoleChanged],
	KindRemoved:              read[Removed],
	KindInvitationAccepted:   read[InvitationAccepted],
	KindInvitationDeclined:   read[InvitationDeclined],
	KindInvitationAskedAgain: read[InvitationAskedAgain],
	KindInvitationReminder:   read[InvitationReminder],
	KindInvitationExpired:    read[InvitationExpired],
	KindInvitationBounced:    read[InvitationBounced],
	KindRequestMade:          read[RequestMade],
	KindRequestAccepted:      read[RequestAccepted],
	KindRequestDeclined:      read[RequestDeclined],
	KindConfirmAddress:       read[ConfirmAddress],
	KindAlreadyRegistered:    read[AlreadyRegistered],
	KindResetPassword:        read[ResetPassword],
	KindPasswordChanged:      read[PasswordChanged],
	KindJobEnded:             read[JobEnded],
}

func read[L Letter](data []byte) (Letter, error) {
	var l L
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("read letter: %w", err)
	}
	return l, nil
}
