-- Invitations, the tokens that lead to them, addresses that asked not to be invited, forms already
-- done, and the audit log.

-- +goose Up
CREATE TABLE roster.invitations (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  id uuid NOT NULL,
  email text NOT NULL,
  email_norm text COLLATE "C" NOT NULL,
  roles text[] NOT NULL CONSTRAINT invitations_roles CHECK
    (cardinality(roles) BETWEEN 1 AND 4 AND roles <@ ARRAY['admin', 'member', 'viewer', 'guest']),   -- never owner
  message text NOT NULL DEFAULT '' CONSTRAINT invitations_message_length CHECK (char_length(message) <= 500),
  invited_by uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz NOT NULL DEFAULT now(),              -- last time a link was mailed
  life interval NOT NULL CONSTRAINT invitations_life CHECK (life BETWEEN interval '1 hour' AND interval '30 days'),
  expires_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'open' CONSTRAINT invitations_state CHECK (state IN ('open', 'accepted', 'declined', 'revoked')),
  delivery text NOT NULL DEFAULT 'queued' CONSTRAINT invitations_delivery CHECK (delivery IN ('queued', 'sent', 'failed', 'held', 'copied', 'none')),
  delivery_detail text NOT NULL DEFAULT '',
  decided_at timestamptz,
  accepted_by uuid,
  asked_at timestamptz,                                    -- last time the invitee asked for a new one
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (org_id, id),
  CONSTRAINT invitations_inviter FOREIGN KEY (org_id, invited_by) REFERENCES roster.memberships (org_id, user_id)
);
CREATE UNIQUE INDEX invitations_one_open ON roster.invitations (org_id, email_norm) WHERE state = 'open';
CREATE INDEX invitations_by_time ON roster.invitations (org_id, created_at, id);
CREATE INDEX invitations_open_by_time ON roster.invitations (org_id, created_at, id) WHERE state = 'open';
CREATE INDEX invitations_of_address ON roster.invitations (email_norm, org_id);
CREATE INDEX invitations_open_by_address ON roster.invitations (org_id, email_norm, id) WHERE state = 'open';
CREATE INDEX invitations_accepted_by ON roster.invitations (org_id, accepted_by) WHERE accepted_by IS NOT NULL;
CREATE INDEX invitations_by_inviter ON roster.invitations (org_id, invited_by) WHERE state = 'open';

-- A link to copy does not kill the mailed one, and a replaced one can say so.
CREATE TABLE roster.invitation_tokens (
  org_id uuid NOT NULL,
  digest bytea NOT NULL CONSTRAINT invitation_tokens_digest CHECK (octet_length(digest) = 32),
  invitation_id uuid NOT NULL,
  kind text NOT NULL CONSTRAINT invitation_tokens_kind CHECK (kind IN ('mailed', 'copied')),
  created_at timestamptz NOT NULL DEFAULT now(),
  replaced_at timestamptz,
  PRIMARY KEY (org_id, digest),
  CONSTRAINT invitation_tokens_invitation FOREIGN KEY (org_id, invitation_id) REFERENCES roster.invitations (org_id, id) ON DELETE CASCADE
);
CREATE INDEX invitation_tokens_of_invitation ON roster.invitation_tokens (org_id, invitation_id);

CREATE TABLE roster.invitation_blocks (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  email_norm text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, email_norm)
);

-- A form that was sent twice is done once, and the second answer is the first one's.
CREATE TABLE roster.submissions (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  user_id uuid NOT NULL,
  id uuid NOT NULL,
  outcome jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, user_id, id)
);

CREATE TABLE roster.audit_events (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  event text NOT NULL,
  actor_kind text NOT NULL DEFAULT 'person' CONSTRAINT audit_events_actor_kind CHECK (actor_kind IN ('person', 'invitee', 'operator', 'system')),
  actor_id uuid,
  actor_name text NOT NULL,                                -- names are snapshots
  subject_kind text NOT NULL CONSTRAINT audit_events_subject_kind CHECK (subject_kind IN ('organization', 'membership', 'invitation')),
  subject_id uuid NOT NULL,
  subject_name text NOT NULL,
  before jsonb NOT NULL DEFAULT '{}',
  after jsonb NOT NULL DEFAULT '{}',
  undoes uuid,
  session_id uuid,
  address text NOT NULL DEFAULT '',
  user_agent text NOT NULL DEFAULT '',
  request_id text NOT NULL DEFAULT '',
  PRIMARY KEY (org_id, id),
  CONSTRAINT audit_events_undone_once UNIQUE (org_id, undoes)
);
CREATE INDEX audit_events_of_subject ON roster.audit_events (org_id, subject_id, at DESC, id DESC);

SELECT roster.protect('roster.invitations');
SELECT roster.protect('roster.invitation_tokens');
SELECT roster.protect('roster.invitation_blocks');
SELECT roster.protect('roster.submissions');
SELECT roster.protect('roster.audit_events');

GRANT SELECT, INSERT ON roster.invitations TO roster_app;
GRANT UPDATE (email, email_norm, roles, message, invited_by, sent_at, life, expires_at, state, delivery, delivery_detail, decided_at, accepted_by, asked_at, version)
  ON roster.invitations TO roster_app;
GRANT SELECT, INSERT, UPDATE (replaced_at) ON roster.invitation_tokens TO roster_app;
GRANT SELECT, INSERT ON roster.invitation_blocks TO roster_app;
GRANT SELECT, INSERT ON roster.submissions TO roster_app;
GRANT SELECT, INSERT ON roster.audit_events TO roster_app;

-- The worker reports what became of a letter, and nothing else.
GRANT SELECT (org_id, id, state, delivery) ON roster.invitations TO roster_worker;
GRANT UPDATE (delivery, delivery_detail) ON roster.invitations TO roster_worker;

CREATE POLICY definer ON roster.invitations FOR SELECT TO roster_definer USING (true);
CREATE POLICY definer ON roster.invitation_tokens FOR SELECT TO roster_definer USING (true);
CREATE POLICY definer ON roster.submissions FOR ALL TO roster_definer USING (true) WITH CHECK (true);
CREATE POLICY definer ON roster.audit_events FOR INSERT TO roster_definer WITH CHECK (true);
GRANT SELECT ON roster.invitations, roster.invitation_tokens TO roster_definer;
GRANT SELECT, INSERT ON roster.submissions TO roster_definer;
GRANT INSERT ON roster.audit_events TO roster_definer;
