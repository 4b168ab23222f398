package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/role"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
)

// threePlaces has Ann in three organizations, so that she can switch and switch again.
func threePlaces(t *testing.T) *law {
	t.Helper()
	l := obey(t)
	l.Join(t, l.Zoe, rostertest.Other, l.Ann, role.Owner)
	l.Found(t, l.Ann, "Third", "third")
	return l
}

// active is the organization of a token's session.
func (l *law) active(token string) (org uuid.UUID) {
	l.t.Helper()
	if err := l.look.QueryRow(l.t.Context(), "SELECT active_org FROM auth.sessions WHERE token_digest = $1", digestOf(token)).Scan(&org); err != nil {
		l.t.Fatal(err)
	}
	return org
}

// lateRounds is how often a request is held up while its session moves on.
const lateRounds = 40

// TestALateAnswerGivesNoDeadToken: a request that comes with the token from before a switch is answered, and given the
// successor; but if it takes long, and the session is switched again before the answer is written, the answer gives no
// token any more. A browser would put it over its newer one, and be logged out. I41 I43
func TestALateAnswerGivesNoDeadToken(t *testing.T) {
	t.Parallel()
	l := threePlaces(t)
	slugs := []string{rostertest.Other, rostertest.Acme, "third"}
	b := l.as(l.Ann)
	b.post(paths.Switch(rostertest.Acme), nil)
	for round := 0; round < lateRounds; round++ {
		old := b.cookie()
		b.post(paths.Switch(slugs[round%3]), nil)
		successor := b.cookie()
		further := round % 4
		// An overview reads the log, a switch does not.
		p, was := l.overtaken("roster.audit_events", func() *page { return l.with(old).get(paths.Org(rostertest.Acme)) }, func() {
			for i := range further {
				b.post(paths.Switch(slugs[(round+i+1)%3]), nil)
			}
		})
		if !was {
			round--
			continue
		}
		p.says(http.StatusOK, "Ann Owner")
		given, ok := p.session()
		switch {
		case further == 0 && (!ok || given != successor):
			t.Fatalf("round %d: the answer gives %q, want the successor", round, given)
		case further > 0 && ok:
			t.Fatalf("round %d: after %d further switches a late answer gives a token, which is %s's", round, further, l.knows(given))
		}
		l.is(b.cookie(), "Ann", fmt.Sprintf("round %d: after %d further switches", round, further))
		want := slugs[(round+further)%3]
		if further == 0 {
			want = rostertest.Acme // the page was asked for after the switch
		}
		if got := l.active(b.cookie()); got != l.orgID(want) {
			t.Fatalf("round %d: active is %v, want %s", round, got, want)
		}
	}
}

