"""Regular expressions that take more than linear time: what is found is slow indeed, what is not found is not."""

import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl_actors.combinators.traps.expression import Expression, expression
from etl_actors.combinators.traps.found import find_traps
from etl_actors.combinators.traps.slow import Slow, slow
from etl_actors.combinators.traps.steps import Steps, TooManyStepsError


def _nothing(name: str) -> None:
    return None


def _seconds(pattern: str, found: Slow, times: int) -> float:
    """Return the seconds of the quickest of some runs: of the processor, which other programs do not take away."""
    begin = f"r, text = re.compile({pattern!r}), {found.before!r} + {found.again!r} * {times} + {found.behind!r}"
    timed = "timeit.repeat(lambda: r.match(text), timer=time.process_time, number=1, repeat=4)"
    program = f"import re, time, timeit; {begin}; print(min({timed}))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=100)
    return float(done.stdout)


@pytest.mark.parametrize(
    ("pattern", "remedied", "piece"),
    [
        (r"(?:[a-z]+,?)+!", r"[a-z]+(?:,[a-z]+)*,?!", "a"),
        (r"(?:\w+\s*)+!", r"\w+(?:\s+\w+)*\s*!", "a"),
        (r"(?:.|\s)+x", r"(?:.|\n)+x", " "),
        (r"(?:[0-9]{1,3})+;", r"[0-9]+;", "1"),
    ],
)
def test_a_terminal_that_doubles_its_time_with_each_character_is_told(pattern: str, remedied: str, piece: str) -> None:
    text = Slow("", piece, "", doubles=True, looking=False)
    assert _seconds(pattern, text, 22) > 8 * _seconds(pattern, text, 16)
    assert _seconds(remedied, text, 2000) < 5
    (trap,) = find_traps(f"start: LIST\nLIST: /{pattern}/", _nothing, "start", "a.lark")
    assert (trap.line, trap.column) == (2, 1)
    assert trap.sentence.startswith("`LIST` can try for ever: ")
    assert "doubles the time; let each character be read in one way only" in trap.sentence
    assert find_traps(f"start: LIST\nLIST: /{remedied}/", _nothing, "start", "a.lark") == []


@pytest.mark.parametrize(
    ("pattern", "remedied", "said"),
    [
        (r"[a-z]+[a-z0-9]+x", r"[a-z]++(?:[0-9][a-z0-9]*+)?", "such as `aaaa…`: two repetitions in it share out"),
        (r"a\s*\s*x", r"a\s*x", "such as `a    …`: two repetitions"),
        (r".*,.*,.*;", r"[^,;]*,[^,;]*,[^;]*;", "as [a-z]++ does"),
        (r"\w+\d+\.", r"(?:[^\W\d]|\d(?=\w))+\d\.", "or the first give nothing back"),
        (r"(?:(?!END.*;).)+", r"(?:(?!END).)+", "looks ahead on and on"),
        (r"(?:[a-z](?=.*,))+;", r"(?=.*,)[a-z]+;", "(?!END) does and (?!.*END) does not"),
    ],
)
def test_a_terminal_whose_time_grows_with_a_power_of_the_length_is_told(pattern: str, remedied: str, said: str) -> None:
    found = slow(pattern)
    assert found
    assert not found.doubles
    times = 60
    while (few := _seconds(pattern, found, times)) < 0.002:
        times *= 2
    assert _seconds(pattern, found, 4 * times) > 6 * few, "four times the text takes sixteen times as long, or more"
    (trap,) = find_traps(f"start: LIST\nLIST: /{pattern}/", _nothing, "start", "a.lark")
    assert trap.sentence.startswith("`LIST` is slow on a long text such as `")
    assert said in trap.sentence
    assert slow(remedied) is None
    assert _seconds(remedied, found, 100_000) < 5


DOUBLING = [
    "(?:a+)+b",
    "(?:a*)*b",
    "(?:a+)+(?=b)",
    "(?:a|ab|b)+c",
    "(?:a+b|a)*c",
    r"(?:[a-z]{0,1000}){0,1000};",
    r"(?:(?>a|b)|a)*c",
]


POWERS = [
    "a*a*b",
    r"(?:a*,?){3}a*;",
    r"[a-z]{0,1000}[a-z]{0,1000};",
    r".*?a.*?b",
    r"\d+\.?\d*x",
    r"(?:(?=.*x)a)+",
    r"(?:a(?!.*x.*y))+$",
    r"^(?:[a-z]+-)*[a-z]+[0-9a-z]*$",
    r"(?:[a-z]+|[0-9]+)[a-z]*(?<=x)y",
    r"a++b|a*a*c",
]

