package mail

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// I24: what is one address, and by which key it is compared.
func TestAddressesAreComparedByOneKey(t *testing.T) {
	tests := []struct{ typed, kept, norm, mailbox string }{
		{"mara@acme.example", "mara@acme.example", "mara@acme.example", "mara@acme.example"},
		{"  Mara.Lindqvist+Roster@ACME.Example \t", "Mara.Lindqvist+Roster@ACME.Example", "mara.lindqvist+roster@acme.example", "Mara.Lindqvist+Roster@acme.example"},
		{"\u202amara@acme.example\u202c", "mara@acme.example", "mara@acme.example", "mara@acme.example"}, // copied from an address book
		{"\ufeffmara@acme.example\u00a0\u200b", "mara@acme.example", "mara@acme.example", "mara@acme.example"},
		{"o'brien@acme.example", "o'brien@acme.example", "o'brien@acme.example", "o'brien@acme.example"},
		{"a@b.co", "a@b.co", "a@b.co", "a@b.co"},
		{"info@bücher.example", "info@bücher.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example"},
		{"info@BU\u0308CHER.example", "info@BU\u0308CHER.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example"},
		{"info@xn--bcher-kva.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example"},
		{"info@acme。example", "info@acme。example", "info@acme.example", "info@acme.example"}, // ideographic full stop
		{"JOSÉ@acme.example", "JOSÉ@acme.example", "josé@acme.example", "JOSÉ@acme.example"},
		{"jose\u0301@acme.example", "jose\u0301@acme.example", "josé@acme.example", "josé@acme.example"},
		{"ΝΊΚΟΣ@acme.example", "ΝΊΚΟΣ@acme.example", "νίκος@acme.example", "ΝΊΚΟΣ@acme.example"},
		{"mi\u212ae@acme.example", "mi\u212ae@acme.example", "mike@acme.example", "miKe@acme.example"}, // kelvin sign: NFC knows it as K
		{"İnci@acme.example", "İnci@acme.example", "i\u0307nci@acme.example", "İnci@acme.example"},     // not "inci"
		{"straße@acme.example", "straße@acme.example", "straße@acme.example", "straße@acme.example"},   // not "strasse"
		{"用户@例え.テスト", "用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah", "用户@xn--r8jz45g.xn--zckzah"},           // all international
		{strings.Repeat("a", 64) + "@acme.example", strings.Repeat("a", 64) + "@acme.example", strings.Repeat("a", 64) + "@acme.example", strings.Repeat("a", 64) + "@acme.example"},
	}
	for _, test := range tests {
		got, err := Parse(test.typed)
		if err != nil {
			t.Errorf("Parse(%q): %v", test.typed, err)
			continue
		}
		if got.Typed != test.kept || got.Norm != test.norm || got.mailbox() != test.mailbox {
			t.Errorf("Parse(%q) is %q, %q, %q; want %q, %q, %q", test.typed, got.Typed, got.Norm, got.mailbox(), test.kept, test.norm, test.mailbox)
		}
	}
}

