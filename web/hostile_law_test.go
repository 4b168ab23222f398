package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/net/html"

	"roster/internal/account"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
)

// hostile is what somebody may put where a name, an address or a message belongs. None is longer than the shortest of the
// fields, so that each fits all of them.
var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`'><svg onload=alert(1)>`,
	`</title><script>alert(1)</script>`,
	`</textarea><script>alert(1)</script>`,
	`</select></table><script>alert(1)</script>`,
	`--><script>alert(1)</script>`,
	`]]><xss-mark>`,
	`<xss-mark x="1">`,
	`" xss-mark="1" x="`,
	`' xss-mark='1' x='`,
	`" onmouseover="alert(1)" x="`,
	`' onfocus='alert(1)' autofocus='`,
	`" hx-get="/logout" hx-trigger="load" x="`,
	`" hx-on:click="alert(1)" x="`,
	`"}' hx-vals='js:{a:alert(1)}' x='`,
	`<a href="javascript:alert(1)">x</a>`,
	`javascript:alert(1)//x`,
	`data:text/html,<script>alert(1)</script>`,
	`//elsewhere.example/x`,
	`{{constructor.constructor('alert(1)')()}}`,
	"`${alert(1)}`",
	`<iframe srcdoc="<script>alert(1)</script>">`,
	`<style>*{background:url(//elsewhere.example)}</style>`,
	`<base href=//elsewhere.example>`,
	`<meta http-equiv=refresh content="0;url=//elsewhere.example">`,
	`<form action=//elsewhere.example><button>x</button>`,
	`<hx-partial hx-target="body">gone</hx-partial>`,
	`<template><xss-mark></template>`,
	`<math><mtext><script>alert(1)</script>`,
	`&lt;xss-mark&gt;`,
	`\u003cxss-mark\u003e`,
	`%3Cxss-mark%3E`,
	"x\u202Egnp.exe <xss-mark>",
	"<xss-mark\u00a0x>\u2028alert(1)",
}

// isInert fails the test if anything in an answer is alive that is not ours.
func (p *page) isInert(what string) {
	p.t.Helper()
	piece := !strings.Contains(p.raw[:min(len(p.raw), 20)], "<!doctype")
	for n := range p.doc().Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			src, _ := attribute(n, "src")
			if !strings.HasPrefix(src, "/static/") || n.Parent.Data != "head" || words(n) != "" || piece {
				p.t.Errorf("%s has a script of its own: %q %q", what, src, words(n))
			}
		case "iframe", "object", "embed", "base", "frame", "math", "style", "img", "xss-mark", "applet", "audio", "video", "marquee":
			p.t.Errorf("%s has a <%s>", what, n.Data)
		case "hx-partial":
			if !piece {
				p.t.Errorf("%s has a piece in a page", what)
			}
		}
		for _, a := range n.Attr {
			local := strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//") && !strings.HasPrefix(a.Val, `/\`)
			switch a.Key {
			case "href", "src", "action", "formaction", "hx-get", "hx-post":
				if !local && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "mailto:") {
					p.t.Errorf("%s: %s of a <%s> is %q", what, a.Key, n.Data, a.Val)
				}
			case "style", "srcdoc", "xss-mark", "http-equiv", "ping", "hx-vals":
				p.t.Errorf("%s has the attribute %s=%q", what, a.Key, a.Val)
			}
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") || strings.HasPrefix(a.Key, "hx-") && (strings.Contains(a.Val, "js:") || strings.Contains(a.Val, "javascript:")) {
				p.t.Errorf("%s runs %s=%q", what, a.Key, a.Val)
			}
		}
	}
}

