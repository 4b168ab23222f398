package roster

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"roster/db/rosterdb"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
)

// I13 I53: an invitation's token has one spelling; whatever text is read as one is its own, and says which organization
// to look in. A public id is never read as a token, nor a token as a public id.
func FuzzParseToken(f *testing.F) {
	good := newToken(uuid.MustParse("0190a5d0-ac96-774b-bcce-b302099a8057")).text
	for _, s := range []string{good, good + "\n", "\r\n" + good, good[:10] + "\n" + good[10:], good + "=", good[:63], good + "AAAA", strings.Repeat("/", 64), strings.Repeat("-", 64), "inv_01h455vb4pex5vsknk084sn02q", strings.Repeat("é", 64), ""} {
		f.Add(s, []byte(s))
	}
	f.Fuzz(func(t *testing.T, s string, raw []byte) {
		if read, ok := parseToken(s); ok && (read.text != s || len(read.digest) != 32 || read.org == uuid.Nil && !strings.HasPrefix(s, strings.Repeat("A", 21))) {
			t.Errorf("%q is read as %+v", s, read)
		}
		if k, ok := readKey(s); ok && (k.id == nil) == (k.digest == nil) {
			t.Errorf("%q is two keys: %+v", s, k)
		}
		raw = append(raw, make([]byte, 48)...)[:48]
		made := tokenOf(raw)
		if read, ok := parseToken(made.text); !ok || read.org != uuid.UUID(raw[:16]) || !slices.Equal(read.digest, made.digest) || url.PathEscape(made.text) != made.text {
			t.Errorf("%q was made, and is read as %+v, %v", made.text, read, ok)
		}
		other := slices.Clone(raw)
		other[47] ^= 1
		if slices.Equal(tokenOf(other).digest, made.digest) {
			t.Error("two tokens have one digest")
		}
	})
}

// C044 I104: whatever a file of people is made of, it has a row to show or it is refused with a reason; what becomes nothing
// once it is cleaned is refused as nothing is.
func FuzzParseImport(f *testing.F) {
	for _, s := range []string{"", ",", "\"\",\"\"", "sep=;", "sep=;\n;", "\xff\xfe,\x00", "email", "email,name\n,", "email\n\u200b", "a@x.example", "name,email\nAnn,a@x.example", "'=1,\"\n\",b", strings.Repeat(",", 120) + "a@x.example", "\u00a0;\u2060"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, rows, err := parseFile(data)
		var refused *fault.Fault
		if err != nil && (!errors.As(err, &refused) || refused.Kind != fault.Invalid || rows != nil) {
			t.Fatalf("%q: %v with %v", data, err, rows)
		}
		if err == nil && len(rows) == 0 {
			t.Fatalf("%q is taken, and has no row", data)
		}
	})
}

// I104: a list of domains that says something lets in nobody else, and one that says nothing says so.
func FuzzReadDomains(f *testing.F) {
	for _, s := range []string{"", " ", ",", ";;\n", "@", "\u200b", "example.com", "@Example.com, ｅｘａｍｐｌｅ.org", "\u00a0,", "a,b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		domains, problem := readDomains(typed)
		if open := problem == "" && len(domains) == 0; open && strings.TrimSpace(typed) != "" {
			t.Errorf("%q lets in everybody", typed)
		}
	})
}

