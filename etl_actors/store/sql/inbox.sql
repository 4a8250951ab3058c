-- Claiming: what waits becomes a batch.

-- name: probe
-- For the claimer's session. A plan made while little waited would compare each row of a large inbox with each that is claimed:
-- 700 ms for 2,000 rows instead of 9, until something analyzes the table; it would read all that waits at each sweep, and sort the backlog
-- of a source for each claim.
SELECT set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false)

-- name: sources
-- Every source with waiting rows, by a skip scan of the key (source, row_id): cost per source, not per row.
-- It starts from the key's beginning, so it meets the dead tuples that a long transaction keeps from vacuum: a sweep.
WITH RECURSIVE s AS (
    (SELECT source FROM etl.inbox ORDER BY source LIMIT 1)
    UNION ALL
    SELECT (SELECT i.source FROM etl.inbox i WHERE i.source > s.source ORDER BY i.source LIMIT 1)
      FROM s WHERE s.source IS NOT NULL
)
SELECT s.source FROM s
 WHERE s.source IS NOT NULL AND NOT EXISTS (SELECT FROM etl.pause p WHERE p.source = s.source)
 ORDER BY s.source

-- name: sources_beyond
-- Of the sources already known, those with a row beyond their floor: does not meet the dead tuples below it.
-- No floor: a sweep has just found rows of it. ORDER BY and LIMIT: a probe of the key for
-- each; EXISTS may be hashed, from the whole inbox.
SELECT k.source FROM unnest(%(sources)s::text[], %(floors)s::bigint[]) AS k (source, floor)
 WHERE (k.floor IS NULL OR (SELECT true FROM etl.inbox i WHERE i.source = k.source AND i.row_id > k.floor
                            ORDER BY i.source, i.row_id LIMIT 1))
   AND NOT EXISTS (SELECT FROM etl.pause p WHERE p.source = k.source)

-- name: waiting
-- How much waits of a source beyond its floor, as far as some runs go.
SELECT count(*), coalesce(sum(w.rows), 0) FROM (SELECT i.rows FROM etl.inbox i WHERE i.source = %(source)s AND i.row_id > %(floor)s
                                    ORDER BY i.row_id LIMIT %(runs)s) w

-- name: claim
-- The next runs of a source, as far as they fit. generate_series gives each of their rows to LIMIT, which stops the scan, and the
-- locks, with the run that fills the batch; the LIMIT below it is for the planner. MATERIALIZED: row locks are taken once, in order.
-- A row counts as its run's mean: rows are taken while those before them are smaller than the bound. What of a run does not fit
-- goes back as a new row: of one that was updated, a claimer whose snapshot is older would lock the new version and not see it.
-- ctid = ANY (ARRAY (…)): a TID scan, 587k rows/s; IN joins instead, 417k.
-- The ids of a batch come from runs that are sorted: array_agg would sort 2,000 rows.
WITH c AS MATERIALIZED (
    SELECT e.tid, e.row_id, e.rows, e.bytes
      FROM (SELECT i.ctid AS tid, i.row_id, i.rows, i.bytes, generate_series(1, i.rows) AS place
              FROM (SELECT ctid, row_id, rows, bytes FROM etl.inbox
                     WHERE source = %(source)s AND row_id > %(floor)s
                       AND NOT EXISTS (SELECT FROM etl.pause p WHERE p.source = %(source)s)
                     ORDER BY row_id LIMIT %(rows)s FOR UPDATE SKIP LOCKED) i
             LIMIT %(rows)s) e
     WHERE e.place = 1
), k AS MATERIALIZED (
    SELECT q.tid, q.row_id, q.rows,
           least(q.rows, %(rows)s - q.rows_before,
                 CASE WHEN q.bytes > q.bytes_left THEN (q.bytes_left * q.rows + q.bytes - 1) / q.bytes ELSE q.rows END)::int AS taken
      FROM (SELECT c.*, sum(c.rows) OVER w - c.rows AS rows_before, %(bytes)s - sum(c.bytes) OVER w + c.bytes AS bytes_left FROM c
            WINDOW w AS (ORDER BY c.row_id ROWS UNBOUNDED PRECEDING)) q
     WHERE q.bytes_left > 0
), cut AS MATERIALIZED (  -- one at most
    SELECT k.row_id, k.taken FROM k WHERE k.taken < k.rows
), d AS (
    DELETE FROM etl.inbox WHERE ctid = ANY (ARRAY (SELECT k.tid FROM k)) RETURNING row_id, rows, slip, bytes
), t AS MATERIALIZED (
    SELECT r.*, r.bytes::bigint * r.taken / r.rows AS bytes_taken
      FROM (SELECT d.*, coalesce(cut.taken, d.rows) AS taken FROM d LEFT JOIN cut USING (row_id)) r
), rest AS (
    INSERT INTO etl.inbox (source, row_id, rows, slip, bytes)
    SELECT %(source)s, t.row_id + t.taken, t.rows - t.taken, t.slip, t.bytes - t.bytes_taken FROM t WHERE t.taken < t.rows
)
INSERT INTO etl.batch (source, slip, row_ids, row_lo, row_hi, bytes, owner)
SELECT %(source)s, g.slip,
       ARRAY (SELECT generate_series(t.row_id, t.row_id + t.taken - 1) FROM t WHERE t.slip IS NOT DISTINCT FROM g.slip ORDER BY t.row_id),
       g.row_lo, g.row_hi, g.bytes, %(owner)s
  FROM (SELECT t.slip, min(t.row_id) AS row_lo, max(t.row_id + t.taken - 1) AS row_hi, sum(t.bytes_taken) AS bytes
          FROM t GROUP BY t.slip) g
RETURNING batch_id, lease_token, source, slip, row_ids, bytes, attempt

-- name: oldest_pending
-- When the row that has waited longest was staged. A row of staging is looked up for each: a join may walk all of it.
SELECT min((SELECT s.received_at FROM etl.staging s WHERE s.row_id = w.row_id)) FROM unnest(%(sources)s::text[], %(floors)s::bigint[]) AS k (source, floor),
       LATERAL (SELECT i.row_id FROM etl.inbox i WHERE i.source = k.source AND i.row_id > k.floor ORDER BY i.row_id LIMIT 1) w
