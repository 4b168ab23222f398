// Command roster is Roster: a self-hosted dashboard for teams in many organizations.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"roster/internal/config"
	"roster/internal/fault"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// Little lives long here, so the collector of garbage would run after every few pages. Half as often gives back
		// a tenth of the processor's time for some ten MB.
		debug.SetGCPercent(200)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// command is one word after "roster".
type command struct {
	name, args, about string
	run               func(ctx context.Context, c call) error
}

// call is a command as it was typed, and where it speaks.
type call struct {
	args    []string
	environ []string
	out     io.Writer // what the command is for
	log     io.Writer // what happens meanwhile
}

// errUsage means that the command was typed wrongly.
var errUsage = errors.New("usage")

func commands() []command {
	return []command{
		{"serve", "[--demo]", "serve the site; without ROSTER_DATABASE_URL with a private PostgreSQL", serve},
		{"migrate", "", "prepare a database of your own: roles and schema (ROSTER_ADMIN_DATABASE_URL)", migrate},
		{"seed", "[--members N]", "fill the database with a believable world to try things with", seedWorld},
		{"link", "[--reset] EMAIL", "print a one-time link to hand to somebody: to sign up, to log in, or for a new password", link},
		{"prove", "[--report DIR]", "try to break the isolation of organizations; the dated report goes to DIR, or the working directory", proveIsolation},
		{"version", "", "print the version", version},
	}
}

func run(ctx context.Context, args, environ []string, out, log io.Writer) int {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		if len(args) > 1 && (args[1] == "--help" || args[1] == "-h") {
			fmt.Fprintf(out, "roster %s %s\n\n%s.\n", c.name, c.args, capital(c.about))
			return 0
		}
		switch err := c.run(ctx, call{args: args[1:], environ: environ, out: out, log: log}); {
		case err == nil:
			return 0
		case errors.Is(err, errUsage):
			fmt.Fprintf(log, "Type: roster %s %s\n", c.name, c.args)
			return 2
		default:
			tell(log, err)
			return 1
		}
	}
	where, status := log, 2
	if name == "--help" || name == "-h" || name == "help" {
		where, status = out, 0
	}
	fmt.Fprint(where, "Roster: teams, members and invitations.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(where, "  roster %-24s %s\n", strings.TrimSpace(c.name+" "+c.args), c.about)
	}
	return status
}

// tell says why a command failed: complaints and faults as they are, others with what was being done.
func tell(w io.Writer, err error) {
	var complaints config.Complaints
	if errors.As(err, &complaints) {
		for _, one := range complaints {
			fmt.Fprintln(w, one)
		}
		return
	}
	if f, ok := fault.As(err); ok {
		fmt.Fprintln(w, f.Error())
		return
	}
	fmt.Fprintf(w, "roster: %v\n", err)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
