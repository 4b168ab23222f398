package db_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// B201: a role changes its own default privileges. Since PostgreSQL 16 nobody changes another's who does not
// inherit from it, and Roster's roles inherit nothing; 15 lets it pass, so the text is read.
func TestDefaultPrivilegesAreOnesOwn(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	anothers := regexp.MustCompile(`(?i)DEFAULT\s+PRIVILEGES\s+FOR\b`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found += len(regexp.MustCompile(`(?i)DEFAULT\s+PRIVILEGES`).FindAll(text, -1))
		if bad := anothers.Find(text); bad != nil {
			t.Errorf("%s: %q: SET LOCAL ROLE first, and leave FOR out", file, bad)
		}
	}
	if found == 0 {
		t.Error("the pattern finds nothing any more")
	}
}
