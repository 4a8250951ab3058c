"""Dead letters as rows to look at: found by filter, newest first, counted, grouped, read out, discarded and reopened."""

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from json import dumps
from typing import Any

from psycopg import sql

from etl_actors.relational.reject import Stage
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = [
    "DeadLetter",
    "Grouping",
    "RejectFilter",
    "RejectGroup",
    "RejectStatus",
    "count_rejects",
    "grouped_rejects",
    "newest_rejects",
    "rejected_rows",
    "rejects_by_id",
    "rejects_of_row",
    "settle_rejects",
    "stream_rejects",
]

_SQL = queries("rejects")
_STREAMED = 500  # rows fetched at a time: each has its payload beside it

_COLUMNS = sql.SQL(
    "r.reject_id, r.row_id, b.source, r.batch_id, r.slip, r.slip_digest, r.stage, r.reason, r.message, r.detail, r.status, "
    "r.item, r.created_at"
)
_FROM = sql.SQL("etl.reject r JOIN etl.batch b ON b.batch_id = r.batch_id")
_CONDITIONS = {
    "ids": sql.SQL("r.reject_id = ANY (%(ids)s)"),
    "source": sql.SQL("b.source = %(source)s"),
    "slip": sql.SQL("r.slip = %(slip)s"),
    "stage": sql.SQL("r.stage = %(stage)s"),
    "reason": sql.SQL("r.reason = %(reason)s"),
    "status": sql.SQL("r.status = %(status)s"),
    "since": sql.SQL("r.created_at >= %(since)s"),
    "until": sql.SQL("r.created_at < %(until)s"),
    "upto": sql.SQL("r.reject_id <= %(upto)s"),
    "last": sql.SQL(
        "%(last)s AND NOT EXISTS (SELECT FROM etl.batch l WHERE l.status = 'done' AND l.replay_id IS NOT NULL "
        "AND l.batch_id > r.batch_id AND int8range(l.row_lo, l.row_hi, '[]') @> r.row_id AND r.row_id = ANY (l.row_ids))"
    ),
}


