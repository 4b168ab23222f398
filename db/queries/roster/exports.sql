-- name: GetExporter :one
-- Who asks for a file, how many they asked for today, and what became of the form if it came before.
SELECT a.roles, a.status,
       (SELECT count(*) FROM roster.jobs e WHERE e.org_id = a.org_id AND e.started_by = a.user_id AND e.created_at > now() - interval '24 hours' AND e.kind = 'members.export')::bigint AS today,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.id = @submission), 'null')::jsonb AS done_before
FROM roster.memberships a
WHERE a.org_id = @org_id AND a.user_id = @actor_id;

-- name: InsertFilePiece :exec
INSERT INTO roster.job_files (org_id, job_id, n, data) VALUES (@org_id, @job_id, @piece, @data);

-- name: GetFile :one
-- A file of one's own: what was asked for, how far it is, whether its 24 hours are over, and its first piece.
SELECT j.state, j.spec, j.progress, coalesce(j.finished_at < now() - interval '24 hours', false)::boolean AS over,
       coalesce((SELECT f.data FROM roster.job_files f WHERE f.org_id = j.org_id AND f.job_id = j.id AND f.n = 0), '')::bytea AS first_piece
FROM roster.jobs j
WHERE j.org_id = @org_id AND j.id = @job_id AND j.started_by = @user_id AND j.kind = 'members.export';

-- name: GetFilePiece :one
SELECT f.data FROM roster.job_files f WHERE f.org_id = @org_id AND f.job_id = @job_id AND f.n = @piece;

-- name: EraseFiles :one
SELECT door.erase_files(@how_many::integer)::integer AS erased;
