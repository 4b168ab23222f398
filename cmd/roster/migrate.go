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
func prepare(ctx context.Context, server *privatepg.Server, roles db.Roles, contextKey []byte) error {
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
	if err := roles.Prepare(ctx, server.URL(server.Superuser(), database)); err != nil {
		return err
	}
	return roles.Migrate(ctx, server.URL(roles.Migrator(), database), contextKey)
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
	key, err := contextKey(conf)
	if err != nil {
		return err
	}
	found, err := conf.Roles.Inspect(ctx, conf.AdminURL)
	switch {
	case err != nil:
		return err
	case found.Newer != "":
		fmt.Fprintln(c.out, found.Newer)
		return nil
	}
	passwords, err := passwordsOf(conf)
	if err != nil {
		return err
	}
	if found.Shared != "" { // by a copy of this database, for instance, which goes on with the passwords that are set
		for _, one := range passwords {
			if err := db.RefuseOtherPassword(ctx, one.address); err != nil {
				return fmt.Errorf("%w; the role serves database %s as well, so keep its password, or drop that database", err, found.Shared)
			}
		}
	}
	if err := conf.Roles.Prepare(ctx, conf.AdminURL); err != nil {
		return err
	}
	for _, one := range passwords {
		if err := db.SetPassword(ctx, conf.AdminURL, one.role, one.password); err != nil {
			return err
		}
	}
	if err := conf.Roles.Migrate(ctx, conf.AdminURL, key); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "The database is ready.")
	return nil
}

// credential is what a role's address carries.
type credential struct{ role, address, password string }

// passwordsOf are those of the addresses that have one. Nothing is set if one of them names another role.
func passwordsOf(conf config.Config) (all []credential, err error) {
	for _, one := range []credential{{role: conf.Roles.App(), address: conf.AppURL}, {role: conf.Roles.Auth(), address: conf.AuthURL}, {role: conf.Roles.Worker(), address: conf.WorkerURL}} {
		u, err := url.Parse(one.address)
		if err != nil || u.User == nil {
			continue
		}
		var set bool
		if one.password, set = u.User.Password(); !set {
			continue
		}
		if u.User.Username() != one.role {
			return nil, fmt.Errorf("the address for %s names the role %q: write it as postgres://%s:password@host/database", one.role, u.User.Username(), one.role)
		}
		all = append(all, one)
	}
	return all, nil
}
