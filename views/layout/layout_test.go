package layout_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"roster/internal/golden"
	"roster/static"
	"roster/views/layout"
)

var now = time.Date(2026, 3, 17, 9, 41, 0, 0, time.UTC)

func acme() *layout.Org {
	return &layout.Org{
		ID: "org_1", Slug: "acme", Name: "Acme & Sons", RoleLabel: "Owner", Initials: "AS", Hue: 1, Members: 10248, Invitations: 6,
		MaySeeMembers: true, MaySeeInvitations: true, MayInvite: true,
	}
}

func ann() *layout.Person {
	return &layout.Person{Name: "Ann O’Neill", Email: "ann@acme.example", Mark: `m"1`, Initials: "AO", Hue: 2}
}

func page() layout.Page {
	return layout.Page{
		Title: "Members", Org: acme(), Person: ann(), Section: "members", Shortcuts: true, MayCreate: true, Now: now,
		Orgs: []layout.OrgItem{
			{Slug: "acme", Name: "Acme & Sons", RoleLabel: "Owner", Initials: "AS", Hue: 1, Current: true},
			{Slug: "other", Name: "Other", RoleLabel: "Member", Initials: "OT", Hue: 3, Status: "Suspended"},
		},
		Invitations: []layout.InvitationItem{{URL: "/invitations/x", OrgName: "Palmer Rail", Initials: "PR", Hue: 5}},
	}
}

// with gives a component children.
func with(outer templ.Component, inner string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return outer.Render(templ.WithChildren(ctx, templ.Raw(inner)), w)
	})
}

func variants() map[string]templ.Component {
	few := page()

	many := page()
	many.MoreOrgs = true
	many.Theme = "dark"
	many.Problem = true
	many.Narrow = true
	many.Site.DevMail = true
	many.Notice = &layout.Notice{Kind: "ok", Strong: "Samuel Okafor", Text: "was removed.", Undo: &layout.UndoForm{Action: "/undo", Org: "org_1", Person: "m", Fields: []layout.Hidden{{Name: "audit", Value: "evt_1"}}}}

	guest := page()
	guest.Org = &layout.Org{ID: "org_2", Slug: "other", Name: "Other", RoleLabel: "Guest", Initials: "OT", Hue: 3, Members: -1, Invitations: -1}
	guest.Section = "overview"
	guest.Shortcuts = false
	guest.MayCreate = false
	guest.Invitations = nil

	nowhere := page()
	nowhere.Title, nowhere.Section, nowhere.Org, nowhere.Orgs = "Your organizations", "orgs", nil, nil
	nowhere.Notice = &layout.Notice{Kind: "danger", Text: "That link was already used.", Link: &layout.Link{URL: "/forgot", Label: "Send a new one"}}

	site := layout.Site{Operator: "Example Hosting", PrivacyURL: "https://example.com/privacy", HelpURL: "https://example.com/help", DevMail: true}
	return map[string]templ.Component{
		"app":         with(layout.App(few), "<h1>Members</h1>"),
		"app-many":    with(layout.App(many), "<h1>Members</h1>"),
		"app-guest":   with(layout.App(guest), "<h1>Overview</h1>"),
		"app-nowhere": with(layout.App(nowhere), "<h1>Your organizations</h1>"),
		"door":        with(layout.Door(layout.DoorPage{Title: "Log in", Problem: true, Theme: "light", Site: site, Notice: &layout.Notice{Kind: "warn", Text: "You were logged out."}}), "<h1>Log in</h1>"),
		"focus":       with(layout.Focus(layout.FocusPage{Title: "Welcome", Person: ann(), Wide: true, OrgID: "org_1", Site: site}), "<h1>Welcome</h1>"),
		"focus-alone": with(layout.Focus(layout.FocusPage{Title: "Join Palmer Rail", Aside: &layout.Link{URL: "/", Label: "What is Roster?"}, NoIndex: true}), "<h1>Join</h1>"),
	}
}

func TestFrames(t *testing.T) {
	for name, component := range variants() {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, component) })
	}
}

