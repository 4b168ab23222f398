// Package rostertest is the small world of the tests: Ann the owner, Ben the admin, Cem the member, Vic
// the viewer and Gus the guest of Acme; Zoe owns Other. It stands in a database of the test's own, reached
// as the program reaches it.
package rostertest

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/dbtest"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
)

// Password is everybody's.
const Password = "a quiet room with seven lamps"

// Base is the public address that letters carry.
const Base = "http://localhost:8080"

var passwordHash = sync.OnceValues(func() (string, error) { return account.PasswordHash(Password) })

// World is the small world.
type World struct {
	Database *dbtest.Database
	DB       *db.DB
	Roster   *roster.Roster
	Key      []byte
	Sealer   *mail.Sealer
	Outbox   *mail.Outbox

	admin *pgx.Conn // past row security
	asks  sync.Mutex

	people
}

type people struct{ Ann, Ben, Cem, Vic, Gus, Zoe account.Person }

// The slugs of the two organizations.
const (
	Acme  = "acme"
	Other = "other"
)

// small is who lives in the small world, the same people in each of its clones.
var small people

// New makes the world. Options change how the database is opened.
func New(t testing.TB, options ...func(*db.Config)) *World {
	t.Helper()
	w := open(t, dbtest.Filled(t, "roster_small_world", func(d *dbtest.Database) {
		w := open(t, d)
		w.populate(t)
		small = w.people
		w.DB.Close()
		w.admin.Close(t.Context())
	}), options...)
	w.people = small
	return w
}

func (w *World) populate(t testing.TB) {
	t.Helper()
	w.Ann = w.Person(t, "Ann Owner", "ann@acme.example")
	w.Ben = w.Person(t, "Ben Admin", "ben@acme.example")
	w.Cem = w.Person(t, "Cem Member", "cem@acme.example")
	w.Vic = w.Person(t, "Vic Viewer", "vic@acme.example")
	w.Gus = w.Person(t, "Gus Guest", "gus@guests.example")
	w.Zoe = w.Person(t, "Zoe Elsewhere", "zoe@other.example")
	w.Found(t, w.Ann, "Acme", Acme)
	w.Found(t, w.Zoe, "Other", Other)
	for _, one := range []struct {
		person account.Person
		role   role.Role
	}{{w.Ben, role.Admin}, {w.Cem, role.Member}, {w.Vic, role.Viewer}, {w.Gus, role.Guest}} {
		w.Join(t, w.Ann, Acme, one.person, one.role)
	}
}

// Empty is a database with nobody in it.
func Empty(t testing.TB, options ...func(*db.Config)) *World {
	t.Helper()
	return open(t, dbtest.New(t), options...)
}

func open(t testing.TB, d *dbtest.Database, options ...func(*db.Config)) *World {
	t.Helper()
	w := &World{Database: d, Key: dbtest.Installation()}
	w.DB = w.Database.Open(t, options...)
	w.admin = w.Database.Superuser(t)
	var err error
	if w.Sealer, err = mail.NewSealer(w.Key); err != nil {
		t.Fatal(err)
	}
	if w.Outbox, err = mail.NewOutbox(w.Sealer, Base); err != nil {
		t.Fatal(err)
	}
	w.Roster = roster.New(w.DB, w.Outbox, true)
	return w
}

