package suite

import "testing"

// What takes its time is waited for.
func TestUntil(t *testing.T) {
	looked := 0
	Until(t, "it was looked at three times", func() bool { looked++; return looked == 3 })
	from := make(chan int, 1)
	from <- 7
	if got := Next(t, "a number", from); got != 7 {
		t.Errorf("next is %d", got)
	}
}
