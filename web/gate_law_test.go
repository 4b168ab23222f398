package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/views/paths"
	"roster/web"
)

// The law itself is tried here: a gate is taken away, and the law must miss it.

// TestEveryGateIsNeeded lowers what one route needs after another: to the lowest permission there is, and to nothing. Each time
// the law, driving this route alone, must find something wrong. Where the method behind refuses by itself (routeCase.twice),
// the lower roles are still refused and nothing is done; anywhere else something comes through. X27 I73
func TestEveryGateIsNeeded(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.faulty = true // what was made for somebody is asked for by nobody
	w := newWalk(t, l)
	mutants := 0
	for _, r := range w.Web.Routes() {
		line := r.Method + " " + r.Path
		c := routeCases[line]
		type mutant struct {
			needs, part string
			twice       bool
		}
		var all []mutant
		if isInside(r) {
			// Nobody is nobody's member: Enter, of which every handler of an organization needs an Actor, refuses them too.
			all = append(all, mutant{"public", "sessions", true})
			if r.Needs != string(role.OrganizationRead) {
				all = append(all, mutant{string(role.OrganizationRead), "roles", c.twice})
			}
		} else if r.Needs == "logged in" {
			all = append(all, mutant{"public", "sessions", c.twice})
		}
		for _, m := range all {
			mutants++
			was := w.Web.Weaken(r.Method, r.Path, m.needs)
			wrong := w.judge(r, m.part)
			w.Web.Weaken(r.Method, r.Path, was)
			through := slices.ContainsFunc(wrong, func(c complaint) bool { return c.done })
			switch {
			case len(wrong) == 0:
				t.Errorf("%s needs only %q, and the law finds nothing wrong", line, m.needs)
			case through && m.twice:
				t.Errorf("%s needs only %q, and nothing behind the gate refuses:\n%v", line, m.needs, wrong)
			case !through && !m.twice:
				t.Errorf("%s needs only %q, and something behind the gate refuses: say so in its case\n%v", line, m.needs, wrong)
			}
		}
	}
	if mutants < 40 {
		t.Errorf("only %d gates were taken away", mutants)
	}
}

// TestEveryLayerIsNeeded takes away one layer of the stack after another, and one comparison of the gates: the law must miss it
// on every route that it guards. I14 I95 I97 I101
func TestEveryLayerIsNeeded(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.faulty = true
	w := newWalk(t, l)
	whole := w.Web.Handler()
	for _, c := range []struct {
		what, part string
		site       http.Handler
		routes     []string
	}{
		{"the origin", "origin", w.Web.Without("sameOrigin"), []string{"POST /orgs/:org/members/:mem/suspend", "POST /orgs", "POST /invitations/:token/decline"}},
		{"the host", "host", w.Web.Without("knownHost"), []string{"GET /orgs/:org/members", "GET /login", "POST /orgs/:org/members/:mem/role"}},
		{"the limits", "limits", w.Web.Without("limits"), []string{"POST /orgs/:org/members/:mem/suspend", "GET /orgs/:org", "GET /login"}},
		{"the session", "roles", w.Web.Without("session"), []string{"GET /orgs/:org"}},
		{"the mark of the person", "person", w.Web.WithoutMarks("_person", "Roster-User"), []string{"POST /orgs/:org/members/:mem/suspend", "GET /orgs", "POST /account/appearance"}},
		{"the mark of the organization", "organization", w.Web.WithoutMarks("_org", "Roster-Org"), []string{"POST /orgs/:org/members/:mem/suspend", "GET /orgs/:org/invitations"}},
	} {
		for _, r := range w.Web.Routes() {
			if !slices.Contains(c.routes, r.Method+" "+r.Path) {
				continue
			}
			if wrong := w.judge(r, c.part); len(wrong) > 0 {
				t.Errorf("%s %s with %s: %v", r.Method, r.Path, c.what, wrong)
			}
			w.serve(c.site)
			if wrong := w.judge(r, c.part); len(wrong) == 0 {
				t.Errorf("%s %s without %s, and the law finds nothing wrong", r.Method, r.Path, c.what)
			}
			w.serve(whole)
		}
	}
}

