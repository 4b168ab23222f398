package main

import (
	"context"
	"fmt"
	"log/slog"

	"roster/internal/config"
)

// link prints a one-time link for the operator to hand over: without a mail server it is the way in, the
// first owner's included.
func link(ctx context.Context, c call) error {
	email, reset := "", false
	for _, arg := range c.args {
		switch {
		case arg == "--reset":
			reset = true
		case email == "" && arg != "" && arg[0] != '-':
			email = arg
		default:
			return errUsage
		}
	}
	if email == "" {
		return errUsage
	}
	conf, err := config.Read(c.environ)
	if err != nil {
		return err
	}
	h, err := openBeside(ctx, conf, slog.New(slog.NewTextHandler(c.log, nil)))
	if err != nil {
		return err
	}
	defer h.close()
	made, err := h.accounts.OperatorLink(ctx, email, reset)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s link for %s, good once until %s:\n%s%s\n", capital(made.Kind), made.Email,
		made.Expires.UTC().Format("2 Jan 2006, 15:04 UTC"), conf.URL, made.Path)
	return nil
}
