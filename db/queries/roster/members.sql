-- name: ListMembersByName :many
-- Members and open invitations in one list, by name; an invitation stands under its address. The inviters
-- are looked up once for the whole page: a join would ask the policy again for every row.
WITH page AS MATERIALIZED (
  SELECT * FROM (
    (SELECT 'member' AS kind, m.id AS row_id, m.user_id, m.name, m.email, m.roles, m.status, m.joined_at AS since, m.invited_by,
            m.joined_through, m.last_active_at, NULL::timestamptz AS expires_at, '' AS delivery, m.version, m.sort_name, m.user_id AS tie
       FROM roster.memberships m
      WHERE m.org_id = @org_id AND m.status IN ('active', 'suspended') AND (m.sort_name, m.user_id) > (@after_name::text, @after_id::uuid)
      ORDER BY m.sort_name, m.user_id
      LIMIT @page_size)
    UNION ALL
    (SELECT 'invitation', i.id, NULL, '', i.email, i.roles, 'pending', i.created_at, i.invited_by,
            '', NULL, i.expires_at, i.delivery, i.version, i.email_norm, i.id
       FROM roster.invitations i
      WHERE i.org_id = @org_id AND i.state = 'open' AND (i.expires_at > now()) IS TRUE AND (i.email_norm, i.id) > (@after_name::text, @after_id::uuid)
      ORDER BY i.email_norm, i.id
      LIMIT @page_size)
  ) y
  ORDER BY y.sort_name COLLATE "C", y.tie
  LIMIT @page_size
), inviters AS MATERIALIZED (
  SELECT n.user_id, n.name FROM roster.memberships n WHERE n.org_id = @org_id AND n.user_id = ANY (ARRAY(SELECT p.invited_by FROM page p)::uuid[])
)
SELECT x.kind::text AS kind, x.row_id::uuid AS row_id, coalesce(x.user_id, '00000000-0000-0000-0000-000000000000')::uuid AS user_id, x.name::text AS name, x.email::text AS email, x.roles::text[] AS roles,
       x.status::text AS status, x.since::timestamptz AS since, coalesce(v.name, '')::text AS inviter_name, x.joined_through::text AS joined_through,
       coalesce(x.last_active_at, 'epoch')::timestamptz AS last_active_at,
       coalesce(x.expires_at, 'epoch')::timestamptz AS expires_at, x.delivery::text AS delivery, x.version::bigint AS version, x.sort_name::text AS sort_name
FROM page x
LEFT JOIN inviters v ON v.user_id = x.invited_by
ORDER BY x.sort_name COLLATE "C", x.tie;

-- name: ListMembersByNameDown :many
-- The same from the end.
WITH page AS MATERIALIZED (
  SELECT * FROM (
    (SELECT 'member' AS kind, m.id AS row_id, m.user_id, m.name, m.email, m.roles, m.status, m.joined_at AS since, m.invited_by,
            m.joined_through, m.last_active_at, NULL::timestamptz AS expires_at, '' AS delivery, m.version, m.sort_name, m.user_id AS tie
       FROM roster.memberships m
      WHERE m.org_id = @org_id AND m.status IN ('active', 'suspended') AND (m.sort_name, m.user_id) < (@after_name::text, @after_id::uuid)
      ORDER BY m.sort_name DESC, m.user_id DESC
      LIMIT @page_size)
    UNION ALL
    (SELECT 'invitation', i.id, NULL, '', i.email, i.roles, 'pending', i.created_at, i.invited_by,
            '', NULL, i.expires_at, i.delivery, i.version, i.email_norm, i.id
       FROM roster.invitations i
      WHERE i.org_id = @org_id AND i.state = 'open' AND (i.expires_at > now()) IS TRUE AND (i.email_norm, i.id) < (@after_name::text, @after_id::uuid)
      ORDER BY i.email_norm DESC, i.id DESC
      LIMIT @page_size)
  ) y
  ORDER BY y.sort_name COLLATE "C" DESC, y.tie DESC
  LIMIT @page_size
), inviters AS MATERIALIZED (
  SELECT n.user_id, n.name FROM roster.memberships n WHERE n.org_id = @org_id AND n.user_id = ANY (ARRAY(SELECT p.invited_by FROM page p)::uuid[])
)
SELECT x.kind::text AS kind, x.row_id::uuid AS row_id, coalesce(x.user_id, '00000000-0000-0000-0000-000000000000')::uuid AS user_id, x.name::text AS name, x.email::text AS email, x.roles::text[] AS roles,
       x.status::text AS status, x.since::timestamptz AS since, coalesce(v.name, '')::text AS inviter_name, x.joined_through::text AS joined_through,
       coalesce(x.last_active_at, 'epoch')::timestamptz AS last_active_at,
       coalesce(x.expires_at, 'epoch')::timestamptz AS expires_at, x.delivery::text AS delivery, x.version::bigint AS version, x.sort_name::text AS sort_name
