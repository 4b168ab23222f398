// Package human writes values as people read them, for the pages and for the sentences that are made below them.
package human

import "strconv"

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
