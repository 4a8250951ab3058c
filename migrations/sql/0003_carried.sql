-- Sums carried forward: batches are many and never fewer, and a batch that is done never changes. So what they have settled is added up
-- once and for all, and the books read these sums and the few batches that are not in them yet.

CREATE TABLE etl.carried (
    source    text PRIMARY KEY,
    loaded    bigint NOT NULL,
    duplicate bigint NOT NULL,
    skipped   bigint NOT NULL,
    rejected  bigint NOT NULL
);
COMMENT ON TABLE etl.carried IS 'Of the batches that are carried: their counts, less those that replays among them say were before.';
CREATE TABLE etl.carried_version (
    slip_digest text PRIMARY KEY,
    loaded      bigint NOT NULL,
    finished_at timestamptz                                 -- when the last of them was done
);
COMMENT ON TABLE etl.carried_version IS 'Of the batches that are carried: how many documents each version of a slip has loaded.';

-- What was counted of partitions that retention has dropped: there are more of them every day.
CREATE TABLE etl.pruned (
    source text PRIMARY KEY,
    rows   bigint NOT NULL
);
COMMENT ON TABLE etl.pruned IS 'How many rows of each source were in partitions of staging that are dropped.';

-- The batches that are not in these sums, as ranges of ids: all from some id on, and between those that are carried what was claimed then,
-- or not there yet: an id is drawn before its batch is seen. Whoever drew one held a lock on etl.batch (the identity has no cache, from
-- which one could be drawn without); when all who held one then have ended, what is not there never will be.
CREATE TABLE etl.uncarried (
    batch_lo bigint NOT NULL,
    batch_hi bigint NOT NULL,                               -- inclusive; of the last range the greatest that there is
    drawn_by text[],                                        -- the virtual transactions that had etl.batch when the range was made
    PRIMARY KEY (batch_lo, batch_hi),
    CHECK (batch_lo <= batch_hi)
);
COMMENT ON TABLE etl.uncarried IS 'Ranges of ids of the batches that are not in etl.carried.';
INSERT INTO etl.uncarried (batch_lo, batch_hi) VALUES (1, 9223372036854775807);
ANALYZE etl.uncarried;                                      -- of a table that nobody has looked at the planner expects hundreds of rows

CREATE FUNCTION etl.beyond_prior(rows int, prior text, letter text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN rows - coalesce(length(prior) - length(replace(prior, letter, '')), 0);
COMMENT ON FUNCTION etl.beyond_prior(int, text, text) IS 'How many more rows have an outcome by a batch than had it before.';

-- Adds batches that are done to the sums, and says how many; the newest are left, of which many are claimed. Who comes second has nothing to do.
CREATE FUNCTION etl.carry_batches(most int DEFAULT 10000, newest int DEFAULT 500) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    tail  CONSTANT bigint := 9223372036854775807;
    lo    bigint;
    upto  bigint;
    ended bigint[];
    moved bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'etl.carry_batches was called in a % transaction, and it must see what others have committed meanwhile: '
                        'call it under READ COMMITTED', current_setting('transaction_isolation');
    END IF;
    PERFORM FROM etl.uncarried u WHERE u.batch_hi = tail FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    -- What follows are statements of their own: each sees what was committed before it began, so also all that those have left which
    -- the one before found to have ended.
    SELECT u.batch_lo INTO lo FROM etl.uncarried u WHERE u.batch_hi = tail;
    SELECT least(max(n.batch_id), (SELECT max(b.batch_id) FROM etl.batch b) - newest) INTO upto
      FROM (SELECT b.batch_id FROM etl.batch b WHERE b.batch_id >= lo ORDER BY b.batch_id LIMIT most) n;
    IF upto < lo + newest THEN
        upto := NULL;                                       -- it is not worth it yet
    END IF;
    ended := ARRAY(SELECT u.batch_lo FROM etl.uncarried u
                    WHERE u.batch_hi < tail AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.virtualtransaction = ANY (u.drawn_by)));
    -- One statement: nobody sees a batch twice in the books, or not at all.
    WITH stretch AS MATERIALIZED (
        SELECT u.batch_lo, u.batch_hi, u.drawn_by, u.batch_lo = ANY (ended) AS ended FROM etl.uncarried u WHERE u.batch_hi < tail
        UNION ALL
        SELECT lo, upto, ARRAY(SELECT DISTINCT l.virtualtransaction FROM pg_locks l
                                WHERE l.relation = 'etl.batch'::regclass AND l.mode = 'RowExclusiveLock' AND l.granted
                                  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())), false
         WHERE upto IS NOT NULL
    ), past AS MATERIALIZED (
        SELECT s.batch_lo, b.* FROM stretch s, LATERAL (
            SELECT b.batch_id, b.status, b.source, b.slip_digest, b.finished_at, b.loaded AS all_loaded,
                   etl.beyond_prior(b.loaded, b.prior, 'l') AS loaded, etl.beyond_prior(b.duplicate, b.prior, 'd') AS duplicate,
                   etl.beyond_prior(b.skipped, b.prior, 's') AS skipped, etl.beyond_prior(b.rejected, b.prior, 'r') AS rejected
              FROM etl.batch b WHERE b.batch_id BETWEEN s.batch_lo AND s.batch_hi AND b.status <> 'claimed' OFFSET 0) b
    ), rest AS MATERIALIZED (                               -- what lies between them
        SELECT g.batch_lo, g.batch_hi, s.drawn_by
          FROM (SELECT e.batch_lo AS of, e.batch_id + 1 AS batch_lo,
                       lead(e.batch_id) OVER (PARTITION BY e.batch_lo ORDER BY e.batch_id) - 1 AS batch_hi
                  FROM (SELECT p.batch_lo, p.batch_id FROM past p
                        UNION ALL SELECT s.batch_lo, s.batch_lo - 1 FROM stretch s
                        UNION ALL SELECT s.batch_lo, s.batch_hi + 1 FROM stretch s) e) g
          JOIN stretch s ON s.batch_lo = g.of
         WHERE g.batch_lo <= g.batch_hi
           AND NOT (s.ended AND NOT EXISTS (SELECT FROM etl.batch b WHERE b.batch_id BETWEEN g.batch_lo AND g.batch_hi))
    ), removed AS (
        DELETE FROM etl.uncarried u
         WHERE u.batch_hi < tail AND NOT EXISTS (SELECT FROM rest r WHERE (r.batch_lo, r.batch_hi) = (u.batch_lo, u.batch_hi))
    ), kept AS (
        INSERT INTO etl.uncarried (batch_lo, batch_hi, drawn_by)
        SELECT r.batch_lo, r.batch_hi, r.drawn_by FROM rest r
         WHERE NOT EXISTS (SELECT FROM etl.uncarried u WHERE (u.batch_lo, u.batch_hi) = (r.batch_lo, r.batch_hi))
    ), advanced AS (
        UPDATE etl.uncarried u SET batch_lo = upto + 1 WHERE u.batch_hi = tail AND upto IS NOT NULL
    ), sums AS (
        INSERT INTO etl.carried AS c (source, loaded, duplicate, skipped, rejected)
        SELECT p.source, sum(p.loaded), sum(p.duplicate), sum(p.skipped), sum(p.rejected) FROM past p WHERE p.status = 'done' GROUP BY p.source
        ON CONFLICT (source) DO UPDATE SET loaded = c.loaded + excluded.loaded, duplicate = c.duplicate + excluded.duplicate,
               skipped = c.skipped + excluded.skipped, rejected = c.rejected + excluded.rejected
    ), versions AS (
        INSERT INTO etl.carried_version AS c (slip_digest, loaded, finished_at)
        SELECT p.slip_digest, sum(p.all_loaded), max(p.finished_at) FROM past p
         WHERE p.status = 'done' AND p.slip_digest IS NOT NULL GROUP BY p.slip_digest
        ON CONFLICT (slip_digest) DO UPDATE SET loaded = c.loaded + excluded.loaded,
               finished_at = greatest(c.finished_at, excluded.finished_at)
    )
    SELECT count(*) INTO moved FROM past;
    RETURN moved;