FROM page x
LEFT JOIN inviters v ON v.user_id = x.invited_by
ORDER BY x.sort_name COLLATE "C" DESC, x.tie DESC;

-- name: ListMembersByJoined :many
-- The same by date: an invitation stands under the day it was made.
WITH page AS MATERIALIZED (
  SELECT * FROM (
    (SELECT 'member' AS kind, m.id AS row_id, m.user_id, m.name, m.email, m.roles, m.status, m.joined_at AS since, m.invited_by,
            m.joined_through, m.last_active_at, NULL::timestamptz AS expires_at, '' AS delivery, m.version, m.sort_name, m.user_id AS tie
       FROM roster.memberships m
      WHERE m.org_id = @org_id AND m.status IN ('active', 'suspended') AND (m.joined_at, m.user_id) > (@after_time::timestamptz, @after_id::uuid)
      ORDER BY m.joined_at, m.user_id
      LIMIT @page_size)
    UNION ALL
    (SELECT 'invitation', i.id, NULL, '', i.email, i.roles, 'pending', i.created_at, i.invited_by,
            '', NULL, i.expires_at, i.delivery, i.version, i.email_norm, i.id
       FROM roster.invitations i
      WHERE i.org_id = @org_id AND i.state = 'open' AND (i.expires_at > now()) IS TRUE AND (i.created_at, i.id) > (@after_time::timestamptz, @after_id::uuid)
      ORDER BY i.created_at, i.id
      LIMIT @page_size)
  ) y
  ORDER BY y.since, y.tie
  LIMIT @page_size
), inviters AS MATERIALIZED (
  SELECT n.user_id, n.name FROM roster.memberships n WHERE n.org_id = @org_id AND n.user_id = ANY (ARRAY(SELECT p.invited_by FROM page p)::uuid[])
)
SELECT x.kind::text AS kind, x.row_id::uuid AS row_id, coalesce(x.user_id, '00000000-0000-0000-0000-000000000000')::uuid AS user_id, x.name::text AS name, x.email::text AS email, x.roles::text[] AS roles,
       x.status::text AS status, x.since::timestamptz AS since, coalesce(v.name, '')::text AS inviter_name, x.joined_through::text AS joined_through,
       coalesce(x.last_active_at, 'epoch')::timestamptz AS last_active_at,
       coalesce(x.expires_at, 'epoch')::timestamptz AS expires_at, x.delivery::text AS delivery, x.version::bigint AS version, x.sort_name::text AS sort_name
FROM page x
LEFT JOIN inviters v ON v.user_id = x.invited_by
ORDER BY x.since, x.tie;

