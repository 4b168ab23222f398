package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"roster/internal/config"
	"roster/internal/privatepg"
)

// action does what a command is for.
type action func(ctx context.Context, c call) error

// command is what stands after "roster": one word, or two.
type command struct {
	name    string
	options string // how its flags are typed, "[--demo]"
	args    string // what follows, a word for each: "EMAIL"
	about   string // in one line
	more    string // what else one has to know to use it

	flags func(*pflag.FlagSet) action // what it does where it has flags
	run   action                      // and where it has none

	settings []string // the variables that it looks at
	example  string

	// installed: it works on a database that is there, and never makes one.
	installed bool
	byAdmin   bool // the administrator's address alone tells where that is
}

func commands() []command {
	return []command{
		{
			name: "serve", options: "[--demo]", about: "serve the site",
			more: "It runs until it is told to stop by SIGTERM or Ctrl-C. Without ROSTER_DATABASE_URL it starts a private PostgreSQL, and makes\n" +
				"it the first time, in the folder ROSTER_DATA.",
			flags: serveFlags, settings: settingsBut("ROSTER_ADMIN_DATABASE_URL"), example: "ROSTER_DEV=1 roster serve",
		},
		{
			name: "migrate", about: "prepare a database of your own: roles and schema",
			more: "Run it once before the first start, and at every upgrade before the new program starts. It can be repeated. The roles get\n" +
				"the passwords of their addresses.",
			run: migrate, settings: slices.Concat(databases, keys),
			example: "ROSTER_ADMIN_DATABASE_URL=postgres://postgres:PASSWORD@localhost/roster \\\n" +
				"  ROSTER_DATABASE_URL=postgres://roster_app:PASSWORD2@localhost/roster roster migrate",
		},
		{
			name: "link", options: "[--reset]", args: "EMAIL", about: "print a one-time link to hand to somebody",
			more:  "The link lets them sign up, the first owner too, or log in if they have an account. Whoever has it comes in as them.",
			flags: linkFlags, settings: settingsBut("ROSTER_ADMIN_DATABASE_URL"), example: "roster link mara@acme.example", installed: true,
		},
		{
			name: "seed", options: "[--members N]", about: "fill the database with a believable world to try things with",
			more:  "It can be repeated, and prints how to log in. Without ROSTER_ADMIN_DATABASE_URL it fills the private PostgreSQL.",
			flags: seedFlags, settings: settingsBut(), example: "ROSTER_DEV=1 roster seed --members 500",
		},
		{
			name: "prove", options: "[--report FOLDER]", about: "try to break the isolation of organizations, and write a dated report",
			more:  "It may run beside a Roster that serves; whatever it makes it deletes. It ends with 0 only if every attack was held off.",
			flags: proveFlags, settings: slices.Concat(databases, keys, []string{"ROSTER_DATA", "ROSTER_PG_BIN"}), example: "roster prove --report /tmp", installed: true,
		},
		{
			name: "restored", options: "[--files | --moved] [--report FOLDER]", about: "settle a restore from a backup",
			more: "It ends all sessions, links, codes and forms from before the restore, drops the letters that waited, and lists who is a\n" +
				"member again, for a review. Until it was run, a restored database serves nobody.",
			flags: restoredFlags, settings: settingsBut("ROSTER_DATABASE_URL", "ROSTER_AUTH_DATABASE_URL", "ROSTER_WORKER_DATABASE_URL"), example: "roster restored --report /tmp",
			installed: true, byAdmin: true,
		},
		{
			name: "mail test", args: "ADDRESS", about: "send a test letter, and print the conversation with the mail server",
			more: "It says what the server's answers mean and what to do, and may run beside a Roster that serves.",
			run:  mailTest, settings: settingsBut("ROSTER_ADMIN_DATABASE_URL"), example: "roster mail test mara@acme.example",
		},
		{name: "version", about: "print what was built, and from what", run: version, example: "roster version"},
	}
}

// Settings that go together.
var (
	databases = []string{"ROSTER_DATABASE_URL", "ROSTER_AUTH_DATABASE_URL", "ROSTER_WORKER_DATABASE_URL", "ROSTER_ADMIN_DATABASE_URL", "ROSTER_DATABASE_ROLES"}
	keys      = []string{"ROSTER_KEY", "ROSTER_KEY_FILE", "ROSTER_SIGNED_CONTEXT"}
)

