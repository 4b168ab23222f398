-- name: InsertImport :exec
INSERT INTO roster.imports (org_id, id, made_by, file, life, role, cells, layout, heading)
VALUES (@org_id, @import_id, @actor_id, @file, make_interval(secs => @life_seconds::float8), @role, @cells, @layout, @heading);

-- name: GetImportCells :many
-- The file of a draft as it was read, for its maker.
SELECT i.file, i.role AS otherwise, extract(epoch FROM i.life)::float8 AS life_seconds, i.cells, i.layout, i.heading, i.created_at
FROM roster.imports i
WHERE i.org_id = @org_id AND i.id = @import_id AND i.made_by = @actor_id AND i.created_at > now() - interval '24 hours';

-- name: InsertImportRows :exec
INSERT INTO roster.import_rows (org_id, import_id, n, email, name, role, message, kind, note, about, rank)
SELECT @org_id, @import_id, unnest(@ns::integer[]), unnest(@emails::text[]), unnest(@names::text[]), unnest(@roles::text[]), unnest(@messages::text[]),
       unnest(@kinds::text[]), unnest(@notes::text[]), nullif(unnest(@abouts::uuid[]), '00000000-0000-0000-0000-000000000000'), unnest(@ranks::smallint[]);

-- name: GetImport :many
-- A draft as its maker may work on it, with what the maker may do and what became of the form if it came before; and its rows,
-- if they are asked for: a draft without any is one line without a number.
SELECT i.file, i.role AS otherwise, extract(epoch FROM i.life)::float8 AS life_seconds, i.job_id, i.to_fix, i.skipped, i.ready, i.sent, i.created_at,
       EXISTS (SELECT 1 FROM roster.jobs j WHERE j.org_id = i.org_id AND j.id = i.job_id AND j.state IN ('waiting', 'running'))::boolean AS at_work,
       a.roles AS actor_roles, a.status AS actor_status,
       (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = i.org_id)::boolean AS members_may_invite,
       (SELECT o.created_at > now() - interval '1 day' FROM roster.organizations o WHERE o.id = i.org_id)::boolean AS first_day,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.id = @submission), 'null')::jsonb AS done_before,
       coalesce(r.n, 0)::integer AS n, coalesce(r.email, '')::text AS email, coalesce(r.name, '')::text AS name, coalesce(r.role, '')::text AS role,
       coalesce(r.message, '')::text AS message, coalesce(r.kind, '')::text AS kind, coalesce(r.note, '')::text AS note, r.about, coalesce(r.rank, 0)::smallint AS rank
FROM roster.imports i
JOIN roster.memberships a ON a.org_id = i.org_id AND a.user_id = i.made_by
LEFT JOIN roster.import_rows r ON r.org_id = i.org_id AND r.import_id = i.id AND r.n > 0 AND @with_rows::boolean
WHERE i.org_id = @org_id AND i.id = @import_id AND i.made_by = @actor_id AND i.created_at > now() - interval '24 hours'
ORDER BY r.rank, r.n;

-- name: ListImportRows :many
-- A page of a draft, those to fix first, and what rows to be fixed call roles most often. A draft without such rows is one line
-- without a number.
SELECT i.file, i.role AS otherwise, i.job_id, i.to_fix, i.skipped, i.ready, i.sent, i.created_at, i.heading, (i.layout <> '{}')::boolean AS has_columns,
       coalesce((SELECT jsonb_object_agg(w.role, w.n)
                   FROM (SELECT y.role, count(*) AS n FROM roster.import_rows y
                          WHERE y.org_id = @org_id AND y.import_id = @import_id AND y.rank = 0 AND y.role <> ''
                          GROUP BY y.role ORDER BY count(*) DESC, y.role LIMIT 50) w), '{}')::jsonb AS role_words,
       EXISTS (SELECT 1 FROM roster.jobs j WHERE j.org_id = i.org_id AND j.id = i.job_id AND j.state IN ('waiting', 'running'))::boolean AS at_work,
       (SELECT o.created_at > now() - interval '1 day' FROM roster.organizations o WHERE o.id = i.org_id)::boolean AS first_day,
       coalesce(r.n, 0)::integer AS n, coalesce(r.email, '')::text AS email, coalesce(r.name, '')::text AS name, coalesce(r.role, '')::text AS role,
       coalesce(r.message, '')::text AS message, coalesce(r.kind, '')::text AS kind, coalesce(r.note, '')::text AS note, r.about, coalesce(r.rank, 0)::smallint AS rank
