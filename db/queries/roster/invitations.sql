-- name: ListInvitations :many
-- The inviters are looked up once for the whole page, as in ListMembersByName.
WITH page AS MATERIALIZED (
  SELECT i.id, i.email, i.roles, i.message, i.created_at, i.sent_at, i.expires_at, i.expires_at <= now() AS expired, i.state, i.delivery,
         i.delivery_detail, i.decided_at, i.version, i.invited_by, (i.sent_at > now() - interval '5 minutes')::boolean AS just_sent
    FROM roster.invitations i
   WHERE i.org_id = @org_id
     AND i.state = ANY (@states::text[])
     AND (@expired_too::boolean OR i.expires_at > now())
     AND (@open_too::boolean OR i.expires_at <= now() OR i.state <> 'open')
     AND (i.created_at, i.id) < (@after_time::timestamptz, @after_id::uuid)
   ORDER BY i.created_at DESC, i.id DESC
   LIMIT @page_size
), inviters AS MATERIALIZED (
  SELECT n.user_id, n.name FROM roster.memberships n WHERE n.org_id = @org_id AND n.user_id = ANY (ARRAY(SELECT p.invited_by FROM page p)::uuid[])
)
SELECT x.id, x.email, x.roles, x.message, x.created_at, x.sent_at, x.expires_at, x.expired, x.state, x.delivery,
       x.delivery_detail, x.decided_at, x.version, v.name AS inviter_name, x.just_sent
FROM page x
LEFT JOIN inviters v ON v.user_id = x.invited_by
ORDER BY x.created_at DESC, x.id DESC;

-- name: GetInvitation :one
-- With what the actor may do, and what became of the form if it came before.
SELECT i.id, i.email, i.email_norm, i.roles, i.message, i.created_at, i.sent_at, i.expires_at, (i.expires_at <= now())::boolean AS expired, i.life, i.state,
       i.delivery, i.delivery_detail, i.decided_at, i.version, i.invited_by, v.name AS inviter_name,
       (i.sent_at > now() - interval '5 minutes')::boolean AS just_sent,
       EXISTS (SELECT 1 FROM roster.invitation_blocks b WHERE b.org_id = i.org_id AND b.email_norm = i.email_norm)::boolean AS blocked,
       a.roles AS actor_roles, a.status AS actor_status,
       (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = i.org_id)::boolean AS members_may_invite,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.id = @submission), 'null')::jsonb AS done_before
FROM roster.invitations i
JOIN roster.memberships a ON a.org_id = i.org_id AND a.user_id = @actor_id
LEFT JOIN roster.memberships v ON v.org_id = i.org_id AND v.user_id = i.invited_by
WHERE i.org_id = @org_id AND i.id = @invitation_id;

-- name: CheckInvitees :many
-- What stands in the way of inviting each address: it is a member, it is invited already, it asked not to
-- be; and who was a member before, until when and as what. With each row, what the inviter may do, how many
-- they have invited in the last day, and what became of the form if it came before. Each address is looked up by
-- itself: of a list of thousands no plan is good that reads whole tables.
WITH actor AS MATERIALIZED (
  SELECT a.roles, a.status,
         (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = a.org_id)::boolean AS members_may_invite,
         (SELECT coalesce(sum(c.n), 0) FROM roster.inviter_counts c WHERE c.org_id = a.org_id AND c.user_id = a.user_id AND c.slot > now() - interval '24 hours')::integer AS lately,
         (SELECT min(c.slot) FROM roster.inviter_counts c WHERE c.org_id = a.org_id AND c.user_id = a.user_id AND c.slot > now() - interval '24 hours') AS first_slot,
         coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.id = @submission), 'null')::jsonb AS done_before
    FROM roster.memberships a
   WHERE a.org_id = @org_id AND a.user_id = @actor_id
)
SELECT e.email_norm::text AS email_norm,
       (m.id IS NOT NULL)::boolean AS is_member, coalesce(m.name, '')::text AS member_name, coalesce(m.id, '00000000-0000-0000-0000-000000000000')::uuid AS membership_id,
       coalesce(i.id, '00000000-0000-0000-0000-000000000000')::uuid AS invitation_id, coalesce(i.expires_at <= now(), false)::boolean AS invitation_expired,
       EXISTS (SELECT 1 FROM roster.invitation_blocks b WHERE b.org_id = @org_id AND b.email_norm = e.email_norm)::boolean AS blocked, f.ended_at AS former_until, coalesce(f.roles, '[]')::jsonb AS former_roles,
       a.roles AS actor_roles, a.status AS actor_status, now()::timestamptz AS at, a.members_may_invite, a.lately,
       coalesce(extract(epoch FROM a.first_slot + interval '24 hours' - now()), 0)::float8 AS more_in, a.done_before
