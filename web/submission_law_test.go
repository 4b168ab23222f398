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

	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
)

// R30: whatever is pressed twice (a double click, a page loaded again, a second try after an answer that was lost) is
// done once, and the answer is the first one.

// press is a form as a person has it before them: on a page, filled in.
type press struct {
	by     account.Person
	from   string                 // the page
	open   func(b *browser) *page // how it is opened, if not by its address
	form   string                 // the action that the form says
	to     string                 // where its button sends it, if not there
	fill   func(url.Values)
	idle   bool // it changes nothing that stays
	secret bool // the first answer alone shows a link
}

// presses are one for each form that changes something, on things that nobody has touched yet.
var presses = map[string]func(l *law) press{
	"POST /orgs/:org/switch": func(l *law) press {
		return press{by: l.Ann, from: paths.Orgs, form: paths.Orgs, to: paths.Switch("acme"), idle: true}
	},
	"POST /orgs/:org/members/:mem/role": func(l *law) press {
		_, mem := l.someone("acme", role.Viewer)
		return press{by: l.Ann, from: paths.ChangeRole("acme", mem), form: paths.ChangeRole("acme", mem), fill: set("role", "guest")}
	},
	"POST /orgs/:org/members/:mem/role of oneself": func(l *law) press {
		who, mem := l.someone("acme", role.Admin)
		return press{by: who, from: paths.ChangeRole("acme", mem) + "?role=viewer", form: paths.ChangeRole("acme", mem)}
	},
	"POST /orgs/:org/members/:mem/suspend": func(l *law) press {
		_, mem := l.someone("acme", role.Viewer)
		return press{by: l.Ann, from: paths.Suspend("acme", mem), form: paths.Suspend("acme", mem)}
	},
	"POST /orgs/:org/members/:mem/reactivate": func(l *law) press {
		_, mem := l.someone("acme", role.Viewer)
		id, _ := publicid.Membership.Parse(mem)
		l.SQL(l.t, "UPDATE roster.memberships SET status = 'suspended' WHERE id = $1", id)
		return press{by: l.Ben, from: paths.Member("acme", mem), form: paths.Reactivate("acme", mem)}
	},
	"POST /orgs/:org/members/:mem/remove": func(l *law) press {
		who, mem := l.someone("acme", role.Admin)
		l.made++
		l.Invite(l.t, who, "acme", fmt.Sprintf("guest%d@elsewhere.example", l.made), role.Viewer)
		return press{by: l.Ann, from: paths.Remove("acme", mem), form: paths.Remove("acme", mem)}
	},
	"POST /orgs/:org/members/:mem/remove, the invitations stay": func(l *law) press {
		_, mem := l.someone("acme", role.Member)
		return press{by: l.Ann, from: paths.Remove("acme", mem) + "?next=" + url.QueryEscape(paths.Members("acme")), form: paths.Remove("acme", mem)}
	},
	"POST /orgs/:org/members/bulk": func(l *law) press {
		_, mem := l.someone("acme", role.Viewer)
		_, other := l.someone("acme", role.Viewer)
		return press{by: l.Ann, form: paths.Bulk("acme"), open: func(b *browser) *page {
			form := b.get(paths.Members("acme")).form(paths.Bulk("acme"))
			form.Set("do", "remove")
			form["member"] = []string{mem, other}
			return b.post(paths.Bulk("acme"), form).says(200, "Remove 2 members from Acme?")
		}}
	},
	"POST /orgs/:org/leave": func(l *law) press {
		who, _ := l.someone("acme", role.Member)
		return press{by: who, from: paths.Leave("acme"), form: paths.Leave("acme")}
	},
	"POST /orgs/:org/undo/:evt": func(l *law) press {
		_, mem := l.someone("acme", role.Viewer)
		return l.takenBack(paths.Members("acme"), paths.ChangeRole("acme", mem), set("role", "guest"))
	},
	"POST /orgs/:org/undo/:evt of a removal": func(l *law) press {
		_, mem := l.someone("acme", role.Viewer)
		return l.takenBack(paths.Remove("acme", mem), paths.Remove("acme", mem), nil)
	},
	"POST /orgs/:org/undo/:evt of a revocation": func(l *law) press {
		return l.takenBack(paths.Invitations("acme"), paths.Revoke("acme", l.waiting("acme")), nil)
	},
	"POST /orgs/:org/invitations": func(l *law) press {
		return press{by: l.Ann, from: paths.Invitations("acme"), form: paths.Invitations("acme"), fill: set("emails", l.unused())}
	},
	"POST /orgs/:org/invitations of several": func(l *law) press {
		return press{by: l.Ben, form: paths.Invitations("acme"), fill: set("preview", "no"), open: func(b *browser) *page {
			form := b.get(paths.Invitations("acme")).form(paths.Invitations("acme"))
			form.Set("emails", l.unused()+" "+l.unused()+" cem@acme.example no-address")
			return b.post(paths.Invitations("acme"), form).says(200, "addresses before inviting")
		}}
	},
	"POST /orgs/:org/invitations/:inv/send": func(l *law) press {
		return press{by: l.Ann, from: paths.Invitations("acme"), form: paths.SendAgain("acme", l.waiting("acme"))}
	},
	"POST /orgs/:org/invitations/:inv/address": func(l *law) press {
		to := paths.CorrectInvitation("acme", l.waiting("acme"))
		return press{by: l.Ann, from: to, form: to, fill: set("email", l.unused())}
	},
	"POST /orgs/:org/bulk/invitations": func(l *law) press {
		ids := []string{l.waiting("acme"), l.waiting("acme")}
		return press{by: l.Ann, form: paths.InvitationsTogether("acme"), open: func(b *browser) *page {
			form := b.get(paths.Invitations("acme")).form(paths.InvitationsTogether("acme"))
			form.Set("do", "revoke")
			form["invitation"] = ids
			return b.post(paths.InvitationsTogether("acme"), form).says(200, "Revoke 2 invitations?")
		}}
	},
	"POST /orgs/:org/undo/:evt of what was revoked together": func(l *law) press {
		l.waiting("acme") // so that there is a list to undo it from
		done, err := l.Roster.ChangeTogether(l.t.Context(), l.As(l.t, l.Ann, "acme"), roster.Together{Act: roster.TogetherRevoke, IDs: []string{l.waiting("acme")}})
		if err != nil {
			l.t.Fatal(err)
		}
		return press{by: l.Ann, from: paths.Invitations("acme"), form: paths.InvitationsTogether("acme"), to: paths.Undo("acme", done.Undo)}
	},
	"POST /orgs/:org/invitations/:inv/link": func(l *law) press {
		return press{by: l.Ann, from: paths.Invitations("acme"), form: paths.MakeLink("acme", l.waiting("acme")), secret: true}
	},
	"POST /orgs/:org/invitations/:inv/role": func(l *law) press {
		return press{by: l.Ben, from: paths.Invitations("acme"), form: paths.InvitationRole("acme", l.waiting("acme")), fill: set("role", "viewer")}
	},
	"POST /orgs/:org/invitations/:inv/revoke": func(l *law) press {
		return press{by: l.Ann, from: paths.Invitations("acme"), form: paths.Revoke("acme", l.waiting("acme"))}
	},
	"POST /orgs/:org/exports": func(l *law) press {
		page := paths.With(paths.Exports("acme"), "role", "viewer", "format", "json")
		return press{by: l.Ann, from: page, form: page}
	},
	"POST /orgs/:org/invitations/import": func(l *law) press {
		return press{by: l.Ann, from: paths.Imports("acme"), form: paths.Imports("acme"), fill: set("text", l.unused()+"\nno-address")}
	},
	"POST /orgs/:org/invitations/import/:imp": func(l *law) press {
		draft := paths.Import("acme", l.draft("acme", l.Ann))
		return press{by: l.Ann, from: draft, form: draft, fill: func(v url.Values) { v.Set("do", "check"); v.Set("email-1", "right@elsewhere.example") }}
	},
	"POST /orgs/:org/invitations/import/:imp to send": func(l *law) press {
		l.SQL(l.t, "UPDATE roster.jobs SET state = 'done'") // nobody has more than three at work
		draft := paths.Import("acme", l.draft("acme", l.Ben))
		return press{by: l.Ben, from: draft, form: draft, fill: set("do", "send")}
	},
	"POST /orgs/:org/jobs/:job/stop": func(l *law) press {
		job := l.job("acme", l.Ann, true)
		return press{by: l.Ann, from: paths.Job("acme", job), form: paths.StopJob("acme", job)}
	},
	"POST /orgs/:org/jobs/:job/undo": func(l *law) press {
		job := l.job("acme", l.Ann, false)
		return press{by: l.Ann, from: paths.Job("acme", job), form: paths.UndoJob("acme", job)}
	},
	"POST /orgs/:org/jobs/:job/undo in the list": func(l *law) press {
		job := l.job("acme", l.Ann, false)
		return press{by: l.Ann, from: paths.Job("acme", job), form: paths.UndoJob("acme", job), fill: set("do", "role")}
	},
	"POST /invitations/:token/accept": func(l *law) press {
		who, link := l.awaited()
		return press{by: who, from: paths.Offer(link), form: paths.Accept(link)}
	},
	"POST /invitations/:token/decline": func(l *law) press {
		who, link := l.awaited()
		return press{by: who, from: paths.Offer(link), form: paths.Decline(link)}
	},
	"POST /invitations/:token/decline for ever": func(l *law) press {
		who, link := l.awaited()
		return press{by: who, from: paths.Offer(link), form: paths.Decline(link), fill: set("block", "on")}
	},
	"POST /invitations/:token/renew": func(l *law) press {
		who, link := l.awaited()
		l.SQL(l.t, "UPDATE roster.invitations SET expires_at = now() - interval '1 hour' WHERE email_norm = $1", who.EmailNorm)
		return press{by: who, from: paths.Offer(link), form: paths.Renew(link)}
	},
	"POST /invitations/:token/report": func(l *law) press {
		who, link := l.awaited()
		return press{by: who, from: paths.Report(link), form: paths.Report(link), fill: set("unexpected", "on")}
	},
	"POST /orgs": func(l *law) press {
		l.made++
		l.SQL(l.t, "DELETE FROM platform.foundings") // one of today's is not the point
		name := fmt.Sprintf("Kestrel %d", l.made)
		return press{by: l.Ann, from: paths.NewOrg, form: paths.Orgs, fill: func(v url.Values) { v.Set("name", name) }}
	},
	"POST /account/notifications": func(l *law) press {
		return press{by: l.Ann, from: paths.Letters, form: paths.Letters, fill: set("invitation_expired", "on"), idle: true}
	},
	"POST /account/appearance": func(l *law) press {
		return press{by: l.Ann, from: paths.Appearance, form: paths.Appearance, fill: set("theme", "dark"), idle: true}
	},
}

