-- Who you are: passwords, sessions, one-time links. Of roster_auth alone; no tenant data.
-- Tokens stand here as SHA-256 only, bound to their purpose, and end by the database's clock.

-- +goose Up
-- The epoch rises when a backup is restored: what was issued before is dead then.
CREATE TABLE auth.instance (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  epoch bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO auth.instance DEFAULT VALUES;

CREATE TABLE auth.credentials (
  user_id uuid PRIMARY KEY REFERENCES roster.users (id) ON DELETE CASCADE,
  password_hash text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),           -- the password's version: a log-in with an older one makes no session
  last_org uuid                                            -- used last: where the next log-in leads
);

CREATE TABLE auth.sessions (
  token_digest bytea PRIMARY KEY CHECK (octet_length(token_digest) = 32),
  public_id uuid NOT NULL UNIQUE,                          -- names the session in lists and in the audit log
  user_id uuid NOT NULL REFERENCES roster.users (id) ON DELETE CASCADE,
  data bytea NOT NULL,
  active_org uuid,
  previous_digest bytea,                                   -- answered as its successor for 10 s after a switch
  switched_at timestamptz,
  epoch bigint NOT NULL,
  user_agent text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '',
  authenticated_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL                          -- absolute: no renewal passes it
);
CREATE INDEX sessions_of_person ON auth.sessions (user_id, authenticated_at);
CREATE UNIQUE INDEX sessions_previous ON auth.sessions (previous_digest) WHERE previous_digest IS NOT NULL;
CREATE INDEX sessions_end ON auth.sessions (expires_at);

-- A sign-up that was not confirmed yet: nobody, until the link comes back.
CREATE TABLE auth.signups (
  digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  kind text NOT NULL CHECK (kind IN ('mailed', 'handed')), -- handed: made by the operator for somebody
  name text NOT NULL,
  email text NOT NULL,
  email_norm text NOT NULL,
  password_hash text NOT NULL,                             -- '' where the person chooses it on confirming
  browser_digest bytea,                                    -- the browser that asked
  next text NOT NULL DEFAULT '',
  epoch bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX signups_of_address ON auth.signups (email_norm);

CREATE TABLE auth.tokens (
  digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  purpose text NOT NULL CHECK (purpose IN ('reset', 'login')),
  user_id uuid NOT NULL REFERENCES roster.users (id) ON DELETE CASCADE,
  epoch bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX tokens_of_person ON auth.tokens (user_id, purpose);

-- Tries, counted before they are judged, so that many at once cannot all pass. A window opens with its
-- first try. The subject is a keyed digest: whose address was tried is not written down.
CREATE TABLE auth.attempts (
  subject text PRIMARY KEY,
  since timestamptz NOT NULL DEFAULT now(),
  n integer NOT NULL DEFAULT 1
);
CREATE INDEX attempts_end ON auth.attempts (since);

-- The account's own log.
CREATE TABLE auth.events (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES roster.users (id) ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT now(),
  event text NOT NULL,
  session_id uuid,
  address text NOT NULL DEFAULT '',
  user_agent text NOT NULL DEFAULT '',
  request_id text NOT NULL DEFAULT '',
  detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX events_of_person ON auth.events (user_id, at DESC, id DESC);

GRANT SELECT ON auth.instance TO roster_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.credentials, auth.sessions, auth.signups, auth.tokens, auth.attempts TO roster_auth;
GRANT SELECT, INSERT ON auth.events TO roster_auth;

-- How many letters went to an address or out of an organization in an hour or a day.
CREATE TABLE platform.letters (
  subject text NOT NULL,
  slot timestamptz NOT NULL,
  n integer NOT NULL,
  PRIMARY KEY (subject, slot)
);
CREATE INDEX letters_end ON platform.letters (slot);
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.letters TO roster_worker;

-- The program looks whether the schema is its own.
GRANT SELECT ON platform.goose_db_version TO roster_app, roster_auth, roster_worker;
