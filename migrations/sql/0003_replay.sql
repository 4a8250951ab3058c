-- Replays: rows that are settled are settled again, while their effect is what one load would have made.

-- Whether a replay's filter is one that etl.chosen can read: what it is asked is fixed when it is ordered, or a daemon could not go on.
CREATE FUNCTION etl.is_filter(filter jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN jsonb_typeof(filter) = 'object' AND (
        SELECT coalesce(bool_and(CASE
            WHEN f.key IN ('rows', 'batches') THEN jsonb_typeof(f.value) = 'array' AND (
                SELECT count(*) = count(v::bigint) FROM jsonb_array_elements_text(f.value) AS e (v))
            WHEN f.key IN ('source', 'slip', 'reason') THEN jsonb_typeof(f.value) = 'string'
            WHEN f.key IN ('since', 'until') THEN jsonb_typeof(f.value) = 'string'
                AND f.value #>> '{}' ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)$'
                AND (f.value #>> '{}')::timestamptz IS NOT NULL
            WHEN f.key = 'rejected' THEN jsonb_typeof(f.value) = 'boolean'
            ELSE false END), true)
          FROM jsonb_each(filter) AS f);
EXCEPTION WHEN data_exception THEN
    RETURN false;  -- 2026-02-30, or a number that is no id
END $$;

ALTER TABLE etl.replay
    ADD CHECK (etl.is_filter(filter)),
    ADD COLUMN actor      text NOT NULL DEFAULT session_user,
    ADD COLUMN version    text NOT NULL DEFAULT 'current' CHECK (version IN ('current', 'original')),
    ADD COLUMN rate       double precision CHECK (rate >= 0.001 AND rate < 'Infinity'),  -- rows a second at most; null: none
    ADD COLUMN phase      text NOT NULL DEFAULT 'repeating' CHECK (phase IN ('repeating', 'seeking')),
    ADD COLUMN row_hi     bigint NOT NULL DEFAULT 0,                                -- rows beyond it are not meant
    ADD COLUMN row_cursor bigint NOT NULL DEFAULT 0,                                -- up to here rows have been chosen, in this phase
    ADD COLUMN next_at    timestamptz NOT NULL DEFAULT '-infinity',                 -- before then no row is claimed: the rate
    ADD COLUMN vacated    bigint NOT NULL DEFAULT 0,                                -- identities that lost the row that had won them
    ADD COLUMN sought     bigint NOT NULL DEFAULT 0,                                -- rows parsed to find who wins those now
    ADD COLUMN found      bigint NOT NULL DEFAULT 0,                                -- of these, the rows that had one of them
    ADD COLUMN problem    text,                                                     -- why it does not go on
    ADD COLUMN abandoned  boolean NOT NULL DEFAULT false;                           -- cancelled, and could not seek: etl.vacancy stays
CREATE INDEX replay_open ON etl.replay (replay_id) WHERE status = 'open';
COMMENT ON COLUMN etl.replay.phase IS
    'repeating: the rows that the filter chooses; seeking: rows that had lost to what was removed are found by parsing them.';

ALTER TABLE etl.batch
    ADD COLUMN prior_batches bigint[],                              -- of a replay: which batch had settled each row, as row_ids
    ADD COLUMN seeking       boolean NOT NULL DEFAULT false,        -- only rows with a vacated identity are settled by it
    ADD CHECK ((replay_id IS NULL) = (prior_batches IS NULL)),
    ADD CHECK (status <> 'done' OR (replay_id IS NULL) = (prior IS NULL));
CREATE INDEX batch_of_replay ON etl.batch (replay_id, batch_id) WHERE replay_id IS NOT NULL;

-- What a replay has chosen and not yet claimed: a window of it, not all of it.
CREATE TABLE etl.replay_row (
    replay_id bigint NOT NULL,                                      -- no foreign key: a look-up a row, for what one statement writes
    source    text NOT NULL,
    row_id    bigint NOT NULL,
    slip      text,                                                 -- named by the row itself
    digest    text,                                                 -- the version that it is to be parsed by; null: the one in force
    batch_id  bigint NOT NULL,                                      -- that had settled it
    PRIMARY KEY (replay_id, source, row_id)
);

-- Identities whose row a replay has taken away or made weaker: another row may win them.
CREATE TABLE etl.vacancy (
    replay_id bigint NOT NULL REFERENCES etl.replay,
    target    text NOT NULL,                                        -- schema.name
    id        uuid NOT NULL,
    PRIMARY KEY (replay_id, target, id)
);

-- For an index: which rows gave columns to a row that many fill.
CREATE FUNCTION etl.givers(filled jsonb) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT array_agg(f.value::bigint) FROM pg_catalog.jsonb_each_text(filled) AS f);

-- Of the rows between two ids, both included, that are settled: by which batch last, under which version of a slip, and how.
CREATE FUNCTION etl.settled(lo bigint, hi bigint)
RETURNS TABLE (row_id bigint, source text, batch_id bigint, slip text, slip_digest text, letter text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
BEGIN ATOMIC
    SELECT DISTINCT ON (u.row_id) u.row_id, b.source, b.batch_id, b.slip, b.slip_digest, u.letter
      FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter)
     WHERE b.status = 'done' AND int8range(b.row_lo, b.row_hi, '[]') && int8range(lo, hi, '[]') AND u.row_id BETWEEN lo AND hi
     ORDER BY u.row_id, b.finished_at DESC, b.batch_id DESC;
END;

-- Of these, the rows that a replay's filter chooses. Its keys, all of which must hold: rows, batches (lists of ids), source,
-- slip, since, until (times of receipt), rejected (true: with an open dead letter of their last batch), reason (of that).
-- What is no longer retained in staging is not chosen: it cannot be parsed again. The last column is what the document weighs: whoever
-- does not ask for it does not have it reckoned.
CREATE FUNCTION etl.chosen(filter jsonb, lo bigint, hi bigint)
RETURNS TABLE (row_id bigint, source text, slip text, batch_id bigint, settled_slip text, settled_digest text, letter text, bytes bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
BEGIN ATOMIC
    -- A row that no version took has the digest of its batch all the same: another row's.
    SELECT d.row_id, d.source, s.slip, d.batch_id, d.slip,
           CASE WHEN d.letter <> 'r' OR NOT EXISTS (SELECT FROM etl.reject j
                                                     WHERE j.row_id = d.row_id AND j.batch_id = d.batch_id
                                                       AND j.stage IN ('stage', 'route')) THEN d.slip_digest END,
           d.letter,
           -- What is small is not taken apart to be weighed.
           CASE WHEN pg_column_compression(s.payload) IS NULL THEN pg_column_size(s.payload)
                WHEN pg_column_size(s.payload) < 20000 THEN 4 * pg_column_size(s.payload)
                ELSE pg_column_size(s.payload #> '{}') END
      FROM etl.settled(lo, hi) d JOIN etl.staging s ON s.row_id = d.row_id AND s.row_id BETWEEN lo AND hi
     WHERE (filter ->> 'source' IS NULL OR d.source = filter ->> 'source')
       AND (filter ->> 'slip' IS NULL OR d.slip = filter ->> 'slip')
       AND (filter ->> 'since' IS NULL OR s.received_at >= (filter ->> 'since')::timestamptz)
       AND (filter ->> 'until' IS NULL OR s.received_at < (filter ->> 'until')::timestamptz)
       AND (filter -> 'rows' IS NULL
            OR d.row_id IN (SELECT v::bigint FROM jsonb_array_elements_text(filter -> 'rows') AS r (v)))
       AND (filter -> 'batches' IS NULL
            OR d.row_id IN (SELECT unnest(b.row_ids) FROM etl.batch b
                             WHERE b.batch_id IN (SELECT v::bigint FROM jsonb_array_elements_text(filter -> 'batches') AS r (v))))
       AND (NOT coalesce((filter ->> 'rejected')::boolean, false)
            OR EXISTS (SELECT FROM etl.reject j
                        WHERE j.row_id = d.row_id AND j.batch_id = d.batch_id AND j.status = 'open'
                          AND (filter ->> 'reason' IS NULL OR j.reason = filter ->> 'reason')));
END;

GRANT SELECT ON etl.replay_row, etl.vacancy TO etl_service, etl_operator;
GRANT INSERT, UPDATE, DELETE ON etl.replay_row, etl.vacancy TO etl_service;
-- Who cancels a replay takes back what of it is not claimed.
GRANT DELETE ON etl.replay_row TO etl_operator;

-- A dry run keeps what it compares in temp tables.
DO $$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO etl_operator', current_database());
EXCEPTION WHEN insufficient_privilege THEN NULL;  -- PUBLIC has it unless somebody took it away
END $$;
