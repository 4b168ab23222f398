-- name: ListInvitations :many
-- One page by its filters, and how many there are in all as far as they are counted.
SELECT l.id::uuid AS id, l.email::text AS email, l.email_norm::text AS email_norm, l.roles::text[] AS roles, l.message::text AS message,
       l.created_at::timestamptz AS created_at, l.sent_at::timestamptz AS sent_at, l.expires_at::timestamptz AS expires_at, l.expired::boolean AS expired,
       l.state::text AS state, l.delivery::text AS delivery, l.delivery_detail::text AS delivery_detail, coalesce(l.decided_at, to_timestamp(0))::timestamptz AS decided_at,
       coalesce(l.asked_at, to_timestamp(0))::timestamptz AS asked_at, coalesce(l.inviter_name, '')::text AS inviter_name, coalesce(l.inviter_membership, '00000000-0000-0000-0000-000000000000')::uuid AS inviter_membership,
       l.just_sent::boolean AS just_sent,
       (SELECT roster.count_invitations(@org_id::uuid, @show::text, @undelivered::boolean, sqlc.narg(inviter)::uuid, @words::text[], @count_to::integer))::integer AS matching
FROM roster.list_invitations(@org_id::uuid, @show::text, @undelivered::boolean, sqlc.narg(inviter)::uuid, @words::text[], @upwards::boolean,
                             @after_name::text, @after_time::timestamptz, @after_id::uuid, @page_size::integer) AS l;

-- name: ChooseInvitations :many
-- Those to change together: the ones ticked, or all that the filters find. With each row what stands in the way, what
-- the actor may do, and what became of the form if it came before.
SELECT i.id, i.email, i.email_norm, i.roles, i.message, (i.expires_at <= now())::boolean AS expired, i.state, i.delivery, i.sending, (now() + i.life)::timestamptz AS open_until,
       (i.sent_at > now() - interval '5 minutes')::boolean AS just_sent,
       EXISTS (SELECT 1 FROM roster.invitation_blocks b WHERE b.org_id = i.org_id AND b.email_norm = i.email_norm)::boolean AS blocked,
       a.roles AS actor_roles, a.status AS actor_status,
       (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = @org_id)::boolean AS members_may_invite,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = @org_id AND s.user_id = @actor_id AND s.id = @submission), 'null')::jsonb AS done_before
FROM roster.invitations i
JOIN roster.memberships a ON a.org_id = @org_id AND a.user_id = @actor_id
WHERE i.org_id = @org_id
  AND i.id = ANY (CASE WHEN @matching::boolean
        THEN ARRAY(SELECT l.id FROM roster.list_invitations(@org_id::uuid, @show::text, @undelivered::boolean, sqlc.narg(inviter)::uuid, @words::text[], false,
                                                            @after_name::text, @after_time::timestamptz, @after_id::uuid, @page_size::integer) AS l)
        ELSE @ids::uuid[] END);

-- name: GetInvitation :one
-- With what the actor may do, and what became of the form if it came before. Where it is to go to another address, also
-- what stands in the way of inviting that one, as in CheckInvitees.
SELECT i.id, i.email, i.email_norm, i.roles, i.message, i.created_at, i.sent_at, i.expires_at, (i.expires_at <= now())::boolean AS expired, i.life, i.state,
       i.delivery, i.delivery_detail, i.decided_at, i.asked_at, i.version, i.invited_by, v.name AS inviter_name, v.id AS inviter_membership,
       (i.sent_at > now() - interval '5 minutes')::boolean AS just_sent,
       EXISTS (SELECT 1 FROM roster.invitation_blocks b WHERE b.org_id = i.org_id AND b.email_norm = i.email_norm)::boolean AS blocked,
       EXISTS (SELECT 1 FROM roster.invitations n WHERE n.org_id = i.org_id AND n.email_norm = i.email_norm AND n.state = 'open' AND n.id <> i.id)::boolean AS invited_again,
       EXISTS (SELECT 1 FROM roster.memberships n WHERE n.org_id = i.org_id AND n.email_norm = i.email_norm AND n.status IN ('active', 'suspended'))::boolean AS is_member,
       EXISTS (SELECT 1 FROM roster.invitation_blocks b WHERE b.org_id = i.org_id AND b.email_norm = @other_email_norm)::boolean AS other_blocked,
       coalesce((SELECT n.name FROM roster.memberships n WHERE n.org_id = i.org_id AND n.email_norm = @other_email_norm AND n.status IN ('active', 'suspended')), '')::text AS other_member,
       coalesce((SELECT n.id FROM roster.invitations n WHERE n.org_id = i.org_id AND n.email_norm = @other_email_norm AND n.state = 'open'), '00000000-0000-0000-0000-000000000000')::uuid AS other_invitation,
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
INSERT INTO roster.invitations (org_id, id, email, email_norm, search_text, fold, roles, message, invited_by, life, expires_at, delivery)
SELECT @org_id, unnest(@ids::uuid[]), unnest(@emails::text[]), unnest(@email_norms::text[]), unnest(@search_texts::text[]), @fold, ARRAY[unnest(@roles::text[])],
       unnest(@messages::text[]), @invited_by, make_interval(secs => @life_seconds::float8), @expires_at::timestamptz, @delivery;

