-- Materialized views: one daemon at a time refreshes one, and nobody waits for it.

-- name: try_refreshing
-- One daemon at a time refreshes a view.
SELECT pg_try_advisory_lock(hashtextextended('etl.view.' || %(name)s, 0))

-- name: await_refreshing
SELECT pg_advisory_lock(hashtextextended('etl.view.' || %(name)s, 0))

-- name: stop_refreshing
SELECT pg_advisory_unlock(hashtextextended('etl.view.' || %(name)s, 0))

-- name: awaited
-- Whether somebody waits to change the tables of a slip (breakouts.sql, lock), whom a refresh keeps waiting.
SELECT EXISTS (SELECT FROM pg_locks l
                WHERE l.locktype = 'advisory' AND NOT l.granted AND l.mode = 'ExclusiveLock' AND l.objsubid = 1
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('etl.breakout.' || %(name)s, 0))

-- name: same_view
-- Whether two views say the same.
SELECT pg_get_viewdef(%(one)s::regclass) = pg_get_viewdef(%(other)s::regclass)
