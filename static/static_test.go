package static_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"roster/static"
)

// What others made is byte for byte what was vendored.
func TestVendoredFilesAreTheOnesThatWereChecked(t *testing.T) {
	sums, err := os.ReadFile("vendor/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(sums)) {
		want, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("SHA256SUMS: cannot read %q", line)
		}
		seen[name] = true
		body, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Errorf("SHA256SUMS names %s: %v", name, err)
			continue
		}
		if got := sum(body); got != want {
			t.Errorf("%s has checksum %s, SHA256SUMS says %s", name, got, want)
		}
	}
	for _, dir := range []string{"vendor", "fonts", "icons"} {
		files, err := filepath.Glob(dir + "/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !seen[filepath.ToSlash(file)] && filepath.Base(file) != "SHA256SUMS" {
				t.Errorf("%s is vendored without a checksum", file)
			}
		}
	}
	const htmx = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
	if body, _ := os.ReadFile("vendor/htmx.min.js"); sum(body) != htmx {
		t.Errorf("htmx.min.js is not htmx 4.0.1")
	}
}

func sum(body []byte) string {
	hash := sha256.Sum256(body)
	return hex.EncodeToString(hash[:])
}

func get(t *testing.T, method, path string, headers map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for key, value := range headers {
		r.Header.Set(key, value)
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFilesAreKeptForAYearUnderTheirHash(t *testing.T) {
	for name, kind := range map[string]string{
		"roster.css":            "text/css; charset=utf-8",
		"roster.js":             "text/javascript; charset=utf-8",
		"icons.svg":             "image/svg+xml",
		"inter-latin.woff2":     "font/woff2",
		"inter-names.woff2":     "font/woff2",
		"inter-latin-ext.woff2": "font/woff2",
	} {
		url := static.URL(name)
		if !regexp.MustCompile(`^/static/[\w-]+\.[0-9a-f]{8}\.\w+$`).MatchString(url) {
			t.Errorf("URL(%q) = %q, without a hash", name, url)
		}
		r := get(t, "GET", url, nil)
		if r.StatusCode != 200 {
			t.Errorf("GET %s: %d", url, r.StatusCode)
		}
		for header, want := range map[string]string{
			"Content-Type":           kind,
			"Cache-Control":          "public, max-age=31536000, immutable",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := r.Header.Get(header); got != want {
				t.Errorf("GET %s: %s is %q, want %q", url, header, got, want)
			}
		}
		if again := get(t, "GET", url, map[string]string{"If-None-Match": r.Header.Get("ETag")}); again.StatusCode != 304 || len(body(t, again)) != 0 {
			t.Errorf("GET %s with its own tag: %d, want 304 without a body", url, again.StatusCode)
		}
		if head := get(t, "HEAD", url, nil); head.StatusCode != 200 || len(body(t, head)) != 0 || head.Header.Get("Content-Length") != r.Header.Get("Content-Length") {
			t.Errorf("HEAD %s does not match GET", url)
		}
	}
}

func TestTextIsCompressedForThoseWhoTakeIt(t *testing.T) {
	url := static.URL("roster.css")
	plain := get(t, "GET", url, nil)
	want := body(t, plain)
	tags := map[string]bool{plain.Header.Get("ETag"): true}

	for accept, zipped := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "GZIP": true, "": false, "br": false, "gzip;q=0": false, "gzip;q=0.0": false, "x-gzip": false,
	} {
		r := get(t, "GET", url, map[string]string{"Accept-Encoding": accept})
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("Accept-Encoding %q: compressed is %t, want %t", accept, got, zipped)
		}
		if r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: no Vary, so a cache mixes the two", accept)
		}
		if !zipped {
			continue
		}
		tags[r.Header.Get("ETag")] = true
		unzip, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(unzip)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("Accept-Encoding %q: the compressed file is another", accept)
		}
	}
	if len(tags) != 2 {
		t.Errorf("the two encodings have %d tags, want one each", len(tags))
	}
}

