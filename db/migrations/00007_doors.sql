-- The doors: the only ways to see anything before an organization is entered. Each takes what it is
-- asked for as arguments, belongs to roster_definer, and is called by roster_app.

-- +goose Up
SET LOCAL ROLE roster_definer;

-- +goose StatementBegin
-- Who a person is in the organization of a slug (or of an id), and the step into it: a present member's
-- transaction is in that organization from here on. Someone who was a member gets their row without
-- entering; everybody else gets nothing, whether the organization exists or not.
CREATE FUNCTION door.enter(p_user uuid, p_slug text, p_org uuid)
RETURNS TABLE (org_id uuid, org_name text, slug text, org_status text, invitation_days integer, members_may_invite boolean,
               members_count integer, owners integer, open_invitations integer, membership_id uuid, membership_status text, roles text[], membership_version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  o uuid := p_org;
BEGIN
  PERFORM set_config('roster.org_id', '', true);
  IF o IS NULL THEN
    SELECT s.org_id INTO o FROM roster.organization_slugs s WHERE s.slug = p_slug;
  END IF;
  SELECT g.id, g.name, g.slug, g.status, g.invitation_days, g.members_may_invite, g.members_count, 0, 0,
         m.id, m.status, m.roles, m.version
    INTO org_id, org_name, slug, org_status, invitation_days, members_may_invite, members_count, owners, open_invitations,
         membership_id, membership_status, roles, membership_version
    FROM roster.memberships m JOIN roster.organizations g ON g.id = m.org_id
   WHERE m.user_id = p_user AND m.org_id = o AND (m.ends_at IS NULL OR m.ends_at > now());
  IF NOT FOUND THEN RETURN; END IF;
  IF membership_status = 'active' AND org_status = 'active' THEN
    PERFORM set_config('roster.org_id', org_id::text, true);
    -- The rail shows "99+" above a hundred: no need to count further.
    SELECT count(*) INTO open_invitations FROM
      (SELECT 1 FROM roster.invitations i WHERE i.org_id = o AND i.state = 'open' AND i.expires_at > now() LIMIT 100) x;
    -- One owner, or more: the only one's role is locked.
    SELECT count(*) INTO owners FROM
      (SELECT 1 FROM roster.membership_roles r WHERE r.org_id = o AND r.role = 'owner' LIMIT 2) x;
    UPDATE roster.memberships m SET last_active_at = now()
     WHERE m.org_id = o AND m.user_id =
       (SELECT l.user_id FROM roster.memberships l WHERE l.org_id = o AND l.user_id = p_user
           AND (l.last_active_at IS NULL OR l.last_active_at < now() - interval '5 minutes') FOR UPDATE SKIP LOCKED);
  END IF;
  RETURN NEXT;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The organizations of a person, oldest membership first; p_query finds by the start of name or slug.
CREATE FUNCTION door.my_organizations(p_user uuid, p_query text, p_limit integer)
RETURNS TABLE (org_id uuid, slug text, org_name text, org_status text, membership_status text, roles text[], joined_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
    SELECT g.id, g.slug, g.name, g.status, m.status, m.roles, m.joined_at
      FROM roster.memberships m JOIN roster.organizations g ON g.id = m.org_id
     WHERE m.user_id = p_user AND m.status IN ('active', 'suspended')
       AND (p_query = '' OR position(lower(p_query) IN lower(g.name)) > 0 OR position(lower(p_query) IN g.slug) > 0)
     ORDER BY m.joined_at, g.id LIMIT p_limit;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Open invitations to the confirmed address of a person.
CREATE FUNCTION door.my_invitations(p_user uuid)
RETURNS TABLE (invitation_id uuid, org_id uuid, org_name text, roles text[], inviter_name text, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
    SELECT i.id, g.id, g.name, i.roles, m.name, i.expires_at
      FROM roster.users u
      JOIN roster.invitations i ON i.email_norm = u.email_norm AND i.state = 'open' AND i.expires_at > now()
      JOIN roster.organizations g ON g.id = i.org_id AND g.status = 'active'
      LEFT JOIN roster.memberships m ON m.org_id = i.org_id AND m.user_id = i.invited_by
     WHERE u.id = p_user AND u.status = 'active'
     ORDER BY i.created_at DESC, i.id LIMIT 20;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- One invitation, for whoever holds a token of it (p_org and p_digest), or for the person whose confirmed
-- address it names (p_id). p_user is who looks, or NULL. Whether the address has an account is told to the
-- holder of a mailed token only: that token proves the mailbox.
CREATE FUNCTION door.invitation(p_org uuid, p_digest bytea, p_id uuid, p_user uuid)
RETURNS TABLE (org_id uuid, org_name text, org_slug text, org_status text, invitation_id uuid, email text, email_norm text, roles text[],
               message text, state text, created_at timestamptz, expires_at timestamptz, expired boolean, decided_at timestamptz,
               inviter_id uuid, inviter_name text, inviter_email text, inviter_status text, inviter_roles text[],
               token_kind text, replaced boolean, account_exists boolean, accepted_by uuid, asked_today boolean,
               viewer_email text, viewer_email_norm text, viewer_status text, viewer_roles text[], members_may_invite boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
    SELECT g.id, g.name, g.slug, g.status, i.id, i.email, i.email_norm, i.roles, i.message, i.state, i.created_at, i.expires_at,
           i.expires_at <= now(), i.decided_at, i.invited_by, m.name, m.email, m.status, m.roles,
           coalesce(t.kind, 'account'), t.replaced_at IS NOT NULL,
           t.kind = 'mailed' AND EXISTS (SELECT 1 FROM roster.users a WHERE a.home_org_id IS NULL AND a.email_norm = i.email_norm),
           i.accepted_by, coalesce(i.asked_at > now() - interval '1 day', false),
           v.email, v.email_norm, vm.status, vm.roles, g.members_may_invite
      FROM roster.invitations i
      JOIN roster.organizations g ON g.id = i.org_id
      LEFT JOIN roster.invitation_tokens t ON t.org_id = i.org_id AND t.invitation_id = i.id AND t.digest = p_digest
      LEFT JOIN roster.memberships m ON m.org_id = i.org_id AND m.user_id = i.invited_by
      LEFT JOIN roster.users v ON v.id = p_user
      LEFT JOIN roster.memberships vm ON vm.org_id = i.org_id AND vm.user_id = p_user
     WHERE CASE WHEN p_digest IS NOT NULL
             THEN i.org_id = p_org AND i.id = (SELECT k.invitation_id FROM roster.invitation_tokens k WHERE k.org_id = p_org AND k.digest = p_digest)
             ELSE i.id = p_id AND i.email_norm = (SELECT w.email_norm FROM roster.users w WHERE w.id = p_user AND w.status = 'active')
           END;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- A new organization with its first owner. A form sent twice finds the organization that it made.
-- A slug that was given up more than twelve months ago is free again.
CREATE FUNCTION door.create_organization(p_org uuid, p_user uuid, p_membership uuid, p_name text, p_slug text, p_submission uuid)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made uuid;
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
  INSERT INTO roster.memberships (org_id, user_id, id, joined_through) VALUES (p_org, p_user, p_membership, 'created');
  INSERT INTO roster.membership_roles (org_id, user_id, role, granted_by) VALUES (p_org, p_user, 'owner', p_user);
  INSERT INTO roster.submissions (org_id, user_id, id) VALUES (p_org, p_user, p_submission);
  RETURN p_org;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Which of these slugs are free. Slugs are public, so this tells nothing that a visit would not.
CREATE FUNCTION door.free_slugs(p_slugs text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT c.slug FROM unnest(p_slugs) WITH ORDINALITY c(slug, n)
    WHERE NOT EXISTS (SELECT 1 FROM roster.organization_slugs s WHERE s.slug = c.slug
                         AND (s.retired_at IS NULL OR s.retired_at >= now() - interval '12 months'))
    ORDER BY c.n;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The people of the entered organization that match, members and open invitations in one list: every
-- word starts a word of the name or the e-mail (p_words are LIKE patterns made in Go; an invitation
-- matches by the start of its address, p_from up to p_to), the role is held, the status is so ('pending'
-- shows invitations alone). LIKE is not leakproof, so under row security it would never reach the trigram
-- index; here the organization's predicate stands inside. Two steps: a few matches are collected through
-- an index and then sorted; many are found soon by walking in the order asked for.
CREATE FUNCTION door.search_members(p_words text[], p_from text, p_to text, p_role text, p_status text, p_sort text, p_desc boolean,
                                    p_after_name text, p_after_time timestamptz, p_after_id uuid, p_limit integer)
RETURNS TABLE (kind text, row_id uuid, user_id uuid, name text, email text, roles text[], status text, since timestamptz, inviter_name text,
               joined_through text, last_active_at timestamptz, expires_at timestamptz, delivery text, version bigint, sort_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  o uuid := roster.org_id();
  few CONSTANT integer := 2000;
  ids uuid[];
  members boolean := p_status <> 'pending';
  waiting boolean := p_status IN ('', 'pending') AND p_role <> 'owner';
  present CONSTANT text := 'm.org_id = $1 AND m.status IN (''active'', ''suspended'')';
  filter text := '';
  dir text := CASE WHEN p_desc THEN 'DESC' ELSE 'ASC' END;
  cmp text := CASE WHEN p_desc THEN '<' ELSE '>' END;
  member_key text := CASE p_sort WHEN 'joined' THEN 'm.joined_at' ELSE 'm.sort_name' END;
  waiting_key text := CASE p_sort WHEN 'joined' THEN 'i.created_at' ELSE 'i.email_norm' END;
  list_key text := CASE p_sort WHEN 'joined' THEN 'x.since' ELSE 'x.sort_name COLLATE "C"' END;
  after text := CASE p_sort WHEN 'joined' THEN '($6, $7)' ELSE '($8, $7)' END;
  parts text[] := '{}';
BEGIN
  IF o IS NULL THEN RETURN; END IF;
  IF members THEN
    FOR n IN 1 .. coalesce(array_length(p_words, 1), 0) LOOP
      filter := filter || format(' AND m.search_text LIKE $2[%s]', n);
    END LOOP;
    IF filter <> '' THEN
      EXECUTE 'SELECT array_agg(x.user_id) FROM (SELECT m.user_id FROM roster.memberships m WHERE ' || present || filter || ' LIMIT $3) x'
        INTO ids USING o, p_words, few + 1;
      members := ids IS NOT NULL;
    ELSIF p_role <> '' THEN
      SELECT array_agg(x.user_id) INTO ids FROM
        (SELECT r.user_id FROM roster.membership_roles r WHERE r.org_id = o AND r.role = p_role LIMIT few + 1) x;
      members := ids IS NOT NULL;
    END IF;
    IF p_role <> '' THEN filter := filter || ' AND $3 = ANY (m.roles)'; END IF;
    IF p_status <> '' THEN filter := filter || ' AND m.status = $4'; END IF;
    IF cardinality(ids) <= few THEN filter := filter || ' AND m.user_id = ANY ($5)'; END IF;
  END IF;
  IF members THEN
    parts := parts || format($q$(SELECT 'member'::text AS kind, m.id AS row_id, m.user_id, m.name, m.email, m.roles, m.status, m.joined_at AS since,
      v.name AS inviter_name, m.joined_through, m.last_active_at, NULL::timestamptz AS expires_at, ''::text AS delivery, m.version, m.sort_name, m.user_id AS tie
      FROM roster.memberships m LEFT JOIN roster.memberships v ON v.org_id = m.org_id AND v.user_id = m.invited_by
      WHERE %s%s AND (%s, m.user_id) %s %s ORDER BY %s %s, m.user_id %s LIMIT $9)$q$, present, filter, member_key, cmp, after, member_key, dir, dir);
  END IF;
  IF waiting THEN
    parts := parts || format($q$(SELECT 'invitation'::text AS kind, i.id AS row_id, NULL::uuid AS user_id, ''::text AS name, i.email, i.roles,
      'pending'::text AS status, i.created_at AS since, v.name AS inviter_name, ''::text AS joined_through, NULL::timestamptz AS last_active_at,
      i.expires_at, i.delivery, i.version, i.email_norm AS sort_name, i.id AS tie
      FROM roster.invitations i LEFT JOIN roster.memberships v ON v.org_id = i.org_id AND v.user_id = i.invited_by
      WHERE i.org_id = $1 AND i.state = 'open' AND i.expires_at > now() AND i.email_norm >= $10 AND i.email_norm < $11 %s
        AND (%s, i.id) %s %s ORDER BY %s %s, i.id %s LIMIT $9)$q$,
      CASE WHEN p_role <> '' THEN 'AND $3 = ANY (i.roles)' ELSE '' END, waiting_key, cmp, after, waiting_key, dir, dir);
  END IF;
  IF parts = '{}' THEN RETURN; END IF;
  RETURN QUERY EXECUTE 'SELECT x.kind, x.row_id, x.user_id, x.name, x.email, x.roles, x.status, x.since, x.inviter_name, x.joined_through,
      x.last_active_at, x.expires_at, x.delivery, x.version, x.sort_name FROM (' || array_to_string(parts, ' UNION ALL ') ||
      format(') x ORDER BY %s %s, x.tie %s LIMIT $9', list_key, dir, dir)
    USING o, p_words, p_role, p_status, ids, p_after_time, p_after_id, p_after_name, p_limit, p_from, p_to;
END $$;
-- +goose StatementEnd

GRANT EXECUTE ON FUNCTION
  door.enter(uuid, text, uuid), door.my_organizations(uuid, text, integer), door.my_invitations(uuid),
  door.invitation(uuid, bytea, uuid, uuid), door.create_organization(uuid, uuid, uuid, text, text, uuid),
  door.free_slugs(text[]), door.search_members(text[], text, text, text, text, text, boolean, text, timestamptz, uuid, integer)
TO roster_app;
RESET ROLE;
