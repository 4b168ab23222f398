package privatepg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// leash starts a program whose process number is its own ($$), and before it a watchdog in the
// background, so that there is no moment without one.
//
// The watchdog reads descriptor 3, the pipe. A line means that the program has ended and the number may
// be another's by now. The end of the pipe means that Roster is gone: the program is asked to stop
// (SIGINT: a fast shutdown), again and again in case it was too young to listen, and after 30 seconds
// told to stop at once (SIGQUIT). The watchdog has two parents to be rid of, for PostgreSQL takes an
// unknown child's end for a crash. It lets go of descriptor 4, the server's lock.
const leash = `
( {
	read -r line <&3 && exit
	n=0
	while [ $n -lt 300 ]; do
		kill -s INT $$ || exit
		n=$((n+1))
		sleep 0.1 || sleep 1
	done
	kill -s QUIT $$
} 4<&- >/dev/null 2>&1 & )
exec "$@" 3<&- </dev/null`

// A process is a program of PostgreSQL's that does not outlive this one.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the program has ended
	err  error         // why it ended badly; to be read when done is closed
}

// start runs a program as the account, on a leash, in a session of its own. It inherits lock, and what
// it says goes to log. It gets none of Roster's environment, which holds keys and addresses.
func (a account) start(log, lock *os.File, program ...string) (*process, error) {
	watched, leashEnd, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", program[0], err)
	}
	defer watched.Close()

	cmd := exec.Command("/bin/sh", append([]string{"-c", leash, "roster-postgres"}, program...)...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{watched, lock}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: a.credential()}
	if err := cmd.Start(); err != nil {
		leashEnd.Close()
		return nil, fmt.Errorf("start %s: %w", program[0], err)
	}

	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		leashEnd.WriteString("\n") // the watchdog may be gone, and then needs no telling
		leashEnd.Close()
		close(p.done)
	}()
	return p, nil
}

var errLocked = errors.New("locked by another process")

// tryLock takes the lock on a file. The kernel gives it back when the last process that has the file
// open, by inheritance too, has ended, however it ended. The file itself stays: whoever removed it
// could let two hold “the” lock.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock database: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errLocked
	}
	return nil, fmt.Errorf("lock database: %w", err)
}
