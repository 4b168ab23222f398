package db

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Versions of the server: older ones have holes in row security (CVE-2023-39418 was closed in 15.4,
// CVE-2026-14666 in 15.19).
const oldestVersion = 150004

// refuseUnsafe says in one sentence why Roster does not start on this database with this role.
func (r Roles) refuseUnsafe(ctx context.Context, pool *pgxpool.Pool) error {
	if err := refuseUnfit(ctx, pool); err != nil {
		return err
	}
	var role string
	var super, bypass, makes, replicates, member, owns bool
	err := pool.QueryRow(ctx, `
		SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication,
		       EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid),
		       EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		                WHERE n.nspname IN ('roster', 'auth', 'river', 'platform') AND c.relowner = r.oid)
		  FROM pg_roles r WHERE r.rolname = session_user`).Scan(&role, &super, &bypass, &makes, &replicates, &member, &owns)
	if err != nil {
		return fmt.Errorf("ask the database who we are: %w", err)
	}
	switch {
	case super:
		return fmt.Errorf("the database role %s is a superuser, which row security does not bind: connect as %s", role, r.App())
	case bypass:
		return fmt.Errorf("the database role %s may bypass row security: connect as %s", role, r.App())
	case makes:
		return fmt.Errorf("the database role %s may make roles and could become another: connect as %s", role, r.App())
	case replicates:
		return fmt.Errorf("the database role %s may replicate the server and so read everything: connect as %s", role, r.App())
	case member:
		return fmt.Errorf("the database role %s is a member of another role and could become it: connect as %s", role, r.App())
	case owns:
		return fmt.Errorf("the database role %s owns tables of Roster and could switch their protection off: connect as %s", role, r.App())
	}
	var unprotected []string
	err = pool.QueryRow(ctx, `
		SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}')
		  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE n.nspname = 'roster' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`).Scan(&unprotected)
	if err != nil {
		return fmt.Errorf("ask the database for its protection: %w", err)
	}
	if len(unprotected) > 0 {
		return fmt.Errorf("row security is not forced on %s: run roster migrate, or ask whoever changed it", strings.Join(unprotected, ", "))
	}
	return nil
}