func set(name, value string) func(url.Values) { return func(v url.Values) { v.Set(name, value) } }

// unused is an address that nobody has.
func (l *law) unused() string {
	l.made++
	return fmt.Sprintf("unused%d@elsewhere.example", l.made)
}

// awaited is somebody with an account whom Acme has invited, and their link.
func (l *law) awaited() (account.Person, string) {
	l.t.Helper()
	l.made++
	who := l.Person(l.t, fmt.Sprintf("Awaited %d", l.made), fmt.Sprintf("awaited%d@elsewhere.example", l.made))
	l.Invite(l.t, l.Ann, "acme", who.Email, role.Viewer)
	return who, l.mailed(mail.KindInvitation, who.Email)
}

// takenBack is the way back from a change that Ann makes, as the row has it then.
func (l *law) takenBack(from, change string, fill func(url.Values)) press {
	l.t.Helper()
	b := l.as(l.Ann)
	form := b.get(from).form(change)
	if fill != nil {
		fill(form)
	}
	row := b.piece(http.MethodPost, change, form).says(200)
	for _, form := range row.all("form", "action", "") {
		if to, _ := attribute(form, "action"); strings.Contains(to, "/undo/") {
			return press{by: l.Ann, form: to, open: func(*browser) *page { return row }}
		}
	}
	l.t.Fatalf("%s has no way back\n%s", change, row.text())
	return press{}
}

