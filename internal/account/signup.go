package account

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/authdb"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
)

// SignUp is what somebody types who wants an account.
type SignUp struct {
	Name, Email, Password string
	// Browser marks the browser that asks, from NewMarker: there the link needs no password.
	Browser string
	// Next is where they wanted to go.
	Next string
}

// The longest return address that is kept; a longer one leads to the start page.
const nextMax = 2000

// NewMarker makes the value that marks a browser.
func NewMarker() string { return newToken() }

// SignUp sends a link. Nobody exists until it comes back, so an address that is not one's own gives nothing. The answer
// is always the same; an address that has an account gets a letter saying so. Where many letters went to the address
// already, this one is held, and the link of any of those confirms it in this browser.
func (a *Accounts) SignUp(ctx context.Context, s SignUp, tr Trace) error {
	if !a.signUp {
		return errSignUpClosed()
	}
	var form fault.Form
	name := checkName(&form, s.Name)
	address := checkEmail(&form, s.Email)
	if err := CheckPassword(s.Password, s.Name, s.Email); err != nil {
		form.Add("password", err.Error())
	}
	if err := form.Err(); err != nil {
		return err
	}
	_, strangers := a.letterTries(address.Norm, tr)
	if _, err := a.reserve(ctx, asking{strangers: strangers}); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, s.Password)
	if err != nil {
		return wrap("sign up", err)
	}

	token := newToken()
	signup := authdb.InsertSignupParams{Digest: digest(token), Kind: "mailed", Name: name, Email: address.Typed, EmailNorm: address.Norm,
		PasswordHash: hash, BrowserDigest: digestOrNone(s.Browser), Next: a.sealNext(s.Next)}
	err = a.db.Auth(ctx, func(q *authdb.Queries) error {
		known, err := q.AskForLetter(ctx, a.askForLetter("signup", address.Norm))
		if err != nil {
			return err
		}
		if known.ID != nil && known.Held > 0 {
			return q.TouchTries(ctx, strangers[0].subject)
		}
		if known.ID != nil {
			return a.post(ctx, q, mail.AlreadyRegistered{To: *known.Email, Name: *known.Name, Asked: Device(tr.UserAgent), At: known.At})
		}
		signup.ExpiresAt = known.At.Add(signupLife)
		if err := q.InsertSignup(ctx, signup); err != nil || known.Held > 0 {
			return err
		}
		return a.post(ctx, q, mail.ConfirmAddress{To: address.Typed, Name: name, ID: publicid.New().String(), Asked: Device(tr.UserAgent),
			Expires: signup.ExpiresAt, Token: mail.Secret(token)})
	})
	if err != nil {
		return wrap("sign up", err)
	}
	return nil
}

func checkName(form *fault.Form, name string) string {
	name, err := CheckName(name)
	if err != nil {
		form.Add("name", err.Error())
	}
	return name
}

// sealNext keeps where somebody wanted to go. That may be the link of an invitation, so it is kept like one.
func (a *Accounts) sealNext(next string) string {
	if next == "" || len(next) > nextMax || !utf8.ValidString(next) {
		return ""
	}
	return a.sealer.Seal(nextBinding, mail.Secret(next))
}

// openNext gives it back; what was not sealed here leads to the start page.
func (a *Accounts) openNext(sealed string) string {
	if sealed == "" {
		return ""
	}
	next, err := a.sealer.Open(nextBinding, sealed)
	if err != nil {
		return ""
	}
	return string(next)
}

var nextBinding = mail.Binding{Purpose: "sign-up next"}

// SignUpAgain sends a new link to somebody who waits for one, in the browser that asked. To anybody else nothing is sent,
// and the answer is the same.
func (a *Accounts) SignUpAgain(ctx context.Context, email, browser string, tr Trace) error {
	if !a.signUp {
		return errSignUpClosed()
	}
	address, err := mail.Parse(email)
	if err != nil {
		return invalid("email", err.Error())
	}
	_, strangers := a.letterTries(address.Norm, tr)
	if _, err := a.reserve(ctx, asking{strangers: strangers}); err != nil {
		return err
	}
	token, ask := newToken(), a.askForLetter("signup", address.Norm)
	err = a.db.Auth(ctx, func(q *authdb.Queries) error {
		again, err := q.RepeatSignup(ctx, authdb.RepeatSignupParams{Digest: digest(token), EmailNorm: address.Norm, BrowserDigest: digestOrNone(browser), LifeSeconds: signupLife.Seconds(),
			Free: ask.Free, FreeLimits: ask.FreeLimits, FreeSeconds: ask.FreeSeconds, Slow: ask.Slow, SlowLimits: ask.SlowLimits, SlowSeconds: ask.SlowSeconds})
		if errors.Is(err, pgx.ErrNoRows) {
			return q.TouchTries(ctx, strangers[0].subject)
		}
		if err != nil {
			return err
		}
		return a.post(ctx, q, mail.ConfirmAddress{To: again.Email, Name: again.Name, ID: publicid.New().String(), Asked: Device(tr.UserAgent),
			Expires: again.ExpiresAt, Token: mail.Secret(token)})
	})
	if err != nil {
		return wrap("sign up again", err)
	}
	return nil
}