-- name: InsertInvitationTokens :exec
INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind)
SELECT @org_id, unnest(@digests::bytea[]), unnest(@invitation_ids::uuid[]), @kind;

-- name: ReplaceTokens :exec
-- The links before are dead from now on, and say that they were replaced. An empty kind means all.
UPDATE roster.invitation_tokens AS t
SET replaced_at = now()
WHERE t.org_id = @org_id AND t.invitation_id = ANY (@invitation_ids::uuid[]) AND t.replaced_at IS NULL AND (@kind::text = '' OR t.kind = @kind);

-- name: DeleteTokens :exec
-- The links before lead nowhere, like any unknown one: whoever has them is not whom the invitation is for.
DELETE FROM roster.invitation_tokens AS t WHERE t.org_id = @org_id AND t.invitation_id = @invitation_id;

-- name: RenewInvitations :many
-- Whoever sends it again becomes its inviter: the letter is theirs. What is reminded and told begins anew.
UPDATE roster.invitations AS i
SET sent_at = now(), expires_at = now() + i.life, delivery = @delivery, delivery_detail = '', invited_by = @invited_by, sending = i.sending + 1,
    reminded_at = NULL, expiry_told_at = NULL, version = i.version + 1
WHERE i.org_id = @org_id AND i.id = ANY (@invitation_ids::uuid[]) AND i.state = 'open'
RETURNING i.id, i.sent_at, i.expires_at, i.sending, i.version;

-- name: RenewChosen :exec
-- RenewInvitations for those that ChooseInvitations has read under the lock: it has said until when.
UPDATE roster.invitations AS i
SET sent_at = now(), expires_at = now() + i.life, delivery = @delivery, delivery_detail = '', invited_by = @invited_by, sending = i.sending + 1,
    reminded_at = NULL, expiry_told_at = NULL, version = i.version + 1
WHERE i.org_id = @org_id AND i.id = ANY (@invitation_ids::uuid[]) AND i.state = 'open';

-- name: RevokeChosen :exec
-- Likewise.
UPDATE roster.invitations AS i
SET state = 'revoked', decided_at = now(), version = i.version + 1
WHERE i.org_id = @org_id AND i.id = ANY (@invitation_ids::uuid[]) AND i.state = 'open';

-- name: SetInvitationAddress :exec
-- Before it is renewed: to the person at the old address it was a mistake.
UPDATE roster.invitations AS i
SET email = @email, email_norm = @email_norm, search_text = @search_text::text, fold = @fold, asked_at = NULL
WHERE i.org_id = @org_id AND i.id = @invitation_id AND i.state = 'open';

-- name: SetInvitationRoles :exec
UPDATE roster.invitations AS i
SET roles = @roles, version = i.version + 1
WHERE i.org_id = @org_id AND i.id = @invitation_id AND i.state = 'open';

-- name: GiveInvitationsBack :many
-- Those that are still with whoever took them over: what somebody newer took is theirs, and what was decided since stays so.
UPDATE roster.invitations AS i
SET invited_by = @invited_by, version = i.version + 1
WHERE i.org_id = @org_id AND i.id = ANY (@ids::uuid[]) AND i.invited_by = @taken_by::uuid AND i.state = 'open'
RETURNING i.id, i.email;

