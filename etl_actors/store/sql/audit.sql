-- The audit: each statement returns what is wrong, a row a finding: (how many, examples). Both sides are counted from data.

-- name: there
-- Which of some tables there are, and may be read, in their order.
SELECT coalesce(has_table_privilege(to_regclass(t.name), 'SELECT'), false) FROM unnest(%(tables)s::text[]) WITH ORDINALITY AS t (name, number) ORDER BY t.number

-- name: hold_staging
-- Before the snapshot is taken: a partition that retention drops after it would have had its rows, and they would not be there.
LOCK TABLE ONLY etl.staging IN ACCESS SHARE MODE

-- name: unbalanced
SELECT count(*), (array_agg(source ORDER BY source))[1:5]::text[] FROM etl.ledger WHERE NOT balanced

-- name: recounted
-- The ledger sums the batches' counts less what replays say was before; here each row's latest letter is counted.
WITH entry AS (
    SELECT b.source, b.batch_id, b.finished_at, u.row_id, u.letter
      FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter) WHERE b.status = 'done'
), again AS MATERIALIZED (  -- only what was settled more than once must be sorted
    SELECT DISTINCT u.row_id FROM etl.batch b, unnest(b.row_ids) AS u (row_id) WHERE b.status = 'done' AND b.replay_id IS NOT NULL
), counted AS (
    SELECT source, letter, sum(rows) AS rows FROM (
        SELECT e.source, e.letter, count(*) AS rows FROM entry e
         WHERE NOT EXISTS (SELECT FROM again a WHERE a.row_id = e.row_id) GROUP BY e.source, e.letter
        UNION ALL
        SELECT l.source, l.letter, count(*) FROM (
            SELECT DISTINCT ON (e.row_id) e.source, e.letter FROM entry e JOIN again a ON a.row_id = e.row_id
             ORDER BY e.row_id, e.finished_at DESC, e.batch_id DESC) l GROUP BY l.source, l.letter) c
     GROUP BY source, letter
), told AS (
    SELECT l.source, v.letter, v.outcome, v.rows FROM etl.ledger l, LATERAL (VALUES ('l', 'loaded', l.loaded),
           ('d', 'duplicate', l.duplicate), ('s', 'skipped', l.skipped), ('r', 'rejected', l.rejected)) AS v (letter, outcome, rows)
)
SELECT count(*), (array_agg(format('%%s %%s: %%s in the ledger, %%s rows', source, coalesce(t.outcome, letter), coalesce(t.rows, 0),
                                   coalesce(c.rows, 0)) ORDER BY source, letter))[1:5]
  FROM told t FULL JOIN counted c USING (source, letter) WHERE coalesce(t.rows, 0) <> coalesce(c.rows, 0)

-- name: recounted_since
-- The same of later rows, whose part of the ledger is made of letters: those of all batches less those that were before.
WITH entry AS (
    SELECT b.source, b.batch_id, b.finished_at, u.row_id, u.letter, u.prior
      FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL), string_to_array(b.prior, NULL)) AS u (row_id, letter, prior)
     WHERE b.status = 'done' AND b.row_hi >= %(from_row)s AND u.row_id >= %(from_row)s
), counted AS (
    SELECT l.source, l.letter, count(*) AS rows FROM (
        SELECT DISTINCT ON (e.row_id) e.source, e.letter FROM entry e ORDER BY e.row_id, e.finished_at DESC, e.batch_id DESC) l
     GROUP BY l.source, l.letter
), told AS (
    SELECT source, letter, sum(rows) AS rows FROM (
        SELECT e.source, e.letter, 1 AS rows FROM entry e
        UNION ALL SELECT e.source, e.prior, -1 FROM entry e WHERE e.prior IS NOT NULL) p
     GROUP BY source, letter
)
SELECT count(*), (array_agg(format('%%s %%s: %%s by the batches, %%s rows', source, letter, coalesce(t.rows, 0), coalesce(c.rows, 0))
                            ORDER BY source, letter))[1:5]
  FROM told t FULL JOIN counted c USING (source, letter) WHERE coalesce(t.rows, 0) <> coalesce(c.rows, 0)

-- name: sealed
-- What was counted once and for all, against a count of what is there now.
SELECT count(*), (array_agg(format('%%s %%s: %%s counted, %%s there', partition, source, coalesce(c.staged, 0), coalesce(h.held, 0))
                            ORDER BY partition, source))[1:5]
  FROM (SELECT k.partition, k.source, k.staged FROM etl.staging_count k JOIN etl.staging_partition p ON p.name = k.partition
         WHERE p.dropped_at IS NULL AND p.row_hi > %(from_row)s) c
  FULL JOIN (
        SELECT p.name AS partition, s.source, count(*) AS held
          FROM etl.staging s JOIN pg_class r ON r.oid = s.tableoid JOIN etl.staging_partition p ON p.name = r.relname
         WHERE s.row_id >= (SELECT coalesce(min(q.row_lo), 0) FROM etl.staging_partition q WHERE q.row_hi > %(from_row)s)
           AND s.row_id < p.counted_hi AND p.row_hi > %(from_row)s
         GROUP BY p.name, s.source) h USING (partition, source)
 WHERE coalesce(c.staged, 0) <> coalesce(h.held, 0)

