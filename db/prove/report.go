package prove

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Verdict says what became of an attack.
type Verdict string

// An attack that could not be tried proves nothing, and counts as a failure.
const (
	Held    Verdict = "held"
	Broken  Verdict = "broken"
	Untried Verdict = "could not be tried"
)

// Attack is one attempt to reach canary B.
type Attack struct {
	Family  string  `json:"family"`
	Target  string  `json:"target"`            // the table, query, function or constraint
	Name    string  `json:"name"`              // what was tried
	As      string  `json:"as,omitempty"`      // the role
	Context string  `json:"context,omitempty"` // what the transaction had entered
	Result  string  `json:"result"`            // an SQLSTATE, or what came back
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail,omitempty"`
}

// Exception is what the proof leaves out on purpose.
type Exception struct {
	Family string `json:"family"`
	Target string `json:"target"`
	Reason string `json:"reason"`
}

// Report is a proof: what was attacked, how, and what became of it.
type Report struct {
	Began      time.Time   `json:"began"`
	Took       string      `json:"took"`
	Program    string      `json:"program,omitempty"` // the version of Roster
	Server     string      `json:"server"`            // the version of PostgreSQL
	Database   string      `json:"database"`
	Schema     int64       `json:"schema"`
	Roles      []string    `json:"roles"`
	Mode       string      `json:"mode"` // whether contexts are signed
	Attacks    []Attack    `json:"attacks"`
	Exceptions []Exception `json:"exceptions"`
}

// Count says how many attacks ended so.
func (r *Report) Count(v Verdict) int {
	n := 0
	for _, a := range r.Attacks {
		if a.Verdict == v {
			n++
		}
	}
	return n
}

// Held tells whether there were attacks and none of them got through.
func (r *Report) Held() bool { return len(r.Attacks) > 0 && r.Count(Held) == len(r.Attacks) }

// JSON writes the report for programs.
func (r *Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// Text writes the report for people: the verdict, each family, what got through, then every target.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	r.writeHead(&b)
	r.writeFailures(&b)
	r.writeTargets(&b)
	r.writeExceptions(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// Verdict is the whole report in one sentence.
func (r *Report) Verdict() string {
	switch broken, untried := r.Count(Broken), r.Count(Untried); {
	case r.Held():
		return fmt.Sprintf("Isolation held: none of %d attacks got through.", len(r.Attacks))
	case broken > 0:
		return fmt.Sprintf("ISOLATION IS BROKEN: %d of %d attacks got through, %d could not be tried.", broken, len(r.Attacks), untried)
	default:
		return fmt.Sprintf("Isolation is not proved: %d of %d attacks could not be tried.", untried, len(r.Attacks))
	}
}

func (r *Report) writeHead(b *strings.Builder) {
	fmt.Fprintf(b, "Isolation proof\n\n%s\n\n", r.Verdict())
	for _, line := range [][2]string{{"date", r.Began.Format("2006-01-02 15:04:05 UTC")}, {"took", r.Took}, {"program", r.Program},
		{"server", r.Server}, {"database", r.Database}, {"schema", fmt.Sprintf("version %d", r.Schema)}, {"roles", strings.Join(r.Roles, ", ")}, {"contexts", r.Mode}} {
		if line[1] != "" {
			fmt.Fprintf(b, "  %-10s%s\n", line[0], line[1])
		}
	}
	b.WriteString("\n")
	for _, f := range families() {
		attacks, failed := 0, 0
		for _, a := range r.Attacks {
			if a.Family == f.name {
				attacks++
				if a.Verdict != Held {
					failed++
				}
			}
		}
		if attacks == 0 {
			continue
		}
		verdict := "held"
		if failed > 0 {
			verdict = fmt.Sprintf("%d FAILED", failed)
		}
		fmt.Fprintf(b, "  %-10s%6d attacks  %-11s %s\n", f.name, attacks, verdict, f.about)
	}
}

func (r *Report) writeFailures(b *strings.Builder) {
	for _, part := range []struct {
		verdict Verdict
		title   string
	}{{Broken, "WHAT GOT THROUGH"}, {Untried, "WHAT COULD NOT BE TRIED"}} {
		if r.Count(part.verdict) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s\n\n", part.title)
		for _, a := range r.Attacks {
			if a.Verdict != part.verdict {
				continue
			}
			fmt.Fprintf(b, "  %s / %s: %s", a.Family, a.Target, a.Name)
			if a.As != "" {
				fmt.Fprintf(b, ", as %s", a.As)
			}
			if a.Context != "" {
				fmt.Fprintf(b, ", %s", a.Context)
			}
			fmt.Fprintf(b, ": %s\n", a.Result)
			if a.Detail != "" {
				fmt.Fprintf(b, "      %s\n", strings.ReplaceAll(a.Detail, "\n", "\n      "))
			}
		}
	}
}

// writeTargets lists every target with the attacks on it; the contexts and roles of one are folded.
func (r *Report) writeTargets(b *strings.Builder) {
	type line struct {
		name    string
		results map[string]int
	}
	type block struct {
		family, target string
		lines          []*line
		attacks        int
		failed         int
	}
	var blocks []*block
	for _, a := range r.Attacks {
		i := slices.IndexFunc(blocks, func(k *block) bool { return k.family == a.Family && k.target == a.Target })
		if i < 0 {
			i, blocks = len(blocks), append(blocks, &block{family: a.Family, target: a.Target})
		}
		k := blocks[i]
		k.attacks++
		if a.Verdict != Held {
			k.failed++
		}
		j := slices.IndexFunc(k.lines, func(l *line) bool { return l.name == a.Name })
		if j < 0 {
			j, k.lines = len(k.lines), append(k.lines, &line{a.Name, map[string]int{}})
		}
		result := a.Result
		if a.Verdict != Held {
			result += " " + strings.ToUpper(string(a.Verdict))
		}
		k.lines[j].results[result]++
	}
	family := ""
	for _, k := range blocks {
		if k.family != family {
			family = k.family
			fmt.Fprintf(b, "\n%s\n", strings.ToUpper(family))
		}
		verdict := "held"
		if k.failed > 0 {
			verdict = fmt.Sprintf("%d FAILED", k.failed)
		}
		fmt.Fprintf(b, "\n  %s: %d attacks, %s\n", k.target, k.attacks, verdict)
		for _, l := range k.lines {
			var results []string
			for result, n := range l.results {
				results = append(results, fmt.Sprintf("%s ×%d", result, n))
			}
			slices.Sort(results)
			fmt.Fprintf(b, "    %-46s %s\n", l.name, strings.Join(results, ", "))
		}
	}
}

func (r *Report) writeExceptions(b *strings.Builder) {
	if len(r.Exceptions) == 0 {
		return
	}
	b.WriteString("\nLEFT OUT ON PURPOSE\n\n")
	for _, e := range r.Exceptions {
		fmt.Fprintf(b, "  %s / %s: %s\n", e.Family, e.Target, e.Reason)
	}
}
