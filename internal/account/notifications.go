package account

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"roster/internal/mail"
)

// LettersOff are the letters that the person turned off, of those that may be.
func (a *Accounts) LettersOff(ctx context.Context, person uuid.UUID) ([]mail.Kind, error) {
	names, err := a.db.AuthOnce().GetLettersOff(ctx, person)
	if err != nil {
		return nil, wrap("read which letters are off", err)
	}
	off := make([]mail.Kind, len(names))
	for i, name := range names {
		off[i] = mail.Kind(name)
	}
	return off, nil
}

// SetLettersOff turns letters off, and all others on that may be turned off.
func (a *Accounts) SetLettersOff(ctx context.Context, person uuid.UUID, off []mail.Kind) error {
	names := []string{}
	for _, kind := range mail.Choices {
		if slices.Contains(off, kind) {
			names = append(names, string(kind))
		}
	}
	if err := a.db.AuthOnce().SetLettersOff(ctx, names, person); err != nil {
		return wrap("turn letters off", err)
	}
	return nil
}
