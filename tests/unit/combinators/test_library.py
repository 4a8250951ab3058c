"""The grammar library as a whole: what each grammar says of itself, its examples, and no traps."""

import re
from typing import Any

import pytest

from etl_actors.combinators.library import library_examples_text, library_names, library_text
from etl_actors.combinators.result import Failure, Success
from etl_actors.combinators.traps.found import traps_of
from tests.support.library import library_grammar, starts_of
from tests.support.library_examples import Bad, Good, bare, library_docstring, library_examples, read_examples

_each = pytest.mark.parametrize("name", library_names())


def test_the_library_lists_its_grammars_and_gives_their_texts() -> None:
    assert {"access_log", "ip", "log4j", "money", "number", "rfc3164"} <= set(library_names())
    assert all(library_text(name) for name in library_names())


@pytest.mark.parametrize("name", ["", "no_such", "ip.lark", "../node", "../std/ip", "std/ip"])
def test_what_the_library_does_not_have_is_none(name: str) -> None:
    assert library_text(name) is None
    assert library_examples_text(name) is None
    assert library_examples(name) is None
    assert not library_docstring(name)


@_each
def test_a_grammar_says_what_it_reads_by_which_source_with_an_example(name: str) -> None:
    docstring = library_docstring(name)
    first = docstring.split("\n\n")[0]
    assert re.match(r"[A-Z].*[.:]", first, re.DOTALL), "it begins with a sentence"
    assert re.search(r"^Source: .", docstring, re.MULTILINE)
    assert re.search(r"^  \S", docstring, re.MULTILINE), "an example is indented"


@_each
def test_a_grammar_loads_by_each_rule_that_it_names_and_none_has_traps(name: str) -> None:
    """A rule that is named and does not exist is an error of loading."""
    for start in starts_of(name):
        grammar = library_grammar(name, start)
        assert grammar.start == start
        assert traps_of(grammar) == []


@_each
def test_a_grammar_has_at_least_six_good_and_four_bad_examples_each_once(name: str) -> None:
    examples = library_examples(name)
    assert examples is not None, f"there is no std/{name}.toml"
    assert len(examples.good) >= 6
    assert len(examples.bad) >= 4
    both = [(each.text, each.start) for each in examples.every()]
    assert len(both) == len(set(both))


@_each
def test_good_examples_become_their_values_and_bad_ones_are_refused_at_their_places(name: str) -> None:
    examples = library_examples(name)
    assert examples is not None, f"there is no std/{name}.toml"
    wrong = [problem for each in examples.every() if (problem := _problem(name, each))]
    assert not wrong, "\n\n".join(["", *wrong])


def _problem(name: str, example: Good | Bad) -> str:
    """Tell what is wrong with an example; nothing where it is right."""
    result = library_grammar(name, example.start).read(example.text)
    match example, result:
        case Good(), Success():
            value = bare(result.value)
            return "" if value == example.value else f"{example.text!r}\n  expected {example.value!r}\n  got      {value!r}"
        case Good(), Failure():
            return f"{example.text!r}\n  is refused at {result.at}: expected {', '.join(result.expected)}, got {result.got}"
        case Bad(), Success():
            return f"{example.text!r}\n  is read: {bare(result.value)!r}"
        case Bad(), Failure():
            return "" if result.at == example.at else f"{example.text!r}\n  is refused at {result.at}, not at {example.at}"
    raise AssertionError


# The file of examples


def test_examples_are_read_with_rule_and_note_and_without_what_is_null() -> None:
    text = """
        [[good]]
        text = "a=1"
        value = { key = "a", values = [], parts = [{ one = "1", more = [] }] }
        [[good]]
        text = ""
        value = ""
        start = "word"
        note = "nothing"
        [[bad]]
        text = "a="
        at = 2
        start = "pair"
    """
    examples = read_examples(text, "std/x.toml")
    assert examples.good == (Good("a=1", {"key": "a", "parts": [{"one": "1"}]}), Good("", "", "word", "nothing"))
    assert examples.bad == (Bad("a=", 2, "pair"),)
    assert examples.starts() == ("start", "word", "pair")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[good", "std/x.toml: this is no TOML"),
        ("[[godo]]", r"expected \[\[good\]\] and \[\[bad\]\], got godo"),
        ("good = 1", r"examples are tables \[\[good\]\]"),
        ("bad = [1]", r"examples are tables \[\[bad\]\]"),
        ("[[good]]\nvalue = ''", r"std/x.toml: example 1 of \[\[good\]\]: `text` has to be a text, got 'nothing'"),
        ("[[good]]\ntext = 'a'", "it has no `value`"),
        ("[[good]]\ntext = 'a'\nvalue = [{ a = 1 }]", "a value is made of texts, lists and tables, got 1"),
        ("[[good]]\ntext = 'a'\nvalue = ''\nat = 0", "there is no key `at`"),
        ("[[bad]]\ntext = 'a'\nat = 0\n[[bad]]\ntext = 'a'", r"example 2 of \[\[bad\]\]: `at` has to be a whole number"),
        ("[[bad]]\ntext = 'a'\nat = true", "`at` has to be a whole number, got True"),
        ("[[bad]]\ntext = 'a'\nat = 2", "`at` is an offset into its text of 1 characters, got 2"),
        ("[[bad]]\ntext = 'a'\nat = 0\nnote = 1", "`note` has to be a text, got 1"),
    ],
)
def test_a_file_of_examples_that_is_wrong_is_told_where_and_what(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_examples(text, "std/x.toml")


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("", ""),
        ({"a": None, "b": [], "c": ""}, {"c": ""}),
        ({"a": {"b": None}}, {"a": {}}),
        ([{"a": [{"b": [], "c": "1"}]}, {}], [{"a": [{"c": "1"}]}, {}]),
    ],
)
def test_bare_values_have_neither_nulls_nor_empty_lists(value: Any, left: Any) -> None:
    assert bare(value) == left
