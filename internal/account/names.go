package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NameMax is the longest name, in characters.
const NameMax = 100

const (
	nameMissing = NameError("Enter your name")
	nameLong    = NameError("Use at most 100 characters for your name")
	nameHidden  = NameError("Leave line breaks and invisible characters out of your name")
)

// NameError says in one sentence for people why something is not a name.
type NameError string

func (e NameError) Error() string { return string(e) }

// CheckName gives a name the form in which it is kept: without spaces around it, letters and their marks composed. Any
// script is a name; what is refused could make a line look like another one. The error is a NameError.
func CheckName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", nameHidden
	}
	name = norm.NFC.String(strings.TrimSpace(name))
	switch {
	case name == "":
		return "", nameMissing
	case utf8.RuneCountInString(name) > NameMax:
		return "", nameLong
	case strings.ContainsFunc(name, isHidden):
		return "", nameHidden
	case !strings.ContainsFunc(name, isSeen):
		return "", nameMissing
	}
	return name, nil
}

// isHidden tells what nobody sees: controls, overrides of the writing direction, unassigned characters, letters that are
// drawn as nothing. Persian and Indic names need the two joiners.
func isHidden(r rune) bool {
	return r != '\u200c' && r != '\u200d' && (!unicode.IsGraphic(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r))
}

// isSeen tells what leaves ink; U+2800 is the pattern of Braille that has no dot.
func isSeen(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) && r != '\u2800'
}

// Letters that Unicode does not take apart into a plain one and a mark, and what people type for them.
var plain = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ı': "i", 'ħ': "h", 'ŧ': "t", 'ŋ': "n",
	'\u2019': "'", '\u2018': "'", '\u2010': "-", '\u2011': "-",
}

// Fold brings words into the form in which they are sorted and searched: lower case, without diacritics, single spaces.
// “Élodie” is found by “elodie”. Rows and searches both come through here, so that there is one rule.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, "\ufffd")) { // beside a broken byte nothing is taken apart
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case r >= '\u0300' && r <= '\u036f', isHidden(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		r = unicode.ToLower(r)
		if letters, ok := plain[r]; ok {
			b.WriteString(letters)
		} else {
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// SortMax is the longest key by which people are listed, in bytes. Few characters grow longer when they are folded,
// one of them eighteenfold; the key stands in every link to the next page.
const SortMax = 400

// SortName is the key by which people are listed.
func SortName(name string) string {
	key := Fold(name)
	for len(key) > SortMax || !utf8.ValidString(key) {
		key = key[:min(len(key)-1, SortMax)]
	}
	return key
}

// partsMax is how many parts of words are words of their own: a name that is all hyphens would be a long text.
const partsMax = 10

// SearchText is what a search looks into: every word has a space in front, so that "% mar%" finds the start of any word.
// Of a word with a hyphen, an apostrophe or a full stop the later parts are words too.
func SearchText(name, email string) string {
	var b strings.Builder
	parts := 0
	for _, word := range strings.Fields(Fold(name)) {
		b.WriteByte(' ')
		b.WriteString(word)
		for i, r := range word {
			rest := word[i+utf8.RuneLen(r):]
			if rest != "" && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && parts < partsMax {
				parts++
				b.WriteByte(' ')
				b.WriteString(rest)
			}
		}
	}
	b.WriteByte(' ')
	b.WriteString(Fold(email))
	return b.String()
}