-- name: ListMembersByJoinedDown :many
-- The same, the newest first.
WITH page AS MATERIALIZED (
  SELECT * FROM (
    (SELECT 'member' AS kind, m.id AS row_id, m.user_id, m.name, m.email, m.roles, m.status, m.joined_at AS since, m.invited_by,
            m.joined_through, m.last_active_at, NULL::timestamptz AS expires_at, '' AS delivery, m.version, m.sort_name, m.user_id AS tie
       FROM roster.memberships m
      WHERE m.org_id = @org_id AND m.status IN ('active', 'suspended') AND (m.joined_at, m.user_id) < (@after_time::timestamptz, @after_id::uuid)
      ORDER BY m.joined_at DESC, m.user_id DESC
      LIMIT @page_size)
    UNION ALL
    (SELECT 'invitation', i.id, NULL, '', i.email, i.roles, 'pending', i.created_at, i.invited_by,
            '', NULL, i.expires_at, i.delivery, i.version, i.email_norm, i.id
       FROM roster.invitations i
      WHERE i.org_id = @org_id AND i.state = 'open' AND (i.expires_at > now()) IS TRUE AND (i.created_at, i.id) < (@after_time::timestamptz, @after_id::uuid)
      ORDER BY i.created_at DESC, i.id DESC
      LIMIT @page_size)
  ) y
  ORDER BY y.since DESC, y.tie DESC
  LIMIT @page_size
), inviters AS MATERIALIZED (
  SELECT n.user_id, n.name FROM roster.memberships n WHERE n.org_id = @org_id AND n.user_id = ANY (ARRAY(SELECT p.invited_by FROM page p)::uuid[])
)
SELECT x.kind::text AS kind, x.row_id::uuid AS row_id, coalesce(x.user_id, '00000000-0000-0000-0000-000000000000')::uuid AS user_id, x.name::text AS name, x.email::text AS email, x.roles::text[] AS roles,
       x.status::text AS status, x.since::timestamptz AS since, coalesce(v.name, '')::text AS inviter_name, x.joined_through::text AS joined_through,
       coalesce(x.last_active_at, 'epoch')::timestamptz AS last_active_at,
       coalesce(x.expires_at, 'epoch')::timestamptz AS expires_at, x.delivery::text AS delivery, x.version::bigint AS version, x.sort_name::text AS sort_name
FROM page x
LEFT JOIN inviters v ON v.user_id = x.invited_by
ORDER BY x.since DESC, x.tie DESC;

-- name: SearchMembers :many
SELECT s.kind::text AS kind, s.row_id::uuid AS row_id, coalesce(s.user_id, '00000000-0000-0000-0000-000000000000')::uuid AS user_id, s.name::text AS name, s.email::text AS email, s.roles::text[] AS roles,
       s.status::text AS status, s.since::timestamptz AS since, coalesce(s.inviter_name, '')::text AS inviter_name, s.joined_through::text AS joined_through,
       coalesce(s.last_active_at, 'epoch')::timestamptz AS last_active_at,
       coalesce(s.expires_at, 'epoch')::timestamptz AS expires_at, s.delivery::text AS delivery, s.version::bigint AS version, s.sort_name::text AS sort_name
FROM door.search_members(@words::text[], @addresses::text[], @role::text, @status::text, @invited_by::uuid, @active_from::timestamptz, @active_to::timestamptz,
                         @pending::boolean, @sort::text, @descending::boolean, @after_name::text, @after_time::timestamptz, @after_id::uuid, @page_size::integer) s;

-- name: GetInvited :one
-- Whom somebody brought here, by name, with how many each of them brought (counted up to a thousand), and who stands
-- above: the inviter, the inviter's inviter, and so on to the first, each once, for people who come back may have invited
-- each other. Former members are there for those who may see them.
WITH RECURSIVE above AS (
  SELECT m.user_id, m.id, m.name, m.status, m.invited_by, 0 AS height, ARRAY[m.user_id] AS path
    FROM roster.memberships m WHERE m.org_id = @org_id AND m.id = @membership_id
  UNION ALL
  SELECT m.user_id, m.id, m.name, m.status, m.invited_by, a.height + 1, a.path || m.user_id
    FROM above a JOIN roster.memberships m ON m.org_id = @org_id AND m.user_id = a.invited_by
   WHERE a.height < 50 AND m.user_id <> ALL (a.path)
), page AS MATERIALIZED (
  SELECT m.user_id, m.id, m.name, m.email, m.roles, m.status, m.joined_at, m.sort_name
    FROM roster.memberships m
   WHERE m.org_id = @org_id AND m.invited_by = (SELECT t.user_id FROM above t WHERE t.height = 0)
     AND (m.status IN ('active', 'suspended') OR @former_too::boolean) AND (m.sort_name, m.user_id) > (@after_name::text, @after_id::uuid)
   ORDER BY m.sort_name, m.user_id
   LIMIT @page_size
)
SELECT t.user_id, t.name, t.status,
       (SELECT count(*) FROM (SELECT 1 FROM roster.memberships c WHERE c.org_id = @org_id AND c.invited_by = t.user_id
                                 AND (c.status IN ('active', 'suspended') OR @former_too::boolean) LIMIT 1001) n)::bigint AS invited,
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', u.id, 'name', u.name, 'status', u.status) ORDER BY u.height DESC) FROM above u WHERE u.height > 0), '[]')::jsonb AS above,
       coalesce((SELECT jsonb_agg(to_jsonb(p) || jsonb_build_object('above', EXISTS (SELECT FROM above u WHERE u.user_id = p.user_id),
                  'invited', (SELECT count(*) FROM (SELECT 1 FROM roster.memberships c WHERE c.org_id = @org_id AND c.invited_by = p.user_id
                                                      AND (c.status IN ('active', 'suspended') OR @former_too::boolean) LIMIT 1001) n))
                  ORDER BY p.sort_name, p.user_id) FROM page p), '[]')::jsonb AS people
