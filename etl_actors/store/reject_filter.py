"""Which dead letters are meant: the filter, and the conditions that it is in SQL."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg import sql

from etl_actors.relational.reject import Stage

__all__ = ["RejectFilter", "RejectStatus"]

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

    def composed(self, statement: sql.SQL, **parts: sql.Composable) -> sql.Composed:
        """Write its conditions into a statement.

        Args:
            statement: with ``{tables}``, which are etl.reject as ``r`` and its batch as ``b``, and ``{wanted}``.
            parts: what else stands in it in braces.
        """
        held = [_CONDITIONS[name] for name in self.given()]
        wanted = sql.SQL(" AND ").join(held) if held else sql.SQL("true")
        return statement.format(tables=_FROM, wanted=wanted, **parts)

    def values(self, **more: object) -> dict[str, Any]:
        """Return the parameters of its conditions, and those that are given besides."""
        given = {name: getattr(self, name) for name in self.given()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()} | more