// answer is what somebody hears: the page or the piece, or where it leads and what is said there.
type answer struct {
	status                     int
	location, retarget, reswap string
	body, notice, undo         string
}

// What differs in the answers to one press, and says nothing: by which request the page was made, and how long ago
// something was.
var (
	madeBy = regexp.MustCompile(`\.[0-9a-f]{24}`)
	agoes  = regexp.MustCompile(`<time[^>]*>[^<]*</time>`)
)

// hear reads an answer, and goes where it leads.
func (b *browser) hear(p *page) answer {
	a := answer{status: p.status, location: p.location, retarget: p.header.Get("HX-Retarget"), reswap: p.header.Get("HX-Reswap")}
	if main := p.id("main"); main != nil {
		a.body = plain(main)
	} else {
		a.body = agoes.ReplaceAllString(madeBy.ReplaceAllString(p.raw, ""), "<time>")
	}
	if p.location != "" {
		next := b.follow(p)
		if n := next.id("notice"); n != nil {
			a.notice = plain(n)
			for form := range n.Descendants() {
				if to, _ := attribute(form, "action"); to != "" {
					a.undo = to
				}
			}
		}
	}
	return a
}

// effects counts everything that pressing may change.
func (l *law) effects() map[string]int {
	l.t.Helper()
	rows, err := l.look.Query(l.t.Context(), `SELECT 'entry '||event, count(*)::int FROM roster.audit_events GROUP BY 1
		UNION ALL SELECT coalesce('letter '||(args->>'letter'), kind), count(*)::int FROM river.river_job GROUP BY 1
		UNION ALL SELECT 'member '||status||' '||array_to_string(roles, ' '), count(*)::int FROM roster.memberships GROUP BY 1
		UNION ALL SELECT 'invitation '||state||' '||array_to_string(roles, ' '), count(*)::int FROM roster.invitations GROUP BY 1
		UNION ALL SELECT 'link '||kind||' '||(replaced_at IS NULL), count(*)::int FROM roster.invitation_tokens GROUP BY 1
		UNION ALL SELECT 'share link '||(withdrawn_at IS NULL)||uses, count(*)::int FROM roster.join_links GROUP BY 1
		UNION ALL SELECT 'address of a share link '||(replaced_at IS NULL), count(*)::int FROM roster.join_link_tokens GROUP BY 1
		UNION ALL SELECT 'request '||kind||' '||state, count(*)::int FROM roster.join_requests GROUP BY 1
		UNION ALL SELECT 'block', count(*)::int FROM roster.invitation_blocks
		UNION ALL SELECT 'file', count(*)::int FROM roster.imports
		UNION ALL SELECT 'file''s '||kind, count(*)::int FROM roster.import_rows GROUP BY 1
		UNION ALL SELECT 'form', count(*)::int FROM roster.submissions
		UNION ALL SELECT 'job '||kind||' '||stop_asked, count(*)::int FROM roster.jobs GROUP BY 1
		UNION ALL SELECT 'organization', count(*)::int FROM roster.organizations
		UNION ALL SELECT 'versions', (SELECT sum(version) FROM roster.memberships)::int + (SELECT coalesce(sum(version), 0) FROM roster.invitations)::int`)
	if err != nil {
		l.t.Fatal(err)
	}
	counts := map[string]int{}
	var key string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&key, &n}, func() error { counts[key] = n; return nil }); err != nil {
		l.t.Fatal(err)
	}
	return counts
}

