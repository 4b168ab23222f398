package account_test

import (
	"fmt"
	"testing"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
)

var acme = mail.Organization{ID: "0190163d-8694-739b-aea5-966c26f8ad91", Name: "Acme", Slug: "acme"}

// invited is somebody for whose address only an invitation's link speaks.
func (w *world) invited(email string) account.Person {
	w.t.Helper()
	login, err := w.CreateInvited(w.t.Context(), account.NewAccount{Name: "Lin Zhao", Email: email, Password: password}, here("203.0.113.1"))
	if err != nil {
		w.t.Fatal(err)
	}
	return login.Person
}

func (w *world) confirmed(p account.Person) bool {
	w.t.Helper()
	return get[int](w, "SELECT count(*) FROM roster.users WHERE id = $1 AND address_confirmed", p.ID) == 1
}

// send mails a code as if the one before it was mailed longer ago, and answers with it.
func (w *world) send(p account.Person) string {
	w.t.Helper()
	w.exec("UPDATE auth.address_codes SET sent_at = sent_at - interval '61 seconds'")
	if err := w.SendAddressCode(w.t.Context(), p, acme, here("203.0.113.1")); err != nil {
		w.t.Fatal(err)
	}
	return w.last(mail.KindAddressCode).Token
}

// TestACodeConfirmsOnce and only the person's own address, only the last code, only in its time, and none from before a
// backup was restored. I52
func TestACodeConfirmsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lin, other := w.invited("lin@acme.example"), w.invited("other@acme.example")
	refused := func(what string, p account.Person, code string) {
		t.Helper()
		if err := w.ConfirmAddress(t.Context(), p.ID, code, here("203.0.113.1")); !fault.Is(err, fault.Invalid) || w.confirmed(p) {
			t.Errorf("%s: %v, confirmed: %t", what, err, w.confirmed(p))
		}
	}
	first := w.send(lin)
	refused("another person's code", other, first)
	second := w.send(lin)
	if first != second { // once in a million times they are the same
		refused("the code before the last", lin, first)
	}
	w.exec("UPDATE auth.address_codes SET expires_at = now()")
	refused("an old code", lin, second)
	third := w.send(lin)
	w.exec("UPDATE auth.instance SET epoch = epoch + 1")
	refused("a code from before the restore", lin, third)

	last := w.send(lin)
	if err := w.ConfirmAddress(t.Context(), lin.ID, last[:3]+"-"+last[3:], here("203.0.113.1")); err != nil || !w.confirmed(lin) {
		t.Fatalf("the code does not confirm: %v", err)
	}
	if w.confirmed(other) {
		t.Error("it confirmed somebody else too")
	}
	if n := get[int](w, "SELECT count(*) FROM auth.events WHERE user_id = $1 AND event = 'address_confirmed'", lin.ID); n != 1 {
		t.Errorf("%d entries in the account's own log, want 1", n)
	}
	if err := w.ConfirmAddress(t.Context(), lin.ID, last, here("203.0.113.1")); !fault.Is(err, fault.Invalid) {
		t.Errorf("it works a second time: %v", err)
	}
}

// TestASecondPressSendsNoSecondCode: what was mailed just now stays good.
func TestASecondPressSendsNoSecondCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lin := w.invited("lin@acme.example")
	code := w.send(lin)
	if err := w.SendAddressCode(t.Context(), lin, acme, here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	if n := len(w.letters()); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
	if err := w.ConfirmAddress(t.Context(), lin.ID, code, here("203.0.113.1")); err != nil {
		t.Error(err)
	}
}

// TestCodesAreNotGuessed: after twenty tries not even the right one is judged, and no eleventh code is mailed, in a day. I26
func TestCodesAreNotGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lin := w.invited("lin@acme.example")
	code := w.send(lin)
	for i := range 20 {
		guess := fmt.Sprintf("%06d", i)
		if guess == code {
			guess = "999999"
		}
		if err := w.ConfirmAddress(t.Context(), lin.ID, guess, here("203.0.113.1")); !fault.Is(err, fault.Invalid) {
			t.Fatalf("guess %d: %v", i+1, err)
		}
	}
	if err := w.ConfirmAddress(t.Context(), lin.ID, code, here("203.0.113.1")); !fault.Is(err, fault.TooMany) || w.confirmed(lin) {
		t.Errorf("the 21st try: %v", err)
	}
	for range 9 {
		w.send(lin)
	}
	w.exec("UPDATE auth.address_codes SET sent_at = sent_at - interval '61 seconds'")
	if err := w.SendAddressCode(t.Context(), lin, acme, here("203.0.113.1")); !fault.Is(err, fault.TooMany) {
		t.Errorf("the eleventh code: %v", err)
	}
}

// TestAMailedLinkConfirmsTheAddress: a new password by letter is as good as a code.
func TestAMailedLinkConfirmsTheAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lin := w.invited("lin@acme.example")
	if w.confirmed(lin) {
		t.Fatal("the link of an invitation confirms an address")
	}
	if err := w.Forgot(t.Context(), lin.Email, here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	if err := w.ChoosePassword(t.Context(), w.last(mail.KindResetPassword).Token, "eleven herons by a mill", here("203.0.113.1")); err != nil {
		t.Fatal(err)
	}
	if !w.confirmed(lin) {
		t.Error("the address is not confirmed")
	}
}
