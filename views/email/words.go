package email

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"roster/internal/mail"
	"roster/views/paths"
)

// site is the installation that a letter comes from and leads to.
type site struct {
	base string // without a slash at its end
	host string // how people know it
}

func siteAt(base string) (site, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return site{}, fmt.Errorf("render letter: %q is not a public address", base)
	}
	return site{base: strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"), host: u.Host}, nil
}

// to is the address of a page.
func (s site) to(path string) string { return s.base + path }

func (s site) invitation(token mail.Secret) string { return s.to(paths.Offer(segment(token))) }
func (s site) report(token mail.Secret) string     { return s.to(paths.Report(segment(token))) }
func (s site) confirm(token mail.Secret) string    { return s.to(paths.ConfirmSignUp(segment(token))) }
func (s site) reset(token mail.Secret) string      { return s.to(paths.Reset(segment(token))) }
func (s site) login() string                       { return s.to(paths.LogIn) }
func (s site) forgot() string                      { return s.to(paths.Forgot) }
func (s site) orgs() string                        { return s.to(paths.Orgs) }
func (s site) org(o mail.Organization) string      { return s.to(paths.Org(o.Slug)) }

// job leads to what became of long work.
func (s site) job(o mail.Organization, id string) string {
	return s.to(paths.Job(o.Slug, segment(mail.Secret(id))))
}

// member leads to a member, or to all of them.
func (s site) member(o mail.Organization, id string) string {
	if id == "" {
		return s.to(paths.Members(o.Slug))
	}
	return s.to(paths.Member(o.Slug, id))
}

// openInvitation leads to an invitation as the organization sees it, or to all of them.
func (s site) openInvitation(o mail.Organization, id string) string {
	if id == "" {
		return s.to(paths.Invitations(o.Slug))
	}
	return s.to(paths.Invitation(o.Slug, id))
}

// expiredInvitations leads to those that nobody accepted in time.
func (s site) expiredInvitations(o mail.Organization) string {
	return s.to(paths.With(paths.Invitations(o.Slug), "show", "expired"))
}

func (s site) letters() string { return s.to(paths.Letters) }

// choiceWords stand at the foot of letters that their reader may turn off.
const choiceWords = "Choose which of these letters you get"

// choice is the same in the text form.
func (s site) choice() string { return link(choiceWords, s.letters()) }

// request leads to a request as those who decide see it.
func (s site) request(o mail.Organization, id string) string {
	return s.to(paths.Request(o.Slug, url.PathEscape(id)))
}

// segment is a token as one part of a path, whatever it is made of.
func segment(token mail.Secret) string { return url.PathEscape(string(token)) }

// when is a moment as letters write it: "23 March 2026, 16:30 UTC".
func when(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 MST") }

// day is the day of a moment: "23 March 2026".
func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// who names a person: by name, else by address, else not at all.
func who(p mail.Person) string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Email != "":
		return p.Email
	}
	return "Somebody"
}

// whoExactly names a person with the address, so that two of the same name can be told apart.
func whoExactly(p mail.Person) string {
	if p.Name != "" && p.Email != "" {
		return p.Name + " (" + p.Email + ")"
	}
	return who(p)
}

// as is a role with its article: "an Admin".
func as(role string) string {
	if role == "" {
		return "a member"
	}
	return article(role) + role
}

// article is what goes before a role, with its space.
func article(role string) string {
	lower := strings.ToLower(role)
	for _, spoken := range []string{"uni", "use", "usa", "usu", "uti", "eu", "one", "once"} { // begin with a "y" or "w" sound
		if strings.HasPrefix(lower, spoken) {
			return "a "
		}
	}
	if first, _ := utf8.DecodeRuneInString(lower); strings.ContainsRune("aeiouäöüáàâéèêíóôú", first) {
		return "an "
	}
	return "a "
}

// clause is a clause without the full stop that the sentence around it sets.
func clause(s string) string { return strings.TrimRight(strings.TrimSpace(s), ".") }

// sentence makes a sentence of a clause: a capital in front, a full stop at the end.
func sentence(s string) string {
	s = clause(s)
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	return strings.ToUpper(string(first)) + s[size:] + "."
}

// colon adds a clause behind a colon, if there is one.
func colon(s string) string {
	if s = clause(s); s == "" {
		return ""
	}
	return ": " + s
}

// items is a list in the text form.
func items(clauses []string) string {
	var lines []string
	for _, c := range clauses {
		lines = append(lines, "- "+sentence(c))
	}
	return strings.Join(lines, "\n")
}

// named is an address as the subject of a sentence.
func named(address string) string {
	if address == "" {
		return "Somebody"
	}
	return address
}

// from says where something was asked from, if that is known: ", from Firefox on macOS".
func from(asked string) string {
	if asked == "" {
		return ""
	}
	return ", from " + asked
}

// greeting opens a letter about an account.
func greeting(name string) string {
	if name == "" {
		return "Hello,"
	}
	return "Hello " + name + ","
}

// code is a code as it is read aloud: "481 620".
func code(c mail.Secret) string {
	s := string(c)
	if len(s) == 6 {
		return s[:3] + " " + s[3:]
	}
	return s
}

// prose is a paragraph that both forms share: every second piece is what the eye looks for, strong in the HTML form.
type prose []string

// String is the paragraph in the text form.
func (p prose) String() string { return strings.Join(p, "") }

// html is the paragraph in the HTML form. A date stays on one line.
func (p prose) html() templ.Component {
	return templ.ComponentFunc(func(_ context.Context, out io.Writer) error {
		for i, words := range p {
			words = html.EscapeString(words)
			if i%2 == 1 {
				words = `<strong class="ink" style="color:#16222a;">` + strings.ReplaceAll(words, " ", "&nbsp;") + `</strong>`
			}
			if _, err := io.WriteString(out, words); err != nil {
				return err
			}
		}
		return nil
	})
}

// textWidth is how wide the text form runs, in characters.
const textWidth = 78

// paragraphs joins the parts of a text form with blank lines between them, wrapped at spaces. Empty parts are left out;
// line ends in a part stay; an address is never broken.
func paragraphs(parts ...string) string {
	var out strings.Builder
	for _, part := range parts {
		part = strings.Trim(part, "\n ")
		if part == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		for line := range strings.SplitSeq(part, "\n") {
			out.WriteString(wrap(line))
			out.WriteByte('\n')
		}
	}
	return out.String()
}

func wrap(line string) string {
	indent := ""
	if strings.HasPrefix(line, "- ") {
		indent = "  "
	}
	var out strings.Builder
	width := 0
	for word := range strings.FieldsSeq(line) {
		n := utf8.RuneCountInString(word)
		switch {
		case width == 0:
		case width+1+n > textWidth:
			out.WriteString("\n" + indent)
			width = len(indent)
		default:
			out.WriteByte(' ')
			width++
		}
		out.WriteString(word)
		width += n
	}
	return out.String()
}

// link is an address below what it opens.
func link(label, address string) string { return label + ":\n" + address }

// quoted sets somebody's words apart.
func quoted(words string) string {
	if words == "" {
		return ""
	}
	return "“" + words + "”"
}

// sentTo says to whom a letter was sent, by what, and why.
func sentTo(to string, s site, reason string) string {
	return "Sent to " + to + " by " + s.host + " because " + reason + "."
}
