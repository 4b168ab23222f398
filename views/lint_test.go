// Package views_test (I92) reads every template and every golden file for what htmx and the content security policy would
// swallow without a word: a misspelt attribute, an attribute that applies to nothing, a style that is never applied.
package views_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

var (
	anyHX = regexp.MustCompile(`^(?:data-)?hx-`)

	// The attributes htmx 4.0.1 knows and we use. All others are silent: those of htmx 2, and misspelt ones.
	knownHX = regexp.MustCompile(`^hx-(?:(?:get|post|action|method|trigger|swap|target|select|push-url|replace-url|headers|vals|include|indicator|sync|config|encoding|validate|status:(?:\d\d\d|\d\dx|\dxx))(?::inherited)?(?::append)?|ignore|preserve|partial|history-elt|morph-skip|morph-skip-children|sse:connect|sse:close)$`)

	// These say how the element's own request is made or answered, so without a request they must be for others.
	needsRequest = regexp.MustCompile(`^hx-(?:target|swap|sync|headers|status:\w+)$`)

	handler = regexp.MustCompile(`^on[a-z]+$`)
)

// attribute checks one attribute by itself and says what is wrong with it.
func attribute(name, value string) string {
	value = strings.TrimSpace(value)
	switch {
	case anyHX.MatchString(name) && !knownHX.MatchString(name):
		return "htmx does not know it, or we do not use it"
	case name == "style":
		return "the policy forbids styles in attributes"
	case handler.MatchString(name):
		return "the policy forbids code in attributes"
	case strings.HasPrefix(name, "hx-") && (strings.HasPrefix(value, "js:") || strings.HasPrefix(value, "javascript:")):
		return "the policy forbids code in attributes"
	case strings.HasPrefix(name, "hx-trigger") && strings.ContainsAny(value, "[]"):
		return "a filter in a trigger is code"
	case strings.HasPrefix(name, "hx-trigger") && regexp.MustCompile(`from:(?:find|closest|next|previous) `).MatchString(value):
		return "an unquoted from: with a space listens to nothing"
	case strings.HasPrefix(name, "hx-swap") && strings.Contains(value, "Morph"):
		return "a morph keeps what the person chose where the server refused it"
	case strings.HasPrefix(name, "hx-config") || strings.HasPrefix(name, "hx-vals") || strings.HasPrefix(name, "hx-headers"):
		if strings.HasPrefix(value, "{") && !json.Valid([]byte(value)) {
			return "it is not strict JSON"
		}
	}
	return ""
}

