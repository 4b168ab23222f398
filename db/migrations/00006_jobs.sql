-- River's queue (made by the migration before this one) under row security: a job of an organization is
-- queued from inside it, a letter of an account by roster_auth, and the worker sees all.

-- +goose Up
ALTER TABLE river.river_job ENABLE ROW LEVEL SECURITY;
ALTER TABLE river.river_job FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON river.river_job FOR ALL TO roster_worker USING (true) WITH CHECK (true);
CREATE POLICY org_jobs ON river.river_job FOR INSERT TO roster_app
  WITH CHECK (args ->> 'org_id' = roster.org_id()::text AND state IN ('available', 'scheduled'));
CREATE POLICY own_jobs ON river.river_job FOR INSERT TO roster_auth
  WITH CHECK (NOT args ? 'org_id' AND state IN ('available', 'scheduled'));

GRANT USAGE ON SCHEMA river TO roster_app, roster_auth, roster_worker;
GRANT INSERT ON river.river_job TO roster_app, roster_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON river.river_job, river.river_leader, river.river_queue TO roster_worker;
GRANT USAGE ON SEQUENCE river.river_job_id_seq TO roster_app, roster_auth, roster_worker;
GRANT EXECUTE ON FUNCTION river.river_job_state_in_bitmask(bit, river.river_job_state) TO roster_app, roster_auth, roster_worker;
