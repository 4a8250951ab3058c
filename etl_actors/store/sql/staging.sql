-- Staged rows, read by id; partitions ahead and behind.

-- name: fetch
-- Payloads as few values, a line each: jsonb's own text, which is the document's canonical spelling, has no line break. Of 200 rows at a
-- time: a value of all would be moved again and again as it grows. Sources and moments are told one by one only where they differ.
-- The last condition lets the planner leave out the other partitions.
SELECT piece.* FROM generate_series(1, cardinality(%(row_ids)s::bigint[]), 200) AS g (at), LATERAL (
    SELECT string_agg(payload::text, E'\n'), min(source COLLATE "C"), min(received_at)::text,
           CASE WHEN min(source COLLATE "C") < max(source COLLATE "C") THEN to_json(array_agg(source))::text END,
           CASE WHEN min(received_at) < max(received_at) THEN array_to_string(array_agg(received_at), E'\n') END,
           CASE WHEN count(*) < 200 THEN array_to_string(array_agg(row_id), E'\n') END
      FROM (SELECT row_id, payload, source, received_at FROM etl.staging
             WHERE row_id = ANY ((%(row_ids)s::bigint[])[g.at : g.at + 199])
               AND row_id BETWEEN %(lo)s AND %(hi)s ORDER BY row_id) held) piece

-- name: fetch_run
-- The same, of ids without a gap: a range is all that is looked up.
SELECT piece.* FROM generate_series(%(lo)s::bigint, %(hi)s::bigint, 200) AS g (at), LATERAL (
    SELECT string_agg(payload::text, E'\n'), min(source COLLATE "C"), min(received_at)::text,
           CASE WHEN min(source COLLATE "C") < max(source COLLATE "C") THEN to_json(array_agg(source))::text END,
           CASE WHEN min(received_at) < max(received_at) THEN array_to_string(array_agg(received_at), E'\n') END,
           CASE WHEN count(*) < 200 THEN array_to_string(array_agg(row_id), E'\n') END
      FROM (SELECT row_id, payload, source, received_at FROM etl.staging
             WHERE row_id BETWEEN g.at AND g.at + 199
               AND row_id BETWEEN %(lo)s AND %(hi)s ORDER BY row_id) held) piece

-- name: weights
-- What payloads weigh, as the inbox counts it: so that they are fetched in pieces of so many bytes.
SELECT row_id, CASE WHEN pg_column_compression(payload) IS NULL THEN pg_column_size(payload) ELSE pg_column_size(payload #> '{}') END
  FROM etl.staging WHERE row_id = ANY (%(row_ids)s) AND row_id BETWEEN %(lo)s AND %(hi)s ORDER BY row_id

-- name: of_source
-- The first rows of a source, in order.
SELECT row_id FROM etl.staging WHERE source = %(source)s ORDER BY row_id LIMIT %(most)s

-- name: latest
SELECT row_id, source, slip FROM etl.staging
 WHERE (%(sources)s::text[] IS NULL OR source = ANY (%(sources)s)) AND (slip IS NULL OR slip = %(slip)s)
 ORDER BY row_id DESC LIMIT %(most)s

-- name: keys
-- Of fields, those that every one of the first documents of a source has, as a number or a text, and of which each document that
-- differs from the others (its place in a file apart) has another value. Documents are told apart by their hash: they may be long.
WITH told AS MATERIALIZED (
  SELECT DISTINCT ON (sha256(convert_to((payload - ARRAY['_file', '_line'])::text, 'UTF8'))) payload
    FROM (SELECT payload FROM etl.staging WHERE source = %(source)s ORDER BY row_id LIMIT %(most)s) s
   WHERE jsonb_typeof(payload) = 'object' AND NOT payload ? '$raw')
SELECT f.name FROM unnest(%(fields)s::text[]) WITH ORDINALITY AS f (name, place)
 WHERE (SELECT count(*) > 1 AND count(*) = count(DISTINCT told.payload -> f.name)
           AND bool_and(coalesce(jsonb_typeof(told.payload -> f.name), 'null') IN ('string', 'number')) FROM told)
 ORDER BY f.place

-- name: add_partitions
SELECT etl.add_staging_partitions(%(partition_rows)s)

-- name: seal_partitions
SELECT etl.seal_staging_partitions()
