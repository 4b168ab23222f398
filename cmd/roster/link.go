package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/pflag"

	"roster/internal/config"
)

func linkFlags(f *pflag.FlagSet) action {
	reset := f.Bool("reset", false, "a link to choose a new password, for an address that has an account")
	return func(ctx context.Context, c call) error { return link(ctx, c, *reset) }
}

// link prints a one-time link for the operator to hand over: without a mail server it is the way in, the
// first owner's included.
func link(ctx context.Context, c call, reset bool) error {
	conf, err := config.Read(c.environ)
	if err != nil {
		return err
	}
	h, err := openBeside(ctx, conf, slog.New(slog.NewTextHandler(c.log, nil)))
	if err != nil {
		return err
	}
	defer h.close()
	made, err := h.accounts.OperatorLink(ctx, c.args[0], reset)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s link for %s, good once until %s:\n%s%s\n", capital(made.Kind), made.Email,
		made.Expires.UTC().Format("2 Jan 2006, 15:04 UTC"), conf.URL, made.Path)
	return nil
}
