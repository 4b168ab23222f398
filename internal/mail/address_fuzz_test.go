package mail

import (
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// unseen says that r is not drawn, whatever font: two texts that differ by it look the same. The joiners are left to IDNA,
// in whose domains they mean something.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// I24: one mailbox, one key. However an address that is taken is written (in capitals, with its marks apart, its domain
// in letters or in the ASCII of DNS, with what copying brings along), it is the same address; and what a mail server is
// told is within its limits and is read as the same mailbox by others.
func FuzzSpellings(f *testing.F) {
	for _, s := range []string{"mara@acme.example", "Mara.Lindqvist+x@ACME.example", "josé@bücher.example", "jose\u0301@BU\u0308CHER.example", "用户@例え.テスト", "İnci@acme.example", "ΣΑΣ@x.example",
		"mi\u212ae@x.example", strings.Repeat("ẞ", 32) + "@acme.example", "ma\u034fra@acme.example", "mara\ufe0f@acme.example", "ma\u3164ra@acme.example", "!#$%&'*+-/=?^_`{|}~@x.example",
		"=?utf-8?q?x?=@acme.example", "a@x。example", "a@ｘ.example", "a@xn--bcher-kva.example", "a@faß.example", "ss@ss.example", "a@क्\u200dष.example", "a@x.xn--p1ai"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		local, domain, _ := strings.Cut(a.Typed, "@")
		letters, err := idna.Lookup.ToUnicode(a.Domain())
		if err != nil {
			t.Fatalf("the domain of %q has no letters: %v", s, err)
		}
		same := []string{a.Norm, a.mailbox(), " \t" + a.Typed + "\u00a0", "\u202a" + a.Typed + "\u202c", "\ufeff" + a.Norm + "\u200b",
			local + "@" + a.Domain(), local + "@" + strings.ToUpper(a.Domain()), norm.NFC.String(local) + "@" + domain}
		if len(letters)+len(local) < 200 {
			same = append(same, local+"@"+letters, local+"@"+norm.NFD.String(letters))
		}
		if d := norm.NFD.String(a.Typed); len([]rune(d)) <= addressMax {
			same = append(same, d)
		}
		for _, spelled := range same {
			if b, err := Parse(spelled); err != nil || b.Norm != a.Norm {
				t.Errorf("%q is %q, but %q is %q, %v", s, a.Norm, spelled, b.Norm, err)
			}
		}
		if written, known := Spellings(a.Typed); known != local+"@"+a.Domain() {
			t.Errorf("%q is spelled %q and %q", s, written, known)
		} else if again, _ := Spellings(known); again != written {
			t.Errorf("%q is spelled %q, and back %q", s, written, again)
		}
		for _, shown := range []string{a.Norm, a.Typed, a.mailbox()} {
			if strings.ContainsFunc(shown, unseen) {
				t.Errorf("%q keeps %q, with something in it that nobody sees", s, shown)
			}
		}
		sent, _, _ := strings.Cut(a.mailbox(), "@")
		if len(sent) > localMax || len(a.mailbox()) > addressMax {
			t.Errorf("%q is sent to as %q: longer than mail servers take", s, a.mailbox())
		}
		if read, err := netmail.ParseAddress("<" + a.mailbox() + ">"); err != nil || read.Address != a.mailbox() || read.Name != "" {
			t.Errorf("%q is sent to as %q, which is read as %+v, %v", s, a.mailbox(), read, err)
		}
	})
}

// I24 C060: what is found in a list is found in it alone too, and a list that is written down anew is the same list.
func FuzzFoundAlone(f *testing.F) {
	for _, s := range []string{"a@x.example, B <b@x.example>", `"L, M" <m@x.example>;n@x.example`, "L, M <m@x.example> n@x.example", "a@x.example\nb@x.example\r\nc@x.example", "mailto:a@x.example!", "(a@x.example).",
		"<a@x.example", "a@x.example\u2028b@x.example", "Ben <mailto:b@x.example>", "a@x.example <b@x.example>", "\"a@x.example\"", "'a@x.example'", "a@x.example\x00", "x;y,z@x.example", "!@x.example,?@x.example"} {
		f.Add(s)
	}
	norms := func(list []Found) []string {
		var all []string
		for _, found := range list {
			if found.Err == nil {
				all = append(all, found.Address.Norm)
			}
		}
		return all
	}
	f.Fuzz(func(t *testing.T, s string) {
		list := ParseList(s)
		for _, found := range list {
			if found.Err != nil {
				continue
			}
			if alone := norms(ParseList(found.Raw)); !slices.Contains(alone, found.Address.Norm) {
				t.Errorf("in %q the piece %q is %q, alone it is %q", s, found.Raw, found.Address.Norm, alone)
			}
			if strings.ContainsAny(found.Raw, "\r\n") || strings.ContainsAny(found.Name, "\r\n<>") {
				t.Errorf("in %q: %+v", s, found)
			}
		}
		for _, glue := range []string{"\n", ", ", ";", " "} {
			var brackets []string
			for _, one := range norms(list) {
				brackets = append(brackets, "<"+one+">")
			}
			if again := norms(ParseList(strings.Join(brackets, glue))); !slices.Equal(again, norms(list)) {
				t.Errorf("%q is %q, and written down with %q between, %q", s, norms(list), glue, again)
			}
		}
	})
}
