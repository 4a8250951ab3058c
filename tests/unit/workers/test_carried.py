"""A batch that met something new half-way has the rows that it would have had if all of that had been known before."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.parsed import Parsed
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.json_text import json_text
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.packed import lines_of
from tests.unit.relational.breakout.documents import DOCUMENTS

SLIP = read_slip({"slip.toml": 'name = "shop"\n[breakout]\n'}, "public")


def _rows(parsed: Parsed) -> dict[str, list[Any]]:
    """Give the fields of all lines, by table; members of what the columns do not say have no order."""
    made = {}
    for block in parsed.blocks:
        lines = [line.split("\t") for line in lines_of(block)]
        made[block.table.name] = sorted([*fields, _said(rest)] for *fields, rest in lines)
    return made


def _said(rest: str) -> list[Any]:
    return (
        [] if rest == r"\N" else sorted(json.loads(rest.replace("\\\\", "\\"), parse_float=str, parse_int=str).items(), key=str)
    )


class _Twice:
    """Parses some documents, and then them and others as one batch.

    Args:
        known: the former.
        others: the latter.
    """

    def __init__(self, known: Sequence[Any], others: Sequence[Any]) -> None:
        rows = [Staged(no, json_text(one).encode(), "shop", "") for no, one in enumerate([*known, *others], 1)]
        self.asked: list[list[int]] = []

        def fetch(row_ids: Sequence[int]) -> list[Staged]:
            self.asked.append([*row_ids])
            return [row for row in rows if row.row_id in row_ids]

        parser = BatchParser(fetch, "public")
        role = Role((RoleSlip(SLIP.digest, SLIP.files),))
        parser.parse(Job(tuple(range(1, len(known) + 1)), role))
        self.asked.clear()
        job = Job(tuple(range(1, len(rows) + 1)), role)
        found = parser.parse(job)
        again = parser.parse(job)  # by now all is known
        assert isinstance(found, Parsed)
        assert isinstance(again, Parsed)
        self.found, self.again = found, again


@settings(max_examples=150)
@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.lists(DOCUMENTS, min_size=1, max_size=4))
def test_what_was_made_before_something_new_came_is_what_is_made_after_it(known: list[Any], others: list[Any]) -> None:
    made = _Twice(known, others)
    assert made.found.digest == made.again.digest
    assert _rows(made.found) == _rows(made.again)
    assert made.found.rejects == made.again.rejects


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ({"b": 1, "d": ["x", {"y": None}]}, {"a": 1, "c": 1, "e": True}),  # columns before, between and behind
        ({"b": [{"y": 1}]}, {"b": [{"x": [1]}], "a": [2]}),  # tables, and one below one
        ({"a b": 1, "x": None}, {"a_b": "x", "x": 1}),  # a name that is taken
        ({"a": 1}, {"a": 1.5}),
        ({"a": "x"}, {"a": 1}),
    ],
)
def test_only_documents_that_have_something_new_are_mapped_again(known: Any, new: Any) -> None:
    made = _Twice([known, known], [new])
    assert made.asked[:2] == [[1, 2, 3], [3]]
    assert _rows(made.found) == _rows(made.again)


@pytest.mark.parametrize(("known", "new"), [({"a": "2024-02-29"}, {"a": "x"}), ({"a": {"b": 1}}, {"a": {"1": 1}})])
def test_where_rows_would_not_stay_as_they_are_all_are_mapped_again(known: Any, new: Any) -> None:
    made = _Twice([known, known], [new])
    assert made.asked[:2] == [[1, 2, 3], [1, 2, 3]]
    assert _rows(made.found) == _rows(made.again)
