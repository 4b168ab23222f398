package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"roster/db/authdb"
	"roster/internal/fault"
)

// Limits are how often something may be tried in a window of time, by all nodes together. Zero values become the defaults.
//
// A limit never falls on whom an outsider names. A browser that logged in as an account before has a count of its own,
// which nobody else spends, and is never counted with its network. Everybody else is a stranger, and is counted where they
// come from: an account from one network, then the network, then the account as a whole. The last of these slows
// strangers down and is told as a wait; a letter to the account's address lets its owner in at once, and the device is
// known from then on.
//
// So one account's password is guessed by strangers at most 100 times in a day, from however many networks: what NIST
// SP 800-63B allows in a row. A network guesses at most 30 passwords of all accounts together in a window. Whoever has
// stolen a known device's mark has 50 guesses a day.
type Limits struct {
	Account   int           // wrong passwords for one account in a window, from one network or on one known device: 10
	Block     int           // wrong passwords, or letters asked for, from one network in a window: 30
	Strangers int           // wrong passwords for one account in a window, from all networks together: 20
	Daily     int           // the same in a day: 100
	Device    int           // wrong passwords on one known device in a day: 50
	Letters   int           // letters asked for to one address in a window, from one network or on one known device: 5
	Window    time.Duration // 15 minutes
	Hashes    int           // passwords hashed at once, in this process: one for each core, as more would be no faster
}

// What strangers can have sent to somebody: so many letters at once, and above these one at a time. The letter of before
// holds a link that is good for a while longer (resetLife), so that one that is held keeps nobody out.
const (
	lettersAtOnce = 5
	letterEvery   = resetLife - 10*time.Minute
	day           = 24 * time.Hour
)

// try is one thing that is counted before it is judged.
type try struct {
	subject string
	limit   int
	window  time.Duration
	shared  bool // with others: a right try takes back itself, not what they did
}