FROM (SELECT unnest(@emails::text[]) AS email_norm) e
CROSS JOIN actor a
LEFT JOIN LATERAL (
  SELECT k.id, k.name FROM roster.memberships k WHERE k.org_id = @org_id AND k.email_norm = e.email_norm AND k.status IN ('active', 'suspended') LIMIT 1
) m ON true
LEFT JOIN LATERAL (
  SELECT o.id, o.expires_at FROM roster.invitations o WHERE o.org_id = @org_id AND o.email_norm = e.email_norm AND o.state = 'open' LIMIT 1
) i ON true
LEFT JOIN LATERAL (
  SELECT p.ended_at,
         (SELECT h.before -> 'roles' FROM roster.audit_events h
           WHERE h.org_id = @org_id AND h.subject_id = p.id AND h.event IN ('membership.removed', 'membership.left') ORDER BY h.at DESC, h.id DESC LIMIT 1) AS roles
    FROM roster.memberships p
   WHERE p.org_id = @org_id AND p.email_norm = e.email_norm AND p.status IN ('left', 'removed')
   ORDER BY p.ended_at DESC LIMIT 1
) f ON m.id IS NULL
ORDER BY e.email_norm;

-- name: InsertInvitations :exec
-- One open invitation per address: the organization's lock is held, and the constraint says the same.
INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, message, invited_by, life, expires_at, delivery)
SELECT @org_id, unnest(@ids::uuid[]), unnest(@emails::text[]), unnest(@email_norms::text[]), ARRAY[unnest(@roles::text[])], unnest(@messages::text[]), @invited_by,
       make_interval(secs => @life_seconds::float8), @expires_at::timestamptz, @delivery;

-- name: InsertInvitationTokens :exec
INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind)
SELECT @org_id, unnest(@digests::bytea[]), unnest(@invitation_ids::uuid[]), @kind;

-- name: ReplaceTokens :exec
-- The links before are dead from now on, and say that they were replaced. An empty kind means all.
UPDATE roster.invitation_tokens AS t
SET replaced_at = now()
WHERE t.org_id = @org_id AND t.invitation_id = @invitation_id AND t.replaced_at IS NULL AND (@kind::text = '' OR t.kind = @kind);

-- name: RenewInvitation :one
-- Whoever sends it again becomes its inviter: the letter is theirs.
UPDATE roster.invitations AS i
SET sent_at = now(), expires_at = now() + i.life, delivery = @delivery, delivery_detail = '', invited_by = @invited_by, version = i.version + 1
WHERE i.org_id = @org_id AND i.id = @invitation_id AND i.state = 'open'
RETURNING i.sent_at, i.expires_at, i.version;

-- name: SetInvitationRoles :exec
UPDATE roster.invitations AS i
SET roles = @roles, version = i.version + 1
WHERE i.org_id = @org_id AND i.id = @invitation_id AND i.state = 'open';

-- name: SetInvitationInviter :many
UPDATE roster.invitations AS i
SET invited_by = @invited_by
WHERE i.org_id = @org_id AND i.id = ANY (@ids::uuid[])
RETURNING i.id, i.email;

-- name: RevokeInvitation :one
-- Only an open one: if it was accepted a moment before, nothing comes back and nothing is done.
UPDATE roster.invitations AS i
SET state = 'revoked', decided_at = now(), version = i.version + 1
WHERE i.org_id = @org_id AND i.id = @invitation_id AND i.state = 'open'
RETURNING i.version;

-- name: ReopenInvitations :many
-- But not those of somebody who is a member since, or has asked not to be invited.
UPDATE roster.invitations AS i
SET state = 'open', decided_at = NULL, version = i.version + 1
WHERE i.org_id = @org_id AND i.id = ANY (@ids::uuid[]) AND i.state = 'revoked'
  AND NOT EXISTS (SELECT 1 FROM roster.invitation_blocks b WHERE b.org_id = i.org_id AND b.email_norm = i.email_norm)
  AND NOT EXISTS (SELECT 1 FROM roster.memberships m WHERE m.org_id = i.org_id AND m.email_norm = i.email_norm AND m.status IN ('active', 'suspended'))
RETURNING i.id, i.email;

