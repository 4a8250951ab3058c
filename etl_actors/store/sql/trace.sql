-- Where a row went, and where a target row came from; what varies by table is put together in store/trace/targets.py.

-- name: staged
-- Both ids: the view's planner does not carry one over to the other.
SELECT s.row_id, s.source, s.received_at, s.slip, s.trace, v.status, v.batch_id, v.rejected_items
  FROM etl.staging s JOIN etl.row_status v ON v.row_id = s.row_id
 WHERE s.row_id = %(row_id)s AND v.row_id = %(row_id)s

-- name: pruned
SELECT EXISTS (SELECT FROM etl.staging_partition p
                WHERE p.dropped_at IS NOT NULL AND %(row_id)s >= p.row_lo AND %(row_id)s < p.row_hi)

-- name: batches
-- Every batch that held a row, in the order of their claims: by one index each for those that settled, hold or held it.
SELECT b.batch_id, b.status, b.slip, b.slip_digest, substr(b.outcomes, array_position(b.row_ids, %(row_id)s::bigint), 1),
       b.attempt, b.parent_id, b.replay_id, b.claimed_at, b.finished_at
  FROM (
    SELECT d.* FROM etl.batch d WHERE d.status = 'done' AND int8range(d.row_lo, d.row_hi, '[]') @> %(row_id)s::bigint
    UNION ALL
    SELECT c.* FROM etl.batch c WHERE c.status = 'claimed' AND %(row_id)s::bigint BETWEEN c.row_lo AND c.row_hi
    UNION ALL
    SELECT f.* FROM etl.batch f WHERE f.status = 'released' AND int8range(f.row_lo, f.row_hi, '[]') @> %(row_id)s::bigint) b
 WHERE %(row_id)s::bigint = ANY (b.row_ids)
 ORDER BY b.claimed_at, b.batch_id LIMIT %(limit)s

-- name: batch
SELECT slip, slip_digest, source, finished_at FROM etl.batch WHERE batch_id = %(batch_id)s

-- name: table
-- A table of ours, by its name: whether it can be read, and its columns with their types.
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attnum)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s AND c.relkind IN ('r', 'p')

-- name: pretty
-- In jsonb's own way, so that every number is as it was staged.
SELECT jsonb_pretty(payload) FROM etl.staging WHERE row_id = %(row_id)s
