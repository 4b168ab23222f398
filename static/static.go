// Package static holds everything a browser loads beside the pages: one stylesheet, one script, one sprite of icons and
// the font. All of it is in the binary, made ready once at start, and served under a name that carries the hash of its
// content, so a browser may keep a file for a year and a change is a new name. Nothing here knows the database: static
// files go past sessions and permissions.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/js"
)

// The test-only axe lies in vendor too, so vendored files are named one by one.
//
//go:embed css/*.css js/*.js icons/icons.svg fonts/inter-latin.woff2 fonts/inter-names.woff2 fonts/inter-latin-ext.woff2 vendor/htmx.min.js problems/*.html
var source embed.FS

// Prefix is the path under which Handler is mounted.
const Prefix = "/static/"

// file is one served file, in both encodings.
type file struct {
	name   string // with the hash: roster.3f2a91bc.css
	kind   string // its Content-Type
	hash   string
	plain  []byte
	zipped func() []byte // nil where compressing gains nothing
}

// site is all that is served: by public name ("roster.css") and by hashed name.
type site struct {
	urls  map[string]string
	files map[string]*file
}

var served = build()

// URL gives the address of a file by its plain name: URL("roster.css") is "/static/roster.3f2a91bc.css". An unknown name
// gives an address that answers 404; a test renders every page and finds those.
func URL(name string) string {
	if url, ok := served.urls[name]; ok {
		return url
	}
	return Prefix + name
}

// Problem500 and Problem503 are whole pages for when neither the database nor a template can be relied on.
var (
	Problem500 = problem("problems/500.html")
	Problem503 = problem("problems/503.html")
)

// build reads the embedded files in the order in which they name each other: fonts, then the stylesheet that loads them.
func build() site {
	s := site{urls: map[string]string{}, files: map[string]*file{}}

	for _, name := range []string{"inter-latin.woff2", "inter-names.woff2", "inter-latin-ext.woff2"} {
		s.add(name, "font/woff2", read("fonts/"+name), false)
	}
	s.add("icons.svg", "image/svg+xml", read("icons/icons.svg"), true)
	s.add("roster.css", "text/css; charset=utf-8", s.stylesheet(), true)
	s.add("roster.js", "text/javascript; charset=utf-8", script(), true)
	return s
}

// add hashes a file and keeps it under both its names.
func (s site) add(name, kind string, body []byte, compress bool) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:4])
	ext := path.Ext(name)

	f := &file{name: strings.TrimSuffix(name, ext) + "." + hash + ext, kind: kind, hash: hash, plain: body}
	if compress {
		f.zipped = sync.OnceValue(func() []byte { return zip(body) }) // when it is first asked for: starting does not wait for it
	}
	s.urls[name] = Prefix + f.name
	s.files[f.name] = f
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssIndent  = regexp.MustCompile(`(?m)^[ \t]+|[ \t]+$`)
	cssBlank   = regexp.MustCompile(`\n{2,}`)
	cssURL     = regexp.MustCompile(`url\("([^"]+)"\)`)
)

// stylesheet joins the files under css into one, layers.css first because it declares the order of the layers: one
// request, and no @import to wait for. Comments stay in the source; url("name") becomes the hashed address.
func (s site) stylesheet() []byte {
	names, err := fs.Glob(source, "css/*.css")
	if err != nil {
		panic(fmt.Sprintf("static: list stylesheets: %v", err)) // at start, before anything is served
	}

	var all bytes.Buffer
	all.Write(read("css/layers.css"))
	for _, name := range names {
		if name != "css/layers.css" {
			all.Write(read(name))
		}
	}

	text := cssComment.ReplaceAllString(all.String(), "")
	text = cssIndent.ReplaceAllString(text, "")
	text = cssBlank.ReplaceAllString(text, "\n")
	text = cssURL.ReplaceAllStringFunc(text, func(match string) string {
		name := cssURL.FindStringSubmatch(match)[1]
		url, ok := s.urls[name]
		if !ok {
			panic("static: a stylesheet names an unknown file: " + name)
		}
		return `url("` + url + `")`
	})
	return []byte(strings.TrimSpace(text) + "\n")
}

// script joins htmx and our own scripts, in this order: one request instead of three. Ours are minified.
func script() []byte {
	var all bytes.Buffer
	all.WriteString("/* htmx 4.0.1, Zero-Clause BSD, https://htmx.org */\n")
	all.Write(read("vendor/htmx.min.js"))
	all.WriteString("\n/* Roster */\n")
	for _, name := range []string{"js/app.js", "js/live.js"} {
		if err := js.Minify(minify.New(), &all, bytes.NewReader(read(name)), nil); err != nil {
			panic(fmt.Sprintf("static: minify %s: %v", name, err)) // at start, before anything is served
		}
		all.WriteString(";\n")
	}
	return all.Bytes()
}

// problem fills in the two addresses a static page needs.
func problem(name string) []byte {
	page := read(name)
	page = bytes.ReplaceAll(page, []byte("{roster.css}"), []byte(URL("roster.css")))
	return bytes.ReplaceAll(page, []byte("{icons.svg}"), []byte(URL("icons.svg")))
}

func read(name string) []byte {
	body, err := source.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("static: %v", err)) // the embed directive and this file disagree
	}
	return body
}

func zip(body []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("static: compress: %v", err))
	}
	return out.Bytes()
}

// Handler serves the files at Prefix. A name without the right hash is not found: nothing may be kept for a year under a
// name that could mean something else tomorrow.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Files are only read.", http.StatusMethodNotAllowed)
			return
		}
		f, ok := served.files[strings.TrimPrefix(r.URL.Path, Prefix)]
		if !ok || !strings.HasPrefix(r.URL.Path, Prefix) {
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, "There is no such file.", http.StatusNotFound)
			return
		}
		f.serve(w, r)
	})
}

// serve writes the file, gzipped where the browser takes it. The two encodings have different tags: a cache may hold both.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	body, tag := f.plain, `"`+f.hash+`"`
	header := w.Header()
	header.Set("Content-Type", f.kind)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if f.zipped != nil {
		header.Set("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Get("Accept-Encoding")) {
			body, tag = f.zipped(), `"`+f.hash+`-gzip"`
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("ETag", tag)

	if matches(r.Header.Get("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the browser went away: nothing to tell it
}

// takesGzip reads Accept-Encoding: gzip must be named and not refused with q=0.
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		coding, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		key, value, found := strings.Cut(strings.TrimSpace(params), "=")
		if !found || !strings.EqualFold(strings.TrimSpace(key), "q") {
			return true
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return err == nil && q > 0
	}
	return false
}

// matches reads If-None-Match, a list of tags of which a weak one counts as well.
func matches(list, tag string) bool {
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == tag || part == "*" {
			return true
		}
	}
	return false
}
