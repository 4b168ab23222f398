package mail

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// Sealer closes and opens the secret part of letters while they wait as jobs.
type Sealer struct {
	aead cipher.AEAD
}

// sealVersion is the first byte of everything sealed, so that another way can be introduced beside this one.
const sealVersion = 1

// NewSealer derives the sealing key from the installation's key of 32 bytes, so that no two uses share one.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("make sealer: the key has %d bytes, not 32", len(key))
	}

	own, err := hkdf.Key(sha256.New, key, nil, "roster: sealed part of letters, version 1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive sealing key: %w", err)
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	return &Sealer{aead}, nil
}

// Binding is what a secret is sealed to: it opens under the same three words only, so a sealed token that is copied
// into another letter, another organization's job or another invitation's stays closed.
type Binding struct {
	Purpose, Org, Subject string
}

// data joins the three so that no two bindings give the same bytes.
func (b Binding) data() []byte {
	data := []byte{sealVersion}
	for _, word := range []string{b.Purpose, b.Org, b.Subject} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(word)))
		data = append(data, word...)
	}
	return data
}

// Seal closes a secret. Closing it twice gives two different texts.
func (s *Sealer) Seal(b Binding, secret Secret) string {
	sealed := s.aead.Seal([]byte{sealVersion}, nil, []byte(secret), b.data())
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// Open gives back what was sealed under this key and binding, and nothing else.
func (s *Sealer) Open(b Binding, sealed string) (Secret, error) {
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(data) == 0 || data[0] != sealVersion || base64.RawURLEncoding.EncodeToString(data) != sealed { // base64 has several spellings
		return "", errors.New("open seal: not something sealed here")
	}
	secret, err := s.aead.Open(nil, nil, data[1:], b.data())
	if err != nil {
		return "", fmt.Errorf("open seal: %w", err)
	}
	return Secret(secret), nil
}
