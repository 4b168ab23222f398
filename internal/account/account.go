// Package account is about who somebody is, before any organization: signing up, confirming an address,
// logging in and out, a forgotten password, sessions. It knows no tenant data.
//
// Answers do not tell whether an address has an account, in words or in time.
package account

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"roster/db"
	"roster/db/authdb"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
)

// Person is somebody with a confirmed address.
type Person struct {
	ID        uuid.UUID
	Name      string
	Email     string // as typed
	EmailNorm string // as compared
	Theme     string // "system", "light" or "dark"
	Shortcuts bool   // keyboard shortcuts are on
}

// Trace is where a request came from; it stands in every audit entry.
type Trace struct {
	Address    string    // the client's, as the configured proxies say
	UserAgent  string    // at most 500 characters
	RequestID  string    //
	Session    uuid.UUID // the session's public id, zero without one
	Submission uuid.UUID // of the form that was sent: the same if it comes again; zero if that cannot be told
	Device     string    // the mark of the browser, of NewDevice; "" without one
}

// Login is the proof that somebody authenticated just now. Record.LogIn makes a session of it.
type Login struct {
	Person Person
	// Organization is where the person was last, in whatever session; zero if nowhere yet.
	Organization uuid.UUID
	// Next is where somebody wanted to go who signed up on the way.
	Next string
	// Refused are the log-ins that failed since the last one.
	Refused Refused

	// changedAt is the version of the password: a reset in between voids the proof.
	changedAt time.Time
}

// Refused are log-ins to an account that failed, from other networks than the one that looks.
type Refused struct{ Tries, Networks int }

// The lives of what is mailed or handed over (SECURITY 0).
const (
	signupLife = 24 * time.Hour
	resetLife  = 30 * time.Minute
	loginLife  = 10 * time.Minute
)

// Config is what Accounts needs.
type Config struct {
	DB     *db.DB
	Outbox *mail.Outbox
	Key    []byte // the installation's secret, 32 bytes
	Mails  bool   // letters leave this installation
	SignUp bool   // anybody may sign up; takes effect only where letters are sent
	Limits Limits
}

// Accounts does what people do before they are in an organization.
type Accounts struct {
	db     *db.DB
	outbox *mail.Outbox
	mails  bool
	signUp bool
	limits Limits
	hasher *hasher
	sealer *mail.Sealer

	countKey, deviceKey []byte

	anybody atomic.Bool // somebody has an account: seen once, it stays so
}

// New makes Accounts.
func New(c Config) (*Accounts, error) {
	countKey, err := derive(c.Key, "roster tries")
	if err != nil {
		return nil, err
	}
	deviceKey, err := derive(c.Key, "roster device")
	if err != nil {
		return nil, err
	}
	sealer, err := mail.NewSealer(c.Key)
	if err != nil {
		return nil, err
	}
	l := c.Limits
	setDefault(&l.Account, 10)
	setDefault(&l.Block, 30)
	setDefault(&l.Strangers, 20)
	setDefault(&l.Daily, 100)
	setDefault(&l.Device, 50)
	setDefault(&l.Letters, 5)
	setDefault(&l.Window, 15*time.Minute)
	setDefault(&l.Hashes, runtime.GOMAXPROCS(0))
	return &Accounts{db: c.DB, outbox: c.Outbox, mails: c.Mails, signUp: c.SignUp && c.Mails, limits: l, hasher: newHasher(l.Hashes),
		countKey: countKey, deviceKey: deviceKey, sealer: sealer}, nil
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// derive makes a key for one purpose out of the installation's.
func derive(key []byte, purpose string) ([]byte, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("derive key for %s: the installation's key has %d bytes, not 32", purpose, len(key))
	}
	return hkdf.Key(sha256.New, key, nil, purpose, 32)
}

// Mails tells whether letters leave this installation. Without, links are handed over by hand.
func (a *Accounts) Mails() bool { return a.mails }

// SignUpOpen tells whether anybody may sign up. Without letters nobody could confirm an address, so it is closed then.
func (a *Accounts) SignUpOpen() bool { return a.signUp }

// Nobody tells whether no account exists yet, so that whoever runs this installation is told how to make the first. Once
// there is one it is not asked again.
func (a *Accounts) Nobody(ctx context.Context) (bool, error) {
	if a.anybody.Load() {
		return false, nil
	}
	anybody, err := a.db.AuthOnce().AnybodyThere(ctx)
	if err != nil {
		return false, wrap("look for the first account", err)
	}
	a.anybody.Store(anybody)
	return !anybody, nil
}

