-- Target tables: what the catalogue says of them.

-- name: lock_target
SELECT pg_advisory_xact_lock(hashtextextended('etl.target.' || %(target)s, 0))

-- name: columns
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s AND a.attnum > 0 AND NOT a.attisdropped

-- name: temp_columns
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
 WHERE a.attrelid = to_regclass('pg_temp.' || quote_ident(%(name)s)) AND a.attnum > 0 AND NOT a.attisdropped

-- name: record_change
INSERT INTO etl.schema_change (target, statement, slip, status) VALUES (%(target)s, %(statement)s, %(slip)s, 'made')