func TestProblems(t *testing.T) {
	inOrg, alone := page(), layout.Page{Person: ann()}
	again := &layout.Again{Action: "/orgs/acme/members/mem_1/roles", Org: "org_1", Person: "m", Fields: []layout.Hidden{{Name: "role", Value: "admin"}}}
	for name, component := range map[string]templ.Component{
		"problem-404-page": layout.ProblemPage(alone, layout.ProblemSpec{Status: 404, Person: ann(), Orgs: page().Orgs}),
		"problem-403-page": layout.ProblemPage(inOrg, layout.ProblemSpec{Status: 403, Ask: []string{"Ann O’Neill", "Ben"}}),
		"problem-400":      layout.Problem(layout.ProblemSpec{Status: 400, Links: []layout.Link{{URL: "/", Label: "Go to the start"}}}),
		"problem-401":      layout.Problem(layout.ProblemSpec{Status: 401, Piece: true}),
		"problem-405":      layout.Problem(layout.ProblemSpec{Status: 405}),
		"problem-409":      layout.Problem(layout.ProblemSpec{Status: 409, Text: "You are now logged in as Ben.", Reload: "/orgs/acme/members", Again: again}),
		"problem-410":      layout.Problem(layout.ProblemSpec{Status: 410}),
		"problem-413":      layout.Problem(layout.ProblemSpec{Status: 413, Piece: true, Details: []string{"At most 1 MB."}}),
		"problem-421":      layout.Problem(layout.ProblemSpec{Status: 421}),
		"problem-429":      layout.Problem(layout.ProblemSpec{Status: 429, RetryIn: 1, Piece: true}),
		"problem-429-long": layout.Problem(layout.ProblemSpec{Status: 429, RetryIn: 20*3600 + 1, Text: "You need not wait.", Links: []layout.Link{{URL: "/forgot", Label: "Send me a link"}}}),
		"problem-429-soon": layout.Problem(layout.ProblemSpec{Status: 429}),
		"problem-500":      layout.Problem(layout.ProblemSpec{Status: 500, RequestID: "01JQ"}),
		"problem-500-safe": layout.Problem(layout.ProblemSpec{Status: 500, Unchanged: true, Piece: true, RequestID: "01JQ"}),
		"problem-503":      layout.Problem(layout.ProblemSpec{Status: 503, Until: "10:30 UTC"}),
		"problem-unknown":  layout.Problem(layout.ProblemSpec{Status: 418}),
	} {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, component) })
	}
}

