-- What a stream tells somebody follows from what they may see: so where somebody is present, it is said with which roles,
-- and whether the organization lets its members invite. The program before asks for the first two columns alone, and has
-- them still.

-- +goose Up
SET LOCAL ROLE roster_definer;

DROP FUNCTION door.present_in(uuid[]);
-- +goose StatementBegin
-- Where each of these people is a member now, and as what: what an open page may hear of.
CREATE FUNCTION door.present_in(p_users uuid[]) RETURNS TABLE (user_id uuid, org_id uuid, roles text[], members_may_invite boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
    SELECT m.user_id, m.org_id, m.roles, m.members_may_invite
      FROM unnest(p_users) u (id)
     CROSS JOIN LATERAL
       (SELECT x.user_id, x.org_id, x.roles, g.members_may_invite
          FROM roster.memberships x JOIN roster.organizations g ON g.id = x.org_id AND g.status = 'active'
         WHERE x.user_id = u.id AND x.status = 'active' AND (x.ends_at IS NULL OR x.ends_at > now())
         ORDER BY x.org_id LIMIT 1000) m;
END $$;
-- +goose StatementEnd

GRANT EXECUTE ON FUNCTION door.present_in(uuid[]) TO roster_app;
RESET ROLE;