func TestOtherNamesAndMethodsAreRefused(t *testing.T) {
	for _, path := range []string{
		"/static/roster.css", "/static/roster.00000000.css", "/static/", "/static/../static.go", "/static/axe.min.js",
		"/static/vendor/axe.min.js", "/static/vendor/SHA256SUMS", "/other/" + strings.TrimPrefix(static.URL("roster.css"), "/static/"),
	} {
		r := get(t, "GET", path, nil)
		if r.StatusCode != 404 || strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("GET %s: %d %s, want 404 that is not kept", path, r.StatusCode, r.Header.Get("Cache-Control"))
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		if r := get(t, method, static.URL("roster.css"), nil); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, want 405", method, r.StatusCode)
		}
	}
}

// The first page must stay light on a slow line.
func TestEveryFileStaysWithinItsSize(t *testing.T) {
	for name, most := range map[string]int{
		"roster.css": 13_000, "roster.js": 21_000, "icons.svg": 4_000,
		"inter-latin.woff2": 29_000, "inter-names.woff2": 14_000, "inter-latin-ext.woff2": 48_000,
	} {
		r := get(t, "GET", static.URL(name), map[string]string{"Accept-Encoding": "gzip"})
		if size := len(body(t, r)); size > most {
			t.Errorf("%s is %d bytes on the wire, at most %d", name, size, most)
		}
	}
	whole := string(body(t, get(t, "GET", static.URL("roster.js"), nil)))
	_, own, found := strings.Cut(whole, "/* Roster */")
	if !found {
		t.Fatal("where our own scripts begin is not marked")
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(w, own); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if zipped.Len() > 8_000 {
		t.Errorf("our own scripts are %d bytes compressed, at most 8,000", zipped.Len())
	}
}

func TestTheStylesheetLoadsNothingButTheFont(t *testing.T) {
	css := string(body(t, get(t, "GET", static.URL("roster.css"), nil)))
	for _, match := range regexp.MustCompile(`url\(([^)]*)\)`).FindAllStringSubmatch(css, -1) {
		url := strings.Trim(match[1], `"`)
		if r := get(t, "GET", url, nil); r.StatusCode != 200 || r.Header.Get("Content-Type") != "font/woff2" {
			t.Errorf("the stylesheet loads %s", url)
		}
	}
	if strings.Contains(css, "@import") || strings.Contains(css, "/*") {
		t.Error("the stylesheet has an @import or a comment left")
	}
	if open, shut := strings.Count(css, "{"), strings.Count(css, "}"); open != shut {
		t.Errorf("the stylesheet has %d { and %d }", open, shut)
	}
	if !strings.HasPrefix(css, "@layer reset, tokens, base, layout, components, utilities, print;") {
		t.Error("the stylesheet does not begin with the order of its layers")
	}
}

// face is an @font-face: its file, the weights and the letters that it has.
type face struct {
	file        string
	light, bold int
	letters     [][2]rune
}

func faces(t *testing.T) []face {
	t.Helper()
	css, err := os.ReadFile("css/font.css")
	if err != nil {
		t.Fatal(err)
	}
	number := func(text string, base int) int {
		n, err := strconv.ParseInt(text, base, 32)
		if err != nil {
			t.Fatalf("font.css: %v", err)
		}
		return int(n)
	}
	var all []face
	form := regexp.MustCompile(`(?s)@font-face \{.*?font-weight: (\d+) (\d+);.*?url\("([^"]+)"\).*?unicode-range: ([^;]+);`)
	for _, part := range form.FindAllStringSubmatch(string(css), -1) {
		f := face{file: part[3], light: number(part[1], 10), bold: number(part[2], 10)}
		for span := range strings.SplitSeq(part[4], ",") {
			from, to, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(span), "U+"), "-")
			if !found {
				to = from
			}
			f.letters = append(f.letters, [2]rune{rune(number(from, 16)), rune(number(to, 16))})
		}
		all = append(all, f)
	}
	if len(all) != 3 {
		t.Fatalf("font.css has %d faces that can be read, want 3", len(all))
	}
	return all
}

func (f face) has(letter rune) bool {
	return slices.ContainsFunc(f.letters, func(span [2]rune) bool { return span[0] <= letter && letter <= span[1] })
}

