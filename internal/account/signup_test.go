package account_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
)

func TestSignUpMakesNobodyUntilTheLinkComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := account.NewMarker()
	token := w.signUp("  Élodie Martin ", "Elodie@Acme.example", password, browser)
	if n := get[int](w, "SELECT count(*) FROM roster.users"); n != 0 {
		t.Fatalf("%d people exist before the address is confirmed", n)
	}

	link, err := w.Signup(t.Context(), token, browser)
	if want := (account.Link{State: account.Open, Name: "Élodie Martin", Email: "Elodie@Acme.example"}); err != nil || link != want {
		t.Fatalf("the link is %+v, %v; want %+v", link, err, want)
	}
	login, err := w.Confirm(t.Context(), account.Confirmation{Token: token, Browser: browser}, here("203.0.113.1"))
	if err != nil {
		t.Fatal(err)
	}
	p := login.Person
	if p.Name != "Élodie Martin" || p.Email != "Elodie@Acme.example" || p.EmailNorm != "elodie@acme.example" || p.Theme != "system" || !p.Shortcuts || login.Next != "/orgs" {
		t.Errorf("log-in is %+v", login)
	}
	if got := get[string](w, "SELECT sort_name || '|' || search_text FROM roster.users"); got != "elodie martin| elodie martin elodie@acme.example" {
		t.Errorf("found by %q", got)
	}
	if got := w.who(w.logIn(login, "")); got != "Elodie@Acme.example" {
		t.Errorf("logged in as %q", got)
	}
	if _, err := w.LogIn(t.Context(), "elodie@acme.example", password, here("203.0.113.1")); err != nil {
		t.Errorf("the password of the sign-up: %v", err)
	}
}

// I21: who signs up with somebody else's address gets nothing that survives.
func TestSignUpWithAnothersAddressGivesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const attackers = "attacker chose this one"
	attackersBrowser := account.NewMarker()
	fromAttacker := w.signUp("Mallory", "victim@acme.example", attackers, attackersBrowser)

	// The victim opens the attacker's link: their browser did not ask, and they do not know the password.
	link, err := w.Signup(t.Context(), fromAttacker, account.NewMarker())
	if err != nil || link.State != account.Elsewhere {
		t.Fatalf("the link is %+v, %v", link, err)
	}
	_, err = w.Confirm(t.Context(), account.Confirmation{Token: fromAttacker}, here("203.0.113.1"))
	wantFields(t, err, fault.Field{Name: "password", Message: "Enter the password you signed up with"})
	_, err = w.Confirm(t.Context(), account.Confirmation{Token: fromAttacker, Password: password}, here("203.0.113.1"))
	wantFields(t, err, fault.Field{Name: "password", Message: "That is not the password you signed up with. Try again."})

	// The attacker tries to log in to what waits.
	_, err = w.LogIn(t.Context(), "victim@acme.example", attackers, here("198.51.100.1"))
	wantFields(t, err, fault.Field{Message: "That e-mail and password do not match. Try again or set a new password."})

	// The victim signs up, and whatever else waited for the address is void, in the attacker's browser too.
	victims := account.NewMarker()
	own := w.signUp("Vic", "Victim@acme.example", password, victims)
	if _, err := w.Confirm(t.Context(), account.Confirmation{Token: own, Browser: victims}, here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	_, err = w.Confirm(t.Context(), account.Confirmation{Token: fromAttacker, Browser: attackersBrowser}, here("198.51.100.1"))
	wantFault(t, err, fault.Gone, "This link was already used.")
	if _, err = w.LogIn(t.Context(), "victim@acme.example", attackers, here("198.51.100.1")); err == nil {
		t.Error("the attacker's password opens the account")
	}
	if n := get[int](w, "SELECT count(*) FROM auth.signups WHERE password_hash <> ''"); n != 0 {
		t.Errorf("%d used or void sign-ups still hold a password", n)
	}
}

// D16
func TestConfirmingInAnotherBrowserNeedsThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.signUp("Noor", "noor@acme.example", password, account.NewMarker())
	if _, err := w.Confirm(t.Context(), account.Confirmation{Token: token, Browser: account.NewMarker(), Password: password}, here("203.0.113.1")); err != nil {
		t.Error(err)
	}
}

func TestSignUpWithoutAMarkerIsNotOpenToEveryBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.signUp("Noor", "noor@acme.example", password, "")
	if link, err := w.Signup(t.Context(), token, ""); err != nil || link.State != account.Elsewhere {
		t.Errorf("the link is %+v, %v", link, err)
	}
}

