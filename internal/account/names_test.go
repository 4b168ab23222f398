package account_test

import (
	"strings"
	"testing"

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
	if want := " anne-marie marie o'neill neill a.neill@acme.example"; text != want {
		t.Errorf("SearchText = %q, want %q", text, want)
	}
	if got, want := account.SearchText("Élodie", "e@x.example"), " elodie e@x.example"; got != want {
		t.Errorf("SearchText = %q, want %q", got, want)
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
