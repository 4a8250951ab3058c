"""Where slips point to the tables of one another: whether there is such a table, and whether its key is of the same types."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from etl_actors.relational.tables import Kind
from etl_actors.slips.casts.column_type import ColumnType
from etl_actors.slips.expressions.refs import Ref, refs_of
from etl_actors.slips.model.slip import Slip, SlipTable
from etl_actors.slips.shelf.quarrel import Quarrel, Read, told
from etl_actors.slips.source.files import MAIN
from etl_actors.slips.source.problems import Keys, Problems, did_you_mean

__all__ = ["Dangling", "dangling_refs", "ref_quarrels"]

_INTEGERS = frozenset({"smallint", "int", "bigint"})


class Dangling(NamedTuple):
    """A `ref` to a table that no slip fills.

    Args:
        slip: the name of the slip.
        problem: a sentence with its place in the slip.
    """

    slip: str
    problem: str


class _Placed(NamedTuple):
    keys: Keys
    ref: Ref


def ref_quarrels(slips: Sequence[Read]) -> Iterator[Quarrel]:
    """Find the slips that point to a table by a key of other types than another slip gives it: they would point at nothing.

    Args:
        slips: each with its folder, of names that differ.
    """
    for read in slips:
        for placed in _foreign(read[1]):
            tables = [(owner, table) for owner, table in _tables(slips) if table.table.name == placed.ref.table]
            if any(_fits(table, placed.ref) for _, table in tables):
                continue
            for owner, table in tables[:1]:
                wanted = ", ".join(f"{name} {kind}" for name, kind in _key(table)) or "none"
                got = ", ".join(kind.name if kind else "of no type" for kind in placed.ref.types)
                name = table.table.qualified
                sentence = f"the key of `{name}` is {wanted} in {owner[0] / MAIN}; got {got}"
                yield Quarrel(owner[1].name, read[1].name, name, _problem(read, placed, sentence))


def dangling_refs(slips: Sequence[Read]) -> Iterator[Dangling]:
    """Find what points to a table that none of the slips fills.

    Args:
        slips: each with its folder: all that there are, else what the others fill seems to be missing.
    """
    known = list(dict.fromkeys(table.table.name for _, table in _tables(slips)))
    for read in slips:
        for placed in _foreign(read[1]):
            if placed.ref.table not in known:
                sentence = f"no slip fills a table `{placed.ref.table}`{did_you_mean(placed.ref.table, known)}"
                yield Dangling(read[1].name, _problem(read, placed, sentence))


def _problem(read: Read, placed: _Placed, sentence: str) -> str:
    def note(problems: Problems) -> None:
        inner = (*placed.keys, "expr")
        problems.at_value(inner if inner in problems.places.values else placed.keys, sentence, placed.ref.at)

    return told(read, note)


def _tables(slips: Sequence[Read]) -> Iterator[tuple[Read, SlipTable]]:
    for read in slips:
        yield from ((read, table) for table in read[1].tables if table.table.kind is not Kind.TOMBSTONE)


def _foreign(slip: Slip) -> Iterator[_Placed]:
    """List what points to tables that the slip does not fill itself."""
    own = {table.table.name for table in slip.tables}
    for keys, node in _expressions(slip):
        yield from (_Placed(keys, ref) for ref in refs_of(node) if ref.table not in own)


def _expressions(slip: Slip) -> Iterator[tuple[Keys, Any]]:
    yield ("when",), slip.when
    yield from ((("let", let.name), let.node) for let in slip.lets)
    for table in slip.tables:
        if table.table.kind is Kind.TOMBSTONE:  # whose columns are the root's
            yield ("tables", table.table.deletes, "delete_when"), table.when
            continue
        keys = ("tables", table.table.name)
        yield from (((*keys, name), getattr(table, name)) for name in ("each", "recurse", "when"))
        yield from (((*keys, "let", let.name), let.node) for let in table.lets)
        yield from (((*keys, "columns", column.name), column.node) for column in table.columns)


def _key(table: SlipTable) -> list[tuple[str, str]]:
    types = {column.name: column.type for column in table.table.columns}
    return [(name, types[name]) for name in table.table.identity]


def _fits(table: SlipTable, ref: Ref) -> bool:
    kinds = [kind for _, kind in _key(table)]
    return bool(kinds) and len(kinds) == len(ref.types) and all(map(_same, kinds, ref.types))


def _same(known: str, kind: ColumnType | None) -> bool:
    return kind is not None and (kind.name == known or {kind.name, known} <= _INTEGERS)  # integers are one in identities
