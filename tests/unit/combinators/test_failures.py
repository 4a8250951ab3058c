"""A text that a grammar does not take is told with what it would have taken, and where."""

import subprocess
import sys

import pytest

from tests.support.grammars import failure_of, loaded

GRAMMAR = """
start: entry+
entry: NAME "=" value ";"
value: NUMBER | "[" value ("," value)* "]" -> list | /@[a-z]+/ -> reference
NAME: /[a-z_]+/
NUMBER: /[0-9]+/
%ignore /[ \\n]+/
"""
LONG_NAME = 'start: HOST_NAME COMMA "x"i\nHOST_NAME: /h+/\nCOMMA: ","'


@pytest.mark.parametrize(
    ("text", "expected", "got", "at"),
    [
        ("", ("name",), "the end", 0),
        ("a = 1;\nb = ?;\n", ("number", "reference", '"["'), "'?'", 11),
        ("a = 1;\nb = 2", ('";"',), "the end", 12),
        ("a = 1;\n  b 2;", ('"="',), "'2'", 11),
        ("a = [1, 2;", ('","', '"]"'), "';'", 9),
        ("a = 1 2;", ('";"',), "'2'", 6),
        ("a = @é;", ("number", "reference", '"["'), "'@'", 4),
        ("a = 1;   ", (), "", -1),
        ("a = [1,\n[2, [x]]];", ("number", "reference", '"["'), "'x'", 13),
        ("a = 1;\n=", ("name", "the end"), "'='", 7),
    ],
)
def test_a_failure_tells_what_was_expected_where(text: str, expected: tuple[str, ...], got: str, at: int) -> None:
    made = loaded(GRAMMAR)
    if at < 0:
        assert made.read(text).at == len(text)
        return
    failure = failure_of(made, text)
    assert (failure.expected, failure.got, failure.at, failure.text) == (expected, got, at, text)


def test_a_terminal_is_told_by_name_or_as_what_it_is() -> None:
    made = loaded(LONG_NAME)
    assert failure_of(made, "?").expected == ("host name",)
    assert failure_of(made, "h").expected == ('","',)
    assert failure_of(made, "h,").expected == ('"x"',)


def test_a_regex_is_told_by_the_rule_that_it_is_all_of() -> None:
    made = loaded('start: host_name "," (/x/ | size) size\nhost_name: /h+/\nsize: /[0-9]+/')
    assert failure_of(made, "?").expected == ("host name",)
    assert failure_of(made, "h,").expected == ("size", "/x/")


def test_an_imported_terminal_is_told_without_prefix() -> None:
    made = loaded("%import .b.x\nstart: x", {"b.lark": "x: WORD WORD\nWORD: /w/"})
    assert failure_of(made, "?").expected == ("word",)


def test_options_are_told_though_the_automaton_has_reduced_already() -> None:
    # the state behind an item is shared by both brackets: `]` reduces it, and only then does not fit
    made = loaded('start: "(" list ")" | "[" list "]"\nlist: ITEM more*\nmore: "," ITEM\nITEM: /i/')
    assert failure_of(made, "(i]").expected == ('")"', '","')


def test_ten_thousand_open_parentheses_are_a_failure() -> None:
    made = loaded('start: "(" start? ")" | A\nA: "a"')
    failure = failure_of(made, "(" * 10_000)
    assert (failure.at, failure.expected) == (10_000, ('"("', '")"', '"a"'))


def test_what_is_expected_does_not_depend_on_the_seed_of_hashes() -> None:
    program = (
        "from etl_actors.combinators.grammar import load_grammar\n"
        'g = load_grammar(\'start: A | B | C | /d/ | "e" | "f"\\nA: "a"\\nB: /b/\\nC: /c/\', name=\'x.lark\', find={}.get)\n'
        "print(g.read('?').expected)"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(told) == 1
