-- What sqlc must know and does not read in the migrations: the schema made before them, and River's queue,
-- whose own migrations are Go.
CREATE SCHEMA platform;
CREATE SCHEMA river;
CREATE TYPE river.river_job_state AS ENUM ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled');
CREATE TABLE river.river_job (
  id bigint PRIMARY KEY,
  state river.river_job_state NOT NULL,
  attempt smallint NOT NULL,
  max_attempts smallint NOT NULL,
  args jsonb NOT NULL,
  kind text NOT NULL,
  queue text NOT NULL
);
