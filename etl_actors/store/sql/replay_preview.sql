-- A dry run's own tables: of its session, in pg_temp, so that nothing is written that anybody else sees.

-- name: make_chosen
CREATE TEMP TABLE replay_chosen (
    row_id bigint PRIMARY KEY, source text NOT NULL, slip text, settled_digest text, letter text NOT NULL, after text NOT NULL DEFAULT 'd'
)

-- name: choose
-- Of too many a random share: neither the oldest nor the newest tell of all.
INSERT INTO pg_temp.replay_chosen (row_id, source, slip, settled_digest, letter)
SELECT c.row_id, c.source, c.slip, c.settled_digest, c.letter FROM etl.chosen(%(filter)s::jsonb, %(lo)s, %(hi)s) AS c
 ORDER BY random() LIMIT %(most)s

-- name: analyze_chosen
ANALYZE pg_temp.replay_chosen

-- name: chosen_groups
SELECT source, slip, settled_digest, array_agg(row_id ORDER BY row_id) FROM pg_temp.replay_chosen GROUP BY 1, 2, 3 ORDER BY 1, 2, 3

-- name: former_digests
SELECT DISTINCT settled_digest FROM pg_temp.replay_chosen WHERE letter IN ('l', 'd') AND settled_digest IS NOT NULL

-- name: settle
UPDATE pg_temp.replay_chosen SET after = %(letter)s WHERE row_id = ANY (%(row_ids)s)

-- name: outcomes
SELECT letter, after, count(*) FROM pg_temp.replay_chosen GROUP BY 1, 2 ORDER BY 1, 2

-- name: make_losers
-- Who may win what a chosen row lets go: documents that were settled and are not chosen themselves.
CREATE TEMP TABLE replay_loser (row_id bigint PRIMARY KEY, digest text NOT NULL, letter text NOT NULL)

-- name: find_losers
INSERT INTO pg_temp.replay_loser (row_id, digest, letter)
SELECT d.row_id, d.slip_digest, d.letter
  FROM etl.settled(1, (SELECT max(row_id) FROM etl.staging)) AS d JOIN etl.staging s ON s.row_id = d.row_id
 WHERE d.letter IN ('l', 'd') AND d.slip_digest = ANY (%(digests)s)
   AND NOT EXISTS (SELECT FROM pg_temp.replay_chosen c WHERE c.row_id = d.row_id)

-- name: some_losers
SELECT l.digest, array_agg(l.row_id ORDER BY l.row_id)
  FROM (SELECT * FROM pg_temp.replay_loser ORDER BY random() LIMIT %(most)s) AS l GROUP BY 1 ORDER BY 1

-- name: count_losers
SELECT count(*) FROM pg_temp.replay_loser
