package web_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/views/paths"
	"roster/web"
)

// The laws of the site: what holds for every route, page and form. They are tested by walking what there is, so that a
// new route or form is under them from its first day.

// law is a site with the small world, all of whose log and statements are kept.
type law struct {
	*site
	said  *logBuffer
	asked *statements
	look  *pgx.Conn // past row security, for looking
	sql   string    // of the digest
	made  int       // people and addresses made up so far
	tls   *tls.Config
}

// obey serves the small world. Changes are made to its configuration before.
func obey(t *testing.T, changes ...func(*web.Config)) *law {
	t.Helper()
	return lay(t, true, rostertest.New, changes...)
}

// lay is obey for another world, or for one without a mail server.
func lay(t *testing.T, mails bool, world func(testing.TB, ...func(*db.Config)) *rostertest.World, changes ...func(*web.Config)) *law {
	t.Helper()
	l := &law{site: &site{t: t, turns: &turns{}, logged: &logBuffer{}}, said: &logBuffer{}, asked: &statements{}}
	l.World = world(t, func(c *db.Config) { c.Tracer = l.asked })
	l.Roster = roster.New(l.DB, l.Outbox, mails)
	var err error
	if l.Accounts, err = account.New(account.Config{DB: l.DB, Outbox: l.Outbox, Key: l.Key, Mails: mails, SignUp: true}); err != nil {
		t.Fatal(err)
	}
	sessions, err := account.NewSessions(account.SessionConfig{DB: l.DB, Key: l.Key})
	if err != nil {
		t.Fatal(err)
	}
	mailbox, err := mail.OpenMailbox(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := web.Config{URL: &url.URL{Scheme: "http", Host: listener.Addr().String()}, Dev: true, SignupOpen: true, Key: l.Key, Version: "test"}
	for _, change := range changes {
		change(&config)
	}
	well := web.Check{OK: true}
	l.Web, err = web.New(config, l.Roster, l.Accounts, sessions, mailbox,
		func(context.Context) web.Health {
			return web.Health{Database: well, Migrations: well, Keys: well, Mail: well}
		},
		slog.New(slog.NewJSONHandler(l.said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: l.Web.Handler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}}
	if config.URL.Scheme == "https" {
		server.StartTLS()
		l.tls = server.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		for line := range strings.Lines(l.said.String()) {
			if strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("the server logged: %s", line)
			}
		}
	})
	l.URL = config.URL.Scheme + "://" + listener.Addr().String()
	l.look = l.Database.Superuser(t)
	return l
}

// visitor opens a browser in which nobody is logged in.
func (l *law) visitor() *browser {
	l.t.Helper()
	b := l.site.visitor()
	if l.tls != nil {
		transport := &http.Transport{TLSClientConfig: l.tls}
		l.t.Cleanup(transport.CloseIdleConnections)
		b.client.Transport = transport
	}
	return b
}

// as opens a browser and logs somebody in through the door.
func (l *law) as(p account.Person) *browser {
	l.t.Helper()
	b := l.visitor()
	b.logIn(p)
	return b
}

// statements keeps what is sent to the database, a line for each round trip. Two things are not the site's: a statement
// that is prepared at its first use, which no query tracer sees, and the pool's ping of a connection that lay idle.
type statements struct {
	lock  sync.Mutex
	trips []string
}

// TraceQueryStart notes a query.
func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	if d.SQL != "-- ping" && d.SQL != ";" {
		s.note(firstLine(d.SQL))
	}
	return ctx
}

// TraceQueryEnd notes nothing.
func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart notes a batch: it is one round trip.
func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	var lines []string
	for _, q := range d.Batch.QueuedQueries {
		lines = append(lines, firstLine(q.SQL))
	}
	s.note(strings.Join(lines, " + "))
	return ctx
}

// TraceBatchQuery notes nothing: it travels with its batch.
func (s *statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd notes nothing.
func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (s *statements) note(trip string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.trips = append(s.trips, trip)
}

// during collects the round trips that fn takes.
func (s *statements) during(fn func()) []string {
	s.lock.Lock()
	s.trips = nil
	s.lock.Unlock()
	fn()
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Clone(s.trips)
}

func firstLine(sql string) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(sql, "-- name: "), "\n")
	return line
}

// Columns that looking may change: that somebody was here, and where last. A notice is carried to the next page once.
var (
	seen     = []string{"last_active_at", "last_seen_at"}
	usedLast = append(slices.Clone(seen), "active_org", "last_org")
)

