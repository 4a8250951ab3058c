-- The map of break-outs: which column holds what of the documents, by the version that is active.

-- name: keep
-- Rows that stay as they are are not written.
WITH given AS (
  SELECT * FROM unnest(%(targets)s::text[], %(names)s::text[], %(types)s::text[], %(paths)s::text[], %(kinds)s::text[])
    WITH ORDINALITY AS g (target, column_name, type, path, kind, position)
), gone AS (
  DELETE FROM etl.breakout_column c
   WHERE c.slip = %(slip)s AND NOT EXISTS (SELECT FROM given g WHERE g.target = c.target AND g.column_name = c.column_name)
)
INSERT INTO etl.breakout_column AS c (slip, target, column_name, type, path, kind, position)
SELECT %(slip)s, target, column_name, type, path, kind, position FROM given
    ON CONFLICT (slip, target, column_name) DO UPDATE
   SET type = excluded.type, path = excluded.path, kind = excluded.kind, position = excluded.position
 WHERE (c.type, c.path, c.kind, c.position) IS DISTINCT FROM (excluded.type, excluded.path, excluded.kind, excluded.position)

-- name: of_slip
SELECT target, column_name, type, path, kind FROM etl.breakout_column WHERE slip = %(slip)s ORDER BY position

-- name: slips
SELECT DISTINCT slip FROM etl.breakout_column ORDER BY slip