-- name: SettleInvitations :many
-- What becomes of the open invitations of somebody who goes: those to their own address are revoked; those
-- they sent are revoked too, or whoever removes them becomes the inviter.
UPDATE roster.invitations AS i
SET state = CASE WHEN @revoke::boolean OR i.email_norm = @email_norm THEN 'revoked' ELSE i.state END,
    decided_at = CASE WHEN @revoke::boolean OR i.email_norm = @email_norm THEN now() END,
    invited_by = CASE WHEN @revoke::boolean OR i.email_norm = @email_norm THEN i.invited_by ELSE @taken_by::uuid END,
    version = i.version + 1
WHERE i.org_id = @org_id AND i.state = 'open' AND (i.invited_by = @invited_by OR i.email_norm = @email_norm)
RETURNING i.id, i.email, (i.state = 'revoked')::boolean AS revoked;

-- name: RevokeInvitationsTo :many
-- The open invitation that an address still holds.
UPDATE roster.invitations AS i
SET state = 'revoked', decided_at = now(), version = i.version + 1
WHERE i.org_id = @org_id AND i.email_norm = @email_norm AND i.state = 'open'
RETURNING i.id, i.email;

-- name: AcceptInvitation :one
-- The only statement that uses an invitation up: one of many that come at once gets the row. The token
-- decides organization, role and address; a person's own confirmed address may stand for the token. Its time
-- is judged by the clock and not by now(): what ended it while this one stood in line counts.
UPDATE roster.invitations AS i
SET state = 'accepted', decided_at = now(), accepted_by = @user_id::uuid, version = i.version + 1
WHERE i.org_id = @org_id
  AND i.id = coalesce((SELECT t.invitation_id FROM roster.invitation_tokens t
                        WHERE t.org_id = @org_id AND t.digest = sqlc.narg(digest)::bytea AND t.replaced_at IS NULL), sqlc.narg(invitation_id)::uuid)
  AND i.email_norm = @email_norm
  AND i.state IN ('open', 'declined')
  AND i.expires_at > clock_timestamp()
RETURNING i.id, i.email, i.roles, i.invited_by, i.created_at,
  EXISTS (SELECT 1 FROM roster.invitation_tokens t WHERE t.org_id = i.org_id AND t.digest = sqlc.narg(digest)::bytea AND t.kind = 'copied')::boolean AS copied,
  (SELECT m.roles FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by) AS inviter_roles,
  (SELECT m.status FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by)::text AS inviter_status,
  (SELECT m.email FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by)::text AS inviter_email,
  (SELECT m.name FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by)::text AS inviter_name,
  (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = i.org_id)::boolean AS members_may_invite,
  (SELECT o.status FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_status,
  (SELECT o.name FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_name,
  (SELECT o.slug FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_slug,
  coalesce((SELECT m.status FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = @user_id::uuid), '')::text AS membership_status,
  coalesce((SELECT m.roles FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = @user_id::uuid), '{}')::text[] AS membership_roles,
  coalesce((SELECT m.id FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = @user_id::uuid), '00000000-0000-0000-0000-000000000000')::uuid AS membership_id;

-- name: DeclineInvitation :one
UPDATE roster.invitations AS i
SET state = 'declined', decided_at = now(), version = i.version + 1
WHERE i.org_id = @org_id AND i.id = @invitation_id AND i.state = 'open' AND i.expires_at > now()
RETURNING i.version, now()::timestamptz AS decided_at;

-- name: EndDeclined :exec
-- A declined invitation can still be joined by until its time is over. A newer invitation, a membership and
-- the end of one end it: nobody comes back by what they once turned down, with a role of that time.
UPDATE roster.invitations AS i
SET expires_at = now()
WHERE i.org_id = @org_id AND i.email_norm = ANY (@email_norms::text[]) AND i.state = 'declined' AND i.expires_at > now();

-- name: InsertBlock :exec
INSERT INTO roster.invitation_blocks (org_id, email_norm) VALUES (@org_id, @email_norm) ON CONFLICT DO NOTHING;

-- name: AskAgain :one
-- Once a day.
UPDATE roster.invitations AS i
SET asked_at = now()
WHERE i.org_id = @org_id AND i.id = @invitation_id AND (i.asked_at IS NULL OR i.asked_at < now() - interval '1 day')
RETURNING i.id;

-- name: SetDelivery :exec
-- What became of the letter; the worker says it.
UPDATE roster.invitations AS i
SET delivery = @delivery, delivery_detail = @detail
WHERE i.org_id = @org_id AND i.id = @invitation_id AND i.state = 'open';
