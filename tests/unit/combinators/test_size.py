"""A grammar that would become too large is refused before it does, with its place and a way out."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.grammars import loaded, refused, value

_TERMINALS = "\n".join(f'T{number}: "t{number}."' for number in range(20))


def _optional(count: int) -> str:
    return f"other: T0\nstart: {' '.join(f'[T{number}]' for number in range(count))}\n{_TERMINALS}"


def test_many_optional_parts_are_refused_with_their_number_and_place() -> None:
    error = refused(_optional(20))
    assert (error.line, error.column) == (2, 1)
    assert "start would have 1,048,576 alternatives" in error.sentence
    assert "rules of their own" in error.sentence


def test_twelve_optional_parts_are_read() -> None:
    assert value(_optional(12), "t3.t7.") == {f"t{number}": f"t{number}." if number in {3, 7} else None for number in range(12)}


def test_the_way_out_is_one() -> None:
    assert value(f"start: (T0 | T1 | T2)*\n{_TERMINALS}", "t0.t2.") == {"t0": ["t0."], "t1": [], "t2": ["t2."]}


def test_repetitions_of_several_are_counted() -> None:
    assert "1,048,576 alternatives" in refused('start: (A | B)~20\nA: "a"\nB: "b"').sentence
    assert value('start: x~60\nx: A | B\nA: "a"\nB: "b"', "ab" * 30)["x"] == ["a", "b"] * 30


def test_a_template_without_an_end_is_refused() -> None:
    error = refused('start: a{X}\na{x}: x | "(" a{a{x}} ")"\nX: "x"')
    assert (error.line, error.column) == (2, 1)
    assert "nothing larger" in error.sentence


def test_templates_with_an_end_are_read() -> None:
    assert value('start: l{l{X}}\nl{x}: "(" x ("," x)* ")"\nX: "x"', "((x,x),(x))") is not None
    assert value('start: n{X}\nn{x}: x | "(" n{x} ")"\nX: "x"', "((x))") is not None
    assert value("start: " + "a{" * 8 + "X" + "}" * 8 + '\na{x}: x x\nX: "x"', "x" * 256) is not None


@given(st.integers(0, 6), st.integers(1, 3))
def test_what_is_counted_is_what_lark_makes(optional: int, several: int) -> None:
    names = [f"T{number}" for number in range(optional + several)]
    rule = " ".join([*(f"{name}?" for name in names[:optional]), f"({' | '.join(names[optional:])})", '"!"'])
    grammar = loaded(f"start: {rule}\n{_TERMINALS}")
    assert sum(str(one.origin.name) == "start" for one in grammar.lark.rules) == 2**optional * several