-- name: by_hash
-- For the audit's transaction: every join is of whole tables, and how many ids unnest gives is what the planner guesses worst.
SELECT set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true)

-- name: nowhere
-- Staged, and yet neither waiting, claimed nor settled: it bypassed the trigger, or its inbox row was lost.
-- NOT IN would walk a list of all settled rows for each staged one, once they are too many for a hashed subplan; an anti-join
-- hashes them, to disk if need be.
SELECT count(*), (array_agg('row ' || s.row_id ORDER BY s.row_id))[1:5] FROM etl.staging s
 WHERE s.row_id >= %(from_row)s
   AND NOT EXISTS (SELECT FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) AS u (row_id)
                    WHERE i.source = s.source AND u.row_id = s.row_id)
   AND NOT EXISTS (
        SELECT FROM (SELECT unnest(b.row_ids) AS row_id FROM etl.batch b
                      WHERE b.status IN ('claimed', 'done') AND b.replay_id IS NULL AND b.row_hi >= %(from_row)s) held
         WHERE held.row_id = s.row_id)

-- name: twice
-- In more than one of: waiting, also in two runs that overlap, claimed, settled (replays aside, which are meant to come again).
SELECT count(*), (array_agg('row ' || row_id ORDER BY row_id))[1:5] FROM (
    SELECT row_id FROM (
        SELECT u.row_id FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) AS u (row_id) WHERE u.row_id >= %(from_row)s
        UNION ALL
        SELECT unnest(row_ids) FROM etl.batch
         WHERE status IN ('claimed', 'done') AND replay_id IS NULL AND row_hi >= %(from_row)s) held
     GROUP BY row_id HAVING count(*) > 1) doubled

-- name: phantom
-- Waiting or settled, and yet not staged, although no partition of its range was dropped.
SELECT count(*), (array_agg('row ' || held.row_id ORDER BY held.row_id))[1:5] FROM (
    SELECT u.row_id FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) AS u (row_id) WHERE u.row_id >= %(from_row)s
    UNION ALL
    SELECT unnest(row_ids) FROM etl.batch WHERE status IN ('claimed', 'done') AND row_hi >= %(from_row)s) held
 WHERE NOT EXISTS (SELECT FROM etl.staging s WHERE s.row_id = held.row_id)
   AND NOT EXISTS (SELECT FROM etl.staging_partition p
                    WHERE p.dropped_at IS NOT NULL AND held.row_id >= p.row_lo AND held.row_id < p.row_hi)

-- name: bounds
-- By its bounds a row's batch is found, and by its place among the ids its letter.
SELECT count(*), (array_agg('batch ' || batch_id ORDER BY batch_id))[1:5] FROM etl.batch
 WHERE status IN ('claimed', 'done') AND row_hi >= %(from_row)s
   AND ((row_lo, row_hi) IS DISTINCT FROM (row_ids[1], row_ids[cardinality(row_ids)])
        OR row_ids IS DISTINCT FROM ARRAY(SELECT DISTINCT u FROM unnest(row_ids) AS u ORDER BY u))

-- name: gained
-- A letter that was changed together with the counts: what the batch has added to its root table, and of its tombstones, is counted elsewhere.
-- Not of replays, which take rows away too, and count what they leave as it was among the loaded.
SELECT count(*), (array_agg('batch ' || batch_id ORDER BY batch_id))[1:5] FROM etl.batch
 WHERE status = 'done' AND replay_id IS NULL AND row_hi >= %(from_row)s
   AND loaded - replaced IS DISTINCT FROM coalesce((rows_added ->> target)::bigint, 0) + coalesce(
       (SELECT sum((rows_added ->> t.tombstones)::bigint) FROM unnest(%(roots)s::text[], %(tombstones)s::text[]) AS t (root, tombstones)
         WHERE t.root = target), 0)

-- name: skipped
SELECT count(*), (array_agg('batch ' || batch_id ORDER BY batch_id))[1:5] FROM etl.batch
 WHERE status = 'done' AND skipped > 0 AND row_hi >= %(from_row)s AND slip_digest = ANY (%(never)s::text[])

-- name: prior
-- Each row's batches in the order in which they settled it: what one says was before is what the one before says.
SELECT count(*), (array_agg('row ' || row_id ORDER BY row_id))[1:5] FROM (
    SELECT e.row_id, e.prior, e.prior_batch, lag(e.letter) OVER w AS before, lag(e.batch_id) OVER w AS before_batch
      FROM (SELECT b.batch_id, b.finished_at, u.row_id, u.letter, u.prior, u.prior_batch
              FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL), string_to_array(b.prior, NULL), b.prior_batches)
                                AS u (row_id, letter, prior, prior_batch)
             WHERE b.status = 'done' AND b.row_hi >= %(from_row)s AND u.row_id >= %(from_row)s) e
     WHERE EXISTS (SELECT FROM (SELECT unnest(n.row_ids) AS row_id FROM etl.batch n
                                 WHERE n.status = 'done' AND n.replay_id IS NOT NULL AND n.row_hi >= %(from_row)s) again
                    WHERE again.row_id = e.row_id)
    WINDOW w AS (PARTITION BY e.row_id ORDER BY e.finished_at, e.batch_id)) told
 WHERE (prior, prior_batch) IS DISTINCT FROM (before, before_batch)

