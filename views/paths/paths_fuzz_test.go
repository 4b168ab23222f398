package paths

import (
	"net/url"
	"testing"
	"unicode/utf8"
)

// I93 I97: whatever people type, in a query it is one value of one name, and it comes back as it was typed.
func FuzzWith(f *testing.F) {
	for _, s := range []string{"ann", "a&b=c", "a+b c", "%2f", "#x", "?", "a\r\nb", "é", "\xff", "//evil.example", ";", ""} {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, name, value, other string) {
		if name == "last" {
			return
		}
		link := With(With(Orgs, name, value), "last", other)
		u, err := url.Parse(link)
		if err != nil || u.Path != Orgs || u.Host != "" || u.Fragment != "" {
			t.Fatalf("%q=%q becomes %q, read as %v, %v", name, value, link, u, err)
		}
		read, err := url.ParseQuery(u.RawQuery)
		if err != nil || read.Get(name) != value || read.Get("last") != other || len(read[name]) > 1 || len(read) > 2 {
			t.Errorf("%q=%q and %q become %q, read as %v, %v", name, value, other, link, read, err)
		}
	})
}

// C060 I93: the link to an address writes to that address alone: nothing in it adds a recipient, a subject or words.
func FuzzMailTo(f *testing.F) {
	for _, s := range []string{"mara@acme.example", "a?bcc=victim@acme.example", "a&subject=x@acme.example", "a%3fbcc=x@acme.example", "a#b@acme.example", "a,b@acme.example", "josé@bücher.example", "a+b@acme.example", "a/b@acme.example", "javascript:x@acme.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if !utf8.ValidString(address) {
			return
		}
		u, err := url.Parse(MailTo(address))
		if err != nil || u.Scheme != "mailto" || u.RawQuery != "" || u.Fragment != "" || u.Host != "" {
			t.Fatalf("%q is written to by %q: %v", address, MailTo(address), err)
		}
		if to, err := url.PathUnescape(u.Opaque + u.Path); err != nil || to != address && address != "" {
			t.Errorf("%q is written to by %q, which is %q, %v", address, MailTo(address), to, err)
		}
	})
}
