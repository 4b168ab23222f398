package privatepg

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"roster/internal/suite"
)

// childDir names the directory on which this program, started again by a test, is to be a Roster.
const childDir = "PRIVATEPG_TEST_CHILD"

func TestMain(m *testing.M) {
	if bin := os.Getenv("ROSTER_PG_BIN"); bin != "" { // the tests are to run on these programs, and on no others that are here
		folders = []string{bin}
		os.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	}
	if want := os.Getenv("ROSTER_TEST_MAJOR"); want != "" {
		if _, version, err := Find(""); err != nil || strconv.Itoa(version) != want {
			fmt.Fprintf(os.Stderr, "the tests were to run on PostgreSQL %s, and this is %d, %v\n", want, version, err)
			os.Exit(1)
		}
	}
	if dir := os.Getenv(childDir); dir != "" {
		if err := beRoster(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	os.RemoveAll(templateDir)
	os.Exit(code)
}

// templateDir holds an empty database once makeTemplate was called. To copy it is much cheaper than to
// make another.
var templateDir string

var makeTemplate = sync.OnceValue(func() (err error) {
	// Asked for again, because go test remembers results by the variables that were read while tests ran.
	os.Getenv("ROSTER_PG_BIN")
	os.Getenv("ROSTER_TEST_MAJOR")
	if templateDir, err = os.MkdirTemp("", "roster-privatepg-"); err != nil {
		return err
	}
	s, err := Start(context.Background(), Options{Dir: templateDir, Fast: true})
	if err != nil {
		return err
	}
	return s.Stop()
})

// newDatabase makes a directory for one Roster, with an empty database in it.
func newDatabase(t *testing.T) string {
	t.Helper()
	must(t, makeTemplate())
	dir := newDir(t)
	must(t, exec.Command("cp", "-Rp", filepath.Join(templateDir, "postgres"), dir).Run())
	return dir
}

// beRoster runs a server until it is interrupted or its standard input ends. After an interrupt it
// still uses the server once, as Roster does for the requests it finishes.
func beRoster(dir string) error {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	closed := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		closed <- err
	}()

	s, err := Start(context.Background(), Options{Dir: dir, Fast: true})
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(hello{URL: s.URL(s.Superuser(), "postgres"), PID: s.process.cmd.Process.Pid, Data: s.Data}); err != nil {
		return err
	}
	select {
	case <-interrupted:
		conn, err := pgconn.Connect(context.Background(), s.URL(s.Superuser(), "postgres"))
		if err != nil {
			return err
		}
		if err := conn.Close(context.Background()); err != nil {
			return err
		}
	case err := <-closed:
		if err != nil {
			return err
		}
	}
	return s.Stop()
}

// hello is what a child says about its server.
type hello struct {
	URL  string
	PID  int
	Data string
}

// A child is a Roster in a process of its own.
type child struct {
	hello
	cmd   *exec.Cmd
	stdin io.Closer
	said  *bufio.Reader
}

// startChild starts this program again as a Roster. as may be nil.
func startChild(t *testing.T, program, dir string, as *syscall.Credential) *child {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as}
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return &child{cmd: cmd, stdin: stdin, said: bufio.NewReader(stdout)}
}

// listen waits until the child's server is up.
func (c *child) listen(t *testing.T) {
	t.Helper()
	line, err := c.said.ReadBytes('\n')
	if err != nil {
		t.Fatalf("child did not start a server: %v", err)
	}
	must(t, json.Unmarshal(line, &c.hello))
}

// self is the path of this program.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	must(t, err)
	return path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newDir makes a directory for one Roster: closed to others, as a careful operator makes it.
func newDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "roster-privatepg-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return dir
}

// newServer starts a server that is stopped when the test ends.
func newServer(t testing.TB, dir string) *Server {
	t.Helper()
	s, err := Start(context.Background(), Options{Dir: dir, Fast: true})
	must(t, err)
	t.Cleanup(func() { s.Stop() })
	return s
}

