// Package publicid spells identifiers for people and URLs: a prefix that says what it is, and a UUIDv7 in
// Crockford's base 32 (the TypeID form, version 0.3.0 of its specification), so that they sort by time.
// Inside, identifiers are plain UUIDs.
package publicid

import (
	"strings"

	"github.com/google/uuid"
)

// Kind is the prefix of an identifier.
type Kind string

// What has a public identifier.
const (
	Organization Kind = "org"
	Person       Kind = "usr"
	Membership   Kind = "mem"
	Invitation   Kind = "inv"
	Event        Kind = "evt"
	Session      Kind = "ses"
	Import       Kind = "imp"
	Job          Kind = "job"
	Link         Kind = "lnk" // a share link
	Request      Kind = "req"
)

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// New makes an identifier that sorts after those made before it.
func New() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Of spells an identifier: the prefix, "_", and 26 digits.
func (k Kind) Of(id uuid.UUID) string {
	var digits [26]byte
	// 128 bits in groups of five from the right; the first digit holds the three that are over.
	for i, bit := 25, 0; i >= 0; i, bit = i-1, bit+5 {
		var v uint16
		at := 15 - bit/8
		v = uint16(id[at]) >> (bit % 8)
		if at > 0 {
			v |= uint16(id[at-1]) << (8 - bit%8)
		}
		digits[i] = alphabet[v&31]
	}
	return string(k) + "_" + string(digits[:])
}

// Parse reads what Of spelled, and nothing else: no capitals, no other prefix, no overflow.
func (k Kind) Parse(s string) (uuid.UUID, bool) {
	digits, ok := strings.CutPrefix(s, string(k)+"_")
	if !ok || len(digits) != 26 || digits[0] > '7' {
		return uuid.UUID{}, false
	}
	var id uuid.UUID
	for i, bit := 25, 0; i >= 0; i, bit = i-1, bit+5 {
		v := strings.IndexByte(alphabet, digits[i])
		if v < 0 {
			return uuid.UUID{}, false
		}
		at := 15 - bit/8
		wide := uint16(v) << (bit % 8)
		id[at] |= byte(wide)
		if at > 0 {
			id[at-1] |= byte(wide >> 8)
		}
	}
	return id, true
}
