package account_test

import (
	"testing"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
)

func (w *world) forgot(email string) string {
	w.t.Helper()
	if err := w.Forgot(w.t.Context(), email, here("203.0.113.1")); err != nil {
		w.t.Fatal(err)
	}
	return w.last(mail.KindResetPassword).Token
}

// I32 I21: choosing a new password ends everything that the old one opened, and logs nobody in.
func TestResetEndsAllSessionsAndLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	other := w.logIn(w.person("Noor", "noor@acme.example"), "")
	cookies := []string{w.logIn(login, ""), w.logIn(login, "")}
	handed, err := w.OperatorLink(t.Context(), "mara@acme.example", false)
	if err != nil {
		t.Fatal(err)
	}
	token := w.forgot("Mara@acme.example")
	link, err := w.Reset(t.Context(), token)
	if want := (account.Link{State: account.Open, Name: "Mara", Email: "mara@acme.example"}); err != nil || link != want {
		t.Fatalf("link is %+v, %v", link, err)
	}
	wantFields(t, w.ChoosePassword(t.Context(), token, "passwordpassword", here("203.0.113.1")),
		fault.Field{Name: "password", Message: "That password is on lists of known passwords. Choose another."})
	turns := w.count(func() {
		if err := w.ChoosePassword(t.Context(), token, "another phrase of mine", here("203.0.113.1")); err != nil {
			t.Fatal(err)
		}
	})
	if turns > 3 {
		t.Errorf("it took %d round trips, want at most 3", turns)
	}

	for _, cookie := range cookies {
		if who := w.who(cookie); who != "" {
			t.Errorf("a session of before is still %s's", who)
		}
	}
	if who := w.who(other); who != "noor@acme.example" {
		t.Errorf("somebody else's session is %q's", who)
	}
	if n := get[int](w, "SELECT count(*) FROM auth.sessions"); n != 1 {
		t.Errorf("%d sessions are left, want Noor's alone", n)
	}
	_, err = w.UseLoginLink(t.Context(), after(t, handed.Path, "/login/link/"), here("203.0.113.1"))
	wantFault(t, err, fault.Gone, "This link was replaced by a newer one.")
	wantFault(t, w.ChoosePassword(t.Context(), token, "a third phrase of mine", here("203.0.113.1")), fault.Gone, "This link was already used.")
	if _, err := w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1")); err == nil {
		t.Error("the old password still works")
	}
	if _, err := w.LogIn(t.Context(), "mara@acme.example", "another phrase of mine", here("203.0.113.1")); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if got := w.last(mail.KindPasswordChanged); got.To != "mara@acme.example" {
		t.Errorf("the notice goes to %q", got.To)
	}
	if n := get[int](w, "SELECT count(*) FROM auth.events WHERE event = 'password_changed'"); n != 1 {
		t.Errorf("it is noted %d times", n)
	}
}

// I42: a log-in with the old password that is under way makes no session after the reset.
func TestLogInOvertakenByAResetMakesNoSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	login, err := w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ChoosePassword(t.Context(), w.forgot("mara@acme.example"), "another phrase of mine", here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	r := w.begin("")
	r.record.LogIn(login, here("203.0.113.1"))
	if err := w.scs.RenewToken(r.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.end(); err != account.ErrEnded {
		t.Errorf("commit: %v, want ErrEnded", err)
	}
	if _, ok := r.record.Person(); ok {
		t.Error("the request still thinks that somebody is logged in")
	}
	if n := get[int](w, "SELECT count(*) FROM auth.sessions"); n != 0 {
		t.Errorf("there are %d sessions", n)
	}
}

// I42: whichever comes first, no session of the old password is left when both are done.
func TestLogInAgainstReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Letters: 1000, Block: 1000} })
	w.person("Mara", "mara@acme.example")
	passwords := []string{password, "another phrase of mine"}
	for round := range 10 {
		login, err := w.LogIn(t.Context(), "mara@acme.example", passwords[round%2], here("203.0.113.1"))
		if err != nil {
			t.Fatal(err)
		}
		token := w.forgot("mara@acme.example")
		cookies := make([]string, 4)
		together(t, 5, func(i int) error {
			if i == 4 {
				return w.ChoosePassword(t.Context(), token, passwords[(round+1)%2], here("203.0.113.1"))
			}
			r := w.begin("")
			r.record.LogIn(login, here("203.0.113.1"))
			if err := w.scs.RenewToken(r.ctx); err != nil {
				return err
			}
			var err error
			if cookies[i], err = r.end(); err == account.ErrEnded {
				err = nil
			}
			return err
		})
		for _, cookie := range cookies {
			if who := w.who(cookie); who != "" {
				t.Fatalf("round %d: a session with the old password is %s's", round, who)
			}
		}
	}
}

// I22: the answer is the same, and so are the turns; for an unknown address something is committed too.
func TestForgotDoesNotTellWhetherTheAddressHasAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	w.person("Dis", "disabled@acme.example")
	w.exec("UPDATE roster.users SET status = 'disabled' WHERE email_norm = 'disabled@acme.example'")
	for email, letters := range map[string]int{"mara@acme.example": 1, "nobody@acme.example": 0, "disabled@acme.example": 0} {
		before := len(w.letters())
		turns := w.count(func() {
			if err := w.Forgot(t.Context(), email, here("203.0.113.1")); err != nil {
				t.Errorf("%s: %v", email, err)
			}
		})
		if turns != 3 {
			t.Errorf("%s: %d round trips, want 3", email, turns)
		}
		if n := len(w.letters()) - before; n != letters {
			t.Errorf("%s: %d letters, want %d", email, n, letters)
		}
	}
	wantFields(t, w.Forgot(t.Context(), "mara", here("203.0.113.1")), fault.Field{Name: "email", Message: "Enter an e-mail address like name@example.com"})
}