// refused starts a server that must not start, and returns why not.
func refused(t *testing.T, o Options) error {
	t.Helper()
	s, err := Start(context.Background(), o)
	if err == nil {
		s.Stop()
		t.Fatal("server started, want an error")
	}
	return err
}

// query runs SQL as the superuser and returns the first value of the answer.
func query(t testing.TB, address, sql string) string {
	t.Helper()
	value, err := tryQuery(address, sql)
	must(t, err)
	return value
}

func tryQuery(address, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	conn, err := pgconn.Connect(ctx, address)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	last := results[len(results)-1]
	if len(last.Rows) == 0 {
		return "", nil
	}
	return string(last.Rows[0][0]), nil
}

func (s *Server) query(t testing.TB, sql string) string {
	t.Helper()
	return query(t, s.URL(s.Superuser(), "postgres"), sql)
}

// eventually waits for something that another process does.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	suite.Until(t, what, happened)
}

// free says whether no process of a server is left on the data.
func free(t *testing.T, data string) bool {
	t.Helper()
	lock, err := tryLock(data + ".server.lock")
	if errors.Is(err, errLocked) {
		return false
	}
	must(t, err)
	must(t, lock.Close())
	return true
}

func TestDataOutliveStop(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := newServer(t, dir)
	s.query(t, "CREATE TABLE kept AS SELECT 'Ann' AS name")
	must(t, s.Stop())
	must(t, s.Stop())
	if !free(t, s.Data) {
		t.Error("a process of the server is left after Stop")
	}

	again := newServer(t, dir)
	if got := again.query(t, "SELECT name FROM kept"); got != "Ann" {
		t.Errorf("got %q after the second start, want Ann", got)
	}
	if want := filepath.Join(dir, "postgres"); again.Data != want {
		t.Errorf("data are in %s, want %s", again.Data, want)
	}
}

// The server cannot be reached but through a directory that is closed to others, and by default it
// loses nothing that was committed.
func TestSettings(t *testing.T) {
	t.Parallel()
	s, err := Start(context.Background(), Options{Dir: newDir(t), Parameters: map[string]string{"max_connections": "7"}})
	must(t, err)
	t.Cleanup(func() { s.Stop() })

	for name, want := range map[string]string{
		"listen_addresses":                  "",
		"log_parameter_max_length":          "0", // I90
		"log_parameter_max_length_on_error": "0", // I90
		"fsync":                             "on",
		"full_page_writes":                  "on",
		"synchronous_commit":                "on",
		"data_checksums":                    "on",
		"server_encoding":                   "UTF8",
		"max_connections":                   "7",
	} {
		if got := s.query(t, "SELECT current_setting('"+name+"')"); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := s.query(t, "SELECT datcollate FROM pg_database WHERE datname = current_database()"); got != "C" {
		t.Errorf("text is compared by the rules of %q, want those of C", got)
	}
	if got := s.query(t, "SELECT 'Ж' ~ '[[:alpha:]]'"); got != "t" {
		t.Error("the database does not know letters beyond the English ones")
	}
	info, err := os.Stat(s.sockets)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("directory of the socket has mode %v, want 0700", info.Mode())
	}
}

// What people typed must not get into the log by way of an error message.
func TestLogRepeatsNoValues(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	s := newServer(t, dir)
	_, err := tryQuery(s.URL(s.Superuser(), "postgres"), "CREATE TABLE people (email text PRIMARY KEY); INSERT INTO people VALUES ('ann@acme.example'), ('ann@acme.example')")
	if err == nil {
		t.Fatal("the constraint is missing")
	}
	must(t, s.Stop())
	text, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
	must(t, err)
	if !bytes.Contains(text, []byte("people_pkey")) || bytes.Contains(text, []byte("acme.example")) {
		t.Errorf("log must name the constraint and no value:\n%s", text)
	}
}

