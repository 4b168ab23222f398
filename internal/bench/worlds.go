package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/internal/privatepg"
	"roster/internal/seed"
)

// northwind is the slug of the large organization of every world, and ingrid owns it.
const (
	northwind = "northwind-logistics"
	ingrid    = "ingrid.solberg@northwind.example"
	// acme is an organization of a few dozen, in which the changes are made; mara owns it and is in nine more.
	acme = "acme-robotics"
	mara = "mara@acme.example"
)

// worlds is the private server with a database for each size of the large organization.
type worlds struct {
	*privatepg.Server
	admin *pgx.Conn
}

func world(members int) string { return fmt.Sprintf("world_%d", members) }

// openWorlds starts the server that stands in dir, and seeds what is missing. Seeding does not wait for the
// disk; what is measured does, as on any private server.
func openWorlds(ctx context.Context, dir string, sizes []int, say func(string, ...any)) (*worlds, error) {
	if err := os.MkdirAll(dir, 0o711); err != nil { // PostgreSQL may run as another account
		return nil, err
	}
	for _, missing := range []bool{false, true} {
		w, err := startWorlds(ctx, privatepg.Options{Dir: dir})
		if err != nil {
			return nil, err
		}
		n, err := w.missing(ctx, sizes)
		switch {
		case err == nil && len(n) == 0:
			return w, nil
		case err == nil && missing:
			err = fmt.Errorf("the worlds of %v members are not there, though they were seeded", n)
		}
		w.close(ctx)
		if err != nil {
			return nil, err
		}
		if err := seedWorlds(ctx, dir, n, say); err != nil {
			return nil, err
		}
	}
	panic("unreachable")
}

func startWorlds(ctx context.Context, o privatepg.Options) (*worlds, error) {
	server, err := privatepg.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	w := &worlds{Server: server}
	if w.admin, err = pgx.Connect(ctx, w.URL(w.Superuser(), "postgres")); err != nil {
		w.close(ctx)
		return nil, err
	}
	return w, nil
}

func (w *worlds) close(ctx context.Context) {
	if w.admin != nil {
		_ = w.admin.Close(ctx)
	}
	_ = w.Stop() // nothing of it is needed that a next run would not make again
}

// missing are the sizes whose world is not there, or not whole. Those that are get the present schema.
func (w *worlds) missing(ctx context.Context, sizes []int) ([]int, error) {
	var missing []int
	for _, size := range sizes {
		var there bool
		if err := w.admin.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, world(size)).Scan(&there); err != nil {
			return nil, err
		}
		if there {
			if err := w.migrate(ctx, world(size)); err != nil {
				return nil, err
			}
			members, err := w.members(ctx, world(size))
			if err != nil {
				return nil, err
			}
			there = members >= size
		}
		if !there {
			missing = append(missing, size)
		}
	}
	return missing, nil
}

func (w *worlds) members(ctx context.Context, database string) (int, error) {
	conn, err := pgx.Connect(ctx, w.URL(w.Superuser(), database))
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	members := 0
	return members, conn.QueryRow(ctx, `SELECT coalesce(max(members_count), 0) FROM roster.organizations WHERE slug = $1`, northwind).Scan(&members)
}

func (w *worlds) migrate(ctx context.Context, database string) error {
	if err := db.Prepare(ctx, w.URL(w.Superuser(), database)); err != nil {
		return err
	}
	return db.Migrate(ctx, w.URL("roster_migrate", database), nil)
}

func seedWorlds(ctx context.Context, dir string, sizes []int, say func(string, ...any)) error {
	w, err := startWorlds(ctx, privatepg.Options{Dir: dir, Fast: true, Parameters: map[string]string{
		"max_wal_size": "2GB", "checkpoint_timeout": "1h", "autovacuum": "off", "shared_buffers": "512MB"}})
	if err != nil {
		return err
	}
	defer w.close(ctx)
	for _, size := range sizes {
		began := time.Now()
		_, err := w.admin.Exec(ctx, "CREATE DATABASE "+world(size))
		if err != nil && db.Constraint(err) != "42P04" { // it was begun before
			return err
		}
		if err := w.migrate(ctx, world(size)); err != nil {
			return err
		}
		if _, err := seed.World(ctx, w.URL("roster_migrate", world(size)), seed.Options{Members: size, Password: seed.Password}); err != nil {
			return err
		}
		say("seeded %s members in %s", number(float64(size)), time.Since(began).Round(100*time.Millisecond))
	}
	return nil
}

// clone copies a world, so that what is changed in it is gone with the copy.
func (w *worlds) clone(ctx context.Context, from, to string) error {
	if err := w.drop(ctx, to); err != nil {
		return err
	}
	if _, err := w.admin.Exec(ctx, "CREATE DATABASE "+to+" TEMPLATE "+from); err != nil {
		return err
	}
	return db.Prepare(ctx, w.URL(w.Superuser(), to)) // a clone has lost its grants
}

func (w *worlds) drop(ctx context.Context, database string) error {
	_, err := w.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)")
	return err
}

// postmaster is the process that all others of the server descend from.
func (w *worlds) postmaster() (int, error) {
	text, err := os.ReadFile(filepath.Join(w.Data, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	pid := 0
	_, err = fmt.Sscan(string(text), &pid)
	return pid, err
}
