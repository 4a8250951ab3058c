"""At which row of a COPY the database stopped: it counts the lines that it reads."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from etl_actors.relational.block import Block
from etl_actors.relational.suspect import Suspect

__all__ = ["Suspects"]

_LINE = re.compile(r"^COPY .+?, \w+ (\d{1,18})", re.MULTILINE)  # whatever the word for a line is in the server's language


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
            line = _LINE.search(error.diag.context or "")
            if line is not None:
                self.found = _suspect(block, block.each() if kept is None else kept, int(line[1]))
            raise


def _suspect(block: Block, rows: Sequence[bytes], line: int) -> Suspect | None:
    """Give the document that a row is of, and those of the rows before it."""
    if not 0 < line <= len(rows):
        return None
    *before, row_id = block.row_ids(rows[:line])
    return Suspect(row_id, frozenset(before))
