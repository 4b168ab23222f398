-- What one person can take of an installation that is free to found organizations in.
--
-- Sixty organizations were founded in a second, each with an allowance of letters of its own. So who founds is counted by
-- person: ten in 24 hours, and two hundred that stand. A lock is taken before they are counted, so that of many at once no
-- more get through.
--
-- And three thousand letters of one organization went out before the one of another. The queue works by priority, then by
-- time: letters of accounts, for which somebody sits in front of a screen, have the first; of an organization's, or of a
-- person's in whatever organizations, twenty have the second, some two hundred the third, and all others the last. So a
-- letter of whoever has few of them waits for twenty of anybody else's, however many those have.

-- +goose Up
CREATE TABLE platform.foundings (
  user_id uuid NOT NULL REFERENCES roster.users (id) ON DELETE CASCADE,
  org_id uuid NOT NULL,                                    -- as it was: it may have been erased since
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX foundings_of_person ON platform.foundings (user_id, at);
GRANT USAGE ON SCHEMA platform TO roster_definer;
GRANT SELECT, INSERT ON platform.foundings TO roster_definer;

-- +goose StatementBegin
DO $$
DECLARE
  founded bigint;
BEGIN
  SET LOCAL roster.maintenance = 'on';
  INSERT INTO platform.foundings (user_id, org_id, at) SELECT m.user_id, m.org_id, m.joined_at FROM roster.memberships m WHERE m.joined_through = 'created';
  GET DIAGNOSTICS founded = ROW_COUNT;
  RAISE NOTICE 'founders that are known: %', founded;
  SET LOCAL roster.maintenance = '';
END $$;
-- +goose StatementEnd

-- Letters that wait, of an organization and of a person.
CREATE INDEX letters_of_org ON river.river_job ((args ->> 'org_id')) WHERE kind = 'letter' AND state = 'available';
CREATE INDEX letters_of_person ON river.river_job ((args ->> 'by')) WHERE kind = 'letter' AND state = 'available' AND args ? 'by';
CREATE POLICY definer ON river.river_job FOR SELECT TO roster_definer USING (true);
GRANT USAGE ON SCHEMA river TO roster_definer;
GRANT SELECT (args, kind, state) ON river.river_job TO roster_definer;

SET LOCAL ROLE roster_definer;

-- +goose StatementBegin
-- A new organization with its first owner. A form sent twice finds the organization that it made.
-- A slug that was given up more than twelve months ago is free again. Whoever founded as many as may be is refused: RO002
-- today, with the seconds until the next one; RO003 for good.
CREATE OR REPLACE FUNCTION door.create_organization(p_org uuid, p_user uuid, p_membership uuid, p_name text, p_slug text, p_submission uuid)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made uuid;
  today integer;
  next_at timestamptz;
BEGIN
  DELETE FROM roster.organization_slugs s WHERE s.slug = p_slug AND s.retired_at < now() - interval '12 months';
  BEGIN
    INSERT INTO roster.organizations (id, name, slug) VALUES (p_org, p_name, p_slug);
    INSERT INTO roster.organization_slugs (org_id, slug) VALUES (p_org, p_slug);
  EXCEPTION WHEN unique_violation THEN
    SELECT s.org_id INTO made FROM roster.organization_slugs s
      JOIN roster.submissions u ON u.org_id = s.org_id AND u.user_id = p_user AND u.id = p_submission
     WHERE s.slug = p_slug;
    IF made IS NULL THEN RAISE; END IF;
    RETURN made;
  END;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_user::text, 24)); -- not the person's row: their log-ins would wait for it
  SELECT count(*), min(f.at) + interval '24 hours' INTO today, next_at FROM
    (SELECT x.at FROM platform.foundings x WHERE x.user_id = p_user AND x.at > now() - interval '24 hours' ORDER BY x.at DESC LIMIT 10) f;
  IF today >= 10 THEN
    RAISE EXCEPTION 'founded as many organizations as may be in a day' USING ERRCODE = 'RO002', DETAIL = ceil(extract(epoch FROM next_at - now()))::text;
  END IF;
  IF (SELECT count(*) FROM platform.foundings f JOIN roster.organizations o ON o.id = f.org_id AND o.deleted_at IS NULL WHERE f.user_id = p_user) >= 200 THEN
    RAISE EXCEPTION 'founded as many organizations as may be' USING ERRCODE = 'RO003';
  END IF;
  INSERT INTO platform.foundings (user_id, org_id) VALUES (p_user, p_org);
  INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES (p_org, p_user, p_membership, 'created');
  INSERT INTO roster.membership_roles (org_id, user_id, role, granted_by) VALUES (p_org, p_user, 'owner', p_user);
  INSERT INTO roster.submissions (org_id, user_id, id) VALUES (p_org, p_user, p_submission);
  RETURN p_org;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Gives a letter of an organization its turn by how many wait before it, of the organization or of who sends it. It sees
-- those of its own statement too. No more than two hundred are counted.
CREATE FUNCTION door.give_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  before integer;
BEGIN
  SELECT greatest(
    (SELECT count(*) FROM (SELECT 1 FROM river.river_job j WHERE j.kind = 'letter' AND j.state = 'available' AND j.args ->> 'org_id' = NEW.args ->> 'org_id' LIMIT 200) x),
    (SELECT count(*) FROM (SELECT 1 FROM river.river_job j WHERE j.kind = 'letter' AND j.state = 'available' AND j.args ? 'by' AND j.args ->> 'by' = NEW.args ->> 'by' LIMIT 200) y))
    INTO before;
  NEW.priority := CASE WHEN before < 20 THEN 2 WHEN before < 200 THEN 3 ELSE 4 END;
  RETURN NEW;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION door.give_turn() TO roster_owner;
RESET ROLE;

CREATE TRIGGER letters_take_turns BEFORE INSERT ON river.river_job
  FOR EACH ROW WHEN (NEW.kind = 'letter' AND NEW.args ? 'org_id') EXECUTE FUNCTION door.give_turn();
