"""Slips of equal priority that would take the same documents, which are then rejected: told before any document comes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.quarrel import Read, told
from etl_actors.slips.source.problems import Problems

__all__ = ["Ambiguity", "Witness", "ambiguities"]

Witness = tuple[str, Callable[[Slip], bool]]
"""A document by the name of its sample, and what tells whether a slip takes it."""


class Ambiguity(NamedTuple):
    """Two slips between which nothing decides.

    Args:
        one: the name of the first slip.
        other: the name of the second.
        problem: what both take, at the place in the second that would tell them apart.
    """

    one: str
    other: str
    problem: str


def ambiguities(slips: Sequence[Read], witnesses: Mapping[str, Sequence[Witness]]) -> Iterator[Ambiguity]:
    """Find the slips of equal priority that take the same documents of the same source.

    Args:
        slips: each with its folder, of names that differ.
        witnesses: documents of each slip, by its name: where predicates differ, only documents show that both hold.
    """
    for (_, one), read in combinations(slips, 2):
        other = read[1]
        if one.priority != other.priority or not _common(one, other):
            continue
        shared = _always(one, other) or _seen(one, other, witnesses)
        if shared:
            sentence = f"{shared}, at equal priority {one.priority}; give one of them a higher `priority` or another `when`"
            yield Ambiguity(one.name, other.name, _placed(read, sentence))


def _common(one: Slip, other: Slip) -> bool:
    if one.sources is None or other.sources is None:
        return True
    return not set(one.sources).isdisjoint(other.sources)


def _always(one: Slip, other: Slip) -> str:
    if one.when is None and other.when is None:
        return f"this slip and `{one.name}` both take every document of {_sources(one, other)}"
    if one.when is None:
        return f"`{one.name}`, which has no `when`, takes every document of {_sources(one, other)} that this slip takes"
    if other.when is None:
        return f"this slip has no `when`, so it takes every document of {_sources(one, other)} that `{one.name}` takes"
    if one.when_text.split() == other.when_text.split():
        return f"`{one.name}` has the same `when` for {_sources(one, other)}"
    return ""


def _seen(one: Slip, other: Slip, witnesses: Mapping[str, Sequence[Witness]]) -> str:
    for owner in (one, other):
        for sample, takes in witnesses.get(owner.name, ()):
            if takes(one) and takes(other):
                return f"this slip and `{one.name}` both take the sample {sample} of `{owner.name}`"
    return ""


def _sources(one: Slip, other: Slip) -> str:
    named = one.sources if other.sources is None else other.sources
    if named is None:
        return "any source"
    both = [source for source in named if one.takes(source) and other.takes(source)]
    return f"source {both[0]}" if len(both) == 1 else f"the sources {', '.join(both)}"


def _placed(read: Read, sentence: str) -> str:
    def note(problems: Problems) -> None:
        keys = next((key,) for key in ("when", "priority", "source", "name") if (key,) in problems.places.keys)
        problems.at_key(keys, sentence)

    return told(read, note)
