package web_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
)

// inside are the words of what is behind the pages: of the database, its driver, and the program.
var inside = regexp.MustCompile(`(?i)sqlstate|constraint|violates|duplicate key|syntax error|\bpgx|pgconn|relation "|column "|goroutine|runtime error|\.go:\d|nil pointer|stack trace|invalid input|roster\.(users|memberships|organizations|invitations)|_pkey|_key\b|deadlock|scan error|cannot unmarshal|strconv`)

// insideParts are in everything that inside finds; looking for them first saves reading most pages.
var insideParts = []string{"sqlstate", "constraint", "violates", "duplicate", "syntax", "pgx", "pgconn", `relation "`, "relation &#34;", `column "`, "column &#34;", "routine", "runtime", ".go:", "pointer", "trace", "invalid", "roster.users", "roster.memberships", "roster.organizations", "roster.invitations", "_pkey", "_key", "deadlock", "scan", "unmarshal", "strconv"}

func mayBeInside(raw string) bool {
	raw = strings.ToLower(raw)
	return slices.ContainsFunc(insideParts, func(part string) bool { return strings.Contains(raw, part) })
}

// isClear fails the test unless an answer is one that people can be given: it tells nothing of the inside, and a refusal is a
// page with a heading, or a note where htmx asked.
func (p *page) isClear(what string) {
	p.t.Helper()
	if p.status >= 500 {
		p.t.Errorf("%s: status %d\n%s", what, p.status, p.text())
	}
	if mayBeInside(p.raw) {
		if found := inside.FindString(p.text()); found != "" {
			p.t.Errorf("%s: the answer says %q\n%s", what, found, p.text())
		}
	}
	if p.status >= 400 && len(p.all("h1", "", ""))+len(p.all("h2", "", ""))+len(p.all("", "class", "field__error")) == 0 {
		p.t.Errorf("%s: status %d without words: %q", what, p.status, p.raw)
	}
}

// posts are all routes that change something, filled in, with the browser of somebody who may.
func (l *law) posts() map[string]posting {
	l.t.Helper()
	all := map[string]posting{}
	ann := l.as(l.Ann)
	for _, r := range l.Web.Routes() {
		line := r.Method + " " + r.Path
		switch c := routeCases[line]; {
		case r.Method != http.MethodPost:
		case isInside(r):
			to := l.at(r.Path, rostertest.Acme, l.Ann)
			if len(to.form) == 0 {
				to.form = url.Values{"next": {"/orgs/acme/members"}}
			}
			all[line] = posting{ann, to}
		case c.by == nil:
			l.t.Errorf("%s has no case: say what is posted there", line)
		default:
			who, to := c.by(l)
			b := l.visitor()
			if who.ID != uuid.Nil {
				b = l.as(who)
			}
			all[line] = posting{b, to}
		}
	}
	return all
}

// posting is somebody who sends a form somewhere.
type posting struct {
	b  *browser
	to aim
}

