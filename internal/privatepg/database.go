package privatepg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// choose takes the newest installed version, or the one that made the database if there is one already:
// a newer PostgreSQL on the machine must not lock anybody out.
func (s *Server) choose(found []installation) error {
	s.bin, s.Version = found[0].dir, found[0].version

	text, err := os.ReadFile(filepath.Join(s.Data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read version of database: %w", err)
	}
	made := strings.TrimSpace(string(text))
	for _, i := range found {
		if strconv.Itoa(i.version) == made {
			s.bin, s.Version = i.dir, i.version
			return nil
		}
	}
	return fmt.Errorf("the database in %s was made by PostgreSQL %s, and the newest one found here is %d: install PostgreSQL %s beside it, or choose another directory with ROSTER_DATA", s.Data, made, s.Version, made)
}

// create makes the database, if there is none, under a temporary name and renames it when it is whole:
// whatever interrupts it, the next start finds nothing or a database.
func (s *Server) create(ctx context.Context, serverLock *os.File, fast bool) error {
	const unfinished = ".new-"
	account := s.place.account

	home, name := filepath.Split(s.Data)
	entries, err := os.ReadDir(home)
	if err != nil {
		return fmt.Errorf("look for database: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), name+unfinished) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(home, entry.Name())); err != nil {
			return fmt.Errorf("remove unfinished database: %w", err)
		}
	}
	switch _, err := os.Stat(filepath.Join(s.Data, "PG_VERSION")); {
	case err == nil:
		return account.adopt(s.Data)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look for database: %w", err)
	}
	if entries, err := os.ReadDir(s.Data); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not a PostgreSQL database: move it away, or choose another directory with ROSTER_DATA", s.Data)
	}

	temporary, err := os.MkdirTemp(home, name+unfinished)
	if err != nil {
		return fmt.Errorf("make directory of database: %w", err)
	}
	if err := account.own(temporary); err != nil {
		return fmt.Errorf("make directory of database: %w", err)
	}
	// Text is compared by its bytes, so that no update of the system's C library can break an index.
	// The character type knows all letters: pg_trgm would otherwise pass over all but the English ones.
	letters := "C.UTF-8"
	if runtime.GOOS == "darwin" {
		letters = "en_US.UTF-8"
	}
	args := []string{
		filepath.Join(s.bin, "initdb"), "--pgdata=" + temporary, "--username=" + superuser, "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--lc-ctype=" + letters, "--data-checksums", "--no-instructions",
	}
	if fast {
		args = append(args, "--no-sync")
	}
	p, err := account.start(s.logFile, serverLock, args...)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		p.cmd.Process.Signal(syscall.SIGINT)
		<-p.done
		os.RemoveAll(temporary)
		return context.Cause(ctx)
	}
	if p.err != nil {
		os.RemoveAll(temporary)
		return fmt.Errorf("make database: %w; %s", p.err, s.lastWords())
	}
	if err := os.Rename(temporary, s.Data); err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	if fast {
		return nil
	}
	return syncDirectory(home)
}

// syncDirectory makes a rename inside it outlive a power cut.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("write directory to disk: %w", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("write directory to disk: %w", err)
	}
	return nil
}
