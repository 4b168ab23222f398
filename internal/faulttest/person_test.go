package faulttest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"roster/internal/mail/mailtest"
	"roster/internal/publicid"
	"roster/internal/suite"
	"roster/views/paths"
)

// password is everybody's.
const password = "a quiet room with seven lamps"

// person is somebody with a browser, at a node. Several requests of one person may be under way at once.
type person struct {
	site        *site
	name, email string
	from        string // the client's address

	landed string // where the last form of a test led

	mu      sync.Mutex
	node    *node
	cookies map[string]string
}

// visitor is somebody who is not logged in.
func (s *site) visitor(n *node, name string) *person {
	s.people++
	return &person{site: s, node: n, name: name, email: strings.ToLower(strings.Fields(name)[0]) + "@people.example",
		from: fmt.Sprintf("10.%d.%d.1", s.people/250, s.people%250), cookies: map[string]string{}}
}

// at sends the person's next requests to another node.
func (p *person) at(n *node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.node = n
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	body    string
	request string // the id that the log and the audit know the request by
	last    bool   // the connection takes no other request
}

// location is where the answer leads.
func (a answer) location() string { return a.header.Get("Location") }

// browsers hold connections as browsers do, and follow no redirect by themselves.
var browsers = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 600, DisableCompression: true},
	Timeout:       2 * time.Minute, // so that nothing hangs for ever
}

// get opens a page. An error means that no whole answer came.
func (p *person) get(path string) (answer, error) { return p.send(http.MethodGet, path, nil) }

// post sends a form. An error means that no whole answer came: nobody knows whether it was done.
func (p *person) post(path string, form url.Values) (answer, error) {
	return p.send(http.MethodPost, path, form)
}

func (p *person) send(method, path string, form url.Values) (answer, error) {
	p.mu.Lock()
	node := p.node
	var cookies []string
	for name, value := range p.cookies {
		cookies = append(cookies, name+"="+value)
	}
	p.mu.Unlock()

	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+node.address+path, body)
	if err != nil {
		return answer{}, err
	}
	r.Host = strings.TrimPrefix(public, "https://")
	for name, value := range map[string]string{"X-Forwarded-For": p.from, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"} {
		r.Header.Set(name, value)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", public)
	}
	if len(cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	response, err := browsers.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range response.Cookies() {
		if c.MaxAge < 0 {
			delete(p.cookies, c.Name)
		} else {
			p.cookies[c.Name] = c.Value
		}
	}
	return answer{response.StatusCode, response.Header, string(text), response.Header.Get("X-Request-Id"), response.Close}, nil
}

// patiently asks again for as long as a node asks to come back, unless that is the answer that is looked for.
func (p *person) patiently(wanted int, ask func() (answer, error)) (a answer, err error) {
	p.site.t.Helper()
	suite.Try(p.site.t, "an answer of a node", func() string {
		a, err = ask()
		if err == nil && a.status != wanted && a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" {
			return words(a.body)
		}
		return ""
	})
	return a, err
}

// mustPost sends a form and fails the test unless it answers with a status.
func (p *person) mustPost(status int, path string, form url.Values) answer {
	p.site.t.Helper()
	a, err := p.patiently(status, func() (answer, error) { return p.post(path, form) })
	if err != nil {
		p.site.t.Fatal(err)
	}
	if a.status != status {
		p.site.t.Fatalf("%s posts to %s: status %d, want %d\n%s", p.name, path, a.status, status, words(a.body))
	}
	return a
}

// mustGet opens a page and fails the test unless it answers with a status.
func (p *person) mustGet(status int, path string) answer {
	p.site.t.Helper()
	a, err := p.patiently(status, func() (answer, error) { return p.get(path) })
	if err != nil {
		p.site.t.Fatal(err)
	}
	if a.status != status {
		p.site.t.Fatalf("%s opens %s: status %d, want %d\n%s", p.name, path, a.status, status, words(a.body))
	}
	return a
}

// form is what a browser would send of the form of a page with this action: what is hidden in it, its submission
// among them. Fields are added in pairs.
func (p *person) form(page, action string, fields ...string) url.Values {
	p.site.t.Helper()
	a := p.mustGet(http.StatusOK, page)
	values, found := hidden(a.body, action)
	if !found {
		p.site.t.Fatalf("%s has no form to %s\n%s", page, action, words(a.body))
	}
	return with(values, fields...)
}

