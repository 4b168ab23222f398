package web

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"roster/internal/publicid"
	"roster/views/paths"
)

// whole are links of every kind.
var whole = func() []string {
	var all []string
	for _, start := range tokenPaths {
		for _, fill := range []byte{0x00, 0x5a, 0xff, 0xfb} {
			raw := bytes.Repeat([]byte{fill, 0x31, 0x9d}, tokenLengths[start])[:tokenLengths[start]*3/4]
			all = append(all, start+base64.RawURLEncoding.EncodeToString(raw))
		}
	}
	inv := paths.InvitesStart + publicid.Invitation.Of(uuid.MustParse("0190a5d0-ac96-774b-bcce-b302099a8057"))
	return append(all, all[1]+"/report", inv, inv+"/report")
}()

// around is what stands behind a link in letters and chats, or before its token, as it comes in an address.
var around = []string{".", ",", ")", ";", ":", "!", "%3F", ".)", "%22", "”", "%E2%80%9D", "'", "’", ">", "%3E", "&gt;", "&quot;.", "&nbsp;", "*", "**", "_", "__.", "-", "]", "%5D(", "%7D", "|", "%60", "%20", "%20%20", "+", "%E2%80%8B", "%C2%A0", "%EF%BB%BF", "%C2%AD", "%E2%80%AC",
	"%09", "%0A", "%0D%0A", "%2520", "%25C2%25A0", "=", "=0A", "=20", "=3D", "/", "%2F", "//", "/.", "/%20", "%20and%20then", ",%20please", "。", "、はい", "…", "%94", "%A0", "\\", "%5C", "~", "@", ";jsessionid=1", "&utm_source=mail", "#x", "%23x", "?utm_source=a&utm_medium=b", ".?x=1", "%00"}

// Whatever mail and chat put around a link or into it, it is found; the kinds of dirt are those of public reports.
// B213 I106
func TestALinkIsWholeWhateverIsAroundIt(t *testing.T) {
	t.Parallel()
	found := func(link string) string {
		u, err := url.ParseRequestURI(strings.SplitN(link, "#", 2)[0])
		if err != nil {
			t.Fatalf("%q: %v", link, err)
		}
		start, rest, ok := cutTokenPath(u.Path)
		if !ok {
			return ""
		}
		return wholeLink(start, rest)
	}
	for _, link := range whole {
		at := strings.LastIndexByte(strings.TrimSuffix(link, "/report"), '/') + 1
		middle := at + 11
		dirty := []string{link, "/" + link, strings.ToUpper(link[:at]) + link[at:], link[:at] + "/" + link[at:], link[:4] + "%E2%80%8B" + link[4:], link[:at] + "%3C" + link[at:] + "%3E", link[:at] + "%22" + link[at:] + "%22", "/%20" + link[1:]}
		for _, behind := range around {
			dirty = append(dirty, link+behind)
		}
		for _, fold := range []string{"%20", "%0A", "%0D%0A", "%0D%0A%20", "%09", "=%0A", "=%0D%0A", "=", "=3D", "=3D%0D%0A", "%3D%0D%0A", "%E2%80%8B", "%C2%AD", "&shy;", "&%238203;", "%0A%3E%20", "%C2%A0", "%2520", "%250A", "%A0"} {
			dirty = append(dirty, link[:middle]+fold+link[middle:], link[:middle]+fold+link[middle:middle+9]+fold+link[middle+9:]+".")
		}
		dirty = append(dirty, link[:at]+strings.NewReplacer("_", "=5F", "-", "=2D").Replace(link[at:]), link[:at]+strings.NewReplacer("_", "%5F", "-", "%2D").Replace(link[at:]), link[:at]+strings.NewReplacer("_", "%255F", "-", "%252D").Replace(link[at:]))
		for _, d := range dirty {
			if got := found(d); got != link {
				t.Errorf("%q is read as %q, want %q", d, got, link)
			}
		}
		// What is too long, too short or another address is nothing that was ever a link.
		for _, d := range []string{link + "x", link + "0.", link + "_a", link + "/x", link + "/accept", link + "/report/x", link + "Note", link[:len(link)-1], link[:at] + "." + link[at+1:], link[:at] + "é" + link[at:], link[:middle] + "/" + link[middle:], "/x" + link, link + strings.Repeat(".", 2000)} {
			if got := found(d); got != "" && got != d {
				t.Errorf("%q is read as %q", d, got)
			}
		}
	}
}

