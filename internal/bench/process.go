package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// public is the address that the measured servers believe to have: they run as in production, behind a proxy.
const public = "roster.example"

// process is a server that is measured: Roster, or the ceiling.
type process struct {
	name    string
	cmd     *exec.Cmd
	address string // host:port
	log     *os.File
	exited  chan struct{}
}

// place is where a server finds its database: through the server's own socket, or through a proxy's.
type place struct{ app, auth, worker string }

func (b *bench) at(database string) place {
	return place{b.worlds.URL("roster_app", database), b.worlds.URL("roster_auth", database), b.worlds.URL("roster_worker", database)}
}

// The programs that are measured.
const (
	rosterProgram  = "roster"
	ceilingProgram = "ceiling"
)

// launch starts a server, and does not wait for it. Roster runs as in production, with a mail server that is
// never asked: the queue of letters is paused.
func (b *bench) launch(program string, at place) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(b.dir, program+".log"))
	if err != nil {
		return nil, err
	}
	p := &process{name: program, address: address, log: log, exited: make(chan struct{})}
	if program == ceilingProgram {
		p.cmd = exec.Command(filepath.Join(b.bin, program), "-listen", address, "-app", at.app, "-auth", at.auth)
	} else {
		p.cmd = exec.Command(filepath.Join(b.bin, program), "serve")
		p.cmd.Env = []string{"ROSTER_LISTEN=" + address, "ROSTER_URL=https://" + public, "ROSTER_KEY=" + b.key, "ROSTER_DATA=" + filepath.Join(b.dir, "data"),
			"ROSTER_SMTP_URL=smtp://127.0.0.1:9", "ROSTER_MAIL_FROM=Roster <roster@" + public + ">",
			"ROSTER_DATABASE_URL=" + at.app, "ROSTER_AUTH_DATABASE_URL=" + at.auth, "ROSTER_WORKER_DATABASE_URL=" + at.worker}
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches this program, which then ends them
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	b.started = append(b.started, p)
	go func() {
		_ = p.cmd.Wait() // how it ended is of no interest: who waits for an answer gets none
		close(p.exited)
	}()
	return p, nil
}

// serve starts a server and waits for its first answer.
func (b *bench) serve(ctx context.Context, program string, at place) (*process, error) {
	p, err := b.launch(program, at)
	if err != nil {
		return nil, err
	}
	if err := p.answers(ctx); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// answers waits for the first answer, looking often: how long that takes is one of the figures.
func (p *process) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/login", nil)
		if err != nil {
			return err
		}
		request.Host = public
		response, err := http.DefaultTransport.RoundTrip(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("status %d", response.StatusCode)
		}
		select {
		case <-p.exited:
			said, _ := os.ReadFile(p.log.Name())
			return fmt.Errorf("%s did not start: %s", p.name, said)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", p.name, err)
		case <-time.After(250 * time.Microsecond):
		}
	}
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill() // it keeps nothing that is not in the database
	<-p.exited
	p.log.Close()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// tick is how the kernel counts time that was worked: in hundredths of a second.
const tick = time.Second / 100

// proc is a process as the kernel tells of it.
type proc struct {
	pid, parent int
	title       string
	own         time.Duration // worked so far
	ended       time.Duration // worked by children that ended
}

func procs() ([]proc, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var all []proc
	for _, entry := range entries {
		p := proc{}
		if p.pid, err = strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue // it has ended
		}
		title, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		if err != nil {
			continue
		}
		p.title = strings.ReplaceAll(string(title), "\x00", " ")
		fields := statFields(string(text))
		if len(fields) < 15 {
			return nil, fmt.Errorf("read /proc/%d/stat: %q", p.pid, text)
		}
		var numbers [5]int // the parent, then utime, stime and both of the children that were waited for
		for i, field := range append(fields[1:2:2], fields[11:15]...) {
			if numbers[i], err = strconv.Atoi(field); err != nil {
				return nil, err
			}
		}
		p.parent, p.own, p.ended = numbers[0], time.Duration(numbers[1]+numbers[2])*tick, time.Duration(numbers[3]+numbers[4])*tick
		all = append(all, p)
	}
	return all, nil
}

// worked is how long processes have worked so far, with those that descend from them, ended ones included.
func worked(roots ...int) (time.Duration, error) {
	all, err := procs()
	if err != nil {
		return 0, err
	}
	parents := map[int]int{}
	for _, p := range all {
		parents[p.pid] = p.parent
	}
	var total time.Duration
	for _, p := range all {
		for at := p.pid; at > 1; at = parents[at] {
			if slices.Contains(roots, at) {
				total += p.own + p.ended
				break
			}
		}
	}
	return total, nil
}

// statFields are those of /proc/PID/stat from the third on: the second is a name in parentheses that may hold
// anything.
func statFields(text string) []string {
	return strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
}

// memory is what a process keeps in memory, in megabytes: now ("VmRSS") or at most so far ("VmHWM").
func (p *process) memory(which string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, which+":"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s of process %d", which, p.cmd.Process.Pid)
}
