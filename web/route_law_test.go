package web_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/internal/account"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/views/paths"
	"roster/web"
)

// The route law. It walks the table of routes and drives each as everybody, and in every wrong way there is. What it knows of
// a route besides the site's own table stands in routeCases; a route that is not there is an error.

// routeCase is what the law knows of a route.
type routeCase struct {
	needs  string          // written down a second time, so that a gate that was changed does not go unseen
	asks   role.Permission // what the method behind the gate asks for, where that is more
	writes []string        // what a form that is done writes into the organization's log, or a file that is taken away
	// twice: the method behind refuses by itself whoever the gate refuses. A gate in front of any other route is all there is.
	twice bool
	// by is somebody who may do it, and what they send, for a form outside an organization. Nobody is a person without an id.
	by func(l *law) (account.Person, aim)
}

var routeCases = map[string]routeCase{
	"GET /orgs/:org":                          {needs: string(role.OrganizationRead)},
	"GET /orgs/:org/welcome":                  {needs: string(role.InvitationsCreate)},
	"POST /orgs/:org/switch":                  {needs: string(role.OrganizationRead)},
	"GET /orgs/:org/members":                  {needs: string(role.MembersRead)},
	"GET /orgs/:org/members.csv":              {needs: string(role.MembersExport), writes: []string{roster.MembersExported}, twice: true},
	"GET /orgs/:org/members.json":             {needs: string(role.MembersExport), writes: []string{roster.MembersExported}, twice: true},
	"GET /orgs/:org/exports":                  {needs: string(role.MembersExport)},
	"POST /orgs/:org/exports":                 {needs: string(role.MembersExport), twice: true},
	"GET /orgs/:org/exports/:file":            {needs: string(role.MembersExport), twice: true},
	"GET /orgs/:org/members/:mem":             {needs: string(role.MembersRead)},
	"GET /orgs/:org/members/:mem/invited":     {needs: string(role.MembersRead)},
	"GET /orgs/:org/members/:mem/role":        {needs: string(role.MembersUpdateRole)},
	"POST /orgs/:org/members/:mem/role":       {needs: string(role.MembersUpdateRole), writes: []string{roster.RolesChanged}, twice: true},
	"GET /orgs/:org/members/:mem/suspend":     {needs: string(role.MembersSuspend), twice: true},
	"POST /orgs/:org/members/:mem/suspend":    {needs: string(role.MembersSuspend), writes: []string{roster.MemberSuspended}, twice: true},
	"POST /orgs/:org/members/:mem/reactivate": {needs: string(role.MembersSuspend), writes: []string{roster.MemberReactivated}, twice: true},
	"GET /orgs/:org/members/:mem/remove":      {needs: string(role.MembersRemove), twice: true},
	"POST /orgs/:org/members/:mem/remove":     {needs: string(role.MembersRemove), writes: []string{roster.MemberRemoved}, twice: true},
	"GET /orgs/:org/members/bulk":             {needs: string(role.MembersRead)},
	// Many are suspended here, and that is what it asks for.
	"POST /orgs/:org/members/bulk": {needs: string(role.OrganizationRead), asks: role.MembersSuspend, writes: []string{roster.MemberSuspended}},
	"GET /orgs/:org/leave":         {needs: string(role.OrganizationRead)},
	"POST /orgs/:org/leave":        {needs: string(role.OrganizationRead), writes: []string{roster.MemberLeft}},
	// What is undone is a change of role here; the method asks for the permission of that change.
	"POST /orgs/:org/undo/:evt":                {needs: string(role.OrganizationRead), asks: role.MembersUpdateRole, writes: []string{roster.RolesChanged}},
	"GET /orgs/:org/invitations":               {needs: string(role.InvitationsRead)},
	"POST /orgs/:org/invitations":              {needs: string(role.InvitationsCreate), writes: []string{roster.InvitationSent}, twice: true},
	"POST /orgs/:org/bulk/invitations":         {needs: string(role.InvitationsRevoke), writes: []string{roster.InvitationRevoked, roster.InvitationsRevoked}, twice: true},
	"GET /orgs/:org/invitations/:inv/address":  {needs: string(role.InvitationsCreate)},
	"POST /orgs/:org/invitations/:inv/address": {needs: string(role.InvitationsCreate), writes: []string{roster.InvitationCorrected}, twice: true},
	"GET /orgs/:org/invitations/:inv":          {needs: string(role.InvitationsRead)},
	"POST /orgs/:org/invitations/:inv/send":    {needs: string(role.InvitationsCreate), writes: []string{roster.InvitationSentAgain}, twice: true},
	"POST /orgs/:org/invitations/:inv/link":    {needs: string(role.InvitationsCreate), writes: []string{roster.InvitationLinkMade}, twice: true},
	"POST /orgs/:org/invitations/:inv/role":    {needs: string(role.InvitationsCreate), writes: []string{roster.InvitationRoleChanged}, twice: true},
	"POST /orgs/:org/invitations/:inv/revoke":  {needs: string(role.InvitationsRevoke), writes: []string{roster.InvitationRevoked}, twice: true},

	"GET /orgs/:org/invitations/import":                   {needs: string(role.InvitationsCreate)},
	"GET /orgs/:org/invitations/template.csv":             {needs: string(role.InvitationsCreate)},
	"POST /orgs/:org/invitations/import":                  {needs: string(role.InvitationsCreate), twice: true},
	"GET /orgs/:org/invitations/import/:imp":              {needs: string(role.InvitationsCreate)},
	"POST /orgs/:org/invitations/import/:imp":             {needs: string(role.InvitationsCreate), twice: true},
	"GET /orgs/:org/invitations/import/:imp/problems.csv": {needs: string(role.InvitationsCreate)},

	"GET /orgs/:org/jobs/:job":       {needs: string(role.OrganizationRead)},
	"POST /orgs/:org/jobs/:job/stop": {needs: string(role.OrganizationRead)},
	"POST /orgs/:org/jobs/:job/undo": {needs: string(role.OrganizationRead)}, // each change is judged by itself

	"GET /orgs/:org/invitations/links":                {needs: string(role.InvitationsRead)},
	"POST /orgs/:org/invitations/links":               {needs: string(role.InvitationsCreate), writes: []string{roster.LinkMade}, twice: true},
	"GET /orgs/:org/invitations/links/:lnk":           {needs: string(role.InvitationsRead)},
	"POST /orgs/:org/invitations/links/:lnk/reset":    {needs: string(role.InvitationsCreate), writes: []string{roster.LinkReset}, twice: true},
	"POST /orgs/:org/invitations/links/:lnk/withdraw": {needs: string(role.InvitationsRevoke), writes: []string{roster.LinkWithdrawn}, twice: true},
	"GET /orgs/:org/requests":                         {needs: string(role.RequestsDecide)},
	"POST /orgs/:org/requests":                        {needs: string(role.MembersRead), writes: []string{roster.RequestMade}, twice: true},
	"GET /orgs/:org/requests/new":                     {needs: string(role.MembersRead)},
	"GET /orgs/:org/requests/:req":                    {needs: string(role.RequestsDecide)},
	"POST /orgs/:org/requests/:req/accept":            {needs: string(role.RequestsDecide), writes: []string{roster.RequestAccepted, roster.MemberJoined}, twice: true},
	"POST /orgs/:org/requests/:req/decline":           {needs: string(role.RequestsDecide), writes: []string{roster.RequestDeclined}, twice: true},
	"POST /orgs/:org/requests/:req/withdraw":          {needs: string(role.MembersRead), writes: []string{roster.RequestWithdrawn}},

	"GET /":       {needs: "public"},
	"GET /login":  {needs: "public"},
	"GET /signup": {needs: "public"},
	"GET /forgot": {needs: "public"},
	"POST /login": {needs: "public", by: asNobody(func(l *law) aim {
		return aim{paths.LogIn, url.Values{"email": {l.Ann.Email}, "password": {rostertest.Password}}}
	})},
	"POST /signup": {needs: "public", by: asNobody(func(l *law) aim { return aim{paths.SignUp, signUpForm("Mo", l.fresh(), good)} })},
	"POST /forgot": {needs: "public", by: asNobody(func(l *law) aim { return aim{paths.Forgot, url.Values{"email": {l.Ann.Email}}} })},
	"POST /logout": {needs: "public", by: asMember(func(l *law) aim { return aim{paths.LogOut, url.Values{"next": {"/"}}} })},

	"GET /signup/confirm/:token": {needs: "token"},
	"POST /signup/confirm/:token": {needs: "token", by: asNobody(func(l *law) aim {
		return aim{l.operatorLink(l.fresh(), false), url.Values{"name": {"Ola"}, "password": {rostertest.Password}}}
	})},
	"GET /reset/:token": {needs: "token"},
	"POST /reset/:token": {needs: "token", by: asNobody(func(l *law) aim {
		p, _ := l.someone(rostertest.Acme, role.Guest)
		return aim{l.operatorLink(p.Email, true), url.Values{"password": {good}}}
	})},
	"GET /login/link/:token": {needs: "token"},
	"POST /login/link/:token": {needs: "token", by: asNobody(func(l *law) aim {
		return aim{l.operatorLink(l.Gus.Email, false), url.Values{"next": {"/"}}}
	})},
	"GET /invitations/:token":          {needs: "token"},
	"GET /invitations/:token/report":   {needs: "token"},
	"POST /invitations/:token/accept":  {needs: "token", by: asInvitee("/accept", url.Values{"next": {"/"}}), writes: []string{roster.MemberJoined}},
	"POST /invitations/:token/decline": {needs: "token", by: asInvitee("/decline", url.Values{"block": {"on"}}), writes: []string{roster.InvitationDeclined}},
	"POST /invitations/:token/report":  {needs: "token", by: asInvitee("/report", url.Values{"unexpected": {"on"}}), writes: []string{roster.InvitationReported}},
	"POST /invitations/:token/renew": {needs: "token", writes: []string{roster.InvitationAskedAgain}, by: func(l *law) (account.Person, aim) {
		_, to := asInvitee("/renew", url.Values{"next": {"/"}})(l)
		return l.Zoe, to // to whom it is not addressed
	}},

	"GET /events":      {needs: "logged in"},
	"GET /join/:token": {needs: "token"},
	"POST /join/:token": {needs: "token", writes: []string{roster.MemberJoined}, by: asJoiner(false, func(l *law, who account.Person, token string) aim {
		return aim{paths.Join(token), url.Values{"next": {"/"}}}
	})},
	"POST /join/:token/withdraw": {needs: "token", writes: []string{roster.RequestWithdrawn}, by: asJoiner(true, func(l *law, who account.Person, token string) aim {
		l.waitingFor(who, token)
		return aim{paths.WithdrawJoin(token), url.Values{"next": {"/"}}}
	})},

	"GET /account/appearance": {needs: "logged in"},
	"POST /account/appearance": {needs: "logged in", by: asMember(func(l *law) aim {
		return aim{paths.Appearance, url.Values{"theme": {"dark"}, "shortcuts": {"on"}}}
	})},
	"GET /account/notifications": {needs: "logged in", twice: true},
	"POST /account/notifications": {needs: "logged in", by: asMember(func(l *law) aim {
		return aim{paths.Letters, url.Values{"invitation_expired": {"on"}}}
	})},
	"GET /welcome":       {needs: "logged in"},
	"GET /orgs":          {needs: "logged in"},
	"GET /orgs/new":      {needs: "logged in"},
	"GET /orgs/new/slug": {needs: "logged in"},
	"POST /orgs": {needs: "logged in", twice: true, writes: []string{roster.OrganizationCreated, roster.MemberJoined}, by: asMember(func(l *law) aim {
		l.made++
		l.SQL(l.t, "DELETE FROM platform.foundings") // one of today's is not the point
		return aim{paths.Orgs, url.Values{"name": {fmt.Sprintf("Sunrise %d", l.made)}, "submission": {uuid.NewString()}}}
	})},

	"GET /dev/mail":          {needs: "public"},
	"GET /dev/mail/:id":      {needs: "public"},
	"GET /dev/mail/:id/html": {needs: "public"},
	"GET /dev/gallery":       {needs: "public"},
	"GET /dev/gallery/:name": {needs: "public"},
}