// digest is the state of every table, without some columns.
func (l *law) digest(without ...string) map[string]string {
	l.t.Helper()
	ctx := l.t.Context()
	if l.sql == "" {
		rows, err := l.look.Query(ctx, `SELECT format('SELECT %L AS name, md5(coalesce(string_agg(x.j::text, ''|'' ORDER BY x.j::text), '''')) FROM (SELECT to_jsonb(t) - $1::text[] AS j FROM %I.%I t) x',
			schemaname || '.' || tablename, schemaname, tablename) FROM pg_catalog.pg_tables WHERE schemaname IN ('roster', 'auth', 'river', 'platform')`)
		if err != nil {
			l.t.Fatal(err)
		}
		parts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(parts) < 15 {
			l.t.Fatalf("%d tables: %v", len(parts), err)
		}
		l.sql = strings.Join(parts, " UNION ALL ")
	}
	rows, err := l.look.Query(ctx, l.sql, without)
	if err != nil {
		l.t.Fatal(err)
	}
	state := map[string]string{}
	var name, sum string
	if _, err := pgx.ForEachRow(rows, []any{&name, &sum}, func() error { state[name] = sum; return nil }); err != nil {
		l.t.Fatal(err)
	}
	return state
}

// unchanged fails the test if fn changes anything in the database but some columns.
func (l *law) unchanged(what string, without []string, fn func()) {
	l.t.Helper()
	before := l.digest(without...)
	fn()
	after := l.digest(without...)
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] {
			l.t.Errorf("%s: %s has changed", what, table)
		}
	}
}

// someone is a new member of an organization.
func (l *law) someone(slug string, as role.Role) (account.Person, string) {
	l.t.Helper()
	l.made++
	p := l.Person(l.t, fmt.Sprintf("Extra %d", l.made), fmt.Sprintf("extra%d@acme.example", l.made))
	owner := l.Ann
	if slug == rostertest.Other {
		owner = l.Zoe
	}
	l.Join(l.t, owner, slug, p, as)
	return p, l.Membership(l.t, p, slug)
}

// waiting is a new open invitation of an organization, sent long enough ago to be sent again.
func (l *law) waiting(slug string) string {
	l.t.Helper()
	l.made++
	owner := l.Ann
	if slug == rostertest.Other {
		owner = l.Zoe
	}
	inv := l.Invite(l.t, owner, slug, fmt.Sprintf("guest%d@elsewhere.example", l.made), role.Member)
	id, _ := publicid.Invitation.Parse(inv)
	l.SQL(l.t, "UPDATE roster.invitations SET sent_at = sent_at - interval '1 hour' WHERE id = $1", id)
	return inv
}

// change is an entry of a change that can be undone by whoever is said to have made it.
func (l *law) change(slug string, by account.Person) string {
	l.t.Helper()
	_, mem := l.someone(slug, role.Viewer)
	owner := l.Ann
	if slug == rostertest.Other {
		owner = l.Zoe
	}
	done, err := l.Roster.ChangeRole(l.t.Context(), l.As(l.t, owner, slug), mem, role.Member)
	if err != nil {
		l.t.Fatal(err)
	}
	id, _ := publicid.Event.Parse(done.Undo)
	l.SQL(l.t, "UPDATE roster.audit_events SET actor_id = $2 WHERE id = $1", id, by.ID)
	return done.Undo
}

// aim is a route with its parameters filled in, and the form that goes there.
type aim struct {
	path string
	form url.Values
}

// forms are what a person would post to each route.
var forms = map[string]url.Values{
	"/orgs/:org/switch":                {"section": {"members"}},
	"/orgs/:org/members/:mem/role":     {"role": {"guest"}, "confirmed": {"1"}},
	"/orgs/:org/members/:mem/remove":   {"tell": {"on"}},
	"/orgs/:org/invitations":           {"role": {"member"}, "days": {"7"}, "message": {"Have a look."}, "preview": {"no"}},
	"/orgs/:org/invitations/:inv/role": {"role": {"viewer"}},
}

// at fills in a route with things of an organization that nobody has touched yet; what is undone was done by a person.
func (l *law) at(route, slug string, by account.Person) aim {
	l.t.Helper()
	form := url.Values{}
	for name, values := range forms[route] {
		form[name] = values
	}
	path := strings.Replace(route, ":org", slug, 1)
	if strings.Contains(route, ":mem") {
		_, mem := l.someone(slug, role.Viewer)
		path = strings.Replace(path, ":mem", mem, 1)
		if strings.HasSuffix(route, "/reactivate") {
			id, _ := publicid.Membership.Parse(mem)
			l.SQL(l.t, "UPDATE roster.memberships SET status = 'suspended' WHERE id = $1", id)
		}
	}
	if strings.Contains(route, ":inv") {
		path = strings.Replace(path, ":inv", l.waiting(slug), 1)
	}
	if strings.Contains(route, ":evt") {
		path = strings.Replace(path, ":evt", l.change(slug, by), 1)
	}
	if route == "/orgs/:org/invitations" {
		l.made++
		form.Set("emails", fmt.Sprintf("new%d@elsewhere.example", l.made))
		form.Set("submission", uuid.NewString())
	}
	return aim{path, form}
}

