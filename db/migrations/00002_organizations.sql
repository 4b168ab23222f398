-- Organizations, people, and who is in which organization with which roles.
--
-- The membership row is the directory entry: it carries name, e-mail and roles, kept in step by
-- triggers, so that a page inside an organization never touches the table of all people.

-- +goose Up
CREATE TABLE roster.organizations (
  id uuid PRIMARY KEY,
  name text NOT NULL CONSTRAINT organizations_name_length CHECK (char_length(name) BETWEEN 1 AND 64),
  slug text NOT NULL,
  status text NOT NULL DEFAULT 'active' CONSTRAINT organizations_status CHECK (status IN ('active', 'suspended', 'closing')),
  invitation_days integer NOT NULL DEFAULT 7 CONSTRAINT organizations_invitation_days CHECK (invitation_days BETWEEN 1 AND 30),
  members_may_invite boolean NOT NULL DEFAULT false,
  members_count integer NOT NULL DEFAULT 0,       -- active and suspended
  members_version bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);

-- Every address that leads to an organization: its present one and those it had before.
CREATE TABLE roster.organization_slugs (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  slug text NOT NULL CONSTRAINT organization_slugs_pkey PRIMARY KEY
    CONSTRAINT organization_slugs_form CHECK (slug ~ '^[a-z0-9](-?[a-z0-9])+$' AND char_length(slug) BETWEEN 2 AND 39),
  created_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz,
  CONSTRAINT organization_slugs_org UNIQUE (org_id, slug)
);
ALTER TABLE roster.organizations ADD CONSTRAINT organizations_slug_is_known
  FOREIGN KEY (id, slug) REFERENCES roster.organization_slugs (org_id, slug) DEFERRABLE INITIALLY DEFERRED;

-- A person. Only confirmed people stand here (auth.signups holds the others).
CREATE TABLE roster.users (
  id uuid PRIMARY KEY,
  home_org_id uuid REFERENCES roster.organizations (id),   -- set only where an account belongs to one organization
  name text NOT NULL CONSTRAINT users_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
  email text NOT NULL,                                     -- as typed
  email_norm text NOT NULL,                                -- as compared: NFC, lower case, IDNA
  sort_name text COLLATE "C" NOT NULL,                     -- folded in Go: one rule for rows and for what is searched
  search_text text NOT NULL,
  status text NOT NULL DEFAULT 'active' CONSTRAINT users_status CHECK (status IN ('active', 'disabled')),
  theme text NOT NULL DEFAULT 'system' CONSTRAINT users_theme CHECK (theme IN ('system', 'light', 'dark')),
  shortcuts boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_email_key UNIQUE NULLS NOT DISTINCT (home_org_id, email_norm)
);

CREATE TABLE roster.memberships (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES roster.users (id) ON DELETE RESTRICT,
  id uuid NOT NULL,
  status text NOT NULL DEFAULT 'active' CONSTRAINT memberships_status CHECK (status IN ('active', 'suspended', 'left', 'removed')),
  roles text[] NOT NULL DEFAULT '{}',                      -- copy of membership_roles, by trigger
  name text NOT NULL DEFAULT '',                           -- these five from users, by trigger
  email text NOT NULL DEFAULT '',
  email_norm text COLLATE "C" NOT NULL DEFAULT '',
  sort_name text COLLATE "C" NOT NULL DEFAULT '',
  search_text text NOT NULL DEFAULT '',
  invited_by uuid,
  invited_at timestamptz,
  joined_at timestamptz NOT NULL DEFAULT now(),
  joined_through text NOT NULL CONSTRAINT memberships_joined_through CHECK (joined_through IN ('created', 'invitation')),
  last_active_at timestamptz,
  ends_at timestamptz,
  ended_at timestamptz,
  version bigint NOT NULL DEFAULT 1,                       -- rises with every change of status or roles
  PRIMARY KEY (org_id, user_id),
  CONSTRAINT memberships_id_key UNIQUE (org_id, id),
  CONSTRAINT memberships_inviter FOREIGN KEY (org_id, invited_by) REFERENCES roster.memberships (org_id, user_id),
  CONSTRAINT memberships_owner_stays CHECK (ends_at IS NULL OR NOT 'owner' = ANY (roles))   -- no owner ends by the clock
);
CREATE INDEX memberships_of_person ON roster.memberships (user_id, org_id);
CREATE INDEX memberships_by_name ON roster.memberships (org_id, sort_name COLLATE "C", user_id) WHERE status IN ('active', 'suspended');
CREATE INDEX memberships_by_joined ON roster.memberships (org_id, joined_at, user_id) WHERE status IN ('active', 'suspended');
CREATE INDEX memberships_by_address ON roster.memberships (org_id, email_norm);
CREATE INDEX memberships_inviter_idx ON roster.memberships (org_id, invited_by);
CREATE INDEX memberships_search ON roster.memberships USING gin (org_id, search_text ext.gin_trgm_ops) WHERE status IN ('active', 'suspended');

