package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'"

// recorder is a test that only remembers that it failed.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

// site serves pages from a table, each with the policy.
func site(t *testing.T, pages map[string]string) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for path, body := range pages {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
			switch {
			case strings.HasSuffix(path, ".js"):
				w.Header().Set("Content-Type", "text/javascript")
			case path == "/broken":
				w.WriteHeader(http.StatusInternalServerError)
			case path == "/gone":
				w.WriteHeader(http.StatusGone)
			}
			if !strings.HasSuffix(path, ".js") {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				fmt.Fprintf(w, `<!doctype html><html lang="en"><head><title>%s</title></head><body><main><h1>Page %[1]s</h1>`, path)
			}
			fmt.Fprint(w, strings.ReplaceAll(body, "{said}", r.FormValue("said")))
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// What must not happen fails the test by itself.
func TestMishapsFailTheTest(t *testing.T) {
	Start(t)
	url := site(t, map[string]string{
		"/fine":       `<p>Fine</p>`,
		"/gone":       `<p>Gone, and that is an answer</p>`,
		"/inline":     `<script>document.title = 'ran'</script>`,
		"/style":      `<p style="color: red">Red</p>`,
		"/console":    `<script src="/console.js"></script>`,
		"/throws":     `<script src="/throws.js"></script>`,
		"/foreign":    `<script src="/foreign.js"></script>`,
		"/broken":     `<p>Broken</p>`,
		"/missing":    `<img src="/no-such.png" alt="">`,
		"/fetches":    `<script src="/fetches.js"></script>`,
		"/leaving":    `<form><label>Say <input name="said"></label></form><a href="/fine">Away</a><script src="/leaving.js"></script>`,
		"/console.js": `console.error('something is', 'wrong')`,
		"/throws.js":  `throw new Error('a fault of the script')`,
		"/foreign.js": `new Image().src = 'http://127.0.0.2:1/pixel.png'`,
		"/fetches.js": `fetch('/broken')`,
		"/leaving.js": `addEventListener('beforeunload', e => e.preventDefault())`,
	})
	for _, one := range []struct{ path, says string }{
		{"/fine", ""},
		{"/gone", ""},
		{"/inline", "content security policy forbids script-src-elem"},
		{"/style", "content security policy forbids style-src-attr"},
		{"/console", "something is wrong"},
		{"/throws", "a fault of the script"},
		{"/foreign", "another host: http://127.0.0.2:1/pixel.png"},
		{"/broken", "/broken answered 500"},
		{"/missing", "/no-such.png, which the page needs, answered 404"},
		{"/fetches", "/broken answered 500"},
		{"/leaving", "question of the browser that nobody expected: beforeunload"},
	} {
		t.Run(one.path[1:], func(t *testing.T) {
			r := &recorder{TB: t}
			p := New(r, Options{URL: url, Script: true})
			p.Open(one.path)
			if one.path == "/leaving" {
				p.Fill("Say", "something")
				p.Follow("Away")
			}
			if one.says == "" {
				p.See("Page " + one.path)
				if len(r.failed) > 0 {
					t.Errorf("it failed: %q", r.failed)
				}
				return
			}
			p.until("fail", func() (bool, string) {
				p.check("")
				r.mu.Lock()
				defer r.mu.Unlock()
				return strings.Contains(strings.Join(r.failed, "\n"), one.says), fmt.Sprintf("%q", r.failed)
			})
		})
	}
}

// Everything works with the page's script off: the tests look through the developer tools, and press and type
// as a person does.
func TestPagesAreUsedWithAndWithoutScript(t *testing.T) {
	Start(t)
	pages := map[string]string{
		"/": `<p class="x">Some <b>bold</b>words<span hidden> not this</span></p>
			<style>.aside { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }</style>
			<p id="ran">No script ran</p><script src="/ran.js"></script>
			<form action="/next" method="post">
			<label for="said">What to say</label> <input id="said" name="said" value="before" maxlength="5">
			<label><input type="checkbox" name="loud"> Loudly</label>
			<select name="to" aria-label="To whom"><option value="a">Ann</option><option value="b">Ben</option></select>
			<button>Send<span class="aside"> it to them</span></button><button name="said" value="other">Send nothing</button></form>
			<button popovertarget="more">More</button><div id="more" popover><a href="/next?said=link">Further</a></div>`,
		"/next":   `<p>You said: {said}</p><p id="ran">No script ran</p><script src="/ran.js"></script>`,
		"/ran.js": `document.getElementById('ran').textContent = 'Script ran'`,
	}
	for _, script := range []bool{false, true} {
		t.Run(map[bool]string{false: "off", true: "on"}[script], func(t *testing.T) {
			r := &recorder{TB: t} // the style above is against the policy: this looks at the page, not at what is forbidden
			p := New(r, Options{URL: site(t, pages), Script: script})
			ran := map[bool]string{false: "No script ran", true: "Script ran"}[script]
			p.Open("/")
			p.See("Some boldwords", ran)
			p.NotSee("not this", "Ann")
			p.Title("/")
			p.Fill("What to say", "hello there")
			p.Tick("Loudly")
			p.Choose("To whom", "Ben")
			if said, to, loud := p.Value("What to say"), p.Chosen("To whom"), p.Ticked("Loudly"); said != "hello" || to != "Ben" || !loud {
				t.Errorf("said %q to %q, loud %v", said, to, loud)
			}
			p.Force("What to say", "far too long")
			p.Press("Send it to them")
			p.At("/next")
			p.See("You said: far too long", ran)
			p.Back()
			p.See("Some boldwords")
			p.Press("More")
			p.Follow("Further")
			p.At("/next?said=link")
			p.See("You said: link")
			tab := p.NewTab()
			tab.Open("/")
			tab.Key("Tab", "Tab", "Tab")
			tab.Focus("select To whom")
			tab.See(ran)
			p.See("You said: link")
		})
	}
}

// What axe finds fails the test, with the rule and the place.
func TestAxeFails(t *testing.T) {
	r := &recorder{TB: t}
	p := New(r, Options{URL: site(t, map[string]string{"/": `<img src="/x.js"><input name="nameless">`, "/x.js": ""}), Script: true})
	p.Open("/")
	p.Axe()
	all := strings.Join(r.failed, "\n")
	for _, rule := range []string{"image-alt", "label"} {
		if !strings.Contains(all, rule) {
			t.Errorf("axe did not find %s: %s", rule, all)
		}
	}
	r.failed = nil
}

// What moves away under the mouse is pressed where it is then, and once.
func TestWhatMovesIsPressedAgain(t *testing.T) {
	p := New(t, Options{URL: site(t, map[string]string{
		"/": `<p id="said">Not yet</p><button>Send</button><script src="/x.js"></script>`,
		"/x.js": `let n = 0;
			document.querySelector('button').addEventListener('click', () => { document.getElementById('said').textContent = 'Sent ' + ++n; });
			addEventListener('mousedown', () => { document.body.prepend(Object.assign(document.createElement('h1'), { textContent: 'News' })); }, { once: true });`,
	}), Script: true})
	p.Open("/")
	p.Press("Send")
	p.See("News", "Sent 1")
}
