"""The staff of a daemon: who has which place, how whoever is missing is started, and how everybody is stopped in order.

Pykka has no supervision. An actor that fails on a message is gone, and so are the messages in its inbox, silently; a failing
start calls no hook. So every start is followed by a question (`Open`), and the master's book says what to tell again.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pykka
import structlog

from etl_actors import events
from etl_actors.actors.messages import Assign, Kind, Open, Ref, tell
from etl_actors.restarts import Restarts

__all__ = ["Company", "Staff"]

log = structlog.get_logger()

_OPEN_S = 60.0
_TOGETHER = 16  # who get ready beside each other: a parser takes half a second of a core for it
_STOP_S = 5.0

_Start = Callable[[], Ref]


@dataclass(frozen=True, slots=True)
class Company:
    """How each kind of actor is started.

    Args:
        master: starts the master.
        listener: starts the listener; given the master.
        parsers: starts the parser of each place.
        loaders: starts the loader of each place.
        refresher: starts the refresher; None where nobody refreshes views.
        keeper: starts the keeper; None where documents are kept for ever.
    """

    master: Callable[[], Ref]
    listener: Callable[[Ref], Ref]
    parsers: tuple[Callable[[], Ref], ...]
    loaders: tuple[Callable[[], Ref], ...]
    refresher: Callable[[], Ref] | None = None
    keeper: Callable[[], Ref] | None = None


@dataclass(slots=True)
class Staff:
    """Fills the places of one daemon.

    Args:
        company: who is to be started.
    """

    company: Company
    _refs: dict[tuple[Kind, int], Ref] = field(default_factory=dict, init=False)
    _restarts: Restarts = field(default_factory=Restarts, init=False)

    @property
    def master(self) -> Ref | None:
        """The master; None before its start and after its end."""
        return self._refs.get((Kind.MASTER, 0))

    def fill(self) -> bool:
        """Start whoever is missing and due; return whether every place of those who land rows is filled.

        A new master is told of everybody, a new parser or loader to the master.

        Raises:
            EtlError: somebody cannot start.
            pykka.ActorDeadError: somebody died meanwhile.
            pykka.Timeout: somebody is not ready in time.
        """
        if self._gone(Kind.MASTER, 0):
            self._dismiss([(Kind.LISTENER, 0)])
            if not self._due(Kind.MASTER, 0):
                return False
            self._start(Kind.MASTER, 0, self.company.master)
            for (kind, place), ref in list(self._refs.items()):
                self._introduce(kind, place, ref)
        filled = True
        for kind, starters in ((Kind.LOADER, self.company.loaders), (Kind.PARSER, self.company.parsers)):
            gone = {place: start for place, start in enumerate(starters) if self._gone(kind, place)}
            due = {place: start for place, start in gone.items() if self._due(kind, place)}
            filled = filled and len(due) == len(gone)
            self._start_together(kind, due)
        if self._gone(Kind.LISTENER, 0):
            if not self._due(Kind.LISTENER, 0):
                return False
            self._start(Kind.LISTENER, 0, lambda: self.company.listener(self._refs[Kind.MASTER, 0]))
        return filled

    def fill_beside(self) -> None:
        """Start those who land nothing; raises as `fill` does."""
        for kind, start in ((Kind.REFRESHER, self.company.refresher), (Kind.KEEPER, self.company.keeper)):
            if start is not None and self._gone(kind, 0) and self._due(kind, 0):
                self._start(kind, 0, start)

    def dismiss(self) -> None:
        """Stop in the reverse of the order of start; the master last: it holds the lock that proves us alive."""
        for kind in (Kind.KEEPER, Kind.REFRESHER, Kind.LISTENER, Kind.PARSER, Kind.LOADER, Kind.MASTER):
            self._dismiss([key for key in self._refs if key[0] == kind])

    def _start(self, kind: Kind, place: int, start: _Start) -> None:
        self._start_together(kind, {place: start})

    def _start_together(self, kind: Kind, starters: Mapping[int, _Start]) -> None:
        """Start some of a kind, who get ready beside each other, and introduce those who are; whoever fails keeps no other from it."""
        for some in _in_groups(starters, _TOGETHER):
            until = time.monotonic() + _OPEN_S
            begun = {place: self._begin(kind, place, start) for place, start in some.items()}
            failed = {
                place: exc for place, opened in begun.items() if (exc := self._await(kind, place, opened, until)) is not None
            }
            self._dismiss([(kind, place) for place in failed])
            for place in begun:
                if place not in failed:
                    self._introduce(kind, place, self._refs[kind, place])
            if failed:
                raise next(iter(failed.values()))

    def _begin(self, kind: Kind, place: int, start: _Start) -> pykka.Future[Any]:
        ref = self._refs[kind, place] = start()
        return ref.ask(Open(), block=False)

    def _await(self, kind: Kind, place: int, opened: pykka.Future[Any], until: float) -> Exception | None:
        """Wait until somebody is ready, at most until then; return why it is not."""
        try:
            opened.get(timeout=max(0.0, until - time.monotonic()))
        except Exception as exc:  # noqa: BLE001 - raised once the others are ready
            self._restarts.failed((kind, place), time.monotonic())
            return exc
        if self._restarts.started((kind, place), time.monotonic()):
            log.warning(events.ACTOR_RESTARTED, actor=kind, place=place)
        else:
            log.debug(events.ACTOR_STARTED, actor=kind, place=place)
        return None

    def _introduce(self, kind: Kind, place: int, ref: Ref) -> None:
        if kind in (Kind.PARSER, Kind.LOADER) and ref.is_alive():
            tell(self._refs[Kind.MASTER, 0], Assign(kind, place, ref))  # to one that has died meanwhile it is not told

    def _gone(self, kind: Kind, place: int) -> bool:
        ref = self._refs.get((kind, place))
        return ref is None or not ref.is_alive()

    def _due(self, kind: Kind, place: int) -> bool:
        return self._restarts.due((kind, place), time.monotonic())

    def _dismiss(self, keys: Sequence[tuple[Kind, int]]) -> None:
        """Stop some, who end beside each other."""
        until = time.monotonic() + _STOP_S
        refs = {key: self._refs.pop(key) for key in keys if key in self._refs}
        leaving = {key: ref.stop(block=False) for key, ref in refs.items() if ref.is_alive()}
        for (kind, place), gone in leaving.items():
            try:
                gone.get(timeout=max(0.0, until - time.monotonic()))
            except (pykka.Timeout, pykka.ActorDeadError) as exc:
                log.warning(events.ACTOR_STUCK, actor=kind, place=place, error=str(exc))


def _in_groups(starters: Mapping[int, _Start], most: int) -> Iterator[dict[int, _Start]]:
    rest = iter(starters.items())
    while group := dict(islice(rest, most)):
        yield group