LINEAR = [
    "(?:a+)+",  # nothing behind it can fail
    "(?:a+b)+c",
    r'"(?:[^"\\]|\\.)*"',
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"',
    r"[^ ]+(?: [^ ]+)*:",
    r"(?:[0-9A-Fa-f]{1,4}:){1,7}:",
    r"/\*(?:.|\n)*?\*/",
    "(?:a++)+b",
    "(?:a+)++b",
    "(?>a+)+b",
    "(?>(?:a+)+)b",
    "[a-z]++[a-z0-9]+x",
    "(?>[a-z]+)[0-9a-z]+x",
    "a{0,63}a{0,63}b",  # slow, but no slower on a longer text
    "(?=.*x).*y",  # looks ahead once
    "(?:a|[ab])+c",  # Python makes a class of it
    "(?:(?!END).)+",
    "(?:(?!END.*).)+",  # what it looks for is there the first time that it looks far
    r"(?s:(?:(?!--).)*+)-->",
    "x(?<=a)b*b*c",  # never comes there
    r"^\s+|\s+$",
    r"(a+)\1b",  # groups that are referred to are beyond this
    r"[A-Za-z][A-Za-z_-]*(?= (?:[^ \"\\]|\\.)+\")",
    "(?i:[a-z]+@[a-z]+[.][a-z]+)",
]


@pytest.mark.parametrize(
    ("pattern", "doubles"),
    [*((one, True) for one in DOUBLING), *((one, False) for one in POWERS), *((one, None) for one in LINEAR)],
)
def test_slow_expressions_are_told_from_others(*, pattern: str, doubles: bool | None) -> None:
    found = slow(pattern)
    assert (found and found.doubles) is doubles, found


# Laws

_MATCHED = st.recursive(
    st.sampled_from(["a", "b", ",", "[ab]", "[^,]", ".", r"\w", "$", "^", r"\b", "(?<=a)", "(?<!b)", "A", r"\n"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=2, max_size=3).map("|".join).map("(?:{})".format)
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2,3}", "{0,2}"]), st.sampled_from(["", "", "?", "+"])).map(
            lambda one: f"(?:{one[0]}){one[1]}{one[2]}"
        )
        | st.tuples(st.sampled_from(["a", "[ab]", "."]), st.sampled_from(["*", "+", "{1,40}", "*+", "*?"])).map("".join)
        | st.tuples(st.sampled_from(["(?=", "(?!", "(?>", "(?i:", "(?s:", "(?m:"]), inner).map("{0[0]}{0[1]})".format)
    ),
    max_leaves=7,
)  # fmt: skip

_LOOPS = st.tuples(
    st.sampled_from(["a", "b", "[ab]", "[^,]", ".", "(?:a|ab)", "(?:a,?)", "(?:b+,)", "(?:(?!b)[^,])", "(?:(?=[ab]*,).)", "(?:(?>a|b)b)"]),
    st.sampled_from(["*", "+", "+", "*?", "++", "*+", "{1,30}", "?", "{2}"]),
).map("".join)  # fmt: skip
_BETWEEN = st.sampled_from(["", "", "", "a", ",", ",?", "(?=b)", "|", r"\b"])
_ROWS = st.lists(st.tuples(_LOOPS, _BETWEEN).map("".join), min_size=1, max_size=4).map("".join)
_REPEATED = st.tuples(_ROWS, st.sampled_from(["{};", "{}", "(?:{})+;", "(?>{});", "(?:x|{})*x", "(?=.*;){}x"])).map(
    lambda one: one[1].format(one[0])
)


def _read(pattern: str) -> Expression:
    found = expression(pattern)
    assert found
    return found


def _bits(read: Expression, text: str) -> list[int]:
    return [1 << read.alphabet.index(character) for character in text]


@given(_MATCHED, st.data())
def test_what_counts_steps_matches_what_python_matches(pattern: str, data: Any) -> None:
    read = _read(pattern)
    text = data.draw(st.text(st.sampled_from(read.alphabet), max_size=8))
    if _is_possessive_of_least(pattern):
        return
    match = re.match(pattern, text)
    assert Steps(read).count(_bits(read, text), 100_000)[1] == (match.end() if match else None)


def _is_possessive_of_least(pattern: str) -> bool:
    """Tell whether Python 3.11 may read it wrongly: what is possessive and may be empty, or comes at least twice."""
    return bool(re.search(r"[)][*+?}]\+", pattern))


def _steps(read: Expression, text: list[int]) -> int:
    try:
        return Steps(read).count(text, 200_000)[0]
    except TooManyStepsError:
        return 10**9


_WORDS = st.text("ab,", max_size=3)
_TEXTS = st.tuples(st.just("") | _WORDS, _WORDS | st.sampled_from(["a", "b", "ab", "aab"]), st.just("") | _WORDS)


@given(_REPEATED | _MATCHED, _TEXTS)
@example("(?:a|b)*a*,", ("", "a", ""))
def test_an_expression_of_which_nothing_is_told_is_linear_on_texts_made_for_it(pattern: str, text: tuple[str, str, str]) -> None:
    if slow(pattern):
        return
    read = _read(pattern)
    before, again, behind = (_bits(read, "".join(c for c in part if c in read.alphabet)) for part in text)
    few, more, most = (_steps(read, before + again * n + behind) for n in (60, 120, 180))
    assert most - 2 * more + few <= 60 * 60 // 4
