package account

import (
	"bytes"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"roster/internal/mail"
)

// I13 I64: a token has one spelling. What is none is not asked for in the database, and a damaged one is none or another.
func FuzzToken(f *testing.F) {
	good := "kQ3vN8xT0bYwZr5mJp2LhUoEaSdFgHiKlMnOpQrStUs"
	for _, s := range []string{good, good + "\n", "\r\n" + good, good[:20] + "\n" + good[20:], good + "=", good[:42], good[:42] + "v", good + "AAAA", strings.Repeat("/", 43), strings.Repeat("é", 43), ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if made := newToken(); !isToken(made) {
			t.Fatalf("%q was made, and is none", made)
		}
		if !isToken(s) {
			return
		}
		raw, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(raw) != 32 || base64.RawURLEncoding.EncodeToString(raw) != s {
			t.Errorf("%q is taken for a token", s)
		}
	})
}

// I102 I64: where somebody wanted to go comes back as it was, or not at all; what was not sealed here leads nowhere.
func FuzzNext(f *testing.F) {
	for _, s := range []string{"/orgs/acme", "/invitations/abc", "", "//evil.example", strings.Repeat("/x", 1001), "\xff", "/\x00"} {
		f.Add(s)
	}
	sealer, err := mail.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		f.Fatal(err)
	}
	a := &Accounts{sealer: sealer}
	f.Fuzz(func(t *testing.T, next string) {
		if opened := a.openNext(next); opened != "" {
			t.Errorf("%q was never sealed, and leads to %q", next, opened)
		}
		sealed := a.sealNext(next)
		if back := a.openNext(sealed); back != next && (back != "" || len(next) <= nextMax && utf8.ValidString(next)) {
			t.Errorf("%q comes back as %q", next, back)
		}
		if next != "" && len(next) > 8 && strings.Contains(sealed, next) {
			t.Errorf("%q lies open in %q", next, sealed)
		}
	})
}

// I48: what a session remembers is read back as it was written, and damaged data is an error, never another session.
func FuzzCodec(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1}, "said")
	f.Add([]byte{0, 0, 0, 1, '{', '}'}, "")
	f.Add([]byte{0, 0, 0}, "x")
	f.Add([]byte("\xff\xff\xff\xff{\"a\":null"), "\xff")
	f.Add([]byte("\x00\x00\x00\x01null"), "a\x00b")
	f.Fuzz(func(t *testing.T, data []byte, value string) {
		if deadline, values, err := (Codec{}).Decode(data); err == nil {
			if values == nil {
				t.Errorf("%q is read as no map", data)
			}
			again, err := (Codec{}).Encode(deadline, values)
			if err != nil {
				t.Fatalf("%q is read and cannot be written: %v", data, err)
			}
			if d, v, err := (Codec{}).Decode(again); err != nil || !d.Equal(deadline) || len(v) != len(values) {
				t.Errorf("%q is read as %v %v, and written and read as %v %v, %v", data, deadline, values, d, v, err)
			}
		}
		when := time.Unix(1_900_000_000, 0).UTC()
		want := map[string]any{"v": strings.ToValidUTF8(value, "\ufffd")}
		written, err := (Codec{}).Encode(when, want)
		if err != nil {
			t.Fatal(err)
		}
		if d, v, err := (Codec{}).Decode(written); err != nil || !d.Equal(when) || !reflect.DeepEqual(v, want) {
			t.Errorf("%v %q is read as %v %q, %v", when, want, d, v, err)
		}
	})
}

// C066: whatever somebody chooses is judged, and what is taken is long enough, short enough to hash, and neither the own
// name nor the own address, however it is written.
func FuzzCheckPassword(f *testing.F) {
	for _, s := range []string{"tractor muffin lagoon", "password1234", "PASSWORD1234", "p4ssw0rd!!!!!", "qwertzuiopü+", "ann@acme.example", "ANN@ACME.EXAMPLE1", "ﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺ", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", strings.Repeat("ab", 600), "            ", "Ann Marlindqvistson"} {
		f.Add(s, "Ann Marlindqvistson", "ann@acme.example")
		f.Add("tractor muffin lagoon", s, s)
	}
	f.Fuzz(func(t *testing.T, password, name, email string) {
		err := CheckPassword(password, name, email)
		if err != nil {
			if !errors.As(err, new(PasswordError)) || strings.Contains(err.Error(), password) && len(password) > 4 {
				t.Errorf("of %q it is said: %v", password, err)
			}
			return
		}
		if utf8.RuneCountInString(password) < PasswordMin || len(password) > passwordMax {
			t.Errorf("%q is taken", password)
		}
		for _, own := range []string{name, email, "roster"} {
			if own = Fold(own); own != "" && len(own) < ownMax && Fold(password) == own {
				t.Errorf("%q is taken from %q, %q", password, name, email)
			}
		}
		for _, other := range []string{strings.ToUpper(password), strings.ToLower(password)} {
			if Fold(other) == Fold(password) && errors.Is(CheckPassword(other, name, email), passwordKnown) {
				t.Errorf("%q is taken, and %q is known", password, other)
			}
		}
	})
}
