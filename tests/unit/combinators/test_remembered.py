"""What a text was read as is remembered, within bounds, and nobody's value is another's."""

import tracemalloc
from collections import Counter
from typing import Any

import pytest

from etl_actors.combinators.remembered import Memory, Remembered
from etl_actors.combinators.result import Failure, Result, Success
from tests.support.grammars import loaded

NESTED = loaded('start: NAME ["(" start ("," start)* ")"]\nNAME: /[a-z]+/\n%ignore " "')


class Counted:
    """Counts how often each text is read."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __call__(self, text: str) -> Result[Any]:
        self.seen[text] += 1
        return NESTED.by_automaton(text)


def test_a_text_that_comes_again_is_not_read_again_and_has_an_equal_value_at_equal_places() -> None:
    counted = Counted()
    remembered = Remembered(counted)
    for _ in range(3):
        for text in ("a(b, c)", "a(", "x"):
            told, result = remembered.read(text), NESTED.by_automaton(text)
            assert told == result
            if isinstance(told, Success) and isinstance(result, Success):
                assert told.value.placed == result.value.placed
                assert [one.placed for one in told.value["start"]] == [one.placed for one in result.value["start"]]
    assert counted.seen == {"a(b, c)": 1, "a(": 1, "x": 1}


def test_who_changes_a_value_changes_nobody_elses() -> None:
    remembered = Remembered(Counted())
    for _ in range(2):
        result = remembered.read("a(b)")
        assert isinstance(result, Success)
        assert result.value["start"][0]["name"] == "b"
        result.value["start"][0]["name"] = "changed"
        result.value["start"].append(None)


def test_memory_is_bounded_and_what_was_asked_for_last_is_kept() -> None:
    counted, memory = Counted(), Memory(most_bytes=50_000)
    remembered, other = Remembered(counted, memory), Remembered(counted, memory)
    for number in range(300):
        remembered.read("kept")
        (remembered if number % 2 else other).read("n" * (number + 1))
        assert memory.used_bytes <= 50_000
    assert counted.seen["kept"] == 1
    assert memory.used_bytes > 40_000
    other.read("n")
    assert counted.seen["n"] == 2


def test_a_result_takes_no_more_memory_than_is_counted() -> None:
    memory = Memory()
    remembered = Remembered(Counted(), memory)
    texts = [text for number in range(1_000) for text in (f"{_word(number)}(a, b(c), d)", f"{_word(number)}(")]
    tracemalloc.start()
    try:
        for text in texts:
            remembered.read(text)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.7 * taken < memory.used_bytes < 2 * taken


def _word(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(number))


def test_readers_that_share_memory_share_no_result() -> None:
    memory = Memory()
    one, other = Remembered(Counted(), memory), Remembered(lambda text: Success(text, len(text)), memory)
    for _ in range(2):
        assert one.read("a(b)") == NESTED.by_automaton("a(b)")
        assert other.read("a(b)") == Success("a(b)", 4)


def test_a_value_as_deep_as_a_text_goes_is_remembered() -> None:
    grammar = loaded('?e: "(" e ")" -> nested\n  | X\nX: /x/', start="e")
    text = "(" * 900 + "x" + ")" * 900
    for _ in range(2):
        value = grammar.read(text)
        assert isinstance(value, Success)
        found = value.value
        for _ in range(900):
            found = found["nested"]["e"] if "e" in found["nested"] else found["nested"]
        assert found


def test_a_result_that_is_larger_than_the_bound_and_a_long_text_are_not_kept() -> None:
    counted, memory = Counted(), Memory(most_bytes=100)
    assert isinstance(Remembered(counted, memory).read("a(b)"), Success)
    assert memory.used_bytes == 0
    memory = Memory()
    remembered = Remembered(counted, memory)
    for _ in range(2):
        remembered.read("a" * 3_000)
    assert counted.seen["a" * 3_000] == 2
    assert memory.used_bytes == 0


@pytest.mark.parametrize("text", ["a(b", "", "("])
def test_a_refusal_is_remembered_as_it_was(text: str) -> None:
    remembered = Remembered(Counted())
    first, second = remembered.read(text), remembered.read(text)
    assert isinstance(first, Failure)
    assert first == second == NESTED.by_automaton(text)


def test_a_grammar_that_is_not_compiled_remembers_and_one_that_is_does_not() -> None:
    assert NESTED.program is None
    first, second = NESTED.read("a(b)"), NESTED.read("a(b)")
    assert first == second
    assert NESTED.remembered is not None
    assert loaded("start: A\nA: /a/").remembered is None