// since is what has changed.
func (l *law) since(before map[string]int) map[string]int {
	l.t.Helper()
	changed := map[string]int{}
	for key, n := range l.effects() {
		changed[key] = n
	}
	for key, n := range before {
		changed[key] -= n
	}
	maps.DeleteFunc(changed, func(_ string, n int) bool { return n == 0 })
	return changed
}

// ready opens the page of a press, and is what a press of its button sends; nil where htmx has nothing to do with it.
func (p press) ready(b *browser, script bool) func(*browser) *page {
	b.site.t.Helper()
	var shown *page
	switch {
	case p.open != nil:
		shown = p.open(b)
	default:
		shown = b.get(p.from)
	}
	if script && len(shown.all("form", "hx-post", p.form)) == 0 && p.open == nil {
		shown = b.piece(http.MethodGet, p.from, nil) // a question, which has it in the dialog
	}
	if script && len(shown.all("form", "hx-post", p.form)) == 0 {
		return nil
	}
	form, to := shown.form(p.form), p.form
	if p.fill != nil {
		p.fill(form)
	}
	if p.to != "" {
		to = p.to
	}
	if script {
		return func(b *browser) *page {
			return b.piece(http.MethodPost, to, form, "HX-Current-URL", b.site.URL+p.from, "Roster-User", form.Get("_person"), "Roster-Org", form.Get("_org"))
		}
	}
	return func(b *browser) *page { return b.post(to, form) }
}

// TestAFormPressedTwiceIsDoneOnce, for every form that changes something, one after the other and fifty at once, by htmx
// or without, which is drawn: one effect, and the same answer. A route that changes something and is not pressed here fails. R30
func TestAFormPressedTwiceIsDoneOnce(t *testing.T) {
	t.Parallel()
	for _, line := range slices.Sorted(maps.Keys(presses)) {
		prepare := presses[line]
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			l := lay(t, true, func(t testing.TB, options ...func(*db.Config)) *rostertest.World { // nobody waits for a connection
				return rostertest.New(t, append(options, func(c *db.Config) { c.MaxConns = 10 })...)
			})
			l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Viewer)
			for _, script := range suite.Some(t, []bool{false, true}, 1, "script") {
				l.pressed(line, prepare, script)
			}
		})
	}
	have := map[string]bool{}
	for line := range presses {
		words := strings.Fields(strings.ReplaceAll(line, ",", " "))
		have[words[0]+" "+words[1]] = true
	}
	for _, r := range obey(t).Web.Routes() {
		if line := r.Method + " " + r.Path; r.Method != http.MethodGet && !have[line] && doors[line] == "" {
			t.Errorf("%s changes something, and nobody has pressed it twice", line)
		}
	}
}