func TestURLEscapes(t *testing.T) {
	s := &Server{sockets: "/a dir/with?odd&signs=%41+1"}
	config, err := pgconn.ParseConfig(s.URL("Ann/Ben@x", "one two?"))
	must(t, err)
	if config.Host != s.sockets || config.Port != 5432 || config.User != "Ann/Ben@x" || config.Database != "one two?" {
		t.Errorf("URL reads as host %q port %d role %q database %q", config.Host, config.Port, config.User, config.Database)
	}
	if _, err := url.Parse(s.URL("a", "b")); err != nil {
		t.Error(err)
	}
}

func TestSecondRosterIsRefused(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	first := startChild(t, self(t), dir, nil)
	first.listen(t)

	err := refused(t, Options{Dir: dir})
	if !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
	if strings.ContainsAny(err.Error(), "\n") || strings.Contains(ErrInUse.Error(), ". ") {
		t.Errorf("%q is not one sentence", err)
	}
	if got := query(t, first.URL, "SELECT 'alive'"); got != "alive" {
		t.Error("the first one's server has suffered")
	}

	borrowed, err := Borrow(t.Context(), Options{Dir: dir})
	must(t, err)
	if got := borrowed.query(t, "SELECT 'lent'"); got != "lent" {
		t.Error("a command beside it cannot use the server")
	}
	must(t, borrowed.Stop())
	if got := query(t, first.URL, "SELECT 'alive'"); got != "alive" {
		t.Error("giving the borrowed server back has stopped it")
	}
}

func TestServerEndsWithKilledRoster(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	roster := startChild(t, self(t), dir, nil)
	roster.listen(t)
	query(t, roster.URL, "CREATE TABLE kept AS SELECT 'Ann' AS name")

	must(t, roster.cmd.Process.Kill())
	eventually(t, "the server ends", func() bool { return free(t, roster.Data) })

	if got := newServer(t, dir).query(t, "SELECT name FROM kept"); got != "Ann" {
		t.Errorf("got %q after kill -9, want Ann", got)
	}
}

// Whoever starts Roster again at once does not meet the server that is still stopping.
func TestStartRightAfterKill(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	roster := startChild(t, self(t), dir, nil)
	roster.listen(t)
	query(t, roster.URL, "CREATE TABLE kept AS SELECT 'Ann' AS name")

	must(t, roster.cmd.Process.Kill())
	must(t, ignoreKilled(roster.cmd.Wait()))
	if got := newServer(t, dir).query(t, "SELECT name FROM kept"); got != "Ann" {
		t.Errorf("got %q after kill -9, want Ann", got)
	}
}

func ignoreKilled(err error) error {
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return nil
	}
	return err
}

// A server whose watchdog was killed too is stopped by the next Roster.
func TestOrphanIsStopped(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	orphan := newServer(t, dir)
	orphan.query(t, "CREATE TABLE kept AS SELECT 'Ann' AS name")
	must(t, orphan.lock.Close()) // as if its Roster were gone, and nobody had told the server

	s := newServer(t, dir)
	if got := s.query(t, "SELECT name FROM kept"); got != "Ann" {
		t.Errorf("got %q, want Ann", got)
	}
	select {
	case <-orphan.Done():
	default:
		t.Error("the orphan is still running")
	}
}

// A server that was killed leaves other processes of its own for a moment, and its files.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	s := newServer(t, dir)
	busy := make(chan error, 1)
	go func() {
		_, err := tryQuery(s.URL(s.Superuser(), "postgres"), "SELECT pg_sleep(15)")
		busy <- err
	}()
	eventually(t, "a connection is busy", func() bool {
		return s.query(t, "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(15)' AND state = 'active'") == "1"
	})

	must(t, s.process.cmd.Process.Kill())
	<-s.Done()
	if err := s.Stop(); err == nil {
		t.Error("Stop does not tell that the server was killed")
	}
	again := newServer(t, dir)
	if got := again.query(t, "SELECT 'up'"); got != "up" {
		t.Error("the directory cannot be opened again")
	}
	if <-busy == nil {
		t.Error("the killed server still answered")
	}
}

