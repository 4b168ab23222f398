package mail

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Found is one address, or what was meant as one, in a text that holds many.
type Found struct {
	// Raw is the piece of text, Name the name that stood before <…>, if one did.
	Raw, Name string
	// Address is set when Err is nil. Err is an AddressError.
	Address Address
	Err     error
	// Meant is the address that was probably meant, where Err asks for it.
	Meant string
	// Unseen says that something that nobody sees stood within the address, and was left out.
	Unseen bool

	words, beside bool // nothing in it looks like an address; it stood among words
}

// ParseList finds the addresses in what people paste: separated by commas, semicolons, spaces or lines, alone or as
// "Name <a@b>", or somewhere in a sentence. Order and repetitions are kept, and whatever looks as if it was meant as an
// address is there, with the reason why it is none, and with what was probably meant: an address at one of the domains
// near, at one that the list has, or at one that people often mistype. What nobody sees is left out, for in a list nobody
// can find it. It has no limit of its own.
func ParseList(s string, near ...string) []Found {
	return guess(withoutWords(findAll(s)), near)
}

// withoutWords drops what is only said around the addresses of a sentence. In a list, a word that stands alone was meant as
// somebody, and is told to be no address.
func withoutWords(found []Found) []Found {
	good := slices.ContainsFunc(found, func(f Found) bool { return f.Err == nil })
	sentence := slices.ContainsFunc(found, func(f Found) bool { return f.beside })
	return slices.DeleteFunc(found, func(f Found) bool {
		return f.words && good && (sentence || len(strings.Fields(f.Raw)) > 2)
	})
}

func findAll(s string) []Found {
	var found []Found
	for line := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' }) {
		var waiting string // what may be the first half of "Palmer, Ruth <…>"
		for _, piece := range splitLine(line) {
			text := strings.TrimSpace(waiting + piece.text)
			if piece.comma && len(waiting) < waitingMax && isWords(piece.text) {
				waiting += piece.text + ","
				continue
			}
			if waiting != "" && !strings.Contains(piece.text, "<") {
				found = append(found, findPieces(waiting)...)
				text = strings.TrimSpace(piece.text)
			}
			waiting = ""
			found = append(found, findIn(text)...)
		}
		found = append(found, findPieces(waiting)...)
	}
	return found
}

// waitingMax is how long the first half of a name is, in bytes, at most: what goes on longer is none, and putting it
// together anew with every comma would take long.
const waitingMax = 200

type piece struct {
	text  string
	comma bool // a comma ended it
}

// splitLine cuts a line at commas and semicolons, but not inside quotation marks or <…>.
func splitLine(line string) []piece {
	var pieces []piece
	start := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"':
			if end := strings.IndexByte(line[i+1:], '"'); end >= 0 && closesName(line[i+end+2:]) {
				i += end + 1
			}
		case '<':
			if end := strings.IndexAny(line[i+1:], "<>"); end >= 0 && line[i+1+end] == '>' {
				i += end + 1
			}
		case ',', ';':
			pieces = append(pieces, piece{line[start:i], line[i] == ','})
			start = i + 1
		}
	}
	return append(pieces, piece{line[start:], false})
}

// closesName says that what follows a closing quotation mark is the address of the name in it.
func closesName(rest string) bool {
	return strings.HasPrefix(strings.TrimLeft(rest, " \t"), "<")
}

// isWords says that a piece holds nothing that looks like an address.
func isWords(s string) bool {
	return strings.TrimSpace(s) != "" && !strings.Contains(s, "<") && !strings.ContainsFunc(s, isAt) &&
		!anyWord(s, looksMeant)
}

// findPieces gives back pieces that were kept for a name which did not come.
func findPieces(waiting string) []Found {
	var found []Found
	for text := range strings.SplitSeq(waiting, ",") {
		found = append(found, findIn(strings.TrimSpace(text))...)
	}
	return found
}

