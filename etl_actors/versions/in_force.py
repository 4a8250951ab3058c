"""Which slips are in force, and why: the folders' versions, or of what is broken there the last good ones.

The folders are read at the start, on SIGHUP, and when `slips apply` rings. A version is in force once its tables are there and
its text is stored; until then, and where that fails, the one before it stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from etl_actors import events
from etl_actors.errors import SlipError
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import written_alike
from etl_actors.slips.shelf.catalogue import Absent, Catalogue
from etl_actors.slips.shelf.found import find_slips, sources_of
from etl_actors.slips.shelf.in_force import Standing
from etl_actors.slips.shelf.unmatched import Unmatched, is_unmatched
from etl_actors.slips.source.files import MAIN
from etl_actors.store.breakout.adoption import adopt, hold
from etl_actors.store.daemons import SlipInForce, declare, living
from etl_actors.store.database import Connection, connect, translated
from etl_actors.store.inbox import waiting_sources
from etl_actors.store.versions import Active, Ring, active_slips, latest_rollout, lock, retire, ring
from etl_actors.versions.reading import Reading

__all__ = ["InForce", "Versions"]

log = structlog.get_logger()

_ELSEWHERE = (
    "slip {name} is active, but in no folder of this daemon (if it is gone for good: etl-actors slips apply --retire {name})"
)
_ELSEWHERE_OTHERWISE = "slip {name} is in force elsewhere in another version"


@dataclass(frozen=True, slots=True)
class InForce:
    """The slips that a daemon works by.

    Args:
        standings: of every slip of the folders.
        catalogue: those in force, and those for which rows wait.
    """

    standings: tuple[Standing, ...] = ()
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(()))

    def told(self) -> tuple[SlipInForce, ...]:
        """What other daemons and people are told of each slip."""
        return tuple(SlipInForce(s.name, None if s.slip is None else s.slip.written_digest, s.problem) for s in self.standings)

    def broken(self) -> tuple[str, ...]:
        """One sentence for each slip whose folder's version is not in force."""
        return tuple(_sentence(standing) for standing in self.standings if standing.problem)


@dataclass(slots=True)
class Versions:
    """Reads one daemon's folders, and keeps what is in force.

    Args:
        url: of the database.
        folders: of slips.
        target_schema: for tables that name no schema.
        unmatched: makes slips for documents that none takes; None where they are rejected.
        may_change: whether tables are made and changed for slips without being asked.
        node: this daemon's, as soon as its master has one.
    """

    url: str = field(repr=False)  # holds the password
    folders: Sequence[Path]
    target_schema: str
    unmatched: Unmatched | None = None
    may_change: bool = True
    node: int | None = field(default=None, init=False)
    in_force: InForce = field(default_factory=InForce, init=False)
    _rollout: int = field(default=0, init=False)  # the latest before the folders were read

    def start(self) -> InForce:
        """Put the folders' slips in force.

        Raises:
            SlipError: one cannot be used, or the database refuses it, and no good version of it is stored: started without
                it, a daemon would only let its rows wait.
            DatabaseUnsuitable: a stored slip cannot be read by this release.
        """
        with self._connected() as conn, translated(self.url):
            rollout = latest_rollout(conn)
            shelf = find_slips(self.folders, self.target_schema)
            if shelf.missing or shelf.empty:
                raise SlipError("\n".join((*shelf.missing.values(), *shelf.empty.values())))
            reading = Reading(conn, self.target_schema, shelf, may_change=self.may_change)
            standings = reading.settled()
            hopeless = dict.fromkeys(standing.problem for standing in standings if standing.slip is None)
            if hopeless:
                raise SlipError("\n".join(hopeless))
            self._enforce(conn, reading, standings, rollout)
            _warn_of_unmatched(conn, self.in_force.catalogue)
        return self.in_force

    def read(self) -> InForce:
        """Read the folders again; what is good there comes into force, of what is broken the last good version stays.

        Raises:
            DatabaseUnavailable: nothing has changed yet.
        """
        with self._connected() as conn, translated(self.url):
            rollout = latest_rollout(conn)
            shelf = find_slips(self.folders, self.target_schema)
            reading = Reading(conn, self.target_schema, shelf, self.in_force.standings, may_change=self.may_change)
            self._enforce(conn, reading, reading.settled(), rollout)
        return self.in_force

    def look(self) -> InForce:
        """See which slips others have made active; the folders are read only if a rollout said so that nobody here heard.

        Returns:
            The very same as before where nothing has changed.

        Raises:
            DatabaseUnavailable: nothing has changed yet.
        """
        with self._connected() as conn, translated(self.url):
            unheard = latest_rollout(conn) > self._rollout
            active = active_slips(conn)
        if unheard:
            return self.read()
        seen = _in_force(self.in_force.standings, active, self.unmatched)
        if seen.catalogue.absent != self.in_force.catalogue.absent:
            self.in_force = seen
        return self.in_force

    def _connected(self) -> Connection:
        return connect(self.url, application_name="etl-actors slips")

    def _enforce(self, conn: Connection, reading: Reading, standings: tuple[Standing, ...], rollout: int) -> None:
        before = self.in_force.standings
        now = InForce(standings)
        with conn.transaction():
            lock(conn)
            digests = {slip.digest for slip in _slips(standings)}
            prepared = [slip for slip in reading.prepared.values() if slip.digest in digests]
            hold(conn, prepared)
            for slip in sorted(prepared, key=lambda slip: slip.name):
                adopt(conn, slip)
            if self.node is not None:
                declare(conn, self.node, now.told())
            elsewhere = {slip.name for daemon in living(conn) for slip in daemon.slips}
            retire(conn, _names(before) - {standing.name for standing in standings} - elsewhere)
            active = active_slips(conn)
            if active != reading.active:
                ring(conn, Ring.LOOK)
        self.in_force = _in_force(standings, active, self.unmatched)
        self._rollout = rollout
        _tell(before, standings)


