-- A batch after its claim: fence, finish, split, release, rescue. Each is fenced by the lease token.

-- name: probe
-- Every join of a load is a few thousand rows against a large table's unique index. A plan made while that table was small,
-- or from statistics that are behind, reads it whole: 74 ms instead of 4 at 60,000 rows, and growing.
SELECT set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),
       set_config('enable_mergejoin', 'off', false)

-- name: fence
-- The first statement of a load. NO KEY UPDATE holds off a rescue until COMMIT; no row: the lease is lost, nothing may land.
SELECT 1 FROM etl.batch
 WHERE batch_id = %(batch_id)s AND lease_token = %(token)s AND status = 'claimed' FOR NO KEY UPDATE

-- name: finish
-- The last statement before COMMIT; the caller reads that it hit one row, and only then sends COMMIT.
-- A replay's batch counts as later than those whose rows it settles again, whatever the clock did in between.
-- Returned is how many versions of slips somebody wrote, from an index that has no others: of one that grew there may be thousands.
UPDATE etl.batch
   SET status = 'done', finished_at = greatest(clock_timestamp(), %(after)s::timestamptz + interval '1 microsecond'),
       prior = %(prior)s, slip = %(slip)s, slip_digest = %(digest)s, target = %(target)s,
       outcomes = %(outcomes)s, loaded = %(loaded)s, duplicate = %(duplicate)s, skipped = %(skipped)s,
       rejected = %(rejected)s, differing = %(differing)s, replaced = %(replaced)s, rows_added = %(rows_added)s::jsonb
 WHERE batch_id = %(batch_id)s AND lease_token = %(token)s AND status = 'claimed'
RETURNING (SELECT count(*) FROM etl.slip WHERE NOT files ? 'evidence.json')

-- name: finished
-- What a load that lost the reply to its COMMIT looks up: did it land under this very lease?
SELECT loaded, duplicate, skipped, rejected, differing, replaced FROM etl.batch
 WHERE batch_id = %(batch_id)s AND lease_token = %(token)s AND status = 'done'

-- name: reject
INSERT INTO etl.reject (row_id, batch_id, slip, slip_digest, stage, reason, message, detail, item)
SELECT r.row_id, %(batch_id)s, %(slip)s, %(digest)s, r.stage, r.reason, r.message, r.detail, r.item
  FROM jsonb_to_recordset(%(rejects)s::jsonb) AS r (row_id bigint, stage text, reason text, message text, detail jsonb, item boolean)

-- name: split
-- One statement, so that the rows are at no moment in neither or both: the parent is released, its children are claimed.
WITH parent AS (
    UPDATE etl.batch SET status = 'released', finished_at = clock_timestamp()
     WHERE batch_id = %(batch_id)s AND lease_token = %(token)s AND status = 'claimed'
    RETURNING batch_id, source, bytes, row_ids, owner, attempt, replay_id, slip_digest, prior_batches, seeking
)
INSERT INTO etl.batch (source, slip, row_ids, row_lo, row_hi, bytes, owner, attempt, parent_id,
                       replay_id, slip_digest, prior_batches, seeking)
SELECT p.source, min(g.slip), array_agg(g.row_id ORDER BY g.row_id), min(g.row_id), max(g.row_id),
       p.bytes * count(*) / cardinality(p.row_ids), p.owner, %(attempt)s, p.batch_id,
       p.replay_id, p.slip_digest,
       CASE WHEN p.replay_id IS NOT NULL
            THEN array_agg(p.prior_batches[array_position(p.row_ids, g.row_id)] ORDER BY g.row_id) END,
       p.seeking
  FROM parent p, unnest(%(groups)s::int[], %(slips)s::text[], %(row_ids)s::bigint[]) AS g (no, slip, row_id)
 GROUP BY p.batch_id, p.source, p.bytes, p.row_ids, p.owner, p.replay_id, p.slip_digest, p.prior_batches, p.seeking, g.no
RETURNING batch_id, lease_token, source, slip, row_ids, bytes, attempt, replay_id, slip_digest, prior_batches, seeking

