-- name: SetAddressCode :one
-- The code that was mailed last is the one that counts. One was mailed just now: no row, and it stays.
INSERT INTO auth.address_codes AS c (user_id, digest, epoch, expires_at)
SELECT @user_id, @digest, i.epoch, now() + make_interval(secs => @life_seconds::float8)
FROM auth.instance i
ON CONFLICT (user_id) DO UPDATE
SET digest = excluded.digest, epoch = excluded.epoch, sent_at = now(), expires_at = excluded.expires_at
WHERE c.sent_at <= now() - interval '1 minute' OR c.epoch <> excluded.epoch
RETURNING c.expires_at;

-- name: GetAddressCode :one
SELECT c.expires_at
FROM auth.address_codes c
WHERE c.user_id = @user_id AND c.expires_at > now() AND c.epoch = (SELECT i.epoch FROM auth.instance i);

-- name: ConfirmAddress :one
-- The only statement that uses a code up: the person's own, once, by the database's clock.
WITH used AS (
  DELETE FROM auth.address_codes AS c
  WHERE c.user_id = @user_id
    AND c.digest = @digest
    AND c.expires_at > now()
    AND c.epoch = (SELECT i.epoch FROM auth.instance i)
  RETURNING c.user_id
), confirmed AS (
  UPDATE roster.users AS u SET address_confirmed = true FROM used WHERE u.id = used.user_id RETURNING u.id
)
INSERT INTO auth.events (id, user_id, event, address, user_agent, request_id)
SELECT @event_id, confirmed.id, 'address_confirmed', @address, @user_agent, @request_id FROM confirmed
RETURNING user_id;

-- name: DeleteOldAddressCodes :exec
DELETE FROM auth.address_codes AS c WHERE c.expires_at < now() - interval '1 day';
