package ui

import (
	"strings"
	"testing"

	"rsc.io/qr"
)

// C057: the drawing has exactly the modules of the code, within the margin that readers need.
func TestQRIsTheCode(t *testing.T) {
	for _, text := range []string{"https://roster.example/join/" + strings.Repeat("A", 64), "x"} {
		path, size := qrPath(text)
		code, err := qr.Encode(text, qr.M)
		if err != nil || size != code.Size+8 {
			t.Fatalf("%d wide: %v", size, err)
		}
		var drawn strings.Builder
		for part := range strings.SplitSeq(strings.TrimSuffix(path, "z"), "z") {
			drawn.WriteString(part + "\n")
		}
		var want strings.Builder
		for y := range code.Size {
			for x := 0; x < code.Size; x++ {
				if !code.Black(x, y) {
					continue
				}
				run := 1
				for code.Black(x+run, y) {
					run++
				}
				want.WriteString("M" + Count(x+4) + " " + Count(y+4) + "h" + Count(run) + "v1h-" + Count(run) + "\n")
				x += run
			}
		}
		if drawn.String() != want.String() {
			t.Errorf("the code of %q is drawn otherwise", text)
		}
	}
	if path, size := qrPath(strings.Repeat("A", 10_000)); path != "" || size != 0 {
		t.Error("what is too long for a code has one")
	}
}