// I18 I19 C072: a cursor has one spelling. What is read is what one of our pages would have written, down to the last
// character, and every place that there can be in a list of any order is written so that it is read again.
func FuzzParseCursor(f *testing.F) {
	id := uuid.MustParse("0190a5d0-ac96-774b-bcce-b302099a8057")
	for _, c := range []cursor{{name: "ann", id: id}, {name: "", id: uuid.Max}, {name: strings.Repeat("ﷺ", 100), id: id}, {name: "a\x00", id: id}, {name: "\xff", id: id}, {name: lastName, id: id}} {
		f.Add(c.encode(false), c.name, int64(0))
	}
	for _, key := range []string{"2026-03-17T09:41:00Z", "2026-03-17T09:41:00.123456Z", "2026-03-17T09:41:00.123456789Z", "2026-03-17T09:41:00.1000Z", "2026-03-17T09:41:00+02:00", "2026-03-17T09:41:00-00:00", "2026-03-17t09:41:00z",
		"0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-03-17T24:00:00Z", "2026-03-17T23:59:60Z", "2026-03-17T09:41:00,5Z", ""} {
		f.Add(base64.RawURLEncoding.EncodeToString(append(id[:], key...)), key, int64(1_770_000_000_123_456))
	}
	good := cursor{name: "ann", id: id}.encode(false)
	f.Add(good+"\n", "x", int64(-1))
	f.Add(good[:5]+"\r\n"+good[5:], "x", int64(1))
	f.Add(good+"=", "x", int64(1))
	for _, key := range []string{"1ann", "9", "0ann", "9" + strings.Repeat("a", account.SortMax), "9" + strings.Repeat("a", account.SortMax+1)} {
		f.Add(cursor{name: key, id: id}.encode(false), strings.Repeat("𐐨", account.SortMax/4), int64(0))
	}
	orders := []List{{Sort: ""}, {Sort: "role"}, {Sort: "role", Role: role.Guest}, {Sort: "joined"}, {Sort: "active"}}
	invitations := []InvitationList{{}, {Show: "open"}, {Show: "all", Search: "a"}}
	f.Fuzz(func(t *testing.T, s, name string, micros int64) {
		for _, byTime := range []bool{true, false} {
			c, err := parseCursor(s, byTime)
			if err != nil {
				if c != (cursor{}) {
					t.Errorf("%q is refused, and read as %+v", s, c)
				}
				continue
			}
			if again := c.encode(byTime); again != s {
				t.Errorf("%q is read as %+v, which is written %q", s, c, again)
			}
			if !utf8.ValidString(c.name) || strings.Contains(c.name, "\x00") || len(c.name) > 1+account.SortMax || byTime && (c.time.Year() < 1 || c.time.Year() > 9998 || c.time.Location() != time.UTC) {
				t.Errorf("%q is read as %+v, which the database does not take", s, c)
			}
		}
		for _, list := range orders {
			if c, err := list.parse(s); err == nil && (c.encode(list.byTime()) != s || list.order() == "role" && !strings.ContainsAny(c.name[:1], "123456789")) {
				t.Errorf("by %q %q is read as %+v", list.Sort, s, c)
			}
		}
		for _, list := range invitations {
			list.After = s
			if ask, err := list.ask(id); s != "" && err == nil && (cursor{ask.AfterName, ask.AfterTime, ask.AfterID}).encode(list.Search == "") != s {
				t.Errorf("%+v is read as after %q, %v, %v", list, ask.AfterName, ask.AfterTime, ask.AfterID)
			}
		}
		// Whatever row a page ends with, the next one begins after it.
		at := cursor{id: uuid.NewSHA1(id, []byte(name)), time: time.UnixMicro(micros % 200_000_000_000_000_000).UTC()}
		if at.time.Year() >= 1 && at.time.Year() <= 9998 {
			if read, err := parseCursor(at.encode(true), true); err != nil || !read.time.Equal(at.time) || read.id != at.id {
				t.Errorf("%v is written %q, and read as %+v, %v", at.time, at.encode(true), read, err)
			}
		}
		if kept, err := account.CheckName(name); err == nil {
			at.name = account.SortName(kept)
			if read, err := parseCursor(at.encode(false), false); err != nil || read.name != at.name || read.id != at.id {
				t.Errorf("after %q the next page is %q, which is read as %+v, %v", kept, at.encode(false), read, err)
			}
			row := rosterdb.ListMembersByNameRow{SortName: at.name, Since: time.UnixMicro(0).UTC(), LastActiveAt: time.UnixMicro(1).UTC(), UserID: at.id, Roles: []string{"guest"}}
			for _, list := range orders {
				at := list.place(row)
				if read, err := list.parse(at.encode(list.byTime())); err != nil || read.id != at.id || list.byTime() && !read.time.Equal(at.time) || !list.byTime() && read.name != at.name {
					t.Errorf("by %q after %q the next page is %q, which is read as %+v, %v", list.Sort, kept, at.encode(list.byTime()), read, err)
				}
			}
			for _, list := range invitations {
				ask, err := list.ask(id)
				if err != nil {
					t.Fatal(err)
				}
				list.After = list.place(ask, rosterdb.ListInvitationsRow{EmailNorm: at.name, CreatedAt: row.Since, ExpiresAt: row.LastActiveAt, ID: at.id})
				if next, err := list.ask(id); err != nil || next.AfterID != at.id {
					t.Errorf("%+v: the next page begins after %v, %v", list, next.AfterID, err)
				}
			}
		}
	})
}

