// Package privatepg runs a PostgreSQL server that belongs to one Roster, so that trying Roster out
// (and testing it) needs no database to be set up.
//
// The server listens on a unix socket in a directory that only its own account may enter. That is why
// it asks for no passwords: who can open the socket could read the files as well.
//
// However Roster ends, the server ends with it, and the directory can be opened again:
//
//   - The server runs in a session of its own, so that Ctrl-C reaches Roster only, which finishes its
//     work and then calls [Server.Stop].
//   - A watchdog, a shell that reads a pipe which nobody writes to, asks the server to stop when the
//     pipe breaks. That is the moment when Roster is gone, even by kill -9. (The death signal of Linux
//     would not do: it is sent when the thread that started the server ends, not the process.)
//   - Two locks tell who is alive, and the kernel lets go of them whatever happens. Roster holds
//     postgres.lock. Every process of the server inherits postgres.server.lock, so while it is taken
//     there is a server to wait for, and once it is free whatever postmaster.pid says is old.
package privatepg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrInUse means that a living Roster works on the directory. A second one would only take the
// database from under the first.
var ErrInUse = errors.New("another Roster is running on this data directory: stop it first, or choose another directory with ROSTER_DATA")

const (
	superuser = "postgres"
	port      = "5432"

	// poll is how often a state is looked at again. Somebody waits for the first page.
	poll = 10 * time.Millisecond

	// patience is how long a server may take to write everything down and stop before it is told to
	// stop at once, which costs it a recovery at the next start.
	patience = 30 * time.Second

	// silence is how long a starting server may give no answer at all. One that answers that it is
	// recovering may take as long as it needs.
	silence = 30 * time.Second

	// maxLog is the size from which the log is begun anew at the next start.
	maxLog = 8 << 20
)

// Options say where the server keeps its data and how it behaves.
type Options struct {
	// Dir is Roster's own directory, ./var for instance. The data are in Dir/postgres, the log in
	// Dir/postgres.log.
	Dir string

	// Bin is the folder of the PostgreSQL programs, if they are not to be looked for.
	Bin string

	// Log may be nil.
	Log *slog.Logger

	// Fast does not wait for the disk. A machine that loses power then loses the database: for tests.
	Fast bool

	// Parameters are settings of PostgreSQL that go before the ones made here.
	Parameters map[string]string
}

// Server is a running PostgreSQL server.
type Server struct {
	// Version is the major version, 15 for instance.
	Version int

	// Data is the directory of the database. It is Options.Dir/postgres, or what that points to.
	Data string

	bin     string
	place   place
	sockets string
	log     *slog.Logger
	logFile *os.File
	lock    *os.File // held while this Roster uses the directory
	process *process

	stopping atomic.Bool
	stop     sync.Once
	stopped  error
}

// Start finds PostgreSQL, makes the database if there is none, and returns when the server answers.
// The context ends the starting only; the server runs until [Server.Stop].
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.start(ctx, o); err != nil {
		s.Stop()
		s.release()
		return nil, err
	}
	go s.watch()
	return s, nil
}

// Made tells whether there is a database in Roster's own directory, or something else that Start would look at: without,
// Start makes one.
func Made(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "postgres"))
	return !errors.Is(err, fs.ErrNotExist)
}

// Borrow finds the server that another living Roster runs on the directory, for a command beside it.
// Stop leaves it running.
func Borrow(ctx context.Context, o Options) (*Server, error) {
	s := &Server{log: slog.New(slog.DiscardHandler)}
	var err error
	if s.place, err = findPlace(o.Dir, s.log); err != nil {
		return nil, err
	}
	s.Data = s.place.data
	if s.sockets, err = s.place.account.socketDirectory(filepath.Dir(s.Data)); err != nil {
		return nil, err
	}
	conn, err := pgconn.Connect(ctx, s.URL(superuser, "postgres"))
	if err != nil {
		return nil, fmt.Errorf("connect to the private PostgreSQL of another Roster: %w", err)
	}
	return s, conn.Close(ctx)
}

func (s *Server) start(ctx context.Context, o Options) error {
	found, err := installed(o.Bin)
	if err != nil {
		return err
	}
	if s.place, err = findPlace(o.Dir, s.log); err != nil {
		return err
	}
	s.Data = s.place.data

	if s.lock, err = tryLock(s.place.beside(".lock")); errors.Is(err, errLocked) {
		return fmt.Errorf("%s: %w", s.place.dir, ErrInUse)
	} else if err != nil {
		return err
	}
	serverLock, err := s.endOrphan(ctx)
	if err != nil {
		return err
	}
	defer serverLock.Close() // the server has inherited it by then

	if err := s.choose(found); err != nil {
		return err
	}
	if err := s.openLog(); err != nil {
		return err
	}
	if err := s.create(ctx, serverLock, o.Fast); err != nil {
		return err
	}
	if s.sockets, err = s.place.account.socketDirectory(filepath.Dir(s.Data)); err != nil {
		return err
	}
	if err := s.clear(); err != nil {
		return err
	}
	return s.launch(ctx, serverLock, o)
}

