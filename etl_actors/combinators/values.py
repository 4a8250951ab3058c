"""How a rule's value is made of its children's, while the parser reduces them.

A symbol that was parsed stands on the parser's stack as a `Token` of Lark's, as a `Bag` (of a rule whose children
become its parent's) or as a `Part` (of a rule that has a value).
"""

from collections.abc import Callable
from typing import Any

from lark import Token
from lark.grammar import Rule

from etl_actors.combinators.node import Node
from etl_actors.combinators.outline import LITERAL, UNNAMED
from etl_actors.combinators.plans import Fate, Plan, Plans

__all__ = ["Bag", "Make", "Part", "makers"]


class Part:
    """A rule that was parsed.

    Args:
        value: of it.
        start_pos: offset of its first token; None where it covers none.
        end_pos: offset behind its last token.
        at: offset of the value if that is a text, else -1.
    """

    __slots__ = ("at", "end_pos", "start_pos", "value")

    def __init__(self, value: Any, start_pos: int | None, end_pos: int, at: int) -> None:
        self.value = value
        self.start_pos = start_pos
        self.end_pos = end_pos
        self.at = at


class Bag:
    """A rule that was parsed and has no value of its own.

    Args:
        found: key, value and offset (-1 of what is no text) of each child.
        start_pos: offset of its first token; None where it covers none.
        end_pos: offset behind its last token.
    """

    __slots__ = ("end_pos", "found", "start_pos")

    def __init__(self, found: list[tuple[str, Any, int]], start_pos: int | None, end_pos: int) -> None:
        self.found = found
        self.start_pos = start_pos
        self.end_pos = end_pos


Make = Callable[[list[Any], str], "Part | Bag"]


def makers(plans: Plans) -> dict[Rule, Make]:
    """Make the functions by which the parser reduces.

    Args:
        plans: of the grammar.

    Returns:
        By alternative, a function of its children on the stack and of the whole text.
    """
    return {rule: _maker(plan) for rule, plan in plans.plans.items()}


def _maker(plan: Plan) -> Make:
    finish = _FINISH[plan.fate]
    steps = tuple((index, kept.key, kept.plain) for index, kept in plan.steps)
    # a repetition that Lark made begins with what it holds so far: that list is continued, not copied
    grows = bool(steps) and plan.fate is Fate.INLINED and steps[0][1:] == (None, False)

    def make(children: list[Any], text: str) -> Part | Bag:
        first = next((child.start_pos for child in children if child.start_pos is not None), None)
        last = next((child.end_pos for child in reversed(children) if child.start_pos is not None), 0)
        found: list[tuple[str, Any, int]] = children[steps[0][0]].found if grows else []
        for index, key, plain in steps[1:] if grows else steps:
            child = children[index]
            if key is None:
                found += [each for each in child.found if each[0] != LITERAL] if plain else child.found
            elif isinstance(child, Token):
                found.append((key, child.value, child.start_pos or 0))
            else:
                if child.start_pos is None and isinstance(child.value, Node):
                    _place(child.value, _before(children, index, first))
                found.append((key, child.value, child.at))
        return finish(plan, found, first, last, text)

    return make


def _before(children: list[Any], index: int, first: int | None) -> int:
    """Tell where a child that covers nothing stands: behind what comes before it."""
    for child in reversed(children[:index]):
        if child.start_pos is not None:
            return int(child.end_pos)
    return first or 0


def _place(node: Node, at: int) -> None:
    waiting: list[Any] = [node]
    while waiting:
        empty = waiting.pop()
        text, _, _, starts = empty.placed
        empty.place((text, at, at, starts))
        for child in empty.values():
            waiting += [each for each in (child if isinstance(child, list) else [child]) if isinstance(each, Node)]


def _inline(_: Plan, found: list[tuple[str, Any, int]], first: int | None, last: int, __: str) -> Bag:
    return Bag(found, first, last)


def _text(plan: Plan, found: list[tuple[str, Any, int]], first: int | None, last: int, text: str) -> Part:
    _, value, at = next((each for each in found if each[0] != UNNAMED), found[0])
    part = Part(value, first, last, at)
    return part if plan.alias is None else _aliased(plan, part, text)


def _child(_: Plan, found: list[tuple[str, Any, int]], first: int | None, last: int, __: str) -> Part:
    _key, value, at = next((each for each in found if each[0] != UNNAMED), found[0])
    return Part(value, first, last, at)


def _object(plan: Plan, found: list[tuple[str, Any, int]], first: int | None, last: int, text: str) -> Part:
    fields = plan.fields
    children: dict[str, Any] = {key: [] if many else None for key, many in fields.items()}
    starts: dict[str, int] = {}
    for key, value, at in found:
        if key == UNNAMED:
            continue
        if fields[key]:
            children[key].append(value)
        else:
            children[key] = value
            if at >= 0:
                starts[key] = at
    part = Part(_node(children, first, last, starts, text), first, last, -1)
    return part if plan.alias is None else _aliased(plan, part, text)


def _aliased(plan: Plan, part: Part, text: str) -> Part:
    assert plan.alias is not None
    assert plan.outer is not None
    children: dict[str, Any] = {key: [] if many else None for key, many in plan.outer.items()}
    children[plan.alias] = part.value
    starts = {plan.alias: part.at} if part.at >= 0 else {}
    return Part(_node(children, part.start_pos, part.end_pos, starts, text), part.start_pos, part.end_pos, -1)


def _node(children: dict[str, Any], first: int | None, last: int, starts: dict[str, int], text: str) -> Node:
    if first is None:
        return Node.within(text, 0, 0, children, starts)
    return Node.within(text, first, last, children, starts)


_FINISH: dict[Fate, Callable[[Plan, list[tuple[str, Any, int]], int | None, int, str], Part | Bag]] = {
    Fate.INLINED: _inline,
    Fate.TEXT: _text,
    Fate.CHILD: _child,
    Fate.OBJECT: _object,
}
