"""What the options of `replay` mean: ids and ranges of them, and the rows that the filters choose."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from etl_actors.cli.ids import read_ids
from etl_actors.cli.times import time_option
from etl_actors.errors import UsageError

if TYPE_CHECKING:
    from etl_actors.store.replay.choice import Choice
    from etl_actors.store.replay.orders import Version

__all__ = ["Original", "choice_of", "ids_of", "require_together", "resumed_of"]


class Original(StrEnum):
    """The values of ``--slip-version``; `Version` itself would be imported for every help."""

    CURRENT = "current"
    ORIGINAL = "original"

    @property
    def version(self) -> "Version":
        """What it stands for."""
        from etl_actors.store.replay.orders import Version

        return Version(self.value)


def choice_of(
    ids: tuple[tuple[int, ...], tuple[int, ...]],
    *,
    source: str | None,
    slip: str | None,
    since: str | None,
    until: str | None,
    rejected: bool,
    reason: str | None,
) -> "Choice":
    """Make the choice of what the options say.

    Args:
        ids: of batches and of rows, as `ids_of` returns them.
        source: of the rows.
        slip: that settled them.
        since: received then or later.
        until: received before.
        rejected: with an open dead letter.
        reason: of that.

    Raises:
        UsageError: a time is none, or a reason stands alone.
    """
    from etl_actors.store.replay.choice import Choice

    if reason is not None and not rejected:
        raise UsageError("--reason goes with --rejected: expected both, got --reason alone.")
    batches, rows = ids
    return Choice(
        rows=rows,
        batches=batches,
        source=source,
        slip=slip,
        since=time_option("--since", since),
        until=time_option("--until", until),
        rejected=rejected,
        reason=reason,
    )


def ids_of(
    batch: Sequence[str] | None, rows: Sequence[str] | None, more: Sequence[str] | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Read the ids of batches and of rows.

    Args:
        batch: what stood after ``--batch``.
        rows: what stood after ``--rows``.
        more: what stood alone: further ids of the one of the two that was given.

    Raises:
        UsageError: something is no id, or could be of either.
    """
    batch, rows, more = list(batch or ()), list(rows or ()), list(more or ())
    if more and bool(batch) == bool(rows):
        either = "it could be a batch or a row" if batch else "expected an option before it"
        raise UsageError(f"{more[0]}: {either}; write --batch 12,13 --rows 7,8.")
    return read_ids("--batch", batch + more if batch else batch), read_ids("--rows", rows + more if rows else rows)


_TOGETHER = {
    "cancel": {"as_json", "yes"},
    "resume": {"more", "as_json", "yes"},
}


def require_together(given: Mapping[str, str]) -> None:
    """Refuse options that would go unheard beside others.

    Args:
        given: what stands on the command line: how it is written, by the name of the parameter.

    Raises:
        UsageError: the sentence names two that do not go together.
    """
    for one, others in _TOGETHER.items():
        if one in given:
            lost = next((written for name, written in given.items() if name not in {one, *others}), None)
            if lost is not None:
                raise UsageError(f"{given[one]} is about a replay that was ordered before: it does not go with {lost}.")
    if "dry_run" in given and "detach" in given:
        raise UsageError("--dry-run orders nothing: it does not go with --detach.")


def resumed_of(more: Sequence[str] | None) -> int | None:
    """Read the one id that may stand after ``--resume``.

    Raises:
        UsageError: it is none, or there are several.
    """
    found = read_ids("--resume", list(more or ()))
    if len(found) > 1:
        raise UsageError(f"--resume: expected the id of one replay, got {len(found)}.")
    return found[0] if found else None