func (l *law) pressed(what string, prepare func(*law) press, script bool) {
	t := l.t
	t.Helper()
	if script {
		what += ", by htmx"
	}
	p := prepare(l)
	b := l.as(p.by)
	send := p.ready(b, script)
	if send == nil {
		return
	}
	hear := func(b *browser, a *page) (heard answer, link bool) {
		heard = b.hear(a)
		if p.secret {
			link = strings.Contains(a.raw, "/invitations/") && strings.Contains(a.raw, "made-link-copy")
			if !link && !strings.Contains(a.text(), "shown once with the first answer") {
				t.Errorf("%s: without the link it says\n%s", what, a.text())
			}
			heard.body = ""
		}
		return heard, link
	}

	var unmarked int
	{
		p := prepare(l)
		b := l.as(p.by)
		fill := p.fill
		p.fill = func(form url.Values) {
			if fill != nil {
				fill(form)
			}
			form.Del("_person")
		}
		send := p.ready(b, script)
		unmarked = len(l.asked.during(func() { send(b) }))
	}
	counted := func() (a *page) { // a form that is known costs no more than one that is not, and no more than five (X31)
		t.Helper()
		if trips := l.asked.during(func() { a = send(b) }); len(trips) > max(unmarked, 5) {
			t.Errorf("%s takes %d round trips, without a mark %d:\n\t%s", what, len(trips), unmarked, strings.Join(trips, "\n\t"))
		}
		return a
	}
	before := l.effects()
	first, shown := hear(b, counted())
	once := l.since(before)
	if first.status >= 400 || len(once) == 0 && !p.idle || shown != p.secret {
		t.Fatalf("%s: status %d, done: %v\n%s", what, first.status, once, first.body)
	}
	second, shown := hear(b, counted())
	if second != first || shown {
		t.Errorf("%s: the second answer is\n\t%+v, the first one\n\t%+v", what, second, first)
	}
	if twice := l.since(before); !maps.Equal(twice, once) {
		t.Errorf("%s: pressed twice it comes to %v, once to %v", what, twice, once)
	}

	p = prepare(l)
	b = l.as(p.by)
	send = p.ready(b, script)
	before = l.effects()
	answers, browsers := make([]*page, 50), make([]*browser, 50)
	for i := range browsers {
		browsers[i] = l.with(b.cookie())
	}
	rostertest.Together(len(answers), func(i int) { answers[i] = send(browsers[i]) })
	// What renews the session's token gives the new one to the browser, which has one for all its presses: who came so late
	// that the old one is dead, comes again with it.
	if token := l.newest(b.cookie(), browsers); token != b.cookie() {
		for i, own := range browsers {
			if own.hold(token); answers[i].status == http.StatusUnauthorized {
				answers[i] = send(own)
			}
		}
	}
	if together := l.since(before); !maps.Equal(together, once) {
		t.Errorf("%s: %d at once come to %v, one to %v", what, len(answers), together, once)
	}
	links := 0
	for i, a := range answers {
		heard, link := hear(browsers[i], a)
		if link {
			links++
		}
		if i == 0 {
			first = heard
		} else if heard != first {
			t.Fatalf("%s: of %d at once, number %d is answered\n\t%+v, number 0\n\t%+v", what, len(answers), i, heard, first)
		}
	}
	if p.secret != (links == 1) {
		t.Errorf("%s: %d answers show a link", what, links)
	}
}

// newest is the token of a session that others have renewed meanwhile, or as it was.
func (l *law) newest(was string, browsers []*browser) string {
	l.t.Helper()
	tried := map[string]bool{was: true, "": true}
	for _, b := range browsers {
		if token := b.cookie(); !tried[token] {
			if tried[token] = true; l.knows(token) != "nobody" {
				return token
			}
		}
	}
	return was
}

// doors are the forms of the door: there is no organization that would keep what became of them. Each may be sent again
// for a reason of its own, which TestTheDoorMayBePressedTwice shows.
var doors = map[string]string{
	"POST /login":                 "a second log-in is a session more for the same person; the browser keeps the last",
	"POST /logout":                "whoever is out is out",
	"POST /signup":                "one link more to the same address, each as good as the other; letters are limited",
	"POST /signup/confirm/:token": "the link works once; after that its page says that the address is confirmed, and leads to the log-in",
	"POST /forgot":                "the last letter's link replaces the one that was asked for from here before; letters are limited",
	"POST /reset/:token":          "the link works once; after that its page says so, and the password chosen first stays",
	"POST /login/link/:token":     "the link works once; after that its page says so",
}