// TestNoChangeWithoutItsEntry: where the log cannot be written, nothing is done, on every route that changes an organization;
// when it can be again, the same request is done. I127
func TestNoChangeWithoutItsEntry(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.faulty = true // the fault is ours here
	l.SQL(t, "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the log is full'; END $$")
	tried := 0
	for _, r := range l.Web.Routes() {
		line := r.Method + " " + r.Path
		c := routeCases[line]
		if len(c.writes) == 0 || line == "POST /orgs/:org/members/bulk" { // a job is written down first, and does it when it can
			continue
		}
		tried++
		var who account.Person
		var to aim
		if c.by != nil {
			who, to = c.by(l)
		} else {
			who, _ = l.someone(rostertest.Acme, role.Owner)
			to = l.at(r.Path, rostertest.Acme, who)
		}
		b := l.as(who)
		b.get(paths.Org(rostertest.Acme))
		for what, change := range map[string][2]string{
			"its right":  {"REVOKE INSERT ON roster.audit_events FROM roster_app, roster_definer", "GRANT INSERT ON roster.audit_events TO roster_app, roster_definer"},
			"its writer": {"CREATE TRIGGER refuse BEFORE INSERT ON roster.audit_events EXECUTE FUNCTION public.refuse()", "DROP TRIGGER refuse ON roster.audit_events"},
		} {
			l.SQL(t, change[0])
			l.unchanged(line+" without "+what, usedLast, func() {
				if p := b.sendTo(r.Method, to); p.status != http.StatusInternalServerError {
					t.Errorf("%s without %s: status %d\n%s", line, what, p.status, p.text())
				}
			})
			l.SQL(t, change[1])
		}
		before := l.logLength()
		if p := b.sendTo(r.Method, to); p.status != http.StatusOK && p.status != http.StatusSeeOther {
			t.Errorf("%s when the log can be written again: status %d\n%s", line, p.status, p.text())
		}
		if n := l.logLength() - before; n != len(c.writes) {
			t.Errorf("%s when the log can be written again writes %d entries", line, n)
		}
	}
	if tried < 16 {
		t.Errorf("only %d routes were tried", tried)
	}
}

// TestRefusalsAreTold: whoever is refused for want of authority leaves one line for the operator, by a gate or by the method
// behind it, that says who, where and what was needed, and repeats nothing that was sent. I132
func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	l := obey(t)
	gus, ben, ann := l.as(l.Gus), l.as(l.Ben), l.as(l.Ann)
	other := publicid.Organization.Of(l.orgID(rostertest.Other))
	of := func(p account.Person) string {
		return paths.ChangeRole(rostertest.Acme, l.Membership(t, p, rostertest.Acme))
	}
	peer, _ := l.someone(rostertest.Acme, role.Admin)
	former, mem := l.someone(rostertest.Acme, role.Member)
	gone := l.as(former)
	if _, err := l.Roster.Suspend(t.Context(), l.As(t, l.Ann, rostertest.Acme), mem); err != nil {
		t.Fatal(err)
	}
	secret := url.Values{"role": {"guest"}, "confirmed": {"1"}, "message": {"zanzibar"}}
	for _, c := range []struct {
		what         string
		ask          func() *page
		status       int
		route, needs string
		who          account.Person
	}{
		{"a form, by its gate", func() *page { return gus.post(of(l.Vic), secret) }, 403, "/orgs/:org/members/:mem/role", "members.update_roles", l.Gus},
		{"a page, by its gate", func() *page { return gus.get(paths.Members(rostertest.Acme) + "?q=zanzibar") }, 403, "/orgs/:org/members", "members.read", l.Gus},
		{"a form, by the method", func() *page { return ben.post(of(peer), secret) }, 403, "/orgs/:org/members/:mem/role", "members.update_roles", l.Ben},
		{"a page of another organization", func() *page { return ann.piece("GET", paths.Members(rostertest.Acme), nil, "Roster-Org", other) }, 409, "/orgs/:org/members", "members.read", l.Ann},
		{"a page of another person", func() *page { return ann.piece("GET", paths.Orgs, nil, "Roster-User", "zanzibar") }, 409, "/orgs", "logged in", l.Ann},
		{"who lost access", func() *page { return gone.get(paths.Org(rostertest.Acme)) }, 404, "/orgs/:org", "organization.read", former},
	} {
		before := len(l.said.String())
		p := c.ask().says(c.status)
		var told []map[string]any
		text := l.said.String()[before:]
		for line := range strings.Lines(text) {
			var entry map[string]any
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatal(err)
			}
			if entry["msg"] == "refused" {
				told = append(told, entry)
			}
		}
		if len(told) != 1 || strings.Contains(text, "zanzibar") || strings.Contains(text, c.who.Email) {
			t.Errorf("%s: want one line, and nothing that was sent:\n%s", c.what, text)
			continue
		}
		for name, want := range map[string]any{"level": "WARN", "request": p.header.Get("X-Request-Id"), "route": c.route, "needs": c.needs, "status": float64(c.status), "person": publicid.Person.Of(c.who.ID)} {
			if told[0][name] != want {
				t.Errorf("%s: %s is %v, want %v", c.what, name, told[0][name], want)
			}
		}
	}
	before := len(l.said.String())
	ann.get(paths.Members(rostertest.Acme)).says(200)
	ann.get("/orgs/nowhere").says(404)
	l.visitor().get(paths.Orgs).leads("/login?next=%2Forgs")
	if text := l.said.String()[before:]; strings.Contains(text, `"refused"`) {
		t.Errorf("what is no refusal is told as one:\n%s", text)
	}
}

