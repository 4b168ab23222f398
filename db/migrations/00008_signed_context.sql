-- The signed context, for installations that ask for it (ROSTER_SIGNED_CONTEXT): what enters an organization
-- carries an expiry and an HMAC that only the program can make, so that a stolen SQL statement, which can set
-- any setting, still enters no other organization. The keys lie where no role that connects can read.
--
-- roster.org_id() stays the one reader of the context. Which of the two it does is chosen by `roster migrate`:
-- to read the setting as it is (as made by the first migration), or to ask door.signed_org().

-- +goose Up
CREATE SCHEMA keyring AUTHORIZATION roster_definer;
SET LOCAL ROLE roster_definer;

-- At most two: the newest, and the one before it until every node has the newest.
CREATE TABLE keyring.context_keys (
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{8}$'),
  inner_pad bytea NOT NULL CHECK (octet_length(inner_pad) = 64),    -- key XOR ipad, and key XOR opad (RFC 2104)
  outer_pad bytea NOT NULL CHECK (octet_length(outer_pad) = 64),
  added_at timestamptz NOT NULL DEFAULT now()
);

-- +goose StatementBegin
-- The organization that this transaction is in, if its setting says so with a signature of ours that was good
-- when the transaction began: "organization.expiry.key.hmac", of fixed widths. Anything else is nowhere.
CREATE FUNCTION door.signed_org() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  said CONSTANT text := current_setting('roster.org_id', true);
  good boolean;
BEGIN
  IF said IS NULL OR length(said) <> 121 THEN RETURN NULL; END IF;
  -- Digests of the two are compared, so that the time it takes tells nothing about either.
  SELECT sha256(convert_to(encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(left(said, 56), 'UTF8'))), 'hex'), 'UTF8'))
         = sha256(convert_to(right(said, 64), 'UTF8'))
    INTO good FROM keyring.context_keys k WHERE k.id = substr(said, 49, 8);
  IF good IS NOT TRUE THEN RETURN NULL; END IF;                      -- only what we signed is looked at any further
  RETURN CASE WHEN to_timestamp(substr(said, 38, 10)::bigint) > now() THEN left(said, 36)::uuid END;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION door.signed_org() TO roster_app, roster_worker, roster_owner;
GRANT USAGE ON SCHEMA door TO roster_worker;

-- +goose StatementBegin
-- As before, but it steps into nothing: whoever may enter is entered by the context that comes with the next
-- statement. And it looks all the same on a database that writes nothing at the moment, or on a full disk.
CREATE OR REPLACE FUNCTION door.enter(p_user uuid, p_slug text, p_org uuid)
RETURNS TABLE (org_id uuid, org_name text, slug text, org_status text, invitation_days integer, members_may_invite boolean,
               members_count integer, owners integer, open_invitations integer, membership_id uuid, membership_status text, roles text[], membership_version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  o uuid := p_org;
  seen timestamptz;
BEGIN
  IF o IS NULL THEN
    SELECT s.org_id INTO o FROM roster.organization_slugs s WHERE s.slug = p_slug;
  END IF;
  SELECT g.id, g.name, g.slug, g.status, g.invitation_days, g.members_may_invite, g.members_count, 0, 0,
         m.id, m.status, m.roles, m.version, m.last_active_at
    INTO org_id, org_name, slug, org_status, invitation_days, members_may_invite, members_count, owners, open_invitations,
         membership_id, membership_status, roles, membership_version, seen
    FROM roster.memberships m JOIN roster.organizations g ON g.id = m.org_id
   WHERE m.user_id = p_user AND m.org_id = o AND (m.ends_at IS NULL OR m.ends_at > now());
  IF NOT FOUND THEN RETURN; END IF;
  IF membership_status = 'active' AND org_status = 'active' THEN
    -- The rail shows "99+" above a hundred: no need to count further.
    SELECT count(*) INTO open_invitations FROM
      (SELECT 1 FROM roster.invitations i WHERE i.org_id = o AND i.state = 'open' AND i.expires_at > now() LIMIT 100) x;
    -- One owner, or more: the only one's role is locked.
    SELECT count(*) INTO owners FROM
      (SELECT 1 FROM roster.membership_roles r WHERE r.org_id = o AND r.role = 'owner' LIMIT 2) x;
    IF seen IS NULL OR seen < now() - interval '5 minutes' THEN
      BEGIN
        UPDATE roster.memberships m SET last_active_at = now()
         WHERE m.org_id = o AND m.user_id =
           (SELECT l.user_id FROM roster.memberships l WHERE l.org_id = o AND l.user_id = p_user AND l.last_active_at IS NOT DISTINCT FROM seen FOR UPDATE SKIP LOCKED);
      EXCEPTION WHEN read_only_sql_transaction OR insufficient_resources THEN
        NULL; -- worth knowing, and no reason to show nothing
      END;
    END IF;
  END IF;
  RETURN NEXT;
END $$;
-- +goose StatementEnd
RESET ROLE;
