package account

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"hash/maphash"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The shortest password in characters and the longest in bytes. There are no rules about its composition.
const (
	PasswordMin = 12
	passwordMax = 1024
)

const (
	passwordMissing = PasswordError("Choose a password")
	passwordShort   = PasswordError("Use at least 12 characters")
	passwordLong    = PasswordError("Use a shorter password, of about 1,000 characters at most")
	passwordKnown   = PasswordError("That password is on lists of known passwords. Choose another.")
	passwordPattern = PasswordError("That password is a known one with little added. Choose another.")
	passwordOwn     = PasswordError("That password is little more than your name, your e-mail address or “roster”. Choose another.")
)

// PasswordError says in one sentence for people why a password is not taken.
type PasswordError string

func (e PasswordError) Error() string { return string(e) }

// CheckPassword says whether a password may be chosen: long enough, not on the list of those that everybody tries first,
// not one of these with a few digits more, and not the person's own name. The error is a PasswordError. The password
// itself is taken verbatim; only this look folds it.
func CheckPassword(password, name, email string) error {
	switch {
	case password == "":
		return passwordMissing
	case utf8.RuneCountInString(password) < PasswordMin:
		return passwordShort
	case len(password) > passwordMax:
		return passwordLong
	}
	folded := Fold(password)
	list := common()
	switch {
	case list.has(folded):
		return passwordKnown
	case list.padded(folded):
		return passwordPattern
	case list.padded(without(folded, own(name, email))):
		return passwordOwn
	}
	return nil
}

//go:embed passwords.txt.gz
var passwordsGz []byte

// known are the common passwords as hashes, which takes a tenth of the memory of the words. A chance match is one in
// 10^14, and costs a person another choice.
type known struct {
	seed maphash.Seed
	all  []uint64 // sorted
	top  []uint64 // the most common ones, sorted: two of them together are no secret either
	err  error    // the embedded list is damaged; a test looks
}

const topMost = 2000

// twoWords is longer than any two of the most common ones in a row, in bytes.
const twoWords = 200

// common reads the list when it is first needed, so that starting does not wait for it.
var common = sync.OnceValue(func() *known {
	list, err := unpack(passwordsGz)
	k := &known{seed: maphash.MakeSeed(), err: err}
	for word := range bytes.Lines(list) {
		k.all = append(k.all, maphash.Bytes(k.seed, bytes.TrimSuffix(word, []byte("\n"))))
	}
	k.top = slices.Clone(k.all[:min(topMost, len(k.all))])
	for _, word := range []string{"correcthorsebatterystaple", "correct horse battery staple"} {
		k.all = append(k.all, maphash.String(k.seed, word))
	}
	slices.Sort(k.top)
	slices.Sort(k.all)
	return k
})

func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func (k *known) has(word string) bool {
	_, ok := slices.BinarySearch(k.all, maphash.String(k.seed, word))
	return ok
}

func (k *known) hasTop(word string) bool {
	_, ok := slices.BinarySearch(k.top, maphash.String(k.seed, word))
	return ok
}

// padded tells whether a folded password is a known one with something easy around it: digits or signs at its ends
// (“password2024!”), letters written as digits (“p4ssw0rd”), repetition, a run along the keyboard, two very common ones in a row.
func (k *known) padded(word string) bool {
	if isEasy(word) || k.has(word) {
		return true
	}
	core := strings.TrimFunc(word, isNoLetter)
	start := strings.Index(word, core)
	before, after := word[:start], word[start+len(core):]
	if utf8.RuneCountInString(before+after) > 6 && !(k.easyPad(before) && k.easyPad(after)) {
		return false
	}
	for _, spelling := range []string{core, unleetI.Replace(core), unleetL.Replace(core)} {
		if utf8.RuneCountInString(spelling) <= 3 || isEasy(spelling) || k.has(spelling) {
			return true
		}
		for i := 1; i < len(spelling) && len(spelling) <= twoWords; i++ {
			if k.hasTop(strings.TrimFunc(spelling[:i], isNoLetter)) && k.hasTop(strings.TrimFunc(spelling[i:], isNoLetter)) {
				return true
			}
		}
	}
	return false
}

// easyPad tells whether what stands beside a word adds next to nothing: a few characters, a repetition, a run, a known number.
func (k *known) easyPad(pad string) bool {
	return utf8.RuneCountInString(pad) <= 4 || isEasy(pad) || k.has(pad)
}

var (
	unleetI = strings.NewReplacer("0", "o", "1", "i", "!", "i", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t", "8", "b", "9", "g")
	unleetL = strings.NewReplacer("0", "o", "1", "l", "!", "l", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t", "8", "b", "9", "g")
)

func isNoLetter(r rune) bool { return !unicode.IsLetter(r) }

// isEasy tells what has no more to it than its first few characters: one part again and again, or runs along the
// alphabet, the digits or the keyboard.
func isEasy(word string) bool {
	if word == "" {
		return true
	}
	for size := 1; size <= len(word)/2; size++ {
		if isRepeated(word, size) {
			return true
		}
	}
	return isRuns(word)
}

func isRepeated(word string, size int) bool {
	for i := size; i < len(word); i++ {
		if word[i] != word[i-size] {
			return false
		}
	}
	return true
}

var runs = []string{
	"01234567890", "abcdefghijklmnopqrstuvwxyz", "`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./",
	"qwertzuiopü+", "azertyuiop", "qsdfghjklm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "1q2w3e4r5t6y7u8i9o0p", "!@#$%^&*()_+",
}

// isRuns tells whether a word falls into runs of three characters or more, forwards or backwards.
func isRuns(word string) bool {
	for word != "" {
		n := longestRun(word)
		if n < 3 {
			return false
		}
		word = word[n:]
	}
	return true
}

func longestRun(word string) int {
	for n := min(len(word), 40); n >= 3; n-- { // no run is longer
		if slices.ContainsFunc(runs, func(run string) bool {
			return strings.Contains(run, word[:n]) || strings.Contains(run, reversed(word[:n]))
		}) || isRepeated(word[:n], 1) {
			return n
		}
	}
	return 0
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// ownMax is how much of a name and of an address is looked at, in bytes: what is longer is refused elsewhere, and whoever
// sends it all the same is not to keep us busy.
const ownMax = 4 * NameMax

// own are the words that somebody who knows the person tries first.
func own(name, email string) []string {
	name, email = name[:min(len(name), ownMax)], email[:min(len(email), ownMax)]
	words := []string{"roster"}
	for _, word := range strings.FieldsFunc(Fold(name+" "+email), func(r rune) bool { return isNoLetter(r) && !unicode.IsNumber(r) }) {
		if utf8.RuneCountInString(word) >= 3 {
			words = append(words, word)
		}
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}

// without takes words out of a password. If nothing was in it, nothing of it is left to judge.
func without(password string, words []string) string {
	rest := password
	for _, word := range words {
		rest = strings.ReplaceAll(rest, word, " ")
	}
	if rest == password {
		return password
	}
	return strings.Join(strings.FieldsFunc(rest, func(r rune) bool { return isNoLetter(r) && !unicode.IsNumber(r) }), "")
}
