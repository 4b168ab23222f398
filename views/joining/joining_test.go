package joining

import (
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"roster/internal/golden"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/ui"
)

var now = time.Date(2026, 3, 17, 9, 41, 0, 0, time.UTC)

const day = 24 * time.Hour

func place() Place {
	return Place{Slug: "acme", OrgName: "Acme Robotics", Roles: []role.Role{role.Owner}, MayInvite: true, MayRevoke: true, MayDecide: true, SeesNames: true, SeesOpen: true,
		Members: 248, Open: 6, Waiting: 3, Mails: true, Origin: "https://roster.example", Org: "org_acme", Person: "mark", Now: now}
}

func frame(title, section string) layout.Page {
	return layout.Page{Title: title, Section: section, Now: now, MayCreate: true, Shortcuts: true,
		Org: &layout.Org{ID: "org_acme", Slug: "acme", Name: "Acme Robotics", RoleLabel: "Owner", Initials: "AR", Hue: 1, Members: 248, Invitations: 6, Requests: 3,
			MaySeeMembers: true, MaySeeInvitations: true, MaySeeRequests: true, MayInvite: true},
		Person: &layout.Person{Name: "Mara Lindqvist", Email: "mara@acme.example", Mark: "mark", Initials: "ML", Hue: 1}}
}

// links are one in each state.
func links() []roster.JoinLink {
	one := func(id, state string, change func(*roster.JoinLink)) roster.JoinLink {
		l := roster.JoinLink{ID: "lnk_" + id, Role: role.Member, State: state, Days: 7, Expires: now.Add(5 * day), Maker: "Mara Lindqvist", Made: now.Add(-2 * day), Uses: 3}
		if change != nil {
			change(&l)
		}
		return l
	}
	return []roster.JoinLink{
		one("1", "open", nil),
		one("2", "open", func(l *roster.JoinLink) {
			l.Role, l.Domains, l.NeedsApproval, l.Days, l.Expires, l.Uses, l.MaxUses, l.Reset = role.Viewer, []string{"acme.example", "kestrel.example"}, true, 0, time.Time{}, 1, 20, now.Add(-day)
		}),
		one("3", "expired", func(l *roster.JoinLink) { l.Expires = now.Add(-day) }),
		one("4", "used_up", func(l *roster.JoinLink) { l.Uses, l.MaxUses = 5, 5 }),
		one("5", "stopped", func(l *roster.JoinLink) { l.Maker = "Jonas Weber" }),
	}
}

func requests() []roster.Request {
	who := uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")
	one := func(id, state string, change func(*roster.Request)) roster.Request {
		q := roster.Request{ID: "req_" + id, Asker: "Lin Zhao", AskerEmail: "lin@acme.example", AskerID: who, Email: "lin@acme.example", Note: "I build the depot’s software.\nRuth knows me.",
			Link: "lnk_1", LinkMade: now.Add(-2 * day), Role: role.Member, Created: now.Add(-3 * time.Hour), Expires: now.Add(14*day - 3*time.Hour), State: state}
		if change != nil {
			change(&q)
		}
		return q
	}
	invite := func(q *roster.Request) {
		q.Invite, q.Asker, q.AskerEmail, q.Email, q.Note, q.Link = true, "Aiko Tanaka", "aiko@acme.example", "jonas@kestrel.example", "", ""
	}
	return []roster.Request{
		one("1", "open", nil), one("2", "open", invite),
		one("3", "declined", func(q *roster.Request) {
			q.Decider, q.Decided, q.Reason = "Jonas Weber", now.Add(-day), "Not this year."
		}),
		one("4", "accepted", func(q *roster.Request) {
			q.Decider, q.Decided, q.Role, q.Member = "Jonas Weber", now.Add(-day), role.Viewer, true
		}),
		one("5", "withdrawn", func(q *roster.Request) { q.Decided = now.Add(-day) }), one("6", "joined", func(q *roster.Request) { q.Decided = now.Add(-day) }),
		one("7", "expired", func(q *roster.Request) { q.Expires = now.Add(-day) }),
	}
}

func visit(standing roster.Standing, change func(*Visit)) templ.Component {
	v := Visit{JoinOffer: roster.JoinOffer{Standing: standing, Token: "EXAMPLE-TOKEN", OrgID: uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"), OrgName: "Palmer Rail", OrgSlug: "palmer-rail",
		Role: role.Member, Expires: now.Add(5 * day), Viewer: "mara@acme.example"}, SignupOpen: true, Now: now,
		Person: &layout.Person{Name: "Mara Lindqvist", Email: "mara@acme.example", Mark: "mark", Initials: "ML", Hue: 1}}
	if change != nil {
		change(&v)
	}
	return VisitPage(layout.FocusPage{Title: Title(v.JoinOffer), Person: v.Person, NoIndex: true, Problem: len(v.Errors) > 0}, v)
}