// TestWhatNoPageSendsIsRefused sends to every route what no browser sends from a page of ours: two values for one field, NUL,
// broken text, too much, other kinds of content. Each is refused before anything is done. I97 I104 I19
func TestWhatNoPageSendsIsRefused(t *testing.T) {
	t.Parallel()
	l := obey(t)
	for line, c := range l.posts() {
		body := c.to.form.Encode()
		field := slices.Sorted(maps.Keys(c.to.form))[0]
		many := make([]string, 0, 201)
		for i := range 201 {
			many = append(many, fmt.Sprintf("f%d=1", i))
		}
		l.unchanged(line, usedLast, func() {
			for _, bad := range []struct {
				what, query, body string
				status            int
				headers           []string
			}{
				{"two values for a field", "", body + "&" + field + "=other", 400, nil},
				{"the same value twice", "", body + "&" + field + "=" + url.QueryEscape(c.to.form.Get(field)), 400, nil},
				{"two values for a mark", "", body + "&_person=a&_person=b", 400, nil},
				{"a field in the address too", "?" + field + "=other", body, 400, nil},
				{"NUL in a value", "", body + "&z=a%00b", 400, nil},
				{"NUL in a name", "", body + "&z%00=a", 400, nil},
				{"broken UTF-8 in a value", "", body + "&z=%ff%fe", 400, nil},
				{"broken UTF-8 in a name", "", body + "&%c3%28=a", 400, nil},
				{"half a surrogate", "", body + "&z=%ed%a0%80", 400, nil},
				{"an overlong slash", "", body + "&z=%c0%af", 400, nil},
				{"a broken escape", "", body + "&z=%zz", 400, nil},
				{"a semicolon between fields", "", body + ";z=1", 400, nil},
				{"NUL in the address", "?z=%00", body, 400, nil},
				{"a method in the form", "", body + "&_method=DELETE", 400, nil},
				{"a method in a header", "", body, 400, []string{"X-HTTP-Method-Override", "PUT"}},
				{"too much", "", body + "&z=" + strings.Repeat("x", 64<<10), 413, nil},
				{"too many fields", "", body + "&" + strings.Join(many, "&"), 413, nil},
				{"JSON", "", `{"role":"owner"}`, 415, []string{"Content-Type", "application/json"}},
				{"JSON as plain text", "", `{"role":"owner"}`, 415, []string{"Content-Type", "text/plain"}},
				{"XML", "", `<a/>`, 415, []string{"Content-Type", "application/xml"}},
				{"no content type", "", body, 415, []string{"Content-Type", ""}},
				{"another charset", "", body, 415, []string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-16"}},
				{"parts", "", "--x\r\nContent-Disposition: form-data; name=\"role\"\r\n\r\nowner\r\n--x--\r\n", 415, []string{"Content-Type", "multipart/form-data; boundary=x"}},
				{"from elsewhere", "", body, 403, []string{"Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"}},
				{"from a neighbour", "", body, 403, []string{"Origin", "https://evil." + strings.TrimPrefix(l.URL, "http://"), "Sec-Fetch-Site", "same-site"}},
			} {
				if bad.what == "parts" && line == "POST /orgs/:org/invitations/import" {
					bad.status = http.StatusUnprocessableEntity // it takes files, and this is none
				}
				what := line + " with " + bad.what
				p := c.b.sendRaw(http.MethodPost, c.to.path+bad.query, strings.NewReader(bad.body), append([]string{"Sec-Fetch-Site", "same-origin"}, bad.headers...))
				p.isClear(what)
				if p.status != bad.status {
					t.Errorf("%s: status %d, want %d\n%s", what, p.status, bad.status, p.text())
				}
			}
			// The same where the length is not told.
			p := c.b.sendRaw(http.MethodPost, c.to.path, io.MultiReader(strings.NewReader(body), strings.NewReader("&z="+strings.Repeat("x", 64<<10))), []string{"Sec-Fetch-Site", "same-origin"})
			if p.status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s with too much, without its length: status %d, want 413", line, p.status)
			}
		})
	}
	// Addresses are read as strictly.
	b := l.as(l.Ann)
	for line := range needs {
		route, ok := strings.CutPrefix(line, "GET ")
		if !ok {
			continue
		}
		to := l.at(route, rostertest.Acme, l.Ann)
		l.unchanged(line, usedLast, func() {
			for _, query := range []string{"?q=a&q=b", "?q=%00", "?q=%ff", "?q=%zz", "?q=a;b=c", "?%00=a", "?after=a&after=a", "?_method=POST"} {
				for _, p := range []*page{b.get(to.path + query), b.piece(http.MethodGet, to.path+query, nil)} {
					p.isClear(line + query)
					if p.status != http.StatusBadRequest {
						t.Errorf("%s%s: status %d, want 400", line, query, p.status)
					}
				}
			}
		})
	}
}

// sendRaw sends a body as it is.
func (b *browser) sendRaw(method, path string, body io.Reader, headers []string) *page {
	t := b.site.t
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.site.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.site.URL)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	answer, err := b.client.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, path: path, status: answer.StatusCode, header: answer.Header, raw: string(raw), location: answer.Header.Get("Location")}
	return p
}