// I24: what is refused, and in which words.
func TestWhatIsNoAddressIsRefusedInWords(t *testing.T) {
	tests := []struct {
		typed string
		want  AddressError
	}{
		{"", addressUnlike},
		{"   ", addressUnlike},
		{"mara", addressUnlike},
		{"mara@", addressUnlike},
		{"@acme.example", addressUnlike},
		{"@", addressUnlike},
		{"mara.acme.example", addressUnlike},
		{".mara@acme.example", addressUnlike},
		{"mara.@acme.example", addressUnlike},
		{"ma..ra@acme.example", addressUnlike},
		{"ma ra@acme.example", addressUnlike},
		{"mara@acme.example, ben@acme.example", addressSeveral},
		{"mara(comment)@acme.example", addressUnlike},
		{"mara,ben@acme.example", addressUnlike},
		{"mara\\@acme.example", addressUnlike},
		{"a\u200db@acme.example", didYouMean("ab@acme.example")},
		{"\u0301mara@acme.example", addressUnlike},
		{"mara\uff20acme.example", didYouMean("mara@acme.example")},
		{"😀@acme.example", addressUnlike},
		{"\xff@acme.example", addressUnlike},

		{"mara@@acme.example", addressSeveral},
		{"mara@acme@example.com", addressSeveral},
		{"Mara <mara@acme.example>", addressNamed},
		{"<mara@acme.example>", addressNamed},
		{`"Mara" <mara@acme.example>`, addressNamed},
		{`"mara"@acme.example`, addressQuoted},
		{`"ma@ra"@acme.example`, addressQuoted},

		{"mara\x00@acme.example", addressControl},
		{"mara@acme.example\x00", addressControl},
		{"mara@acme.example\n", addressControl},
		{"mara@acme.example\r\nBcc: ben@acme.example", addressControl},
		{"mara\t@acme.example", addressControl},
		{"ma\u00adra@acme.example", didYouMean("mara@acme.example")},
		{"mara@ac\u00adme.example", didYouMean("mara@acme.example")},
		{"mara@ac\u200bme.example", didYouMean("mara@acme.example")},
		{"mara@\u202eelpmaxe.emca", didYouMean("mara@elpmaxe.emca")},
		{"mara\x7f@acme.example", addressControl},
		{"mara\u2028@acme.example", addressControl},

		{"mara@localhost", addressDomain},
		{"mara@acme", addressDomain},
		{"mara@acme.example.", addressDomain},
		{"mara@.acme.example", addressDomain},
		{"mara@acme..example", addressDomain},
		{"mara@-acme.example", addressDomain},
		{"mara@acme-.example", addressDomain},
		{"mara@acme_robotics.example", addressDomain},
		{"mara@acme example.com", addressDomain},
		{"mara@127.0.0.1", addressDomain},
		{"mara@[127.0.0.1]", addressDomain},
		{"mara@[IPv6:::1]", addressDomain},
		{"mara@xn--a.example", addressDomain},
		{"mara@xn--.example", addressDomain},
		{"mara@xn--999999999.example", addressDomain},
		{"mara@a\u05d0b.example", addressDomain}, // directions mixed in one label
		{"mara@acme.example:25", addressDomain},
		{"mara@acme.example/path", addressDomain},
		{"mara@acme.x", addressDomain},
		{"mara@" + strings.Repeat("a", 64) + ".example", addressDomain},

		{strings.Repeat("a", 65) + "@acme.example", addressLong},
		{strings.Repeat("é", 33) + "@acme.example", addressLong}, // 66 bytes
		{"mara@" + strings.Repeat("a.", 130) + "example", addressLong},
		{"mara@" + strings.Repeat(strings.Repeat("a", 49)+".", 5) + "example", addressLong},
		{strings.Repeat("a", 10_000), addressLong},
	}
	for _, test := range tests {
		got, err := Parse(test.typed)
		if err != test.want || !got.IsZero() {
			t.Errorf("Parse(%q) is %q, %v; want %v", test.typed, got.Norm, err, test.want)
		}
	}
	if addressUnlike.Error() != AddressLike {
		t.Errorf("the plain refusal is %q", addressUnlike)
	}
}

// One that looks like another is refused with the one that was meant, whatever made it look so; what has an account from
// before is still read, as itself. B226 I24
func TestTwoSpellingsThatLookAlikeAreNotTwoAddresses(t *testing.T) {
	for typed, meant := range map[string]string{
		"ｋｉｍ@example.com": "kim@example.com", "ＫＩＭ@example.com": "KIM@example.com", "kim２@example.com": "kim2@example.com", "ﬁona@example.com": "fiona@example.com", "ª@example.com": "a@example.com", "ſam@example.com": "sam@example.com",
		"𝓴𝓲𝓶@example.com": "kim@example.com", "ｶﾅ@example.com": "カナ@example.com", "kim＠ｅｘａｍｐｌｅ.com": "kim@example.com", "kim．lee@example.com": "kim.lee@example.com", "ｋi\u200bm@example.com": "kim@example.com", "kim@\u202eexample.com": "kim@example.com", "کی\u200cم@example.com": "کیم@example.com", "½@example.com": "", "㎏@example.com": "kg@example.com",
	} {
		want := addressForms
		if meant != "" {
			want = didYouMean(meant)
		}
		if a, err := Parse(typed); err != want || !a.IsZero() {
			t.Errorf("Parse(%q) is %q, %v; want %v", typed, a.Norm, err, want)
		}
		if found := ParseList("x@example.com, " + typed); len(found) != 2 || found[1].Err != want || found[1].Meant != meant {
			t.Errorf("ParseList(%q) is %+v", typed, found)
		}
		if a, err := ParseKnown(typed); err == nil && a.Norm == strings.ToLower(meant) {
			t.Errorf("ParseKnown(%q) is another's: %q", typed, a.Norm)
		}
	}
	// A domain is one in whatever letters, and what is plain in its script is itself.
	for typed, norm := range map[string]string{"kim@ｅｘａｍｐｌｅ.com": "kim@example.com", "kim@example。com": "kim@example.com", "李小龙@example.com": "李小龙@example.com", "jürgen@example.com": "jürgen@example.com", "कि@example.com": "कि@example.com"} {
		if a, err := Parse(typed); err != nil || a.Norm != norm {
			t.Errorf("Parse(%q) is %q, %v; want %q", typed, a.Norm, err, norm)
		}
	}
}

