-- Which programs work with this schema: all from this version on. A schema works with the program before it, so that
-- nodes are replaced one by one; a migration that ends that for older ones (it drops what they read) raises the number
-- to the version from which programs do without. An older program then refuses to start, and says so, instead of
-- failing page by page.

-- +goose Up
CREATE TABLE platform.oldest_program (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  version bigint NOT NULL
);
INSERT INTO platform.oldest_program (version) VALUES (17);
GRANT SELECT ON platform.oldest_program TO roster_app, roster_auth, roster_worker;