// TestEveryFieldIsJudged sends to each field of each form what does not belong there: it is said, in words, what is wrong;
// what was typed comes back, but for passwords; and nothing is changed. I137
func TestEveryFieldIsJudged(t *testing.T) {
	t.Parallel()
	l := obey(t)
	_, mem := l.someone(rostertest.Acme, role.Viewer)
	inv := l.waiting(rostertest.Acme)
	k := l.links()
	ann, nobody := l.as(l.Ann), l.visitor()
	long := strings.Repeat("x", 10_000)
	addresses := make([]string, 501)
	for i := range addresses {
		addresses[i] = fmt.Sprintf("a%d@b.example", i)
	}
	invite := url.Values{"emails": {"new@elsewhere.example"}, "role": {"member"}, "days": {"7"}, "message": {""}, "submission": {uuid.NewString()}}
	found := url.Values{"name": {"Sunrise"}, "slug": {"sunrise"}, "submission": {uuid.NewString()}}
	signUp := url.Values{"name": {"Mo"}, "email": {"mo@later.example"}, "password": {"seven lamps in a quiet room"}}
	logIn := url.Values{"email": {l.Ann.Email}, "password": {rostertest.Password}}
	const rlo = "\u202E"
	for _, form := range []struct {
		what  string
		b     *browser
		path  string
		valid url.Values
		bad   map[string][]string // field: values, each followed by what is said
	}{
		{"found an organization", ann, paths.Orgs, found, map[string][]string{
			"name": {"", "Enter a name for the organization.", "   ", "Enter a name", long, "Use at most 64 characters.", "Acme" + rlo + "gnp", "Leave out control characters.", "A\u200Bcme", "Leave out control characters.",
				"…!", "Use at least one letter or digit.", strings.Repeat("é", 65), "Use at most 64 characters.", "A\u2028B\u0007", "Leave out control characters."},
			"slug": {"a", "Use 2 to 39 small letters", strings.Repeat("a", 40), "Use 2 to 39", long, "Use 2 to 39", "аcme", "Use 2 to 39", "аcмe", "Use 2 to 39", "a--b", "Use 2 to 39", "-ab", "Use 2 to 39", "ab-", "Use 2 to 39",
				"a b", "Use 2 to 39", "a_b", "Use 2 to 39", "a/b", "Use 2 to 39", "../x", "Use 2 to 39", "ａｃｍｅ", "Use 2 to 39", "acme\u200d", "Use 2 to 39", "xn--80ak6aa92e", "Use 2 to 39", "<script>", "Use 2 to 39", "a%2fb", "Use 2 to 39", "ab\ncd", "Use 2 to 39",
				"admin", "is reserved", "new", "is reserved", "acme", "That address is taken", "ACME", "That address is taken"},
		}},
		{"invite", ann, paths.Invitations(rostertest.Acme), invite, map[string][]string{
			"emails": {"", "Enter at least one e-mail address.", "   \n ", "Enter at least one", "nobody", "", "a@b@c.example", "", "ann@acme.example", "", "x@", "", "@x.example", "", strings.Join(addresses, " "), "Enter at most 500 addresses",
				"a" + rlo + "@b.example", "", "\"a b\"@b.example", "", "a@-b.example", "", "a@b..example", ""},
			"role":    {"", "Choose one of the roles", "owner", "", "king", "Choose one of the roles", "Member", "Choose one of the roles", "member,owner", "Choose one of the roles", long, "Choose one of the roles", "member\u200b", "Choose one of the roles"},
			"days":    {"0", "Choose one of the times", "3", "Choose one of the times", "-1", "Choose one of the times", "x", "Choose one of the times", "7.0", "Choose one of the times", "1e1", "Choose one of the times", strings.Repeat("9", 40), "Choose one of the times", "31", "Choose one of the times"},
			"message": {long, "500 characters", strings.Repeat("ü", 501), "500 characters", "See https://elsewhere.example/x", "", "www.elsewhere.example", "", "a" + rlo + "b", ""},
		}},
		{"change a role", ann, paths.ChangeRole(rostertest.Acme, mem), url.Values{"role": {"guest"}, "confirmed": {"1"}}, map[string][]string{
			"role": {"", "Choose one of the roles", "king", "Choose one of the roles", "Owner", "Choose one of the roles", "guest,owner", "Choose one of the roles", long, "Choose one of the roles", "'; DROP TABLE", "Choose one of the roles"},
		}},
		{"change an invitation's role", ann, paths.InvitationRole(rostertest.Acme, inv), url.Values{"role": {"guest"}}, map[string][]string{
			"role": {"", "", "king", "", "owner", "", long, ""},
		}},
		{"appearance", ann, paths.Appearance, url.Values{"theme": {"dark"}}, map[string][]string{"theme": {"", "", "pink", "", long, ""}}},
		{"log in", nobody, paths.LogIn, logIn, map[string][]string{
			"email":    {"", "e-mail", "nobody", "e-mail", long, "e-mail", "a@b@c.example", "e-mail", "ann@" + rlo + "acme.example", "Did you mean ann@acme.example?", "ann@acme.example, ben@acme.example", "e-mail", "a\r\nBcc: b@c.example", "e-mail"},
			"password": {"", "do not match", long, "do not match", "wrong", "do not match", " " + rostertest.Password, "do not match", strings.ToUpper(rostertest.Password), "do not match", rostertest.Password + "x", "do not match"},
		}},
		{"sign up", nobody, paths.SignUp, signUp, map[string][]string{
			"name":     {"", "Enter your name", long, "Use at most 100 characters", "Mo\nEarly", "Leave line breaks", "Mo\r\nBcc: x@y.example", "Leave line breaks", "Mo" + rlo + "ylraE", "Leave line breaks", "\u200b", "Leave line breaks", strings.Repeat("é", 101), "Use at most 100"},
			"email":    {"", "e-mail", "nobody", "e-mail", long + "@b.example", "e-mail", "a@b.example\r\nBcc: c@d.example", "e-mail", "Mo <mo@later.example>", "", "mo@localhost", "", "mo@[127.0.0.1]", ""},
			"password": {"", "12", "sh0rtpw", "12", "password1234", "", "aaaaaaaaaaaa", "", long, ""},
		}},
		{"forgot", nobody, paths.Forgot, url.Values{"email": {l.Ann.Email}}, map[string][]string{"email": {"", "e-mail", "nobody", "e-mail", long, "e-mail", "a@b.example\nBcc: c@d.example", "e-mail"}}},
		{"a new password", nobody, k.reset, url.Values{"password": {"eleven lamps in a loud room"}}, map[string][]string{"password": {"", "12", "sh0rtpw", "12", long, "", "password1234", ""}}},
		{"an account for an invitation", nobody, k.mailed + "/accept", url.Values{"name": {"Lin"}, "password": {rostertest.Password}}, map[string][]string{
			"name": {"", "Enter your name", long, "100 characters", "Lin\nX", "Leave line breaks", "Lin" + rlo + "x", "Leave line breaks"}, "password": {"", "12", "sh0rtpw", "12", long, ""},
		}},
		{"an account handed over", nobody, k.handed, url.Values{"name": {"Ola"}, "password": {rostertest.Password}}, map[string][]string{
			"name": {"", "Enter your name", long, "100 characters", "Ola\nX", "Leave line breaks"}, "password": {"", "12", "sh0rtpw", "12", long, ""},
		}},
	} {
		for field, cases := range form.bad {
			for i := 0; i+1 < len(cases); i += 2 {
				value, said := cases[i], cases[i+1]
				what := fmt.Sprintf("%s: %s is %.40q", form.what, field, value)
				values := maps.Clone(form.valid)
				values.Set(field, value)
				l.SQL(t, "DELETE FROM auth.attempts") // tries are counted elsewhere, and those that failed are in the account's own log
				before := l.digest(usedLast...)
				answers := []*page{form.b.post(form.path, values)}
				if strings.HasPrefix(form.path, "/orgs/") { // the others have no piece
					answers = append(answers, form.b.piece(http.MethodPost, form.path, values))
				}
				for _, p := range answers {
					p.isClear(what)
					if p.status != http.StatusUnprocessableEntity {
						t.Errorf("%s: status %d, want 422\n%s", what, p.status, p.text())
						continue
					}
					if !strings.Contains(p.text(), said) {
						t.Errorf("%s does not say %q, but\n%s", what, said, p.text())
					}
					for name, typed := range values {
						if name == "password" {
							if typed[0] != "" && len(typed[0]) > 4 && strings.Contains(p.raw, typed[0]) {
								t.Errorf("%s: the password comes back", what)
							}
							continue
						}
						if found := p.all("", "name", name); len(found) > 0 && (found[0].Data == "textarea" || found[0].Data == "input") {
							if kind, _ := attribute(found[0], "type"); kind == "radio" || kind == "checkbox" {
								continue
							}
							if got := p.value(name); strings.TrimSpace(strings.ReplaceAll(got, "\r\n", "\n")) != strings.TrimSpace(strings.ReplaceAll(typed[0], "\r\n", "\n")) {
								t.Errorf("%s: %s comes back as %.60q, want %.60q", what, name, got, typed[0])
							}
						}
					}
				}
				after := l.digest(usedLast...)
				for table := range before {
					if before[table] != after[table] && table != "auth.attempts" && table != "auth.refused_tries" {
						t.Errorf("%s: %s has changed", what, table)
					}
				}
			}
		}
	}
}