def _in_force(standings: tuple[Standing, ...], active: Sequence[Active], unmatched: Unmatched | None) -> InForce:
    slips = sorted(_slips(standings), key=lambda slip: (-slip.priority, slip.name))
    ours = {slip.name: slip for slip in slips}
    absent = [
        Absent(s.name, s.sources, f"slip {s.name} is broken, and no version of it is in force here")
        for s in standings
        if s.slip is None
    ]
    for one in (each for each in active if not is_unmatched(each.name)):
        known = ours.get(one.name)
        if known is None or (known.digest != one.digest and not _outgrown(known, [one])):
            why = _ELSEWHERE_OTHERWISE if one.name in ours else _ELSEWHERE
            absent.append(Absent(one.name, sources_of(one.files.get(MAIN, "")), why.format(name=one.name)))
    problems = tuple(s.problem for s in standings if s.problem)
    return InForce(standings, Catalogue(tuple(slips), problems, tuple(absent), unmatched))


def _outgrown(slip: Slip, active: Sequence[Active]) -> bool:
    """Tell whether what is active is the same slip, which has seen more documents meanwhile."""
    return slip.breakout is not None and any(one.name == slip.name and written_alike(one.files, slip.files) for one in active)


def _warn_of_unmatched(conn: Connection, catalogue: Catalogue) -> None:
    for source in waiting_sources(conn):
        if not catalogue.for_source(source) and catalogue.awaited(source) is None:
            log.warning(events.SOURCE_UNMATCHED, source=source, why="no slip takes it: its rows are rejected")


def _tell(before: tuple[Standing, ...], now: tuple[Standing, ...]) -> None:
    told = {standing.name: standing for standing in before}
    for standing in now:
        last = told.get(standing.name)
        digest = None if standing.slip is None else standing.slip.digest
        if standing.problem and (last is None or last.problem != standing.problem):
            log.error(events.SLIP_BROKEN, slip=standing.name, digest=digest, error=standing.problem)
        elif not standing.problem and (last is None or last.problem or last.slip is None or last.slip.digest != digest):
            log.info(events.SLIP_LOADED, slip=standing.name, digest=digest)
    for standing in before:
        if standing.slip is not None and standing.name not in _names(now):
            log.warning(events.SLIP_RETIRED, slip=standing.name, digest=standing.slip.digest)


def _sentence(standing: Standing) -> str:
    stays = f"version {standing.slip.digest[:8]} stays in force" if standing.slip else "no version of it is in force"
    return f"Slip {standing.name} is broken, {stays}: {standing.problem}"


def _slips(standings: Sequence[Standing]) -> list[Slip]:
    return [standing.slip for standing in standings if standing.slip is not None]


def _names(standings: Sequence[Standing]) -> set[str]:
    return {standing.name for standing in standings if standing.slip is not None}
