-- name: GetSession :one
-- The session of a token and its person, in one look; that it is used is noted at most once a minute, and not for
-- what a page asks by itself. The token before a switch is answered as its successor for ten seconds, so that a
-- double click logs nobody out.
WITH found AS (
  SELECT s.token_digest, s.public_id, s.user_id, s.data, s.active_org, s.authenticated_at, s.last_seen_at, s.expires_at,
         (s.token_digest <> @digest) AS succeeded
  FROM auth.sessions s
  WHERE (s.token_digest = @digest OR (s.previous_digest = @digest AND s.switched_at > now() - interval '10 seconds'))
    AND s.expires_at > now()
    AND s.last_seen_at > now() - make_interval(secs => @idle_seconds::float8)
    AND s.epoch = (SELECT i.epoch FROM auth.instance i)
)
SELECT f.token_digest, f.public_id, f.user_id, f.data, f.active_org, f.authenticated_at, f.expires_at, f.succeeded::boolean AS succeeded,
       u.name, u.email, u.email_norm, u.theme, u.shortcuts,
       (CASE WHEN @in_use::boolean AND f.last_seen_at < now() - interval '1 minute' THEN auth.touch_session(f.token_digest) ELSE false END)::boolean AS touched
FROM found f
JOIN roster.users u ON u.id = f.user_id AND u.status = 'active';

-- name: ListStandingSessions :many
-- Which of these sessions are not over; that they are asked about is no use of them.
SELECT s.public_id
FROM auth.sessions s
JOIN roster.users u ON u.id = s.user_id AND u.status = 'active'
WHERE s.public_id = ANY (@sessions::uuid[])
  AND s.expires_at > now()
  AND s.last_seen_at > now() - make_interval(secs => @idle_seconds::float8)
  AND s.epoch = (SELECT i.epoch FROM auth.instance i);

-- name: InsertSession :one
-- Only a log-in makes a session, and only with the password that is still the password: the locks let a
-- reset or a disabled account either see this session and end it, or stop it here. The session that the
-- browser had before, whoever it was of, is over with it, whatever its token is by now. The browser is known from here on.
WITH made AS (
  INSERT INTO auth.sessions (token_digest, public_id, user_id, data, active_org, epoch, user_agent, address, expires_at)
  SELECT @digest, @public_id, u.id, @data, sqlc.narg(active_org)::uuid, i.epoch, @user_agent, @address, now() + make_interval(secs => @life_seconds::float8)
  FROM auth.instance i, roster.users u, auth.credentials c
  WHERE u.id = @user_id AND u.status = 'active' AND c.user_id = u.id AND c.changed_at = @password_changed_at
  FOR SHARE OF u, c
  RETURNING public_id, user_id, authenticated_at, expires_at
), noted AS (
  INSERT INTO auth.events (id, user_id, event, session_id, address, user_agent, request_id)
  SELECT @event_id, made.user_id, 'logged_in', made.public_id, @address, @user_agent, @request_id FROM made
), device AS (
  INSERT INTO auth.devices AS d (digest, user_id)
  SELECT sqlc.narg(device)::bytea, made.user_id FROM made WHERE sqlc.narg(device)::bytea IS NOT NULL
  ON CONFLICT (digest, user_id) DO UPDATE SET used_at = now()
), ended AS (
  DELETE FROM auth.sessions AS o USING made WHERE o.public_id = sqlc.narg(replaces)::uuid
)
SELECT made.authenticated_at, made.expires_at FROM made;

-- name: SetSessionData :exec
-- Never an INSERT: an ended session does not come back, whatever is in flight.
UPDATE auth.sessions AS s SET data = @data WHERE s.token_digest = @digest;

-- name: SetActiveOrganization :exec
-- Only if nobody chose another one since it was read. The credentials are locked before the session, as by
-- a new password: two that lock both never wait for each other.
WITH first AS (
  SELECT c.user_id FROM auth.credentials c JOIN auth.sessions o ON o.user_id = c.user_id WHERE o.token_digest = @digest FOR NO KEY UPDATE OF c
), chosen AS (
  UPDATE auth.sessions AS s SET active_org = @active_org::uuid
  FROM first
  WHERE s.user_id = first.user_id AND s.token_digest = @digest AND s.active_org IS NOT DISTINCT FROM sqlc.narg(was)::uuid
  RETURNING s.user_id, s.active_org
)
UPDATE auth.credentials AS c SET last_org = chosen.active_org FROM chosen WHERE c.user_id = chosen.user_id;

-- name: SwitchSession :one
-- A new token for the same session and another active organization; the end of its life stays. Who comes
-- with the token before, within ten seconds, chooses too but finds the token renewed already: of a double
-- click both presses lead to the same successor. Who found the session by it chooses too, though others have
-- renewed it more than once since. Locks are taken in the order of SetActiveOrganization.
WITH first AS (
  SELECT c.user_id FROM auth.credentials c JOIN auth.sessions o ON o.user_id = c.user_id
  WHERE o.public_id = @session OR o.token_digest = @digest OR o.previous_digest = @digest
  FOR NO KEY UPDATE OF c
), switched AS (
  UPDATE auth.sessions AS s
  SET previous_digest = CASE WHEN s.token_digest = @digest THEN s.token_digest ELSE s.previous_digest END,
      switched_at = CASE WHEN s.token_digest = @digest THEN now() ELSE s.switched_at END,
      token_digest = CASE WHEN s.token_digest = @digest THEN @successor::bytea ELSE s.token_digest END,
      active_org = @active_org::uuid
  FROM first
  WHERE s.user_id = first.user_id
    AND (s.token_digest = @digest
         OR ((s.public_id = @session OR s.previous_digest = @digest AND s.token_digest = @successor) AND s.switched_at > now() - interval '10 seconds'))
    AND s.expires_at > now()
  RETURNING s.user_id, s.active_org, s.token_digest
), used AS (
  UPDATE auth.credentials AS c SET last_org = switched.active_org FROM switched WHERE c.user_id = switched.user_id
)
SELECT switched.token_digest FROM switched;

-- name: DeleteSession :exec
-- Who logs out is out, however often the session was switched since the request came.
DELETE FROM auth.sessions AS s WHERE s.public_id = @public_id;

-- name: DeleteSessionsOf :exec
DELETE FROM auth.sessions AS s WHERE s.user_id = @user_id;

-- name: DeleteEndedSessions :exec
DELETE FROM auth.sessions AS s WHERE s.expires_at < now();
