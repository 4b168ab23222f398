package account_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/suite"
)

const noMatch = "That e-mail and password do not match. Try again or set a new password."

// I22: an unknown address, a wrong password and a disabled account answer the same, after the same work.
func TestLogInDoesNotTellWhetherTheAddressHasAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	w.person("Dis", "disabled@acme.example")
	w.exec("UPDATE roster.users SET status = 'disabled' WHERE email_norm = 'disabled@acme.example'")

	work := map[string]int{}
	for email, try := range map[string]string{
		"mara@acme.example":     "not the password",
		"nobody@acme.example":   password,
		"disabled@acme.example": password,
	} {
		work[email] = w.count(func() {
			_, err := w.LogIn(t.Context(), email, try, here("203.0.113.1"))
			wantFields(t, err, fault.Field{Message: noMatch})
		})
	}
	for email, turns := range work {
		if turns != 2 {
			t.Errorf("%s took %d round trips, want 2", email, turns)
		}
	}
}

// I22: the dummy hash is worked out, so that an unknown address takes as long: both wait while nobody may hash, and both go
// on when one may.
func TestUnknownAddressIsHashedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Account: 1000, Block: 1000, Hashes: 1} })
	w.person("Mara", "mara@acme.example")
	for _, email := range []string{"mara@acme.example", "nobody@acme.example"} {
		suite.Try(t, email+" is hashed", func() string {
			release := w.HoldHashes()
			tried := make(chan error, 1)
			go func() {
				_, err := w.LogIn(t.Context(), email, "not the password", here("203.0.113.1"))
				tried <- err
			}()
			suite.Until(t, email+" waits for a hash", func() bool { return w.WaitForHashes() == 2 || len(tried) > 0 })
			answered := len(tried) > 0
			release()
			switch err := <-tried; {
			case fault.Is(err, fault.Unavailable): // it waited for longer than one does
				return err.Error()
			case answered || !fault.Is(err, fault.Invalid):
				t.Errorf("%s is answered %v, without a hash: %v", email, err, answered)
			}
			return ""
		})
	}
}

// I24: one address is one account, in every spelling.
func TestLogInWithEverySpelling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Jürgen", "Jürgen@Bücher.example")
	for _, email := range []string{"jürgen@bücher.example", "JU\u0308RGEN@xn--bcher-kva.EXAMPLE", "  jürgen@bücher.example "} {
		got, err := w.LogIn(t.Context(), email, password, here("203.0.113.1"))
		if err != nil || got.Person != login.Person {
			t.Errorf("%q: %+v, %v", email, got.Person, err)
		}
	}
	_, err := w.LogIn(t.Context(), "jürgen", password, here("203.0.113.1"))
	wantFields(t, err, fault.Field{Name: "email", Message: "Enter an e-mail address like name@example.com"})
}

// I26: tries are counted before they are judged, so 200 at once from as many networks get no more looks than twenty, over
// all nodes and spellings, and those of one network ten.
func TestParallelGuessesGetTwentyLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Hashes: 8} })
	other := &world{t: t, db: w.db, data: w.data, super: w.super, turns: w.turns}
	node, err := account.New(account.Config{DB: w.db, Key: key, Mails: true, SignUp: true, Limits: account.Limits{Hashes: 8}})
	if err != nil {
		t.Fatal(err)
	}
	other.Accounts = node
	w.person("Mara", "mara@acme.example")

	spellings := []string{"mara@acme.example", "MARA@acme.example", " Mara@ACME.example "}
	_, kinds := together(t, 200, func(i int) error {
		on := w
		if i%2 == 1 {
			on = other
		}
		_, err := on.LogIn(t.Context(), spellings[i%3], "guess", here(fmt.Sprintf("198.51.%d.7", i)))
		return err
	})
	wantLooks(t, kinds, 20, 200)
	w.person("Noor", "noor@acme.example")
	_, kinds = together(t, 40, func(int) error {
		_, err := w.LogIn(t.Context(), "noor@acme.example", "guess", here("198.18.0.7"))
		return err
	})
	wantLooks(t, kinds, 10, 40)

	// The right password has to wait too, and is told how long, in seconds.
	_, err = w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1"))
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.TooMany || f.After <= 14*time.Minute || f.After > 15*time.Minute ||
		f.Message != fmt.Sprintf("Too many tries. You can go on in %d seconds.", int(f.After.Seconds())) {
		t.Errorf("the right password: %v, after %v", err, f.After)
	}
	// An unknown address is counted alike.
	for i := range 21 {
		_, err = w.LogIn(t.Context(), "nobody@acme.example", "guess", here(fmt.Sprintf("203.0.%d.7", i)))
	}
	if !fault.Is(err, fault.TooMany) {
		t.Errorf("the twenty-first try for an unknown address: %v", err)
	}

	// Outsiders lock nobody out for longer than the window.
	w.exec("UPDATE auth.attempts SET since = since - interval '15 minutes'")
	if _, err := w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1")); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// wantLooks: of all tries at once a limit were looked at, the others have to wait. On a machine that is too busy for a
