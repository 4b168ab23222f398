-- The list of members in every order and with every filter, by any part of a name or an address, at any size.
--
-- One index for each order. By role: the rank of the highest role, then the name; custom roles stand behind the built-in
-- ones. By last activity: who was never here stands at the beginning of time.
--
-- That index costs: a visit, written at most every five minutes a member, is no HOT update any more, for PostgreSQL looks
-- at the columns of an index and not at what it makes of them. Measured, it is 0.12 ms of the processor in place of
-- 0.03, beside the page of 1 ms or more that the visit is for. A day or an hour of its own to sort by would keep most
-- updates HOT and put those who were here just now in no order, which is where people look; a table of visits would cost
-- every page a join. So that visits do not lengthen searches, little of the trigram index waits in its pending list.

-- +goose Up
CREATE INDEX memberships_by_role ON roster.memberships
  (org_id, ((coalesce(array_position('{owner,admin,member,viewer,guest}'::text[], roles[1]), 9)::text || sort_name) COLLATE "C"), user_id)
  WHERE status IN ('active', 'suspended');
CREATE INDEX memberships_by_activity ON roster.memberships (org_id, (coalesce(last_active_at, 'epoch'::timestamptz)), user_id) WHERE status IN ('active', 'suspended');
CREATE INDEX memberships_suspended ON roster.memberships (org_id, user_id) WHERE status = 'suspended';
CREATE INDEX memberships_by_inviter ON roster.memberships (org_id, invited_by, sort_name COLLATE "C", user_id);
DROP INDEX roster.memberships_inviter_idx;
ALTER INDEX roster.memberships_search SET (gin_pending_list_limit = 256);

CREATE INDEX invitations_open_by_role ON roster.invitations
  (org_id, ((coalesce(array_position('{owner,admin,member,viewer,guest}'::text[], roles[1]), 9)::text || email_norm) COLLATE "C"), id)
  WHERE state = 'open';
CREATE INDEX invitations_open_by_id ON roster.invitations (org_id, id) WHERE state = 'open';
CREATE INDEX invitations_search ON roster.invitations USING gin (org_id, email_norm ext.gin_trgm_ops) WHERE state = 'open';

-- How the activity is spread is known to the planner only from here: of what a partial index is made of it makes no use.
CREATE STATISTICS roster.memberships_activity ON (coalesce(last_active_at, 'epoch'::timestamptz)) FROM roster.memberships;
ANALYZE roster.memberships;
ANALYZE roster.invitations;

SET LOCAL ROLE roster_definer;
DROP FUNCTION door.search_members(text[], text, text, text, text, text, boolean, text, timestamptz, uuid, integer);

-- +goose StatementBegin
-- The people of the entered organization that match, members and open invitations in one list: every word is found
-- (p_words are LIKE patterns for names and addresses, p_addresses the same for invitations, both made in Go), the role is
-- held, the status is so ('pending' shows invitations alone, which stay away without p_pending), the inviter is that
-- member, and the last activity lies from p_active_from up to p_active_to (invitations have none). What a list does not
-- ask for is '', the id of nobody, from before the beginning of time and up to what is yet to come.
--
-- LIKE is not leakproof, so under row security it would never reach the trigram index; here the organization's predicate
-- stands inside. Two steps, for members and for invitations: what many match is found soon by walking in the order asked
-- for; where a page is not full after so many rows, those who match are few, or far away: they are collected through
-- whichever index leads to them, and the first of them kept. Never is a table read from end to end.
CREATE FUNCTION door.search_members(p_words text[], p_addresses text[], p_role text, p_status text, p_invited_by uuid, p_active_from timestamptz,
                                    p_active_to timestamptz, p_pending boolean, p_sort text, p_desc boolean,
                                    p_after_name text, p_after_time timestamptz, p_after_id uuid, p_limit integer)
