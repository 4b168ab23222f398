package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"roster/internal/mail"
	"roster/internal/role"
	"roster/internal/rostertest"
	"roster/static"
	"roster/views/paths"
)

// links are one of each kind of address that carries a secret, all of them good, and the person or address each is for.
type links struct {
	mailed, copied, byID string // invitations: to nobody known yet, to Zoe, and Zoe's by its id
	confirm, handed      string // sign-ups: asked for, and made by the operator
	reset, logIn         string
	share, ask           string // share links: to join, and to ask
}

// all are the pages of the links.
func (k links) all() []string {
	return []string{k.mailed, k.copied, k.byID, paths.Report(strings.TrimPrefix(k.mailed, paths.InvitesStart)), paths.Report(strings.TrimPrefix(k.byID, paths.InvitesStart)),
		k.confirm, k.handed, k.reset, k.logIn, k.share, k.ask}
}

// links makes them.
func (l *law) links() links {
	l.t.Helper()
	var k links
	l.Invite(l.t, l.Ann, rostertest.Acme, "lin@mailed.example", role.Member)
	k.mailed = paths.Offer(l.mailed(mail.KindInvitation, "lin@mailed.example"))
	inv := l.Invite(l.t, l.Ann, rostertest.Acme, l.Zoe.Email, role.Viewer)
	k.copied, k.byID = paths.Offer(l.Link(l.t, l.Ann, rostertest.Acme, inv)), paths.Offer(inv)

	nobody := l.visitor()
	nobody.post(paths.SignUp, url.Values{"name": {"Mo Early"}, "email": {"mo@early.example"}, "password": {"seven lamps in a quiet room"}}).says(200, "Check your e-mail")
	k.confirm = paths.ConfirmSignUp(l.mailed(mail.KindConfirmAddress, "mo@early.example"))
	nobody.post(paths.Forgot, url.Values{"email": {l.Vic.Email}}).says(200, "Check your e-mail")
	k.reset = paths.Reset(l.mailed(mail.KindResetPassword, l.Vic.Email))
	for _, made := range []struct {
		email string
		path  *string
	}{{"ola@handed.example", &k.handed}, {l.Gus.Email, &k.logIn}} {
		link, err := l.Accounts.OperatorLink(l.t.Context(), made.email, false)
		if err != nil {
			l.t.Fatal(err)
		}
		*made.path = link.Path
	}
	_, share := l.shared(rostertest.Acme, false)
	_, ask := l.shared(rostertest.Acme, true)
	k.share, k.ask = paths.Join(share), paths.Join(ask)
	return k
}

// TestLinksOpenWhateverIsAroundThem follows links of every kind as mail and chat hand them on: every one leads to the page
// that its own address opens, and the form there to that address. What is too long is as unknown as what never was. B213
func TestLinksOpenWhateverIsAroundThem(t *testing.T) {
	t.Parallel()
	l := obey(t)
	nobody := l.visitor()
	for _, link := range l.links().all() {
		if strings.Contains(link, "/inv_") {
			continue // for somebody logged in
		}
		good := nobody.get(link)
		if good.status != http.StatusOK {
			t.Fatalf("%s: status %d", link, good.status)
		}
		for _, dirt := range []string{".", ").", "%22", "%E2%80%8B", "%20", "/", "%0D%0A", "&gt;", "_", "=3D", "%2F"} {
			p := nobody.get(link + dirt)
			if p.status != http.StatusSeeOther || p.location != link {
				t.Errorf("%s%s: status %d, to %q", link, dirt, p.status, p.location)
			}
		}
		if p := nobody.get(link + "?utm_source=letter&utm_medium=e-mail"); p.status != http.StatusOK || p.text() != good.text() {
			t.Errorf("%s with a query: status %d\n%s", link, p.status, p.text())
		}
		at := strings.LastIndexByte(strings.TrimSuffix(link, "/report"), '/') + 1
		unknown := nobody.get(link[:at] + "AAAA" + strings.TrimSuffix(link[at+4:], "/report"))
		for _, wrong := range []string{strings.TrimSuffix(link, "/report") + "x", link[:at] + "x", strings.TrimSuffix(link, "/report")[:at+30] + ".%0A%00%ff%2F"} {
			if p := nobody.get(wrong); p.status != http.StatusNotFound || p.text() != unknown.text() {
				t.Errorf("%s: status %d, and not as unknown as any\n%s", wrong, p.status, p.text())
			}
		}
	}
}

