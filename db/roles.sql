-- The cluster's side of Roster: the roles that the program connects as, and what they may do with
-- the database as a whole. Run by an administrator (the private server's own superuser, or
-- ROSTER_ADMIN_DATABASE_URL), as often as one likes: every statement can be repeated. The names are the usual
-- ones here; an installation with others (ROSTER_DATABASE_ROLES) reads its own in their place.
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
  -- Roles belong to the whole cluster and an advisory lock to one database, so nothing is written that
  -- stands already: databases prepared side by side would collide on the roles' rows.
  FOREACH r IN ARRAY ARRAY['roster_owner', 'roster_definer', 'roster_migrate', 'roster_app', 'roster_auth', 'roster_worker'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', r);
    END IF;
  END LOOP;
  FOREACH r IN ARRAY ARRAY['roster_owner', 'roster_definer'] LOOP
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r AND (rolcanlogin OR rolinherit)) THEN
      EXECUTE format('ALTER ROLE %I NOLOGIN NOINHERIT', r);
    END IF;
  END LOOP;
  FOREACH r IN ARRAY ARRAY['roster_migrate', 'roster_app', 'roster_auth', 'roster_worker'] LOOP
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r AND (NOT rolcanlogin OR rolinherit)) THEN
      EXECUTE format('ALTER ROLE %I LOGIN NOINHERIT', r);
    END IF;
  END LOOP;
  IF NOT pg_has_role('roster_migrate', 'roster_owner', 'MEMBER') OR NOT pg_has_role('roster_owner', 'roster_definer', 'MEMBER') THEN
    IF current_setting('server_version_num')::int >= 160000 THEN
      EXECUTE 'GRANT roster_definer TO roster_owner WITH INHERIT FALSE, SET TRUE';
      EXECUTE 'GRANT roster_owner TO roster_migrate WITH INHERIT FALSE, SET TRUE';
    ELSE
      GRANT roster_definer TO roster_owner;
      GRANT roster_owner TO roster_migrate;
    END IF;
  END IF;
  -- An administrator who is no superuser migrates as the owner too, and so must be allowed to become it. Since
  -- PostgreSQL 16 whoever makes a role is a member who may give it to others, and yet not become it.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    IF current_setting('server_version_num')::int >= 160000 THEN
      IF NOT pg_has_role(current_user, 'roster_owner', 'SET') THEN
        EXECUTE format('GRANT roster_owner TO %I WITH INHERIT FALSE, SET TRUE', current_user);
      END IF;
    ELSIF NOT pg_has_role(current_user, 'roster_owner', 'MEMBER') THEN
      EXECUTE format('GRANT roster_owner TO %I', current_user);
    END IF;
  END IF;
END
$do$;

-- What belongs to this database is not cloned with a template, so it is repeated for each.
DO $do$
DECLARE
  d text := current_database();
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', d);
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO roster_migrate, roster_app, roster_auth, roster_worker', d);
  EXECUTE format('GRANT CREATE ON DATABASE %I TO roster_owner', d);
  -- Whoever may do nothing in a schema is refused, even where nothing is left to take.
  IF EXISTS (SELECT 1 FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a WHERE n.nspname = 'public' AND a.grantee = 0) THEN
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
  END IF;
END
$do$;

-- The budgets of pages (db/pooler.go), for the connections that a pooler opens: it passes on nothing that Roster says
-- at the start of one. Nothing is written that stands already, for all that migrate at once write the same row.
DO $do$
DECLARE
  d text := current_database();
  r text;
  s text;
BEGIN
  FOREACH r IN ARRAY ARRAY['roster_app', 'roster_auth'] LOOP
    FOREACH s IN ARRAY ARRAY['statement_timeout=5s', 'lock_timeout=2s', 'idle_in_transaction_session_timeout=10s',
                             'search_path=pg_catalog', 'TimeZone=UTC', 'plan_cache_mode=force_generic_plan'] LOOP
      IF NOT EXISTS (SELECT 1 FROM pg_db_role_setting c JOIN pg_database b ON b.oid = c.setdatabase JOIN pg_roles o ON o.oid = c.setrole
                      WHERE b.datname = d AND o.rolname = r AND s = ANY (c.setconfig)) THEN
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = %L', r, d, split_part(s, '=', 1), split_part(s, '=', 2));
      END IF;
    END LOOP;
  END LOOP;
END
$do$;
