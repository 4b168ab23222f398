package mail

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// C060 I65: the words that go into a letter are at rest: cleaned a second time, in a job that is read again, they are the
// same; in a job there is nothing that the database would not take; and the secret comes out for the very letter alone.
func FuzzLetterInAJob(f *testing.F) {
	for _, s := range []string{"Palmer Rail", "e\u200b\u0301", "a\u00ad\u0301b", "x\u2060\u0327y", "Win at https://evil.example", "=?utf-8?q?x?=", "a\x00b\x7f", "\xff", "👩\u200d🚀", strings.Repeat("ü", 600), "\ufffd", "a\u200d\u0301",
		"1\u200b. com", "evil\u200b.com", "…", "ab.\u0301com", "Ａ．ｃｏｍ"} {
		f.Add(s, s, "mara@acme.example")
		f.Add("Acme", s, "=?x?="+s+"@acme.example")
	}
	sealer, err := NewSealer([]byte(strings.Repeat("k", 32)))
	if err != nil {
		f.Fatal(err)
	}
	outbox, err := NewOutbox(sealer, "https://roster.example")
	if err != nil {
		f.Fatal(err)
	}
	const org, other = "0190a5d0-ac96-774b-bcce-b302099a8057", "0190a5d0-ac96-774b-bcce-b302099a8058"
	f.Fuzz(func(t *testing.T, name, message, email string) {
		l := Invitation{To: "mara@acme.example", Organization: Organization{ID: org, Name: name, Slug: "acme"}, Inviter: Person{Name: name, Email: email}, ID: other,
			Role: "Member", Explanation: message, Message: message, Expires: time.Unix(1e9, 0).UTC(), Token: "token-of-the-link"}
		once := Cleaned(l)
		if twice := Cleaned(once); !reflect.DeepEqual(once, twice) {
			t.Errorf("cleaned it is %+v, cleaned again %+v", once, twice)
		}
		clean := once.(Invitation)
		for _, line := range []string{clean.Organization.Name, clean.Inviter.Name, clean.Inviter.Email, clean.Explanation} {
			if strings.ContainsFunc(line, unicode.IsControl) || strings.ContainsAny(line, "\u2028\u2029\u202e\u2066") || !norm.NFC.IsNormalString(line) && line != clean.Inviter.Email {
				t.Errorf("a line is %q", line)
			}
		}
		if strings.ContainsFunc(strings.ReplaceAll(clean.Message, "\n", ""), unicode.IsControl) || utf8.RuneCountInString(clean.Message) > MessageMax || !norm.NFC.IsNormalString(clean.Message) {
			t.Errorf("the message is %q", clean.Message)
		}
		if kept, err := CheckMessage(message); err == nil && cleanMessage(kept) != kept {
			t.Errorf("the message %q was taken, and leaves as %q", kept, cleanMessage(kept))
		}

		job, err := outbox.Job(l)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(job.Args), `\u0000`) || strings.Contains(string(job.Args), string(l.Token)) || !utf8.Valid(job.Args) {
			t.Errorf("the job is %s", job.Args)
		}
		var args Args
		if err := json.Unmarshal(job.Args, &args); err != nil {
			t.Fatal(err)
		}
		if back, err := args.open(sealer); err != nil || !reflect.DeepEqual(back, withSecret(once, l.Token)) {
			t.Errorf("the job of %+v is opened as %+v, %v", once, back, err)
		}
		open, err := outbox.args(Removed{To: "mara@acme.example", Organization: l.Organization, Note: message})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := open.open(sealer); err != nil || back.envelope().org != org {
			t.Errorf("the job of a letter without a secret is opened as %+v, %v", back, err)
		}
		open.OrgID = other
		if back, err := open.open(sealer); err == nil {
			t.Errorf("a letter without a secret opens for another organization: %+v", back)
		}
		moved := args
		moved.OrgID = other
		moved.Data = []byte(strings.ReplaceAll(string(args.Data), org, other))
		if back, err := moved.open(sealer); err == nil {
			t.Errorf("the job opens for another organization: %+v", back)
		}
	})
}

// I64: what is sealed opens as it was, under its own three words, and with nothing changed: no bit, no letter of its text.
func FuzzSeal(f *testing.F) {
	f.Add("secret", "letter", "org", "subject", uint(0))
	f.Add("", "", "", "", uint(1))
	f.Add("four", "sign-up next", "", "", uint(300))
	f.Add("/invitations/x?y=\x00", "a", "bc", "d", uint(7))
	f.Add("two", "ab", "c", "d", uint(8_000_000))
	sealer, err := NewSealer([]byte(strings.Repeat("k", 32)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, secret, purpose, org, subject string, bit uint) {
		b := Binding{purpose, org, subject}
		sealed := sealer.Seal(b, Secret(secret))
		if back, err := sealer.Open(b, sealed); err != nil || string(back) != secret {
			t.Fatalf("%q comes back as %q, %v", secret, string(back), err)
		}
		changed := []byte(sealed)
		changed[bit/8%uint(len(changed))] ^= 1 << (bit % 8)
		last := []byte(sealed)
		last[len(last)-1] ^= 1 << (bit % 8)
		for _, other := range []string{string(changed), string(last), sealed + "A", sealed + "\n", sealed[:len(sealed)-1], sealed[1:], secret, "\r\n" + sealed} {
			if back, err := sealer.Open(b, other); err == nil {
				t.Errorf("%q opens %q, but %q was sealed as %q", other, string(back), secret, sealed)
			}
		}
		for _, other := range []Binding{{purpose + "x", org, subject}, {purpose, org + "x", subject}, {purpose, org, subject + "x"}, {purpose + org, "", subject}, {purpose, org + subject, ""}} {
			if _, err := sealer.Open(other, sealed); err == nil && other != b {
				t.Errorf("what is sealed for %q opens for %q", b, other)
			}
		}
	})
}

// C060 I124: a sender that is taken makes a header with one address, and the same one.
func FuzzSender(f *testing.F) {
	for _, s := range []string{"no-reply@roster.example", "Roster <no-reply@roster.example>", `"Roster, Inc." <a@b.example>`, "=?utf-8?q?R=C3=B6ster?= <a@b.example>", "=?utf-8?q?a=0d=0aBcc:_x@y.example?= <a@b.example>",
		"a@b.example, c@d.example", "R <a@b.example> x", "Grp: a@b.example;", "R\r\nBcc: x@y.example <a@b.example>", "a@b", "R\u202e <a@b.example>", "R <\"a b\"@b.example>", "=?utf-8?q?=3D=3Fx=3F=3D?= <a@b.example>", "Rö@x.example <ä@b.example>"} {
		f.Add(s)
	}
	to, err := Parse("mara@acme.example")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := Compose(s, to, "id@roster.example", time.Unix(1e9, 0), Rendered{Subject: "S", HTML: "<p>x</p>", Text: "x"})
		if (err == nil) != (CheckFrom(s) == nil) {
			t.Fatalf("%q is checked %v, and composed %v", s, CheckFrom(s), err)
		}
		if err != nil {
			return
		}
		header := readHeader(t, m.Raw)
		from, err := header.AddressList("From")
		if err != nil || len(from) != 1 || from[0].Address != m.From || from[0].Name != m.FromName {
			t.Errorf("%q becomes From: %q, read as %v, %v", s, header.Get("From"), from, err)
		}
		if strings.ContainsFunc(m.FromName, unseen) {
			t.Errorf("%q has something in its name that nobody sees: %q", s, m.FromName)
		}
	})
}
