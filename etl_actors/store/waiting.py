"""Why the rows of a source wait, as far as the database knows it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from etl_actors.slips.shelf.found import sources_of
from etl_actors.slips.shelf.unmatched import is_unmatched
from etl_actors.store.daemons import Living
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Kept", "Pause", "Waiting", "kept_slips", "paused_sources", "pauses", "waiting"]

_SQL = queries("waiting")


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a slip in etl.slip.

    Args:
        name: of the slip.
        digest: of the version.
        active: whether it was put in force last.
        sources: that it takes; None for any.
    """

    name: str
    digest: str
    active: bool
    sources: tuple[str, ...] | None

    def takes(self, source: str) -> bool:
        """Tell whether it may take rows of a source."""
        return self.sources is None or source in self.sources


@dataclass(frozen=True, slots=True)
class Waiting:
    """A source of which rows wait.

    Args:
        source: its name.
        why: sentences without their end; empty where the database knows of no reason.
    """

    source: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """What somebody has paused.

    Args:
        source: that is paused; None where a slip is.
        slip: that is paused; None where a source is.
        reason: that was given; empty where none was.
        actor: who did it.
        since: when.
    """

    source: str | None
    slip: str | None
    reason: str
    actor: str
    since: datetime


def kept_slips(conn: Connection, daemons: Iterable[Living]) -> tuple[Kept, ...]:
    """Return the active version of each slip, and those by which daemons work, by name."""
    digests = sorted({slip.digest for daemon in daemons for slip in daemon.slips if slip.digest is not None})
    rows = conn.execute(_SQL["kept"], {"digests": digests})
    return tuple(Kept(name, digest, active, sources_of(text)) for name, digest, active, text in rows)


def paused_sources(conn: Connection) -> dict[str, str]:
    """Return the sources that are paused, each with the reason given."""
    return dict(conn.execute(_SQL["paused"]).fetchall())


def pauses(conn: Connection) -> tuple[Pause, ...]:
    """Return what is paused, the longest first."""
    return tuple(Pause(*row) for row in conn.execute(_SQL["pauses"]))


def waiting(
    sources: Iterable[str], daemons: Sequence[Living], kept: Collection[Kept], paused: dict[str, str]
) -> tuple[Waiting, ...]:
    """Say why rows wait.

    Args:
        sources: of which rows are pending.
        daemons: those that live.
        kept: the active versions, and those by which the daemons work.
        paused: sources, and the reason given.
    """
    held = {slip.digest for daemon in daemons for slip in daemon.slips}
    names = {slip.name for daemon in daemons for slip in daemon.slips}
    made = any(map(is_unmatched, names))
    broken = [
        f"slip {slip.name} is broken on {daemon.name}, no version of it is in force there, and it may be theirs"
        for daemon in daemons
        for slip in daemon.slips
        if slip.digest is None
    ]
    found: list[Waiting] = []
    for source in sources:
        ours = [slip for slip in kept if slip.takes(source)]
        why = [_paused(paused[source])] if source in paused else []
        if daemons:
            # Of documents that no slip takes a daemon that breaks such out has each version as soon as it meets their source.
            lacking = [
                slip for slip in ours if slip.active and slip.digest not in held and not (made and is_unmatched(slip.name))
            ]
            why += [_elsewhere(slip, names) for slip in lacking]
        if not any(slip.digest in held for slip in ours):
            why += broken
        found.append(Waiting(source, tuple(why)))
    return tuple(found)


def _paused(reason: str) -> str:
    return "it is paused in etl.pause" + (f" ({reason})" if reason else "")


def _elsewhere(slip: Kept, names: Collection[str]) -> str:
    lacking = f"slip {slip.name} may take them, and no daemon that runs has its version {slip.digest[:8]}"
    if slip.name in names:
        return f"{lacking}, but another one: etl-actors slips apply there"
    return f"{lacking} (if it is gone for good: etl-actors slips apply --retire {slip.name})"