func TestEndOfServerIsLogged(t *testing.T) {
	t.Parallel()
	lines := make(chan string, 10)
	s, err := Start(context.Background(), Options{Dir: newDatabase(t), Fast: true, Log: slog.New(slog.NewTextHandler(lineWriter(lines), nil))})
	must(t, err)
	t.Cleanup(func() { s.Stop() })
	must(t, s.process.cmd.Process.Signal(syscall.SIGINT))
	select {
	case line := <-lines:
		if !strings.Contains(line, "private PostgreSQL has ended by itself") {
			t.Errorf("logged %q", line)
		}
	case <-suite.Late(t):
		t.Error("nothing was logged")
	}
}

type lineWriter chan string

func (w lineWriter) Write(p []byte) (int, error) {
	w <- string(p)
	return len(p), nil
}

// A terminal sends Ctrl-C to every process of the group. Roster must find its server alive.
func TestInterruptOfGroupSparesServer(t *testing.T) {
	t.Parallel()
	roster := startChild(t, self(t), newDatabase(t), nil)
	roster.listen(t)

	group, err := syscall.Getpgid(roster.PID)
	must(t, err)
	if group != roster.PID || group == roster.cmd.Process.Pid {
		t.Errorf("server is in process group %d, want one of its own", group)
	}
	must(t, syscall.Kill(-roster.cmd.Process.Pid, syscall.SIGINT))
	if err := roster.cmd.Wait(); err != nil {
		t.Errorf("Roster could not use its server after the interrupt, or not stop it: %v", err)
	}
	if !free(t, roster.Data) {
		t.Error("the server has outlived Roster")
	}
}

// The number in postmaster.pid may be another process's by now. PostgreSQL itself would not start.
func TestStalePIDFile(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	s := newServer(t, dir)
	must(t, s.Stop())
	account := s.place.account

	other := exec.Command("cat")
	other.Dir = "/"
	other.SysProcAttr = &syscall.SysProcAttr{Credential: account.credential()}
	stdin, err := other.StdinPipe()
	must(t, err)
	must(t, other.Start())
	t.Cleanup(func() { stdin.Close(); other.Wait() })

	pidFile := filepath.Join(s.Data, "postmaster.pid")
	for name, text := range map[string]string{
		"OtherProcess": fmt.Sprintf("%d\n%s\n1\n5432\n%s\n\n 1 1\nready\n", other.Process.Pid, s.Data, s.sockets),
		"Empty":        "",
		"Nonsense":     "\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := account.socketDirectory(dir); err != nil {
				t.Fatal(err)
			}
			socketLock := filepath.Join(s.sockets, socketName+".lock")
			for _, path := range []string{pidFile, socketLock} {
				must(t, os.WriteFile(path, []byte(text), 0o600))
				must(t, account.own(path))
			}
			must(t, newServer(t, dir).Stop())
		})
	}
}

// Somebody who looks into the database by hand is not disturbed.
func TestServerStartedByHandIsRespected(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	s := newServer(t, dir)
	must(t, s.Stop())
	sockets, err := s.place.account.socketDirectory(dir)
	must(t, err)

	byHand := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.Data, "-k", sockets, "-c", "listen_addresses=")
	byHand.Dir = "/"
	byHand.SysProcAttr = &syscall.SysProcAttr{Credential: s.place.account.credential()}
	must(t, byHand.Start())
	t.Cleanup(func() { byHand.Process.Signal(syscall.SIGINT); byHand.Wait() })
	eventually(t, "the server started by hand answers", func() bool {
		_, err := tryQuery(s.URL(s.Superuser(), "postgres"), "SELECT 1")
		return err == nil
	})

	if err := refused(t, Options{Dir: dir}); !strings.Contains(err.Error(), fmt.Sprintf("that Roster did not start (process %d)", byHand.Process.Pid)) {
		t.Errorf("got %q", err)
	}
	if got := s.query(t, "SELECT 'alive'"); got != "alive" {
		t.Error("the server started by hand has suffered")
	}
}

