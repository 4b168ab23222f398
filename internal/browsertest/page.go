package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"roster/internal/suite"
)

//go:embed page.js
var library string

// glance lies between two looks.
const glance = 15 * time.Millisecond

// Options say whose browser it is and how it looks at the site.
type Options struct {
	URL    string // of the site: what is opened is below it, and all else is foreign
	Script bool   // pages may run script
	Width  int    // of the window; 1440
	Height int    // 900
	Dark   bool
	Alone  bool // pages hear nothing of what others do meanwhile, and stay as they were answered
}

// Page is a tab of somebody's browser.
type Page struct {
	t       testing.TB
	o       Options
	ctx     context.Context
	browser context.Context
	person  cdp.BrowserContextID
	watch   *watch
}

// New gives somebody a browser of their own, with one empty tab.
func New(t testing.TB, o Options) *Page {
	t.Helper()
	p := &Page{t: t, o: o, browser: browser(t)}
	p.inBrowser("open a browser", func(ctx context.Context) (err error) {
		p.person, err = target.CreateBrowserContext().Do(ctx)
		return err
	})
	t.Cleanup(func() {
		p.inBrowser("close a browser", target.DisposeBrowserContext(p.person).Do)
	})
	p.open()
	return p
}

// NewTab gives the same person another tab: it has the same cookies.
func (p *Page) NewTab() *Page {
	p.t.Helper()
	tab := &Page{t: p.t, o: p.o, browser: p.browser, person: p.person}
	tab.open()
	return tab
}

// In is the same tab in a test below the one that it was opened in, which then fails for what goes wrong.
func (p *Page) In(t testing.TB) *Page {
	other := *p
	other.t = t
	return &other
}

// inBrowser asks the browser itself for something, not one of its pages.
func (p *Page) inBrowser(doing string, do func(ctx context.Context) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.browser, suite.Patience(p.t))
	defer cancel()
	if err := do(cdp.WithExecutor(ctx, chromedp.FromContext(p.browser).Browser)); err != nil {
		p.t.Fatalf("%s: %v", doing, err)
	}
}