// files finds files by the end of their names, outside the letters: mail programs need styles in attributes.
func files(t *testing.T, end string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path == "email":
			return fs.SkipDir
		case strings.HasSuffix(path, end):
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTemplatesUseOnlyAttributesThatWork(t *testing.T) {
	// Attributes given in Go: templ.Attributes{"hx-get": …}.
	inGo := regexp.MustCompile(`"((?:data-)?hx-[a-z:-]+|style|on[a-z]+)"\s*:\s*(?:"((?:[^"\\]|\\.)*)")?`)

	templates := files(t, ".templ")
	if len(templates) == 0 {
		t.Fatal("there are no templates")
	}
	for _, path := range templates {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		source := string(raw)
		tags := tagsOf(source)
		if len(tags) == 0 && strings.Contains(source, "</") {
			t.Errorf("%s: no tag was found in it", path)
		}
		for _, tag := range tags {
			for name, value := range tag.attrs {
				if wrong := attribute(name, value); wrong != "" {
					t.Errorf("%s: <%s %s=%q>: %s", path, tag.element, name, value, wrong)
				}
			}
			if name := applies(tag.element, tag.attrs); name != "" && !tag.spread {
				t.Errorf("%s: <%s %s> sends nothing itself, and without :inherited nothing below hears of it", path, tag.element, name)
			}
		}
		for _, match := range inGo.FindAllStringSubmatch(source, -1) {
			if wrong := attribute(match[1], match[2]); wrong != "" {
				t.Errorf("%s: %s: %s", path, match[0], wrong)
			}
		}
	}
}

// tag is an opening tag of a template: its attributes, those under a condition too, with the values that are constant.
type tag struct {
	element string
	attrs   map[string]string
	spread  bool // some are only known when it runs
}

var (
	tagStart  = regexp.MustCompile(`<([a-z][a-z0-9-]*)[\s/>]`)
	attrName  = regexp.MustCompile(`^[A-Za-z_@:][\w:.@-]*`)
	condition = regexp.MustCompile(`^(?:if|else|\} else)\b[^\n]*\{\n`)
	goComment = regexp.MustCompile(`(?m)^\s*//.*$`)
)

// tagsOf reads the opening tags out of a template. It knows as much of the language as attributes need: constants,
// { expressions }, { spreads... } and conditions.
func tagsOf(source string) []tag {
	source = goComment.ReplaceAllString(source, "")
	var tags []tag
	for {
		at := tagStart.FindStringSubmatchIndex(source)
		if at == nil {
			return tags
		}
		found := tag{element: source[at[2]:at[3]], attrs: map[string]string{}}
		source = source[at[3]:]
		for done := false; !done && source != ""; {
			source = strings.TrimLeft(source, " \t\r\n/")
			switch {
			case source == "":
			case source[0] == '>':
				done = true
			case condition.MatchString(source):
				source = source[len(condition.FindString(source)):]
			case source[0] == '{':
				found.spread = true
				source = source[expression(source):]
			case attrName.MatchString(source):
				name := attrName.FindString(source)
				source = strings.TrimPrefix(source[len(name):], "?")
				value := ""
				if rest, ok := strings.CutPrefix(source, "="); ok {
					source = rest
					switch {
					case strings.HasPrefix(source, "{"):
						source = source[expression(source):]
					case strings.HasPrefix(source, `"`), strings.HasPrefix(source, "'"):
						end := strings.IndexByte(source[1:], source[0]) + 1
						value, source = html.UnescapeString(source[1:end]), source[end+1:]
					}
				}
				found.attrs[name] = value
			default:
				source = source[1:]
			}
		}
		tags = append(tags, found)
	}
}

// expression gives the length of a { Go expression }, whose strings may hold braces.
func expression(source string) int {
	depth := 0
	for i := 0; i < len(source); i++ {
		switch c := source[i]; c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '`', '\'':
			for i++; i < len(source) && source[i] != c; i++ {
				if source[i] == '\\' && c != '`' {
					i++
				}
			}
		}
	}
	return len(source)
}

// applies gives an attribute of the element that applies to nothing.
func applies(element string, attrs map[string]string) string {
	_, gets := attrs["hx-get"]
	_, posts := attrs["hx-post"]
	_, streams := attrs["hx-sse:connect"]
	if gets || posts || streams || element == "hx-partial" {
		return ""
	}
	for name := range attrs {
		if needsRequest.MatchString(name) {
			return name
		}
	}
	return ""
}

func TestGoldenPagesUseOnlyAttributesThatWork(t *testing.T) {
	for _, path := range files(t, ".html") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tokens := html.NewTokenizer(strings.NewReader(string(raw)))
		for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
			if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
				continue
			}
			token := tokens.Token()
			attrs := map[string]string{}
			for _, a := range token.Attr {
				attrs[a.Key] = a.Val
				if wrong := attribute(a.Key, a.Val); wrong != "" {
					t.Errorf("%s: <%s %s=%q>: %s", path, token.Data, a.Key, a.Val, wrong)
				}
				if a.Key == "content" && attrs["name"] == "htmx-config" && !json.Valid([]byte(a.Val)) {
					t.Errorf("%s: htmx-config is not strict JSON", path)
				}
			}
			if token.Data == "style" || token.Data == "script" && attrs["src"] == "" {
				t.Errorf("%s: <%s> in a page: the policy forbids it", path, token.Data)
			}
			if name := applies(token.Data, attrs); name != "" {
				t.Errorf("%s: <%s %s> sends nothing itself, and without :inherited nothing below hears of it", path, token.Data, name)
			}
		}
	}
}

