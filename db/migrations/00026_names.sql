-- One fold for all lists. Names and addresses are folded in Go, and the rule has grown: people are found in their own
-- script, in each spelling, and by their address as they write it. Invitations have a text of their own to be searched in.
-- Each row knows by which version of the rule it was folded; rows of an older one, and those that the program before this
-- one goes on writing, are folded anew in the background, a few at a time. Until then they are found as before.

-- +goose Up
ALTER TABLE roster.users ADD COLUMN fold smallint NOT NULL DEFAULT 0;
GRANT UPDATE (fold) ON roster.users TO roster_auth;

ALTER TABLE roster.invitations
  ADD COLUMN search_text text,                             -- NULL: not folded yet, and searched by email_norm
  ADD COLUMN fold smallint NOT NULL DEFAULT 0;
GRANT UPDATE (search_text, fold) ON roster.invitations TO roster_app;

-- +goose StatementBegin
-- What was folded of an address is worth nothing once the address is another one. The program before this one corrects
-- addresses and does not know of it.
CREATE FUNCTION roster.unfold_invitation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.search_text := NULL;
  NEW.fold := 0;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER invitations_unfold BEFORE UPDATE OF email ON roster.invitations
  FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email AND OLD.search_text IS NOT DISTINCT FROM NEW.search_text)
  EXECUTE FUNCTION roster.unfold_invitation();

-- That a row was folded anew is no news for the pages that are open.
CREATE OR REPLACE TRIGGER invitations_announce_changed AFTER UPDATE ON roster.invitations
  FOR EACH ROW WHEN (OLD.fold = NEW.fold OR OLD.email IS DISTINCT FROM NEW.email) EXECUTE FUNCTION door.announce_changed('invitations');

GRANT EXECUTE ON FUNCTION roster.invitations_filter(text, boolean, boolean, boolean) TO roster_definer;
SET LOCAL ROLE roster_definer;