// I22: the page and the work are the same; only the letter differs.
func TestSignUpDoesNotTellWhetherTheAddressHasAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	sign := func(email string) (turns int, err error) {
		turns = w.count(func() {
			err = w.SignUp(t.Context(), account.SignUp{Name: "Somebody", Email: email, Password: password}, here("203.0.113.1"))
		})
		return turns, err
	}
	known, err := sign("MARA@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.last(mail.KindAlreadyRegistered); got.To != "mara@acme.example" {
		t.Errorf("the letter goes to %q, want the address that is stored", got.To)
	}
	unknown, err := sign("nobody@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.last(mail.KindConfirmAddress); got.To != "nobody@acme.example" {
		t.Errorf("the letter goes to %q", got.To)
	}
	if known != unknown || unknown > 3 {
		t.Errorf("round trips: %d for a known address, %d for an unknown one; want the same, at most 3", known, unknown)
	}
}

// Who waits for a letter gets another one, in the browser that asked; nobody else learns or causes anything.
func TestSignUpAgainSendsAnotherLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	browser := account.NewMarker()
	first := w.signUp("Noor", "noor@acme.example", password, browser)
	again := func(email, browser string) (letters, turns int) {
		t.Helper()
		before := len(w.letters())
		turns = w.count(func() {
			if err := w.SignUpAgain(t.Context(), email, browser, here("203.0.113.1")); err != nil {
				t.Errorf("%s: %v", email, err)
			}
		})
		return len(w.letters()) - before, turns
	}
	for _, other := range []struct{ email, browser string }{
		{"noor@acme.example", account.NewMarker()}, {"noor@acme.example", ""}, {"mara@acme.example", browser}, {"nobody@acme.example", browser},
	} {
		if letters, turns := again(other.email, other.browser); letters != 0 || turns != 3 {
			t.Errorf("%v: %d letters, %d round trips; want none and 3", other, letters, turns)
		}
	}
	if letters, turns := again("NOOR@acme.example", browser); letters != 1 || turns != 3 {
		t.Errorf("%d letters, %d round trips; want 1 and 3", letters, turns)
	}
	second := w.last(mail.KindConfirmAddress).Token
	if link, err := w.Signup(t.Context(), first, browser); err != nil || link.State != account.Open {
		t.Errorf("the first link is %+v, %v", link, err)
	}
	login, err := w.Confirm(t.Context(), account.Confirmation{Token: second, Browser: browser}, here("203.0.113.1"))
	if err != nil || login.Person.Name != "Noor" || login.Next != "/orgs" {
		t.Errorf("log-in is %+v, %v", login, err)
	}
	if letters, _ := again("noor@acme.example", browser); letters != 0 {
		t.Errorf("%d letters after it was confirmed", letters)
	}
	wantFields(t, w.SignUpAgain(t.Context(), "noor", browser, here("203.0.113.1")), fault.Field{Name: "email", Message: "Enter an e-mail address like name@example.com"})
}

func TestSignUpSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := w.SignUp(t.Context(), account.SignUp{Name: " ", Email: "mara at acme", Password: "short"}, here("203.0.113.1"))
	wantFields(t, err,
		fault.Field{Name: "name", Message: "Enter your name"},
		fault.Field{Name: "email", Message: "Enter an e-mail address like name@example.com"},
		fault.Field{Name: "password", Message: "Use at least 12 characters"})
	err = w.SignUp(t.Context(), account.SignUp{Name: "Mara Lind", Email: "mara@acme.example", Password: "Mara Lind 1234"}, here("203.0.113.1"))
	wantFields(t, err, fault.Field{Name: "password", Message: "That password is little more than your name, your e-mail address or “roster”. Choose another."})
	if n := get[int](w, "SELECT count(*) FROM auth.signups") + len(w.letters()); n != 0 {
		t.Errorf("%d sign-ups and letters in spite of errors", n)
	}
}

