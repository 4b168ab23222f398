package mail

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Mixed says in a sentence that a word of an address is written in letters of more than one script, as in paypаl with a
// Cyrillic а: it looks like another address. "" where none is. It is mixed-script detection of UTS 39, part 5.1, for each
// word, with what part 5.2 calls highly restrictive left alone: Japanese, Korean and Chinese are written in several scripts,
// and with Latin letters among them.
func Mixed(a Address) string {
	written, _ := Spellings(a.Typed)
	for word := range strings.FieldsFuncSeq(written, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }) {
		if letter, script := odd(word); script != "" {
			return "This address mixes letters of two alphabets: the “" + string(letter) + "” in “" + word + "” is " + script + "."
		}
	}
	return ""
}

// together are scripts that are written beside each other in one word.
var together = [][]string{{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Hangul"}, {"Latin", "Han", "Bopomofo"}}

// odd is the first letter of the script that has the fewest in a word of several scripts, and its name.
func odd(word string) (rune, string) {
	letters := map[string][]rune{}
	for _, r := range word {
		if script := scriptOf(r); script != "" {
			letters[script] = append(letters[script], r)
		}
	}
	scripts := slices.Sorted(maps.Keys(letters))
	if len(scripts) < 2 || slices.ContainsFunc(together, func(group []string) bool {
		return !slices.ContainsFunc(scripts, func(script string) bool { return !slices.Contains(group, script) })
	}) {
		return 0, ""
	}
	few := slices.MinFunc(scripts, func(x, y string) int { // of as many, not the Latin ones: these one expects
		switch order := cmp.Compare(len(letters[x]), len(letters[y])); {
		case order != 0:
			return order
		case x == "Latin":
			return 1
		case y == "Latin":
			return -1
		}
		return strings.Compare(x, y)
	})
	return letters[few][0], strings.ReplaceAll(few, "_", " ")
}

// scriptOf is the script of a letter; "" for what belongs to all or takes that of the letter before it.
func scriptOf(r rune) string {
	switch {
	case r < unicode.MaxASCII && unicode.IsLetter(r):
		return "Latin"
	case !unicode.IsLetter(r), unicode.In(r, unicode.Common, unicode.Inherited):
		return ""
	}
	for script, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return script
		}
	}
	return ""
}
