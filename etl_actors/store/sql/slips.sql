-- Every slip that was ever in force, with all its files.

-- name: remember
INSERT INTO etl.slip (digest, name, files) VALUES (%(digest)s, %(name)s, %(files)s::jsonb)
ON CONFLICT (digest) DO UPDATE SET active = true WHERE NOT etl.slip.active

-- name: retire
UPDATE etl.slip SET active = false WHERE active AND name = %(name)s AND digest <> %(digest)s

-- name: all
SELECT digest, name, files FROM etl.slip ORDER BY first_seen, digest
