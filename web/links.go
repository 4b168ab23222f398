package web

import (
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"roster/internal/publicid"
	"roster/views/paths"
)

// tokenPaths are followed by a secret, of so many characters.
var tokenPaths = []string{paths.InvitesStart, paths.JoinStart, paths.Confirm, paths.ResetStart, paths.LoginLink}

var tokenLengths = map[string]int{paths.InvitesStart: 64, paths.JoinStart: 64, paths.Confirm: 43, paths.ResetStart: 43, paths.LoginLink: 43}

// linkActions are what may follow a token in an address of ours; a letter leads to the first.
var linkActions = []string{"report", "accept", "decline", "renew", "withdraw"}

// wholeLinks puts right what mail and chat have made of a link: the full stop of the sentence that it ends, brackets and
// quotation marks around it, spaces and ends of lines that break it in two, and whatever is spelled twice on the way. A
// token has a fixed alphabet and length, so what is none of it is told from it without looking it up; what is short, long
// or wrong stays so, and is answered like a token that nobody knows.
//
// Who looks is sent on to the whole address, so that the form there, the browser's history and the log have that one. A
// form of ours has none but whole addresses.
func (s *Server) wholeLinks(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, rest, ok := cutTokenPath(r.URL.Path)
		if !ok || !isSafe(r) {
			next.ServeHTTP(w, r)
			return
		}
		if whole := wholeLink(start, rest); whole != "" && whole != r.URL.Path {
			w.Header().Set("Location", whole)
			w.WriteHeader(http.StatusSeeOther)
			return
		} else if whole == "" && !isOrdinary(r.URL) && wasToken(rest) { // as unknown as any
			r.URL.Path, r.URL.RawPath = start+"-", ""
		}
		next.ServeHTTP(w, r)
	})
}

// cutTokenPath finds out whether an address is one of those with a token, and gives back what stands there for it. What
// cannot be seen, capitals, and slashes too many in front make no difference.
func cutTokenPath(path string) (start, rest string, ok bool) {
	for _, start := range tokenPaths {
		rest, letters := path, start
		for letters != "" && rest != "" {
			c, size := utf8.DecodeRuneInString(rest)
			switch {
			case unicode.ToLower(c) == rune(letters[0]):
				letters, rest = letters[1:], rest[size:]
			case isUnseen(c), c == '/' && len(letters) == len(start)-1: // "//reset/…"
				rest = rest[size:]
			default:
				rest = ""
			}
		}
		if letters == "" {
			return start, rest, true
		}
	}
	return "", "", false
}

func isUnseen(c rune) bool {
	return unicode.IsSpace(c) || unicode.IsControl(c) || unicode.Is(unicode.Cf, c)
}

// isOrdinary tells whether an address has nothing in it that the layers below refuse.
func isOrdinary(u *url.URL) bool {
	return plainText(u.Path) && !strings.ContainsFunc(u.Path, isControl) && strings.Count(u.EscapedPath(), "/") == strings.Count(u.Path, "/")
}

// linkMax is the longest text that a link is looked for in.
const linkMax = 1 << 10

// wholeLink is the address that was meant, or "" if there is no token that could be.
func wholeLink(start, rest string) string {
	if len(rest) > linkMax {
		return ""
	}
	for _, text := range spellings(strings.TrimLeft(rest, "/")) {
		if token, after, ok := cutToken(text, tokenLengths[start]); ok && isWhole(token) {
			if action, ok := endsWell(after, start); ok {
				return start + token + action
			}
		}
		if start != paths.InvitesStart {
			continue
		}
		if id, after, ok := cutToken(text, invitationIDLength); ok {
			if _, known := publicid.Invitation.Parse(id); known {
				if action, ok := endsWell(after, start); ok {
					return start + id + action
				}
			}
		}
	}
	return ""
}

var invitationIDLength = len(publicid.Invitation.Of([16]byte{}))

var (
	softBreak = regexp.MustCompile(`=[ \t]*\r?\n`)
	quoted    = regexp.MustCompile(`=[0-9A-Fa-f]{2}`)
)

// spellings are a text as it came, and as it reads if it was escaped once more on its way: in an address, in HTML, in the
// transfer encoding of letters.
func spellings(s string) []string {
	all := []string{s}
	add := func(read string) { all, s = append(all, read), read }
	if once, err := url.PathUnescape(s); err == nil {
		add(once)
	}
	add(html.UnescapeString(s))
	add(quoted.ReplaceAllStringFunc(softBreak.ReplaceAllString(s, ""), func(code string) string {
		c, _ := url.PathUnescape("%" + code[1:]) // two digits are always one
		return c
	}))
	return slices.Compact(all)
}

// cutToken takes so many characters of a token's alphabet, and leaves out what came in between: nothing of it is a letter
// or the end of a part.
func cutToken(s string, length int) (token, after string, ok bool) {
	var b strings.Builder
	for i, c := range s {
		switch {
		case b.Len() == length:
			return b.String(), s[i:], true
		case isTokenLetter(c):
			b.WriteByte(byte(c))
		case c == '/' || unicode.IsLetter(c) || unicode.IsDigit(c):
			return "", "", false
		}
	}
	return b.String(), "", b.Len() == length
}

// wasToken tells what was a token once from what never was: by so many of its letters.
func wasToken(s string) bool {
	n := 0
	for _, c := range s {
		if isTokenLetter(c) {
			n++
		}
	}
	return n >= 20
}

func isTokenLetter(c rune) bool { return isASCIILetter(c) || c == '-' || c == '_' }

func isASCIILetter(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isWhole tells whether this is how bytes are spelled as a token: the last letter of one has no bits to spare.
func isWhole(token string) bool {
	_, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil
}

// endsWell tells whether a token ends here: not where another of its letters follows, unless that is a sign that people
// put around a link. The action that follows is kept if a letter leads there.
func endsWell(after, start string) (action string, ok bool) {
	after = strings.TrimLeft(after, "_-")
	if rest, found := strings.CutPrefix(after, "/"+linkActions[0]); found && start == paths.InvitesStart {
		_, ok := endsWell(rest, "")
		return "/" + linkActions[0], ok
	}
	next, _ := utf8.DecodeRuneInString(strings.TrimPrefix(after, "/"))
	return "", !isASCIILetter(next)
}

// carriesToken tells whether an address must not be passed on to the next page, a cache or a log.
func carriesToken(u *url.URL) bool {
	_, _, here := cutTokenPath(u.Path)
	query, _ := url.QueryUnescape(u.RawQuery)
	query = strings.ToLower(query)
	return here || slices.ContainsFunc(tokenPaths, func(p string) bool { return strings.Contains(query, p) })
}

// redacted is a path for the log: no token, whole or in pieces, and nothing as long as one. Queries are never logged.
func redacted(path string) string {
	const hidden = "[redacted]"
	if start, rest, ok := cutTokenPath(path); ok {
		path = start + hidden
		if at := strings.LastIndexByte(rest, '/'); at >= 0 && slices.Contains(linkActions, rest[at+1:]) {
			path += rest[at:]
		}
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if len(part) > 39 { // longer than any slug or public id: a token that lost its way
			parts[i] = hidden
		}
	}
	path = strings.Join(parts, "/")
	if len(path) > 300 {
		path = path[:300]
	}
	return strings.ToValidUTF8(path, "?")
}