// A path of more than 107 bytes cannot be a socket's.
func TestLongPath(t *testing.T) {
	t.Parallel()
	top := newDir(t)
	dir := top
	for _, name := range []string{"long-", "path-"} {
		must(t, os.Chmod(dir, 0o711))
		dir = filepath.Join(dir, strings.Repeat(name, 10))
		must(t, os.Mkdir(dir, 0o711))
	}
	must(t, os.Chmod(dir, 0o711)) // whatever the umask is
	dir = filepath.Join(dir, "var")
	s := newServer(t, dir)
	if s.query(t, "SELECT 'up'") != "up" {
		t.Error("no answer")
	}
	if !strings.HasPrefix(s.sockets, "/tmp/roster-") {
		t.Errorf("socket is in %s", s.sockets)
	}
	info, err := os.Lstat(s.sockets)
	must(t, err)
	if uid, _ := owner(info); info.Mode() != os.ModeDir|0o700 || uid != s.place.account.uid {
		t.Errorf("directory of the socket has mode %v and owner %d", info.Mode(), uid)
	}
	if s.Data != filepath.Join(dir, "postgres") {
		t.Errorf("data are in %s", s.Data)
	}
	must(t, s.Stop())
	if _, err := os.Lstat(s.sockets); !errors.Is(err, os.ErrNotExist) {
		t.Error("directory of the socket is left behind")
	}

	// Others can foresee the name.
	for name, put := range map[string]func() error{
		"OpenDirectory": func() error {
			if err := os.Mkdir(s.sockets, 0o700); err != nil {
				return err
			}
			return os.Chmod(s.sockets, 0o777)
		},
		"Link": func() error { return os.Symlink(top, s.sockets) },
		"File": func() error { return os.WriteFile(s.sockets, nil, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			must(t, put())
			t.Cleanup(func() { os.Remove(s.sockets) })
			if err := refused(t, Options{Dir: dir}); !strings.Contains(err.Error(), "must be a directory that only the account") {
				t.Errorf("got %q", err)
			}
		})
	}
	must(t, newServer(t, dir).Stop())
}

// A repository in a home that is closed to others: of root, the database goes where its account gets.
func TestClosedHome(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), "repository", "var")
	var log bytes.Buffer
	start := func() *Server {
		log.Reset()
		s, err := Start(context.Background(), Options{Dir: dir, Fast: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, err)
		t.Cleanup(func() {
			s.Stop()
			if home := filepath.Dir(s.Data); filepath.Dir(home) == elsewhere {
				must(t, os.RemoveAll(home))
				os.Remove(elsewhere) // if nothing else is in it
			}
		})
		return s
	}

	s := start()
	s.query(t, "CREATE TABLE kept AS SELECT 'Ann' AS name")
	said := log.String()
	must(t, s.Stop())
	if os.Geteuid() == 0 {
		if !strings.HasPrefix(s.Data, elsewhere+"/") || !strings.Contains(said, s.Data) {
			t.Errorf("data are in %s, and the log says %q", s.Data, said)
		}
		if target, err := os.Readlink(filepath.Join(dir, "postgres")); err != nil || target != s.Data {
			t.Errorf("link leads to %q (%v), want %q", target, err, s.Data)
		}
	} else if s.Data != filepath.Join(dir, "postgres") || said != "" {
		t.Errorf("data are in %s, and the log says %q", s.Data, said)
	}

	again := start()
	if got := again.query(t, "SELECT name FROM kept"); got != "Ann" {
		t.Errorf("got %q after the second start, want Ann", got)
	}
	must(t, again.Stop())

	// Without the directory all is forgotten.
	must(t, os.RemoveAll(dir))
	anew := start()
	if got := anew.query(t, "SELECT to_regclass('kept') IS NULL"); got != "t" {
		t.Error("a new directory shows an old database")
	}
	must(t, anew.Stop())

	// A link that leads nowhere is not taken for a new beginning.
	gone := filepath.Join(dir, "gone", "postgres")
	must(t, os.RemoveAll(filepath.Join(dir, "postgres")))
	must(t, os.Symlink(gone, filepath.Join(dir, "postgres")))
	if err := refused(t, Options{Dir: dir}); !strings.Contains(err.Error(), "bring it back, or remove the link") {
		t.Errorf("got %q", err)
	}
}