END $$;
COMMENT ON FUNCTION etl.carry_batches(int, int) IS
    'Adds batches that are done to etl.carried, so many at once at most, and leaves so many of the newest; returns how many it has passed.';

-- No statement of ours changes a batch that is done. If somebody does, it is taken out of the sums in the same transaction, and counted as
-- it stands until it is carried again.
CREATE FUNCTION etl.uncarry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM etl.uncarried u WHERE u.batch_hi = 9223372036854775807 FOR UPDATE;   -- nobody carries meanwhile
    IF EXISTS (SELECT FROM etl.uncarried u WHERE OLD.batch_id BETWEEN u.batch_lo AND u.batch_hi) THEN
        RETURN NULL;
    END IF;
    IF OLD.status = 'done' THEN
        UPDATE etl.carried c
           SET loaded = c.loaded - etl.beyond_prior(OLD.loaded, OLD.prior, 'l'),
               duplicate = c.duplicate - etl.beyond_prior(OLD.duplicate, OLD.prior, 'd'),
               skipped = c.skipped - etl.beyond_prior(OLD.skipped, OLD.prior, 's'),
               rejected = c.rejected - etl.beyond_prior(OLD.rejected, OLD.prior, 'r')
         WHERE c.source = OLD.source;
        UPDATE etl.carried_version c SET loaded = c.loaded - OLD.loaded WHERE c.slip_digest = OLD.slip_digest;
    END IF;
    INSERT INTO etl.uncarried (batch_lo, batch_hi) VALUES (OLD.batch_id, OLD.batch_id);
    RETURN NULL;
END $$;
CREATE TRIGGER batch_is_uncarried AFTER UPDATE OR DELETE ON etl.batch
    FOR EACH ROW WHEN (OLD.status <> 'claimed') EXECUTE FUNCTION etl.uncarry();

CREATE FUNCTION etl.uncarry_all() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM etl.uncarried;
    INSERT INTO etl.uncarried (batch_lo, batch_hi) VALUES (1, 9223372036854775807);
    DELETE FROM etl.carried;
    DELETE FROM etl.carried_version;
    RETURN NULL;
END $$;
CREATE TRIGGER batches_are_uncarried AFTER TRUNCATE ON etl.batch FOR EACH STATEMENT EXECUTE FUNCTION etl.uncarry_all();

GRANT SELECT ON etl.carried, etl.carried_version, etl.uncarried, etl.pruned TO etl_service, etl_operator;
REVOKE EXECUTE ON FUNCTION etl.carry_batches(int, int), etl.uncarry(), etl.uncarry_all() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION etl.carry_batches(int, int) TO etl_service;