// hidden are the hidden fields of the first form that can be sent to an address, by itself or by one of its buttons.
func hidden(page, action string) (url.Values, bool) {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil, false
	}
	for form := range doc.Descendants() {
		if form.Type != html.ElementNode || form.Data != "form" {
			continue
		}
		leads, values := attributes(form)["action"] == action, url.Values{}
		for n := range form.Descendants() {
			switch a := attributes(n); {
			case n.Data == "button" && a["formaction"] == action:
				leads = true
			case n.Data == "input" && a["type"] == "hidden":
				values.Set(a["name"], a["value"])
			}
		}
		if leads {
			return values, true
		}
	}
	return nil, false
}

func attributes(n *html.Node) map[string]string {
	found := map[string]string{}
	for _, a := range n.Attr {
		found[a.Key] = a.Val
	}
	return found
}

// words are what a page says to somebody who reads it.
func words(page string) string {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return page
	}
	var said []string
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			said = append(said, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(said, " ")
}

// signUp makes an account by the letter and leaves the person logged in.
func (s *site) signUp(n *node, name string) *person {
	s.t.Helper()
	p := s.visitor(n, name)
	form := p.form(paths.SignUp, paths.SignUp, "name", name, "email", p.email, "password", password)
	p.mustPost(http.StatusOK, paths.SignUp, form)
	confirm := path(s.t, s.letters.Wait(s.t, p.email), paths.Confirm)
	p.mustPost(http.StatusSeeOther, confirm, p.form(confirm, confirm))
	return p
}

// path is where a letter's link leads.
func path(t *testing.T, letter mailtest.Message, part string) string {
	t.Helper()
	link := letter.Link(part)
	if !strings.HasPrefix(link, public+"/") {
		t.Fatalf("the letter %q has no link to %s: %q", letter.Subject, part, letter.Links)
	}
	return strings.TrimPrefix(link, public)
}

// found makes an organization whose owner the person is.
func (p *person) found(slug string) {
	p.site.t.Helper()
	p.mustPost(http.StatusSeeOther, paths.Orgs, url.Values{"name": {strings.ToUpper(slug[:1]) + slug[1:]}, "slug": {slug}})
}

// mature makes an organization older than its first day, in which few letters leave.
func (s *site) mature(slug string) {
	s.t.Helper()
	s.exec(s.t, `UPDATE roster.organizations SET created_at = created_at - interval '2 days' WHERE slug = $1`, slug)
}

// invitation is the form that invites one address, without the marks by which a second press is known.
func invitation(address string) url.Values {
	return url.Values{"emails": {address}, "role": {"member"}, "preview": {"no"}}
}

// with is a form with other fields set, in pairs.
func with(form url.Values, fields ...string) url.Values {
	form = maps.Clone(form)
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

// invite invites an address and answers with the invitation's id, inv_….
func (p *person) invite(slug, address string) string {
	p.site.t.Helper()
	p.mustPost(http.StatusSeeOther, paths.Invitations(slug), invitation(address))
	id := one[uuid.UUID](p.site.t, p.site.database, `SELECT i.id FROM roster.invitations i JOIN roster.organizations o ON o.id = i.org_id
		WHERE o.slug = $1 AND i.email_norm = $2 AND i.state = 'open'`, slug, address)
	return publicid.Invitation.Of(id)
}

// join makes somebody a member, by an invitation of the owner's.
func (p *person) join(owner *person, slug string) {
	p.site.t.Helper()
	accept := paths.Accept(owner.invite(slug, p.email))
	p.mustPost(http.StatusSeeOther, accept, p.form(strings.TrimSuffix(accept, "/accept"), accept))
}

// membership is the person's, mem_….
func (p *person) membership(slug string) string {
	p.site.t.Helper()
	id := one[uuid.UUID](p.site.t, p.site.database, `SELECT m.id FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id
		JOIN roster.users u ON u.id = m.user_id WHERE o.slug = $1 AND u.email = $2`, slug, p.email)
	return publicid.Membership.Of(id)
}

// copyOf is the same person in another browser, with the same session.
func (p *person) copyOf() *person {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &person{site: p.site, name: p.name, email: p.email, from: p.from, node: p.node, cookies: maps.Clone(p.cookies)}
}
