"""Where a parser can stand between two tokens, and what the lexer tries there."""

import pytest

from etl_actors.combinators.regular.automaton import ACCEPTED, Automaton, Tables
from etl_actors.combinators.regular.declined import Declined
from tests.support.grammars import loaded


def _automaton(text: str) -> Automaton:
    grammar = loaded(text)
    reading = grammar._reading
    return Automaton(Tables(reading.states, reading.first, reading.last, reading.lexers, None))


def _takes(automaton: Automaton, tokens: list[str]) -> bool:
    state = automaton.states[0]
    for token in tokens:
        move = next((look.moves[token] for look in state.looks if token in look.moves), None)
        if move is None:
            return False
        state = automaton.states[move.target]
    return state.end is not None and state.end.target == ACCEPTED


@pytest.mark.parametrize(
    ("tokens", "taken"),
    [("A", True), ("A COMMA A COMMA A", True), ("A COMMA", False), ("", False), ("COMMA", False), ("A A", False)],
)
def test_a_repetition_comes_back_to_a_state_that_it_was_in(tokens: str, taken: bool) -> None:  # noqa: FBT001 - of the table
    automaton = _automaton('start: A ("," A)*\nA: "a"')
    assert _takes(automaton, tokens.split()) is taken
    assert len(automaton.states) < 8


def test_what_a_move_reduces_is_told_before_it() -> None:
    automaton = _automaton('start: x "," x\nx: A\nA: "a"')
    (first,) = automaton.states[0].looks
    behind = automaton.states[first.moves["A"].target]
    (comma,) = behind.looks
    assert [str(rule.origin.name) for rule in comma.moves["COMMA"].reduced] == ["x"]
    assert behind.symbols == ("A",)


def test_left_recursion_is_a_repetition() -> None:
    assert _takes(_automaton('start: list\nlist: list "," A | A\nA: "a"'), ["A", "COMMA", "A"])


@pytest.mark.parametrize(
    ("rules", "recursive"),
    [
        ('start: "(" start ")" | A', "start"),
        ("start: A start | A", "start"),
        ('start: x\nx: A | "-" x', "x"),
        ('start: sum\n?sum: product | sum "+" product\n?product: A | "(" sum ")"', "sum"),
        ('start: x*\nx: A | "[" x* "]"', "x"),
    ],
)
def test_a_rule_that_contains_itself_is_declined_by_its_name(rules: str, recursive: str) -> None:
    text = f'{rules}\nA: "a"'
    with pytest.raises(Declined, match="contains itself"):
        _automaton(text)
    assert loaded(text).declined == f"rule {recursive} contains itself"


def test_rules_that_can_be_under_way_in_too_many_ways_are_declined() -> None:
    rules = "\n".join(f'r{n}: "{n}" ("a" r{n + 1} "b" | "c" r{n + 1} "d" | X)' for n in range(10))
    with pytest.raises(Declined, match="more than 1,000 ways"):
        _automaton(f'start: r0\n{rules}\nr10: X\nX: "x"')


def test_a_keyword_within_a_name_is_retyped_and_what_is_ignored_leads_nowhere() -> None:
    automaton = _automaton('start: "if" NAME | NAME\nNAME: /[a-z]+/\n%ignore " "')
    looks = {str(look.terminal.name): look for look in automaton.states[0].looks}
    name = looks.pop("NAME")
    assert set(name.moves) == {"IF", "NAME"}
    assert name.retype is not None
    assert (name.retype("if"), name.retype("iffy")) == ("IF", None)
    (blank,) = looks.values()
    assert blank.ignored
    assert blank.moves == {}
