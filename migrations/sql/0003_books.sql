-- The books: one row is found by index, a whole source in one pass; what was staged is counted as it comes; what was lost is enqueued.

-- A partition is counted piece by piece, or the ledger would count up to a whole one each time that it is asked.
ALTER TABLE etl.staging_partition
    ADD COLUMN passed_hi  bigint,                   -- exclusive: the rows that passed_xid and passed_by stand for
    ADD COLUMN counted_hi bigint,                   -- exclusive: the rows that are in etl.staging_count
    ADD COLUMN first_received_at timestamptz,       -- of these rows: when the first and the last of them was received
    ADD COLUMN last_received_at  timestamptz;
UPDATE etl.staging_partition SET passed_hi = row_hi WHERE passed_xid IS NOT NULL;
UPDATE etl.staging_partition p
   SET counted_hi = p.row_hi, (first_received_at, last_received_at) = (
           SELECT min(s.received_at), max(s.received_at) FROM etl.staging s WHERE s.row_id >= p.row_lo AND s.row_id < p.row_hi)
 WHERE p.sealed_at IS NOT NULL;

DROP FUNCTION etl.seal_staging_partitions();
CREATE FUNCTION etl.seal_staging_partitions(piece_rows bigint DEFAULT 20000) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used   bigint;
    called boolean;
    ready  record;
    sealed int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('etl.staging_partition', 0));
    SELECT last_value, is_called INTO used, called FROM etl.staging_row_id_seq;
    IF NOT called THEN used := 0; END IF;
    -- In order, and one a call: the ledger counts everything beyond the last counted row afresh.
    SELECT p.* INTO ready FROM etl.staging_partition p WHERE p.sealed_at IS NULL ORDER BY p.row_lo LIMIT 1;
    IF FOUND AND ready.passed_xid < pg_snapshot_xmin(pg_current_snapshot())
             AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.virtualtransaction = ANY (ready.passed_by)) THEN
        WITH piece AS (
            SELECT s.source, count(*) AS staged, min(s.received_at) AS first_at, max(s.received_at) AS last_at FROM etl.staging s
             WHERE s.row_id >= coalesce(ready.counted_hi, ready.row_lo) AND s.row_id < ready.passed_hi GROUP BY s.source
        ), counted AS (
            INSERT INTO etl.staging_count AS c (partition, source, staged)
            SELECT ready.name, d.source, d.staged FROM piece d
            ON CONFLICT (partition, source) DO UPDATE SET staged = c.staged + excluded.staged
        )
        UPDATE etl.staging_partition p
           SET counted_hi = ready.passed_hi, passed_xid = NULL, passed_by = NULL,
               sealed_at = CASE WHEN ready.passed_hi = p.row_hi THEN clock_timestamp() END,
               first_received_at = least(p.first_received_at, t.first_at), last_received_at = greatest(p.last_received_at, t.last_at)
          FROM (SELECT min(d.first_at) AS first_at, max(d.last_at) AS last_at FROM piece d) t
         WHERE p.name = ready.name;
        sealed := (ready.passed_hi = ready.row_hi)::int;
    END IF;
    -- Who has drawn a row id up to `used` and not ended yet is among these transactions: it had its lock before it drew.
    UPDATE etl.staging_partition p
       SET passed_hi = least(p.row_hi, used + 1), passed_xid = pg_current_xact_id(),
           passed_by = ARRAY(SELECT l.virtualtransaction FROM pg_locks l
                              WHERE l.relation = 'etl.staging'::regclass AND l.mode = 'RowExclusiveLock' AND l.granted
                                AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
     WHERE p.sealed_at IS NULL
       AND (p.row_hi <= used AND (p.passed_xid IS NULL OR p.passed_hi < p.row_hi)
            OR p.row_hi > used AND p.passed_xid IS NULL AND used + 1 - coalesce(p.counted_hi, p.row_lo) >= piece_rows
            -- Of a server from which this database was restored: here it would be waited for as long as that has run.
            OR p.passed_xid >= pg_snapshot_xmax(pg_current_snapshot()));
    RETURN sealed;
END $$;
REVOKE EXECUTE ON FUNCTION etl.seal_staging_partitions(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION etl.seal_staging_partitions(bigint) TO etl_service;

-- Staged rows that neither wait, are claimed nor settled: they came past the trigger, or what waited was deleted. They wait from
-- now on. In one statement's snapshot a row that did come by the trigger is in one of these places, for it goes from each to the
-- next in one statement; so none is enqueued that another transaction has claimed meanwhile, or gives back. Only a second repair
-- could enqueue what the first one has, once that is claimed: it waits here, and its statement begins after it.
-- What somebody puts into the inbox by hand meanwhile may begin where a run of ours would, or overlap one: that run is given up, and
-- what is lost is looked for once more.
CREATE FUNCTION etl.enqueue_lost(from_row bigint DEFAULT 0)
RETURNS TABLE (of_source text, enqueued bigint, first_row bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    mine        bigint[] := '{}';  -- first rows of the runs that were made
    before      bigint;
    refused     bigint;
    doubled     bigint[];
    found_rows  jsonb;
    touched     text[];
    part        record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'etl.enqueue_lost was called in a % transaction, and it must see what others have committed meanwhile: '
                        'call it under READ COMMITTED', current_setting('transaction_isolation');
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('etl.enqueue_lost', 0));
    LOOP
        SELECT coalesce(max(b.batch_id), 0) INTO before FROM etl.batch b;
        WITH lost AS (
            SELECT s.source, s.row_id, s.slip,
                   CASE WHEN pg_column_compression(s.payload) IS NULL THEN pg_column_size(s.payload)
                        ELSE pg_column_size(s.payload #> '{}') END AS bytes
              FROM etl.staging s
             WHERE s.row_id >= from_row
               AND NOT EXISTS (SELECT FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) AS u (row_id)
                                WHERE i.source = s.source AND u.row_id = s.row_id)
               AND NOT EXISTS (SELECT FROM (SELECT unnest(b.row_ids) AS row_id FROM etl.batch b
                                             WHERE b.status IN ('claimed', 'done') AND b.row_hi >= from_row) held
                                WHERE held.row_id = s.row_id)
            OFFSET 0
        ), run AS MATERIALIZED (                            -- as the trigger makes them
            SELECT o.source, min(o.row_id) AS row_id, count(*) AS rows, o.slip, sum(o.bytes) AS bytes
              FROM (SELECT m.*, row_number() OVER w AS no, sum(m.bytes) OVER w - m.bytes AS before FROM lost m
                    WINDOW w AS (PARTITION BY m.source, m.slip ORDER BY m.row_id ROWS UNBOUNDED PRECEDING)) o
             GROUP BY o.source, o.slip, o.row_id - o.no, (o.no - 1) / 500, o.before / 262144, o.bytes >= 262144
        ), made AS (
            INSERT INTO etl.inbox (source, row_id, rows, slip, bytes)
            SELECT r.source, r.row_id, r.rows, r.slip, r.bytes FROM run r ORDER BY r.source, r.row_id
            ON CONFLICT DO NOTHING
            RETURNING inbox.row_id
        )
        SELECT mine || ARRAY(SELECT m.row_id FROM made m), (SELECT count(*) FROM run) - (SELECT count(*) FROM made)
          INTO mine, refused;
        -- In a statement of its own, which sees what was put there meanwhile, and what of that is claimed already.
        SELECT coalesce(array_agg(DISTINCT o.first), '{}') INTO doubled
          FROM (SELECT i.row_id AS first, u.row_id FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) AS u (row_id)
                 WHERE i.row_id = ANY (mine)) o
          JOIN (SELECT u.row_id FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) AS u (row_id)
                 WHERE i.row_id <> ALL (mine)
                UNION ALL
                SELECT unnest(b.row_ids) FROM etl.batch b
                 WHERE b.batch_id > before AND b.status IN ('claimed', 'done') AND b.replay_id IS NULL) h ON h.row_id = o.row_id;
        DELETE FROM etl.inbox i WHERE i.row_id = ANY (doubled);
        mine := ARRAY(SELECT m FROM unnest(mine) AS u (m) WHERE m <> ALL (doubled));
        EXIT WHEN refused = 0 AND doubled = '{}';
    END LOOP;
    WITH made AS (
        SELECT i.source, i.row_id, i.rows FROM etl.inbox i WHERE i.row_id = ANY (mine)
    ), by_source AS (
        SELECT m.source, sum(m.rows) AS rows, min(m.row_id) AS first_row FROM made m GROUP BY m.source
    )
    SELECT (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.source) FROM by_source b),
           ARRAY(SELECT DISTINCT p.name FROM etl.staging_partition p, made m
                  WHERE m.row_id + m.rows > p.row_lo AND m.row_id < p.counted_hi)
      INTO found_rows, touched;
    IF found_rows IS NULL THEN
        RETURN;
    END IF;
    -- What came into a partition after it was counted is not in its count.
    IF cardinality(touched) > 0 THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('etl.staging_partition', 0));
        FOR part IN SELECT p.name, p.row_lo, p.counted_hi FROM etl.staging_partition p WHERE p.name = ANY (touched) LOOP
            INSERT INTO etl.staging_count AS c (partition, source, staged)
            SELECT part.name, s.source, count(*) FROM etl.staging s
             WHERE s.row_id >= part.row_lo AND s.row_id < part.counted_hi GROUP BY s.source
            ON CONFLICT (partition, source) DO UPDATE SET staged = excluded.staged;
            UPDATE etl.staging_partition p SET (first_received_at, last_received_at) = (
                SELECT min(s.received_at), max(s.received_at) FROM etl.staging s
                 WHERE s.row_id >= part.row_lo AND s.row_id < part.counted_hi)
             WHERE p.name = part.name;
        END LOOP;
    END IF;
    INSERT INTO etl.action (action, detail) VALUES ('audit repair', jsonb_build_object('enqueued', found_rows));
    PERFORM pg_notify('etl_staged', '');
    RETURN QUERY SELECT r.source, r.rows, r.first_row
                   FROM jsonb_to_recordset(found_rows) AS r (source text, rows bigint, first_row bigint) ORDER BY r.source;
