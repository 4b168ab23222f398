-- name: ListPresence :many
-- Where each of these people is a member now.
SELECT p.user_id::uuid AS user_id, p.org_id::uuid AS org_id FROM door.present_in(@user_ids::uuid[]) p;