// TestWhatPeopleWriteIsOnlyShown fills every text that others see with what would run, and looks at every page and piece as
// everybody, at the answers to every change, and at what comes back from every form. Which texts is drawn. I94 without letters
func TestWhatPeopleWriteIsOnlyShown(t *testing.T) {
	t.Parallel()
	l := obey(t)
	texts := suite.Some(t, hostile, 12, "texts")
	rename := func(p account.Person, name string) {
		l.SQL(t, "UPDATE roster.users SET name = $2, sort_name = $3, search_text = $4 WHERE id = $1", p.ID, name, account.SortName(name), account.SearchText(name, p.Email))
	}
	shown := map[string]bool{}
	look := func(b string) func(p *page, piece bool) {
		return func(p *page, _ bool) {
			if strings.HasPrefix(p.path, paths.Gallery) || !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
				return
			}
			p.isInert(fmt.Sprintf("%s as %s (status %d)", p.path, b, p.status))
			said := words(p.doc())
			for _, kind := range []string{"organization", "person", "address", "message"} {
				for i, text := range texts {
					if key := fmt.Sprint(kind, i); !shown[key] && strings.Contains(said, kind[:1]+text) {
						shown[key] = true
					}
				}
			}
		}
	}
	ann := l.As(t, l.Ann, rostertest.Acme)
	var people, invitations []string
	for i, text := range texts {
		who, mem := l.someone(rostertest.Acme, role.Viewer)
		rename(who, "p"+text)
		if _, err := l.Roster.ChangeRole(t.Context(), ann, mem, role.Member); err != nil {
			t.Fatal(err)
		}
		people = append(people, mem)
		inv := l.waiting(rostertest.Acme)
		id, _ := publicid.Invitation.Parse(inv)
		l.SQL(t, "UPDATE roster.invitations SET email = $2, message = $3, delivery_detail = $3 WHERE id = $1", id, "a"+text+"@elsewhere.example", "m"+text)
		invitations = append(invitations, inv)
		slug := fmt.Sprintf("h%d", i)
		l.Found(t, l.Ann, slug, slug)
		l.SQL(t, "UPDATE roster.organizations SET name = $2 WHERE slug = $1", slug, "o"+text)
		l.Invite(t, l.Ann, slug, l.Zoe.Email, role.Member)
		if i%6 == 0 {
			l.Join(t, l.Ann, slug, l.Cem, role.Guest)
		}
	}
	rename(l.Ann, `p"><script>alert(1)</script>`)
	rename(l.Ben, `p" onmouseover="alert(1)" xss-mark="`)
	b, ben, cem, zoe, nobody := l.as(l.Ann), l.as(l.Ben), l.as(l.Cem), l.as(l.Zoe), l.visitor()
	// Of the organizations all overviews and lists of members are opened, and of every sixth, where others are too, every page.
	named := regexp.MustCompile(`^/orgs/h([0-9]+)/([^?]*)`)
	l.passBy = func(href string) bool {
		m := named.FindStringSubmatch(href)
		if m == nil || m[2] == "members" && !strings.Contains(href, "?") || m[2] == "leave" {
			return false
		}
		n, _ := strconv.Atoi(m[1])
		return n%6 != 0
	}
	for name, one := range map[string]*browser{"Ann": b, "Cem": cem, "Zoe": zoe} {
		l.crawl(one, "/", look(name))
	}
	for i := range texts {
		for _, kind := range []string{"organization", "person", "address", "message"} {
			if !shown[fmt.Sprint(kind, i)] {
				t.Errorf("%s %q is shown nowhere: nothing was tried", kind, texts[i])
			}
		}
	}

	// The answers to changes, by htmx and by plain forms, with the page after them.
	says := func(p *page) *page {
		t.Helper()
		if p.status >= 500 {
			t.Errorf("%s: status %d\n%s", p.path, p.status, p.text())
		}
		p.isInert(fmt.Sprintf("the answer of %s (status %d)", p.path, p.status))
		return p
	}
	odd := false
	change := func(path string, form url.Values) {
		t.Helper()
		if odd {
			says(b.piece(http.MethodPost, path, form))
		} else if p := says(b.post(path, form)); p.location != "" {
			says(b.follow(p))
		}
	}
	for i, mem := range people {
		odd = i%2 == 1
		slug := rostertest.Acme
		change(paths.ChangeRole(slug, mem), url.Values{"role": {"viewer"}})
		change(paths.ChangeRole(slug, mem), url.Values{"role": {"admin"}})
		change(paths.ChangeRole(slug, mem), url.Values{"role": {"nobody"}})
		change(paths.Suspend(slug, mem), nil)
		change(paths.Reactivate(slug, mem), nil)
		change(paths.Remove(slug, mem), url.Values{"tell": {"on"}})
		says(b.get(paths.Member(slug, mem)))
		inv := invitations[i]
		change(paths.MakeLink(slug, inv), nil)
		change(paths.InvitationRole(slug, inv), url.Values{"role": {"guest"}})
		change(paths.Revoke(slug, inv), url.Values{"from": {"page"}})
		if i%6 == 0 { // joined, and taken away again
			slug := fmt.Sprintf("h%d", i)
			form := cem.get(paths.Leave(slug)).form(paths.Leave(slug))
			says(cem.follow(cem.post(paths.Leave(slug), form)))
			says(cem.get(paths.Org(slug)).says(404, "You no longer have access to o"))
		}
	}

	// What comes back from forms and addresses.
	mark := ben.get(paths.Appearance).form(paths.LogOut).Get("_person")
	says(b.post(paths.Orgs, url.Values{"_person": {mark}}).says(409, "This page was opened by p"))
	for i, text := range texts {
		odd = i%2 == 0
		q := url.QueryEscape(text)
		for _, path := range []string{paths.Members("acme") + "?q=" + q, paths.Members("acme") + "?sort=" + q, paths.Members("acme") + "?after=" + q, paths.Members("acme") + "?role=" + q,
			paths.Invitations("acme") + "?show=" + q, paths.Invitations("acme") + "?after=" + q, paths.Orgs + "?q=" + q, paths.CheckSlug + "?name=" + q, paths.CheckSlug + "?name=a&slug=" + q,
			paths.Org(url.PathEscape(strings.ReplaceAll(text, "/", "_"))), "/" + url.PathEscape(strings.ReplaceAll(text, "/", "_")), paths.Remove("acme", people[0]) + "?next=" + q} {
			if odd {
				says(b.piece(http.MethodGet, path, nil))
			} else {
				says(b.get(path))
			}
		}
		for _, path := range []string{paths.LogIn + "?next=" + q, paths.LogIn + "?email=" + q, paths.LogIn + "?said=" + q, paths.SignUp + "?email=" + q + "&next=" + q, paths.Forgot + "?email=" + q,
			paths.Offer(url.PathEscape(strings.ReplaceAll(text, "/", "_")))} {
			says(nobody.get(path))
		}
		change(paths.Orgs, url.Values{"name": {text + "\x01"}, "slug": {text}, "proposed": {text}, "submission": {text}})
		change(paths.Invitations("acme"), url.Values{"emails": {text}, "role": {text}, "days": {text}, "message": {text}, "submission": {text}, "preview": {text}})
		change(paths.Invitations("acme"), url.Values{"emails": {text + ", b@elsewhere.example"}, "role": {"member"}, "days": {"7"}, "message": {text}})
		change(paths.Appearance, url.Values{"theme": {text}})
		change(paths.JoinLinks("acme"), url.Values{"role": {text}, "days": {text}, "uses": {text}, "domains": {text}})
		change(paths.Requests("acme"), url.Values{"email": {text}, "note": {text + "\x01"}})
		says(nobody.post(paths.LogIn, url.Values{"email": {text}, "password": {text}, "next": {text}}))
		says(nobody.post(paths.SignUp, url.Values{"name": {text}, "email": {text}, "password": {text}, "next": {text}}))
		says(nobody.post(paths.Forgot, url.Values{"email": {text}}))
		says(nobody.post(paths.Orgs, url.Values{"name": {text}, text: {text}}).says(401, "Send again"))
	}
}

