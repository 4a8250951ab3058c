"""What becomes of a row that is settled."""

from enum import StrEnum

__all__ = ["Outcome"]


class Outcome(StrEnum):
    """How a row was settled; the value is its letter in ``etl.batch.outcomes``.

    LOADED: its root row was inserted or changed. DUPLICATE: another document has won, or the row was there. SKIPPED: its slip asks for
    no row. REJECTED: it is refused, and has a dead letter.
    """

    LOADED = "l"
    DUPLICATE = "d"
    SKIPPED = "s"
    REJECTED = "r"

    @property
    def word(self) -> str:
        """The outcome as people read it, and as ``etl.row_status`` and the counts of a batch name it."""
        return self.name.lower()
