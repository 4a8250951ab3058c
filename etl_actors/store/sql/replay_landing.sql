-- What a replay's load asks and writes beside the target tables.

-- name: one_at_a_time
-- Loads of replays queue here: each reads the outcomes that the one before has left, and takes rows away without their order.
SELECT pg_advisory_xact_lock(hashtextextended('etl.replay', 0))

-- name: joins
-- A load's joins go by index alone; a replay also holds a batch's rows against each other, in temps that have none. And a plan that is
-- kept for any list of rows looks such a list through from end to end, for each row: it is made for each list.
SELECT set_config('enable_hashjoin', 'on', true), set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: prior
-- How each row of a batch was settled before, and under which versions of slips. A batch's arrays are unpacked once, not once a row; by a
-- FULL JOIN, which goes by a hash whatever the planner takes them to hold. What is done is not asked by its status, by which the planner
-- may walk an index of all that are.
WITH before AS MATERIALIZED (
    SELECT w.row_id, w.batch_id, u.letter
      FROM (SELECT r.* FROM etl.batch m, unnest(m.row_ids, m.prior_batches) AS r (row_id, batch_id) WHERE m.batch_id = %(batch_id)s) w
      FULL JOIN (SELECT b.batch_id, r.* FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS r (row_id, letter)
                  WHERE b.batch_id = ANY (%(batches)s::bigint[]) AND b.outcomes IS NOT NULL) u
        ON u.row_id = w.row_id AND u.batch_id = w.batch_id
)
SELECT (SELECT string_agg(o.letter, '' ORDER BY o.row_id) FROM before o WHERE o.row_id IS NOT NULL),
       ARRAY (SELECT DISTINCT b.slip_digest FROM etl.batch b
               WHERE b.batch_id = ANY (ARRAY (SELECT DISTINCT o.batch_id FROM before o WHERE o.letter IN ('l', 'd'))) AND b.slip_digest IS NOT NULL),
       (SELECT max(b.finished_at) FROM etl.batch b WHERE b.batch_id = ANY (%(batches)s::bigint[]))

-- name: vacate
INSERT INTO etl.vacancy (replay_id, target, id) SELECT %(replay_id)s, %(target)s, unnest(%(ids)s::uuid[])
ON CONFLICT DO NOTHING

-- name: supersede
-- The open dead letters of these rows so far: what becomes of the rows now is told anew. Not "= 'open'": there is an index of all open ones,
-- which the planner may walk.
UPDATE etl.reject SET status = 'replayed'
 WHERE row_id = ANY (%(row_ids)s::bigint[]) AND status NOT IN ('replayed', 'discarded')

-- name: supersede_run
-- The same, of row ids without a gap.
UPDATE etl.reject SET status = 'replayed'
 WHERE row_id BETWEEN %(lo)s AND %(hi)s AND status NOT IN ('replayed', 'discarded')

-- name: keep_items
UPDATE etl.reject SET batch_id = %(batch_id)s
 WHERE row_id = ANY (%(row_ids)s::bigint[]) AND batch_id = ANY (%(batches)s::bigint[]) AND item

-- name: cut
-- A batch that only seeks settles the rows that it has found; the others keep the outcome that they had.
UPDATE etl.batch
   SET row_ids = %(row_ids)s, prior_batches = %(batches)s, row_lo = %(lo)s, row_hi = %(hi)s
 WHERE batch_id = %(batch_id)s AND lease_token = %(token)s AND status = 'claimed'

-- name: leave
UPDATE etl.batch SET status = 'released', finished_at = clock_timestamp()
 WHERE batch_id = %(batch_id)s AND lease_token = %(token)s AND status = 'claimed'
RETURNING 1

-- name: advance
UPDATE etl.replay
   SET rows_done = rows_done + %(done)s, vacated = vacated + %(vacated)s, sought = sought + %(sought)s, found = found + %(found)s,
       problem = NULL
 WHERE replay_id = %(replay_id)s
