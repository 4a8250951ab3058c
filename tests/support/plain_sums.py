"""The books as a plain sum over all batches: what the sums that are carried forward must come to, whatever was done in whatever order."""

from typing import Any

from etl_actors.store.database import Connection

__all__ = ["differing_sums"]

_DIFFERING = """
WITH plain AS (
    SELECT source,
           sum(cardinality(row_ids)) FILTER (WHERE status = 'claimed' AND replay_id IS NULL) AS claimed,
           sum(loaded - coalesce(length(prior) - length(replace(prior, 'l', '')), 0)) FILTER (WHERE status = 'done') AS loaded,
           sum(duplicate - coalesce(length(prior) - length(replace(prior, 'd', '')), 0)) FILTER (WHERE status = 'done') AS duplicate,
           sum(skipped - coalesce(length(prior) - length(replace(prior, 's', '')), 0)) FILTER (WHERE status = 'done') AS skipped,
           sum(rejected - coalesce(length(prior) - length(replace(prior, 'r', '')), 0)) FILTER (WHERE status = 'done') AS rejected
      FROM etl.batch GROUP BY source
)
SELECT source, ROW(l.claimed, l.loaded, l.duplicate, l.skipped, l.rejected)::text, to_jsonb(p)::text
  FROM etl.ledger l FULL JOIN plain p USING (source)
 WHERE (coalesce(l.claimed, 0), coalesce(l.loaded, 0), coalesce(l.duplicate, 0), coalesce(l.skipped, 0), coalesce(l.rejected, 0))
       IS DISTINCT FROM
       (coalesce(p.claimed, 0), coalesce(p.loaded, 0), coalesce(p.duplicate, 0), coalesce(p.skipped, 0), coalesce(p.rejected, 0))
"""


def differing_sums(conn: Connection) -> list[tuple[Any, ...]]:
    """Return the sources whose ledger is not what their batches add up to, with both; in one snapshot."""
    return conn.execute(_DIFFERING).fetchall()