// parsed renders a page and gives its tree.
func parsed(t *testing.T, component templ.Component) *html.Node {
	t.Helper()
	var out bytes.Buffer
	if err := component.Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	node, err := html.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// htmx does not start at all if its configuration is not strict JSON, and sends no marks if the headers are not.
func TestHtmxIsConfiguredAsIntended(t *testing.T) {
	for name, component := range variants() {
		var config, headers map[string]any
		for node := range parsed(t, component).Descendants() {
			if node.Data == "meta" && attr(node, "name") == "htmx-config" {
				if err := json.Unmarshal([]byte(attr(node, "content")), &config); err != nil {
					t.Errorf("%s: htmx-config: %v", name, err)
				}
			}
			if node.Data == "body" {
				if err := json.Unmarshal([]byte(attr(node, "hx-headers:inherited")), &headers); err != nil {
					t.Errorf("%s: hx-headers: %v", name, err)
				}
				for key, want := range map[string]string{
					"hx-sync:inherited":       "drop",
					"hx-status:401:inherited": "target:#problem swap:innerHTML push:false",
					"hx-status:5xx:inherited": "target:#problem swap:'innerHTML ignoreTitle:true' push:false",
				} {
					if got := attr(node, key); got != want {
						t.Errorf("%s: body has %s=%q, want %q", name, key, got, want)
					}
				}
				if org, _ := headers["Roster-Org"].(string); org != attr(node, "data-org") {
					t.Errorf("%s: the header names organization %q, the page %q", name, org, attr(node, "data-org"))
				}
				if person, _ := headers["Roster-User"].(string); person != attr(node, "data-user") {
					t.Errorf("%s: the header names person %q, the page %q", name, person, attr(node, "data-user"))
				}
			}
		}
		for key, want := range map[string]any{
			"history": "reload", "includeIndicatorCSS": false, "prefix": "", "defaultSwap": "outerHTML", "defaultSettleDelay": 0.0,
			"defaultTimeout": 20000.0, "mode": "same-origin",
		} {
			if config[key] != want {
				t.Errorf("%s: htmx %s is %v, want %v", name, key, config[key], want)
			}
		}
	}
}

// Every page has one main region, one first link past the rail, one heading of the first level, and no id twice; what it
// loads exists.
func TestFramesAreSoundDocuments(t *testing.T) {
	for name, component := range variants() {
		ids := map[string]bool{}
		count := map[string]int{}
		first := ""
		for node := range parsed(t, component).Descendants() {
			if node.Type != html.ElementNode {
				continue
			}
			count[node.Data]++
			if id := attr(node, "id"); id != "" {
				if ids[id] {
					t.Errorf("%s: id %q stands twice", name, id)
				}
				ids[id] = true
			}
			if node.Data == "a" && first == "" {
				first = attr(node, "href")
			}
			for _, key := range []string{"href", "src"} {
				url, _, _ := strings.Cut(attr(node, key), "#")
				if strings.HasPrefix(url, "/static/") && !slices.Contains(known, url) {
					t.Errorf("%s: %s=%q is not a file", name, key, url)
				}
			}
			if node.Data == "form" && attr(node, "method") == "post" {
				hasPerson := false
				for field := range node.Descendants() {
					hasPerson = hasPerson || attr(field, "name") == "_person"
				}
				if !hasPerson {
					t.Errorf("%s: a form to %s does not say whose page it is on", name, attr(node, "action"))
				}
			}
		}
		if count["main"] != 1 || count["h1"] != 1 || count["title"] != 1 {
			t.Errorf("%s: %d main, %d h1, %d title, want one each", name, count["main"], count["h1"], count["title"])
		}
		if first != "#main" {
			t.Errorf("%s: the first link is %q, not the way past the rail", name, first)
		}
		for _, id := range []string{"main", "problem", "announce", "toasts", "shell", "dialog", "dialog-problem", "no-answer"} {
			if !ids[id] && id != "no-answer" {
				t.Errorf("%s: no place %q", name, id)
			}
		}
	}
}

var known = []string{
	static.URL("roster.css"), static.URL("roster.js"), static.URL("icons.svg"), static.URL("inter-latin.woff2"),
}

func TestTitlesTellTabsApart(t *testing.T) {
	titles := map[string]string{
		"app":         "Members · Acme & Sons · Roster",
		"app-many":    "Error: Members · Acme & Sons · Roster",
		"app-nowhere": "Your organizations · Roster",
		"door":        "Error: Log in · Roster",
		"focus-alone": "Join Palmer Rail · Roster",
	}
	for name, want := range titles {
		for node := range parsed(t, variants()[name]).Descendants() {
			if node.Data == "title" && node.FirstChild.Data != want {
				t.Errorf("%s has the title %q, want %q", name, node.FirstChild.Data, want)
			}
		}
	}
}

// The switcher's point is to leave this organization: it must not send this one's mark.
func TestSwitcherNamesThePersonButNoOrganization(t *testing.T) {
	for node := range parsed(t, variants()["app"]).Descendants() {
		if node.Data != "form" || attr(node, "action") != "/orgs" || attr(node, "method") != "post" {
			continue
		}
		names := map[string]bool{}
		for field := range node.Descendants() {
			if name := attr(field, "name"); name != "" {
				names[name] = true
			}
			if to := attr(field, "formaction"); to != "" && (!strings.HasPrefix(to, "/orgs/") || !strings.HasSuffix(to, "/switch")) {
				t.Errorf("an entry leads to %q", to)
			}
		}
		if !names["_person"] || !names["section"] || names["_org"] {
			t.Errorf("the switcher sends %v, want _person and section", names)
		}
		return
	}
	t.Error("there is no switcher")
}
