package privatepg

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// elsewhere is where the data go when the server's account cannot reach Roster's own directory.
const elsewhere = "/var/lib/roster"

// A place is where the data are, and the account they belong to.
type place struct {
	dir     string // Roster's own directory
	data    string // the database
	account account
}

// beside names a file or directory next to the database.
func (p place) beside(suffix string) string {
	return p.data + suffix
}

// findPlace decides where the database is and who runs it.
//
// Mostly that is dir/postgres. But PostgreSQL refuses to run as root, and an account to run it as
// cannot enter, say, a repository in /root. Then the database is put into a directory under
// /var/lib/roster, and dir/postgres becomes a link to it: so it is found again, is seen by whoever
// looks for it, and is forgotten when dir is deleted to begin anew.
func findPlace(dir string, log *slog.Logger) (place, error) {
	dir, err := makeDirectory(dir)
	if err != nil {
		return place{}, err
	}
	link := filepath.Join(dir, "postgres")
	p := place{dir: dir, data: link}
	target, err := os.Readlink(link)
	linked := err == nil
	if linked {
		p.data = target
		if !filepath.IsAbs(target) {
			p.data = filepath.Join(dir, target)
		}
		if _, err := os.Stat(filepath.Dir(p.data)); err != nil {
			return place{}, fmt.Errorf("%s is a link to a place that cannot be opened, so bring it back, or remove the link to begin with an empty database: %w", link, err)
		}
	}
	if p.account, err = accountFor(p.data); err != nil {
		return place{}, err
	}

	if !p.account.admitted(filepath.Dir(p.data)) {
		if _, err := os.Lstat(link); err == nil {
			return place{}, fmt.Errorf("the account “%s”, which runs PostgreSQL, cannot reach the database in %s: let it pass through the directories above (chmod o+x)", p.account.name, p.data)
		}
		if p.data, err = p.account.moveOut(link); err != nil {
			return place{}, err
		}
		linked = true
	}
	if linked {
		log.Info("private PostgreSQL keeps its data elsewhere", "data", p.data, "link", link, "account", p.account.name)
	}
	return p, nil
}

// makeDirectory makes Roster's own directory, if need be, and returns its real path.
func makeDirectory(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("make data directory: it has no name")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	return dir, nil
}

// An account is who the server runs as.
type account struct {
	name     string
	uid, gid int

	// foreign is true when this process is root and the account is not.
	foreign bool
}

// accountFor is the account of this process, unless that is root. Root lets the owner of an existing
// database run it, so that “sudo” once does not take it from its owner; a new one belongs to the
// account that the distribution's PostgreSQL has made, or to nobody.
func accountFor(data string) (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: strconv.Itoa(uid), uid: uid, gid: os.Getegid()}, nil
	}
	if info, err := os.Stat(data); err == nil {
		if uid, gid := owner(info); uid != 0 {
			return account{name: strconv.Itoa(uid), uid: uid, gid: gid, foreign: true}, nil
		}
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(found.Uid)
		if err != nil {
			continue
		}
		gid, err := strconv.Atoi(found.Gid)
		if err != nil {
			continue
		}
		return account{name: name, uid: uid, gid: gid, foreign: true}, nil
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is no account “postgres” or “nobody” on this machine to run it as")
}

// owner is to whom a file belongs.
func owner(info fs.FileInfo) (uid, gid int) {
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid), int(stat.Gid)
}

// credential makes a process run as the account.
func (a account) credential() *syscall.Credential {
	if !a.foreign {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// admitted says whether the account can enter the directory. A directory of root's that is closed to
// all others is first opened to the account's group, for passing through only: it is Roster's own.
func (a account) admitted(dir string) bool {
	if !a.foreign || a.enters(dir) {
		return true
	}
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	if uid, _ := owner(info); uid != 0 || info.Mode()&0o077 != 0 {
		return false
	}
	if os.Chown(dir, 0, a.gid) != nil || os.Chmod(dir, info.Mode().Perm()|0o010) != nil {
		return false
	}
	return a.enters(dir)
}

// enters tries it out: modes, access lists and file servers all have their say.
func (a account) enters(dir string) bool {
	cmd := exec.Command("/bin/sh", "-c", `cd "$0"`, dir)
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	return cmd.Run() == nil
}

// moveOut finds a new place for the data and makes the link to it.
func (a account) moveOut(link string) (data string, err error) {
	if err := os.MkdirAll(filepath.Dir(elsewhere), 0o755); err != nil {
		return "", fmt.Errorf("make place for data: %w", err)
	}
	switch err := os.Mkdir(elsewhere, 0o711); {
	case err == nil:
		if err := os.Chmod(elsewhere, 0o711); err != nil { // whatever the umask was
			return "", fmt.Errorf("make place for data: %w", err)
		}
	case !errors.Is(err, fs.ErrExist):
		return "", fmt.Errorf("make place for data: %w", err)
	}
	home, err := os.MkdirTemp(elsewhere, "data-")
	if err != nil {
		return "", fmt.Errorf("make place for data: %w", err)
	}
	if !a.admitted(home) {
		os.Remove(home)
		return "", fmt.Errorf("the account “%s”, which runs PostgreSQL, can reach neither %s nor %s: let it pass through the directories above (chmod o+x)", a.name, link, elsewhere)
	}
	data = filepath.Join(home, "postgres")
	if err := os.Symlink(data, link); err != nil {
		os.Remove(home)
		return "", fmt.Errorf("make place for data: %w", err)
	}
	return data, nil
}

// own gives a file or directory to the account.
func (a account) own(path string) error {
	if !a.foreign {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// adopt gives a database of root's, from a backup for instance, to the account.
func (a account) adopt(data string) error {
	if !a.foreign {
		return nil
	}
	info, err := os.Stat(data)
	if err != nil {
		return fmt.Errorf("look at database: %w", err)
	}
	if uid, _ := owner(info); uid == a.uid {
		return nil
	}
	err = filepath.WalkDir(data, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == data {
			return err
		}
		return a.own(path)
	})
	if err == nil {
		err = a.own(data) // last, so that an interrupted walk is begun again
	}
	if err != nil {
		return fmt.Errorf("give database to account %s: %w", a.name, err)
	}
	return nil
}

// socketName is what PostgreSQL calls the socket.
const socketName = ".s.PGSQL." + port

// maxSocketPath is how long the path of a socket may be: 107 bytes on Linux.
const maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// socketDirectory makes the directory for the socket, in home if the path is short enough, else in /tmp
// under a name that home gives.
//
// Who can enter it is the superuser of the database. In /tmp anybody could have made it first, so it is
// used only if it belongs to the account and is closed to all others.
func (a account) socketDirectory(home string) (string, error) {
	dir := filepath.Join(home, "socket")
	if len(filepath.Join(dir, socketName)) > maxSocketPath {
		dir = filepath.Join("/tmp", fmt.Sprintf("roster-%x", sha256.Sum256(fmt.Append(nil, a.uid, home)))[:7+16])
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make directory for socket: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("make directory for socket: %w", err)
	}
	uid, _ := owner(info)
	if !info.IsDir() || info.Mode().Perm() != 0o700 || uid != a.uid && uid != os.Geteuid() {
		return "", fmt.Errorf("%s must be a directory that only the account “%s” can enter: remove it", dir, a.name)
	}
	if uid == a.uid {
		return dir, nil
	}
	if err := a.own(dir); err != nil {
		return "", fmt.Errorf("make directory for socket: %w", err)
	}
	return dir, nil
}
