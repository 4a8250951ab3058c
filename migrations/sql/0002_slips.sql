-- Slips in force, per daemon; rejects of single items. The roles' rights on these tables hold for new columns too.

ALTER TABLE etl.daemon ADD COLUMN slips jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN etl.daemon.slips IS 'The slips that the daemon works by: name → {digest; where the folder''s version cannot be used: problem}.';

ALTER TABLE etl.reject ADD COLUMN item boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN etl.reject.item IS 'Only an item of the row was refused (on_error = "item"): the row itself was not rejected.';

-- A rejected row's reason is that of the row's own reject; how many of its items were refused alone is told of any row.
CREATE OR REPLACE VIEW etl.row_status AS
SELECT s.row_id, s.source,
       CASE WHEN w.row_id IS NOT NULL THEN 'pending'
            WHEN c.batch_id IS NOT NULL THEN 'claimed'
            ELSE CASE d.letter WHEN 'l' THEN 'loaded' WHEN 'd' THEN 'duplicate' WHEN 's' THEN 'skipped' WHEN 'r' THEN 'rejected' END
       END AS status,
       coalesce(c.batch_id, d.batch_id) AS batch_id,
       CASE WHEN w.row_id IS NOT NULL THEN w.slip WHEN c.batch_id IS NOT NULL THEN c.slip ELSE d.slip END AS slip,
       r.reason, r.message,
       coalesce(i.rejected_items, 0)::int AS rejected_items
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
       WHERE j.row_id = s.row_id AND j.batch_id = d.batch_id AND NOT j.item ORDER BY j.reject_id LIMIT 1) r ON d.letter = 'r'
  LEFT JOIN LATERAL (
      SELECT count(*) AS rejected_items FROM etl.reject j
       WHERE j.row_id = s.row_id AND j.batch_id = d.batch_id AND j.item) i ON d.batch_id IS NOT NULL;
