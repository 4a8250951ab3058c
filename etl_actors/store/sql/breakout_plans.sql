-- What stands against changes of a break-out's tables, and what they would cost.

-- name: dependents_of_columns
-- Views of others on columns, which keep them from getting another type; those that slips have made are not in the way.
SELECT DISTINCT v.oid::regclass::text
  FROM pg_attribute a
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
   AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid
  JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> a.attrelid
  JOIN pg_namespace n ON n.oid = v.relnamespace
 WHERE a.attrelid = to_regclass(%(table)s) AND a.attname = ANY (%(columns)s)
   AND NOT EXISTS (SELECT FROM etl.schema_change s WHERE s.target = n.nspname || '.' || v.relname AND s.status = 'made'
                      AND s.statement ~ '^(CREATE|ALTER) (OR REPLACE |MATERIALIZED )?VIEW ')
 ORDER BY 1

-- name: bytes
SELECT coalesce(sum(pg_total_relation_size(to_regclass(t.name))), 0)::bigint FROM unnest(%(tables)s::text[]) AS t (name)
