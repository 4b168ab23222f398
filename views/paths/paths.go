// Package paths spells every address of the site: one function per route, so that a page and the route
// table cannot drift apart. Slugs and identifiers come from the database and need no escaping; what people
// type goes into the query, escaped.
package paths

import (
	"net/url"
	"strings"
)

// The door, and what is nobody's in particular.
const (
	Home         = "/"
	LogIn        = "/login"
	LogOut       = "/logout"
	SignUp       = "/signup"
	Forgot       = "/forgot"
	Welcome      = "/welcome"
	Orgs         = "/orgs" // the list, and where a new one is posted
	NewOrg       = "/orgs/new"
	CheckSlug    = "/orgs/new/slug"
	Appearance   = "/account/appearance"
	Events       = "/events"
	Letters      = "/account/notifications"
	Live         = "/livez"
	Ready        = "/readyz"
	Health       = "/api/v1/health"
	DevMail      = "/dev/mail"
	Gallery      = "/dev/gallery"
	LoginLink    = "/login/link/"     // with a token behind it
	Confirm      = "/signup/confirm/" // with a token behind it
	ResetStart   = "/reset/"          // with a token behind it
	JoinStart    = "/join/"           // with a token behind it
	InvitesStart = "/invitations/"    // with a token behind it, or with inv_… for the person it is for
)

// LogInThen is the log-in page that goes on to a local path.
func LogInThen(next string) string { return With(LogIn, "next", next) }

// ConfirmSignUp is the page of a mailed confirmation.
func ConfirmSignUp(token string) string { return Confirm + token }

// Reset is the page for a new password.
func Reset(token string) string { return ResetStart + token }

// LogInByLink is the page of an operator's one-time link.
func LogInByLink(token string) string { return LoginLink + token }

// Offer is the invitee's page: by the token of a link, or by inv_… for the person whose address it names.
func Offer(token string) string { return InvitesStart + token }

// Accept joins.
func Accept(token string) string { return Offer(token) + "/accept" }

// Decline says no.
func Decline(token string) string { return Offer(token) + "/decline" }

// Renew asks for a new invitation.
func Renew(token string) string { return Offer(token) + "/renew" }

// Report stops an organization's invitations.
func Report(token string) string { return Offer(token) + "/report" }

// Org is the overview. It takes a slug; an id (org_…) is answered with the slug.
func Org(slug string) string { return Orgs + "/" + slug }

// OrgWelcome is the second step of onboarding: invite people.
func OrgWelcome(slug string) string { return Org(slug) + "/welcome" }

// Switch makes an organization the active one.
func Switch(slug string) string { return Org(slug) + "/switch" }

// Leave ends one's own membership.
func Leave(slug string) string { return Org(slug) + "/leave" }

// Undo takes a change back by its entry in the audit log.
func Undo(slug, evt string) string { return Org(slug) + "/undo/" + evt }

// Members is the list.
func Members(slug string) string { return Org(slug) + "/members" }

// MembersFile is the list as a file: "csv" or "json".
func MembersFile(slug, format string) string { return Members(slug) + "." + format }

// Exports is where a long list is asked for as a file, and where the form for it is posted.
func Exports(slug string) string { return Org(slug) + "/exports" }

// ExportedFile is a file that a job has written.
func ExportedFile(slug, job string) string { return Exports(slug) + "/" + job }

// Member is one person's membership.
func Member(slug, mem string) string { return Members(slug) + "/" + mem }

// Invited are those whom a member brought here.
func Invited(slug, mem string) string { return Member(slug, mem) + "/invited" }

// ChangeRole is the form and the change.
func ChangeRole(slug, mem string) string { return Member(slug, mem) + "/role" }

// Suspend is the confirmation and the change.
func Suspend(slug, mem string) string { return Member(slug, mem) + "/suspend" }

// Reactivate lifts a suspension.
func Reactivate(slug, mem string) string { return Member(slug, mem) + "/reactivate" }

// Remove is the confirmation and the change.
func Remove(slug, mem string) string { return Member(slug, mem) + "/remove" }

// Bulk is the confirmation of what is done to many members at once, and doing it.
func Bulk(slug string) string { return Members(slug) + "/bulk" }

