"""The entities' part of a compiled layout: an item is known by its key, and has its line beside that of what refers to it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from etl_actors.relational.breakout.keys import is_key, key_text, told_by_text
from etl_actors.relational.breakout.lifted import attribute_of
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import BrokenEntity, Cell, Layout
from etl_actors.relational.canonical import canonical_key
from etl_actors.relational.identity import identifier
from etl_actors.slips.casts.column_type import column_type

__all__ = ["Declined", "entity_known", "entity_row", "entity_variables", "key_field", "key_of"]


_TEXT = column_type("text").copy


class Declined(Exception):
    """A layout that is not compiled."""


def key_of(value: Any) -> str | None:
    """Give the text of a value of a key; None of one that is none, or that its text alone does not tell."""
    return key_text(value) if is_key(value) and told_by_text(value) else None


def key_field(value: Any) -> str | None:
    """Give the field of a value of the root's key; None of one that its text alone does not tell."""
    return _TEXT(key_text(value)) if told_by_text(value) else None


def entity_variables(layout: Layout, table: int) -> Iterator[tuple[tuple[str, ...], str, Cell]]:
    """Give the attributes of a table's items that are in entities: the place of each, the variable for it, and the entity's column."""
    links = {link.path: (number, link) for number, link in enumerate(layout.links) if link.table == table}
    for path in layout.tables[table].lifted:
        owner = attribute_of(path, links.keys())
        assert owner is not None
        number, link = links[owner[0]]
        for column, cell in enumerate(layout.entities[link.entity].cells):
            if cell.path == owner[1] and not cell.mixed:
                yield path, f"e{number}_{column}", cell


def entity_known(
    entity: BrokenEntity, number: int, column: int, seen: Seen, variables: tuple[str, str], constant: Callable[[Any], str]
) -> Iterator[tuple[int, str]]:
    """Write what takes the key of an item: it gives up where that is not as most are.

    Args:
        entity: whose item it is.
        number: of the link, which keeps its variables apart from those of others.
        column: number of the column that refers to it.
        seen: what was seen at its place.
        variables: that which has it, and that which counts its members that are left.
        constant: names a value for the source.

    Yields:
        Lines, each with how far it is indented.

    Raises:
        Declined: a field of the key was never seen.
    """
    var, left = variables
    if any(name not in seen.members for name in entity.key):
        raise Declined
    yield 0, f"{left} -= {len(entity.key)}"
    yield 0, " = ".join([*(f"e{number}_{cell}" for cell in range(len(entity.cells))), "NULL"])
    texts = []
    for cell, name in enumerate(entity.key):
        texts.append(f"k{number}_{cell}")
        value, known = f"{var}.get({constant(name)})", constant(seen.members[name].holds)
        yield 0, f"{texts[-1]} = key_of({value})"
        yield 0, f"if {texts[-1]} is None or not {known}({value}):"
        yield 1, "raise Left"
        yield 0, f"e{number}_{cell} = text({texts[-1]})"
    identify = identifier(f"k{len(entity.name)}:{entity.name}".encode())
    named = constant(lambda *found: identify(_hashed(found)))
    yield 0, f"c{column} = {named}({', '.join(texts)})"


def entity_row(entity: BrokenEntity, number: int, column: int, table: int) -> str:
    """Write what appends the line of an item to those of a table, the others' arguments as above."""
    lines = f"lines[{table}]"
    head = [f"c{column}", "row_id", f"len({lines})"]
    fields = [*head, *(f"e{number}_{cell}" for cell in range(len(entity.cells))), "NULL"]
    written = "\\t".join(f"{{{field}}}" for field in fields)
    return f'{lines}.append(f"{written}")'


def _hashed(texts: Sequence[str]) -> bytes:
    """Write the texts of a key as `key_identity` hashes them."""
    written = (canonical_key(text, "text") for text in texts)
    return "".join(f"{len(text)}:{text}" for text in written).encode("utf-8", "surrogatepass")
