-- Retention: a partition of staging whose rows are all settled is dropped whole. What was counted of it stays in the books, as pruned.

-- What a partition's rows are still needed for; no row where they are not. By index, for it is asked while producers wait.
CREATE FUNCTION etl.staging_in_use(part text) RETURNS TABLE (why text, rows bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT u.why, u.rows FROM etl.staging_partition p, LATERAL (
        SELECT 'pending' AS why, (
            SELECT sum((SELECT sum(greatest(0, least(i.row_id + i.rows, p.row_hi) - greatest(i.row_id, p.row_lo))) FROM etl.inbox i
                         WHERE i.source = c.source AND i.row_id >= p.row_lo - 499 AND i.row_id < p.row_hi))  -- a run may begin before it
              FROM etl.staging_count c WHERE c.partition = p.name)::bigint AS rows
        UNION ALL
        SELECT 'claimed', (
            SELECT count(*) FROM etl.batch b, unnest(b.row_ids) AS d (row_id)
             WHERE b.status = 'claimed' AND d.row_id >= p.row_lo AND d.row_id < p.row_hi)
        UNION ALL
        SELECT 'replaying', (
            SELECT sum((SELECT count(*) FROM etl.replay_row q WHERE q.replay_id = r.replay_id AND q.source = c.source
                           AND q.row_id >= p.row_lo AND q.row_id < p.row_hi))
              FROM etl.replay r, etl.staging_count c WHERE r.finished_at IS NULL AND c.partition = p.name)::bigint
        UNION ALL
        -- A replay has taken rows away: who wins their identities now is looked for among all documents, in the order of their ids.
        SELECT 'sought', CASE WHEN EXISTS (
            SELECT FROM etl.replay r
             WHERE r.finished_at IS NULL AND NOT r.abandoned AND (r.phase = 'repeating' OR r.row_cursor < p.row_hi - 1 AND r.row_hi >= p.row_lo)
               AND EXISTS (SELECT FROM etl.vacancy v WHERE v.replay_id = r.replay_id))
            THEN (SELECT sum(c.staged) FROM etl.staging_count c WHERE c.partition = p.name)::bigint END
        UNION ALL
        SELECT 'rejected', (
            SELECT count(DISTINCT j.row_id) FROM etl.reject j
             WHERE j.status = 'open' AND j.row_id >= p.row_lo AND j.row_id < p.row_hi)) u
     WHERE p.name = part AND u.rows > 0;
END;
COMMENT ON FUNCTION etl.staging_in_use(text) IS
    'Rows of a partition of staging that wait, are claimed, are to be replayed or looked through by a replay, or are openly rejected.';

-- What does not add up in a partition; no row where all does. It reads the partition once, by its key.
CREATE FUNCTION etl.staging_at_odds(part text) RETURNS TABLE (why text, rows bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    p       etl.staging_partition;
    held    bigint;
    settled bigint;
    counted bigint;
BEGIN
    SELECT s.* INTO p FROM etl.staging_partition s WHERE s.name = part;
    IF p.sealed_at IS NULL THEN
        why := 'filling'; rows := NULL;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT count(*), count(d.row_id) INTO held, settled
      FROM etl.staging s
      LEFT JOIN (SELECT unnest(b.row_ids) AS row_id FROM etl.batch b
                  WHERE b.status IN ('claimed', 'done') AND b.replay_id IS NULL
                    AND int8range(b.row_lo, b.row_hi, '[]') && int8range(p.row_lo, p.row_hi)) d ON d.row_id = s.row_id
     WHERE s.row_id >= p.row_lo AND s.row_id < p.row_hi;
    SELECT coalesce(sum(c.staged), 0) INTO counted FROM etl.staging_count c WHERE c.partition = part;
    IF settled < held THEN
        why := 'unsettled'; rows := held - settled;
        RETURN NEXT;
    END IF;
    IF held <> counted THEN
        why := 'miscounted'; rows := abs(held - counted);
        RETURN NEXT;
    END IF;
END $$;
COMMENT ON FUNCTION etl.staging_at_odds(text) IS
    'Rows of a partition of staging that nobody has settled, or that are more or fewer than were counted; filling: it is not sealed.';

-- Drops a partition, unless its rows are still needed: then it says what for, and does nothing. It is one transaction: nobody ever
-- sees a partition that is half gone. DETACH CONCURRENTLY would take no such lock, but can be in no function, so only who owns
-- etl.staging could run it, and it leaves a partition half detached when it is interrupted.
CREATE FUNCTION etl.drop_staging_partition(part text, wait_ms int DEFAULT 100) RETURNS TABLE (why text, rows bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p etl.staging_partition;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'etl.drop_staging_partition was called in a % transaction, and it must see what others have committed '
                        'meanwhile: call it under READ COMMITTED', current_setting('transaction_isolation');
    END IF;
    -- Whoever comes behind us in the queue for staging waits as long as we do: producers too.
    PERFORM set_config('lock_timeout', least(greatest(wait_ms, 1), 1000)::text, true);
    PERFORM pg_advisory_xact_lock(hashtextextended('etl.retention', 0));
    SELECT s.* INTO p FROM etl.staging_partition s WHERE s.name = part;
    IF p.name IS NULL OR p.dropped_at IS NOT NULL THEN
        RETURN QUERY SELECT 'gone', NULL::bigint;
        RETURN;
    END IF;
    RETURN QUERY SELECT u.why, u.rows FROM etl.staging_in_use(part) u;
    IF FOUND THEN RETURN; END IF;
    RETURN QUERY SELECT o.why, o.rows FROM etl.staging_at_odds(part) o;
    IF FOUND THEN RETURN; END IF;
    LOCK TABLE ONLY etl.staging IN ACCESS EXCLUSIVE MODE;
    -- Once more: a dead letter may have been reopened meanwhile, a replay begun, or what bypassed the inbox enqueued.
    RETURN QUERY SELECT u.why, u.rows FROM etl.staging_in_use(part) u;
    IF FOUND THEN RETURN; END IF;
    EXECUTE format('DROP TABLE etl.%I', part);
    UPDATE etl.staging_partition s SET dropped_at = clock_timestamp() WHERE s.name = part;
    INSERT INTO etl.action (action, detail)
    SELECT 'prune', jsonb_build_object('partition', part, 'row_lo', p.row_lo, 'row_hi', p.row_hi - 1,
               'first_received_at', p.first_received_at, 'last_received_at', p.last_received_at,
               'rows', coalesce((SELECT jsonb_object_agg(c.source, c.staged) FROM etl.staging_count c WHERE c.partition = part), '{}'));
    WITH counted AS (
        DELETE FROM etl.staging_count c WHERE c.partition = part RETURNING c.source, c.staged
    )
    INSERT INTO etl.pruned AS gone (source, rows) SELECT c.source, c.staged FROM counted c
    ON CONFLICT (source) DO UPDATE SET rows = gone.rows + excluded.rows;
END $$;
REVOKE EXECUTE ON FUNCTION etl.staging_in_use(text), etl.staging_at_odds(text), etl.drop_staging_partition(text, int)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION etl.staging_in_use(text), etl.staging_at_odds(text), etl.drop_staging_partition(text, int)
    TO etl_service, etl_operator;
