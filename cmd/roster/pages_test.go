package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"roster/internal/account"
	"roster/internal/browsertest"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/static"
	components "roster/views/gallery"
	"roster/web"
)

// look is a page in one of its states: how somebody gets there.
type look struct {
	name  string
	who   string // whose browser: a name of the gallery's people, or nobody
	at    string
	do    func(p *person) // what leads from the address to the state
	title string          // of the tab, without "· Roster"
	tail  func(p *person) // puts the page back as others expect it
	mail  bool            // the site without a mail server
	plain bool            // without script
	axe   []string        // rules that have no meaning there
}

// gallery is everything there is to look at: three sites on two databases, and who is in them.
type gallery struct {
	main, caught, handed *site // mails for real; catches letters; has no mail server
	people               map[string]account.Person
	links                map[string]string // tokens by what they are for
	ids                  map[string]string
	fails                *httptest.Server // the pages that need nothing
	seen                 atomic.Int64     // looks
}

const acme, kestrel, alone, big = "acme", "kestrel", "alone", "big"

// paint makes the people, the organizations and everything that was done in them, before the program starts.
func paint(t *testing.T) *gallery {
	t.Helper()
	g := &gallery{people: map[string]account.Person{}, links: map[string]string{}, ids: map[string]string{}}
	w := rostertest.Empty(t)
	for name, email := range map[string]string{"Mara Lindqvist": "mara@acme.example", "Jonas Weber": "jonas.weber@acme.example", "Aiko Tanaka": "aiko@acme.example",
		"Samuel Okafor": "samuel.okafor@acme.example", "Tomás Herrera": "tomas@acme.example", "Noor van Dijk": "noor@vandijk.example", "Ines Carvalho": "ines@acme.example",
		"Ruth Palmer": "ruth@palmer.example", "Vic Adeyemi": "vic@acme.example", "Gus Moreau": "gus@partner.example", "Leila Haddad": "leila@acme.example",
		"Nadia Newcomer": "nadia@new.example", "Otto Outsider": "otto@elsewhere.example", "Priya Raman": "priya@many.example", "Emil Ended": "emil@acme.example", "Dana Demoted": "dana@acme.example",
		"Sid Suspended": "sid@acme.example", "Kim Newman": "kim@new.example", "Lea Newman": "lea@new.example"} {
		g.people[name] = w.Person(t, name, email)
	}
	mara, priya := g.people["Mara Lindqvist"], g.people["Priya Raman"]
	w.Found(t, mara, "Acme Robotics", acme)
	w.Found(t, mara, "Kestrel Labs", kestrel)
	w.Found(t, g.people["Ruth Palmer"], "Palmer Rail", "palmer-rail")
	w.Found(t, mara, "Lone Lighthouse Company", alone)
	w.Found(t, priya, "Big Bakery", big)
	for _, one := range []struct {
		name string
		as   role.Role
	}{{"Jonas Weber", role.Admin}, {"Aiko Tanaka", role.Member}, {"Samuel Okafor", role.Member}, {"Tomás Herrera", role.Owner}, {"Noor van Dijk", role.Viewer},
		{"Ines Carvalho", role.Member}, {"Vic Adeyemi", role.Viewer}, {"Gus Moreau", role.Guest}, {"Leila Haddad", role.Member}, {"Emil Ended", role.Member}, {"Dana Demoted", role.Admin}} {
		w.Join(t, mara, acme, g.people[one.name], one.as)
		g.ids[one.name] = w.Membership(t, g.people[one.name], acme)
	}
	g.ids["Mara Lindqvist"] = w.Membership(t, mara, acme)
	g.ids["Mara at Kestrel"] = w.Membership(t, mara, kestrel)
	w.Join(t, mara, kestrel, g.people["Aiko Tanaka"], role.Member)
	actor := func() roster.Actor { return w.As(t, mara, acme) }
	must := func(_ roster.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.Roster.Suspend(t.Context(), actor(), g.ids["Ines Carvalho"]))
	must(w.Roster.ChangeRole(t.Context(), actor(), g.ids["Aiko Tanaka"], role.Viewer))
	must(w.Roster.ChangeRole(t.Context(), actor(), g.ids["Aiko Tanaka"], role.Member))
	must(w.Roster.Remove(t.Context(), actor(), g.ids["Emil Ended"], roster.Removal{}))
	for i := range 9 {
		w.Found(t, priya, fmt.Sprintf("Regional Office %d", i+1), fmt.Sprintf("regional-office-%d", i+1))
	}
	w.SQL(t, `INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
		SELECT gen_random_uuid(), 'Baker Number ' || n, 'baker' || n || '@big.example', 'baker' || n || '@big.example', 'baker number ' || n,
			' baker number ' || n || ' baker' || n || '@big.example' FROM generate_series(1, 120) AS n`)
	seat := func(slug, like string) {
		const members = `FROM roster.users u, roster.organizations o WHERE o.slug = $1 AND u.email_norm LIKE $2`
		w.SQL(t, `INSERT INTO roster.memberships (id, org_id, user_id, joined_through) SELECT gen_random_uuid(), o.id, u.id, 'invitation' `+members, slug, like)
		w.SQL(t, `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT o.id, u.id, 'member' `+members, slug, like)
	}
	seat(big, "baker%")

	// Invitations in every state.
	invite := func(by account.Person, slug, email string, as role.Role) string {
		id := w.Invite(t, by, slug, email, as)
		tokens := w.Tokens(t, mail.KindInvitation, email)
		g.ids[email], g.links[email] = id, tokens[len(tokens)-1]
		return id
	}
	const long = "an.unusually.long.local.part.that.people.really.have@department.of.administrative.affairs.example"
	invite(mara, acme, "sora@new.example", role.Member)
	invite(mara, acme, long, role.Viewer)
	invite(g.people["Jonas Weber"], acme, "pending@partner.example", role.Guest)
	invite(mara, acme, "bounced@nowhere.example", role.Member)
	invite(mara, acme, "late@old.example", role.Member)
	invite(mara, acme, "later@old.example", role.Member)
	invite(g.people["Dana Demoted"], acme, "stuck@new.example", role.Member)
	must(w.Roster.Suspend(t.Context(), actor(), g.ids["Dana Demoted"])) // who demotes her takes her invitations over
	job := publicid.New()
	g.ids["job"] = publicid.Job.Of(job)
	w.SQL(t, `INSERT INTO roster.jobs (org_id, id, kind, started_by, state, total, done, skipped, started_at, finished_at)
		SELECT o.id, $1, 'members.suspend', $2, 'done', 3, 2, 1, now(), now() + interval '1 hour' FROM roster.organizations o WHERE o.slug = $3`, job, mara.ID, acme)
	w.SQL(t, `INSERT INTO roster.job_items (org_id, job_id, n, subject_id, label, state, note, undo)
		SELECT j.org_id, j.id, n, j.id, 'Person ' || n, CASE n WHEN 3 THEN 'skipped' ELSE 'done' END, CASE n WHEN 3 THEN 'Your role is Admin, so you cannot suspend an Owner.' ELSE '' END, CASE n WHEN 3 THEN NULL ELSE j.id END
		  FROM roster.jobs j, generate_series(1, 3) n WHERE j.id = $1`, job)
	invite(mara, acme, "sid@acme.example", role.Member)
	seat(acme, "sid@acme.example")
	w.SQL(t, `UPDATE roster.memberships SET status = 'suspended' WHERE email_norm = 'sid@acme.example'`)
	invite(mara, acme, "withdrawn@old.example", role.Member)
	invite(mara, acme, "twice@new.example", role.Member)
	invite(mara, acme, "reported@new.example", role.Member)
	invite(mara, acme, "tired@new.example", role.Member)
	invite(mara, acme, "otto@elsewhere.example", role.Admin)
	invite(mara, acme, "nadia@new.example", role.Member)
	invite(mara, acme, "newcomer@new.example", role.Member)
	invite(mara, acme, "kim@new.example", role.Admin)
	invite(mara, acme, "lea@new.example", role.Admin)
	w.SQL(t, `UPDATE roster.users SET address_confirmed = false WHERE email_norm IN ('kim@new.example', 'lea@new.example')`)
	w.SQL(t, `INSERT INTO auth.address_codes (user_id, digest, epoch, expires_at)
		SELECT u.id, decode(repeat('00', 32), 'hex'), i.epoch, now() + interval '1 day' FROM roster.users u, auth.instance i WHERE u.email_norm = 'lea@new.example'`)
	invite(mara, acme, "ruth@palmer.example", role.Member)
	g.links["ruth again"] = g.links["ruth@palmer.example"]
	seat(acme, "ruth@palmer.example")
	invite(mara, kestrel, "ruth@palmer.example", role.Viewer)
	g.links["ruth at Kestrel"] = g.links["ruth@palmer.example"]
	g.links["copied"] = w.Link(t, mara, acme, g.ids["sora@new.example"])
	w.SQL(t, `UPDATE roster.invitations SET sent_at = now() - interval '6 minutes' WHERE email_norm IN ('twice@new.example', 'sora@new.example', 'late@old.example')`)
	if _, err := w.Roster.SendAgain(t.Context(), actor(), g.ids["twice@new.example"]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Roster.Revoke(t.Context(), actor(), g.ids["withdrawn@old.example"]); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Roster.Decline(t.Context(), g.people["Ruth Palmer"], g.links["ruth at Kestrel"], false, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	w.SQL(t, `UPDATE roster.invitations SET created_at = now() - interval '9 days', sent_at = now() - interval '9 days', expires_at = now() - interval '2 days' WHERE email_norm IN ('late@old.example', 'later@old.example')`)
	// Somebody's link that was used up, and one who is in already by another way.
	invite(mara, acme, "vic.second@acme.example", role.Member)
	used := w.Link(t, mara, acme, w.Invite(t, mara, acme, "uma@used.example", role.Member))
	uma := w.Person(t, "Uma Used", "uma@used.example")
	if _, err := w.Roster.Join(t.Context(), uma, used, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	g.links["used"] = used

	// Share links, and requests, at Kestrel.
	share := func(what string, form roster.NewJoinLink) {
		link, token, err := w.Roster.MakeJoinLink(t.Context(), w.As(t, mara, kestrel), form)
		if err != nil {
			t.Fatal(err)
		}
		g.ids[what], g.links[what] = link.ID, token
	}
	share("join", roster.NewJoinLink{Role: "viewer", Days: "7"})
	share("ask", roster.NewJoinLink{Role: "member", Days: "0", NeedsApproval: true})
	share("domain", roster.NewJoinLink{Role: "member", Days: "30", Domains: "kestrel.example", Uses: "20"})
	for _, who := range []string{"Otto Outsider", "Leila Haddad"} {
		if err := w.Roster.AskToJoin(t.Context(), g.people[who], g.links["ask"], "I look after the night trains,\nand would like to see the rosters.", rostertest.Trace()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Roster.AskToInvite(t.Context(), w.As(t, g.people["Aiko Tanaka"], kestrel), "tobias@new.example", ""); err != nil {
		t.Fatal(err)
	}
	waiting, err := w.Roster.Requests(t.Context(), w.As(t, mara, kestrel), "", "")
	if err != nil || len(waiting.Rows) != 3 {
		t.Fatalf("%+v, %v", waiting, err)
	}
	g.ids["request to invite"], g.ids["request to join"] = waiting.Rows[0].ID, waiting.Rows[2].ID

	g.main = developing(t, w.Database, "ROSTER_OPERATOR=Acme Hosting", "ROSTER_PRIVACY_URL=https://acme.example/privacy", "ROSTER_HELP_URL=https://acme.example/help")
	suite.Until(t, "every letter is delivered and noted", func() bool {
		return w.Count(t, `SELECT count(*) FROM roster.invitations WHERE state = 'open' AND delivery = 'queued'`) == 0
	})
	w.SQL(t, `UPDATE roster.invitations SET delivery = 'failed', delivery_detail = 'the mailbox does not exist' WHERE email_norm = 'bounced@nowhere.example'`)

	small := rostertest.New(t)
	g.people["Ann Owner"] = small.Ann
	small.Invite(t, small.Ann, rostertest.Acme, "letter@new.example", role.Member)
	g.caught = startSite(t, small.Database, "ROSTER_DEV=1")
	g.handed = startSite(t, small.Database)
	g.links["handed"] = small.Link(t, small.Ann, rostertest.Acme, small.Invite(t, small.Ann, rostertest.Acme, "hand@new.example", role.Member))
	g.links["sign-up"] = operatorLink(t, g.handed, small, "first@new.example")
	g.links["log-in"] = operatorLink(t, g.handed, small, small.Ben.Email)

	g.fails = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'")
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/500":
			rw.Write(static.Problem500)
		case "/503":
			rw.Write(static.Problem503)
		default:
			static.Handler().ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(g.fails.Close)
	return g
}

// operatorLink is what `roster link` prints.
func operatorLink(t *testing.T, s *site, w *rostertest.World, email string) string {
	t.Helper()
	status, out, log := typed(t, append(w.Database.Environ(), "ROSTER_URL="+s.url), "link", email)
	_, at, found := strings.Cut(strings.TrimSpace(out), "\n"+s.url)
	if status != 0 || !found {
		t.Fatalf("link: %d %q %q", status, out, log)
	}
	return at
}

// member is the address of somebody at Acme, and of what can be done with them.
func (g *gallery) member(name, then string) string {
	return "/orgs/" + acme + "/members/" + g.ids[name] + then
}

// looks are all pages in all their states. A route that answers GET and is not among them fails the test.
func (g *gallery) looks() []look {
	const nobody, mara, jonas, vic, gus = "", "Mara Lindqvist", "Jonas Weber", "Vic Adeyemi", "Gus Moreau"
	members, invitations := "/orgs/"+acme+"/members", "/orgs/"+acme+"/invitations"
	kestrelLinks, requests := "/orgs/"+kestrel+"/invitations/links", "/orgs/"+kestrel+"/requests"
	offer := func(of string) string { return "/invitations/" + g.links[of] }
	inMenu := func(about, entry string) func(p *person) {
		return func(p *person) { p.menu(about); p.Follow(entry) }
	}
	undo := func(row string) func(p *person) {
		return func(p *person) { p.Resize(1440, 900); p.PressIn(row, "Undo"); p.NotSeeIn(row, "Undo") }
	}
	looks := []look{
		// The door.
		{name: "landing", at: "/"},
		{name: "log-in", at: "/login", title: "Log in"},
		{name: "log-in-wrong", at: "/login", title: "Error: Log in", do: func(p *person) {
			p.Fill("E-mail", "mara@acme.example")
			p.Fill("Password", "not it")
			p.Press("Log in")
			p.See("There is a problem")
		}},
		{name: "log-in-after-reset", at: "/login?said=reset"},
		{name: "sign-up", at: "/signup", title: "Create an account"},
		{name: "sign-up-errors", at: "/signup", title: "Error: Create an account", do: func(p *person) {
			p.Fill("E-mail", "not an address")
			p.Fill("Password", "short")
			p.Press("Create account")
			p.See("There is a problem")
		}},
		{name: "check-your-mail", who: nobody + "/newcomer", at: "/signup", title: "Check your e-mail", do: func(p *person) {
			p.Fill("Your name", "Wim Waiting")
			p.Fill("E-mail", "wim@waiting.example")
			p.Fill("Password", password)
			p.Press("Create account")
			p.See("wim@waiting.example")
		}},
		{name: "confirm", who: nobody + "/newcomer", at: "/signup", title: "Confirm your e-mail address", do: func(p *person) {
			g.links["confirm"] = g.signUpAs(p, "Cora Confirming", "cora@waiting.example")
			p.Open(g.links["confirm"])
			p.See("This creates the account of Cora Confirming")
		}},
		{name: "confirm-elsewhere", at: "/", do: func(p *person) {
			other := p.site.person(p.t, "Else Where", "else@waiting.example", browsertest.Options{})
			p.Open(g.signUpAs(other, other.name, other.email))
			p.See("You signed up in another browser.")
		}},
		{name: "confirm-used", who: nobody + "/used", at: "/", do: func(p *person) {
			at := g.signUpAs(p, "Ulla Used", "ulla@waiting.example")
			p.Open(at)
			p.Press("Confirm ulla@waiting.example")
			p.Open(at)
			p.See("This link was already used")
		}},
		{name: "confirm-unknown", at: "/signup/confirm/" + strings.Repeat("A", 43)},
		{name: "forgot", at: "/forgot", title: "Forgot your password?"},
		{name: "forgot-sent", at: "/forgot", title: "Check your e-mail", do: func(p *person) {
			p.Fill("E-mail", "leila@acme.example")
			p.Press("Send the link")
			p.See("Check your e-mail")
		}},
		{name: "reset", at: "/forgot", title: "Choose a new password", do: func(p *person) {
			p.Fill("E-mail", "samuel.okafor@acme.example")
			p.Press("Send the link")
			p.Open(linkIn(p.t, p.site.letter(p.t, "samuel.okafor@acme.example", "Choose a new password"), "/reset/"))
			p.See("Choose a new password")
		}},
		{name: "reset-unknown", at: "/reset/" + strings.Repeat("A", 43)},
		{name: "landing-by-invitation", mail: true, at: "/"},
		{name: "sign-up-closed", mail: true, at: "/signup"},
		{name: "forgot-ask", mail: true, at: "/forgot"},
		{name: "sign-up-link", mail: true, at: g.links["sign-up"], title: "Create your account"},
		{name: "log-in-link", mail: true, at: g.links["log-in"]},
		{name: "log-in-link-unknown", mail: true, at: "/login/link/" + strings.Repeat("A", 43)},

		// The invitee.
		{name: "invitee-no-account", at: offer("newcomer@new.example"), do: func(p *person) { p.See("Create account and join") }},
		{name: "invitee-no-account-errors", at: offer("newcomer@new.example"), do: func(p *person) {
			p.Fill("Password", "short")
			p.Press("Create account and join")
			p.See("There is a problem")
		}},
		{name: "invitee-log-in-first", at: offer("otto@elsewhere.example"), do: func(p *person) { p.See("Log in as otto@elsewhere.example to join") }},
		{name: "invitee-copied-link", at: offer("copied"), do: func(p *person) { p.See("This link was handed to you.") }},
		{name: "invitee-handed-over", mail: true, at: offer("handed"), do: func(p *person) { p.See("Create account and join", "or") }},
		{name: "invitee-same-address", who: "Otto Outsider", at: offer("otto@elsewhere.example"), do: func(p *person) { p.See("Join Acme Robotics", "Decline") }},
		{name: "invitee-confirm", who: "Kim Newman", at: offer("kim@new.example"), do: func(p *person) { p.See("an invitation may have been forwarded", "Send the code", "Decline") }},
		{name: "invitee-confirm-wrong", who: "Lea Newman", at: offer("lea@new.example"), do: func(p *person) {
			p.Fill("Code", "12345")
			p.Press("Confirm and join Acme Robotics")
			p.See("There is a problem", "Send a new code")
		}},
		{name: "invitee-other-address", who: "Otto Outsider", at: offer("nadia@new.example"), do: func(p *person) {
			p.See("You are logged in with another address", "otto@elsewhere.example", "nadia@new.example")
		}},
		{name: "invitee-expired", at: offer("late@old.example"), do: func(p *person) { p.See("This invitation was open until") }},
		{name: "invitee-expired-asked", at: offer("later@old.example"), do: func(p *person) {
			p.Press("Ask Mara Lindqvist for a new one")
			p.See("Mara Lindqvist was asked for a new one.")
		}},
		{name: "invitee-cannot-join", at: offer("stuck@new.example"), do: func(p *person) { p.See("Ask for a new invitation") }},
		{name: "invitee-suspended", who: "Sid Suspended", at: offer("sid@acme.example"), do: func(p *person) { p.See("your membership is suspended") }},
		{name: "invitee-revoked", at: offer("withdrawn@old.example"), do: func(p *person) { p.See("This invitation was withdrawn.") }},
		{name: "invitee-replaced", at: offer("twice@new.example"), do: func(p *person) { p.See("There is a newer invitation.") }},
		{name: "invitee-used", at: offer("used"), do: func(p *person) { p.See("This invitation was already used.") }},
		{name: "invitee-already-member", who: "Ruth Palmer", at: offer("ruth again"), do: func(p *person) { p.See("Your role stays.") }},
		{name: "invitee-declined", who: "Ruth Palmer", at: offer("ruth at Kestrel"), do: func(p *person) { p.See("You declined this on") }},
		{name: "invitee-unknown", at: "/invitations/nothing", do: func(p *person) { p.See("This link does not work.") }},
		{name: "report", at: offer("reported@new.example") + "/report", do: func(p *person) { p.See("Report this invitation?") }},
		{name: "reported", at: offer("tired@new.example") + "/report", do: func(p *person) {
			p.Tick("I did not expect this invitation")
			p.Press("Report this invitation")
			p.See("You will not be invited again")
		}},

		// Organizations.
		{name: "welcome", who: "Emil Ended", at: "/welcome", title: "Create your first organization"},
		{name: "welcome-invited", who: "Nadia Newcomer", at: "/welcome", title: "Create your first organization", do: func(p *person) { p.See("Acme Robotics invited you") }},
		{name: "orgs-empty", who: "Nadia Newcomer", at: "/orgs", title: "Your organizations", do: func(p *person) { p.See("You are in no organization yet") }},
		{name: "orgs", who: mara, at: "/orgs", do: func(p *person) { p.See("Lone Lighthouse Company") }},
		{name: "orgs-many", who: "Priya Raman", at: "/orgs", do: func(p *person) { p.See("Regional Office 9") }},
		{name: "orgs-none-found", who: "Priya Raman", at: "/orgs?q=zebra", do: func(p *person) { p.See("No organization matches “zebra”") }},
		{name: "orgs-new", who: mara, at: "/orgs/new", title: "Create an organization"},
		{name: "orgs-new-free", who: mara, at: "/orgs/new", do: func(p *person) {
			p.Fill("Organization name", "Northern Ferries")
			p.See("northern-ferries is free")
		}},
		{name: "orgs-new-taken", who: mara, at: "/orgs/new", title: "Error: Create an organization", do: func(p *person) {
			p.Fill("Organization name", "Acme")
			p.Fill("Address", "acme")
			p.Press("Create organization")
			p.See("There is a problem")
		}},
		{name: "orgs-new-slug", who: mara, at: "/orgs/new/slug?name=Acme&slug=acme"},
		{name: "welcome-invite", who: mara, at: "/orgs/" + alone + "/welcome"},
		{name: "overview", who: mara, at: "/orgs/" + acme, do: func(p *person) { p.See("1 invitation was not delivered", "What happened last") }},
		{name: "overview-first-steps", who: mara, at: "/orgs/" + alone, do: func(p *person) { p.See("First steps") }},
		{name: "overview-guest", who: gus, at: "/orgs/" + acme, do: func(p *person) { p.See("not the other members") }},
		{name: "overview-viewer", who: vic, at: "/orgs/" + acme},
		{name: "switcher", who: mara, at: "/orgs/" + acme, do: func(p *person) { p.Press("Acme Robotics Owner, switch organization"); p.See("Kestrel Labs") }},
		{name: "switcher-many", who: "Priya Raman", at: "/orgs/" + big, do: func(p *person) { p.Press("Big Bakery Owner, switch organization"); p.See("Regional Office 3") }},
		{name: "switcher-invited", who: "Nadia Newcomer", at: "/orgs", do: func(p *person) { p.Press("Organizations"); p.See("Acme Robotics invited you") }},
		{name: "menu-of-oneself", who: mara, at: "/orgs/" + acme, do: func(p *person) { p.Press("Mara Lindqvist mara@acme.example"); p.See("Log out") }},
		{name: "drawer", who: mara, at: "/orgs/" + acme, do: func(p *person) { p.Resize(360, 740); p.Press("Menu"); p.See("Overview") }},
		{name: "shortcuts", who: mara, at: "/orgs/" + acme, do: func(p *person) { p.Key("?"); p.See("Keyboard shortcuts") }},

		// Members.
		{name: "members", who: mara, at: members, do: func(p *person) { p.See("Samuel Okafor", " members, ") }},
		{name: "members-as-viewer", who: vic, at: members, do: func(p *person) { p.NotSee("Invite people") }},
		{name: "members-as-admin", who: jonas, at: members},
		{name: "members-found", who: mara, at: members + "?q=aiko", do: func(p *person) { p.See("1 member matches") }},
		{name: "members-none-found", who: mara, at: members + "?q=weberr", do: func(p *person) { p.See("No member matches “weberr”", "Clear") }},
		{name: "members-filtered", who: mara, at: members + "?sort=-active&active=never&invited_by=" + g.ids["Mara Lindqvist"], do: func(p *person) { p.See("Invited by Mara Lindqvist") }},
		{name: "member-invited", who: mara, at: g.member("Mara Lindqvist", "/invited"), do: func(p *person) { p.See("Who came by Mara Lindqvist") }},
		{name: "members-alone", who: mara, at: "/orgs/" + alone + "/members", do: func(p *person) { p.See("No one else is here yet") }},
		{name: "members-many", who: "Priya Raman", at: "/orgs/" + big + "/members", do: func(p *person) {
			p.Follow("Load 50 more")
			p.See("100 of 121 shown")
		}},
		{name: "members-second-page", who: "Priya Raman", at: "/orgs/" + big + "/members", do: func(p *person) {
			p.Run(`location = document.getElementById('more').href`)
			p.See("Back to the start")
		}},
		// An open menu lies over parts of the rows below.
		{name: "members-menu", who: mara, at: members, do: func(p *person) { p.menu("Samuel Okafor"); p.See("Suspend") }},
		{name: "members-export-menu", who: mara, at: members, do: func(p *person) {
			p.Press("Export")
			p.See("CSV, for spreadsheets", "JSON, for programs")
		}},
		{name: "members-export", who: mara, at: "/orgs/acme/exports?role=member&format=csv", do: func(p *person) { p.See("Everyone who matches", "Export members") }},
		{name: "members-why-locked", who: mara, at: "/orgs/" + kestrel + "/members", do: func(p *person) { p.Press("Only owner: why locked?"); p.See("must always have an owner") }},
		{name: "members-role-saved", who: mara, at: members, do: func(p *person) { p.setRole("Samuel Okafor", "Viewer"); p.SeeIn("Samuel Okafor", "Was Member.") }, tail: undo("Samuel Okafor")},
		{name: "members-role-asked", who: mara, at: members, do: func(p *person) { p.setRole("Noor van Dijk", "Admin"); p.See("Make Noor van Dijk an Admin?") }},
		{name: "members-suspended", who: mara, at: members, do: func(p *person) {
			inMenu("Aiko Tanaka", "Suspend")(p)
			p.Press("Suspend Aiko Tanaka")
			p.SeeIn("aiko@acme.example", "Was active.")
		}, tail: undo("Aiko Tanaka")},
		{name: "members-removed", who: mara, at: members, do: func(p *person) {
			inMenu("Leila Haddad", "Remove from Acme Robotics")(p)
			p.Press("Remove Leila Haddad")
			p.See("Removed Leila Haddad.")
		}, tail: undo("Leila Haddad")},
		{name: "suspend-dialog", who: mara, at: members, do: inMenu("Samuel Okafor", "Suspend")},
		{name: "suspend", who: mara, at: g.member("Samuel Okafor", "/suspend")},
		{name: "remove-dialog", who: mara, at: members, do: inMenu("Jonas Weber", "Remove from Acme Robotics")},
		{name: "remove", who: mara, at: g.member("Jonas Weber", "/remove"), do: func(p *person) { p.See("Remove Jonas Weber from Acme Robotics?", "Also revoke their open invitation") }},
		{name: "leave-dialog", who: mara, at: members, do: inMenu("Mara Lindqvist", "Leave Acme Robotics")},
		{name: "leave", who: vic, at: "/orgs/" + acme + "/leave", do: func(p *person) { p.See("Leave Acme Robotics?") }},
		{name: "leave-refused", who: mara, at: "/orgs/" + kestrel + "/leave", do: func(p *person) { p.See("You cannot leave Kestrel Labs") }},
		{name: "leave-refused-dialog", who: mara, at: "/orgs/" + kestrel + "/members", do: inMenu("Mara Lindqvist", "Leave Kestrel Labs")},
		// The bar lies over a row in part until somebody scrolls.
		{name: "members-selected", who: mara, at: members, do: func(p *person) { p.Tick("Select Samuel Okafor"); p.See("Suspend", "Clear") }},
		{name: "members-all-selected", who: mara, at: members + "?role=viewer&select=all", do: func(p *person) { p.See("that match are selected") }},
		{name: "members-many-asked", who: mara, at: members + "?select=all", do: func(p *person) { p.Press("Remove"); p.See("from Acme Robotics?", "is skipped") }},
		{name: "members-many-role", who: mara, at: members, do: func(p *person) {
			p.Tick("Select Samuel Okafor")
			p.Press("Change role")
			p.See("Change the role of 1 member")
		}},
		{name: "members-many-page", plain: true, who: mara, at: members + "?role=viewer&select=all", do: func(p *person) { p.Press("Suspend"); p.See("will be suspended", "Keep") }},
		{name: "job", who: mara, at: "/orgs/" + acme + "/jobs/" + g.ids["job"], do: func(p *person) { p.See("2 suspended, 1 skipped", "Undo 2 changes") }},
		{name: "members-nobody-selected", who: mara, at: members + "/bulk"},
		{name: "member", who: mara, at: g.member("Aiko Tanaka", ""), do: func(p *person) { p.See("History", "Membership") }},
		{name: "member-oneself", who: mara, at: g.member("Mara Lindqvist", "")},
		{name: "member-only-owner", who: mara, at: "/orgs/" + kestrel + "/members/" + g.ids["Mara at Kestrel"]},
		{name: "member-suspended", who: mara, at: g.member("Ines Carvalho", ""), do: func(p *person) { p.See("Suspended", "Reactivate") }},
		{name: "member-removed", who: mara, at: g.member("Emil Ended", ""), do: func(p *person) { p.See("Removed") }},
		{name: "member-as-viewer", who: vic, at: g.member("Aiko Tanaka", "")},
		{name: "role", who: mara, at: g.member("Aiko Tanaka", "/role"), do: func(p *person) { p.See("Change the role of Aiko Tanaka") }},
		{name: "role-dialog", who: mara, at: g.member("Aiko Tanaka", ""), do: func(p *person) { p.Follow("Change the role"); p.See("Change the role of Aiko Tanaka") }},
		{name: "role-asked", who: mara, at: g.member("Aiko Tanaka", "/role?role=owner"), do: func(p *person) { p.See("Make Aiko Tanaka an Owner?") }},

		// Invitations.
		{name: "invitations", who: mara, at: invitations, do: func(p *person) { p.See("Not delivered", "Expired", "Pending") }},
		{name: "invitations-all", who: mara, at: invitations + "?show=all", do: func(p *person) { p.See("Revoked", "Accepted") }},
		{name: "invitations-empty", who: mara, at: "/orgs/" + alone + "/invitations", do: func(p *person) { p.See("No open invitations") }},
		{name: "invitations-none-declined", who: mara, at: "/orgs/" + alone + "/invitations?show=declined", do: func(p *person) { p.See("No declined invitations") }},
		{name: "invitations-open-form", who: mara, at: invitations, do: func(p *person) { p.Press("What each role can do"); p.Press("Add a personal message") }},
		{name: "invitations-errors", who: mara, at: invitations, title: "Error: Invitations · Acme Robotics", do: func(p *person) {
			p.Fill("E-mail addresses", "nobody at home")
			p.Press("Invite people")
			p.See("There is a problem")
		}},
		{name: "invitations-preview", who: mara, at: invitations, do: func(p *person) {
			p.Fill("E-mail addresses", "new.one@acme.example, NEW.two@ACME.example; aiko@acme.example\nsora@new.example nobody@home new.one@acme.example")
			p.Press("Invite people")
			p.See("Check 6 addresses before inviting")
		}},
		{name: "import", who: mara, at: invitations + "/import", do: func(p *person) {
			p.Run(`fetch('` + invitations + `/template.csv').then(r => r.text())`)
			p.See("Import people")
		}},
		{name: "import-errors", who: mara, at: invitations + "/import", title: "Error: Import people · Acme Robotics", do: func(p *person) {
			p.Fill("Or paste rows (optional)", "nobody|at home")
			p.Press("Check the file")
			p.See("There is a problem", "Row 1 has 1 column")
		}},
		{name: "import-check", who: mara, at: invitations + "/import", do: func(p *person) {
			p.imports()
			p.Run(`fetch(location.pathname + '/problems.csv').then(r => r.text())`)
		}},
		{name: "import-checked", who: mara, at: invitations + "/import", do: func(p *person) {
			p.imports()
			p.Fill("E-mail, row 2", "nobody.else@acme.example")
			p.Press("Check again")
			p.See("1 more row is ready. 2 rows are left to fix.")
		}},
		{name: "import-none-sent", who: mara, at: invitations + "/import", do: func(p *person) {
			p.imports()
			p.Follow("2 Skipped")
			p.See("is already a member")
		}},
		{name: "invitations-sent", who: mara, at: invitations, do: func(p *person) {
			p.Fill("E-mail addresses", "sent@acme.example")
			p.Press("Invite people")
			p.See("Invited sent@acme.example as a Member.")
		}},
		{name: "invitations-not-delivered", who: mara, at: invitations + "?delivery=failed", do: func(p *person) { p.See("Correct") }},
		{name: "invitations-chosen", who: mara, at: invitations, do: func(p *person) { p.Tick("Select all on this page"); p.See("Clear") }},
		{name: "invitations-ask", who: mara, at: invitations, do: func(p *person) {
			p.Tick("Select all on this page")
			p.Press("Revoke")
			p.See("Will be revoked", "You can undo this for 10 minutes.")
		}},
		{name: "invitations-correct", who: mara, at: invitations + "?delivery=failed", do: func(p *person) { p.Follow("Correct"); p.See("Send to this address") }},
		{name: "notifications", who: mara, at: "/account/notifications", title: "Notifications", do: func(p *person) { p.See("Once a day, all in one e-mail.") }},
		{name: "invitations-menu", who: mara, at: invitations, do: func(p *person) { p.menu("sora@new.example"); p.See("Make a link to copy") }},
		{name: "invitations-link", who: mara, at: invitations, do: func(p *person) {
			p.menu("bounced@nowhere.example")
			p.Press("Make a link to copy")
			p.See("It is not shown again.")
		}},
		{name: "invitations-revoked", who: mara, at: invitations, do: func(p *person) {
			p.menu("vic.second@acme.example")
			p.Press("Revoke")
			p.See("Revoked vic.second@acme.example.")
		}},
		{name: "invitation", who: mara, at: invitations + "/" + g.ids["sora@new.example"]},
		{name: "invitation-expired", who: mara, at: invitations + "/" + g.ids["late@old.example"], do: func(p *person) { p.See("Expired") }},
		{name: "invitation-revoked", who: mara, at: invitations + "/" + g.ids["withdrawn@old.example"], do: func(p *person) { p.See("Revoked") }},
		{name: "invitation-link-page", who: mara, at: invitations + "/" + g.ids["late@old.example"], do: func(p *person) { p.Press("Make a link to copy"); p.See("Copy it now.") }},
		{name: "invitations-by-hand", who: "Ann Owner", mail: true, at: "/orgs/acme/invitations", do: func(p *person) { p.See("E-mail is off") }},
		{name: "invitations-links", who: "Ann Owner", mail: true, at: "/orgs/acme/invitations", do: func(p *person) {
			p.Fill("E-mail addresses", "by.hand@new.example")
			p.Press("Invite people")
			p.See("Copy it now.")
		}},

		// Share links and requests.
		{name: "share-links", who: mara, at: kestrelLinks, do: func(p *person) { p.See("Make a share link", "Addresses at kestrel.example") }},
		{name: "share-links-none", who: mara, at: "/orgs/" + alone + "/invitations/links", do: func(p *person) { p.See("No share links") }},
		{name: "share-links-errors", who: mara, at: kestrelLinks, title: "Error: Share links · Kestrel Labs", do: func(p *person) {
			p.Fill("Only addresses at these domains", "no_domain")
			p.Press("Make a link")
			p.See("There is a problem")
		}},
		{name: "share-link", who: mara, at: kestrelLinks + "/" + g.ids["domain"], do: func(p *person) { p.See("0 of 20") }},
		{name: "share-link-shown", who: mara, at: kestrelLinks + "/" + g.ids["domain"], do: func(p *person) { p.Press("Reset the link"); p.See("It is not shown again.") }},
		{name: "requests", who: mara, at: requests, do: func(p *person) { p.See("Otto Outsider", "Asks to invite tobias@new.example") }},
		{name: "requests-none", who: mara, at: "/orgs/" + alone + "/requests", do: func(p *person) { p.See("No requests are waiting") }},
		{name: "requests-declined", who: mara, at: requests, do: func(p *person) {
			p.PressIn("Leila Haddad", "Decline the request of Leila Haddad")
			p.See("Declined the request of Leila Haddad.")
		}},
		{name: "request", who: mara, at: requests + "/" + g.ids["request to join"], do: func(p *person) { p.See("the night trains", "Decline the request") }},
		{name: "request-to-invite", who: mara, at: requests + "/" + g.ids["request to invite"], do: func(p *person) { p.See("Accept and invite") }},
		{name: "ask-to-invite", who: "Aiko Tanaka", at: requests + "/new", do: func(p *person) { p.See("tobias@new.example", "Withdraw") }},
		{name: "members-ask-to-invite", who: "Aiko Tanaka", at: "/orgs/" + kestrel + "/members", do: func(p *person) { p.Press("Ask an admin to invite somebody"); p.See("Ask to invite") }},
		{name: "join-logged-out", at: "/join/" + g.links["join"], do: func(p *person) { p.See("Log in to join", "Sign up to join") }},
		{name: "join", who: "Otto Outsider", at: "/join/" + g.links["join"], do: func(p *person) { p.See("You asked to join on") }},
		{name: "join-in-one-press", who: "Priya Raman", at: "/join/" + g.links["join"], do: func(p *person) { p.See("Join Kestrel Labs as a Viewer") }},
		{name: "join-by-asking", who: "Priya Raman", at: "/join/" + g.links["ask"], do: func(p *person) { p.See("Ask to join Kestrel Labs as a Member") }},
		{name: "join-inside", who: mara, at: "/join/" + g.links["join"], do: func(p *person) { p.See("Your role stays.") }},
		{name: "join-unknown", at: "/join/nothing", do: func(p *person) { p.See("This link does not work.") }},
		{name: "plain-requests", plain: true, who: mara, at: requests},

		// Where no script runs some controls are others.
		{name: "plain-members", plain: true, who: mara, at: members, do: func(p *person) { p.See("Apply") }},
		{name: "plain-members-saved", plain: true, who: mara, at: members, do: func(p *person) {
			p.setRole("Samuel Okafor", "Viewer")
			p.See("Samuel Okafor is now Viewer.")
		}, tail: func(p *person) { p.Press("Undo") }},
		{name: "plain-switcher", plain: true, who: "Priya Raman", at: "/orgs/" + big, do: func(p *person) { p.Press("Big Bakery Owner, switch organization") }},
		{name: "plain-orgs-many", plain: true, who: "Priya Raman", at: "/orgs"},
		{name: "plain-orgs-new", plain: true, who: mara, at: "/orgs/new"},
		{name: "plain-invitations", plain: true, who: mara, at: invitations},
		{name: "plain-invitations-errors", plain: true, who: mara, at: invitations, title: "Error: Invitations · Acme Robotics", do: func(p *person) {
			p.Fill("E-mail addresses", "nobody at home")
			p.Press("Invite people")
			p.See("There is a problem")
		}},
		{name: "plain-invitations-preview", plain: true, who: mara, at: invitations, do: func(p *person) {
			p.Fill("E-mail addresses", "new.one@acme.example, aiko@acme.example, nobody@home")
			p.Press("Invite people")
			p.See("Check 3 addresses before inviting")
		}},
		{name: "plain-invitation-link", plain: true, who: mara, at: invitations + "/" + g.ids["sora@new.example"], do: func(p *person) { p.Press("Make a link to copy"); p.See("Copy it now.") }},
		{name: "plain-appearance", plain: true, who: mara, at: "/account/appearance"},
		{name: "plain-log-in", plain: true, at: "/login"},

		// What is about the person, what went wrong, and the pages of development mode.
		{name: "appearance", who: mara, at: "/account/appearance", title: "Appearance"},
		{name: "400", who: mara, at: members + "?sort=nonsense"},
		{name: "401", who: "Otto Outsider/401", at: "/orgs/new", title: "You are logged out", do: func(p *person) {
			p.Fill("Organization name", "Never Founded")
			other := p.tab()
			other.Open("/orgs")
			other.logOut()
			p.Press("Create organization")
			p.See("You are logged out", "Send again")
		}},
		{name: "403", who: vic, at: invitations, do: func(p *person) { p.See("You cannot", "Your role Viewer does not include", "Ask an owner") }},
		{name: "403-fine", who: jonas, at: g.member("Mara Lindqvist", "/remove"), do: func(p *person) { p.See("only owners change owners and admins") }},
		{name: "404", at: "/no/such/page", do: func(p *person) { p.See("We cannot find that page") }},
		{name: "404-logged-in", who: mara, at: "/orgs/nowhere/members", do: func(p *person) { p.See("We cannot find that page", "Use another account", "Kestrel Labs") }},
		{name: "404-lost-access", who: "Emil Ended", at: "/orgs/" + acme, title: "You no longer have access to Acme Robotics", do: func(p *person) { p.See("You no longer have access to Acme Robotics") }},
		{name: "405", at: "/logout", do: func(p *person) { p.See("That cannot be done at this address") }},
		{name: "409", who: mara, at: g.member("Emil Ended", "/suspend"), do: func(p *person) { p.See("Nothing was changed") }},
		{name: "409-another-person", who: "Samuel Okafor/409", at: "/account/appearance", do: func(p *person) {
			other := p.tab()
			other.Open("/orgs")
			other.logOut()
			other.Open("/login")
			other.email = "noor@vandijk.example"
			other.logIn(rostertest.Password)
			p.Press("Save appearance")
			p.See("You are now logged in as Noor van Dijk. This page was opened by Samuel Okafor. Nothing was changed.")
		}},
		{name: "409-in-the-page", who: mara, at: invitations, do: func(p *person) {
			p.Run(`document.querySelectorAll('#invite [name=_org]').forEach(e => e.remove()); document.body.setAttribute('hx-headers:inherited', '{"Roster-Org":"` + "org_00000000000000000000000000" + `"}')`)
			p.Fill("E-mail addresses", "conflict@acme.example")
			p.Press("Invite people")
			p.See("This address now belongs to another organization")
		}},
		{name: "429", at: "/login", do: func(p *person) {
			for range 10 {
				answer, err := http.PostForm(p.site.url+"/login", url.Values{"email": {"throttled@acme.example"}, "password": {"wrong"}})
				if err != nil {
					p.t.Fatal(err)
				}
				answer.Body.Close()
			}
			p.Fill("E-mail", "throttled@acme.example")
			p.Fill("Password", "wrong")
			p.Press("Log in")
			p.See("Too many tries")
		}},
		{name: "dev-mail", who: "letters", at: "/dev/mail", do: func(p *person) { p.See("invited you to Acme") }},
		{name: "dev-mail-letter", who: "letters", at: "/dev/mail", do: func(p *person) {
			p.FollowIn("letter@new.example", "Ann Owner invited you to Acme")
			p.See("As text", "As HTML")
		}},
		{name: "dev-mail-html", who: "letters", at: "/dev/mail", axe: []string{"landmark-one-main", "region"}, do: func(p *person) {
			p.FollowIn("letter@new.example", "Ann Owner invited you to Acme")
			p.Open(p.URL() + "/html")
			p.See("See the invitation")
		}},
		{name: "dev-gallery", who: "letters", at: "/dev/gallery"},
	}
	for _, name := range components.Names() {
		looks = append(looks, look{name: "dev-gallery-" + name, who: "letters", at: components.Path + "/" + name})
	}
	return looks
}

// imports brings rows of each kind.
func (p *person) imports() {
	p.t.Helper()
	p.Fill("Or paste rows (optional)", "email,name,role,message\nnobody@,No Body\nrec@acme.example,,recruiter\nlink@acme.example,,,see https://x.example\naiko@acme.example\nsora@new.example\n"+
		"an.unusually.long.local.part.with.much.in.it@department.of.administrative.affairs.example,A Person With an Unusually Long Name and a Title\nnew@ACME.example,New One,viewer")
	p.Press("Check the file")
	p.See("Check 7 rows before inviting", "2 invitations are ready.")
}

// signUpAs asks for an account and answers with the link of the letter.
func (g *gallery) signUpAs(p *person, name, email string) string {
	p.Open("/signup")
	p.Fill("Your name", name)
	p.Fill("E-mail", email)
	p.Fill("Password", password)
	p.Press("Create account")
	p.See("Check your e-mail")
	return path(p.t, linkIn(p.t, p.site.letter(p.t, email, "Confirm"), "/signup/confirm/"))
}

// browsers are those of one part of the looks: each person's is opened and logged in once.
type browsers struct {
	t    *testing.T
	g    *gallery
	open map[string]*person
}

// of is the browser of whoever looks.
func (b *browsers) of(t *testing.T, l look) *person {
	t.Helper()
	s := b.g.main
	switch {
	case l.mail:
		s = b.g.handed
	case l.who == "letters":
		s = b.g.caught
	}
	key := fmt.Sprint(s.url, l.who, l.plain)
	p := b.open[key]
	if p == nil {
		name, _, _ := strings.Cut(l.who, "/")
		p = s.person(b.t, name, b.g.people[name].Email, browsertest.Options{Script: !l.plain, Alone: true})
		b.open[key] = p
		if p.email != "" {
			in := p.in(t)
			in.Open("/login")
			in.logIn(rostertest.Password)
		}
	}
	return p.in(t)
}

// Every page and every state of it: the policy forbids nothing, the console is quiet, tabs can be told apart. Light and
// dark, at 360 and 1440 pixels, axe finds nothing; from 320 to 1920 pixels nothing has to be scrolled sideways. A third of
// the states, drawn, is looked at from all these sides: in one of the four windows, at 320 pixels and one width more. With
// ROSTER_SCREENSHOTS pictures are kept there. C164 C167 C174 I91
func TestEveryPage(t *testing.T) {
	t.Parallel()
	browsertest.Start(t)
	g := paint(t)
	looks := g.looks()
	const parts = 2
	t.Run("looks", func(t *testing.T) {
		for part := range parts {
			t.Run(fmt.Sprint("part ", part+1), func(t *testing.T) {
				t.Parallel()
				b := &browsers{t, g, map[string]*person{}}
				for i := part; i < len(looks); i += parts {
					t.Run(looks[i].name, func(t *testing.T) { looks[i].from(t, b) })
				}
			})
		}
	})
	for _, at := range []string{"/500", "/503"} {
		t.Run(at[1:], func(t *testing.T) {
			look{at: at, name: at[1:]}.on(t, &person{Page: browsertest.New(t, browsertest.Options{URL: g.fails.URL, Script: true}), t: t})
		})
	}
	if g.seen.Load() == int64(len(looks)) { // fewer were asked for otherwise
		g.sawEveryRoute(t)
	}
}

// from goes to a page and looks at it from all sides.
func (l look) from(t *testing.T, b *browsers) {
	b.g.seen.Add(1)
	l.on(t, b.of(t, l))
}

// names are those that the titles of an organization's pages end with.
var names = map[string]string{acme: "Acme Robotics", kestrel: "Kestrel Labs", alone: "Lone Lighthouse Company", big: "Big Bakery"}

var inOrganization = regexp.MustCompile(`^/orgs/([^/?#]+)(?:[/?#]|$)`)

func (l look) on(t *testing.T, p *person) {
	p.MayAsk() // the look before may have left something unsaved
	p.Resize(1440, 900)
	p.Look(false)
	p.Open(l.at)
	if l.do != nil {
		l.do(p)
	}
	if l.title != "" {
		p.Title(l.title + " · Roster")
	}
	if at := inOrganization.FindStringSubmatch(p.URL()); at != nil && names[at[1]] != "" && p.site.letters != nil && p.Answered() != http.StatusNotFound {
		p.TitleEnds(" · " + names[at[1]] + " · Roster")
	}
	if l.tail != nil {
		defer l.tail(p)
	}
	shots := os.Getenv("ROSTER_SCREENSHOTS")
	if shots == "" && !suite.All() && suite.Draw(t, "from all sides").IntN(3) > 0 {
		return
	}
	for _, w := range l.windows(t) {
		p.Resize(w.width, w.height)
		p.Look(w.dark)
		p.Run("document.querySelector(':popover-open, dialog:modal') || scrollTo({ top: 0, behavior: 'instant' })") // a bar that stays lies over what is scrolled
		if w.dark && suite.All() {                                                                                  // all else was looked at in the light
			p.AxeColours()
		} else {
			p.Axe(l.axe...)
		}
		if w.width == 1440 || !w.dark {
			p.Screenshot(shots, fmt.Sprintf("%s-%d-%s", l.name, w.width, map[bool]string{false: "light", true: "dark"}[w.dark]))
		}
	}
	widths := []int{320, 321 + suite.Draw(t, "width").IntN(1600)}
	if suite.All() {
		widths = nil
		for width := 320; width <= 1920; width += 20 {
			widths = append(widths, width)
		}
	}
	for _, width := range widths {
		p.Resize(width, 640)
		p.NoSideways()
	}
}

// window is a size of the browser, and the system's colours.
type window struct {
	width, height int
	dark          bool
}

// windows are those that a page is looked at in: one that is drawn or, where everything is tried or pictures are kept, all.
func (l look) windows(t *testing.T) []window {
	t.Helper()
	all := []window{{1440, 900, false}, {1440, 900, true}, {360, 740, true}, {360, 740, false}}
	if os.Getenv("ROSTER_SCREENSHOTS") != "" {
		return all
	}
	return suite.Some(t, all, 1, "window")
}

// A page that was added and is not looked at fails the test. What only htmx asks for counts too.
func (g *gallery) sawEveryRoute(t *testing.T) {
	t.Helper()
	home, err := url.Parse(g.main.url)
	if err != nil {
		t.Fatal(err)
	}
	s, err := web.New(web.Config{URL: home, Dev: true, Key: make([]byte, 32)}, nil, nil, nil, nil, func(context.Context) web.Health { return web.Health{} }, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	seen := []string{"/events"} // a stream, for pages that hear of others
	for _, s := range []*site{g.main, g.caught, g.handed} {
		for _, m := range regexp.MustCompile(`method=GET path=\S+ route=(\S+) `).FindAllStringSubmatch(s.log.text(), -1) {
			seen = append(seen, m[1])
		}
	}
	for _, r := range s.Routes() {
		if strings.HasSuffix(r.Path, ".csv") || strings.HasSuffix(r.Path, ".json") || strings.HasSuffix(r.Path, "/:file") {
			continue // a file, not a page
		}
		if r.Method == http.MethodGet && !slices.Contains(seen, r.Path) {
			t.Errorf("no look shows %s", r.Path)
		}
	}
}