// I25: of 100 presses at once one wins, and there is one person.
func TestSignUpLinkWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := account.NewMarker()
	token := w.signUp("Noor", "noor@acme.example", password, browser)
	won, kinds := together(t, 100, patient(t, func(int) error {
		_, err := w.Confirm(t.Context(), account.Confirmation{Token: token, Browser: browser}, here("203.0.113.1"))
		return err
	}))
	if won != 1 || kinds[fault.Gone] != 99 {
		t.Errorf("%d won, the others: %v", won, kinds)
	}
	if n := get[int](w, "SELECT count(*) FROM roster.users"); n != 1 {
		t.Errorf("there are %d people", n)
	}
	if link, err := w.Signup(t.Context(), token, browser); err != nil || link.State != account.Used {
		t.Errorf("the link is %+v, %v", link, err)
	}
}

// Sign-ups and an invitation of one address, used at once, make one person; nobody waits for another
// in a circle.
func TestOneAddressBecomesOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Block: 1000} })
	browser := account.NewMarker()
	for round := range 5 {
		email := fmt.Sprintf("noor%d@acme.example", round)
		tokens := make([]string, 4)
		for i := range tokens {
			tokens[i] = w.signUp("Noor", email, password, browser)
		}
		won, kinds := together(t, 12, patient(t, func(i int) error {
			if i%4 == 3 {
				_, err := w.CreateConfirmed(t.Context(), account.NewAccount{Name: "Noor", Email: strings.ToUpper(email), Password: password}, here("203.0.113.1"))
				return err
			}
			_, err := w.Confirm(t.Context(), account.Confirmation{Token: tokens[i%4], Browser: browser}, here("203.0.113.1"))
			return err
		}))
		if won != 1 || kinds[fault.Gone]+kinds[fault.Conflict] != 11 {
			t.Errorf("%d won, the others: %v", won, kinds)
		}
	}
}

// I27: lives end by the database's clock.
func TestSignUpLinkLivesForADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := account.NewMarker()
	token := w.signUp("Noor", "noor@acme.example", password, browser)
	if life := get[float64](w, "SELECT extract(epoch FROM expires_at - created_at)::float8 FROM auth.signups"); life != 24*60*60 {
		t.Errorf("it lives for %v seconds", life)
	}
	w.exec("UPDATE auth.signups SET expires_at = now()")
	if link, err := w.Signup(t.Context(), token, browser); err != nil || link.State != account.Expired || link.Email != "noor@acme.example" {
		t.Errorf("the link is %+v, %v", link, err)
	}
	_, err := w.Confirm(t.Context(), account.Confirmation{Token: token, Browser: browser}, here("203.0.113.1"))
	wantFault(t, err, fault.Gone, "This link is too old.")
	w.exec("UPDATE auth.signups SET expires_at = now() + interval '1 minute'")
	if _, err := w.Confirm(t.Context(), account.Confirmation{Token: token, Browser: browser}, here("203.0.113.1")); err != nil {
		t.Error(err)
	}
}

func TestUnknownAndDamagedLinksLookAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, token := range []string{"", "x", account.NewMarker(), strings.Repeat("A", 43), "../../etc", "\x00", strings.Repeat("x", 1e5)} {
		for name, look := range map[string]func() (account.Link, error){
			"sign-up": func() (account.Link, error) { return w.Signup(t.Context(), token, account.NewMarker()) },
			"reset":   func() (account.Link, error) { return w.Reset(t.Context(), token) },
			"log-in":  func() (account.Link, error) { return w.LoginLink(t.Context(), token) },
		} {
			if link, err := look(); err != nil || link != (account.Link{State: account.Unknown}) {
				t.Errorf("%s link %.20q is %+v, %v", name, token, link, err)
			}
		}
		const words = "This link does not work. Copy the whole address, or ask for a new one."
		_, err := w.Confirm(t.Context(), account.Confirmation{Token: token, Password: password, Name: "X"}, here("203.0.113.1"))
		wantFault(t, err, fault.Gone, words)
		wantFault(t, w.ChoosePassword(t.Context(), token, password, here("203.0.113.1")), fault.Gone, words)
		_, err = w.UseLoginLink(t.Context(), token, here("203.0.113.1"))
		wantFault(t, err, fault.Gone, words)
	}
}

// I52
func TestRestoredBackupRevivesNoLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	cookie := w.logIn(login, "")
	signup := w.signUp("Noor", "noor@acme.example", password, "")
	if err := w.Forgot(t.Context(), "mara@acme.example", here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	reset := w.last(mail.KindResetPassword).Token
	w.exec("UPDATE auth.instance SET epoch = epoch + 1")
	if link, err := w.Signup(t.Context(), signup, ""); err != nil || link.State != account.Unknown {
		t.Errorf("sign-up: %+v, %v", link, err)
	}
	if link, err := w.Reset(t.Context(), reset); err != nil || link.State != account.Unknown {
		t.Errorf("reset: %+v, %v", link, err)
	}
	if who := w.who(cookie); who != "" {
		t.Errorf("the session is %s's again", who)
	}
}

