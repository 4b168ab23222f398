-- The foundation: schemas, the one reader of the tenant context, and the rule that nobody may call
-- a function unless told so.
--
-- roster    what belongs to organizations, and the people
-- door      functions that see more than one organization, each with arguments, owned by roster_definer
-- auth      credentials, sessions, tokens: roster_auth alone
-- platform  what belongs to the installation
-- ext       extensions

-- +goose Up
CREATE SCHEMA roster;
CREATE SCHEMA door AUTHORIZATION roster_definer;
CREATE SCHEMA auth;
CREATE SCHEMA ext;
CREATE EXTENSION pg_trgm SCHEMA ext;
CREATE EXTENSION btree_gin SCHEMA ext;

-- The built-in default lets PUBLIC execute; it is global, so it is not written IN SCHEMA. Each role changes its
-- own: since PostgreSQL 16 a member without INHERIT may not do it FOR another.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA roster TO roster_app, roster_auth, roster_worker, roster_definer;
GRANT USAGE ON SCHEMA auth TO roster_auth;
GRANT USAGE ON SCHEMA platform TO roster_worker, roster_app, roster_auth;

SET LOCAL ROLE roster_definer;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT USAGE ON SCHEMA door TO roster_app, roster_owner;
RESET ROLE;

-- The organization that this transaction is in. nullif: after a committed transaction the setting is
-- '' and not NULL. No SET clause and full names, so that the planner can write it into the query.
CREATE FUNCTION roster.org_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(pg_catalog.current_setting('roster.org_id', true), '')::uuid $$;
GRANT EXECUTE ON FUNCTION roster.org_id() TO roster_app, roster_worker, roster_definer;

-- Row security is forced on the owner too: a data migration says what it is and counts its rows.
CREATE FUNCTION roster.maintenance() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(pg_catalog.current_setting('roster.maintenance', true), '') = 'on' $$;

-- +goose StatementBegin
-- Protects a tenant table: one policy for the run-time roles, one for maintenance, and none other.
CREATE FUNCTION roster.protect(tab regclass, key text DEFAULT 'org_id') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tab);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tab);
  EXECUTE format('CREATE POLICY org_isolation ON %s FOR ALL TO roster_app, roster_worker
    USING (%I = roster.org_id()) WITH CHECK (%I = roster.org_id())', tab, key, key);
  EXECUTE format('CREATE POLICY owner_maintenance ON %s FOR ALL TO roster_owner
    USING (roster.maintenance()) WITH CHECK (roster.maintenance())', tab);
END $$;
-- +goose StatementEnd
