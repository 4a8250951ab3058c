"""Rows that win for certain go straight into their tables, those that lose for certain are only compared: by which `_id`s are there."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import compress
from operator import not_
from time import monotonic

from psycopg import errors as pg

from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.deleting import Held, hold_alone
from etl_actors.store.loading.landing import keep_apart
from etl_actors.store.loading.parted import Parted, Straight
from etl_actors.store.loading.probe import Probed, Probing, ask_in_binary, probe
from etl_actors.store.tables.kin import Kin

__all__ = ["Parting", "Question"]

_MOST_CONTESTED = 0.5  # of a batch's rows; beyond, it goes through the temp tables whole
_WHOLE_AFTER = 20  # batches

_Rows = tuple[Sequence[bytes], Sequence[bytes]]
"""Rows that go straight, and others."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked about a batch on the way to part it; what was answered is read when the batch is parted.

    Args:
        parsed: the batch.
        held: its lock on its table; None where it is left whole.
        probing: which of its identities that table has; None where it is left whole.
        lines: of its root, where they are sure to be cut.
    """

    parsed: Parsed
    held: Held | None = None
    probing: Probing | None = None
    lines: Sequence[bytes] = ()


class Parting:
    """Parts batches for one connection's loads; of a slip whose rows have been contested, none for a while.

    Attributes:
        waited_s: seconds for which it has waited until it was alone at a table.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        ask_in_binary(conn)
        self._whole: dict[str, int] = {}  # by slip: batches that are left whole
        self.waited_s = 0.0

    def leave_whole(self, parsed: Parsed) -> None:
        """Leave the next batches of a slip whole: who has met others at the same rows will meet them again."""
        self._whole[parsed.slip or ""] = _WHOLE_AFTER

    def part_again(self, parsed: Parsed) -> None:
        """Part the next batches of a slip again: it was no others whom it met, but a row that is refused."""
        self._whole.pop(parsed.slip or "", None)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send together what is executed in the block: its answers are there when it ends.

        Raises:
            LockNotAvailable: others fill the same table for long: the batch is to be left whole.
        """
        began = monotonic()
        try:
            with self._conn.pipeline():
                yield
        except pg.LockNotAvailable:
            self.waited_s += monotonic() - began
            raise

    def ask(self, parsed: Parsed, kin: Kin, *, whole: bool) -> Question:
        """Keep what a batch fills from others, and ask what tells its contested rows from the others: the first half of parting it.

        Args:
            parsed: the batch; the connection is in its load's transaction, and sends `together`.
            kin: what else belongs to its tables.
            whole: whether it is to be left whole.
        """
        slip = parsed.slip or ""
        left = 0 if whole else self._whole.pop(slip, 0)
        if left > 1:
            self._whole[slip] = left - 1
        if whole or left or not _may_go_straight(parsed, kin):
            keep_apart(self._conn, parsed)
            return Question(parsed)
        root = parsed.blocks[0]
        # Alone, so that what is not there comes from nobody else meanwhile.
        held = hold_alone(self._conn, root.table.qualified)
        # While the server looks: the lines, where it is known that they are needed.
        return Question(parsed, held, probe(self._conn, root), root.each() if root.twins else ())

    def part(self, question: Question) -> Parted:
        """Part a batch into what is contested and what is not; one that has contested rows in plenty is left whole."""
        if question.held is None or question.probing is None:
            return Parted((), question.parsed)
        self.waited_s += question.held.waited_s
        parted = _parted(question.parsed, question.probing.answer(), question.lines)
        if not parted.straight:
            self.leave_whole(question.parsed)
        return parted


def _may_go_straight(parsed: Parsed, kin: Kin) -> bool:
    """Tell whether rows of a batch's root win for certain where nobody else has their `_id`, and are refused by nothing but the table."""
    if not parsed.blocks or not parsed.blocks[0].rows:
        return False
    root = parsed.blocks[0].table
    return (
        root.kind is Kind.ROOT
        and root.policy is not Policy.FILL
        and root.qualified not in kin.tombstones
        and not any(block.table.kind is Kind.TOMBSTONE for block in parsed.blocks)
        and not any(column.check is not None for block in parsed.blocks if _goes_along(block) for column in block.table.columns)
    )


def _parted(parsed: Parsed, probed: Probed, lines: Sequence[bytes] = ()) -> Parted:
    """Part a batch, by what its table has of it; its root's lines are cut now, if they were not before."""
    block = parsed.blocks[0]
    contested = block.twins | probed.there.keys()
    if not contested:
        return _put_together(parsed, {}, lost=False)
    lines = lines or block.each()
    mine, others = _cut(lines, block.identities(lines), contested)
    if len(others) > _MOST_CONTESTED * len(lines):
        return Parted((), parsed)
    losers = None if probed.strict else _losers(block, others, probed.there)
    if losers is not None:
        won, others = _cut(others, others, losers)
        mine = sorted([*mine, *won]) if won else mine
    left = tuple(block.row_ids(others))
    return _put_together(parsed, {block.table: (mine, others)}, left, lost=losers is not None)


def _put_together(parsed: Parsed, cut: Mapping[Table, _Rows], left: tuple[int, ...] = (), *, lost: bool) -> Parted:
    """Put a parted batch together.

    Args:
        parsed: the batch.
        cut: rows of its root that go straight, and others; empty where all go.
        left: row ids of the others.
        lost: whether all of the others lose: then their sets go nowhere.
    """
    straight, rest = [], []
    for block in parsed.blocks:
        if not _goes_along(block):
            rest.append(block)
        elif not cut:
            straight.append(Straight(block))
            rest.append(block.having([]))
        else:
            mine, others = cut.get(block.table) or _cut_set(block, left)
            straight.append(Straight(block, mine))
            rest.append(block.having([] if lost and block.table not in cut else others))
    return Parted(tuple(straight), replace(parsed, blocks=tuple(rest)), left, lost)


def _cut_set(block: Block, left: Sequence[int]) -> _Rows:
    rows = block.each()
    return _cut(rows, block.marks(rows), {block.mark(row_id) for row_id in left})


def _goes_along(block: Block) -> bool:
    """Tell whether the rows of a block land just where the root of their document does."""
    table = block.table
    return table.kind is Kind.ROOT or (table.kind is Kind.SET and table.owner is None)


def _losers(block: Block, lines: Sequence[bytes], there: Mapping[bytes, int]) -> set[bytes] | None:
    """Find which of contested lines lose for certain, where the lowest row id wins: all but the first of several that nobody has.

    Args:
        block: of a root.
        lines: of it: all that have one of the contested `_id`s.
        there: the `_id`s that the table has, each with the row id that it is of.

    Returns:
        The lines; None where it is another policy that decides, or one of them takes the place of what is there.
    """
    if block.table.policy not in (Policy.IGNORE, Policy.HISTORY):
        return None
    lowest: dict[bytes, tuple[int, bytes]] = {}
    for line, mine, row_id in zip(lines, block.identities(lines), block.row_ids(lines), strict=True):
        if mine in there:
            if row_id < there[mine]:
                return None
        elif mine not in lowest or row_id < lowest[mine][0]:
            lowest[mine] = row_id, line
    return {*lines} - {line for _, line in lowest.values()}


def _cut(rows: Sequence[bytes], marks: Sequence[bytes], left: Collection[bytes]) -> _Rows:
    """Part rows, of which each has a mark, into those that go and those whose mark is left."""
    stays = [*map(left.__contains__, marks)]
    return [*compress(rows, map(not_, stays))], [*compress(rows, stays)]
