"""Which settled rows a replay means: the filter, how many it chooses, and what it cannot mean."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from json import dumps
from typing import Any

from etl_actors.errors import UsageError
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Choice", "bounds", "count", "require_settled", "settling_digests", "unknown"]

_SQL = queries("replays")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """Which settled rows are meant; all that is given must hold.

    Args:
        rows: their ids; none for any.
        batches: that had any part in them; none for any.
        source: of the rows.
        slip: that settled them last.
        since: when they were received, at the earliest.
        until: before when they were received.
        rejected: only rows that have an open dead letter.
        reason: of that dead letter.
    """

    rows: tuple[int, ...] = ()
    batches: tuple[int, ...] = ()
    source: str | None = None
    slip: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    rejected: bool = False
    reason: str | None = None

    @property
    def everything(self) -> bool:
        """Whether there is no filter at all."""
        return not self.filter

    @property
    def filter(self) -> dict[str, Any]:
        """As `etl.chosen` reads it: only what is given."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value
        }

    def words(self) -> str:
        """Write it as a sentence goes on: `` of source shop, since 2026-01-31 00:00:00Z``; empty where there is no filter."""
        said = [
            f"of {_listed('row', self.rows)}" if self.rows else "",
            f"of {_listed('batch', self.batches)}" if self.batches else "",
            f"of source {self.source}" if self.source else "",
            f"of slip {self.slip}" if self.slip else "",
            f"since {_utc(self.since)}" if self.since else "",
            f"until {_utc(self.until)}" if self.until else "",
            f"with an open dead letter{f' for {self.reason}' if self.reason else ''}" if self.rejected else "",
        ]
        words = ", ".join(word for word in said if word)
        return f" {words}" if words else ""


def bounds(conn: Connection, choice: Choice) -> tuple[int, int]:
    """Return two row ids between which everything lies that can be chosen, both included."""
    row = conn.execute(_SQL["bounds"], {"filter": dumps(choice.filter)}).fetchone()
    lo, hi = row or (1, 1)
    return lo, max(lo, hi)  # a range that ends before it begins is an error of PostgreSQL's


def count(conn: Connection, choice: Choice) -> dict[str, int]:
    """Count the chosen rows by source; what staging no longer holds is not chosen."""
    return dict(conn.execute(_SQL["count"], _window(conn, choice)).fetchall())


def settling_digests(conn: Connection, choice: Choice) -> dict[str | None, int]:
    """Count the chosen rows by the version that settled them; None: they were rejected before one was chosen."""
    return dict(conn.execute(_SQL["settling_digests"], _window(conn, choice)).fetchall())


def _window(conn: Connection, choice: Choice) -> dict[str, Any]:
    lo, hi = bounds(conn, choice)
    return {"filter": dumps(choice.filter), "lo": lo, "hi": hi}


def require_settled(conn: Connection, choice: Choice) -> None:
    """Refuse a choice that names what is not there, or not settled.

    Raises:
        UsageError: of a row, a batch or a slip that it names; the sentence counts them.
    """
    if choice.since and choice.until and choice.since >= choice.until:
        msg = f"Expected --since before --until, got {_utc(choice.since)} and {_utc(choice.until)}."
        raise UsageError(msg)
    if choice.slip is not None:
        names = [name for (name,) in conn.execute(_SQL["slip_names"])]
        if choice.slip not in names:
            msg = f"No slip {choice.slip} was ever in force; there are {', '.join(names) or 'none'}."
            raise UsageError(msg)
    if choice.batches:
        amiss = conn.execute(_SQL["unfinished_batches"], {"batches": list(choice.batches)}).fetchall()
        if amiss:
            said = [f"{batch_id} ({status or 'there is none'})" for batch_id, status in amiss]
            msg = f"Expected batches that are done, got {_some(said)}."
            raise UsageError(msg)
    if choice.rows:
        window = {"rows": list(choice.rows), "lo": min(choice.rows), "hi": max(choice.rows)}
        removed, missing, waiting = conn.execute(_SQL["unsettled_rows"], window).fetchone() or (None, None, None)
        said = [
            f"{len(removed):,} that retention has removed from staging ({_some(removed)})" if removed else "",
            f"{len(missing):,} not in staging ({_some(missing)})" if missing else "",
            f"{len(waiting):,} still pending ({_some(waiting)})" if waiting else "",
        ]
        if removed or missing or waiting:
            msg = f"Expected rows that are settled; of {len(choice.rows):,} there are {', '.join(filter(None, said))}."
            raise UsageError(msg)


def unknown(conn: Connection, choice: Choice) -> list[str]:
    """Say, a sentence each, which names of a choice nothing is known by: most likely they are misspelt."""
    given = {"source": choice.source, "reason": choice.reason}
    source, reason = conn.execute(_SQL["known"], given).fetchone() or (True, True)
    return [
        *([] if source else [f"Nothing was ever staged of source {choice.source}."]),
        *([] if reason else [f"Nothing was ever rejected for {choice.reason}."]),
    ]


def _listed(noun: str, ids: Sequence[int]) -> str:
    return f"{noun} {ids[0]}" if len(ids) == 1 else f"{len(ids):,} {noun}{'es' if noun.endswith('ch') else 's'}"


def _some(found: Sequence[object]) -> str:
    shown = ", ".join(str(one) for one in found[:_SHOWN])
    return f"{shown}, …" if len(found) > _SHOWN else shown


def _utc(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
