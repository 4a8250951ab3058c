-- Batches as the command line lists them; the filter of a list is put together in store/batches_listed.py.

-- name: children
SELECT c.batch_id FROM etl.batch c WHERE c.parent_id = %(batch_id)s ORDER BY c.batch_id

-- name: rejects
SELECT r.reason, count(*), min(r.reject_id) FROM etl.reject r WHERE r.batch_id = %(batch_id)s GROUP BY r.reason
 ORDER BY count(*) DESC, r.reason LIMIT 10

-- name: row_ids
SELECT row_ids, outcomes FROM etl.batch WHERE batch_id = %(batch_id)s
