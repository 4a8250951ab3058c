-- Replays as operators order, follow and cancel them; their rows are claimed elsewhere.

-- name: bounds
-- Between which row ids everything lies that a filter chooses: least and greatest pass over what is null.
SELECT greatest(1, r.lo, b.lo, j.lo), coalesce(least(t.hi, r.hi, b.hi, j.hi), 0)
  FROM (SELECT %(filter)s::jsonb AS filter) f,
       (SELECT max(row_id) AS hi FROM etl.staging) t,
       LATERAL (SELECT min(v::bigint) AS lo, max(v::bigint) AS hi FROM jsonb_array_elements_text(f.filter -> 'rows') AS u (v)) r,
       LATERAL (SELECT min(k.row_lo) AS lo, max(k.row_hi) AS hi FROM etl.batch k
                 WHERE k.batch_id IN (SELECT v::bigint FROM jsonb_array_elements_text(f.filter -> 'batches') AS u (v))) b,
       LATERAL (SELECT min(l.row_id) AS lo, max(l.row_id) AS hi FROM etl.reject l
                 WHERE l.status = 'open' AND (f.filter ->> 'rejected')::boolean) j

-- name: count
SELECT c.source, count(*) FROM etl.chosen(%(filter)s::jsonb, %(lo)s, %(hi)s) AS c GROUP BY c.source ORDER BY c.source

-- name: unsettled_rows
-- Of some row ids: which are not in staging any more, which never were, and which are there but not settled yet.
SELECT array_agg(w.row_id ORDER BY w.row_id) FILTER (WHERE s.row_id IS NULL AND p.name IS NOT NULL),
       array_agg(w.row_id ORDER BY w.row_id) FILTER (WHERE s.row_id IS NULL AND p.name IS NULL),
       array_agg(w.row_id ORDER BY w.row_id) FILTER (WHERE s.row_id IS NOT NULL AND d.row_id IS NULL)
  FROM unnest(%(rows)s::bigint[]) AS w (row_id)
  LEFT JOIN etl.staging s ON s.row_id = w.row_id AND s.row_id BETWEEN %(lo)s AND %(hi)s
  LEFT JOIN etl.settled(%(lo)s, %(hi)s) AS d ON d.row_id = w.row_id
  LEFT JOIN etl.staging_partition p ON p.dropped_at IS NOT NULL AND w.row_id >= p.row_lo AND w.row_id < p.row_hi

-- name: unfinished_batches
SELECT w.batch_id, b.status FROM unnest(%(batches)s::bigint[]) AS w (batch_id) LEFT JOIN etl.batch b ON b.batch_id = w.batch_id
 WHERE b.status IS DISTINCT FROM 'done' ORDER BY w.batch_id

-- name: known
-- Whether anything is known by the names of a filter.
SELECT %(source)s::text IS NULL OR EXISTS (SELECT FROM etl.ledger l WHERE l.source = %(source)s),
       %(reason)s::text IS NULL OR EXISTS (SELECT FROM etl.reject j WHERE j.reason = %(reason)s)

-- name: slip_names
SELECT DISTINCT name FROM etl.slip ORDER BY name

-- name: settling_digests
-- By which versions the chosen rows were settled; null where they were rejected before one was chosen.
SELECT c.settled_digest, count(*) FROM etl.chosen(%(filter)s::jsonb, %(lo)s, %(hi)s) AS c GROUP BY c.settled_digest

-- name: order
INSERT INTO etl.replay (filter, version, rate, row_hi, rows_total)
VALUES (%(filter)s::jsonb, %(version)s, %(rate)s, %(row_hi)s, %(rows)s) RETURNING replay_id

-- name: ring
-- What wakes a daemon for staged rows wakes it for a replay.
SELECT pg_notify('etl_staged', '')

-- name: progress
-- One is worked at a time, the lowest first; one that was cancelled still seeks who wins what it has vacated.
SELECT r.replay_id, r.status, r.phase, r.version, r.filter, r.actor, r.rate, r.rows_total, r.rows_done, r.vacated, r.sought,
       r.found, r.problem, r.created_at, r.finished_at,
       CASE WHEN r.finished_at IS NULL THEN
           (SELECT min(q.replay_id) FROM etl.replay q
             WHERE q.replay_id < r.replay_id AND q.status <> 'done' AND q.finished_at IS NULL) END
  FROM etl.replay r WHERE r.replay_id = %(replay_id)s