// TestOddThingsInFormsBreakNothing takes every form off every page of the owner, and puts into each of its fields, one after
// another, what is odd, some of which is drawn: it is done or refused, never answered with a fault of ours, and a refusal changes nothing. I19
func TestOddThingsInFormsBreakNothing(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.waiting(rostertest.Acme)
	b := l.as(l.Ann)
	type odd struct {
		action string
		form   url.Values
	}
	found := map[string]odd{}
	id := regexp.MustCompile(`[a-z]{3}_[0-9a-z]{26}`)
	l.crawl(b, paths.Org(rostertest.Acme), func(p *page, _ bool) {
		for _, f := range p.all("form", "method", "post") {
			action, _ := attribute(f, "action")
			if values := fields(f); !strings.HasPrefix(p.path, paths.Gallery) && action != paths.LogOut {
				found[id.ReplaceAllString(action, "")+" "+strings.Join(slices.Sorted(maps.Keys(values)), " ")] = odd{action, values}
			}
		}
	})
	values := suite.Some(t, []string{"", "0", "-1", "999999999999999999999", "null", "[]", "'", `"`, "%", "../../etc/passwd", "';SELECT pg_sleep(9)--", "\t\r\n", "\u200f\u202e", strings.Repeat("😀", 500), strings.Repeat("a", 20_000),
		uuid.NewString(), publicid.Membership.Of(publicid.New()), "owner", "//elsewhere.example", "NaN"}, 8, "values")
	before := l.digest(usedLast...)
	for _, key := range slices.Sorted(maps.Keys(found)) {
		one := found[key]
		for _, name := range slices.Sorted(maps.Keys(one.form)) {
			for _, value := range values {
				form := maps.Clone(one.form)
				form.Set(name, value)
				what := fmt.Sprintf("%s with %s=%.30q", one.action, name, value)
				p := b.post(one.action, form)
				p.isClear(what)
				if p.location != "" && (!strings.HasPrefix(p.location, "/") || strings.HasPrefix(p.location, "//")) {
					t.Errorf("%s leads to %q", what, p.location)
				}
				after := l.digest(usedLast...)
				for table := range before {
					if p.status >= 400 && before[table] != after[table] {
						t.Errorf("%s is refused with %d, and %s has changed", what, p.status, table)
					}
				}
				before = after
			}
		}
	}
}