// B226: what copying brings into an address and nobody sees is left out of it in a list, wherever it stands; what would look
// otherwise without it is asked about, and a single field asks about all of it.
func TestWhatNobodySeesIsLeftOutOfAList(t *testing.T) {
	for what, sign := range map[string]string{"space without width": "\u200b", "soft hyphen": "\u00ad", "sign of order": "\ufeff", "word joiner": "\u2060", "left to right": "\u200e", "right to left": "\u200f",
		"embedding": "\u202a", "isolate": "\u2068", "end of an isolate": "\u2069", "joiner": "\u200d", "grapheme joiner": "\u034f", "variation": "\ufe0f", "several": "\u200b\u200b\u2060"} {
		for _, typed := range []string{"ki" + sign + "m@example.com", "kim" + sign + "@example.com", "kim@" + sign + "example.com", "kim@exam" + sign + "ple." + sign + "com", "Kim Lee <kim@" + sign + "example.com>"} {
			found := ParseList("jo@example.com, " + typed + "\nlee@example.com")
			if len(found) != 3 || found[1].Err != nil || found[1].Address.Norm != "kim@example.com" || found[1].Address.Typed != "kim@example.com" || !found[1].Unseen || found[0].Unseen || found[2].Unseen {
				t.Errorf("%s: %q is %+v", what, typed, found)
			}
		}
		if _, err := Parse("ki" + sign + "m@example.com"); err != didYouMean("kim@example.com") {
			t.Errorf("%s: a field says %v", what, err)
		}
	}
	for typed, domain := range map[string]string{"a@क्\u200dष.example": "xn--11b4d3a.example", "a@ac\u200bme.con": ""} {
		if found := ParseList(typed); len(found) != 1 || (found[0].Err == nil) != (domain != "") || found[0].Unseen {
			t.Errorf("%q is %+v", typed, found)
		}
	}
}

func TestDomainOfAddress(t *testing.T) {
	a, err := Parse("Info@Bücher.example")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Domain(); got != "xn--bcher-kva.example" {
		t.Errorf("domain is %q", got)
	}
	if got := (Address{}).Domain(); got != "" {
		t.Errorf("domain of no address is %q", got)
	}
}