class RejectStatus(StrEnum):
    """How a dead letter stands."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class Grouping(StrEnum):
    """What dead letters can be grouped by."""

    REASON = "reason"
    SLIP = "slip"
    SOURCE = "source"
    STAGE = "stage"


_GROUPED = {
    Grouping.REASON: sql.SQL("r.reason"),
    Grouping.SLIP: sql.SQL("r.slip"),
    Grouping.SOURCE: sql.SQL("b.source"),
    Grouping.STAGE: sql.SQL("r.stage"),
}


@dataclass(frozen=True, slots=True)
class RejectFilter:
    """Which dead letters are meant: those for which everything holds that is given.

    Args:
        ids: of the dead letters.
        source: of their rows.
        slip: that refused them.
        stage: at which they were refused.
        reason: their short code.
        status: how they stand.
        since: created then or later.
        until: created before.
        upto: the greatest `reject_id`: what came after a count is not meant.
        last: only those whose rows were not replayed since; False for any.
    """

    ids: tuple[int, ...] = ()
    source: str | None = None
    slip: str | None = None
    stage: Stage | None = None
    reason: str | None = None
    status: RejectStatus | None = RejectStatus.OPEN
    since: datetime | None = None
    until: datetime | None = None
    upto: int | None = None
    last: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether it says anything beside the status: without, all of a kind are meant."""
        return any((self.ids, self.source, self.slip, self.stage, self.reason, self.since, self.until))

    def given(self) -> dict[str, Any]:
        """Return what is given, by name, as JSON has it."""
        found = {name: value for name, value in asdict(self).items() if value not in (None, (), False)}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One row of etl.reject, with the source of its batch."""

    reject_id: int
    row_id: int
    source: str
    batch_id: int
    slip: str | None
    digest: str | None
    stage: Stage
    reason: str
    message: str
    detail: dict[str, Any]
    status: RejectStatus
    item: bool
    created_at: datetime


_LETTER = tuple(field.name for field in fields(DeadLetter))


@dataclass(frozen=True, slots=True)
class RejectGroup:
    """Dead letters that have something in common.

    Args:
        key: what they have in common; None where no slip was chosen.
        rejects: how many they are.
        first: when the first was created.
        last: when the last was created.
        example_id: the `reject_id` of the latest.
        example: its message.
    """

    key: str | None
    rejects: int
    first: datetime
    last: datetime
    example_id: int
    example: str


def newest_rejects(conn: Connection, wanted: RejectFilter, limit: int) -> list[DeadLetter]:
    """Return dead letters, the newest first."""
    statement = sql.SQL("SELECT {columns} FROM {tables} WHERE {wanted} ORDER BY r.reject_id DESC LIMIT %(limit)s")
    return [_letter(row) for row in conn.execute(_composed(statement, wanted), _values(wanted, limit=limit))]


def count_rejects(conn: Connection, wanted: RejectFilter) -> tuple[int, int]:
    """Return how many dead letters there are, and the greatest `reject_id` of them; 0 for none."""
    statement = sql.SQL("SELECT count(*), coalesce(max(r.reject_id), 0) FROM {tables} WHERE {wanted}")
    rows, upto = conn.execute(_composed(statement, wanted), _values(wanted)).fetchone() or (0, 0)
    return rows, upto


def rejected_rows(conn: Connection, wanted: RejectFilter, limit: int) -> list[int]:
    """Return the ids of the rows that dead letters are of, each once, ascending; at most `limit` of them."""
    statement = sql.SQL("SELECT DISTINCT r.row_id FROM {tables} WHERE {wanted} ORDER BY r.row_id LIMIT %(limit)s")
    return [row_id for (row_id,) in conn.execute(_composed(statement, wanted), _values(wanted, limit=limit))]


def grouped_rejects(conn: Connection, wanted: RejectFilter, by: Grouping) -> list[RejectGroup]:
    """Return the groups of dead letters, the largest first, each with the message of its latest."""
    statement = sql.SQL(
        "SELECT g.key, g.rejects, g.first, g.last, g.example, e.message FROM ("
        "SELECT {key} AS key, count(*) AS rejects, min(r.created_at) AS first, max(r.created_at) AS last, "
        "max(r.reject_id) AS example FROM {tables} WHERE {wanted} GROUP BY {key}) g "
        "JOIN etl.reject e ON e.reject_id = g.example ORDER BY g.rejects DESC, g.key"
    )
    return [RejectGroup(*row) for row in conn.execute(_composed(statement, wanted, key=_GROUPED[by]), _values(wanted))]


def rejects_by_id(conn: Connection, ids: Sequence[int]) -> list[DeadLetter]:
    """Return the dead letters with these ids, ascending; those that are not there are missing."""
    return [_letter(row) for row in conn.execute(_SQL["by_id"], {"ids": list(ids)})]


def rejects_of_row(conn: Connection, row_id: int, limit: int) -> list[DeadLetter]:
    """Return what was ever rejected of a row, the latest first."""
    return [_letter(row) for row in conn.execute(_SQL["of_row"], {"row_id": row_id, "limit": limit})]


def stream_rejects(conn: Connection, wanted: RejectFilter) -> Generator[tuple[DeadLetter, str | None]]:
    """Read dead letters out in the order of their ids, each with its payload as jsonb writes it, a few at a time.

    Args:
        conn: in autocommit mode; one transaction is open until the last is read, or the generator is closed.
        wanted: which.

    Yields:
        The dead letter and the payload, None where retention has removed it.
    """
    statement = sql.SQL(
        "SELECT {columns}, s.payload::text FROM {tables} LEFT JOIN etl.staging s ON s.row_id = r.row_id "
        "WHERE {wanted} ORDER BY r.reject_id"
    )
    with conn.transaction(), conn.cursor("rejects") as cursor:
        cursor.itersize = _STREAMED
        cursor.execute(_composed(statement, wanted), _values(wanted))
        for row in cursor:
            yield _letter(row[:-1]), row[-1]


def settle_rejects(conn: Connection, wanted: RejectFilter, to: RejectStatus, action: str) -> int:
    """Give dead letters another status, and record who did what to how many.

    Args:
        conn: in autocommit mode.
        wanted: which, among them the status that they have.
        to: the status that they get.
        action: what it is called in etl.action.

    Returns:
        How many they were; where there were none, nothing is recorded.
    """
    statement = sql.SQL(
        "UPDATE etl.reject SET status = %(to)s WHERE reject_id IN (SELECT r.reject_id FROM {tables} WHERE {wanted}) "
        "AND status = %(status)s"
    )
    with conn.transaction():
        rows = conn.execute(_composed(statement, wanted), _values(wanted, to=to.value)).rowcount
        if rows:
            detail = dumps({"filter": wanted.given(), "rejects": rows})
            conn.execute(_SQL["record"], {"action": action, "detail": detail})
    return rows


def _composed(statement: sql.SQL, wanted: RejectFilter, **more: sql.Composable) -> sql.Composed:
    held = [_CONDITIONS[name] for name in wanted.given()]
    parts = {"columns": _COLUMNS, "tables": _FROM, "wanted": sql.SQL(" AND ").join(held) if held else sql.SQL("true")}
    return statement.format(**parts, **more)


def _values(wanted: RejectFilter, **more: object) -> dict[str, Any]:
    given = {name: getattr(wanted, name) for name in wanted.given()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()} | more


def _letter(row: Sequence[Any]) -> DeadLetter:
    values: dict[str, Any] = dict(zip(_LETTER, row, strict=True))
    return DeadLetter(**values | {"stage": Stage(values["stage"]), "status": RejectStatus(values["status"])})
