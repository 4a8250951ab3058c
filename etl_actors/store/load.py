"""Loading: one fenced transaction in which a batch's rows, rejects and finish land together, or nothing does."""

from collections import Counter
from dataclasses import asdict, dataclass
from json import dumps
from typing import Any

import psycopg
import structlog
from psycopg import sql

from etl_actors import events
from etl_actors.errors import DataRefused, LeaseLost
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Table
from etl_actors.store.database import Connection
from etl_actors.store.kin import Kin, find_kin
from etl_actors.store.leases import Lease
from etl_actors.store.queries import queries
from etl_actors.store.targets import ensure_tables, make_temp, temp_of
from etl_actors.store.winners import count_differing, delete_sets, insert_owners, insert_set

__all__ = ["Loaded", "Loading"]

log = structlog.get_logger()

_SQL = queries("batches")
_RETRIES = 5


@dataclass(frozen=True, slots=True)
class Loaded:
    """A finished batch's counts; the first four add up to its rows.

    Args:
        differing: of `duplicate`: rows whose values were not the winner's.
        replaced: of `loaded`: rows that took the place of one from an earlier document.
    """

    loaded: int
    duplicate: int
    skipped: int
    rejected: int
    differing: int
    replaced: int


@dataclass(slots=True)
class _Landing:
    """What one load has done so far: who won, and how many rows each table has gained."""

    winners: list[int]
    replaced: list[Any]
    gained: Counter[str]
    differing: int = 0


class _NewSlip(Exception):
    """A slip was stored since its kin was found: what it puts into the same tables must be known before anything lands."""


