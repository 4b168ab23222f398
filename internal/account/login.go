package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/internal/fault"
)

const noMatch = "That e-mail and password do not match. Try again or set a new password."

// LogIn is by e-mail and password. The answer is the same for an unknown address, a wrong password and a disabled
// account, and takes as long. The try is counted before the password is looked at, and one that fails stays in the account's own
// log.
func (a *Accounts) LogIn(ctx context.Context, email, password string, tr Trace) (Login, error) {
	address, meant, err := knownAddress(email)
	if err != nil {
		return Login{}, err
	}
	device, strangers := a.logInTries(address.Norm, tr)
	tried, err := a.reserve(ctx, asking{norm: address.Norm, trace: tr, device: device, strangers: strangers, logIn: true})
	if err != nil {
		return Login{}, err
	}

	found, err := a.db.AuthOnce().GetPassword(ctx, block(tr.clean().Address), address.Norm)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Login{}, wrap("log in", err)
	}
	ok, err := a.hasher.matches(ctx, found.PasswordHash, password)
	if err != nil {
		return Login{}, wrap("log in", err)
	}
	switch {
	case !ok && meant != "": // whether that address has an account or not
		return Login{}, invalid("email", "Did you mean "+meant+"?")
	case !ok:
		return Login{}, invalid("", noMatch)
	}

	if err := a.giveBack(ctx, tried, found.ID); err != nil {
		return Login{}, err
	}
	return Login{
		Person:       Person{found.ID, found.Name, found.Email, found.EmailNorm, found.Theme, found.Shortcuts},
		Organization: orZero(found.LastOrg),
		Refused:      Refused{int(found.Refused), int(found.RefusedFrom)},
		changedAt:    found.ChangedAt,
	}, nil
}

// wrap says what was being done, and turns a database that is busy or cannot be reached into words for people. Faults pass through
// as they are.
func wrap(doing string, err error) error {
	if _, ok := fault.As(err); ok || err == nil {
		return err
	}
	if db.Unwritable(err) {
		return fmt.Errorf("%s: %w: %w", doing, fault.New(fault.ReadOnly, "Nothing can be changed at the moment."), err)
	}
	if db.Crowded(err) {
		return fmt.Errorf("%s: %w: %w", doing, fault.Busy("More is asked of it at once than it can do. Wait a few seconds, then try again."), err)
	}
	if db.Unreachable(err) {
		return fmt.Errorf("%s: %w: %w", doing, fault.New(fault.Unavailable, "Roster cannot reach its database. Come back in a moment."), err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func orZero(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}
