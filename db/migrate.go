package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed roles.sql
var roles string

// migrationLock is the key of the advisory lock that makes a second migrator wait. Goose's own lock
// polls every five seconds; this one is given on at once.
const migrationLock = 7163840022

// Prepare is Roles.Prepare for the usual names.
func Prepare(ctx context.Context, url string) error { return Roles("").Prepare(ctx, url) }

// Migrate is Roles.Migrate for the usual names.
func Migrate(ctx context.Context, url string, contextKey []byte) error {
	return Roles("").Migrate(ctx, url, contextKey)
}

// Prepare makes the database roles and gives them the database of url, which names an administrator
// (a superuser, or a role that may create roles and owns the database). It can be repeated.
func (r Roles) Prepare(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return Unreached(adminVariable, err)
	}
	defer conn.Close(ctx)
	err = writeRoles(ctx, func() error {
		_, err := conn.PgConn().Exec(ctx, r.In(roles)).ReadAll()
		return err
	})
	if err != nil {
		return fmt.Errorf("make the database roles: %w", err)
	}
	return nil
}

// writeRoles tries a step again that others write the same roles in at this moment: they belong to the whole
// server, and whoever comes second is refused instead of made to wait. The pauses differ, so that two who were
// refused together come apart.
func writeRoles(ctx context.Context, step func() error) error {
	pause := func() time.Duration { return rand.N(20 * time.Millisecond) }
	return tryAgain(ctx, 50, pause, step, "XX000", "pg_authid_rolname_index", "pg_auth_members_role_member_index", "pg_db_role_setting_databaseid_rol_index")
}

// untilUnlocked tries a step again while a lock that it needs is not given in time. A step is a transaction,
// so what is tried again was undone.
func untilUnlocked(ctx context.Context, step func() error) error {
	return tryAgain(ctx, 40, func() time.Duration { return time.Second }, step, "55P03")
}

// tryAgain takes a step at most so many times, as long as the database refuses it for one of these reasons.
func tryAgain(ctx context.Context, most int, pause func() time.Duration, step func() error, reasons ...string) error {
	for try := 1; ; try++ {
		err := step()
		if !slices.Contains(reasons, Constraint(err)) || try == most {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause()):
		}
	}
}

// SetPassword gives one of the roles a password, as the administrator of url.
func SetPassword(ctx context.Context, url, role, password string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return Unreached(adminVariable, err)
	}
	defer conn.Close(ctx)
	literal, err := conn.PgConn().EscapeString(password)
	if err != nil {
		return fmt.Errorf("set the password of %s: %w", role, err)
	}
	err = writeRoles(ctx, func() error {
		_, err := conn.Exec(ctx, "ALTER ROLE "+pgx.Identifier{role}.Sanitize()+" PASSWORD '"+literal+"'")
		return err
	})
	if err != nil {
		return fmt.Errorf("set the password of %s: %w", role, err)
	}
	return nil
}

// Migrate brings the database of url (as the migrator, or whoever may become the owner) to the version
// of this program. Whoever comes second waits and then finds nothing to do. A statement that waits longer
// than half a second for a lock gives way to the requests behind it and is tried again, for a minute: behind
// it everybody waits who would only look.
//
// With a key (see ContextKey) the database then believes signed contexts alone; without one, bare ones.
func (r Roles) Migrate(ctx context.Context, url string, contextKey []byte) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return Unreached(adminVariable, err)
	}
	config.RuntimeParams["role"] = r.Owner()
	config.RuntimeParams["search_path"] = "pg_catalog"
	config.RuntimeParams["lock_timeout"] = "500ms"
	pool := stdlib.OpenDB(*config)
	defer pool.Close()

	guard, err := pool.Conn(ctx)
	if err != nil {
		return Unreached(adminVariable, err)
	}
	defer guard.Close()
	if _, err := guard.ExecContext(ctx, `SET lock_timeout = 0`); err != nil {
		return fmt.Errorf("wait for another migrator: %w", err)
	}
	if _, err := guard.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return fmt.Errorf("wait for another migrator: %w", err)
	}
	defer guard.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, migrationLock)
	if _, err := guard.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS platform`); err != nil {
		return fmt.Errorf("make schema platform: %w", err)
	}

	want, err := newestMigration()
	if err != nil {
		return err
	}
	if have, _, err := versions(func(sql string) pgx.Row { return guard.QueryRowContext(ctx, sql) }); err != nil || have > want { // a newer program was here
		return err
	}
	sources, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	store, err := database.NewStore(database.DialectPostgres, "platform.goose_db_version")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider("", pool, files{sources, r},
		goose.WithStore(store),
		goose.WithGoMigrations(goose.NewGoMigration(5, &goose.GoFunc{RunDB: func(ctx context.Context, _ *sql.DB) error { return migrateRiver(ctx, config) }}, nil)),
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	err = untilUnlocked(ctx, func() error {
		_, err := provider.Up(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return untilUnlocked(ctx, func() error { return r.chooseContext(ctx, config, contextKey) })
}

// migrateRiver makes the job queue's own tables. Each of River's versions is a transaction of its own (one
// uses an enum value that another adds), so this one is not part of goose's; each can be repeated.
func migrateRiver(ctx context.Context, config *pgx.ConnConfig) error {
	poolConfig, err := pgxpool.ParseConfig("")
	if err != nil {
		return err
	}
	poolConfig.ConnConfig, poolConfig.MaxConns = config.Copy(), 2
	pool, err := pgxpool.NewWithConfig(ctx, poolConfig)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS river`); err != nil {
		return fmt.Errorf("make schema river: %w", err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: "river"})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("make the job queue: %w", err)
	}
	return nil
}
