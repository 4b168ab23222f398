package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"roster/internal/account"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/views/paths"
	"roster/web"
)

// crawl opens every page that is linked, from an address on, as a person with a browser does: links, forms that ask, and
// what htmx fetches. Each answer is shown to visit, and told whether it is a piece.
func (l *law) crawl(b *browser, from string, visit func(p *page, piece bool)) map[string]bool {
	l.t.Helper()
	type step struct {
		path, by string
		piece    bool
	}
	queue, done, reached := []step{{path: from, by: "the start"}}, map[string]bool{}, map[string]bool{}
	add := func(p *page, href string, piece bool) {
		if strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") && (l.passBy == nil || !l.passBy(href)) {
			href, _, _ = strings.Cut(href, "#")
			queue = append(queue, step{href, p.path, piece})
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if key := alike(s.path, s.piece); done[key] {
			continue
		} else if done[key] = true; len(done) > 1500 {
			l.t.Fatalf("there is no end of pages: %s", s.path)
		}
		var p *page
		if s.piece {
			b.at = s.by
			p = b.piece(http.MethodGet, s.path, nil)
		} else {
			p = b.get(s.path, "Sec-Fetch-Site", "same-origin")
		}
		if p.status != http.StatusOK && (p.status != http.StatusSeeOther || s.piece) {
			l.t.Errorf("%s, linked on %s: status %d\n%s", s.path, s.by, p.status, p.text())
		}
		visit(p, s.piece)
		if p.location != "" {
			add(p, p.location, false)
		}
		path, _, _ := strings.Cut(s.path, "?")
		if strings.HasPrefix(p.header.Get("Content-Disposition"), "attachment") {
			reached[path] = true
		}
		if p.status != http.StatusOK || strings.HasPrefix(s.path, paths.Gallery) || !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
			continue // the gallery shows forms and links that lead nowhere
		}
		reached[path] = true
		for n := range p.doc().Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			switch href, _ := attribute(n, "href"); n.Data {
			case "a", "link":
				add(p, href, false)
			case "script", "iframe":
				src, _ := attribute(n, "src")
				add(p, src, false)
			case "form":
				if method, _ := attribute(n, "method"); method != "post" {
					action, _ := attribute(n, "action")
					add(p, action+"?"+fields(n).Encode(), false)
				}
			}
			if asked, ok := attribute(n, "hx-get"); ok {
				add(p, asked, true)
			}
		}
	}
	return reached
}

// alike is the same for addresses that differ only in where they lead back to.
func alike(path string, piece bool) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	for _, name := range []string{"next", "shown", "seal", "invited_by"} {
		if q.Has(name) {
			q.Set(name, "")
		}
	}
	for name, values := range q {
		if values[0] == "" && name != "next" {
			q.Del(name)
		}
	}
	return fmt.Sprintf("%s?%s %v", u.Path, q.Encode(), piece)
}

// crowd fills Acme: more members than a page holds, people of every status, invitations in every state, a long history, and
// somebody whom an organization waits for.
func (l *law) crowd() {
	l.t.Helper()
	acme := l.orgID(rostertest.Acme)
	ids := make([]uuid.UUID, 49)
	memberships := make([]uuid.UUID, len(ids))
	for i := range ids {
		ids[i], memberships[i] = publicid.New(), publicid.New()
	}
	l.SQL(l.t, `INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
		SELECT id, 'Person ' || n, 'p' || n || '@crowd.example', 'p' || n || '@crowd.example', 'person ' || n, ' person ' || n || ' p' || n || '@crowd.example'
		FROM unnest($1::uuid[]) WITH ORDINALITY x(id, n)`, ids)
	l.SQL(l.t, `INSERT INTO roster.memberships (org_id, user_id, id, joined_through) SELECT $1, u, m, 'invitation' FROM unnest($2::uuid[], $3::uuid[]) x(u, m)`, acme, ids, memberships)
	l.SQL(l.t, `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT $1, u, 'viewer' FROM unnest($2::uuid[]) u`, acme, ids)
	l.shared(rostertest.Acme, true)
	l.requested(rostertest.Acme, nil)
	ann := l.As(l.t, l.Ann, rostertest.Acme)
	if _, err := l.Roster.Suspend(l.t.Context(), ann, publicid.Membership.Of(memberships[0])); err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.Roster.Remove(l.t.Context(), ann, publicid.Membership.Of(memberships[1]), roster.Removal{Tell: true}); err != nil {
		l.t.Fatal(err)
	}
	cem := l.Membership(l.t, l.Cem, rostertest.Acme)
	for i := range 30 {
		to := []role.Role{role.Viewer, role.Member}[i%2]
		if _, err := l.Roster.ChangeRole(l.t.Context(), ann, cem, to); err != nil {
			l.t.Fatal(err)
		}
	}
	for _, set := range []string{"expires_at = now() - interval '1 hour'", "state = 'declined', decided_at = now()", "delivery = 'failed', delivery_detail = 'no such mailbox'", "delivery = 'sent'", "state = 'accepted', decided_at = now()"} {
		id, _ := publicid.Invitation.Parse(l.waiting(rostertest.Acme))
		l.SQL(l.t, "UPDATE roster.invitations SET "+set+" WHERE id = $1", id)
	}
	if _, _, err := l.Roster.Revoke(l.t.Context(), ann, l.waiting(rostertest.Acme)); err != nil {
		l.t.Fatal(err)
	}
	l.Join(l.t, l.Zoe, rostertest.Other, l.Ann, role.Viewer)
	l.Join(l.t, l.Zoe, rostertest.Other, l.Gus, role.Admin)
	l.Invite(l.t, l.Zoe, rostertest.Other, l.Vic.Email, role.Member)
	l.Found(l.t, l.Ben, "Third", "third")
	l.file(rostertest.Acme, l.Ann)
}