// open makes the tab: in a window of its own, so that none is hidden and put to sleep.
func (p *Page) open() {
	p.t.Helper()
	site, err := url.Parse(p.o.URL)
	if err != nil {
		p.t.Fatalf("read the address of the site: %v", err)
	}
	var id target.ID
	p.inBrowser("open a tab", func(ctx context.Context) (err error) {
		id, err = target.CreateTarget("about:blank").WithBrowserContextID(p.person).WithNewWindow(true).Do(ctx)
		return err
	})
	ctx, cancel := chromedp.NewContext(p.browser, chromedp.WithTargetID(id))
	p.ctx = ctx
	// The main frame of a page is named like the page.
	p.watch = &watch{host: site.Host, frame: string(id), underway: map[network.RequestID]bool{}}
	chromedp.ListenTarget(ctx, func(event any) {
		p.watch.saw(event, func() { _ = chromedp.Run(ctx, page.HandleJavaScriptDialog(true)) })
	})
	p.t.Cleanup(func() {
		p.t.Helper()
		p.check("at the end")
		cancel()
	})
	err = chromedp.Run(ctx, audits.Enable(), emulation.SetFocusEmulationEnabled(true), emulation.SetScriptExecutionDisabled(!p.o.Script))
	if err != nil {
		p.t.Fatalf("open a tab: %v", err)
	}
	if p.o.Alone { // live.js leaves a browser alone that has no such thing
		p.run("be alone", chromedp.ActionFunc(func(ctx context.Context) error {
			_, err := page.AddScriptToEvaluateOnNewDocument("delete window.BroadcastChannel").Do(ctx)
			return err
		}))
	}
	p.Look(p.o.Dark)
	p.Resize(or(p.o.Width, 1440), or(p.o.Height, 900))
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Look changes the system's colours. Nothing moves, so that nothing has to be waited for.
func (p *Page) Look(dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.run("look", emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// Resize makes the window wider or narrower.
func (p *Page) Resize(width, height int) {
	p.t.Helper()
	p.run("resize", emulation.SetDeviceMetricsOverride(int64(width), int64(height), 1, false))
}

// Open goes to an address: a path of the site, or a whole address of it.
func (p *Page) Open(at string) {
	p.t.Helper()
	if strings.HasPrefix(at, "/") {
		at = p.o.URL + at
	}
	p.again(func() {
		p.run("open "+at, chromedp.ActionFunc(func(ctx context.Context) error {
			_, _, failed, _, err := page.Navigate(at).Do(ctx)
			if err == nil && failed != "" {
				err = errors.New(failed)
			}
			return err
		}))
		p.settle("open " + at)
	})
}

// again does something once more for as long as the site asks to come back, because it has too much to do.
func (p *Page) again(do func()) {
	p.t.Helper()
	p.watch.busy() // what a page asked for by itself before
	suite.Try(p.t, "an answer of the site", func() string {
		do()
		return p.watch.busy()
	})
}

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	p.again(func() {
		p.run("reload", page.Reload())
		p.settle("reload")
	})
}

// Back goes where the person was before.
func (p *Page) Back() {
	p.t.Helper()
	p.run("go back", chromedp.ActionFunc(func(ctx context.Context) error {
		at, entries, err := page.GetNavigationHistory().Do(ctx)
		if err != nil {
			return err
		}
		if at < 1 {
			return errors.New("there is nothing before this page")
		}
		return page.NavigateToHistoryEntry(entries[at-1].ID).Do(ctx)
	}))
	p.settle("go back")
}

// Follow presses a link.
func (p *Page) Follow(link string) { p.t.Helper(); p.press("link", link, "") }

// Press presses a button.
func (p *Page) Press(button string) { p.t.Helper(); p.press("button", button, "") }

// FollowIn presses a link of the row, or else of the smallest section, that names something.
func (p *Page) FollowIn(named, link string) { p.t.Helper(); p.press("link", link, named) }

// PressIn presses a button of the row, or else of the smallest section, that names something.
func (p *Page) PressIn(named, button string) { p.t.Helper(); p.press("button", button, named) }

// Tick presses a tick box or one of several choices, by its label.
func (p *Page) Tick(label string) { p.t.Helper(); p.press("box", label, "") }

func (p *Page) press(kind, name, within string) {
	p.t.Helper()
	first := true
	p.again(func() {
		again := !first
		first = false
		switch { // the answer that asks to come back may have taken the place of the page
		case again && p.ask("press", "button", "Send again", "").Why == "":
			p.pressOnce("button", "Send again", "")
		case again && p.ask("press", kind, name, within).Why != "":
			p.run("reload", page.Reload())
			p.settle("reload")
		default:
			p.pressOnce(kind, name, within)
		}
	})
}

func (p *Page) pressOnce(kind, name, within string) {
	p.t.Helper()
	doing := "press the " + kind + " “" + name + "”"
	p.until(doing, func() (bool, string) {
		at := p.must(doing, "press", kind, name, within)
		for x, y := -1.0, -1.0; at.X != x || at.Y != y; { // what still moves would be missed
			x, y = at.X, at.Y
			time.Sleep(glance)
			at = p.must(doing, "press", kind, name, within)
		}
		left := func(t input.MouseType) *input.DispatchMouseEventParams {
			return input.DispatchMouseEvent(t, at.X, at.Y).WithButton(input.Left).WithClickCount(1)
		}
		p.run(doing, left(input.MousePressed), left(input.MouseReleased))
		// News may have moved it after all: somebody would see that, and press again.
		return !p.o.Script || p.ask("missed").Text == "", "it moves away from every press"
	})
	p.settle(doing)
}

// Fill types into a field in place of what is there.
func (p *Page) Fill(label, value string) {
	p.t.Helper()
	doing := "fill “" + label + "”"
	p.must(doing, "focus", "field", label)
	if value == "" {
		p.run(doing, stroke([]rune(kb.Delete)[0], false)...)
	} else {
		p.run(doing, input.InsertText(value))
	}
	p.settle(doing)
}

// Force puts into a field what its own limits would not let anybody type.
func (p *Page) Force(label, value string) {
	p.t.Helper()
	p.must("force “"+label+"”", "force", label, value)
}

// Choose takes an option of a list.
func (p *Page) Choose(label, option string) {
	p.t.Helper()
	doing := "choose “" + option + "” for “" + label + "”"
	p.again(func() {
		p.must(doing, "choose", label, option)
		p.settle(doing)
	})
}

// Key presses a key: "Tab", "Shift+Tab", "Enter", "Escape", an arrow, or a letter.
func (p *Page) Key(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		pressed, shifted := strings.CutPrefix(key, "Shift+")
		if known, ok := map[string]string{"Tab": kb.Tab, "Enter": kb.Enter, "Escape": kb.Escape, "ArrowDown": kb.ArrowDown, "ArrowUp": kb.ArrowUp,
			"Home": kb.Home, "End": kb.End, "Space": " ", "Backspace": kb.Backspace, "Delete": kb.Delete}[pressed]; ok {
			pressed = known
		}
		p.run("press the key "+key, stroke([]rune(pressed)[0], shifted)...)
		p.settle("press the key " + key)
	}
}

// Type types letter by letter into what has the focus.
func (p *Page) Type(text string) {
	p.t.Helper()
	for _, letter := range text {
		p.run("type", stroke(letter, false)...)
	}
	p.settle("type")
}

// stroke presses a key and lets it go. What it would write is part of the press, so that a page that takes
// the key for itself can prevent it.
func stroke(key rune, shifted bool) []chromedp.Action {
	var down, up *input.DispatchKeyEventParams
	var written string
	for _, event := range kb.Encode(key) {
		switch event.Type {
		case input.KeyChar:
			written = event.Text
		case input.KeyUp:
			up = event
		default:
			down = event
		}
	}
	if written != "" {
		down.Type, down.Text, down.UnmodifiedText = input.KeyDown, written, written
	}
	if shifted {
		down.Modifiers |= input.ModifierShift
		up.Modifiers |= input.ModifierShift
	}
	return []chromedp.Action{down, up}
}

// See fails the test unless the page says this, at once or in a moment, to somebody who looks at it.
func (p *Page) See(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until("see “"+text+"”", func() (bool, string) {
			a := p.ask("read")
			return strings.Contains(a.Text, text), a.Why + "the page says: " + cut(a.Text)
		})
	}
}

