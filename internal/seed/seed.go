// Package seed fills a database with a believable world: for trying Roster out, for tests and for
// benchmarks, from a handful of named organizations up to a million members in one of them.
//
// The world is told, not drawn: the same acts happen in the same order in every database, reckoned back
// from the moment of the first run, and everybody's id says which part they play. So a second run finds
// what the first one made and adds only what is missing.
package seed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"roster/db"
	"roster/internal/account"
)

// Password is everybody's in development mode, where it is no secret.
const Password = "a good day to try roster"

// Options say how large the world is.
type Options struct {
	// Members is how many people the large organization has, up to 1,000,000; 0 means 10,000. Fewer than a
	// database has already take nobody away.
	Members int
	// Organizations is how many more there are, each of one person.
	Organizations int
	// Password of all who are made. Empty: a random one. A world that is there already keeps its own.
	Password string
	// Roles are the installation's.
	Roles db.Roles
	// Now is the moment from which a new world is reckoned back; zero: the present one.
	Now time.Time
}

// Report says what is there now.
type Report struct {
	// Password is everybody's. It is empty if the world was there already and Options gave none: of a random
	// one only the hash was kept.
	Password string
	LogIn    []LogIn // whom to log in as
	Members  int     // active and suspended, in the large organization
	Added    int     // people, by this run
	Took     time.Duration
}

const (
	membersDefault = 10_000
	// atOnce is how many people one transaction adds. While it runs, nobody else can write memberships.
	atOnce = 2_500
	// seedLock is the key of the advisory lock that makes a second seeder wait.
	seedLock = 7163840023
)

// World fills the database of url, which names the migrator or whoever else may become the owner. It
// can be repeated.
func World(ctx context.Context, url string, o Options) (Report, error) {
	began := time.Now()
	if o.Members == 0 {
		o.Members = membersDefault
	}
	if o.Members < 0 || o.Members > membersMax || o.Organizations < 0 || o.Organizations > organizationsMax {
		return Report{}, fmt.Errorf("a world has up to %d members and as many organizations", membersMax)
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	w, err := open(ctx, url, o.Roles)
	if err != nil {
		return Report{}, err
	}
	defer w.close(ctx)

	report := Report{Password: o.Password}
	c, err := w.begin(ctx, o, &report)
	if err != nil {
		return Report{}, err
	}
	if err := w.grow(ctx, c, o.Members-len(c.staff), crowdRange(c), crowd); err != nil {
		return Report{}, fmt.Errorf("seed the members: %w", err)
	}
	if err := w.grow(ctx, c, o.Organizations, smallRange(c), small); err != nil {
		return Report{}, fmt.Errorf("seed small organizations: %w", err)
	}
	if report.Added = w.added; w.added > 0 {
		if err := w.forEachTable(ctx, "VACUUM (ANALYZE)"); err != nil {
			return Report{}, err
		}
	}
	if err := w.describe(ctx, c, &report); err != nil {
		return Report{}, err
	}
	report.Took = time.Since(began)
	return report, nil
}

// writer is the connection that fills the database: as the owner of the tables, who sees rows only because
// each transaction says that it is maintenance.
type writer struct {
	conn  *pgx.Conn
	hash  string // of the password
	added int    // people
}

func open(ctx context.Context, url string, roles db.Roles) (*writer, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, db.Unreached("ROSTER_ADMIN_DATABASE_URL", err)
	}
	for name, value := range map[string]string{
		"role":                   roles.Owner(),
		"search_path":            "pg_catalog",
		"timezone":               "UTC",
		"enable_seqscan":         "off", // the plans of foreign keys are made while tables are small, and kept
		"work_mem":               "64MB",
		"maintenance_work_mem":   "256MB",
		"gin_pending_list_limit": "65536", // kB
	} {
		config.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, db.Unreached("ROSTER_ADMIN_DATABASE_URL", err)
	}
	pgxuuid.Register(conn.TypeMap())
	w := &writer{conn: conn}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, seedLock); err != nil {
		w.close(ctx)
		return nil, fmt.Errorf("wait for another seeder: %w", err)
	}
	return w, nil
}

// close gives up the lock with the connection.
func (w *writer) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = w.conn.Close(ctx) // everything was committed or is gone
}

