"""Dead letters as rows to look at: newest first, counted, grouped, read out, discarded and reopened."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg import sql

from etl_actors.relational.reject import Stage
from etl_actors.store.actions import record_action
from etl_actors.store.database import Connection
from etl_actors.store.pieces import PIECE_ROWS, WEIGHT, cut, fetched_apart
from etl_actors.store.queries import queries
from etl_actors.store.reject_filter import RejectFilter, RejectStatus

__all__ = [
    "DeadLetter",
    "Grouping",
    "RejectGroup",
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

_COLUMNS = sql.SQL(
    "r.reject_id, r.row_id, b.source, r.batch_id, r.slip, r.slip_digest, r.stage, r.reason, r.message, r.detail, r.status, "
    "r.item, r.created_at"
)


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
    return [_letter(row) for row in conn.execute(wanted.composed(statement, columns=_COLUMNS), wanted.values(limit=limit))]


def count_rejects(conn: Connection, wanted: RejectFilter) -> tuple[int, int]:
    """Return how many dead letters there are, and the greatest `reject_id` of them; 0 for none."""
    statement = sql.SQL("SELECT count(*), coalesce(max(r.reject_id), 0) FROM {tables} WHERE {wanted}")
    rows, upto = conn.execute(wanted.composed(statement), wanted.values()).fetchone() or (0, 0)
    return rows, upto


def rejected_rows(conn: Connection, wanted: RejectFilter, limit: int) -> list[int]:
    """Return the ids of the rows that dead letters are of, each once, ascending; at most `limit` of them."""
    statement = sql.SQL("SELECT DISTINCT r.row_id FROM {tables} WHERE {wanted} ORDER BY r.row_id LIMIT %(limit)s")
    return [row_id for (row_id,) in conn.execute(wanted.composed(statement), wanted.values(limit=limit))]


def grouped_rejects(conn: Connection, wanted: RejectFilter, by: Grouping) -> list[RejectGroup]:
    """Return the groups of dead letters, the largest first, each with the message of its latest."""
    statement = sql.SQL(
        "SELECT g.key, g.rejects, g.first, g.last, g.example, e.message FROM ("
        "SELECT {key} AS key, count(*) AS rejects, min(r.created_at) AS first, max(r.created_at) AS last, "
        "max(r.reject_id) AS example FROM {tables} WHERE {wanted} GROUP BY {key}) g "
        "JOIN etl.reject e ON e.reject_id = g.example ORDER BY g.rejects DESC, g.key"
    )
    return [RejectGroup(*row) for row in conn.execute(wanted.composed(statement, key=_GROUPED[by]), wanted.values())]


def rejects_by_id(conn: Connection, ids: Sequence[int]) -> list[DeadLetter]:
    """Return the dead letters with these ids, ascending; those that are not there are missing."""
    return [_letter(row) for row in conn.execute(_SQL["by_id"], {"ids": list(ids)})]


def rejects_of_row(conn: Connection, row_id: int, limit: int) -> list[DeadLetter]:
    """Return what was ever rejected of a row, the latest first."""
    return [_letter(row) for row in conn.execute(_SQL["of_row"], {"row_id": row_id, "limit": limit})]


def stream_rejects(conn: Connection, wanted: RejectFilter) -> Generator[tuple[DeadLetter, str | None, bool]]:
    """Read dead letters out in the order of their ids, each with its payload as jsonb writes it, a few at a time.

    Args:
        conn: in autocommit mode; one transaction is open until the last is read, or the generator is closed.
        wanted: which.

    Yields:
        The dead letter; the payload, None where retention has removed it, or it is too large as text; and whether that is so.
    """
    statement = sql.SQL(
        "SELECT {columns}, {weight} FROM {tables} LEFT JOIN etl.staging s ON s.row_id = r.row_id "
        "WHERE {wanted} ORDER BY r.reject_id"
    )
    with conn.transaction(), conn.cursor("rejects") as cursor:
        cursor.itersize = PIECE_ROWS
        cursor.execute(wanted.composed(statement, columns=_COLUMNS, weight=WEIGHT), wanted.values())
        for piece in cut((_letter(row[:-1]), row[-1] or 0) for row in cursor):
            found, too_large = fetched_apart(conn, sorted({letter.row_id for letter, _ in piece}))
            payloads = {staged.row_id: staged.raw for staged in found}
            for letter, _ in piece:
                payload = payloads.get(letter.row_id)
                yield letter, None if payload is None else payload.decode(), letter.row_id in too_large


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
        if to is RejectStatus.OPEN:  # then its document stays: retention looks for open ones while it holds staging alone
            conn.execute("LOCK TABLE ONLY etl.staging IN ACCESS SHARE MODE")
        rows = conn.execute(wanted.composed(statement), wanted.values(to=to.value)).rowcount
        if rows:
            record_action(conn, action, {"filter": wanted.given(), "rejects": rows})
    return rows


def _letter(row: Sequence[Any]) -> DeadLetter:
    values: dict[str, Any] = dict(zip(_LETTER, row, strict=True))
    return DeadLetter(**values | {"stage": Stage(values["stage"]), "status": RejectStatus(values["status"])})