// noted is what looking may change: a file that is taken away is in the log.
func noted(c routeCase) []string {
	if len(c.writes) > 0 {
		return append(slices.Clone(usedLast), "roster.audit_events")
	}
	return usedLast
}

func asNobody(to func(*law) aim) func(*law) (account.Person, aim) {
	return func(l *law) (account.Person, aim) { return account.Person{}, to(l) }
}

func asMember(to func(*law) aim) func(*law) (account.Person, aim) {
	return func(l *law) (account.Person, aim) {
		p, _ := l.someone(rostertest.Acme, role.Member)
		return p, to(l)
	}
}

// asInvitee is somebody with an invitation to Acme, who presses a button of its page.
func asInvitee(button string, form url.Values) func(*law) (account.Person, aim) {
	return func(l *law) (account.Person, aim) {
		l.t.Helper()
		p := l.Person(l.t, "Invited Person", l.fresh())
		return p, aim{paths.Offer(l.Link(l.t, l.Ann, rostertest.Acme, l.Invite(l.t, l.Ann, rostertest.Acme, p.Email, role.Viewer))) + button, form}
	}
}

// fresh is an address that nobody has.
func (l *law) fresh() string {
	l.made++
	return fmt.Sprintf("fresh%d@elsewhere.example", l.made)
}