// maintain runs fn in a transaction that sees all rows.
func (w *writer) maintain(ctx context.Context, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, w.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL roster.maintenance = 'on'`); err != nil {
			return err
		}
		return fn(tx)
	})
}

// begin makes the named organizations, all in one transaction, or finds them.
func (w *writer) begin(ctx context.Context, o Options, report *Report) (*cast, error) {
	var founded time.Time
	err := w.maintain(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT created_at FROM roster.organizations WHERE id = $1`, northwindID).Scan(&founded)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		if report.Password == "" {
			report.Password = rand.Text()
		}
		if w.hash, err = account.PasswordHash(report.Password); err != nil {
			return nil, fmt.Errorf("hash the password: %w", err)
		}
		c := newCast(o.Now.UTC().Truncate(time.Second), newNames())
		if err := w.maintain(ctx, func(tx pgx.Tx) error { return w.write(ctx, tx, &c.tale) }); err != nil {
			return nil, fmt.Errorf("seed the named organizations: %w", err)
		}
		return c, nil
	case db.Constraint(err) == "42P01": // there is no such table
		return nil, errors.New("the database does not have Roster’s schema: run roster migrate")
	case err != nil:
		return nil, fmt.Errorf("look for a world: %w", err)
	}

	c := newCast(founded.UTC().Add(northwindAge), newNames())
	err = w.maintain(ctx, func(tx pgx.Tx) error {
		// Somebody may have chosen a password of their own since; most have not.
		err := tx.QueryRow(ctx, `SELECT password_hash FROM auth.credentials WHERE user_id = ANY ($1) GROUP BY password_hash ORDER BY count(*) DESC LIMIT 1`,
			column(c.people, func(p *person) uuid.UUID { return p.id })).Scan(&w.hash)
		if err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
		// Those who invite may be people who had an account before the world was made.
		for _, m := range c.inviters {
			if err := tx.QueryRow(ctx, `SELECT user_id, name FROM roster.memberships WHERE org_id = $1 AND id = $2`, northwindID, m.id).Scan(&m.who.id, &m.who.name); err != nil {
				return fmt.Errorf("look for %s: %w", m.who.email, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find the world again: %w", err)
	}
	return c, nil
}

// numbered is where the ids of a numbered crowd lie in a table: one a millisecond.
type numbered struct {
	table string
	first time.Time
	most  int
}

func crowdRange(c *cast) numbered {
	return numbered{"roster.users", c.northwind.since, membersMax}
}

func smallRange(c *cast) numbered {
	return numbered{"roster.organizations", c.smallStart(), organizationsMax}
}

// made is how many there are: one more than the highest number that has a row.
func (w *writer) made(ctx context.Context, n numbered) (int, error) {
	made := 0
	err := w.maintain(ctx, func(tx pgx.Tx) error {
		var last uuid.UUID
		err := tx.QueryRow(ctx, `SELECT id FROM `+n.table+` WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT 1`,
			lowest(n.first), lowest(n.first.Add(time.Duration(n.most)*time.Millisecond))).Scan(&last)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		made = int(madeAt(last)-n.first.UnixMilli()) + 1
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("look how many there are: %w", err)
	}
	return made, nil
}

// grow adds numbers until there are enough, some thousand at a time: the next ones are thought up while
// those before are written.
func (w *writer) grow(ctx context.Context, c *cast, enough int, n numbered, tell func(c *cast, from, to int) *tale) error {
	made, err := w.made(ctx, n)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tales := make(chan *tale)
	go func() {
		defer close(tales)
		for from := made; from < enough; from += atOnce {
			select {
			case tales <- tell(c, from, min(from+atOnce, enough)):
			case <-ctx.Done():
				return
			}
		}
	}()
	first := true
	for t := range tales {
		if err := w.maintain(ctx, func(tx pgx.Tx) error { return w.write(ctx, tx, t) }); err != nil {
			return err
		}
		if first { // or foreign keys would go on looking through the index that was best while nobody was there
			first = false
			if err := w.forEachTable(ctx, "ANALYZE"); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// forEachTable tidies the tables that were filled: ANALYZE lets the planner know what there is, and VACUUM
// lets the index of the search take in what waits at its door.
func (w *writer) forEachTable(ctx context.Context, do string) error {
	for _, table := range []string{"roster.organizations", "roster.organization_slugs", "roster.users", "roster.memberships", "roster.membership_roles",
		"roster.invitations", "roster.invitation_tokens", "roster.audit_events", "auth.credentials"} {
		if _, err := w.conn.Exec(ctx, do+" "+table); err != nil {
			return fmt.Errorf("tidy %s: %w", table, err)
		}
	}
	return nil
}

// describe says how large the world is, and whom to log in as: people who had an account before have their
// own password and are left out.
func (w *writer) describe(ctx context.Context, c *cast, report *Report) error {
	return w.maintain(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `SELECT members_count FROM roster.organizations WHERE id = $1`, northwindID).Scan(&report.Members)
		if err != nil {
			return fmt.Errorf("count the members: %w", err)
		}
		ours := map[string]uuid.UUID{}
		for _, p := range c.people {
			if !p.met {
				ours[p.email] = p.id
			}
		}
		for _, one := range c.logIns {
			var there bool
			if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM roster.users WHERE id = $1)`, ours[one.Email]).Scan(&there); err != nil {
				return fmt.Errorf("look for %s: %w", one.Email, err)
			}
			if there {
				report.LogIn = append(report.LogIn, one)
			}
		}
		return nil
	})
}
