package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/authdb"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
)

// An account that was made with an invitation's link has not confirmed its address: the link may have been forwarded. A
// code that is mailed to the address does, and so does any link that is: of a sign-up, or for a new password.

// A code lives for a quarter of an hour. With six digits and so few tries, whoever guesses for a week is right once in
// seven thousand times, and the owner of the address has seventy letters about it.
const (
	codeLife   = 15 * time.Minute
	codesADay  = 10
	codeTries  = 20 // a day
	codeDigits = 6
)

// SendAddressCode mails a code to the person's own address. A code that was mailed within the last minute stays, and no
// other is sent.
func (a *Accounts) SendAddressCode(ctx context.Context, person Person, org mail.Organization, tr Trace) error {
	if !a.mails {
		return fault.New(fault.Forbidden, "No mail leaves this installation, so no code can be sent.")
	}
	if err := a.reserveForDay(ctx, "code", person.ID, codesADay, tr); err != nil {
		return err
	}
	code := newCode()
	err := a.db.Auth(ctx, func(q *authdb.Queries) error {
		expires, err := q.SetAddressCode(ctx, authdb.SetAddressCodeParams{UserID: person.ID, Digest: a.codeDigest(person.ID, code), LifeSeconds: codeLife.Seconds()})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // pressed twice
		}
		if err != nil {
			return err
		}
		if err := note(ctx, q, person.ID, "address_code_sent", tr); err != nil {
			return err
		}
		return a.post(ctx, q, mail.AddressCode{To: person.Email, Organization: org, ID: publicid.New().String(), Expires: expires, Code: mail.Secret(code)})
	})
	if err != nil {
		return wrap("send a code", err)
	}
	return nil
}

// AddressCodeEnds is when the code ends that the person was sent last; zero if none is good now.
func (a *Accounts) AddressCodeEnds(ctx context.Context, person uuid.UUID) (time.Time, error) {
	expires, err := a.db.AuthOnce().GetAddressCode(ctx, person)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, wrap("look for a code", err)
	}
	return expires, nil
}

// ConfirmAddress takes the code, with spaces or dashes or without. A try is counted before it is judged.
func (a *Accounts) ConfirmAddress(ctx context.Context, person uuid.UUID, code string, tr Trace) error {
	code = strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, code)
	if len(code) != codeDigits {
		return invalid("code", "Enter the six digits of the code")
	}
	if err := a.reserveForDay(ctx, "code-tries", person, codeTries, tr); err != nil {
		return err
	}
	tr = tr.clean()
	_, err := a.db.AuthOnce().ConfirmAddress(ctx, authdb.ConfirmAddressParams{UserID: person, Digest: a.codeDigest(person, code),
		EventID: publicid.New(), Address: tr.Address, UserAgent: tr.UserAgent, RequestID: tr.RequestID})
	if errors.Is(err, pgx.ErrNoRows) {
		return invalid("code", "This is not the code that we sent last, or it is older than 15 minutes. Check it, or have a new one sent.")
	}
	if err != nil {
		return wrap("confirm an address", err)
	}
	return nil
}

// reserveForDay counts what one person may do so often in a day, from whichever device.
func (a *Accounts) reserveForDay(ctx context.Context, kind string, person uuid.UUID, limit int, tr Trace) error {
	_, err := a.reserve(ctx, asking{trace: tr, strangers: []try{{subject: a.subject(kind, person.String()), limit: limit, window: 24 * time.Hour}}})
	return err
}

// codeDigest is what the database knows of a code. All codes are soon tried, so it takes the installation's key to make one.
func (a *Accounts) codeDigest(person uuid.UUID, code string) []byte {
	mac := hmac.New(sha256.New, a.countKey)
	fmt.Fprintf(mac, "address code\x00%s\x00%s", person, code)
	return mac.Sum(nil)
}

// newCode makes six random digits.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand ends the program instead
	}
	return fmt.Sprintf("%0*d", codeDigits, n)
}
