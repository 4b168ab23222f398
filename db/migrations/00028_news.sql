-- Whoever's role or membership was changed is told when Undo is over. The worker reads in the log what has changed since
-- they were told last.

-- +goose Up
GRANT SELECT (org_id, id, at, event, actor_id, subject_id, before, after) ON roster.audit_events TO roster_worker;

-- +goose Down
REVOKE SELECT (org_id, id, at, event, actor_id, subject_id, before, after) ON roster.audit_events FROM roster_worker;
