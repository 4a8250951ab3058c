"""How large a grammar becomes when Lark writes its rules out: told before, since it may be more than a machine holds.

Lark has no optional parts: a rule with ten of them is 1,024 alternatives, one with twenty a million. And a template that uses
itself with ever larger arguments has no end.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from lark import Tree

from etl_actors.combinators.definition import Reached
from etl_actors.combinators.grammar_error import GrammarError

__all__ = ["check_size"]

_MOST_ALTERNATIVES = 5_000  # of one rule
_MOST_INSTANCES = 500  # of templates with their arguments
_COPIED = 50  # times: from there on Lark writes repetitions with rules of their own

_Usage = tuple[Any, ...]  # of a template: its name, and its arguments, which may be usages


def check_size(rules: Sequence[tuple[Any, ...]], reached: Reached, file: str) -> None:
    """Refuse a grammar that would be too large.

    Args:
        rules: of Lark's `Grammar`: name, parameters, tree and more.
        reached: where they are written.
        file: of the grammar, for what has no place.

    Raises:
        GrammarError: a rule has too many alternatives, or templates have no end.
    """
    for name, _, tree, *_ in rules:
        count = _alternatives(tree)
        if count > _MOST_ALTERNATIVES:
            place = reached.place_of(str(name)) or (file, 1, 1)
            raise GrammarError(
                *place,
                f"{reached.called(str(name))} would have {count:,} alternatives, for each optional part makes two of one, and at most "
                f"{_MOST_ALTERNATIVES:,} are read: give some of the parts rules of their own, or let one rule stand for any of them, "
                "as in (a | b | c)*",
            )
    _check_templates({str(name): (parameters, tree) for name, parameters, tree, *_ in rules}, reached, file)


def _alternatives(tree: Any) -> int:
    """Count the alternatives that Lark makes of a part of a rule."""
    if not isinstance(tree, Tree):
        return 1
    match str(tree.data):
        case "expansions":
            return sum(map(_alternatives, tree.children))
        case "expansion":
            count = 1
            for child in tree.children:
                count *= _alternatives(child)
            return count
        case "maybe" | "alias":
            return _alternatives(tree.children[0]) + (tree.data == "maybe")
        case "expr":
            return _repeated(tree.children)
        case _:
            return 1


def _repeated(children: Sequence[Any]) -> int:
    part, sign, *times = children
    inner = _alternatives(part)
    if sign == "?":
        return inner + 1
    if sign != "~":
        return max(inner, 2 if sign == "*" else 1)  # a rule of its own, which must not be too large either
    least, most = int(times[0]), int(times[-1])
    if most >= _COPIED:
        return max(inner, 2)
    return sum(min(inner, _MOST_ALTERNATIVES) ** count for count in range(least, most + 1))


def _check_templates(rules: Mapping[str, tuple[Any, Any]], reached: Reached, file: str) -> None:
    waiting: deque[_Usage] = deque()
    seen: set[_Usage] = set()
    for parameters, tree in rules.values():
        if not parameters:
            waiting.extend(_usages(tree, {}))
    while waiting:
        usage = waiting.popleft()
        if usage in seen or usage[0] not in rules:
            continue
        seen.add(usage)
        if len(seen) > _MOST_INSTANCES:
            name = str(usage[0])
            place = reached.place_of(name) or (file, 1, 1)
            raise GrammarError(
                *place,
                f"templates are used with more than {_MOST_INSTANCES} different arguments, of which {reached.called(name)} is one: a "
                "template that uses itself must pass on the arguments that it got, and nothing larger",
            )
        parameters, tree = rules[usage[0]]
        waiting.extend(_usages(tree, dict(zip(map(str, parameters), usage[1:], strict=False))))


def _usages(tree: Any, given: Mapping[str, Any]) -> list[_Usage]:
    """List what templates a part of a rule uses, with their arguments."""
    return [_usage(one, given) for one in tree.find_data("template_usage")]


def _usage(tree: Any, given: Mapping[str, Any]) -> _Usage:
    name, *arguments = tree.children
    return (str(name.name), *(_argument(one, given) for one in arguments))


def _argument(tree: Any, given: Mapping[str, Any]) -> Any:
    (inner,) = tree.children if isinstance(tree, Tree) and tree.data == "value" else (tree,)
    if isinstance(inner, Tree) and inner.data == "template_usage":
        return _usage(inner, given)
    known = str(getattr(inner, "name", inner))
    return given.get(known, known)