// TestDamagedCursors turns bits of every cursor, in two kinds in every place: the answer is a list of this organization, or that the link is damaged.
// I18
func TestDamagedCursors(t *testing.T) {
	t.Parallel()
	l := obey(t)
	l.crowd()
	l.crowd2()
	b := l.as(l.Ann)
	tried := 0
	for n, c := range []struct{ path, name string }{
		{paths.Members(rostertest.Acme), "after"}, {paths.Members(rostertest.Acme) + "?sort=joined", "after"}, {paths.Members(rostertest.Acme) + "?sort=-name", "after"},
		{paths.Invitations(rostertest.Acme) + "?show=all", "after"}, {paths.Member(rostertest.Acme, l.Membership(t, l.Cem, rostertest.Acme)), "before"},
		{paths.Members(rostertest.Acme) + "?sort=role", "after"}, {paths.Members(rostertest.Acme) + "?sort=-active", "after"}, {paths.Invitations(rostertest.Acme) + "?q=many", "after"},
	} {
		cursor := ""
		for _, a := range b.get(c.path).says(200).all("a", "href", "") {
			href, _ := attribute(a, "href")
			if u, err := url.Parse(href); err == nil && u.Query().Get(c.name) != "" {
				cursor = u.Query().Get(c.name)
			}
		}
		if cursor == "" {
			t.Errorf("%s has no next page: nothing is tried", c.path)
			continue
		}
		with := func(value string) string {
			sep := "?"
			if strings.Contains(c.path, "?") {
				sep = "&"
			}
			return c.path + sep + c.name + "=" + url.QueryEscape(value)
		}
		b.get(with(cursor)).says(200)
		values := []string{cursor + "A", cursor[1:], cursor[:len(cursor)-1], strings.ToUpper(cursor), "x", "0", "%", strings.Repeat("A", 10_000), cursor + cursor, "'", "AAAAAAAAAAAAAAAAAAAAAA", cursor + "=", " " + cursor + "\n!"}
		for i := range cursor {
			if n > 1 && i%3 != (n-2)%3 { // the first of a name and the first of a time in every place, the others in a third
				continue
			}
			damaged := []byte(cursor)
			damaged[i] ^= []byte{1, 2, 16}[i%3]
			values = append(values, string(damaged))
		}
		l.unchanged(c.path, usedLast, func() {
			for _, value := range values {
				path := with(value)
				p := b.get(path)
				if tried++; tried%3 == 0 {
					p = b.piece(http.MethodGet, path, nil)
				}
				p.isClear(path)
				if p.status != http.StatusOK && p.status != http.StatusBadRequest {
					t.Errorf("%s: status %d", path, p.status)
				}
				if strings.Contains(p.raw, "Zoe") || strings.Contains(p.raw, "other.example") {
					t.Errorf("%s shows people of Other", path)
				}
			}
		})
	}
}

