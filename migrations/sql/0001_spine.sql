-- The spine: staging, inbox, batches, rejects, the books, and who may touch them.
-- Sent as one text without parameters, in one transaction, under the migration's advisory lock.

-- Staging ---------------------------------------------------------------------------------------------------------------

-- Domains where producers insert: the text of a table's own CHECK is parsed and planned at each statement, 3 µs of a commit's 80.
CREATE DOMAIN etl.source_name AS text CHECK (VALUE <> '' AND octet_length(VALUE) <= 255);
CREATE DOMAIN etl.run_rows AS int CHECK (VALUE BETWEEN 1 AND 500);

CREATE TABLE etl.staging (
    row_id      bigint GENERATED ALWAYS AS IDENTITY,
    source      etl.source_name NOT NULL,
    payload     jsonb NOT NULL,
    slip        text,
    trace       text,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (row_id)
) PARTITION BY RANGE (row_id);
COMMENT ON TABLE etl.staging IS 'What producers insert: one JSON document a row, immutable, in the order of row_id.';

-- A partition is sealed once no transaction can add to it any more; then its rows are counted once and for all.
CREATE TABLE etl.staging_partition (
    name       text PRIMARY KEY,
    row_lo     bigint NOT NULL,
    row_hi     bigint NOT NULL,                 -- exclusive
    passed_xid xid8,                            -- the first transaction id that was seen after the identity had passed row_hi
    passed_by  text[],                          -- the virtual transactions that were inserting then: a row id is drawn before
                                                -- its transaction has an id, and a slow expression keeps it so for long
    sealed_at  timestamptz,
    dropped_at timestamptz
);
CREATE TABLE etl.staging_count (
    partition text NOT NULL REFERENCES etl.staging_partition (name),
    source    text NOT NULL,
    staged    bigint NOT NULL,
    PRIMARY KEY (partition, source)
);

CREATE FUNCTION etl.add_staging_partitions(partition_rows bigint, ahead int DEFAULT 2) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used   bigint;
    edge   bigint;
    made   int := 0;
    called boolean;
    part   text;
BEGIN
    -- Several daemons call this: the second waits, then finds the work done.
    PERFORM pg_advisory_xact_lock(hashtextextended('etl.staging_partition', 0));
    SELECT last_value, is_called INTO used, called FROM etl.staging_row_id_seq;
    IF NOT called THEN used := 0; END IF;
    SELECT coalesce(max(row_hi), 1) INTO edge FROM etl.staging_partition;
    WHILE edge <= used + ahead * partition_rows + 1 LOOP
        part := format('staging_%s', lpad(edge::text, 19, '0'));
        -- EXCLUDING IDENTITY: servers from 17 on refuse to attach a table that has an identity of its own.
        EXECUTE format('CREATE TABLE etl.%I (LIKE etl.staging INCLUDING ALL EXCLUDING IDENTITY)', part);
        EXECUTE format('ALTER TABLE etl.staging ATTACH PARTITION etl.%I FOR VALUES FROM (%s) TO (%s)',
                       part, edge, edge + partition_rows);
        INSERT INTO etl.staging_partition (name, row_lo, row_hi) VALUES (part, edge, edge + partition_rows);
        edge := edge + partition_rows;
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION etl.seal_staging_partitions() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used   bigint;
    ready  record;
    sealed int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('etl.staging_partition', 0));
    SELECT last_value INTO used FROM etl.staging_row_id_seq;
    UPDATE etl.staging_partition
       SET passed_xid = pg_current_xact_id(),
           passed_by = ARRAY(SELECT l.virtualtransaction FROM pg_locks l
                              WHERE l.relation = 'etl.staging'::regclass AND l.mode = 'RowExclusiveLock' AND l.granted
                                AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
     WHERE passed_xid IS NULL AND row_hi <= used;
    -- In order, and one a call: the ledger counts everything beyond the last sealed partition afresh.
    SELECT p.name, p.row_lo, p.row_hi INTO ready FROM etl.staging_partition p
     WHERE p.sealed_at IS NULL ORDER BY p.row_lo LIMIT 1;
    IF FOUND AND EXISTS (SELECT FROM etl.staging_partition p
                          WHERE p.name = ready.name AND p.passed_xid < pg_snapshot_xmin(pg_current_snapshot())
                            AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.virtualtransaction = ANY (p.passed_by))) THEN
        INSERT INTO etl.staging_count (partition, source, staged)
        SELECT ready.name, s.source, count(*) FROM etl.staging s
         WHERE s.row_id >= ready.row_lo AND s.row_id < ready.row_hi GROUP BY s.source;
        UPDATE etl.staging_partition SET sealed_at = clock_timestamp() WHERE name = ready.name;
        sealed := 1;
    END IF;
    RETURN sealed;
