package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// axeSource is read once: the vendored file, which no page of the site loads.
var axeSource = sync.OnceValues(func() (string, error) {
	dir, err := root()
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(filepath.Join(dir, "static", "vendor", "axe.min.js"))
	return string(source), err
})

// axeRules are WCAG 2.2 at level AA, and what axe calls good practice; axeColours are those that other colours
// can break.
const (
	axeRules   = `{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }`
	axeColours = `{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }`
)

// axeTimers stand in for the browser's where the page may run no script: those never ring. Axe uses them to
// take a breath; what it would do much later, when something takes too long, is left out.
const axeTimers = `window.setTimeout = (f, wait = 0, ...args) => { if (wait < 100) Promise.resolve().then(() => f(...args)); return 0; };`

// Axe fails the test for everything that axe finds on the page: the rule, where, and why. The developer tools
// bring it, so no policy has to be loosened for it. What an open menu or a bar covers is no target, whatever its
// size. Rules that have no meaning on a page can be left out.
func (p *Page) Axe(without ...string) {
	p.t.Helper()
	p.axe(axeRules, without)
}

// AxeColours is Axe for a page that it has seen, in other colours.
func (p *Page) AxeColours() {
	p.t.Helper()
	p.axe(axeColours, nil)
}

func (p *Page) axe(which string, without []string) {
	p.t.Helper()
	p.ready()
	source, err := axeSource()
	if err != nil {
		p.t.Fatalf("read axe: %v", err)
	}
	var there bool
	if err := p.evaluate("typeof axe === 'object'", &there); err != nil {
		p.t.Fatalf("look for axe: %v", err)
	}
	if !there {
		if err := p.evaluate("if ("+strconv.FormatBool(!p.o.Script)+" || self.origin === 'null') { "+axeTimers+" }\n"+source+";0", nil); err != nil {
			p.t.Fatalf("bring axe: %v", err)
		}
	}
	var found []struct {
		Rule, Help string
		Nodes      []struct {
			Where, Why, HTML string
		}
	}
	rules := map[string]map[string]bool{}
	for _, rule := range without {
		rules[rule] = map[string]bool{"enabled": false}
	}
	off, err := json.Marshal(rules)
	if err != nil {
		p.t.Fatalf("leave out rules: %v", err)
	}
	err = p.evaluate(`axe.run(document, { resultTypes: ['violations'], elementRef: true, rules: `+string(off)+`, runOnly: `+which+` }).then(r => {
		const covered = e => {
			const box = e.getBoundingClientRect();
			const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
			return top && !e.contains(top) && !top.contains(e);
		};
		return r.violations.map(v => ({
			Rule: v.id, Help: v.help,
			Nodes: v.nodes.filter(n => v.id !== 'target-size' || !covered(n.element)).map(n => ({
				Where: n.target.join(' '), HTML: n.html.slice(0, 200), Why: n.failureSummary.split('\n').slice(1).join('; ').trim(),
			})),
		})).filter(v => v.Nodes.length);
	})`, &found)
	if err != nil {
		p.t.Fatalf("run axe on %s: %v", p.URL(), err)
	}
	for _, v := range found {
		var where strings.Builder
		for i, n := range v.Nodes {
			if i == 5 {
				fmt.Fprintf(&where, "\n    and %d more", len(v.Nodes)-i)
				break
			}
			fmt.Fprintf(&where, "\n    %s: %s\n      %s", n.Where, n.Why, n.HTML)
		}
		p.t.Errorf("axe on %s: %s (%s)%s", p.URL(), v.Rule, v.Help, where.String())
	}
}
