-- What operators have done, kept for good.

-- name: record
INSERT INTO etl.action (action, detail) VALUES (%(action)s, %(detail)s::jsonb)
