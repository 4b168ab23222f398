package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"github.com/spf13/pflag"

	"roster/db"
	"roster/internal/account"
	"roster/internal/config"
	"roster/internal/live"
	"roster/internal/mail"
	"roster/internal/privatepg"
	"roster/internal/roster"
	"roster/internal/seed"
	"roster/views/email"
	"roster/web"
)

func serveFlags(f *pflag.FlagSet) action {
	demo := f.Bool("demo", false, "put a believable world into the private PostgreSQL first")
	return func(ctx context.Context, c call) error { return serve(ctx, c, *demo) }
}

// serve opens, wires, runs and stops.
func serve(ctx context.Context, c call, demo bool) error {
	conf, err := config.Read(c.environ)
	if err != nil {
		return triedOut(c.environ, err)
	}
	log := slog.New(slog.NewTextHandler(c.log, nil))
	listener, err := listen(conf)
	if err != nil {
		return err
	}
	defer listener.Close()
	h, err := open(ctx, conf, log)
	if err != nil {
		return err
	}
	defer h.close()
	if demo {
		if h.private == nil {
			return errors.New("--demo fills the private server alone: use roster seed for a database of your own")
		}
		if err := seedAt(ctx, c.out, conf, h.private.URL(conf.Roles.Migrator(), database), seed.Options{}); err != nil {
			return err
		}
	}

	var mailbox *mail.Mailbox
	var transport mail.Transport = conf.SMTP
	if conf.SMTP == nil && conf.Dev {
		if mailbox, err = mail.OpenMailbox(filepath.Join(conf.Data, "mail")); err != nil {
			return fmt.Errorf("open the development mailbox: %w", err)
		}
		transport = mailbox
	}
	news := live.New(h.db, h.sessions, log)
	site, err := web.New(web.Config{URL: conf.URL, Dev: conf.Dev, Proxies: conf.Proxies, BySocket: conf.ProxyBySocket, Operator: conf.Operator, PrivacyURL: conf.PrivacyURL,
		HelpURL: conf.HelpURL, SignupOpen: conf.SignupOpen, Key: conf.Key, Version: versionText(), Live: news, AtOnce: web.AtOnce(h.db.Conns())}, h.roster, h.accounts, h.sessions, mailbox, h.health, log)
	if err != nil {
		return err
	}
	// Jobs stop after the last request, on a context of their own.
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	jobs, err := startJobs(working, h, conf, transport, log)
	if err != nil {
		return err
	}
	go keepHouse(working, h, log)
	go foldNames(working, h, log)
	listening := make(chan struct{})
	go func() { defer close(listening); news.Run(working) }()
	defer func() { stopWork(); <-listening }() // before the database is closed

	conns := connections{busy: map[net.Conn]struct{}{}}
	server := &http.Server{
		Handler:           site.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ConnState:         conns.note,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if err := h.greet(ctx, c.out, conf, log); err != nil {
		log.Warn("say where Roster is", "error", err)
	}

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	// Not ready first, so that a load balancer looks elsewhere; then no new connections; then the rest.
	site.Stop()
	if !conf.Dev {
		time.Sleep(2 * time.Second)
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	_ = listener.Close() // what was accepted is answered on, with no other request after it
	<-failed
	conns.wait(ending)
	stopped := make(chan error, 1)
	go func() { stopped <- jobs.Stop(ending) }()
	if err := errors.Join(server.Shutdown(ending), <-stopped); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// triedOut adds to the complaints of somebody who has set nothing yet how Roster is tried out.
func triedOut(environ []string, err error) error {
	var wrong config.Complaints
	if errors.As(err, &wrong) && !slices.ContainsFunc(environ, func(one string) bool { return strings.HasPrefix(one, "ROSTER_") }) {
		return append(wrong, "To try Roster out on this machine, nothing else has to be set: ROSTER_DEV=1 roster serve")
	}
	return err
}

// house is what every command that needs the database has open.
type house struct {
	private  *privatepg.Server // nil: a server of one's own
	db       *db.DB
	accounts *account.Accounts
	sessions *account.Sessions
	roster   *roster.Roster
	sealer   *mail.Sealer
	mails    bool
}

// open connects to the database, the private one started and migrated first.
func open(ctx context.Context, conf config.Config, log *slog.Logger) (*house, error) {
	h := &house{mails: conf.SMTP != nil || conf.Dev}
	key, err := contextKey(conf)
	if err != nil {
		return nil, err
	}
	urls := db.Config{App: conf.AppURL, Auth: conf.AuthURL, Worker: conf.WorkerURL, ContextKey: key, Roles: conf.Roles}
	if urls.App == "" {
		if h.private, err = openPrivate(ctx, conf, log); err != nil {
			return nil, err
		}
		urls.App, urls.Auth, urls.Worker = addresses(h.private, conf.Roles)
	}
	if h.db, err = db.Open(ctx, urls); err != nil {
		h.close()
		return nil, err
	}
	unfit, err := h.db.Behind(ctx)
	if err == nil && unfit == "" {
		unfit, err = h.db.Restored(ctx)
	}
	if err == nil && unfit != "" {
		err = errors.New(unfit)
	}
	if err == nil {
		h.sealer, err = mail.NewSealer(conf.Key)
	}
	var outbox *mail.Outbox
	if err == nil {
		outbox, err = mail.NewOutbox(h.sealer, conf.URL.String())
	}
	if err == nil {
		h.accounts, err = account.New(account.Config{DB: h.db, Outbox: outbox, Key: conf.Key, Mails: h.mails, SignUp: conf.SignupOpen})
	}
	if err == nil {
		h.sessions, err = account.NewSessions(account.SessionConfig{DB: h.db, Key: conf.Key})
	}
	if err != nil {
		h.close()
		return nil, err
	}
	h.roster = roster.New(h.db, outbox, h.mails)
	return h, nil
}

// openPrivate starts the private server and brings its database up to date.
func openPrivate(ctx context.Context, conf config.Config, log *slog.Logger) (*privatepg.Server, error) {
	server, err := privatepg.Start(ctx, privatepg.Options{Dir: conf.Data, Bin: conf.PGBin, Log: log})
	if err != nil {
		return nil, err
	}
	key, err := contextKey(conf)
	if err == nil {
		err = prepare(ctx, server, conf.Roles, key)
	}
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return server, nil
}

// openBeside is open for a command beside a Roster that may be running: its private server is used then.
func openBeside(ctx context.Context, conf config.Config, log *slog.Logger) (*house, error) {
	h, err := open(ctx, conf, log)
	if !errors.Is(err, privatepg.ErrInUse) {
		return h, err
	}
	server, err := privatepg.Borrow(ctx, privatepg.Options{Dir: conf.Data})
	if err != nil {
		return nil, err
	}
	conf.AppURL, conf.AuthURL, conf.WorkerURL = addresses(server, conf.Roles)
	return open(ctx, conf, log)
}

func addresses(server *privatepg.Server, roles db.Roles) (app, auth, worker string) {
	return server.URL(roles.App(), database), server.URL(roles.Auth(), database), server.URL(roles.Worker(), database)
}

func (h *house) close() {
	if h.db != nil {
		h.db.Close()
	}
	if h.private != nil {
		_ = h.private.Stop() // its data are safe either way, and nothing is left to do about it
	}
}

// health says what works, for load balancers and people who look.
func (h *house) health(ctx context.Context) web.Health {
	report := web.Health{Keys: web.Check{OK: h.sealer != nil}}
	waiting, err := h.db.LettersWaiting(ctx)
	report.Database.OK = err == nil
	if err != nil {
		report.Database.Detail = "does not answer"
		return report
	}
	unfit, err := h.db.Behind(ctx)
	if err == nil && unfit == "" {
		unfit, err = h.db.Restored(ctx)
	}
	report.Migrations = web.Check{OK: err == nil && unfit == "", Detail: unfit}
	report.Mail = h.mailHealth(ctx, waiting)
	return report
}

// mailHealth says whether letters leave, as the last attempts of any node found it.
func (h *house) mailHealth(ctx context.Context, waiting int) web.Check {
	if !h.mails {
		return web.Check{OK: true, Detail: "no mail server: links are copied by hand"}
	}
	wait := fmt.Sprintf("%d letters wait", waiting)
	trouble, since, err := h.db.MailServer(ctx)
	switch {
	case err != nil:
		return web.Check{Detail: "it is not known how the mail server is; " + wait}
	case trouble != "":
		return web.Check{Detail: fmt.Sprintf("%s, since %s; %s", trouble, since.UTC().Format("2006-01-02 15:04 UTC"), wait)}
	}
	return web.Check{OK: true, Detail: wait}
}

// startJobs works the queues: long work, and letters where they leave this installation.
func startJobs(ctx context.Context, h *house, conf config.Config, transport mail.Transport, log *slog.Logger) (*river.Client[pgxTx], error) {
	nodes, err := mail.JoinNodes(ctx, h.db.Connect, log)
	if err != nil {
		return nil, fmt.Errorf("join the nodes that work: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, roster.NewWorker(h.roster))
	queues := map[string]river.QueueConfig{roster.WorkQueue: {MaxWorkers: 2}}
	var letters *mail.Worker
	if h.mails {
		letters, err = mail.NewWorker(mail.WorkerConfig{DB: h.db.Jobs(), Sealer: h.sealer, From: conf.From, Base: conf.URL.String(), Transport: transport,
			Render: email.Render, Allow: h.roster.AllowLetter, Outcome: h.roster.LetterOutcome, Nodes: nodes, Log: log})
		if err != nil {
			return nil, err
		}
		river.AddWorker(workers, letters)
		river.AddWorker(workers, roster.NewNewsWorker(h.roster))
		queues[river.QueueDefault] = river.QueueConfig{MaxWorkers: 4}
	}
	client, err := river.NewClient(riverpgxv5.New(h.db.Jobs()), &river.Config{
		ID:                   nodes.Name(),
		Schema:               "river",
		Queues:               queues,
		Workers:              workers,
		Middleware:           []rivertype.Middleware{river.WorkerMiddlewareFunc(h.leaveToRestore)},
		JobTimeout:           mail.Timeout,
		RescueStuckJobsAfter: 2 * mail.Timeout,
		SoftStopTimeout:      5 * time.Second,       // then what is still being sent is given back to the queue
		ReindexerSchedule:    river.NeverSchedule(), // it needs to own the tables
		Logger:               slog.New(levelHandler{log.Handler(), slog.LevelWarn}),
	})
	if err != nil {
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		return nil, fmt.Errorf("start the job queue: %w", err)
	}
	if letters == nil {
		return client, nil
	}
	go every(ctx, time.Minute, func() {
		if err := letters.Sweep(ctx); err != nil && ctx.Err() == nil {
			log.Warn("sweep dead letters", "error", err)
		}
	})
	if server, ok := transport.(mail.Prober); ok {
		go watchMail(ctx, mail.NewWatch(h.db.Jobs(), log), server, log)
	}
	return client, nil
}

// leaveToRestore leaves everything in the queue of a database that was restored under this process: what waits there was
// done long ago, and is dropped when the restore is settled.
func (h *house) leaveToRestore(ctx context.Context, _ *rivertype.JobRow, do func(context.Context) error) error {
	unsettled, err := h.db.Restored(ctx)
	switch {
	case err != nil:
		return err
	case unsettled != "":
		return river.JobSnooze(time.Minute)
	}
	return do(ctx)
}

// watchMail looks after the mail server, so that whoever runs this hears of a trouble before the first letter is missed.
func watchMail(ctx context.Context, watch *mail.Watch, server mail.Prober, log *slog.Logger) {
	look := func(ask func() error) {
		if err := ask(); err != nil && ctx.Err() == nil {
			log.Warn("look after the mail server", "error", err)
		}
	}
	look(func() error { return watch.Begin(ctx) })
	look(func() error { return watch.Look(ctx, server) })
	every(ctx, time.Minute, func() { look(func() error { return watch.Look(ctx, server) }) })
}

// keepHouse deletes what is over: sessions, tokens, counters.
func keepHouse(ctx context.Context, h *house, log *slog.Logger) {
	every(ctx, 10*time.Minute, func() {
		if err := errors.Join(h.accounts.Housekeeping(ctx), h.roster.Housekeeping(ctx)); err != nil && ctx.Err() == nil {
			log.Warn("keep house", "error", err)
		}
	})
}

// foldNames folds anew what was folded by an older rule, at once and whenever programs from before this one may have
// written more.
func foldNames(ctx context.Context, h *house, log *slog.Logger) {
	fold := func() {
		began := time.Now()
		people, err := h.accounts.Refold(ctx)
		invitations, wrong := h.roster.Refold(ctx)
		if err := errors.Join(err, wrong); err != nil && ctx.Err() == nil {
			log.Warn("fold names anew", "error", err)
		}
		if people+invitations > 0 {
			log.Info("names were folded anew", "people", people, "invitations", invitations, "took", time.Since(began).Round(time.Millisecond))
		}
	}
	fold()
	every(ctx, 10*time.Minute, fold)
}

func every(ctx context.Context, wait time.Duration, do func()) {
	ticker := time.NewTicker(wait)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}
