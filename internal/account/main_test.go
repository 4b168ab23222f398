package account_test

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/dbtest"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/suite"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var key = []byte("0123456789abcdef0123456789abcdef")

const password = "tractor muffin lagoon"

// world is an installation of the test's own: its database, the accounts in it, and sessions as scs keeps them.
type world struct {
	*account.Accounts
	t        testing.TB
	db       *db.DB
	data     *dbtest.Database
	super    *pgx.Conn
	sealer   *mail.Sealer
	sessions *account.Sessions
	scs      *scs.SessionManager
	turns    *turns
}

// turns counts round trips.
type turns struct{ n atomic.Int64 }

func (c *turns) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	if d.SQL != "-- ping" && d.SQL != ";" { // by the pool itself, of what lay idle for a second
		c.n.Add(1)
	}
	return ctx
}
func (c *turns) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (c *turns) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.n.Add(1)
	return ctx
}
func (c *turns) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (c *turns) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// count is how many round trips do makes.
func (w *world) count(do func()) int {
	before := w.turns.n.Load()
	do()
	return int(w.turns.n.Load() - before)
}

func newWorld(t testing.TB, options ...func(*account.Config)) *world {
	t.Helper()
	w := &world{t: t, data: dbtest.New(t), turns: &turns{}}
	w.db = w.data.Open(t, func(c *db.Config) { c.Tracer = w.turns })
	w.super = w.data.Superuser(t)
	var err error
	if w.sealer, err = mail.NewSealer(key); err != nil {
		t.Fatal(err)
	}
	outbox, err := mail.NewOutbox(w.sealer, "https://roster.example")
	if err != nil {
		t.Fatal(err)
	}
	config := account.Config{DB: w.db, Outbox: outbox, Key: key, Mails: true, SignUp: true}
	for _, option := range options {
		option(&config)
	}
	if w.Accounts, err = account.New(config); err != nil {
		t.Fatal(err)
	}
	w.open(account.SessionConfig{DB: w.db, Key: key})
	return w
}

func withoutMails(c *account.Config) { c.Mails = false }

// open sets scs up the way the program does.
func (w *world) open(c account.SessionConfig) {
	w.t.Helper()
	var err error
	if w.sessions, err = account.NewSessions(c); err != nil {
		w.t.Fatal(err)
	}
	w.scs = scs.New()
	w.scs.Store, w.scs.Codec, w.scs.HashTokenInStore = w.sessions, account.Codec{}, true
}