// slugForms is the same rule as the database has it: organization_slugs_form.
var slugForms = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])+$`)

// O33: a name that is taken is kept as it is, shows something, and has nothing unseen in it; an address that is proposed
// or taken is one that the database takes, and is itself wherever it stands in a URL.
func FuzzOrganizationName(f *testing.F) {
	for _, s := range []string{"Acme, Inc.", "Müller & Söhne", "  Palmer \t Rail\n", "\u3164", "A\u115fB", "Acme\u034f", "\ufe0f1", "Ａｃｍｅ", "a-", "-a", "a--b", "İstanbul", "ß", "1", "x'y’z", strings.Repeat("ab-", 14), strings.Repeat("½", 40), strings.Repeat("é", 64),
		"org_01h455vb4pex5vsknk084sn02q", "e\u0301", "\U000e0041x", "ﷺ", "\xff", "ac\u212ae", "new", "New", "₁₂", "١٢", "a\u2028b", "\ue000a", "\u2800a", "\u0600a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if name, problem := CheckName(typed); problem == "" {
			if again, problem := CheckName(name); problem != "" || again != name {
				t.Errorf("%q is taken as %q, and that as %q: %s", typed, name, again, problem)
			}
			if n := utf8.RuneCountInString(name); n < 1 || n > NameMax || !utf8.ValidString(name) || strings.TrimSpace(name) != name || !norm.NFC.IsNormalString(name) {
				t.Errorf("%q is taken as %q", typed, name)
			}
			if strings.ContainsFunc(name, func(r rune) bool {
				return unicode.IsControl(r) || r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Other_Default_Ignorable_Code_Point)
			}) {
				t.Errorf("%q is taken as %q, with something in it that nobody sees", typed, name)
			}
		}
		proposed := ProposeSlug(typed)
		if proposed != "" && len(proposed) >= SlugMin && !slugForms.MatchString(proposed) || len(proposed) > SlugMax || ProposeSlug(proposed) != proposed {
			t.Errorf("%q is proposed as %q", typed, proposed)
		}
		for _, slug := range []string{typed, proposed, strings.ToLower(strings.TrimSpace(typed))} {
			taken := slugProblem(slug) == ""
			if form := slugForms.MatchString(slug) && len(slug) <= SlugMax; taken != (form && !slices.Contains(reserved, slug)) {
				t.Errorf("the address %q is taken: %v, but by the database's rule: %v", slug, taken, form)
			}
			if !taken {
				continue
			}
			if _, ok := publicid.Organization.Parse(slug); ok || url.PathEscape(slug) != slug || ProposeSlug(slug) != slug {
				t.Errorf("the address %q is something else too", slug)
			}
		}
	})
}

// like is LIKE as PostgreSQL has it, with \ before what is meant literally.
func like(text, pattern []rune) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	switch pattern[0] {
	case '%':
		for i := range len(text) + 1 {
			if like(text[i:], pattern[1:]) {
				return true
			}
		}
		return false
	case '_':
		return len(text) > 0 && like(text[1:], pattern[1:])
	case '\\':
		pattern = pattern[1:]
	}
	return len(pattern) > 0 && len(text) > 0 && text[0] == pattern[0] && like(text[1:], pattern[1:])
}

// I135: what is searched for is taken literally: a word matches where it stands at the start of a word, and no sign in
// it is a wildcard or an escape.
func FuzzSearchWords(f *testing.F) {
	for _, s := range []string{"mar", "100%", "a_b", `a\b`, `\`, `\%`, `%%`, "_", "é", "'; --", "a%b_c\\d", "\u200d"} {
		f.Add(s, " marla 100% a_b axb a\\b anne-marie")
		f.Add(s, " "+s+" x"+s)
	}
	f.Fuzz(func(t *testing.T, search, text string) {
		if len(text) > 200 || !utf8.ValidString(text) {
			return
		}
		for word := range strings.FieldsSeq(account.Fold(clip(search))) {
			if utf8.RuneCountInString(word) > 30 {
				return
			}
			pattern := "% " + likeEscaper.Replace(word) + "%"
			if got, want := like([]rune(text), []rune(pattern)), strings.Contains(text, " "+word); got != want {
				t.Errorf("%q, searched as %q, is in %q: %v, want %v", word, pattern, text, got, want)
			}
		}
		if n := utf8.RuneCountInString(clip(search)); n > SearchMax {
			t.Errorf("%d characters of a search are looked at", n)
		}
	})
}

// I127: what the log tells is read as it was written, and what is damaged is an error and not half a list. A role that
// there is not is none, wherever it is read.
func FuzzReadEvents(f *testing.F) {
	for _, s := range []string{`[]`, `null`, `[null]`, `[{"id":"0190a5d0-ac96-774b-bcce-b302099a8057","at":"2026-03-17T09:41:00Z","event":"membership.left","before":{"roles":["owner"]},"after":null}]`, `[{"id":"x"}]`, `{`, `[{"before":[]}]`,
		`{"roles":["owner","king"],"status":"active","version":7,"revoked_invitations":["0190a5d0-ac96-774b-bcce-b302099a8057"]}`, `{"version":1e9}`, `{"version":"1"}`, `[{"at":"0000-00-00"}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if events, err := readEvents(raw); err == nil {
			var rows []json.RawMessage
			if err := json.Unmarshal(raw, &rows); err != nil || len(rows) != len(events) {
				t.Errorf("%q has %d entries, and %d are read: %v", raw, len(rows), len(events), err)
			}
			for _, e := range events {
				if _, ok := publicid.Event.Parse(e.ID); !ok {
					t.Errorf("%q: an entry is called %q", raw, e.ID)
				}
			}
		}
		var kept snapshot
		if json.Unmarshal(raw, &kept) != nil {
			return
		}
		names := role.Names(kept.Roles)
		for _, r := range role.ParseAll(names) {
			if !slices.Contains(role.All, r) {
				t.Errorf("%q is read as a role", r)
			}
		}
		for _, r := range kept.Roles {
			if !slices.Contains(role.All, r) && (role.MayGrant([]role.Role{role.Owner}, r) || role.MayInviteAs([]role.Role{role.Owner}, r) || role.May([]role.Role{r}, role.OrganizationRead, role.Settings{MembersMayInvite: true})) {
				t.Errorf("the role %q may be given, or does something", r)
			}
			if !slices.Contains(role.All, r) && role.MayTurn([]role.Role{role.Owner}, []role.Role{role.Member}, kept.Roles, true) {
				t.Errorf("oneself may be turned into %q", kept.Roles)
			}
		}
	})
}
