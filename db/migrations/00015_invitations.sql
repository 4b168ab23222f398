-- The list of invitations at any size; which letter of an invitation is the one that counts; reminders, what
-- inviters are told, and what a person does not want to be told.

-- +goose Up
ALTER TABLE roster.invitations
  ADD COLUMN sending integer NOT NULL DEFAULT 1,           -- rises with each letter that replaces the one before: a late word about an older one is no news
  ADD COLUMN reminded_at timestamptz,                      -- the letter shortly before the end was queued, or judged not to be wanted
  ADD COLUMN expiry_told_at timestamptz;                   -- the inviter was told that nobody came
GRANT UPDATE (sending, reminded_at, expiry_told_at) ON roster.invitations TO roster_app;
GRANT DELETE ON roster.invitation_tokens TO roster_app;
-- Of a letter that came back the worker writes to the inviter, and of one that was replaced it says nothing.
GRANT SELECT (email, roles, invited_by, sending) ON roster.invitations TO roster_worker;

-- One index for each order and filter of the list.
CREATE INDEX invitations_by_state ON roster.invitations (org_id, state, created_at, id);
CREATE INDEX invitations_open_by_end ON roster.invitations (org_id, expires_at, id) WHERE state = 'open';
CREATE INDEX invitations_by_address ON roster.invitations (org_id, email_norm, id);
CREATE INDEX invitations_sent_by ON roster.invitations (org_id, invited_by, created_at, id);
CREATE INDEX invitations_undelivered ON roster.invitations (org_id, created_at, id) WHERE delivery = 'failed';
-- What falls due, whosever it is: housekeeping begins with what ends first.
CREATE INDEX invitations_due ON roster.invitations (expires_at, org_id) WHERE state = 'open' AND expiry_told_at IS NULL;

-- +goose StatementBegin
-- What the filters of the list come to in SQL, each by its own words, so that the planner sees which index is made
-- for it. $1 is the organization, $2 the inviter, $3 and $4 bound the address.
CREATE FUNCTION roster.invitations_filter(p_show text, p_undelivered boolean, p_by boolean, p_search boolean) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN 'roster.invitations i WHERE i.org_id = $1'
    || CASE p_show WHEN 'all' THEN '' WHEN 'accepted' THEN ' AND i.state = ''accepted''' WHEN 'declined' THEN ' AND i.state = ''declined'''
         WHEN 'revoked' THEN ' AND i.state = ''revoked''' WHEN 'open' THEN ' AND i.state = ''open'' AND i.expires_at > now()'
         WHEN 'expired' THEN ' AND i.state = ''open'' AND i.expires_at <= now()' ELSE ' AND i.state = ''open''' END
    || CASE WHEN p_undelivered THEN ' AND i.delivery = ''failed''' ELSE '' END
    || CASE WHEN p_by THEN ' AND i.invited_by = $2' ELSE '' END
    || CASE WHEN p_search THEN ' AND i.email_norm >= $3 AND i.email_norm < $4' ELSE '' END;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- One page of the list. Found addresses stand in their own order; open and expired ones by when they end, the last
-- first; all others as they were made, the newest first. $5, $6 and $7 are where the page before ended, or with p_up
-- where the page after begins; $8 is how many.
CREATE FUNCTION roster.invitations_page(p_show text, p_undelivered boolean, p_by boolean, p_search boolean, p_up boolean) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  key text := CASE WHEN p_search THEN 'i.email_norm' WHEN p_show IN ('open', 'expired') THEN 'i.expires_at' ELSE 'i.created_at' END;
  place text := CASE WHEN p_search THEN '$5' ELSE '$6' END;
  down boolean := p_search = p_up;
BEGIN
  RETURN 'SELECT i.* FROM ' || roster.invitations_filter(p_show, p_undelivered, p_by, p_search)
    || format(' AND (%1$s, i.id) %2$s (%3$s, $7) ORDER BY %1$s %4$s, i.id %4$s LIMIT $8',
              key, CASE WHEN down THEN '<' ELSE '>' END, place, CASE WHEN down THEN 'DESC' ELSE 'ASC' END);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The rows of a page, with their inviters, under the row security of whoever asks. p_by is a membership. Sorting is
-- off: an index in the right order is always there, however few rows the planner hopes for.
CREATE FUNCTION roster.list_invitations(p_org uuid, p_show text, p_undelivered boolean, p_by uuid, p_from text, p_to text, p_up boolean,
                                        p_after_name text, p_after_time timestamptz, p_after_id uuid, p_limit integer)
RETURNS TABLE (id uuid, email text, email_norm text, roles text[], message text, created_at timestamptz, sent_at timestamptz, expires_at timestamptz, expired boolean,
               state text, delivery text, delivery_detail text, decided_at timestamptz, asked_at timestamptz, inviter_name text, inviter_membership uuid, just_sent boolean)
