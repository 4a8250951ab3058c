-- Feeding: documents of files into staging.

-- name: standing
-- What the login may do here; a role that does not exist counts as one it may not take.
SELECT to_regclass('etl.staging') IS NOT NULL, coalesce(pg_has_role(to_regrole('etl_operator'), 'MEMBER'), false)

-- name: act_as_operator
SET ROLE etl_operator

-- name: add_partitions
SELECT etl.add_staging_partitions(%(partition_rows)s)

-- name: copy
COPY etl.staging (source, payload) FROM STDIN

-- name: copy_with_slip
COPY etl.staging (source, payload, slip) FROM STDIN