// TestTheDoorMayBePressedTwice shows of each form of the door why it may: nothing happens that has not happened by the
// first press, or nothing that matters, and a link that works once stays one (I25). R30
func TestTheDoorMayBePressedTwice(t *testing.T) {
	t.Parallel()
	l := obey(t)
	k := l.links()
	count := func(sql string, args ...any) int { return l.Count(t, sql, args...) }
	const chosen, other = "eleven lamps in a loud room", "twelve lamps in a loud room"
	logIn := url.Values{"email": {l.Cem.Email}, "password": {rostertest.Password}}
	pressed := map[string]bool{}
	twice := func(line, path string, form url.Values) (first, second *page) {
		t.Helper()
		pressed[line] = true
		b := l.visitor() // as when the first answer never came: without its cookies
		return b.post(path, form), l.visitor().post(path, form)
	}
	same := func(line, path string, form url.Values) {
		t.Helper()
		if first, second := twice(line, path, form); first.status != second.status || first.location != second.location || first.text() != second.text() {
			t.Errorf("%s: first %d to %q, then %d to %q\n%s", line, first.status, first.location, second.status, second.location, second.text())
		}
	}
	same("POST /login", paths.LogIn, logIn)
	same("POST /logout", paths.LogOut, nil)
	same("POST /signup", paths.SignUp, url.Values{"name": {"Ida"}, "email": {"ida@early.example"}, "password": {chosen}})
	if n := count("SELECT count(*) FROM auth.signups WHERE email_norm = 'ida@early.example'"); n != 2 {
		t.Errorf("%d links are good, want one for each letter", n)
	}
	same("POST /forgot", paths.Forgot, url.Values{"email": {l.Gus.Email}})
	if n := count("SELECT count(*) FROM auth.tokens WHERE user_id = $1 AND purpose = 'reset' AND used_at IS NULL AND revoked_at IS NULL", l.Gus.ID); n != 1 {
		t.Errorf("%d links are good, want the last one", n)
	}

	people := count("SELECT count(*) FROM roster.users")
	first, second := twice("POST /signup/confirm/:token", k.handed, url.Values{"name": {"Ola"}, "password": {chosen}})
	first.leads("/")
	second.says(410, "This link was already used", "The address is confirmed. Log in to go on.")
	if n := count("SELECT count(*) FROM roster.users"); n != people+1 {
		t.Errorf("%d people are new", n-people)
	}

	first, second = twice("POST /reset/:token", k.reset, url.Values{"password": {chosen}})
	first.leads("/login?said=reset")
	second.says(410, "This link was already used", "A new password was chosen with it.", "Log in")
	l.visitor().post(k.reset, url.Values{"password": {other}}).says(410, "This link was already used")
	sessions := count("SELECT count(*) FROM auth.sessions")
	first, second = twice("POST /login/link/:token", k.logIn, nil)
	first.leads("/")
	second.says(410, "This link was already used", "Log in with your password")
	if n := count("SELECT count(*) FROM auth.sessions"); n != sessions+1 {
		t.Errorf("%d sessions began", n-sessions)
	}
	for line := range doors {
		if !pressed[line] {
			t.Errorf("%s was not pressed", line)
		}
	}
}