// openLog opens the file that the server's own messages go to.
func (s *Server) openLog() error {
	file, err := os.OpenFile(filepath.Join(s.place.dir, "postgres.log"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log of PostgreSQL: %w", err)
	}
	s.logFile = file
	end, err := file.Seek(0, io.SeekEnd)
	if err == nil && end > maxLog {
		err = file.Truncate(0)
	}
	if err != nil {
		return fmt.Errorf("shorten log of PostgreSQL: %w", err)
	}
	return nil
}

// launch starts the server and waits until it lets somebody in.
func (s *Server) launch(ctx context.Context, serverLock *os.File, o Options) error {
	settings := map[string]string{
		"listen_addresses":        "",
		"port":                    port,
		"unix_socket_directories": `"` + strings.ReplaceAll(s.sockets, `"`, `""`) + `"`,
		"unix_socket_permissions": "0700",
		"cluster_name":            "roster",
		"max_connections":         "100",
		"timezone":                "UTC",
		"jit":                     "off", // compiling costs more than the short queries of pages

		// Nobody copies this server's journal, so it may be brief.
		"wal_level":       "minimal",
		"max_wal_senders": "0",
		"min_wal_size":    "32MB",
		"max_wal_size":    "512MB",

		// The log names what went wrong, but repeats no value: they are people's names and addresses.
		"log_timezone":                      "UTC",
		"log_checkpoints":                   "off",
		"log_error_verbosity":               "terse",
		"log_min_error_statement":           "panic",
		"log_parameter_max_length":          "0",
		"log_parameter_max_length_on_error": "0",
	}
	if o.Fast {
		settings["fsync"] = "off"
		settings["full_page_writes"] = "off"
		settings["synchronous_commit"] = "off"
	}
	maps.Copy(settings, o.Parameters)

	args := []string{filepath.Join(s.bin, "postgres"), "-D", s.Data}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	var err error
	if s.process, err = s.place.account.start(s.logFile, serverLock, args...); err != nil {
		return err
	}
	return s.ready(ctx)
}

// ready waits until a connection works: that, and not a process or a file, is what others need.
func (s *Server) ready(ctx context.Context) error {
	for heard := time.Now(); ; {
		conn, err := pgconn.Connect(ctx, s.URL(superuser, "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		const startingUp = "57P03"
		answer := new(pgconn.PgError)
		switch {
		case errors.As(err, &answer) && answer.Code == startingUp:
			heard = time.Now()
		case errors.As(err, &answer):
			return fmt.Errorf("connect to private PostgreSQL: %w", err)
		case time.Since(heard) > silence:
			return fmt.Errorf("private PostgreSQL does not answer: %w; %s", err, s.lastWords())
		}
		select {
		case <-s.process.done:
			return fmt.Errorf("private PostgreSQL did not come up; %s", s.lastWords())
		default:
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// pause lets a moment pass, unless the context ends first.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(poll):
		return nil
	}
}

// lastWords quotes the end of the server's log, which says why it did not come up.
func (s *Server) lastWords() string {
	const most, lines = 4 << 10, 8
	size, err := s.logFile.Seek(0, io.SeekEnd)
	if err != nil {
		return "its log cannot be read: " + err.Error()
	}
	text := make([]byte, min(size, most))
	if _, err := s.logFile.ReadAt(text, size-int64(len(text))); err != nil {
		return "its log cannot be read: " + err.Error()
	}
	end := strings.Split(strings.TrimSpace(string(text)), "\n")
	end = end[max(0, len(end)-lines):]
	return "the end of " + s.logFile.Name() + " says:\n" + strings.Join(end, "\n")
}

// watch says so when the server ends without having been asked to. It also keeps the server, and with
// it the locks, from being collected as garbage.
func (s *Server) watch() {
	<-s.process.done
	if !s.stopping.Load() {
		s.log.Error("private PostgreSQL has ended by itself", "error", s.process.err, "log", s.logFile.Name())
	}
}

// URL is the address of a database on this server, as a role of it.
func (s *Server) URL(role, database string) string {
	host := strings.ReplaceAll(url.QueryEscape(s.sockets), "+", "%20") // pgx takes a plus for a plus
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database, RawQuery: "host=" + host + "&port=" + port}
	return u.String()
}

// Program is one of PostgreSQL's own programs, of this server's version: "pg_dump" for instance.
func (s *Server) Program(name string) string { return filepath.Join(s.bin, name) }

// Superuser is the role that may do everything, by which the other roles are made.
func (s *Server) Superuser() string {
	return superuser
}

// Done is closed when the server has ended, whether it was asked to or not.
func (s *Server) Done() <-chan struct{} {
	return s.process.done
}

// Stop ends the connections that are open, writes everything down, and returns when the server is
// gone. Calling it again does nothing more. A borrowed server runs on.
func (s *Server) Stop() error {
	if s.process == nil {
		return nil
	}
	s.stop.Do(func() { s.stopped = s.end() })
	return s.stopped
}

func (s *Server) end() error {
	s.stopping.Store(true)
	defer s.release()

	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		// The process may be gone already, and then there is nothing to send to.
		if err := s.process.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop private PostgreSQL: %w", err)
		}
		select {
		case <-s.process.done:
			os.Remove(s.sockets)
			if s.process.err != nil {
				return fmt.Errorf("private PostgreSQL ended badly: %w; %s", s.process.err, s.lastWords())
			}
			return nil
		case <-time.After(patience):
			s.log.Warn("private PostgreSQL does not stop", "signal", signal.String())
		}
	}
	return fmt.Errorf("private PostgreSQL (process %d) does not stop", s.process.cmd.Process.Pid)
}

// release gives the directory free for another Roster.
func (s *Server) release() {
	if s.lock != nil {
		// Said, because a program that is just being started has it until it has become another.
		_ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN) // what cannot be said, closing does
		s.lock.Close()
	}
	if s.logFile != nil {
		s.logFile.Close()
	}
}
