package db

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
)

// Roles is what the names of an installation's database roles begin with (ROSTER_DATABASE_ROLES). Roles belong to
// the whole server: a second installation on it has names of its own. The zero value is "roster".
type Roles string

const usualRoles = "roster"

// rolesForm keeps names readable where they stand without quotes, and their ends from being cut off.
var rolesForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseRoles takes what an operator chose, or says in one sentence what is wrong with it.
func ParseRoles(s string) (Roles, error) {
	switch {
	case !rolesForm.MatchString(s):
		return "", errors.New("begin the roles' names with up to 40 letters a-z, digits and underscores, the first one a letter")
	case s == "pg" || strings.HasPrefix(s, "pg_"):
		return "", errors.New("names that begin with pg_ are PostgreSQL's own: choose another")
	}
	return Roles(s), nil
}

func (r Roles) prefix() string {
	if r == "" {
		return usualRoles
	}
	return string(r)
}

// Owner owns schemas and tables; nobody connects as it.
func (r Roles) Owner() string { return r.prefix() + "_owner" }

// Definer owns the functions that see more than one organization; nobody connects as it.
func (r Roles) Definer() string { return r.prefix() + "_definer" }

// Migrator may become the owner.
func (r Roles) Migrator() string { return r.prefix() + "_migrate" }

// App serves pages.
func (r Roles) App() string { return r.prefix() + "_app" }

// Auth serves credentials and sessions.
func (r Roles) Auth() string { return r.prefix() + "_auth" }

// Worker works the jobs.
func (r Roles) Worker() string { return r.prefix() + "_worker" }

// usualNames are the roles as SQL is written: with the usual names.
var usualNames = regexp.MustCompile(`\b` + usualRoles + `(_(?:owner|definer|migrate|app|auth|worker))\b`)

// In is SQL, or another text, with this installation's roles instead of the usual ones.
func (r Roles) In(text string) string {
	if r.prefix() == usualRoles {
		return text
	}
	return usualNames.ReplaceAllString(text, string(r)+"$1")
}

// files are SQL files with this installation's roles in them.
type files struct {
	fs.FS
	roles Roles
}

// Open implements fs.FS.
func (f files) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	text, err := fs.ReadFile(f.FS, name)
	return sqlFile{file, strings.NewReader(f.roles.In(string(text)))}, err
}

type sqlFile struct {
	fs.File
	text *strings.Reader
}

// Read implements fs.File.
func (f sqlFile) Read(p []byte) (int, error) { return f.text.Read(p) }
