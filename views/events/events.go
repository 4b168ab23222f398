// Package events tells the audit log in sentences: who did what to whom. Every page that shows an entry tells it with
// the words of this package, so that the same thing is never told in two ways.
package events

import (
	"strings"
	"time"

	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/ui"
)

// words is a sentence in pieces. Names stand out.
type words []piece

type piece struct {
	text   string
	strong bool
}

// Text is the sentence without emphasis, for what is read aloud.
func Text(e roster.Event) string { return tell(e, false).text() }

func (w words) text() string {
	var b strings.Builder
	for _, p := range w {
		b.WriteString(p.text)
	}
	return b.String()
}

// last is where the last of the pieces that stand out and read so is.
func (w words) last(text string) int {
	for i := len(w) - 1; i >= 0; i-- {
		if w[i].strong && w[i].text == text {
			return i
		}
	}
	return -1
}

// together tells what one press has done many times, the last of which is the entry.
func together(e roster.Event) words {
	members, people, invitations := ui.Plural(e.Alike, "member", "members"), ui.Plural(e.Alike, "person", "people"), ui.Plural(e.Alike, "invitation", "invitations")
	who := e.Actor
	if who == "" {
		who = "Roster"
	}
	undid := undoing(e)
	switch e.Name {
	case roster.RolesChanged:
		if undid {
			return say("*{}* undid the change of the roles of {}", who, members)
		}
		return say("*{}* gave {} the role *{}*", who, members, labels(e.After))
	case roster.MemberSuspended:
		if undid {
			return say("*{}* undid the suspension of {}", who, members)
		}
		return say("*{}* suspended {}", who, members)
	case roster.MemberReactivated:
		if undid {
			return say("*{}* undid reactivating {}", who, members)
		}
		return say("*{}* reactivated {}", who, members)
	case roster.MemberRemoved:
		return say("*{}* removed {}", who, members)
	case roster.MemberRestored:
		return say("*{}* undid the removal of {}", who, members)
	case roster.InvitationSent:
		return say("*{}* invited {}", who, people)
	case roster.InvitationSentAgain:
		return say("*{}* sent {} again", who, invitations)
	case roster.InvitationRevoked:
		return say("*{}* revoked {}", who, invitations)
	case roster.InvitationReopened:
		return say("*{}* opened {} again", who, invitations)
	case roster.InvitationTakenOver:
		return say("*{}* took over {}", who, invitations)
	}
	return append(tell(e, false), say(", and {} more like it", ui.Count(e.Alike-1))...)
}

// say makes a sentence of a pattern in which names and other emphasis stand between asterisks; the values
// are put in place of each {} in turn, so that a name with an asterisk in it is only a name.
func say(pattern string, values ...string) words {
	var w words
	for i, part := range strings.Split(pattern, "*") {
		var b strings.Builder
		for j, text := range strings.Split(part, "{}") {
			if j > 0 {
				b.WriteString(values[0])
				values = values[1:]
			}
			b.WriteString(text)
		}
		if b.Len() > 0 {
			w = append(w, piece{b.String(), i%2 == 1})
		}
	}
	return w
}

// invitationCount says how many invitations an entry is about.
func invitationCount(e roster.Event) string {
	n, _ := e.After["invitations"].(float64)
	return ui.Plural(int(n), "invitation", "invitations")
}