-- name: TakeInvitationsOver :many
-- What becomes of open invitations whose inviter may not give these roles any more: they go on under somebody else's
-- name, or are revoked if nobody takes them.
UPDATE roster.invitations AS i
SET state = CASE WHEN @revoke::boolean THEN 'revoked' ELSE i.state END,
    decided_at = CASE WHEN @revoke::boolean THEN now() END,
    invited_by = CASE WHEN @revoke::boolean THEN i.invited_by ELSE @taken_by::uuid END,
    version = i.version + 1
WHERE i.org_id = @org_id AND i.state = 'open' AND i.invited_by = @invited_by AND i.roles && @roles::text[]
RETURNING i.id, i.email;

-- name: RevokeInvitations :many
-- Only those that can still be joined by: if one was accepted a moment before, it does not come back and nothing is
-- done to it.
UPDATE roster.invitations AS i
SET state = 'revoked', decided_at = now(), version = i.version + 1
WHERE i.org_id = @org_id AND i.id = ANY (@invitation_ids::uuid[]) AND (i.state = 'open' OR i.state = 'declined' AND i.expires_at > now())
RETURNING i.id, i.email, i.version;

-- name: ReopenInvitations :many
-- But not those of somebody who is a member since, was invited again, or has asked not to be invited.
UPDATE roster.invitations AS i
SET state = 'open', decided_at = NULL, version = i.version + 1
WHERE i.org_id = @org_id AND i.id = ANY (@ids::uuid[]) AND i.state = 'revoked'
  AND NOT EXISTS (SELECT 1 FROM roster.invitation_blocks b WHERE b.org_id = i.org_id AND b.email_norm = i.email_norm)
  AND NOT EXISTS (SELECT 1 FROM roster.memberships m WHERE m.org_id = i.org_id AND m.email_norm = i.email_norm AND m.status IN ('active', 'suspended'))
  AND NOT EXISTS (SELECT 1 FROM roster.invitations n WHERE n.org_id = i.org_id AND n.email_norm = i.email_norm AND n.state = 'open')
RETURNING i.id, i.email, i.roles, (i.expires_at <= now())::boolean AS expired,
  (SELECT m.roles FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = @actor_id)::text[] AS actor_roles,
  (SELECT m.status FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = @actor_id)::text AS actor_status,
  (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = i.org_id)::boolean AS members_may_invite;

-- name: RestoreDeclined :exec
-- A revoked invitation is a declined one again.
UPDATE roster.invitations AS i
SET state = 'declined', decided_at = @decided_at::timestamptz, version = i.version + 1
WHERE i.org_id = @org_id AND i.id = @invitation_id AND i.state = 'revoked';

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
-- The open invitation that an address still holds, once its person is inside; nor is anything left to decide about them.
WITH settled AS (
  UPDATE roster.join_requests AS q
  SET state = 'joined', decided_at = now()
  WHERE q.org_id = @org_id AND q.email_norm = @email_norm AND q.state = 'open'
)
UPDATE roster.invitations AS i
SET state = 'revoked', decided_at = now(), version = i.version + 1
WHERE i.org_id = @org_id AND i.email_norm = @email_norm AND i.state = 'open'
RETURNING i.id, i.email;

-- name: AcceptInvitation :one
-- The only statement that uses an invitation up: one of many that come at once gets the row. The token
-- decides organization, role and address; a person's own confirmed address may stand for the token. Its time
-- is judged by the clock and not by now(): what ended it while this one stood in line counts. A mailed token
-- alone is enough for a role that weighs little, where the organization leaves it at that; all else wants a
-- confirmed address, unless no letters leave this installation.
UPDATE roster.invitations AS i
SET state = 'accepted', decided_at = now(), accepted_by = @user_id::uuid, version = i.version + 1
WHERE i.org_id = @org_id
  AND i.id = coalesce((SELECT t.invitation_id FROM roster.invitation_tokens t
                        WHERE t.org_id = @org_id AND t.digest = sqlc.narg(digest)::bytea AND t.replaced_at IS NULL), sqlc.narg(invitation_id)::uuid)
  AND i.email_norm = @email_norm
  AND i.state IN ('open', 'declined')
  AND i.expires_at > clock_timestamp()
  AND (NOT @confirm::boolean
    OR EXISTS (SELECT 1 FROM roster.invitation_tokens t WHERE t.org_id = i.org_id AND t.digest = sqlc.narg(digest)::bytea AND t.kind = 'mailed')
       AND NOT i.roles && @weighty::text[]
       AND NOT (SELECT o.confirm_addresses FROM roster.organizations o WHERE o.id = i.org_id)
    OR (SELECT v.viewer_confirmed FROM door.invitation(@org_id, sqlc.narg(digest)::bytea, sqlc.narg(invitation_id)::uuid, @user_id::uuid) v))
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

