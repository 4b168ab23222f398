package account

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/authdb"
	"roster/internal/fault"
	"roster/internal/publicid"
)

// Sessions keeps the sessions of scs in the database. A row is made by a log-in and by nothing else; a session that was
// loaded is updated, never inserted. So one that ended stays ended, whatever is in flight.
//
// scs hands over digests of tokens (HashTokenInStore), and these are all that is stored.
type Sessions struct {
	db           *db.DB
	successorKey []byte
	idle, life   time.Duration
}

// SessionConfig is what Sessions needs.
type SessionConfig struct {
	DB   *db.DB
	Key  []byte        // the installation's secret, 32 bytes
	Idle time.Duration // unused for so long, a session ends: 30 minutes
	Life time.Duration // after so long it ends in any case: 12 hours
}

// NewSessions makes the store.
func NewSessions(c SessionConfig) (*Sessions, error) {
	key, err := derive(c.Key, "roster session successor")
	if err != nil {
		return nil, err
	}
	setDefault(&c.Idle, 30*time.Minute)
	setDefault(&c.Life, 12*time.Hour)
	return &Sessions{db: c.DB, successorKey: key, idle: c.Idle, life: c.Life}, nil
}

var (
	// ErrNobody answers a commit without a person: anonymous requests have no sessions.
	ErrNobody = errors.New("account: nobody is logged in, there is no session to keep anything in")
	// ErrEnded answers a log-in that was overtaken: the password was changed or the account disabled in between.
	ErrEnded = errors.New("account: the password was changed or the account disabled during the log-in")

	errNoRecord = errors.New("account: no record in the context; it goes there before the session is loaded")
	errSameKey  = errors.New("account: a log-in without a new token")
)

// Record is what the store knows about the session of one request, and what a handler tells it.
type Record struct {
	received  []byte // digest of the cookie's token
	digest    []byte // of the row: received, or its successor after a switch; nil: none
	succeeded bool
	unused    bool // a page asks by itself: nobody is at work for that

	person        *Person
	session       uuid.UUID
	organization  uuid.UUID
	authenticated time.Time
	expires       time.Time

	login    *Login    // not yet in the database
	before   uuid.UUID // the session that the request came with, while somebody logs in over it
	replaces uuid.UUID // the session that a log-in ends
	trace    Trace
}

type recordKey struct{}

// WithRecord puts an empty record into the context, which Sessions fills. There is one for each request, and it goes in
// before the session is loaded.
func WithRecord(ctx context.Context) (context.Context, *Record) {
	r := &Record{}
	return context.WithValue(ctx, recordKey{}, r), r
}

// Unused says that the request is no use of the session, before it is loaded: it does not keep an idle one from its end.
func (r *Record) Unused() { r.unused = true }

// RecordOf is the record in the context, or one of nobody.
func RecordOf(ctx context.Context) *Record {
	if r, ok := ctx.Value(recordKey{}).(*Record); ok {
		return r
	}
	return &Record{}
}

// Person is who is logged in.
func (r *Record) Person() (Person, bool) {
	if r.person == nil {
		return Person{}, false
	}
	return *r.person, true
}

// Session names the session for people and logs; it opens nothing.
func (r *Record) Session() uuid.UUID { return r.session }

// Organization is the active one: where the person was last. It decides where pages lead, never what they show.
func (r *Record) Organization() uuid.UUID { return r.organization }

// AuthenticatedAt is when the person logged in.
func (r *Record) AuthenticatedAt() time.Time { return r.authenticated }

// ExpiresAt is when the session ends whatever happens.
func (r *Record) ExpiresAt() time.Time { return r.expires }

// Succeeded tells that the cookie still has the token from before a switch. The answer carries the successor.
func (r *Record) Succeeded() bool { return r.succeeded }

// LogIn says whom the token is for that this request makes.
func (r *Record) LogIn(l Login, tr Trace) {
	r.login, r.trace, r.before = &l, tr.clean(), r.session
	r.person, r.session, r.organization = &l.Person, publicid.New(), l.Organization
}

func (r *Record) end() { *r = Record{received: r.received} }

// FindCtx loads a session and its person.
func (s *Sessions) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	r, ok := ctx.Value(recordKey{}).(*Record)
	if !ok {
		return nil, false, errNoRecord
	}
	received, err := readKey(key)
	if err != nil {
		return nil, false, err
	}
	row, err := s.db.AuthOnce().GetSession(ctx, authdb.GetSessionParams{Digest: received, IdleSeconds: s.idle.Seconds(), InUse: !r.unused})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, wrap("find session", err)
	}
	*r = Record{
		received: received, digest: row.TokenDigest, succeeded: row.Succeeded,
		person:  &Person{row.UserID, row.Name, row.Email, row.EmailNorm, row.Theme, row.Shortcuts},
		session: row.PublicID, organization: orZero(row.ActiveOrg), authenticated: row.AuthenticatedAt, expires: row.ExpiresAt,
	}
	return row.Data, true, nil
}

// CommitCtx keeps a session's data: of a log-in as a new row, else in the row that was loaded, if it is still there.
func (s *Sessions) CommitCtx(ctx context.Context, key string, data []byte, _ time.Time) error {
	r, ok := ctx.Value(recordKey{}).(*Record)
	if !ok {
		return errNoRecord
	}
	digest, err := readKey(key)
	switch {
	case err != nil:
		return err
	case r.login != nil:
		return s.insert(ctx, r, digest, data)
	case r.digest == nil:
		return ErrNobody
	}
	if err := s.db.AuthOnce().SetSessionData(ctx, data, r.digest); err != nil {
		return wrap("keep session", err)
	}
	return nil
}

