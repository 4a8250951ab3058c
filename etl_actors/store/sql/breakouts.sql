-- Slips that break documents out: their versions grow with what was seen.

-- name: active_digest
SELECT digest FROM etl.slip WHERE active AND name = %(name)s ORDER BY first_seen DESC, digest LIMIT 1

-- name: active
SELECT digest, files FROM etl.slip WHERE active AND name = %(name)s ORDER BY first_seen DESC, digest LIMIT 1

-- name: former
-- The last version of a slip that is in force no more.
SELECT digest, files FROM etl.slip WHERE name = %(name)s ORDER BY first_seen DESC, digest LIMIT 1

-- name: lock
-- One session at a time grows a slip; it waits for loads that hold the version they were parsed by.
SELECT pg_advisory_xact_lock(hashtextextended('etl.breakout.' || %(name)s, 0))

-- name: hold
-- A load keeps its version from growing until it has landed: rows must go into the tables that they were made for.
SELECT pg_advisory_xact_lock_shared(hashtextextended('etl.breakout.' || %(name)s, 0))

-- name: limit
SELECT current_setting('statement_timeout')

-- name: limit_all
-- For all that a statement waits for, where lock_timeout is for each lock.
SELECT set_config('statement_timeout', %(wait)s, true)

-- name: dependents
-- Views of others on tables or views, which keep them from being filled or made anew; those that slips have made are not in the way.
SELECT DISTINCT v.oid::regclass::text
  FROM unnest(%(tables)s::text[]) AS t (name)
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass(t.name) AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid
  JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> d.refobjid
  JOIN pg_namespace n ON n.oid = v.relnamespace
 WHERE NOT EXISTS (SELECT FROM etl.schema_change s WHERE s.target = n.nspname || '.' || v.relname AND s.status = 'made'
                      AND s.statement ~ '^(CREATE|ALTER) (OR REPLACE |MATERIALIZED )?VIEW ')
 ORDER BY 1

-- name: same
-- Whether documents are what was staged, as PostgreSQL writes both: members in one order, numbers digit for digit.
-- Documents of which values were discarded, as a contract asks, are not: their rejects tell of that.
SELECT s.row_id, m.made::jsonb::text = s.payload::text
  FROM unnest(%(row_ids)s::bigint[], %(made)s::text[]) AS m (row_id, made) JOIN etl.staging s ON s.row_id = m.row_id
 WHERE s.row_id BETWEEN %(lo)s AND %(hi)s
   AND (%(whole)s OR NOT EXISTS (SELECT FROM etl.reject r WHERE r.row_id = s.row_id AND r.reason = 'discarded_value' AND r.status <> 'replayed'))

-- name: taken
-- All rows that a slip has taken, those that lost as well, in their order; and whether they are staged still: payloads are not sorted.
SELECT t.row_id, EXISTS (SELECT FROM etl.staging s WHERE s.row_id = t.row_id)
  FROM (SELECT DISTINCT o.row_id
          FROM etl.batch b
         CROSS JOIN LATERAL unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS o (row_id, outcome)
         WHERE b.slip = %(name)s AND b.status = 'done' AND o.outcome IN ('l', 'd')) AS t
 ORDER BY t.row_id

-- name: planned
SELECT evidence FROM etl.breakout_plan WHERE slip = %(slip)s

-- name: planned_slips
SELECT slip, files, why FROM etl.breakout_plan ORDER BY slip

-- name: plan
INSERT INTO etl.breakout_plan (slip, files, evidence, why) VALUES (%(slip)s, %(files)s::jsonb, %(evidence)s, %(why)s)
ON CONFLICT (slip) DO UPDATE
   SET files = excluded.files, evidence = excluded.evidence, why = excluded.why, planned_at = clock_timestamp()
 WHERE (etl.breakout_plan.files, etl.breakout_plan.evidence, etl.breakout_plan.why)
       IS DISTINCT FROM (excluded.files, excluded.evidence, excluded.why)

-- name: settle_plan
DELETE FROM etl.breakout_plan WHERE slip = %(slip)s

-- name: record_planned
-- What is asked for again, with more, is told once.
INSERT INTO etl.schema_change (target, statement, slip, status)
SELECT %(target)s, %(statement)s, %(slip)s, 'planned'
 WHERE NOT EXISTS (SELECT FROM etl.schema_change
                    WHERE slip = %(slip)s AND target = %(target)s AND statement = %(statement)s AND status = 'planned')