// A name loads the letters it is written with, and none loads the large rest of Latin.
func TestNamesLoadSmallFonts(t *testing.T) {
	all := faces(t)
	for name, want := range map[string]string{
		"Åsa Müller, L’Haÿ-les-Roses":   "inter-latin.woff2",
		"Anne-Cœur Nuñez, Ilgın – 12 €": "inter-latin.woff2",
		"Kamińska":                      "inter-latin.woff2 inter-names.woff2",
		"Đorđe Škvorecký":               "inter-latin.woff2 inter-names.woff2",
		"Ștefan Țepeș, Əli Quliyev":     "inter-latin.woff2 inter-names.woff2",
		"Lǚ Xiǎolóng, Siân Ŵyn":         "inter-latin.woff2 inter-names.woff2",
		"Trương Thị Thơ":                "inter-latin.woff2 inter-names.woff2",
		"Α. Παπαδόπουλος":               "inter-latin.woff2",
		"Ɓɔ":                            "inter-latin-ext.woff2",
	} {
		var loads []string
		for _, f := range all {
			if strings.ContainsFunc(name, f.has) {
				loads = append(loads, f.file)
			}
		}
		if got := strings.Join(loads, " "); got != want {
			t.Errorf("%s loads %s, want %s", name, got, want)
		}
	}
	for letter := range rune(0x10000) {
		if all[1].has(letter) && all[2].has(letter) {
			t.Errorf("U+%04X is in %s and in %s", letter, all[1].file, all[2].file)
		}
	}
}

// The fonts have the weights and the forms of figures that were in use when they were made, and no others.
func TestStylesheetsAskForWhatTheFontsHave(t *testing.T) {
	files, err := filepath.Glob("css/*.css")
	if err != nil {
		t.Fatal(err)
	}
	fonts := faces(t)
	weight := regexp.MustCompile(`font(?:-weight)?: (\d+|bold\w*|lighter)\b`)
	form := regexp.MustCompile(`font-(?:feature-settings|variant[\w-]*|variation-settings): ([^;}]+)`)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range weight.FindAllStringSubmatch(string(raw), -1) {
			for _, f := range fonts {
				if n, err := strconv.Atoi(match[1]); err != nil || n < f.light || n > f.bold {
					t.Errorf("%s asks for the weight %s, and %s has %d to %d", file, match[1], f.file, f.light, f.bold)
				}
			}
		}
		for _, match := range form.FindAllStringSubmatch(string(raw), -1) {
			if match[1] != "tabular-nums" && match[1] != "none" {
				t.Errorf("%s asks for %q: see the features in vendor.sh", file, match[1])
			}
		}
	}
}

// The rules of the stylesheet: a layer in every file, no shouting, no weight by id, raw colours among the tokens only.
func TestStylesheetsKeepTheRules(t *testing.T) {
	files, err := filepath.Glob("css/*.css")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stylesheets: %v", err)
	}
	comment := regexp.MustCompile(`(?s)/\*.*?\*/`)
	selector := regexp.MustCompile(`[^{};]*\{`)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		css := comment.ReplaceAllString(string(raw), "")
		if name := filepath.Base(file); !strings.Contains(css, "@layer ") && name != "font.css" {
			t.Errorf("%s is in no layer", file)
		} else if strings.Contains(css, "oklch(") && name != "tokens.css" && name != "avatar.css" {
			t.Errorf("%s has a raw colour: it belongs in tokens.css", file)
		}
		if strings.Contains(css, "!important") {
			t.Errorf("%s shouts: a later layer wins without", file)
		}
		for _, s := range selector.FindAllString(css, -1) {
			if regexp.MustCompile(`(^|[\s,>+~(])#[a-z]`).MatchString(s) {
				t.Errorf("%s selects by id: %s", file, strings.TrimSpace(s))
			}
		}
		if regexp.MustCompile(`\b(margin|padding|border|inset)-(left|right|top|bottom)\b|[^-]\b(width|height):`).MatchString(css) {
			t.Errorf("%s has a physical property where a logical one does", file)
		}
	}
}

// The static error pages stand alone and name files that exist.
func TestStaticProblemPagesStandAlone(t *testing.T) {
	for name, page := range map[string][]byte{"500": static.Problem500, "503": static.Problem503} {
		if bytes.ContainsAny(page, "{}") {
			t.Errorf("%s.html has a placeholder left", name)
		}
		for _, match := range regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`).FindAllSubmatch(page, -1) {
			if r := get(t, "GET", string(match[1]), nil); r.StatusCode != 200 {
				t.Errorf("%s.html names %s: %d", name, match[1], r.StatusCode)
			}
		}
		if bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("style=")) {
			t.Errorf("%s.html needs more than the stylesheet", name)
		}
	}
}
