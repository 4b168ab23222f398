-- The indexes of what the migration before this one added. They are made on their own: while they are, nobody writes to
-- these tables, but everybody reads them.

-- +goose Up
CREATE INDEX users_by_fold ON roster.users (fold, id);
CREATE INDEX invitations_by_fold ON roster.invitations (fold, org_id, id);
DROP INDEX roster.invitations_search;
CREATE INDEX invitations_search ON roster.invitations USING gin (org_id, (coalesce(search_text, ' ' || email_norm)) ext.gin_trgm_ops);
ANALYZE roster.invitations;