// A piece has its rows first and its title last: what stands before a row, other than a partial, eats the row's tags.
// Controls in rows have ids, or the focus is lost when the row is swapped. Nothing has the id of something else.
func TestGoldenPiecesKeepTheirShape(t *testing.T) {
	void := regexp.MustCompile(`^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$`)
	for _, path := range files(t, ".html") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var (
			depth, popover, template int
			rows, menus              []int
			before, title            string
		)
		ids := map[string]bool{}
		whole := strings.HasPrefix(strings.ToLower(string(raw)), "<!doctype")
		tokens := html.NewTokenizer(strings.NewReader(string(raw)))
		for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
			token := tokens.Token()
			switch kind {
			case html.StartTagToken, html.SelfClosingTagToken:
				attrs := map[string]string{}
				for _, a := range token.Attr {
					attrs[a.Key] = a.Val
				}
				row := token.Data == "tr" || token.Data == "tbody"
				if depth == 0 && !whole {
					if row && before != "" {
						t.Errorf("%s: <%s> comes after <%s>, which eats it", path, token.Data, before)
					}
					if title != "" {
						t.Errorf("%s: <%s> comes after <title>", path, token.Data)
					}
					if token.Data == "title" {
						title = token.Data
					} else if !row && token.Data != "hx-partial" {
						before = token.Data
					}
				}
				if id, ok := attrs["id"]; ok && template == 0 {
					if ids[id] && whole {
						t.Errorf("%s: id %q stands twice", path, id)
					}
					ids[id] = true
				}
				control := token.Data == "button" || token.Data == "select" || token.Data == "textarea" || token.Data == "input" && attrs["type"] != "hidden"
				control = control && !strings.Contains(attrs["class"], "no-js") // hidden where anything is ever swapped
				control = control && attrs["name"] != "member"                  // the script names the box of a row
				if control && len(rows) > 0 && popover == 0 && attrs["id"] == "" {
					t.Errorf("%s: <%s name=%q> in a row has no id, so the focus is lost when the row is swapped", path, token.Data, attrs["name"])
				}
				if void.MatchString(token.Data) || kind == html.SelfClosingTagToken {
					continue
				}
				depth++
				if token.Data == "tbody" || token.Data == "tr" && len(rows) == 0 && !strings.Contains(string(raw), "<thead") {
					rows = append(rows, depth)
				}
				if _, ok := attrs["popover"]; ok {
					popover++
					menus = append(menus, depth)
				}
				if token.Data == "template" {
					template++
				}
			case html.EndTagToken:
				if len(rows) > 0 && rows[len(rows)-1] == depth {
					rows = rows[:len(rows)-1]
				}
				if len(menus) > 0 && menus[len(menus)-1] == depth {
					menus, popover = menus[:len(menus)-1], popover-1
				}
				if token.Data == "template" {
					template--
				}
				depth--
			}
		}
	}
}

// The lint must see what it is for: each of these was met, and did nothing without a word.
func TestTheLintSeesWhatIsSilent(t *testing.T) {
	for name, value := range map[string]string{
		"hx-swap-oob": "true", "hx-boost": "true", "hx-on:click": "x()", "hx-disabled-elt": "this", "hx-put": "/x", "data-hx-get": "/x",
		"hx-targt": "#x", "hx-status:4": "x", "style": "color:red", "onclick": "x()", "hx-vals": `{"a":1,}`, "hx-trigger": "keyup[key=='x']",
		"hx-get": "javascript:x", "hx-trigger:inherited": "input from:find input", "hx-swap": "outerMorph",
	} {
		if attribute(name, value) == "" {
			t.Errorf("the lint does not see %s=%q", name, value)
		}
	}
	for name, value := range map[string]string{
		"hx-get": "/x", "hx-post": "/x", "hx-target:inherited": "closest tr", "hx-status:401:inherited": "target:#problem", "hx-headers:inherited:append": `{"A":"b"}`,
		"hx-swap": "beforeend", "hx-trigger": "submit, change delay:800ms target:select", "hx-include": "closest form", "id": "x", "hx-sse:connect": "/events",
	} {
		if wrong := attribute(name, value); wrong != "" {
			t.Errorf("the lint refuses %s=%q: %s", name, value, wrong)
		}
	}
	tags := tagsOf("templ x() {\n\t// <b style=\"\">\n\t<a\n\t\tclass={ f(\"}\") }\n\t\tif n > 0 {\n\t\t\thx-gett=\"/x\"\n\t\t}\n\t\tdisabled?={ true }\n\t>\n\t\tx < y\n\t</a>\n\t<td { attrs... } hx-vals='{\"a\":1}'></td>\n}")
	if len(tags) != 2 || len(tags[0].attrs) != 3 || tags[0].spread || !tags[1].spread || tags[1].attrs["hx-vals"] != `{"a":1}` {
		t.Errorf("the lint reads tags wrongly: %v", tags)
	}
	if applies("div", map[string]string{"hx-target": "#x"}) == "" || applies("tbody", map[string]string{"hx-swap:inherited": "outerHTML"}) != "" {
		t.Error("the lint does not tell an attribute that applies to nothing from one that is inherited")
	}
}
