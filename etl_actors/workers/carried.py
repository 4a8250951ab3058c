"""Lines of one version of a break-out, as the next one makes them: the documents need not be mapped again."""

from collections.abc import Iterator, Sequence

from etl_actors.relational.breakout.changes import AddColumn, AddTable, RenameColumn, Widen
from etl_actors.relational.breakout.shape import BrokenTable
from etl_actors.relational.breakout.transition import addresses, told_by, transition
from etl_actors.relational.packed import HEAD, NO_FIELD, fields_behind_head
from etl_actors.slips.casts.column_type import NULL
from etl_actors.slips.mapping.broken import BreakoutMapper
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.mapping.mapper import AnyMapper
from etl_actors.slips.reading.growing import written_alike

__all__ = ["carried"]

_HEAD, _ROOT_HEAD = 5, 2  # fields of a line before those of its columns: of a child, of the root


def carried(lines: Lines, before: AnyMapper, after: AnyMapper) -> Lines | None:
    """Carry lines over from one version to a later one.

    Rows of the former are rows of the latter where tables only get columns and tables that documents mapped until then have nothing for,
    and numbers that are no longer whole, which are written as before: what is done to rows that have landed is done to the lines.

    Args:
        lines: that the former made of documents that all have a place in it.
        before: the former.
        after: the latter.

    Returns:
        The lines that the latter would have made; None where that is not so simple.
    """
    if not isinstance(before, BreakoutMapper) or not isinstance(after, BreakoutMapper):
        return None
    if not before.follows or not after.follows or not written_alike(before.slip.files, after.slip.files):
        return None
    old, new = before.layout, after.layout
    changes = transition(old, new)
    if old.entities or new.entities or not isinstance(changes, list):
        return None
    if not all(isinstance(change, AddTable | AddColumn | RenameColumn | Widen) for change in changes):
        return None
    made = after.begin()
    known = dict(zip(addresses(old), range(len(old.tables)), strict=True))
    for number, (address, table) in enumerate(zip(addresses(new), new.tables, strict=True)):
        if address in known:
            former = known[address]
            if (former in before.packed) != (number in after.packed) and lines[former]:
                return None
            moved = _packed if number in after.packed else _moved
            head = _ROOT_HEAD if table.parent is None else _HEAD
            made[number] = [*moved(lines[former], _places(old.tables[former], table), head)]
    made[len(new.tables) :] = lines[len(old.tables) :]  # tombstones
    made.rejects = lines.rejects
    return made


def _places(old: BrokenTable, new: BrokenTable) -> list[int | None]:
    """Tell of each column which one it was."""
    known = {told_by(cell): number for number, cell in enumerate(old.cells)}
    return [known.get(told_by(cell)) for cell in new.cells]


def _moved(lines: Sequence[str], places: Sequence[int | None], head: int) -> Iterator[str]:
    """Put the fields of lines where they belong now."""
    if not lines or places == [*range(lines[0].count("\t") - head)]:
        yield from lines
        return
    for line in lines:
        fields = line.split("\t")
        yield "\t".join([*fields[:head], *(NULL if place is None else fields[head + place] for place in places), fields[-1]])


def _packed(rows: Sequence[bytes], places: Sequence[int | None], _head: int) -> Iterator[bytes]:
    """Put the fields of packed rows where they belong now."""
    if not rows or places == [*range(sum(1 for _ in fields_behind_head(rows[0])) - 1)]:
        yield from rows
        return
    for row in rows:
        *fields, rest = fields_behind_head(row)
        yield b"".join((row[: HEAD.size], *(NO_FIELD if place is None else fields[place] for place in places), rest))
