-- What stands against changes of a break-out's tables, and what they would cost.

-- name: dependents_of_columns
-- Views on columns, which keep them from getting another type.
SELECT DISTINCT v.oid::regclass::text
  FROM pg_attribute a
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
   AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid
  JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> a.attrelid
 WHERE a.attrelid = to_regclass(%(table)s) AND a.attname = ANY (%(columns)s)
 ORDER BY 1

-- name: bytes
SELECT coalesce(sum(pg_total_relation_size(to_regclass(t.name))), 0)::bigint FROM unnest(%(tables)s::text[]) AS t (name)