CREATE TABLE roster.membership_roles (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text NOT NULL CONSTRAINT membership_roles_role CHECK (role IN ('owner', 'admin', 'member', 'viewer', 'guest')),
  granted_by uuid,
  granted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, user_id, role),
  CONSTRAINT membership_roles_membership FOREIGN KEY (org_id, user_id) REFERENCES roster.memberships (org_id, user_id) ON DELETE CASCADE
);
CREATE INDEX membership_roles_by_role ON roster.membership_roles (org_id, role, user_id);

SELECT roster.protect('roster.organizations', 'id');
SELECT roster.protect('roster.organization_slugs');
SELECT roster.protect('roster.memberships');
SELECT roster.protect('roster.membership_roles');

ALTER TABLE roster.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE roster.users FORCE ROW LEVEL SECURITY;
CREATE POLICY auth_all ON roster.users FOR ALL TO roster_auth USING (true) WITH CHECK (true);
CREATE POLICY owner_maintenance ON roster.users FOR ALL TO roster_owner USING (roster.maintenance()) WITH CHECK (roster.maintenance());
GRANT SELECT, INSERT ON roster.users TO roster_auth;
GRANT UPDATE (name, email, email_norm, sort_name, search_text, status, theme, shortcuts) ON roster.users TO roster_auth;

-- Column by column: what a page may change. Names, roles and counters change by trigger alone.
GRANT SELECT ON roster.organizations, roster.organization_slugs, roster.memberships, roster.membership_roles TO roster_app, roster_worker;
GRANT UPDATE (name, slug, status, invitation_days, members_may_invite, members_version, deleted_at) ON roster.organizations TO roster_app;
GRANT INSERT (org_id, user_id, id, status, invited_by, invited_at, joined_through) ON roster.memberships TO roster_app;
GRANT UPDATE (status, invited_by, invited_at, joined_at, joined_through, last_active_at, ends_at, ended_at, version) ON roster.memberships TO roster_app;
GRANT INSERT, DELETE ON roster.membership_roles TO roster_app;

-- What the definer's functions see.
CREATE POLICY definer ON roster.organizations FOR ALL TO roster_definer USING (true) WITH CHECK (true);
CREATE POLICY definer ON roster.organization_slugs FOR ALL TO roster_definer USING (true) WITH CHECK (true);
CREATE POLICY definer ON roster.users FOR ALL TO roster_definer USING (true) WITH CHECK (true);
CREATE POLICY definer ON roster.memberships FOR ALL TO roster_definer USING (true) WITH CHECK (true);
CREATE POLICY definer ON roster.membership_roles FOR ALL TO roster_definer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON roster.organizations, roster.organization_slugs, roster.memberships, roster.membership_roles TO roster_definer;
GRANT DELETE ON roster.organization_slugs TO roster_definer;
GRANT SELECT ON roster.users TO roster_definer;
GRANT UPDATE (id) ON roster.users TO roster_definer;       -- FOR SHARE asks for it; nothing sets it
GRANT UPDATE (members_version, members_count) ON roster.organizations TO roster_definer;
GRANT UPDATE (roles, name, email, email_norm, sort_name, search_text, last_active_at) ON roster.memberships TO roster_definer;

SET LOCAL ROLE roster_definer;

