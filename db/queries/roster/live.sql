-- name: ListPresence :many
-- Where each of these people is a member now, and as what.
SELECT p.user_id::uuid AS user_id, p.org_id::uuid AS org_id, p.roles::text[] AS roles, p.members_may_invite::boolean AS members_may_invite
FROM door.present_in(@user_ids::uuid[]) p;
