"""Which rows wait for a slip that this daemon lacks: another daemon may have it, or it is broken here and will be mended."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from etl_actors import events
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Stage
from etl_actors.slips.shelf.catalogue import Absent, Catalogue
from etl_actors.store.leases import Lease

__all__ = ["Guard"]

log = structlog.get_logger()


@dataclass(slots=True)
class Guard:
    """Holds back rows that would be rejected for want of a slip, as long as some daemon's slip may take them.

    Args:
        catalogue: the slips in force.
        told: why rows wait, by source, as far as it was told before.
        waiting: the same, as far as it was met.
    """

    catalogue: Catalogue
    told: Mapping[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict, init=False)

    def offers(self, source: str) -> bool:
        """Tell whether rows of a source are to be claimed."""
        return bool(self.catalogue.for_source(source)) or not self._waits(source, self.catalogue.awaited(source))

    def awaits(self, lease: Lease) -> bool:
        """Tell whether a batch is to be given back as it is."""
        return self._waits(lease.source, self.lacking(lease))

    def lacking(self, lease: Lease) -> Absent | None:
        """Find a slip that may take the rows of a batch, of which no slip in force here takes any."""
        if lease.slip is None:
            return None if self.catalogue.for_source(lease.source) else self.catalogue.awaited(lease.source)
        slip = self.catalogue.named(lease.slip, lease.source)
        return None if slip is not None and slip.takes(lease.source) else self.catalogue.awaited(lease.source, lease.slip)

    def unmatched(self, lease: Lease, parsed: Parsed) -> frozenset[int]:
        """Return the rows of a parsed batch that are to be given back, since none of our slips takes them and another may."""
        awaited = self.catalogue.awaited(lease.source)
        if lease.slip is not None or awaited is None:
            return frozenset()
        rows = frozenset(r.row_id for r in parsed.rejects if r.stage is Stage.ROUTE and r.reason == "no_slip")
        if rows and lease.repeat is None:  # a replay's rows are settled: what waits is the replay, and that tells why
            self._waits(lease.source, awaited)
        return rows

    @property
    def sentences(self) -> tuple[str, ...]:
        """Say of each source that waits why."""
        return tuple(f"Rows of source {source} wait: {why}." for source, why in sorted(self.waiting.items()))

    def _waits(self, source: str, absent: Absent | None) -> bool:
        if absent is None:
            return False
        if self.waiting.get(source) != absent.why:
            self.waiting[source] = absent.why
            if self.told.get(source) != absent.why:
                log.warning(events.SOURCE_UNMATCHED, source=source, why=f"{absent.why}: its rows wait")
        return True
