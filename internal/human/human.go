// Package human writes values as people read them, for the pages and for the sentences that are made below them.
package human

import (
	"strconv"
	"time"
)

// Wait writes how long something takes, in whole minutes up to two hours and in whole hours above, never less than it is:
// "1 minute", "3 hours".
func Wait(d time.Duration) string {
	n, unit := int((d+time.Minute-1)/time.Minute), "minute"
	if d > 2*time.Hour {
		n, unit = int((d+time.Hour-1)/time.Hour), "hour"
	}
	if n = max(n, 1); n != 1 {
		unit += "s"
	}
	return Count(n) + " " + unit
}

// Count writes a number: 10,000.
func Count(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
