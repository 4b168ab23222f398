package mail

import "testing"

// B291: letters of two alphabets in one word are told, and what people write together is not.
func TestMixedScriptsAreTold(t *testing.T) {
	for email, want := range map[string]string{
		"payp\u0430l@example.com":         "This address mixes letters of two alphabets: the “\u0430” in “payp\u0430l” is Cyrillic.",
		"anna@ex\u0430mple.com":           "This address mixes letters of two alphabets: the “\u0430” in “ex\u0430mple” is Cyrillic.",
		"billing@\u0440aypal.com":         "This address mixes letters of two alphabets: the “\u0440” in “\u0440aypal” is Cyrillic.",
		"\u0440\u0430\u0443pal@x.example": "This address mixes letters of two alphabets: the “\u0440” in “\u0440\u0430\u0443pal” is Cyrillic.",
		"иvaн@example.com":                "This address mixes letters of two alphabets: the “и” in “иvaн” is Cyrillic.",
		"приvет@example.com":              "This address mixes letters of two alphabets: the “v” in “приvет” is Latin.",
		"g\u03bf\u03bfgle@x.example":      "This address mixes letters of two alphabets: the “\u03bf” in “g\u03bf\u03bfgle” is Greek.",
		"a\u0585b@example.com":            "This address mixes letters of two alphabets: the “\u0585” in “a\u0585b” is Armenian.",
		"paypal@example.com":              "",
		"иван@пример.example":             "",
		"иван.ivan+team-2@пример.com":     "",
		"jürgen@bücher.example":           "",
		"ərkin@example.com":               "",
		"佐藤はなこハナ@example.jp":              "",
		"aya花子2@example.jp":               "",
		"김민수金@example.kr":                 "",
		"o'brien@example.com":             "",
		"प्रिया@example.in":               "",
	} {
		a, err := Parse(email)
		if err != nil {
			t.Errorf("%s: %v", email, err)
			continue
		}
		if got := Mixed(a); got != want {
			t.Errorf("%s: %q, want %q", email, got, want)
		}
	}
}