// digits are a number in words.
var digits = regexp.MustCompile(`[0-9]+`)

// TestAnswersToTooMany: whatever there is too much of, the answer is 429 with the seconds to wait, in the header and in words,
// as a page and as a note; an address that has no account is counted as one that has. I135
func TestAnswersToTooMany(t *testing.T) {
	t.Parallel()
	l := obey(t)
	ann, nobody := l.as(l.Ann), l.visitor()
	check := func(what string, p *page) string {
		t.Helper()
		seconds, err := strconv.Atoi(p.header.Get("Retry-After"))
		if p.status != http.StatusTooManyRequests || err != nil || seconds < 1 || seconds > 900 {
			t.Errorf("%s: status %d, Retry-After %q\n%s", what, p.status, p.header.Get("Retry-After"), p.text())
		}
		return digits.ReplaceAllString(p.text(), "N")
	}
	inv := l.Invite(t, l.Ann, rostertest.Acme, "lin@acme.example", role.Member) // just sent
	l.unchanged("too soon", usedLast, func() {
		check("sent again", ann.post(paths.SendAgain(rostertest.Acme, inv), nil))
		check("sent again, by htmx", ann.piece(http.MethodPost, paths.SendAgain(rostertest.Acme, inv), nil))
	})
	forms := map[string]func(email string) url.Values{
		paths.LogIn:  func(email string) url.Values { return url.Values{"email": {email}, "password": {"wrong"}} },
		paths.Forgot: func(email string) url.Values { return url.Values{"email": {email}} },
		paths.SignUp: func(email string) url.Values { return signUpForm("Mo", email, good) },
	}
	for path, form := range forms {
		after, answers := map[string]int{}, map[string]string{}
		for _, email := range []string{l.Ben.Email, "nobody@nowhere.example"} {
			l.SQL(t, "DELETE FROM auth.attempts")
			p := nobody.post(path, form(email))
			for ; p.status != http.StatusTooManyRequests && after[email] < 40; p = nobody.post(path, form(email)) {
				after[email]++
			}
			answers[email] = check(path+" for "+email, p)
			if note := check(path+" by htmx", nobody.piece(http.MethodPost, path, form(email))); strings.Contains(note, "Skip to content") {
				t.Errorf("%s: htmx gets a page", path)
			}
		}
		if after[l.Ben.Email] != after["nobody@nowhere.example"] || answers[l.Ben.Email] != answers["nobody@nowhere.example"] {
			t.Errorf("%s: after %v tries the answers are %q", path, after, answers)
		}
	}
}