FROM above t
WHERE t.height = 0;

-- name: ListMembersByID :many
-- Those that somebody ticked, whatever became of them since.
SELECT m.id, m.user_id, m.name, m.email, m.roles, m.status
FROM roster.memberships m
WHERE m.org_id = @org_id AND m.id = ANY (@membership_ids::uuid[])
ORDER BY m.sort_name, m.user_id;

-- name: ListInvitedAt :many
-- When members were invited, if they were.
SELECT m.id, m.invited_at
FROM roster.memberships m
WHERE m.org_id = @org_id AND m.id = ANY (@membership_ids::uuid[]);

-- name: LockOrganization :exec
-- Whoever changes memberships stands in line here, and reads roles only afterwards.
SELECT id FROM roster.organizations WHERE id = @org_id FOR UPDATE;

-- name: GetPair :one
-- Who acts, and on whom, and what became of the form if it came before.
SELECT a.roles AS actor_roles, a.status AS actor_status,
       t.user_id, t.id, t.name, t.email, t.email_norm, t.status, t.roles, t.version, t.joined_at, t.joined_through, t.invited_at, t.last_active_at,
       v.name AS inviter_name,
       (SELECT count(*) FROM roster.membership_roles o WHERE o.org_id = t.org_id AND o.role = 'owner')::bigint AS owners,
       (SELECT count(*) FROM roster.invitations i WHERE i.org_id = t.org_id AND i.invited_by = t.user_id AND i.state = 'open')::bigint AS open_invitations,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.id = @submission), 'null')::jsonb AS done_before
FROM roster.memberships a
JOIN roster.memberships t ON t.org_id = a.org_id AND t.id = @membership_id
LEFT JOIN roster.memberships v ON v.org_id = t.org_id AND v.user_id = t.invited_by
WHERE a.org_id = @org_id AND a.user_id = @actor_id;

-- name: GetMember :one
SELECT t.user_id, t.id, t.name, t.email, t.email_norm, t.status, t.roles, t.version, t.joined_at, t.joined_through, t.invited_at, t.last_active_at,
       t.ended_at, v.name AS inviter_name, v.id AS inviter_membership,
       (SELECT count(*) FROM roster.membership_roles o WHERE o.org_id = t.org_id AND o.role = 'owner')::bigint AS owners,
       (SELECT count(*) FROM roster.invitations i WHERE i.org_id = t.org_id AND i.invited_by = t.user_id AND i.state = 'open')::bigint AS open_invitations,
       (SELECT count(*) FROM (SELECT 1 FROM roster.memberships c WHERE c.org_id = t.org_id AND c.invited_by = t.user_id
                                 AND (c.status IN ('active', 'suspended') OR @former_too::boolean) LIMIT 1001) n)::bigint AS invited,
       coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY e.at DESC, e.id DESC) FROM (
         SELECT h.id, h.at, h.event, h.actor_kind, h.actor_name, h.subject_kind, h.subject_id, h.subject_name, h.before, h.after,
                CASE WHEN h.actor_id = @user_id::uuid AND h.undoes IS NULL AND h.at > now() - interval '10 minutes' AND h.event IN ('membership.roles_changed', 'membership.suspended', 'membership.reactivated', 'membership.removed')
              THEN NOT EXISTS (SELECT 1 FROM roster.audit_events s WHERE s.org_id = h.org_id AND s.subject_id = h.subject_id AND (s.at, s.id) > (h.at, h.id)) ELSE false END AS undoable
           FROM roster.audit_events h
          WHERE h.org_id = t.org_id
            AND h.subject_id IN (SELECT t.id UNION ALL SELECT j.id FROM roster.invitations j WHERE j.org_id = t.org_id AND j.accepted_by = t.user_id)
            AND (h.at, h.id) < (@before_time::timestamptz, @before_id::uuid)
          ORDER BY h.at DESC, h.id DESC
          LIMIT @history_size) e), '[]')::jsonb AS history