-- +goose StatementBegin
-- The last owner stays. Whoever takes an owner's role away first updates the organization's row, so
-- that two who act at once stand in line. A suspended owner still counts.
CREATE FUNCTION door.guard_last_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF OLD.role <> 'owner' THEN RETURN NULL; END IF;
  IF TG_OP = 'UPDATE' AND NEW.role = 'owner' AND NEW.org_id = OLD.org_id THEN RETURN NULL; END IF;
  UPDATE roster.organizations SET members_version = members_version + 1 WHERE id = OLD.org_id;
  IF NOT FOUND THEN RETURN NULL; END IF;                   -- the organization itself is being erased
  IF NOT EXISTS (SELECT 1 FROM roster.membership_roles WHERE org_id = OLD.org_id AND role = 'owner') THEN
    RAISE EXCEPTION 'an organization keeps an owner' USING ERRCODE = 'RO001';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Copies the roles of the touched memberships into their rows, the highest first.
CREATE FUNCTION door.copy_roles() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE roster.memberships m
     SET roles = ARRAY(SELECT r.role FROM roster.membership_roles r
                        WHERE r.org_id = m.org_id AND r.user_id = m.user_id
                        ORDER BY array_position(ARRAY['owner', 'admin', 'member', 'viewer', 'guest'], r.role), r.role)
    FROM (SELECT DISTINCT org_id, user_id FROM touched) t
   WHERE m.org_id = t.org_id AND m.user_id = t.user_id;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Fills the directory entry of a new membership. FOR SHARE: a person who is being renamed just now is
-- waited for, or the entry would keep the old name for ever.
CREATE FUNCTION door.fill_directory() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT u.name, u.email, u.email_norm, u.sort_name, u.search_text
    INTO NEW.name, NEW.email, NEW.email_norm, NEW.sort_name, NEW.search_text
    FROM roster.users u WHERE u.id = NEW.user_id FOR SHARE;
  RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- A person's new name or address reaches their entry in every organization.
CREATE FUNCTION door.refresh_directory() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE roster.memberships
     SET name = NEW.name, email = NEW.email, email_norm = NEW.email_norm, sort_name = NEW.sort_name, search_text = NEW.search_text
   WHERE user_id = NEW.id;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Keeps the number of present members in the organization's row: pages show it without counting.
CREATE FUNCTION door.count_members() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE roster.organizations o SET members_count = members_count + n.present
      FROM (SELECT org_id, count(*) FILTER (WHERE status IN ('active', 'suspended')) AS present FROM new_rows GROUP BY org_id) n
     WHERE o.id = n.org_id AND n.present <> 0;
  ELSE
    UPDATE roster.organizations o SET members_count = members_count + d.change
      FROM (SELECT org_id, sum(change) AS change
              FROM (SELECT org_id, 1 AS change FROM new_rows WHERE status IN ('active', 'suspended')
                    UNION ALL
                    SELECT org_id, -1 FROM old_rows WHERE status IN ('active', 'suspended')) x
             GROUP BY org_id) d
     WHERE o.id = d.org_id AND d.change <> 0;
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

GRANT EXECUTE ON FUNCTION door.guard_last_owner(), door.copy_roles(), door.fill_directory(), door.refresh_directory(), door.count_members() TO roster_owner;
RESET ROLE;

CREATE TRIGGER membership_roles_last_owner AFTER UPDATE OR DELETE ON roster.membership_roles
  FOR EACH ROW EXECUTE FUNCTION door.guard_last_owner();
CREATE TRIGGER membership_roles_copy_added AFTER INSERT ON roster.membership_roles
  REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION door.copy_roles();
CREATE TRIGGER membership_roles_copy_changed AFTER UPDATE ON roster.membership_roles
  REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION door.copy_roles();
CREATE TRIGGER membership_roles_copy_taken AFTER DELETE ON roster.membership_roles
  REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION door.copy_roles();
CREATE TRIGGER memberships_fill_directory BEFORE INSERT ON roster.memberships
  FOR EACH ROW EXECUTE FUNCTION door.fill_directory();
CREATE TRIGGER users_refresh_directory AFTER UPDATE ON roster.users
  FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.email IS DISTINCT FROM NEW.email
    OR OLD.email_norm IS DISTINCT FROM NEW.email_norm OR OLD.sort_name IS DISTINCT FROM NEW.sort_name OR OLD.search_text IS DISTINCT FROM NEW.search_text)
  EXECUTE FUNCTION door.refresh_directory();
CREATE TRIGGER memberships_count_added AFTER INSERT ON roster.memberships
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION door.count_members();
CREATE TRIGGER memberships_count_changed AFTER UPDATE ON roster.memberships
  REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION door.count_members();
