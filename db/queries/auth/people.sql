-- name: GetAddress :one
-- The account of an address, or nulls, with the database's clock: known and unknown cost the same.
SELECT now()::timestamptz AS at,
       u.id,
       u.name,
       u.email,
       u.status
FROM auth.instance i
LEFT JOIN roster.users u ON u.home_org_id IS NULL AND u.email_norm = @email_norm;

-- name: AnybodyThere :one
-- Whether anybody has an account on this installation.
SELECT EXISTS (SELECT FROM roster.users)::boolean AS anybody;

-- name: AskForLetter :one
-- GetAddress for a letter that anybody may ask for, with the seconds that it is held: some go out at once, and above
-- these one at a time. Known and unknown addresses are counted alike.
SELECT now()::timestamptz AS at,
       u.id,
       u.name,
       u.email,
       u.status,
       (CASE WHEN auth.reserve(@free::text[], @free_limits::integer[], @free_seconds::float8[]) = 0 THEN 0
             ELSE auth.reserve(@slow::text[], @slow_limits::integer[], @slow_seconds::float8[]) END)::float8 AS held
FROM auth.instance i
LEFT JOIN roster.users u ON u.home_org_id IS NULL AND u.email_norm = @email_norm;

-- name: Reserve :one
-- Counts a try before it is judged, where it comes from: on the device, if that logged in as this account before, else
-- where strangers are counted. See auth.reserve. A log-in is noted in the account's own log as one that failed, until it
-- is found to be right: in one row for its network, or for all networks above ten.
WITH counted AS MATERIALIZED (
  SELECT k.known,
         auth.reserve(CASE WHEN k.known THEN @device_subjects::text[] ELSE @subjects::text[] END,
                      CASE WHEN k.known THEN @device_limits::integer[] ELSE @limits::integer[] END,
                      CASE WHEN k.known THEN @device_seconds::float8[] ELSE @seconds::float8[] END) AS wait
  FROM (
    SELECT EXISTS (
      SELECT FROM auth.devices d
      JOIN roster.users u ON u.id = d.user_id
      WHERE d.digest = @device::bytea AND d.used_at > now() - interval '180 days' AND u.home_org_id IS NULL AND u.email_norm = @email_norm::text
    ) AS known
  ) k
), noted AS (
  INSERT INTO auth.refused_tries AS r (user_id, since, network, address, user_agent)
  SELECT w.id, w.since,
         CASE WHEN (SELECT count(*) FROM auth.refused_tries o WHERE o.user_id = w.id AND o.since = w.since AND o.network NOT IN ('', @network::text)) < 10 THEN @network::text ELSE '' END,
         @address::text, @user_agent::text
  FROM counted, (
    SELECT u.id, greatest(date_trunc('hour', now()), (SELECT e.at FROM auth.events e WHERE e.user_id = u.id AND e.event = 'logged_in' ORDER BY e.at DESC, e.id DESC LIMIT 1)) AS since
    FROM roster.users u
    WHERE @note::boolean AND u.home_org_id IS NULL AND u.email_norm = @email_norm::text
  ) w
  ON CONFLICT (user_id, since, network) DO UPDATE
  SET tries = r.tries + 1, last_at = now(), address = excluded.address, user_agent = excluded.user_agent
  RETURNING since, network
)
SELECT c.known::boolean AS known, c.wait::float8 AS wait, coalesce((SELECT n.since FROM noted n), 'epoch')::timestamptz AS noted_since, coalesce((SELECT n.network FROM noted n), '')::text AS noted_network
FROM counted c;

-- name: TakeBackRefused :exec
-- The try was right.
UPDATE auth.refused_tries AS r SET tries = r.tries - 1
WHERE r.user_id = @user_id AND r.since = @since AND r.network = @network AND r.tries > 0;

