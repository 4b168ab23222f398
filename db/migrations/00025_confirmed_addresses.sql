-- Whose address it is. The link of an invitation can be forwarded, so an account that was made with one has not confirmed
-- its address: the link opens that one invitation, up to the role Member. What weighs more, and what the address alone
-- would open, asks for a code that is mailed to it. Accounts from before count as confirmed, and the program before this
-- one goes on making such.

-- +goose Up
ALTER TABLE roster.users ADD COLUMN address_confirmed boolean NOT NULL DEFAULT true;
GRANT UPDATE (address_confirmed) ON roster.users TO roster_auth;

-- An organization may ask for it whatever the role.
ALTER TABLE roster.organizations ADD COLUMN confirm_addresses boolean NOT NULL DEFAULT false;

-- One code at a time for each person. Six digits are few, so the tries are counted, and the digest is keyed.
CREATE TABLE auth.address_codes (
  user_id uuid PRIMARY KEY REFERENCES roster.users (id) ON DELETE CASCADE,
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),
  epoch bigint NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.address_codes TO roster_auth;

SET LOCAL ROLE roster_definer;
DROP FUNCTION door.invitation(uuid, bytea, uuid, uuid);

-- +goose StatementBegin
-- One invitation, for whoever holds a token of it (p_org and p_digest), or for the person whose address it names (p_id).
-- p_user is who looks, or NULL. Whether the address has an account is told to the holder of a mailed token only: that
-- token came to the mailbox.
CREATE FUNCTION door.invitation(p_org uuid, p_digest bytea, p_id uuid, p_user uuid)
RETURNS TABLE (org_id uuid, org_name text, org_slug text, org_status text, invitation_id uuid, email text, email_norm text, roles text[],
               message text, state text, created_at timestamptz, expires_at timestamptz, expired boolean, decided_at timestamptz,
               inviter_id uuid, inviter_name text, inviter_email text, inviter_status text, inviter_roles text[],
               token_kind text, replaced boolean, account_exists boolean, accepted_by uuid, asked_today boolean,
               viewer_email text, viewer_email_norm text, viewer_status text, viewer_roles text[], members_may_invite boolean,
               confirm_addresses boolean, viewer_confirmed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
    SELECT g.id, g.name, g.slug, g.status, i.id, i.email, i.email_norm, i.roles, i.message, i.state, i.created_at, i.expires_at,
           i.expires_at <= now(), i.decided_at, i.invited_by, m.name, m.email, m.status, m.roles,
           coalesce(t.kind, 'account'), t.replaced_at IS NOT NULL,
           t.kind = 'mailed' AND EXISTS (SELECT 1 FROM roster.users a WHERE a.home_org_id IS NULL AND a.email_norm = i.email_norm),
           i.accepted_by, coalesce(i.asked_at > now() - interval '1 day', false),
           v.email, v.email_norm, vm.status, vm.roles, g.members_may_invite, g.confirm_addresses, coalesce(v.address_confirmed, false)
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

GRANT EXECUTE ON FUNCTION door.invitation(uuid, bytea, uuid, uuid) TO roster_app;
RESET ROLE;
