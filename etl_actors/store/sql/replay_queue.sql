-- What waits of a replay, and how it goes on. A replay's row is written by its loads too, and one of them may be frozen while it
-- holds it: whoever keeps a daemon alive takes it with SKIP LOCKED, and never waits. NO KEY: batches refer to it all the time.

-- name: current
-- One at a time, in the order of their ids; a cancelled one as long as identities that it has vacated are not sought.
SELECT r.replay_id, r.phase, r.status = 'cancelled', r.rate, r.problem,
       CASE WHEN r.next_at > now() THEN extract(epoch FROM r.next_at - now())::float8 ELSE 0 END
  FROM etl.replay r WHERE r.finished_at IS NULL AND r.status <> 'done' ORDER BY r.replay_id LIMIT 1

-- name: claim
-- One source's next rows. Of a rate the row's lock is taken first, so that of several claimers one sees what the other has used.
-- What staging no longer holds is not claimed: its effect stays. What is small is not taken apart to be weighed.
WITH free AS (
    SELECT r.replay_id, r.phase FROM etl.replay r
     WHERE r.replay_id = %(replay_id)s AND r.rate IS NULL AND (r.status = 'open' OR r.status = 'cancelled' AND r.phase = 'seeking' AND NOT r.abandoned)
), rated AS MATERIALIZED (
    SELECT r.replay_id, r.phase, r.rate FROM etl.replay r
     WHERE r.replay_id = %(replay_id)s AND r.next_at <= clock_timestamp()
       AND r.rate IS NOT NULL AND (r.status = 'open' OR r.status = 'cancelled' AND r.phase = 'seeking' AND NOT r.abandoned)
       FOR NO KEY UPDATE SKIP LOCKED
), gate AS (
    SELECT replay_id, phase FROM free UNION ALL SELECT replay_id, phase FROM rated
), turn AS (
    SELECT (SELECT q.source FROM etl.replay_row q
             WHERE q.replay_id = g.replay_id AND (q.source, q.row_id) > (%(source)s, %(row_id)s)
               AND (cardinality(%(only)s::text[]) = 0 OR q.source = ANY (%(only)s))
               AND NOT EXISTS (SELECT FROM etl.pause p WHERE p.source = q.source)
             ORDER BY q.source, q.row_id LIMIT 1) AS source
      FROM gate g
), c AS MATERIALIZED (
    SELECT q.ctid, q.row_id FROM etl.replay_row q
     WHERE q.replay_id = %(replay_id)s AND (q.source, q.row_id) > (%(source)s, %(row_id)s) AND q.source = (SELECT source FROM turn)
     ORDER BY q.row_id LIMIT %(rows)s FOR UPDATE SKIP LOCKED
), sized AS MATERIALIZED (
    SELECT c.ctid, c.row_id,
           (SELECT CASE WHEN pg_column_compression(s.payload) IS NULL THEN pg_column_size(s.payload)
                        WHEN pg_column_size(s.payload) < 20000 THEN 4 * pg_column_size(s.payload)
                        ELSE pg_column_size(s.payload #> '{}') END
              FROM etl.staging s WHERE s.row_id = c.row_id) AS bytes
      FROM c
), k AS (
    SELECT q.ctid, q.row_id, q.bytes FROM (
        SELECT z.*, sum(coalesce(z.bytes, 0)) OVER (ORDER BY z.row_id ROWS UNBOUNDED PRECEDING) - coalesce(z.bytes, 0) AS before
          FROM sized z) q
     WHERE q.before < %(bytes)s
), d AS (
    DELETE FROM etl.replay_row WHERE ctid = ANY (ARRAY (SELECT k.ctid FROM k)) RETURNING row_id, source, slip, digest, batch_id
), paced AS (
    UPDATE etl.replay r
       SET next_at = greatest(r.next_at, clock_timestamp()) + (SELECT count(*) FROM d) / r.rate * interval '1 second'
     WHERE r.replay_id = (SELECT replay_id FROM rated) AND EXISTS (SELECT FROM d)
)
INSERT INTO etl.batch (source, slip, row_ids, row_lo, row_hi, bytes, owner, replay_id, slip_digest, prior_batches, seeking)
SELECT d.source, d.slip, array_agg(d.row_id ORDER BY d.row_id), min(d.row_id), max(d.row_id), sum(k.bytes), %(owner)s,
       g.replay_id, d.digest, array_agg(d.batch_id ORDER BY d.row_id), g.phase = 'seeking'
  FROM d JOIN k USING (row_id) CROSS JOIN gate g WHERE k.bytes IS NOT NULL
 GROUP BY d.source, d.slip, d.digest, g.replay_id, g.phase
RETURNING batch_id, lease_token, source, slip, row_ids, bytes, attempt, replay_id, slip_digest, prior_batches, seeking

-- name: may_take
-- Whether rows of it can be claimed as they are chosen: none waits that was chosen before, and there is no rate. It is held then.
SELECT r.row_cursor, r.row_hi FROM etl.replay r
 WHERE r.replay_id = %(replay_id)s AND r.status = 'open' AND r.phase = 'repeating' AND r.rate IS NULL AND r.row_cursor < r.row_hi
   AND NOT EXISTS (SELECT FROM etl.replay_row q WHERE q.replay_id = r.replay_id) FOR NO KEY UPDATE SKIP LOCKED

-- name: by_ranges
-- A window is read as one range of each table. The planner takes it for a few rows, and would look each up by itself.
SELECT set_config('enable_nestloop', 'off', true)

-- name: take
-- The window between two ids, claimed as it is chosen if one source has all of it, which can be claimed here: so its rows are not written
-- to wait for a moment. As many as a batch may have: behind these the next window begins. Else all of it waits, to be claimed by source.
WITH chosen AS MATERIALIZED (
    SELECT c.source, c.row_id, c.slip,
           CASE (SELECT r.version FROM etl.replay r WHERE r.replay_id = %(replay_id)s) WHEN 'original' THEN c.settled_digest END AS digest,
           c.batch_id, c.bytes
      FROM etl.chosen(%(filter)s::jsonb, %(lo)s, %(hi)s) AS c
), told AS MATERIALIZED (
    SELECT count(*) AS rows,
           coalesce(min(c.source COLLATE "C") = max(c.source COLLATE "C")
                    AND (cardinality(%(only)s::text[]) = 0 OR min(c.source COLLATE "C") = ANY (%(only)s))
                    AND NOT EXISTS (SELECT FROM etl.pause p WHERE p.source = min(c.source COLLATE "C")), true) AS one
      FROM chosen c
), k AS MATERIALIZED (
    SELECT q.* FROM (SELECT c.*, sum(c.bytes) OVER (ORDER BY c.row_id ROWS UNBOUNDED PRECEDING) - c.bytes AS before FROM chosen c) q
     WHERE q.before < %(bytes)s AND (SELECT t.one FROM told t) ORDER BY q.row_id LIMIT %(rows)s
), waits AS (
    INSERT INTO etl.replay_row (replay_id, source, row_id, slip, digest, batch_id)
    SELECT %(replay_id)s, c.source, c.row_id, c.slip, c.digest, c.batch_id FROM chosen c WHERE NOT (SELECT t.one FROM told t)
    ON CONFLICT DO NOTHING
), moved AS (
    UPDATE etl.replay r
       SET row_cursor = CASE WHEN t.one AND (SELECT count(*) FROM k) < t.rows THEN (SELECT max(k.row_id) FROM k) ELSE %(hi)s END
      FROM told t WHERE r.replay_id = %(replay_id)s
), made AS (
    INSERT INTO etl.batch (source, slip, row_ids, row_lo, row_hi, bytes, owner, replay_id, slip_digest, prior_batches, seeking)
    SELECT k.source, k.slip, array_agg(k.row_id ORDER BY k.row_id), min(k.row_id), max(k.row_id), sum(k.bytes), %(owner)s,
           %(replay_id)s, k.digest, array_agg(k.batch_id ORDER BY k.row_id), false
      FROM k GROUP BY k.source, k.slip, k.digest
    RETURNING batch_id, lease_token, source, slip, row_ids, bytes, attempt, replay_id, slip_digest, prior_batches, seeking
)
SELECT t.rows, t.one, m.* FROM told t LEFT JOIN made m ON true

-- name: lock
SELECT r.phase, r.status = 'cancelled', r.abandoned, r.row_cursor, r.row_hi FROM etl.replay r
 WHERE r.replay_id = %(replay_id)s AND r.finished_at IS NULL AND r.status <> 'done' FOR NO KEY UPDATE SKIP LOCKED

-- name: filter
-- Read once a daemon: it may list a million ids.
SELECT r.filter FROM etl.replay r WHERE r.replay_id = %(replay_id)s

-- name: standing
-- In one snapshot: a row goes from waiting to claimed and back in one statement each, so none is overlooked on its way.
SELECT EXISTS (SELECT FROM etl.replay_row q WHERE q.replay_id = %(replay_id)s),
       EXISTS (SELECT FROM etl.replay_row q
                WHERE q.replay_id = %(replay_id)s AND (cardinality(%(only)s::text[]) = 0 OR q.source = ANY (%(only)s))
                  AND NOT EXISTS (SELECT FROM etl.pause p WHERE p.source = q.source)),
       EXISTS (SELECT FROM etl.batch b WHERE b.status = 'claimed' AND b.replay_id = %(replay_id)s),
       EXISTS (SELECT FROM etl.vacancy v WHERE v.replay_id = %(replay_id)s),
       ARRAY (SELECT b.lease_token FROM etl.batch b WHERE b.status = 'claimed' AND b.replay_id IS NULL)

-- name: next_chosen
-- The first row of a stretch of ids that the filter may choose, or one beyond it: between the rows that it lists may lie millions.
-- Only what is settled there is looked at: coalesce and NOT IN keep the planner from indexes of a source and of all open letters.
SELECT CASE WHEN d.lo IS NULL OR f.filter -> 'rows' IS NOT NULL AND r.lo IS NULL OR f.filter -> 'batches' IS NOT NULL AND b.lo IS NULL
                 OR (f.filter ->> 'rejected')::boolean AND j.lo IS NULL
            THEN NULL ELSE greatest(d.lo, r.lo, b.lo, j.lo) END
  FROM (SELECT %(filter)s::jsonb AS filter, %(cursor)s::bigint AS cursor) f,
       LATERAL (SELECT min(greatest(k.row_lo, f.cursor + 1)) AS lo FROM etl.batch k
                 WHERE k.status = 'done' AND int8range(k.row_lo, k.row_hi, '[]') && int8range(f.cursor, %(upto)s::bigint, '(]')
                   AND coalesce(k.source = f.filter ->> 'source', true)
                   AND (f.filter ->> 'slip' IS NULL OR k.slip = f.filter ->> 'slip')) d,
       LATERAL (SELECT min(v::bigint) AS lo FROM jsonb_array_elements_text(f.filter -> 'rows') AS u (v)
                 WHERE v::bigint > f.cursor) r,
       LATERAL (SELECT min(greatest(k.row_lo, f.cursor + 1)) AS lo FROM etl.batch k
                 WHERE k.row_hi > f.cursor
                   AND k.batch_id IN (SELECT v::bigint FROM jsonb_array_elements_text(f.filter -> 'batches') AS u (v))) b,
       LATERAL (SELECT min(l.row_id) AS lo FROM etl.reject l
                 WHERE l.status NOT IN ('replayed', 'discarded') AND l.row_id > f.cursor AND l.row_id <= %(upto)s::bigint AND (f.filter ->> 'rejected')::boolean) j

-- name: choose
INSERT INTO etl.replay_row (replay_id, source, row_id, slip, digest, batch_id)
SELECT %(replay_id)s, c.source, c.row_id, c.slip,
       CASE (SELECT r.version FROM etl.replay r WHERE r.replay_id = %(replay_id)s) WHEN 'original' THEN c.settled_digest END, c.batch_id
  FROM etl.chosen(%(filter)s::jsonb, %(lo)s, %(hi)s) AS c
ON CONFLICT DO NOTHING

-- name: next_sought
SELECT min(greatest(k.row_lo, %(cursor)s::bigint + 1)) FROM etl.batch k
 WHERE k.status = 'done' AND int8range(k.row_lo, k.row_hi, '[]') && int8range(%(cursor)s::bigint, %(upto)s::bigint, '(]')
   AND k.slip_digest = ANY (%(digests)s)

-- name: vacated_targets
-- By a skip scan of the key: cost per table, not per identity.
WITH RECURSIVE t AS (
    (SELECT target FROM etl.vacancy WHERE replay_id = %(replay_id)s ORDER BY target LIMIT 1)
    UNION ALL
    SELECT (SELECT v.target FROM etl.vacancy v WHERE v.replay_id = %(replay_id)s AND v.target > t.target ORDER BY v.target LIMIT 1)
      FROM t WHERE t.target IS NOT NULL
)
SELECT target FROM t WHERE target IS NOT NULL

-- name: move
UPDATE etl.replay SET row_cursor = %(cursor)s WHERE replay_id = %(replay_id)s

-- name: forget_rows
DELETE FROM etl.replay_row WHERE replay_id = %(replay_id)s

-- name: seek
UPDATE etl.replay
   SET phase = 'seeking', row_cursor = 0, row_hi = coalesce((SELECT max(b.row_hi) FROM etl.batch b WHERE b.status = 'done'), 0)
 WHERE replay_id = %(replay_id)s

-- name: forget_vacancies
DELETE FROM etl.vacancy WHERE replay_id = %(replay_id)s

-- name: gone_targets
SELECT u.target FROM unnest(%(targets)s::text[]) AS u (target)
 WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname || '.' || c.relname = u.target)