-- name: GetPassword :one
-- What a log-in is judged by, and how many failed since the last one, from networks other than this.
SELECT u.id,
       u.name,
       u.email,
       u.email_norm,
       u.theme,
       u.shortcuts,
       c.password_hash,
       c.changed_at,
       c.last_org,
       t.tries::bigint AS refused,
       t.networks::bigint AS refused_from
FROM roster.users u
JOIN auth.credentials c ON c.user_id = u.id
CROSS JOIN LATERAL (
  SELECT coalesce(sum(r.tries), 0) AS tries, count(DISTINCT r.network) AS networks
  FROM auth.refused_tries r
  WHERE r.user_id = u.id
    AND r.network <> @network
    AND r.tries > 0
    AND r.since >= coalesce((SELECT e.at FROM auth.events e WHERE e.user_id = u.id AND e.event = 'logged_in' ORDER BY e.at DESC, e.id DESC LIMIT 1), '-infinity')
) t
WHERE u.home_org_id IS NULL AND u.email_norm = @email_norm AND u.status = 'active';

-- name: ForgetTries :exec
-- Row by row in the order of auth.reserve, so that the two never wait for each other.
DELETE FROM auth.attempts AS a WHERE a.subject = @subject;

-- name: GiveBackTry :exec
UPDATE auth.attempts AS a SET n = a.n - 1 WHERE a.subject = @subject AND a.n > 0;

-- name: ListAccountEvents :many
-- The account's own log, newest first: what happened, and the log-ins that failed.
SELECT e.event::text AS event, e.at::timestamptz AS first_at, e.at::timestamptz AS last_at, 1::integer AS times, ''::text AS network, e.address::text AS address, e.user_agent::text AS user_agent
FROM auth.events e
WHERE e.user_id = @user_id
UNION ALL
SELECT 'log_in_refused', r.first_at, r.last_at, r.tries, r.network, r.address, r.user_agent
FROM auth.refused_tries r
WHERE r.user_id = @user_id AND r.tries > 0
ORDER BY last_at DESC
LIMIT @how_many;

-- name: InsertDevice :exec
-- A browser that is known as this account's from here on, and for 180 days after its last log-in.
INSERT INTO auth.devices AS d (digest, user_id) VALUES (@digest, @user_id)
ON CONFLICT (digest, user_id) DO UPDATE SET used_at = now();

-- name: DeleteOldDevices :exec
DELETE FROM auth.devices AS d WHERE d.used_at < now() - interval '180 days';

-- name: DeleteOldRefused :exec
DELETE FROM auth.refused_tries AS r WHERE r.last_at < now() - interval '30 days';

-- name: TouchTries :exec
-- Changes nothing, at the cost of a change: for the address that has no account.
UPDATE auth.attempts AS a SET n = a.n WHERE a.subject = @subject;

-- name: DeleteOldTries :exec
DELETE FROM auth.attempts AS a WHERE a.since < now() - interval '1 day';

-- name: Confirm :one
-- A sign-up becomes a person: once, while it is open, in one statement. Whatever else waited for the
-- address is void from here on, and holds no password any more. All that waits is locked first and in one
-- order, here and wherever it is voided, so that two of one address never wait for each other.
WITH waiting AS (
  SELECT w.digest
  FROM auth.signups w
  WHERE w.email_norm = (SELECT o.email_norm FROM auth.signups o WHERE o.digest = @digest) AND w.used_at IS NULL
  ORDER BY w.digest
  FOR UPDATE
), used AS (
  UPDATE auth.signups AS s SET used_at = now(), password_hash = ''
  WHERE (SELECT count(*) FROM waiting) > 0
    AND s.digest = @digest
    AND s.used_at IS NULL
    AND s.expires_at > now()
    AND s.epoch = (SELECT i.epoch FROM auth.instance i)
  RETURNING s.digest, s.email, s.email_norm, s.next
), voided AS (
  UPDATE auth.signups AS o SET used_at = now(), password_hash = ''
  FROM used WHERE o.email_norm = used.email_norm AND o.digest <> used.digest AND o.used_at IS NULL
), person AS (
  INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text, fold)
  SELECT @user_id, @name, used.email, used.email_norm, @sort_name, @search_text, @fold FROM used
  RETURNING id, name, email, email_norm, theme, shortcuts
), credential AS (
  INSERT INTO auth.credentials (user_id, password_hash)
  SELECT person.id, @password_hash FROM person
  RETURNING changed_at
), noted AS (
  INSERT INTO auth.events (id, user_id, event, address, user_agent, request_id)
  SELECT @event_id, person.id, 'signed_up', @address, @user_agent, @request_id FROM person
)
SELECT person.id, person.name, person.email, person.email_norm, person.theme, person.shortcuts, credential.changed_at, used.next
FROM used, person, credential;