// Who follows a link in whatever shape is sent to the whole one; a form, and what is no link, is left alone. The log has
// neither. B213 I106
func TestWhoFollowsABrokenLinkIsSentToTheWholeOne(t *testing.T) {
	t.Parallel()
	s, logged := newTestServer(t, nil)
	for _, link := range whole {
		for _, behind := range around {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				if strings.HasPrefix(behind, "#") || strings.HasPrefix(behind, "?") || strings.Contains(behind, "\\") {
					continue // not in what a browser asks for, or no part of the path
				}
				w := ask(s, method, link+behind, "")
				if w.Code != http.StatusSeeOther || w.Header().Get("Location") != link || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
					t.Errorf("%s %s: status %d, %v", method, link+behind, w.Code, w.Header())
				}
			}
		}
		token := strings.Split(link, "/")[len(strings.Split(strings.TrimSuffix(link, "/report"), "/"))-1]
		for _, piece := range []string{token, token[:12], token[len(token)-12:]} {
			if strings.Contains(logged.String(), piece) {
				t.Fatalf("a piece of the token of %s is logged", link)
			}
		}
	}
	if w := ask(s, "GET", "/Reset/x.%0A/"+secretToken[:20]+"/"+secretToken[20:], "", "Host", "evil.example"); w.Code != http.StatusMisdirectedRequest || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("by another name: status %d, %v", w.Code, w.Header())
	}
	if strings.Contains(logged.String(), secretToken[:20]) || strings.Contains(logged.String(), secretToken[20:]) {
		t.Error("half of a token is logged")
	}
}

// I64 I106 B213: what is found in an address is one of our links, found again as it is, and its token stands in what was
// asked for, in this order; nothing else is ever led to.
func FuzzWholeLink(f *testing.F) {
	for _, link := range whole {
		for _, behind := range around {
			if text, err := url.PathUnescape(behind); err == nil {
				f.Add(link+text, 20, text)
			}
		}
	}
	for _, s := range []string{"/reset/", "/join", "/\u212ain/reset/x", "//evil.example/reset/", "/invitations/inv_/report", "/reset/%", "/reset/&#x41;=41%41"} {
		f.Add(s, 3, "=")
	}
	f.Fuzz(func(t *testing.T, path string, at int, fold string) {
		if start, rest, ok := cutTokenPath(path); ok {
			if strings.ToLower(rest) != rest && !strings.HasSuffix(path, rest) {
				t.Errorf("%q ends with %q", path, rest)
			}
			if got := wholeLink(start, rest); got != "" {
				token := strings.TrimSuffix(strings.TrimPrefix(got, start), "/report")
				if strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" || len(token) != tokenLengths[start] && !isInvitationID(token) || !localPath(got) {
					t.Fatalf("%q leads to %q", path, got)
				}
				again, rest, _ := cutTokenPath(got)
				if twice := wholeLink(again, rest); twice != got || strings.Contains(redacted(got), token) || strings.Contains(redacted(path), token) {
					t.Errorf("%q leads to %q, and that to %q; logged are %q and %q", path, got, twice, redacted(path), redacted(got))
				}
			}
			if logged := redacted(path); strings.TrimSuffix(strings.TrimPrefix(logged, start+"[redacted]"), "/"+logged[strings.LastIndexByte(logged, '/')+1:]) != "" {
				t.Errorf("%q is logged as %q", path, logged)
			}
		}
		// A link that something was put into is found, if that is nothing that a token is made of.
		if strings.ContainsFunc(fold, func(c rune) bool { return !strings.ContainsRune(" \r\n\t\u200b\u00a0\u00ad>|", c) }) || len(fold) > 100 {
			return
		}
		for _, link := range whole {
			start, rest, _ := cutTokenPath(link)
			n := max(0, min(at, 20))
			if got := wholeLink(start, rest[:n]+fold+rest[n:]+fold); got != link {
				t.Errorf("%q in and behind %q: %q", fold, link, got)
			}
		}
	})
}
