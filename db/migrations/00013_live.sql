-- What changes in an organization is announced by the database itself, whoever changes it, for the pages that
-- are open: pg_notify on the channel roster_live, once for each transaction, organization and kind of change.
--
-- Any role that connects may listen and notify; PostgreSQL has no rights on channels. So an announcement tells
-- nothing to who does not know the organization already: its id goes out as a digest, which cannot be turned
-- back (an id has 74 random bits), and of what has changed only the kind. A false announcement makes the pages
-- look again, no more.

-- +goose Up
SET LOCAL ROLE roster_definer;

-- +goose StatementBegin
-- Announces what its argument says, for the organizations of the rows that a statement added.
CREATE FUNCTION door.announce_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  o uuid;
BEGIN
  FOR o IN SELECT DISTINCT n.org_id FROM new_rows n LOOP
    PERFORM pg_notify('roster_live', left(encode(sha256(uuid_send(o)), 'hex'), 32) || ' ' || TG_ARGV[0]);
  END LOOP;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Announces what its argument says, for the organization of a row that was changed. Many rows are one announcement:
-- in one transaction the same is said once.
CREATE FUNCTION door.announce_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('roster_live', left(encode(sha256(uuid_send(NEW.org_id)), 'hex'), 32) || ' ' || TG_ARGV[0]);
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION door.announce_organization() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('roster_live', left(encode(sha256(uuid_send(NEW.id)), 'hex'), 32) || ' organization');
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Where each of these people is a member now: what an open page may hear of.
CREATE FUNCTION door.present_in(p_users uuid[]) RETURNS TABLE (user_id uuid, org_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
    SELECT m.user_id, m.org_id
      FROM unnest(p_users) u (id)
     CROSS JOIN LATERAL
       (SELECT x.user_id, x.org_id FROM roster.memberships x JOIN roster.organizations g ON g.id = x.org_id AND g.status = 'active'
         WHERE x.user_id = u.id AND x.status = 'active' AND (x.ends_at IS NULL OR x.ends_at > now())
         ORDER BY x.org_id LIMIT 1000) m;
END $$;
-- +goose StatementEnd

GRANT EXECUTE ON FUNCTION door.announce_added(), door.announce_changed(), door.announce_organization() TO roster_owner;
GRANT EXECUTE ON FUNCTION door.present_in(uuid[]) TO roster_app;
RESET ROLE;

CREATE TRIGGER memberships_announce_added AFTER INSERT ON roster.memberships
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION door.announce_added('members');
CREATE TRIGGER invitations_announce_added AFTER INSERT ON roster.invitations
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION door.announce_added('invitations');
-- By row, for these look at named columns alone: that somebody was active again is no news, and neither are the
-- counters of an organization, which change with its members.
CREATE TRIGGER memberships_announce_changed AFTER UPDATE OF status, roles, name, email, ends_at, version ON roster.memberships
  FOR EACH ROW WHEN ((OLD.status, OLD.roles, OLD.name, OLD.email, OLD.ends_at, OLD.version)
    IS DISTINCT FROM (NEW.status, NEW.roles, NEW.name, NEW.email, NEW.ends_at, NEW.version))
  EXECUTE FUNCTION door.announce_changed('members');
CREATE TRIGGER invitations_announce_changed AFTER UPDATE ON roster.invitations
  FOR EACH ROW EXECUTE FUNCTION door.announce_changed('invitations');
CREATE TRIGGER organizations_announce_changed AFTER UPDATE OF name, slug, status, invitation_days, members_may_invite, deleted_at ON roster.organizations
  FOR EACH ROW WHEN ((OLD.name, OLD.slug, OLD.status, OLD.invitation_days, OLD.members_may_invite, OLD.deleted_at)
    IS DISTINCT FROM (NEW.name, NEW.slug, NEW.status, NEW.invitation_days, NEW.members_may_invite, NEW.deleted_at))
  EXECUTE FUNCTION door.announce_organization();
