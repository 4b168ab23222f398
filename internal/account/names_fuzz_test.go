package account

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// C060 O33: a name that is taken is kept as it is taken, is one line in which everything is seen, and fits wherever it
// goes: the column, the key by which lists are sorted, and the text that searches look into. Every word of it is found.
func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"Noor van Dijk", "  E\u0301lodie\t", "می\u200cخواهم", "O’Brien-Łukasz, Jr", "Ann\u202ebob", "\u3164", "\u200d\u200d", "A\u034fnn", "\u2800", "\u115f\u1160", "a\ufe0f", strings.Repeat("ﷺ", 100), strings.Repeat("½", 100),
		strings.Repeat("⁗", 100), strings.Repeat("㏂", 100), strings.Repeat("a-", 50), strings.Repeat("𝔄", 100), "<script>", "=?utf-8?q?x?=", "İ ı ß ẞ ſ", "Ǆ ǅ", "\U000e0041x", "…", "x\u2028y", "ẛ̣", "가", "각", "a\u0301\u0327", "\u037a x"} {
		f.Add(s, "mara@acme.example")
	}
	f.Fuzz(func(t *testing.T, typed, email string) {
		folded := Fold(typed)
		if again := Fold(folded); again != folded {
			t.Errorf("%q is folded to %q, and again to %q", typed, folded, again)
		}
		if other := Fold(norm.NFD.String(typed)); utf8.ValidString(typed) && other != folded {
			t.Errorf("%q is folded to %q, with its marks apart to %q", typed, folded, other)
		}
		name, err := CheckName(typed)
		if err != nil {
			if _, ok := err.(NameError); !ok || name != "" {
				t.Errorf("CheckName(%q) = %q, %v", typed, name, err)
			}
			return
		}
		if again, err := CheckName(name); err != nil || again != name {
			t.Errorf("%q is taken as %q, and that as %q, %v", typed, name, again, err)
		}
		if n := utf8.RuneCountInString(name); n < 1 || n > NameMax || !utf8.ValidString(name) || !norm.NFC.IsNormalString(name) || strings.TrimSpace(name) != name {
			t.Errorf("%q is taken as %q", typed, name)
		}
		if strings.ContainsFunc(name, func(r rune) bool {
			return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
		}) {
			t.Errorf("%q is taken as %q", typed, name)
		}
		if !strings.ContainsFunc(name, func(r rune) bool {
			return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && r != '\u2800'
		}) {
			t.Errorf("the name %q shows nothing", name)
		}
		sort, text := SortName(name), SearchText(name, email[:min(len(email), 254)])
		if len(sort) > SortMax || !utf8.ValidString(sort) || !strings.HasPrefix(Fold(name), sort) {
			t.Errorf("%q is sorted by %d bytes: %q", name, len(sort), sort)
		}
		if len(text) > 16<<10 {
			t.Errorf("%q is searched in %d bytes", name, len(text))
		}
		for word := range strings.FieldsSeq(Fold(name)) {
			if !strings.Contains(text, " "+word) {
				t.Errorf("%q is not found by %q in %q", name, word, text)
			}
		}
	})
}

// I64 I104: what says where a request came from fits the log and the database, and tells of a browser in our own words.
func FuzzTrace(f *testing.F) {
	for _, s := range []string{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "\x00\xff", strings.Repeat("é", 600), strings.Repeat("\xff", 600), "Edg/iPhone", "Firefox\r\nX: y", "192.0.2.7", "::1%eth0", "::ffff:192.0.2.7", "2001:db8::1"} {
		f.Add(s)
	}
	words := " " + strings.Join([]string{"Edge", "Opera", "Samsung Internet", "Firefox", "Chrome", "Chromium", "Safari", "iPhone", "iPad", "Android", "Windows", "ChromeOS", "macOS", "Linux", "on"}, " ") + " "
	f.Fuzz(func(t *testing.T, s string) {
		clean := Trace{Address: s, UserAgent: s, RequestID: s}.clean()
		for _, part := range []string{clean.Address, clean.UserAgent, clean.RequestID} {
			if !utf8.ValidString(part) || strings.Contains(part, "\x00") || utf8.RuneCountInString(part) > 500 {
				t.Errorf("%q becomes %q", s, part)
			}
		}
		if again := clean.clean(); again != clean {
			t.Errorf("%q becomes %+v, and again %+v", s, clean, again)
		}
		for word := range strings.FieldsSeq(Device(s)) {
			if !strings.Contains(words, " "+word+" ") && !strings.Contains(words, " "+word) {
				t.Errorf("%q is called %q", s, Device(s))
			}
		}
		if b := block(s); block(b) != b && strings.Contains(b, "/") && b != s {
			// A block is not an address; it is told apart from every other block by its own text.
			t.Errorf("%q is in %q, which is in %q", s, b, block(b))
		}
	})
}
