// Package golden compares what a component renders with a file that was read in review. The file holds one tag per line,
// so a change of the page is a change of a few lines. `go test ./views/... -update` writes the files anew.
package golden

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Check renders the component and compares it with golden/<name>.html beside the test. Hashes in the addresses of static
// files are left out: a change of the stylesheet is not a change of the page.
func Check(t *testing.T, name string, component templ.Component) {
	t.Helper()

	got := Render(t, component)
	file := filepath.Join("golden", name+".html")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read the golden file (run with -update to write it): %v", err)
	}
	if string(want) != got {
		t.Errorf("%s differs from what is rendered:\n%s", file, difference(string(want), got))
	}
}

// Render gives the component's HTML in the form of the golden files.
func Render(t *testing.T, component templ.Component) string {
	t.Helper()

	var out bytes.Buffer
	if err := component.Render(context.Background(), &out); err != nil {
		t.Fatalf("render: %v", err)
	}
	return Lines(out.String())
}

var (
	hashed = regexp.MustCompile(`(/static/[\w-]+)\.[0-9a-f]{8}(\.\w+)`)
	space  = regexp.MustCompile(`\s+`)
	void   = map[string]bool{
		"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true,
		"link": true, "meta": true, "source": true, "track": true, "wbr": true,
	}
)

// Lines writes HTML with one tag or text per line, indented by depth. What stands in a textarea or pre is quoted as it
// is, because there every space counts.
func Lines(text string) string {
	text = hashed.ReplaceAllString(text, "$1$2")
	tokens := html.NewTokenizer(strings.NewReader(text))

	var (
		out   strings.Builder
		depth int
		exact int
	)
	line := func(s string) {
		out.WriteString(strings.Repeat("  ", max(depth, 0)))
		out.WriteString(s)
		out.WriteByte('\n')
	}
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return out.String()
		}
		raw := string(tokens.Raw()) // before Token, which consumes it
		token := tokens.Token()
		switch kind {
		case html.TextToken:
			if exact > 0 {
				line("|" + strings.ReplaceAll(raw, "\n", "\n|"))
				continue
			}
			if words := strings.TrimSpace(space.ReplaceAllString(raw, " ")); words != "" {
				line(words)
			}
		case html.StartTagToken:
			line(space.ReplaceAllString(raw, " "))
			if void[token.Data] {
				continue
			}
			depth++
			if token.Data == "textarea" || token.Data == "pre" {
				exact++
			}
		case html.EndTagToken:
			depth--
			if token.Data == "textarea" || token.Data == "pre" {
				exact--
			}
			line(raw)
		default:
			line(space.ReplaceAllString(raw, " "))
		}
	}
}

// difference shows the first lines that differ, with a little of what stands around them.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	first := 0
	for first < len(w) && first < len(g) && w[first] == g[first] {
		first++
	}
	lastW, lastG := len(w), len(g)
	for lastW > first && lastG > first && w[lastW-1] == g[lastG-1] {
		lastW, lastG = lastW-1, lastG-1
	}

	var out strings.Builder
	for _, l := range w[max(0, first-3):first] {
		out.WriteString("  " + l + "\n")
	}
	for _, l := range limited(w[first:lastW]) {
		out.WriteString("- " + l + "\n")
	}
	for _, l := range limited(g[first:lastG]) {
		out.WriteString("+ " + l + "\n")
	}
	return out.String()
}

func limited(lines []string) []string {
	const most = 40
	if len(lines) > most {
		return append(lines[:most:most], "…")
	}
	return lines
}
