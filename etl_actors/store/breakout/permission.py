"""What documents may make of tables by themselves; all else waits, as a plan, for somebody to apply it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps

from psycopg import sql

from etl_actors.relational.breakout.changes import Change, MoveColumns, Refill, ToText, Widen
from etl_actors.relational.breakout.evidence import read_evidence, written_evidence
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.transition import transition
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.drift import drifted
from etl_actors.store.tables.plan import Change as Made
from etl_actors.store.tables.plan import created
from etl_actors.store.tables.quoting import identifier

__all__ = ["Permission", "Plan", "plan", "planned", "plans", "settle_plan", "written_anew"]

_SQL = queries("breakouts")
_MB = 2**20


@dataclass(frozen=True, slots=True)
class Permission:
    """The settings `ddl` and `ddl_max_rewrite_mb`.

    Args:
        alone: whether tables are made and changed without being asked.
        most_mb: how large tables may be that are written anew for it; 0 for any size.
    """

    alone: bool = True
    most_mb: int = 0

    def refusal(self, conn: Connection, tables: Sequence[Table], changes: Sequence[Change] | Refill) -> str:
        """Say why changes wait for somebody to apply them; empty where they do not.

        Args:
            conn: to ask for sizes.
            tables: as they are.
            changes: to be made.
        """
        if not changes:
            return ""
        if not self.alone:
            return "by the setting ddl = plan somebody is to make them"
        size = written_anew(conn, tables, changes) if self.most_mb else 0
        if size > self.most_mb * _MB:
            return f"tables of {size // _MB:,} MB would be written anew, and ddl_max_rewrite_mb is {self.most_mb:,}"
        return ""


def written_anew(conn: Connection, tables: Sequence[Table], changes: Sequence[Change] | Refill) -> int:
    """Measure the tables that PostgreSQL writes anew for changes.

    Returns:
        Their bytes.
    """
    if isinstance(changes, Refill):
        names = {table.name for table in tables}
    else:
        names = {change.table for change in changes if isinstance(change, Widen | ToText | MoveColumns)}
    size = sql.SQL("SELECT pg_total_relation_size({}::regclass)")
    total = 0
    for table in tables:
        if table.name in names:
            row = conn.execute(size.format(sql.Literal(identifier(table).as_string(conn)))).fetchone()
            total += 0 if row is None else int(row[0])
    return total


def planned(conn: Connection, slip: Slip) -> Seen | None:
    """Give what the documents of a slip ask its tables to be, beyond what they are; None where nothing waits."""
    row = conn.execute(_SQL["planned"], {"slip": slip.name}).fetchone()
    return None if row is None else read_evidence(row[0], None if slip.breakout is None else slip.breakout.asked)


@dataclass(frozen=True, slots=True)
class Plan:
    """A slip whose documents wait for its tables to be changed.

    Args:
        name: of the slip.
        files: of the slip, as somebody wrote it, or as it is made for a source.
        why: they wait.
    """

    name: str
    files: Mapping[str, str]
    why: str


def plans(conn: Connection) -> list[Plan]:
    """List the slips whose documents wait for their tables to be changed, by name."""
    return [Plan(*row) for row in conn.execute(_SQL["planned_slips"])]


def plan(conn: Connection, known: Slip, wanted: Slip, seen: Seen, why: str) -> None:
    """Keep what documents of a slip ask for, and tell the statements that it takes, if that is more than was asked for before.

    Args:
        conn: in a transaction.
        known: the version that the tables are of.
        wanted: the version that they are to be of.
        seen: what it has seen.
        why: it waits.
    """
    files = {name: text for name, text in wanted.files.items() if name != EVIDENCE}
    told = {"slip": wanted.name, "files": dumps(files), "evidence": written_evidence(seen), "why": why}
    if not conn.execute(_SQL["plan"], told).rowcount:
        return
    for change in _asked_for(known, wanted):
        statement = {"target": change.target, "statement": change.statement.as_string(conn), "slip": wanted.name}
        conn.execute(_SQL["record_planned"], statement)


def _asked_for(known: Slip, wanted: Slip) -> list[Made]:
    """List the statements that lead from one version of a slip to another, none of which is run."""
    assert known.breakout is not None
    assert wanted.breakout is not None
    changes = transition(known.breakout.layout, wanted.breakout.layout)
    if isinstance(changes, Refill):
        return [change for table in wanted.targets if table.kind is not Kind.TOMBSTONE for change in created(table)]
    return list(drifted(changes, wanted.targets))


def settle_plan(conn: Connection, name: str) -> None:
    """Forget what was asked for: it is made, or the slip has become another."""
    conn.execute(_SQL["settle_plan"], {"slip": name})