FROM roster.imports i
LEFT JOIN LATERAL (
  SELECT x.n, x.email, x.name, x.role, x.message, x.kind, x.note, x.about, x.rank
    FROM roster.import_rows x
   WHERE x.org_id = @org_id AND x.import_id = @import_id AND x.rank BETWEEN @rank_from::smallint AND @rank_to::smallint
     AND (x.rank, x.n) > (@after_rank::smallint, @after_n::integer)
   ORDER BY x.rank, x.n
   LIMIT @page_size
) r ON true
WHERE i.org_id = @org_id AND i.id = @import_id AND i.made_by = @actor_id AND i.created_at > now() - interval '24 hours'
ORDER BY r.rank, r.n;

-- name: GetImportRows :many
-- Some rows that are ready, to send them; what was sent is not ready any more.
SELECT i.role AS otherwise, extract(epoch FROM i.life)::float8 AS life_seconds, r.n, r.email, r.name, r.role, r.message
FROM roster.imports i
JOIN roster.import_rows r ON r.org_id = i.org_id AND r.import_id = i.id
WHERE i.org_id = @org_id AND i.id = @import_id AND i.made_by = @actor_id AND r.n = ANY (@ns::integer[]) AND r.rank = 2
ORDER BY r.n;

-- name: SetImportRows :exec
UPDATE roster.import_rows AS r
SET email = x.email, name = x.name, role = x.role, message = x.message, kind = x.kind, note = x.note, rank = x.rank,
    about = nullif(x.about, '00000000-0000-0000-0000-000000000000')
FROM (SELECT unnest(@ns::integer[]) AS n, unnest(@emails::text[]) AS email, unnest(@names::text[]) AS name, unnest(@roles::text[]) AS role, unnest(@messages::text[]) AS message,
             unnest(@kinds::text[]) AS kind, unnest(@notes::text[]) AS note, unnest(@abouts::uuid[]) AS about, unnest(@ranks::smallint[]) AS rank) x
WHERE r.org_id = @org_id AND r.import_id = @import_id AND r.n = x.n;

-- name: CountImport :exec
UPDATE roster.imports AS i
SET to_fix = c.to_fix, skipped = c.skipped, ready = c.ready, sent = c.sent
FROM (SELECT count(*) FILTER (WHERE r.rank = 0) AS to_fix, count(*) FILTER (WHERE r.rank = 1) AS skipped, count(*) FILTER (WHERE r.rank = 2) AS ready,
             count(*) FILTER (WHERE r.rank = 3) AS sent
        FROM roster.import_rows r WHERE r.org_id = @org_id AND r.import_id = @import_id) c
WHERE i.org_id = @org_id AND i.id = @import_id;

-- name: SetImportJob :exec
UPDATE roster.imports AS i SET job_id = @job_id::uuid WHERE i.org_id = @org_id AND i.id = @import_id;

-- name: ForgetImports :one
SELECT door.forget_imports(@how_many::integer)::integer AS forgotten;

-- name: CountInvited :exec
-- How many people somebody has invited in this hour.
INSERT INTO roster.inviter_counts AS c (org_id, user_id, slot, n)
VALUES (@org_id, @user_id, date_trunc('hour', now(), 'UTC'), @how_many)
ON CONFLICT (org_id, user_id, slot) DO UPDATE SET n = c.n + excluded.n;

-- name: DeleteOldInviterCounts :exec
DELETE FROM roster.inviter_counts AS c
WHERE c.org_id = @org_id AND c.user_id = @user_id AND c.slot < now() - interval '25 hours';
