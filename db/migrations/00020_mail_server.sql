-- What is known of the mail server: one row, which every node writes and reads. Health tells it, so that whoever runs an
-- installation hears that no letter leaves, also after a restart and before the first one is missed. The program before
-- this migration does not look at it.

-- +goose Up
CREATE TABLE platform.mail_server (
  one boolean PRIMARY KEY DEFAULT true CONSTRAINT mail_server_one CHECK (one),
  trouble text NOT NULL DEFAULT '',                          -- why no letter leaves, without host, name or address; '': none
  reached boolean NOT NULL DEFAULT false,                    -- the server knew of a letter when it refused
  since timestamptz NOT NULL DEFAULT now(),                  -- how long it has been so
  tried_at timestamptz NOT NULL DEFAULT 'epoch'              -- when it was last spoken to
);
INSERT INTO platform.mail_server DEFAULT VALUES;
GRANT SELECT, UPDATE ON platform.mail_server TO roster_worker;
