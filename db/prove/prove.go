// Package prove tries to break the isolation between organizations, the way somebody would who can run any
// statement as one of the roles that Roster connects as, and says what became of every attempt.
//
// It works on two organizations of its own, the canaries: it stands in canary A and reaches for canary B.
// Every attack is a transaction that is rolled back, and the canaries are deleted at the end, also after a
// failure or a signal; what a killed run left is deleted by the next. So it can be run against any
// installation, also while that serves people.
//
// What it attacks is found in the database's catalogue and in the generated queries. A table, key, query,
// parameter or function that it does not know how to attack counts as a failure.
package prove

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"roster/db"
)

// Options say what is attacked.
type Options struct {
	// Config names the database for each role, with the key if contexts are signed.
	Config db.Config
	// Admin is the address of the database for the migrator, or whoever else may become the owner. It
	// makes and deletes the canaries, past row security, and attacks nothing.
	Admin string
	// Families are those to run, by name; empty means all.
	Families []string
	// Targets limits the attacks to some tables, queries, functions or constraints; nil means all.
	Targets func(target string) bool
	// FailFast stops at the first attack that is not held.
	FailFast bool
}

// family is one kind of attack.
type family struct {
	name, about string
	run         func(context.Context, *proof) error
}

// families in the order of the report.
func families() []family {
	return []family{
		{"catalogue", "PostgreSQL's catalogue has no table, policy, key, grant or function that breaks the rules", catalogueFamily},
		{"verbs", "no statement on any table reaches another organization's rows, in any context", verbFamily},
		{"queries", "no generated query with another organization's values shows or changes any of it", queryFamily},
		{"where", "no generated query that lost a WHERE reaches further than its own organization", whereFamily},
		{"oracles", "no key tells whether a value exists in another organization", oracleFamily},
		{"pool", "nothing of a transaction stays on its connection, however it ends", poolFamily},
		{"doors", "no function that sees more than one organization serves strangers", doorFamily},
	}
}

// Families names all kinds of attack.
func Families() []string {
	var names []string
	for _, f := range families() {
		names = append(names, f.name)
	}
	return names
}

// lockKey is the key of the advisory lock that keeps two proofs apart; the second waits.
const lockKey = 7163840024

// cleaningTime is how long the canaries' deletion may take after the caller has given up.
const cleaningTime = 20 * time.Second

// proof is one run.
type proof struct {
	Options
	report *Report
	family string
	stop   context.CancelFunc // ends the attacks

	owner             *pgx.Conn // roster_owner, past row security
	app, worker, auth *session
	schema            schema
	a, b, none        world // none: people of no organization, and an organization that is not
}

func newProof(o Options) *proof {
	return &proof{Options: o, report: &Report{Began: time.Now().UTC()}, a: newWorld('a'), b: newWorld('b'), none: newWorld('c')}
}

// Run makes the canaries, attacks, and deletes them. The report is there, as far as it came, also with an
// error; an error means that the proof itself could not be carried out.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	p := newProof(o)
	defer func() { p.report.Took = time.Since(p.report.Began).Round(time.Millisecond).String() }()
	for _, name := range o.Families {
		if !slices.Contains(Families(), name) {
			return p.report, fmt.Errorf("there is no family of attacks named %q", name)
		}
	}
	if err := p.open(ctx); err != nil {
		return p.report, err
	}
	defer p.close()
	if err := p.describe(ctx); err != nil {
		return p.report, err
	}
	defer func() {
		cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaningTime)
		defer cancel()
		err = errors.Join(cmp.Or(ctx.Err(), err), p.clean(cleaning))
	}()
	return p.report, p.attack(ctx)
}

// attack makes the canaries and lets every family at them.
func (p *proof) attack(ctx context.Context) error {
	ctx, p.stop = context.WithCancel(ctx)
	defer p.stop()
	if err := p.populate(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	for _, f := range families() {
		if len(p.Families) > 0 && !slices.Contains(p.Families, f.name) || ctx.Err() != nil {
			continue
		}
		p.family = f.name
		if err := f.run(ctx, p); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		p.compareVictim(ctx)
	}
	return nil
}

// wants tells whether a target is to be attacked.
func (p *proof) wants(target string) bool { return p.Targets == nil || p.Targets(target) }

// note writes an attack into the report. What comes after the caller gave up is no result.
func (p *proof) note(ctx context.Context, a Attack) {
	if ctx.Err() != nil {
		return
	}
	a.Family, a.As = p.family, p.Config.Roles.In(a.As)
	p.report.Attacks = append(p.report.Attacks, a)
	if p.FailFast && a.Verdict != Held && p.stop != nil {
		p.stop()
	}
}

// exception writes down what the proof leaves out on purpose, and why.
func (p *proof) exception(target, reason string) {
	p.report.Exceptions = append(p.report.Exceptions, Exception{Family: p.family, Target: target, Reason: p.Config.Roles.In(reason)})
}

// compareVictim reads canary B past row security: after a family of attacks it is as it was made.
func (p *proof) compareVictim(ctx context.Context) {
	a := Attack{Target: "canary B", Name: "read past row security, it is as before", As: ownerRole, Result: "unchanged", Verdict: Held}
	switch now, err := p.digest(ctx, p.b); {
	case err != nil:
		a.Verdict, a.Result, a.Detail = Untried, "error", err.Error()
	case now != p.b.digest:
		a.Verdict, a.Result = Broken, "changed"
	}
	p.note(ctx, a)
}
