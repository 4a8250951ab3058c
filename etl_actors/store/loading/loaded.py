"""What became of a loaded batch's rows: a letter each, and their counts."""

from dataclasses import asdict, dataclass
from json import dumps
from typing import Any, Self

from etl_actors.relational.outcome import Outcome
from etl_actors.relational.parsed import Parsed
from etl_actors.store.leases import Lease
from etl_actors.store.loading.landing import Landing

__all__ = ["Loaded", "outcomes_of", "told_of"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A finished batch's counts; the first four add up to the rows that it settled.

    A live batch settles every row. One of a replay leaves those as they are that it does not seek, and those whose documents are no
    longer retained.

    Args:
        differing: of `duplicate`: rows whose values were not the winner's.
        replaced: of `loaded`: rows that took the place of one from an earlier document.
    """

    loaded: int
    duplicate: int
    skipped: int
    rejected: int
    differing: int
    replaced: int

    @classmethod
    def counted(cls, outcomes: str, landing: Landing) -> Self:
        """Count the letters of a batch's rows."""
        return cls(
            loaded=outcomes.count(Outcome.LOADED),
            duplicate=outcomes.count(Outcome.DUPLICATE),
            skipped=outcomes.count(Outcome.SKIPPED),
            rejected=outcomes.count(Outcome.REJECTED),
            differing=landing.differing,
            replaced=landing.replaced,
        )

    @property
    def settled(self) -> int:
        """How many rows it settled; 0 where it was released since none of its rows was to be."""
        return self.loaded + self.duplicate + self.skipped + self.rejected


def outcomes_of(lease: Lease, parsed: Parsed, landing: Landing) -> str:
    """Write a letter for each row of a batch, in the order of its ids.

    Args:
        lease: of the batch.
        parsed: what was made of its rows.
        landing: what landed of that.

    Raises:
        ValueError: something landed, or did not, of a row that is not the batch's.
    """
    outcome = dict.fromkeys(lease.row_ids, Outcome.LOADED if landing.straight else Outcome.DUPLICATE)
    outcome |= dict.fromkeys(landing.left, Outcome.DUPLICATE)
    outcome |= dict.fromkeys(landing.winners, Outcome.LOADED)
    outcome |= dict.fromkeys(parsed.skipped, Outcome.SKIPPED)
    outcome |= {reject.row_id: Outcome.REJECTED for reject in parsed.rejects if not reject.item}
    letters = "".join(outcome.values())
    landed = landing.straight + len(landing.winners)
    if len(outcome) != len(lease.row_ids) or letters.count(Outcome.LOADED) != landed:
        msg = f"the result of batch {lease.batch_id} has rows that are not its own"
        raise ValueError(msg)
    return letters


def told_of(lease: Lease, parsed: Parsed, landing: Landing) -> tuple[Loaded, dict[str, Any]]:
    """Give what a batch is finished with: its counts, and all that the database is told of it."""
    outcomes = outcomes_of(lease, parsed, landing)
    loaded = Loaded.counted(outcomes, landing)
    return loaded, asdict(loaded) | {
        "batch_id": lease.batch_id,
        "token": lease.token,
        "slip": parsed.slip,
        "digest": parsed.digest,
        "target": parsed.blocks[0].table.qualified if parsed.blocks else None,
        "outcomes": outcomes,
        "rows_added": dumps(dict(landing.gained)),
    }
