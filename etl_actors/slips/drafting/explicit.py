"""The tables of a layout as the text of a slip, which then makes of documents what the layout says."""

from collections.abc import Mapping

from etl_actors.relational.breakout.shape import BrokenTable, Cell, CellKind, Layout, Step
from etl_actors.slips.source.toml_text import key, path, quoted

__all__ = ["columns_of", "explicit_tables"]

_KINDS = {CellKind.NUMBER: "number", CellKind.TEXT: "string", CellKind.BOOLEAN: "boolean"}
_HOLDERS = {Step.ENTRIES: "object", Step.ITEMS: "array"}
_WIDTH = 100  # characters of a line, behind which there is no example


def explicit_tables(
    layout: Layout, identity: str, examples: Mapping[tuple[int, int], str] | None = None, *, root_comment: str = ""
) -> str:
    """Write the tables.

    Args:
        layout: of them.
        identity: the lines of the root that say what its key is and who wins; empty for none.
        examples: of a column, by the numbers of its table and of its cell: a value, as it is to be shown.
        root_comment: lines above the root's columns.

    Returns:
        TOML.
    """
    return "\n".join(
        _table(layout, number, (root_comment + identity) if table.parent is None else "", examples or {})
        for number, table in enumerate(layout.tables)
    )


def columns_of(layout: Layout, number: int) -> list[tuple[Cell, str]]:
    """Give the columns of a table, each with its expression.

    Args:
        layout: of the tables.
        number: of the table.
    """
    return [(cell, _expression(cell, _steps_at(layout, number, cell.path))) for cell in layout.tables[number].cells]


def _table(layout: Layout, number: int, head: str, examples: Mapping[tuple[int, int], str]) -> str:
    table = layout.tables[number]
    lines = [f"[tables.{key(table.name)}]"]
    if table.parent is not None:
        lines += _hanging(table, layout.tables[table.parent])
    width = max((len(key(cell.name)) for cell in table.cells), default=0)
    for place, (cell, expression) in enumerate(columns_of(layout, number)):
        line = f"columns.{key(cell.name):<{width}} = {quoted(expression)}"
        shown = examples.get((number, place))
        lines.append(f"{line}  # {shown}" if shown and len(line) + len(shown) < _WIDTH else line)
    bare = ", ".join(quoted(path(place))[1:-1] for place in table.bare if place)
    if bare:
        lines.append(f"# Nothing but null, {{}} and [] was seen of: {bare}")
    first, *others = lines
    return "\n".join([first, *head.rstrip("\n").split("\n"), *others] if head else lines) + "\n"


def _hanging(table: BrokenTable, above: BrokenTable) -> list[str]:
    """Say what a table hangs on, and how its items are found there."""
    lines = [f"parent = {quoted(above.name)}"]
    begin = path(table.path, "@" if above.parent is not None or not table.path else "$")
    lines.append(f"each   = {quoted(begin + _every(table, above))}")
    if not table.alone:  # arrays here, objects there: both have members
        lines.append(f"when   = {quoted('@key != null' if table.step is Step.ENTRIES else '@key == null')}")
    return lines


def _every(table: BrokenTable, above: BrokenTable) -> str:
    """Write what takes the items at a place: nothing, which refuses what is no array, where nothing but arrays was seen."""
    if table.step is Step.ENTRIES:
        return ".*"
    return "" if table.alone and all(cell.path != table.path for cell in above.cells) else "[*]"


def _steps_at(layout: Layout, number: int, place: tuple[str, ...]) -> set[Step | None]:
    """Tell what tables hang at a place of a table's items."""
    return {other.step for other in layout.tables if other.parent == number and other.path == place}


def _expression(cell: Cell, hanging: set[Step | None]) -> str:
    if cell.kind is CellKind.KEY:
        return "@key | text"
    place = path(cell.path)
    if cell.alone and not hanging:
        return f"{place} | {cell.type}"
    kinds = (
        [_KINDS[cell.kind]]
        if cell.kind is not CellKind.JSON
        else [kind for step, kind in _HOLDERS.items() if step not in hanging]
    )
    wanted = f"== '{kinds[0]}'" if len(kinds) == 1 else "in ['object', 'array']"
    return f"if(type({place}) {wanted}, {place}, null) | {cell.type}"