// send makes the request of a route as a person's browser would: the page, or the plain form.
func (b *browser) sendTo(method string, to aim) *page {
	b.site.t.Helper()
	if method == http.MethodPost {
		return b.post(to.path, to.form)
	}
	return b.get(to.path)
}

// needs is what every route inside an organization asks for. It is written down a second time, so that a route whose
// gate is changed does not go unseen.
var needs = map[string]role.Permission{
	"GET /orgs/:org":                          role.OrganizationRead,
	"GET /orgs/:org/welcome":                  role.InvitationsCreate,
	"POST /orgs/:org/switch":                  role.OrganizationRead,
	"GET /orgs/:org/members":                  role.MembersRead,
	"GET /orgs/:org/members/:mem":             role.MembersRead,
	"GET /orgs/:org/members/:mem/role":        role.MembersUpdateRole,
	"POST /orgs/:org/members/:mem/role":       role.MembersUpdateRole,
	"GET /orgs/:org/members/:mem/suspend":     role.MembersSuspend,
	"POST /orgs/:org/members/:mem/suspend":    role.MembersSuspend,
	"POST /orgs/:org/members/:mem/reactivate": role.MembersSuspend,
	"GET /orgs/:org/members/:mem/remove":      role.MembersRemove,
	"POST /orgs/:org/members/:mem/remove":     role.MembersRemove,
	"GET /orgs/:org/leave":                    role.OrganizationRead,
	"POST /orgs/:org/leave":                   role.OrganizationRead,
	"POST /orgs/:org/undo/:evt":               role.OrganizationRead,
	"GET /orgs/:org/invitations":              role.InvitationsRead,
	"POST /orgs/:org/invitations":             role.InvitationsCreate,
	"GET /orgs/:org/invitations/:inv":         role.InvitationsRead,
	"POST /orgs/:org/invitations/:inv/send":   role.InvitationsCreate,
	"POST /orgs/:org/invitations/:inv/link":   role.InvitationsCreate,
	"POST /orgs/:org/invitations/:inv/role":   role.InvitationsCreate,
	"POST /orgs/:org/invitations/:inv/revoke": role.InvitationsRevoke,
}

// open are the routes outside any organization, with what they ask for.
var open = map[string]string{
	"GET /": "public", "GET /login": "public", "POST /login": "public", "POST /logout": "public", "GET /signup": "public", "POST /signup": "public",
	"GET /forgot": "public", "POST /forgot": "public",
	"GET /signup/confirm/:token": "token", "POST /signup/confirm/:token": "token", "GET /reset/:token": "token", "POST /reset/:token": "token",
	"GET /login/link/:token": "token", "POST /login/link/:token": "token", "GET /invitations/:token": "token", "POST /invitations/:token/accept": "token",
	"POST /invitations/:token/decline": "token", "POST /invitations/:token/renew": "token", "GET /invitations/:token/report": "token", "POST /invitations/:token/report": "token",
	"GET /account/appearance": "logged in", "POST /account/appearance": "logged in", "GET /welcome": "logged in", "GET /orgs": "logged in",
	"GET /orgs/new": "logged in", "GET /orgs/new/slug": "logged in", "POST /orgs": "logged in",
	"GET /dev/mail": "public", "GET /dev/mail/:id": "public", "GET /dev/mail/:id/html": "public", "GET /dev/gallery": "public", "GET /dev/gallery/:name": "public",
}

// TestRouteTableIsTheMatrix: every route has exactly the permission that is written down for it, and there is no other route.
func TestRouteTableIsTheMatrix(t *testing.T) {
	t.Parallel()
	l := obey(t)
	stands := map[string]bool{}
	for _, r := range l.Web.Routes() {
		line := r.Method + " " + r.Path
		stands[line] = true
		want, inside := needs[line]
		outside, known := open[line]
		switch {
		case inside && r.Needs != string(want):
			t.Errorf("%s needs %q, want %q", line, r.Needs, want)
		case !inside && known && r.Needs != outside:
			t.Errorf("%s needs %q, want %q", line, r.Needs, outside)
		case !inside && !known:
			t.Errorf("%s (%s) stands in no list: say what it needs", line, r.Needs)
		case inside != strings.HasPrefix(r.Path, "/orgs/:org"):
			t.Errorf("%s stands in the wrong list", line)
		}
	}
	for line := range maps.Keys(needs) {
		if !stands[line] {
			t.Errorf("%s is not in the table", line)
		}
	}
	for line := range maps.Keys(open) {
		if !stands[line] {
			t.Errorf("%s is not in the table", line)
		}
	}
}

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

