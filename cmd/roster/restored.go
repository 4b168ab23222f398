package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"roster/db"
	"roster/internal/config"
	"roster/internal/human"
	"roster/internal/privatepg"
	"roster/internal/role"
	"roster/internal/sheet"
)

func restoredFlags(f *pflag.FlagSet) action {
	files := f.Bool("files", false, "the files of the server were copied back, or it was wound back in time, which the database cannot tell by itself")
	moved := f.Bool("moved", false, "the database was moved here and the old one is gone: end nothing")
	dir := f.String("report", "", "`folder` for lists of all members and of the letters that were dropped, as CSV")
	return func(ctx context.Context, c call) error {
		if *files && *moved {
			return mistyped("--files and --moved exclude each other")
		}
		return restored(ctx, c, db.Restore{Files: *files, Moved: *moved}, *dir)
	}
}

// restored is the command: after a restore from a backup it ends what was issued before, says what that was, and lists
// who is a member again.
func restored(ctx context.Context, c call, r db.Restore, dir string) error {
	if dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("%s is no directory to write the lists into", dir)
		}
	}
	conf, err := config.Seeding(c.environ)
	if err != nil {
		return err
	}
	address := conf.AdminURL
	if address == "" {
		server, err := openPrivate(ctx, conf, slog.New(slog.NewTextHandler(c.log, nil)))
		if errors.Is(err, privatepg.ErrInUse) {
			server, err = privatepg.Borrow(ctx, privatepg.Options{Dir: conf.Data})
		}
		if err != nil {
			return err
		}
		defer server.Stop()
		address = server.URL(conf.Roles.Migrator(), database)
	}

	settled, err := conf.Roles.SettleRestore(ctx, address, r)
	if err != nil {
		return err
	}
	if r.Moved {
		fmt.Fprintln(c.out, "This is the place of the database now. Nothing was ended.")
		return nil
	}
	fmt.Fprintf(c.out, "Restored to %s. Epoch %d begins: nothing that was issued before is good any more.\n\n", when(settled.AsOf), settled.Epoch)
	for _, one := range []struct {
		n    int
		what string
	}{
		{settled.Sessions, "sessions: everybody logs in again, with the password of that time"},
		{settled.Links, "links to sign up, to log in or to a new password"},
		{settled.Invitations, "open invitations: they have expired and can be sent again"},
		{settled.ShareLinks, "share links: they have expired and can be reset"},
		{settled.Forms, "remembered answers to forms"},
		{settled.Jobs, "jobs that were at work: they have failed, with a word why"},
		{len(settled.Letters), "letters that waited: dropped, as they were sent since, or their cause is gone"},
	} {
		fmt.Fprintf(c.out, "%9s %s\n", human.Count(one.n), one.what)
	}
	fmt.Fprintf(c.out, "\nThe log of %s says so. Who is a member is as it was then, so let it be looked at: who was removed since is back.\n", organizations(settled.Organizations))
	printHeads(c.out, settled.Members)
	if dir == "" {
		return nil
	}
	return writeLists(c.out, filepath.Join(dir, "roster-restored-"+time.Now().UTC().Format("2006-01-02-150405")), settled)
}

// printHeads lists the owners and admins of each organization, and says how many others there are.
func printHeads(out io.Writer, members []db.RestoredMember) {
	slug, others := "", 0
	end := func() {
		switch {
		case others == 1:
			fmt.Fprintln(out, "  and 1 other")
		case others > 1:
			fmt.Fprintf(out, "  and %s others\n", human.Count(others))
		}
		others = 0
	}
	for _, m := range members {
		if m.Slug != slug {
			end()
			slug = m.Slug
			fmt.Fprintf(out, "\n%s (%s)\n", m.Organization, m.Slug)
		}
		highest := role.Highest(role.ParseAll(m.Roles))
		if highest != role.Owner && highest != role.Admin {
			others++
			continue
		}
		suspended := ""
		if m.Status == "suspended" {
			suspended = ", suspended"
		}
		fmt.Fprintf(out, "  %-6s %s <%s>%s\n", highest.Label(), m.Name, m.Email, suspended)
	}
	end()
}

// writeLists writes who is a member and which letters were dropped, whole, as tables.
func writeLists(out io.Writer, name string, s db.Settled) error {
	members := [][]string{{"Organization", "Address", "Name", "E-mail", "Roles", "Status", "Joined"}}
	for _, m := range s.Members {
		members = append(members, []string{m.Organization, m.Slug, m.Name, m.Email, strings.Join(m.Roles, " "), m.Status, m.Joined.UTC().Format(time.RFC3339)})
	}
	letters := [][]string{{"Letter", "To", "Organization", "Queued"}}
	for _, l := range s.Letters {
		letters = append(letters, []string{l.Kind, l.To, l.Slug, l.Queued.UTC().Format(time.RFC3339)})
	}
	for _, one := range []struct {
		file string
		rows [][]string
	}{{name + "-members.csv", members}, {name + "-letters.csv", letters}} {
		file, err := os.OpenFile(one.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // it holds people's addresses
		if err != nil {
			return fmt.Errorf("write the lists: %w", err)
		}
		if err := errors.Join(sheet.Write(file, one.rows), file.Close()); err != nil {
			return fmt.Errorf("write the lists: %w", err)
		}
		fmt.Fprintf(out, "\nWritten to %s", one.file)
	}
	_, err := fmt.Fprintln(out)
	return err
}

func organizations(n int) string {
	if n == 1 {
		return "1 organization"
	}
	return human.Count(n) + " organizations"
}

func when(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }
