package mail

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// MessageMax is the longest message that goes with an invitation, in characters.
const MessageMax = 500

// WordsError says in one sentence for people why a message cannot go into a letter.
type WordsError string

func (e WordsError) Error() string { return string(e) }

// Clean makes a name fit for a letter: one line, nothing invisible, nothing that turns the direction of writing, no web
// or e-mail address that a mail program would make a link of, and at most max characters. Somebody who calls an
// organization "Win at https://evil.example" sends nobody there.
func Clean(name string, max int) string {
	name = visible(name, func(rune) bool { return false })
	name = strings.ReplaceAll(unlink(name, true), "@", " at ")
	name = strings.ReplaceAll(name, "=?", "= ?") // or a subject could smuggle an encoded word
	name = strings.Join(strings.Fields(name), " ")
	return shorten(name, max)
}

// CheckMessage says whether the inviter's words may go with an invitation, and how they will stand in it: trimmed, with
// plain line ends. The error is a WordsError.
func CheckMessage(s string) (string, error) {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ").Replace(s)
	s = strings.TrimSpace(norm.NFC.String(s))

	if n := utf8.RuneCountInString(s); n > MessageMax {
		return "", WordsError(fmt.Sprintf("The message has %d characters. Keep it to %d", n, MessageMax))
	}
	if !utf8.ValidString(s) || s != visible(s, isLineEnd) {
		return "", WordsError("Leave invisible characters out of the message")
	}
	if found := links(s, false); len(found) > 0 {
		return "", WordsError(fmt.Sprintf("Leave web addresses out of the message: “%s” reads as one", shorten(found[0], 60)))
	}
	return s, nil
}

// cleanMessage is CheckMessage for a letter that is about to leave: it cannot ask any more, so it takes away.
func cleanMessage(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ").Replace(s)
	s = unlink(visible(s, isLineEnd), false)
	return shorten(strings.TrimSpace(s), MessageMax)
}

func isLineEnd(r rune) bool { return r == '\n' }

// visibleMax is how many bytes of something far too long are looked at.
const visibleMax = 1 << 14

// visible drops what is not seen but changes what is, and makes a space of any other control character that is not
// kept. Joiners stay between two characters, where some scripts and many emoji need them.
func visible(s string, keep func(rune) bool) string {
	s = s[:min(len(s), visibleMax)]
	runes := []rune(norm.NFC.String(strings.ToValidUTF8(s, "")))
	var b strings.Builder
	for i, r := range runes {
		switch {
		case keep(r):
			b.WriteRune(r)
		case r == '\u200c' || r == '\u200d':
			if i > 0 && i+1 < len(runes) && joins(runes[i-1]) && joins(runes[i+1]) {
				b.WriteRune(r)
			}
		case unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
			b.WriteRune(' ')
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs) || r == '\ufffd':
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String()) // a mark may stand on another letter now
}

// joins says that a joiner beside r may mean something: letters and marks outside ASCII, and emoji.
func joins(r rune) bool {
	return r >= utf8.RuneSelf && (unicode.In(r, unicode.L, unicode.M, unicode.So) || r == '\ufe0f' || unicode.Is(unicode.Sk, r))
}

// shorten keeps at most max characters, the last of them saying that there was more.
func shorten(s string, max int) string {
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	return strings.TrimRightFunc(string([]rune(s)[:max-1]), unicode.IsSpace) + "…"
}

// The dots that browsers take for a dot in a domain, and one that only looks like it.
const dots = `.\x{3002}\x{FF0E}\x{FF61}\x{2024}`

var (
	schemeRE = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:/+[^\s]*`)
	wwwRE    = regexp.MustCompile(`(?i)(?:^|[^\pL\pN])(www[0-9]{0,3}[` + dots + `][^\s]+)`)
	domainRE = regexp.MustCompile(`@?[\pL\pM\pN_-]+(?:[` + dots + `][\pL\pM\pN_-]+)+[` + dots + `]?(?:[/:?#][^\s]*)?`)
	trapRE   = regexp.MustCompile(`[:/` + dots + `]`)
	dotRE    = regexp.MustCompile(`[` + dots + `]`)
)

// links finds what mail programs would make a link of. E-mail addresses count only where they are asked for.
func links(s string, addresses bool) []string {
	found := schemeRE.FindAllString(s, -1)
	for _, match := range wwwRE.FindAllStringSubmatch(s, -1) {
		found = append(found, match[1])
	}
	for _, match := range domainRE.FindAllString(s, -1) {
		domain, path := match, ""
		if i := strings.IndexAny(match, "/:?#"); i >= 0 {
			domain, path = match[:i], match[i:]
		}
		if strings.HasPrefix(domain, "@") {
			if !addresses && path == "" {
				continue
			}
			domain = domain[1:]
		}
		if isDomain(domain, strings.HasPrefix(path, "/") || strings.HasPrefix(path, ":") && len(path) > 1 && path[1] >= '0' && path[1] <= '9') {
			found = append(found, match)
		}
	}
	return found
}

// isDomain says that words joined by dots are the name or number of a machine. Before a path any name may be one; alone
// it must end as names do on the internet, so that "St.Gallen" and "Node.js" stay what they are.
func isDomain(s string, path bool) bool {
	s = strings.ToLower(strings.TrimSuffix(dotRE.ReplaceAllString(s, "."), "."))
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	top := s[strings.LastIndexByte(s, '.')+1:]
	if len(top) < 2 || strings.Trim(top, "0123456789") == "" {
		return false
	}
	if path || strings.HasPrefix(top, "xn--") {
		return true
	}
	switch top {
	case "example", "test", "invalid", "localhost", "local", "internal", "onion", "alt", "eth":
		return true
	}
	if ascii, err := idna.Lookup.ToASCII(top); err == nil {
		top = ascii
	}
	_, known := publicsuffix.PublicSuffix(top)
	return known
}

// unlink makes plain words of every link in s, which can then still be read but not pressed. What one round leaves or
// makes, another takes; a text that is all trap loses its dots and colons.
func unlink(s string, addresses bool) string {
	for range 4 {
		found := links(s, addresses)
		if len(found) == 0 {
			return s
		}
		slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) }) // one may begin another
		for _, link := range found {
			s = strings.ReplaceAll(s, link, defuse(link))
		}
	}
	return trapRE.ReplaceAllString(s, " ")
}

// defuse puts a space behind every dot of a link and in place of its scheme's colon and of its slashes.
func defuse(link string) string {
	return strings.TrimSpace(dotRE.ReplaceAllString(strings.NewReplacer(":", " ", "/", " ").Replace(link), ". "))
}