// TestForgedAddresses: what somebody writes into a forwarding header neither reaches the log nor gives new tries; of a proxy
// that is trusted the right-most hop that is not one counts. I99
func TestForgedAddresses(t *testing.T) {
	t.Parallel()
	headers := func(n int, real string) []string {
		forged := fmt.Sprintf("198.51.100.%d", n)
		return []string{"X-Forwarded-For", forged + real, "X-Real-Ip", forged, "Forwarded", "for=" + forged, "X-Client-Ip", forged, "True-Client-Ip", forged, "Cf-Connecting-Ip", forged, "X-Forwarded-Host", "elsewhere.example", "X-Forwarded-Proto", "https"}
	}
	for _, c := range []struct {
		name, real, counts string
		change             func(*web.Config)
	}{
		{"no proxy", "", "127.0.0.1", func(*web.Config) {}},
		{"a proxy", ", 203.0.113.7", "203.0.113.7", func(c *web.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }},
		{"two proxies", ", 203.0.113.7, 127.0.0.9", "203.0.113.7", func(c *web.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := obey(t, c.change)
			b := l.as(l.Ann)
			to := l.at("/orgs/:org/members/:mem/suspend", rostertest.Acme, l.Ann)
			if p := b.post(to.path, nil, headers(1, c.real)...); p.status != http.StatusSeeOther {
				t.Errorf("status %d", p.status)
			}
			if n := l.Count(t, "SELECT count(*) FROM roster.audit_events WHERE event = $1 AND address = $2", roster.MemberSuspended, c.counts); n != 1 {
				t.Errorf("%d entries from %s", n, c.counts)
			}
			nobody := l.visitor()
			for n := range 40 { // each time another address, and another account
				p := nobody.post(paths.Forgot, url.Values{"email": {fmt.Sprintf("x%d@nowhere.example", n)}}, headers(n, c.real)...)
				if wants := map[bool]int{true: 200, false: 429}[n < 30]; p.status != wants {
					t.Errorf("try %d: status %d, want %d", n+1, p.status, wants)
				}
			}
			if strings.Contains(l.everything()["auth.events"]+l.everything()["auth.sessions"]+l.everything()["roster.audit_events"], "198.51.100.") {
				t.Error("a forged address is stored")
			}
		})
	}
}

// TestNoNameButOurs: whatever a request calls the site, what it is answered leads to its own address only, and letters to the
// one that was configured. I101
func TestNoNameButOurs(t *testing.T) {
	t.Parallel()
	l := obey(t, func(c *web.Config) { c.Dev = false })
	ours := strings.TrimPrefix(l.URL, "http://")
	const evil = "elsewhere.example"
	for _, c := range []struct {
		what, request string
		status        int
	}{
		{"another host", "GET /orgs HTTP/1.1\r\nHost: " + evil, 421},
		{"no host", "GET /orgs HTTP/1.1\r\nHost: ", 421},
		{"no host at all", "GET /orgs HTTP/1.1", 400},
		{"two hosts", "GET /orgs HTTP/1.1\r\nHost: " + ours + "\r\nHost: " + evil, 400},
		{"ours behind another", "GET /orgs HTTP/1.1\r\nHost: " + evil + ", " + ours, 400},
		{"a user before it", "GET /orgs HTTP/1.1\r\nHost: " + evil + "@" + ours, 400},
		{"it as a user", "GET /orgs HTTP/1.1\r\nHost: " + ours + "@" + evil, 400},
		{"another port", "GET /orgs HTTP/1.1\r\nHost: 127.0.0.1:1", 421},
		{"no port", "GET /orgs HTTP/1.1\r\nHost: 127.0.0.1", 421},
		{"a dot behind it", "GET /orgs HTTP/1.1\r\nHost: 127.0.0.1.:" + ours[strings.Index(ours, ":")+1:], 421},
		{"another name of the machine", "GET /orgs HTTP/1.1\r\nHost: localhost:" + ours[strings.Index(ours, ":")+1:], 421},
		{"another host in the line", "GET http://" + evil + "/orgs HTTP/1.1\r\nHost: " + ours, 421},
		{"ours in the line", "GET http://" + ours + "/orgs HTTP/1.1\r\nHost: " + evil, 303},
		{"forwarded hosts", "GET /orgs HTTP/1.1\r\nHost: " + ours + "\r\nX-Forwarded-Host: " + evil + "\r\nX-Host: " + evil + "\r\nX-Forwarded-Server: " + evil + "\r\nForwarded: host=" + evil + "\r\nX-Forwarded-Proto: javascript\r\nX-Forwarded-Port: 99\r\nX-Original-Host: " + evil, 303},
	} {
		p := l.wire(c.request)
		if p.status != c.status {
			t.Errorf("%s: status %d, want %d", c.what, p.status, c.status)
		}
		if strings.Contains(p.raw, evil) {
			t.Errorf("%s: the answer has the name in it: %s", c.what, p.raw)
		}
	}
	// A letter that somebody asks for under another name.
	l.visitor().post(paths.Forgot, url.Values{"email": {l.Vic.Email}}, "X-Forwarded-Host", evil, "X-Forwarded-Proto", "gopher", "Forwarded", "host="+evil, "Origin", l.URL).says(200)
	l.visitor().post(paths.Invitations(rostertest.Acme), url.Values{"emails": {"lin@mailed.example"}, "role": {"member"}, "preview": {"no"}},
		"X-Forwarded-Host", evil, "Cookie", "__Host-roster_session="+l.session(l.Ann)).leads(paths.Invitations(rostertest.Acme))
	l.mailed(mail.KindResetPassword, l.Vic.Email)
	if strings.Contains(l.everything()["river.river_job"], evil) {
		t.Error("a letter has the name in it")
	}
}

