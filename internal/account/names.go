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

// isHidden tells what nobody sees: controls, overrides of the writing direction, unassigned characters. Persian and Indic
// names need the two joiners.
func isHidden(r rune) bool {
	return r != '\u200c' && r != '\u200d' && !unicode.IsGraphic(r)
}

func isSeen(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r)
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
	for _, r := range norm.NFKD.String(s) {
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

// SortName is the key by which people are listed.
func SortName(name string) string { return Fold(name) }

// SearchText is what a search looks into: every word has a space in front, so that "% mar%" finds the start of any word.
// Of a word with a hyphen, an apostrophe or a full stop the later parts are words too.
func SearchText(name, email string) string {
	var b strings.Builder
	for _, word := range strings.Fields(Fold(name)) {
		b.WriteByte(' ')
		b.WriteString(word)
		for i, r := range word {
			if rest := word[i+utf8.RuneLen(r):]; rest != "" && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) {
				b.WriteByte(' ')
				b.WriteString(rest)
			}
		}
	}
	b.WriteByte(' ')
	b.WriteString(Fold(email))
	return b.String()
}
