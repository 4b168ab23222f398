-- Long work: what takes too long for one request becomes a job that its starter can watch, leave and stop. River
-- says when to go on with one; what there is to do, and how far it is, stands here, so that a job survives
-- whatever it runs in.

-- +goose Up
CREATE TABLE roster.jobs (
  org_id uuid NOT NULL REFERENCES roster.organizations (id) ON DELETE CASCADE,
  id uuid NOT NULL,
  kind text NOT NULL CONSTRAINT jobs_kind CHECK (kind ~ '^[a-z]+\.[a-z_]+$'),
  started_by uuid NOT NULL,
  spec jsonb NOT NULL DEFAULT '{}',                        -- what was asked for
  progress jsonb NOT NULL DEFAULT '{}',                    -- how far it is, where it has no items
  state text NOT NULL DEFAULT 'waiting' CONSTRAINT jobs_state CHECK (state IN ('waiting', 'running', 'done', 'stopped', 'failed')),
  stop_asked boolean NOT NULL DEFAULT false,
  problem text NOT NULL DEFAULT '',                        -- why it failed, a sentence for its starter
  total integer NOT NULL DEFAULT 0,
  done integer NOT NULL DEFAULT 0,
  skipped integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  session_id uuid,                                         -- where it was started from: it stands in every audit entry
  address text NOT NULL DEFAULT '',
  user_agent text NOT NULL DEFAULT '',
  request_id text NOT NULL DEFAULT '',
  PRIMARY KEY (org_id, id),
  CONSTRAINT jobs_starter FOREIGN KEY (org_id, started_by) REFERENCES roster.memberships (org_id, user_id)
);
CREATE INDEX jobs_at_work ON roster.jobs (org_id, started_by) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_of_person ON roster.jobs (org_id, started_by, created_at);
CREATE INDEX jobs_by_age ON roster.jobs (created_at);

-- One line for each thing that a job is about, and what became of it.
CREATE TABLE roster.job_items (
  org_id uuid NOT NULL,
  job_id uuid NOT NULL,
  n integer NOT NULL,
  subject_id uuid NOT NULL,
  label text NOT NULL,                                     -- a name, as it was when the job began
  state text NOT NULL DEFAULT 'waiting' CONSTRAINT job_items_state CHECK (state IN ('waiting', 'done', 'skipped', 'failed')),
  note text NOT NULL DEFAULT '',
  undo uuid,                                               -- the entry of the audit log that takes it back
  PRIMARY KEY (org_id, job_id, n),
  CONSTRAINT job_items_job FOREIGN KEY (org_id, job_id) REFERENCES roster.jobs (org_id, id) ON DELETE CASCADE
);
CREATE INDEX job_items_waiting ON roster.job_items (org_id, job_id, n) WHERE state = 'waiting';
CREATE INDEX job_items_by_state ON roster.job_items (org_id, job_id, state, n);

SELECT roster.protect('roster.jobs');
SELECT roster.protect('roster.job_items');

GRANT SELECT, INSERT ON roster.jobs, roster.job_items TO roster_app;
GRANT UPDATE (progress, state, stop_asked, problem, total, done, skipped, failed, started_at, finished_at) ON roster.jobs TO roster_app;
GRANT UPDATE (state, note, undo) ON roster.job_items TO roster_app;

CREATE POLICY definer ON roster.jobs FOR ALL TO roster_definer USING (true) WITH CHECK (true);
GRANT SELECT, DELETE ON roster.jobs TO roster_definer;

SET LOCAL ROLE roster_definer;
-- +goose StatementBegin
-- Forgets the oldest jobs that were started more than thirty days ago, so many at a time, and says how many it were.
CREATE FUNCTION door.forget_jobs(p_how_many integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  forgotten integer;
BEGIN
  DELETE FROM roster.jobs j
   WHERE (j.org_id, j.id) IN (SELECT o.org_id, o.id FROM roster.jobs o WHERE o.created_at < now() - interval '30 days'
                               ORDER BY o.created_at LIMIT p_how_many);
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION door.forget_jobs(integer) TO roster_app;
RESET ROLE;
