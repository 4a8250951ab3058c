"""Loading: one fenced transaction in which a batch's rows, rejects and finish land together, or nothing does."""

from contextlib import suppress
from datetime import datetime

import psycopg
import structlog
from psycopg import errors as pg

from etl_actors import events
from etl_actors.errors import DatabaseUnsuitable, DataRefused, EtlError, LeaseLost, Outgrown
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Table
from etl_actors.store.breakout.outgrown import held_version, lands_in
from etl_actors.store.breakout.permission import Permission
from etl_actors.store.breakout.variation import let_vary
from etl_actors.store.breakout.varying import Varies, entities_of
from etl_actors.store.database import Connection, prepare_anew
from etl_actors.store.leases import Lease
from etl_actors.store.loading.dead_letters import insert_rejects
from etl_actors.store.loading.landing import Landing, copy, filled_tables, land
from etl_actors.store.loading.loaded import Loaded, told_of
from etl_actors.store.loading.opening import opened
from etl_actors.store.loading.parted import Contested, Parted, copy_straight, require_types
from etl_actors.store.loading.refusals import failure_of
from etl_actors.store.loading.straight import Parting, Question
from etl_actors.store.loading.suspects import Suspects
from etl_actors.store.queries import queries
from etl_actors.store.replay.repeating import Repeating
from etl_actors.store.tables.kin import Kin, find_kin
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.store.tables.temps import Temps

__all__ = ["Loading"]

log = structlog.get_logger()

_SQL = queries("batches")
_RETRIES = 5


class _NewSlip(Exception):
    """A slip was stored since its kin was found: what it puts into the same tables must be known before anything lands."""


