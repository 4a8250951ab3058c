"""Which version of each slip is in force: that of its folder, or where that cannot be used, the last good one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.agreement import quarrels
from etl_actors.slips.shelf.found import Found
from etl_actors.slips.source.files import MAIN

__all__ = ["Standing", "settle"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a slip stands.

    Args:
        name: of the slip.
        folder: where it is read from.
        slip: the version in force; None where there is none.
        problem: why it is not that of the folder; empty where it is.
        sources: that a slip without a version in force may take; None for any.
    """

    name: str
    folder: Path
    slip: Slip | None
    problem: str = ""
    sources: tuple[str, ...] | None = None


def settle(
    found: Sequence[Found],
    last_good: Callable[[Found], Slip | None] = lambda _found: None,
    refused: Mapping[str, str] | None = None,
) -> tuple[Standing, ...]:
    """Decide which version of each slip is in force.

    A slip that cannot be used, that shares its name with another, or that disagrees with another on a table leaves its last
    good version in force. Of two that disagree, the one that changed is refused, or both where both did.

    Args:
        found: the slips as their folders hold them.
        last_good: the version that was in force last, of a slip.
        refused: digests that the database refuses, and why.

    Returns:
        One standing a name, in the order of `found`.
    """
    last = {each.folder: last_good(each) for each in found}
    standings = _filled([_own(each, refused or {}) for each in _of_one_name(found)], last)
    while True:
        losers = _losers(standings, last)
        if not losers:
            return tuple(standings)
        refusals = [
            replace(each, slip=None, problem=each.problem or losers[each.name]) if each.name in losers else each
            for each in standings
        ]
        # Whoever was refused before and is again had its last good version: then there is none left.
        last |= {each.folder: None for each in standings if each.problem and each.name in losers}
        standings = _filled(refusals, last)


def _of_one_name(found: Sequence[Found]) -> list[Found]:
    """Keep one of each name; of several of one name, one that cannot be used."""
    named: dict[str, list[Found]] = {}
    for each in found:
        named.setdefault(each.name, []).append(each)
    return [same[0] if len(same) == 1 else _doubled(same) for same in named.values()]


def _doubled(same: list[Found]) -> Found:
    first = same[0]
    others = ", ".join(str(other.folder / MAIN) for other in same[1:])
    problem = f"{first.folder / MAIN}: the name `{first.name}` is that of {others} too"
    every = None if any(one.sources is None for one in same) else tuple(s for one in same for s in one.sources or ())
    return replace(first, slip=None, problem=problem, sources=every)


def _own(found: Found, refused: Mapping[str, str]) -> Standing:
    if found.slip is not None and found.slip.digest in refused:
        return Standing(found.name, found.folder, None, refused[found.slip.digest], found.sources)
    return Standing(found.name, found.folder, found.slip, found.problem, found.sources)


def _filled(standings: list[Standing], last: Mapping[Path, Slip | None]) -> list[Standing]:
    """Put the last good versions in the place of what cannot be used, but none whose name is in force already."""
    names = {each.slip.name for each in standings if each.slip is not None}
    made = []
    for each in standings:
        good = last.get(each.folder)
        if each.slip is None and good is not None and good.name not in names:
            names.add(good.name)
            made.append(replace(each, name=good.name, slip=good))
        else:
            made.append(each)
    return made


def _losers(standings: list[Standing], last: Mapping[Path, Slip | None]) -> dict[str, str]:
    """Return who is refused for a disagreement, and the sentence."""

    def changed(standing: Standing) -> bool:
        before = last.get(standing.folder)
        return not standing.problem and (before is None or standing.slip is None or before.digest != standing.slip.digest)

    # What did not change comes first, so that the sentence stands at the place of what did.
    present = sorted((each for each in standings if each.slip is not None), key=changed)
    by_name = {each.slip.name: each for each in present if each.slip is not None}
    told: dict[tuple[str, str], str] = {}  # of a slip and a table once: further slips would only say the same again
    losers: dict[str, str] = {}
    for quarrel in quarrels([(each.folder, each.slip) for each in present if each.slip is not None]):
        problem = told.setdefault((quarrel.other, quarrel.table), quarrel.problem)
        pair = (quarrel.one, quarrel.other)
        for name in [name for name in pair if changed(by_name[name])] or pair:
            losers.setdefault(name, problem)
    return losers