// operatorLink is the path of a link that the operator hands over.
func (l *law) operatorLink(email string, reset bool) string {
	l.t.Helper()
	link, err := l.Accounts.OperatorLink(l.t.Context(), email, reset)
	if err != nil {
		l.t.Fatal(err)
	}
	return link.Path
}

// needs are the routes inside an organization, with their permissions.
var needs = func() map[string]role.Permission {
	inside := map[string]role.Permission{}
	for line, c := range routeCases {
		if strings.Contains(line, "/orgs/:org") {
			inside[line] = role.Permission(c.needs)
		}
	}
	return inside
}()

// sortedRoutes are the lines of needs, those that end a membership of one's own last.
func sortedRoutes() []string {
	lines := slices.Collect(maps.Keys(needs))
	slices.SortFunc(lines, func(a, b string) int {
		last := func(s string) int {
			if s == "POST /orgs/:org/leave" {
				return 1
			}
			return 0
		}
		return cmp.Or(last(a)-last(b), strings.Compare(a, b))
	})
	return lines
}

// walk is a site and everybody who drives its routes.
type walk struct {
	*law
	cast  []castMember
	wrong []complaint

	acme, other uuid.UUID
	both        *browser            // the owner of Acme, who owns Other too
	former      map[string]*browser // who was a member of Acme
	ended       map[string]*browser // with a token that is no session
	foreign     map[string]string   // what Other has, by the kind of parameter
	marks       map[string]string   // of the pages of people
}

// castMember is somebody of Acme.
type castMember struct {
	account.Person
	role role.Role
	b    *browser
}

// complaint is something that the law finds wrong. It is done if a request came through that should not have.
type complaint struct {
	text string
	done bool
}