-- name: repeats
SELECT count(*), (array_agg('row ' || q.row_id ORDER BY q.row_id))[1:5] FROM etl.replay_row q
 WHERE q.row_id >= %(from_row)s
   AND NOT EXISTS (SELECT FROM etl.batch b WHERE b.batch_id = q.batch_id AND b.status = 'done' AND q.row_id = ANY (b.row_ids))

-- name: vacant
SELECT count(*), (array_agg(v.target || ' ' || v.id || ' of replay ' || v.replay_id ORDER BY v.target, v.id))[1:5]
  FROM etl.vacancy v
  JOIN etl.replay r ON r.replay_id = v.replay_id WHERE r.finished_at IS NOT NULL

-- name: miscounted
-- The letters of a batch against its counts.
SELECT count(*), (array_agg('batch ' || batch_id ORDER BY batch_id))[1:5] FROM etl.batch
 WHERE status = 'done' AND row_hi >= %(from_row)s
   AND (loaded, duplicate, skipped, rejected) IS DISTINCT FROM (
        length(outcomes) - length(replace(outcomes, 'l', '')), length(outcomes) - length(replace(outcomes, 'd', '')),
        length(outcomes) - length(replace(outcomes, 's', '')), length(outcomes) - length(replace(outcomes, 'r', '')))

-- name: unexplained_rejects
-- A letter r without a dead letter, or a row's own dead letter where the row has another letter.
-- A batch may straddle the first row: of it too, only the rows from there on count.
SELECT count(*), (array_agg('row ' || coalesce(j.row_id, l.row_id) ORDER BY coalesce(j.row_id, l.row_id)))[1:5] FROM (
    SELECT b.batch_id, u.row_id FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter)
     WHERE b.status = 'done' AND b.rejected > 0 AND u.letter = 'r' AND b.row_hi >= %(from_row)s AND u.row_id >= %(from_row)s) l
  FULL JOIN (SELECT DISTINCT r.batch_id, r.row_id FROM etl.reject r WHERE r.row_id >= %(from_row)s AND NOT r.item) j
    ON j.batch_id = l.batch_id AND j.row_id = l.row_id
 WHERE j.row_id IS NULL OR (l.row_id IS NULL)

-- name: stray_items
-- A dead letter of an item whose row did not go on without it: it was rejected itself, or its batch did not settle it.
SELECT count(*), (array_agg('row ' || r.row_id ORDER BY r.row_id))[1:5] FROM etl.reject r
 WHERE r.item AND r.row_id >= %(from_row)s
   AND NOT EXISTS (SELECT FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter)
                    WHERE b.batch_id = r.batch_id AND b.status = 'done' AND u.row_id = r.row_id AND u.letter <> 'r')

-- name: foreign_rows
-- Rows of one source in a batch of another.
SELECT count(*), (array_agg('row ' || s.row_id ORDER BY s.row_id))[1:5]
  FROM (SELECT b.source, unnest(b.row_ids) AS row_id FROM etl.batch b
         WHERE b.status IN ('claimed', 'done') AND b.row_hi >= %(from_row)s) b
  JOIN etl.staging s ON s.row_id = b.row_id WHERE s.source <> b.source

-- name: rows_added
-- What finished batches say they have added, per table and version of a slip: the other side is a count of the table itself.
SELECT a.key, b.slip_digest, sum(a.value::bigint)::bigint FROM etl.batch b, jsonb_each_text(b.rows_added) a
 WHERE b.status = 'done' GROUP BY a.key, b.slip_digest ORDER BY a.key, b.slip_digest

-- name: table
-- Whether a table can be read, and its columns; no row: it is not there.
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = %(name)s

-- name: first_row_since
-- A row id is drawn after its transaction's begin, which is when its row was received. So no row that was received from then on
-- has an id below one that was claimed before: those need not be read to find the first.
SELECT s.row_id FROM etl.staging s
 WHERE s.received_at >= %(since)s
   AND s.row_id > (SELECT coalesce(max(b.row_hi), 0) FROM etl.batch b WHERE b.claimed_at < %(since)s)
 ORDER BY s.row_id LIMIT 1

-- name: enqueue_lost
SELECT of_source, enqueued, first_row FROM etl.enqueue_lost(%(from_row)s)

-- name: rows
SELECT count(*) FROM etl.staging WHERE row_id >= %(from_row)s

-- name: recounted_rows
-- What operators have taken as right, and what tables of a break-out had more (or less) when they were filled anew, per table: beyond what
-- finished batches had added.
SELECT a.detail ->> 'table', sum((a.detail ->> 'rows')::bigint)::bigint FROM etl.action a
 WHERE a.action IN ('audit recount', 'breakout refill') GROUP BY 1
