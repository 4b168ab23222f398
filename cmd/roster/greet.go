package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"roster/internal/config"
	"roster/views/paths"
)

// greet says where everything is, in one line each, when the site is served: its address, its data, its letters, and as long
// as nobody has an account, how the first is made.
func (h *house) greet(ctx context.Context, out io.Writer, conf config.Config, log *slog.Logger) error {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch {
	case conf.Dev:
		say("Roster is at %s", conf.URL)
	case conf.Socket != 0:
		say("Roster is at %s, served on the socket that was handed over (%s)", conf.URL, versionText())
	default:
		say("Roster is at %s, served on %s (%s)", conf.URL, conf.Listen, versionText())
	}

	server, err := h.db.Server(ctx)
	if h.private != nil {
		say("Its data are in %s, in a PostgreSQL %s of its own", h.private.Data, server.Version)
	} else {
		say("Its data are in the database %s at %s, PostgreSQL %s", server.Name, server.Host, server.Version)
	}

	switch {
	case conf.SMTP != nil:
		say("Its letters come from %s", conf.From)
	case conf.Dev:
		say("Its letters are kept at %s%s", conf.URL, paths.DevMail)
	default:
		say("It has no mail server: links are copied by hand (ROSTER_SMTP_URL)")
	}

	nobody, lookErr := h.accounts.Nobody(ctx)
	switch {
	case !nobody:
	case h.accounts.SignUpOpen():
		say("Nobody has an account yet. Open %s%s", conf.URL, paths.SignUp)
	default:
		say("Nobody has an account yet. Run: roster link you@example.com")
	}
	if _, err := fmt.Fprintln(out, strings.Join(lines, "\n")); err != nil {
		return err
	}
	if err == nil {
		tellClocks(log, server.Ahead)
	}
	if err == nil {
		err = lookErr
	}
	return err
}

// clocksApart is by how much two clocks may differ before somebody has to look after them.
const clocksApart = 30 * time.Second

// tellClocks says that the database's clock and this machine's differ too much, and what to do.
func tellClocks(log *slog.Logger, ahead time.Duration) {
	if ahead.Abs() > clocksApart {
		log.Warn("the clocks of this machine and of the database differ: letters and long work may be late or done twice until both are set right, by NTP for instance",
			"database_ahead", ahead)
	}
}
