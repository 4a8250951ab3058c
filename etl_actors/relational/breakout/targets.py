"""The tables of a layout as targets: with a key, a policy, and lineage."""

from dataclasses import replace

from etl_actors.relational.breakout.layout import REST, laid_out
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import BrokenEntity, BrokenTable, Cell, Layout
from etl_actors.relational.tables import Column, Kind, Policy, Table

__all__ = ["broken_targets"]


def broken_targets(
    layout: Layout, schema: str, key: tuple[str, ...], policy: Policy, given: Table | None = None, tombstones: Table | None = None
) -> tuple[Table, ...]:
    """Make targets of tables.

    Args:
        layout: of the tables.
        schema: where they are.
        key: fields of the documents that are the root's key; none: a document is known by all that it holds.
        policy: which of several documents with one key stays.
        given: the root as the slip's expressions make it: their columns, and a key and policy of these; None without such.
        tombstones: their table as expressions make it; None where documents delete no rows.

    Returns:
        The targets, in the layout's order, entities behind all others; last the table of the tombstones, if there is one.
    """
    made: list[Table] = []
    for table in layout.tables:
        columns = _columns(table.cells)
        if table.parent is None and given is not None:
            own = (*given.columns, *columns[len(given.columns) :])
            known_by = given.key or _key_columns(table, key)
            wins = given.policy if given.columns else policy
            made.append(replace(given, schema=schema, name=table.name, columns=own, key=known_by, policy=wins))
            if tombstones is not None and not given.key:
                made[0] = replace(made[0], deleted_key=_key_columns(laid_out(Seen(), table.name, key).tables[0], key))
        elif table.parent is None:
            made.append(Table(schema, table.name, Kind.ROOT, policy, _key_columns(table, key), columns, None))
        else:
            made.append(Table(schema, table.name, Kind.SET, made[0].policy, (), columns, made[table.parent].qualified))
    for entity in layout.entities:
        keyed = _key_columns(entity, entity.key)
        made.append(Table(schema, entity.name, Kind.ENTITY, Policy.IGNORE, keyed, _columns(entity.cells), None))
    return tuple(made) if tombstones is None else (*made, _tombstones(made[0], tombstones))


def _tombstones(root: Table, made: Table) -> Table:
    """Give them the key of the root: by names that are of the key alone, so that no other field ever gives them others.

    They cannot be filled anew: the documents that they are of have no rows to be found by.
    """
    if made.key:
        return made
    columns = tuple(Column(name, "text") for name in root.deleted_key)
    return replace(made, policy=root.policy, key=root.deleted_key, columns=columns)


def _columns(cells: tuple[Cell, ...]) -> tuple[Column, ...]:
    return (*(Column(cell.name, cell.type) for cell in cells), Column(REST, "jsonb"))


def _key_columns(root: BrokenTable | BrokenEntity, key: tuple[str, ...]) -> tuple[str, ...]:
    by_path = {cell.path: cell.name for cell in root.cells if cell.mixed}
    return tuple(by_path[field,] for field in key)
