package human

import (
	"math"
	"testing"
	"time"
)

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 10000: "10,000", 1234567: "1,234,567", -123: "-123", -1234: "-1,234", math.MinInt: "-9,223,372,036,854,775,808"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestWaitsAreNeverToldTooShort(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "1 minute", time.Second: "1 minute", time.Minute: "1 minute", 61 * time.Second: "2 minutes", 2 * time.Hour: "120 minutes",
		2*time.Hour + 1: "3 hours", 23*time.Hour + 59*time.Minute: "24 hours"} {
		if got := Wait(d); got != want {
			t.Errorf("Wait(%v) = %q, want %q", d, got, want)
		}
	}
}
