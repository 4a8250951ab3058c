"""A slip as it was read: which documents it takes, and the tables it makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from etl_actors.relational.tables import Table
from etl_actors.slips.expressions.nodes import Expression, Field, Predicate, Segment
from etl_actors.slips.model.breakout import EVIDENCE, Breakout
from etl_actors.slips.model.vocabulary import Vocabulary
from etl_actors.slips.source.files import digest

__all__ = [
    "EACH_ITEM",
    "KEY",
    "MAX_LETS",
    "InputForm",
    "Let",
    "SecretPlace",
    "Slip",
    "SlipColumn",
    "SlipTable",
    "parent_number",
]

MAX_LETS = 200  # that one expression sees: each may call the one before it, and Python's stack holds a few hundred such calls

SecretPlace = tuple[Segment | str, ...]
"""A place in documents: members and elements from the document on; a text stands for a step, behind which nothing is known."""

EACH_ITEM = "@each"
"""In a place: an element of what `each` gives, or the one object itself."""

KEY = Field("@key")
"""In a place: the name of a member, not its value."""


@dataclass(frozen=True, slots=True)
class Let:
    """A name for a value that is computed when something first asks for it, and then kept.

    Args:
        name: of the let.
        text: its expression as written.
        node: its expression as read.
        private: whether a private column is made of it, or it looks at what may hold a private value: no reject shows what it
            refused.
    """

    name: str
    text: str
    node: Expression
    private: bool = False


@dataclass(frozen=True, slots=True)
class SlipColumn:
    """A column and where it comes from.

    Args:
        name: of the column.
        text: its expression as written.
        node: its expression as read.
        null: whether it may be null.
        private: whether its values are never shown in rejects and logs.
        hidden: whether it is told as if it were private, since it looks at what may hold a private value.
    """

    name: str
    text: str
    node: Expression
    null: bool = True
    private: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class SlipTable:
    """A table as a slip fills it.

    Args:
        table: what it is in the database.
        parent: name of the table whose row each row belongs to, None for the root and for entities.
        each: where the items are, one row each; None for one row a parent.
        when: whether an item gives a row; None for always.
        columns: in the slip's order.
        own_rows: whether every staged row is a row of its own (``identity = "row"``).
        each_text: `each` as written, empty without.
        when_text: `when` as written, empty without.
        recurse: where the items below an item are, which are items too; None without.
        recurse_text: as written, empty without.
        lets: of the table, in order; each sees those before it.
        item_alone: whether an item that fails is rejected alone (``on_error = "item"``).
        hidden: which of each, recurse and when are told as if they were private, and key where `@key` is.
        secrets: where in documents the values of its private columns come from.
    """

    table: Table
    parent: str | None
    each: Expression | None
    when: Predicate | None
    columns: tuple[SlipColumn, ...]
    own_rows: bool = False
    each_text: str = ""
    when_text: str = ""
    recurse: Expression | None = None
    recurse_text: str = ""
    lets: tuple[Let, ...] = ()
    item_alone: bool = False
    hidden: frozenset[str] = frozenset()
    secrets: frozenset[SecretPlace] = frozenset()

    @property
    def has_private(self) -> bool:
        """Whether a column of it is private."""
        return any(column.private for column in self.columns)


def parent_number(tables: Sequence[SlipTable], number: int) -> int | None:
    """Find the number of the table that a table is below; None of the root and of entities."""
    parent = tables[number].parent
    return None if parent is None else next(i for i, one in enumerate(tables) if one.table.name == parent)


@dataclass(frozen=True, slots=True)
class InputForm:
    """How `feed` cuts files for a slip.

    Args:
        format: ``jsonl`` or ``lines``; empty where the file's name tells.
        begins: a regular expression that starts an event; the lines up to the next belong to it; empty: a line each.
        origin: whether documents get ``_file`` and ``_line``, which identity leaves out.
    """

    format: str = ""
    begins: str = ""
    origin: bool = False


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
        files: text by name, relative to the slip's folder; of the grammar library ``std/NAME.lark``.
        when_text: `when` as written, empty without.
        lets: of the whole document, in order; each sees those before it.
        vocabulary: what its expressions can name.
        input: how `feed` cuts files for it; None where it does not say.
        breakout: how it breaks documents out by itself, if it does; then its tables have no columns here.
        given: of such a slip the root with the columns that its expressions make; None without any.
        marker: of such a slip what a document becomes that deletes the row of its key; None where none does.
    """

    name: str
    digest: str
    sources: tuple[str, ...] | None
    when: Predicate | None
    priority: int
    tables: tuple[SlipTable, ...]
    files: Mapping[str, str] = field(hash=False)  # the digest stands for it
    when_text: str = ""
    lets: tuple[Let, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary, hash=False, compare=False)
    input: InputForm | None = None
    breakout: Breakout | None = field(default=None, hash=False)
    given: SlipTable | None = None
    marker: SlipTable | None = None

    @property
    def written_digest(self) -> str:
        """The digest of what somebody wrote: of a slip that breaks documents out, without what it has seen of them."""
        return digest({name: text for name, text in self.files.items() if name != EVIDENCE}) if self.breakout else self.digest

    @property
    def root(self) -> Table:
        """The one table whose row decides for the document."""
        return self.tables[0].table

    @property
    def targets(self) -> tuple[Table, ...]:
        """All tables, parents before children, the root first."""
        return tuple(table.table for table in self.tables)

    @property
    def may_skip(self) -> bool:
        """Whether it may ask for no root row of a document that it takes."""
        return self.tables[0].when is not None or (self.breakout is not None and self.breakout.may_skip)

    @property
    def has_private(self) -> bool:
        """Whether it has private columns."""
        return any(table.has_private for table in self.tables)

    @property
    def has_origin(self) -> bool:
        """Whether identity leaves out which file and line its documents came from: of a break-out always, whether they say it or not."""
        return self.breakout is not None or (self.input is not None and self.input.origin)

    def takes(self, source: str) -> bool:
        """Tell whether rows of a source may come to it."""
        return self.sources is None or source in self.sources
