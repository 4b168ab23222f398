package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"roster/db"
	"roster/db/prove"
	"roster/internal/config"
	"roster/internal/privatepg"
)

func proveFlags(f *pflag.FlagSet) action {
	dir := f.String("report", ".", "`folder` that the report is written into")
	return func(ctx context.Context, c call) error { return proveIsolation(ctx, c, *dir) }
}

// attacked tells what is attacked: everything, but for tests of the command that leave the attacks to those of the proof.
var attacked func(target string) bool

// proveIsolation is the command: it attacks the installation, prints the report and writes it as text and as
// JSON. It fails unless every attack was held off.
func proveIsolation(ctx context.Context, c call, dir string) error {
	conf, err := config.Proving(c.environ)
	if err != nil {
		return err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is no directory to write the report into", dir)
	}
	options, done, err := target(ctx, conf)
	if err != nil {
		return err
	}
	defer done()
	options.Targets = attacked
	report, err := prove.Run(ctx, options)
	if err != nil {
		return err
	}
	report.Program = versionText()
	if err := report.Text(c.out); err != nil {
		return err
	}
	if err := writeReport(c.out, dir, report); err != nil {
		return err
	}
	if !report.Held() {
		return errors.New(report.Verdict())
	}
	return nil
}

// target is the installation to attack: a database of one's own, or the private server, which is started if no
// Roster is running on it. Unlike other commands this one migrates nothing: it looks at what is there.
func target(ctx context.Context, conf config.Config) (o prove.Options, done func(), err error) {
	key, err := contextKey(conf)
	if err != nil {
		return o, nil, err
	}
	o.Config = db.Config{App: conf.AppURL, Auth: conf.AuthURL, Worker: conf.WorkerURL, ContextKey: key, Roles: conf.Roles}
	o.Admin, done = conf.AdminURL, func() {}
	if conf.AppURL == "" {
		where := privatepg.Options{Dir: conf.Data, Bin: conf.PGBin, Log: slog.New(slog.DiscardHandler)}
		server, err := privatepg.Start(ctx, where)
		if errors.Is(err, privatepg.ErrInUse) {
			server, err = privatepg.Borrow(ctx, where)
		}
		if err != nil {
			return o, nil, err
		}
		o.Config.App, o.Config.Auth, o.Config.Worker = addresses(server, conf.Roles)
		o.Admin = server.URL(conf.Roles.Migrator(), database)
		done = func() { _ = server.Stop() } // its data are safe either way
	}
	if err := refuseForeign(ctx, o.Config); err != nil {
		done()
		return o, nil, err
	}
	return o, done, nil
}

// refuseForeign says in one sentence why this program does not belong to that database.
func refuseForeign(ctx context.Context, c db.Config) error {
	opened, err := db.Open(ctx, c)
	if err != nil {
		return err
	}
	defer opened.Close()
	if opened.Pooled() {
		return errors.New("the proof tries what becomes of connections, which a pooler hides: give it addresses of PostgreSQL itself")
	}
	behind, err := opened.Behind(ctx)
	if err == nil && behind != "" {
		err = errors.New(behind)
	}
	return err
}

// writeReport writes roster-proof-DATE.txt and .json.
func writeReport(out io.Writer, dir string, report *prove.Report) error {
	name := filepath.Join(dir, "roster-proof-"+report.Began.Format("2006-01-02-150405"))
	for _, one := range []struct {
		file  string
		write func(io.Writer) error
	}{{name + ".txt", report.Text}, {name + ".json", report.JSON}} {
		file, err := os.Create(one.file)
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		if err := errors.Join(one.write(file), file.Close()); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		fmt.Fprintf(out, "\nWritten to %s", one.file)
	}
	_, err := fmt.Fprintln(out)
	return err
}
