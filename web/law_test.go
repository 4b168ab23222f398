package web_test

import (
	"bytes"
	"compress/gzip"
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
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"roster/db"
	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
	"roster/web"
)

// The laws of the site: what holds for every route, page and form. They are tested by walking what there is, so that a
// new route or form is under them from its first day.

// law is a site with the small world, all of whose log and statements are kept.
type law struct {
	*site
	said   *logBuffer
	asked  *statements
	look   *pgx.Conn                    // past row security, for looking
	sql    string                       // of the digest
	ofOrg  string                       // of the digest of one organization
	serves atomic.Pointer[http.Handler] // the site, or what a test puts in its place
	passBy func(href string) bool       // what a crawl does not open
	faulty bool                         // faults of the server are what the test is about
	made   int                          // people and addresses made up so far
	missed int                          // requests that gave up before something overtook them
	tls    *tls.Config
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
	l.World = world(t, func(c *db.Config) { c.Tracer, c.MaxConns = l.asked, connections })
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
	l.serve(l.Web.Handler())
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*l.serves.Load()).ServeHTTP(w, r) })
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}}
	if config.URL.Scheme == "https" {
		server.StartTLS()
		l.tls = server.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		for line := range strings.Lines(l.said.String()) {
			if strings.Contains(line, `"level":"ERROR"`) && !strings.Contains(line, `"status":503`) && !l.faulty {
				t.Errorf("the server logged: %s", line)
			}
		}
	})
	l.URL = config.URL.Scheme + "://" + listener.Addr().String()
	l.look = l.Database.Superuser(t)
	l.again = l.asked.forget
	return l
}

// serve puts another handler in the site's place.
func (l *law) serve(h http.Handler) { l.serves.Store(&h) }

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

// as opens a browser in which somebody is logged in.
func (l *law) as(p account.Person) *browser {
	l.t.Helper()
	return l.with(l.session(p))
}

// statements keeps what is sent to the database, a line for each round trip. Two things are not the site's: a statement
// that is prepared at its first use, which no query tracer sees, and the pool's ping of a connection that lay idle.
//
// It also counts the connections that are held at once.
type statements struct {
	lock       sync.Mutex
	trips      []string
	held, most atomic.Int64
}

// TraceAcquireStart notes nothing.
func (s *statements) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return ctx
}

// TraceAcquireEnd counts a connection that is held from now on.
func (s *statements) TraceAcquireEnd(_ context.Context, _ *pgxpool.Pool, d pgxpool.TraceAcquireEndData) {
	if d.Err == nil {
		held := s.held.Add(1)
		for most := s.most.Load(); held > most && !s.most.CompareAndSwap(most, held); most = s.most.Load() {
		}
	}
}

// TraceRelease counts one that is given back.
func (s *statements) TraceRelease(*pgxpool.Pool, pgxpool.TraceReleaseData) { s.held.Add(-1) }

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

// forget begins to keep anew.
func (s *statements) forget() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.trips = nil
}

// during collects the round trips that fn takes.
func (s *statements) during(fn func()) []string {
	s.forget()
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

// digest is the state of every table, without some columns. Of a table that has none of the columns that looking may change it
// is enough to know which versions of which rows there are.
func (l *law) digest(without ...string) map[string]string {
	l.t.Helper()
	ctx := l.t.Context()
	if l.sql == "" {
		rows, err := l.look.Query(ctx, `SELECT format(CASE WHEN EXISTS (SELECT FROM information_schema.columns c WHERE (c.table_schema, c.table_name) = (schemaname, tablename) AND c.column_name = ANY ($1))
				THEN 'SELECT %L AS name, md5(coalesce(string_agg(x.j::text, ''|'' ORDER BY x.j::text), '''')) FROM (SELECT to_jsonb(t) - $1::text[] AS j FROM %I.%I t) x'
				ELSE 'SELECT %L AS name, md5(coalesce(string_agg(t.xmin::text || t.ctid::text, ''|'' ORDER BY t.ctid), '''')) FROM %I.%I t' END,
			schemaname || '.' || tablename, schemaname, tablename) FROM pg_catalog.pg_tables WHERE schemaname IN ('roster', 'auth', 'river', 'platform')`, usedLast)
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

// unchanged fails the test if fn changes anything in the database but some columns, or whole tables.
func (l *law) unchanged(what string, without []string, fn func()) {
	l.t.Helper()
	before := l.digest(without...)
	fn()
	after := l.digest(without...)
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] && !slices.Contains(without, table) {
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

// file is one that a job of a person's has written.
func (l *law) file(slug string, by account.Person) string {
	l.t.Helper()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = io.WriteString(zip, "\uFEFFName\r\n") // a buffer takes everything
	_ = zip.Close()
	id := publicid.New()
	l.SQL(l.t, `INSERT INTO roster.jobs (org_id, id, kind, started_by, state, total, done, spec, progress, finished_at)
		VALUES ($1, $2, 'members.export', $3, 'done', 5, 5, '{"Format": "csv"}', '{"Whole": true, "Pieces": 1, "Bytes": 9}', now())`, l.orgID(slug), id, by.ID)
	l.SQL(l.t, `INSERT INTO roster.job_files (org_id, job_id, n, data) VALUES ($1, $2, 0, $3)`, l.orgID(slug), id, packed.Bytes())
	return publicid.Job.Of(id)
}

// job is long work that a person started: at work, or over and with a change that cannot be taken back any more.
func (l *law) job(slug string, by account.Person, atWork bool) string {
	l.t.Helper()
	id, state := publicid.New(), "done"
	if atWork {
		state = "running"
	}
	l.SQL(l.t, `UPDATE roster.jobs SET state = 'done' WHERE started_by = $1`, by.ID) // there may only be so many at work
	l.SQL(l.t, `INSERT INTO roster.jobs (org_id, id, kind, started_by, state, total, done, finished_at)
		VALUES ($1, $2, 'members.role', $3, $4, 2, 1, CASE WHEN $4 = 'done' THEN now() END)`, l.orgID(slug), id, by.ID, state)
	l.SQL(l.t, `INSERT INTO roster.job_items (org_id, job_id, n, subject_id, label, state, undo) VALUES ($1, $2, 0, $2, 'Somebody', 'done', $2)`, l.orgID(slug), id)
	return publicid.Job.Of(id)
}

// aim is a route with its parameters filled in, and the form that goes there.
type aim struct {
	path string
	form url.Values
}

// forms are what a person would post to each route.
var forms = map[string]url.Values{
	"/orgs/:org/switch":                  {"section": {"members"}},
	"/orgs/:org/members/:mem/role":       {"role": {"guest"}, "confirmed": {"1"}},
	"/orgs/:org/members/:mem/remove":     {"tell": {"on"}},
	"/orgs/:org/members/bulk":            {"do": {"suspend"}, "confirmed": {"1"}},
	"/orgs/:org/invitations":             {"role": {"member"}, "days": {"7"}, "message": {"Have a look."}, "preview": {"no"}},
	"/orgs/:org/invitations/:inv/role":   {"role": {"viewer"}},
	"/orgs/:org/invitations/import":      {"role": {"member"}, "days": {"7"}},
	"/orgs/:org/invitations/import/:imp": {"do": {"check"}, "email-1": {"corrected@elsewhere.example"}, "role-1": {"guest"}},

	"/orgs/:org/invitations/links":    {"role": {"member"}, "days": {"7"}},
	"/orgs/:org/requests":             {"note": {"From the depot."}},
	"/orgs/:org/requests/:req/accept": {"role": {"guest"}},
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
	if strings.Contains(route, ":imp") {
		path = strings.Replace(path, ":imp", l.draft(slug, by), 1)
	}
	if route == "/orgs/:org/invitations/import" {
		form.Set("text", l.fresh())
	}
	if strings.Contains(route, ":job") {
		path = strings.Replace(path, ":job", l.job(slug, by, strings.HasSuffix(route, "/stop")), 1)
	}
	if route == "/orgs/:org/members/bulk" {
		_, mem := l.someone(slug, role.Viewer)
		form.Set("member", mem)
	}
	if strings.Contains(route, ":file") {
		path = strings.Replace(path, ":file", l.file(slug, by), 1)
	}
	if route == "/orgs/:org/exports" { // there may only be so many in a day
		l.SQL(l.t, `UPDATE roster.jobs SET state = 'done', created_at = now() - interval '2 days' WHERE started_by = $1`, by.ID)
	}
	if route == "/orgs/:org/bulk/invitations" {
		form = url.Values{"do": {"revoke"}, "confirmed": {"1"}, "chosen": {l.waiting(slug)}}
	}
	if strings.HasSuffix(route, "/address") {
		form.Set("email", l.fresh())
	}
	if strings.Contains(route, ":lnk") {
		id, _ := l.shared(slug, false)
		path = strings.Replace(path, ":lnk", id, 1)
	}
	if strings.HasSuffix(route, "/:req/withdraw") {
		path = strings.Replace(path, ":req", l.requested(slug, &by), 1)
	}
	if strings.Contains(route, ":req") && !strings.HasSuffix(route, "/:req/withdraw") {
		path = strings.Replace(path, ":req", l.requested(slug, nil), 1)
	}
	switch route {
	case "/orgs/:org/invitations/links":
		l.fewLinks()
	case "/orgs/:org/requests": // nobody has asked ten times today
		l.SQL(l.t, "UPDATE roster.join_requests SET created_at = created_at - interval '2 days'")
		form.Set("email", l.unused())
	}
	if route == "/orgs/:org/invitations" {
		l.made++
		form.Set("emails", fmt.Sprintf("new%d@elsewhere.example", l.made))
		form.Set("submission", uuid.NewString())
	}
	return aim{path, form}
}

// draft is a file of people to invite that somebody of an organization has brought: a row to fix, and one that is ready.
func (l *law) draft(slug string, by account.Person) string {
	l.t.Helper()
	owner := l.Ann
	if slug == rostertest.Other {
		owner = l.Zoe
	}
	id, err := l.Roster.ReadImport(l.t.Context(), l.As(l.t, owner, slug), roster.ImportFile{Name: "people.csv", Data: []byte("mistyped@\n" + l.fresh()), Role: "member", Days: 7})
	if err != nil {
		l.t.Fatal(err)
	}
	if by.ID != owner.ID {
		made, _ := publicid.Import.Parse(id)
		l.SQL(l.t, "UPDATE roster.imports SET made_by = $2 WHERE id = $1 AND org_id IN (SELECT org_id FROM roster.memberships WHERE user_id = $2)", made, by.ID)
	}
	return id
}

// send makes the request of a route as a person's browser would: the page, or the plain form.
func (b *browser) sendTo(method string, to aim) *page {
	b.site.t.Helper()
	if method == http.MethodPost {
		return b.post(to.path, to.form)
	}
	return b.get(to.path)
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
	if id := p.header.Get("X-Request-Id"); id != "" {
		body = strings.ReplaceAll(body, id, "REQUEST")
	}
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

// orgID is an organization's id.
func (l *law) orgID(slug string) uuid.UUID {
	l.t.Helper()
	var id uuid.UUID
	if err := l.look.QueryRow(l.t.Context(), "SELECT org_id FROM roster.organization_slugs WHERE slug = $1", slug).Scan(&id); err != nil {
		l.t.Fatal(err)
	}
	return id
}

// raw sends a request line as it is given: no client tidies it up first.
func (l *law) raw(method, target, cookie, form string, headers ...string) *page {
	l.t.Helper()
	var r strings.Builder
	fmt.Fprintf(&r, "%s %s HTTP/1.1\r\nHost: %s\r\nCookie: roster_session=%s\r\nConnection: close\r\nOrigin: %s\r\nSec-Fetch-Site: same-origin\r\n",
		method, target, strings.TrimPrefix(l.URL, "http://"), cookie, l.URL)
	for i := 0; i+1 < len(headers); i += 2 {
		fmt.Fprintf(&r, "%s: %s\r\n", headers[i], headers[i+1])
	}
	if form != "" {
		fmt.Fprintf(&r, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(form))
	}
	fmt.Fprintf(&r, "\r\n%s", form)
	return l.deliver(method+" "+target, r.String())
}

// deliver sends bytes, and reads the answer as it comes.
func (l *law) deliver(what, request string) *page {
	l.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL, "http://"))
	if err != nil {
		l.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(suite.Patience(l.t)))
	_, _ = io.WriteString(conn, request)
	all, err := io.ReadAll(conn)
	p := &page{t: l.t, path: what, raw: string(all)}
	if err != nil && len(all) == 0 { // what is no request at all is cut off, and its answer may be lost with it
		p.status = http.StatusBadRequest
		return p
	}
	if _, err := fmt.Sscanf(p.raw, "HTTP/1.1 %d", &p.status); err != nil {
		l.t.Fatalf("%s answers %q", what, p.raw[:min(len(p.raw), 80)])
	}
	return p
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
