-- A limit never falls on whom an outsider names. Tries are counted where they come from: on the device that logged in as
-- this account before, else by network, and only then for the account as a whole, which slows strangers and nobody else.
-- The program before this one goes on working: it reads and writes what it knew, and the new column has a default.

-- +goose Up
-- Browsers that logged in as somebody. The mark opens nothing: it only has a count of its own.
CREATE TABLE auth.devices (
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),
  user_id uuid NOT NULL REFERENCES roster.users (id) ON DELETE CASCADE,
  used_at timestamptz NOT NULL DEFAULT now(),              -- the last log-in
  PRIMARY KEY (digest, user_id)
);
CREATE INDEX devices_of_person ON auth.devices (user_id);
CREATE INDEX devices_end ON auth.devices (used_at);

-- Log-ins to an account that failed: wrong, or not even looked at. One row for a network and an hour (less, if the person
-- logs in within it), and one for all networks above ten, so that a thousand tries are not a thousand rows.
CREATE TABLE auth.refused_tries (
  user_id uuid NOT NULL REFERENCES roster.users (id) ON DELETE CASCADE,
  since timestamptz NOT NULL,
  network text NOT NULL,                                   -- '' for those above ten
  tries integer NOT NULL DEFAULT 1,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  address text NOT NULL,                                   -- of the last one
  user_agent text NOT NULL,
  PRIMARY KEY (user_id, since, network)
);
CREATE INDEX refused_tries_end ON auth.refused_tries (last_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON auth.devices, auth.refused_tries TO roster_auth;

-- Where a link was asked for, as a digest: a new one replaces those of the same place, so that no stranger can replace the
-- owner's. '' is the operator.
ALTER TABLE auth.tokens ADD COLUMN asked_from text NOT NULL DEFAULT '';

-- +goose StatementBegin
-- Counts a try for each subject before it is judged, from the narrowest on, and stops at the first that has had too many:
-- what a network is refused does not count against the account. It answers with the seconds to wait, 0 for none. The
-- row's lock lets one go after the other; all come in one order, so that two tries never wait for each other.
CREATE FUNCTION auth.reserve(p_subjects text[], p_limits integer[], p_seconds float8[]) RETURNS float8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  life interval;
  counted integer;
  seconds_left float8;
BEGIN
  FOR i IN 1 .. coalesce(array_length(p_subjects, 1), 0) LOOP
    life := make_interval(secs => p_seconds[i]);
    INSERT INTO auth.attempts AS a (subject) VALUES (p_subjects[i])
    ON CONFLICT (subject) DO UPDATE
    SET n = CASE WHEN a.since > now() - life THEN a.n + 1 ELSE 1 END,
        since = CASE WHEN a.since > now() - life THEN a.since ELSE now() END
    RETURNING a.n, extract(epoch FROM a.since + life - now())::float8 INTO counted, seconds_left;
    IF counted > p_limits[i] THEN
      RETURN greatest(seconds_left, 1);
    END IF;
  END LOOP;
  RETURN 0;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION auth.reserve(text[], integer[], float8[]) TO roster_auth;
