package account_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"roster/internal/account"
)

func TestNamesOfAnyScriptAreKept(t *testing.T) {
	for typed, kept := range map[string]string{
		"Noor van Dijk":      "Noor van Dijk",
		"  Élodie Martin\t":  "Élodie Martin",
		"E\u0301lodie":       "Élodie",
		"李小龍":                "李小龍",
		"محمد رضا":           "محمد رضا",
		"می\u200cخواهم":      "می\u200cخواهم",
		"O’Brien-Łukasz, Jr": "O’Brien-Łukasz, Jr",
		"<script>alert(1)":   "<script>alert(1)",
		"X":                  "X",
	} {
		got, err := account.CheckName(typed)
		if err != nil || got != kept {
			t.Errorf("CheckName(%q) = %q, %v; want %q", typed, got, err, kept)
		}
	}
	if _, err := account.CheckName(strings.Repeat("é", 100)); err != nil {
		t.Errorf("a name of 100 characters: %v", err)
	}
}

func TestNamesThatPretendAreRefused(t *testing.T) {
	for typed, want := range map[string]string{
		"":                       "Enter your name",
		" \t\n":                  "Enter your name",
		"\u0301":                 "Enter your name",
		strings.Repeat("é", 101): "Use at most 100 characters for your name",
		strings.Repeat("x", 1e4): "Use at most 100 characters for your name",
		"Ann\nBcc: x@y.z":        "Leave line breaks and invisible characters out of your name",
		"Ann\r":                  "",
		"Ann\x00":                "Leave line breaks and invisible characters out of your name",
		"Ann\u202ebob":           "Leave line breaks and invisible characters out of your name",
		"Ann\u2066bob":           "Leave line breaks and invisible characters out of your name",
		"Ann\u2028bob":           "Leave line breaks and invisible characters out of your name",
		"Ann\u200bbob":           "Leave line breaks and invisible characters out of your name",
		"Ann\ufeffbob":           "Leave line breaks and invisible characters out of your name",
		"Ann\xff":                "Leave line breaks and invisible characters out of your name",
	} {
		_, err := account.CheckName(typed)
		if want == "" {
			if err != nil {
				t.Errorf("CheckName(%.20q): %v, want none", typed, err)
			}
			continue
		}
		if err == nil || err.Error() != want {
			t.Errorf("CheckName(%.20q): %v, want %q", typed, err, want)
		}
	}
}

func TestFoldingFindsWhatPeopleType(t *testing.T) {
	for typed, folded := range map[string]string{
		"Élodie":            "elodie",
		"ÅSE Løvås":         "ase lovas",
		"Straße":            "strasse",
		"Łukasz  Đorđević ": "lukasz dordevic",
		"İpek Yıldız":       "ipek yildiz",
		"Zoë\u00a0O’Neill":  "zoe o'neill",
		"ＦＵＬＬ":              "full",
		"김민준":               "김민준",
		"a\u202eb":          "ab",
	} {
		if got := account.Fold(typed); got != folded {
			t.Errorf("Fold(%q) = %q, want %q", typed, got, folded)
		}
		if again := account.Fold(folded); again != folded {
			t.Errorf("Fold(%q) = %q: folding twice differs", folded, again)
		}
	}
}

func TestSearchTextHasASpaceBeforeEveryWord(t *testing.T) {
	text := account.SearchText("Anne-Marie O’Neill", "A.Neill@Acme.example")
	if want := " anne-marie marie o'neill oneill neill a.neill@acme.example"; text != want {
		t.Errorf("SearchText = %q, want %q", text, want)
	}
	if got, want := account.SearchText("Élodie", "e@x.example"), " elodie e@x.example"; got != want {
		t.Errorf("SearchText = %q, want %q", got, want)
	}
}

// finds tells whether a search finds somebody, as the database is asked: fewer than three letters begin a word, more are
// anywhere.
func finds(search, name, email string) bool {
	text := account.SearchText(name, email)
	for _, word := range account.SearchWords(search) {
		start := ""
		if utf8.RuneCountInString(word[0]) < 3 {
			start = " "
		}
		if !slices.ContainsFunc(word, func(spelling string) bool { return strings.Contains(text, start+spelling) }) {
			return false
		}
	}
	return true
}