// TestEveryRouteObeysTheRoles walks every route inside an organization as everybody: it is done exactly where the rule book
// says so, and a refused form changes nothing. I73 I75 I76 X27 X32 N26 U17 X66
func TestEveryRouteObeysTheRoles(t *testing.T) {
	t.Parallel()
	for _, setting := range []role.Settings{{}, {MembersMayInvite: true}} {
		t.Run(fmt.Sprintf("members may invite %v", setting.MembersMayInvite), func(t *testing.T) {
			t.Parallel()
			l := obey(t)
			l.SQL(t, "UPDATE roster.organizations SET members_may_invite = $1", setting.MembersMayInvite)
			for _, who := range []struct {
				person account.Person
				role   role.Role
			}{{l.Gus, role.Guest}, {l.Vic, role.Viewer}, {l.Cem, role.Member}, {l.Ben, role.Admin}, {l.Ann, role.Owner}} {
				b := l.as(who.person)
				b.get(paths.Org(rostertest.Acme)) // it is the one used last
				for _, line := range sortedRoutes() {
					method, route, _ := strings.Cut(line, " ")
					permission := needs[line]
					if strings.HasSuffix(route, "/undo/:evt") {
						permission = role.MembersUpdateRole // of what is undone
					}
					if setting.MembersMayInvite && !strings.HasPrefix(string(permission), "invitations.") {
						continue
					}
					what := fmt.Sprintf("%s as %s", line, who.role)
					to := l.at(route, rostertest.Acme, who.person)
					if role.May([]role.Role{who.role}, permission, setting) {
						p := b.sendTo(method, to)
						wants := []int{http.StatusOK}
						if method == http.MethodPost {
							wants = []int{http.StatusOK, http.StatusSeeOther}
						}
						if line == "POST /orgs/:org/leave" && who.role == role.Owner {
							wants = []int{http.StatusConflict} // the only one
						}
						if !slices.Contains(wants, p.status) {
							t.Errorf("%s: status %d\n%s", what, p.status, p.text())
						}
						continue
					}
					l.unchanged(what, seen, func() {
						p := b.sendTo(method, to)
						if p.status != http.StatusForbidden {
							t.Errorf("%s: status %d, want 403\n%s", what, p.status, p.text())
						}
						if q := b.piece(method, to.path, to.form); q.status != http.StatusForbidden || strings.Contains(q.raw, "<html") {
							t.Errorf("%s by htmx: status %d, want a piece with 403", what, q.status)
						}
					})
				}
			}
		})
	}
}

// ordinary is an answer without what differs from one request to the next, and what was asked for.
func (p *page) ordinary(asked string) string {
	h := p.header.Clone()
	for _, name := range []string{"X-Request-Id", "Date", "Content-Length"} {
		h.Del(name)
	}
	var head bytes.Buffer
	_ = h.Write(&head) // a buffer takes everything
	body := p.raw
	if len(asked) > 2 { // shorter ones stand in every page
		body = strings.ReplaceAll(body, asked, "ASKED")
	}
	body = clock.ReplaceAllString(body, "NOW")
	return fmt.Sprintf("%d\n%s\n%s", p.status, head.String(), body)
}

// clock is the time at which a page was made.
var clock = regexp.MustCompile(`<time[^>]*>[^<]*</time>`)

// apart shows where two answers begin to differ.
func apart(a, b string) string {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	around := func(s string) string { return s[max(0, at-80):min(len(s), at+120)] }
	return fmt.Sprintf("…%s…\nand\n…%s…", around(a), around(b))
}

// TestAStrangerSeesNoOrganization: to somebody who never was a member every address of an organization answers as if there
// were none, in each page, piece and form. I9 I60
func TestAStrangerSeesNoOrganization(t *testing.T) {
	t.Parallel()
	l := obey(t)
	zoe := l.as(l.Zoe)
	acme := publicid.Organization.Of(l.orgID(rostertest.Acme))
	nowhere := publicid.Organization.Of(publicid.New())
	for _, line := range sortedRoutes() {
		method, route, _ := strings.Cut(line, " ")
		to := l.at(route, rostertest.Acme, l.Ann)
		for _, pair := range [][2]string{{rostertest.Acme, "acne"}, {acme, nowhere}} {
			there, missing := to, to
			there.path = strings.Replace(to.path, "/orgs/"+rostertest.Acme, "/orgs/"+pair[0], 1)
			missing.path = strings.Replace(to.path, "/orgs/"+rostertest.Acme, "/orgs/"+pair[1], 1)
			l.unchanged(line, usedLast, func() {
				for _, ask := range []func(aim) *page{
					func(a aim) *page { return zoe.sendTo(method, a) },
					func(a aim) *page { return zoe.piece(method, a.path, a.form) },
				} {
					p, q := ask(there), ask(missing)
					if p.status != http.StatusNotFound || strings.Contains(p.raw, "Ann Owner") {
						t.Errorf("%s as a stranger: status %d\n%s", line, p.status, p.text())
					}
					if got, want := p.ordinary(pair[0]), q.ordinary(pair[1]); got != want {
						t.Errorf("%s tells that Acme exists: %s", line, apart(got, want))
					}
				}
			})
		}
	}
}

