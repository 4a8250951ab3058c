"""Replays without a daemon: what its queue would hand out, one batch after the other."""

from collections.abc import Sequence
from json import dumps

from etl_actors.relational.parsed import Parsed
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.leases import leases
from etl_actors.store.loading.load import Loading
from etl_actors.store.staging import fetch
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from etl_actors.workers.known_slips import Growing
from tests.support.documents import one
from tests.support.leases import OWNER

__all__ = ["repeat"]

_CLAIM = """
INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, replay_id, prior_batches, seeking)
SELECT min(d.source), array_agg(d.row_id ORDER BY d.row_id), min(d.row_id), max(d.row_id), 1, %(owner)s, %(replay_id)s,
       array_agg(d.batch_id ORDER BY d.row_id), %(seeking)s
  FROM etl.settled(1, 1000000) d WHERE d.row_id = ANY (%(rows)s)
RETURNING batch_id, lease_token, source, slip, row_ids, bytes, attempt, replay_id, slip_digest, prior_batches, seeking
"""
_CANDIDATES = "SELECT row_id, slip_digest FROM etl.settled(1, 1000000) WHERE letter IN ('l', 'd') ORDER BY row_id"


def repeat(
    service: Connection,
    row_ids: Sequence[int],
    slips: dict[str, Slip],
    chosen: str,
    size: int = 7,
    growing: Growing | None = None,
    loading: Loading | None = None,
) -> int:
    """Replay rows from the first batch to the last row that is found again.

    Args:
        service: as the daemon connects.
        row_ids: settled rows of one source.
        slips: by digest: every one that has settled a row, and the chosen.
        chosen: digest of the version by which the rows are parsed.
        size: rows of a batch.
        growing: of slips that break documents out.
        loading: over the connection; None for a new one.

    Returns:
        The replay's id.
    """
    replay_id: int = one(
        service, "INSERT INTO etl.replay (filter) VALUES (%s::jsonb) RETURNING replay_id", dumps({"rows": [*row_ids]})
    )
    loading = loading or Loading(service)
    _work(service, replay_id, [(row_id, chosen) for row_id in row_ids], slips, size, growing, loading, seeking=False)
    if one(service, "SELECT count(*) FROM etl.vacancy WHERE replay_id = %s", replay_id):
        _work(service, replay_id, service.execute(_CANDIDATES).fetchall(), slips, size, growing, loading, seeking=True)
        service.execute("DELETE FROM etl.vacancy WHERE replay_id = %s", [replay_id])
    service.execute("UPDATE etl.replay SET status = 'done', finished_at = now() WHERE replay_id = %s", [replay_id])
    return replay_id


def _work(
    service: Connection,
    replay_id: int,
    rows: Sequence[tuple[int, str]],
    slips: dict[str, Slip],
    size: int,
    growing: Growing | None,
    loading: Loading,
    *,
    seeking: bool,
) -> None:
    parser = BatchParser(lambda row_ids: fetch(service, row_ids), "public", growing=growing)
    for digest in dict.fromkeys(digest for _, digest in rows):
        ids = [row_id for row_id, wanted in rows if wanted == digest]
        role = Role((RoleSlip(digest, slips[digest].files, slips[digest].name),), settled=seeking)
        for at in range(0, len(ids), size):
            given = {"owner": OWNER, "replay_id": replay_id, "seeking": seeking, "rows": ids[at : at + size]}
            (lease,) = leases(service.execute(_CLAIM, given))
            parsed = parser.parse(Job(lease.row_ids, role))
            assert isinstance(parsed, Parsed)
            loading.load(lease, parsed)