END $$;
REVOKE EXECUTE ON FUNCTION etl.enqueue_lost(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION etl.enqueue_lost(bigint) TO etl_operator;

-- All of the books but what waits. What is asked of one source is pushed down to each part: under FULL JOIN … USING it stayed above them all.
CREATE VIEW etl.standing AS
WITH sealed AS (
    SELECT coalesce(max(counted_hi), 0) AS edge FROM etl.staging_partition
), part AS (
    SELECT c.source, c.staged, 0::bigint AS pruned, 0::bigint AS claimed, 0::bigint AS loaded, 0::bigint AS duplicate, 0::bigint AS skipped, 0::bigint AS rejected
      FROM etl.staging_count c
    UNION ALL
    SELECT p.source, 0, p.rows, 0, 0, 0, 0, 0 FROM etl.pruned p
    UNION ALL  -- counted from staging itself: what no transaction can add to once, the rest now
    SELECT s.source, count(*), 0, 0, 0, 0, 0, 0
      FROM etl.staging s  -- with the upper bound the planner takes it for a small range, and does not read the partition whole
     WHERE s.row_id BETWEEN (SELECT edge FROM sealed) AND 9223372036854775807 GROUP BY s.source
    UNION ALL
    -- What is not carried: a few ranges. With both bounds the planner takes each for a small one, and does not read all batches.
    SELECT b.source, 0, 0, b.claimed, b.loaded, b.duplicate, b.skipped, b.rejected
      FROM etl.uncarried u, LATERAL (
          SELECT b.source, coalesce(sum(cardinality(b.row_ids)) FILTER (WHERE b.status = 'claimed' AND b.replay_id IS NULL), 0) AS claimed,
                 coalesce(sum(etl.beyond_prior(b.loaded, b.prior, 'l')) FILTER (WHERE b.status = 'done'), 0) AS loaded,
                 coalesce(sum(etl.beyond_prior(b.duplicate, b.prior, 'd')) FILTER (WHERE b.status = 'done'), 0) AS duplicate,
                 coalesce(sum(etl.beyond_prior(b.skipped, b.prior, 's')) FILTER (WHERE b.status = 'done'), 0) AS skipped,
                 coalesce(sum(etl.beyond_prior(b.rejected, b.prior, 'r')) FILTER (WHERE b.status = 'done'), 0) AS rejected
            FROM etl.batch b WHERE b.batch_id BETWEEN u.batch_lo AND u.batch_hi GROUP BY b.source) b
    UNION ALL
    SELECT c.source, 0, 0, 0, c.loaded, c.duplicate, c.skipped, c.rejected FROM etl.carried c
)
SELECT source, sum(staged)::bigint AS staged, sum(claimed)::bigint AS claimed, sum(loaded)::bigint AS loaded,
       sum(duplicate)::bigint AS duplicate, sum(skipped)::bigint AS skipped, sum(rejected)::bigint AS rejected, sum(pruned)::bigint AS pruned
  FROM part GROUP BY source;
COMMENT ON VIEW etl.standing IS 'The books without what waits, which is as much work to count as there is of it.';
GRANT SELECT ON etl.standing TO etl_service, etl_operator;

CREATE OR REPLACE VIEW etl.ledger AS
WITH part AS (
    SELECT s.source, s.staged, 0::bigint AS pending, NULL::bigint AS oldest, s.claimed, s.loaded, s.duplicate, s.skipped, s.rejected, s.pruned
      FROM etl.standing s
    UNION ALL
    SELECT i.source, 0, sum(i.rows), min(i.row_id), 0, 0, 0, 0, 0, 0 FROM etl.inbox i GROUP BY i.source
), books AS (
    SELECT source, sum(staged)::bigint AS staged, sum(pending)::bigint AS pending, sum(claimed)::bigint AS claimed,
           sum(loaded)::bigint AS loaded, sum(duplicate)::bigint AS duplicate, sum(skipped)::bigint AS skipped,
           sum(rejected)::bigint AS rejected, sum(pruned)::bigint AS pruned, min(oldest) AS oldest
      FROM part GROUP BY source
)
SELECT source, staged, pending, claimed, loaded, duplicate, skipped, rejected, pruned,
       (SELECT g.received_at FROM etl.staging g WHERE g.row_id = oldest) AS oldest_pending_at,
       staged + pruned = pending + claimed + loaded + duplicate + skipped + rejected AS balanced
  FROM books;

-- Where a row is, claimed or settled: whichever batch it is, it is found by its range.
DROP INDEX etl.batch_by_row;
CREATE INDEX batch_by_row ON etl.batch USING gist (int8range(row_lo, row_hi, '[]')) WHERE status IN ('claimed', 'done');

-- By row_id: probes of the keys and of the range index; the run that a row waits in begins at most 499 ids before it. Of a whole
-- source: hash joins with the ids of its runs and with what its batches hold; a LATERAL with LIMIT would be run for each row.
-- What only few ask for (reason, message, items) is computed only where it is selected.
-- Of several batches that have settled a row the latest counts, and all but the first are of replays.
-- source || '': a row's batch is found by its range; by the index of sources all batches of its source would be read besides.
-- Ids are compared with ids, also of replays' batches: with "= ANY (n.row_ids)" each of a source's rows meets each of its replays' batches.
-- Seven relations: who joins one more is still within join_collapse_limit, beyond which the view would be computed whole.
CREATE OR REPLACE VIEW etl.row_status AS
SELECT s.row_id, s.source,
       CASE WHEN w.row_id IS NOT NULL THEN 'pending' WHEN h.status = 'claimed' THEN 'claimed'
            ELSE CASE h.letter WHEN 'l' THEN 'loaded' WHEN 'd' THEN 'duplicate' WHEN 's' THEN 'skipped' WHEN 'r' THEN 'rejected' END
       END AS status,
       h.batch_id, CASE WHEN w.row_id IS NOT NULL THEN w.slip ELSE h.slip END AS slip,
       CASE WHEN h.letter = 'r' THEN (SELECT j.reason FROM etl.reject j
             WHERE j.row_id = s.row_id AND j.batch_id = h.batch_id AND NOT j.item ORDER BY j.reject_id LIMIT 1) END AS reason,
       CASE WHEN h.letter = 'r' THEN (SELECT j.message FROM etl.reject j
             WHERE j.row_id = s.row_id AND j.batch_id = h.batch_id AND NOT j.item ORDER BY j.reject_id LIMIT 1) END AS message,
       (SELECT count(*) FROM etl.reject j
         WHERE j.row_id = s.row_id AND j.batch_id = h.batch_id AND j.item)::int AS rejected_items
  FROM etl.staging s
  LEFT JOIN (
      SELECT i.source, i.slip, i.row_id AS first, u.row_id
        FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) AS u (row_id)) w
    ON w.source = s.source AND w.row_id = s.row_id AND w.first BETWEEN s.row_id - 499 AND s.row_id
  LEFT JOIN (
      SELECT b.batch_id, b.slip, b.source || '' AS source, b.status, b.row_lo, b.row_hi, u.row_id, u.letter
        FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter)
       WHERE b.status IN ('claimed', 'done') AND (b.status = 'done' OR b.replay_id IS NULL)
         AND NOT EXISTS (SELECT FROM etl.batch n, unnest(n.row_ids) AS m (row_id)
                          WHERE n.status = 'done' AND n.replay_id IS NOT NULL AND n.source || '' = b.source AND m.row_id = u.row_id
                            AND int8range(n.row_lo, n.row_hi, '[]') && int8range(b.row_lo, b.row_hi, '[]')
                            AND (n.finished_at, n.batch_id) > (b.finished_at, b.batch_id))) h
    ON h.source = s.source AND h.row_id = s.row_id AND int8range(h.row_lo, h.row_hi, '[]') @> s.row_id;