// TestTabsThatSwitchAtOnceStayLoggedIn: three tabs of one browser switch, write and look at once, with answers that overtake
// each other. Whatever comes last into the cookie jar is a token of the session. I43 C088
func TestTabsThatSwitchAtOnceStayLoggedIn(t *testing.T) {
	t.Parallel()
	l := threePlaces(t)
	b := l.as(l.Ann)
	b.post(paths.Switch(rostertest.Acme), nil)
	slugs := []string{rostertest.Acme, rostertest.Other, "third"}
	form := b.get(paths.Invitations("third")).form(paths.Invitations("third"))
	rostertest.Together(3, func(which int) {
		tab := &browser{site: b.site, client: b.client}
		for i := range 25 {
			ask := func() *page {
				switch {
				case which < 2:
					return tab.post(paths.Switch(slugs[(which+i)%3]), nil)
				case i%2 == 0:
					own := maps.Clone(form)
					own.Set("emails", fmt.Sprintf("tab%d@third.example", i))
					own.Set("submission", "")
					return tab.post(paths.Invitations("third"), own)
				}
				return tab.get(paths.Org("third"))
			}
			// A request whose token was renewed twice on its way here is refused; sent again it comes with the new one.
			p := ask()
			suite.Until(t, "a tab is logged in", func() bool {
				out := p.status == http.StatusUnauthorized || strings.HasPrefix(p.location, paths.LogIn)
				if out {
					p = ask()
				}
				return !out
			})
			if p.status != http.StatusOK && p.status != http.StatusSeeOther || strings.HasPrefix(p.location, paths.LogIn) {
				t.Errorf("tab %d at its turn %d: status %d, leads to %q\n%s", which, i, p.status, p.location, p.text())
				return
			}
		}
	})
	b.get(paths.Orgs).says(http.StatusOK, "Ann Owner")
	if n := l.Count(t, "SELECT count(*) FROM roster.invitations WHERE state = 'open' AND email LIKE 'tab%@third.example'"); n != 13 {
		t.Errorf("%d of the invitations are there, want 13", n)
	}
	if n := l.Count(t, "SELECT count(*) FROM auth.sessions WHERE user_id = $1", l.Ann.ID); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// heldRounds is how often each end of a session overtakes each request.
func heldRounds() int {
	if suite.All() {
		return 14
	}
	return 3
}

// TestNoLateRequestBringsASessionBack holds requests up where they have found their session, ends it or moves it on, and
// lets them go: the token that they came with is dead and stays dead, so is whatever their answers give, no row came back,
// and the new session lives where it was left. I42 I43
func TestNoLateRequestBringsASessionBack(t *testing.T) {
	t.Parallel()
	l := threePlaces(t)
	slow := []struct {
		name string
		ask  func(b *browser, n int) *page
	}{
		{"a page", func(b *browser, _ int) *page { return b.get(paths.Org(rostertest.Acme)) }},
		{"an invitation", func(b *browser, n int) *page {
			return b.post(paths.Invitations(rostertest.Acme), url.Values{"emails": {fmt.Sprintf("late%d@b.example", n)}, "role": {"member"}, "preview": {"no"}})
		}},
		{"a new organization, which is switched to", func(b *browser, n int) *page {
			l.SQL(t, "DELETE FROM platform.foundings") // she may make as many as there are rounds
			return b.post(paths.Orgs, url.Values{"name": {"Late"}, "slug": {fmt.Sprintf("late%d", n)}})
		}},
	}
	ends := []struct {
		name string
		do   func(b *browser) // with the session's own token; the browser holds the new one afterwards, if there is one
		live bool             // there is a session afterwards
		rows int
	}{
		{"log-out", func(b *browser) { b.post(paths.LogOut, nil).leads("/") }, false, 0},
		{"a log-in over it", func(b *browser) {
			suite.Until(t, "a link logs in", func() bool { // one that was used up where Roster was busy afterwards is made anew
				handed, err := l.Accounts.OperatorLink(t.Context(), l.Ann.Email, false)
				if err != nil {
					t.Fatal(err)
				}
				return b.post(handed.Path, nil).location == "/"
			})
		}, true, 1},
		{"a switch", func(b *browser) { b.post(paths.Switch(rostertest.Other), nil).leads(paths.Org(rostertest.Other)) }, true, 1},
		{"two switches and a log-out", func(b *browser) {
			b.post(paths.Switch(rostertest.Other), nil)
			b.post(paths.Switch("third"), nil)
			b.post(paths.LogOut, nil).leads("/")
		}, false, 0},
		{"the end of all", func(*browser) { l.SQL(t, "DELETE FROM auth.sessions WHERE user_id = $1", l.Ann.ID) }, false, 0},
		{"a disabled account", func(*browser) { l.SQL(t, "UPDATE roster.users SET status = 'disabled' WHERE id = $1", l.Ann.ID) }, false, 1},
	}
	n := 0
	for _, end := range ends {
		for _, request := range slow {
			for done := 0; done < heldRounds(); done++ {
				n++
				what := fmt.Sprintf("%s during %s, round %d", end.name, request.name, n)
				l.SQL(t, "DELETE FROM auth.sessions")
				l.SQL(t, "UPDATE roster.users SET status = 'active'")
				b := l.as(l.Ann)
				b.post(paths.Switch(rostertest.Acme), nil)
				token := b.cookie()
				table := "roster.audit_events" // late in a page's or form's work, and none of a switch's
				if end.name == "a disabled account" {
					table = "roster.organizations" // before the person is locked, who is to be disabled
				}
				p, was := l.overtaken(table, func() *page { return request.ask(l.with(token), n) }, func() { end.do(b) })
				if !was {
					done--
					continue
				}
				if p.status >= 500 {
					t.Fatalf("%s: the late answer has status %d\n%s", what, p.status, p.text())
				}
				now := b.cookie()
				if !end.live {
					now = ""
				}
				if given, ok := p.session(); ok && given != "" && given != now && l.knows(given) != "nobody" && !end.live {
					t.Fatalf("%s: the late answer gives a token of %s", what, l.knows(given))
				}
				l.SQL(t, "UPDATE auth.sessions SET switched_at = switched_at - interval '11 seconds'")
				if l.knows(token) != "nobody" {
					t.Fatalf("%s: the old token is still somebody's", what)
				}
				if rows := l.Count(t, "SELECT count(*) FROM auth.sessions WHERE user_id = $1", l.Ann.ID); rows != end.rows {
					t.Fatalf("%s: %d sessions are left, want %d", what, rows, end.rows)
				}
				if end.live && l.knows(now) == "nobody" {
					t.Fatalf("%s: the new token is nobody's", what)
				}
				if end.name == "a switch" && request.name != slow[2].name {
					if got := l.active(now); got != l.orgID(rostertest.Other) {
						t.Fatalf("%s: active is %v, want that of the switch", what, got)
					}
				}
			}
		}
	}
}

// TestALinkOpensOnlyWhatItIsFor sends the token of every kind of link to every address that takes another kind: each is as
// good as none, and changes nothing. Then each does what it is for, once. I25 I53
func TestALinkOpensOnlyWhatItIsFor(t *testing.T) {
	t.Parallel()
	l := obey(t)
	id := l.Invite(t, l.Ann, rostertest.Acme, l.Zoe.Email, role.Guest)
	copied := l.Link(t, l.Ann, rostertest.Acme, id)
	if err := l.Accounts.SignUp(t.Context(), account.SignUp{Name: "Mo", Email: "mo@early.example", Password: rostertest.Password}, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	handed := map[bool]string{}
	for _, reset := range []bool{false, true} {
		link, err := l.Accounts.OperatorLink(t.Context(), l.Cem.Email, reset)
		if err != nil {
			t.Fatal(err)
		}
		handed[reset] = link.Path
	}
	if err := l.Accounts.Forgot(t.Context(), l.Vic.Email, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	session := l.as(l.Ben).cookie()
	_, shared := l.shared(rostertest.Acme, false)
	tokens := map[string]string{
		"an invitation's": l.Tokens(t, mail.KindInvitation, l.Zoe.Email)[0], "a copied invitation's": copied,
		"a sign-up's": l.Tokens(t, mail.KindConfirmAddress, "mo@early.example")[0], "a mailed reset's": l.Tokens(t, mail.KindResetPassword, l.Vic.Email)[0],
		"a handed reset's": strings.TrimPrefix(handed[true], paths.ResetStart), "a log-in's": strings.TrimPrefix(handed[false], paths.LoginLink), "a session's": session,
		"a share link's": shared,
	}
	forms := url.Values{"name": {"Mo"}, "password": {rostertest.Password}}
	addresses := map[string][]string{ // GET and POST
		"invitation": {paths.Offer("%s"), paths.Accept("%s"), paths.Decline("%s"), paths.Offer("%s") + "/renew", paths.Report("%s")},
		"share link": {paths.Join("%s"), paths.WithdrawJoin("%s")},
		"sign-up":    {paths.ConfirmSignUp("%s")}, "reset": {paths.Reset("%s")}, "log-in": {paths.LogInByLink("%s")},
	}
	kind := func(name string) string {
		for kind := range addresses {
			if strings.Contains(name, kind) {
				return kind
			}
		}
		return "session"
	}
	tried := 0
	l.unchanged("links used for something else", nil, func() {
		for _, name := range slices.Sorted(maps.Keys(tokens)) {
			for opens, paths := range addresses {
				if opens == kind(name) {
					continue
				}
				for _, path := range paths {
					for _, who := range []*browser{l.visitor(), l.with(l.session(l.Zoe))} {
						at := fmt.Sprintf(path, tokens[name])
						unknown := who.post(fmt.Sprintf(path, strings.Repeat("A", len(tokens[name]))), forms)
						p := who.post(at, forms)
						if p.status < 400 || p.status >= 500 || p.status != unknown.status || p.text() != unknown.text() {
							t.Errorf("%s token posted to %s: status %d, of an unknown one %d\n%s", name, path, p.status, unknown.status, p.text())
						}
						if _, ok := p.session(); ok {
							t.Errorf("%s token posted to %s gives a session", name, path)
						}
						if p := who.get(at); p.status == http.StatusOK {
							t.Errorf("%s token opens %s", name, path)
						}
						tried++
					}
				}
			}
			if name != "a session's" {
				if p := l.visitor().get("/orgs", "Cookie", "roster_session="+tokens[name]); p.status != http.StatusSeeOther {
					t.Errorf("%s token is a session: status %d", name, p.status)
				}
			}
		}
	})
	if tried < 50 {
		t.Errorf("only %d uses were tried", tried)
	}
	zoe := l.as(l.Zoe)
	zoe.post(paths.Accept(tokens["an invitation's"]), nil).leads(paths.Org(rostertest.Acme))
	l.visitor().post(paths.LogInByLink(tokens["a log-in's"]), nil).leads("/")
	for _, name := range []string{"a mailed reset's", "a handed reset's"} {
		l.visitor().post(paths.Reset(tokens[name]), url.Values{"password": {"seven lamps in a quiet room"}}).leads("/login?said=reset")
	}
	if p := l.visitor().post(paths.ConfirmSignUp(tokens["a sign-up's"]), forms); p.status != http.StatusSeeOther {
		t.Errorf("the sign-up: status %d\n%s", p.status, p.text())
	}
}

// TestOneOfManyPressesMakesTheAccount: of twenty presses at once of “Create account and join” one makes the account and the
// membership; every other one says how the invitation stands now. I54 I25
func TestOneOfManyPressesMakesTheAccount(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.Invite(t, l.Ann, rostertest.Acme, "new@early.example", role.Member)
	token := l.Tokens(t, mail.KindInvitation, "new@early.example")[0]
	browsers := make([]*browser, 20)
	for i := range browsers {
		browsers[i] = l.visitor()
	}
	statuses := make([]int, len(browsers))
	rostertest.Together(len(browsers), func(i int) {
		p := browsers[i].post(paths.Accept(token), url.Values{"name": {"Mo New"}, "password": {"seven lamps in a quiet room"}})
		if statuses[i] = p.status; p.status >= 500 || p.status == http.StatusOK {
			t.Errorf("status %d\n%s", p.status, p.text())
		}
	})
	for what, sql := range map[string]string{
		"people":      `SELECT count(*) FROM roster.users WHERE email_norm = 'new@early.example'`,
		"memberships": `SELECT count(*) FROM roster.memberships WHERE email_norm = 'new@early.example' AND status = 'active'`,
		"entries":     `SELECT count(*) FROM roster.audit_events WHERE event = 'membership.joined' AND actor_name = 'Mo New'`,
		"letters":     `SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation_accepted' AND args::text LIKE '%new@early.example%'`,
		"sessions":    `SELECT count(*) FROM auth.sessions`,
	} {
		if n := l.Count(t, sql); n != 1 {
			t.Errorf("%d %s, after the statuses %v", n, what, statuses)
		}
	}
	if n := len(slices.DeleteFunc(slices.Clone(statuses), func(status int) bool { return status != http.StatusSeeOther })); n != 1 {
		t.Errorf("%d presses lead inside, of the statuses %v", n, statuses)
	}
}