// TestNoWayOut: wherever an address to go on to is taken, in a form, in the query, in the page that htmx says it is on or in a
// referrer, only a path of this site is followed or shown. I102
func TestNoWayOut(t *testing.T) {
	t.Parallel()
	l := obey(t)
	ann := l.as(l.Ann)
	ann.get(paths.Org(rostertest.Acme))
	evil := []string{"https://elsewhere.example/", "//elsewhere.example", `/\elsewhere.example`, `\\elsewhere.example`, "/%2Felsewhere.example", "/%5celsewhere.example", "/%252felsewhere.example", "javascript:alert(1)//elsewhere.example", "/x/..//elsewhere.example",
		"/\t/elsewhere.example", "http:elsewhere.example", "https:///elsewhere.example", "/@elsewhere.example/..//elsewhere.example", "/.//elsewhere.example", "https://" + strings.TrimPrefix(l.URL, "http://") + "@elsewhere.example/"}
	mem := l.Membership(t, l.Vic, rostertest.Acme)
	inv := l.waiting(rostertest.Acme)
	for _, to := range evil {
		for name, p := range map[string]*page{
			"a change of role":     ann.post(paths.ChangeRole(rostertest.Acme, mem), url.Values{"role": {"viewer"}, "confirmed": {"1"}, "next": {to}}),
			"a question":           ann.get(paths.Remove(rostertest.Acme, mem) + "?next=" + url.QueryEscape(to)),
			"a question by htmx":   ann.piece(http.MethodGet, paths.Suspend(rostertest.Acme, mem)+"?next="+url.QueryEscape(to), nil),
			"leaving":              ann.get(paths.Leave(rostertest.Acme) + "?next=" + url.QueryEscape(to)),
			"a log-in":             l.visitor().get(paths.LogIn + "?next=" + url.QueryEscape(to)),
			"a log-in of somebody": ann.get(paths.LogIn + "?next=" + url.QueryEscape(to)),
			"a sign-up":            l.visitor().get(paths.SignUp + "?next=" + url.QueryEscape(to)),
			"logging out":          l.visitor().post(paths.LogOut, url.Values{"next": {to}}),
			"logging out by htmx":  l.visitor().piece(http.MethodPost, paths.LogOut, url.Values{"next": {to}}),
			"a refusal":            ann.piece(http.MethodPost, paths.Orgs, nil, "Roster-User", "x", "HX-Current-URL", to),
			"a refused form":       ann.post(paths.Orgs, url.Values{"_person": {"x"}}, "Referer", to),
			"a switch":             ann.piece(http.MethodPost, paths.Switch(rostertest.Acme), url.Values{"section": {to}}, "HX-Current-URL", to),
			"a role by htmx":       ann.piece(http.MethodPost, paths.InvitationRole(rostertest.Acme, inv), url.Values{"role": {"viewer"}, "next": {to}, "from": {to}}, "HX-Current-URL", to),
			"an appearance":        ann.post(paths.Appearance, url.Values{"theme": {"dark"}, "next": {to}}, "Referer", to),
		} {
			if p.status >= 500 {
				t.Errorf("%s with %q: status %d", name, to, p.status)
			}
			for _, header := range []string{"Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url", "Refresh", "Content-Location", "Link"} {
				if got := p.header.Get(header); got != "/elsewhere.example" && strings.Contains(got, "elsewhere") || got != "" && (!strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//")) {
					t.Errorf("%s with %q: %s is %q", name, to, header, got)
				}
			}
			for n := range p.doc().Descendants() {
				for _, a := range n.Attr {
					if slices.Contains([]string{"href", "action", "formaction", "src", "hx-get", "hx-post"}, a.Key) && strings.Contains(a.Val, "elsewhere") && a.Val != "/elsewhere.example" { // which is here
						t.Errorf("%s with %q leads to %q", name, to, a.Val)
					}
					if n.Data == "input" && a.Key == "value" && strings.Contains(a.Val, "elsewhere") {
						t.Errorf("%s with %q carries it on", name, to)
					}
				}
			}
		}
	}
}