// exec arranges what has no page.
func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.super.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// get is one value out of the database.
func get[T any](w *world, sql string, args ...any) T {
	w.t.Helper()
	var v T
	if err := w.super.QueryRow(w.t.Context(), sql, args...).Scan(&v); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// letter is one that was queued.
type letter struct {
	Kind  mail.Kind
	To    string
	Token string
}

// letters are all that were queued, in order, with the tokens that only the worker sees.
func (w *world) letters() []letter {
	w.t.Helper()
	rows, err := w.super.Query(w.t.Context(), "SELECT args FROM river.river_job ORDER BY id")
	if err != nil {
		w.t.Fatal(err)
	}
	var all []letter
	for rows.Next() {
		var args mail.Args
		var data struct{ To string }
		var encoded []byte
		if err := rows.Scan(&encoded); err != nil {
			w.t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &args); err != nil {
			w.t.Fatal(err)
		}
		if err := json.Unmarshal(args.Data, &data); err != nil {
			w.t.Fatal(err)
		}
		l := letter{Kind: args.Letter, To: data.To}
		if args.Sealed != "" {
			secret, err := w.sealer.Open(mail.Binding{Purpose: "letter " + string(args.Letter), Org: args.OrgID, Subject: args.Subject}, args.Sealed)
			if err != nil {
				w.t.Fatal(err)
			}
			l.Token = string(secret)
		}
		all = append(all, l)
	}
	if rows.Err() != nil {
		w.t.Fatal(rows.Err())
	}
	return all
}

// last is the letter queued last.
func (w *world) last(kind mail.Kind) letter {
	w.t.Helper()
	all := w.letters()
	if len(all) == 0 || all[len(all)-1].Kind != kind {
		w.t.Fatalf("the letters are %v, want a %s last", all, kind)
	}
	return all[len(all)-1]
}

// here is a request from somewhere.
func here(address string) account.Trace {
	return account.Trace{Address: address, UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", RequestID: "r-1"}
}

// person is somebody with an account.
func (w *world) person(name, email string) account.Login {
	w.t.Helper()
	login, err := w.CreateConfirmed(w.t.Context(), account.NewAccount{Name: name, Email: email, Password: password}, here("203.0.113.1"))
	if err != nil {
		w.t.Fatal(err)
	}
	return login
}

// signUp signs somebody up and gives the token of the letter.
func (w *world) signUp(name, email, password, browser string) string {
	w.t.Helper()
	err := w.SignUp(w.t.Context(), account.SignUp{Name: name, Email: email, Password: password, Browser: browser, Next: "/orgs"}, here("203.0.113.1"))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.last(mail.KindConfirmAddress).Token
}

// request is what one request knows of its session.
type request struct {
	w      *world
	ctx    context.Context
	record *account.Record
	token  string
}

// begin loads the session of a cookie.
func (w *world) begin(token string) *request {
	w.t.Helper()
	ctx, record := account.WithRecord(w.t.Context())
	ctx, err := w.scs.Load(ctx, token)
	if err != nil {
		w.t.Fatal(err)
	}
	return &request{w, ctx, record, token}
}

// end commits, as the middleware does, and gives the cookie that the browser has afterwards.
func (r *request) end() (string, error) {
	switch r.w.scs.Status(r.ctx) {
	case scs.Modified:
		token, _, err := r.w.scs.Commit(r.ctx)
		return token, err
	case scs.Destroyed:
		return "", nil
	}
	return r.token, nil
}

// logIn is a whole request that logs somebody in.
func (w *world) logIn(l account.Login, cookie string) string {
	w.t.Helper()
	r := w.begin(cookie)
	r.record.LogIn(l, here("203.0.113.1"))
	if err := w.scs.RenewToken(r.ctx); err != nil {
		w.t.Fatal(err)
	}
	token, err := r.end()
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// known is a request out of a browser that somebody has logged in with.
func (w *world) known(l account.Login) account.Trace {
	w.t.Helper()
	tr := here("203.0.113.1")
	tr.Device = w.NewDevice()
	r := w.begin("")
	r.record.LogIn(l, tr)
	if err := w.scs.RenewToken(r.ctx); err != nil {
		w.t.Fatal(err)
	}
	if _, err := r.end(); err != nil {
		w.t.Fatal(err)
	}
	return tr
}

// who is logged in with a cookie, "" for nobody.
func (w *world) who(token string) string {
	w.t.Helper()
	person, _ := w.begin(token).record.Person()
	return person.Email
}

// patient is somebody who comes again when told that too much is asked at once.
func patient(t *testing.T, do func(i int) error) func(i int) error {
	return func(i int) error { return suite.Patiently(t, func() error { return do(i) }) }
}

// together starts n at once and counts who succeeded; kinds counts the faults of the others.
func together(t *testing.T, n int, do func(i int) error) (ok int, kinds map[fault.Kind]int) {
	t.Helper()
	start := make(chan struct{})
	var mu sync.Mutex
	var wg sync.WaitGroup
	kinds = map[fault.Kind]int{}
	for i := range n {
		wg.Go(func() {
			<-start
			err := do(i)
			mu.Lock()
			defer mu.Unlock()
			f, isFault := fault.As(err)
			switch {
			case err == nil:
				ok++
			case isFault:
				kinds[f.Kind]++
			default:
				t.Errorf("neither done nor a fault: %v", err)
			}
		})
	}
	close(start)
	wg.Wait()
	return ok, kinds
}

// wantFault checks the kind and the sentence of a fault.
func wantFault(t testing.TB, err error, kind fault.Kind, sentence string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || f.Error() != sentence {
		t.Errorf("error is %v, want the fault %d %q", err, kind, sentence)
	}
}

// wantFields checks what a form says, field by field.
func wantFields(t testing.TB, err error, want ...fault.Field) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.Invalid {
		t.Errorf("error is %v, want a form's", err)
		return
	}
	if len(f.Fields) != len(want) {
		t.Errorf("fields are %v, want %v", f.Fields, want)
		return
	}
	for i := range want {
		if f.Fields[i] != want[i] {
			t.Errorf("field %d is %v, want %v", i, f.Fields[i], want[i])
		}
	}
}
