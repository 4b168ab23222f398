package db

import "embed"

// Generated is the source of the queries as sqlc wrote it. The isolation proof reads it, so that no query
// is left untried.
//
//go:embed rosterdb/*.sql.go authdb/*.sql.go
var Generated embed.FS