// tell makes the sentence. On a member's own page the member is not named again, nor whose invitation it was.
func tell(e roster.Event, own bool) words {
	who, whom, of := e.Actor, "*{}*", " of {}"
	if who == "" {
		who = "Roster"
	}
	names := []string{who, e.Subject}
	if own {
		of = ""
		if e.SubjectKind == "membership" {
			whom, names = "this member", names[:1]
		}
	}
	with := func(pattern string, more ...string) words { return say(pattern, append(names, more...)...) }
	from, to := labels(e.Before), labels(e.After)

	switch e.Name {
	case roster.OrganizationCreated:
		return say("*{}* created *{}*", who, e.Subject)
	case roster.OrganizationRestored:
		return say("*{}* was restored from a backup{}: what was done after it is gone. Check who is a member and in which role. "+
			"Open invitations and share links have ended; they can be sent again and reset", who, asOf(e.After))

	case roster.RolesChanged:
		of := " of *{}*"
		if own {
			of = ""
		}
		if undoing(e) {
			return with("*{}* undid the change of the role"+of+": back from {} to *{}*", from, to)
		}
		return with("*{}* changed the role"+of+" from {} to *{}*", from, to)
	case roster.MemberSuspended:
		if undoing(e) {
			return with("*{}* undid the suspension of " + whom)
		}
		return with("*{}* suspended " + whom)
	case roster.MemberReactivated:
		if undoing(e) {
			return with("*{}* undid reactivating " + whom)
		}
		return with("*{}* reactivated " + whom)
	case roster.MemberRemoved:
		return append(with("*{}* removed "+whom), invitationsOf(e)...)
	case roster.MemberRestored:
		return with("*{}* undid the removal of "+whom+", who is back as *{}*", to)
	case roster.MemberLeft:
		return append(say("*{}* left", who), invitationsOf(e)...)
	case roster.MemberJoined:
		switch {
		case e.After["through"] == "created":
			return say("*{}* became the first *{}*", who, to)
		case e.After["through"] == "link":
			return say("*{}* joined by a share link, as *{}*", who, to)
		case e.After["through"] == "request":
			return with("*{}* let in "+whom+", who had asked to join, as *{}*", to)
		case e.Before["status"] == "left", e.Before["status"] == "removed":
			return say("*{}* joined again by invitation, as *{}*", who, to)
		case e.After["handed_over"] == true:
			return say("*{}* joined by a copied link, as *{}*", who, to)
		}
		return say("*{}* joined by invitation, as *{}*", who, to)

	case roster.MembersExported:
		return say("*{}* exported {} of the list of members as {}", who, exportedRows(e.After), exportedAs(e.After))

	case roster.InvitationSent:
		if e.After["by"] == "copied" {
			return say("*{}* invited {} as *{}*, by a link to hand over", who, e.Subject, to)
		}
		return say("*{}* invited {} as *{}*", who, e.Subject, to)
	case roster.InvitationSentAgain:
		return say("*{}* sent the invitation"+of+" again", who, e.Subject)
	case roster.InvitationCorrected:
		was, _ := e.Before["email"].(string)
		return say("*{}* corrected the address of the invitation of {}: it goes to *{}*", who, was, e.Subject)
	case roster.InvitationReminded:
		return say("*{}* reminded {} of the invitation", who, e.Subject)
	case roster.InvitationsRevoked:
		return say("*{}* revoked {} together", who, invitationCount(e))
	case roster.InvitationLinkMade:
		return say("*{}* made a link to copy for the invitation"+of, who, e.Subject)
	case roster.InvitationRoleChanged:
		if undoing(e) {
			return say("*{}* undid the change of the role offered to {}: back from {} to *{}*", who, e.Subject, from, to)
		}
		return say("*{}* changed the role offered to {} from {} to *{}*", who, e.Subject, from, to)
	case roster.InvitationRevoked:
		return say("*{}* revoked the invitation"+of, who, e.Subject)
	case roster.InvitationReopened:
		if e.SubjectKind == "organization" {
			return say("*{}* undid revoking {} together", who, invitationCount(e))
		}
		return say("*{}* undid revoking the invitation"+of, who, e.Subject)
	case roster.InvitationTakenOver:
		return say("*{}* took over the invitation"+of, who, e.Subject)
	case roster.InvitationDeclined:
		return append(byInvitee(e, "declined"), blocked(e)...)
	case roster.InvitationReported:
		return append(byInvitee(e, "reported"), blocked(e)...)
	case roster.InvitationClosed:
		return append(byInvitee(e, "opened"), say(" and was a member already")...)
	case roster.InvitationAskedAgain:
		if other, _ := e.After["other"].(string); other != "" {
			return say("*{}* asked for a new invitation for {} in place of {}", who, other, e.Subject)
		}
		return say("*{}* asked for a new invitation", who)

	case roster.LinkMade:
		return say("*{}* made a share link that lets people join as *{}*", who, to)
	case roster.LinkReset:
		return say("*{}* reset the share link that lets people join as *{}*", who, to)
	case roster.LinkWithdrawn:
		return say("*{}* withdrew the share link that let people join as *{}*", who, to)
	case roster.RequestMade:
		if e.After["kind"] == "invite" {
			return say("*{}* asked to have {} invited", who, e.Subject)
		}
		return say("*{}* asked to join", who)
	case roster.RequestWithdrawn:
		return say("*{}* withdrew the request "+aboutRequest(e), who, e.Subject)
	case roster.RequestAccepted:
		return say("*{}* accepted the request "+aboutRequest(e)+", as *{}*", who, e.Subject, to)
	case roster.RequestDeclined:
		return say("*{}* declined the request "+aboutRequest(e), who, e.Subject)
	}
	return say("*{}*: {}, *{}*", who, e.Name, e.Subject) // written by a newer Roster
}

