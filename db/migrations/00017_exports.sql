-- Files that long work has written, for the one who started it: in pieces, so that any node serves them, none is ever
-- whole in memory, and a piece is there exactly if its job knows of it.

-- +goose Up
CREATE TABLE roster.job_files (
  org_id uuid NOT NULL,
  job_id uuid NOT NULL,
  n integer NOT NULL,
  data bytea NOT NULL CONSTRAINT job_files_data CHECK (length(data) <= 4194304),   -- gzip, each piece by itself
  made_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, job_id, n),
  CONSTRAINT job_files_job FOREIGN KEY (org_id, job_id) REFERENCES roster.jobs (org_id, id) ON DELETE CASCADE
);
ALTER TABLE roster.job_files ALTER COLUMN data SET STORAGE EXTERNAL;   -- it is compressed already
CREATE INDEX job_files_by_age ON roster.job_files (made_at);

SELECT roster.protect('roster.job_files');
GRANT SELECT, INSERT ON roster.job_files TO roster_app;
CREATE POLICY definer ON roster.job_files FOR ALL TO roster_definer USING (true) WITH CHECK (true);
GRANT SELECT (org_id, job_id, n, made_at), DELETE ON roster.job_files TO roster_definer;

SET LOCAL ROLE roster_definer;
-- +goose StatementBegin
-- Erases the pieces of files whose 24 hours are over, so many at a time, and says how many it were. Whoever began to
-- download one before has another hour.
CREATE FUNCTION door.erase_files(p_how_many integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  erased integer;
BEGIN
  DELETE FROM roster.job_files f
   WHERE (f.org_id, f.job_id, f.n) IN
         (SELECT o.org_id, o.job_id, o.n FROM roster.job_files o JOIN roster.jobs j ON j.org_id = o.org_id AND j.id = o.job_id
           WHERE o.made_at < now() - interval '25 hours' AND j.finished_at < now() - interval '25 hours'
           ORDER BY o.made_at LIMIT p_how_many);
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION door.erase_files(integer) TO roster_app;
RESET ROLE;