// foreign are addresses of things that are somewhere else, each beside one of a thing that never was.
func (l *law) foreign() []foreignID {
	l.t.Helper()
	never := func(prefix string) string {
		return prefix + strings.TrimPrefix(publicid.Membership.Of(publicid.New()), "mem_")
	}
	ann, zoe := l.as(l.Ann), l.as(l.Zoe)
	evt, inv, mem := l.change(rostertest.Other, l.Ann), l.waiting(rostertest.Other), l.Membership(l.t, l.Zoe, rostertest.Other)
	ann.get(paths.Org(rostertest.Acme))
	zoe.get(paths.Org(rostertest.Other))
	return []foreignID{
		{"mem", ann, http.MethodGet, paths.Member(rostertest.Acme, mem), paths.Member(rostertest.Acme, never("mem_"))},
		{"inv", ann, http.MethodGet, paths.Invitation(rostertest.Acme, inv), paths.Invitation(rostertest.Acme, never("inv_"))},
		{"inv, of another person", ann, http.MethodGet, paths.Offer(inv), paths.Offer(never("inv_"))},
		{"evt", ann, http.MethodPost, paths.Undo(rostertest.Acme, evt), paths.Undo(rostertest.Acme, never("evt_"))},
		{"slug", zoe, http.MethodGet, paths.Members(rostertest.Acme), paths.Members("acne")},
		{"org", zoe, http.MethodGet, paths.Members(publicid.Organization.Of(l.orgID(rostertest.Acme))), paths.Members(never("org_"))},
	}
}

type foreignID struct {
	kind           string
	b              *browser
	method         string
	there, nowhere string
}

// TestAForeignIDAsksAsMuch as one that never was: the statements are the same, so neither the time nor the work tells that
// there is such a thing elsewhere. What it takes by the clock is measured by `make faults`. I13
func TestAForeignIDAsksAsMuch(t *testing.T) {
	t.Parallel()
	l := obey(t)
	for _, c := range l.foreign() {
		there, nowhere := l.asked.during(func() { c.b.sendTo(c.method, aim{path: c.there}).says(404) }), l.asked.during(func() { c.b.sendTo(c.method, aim{path: c.nowhere}).says(404) })
		if len(there) == 0 || !slices.Equal(there, nowhere) {
			t.Errorf("%s: a foreign one asks\n\t%s\nand an unknown one\n\t%s", c.kind, strings.Join(there, "\n\t"), strings.Join(nowhere, "\n\t"))
		}
	}
}

// wire sends a request as it is written, with no more than its end.
func (l *law) wire(request string) *page {
	l.t.Helper()
	return l.deliver(request, request+"\r\nConnection: close\r\n\r\n")
}

// TestAFormThatComesAgainShowsNothingNew: who was made a guest, and sends once more what they did as an admin, is refused like
// anybody; what came into the organization since is not shown to them, by any form, as a page or by htmx, and nothing is
// changed. I10 I76
func TestAFormThatComesAgainShowsNothingNew(t *testing.T) {
	t.Parallel()
	l := obey(t)
	for _, r := range l.Web.Routes() {
		line := r.Method + " " + r.Path
		if c := routeCases[line]; !isInside(r) || r.Method != http.MethodPost || c.needs == string(role.OrganizationRead) {
			continue
		}
		admin, mem := l.someone(rostertest.Acme, role.Admin)
		b := l.as(admin)
		b.get(paths.Org(rostertest.Acme))
		to := l.at(r.Path, rostertest.Acme, admin)
		marks := b.get(paths.Appearance).form(paths.LogOut)
		to.form.Set("_person", marks.Get("_person"))
		to.form.Set("_org", publicid.Organization.Of(l.orgID(rostertest.Acme)))
		if p := b.post(to.path, to.form); p.status != http.StatusOK && p.status != http.StatusSeeOther {
			t.Errorf("%s: status %d\n%s", line, p.status, p.text())
		}
		if _, err := l.Roster.ChangeRole(t.Context(), l.As(t, l.Ann, rostertest.Acme), mem, role.Guest); err != nil {
			t.Fatal(err)
		}
		l.Invite(t, l.Ann, rostertest.Acme, fmt.Sprintf("secret%d@later.example", l.made), role.Member)
		l.unchanged(line+" once more", usedLast, func() {
			for _, p := range []*page{b.post(to.path, to.form), b.piece(http.MethodPost, to.path, to.form)} {
				if p.status != http.StatusForbidden {
					t.Errorf("%s once more: status %d\n%.300s", line, p.status, p.text())
				}
				if strings.Contains(p.raw, "@later.example") {
					t.Errorf("%s once more shows who was invited since", line)
				}
			}
		})
	}
}