// mailed is the secret in the only letter of a kind to an address.
func (l *law) mailed(kind mail.Kind, to string) string {
	l.t.Helper()
	tokens := l.Tokens(l.t, kind, to)
	if len(tokens) != 1 {
		l.t.Fatalf("%d letters of kind %s to %s, want one", len(tokens), kind, to)
	}
	return tokens[0]
}

// readings are addresses of every page of the site as the owner of Acme reads it: with what is searched, sorted, filtered
// and gone on with.
func (l *law) readings() []string {
	l.t.Helper()
	var all []string
	for line := range needs {
		if route, ok := strings.CutPrefix(line, "GET "); ok {
			all = append(all, l.at(route, rostertest.Acme, l.Ann).path)
		}
	}
	members, invitations := paths.Members(rostertest.Acme), paths.Invitations(rostertest.Acme)
	all = append(all, "/", paths.LogIn, paths.SignUp, paths.Forgot, paths.Appearance, paths.Events, paths.Welcome, paths.Orgs, paths.Orgs+"?q=ac", paths.NewOrg, paths.CheckSlug+"?name=Acme&slug=acme",
		paths.DevMail, paths.DevMail+"/x", paths.DevMail+"/x/html", paths.Gallery, paths.Gallery+"/members",
		members+"?q=an", members+"?sort=-joined&role=admin", members+"?status=pending", members+"?sort=role", members+"?sort=-active&active=quarter&invited_by="+l.Membership(l.t, l.Ann, rostertest.Acme), members+"?q=nobody", members+"?shown=50&sort=joined",
		paths.ChangeRole(rostertest.Acme, l.Membership(l.t, l.Ben, rostertest.Acme))+"?role=owner", invitations+"?show=all", invitations+"?show=expired", invitations+"?q=a&delivery=failed&select=all", paths.Letters,
		paths.Org("no-such"), "/no/such/page", "/static/none.css", static.URL("roster.css"), paths.Live, paths.Ready, paths.Health)
	all = append(all, l.links().all()...)
	// A link that she has used up leads her into its organization.
	used := l.Link(l.t, l.Zoe, rostertest.Other, l.Invite(l.t, l.Zoe, rostertest.Other, l.Ann.Email, role.Viewer))
	if _, err := l.Roster.Join(l.t.Context(), l.Ann, used, rostertest.Trace()); err != nil {
		l.t.Fatal(err)
	}
	return append(all, paths.Offer(used))
}

// TestLookingChangesNothing asks for every page, as a page, as htmx, as a prefetch and for its head alone, as the owner: only
// that she was there, and where last, is noted. I96
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	l := obey(t)
	all := l.readings()
	b := l.as(l.Ann)
	for _, path := range all {
		l.unchanged("GET "+path, noted(routeCases["GET "+strings.Replace(path, "/acme/", "/:org/", 1)]), func() {
			b.get(path)
			b.get(path, "Sec-Purpose", "prefetch")
			b.piece(http.MethodGet, path, nil)
			b.send(http.MethodHead, path, nil, nil)
			b.send(http.MethodOptions, path, nil, nil)
		})
	}
	for _, r := range l.Web.Routes() {
		if r.Method == http.MethodGet && !slices.ContainsFunc(all, func(path string) bool { return isOf(path, r.Path) }) {
			t.Errorf("GET %s is not looked at", r.Path)
		}
	}
}

// isOf tells whether a path is one of a route's.
func isOf(path, route string) bool {
	path, _, _ = strings.Cut(path, "?")
	have, want := strings.Split(path, "/"), strings.Split(route, "/")
	if len(have) != len(want) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], ":") && have[i] != want[i] {
			return false
		}
	}
	return true
}