// orgID is an organization's id.
func (l *law) orgID(slug string) uuid.UUID {
	l.t.Helper()
	var id uuid.UUID
	if err := l.look.QueryRow(l.t.Context(), "SELECT org_id FROM roster.organization_slugs WHERE slug = $1", slug).Scan(&id); err != nil {
		l.t.Fatal(err)
	}
	return id
}

// TestNobodyComesThrough: who is not logged in, and who comes with a session that has ended, is led to the log-in, or told
// so in place, on every route that needs somebody; a form changes nothing. I98
func TestNobodyComesThrough(t *testing.T) {
	t.Parallel()
	l := obey(t)
	nobody, ended, leaving := l.visitor(), l.visitor(), l.as(l.Ann)
	token := leaving.cookie()
	leaving.post(paths.LogOut, nil)
	routes := sortedRoutes()
	for line, outside := range open {
		if outside == "logged in" {
			routes = append(routes, line)
		}
	}
	for _, line := range routes {
		method, route, _ := strings.Cut(line, " ")
		to := l.at(route, rostertest.Acme, l.Ann)
		for _, who := range []struct {
			name    string
			b       *browser
			headers []string
		}{{"nobody", nobody, nil}, {"an ended session", ended, []string{"Cookie", "roster_session=" + token}}} {
			what := line + " as " + who.name
			l.unchanged(what, nil, func() {
				if method == http.MethodGet {
					p := who.b.get(to.path+"?sort=joined", who.headers...)
					if want := paths.LogInThen(to.path + "?sort=joined"); p.status != http.StatusSeeOther || p.location != want {
						t.Errorf("%s: status %d to %q, want 303 to %q", what, p.status, p.location, want)
					}
				} else if p := who.b.post(to.path, to.form, who.headers...); p.status != http.StatusUnauthorized {
					t.Errorf("%s: status %d, want 401\n%s", what, p.status, p.text())
				}
				p := who.b.piece(method, to.path, to.form, who.headers...)
				if p.status != http.StatusUnauthorized || strings.Contains(p.raw, "<html") || strings.Contains(p.raw, "<form") || p.location != "" {
					t.Errorf("%s by htmx: status %d, want a note with 401, and no log-in page\n%s", what, p.status, p.raw)
				}
			})
		}
	}
}

// TestAnIDElsewhereWidensNothing names Other's id in every place but the path, as somebody of Acme and as somebody of both:
// as the mark of a page it is refused, anywhere else it means nothing. I9 I14
func TestAnIDElsewhereWidensNothing(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
	other := publicid.Organization.Of(l.orgID(rostertest.Other))
	for _, who := range []account.Person{l.Ann, l.Ben} {
		b := l.as(who)
		b.get(paths.Org(rostertest.Acme))
		for _, line := range sortedRoutes() {
			method, route, _ := strings.Cut(line, " ")
			to := l.at(route, rostertest.Acme, who)
			what := line + " as " + who.Name
			l.unchanged(what, seen, func() {
				tries := []*page{b.piece(method, to.path, to.form, "Roster-Org", other)}
				if method == http.MethodPost {
					marked := maps.Clone(to.form)
					marked.Set("_org", other)
					tries = append(tries, b.post(to.path, marked), b.piece(method, to.path, marked))
				}
				for _, p := range tries {
					if p.status != http.StatusConflict || !strings.Contains(p.text(), "This address now belongs to another organization") {
						t.Errorf("%s with the mark of Other: status %d, want 409\n%s", what, p.status, p.text())
					}
				}
			})
		}
		// Nothing else names an organization.
		before := l.digest(usedLast...)
		for _, extra := range []url.Values{{"org": {rostertest.Other}}, {"org_id": {other}}, {"organization": {other}}, {"slug": {rostertest.Other}}} {
			p := b.get(paths.Members(rostertest.Acme)+"?"+extra.Encode(), "X-Org", other, "X-Organization-Id", other, "X-Tenant-Id", other)
			if p.says(200, "Ann Owner"); strings.Contains(p.text(), "Zoe Elsewhere") {
				t.Errorf("%v shows Other's people", extra)
			}
			form := maps.Clone(extra)
			form.Set("emails", fmt.Sprintf("x%d@elsewhere.example", time.Now().UnixNano()))
			form.Set("role", "member")
			b.post(paths.Invitations(rostertest.Acme), form)
		}
		if n := l.Count(t, "SELECT count(*) FROM roster.invitations WHERE org_id = $1 AND email LIKE 'x%'", l.orgID(rostertest.Other)); n != 0 {
			t.Errorf("%d invitations were made in Other", n)
		}
		if after := l.digest(usedLast...); after["roster.invitations"] == before["roster.invitations"] {
			t.Error("no invitation was made in Acme either: the test tries nothing")
		}
	}
}