// TestSecretsStayInTheirLetters walks every kind of link to its end, also by wrong turns, and afterwards looks for the secrets
// where they must not be: in the log, in the audit, in the account's own log, in any table, and on pages that would pass
// them on to another site. I64 I106
func TestSecretsStayInTheirLetters(t *testing.T) {
	t.Parallel()
	l := obey(t)
	k := l.links()
	var secrets []string
	for _, path := range []string{k.mailed, k.copied, k.confirm, k.handed, k.reset, k.logIn, k.share, k.ask} {
		secrets = append(secrets, path[strings.LastIndex(path, "/")+1:])
	}
	secrets = append(secrets, rostertest.Password, "seven lamps in a quiet room", "eleven lamps in a loud room")
	look := func(p *page) *page {
		t.Helper()
		for _, secret := range secrets {
			if strings.Contains(p.raw, secret) || strings.Contains(p.path, secret) || strings.Contains(p.location, secret) {
				if got := p.header.Get("Referrer-Policy"); got != "no-referrer" && got != "same-origin" {
					t.Errorf("%s: a page with a secret is passed on: Referrer-Policy is %q", p.path, got)
				}
				for _, a := range p.all("a", "href", "") {
					if href, _ := attribute(a, "href"); !strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "#") && !strings.HasPrefix(href, "mailto:") {
						t.Errorf("%s: a page with a secret leads to %s", p.path, href)
					}
				}
			}
		}
		if strings.Contains(p.raw, rostertest.Password) {
			t.Errorf("%s shows a password", p.path)
		}
		return p
	}
	ann, zoe := l.as(l.Ann), l.as(l.Zoe)
	for _, path := range []string{k.mailed, k.copied, k.confirm, k.handed, k.reset, k.logIn, k.share, k.ask} {
		token := path[strings.LastIndex(path, "/")+1:]
		for _, b := range []*browser{l.visitor(), ann, zoe} {
			look(b.get(path))
			look(b.piece(http.MethodGet, path, nil))
			look(b.get(paths.LogInThen(path)))
			look(b.get(paths.With(paths.SignUp, "next", path, "email", "a@b.example")))
			look(b.post(path, url.Values{"a": {"b"}}, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"))
			look(b.post(path+"/nothing", nil))
			// Turned over to the wrong place, whole or damaged.
			for _, wrong := range []string{paths.Offer(token), paths.Report(token), paths.Reset(token), paths.ConfirmSignUp(token), paths.LogInByLink(token), paths.Join(token), "/" + token, paths.Org(token), paths.Member("acme", token),
				paths.Orgs + "?q=" + token, paths.Members("acme") + "?after=" + token, paths.Offer(token[1:]), paths.Offer(token + "x"), paths.Offer(strings.ToUpper(token)), "/elsewhere?token=" + token, paths.Forgot + "?email=" + token} {
				look(b.get(wrong))
			}
		}
		look(l.visitor().post(paths.LogIn, url.Values{"email": {"a@b.example"}, "password": {token}, "next": {path}}))
		look(l.visitor().post(paths.SignUp, url.Values{"name": {token}, "email": {"a@b.example"}, "password": {"short"}, "next": {path}}))
		look(l.visitor().post(paths.LogIn, url.Values{"email": {l.Ann.Email}, "password": {rostertest.Password}, "next": {path}}))
	}
	session := ann.cookie()
	look(l.visitor().post(k.mailed+"/accept", url.Values{"name": {""}, "password": {"short"}}))
	look(l.visitor().post(k.mailed+"/accept", url.Values{"name": {"Lin"}, "password": {rostertest.Password}}).leads("/orgs/acme"))
	look(zoe.post(k.copied+"/decline", nil))
	look(zoe.post(k.copied+"/accept", nil).leads("/orgs/acme"))
	look(l.visitor().post(k.confirm, url.Values{"password": {"seven lamps in a quiet room"}}).leads("/"))
	look(l.visitor().post(k.handed, url.Values{"name": {"Ola"}, "password": {rostertest.Password}}).leads("/"))
	look(l.visitor().post(k.logIn, nil).leads("/"))
	look(l.visitor().post(k.reset, url.Values{"password": {"short"}}))
	look(l.visitor().post(k.reset, url.Values{"password": {"eleven lamps in a loud room"}}).leads("/login?said=reset"))
	for _, path := range k.all() { // used up
		look(l.visitor().get(path))
		look(ann.get(path))
		look(ann.post(path, nil))
	}

	log := l.said.String()
	if !strings.Contains(log, paths.InvitesStart+"[redacted]") {
		t.Error("the log tells nothing of these requests: nothing was tried")
	}
	for _, secret := range append(secrets, session) {
		for _, text := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if strings.Contains(log, text) {
				t.Errorf("a secret stands in the log: %s", lineWith(log, text))
			}
		}
	}
	for _, private := range []string{"roster_session", l.Zoe.Email, "Mo Early", "Content-Type", "lin@mailed.example"} {
		if strings.Contains(log, private) {
			t.Errorf("%q stands in the log: %s", private, lineWith(log, private))
		}
	}
	for table, rows := range l.everything() {
		for _, secret := range append(secrets, session) {
			if strings.Contains(rows, secret) {
				t.Errorf("a secret stands in %s", table)
			}
		}
	}
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

// everything is the whole database as text.
func (l *law) everything() map[string]string {
	l.t.Helper()
	rows, err := l.look.Query(l.t.Context(), `SELECT schemaname || '.' || tablename, query_to_xml(format('SELECT * FROM %I.%I', schemaname, tablename), true, false, '')::text
		FROM pg_catalog.pg_tables WHERE schemaname IN ('roster', 'auth', 'river', 'platform')`)
	if err != nil {
		l.t.Fatal(err)
	}
	all := map[string]string{}
	var name, text string
	if _, err := pgx.ForEachRow(rows, []any{&name, &text}, func() error { all[name] = text; return nil }); err != nil {
		l.t.Fatal(err)
	}
	return all
}