// subject names what is counted, as a digest that tells nobody whose address was tried.
func (a *Accounts) subject(kind, of string) string {
	mac := hmac.New(sha256.New, a.countKey)
	fmt.Fprintf(mac, "%s\x00%s", kind, of)
	return kind + ":" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// fromBlock counts by where a request comes from: neighbours share a count, as an address alone is cheap to change.
func (a *Accounts) fromBlock(kind string, tr Trace) try {
	return try{a.subject(kind+"-block", block(tr.Address)), a.limits.Block, a.limits.Window, true}
}

// from counts what one network does to one account.
func (a *Accounts) from(kind, norm string, limit int, tr Trace) try {
	return try{a.subject(kind+"-from", norm+"\x00"+block(tr.Address)), limit, a.limits.Window, false}
}

// on counts what one known device does to its account.
func (a *Accounts) on(kind, norm string, limit int, window time.Duration, tr Trace) try {
	return try{a.subject(kind+"-on", norm+"\x00"+tr.Device), limit, window, false}
}

// logInTries are what a log-in is counted by: on a known device, and for strangers.
func (a *Accounts) logInTries(norm string, tr Trace) (device, strangers []try) {
	return []try{a.on("login", norm, a.limits.Account, a.limits.Window, tr), a.on("login-day", norm, a.limits.Device, day, tr)},
		[]try{a.from("login", norm, a.limits.Account, tr), a.fromBlock("login", tr),
			{a.subject("login-all", norm), a.limits.Strangers, a.limits.Window, true}, {a.subject("login-all-day", norm), a.limits.Daily, day, true}}
}

// letterTries are what asking for a letter is counted by.
func (a *Accounts) letterTries(norm string, tr Trace) (device, strangers []try) {
	return []try{a.on("letters", norm, a.limits.Letters, a.limits.Window, tr)},
		[]try{a.from("letters", norm, a.limits.Letters, tr), a.fromBlock("letters", tr)}
}

// sentTo counts the letters of a kind that strangers have sent to an address: those that go out at once, and the others.
func (a *Accounts) sentTo(kind, norm string) (free, slow try) {
	return try{a.subject(kind+"-sent", norm), lettersAtOnce, day, true}, try{a.subject(kind+"-slow", norm), 1, letterEvery, true}
}

// block is the /24 or /64 that an address is in.
func block(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	bits := 24
	if ip.Is6() {
		bits = 64
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return address
	}
	return prefix.String()
}

// spread is how the database takes tries.
func spread(tries []try) (subjects []string, limits []int32, seconds []float64) {
	subjects, limits, seconds = make([]string, len(tries)), make([]int32, len(tries)), make([]float64, len(tries))
	for i, t := range tries {
		subjects[i], limits[i], seconds[i] = t.subject, int32(t.limit), t.window.Seconds()
	}
	return subjects, limits, seconds
}

// asking is who tries what, from where.
type asking struct {
	norm              string // the address that is named
	trace             Trace
	device, strangers []try // what counts: on a device that is known as the address's, and for everybody else
	logIn             bool  // it is in the account's own log as one that failed, until it is found to be right
}

// counted is a try that was counted.
type counted struct {
	tries   []try
	known   bool // the device is
	since   time.Time
	network string // both name the entry of a log-in in the account's own log
}

// reserve counts before anything is judged, so that of many at once no more than the limit get through: the narrowest
// count first. It answers with the wait if one of them is over.
func (a *Accounts) reserve(ctx context.Context, ask asking) (counted, error) {
	tr := ask.trace.clean()
	params := authdb.ReserveParams{Device: digestOrNone(tr.Device), EmailNorm: ask.norm, Network: block(tr.Address), Address: tr.Address, UserAgent: tr.UserAgent, Note: ask.logIn}
	params.DeviceSubjects, params.DeviceLimits, params.DeviceSeconds = spread(ask.device)
	params.Subjects, params.Limits, params.Seconds = spread(ask.strangers)
	row, err := a.db.AuthOnce().Reserve(ctx, params)
	if err != nil {
		return counted{}, wrap("count tries", err)
	}
	if row.Wait > 0 {
		wait := time.Duration(math.Ceil(row.Wait)) * time.Second
		return counted{}, fault.Wait("Too many tries. You can go on in "+inWords(wait)+".", wait)
	}
	c := counted{ask.strangers, row.Known, row.NotedSince, row.NotedNetwork}
	if row.Known {
		c.tries = ask.device
	}
	return c, nil
}

// inWords says how long a wait is.
func inWords(wait time.Duration) string {
	n, unit := int(wait.Seconds()), "second"
	if wait > time.Hour {
		n, unit = int(math.Ceil(wait.Hours())), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// giveBack forgets what somebody who was right tried before, and takes this one try back where others are counted too:
// colleagues who log in from one office do not lock each other out, and the owner's log-in gives a guesser nothing. The
// order is that of reserve, so that the two never wait for each other.
func (a *Accounts) giveBack(ctx context.Context, c counted, person uuid.UUID) error {
	err := a.db.Auth(ctx, func(q *authdb.Queries) error {
		var errs []error
		for _, t := range c.tries {
			if t.shared {
				errs = append(errs, q.GiveBackTry(ctx, t.subject))
			} else {
				errs = append(errs, q.ForgetTries(ctx, t.subject))
			}
		}
		return errors.Join(append(errs, q.TakeBackRefused(ctx, authdb.TakeBackRefusedParams{UserID: person, Since: c.since, Network: c.network}))...)
	})
	if err != nil {
		return wrap("forget tries", err)
	}
	return nil
}

// forget forgets all tries for an account, and what was sent to it: a finished reset lets its owner begin anew. Of the
// networks only that of the owner is told to; each other one stands for itself.
func (a *Accounts) forget(ctx context.Context, q *authdb.Queries, norm string, tr Trace) error {
	device, strangers := a.logInTries(norm, tr)
	lettersOn, lettersFrom := a.letterTries(norm, tr)
	free, slow := a.sentTo("reset", norm)
	var errs []error
	for _, t := range append(device, strangers[0], strangers[2], strangers[3], lettersOn[0], lettersFrom[0], free, slow) {
		errs = append(errs, q.ForgetTries(ctx, t.subject))
	}
	return errors.Join(errs...)
}
