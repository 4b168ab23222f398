-- name: CountJobsAtWork :one
SELECT count(*) FILTER (WHERE j.started_by = @user_id)::bigint AS mine, count(*)::bigint AS everybodys
FROM roster.jobs j
WHERE j.org_id = @org_id AND j.state IN ('waiting', 'running');

-- name: StartJob :exec
INSERT INTO roster.jobs (org_id, id, kind, started_by, spec, total, session_id, address, user_agent, request_id)
VALUES (@org_id, @job_id, @kind, @user_id, @spec, @total, @session_id, @address, @user_agent, @request_id);

-- name: InsertJobItems :exec
INSERT INTO roster.job_items (org_id, job_id, n, subject_id, label)
SELECT @org_id, @job_id, unnest(@numbers::integer[]), unnest(@subject_ids::uuid[]), unnest(@labels::text[]);

-- name: QueueWork :exec
-- Has a worker go on with the job, after so many seconds.
INSERT INTO river.river_job (kind, args, max_attempts, queue, state, scheduled_at)
SELECT 'work', @work::jsonb, 25, 'work', (CASE WHEN @delay_seconds::float8 > 0 THEN 'scheduled' ELSE 'available' END)::river.river_job_state,
       now() + make_interval(secs => @delay_seconds::float8);

-- name: WakeWork :exec
SELECT pg_notify('river.river_insert', '{"queue":"work"}');

-- name: TakeJob :one
-- Whoever works on a job takes it up with this; one that is over is not.
UPDATE roster.jobs AS j
SET state = 'running', started_at = coalesce(j.started_at, now())
WHERE j.org_id = @org_id AND j.id = @job_id AND j.state IN ('waiting', 'running')
RETURNING j.kind, j.started_by, j.spec, j.progress, j.total, j.done, j.skipped, j.failed, j.stop_asked, j.created_at, j.session_id, j.address, j.user_agent, j.request_id;

-- name: GetActor :one
-- Who somebody is in the organization at this moment, for what is done in their name while they are away.
SELECT m.user_id, m.id, m.name, m.email, m.email_norm, m.status, m.roles, o.name AS org_name, o.slug, o.status AS org_status, o.invitation_days, o.members_may_invite, o.members_count,
       (SELECT count(*) FROM (SELECT 1 FROM roster.membership_roles r WHERE r.org_id = m.org_id AND r.role = 'owner' LIMIT 2) x)::integer AS owners
FROM roster.memberships m
JOIN roster.organizations o ON o.id = m.org_id
WHERE m.org_id = @org_id AND m.user_id = @user_id AND (m.ends_at IS NULL OR m.ends_at > now());

-- name: SaveJob :one
-- How far a job without items is. The answer says whether it is to stop.
UPDATE roster.jobs AS j
SET progress = @progress, total = @total, done = @done, skipped = @skipped, failed = @failed
WHERE j.org_id = @org_id AND j.id = @job_id AND j.state = 'running'
RETURNING j.stop_asked;

-- name: NextJobItems :many
SELECT i.n, i.subject_id, i.label
FROM roster.job_items i
WHERE i.org_id = @org_id AND i.job_id = @job_id AND i.state = 'waiting'
ORDER BY i.n
LIMIT @page_size;

-- name: MarkJobItems :one
-- What became of some items; each counts once, whoever says it again. The answer says whether the job is to stop.
WITH marked AS (
  UPDATE roster.job_items AS i
  SET state = x.state, note = x.note, undo = nullif(x.undo, '00000000-0000-0000-0000-000000000000')
  FROM (SELECT unnest(@numbers::integer[]) AS n, unnest(@states::text[]) AS state, unnest(@notes::text[]) AS note, unnest(@undos::uuid[]) AS undo) x
  WHERE i.org_id = @org_id AND i.job_id = @job_id AND i.n = x.n AND i.state = 'waiting'
  RETURNING i.state
)
UPDATE roster.jobs AS j
SET done = j.done + (SELECT count(*) FROM marked d WHERE d.state = 'done'),
    skipped = j.skipped + (SELECT count(*) FROM marked s WHERE s.state = 'skipped'),
    failed = j.failed + (SELECT count(*) FROM marked f WHERE f.state = 'failed')
WHERE j.org_id = @org_id AND j.id = @job_id
RETURNING j.stop_asked;

-- name: EndJob :one
-- Once: whoever says it again is told that it was over.
UPDATE roster.jobs AS j
SET state = @state, problem = @problem, finished_at = now()
WHERE j.org_id = @org_id AND j.id = @job_id AND j.state IN ('waiting', 'running')
RETURNING j.total, j.done, j.skipped, j.failed, (now() - j.created_at > interval '1 minute')::boolean AS long;

-- name: AskJobToStop :one
UPDATE roster.jobs AS j
SET stop_asked = true
WHERE j.org_id = @org_id AND j.id = @job_id AND j.started_by = @user_id
RETURNING j.state;

-- name: GetJob :one
-- With how many of its items can be taken back, the job that does or did so, and a page of the items in one state: by
-- itself, the first there is of failed, skipped and done. Only who started a job sees it.
SELECT j.id, j.kind, j.spec, j.progress, j.state, j.stop_asked, j.problem, j.total, j.done, j.skipped, j.failed, j.created_at, j.started_at, j.finished_at, now()::timestamptz AS at,
       (SELECT count(*) FROM (SELECT 1 FROM roster.job_items i WHERE i.org_id = j.org_id AND i.job_id = j.id AND i.undo IS NOT NULL LIMIT 501) x)::integer AS undoable,
       coalesce((SELECT u.id FROM roster.jobs u WHERE u.org_id = j.org_id AND u.started_by = j.started_by AND u.created_at >= j.created_at AND u.kind = 'jobs.undo' AND u.spec ->> 'job' = j.id::text LIMIT 1),
                '00000000-0000-0000-0000-000000000000')::uuid AS undone_by,
       s.show::text AS show,
       coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY e.n) FROM (
         SELECT i.n, i.label, i.state, i.note FROM roster.job_items i
          WHERE i.org_id = j.org_id AND i.job_id = j.id AND i.state = s.show AND i.n > @after_n::integer
          ORDER BY i.n LIMIT @page_size) e), '[]')::jsonb AS items,
       coalesce((SELECT f.outcome FROM roster.submissions f WHERE f.org_id = j.org_id AND f.user_id = j.started_by AND f.id = @submission), 'null')::jsonb AS done_before
FROM roster.jobs j
CROSS JOIN LATERAL (SELECT CASE WHEN @show::text <> '' THEN @show::text WHEN j.failed > 0 THEN 'failed' WHEN j.skipped > 0 THEN 'skipped'
                                WHEN j.done > 0 THEN 'done' ELSE 'waiting' END AS show) s
WHERE j.org_id = @org_id AND j.id = @job_id AND j.started_by = @user_id;

-- name: ListUndoableItems :many
SELECT i.n, i.label, coalesce(i.undo, '00000000-0000-0000-0000-000000000000')::uuid AS undo
FROM roster.job_items i
WHERE i.org_id = @org_id AND i.job_id = @job_id AND i.undo IS NOT NULL
ORDER BY i.n
LIMIT @page_size;

-- name: ForgetJobs :one
SELECT door.forget_jobs(@how_many::integer)::integer AS forgotten;