class Loading:
    """Loads batches over one connection, whose temp tables and prepared statements it keeps and, when stale, renews."""

    def __init__(self, conn: Connection, target_schema: str = "public") -> None:
        self._conn = conn
        self._target_schema = target_schema
        self._known: dict[tuple[Table, ...], Kin] = {}
        conn.execute(_SQL["probe"])

    def load(self, lease: Lease, parsed: Parsed) -> Loaded:
        """Land `parsed` under `lease`, in one transaction.

        Raises:
            LeaseLost: the batch is somebody else's by now; nothing landed.
            DataRefused: the database refuses a value; nothing landed.
            psycopg.OperationalError: the connection is gone; whether it landed is to be asked with `finished`.
        """
        refused = DataRefused("expected values that the database takes", "unknown")
        for attempt in range(_RETRIES):
            last = attempt == _RETRIES - 1
            try:
                self._prepare(parsed)
                return self._transaction(lease, parsed)
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure, psycopg.errors.LockNotAvailable) as exc:
                if last:
                    raise
                _tell_retry(lease, attempt, exc)
            except _NewSlip:
                self._known.clear()
            except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as exc:
                # 0A000 and its like: a table changed under prepared statements and temps. Renew them; never bisect for it.
                if last:
                    raise
                _tell_retry(lease, attempt, exc)
                self._renew()
            except (
                psycopg.DataError,
                psycopg.IntegrityError,
                psycopg.errors.ProgramLimitExceeded,
                psycopg.errors.RaiseException,
            ) as exc:
                refused = _refused(exc)
                if attempt:
                    break
                self._renew()  # 22003 may come from a stale plan too: once more with fresh ones before blaming a row
        raise refused  # out here, where no driver's error is its context: that one's DETAIL quotes the row

    def finished(self, lease: Lease) -> Loaded | None:
        """Return the counts with which the batch was finished under this very lease, None where it was not."""
        row = self._conn.execute(_SQL["finished"], {"batch_id": lease.batch_id, "token": lease.token}).fetchone()
        return None if row is None else Loaded(*row)

    def _prepare(self, parsed: Parsed) -> None:
        """Make sure that targets and temps are there; outside the transaction, so that a rollback takes none away."""
        tables = _tables(parsed)
        if tables not in self._known:
            ensure_tables(self._conn, tables, parsed.slip or "")
            for table in tables:
                make_temp(self._conn, table)
            self._known[tables] = find_kin(self._conn, tables, self._target_schema)

    def _renew(self) -> None:
        for table in {table for tables in self._known for table in tables}:
            self._conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("pg_temp", temp_of(table))))
        self._known.clear()
        self._conn.execute("DEALLOCATE ALL")

    def _transaction(self, lease: Lease, parsed: Parsed) -> Loaded:
        with self._conn.transaction():
            self._fence(lease)
            self._copy(parsed)
            landing = self._land(lease, parsed)
            self._reject(lease, parsed)
            return self._finish(lease, parsed, landing)

    def _fence(self, lease: Lease) -> None:
        held = self._conn.execute(_SQL["fence"], {"batch_id": lease.batch_id, "token": lease.token}).fetchone()
        if held is None:
            raise _lost(lease)

    def _copy(self, parsed: Parsed) -> None:
        if not parsed.blocks:
            return
        temps = [sql.Identifier("pg_temp", temp_of(block.table)) for block in parsed.blocks]
        self._conn.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(temps)))
        with self._conn.cursor() as cursor:
            for block, temp in zip(parsed.blocks, temps, strict=True):
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(temp)) as copy:
                    copy.write(block.data)

    def _land(self, lease: Lease, parsed: Parsed) -> _Landing:
        landing = _Landing([], [], Counter())
        tables = _tables(parsed)
        kin = self._known[tables]
        rows = {block.table.qualified: block.rows for block in parsed.blocks}
        # Owners in one global order, whatever the slip: batches of different slips that fill the same tables cannot deadlock.
        for table in sorted((t for t in tables if t.kind is not Kind.SET), key=lambda t: t.qualified):
            won = self._conn.execute(insert_owners(table, kin.columns[table.qualified]), {"batch_id": lease.batch_id}).fetchall()
            landing.gained[table.qualified] += sum(not replaced for *_, replaced in won)
            if table.kind is Kind.ROOT:
                landing.winners = [row_id for row_id, *_ in won]
                landing.replaced = [old for _, old, replaced in won if replaced]
                if len(won) < rows[table.qualified] and table.columns:
                    row = self._conn.execute(count_differing(table), {"winners": landing.winners}).fetchone()
                    landing.differing = 0 if row is None else row[0]
        self._land_sets(lease, tables, kin, landing)
        return landing

    def _land_sets(self, lease: Lease, tables: tuple[Table, ...], kin: Kin, landing: _Landing) -> None:
        if kin.sets and landing.replaced:
            root = next(t for t in tables if t.kind is Kind.ROOT)
            gone = self._conn.execute(delete_sets(root, kin.sets), {"replaced": landing.replaced}).fetchall()
            for no, deleted in gone:
                landing.gained[kin.sets[no].qualified] -= deleted
        for table in (t for t in tables if t.kind is Kind.SET):
            given = {"batch_id": lease.batch_id, "winners": landing.winners}
            landing.gained[table.qualified] += self._conn.execute(insert_set(table), given).rowcount

    def _reject(self, lease: Lease, parsed: Parsed) -> None:
        if parsed.rejects:
            given = {
                "batch_id": lease.batch_id,
                "slip": parsed.slip,
                "digest": parsed.digest,
                "rejects": dumps([asdict(reject) for reject in parsed.rejects]),
            }
            self._conn.execute(_SQL["reject"], given)

    def _finish(self, lease: Lease, parsed: Parsed, landing: _Landing) -> Loaded:
        letters = dict.fromkeys(lease.row_ids, "d")
        letters |= dict.fromkeys(landing.winners, "l")
        letters |= dict.fromkeys(parsed.skipped, "s")
        letters |= {reject.row_id: "r" for reject in parsed.rejects}
        if len(letters) != len(lease.row_ids):
            msg = f"the result of batch {lease.batch_id} has rows that are not its own"
            raise ValueError(msg)
        outcomes = "".join(letters.values())
        loaded = Loaded(
            loaded=outcomes.count("l"),
            duplicate=outcomes.count("d"),
            skipped=outcomes.count("s"),
            rejected=outcomes.count("r"),
            differing=landing.differing,
            replaced=len(landing.replaced),
        )
        given = {
            "batch_id": lease.batch_id,
            "token": lease.token,
            "slip": parsed.slip,
            "digest": parsed.digest,
            "target": parsed.blocks[0].table.qualified if parsed.blocks else None,
            "outcomes": outcomes,
            "rows_added": dumps(dict(landing.gained)),
        }
        # The reply is read before COMMIT is sent: pipelined with it, a finish that hit no row would land all the same.
        finished = self._conn.execute(_SQL["finish"], given | asdict(loaded)).fetchone()
        if finished is None:
            raise _lost(lease)
        # Counted after the winners' rows are locked: whoever made a row that we replaced had stored its slip before.
        if parsed.blocks and finished[0] != self._known[_tables(parsed)].slips:
            raise _NewSlip
        return loaded


def _tables(parsed: Parsed) -> tuple[Table, ...]:
    return tuple(block.table for block in parsed.blocks)


def _tell_retry(lease: Lease, attempt: int, exc: psycopg.Error) -> None:
    log.info(events.BATCH_RETRIED, batch_id=lease.batch_id, source=lease.source, attempt=attempt + 1, error=type(exc).__name__)


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(f"batch {lease.batch_id} is no longer held under token {lease.token}")


def _refused(exc: psycopg.Error) -> DataRefused:
    """Name the error and the place, and no value: PostgreSQL's own message and DETAIL may quote the row."""
    reason = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(exc).__name__).lstrip("_")
    place = [
        f"{kind} {name}"
        for kind, name in (
            ("table", exc.diag.table_name),
            ("column", exc.diag.column_name),
            ("constraint", exc.diag.constraint_name),
        )
        if name
    ]
    where = f" ({', '.join(place)})" if place else ""
    return DataRefused(f"expected values that the database takes, but it answered {reason.replace('_', ' ')}{where}", reason)
