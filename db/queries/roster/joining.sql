-- name: ListJoinLinks :many
-- Those that were not withdrawn, of which there are few, the newest first; each with what its maker may do now.
SELECT l.id, l.role, l.domains, l.max_uses, l.uses, l.days, l.expires_at, coalesce(l.expires_at <= now(), false)::boolean AS expired, l.needs_approval, l.made_at, l.reset_at,
       l.withdrawn_at, coalesce(m.name, '')::text AS maker_name, coalesce(m.status, '')::text AS maker_status, coalesce(m.roles, '{}')::text[] AS maker_roles
FROM roster.join_links l
LEFT JOIN roster.memberships m ON m.org_id = l.org_id AND m.user_id = l.made_by
WHERE l.org_id = @org_id AND l.withdrawn_at IS NULL
ORDER BY l.made_at DESC, l.id DESC
LIMIT 50;

-- name: CheckJoinLinks :one
-- Who would make one, how many there are, and what became of the form if it came before.
SELECT a.roles AS actor_roles, a.status AS actor_status, now()::timestamptz AS at,
       (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = a.org_id)::boolean AS members_may_invite,
       (SELECT count(*) FROM roster.join_links l WHERE l.org_id = a.org_id AND l.withdrawn_at IS NULL)::bigint AS links,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.id = @submission), 'null')::jsonb AS done_before
FROM roster.memberships a
WHERE a.org_id = @org_id AND a.user_id = @actor_id;

-- name: GetJoinLink :one
SELECT l.id, l.role, l.domains, l.max_uses, l.uses, l.days, l.expires_at, coalesce(l.expires_at <= now(), false)::boolean AS expired, l.needs_approval, l.made_at, l.reset_at,
       l.withdrawn_at, coalesce(m.name, '')::text AS maker_name, coalesce(m.status, '')::text AS maker_status, coalesce(m.roles, '{}')::text[] AS maker_roles,
       a.roles AS actor_roles, a.status AS actor_status, now()::timestamptz AS at,
       (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = l.org_id)::boolean AS members_may_invite,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.id = @submission), 'null')::jsonb AS done_before
FROM roster.join_links l
JOIN roster.memberships a ON a.org_id = l.org_id AND a.user_id = @actor_id
LEFT JOIN roster.memberships m ON m.org_id = l.org_id AND m.user_id = l.made_by
WHERE l.org_id = @org_id AND l.id = @link_id;

-- name: InsertJoinLink :exec
INSERT INTO roster.join_links (org_id, id, role, domains, max_uses, days, expires_at, needs_approval, made_by)
VALUES (@org_id, @link_id, @role, @domains::text[], sqlc.narg(max_uses), sqlc.narg(link_days), sqlc.narg(link_until), @needs_approval, @made_by);

-- name: InsertJoinLinkToken :exec
INSERT INTO roster.join_link_tokens (org_id, digest, link_id) VALUES (@org_id, @digest, @link_id);

-- name: ReplaceJoinLinkTokens :exec
-- The tokens before are dead from now on, and say that they were replaced.
UPDATE roster.join_link_tokens AS t
SET replaced_at = now()
WHERE t.org_id = @org_id AND t.link_id = @link_id AND t.replaced_at IS NULL;

-- name: ResetJoinLink :exec
-- It begins anew with the same settings, as the word of whoever resets it.
UPDATE roster.join_links AS l
SET uses = 0, expires_at = sqlc.narg(link_until), made_by = @made_by, reset_at = now(), version = l.version + 1
WHERE l.org_id = @org_id AND l.id = @link_id AND l.withdrawn_at IS NULL;

-- name: WithdrawJoinLink :exec
UPDATE roster.join_links AS l
SET withdrawn_at = now(), version = l.version + 1
WHERE l.org_id = @org_id AND l.id = @link_id AND l.withdrawn_at IS NULL;

-- name: UseJoinLink :one
-- The only statement that uses a link: of many that come at once, as many get the row as it has uses left. Nobody uses
-- it who is inside already, or was removed: they ask. Its time is judged by the clock and not by now(): what ended it
-- while this one stood in line counts.
UPDATE roster.join_links AS l
SET uses = l.uses + 1
WHERE l.org_id = @org_id
  AND l.id = (SELECT t.link_id FROM roster.join_link_tokens t WHERE t.org_id = @org_id AND t.digest = @digest AND t.replaced_at IS NULL)
  AND l.withdrawn_at IS NULL AND NOT l.needs_approval
  AND (l.max_uses IS NULL OR l.uses < l.max_uses)
  AND (l.expires_at IS NULL OR l.expires_at > clock_timestamp())
  AND (l.domains = '{}' OR @domain::text = ANY (l.domains) AND @proved::boolean)
  AND NOT EXISTS (SELECT 1 FROM roster.memberships m WHERE m.org_id = @org_id AND m.user_id = @user_id AND m.status IN ('active', 'suspended', 'removed'))
