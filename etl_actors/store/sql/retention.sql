-- Retention: which partitions of staging there are, what they are still needed for, and away with them.

-- name: partitions
-- Those that no transaction can add to any more, the oldest first.
SELECT p.name, p.row_lo, p.row_hi - 1, coalesce(c.rows, 0), coalesce(pg_total_relation_size(t.oid), 0), p.first_received_at,
       p.last_received_at
  FROM etl.staging_partition p
  LEFT JOIN (SELECT k.partition, sum(k.staged)::bigint AS rows FROM etl.staging_count k GROUP BY k.partition) c ON c.partition = p.name
  LEFT JOIN (SELECT r.oid, r.relname FROM pg_class r WHERE r.relnamespace = 'etl'::regnamespace) t ON t.relname = p.name
 WHERE p.sealed_at IS NOT NULL AND p.dropped_at IS NULL ORDER BY p.row_lo

-- name: hindrances
-- The second part reads the partition: only where the first finds nothing.
WITH used AS MATERIALIZED (SELECT u.why, u.rows FROM etl.staging_in_use(%(name)s) u)
SELECT u.why, u.rows FROM used u
UNION ALL
SELECT o.why, o.rows FROM etl.staging_at_odds(%(name)s) o WHERE NOT EXISTS (SELECT FROM used)

-- name: users
-- The sessions that have staging, or the partition, at the moment.
SELECT DISTINCT l.pid FROM pg_locks l
 WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid()
   AND l.relation IN ('etl.staging'::regclass, to_regclass(format('etl.%%I', %(name)s::text)))
   AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) ORDER BY l.pid

-- name: drop
SELECT d.why, d.rows FROM etl.drop_staging_partition(%(name)s, %(wait_ms)s) d
