-- Staged rows, read by id; partitions ahead and behind.

-- name: fetch
-- The range lets the planner leave out the other partitions. jsonb's own text is the document's canonical spelling.
SELECT row_id, payload::text, source, received_at::text FROM etl.staging
 WHERE row_id = ANY (%(row_ids)s) AND row_id BETWEEN %(lo)s AND %(hi)s ORDER BY row_id

-- name: add_partitions
SELECT etl.add_staging_partitions(%(partition_rows)s)

-- name: seal_partitions
SELECT etl.seal_staging_partitions()
