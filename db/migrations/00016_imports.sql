-- Files of people to invite, as they were read: a draft that its maker corrects, and sends. And how many people each inviter
-- has invited lately.

-- +goose Up
CREATE TABLE roster.imports (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  id uuid NOT NULL,
  made_by uuid NOT NULL,                                   -- nobody else sees it
  file text NOT NULL CONSTRAINT imports_file_length CHECK (char_length(file) <= 200),
  life interval NOT NULL CONSTRAINT imports_life CHECK (life BETWEEN interval '1 hour' AND interval '30 days'),
  role text NOT NULL CONSTRAINT imports_role CHECK (role IN ('admin', 'member', 'viewer', 'guest')),   -- of rows that name none
  job_id uuid,                                             -- that sends it, or did so last
  to_fix integer NOT NULL DEFAULT 0,                       -- how many rows are in each group
  skipped integer NOT NULL DEFAULT 0,
  ready integer NOT NULL DEFAULT 0,
  sent integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, id),
  CONSTRAINT imports_maker FOREIGN KEY (org_id, made_by) REFERENCES roster.memberships (org_id, user_id)
);
CREATE INDEX imports_by_age ON roster.imports (created_at);
CREATE INDEX imports_of_maker ON roster.imports (org_id, made_by);

CREATE TABLE roster.import_rows (
  org_id uuid NOT NULL,
  import_id uuid NOT NULL,
  n integer NOT NULL,                                      -- its number in the file
  email text NOT NULL,                                     -- these four as they were typed
  name text NOT NULL,
  role text NOT NULL,
  message text NOT NULL,
  kind text NOT NULL,                                      -- what would become of it, or became
  note text NOT NULL DEFAULT '',
  about uuid,                                              -- the membership or the invitation that the note is about
  rank smallint NOT NULL CONSTRAINT import_rows_rank CHECK (rank BETWEEN 0 AND 3),   -- to fix, skipped, ready, sent
  PRIMARY KEY (org_id, import_id, n),
  CONSTRAINT import_rows_import FOREIGN KEY (org_id, import_id) REFERENCES roster.imports (org_id, id) ON DELETE CASCADE
);
CREATE INDEX import_rows_by_rank ON roster.import_rows (org_id, import_id, rank, n);

-- How many people somebody has invited in an hour.
CREATE TABLE roster.inviter_counts (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  slot timestamptz NOT NULL,
  n integer NOT NULL,
  PRIMARY KEY (org_id, user_id, slot),
  CONSTRAINT inviter_counts_inviter FOREIGN KEY (org_id, user_id) REFERENCES roster.memberships (org_id, user_id) ON DELETE CASCADE
);

SELECT roster.protect('roster.imports');
SELECT roster.protect('roster.import_rows');
SELECT roster.protect('roster.inviter_counts');

GRANT SELECT, INSERT, UPDATE (job_id, to_fix, skipped, ready, sent) ON roster.imports TO roster_app;
GRANT SELECT, INSERT, UPDATE (email, name, role, message, kind, note, about, rank) ON roster.import_rows TO roster_app;
GRANT SELECT, INSERT, DELETE, UPDATE (n) ON roster.inviter_counts TO roster_app;

CREATE POLICY definer ON roster.imports FOR ALL TO roster_definer USING (true) WITH CHECK (true);
GRANT SELECT (org_id, id, created_at), DELETE ON roster.imports TO roster_definer;

SET LOCAL ROLE roster_definer;
-- +goose StatementBegin
-- Forgets the oldest files that were read more than a day ago, so many at a time, and says how many it were.
CREATE FUNCTION door.forget_imports(p_how_many integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  forgotten integer;
BEGIN
  DELETE FROM roster.imports i
   WHERE i.created_at < now() - interval '24 hours'
     AND (i.org_id, i.id) IN
         (SELECT o.org_id, o.id FROM roster.imports o WHERE o.created_at < now() - interval '24 hours' ORDER BY o.created_at LIMIT p_how_many);
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION door.forget_imports(integer) TO roster_app;
RESET ROLE;