-- +goose StatementBegin
-- The people of the entered organization that match, members and open invitations in one list: every word is found
-- (p_words are LIKE patterns for members, p_addresses for invitations, made in Go; the spellings of a word stand in lines,
-- and one of them is enough), the role is held, the status is so ('pending' shows invitations alone, which stay away
-- without p_pending), the inviter is that member, and the last activity lies from p_active_from up to p_active_to
-- (invitations have none). What a list does not ask for is '', the id of nobody, from before the beginning of time and up
-- to what is yet to come. The program before asks for the start of an address without a % in front.
--
-- LIKE is not leakproof, so under row security it would never reach the trigram index; here the organization's predicate
-- stands inside. Two steps, for members and for invitations: what many match is found soon by walking in the order asked
-- for; where a page is not full after so many rows, those who match are few, or far away: they are collected through
-- whichever index leads to them, and the first of them kept. Never is a table read from end to end.
CREATE OR REPLACE FUNCTION door.search_members(p_words text[], p_addresses text[], p_role text, p_status text, p_invited_by uuid, p_active_from timestamptz,
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
        filter := filter || format(' AND m.search_text LIKE ANY (string_to_array($2[%s], E''\n''))', n);
      END LOOP;
      IF p_role <> '' THEN wanted := ' AND m.user_id IN (SELECT r.user_id FROM roster.membership_roles r WHERE r.org_id = $1 AND r.role = $4)'; END IF;
    ELSE
      list := 'roster.invitations m WHERE m.org_id = $1 AND m.state = ''open'' AND m.expires_at > now()';
      key := waiting_key;
      id := 'm.id';
      FOR n IN 1 .. cardinality(p_addresses) LOOP
        filter := filter || format(' AND coalesce(m.search_text, '' '' || m.email_norm) LIKE ANY (string_to_array(CASE WHEN $3[%1$s] LIKE ''\%%%%'' THEN $3[%1$s] ELSE ''%% '' || $3[%1$s] END, E''\n''))', n);
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

-- +goose StatementBegin
-- Invitations of the entered organization in whose address every word is found, in the order of addresses, after a place
-- (p_up: before it, from there backwards), at most so many. p_words are as in search_members, p_by is who invited; the
-- other filters are those of the list. Behind a door, and in two steps, for the reasons of search_members.
CREATE FUNCTION door.find_invitations(p_words text[], p_show text, p_undelivered boolean, p_by uuid, p_up boolean, p_after_name text, p_after_id uuid, p_limit integer)
RETURNS uuid[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE
  o uuid := roster.org_id();
  far CONSTANT integer := greatest(2000, 4 * p_limit);
  dir CONSTANT text := CASE WHEN p_up THEN 'DESC' ELSE 'ASC' END;
  list CONSTANT text := roster.invitations_filter(p_show, p_undelivered, p_by IS NOT NULL, false)
    || format(' AND (i.email_norm, i.id) %s ($4, $5)', CASE WHEN p_up THEN '<' ELSE '>' END);
  words text := '';
  ids uuid[];
BEGIN
  IF o IS NULL THEN RETURN '{}'; END IF;
  FOR n IN 1 .. cardinality(p_words) LOOP
    words := words || format(' AND coalesce(i.search_text, '' '' || i.email_norm) LIKE ANY (string_to_array($3[%s], E''\n''))', n);
  END LOOP;
  EXECUTE format('SELECT array_agg(w.id ORDER BY w.email_norm %2$s, w.id %2$s) FROM (SELECT i.id, i.email_norm
      FROM (SELECT i.* FROM %1$s ORDER BY i.email_norm %2$s, i.id %2$s LIMIT $7) i WHERE true%3$s ORDER BY i.email_norm %2$s, i.id %2$s LIMIT $6) w', list, dir, words)
    INTO ids USING o, p_by, p_words, p_after_name, p_after_id, p_limit, far;
  IF coalesce(cardinality(ids), 0) < p_limit THEN
    EXECUTE format('SELECT array_agg(w.id ORDER BY w.email_norm %2$s, w.id %2$s) FROM (SELECT g.id, g.email_norm
        FROM (SELECT i.id, i.email_norm FROM %1$s%3$s OFFSET 0) g ORDER BY g.email_norm %2$s, g.id %2$s LIMIT $6) w', list, dir, words)
      INTO ids USING o, p_by, p_words, p_after_name, p_after_id, p_limit;
  END IF;
  RETURN coalesce(ids, '{}');
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The first organization after p_after in which an invitation was folded by a rule older than p_fold; NULL if there is
-- none. It tells nothing else: what is to be folded is read inside each organization. For the worker, and not for pages.
CREATE FUNCTION door.next_to_fold(p_fold integer, p_after uuid) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT n.org_id FROM generate_series(0, p_fold - 1) f (fold)
           CROSS JOIN LATERAL (SELECT i.org_id FROM roster.invitations i WHERE i.fold = f.fold::smallint AND i.org_id > p_after ORDER BY i.org_id LIMIT 1) n
           ORDER BY n.org_id LIMIT 1);
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION door.find_invitations(text[], text, boolean, uuid, boolean, text, uuid, integer) TO roster_app;
GRANT EXECUTE ON FUNCTION door.next_to_fold(integer, uuid) TO roster_worker;
RESET ROLE;

-- The list of invitations and how many are in it, now by words. Their namesakes, by the start of an address, are those of
-- the program before this one.

-- +goose StatementBegin
CREATE FUNCTION roster.list_invitations(p_org uuid, p_show text, p_undelivered boolean, p_by uuid, p_words text[], p_up boolean,
                                        p_after_name text, p_after_time timestamptz, p_after_id uuid, p_limit integer)
RETURNS TABLE (id uuid, email text, email_norm text, roles text[], message text, created_at timestamptz, sent_at timestamptz, expires_at timestamptz, expired boolean,
               state text, delivery text, delivery_detail text, decided_at timestamptz, asked_at timestamptz, inviter_name text, inviter_membership uuid, just_sent boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  sender uuid;
BEGIN
  IF cardinality(p_words) = 0 THEN
    RETURN QUERY SELECT * FROM roster.list_invitations(p_org, p_show, p_undelivered, p_by, '', '', p_up, p_after_name, p_after_time, p_after_id, p_limit);
    RETURN;
  END IF;
  IF p_by IS NOT NULL THEN
    SELECT m.user_id INTO sender FROM roster.memberships m WHERE m.org_id = p_org AND m.id = p_by;
    IF sender IS NULL THEN RETURN; END IF;
  END IF;
  RETURN QUERY
    SELECT x.id, x.email, x.email_norm, x.roles, x.message, x.created_at, x.sent_at, x.expires_at, x.expires_at <= now(), x.state, x.delivery, x.delivery_detail,
           x.decided_at, x.asked_at, v.name, v.id, x.sent_at > now() - interval '5 minutes'
      FROM unnest(door.find_invitations(p_words, p_show, p_undelivered, sender, p_up, p_after_name, p_after_id, p_limit)) WITH ORDINALITY f (id, n)
      JOIN roster.invitations x ON x.org_id = p_org AND x.id = f.id
      LEFT JOIN roster.memberships v ON v.org_id = p_org AND v.user_id = x.invited_by
     ORDER BY f.n;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION roster.count_invitations(p_org uuid, p_show text, p_undelivered boolean, p_by uuid, p_words text[], p_limit integer) RETURNS integer
LANGUAGE plpgsql STABLE AS $$
DECLARE
  sender uuid;
BEGIN
  IF cardinality(p_words) = 0 OR p_limit = 0 THEN
    RETURN roster.count_invitations(p_org, p_show, p_undelivered, p_by, '', '', p_limit);
  END IF;
  IF p_by IS NOT NULL THEN
    SELECT m.user_id INTO sender FROM roster.memberships m WHERE m.org_id = p_org AND m.id = p_by;
    IF sender IS NULL THEN RETURN 0; END IF;
  END IF;
  RETURN cardinality(door.find_invitations(p_words, p_show, p_undelivered, sender, false, '', '00000000-0000-0000-0000-000000000000', p_limit));
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION roster.list_invitations(uuid, text, boolean, uuid, text[], boolean, text, timestamptz, uuid, integer),
  roster.count_invitations(uuid, text, boolean, uuid, text[], integer) TO roster_app;
