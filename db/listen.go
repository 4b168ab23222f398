package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Change is something in an organization that is different now. What it is now is asked of a door.
type Change struct {
	Organization string // the Digest of its id
	What         string // "members", "invitations", "organization"
}

// Digest is how announcements name an organization: whoever listens and does not know it learns nothing.
func Digest(org uuid.UUID) string {
	sum := sha256.Sum256(org[:])
	return hex.EncodeToString(sum[:16])
}

// The channel of announcements, and how long to wait before listening is tried again.
const (
	channel    = "roster_live"
	listenSoon = 100 * time.Millisecond
	listenLate = 5 * time.Second
)

// Listen tells of the changes that the database announces, by one connection of its own, until the context
// ends. Whenever it begins to hear, at first and after the connection was lost, it says so: what was announced
// before it did not hear.
func (db *DB) Listen(ctx context.Context, log *slog.Logger, began func(), heard func(Change)) {
	for wait := listenSoon; ctx.Err() == nil; wait = min(2*wait, listenLate) {
		err := db.listen(ctx, func() { wait = listenSoon; began() }, heard)
		if ctx.Err() != nil {
			return
		}
		log.Warn("listen for changes", "error", err, "again", wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

func (db *DB) listen(ctx context.Context, began func(), heard func(Change)) error {
	conn, err := db.Connect(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // whatever became of it, the next one is new
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	began()
	for {
		said, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if org, what, ok := strings.Cut(said.Payload, " "); ok {
			heard(Change{org, what})
		}
	}
}

// Connect opens a connection beside the pools, for what needs one that stays: as the worker, where there is one,
// for its address leads to the server itself and to no pool in between.
func (db *DB) Connect(ctx context.Context, settings map[string]string) (*pgx.Conn, error) {
	pool := db.worker
	if pool == nil {
		pool = db.app
	}
	config := pool.Config().ConnConfig
	maps.Copy(config.RuntimeParams, settings)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect beside the pools: %w", err)
	}
	return conn, nil
}

// Conns is how many connections the pages share.
func (db *DB) Conns() int { return int(db.app.Config().MaxConns) }
