"""A compiled grammar takes what Lark's automaton takes, and gives the same values at the same places."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from etl_actors.combinators.grammar import Grammar, GrammarError
from etl_actors.combinators.library import library_names
from etl_actors.combinators.library_examples import library_examples
from etl_actors.combinators.node import Node
from etl_actors.combinators.plans import Plans
from etl_actors.combinators.regular.automaton import Automaton, Tables
from etl_actors.combinators.regular.declined import Declined
from etl_actors.combinators.regular.program import Program, program_of
from etl_actors.combinators.result import Success
from tests.support.grammars import loaded
from tests.support.library import library_grammar
from tests.support.random_grammars import Author, derived, mutated

GRAMMARS = 120
TEXTS = 6


def _compiled(grammar: Grammar) -> Program:
    reading = grammar._reading
    plans = Plans(grammar.lark.rules, grammar.reached, grammar.name, grammar.start)
    tables = Tables(reading.states, reading.first, reading.last, reading.lexers, grammar.reached.called)
    return program_of(Automaton(tables), plans, grammar.lark.options.g_regex_flags, reading.whole)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Node):
        return (
            type(other) is Node
            and list(one) == list(other)
            and one.placed == other.placed
            and all(map(_same, one.values(), other.values()))
        )
    if type(one) is list:
        return type(other) is list and len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


def _agree(grammar: Grammar, program: Program, text: str) -> bool:
    result, value = grammar._reading.whole(text, 0), program.take(text, 0)
    return _same(value, result.value) if isinstance(result, Success) else value is None


def test_random_grammars_read_random_texts_alike_by_both_ways() -> None:
    seen: Counter[str] = Counter()
    for seed in range(GRAMMARS):
        random = Random(seed)
        ignore = '\n%ignore " "' if seed % 3 == 0 else ""
        try:
            grammar = loaded(Author(random).grammar() + ignore)
        except GrammarError:
            continue
        try:
            program = _compiled(grammar)
        except Declined:
            seen["declined"] += 1
            continue
        seen["compiled"] += 1
        for number in range(TEXTS):
            text = derived(grammar, random)
            text = mutated(text, random) if number % 2 else text
            text = text.replace("<", "  <") if ignore else text
            assert _agree(grammar, program, text), (seed, text)
            seen["taken" if program.take(text, 0) is not None else "refused"] += 1
    print(dict(seen))
    assert seen["compiled"] >= 4 * max(1, seen["declined"])
    assert min(seen["taken"], seen["refused"]) > 50


@pytest.mark.parametrize("name", [name for name in library_names() if name != "dimensions"])
def test_grammars_of_the_library_read_their_examples_alike_by_both_ways(name: str) -> None:
    examples = library_examples(name)
    assert examples is not None
    for start in examples.starts():
        grammar = library_grammar(name, start)
        program = _compiled(grammar)
        for example in examples.every():
            for text in (example.text, example.text[:-1], f" {example.text}", example.text + "\n"):
                assert _agree(grammar, program, text), text


@pytest.mark.parametrize(
    ("text_of_grammar", "texts"),
    [
        ('start: "if" NAME -> when\n     | NAME\nNAME: /[a-z]+/\n%ignore " "', ["if a", "iffy", "if", "a", "if if", ""]),
        ('start: A B | AB "!"\nA: "a"\nB: "b"\nAB: "ab"', ["ab!", "ab", "a", "b"]),
        ('start: [A] [B] [C]\nA: "a"\nB: "b"\nC: "c"', ["", "a", "ac", "bc", "abc", "cb"]),
        ('start: x*\nx: A [B]\nA: /a+/\nB: "b"\n%ignore /[ ]+|#.*/', ["", "a b aa", "# a\n", "a # b", " a#"]),
        ('start: (A | B)+\nA: /x/i\nB: "y"', ["xXy", "y", "", "z"]),
    ],
)
def test_traps_of_lexing_are_read_alike_by_both_ways(text_of_grammar: str, texts: list[str]) -> None:
    grammar = loaded(text_of_grammar)
    program = _compiled(grammar)
    assert [text for text in texts if not _agree(grammar, program, text)] == []
