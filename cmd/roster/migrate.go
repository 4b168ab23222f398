package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/internal/config"
	"roster/internal/privatepg"
)

// database is the name of the private server's database.
const database = "roster"

// prepare makes the database of the private server, its roles and its schema.
func prepare(ctx context.Context, server *privatepg.Server, contextKey []byte) error {
	admin, err := pgx.Connect(ctx, server.URL(server.Superuser(), "postgres"))
	if err != nil {
		return fmt.Errorf("connect to the private server: %w", err)
	}
	defer admin.Close(ctx)
	var there bool
	if err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, database).Scan(&there); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if !there {
		if _, err := admin.Exec(ctx, "CREATE DATABASE "+database); err != nil {
			return fmt.Errorf("make the database: %w", err)
		}
	}
	if err := db.Prepare(ctx, server.URL(server.Superuser(), database)); err != nil {
		return err
	}
	return db.Migrate(ctx, server.URL("roster_migrate", database), contextKey)
}

// contextKey signs what enters an organization; nil where the installation does not ask for that.
func contextKey(conf config.Config) ([]byte, error) {
	if !conf.SignedContext {
		return nil, nil
	}
	return db.ContextKey(conf.Key)
}

// migrate prepares a database of one's own. The administrator's address names it; the roles are made if
// they are missing and get the passwords that the other addresses carry.
func migrate(ctx context.Context, c call) error {
	conf, err := config.Migration(c.environ)
	if err != nil {
		return err
	}
	if err := db.Prepare(ctx, conf.AdminURL); err != nil {
		return err
	}
	for role, address := range map[string]string{"roster_app": conf.AppURL, "roster_auth": conf.AuthURL, "roster_worker": conf.WorkerURL} {
		if err := setPassword(ctx, conf.AdminURL, role, address); err != nil {
			return err
		}
	}
	key, err := contextKey(conf)
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, conf.AdminURL, key); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "The database is ready.")
	return nil
}

// setPassword gives a role the password of its address, if that has one.
func setPassword(ctx context.Context, admin, role, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return nil
	}
	password, set := u.User.Password()
	if !set {
		return nil
	}
	if u.User.Username() != role {
		return fmt.Errorf("the address for %s names the role %q: write it as postgres://%s:password@host/database", role, u.User.Username(), role)
	}
	return db.SetPassword(ctx, admin, role, password)
}