// crowd2 adds more invitations than a page holds.
func (l *law) crowd2() {
	l.t.Helper()
	var addresses []string
	for i := range 60 {
		addresses = append(addresses, fmt.Sprintf("many%d@elsewhere.example", i))
	}
	b := l.as(l.Ann)
	if p := b.post(paths.Invitations(rostertest.Acme), url.Values{"emails": {strings.Join(addresses, ",")}, "role": {"member"}, "preview": {"no"}}); p.status != http.StatusSeeOther {
		l.t.Fatalf("invite: status %d\n%s", p.status, p.text())
	}
}

// TestLinksThatNeverWereLookAlike: whatever stands where a secret belongs, the page is the same, for looking and for
// pressing, and nothing is changed. I58 without slowing
func TestLinksThatNeverWereLookAlike(t *testing.T) {
	t.Parallel()
	l := obey(t)
	k := l.links()
	token := k.mailed[len(paths.InvitesStart):]
	never := []string{"x", "0", strings.Repeat("A", 43), strings.Repeat("A", 64), token[:len(token)-1], token + "A", token[:20] + "AAAA" + token[24:], strings.ToUpper(token), "inv_x", "inv_00000000000000000000000000", "%20", "..%2e", "null",
		strings.Repeat("z", 5000), "%F0%9F%98%80", "-", "_", "'", `%22%3E%3Cscript%3E`, publicid.Invitation.Of(publicid.New()), publicid.Organization.Of(publicid.New()), k.confirm[len(paths.Confirm):], k.reset[len(paths.ResetStart):]}
	ann := l.as(l.Ann)
	for _, c := range []struct {
		method, start, end string
	}{{"GET", paths.InvitesStart, ""}, {"POST", paths.InvitesStart, "/accept"}, {"POST", paths.InvitesStart, "/decline"}, {"POST", paths.InvitesStart, "/renew"}, {"GET", paths.InvitesStart, "/report"}, {"POST", paths.InvitesStart, "/report"}} {
		l.unchanged(c.start+c.end, usedLast, func() {
			first := ""
			for _, one := range never {
				p := ann.sendTo(c.method, aim{c.start + one + c.end, url.Values{"name": {"X"}, "password": {rostertest.Password}, "unexpected": {"on"}}})
				what := c.method + " " + c.start + one + c.end
				p.isClear(what)
				if p.status != http.StatusNotFound {
					t.Errorf("%.100s: status %d, want 404\n%s", what, p.status, p.text())
					continue
				}
				if got := p.says(404, "This link does not work").text(); first == "" {
					first = got
				} else if got != first {
					t.Errorf("%.100s says\n%s\nand another\n%s", what, got, first)
				}
			}
		})
	}
	nobody := l.visitor()
	for _, start := range []string{paths.Confirm, paths.ResetStart, paths.LoginLink} {
		l.unchanged(start, nil, func() {
			for _, one := range never {
				if strings.HasPrefix(k.confirm, start+one) || strings.HasPrefix(k.reset, start+one) || strings.Contains(one, "..") {
					continue
				}
				for _, p := range []*page{nobody.get(start + one), nobody.post(start+one, url.Values{"name": {"X"}, "password": {rostertest.Password}})} {
					p.isClear(start + one)
					if p.status != http.StatusNotFound {
						t.Errorf("%s%.60s: status %d, want 404\n%s", start, one, p.status, p.text())
					}
				}
			}
		})
	}
}

