package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// lines calls look with every line of the tracked files of these endings that people wrote.
func lines(t *testing.T, look func(file string, n int, line string), endings ...string) {
	t.Helper()
	command := exec.Command("git", append([]string{"ls-files", "--cached", "--others", "--exclude-standard", "--"}, endings...)...)
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, file := range strings.Fields(string(out)) {
		if strings.HasSuffix(file, "_templ.go") || strings.Contains(file, "/vendor/") || strings.HasPrefix(file, "internal/house/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", "..", file))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		files++
		for n, line := range strings.Split(string(text), "\n") {
			look(file, n+1, line)
		}
	}
	if files < 20 {
		t.Fatalf("only %d files were looked at", files)
	}
}

// I5: a setting of ours lives for one transaction, never for a session of a pooled connection. The isolation
// proof makes that very mistake on purpose, to show that it would be seen.
func TestSettingsAreOfOneTransaction(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)set_config\('roster\.[^)]*,\s*false\s*\)|\bSET\s+(SESSION\s+)?roster\.`)
	lines(t, func(file string, n int, line string) {
		if !strings.HasSuffix(file, "_test.go") && file != "db/prove/pool.go" && forbidden.MatchString(line) {
			t.Errorf("%s:%d: %s", file, n, strings.TrimSpace(line))
		}
	}, "*.go", "*.sql")
}

// I16: an echo.Context is used again by another request once its handler has returned, so the web starts
// nothing that could outlive one.
func TestWebStartsNothingBeside(t *testing.T) {
	forbidden := regexp.MustCompile(`^\s*go\s|time\.AfterFunc|\.Go\(`)
	lines(t, func(file string, n int, line string) {
		if strings.HasPrefix(file, "web/") && !strings.HasSuffix(file, "_test.go") && forbidden.MatchString(line) {
			t.Errorf("%s:%d: %s", file, n, strings.TrimSpace(line))
		}
	}, "*.go")
}

// I93: pages escape everything; nothing of ours steps around that.
func TestNoRawOutput(t *testing.T) {
	forbidden := regexp.MustCompile(`templ\.(Raw|SafeURL|SafeClass|SafeCSS|JSUnsafe|ComponentScript)|@templ\.Raw|safehtml`)
	lines(t, func(file string, n int, line string) {
		if !strings.HasSuffix(file, "_test.go") && forbidden.MatchString(line) {
			t.Errorf("%s:%d: %s", file, n, strings.TrimSpace(line))
		}
	}, "views/*.templ", "views/*.go", "web/*.go")
}

// I48: what a session remembers is who and where, never a role or a permission.
func TestSessionsHoldNoAuthority(t *testing.T) {
	lines(t, func(file string, n int, line string) {
		if (file == "internal/account/sessions.go" || file == "web/session.go") && strings.Contains(line, "internal/role\"") {
			t.Errorf("%s:%d: a session knows of roles", file, n)
		}
	}, "*.go")
}
