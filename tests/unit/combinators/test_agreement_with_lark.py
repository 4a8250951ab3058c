"""Values made while the parser reduces are those that a plain walk over Lark's own tree gives."""

from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from lark import Token, Tree
from lark.grammar import NonTerminal

from etl_actors.combinators.grammar import Grammar, GrammarError
from tests.support.grammars import conforms, loaded, value_of

RULES = ["start", "x", "y", "_p", "_q", "z"]
TERMINALS = "ABCDE"


class Author:
    """Writes grammars: a rule names later rules only, and whatever is optional or repeated begins with a literal of its own."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers = count()

    def grammar(self) -> str:
        rules = [self.rule(index, name) for index, name in enumerate(RULES)]
        return "\n".join([*rules, *(f'{name}: "{name}"' for name in TERMINALS)])

    def rule(self, index: int, name: str) -> str:
        alternatives = [self.sequence(index, 2)]
        if self.random.random() < 0.4:
            alternatives.append(f"{self.literal()} {self.sequence(index, 2)}")
        return f"{name}: {' | '.join(alternatives)}"

    def sequence(self, index: int, depth: int) -> str:
        return " ".join(self.item(index, depth) for _ in range(self.random.randint(1, 3)))

    def item(self, index: int, depth: int) -> str:
        if depth and self.random.random() < 0.4:
            often = self.random.choice("?*+")
            # what is repeated is one thing mostly: two would seldom keep step with what else there is
            part = self.item(index, depth - 1) if often != "?" and self.random.random() < 0.8 else self.sequence(index, depth - 1)
            return f"({self.literal()} {part}){often}"
        later = RULES[index + 1 :]
        options: list[str] = [*TERMINALS, *later, *later]
        return self.random.choice(options)

    def literal(self) -> str:
        return f'"<{next(self.numbers)}>"'


def derived(grammar: Grammar, random: Random) -> str:
    """Write a text by Lark's compiled rules."""
    spelled = {str(terminal.name): str(terminal.pattern.value) for terminal in grammar.lark.terminals}
    text, waiting = [], [NonTerminal("start")]
    while waiting:
        symbol = waiting.pop()
        if symbol.is_term:
            text.append(spelled[str(symbol.name)])
            continue
        options = [rule for rule in grammar.lark.rules if rule.origin == symbol]
        # a repetition goes on by the alternative that holds itself: the more it has, the rarer
        ending = [rule for rule in options if symbol not in rule.expansion] if random.random() < 0.6 else options
        waiting += reversed(random.choice(ending).expansion)  # type: ignore[arg-type]
    return "".join(text)


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
