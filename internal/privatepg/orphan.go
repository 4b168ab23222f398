package privatepg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endOrphan stops a server whose Roster is gone, and returns the lock that proves that none runs.
// Mostly the watchdog has asked it to stop already and this only waits.
func (s *Server) endOrphan(ctx context.Context) (*os.File, error) {
	var asked time.Time
	for began := time.Now(); ; {
		lock, err := tryLock(s.place.beside(".server.lock"))
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		if time.Since(asked) > time.Second {
			if asked.IsZero() {
				s.log.Warn("waiting for the PostgreSQL of an earlier Roster to stop", "data", s.Data)
			}
			asked = time.Now()
			if pid, answers := postmaster(s.Data); answers && time.Since(began) < patience {
				syscall.Kill(pid, syscall.SIGINT)
			} else if answers {
				syscall.Kill(pid, syscall.SIGQUIT)
			}
		}
		if time.Since(began) > 2*patience {
			return nil, fmt.Errorf("the PostgreSQL of an earlier Roster still runs on %s and does not stop", s.Data)
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// postmaster reads which process serves the data directory, and says whether a server answers at the
// socket it names. Only then is the number to be believed: another process may have got it since.
func postmaster(data string) (pid int, answers bool) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	lines := strings.Split(string(text), "\n") // pid, data, start time, port, socket directory, …
	if len(lines) < 5 {
		return 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 1 {
		return 0, false
	}
	conn, err := net.Dial("unix", filepath.Join(lines[4], ".s.PGSQL."+lines[3]))
	if err != nil {
		return pid, false
	}
	conn.Close()
	return pid, true
}

// clear removes what a killed server has left behind. PostgreSQL does so itself, unless the number of
// the dead process belongs to another one by now: then it would refuse to start, for good.
//
// None of Roster's servers is alive here (their lock is free). One that somebody started by hand does
// not hold that lock, and is respected.
func (s *Server) clear() error {
	if pid, answers := postmaster(s.Data); answers {
		return fmt.Errorf("a PostgreSQL that Roster did not start (process %d) is running on %s: stop it first", pid, s.Data)
	}
	socket := filepath.Join(s.sockets, socketName)
	for _, path := range []string{filepath.Join(s.Data, "postmaster.pid"), socket, socket + ".lock"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what a killed PostgreSQL left behind: %w", err)
		}
	}
	return nil
}