func TestAddressesAreFoundInWhatPeoplePaste(t *testing.T) {
	const unlike = AddressLike
	type want struct{ raw, name, norm, err string }
	tests := []struct {
		name, text string
		want       []want
	}{
		{"nothing", " \n ,; \t", nil},
		{"one", "mara@acme.example", []want{{"mara@acme.example", "", "mara@acme.example", ""}}},
		{"commas, semicolons, spaces, lines", "a@x.example,b@x.example; c@x.example d@x.example\r\ne@x.example\n\nf@x.example\t g@x.example", []want{
			{"a@x.example", "", "a@x.example", ""}, {"b@x.example", "", "b@x.example", ""}, {"c@x.example", "", "c@x.example", ""},
			{"d@x.example", "", "d@x.example", ""}, {"e@x.example", "", "e@x.example", ""}, {"f@x.example", "", "f@x.example", ""}, {"g@x.example", "", "g@x.example", ""},
		}},
		{"names", "Mara Lindqvist <mara@acme.example>, ben@acme.example, <Cem@acme.example>", []want{
			{"Mara Lindqvist <mara@acme.example>", "Mara Lindqvist", "mara@acme.example", ""}, {"ben@acme.example", "", "ben@acme.example", ""},
			{"<Cem@acme.example>", "", "cem@acme.example", ""},
		}},
		{"quoted name with comma", `"Lindqvist, Mara" <mara@acme.example>; 'Ben' <ben@acme.example>`, []want{
			{`"Lindqvist, Mara" <mara@acme.example>`, "Lindqvist, Mara", "mara@acme.example", ""}, {`'Ben' <ben@acme.example>`, "Ben", "ben@acme.example", ""},
		}},
		{"bare name with comma", "Lindqvist, Mara <mara@acme.example>", []want{{"Lindqvist, Mara <mara@acme.example>", "Lindqvist, Mara", "mara@acme.example", ""}}},
		{"names without separators", "Mara <mara@acme.example> Ben <ben@acme.example> cem@acme.example", []want{
			{"Mara <mara@acme.example>", "Mara", "mara@acme.example", ""}, {"Ben <ben@acme.example>", "Ben", "ben@acme.example", ""}, {"cem@acme.example", "", "cem@acme.example", ""},
		}},
		{"address as name", "mara@acme.example <mara@acme.example>", []want{{"mara@acme.example <mara@acme.example>", "", "mara@acme.example", ""}}},
		{"another address before the bracket", "ben@acme.example Mara <mara@acme.example>", []want{
			{"ben@acme.example", "", "ben@acme.example", ""}, {"ben@acme.example Mara <mara@acme.example>", "Mara", "mara@acme.example", ""},
		}},
		{"sentence", "Invite mara@acme.example and (ben@acme.example). Also mailto:cem@acme.example!", []want{
			{"mara@acme.example", "", "mara@acme.example", ""}, {"(ben@acme.example).", "", "ben@acme.example", ""}, {"mailto:cem@acme.example!", "", "cem@acme.example", ""},
		}},
		{"from a spreadsheet", "Mara Lindqvist\tmara@acme.example\nBen\tben@acme.example", []want{
			{"mara@acme.example", "", "mara@acme.example", ""}, {"ben@acme.example", "", "ben@acme.example", ""},
		}},
		{"repeated", "a@x.example A@X.example", []want{{"a@x.example", "", "a@x.example", ""}, {"A@X.example", "", "a@x.example", ""}}},
		{"not addresses", "ben, mara@, @acme.example cem.acme.example\nVic Vega", []want{
			{"ben", "", "", unlike}, {"mara@", "", "", unlike}, {"@acme.example", "", "", unlike}, {"cem.acme.example", "", "", unlike}, {"Vic Vega", "", "", unlike},
		}},
		{"at in words", "mara(at)acme.example, ben＠acme.example", []want{{"mara(at)acme.example", "", "", unlike}, {"ben＠acme.example", "", "", "Did you mean ben@acme.example?"}}},
		{"empty and broken brackets", "Mara <>, Ben <ben@acme.example, cem@acme.example", []want{
			{"Mara <>", "Mara", "", unlike}, {"<ben@acme.example", "", "ben@acme.example", ""}, {"cem@acme.example", "", "cem@acme.example", ""},
		}},
		{"open quotation mark", `"Mara <mara@acme.example>, ben@acme.example`, []want{
			{`"Mara <mara@acme.example>`, "Mara", "mara@acme.example", ""}, {"ben@acme.example", "", "ben@acme.example", ""},
		}},
		{"words of a sentence", "please add ann@x.example and Bob Smith <bob@y.example>; thanks", []want{
			{"ann@x.example", "", "ann@x.example", ""}, {"please add ann@x.example and Bob Smith <bob@y.example>", "and Bob Smith", "bob@y.example", ""},
		}},
		{"a mistyped address in a sentence", "Hello Ruth, see https://x.example/rota and invite bob@, cem.x.example and ann@x.example. Thank you, Mara", []want{
			{"bob@", "", "", unlike}, {"cem.x.example", "", "", unlike}, {"ann@x.example.", "", "ann@x.example", ""},
		}},
		{"an Outlook line", "To: Lindqvist, Mara <mara@acme.example>; Ben Okafor (Depot) <ben@acme.example>", []want{
			{"To: Lindqvist, Mara <mara@acme.example>", "To: Lindqvist, Mara", "mara@acme.example", ""}, {"Ben Okafor (Depot) <ben@acme.example>", "Ben Okafor (Depot)", "ben@acme.example", ""},
		}},
		{"a column with a word in it", "ann@x.example\nbob\ncem@x.example", []want{
			{"ann@x.example", "", "ann@x.example", ""}, {"bob", "", "", unlike}, {"cem@x.example", "", "cem@x.example", ""},
		}},
		{"mistyped domains", "ann@gmial.com, Bob <bob@acme.con>, petra@acme, x@acme.example, y@hotmail, z@nowhere", []want{
			{"ann@gmial.com", "", "", "Did you mean ann@gmail.com?"}, {"Bob <bob@acme.con>", "Bob", "", "Did you mean bob@acme.com?"},
			{"petra@acme", "", "", "Did you mean petra@acme.example?"}, {"x@acme.example", "", "x@acme.example", ""},
			{"y@hotmail", "", "", "Did you mean y@hotmail.com?"}, {"z@nowhere", "", "", string(addressDomain)},
		}},
		{"several @", "mara@acme@example.com", []want{{"mara@acme@example.com", "", "", string(addressSeveral)}}},
		{"hidden", "mara@ac\u200bme.example", []want{{"mara@ac\u200bme.example", "", "mara@acme.example", ""}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []want
			for _, f := range ParseList(test.text) {
				w := want{f.Raw, f.Name, f.Address.Norm, ""}
				if f.Err != nil {
					w.err = f.Err.Error()
				}
				got = append(got, w)
			}
			if len(got) != len(test.want) {
				t.Fatalf("found %d: %q\nwant %d: %q", len(got), got, len(test.want), test.want)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Errorf("%d: found %q, want %q", i, got[i], test.want[i])
				}
			}
		})
	}
}

