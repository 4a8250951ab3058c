"""What a slip would make of rows that are staged for it: a sample of them is parsed as the daemon would do it, and nothing is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from etl_actors.actors.casting import cast
from etl_actors.dry_run.found import Refusals
from etl_actors.dry_run.standing import AsTheyWouldGrow
from etl_actors.dry_run.taking import taken
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.settings import Settings
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.breakout.permission import planned as asked_before
from etl_actors.store.breakout.reshape import looked_at_again
from etl_actors.store.database import Connection
from etl_actors.store.pieces import portions
from etl_actors.store.replay.preview import Preview
from etl_actors.store.staging import Waiting, fetched, latest
from etl_actors.workers.batch import BatchParser

__all__ = ["Sample", "sampled"]


@dataclass(slots=True)
class Sample:
    """What became of a sample.

    Args:
        slip: as it would be after it: one that breaks documents out has seen the rows that came to it.
        looked_at: rows of the sample.
        came: of these, the rows that came to the slip.
        skipped: of these, those for which it asks for no row.
        refusals: of these, those that would be rejected.
    """

    slip: Slip
    looked_at: int = 0
    came: int = 0
    skipped: int = 0
    refusals: Refusals = field(default_factory=Refusals)

    @property
    def rejected(self) -> int:
        """How many rows would be rejected."""
        return sum(self.refusals.rows.values())

    def note(self, row_ids: tuple[int, ...], parsed: Parsed) -> None:
        """Count rows that came to the slip; those that came to none are among them, as rejects."""
        mine = [reject for reject in parsed.rejects if not _nobodys(reject)]
        self.came += len(row_ids) - (len(parsed.rejects) - len(mine))
        self.skipped += len(parsed.skipped)
        for reject in mine:
            self.refusals.note(reject)


def sampled(conn: Connection, settings: Settings, catalogue: Catalogue, slip: Slip, most: int) -> Sample:
    """Parse the latest rows that may come to a slip.

    Args:
        conn: as the service, in autocommit mode; temp tables are left in its session.
        settings: for the target schema and the size of a batch.
        catalogue: the slips that would be in force, this one among them.
        slip: as it is in its folder.
        most: rows of the sample, at most.

    Raises:
        SlipError: one of the slips cannot run.
        DatabaseUnsuitable: the slip says otherwise of its documents than the version in force, and they are no longer staged.
    """
    standing = AsTheyWouldGrow(conn)
    again = looked_at_again(conn, slip, settings.target_schema)
    if again is not None:
        standing.know(again)
    waiting = None if slip.breakout is None else asked_before(conn, slip)
    if waiting is not None:
        standing.grow(standing.current(slip), waiting)
    preview = Preview(conn)
    parser = BatchParser(lambda row_ids: fetched(conn, row_ids), settings.target_schema, growing=standing)
    found = Sample(slip)
    for source, named, row_ids in _grouped(latest(conn, slip.sources, slip.name, most)):
        found.looked_at += len(row_ids)
        for portion in portions(conn, row_ids, settings.batch_rows, settings.batch_bytes):
            for some, parsed in taken(parser, preview, portion, cast(catalogue, source, named), slip.name):
                found.note(some, parsed)
    found.slip = standing.current(slip) if slip.breakout is not None else slip
    return found


def _nobodys(reject: Reject) -> bool:
    """Tell whether a row was refused before it came to any slip."""
    return reject.stage in {Stage.STAGE, Stage.ROUTE}


def _grouped(rows: list[Waiting]) -> Iterator[tuple[str, str | None, tuple[int, ...]]]:
    """Group rows as batches have them: of one source, and naming one slip or none."""
    rows = sorted(rows, key=lambda row: (row.source, row.slip or "", row.row_id))
    for (source, named), group in groupby(rows, key=lambda row: (row.source, row.slip)):
        yield source, named, tuple(row.row_id for row in group)
