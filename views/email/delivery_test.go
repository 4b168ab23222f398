package email

import (
	"context"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"roster/internal/mail"
	"roster/internal/mail/mailtest"
)

// deliver sends a letter through a mail server and gives what arrives.
func deliver(t *testing.T, server *mailtest.Server, l mail.Letter, to string) mailtest.Message {
	t.Helper()
	address, err := mail.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.Compose("Roster <no-reply@roster.example>", address, "id@roster.example", time.Now(), render(t, l))
	if err != nil {
		t.Fatal(err)
	}
	transport, err := mail.NewSMTP(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := transport.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	return server.Wait(t, to)
}

// N21: the mail names the organization, the inviter and the role, and its link is where the invitation is.
func TestInvitationArrives(t *testing.T) {
	m := deliver(t, mailtest.Start(t), letters()["invitation"], "mara@acme.example")
	if m.Subject != "Ruth Palmer invited you to Palmer Rail" {
		t.Errorf("subject is %q", m.Subject)
	}
	for form, words := range map[string]string{"text": m.Text, "HTML": parse(t, m.HTML).text} {
		for _, want := range []string{"Ruth Palmer", "Palmer Rail", "Member", "Thursday’s call", "works once", "23", "UTC", "mara@acme.example", "roster.example"} {
			if !strings.Contains(words, want) {
				t.Errorf("%s form lacks %q:\n%s", form, want, words)
			}
		}
	}
	want := []string{"https://roster.example/invitations/EXAMPLE-TOKEN", "https://roster.example/invitations/EXAMPLE-TOKEN/report"}
	if !slices.Equal(m.Links, want) {
		t.Errorf("links are %q, want %q", m.Links, want)
	}
}

// C060 I65 I124: whatever people are called, the letter that arrives has our headers, one recipient and our links.
func TestHostileNamesArriveAsNames(t *testing.T) {
	server := mailtest.Start(t)
	for _, name := range []string{
		"Free money at https://evil.example/now www.evil.example evil.com/pay",
		"A\r\nBcc: victim@evil.example\r\nSubject: other\r\n\r\nNew body",
		"A\nBcc: victim@evil.example",
		"=?utf-8?B?RXZpbA0KQmNjOiB2aWN0aW1AZXZpbC5leGFtcGxl?=",
		"\"quoted\\\" <victim@evil.example>",
		"<script>alert(1)</script></title></style><img src=https://evil.example/x>",
		"\u202egro.elpmaxe//:sptth\u202c\u0000",
		strings.Repeat("Größe ", 400),
		".\r\n.\r\nMAIL FROM:<a@evil.example>",
	} {
		for _, l := range []mail.Letter{
			mail.Invitation{
				To: "mara@acme.example", Organization: mail.Organization{ID: palmer.ID, Name: name, Slug: "palmer-rail"}, Inviter: mail.Person{Name: name, Email: ruth.Email},
				ID: palmer.ID, Role: name, Explanation: name, Message: strings.ReplaceAll(name, "@", " at "), Expires: until, Token: "T",
			},
			mail.ConfirmAddress{To: "mara@acme.example", Name: name, Asked: name, ID: palmer.ID, Expires: until, Token: "T"},
			mail.RoleChanged{To: "mara@acme.example", Organization: mail.Organization{ID: palmer.ID, Name: name, Slug: "palmer-rail"}, Role: name, By: mail.Person{Name: name}, At: at},
		} {
			m := deliver(t, server, l, "mara@acme.example")
			what := func(format string, args ...any) {
				t.Helper()
				t.Errorf("%s, named %.30q: "+format, append([]any{l.Kind(), name}, args...)...)
			}
			if m.From != "no-reply@roster.example" || m.To != "mara@acme.example" {
				what("envelope is from %q to %q", m.From, m.To)
			}
			for header, values := range m.Header {
				if len(values) != 1 {
					what("%s stands %d times", header, len(values))
				}
				if !slices.Contains([]string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress"}, header) {
					what("has a header %s", header)
				}
			}
			if to, err := netmail.ParseAddressList(m.Header.Get("To")); err != nil || len(to) != 1 || to[0].Address != "mara@acme.example" {
				what("To is %q", m.Header.Get("To"))
			}
			if m.Subject != render(t, l).Subject || strings.ContainsAny(m.Subject, "\r\n") {
				what("subject is %q", m.Subject)
			}
			for _, link := range m.Links {
				if !strings.HasPrefix(link, "https://roster.example/") {
					what("links to %q", link)
				}
			}
			if page := parse(t, m.HTML); page.tags["script"]+page.tags["img"] > 0 || len(page.titles) != 1 {
				what("markup passed:\n%s", m.HTML)
			}
		}
	}
	if got := len(server.All()); got != 27 {
		t.Errorf("%d letters arrived, want 27", got)
	}
}

// B212: no link is folded in the source of any letter, in whatever script people's names are; what arrives is what was
// written, every line is one that mail servers pass on, and nothing in it makes a server on the way write it anew.
func TestLinksAreNotFolded(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	const token = mail.Secret("0190a1b200007000800000000000000301234567890123456789012345678901_-abcdefghijklmnopqrstuvwxyz")
	var all []mail.Letter
	for _, l := range letters() {
		all = append(all, l)
	}
	for _, name := range []string{"Ruth Palmer", "Jürgen Größe", "Nguyễn Văn Ánh", "山田 太郎", "محمد علي", "Ольга Петрова", "ประยุทธ์ จันทร์", "👩‍🔧 Zoë"} {
		org := mail.Organization{ID: palmer.ID, Name: name, Slug: "palmer-rail"}
		all = append(all,
			mail.Invitation{To: "mara@acme.example", Organization: org, Inviter: mail.Person{Name: name, Email: ruth.Email}, ID: palmer.ID, Role: "Member", Message: name, Expires: until, Token: token},
			mail.InvitationReminder{To: "mara@acme.example", Organization: org, Inviter: mail.Person{Name: name}, ID: palmer.ID, Role: "Member", Expires: until, Token: token},
			mail.ConfirmAddress{To: "mara@acme.example", Name: name, ID: palmer.ID, Expires: until, Token: token},
			mail.ResetPassword{To: "mara@acme.example", Name: name, ID: palmer.ID, Expires: until, Token: token})
	}
	for _, l := range all {
		want, to := render(t, l), "mara@acme.example"
		m := deliver(t, server, l, to)
		raw := string(m.Raw)
		if m.Text != want.Text || m.HTML != want.HTML {
			t.Errorf("%s: what arrives is another letter", l.Kind())
		}
		for line := range strings.SplitSeq(raw, "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) || strings.HasPrefix(line, ".") || strings.HasPrefix(line, "From ") {
				t.Errorf("%s: a server on the way may change the line %q", l.Kind(), line)
			}
		}
		for _, link := range m.Links {
			if !strings.Contains(raw, link) && (strings.Contains(raw, link[:len(base)]) || strings.Contains(strings.ReplaceAll(raw, "=\r\n", ""), link)) {
				t.Errorf("%s: the link %s is folded:\n%s", l.Kind(), link, raw)
			}
			if !strings.Contains("\n"+m.Text+"\n", "\n"+link+"\n") && !strings.Contains(m.HTML, link) && !strings.Contains(m.HTML, strings.ReplaceAll(link, "&", "&amp;")) {
				t.Errorf("%s: the link %s does not stand whole anywhere", l.Kind(), link)
			}
		}
	}
}