FROM roster.memberships t
LEFT JOIN roster.memberships v ON v.org_id = t.org_id AND v.user_id = t.invited_by
WHERE t.org_id = @org_id AND t.id = @membership_id;

-- name: InsertRoles :exec
INSERT INTO roster.membership_roles (org_id, user_id, role, granted_by)
SELECT @org_id, @user_id, unnest(@roles::text[]), @granted_by
ON CONFLICT DO NOTHING;

-- name: DeleteOtherRoles :exec
-- After InsertRoles, never before: the last owner's role may not vanish for a moment.
DELETE FROM roster.membership_roles AS r
WHERE r.org_id = @org_id AND r.user_id = @user_id AND r.role <> ALL (@roles::text[]);

-- name: SetMembershipStatus :exec
UPDATE roster.memberships AS m
SET status = @status, version = m.version + 1, ended_at = CASE WHEN @status::text IN ('left', 'removed') THEN now() END
WHERE m.org_id = @org_id AND m.user_id = @user_id;

-- name: InsertMembership :exec
-- Joins, or joins again: a former member's row comes back to life. A present one is left as it is.
INSERT INTO roster.memberships (org_id, user_id, id, status, invited_by, invited_at, joined_through)
VALUES (@org_id, @user_id, @membership_id, 'active', @invited_by, @invited_at, @joined_through)
ON CONFLICT (org_id, user_id) DO UPDATE
SET status = 'active', invited_by = excluded.invited_by, invited_at = excluded.invited_at, joined_through = excluded.joined_through,
    joined_at = now(), ended_at = NULL, version = memberships.version + 1
WHERE memberships.status IN ('left', 'removed');

-- name: ListOwners :many
SELECT m.name, m.email
FROM roster.membership_roles r
JOIN roster.memberships m ON m.org_id = r.org_id AND m.user_id = r.user_id
WHERE r.org_id = @org_id AND r.role = 'owner'
ORDER BY m.sort_name, m.user_id
LIMIT 5;

-- name: ListLatest :one
-- What happened last, where one request did much: what it did alike counts as one, the last of it with how many they are.
WITH RECURSIVE latest AS (
  (SELECT x.id, x.event, x.request_id, 1 AS nr FROM roster.audit_events x WHERE x.org_id = @org_id ORDER BY x.id DESC LIMIT 1)
  UNION ALL
  SELECT n.id, n.event, n.request_id, l.nr + 1 FROM latest l CROSS JOIN LATERAL (
    SELECT x.id, x.event, x.request_id FROM roster.audit_events x
     WHERE x.org_id = @org_id AND x.id < l.id AND NOT (x.request_id = l.request_id AND x.event = l.event AND x.request_id <> '')
     ORDER BY x.id DESC LIMIT 1) n
  WHERE l.nr < 11)
SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.at DESC, e.id DESC), '[]')::jsonb AS events FROM (
  SELECT h.id, h.at, h.event, h.actor_kind, h.actor_name, h.subject_kind, h.subject_id, h.subject_name, h.before, h.after, h.request_id,
         (SELECT count(*) FROM roster.audit_events x
           WHERE x.org_id = h.org_id AND x.id <= h.id AND x.id > coalesce(l.below, '00000000-0000-0000-0000-000000000000') AND x.event = h.event) AS alike,
         CASE WHEN h.actor_id = @user_id::uuid AND h.undoes IS NULL AND h.at > now() - interval '10 minutes' AND h.event IN ('membership.roles_changed', 'membership.suspended', 'membership.reactivated', 'membership.removed')
              THEN NOT EXISTS (SELECT 1 FROM roster.audit_events s WHERE s.org_id = h.org_id AND s.subject_id = h.subject_id AND (s.at, s.id) > (h.at, h.id)) ELSE false END AS undoable
    FROM (SELECT id, nr, lead(id) OVER (ORDER BY nr) AS below FROM latest) l
    JOIN roster.audit_events h ON h.org_id = @org_id AND h.id = l.id
   WHERE l.nr <= 10) e;

-- name: GetOverview :one
-- With the jobs of the person who looks: those at work, and those of the last day.
SELECT o.members_count, o.created_at,
       (SELECT count(*) FROM (SELECT 1 FROM roster.invitations i WHERE i.org_id = o.id AND i.state = 'open' AND i.delivery = 'failed' AND i.expires_at > now() LIMIT 100) x)::bigint AS undelivered,
       EXISTS (SELECT 1 FROM roster.invitations i WHERE i.org_id = o.id)::boolean AS ever_invited,
       coalesce((SELECT jsonb_agg(to_jsonb(j) ORDER BY j.created_at DESC, j.id) FROM (
         SELECT w.id, w.kind, w.spec, w.progress, w.state, w.stop_asked, w.problem, w.total, w.done, w.skipped, w.failed, w.created_at, w.started_at, w.finished_at, now() AS at
           FROM roster.jobs w
          WHERE w.org_id = o.id AND w.started_by = @user_id AND w.created_at > now() - interval '1 day'
          ORDER BY w.created_at DESC LIMIT 5) j), '[]')::jsonb AS jobs,
       coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY e.at DESC, e.id DESC) FROM (
         SELECT h.id, h.at, h.event, h.actor_kind, h.actor_name, h.subject_kind, h.subject_id, h.subject_name, h.before, h.after, h.request_id,
                CASE WHEN h.actor_id = @user_id::uuid AND h.undoes IS NULL AND h.at > now() - interval '10 minutes' AND h.event IN ('membership.roles_changed', 'membership.suspended', 'membership.reactivated', 'membership.removed')
              THEN NOT EXISTS (SELECT 1 FROM roster.audit_events s WHERE s.org_id = h.org_id AND s.subject_id = h.subject_id AND (s.at, s.id) > (h.at, h.id)) ELSE false END AS undoable
           FROM roster.audit_events h WHERE h.org_id = o.id AND @with_events::boolean
          ORDER BY h.id DESC LIMIT 10) e), '[]')::jsonb AS events,
       coalesce((SELECT jsonb_agg(to_jsonb(p) ORDER BY p.role DESC, p.sort_name, p.id) FROM (
         SELECT m.id, m.user_id, m.name, m.sort_name, r.role
           FROM roster.membership_roles r JOIN roster.memberships m ON m.org_id = r.org_id AND m.user_id = r.user_id
          WHERE r.org_id = o.id AND (r.role = 'owner' OR r.role = 'admin' AND @with_newest::boolean) AND m.status = 'active' AND NOT @with_events::boolean
          ORDER BY r.role DESC, m.sort_name, m.user_id LIMIT 5) p), '[]')::jsonb AS asked,
       coalesce((SELECT jsonb_agg(to_jsonb(p) ORDER BY p.joined_at DESC, p.id) FROM (
         SELECT m.id, m.user_id, m.name, m.joined_at
           FROM roster.memberships m
          WHERE m.org_id = o.id AND m.status = 'active' AND @with_newest::boolean
          ORDER BY m.joined_at DESC LIMIT 5) p), '[]')::jsonb AS newest,
       coalesce((SELECT v.name FROM roster.memberships m JOIN roster.memberships v ON v.org_id = m.org_id AND v.user_id = m.invited_by
                  WHERE m.org_id = o.id AND m.user_id = @user_id::uuid), '')::text AS invited_by
FROM roster.organizations o
WHERE o.id = @org_id;