class Loading:
    """Loads batches over one connection, whose temp tables and prepared statements it keeps and, when stale, renews.

    Args:
        conn: in autocommit mode; nobody else uses it.
        target_schema: of tables that a slip names without one.
        permission: what of tables may be changed without asking, where documents of a break-out need it.
    """

    def __init__(self, conn: Connection, target_schema: str = "public", permission: Permission | None = None) -> None:
        self._conn = conn
        self._permission = permission or Permission()
        self._target_schema = target_schema
        self._known: dict[tuple[Table, ...], Kin] = {}
        self._temps = Temps(conn)
        self._active: dict[str, str] = {}  # by name of a break-out's slip: the version that was active at the last load
        self._filling: Table | None = None
        self._suspects = Suspects()
        self._parting = Parting(conn)
        self._repeating = Repeating(conn, target_schema)
        conn.execute(_SQL["probe"])

    def load(self, lease: Lease, parsed: Parsed) -> Loaded:
        """Land `parsed` under `lease`, in one transaction; of a replay's batch, in the place of what its rows have made before.

        Raises:
            LeaseLost: the batch is somebody else's by now; nothing landed.
            Outgrown: its slip breaks documents out, and has grown since it was parsed, or by what it met just now; nothing landed.
            DataRefused: the database refuses a value; nothing landed.
            DatabaseUnsuitable: a right is missing, or a table is not as the slip wants it; nothing landed.
            psycopg.OperationalError: the connection is gone; whether it landed is to be asked with `finished`.
        """
        parsed, self._suspects, fresh = self._repeating.narrowed(lease, parsed), Suspects(), False
        failure: EtlError = DatabaseUnsuitable("Slips were stored again and again while the batch was landing.")
        for attempt in range(_RETRIES):
            last = attempt == _RETRIES - 1
            try:
                self._prepare(lease, parsed)
                return self._landed(lease, parsed, whole=bool(attempt))
            except (pg.DeadlockDetected, pg.SerializationFailure, pg.LockNotAvailable) as exc:
                if last:
                    raise
                _tell_retry(lease, attempt, exc)
            except _NewSlip:
                failure = Outgrown(f"slip {parsed.slip} grows all the time") if parsed.broken_out else failure
                self._forget()
            except (pg.FeatureNotSupported, pg.UndefinedTable, pg.UndefinedColumn) as exc:
                # 0A000 and its like: a table changed under prepared statements and temps. Renew them; never search for a row.
                if last:
                    raise
                _tell_retry(lease, attempt, exc)
                self._renew()
            except psycopg.Error as exc:
                failure = self._blamed(exc, parsed)
                if fresh or (isinstance(failure, DataRefused) and len(lease.row_ids) > 1):
                    break  # which of several rows it was is not known yet: it comes back by itself
                self._replan()  # 22003 may come from a stale plan too: once more with fresh ones before blaming a row
                fresh = True
        raise failure  # out here, where no driver's error is its context: that one's DETAIL quotes the row

    def _blamed(self, exc: psycopg.Error, parsed: Parsed) -> DataRefused | DatabaseUnsuitable:
        """Tell whose fault it is that a batch was refused; where it is no row's, and no missing right's, raise what was raised."""
        blamed = failure_of(exc, filled_tables(parsed), self._filling)
        if blamed is None:
            raise exc
        if isinstance(blamed, DataRefused):
            blamed.suspect = self._suspects.found
            self._parting.part_again(parsed)
        return blamed

    @property
    def waited_s(self) -> float:
        """Seconds for which loads have waited until they were alone at their tables."""
        return self._parting.waited_s

    def finished(self, lease: Lease) -> Loaded | None:
        """Return the counts with which the batch was finished under this very lease, None where it was not."""
        row = self._conn.execute(_SQL["finished"], {"batch_id": lease.batch_id, "token": lease.token}).fetchone()
        return None if row is None else Loaded(*row)

    def _prepare(self, lease: Lease, parsed: Parsed) -> None:
        """Make sure that targets and temps are there; outside the transaction, so that a rollback takes none away."""
        self._meet(parsed, self._require_current(lease, parsed))
        tables = filled_tables(parsed)
        if tables not in self._known:
            if self._temps.too_many:
                self._renew()
            if not parsed.broken_out:  # whose tables are made where the slip grows
                ensure_tables(self._conn, tables, parsed.slip or "", self._target_schema, structure_only=True)
            self._temps.make(tables)
            self._kin(tables)

    def _meet(self, parsed: Parsed, active: str | None) -> None:
        """Forget what was known before a version of a slip was active: what came with it belongs to its tables, too."""
        if parsed.slip is not None and active is not None and self._active.get(parsed.slip) != active:
            self._active[parsed.slip] = active
            self._forget()

    def _kin(self, tables: tuple[Table, ...]) -> Kin:
        if tables not in self._known:
            self._known[tables] = find_kin(self._conn, tables, self._target_schema)
        return self._known[tables]

    def _renew(self) -> None:
        self._temps.drop()
        self._replan()

    def _replan(self) -> None:
        self._forget()
        prepare_anew(self._conn)

    def _forget(self) -> None:
        self._known.clear()
        self._repeating.forget()

    def _landed(self, lease: Lease, parsed: Parsed, *, whole: bool) -> Loaded:
        try:
            if not whole:
                with suppress(Contested, pg.LockNotAvailable):
                    return self._transaction(lease, parsed, whole=False)
                self._parting.leave_whole(parsed)
            return self._transaction(lease, parsed, whole=True)
        except Varies as news:
            let_vary(self._conn, self._target_schema, self._permission, parsed.slip or "", parsed.digest or "", news)
            raise Outgrown(f"entities of slip {parsed.slip} vary in what they did not until now") from None

    def _transaction(self, lease: Lease, parsed: Parsed, *, whole: bool) -> Loaded:
        self._filling, live = None, lease.repeat is None

        def ask() -> Question | None:
            # Of a break-out the tables may have changed since: what is asked of them waits until it is known that they have not.
            known = self._kin(filled_tables(parsed))
            return self._parting.ask(parsed, known, whole=whole) if live and not parsed.broken_out else None

        unless_landed = self._temps.soiled_unless_landed(filled_tables(parsed))
        with unless_landed, opened(self._conn, lease, self._parting.together(), ask) as asked:
            # A replay takes rows of entities away, and puts others there: what a live batch has compared with must stay.
            active = self._require_current(lease, parsed, alone=not live and bool(entities_of(parsed)))
            # A version can have come since the kin was found; none comes until the transaction ends.
            self._meet(parsed, active)
            kin = self._kin(filled_tables(parsed))
            if lease.repeat is None:
                parted = self._parting.part(asked or self._asked(parsed, kin, whole=whole or active not in (None, parsed.digest)))
                landing = self._land(lease.batch_id, parted, kin)
                insert_rejects(self._conn, lease.batch_id, parsed)
                return self._finish(lease, parsed, landing)
            copy(self._conn, parsed, suspects=self._suspects)
            made = self._repeating.land(lease, lease.repeat, parsed, kin, self._fill, whole=whole)
            if made is None:
                return Loaded(0, 0, 0, 0, 0, 0)
            return self._finish(made.lease, made.parsed, made.landing, made.prior, made.after)

    def _asked(self, parsed: Parsed, kin: Kin, *, whole: bool) -> Question:
        with self._parting.together():
            return self._parting.ask(parsed, kin, whole=whole)

    def _require_current(self, lease: Lease, parsed: Parsed, *, alone: bool = False) -> str | None:
        """Refuse rows that were made for tables as they are no longer; to the transaction's end, if there is one, they stay so.

        Returns:
            The active version, where the slip breaks documents out.
        """
        if not parsed.broken_out:
            return None
        name, digest = parsed.slip or "", parsed.digest or ""
        active = held_version(self._conn, name, alone=alone)
        if active == digest:
            return active
        if active is None or lease.repeat is not None or not lands_in(self._conn, name, digest, active, self._target_schema):
            raise Outgrown(f"slip {parsed.slip} has grown since the batch was parsed")
        return active

    def _land(self, batch_id: int, parted: Parted, kin: Kin) -> Landing:
        """Land a parted batch: into each table at its turn first what goes straight."""

        def turn(table: Table) -> None:
            self._fill(table)
            copy_straight(self._conn, batch_id, parted, table, self._suspects)

        if any(block.rows for block in parted.rest.blocks):
            copy(self._conn, parted.rest, self._temps.since_truncated, self._suspects)
        landing = land(self._conn, batch_id, parted.rest, kin, turn, lost=parted.lost)
        require_types(self._conn, parted)
        parted.enter(landing)
        return landing

    def _fill(self, table: Table) -> None:
        self._filling = table

    def _finish(
        self, lease: Lease, parsed: Parsed, landing: Landing, prior: str | None = None, after: datetime | None = None
    ) -> Loaded:
        loaded, told = told_of(lease, parsed, landing)
        # The reply is read before COMMIT is sent: pipelined with it, a finish that hit no row would land all the same.
        finished = self._conn.execute(_SQL["finish"], told | {"prior": prior, "after": after}).fetchone()
        if finished is None:
            raise LeaseLost.of(lease.batch_id, lease.token)
        # Counted after the winners' rows are locked: whoever made a row that we replaced had stored its slip before.
        if parsed.blocks and finished[0] != self._known[filled_tables(parsed)].written:
            raise _NewSlip
        return loaded


def _tell_retry(lease: Lease, attempt: int, exc: psycopg.Error) -> None:
    log.info(events.BATCH_RETRIED, batch_id=lease.batch_id, source=lease.source, attempt=attempt + 1, error=type(exc).__name__)