END $$;

CREATE FUNCTION etl.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of etl.staging are immutable: % is refused', TG_OP
        USING HINT = 'Insert the new document as a new row; retention removes old partitions.';
END $$;
CREATE TRIGGER staging_is_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON etl.staging
    FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_change();

-- Inbox: what waits, and nothing else -------------------------------------------------------------------------------------

-- A row stands for a run: consecutive row ids of one source that name one slip, or none. Runs of one source never overlap. To
-- claim 2,000 rows one by one costs as much as a sixth of all that is done for them; as four runs, next to nothing.
CREATE TABLE etl.inbox (
    source text NOT NULL,
    row_id bigint NOT NULL,                     -- the first; the others are those that follow it
    rows   etl.run_rows NOT NULL DEFAULT 1,     -- bounded: whose run a row is in lies at most 499 ids before it
    slip   text,
    bytes  int NOT NULL,                        -- of all of them
    PRIMARY KEY (source, row_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 200000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 200000);

CREATE TABLE etl.daemon (
    node         bigint GENERATED ALWAYS AS IDENTITY,       -- unique so; to prove it an index would read every version of a row at each beat
    name         text NOT NULL,                             -- host:pid
    version      text NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    asleep_until timestamptz NOT NULL DEFAULT '-infinity'
);
-- Who has beaten lately, and who sleeps: by an index one does not meet all that a daemon ever was while a long transaction keeps
-- that from vacuum.
CREATE INDEX daemon_by_beat ON etl.daemon (beat_at);
CREATE INDEX daemon_asleep ON etl.daemon (asleep_until);

-- Until when somebody sleeps, in microseconds since 1970; 0 where nobody does. Every statement of a producer looks: a sequence's last value is
-- there without a plan (1 µs; an index of a table 5), has no dead versions, and is the same in every snapshot.
CREATE SEQUENCE etl.doorbell MINVALUE 0;

CREATE FUNCTION etl.set_doorbell() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET lock_timeout = '1s' AS $$
DECLARE
    lowers boolean;
    until  bigint;
BEGIN
    -- One after the other: a daemon that wakes would hide one that falls asleep meanwhile. The lock is held until the commit, and the
    -- statement after it sees what whoever had it has written. Too high, the value makes producers ring in vain until then, and no more: so it is
    -- not lowered by what may be rolled back (somebody's DELETE), what sees not all (an old snapshot), or beside a transaction that stays open.
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('etl.doorbell', 0));
        lowers := TG_OP = 'UPDATE' AND current_setting('transaction_isolation') = 'read committed';
    EXCEPTION WHEN lock_not_available THEN
        lowers := false;
    END;
    SELECT extract(epoch FROM d.asleep_until) * 1000000 INTO until FROM etl.daemon d
     WHERE d.asleep_until > statement_timestamp() ORDER BY d.asleep_until DESC LIMIT 1;
    until := coalesce(until, 0);
    PERFORM setval('etl.doorbell', CASE WHEN lowers THEN until ELSE greatest(until, pg_sequence_last_value('etl.doorbell')) END);
    RETURN NULL;
END $$;
CREATE TRIGGER daemon_sets_doorbell AFTER INSERT OR DELETE OR UPDATE OF asleep_until ON etl.daemon
    FOR EACH STATEMENT EXECUTE FUNCTION etl.set_doorbell();

-- A login that stands here may feed only the sources named for it.
CREATE TABLE etl.producer_source (
    role   name NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (role, source)
);
-- Tells, as quickly as the doorbell, whether anybody ever stood there. ALWAYS: rows that a replica applies count too.
CREATE SEQUENCE etl.producers_held;
CREATE FUNCTION etl.hold_producers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM setval('etl.producers_held', 1);
    RETURN NULL;
END $$;
CREATE TRIGGER producer_source_holds AFTER INSERT OR UPDATE ON etl.producer_source FOR EACH ROW EXECUTE FUNCTION etl.hold_producers();
ALTER TABLE etl.producer_source ENABLE ALWAYS TRIGGER producer_source_holds;

CREATE FUNCTION etl.enqueue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    foreign_source text;
BEGIN
    -- A producer that commits row by row pays for each query here (2 µs of its 80) and for each table in it (4): one query is all, of one table.
    IF pg_sequence_last_value('etl.producers_held') IS NOT NULL THEN
        SELECT n.source INTO foreign_source FROM new_rows n
         WHERE EXISTS (SELECT FROM etl.producer_source p WHERE p.role = session_user)
           AND NOT EXISTS (SELECT FROM etl.producer_source p WHERE p.role = session_user AND p.source = n.source) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'role % may not feed source "%"', session_user, foreign_source
                USING ERRCODE = 'insufficient_privilege', HINT = 'An operator allows it in etl.producer_source.';
        END IF;
    END IF;
    -- What INSERT … SELECT takes from a table may still be compressed: 20 MB would count as 0.2 MB, and a parser has the 20. #> '{}' is the
    -- document itself, no longer compressed; its text may be more than PostgreSQL can put together.
    -- A statement of few rows, as most producers send it, is spared what finds runs: it costs more than they would.
    INSERT INTO etl.inbox (source, row_id, slip, bytes)
    SELECT n.source, n.row_id, n.slip,
           CASE WHEN pg_column_compression(n.payload) IS NULL THEN pg_column_size(n.payload)
                ELSE pg_column_size(n.payload #> '{}') END
      FROM new_rows n WHERE NOT EXISTS (SELECT FROM new_rows OFFSET 8);
    IF NOT FOUND THEN
        -- row_id - no is the same for ids that follow one another. A run ends with its 500th row, and with the row that makes it
        -- 256 kB; a document of that size is alone. OFFSET 0: the payloads would be sorted with their rows.
        INSERT INTO etl.inbox (source, row_id, rows, slip, bytes)
        SELECT o.source, min(o.row_id), count(*), o.slip, sum(o.bytes)
          FROM (SELECT m.*, row_number() OVER w AS no, sum(m.bytes) OVER w - m.bytes AS before
                  FROM (SELECT n.source, n.row_id, n.slip,
                               CASE WHEN pg_column_compression(n.payload) IS NULL THEN pg_column_size(n.payload)
                                    ELSE pg_column_size(n.payload #> '{}') END AS bytes
                          FROM new_rows n OFFSET 0) m
                WINDOW w AS (PARTITION BY m.source, m.slip ORDER BY m.row_id ROWS UNBOUNDED PRECEDING)) o
         GROUP BY o.source, o.slip, o.row_id - o.no, (o.no - 1) / 500, o.before / 262144, o.bytes >= 262144;
    END IF;
    -- NOTIFY makes commits queue for one lock (5,700 commits a second where 13,900 pass without), so ring only for a sleeper. The rows have
    -- given their transaction its id already: a daemon that falls asleep after this look waits for it.
    IF to_timestamp(pg_sequence_last_value('etl.doorbell') / float8 '1e6') > clock_timestamp() THEN
        PERFORM pg_notify('etl_staged', '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER staging_enqueues AFTER INSERT ON etl.staging
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.enqueue();

-- Batches: the unit of lease, attempt, count and replay --------------------------------------------------------------------

CREATE TABLE etl.replay (
    replay_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    filter      jsonb NOT NULL,
    status      text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'done', 'cancelled')),
    rows_total  bigint,
    rows_done   bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);

CREATE SEQUENCE etl.lease_token;
CREATE TABLE etl.batch (
    batch_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL,
    slip        text,
    slip_digest text,
    target      text,                                       -- the root table, schema.name
    row_ids     bigint[] NOT NULL CHECK (cardinality(row_ids) > 0),
    row_lo      bigint NOT NULL,
    row_hi      bigint NOT NULL,
    bytes       bigint NOT NULL,
    outcomes    text,                                       -- a letter a row, in the order of row_ids: l d s r
    prior       text,                                       -- the letters before a replay
    status      text NOT NULL DEFAULT 'claimed' CHECK (status IN ('claimed', 'done', 'released')),
    owner       bigint NOT NULL,                            -- etl.daemon.node
    lease_token bigint NOT NULL DEFAULT nextval('etl.lease_token'),
    attempt     int NOT NULL DEFAULT 1,
    claimed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    loaded      int NOT NULL DEFAULT 0,
    duplicate   int NOT NULL DEFAULT 0,
    skipped     int NOT NULL DEFAULT 0,
    rejected    int NOT NULL DEFAULT 0,
    differing   int NOT NULL DEFAULT 0,                     -- of the duplicates: those whose values were not the winner's
    replaced    int NOT NULL DEFAULT 0,                     -- of the loaded: those that took the place of an earlier row
    rows_added  jsonb NOT NULL DEFAULT '{}',                -- per target table: rows inserted less rows deleted
    replay_id   bigint REFERENCES etl.replay,
    parent_id   bigint,                                     -- the batch this one was split or bisected from
    CHECK (status <> 'done' OR (length(outcomes) = cardinality(row_ids)
                                AND loaded + duplicate + skipped + rejected = cardinality(row_ids)))
);
-- pglz would halve them, for 0.7 µs a row: more than all the rest of a claim.
ALTER TABLE etl.batch ALTER COLUMN row_ids SET STORAGE EXTERNAL;
CREATE INDEX batch_claimed ON etl.batch (batch_id) WHERE status = 'claimed';
CREATE INDEX batch_by_row ON etl.batch USING gist (int8range(row_lo, row_hi, '[]')) WHERE status = 'done';
CREATE INDEX batch_by_source ON etl.batch (source, batch_id);

CREATE TABLE etl.reject (
    reject_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    row_id      bigint NOT NULL,
    batch_id    bigint NOT NULL REFERENCES etl.batch,
    slip        text,
    slip_digest text,
    stage       text NOT NULL CHECK (stage IN ('stage', 'route', 'parse', 'map', 'load')),
    reason      text NOT NULL,
    message     text NOT NULL,
    detail      jsonb NOT NULL DEFAULT '{}',
    status      text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replayed', 'discarded')),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX reject_by_row ON etl.reject (row_id);
CREATE INDEX reject_by_batch ON etl.reject (batch_id);

CREATE TABLE etl.slip (
    digest     text PRIMARY KEY,
    name       text NOT NULL,
    files      jsonb NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    active     boolean NOT NULL DEFAULT true
);
CREATE INDEX slip_by_name ON etl.slip (name);
-- A slip that breaks documents out has a version for each growth, thousands in time: one of them is active, and one was written.
CREATE INDEX slip_active ON etl.slip (name, first_seen) WHERE active;
CREATE INDEX slip_written ON etl.slip (digest) WHERE NOT files ? 'evidence.json';

CREATE TABLE etl.action (
    action_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor     text NOT NULL DEFAULT session_user,
    action    text NOT NULL,
    detail    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX action_by_kind ON etl.action (action, action_id);
CREATE TABLE etl.schema_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    target    text NOT NULL,
    statement text NOT NULL,
    slip      text,
    status    text NOT NULL CHECK (status IN ('planned', 'made', 'refused'))
);
CREATE TABLE etl.pause (
    pause_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source   text,
    slip     text,
    reason   text NOT NULL DEFAULT '',
    actor    text NOT NULL DEFAULT session_user,
    since    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (num_nonnulls(source, slip) = 1)
);
CREATE INDEX pause_by_source ON etl.pause (source);

-- The books -----------------------------------------------------------------------------------------------------------------

CREATE VIEW etl.ledger AS
WITH sealed AS (
    SELECT coalesce(max(row_hi), 0) AS edge FROM etl.staging_partition WHERE sealed_at IS NOT NULL
), staged AS (  -- counted from staging itself: sealed partitions once, the rest now
    SELECT source, sum(staged)::bigint AS staged, sum(pruned)::bigint AS pruned FROM (
        SELECT c.source, CASE WHEN p.dropped_at IS NULL THEN c.staged ELSE 0 END AS staged,
               CASE WHEN p.dropped_at IS NULL THEN 0 ELSE c.staged END AS pruned
          FROM etl.staging_count c JOIN etl.staging_partition p ON p.name = c.partition
        UNION ALL
        SELECT s.source, count(*), 0 FROM etl.staging s WHERE s.row_id >= (SELECT edge FROM sealed) GROUP BY s.source
    ) counted GROUP BY source
), waiting AS (
    SELECT source, sum(rows) AS pending, min(row_id) AS oldest FROM etl.inbox GROUP BY source
), settled AS (
    SELECT source,
           sum(cardinality(row_ids)) FILTER (WHERE status = 'claimed' AND replay_id IS NULL) AS claimed,
           sum(loaded - coalesce(length(prior) - length(replace(prior, 'l', '')), 0)) FILTER (WHERE status = 'done') AS loaded,
           sum(duplicate - coalesce(length(prior) - length(replace(prior, 'd', '')), 0)) FILTER (WHERE status = 'done') AS duplicate,
           sum(skipped - coalesce(length(prior) - length(replace(prior, 's', '')), 0)) FILTER (WHERE status = 'done') AS skipped,
           sum(rejected - coalesce(length(prior) - length(replace(prior, 'r', '')), 0)) FILTER (WHERE status = 'done') AS rejected
      FROM etl.batch GROUP BY source
), books AS (
    SELECT source, coalesce(s.staged, 0) AS staged, coalesce(w.pending, 0) AS pending,
           coalesce(b.claimed, 0)::bigint AS claimed, coalesce(b.loaded, 0)::bigint AS loaded,
           coalesce(b.duplicate, 0)::bigint AS duplicate, coalesce(b.skipped, 0)::bigint AS skipped,
           coalesce(b.rejected, 0)::bigint AS rejected, coalesce(s.pruned, 0) AS pruned,
           (SELECT g.received_at FROM etl.staging g WHERE g.row_id = w.oldest) AS oldest_pending_at
      FROM staged s FULL JOIN waiting w USING (source) FULL JOIN settled b USING (source)
)
SELECT source, staged, pending, claimed, loaded, duplicate, skipped, rejected, pruned, oldest_pending_at,
       staged + pruned = pending + claimed + loaded + duplicate + skipped + rejected AS balanced
  FROM books;

CREATE VIEW etl.row_status AS
SELECT s.row_id, s.source,
       CASE WHEN w.row_id IS NOT NULL THEN 'pending'
            WHEN c.batch_id IS NOT NULL THEN 'claimed'
            ELSE CASE d.letter WHEN 'l' THEN 'loaded' WHEN 'd' THEN 'duplicate' WHEN 's' THEN 'skipped' WHEN 'r' THEN 'rejected' END
       END AS status,
       coalesce(c.batch_id, d.batch_id) AS batch_id,
       CASE WHEN w.row_id IS NOT NULL THEN w.slip WHEN c.batch_id IS NOT NULL THEN c.slip ELSE d.slip END AS slip,
       r.reason, r.message
  FROM etl.staging s
  LEFT JOIN etl.inbox w ON w.source = s.source AND s.row_id BETWEEN w.row_id AND w.row_id + w.rows - 1
  LEFT JOIN LATERAL (
      SELECT b.batch_id, b.slip FROM etl.batch b
       WHERE b.status = 'claimed' AND b.replay_id IS NULL AND s.row_id BETWEEN b.row_lo AND b.row_hi
         AND s.row_id = ANY (b.row_ids) LIMIT 1) c ON true
  LEFT JOIN LATERAL (
      SELECT b.batch_id, b.slip, substr(b.outcomes, array_position(b.row_ids, s.row_id), 1) AS letter FROM etl.batch b
       WHERE b.status = 'done' AND int8range(b.row_lo, b.row_hi, '[]') @> s.row_id AND s.row_id = ANY (b.row_ids)
       ORDER BY b.finished_at DESC, b.batch_id DESC LIMIT 1) d ON true
  LEFT JOIN LATERAL (
      SELECT j.reason, j.message FROM etl.reject j
       WHERE j.row_id = s.row_id AND j.batch_id = d.batch_id ORDER BY j.reject_id LIMIT 1) r ON d.letter = 'r';
