-- When a session was used last is noted by a function of its own, so that looking at a session is nothing but
-- a look: also on a database that writes nothing, or on a full disk.

-- +goose Up
-- +goose StatementBegin
-- Notes that a session is used. Whoever comes at the same time waits for nobody to note the same.
CREATE FUNCTION auth.touch_session(p_digest bytea) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE auth.sessions s SET last_seen_at = now() WHERE s.token_digest =
    (SELECT l.token_digest FROM auth.sessions l
      WHERE l.token_digest = p_digest AND l.last_seen_at < now() - interval '1 minute' FOR UPDATE SKIP LOCKED);
  RETURN FOUND;
EXCEPTION WHEN read_only_sql_transaction OR insufficient_resources THEN
  RETURN false; -- worth knowing, and no reason to show nothing
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION auth.touch_session(bytea) TO roster_auth;
