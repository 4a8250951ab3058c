"""`docs/grammars.md` shows the grammar library: it is written by this file, and held to the grammars and examples of now.

``python -m tests.unit.test_grammars_page`` writes it anew.
"""

from pathlib import Path

import pytest

from etl_actors.combinators.library import library_names
from tests.support.grammars import loaded
from tests.support.grammars_page import code, page, shape_line, sound

PAGE = Path(__file__).parent.parent.parent / "docs" / "grammars.md"


def test_the_page_shows_the_library_of_now() -> None:
    assert PAGE.read_text("utf-8") == page(), "to write it anew: .venv/bin/python -m tests.unit.test_grammars_page"


def test_every_grammar_is_on_the_page() -> None:
    assert [name for name in library_names() if not sound(name)] == []


@pytest.mark.parametrize(
    ("grammar", "line"),
    [
        ("start: /a/", ""),
        ('start: A "-" [b]\nb: A ("," A)* C\nA: /a/\nC: /c/', "a b(a[] c)"),
        ('start: (b ";")+\nb: A C\nA: /a/\nC: /c/', "b[](a c)"),
        ('start: A ["(" start ")"]\nA: /a/', "a start(…)"),
        ("start: A -> one | C -> other\nA: /a/\nC: /c/", "one other"),
        ("start: x\n?x: A | b\nb: A C\nA: /a/\nC: /c/", "x(its text | a c)"),
    ],
)
def test_a_shape_is_written_on_one_line(grammar: str, line: str) -> None:
    assert shape_line(loaded(grammar).shape) == line


def test_a_shape_is_written_as_deep_as_asked_for() -> None:
    shape = loaded("start: A b\nb: A c\nc: A C\nA: /a/\nC: /c/").shape
    assert [shape_line(shape, depth=depth) for depth in (1, 2, 3, None)] == [
        "a b(…)",
        "a b(a c(…))",
        "a b(a c(a c))",
        "a b(a c(a c))",
    ]


def test_the_page_tells_what_is_compiled() -> None:
    lines = page().splitlines()
    assert [line.rsplit("|", 2)[1].strip() for line in lines if line.startswith(("| [`std:ip`]", "| [`std:pep508`]"))] == [
        "compiled",
        "LALR",
    ]
    assert any(line.startswith("| `marker` |") and "contains itself" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "*nothing*"),
        ("a b", "`a b`"),
        (" a  b ", "`␣a␣␣b␣`"),
        ("a\n\tb\x00\x7f", "`a⏎␉b␀⟨007F⟩`"),
        ("1\u00a0298\u202f5", "`1⍽298⍽5`"),
        ("a|b`c", "``a\\|b`c``"),
        ("`", "`` ` ``"),
        ("x\u200ey", "`x⟨200E⟩y`"),
    ],
)
def test_a_text_is_shown_with_everything_in_it_seen(text: str, shown: str) -> None:
    assert code(text) == shown


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
