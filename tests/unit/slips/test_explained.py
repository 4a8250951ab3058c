"""Of a slip that does not take a document it is told which part of its predicate was false."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.mapping.route import routed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.trying.explained import explain
from etl_actors.slips.values.document import Staged

STAGED = Staged(3, b"", "web", "")


def slip(when: str | None) -> Slip:
    line = "" if when is None else f"when = {json.dumps(when)}\n"
    grammar = '[grammars]\nword = { text = "start: /[a-z]+/" }\n'
    return read_slip({"slip.toml": f'name = "s"\n{line}{grammar}[tables.s]\ncolumns.a = "a | text"'}, "public")


@pytest.mark.parametrize(
    ("when", "document", "parts"),
    [
        ("exists(a)", {}, [("exists(a)", False)]),
        ("  exists(a)  ", {"a": 1}, [("exists(a)", True)]),
        ("exists(a) and a == 1", {"a": 2}, [("exists(a)", True), ("a == 1", False)]),
        (
            "exists(a) and (b == 1 or c > 2) and not (d == ')')",
            {"a": 1, "d": ")"},
            [("exists(a)", True), ("b == 1 or c > 2", False), ("not (d == ')')", False)],
        ),
        ("(a == '(' and (b == 1 and c == 1))", {"a": "("}, [("a == '('", True), ("b == 1", False), ("c == 1", False)]),
        ("a == 1 or b == 1", {"b": 1}, [("a == 1 or b == 1", True)]),
        ("(a | int) > 2 and a | int < 9", {"a": 5}, [("(a | int) > 2", True), ("a | int < 9", True)]),
        ("a | int > 2 and b in ['x', \"y)\"]", {"a": "no", "b": "y)"}, [("a | int > 2", False), ("b in ['x', \"y)\"]", True)]),
        ("matches(a, word) and not not exists(b)", {"a": "abc"}, [("matches(a, word)", True), ("not not exists(b)", False)]),
        ("not (a == 1 and (b == 2 or c == 3))", {}, [("not (a == 1 and (b == 2 or c == 3))", True)]),
        (None, {}, []),
    ],
)
def test_each_part_is_told_with_whether_it_holds(when: str | None, document: Any, parts: list[tuple[str, bool]]) -> None:
    assert explain(slip(when), document, STAGED) == parts


_PARTS = [
    "exists(a)",
    "a == 1",
    "not (b == 'x')",
    "(a == 1 or b == 'x')",
    "type(b) == 'string'",
    "b in ['x', 'y)']",
    "a | int > 0",
]


@given(
    st.lists(st.sampled_from(_PARTS), min_size=1, max_size=4), st.sampled_from([None, 1, 2, "q"]), st.sampled_from([None, "x"])
)
def test_a_document_is_taken_if_and_only_if_every_part_holds(parts: list[str], a: Any, b: Any) -> None:
    read = slip(" and ".join(parts))
    document = {"a": a, "b": b}
    told = explain(read, document, STAGED)
    assert [text for text, _ in told] == [part.removeprefix("(").removesuffix(")") if part[0] == "(" else part for part in parts]
    assert routed(read).takes(STAGED, document) is all(held for _, held in told)
