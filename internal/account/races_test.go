package account_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"roster/db/authdb"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/rostertest"
)

// sessionRounds is how often each way for a session to end is started on a barrier together with what is in flight.
const sessionRounds = 200

// handedIn logs somebody in by a link of the operator's, which costs no password.
func (w *world) handedIn(email string) account.Login {
	w.t.Helper()
	handed, err := w.OperatorLink(w.t.Context(), email, false)
	if err != nil {
		w.t.Fatal(err)
	}
	login, err := w.UseLoginLink(w.t.Context(), handed.Path[len("/login/link/"):], here("203.0.113.1"))
	if err != nil {
		w.t.Fatal(err)
	}
	return login
}

// inFlight are the ends of requests that were begun before their session ended.
var inFlight = []struct {
	name string
	do   func(w *world, r *request) (string, error)
}{
	{"a log-out", func(w *world, r *request) (string, error) {
		if err := w.scs.Destroy(r.ctx); err != nil {
			return "", err
		}
		return r.end()
	}},
	{"a page", func(_ *world, r *request) (string, error) { return r.end() }},
	{"a change of what is remembered", func(w *world, r *request) (string, error) {
		w.scs.Put(r.ctx, "notice", "x")
		return r.end()
	}},
	{"a page of another organization", func(w *world, r *request) (string, error) {
		if err := w.sessions.Use(r.ctx, uuid.New()); err != nil {
			return "", err
		}
		return r.end()
	}},
	{"a switch", func(w *world, r *request) (string, error) { return w.sessions.Switch(r.ctx, r.token, uuid.New()) }},
}

