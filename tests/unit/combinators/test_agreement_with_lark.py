"""Values made while the parser reduces are those that a plain walk over Lark's own tree gives."""

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from lark import Token, Tree

from etl_actors.combinators.grammar import Grammar, GrammarError
from tests.support.grammars import conforms, loaded, value_of
from tests.support.random_grammars import Author, derived


def walked(grammar: Grammar) -> Callable[[Any], Any]:
    """Make the walk over a tree of Lark's: every rule with the fields that the grammar can give it."""
    fields: dict[str, dict[str, Any]] = {}
    waiting = [grammar.shape]
    while waiting:
        shape: Any = waiting.pop()
        if hasattr(shape, "fields") and shape.rule not in fields:
            fields[shape.rule] = shape.fields
            waiting += shape.fields.values()
        elif hasattr(shape, "item"):
            waiting.append(shape.item)

    def walk(node: Any) -> Any:
        if isinstance(node, Token):
            return str(node)
        if node.data not in fields:
            (only,) = node.children
            return str(only)
        value: dict[str, Any] = {key: [] if hasattr(shape, "item") else None for key, shape in fields[node.data].items()}
        for child in node.children:
            key = str(child.data) if isinstance(child, Tree) else child.type.lower()
            if isinstance(value[key], list):
                value[key].append(walk(child))
            else:
                assert value[key] is None
                value[key] = walk(child)
        return value

    return walk


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.integers(0, 10**9))
def test_two_ways_from_text_to_value_agree(seed: int) -> None:
    random = Random(seed)
    try:
        grammar = loaded(Author(random).grammar())
    except GrammarError:
        reject()
    walk = walked(grammar)
    for _ in range(5):
        text = derived(grammar, random)
        value = value_of(grammar, text)
        assert conforms(value, grammar.shape)
        assert value == walk(grammar.lark.parse(text))