RETURNS TABLE (kind text, row_id uuid, user_id uuid, name text, email text, roles text[], status text, since timestamptz, inviter_name text,
               joined_through text, last_active_at timestamptz, expires_at timestamptz, delivery text, version bigint, sort_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE
  o uuid := roster.org_id();
  far CONSTANT integer := greatest(2000, 4 * p_limit);
  by_inviter CONSTANT boolean := p_invited_by <> '00000000-0000-0000-0000-000000000000';
  by_activity CONSTANT boolean := p_active_from >= 'epoch' OR p_active_to <= now();
  by_time CONSTANT boolean := p_sort IN ('joined', 'active');
  waiting CONSTANT boolean := p_pending AND p_status IN ('', 'pending') AND p_role <> 'owner' AND NOT by_activity;
  rank CONSTANT text := 'coalesce(array_position(''{owner,admin,member,viewer,guest}''::text[], m.roles[1]), 9)::text';
  member_key CONSTANT text := CASE p_sort WHEN 'role' THEN '((' || rank || ' || m.sort_name) COLLATE "C")' WHEN 'joined' THEN 'm.joined_at'
                                          WHEN 'active' THEN 'coalesce(m.last_active_at, ''epoch''::timestamptz)' ELSE 'm.sort_name' END;
  waiting_key CONSTANT text := CASE p_sort WHEN 'role' THEN '((' || rank || ' || m.email_norm) COLLATE "C")' WHEN 'joined' THEN 'm.created_at'
                                           WHEN 'active' THEN '''epoch''::timestamptz' ELSE 'm.email_norm' END;
  dir CONSTANT text := CASE WHEN p_desc THEN 'DESC' ELSE 'ASC' END;
  cmp CONSTANT text := CASE WHEN p_desc THEN '<' ELSE '>' END;
  after CONSTANT text := CASE WHEN by_time THEN '$9' ELSE '$10' END;
  inviter uuid;
  members boolean := p_status <> 'pending';
  invitations boolean := waiting;
  list text;
  key text;
  id text;
  place text;
  filter text;
  wanted text;
  ids uuid[];
  hits integer;
  reach integer;
  present integer;
  member_ids uuid[] := '{}';
  invitation_ids uuid[] := '{}';
BEGIN
  SELECT g.members_count INTO present FROM roster.organizations g WHERE g.id = o;
  IF NOT FOUND THEN RETURN; END IF;
  IF by_inviter THEN
    SELECT m.user_id INTO inviter FROM roster.memberships m WHERE m.org_id = o AND m.id = p_invited_by;
    IF NOT FOUND THEN RETURN; END IF;
  END IF;
  WHILE members OR invitations LOOP
    filter := CASE WHEN by_inviter THEN ' AND m.invited_by = $6' ELSE '' END;
    wanted := '';
    IF members THEN
      list := 'roster.memberships m WHERE m.org_id = $1 AND m.status IN (''active'', ''suspended'')';
      key := member_key;
      id := 'm.user_id';
      IF p_status <> '' THEN filter := filter || ' AND m.status = $5'; END IF;
      IF by_activity THEN filter := filter || ' AND coalesce(m.last_active_at, ''epoch''::timestamptz) >= $7 AND coalesce(m.last_active_at, ''epoch''::timestamptz) < $8'; END IF;
      FOR n IN 1 .. cardinality(p_words) LOOP
        filter := filter || format(' AND m.search_text LIKE $2[%s]', n);
      END LOOP;
      IF p_role <> '' THEN wanted := ' AND m.user_id IN (SELECT r.user_id FROM roster.membership_roles r WHERE r.org_id = $1 AND r.role = $4)'; END IF;
    ELSE
      list := 'roster.invitations m WHERE m.org_id = $1 AND m.state = ''open'' AND m.expires_at > now()';
      key := waiting_key;
      id := 'm.id';
      FOR n IN 1 .. cardinality(p_addresses) LOOP
        filter := filter || format(' AND m.email_norm LIKE $3[%s]', n);
      END LOOP;
    END IF;
    place := format(' AND (%s, %s) %s (%s, $11)', key, id, cmp, after);
    IF NOT members AND p_sort = 'active' THEN     -- all invitations stand in one place of this order
      place := CASE WHEN p_after_time = 'epoch' THEN format(' AND m.id %s $11', cmp) WHEN p_desc = (p_after_time > 'epoch') THEN '' ELSE ' AND false' END;
    END IF;
    -- As far as that, and once more, further, if so many were met that it is a shorter way than to collect them all.
    reach := far;
    LOOP
      EXECUTE format('SELECT array_agg(w.id) FROM (SELECT %2$s AS id FROM (SELECT m.* FROM %1$s%5$s ORDER BY %3$s %4$s, %2$s %4$s LIMIT $13) m WHERE true%6$s LIMIT $12) w',
                     list, id, key, dir, place || CASE WHEN by_activity AND p_sort = 'active' THEN filter ELSE '' END,
                     filter || CASE WHEN p_role <> '' THEN ' AND $4 = ANY (m.roles)' ELSE '' END)
        INTO ids USING o, p_words, p_addresses, p_role, p_status, inviter, p_active_from, p_active_to, p_after_time, p_after_name, p_after_id, p_limit, reach;
      hits := coalesce(cardinality(ids), 0);
      EXIT WHEN filter || p_role = '' OR hits >= p_limit OR hits = 0 OR reach > far OR 2.0 * reach * p_limit / hits > 1.0 * present * hits / reach;
      reach := 2.0 * reach * p_limit / hits;
    END LOOP;
    IF filter || p_role <> '' AND hits < p_limit THEN
      IF wanted = '' AND p_role <> '' THEN wanted := ' AND $4 = ANY (m.roles)'; END IF;
      EXECUTE format('SELECT array_agg(w.id) FROM (SELECT g.id FROM (SELECT %2$s AS id, %3$s AS key FROM %1$s%5$s OFFSET 0) g ORDER BY g.key %4$s, g.id %4$s LIMIT $12) w',
                     list, id, key, dir, place || filter || wanted)
        INTO ids USING o, p_words, p_addresses, p_role, p_status, inviter, p_active_from, p_active_to, p_after_time, p_after_name, p_after_id, p_limit;
    END IF;
    IF members THEN
      members := false;
      member_ids := coalesce(ids, '{}');
    ELSE
      invitations := false;
      invitation_ids := coalesce(ids, '{}');
    END IF;
  END LOOP;
  RETURN QUERY EXECUTE format($q$
    WITH page AS MATERIALIZED (SELECT * FROM (
      SELECT 'member'::text AS kind, m.id AS row_id, m.user_id, m.name, m.email, m.roles, m.status, m.joined_at AS since, m.invited_by, m.joined_through,
             m.last_active_at, NULL::timestamptz AS expires_at, ''::text AS delivery, m.version, m.sort_name, m.user_id AS tie, %1$s AS key
        FROM roster.memberships m WHERE m.org_id = $1 AND m.user_id = ANY ($2)
      UNION ALL
      SELECT 'invitation', m.id, NULL, '', m.email, m.roles, 'pending', m.created_at, m.invited_by, '', NULL, m.expires_at, m.delivery, m.version, m.email_norm, m.id, %2$s
        FROM roster.invitations m WHERE m.org_id = $1 AND m.id = ANY ($3)) y
      ORDER BY y.key%5$s %3$s, y.tie %3$s LIMIT $4)
    SELECT x.kind, x.row_id, x.user_id, x.name, x.email, x.roles, x.status, x.since, v.name, x.joined_through, x.last_active_at, x.expires_at, x.delivery, x.version, x.sort_name
      FROM page x LEFT JOIN roster.memberships v ON v.org_id = $1 AND v.user_id = x.invited_by
     ORDER BY x.key%5$s %3$s, x.tie %3$s$q$, member_key, waiting_key, dir, cmp, CASE WHEN by_time THEN '' ELSE ' COLLATE "C"' END)
    USING o, member_ids, invitation_ids, p_limit;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION door.search_members(text[], text[], text, text, uuid, timestamptz, timestamptz, boolean, text, boolean, text, timestamptz, uuid, integer) TO roster_app;
RESET ROLE;
