"""A compiled grammar takes what Lark's automaton takes, and gives the same values at the same places."""

from collections import Counter
from random import Random

import pytest

from etl_actors.combinators.grammar import GrammarError
from etl_actors.combinators.library import library_names
from tests.support.agreement import disagreement
from tests.support.grammars import loaded
from tests.support.library import library_grammar
from tests.support.library_examples import library_examples
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
    assert seen["compiled"] >= 4 * seen["declined"]
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
        ('start: A B A\nA: "a"\nB: "b"\n%ignore /\\++/', ["a+b++a+", "*a*b*a*", "aba", "a*ba"]),
        ("start: _A _B _C X\n_A: /a/\n_B: /{/\n_C: /2}/\nX: /x/", ["a{2}x", "aax", "aa"]),
        ('start: _A "1" X\n_A: /x\\0/\nX: /x/', ["x\0001x", "x\x01x"]),
        ("start: _A B C\n_A: /(?#[)(a)(b)(?#])/\nB: /b/\nC: /c/", ["abbc", "abc"]),
        ('start: A B\nA: "a"\nB: "b"\n%ignore /\\s{1,}+/', ["a b", "ab", " a  b "]),
        ('start: (A | B)+\nA: /x/i\nB: "y"', ["xXy", "y", "", "z"]),
    ],
)
def test_traps_of_lexing_are_read_alike_by_both_ways(text_of_grammar: str, texts: list[str]) -> None:
    grammar = loaded(text_of_grammar)
    assert [told for text in texts if (told := disagreement(grammar, text))] == []


def test_a_long_sequence_is_read_alike_by_both_ways() -> None:
    words = " ".join(f'"w{number}"' for number in range(400))
    grammar = loaded(f"start: {words} X\nX: /x/")
    text = "".join(f"w{number}" for number in range(400)) + "x"
    assert grammar.program, grammar.declined
    assert grammar.value(text) == "x"
    assert [told for one in (text, text[:-1], text[1:], "") if (told := disagreement(grammar, one))] == []


def test_a_child_of_very_many_kinds_is_read_alike_by_both_ways() -> None:
    names = [f"T{number}" for number in range(300)]
    terminals = "\n".join(f'{name}: "<{name}>"' for name in names)
    grammar = loaded(f'?start: _p "+"*\n_p: {" | ".join(names)}\n{terminals}')
    assert [told for one in ("<T7>", "<T299>++", "+", "") if (told := disagreement(grammar, one))] == []


def test_a_regex_whose_comments_may_hold_brackets_is_left_to_lark() -> None:
    grammar = loaded("start: _A B C\n_A: /(a) # [\n(b)/x\nB: /b/\nC: /c/")
    assert "comments" in grammar.declined
    assert grammar.value("abbc") == {"b": "b", "c": "c"}
