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
// same work: a change is committed either way.
func (a *Accounts) Forgot(ctx context.Context, email string, tr Trace) error {
	if !a.mails {
		return fault.New(fault.Forbidden, "No mail leaves this installation. Ask whoever runs it for a link to choose a new password.")
	}
	address, err := mail.Parse(email)
	if err != nil {
		return invalid("email", err.Error())
	}
	letters := try{a.subject("letters", address.Norm), a.limits.Letters}
	if err := a.reserve(ctx, letters, a.fromBlock("letters", tr)); err != nil {
		return err
	}

	token := newToken()
	err = a.db.Auth(ctx, func(q *authdb.Queries) error {
		known, err := q.GetAddress(ctx, address.Norm)
		if err != nil {
			return err
		}
		if known.ID == nil || *known.Status != "active" {
			return q.TouchTries(ctx, letters.subject)
		}
		expires := known.At.Add(resetLife)
		if err := insertToken(ctx, q, token, forReset, *known.ID, expires); err != nil {
			return err
		}
		if err := note(ctx, q, *known.ID, "password_reset_asked", tr); err != nil {
			return err
		}
		return a.post(ctx, q, mail.ResetPassword{To: *known.Email, Name: *known.Name, ID: publicid.New().String(), Asked: Device(tr.UserAgent),
			Expires: expires, Token: mail.Secret(token)})
	})
	if err != nil {
		return wrap("forgot password", err)
	}
	return nil
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
// way. It logs nobody in, and tells the owner of the address.
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
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return wrap("choose password", err)
	}

	err = a.db.Auth(ctx, func(q *authdb.Queries) error {
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
