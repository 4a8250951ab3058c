"""Slips that break documents out: which version is current, and how it grows, one session at a time in the whole database."""

import time
from collections.abc import Iterator

import psycopg
from psycopg import errors as pg

from etl_actors.errors import NoPlace, SlipError
from etl_actors.relational.breakout.changes import AddTable, Refill
from etl_actors.relational.breakout.changes import Change as Drift
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.transition import transition
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown, require_undisturbed, without_varying
from etl_actors.slips.shelf.unmatched import is_unmatched
from etl_actors.store.breakout.column_map import put_in_force
from etl_actors.store.breakout.in_place import altered_in_place, filled_beside
from etl_actors.store.breakout.permission import Permission, plan, planned, settle_plan
from etl_actors.store.breakout.refill import refill
from etl_actors.store.breakout.varying import Varies
from etl_actors.store.breakout.versions import make_tombstones
from etl_actors.store.breakout.view_facts import view_of
from etl_actors.store.breakout.views import moved, put
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.kin import read_stored
from etl_actors.store.tables.plan import Change

__all__ = ["Breakouts"]

_SQL = queries("breakouts")
_TARGETS = queries("targets")
_ATTEMPTS = 12
_REST_S = 0.05
_ANY = Permission()


class Breakouts:
    """Finds and makes versions, over one connection.

    Args:
        conn: in autocommit mode, as the service role.
        target_schema: for tables of slips that name no schema.
        permission: what may be made without asking.

    Attributes:
        changed: qualified names of the tables that were made or changed here, for whoever tells of them and empties the list.
    """

    def __init__(self, conn: Connection, target_schema: str, permission: Permission = _ANY) -> None:
        self._permission = permission
        self._conn = conn
        self._target_schema = target_schema
        self.changed: list[str] = []

    def current(self, slip: Slip) -> Slip:
        """Give the version of a slip that is in force, which knows most of its documents.

        Raises:
            SlipError: that one has other tables, or knows their rows by another key, or none is in force.
            NoPlace: it is one that nobody wrote, and cannot get its tables.
        """
        assert slip.breakout is not None
        row = self._conn.execute(_SQL["active_digest"], {"name": slip.name}).fetchone()
        if row is not None and row[0] == slip.digest:
            return slip
        if row is None and is_unmatched(slip.name):
            # Nobody puts it in force but its first document; one that has seen nothing holds none, so that what waits is planned.
            return self.grow(slip, Seen()) if self._permission.alone else slip
        stored = self._conn.execute(_SQL["active"], {"name": slip.name}).fetchone()
        active = None if stored is None else read_stored(stored[0], slip.name, stored[1], self._target_schema)
        if active is None or not slip.breakout.fills_as(active.breakout):
            raise SlipError(
                f"Slip {slip.name} no longer has the tables that this version of it fills, or no version is in force."
            )
        return active

    def grow(self, slip: Slip, seen: Seen) -> Slip:
        """Make a version that knows more, change the tables to what it has, and let it be the active one.

        Args:
            slip: as it was in force when documents did not fit.
            seen: what was seen of those.

        Returns:
            The version; another's where others have grown it as far meanwhile.

        Raises:
            SlipError: the slip was changed or retired meanwhile, or the tables are in use by others all the time, or are not as the slip
                has made them, or somebody is to be asked first; nothing was changed.
            NoPlace: a view depends on a table that would have to be changed, or a slip that nobody wrote cannot get its tables; nothing
                was changed.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self._conn.transaction():
                    self._conn.execute(_SQL["lock"], {"name": slip.name})
                    return self._grow(slip, seen)
            except _MustWait as waits:
                raise SlipError(self._planned(waits)) from None
            except pg.LockNotAvailable:
                time.sleep(_REST_S * attempt)
            except psycopg.OperationalError:
                raise
            except (pg.FeatureNotSupported, pg.DependentObjectsStillExist) as exc:  # a view
                raise NoPlace(_cannot(slip, exc)) from exc
            except psycopg.DatabaseError as exc:  # a name that is taken, a right that is missing
                if is_unmatched(slip.name):
                    raise NoPlace(
                        _cannot(slip, exc)
                    ) from exc  # nobody wrote it who could mend it: its source is not to wait for that
                raise SlipError(_cannot(slip, exc)) from exc
        raise SlipError(f"The tables of slip {slip.name} cannot be changed for new documents: others use them all the time.")

    def _grow(self, slip: Slip, seen: Seen) -> Slip:
        stored = self._conn.execute(_SQL["active_digest"], {"name": slip.name}).fetchone()
        if stored is None and is_unmatched(slip.name) and not self._brought_back(slip):
            wanted = grown(slip, seen)
            return self._changed(slip, wanted, [AddTable(number) for number in range(len(wanted.tables))])
        known = self.current(slip)
        wanted = grown(known, seen)
        if wanted.digest == known.digest:
            settle_plan(self._conn, known.name)
            return known
        require_undisturbed(known, wanted)
        return self.follow(known, wanted)

    def _brought_back(self, slip: Slip) -> bool:
        """Put the last version of a slip that nobody wrote in force again, if somebody has retired it: its tables are there."""
        former = self._conn.execute(_SQL["former"], {"name": slip.name}).fetchone()
        if former is None:
            return False
        put_in_force(self._conn, read_stored(former[0], slip.name, former[1], self._target_schema))
        return True

    def follow(self, known: Slip, wanted: Slip) -> Slip:
        """Change the tables from one version to another, and let that be the active one.

        Args:
            known: the version that the tables are of, under the lock that keeps others from changing them.
            wanted: the version that they are to be of.

        Returns:
            The latter.
        """
        assert known.breakout is not None
        assert wanted.breakout is not None
        changes = transition(known.breakout.layout, wanted.breakout.layout)
        if isinstance(changes, Refill):
            wanted = without_varying(wanted)  # what varies is found anew of all documents: what did elsewhere may not do here
        return self._changed(known, wanted, changes)

    def _changed(self, known: Slip, wanted: Slip, changes: list[Drift] | Refill) -> Slip:
        why = self._permission.refusal(self._conn, known.targets, changes)
        if why:
            raise _MustWait(known, wanted, why)
        self._conn.execute(_TARGETS["limit_wait"])
        wanted, made = self._settled(known, wanted, changes)
        for change in made:
            told = {"target": change.target, "statement": change.statement.as_string(self._conn), "slip": known.name}
            self._conn.execute(_TARGETS["record_change"], told)
        put_in_force(self._conn, wanted)
        settle_plan(self._conn, wanted.name)
        self.changed += dict.fromkeys(change.table for change in made)
        return wanted

    def _planned(self, waits: "_MustWait") -> str:
        """Keep what documents ask for, with what was asked for before, until somebody applies it; say so."""
        name = waits.known.name
        assert waits.wanted.breakout is not None
        with self._conn.transaction():
            self._conn.execute(_SQL["lock"], {"name": name})
            seen = waits.wanted.breakout.seen
            before = planned(self._conn, waits.wanted)
            if before is not None:
                seen.join(before)
            active = self._conn.execute(_SQL["active_digest"], {"name": name}).fetchone()
            known = waits.known if active is None else self.current(waits.known)  # somebody may have applied it meanwhile
            wanted = grown(known, seen)
            if active is None or wanted.digest != known.digest:
                plan(self._conn, known, wanted, seen, waits.why)
        return (
            f"Slip {name}: new documents ask for changes of its tables, and {waits.why}: etl-actors slips plan shows them, etl-actors slips "
            "apply makes them."
        )

    def _settled(self, known: Slip, wanted: Slip, changes: list[Drift] | Refill) -> tuple[Slip, list[Change]]:
        """Make the changes; where entities vary in documents that are broken out anew, by a version that knows it."""
        while True:
            assert wanted.breakout is not None
            try:
                with self._conn.transaction():
                    return wanted, list(self._made(known, wanted, changes))
            except Varies as news:
                wanted = grown(wanted, news.seen(wanted.breakout.layout.entities))
                require_undisturbed(known, wanted)

    def _made(self, known: Slip, wanted: Slip, changes: list[Drift] | Refill) -> Iterator[Change]:
        moved(self._conn, view_of(known), wanted)
        yield from make_tombstones(self._conn, wanted, self._target_schema)
        if isinstance(changes, Refill) or filled_beside(self._conn, known, changes):
            yield from refill(self._conn, known, wanted)
        else:
            yield from altered_in_place(self._conn, known, wanted, changes)
        put(self._conn, wanted)


class _MustWait(Exception):
    """Somebody is to be asked before tables are changed."""

    def __init__(self, known: Slip, wanted: Slip, why: str) -> None:
        super().__init__(why)
        self.known = known
        self.wanted = wanted
        self.why = why


def _cannot(slip: Slip, exc: psycopg.Error) -> str:
    said = ", ".join(filter(None, (exc.diag.message_primary, *(exc.diag.message_detail or "").splitlines())))
    return f"The tables of slip {slip.name} cannot be changed for new documents: {said}."