// settingsBut are all settings but some.
func settingsBut(some ...string) []string {
	var names []string
	for _, s := range config.Settings() {
		if !slices.Contains(some, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

// prepare defines the flags and answers with what is to be done once they are read.
func (c command) prepare(f *pflag.FlagSet) action {
	if c.flags == nil {
		return c.run
	}
	return c.flags(f)
}

// miscounted says which argument is missing or too much.
func (c command) miscounted(args []string) error {
	wanted := strings.Fields(c.args)
	for i, arg := range args {
		if i >= len(wanted) {
			return mistyped(fmt.Sprintf("%q is too much", arg))
		}
		if arg == "" {
			return mistyped(wanted[i] + " is missing")
		}
	}
	if len(args) < len(wanted) {
		return mistyped(wanted[len(args)] + " is missing")
	}
	return nil
}

// refuse says in one sentence that there is nothing for the command to work on.
func (c command) refuse(environ []string) error {
	if !c.installed {
		return nil
	}
	dir, err := config.Place(environ, c.byAdmin)
	if err != nil || dir == "" || privatepg.Made(dir) {
		return err
	}
	return fmt.Errorf("nothing is installed here: %s has no database. Start Roster first (roster serve), or set ROSTER_DATA or ROSTER_DATABASE_URL to where it is", dir)
}

// find looks for the command that the words begin with.
func find(words []string) (c command, rest []string, ok bool) {
	for _, c := range commands() {
		n := len(strings.Fields(c.name))
		if len(words) >= n && strings.Join(words[:n], " ") == c.name {
			return c, words[n:], true
		}
	}
	return command{}, words, false
}

// help explains one command, or lists them all.
func help(words []string, out, log io.Writer) int {
	if len(words) == 0 {
		writeCommands(out)
		return 0
	}
	c, _, ok := find(words)
	if !ok {
		writeUnknown(log, words)
		return 2
	}
	writeHelp(out, c)
	return 0
}

func writeCommands(w io.Writer) {
	fmt.Fprint(w, "Roster: teams, members and invitations.\n\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(table, "  %s\t%s\n", c.usage(), c.about)
	}
	_ = table.Flush() // nowhere to say that nothing can be said
	fmt.Fprint(w, "\nroster help COMMAND says more. To try it: ROSTER_DEV=1 roster serve\n")
}

func (c command) usage() string {
	return strings.Join(strings.Fields("roster "+c.name+" "+c.options+" "+c.args), " ")
}

func writeHelp(w io.Writer, c command) {
	fmt.Fprintf(w, "%s\n\n%s.\n", c.usage(), capital(c.about))
	if c.more != "" {
		fmt.Fprintln(w, c.more)
	}
	flags := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	c.prepare(flags)
	if flags.HasFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", flags.FlagUsages())
	}
	if len(c.settings) > 0 {
		fmt.Fprint(w, "\nIt looks at these variables of the environment:\n")
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, s := range config.Settings() {
			if slices.Contains(c.settings, s.Name) {
				fmt.Fprintf(table, "  %s\t%s\n", s.Name, meaning(s))
			}
		}
		_ = table.Flush() // nowhere to say that nothing can be said
	}
	fmt.Fprintf(w, "\nExample:\n  %s\n", c.example)
}

func meaning(s config.Setting) string {
	if s.Default == "" {
		return s.Means
	}
	return s.Means + " (" + s.Default + ")"
}

// writeUnknown says that there is no such command, and which one was meant.
func writeUnknown(w io.Writer, words []string) {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	typed := words[0]
	near := config.Nearest(typed, append(names, "help"))
	if len(words) > 1 && near == "" {
		near = config.Nearest(words[0]+" "+words[1], names)
	}
	if near != "" {
		near = " Did you mean " + near + "?"
	}
	fmt.Fprintf(w, "roster: there is no command %q.%s\nroster help lists all.\n", typed, near)
}

// writeMistake says what was not understood in how a command was typed, and how to type it.
func writeMistake(w io.Writer, c command, what mistyped) {
	if what != "" {
		fmt.Fprintf(w, "roster %s: %s\n", c.name, what)
	}
	fmt.Fprintf(w, "Type: %s\nroster help %s says more.\n", c.usage(), c.name)
}

// mistake words what the reader of flags did not understand.
func mistake(err error) error {
	var unknown *pflag.NotExistError
	var alone *pflag.ValueRequiredError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return mistyped("there is no flag -" + unknown.GetSpecifiedShortnames())
	case errors.As(err, &unknown):
		return mistyped("there is no flag --" + unknown.GetSpecifiedName())
	case errors.As(err, &alone):
		return mistyped("--" + alone.GetSpecifiedName() + " needs a value")
	case errors.As(err, &bad):
		return mistyped(fmt.Sprintf("--%s cannot be %q", bad.GetFlag().Name, bad.GetValue()))
	}
	return mistyped(err.Error())
}
