package db

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// contextLife is how long a signed context may wait for its transaction to begin. It is on its way for
// milliseconds; the rest is for clocks that drift apart between two connections.
const contextLife = time.Minute

// ContextKey derives the key that signs contexts from the installation's key.
func ContextKey(installation []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, installation, nil, "roster context of a transaction", sha256.BlockSize)
}

// SignContext is what enters an organization where contexts are signed: the organization, the time until
// which a transaction may begin with it, the key's name, and their HMAC-SHA-256, each of a fixed width.
func SignContext(key []byte, org uuid.UUID, until time.Time) string {
	said := fmt.Sprintf("%s.%010d.%s", org, until.Unix(), contextKeyID(key))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(said))
	return said + "." + hex.EncodeToString(mac.Sum(nil))
}

// contextKeyID names a key without telling it.
func contextKeyID(key []byte) string {
	digest := sha256.Sum256(key)
	return hex.EncodeToString(digest[:4])
}

// signer makes contexts. Without a key they are the organization's bare id.
type signer struct {
	key   []byte
	ahead atomic.Int64 // nanoseconds by which the database's clock is ahead of ours: it alone judges the expiry
}

// enter is the setting that enters an organization; uuid.Nil enters none.
func (s *signer) enter(org uuid.UUID) string {
	switch {
	case org == uuid.Nil:
		return ""
	case s.key == nil:
		return org.String()
	}
	return SignContext(s.key, org, time.Now().Add(time.Duration(s.ahead.Load())).Add(contextLife))
}

// compareClocks looks at the database's clock on a new connection.
func (s *signer) compareClocks(ctx context.Context, conn *pgx.Conn) error {
	if s.key == nil {
		return nil
	}
	answers, err := conn.PgConn().Exec(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).ReadAll()
	if err != nil {
		return fmt.Errorf("ask the database for the time: %w", err)
	}
	var micros int64
	if _, err := fmt.Sscan(string(answers[0].Rows[0][0]), &micros); err != nil {
		return fmt.Errorf("read the database's time: %w", err)
	}
	s.ahead.Store(int64(time.Until(time.UnixMicro(micros))))
	return nil
}

// refuseOtherContext says in one sentence why the contexts of this program enter nothing in this database.
func (s *signer) refuseOtherContext(ctx context.Context, pool *pgxpool.Pool) error {
	org := uuid.New()
	var entered *uuid.UUID
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var made bool
		if err := tx.QueryRow(ctx, `SELECT to_regprocedure('roster.org_id()') IS NOT NULL`).Scan(&made); err != nil || !made {
			entered = &org // no schema yet, which is another complaint
			return err
		}
		if _, err := tx.Exec(ctx, enterWrite, s.enter(org)); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT roster.org_id()`).Scan(&entered)
	})
	switch {
	case err == nil && entered != nil && *entered == org:
		return nil
	case s.key != nil && Constraint(err) == "22P02":
		return errors.New("the database does not know signed contexts: run roster migrate with ROSTER_SIGNED_CONTEXT=1, or unset it")
	case s.key != nil && err == nil:
		return errors.New("the database does not know the key that this program signs contexts with: run roster migrate with the same ROSTER_KEY")
	case err == nil:
		return errors.New("the database believes signed contexts alone: set ROSTER_SIGNED_CONTEXT=1, or run roster migrate without it")
	}
	return fmt.Errorf("try to enter an organization: %w", err)
}

// plainContext and signedContext are what roster.org_id() says.
const (
	plainContext  = `SELECT nullif(pg_catalog.current_setting('roster.org_id', true), '')::uuid`
	signedContext = `SELECT door.signed_org()`
)

// chooseContext makes the database believe signed contexts alone, or, without a key, bare ones. A new key
// is added, and the one before it stays good until the next.
func (r Roles) chooseContext(ctx context.Context, config *pgx.ConnConfig, key []byte) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect as migrator: %w", err)
	}
	defer conn.Close(ctx)
	body := plainContext
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if key != nil {
			body = signedContext
			if err := r.addContextKey(ctx, tx, key); err != nil {
				return err
			}
		}
		var same bool
		if err := tx.QueryRow(ctx, `SELECT btrim(prosrc) = $1 FROM pg_proc WHERE oid = 'roster.org_id()'::regprocedure`, body).Scan(&same); err != nil || same {
			return err
		}
		_, err := tx.Exec(ctx, `CREATE OR REPLACE FUNCTION roster.org_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ `+body+` $$`)
		return err
	})
}

func (r Roles) addContextKey(ctx context.Context, tx pgx.Tx, key []byte) error {
	inner, outer := make([]byte, sha256.BlockSize), make([]byte, sha256.BlockSize)
	for i := range inner {
		inner[i], outer[i] = key[i]^0x36, key[i]^0x5c
	}
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{`SET LOCAL ROLE ` + r.Definer(), nil},
		{`INSERT INTO keyring.context_keys (id, inner_pad, outer_pad) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET added_at = now()`,
			[]any{contextKeyID(key), inner, outer}},
		{`DELETE FROM keyring.context_keys WHERE id NOT IN (SELECT id FROM keyring.context_keys ORDER BY added_at DESC LIMIT 2)`, nil},
		{`RESET ROLE`, nil},
	} {
		if _, err := tx.Exec(ctx, statement.sql, statement.args...); err != nil {
			return fmt.Errorf("add the key of contexts: %w", err)
		}
	}
	return nil
}