// TestRulesOfTheDatabaseAreToldInWords runs into every rule that only the database keeps, alone and many at once: people hear
// a sentence, never the rule. I19
func TestRulesOfTheDatabaseAreToldInWords(t *testing.T) {
	t.Parallel()
	l := obey(t)
	b := l.as(l.Ann)
	together := func(what string, n int, ask func(i int) *page, statuses ...int) map[int]int {
		t.Helper()
		answers := make([]*page, n)
		rostertest.Together(n, func(i int) { answers[i] = ask(i) })
		counted := map[int]int{}
		for _, p := range answers {
			p.isClear(what)
			counted[p.status]++
			if !slices.Contains(statuses, p.status) {
				t.Errorf("%s: status %d, want one of %v\n%s", what, p.status, statuses, p.text())
			}
		}
		return counted
	}
	got := together("one address for many organizations", 4, func(i int) *page {
		return b.post(paths.Orgs, url.Values{"name": {fmt.Sprintf("Sunrise %d", i)}, "slug": {"sunrise"}, "submission": {uuid.NewString()}})
	}, 303, 422)
	if got[303] != 1 {
		t.Errorf("one address was given %d times", got[303])
	}
	together("one person invited many times", 4, func(int) *page {
		return b.post(paths.Invitations(rostertest.Acme), url.Values{"emails": {"one@elsewhere.example"}, "role": {"member"}, "preview": {"no"}})
	}, 303, 422, 409)
	if n := l.Count(t, "SELECT count(*) FROM roster.invitations WHERE email = 'one@elsewhere.example'"); n != 1 {
		t.Errorf("%d invitations of one person", n)
	}
	evt := l.change(rostertest.Acme, l.Ann)
	got = together("undoing one change many times", 4, func(int) *page { return b.post(paths.Undo(rostertest.Acme, evt), nil) }, 303, 409)
	if got[303] != 1 {
		t.Errorf("one change was undone %d times", got[303])
	}
	together("the only owner steps down", 4, func(int) *page {
		return b.post(paths.ChangeRole(rostertest.Acme, l.Membership(t, l.Ann, rostertest.Acme)), url.Values{"role": {"guest"}, "confirmed": {"1"}})
	}, 409)
	together("the only owner suspends themselves", 2, func(int) *page {
		return b.post(paths.Suspend(rostertest.Acme, l.Membership(t, l.Ann, rostertest.Acme)), nil)
	}, 403, 409)
	together("the only owner leaves", 4, func(int) *page { return b.post(paths.Leave(rostertest.Acme), nil) }, 409)
	_, mem := l.someone(rostertest.Acme, role.Viewer)
	together("removing one member many times", 4, func(int) *page { return b.post(paths.Remove(rostertest.Acme, mem), nil) }, 303, 409)
	together("changing who is gone", 3, func(int) *page {
		return b.post(paths.ChangeRole(rostertest.Acme, mem), url.Values{"role": {"guest"}, "confirmed": {"1"}})
	}, 409)
	inv := l.waiting(rostertest.Acme)
	together("revoking one invitation many times", 4, func(int) *page { return b.post(paths.Revoke(rostertest.Acme, inv), nil) }, 303, 409)
	together("changing what was revoked", 3, func(i int) *page {
		return b.post([]string{paths.SendAgain(rostertest.Acme, inv), paths.MakeLink(rostertest.Acme, inv), paths.InvitationRole(rostertest.Acme, inv)}[i], url.Values{"role": {"guest"}})
	}, 409)
	link := paths.Accept(l.Link(t, l.Ann, rostertest.Acme, l.Invite(t, l.Ann, rostertest.Acme, l.Zoe.Email, role.Member)))
	zoe := l.as(l.Zoe)
	together("joining many times", 4, func(int) *page { return zoe.post(link, nil) }, 303, 409)
	if n := l.Count(t, "SELECT count(*) FROM roster.memberships WHERE user_id = $1 AND org_id = $2", l.Zoe.ID, l.orgID(rostertest.Acme)); n != 1 {
		t.Errorf("%d memberships", n)
	}
}

