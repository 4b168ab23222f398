package account_test

import (
	"fmt"
	"testing"
	"time"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
)

// strange is a request out of a network with this number.
func strange(network int) account.Trace { return here(fmt.Sprintf("198.51.%d.7", network)) }

// C105 I26: the day's guesses at one account are bounded over all networks and windows, and that costs its owner nothing
// but the password on a device that is new, until a letter.
func TestStrangersHaveAHundredGuessesADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Account: 4, Strangers: 8, Daily: 20, Block: 1000} })
	known := w.known(w.person("Mara", "mara@acme.example"))
	looks, network := 0, 0
	for range 6 { // windows
		for range 10 {
			network++
			_, err := w.LogIn(t.Context(), "mara@acme.example", "guess", strange(network))
			if !fault.Is(err, fault.TooMany) {
				looks++
			}
		}
		w.exec("UPDATE auth.attempts SET since = since - interval '15 minutes'")
	}
	if looks != 20 {
		t.Errorf("%d guesses in a day, want 20", looks)
	}
	_, err := w.LogIn(t.Context(), "mara@acme.example", password, strange(100))
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.TooMany || f.After < 22*time.Hour || f.Message != "Too many tries. You can go on in 23 hours." {
		t.Errorf("the right password on a new device: %v", err)
	}
	for range 3 {
		if _, err := w.LogIn(t.Context(), "mara@acme.example", password, known); err != nil {
			t.Errorf("the right password on a known device: %v", err)
		}
	}

	// A finished reset forgets the tries: of the account, on whatever device.
	if err := w.ChoosePassword(t.Context(), w.forgot("mara@acme.example"), "another phrase of mine", strange(100)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.LogIn(t.Context(), "mara@acme.example", "another phrase of mine", strange(101)); err != nil {
		t.Errorf("after the reset: %v", err)
	}
}

// C105: a known device has a count of its own, which its neighbours and strangers do not spend, and which bounds whoever
// has stolen its mark; and marks of other accounts are those of strangers.
func TestKnownDevicesAreCountedAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Account: 3, Device: 5, Block: 1000} })
	login := w.person("Mara", "mara@acme.example")
	laptop, phone, noors := w.known(login), w.known(login), w.known(w.person("Noor", "noor@acme.example"))
	guess := func(tr account.Trace) bool {
		t.Helper()
		_, err := w.LogIn(t.Context(), "mara@acme.example", "guess", tr)
		if err == nil {
			t.Fatal("logged in")
		}
		return !fault.Is(err, fault.TooMany)
	}
	count := func(tr account.Trace, n int) (looks int) {
		t.Helper()
		for range n {
			if guess(tr) {
				looks++
			}
		}
		return looks
	}
	if n := count(laptop, 6); n != 3 {
		t.Errorf("the laptop has %d looks in a window, want 3", n)
	}
	w.exec("UPDATE auth.attempts SET since = since - interval '15 minutes'")
	if n := count(laptop, 6); n != 2 {
		t.Errorf("the laptop has %d looks more in that day, want 2", n)
	}
	if n := count(noors, 6); n != 3 {
		t.Errorf("somebody else's device in the same network has %d looks, want those of its network", n)
	}
	if _, err := w.LogIn(t.Context(), "mara@acme.example", password, phone); err != nil {
		t.Errorf("the phone: %v", err)
	}
	w.exec("UPDATE auth.devices SET used_at = now() - interval '181 days'")
	if _, err := w.LogIn(t.Context(), "mara@acme.example", password, phone); !fault.Is(err, fault.TooMany) {
		t.Errorf("the phone half a year later, in a network that is over: %v", err)
	}
}

// A letter that is held replaces nothing, strangers replace none of the owner's links, and what they ask for holds none of
// the owner's letters.
func TestStrangersReplaceNoLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := w.known(w.person("Mara", "mara@acme.example"))
	isOpen := func(token string, want account.State) {
		t.Helper()
		if link, err := w.Reset(t.Context(), token); err != nil || link.State != want {
			t.Errorf("the link is %q, %v; want %q", link.State, err, want)
		}
	}
	ask := func(tr account.Trace) string {
		t.Helper()
		before := len(w.letters())
		if err := w.Forgot(t.Context(), "mara@acme.example", tr); err != nil {
			t.Fatal(err)
		}
		if len(w.letters()) == before {
			return ""
		}
		return w.last(mail.KindResetPassword).Token
	}
	handed, err := w.OperatorLink(t.Context(), "mara@acme.example", true)
	if err != nil {
		t.Fatal(err)
	}
	mine, strangers := ask(known), ""
	for n := range 20 {
		if token := ask(strange(n)); token != "" {
			strangers = token
		}
	}
	isOpen(mine, account.Open)
	isOpen(strangers, account.Open)
	isOpen(after(t, handed.Path, "/reset/"), account.Open)
	again := ask(known)
	if again == "" {
		t.Fatal("a known device's letter is held")
	}
	isOpen(mine, account.Replaced)
	isOpen(again, account.Open)
	isOpen(strangers, account.Open)
	if err := w.ChoosePassword(t.Context(), strangers, "another phrase of mine", known); err != nil {
		t.Fatal(err)
	}
	isOpen(again, account.Replaced) // whatever link was used, no other is left
	if ask(strange(50)) == "" {
		t.Error("after a reset a letter is held still")
	}
}