// NotSee fails the test if the page says this and goes on saying it.
func (p *Page) NotSee(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until("not see “"+text+"”", func() (bool, string) {
			a := p.ask("read")
			return a.Why == "" && !strings.Contains(a.Text, text), a.Why + "the page says: " + cut(a.Text)
		})
	}
}

// SeeIn is See for the row, or else the smallest section, that names something. A list's choice is part of it.
func (p *Page) SeeIn(named string, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until("see “"+text+"” beside “"+named+"”", func() (bool, string) {
			a := p.ask("row", named)
			return a.Why == "" && strings.Contains(a.Text, text), a.Why + "it says: " + cut(a.Text)
		})
	}
}

// NotSeeIn is NotSee for the row, or else the smallest section, that names something.
func (p *Page) NotSeeIn(named string, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until("not see “"+text+"” beside “"+named+"”", func() (bool, string) {
			a := p.ask("row", named)
			return a.Why == "" && !strings.Contains(a.Text, text), a.Why + "it says: " + cut(a.Text)
		})
	}
}

// Hear fails the test unless a screen reader is told this.
func (p *Page) Hear(text string) {
	p.t.Helper()
	p.until("hear “"+text+"”", func() (bool, string) {
		a := p.ask("said")
		return strings.Contains(a.Text, text), "said is: " + cut(a.Text)
	})
}

// Title fails the test unless the tab is called this.
func (p *Page) Title(want string) {
	p.t.Helper()
	p.until("be called “"+want+"”", func() (bool, string) {
		var title string
		err := p.evaluate("document.title", &title)
		return err == nil && title == want, "it is called " + title
	})
}

// TitleEnds fails the test unless the tab's name ends like this, so that it can be told from others.
func (p *Page) TitleEnds(want string) {
	p.t.Helper()
	p.until("be called something that ends with “"+want+"”", func() (bool, string) {
		var title string
		err := p.evaluate("document.title", &title)
		return err == nil && strings.HasSuffix(title, want), "it is called " + title
	})
}

