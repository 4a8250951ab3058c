-- The books.

-- name: ledger
SELECT source, staged, pending, claimed, loaded, duplicate, skipped, rejected, pruned, oldest_pending_at, balanced
  FROM etl.ledger ORDER BY source
