-- name: InsertEvent :exec
-- The time is that of the change. now() would be when the transaction began, before it stood in line for the
-- organization's lock, and the log would tell what came together in the wrong order.
INSERT INTO roster.audit_events (org_id, id, at, event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, before, after, undoes,
                                 session_id, address, user_agent, request_id)
VALUES (@org_id, @event_id, clock_timestamp(), @event, @actor_kind, @actor_id, @actor_name, @subject_kind, @subject_id, @subject_name, @before, @after, @undoes,
        @session_id, @address, @user_agent, @request_id);

-- name: InsertEvents :exec
-- The same for many subjects of one act.
INSERT INTO roster.audit_events (org_id, id, at, event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, before, after,
                                 session_id, address, user_agent, request_id)
SELECT @org_id, unnest(@event_ids::uuid[]), clock_timestamp(), @event, @actor_kind, @actor_id, @actor_name, @subject_kind, unnest(@subject_ids::uuid[]), unnest(@subject_names::text[]),
       @before, @after, @session_id, @address, @user_agent, @request_id;

-- name: GetUndoable :one
-- A change of the last ten minutes, by the database's clock, and what became of the form if it came before.
SELECT e.id, e.event, e.actor_id, e.subject_kind, e.subject_id, e.subject_name, e.before, e.after,
       (e.at > now() - interval '10 minutes')::boolean AS fresh,
       EXISTS (SELECT 1 FROM roster.audit_events u WHERE u.org_id = e.org_id AND u.undoes = e.id) AS undone,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = e.org_id AND s.user_id = @user_id AND s.id = @submission), 'null')::jsonb AS done_before
FROM roster.audit_events e
WHERE e.org_id = @org_id AND e.id = @event_id;

-- name: InsertSubmission :exec
-- A form that was done, and what became of it: if it comes again, that is the answer.
INSERT INTO roster.submissions (org_id, user_id, id, outcome) VALUES (@org_id, @user_id, @submission, @outcome);

-- name: GetSubmission :one
SELECT s.outcome FROM roster.submissions s WHERE s.org_id = @org_id AND s.user_id = @user_id AND s.id = @submission;

-- name: ForgetSubmissions :one
SELECT door.forget_submissions(@how_many::integer)::integer AS forgotten;

-- name: InsertJobs :exec
-- Letters of this organization, sent only if this transaction stands. What somebody waits for at the log-in goes first.
INSERT INTO river.river_job (kind, args, max_attempts, queue, state, priority)
SELECT @kind, unnest(@args::text[])::jsonb, @max_attempts, 'default', 'available', 2;

-- name: WakeWorkers :exec
SELECT pg_notify('river.river_insert', '{"queue":"default"}');