// C105 I21: whoever had letters sent to an address keeps nobody from signing up with it: a link of theirs confirms what the
// owner of the mailbox asked for in this browser, never what the stranger did.
func TestStrangersKeepNobodyFromSigningUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger, mine := account.NewMarker(), account.NewMarker()
	signUp := func(name, password, browser string, tr account.Trace) {
		t.Helper()
		if err := w.SignUp(t.Context(), account.SignUp{Name: name, Email: "noor@acme.example", Password: password, Browser: browser}, tr); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 10 {
		signUp("Mallory", "a phrase of the stranger", stranger, strange(n))
	}
	mailed, before := w.last(mail.KindConfirmAddress).Token, len(w.letters())
	signUp("Noor", password, mine, strange(20))
	if n := len(w.letters()) - before; n != 0 {
		t.Fatalf("%d letters more were sent", n)
	}
	for browser, want := range map[string]account.Link{
		"":                  {State: account.Elsewhere, Name: "Mallory", Email: "noor@acme.example"},
		account.NewMarker(): {State: account.Elsewhere, Name: "Mallory", Email: "noor@acme.example"},
		stranger:            {State: account.Open, Name: "Mallory", Email: "noor@acme.example"},
		mine:                {State: account.Open, Name: "Noor", Email: "noor@acme.example"},
	} {
		if link, err := w.Signup(t.Context(), mailed, browser); err != nil || link != want {
			t.Errorf("the link is %+v, %v; want %+v", link, err, want)
		}
	}
	if _, err := w.Confirm(t.Context(), account.Confirmation{Token: mailed, Browser: mine}, strange(20)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.LogIn(t.Context(), "noor@acme.example", password, strange(20)); err != nil {
		t.Errorf("log in: %v", err)
	}
	if _, err := w.Confirm(t.Context(), account.Confirmation{Token: mailed, Browser: stranger}, strange(1)); !fault.Is(err, fault.Gone) {
		t.Errorf("the stranger's sign-up afterwards: %v", err)
	}
}

// C100: log-ins that failed are in the account's own log with address and time, in few rows, and whoever logs in next is
// told how many there were from elsewhere. One that was right is not among them.
func TestFailedLogInsAreInTheAccountsLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Limits = account.Limits{Account: 2, Strangers: 3, Block: 1000} })
	login := w.person("Mara", "mara@acme.example")
	w.logIn(login, "")
	home := here("203.0.113.1")
	for n := range 300 {
		if _, err := w.LogIn(t.Context(), "mara@acme.example", "guess", strange(n%30)); err == nil {
			t.Fatal("logged in")
		}
	}
	if _, err := w.LogIn(t.Context(), "mara@acme.example", "slip", home); err == nil {
		t.Fatal("logged in")
	}
	w.exec("DELETE FROM auth.attempts")
	events, err := w.Events(t.Context(), login.Person.ID, 100)
	if err != nil {
		t.Fatal(err)
	}
	rows, tries := map[string]int{}, 0
	for _, e := range events {
		if e.Event == "log_in_refused" {
			rows[e.Network] += e.Times
			tries += e.Times
			if e.Address == "" || e.UserAgent == "" || e.First.IsZero() || e.Last.Before(e.First) {
				t.Errorf("%+v", e)
			}
		}
	}
	if tries != 301 || len(rows) != 11 || rows["198.51.0.0/24"] != 10 || rows[""] != 201 {
		t.Errorf("%d tries: %v", tries, rows)
	}
	got, err := w.LogIn(t.Context(), "mara@acme.example", password, home)
	if err != nil || got.Refused.Tries < 300 || got.Refused.Networks != 11 {
		t.Errorf("whoever logs in is told of %+v, %v", got.Refused, err)
	}
	w.logIn(got, "")
	if got, err = w.LogIn(t.Context(), "mara@acme.example", password, home); err != nil || got.Refused != (account.Refused{}) {
		t.Errorf("the next time of %+v, %v", got.Refused, err)
	}
	if n := get[int](w, "SELECT sum(tries) FROM auth.refused_tries"); n != 301 {
		t.Errorf("%d tries are noted after right ones", n)
	}
}
