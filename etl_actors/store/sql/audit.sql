-- The audit: each statement returns what is wrong, a row a finding: (how many, examples). Both sides are counted from data.

-- name: unbalanced
SELECT count(*), (array_agg(source ORDER BY source))[1:5]::text[] FROM etl.ledger WHERE NOT balanced

-- name: by_hash
-- For the audit's transaction: every join is of whole tables, and how many ids unnest gives is what the planner guesses worst.
SELECT set_config('enable_nestloop', 'off', true)

-- name: nowhere
-- Staged, and yet neither waiting, claimed nor settled: it bypassed the trigger, or its inbox row was lost.
-- NOT IN would walk a list of all settled rows for each staged one, once they are too many for a hashed subplan; an anti-join
-- hashes them, to disk if need be.
SELECT count(*), (array_agg(s.row_id ORDER BY s.row_id))[1:5]::text[] FROM etl.staging s
 WHERE s.row_id >= %(from_row)s
   AND NOT EXISTS (SELECT FROM etl.inbox i WHERE i.source = s.source AND i.row_id = s.row_id)
   AND NOT EXISTS (
        SELECT FROM (SELECT unnest(b.row_ids) AS row_id FROM etl.batch b
                      WHERE b.status IN ('claimed', 'done') AND b.replay_id IS NULL AND b.row_hi >= %(from_row)s) held
         WHERE held.row_id = s.row_id)

-- name: twice
-- In more than one of: waiting, claimed, settled (replays aside, which are meant to come again).
SELECT count(*), (array_agg(row_id ORDER BY row_id))[1:5]::text[] FROM (
    SELECT row_id FROM (
        SELECT row_id FROM etl.inbox WHERE row_id >= %(from_row)s
        UNION ALL
        SELECT unnest(row_ids) FROM etl.batch
         WHERE status IN ('claimed', 'done') AND replay_id IS NULL AND row_hi >= %(from_row)s) held
     GROUP BY row_id HAVING count(*) > 1) doubled

-- name: phantom
-- Waiting or settled, and yet not staged, although no partition of its range was dropped.
SELECT count(*), (array_agg(held.row_id ORDER BY held.row_id))[1:5]::text[] FROM (
    SELECT row_id FROM etl.inbox WHERE row_id >= %(from_row)s
    UNION ALL
    SELECT unnest(row_ids) FROM etl.batch WHERE status IN ('claimed', 'done') AND row_hi >= %(from_row)s) held
 WHERE NOT EXISTS (SELECT FROM etl.staging s WHERE s.row_id = held.row_id)
   AND NOT EXISTS (SELECT FROM etl.staging_partition p
                    WHERE p.dropped_at IS NOT NULL AND held.row_id >= p.row_lo AND held.row_id < p.row_hi)

-- name: miscounted
-- The letters of a batch against its counts.
SELECT count(*), (array_agg(batch_id ORDER BY batch_id))[1:5]::text[] FROM etl.batch
 WHERE status = 'done' AND row_hi >= %(from_row)s
   AND (loaded, duplicate, skipped, rejected) IS DISTINCT FROM (
        length(outcomes) - length(replace(outcomes, 'l', '')), length(outcomes) - length(replace(outcomes, 'd', '')),
        length(outcomes) - length(replace(outcomes, 's', '')), length(outcomes) - length(replace(outcomes, 'r', '')))

-- name: unexplained_rejects
-- A letter r without a dead letter, or a row's own dead letter where the row has another letter.
-- A batch may straddle the first row: of it too, only the rows from there on count.
SELECT count(*), (array_agg(coalesce(j.row_id, l.row_id)))[1:5]::text[] FROM (
    SELECT b.batch_id, u.row_id FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter)
     WHERE b.status = 'done' AND b.rejected > 0 AND u.letter = 'r' AND b.row_hi >= %(from_row)s AND u.row_id >= %(from_row)s) l
  FULL JOIN (SELECT DISTINCT r.batch_id, r.row_id FROM etl.reject r WHERE r.row_id >= %(from_row)s AND NOT r.item) j
    ON j.batch_id = l.batch_id AND j.row_id = l.row_id
 WHERE j.row_id IS NULL OR (l.row_id IS NULL)

-- name: stray_items
-- A dead letter of an item whose row did not go on without it: it was rejected itself, or its batch did not settle it.
SELECT count(*), (array_agg(r.row_id ORDER BY r.row_id))[1:5]::text[] FROM etl.reject r
 WHERE r.item AND r.row_id >= %(from_row)s
   AND NOT EXISTS (SELECT FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter)
                    WHERE b.batch_id = r.batch_id AND b.status = 'done' AND u.row_id = r.row_id AND u.letter <> 'r')

-- name: foreign_rows
-- Rows of one source in a batch of another.
SELECT count(*), (array_agg(s.row_id ORDER BY s.row_id))[1:5]::text[]
  FROM (SELECT b.source, unnest(b.row_ids) AS row_id FROM etl.batch b
         WHERE b.status IN ('claimed', 'done') AND b.row_hi >= %(from_row)s) b
  JOIN etl.staging s ON s.row_id = b.row_id WHERE s.source <> b.source

-- name: rows_added
-- What finished batches say they have added, per table and version of a slip: the other side is a count of the table itself.
SELECT a.key, b.slip_digest, sum(a.value::bigint)::bigint FROM etl.batch b, jsonb_each_text(b.rows_added) a
 WHERE b.status = 'done' GROUP BY a.key, b.slip_digest ORDER BY a.key, b.slip_digest

-- name: table
-- Whether a table can be read, and its columns; no row: it is not there.
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s

-- name: first_row_since
SELECT min(row_id) FROM etl.staging WHERE received_at >= %(since)s

-- name: rows
SELECT count(*) FROM etl.staging WHERE row_id >= %(from_row)s

