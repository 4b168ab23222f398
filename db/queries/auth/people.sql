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

-- name: Reserve :many
-- Counts a try for each subject before it is judged; the row's lock lets one go after the other. Subjects
-- come in one order everywhere (account, then address block), so that two tries never wait for each other.
INSERT INTO auth.attempts AS a (subject)
SELECT unnest(@subjects::text[])
ON CONFLICT (subject) DO UPDATE
SET n = CASE WHEN a.since > now() - make_interval(secs => @window_seconds::float8) THEN a.n + 1 ELSE 1 END,
    since = CASE WHEN a.since > now() - make_interval(secs => @window_seconds::float8) THEN a.since ELSE now() END
RETURNING a.subject,
          a.n,
          extract(epoch FROM a.since + make_interval(secs => @window_seconds::float8) - now())::float8 AS seconds_left;

-- name: GetPassword :one
-- What a log-in is judged by.
SELECT u.id,
       u.name,
       u.email,
       u.email_norm,
       u.theme,
       u.shortcuts,
       c.password_hash,
       c.changed_at,
       c.last_org
FROM roster.users u
JOIN auth.credentials c ON c.user_id = u.id
WHERE u.home_org_id IS NULL AND u.email_norm = @email_norm AND u.status = 'active';

-- name: ForgetTries :exec
DELETE FROM auth.attempts AS a WHERE a.subject = @subject;

-- name: GiveBackTry :exec
UPDATE auth.attempts AS a SET n = a.n - 1 WHERE a.subject = @subject AND a.n > 0;

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
  INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
  SELECT @user_id, @name, used.email, used.email_norm, @sort_name, @search_text FROM used
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
  INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text, address_confirmed)
  SELECT @user_id, @name, @email, @email_norm, @sort_name, @search_text, @address_confirmed WHERE (SELECT count(*) FROM waiting) >= 0
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