func TestGolden(t *testing.T) {
	t.Parallel()
	bystander := place()
	bystander.Roles, bystander.MayInvite, bystander.MayRevoke, bystander.Mails = []role.Role{role.Admin}, false, false, false
	all, asked := links(), requests()
	pages := map[string]templ.Component{
		"links": LinksPage(frame("Share links", "invitations"), place(), LinkForm{}, all),
		"links_wrong": LinksPage(frame("Share links", "invitations"), place(), LinkForm{Role: "viewer", Domains: "no_domain", Uses: "many", Days: "30", Approval: true, Errors: []ui.FieldError{
			{Field: "domains", Text: "“no_domain” is not a domain. It looks like example.com."}, {Field: "uses", Text: "Enter a number from 1 to 10,000, or nothing for any number."}}}, nil),
		"links_only_seen": LinksPage(frame("Share links", "invitations"), bystander, LinkForm{}, all[:1]),
		"link":            LinkPage(frame("Share link", "invitations"), place(), all[1], ""),
		"link_stopped":    LinkPage(frame("Share link", "invitations"), place(), all[4], "This link was withdrawn. Nothing was changed."),
		"shown":           ShownPage(frame("Share link", "invitations"), place(), all[1], "EXAMPLE-TOKEN"),
		"shown_before":    ShownPage(frame("Share link", "invitations"), place(), all[1], ""),
		"requests":        RequestsPage(frame("Requests", "requests"), place(), List{Rows: asked[:2], Next: "next"}),
		"requests_past":   RequestsPage(frame("Requests", "requests"), place(), List{Filter: "declined", After: "x", Rows: asked[2:]}),
		"requests_none":   RequestsPage(frame("Requests", "requests"), place(), List{}),
		"row_decided":     Row(place(), Line{Request: asked[3], Said: "Lin Zhao is now a Viewer."}),
		"row_refused":     Row(place(), Line{Request: asked[0], Problem: "Your role is Admin, so you cannot invite anybody as an Admin."}),
		"request":         RequestPage(frame("Request of Lin Zhao", "requests"), place(), asked[0], DecideForm{}),
		"request_wrong":   RequestPage(frame("Request of Aiko Tanaka", "requests"), bystander, asked[1], DecideForm{Reason: "See example.com", Errors: []ui.FieldError{{Field: "reason", Text: "Leave web addresses out of the reason"}}}),
		"request_decided": RequestPage(frame("Request of Lin Zhao", "requests"), place(), asked[3], DecideForm{Problem: "Jonas Weber accepted this request. Nothing was changed."}),
		"ask":             Ask(place(), AskForm{}),
		"ask_page":        AskPage(frame("Ask to invite", "members"), place(), AskForm{Email: "x", Errors: []ui.FieldError{{Field: "email", Text: "Enter an e-mail address like name@example.com."}}}, asked[1:4]),

		"may_join": visit(roster.MayJoin, nil),
		"may_ask":  visit(roster.MayAsk, func(v *Visit) { v.Approval, v.Domains, v.Expires = true, []string{"acme.example"}, time.Time{} }),
		"ask_wrong": visit(roster.MayAsk, func(v *Visit) {
			v.Approval, v.Note, v.Errors = true, "<b>", []ui.FieldError{{Field: "note", Text: "Leave web addresses out of the note"}}
		}),
		"logged_out":        visit(roster.LoggedOut, func(v *Visit) { v.Person = nil }),
		"logged_out_closed": visit(roster.LoggedOut, func(v *Visit) { v.Person, v.SignupOpen = nil, false }),
		"other_domain":      visit(roster.OtherDomain, func(v *Visit) { v.Domains = []string{"palmer.example", "palmer-rail.example"} }),
		"inside":            visit(roster.Inside, func(v *Visit) { v.Roles = []role.Role{role.Admin} }),
		"suspended":         visit(roster.Inside, func(v *Visit) { v.Roles, v.Suspended = []role.Role{role.Member}, true }),
		"waiting": visit(roster.Waiting, func(v *Visit) {
			v.Asked, v.Until, v.JoinOffer.Note = now, now.Add(14*day), "I build the depot’s software."
		}),
		"declined":  visit(roster.AskedTooSoon, func(v *Visit) { v.Declined, v.Again, v.Reason = now, now.Add(7*day), "Not this year." }),
		"used_up":   visit(roster.UsedUp, func(v *Visit) { v.Problem = "This link has changed since you opened it. Nothing was done." }),
		"expired":   visit(roster.LinkExpired, nil),
		"withdrawn": visit(roster.WasWithdrawn, nil),
		"reset":     visit(roster.WasReset, nil),
		"stopped":   visit(roster.Stopped, nil),
		"unknown":   Unknown(layout.FocusPage{Title: "This link does not work", NoIndex: true}),
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, page) })
	}
}
