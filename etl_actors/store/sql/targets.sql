-- Target tables: what the catalogue says of them.

-- name: lock_target
SELECT pg_advisory_xact_lock(hashtextextended('etl.target.' || %(target)s, 0))

-- name: share_deletes
-- To the transaction's end nobody deletes rows of the table by tombstones: a row and a tombstone of one key, each landing unseen by the
-- other, would both stand. Taken before any row is locked, and one a load but for a replay's, which takes them in order.
SELECT pg_advisory_xact_lock_shared(hashtextextended('etl.deletes.' || %(target)s, 0))

-- name: hold_deletes
SELECT pg_advisory_xact_lock(hashtextextended('etl.deletes.' || %(target)s, 0))

-- name: hold_alone
-- The same, for a load that puts rows straight into the table; it waits for others for a moment only. The limit that was in force is kept
-- for whoever sets it back. Gives when it began to wait, and when it was alone: a row's values are made from left to right.
SELECT set_config('etl.lock_timeout', current_setting('lock_timeout'), true), set_config('lock_timeout', '400ms', true),
       clock_timestamp(), pg_advisory_xact_lock(hashtextextended('etl.deletes.' || %(target)s, 0)), clock_timestamp()

-- name: limit_wait
-- An ALTER that waits for one long reader makes everybody else wait behind it: rather give up soon, and come again.
SELECT set_config('lock_timeout', '500ms', true)

-- name: columns
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s AND a.attnum > 0 AND NOT a.attisdropped

-- name: otherwise_typed
-- Whether a column has another type than packed rows were written for.
SELECT FROM unnest(%(tables)s::text[], %(columns)s::text[], %(types)s::text[]) AS packed (named, name, type)
 WHERE NOT EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = named::regclass AND attname = name AND atttypid = type::regtype)
 LIMIT 1

-- name: schema
-- Of a schema that is not there: whether it may be made; of one that is: whether tables may be made in it, and its owner.
SELECT n.oid IS NOT NULL,
       CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
            ELSE has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') END,
       n.nspowner::regrole::text
  FROM (SELECT %(schema)s::text AS wanted) w LEFT JOIN pg_namespace n ON n.nspname = w.wanted

-- name: table
-- Whether we own it, its owner, its checks, its indexes; no row: it is not there.
SELECT pg_has_role(c.relowner, 'USAGE'), c.relowner::regrole::text,
       ARRAY(SELECT k.conname::text FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'),
       ARRAY(SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s

-- name: view
-- What is called like a view, whatever it is: its columns in their order, and the comment by which ours is known.
SELECT ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
       coalesce(obj_description(c.oid, 'pg_class'), '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %(schema)s AND c.relname = %(name)s

-- name: described_columns
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, coalesce(col_description(c.oid, a.attnum), '')
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum

-- name: spelled
SELECT format_type(t.oid, t.modifier) FROM unnest(%(oids)s::oid[], %(modifiers)s::int[]) WITH ORDINALITY AS t (oid, modifier, n)
 ORDER BY t.n

-- name: changes
SELECT statement FROM etl.schema_change WHERE target = %(target)s AND status = 'made' ORDER BY change_id

-- name: record_change
INSERT INTO etl.schema_change (target, statement, slip, status) VALUES (%(target)s, %(statement)s, %(slip)s, 'made')