// visitors are those whose sites are crawled: everybody of the small world, somebody without an organization who is waited
// for, and nobody.
func (l *law) visitors() map[string]*browser {
	l.t.Helper()
	mara := l.Person(l.t, "Mara Lindqvist", "mara@kestrel.example")
	l.Invite(l.t, l.Zoe, rostertest.Other, mara.Email, role.Member)
	all := map[string]*browser{"nobody": l.visitor(), "Mara": l.as(mara)}
	for _, p := range []account.Person{l.Ann, l.Ben, l.Cem, l.Vic, l.Gus, l.Zoe} {
		name, _, _ := strings.Cut(p.Name, " ")
		all[name] = l.as(p)
	}
	return all
}

// organizationNames are what titles say of a page inside an organization.
var organizationNames = map[string]string{"acme": "Acme", "other": "Other", "third": "Third"}

// formsLeadTo are pages to which no link leads: what a form answers with, and the second step of founding.
var formsLeadTo = map[string]bool{"/": true, "/orgs/:org/welcome": true, "/orgs/:org/members/bulk": true, "/orgs/:org/jobs/:job": true,
	"/orgs/:org/exports": true, "/orgs/:org/exports/:file": true, "/orgs/:org/invitations/import/:imp": true, "/orgs/:org/invitations/import/:imp/problems.csv": true,
	paths.Events: true} // which the script opens

// TestEveryLinkedPageIsWhole crawls the site as everybody. A linked page is there, and may be seen. It has one heading of the
// first rank, a title that ends with the organization and the site, no id twice; every form in it that changes something
// says whose page it is of, and of which organization. I14
func TestEveryLinkedPageIsWhole(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.crowd()
	reached := map[string]bool{}
	for name, b := range l.visitors() {
		mark := ""
		if name != "nobody" {
			mark = whose(b.get(paths.Appearance).form(paths.LogOut).Get("_person"))
		}
		pages := 0
		for path := range l.crawl(b, "/", func(p *page, piece bool) {
			if p.status != http.StatusOK || !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") || strings.HasPrefix(p.path, paths.DevMail+"/") || strings.HasPrefix(p.path, paths.Gallery) {
				return
			}
			what := fmt.Sprintf("%s as %s (piece: %v)", p.path, name, piece)
			if !piece {
				pages++
				p.isWhole(what, mark)
			}
			p.isMarked(what, mark)
		}) {
			reached[path] = true
		}
		if pages < 4 {
			t.Errorf("%s finds only %d pages", name, pages)
		}
	}
	// There is no page to which no way leads but those that a form leads to, and the second step of founding.
	for _, r := range l.Web.Routes() {
		if r.Method == http.MethodGet && !strings.Contains(r.Path, ":token") && !formsLeadTo[r.Path] && r.Path != paths.Gallery && r.Path != "/dev/gallery/:name" && !strings.HasPrefix(r.Path, "/dev/mail/") {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(reached)), func(path string) bool { return isOf(path, r.Path) }) {
				t.Errorf("no way leads to %s", r.Path)
			}
		}
	}
}

// whose is the part of a page's mark that tells the person; the rest tells by which request the page was made.
func whose(mark string) string {
	person, _, _ := strings.Cut(mark, ".")
	return person
}

