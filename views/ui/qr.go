package ui

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// qrQuiet is the margin that a reader of the code needs, in modules.
const qrQuiet = 4

// qrPath draws the dark modules of a code, each run in a row as one bar, and says how wide it is with its margin. Dark on
// white, whatever the page looks like: readers expect that. What is too long for a code has none.
func qrPath(text string) (path string, size int) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", 0
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+qrQuiet, y+qrQuiet, run, run)
				x += run
			}
		}
	}
	return b.String(), code.Size + 2*qrQuiet
}
