-- Why rows wait.

-- name: kept
-- Of every slip the active version, and those that daemons work by, which may be earlier ones.
SELECT name, digest, active, coalesce(files ->> 'slip.toml', '') FROM etl.slip
 WHERE active OR digest = ANY (%(digests)s::text[]) ORDER BY name, first_seen, digest

-- name: paused
SELECT source, coalesce(string_agg(nullif(reason, ''), '; ' ORDER BY pause_id), '') FROM etl.pause WHERE source IS NOT NULL GROUP BY source

-- name: pauses
SELECT source, slip, reason, actor, since FROM etl.pause ORDER BY pause_id