// Invitations is the list with the form, and where the form is posted.
func Invitations(slug string) string { return Org(slug) + "/invitations" }

// Invitation is one of them.
func Invitation(slug, inv string) string { return Invitations(slug) + "/" + inv }

// SendAgain sends a new letter with a new link.
func SendAgain(slug, inv string) string { return Invitation(slug, inv) + "/send" }

// MakeLink makes a link to copy.
func MakeLink(slug, inv string) string { return Invitation(slug, inv) + "/link" }

// InvitationRole changes what an open invitation offers.
func InvitationRole(slug, inv string) string { return Invitation(slug, inv) + "/role" }

// Revoke withdraws an invitation.
func Revoke(slug, inv string) string { return Invitation(slug, inv) + "/revoke" }

// Imports is the form to bring a file of people to invite, and where it is posted.
func Imports(slug string) string { return Invitations(slug) + "/import" }

// ImportTemplate is an empty file to fill in.
func ImportTemplate(slug string) string { return Invitations(slug) + "/template.csv" }

// Import is one of them, before it is sent.
func Import(slug, imp string) string { return Imports(slug) + "/" + imp }

// ImportProblems are its rows that nothing is sent to, as a file.
func ImportProblems(slug, imp string) string { return Import(slug, imp) + "/problems.csv" }

// CorrectInvitation is the form for another address, and the change.
func CorrectInvitation(slug, inv string) string { return Invitation(slug, inv) + "/address" }

// InvitationsTogether asks about many invitations, and changes them.
func InvitationsTogether(slug string) string { return Org(slug) + "/bulk/invitations" }

// Job is long work: how far it is, and what became of it.
func Job(slug, job string) string { return Org(slug) + "/jobs/" + job }

// StopJob asks it to stop.
func StopJob(slug, job string) string { return Job(slug, job) + "/stop" }

// UndoJob takes back what it did.
func UndoJob(slug, job string) string { return Job(slug, job) + "/undo" }

// Join is the page of a share link, and where its form is posted.
func Join(token string) string { return JoinStart + token }

// WithdrawJoin takes back what was asked for by a share link.
func WithdrawJoin(token string) string { return Join(token) + "/withdraw" }

// JoinLinks is the list of share links with the form, and where the form is posted.
func JoinLinks(slug string) string { return Invitations(slug) + "/links" }

// JoinLink is one of them.
func JoinLink(slug, lnk string) string { return JoinLinks(slug) + "/" + lnk }

// ResetJoinLink gives it a new address.
func ResetJoinLink(slug, lnk string) string { return JoinLink(slug, lnk) + "/reset" }

// WithdrawJoinLink ends it.
func WithdrawJoinLink(slug, lnk string) string { return JoinLink(slug, lnk) + "/withdraw" }

// Requests is the list, and where a member asks to invite somebody.
func Requests(slug string) string { return Org(slug) + "/requests" }

// AskToInvite is the form of a member who may not invite.
func AskToInvite(slug string) string { return Requests(slug) + "/new" }

// Request is one of them.
func Request(slug, req string) string { return Requests(slug) + "/" + req }

// AcceptRequest lets somebody in, or invites whom a member asked for.
func AcceptRequest(slug, req string) string { return Request(slug, req) + "/accept" }

// DeclineRequest turns it down.
func DeclineRequest(slug, req string) string { return Request(slug, req) + "/decline" }

// WithdrawAsk takes it back, for who asked.
func WithdrawAsk(slug, req string) string { return Request(slug, req) + "/withdraw" }

// Letter is one letter of the development mailbox.
func Letter(id string) string { return DevMail + "/" + id }

// LetterHTML is its HTML alone.
func LetterHTML(id string) string { return Letter(id) + "/html" }

// MailTo is a link that writes to an address. It is escaped: the part before the @ may hold a question mark, and what
// stood behind it would be further recipients and words.
func MailTo(address string) string { return "mailto:" + url.PathEscape(address) }

// With adds a query to a path: pairs of name and value, those without a value left out.
func With(path string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(path)
	sep := byte('?')
	if strings.Contains(path, "?") {
		sep = '&'
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		b.WriteByte(sep)
		b.WriteString(url.QueryEscape(pairs[i]))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(pairs[i+1]))
		sep = '&'
	}
	return b.String()
}
