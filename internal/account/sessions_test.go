package account_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/db"
	"roster/internal/account"
	"roster/internal/fault"
)

// R7: on a database that writes nothing a session is found all the same, and noting that it is used, or where, fails nothing.
func TestSessionsAreFoundOnAReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.logIn(w.person("Mara", "mara@acme.example"), "")
	w.exec("UPDATE auth.sessions SET last_seen_at = now() - interval '10 minutes'")
	readOnly := func(c *db.Config) { c.Auth += "&default_transaction_read_only=on" }
	w.open(account.SessionConfig{DB: w.data.Open(t, readOnly), Key: key})
	r := w.begin(token)
	if who, ok := r.record.Person(); !ok || who.Email != "mara@acme.example" {
		t.Errorf("found %q, %v", who.Email, ok)
	}
	if err := w.sessions.Use(r.ctx, uuid.New()); err != nil {
		t.Errorf("where the person is could not be noted: %v", err)
	}
	if !get[bool](w, "SELECT last_seen_at < now() - interval '9 minutes' FROM auth.sessions") {
		t.Error("something was written")
	}
	w.open(account.SessionConfig{DB: w.db, Key: key})
	w.begin(token)
	if !get[bool](w, "SELECT last_seen_at > now() - interval '1 minute' FROM auth.sessions") {
		t.Error("used last is not noted")
	}
}

// I49
func TestAnonymousRequestsMakeNoSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, cookie := range []string{"", "x", account.NewMarker()} {
		r := w.begin(cookie)
		if got, err := r.end(); err != nil || got != cookie {
			t.Errorf("cookie %q became %q, %v", cookie, got, err)
		}
		r = w.begin(cookie)
		w.scs.Put(r.ctx, "notice", "x")
		if _, err := r.end(); err != account.ErrNobody {
			t.Errorf("remembering something for nobody: %v", err)
		}
		if err := w.scs.RenewToken(r.ctx); err != nil {
			t.Error(err)
		}
		if _, err := r.end(); err != account.ErrNobody {
			t.Errorf("a new token for nobody: %v", err)
		}
	}
	if turns := w.count(func() { w.begin("") }); turns != 0 {
		t.Errorf("a request without a cookie makes %d round trips", turns)
	}
	if n := get[int](w, "SELECT count(*) FROM auth.sessions"); n != 0 {
		t.Errorf("there are %d sessions", n)
	}
}

// I41: a log-in has a new token, the one before is dead, and one that the client chose is never adopted.
func TestLogInHasANewToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, noor := w.person("Mara", "mara@acme.example"), w.person("Noor", "noor@acme.example")
	chosen := account.NewMarker()
	first := w.logIn(mara, chosen)
	if first == chosen || w.who(chosen) != "" {
		t.Error("the token that the client chose was adopted")
	}
	second := w.logIn(noor, first)
	if w.who(first) != "" {
		t.Error("the token of before the log-in is not dead")
	}
	if who := w.who(second); who != "noor@acme.example" {
		t.Errorf("the new token is %q's", who)
	}
	r := w.begin(second)
	r.record.LogIn(mara, here("203.0.113.1"))
	w.scs.Put(r.ctx, "x", "y")
	if token, err := r.end(); err == nil {
		t.Errorf("a log-in kept the token %q", token)
	}
}

func TestSessionKnowsItsPersonInOneTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	cookie := w.logIn(login, "")
	var r *request
	if turns := w.count(func() { r = w.begin(cookie) }); turns != 1 {
		t.Errorf("loading takes %d round trips", turns)
	}
	person, ok := r.record.Person()
	if !ok || person != login.Person {
		t.Errorf("person is %+v, want %+v", person, login.Person)
	}
	if id := get[uuid.UUID](w, "SELECT public_id FROM auth.sessions"); r.record.Session() != id {
		t.Errorf("session is %v, want %v", r.record.Session(), id)
	}
	if life := r.record.ExpiresAt().Sub(r.record.AuthenticatedAt()); life != 12*time.Hour {
		t.Errorf("it lives for %v", life)
	}
	if turns := w.count(func() { _, _ = r.end() }); turns != 0 {
		t.Errorf("a request that changed nothing commits with %d round trips", turns)
	}
	if n := get[int](w, "SELECT octet_length(data) FROM auth.sessions"); n > 4 {
		t.Errorf("an empty session has %d bytes", n)
	}
	if n := get[int](w, "SELECT count(*) FROM auth.events e JOIN auth.sessions s ON s.public_id = e.session_id WHERE e.event = 'logged_in' AND e.address = '203.0.113.1'"); n != 1 {
		t.Errorf("the log-in is noted %d times", n)
	}
}

func TestSessionRemembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie := w.logIn(w.person("Mara", "mara@acme.example"), "")
	r := w.begin(cookie)
	w.scs.Put(r.ctx, "notice", "Removed “Noor”.")
	if token, err := r.end(); err != nil || token != cookie {
		t.Fatalf("token %q, %v", token, err)
	}
	r = w.begin(cookie)
	if got := w.scs.PopString(r.ctx, "notice"); got != "Removed “Noor”." {
		t.Errorf("it remembers %q", got)
	}
	if _, err := r.end(); err != nil {
		t.Fatal(err)
	}
	if got := w.scs.GetString(w.begin(cookie).ctx, "notice"); got != "" {
		t.Errorf("it still remembers %q", got)
	}
}

// I42, protocol F1: a request is under way while the session ends, and commits afterwards, with a change and without.
func TestEndedSessionNeverComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	ends := map[string]func(cookie string){
		"log-out": func(cookie string) {
			r := w.begin(cookie)
			if err := w.scs.Destroy(r.ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := r.end(); err != nil {
				t.Fatal(err)
			}
			if _, ok := r.record.Person(); ok {
				t.Error("logged out, and still somebody")
			}
		},
		"another log-in": func(cookie string) { w.logIn(login, cookie) },
		"switch, after ten seconds": func(cookie string) {
			if _, err := w.sessions.Switch(w.begin(cookie).ctx, cookie, uuid.New()); err != nil {
				t.Fatal(err)
			}
			w.exec("UPDATE auth.sessions SET switched_at = switched_at - interval '10 seconds'")
		},
		"the end of all": func(string) { w.exec("DELETE FROM auth.sessions") },
	}
	for name, end := range ends {
		cookie := w.logIn(login, "")
		slow := make([]*request, 5)
		for i := range slow {
			slow[i] = w.begin(cookie)
		}
		end(cookie)
		w.scs.Put(slow[1].ctx, "notice", "x")                 // a change
		if err := w.scs.RenewToken(slow[2].ctx); err != nil { // a new token without a log-in
			t.Fatal(err)
		}
		if err := w.sessions.Use(slow[3].ctx, uuid.New()); err != nil {
			t.Errorf("%s: noting the organization: %v", name, err)
		}
		if _, err := w.sessions.Switch(slow[4].ctx, cookie, uuid.New()); !fault.Is(err, fault.LoggedOut) {
			t.Errorf("%s: a switch afterwards: %v", name, err)
		}
		for i, r := range slow {
			token, err := r.end()
			if i == 2 {
				if err != account.ErrNobody {
					t.Errorf("%s: a new token without a log-in: %v", name, err)
				}
			} else if err != nil {
				t.Errorf("%s: request %d: %v", name, i, err)
			}
			if who := w.who(token); who != "" {
				t.Errorf("%s: request %d came out with a cookie that is %s's", name, i, who)
			}
		}
		if who := w.who(cookie); who != "" {
			t.Errorf("%s: the old cookie is %s's again", name, who)
		}
	}
}

// I41 I45: a switch renews the token and prolongs nothing.
func TestSwitchRenewsTheTokenAndProlongsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	cookie := w.logIn(login, "")
	w.exec("UPDATE auth.sessions SET authenticated_at = authenticated_at - interval '11 hours', expires_at = expires_at - interval '11 hours'")
	first := w.begin(cookie).record
	ends, began, session := first.ExpiresAt(), first.AuthenticatedAt(), first.Session()

	var organization uuid.UUID
	for range 3 {
		before := cookie
		organization = uuid.New()
		r := w.begin(cookie)
		var err error
		turns := w.count(func() { cookie, err = w.sessions.Switch(r.ctx, cookie, organization) })
		if err != nil || turns != 1 {
			t.Fatalf("switch: %v, %d round trips", err, turns)
		}
		if cookie == before {
			t.Fatal("the token stayed")
		}
		w.scs.Put(r.ctx, "notice", "after the switch, in its request")
		if _, err := r.end(); err != nil {
			t.Fatal(err)
		}
		r = w.begin(cookie)
		if r.record.Organization() != organization || !r.record.ExpiresAt().Equal(ends) || !r.record.AuthenticatedAt().Equal(began) || r.record.Session() != session || r.record.Succeeded() {
			t.Errorf("after the switch: %+v", r.record)
		}
		if got := w.scs.GetString(r.ctx, "notice"); got == "" {
			t.Error("what was put after the switch is lost")
		}
	}
	w.exec("UPDATE auth.sessions SET expires_at = now()")
	if who := w.who(cookie); who != "" {
		t.Errorf("the session is %s's after its end", who)
	}
	if _, err := w.sessions.Switch(t.Context(), cookie, organization); !fault.Is(err, fault.LoggedOut) {
		t.Errorf("a switch after the end: %v", err)
	}
}

