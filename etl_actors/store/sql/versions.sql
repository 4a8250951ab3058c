-- Which slips are active, and the ring that says that they changed.

-- name: lock
-- One daemon at a time: of two that give a slip up at once, each would else see that the other still has it.
SELECT pg_advisory_xact_lock(hashtextextended('etl.slips', 0))

-- name: active
SELECT name, digest, files FROM etl.slip WHERE active ORDER BY name, first_seen, digest

-- name: ring
-- Every daemon hears it once the transaction is committed: what it then reads is there.
SELECT pg_notify('etl_slips', %(what)s)

-- name: retire
-- A slip that no daemon has in force any more, so that rows do not wait for it.
UPDATE etl.slip SET active = false WHERE active AND name = ANY (%(names)s)

-- name: latest_rollout
-- By which a daemon that did not listen at the time learns that it was told to read its folders.
SELECT coalesce(max(action_id), 0) FROM etl.action WHERE action = 'slips apply'
