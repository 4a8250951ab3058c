-- Daemons: who is alive, who sleeps.

-- name: register
INSERT INTO etl.daemon (name, version) VALUES (%(name)s, %(version)s) RETURNING node

-- name: lock
-- A session lock, held as long as its connection lives: the server frees it milliseconds after a SIGKILL.
SELECT pg_try_advisory_lock(%(lock_base)s::bigint + %(node)s)

-- name: holds_lock
-- Asked on the connection that took it. Behind a pooler in transaction mode the answer comes from another session: false.
-- pg_locks shows a bigint key as two halves, with 1 in objsubid (2 is a key of two ints).
SELECT EXISTS (SELECT FROM pg_locks
                WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid = 1
                  AND (classid::bigint << 32) + objid::bigint = %(lock_base)s::bigint + %(node)s)

-- A daemon's row is written every second, and all that it ever was stays there while a long transaction runs: so it is found among
-- those that have beaten lately.

-- name: beat
UPDATE etl.daemon SET beat_at = clock_timestamp()
 WHERE beat_at > statement_timestamp() - %(within_s)s * interval '1 second' AND node = %(node)s

-- name: sleep
UPDATE etl.daemon SET asleep_until = clock_timestamp() + %(asleep_s)s * interval '1 second'
 WHERE beat_at > statement_timestamp() - %(within_s)s * interval '1 second' AND node = %(node)s

-- name: wake
UPDATE etl.daemon SET asleep_until = '-infinity'
 WHERE beat_at > statement_timestamp() - %(within_s)s * interval '1 second' AND node = %(node)s

-- name: mark
SELECT pg_current_xact_id()::text::bigint

-- name: older_transactions
-- Whether a transaction that may have missed the flag is still running.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint < %(mark)s

-- name: forget
DELETE FROM etl.daemon WHERE node = %(node)s

-- name: forget_dead
-- Rows of daemons that are gone and own nothing any more.
DELETE FROM etl.daemon d
 WHERE d.beat_at < clock_timestamp() - interval '1 hour'
   AND NOT EXISTS (SELECT FROM etl.batch b WHERE b.owner = d.node AND b.status = 'claimed')

-- name: listen
LISTEN etl_staged

-- name: listen_slips
LISTEN etl_slips

-- name: declare
UPDATE etl.daemon SET slips = %(slips)s::jsonb WHERE node = %(node)s

-- name: living
-- Daemons that hold their lock: seen in pg_locks, never tried. A lock is known by its key, in this database.
SELECT d.node, d.name, d.version, d.started_at, d.slips FROM etl.daemon d
 WHERE EXISTS (SELECT FROM pg_locks k
                WHERE k.locktype = 'advisory' AND k.objsubid = 1 AND k.granted
                  AND (k.classid::bigint << 32) + k.objid::bigint = %(lock_base)s::bigint + d.node
                  AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
 ORDER BY d.node
