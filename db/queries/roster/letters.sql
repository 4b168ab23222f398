-- name: CountLetter :one
-- Counts a letter for its recipient or its organization in a window, and says how many there were.
INSERT INTO platform.letters AS l (subject, slot, n)
VALUES (@subject, to_timestamp(floor(extract(epoch FROM now()) / @window_seconds::float8) * @window_seconds::float8), 1)
ON CONFLICT (subject, slot) DO UPDATE SET n = l.n + 1
RETURNING l.n, extract(epoch FROM l.slot + make_interval(secs => @window_seconds::float8) - now())::float8 AS seconds_left;

-- name: GetLetterFacts :one
-- Whether an invitation's letter is still wanted, and how young its organization is.
SELECT i.state, i.sending, (o.created_at > now() - interval '1 day')::boolean AS first_day, extract(epoch FROM o.created_at + interval '1 day' - now())::float8 AS seconds_left
FROM roster.invitations i
JOIN roster.organizations o ON o.id = i.org_id
WHERE i.org_id = @org_id AND i.id = @invitation_id;

-- name: DeleteOldLetterCounts :exec
DELETE FROM platform.letters AS l WHERE l.slot < now() - interval '3 days';

-- name: LetterOff :one
SELECT door.letter_off(@email_norm::text, @letter::text)::boolean AS turned_off;

-- name: InsertNews :exec
-- Has a worker tell a member of the change that this entry is about, when it cannot be undone any more.
INSERT INTO river.river_job (kind, args, max_attempts, queue, state, priority, scheduled_at)
VALUES ('news', @news::jsonb, 25, 'default', 'scheduled', 2, now() + interval '10 minutes');

-- name: GetNews :one
-- A member as they are now, and the latest entries about them, the newest first.
SELECT m.user_id, m.email, m.status, m.roles, o.name AS org_name, o.slug, o.status AS org_status,
       coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY e.at DESC, e.id DESC) FROM (
         SELECT h.id, h.at, h.event, h.actor_id, b.name AS actor_name, b.email AS actor_email, h.before, h.after
           FROM roster.audit_events h
           LEFT JOIN roster.memberships b ON b.org_id = h.org_id AND b.user_id = h.actor_id
          WHERE h.org_id = m.org_id AND h.subject_id = m.id
          ORDER BY h.at DESC, h.id DESC LIMIT 50) e), '[]')::jsonb AS events
FROM roster.memberships m
JOIN roster.organizations o ON o.id = m.org_id
WHERE m.org_id = @org_id AND m.id = @membership_id;
