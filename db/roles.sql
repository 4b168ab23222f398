-- The cluster's side of Roster: the roles that the program connects as, and what they may do with
-- the database as a whole. Run by an administrator (the private server's own superuser, or
-- ROSTER_ADMIN_DATABASE_URL), as often as one likes: every statement can be repeated.
--
-- roster_owner    owns schemas and tables; no log-in; NOINHERIT, or it would see rows through the
--                 definer's policies
-- roster_definer  owns the few SECURITY DEFINER functions (schema door); no log-in
-- roster_migrate  connects with role=roster_owner
-- roster_app      pages and API, under row security
-- roster_auth     credentials, sessions, tokens, people
-- roster_worker   jobs
DO $do$
DECLARE
  r text;
BEGIN
  -- Roles belong to the whole cluster: two databases prepared at once must not collide.
  PERFORM pg_advisory_xact_lock(7163840021);
  FOREACH r IN ARRAY ARRAY['roster_owner', 'roster_definer', 'roster_migrate', 'roster_app', 'roster_auth', 'roster_worker'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', r);
    END IF;
  END LOOP;
  ALTER ROLE roster_owner NOLOGIN NOINHERIT;
  ALTER ROLE roster_definer NOLOGIN NOINHERIT;
  ALTER ROLE roster_migrate LOGIN NOINHERIT;
  ALTER ROLE roster_app LOGIN;
  ALTER ROLE roster_auth LOGIN;
  ALTER ROLE roster_worker LOGIN;
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE 'GRANT roster_definer TO roster_owner WITH INHERIT FALSE, SET TRUE';
    EXECUTE 'GRANT roster_owner TO roster_migrate WITH INHERIT FALSE, SET TRUE';
  ELSE
    GRANT roster_definer TO roster_owner;
    GRANT roster_owner TO roster_migrate;
  END IF;
  -- An administrator who is no superuser migrates as the owner too, and so must be allowed to become it.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT roster_owner TO %I', current_user);
  END IF;
END
$do$;

-- What belongs to this database is not cloned with a template, so it is repeated for each.
DO $do$
DECLARE
  d text := current_database();
BEGIN
  PERFORM pg_advisory_xact_lock(7163840021);
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', d);
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO roster_migrate, roster_app, roster_auth, roster_worker', d);
  EXECUTE format('GRANT CREATE ON DATABASE %I TO roster_owner', d);
END
$do$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
