package account

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"roster/internal/fault"
)

// I35
func TestCommonPasswordsAreRefused(t *testing.T) {
	if list := common(); list.err != nil || len(list.all) < 49_000 {
		t.Fatalf("the list has %d passwords: %v", len(list.all), list.err)
	}
	for _, test := range []struct {
		password string
		want     PasswordError
	}{
		{"", passwordMissing},
		{"short", passwordShort},
		{"elevenchars", passwordShort},
		{strings.Repeat("é", 11), passwordShort},
		{strings.Repeat("x7", 513), passwordLong},
		{"unbelievable", passwordKnown},
		{"UnBelievable", passwordKnown},
		{"1qaz2wsx3edc", passwordKnown},
		{"123456789012", passwordKnown},
		{"password1234", passwordKnown},
		{"Correct Horse Battery Staple", passwordKnown},
		{"Password2024!", passwordPattern},
		{"!!!password!!!", passwordPattern},
		{"P@ssw0rd12345678", passwordPattern},
		{"passwordpassword", passwordKnown},
		{"letmeinletmein1", passwordPattern},
		{"dragonmonkey99", passwordPattern},
		{"aaaaaaaaaaaa", passwordPattern},
		{"abcabcabcabcab", passwordPattern},
		{"abcdefghijklm", passwordPattern},
		{"zyxwvutsrqpo", passwordPattern},
		{"qwertyuiopasdf", passwordPattern},
		{"98765432109876", passwordPattern},
		{"Mara Lindqvist", passwordOwn},
		{"lindqvist2026", passwordOwn},
		{"mara@acme.example", passwordOwn},
		{"roster-roster", passwordOwn},
		{"Roster2026!!", passwordOwn},
		{"rosterpassword", passwordOwn},
	} {
		err := CheckPassword(test.password, "Mara Lindqvist", "mara@acme.example")
		if err == nil || err.Error() != test.want.Error() {
			t.Errorf("%q: %v, want %q", test.password, err, test.want)
		}
	}
}

// I35
func TestPasswordsOfAnyCompositionAreTaken(t *testing.T) {
	for _, password := range []string{
		"tractor muffin lagoon",
		"wir fahren im Juli ans Meer",
		"849302847561",
		"xkq-vbnh-wrtz",
		"k7Qz9wLpd3Xf",
		"mara k7Qz9wLpd3",
		"   spaces around   ",
		"пароль-на-завтра",
		"密码密码需要十二个字符以上的", // fourteen characters
		"null\x00byte and more",
		"long phrase: " + strings.Repeat("x", 400) + strings.Repeat("y", 611), // 1,024 bytes
	} {
		if err := CheckPassword(password, "Mara Lindqvist", "mara@acme.example"); err != nil {
			t.Errorf("%.40q: %v", password, err)
		}
	}
}

// I35
func TestPasswordsAreTakenVerbatim(t *testing.T) {
	hash, err := PasswordHash(" Verbatim Phrase 7 ")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash is %s", hash)
	}
	for password, want := range map[string]bool{
		" Verbatim Phrase 7 ":      true,
		"Verbatim Phrase 7":        false,
		" verbatim phrase 7 ":      false,
		" Verbatim Phrase 7 \x00":  false,
		" Verbatim Phrase 7 more.": false,
	} {
		if got, err := matches(hash, password); got != want || err != nil {
			t.Errorf("%q matches: %v, %v; want %v", password, got, err, want)
		}
	}
	long := strings.Repeat("x", 1000)
	if hash, err = PasswordHash(long + "a"); err != nil {
		t.Fatal(err)
	}
	if ok, _ := matches(hash, long+"b"); ok {
		t.Error("the end of a long password does not count")
	}
}

func TestDamagedHashMatchesNothing(t *testing.T) {
	for _, hash := range []string{"x", "$argon2id$v=19$m=19456,t=2,p=1$$", "$argon2i$v=19$m=19456,t=2,p=1$YQ$YQ", "$argon2id$v=18$m=19456,t=2,p=1$YQ$YQ", "$argon2id$v=19$m=1,t=0,p=0$YQ$YQ"} {
		if ok, err := matches(hash, ""); ok || err == nil {
			t.Errorf("%s: %v, %v", hash, ok, err)
		}
	}
	if ok, err := matches(nobody, ""); ok || err != nil {
		t.Errorf("nobody's: %v, %v", ok, err)
	}
}

// I36: 200 at once do not get 200 times the memory; who cannot wait is told at once.
func TestHashingIsBounded(t *testing.T) {
	const atOnce, callers = 2, 200
	h := newHasher(atOnce)
	var now, most, refused atomic.Int64
	release := make(chan struct{})
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			err := h.do(t.Context(), func() error {
				most.Store(max(most.Load(), now.Add(1)))
				defer now.Add(-1)
				<-release
				return nil
			})
			if fault.Is(err, fault.Unavailable) {
				if refused.Add(1) == callers-atOnce*hashWaiting {
					close(release) // all places to wait are taken: let them work
				}
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() > atOnce {
		t.Errorf("%d hashed at once, want at most %d", most.Load(), atOnce)
	}
	if want := int64(callers - atOnce*hashWaiting); refused.Load() != want {
		t.Errorf("%d were refused, want %d", refused.Load(), want)
	}
}

func TestWaitingForAHashEndsWithTheRequest(t *testing.T) {
	h := newHasher(1)
	started, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = h.do(context.Background(), func() error { close(started); <-release; return nil })
	})
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.do(ctx, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting ended with %v", err)
	}
	close(release)
	wg.Wait()
}

// I26: an address block is what is cheap to change within.
func TestNeighboursShareABlock(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.7":          "203.0.113.0/24",
		"203.0.113.200":        "203.0.113.0/24",
		"::ffff:203.0.113.7":   "203.0.113.0/24",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0":         "fe80::/64",
		"":                     "",
		"somewhere":            "somewhere",
	} {
		if got := block(address); got != want {
			t.Errorf("block(%q) = %q, want %q", address, got, want)
		}
	}
}
