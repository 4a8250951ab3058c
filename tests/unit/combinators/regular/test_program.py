"""A compiled grammar takes what Lark's automaton takes, and gives the same values at the same places."""

from collections import Counter
from random import Random

import pytest

from etl_actors.combinators.grammar import GrammarError
from etl_actors.combinators.library import library_names
from etl_actors.combinators.library_examples import library_examples
from tests.support.agreement import disagreement
from tests.support.grammars import loaded
from tests.support.library import library_grammar
from tests.support.random_grammars import Author, derived

STAY = {("dimensions", "start"), ("dimensions", "part"), ("dimensions", "size"), ("dimensions", "side"), ("pep508", "start")}
"""What of the library stays with Lark's automaton: rules that would be under way in too many ways, or contain themselves."""


def test_grammars_that_lark_takes_for_sure_read_what_they_write_alike_by_both_ways() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        random = Random(seed)
        try:
            grammar = loaded(Author(random).grammar())
        except GrammarError:
            continue
        seen["compiled" if grammar.program else "declined"] += 1
        for _ in range(4 if grammar.program else 0):
            assert not disagreement(grammar, derived(grammar, random)), seed
    assert seen["compiled"] >= 4 * seen["declined"] > -1
    assert seen["compiled"] > 20


@pytest.mark.parametrize("name", library_names())
def test_grammars_of_the_library_read_their_examples_alike_by_both_ways(name: str) -> None:
    examples = library_examples(name)
    assert examples is not None
    for start in examples.starts():
        grammar = library_grammar(name, start)
        if (name, start) in STAY:
            assert grammar.declined
            continue
        assert grammar.program, grammar.declined
        for example in examples.every():
            for text in (example.text, example.text[:-1], f" {example.text}", example.text + "\n"):
                assert not disagreement(grammar, text)


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
    assert [told for text in texts if (told := disagreement(grammar, text))] == []
