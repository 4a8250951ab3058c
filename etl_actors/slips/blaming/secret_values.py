"""The values of a document that its private columns are made of: no other column shows them either."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from etl_actors.slips.blaming.item_places import Items
from etl_actors.slips.expressions.beginnings import first_paths

__all__ = ["is_secret", "secret_values"]

_SHOWN_WHOLE = (str, int, float, Decimal)  # the kinds of value that a message quotes


def secret_values(items: Items, table: int | None) -> Iterator[Any]:
    """List the values of the moment that private columns begin with.

    Args:
        items: of the moment.
        table: number of the table at whose item a value was refused; of tables that are neither it nor above it, only
            what stands at a place of the whole document is known.
    """
    tables = items.blame.tables
    chain = set()
    while table is not None:
        chain.add(table)
        table = items.blame.parent_of(table)
    for number, made in enumerate(tables):
        for column in made.columns:
            if not column.private:
                continue
            if number in chain:
                yield from (where.value for where in items.beginnings(column.node, number))
                yield items.variables.get(f"key{number}")
            else:
                rooted = [path for path in first_paths(column.node) if path.root == "$"]
                yield from (where.value for path in rooted for where in items.beginnings(path, None))


def is_secret(value: Any, secrets: list[Any]) -> bool:
    """Tell whether a value is one of those that are not shown."""
    return type(value) in _SHOWN_WHOLE and any(type(one) is type(value) and one == value for one in secrets)
