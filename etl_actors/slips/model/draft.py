"""What one ``[tables.NAME]`` says, before it is known how it hangs together with the others."""

from dataclasses import dataclass, field
from typing import Any

from etl_actors.relational.checks import Check
from etl_actors.relational.tables import Policy
from etl_actors.slips.casts.column_type import ColumnType
from etl_actors.slips.expressions.nodes import Expression, Predicate
from etl_actors.slips.model.slip import Let, SlipColumn
from etl_actors.slips.source.problems import Keys

__all__ = ["Draft", "DraftColumn"]


@dataclass(frozen=True, slots=True)
class DraftColumn:
    """A column as read.

    Args:
        column: what it is made of.
        type: its own; None where its expression has none.
        keys: where its expression stands.
        check: what its values must fulfil.
        comment: for the database.
    """

    column: SlipColumn
    type: ColumnType | None
    keys: Keys
    check: Check | None = None
    comment: str = ""


@dataclass(slots=True)
class Draft:
    """A table as read; nothing in it is known to make sense together.

    Args:
        name: of the table.
        schema: of the table.
        content: as it stands in the TOML.
        parent: name of the table above.
        each: where the items are.
        recurse: where the items below an item are.
        when: whether an item gives a row.
        delete_when: whether a document deletes the row of its key.
        lets: of the table.
        columns: in order, without those that can't be read.
        key: names of columns.
        policy: who wins a key.
        newest: the column that `Policy.NEWEST` and `Policy.HISTORY` look at.
        own_rows: whether every staged row is a row of its own.
        item_alone: whether a failing item is rejected alone.
        indexes: columns of each.
        place: where it stands in the TOML; empty: below `tables`, under its name.
    """

    name: str
    schema: str
    content: dict[str, Any] = field(default_factory=dict)
    parent: str | None = None
    each: Expression | None = None
    recurse: Expression | None = None
    when: Predicate | None = None
    delete_when: Predicate | None = None
    lets: tuple[Let, ...] = ()
    columns: tuple[DraftColumn, ...] = ()
    key: tuple[str, ...] = ()
    policy: Policy = Policy.IGNORE
    newest: str = ""
    own_rows: bool = False
    item_alone: bool = False
    indexes: tuple[tuple[str, ...], ...] = ()
    place: Keys = ()

    @property
    def keys(self) -> Keys:
        """Where it stands in the TOML."""
        return self.place or ("tables", self.name)

    @property
    def has_each(self) -> bool:
        """Whether it has items, readable or not."""
        return "each" in self.content

    @property
    def below(self) -> bool:
        """Whether it is below another, readable or not."""
        return "parent" in self.content

    @property
    def key_types(self) -> tuple[ColumnType, ...] | None:
        """The types of the columns that tell rows apart, in their order; None without a key, or where one of them is not known."""
        types = {column.column.name: column.type for column in self.columns}
        names = (*self.key, self.newest) if self.policy is Policy.HISTORY else self.key
        found = tuple(kind for name in names if (kind := types.get(name)))
        return found if self.key and len(found) == len(names) else None
