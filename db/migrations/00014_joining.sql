-- Share links, by which whoever holds one may join or ask to, and requests: to join by such a link, and of
-- members who would have somebody invited.

-- +goose Up
CREATE TABLE roster.join_links (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  id uuid NOT NULL,
  role text NOT NULL CONSTRAINT join_links_role CHECK (role IN ('member', 'viewer', 'guest')),   -- whoever holds it may be anybody
  domains text[] COLLATE "C" NOT NULL DEFAULT '{}' CONSTRAINT join_links_domains CHECK (cardinality(domains) <= 20),   -- of addresses that may join; none: every one
  max_uses integer,
  uses integer NOT NULL DEFAULT 0,
  days integer CONSTRAINT join_links_days CHECK (days IN (1, 7, 30, 90)),
  expires_at timestamptz,
  needs_approval boolean NOT NULL DEFAULT false,
  made_by uuid NOT NULL,                                   -- or who reset it last: whose word it is
  made_at timestamptz NOT NULL DEFAULT now(),
  reset_at timestamptz,
  withdrawn_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (org_id, id),
  CONSTRAINT join_links_uses CHECK (uses >= 0 AND max_uses BETWEEN 1 AND 10000 AND uses <= max_uses OR max_uses IS NULL AND uses >= 0),
  CONSTRAINT join_links_maker FOREIGN KEY (org_id, made_by) REFERENCES roster.memberships (org_id, user_id)
);
CREATE INDEX join_links_by_time ON roster.join_links (org_id, made_at, id) WHERE withdrawn_at IS NULL;
CREATE INDEX join_links_by_maker ON roster.join_links (org_id, made_by);

-- A link that was reset has a token that is dead, and says so.
CREATE TABLE roster.join_link_tokens (
  org_id uuid NOT NULL,
  digest bytea NOT NULL CONSTRAINT join_link_tokens_digest CHECK (octet_length(digest) = 32),
  link_id uuid NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  replaced_at timestamptz,
  PRIMARY KEY (org_id, digest),
  CONSTRAINT join_link_tokens_link FOREIGN KEY (org_id, link_id) REFERENCES roster.join_links (org_id, id) ON DELETE CASCADE
);
CREATE INDEX join_link_tokens_of_link ON roster.join_link_tokens (org_id, link_id);

-- kind 'join': user_id would come in. kind 'invite': user_id is a member and asks to invite the address.
CREATE TABLE roster.join_requests (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  id uuid NOT NULL,
  kind text NOT NULL CONSTRAINT join_requests_kind CHECK (kind IN ('join', 'invite')),
  user_id uuid NOT NULL,
  asker text NOT NULL,                                     -- name and address of who asks, as they were then
  asker_email text NOT NULL,
  email text NOT NULL,                                     -- of who would come in
  email_norm text COLLATE "C" NOT NULL,
  note text NOT NULL DEFAULT '' CONSTRAINT join_requests_note_length CHECK (char_length(note) <= 500),
  link_id uuid,
  role text NOT NULL CONSTRAINT join_requests_role CHECK (role IN ('admin', 'member', 'viewer', 'guest')),   -- asked for; once accepted, given
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL DEFAULT now() + interval '14 days',
  state text NOT NULL DEFAULT 'open' CONSTRAINT join_requests_state CHECK (state IN ('open', 'accepted', 'declined', 'withdrawn', 'joined', 'expired')),
  decided_at timestamptz,
  decided_by text NOT NULL DEFAULT '',                     -- name, as it was then
  reason text NOT NULL DEFAULT '' CONSTRAINT join_requests_reason_length CHECK (char_length(reason) <= 500),
  told_at timestamptz,                                     -- when those who decide were written to
  PRIMARY KEY (org_id, id),
  CONSTRAINT join_requests_link FOREIGN KEY (org_id, link_id) REFERENCES roster.join_links (org_id, id) ON DELETE SET NULL (link_id)
);
CREATE UNIQUE INDEX join_requests_one_open ON roster.join_requests (org_id, user_id) WHERE state = 'open' AND kind = 'join';
CREATE UNIQUE INDEX join_requests_one_invite ON roster.join_requests (org_id, email_norm) WHERE state = 'open' AND kind = 'invite';
CREATE INDEX join_requests_by_state ON roster.join_requests (org_id, state, created_at, id);
CREATE INDEX join_requests_of_person ON roster.join_requests (user_id, created_at, org_id);
CREATE INDEX join_requests_of_asker ON roster.join_requests (org_id, user_id, created_at);
CREATE INDEX join_requests_of_address ON roster.join_requests (org_id, email_norm) WHERE state = 'open';

SELECT roster.protect('roster.join_links');
SELECT roster.protect('roster.join_link_tokens');
SELECT roster.protect('roster.join_requests');

