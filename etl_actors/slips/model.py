"""A slip as it was read: which documents it takes, and the tables it makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_actors.relational.tables import Table
from etl_actors.slips.nodes import Expression, Predicate

__all__ = ["Slip", "SlipColumn", "SlipTable"]


@dataclass(frozen=True, slots=True)
class SlipColumn:
    """A column and where it comes from.

    Args:
        name: of the column.
        text: its expression as written.
        node: its expression as read.
    """

    name: str
    text: str
    node: Expression


@dataclass(frozen=True, slots=True)
class SlipTable:
    """A table as a slip fills it.

    Args:
        table: what it is in the database.
        parent: name of the table whose row each row belongs to, None for the root.
        each: where the items are, one row each; None for one row a parent.
        when: whether an item gives a row; None for always.
        columns: in the slip's order.
        own_rows: whether every staged row is a row of its own (``identity = "row"``).
        each_text: `each` as written, empty without.
        when_text: `when` as written, empty without.
    """

    table: Table
    parent: str | None
    each: Expression | None
    when: Predicate | None
    columns: tuple[SlipColumn, ...]
    own_rows: bool = False
    each_text: str = ""
    when_text: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """A message slip.

    Args:
        name: of the slip.
        digest: of its files, 32 hexadecimal digits.
        sources: that it takes; None for any.
        when: whether it takes a document; None for always.
        priority: the higher wins.
        tables: parents before children, the root first.
        files: text by name, relative to the slip's folder.
        when_text: `when` as written, empty without.
    """

    name: str
    digest: str
    sources: tuple[str, ...] | None
    when: Predicate | None
    priority: int
    tables: tuple[SlipTable, ...]
    files: Mapping[str, str] = field(hash=False)  # the digest stands for it
    when_text: str = ""

    @property
    def root(self) -> Table:
        """The one table whose row decides for the document."""
        return self.tables[0].table

    @property
    def targets(self) -> tuple[Table, ...]:
        """All tables, parents before children, the root first."""
        return tuple(table.table for table in self.tables)

    def takes(self, source: str) -> bool:
        """Tell whether rows of a source may come to it."""
        return self.sources is None or source in self.sources
