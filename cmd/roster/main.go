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

	"github.com/spf13/pflag"

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

// call is a command as it was typed, and where it speaks.
type call struct {
	args    []string // without the flags
	environ []string
	out     io.Writer // what the command is for
	log     io.Writer // what happens meanwhile
}

// mistyped is what is wrong with how a command was typed.
type mistyped string

func (m mistyped) Error() string { return string(m) }

func run(ctx context.Context, args, environ []string, out, log io.Writer) int {
	if len(args) == 0 {
		writeCommands(log)
		return 2
	}
	switch args[0] {
	case "-v", "-V", "--version":
		args = []string{"version"}
	case "-h", "--help":
		args = []string{"help"}
	}
	if args[0] == "help" {
		return help(args[1:], out, log)
	}
	c, rest, ok := find(args)
	if !ok {
		writeUnknown(log, args)
		return 2
	}
	flags := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	flags.Usage = func() {}
	do := c.prepare(flags)
	err := flags.Parse(rest)
	if errors.Is(err, pflag.ErrHelp) {
		writeHelp(out, c)
		return 0
	}
	if err != nil {
		err = mistake(err)
	} else {
		err = c.miscounted(flags.Args())
	}
	if err == nil {
		err = c.refuse(environ)
	}
	if err == nil {
		err = do(ctx, call{args: flags.Args(), environ: environ, out: out, log: log})
	}
	var wrong mistyped
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		writeMistake(log, c, wrong)
		return 2
	}
	tell(log, err)
	return 1
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
