"""Whether slips that fill one table agree on what it is: else its rows would depend on which of them came first."""

from collections.abc import Iterator
from itertools import combinations

from etl_actors.relational.tables import Column, Kind, Table
from etl_actors.slips.model.slip import Slip, SlipTable
from etl_actors.slips.shelf.companions import companion_quarrels
from etl_actors.slips.shelf.cross_refs import ref_quarrels
from etl_actors.slips.shelf.quarrel import Quarrel, Read, told
from etl_actors.slips.shelf.view_quarrels import view_quarrels
from etl_actors.slips.source.files import MAIN

__all__ = ["Quarrel", "Read", "quarrels"]


def quarrels(slips: list[Read]) -> Iterator[Quarrel]:
    """Find the slips that make different things of one table: by filling it, or by pointing to its rows.

    Args:
        slips: each with its folder, of names that differ.

    Yields:
        Each two that disagree, in the order of `slips`.
    """
    fillers: dict[str, list[tuple[Read, SlipTable]]] = {}
    for read in slips:
        for table in read[1].tables:
            if table.table.kind is Kind.TOMBSTONE:
                continue  # as its root's table says
            fillers.setdefault(table.table.qualified, []).append((read, table))
    for name, several in fillers.items():
        for (one, known), (other, table) in combinations(several, 2):
            if one[1].breakout is not None or other[1].breakout is not None:
                sentence = f"`{name}` is a table of {one[0] / MAIN} too: what breaks documents out has its tables for itself"
                yield Quarrel(one[1].name, other[1].name, name, _problem(other, table, sentence))
                continue
            differing = "; ".join(
                (*_differences(table, known), *_deletes(table.table, known.table), *_origins(other[1], table, one[1]))
            )
            if differing:
                sentence = f"the slip fills `{name}` otherwise than {one[0] / MAIN}: {differing}"
                yield Quarrel(one[1].name, other[1].name, name, _problem(other, table, sentence))
    yield from companion_quarrels(slips)
    yield from ref_quarrels(slips)
    yield from view_quarrels(slips)


def _problem(read: Read, table: SlipTable, sentence: str) -> str:
    return told(read, lambda problems: problems.at_key(("tables", table.table.name), sentence))


def _differences(one: SlipTable, other: SlipTable) -> Iterator[str]:
    here, there = one.table, other.table
    if (here.parent, here.kind is Kind.ENTITY) != (there.parent, there.kind is Kind.ENTITY):
        yield f"it is {_stand(here)}, there {_stand(there)}"
    if here.key != there.key:
        yield f"its key is {_listed(here.key)}, there {_listed(there.key)}"
    if here.told_policy != there.told_policy and Kind.SET not in (here.kind, there.kind):  # a SET has its owner's
        yield f'`on_duplicate` is "{here.told_policy}", there "{there.told_policy}"'
    if one.own_rows != other.own_rows:
        yield f"`identity` is {_identity(one)}, there {_identity(other)}"
    known = {column.name: column for column in there.columns}
    for column in here.columns:
        if column.name in known:
            yield from _differing(column, known[column.name])
        elif not column.null:
            yield f"column `{column.name}` is never null, and there it is not filled"
    filled = {column.name for column in here.columns}
    for column in there.columns:
        if column.name not in filled and not column.null:
            yield f"column `{column.name}` is not filled, and there it is never null"


def _deletes(here: Table, there: Table) -> Iterator[str]:
    if bool(here.deleted_by) != bool(there.deleted_by):
        yield f"`delete_when` is {_given(here.deleted_by)}, there {_given(there.deleted_by)}"


def _origins(slip: Slip, table: SlipTable, other: Slip) -> Iterator[str]:
    """Tell whether rows that are known by their whole document are known by more of it here than there."""
    if table.table.kind is Kind.ROOT and not table.table.key and slip.has_origin != other.has_origin:
        yield f"`origin` is {str(slip.has_origin).lower()}, there {str(other.has_origin).lower()}"


def _differing(here: Column, there: Column) -> Iterator[str]:
    if here.type != there.type:
        yield f"column `{here.name}` is {here.type}, there {there.type}"
    if here.null != there.null:
        yield f"column `{here.name}` {_nullness(here)}, there it {_nullness(there)}"
    if here.check != there.check:
        yield f"column `{here.name}` has {'another' if here.check and there.check else 'a' if here.check else 'no'} `check`"


def _nullness(column: Column) -> str:
    return "may be null" if column.null else "is never null"


def _stand(table: Table) -> str:
    if table.parent is not None:
        return f"below `{table.parent}`"
    return "one of entities" if table.kind is Kind.ENTITY else "the root"


def _listed(key: tuple[str, ...]) -> str:
    return f"({', '.join(key)})" if key else "none"


def _given(what: str) -> str:
    return "given" if what else "not given"


def _identity(table: SlipTable) -> str:
    return '"row"' if table.own_rows else "not given"
