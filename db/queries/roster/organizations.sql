-- name: Enter :one
-- The step into an organization (an empty id if there is none for this person), and with it what the frame
-- of every page shows: the person's organizations and the invitations that wait for them.
SELECT coalesce(e.org_id, '00000000-0000-0000-0000-000000000000')::uuid AS org_id, coalesce(e.org_name, '')::text AS org_name,
       coalesce(e.slug, '')::text AS slug, coalesce(e.org_status, '')::text AS org_status,
       coalesce(e.invitation_days, 0)::integer AS invitation_days, coalesce(e.members_may_invite, false)::boolean AS members_may_invite,
       coalesce(e.members_count, 0)::integer AS members_count, coalesce(e.owners, 0)::integer AS owners, coalesce(e.open_invitations, 0)::integer AS open_invitations,
       coalesce(e.membership_id, '00000000-0000-0000-0000-000000000000')::uuid AS membership_id,
       coalesce(e.membership_status, '')::text AS membership_status, coalesce(e.roles, '{}')::text[] AS roles,
       CASE WHEN e.membership_status = 'active' AND (e.roles && '{owner,admin}' OR e.members_may_invite) THEN door.waiting_requests(e.org_id, @user_id::uuid) ELSE 0 END::integer AS waiting_requests,
       coalesce((SELECT jsonb_agg(m) FROM door.my_organizations(@user_id::uuid, '', 51) m), '[]')::jsonb AS organizations,
       coalesce((SELECT jsonb_agg(i) FROM door.my_invitations(@user_id::uuid) i), '[]')::jsonb AS invitations
FROM (SELECT) one
LEFT JOIN door.enter(@user_id::uuid, @slug::text, sqlc.narg(org)::uuid) e ON true;

-- name: MyOrganizations :many
SELECT m.org_id::uuid AS org_id, m.slug::text AS slug, m.org_name::text AS org_name, m.org_status::text AS org_status,
       m.membership_status::text AS membership_status, m.roles::text[] AS roles, m.joined_at::timestamptz AS joined_at
FROM door.my_organizations(@user_id::uuid, @query::text, @how_many::integer) m;

-- name: GetFrame :one
-- The frame alone, for pages outside any organization.
SELECT coalesce((SELECT jsonb_agg(m) FROM door.my_organizations(@user_id::uuid, '', 51) m), '[]')::jsonb AS organizations,
       coalesce((SELECT jsonb_agg(i) FROM door.my_invitations(@user_id::uuid) i), '[]')::jsonb AS invitations;

-- name: GetInvitationAtDoor :one
-- Asked from inside its organization, it also says whether the address asked not to be invited, and what became of
-- the viewer's form if it came before.
SELECT i.org_id::uuid AS org_id, i.org_name::text AS org_name, i.org_slug::text AS org_slug, i.org_status::text AS org_status,
       i.invitation_id::uuid AS invitation_id, i.email::text AS email, i.email_norm::text AS email_norm, i.roles::text[] AS roles,
       i.message::text AS message, i.state::text AS state, i.created_at::timestamptz AS created_at, i.expires_at::timestamptz AS expires_at,
       i.expired::boolean AS expired, coalesce(i.decided_at, 'epoch')::timestamptz AS decided_at, i.inviter_id::uuid AS inviter_id, coalesce(i.inviter_name, '')::text AS inviter_name, coalesce(i.inviter_email, '')::text AS inviter_email,
       coalesce(i.inviter_status, '')::text AS inviter_status, i.inviter_roles::text[] AS inviter_roles, i.token_kind::text AS token_kind, i.replaced::boolean AS replaced,
       coalesce(i.account_exists, false)::boolean AS account_exists, coalesce(i.accepted_by, '00000000-0000-0000-0000-000000000000')::uuid AS accepted_by, i.asked_today::boolean AS asked_today,
       coalesce(i.viewer_email, '')::text AS viewer_email, coalesce(i.viewer_email_norm, '')::text AS viewer_email_norm, coalesce(i.viewer_status, '')::text AS viewer_status, i.viewer_roles::text[] AS viewer_roles, i.members_may_invite::boolean AS members_may_invite,
       i.confirm_addresses::boolean AS confirm_addresses, i.viewer_confirmed::boolean AS viewer_confirmed,
       EXISTS (SELECT 1 FROM roster.invitation_blocks b WHERE b.org_id = i.org_id AND b.email_norm = i.email_norm)::boolean AS blocked,
       coalesce((SELECT s.outcome FROM roster.submissions s WHERE s.org_id = i.org_id AND s.user_id = sqlc.narg(viewer)::uuid AND s.id = @submission::uuid), 'null')::jsonb AS done_before
FROM door.invitation(sqlc.narg(org)::uuid, sqlc.narg(digest)::bytea, sqlc.narg(invitation_id)::uuid, sqlc.narg(viewer)::uuid) i;

-- name: FreeSlugs :many
SELECT door.free_slugs(@slugs::text[])::text AS slug;

-- name: CreateOrganization :one
SELECT door.create_organization(@org_id::uuid, @user_id::uuid, @membership_id::uuid, @name::text, @slug::text, @submission::uuid)::uuid AS org_id;
