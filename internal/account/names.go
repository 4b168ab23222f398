package account

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"roster/internal/mail"
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

// plain are letters and signs that Unicode does not take apart into a base and a mark, and what people type for them: Latin
// letters as the CLDR's Latin-ASCII has them, the schwa of Azerbaijani, and every kind of apostrophe and of hyphen.
var plain = func() map[rune]string {
	of := map[rune]string{'æ': "ae", 'œ': "oe", 'þ': "th", 'ƕ': "hv", 'ƣ': "oi", 'ȸ': "db", 'ȹ': "qp", 'ꜳ': "aa", 'ꜵ': "ao", 'ꜷ': "au", 'ꜹ': "av", 'ꜻ': "av", 'ꜽ': "ay", 'ꝏ': "oo", 'ꝡ': "vy"}
	for base, letters := range map[string]string{
		"a": "ⱥɐɑ", "b": "ƀɓƃᵬᶀʙ", "c": "ƈȼ", "d": "đðɖɗƌȡᵭᶁ", "e": "əǝɛɇᶒ", "f": "ƒᵮᶂ", "g": "ǥɠᶃ", "h": "ħⱨɦ", "i": "ıɨɩᵻ", "j": "ȷɉɟʝ", "k": "ƙⱪᶄĸ", "l": "łƚɫɬⱡᶅȴɭ",
		"m": "ɱᵯᶆ", "n": "ŋɲƞȵɳᵰᶇ", "o": "øɔɵ", "p": "ƥᵽᵱᶈ", "q": "ʠɋ", "r": "ɍɽɾᵲᶉ", "s": "ȿʂᵴᶊ", "t": "ŧƭʈⱦțȶᵵƫ", "u": "ʉᵾᶙ", "v": "ʋⱴᶌ", "w": "ⱳ", "x": "ᶍ", "y": "ƴɏ", "z": "ƶȥʐɀⱬᵶᶎʒ",
		"'": "‘’‚‛′‵`ʹʻʼʽʾʿˈˊˋ՚׳ꞌ", "-": "‐‑‒–—―−־",
	} {
		for _, letter := range letters {
			of[letter] = base
		}
	}
	return of
}()

// accents alone stand for an apostrophe where people find no other one on their keys.
var accents = strings.NewReplacer("\u00b4", "'", "\u1ffd", "'")

// Fold brings words into the form in which they are sorted and searched: without diacritics, in one case, single spaces.
// “Élodie” is found by “elodie”, and “Γιώργος” by “ΓΙΩΡΓΟΣ”. Case is folded as Unicode's CaseFolding.txt has it in full,
// compatible forms are taken apart (UAX 15, NFKD), and katakana is read as hiragana. Rows and searches both come through
// here, so that there is one rule. Whoever changes what comes out raises FoldVersion.
func Fold(s string) string {
	var bare strings.Builder
	bare.Grow(len(s))
	space := false
	for _, r := range norm.NFKD.String(accents.Replace(strings.ToValidUTF8(s, "\ufffd"))) { // beside a broken byte nothing is taken apart
		switch {
		case unicode.IsSpace(r):
			space = bare.Len() > 0
			continue
		case isDiacritic(r), isHidden(r):
			continue
		}
		if space {
			bare.WriteByte(' ')
			space = false
		}
		bare.WriteRune(r)
	}
	var b strings.Builder
	b.Grow(bare.Len())
	for _, r := range cases.Fold().String(bare.String()) {
		letters, ok := plain[r]
		switch {
		case ok:
			b.WriteString(letters)
		case r >= 'ァ' && r <= 'ヶ', r == 'ヽ', r == 'ヾ':
			b.WriteRune(r - 'ァ' + 'ぁ')
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// isDiacritic tells marks that people leave out when they type a name: the accents of Latin, Greek and Cyrillic, and the
// points of Hebrew and Arabic, with the stroke that stretches an Arabic word. Marks of other scripts are letters.
func isDiacritic(r rune) bool {
	return r >= '\u0300' && r <= '\u036f' || r >= '\u0591' && r <= '\u05c7' && unicode.Is(unicode.Mn, r) || r >= '\u064b' && r <= '\u065f' || r == '\u0670' || r == '\u0640'
}

// spellings of letters that German and the languages of the North also write with two: DIN 5007-2 for ä, ö and ü, å
// as it was written before it had a letter of its own. The last one is for names like Løvaas.
var spellings = []*strings.Replacer{
	strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "å", "aa", "ø", "oe", "Ä", "ae", "Ö", "oe", "Ü", "ue", "Å", "aa", "Ø", "oe"),
	strings.NewReplacer("å", "aa", "Å", "aa"),
}

// spelled are the words of a text, folded, each in all its spellings; the first is the one without diacritics.
func spelled(s string) [][]string {
	var words [][]string
	for _, word := range strings.Fields(Fold(s)) {
		words = append(words, []string{word})
	}
	s = norm.NFC.String(s)
	for _, spelling := range spellings {
		other := spelling.Replace(s)
		if other == s {
			continue
		}
		others := strings.Fields(Fold(other))
		for i := range min(len(words), len(others)) {
			if !slices.Contains(words[i], others[i]) {
				words[i] = append(words[i], others[i])
			}
		}
	}
	return words
}

// SearchWords are the words of a search, each in the spellings of which one is to be found: “müller” finds Müller, Muller
// and Mueller. Apostrophes do not count.
func SearchWords(search string) [][]string {
	words := spelled(search)
	for _, word := range words {
		for i := range word {
			word[i] = joined(word[i])
		}
	}
	return words
}

// joined is a word without its apostrophes; one that is nothing else stays.
func joined(word string) string {
	if whole := strings.ReplaceAll(word, "'", ""); whole != "" {
		return whole
	}
	return word
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

// FoldVersion tells which Fold, SortName and SearchText a row was written with. Rows of an older one are written anew in
// the background (Refold).
const FoldVersion = 1

// againMax is how many bytes of a text repeat what it has already: a name that is all hyphens would be a long one.
const againMax = 1024

// SearchText is what a search looks into: every word has a space in front, so that "% mar%" finds the start of any word.
// Each spelling of a word is a word, with its apostrophes and without. Of a word with a hyphen, an apostrophe or a full
// stop the later parts are words too, and where words are written without spaces (Han, kana, Hangul) each letter begins
// one: of these the two letters stand there that a short search looks at. An address stands there as people write it and as
// DNS knows it.
func SearchText(name, email string) string {
	var b strings.Builder
	written, again := map[string]bool{}, 0
	add := func(word string, first bool) {
		if written[word] || !first && again+len(word) > againMax {
			return
		}
		written[word] = true
		if !first {
			again += 1 + len(word)
		}
		b.WriteByte(' ')
		b.WriteString(word)
	}
	for _, word := range spelled(name) {
		for n, spelling := range word {
			add(spelling, n == 0)
			add(joined(spelling), false)
			for i, r := range spelling {
				rest := spelling[i+utf8.RuneLen(r):]
				switch {
				case i > 0 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
					_, size := utf8.DecodeRuneInString(rest)
					add(spelling[i:i+utf8.RuneLen(r)+size], false)
				case rest != "" && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r):
					add(joined(rest), false)
				}
			}
		}
	}
	clear(written)
	written[""] = true
	shown, known := mail.Spellings(email)
	for _, word := range spelled(shown) {
		for n, spelling := range word {
			add(spelling, n == 0)
			add(joined(spelling), false)
		}
	}
	add(Fold(known), false)
	return b.String()
}