// isWhole fails the test unless a page is a whole document.
func (p *page) isWhole(what, mark string) {
	p.t.Helper()
	if n := len(p.all("h1", "", "")); n != 1 {
		p.t.Errorf("%s has %d headings of the first rank", what, n)
	}
	titles := p.all("title", "", "")
	title := ""
	for _, found := range titles {
		if found.Parent.Data == "head" {
			title = words(found)
		}
	}
	parts := strings.Split(p.path, "/")
	end := " · Roster"
	if len(parts) > 2 && parts[1] == "orgs" {
		slug, _, _ := strings.Cut(parts[2], "?")
		if name := organizationNames[slug]; name != "" {
			end = " · " + name + end
			if id, _ := attribute(p.all("body", "", "")[0], "data-org"); !strings.HasPrefix(id, "org_") {
				p.t.Errorf("%s does not say which organization it is of", what)
			}
		}
	}
	if !strings.HasSuffix(title, end) && !(p.path == "/" && title == "Roster") {
		p.t.Errorf("%s: the title %q does not end with %q", what, title, end)
	}
	body := p.all("body", "", "")[0]
	if p.path == paths.DevMail {
		mark = "" // nobody's in particular
	}
	if user, _ := attribute(body, "data-user"); whose(user) != mark {
		p.t.Errorf("%s is marked as the page of %q, want %q", what, user, mark)
	}
	if headers, _ := attribute(body, "hx-headers:inherited"); mark != "" && !strings.Contains(headers, mark) {
		p.t.Errorf("%s: htmx does not say whose page it is: %s", what, headers)
	}
	seen := map[string]bool{}
	for n := range p.doc().Descendants() {
		id, ok := attribute(n, "id")
		if ok && seen[id] {
			p.t.Errorf("%s has the id %q twice", what, id)
		}
		seen[id] = true
	}
	for _, a := range p.all("a", "href", "") {
		if href, _ := attribute(a, "href"); strings.HasPrefix(href, "#") && !seen[href[1:]] {
			p.t.Errorf("%s leads to %s, which is not there", what, href)
		}
	}
}

// ofOrganization are the forms that change something in an organization. The switcher's button is not one of them: its point
// is to leave the one that the page is of.
var ofOrganization = regexp.MustCompile(`^/orgs/[^/]+/.`)

// isMarked fails the test unless every form that changes something says whose page it is of.
func (p *page) isMarked(what, mark string) {
	p.t.Helper()
	org := ""
	if body := p.all("body", "data-org", ""); len(body) > 0 {
		org, _ = attribute(body[0], "data-org")
	}
	for _, f := range p.all("form", "", "") {
		method, _ := attribute(f, "method")
		action, _ := attribute(f, "action")
		if !strings.HasPrefix(action, "/") || strings.HasPrefix(action, "//") {
			p.t.Errorf("%s has a form to %q", what, action)
		}
		if method != "post" {
			continue
		}
		values := fields(f)
		if whose(values.Get("_person")) != mark || len(values["_person"]) > 1 {
			p.t.Errorf("%s: the form to %s carries the person %q, want %q", what, action, values["_person"], mark)
		}
		inside := ofOrganization.MatchString(action)
		if got := values.Get("_org"); inside && (!strings.HasPrefix(got, "org_") || org != "" && got != org) {
			p.t.Errorf("%s: the form to %s carries the organization %q, want %q", what, action, got, org)
		}
		if posted, ok := attribute(f, "hx-post"); ok && posted != action {
			p.t.Errorf("%s: htmx posts to %s what a browser posts to %s", what, posted, action)
		}
		for n := range f.Descendants() {
			if to, ok := attribute(n, "formaction"); ok && !strings.HasSuffix(to, "/switch") {
				p.t.Errorf("%s: a button of the form to %s posts to %s", what, action, to)
			}
		}
	}
	for n := range p.doc().Descendants() {
		if _, ok := attribute(n, "hx-post"); ok && n.Data != "form" {
			p.t.Errorf("%s: a %s posts by htmx alone", what, n.Data)
		}
	}
}

const strictPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// isGuarded fails the test unless an answer carries what every answer carries.
func (p *page) isGuarded(what string, secret bool) {
	p.t.Helper()
	path, _, _ := strings.Cut(p.path, "?")
	policy, referrer := strictPolicy, "same-origin"
	if secret {
		referrer = "no-referrer"
		if got := p.header.Get("X-Robots-Tag"); got != "noindex, nofollow" {
			p.t.Errorf("%s: X-Robots-Tag is %q", what, got)
		}
	}
	for name, want := range map[string]string{"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": referrer,
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
		"Strict-Transport-Security": "max-age=31536000"} {
		if got := p.header.Values(name); len(got) != 1 || got[0] != want {
			p.t.Errorf("%s: %s is %q, want %q", what, name, got, want)
		}
	}
	if p.header.Get("X-Request-Id") == "" {
		p.t.Errorf("%s has no request id", what)
	}
	if strings.HasPrefix(path, "/static/") {
		return
	}
	if got := p.header.Get("Cache-Control"); got != "no-store" {
		p.t.Errorf("%s: Cache-Control is %q", what, got)
	}
	vary := strings.Join(p.header.Values("Vary"), ", ")
	if !slices.Contains([]string{paths.Live, paths.Ready, paths.Health}, path) && (!strings.Contains(vary, "Cookie") || !strings.Contains(vary, "HX-Request-Type")) {
		p.t.Errorf("%s: Vary is %q", what, vary)
	}
	if secret && p.header.Get("Content-Encoding") != "" {
		p.t.Errorf("%s shows a secret and is compressed", what)
	}
	for _, allowed := range []string{"Access-Control-Allow-Origin", "Server", "X-Powered-By"} {
		if got := p.header.Get(allowed); got != "" {
			p.t.Errorf("%s: %s is %q", what, allowed, got)
		}
	}
}

// overHTTPS is an installation as it stands in public.
func overHTTPS(c *web.Config) { c.URL.Scheme, c.Dev = "https", false }

// TestEveryAnswerIsGuarded crawls an installation in public, and asks for what is refused, moved, missing or secret: every
// single answer carries the policy and its company. I91 I100
func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	l := obey(t, overHTTPS)
	k := l.links()
	ann, gus, nobody := l.as(l.Ann), l.as(l.Gus), l.visitor()
	statuses := map[int]int{}
	check := func(p *page, secret bool) {
		t.Helper()
		statuses[p.status]++
		p.isGuarded(fmt.Sprintf("%s (status %d)", p.path, p.status), secret)
	}
	for _, b := range []*browser{ann, gus, nobody} {
		l.crawl(b, "/", func(p *page, _ bool) {
			check(p, strings.Contains(p.path, "/invitations/inv_") && strings.HasPrefix(p.path, "/invitations/"))
		})
	}
	for _, path := range k.all() {
		for _, b := range []*browser{ann, nobody} {
			check(b.get(path), true)
			check(b.piece(http.MethodGet, path, nil), true)
			check(b.send(http.MethodHead, path, nil, nil), true)
		}
		check(nobody.get(paths.LogInThen(path)), true)
		check(nobody.get(paths.With(paths.SignUp, "next", path)), true)
		check(nobody.post(path+"/accept", url.Values{"name": {""}, "password": {"short"}}), true)
	}
	for _, path := range []string{"/no/such/page", "/orgs/nowhere", paths.Members(rostertest.Other), "/static/none.css", "/orgs/acme/members?sort=bad", "/orgs/acme/members?after=bad", "/orgs/acme/a%2Fb",
		paths.Live, paths.Ready, paths.Health, "/orgs/" + publicid.Organization.Of(l.orgID(rostertest.Acme)), "/?a=b&a=c"} {
		for _, b := range []*browser{ann, gus, nobody} {
			check(b.get(path), false)
			check(b.piece(http.MethodGet, path, nil), false)
			check(b.post(path, url.Values{"a": {"b"}}), false)
			check(b.post(path, url.Values{"a": {"b"}}, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"), false)
			check(b.post(path, url.Values{"a": {"b"}}, "Content-Type", "application/json"), false)
		}
	}
	for line := range needs {
		if route, ok := strings.CutPrefix(line, "POST "); ok {
			to := l.at(route, rostertest.Acme, l.Ann)
			check(gus.post(to.path, to.form), false)
			check(nobody.post(to.path, to.form), false)
			if !strings.HasSuffix(route, "/leave") {
				check(ann.post(to.path, to.form), false)
			}
		}
	}
	check(ann.post(paths.Orgs, url.Values{"name": {""}}), false)
	check(ann.post(paths.Orgs, url.Values{"_person": {"somebody"}}), false)
	check(ann.post(paths.Orgs, url.Values{"name": {strings.Repeat("x", 1<<17)}}), false)
	check(ann.post(paths.LogOut, nil), false)
	for _, status := range []int{200, 303, 308, 400, 401, 403, 404, 405, 409, 413, 415, 422} {
		if statuses[status] == 0 {
			t.Errorf("no answer with status %d was looked at: %v", status, statuses)
		}
	}
}
