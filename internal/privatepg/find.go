package privatepg

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// Oldest is the first major version that Roster works with.
const Oldest = 15

// ErrNotInstalled means that there is no server to run, and says how to get one.
var ErrNotInstalled = errors.New("PostgreSQL 15 or later is not installed: install it (“apt-get install postgresql”, “dnf install postgresql-server”, “apk add postgresql”, “brew install postgresql@17”), or name the folder of its programs in ROSTER_PG_BIN")

// folders are where distributions put the programs, one folder for each version.
var folders = []string{
	"/usr/lib/postgresql/*/bin",   // Debian, Ubuntu
	"/usr/pgsql-*/bin",            // packages of postgresql.org for Red Hat and its kin
	"/usr/lib/postgresql*/bin",    // SUSE
	"/usr/lib64/postgresql-*/bin", // Gentoo
	"/usr/libexec/postgresql*",    // Alpine
	"/usr/local/pgsql/bin",        // built from source
	"/usr/local/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// An installation is a folder that holds the programs of one version.
type installation struct {
	dir     string
	version int
}

// Find returns the folder and the major version of the newest PostgreSQL server on this machine. If bin
// is not empty, it is the only folder looked at.
func Find(bin string) (dir string, version int, err error) {
	found, err := installed(bin)
	if err != nil {
		return "", 0, err
	}
	return found[0].dir, found[0].version, nil
}

// installed lists the usable servers, the newest first. There is at least one, or an error.
func installed(bin string) ([]installation, error) {
	if bin != "" {
		i, err := inspect(bin)
		if err != nil {
			return nil, fmt.Errorf("ROSTER_PG_BIN: %w", err)
		}
		if i.version < Oldest {
			return nil, fmt.Errorf("ROSTER_PG_BIN: %s holds PostgreSQL %d: %w", bin, i.version, ErrNotInstalled)
		}
		return []installation{i}, nil
	}

	var candidates []string
	for _, pattern := range folders {
		matches, _ := filepath.Glob(pattern) // fails only for a malformed pattern
		candidates = append(candidates, matches...)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	var found []installation
	for _, dir := range candidates {
		i, err := inspect(dir)
		if err == nil && i.version >= Oldest && !slices.Contains(found, i) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return nil, ErrNotInstalled
	}
	slices.SortStableFunc(found, func(a, b installation) int { return b.version - a.version })
	return found, nil
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect asks the server program in a folder for its version. Links are followed: the programs look
// for each other beside the real file.
func inspect(dir string) (installation, error) {
	server, err := filepath.Abs(filepath.Join(dir, "postgres"))
	if err != nil {
		return installation{}, err
	}
	if server, err = filepath.EvalSymlinks(server); err != nil {
		return installation{}, fmt.Errorf("%s does not hold PostgreSQL's server: %w", dir, err)
	}
	dir = filepath.Dir(server)
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		return installation{}, fmt.Errorf("%s does not hold PostgreSQL's initdb: %w", dir, err)
	}
	output, err := exec.Command(server, "--version").Output()
	if err != nil {
		return installation{}, fmt.Errorf("ask %s for its version: %w", server, err)
	}
	match := versionLine.FindSubmatch(output)
	if match == nil {
		return installation{}, fmt.Errorf("%s does not tell its version", server)
	}
	version, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return installation{}, fmt.Errorf("read version of %s: %w", server, err)
	}
	return installation{dir: dir, version: version}, nil
}