// TestTheSameChangeToAndFro works each time, from one page that stays open: htmx puts the row anew with each answer, and a
// plain form comes with each page. R30
func TestTheSameChangeToAndFro(t *testing.T) {
	t.Parallel()
	l := obey(t)
	_, mem := l.someone("acme", role.Member)
	inv := l.waiting("acme")
	ann := l.as(l.Ann)
	fro := []string{"viewer", "guest", "viewer", "guest", "viewer"}
	roleOf := func(table, id string) string {
		t.Helper()
		var now string
		parse := map[string]publicid.Kind{"memberships": publicid.Membership, "invitations": publicid.Invitation}[table]
		key, _ := parse.Parse(id)
		if err := l.look.QueryRow(t.Context(), "SELECT array_to_string(roles, ' ') FROM roster."+table+" WHERE id = $1", key).Scan(&now); err != nil {
			t.Fatal(err)
		}
		return now
	}
	for _, c := range []struct{ table, id, list, change string }{
		{"memberships", mem, paths.Members("acme"), paths.ChangeRole("acme", mem)},
		{"invitations", inv, paths.Invitations("acme"), paths.InvitationRole("acme", inv)},
	} {
		form := ann.get(c.list).form(c.change)
		for i, to := range fro {
			form.Set("role", to)
			row := ann.piece(http.MethodPost, c.change, form, "Roster-User", form.Get("_person"), "Roster-Org", form.Get("_org")).says(200)
			if now := roleOf(c.table, c.id); now != to {
				t.Errorf("%s: press %d in the row: %s, want %s", c.change, i, now, to)
			}
			if c.table == "invitations" { // the form of a member's row is the page's own, which outlives the row
				form = row.form(c.change)
			}
		}
		for i, to := range slices.Backward(fro) {
			form := ann.get(c.list).form(c.change)
			form.Set("role", to)
			ann.post(c.change, form)
			if now := roleOf(c.table, c.id); now != to {
				t.Errorf("%s: plain form %d: %s, want %s", c.change, i, now, to)
			}
		}
		// What only says in its headers which page it is from names no form: nothing is taken for a second press.
		for i, to := range fro {
			ann.piece(http.MethodPost, c.change, url.Values{"role": {to}}, "Roster-User", form.Get("_person"), "Roster-Org", form.Get("_org")).says(200)
			if now := roleOf(c.table, c.id); now != to {
				t.Errorf("%s: press %d without fields: %s, want %s", c.change, i, now, to)
			}
		}
	}

	// Another form of the same page is another one: filled in otherwise, or for somebody else.
	form := ann.get(paths.Invitations("acme")).form(paths.Invitations("acme"))
	for range 2 {
		form.Set("emails", l.unused())
		ann.follow(ann.post(paths.Invitations("acme"), form)).says(200, "Invited "+form.Get("emails")+" as a Member.")
	}

	_, one := l.someone("acme", role.Member)
	_, two := l.someone("acme", role.Member)
	list := ann.get(paths.Members("acme"))
	for _, who := range []string{one, two} {
		form := list.form(paths.ChangeRole("acme", who))
		form.Set("role", "guest")
		ann.post(paths.ChangeRole("acme", who), form).leads(paths.Members("acme"))
		if now := roleOf("memberships", who); now != "guest" {
			t.Errorf("of two on one page one stays %s", now)
		}
	}

	// And a link is made as often as it is asked for, from one row.
	make := paths.MakeLink("acme", inv)
	row, made := ann.get(paths.Invitations("acme")), map[string]bool{}
	for range 3 {
		row = ann.piece(http.MethodPost, make, row.form(make)).says(200)
		made[row.value("made-link")] = true
	}
	if len(made) != 3 {
		t.Errorf("three presses make %d links", len(made))
	}
	again := ann.post(make, row.form(make)).says(200, "Copy it now.")
	said := ann.post(make, row.form(make)).says(200, "shown once with the first answer", "Make another link")
	if fresh := ann.post(make, said.form(make)).says(200, "Copy it now."); fresh.value("made-link") == again.value("made-link") {
		t.Error("the page that leads to another link shows the same one")
	}
}

// TestARefusedFormMayBeSentAgain: corrected where it came back, and as it was where something has changed since. R30
func TestARefusedFormMayBeSentAgain(t *testing.T) {
	t.Parallel()
	l := obey(t)
	ann := l.as(l.Ann)
	kept := func() int { return l.Count(t, "SELECT count(*) FROM roster.submissions") }
	before := kept()
	form := ann.get(paths.Invitations("acme")).form(paths.Invitations("acme"))
	form.Set("emails", "no address at all")
	wrong := ann.post(paths.Invitations("acme"), form).says(422, "There is a problem")
	ann.post(paths.Invitations("acme"), form).says(422, "There is a problem")
	for _, corrected := range []url.Values{wrong.form(paths.Invitations("acme")), form} {
		address := l.unused()
		corrected.Set("emails", address)
		ann.post(paths.Invitations("acme"), corrected).leads(paths.Invitations("acme"))
		if n := l.Count(t, "SELECT count(*) FROM roster.invitations WHERE email = $1", address); n != 1 {
			t.Errorf("corrected it makes %d invitations", n)
		}
	}
	found := ann.get(paths.NewOrg).form(paths.Orgs)
	found.Set("name", "Sunrise")
	found.Set("slug", "acme")
	ann.post(paths.Orgs, found).says(422, "That address is taken.")
	found.Set("slug", "sunrise")
	ann.post(paths.Orgs, found).leads(paths.OrgWelcome("sunrise"))

	// The only owner may not go; once there is another one, the same form lets them.
	_, mem := l.someone("acme", role.Admin)
	self := ann.get(paths.Members("acme")) // the page that stays open
	leave := url.Values{"_org": self.form(paths.Bulk("acme"))["_org"], "_person": self.form(paths.Bulk("acme"))["_person"]}
	ann.post(paths.Leave("acme"), leave).says(409, "You cannot leave Acme")
	if n := kept(); n != before+3 {
		t.Errorf("%d forms are kept, want the 3 that were done", n-before)
	}
	if _, err := l.Roster.ChangeRole(t.Context(), l.As(t, l.Ann, "acme"), mem, role.Owner); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		ann.follow(ann.post(paths.Leave("acme"), leave).leads(paths.Orgs)).says(200, "You left Acme.")
	}
}