RETURNING l.id, l.role, l.made_by,
  coalesce((SELECT m.roles FROM roster.memberships m WHERE m.org_id = l.org_id AND m.user_id = l.made_by), '{}')::text[] AS maker_roles,
  coalesce((SELECT m.status FROM roster.memberships m WHERE m.org_id = l.org_id AND m.user_id = l.made_by), '')::text AS maker_status,
  (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = l.org_id)::boolean AS members_may_invite,
  (SELECT o.status FROM roster.organizations o WHERE o.id = l.org_id)::text AS org_status,
  (SELECT o.name FROM roster.organizations o WHERE o.id = l.org_id)::text AS org_name,
  (SELECT o.slug FROM roster.organizations o WHERE o.id = l.org_id)::text AS org_slug,
  coalesce((SELECT m.status FROM roster.memberships m WHERE m.org_id = l.org_id AND m.user_id = @user_id), '')::text AS membership_status,
  coalesce((SELECT m.id FROM roster.memberships m WHERE m.org_id = l.org_id AND m.user_id = @user_id), '00000000-0000-0000-0000-000000000000')::uuid AS membership_id;

-- name: CountJoinLinkUse :exec
-- Somebody who asked by a link was let in. Whoever decides may let in more than the link would.
UPDATE roster.join_links AS l
SET uses = l.uses + 1
WHERE l.org_id = @org_id AND l.id = @link_id AND (l.max_uses IS NULL OR l.uses < l.max_uses);

-- name: InsertRequest :exec
-- One open request of a person, one for an address: the organization's lock is held, and the constraints say the same.
INSERT INTO roster.join_requests (org_id, id, kind, user_id, asker, asker_email, email, email_norm, note, link_id, role, told_at)
VALUES (@org_id, @request_id, @request_kind, @user_id, @asker, @asker_email, @email, @email_norm, @note, sqlc.narg(link_id), @role, CASE WHEN @told::boolean THEN now() END);

-- name: ExpireRequests :exec
-- What nobody decided in time stands in nobody's way.
UPDATE roster.join_requests AS q
SET state = 'expired'
WHERE q.org_id = @org_id AND q.state = 'open' AND q.expires_at <= now()
  AND (q.kind = 'join' AND q.user_id = @user_id OR q.kind = 'invite' AND q.email_norm = @email_norm);

-- name: WithdrawRequest :one
-- By whoever asked. If it was decided a moment before, nothing comes back.
UPDATE roster.join_requests AS q
SET state = 'withdrawn', decided_at = now()
WHERE q.org_id = @org_id AND q.id = @request_id AND q.user_id = @user_id AND q.state = 'open' AND q.expires_at > clock_timestamp()
RETURNING q.id, q.kind, q.asker, q.email;

-- name: DecideRequest :exec
-- The organization's lock is held, and the request was read under it.
UPDATE roster.join_requests AS q
SET state = @state, role = @role, decided_at = now(), decided_by = @decided_by, reason = @reason
WHERE q.org_id = @org_id AND q.id = @request_id AND q.state IN ('open', 'declined');

-- name: ListRequests :many
-- In one state, the newest first; of the open ones, those that wait.
SELECT q.id, q.kind, q.user_id, q.asker, q.asker_email, q.email, q.note, q.link_id, q.role, q.created_at, q.expires_at, (q.expires_at <= now())::boolean AS over,
       q.state, q.decided_at, q.decided_by, q.reason, l.made_at AS link_made, m.status AS member_status
FROM roster.join_requests q
LEFT JOIN roster.join_links l ON l.org_id = q.org_id AND l.id = q.link_id
LEFT JOIN roster.memberships m ON m.org_id = q.org_id AND m.user_id = q.user_id
WHERE q.org_id = @org_id AND q.state = @state AND (q.state <> 'open' OR q.expires_at > now())
  AND (q.created_at, q.id) < (@after_time::timestamptz, @after_id::uuid)
ORDER BY q.created_at DESC, q.id DESC
LIMIT @page_size;

-- name: ListMyRequests :many
-- What somebody asked for as a member, the newest first.
SELECT q.id, q.kind, q.user_id, q.asker, q.asker_email, q.email, q.note, q.role, q.created_at, q.expires_at, (q.expires_at <= now())::boolean AS over,
       q.state, q.decided_at, q.decided_by, q.reason
FROM roster.join_requests q
WHERE q.org_id = @org_id AND q.user_id = @user_id AND q.kind = 'invite'
ORDER BY q.created_at DESC
LIMIT 20;

-- name: GetRequest :one
-- With what the actor may do, what the person of it is here, and what became of the form if it came before.
SELECT q.id, q.kind, q.user_id, q.asker, q.asker_email, q.email, q.email_norm, q.note, q.link_id, q.role, q.created_at, q.expires_at, (q.expires_at <= now())::boolean AS over,
       q.state, q.decided_at, q.decided_by, q.reason, l.made_at AS link_made,
       coalesce(m.id, '00000000-0000-0000-0000-000000000000')::uuid AS membership_id, m.status AS member_status, coalesce(m.roles, '{}')::text[] AS member_roles,
       a.roles AS actor_roles, a.status AS actor_status,
       (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = q.org_id)::boolean AS members_may_invite,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.id = @submission), 'null')::jsonb AS done_before
