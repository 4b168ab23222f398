package mail

import (
	"strings"
	"unicode"
)

// Found is one address, or what was meant as one, in a text that holds many.
type Found struct {
	// Raw is the piece of text, Name the name that stood before <…>, if one did.
	Raw, Name string
	// Address is set when Err is nil. Err is an AddressError.
	Address Address
	Err     error
}

// ParseList finds the addresses in what people paste: separated by commas, semicolons, spaces or lines, alone or as
// "Name <a@b>". Order and repetitions are kept, and whatever looks as if it was meant as an address is there, with the
// reason why it is none. It has no limit of its own.
func ParseList(s string) []Found {
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

		addresses, name := findWords(before)
		address := strings.TrimSpace(inside)
		if len(address) > 7 && strings.EqualFold(address[:7], "mailto:") {
			address = address[7:]
		}
		bracketed := one(strings.TrimSpace(before+"<"+inside+">"), address)
		bracketed.Name = name
		for _, f := range addresses { // "a@b <a@b>" is one address, not two
			if f.Err != nil || f.Address.Norm != bracketed.Address.Norm {
				found = append(found, f)
			}
		}
		found = append(found, bracketed)
		text = after
	}

	left, _ := findWords(text)
	found = append(found, left...)
	if len(found) == 0 && strings.ContainsFunc(whole, unicode.IsGraphic) && strings.TrimFunc(whole, isAround) != "" {
		found = append(found, one(whole, whole))
	}
	return found
}

// findWords finds the words of a text that are or were meant as addresses, and the plain words after the last of them.
func findWords(text string) (found []Found, name string) {
	var plain []string
	for word := range strings.FieldsSeq(text) {
		if !strings.ContainsFunc(word, isAt) && !looksMeant(word) {
			plain = append(plain, word)
			continue
		}
		plain = nil
		found = append(found, one(word, bare(word)))
	}
	return found, strings.TrimSpace(strings.Trim(strings.Join(plain, " "), `"'`))
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

// looksMeant says that a word without an @ looks as if it should have one: a dot inside, like "mara.acme.example".
func looksMeant(word string) bool {
	word = bare(word)
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
	return Found{Raw: raw, Address: a, Err: err}
}
