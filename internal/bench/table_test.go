package main

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, one := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 100}, 3}} {
		if got := median(one.values); got != one.want {
			t.Errorf("median of %v is %v, want %v", one.values, got, one.want)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("nothing has a median")
	}
}

// A ratio that is too small and a size that is too large are both below what is asked for. C173
func TestVerdict(t *testing.T) {
	for _, one := range []struct {
		row  row
		want string
	}{
		{row{value: 0.8, limit: &limit{0.55, 0.75}}, verdictOK},
		{row{value: 0.75, limit: &limit{0.55, 0.75}}, verdictOK},
		{row{value: 0.6, limit: &limit{0.55, 0.75}}, verdictTarget},
		{row{value: 0.5, limit: &limit{0.55, 0.75}}, verdictFloor},
		{row{value: 44, unit: kilo, limit: &limit{60, 45}}, verdictOK},
		{row{value: 50, unit: kilo, limit: &limit{60, 45}}, verdictTarget},
		{row{value: 61, unit: kilo, limit: &limit{60, 45}}, verdictFloor},
		{row{value: math.NaN(), limit: &limit{0.5, 0.7}}, verdictFloor},
		{row{value: math.NaN(), unit: millis, limit: &limit{3, 2}}, verdictFloor},
		{row{value: 40, unit: millis, limit: under(50)}, verdictOK},
		{row{value: 4000, unit: millis, limit: under(50)}, verdictTarget},
		{row{value: math.NaN(), unit: millis, limit: under(50)}, verdictTarget},
		{row{value: 1000, unit: millis}, ""},
		{row{absent: "no such route", limit: &limit{2, 2}}, verdictAbsent},
	} {
		if got := one.row.verdict(); got != one.want {
			t.Errorf("%+v: %q, want %q", one.row, got, one.want)
		}
	}
}

func TestTable(t *testing.T) {
	var all table
	all.add(row{figure: "page", value: 0.61, limit: &limit{0.55, 0.75}})
	all.add(row{figure: "growth", unit: times, value: 1.25, limit: &limit{3, 2}})
	all.add(row{figure: "members", unit: count, value: 1_000_000})
	all.add(row{figure: "search", unit: millis, value: 8.25, limit: under(300)})
	all.add(row{figure: "export", absent: "no such route"})
	var text strings.Builder
	all.print(&text)
	const want = `figure        value       floor      target  verdict
page           0.61        0.55        0.75  below target
growth   1.25 times  3.00 times  2.00 times  ok
members   1,000,000
search       8.2 ms                  300 ms  ok
export            –                          not there: no such route
`
	if text.String() != want {
		t.Errorf("the table is\n%swant\n%s", text.String(), want)
	}
	if all.failed() {
		t.Error("no floor was missed")
	}
	all.add(row{figure: "check", value: math.NaN(), limit: &limit{0.5, 0.7}})
	if !all.failed() {
		t.Error("what has no value missed its floor")
	}
	file, err := all.file(time.Now(), true)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Quick, Failed bool
		Figures       []struct {
			Figure, Verdict string
			Value           *float64
		}
	}
	if err := json.Unmarshal(file, &read); err != nil {
		t.Fatal(err)
	}
	if !read.Quick || !read.Failed || len(read.Figures) != 6 || *read.Figures[1].Value != 1.25 || read.Figures[4].Value != nil || read.Figures[5].Verdict != verdictFloor {
		t.Errorf("the file says %s", file)
	}
}

func TestQuantile(t *testing.T) {
	sorted := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if p50, p95, none := quantile(sorted, 0.5), quantile(sorted, 0.95), quantile(nil, 0.5); p50 != 6 || p95 != 10 || none != 0 {
		t.Errorf("p50 %d, p95 %d, of nothing %d", p50, p95, none)
	}
}

// The name of a process may hold anything, parentheses and spaces too.
func TestStatFields(t *testing.T) {
	fields := statFields("42 (post) gres: (x)) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0")
	if fields[0] != "S" || fields[1] != "7" || fields[11] != "100" || fields[14] != "4" {
		t.Errorf("read as %q", fields)
	}
}

// A browser loads a font where the page has a letter of it, and not else.
func TestUnicodeRange(t *testing.T) {
	for _, one := range []struct {
		ranges, text string
		want         bool
	}{
		{"U+0000-00FF, U+0131", "Ann", true}, {"U+0100-02BA, U+1E00-1E9F", "Ann", false}, {"U+0100-02BA", "Kamińska", true}, {"U+4??", "Д", true}, {"", "x", true}, {"U+20AC", "€", true},
	} {
		if got := inRange(one.ranges, one.text); got != one.want {
			t.Errorf("%q in %q: %t", one.text, one.ranges, got)
		}
	}
}

// pgbench takes parameters by name.
func TestNamed(t *testing.T) {
	script, values := named("-- name: X :one\nSELECT $1::uuid, $2, $12, $3, 'a:b'", []any{"x", nil, "", 4, 5, 6, 7, 8, 9, 10, 11, "end"}, "p")
	if script != "SELECT :p1::uuid, NULL, :p12, '', 'a:b'" || len(values) != 2 || values["p1"] != "x" || values["p12"] != "end" {
		t.Errorf("%s with %v", script, values)
	}
}

// A page is loaded with what its markup asks for, each once; what is only linked is not.
func TestResources(t *testing.T) {
	const page = `<!doctype html><link rel="preload" href="/static/a.woff2"><link rel="stylesheet" href="/static/a.css"><link rel="icon" href="/static/i.svg">
		<link rel="canonical" href="/orgs"><script src="/static/a.js" defer></script><a href="/orgs">Link</a><svg><use href="/static/i.svg#plus"></use></svg><img src="data:,x">`
	got, err := resources([]byte(page))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/static/a.woff2", "/static/a.css", "/static/i.svg", "/static/a.js"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	const sheet = `@font-face { src: url("/static/a.woff2"); unicode-range: U+0000-00FF; } @font-face { src: url(/static/b.woff2); unicode-range: U+0100-02BA; }`
	if fonts := fontsFor([]byte(sheet), letters([]byte("<p title='ń'>Ann</p>"))); !slices.Equal(fonts, []string{"/static/a.woff2"}) {
		t.Errorf("fonts %q", fonts)
	}
}

func TestFormTo(t *testing.T) {
	const page = `<form method="get" action="/orgs/a/exports"><input name="q" value="x"></form><form method="post" action="/logout"><input name="_person" value="m"></form>
		<form method="post" action="/orgs/a/exports?sort=name"><input type="hidden" name="format" value="csv"><input name="_org" value="o"/></form><input name="late" value="1">`
	action, fields := formTo([]byte(page), "/orgs/a/exports")
	if action != "/orgs/a/exports?sort=name" || fields.Encode() != "_org=o&format=csv" {
		t.Errorf("%s with %s", action, fields.Encode())
	}
}