// findIn finds the addresses of one piece: first those in <…>, with the words before each as its name, then what is left.
func findIn(text string) []Found {
	var found []Found
	whole := text
	for {
		before, rest, open := strings.Cut(text, "<")
		inside, after, closed := strings.Cut(rest, ">")
		if !open || !closed {
			break
		}

		addresses, name, beside := findWords(before)
		address := strings.TrimSpace(inside)
		if len(address) > 7 && strings.EqualFold(address[:7], "mailto:") {
			address = address[7:]
		}
		bracketed := one(strings.TrimSpace(before+"<"+inside+">"), address)
		bracketed.Name, bracketed.beside = name, beside
		for _, f := range addresses { // "a@b <a@b>" is one address, not two
			if f.Err != nil || f.Address.Norm != bracketed.Address.Norm {
				found = append(found, f)
			}
		}
		found = append(found, bracketed)
		text = after
	}

	left, name, beside := findWords(text)
	found = append(found, left...)
	if len(found) == 0 && strings.ContainsFunc(whole, unicode.IsGraphic) && strings.TrimFunc(whole, isAround) != "" {
		nothing := one(whole, whole)
		nothing.words = true
		return []Found{nothing}
	}
	if (beside || name != "") && len(found) > 0 {
		found[len(found)-1].beside = true
	}
	return found
}

// findWords finds the words of a text that are or were meant as addresses, and the plain words after the last of them.
// Beside says that there are plain words before the last, too.
func findWords(text string) (found []Found, name string, beside bool) {
	var plain []string
	for word := range strings.FieldsSeq(text) {
		if !strings.ContainsFunc(word, isAt) && !looksMeant(word) {
			plain = append(plain, word)
			continue
		}
		beside = beside || len(plain) > 0
		plain = nil
		found = append(found, one(word, bare(word)))
	}
	return found, strings.TrimSpace(strings.Trim(strings.Join(plain, " "), `"'`)), beside
}

// bare takes off what people put around an address: brackets, quotation marks, the full stop of a sentence, mailto:.
func bare(word string) string {
	word = strings.TrimFunc(word, isAround)
	word = strings.TrimLeft(word, "([{<\"'“”‘’„«»")
	word = strings.TrimRight(word, ".,:;!?)]}>\"'“”‘’„«»")
	if len(word) > 7 && strings.EqualFold(word[:7], "mailto:") {
		word = word[7:]
	}
	return word
}

func isAt(r rune) bool { return r == '@' || r == '＠' }

// looksMeant says that a word without an @ looks as if it should have one: a dot inside, like "mara.acme.example", but no web
// address.
func looksMeant(word string) bool {
	word = bare(word)
	if strings.Contains(word, "://") || strings.HasPrefix(word, "www.") {
		return false
	}
	i := strings.LastIndexByte(word, '.')
	return i > 1 && len(word)-i > 2
}

func anyWord(s string, is func(string) bool) bool {
	for word := range strings.FieldsSeq(s) {
		if is(word) {
			return true
		}
	}
	return false
}

func one(raw, address string) Found {
	a, err := Parse(address)
	if err == nil {
		return Found{Raw: raw, Address: a}
	}
	if seen := withoutUnseen(address); seen != address {
		if a, err := Parse(seen); err == nil {
			return Found{Raw: raw, Address: a, Unseen: true}
		}
	}
	return Found{Raw: raw, Err: err, Meant: Plain(address)}
}

// turns are the signs that turn the letters after them round: without them an address does not look as it did.
const turns = "\u202b\u202e\u2067"

// withoutUnseen leaves out of an address what copying brings into it and nobody sees: spaces without width, soft hyphens,
// marks of order. What would look otherwise without it is left as it is, to be asked about: letters that are turned round,
// and the joiners of scripts that are written by them.
func withoutUnseen(address string) string {
	if strings.ContainsAny(address, turns) {
		return address
	}
	seen := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			return -1
		}
		return r
	}, address)
	if strings.ContainsAny(address, "\u200c\u200d") && strings.ContainsFunc(seen, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return address
	}
	return seen
}
