-- A file of people keeps its cells for as long as its draft, so that somebody can say which column is which without
-- bringing it again. Drafts from before, and of the program before this one, have none.

-- +goose Up
ALTER TABLE roster.imports
  ADD COLUMN cells jsonb NOT NULL DEFAULT '[]',            -- the rows of the file, each with its number
  ADD COLUMN layout jsonb NOT NULL DEFAULT '{}',           -- which column is which, as it was read
  ADD COLUMN heading integer NOT NULL DEFAULT 0;           -- the number of the row that names the columns; 0 if none does
