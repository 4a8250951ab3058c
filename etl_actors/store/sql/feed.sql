-- Feeding: documents of files into staging.

-- name: standing
-- What the login may do here; a role that does not exist counts as one it may not take.
SELECT to_regclass('etl.staging') IS NOT NULL, coalesce(pg_has_role(to_regrole('etl_operator'), 'MEMBER'), false)

-- name: act_as_operator
SET ROLE etl_operator

-- name: slip_in_force
-- Whether rows may name a slip: some daemon has had it in force, and it was not taken back since.
SELECT EXISTS (SELECT FROM etl.slip WHERE name = %(slip)s AND active)

-- name: add_partitions
SELECT etl.add_staging_partitions(%(partition_rows)s)

-- name: copy
COPY etl.staging (source, payload) FROM STDIN

-- name: copy_with_slip
COPY etl.staging (source, payload, slip) FROM STDIN


-- name: table
-- The table, view or foreign table of a name that is quoted as SQL has it.
SELECT c.oid, n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass(%(name)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')

-- name: columns
-- Its columns in their order, and the types that they are of where those are domains.
SELECT a.attname, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %(table)s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
