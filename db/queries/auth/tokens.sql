-- name: InsertSignup :exec
INSERT INTO auth.signups (digest, kind, name, email, email_norm, password_hash, browser_digest, next, epoch, expires_at)
SELECT @digest, @kind, @name, @email, @email_norm, @password_hash, @browser_digest, @next, i.epoch, @expires_at
FROM auth.instance i;

-- name: RepeatSignup :one
-- A new link for what the same browser asked for last, unless its letter would be held; the links before it stay good.
INSERT INTO auth.signups (digest, kind, name, email, email_norm, password_hash, browser_digest, next, epoch, expires_at)
SELECT @digest, s.kind, s.name, s.email, s.email_norm, s.password_hash, s.browser_digest, s.next, s.epoch, now() + make_interval(secs => @life_seconds::float8)
FROM auth.signups s
WHERE s.email_norm = @email_norm
  AND s.browser_digest = @browser_digest
  AND s.kind = 'mailed'
  AND s.used_at IS NULL
  AND s.expires_at > now()
  AND s.epoch = (SELECT i.epoch FROM auth.instance i)
  AND (SELECT CASE WHEN auth.reserve(@free::text[], @free_limits::integer[], @free_seconds::float8[]) = 0 THEN 0
                   ELSE auth.reserve(@slow::text[], @slow_limits::integer[], @slow_seconds::float8[]) END) = 0
ORDER BY s.created_at DESC, s.digest
LIMIT 1
RETURNING name, email, expires_at;

-- name: GetSignup :one
-- To show the page and to judge a password; uses nothing up. Any open link to an address proves the mailbox: in a browser
-- that waits for a link to it too, and did not ask for this one, it opens what that browser asked for last. So whoever
-- has had many letters sent to an address keeps nobody from signing up with it.
SELECT coalesce(own.digest, s.digest)::bytea AS digest,
       s.kind,
       coalesce(own.name, s.name)::text AS name,
       coalesce(own.email, s.email)::text AS email,
       coalesce(own.password_hash, s.password_hash)::text AS password_hash,
       (own.digest IS NOT NULL OR coalesce(s.browser_digest = @browser_digest, false))::boolean AS here,
       (s.expires_at <= now())::boolean AS expired,
       (s.used_at IS NOT NULL)::boolean AS used
FROM auth.signups s
LEFT JOIN LATERAL (
  SELECT o.digest, o.name, o.email, o.password_hash
  FROM auth.signups o
  WHERE s.kind = 'mailed' AND s.used_at IS NULL AND s.expires_at > now() AND s.browser_digest IS DISTINCT FROM @browser_digest
    AND o.email_norm = s.email_norm
    AND o.browser_digest = @browser_digest
    AND o.kind = 'mailed'
    AND o.used_at IS NULL
    AND o.expires_at > now()
    AND o.epoch = s.epoch
  ORDER BY o.created_at DESC, o.digest
  LIMIT 1
) own ON true
WHERE s.digest = @digest AND s.epoch = (SELECT i.epoch FROM auth.instance i);

-- name: VoidSignupsOf :exec
-- Whatever still waited for this person's address is void, and holds no password any more.
WITH waiting AS (
  SELECT w.digest
  FROM auth.signups w
  WHERE w.email_norm = (SELECT u.email_norm FROM roster.users u WHERE u.id = @user_id) AND w.used_at IS NULL
  ORDER BY w.digest
  FOR UPDATE
)
UPDATE auth.signups AS s SET used_at = now(), password_hash = '' FROM waiting WHERE s.digest = waiting.digest;

-- name: InsertToken :exec
-- Those before it for the same purpose are replaced, if they were asked for from the same place: what a stranger asks for
-- replaces no link of the owner's.
WITH replaced AS (
  UPDATE auth.tokens AS t SET revoked_at = now()
  WHERE t.user_id = @user_id AND t.purpose = @purpose AND t.asked_from = @asked_from AND t.used_at IS NULL AND t.revoked_at IS NULL
)
INSERT INTO auth.tokens (digest, purpose, user_id, epoch, asked_from, expires_at)
SELECT @digest, @purpose, @user_id, i.epoch, @asked_from, @expires_at
FROM auth.instance i;

-- name: RevokeTokensOf :exec
UPDATE auth.tokens AS t SET revoked_at = now()
WHERE t.user_id = @user_id AND t.used_at IS NULL AND t.revoked_at IS NULL;

-- name: GetToken :one
-- To show the page; uses nothing up. A disabled account's link is as good as none.
SELECT u.name,
       u.email,
       (t.expires_at <= now())::boolean AS expired,
       (t.used_at IS NOT NULL)::boolean AS used,
       (t.revoked_at IS NOT NULL)::boolean AS replaced
FROM auth.tokens t
JOIN roster.users u ON u.id = t.user_id AND u.status = 'active'
WHERE t.digest = @digest AND t.purpose = @purpose AND t.epoch = (SELECT i.epoch FROM auth.instance i);

-- name: UseToken :one
-- The only statement that uses one up: bound to its purpose, once, by the database's clock. Whoever has it was mailed it,
-- or given it by the operator: it confirms the address.
WITH used AS (
  UPDATE auth.tokens AS t SET used_at = now()
  FROM roster.users u, auth.credentials c
  WHERE t.digest = @digest
    AND t.purpose = @purpose
    AND t.used_at IS NULL
    AND t.revoked_at IS NULL
    AND t.expires_at > now()
    AND t.epoch = (SELECT i.epoch FROM auth.instance i)
    AND u.id = t.user_id
    AND u.status = 'active'
    AND c.user_id = u.id
  RETURNING u.id, u.name, u.email, u.email_norm, u.theme, u.shortcuts, c.changed_at, c.last_org
), confirmed AS (
  UPDATE roster.users AS u SET address_confirmed = true FROM used WHERE u.id = used.id AND NOT u.address_confirmed
)
SELECT used.id, used.name, used.email, used.email_norm, used.theme, used.shortcuts, used.changed_at, used.last_org, now()::timestamptz AS at
FROM used;

-- name: DeleteOldTokens :exec
DELETE FROM auth.tokens AS t WHERE t.expires_at < now() - interval '30 days';

-- name: DeleteOldSignups :exec
DELETE FROM auth.signups AS s WHERE s.expires_at < now() - interval '7 days';

-- name: InsertAccountJob :exec
-- A letter of an account, sent only if this transaction stands.
INSERT INTO river.river_job (kind, args, max_attempts, queue, state) VALUES (@kind, @args::jsonb, @max_attempts, 'default', 'available');

-- name: WakeWorkersForAccount :exec
SELECT pg_notify('river.river_insert', '{"queue":"default"}');