-- name: release
-- Rows go back to where they were taken from: to wait for their first load, or for their replay, as long as that goes on:
-- of one that was cancelled, what still seeks.
-- What is sought is sought to the end, also for a cancelled one: identities would stay without a row.
WITH freed AS (
    UPDATE etl.batch SET status = 'released', finished_at = clock_timestamp()
     WHERE batch_id = %(batch_id)s AND lease_token = %(token)s AND status = 'claimed'
    RETURNING source, slip, row_ids, bytes, replay_id, slip_digest, prior_batches, seeking
), again AS (
    INSERT INTO etl.replay_row (replay_id, source, row_id, slip, digest, batch_id)
    SELECT f.replay_id, f.source, r.row_id, s.slip, f.slip_digest, r.batch_id
      FROM freed f JOIN etl.replay p ON p.replay_id = f.replay_id AND (p.status = 'open' OR f.seeking),
           unnest(f.row_ids, f.prior_batches) AS r (row_id, batch_id) LEFT JOIN etl.staging s ON s.row_id = r.row_id
), waiting AS (
    -- As runs again, no longer than the trigger makes them. What the batch weighs is shared out evenly.
    INSERT INTO etl.inbox (source, row_id, rows, slip, bytes)
    SELECT o.source, min(o.row_id), count(*), o.slip, o.bytes * count(*) / o.among
      FROM (SELECT f.source, f.bytes, cardinality(f.row_ids) AS among, r.row_id, s.slip,
                   row_number() OVER (PARTITION BY s.slip ORDER BY r.row_id) AS no
              FROM freed f, unnest(f.row_ids) AS r (row_id) JOIN etl.staging s ON s.row_id = r.row_id WHERE f.replay_id IS NULL) o
     GROUP BY o.source, o.slip, o.bytes, o.among, o.row_id - o.no,
              (o.no - 1) / greatest(1, least(500, 262144::bigint * o.among / greatest(o.bytes, 1)))
    RETURNING rows
)
SELECT coalesce((SELECT sum(w.rows) FROM waiting w), 0)::int

-- name: rescue
-- Batches whose owner no longer holds its advisory lock, or has not beaten for a whole lease. SKIP LOCKED: one that is being
-- loaded at this moment, or rescued by somebody else, is left alone. The new token fences the old owner off.
-- A slip that the dead owner chose may be none of ours: only one that the rows name themselves stays.
-- ANY (ARRAY (…)): a few look-ups by the key; a join may walk all batches there ever were.
UPDATE etl.batch b
   SET owner = %(owner)s, lease_token = nextval('etl.lease_token'), attempt = b.attempt + 1, claimed_at = clock_timestamp(),
       slip = (SELECT s.slip FROM etl.staging s WHERE s.row_id = b.row_lo)
 WHERE b.batch_id = ANY (ARRAY (
    SELECT l.batch_id FROM etl.batch l
     WHERE l.status = 'claimed' AND l.batch_id > %(floor)s AND l.owner <> %(owner)s AND (cardinality(%(only)s::text[]) = 0 OR l.source = ANY (%(only)s))
       AND (NOT EXISTS (SELECT FROM etl.daemon d
                         WHERE d.beat_at >= statement_timestamp() - %(lease_s)s * interval '1 second' AND d.node = l.owner)
            OR NOT EXISTS (SELECT FROM pg_locks k
                            WHERE k.locktype = 'advisory' AND k.objsubid = 1
                              AND (k.classid::bigint << 32) + k.objid::bigint = %(lock_base)s::bigint + l.owner
                              AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())))
     ORDER BY l.batch_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING b.batch_id, b.lease_token, b.source, b.slip, b.row_ids, b.bytes, b.attempt,
          b.replay_id, b.slip_digest, b.prior_batches, b.seeking

-- name: stray
-- Batches that the database holds as ours but the master's book does not: a claim whose reply was lost.
SELECT batch_id, lease_token FROM etl.batch
 WHERE status = 'claimed' AND batch_id > %(floor)s AND owner = %(owner)s AND NOT batch_id = ANY (%(known)s)

-- name: before_claimed
-- The batch before the first that is claimed, or the last of all: it walks the index of those that are, dead entries first.
SELECT coalesce((SELECT min(batch_id) - 1 FROM etl.batch WHERE status = 'claimed'), (SELECT max(batch_id) FROM etl.batch), 0)