// undoing tells an entry that takes another one back. It keeps the whole state that it found, where the act
// itself keeps only what it changes; a status that ends where it began is its opposite undone.
func undoing(e roster.Event) bool {
	switch e.Name {
	case roster.RolesChanged:
		return e.Before["status"] != nil
	case roster.InvitationRoleChanged:
		return e.Before["state"] != nil
	case roster.MemberSuspended:
		return e.After["status"] == "active"
	case roster.MemberReactivated:
		return e.After["status"] == "suspended"
	}
	return false
}

// byInvitee names the address only where the person is known by another name.
func byInvitee(e roster.Event, did string) words {
	if e.Actor == e.Subject || e.Actor == "" {
		return say("*{}* "+did+" the invitation", e.Subject)
	}
	return say("*{}* "+did+" the invitation of {}", e.Actor, e.Subject)
}

// aboutRequest says what was asked for.
func aboutRequest(e roster.Event) string {
	if e.After["kind"] == "invite" {
		return "to invite {}"
	}
	return "of {} to join"
}

func blocked(e roster.Event) words {
	if e.After["blocked"] == true {
		return say(" and asked not to be invited again")
	}
	return nil
}

// invitationsOf says what became of the open invitations that somebody who left had sent.
func invitationsOf(e roster.Event) words {
	count := func(key string) int {
		ids, _ := e.Before[key].([]any)
		return len(ids)
	}
	were := func(n int, done string) words {
		return say("; " + ui.Plural(n, "invitation that they had sent was ", "invitations that they had sent were ") + done)
	}
	if n := count("revoked_invitations"); n > 0 {
		return were(n, "revoked")
	}
	if n := count("taken_over_invitations"); n > 0 {
		return were(n, "taken over")
	}
	return nil
}

// asOf says how old a backup is: " of 30 Nov 2026, 14:03 UTC".
func asOf(facts map[string]any) string {
	text, _ := facts["as_of"].(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return " of " + at.UTC().Format("2 Jan 2006, 15:04 UTC")
}

// exportedRows says how much was exported: "214 rows", "1 row".
func exportedRows(facts map[string]any) string {
	rows, _ := facts["rows"].(float64)
	return ui.Plural(int(rows), "row", "rows")
}

func exportedAs(facts map[string]any) string {
	format, _ := facts["format"].(string)
	return roster.Format(format).Label()
}

// roles reads the roles that an entry keeps.
func roles(facts map[string]any) []role.Role {
	list, _ := facts["roles"].([]any)
	names := make([]string, 0, len(list))
	for _, one := range list {
		if name, ok := one.(string); ok {
			names = append(names, name)
		}
	}
	return role.ParseAll(names)
}

// labels are the roles as people read them: "Member", "Admin and Viewer".
func labels(facts map[string]any) string {
	var list []string
	for _, r := range roles(facts) {
		list = append(list, r.Label())
	}
	if len(list) == 0 {
		return role.Role("").Label()
	}
	return ui.And(list)
}
