"""Entities that documents repeat, as the commented lines of a slip that lift them into tables of their own."""

from collections.abc import Collection, Iterator, Sequence

from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.names import MOST_BYTES, plain
from etl_actors.relational.breakout.shape import BrokenTable, Layout, Step
from etl_actors.relational.breakout.view import view_name
from etl_actors.relational.companions import tombstones_name, versions_name
from etl_actors.slips.drafting.entities import Candidate
from etl_actors.slips.drafting.explicit import columns_of
from etl_actors.slips.drafting.repeats import Entity
from etl_actors.slips.source.toml_text import key, listed, path, quoted

__all__ = ["asked_entities", "entity_tables", "path_text"]

_SEGMENTS = {Step.ITEMS: "[*]", Step.ENTRIES: ".*"}
_LONGEST = MOST_BYTES - len("_ref")  # a column that leads to it has this behind its name, or `_id`
_ABOVE = "above"  # the column that leads to the entity above, of a tree


def path_text(steps: Sequence[str | Step]) -> str:
    """Write a path from the document on."""
    text = "$"
    for step in steps:
        text = path((step,), text) if isinstance(step, str) else text + _SEGMENTS[step]
    return text


def entity_tables(entities: Sequence[Entity], layout: Layout) -> str:
    """Write tables of entities, commented out, below those of a layout; what is no TOML has two marks.

    Args:
        entities: that were found.
        layout: of the documents.
    """
    taken = {table.name for table in layout.tables}
    return "".join(f"\n{_commented(_table(one, name, layout))}" for one, name in _named(entities, taken))


def asked_entities(entities: Sequence[Entity], root: str) -> str:
    """Write the same for a slip that breaks documents out."""
    if not entities:
        return ""
    lines = ["[breakout.entities]"]
    for one, name in _named(entities, {root, view_name(root), versions_name(root), tombstones_name(root)}):
        where = one.where
        recurse = "" if where.recurse is None else f", recurse = {quoted(path((where.recurse,)) + '[*]')}"
        lines.append(f"{_told(one)}")
        lines.append(f"{key(name)} = {{ path = {quoted(path_text(where.path))}, key = {quoted(where.key)}{recurse} }}")
    return f"\n{_commented(lines)}"


def _named(entities: Sequence[Entity], taken: Collection[str]) -> Iterator[tuple[Entity, str]]:
    """Give each a name: that of the member that holds it, with those around it where another has it."""
    names = set(taken)
    for one in entities:
        parts = tuple(step for step in one.where.path if isinstance(step, str)) or ("item",)
        name = next((name for size in range(1, len(parts) + 1) if (name := plain(parts[-size:], _LONGEST)) not in names), "")
        number = 1
        while not name or name in names:
            number += 1
            name = plain((*parts, str(number)), _LONGEST)
        names.add(name)
        yield one, name


def _commented(lines: Sequence[str]) -> str:
    return "".join(f"# {line}\n" for line in lines)


def _told(one: Entity) -> str:
    count = f"{'more than ' * one.more}{one.keys:,}"
    varying = f"; what differs from place to place: {', '.join(sorted(map(quoted, one.varying)))}" if one.varying else ""
    return f"# {count} entities by {quoted(one.where.key)} in {one.places:,} places{varying}"


def _table(one: Entity, name: str, layout: Layout) -> list[str]:
    where = one.where
    own = laid_out(where.seen, name)
    lines = [_told(one), f"[tables.{key(name)}]", f"each   = {quoted(path_text(where.path))}"]
    if where.recurse is not None:
        lines.append(f"recurse = {quoted(path((where.recurse,)) + '[*]')}")
    if one.keyless:
        lines.append(f"when   = {quoted(f'exists({path((where.key,))})')}")
    columns = [
        (cell.name, text)
        for cell, text in columns_of(own, 0)
        if cell.path and cell.path[0] not in one.varying and cell.path[0] != where.recurse
    ]
    by = next(cell.name for cell in own.tables[0].cells if cell.path == (where.key,))
    lines += [f"key    = {listed([by])}", 'on_duplicate = "fill"']
    if where.recurse is not None and _ABOVE not in dict(columns):
        columns.append((_ABOVE, f"{path((where.key,), '@up')} | {_ref(name)}"))
    lines += [f"columns.{key(column)} = {quoted(text)}" for column, text in columns]
    link = _link(where, name, layout)
    return lines if link is None else [*lines, link]


def _link(where: Candidate, name: str, layout: Layout) -> str | None:
    """Say which column of the table that holds an entity leads to it."""
    at, names = 0, list[str]()
    for step in where.path:
        if isinstance(step, str):
            names.append(step)
            continue
        below = _hanging(layout, at, tuple(names), step)
        if below is None:
            return None
        at, names = below, []
    column = f"columns.{key(f'{name}_ref')} = {quoted(f'{path((*names, where.key))} | {_ref(name)}')}"
    return f"# In [tables.{key(layout.tables[at].name)}] this leads to it: {column}"


def _hanging(layout: Layout, above: int, names: tuple[str, ...], step: Step) -> int | None:
    def is_it(table: BrokenTable) -> bool:
        return (table.parent, table.path, table.step) == (above, names, step)

    return next((number for number, table in enumerate(layout.tables) if is_it(table)), None)


def _ref(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"ref('{escaped}')"