// A home that is closed after the database was made must not lead to an empty one elsewhere.
func TestHomeClosedLater(t *testing.T) {
	t.Parallel()
	home := newDir(t)
	must(t, os.Chmod(home, 0o755))
	dir := filepath.Join(home, "var")
	must(t, newServer(t, dir).Stop())
	must(t, os.Chmod(home, 0o700))

	if os.Geteuid() == 0 {
		if err := refused(t, Options{Dir: dir}); !strings.Contains(err.Error(), "cannot reach the database") {
			t.Errorf("got %q", err)
		}
		return
	}
	must(t, newServer(t, dir).Stop())
}

// As root the server runs as another account, and an ordinary user runs it alone.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	program, as, uid := self(t), (*syscall.Credential)(nil), os.Geteuid()
	if uid == 0 {
		const nobody = 65534
		as, uid = &syscall.Credential{Uid: nobody, Gid: nobody}, nobody
		// The test program itself is in a directory of root's.
		text, err := os.ReadFile(program)
		must(t, err)
		program = filepath.Join(dir, "test")
		must(t, os.WriteFile(program, text, 0o755))
		must(t, os.Chmod(program, 0o755)) // whatever the umask is
		must(t, os.Chown(dir, nobody, nobody))
	}

	for _, sql := range []string{"CREATE TABLE kept AS SELECT 'Ann' AS name; SELECT name FROM kept", "SELECT name FROM kept"} {
		roster := startChild(t, program, filepath.Join(dir, "var"), as)
		roster.listen(t)
		if got := query(t, roster.URL, sql); got != "Ann" {
			t.Errorf("got %q, want Ann", got)
		}
		info, err := os.Stat(roster.Data)
		must(t, err)
		if got, _ := owner(info); got != uid || info.Mode().Perm() != 0o700 {
			t.Errorf("database belongs to %d with mode %v, want %d and 0700", got, info.Mode(), uid)
		}
		must(t, roster.stdin.Close())
		if err := roster.cmd.Wait(); err != nil {
			t.Errorf("Roster ended badly: %v", err)
		}
	}

	// “sudo” once does not take the database from its owner.
	s := newServer(t, filepath.Join(dir, "var"))
	if s.place.account.uid != uid {
		t.Errorf("the database of %d is run by %d", uid, s.place.account.uid)
	}
}

// Root may bring the database back from a backup.
func TestDatabaseOfRootIsAdopted(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	s := newServer(t, dir)
	s.query(t, "CREATE TABLE kept AS SELECT 'Ann' AS name")
	must(t, s.Stop())
	must(t, filepath.WalkDir(s.Data, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, os.Geteuid(), os.Getegid())
	}))
	if got := newServer(t, dir).query(t, "SELECT name FROM kept"); got != "Ann" {
		t.Errorf("got %q, want Ann", got)
	}
}

// initdbAtWork says whether a database is being made in dir.
func initdbAtWork(t *testing.T, dir string) bool {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "postgres.new-*", "PG_VERSION"))
	must(t, err)
	return len(found) > 0
}

