package web_test

import (
	"fmt"

	"github.com/google/uuid"

	"roster/internal/account"
	"roster/internal/publicid"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/views/paths"
)

// shared is a new share link of an organization: its id, and its token.
func (l *law) shared(slug string, approval bool) (id, token string) {
	l.t.Helper()
	l.fewLinks()
	owner := l.Ann
	if slug == rostertest.Other {
		owner = l.Zoe
	}
	link, token, err := l.Roster.MakeJoinLink(l.t.Context(), l.As(l.t, owner, slug), roster.NewJoinLink{Role: "viewer", Days: "0", NeedsApproval: approval})
	if err != nil {
		l.t.Fatal(err)
	}
	return link.ID, token
}

// fewLinks withdraws share links that were made long ago: an organization has twenty at most.
func (l *law) fewLinks() {
	l.t.Helper()
	l.SQL(l.t, `UPDATE roster.join_links SET withdrawn_at = now() WHERE withdrawn_at IS NULL AND id IN (SELECT id FROM roster.join_links WHERE withdrawn_at IS NULL ORDER BY made_at DESC OFFSET 8)`)
}

// requested is a new request in an organization: of somebody who would join, or of a member who asks to invite.
func (l *law) requested(slug string, by *account.Person) string {
	l.t.Helper()
	l.made++
	kind, who, id := "invite", account.Person{}, publicid.New()
	address := fmt.Sprintf("asked%d@elsewhere.example", l.made)
	if by == nil {
		kind, who = "join", l.Person(l.t, fmt.Sprintf("Asker %d", l.made), address)
	} else {
		who = *by
	}
	l.SQL(l.t, `INSERT INTO roster.join_requests (org_id, id, kind, user_id, asker, asker_email, email, email_norm, role)
		SELECT s.org_id, $2, $3, $4, $5, $6, $7, $7, 'member' FROM roster.organization_slugs s WHERE s.slug = $1`, slug, id, kind, who.ID, who.Name, who.Email, address)
	return publicid.Request.Of(id)
}

// newcomer is somebody with an account who is in no organization.
func (l *law) newcomer() account.Person {
	l.t.Helper()
	l.made++
	return l.Person(l.t, fmt.Sprintf("Newcomer %d", l.made), fmt.Sprintf("newcomer%d@elsewhere.example", l.made))
}

// asJoiner is somebody with a share link of Acme.
func asJoiner(approval bool, act func(l *law, who account.Person, token string) aim) func(*law) (account.Person, aim) {
	return func(l *law) (account.Person, aim) {
		l.t.Helper()
		who := l.newcomer()
		_, token := l.shared(rostertest.Acme, approval)
		return who, act(l, who, token)
	}
}

// waitingFor has somebody ask to join by a link.
func (l *law) waitingFor(who account.Person, token string) {
	l.t.Helper()
	trace := rostertest.Trace()
	trace.Submission = uuid.New()
	if err := l.Roster.AskToJoin(l.t.Context(), who, token, "", trace); err != nil {
		l.t.Fatal(err)
	}
}

// joinPresses are the presses of share links and requests.
func init() {
	for line, prepare := range map[string]func(l *law) press{
		"POST /orgs/:org/invitations/links": func(l *law) press {
			l.fewLinks()
			return press{by: l.Ann, from: paths.JoinLinks("acme"), form: paths.JoinLinks("acme"), secret: true}
		},
		"POST /orgs/:org/invitations/links/:lnk/reset": func(l *law) press {
			id, _ := l.shared("acme", false)
			return press{by: l.Ben, from: paths.JoinLink("acme", id), form: paths.ResetJoinLink("acme", id), secret: true}
		},
		"POST /orgs/:org/invitations/links/:lnk/withdraw": func(l *law) press {
			id, _ := l.shared("acme", false)
			return press{by: l.Ann, from: paths.JoinLink("acme", id), form: paths.WithdrawJoinLink("acme", id)}
		},
		"POST /orgs/:org/requests": func(l *law) press {
			return press{by: l.Cem, from: paths.Members("acme"), form: paths.Requests("acme"), fill: set("email", l.unused())}
		},
		"POST /orgs/:org/requests/:req/accept": func(l *law) press {
			return press{by: l.Ann, from: paths.Requests("acme"), form: paths.AcceptRequest("acme", l.requested("acme", nil)), fill: set("role", "guest")}
		},
		"POST /orgs/:org/requests/:req/accept to invite": func(l *law) press {
			return press{by: l.Ben, from: paths.Requests("acme"), form: paths.AcceptRequest("acme", l.requested("acme", &l.Cem))}
		},
		"POST /orgs/:org/requests/:req/decline": func(l *law) press {
			return press{by: l.Ann, from: paths.Requests("acme"), form: paths.DeclineRequest("acme", l.requested("acme", nil))}
		},
		"POST /orgs/:org/requests/:req/withdraw": func(l *law) press {
			return press{by: l.Vic, from: paths.AskToInvite("acme"), form: paths.WithdrawAsk("acme", l.requested("acme", &l.Vic))}
		},
		"POST /join/:token": func(l *law) press {
			who := l.newcomer()
			_, token := l.shared("acme", false)
			return press{by: who, from: paths.Join(token), form: paths.Join(token)}
		},
		"POST /join/:token to ask": func(l *law) press {
			who := l.newcomer()
			_, token := l.shared("acme", true)
			return press{by: who, from: paths.Join(token), form: paths.Join(token), fill: set("note", "From the depot.")}
		},
		"POST /join/:token/withdraw": func(l *law) press {
			who := l.newcomer()
			_, token := l.shared("acme", true)
			l.waitingFor(who, token)
			return press{by: who, from: paths.Join(token), form: paths.WithdrawJoin(token)}
		},
	} {
		presses[line] = prepare
	}
}
