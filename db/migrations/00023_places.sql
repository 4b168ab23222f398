-- A database that was restored from a backup knows it, and believes nothing that was issued before.
--
-- A row of platform.places says where it was written: in which table, and by which transaction. PostgreSQL itself says
-- where it lies. A dump carries what the row says and not where it lay, so in a restored database, whichever way and
-- wherever it was restored, the two differ. What keeps the files as they are keeps both: a restart, VACUUM FULL, a clone by
-- TEMPLATE, a standby that takes over, pg_upgrade. (Both are asked for, as tables restored into one new server after the
-- other have the same numbers.) The table has no key, so that pg_repack passes over it: it would write the rows anew.
--
-- auth.instance was the row with the epoch. It becomes a look at it that shows nothing in a restored database. Every query that asks
-- whether a session or a link is of this epoch asks there, so none of them is, and none is made, until the restore is settled
-- (roster restored) and the epoch raised. For a program from before this migration it is what it was.

-- +goose Up
CREATE TABLE platform.places (
  home oid NOT NULL,
  written xid NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);
INSERT INTO platform.places (home, written) VALUES ('platform.places'::regclass, pg_current_xact_id()::xid);
GRANT SELECT ON platform.places TO roster_app, roster_auth, roster_worker;

ALTER TABLE auth.instance RENAME TO epoch;
REVOKE ALL ON auth.epoch FROM roster_auth;
CREATE VIEW auth.instance AS
SELECT e.single, e.epoch, e.created_at
FROM auth.epoch e
WHERE (SELECT bool_and(p.home = p.tableoid AND p.written = p.xmin) FROM platform.places p);
GRANT SELECT ON auth.instance TO roster_auth;

-- To settle a restore, letters and work that wait are ended too.
CREATE POLICY owner_maintenance ON river.river_job FOR ALL TO roster_owner USING (roster.maintenance()) WITH CHECK (roster.maintenance());
