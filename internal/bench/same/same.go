// Package same tells the statements that Roster sends, so that the ceiling and pgbench send the same and not
// something like it.
package same

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"roster/db/authdb"
	"roster/db/rosterdb"
)

// Statement is SQL with its parameters.
type Statement struct {
	SQL  string
	Args []any
}

// Of is what a query of an organization sends.
func Of(ask func(*rosterdb.Queries)) Statement {
	var s Statement
	ask(rosterdb.New(&s))
	return s
}

// OfAuth is what a query about people and sessions sends.
func OfAuth(ask func(*authdb.Queries)) Statement {
	var s Statement
	ask(authdb.New(&s))
	return s
}

var errNotSent = errors.New("the statement is only told, not sent")

// Exec implements rosterdb.DBTX and authdb.DBTX, as do the others.
func (s *Statement) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	s.SQL, s.Args = sql, args
	return pgconn.CommandTag{}, nil
}

func (s *Statement) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	s.SQL, s.Args = sql, args
	return nil, errNotSent
}

func (s *Statement) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	s.SQL, s.Args = sql, args
	return noRow{}
}

type noRow struct{}

func (noRow) Scan(...any) error { return errNotSent }
