package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/pflag"

	"roster/internal/config"
	"roster/internal/privatepg"
	"roster/internal/seed"
)

func seedFlags(f *pflag.FlagSet) action {
	members := f.Int("members", 0, "`number` of members of the largest organization, up to 1000000 (default 10000)")
	return func(ctx context.Context, c call) error {
		if f.Changed("members") && (*members < 1 || *members > 1_000_000) {
			return mistyped("--members goes from 1 to 1000000")
		}
		return seedWorld(ctx, c, seed.Options{Members: *members})
	}
}

// seedWorld is the command: it fills the database with a believable world, as often as one likes.
func seedWorld(ctx context.Context, c call, options seed.Options) error {
	conf, err := config.Seeding(c.environ)
	if err != nil {
		return err
	}
	address := conf.AdminURL
	if conf.AppURL == "" && address == "" {
		server, err := openPrivate(ctx, conf, slog.New(slog.DiscardHandler))
		if errors.Is(err, privatepg.ErrInUse) {
			server, err = privatepg.Borrow(ctx, privatepg.Options{Dir: conf.Data})
		}
		if err != nil {
			return err
		}
		defer server.Stop()
		address = server.URL(conf.Roles.Migrator(), database)
	}
	return seedAt(ctx, c.out, conf, address, options)
}

// seedAt seeds the database of an address, and says how to log in.
func seedAt(ctx context.Context, out io.Writer, conf config.Config, address string, options seed.Options) error {
	options.Roles = conf.Roles
	if conf.Dev {
		options.Password = seed.Password
	}
	report, err := seed.World(ctx, address, options)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe demo is ready (%d people added in %s). Log in as:\n\n", report.Added, report.Took.Round(100*time.Millisecond))
	for _, one := range report.LogIn {
		fmt.Fprintf(out, "  %-36s %s\n", one.Email, one.About)
	}
	password := report.Password
	if password == "" {
		password = "the one that the first run printed"
	}
	_, err = fmt.Fprintf(out, "\nEverybody's password: %s\n\n", password)
	return err
}