// D2: a double click on the switcher logs nobody out, and both presses lead to the same successor.
func TestDoubleClickOnTheSwitcher(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie := w.logIn(w.person("Mara", "mara@acme.example"), "")
	organization := uuid.New()
	tokens := make([]string, 8)
	if ok, kinds := together(t, len(tokens), func(i int) error {
		r := w.begin(cookie)
		var err error
		tokens[i], err = w.sessions.Switch(r.ctx, cookie, organization)
		return err
	}); ok != len(tokens) {
		t.Fatalf("%d presses were taken, the others: %v", ok, kinds)
	}
	for _, token := range tokens {
		if token != tokens[0] || w.who(token) != "mara@acme.example" {
			t.Fatalf("presses lead to %v", tokens)
		}
	}
	r := w.begin(cookie)
	if _, ok := r.record.Person(); !ok || !r.record.Succeeded() || w.sessions.Successor(cookie) != tokens[0] {
		t.Errorf("the token before is not answered as its successor")
	}
	w.scs.Put(r.ctx, "notice", "x")
	if _, err := r.end(); err != nil {
		t.Fatal(err)
	}
	if got := w.scs.GetString(w.begin(tokens[0]).ctx, "notice"); got != "x" {
		t.Error("what the token before kept is lost")
	}
	// Who logs out with it is out.
	r = w.begin(cookie)
	if err := w.scs.Destroy(r.ctx); err != nil {
		t.Fatal(err)
	}
	if w.who(tokens[0]) != "" || w.who(cookie) != "" {
		t.Error("logged out with the token before a switch, and still in")
	}
}

// After ten seconds the token before a switch is dead.
func TestTokenBeforeASwitchDies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie := w.logIn(w.person("Mara", "mara@acme.example"), "")
	successor, err := w.sessions.Switch(t.Context(), cookie, uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	w.exec("UPDATE auth.sessions SET switched_at = switched_at - interval '10 seconds'")
	if who := w.who(cookie); who != "" {
		t.Errorf("it is %s's", who)
	}
	if who := w.who(successor); who != "mara@acme.example" {
		t.Errorf("the successor is %q's", who)
	}
}

// I43: of two requests under way, the one that noted an organization later with older knowledge changes nothing.
func TestActiveOrganizationIsComparedAndSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	cookie := w.logIn(login, "")
	a, b, c := uuid.New(), uuid.New(), uuid.New()
	use := func(r *request, organization uuid.UUID) {
		t.Helper()
		if err := w.sessions.Use(r.ctx, organization); err != nil {
			t.Fatal(err)
		}
	}
	use(w.begin(cookie), a)
	slow := w.begin(cookie)
	use(w.begin(cookie), b)
	use(slow, c)
	if got := w.begin(cookie).record.Organization(); got != b {
		t.Errorf("active is %v, want %v", got, b)
	}
	r := w.begin(cookie)
	if turns := w.count(func() { use(r, b) }); turns != 0 {
		t.Errorf("noting what is so already makes %d round trips", turns)
	}
	again, err := w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1"))
	if err != nil || again.Organization != b {
		t.Errorf("the next log-in leads to %v, %v; want %v", again.Organization, err, b)
	}
	if got := w.begin(w.logIn(again, "")).record.Organization(); got != b {
		t.Errorf("its session begins in %v", got)
	}
}

// I45: idle and absolute life, by the database's clock; being used is noted at most once a minute.
func TestSessionsEndByTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie := w.logIn(w.person("Mara", "mara@acme.example"), "")
	seen := func(interval string) {
		t.Helper()
		w.exec("UPDATE auth.sessions SET last_seen_at = now() - $1::interval", interval)
	}
	seen("30 minutes")
	if who := w.who(cookie); who != "" {
		t.Errorf("unused for 30 minutes, and %s's", who)
	}
	if got := get[bool](w, "SELECT last_seen_at < now() - interval '29 minutes' FROM auth.sessions"); !got {
		t.Error("looking at an ended session counts as using it")
	}
	seen("29 minutes")
	if who := w.who(cookie); who != "mara@acme.example" {
		t.Errorf("used 29 minutes ago, and %q's", who)
	}
	if got := get[bool](w, "SELECT last_seen_at > now() - interval '10 seconds' FROM auth.sessions"); !got {
		t.Error("being used was not noted")
	}
	seen("50 seconds")
	w.who(cookie)
	if got := get[bool](w, "SELECT last_seen_at < now() - interval '45 seconds' FROM auth.sessions"); !got {
		t.Error("being used is noted more than once a minute")
	}
	w.exec("UPDATE auth.sessions SET expires_at = now()")
	if who := w.who(cookie); who != "" {
		t.Errorf("at the end of its life, and %s's", who)
	}

	w.open(account.SessionConfig{DB: w.db, Key: key, Idle: time.Minute, Life: time.Hour})
	login, err := w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1"))
	if err != nil {
		t.Fatal(err)
	}
	r := w.begin(w.logIn(login, ""))
	if life := r.record.ExpiresAt().Sub(r.record.AuthenticatedAt()); life != time.Hour {
		t.Errorf("configured for an hour it lives for %v", life)
	}
}
