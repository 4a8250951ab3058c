"""What a dry run is about: the rows that are parsed, and how each table would differ."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Example", "Group", "TableChange"]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are parsed alike.

    Args:
        source: of the rows; empty where it does not matter.
        slip: that the rows name; None for none.
        digest: of the version that settled them; None where there was none.
        row_ids: ascending.
    """

    source: str
    slip: str | None
    digest: str | None
    row_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A row that would change.

    Args:
        id: its `_id`.
        key: its key columns and their texts.
        changes: per column its text before and after.
    """

    id: str
    key: Mapping[str, str | None]
    changes: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class TableChange:
    """How one table would differ.

    Args:
        table: its qualified name.
        there: whether it is in the database.
        new_columns: that it would get.
        added: rows.
        changed: rows whose values, or whose place under another row, would differ.
        removed: rows.
        unchanged: rows that the chosen rows have, or would have, and that stay as they are.
        taken_over: of the others: rows that a document would have that had lost to a chosen one.
        examples: of the changed.
    """

    table: str
    there: bool
    new_columns: tuple[str, ...]
    added: int
    changed: int
    removed: int
    unchanged: int
    taken_over: int
    examples: tuple[Example, ...] = ()

    @property
    def touched(self) -> bool:
        """Whether anything would be other than it is."""
        return bool(self.added or self.changed or self.removed)
