package mail

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// C060 I65: a name in a letter is a name.
func TestNamesInLettersAreNames(t *testing.T) {
	tests := []struct{ name, want string }{
		{"Palmer Rail", "Palmer Rail"},
		{"  Palmer \t Rail\n", "Palmer Rail"},
		{"Palmer\r\nBcc: x", "Palmer Bcc: x"},
		{"a\x00b\x1b[31mc\x7f", "a b [31mc"},
		{"\u202eliaR\u202c \u2066x\u2069\u200e", "liaR x"},
		{"soft\u00adhy\u200bphen\ufeff", "softhyphen"},
		{"Jose\u0301", "José"},
		{"\xffbad", "bad"},
		{"line\u2028break", "line break"},
		{"श्री\u200dमती", "श्री\u200dमती"},
		{"👩\u200d🚀 club", "👩\u200d🚀 club"},
		{"a\u200db", "ab"},

		// What stays: names that only look a little like addresses.
		{"St.Gallen", "St.Gallen"},
		{"Node.js Foundation", "Node.js Foundation"},
		{"J.R.R. Tolkien", "J.R.R. Tolkien"},
		{"Dr. Ruth Palmer, Ph.D.", "Dr. Ruth Palmer, Ph.D."},
		{"Version 2.0", "Version 2.0"},
		{"Acme, Inc.", "Acme, Inc."},
		{"AC/DC", "AC/DC"},
		{"24/7: always", "24/7: always"},
		{"<b>Acme</b> & \"Sons\"", "<b>Acme</b> & \"Sons\""},

		// What a mail program would make a link of.
		{"Booking.com", "Booking. com"},
		{"see https://evil.example/x?y=1#z", "see https evil. example x?y=1#z"},
		{"HTTPS://EVIL.EXAMPLE", "HTTPS EVIL. EXAMPLE"},
		{"ftp://10.0.0.1/x", "ftp 10. 0. 0. 1 x"},
		{"http:/evil.example", "http evil. example"},
		{"www.evil", "www. evil"},
		{"xwww.evil", "xwww.evil"},
		{"(www.evil.example)", "(www. evil. example)"},
		{"evil.example", "evil. example"},
		{"evil.gallen/pay", "evil. gallen pay"},
		{"evil.gallen:8080", "evil. gallen 8080"},
		{"sub.evil.co.uk.", "sub. evil. co. uk."},
		{"evil。com", "evil. com"},
		{"evil．com", "evil. com"},
		{"еvil.рф", "еvil. рф"},
		{"xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd. xn--p1ai"},
		{"ev\u200bil.c\u00adom", "evil. com"},
		{"192.168.0.1", "192. 168. 0. 1"},
		{"boss@evil.com", "boss at evil. com"},
		{"boss@home", "boss at home"},
		{"a.com b.com", "a. com b. com"},
		{"a.com a.com/x", "a. com a. com x"},

		// What a header would decode.
		{"=?utf-8?B?RXZpbA==?=", "= ?utf-8?B?RXZpbA== ?="},
		{"==??=?", "== ??= ?"},

		{strings.Repeat("ä", 41), strings.Repeat("ä", 39) + "…"},
		{strings.Repeat("ä", 38) + " bc", strings.Repeat("ä", 38) + "…"},
		{strings.Repeat("ä", 40), strings.Repeat("ä", 40)},
		{"", ""},
		{"\u200b\n", ""},
	}
	for _, test := range tests {
		if got := Clean(test.name, 40); got != test.want {
			t.Errorf("Clean(%q) is %q, want %q", test.name, got, test.want)
		}
	}
}

