-- name: InsertEvent :exec
INSERT INTO roster.audit_events (org_id, id, event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, before, after, undoes,
                                 session_id, address, user_agent, request_id)
VALUES (@org_id, @event_id, @event, @actor_kind, @actor_id, @actor_name, @subject_kind, @subject_id, @subject_name, @before, @after, @undoes,
        @session_id, @address, @user_agent, @request_id);

-- name: InsertEvents :exec
-- The same for many subjects of one act.
INSERT INTO roster.audit_events (org_id, id, event, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, before, after,
                                 session_id, address, user_agent, request_id)
SELECT @org_id, unnest(@event_ids::uuid[]), @event, @actor_kind, @actor_id, @actor_name, @subject_kind, unnest(@subject_ids::uuid[]), unnest(@subject_names::text[]),
       @before, @after, @session_id, @address, @user_agent, @request_id;

-- name: GetUndoable :one
-- A change of the last ten minutes, by the database's clock.
SELECT e.id, e.event, e.actor_id, e.subject_kind, e.subject_id, e.subject_name, e.before, e.after,
       (e.at > now() - interval '10 minutes')::boolean AS fresh,
       EXISTS (SELECT 1 FROM roster.audit_events u WHERE u.org_id = e.org_id AND u.undoes = e.id) AS undone
FROM roster.audit_events e
WHERE e.org_id = @org_id AND e.id = @event_id;

-- name: InsertSubmission :exec
-- A form that was done, and what became of it: if it comes again, that is the answer.
INSERT INTO roster.submissions (org_id, user_id, id, outcome) VALUES (@org_id, @user_id, @submission, @outcome);

-- name: InsertJobs :exec
-- Letters of this organization, sent only if this transaction stands.
INSERT INTO river.river_job (kind, args, max_attempts, queue, state)
SELECT @kind, unnest(@args::text[])::jsonb, @max_attempts, 'default', 'available';

-- name: WakeWorkers :exec
SELECT pg_notify('river.river_insert', '{"queue":"default"}');
