package ui

import (
	"testing"
	"time"
	"unicode/utf8"
)

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for n, want := range map[int]string{248: "248", 10000: "10,000", 10001: "about 10,000", 104218: "about 104,000", 104501: "about 105,000"} {
		if got := AboutCount(n); got != want {
			t.Errorf("AboutCount(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 members", 1: "1 member", 2: "2 members", 10000: "10,000 members"} {
		if got := Plural(n, "member", "members"); got != want {
			t.Errorf("Plural(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestSizesOfFiles(t *testing.T) {
	for n, want := range map[int64]string{0: "1 kB", 999: "1 kB", 1499: "1 kB", 84_600: "85 kB", 999_499: "999 kB", 999_500: "1.0 MB", 12_345_678: "12.3 MB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestListsReadAsSentences(t *testing.T) {
	for want, items := range map[string][]string{"": nil, "A": {"A"}, "A and B": {"A", "B"}, "A, B and C": {"A", "B", "C"}} {
		if got := And(items); got != want {
			t.Errorf("And(%q) = %q, want %q", items, got, want)
		}
	}
}

func TestTimesAreToldInTheZoneOfNow(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	now := time.Date(2026, 3, 17, 9, 41, 0, 0, berlin)
	for past, want := range map[time.Duration]string{
		-2 * time.Hour:                "17 Mar 2026, 11:41",
		-30 * time.Second:             "just now",
		0:                             "just now",
		59 * time.Second:              "just now",
		time.Minute:                   "1 minute ago",
		12 * time.Minute:              "12 minutes ago",
		time.Hour:                     "1 hour ago",
		23*time.Hour + 59*time.Minute: "23 hours ago",
		24 * time.Hour:                "Yesterday",
		47 * time.Hour:                "Yesterday",
		48 * time.Hour:                "15 Mar 2026",
		400 * 24 * time.Hour:          "10 Feb 2025",
	} {
		if got := Ago(now.Add(-past), now); got != want {
			t.Errorf("Ago(%s) = %q, want %q", past, got, want)
		}
	}

	late := time.Date(2026, 3, 16, 23, 30, 0, 0, time.UTC)
	if got := Day(late, now); got != "17 Mar 2026" {
		t.Errorf("Day in another zone = %q", got)
	}
	if got := DayTime(late, now); got != "17 Mar 2026, 00:30" {
		t.Errorf("DayTime in another zone = %q", got)
	}
	if got := machine(late.In(berlin)); got != "2026-03-16T23:30:00Z" {
		t.Errorf("machine = %q, want UTC", got)
	}

	for left, want := range map[time.Duration]string{
		-time.Hour:          "on 17 Mar 2026",
		2 * time.Hour:       "today at 11:41",
		20 * time.Hour:      "tomorrow at 05:41",
		25 * time.Hour:      "in 1 day",
		5 * 24 * time.Hour:  "in 5 days",
		40 * 24 * time.Hour: "on 26 Apr 2026",
	} {
		if got := Until(now.Add(left), now); got != want {
			t.Errorf("Until(%s) = %q, want %q", left, got, want)
		}
	}
}

func TestInitialsAreWholeLetters(t *testing.T) {
	for name, want := range map[string]string{
		"Mara Lindqvist":         "ML",
		"Acme Robotics":          "AR",
		"Noor van Dijk":          "NV",
		"Harbour & Vine":         "HV",
		"élodie marchand":        "ÉM",
		"e\u0301lodie marchand":  "E\u0301M",
		"“The” Firm":             "TF",
		"Roster":                 "RO",
		"X":                      "X",
		"李明":                     "李明",
		"3M":                     "3M",
		"👩‍🚀 🇩🇪":                 "👩‍🚀🇩🇪",
		"   ":                    "?",
		"":                       "?",
		"--":                     "-",
		"O":                      "O",
		"<script>alert</script>": "SC",
		"a\u202eb":               "A",
	} {
		if got := Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
	long := "e"
	for range 1000 {
		long += "\u0301"
	}
	if got := Initials(long); utf8.RuneCountInString(got) > 16 {
		t.Errorf("a letter with a thousand accents has initials of %d runes", utf8.RuneCountInString(got))
	}
}

func TestHueIsOneOfEightAndStays(t *testing.T) {
	seen := map[int]bool{}
	for i := range 1000 {
		id := "usr_" + Count(i)
		hue := Hue(id)
		if hue < 1 || hue > 8 {
			t.Fatalf("Hue(%q) = %d", id, hue)
		}
		if Hue(id) != hue {
			t.Fatalf("Hue(%q) changes", id)
		}
		seen[hue] = true
	}
	if len(seen) != 8 {
		t.Errorf("only %d of 8 hues are used", len(seen))
	}
}