// TestAForeignIDIsNone: an id of another organization, one that never was, and one that is none at all answer the same on
// every route, as the owner too; a form changes nothing. I13 I60
func TestAForeignIDIsNone(t *testing.T) {
	t.Parallel()
	l := obey(t)
	b := l.as(l.Ann)
	b.get(paths.Org(rostertest.Acme))
	foreign := map[string]string{":mem": l.Membership(t, l.Zoe, rostertest.Other), ":inv": l.waiting(rostertest.Other), ":evt": l.change(rostertest.Other, l.Ann)}
	for _, line := range sortedRoutes() {
		method, route, _ := strings.Cut(line, " ")
		at := strings.LastIndex(route, "/:")
		if at < len("/orgs/:org") {
			continue
		}
		kind := route[at+1 : at+5]
		never := kind[1:] + "_" + strings.TrimPrefix(publicid.Membership.Of(publicid.New()), "mem_")
		form := forms[route]
		ask := func(id string) *page {
			return b.sendTo(method, aim{strings.NewReplacer(":org", rostertest.Acme, kind, id).Replace(route), form})
		}
		l.unchanged(line, seen, func() {
			want := ask(foreign[kind])
			if want.status != http.StatusNotFound {
				t.Errorf("%s with a foreign id: status %d, want 404\n%s", line, want.status, want.text())
			}
			for _, id := range []string{never, strings.ToUpper(foreign[kind]), foreign[kind] + "0", foreign[kind][:len(foreign[kind])-1], "x", "1", "0",
				uuid.NewString(), "org_" + foreign[kind][4:], kind[1:] + "_zzzzzzzzzzzzzzzzzzzzzzzzzz", "%25", "'", "-1", "%F0%9F%8D%80", "null", strings.Repeat("9", 300)} {
				p := ask(id)
				if p.status != http.StatusNotFound {
					t.Errorf("%s with %q: status %d, want 404\n%s", line, id, p.status, p.text())
				} else if got, want := p.ordinary(id), want.ordinary(foreign[kind]); got != want {
					t.Errorf("%s: a foreign id and %q answer differently: %s", line, id, apart(want, got))
				}
			}
		})
	}
}

// TestAForeignIDTakesAsLong as one that never was: the time tells nothing either. I13
func TestAForeignIDTakesAsLong(t *testing.T) {
	t.Parallel()
	l := obey(t)
	ann, zoe := l.as(l.Ann), l.as(l.Zoe)
	mem := l.Membership(t, l.Zoe, rostertest.Other)
	for _, c := range []struct {
		b              *browser
		there, nowhere string
	}{
		{ann, paths.Member(rostertest.Acme, mem), paths.Member(rostertest.Acme, publicid.Membership.Of(publicid.New()))},
		{zoe, paths.Members(rostertest.Acme), paths.Members("acne")},
	} {
		var apart time.Duration
		for range 5 { // the machine has other things to do
			var took [2][]time.Duration
			for n := range 200 {
				i := n % 2
				began := time.Now()
				c.b.get([]string{c.there, c.nowhere}[i])
				took[i] = append(took[i], time.Since(began))
			}
			slices.Sort(took[0])
			slices.Sort(took[1])
			if apart = (took[0][50] - took[1][50]).Abs(); apart < 2*time.Millisecond {
				break
			}
		}
		if apart >= 2*time.Millisecond {
			t.Errorf("%s and %s are answered %v apart", c.there, c.nowhere, apart)
		}
	}
}

