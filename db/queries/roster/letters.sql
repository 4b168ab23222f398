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