func errSignUpClosed() error {
	return fault.New(fault.Forbidden, "Sign-up is closed here. Ask somebody who uses Roster to invite you.")
}

// State is what a link is good for.
type State string

// The states. Unknown is every link that never was, and looks like one that was damaged.
const (
	Open      State = "open"
	Elsewhere State = "elsewhere" // a sign-up that another browser asked for: its password is needed
	Handed    State = "handed"    // a sign-up made by the operator: name and password are chosen now
	Used      State = "used"
	Expired   State = "expired"
	Replaced  State = "replaced" // by a newer one
	Unknown   State = "unknown"
)

// Link is what a page of a link shows. Looking uses nothing up.
type Link struct {
	State State
	Name  string
	Email string
}

// Signup looks at the link of a sign-up.
func (a *Accounts) Signup(ctx context.Context, token, browser string) (Link, error) {
	_, link, err := a.signup(ctx, token, browser)
	return link, err
}

func (a *Accounts) signup(ctx context.Context, token, browser string) (authdb.GetSignupRow, Link, error) {
	if !isToken(token) {
		return authdb.GetSignupRow{}, Link{State: Unknown}, nil
	}
	row, err := a.db.AuthOnce().GetSignup(ctx, digestOrNone(browser), digest(token))
	if errors.Is(err, pgx.ErrNoRows) {
		return row, Link{State: Unknown}, nil
	}
	if err != nil {
		return row, Link{}, wrap("look at sign-up", err)
	}
	link := Link{State: Open, Name: row.Name, Email: row.Email}
	switch {
	case row.Used:
		link.State = Used
	case row.Expired:
		link.State = Expired
	case row.Kind == "handed":
		link.State = Handed
	case !row.Here:
		link.State = Elsewhere
	}
	return row, link, nil
}

// Confirmation is the press on the page of a sign-up's link.
type Confirmation struct {
	Token, Browser string
	Name           string // chosen now, where the operator made the link
	Password       string // chosen now, or that of the sign-up where another browser asked
}

// Confirm makes the person, with the address that the link was for, and voids whatever else waited for that address. Mail
// scanners press buttons: outside the browser that asked, the sign-up's password is needed.
func (a *Accounts) Confirm(ctx context.Context, c Confirmation, tr Trace) (Login, error) {
	signup, link, err := a.signup(ctx, c.Token, c.Browser)
	if err != nil {
		return Login{}, err
	}
	name, hash := signup.Name, signup.PasswordHash
	switch link.State {
	case Open:
	case Elsewhere:
		if err := a.checkSignupPassword(ctx, c, hash, tr); err != nil {
			return Login{}, err
		}
	case Handed:
		if name, hash, err = a.choose(ctx, c.Name, signup.Email, c.Password); err != nil {
			return Login{}, err
		}
	default:
		return Login{}, goneLink(link.State)
	}

	tr = tr.clean()
	made, err := a.db.AuthOnce().Confirm(ctx, authdb.ConfirmParams{Digest: signup.Digest, UserID: publicid.New(), Name: name, SortName: SortName(name),
		SearchText: SearchText(name, signup.Email), Fold: FoldVersion, PasswordHash: hash, EventID: publicid.New(), Address: tr.Address, UserAgent: tr.UserAgent, RequestID: tr.RequestID})
	switch {
	case errors.Is(err, pgx.ErrNoRows), db.Constraint(err) == "users_email_key":
		return Login{}, goneLink(Used)
	case err != nil:
		return Login{}, wrap("confirm sign-up", err)
	}
	return Login{
		Person:    Person{made.ID, made.Name, made.Email, made.EmailNorm, made.Theme, made.Shortcuts},
		Next:      a.openNext(made.Next),
		changedAt: made.ChangedAt,
	}, nil
}

// checkSignupPassword judges the password of a sign-up, counted like a log-in.
func (a *Accounts) checkSignupPassword(ctx context.Context, c Confirmation, hash string, tr Trace) error {
	if c.Password == "" {
		return invalid("password", "Enter the password you signed up with")
	}
	tried, err := a.reserve(ctx, asking{strangers: []try{{a.subject("confirm", c.Token), a.limits.Account, a.limits.Window, false}, a.fromBlock("login", tr)}})
	if err != nil {
		return err
	}
	ok, err := a.hasher.matches(ctx, hash, c.Password)
	if err != nil {
		return wrap("confirm sign-up", err)
	}
	if !ok {
		return invalid("password", "That is not the password you signed up with. Try again.")
	}
	return a.giveBack(ctx, tried, uuid.Nil)
}

// choose checks a name and a password that are chosen now, and hashes the password.
func (a *Accounts) choose(ctx context.Context, name, email, password string) (checked, hash string, err error) {
	var form fault.Form
	checked = checkName(&form, name)
	if err := CheckPassword(password, name, email); err != nil {
		form.Add("password", err.Error())
	}
	if err := form.Err(); err != nil {
		return "", "", err
	}
	hash, err = a.hasher.hash(ctx, password)
	return checked, hash, wrap("hash password", err)
}

