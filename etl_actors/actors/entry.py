"""One batch in flight: where it is, and what has become of it."""

from dataclasses import dataclass

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.leases import Lease
from etl_actors.workers.base import RoleSlip

__all__ = ["Entry"]


@dataclass(slots=True)
class Entry:
    """One batch in flight; the times are monotonic seconds.

    Args:
        catalogue: the slips under which it is parsed, whatever comes into force meanwhile.
        parser: the place of the parser that was told of it; None while it waits for one.
        parsed: its result; None until it is parsed.
        loader: the place of the loader that was told of it; None while it waits for one.
        weight: bytes that are counted for it: of its documents, or of the rows that were made of them, or are to be expected, if more.
    """

    lease: Lease
    claimed_at: float
    catalogue: Catalogue
    weight: int = 0
    parser: int | None = None
    parsed: Parsed | None = None
    loader: int | None = None
    parse_s: float = 0.0
    told_before: bool = False  # a loader that is gone may have landed it
    turn: int = 0  # of the assignments; an actor works in their order
    condemned: tuple[Reject, ...] = ()  # rows that killed or hung a parser
    deaths: int = 0  # actors that died while they worked on this batch
    pinned: RoleSlip | None = None  # the version that it is parsed by, whatever is in force
    rejected: bool = False  # its one row was refused, and its reject is all that is to be loaded
    piece: bool = False  # of a batch that is searched for the rows to blame

    @property
    def version(self) -> tuple[str | None, str | None]:
        """The slip that took the rows and its digest, as far as they are known: from the result, or from the lease."""
        if self.parsed is not None:
            return self.parsed.slip, self.parsed.digest
        if self.pinned is not None:
            return self.pinned.name, self.pinned.digest
        named = self.catalogue.named(self.lease.slip, self.lease.source) if self.lease.slip is not None else None
        return self.lease.slip, named.digest if named is not None else None
