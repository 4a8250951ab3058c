"""The active version of each slip, and the ring by which daemons learn of others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from etl_actors.store.actions import record_action
from etl_actors.store.breakout.permission import settle_plan
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Active", "Ring", "active_slips", "latest_rollout", "lock", "record_rollout", "retire", "ring"]

_SQL = queries("versions")
_BREAKOUTS = queries("breakouts")


class Ring(StrEnum):
    """What daemons are told to do about slips."""

    READ = "read"  # read the folders again
    LOOK = "look"  # another version is active: see what others have


@dataclass(frozen=True, slots=True)
class Active:
    """The version of a slip that was put in force last, by whichever daemon.

    Args:
        name: of the slip.
        digest: of the version.
        files: its text by name.
    """

    name: str
    digest: str
    files: Mapping[str, str]


def lock(conn: Connection) -> None:
    """Wait for others that put slips in force or give them up; held to the end of the transaction."""
    conn.execute(_SQL["lock"])


def active_slips(conn: Connection) -> tuple[Active, ...]:
    """Return the active version of each slip, by name."""
    return tuple(Active(name, digest, files) for name, digest, files in conn.execute(_SQL["active"]))


def ring(conn: Connection, what: Ring) -> None:
    """Tell every daemon, once the transaction is committed."""
    conn.execute(_SQL["ring"], {"what": what.value})


def record_rollout(conn: Connection, detail: Mapping[str, Any]) -> None:
    """Keep who applied which slips, and when."""
    record_action(conn, "slips apply", detail)


def latest_rollout(conn: Connection) -> int:
    """Return the number of the latest rollout; 0 where there was none."""
    row = conn.execute(_SQL["latest_rollout"]).fetchone()
    return 0 if row is None else int(row[0])


def retire(conn: Connection, names: Collection[str]) -> None:
    """Let slips be active no more."""
    for name in sorted(names):
        conn.execute(_BREAKOUTS["lock"], {"name": name})  # one that grows would be put in force again
        settle_plan(conn, name)
    if names:
        conn.execute(_SQL["retire"], {"names": sorted(names)})
