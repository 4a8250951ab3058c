"""ref: the identity of the row with a key, of this slip's tables and of others'."""

from typing import Any
from uuid import UUID

import pytest

from etl_actors.relational.identity import key_identity
from etl_actors.slips.expressions.expression import parse_expression
from etl_actors.slips.expressions.refs import refs_of
from etl_actors.slips.source.problems import ExpressionError
from etl_actors.slips.values.refused import Refused

from .evaluated import evaluated


def uuid(table: str, *keys: str) -> str:
    """Give the identity of a row as PostgreSQL writes it."""
    return str(UUID(key_identity(table, keys)))


@pytest.mark.parametrize(
    ("expression", "document", "wanted"),
    [
        ("a | ref('subject')", {"a": 7}, uuid("subject", "n7e0")),
        ("a | ref('subject')", {"a": " 7 "}, uuid("subject", "n7e0")),
        ("a | ref('subject')", {"a": 7.0}, uuid("subject", "n7e0")),
        ("a | ref('subject')", {"a": None}, None),
        ("a | ref('offer', b)", {"a": "x", "b": 1.5}, uuid("offer", "sx", "n15e-1")),
        ("a | ref('offer', b)", {"a": "x", "b": "1.495"}, uuid("offer", "sx", "n15e-1")),
        ("a | ref('offer', b)", {"a": "x"}, None),
        ("a | ref('offer', b)", {"b": 1}, None),
        ("a | text | ref('committee')", {"a": "S1"}, uuid("committee", "sS1")),
        ("a | text | ref('committee', b | int)", {"a": "S1", "b": "2"}, uuid("committee", "sS1", "n2e0")),
        ("(a | text) | ref('committee')", {"a": "S1"}, uuid("committee", "sS1")),
        ("if(a == 'S1', a | text, null) | ref('committee')", {"a": "S1"}, uuid("committee", "sS1")),
        ("a | map(ref('subject'))", {"a": [1, None]}, [uuid("subject", "n1e0"), None]),
        ("a | map(text | ref('committee')) | uuid[]", {"a": ["S1"]}, "{" + uuid("committee", "sS1") + "}"),
        ("a | ref('subject') | ref('note')", {"a": 7}, uuid("note", "s" + uuid("subject", "n7e0"))),
    ],
)
def test_a_ref_gives_the_identity_that_the_row_has_or_will_have(expression: str, document: Any, wanted: Any) -> None:
    assert evaluated(expression, document) == wanted


def test_a_value_that_the_key_cannot_hold_is_refused() -> None:
    with pytest.raises(Refused, match="not_an_integer"):
        evaluated("a | ref('subject')", {"a": "x"})


@pytest.mark.parametrize(
    ("expression", "at", "sentence"),
    [
        ("a | ref", 4, "the step `ref` takes at least 1 argument, as in `ref('subject')`; got 0"),
        ("a | ref(subject)", 8, "the step `ref` takes the name of a table in quotes, as in `ref('subject')`"),
        ("a | ref('subject', b)", 4, "the key of `subject` has 1 column; got 2 values"),
        ("a | ref('offer')", 4, "the key of `offer` has 2 columns; got 1 value"),
        (
            "a | ref('committee')",
            4,
            "`committee` is a table of another slip; to point there a value says its type, as in `field | text | ref('committee')`",
        ),
        (
            "a | ref('subjekt')",
            4,
            "this slip has no table `subjekt` with a key; did you mean `subject`? "  # noqa: ISC004  (one sentence)
            "To point to another slip's table a value says its type, as in `field | text | ref('subjekt')`",
        ),
        (
            "a | text | ref('committee', b)",
            28,
            "`committee` is a table of another slip; to point there a value says its type, as in `field | text | ref('committee')`",
        ),
        ("a | text | trim | ref('committee')", 18, None),
        ("a | interval | ref('committee')", 15, "a value of type interval can't be in a key"),
    ],
)
def test_a_ref_that_cannot_be_is_told_with_its_place(expression: str, at: int, sentence: str | None) -> None:
    with pytest.raises(ExpressionError) as wrong:
        evaluated(expression, {})
    assert wrong.value.at == at
    assert sentence is None or wrong.value.sentence == sentence


def test_the_refs_of_an_expression_are_listed_with_their_types() -> None:
    node = parse_expression(
        "if(exists(x), a | text | ref('c', b | int), null) / d | map(date('%Y') | ref('e')) / f | ref('g', h)"
    )
    found = [(ref.table, [kind and kind.name for kind in ref.types]) for ref in refs_of(node)]
    assert found == [("c", ["text", "int"]), ("e", ["date"]), ("g", [None, None])]