-- name: InsertPerson :one
-- Somebody with an invitation's link, which may speak for the address. The address's unique key decides who was first.
WITH waiting AS (
  SELECT w.digest FROM auth.signups w WHERE w.email_norm = @email_norm AND w.used_at IS NULL ORDER BY w.digest FOR UPDATE
), person AS (
  INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text, fold, address_confirmed)
  SELECT @user_id, @name, @email, @email_norm, @sort_name, @search_text, @fold, @address_confirmed WHERE (SELECT count(*) FROM waiting) >= 0
  RETURNING id, name, email, email_norm, theme, shortcuts
), voided AS (
  UPDATE auth.signups AS o SET used_at = now(), password_hash = ''
  FROM person WHERE o.email_norm = person.email_norm AND o.used_at IS NULL
), credential AS (
  INSERT INTO auth.credentials (user_id, password_hash)
  SELECT person.id, @password_hash FROM person
  RETURNING changed_at
), noted AS (
  INSERT INTO auth.events (id, user_id, event, address, user_agent, request_id)
  SELECT @event_id, person.id, 'signed_up', @address, @user_agent, @request_id FROM person
)
SELECT person.id, person.name, person.email, person.email_norm, person.theme, person.shortcuts, credential.changed_at
FROM person, credential;

-- name: SetPassword :exec
INSERT INTO auth.credentials (user_id, password_hash) VALUES (@user_id, @password_hash)
ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = now();

-- name: SetAppearance :exec
UPDATE roster.users AS u SET theme = @theme, shortcuts = @shortcuts WHERE u.id = @user_id;

-- name: InsertAccountEvent :exec
INSERT INTO auth.events (id, user_id, event, address, user_agent, request_id)
VALUES (@event_id, @user_id, @event, @address, @user_agent, @request_id);

-- name: GetLettersOff :one
-- The letters that the person turned off.
SELECT u.letters_off FROM roster.users u WHERE u.id = @user_id;

-- name: SetLettersOff :exec
UPDATE roster.users AS u SET letters_off = @letters_off::text[] WHERE u.id = @user_id;

-- name: GiveWay :exec
-- Whoever does what can wait does not make others wait for long: a transaction that holds a lock and does not get the next
-- one soon is undone.
SELECT set_config('lock_timeout', '100ms', true);

-- name: PeopleToFold :many
-- Some whose names were folded by an older rule. Who has one of them in hand is not waited for.
SELECT u.id, u.fold, u.name, u.email
FROM roster.users u
WHERE u.fold < @fold AND (u.fold, u.id) > (@after_fold::smallint, @after_id::uuid)
ORDER BY u.fold, u.id LIMIT @how_many
FOR NO KEY UPDATE SKIP LOCKED;

-- name: FoldPeople :exec
-- Their entries in organizations follow by trigger.
UPDATE roster.users AS u
SET sort_name = x.sort_name, search_text = x.search_text, fold = @fold
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@sort_names::text[]) AS sort_name, unnest(@search_texts::text[]) AS search_text) x
WHERE u.id = x.id;