// B229 B231 B232 B233 B255: people are found in their own script and as others type them, and by nothing that they are not
// called.
func TestSearchFindsPeople(t *testing.T) {
	for _, c := range []struct {
		name, email string
		by, not     []string
	}{
		// B229
		{name: "Γιώργος Παπαδόπουλος", by: []string{"ΓΙΩΡΓΟΣ", "γιώργος", "γιωργος", "ΠΑΠΑΔΟΠΟΥΛΟΣ", "παπ", "γι"}, not: []string{"ιω", "γιωργοι"}},
		{name: "ΓΙΩΡΓΟΣ ΠΑΠΑΔΟΠΟΥΛΟΣ", by: []string{"γιώργος", "παπαδόπουλος"}},
		{name: "Ϲωκράτης", by: []string{"σωκρατης", "ΣΩΚΡΆΤΗΣ"}}, // lunate sigma
		{name: "Ხათუნა ᲮᲐᲗᲣᲜᲐ", by: []string{"ხათუნა"}},
		{name: "Արմեն Ղազարյան", by: []string{"ԱՐՄԵՆ", "ղազ"}},
		// B231
		{name: "李小龙", by: []string{"小龙", "龙", "李小龙", "小", "李"}, not: []string{"龙小"}},
		{name: "김민수", by: []string{"민수", "김", "수"}, not: []string{"수민"}},
		{name: "佐藤花子", by: []string{"花子", "佐藤", "藤花", "子"}},
		{name: "サトウ ハナコ", by: []string{"さとう", "はなこ", "ハナ", "なこ", "ｻﾄｳ"}},
		{name: "さとう はなこ", by: []string{"サトウ", "ハナ"}},
		{name: "ガク", by: []string{"がく", "ｶﾞｸ"}, not: []string{"かく"}},
		{name: "佐々木ひろし", by: []string{"々木", "ひろ", "ヒロシ"}},
		// B232
		{name: "Seán O’Brien", by: []string{"obrien", "o'brien", "o’brien", "O‘Brien", "oʼbrien", "o`brien", "o´brien", "o＇brien", "brien", "br", "sean"}},
		{name: "Sean OBrien", by: []string{"o'brien", "o’brien"}},
		{name: "Kahoʻolawe", by: []string{"kahoolawe", "kaho'olawe"}},
		{name: "Jörg Müller", by: []string{"mueller", "muller", "müller", "MÜLLER", "joerg", "jorg", "mue", "mü", "mu", "ülle"}, not: []string{"miller", "mull er x", "ül"}},
		{name: "Joerg Mueller", by: []string{"müller", "jörg", "mueller", "mü", "MU\u0308LLER"}, not: []string{"muller"}},
		{name: "Muller", by: []string{"müller", "muller"}, not: []string{"mueller"}},
		{name: "Samuel Bauer", by: []string{"samuel", "bauer"}, not: []string{"mü", "samul", "baur", "ue"}},
		{name: "Anne Müller-Köhler", by: []string{"mueller-koehler", "müller-köhler", "koehler", "köhler", "kö", "muller-kohler"}},
		{name: "Straße", by: []string{"strasse", "STRASSE", "straße", "STRAẞE"}},
		{name: "Strasse", by: []string{"straße"}},
		{name: "Åse Løvås", by: []string{"ase", "aase", "åse", "lovas", "løvås", "loevaas", "lovaas"}},
		{name: "Aase Loevaas", by: []string{"åse", "løvås"}},
		{name: "Lovaas", by: []string{"løvås"}},
		{name: "Jæger Œuvre", by: []string{"jaeger", "jæger", "jäger", "oeuvre"}},
		{name: "Ərkin Əliyev", by: []string{"erkin", "ərkin", "eliyev", "el"}},
		{name: "İpek Yıldız", by: []string{"ipek", "yildiz", "YILDIZ", "İPEK", "yıldız", "IPEK"}},
		{name: "Łukasz Đorđević Ħal Ŧeatnu Guðrún Þór", by: []string{"lukasz", "dordevic", "hal", "teatnu", "gudrun", "thor", "ŁUKASZ"}},
		{name: "Ɓala Ƙwai Ɖɔ", by: []string{"bala", "kwai", "do"}},
		{name: "Anne–Marie", by: []string{"anne-marie", "anne‑marie", "marie", "ma"}},
		// B255
		{name: "Nguyễn Văn Ánh", by: []string{"nguyen", "van", "anh", "nguyễn"}},
		{name: "Семён Андреев", by: []string{"семен", "СЕМЁН", "семён"}},
		{name: "مُحَمَّد رضا", by: []string{"محمد", "مُحَمَّد"}},
		{name: "יִצְחָק", by: []string{"יצחק"}},
		{name: "प्रिया", by: []string{"प्रिया"}, not: []string{"परय"}}, // its signs are letters
		{name: "Ｈａｌｆ ﾊﾝｶｸ", by: []string{"half", "ハンカク"}},
		// B250 B251 B233
		{name: "Zoë", email: "o'brien+team@acme.example", by: []string{"obrien+team", "o'brien+", "o’brien"}},
		{email: "jürgen@bücher.example", by: []string{"bücher", "bucher", "buecher", "xn--bcher", "jürgen@bücher.example", "jurgen@xn--bcher-kva.example", "juergen@buecher.example", "jü", "BÜCHER"}, not: []string{"böcher", "kv"}},
		{email: "jürgen@xn--bcher-kva.example", by: []string{"bücher", "bucher", "xn--bcher"}},
		{email: "anna@пример.example", by: []string{"ПРИМЕР", "xn--e1afmkfd"}},
	} {
		for _, search := range c.by {
			if !finds(search, c.name, c.email) {
				t.Errorf("%q does not find %q %s in %q", search, c.name, c.email, account.SearchText(c.name, c.email))
			}
		}
		for _, search := range c.not {
			if finds(search, c.name, c.email) {
				t.Errorf("%q finds %q %s in %q", search, c.name, c.email, account.SearchText(c.name, c.email))
			}
		}
	}
}

// B231: what repeats a name in its text is bounded, however many words it could be.
func TestSearchTextIsBounded(t *testing.T) {
	for _, name := range []string{strings.Repeat("a-", 50), strings.Repeat("한", 100), strings.Repeat("ä'", 50), strings.Repeat("㍿", 100), strings.Repeat("ö ", 50)} {
		if text, name := account.SearchText(name, ""), account.Fold(name); len(text) > len(name)+1100 {
			t.Errorf("%.20q is searched in %d bytes, and folded it has %d", name, len(text), len(name))
		}
	}
}

func TestDeviceSaysWhatPeopleRecognize(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0":                                                       "Firefox on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                                      "Chrome on Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1":    "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"curl/8.5.0": "",
		"":           "",
	} {
		if got := account.Device(agent); got != want {
			t.Errorf("Device(%.40q) = %q, want %q", agent, got, want)
		}
	}
}