-- name: open
SELECT replay_id FROM etl.replay WHERE status <> 'done' AND finished_at IS NULL ORDER BY replay_id

-- name: cancel
-- One that seeks and has a problem cannot end as it should: it ends all the same.
UPDATE etl.replay SET status = 'cancelled', abandoned = phase = 'seeking' AND problem IS NOT NULL,
       problem = CASE WHEN phase = 'seeking' THEN problem END
 WHERE replay_id = %(replay_id)s AND status = 'open' RETURNING replay_id

-- name: forget_rows
-- What was chosen and not yet claimed; what is claimed is finished. What is sought by then is sought to the end: identities would
-- stay without a row.
DELETE FROM etl.replay_row q USING etl.replay r
 WHERE q.replay_id = %(replay_id)s AND r.replay_id = q.replay_id AND r.phase = 'repeating'

-- name: end_at_once
-- Of one that has done nothing and of which nothing is claimed, nothing is left to be sought: no daemon is needed to end it. In one
-- snapshot, after its rows were forgotten: a claim that is given back is claimed or waits, and never neither.
UPDATE etl.replay r SET finished_at = clock_timestamp()
 WHERE r.replay_id = %(replay_id)s AND r.status = 'cancelled' AND r.finished_at IS NULL
   AND r.phase = 'repeating' AND r.rows_done = 0 AND r.vacated = 0
   AND NOT EXISTS (SELECT FROM etl.replay_row q WHERE q.replay_id = r.replay_id)
   AND NOT EXISTS (SELECT FROM etl.batch b WHERE b.status = 'claimed' AND b.replay_id = r.replay_id)
   AND NOT EXISTS (SELECT FROM etl.vacancy v WHERE v.replay_id = r.replay_id)

-- name: resume
UPDATE etl.replay SET problem = NULL WHERE replay_id = %(replay_id)s AND problem IS NOT NULL AND NOT abandoned

-- name: reopen
-- It has nothing to repeat, and turns to what it has vacated as if it had just been cancelled.
UPDATE etl.replay SET abandoned = false, finished_at = NULL, problem = NULL, phase = 'repeating', row_cursor = row_hi
 WHERE replay_id = %(replay_id)s AND abandoned AND finished_at IS NOT NULL

-- name: vacant
-- What a replay will not seek any more.
SELECT count(*) FROM etl.vacancy v JOIN etl.replay r ON r.replay_id = v.replay_id WHERE r.replay_id = %(replay_id)s AND r.abandoned

-- name: letters
-- What became of the rows: how many went from which outcome to which.
SELECT p.before, p.after, count(*)
  FROM etl.batch b, unnest(string_to_array(b.prior, NULL), string_to_array(b.outcomes, NULL)) AS p (before, after)
 WHERE b.replay_id = %(replay_id)s AND b.status = 'done' AND NOT b.seeking GROUP BY 1, 2 ORDER BY 1, 2

-- name: letters_closed
-- Dead letters of the rows' former batches that are replayed, and of whose rows nothing is rejected any more.
SELECT count(*) FROM etl.batch b, unnest(b.row_ids, b.prior_batches) AS p (row_id, batch_id)
  JOIN etl.reject j ON j.row_id = p.row_id AND j.batch_id = p.batch_id AND j.status = 'replayed'
 WHERE b.replay_id = %(replay_id)s AND b.status = 'done'
   AND NOT EXISTS (SELECT FROM etl.reject n WHERE n.row_id = p.row_id AND n.batch_id = b.batch_id)

-- name: may_serve
SELECT pg_has_role(session_user, 'etl_service', 'MEMBER')

-- name: stored_code
SELECT name, digest, files ->> 'steps.py' FROM etl.slip WHERE digest = ANY (%(digests)s) AND files ? 'steps.py' ORDER BY name, digest

-- name: span
-- Between which row ids everything lies that some versions have settled.
SELECT min(row_lo), max(row_hi) FROM etl.batch WHERE status = 'done' AND slip_digest = ANY (%(digests)s)
