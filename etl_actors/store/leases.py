"""A claimed batch as its owner knows it, and everything that happens to it but its load."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from etl_actors.errors import LeaseLost
from etl_actors.relational.parsed import Group
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["LOCK_BASE", "Lease", "Repeat", "leases", "release", "release_strays", "rescue", "split"]

_SQL = queries("batches")

LOCK_BASE = 0x65746C << 40  # "etl": a daemon's advisory lock has this key plus its node, of which there may be 2**40


@dataclass(frozen=True, slots=True)
class Repeat:
    """What makes a batch one of a replay.

    Args:
        replay_id: of which replay.
        digest: of the version of a slip that its rows are to be parsed by; None for the one in force.
        prior_batches: which batch had settled each row, in the order of the lease's `row_ids`.
        seeking: whether only those rows are to be settled that have an identity which the replay has vacated.
    """

    replay_id: int
    digest: str | None
    prior_batches: tuple[int, ...]
    seeking: bool


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to finish one batch.

    Args:
        batch_id: the batch.
        token: what fences it; a rescue or a split makes it worthless.
        source: of all its rows.
        slip: named by the rows themselves or by its owner's split; None where it is still to be chosen.
        row_ids: ascending.
        nbytes: of the payloads, as PostgreSQL holds them.
        attempt: 1 for the first owner, one more after each rescue.
        repeat: None where its rows are settled for the first time.
    """

    batch_id: int
    token: int
    source: str
    slip: str | None
    row_ids: tuple[int, ...]
    nbytes: int
    attempt: int
    repeat: Repeat | None = None

    @property
    def live_source(self) -> str | None:
        """The source of its rows; None where they are those of a replay, whose batches are one lot whatever their source."""
        return self.source if self.repeat is None else None


def leases(rows: Iterable[Sequence[Any]]) -> tuple[Lease, ...]:
    """Make leases of what the claim, split and rescue statements return; of a first claim they leave the replay's columns out."""
    return tuple(
        Lease(batch_id, token, source, slip, tuple(row_ids), nbytes, attempt, _repeat(*replayed))
        for batch_id, token, source, slip, row_ids, nbytes, attempt, *replayed in rows
    )


def _repeat(
    replay_id: int | None = None,
    digest: str | None = None,
    prior_batches: Sequence[int] = (),
    seeking: bool = False,  # noqa: FBT001, FBT002  # a row of the database
) -> Repeat | None:
    return None if replay_id is None else Repeat(replay_id, digest, tuple(prior_batches), seeking)


def split(conn: Connection, lease: Lease, groups: Sequence[Group], attempt: int = 1) -> tuple[Lease, ...]:
    """Turn a batch into one child a group; the parent ends as released.

    Args:
        conn: in autocommit mode.
        lease: of the parent; every one of its rows is in one group.
        groups: in the order that the children are to have.
        attempt: what the children count as.

    Raises:
        LeaseLost: the parent is not ours any more; nothing was changed.
        ValueError: a row is in no group, or in two.
    """
    numbered = [(no, g.slip, row_id) for no, g in enumerate(groups) for row_id in g.row_ids]
    nos, slips, row_ids = (list(column) for column in zip(*numbered, strict=True))
    if sorted(row_ids) != list(lease.row_ids):
        msg = f"the groups of batch {lease.batch_id} are not its rows, each once"
        raise ValueError(msg)
    made = leases(
        conn.execute(
            _SQL["split"],
            {
                "batch_id": lease.batch_id,
                "token": lease.token,
                "groups": nos,
                "slips": slips,
                "row_ids": row_ids,
                "attempt": attempt,
            },
        )
    )
    if not made:
        raise LeaseLost.of(lease.batch_id, lease.token)
    return tuple(sorted(made, key=lambda child: child.batch_id))


def release(conn: Connection, batch_id: int, token: int) -> int:
    """Give a batch's rows back to the inbox; return how many, 0 where the lease was not ours any more."""
    row = conn.execute(_SQL["release"], {"batch_id": batch_id, "token": token}).fetchone()
    return 0 if row is None else int(row[0])


def release_strays(conn: Connection, owner: int, known: Collection[int], floor: int = 0) -> list[int]:
    """Give back batches that the database holds as ours but we do not know: claims whose reply was lost.

    Args:
        conn: in autocommit mode.
        owner: our node.
        known: ids of the batches that we know.
        floor: a batch up to which none is claimed, as `Claimed.floor` knows it.

    Returns:
        The ids of those batches.
    """
    strays = conn.execute(_SQL["stray"], {"owner": owner, "known": list(known), "floor": floor}).fetchall()
    for batch_id, token in strays:
        release(conn, batch_id, token)
    return [batch_id for batch_id, _ in strays]


def rescue(
    conn: Connection, owner: int, lease_s: float, limit: int, only: Collection[str] = (), floor: int = 0
) -> tuple[Lease, ...]:
    """Take over batches of daemons that are dead, or silent for long.

    Their slip is again the one that the rows name themselves: what a dead owner chose among its slips is chosen anew.

    Args:
        conn: in autocommit mode.
        owner: our node.
        lease_s: seconds for which a daemon that holds its lock may be silent.
        limit: batches, at most.
        only: sources whose batches are taken over; empty for all.
        floor: a batch up to which none is claimed, as `Claimed.floor` knows it.

    Returns:
        What is ours now, under new tokens.
    """
    found = conn.execute(
        _SQL["rescue"],
        {"owner": owner, "lease_s": lease_s, "limit": limit, "lock_base": LOCK_BASE, "only": list(only), "floor": floor},
    )
    return leases(found)