// hash or a connection, some were told that instead.
func wantLooks(t testing.TB, kinds map[fault.Kind]int, limit, all int) {
	t.Helper()
	looks, busy := kinds[fault.Invalid], kinds[fault.Unavailable]
	if looks > limit || looks+busy < limit || looks+busy+kinds[fault.TooMany] != all {
		t.Errorf("%d of %d got a look, want %d; all: %v", looks, all, limit, kinds)
	}
}

func TestOneAddressBlockGetsThirtyLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, kinds := together(t, 60, func(i int) error {
		_, err := w.LogIn(t.Context(), fmt.Sprintf("p%d@acme.example", i), "guess", here(fmt.Sprintf("203.0.113.%d", i)))
		return err
	})
	wantLooks(t, kinds, 30, 60)
	if _, err := w.LogIn(t.Context(), "p@acme.example", "guess", here("203.0.114.1")); fault.Is(err, fault.TooMany) {
		t.Errorf("the next block waits too: %v", err)
	}
}

// Colleagues behind one address log in as they like, and a right try forgets the wrong ones of that account only.
func TestRightTriesLockNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Account: 3, Block: 5} })
	w.person("Mara", "mara@acme.example")
	for i := range 12 {
		if _, err := w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1")); err != nil {
			t.Fatalf("log-in %d: %v", i, err)
		}
	}
	for range 2 {
		for range 2 {
			_, err := w.LogIn(t.Context(), "mara@acme.example", "guess", here("203.0.113.1"))
			wantFields(t, err, fault.Field{Message: noMatch})
		}
		if _, err := w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1")); err != nil {
			t.Fatal(err)
		}
	}
	// Four wrong tries stand against the block: its fifth is looked at, its sixth is not.
	_, err := w.LogIn(t.Context(), "other@acme.example", "guess", here("203.0.113.1"))
	wantFields(t, err, fault.Field{Message: noMatch})
	if _, err := w.LogIn(t.Context(), "other@acme.example", "guess", here("203.0.113.1")); !fault.Is(err, fault.TooMany) {
		t.Errorf("the sixth wrong try of a block: %v", err)
	}
}