// raw sends a request line as it is given: no client tidies it up first.
func (l *law) raw(method, target, cookie, form string, headers ...string) *page {
	l.t.Helper()
	address := strings.TrimPrefix(l.URL, "http://")
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		l.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nCookie: roster_session=%s\r\nConnection: close\r\nOrigin: %s\r\nSec-Fetch-Site: same-origin\r\n", method, target, address, cookie, l.URL)
	for i := 0; i+1 < len(headers); i += 2 {
		fmt.Fprintf(conn, "%s: %s\r\n", headers[i], headers[i+1])
	}
	if form != "" {
		fmt.Fprintf(conn, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(form))
	}
	fmt.Fprintf(conn, "\r\n%s", form)
	all, err := io.ReadAll(conn)
	p := &page{t: l.t, path: target, raw: string(all)}
	if err != nil && len(all) == 0 { // what is no request at all is cut off, and its answer may be lost with it
		p.status = http.StatusBadRequest
		return p
	}
	if _, err := fmt.Sscanf(p.raw, "HTTP/1.1 %d", &p.status); err != nil {
		l.t.Fatalf("%s %s answers %q", method, target, p.raw[:min(len(p.raw), 80)])
	}
	return p
}

// TestNoSpellingOfAnAddressLeadsPastItsGate: letters' case, encodings, double and trailing slashes, dots, and methods that
// pretend to be others. Whoever may not see a page sees it in no spelling; whoever may meets the same gate. I73 I97 X27
func TestNoSpellingOfAnAddressLeadsPastItsGate(t *testing.T) {
	t.Parallel()
	l := obey(t)
	guest, stranger := l.as(l.Gus).cookie(), l.as(l.Zoe).cookie()
	_, mem := l.someone(rostertest.Acme, role.Viewer)
	private := regexp.MustCompile(`Cem Member|cem@acme\.example|guest\d+@elsewhere`)
	spellings := []string{
		"/orgs/acme/members", "/ORGS/acme/members", "/orgs/ACME/members", "/orgs/acme/MEMBERS", "/orgs/acme/members/", "//orgs/acme/members", "/orgs//acme/members",
		"/orgs/acme//members", "/orgs/acme/members//", "/orgs/acme%2Fmembers", "/orgs%2Facme/members", "/orgs/acme%2fmembers", "%2Forgs/acme/members", "/%6Frgs/acme/members",
		"/orgs/%61cme/members", "/orgs/acme/%6Dembers", "/orgs/acme/./members", "/orgs/other/../acme/members", "/orgs/other/%2e%2e/acme/members", "/login/../orgs/acme/members",
		"/static/../orgs/acme/members", "/static/%2e%2e/orgs/acme/members", "/livez/../orgs/acme/members", "/orgs/acme/members;a=b", "/orgs/acme/members%00", "/orgs/acme/members%20",
		"/orgs/acme/members%0a", "/orgs/acme\\members", "/orgs/acme/members?", "/orgs/acme/members?org=other", "/orgs/acme/members.html", "/orgs/acme/members%3Fq", "/orgs/acme/members%23",
		"/orgs/new/../acme/members", "/orgs/%2e/acme/members", "/%2e/orgs/acme/members", "/orgs/acme%252Fmembers", "/orgs/acme/members/" + mem, "/orgs/acme/members/" + strings.ToUpper(mem),
		"/orgs/acme/members/" + mem + "/", "/orgs/acme/members//" + mem, "/orgs/acme/members/./" + mem, "/orgs/acme/invitations/", "/orgs/acme/INVITATIONS", "/orgs/acme//invitations",
		"/orgs/acme%2Finvitations", "/orgs/acme/members/" + mem + "%2Fremove", "/orgs/acme/members/" + mem + "/Remove", "/orgs/acme/members/" + mem + "//remove",
		l.URL + "/orgs/acme/members", "http://elsewhere.example/orgs/acme/members", "/orgs/\u0430cme/members", "/orgs/acme/members/..", "/orgs/acme/members/../members", "/orgs/.acme/members",
		"/orgs/acme./members", "/orgs/acme\u200b/members", "/orgs/acme%e2%80%8b/members", "/orgs/acme%ff/members", "/dev/mail/../../orgs/acme/members", "/dev/mail/..%2f..%2forgs/acme/members",
	}
	methods := []struct {
		method, form string
		headers      []string
	}{
		{"GET", "", nil}, {"HEAD", "", nil}, {"POST", "a=b", nil}, {"PUT", "a=b", nil}, {"PATCH", "a=b", nil}, {"DELETE", "", nil}, {"OPTIONS", "", nil}, {"TRACE", "", nil}, {"get", "", nil}, {"Get", "", nil},
		{"POST", "_method=GET", nil}, {"POST", "a=b", []string{"X-HTTP-Method-Override", "GET"}}, {"GET", "", []string{"X-HTTP-Method-Override", "POST"}},
		{"GET", "", []string{"X-Original-URL", "/orgs/acme/members"}}, {"GET", "", []string{"X-Rewrite-URL", "/orgs/acme/members"}}, {"GET", "", []string{"X-Method-Override", "HEAD"}},
	}
	l.unchanged("spellings", usedLast, func() {
		for _, target := range spellings {
			for i, m := range methods {
				cookies := []string{guest, stranger, ""}
				if i > 2 {
					cookies = cookies[:1] // a member meets most of what is behind
				}
				for _, cookie := range cookies {
					p := l.raw(m.method, target, cookie, m.form, m.headers...)
					what := fmt.Sprintf("%s %s %s %v", m.method, target, m.form, m.headers)
					if private.MatchString(p.raw) {
						t.Errorf("%s shows who is in Acme (status %d)", what, p.status)
					}
					quiet := p.status == http.StatusNoContent && m.method == http.MethodOptions // which methods there are, and nothing else
					if (p.status < 300 || p.status >= 500) && !quiet {
						t.Errorf("%s: status %d", what, p.status)
					}
				}
			}
		}
	})
	// The same where there is a way through: an override is refused, and never turns reading into changing.
	ann := l.as(l.Ann).cookie()
	to := "/orgs/acme/members/" + mem + "/remove"
	l.unchanged("overrides", usedLast, func() {
		for _, c := range []struct {
			method, target, form string
			headers              []string
			status               int
		}{
			{"GET", to + "?_method=POST", "", nil, 400}, {"GET", to, "", []string{"X-HTTP-Method-Override", "POST"}, 400}, {"GET", to, "", []string{"X-HTTP-Method", "POST"}, 400},
			{"POST", to, "_method=DELETE", nil, 400}, {"POST", to + "?_method=DELETE", "tell=on", nil, 400}, {"POST", to, "tell=on", []string{"X-Method-Override", "DELETE"}, 400},
			{"DELETE", "/orgs/acme/members/" + mem, "", nil, 405}, {"PUT", to, "tell=on", nil, 405}, {"PATCH", to, "role=guest", nil, 405}, {"POST", "/orgs/acme/members/" + mem, "tell=on", nil, 405},
			{"OPTIONS", to, "", nil, 204}, {"HEAD", to, "", nil, 200}, {"GET", to, "", nil, 200},
		} {
			if p := l.raw(c.method, c.target, ann, c.form, c.headers...); p.status != c.status {
				t.Errorf("%s %s %s %v: status %d, want %d", c.method, c.target, c.form, c.headers, p.status, c.status)
			}
		}
	})
}