// Person makes somebody with a confirmed address and the password of all.
func (w *World) Person(t testing.TB, name, email string) account.Person {
	t.Helper()
	address, err := mail.Parse(email)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := passwordHash()
	if err != nil {
		t.Fatal(err)
	}
	p := account.Person{ID: publicid.New(), Name: name, Email: address.Typed, EmailNorm: address.Norm, Theme: "system", Shortcuts: true}
	w.SQL(t, `INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text, fold) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		p.ID, name, p.Email, p.EmailNorm, account.SortName(name), account.SearchText(name, p.Email), account.FoldVersion)
	w.SQL(t, `INSERT INTO auth.credentials (user_id, password_hash) VALUES ($1, $2)`, p.ID, hash)
	return p
}

// Found makes an organization, however many its owner has made.
func (w *World) Found(t testing.TB, owner account.Person, name, slug string) uuid.UUID {
	t.Helper()
	_, id, err := w.Roster.CreateOrganization(t.Context(), owner, roster.NewOrganization{Name: name, Slug: slug}, Trace())
	if err != nil {
		t.Fatal(err)
	}
	w.SQL(t, `DELETE FROM platform.foundings WHERE org_id = $1`, id)
	return id
}

// Trace is where the tests come from.
func Trace() account.Trace {
	return account.Trace{Address: "192.0.2.1", UserAgent: "rostertest", RequestID: "req_" + uuid.NewString()}
}

// As enters an organization as somebody.
func (w *World) As(t testing.TB, person account.Person, slug string) roster.Actor {
	t.Helper()
	return w.Sending(t, person, slug, uuid.Nil)
}

// Sending is As for somebody who sends a form that can be told from others: a second time it is the same one.
func (w *World) Sending(t testing.TB, person account.Person, slug string, form uuid.UUID) roster.Actor {
	t.Helper()
	trace := Trace()
	trace.Submission = form
	entry, err := w.Roster.Enter(t.Context(), person, slug, trace)
	if err != nil {
		t.Fatalf("%s enters %s: %v", person.Name, slug, err)
	}
	return entry.Actor
}

// Invite invites an address and answers with the invitation's id.
func (w *World) Invite(t testing.TB, by account.Person, slug, email string, as role.Role) string {
	t.Helper()
	invited, err := w.Roster.Invite(t.Context(), w.As(t, by, slug), roster.Invite{Addresses: email, Role: string(as)})
	if err != nil {
		t.Fatal(err)
	}
	if invited.Sent != 1 {
		t.Fatalf("invite %s: %+v", email, invited.Verdicts)
	}
	return invited.Verdicts[0].ID
}

// Link makes a link to copy for an invitation.
func (w *World) Link(t testing.TB, by account.Person, slug, invitation string) string {
	t.Helper()
	_, link, err := w.Roster.MakeLink(t.Context(), w.As(t, by, slug), invitation)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// Join invites somebody and lets them join.
func (w *World) Join(t testing.TB, by account.Person, slug string, who account.Person, as role.Role) {
	t.Helper()
	if as == role.Owner {
		w.Join(t, by, slug, who, role.Admin)
		if _, err := w.Roster.ChangeRole(t.Context(), w.As(t, by, slug), w.Membership(t, who, slug), role.Owner); err != nil {
			t.Fatal(err)
		}
		return
	}
	link := w.Link(t, by, slug, w.Invite(t, by, slug, who.Email, as))
	if _, err := w.Roster.Join(t.Context(), who, link, Trace()); err != nil {
		t.Fatal(err)
	}
}

// Membership is somebody's membership id.
func (w *World) Membership(t testing.TB, who account.Person, slug string) string {
	t.Helper()
	var id uuid.UUID
	w.scan(t, &id, `SELECT m.id FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id
		WHERE o.slug = $1 AND m.user_id = $2`, slug, who.ID)
	return publicid.Membership.Of(id)
}

// Count runs a query that answers with a number, past row security.
func (w *World) Count(t testing.TB, sql string, args ...any) int {
	t.Helper()
	var n int
	w.scan(t, &n, sql, args...)
	return n
}

func (w *World) scan(t testing.TB, dest any, sql string, args ...any) {
	t.Helper()
	w.asks.Lock()
	defer w.asks.Unlock()
	if err := w.admin.QueryRow(t.Context(), sql, args...).Scan(dest); err != nil {
		t.Fatal(err)
	}
}

// SQL changes what has no page yet, past row security.
func (w *World) SQL(t testing.TB, sql string, args ...any) {
	t.Helper()
	w.asks.Lock()
	defer w.asks.Unlock()
	if _, err := w.admin.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// Crowd fills Acme with so many Members, “Crowd 000001” on, whom Ann invited; past the triggers, which would take long.
func (w *World) Crowd(t testing.TB, n int) {
	t.Helper()
	conn := w.Database.Superuser(t)
	if _, err := conn.Exec(t.Context(), `SET session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
		 SELECT gen_random_uuid(), 'Crowd ' || nr, 'crowd' || n || '@acme.example', 'crowd' || n || '@acme.example', 'crowd ' || nr, ' crowd ' || nr || ' crowd' || n || '@acme.example'
		   FROM generate_series(1, $1::int) n, lpad(n::text, 6, '0') nr`,
		`INSERT INTO roster.memberships (org_id, user_id, id, roles, name, email, email_norm, sort_name, search_text, invited_by, invited_at, joined_through, joined_at, last_active_at)
		 SELECT o.id, u.id, gen_random_uuid(), '{member}', u.name, u.email, u.email_norm, u.sort_name, u.search_text,
		        a.id, now() - interval '9 days', 'invitation', now() - (random() * 5)::int * interval '1 day', CASE WHEN random() < 0.5 THEN now() - random() * interval '100 days' END
		   FROM roster.users u, roster.organizations o, roster.users a
		  WHERE o.slug = 'acme' AND a.email = 'ann@acme.example' AND u.name LIKE 'Crowd %' AND $1::int > 0`,
		`INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT m.org_id, m.user_id, 'member' FROM roster.memberships m WHERE m.name LIKE 'Crowd %' AND $1::int > 0`,
		`UPDATE roster.organizations SET members_count = members_count + $1::int WHERE slug = 'acme'`,
	} {
		if _, err := conn.Exec(t.Context(), sql, n); err != nil {
			t.Fatal(err)
		}
	}
}

// Tokens opens the links in the letters that wait to be sent to an address, in the order they were queued.
func (w *World) Tokens(t testing.TB, kind mail.Kind, to string) []string {
	t.Helper()
	w.asks.Lock()
	defer w.asks.Unlock()
	rows, err := w.admin.Query(t.Context(),
		`SELECT args FROM river.river_job WHERE kind = 'letter' AND args->>'letter' = $1 AND args::text ILIKE '%' || $2 || '%' ORDER BY id`, string(kind), to)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var tokens []string
	for rows.Next() {
		var args mail.Args
		if err := rows.Scan(&args); err != nil {
			t.Fatal(err)
		}
		purpose := "letter " + string(kind)
		secret, err := w.Sealer.Open(mail.Binding{Purpose: purpose, Org: args.OrgID, Subject: args.Subject}, args.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, string(secret))
	}
	return tokens
}

// Refused fails the test unless err is a fault of this kind, with these words in it.
func Refused(t testing.TB, err error, kind fault.Kind, words string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || !strings.Contains(f.Error(), words) {
		t.Errorf("got %v, want a fault of kind %d with %q", err, kind, words)
	}
}

// Together starts n functions on a barrier and waits for all of them.
func Together(n int, fn func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			fn(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}