// I28: neither a link nor a log-in brings a disabled account back.
func TestDisabledAccountStaysDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	cookie := w.logIn(login, "")
	reset := w.forgot("mara@acme.example")
	handed, err := w.OperatorLink(t.Context(), "mara@acme.example", false)
	if err != nil {
		t.Fatal(err)
	}
	w.exec("UPDATE roster.users SET status = 'disabled'")
	if who := w.who(cookie); who != "" {
		t.Errorf("the session is still %s's", who)
	}
	if err := w.ChoosePassword(t.Context(), reset, "another phrase of mine", here("203.0.113.1")); !fault.Is(err, fault.Gone) {
		t.Errorf("reset: %v", err)
	}
	if _, err := w.UseLoginLink(t.Context(), after(t, handed.Path, "/login/link/"), here("203.0.113.1")); !fault.Is(err, fault.Gone) {
		t.Errorf("log-in link: %v", err)
	}
	if _, err := w.LogIn(t.Context(), "mara@acme.example", password, here("203.0.113.1")); !fault.Is(err, fault.Invalid) {
		t.Errorf("log-in: %v", err)
	}
	r := w.begin("")
	r.record.LogIn(login, here("203.0.113.1"))
	if err := w.scs.RenewToken(r.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.end(); err != account.ErrEnded {
		t.Errorf("a log-in under way: %v", err)
	}
	if status := get[string](w, "SELECT status FROM roster.users"); status != "disabled" {
		t.Errorf("the account is %s", status)
	}
}

// I25: a link for one thing opens nothing else.
func TestLinksOpenOnlyWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	browser := account.NewMarker()
	signup := w.signUp("Noor", "noor@acme.example", password, browser)
	reset := w.forgot("mara@acme.example")
	handed, err := w.OperatorLink(t.Context(), "mara@acme.example", false)
	if err != nil {
		t.Fatal(err)
	}
	cookie := w.logIn(w.person("Ann", "ann@acme.example"), "")
	tokens := map[string]string{"sign-up": signup, "reset": reset, "log-in": after(t, handed.Path, "/login/link/"), "session": cookie}
	uses := map[string]func(string) error{
		"sign-up": func(token string) error {
			_, err := w.Confirm(t.Context(), account.Confirmation{Token: token, Browser: browser}, here("203.0.113.1"))
			return err
		},
		"reset": func(token string) error {
			return w.ChoosePassword(t.Context(), token, "another phrase of mine", here("203.0.113.1"))
		},
		"log-in": func(token string) error {
			_, err := w.UseLoginLink(t.Context(), token, here("203.0.113.1"))
			return err
		},
		"session": func(token string) error {
			if w.who(token) == "" {
				return fault.New(fault.Gone, "")
			}
			return nil
		},
	}
	for purpose, token := range tokens {
		for use, do := range uses {
			if use != purpose {
				if err := do(token); !fault.Is(err, fault.Gone) {
					t.Errorf("the %s token used for %s: %v", purpose, use, err)
				}
			}
		}
	}
	for _, purpose := range []string{"session", "log-in", "sign-up", "reset"} { // the reset last, as it ends the log-in link
		if err := uses[purpose](tokens[purpose]); err != nil {
			t.Errorf("%s: %v", purpose, err)
		}
	}
}

// I25
func TestResetLinkWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	token := w.forgot("mara@acme.example")
	won, kinds := together(t, 100, patient(t, func(int) error {
		return w.ChoosePassword(t.Context(), token, "another phrase of mine", here("203.0.113.1"))
	}))
	if won != 1 || kinds[fault.Gone] != 99 {
		t.Errorf("%d won, the others: %v", won, kinds)
	}
}

// I27
func TestLinksLiveAsLongAsTheySay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	first := w.forgot("mara@acme.example")
	reset := w.forgot("mara@acme.example")
	if link, err := w.Reset(t.Context(), first); err != nil || link.State != account.Replaced {
		t.Errorf("the first link is %+v, %v", link, err)
	}
	handed, err := w.OperatorLink(t.Context(), "mara@acme.example", false)
	if err != nil {
		t.Fatal(err)
	}
	login := after(t, handed.Path, "/login/link/")
	for purpose, want := range map[string]float64{"reset": 30 * 60, "login": 10 * 60} {
		if life := get[float64](w, "SELECT extract(epoch FROM expires_at - created_at)::float8 FROM auth.tokens WHERE purpose = $1 AND revoked_at IS NULL", purpose); life != want {
			t.Errorf("%s lives for %v seconds, want %v", purpose, life, want)
		}
	}
	w.exec("UPDATE auth.tokens SET expires_at = now()")
	if link, err := w.Reset(t.Context(), reset); err != nil || link.State != account.Expired {
		t.Errorf("reset link is %+v, %v", link, err)
	}
	wantFault(t, w.ChoosePassword(t.Context(), reset, "another phrase of mine", here("203.0.113.1")), fault.Gone, "This link is too old.")
	_, err = w.UseLoginLink(t.Context(), login, here("203.0.113.1"))
	wantFault(t, err, fault.Gone, "This link is too old.")
	w.exec("UPDATE auth.tokens SET expires_at = now() + interval '1 minute'")
	if _, err = w.UseLoginLink(t.Context(), login, here("203.0.113.1")); err != nil {
		t.Error(err)
	}
	if err := w.ChoosePassword(t.Context(), reset, "another phrase of mine", here("203.0.113.1")); err != nil {
		t.Error(err)
	}
}