-- name: SetDelivery :many
-- What became of the letter; the worker says it, and hears whom to tell. A letter that was replaced is no news (one
-- from before letters were counted says 0).
UPDATE roster.invitations AS i
SET delivery = @delivery, delivery_detail = @detail
WHERE i.org_id = @org_id AND i.id = @invitation_id AND i.state = 'open' AND (@sending::integer = 0 OR i.sending = @sending::integer)
RETURNING i.email, i.roles,
  coalesce((SELECT m.email FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by AND m.status = 'active'), '')::text AS inviter_email,
  (SELECT o.name FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_name,
  (SELECT o.slug FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_slug;

-- name: OrganizationsDue :many
SELECT door.organizations_due(@how_many::integer)::uuid AS org_id;

-- name: RemindInvitations :many
-- Invitations of the organization that end within two days: delivered, and nobody has done anything with them. Each
-- is reminded of once, or found not to be worth it.
UPDATE roster.invitations AS i
SET reminded_at = now()
WHERE i.org_id = @org_id AND i.id = ANY (ARRAY(
    SELECT d.id FROM roster.invitations d
     WHERE d.org_id = @org_id AND d.state = 'open' AND d.expiry_told_at IS NULL AND d.reminded_at IS NULL AND d.expires_at > now() AND d.expires_at <= now() + interval '48 hours'
       AND d.life >= interval '72 hours' AND d.delivery = 'sent' AND (d.asked_at IS NULL OR d.asked_at < d.sent_at)
     ORDER BY d.expires_at, d.id LIMIT @how_many::integer)::uuid[])
RETURNING i.id, i.email, i.roles, i.message, i.expires_at, i.sending,
  (SELECT m.name FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by)::text AS inviter_name,
  (SELECT m.email FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by)::text AS inviter_email,
  (SELECT m.status FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by)::text AS inviter_status,
  (SELECT m.roles FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by)::text[] AS inviter_roles,
  (SELECT o.name FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_name,
  (SELECT o.slug FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_slug,
  (SELECT o.status FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_status,
  (SELECT o.members_may_invite FROM roster.organizations o WHERE o.id = i.org_id)::boolean AS members_may_invite;

-- name: TellExpired :many
-- Invitations of the organization that ended on a day that is over, by the clock of UTC, each told once. What ended
-- longer ago is not worth a letter.
UPDATE roster.invitations AS i
SET expiry_told_at = now()
WHERE i.org_id = @org_id AND i.state = 'open' AND i.expiry_told_at IS NULL
  AND i.expires_at <= date_trunc('day', now(), 'UTC') AND i.expires_at > date_trunc('day', now(), 'UTC') - interval '3 days'
RETURNING i.id, i.email, i.roles, i.expires_at, i.invited_by,
  coalesce((SELECT m.email FROM roster.memberships m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by AND m.status = 'active'), '')::text AS inviter_email,
  (SELECT o.name FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_name,
  (SELECT o.slug FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_slug,
  (SELECT o.status FROM roster.organizations o WHERE o.id = i.org_id)::text AS org_status;

-- name: NextToFold :one
-- The next organization in which an invitation was folded by an older rule.
SELECT coalesce(door.next_to_fold(@fold::integer, @after_org::uuid), '00000000-0000-0000-0000-000000000000')::uuid AS org_id;

-- name: InvitationsToFold :many
-- Some that were folded by an older rule. Who has one of them in hand is not waited for.
SELECT i.id, i.email
FROM roster.invitations i
WHERE i.org_id = @org_id AND i.fold = ANY (@folds::smallint[]) AND i.id > @after_id
ORDER BY i.id LIMIT @how_many
FOR NO KEY UPDATE SKIP LOCKED;

-- name: FoldInvitations :exec
UPDATE roster.invitations AS i
SET search_text = x.search_text, fold = @fold
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@search_texts::text[]) AS search_text) x
WHERE i.org_id = @org_id AND i.id = x.id;