// At fails the test unless the page's address, without the site's, is this, at once or in a moment.
func (p *Page) At(want string) {
	p.t.Helper()
	p.until("be at "+want, func() (bool, string) {
		at := p.URL()
		return at == want, "it is at " + at
	})
}

// URL is the page's address, without the site's.
func (p *Page) URL() string {
	p.t.Helper()
	var at string
	if err := p.evaluate("location.href", &at); err != nil {
		p.t.Fatalf("ask for the address: %v", err)
	}
	return strings.TrimPrefix(at, p.o.URL)
}

// Answered is the status that the page was answered with.
func (p *Page) Answered() int {
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	return p.watch.status
}

// Status fails the test unless the page was answered with this status.
func (p *Page) Status(want int) {
	p.t.Helper()
	if got := p.Answered(); got != want {
		p.t.Errorf("%s answered %d, not %d", p.URL(), got, want)
	}
}

// Value is what stands in a field.
func (p *Page) Value(label string) string {
	p.t.Helper()
	return p.must("read “"+label+"”", "value", "field", label).Text
}

// Chosen is the option that a list shows.
func (p *Page) Chosen(label string) string {
	p.t.Helper()
	return p.must("read “"+label+"”", "value", "select", label).Text
}

// Ticked tells whether a tick box is ticked.
func (p *Page) Ticked(label string) bool {
	p.t.Helper()
	return p.must("read “"+label+"”", "value", "box", label).Text == "true"
}

// Offers are the options of a list.
func (p *Page) Offers(label string) []string {
	p.t.Helper()
	return p.must("read “"+label+"”", "options", label).List
}

// Links are the names of the links that can be seen.
func (p *Page) Links() []string { p.t.Helper(); return p.must("list the links", "names", "link").List }

// Buttons are the names of the buttons that can be seen.
func (p *Page) Buttons() []string {
	p.t.Helper()
	return p.must("list the buttons", "names", "button").List
}

// Focused is what has the focus: what it is, and its name.
func (p *Page) Focused() string { p.t.Helper(); return p.ask("focused").Text }

// Focus fails the test unless this gets the focus.
func (p *Page) Focus(want string) {
	p.t.Helper()
	p.until("have the focus on "+want, func() (bool, string) {
		at := p.Focused()
		return at == want, "it is on " + at
	})
}

// FocusShown fails the test unless it can be seen where the focus is.
func (p *Page) FocusShown() {
	p.t.Helper()
	if a := p.ask("focusShown"); a.Why != "" {
		p.t.Errorf("the focus on %s cannot be seen: %s", p.Focused(), a.Why)
	}
}

// NoSideways fails the test if the page has to be scrolled sideways.
func (p *Page) NoSideways() {
	p.t.Helper()
	if a := p.ask("sideways"); a.Why != "" {
		p.t.Errorf("%s: %s", p.URL(), a.Why)
	}
}

// MayAsk says that the browser may ask before the page is left. It is answered with yes.
func (p *Page) MayAsk() {
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	p.watch.asks = true
}

// Asked tells whether the browser asked before the page was left.
func (p *Page) Asked() bool {
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	return len(p.watch.asked) > 0
}

// Attach chooses a file in the field with this id.
func (p *Page) Attach(id, file string) {
	p.t.Helper()
	p.run("attach "+file, chromedp.SetUploadFiles("#"+id, []string{file}, chromedp.ByQuery))
}

// Download is the file that something ends in: its name, and what is in it.
func (p *Page) Download(do func()) (name, text string) {
	p.t.Helper()
	dir := p.t.TempDir()
	p.inBrowser("let files be saved", cdpbrowser.SetDownloadBehavior(cdpbrowser.SetDownloadBehaviorBehaviorAllow).WithBrowserContextID(p.person).WithDownloadPath(dir).Do)
	do()
	p.until("save a file", func() (bool, string) {
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 1 || strings.HasSuffix(files[0].Name(), ".crdownload") {
			return false, fmt.Sprintf("there are %v, %v", files, err)
		}
		body, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
		name, text = files[0].Name(), string(body)
		return err == nil && text != "", fmt.Sprintf("%s is empty, %v", name, err)
	})
	return name, text
}

