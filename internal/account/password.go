package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"roster/internal/fault"
)

// Argon2id with the least that OWASP asks for: 19 MiB, two passes, one lane.
const (
	hashMemory = 19 * 1024
	hashPasses = 2
	hashLanes  = 1
	saltLen    = 16
	keyLen     = 32
)

var b64 = base64.RawStdEncoding

// PasswordHash makes the string that is kept of a password (the PHC form of argon2id). It knows no rules and waits for
// nobody: for people whose password was checked already, or who are made up.
func PasswordHash(password string) (string, error) {
	salt := make([]byte, saltLen)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	key := argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashLanes, keyLen)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashLanes, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// nobody is what is compared where there is no account, so that this takes as long. No password has this hash.
var nobody = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashLanes,
	b64.EncodeToString(make([]byte, saltLen)), b64.EncodeToString(make([]byte, keyLen)))

var errHash = errors.New("a password hash in the database is not of argon2id")

func matches(hash, password string) (bool, error) {
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || passes < 1 || lanes < 1 {
		return false, errHash
	}
	salt, err := b64.DecodeString(parts[4])
	if err != nil {
		return false, errHash
	}
	want, err := b64.DecodeString(parts[5])
	if err != nil || len(want) == 0 {
		return false, errHash
	}
	key := argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(key, want) == 1, nil
}

// hasher lets few passwords be hashed at once and few wait: every hash takes 19 MiB, and who waits long comes again
// anyway.
type hasher struct {
	working chan struct{}
	waiting chan struct{}
}

// For how long one waits for a hash, and how many may for each that is worked on.
const (
	hashWait    = 3 * time.Second
	hashWaiting = 32
)

func newHasher(atOnce int) *hasher {
	return &hasher{make(chan struct{}, atOnce), make(chan struct{}, atOnce*hashWaiting)}
}

// do works when its turn comes, or answers at once that too many wait.
func (h *hasher) do(ctx context.Context, work func() error) error {
	select {
	case h.waiting <- struct{}{}:
	default:
		return errBusy()
	}
	defer func() { <-h.waiting }()

	timeout := time.NewTimer(hashWait)
	defer timeout.Stop()
	select {
	case h.working <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-timeout.C:
		return errBusy()
	}
	defer func() { <-h.working }()
	return work()
}

func errBusy() error {
	f := fault.Busy("Many people are logging in just now. Try again in 5 seconds.")
	f.After = 5 * time.Second
	return f
}

func (h *hasher) hash(ctx context.Context, password string) (hash string, err error) {
	err = h.do(ctx, func() error {
		hash, err = PasswordHash(password)
		return err
	})
	return hash, err
}

// matches compares; without a hash it compares with nobody's, and the answer is no.
func (h *hasher) matches(ctx context.Context, hash, password string) (ok bool, err error) {
	exists := hash != ""
	if !exists {
		hash = nobody
	}
	err = h.do(ctx, func() error {
		ok, err = matches(hash, password)
		return err
	})
	return ok && exists, err
}