// I22 C105: strangers have few letters sent to somebody, and are told no more than that: what is above is held, in silence
// and the same for an address that has no account. One network is told to wait.
func TestLettersAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Block: 1000} })
	w.person("Mara", "mara@acme.example")
	for kind, ask := range map[string]func(email, address string) error{
		"forgot": func(email, address string) error { return w.Forgot(t.Context(), email, here(address)) },
		"sign up": func(email, address string) error {
			return w.SignUp(t.Context(), account.SignUp{Name: "X", Email: strings.ToUpper(email), Password: password}, here(address))
		},
	} {
		for _, email := range []string{"mara@acme.example", "nobody@acme.example"} {
			before := len(w.letters())
			for i := range 12 {
				if err := ask(email, fmt.Sprintf("198.51.%d.7", i)); err != nil {
					t.Fatalf("%s of %s, letter %d: %v", kind, email, i, err)
				}
			}
			want := 6 // five at once, and one for the next twenty minutes
			if kind == "forgot" && email == "nobody@acme.example" {
				want = 0
			}
			if n := len(w.letters()) - before; n != want {
				t.Errorf("%s: %d letters to %s, want %d", kind, n, email, want)
			}
			var err error
			for range 6 {
				err = ask(email, "192.0.2.1")
			}
			if !fault.Is(err, fault.TooMany) {
				t.Errorf("%s: the sixth time from one network: %v", kind, err)
			}
			w.exec("UPDATE auth.attempts SET since = since - interval '20 minutes'")
			if err := ask(email, "198.18.0.1"); err != nil {
				t.Fatal(err)
			}
			if n := len(w.letters()) - before; want > 0 && n != want+1 {
				t.Errorf("%s: %d letters to %s twenty minutes later, want %d", kind, n, email, want+1)
			}
		}
	}
}

// Guessing the password of a sign-up is counted like guessing any other.
func TestGuessesAtASignUpAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.signUp("Noor", "noor@acme.example", password, account.NewMarker())
	_, kinds := together(t, 25, func(i int) error {
		_, err := w.Confirm(t.Context(), account.Confirmation{Token: token, Password: "guess"}, here(fmt.Sprintf("198.51.%d.7", i)))
		return err
	})
	wantLooks(t, kinds, 10, 25)
}

func TestLogInTakesFourTurnsWithItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	var login account.Login
	turns := w.count(func() {
		var err error
		if login, err = w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1")); err != nil {
			t.Fatal(err)
		}
	})
	turns += w.count(func() { w.logIn(login, "") })
	if turns > 4 {
		t.Errorf("a log-in takes %d round trips, want at most 4", turns)
	}
}

func TestAppearance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	cookie := w.logIn(login, "")
	if err := w.SetAppearance(t.Context(), login.Person.ID, "dark", false); err != nil {
		t.Fatal(err)
	}
	if p, _ := w.begin(cookie).record.Person(); p.Theme != "dark" || p.Shortcuts {
		t.Errorf("the next request sees %+v", p)
	}
	wantFields(t, w.SetAppearance(t.Context(), login.Person.ID, "pink", true), fault.Field{Name: "theme", Message: "Choose light, dark or as the system has it"})
}

func TestHousekeepingDeletesWhatEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	w.logIn(login, "")
	w.signUp("Noor", "noor@acme.example", password, "")
	w.known(login)
	if _, err := w.LogIn(t.Context(), "mara@acme.example", "guess", here("203.0.113.1")); err == nil {
		t.Fatal("logged in")
	}
	if err := w.Forgot(t.Context(), "mara@acme.example", here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	const all = "SELECT (SELECT count(*) FROM auth.sessions) + (SELECT count(*) FROM auth.signups) + (SELECT count(*) FROM auth.tokens) + (SELECT count(*) FROM auth.attempts) + (SELECT count(*) FROM auth.devices) + (SELECT count(*) FROM auth.refused_tries)"
	before := get[int](w, all)
	if err := w.Housekeeping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := get[int](w, all); n != before || n < 7 {
		t.Errorf("%d of %d rows are left, though none has ended", n, before)
	}
	w.exec("UPDATE auth.sessions SET expires_at = now() - interval '1 second'")
	w.exec("UPDATE auth.signups SET expires_at = now() - interval '8 days'")
	w.exec("UPDATE auth.tokens SET expires_at = now() - interval '31 days'")
	w.exec("UPDATE auth.attempts SET since = now() - interval '25 hours'")
	w.exec("UPDATE auth.devices SET used_at = now() - interval '181 days'")
	w.exec("UPDATE auth.refused_tries SET last_at = now() - interval '31 days'")
	if err := w.Housekeeping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := get[int](w, all); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