// TestEveryFormOfTheOwnerIsRefusedToLowerRoles takes the forms off the owner's pages and sends each as everybody below: what
// is hidden is also refused. I75 X53
func TestEveryFormOfTheOwnerIsRefusedToLowerRoles(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.waiting(rostertest.Acme)
	ann := l.as(l.Ann)
	found := map[string]url.Values{}
	for _, path := range []string{paths.Members(rostertest.Acme), paths.Invitations(rostertest.Acme), paths.OrgWelcome(rostertest.Acme), paths.Member(rostertest.Acme, l.Membership(t, l.Cem, rostertest.Acme))} {
		p := ann.get(path)
		for _, f := range p.all("form", "method", "post") {
			if action, _ := attribute(f, "action"); strings.HasPrefix(action, paths.Org(rostertest.Acme)+"/") {
				found[action] = fields(f)
			}
		}
		for _, a := range p.all("a", "hx-get", "") {
			href, _ := attribute(a, "href")
			if strings.Contains(href, "/remove") || strings.Contains(href, "/suspend") {
				for _, f := range ann.get(href).all("form", "method", "post") {
					if action, _ := attribute(f, "action"); strings.HasPrefix(action, paths.Org(rostertest.Acme)+"/") {
						found[action] = fields(f)
					}
				}
			}
		}
	}
	if len(found) < 12 {
		t.Fatalf("only %d forms were found: %v", len(found), slices.Collect(maps.Keys(found)))
	}
	routes := map[*regexp.Regexp]role.Permission{}
	for line, permission := range needs {
		if route, ok := strings.CutPrefix(line, "POST "); ok {
			routes[regexp.MustCompile("^"+regexp.MustCompile(`:[a-z]+`).ReplaceAllString(route, `[^/]+`)+"$")] = permission
		}
	}
	for _, who := range []struct {
		person account.Person
		role   role.Role
	}{{l.Cem, role.Member}, {l.Vic, role.Viewer}, {l.Gus, role.Guest}} {
		b := l.as(who.person)
		mine := b.get(paths.Orgs).form(paths.LogOut).Get("_person")
		for _, action := range slices.Sorted(maps.Keys(found)) {
			for route, permission := range routes {
				if !route.MatchString(action) || role.May([]role.Role{who.role}, permission, role.Settings{}) {
					continue
				}
				form := maps.Clone(found[action])
				form.Set("_person", mine)
				l.unchanged(action, usedLast, func() {
					b.post(action, form).says(403, "Your role is now "+who.role.Label()+", so this was not done.")
				})
			}
		}
	}
}
