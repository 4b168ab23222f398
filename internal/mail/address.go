package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// AddressLike is what a field says about anything that is not an address.
const AddressLike = "Enter an e-mail address like name@example.com"

const (
	addressLong    = AddressError("Enter an e-mail address of at most 254 characters")
	addressSeveral = AddressError("Enter one e-mail address, with one @")
	addressNamed   = AddressError("Enter the e-mail address alone, without a name")
	addressQuoted  = AddressError("Enter an e-mail address without quotation marks")
	addressControl = AddressError("Leave invisible characters out of the e-mail address")
	addressDomain  = AddressError("Check the part after the @. It looks like example.com")
	addressForms   = AddressError("Write the e-mail address in the plain forms of its letters")
	addressUnlike  = AddressError(AddressLike)
)

// The longest address and the longest part before its @ that mail servers take, in bytes (RFC 5321).
const (
	addressMax = 254
	localMax   = 64
)

// AddressError says in one sentence for people why something is not an address.
type AddressError string

func (e AddressError) Error() string { return string(e) }

// Address is one e-mail address that a letter can be sent to.
type Address struct {
	// Typed is what the person typed, for showing it back.
	Typed string
	// Norm is the key by which addresses are compared: NFC, lower case, the domain as DNS knows it. One key, one account.
	Norm string
}

// IsZero says that there is no address.
func (a Address) IsZero() bool { return a.Norm == "" }

// Domain is the part after the @ as DNS knows it, in ASCII.
func (a Address) Domain() string {
	_, domain, _ := strings.Cut(a.Norm, "@")
	return domain
}

// Spellings are an address as people write its domain and as DNS knows it: jürgen@bücher.example is also
// jürgen@xn--bcher-kva.example. What is no address stays as it is.
func Spellings(address string) (written, known string) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, address
	}
	local, domain := address[:at+1], address[at+1:]
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return address, address
	}
	shown, err := idna.Lookup.ToUnicode(ascii)
	if err != nil {
		shown = domain
	}
	return local + shown, local + ascii
}

// mailbox is what the mail server is told: the local part in the case it was typed in, for that is the receiving
// server's business, and the domain as DNS knows it.
func (a Address) mailbox() string {
	local, _, _ := strings.Cut(norm.NFC.String(a.Typed), "@")
	return local + "@" + a.Domain()
}

// Parse reads one address that somebody gives for the first time. One that looks like another is refused, with the
// address that was meant: with full-width letters, ligatures or other forms that Unicode has for what there is another
// letter of (NFKC), or with something in it that nobody sees. Of ten who type one nine mean the plain one, and to the tenth
// it would be a second account beside somebody's. What IDNA maps in a domain is mapped, for there it is one domain. The
// error is an AddressError.
func Parse(s string) (Address, error) {
	a, err := ParseKnown(s)
	if err == nil && norm.NFKC.String(a.Norm) == a.Norm {
		return a, nil
	}
	if plain := Plain(s); plain != "" {
		return Address{}, didYouMean(plain)
	}
	if err == nil {
		err = addressForms
	}
	return Address{}, err
}

// Plain is the address that was meant by one with other forms of letters, or with something in it that nobody sees; "" for
// one that is plain, and for what is none.
func Plain(s string) string {
	typed := strings.TrimFunc(s, isAround)
	if len(typed) > 4*addressMax || !utf8.ValidString(typed) {
		return ""
	}
	plain := norm.NFKC.String(strings.Map(func(r rune) rune {
		if isHidden(r) && !unicode.IsControl(r) && !unicode.In(r, unicode.Zl, unicode.Zp) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, typed))
	known, err := ParseKnown(s)
	if a, wrong := ParseKnown(plain); wrong != nil || norm.NFKC.String(a.Norm) != a.Norm || err == nil && a.Norm == known.Norm {
		return ""
	}
	return plain
}

func didYouMean(address string) AddressError { return AddressError("Did you mean " + address + "?") }

// ParseKnown reads an address that may have an account, an invitation or a letter from before Parse refused its look. It
// refuses whatever could be read as something else by the next program: control and invisible characters, several @, names,
// quotation marks, domains that DNS would not take. White space and invisible characters around the address are dropped,
// for copying brings them along. The error is an AddressError.
func ParseKnown(s string) (Address, error) {
	typed := strings.TrimFunc(s, isAround)

	switch {
	case typed == "" || !utf8.ValidString(typed):
		return Address{}, addressUnlike
	case utf8.RuneCountInString(typed) > addressMax:
		return Address{}, addressLong
	case strings.ContainsFunc(typed, isHidden):
		return Address{}, addressControl
	case strings.ContainsAny(typed, "<>"):
		return Address{}, addressNamed
	case strings.Contains(typed, `"`):
		return Address{}, addressQuoted
	case strings.Count(typed, "@") > 1:
		return Address{}, addressSeveral
	}

	local, domain, found := strings.Cut(norm.NFC.String(typed), "@")
	if !found || !isLocal(local) || domain == "" {
		return Address{}, addressUnlike
	}

	domain, ok := lookup(domain)
	if !ok {
		return Address{}, addressDomain
	}

	small := lower(local)
	if lower(small) != small {
		return Address{}, addressUnlike // lower case that is not at rest could not be compared
	}
	longest := max(len(local), len(small)) // what is sent to and what is compared: neither is always the longer one
	if longest > localMax || longest+1+len(domain) > addressMax {
		return Address{}, addressLong
	}
	return Address{Typed: typed, Norm: small + "@" + domain}, nil
}

// isAround says that r is dropped at either end of an address: space, and the marks of direction and width that copying
// brings along. Control characters are not, and the ends of lines are among them.
func isAround(r rune) bool { return r == '\t' || unicode.In(r, unicode.Zs, unicode.Cf) }

// isHidden says that r has no place in an address because it is not seen: among them letters and marks that are drawn
// as nothing. The two joiners are left to IDNA, which knows the scripts that need them in a domain.
func isHidden(r rune) bool {
	return unicode.IsControl(r) || r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// isLocal says that s may stand before the @: words joined by single dots, of ASCII's atom characters and of the
// letters, marks and digits of all scripts.
func isLocal(s string) bool {
	for word := range strings.SplitSeq(s, ".") {
		if word == "" {
			return false
		}
		for i, r := range word {
			switch {
			case r < utf8.RuneSelf:
				if !isAtom(byte(r)) {
					return false
				}
			case !unicode.In(r, unicode.L, unicode.M, unicode.N):
				return false
			case i == 0 && unicode.Is(unicode.M, r):
				return false // would sit on the character before it
			}
		}
	}
	return true
}

// isAtom says that c is atext of RFC 5322.
func isAtom(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// lookup turns a domain into what DNS is asked for. It has a dot, no empty label, and a last label that is not a number:
// that would be an address of a machine.
func lookup(domain string) (string, bool) {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || len(ascii) > 253 {
		return "", false
	}
	again, err := idna.Lookup.ToASCII(ascii)
	if err != nil || again != ascii {
		return "", false
	}

	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return "", false
		}
	}
	top := labels[len(labels)-1]
	return ascii, len(labels) > 1 && len(top) > 1 && strings.Trim(top, "0123456789") != ""
}

// lower is the one lower case of a local part. Not strings.ToLower: that makes an i of the Turkish İ, and so one
// mailbox of two.
func lower(s string) string {
	return norm.NFC.String(cases.Lower(language.Und).String(s))
}