// I65: the inviter's message is plain text of at most 500 characters without web addresses.
func TestMessagesAreCheckedWhereTheyAreWritten(t *testing.T) {
	long := strings.Repeat("ü", MessageMax)
	allowed := []struct{ typed, want string }{
		{"", ""},
		{"  Hi Mara,\r\n\r\nsee you on Thursday.\rRuth \n", "Hi Mara,\n\nsee you on Thursday.\nRuth"},
		{"a\tb", "a b"},
		{"Ask ann@acme.com if you need help.", "Ask ann@acme.com if you need help."},
		{"We use Node.js and v2.0 in St.Gallen, 10:30.", "We use Node.js and v2.0 in St.Gallen, 10:30."},
		{"<b>bold</b> & “quotes” 👩\u200d🚀", "<b>bold</b> & “quotes” 👩\u200d🚀"},
		{long, long},
		{long + "\n ", long},
	}
	for _, test := range allowed {
		got, err := CheckMessage(test.typed)
		if err != nil || got != test.want {
			t.Errorf("CheckMessage(%q) is %q, %v; want %q", test.typed, got, err, test.want)
		}
		if sent := cleanMessage(got); sent != got {
			t.Errorf("message %q leaves as %q", got, sent)
		}
	}

	refused := []struct{ typed, words string }{
		{long + "x", "The message has 501 characters. Keep it to 500"},
		{"see https://evil.example", "Leave web addresses out of the message: “https://evil.example” reads as one"},
		{"see evil.com", "Leave web addresses out of the message: “evil.com” reads as one"},
		{"see evil.com/x.", "Leave web addresses out of the message: “evil.com/x.” reads as one"},
		{"see www.evil", "Leave web addresses out of the message: “www.evil” reads as one"},
		{"see bücher.example", "Leave web addresses out of the message: “bücher.example” reads as one"},
		{"ann@evil.com/pay", "Leave web addresses out of the message: “@evil.com/pay” reads as one"},
		{"a\x00b", "Leave invisible characters out of the message"},
		{"a\u202eb", "Leave invisible characters out of the message"},
		{"a\x1bb", "Leave invisible characters out of the message"},
		{"a\u200bb", "Leave invisible characters out of the message"},
		{"a\xffb", "Leave invisible characters out of the message"},
	}
	for _, test := range refused {
		got, err := CheckMessage(test.typed)
		if err != WordsError(test.words) || got != "" {
			t.Errorf("CheckMessage(%q) is %q, %v; want %q", test.typed, got, err, test.words)
		}
		if sent := cleanMessage(test.typed); len(links(sent, false)) > 0 || utf8.RuneCountInString(sent) > MessageMax || sent != visible(sent, isLineEnd) {
			t.Errorf("message %q leaves as %q", test.typed, sent)
		}
	}
}

// I65 I124: whatever a name is made of, in a letter it is one line without links, and cleaning it again changes nothing.
func FuzzClean(f *testing.F) {
	for _, s := range []string{
		"Palmer Rail", "https://evil.example", "a.com/b.com", "www.www.evil", "=?=?", "a\u200db.com", "1.2.3.4:5", "@@a.com", "a:/b:/c.com", "x.com.com.", "…", "a.c\u0327om", "\u202e.com",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s, 30)
		if again := Clean(got, 30); again != got {
			t.Fatalf("Clean(%q) is %q, and again %q", s, got, again)
		}
		if utf8.RuneCountInString(got) > 30 || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) || strings.Contains(got, "=?") || strings.Contains(got, "@") {
			t.Fatalf("Clean(%q) is %q", s, got)
		}
		if found := links(got, true); len(found) > 0 {
			t.Fatalf("Clean(%q) is %q with links %q", s, got, found)
		}

		if message, err := CheckMessage(s); err == nil {
			again, err := CheckMessage(message)
			if err != nil || again != message || cleanMessage(message) != message {
				t.Fatalf("message %q is %q, again %q, %v, and leaves as %q", s, message, again, err, cleanMessage(message))
			}
		}
		if sent := cleanMessage(s); len(links(sent, false)) > 0 || utf8.RuneCountInString(sent) > MessageMax {
			t.Fatalf("message %q leaves as %q", s, sent)
		}
	})
}
