-- What the demonstration measures: where the books stood before, what still waits, what has landed, what was refused.

-- name: marks
SELECT coalesce((SELECT max(row_id) FROM etl.staging), 0), coalesce((SELECT max(batch_id) FROM etl.batch), 0)

-- name: waiting
SELECT (SELECT coalesce(sum(rows), 0) FROM etl.inbox WHERE source = ANY (%(sources)s))
     + (SELECT coalesce(sum(cardinality(row_ids)), 0) FROM etl.batch WHERE status = 'claimed' AND source = ANY (%(sources)s))

-- name: stage_one
INSERT INTO etl.staging (source, payload) VALUES (%(source)s, %(payload)s) RETURNING row_id

-- name: landed
-- A batch is done in the transaction that lands its rows: who sees the one sees the other.
SELECT batch_id, row_ids FROM etl.batch
 WHERE source = %(source)s AND batch_id > %(after)s AND status = 'done' AND NOT batch_id = ANY (%(seen)s)

-- name: rejects
SELECT b.source, r.stage, r.reason, count(*), (array_agg(r.message ORDER BY r.reject_id))[1]
  FROM etl.reject r JOIN etl.batch b USING (batch_id)
 WHERE r.row_id > %(after)s AND b.source = ANY (%(sources)s)
 GROUP BY b.source, r.stage, r.reason ORDER BY count(*) DESC, b.source, r.reason