// newWalk serves the small world and has everybody come in.
func newWalk(t *testing.T, l *law) *walk {
	t.Helper()
	w := &walk{law: l, former: map[string]*browser{}, ended: map[string]*browser{}, marks: map[string]string{}, acme: l.orgID(rostertest.Acme), other: l.orgID(rostertest.Other)}
	for _, one := range []struct {
		person account.Person
		role   role.Role
	}{{l.Gus, role.Guest}, {l.Vic, role.Viewer}, {l.Cem, role.Member}, {l.Ben, role.Admin}, {l.Ann, role.Owner}} {
		b := l.as(one.person)
		b.get(paths.Org(rostertest.Acme)) // it is the one used last
		w.marks[one.person.Name] = b.get(paths.Appearance).form(paths.LogOut).Get("_person")
		w.cast = append(w.cast, castMember{one.person, one.role, b})
	}
	twin, _ := l.someone(rostertest.Acme, role.Owner)
	l.Join(t, l.Zoe, rostertest.Other, twin, role.Owner)
	w.both = l.as(twin)
	w.both.get(paths.Org(rostertest.Acme))

	ann := l.As(t, l.Ann, rostertest.Acme)
	for name, end := range map[string]func(account.Person, string){
		"suspended": func(_ account.Person, mem string) {
			if _, err := l.Roster.Suspend(t.Context(), ann, mem); err != nil {
				t.Fatal(err)
			}
		},
		"removed": func(_ account.Person, mem string) {
			if _, err := l.Roster.Remove(t.Context(), ann, mem, roster.Removal{}); err != nil {
				t.Fatal(err)
			}
		},
		"left": func(p account.Person, _ string) {
			if err := l.Roster.Leave(t.Context(), l.As(t, p, rostertest.Acme)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		p, mem := l.someone(rostertest.Acme, role.Owner) // who could do everything before
		w.former[name] = l.as(p)
		w.former[name].get(paths.Org(rostertest.Acme))
		end(p, mem)
	}
	w.endSessions()

	_, elsewhere := l.someone(rostertest.Other, role.Viewer)
	foreignLink, _ := l.shared(rostertest.Other, false)
	w.foreign = map[string]string{":mem": elsewhere, ":inv": l.waiting(rostertest.Other), ":evt": l.change(rostertest.Other, l.Ann), ":job": l.job(rostertest.Other, l.Zoe, false), ":file": l.file(rostertest.Other, l.Zoe),
		":imp": l.draft(rostertest.Other, l.Zoe), ":lnk": foreignLink, ":req": l.requested(rostertest.Other, nil)}
	return w
}

// endSessions ends sessions of the owner in every way there is. A session that is half made, once there is such a thing
// (logged in, and the second step missing), is one more line here: on every route it must be answered as nobody's is, but on
// those of the second step itself.
func (w *walk) endSessions() {
	w.t.Helper()
	t := w.t
	out := w.as(w.Ann)
	w.ended["logged out"] = w.with(out.cookie())
	out.post(paths.LogOut, nil).leads("/")

	reset, _ := w.someone(rostertest.Acme, role.Owner)
	w.ended["before a new password"] = w.as(reset)
	if err := w.Accounts.ChoosePassword(t.Context(), strings.TrimPrefix(w.operatorLink(reset.Email, true), paths.ResetStart), good, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	disabled, _ := w.someone(rostertest.Acme, role.Owner)
	w.ended["of a disabled account"] = w.as(disabled)
	w.SQL(t, "UPDATE roster.users SET status = 'disabled' WHERE id = $1", disabled.ID)
	for name, set := range map[string]string{"over by the clock": "expires_at = now()", "unused for long": "last_seen_at = now() - interval '31 minutes'", "of before a restore": "epoch = epoch - 1"} {
		b := w.as(w.Ann)
		w.ended[name] = b
		w.SQL(t, "UPDATE auth.sessions SET "+set+" WHERE token_digest = $1", digestOf(b.cookie()))
	}
	revoked := w.as(w.Ann)
	w.ended["revoked"] = revoked
	w.SQL(t, "DELETE FROM auth.sessions WHERE token_digest = $1", digestOf(revoked.cookie()))
	w.ended["made up"] = w.with(strings.Repeat("A", 43))
	w.ended["nonsense"] = w.with("x")
	w.ended["none"] = w.visitor()
}

// person is somebody of the cast.
func (w *walk) person(r role.Role) castMember {
	return w.cast[slices.IndexFunc(w.cast, func(c castMember) bool { return c.role == r })]
}

// complain notes that a request was not answered as it should be.
func (w *walk) complain(p *page, format string, args ...any) {
	w.wrong = append(w.wrong, complaint{fmt.Sprintf(format, args...) + fmt.Sprintf(": status %d to %q\n%.300s", p.status, p.location, p.text()), p.status < 400 && !strings.HasPrefix(p.location, paths.LogIn)})
}

// still complains if fn changes anything in the database but some columns, or whole tables.
func (w *walk) still(what string, without []string, fn func()) {
	w.t.Helper()
	before := w.digest(without...)
	fn()
	after := w.digest(without...)
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] && !slices.Contains(without, table) {
			w.wrong = append(w.wrong, complaint{what + ": " + table + " has changed", true})
		}
	}
}

// unasked is still, and complains if fn asks the database anything: what is refused first costs nothing.
func (w *walk) unasked(what string, fn func()) {
	w.t.Helper()
	w.still(what, nil, func() {
		if trips := w.asked.during(fn); len(trips) > 0 {
			w.wrong = append(w.wrong, complaint{what + " is looked at: " + strings.Join(trips, ", "), false})
		}
	})
}

// A part of the law drives one route in one way.
type part struct {
	name string
	fn   func(w *walk, r web.Route, c routeCase)
}

var parts = []part{
	{"roles", (*walk).roles}, {"outside", (*walk).outside}, {"sessions", (*walk).sessions}, {"membership", (*walk).membership}, {"organization", (*walk).organization}, {"person", (*walk).samePerson}, {"ids", (*walk).ids},
	{"origin", (*walk).origin}, {"host", (*walk).host}, {"limits", (*walk).limits}, {"spelling", (*walk).spelling}, {"methods", (*walk).methods},
}

// judge drives a route and says what is wrong. Without names all parts are driven.
func (w *walk) judge(r web.Route, names ...string) []complaint {
	w.t.Helper()
	c, known := routeCases[r.Method+" "+r.Path]
	if !known {
		return []complaint{{"stands in no case: say what it needs, and what it writes", true}}
	}
	w.wrong = nil
	for _, part := range parts {
		if len(names) == 0 || slices.Contains(names, part.name) {
			part.fn(w, r, c)
		}
	}
	return w.wrong
}

// isInside tells a route of an organization.
func isInside(r web.Route) bool { return strings.HasPrefix(r.Path, "/orgs/:org") }

// somewhere fills in a route that nothing is done on: inside an organization with things of it, outside with what never was.
func (w *walk) somewhere(r web.Route, by account.Person) aim {
	w.t.Helper()
	if isInside(r) {
		return w.at(r.Path, rostertest.Acme, by)
	}
	to := aim{path: strings.NewReplacer(":token", strings.Repeat("A", 64), ":id", "x", ":name", "members").Replace(r.Path), form: url.Values{"next": {"/"}}}
	if c := routeCases[r.Method+" "+r.Path]; c.by != nil {
		_, to = c.by(w.law)
	}
	return to
}

// permission is what the law expects a route inside an organization to ask for in the end.
func (c routeCase) permission() role.Permission {
	return cmp.Or(c.asks, role.Permission(c.needs))
}

// roles: it is done exactly for the roles that the rule book names. What is refused changes nothing and says what has changed
// or is missing. What is done is written down once; reading changes nothing; and nothing crosses into Other, though the
// request names it everywhere. I9 I73 I75 I76 I96 I99 I127 I129 X27 X32
func (w *walk) roles(r web.Route, c routeCase) {
	if !isInside(r) {
		return
	}
	var refused []castMember
	for _, who := range w.cast {
		if !role.May([]role.Role{who.role}, c.permission(), role.Settings{}) {
			refused = append(refused, who)
			continue
		}
		w.does(r, c, who)
	}
	if strings.HasPrefix(string(c.permission()), "invitations.") || c.permission() == role.RequestsDecide { // and for members, where the organization says so
		w.SQL(w.t, "UPDATE roster.organizations SET members_may_invite = true WHERE id = $1", w.acme)
		w.does(r, c, w.person(role.Member))
		w.SQL(w.t, "UPDATE roster.organizations SET members_may_invite = false WHERE id = $1", w.acme)
	}
	if len(refused) == 0 {
		return
	}
	aims := []aim{w.somewhere(r, refused[0].Person)}
	for _, who := range refused[1:] {
		if aims = append(aims, aims[0]); c.asks != "" { // somebody else's change is not there for them
			aims[len(aims)-1] = w.somewhere(r, who.Person)
		}
	}
	w.still("refusing", seen, func() {
		for i, who := range refused {
			to := aims[i]
			p := who.b.sendTo(r.Method, to)
			words := "Your role has changed Your role is now " + who.role.Label() + ", so this was not done."
			switch {
			case r.Method == http.MethodGet:
				words = "You cannot " + role.Permission(c.needs).Action()
			case c.asks != "":
				words = "Your role is now " + who.role.Label() + ", so this was not done."
			}
			if p.status != http.StatusForbidden || !strings.Contains(p.text(), words) {
				w.complain(p, "as %s it should be refused with %q", who.role, words)
			}
			if p := who.b.piece(r.Method, to.path, to.form); p.status != http.StatusForbidden || strings.Contains(p.raw, "<html") {
				w.complain(p, "as %s by htmx it should be refused with a note", who.role)
			}
			if r.Method == http.MethodGet {
				if p := who.b.send(http.MethodHead, to.path, nil, nil); p.status != http.StatusForbidden {
					w.complain(p, "as %s the head of it should be refused", who.role)
				}
			}
		}
	})
}

// forged are headers that nobody sends who is honest.
var forged = []string{"X-Forwarded-For", "203.0.113.9", "X-Real-Ip", "203.0.113.9", "Forwarded", "for=203.0.113.9", "X-Request-Id", "forged", "X-Org", rostertest.Other, "X-Tenant-Id", rostertest.Other, "X-User", "zoe@other.example"}

// does has somebody do what they may.
func (w *walk) does(r web.Route, c routeCase, who castMember) {
	other := publicid.Organization.Of(w.other)
	named := "?org=" + rostertest.Other + "&organization_id=" + other
	headers := append(slices.Clone(forged), "X-Organization-Id", other)
	what := "as " + string(who.role)
	b, person := who.b, who.Person
	if r.Path == "/orgs/:org/leave" {
		person, _ = w.someone(rostertest.Acme, who.role)
		b = w.as(person)
		b.get(paths.Org(rostertest.Acme))
	}
	to := w.somewhere(r, person)
	if r.Method == http.MethodGet {
		w.still("reading "+what, noted(c), func() {
			for _, p := range []*page{b.get(to.path), b.get(to.path+named, headers...), b.piece(http.MethodGet, to.path, nil)} {
				if p.status != http.StatusOK && (p.status != http.StatusNoContent || !strings.HasPrefix(p.location, "/orgs/acme")) {
					w.complain(p, "%s it should be shown", what)
				}
				if strings.Contains(p.raw, "Zoe Elsewhere") || strings.Contains(p.raw, other) {
					w.complain(p, "%s it shows something of Other", what)
				}
			}
			if p := b.send(http.MethodHead, to.path, nil, nil); p.status != http.StatusOK || p.raw != "" {
				w.complain(p, "%s its head should be shown, and nothing else", what)
			}
		})
		return
	}
	form := maps.Clone(to.form)
	form.Set("org_id", other)
	form.Set("organization", rostertest.Other)
	before, log, session := w.rowsOf(w.other), w.logLength(), w.sessionID(b)
	p := b.post(to.path+named, form, headers...)
	if p.status != http.StatusOK && p.status != http.StatusSeeOther {
		w.complain(p, "%s it should be done", what)
	}
	w.isWritten(p, c.writes, log, "person", person, session)
	if after := w.rowsOf(w.other); before != after {
		w.wrong = append(w.wrong, complaint{what + " it changes Other", true})
	}
}

// outside: a form outside of organizations does what it is for, is written down once where an organization is concerned, and
// changes nothing in Other; a page there is shown to everybody who may see it, and reading changes nothing. I9 I96 I127 I129
func (w *walk) outside(r web.Route, c routeCase) {
	if isInside(r) {
		return
	}
	if r.Method == http.MethodGet {
		to := w.somewhere(r, w.Ann)
		w.still("reading", seen, func() {
			everybody := map[string]*browser{}
			for _, who := range w.cast {
				everybody[string(who.role)] = who.b
			}
			if c.needs != "logged in" {
				everybody["nobody"] = w.visitor()
			}
			for name, b := range everybody {
				for _, p := range []*page{b.get(to.path, forged...), b.piece(http.MethodGet, to.path, nil), b.send(http.MethodHead, to.path, nil, nil)} {
					wants := []int{http.StatusOK, http.StatusSeeOther, http.StatusNoContent} // those who are past it are led on
					if c.needs == "token" || r.Path == "/dev/mail/:id" || r.Path == "/dev/mail/:id/html" {
						wants = []int{http.StatusNotFound}
					}
					if !slices.Contains(wants, p.status) || strings.HasPrefix(p.location, paths.LogIn) {
						w.complain(p, "as %s it should be shown", name)
					}
				}
			}
		})
		return
	}
	if c.by == nil {
		w.wrong = append(w.wrong, complaint{"say who sends a form there", true})
		return
	}
	person, to := c.by(w.law)
	b, kind := w.visitor(), "invitee"
	if person.ID != uuid.Nil {
		b = w.as(person)
	}
	if r.Path == "/orgs" {
		kind = "person"
	}
	if r.Path == "/invitations/:token/report" {
		person = account.Person{} // whoever holds the link
	}
	before, log, session := w.rowsOf(w.other), w.logLength(), w.sessionID(b)
	p := b.post(to.path, to.form, forged...)
	if p.status != http.StatusOK && p.status != http.StatusSeeOther {
		w.complain(p, "it should be done")
	}
	w.isWritten(p, c.writes, log, kind, person, session)
	if after := w.rowsOf(w.other); before != after {
		w.wrong = append(w.wrong, complaint{"it changes Other", true})
	}
}

func (l *law) logLength() int { return l.Count(l.t, "SELECT count(*) FROM roster.audit_events") }

// sessionID names a browser's session, as the log does.
func (l *law) sessionID(b *browser) uuid.UUID {
	l.t.Helper()
	var id uuid.UUID
	err := l.look.QueryRow(l.t.Context(), "SELECT public_id FROM auth.sessions WHERE token_digest = $1", digestOf(b.cookie())).Scan(&id)
	if err != nil && err != pgx.ErrNoRows {
		l.t.Fatal(err)
	}
	return id
}

// isWritten complains unless the log has exactly these new entries, written by one transaction, each with who did it, in which
// session, from where, and by which request, whatever headers were sent along.
func (w *walk) isWritten(p *page, events []string, before int, kind string, who account.Person, session uuid.UUID) {
	w.t.Helper()
	if n := w.logLength() - before; n != len(events) {
		w.wrong = append(w.wrong, complaint{fmt.Sprintf("%d entries are written, want %v", n, events), true})
	}
	rows, err := w.look.Query(w.t.Context(), `SELECT event, actor_kind, coalesce(actor_id, '00000000-0000-0000-0000-000000000000'), actor_name, coalesce(session_id, '00000000-0000-0000-0000-000000000000'),
		address, user_agent, count(*) OVER (PARTITION BY xmin::text) FROM roster.audit_events WHERE request_id = $1 ORDER BY id`, p.header.Get("X-Request-Id"))
	if err != nil {
		w.t.Fatal(err)
	}
	var written []string
	var event, actorKind, name, address, agent string
	var actor, in uuid.UUID
	var together int
	if _, err := pgx.ForEachRow(rows, []any{&event, &actorKind, &actor, &name, &in, &address, &agent, &together}, func() error {
		written = append(written, event)
		if actorKind != kind || actor != who.ID || name == "" || in != session || address != "127.0.0.1" || agent == "" || together != len(events) {
			w.wrong = append(w.wrong, complaint{fmt.Sprintf("%s is written as of %s %s %q in session %s at %q with %q, %d in one transaction; it was %s %s in session %s",
				event, actorKind, actor, name, in, address, agent, together, kind, who.ID, session), true})
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	if !slices.Equal(written, events) {
		w.wrong = append(w.wrong, complaint{fmt.Sprintf("of this request %v is written, want %v", written, events), true})
	}
}

// rowsOf is the state of everything that an organization has.
func (l *law) rowsOf(org uuid.UUID) string {
	l.t.Helper()
	if l.ofOrg == "" {
		rows, err := l.look.Query(l.t.Context(), `SELECT format('SELECT coalesce(string_agg(to_jsonb(t)::text, ''|'' ORDER BY to_jsonb(t)::text), '''') FROM %I.%I t WHERE %I = $1', table_schema, table_name, column_name)
			FROM information_schema.columns WHERE table_schema = 'roster' AND (column_name = 'org_id' OR table_name = 'organizations' AND column_name = 'id')
			AND (table_schema, table_name) IN (SELECT schemaname, tablename FROM pg_catalog.pg_tables)`)
		if err != nil {
			l.t.Fatal(err)
		}
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(tables) < 7 {
			l.t.Fatalf("%d tables: %v", len(tables), err)
		}
		l.ofOrg = "SELECT md5(string_agg(x, '|')) FROM (" + strings.Join(tables, " UNION ALL ") + ") AS all_rows(x)"
	}
	var sum string
	if err := l.look.QueryRow(l.t.Context(), l.ofOrg, org).Scan(&sum); err != nil {
		l.t.Fatal(err)
	}
	return sum
}

// sessions: nobody, and who comes with a session that ended or never was, is led to the log-in or told so in place wherever
// somebody is needed; where nobody is needed, they are answered as nobody is. I42 I45 I98
func (w *walk) sessions(r web.Route, c routeCase) {
	to := w.somewhere(r, w.Ann)
	guarded := isInside(r) || c.needs == "logged in"
	w.still("answering nobody", nil, func() {
		plain := ""
		for _, name := range slices.Sorted(maps.Keys(w.ended)) {
			b := w.ended[name]
			what := "with a session that is " + name
			if !guarded {
				if r.Method == http.MethodGet {
					if got := b.get(to.path).ordinary(""); plain == "" {
						plain = w.visitor().get(to.path).ordinary("")
					} else if got != plain {
						w.wrong = append(w.wrong, complaint{what + " it is answered otherwise than to nobody: " + apart(plain, got), true})
					}
				}
				continue
			}
			if r.Method == http.MethodGet {
				if p, want := b.get(to.path+"?sort=joined"), paths.LogInThen(to.path+"?sort=joined"); p.status != http.StatusSeeOther || p.location != want {
					w.complain(p, "%s it should lead to %s", what, want)
				}
				if p := b.send(http.MethodHead, to.path, nil, nil); p.status != http.StatusSeeOther && p.status != http.StatusUnauthorized {
					w.complain(p, "%s the head of it should be refused", what)
				}
			} else if p := b.post(to.path, to.form); p.status != http.StatusUnauthorized {
				w.complain(p, "%s it should be refused with 401", what)
			}
			if p := b.piece(r.Method, to.path, to.form); p.status != http.StatusUnauthorized || strings.Contains(p.raw, "<html") || strings.Contains(p.raw, "<form") || p.location != "" {
				w.complain(p, "%s by htmx it should be refused with a note, and no log-in page", what)
			}
		}
	})
}

// membership: to somebody who never was a member every address of Acme is as if there were none; who was one hears that this
// is over. Nothing is changed. I9 I10 I60
func (w *walk) membership(r web.Route, c routeCase) {
	if !isInside(r) {
		return
	}
	to := w.somewhere(r, w.Ann)
	at := func(org string) aim {
		return aim{strings.Replace(to.path, "/orgs/"+rostertest.Acme, "/orgs/"+org, 1), to.form}
	}
	w.still("answering a stranger", usedLast, func() {
		zoe := w.as(w.Zoe)
		for _, pair := range [][2]string{{rostertest.Acme, "acne"}, {publicid.Organization.Of(w.acme), publicid.Organization.Of(publicid.New())}} {
			for _, ask := range []func(string) *page{
				func(org string) *page { return zoe.sendTo(r.Method, at(org)) },
				func(org string) *page { return zoe.piece(r.Method, at(org).path, to.form) },
			} {
				p, q := ask(pair[0]), ask(pair[1])
				if p.status != http.StatusNotFound || strings.Contains(p.raw, "Ann Owner") {
					w.complain(p, "a stranger should find nothing")
				}
				if p.ordinary(pair[0]) != q.ordinary(pair[1]) {
					w.wrong = append(w.wrong, complaint{"a stranger is told that Acme exists: " + apart(q.ordinary(pair[1]), p.ordinary(pair[0])), true})
				}
			}
		}
		w.SQL(w.t, "DELETE FROM auth.sessions WHERE token_digest = $1", digestOf(zoe.cookie()))
	})
	w.still("answering former members", seen, func() {
		for name, b := range w.former {
			for _, p := range []*page{b.sendTo(r.Method, to), b.sendTo(r.Method, at(publicid.Organization.Of(w.acme))), b.piece(r.Method, to.path, to.form)} {
				if p.status != http.StatusNotFound || !strings.Contains(p.text(), "You no longer have access to Acme") {
					w.complain(p, "who is %s should hear that", name)
				}
			}
		}
	})
}

// organization: a page of Other that is sent to Acme's address is refused, also for who may do both. I14 C088
func (w *walk) organization(r web.Route, c routeCase) {
	if !isInside(r) {
		return
	}
	other := publicid.Organization.Of(w.other)
	to := w.somewhere(r, w.Ann)
	marked := func(org string) url.Values {
		form := maps.Clone(to.form)
		form.Set("_org", org)
		return form
	}
	w.still("a page of Other", usedLast, func() {
		for _, b := range []*browser{w.person(role.Owner).b, w.both} {
			tries := []*page{b.piece(r.Method, to.path, to.form, "Roster-Org", other)}
			if r.Method == http.MethodPost {
				tries = append(tries, b.post(to.path, marked(other)), b.piece(r.Method, to.path, marked(other)),
					b.piece(r.Method, to.path, marked(publicid.Organization.Of(w.acme)), "Roster-Org", other)) // either of the two
			}
			for _, p := range tries {
				if p.status != http.StatusConflict || !strings.Contains(p.text(), "This address now belongs to another organization") {
					w.complain(p, "it should be refused with 409")
				}
			}
			for _, nonsense := range []string{"x", rostertest.Acme, "org_x"} {
				if p := b.piece(r.Method, to.path, to.form, "Roster-Org", nonsense); p.status != http.StatusBadRequest {
					w.complain(p, "the mark %q should be refused", nonsense)
				}
			}
		}
	})
}

// samePerson: a page that somebody else opened is refused, also where nobody in particular is needed. I14
func (w *walk) samePerson(r web.Route, c routeCase) {
	if strings.HasPrefix(r.Path, "/dev/") {
		return // nobody's pages
	}
	to := w.somewhere(r, w.Ann)
	ann := w.person(role.Owner).b
	form := maps.Clone(to.form)
	w.still("a page of somebody else", usedLast, func() {
		for _, mark := range []string{w.marks[w.Ben.Name], "made up"} {
			form.Set("_person", mark)
			tries := []*page{ann.piece(r.Method, to.path, to.form, "Roster-User", mark)}
			if r.Method == http.MethodPost {
				tries = append(tries, ann.post(to.path, form), ann.piece(r.Method, to.path, form, "Roster-User", w.marks[w.Ann.Name]))
			}
			for _, p := range tries {
				if p.status != http.StatusConflict || !strings.Contains(p.text(), "You are now logged in as Ann Owner. This page was opened by ") {
					w.complain(p, "it should be refused with 409")
				}
			}
		}
	})
}

// origin: a form that does not come from a page of ours is refused, and one that does not say where it comes from, where
// somebody is logged in. I95
func (w *walk) origin(r web.Route, c routeCase) {
	if r.Method == http.MethodGet {
		return
	}
	to := w.somewhere(r, w.Ann)
	w.unasked("a form from elsewhere", func() {
		for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "", "Origin", "https://elsewhere.example"},
			{"Sec-Fetch-Site", "", "Origin", "null"}, {"Sec-Fetch-Site", "", "Origin", ""}} {
			if p := w.person(role.Owner).b.post(to.path, to.form, headers...); p.status != http.StatusForbidden || !strings.Contains(p.text(), "This was not sent from a page of Roster") {
				w.complain(p, "with %q it should be refused", headers)
			}
		}
	})
}

// host: under another name there is no such site. I101
func (w *walk) host(r web.Route, c routeCase) {
	to := w.somewhere(r, w.Ann)
	w.unasked("another host", func() {
		for _, name := range []string{"elsewhere.example", "localhost.elsewhere.example", "127.0.0.1@elsewhere.example"} {
			b := w.person(role.Owner).b
			var p *page
			if r.Method == http.MethodPost {
				p = b.post(to.path, to.form, "Host", name)
			} else {
				p = b.get(to.path, "Host", name)
			}
			if p.status != http.StatusMisdirectedRequest || strings.Contains(p.raw, "elsewhere.example") {
				w.complain(p, "at %s it should be refused", name)
			}
		}
	})
}

// limits: what no page of ours sends is refused before anything is looked at: a method that pretends to be another, two values
// for one field, too much. I97 I104
func (w *walk) limits(r web.Route, c routeCase) {
	to := w.somewhere(r, w.Ann)
	w.unasked("what no page sends", func() {
		for _, b := range []*browser{w.person(role.Owner).b, w.visitor()} {
			var tries []*page
			for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
				tries = append(tries, b.send(r.Method, to.path, to.form, []string{header, map[string]string{"GET": "POST", "POST": "DELETE"}[r.Method], "Sec-Fetch-Site", "same-origin"}))
			}
			tries = append(tries, b.send(r.Method, to.path+"?_method=POST", to.form, nil), b.send(r.Method, to.path+"?a=1&a=2", to.form, nil), b.send(r.Method, to.path+"?a=%00", to.form, nil), b.send(r.Method, to.path+"?a=%ff", to.form, nil))
			if r.Method == http.MethodPost {
				for _, bad := range []url.Values{{"_method": {"DELETE"}}, {"twice": {"1", "2"}}, {"_person": {"a", "b"}}, {"z": {"a\x00b"}}, {"z": {"\xff"}}} {
					form := maps.Clone(to.form)
					maps.Copy(form, bad)
					tries = append(tries, b.post(to.path, form))
				}
			}
			for _, p := range tries {
				if p.status != http.StatusBadRequest {
					w.complain(p, "it should be refused with 400")
				}
			}
			if r.Method == http.MethodPost {
				if p := b.post(to.path, url.Values{"z": {strings.Repeat("x", 64<<10)}}); p.status != http.StatusRequestEntityTooLarge {
					w.complain(p, "too much should be refused")
				}
				some := maps.Clone(to.form)
				some.Set("a", "b")
				if p := b.post(to.path, some, "Content-Type", "text/plain"); p.status != http.StatusUnsupportedMediaType {
					w.complain(p, "another kind of content should be refused")
				}
			}
		}
	})
}

// spellings are other ways to write a path that mean something else than it does.
func spellings(path string) []string {
	all := []string{"/" + path, path + "//", path + "/.", path + "/x/..", path + ";a=b", path + "%00", path + "%0a", path + "%2F", path + "%ff", "/." + path, "/%2e" + path, "/x/.." + path, "/static/.." + path, "/static/%2e%2e" + path,
		"/livez/.." + path, "/dev/mail/..%2f.." + path, "%2F" + path[1:], path + "%252F"}
	if path != "/" {
		all = append(all, path+"/", path+".html", path+"%20", path+"%3Fa", path+`\`)
	}
	if upper := strings.ToUpper(path); upper != path {
		all = append(all, upper)
	}
	segments := strings.Split(path[1:], "/")
	for i, one := range segments {
		put := func(s string) string {
			other := slices.Clone(segments)
			other[i] = s
			return "/" + strings.Join(other, "/")
		}
		if upper := strings.ToUpper(one); upper != one {
			all = append(all, put(upper))
		}
		if i > 0 {
			all = append(all, put("/"+one), put("./"+one), put(";/"+one), "/"+strings.Join(segments[:i], "/")+"%2F"+strings.Join(segments[i:], "/"), "/"+strings.Join(segments[:i], "/")+"%2f"+strings.Join(segments[i:], "/"))
		}
	}
	return all
}

// spelling: a path that is written otherwise is another path, for reading and for changing; written in escapes that mean the
// same it meets the same gate. I73 I97 X27
func (w *walk) spelling(r web.Route, c routeCase) {
	to := w.somewhere(r, w.Ann)
	form := to.form.Encode()
	if r.Method == http.MethodGet {
		form = ""
	}
	owner, guest := w.person(role.Owner).b, w.person(role.Guest).b
	w.still("other spellings", usedLast, func() {
		for _, target := range spellings(to.path) { // as who may most: what leads nowhere for them leads nowhere
			if p := w.raw(r.Method, target, owner.cookie(), form); p.status < 300 || p.status >= 500 {
				w.complain(p, "spelled %s", target)
			}
		}
		if r.Method == http.MethodGet && r.Path != "/" && isInside(r) {
			want := guest.send(http.MethodGet, to.path, nil, nil).status
			for _, target := range []string{"/%6Frgs" + strings.TrimPrefix(to.path, "/orgs"), strings.Replace(to.path, "/acme", "/%61cme", 1)} {
				if p := w.raw(http.MethodGet, target, guest.cookie(), ""); p.status != want {
					w.complain(p, "spelled %s it should be answered with %d", target, want)
				}
			}
		}
	})
}

// methods: only what stands in the table is served, whatever a method calls itself. I97
func (w *walk) methods(r web.Route, c routeCase) {
	served := map[string]bool{}
	for line := range routeCases {
		if method, path, _ := strings.Cut(line, " "); path == r.Path {
			if served[method] = true; method == http.MethodGet {
				served[http.MethodHead] = true
			}
		}
	}
	to := w.somewhere(r, w.Ann)
	w.still("other methods", usedLast, func() {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "post"} {
			if served[method] {
				continue
			}
			form := ""
			if method == "POST" || method == "PUT" || method == "PATCH" {
				form = to.form.Encode()
			}
			want := http.StatusMethodNotAllowed
			if method == "OPTIONS" {
				want = http.StatusNoContent // which methods there are, and nothing else
			}
			p := w.raw(method, to.path, w.person(role.Owner).b.cookie(), form)
			if p.status != want {
				w.complain(p, "%s should be answered with %d", method, want)
			}
			_, allow, _ := strings.Cut(p.raw, "\r\nAllow: ")
			allow, _, _ = strings.Cut(allow, "\r\n")
			for one := range served {
				if !strings.Contains(allow, one) {
					w.complain(p, "%s should be told that there is %s, and hears %q", method, one, allow)
				}
			}
		}
	})
}

// ids: an id of Other, one that never was, and one that is none are answered alike, in status, headers and body, as the owner
// too. I13 I60
func (w *walk) ids(r web.Route, c routeCase) {
	ann := w.person(role.Owner).b
	at := strings.LastIndex(r.Path, "/:")
	kind, form := r.Path[at+1:], forms[r.Path]
	kind, _, _ = strings.Cut(kind, "/")
	foreign := w.foreign[kind]
	switch {
	case kind == ":token": // an invitation is found by its id for whom it is addressed to, and this one is to somebody else
		foreign, form = w.foreign[":inv"], url.Values{"unexpected": {"on"}, "name": {"X"}, "password": {rostertest.Password}}
	case foreign == "":
		return
	}
	ask := func(id string) *page {
		return ann.sendTo(r.Method, aim{strings.NewReplacer(":org", rostertest.Acme, kind, id).Replace(r.Path), form})
	}
	w.still("foreign ids", seen, func() {
		want := ask(foreign)
		if want.status != http.StatusNotFound {
			w.complain(want, "a foreign id should not be found")
		}
		never := foreign[:4] + strings.TrimPrefix(publicid.Membership.Of(publicid.New()), "mem_")
		ids := []string{never, strings.ToUpper(foreign), foreign + "0", foreign[:len(foreign)-1], "x", "0", uuid.NewString(), "org_" + foreign[4:], foreign[:4] + "zzzzzzzzzzzzzzzzzzzzzzzzzz", "%25", "'", "-1", "%F0%9F%8D%80", strings.Repeat("9", 300)}
		for _, id := range ids {
			p := ask(id)
			if p.status != http.StatusNotFound {
				w.complain(p, "%q should not be found", id)
			} else if got, want := p.ordinary(id), want.ordinary(foreign); got != want {
				w.wrong = append(w.wrong, complaint{fmt.Sprintf("a foreign id and %q are answered differently: %s", id, apart(want, got)), true})
			}
		}
	})
}

// TestRouteLaw drives every route of the site, with a single connection for each role of the database, so that a handler that
// holds two would wait for itself. N02 X27 R10 I9 I10 I13 I14 I42 I73 I75 I76 I95 I96 I97 I98 I101 I104 I127 I129
func TestRouteLaw(t *testing.T) {
	t.Parallel()
	l := lay(t, true, func(t testing.TB, options ...func(*db.Config)) *rostertest.World {
		return rostertest.New(t, append(options, func(c *db.Config) { c.MaxConns = 1 })...)
	})
	w := newWalk(t, l)
	stands := map[string]bool{}
	for _, r := range w.Web.Routes() {
		line := r.Method + " " + r.Path
		stands[line] = true
		if c := routeCases[line]; r.Needs != c.needs {
			t.Errorf("%s needs %q, want %q", line, r.Needs, c.needs)
		}
		for _, wrong := range w.judge(r) {
			t.Errorf("%s: %s", line, wrong.text)
		}
	}
	for line := range routeCases {
		if !stands[line] {
			t.Errorf("%s is not in the table of the site", line)
		}
	}
	if most := l.asked.most.Load(); most != 1 {
		t.Errorf("a request holds %d connections at once, want one", most)
	}
}
