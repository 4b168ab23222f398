package mail

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Where a job is announced after it was inserted, so that it is taken up at once and not at the next look.
const (
	NotifyChannel = "river.river_insert"
	NotifyPayload = `{"queue":"default"}`
)

// keepTime is how long a letter is kept that cannot be sent, unless its link runs out before (RFC 5321 4.5.4.1: at least
// four or five days). A mail server that is out of order over a weekend loses no letter.
const keepTime = 5 * 24 * time.Hour

// maxAttempts is more than there are attempts in that time, also where each recovery of the mail server adds one.
const maxAttempts = 1000

// Args is a letter as a job. A letter of an organization names it, and row security then shows the job to that
// organization only; one about an account names none.
type Args struct {
	OrgID     string          `json:"org_id,omitempty"`
	Letter    Kind            `json:"letter"`
	Subject   string          `json:"subject,omitempty"` // what the secret opens
	Sending   int             `json:"sending,omitempty"` // which letter about the subject it is
	By        string          `json:"by,omitempty"`      // who has it sent, and
	Network   string          `json:"network,omitempty"` // a digest of where they were: for the counts and turns of letters
	Data      json.RawMessage `json:"data"`
	Sealed    string          `json:"sealed,omitempty"` // the secret; erased when the letter is sent or given up
	MessageID string          `json:"message_id"`       // made once, so that a letter sent twice is seen to be one
}

// Kind names the job to River.
func (Args) Kind() string { return "letter" }

// Outbox makes jobs of letters.
type Outbox struct {
	sealer *Sealer
	host   string
}

// NewOutbox makes jobs for an installation at the public address base.
func NewOutbox(sealer *Sealer, base string) (*Outbox, error) {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("make outbox: %q is not a public address", base)
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "localhost" // an IPv6 address cannot stand bare in a Message-ID
	}
	return &Outbox{sealer, host}, nil
}

// Job is a row of River's job table. The transaction that causes the letter inserts it, with priority, queue and state
// as they are by default, and announces it.
type Job struct {
	Kind        string
	Args        []byte
	MaxAttempts int16
}

// Job makes the job of a letter. It fails if the letter could never be sent: that is a mistake in the program, or an
// address that nobody checked.
func (o *Outbox) Job(l Letter) (Job, error) {
	args, err := o.args(l)
	if err != nil {
		return Job{}, fmt.Errorf("make job of letter %s: %w", l.Kind(), err)
	}
	encoded, err := json.Marshal(args)
	if err != nil {
		return Job{}, fmt.Errorf("make job of letter %s: %w", l.Kind(), err)
	}
	return Job{Kind: args.Kind(), Args: encoded, MaxAttempts: maxAttempts}, nil
}

func (o *Outbox) args(l Letter) (Args, error) {
	env := l.envelope()
	if _, err := ParseKnown(env.to); err != nil {
		return Args{}, errors.New("its recipient is not an address")
	}
	if env.inOrg {
		if id, err := uuid.Parse(env.org); err != nil || id.String() != env.org { // row security compares the text
			return Args{}, errors.New("it names no organization")
		}
	}
	data, err := json.Marshal(Cleaned(l))
	if err != nil {
		return Args{}, err
	}
	args := Args{OrgID: env.org, Letter: l.Kind(), Subject: env.subject, Sending: env.sending, By: env.by, Network: env.network, Data: data, MessageID: strings.ToLower(rand.Text()) + "@" + o.host}

	if env.sealed {
		if env.secret == "" || env.subject == "" || env.expires.IsZero() {
			return Args{}, errors.New("it lacks its secret, what that opens, or until when")
		}
		args.Sealed = o.sealer.Seal(args.binding(), env.secret)
	}
	return args, nil
}

// binding is what the secret of this job is sealed to.
func (a Args) binding() Binding {
	return Binding{Purpose: "letter " + string(a.Letter), Org: a.OrgID, Subject: a.Subject}
}

// open gives back the letter, with its secret if that is still there.
func (a Args) open(s *Sealer) (Letter, error) {
	read, ok := readers[a.Letter]
	if !ok {
		return nil, fmt.Errorf("open letter: there is no kind %q", a.Letter)
	}
	l, err := read(a.Data)
	if err != nil {
		return nil, err
	}

	env := l.envelope()
	if env.org != a.OrgID || env.subject != a.Subject {
		return nil, errors.New("open letter: it is not the letter that its job says")
	}
	if a.Sealed == "" {
		return l, nil
	}
	secret, err := s.Open(a.binding(), a.Sealed)
	if err != nil {
		return nil, err
	}
	return withSecret(l, secret), nil
}