FROM roster.join_requests q
JOIN roster.memberships a ON a.org_id = q.org_id AND a.user_id = @actor_id
LEFT JOIN roster.join_links l ON l.org_id = q.org_id AND l.id = q.link_id
LEFT JOIN roster.memberships m ON m.org_id = q.org_id AND m.user_id = q.user_id AND q.kind = 'join'
WHERE q.org_id = @org_id AND q.id = @request_id;

-- name: CheckInviteAsk :one
-- What stands in the way of asking to invite an address, and what became of the form if it came before.
SELECT a.roles AS actor_roles, a.status AS actor_status,
       coalesce((SELECT m.name FROM roster.memberships m WHERE m.org_id = a.org_id AND m.email_norm = @email_norm AND m.status IN ('active', 'suspended') LIMIT 1), '')::text AS member_name,
       EXISTS (SELECT 1 FROM roster.invitations i WHERE i.org_id = a.org_id AND i.email_norm = @email_norm AND i.state = 'open' AND i.expires_at > now())::boolean AS invited,
       EXISTS (SELECT 1 FROM roster.join_requests q WHERE q.org_id = a.org_id AND q.email_norm = @email_norm AND q.kind = 'invite' AND q.state = 'open' AND q.expires_at > now())::boolean AS asked,
       EXISTS (SELECT 1 FROM roster.join_requests q WHERE q.org_id = a.org_id AND q.user_id = a.user_id AND q.email_norm = @email_norm AND q.kind = 'invite'
                 AND q.state = 'declined' AND q.decided_at > now() - interval '7 days')::boolean AS declined,
       EXISTS (SELECT 1 FROM roster.join_requests q WHERE q.org_id = a.org_id AND q.user_id = a.user_id AND q.email_norm = @email_norm AND q.told_at > now() - interval '1 day')::boolean AS told,
       (SELECT count(*) FROM roster.join_requests q WHERE q.org_id = a.org_id AND q.user_id = a.user_id AND q.created_at > now() - interval '1 day')::bigint AS asked_today,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.id = @submission), 'null')::jsonb AS done_before
FROM roster.memberships a
WHERE a.org_id = @org_id AND a.user_id = @actor_id;

-- name: ListDeciders :many
-- Who is told of a request: owners first, and no more than a few.
SELECT m.name, m.email
FROM roster.membership_roles r
JOIN roster.memberships m ON m.org_id = r.org_id AND m.user_id = r.user_id AND m.status = 'active'
WHERE r.org_id = @org_id AND r.role IN ('owner', 'admin')
GROUP BY m.name, m.email, m.sort_name, m.user_id
ORDER BY bool_or(r.role = 'owner') DESC, m.sort_name, m.user_id
LIMIT 5;

-- name: GetJoinLinkAtDoor :one
-- Asked from inside its organization, it also says what became of the viewer's form if it came before.
SELECT l.org_id::uuid AS org_id, l.org_name::text AS org_name, l.org_slug::text AS org_slug, l.org_status::text AS org_status, l.members_may_invite::boolean AS members_may_invite,
       l.link_id::uuid AS link_id, l.role::text AS role, l.domains::text[] AS domains, l.needs_approval::boolean AS needs_approval, l.used_up::boolean AS used_up,
       coalesce(l.expires_at, 'epoch')::timestamptz AS expires_at, l.expired::boolean AS expired, l.withdrawn::boolean AS withdrawn, l.replaced::boolean AS replaced,
       coalesce(l.maker_status, '')::text AS maker_status, coalesce(l.maker_roles, '{}')::text[] AS maker_roles,
       coalesce(l.viewer_email, '')::text AS viewer_email, coalesce(l.viewer_status, '')::text AS viewer_status, coalesce(l.viewer_roles, '{}')::text[] AS viewer_roles,
       coalesce(l.request_id, '00000000-0000-0000-0000-000000000000')::uuid AS request_id, coalesce(l.request_state, '')::text AS request_state, coalesce(l.request_note, '')::text AS request_note,
       coalesce(l.request_at, 'epoch')::timestamptz AS request_at, coalesce(l.request_until, 'epoch')::timestamptz AS request_until, coalesce(l.request_over, false)::boolean AS request_over,
       coalesce(l.request_decided, 'epoch')::timestamptz AS request_decided, coalesce(l.request_reason, '')::text AS request_reason,
       l.told::boolean AS told, l.asked_today::integer AS asked_today, l.too_soon::boolean AS too_soon,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = l.org_id AND s.user_id = sqlc.narg(viewer)::uuid AND s.id = @submission::uuid), 'null')::jsonb AS done_before
FROM door.join_link(sqlc.narg(org)::uuid, sqlc.narg(digest)::bytea, sqlc.narg(viewer)::uuid) l;