// TestLongQuestionsHaveAnswers searches and checks with far more than anybody types, and with what a search might take for its
// own signs.
func TestLongQuestionsHaveAnswers(t *testing.T) {
	t.Parallel()
	l := obey(t)
	b := l.as(l.Ann)
	for _, q := range []string{strings.Repeat("x", 10_000), strings.Repeat("ab ", 3000), strings.Repeat("é", 5000), "%", "_", "\\", "%%%", "a%b_c\\d", "'; DROP TABLE people; --", "\u202Eann", "<script>alert(1)</script>", "ann\tben\nvic", "(((", "***", "ann & ben | !vic", `"`, "\u200b", "İ", "ﬁ", "  ", "\U0010ffff"} {
		for _, path := range []string{paths.Members(rostertest.Acme) + "?q=", paths.Members(rostertest.Acme) + "?sort=-joined&role=member&status=active&q=", paths.Orgs + "?q=", paths.CheckSlug + "?name=", paths.CheckSlug + "?name=a&slug="} {
			what := fmt.Sprintf("%s%.30q", path, q)
			l.unchanged(what, usedLast, func() {
				for _, p := range []*page{b.get(path + url.QueryEscape(q)), b.piece(http.MethodGet, path+url.QueryEscape(q), nil)} {
					p.isClear(what)
					if p.status != http.StatusOK && p.status != http.StatusBadRequest && p.status != http.StatusUnprocessableEntity {
						t.Errorf("%s: status %d", what, p.status)
					}
					if strings.Contains(p.raw, "Zoe Elsewhere") {
						t.Errorf("%s shows people of Other", what)
					}
				}
			})
		}
	}
	for _, path := range []string{"?role=king", "?role=owner%2Cadmin", "?status=dead", "?sort=password", "?sort=name%3B--", "?shown=-1", "?shown=x", "?shown=99999999999999999999"} {
		b.get(paths.Members(rostertest.Acme)+path).says(400, "This link is damaged.")
	}
	b.get(paths.Invitations(rostertest.Acme) + "?show=king").says(400)
}
