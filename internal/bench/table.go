package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"roster/internal/human"
)

// unit is how a figure is spelled.
type unit string

const (
	ratio   unit = ""
	times   unit = "times"
	percent unit = "%"
	millis  unit = "ms"
	seconds unit = "s"
	mega    unit = "MB"
	kilo    unit = "kB" // a thousand bytes
	count   unit = "#"
)

// limit is what a figure is held to: the floor, and the target. Of a ratio more is better; of everything
// else less is.
type limit struct{ floor, target float64 }

// under is a target without a floor.
func under(target float64) *limit { return &limit{math.Inf(1), target} }

func (l limit) hasFloor() bool { return !math.IsInf(l.floor, 0) }

// row is one figure.
type row struct {
	figure string
	unit   unit
	value  float64
	limit  *limit // nil: only told
	absent string // why there is no value
	note   string // how it came about, for the file
}

// What a row's value is worth.
const (
	verdictOK     = "ok"
	verdictTarget = "below target"
	verdictFloor  = "BELOW FLOOR"
	verdictAbsent = "not there"
)

func (r row) verdict() string {
	switch {
	case r.absent != "":
		return verdictAbsent
	case r.limit == nil:
		return ""
	}
	missed := func(bound float64) bool {
		if math.IsNaN(r.value) {
			return true
		}
		if r.unit == ratio {
			return r.value < bound
		}
		return r.value > bound
	}
	switch {
	case r.limit.hasFloor() && missed(r.limit.floor):
		return verdictFloor
	case missed(r.limit.target):
		return verdictTarget
	}
	return verdictOK
}

// table is all figures of a run.
type table struct{ rows []row }

func (t *table) add(r row) { t.rows = append(t.rows, r) }

// failed tells whether a floor was missed.
func (t *table) failed() bool {
	return slices.ContainsFunc(t.rows, func(r row) bool { return r.verdict() == verdictFloor })
}

// print writes the table for people.
func (t *table) print(w io.Writer) {
	lines := [][]string{{"figure", "value", "floor", "target", "verdict"}}
	for _, r := range t.rows {
		line := []string{r.figure, spell(r.value, r.unit), "", "", r.verdict()}
		if r.absent != "" {
			line[1], line[4] = "–", r.verdict()+": "+clip(r.absent)
		}
		if r.limit != nil {
			line[3] = spell(r.limit.target, r.unit)
			if r.limit.hasFloor() {
				line[2] = spell(r.limit.floor, r.unit)
			}
		}
		lines = append(lines, line)
	}
	var wide [5]int
	for _, line := range lines {
		for i, cell := range line {
			wide[i] = max(wide[i], len([]rune(cell)))
		}
	}
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			gap := strings.Repeat(" ", wide[i]-len([]rune(cell)))
			if i >= 1 && i <= 3 {
				cell, gap = gap+cell, ""
			}
			text.WriteString(cell + gap + "  ")
		}
		fmt.Fprintln(w, strings.TrimRight(text.String(), " "))
	}
}

// clip is the beginning of what a line has no room for.
func clip(text string) string {
	const most = 100
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// spell writes a value as people read it.
func spell(v float64, u unit) string {
	switch u {
	case ratio:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case count:
		return number(v)
	case times:
		return strconv.FormatFloat(v, 'f', 2, 64) + " times"
	case mega:
		return strconv.FormatFloat(v, 'f', 0, 64) + " MB"
	}
	digits := 1
	if v == math.Trunc(v) || v >= 100 {
		digits = 0
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + " " + string(u)
}

// number writes a whole number in groups of three.
func number(v float64) string {
	return human.Count(int(math.Round(v)))
}

// file writes the table for programs.
func (t *table) file(began time.Time, quick bool) ([]byte, error) {
	type figure struct {
		Figure  string   `json:"figure"`
		Value   *float64 `json:"value"`
		Unit    unit     `json:"unit,omitempty"`
		Floor   *float64 `json:"floor,omitempty"`
		Target  *float64 `json:"target,omitempty"`
		Verdict string   `json:"verdict,omitempty"`
		Note    string   `json:"note,omitempty"`
	}
	all := struct {
		Began   time.Time `json:"began"`
		Quick   bool      `json:"quick"`
		Failed  bool      `json:"failed"`
		Figures []figure  `json:"figures"`
	}{Began: began, Quick: quick, Failed: t.failed()}
	for _, r := range t.rows {
		f := figure{Figure: r.figure, Unit: r.unit, Verdict: r.verdict(), Note: r.note}
		if r.absent != "" {
			f.Note = r.absent
		} else if !math.IsNaN(r.value) && !math.IsInf(r.value, 0) {
			f.Value = &r.value
		}
		if r.limit != nil {
			f.Target = &r.limit.target
			if r.limit.hasFloor() {
				f.Floor = &r.limit.floor
			}
		}
		all.Figures = append(all.Figures, f)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	return append(text, '\n'), err
}

// median is the middle one of values, or the mean of the two in the middle; of none it is no number.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	switch n := len(sorted); {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return sorted[n/2]
	default:
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
}

// quantile is the time below which a part of sorted times lies.
func quantile(sorted []time.Duration, part float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

func inMillis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