// TestAFormIsAnsweredToWhoSentItAlone: nobody else may send it, and whose role was lowered or who was removed hears nothing
// of what they did before. R30 I14 I115
func TestAFormIsAnsweredToWhoSentItAlone(t *testing.T) {
	t.Parallel()
	l := obey(t)
	ben, cem := l.as(l.Ben), l.as(l.Cem)
	_, mem := l.someone("acme", role.Viewer)
	change := paths.ChangeRole("acme", mem)
	form := ben.get(paths.Members("acme")).form(change)
	form.Set("role", "guest")
	ben.post(change, form).leads(paths.Members("acme"))
	l.as(l.Ann).post(change, form).says(409, "Somebody else is logged in here now")
	cem.post(change, form).says(409, "Somebody else is logged in here now")
	theirs := cem.get(paths.Members("acme")).form(paths.LogOut)
	theirs.Set("role", "guest")
	cem.post(change, theirs).says(403, "Your role has changed") // Cem never had the right, and it was another form
	l.Join(t, l.Zoe, rostertest.Other, l.Ben, role.Admin)
	ben.post(strings.Replace(change, "acme", "other", 1), form).says(409, "This address now belongs to another organization")

	// Ben is made a viewer by somebody else: no form of his is answered any more that needs more than that.
	if _, err := l.Roster.ChangeRole(t.Context(), l.As(t, l.Ann, "acme"), l.Membership(t, l.Ben, "acme"), role.Viewer); err != nil {
		t.Fatal(err)
	}
	ben.post(change, form).says(403, "Your role has changed")
	if _, err := l.Roster.Remove(t.Context(), l.As(t, l.Ann, "acme"), l.Membership(t, l.Ben, "acme"), roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	if p := ben.post(change, form).says(404, "You no longer have access to Acme"); strings.Contains(p.text(), "Extra") {
		t.Error("who was removed reads a name")
	}
}

// TestSendAgainIsOneForm: what was sent while logged out is done once, however often “Send again” is pressed. D17 R30
func TestSendAgainIsOneForm(t *testing.T) {
	t.Parallel()
	l := obey(t)
	b := l.as(l.Ann)
	form := b.get(paths.Invitations("acme")).form(paths.Invitations("acme"))
	form.Set("emails", l.unused())
	form.Set("message", "Hello,\r\nyou “there”")
	b.post(paths.LogOut, b.get(paths.Appearance).form(paths.LogOut))
	out := b.post(paths.Invitations("acme"), form).says(401, "Send again")
	b.hold(l.session(l.Ann))
	before := l.effects()
	for range 3 {
		b.follow(b.post(paths.Invitations("acme"), out.form(paths.Invitations("acme"))).leads(paths.Invitations("acme"))).says(200, "Invited "+form.Get("emails")+" as a Member.")
	}
	if done := l.since(before); done["entry invitation.sent"] != 1 || done["letter invitation"] != 1 {
		t.Errorf("it comes to %v", done)
	}
	b.follow(b.post(paths.Invitations("acme"), form)).says(200, "Invited "+form.Get("emails")+" as a Member.") // the page before, and its form
	if done := l.since(before); done["entry invitation.sent"] != 1 {
		t.Errorf("the page that was left comes to %v", done)
	}
}

// TestAPageIsNamedByItsRequest: two pages for one person differ in their forms' marks, all forms of one page agree, and a
// mark opens to the person alone. D4 R30
func TestAPageIsNamedByItsRequest(t *testing.T) {
	t.Parallel()
	l := obey(t)
	ann := l.as(l.Ann)
	seen := map[string]bool{}
	for range 2 {
		p := ann.get(paths.Invitations("acme"))
		marks := map[string]bool{}
		for _, form := range p.all("form", "method", "post") {
			marks[fields(form).Get("_person")] = true
		}
		if len(marks) != 1 {
			t.Errorf("one page has %d marks: %v", len(marks), marks)
		}
		for mark := range marks {
			if !strings.HasSuffix(mark, "."+p.header.Get("X-Request-Id")) || seen[mark] {
				t.Errorf("the mark %q does not name its page", mark)
			}
			seen[mark] = true
		}
	}
}
