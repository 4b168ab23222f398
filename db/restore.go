package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// atHome tells whether the database lies where its rows were written: a restored one does not (see migration 23). One
// from which the rows are missing does not either.
const atHome = `SELECT coalesce(bool_and(p.home = p.tableoid AND p.written = p.xmin), false) FROM platform.places p`

// Restored says in one sentence what to do if the database was restored from a backup, or copied, and that was not
// settled yet, or "". Until then no session and no link is good in it, and none is made.
func (db *DB) Restored(ctx context.Context) (string, error) {
	pool := db.health
	if pool == nil {
		pool = db.app
	}
	var home bool
	if err := pool.QueryRow(ctx, atHome).Scan(&home); err != nil {
		return "", fmt.Errorf("ask whether the database was restored: %w", err)
	}
	if home {
		return "", nil
	}
	return "this database was restored from a backup, or copied: run roster restored, which ends what was issued before", nil
}

// Restore says what is to be settled.
type Restore struct {
	// Files: the server's files were restored (a copy, a snapshot, a point in time), which the database cannot know.
	Files bool
	// Moved: all of the database was moved and none of it is older than it was. Nothing has to end.
	Moved bool
}

// RestoredMember is somebody who is in an organization as of the backup.
type RestoredMember struct {
	Organization, Slug string
	Name, Email        string
	Roles              []string // the highest first
	Status             string   // "active" or "suspended"
	Joined             time.Time
}

// RestoredLetter is a letter that waited when the backup was made. Whether it left since, nobody knows.
type RestoredLetter struct {
	Kind, To, Slug string // Slug is empty for a letter about an account
	Queued         time.Time
}

// Settled is what was ended.
type Settled struct {
	AsOf          time.Time // the newest that the backup knows of
	Epoch         int64
	Organizations int
	Sessions      int
	Links         int // to sign up, to log in, to a new password
	Invitations   int
	ShareLinks    int
	Forms         int // whose answers were remembered
	Jobs          int
	Letters       []RestoredLetter
	Members       []RestoredMember // by organization, the highest first
}

// ErrNotRestored answers who would settle a restore that did not happen.
var ErrNotRestored = errors.New("nothing tells that this database was restored. Where the server's files were restored (a copy, a snapshot, a point in time), nothing can tell: run roster restored --files")

// SettleRestore ends what a backup would revive, in one transaction, and has the database believe itself again: it
// raises the epoch, deletes sessions, voids links, lets invitations and share links expire, forgets the answers to forms, ends long work, and
// drops letters: they were sent long ago, or their cause is gone. In every organization an entry of the audit log says so.
// The address names the migrator, as for Migrate.
func (roles Roles) SettleRestore(ctx context.Context, url string, r Restore) (Settled, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return Settled{}, fmt.Errorf("read the migrator's address: %w", err)
	}
	maps.Copy(config.RuntimeParams, map[string]string{"role": roles.Owner(), "search_path": "pg_catalog", "timezone": "UTC", "lock_timeout": "10s"})
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return Settled{}, fmt.Errorf("connect as migrator: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var settled Settled
	// A Roster may be at work in it.
	err = tryAgain(ctx, 10, func() time.Duration { return time.Second }, func() error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
			settled, err = settle(ctx, tx, r)
			return err
		})
	}, "40P01", "55P03")
	if err != nil && !errors.Is(err, ErrNotRestored) {
		return Settled{}, fmt.Errorf("settle a restore: %w", err)
	}
	return settled, err
}

func settle(ctx context.Context, tx pgx.Tx, r Restore) (Settled, error) {
	var s Settled
	var home bool
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
		return s, err
	}
	if _, err := tx.Exec(ctx, `SET LOCAL roster.maintenance = 'on'`); err != nil { // the owner too is bound by row security
		return s, err
	}
	if err := tx.QueryRow(ctx, atHome).Scan(&home); err != nil {
		return s, err
	}
	if home && !r.Files {
		return s, ErrNotRestored
	}
	if !r.Moved {
		if err := endIssued(ctx, tx, &s); err != nil {
			return s, err
		}
	}
	// One statement writes the row, in no inner transaction: its transaction is the one that it names.
	if _, err := tx.Exec(ctx, `DELETE FROM platform.places`); err != nil {
		return s, err
	}
	_, err := tx.Exec(ctx, `INSERT INTO platform.places (home, written) VALUES ('platform.places'::regclass, pg_current_xact_id()::xid)`)
	return s, err
}