// Run runs script in the page, past everything: for what only a program would do.
func (p *Page) Run(script string) {
	p.t.Helper()
	if err := p.evaluate(script, nil); err != nil {
		p.t.Fatalf("run %s: %v", script, err)
	}
}

// Screenshot keeps a picture of the whole page, for people to look at. Without a directory it does nothing.
func (p *Page) Screenshot(dir, name string) {
	p.t.Helper()
	if dir == "" {
		return
	}
	p.ready()
	p.Run("scrollTo({ top: 0, behavior: 'instant' })")
	p.run("take a picture", chromedp.ActionFunc(func(ctx context.Context) error {
		picture, err := page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)
	}))
}

// ready waits until the page and its fonts are there.
func (p *Page) ready() {
	p.t.Helper()
	p.until("be ready", func() (bool, string) { a := p.ask("ready"); return a.Text == "yes", a.Why })
}

// answer is what page.js says: why something cannot be done, or what was asked for.
type answer struct {
	Why  string
	X, Y float64
	Text string
	List []string
}

// ask asks page.js once.
func (p *Page) ask(method string, args ...any) answer {
	list, err := json.Marshal(append([]any{}, args...))
	if err != nil {
		return answer{Why: err.Error()}
	}
	var a answer
	if err := p.evaluate(library+"."+method+"(..."+string(list)+")", &a); err != nil {
		return answer{Why: err.Error() + ". "}
	}
	return a
}

// must asks until it can be done.
func (p *Page) must(doing, method string, args ...any) answer {
	p.t.Helper()
	var a answer
	p.until(doing, func() (bool, string) {
		a = p.ask(method, args...)
		return a.Why == "", a.Why
	})
	return a
}

// until looks again and again, and fails the test when it has looked long enough.
func (p *Page) until(doing string, look func() (done bool, otherwise string)) {
	p.t.Helper()
	end := time.NewTimer(suite.Patience(p.t))
	defer end.Stop()
	again := time.NewTicker(glance)
	defer again.Stop()
	for {
		done, otherwise := look()
		if done {
			p.check(doing)
			return
		}
		select {
		case <-again.C:
		case <-end.C:
			p.check(doing)
			p.t.Fatalf("cannot %s on %s: %s", doing, p.URL(), otherwise)
		}
	}
}

// settle waits until what was just done has had its effect: nothing is loading and no request is under way.
// An effect that begins later is waited for by See.
func (p *Page) settle(doing string) {
	p.t.Helper()
	calm := 0
	p.until(doing+" and wait for what follows", func() (bool, string) {
		var state string
		err := p.evaluate("document.readyState", &state)
		if err == nil && state == "complete" && p.watch.still() {
			calm++
		} else {
			calm = 0
		}
		return calm == 2, "the page is still loading"
	})
}

// check fails the test for what went wrong meanwhile.
func (p *Page) check(doing string) {
	p.t.Helper()
	for _, wrong := range p.watch.take() {
		p.t.Errorf("%s: %s", doing, wrong)
	}
}

func (p *Page) run(doing string, actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, suite.Patience(p.t))
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.check(doing)
		p.t.Fatalf("%s: %v", doing, err)
	}
}

// evaluate runs an expression in the page. The developer tools may, even where the page may not.
func (p *Page) evaluate(expression string, out any) error {
	ctx, cancel := context.WithTimeout(p.ctx, suite.Patience(p.t))
	defer cancel()
	return chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		result, thrown, err := runtime.Evaluate(expression).WithReturnByValue(true).WithAwaitPromise(true).WithUserGesture(false).Do(ctx)
		switch {
		case err != nil:
			return err
		case thrown != nil:
			return fmt.Errorf("%w", thrown)
		case out == nil || len(result.Value) == 0:
			return nil
		}
		return json.Unmarshal(result.Value, out)
	}))
}

// cut shortens what a page says in a message.
func cut(text string) string {
	const most = 1500
	if len(text) > most {
		return text[:most] + " …"
	}
	return text
}
