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

	"roster/db/authdb"
	"roster/internal/fault"
)

// Limits are how often something may be tried in a window of time, by all nodes together. Zero values become the defaults.
type Limits struct {
	Account int           // wrong passwords for one address: 10
	Block   int           // wrong passwords, or letters asked for, from one address block: 30
	Letters int           // sign-ups and forgotten passwords for one address: 5
	Window  time.Duration // 15 minutes
	Hashes  int           // passwords hashed at once, in this process: one for each core, as more would be no faster
}

// try is one thing that is counted before it is judged.
type try struct {
	subject string
	limit   int
}

// subject names what is counted, as a digest that tells nobody whose address was tried.
func (a *Accounts) subject(kind, of string) string {
	mac := hmac.New(sha256.New, a.countKey)
	fmt.Fprintf(mac, "%s\x00%s", kind, of)
	return kind + ":" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// fromBlock counts by where a request comes from: neighbours share a count, as an address alone is cheap to change.
func (a *Accounts) fromBlock(kind string, tr Trace) try {
	return try{a.subject(kind+"-block", block(tr.Address)), a.limits.Block}
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

// reserve counts the tries before anything is judged, so that of many at once no more than the limit get through. It
// answers with the longest wait if one of them is over.
func (a *Accounts) reserve(ctx context.Context, tries ...try) error {
	return a.reserveFor(ctx, a.limits.Window, tries...)
}

// reserveFor is reserve with a window of its own, of a day at most: what is older is forgotten.
func (a *Accounts) reserveFor(ctx context.Context, window time.Duration, tries ...try) error {
	limits := make(map[string]int, len(tries))
	subjects := make([]string, len(tries))
	for i, t := range tries {
		subjects[i], limits[t.subject] = t.subject, t.limit
	}
	counted, err := a.db.AuthOnce().Reserve(ctx, subjects, window.Seconds())
	if err != nil {
		return wrap("count tries", err)
	}
	var wait float64
	for _, c := range counted {
		if int(c.N) > limits[c.Subject] {
			wait = max(wait, c.SecondsLeft, 1)
		}
	}
	if wait == 0 {
		return nil
	}
	seconds := int(math.Ceil(wait))
	unit := "seconds"
	if seconds == 1 {
		unit = "second"
	}
	return fault.Wait(fmt.Sprintf("Too many tries. You can go on in %d %s.", seconds, unit), time.Duration(seconds)*time.Second)
}

// giveBack forgets the account's tries after a right one, and gives the address block this one try back: colleagues who
// log in from one office do not lock each other out. The order is that of reserve, so that the two never wait for each other.
func (a *Accounts) giveBack(ctx context.Context, account, block try) error {
	err := a.db.Auth(ctx, func(q *authdb.Queries) error {
		return errors.Join(q.ForgetTries(ctx, account.subject), q.GiveBackTry(ctx, block.subject))
	})
	if err != nil {
		return wrap("forget tries", err)
	}
	return nil
}