LANGUAGE plpgsql STABLE SET enable_sort TO off AS $$
DECLARE
  sender uuid;
BEGIN
  IF p_by IS NOT NULL THEN
    SELECT m.user_id INTO sender FROM roster.memberships m WHERE m.org_id = p_org AND m.id = p_by;
    IF sender IS NULL THEN RETURN; END IF;
  END IF;
  RETURN QUERY EXECUTE 'WITH page AS MATERIALIZED (' || roster.invitations_page(p_show, p_undelivered, p_by IS NOT NULL, p_from <> '', p_up) || ')
    SELECT x.id, x.email, x.email_norm, x.roles, x.message, x.created_at, x.sent_at, x.expires_at, x.expires_at <= now(), x.state, x.delivery, x.delivery_detail,
           x.decided_at, x.asked_at, v.name, v.id, x.sent_at > now() - interval ''5 minutes''
      FROM page x LEFT JOIN roster.memberships v ON v.org_id = $1 AND v.user_id = x.invited_by'
    USING p_org, sender, p_from, p_to, p_after_name, p_after_time, p_after_id, p_limit;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- How many the filters find, counted as far as p_limit.
CREATE FUNCTION roster.count_invitations(p_org uuid, p_show text, p_undelivered boolean, p_by uuid, p_from text, p_to text, p_limit integer) RETURNS integer
LANGUAGE plpgsql STABLE AS $$
DECLARE
  sender uuid;
  n integer;
BEGIN
  IF p_limit = 0 THEN RETURN 0; END IF;
  IF p_by IS NOT NULL THEN
    SELECT m.user_id INTO sender FROM roster.memberships m WHERE m.org_id = p_org AND m.id = p_by;
    IF sender IS NULL THEN RETURN 0; END IF;
  END IF;
  EXECUTE 'SELECT count(*) FROM (SELECT 1 FROM ' || roster.invitations_filter(p_show, p_undelivered, p_by IS NOT NULL, p_from <> '') || ' LIMIT $5) x'
    INTO n USING p_org, sender, p_from, p_to, p_limit;
  RETURN n;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION roster.invitations_filter(text, boolean, boolean, boolean), roster.invitations_page(text, boolean, boolean, boolean, boolean),
  roster.list_invitations(uuid, text, boolean, uuid, text, text, boolean, text, timestamptz, uuid, integer),
  roster.count_invitations(uuid, text, boolean, uuid, text, text, integer) TO roster_app;

-- The letters about one's own invitations that a person turned off. It is the person's own business: no directory
-- shows it, and pages cannot read it.
ALTER TABLE roster.users ADD COLUMN letters_off text[] NOT NULL DEFAULT '{}' CONSTRAINT users_letters_off
  CHECK (letters_off <@ ARRAY['invitation_accepted', 'invitation_declined', 'invitation_expired', 'invitation_bounced']);
GRANT UPDATE (letters_off) ON roster.users TO roster_auth;

SET LOCAL ROLE roster_definer;
-- +goose StatementBegin
-- Whether whoever holds an address has turned a kind of letter off. For the worker, which has the letter in its hands.
CREATE FUNCTION door.letter_off(p_email_norm text, p_letter text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM roster.users u WHERE u.email_norm = p_email_norm AND u.home_org_id IS NULL AND p_letter = ANY (u.letters_off));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Organizations in which an invitation wants a reminder, or ended on a day that is over and nobody was told, so many
-- at a time. It tells nothing else: what is due is read inside each organization. For the worker, which sees whose
-- letters wait anyway, and not for pages.
CREATE FUNCTION door.organizations_due(p_how_many integer) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT d.org_id FROM (
    (SELECT i.org_id FROM roster.invitations i
      WHERE i.state = 'open' AND i.expiry_told_at IS NULL AND i.reminded_at IS NULL AND i.expires_at > now() AND i.expires_at <= now() + interval '48 hours'
        AND i.life >= interval '72 hours' AND i.delivery = 'sent' AND (i.asked_at IS NULL OR i.asked_at < i.sent_at)
      ORDER BY i.expires_at LIMIT p_how_many)
    UNION ALL
    (SELECT i.org_id FROM roster.invitations i
      WHERE i.state = 'open' AND i.expiry_told_at IS NULL AND i.expires_at <= date_trunc('day', now(), 'UTC') AND i.expires_at > date_trunc('day', now(), 'UTC') - interval '3 days'
      ORDER BY i.expires_at LIMIT p_how_many)) d
    GROUP BY d.org_id;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION door.letter_off(text, text), door.organizations_due(integer) TO roster_worker;
RESET ROLE;