-- name: forget_vacancies_of
DELETE FROM etl.vacancy WHERE replay_id = %(replay_id)s AND target = ANY (%(targets)s)

-- name: finish
UPDATE etl.replay
   SET status = CASE status WHEN 'open' THEN 'done' ELSE status END, finished_at = clock_timestamp(),
       problem = CASE WHEN abandoned THEN problem END
 WHERE replay_id = %(replay_id)s
RETURNING status, rows_done, vacated, sought, found

-- name: blame
-- One that is cancelled and cannot even seek ends without: others wait behind it.
WITH r AS (
    SELECT replay_id FROM etl.replay
     WHERE replay_id = %(replay_id)s AND finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE etl.replay SET problem = %(problem)s, abandoned = abandoned OR status = 'cancelled' AND phase = 'seeking'
 WHERE replay_id = (SELECT replay_id FROM r)

-- name: barring
-- Why no row that waits can be claimed here: of a few sources whether each is paused; a skip scan, not a look at every row.
WITH RECURSIVE s AS (
    (SELECT source FROM etl.replay_row WHERE replay_id = %(replay_id)s ORDER BY source LIMIT 1)
    UNION ALL
    SELECT (SELECT q.source FROM etl.replay_row q WHERE q.replay_id = %(replay_id)s AND q.source > s.source ORDER BY q.source LIMIT 1)
      FROM s WHERE s.source IS NOT NULL
)
SELECT s.source, EXISTS (SELECT FROM etl.pause p WHERE p.source = s.source) FROM s WHERE s.source IS NOT NULL

-- name: stored
SELECT name, files FROM etl.slip WHERE digest = %(digest)s