// agents are those who open links before people do.
var agents = [][]string{
	{"User-Agent", "Mozilla/5.0 (compatible; Microsoft Outlook SafeLinks)"}, {"User-Agent", "Barracuda Sentinel (EE)"}, {"User-Agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
	{"User-Agent", "facebookexternalhit/1.1", "Range", "bytes=0-524287"}, {"User-Agent", ""}, {"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"}, {"X-Moz", "prefetch"},
	{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Dest", "iframe"}, {"HX-Request", "true", "HX-Request-Type", "partial"}, {"Cookie", "roster_session=" + strings.Repeat("A", 43)},
	{"Accept", "application/json"}, {"Cache-Control", "no-cache"}, {"Referer", "https://mail.elsewhere.example/"}, {"X-Forwarded-For", "203.0.113.9"},
}

// TestOpeningALinkUsesNothingUp lets scanners open every kind of link fifty times, follow what is linked on its page, and
// press its buttons without being a page of ours; afterwards each link still does what it is for. I53 X50
func TestOpeningALinkUsesNothingUp(t *testing.T) {
	t.Parallel()
	l := obey(t)
	k := l.links()
	l.unchanged("scanners", nil, func() {
		for _, path := range k.all() {
			scanner := l.visitor()
			want := http.StatusOK
			if strings.Contains(path, "inv_") {
				want = http.StatusSeeOther // to the log-in: it is nobody's who is not logged in
			}
			for n := range 50 {
				headers := agents[n%len(agents)]
				method := http.MethodGet
				if n%3 == 2 {
					method = http.MethodHead
				}
				p := scanner.send(method, path, nil, headers)
				if p.status != want && (want == http.StatusOK || p.status != http.StatusUnauthorized) {
					t.Fatalf("%s %s by %v: status %d, want %d", method, path, headers, p.status, want)
				}
				if method == http.MethodGet && n < 2 {
					for _, a := range p.all("a", "href", "") {
						if href, _ := attribute(a, "href"); strings.HasPrefix(href, "/") {
							scanner.send(http.MethodGet, href, nil, headers)
						}
					}
					for _, f := range p.all("form", "method", "post") {
						action, _ := attribute(f, "action")
						if q := scanner.send(http.MethodPost, action, fields(f), []string{"Origin", "https://mail.elsewhere.example", "Sec-Fetch-Site", "cross-site"}); q.status != http.StatusForbidden {
							t.Errorf("%s pressed from elsewhere: status %d, want 403", action, q.status)
						}
					}
				}
			}
		}
	})
	// Each is still good.
	zoe := l.as(l.Zoe)
	zoe.post(k.ask, zoe.get(k.ask).form(k.ask)).leads(k.ask)
	newcomer := l.as(l.newcomer())
	newcomer.post(k.share, newcomer.get(k.share).form(k.share)).leads("/orgs/acme")
	zoe.post(k.copied+"/accept", zoe.get(k.copied).form(k.copied+"/accept")).leads("/orgs/acme")
	lin := l.visitor()
	form := lin.get(k.mailed).form(k.mailed + "/accept")
	form.Set("name", "Lin Newcomer")
	form.Set("password", rostertest.Password)
	lin.post(k.mailed+"/accept", form).leads("/orgs/acme")
	mo := l.visitor()
	form = mo.get(k.confirm).form(k.confirm)
	form.Set("password", "seven lamps in a quiet room") // another browser than the one that asked
	mo.post(k.confirm, form).leads("/")
	ola := l.visitor()
	form = ola.get(k.handed).form(k.handed)
	form.Set("name", "Ola Handed")
	form.Set("password", rostertest.Password)
	ola.post(k.handed, form).leads("/")
	vic := l.visitor()
	form = vic.get(k.reset).form(k.reset)
	form.Set("password", "eleven lamps in a loud room")
	vic.post(k.reset, form).leads("/login?said=reset")
	gus := l.visitor()
	gus.post(k.logIn, gus.get(k.logIn).form(k.logIn)).leads("/")
	gus.follow(gus.get("/")).says(200, "Acme", "Gus Guest")
}

// workTrips are the turns beyond those of a write that a form takes which works on its job by itself: to take it up, to look
// what there is to do, to do one item, to note that, to look again, and to end it.
var workTrips = map[string]int{
	"POST /orgs/:org/jobs/:job/undo": 12,
	"POST /orgs/:org/members/bulk":   16, // and before to read who was ticked, and after to show the list anew
}

// TestRoundTrips counts what every page and every form asks of the database: at most three turns to read, at most five to
// write, none for static files. X31 C087
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Viewer)
	mara := l.Person(t, "Mara Lindqvist", "mara@kestrel.example")
	l.Invite(t, l.Ann, rostertest.Acme, mara.Email, role.Viewer)
	k := l.links()
	ann, newcomer, nobody := l.as(l.Ann), l.as(mara), l.visitor()
	counted := map[string]int{}
	count := func(line string, most int, b *browser, ask func() *page, status ...int) {
		t.Helper()
		var p *page
		trips := l.asked.during(func() { p = ask() })
		counted[line]++
		if !slices.Contains(status, p.status) {
			t.Errorf("%s: status %d, want %v\n%s", line, p.status, status, p.text())
		}
		if len(trips) > most {
			t.Errorf("%s takes %d round trips, want at most %d:\n\t%s", line, len(trips), most, strings.Join(trips, "\n\t"))
		}
	}
	read := func(line, path string, b *browser, status int) {
		t.Helper()
		b.get(path)
		count(line, 3, b, func() *page { return b.get(path) }, status)
		count(line, 3, b, func() *page { return b.piece(http.MethodGet, path, nil) }, status, http.StatusNoContent, http.StatusUnauthorized)
	}
	write := func(line, path string, b *browser, form url.Values, status ...int) {
		t.Helper()
		count(line, 5, b, func() *page { return b.post(path, form) }, status...)
	}

	// Inside an organization, by htmx and by plain forms, and also the first page of another organization than the one used last.
	for _, line := range sortedRoutes() {
		method, route, _ := strings.Cut(line, " ")
		if method == http.MethodGet && len(routeCases[line].writes) > 0 { // what the log has is written before it is read
			file := l.at(route, rostertest.Acme, l.Ann).path
			count(line, 5, ann, func() *page { return ann.get(file) }, http.StatusOK)
			continue
		}
		if method == http.MethodGet {
			read(line, l.at(route, rostertest.Acme, l.Ann).path, ann, http.StatusOK)
			continue
		}
		if route == "/orgs/:org/leave" {
			owner, _ := l.someone(rostertest.Acme, role.Member)
			leaver := l.as(owner)
			leaver.get(paths.Org(rostertest.Acme))
			write(line, paths.Leave(rostertest.Acme), leaver, nil, http.StatusSeeOther)
			write(line+" as the only owner", paths.Leave(rostertest.Acme), ann, nil, http.StatusConflict)
			continue
		}
		most := 5 + workTrips[line]
		plain := l.at(route, rostertest.Acme, l.Ann)
		ann.get(paths.Org(rostertest.Acme))
		count(line, most, ann, func() *page { return ann.post(plain.path, plain.form) }, http.StatusSeeOther, http.StatusOK)
		swapped := l.at(route, rostertest.Acme, l.Ann)
		count(line+" by htmx", most, ann, func() *page { return ann.piece(http.MethodPost, swapped.path, swapped.form) }, http.StatusOK, http.StatusNoContent)
	}
	ann.post(paths.Switch(rostertest.Other), nil)
	read("GET /orgs/:org from outside", paths.Org(rostertest.Acme), ann, http.StatusOK)
	for _, query := range []string{"?q=an", "?q=extra&sort=-joined&role=viewer", "?status=suspended", "?status=pending", "?sort=role", "?sort=-active&active=never", "?invited_by=" + l.Membership(t, l.Ann, rostertest.Acme), "?q=nobody-at-all"} {
		read("GET /orgs/:org/members", paths.Members(rostertest.Acme)+query, ann, http.StatusOK)
	}
	many := l.at("/orgs/:org/invitations", rostertest.Acme, l.Ann)
	many.form.Set("emails", "a1@many.example, b2@many.example, c3@many.example; ann@acme.example\nnot an address")
	write("POST /orgs/:org/invitations of several", many.path, ann, many.form, http.StatusSeeOther)
	many.form.Set("emails", "d1@many.example, e2@many.example")
	many.form.Set("submission", uuid.NewString())
	many.form.Del("preview")
	write("POST /orgs/:org/invitations, looked at before", many.path, ann, many.form, http.StatusOK)
	many.form.Set("emails", "no address at all")
	write("POST /orgs/:org/invitations with nothing in it", many.path, ann, many.form, http.StatusUnprocessableEntity)
	_, mem := l.someone(rostertest.Acme, role.Member)
	write("POST /orgs/:org/members/:mem/role that is no role", paths.ChangeRole(rostertest.Acme, mem), ann, url.Values{"role": {"king"}}, http.StatusUnprocessableEntity)
	write("POST /orgs/:org/members/:mem/role, asked first", paths.ChangeRole(rostertest.Acme, mem), ann, url.Values{"role": {"admin"}}, http.StatusOK)
	write("POST /orgs/:org/members/:mem/role that is refused", paths.ChangeRole(rostertest.Acme, l.Membership(t, l.Ann, rostertest.Acme)), ann, url.Values{"role": {"guest"}, "confirmed": {"1"}}, http.StatusConflict)
	write("POST /orgs/:org/members/:mem/remove, twice", paths.Remove(rostertest.Acme, mem), ann, url.Values{"tell": {"on"}, "revoke": {"on"}}, http.StatusSeeOther)
	write("POST /orgs/:org/members/:mem/remove, twice", paths.Remove(rostertest.Acme, mem), ann, url.Values{"tell": {"on"}}, http.StatusSeeOther, http.StatusConflict)
	// What is refused costs no more than what is done.
	cem, zoe := l.as(l.Cem), l.as(l.Zoe)
	cem.get(paths.Org(rostertest.Acme))
	zoe.get(paths.Org(rostertest.Other))
	read("GET /orgs/:org/invitations, refused", paths.Invitations(rostertest.Acme), cem, http.StatusForbidden)
	read("GET /orgs/:org/members as a stranger", paths.Members(rostertest.Acme), zoe, http.StatusNotFound)
	write("POST /orgs/:org/invitations, refused", paths.Invitations(rostertest.Acme), cem, nil, http.StatusForbidden)
	read("GET /orgs/:org/members as nobody", paths.Members(rostertest.Acme), nobody, http.StatusSeeOther)

	// Outside.
	for _, path := range []string{"/orgs", "/orgs?q=ac", "/orgs/new", "/account/appearance", "/account/notifications"} {
		route, _, _ := strings.Cut(path, "?")
		read("GET "+route, path, ann, http.StatusOK)
		read("GET "+route, path, newcomer, http.StatusOK)
	}
	read("GET /", "/", ann, http.StatusSeeOther)
	read("GET /", "/", newcomer, http.StatusSeeOther)
	read("GET /", "/", nobody, http.StatusOK)
	read("GET /welcome", "/welcome", newcomer, http.StatusOK)
	count("GET /welcome", 3, ann, func() *page { return ann.get("/welcome") }, http.StatusSeeOther)
	read("GET /orgs/new/slug", "/orgs/new/slug?name=Acme&slug=acme", ann, http.StatusOK)
	for _, path := range []string{"/login", "/signup", "/forgot"} {
		read("GET "+path, path, nobody, http.StatusOK)
	}
	write("POST /account/notifications", paths.Letters, ann, url.Values{"invitation_expired": {"on"}}, http.StatusSeeOther)
	write("POST /account/appearance", paths.Appearance, ann, url.Values{"theme": {"dark"}}, http.StatusSeeOther)
	write("POST /orgs", paths.Orgs, newcomer, url.Values{"name": {"Kestrel"}, "submission": {uuid.NewString()}}, http.StatusSeeOther)
	write("POST /orgs, taken", paths.Orgs, newcomer, url.Values{"name": {"Acme"}, "slug": {"acme"}, "submission": {uuid.NewString()}}, http.StatusUnprocessableEntity)

	// The door.
	write("POST /login, wrong", paths.LogIn, l.visitor(), url.Values{"email": {l.Ben.Email}, "password": {"no"}}, http.StatusUnprocessableEntity)
	write("POST /login", paths.LogIn, l.visitor(), url.Values{"email": {l.Ben.Email}, "password": {rostertest.Password}}, http.StatusSeeOther)
	write("POST /login as somebody else", paths.LogIn, newcomer, url.Values{"email": {l.Ben.Email}, "password": {rostertest.Password}}, http.StatusSeeOther)
	write("POST /logout", paths.LogOut, newcomer, nil, http.StatusSeeOther)
	write("POST /signup", paths.SignUp, nobody, url.Values{"name": {"Mo"}, "email": {"late@early.example"}, "password": {"seven lamps in a quiet room"}}, http.StatusOK)
	write("POST /signup", paths.SignUp, nobody, url.Values{"name": {"Mo"}, "email": {l.Ben.Email}, "password": {"seven lamps in a quiet room"}}, http.StatusOK)
	write("POST /signup again", paths.SignUp, nobody, url.Values{"again": {"1"}, "email": {"late@early.example"}}, http.StatusOK)
	write("POST /forgot", paths.Forgot, nobody, url.Values{"email": {l.Ben.Email}}, http.StatusOK)
	write("POST /forgot", paths.Forgot, nobody, url.Values{"email": {"nobody@early.example"}}, http.StatusOK)

	// Links.
	for _, c := range []struct{ route, path string }{{"/invitations/:token", k.mailed}, {"/invitations/:token", k.copied}, {"/invitations/:token/report", k.mailed + "/report"},
		{"/signup/confirm/:token", k.confirm}, {"/signup/confirm/:token", k.handed}, {"/reset/:token", k.reset}, {"/login/link/:token", k.logIn}, {"/join/:token", k.share}, {"/join/:token", k.ask}} {
		read("GET "+c.route, c.path, nobody, http.StatusOK)
		read("GET "+c.route, c.path, zoe, http.StatusOK)
	}
	read("GET /invitations/:token", k.byID, zoe, http.StatusOK)
	joiner := l.as(l.newcomer())
	write("POST /join/:token to ask", k.ask, joiner, url.Values{"ask": {"1"}}, http.StatusSeeOther)
	read("GET /join/:token, waiting", k.ask, joiner, http.StatusOK)
	write("POST /join/:token/withdraw", k.ask+"/withdraw", joiner, nil, http.StatusSeeOther)
	write("POST /join/:token", k.share, joiner, nil, http.StatusSeeOther)
	write("POST /join/:token, twice", k.share, joiner, nil, http.StatusSeeOther)
	write("POST /join/:token that needs approval", k.ask, zoe, nil, http.StatusConflict)
	write("POST /invitations/:token/renew", k.mailed+"/renew", zoe, nil, http.StatusSeeOther)
	write("POST /invitations/:token/decline", k.copied+"/decline", zoe, nil, http.StatusSeeOther)
	write("POST /invitations/:token/accept", k.copied+"/accept", zoe, nil, http.StatusSeeOther)
	write("POST /invitations/:token/accept, twice", k.copied+"/accept", zoe, nil, http.StatusSeeOther)
	read("GET /invitations/:token, used up", k.copied, zoe, http.StatusSeeOther)
	l.Invite(t, l.Ann, rostertest.Acme, "rex@mailed.example", role.Member)
	write("POST /invitations/:token/report", paths.Report(l.mailed(mail.KindInvitation, "rex@mailed.example")), nobody, url.Values{"unexpected": {"on"}}, http.StatusOK)
	write("POST /signup/confirm/:token, elsewhere", k.confirm, l.visitor(), url.Values{"password": {"seven lamps in a quiet room"}}, http.StatusSeeOther)
	write("POST /signup/confirm/:token, handed over", k.handed, l.visitor(), url.Values{"name": {"Ola"}, "password": {rostertest.Password}}, http.StatusSeeOther)
	write("POST /reset/:token", k.reset, l.visitor(), url.Values{"password": {"eleven lamps in a loud room"}}, http.StatusSeeOther)
	write("POST /login/link/:token", k.logIn, l.visitor(), nil, http.StatusSeeOther)
	// An account and a membership are two transactions through two pools, with a log-in between them (DESIGN D16).
	count("POST /invitations/:token/accept with a new account", 9, nobody, func() *page {
		return l.visitor().post(k.mailed+"/accept", url.Values{"name": {"Lin"}, "password": {rostertest.Password}})
	}, http.StatusSeeOther)

	// What needs no database asks none.
	for _, path := range []string{static.URL("roster.css"), static.URL("roster.js"), static.URL("icons.svg"), "/static/none.css", paths.Live, paths.DevMail, paths.Gallery} {
		count("GET "+path, 0, nobody, func() *page { return nobody.get(path) }, 200, 404)
	}
	for _, path := range []string{static.URL("roster.css"), paths.Live} {
		count("GET "+path, 0, ann, func() *page { return ann.get(path) }, 200)
	}
	for _, r := range l.Web.Routes() {
		line := fmt.Sprintf("%s %s", r.Method, r.Path)
		if counted[line] == 0 && !strings.HasPrefix(r.Path, "/dev/") && line != "POST /signup/confirm/:token" && r.Path != paths.Events { // a stream has no end to count to
			t.Errorf("%s is not counted", line)
		}
	}
}
