"""What actors tell each other. Ids and results travel; payloads do not."""

import contextlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pykka

from etl_actors.actors.answers import (
    BatchLeaseLost,
    BatchLoaded,
    BatchOutgrown,
    BatchParsed,
    BatchPoisoned,
    BatchStuck,
    RowCondemned,
)
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.daemons import SlipInForce
from etl_actors.store.leases import Lease
from etl_actors.workers.base import Role

__all__ = [
    "Assign",
    "Beat",
    "Drain",
    "Keep",
    "KeeperMessage",
    "Kind",
    "Listen",
    "ListenerMessage",
    "Load",
    "LoaderMessage",
    "MasterMessage",
    "Open",
    "Parse",
    "ParserMessage",
    "Poll",
    "Rang",
    "Ref",
    "Refresh",
    "RefresherMessage",
    "Reload",
    "tell",
]

Ref = pykka.ActorRef[Any]


@dataclass(frozen=True, slots=True)
class Open:
    """Connect, and be ready; the supervisor asks it of every actor after its start, and hears of a failure."""


# To the master ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rang:
    """A producer rang: rows were staged."""


@dataclass(frozen=True, slots=True)
class Poll:
    """Look whether rows wait."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A second has passed: prove to be alive, look after the dead."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Claim nothing more; what is in flight lands."""


@dataclass(frozen=True, slots=True)
class Reload:
    """Other slips are in force; batches in flight keep theirs.

    Args:
        catalogue: from now on.
        slips: what other daemons are told of each.
    """

    catalogue: Catalogue
    slips: tuple[SlipInForce, ...] = ()


class Kind(StrEnum):
    """What an actor is."""

    MASTER = "master"
    LISTENER = "listener"
    PARSER = "parser"
    LOADER = "loader"
    REFRESHER = "refresher"
    KEEPER = "keeper"


@dataclass(frozen=True, slots=True)
class Assign:
    """The actor in a place was started or replaced; whatever it had been told is told again.

    Args:
        kind: a parser or a loader.
        place: its number among its kind, from 0.
        ref: the actor.
    """

    kind: Kind
    place: int
    ref: Ref


# To a parser, a loader, the listener, the refresher, the keeper ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parse:
    """Parse a batch under a role, and tell `reply_to`.

    Args:
        condemned: rows of it that have killed or hung a parser before, and are not touched again.
    """

    lease: Lease
    role: Role
    reply_to: Ref
    condemned: tuple[Reject, ...] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """Land a parsed batch, and tell `reply_to`.

    Args:
        again: whether a loader that is gone had been told before, so that the batch may have landed already.
    """

    lease: Lease
    parsed: Parsed
    again: bool
    reply_to: Ref


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for the doorbell for a moment; the listener tells it to itself."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Look for a moment whether a view is stale; the refresher tells it to itself."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Look, once in a while, whether staging holds what is older than it is to be kept; the keeper tells it to itself."""


def tell(ref: Ref, message: object) -> None:
    """Tell, and let it be if the actor is dead: the supervisor replaces it, and whoever must know is told again."""
    with contextlib.suppress(pykka.ActorDeadError):
        ref.tell(message)


MasterMessage = (
    Open
    | Rang
    | Poll
    | Beat
    | Drain
    | Reload
    | Assign
    | BatchParsed
    | BatchPoisoned
    | BatchStuck
    | BatchLoaded
    | BatchLeaseLost
    | BatchOutgrown
    | RowCondemned
)
ParserMessage = Open | Parse
LoaderMessage = Open | Load
ListenerMessage = Open | Listen
RefresherMessage = Open | Refresh
KeeperMessage = Open | Keep