// D14: without a mail server the operator hands links over.
func TestWithoutMailTheOperatorHandsLinksOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withoutMails)
	if w.SignUpOpen() {
		t.Error("sign-up is open, but nobody could confirm")
	}
	err := w.SignUp(t.Context(), account.SignUp{Name: "X", Email: "x@acme.example", Password: password}, here("203.0.113.1"))
	wantFault(t, err, fault.Forbidden, "Sign-up is closed here. Ask somebody who uses Roster to invite you.")

	made, err := w.OperatorLink(t.Context(), "First@acme.example", false)
	if err != nil || made.Kind != "sign-up" || made.Email != "First@acme.example" || made.Expires.IsZero() {
		t.Fatalf("link is %+v, %v", made, err)
	}
	token := after(t, made.Path, "/signup/confirm/")
	if link, err := w.Signup(t.Context(), token, ""); err != nil || link != (account.Link{State: account.Handed, Email: "First@acme.example"}) {
		t.Errorf("link is %+v, %v", link, err)
	}
	_, err = w.Confirm(t.Context(), account.Confirmation{Token: token}, here("203.0.113.1"))
	wantFields(t, err, fault.Field{Name: "name", Message: "Enter your name"}, fault.Field{Name: "password", Message: "Choose a password"})
	login, err := w.Confirm(t.Context(), account.Confirmation{Token: token, Name: "Ann", Password: password}, here("203.0.113.1"))
	if err != nil || login.Person.Name != "Ann" || login.Person.EmailNorm != "first@acme.example" {
		t.Fatalf("log-in is %+v, %v", login, err)
	}

	made, err = w.OperatorLink(t.Context(), "first@acme.example", false)
	if err != nil || made.Kind != "log-in" {
		t.Fatalf("link is %+v, %v", made, err)
	}
	token = after(t, made.Path, "/login/link/")
	won, kinds := together(t, 20, patient(t, func(int) error {
		login, err := w.UseLoginLink(t.Context(), token, here("203.0.113.1"))
		if err == nil && login.Person.Email != "First@acme.example" {
			t.Errorf("logs in %+v", login.Person)
		}
		return err
	}))
	if won != 1 || kinds[fault.Gone] != 19 {
		t.Errorf("%d won, the others: %v", won, kinds)
	}

	made, err = w.OperatorLink(t.Context(), "first@acme.example", true)
	if err != nil || made.Kind != "reset" {
		t.Fatalf("link is %+v, %v", made, err)
	}
	if err := w.ChoosePassword(t.Context(), after(t, made.Path, "/reset/"), "another phrase of mine", here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.LogIn(t.Context(), "first@acme.example", "another phrase of mine", here("203.0.113.1")); err != nil {
		t.Error(err)
	}

	wantFault(t, w.Forgot(t.Context(), "first@acme.example", here("203.0.113.1")), fault.Forbidden,
		"No mail leaves this installation. Ask whoever runs it for a link to choose a new password.")
	if n := len(w.letters()); n != 0 {
		t.Errorf("%d letters were queued", n)
	}
}

func TestOperatorLinkRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	_, err := w.OperatorLink(t.Context(), "mara", false)
	wantFields(t, err, fault.Field{Name: "email", Message: "Enter an e-mail address like name@example.com"})
	_, err = w.OperatorLink(t.Context(), "nobody@acme.example", true)
	wantFault(t, err, fault.NotFound, "There is no account for nobody@acme.example. Without --reset you get a link to sign up.")
	w.exec("UPDATE roster.users SET status = 'disabled'")
	_, err = w.OperatorLink(t.Context(), "mara@acme.example", false)
	wantFault(t, err, fault.Forbidden, "The account of mara@acme.example is disabled.")
}

func TestInviteeBecomesAPersonAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	waiting := w.signUp("Mallory", "noor@acme.example", "attacker chose this one", "")
	login := w.person("Noor", "noor@acme.example")
	if who := w.who(w.logIn(login, "")); who != "noor@acme.example" {
		t.Errorf("logged in as %q", who)
	}
	if link, err := w.Signup(t.Context(), waiting, ""); err != nil || link.State != account.Used {
		t.Errorf("the sign-up that waited is %+v, %v", link, err)
	}
	_, err := w.CreateConfirmed(t.Context(), account.NewAccount{Name: "Noor", Email: "NOOR@acme.example", Password: password}, here("203.0.113.1"))
	wantFault(t, err, fault.Conflict, "This address has an account already. Log in to go on.")
	_, err = w.CreateConfirmed(t.Context(), account.NewAccount{Email: "new@acme.example", Password: "password2024"}, here("203.0.113.1"))
	wantFields(t, err, fault.Field{Name: "name", Message: "Enter your name"}, fault.Field{Name: "password", Message: "That password is a known one with little added. Choose another."})
}

// The letter is queued by the transaction that makes its token: if the one is not there, the other is not either.
func TestLetterAndTokenAreOneTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara", "mara@acme.example")
	w.exec("ALTER TABLE river.river_job ADD CONSTRAINT no_room CHECK (false) NOT VALID")
	if err := w.SignUp(t.Context(), account.SignUp{Name: "Noor", Email: "noor@acme.example", Password: password}, here("203.0.113.1")); err == nil {
		t.Error("sign-up says a letter is on its way")
	}
	if err := w.Forgot(t.Context(), "mara@acme.example", here("203.0.113.1")); err == nil {
		t.Error("forgot says a letter is on its way")
	}
	if n := get[int](w, "SELECT (SELECT count(*) FROM auth.signups) + (SELECT count(*) FROM auth.tokens)"); n != 0 {
		t.Errorf("%d tokens stand without their letters", n)
	}
	w.exec("ALTER TABLE river.river_job DROP CONSTRAINT no_room")
	w.exec("ALTER TABLE auth.signups ADD CONSTRAINT no_room CHECK (false) NOT VALID")
	if err := w.SignUp(t.Context(), account.SignUp{Name: "Noor", Email: "noor@acme.example", Password: password}, here("203.0.113.1")); err == nil {
		t.Error("sign-up says a letter is on its way")
	}
	if letters := w.letters(); len(letters) != 0 {
		t.Errorf("letters %v without their tokens", letters)
	}
}

// I25 I44: what is stored opens nothing.
func TestDatabaseHoldsNoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.person("Mara", "mara@acme.example")
	browser := account.NewMarker()
	secrets := []string{browser, password, w.signUp("Noor", "noor@acme.example", password, browser)}
	onTheWay := account.NewMarker() // somebody who signs up on the way to an invitation
	if err := w.SignUp(t.Context(), account.SignUp{Name: "Vic", Email: "vic@acme.example", Password: password, Next: "/invitations/" + onTheWay}, here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, onTheWay)
	if err := w.Forgot(t.Context(), "mara@acme.example", here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, w.last(mail.KindResetPassword).Token)
	for _, email := range []string{"mara@acme.example", "cem@acme.example"} {
		made, err := w.OperatorLink(t.Context(), email, false)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, made.Path[strings.LastIndex(made.Path, "/")+1:])
	}
	cookie := w.logIn(login, "")
	successor, err := w.sessions.Switch(w.begin(cookie).ctx, cookie, login.Person.ID)
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, cookie, successor)

	var dump bytes.Buffer
	rows, err := w.super.Query(t.Context(), `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('auth', 'roster', 'river', 'platform')`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	for _, name := range tables {
		if _, err := w.super.PgConn().CopyTo(t.Context(), &dump, "COPY "+name+" TO STDOUT"); err != nil {
			t.Fatal(err)
		}
	}
	if dump.Len() < 1000 || !strings.Contains(dump.String(), "mara@acme.example") {
		t.Fatalf("the dump has %d bytes and no Mara", dump.Len())
	}
	for i, secret := range secrets {
		if strings.Contains(dump.String(), secret) {
			t.Errorf("secret %d stands in the database", i)
		}
	}
	if n := get[int](w, "SELECT count(*) FROM auth.attempts WHERE subject LIKE '%@%' OR subject LIKE '%203.0%'"); n != 0 {
		t.Errorf("%d counts tell whose address was tried", n)
	}
}

func after(t testing.TB, path, prefix string) string {
	t.Helper()
	token, ok := strings.CutPrefix(path, prefix)
	if !ok {
		t.Fatalf("path is %q, want it below %q", path, prefix)
	}
	return token
}
