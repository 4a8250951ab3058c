"""Lines of one version of a break-out, as the next one makes them: the documents need not be mapped again."""

from collections.abc import Iterator, Sequence

from etl_actors.relational.breakout.changes import AddColumn, AddTable, RenameColumn, Widen
from etl_actors.relational.breakout.shape import BrokenTable
from etl_actors.relational.breakout.transition import addresses, told_by, transition
from etl_actors.relational.packed import NO_FIELD, fields_behind, head_size
from etl_actors.slips.casts.column_type import NULL
from etl_actors.slips.mapping.broken import BreakoutMapper
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.mapping.mapper import AnyMapper
from etl_actors.slips.reading.growing import written_alike
from etl_actors.workers.unpacked import unpacked

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
            rows, places = lines[former], _places(old.tables[former], table)
            if number not in after.packed:
                written = [*unpacked(before.tables[former], rows)] if former in before.packed else rows
                made[number] = [*_moved(written, places, _ROOT_HEAD if table.parent is None else _HEAD)]
            elif former in before.packed or not rows:
                made[number] = [*_packed(rows, places, head_size(after.tables[number]))]
            else:
                return None
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


def _packed(rows: Sequence[bytes], places: Sequence[int | None], head: int) -> Iterator[bytes]:
    """Put the fields of packed rows where they belong now."""
    if not rows or places == [*range(sum(1 for _ in fields_behind(head, rows[0])) - 1)]:
        yield from rows
        return
    for row in rows:
        *fields, rest = fields_behind(head, row)
        yield b"".join((row[:head], *(NO_FIELD if place is None else fields[place] for place in places), rest))