// SetAppearance is how the person wants pages to look and whether keys are shortcuts.
func (a *Accounts) SetAppearance(ctx context.Context, person uuid.UUID, theme string, shortcuts bool) error {
	switch theme {
	case "system", "light", "dark":
	default:
		return invalid("theme", "Choose light, dark or as the system has it")
	}
	err := a.db.AuthOnce().SetAppearance(ctx, authdb.SetAppearanceParams{UserID: person, Theme: theme, Shortcuts: shortcuts})
	if err != nil {
		return wrap("set appearance", err)
	}
	return nil
}

// Housekeeping deletes what has ended: it opens nothing any more, and is only in the way.
func (a *Accounts) Housekeeping(ctx context.Context) error {
	err := a.db.Auth(ctx, func(q *authdb.Queries) error {
		return errors.Join(q.DeleteOldTries(ctx), q.DeleteOldTokens(ctx), q.DeleteOldSignups(ctx), q.DeleteOldAddressCodes(ctx), q.DeleteEndedSessions(ctx),
			q.DeleteOldDevices(ctx), q.DeleteOldRefused(ctx))
	})
	if err != nil {
		return wrap("delete old log-ins", err)
	}
	return nil
}

// post queues a letter in the transaction of q. Both statements travel with the commit.
func (a *Accounts) post(ctx context.Context, q *authdb.Queries, l mail.Letter) error {
	job, err := a.outbox.Job(l)
	if err != nil {
		return err
	}
	err = q.InsertAccountJob(ctx, authdb.InsertAccountJobParams{Kind: job.Kind, Args: job.Args, MaxAttempts: job.MaxAttempts})
	if err != nil {
		return err
	}
	return q.WakeWorkersForAccount(ctx)
}

// note writes into the account's own log, in the transaction of q.
func note(ctx context.Context, q *authdb.Queries, person uuid.UUID, event string, tr Trace) error {
	tr = tr.clean()
	return q.InsertAccountEvent(ctx, authdb.InsertAccountEventParams{EventID: publicid.New(), UserID: person, Event: event,
		Address: tr.Address, UserAgent: tr.UserAgent, RequestID: tr.RequestID})
}

// Event is something that happened to an account.
type Event struct {
	Event       string // "logged_in", "password_changed", …, or "log_in_refused"
	First, Last time.Time
	Times       int    // of log_in_refused, how many from the network in about an hour
	Network     string // of log_in_refused; "" for all above ten together
	Address     string // of the last one
	UserAgent   string
}

// Events are the account's own log, the newest first.
func (a *Accounts) Events(ctx context.Context, person uuid.UUID, howMany int) ([]Event, error) {
	rows, err := a.db.AuthOnce().ListAccountEvents(ctx, int32(howMany), person)
	if err != nil {
		return nil, wrap("list account events", err)
	}
	events := make([]Event, len(rows))
	for i, r := range rows {
		events[i] = Event{r.Event, r.FirstAt, r.LastAt, int(r.Times), r.Network, r.Address, r.UserAgent}
	}
	return events, nil
}

// clean makes a trace fit for the database, which takes no NUL and no broken UTF-8.
func (t Trace) clean() Trace {
	for _, s := range []*string{&t.Address, &t.UserAgent, &t.RequestID} {
		*s = strings.ReplaceAll(strings.ToValidUTF8(*s, "\ufffd"), "\x00", "")
		if runes := []rune(*s); len(runes) > 500 {
			*s = string(runes[:500])
		}
	}
	return t
}

// newToken makes a secret for a link: 256 random bits. Only its digest is kept.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest is what the database knows of a token.
func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// digestOrNone is digest for the mark of a browser, which may have none.
func digestOrNone(mark string) []byte {
	if mark == "" {
		return nil
	}
	return digest(mark)
}

// isToken tells whether something can be a token at all, before the database is asked.
func isToken(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == 32 && base64.RawURLEncoding.EncodeToString(b) == s // line ends would be skipped
}

// checkEmail reads an address as a form field.
func checkEmail(form *fault.Form, email string) mail.Address {
	address, err := mail.Parse(email)
	if err != nil {
		form.Add("email", err.Error())
	}
	return address
}

// knownAddress reads the address of an account that there may be. One that nobody may give any more, for it looks like
// another, may have an account from before; and what was meant if it has none.
func knownAddress(email string) (address mail.Address, meant string, err error) {
	if address, err = mail.ParseKnown(email); err != nil {
		_, err = mail.Parse(email) // it knows what was meant
		return mail.Address{}, "", invalid("email", err.Error())
	}
	return address, mail.Plain(email), nil
}

func invalid(field, message string) error {
	var form fault.Form
	form.Add(field, message)
	return form.Err()
}
