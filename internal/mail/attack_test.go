package mail_test

import (
	"runtime"
	"strings"
	"testing"

	"roster/internal/mail"
)

// I104: a list that is all commas takes no more work than any other of its length. Not parallel: it counts what is
// allocated.
func TestAListOfCommasIsReadOnce(t *testing.T) {
	list := strings.Repeat("a,", 32<<10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	found := mail.ParseList(list)
	runtime.ReadMemStats(&after)
	if len(found) != 32<<10 {
		t.Errorf("%d pieces found", len(found))
	}
	if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 100 {
		t.Errorf("64 KiB took %d MiB", mib)
	}
	if found := mail.ParseList("Palmer, Ruth <ruth@acme.example>"); len(found) != 1 || found[0].Name != "Palmer, Ruth" {
		t.Errorf("%+v", found)
	}
}
