-- The books.

-- name: ledger
SELECT source, staged, pending, claimed, loaded, duplicate, skipped, rejected, pruned, oldest_pending_at, balanced
  FROM etl.ledger ORDER BY source

-- name: carry
SELECT etl.carry_batches()

-- name: inbox_bytes
SELECT pg_relation_size('etl.inbox')

-- name: by_key
-- For the next statement's transaction: what waits is looked at by its key, and no further than its LIMIT.
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)

-- name: glance
-- The books, of which what waits is counted if it is not too much. Else it is what was staged less what is claimed or settled; of that,
-- only whether anything waits at all is seen, by a probe for each source, and so the books are not said to balance.
WITH few AS MATERIALIZED (
    SELECT i.source, i.row_id, i.rows FROM etl.inbox i
     WHERE i.source >= ''                                   -- all; without a condition on its key it would be read by pages, also empty ones
     LIMIT %(most)s::bigint + 1
), much AS MATERIALIZED (
    SELECT count(*) > %(most)s AS is_much FROM few
), part AS (
    SELECT s.source, s.staged, 0::bigint AS pending, NULL::bigint AS oldest, s.claimed, s.loaded, s.duplicate, s.skipped, s.rejected, s.pruned
      FROM etl.standing s
    UNION ALL
    SELECT f.source, 0, sum(f.rows), min(f.row_id), 0, 0, 0, 0, 0, 0 FROM few f GROUP BY f.source
), books AS (
    SELECT p.source, sum(p.staged)::bigint AS staged, sum(p.pending)::bigint AS counted, sum(p.claimed)::bigint AS claimed,
           sum(p.loaded)::bigint AS loaded, sum(p.duplicate)::bigint AS duplicate, sum(p.skipped)::bigint AS skipped,
           sum(p.rejected)::bigint AS rejected, sum(p.pruned)::bigint AS pruned, min(p.oldest) AS oldest, m.is_much,
           sum(p.staged + p.pruned - p.claimed - p.loaded - p.duplicate - p.skipped - p.rejected)::bigint AS unsettled
      FROM part p CROSS JOIN much m GROUP BY p.source, m.is_much
), first AS (
    SELECT b.*, CASE WHEN NOT b.is_much THEN b.oldest
                     ELSE (SELECT i.row_id FROM etl.inbox i WHERE i.source = b.source ORDER BY i.row_id LIMIT 1) END AS first
      FROM books b
)
SELECT f.source, f.staged, CASE WHEN f.is_much THEN greatest(f.unsettled, 0) ELSE f.counted END, f.claimed, f.loaded, f.duplicate,
       f.skipped, f.rejected, f.pruned, (SELECT g.received_at FROM etl.staging g WHERE g.row_id = f.first),
       CASE WHEN NOT f.is_much THEN f.unsettled = f.counted
            WHEN f.first IS NULL THEN f.unsettled = 0
            WHEN f.unsettled <= 0 THEN false END
  FROM first f ORDER BY f.source
