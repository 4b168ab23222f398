-- What became of a form is kept for a day, for the case that it comes again; then it is forgotten.

-- +goose Up
CREATE INDEX submissions_by_age ON roster.submissions (created_at);
GRANT DELETE ON roster.submissions TO roster_definer;

SET LOCAL ROLE roster_definer;
-- +goose StatementBegin
-- Forgets the oldest forms that were done more than a day ago, so many at a time, and says how many it were.
CREATE FUNCTION door.forget_submissions(p_how_many integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  forgotten integer;
BEGIN
  DELETE FROM roster.submissions s
   WHERE s.created_at < now() - interval '24 hours'
     AND (s.org_id, s.user_id, s.id) IN
         (SELECT o.org_id, o.user_id, o.id FROM roster.submissions o WHERE o.created_at < now() - interval '24 hours'
           ORDER BY o.created_at LIMIT p_how_many);
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION door.forget_submissions(integer) TO roster_app;
RESET ROLE;
