"""One reading of the folders of slips: found, settled, and their tables made, until the database refuses nothing more."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import psycopg
import structlog

from etl_actors import events
from etl_actors.errors import DatabaseUnsuitable, SlipError
from etl_actors.slips.model.breakout import EVIDENCE, Breakout
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown, seen_by
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.found import Found, Shelf
from etl_actors.slips.shelf.in_force import Standing, settle
from etl_actors.store.breakout.adoption import require_view
from etl_actors.store.breakout.reshape import reshape
from etl_actors.store.database import Connection, translated
from etl_actors.store.tables.kin import require_same_identity, stored_slips
from etl_actors.store.tables.targets import ensure_tables, plan_tables
from etl_actors.store.versions import Active, active_slips
from etl_actors.workers.proof import require_compiles

__all__ = ["Reading"]

log = structlog.get_logger()

# Of these classes are errors that another try may not meet: deadlocks, locks that are not to be had, cancelled statements.
_PASSING = ("40", "55P03", "57")


def _with_evidence(found: Found, active: Sequence[Active]) -> Found:
    """Give a slip that breaks documents out what its active version has seen of them."""
    if found.slip is None or found.slip.breakout is None:
        return found
    stored = next((one for one in active if one.name == found.name and EVIDENCE in one.files), None)
    return found if stored is None else replace(found, slip=grown(found.slip, seen_by(stored.files)))


class Reading:
    """One reading of the folders.

    Args:
        conn: in autocommit mode, as the service role.
        target_schema: for tables that name no schema.
        shelf: what the folders hold.
        before: how the slips stood until now; nothing where none was in force.
        may_change: whether tables are made and changed.

    Raises:
        DatabaseUnsuitable: a stored slip cannot be read by this release.
    """

    def __init__(
        self, conn: Connection, target_schema: str, shelf: Shelf, before: Sequence[Standing] = (), *, may_change: bool = True
    ) -> None:
        self._may_change = may_change
        self.active = active_slips(conn)
        self.refused: dict[str, str] = {}  # digest → why
        self.prepared: dict[str, Slip] = {}  # digest → slip, of those that were not in force before
        self.tables: dict[str, list[str]] = {}  # digest → what was made for it or got columns
        self._conn = conn
        self._target_schema = target_schema
        self._shelf = replace(shelf, slips=tuple(_with_evidence(one, self.active) for one in shelf.slips))
        self._before = before
        self._known = {standing.slip.digest for standing in before if standing.slip is not None}
        self._stored = stored_slips(conn, target_schema)
        self._compiled = {one.digest for one in self.active}  # what was in force once need not be proven again

    def settled(self, only: Collection[str] = ()) -> tuple[Standing, ...]:
        """Return how every slip stands, its tables made.

        Args:
            only: names of the slips whose tables are made; none for all.
        """
        while True:
            standings = settle(self._shelf.slips, self._last_good, self.refused)
            standings += self._kept(standings)
            wanted = [s.slip for s in standings if s.slip is not None and (not only or s.name in only)]
            if not [slip for slip in wanted if self._refuses(slip)]:
                return standings

    def _refuses(self, slip: Slip) -> bool:
        """Make what a slip needs; tell whether the database refuses it."""
        if slip.digest in self._known or slip.digest in self.prepared:
            return False
        try:
            if slip.digest not in self._compiled:
                require_compiles(slip)
            with translated():
                require_same_identity(self._conn, slip, self._stored)
                require_view(self._conn, slip)
                self.tables[slip.digest] = self._made(slip)
        except (SlipError, DatabaseUnsuitable) as exc:
            self.refused[slip.digest] = str(exc)
        except psycopg.Error as exc:
            if (exc.sqlstate or "").startswith(_PASSING):
                raise
            # What comes after the first line may quote a row.
            said = exc.diag.message_primary or type(exc).__name__
            self.refused[slip.digest] = f"The tables of slip {slip.name} cannot be made: {said}."
        else:
            self.prepared[slip.digest] = slip
            for name in self.tables[slip.digest]:
                log.info(events.SCHEMA_CHANGED, table=name, slip=slip.name)
        return slip.digest in self.refused

    def _made(self, slip: Slip) -> list[str]:
        """Make what a slip needs; give the names of the tables that were made or changed."""
        there = self._there(slip)
        if there is not None and slip.breakout is not None and slip.breakout.says_as(there):
            return []
        if not self._may_change and (there is not None or plan_tables(self._conn, slip.targets, slip.name, self._target_schema)):
            msg = (
                f"Slip {slip.name} asks for changes of its tables, and by the setting ddl = plan somebody is to make them: etl-actors slips "
                "plan shows them, etl-actors slips apply makes them."
            )
            raise DatabaseUnsuitable(msg)
        if there is None:
            return ensure_tables(self._conn, slip.targets, slip.name, self._target_schema)
        return reshape(self._conn, slip, self._target_schema)

    def _there(self, slip: Slip) -> Breakout | None:
        """Find a slip's tables that are there, and are whatever documents have made of them meanwhile."""
        if slip.breakout is None:
            return None
        grown_ones = (one.files for one in self.active if one.name == slip.name and EVIDENCE in one.files)
        known = (read_slip(files, self._target_schema).breakout for files in grown_ones)
        return next((one for one in known if slip.breakout.fills_as(one)), None)

    def _kept(self, standings: tuple[Standing, ...]) -> tuple[Standing, ...]:
        """Keep the slips of a folder of slips that is not there, or empty: a disk that is away is no order to forget them."""
        away = {**self._shelf.missing, **self._shelf.empty}
        names = {s.name for s in standings if s.slip is not None}
        return tuple(
            Standing(s.name, s.folder, s.slip, away[s.folder.parent], s.sources)
            for s in self._before
            if s.folder.parent in away and s.name not in names
        )

    def _last_good(self, found: Found) -> Slip | None:
        """Find the version that was in force here last: of the folder, of the name; else the one that is active."""
        here = [s for s in self._before if s.slip is not None]
        for standing in [*(s for s in here if s.folder == found.folder), *(s for s in here if s.name == found.name)]:
            if standing.slip is not None and standing.slip.digest not in self.refused:
                return standing.slip
        return next((slip for one in self.active if (slip := self._stored_version(found, one)) is not None), None)

    def _stored_version(self, found: Found, active: Active) -> Slip | None:
        if active.name != found.name or active.digest in self.refused:
            return None
        if found.slip is not None and found.slip.digest == active.digest:
            return found.slip
        # Code out of the database runs only where the same is installed: whoever may write there must not run theirs here.
        if active.files.get("steps.py") != found.steps:
            return None
        try:
            return read_slip(active.files, self._target_schema, origin=str(found.folder))
        except SlipError:
            return None
