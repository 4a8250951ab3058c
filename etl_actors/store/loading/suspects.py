"""At which row of a COPY the database stopped: it counts the lines that it reads."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from etl_actors.relational.block import Block
from etl_actors.relational.suspect import Suspect
from etl_actors.relational.tables import Table
from etl_actors.store.tables.temps import temp_of

__all__ = ["Suspects"]


class Suspects:
    """Watches what a load copies.

    Attributes:
        found: where the last COPY stopped that failed; None where none did, or it does not tell.
    """

    def __init__(self) -> None:
        self.found: Suspect | None = None

    @contextmanager
    def copying(self, block: Block, kept: Sequence[bytes] | None = None) -> Iterator[None]:
        """Find the row at which a COPY stops that fails in the block.

        Args:
            block: whose rows are copied.
            kept: which of them, as `Block.each` gives them; None for all.
        """
        try:
            yield
        except psycopg.Error as error:
            line = _line(error, block.table)
            if line is not None:
                self.found = _suspect(block, block.each() if kept is None else kept, line)
            raise


def _line(error: psycopg.Error, table: Table) -> int | None:
    """Read the number of the line off the context of a COPY into a table, or into its temp table."""
    names = "|".join(map(re.escape, (table.name, temp_of(table))))
    # Whatever the word for a line is in the server's language; the context goes on with the value.
    found = re.search(rf"^COPY (?:{names}), \w+ (\d{{1,18}})", error.diag.context or "", re.MULTILINE)
    return None if found is None else int(found[1])


def _suspect(block: Block, rows: Sequence[bytes], line: int) -> Suspect | None:
    """Give the document that a row is of, and those of the rows before it."""
    if not 0 < line <= len(rows):
        return None
    *before, row_id = block.row_ids(rows[:line])
    return Suspect(row_id, frozenset(before))
