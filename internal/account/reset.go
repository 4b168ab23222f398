package account

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"roster/db/authdb"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
)

// Forgot sends a link to choose a new password, if the address has an account. The answer is the same if not, after the
// same work: a change is committed either way. A letter that is held replaces nothing: the link of the last one is good
// for a while longer. What the owner asks for on a known device is never held because of what strangers asked for.
func (a *Accounts) Forgot(ctx context.Context, email string, tr Trace) error {
	if !a.mails {
		return fault.New(fault.Forbidden, "No mail leaves this installation. Ask whoever runs it for a link to choose a new password.")
	}
	address, meant, err := knownAddress(email)
	if err != nil {
		return err
	}
	device, strangers := a.letterTries(address.Norm, tr)
	asked, err := a.reserve(ctx, asking{norm: address.Norm, trace: tr, device: device, strangers: strangers})
	if err != nil {
		return err
	}

	token, from := newToken(), asked.tries[0].subject
	err = a.db.Auth(ctx, func(q *authdb.Queries) error {
		ask := a.askForLetter("reset", address.Norm)
		if asked.known {
			ask = authdb.AskForLetterParams{EmailNorm: address.Norm}
		}
		known, err := q.AskForLetter(ctx, ask)
		if err != nil {
			return err
		}
		if known.ID == nil || *known.Status != "active" || known.Held > 0 {
			return q.TouchTries(ctx, from)
		}
		expires := known.At.Add(resetLife)
		if err := insertToken(ctx, q, token, forReset, *known.ID, from, expires); err != nil {
			return err
		}
		if err := note(ctx, q, *known.ID, "password_reset_asked", tr); err != nil {
			return err
		}
		return a.post(ctx, q, mail.ResetPassword{To: *known.Email, Name: *known.Name, ID: publicid.New().String(), Asked: Device(tr.UserAgent),
			Expires: expires, Token: mail.Secret(token)})
	})
	switch {
	case err != nil:
		return wrap("forgot password", err)
	case meant != "": // said in any case
		return invalid("email", "Did you mean "+meant+"? If your account has the address as you wrote it, a letter is on its way")
	}
	return nil
}

// askForLetter is the question for the account of an address that counts a letter to it, of a kind that strangers can
// ask for.
func (a *Accounts) askForLetter(kind, norm string) authdb.AskForLetterParams {
	free, slow := a.sentTo(kind, norm)
	ask := authdb.AskForLetterParams{EmailNorm: norm}
	ask.Free, ask.FreeLimits, ask.FreeSeconds = spread([]try{free})
	ask.Slow, ask.SlowLimits, ask.SlowSeconds = spread([]try{slow})
	return ask
}

// Reset looks at the link behind which a new password is chosen.
func (a *Accounts) Reset(ctx context.Context, token string) (Link, error) {
	return a.link(ctx, token, forReset)
}

// LoginLink looks at the operator's link that logs somebody in.
func (a *Accounts) LoginLink(ctx context.Context, token string) (Link, error) {
	return a.link(ctx, token, forLogin)
}

func (a *Accounts) link(ctx context.Context, token, purpose string) (Link, error) {
	if !isToken(token) {
		return Link{State: Unknown}, nil
	}
	row, err := a.db.AuthOnce().GetToken(ctx, digest(token), purpose)
	if errors.Is(err, pgx.ErrNoRows) {
		return Link{State: Unknown}, nil
	}
	if err != nil {
		return Link{}, wrap("look at "+purpose+" link", err)
	}
	link := Link{State: Open, Name: row.Name, Email: row.Email}
	switch {
	case row.Used:
		link.State = Used
	case row.Replaced:
		link.State = Replaced
	case row.Expired:
		link.State = Expired
	}
	return link, nil
}

// ChoosePassword sets the password anew and ends whatever the old one opened: all sessions, and every link that is under
// way. It logs nobody in, and tells the owner of the address. All tries are forgotten and the device is known from here
// on, so that the new password lets its owner in whatever strangers did. Other devices stay known: they have only a count
// of their own, and the owner's next one must not need another letter.
func (a *Accounts) ChoosePassword(ctx context.Context, token, password string, tr Trace) error {
	link, err := a.Reset(ctx, token)
	if err != nil {
		return err
	}
	if link.State != Open {
		return goneLink(link.State)
	}
	if err := CheckPassword(password, link.Name, link.Email); err != nil {
		return invalid("password", err.Error())
	}
	address, err := mail.Parse(link.Email)
	if err != nil {
		return wrap("choose password: the account's address is none", err)
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return wrap("choose password", err)
	}

	err = a.db.Auth(ctx, func(q *authdb.Queries) error {
		// The tries before the links, in the order of Forgot: the two never wait for each other.
		if err := a.forget(ctx, q, address.Norm, tr); err != nil {
			return err
		}
		used, err := q.UseToken(ctx, digest(token), forReset)
		if errors.Is(err, pgx.ErrNoRows) {
			return goneLink(Used)
		}
		if err != nil {
			return err
		}
		// The password first: whoever is logging in with the old one waits for this row, and then is refused.
		if err := errors.Join(q.SetPassword(ctx, used.ID, hash), q.DeleteSessionsOf(ctx, used.ID), q.RevokeTokensOf(ctx, used.ID),
			q.VoidSignupsOf(ctx, used.ID), note(ctx, q, used.ID, "password_changed", tr)); err != nil {
			return err
		}
		if tr.Device != "" {
			if err := q.InsertDevice(ctx, digestOrNone(tr.Device), used.ID); err != nil {
				return err
			}
		}
		if !a.mails {
			return nil
		}
		return a.post(ctx, q, mail.PasswordChanged{To: used.Email, Name: used.Name, Asked: Device(tr.UserAgent), At: used.At})
	})
	if err != nil {
		return wrap("choose password", err)
	}
	return nil
}

// UseLoginLink logs in the person that the operator handed the link to.
func (a *Accounts) UseLoginLink(ctx context.Context, token string, _ Trace) (Login, error) {
	if !isToken(token) {
		return Login{}, goneLink(Unknown)
	}
	used, err := a.db.AuthOnce().UseToken(ctx, digest(token), forLogin)
	if errors.Is(err, pgx.ErrNoRows) {
		link, err := a.LoginLink(ctx, token)
		if err != nil {
			return Login{}, err
		}
		return Login{}, goneLink(link.State)
	}
	if err != nil {
		return Login{}, wrap("use log-in link", err)
	}
	return Login{
		Person:       Person{used.ID, used.Name, used.Email, used.EmailNorm, used.Theme, used.Shortcuts},
		Organization: orZero(used.LastOrg),
		changedAt:    used.ChangedAt,
	}, nil
}
