-- Every slip that was ever in force, with all its files.

-- name: remember
INSERT INTO etl.slip (digest, name, files) VALUES (%(digest)s, %(name)s, %(files)s::jsonb)
ON CONFLICT (digest) DO UPDATE SET active = true WHERE NOT etl.slip.active

-- name: retire
UPDATE etl.slip SET active = false WHERE active AND name = %(name)s AND digest <> %(digest)s

-- name: digests
-- Of a slip that breaks documents out also what names all its versions that differ in nothing but what was seen.
SELECT digest, name, CASE WHEN files ? 'evidence.json' THEN sha256(convert_to((files - 'evidence.json')::text, 'UTF8')) END
  FROM etl.slip ORDER BY first_seen, digest

-- name: files
SELECT digest, files FROM etl.slip WHERE digest = ANY (%(digests)s)

-- name: versions
-- Every version of every slip, the latest first, with how many documents its batches settled as loaded.
SELECT s.name, s.digest, s.active, s.first_seen, coalesce(c.loaded, 0) + coalesce(b.loaded, 0), greatest(c.finished_at, b.finished_at)
  FROM etl.slip s
  LEFT JOIN etl.carried_version c ON c.slip_digest = s.digest
  LEFT JOIN (SELECT n.slip_digest, sum(n.loaded)::bigint AS loaded, max(n.finished_at) AS finished_at
               FROM etl.uncarried u, LATERAL (
                    SELECT b.slip_digest, sum(b.loaded) AS loaded, max(b.finished_at) AS finished_at FROM etl.batch b
                     WHERE b.batch_id BETWEEN u.batch_lo AND u.batch_hi AND b.status = 'done' GROUP BY b.slip_digest) n
              GROUP BY n.slip_digest) b ON b.slip_digest = s.digest
 ORDER BY s.name, s.first_seen DESC, s.digest
