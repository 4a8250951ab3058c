"""Lists that are filled side by side in one repetition, and whether they keep step."""

from collections.abc import Container, Iterable, Sequence
from itertools import combinations

from lark.grammar import Rule

from etl_actors.combinators.outline import UNNAMED, Outline

__all__ = ["unequal_pair"]

_FAR = 4  # a difference that grows beyond this grows without end
Range = tuple[int, int]
Pair = tuple[str, str]


def unequal_pair(outline: Outline, rules: Sequence[Rule]) -> Pair | None:
    """Find two children that are repeated together but not equally often.

    Args:
        outline: of the grammar.
        rules: the alternatives that make one object.

    Returns:
        Their keys; None where all that is repeated together keeps step.
    """
    below = _reachable(outline, rules)
    pairs: dict[Pair, None] = {}
    for name in below:
        circle = _circle(outline, name)
        if circle:
            for rule in outline.alternatives[name]:
                pairs.update(dict.fromkeys(sorted(_together(outline, rule, circle))))
    for pair in pairs:
        ranges = _ranges(outline, below, pair)
        for rule in rules:
            if _difference(outline, rule, pair, ranges) not in {(0, 0), None}:
                return pair
    return None


def _reachable(outline: Outline, rules: Iterable[Rule], without: Container[str] = ()) -> list[str]:
    found: dict[str, None] = {}
    waiting = list(rules)
    while waiting:
        rule = waiting.pop()
        for _, kept in outline.kept[id(rule)]:
            if kept.key is None and kept.symbol not in found and kept.symbol not in without:
                found[kept.symbol] = None
                waiting += outline.alternatives[kept.symbol]
    return list(found)


def _circle(outline: Outline, name: str) -> set[str]:
    """Find the inlined rules that a rule repeats itself through, itself among them; none if it does not."""
    below = _reachable(outline, outline.alternatives[name])
    if name not in below:
        return set()
    return {other for other in below if name in _reachable(outline, outline.alternatives[other])}


def _together(outline: Outline, rule: Rule, circle: set[str]) -> set[Pair]:
    """Find the keys that can occur together in one turn of a repetition."""
    found: set[Pair] = set()
    for part in (rule, *(each for name in _reachable(outline, [rule], circle) for each in outline.alternatives[name])):
        turn: list[set[str]] = []
        for _, kept in outline.kept[id(part)]:
            if kept.key is not None or kept.symbol not in circle:
                turn.append({key for key, most in outline.counts_of(kept).most.items() if most and key != UNNAMED})
        for one, other in combinations(turn, 2):
            found |= {(min(a, b), max(a, b)) for a in one for b in other if a != b}
    return found


def _ranges(outline: Outline, names: list[str], pair: Pair) -> dict[str, Range]:
    """Tell by how much the first of a pair can outnumber the second within each inlined rule."""
    ranges: dict[str, Range] = {}
    changed = True
    while changed:
        changed = False
        for name in names:
            options = [_difference(outline, rule, pair, ranges) for rule in outline.alternatives[name]]
            known = [option for option in options if option is not None]
            if not known:
                continue
            new = (max(-_FAR, min(low for low, _ in known)), min(_FAR, max(high for _, high in known)))
            if ranges.get(name) != new:
                ranges[name] = new
                changed = True
    return ranges


def _difference(outline: Outline, rule: Rule, pair: Pair, ranges: dict[str, Range]) -> Range | None:
    low = high = 0
    for _, kept in outline.kept[id(rule)]:
        if kept.key is None:
            inner = ranges.get(kept.symbol)
            if inner is None:
                return None
            low, high = low + inner[0], high + inner[1]
        elif kept.key in pair:
            by = 1 if kept.key == pair[0] else -1
            low, high = low + by, high + by
    return max(-_FAR, low), min(_FAR, high)