// goneLink is the answer to pressing the button of a link that is good for nothing any more; its page says more.
func goneLink(s State) error {
	switch s {
	case Used:
		return fault.New(fault.Gone, "This link was already used.")
	case Expired:
		return fault.New(fault.Gone, "This link is too old.")
	case Replaced:
		return fault.New(fault.Gone, "This link was replaced by a newer one.")
	}
	return fault.New(fault.Gone, "This link does not work. Copy the whole address, or ask for a new one.")
}

// NewAccount is somebody whom an invitation's link speaks for.
type NewAccount struct {
	Name, Email, Password string
}

// CreateInvited makes the person of an invitation's link. Where letters are sent the address is not confirmed by it, for a
// link may be forwarded; where none are, being handed the link is all the proof there is. It is a conflict if the address
// has an account meanwhile: they log in then.
func (a *Accounts) CreateInvited(ctx context.Context, n NewAccount, tr Trace) (Login, error) {
	return a.create(ctx, n, !a.mails, tr)
}

// CreateConfirmed is CreateInvited for an address that is known to be the person's.
func (a *Accounts) CreateConfirmed(ctx context.Context, n NewAccount, tr Trace) (Login, error) {
	return a.create(ctx, n, true, tr)
}

func (a *Accounts) create(ctx context.Context, n NewAccount, confirmed bool, tr Trace) (Login, error) {
	address, err := mail.ParseKnown(n.Email)
	if err != nil {
		return Login{}, wrap("create account: the invited address is none", err)
	}
	name, hash, err := a.choose(ctx, n.Name, n.Email, n.Password)
	if err != nil {
		return Login{}, err
	}
	tr = tr.clean()
	made, err := a.db.AuthOnce().InsertPerson(ctx, authdb.InsertPersonParams{UserID: publicid.New(), Name: name, Email: address.Typed, EmailNorm: address.Norm,
		SortName: SortName(name), SearchText: SearchText(name, address.Typed), Fold: FoldVersion, AddressConfirmed: confirmed, PasswordHash: hash,
		EventID: publicid.New(), Address: tr.Address, UserAgent: tr.UserAgent, RequestID: tr.RequestID})
	switch {
	case db.Constraint(err) == "users_email_key":
		return Login{}, fault.New(fault.Conflict, "This address has an account already. Log in to go on.")
	case err != nil:
		return Login{}, wrap("create account", err)
	}
	return Login{Person: Person{made.ID, made.Name, made.Email, made.EmailNorm, made.Theme, made.Shortcuts}, changedAt: made.ChangedAt}, nil
}

// OperatorLink is what the operator hands over to somebody.
type OperatorLink struct {
	Kind    string // "sign-up", "log-in" or "reset"
	Path    string // below the public address
	Email   string
	Expires time.Time
}

// OperatorLink makes a link for an address: to sign up if it has no account, else to log in, or with reset to choose a
// new password. It is how people come in where no mail server is, and how somebody locked out comes back.
func (a *Accounts) OperatorLink(ctx context.Context, email string, reset bool) (OperatorLink, error) {
	address, _, err := knownAddress(email)
	if err != nil {
		return OperatorLink{}, err
	}
	_, unlike := mail.Parse(email)
	token := newToken()
	var link OperatorLink
	err = a.db.Auth(ctx, func(q *authdb.Queries) error {
		known, err := q.GetAddress(ctx, address.Norm)
		switch {
		case err != nil:
			return err
		case known.ID == nil && unlike != nil:
			return invalid("email", unlike.Error())
		case known.ID == nil && reset:
			return fault.New(fault.NotFound, "There is no account for "+address.Typed+". Without --reset you get a link to sign up.")
		case known.ID == nil:
			link = OperatorLink{"sign-up", "/signup/confirm/" + token, address.Typed, known.At.Add(signupLife)}
			return q.InsertSignup(ctx, authdb.InsertSignupParams{Digest: digest(token), Kind: "handed", Email: address.Typed, EmailNorm: address.Norm, ExpiresAt: link.Expires})
		case *known.Status != "active":
			return fault.New(fault.Forbidden, "The account of "+*known.Email+" is disabled.")
		case reset:
			link = OperatorLink{"reset", "/reset/" + token, *known.Email, known.At.Add(resetLife)}
			return insertToken(ctx, q, token, forReset, *known.ID, "", link.Expires)
		}
		link = OperatorLink{"log-in", "/login/link/" + token, *known.Email, known.At.Add(loginLife)}
		return insertToken(ctx, q, token, forLogin, *known.ID, "", link.Expires)
	})
	if err != nil {
		return OperatorLink{}, wrap("make link", err)
	}
	return link, nil
}

// What a token of a person opens. One for the one is refused for the other.
const (
	forReset = "reset"
	forLogin = "login"
)

func insertToken(ctx context.Context, q *authdb.Queries, token, purpose string, person uuid.UUID, from string, expires time.Time) error {
	return q.InsertToken(ctx, authdb.InsertTokenParams{Digest: digest(token), Purpose: purpose, UserID: person, AskedFrom: from, ExpiresAt: expires})
}
