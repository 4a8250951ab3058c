"""Which rule contains itself, for whoever asks why a grammar is not compiled."""

from collections.abc import Sequence

from lark.grammar import Rule

from etl_actors.combinators.outline import helper

__all__ = ["contains_itself"]


def contains_itself(rules: Sequence[Rule]) -> str | None:
    """Find a rule with itself behind something else of it: at its beginning it would only be repeated.

    Args:
        rules: of a grammar, as Lark compiled them.

    Returns:
        Lark's name of the first that its author wrote; None where there is none.
    """
    parts: dict[str, set[tuple[str, bool]]] = {}
    for rule in rules:
        found = parts.setdefault(str(rule.origin.name), set())
        found |= {(str(symbol.name), place > 0) for place, symbol in enumerate(rule.expansion) if not symbol.is_term}
    return next((name for name in parts if not helper(name) and _reaches_itself(name, parts)), None)


def _reaches_itself(name: str, parts: dict[str, set[tuple[str, bool]]]) -> bool:
    waiting = [(name, False)]
    seen = set(waiting)
    while waiting:
        at, behind = waiting.pop()
        for part, later in parts.get(at, ()):
            reached = (part, behind or later)
            if reached == (name, True):
                return True
            if reached not in seen:
                seen.add(reached)
                waiting.append(reached)
    return False
