-- Dead letters, as the commands show and settle them; what is asked of them by filter is put together in store/rejects.py.

-- name: of_row
-- All that was ever rejected of a row, the latest first.
SELECT r.reject_id, r.row_id, b.source, r.batch_id, r.slip, r.slip_digest, r.stage, r.reason, r.message, r.detail, r.status,
       r.item, r.created_at
  FROM etl.reject r JOIN etl.batch b ON b.batch_id = r.batch_id
 WHERE r.row_id = %(row_id)s ORDER BY r.reject_id DESC LIMIT %(limit)s

-- name: by_id
SELECT r.reject_id, r.row_id, b.source, r.batch_id, r.slip, r.slip_digest, r.stage, r.reason, r.message, r.detail, r.status,
       r.item, r.created_at
  FROM etl.reject r JOIN etl.batch b ON b.batch_id = r.batch_id
 WHERE r.reject_id = ANY (%(ids)s) ORDER BY r.reject_id

-- name: private_slips
-- The versions that may have a private column; the escape could write the word in TOML too.
SELECT digest, name FROM etl.slip WHERE files::text ~ 'private|\\[uU]' ORDER BY first_seen, digest