func (s *Sessions) insert(ctx context.Context, r *Record, digest, data []byte) error {
	if hmac.Equal(digest, r.received) {
		return errSameKey
	}
	row, err := s.db.AuthOnce().InsertSession(ctx, authdb.InsertSessionParams{
		Digest: digest, PublicID: r.session, Data: data, ActiveOrg: orNull(r.organization),
		UserAgent: r.trace.UserAgent, Address: r.trace.Address, RequestID: r.trace.RequestID, LifeSeconds: s.life.Seconds(),
		UserID: r.login.Person.ID, Replaces: orNull(r.replaces), PasswordChangedAt: r.login.changedAt, EventID: publicid.New(), Device: digestOrNone(r.trace.Device),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		r.end()
		return ErrEnded
	}
	if err != nil {
		return wrap("begin session", err)
	}
	r.login, r.digest, r.received, r.succeeded = nil, digest, digest, false
	r.authenticated, r.expires = row.AuthenticatedAt, row.ExpiresAt
	return nil
}

// DeleteCtx ends the session that was loaded, whatever its token is by now: another request may have switched it.
func (s *Sessions) DeleteCtx(ctx context.Context, _ string) error {
	r, ok := ctx.Value(recordKey{}).(*Record)
	if !ok {
		return errNoRecord
	}
	if r.digest == nil {
		return nil // nothing was loaded: scs asks all the same when it makes the first token
	}
	if r.login != nil { // somebody logs in over it: it ends in the statement that begins the new one
		r.replaces, r.digest = r.before, nil
		return nil
	}
	ended := r.session
	r.end()
	if err := s.db.AuthOnce().DeleteSession(ctx, ended); err != nil {
		return wrap("end session", err)
	}
	return nil
}

// Find refuses: without the context there is no record to fill.
func (s *Sessions) Find(string) ([]byte, bool, error) { return nil, false, errNoRecord }

// Commit refuses: without the context nobody knows whose session it is.
func (s *Sessions) Commit(string, []byte, time.Time) error { return errNoRecord }

// Delete refuses: without the context nobody knows which session it is.
func (s *Sessions) Delete(string) error { return errNoRecord }

// Successor is the token after a switch. It follows from the one before, so that whoever still comes with that one can
// be given it, though no token is stored.
func (s *Sessions) Successor(token string) string {
	mac := hmac.New(sha256.New, s.successorKey)
	mac.Write([]byte(token))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Switch makes an organization the active one and renews the token, in one statement; the session's end stays where it
// was. The token before is dead, except that for ten seconds it is answered as its successor: a double click must not
// log anybody out. If others have renewed the token further since this request came, there is none to give: the browser
// has a newer one.
func (s *Sessions) Switch(ctx context.Context, token string, organization uuid.UUID) (string, error) {
	r, successor := RecordOf(ctx), s.Successor(token)
	now, err := s.db.AuthOnce().SwitchSession(ctx, authdb.SwitchSessionParams{Digest: digest(token), Successor: digest(successor), ActiveOrg: organization, Session: r.session})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", fault.New(fault.LoggedOut, "You are logged out. Log in and do it again.")
	}
	if err != nil {
		return "", wrap("switch organization", err)
	}
	if r.digest != nil {
		r.digest, r.organization = now, organization
	}
	if !bytes.Equal(now, digest(successor)) {
		return "", nil
	}
	return successor, nil
}

// IsCurrent tells whether a token is that of a session at this moment: neither ended, nor renewed.
func (s *Sessions) IsCurrent(ctx context.Context, token string) (bool, error) {
	row, err := s.db.AuthOnce().GetSession(ctx, authdb.GetSessionParams{Digest: digest(token), IdleSeconds: s.idle.Seconds()})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, wrap("look at a token", err)
	}
	return !row.Succeeded, nil
}

// Standing are those of these sessions that are not over.
func (s *Sessions) Standing(ctx context.Context, sessions []uuid.UUID) ([]uuid.UUID, error) {
	standing, err := s.db.AuthOnce().ListStandingSessions(ctx, sessions, s.idle.Seconds())
	return standing, wrap("look which sessions stand", err)
}

// Use notes where the person is now, if no other request has noted something else since this one began. A
// database that takes no changes at the moment keeps nobody from looking.
func (s *Sessions) Use(ctx context.Context, organization uuid.UUID) error {
	r := RecordOf(ctx)
	if r.digest == nil || r.organization == organization {
		return nil
	}
	err := s.db.AuthOnce().SetActiveOrganization(ctx, authdb.SetActiveOrganizationParams{ActiveOrg: organization, Digest: r.digest, Was: orNull(r.organization)})
	if db.Unwritable(err) {
		return nil
	}
	if err != nil {
		return wrap("note organization", err)
	}
	r.organization = organization
	return nil
}

func orNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// readKey reads what scs calls a token in the store: the SHA-256 of it.
func readKey(key string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil || len(b) != sha256.Size {
		return nil, errors.New("account: the session manager hands over something else than a digest")
	}
	return b, nil
}

// Codec writes what a session remembers: four bytes and, if there is anything, JSON.
type Codec struct{}

// Encode implements scs.Codec.
func (Codec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	b := binary.BigEndian.AppendUint32(nil, uint32(deadline.Unix()))
	if len(values) == 0 {
		return b, nil
	}
	encoded, err := json.Marshal(values)
	return append(b, encoded...), err
}

// Decode implements scs.Codec.
func (Codec) Decode(b []byte) (time.Time, map[string]any, error) {
	values := map[string]any{}
	if len(b) < 4 {
		return time.Time{}, nil, errors.New("account: session data is damaged")
	}
	deadline := time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC()
	if len(b) == 4 {
		return deadline, values, nil
	}
	err := json.Unmarshal(b[4:], &values)
	if err == nil && values == nil {
		err = errors.New("account: session data is damaged")
	}
	return deadline, values, err
}