GRANT SELECT ON roster.join_links, roster.join_link_tokens, roster.join_requests TO roster_app;
GRANT INSERT (org_id, id, role, domains, max_uses, days, expires_at, needs_approval, made_by) ON roster.join_links TO roster_app;
GRANT UPDATE (uses, expires_at, made_by, reset_at, withdrawn_at, version) ON roster.join_links TO roster_app;
GRANT INSERT (org_id, digest, link_id), UPDATE (replaced_at) ON roster.join_link_tokens TO roster_app;
GRANT INSERT (org_id, id, kind, user_id, asker, asker_email, email, email_norm, note, link_id, role, told_at) ON roster.join_requests TO roster_app;
GRANT UPDATE (role, state, decided_at, decided_by, reason) ON roster.join_requests TO roster_app;

CREATE POLICY definer ON roster.join_links FOR SELECT TO roster_definer USING (true);
CREATE POLICY definer ON roster.join_link_tokens FOR SELECT TO roster_definer USING (true);
CREATE POLICY definer ON roster.join_requests FOR SELECT TO roster_definer USING (true);
GRANT SELECT ON roster.join_links, roster.join_link_tokens, roster.join_requests TO roster_definer;

ALTER TABLE roster.memberships DROP CONSTRAINT memberships_joined_through;
ALTER TABLE roster.memberships ADD CONSTRAINT memberships_joined_through CHECK (joined_through IN ('created', 'invitation', 'link', 'request'));
ALTER TABLE roster.audit_events DROP CONSTRAINT audit_events_subject_kind;
ALTER TABLE roster.audit_events ADD CONSTRAINT audit_events_subject_kind CHECK (subject_kind IN ('organization', 'membership', 'invitation', 'link', 'request'));

SET LOCAL ROLE roster_definer;

-- +goose StatementBegin
-- One share link, for whoever holds a token of it. p_user is who looks, or NULL; of them comes along what they are
-- in its organization, what they asked for there last, and how often they asked anywhere today.
CREATE FUNCTION door.join_link(p_org uuid, p_digest bytea, p_user uuid)
RETURNS TABLE (org_id uuid, org_name text, org_slug text, org_status text, members_may_invite boolean, link_id uuid, role text, domains text[], needs_approval boolean,
               used_up boolean, expires_at timestamptz, expired boolean, withdrawn boolean, replaced boolean, maker_id uuid, maker_status text, maker_roles text[],
               viewer_email text, viewer_status text, viewer_roles text[], request_id uuid, request_state text, request_note text, request_at timestamptz,
               request_until timestamptz, request_over boolean, request_decided timestamptz, request_reason text, told boolean, asked_today integer, too_soon boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
    SELECT g.id, g.name, g.slug, g.status, g.members_may_invite, l.id, l.role, l.domains, l.needs_approval,
           coalesce(l.uses >= l.max_uses, false), l.expires_at, coalesce(l.expires_at <= now(), false), l.withdrawn_at IS NOT NULL, t.replaced_at IS NOT NULL,
           l.made_by, m.status, m.roles, v.email, vm.status, vm.roles,
           q.id, q.state, q.note, q.created_at, q.expires_at, q.expires_at <= now(), q.decided_at, q.reason,
           EXISTS (SELECT 1 FROM roster.join_requests k WHERE k.org_id = p_org AND k.user_id = p_user AND k.told_at > now() - interval '1 day'),
           (SELECT count(*) FROM roster.join_requests k WHERE k.user_id = p_user AND k.created_at > now() - interval '1 day')::integer,
           coalesce(q.state = 'declined' AND q.decided_at > now() - interval '7 days', false)
      FROM roster.join_link_tokens t
      JOIN roster.join_links l ON l.org_id = t.org_id AND l.id = t.link_id
      JOIN roster.organizations g ON g.id = l.org_id
      LEFT JOIN roster.memberships m ON m.org_id = l.org_id AND m.user_id = l.made_by
      LEFT JOIN roster.users v ON v.id = p_user
      LEFT JOIN roster.memberships vm ON vm.org_id = l.org_id AND vm.user_id = p_user
      LEFT JOIN LATERAL (SELECT r.* FROM roster.join_requests r WHERE r.org_id = l.org_id AND r.user_id = p_user AND r.kind = 'join'
                          ORDER BY r.created_at DESC LIMIT 1) q ON true
     WHERE t.org_id = p_org AND t.digest = p_digest;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- How many requests wait in an organization, for a member of it who may be the one to decide; the rail shows "99+"
-- above a hundred, so it counts no further.
CREATE FUNCTION door.waiting_requests(p_org uuid, p_user uuid) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM roster.memberships m WHERE m.org_id = p_org AND m.user_id = p_user AND m.status = 'active' AND m.roles && '{owner,admin,member}') THEN
    RETURN 0;
  END IF;
  RETURN (SELECT count(*) FROM (SELECT 1 FROM roster.join_requests q WHERE q.org_id = p_org AND q.state = 'open' AND q.expires_at > now() LIMIT 100) x);
END $$;
-- +goose StatementEnd

GRANT EXECUTE ON FUNCTION door.join_link(uuid, bytea, uuid), door.waiting_requests(uuid, uuid) TO roster_app;
RESET ROLE;
