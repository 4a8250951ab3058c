-- Readable views of what slips break out: what the catalogue says of them.

-- name: standing
-- Of which kind the relation is that has the name, and whether a slip has made it; no row: the name is free.
SELECT c.relkind::text,
       pg_has_role(c.relowner, 'USAGE')
         AND EXISTS (SELECT FROM etl.schema_change s WHERE s.target = %(target)s AND s.status = 'made'
                     AND s.statement ~ '^(CREATE|ALTER) (OR REPLACE |MATERIALIZED )?VIEW ')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s

-- name: columns
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum

-- name: privileges
-- What others were granted: the column where it is for one alone, who, what, and whether they may pass it on.
SELECT NULL AS column_name, CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee)::text END, x.privilege_type, x.is_grantable
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) x
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s AND x.grantee <> c.relowner
 UNION ALL
SELECT a.attname::text, CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee)::text END, x.privilege_type, x.is_grantable
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped, aclexplode(a.attacl) x
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s AND x.grantee <> c.relowner
 ORDER BY 1 NULLS FIRST, 2, 3

-- name: comments
-- The view's own, with no column, and its columns'.
SELECT a.attname::text, d.description
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s ORDER BY d.objsubid

-- name: patience
SELECT current_setting('lock_timeout')

-- name: be_patient
SELECT set_config('lock_timeout', %(limit)s, true)