// I42, protocol F1: whatever is in flight when a session ends, and whoever comes first: it is over, with every token that
// the answers gave, and no row came back.
func TestNothingInFlightBringsASessionBack(t *testing.T) {
	t.Parallel()
	for _, end := range []struct {
		name string
		do   func(w *world, r *request, login account.Login) (string, error) // answers with the new token, if there is one
	}{
		{"log-out", func(w *world, r *request, _ account.Login) (string, error) {
			if err := w.scs.Destroy(r.ctx); err != nil {
				return "", err
			}
			return r.end()
		}},
		{"another log-in", func(w *world, r *request, login account.Login) (string, error) {
			r.record.LogIn(login, here("203.0.113.1"))
			if err := w.scs.RenewToken(r.ctx); err != nil {
				return "", err
			}
			return r.end()
		}},
		{"a new password", func(w *world, _ *request, login account.Login) (string, error) {
			return "", w.db.Auth(w.t.Context(), func(q *authdb.Queries) error { // what choosing it does, without the hashing
				return errors.Join(q.SetPassword(w.t.Context(), login.Person.ID, ""), q.DeleteSessionsOf(w.t.Context(), login.Person.ID))
			})
		}},
		{"a disabled account", func(w *world, _ *request, login account.Login) (string, error) {
			_, err := w.data.Superuser(w.t).Exec(w.t.Context(), "UPDATE roster.users SET status = 'disabled' WHERE id = $1", login.Person.ID)
			return "", err
		}},
	} {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.person("Mara", "mara@acme.example")
			for round := range sessionRounds {
				w.exec("UPDATE roster.users SET status = 'active'")
				w.exec("DELETE FROM auth.sessions")
				login := w.handedIn("mara@acme.example")
				token := w.logIn(login, "")
				inFlight := inFlight[round%2:] // with a log-out among them, and without
				others := make([]*request, len(inFlight))
				for i := range others {
					others[i] = w.begin(token)
				}
				last := w.begin(token)
				var given sync.Map
				fresh := ""
				rostertest.Together(len(inFlight)+1, func(i int) {
					if i < len(inFlight) {
						got, err := inFlight[i].do(w, others[i])
						if err != nil && !fault.Is(err, fault.LoggedOut) && !errors.Is(err, account.ErrNobody) { // nobody waits in a circle
							t.Errorf("round %d, %s during %s: %v", round, end.name, inFlight[i].name, err)
						}
						given.Store(got, inFlight[i].name)
						return
					}
					var err error
					if fresh, err = end.do(w, last, login); err != nil {
						t.Errorf("%s: %v", end.name, err)
					}
				})
				given.Store(token, "before")
				given.Range(func(key, from any) bool {
					if got := key.(string); got != "" && got != fresh && w.who(got) != "" {
						t.Errorf("round %d, %s: the token of %s is still somebody's", round, end.name, from)
					}
					return true
				})
				rows := get[int](w, "SELECT count(*) FROM auth.sessions")
				if fresh != "" && w.who(fresh) != "mara@acme.example" {
					t.Errorf("round %d, %s: the new token is nobody's", round, end.name)
				}
				if want := map[bool]int{true: 1}[fresh != ""]; rows != want && end.name != "a disabled account" {
					t.Errorf("round %d, %s: %d sessions are left, want %d", round, end.name, rows, want)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// I41 I42: who logs out, or logs in over a session, ends it also if it was switched in the meantime, once or often.
func TestEndingASessionThatWasSwitchedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, noor := w.person("Mara", "mara@acme.example"), w.person("Noor", "noor@acme.example")
	for switches := range 4 {
		for name, end := range map[string]func(r *request) error{
			"log-out": func(r *request) error { return w.scs.Destroy(r.ctx) },
			"another log-in": func(r *request) error {
				r.record.LogIn(noor, here("203.0.113.1"))
				return w.scs.RenewToken(r.ctx)
			},
		} {
			token := w.logIn(mara, "")
			slow := w.begin(token)
			for range switches {
				var err error
				if token, err = w.sessions.Switch(t.Context(), token, uuid.New()); err != nil {
					t.Fatal(err)
				}
			}
			if err := end(slow); err != nil {
				t.Fatal(err)
			}
			if _, err := slow.end(); err != nil {
				t.Fatal(err)
			}
			if who := w.who(token); who != "" {
				t.Errorf("%s after %d switches: the session is still %s's", name, switches, who)
			}
		}
	}
}

// I43: a switch that was acknowledged holds: no page of another organization that is in flight undoes it.
func TestNoPageUndoesASwitch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.logIn(w.person("Mara", "mara@acme.example"), "")
	for round := range sessionRounds {
		pages := []*request{w.begin(token), w.begin(token), w.begin(token)}
		chosen := uuid.New()
		rostertest.Together(len(pages)+1, func(i int) {
			if i < len(pages) {
				if err := w.sessions.Use(pages[i].ctx, uuid.New()); err != nil {
					t.Error(err)
				}
				return
			}
			var err error
			if token, err = w.sessions.Switch(t.Context(), token, chosen); err != nil {
				t.Error(err)
			}
		})
		if got := w.begin(token).record.Organization(); got != chosen {
			t.Fatalf("round %d: active is %v, want %v", round, got, chosen)
		}
		if last := get[uuid.UUID](w, "SELECT last_org FROM auth.credentials"); last != chosen {
			t.Fatalf("round %d: used last is %v, want %v", round, last, chosen)
		}
	}
}

// I43: of two switches at once, both with the same token, both are acknowledged with one successor, which is in the
// organization of one of them.
func TestTwoSwitchesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.logIn(w.person("Mara", "mara@acme.example"), "")
	for round := range sessionRounds {
		chosen := []uuid.UUID{uuid.New(), uuid.New()}
		tokens := make([]string, 2)
		rostertest.Together(2, func(i int) {
			var err error
			if tokens[i], err = w.sessions.Switch(t.Context(), token, chosen[i]); err != nil {
				t.Error(err)
			}
		})
		if tokens[0] != tokens[1] || tokens[0] == token {
			t.Fatalf("round %d: the successors are %v", round, tokens)
		}
		token = tokens[0]
		if got := w.begin(token).record.Organization(); !slices.Contains(chosen, got) {
			t.Fatalf("round %d: active is %v, want one of %v", round, got, chosen)
		}
	}
}

// I25: of a hundred uses of an operator's link to log in one wins, and makes one session.
func TestLogInLinkWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	handed, err := w.OperatorLink(t.Context(), "mara@acme.example", false)
	if err != nil {
		t.Fatal(err)
	}
	won, kinds := together(t, 100, patient(t, func(int) error {
		login, err := w.UseLoginLink(t.Context(), after(t, handed.Path, "/login/link/"), here("203.0.113.1"))
		if err == nil {
			w.logIn(login, "")
		}
		return err
	}))
	if won != 1 || kinds[fault.Gone] != 99 {
		t.Errorf("%d won, the others: %v", won, kinds)
	}
	if n := get[int](w, "SELECT count(*) FROM auth.sessions"); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// I25 I21: a link that makes an account from nothing, made by the operator, works once too; so does each of several that
// wait for one address, all together.
func TestHandedSignUpWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := make([]string, 4)
	for i := range tokens {
		handed, err := w.OperatorLink(t.Context(), "noor@acme.example", false)
		if err != nil {
			t.Fatal(err)
		}
		tokens[i] = after(t, handed.Path, "/signup/confirm/")
	}
	won, kinds := together(t, 100, patient(t, func(i int) error {
		_, err := w.Confirm(t.Context(), account.Confirmation{Token: tokens[i%4], Name: "Noor", Password: password}, here("203.0.113.1"))
		return err
	}))
	if won != 1 || kinds[fault.Gone]+kinds[fault.Conflict] != 99 {
		t.Errorf("%d won, the others: %v", won, kinds)
	}
	if n := get[int](w, "SELECT count(*) FROM roster.users"); n != 1 {
		t.Errorf("%d people", n)
	}
}