// I24: whatever is accepted is at rest: its key is its own key, nothing in it is invisible, and its mailbox is it again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"mara@acme.example", "Mara@ACME.example", "jose\u0301@bücher.example", "İ@x.example", "ΣΑΣ@x.example", "mi\u212ae@x.example", "a@xn--bcher-kva.example",
		"a\r\n@x.example", "a@x\u3002example", `"a b"@x.example`, "<a@x.example>", "a@b@c.example", "ﬀ@x.example", "a@ﬀ.example", "ǅ@x.example", "a@\u1e9e.example",
		"\u0130\u0307@x.example", "a\u0345@x.example", "a@a\u200cb.example", "a@क्\u200dष.example", "ᏸ@x.example", "\ua64b\u1c88@x.example",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			var e AddressError
			if !errors.As(err, &e) || a != (Address{}) {
				t.Fatalf("Parse(%q) is %+v, %v", s, a, err)
			}
			return
		}
		again, err := Parse(a.Norm)
		if err != nil || again.Norm != a.Norm {
			t.Fatalf("Parse(%q) is %q, and again %q, %v", s, a.Norm, again.Norm, err)
		}
		sent, err := Parse(a.mailbox())
		if err != nil || sent.Norm != a.Norm || sent.mailbox() != a.mailbox() {
			t.Fatalf("Parse(%q) is %q, its mailbox %q is %q, %v", s, a.Norm, a.mailbox(), sent.Norm, err)
		}
		for _, part := range []string{a.Norm, a.Typed, a.mailbox()} {
			if !utf8.ValidString(part) || strings.ContainsFunc(part, unicode.IsControl) || strings.ContainsAny(part, "<>\"\u202e\u00ad ") || strings.Count(part, "@") != 1 {
				t.Fatalf("Parse(%q) keeps %q", s, part)
			}
		}
		if len(a.Norm) > addressMax || strings.ToLower(a.Domain()) != a.Domain() || strings.ContainsFunc(a.Domain(), func(r rune) bool { return r >= utf8.RuneSelf }) {
			t.Fatalf("Parse(%q) is %q", s, a.Norm)
		}
	})
}

// Nothing with an @ in it is lost, and nothing is found twice.
func FuzzParseList(f *testing.F) {
	for _, s := range []string{
		"a@x.example, B <b@x.example>", `"L, M" <m@x.example>;n@x.example`, "a@x.example <a@x.example>", "<<a@x.example>>", "a@,@b,<@>", "L, M <m@x.example", "\"a@x.example", "x <a@x.example> y@x.example <z", "\x00", "add a@gmial.com; thanks", "a@x, b@x.example",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		found := ParseList(s)
		var raws strings.Builder
		for _, f := range found {
			if (f.Err == nil) == f.Address.IsZero() {
				t.Fatalf("ParseList(%q): %+v", s, f)
			}
			raws.WriteString(f.Raw)
		}
		if strings.Count(raws.String(), "@") < strings.Count(s, "@") {
			t.Fatalf("ParseList(%q) lost an @: %+v", s, found)
		}
	})
}
