package email

import (
	"bytes"
	"maps"
	"mime"
	netmail "net/mail"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"roster/internal/mail"
)

// C060 I65 I124: whatever people and organizations are called, whatever they write and whichever addresses they have, each
// letter can be written and sent; it has one recipient, our headers, a subject of one line, our links and no others, and
// the markup that the same letter about harmless people has.
func FuzzLetters(f *testing.F) {
	for _, s := range []string{"Ruth Palmer", "see https://evil.example/x", "A\r\nBcc: victim@evil.example\r\n\r\nBody", "=?utf-8?B?RXZpbA==?=", "<script>alert(1)</script></title></style><img src=x>", "\u202egro.live\u202c", ".\r\n.\r\n", "&lt;b&gt;", "'\" onload=x",
		"e\u200b\u0301", "\xff\x00\x1b", strings.Repeat("Größe ", 100), "[x](https://evil.example)", "ａ．ｃｏｍ", "x=", "?x", "{{.}} ${x} @{y}", "- list", "\u2028x\u0085y", "javascript:alert(1)"} {
		f.Add(s, s, "mara@acme.example")
		f.Add("Ruth Palmer", "Hello.", "=?x?="+strings.ToLower(s)+"@acme.example")
	}
	f.Add("Acme", "Hi", "=?utf-8?q?=5b=5d?=@acme.example")
	f.Add("Acme", "Hi", "{a}'|`b`&c?d=e@bücher.example")
	f.Add("Acme", "Hi", "İnci@acme.example")
	f.Fuzz(func(t *testing.T, name, message, email string) {
		if len(name) > 500 || len(message) > 1000 {
			return
		}
		make := func(name, message, email string) []mail.Letter {
			org := mail.Organization{ID: palmer.ID, Name: name, Slug: "palmer-rail"}
			person := mail.Person{Name: name, Email: email}
			return []mail.Letter{
				mail.Invitation{To: email, Organization: org, Inviter: person, ID: palmer.ID, Role: "Member", Explanation: "you can see", Message: message, Expires: until, Token: "TOKEN"},
				mail.JobEnded{To: email, Organization: org, Job: "job_1", Title: message, Text: message, At: at},
				mail.Removed{To: email, Organization: org, By: person, Ask: person, At: at, Note: message},
				mail.InvitationAccepted{To: ruth.Email, Organization: org, Who: person, Invited: email, Role: "Member", Member: "mem_1", At: at},
				mail.InvitationDeclined{To: ruth.Email, Organization: org, Email: email, Role: "Member", At: at},
				mail.InvitationAskedAgain{To: ruth.Email, Organization: org, Email: email, Other: email, Role: "Member", Invitation: "inv_1", At: at},
				mail.ConfirmAddress{To: email, Name: name, Asked: "Firefox on macOS", ID: palmer.ID, Expires: until, Token: "TOKEN"},
				mail.RequestMade{To: ruth.Email, Organization: org, Who: person, Invite: email, Request: "req_1", At: at, Until: until},
				mail.RequestAccepted{To: ruth.Email, Organization: org, Role: "Member", Explanation: "you can see", At: at},
				mail.RequestDeclined{To: ruth.Email, Organization: org, Invite: email, Reason: message, At: at},
			}
		}
		if _, err := mail.Parse(email); err != nil {
			email = "mara@acme.example"
		}
		harmless := make("Acme", "Hello.", "mara@acme.example")
		for i, l := range make(name, message, email) {
			r, plain := render(t, l), render(t, harmless[i])
			to, err := mail.Parse(map[bool]string{true: email, false: ruth.Email}[i < 2 || i == 5])
			if err != nil {
				t.Fatal(err)
			}
			m, err := mail.Compose("Roster <no-reply@roster.example>", to, "id@roster.example", time.Unix(1e9, 0), r)
			if err != nil {
				t.Errorf("%s can never be sent: %v: subject %q", l.Kind(), err, r.Subject)
				continue
			}
			read, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
			if err != nil {
				t.Fatalf("%s cannot be read: %v", l.Kind(), err)
			}
			if got := slices.Sorted(maps.Keys(read.Header)); len(got) != 9 {
				t.Errorf("%s has the headers %q", l.Kind(), got)
			}
			if list, err := read.Header.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != m.To {
				t.Errorf("%s is to %q: %v", l.Kind(), read.Header.Get("To"), err)
			}
			if subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil || subject != r.Subject || strings.ContainsFunc(subject, unicode.IsControl) || utf8.RuneCountInString(subject) > 450 {
				t.Errorf("%s: subject %q is read as %q, %v", l.Kind(), r.Subject, subject, err)
			}
			got, want := parse(t, r.HTML), parse(t, plain.HTML)
			if len(l.Kind()) > 0 && message != "" && !sameTags(got.tags, want.tags) {
				t.Errorf("%s has the tags %v, and about harmless people %v", l.Kind(), got.tags, want.tags)
			}
			if !slices.Equal(got.hrefs, want.hrefs) {
				t.Errorf("%s links to %q", l.Kind(), got.hrefs)
			}
			for form, words := range map[string]string{"text": r.Text, "HTML": got.text} {
				if !utf8.ValidString(words) || strings.ContainsFunc(words, func(c rune) bool {
					return unicode.IsControl(c) && c != '\n' && c != '\t' || unicode.Is(unicode.Bidi_Control, c)
				}) {
					t.Errorf("%s: the %s form is %q", l.Kind(), form, words)
				}
			}
			for line := range strings.Lines(r.Text) {
				if line = strings.TrimRight(line, "\n"); utf8.RuneCountInString(line) > textWidth+2 && strings.Contains(strings.TrimPrefix(line, "- "), " ") {
					t.Errorf("%s has a line of %d characters: %q", l.Kind(), utf8.RuneCountInString(line), line)
				}
			}
		}
	})
}

// sameTags compares markup; paragraphs and the quotation of a message come and go with its lines.
func sameTags(a, b map[string]int) bool {
	for _, tag := range slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b))) {
		if tag != "br" && tag != "p" && tag != "div" && tag != "td" && tag != "tr" && tag != "table" && tag != "tbody" && tag != "blockquote" && a[tag] != b[tag] {
			return false
		}
	}
	return true
}

// I65: a link in a letter is below the public address whatever the token is made of, and carries it whole.
func FuzzLinks(f *testing.F) {
	f.Add("https://roster.example", "TOKEN")
	f.Add("https://roster.example/sub/", "../a b?c#d")
	f.Add("http://localhost:8080", "%2f%00")
	f.Add("https://roster.example?", "x")
	f.Add("https://user:pass@roster.example/#x", "\r\n")
	f.Add("https://roster.example//", "é\xff")
	f.Fuzz(func(t *testing.T, base, token string) {
		s, err := siteAt(base)
		if err != nil {
			return
		}
		of, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range []string{s.invitation(mail.Secret(token)), s.confirm(mail.Secret(token)), s.reset(mail.Secret(token)), s.report(mail.Secret(token))} {
			u, err := url.Parse(link)
			if err != nil || u.Host != of.Host || u.Scheme != of.Scheme || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsFunc(link, unicode.IsControl) || strings.ContainsAny(link, " \"<>") && !strings.ContainsAny(of.Host, " \"<>") {
				t.Errorf("of %q at %q the link is %q: %v", token, base, link, err)
				continue
			}
			if !strings.Contains(u.Path, token) {
				t.Errorf("of %q at %q the link is %q", token, base, link)
			}
		}
	})
}
