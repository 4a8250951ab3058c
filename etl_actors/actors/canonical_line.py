"""The one canonical line that the log has of every batch, and at debug level one of every rejected row."""

import time

import structlog

from etl_actors import events
from etl_actors.actors.answers import BatchLoaded
from etl_actors.actors.book import Book
from etl_actors.actors.entry import Entry

__all__ = ["tell_loaded"]

log = structlog.get_logger()


def tell_loaded(entry: Entry, answer: BatchLoaded, book: Book) -> None:
    """Tell that a batch has landed: all its counts, where its time went, and what follows from that; or that it has settled nothing."""
    lease, counts, parsed = entry.lease, answer.loaded, entry.parsed
    if not counts.settled:
        why = "nothing sought in it" if lease.repeat is not None and lease.repeat.seeking else "its documents are not retained"
        log.info(events.BATCH_RELEASED, batch_id=lease.batch_id, why=why)
        return
    log.info(
        events.BATCH_LOADED,
        batch_id=lease.batch_id,
        source=lease.source,
        slip=None if parsed is None else parsed.slip,
        replay_id=None if lease.repeat is None else lease.repeat.replay_id,
        rows=counts.settled,
        nbytes=lease.nbytes,
        made_bytes=0 if parsed is None else parsed.nbytes,
        attempt=lease.attempt,
        loaded=counts.loaded,
        duplicate=counts.duplicate,
        skipped=counts.skipped,
        rejected=counts.rejected,
        differing=counts.differing,
        replaced=counts.replaced,
        parse_ms=round(entry.parse_s * 1000, 1),
        load_ms=round(answer.load_s * 1000, 1),
        total_ms=round((time.monotonic() - entry.claimed_at) * 1000, 1),
        batch_rows=book.pace.size(None if lease.repeat is not None else lease.source)[0],
        inflight_batches=book.batches_now,
    )
    for reject in () if parsed is None else parsed.rejects:
        log.debug(events.ROW_REJECTED, row_id=reject.row_id, batch_id=lease.batch_id, stage=reject.stage, reason=reject.reason)
