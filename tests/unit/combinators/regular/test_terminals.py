"""A terminal within a larger expression takes what it takes alone, and gives none of it back."""

import re

import pytest
from lark.lexer import PatternRE, PatternStr, TerminalDef

from etl_actors.combinators.regular.beginnings import bits
from etl_actors.combinators.regular.declined import Declined
from etl_actors.combinators.regular.terminals import Piece, piece_of


def _of(pattern: str, flags: str = "") -> Piece:
    return piece_of(TerminalDef("T", PatternRE(pattern, flags)), 0)


def _word(text: str) -> Piece:
    return piece_of(TerminalDef("T", PatternStr(text)), 0)


@pytest.mark.parametrize(
    ("pattern", "text", "rest"),
    [
        (r"a+", "aaa", "a"),
        (r"ab|a", "ab", "b"),
        (r"[0-9]+|-", "12", "2"),
        (r"(a|ab)(c|bcd)?", "abcd", "d"),
        (r"a{1,3}", "aa", "a"),
        (r"a?", "a", "a"),
        (r"x(?:y|z)*", "xyz", "z"),
    ],
)
def test_what_a_terminal_took_it_never_gives_back(pattern: str, text: str, rest: str) -> None:
    alone = re.match(pattern, text)
    assert alone
    joined = re.match(f"({_of(pattern).pattern})", text)
    assert joined
    assert joined[1] == alone[0]
    assert re.match(_of(pattern).pattern + re.escape(rest) + r"\Z", text) is None or alone[0] + rest == text


def test_a_choice_reaches_no_further_than_the_terminal() -> None:
    assert re.fullmatch(f"<{_of('a|b').pattern}>", "<b>")


def test_groups_of_a_terminal_are_none_of_the_larger_expression() -> None:
    assert re.compile(_of(r"(a)(?:b)[(](c)\(").pattern).groups == 0


@pytest.mark.parametrize(("one", "other"), [(r"x\0", "1"), (r"\01", "1"), ("a{", "2}"), ("é{2", ",3}"), (r"a\{", "2}")])
def test_terminals_side_by_side_do_not_grow_together(one: str, other: str) -> None:
    pieces = _of(one).pattern + _of(other).pattern
    apart = f"(?:{one})(?:{other})"
    for text in ("aa", "a{2}", "x\x01", "x\0001", "\x011", "\t", "a{", "a{2}2}", "é{2,3}", "ééé"):
        assert bool(re.fullmatch(pieces, text)) is bool(re.fullmatch(apart, text)), text


@pytest.mark.parametrize("pattern", [r"(?P<q>a)(?P=q)", r"(?P<q>a)?(?(q)b|c)"])
def test_a_terminal_that_refers_to_its_own_group_is_declined(pattern: str) -> None:
    with pytest.raises(Declined, match="group"):
        _of(pattern)


@pytest.mark.parametrize(
    ("one", "other", "disjoint"),
    [
        (_of("[a-z]+"), _of("[0-9]+"), True),
        (_of("[a-z]+"), _of("[^a-z]"), True),
        (_of("[a-z]+", "i"), _word("A"), False),
        (_of("k", "i"), _word("\u212a"), False),
        (_of(r"\d+"), _of(r"\s+"), False),
        (_of(r"\d"), _word(" "), True),
        (_of("a?b"), _word("a"), False),
        (_of("a?b"), _word("b"), False),
        (_of("(?=b).x"), _word("b"), False),
        (_of("[^\\s]"), _word(" "), True),
        (_of("."), _word("x"), False),
        (_word("ab"), _word("ac"), False),
        (_word("\u4e00"), _word("\u4e01"), False),
        (_of("[\u2009\u202f]+"), _word("\u20ac"), True),
        (_of("[^\u20ac]"), _word("\u20ac"), False),
        (_of(r"\w"), _word("\U0001f600"), False),
    ],
)
def test_two_terminals_are_told_apart_by_their_first_character_where_that_is_sure(
    one: Piece, other: Piece, *, disjoint: bool
) -> None:
    assert one.disjoint(other) is disjoint
    assert other.disjoint(one) is disjoint


@pytest.mark.parametrize("pattern", [r"[^\W\d_]", r"\w", r"\S", "[a-cé-ü]", "(?i:ß)", "[^é]", r"[\u0100-\uffff]", "x|y", "[x]?z"])
def test_each_character_that_a_terminal_begins_with_is_among_its_first(pattern: str) -> None:
    first = _of(pattern).first
    begins = [n for n in (*range(0x3000), 0x1F600) if re.match(pattern, chr(n) + "z")]
    assert [n for n in begins if not bits(n, n) & first] == []


@pytest.mark.parametrize(
    ("pattern", "spaces"),
    [
        (r"[ \t]+", r"[ \t]*+"),
        (r" ++", " *+"),
        (r"\++", r"\+*+"),
        (r"\+++", r"\+*+"),
        (r"\s{1,}+", ""),
        ("(?:ab)+", ""),
        ("a", ""),
    ],
)
def test_many_runs_of_one_kind_of_character_are_one_run(pattern: str, spaces: str) -> None:
    assert _of(pattern).spaces == spaces