// endIssued ends what was issued before, and says so to those who look after an organization.
func endIssued(ctx context.Context, tx pgx.Tx, s *Settled) error {
	// How old the backup is, before anything is written. Restored into a database that was there already, its sessions may
	// name an epoch that the row does not know of.
	err := tx.QueryRow(ctx, `
		SELECT coalesce(greatest((SELECT max(at) FROM roster.audit_events), (SELECT max(at) FROM auth.events), (SELECT max(last_seen_at) FROM auth.sessions),
		                         (SELECT max(created_at) FROM river.river_job)), e.created_at)
		FROM auth.epoch e`).Scan(&s.AsOf)
	if err != nil {
		return err
	}
	err = tx.QueryRow(ctx, `
		UPDATE auth.epoch AS e SET epoch = 1 + greatest(e.epoch, (SELECT max(epoch) FROM auth.sessions), (SELECT max(epoch) FROM auth.tokens), (SELECT max(epoch) FROM auth.signups))
		RETURNING e.epoch`).Scan(&s.Epoch)
	if err != nil {
		return err
	}
	for _, end := range []struct {
		n   *int
		sql string
	}{
		{&s.Sessions, `WITH ended AS (DELETE FROM auth.sessions RETURNING expires_at) SELECT count(*) FROM ended WHERE expires_at > now()`},
		{&s.Links, `
			WITH tokens AS (UPDATE auth.tokens SET revoked_at = now() WHERE used_at IS NULL AND revoked_at IS NULL AND expires_at > now() RETURNING 1),
			     signups AS (UPDATE auth.signups SET used_at = now(), password_hash = '' WHERE used_at IS NULL RETURNING expires_at)
			SELECT (SELECT count(*) FROM tokens) + (SELECT count(*) FROM signups WHERE expires_at > now())`},
		// Whoever has a link of one that was revoked after the backup may not come in by it. It can be sent again; and that
		// it ended is no news about whom it invited.
		{&s.Invitations, `
			WITH ended AS (
				UPDATE roster.invitations AS i
				SET expires_at = now(), reminded_at = coalesce(i.reminded_at, now()), expiry_told_at = now(),
				    delivery = CASE WHEN i.delivery IN ('queued', 'held') THEN 'failed' ELSE i.delivery END,
				    delivery_detail = CASE WHEN i.delivery IN ('queued', 'held') THEN 'it waited when the backup was made that Roster was restored from' ELSE i.delivery_detail END
				WHERE i.state IN ('open', 'declined') AND i.expires_at > now()
				RETURNING i.state)
			SELECT count(*) FROM ended WHERE state = 'open'`},
		{&s.ShareLinks, `
			WITH ended AS (
				UPDATE roster.join_links AS l SET expires_at = now()
				WHERE l.withdrawn_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > now()) RETURNING 1)
			SELECT count(*) FROM ended`},
		{&s.Forms, `WITH forgotten AS (DELETE FROM roster.submissions RETURNING 1) SELECT count(*) FROM forgotten`},
		{&s.Jobs, `
			WITH ended AS (
				UPDATE roster.jobs AS j
				SET state = 'failed', finished_at = now(),
				    problem = 'Roster was restored from a backup that was made while this was at work. Look at what is there, and begin again if it is still wanted.'
				WHERE j.state IN ('waiting', 'running') RETURNING 1)
			SELECT count(*) FROM ended`},
	} {
		if err := tx.QueryRow(ctx, end.sql).Scan(end.n); err != nil {
			return err
		}
	}
	if err := dropLetters(ctx, tx, s); err != nil {
		return err
	}
	if err := noteRestore(ctx, tx, s); err != nil {
		return err
	}
	return listMembers(ctx, tx, s)
}

// dropLetters takes everything out of the queue that has not been done. What was being sent when the backup was made
// would be sent again too.
func dropLetters(ctx context.Context, tx pgx.Tx, s *Settled) error {
	rows, err := tx.Query(ctx, `
		WITH dropped AS (
			UPDATE river.river_job AS j
			SET state = 'cancelled', finalized_at = now(), args = j.args - 'sealed'
			WHERE j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
			RETURNING j.id, j.kind, j.args, j.created_at)
		SELECT d.kind = 'letter', coalesce(d.args ->> 'letter', ''), coalesce(d.args -> 'data' ->> 'To', ''), coalesce(o.slug, ''), d.created_at
		FROM dropped d
		LEFT JOIN roster.organizations o ON o.id::text = d.args ->> 'org_id'
		ORDER BY d.id`)
	if err != nil {
		return err
	}
	var isLetter bool
	var l RestoredLetter
	_, err = pgx.ForEachRow(rows, []any{&isLetter, &l.Kind, &l.To, &l.Slug, &l.Queued}, func() error {
		if isLetter {
			s.Letters = append(s.Letters, l)
		}
		return nil
	})
	return err
}

// noteRestore writes into every organization's log, which its owners and admins see first on its overview.
func noteRestore(ctx context.Context, tx pgx.Tx, s *Settled) error {
	rows, err := tx.Query(ctx, `SELECT o.id FROM roster.organizations o ORDER BY o.id`)
	if err != nil {
		return err
	}
	orgs, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	if err != nil {
		return err
	}
	s.Organizations = len(orgs)
	ids := make([][16]byte, len(orgs))
	for i := range ids {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		ids[i] = id
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO roster.audit_events (org_id, id, event, actor_kind, actor_name, subject_kind, subject_id, subject_name, after)
		SELECT o.id, x.id, 'organization.restored', 'operator', '', 'organization', o.id, o.name, jsonb_build_object('as_of', $3::timestamptz, 'epoch', $4::bigint)
		FROM unnest($1::uuid[], $2::uuid[]) AS x (org, id)
		JOIN roster.organizations o ON o.id = x.org`, orgs, ids, s.AsOf, s.Epoch)
	return err
}

// listMembers says who is where as of the backup.
func listMembers(ctx context.Context, tx pgx.Tx, s *Settled) error {
	rows, err := tx.Query(ctx, `
		SELECT o.name, o.slug, m.name, m.email, m.roles, m.status, m.joined_at
		FROM roster.memberships m
		JOIN roster.organizations o ON o.id = m.org_id
		WHERE m.status IN ('active', 'suspended')
		ORDER BY o.slug, coalesce(array_position(ARRAY['owner', 'admin', 'member', 'viewer', 'guest'], m.roles[1]), 9), m.sort_name, m.user_id`)
	if err != nil {
		return err
	}
	s.Members, err = pgx.CollectRows(rows, pgx.RowToStructByPos[RestoredMember])
	return err
}
