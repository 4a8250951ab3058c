"""Holds compiled grammars to Lark's automaton on grammars and texts at random.

``python -m tests.support.agreement 100000`` compares so many pairs, and prints what it met.
"""

import sys
from collections import Counter
from itertools import count
from random import Random
from typing import Any

from lark.exceptions import UnexpectedInput

from etl_actors.combinators.grammar import Grammar, GrammarError, load_grammar
from etl_actors.combinators.node import Node
from etl_actors.combinators.result import Success
from tests.support.random_grammars import WildAuthor, derived, mutated, spelled

__all__ = ["agree", "compare", "disagreement"]

_TEXTS = 20  # a grammar


def compare(pairs: int, first: int = 0) -> Counter[str]:
    """Compare the two ways, and who takes a text with Lark's own parser.

    Args:
        pairs: of grammar and text.
        first: seed of the first grammar.

    Returns:
        How many grammars were refused, declined and compiled; how many pairs were taken and refused.

    Raises:
        AssertionError: two ways disagree.
    """
    seen: Counter[str] = Counter()
    for seed in count(first):
        if seen["pairs"] >= pairs:
            return seen
        random = Random(seed)
        try:
            grammar = load_grammar(WildAuthor(random).grammar(), name="main.lark", find=WildAuthor.FILES.get)
        except GrammarError:
            seen["no grammars"] += 1
            continue
        if grammar.program is None:
            seen["declined"] += 1
            continue
        seen["compiled"] += 1
        for number in range(_TEXTS):
            text = derived(grammar, random) if number % 3 else spelled(grammar, random)
            text = mutated(text, random) if number % 2 else text
            told = disagreement(grammar, text)
            assert not told, f"seed {seed}: {told}"
            seen["pairs"] += 1
            seen["taken" if grammar.program.take(text, 0) is not None else "refused"] += 1
    raise AssertionError


def disagreement(grammar: Grammar, text: str) -> str:
    """Tell where the ways to read a text by a compiled grammar disagree; nothing where they don't."""
    assert grammar.program is not None
    result, value = grammar.by_automaton(text), grammar.program.take(text, 0)
    if not (agree(value, result.value) if isinstance(result, Success) else value is None):
        return f"{text!r} is {value!r}, and by Lark's automaton {result!r}"
    try:
        grammar.lark.parse(text)
    except UnexpectedInput:
        return f"{text!r} is {value!r}, and Lark refuses it" if value is not None else ""
    return f"{text!r} is refused, and Lark takes it" if value is None else ""


def agree(one: Any, other: Any) -> bool:
    """Tell whether two values are one, with where they stand in their text."""
    if isinstance(one, Node):
        alike = type(other) is Node and list(one) == list(other) and one.placed == other.placed
        return alike and all(map(agree, one.values(), other.values()))
    if type(one) is list:
        return type(other) is list and len(one) == len(other) and all(map(agree, one, other))
    return type(one) is type(other) and bool(one == other)


if __name__ == "__main__":
    print(dict(compare(int(sys.argv[1]))))