func TestInterruptedCreation(t *testing.T) {
	t.Parallel()
	dir := newDir(t)

	t.Run("Cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		started := make(chan error, 1)
		go func() {
			_, err := Start(ctx, Options{Dir: dir})
			started <- err
		}()
		eventually(t, "initdb is at work", func() bool { return initdbAtWork(t, dir) })
		cancel()
		if err := <-started; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
	t.Run("Killed", func(t *testing.T) {
		roster := startChild(t, self(t), dir, nil)
		eventually(t, "initdb is at work", func() bool { return initdbAtWork(t, dir) })
		must(t, roster.cmd.Process.Kill())
		must(t, ignoreKilled(roster.cmd.Wait()))
	})
	t.Run("PowerLost", func(t *testing.T) {
		must(t, os.MkdirAll(filepath.Join(dir, "postgres.new-1", "base"), 0o700))
	})

	s := newServer(t, dir)
	if s.query(t, "SELECT 'up'") != "up" {
		t.Error("no answer")
	}
	if left, err := filepath.Glob(filepath.Join(dir, "postgres.new-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestStartCancelled(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	must(t, newServer(t, dir).Stop())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Start(ctx, Options{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	must(t, newServer(t, dir).Stop())
}

func TestFailureQuotesLog(t *testing.T) {
	t.Parallel()
	err := refused(t, Options{Dir: newDatabase(t), Fast: true, Parameters: map[string]string{"shared_buffers": "plenty"}})
	if !strings.Contains(err.Error(), `invalid value for parameter "shared_buffers": "plenty"`) {
		t.Errorf("got %q", err)
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	file := filepath.Join(dir, "postgres", "letters.txt")
	must(t, os.Mkdir(filepath.Dir(file), 0o700))
	must(t, os.WriteFile(file, []byte("kept"), 0o600))
	if err := refused(t, Options{Dir: dir}); !strings.Contains(err.Error(), "is not a PostgreSQL database") {
		t.Errorf("got %q", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

// A program that is just being started has the files of the one that starts it, the lock's too, until it has become another.
func TestStoppedServerIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, newDatabase(t))
	started, err := syscall.Dup(int(s.lock.Fd()))
	must(t, err)
	defer syscall.Close(started)
	must(t, s.Stop())
	lock, err := tryLock(s.place.beside(".lock"))
	must(t, err)
	lock.Close()
}

func TestOtherMajorVersion(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	s := newServer(t, dir)
	must(t, s.Stop())
	must(t, os.WriteFile(filepath.Join(s.Data, "PG_VERSION"), []byte("14\n"), 0o600))
	err := refused(t, Options{Dir: dir})
	if !strings.Contains(err.Error(), "was made by PostgreSQL 14") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %q", err)
	}
}

// The version that made the database runs it, though a newer one is there.
func TestVersionOfDatabaseIsChosen(t *testing.T) {
	t.Parallel()
	found := []installation{{"/new", 17}, {"/old", 15}}
	for _, test := range []struct{ made, dir string }{{"", "/new"}, {"15\n", "/old"}, {"17\n", "/new"}} {
		s := &Server{Data: t.TempDir()}
		if test.made != "" {
			must(t, os.WriteFile(filepath.Join(s.Data, "PG_VERSION"), []byte(test.made), 0o600))
		}
		must(t, s.choose(found))
		if s.bin != test.dir {
			t.Errorf("a database made by %q is run from %s, want %s", test.made, s.bin, test.dir)
		}
	}
}

func TestLongLogIsBegunAnew(t *testing.T) {
	t.Parallel()
	dir := newDatabase(t)
	path := filepath.Join(dir, "postgres.log")
	must(t, os.WriteFile(path, make([]byte, maxLog+1), 0o600))
	must(t, newServer(t, dir).Stop())
	info, err := os.Stat(path)
	must(t, err)
	if info.Size() == 0 || info.Size() > 1<<20 {
		t.Errorf("log has %d bytes", info.Size())
	}
}

func BenchmarkFirstStart(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		dir := newDir(b)
		b.StartTimer()
		s, err := Start(context.Background(), Options{Dir: dir})
		must(b, err)
		b.StopTimer()
		must(b, s.Stop())
		b.StartTimer()
	}
}

func BenchmarkLaterStart(b *testing.B) {
	dir := newDir(b)
	must(b, newServer(b, dir).Stop())
	for b.Loop() {
		s, err := Start(context.Background(), Options{Dir: dir})
		must(b, err)
		b.StopTimer()
		must(b, s.Stop())
		b.StartTimer()
	}
}

func BenchmarkStop(b *testing.B) {
	dir := newDir(b)
	for b.Loop() {
		b.StopTimer()
		s, err := Start(context.Background(), Options{Dir: dir})
		must(b, err)
		b.StartTimer()
		must(b, s.Stop())
	}
}
