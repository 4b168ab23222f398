// Package house has no code: its tests hold the house of the README's tour to what it says.
package house

import (
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func list(t *testing.T, format string) []string {
	t.Helper()
	command := exec.Command("go", "list", "-f", format, "./...")
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// floor is where a package lives: cmd, web, views, static, db, or internal.
func floor(path string) string {
	rest, ok := strings.CutPrefix(path, "roster/")
	if !ok {
		return ""
	}
	top, _, _ := strings.Cut(rest, "/")
	return top
}

// below says what each floor may import. Arrows only go down.
var below = map[string][]string{
	"cmd":      {"web", "views", "static", "db", "internal"},
	"web":      {"web", "views", "static", "internal"},
	"views":    {"views", "static", "internal"},
	"static":   {},
	"db":       {"db"},
	"internal": {"internal", "db"},
}

// O27 A08: web and views never reach the database; internal never reaches the pages.
func TestArrowsGoDown(t *testing.T) {
	for _, line := range list(t, `{{.ImportPath}} {{join .Imports " "}}`) {
		fields := strings.Fields(line)
		from := fields[0]
		for _, to := range fields[1:] {
			if to == "roster" || !strings.HasPrefix(to, "roster/") {
				continue
			}
			allowed := slices.Contains(below[floor(from)], floor(to))
			switch {
			case strings.HasPrefix(from, "roster/db/dbtest"): // brings its own server
				allowed = allowed || to == "roster/internal/privatepg"
			case from == "roster/internal/role" || from == "roster/internal/fault":
				allowed = false
			}
			if !allowed {
				t.Errorf("%s imports %s", from, to)
			}
		}
	}
}

// A08 O27 O33: only package db opens connections; whoever else holds a pool could ask past the doors. The ceiling of
// the benchmark has none of ours between itself and the database: that is what it is for.
func TestOnlyDBOpensConnections(t *testing.T) {
	allowed := []string{"roster/db", "roster/db/rosterdb", "roster/db/authdb", "roster/db/dbtest", "roster/internal/privatepg", "roster/internal/bench/ceiling"}
	for _, line := range list(t, `{{.ImportPath}} {{join .Imports " "}}`) {
		fields := strings.Fields(line)
		if slices.Contains(fields[1:], "github.com/jackc/pgx/v5/pgxpool") && !slices.Contains(allowed, fields[0]) {
			t.Errorf("%s imports pgxpool", fields[0])
		}
	}
	// A single connection is opened elsewhere only where the program is its own administrator: to migrate, to seed, and to measure.
	connects := regexp.MustCompile(`\bpgx\.Connect(Config|WithOptions)?\(|\bpgconn\.Connect`)
	lines(t, func(file string, n int, line string) {
		dir := "roster/" + path.Dir(file)
		if !strings.HasSuffix(file, "_test.go") && !slices.Contains(append(allowed, "roster/db/prove", "roster/internal/bench"), dir) &&
			file != "cmd/roster/migrate.go" && file != "internal/seed/seed.go" && connects.MatchString(line) {
			t.Errorf("%s:%d: %s", file, n, strings.TrimSpace(line))
		}
	}, "*.go")
}

// The top level is what the README's tour walks through, and nothing else.
func TestTopLevel(t *testing.T) {
	command := exec.Command("git", "ls-files")
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"cmd", "web", "views", "static", "db", "internal", "sqlc.yaml", "Makefile", "go.mod", "go.sum", "README.md", "LICENSE"}
	for _, file := range strings.Fields(string(out)) {
		top, _, _ := strings.Cut(file, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(known, top) {
			t.Errorf("%s stands at the top level", top)
		}
	}
}
