"""A readable view shows each document as one row, with what is below it as it was in the document."""

import json
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.view import shown
from etl_actors.store.breakout.view_query import view_columns, view_query
from tests.support.broken_out import load, make_tables, seen_of
from tests.support.viewed import in_utc, row_of
from tests.unit.relational.breakout.documents import DOCUMENTS


def _viewed(conn: psycopg.Connection, documents: list[Any]) -> list[dict[str, Any]]:
    """Break documents out and read their view: what is not null, by column."""
    seen = seen_of(documents)
    layout = laid_out(seen, "root")
    try:
        tables = make_tables(conn, layout, "viewed")
        load(conn, seen, tables, documents, 1)
        root = shown(layout)
        query = view_query(root, view_columns(root, tables), tables)
        conn.execute(b"CREATE VIEW viewed.root_view AS " + query.as_bytes(conn))
        found = conn.execute("SELECT to_jsonb(v)::text FROM viewed.root_view v ORDER BY _row_id").fetchall()
    finally:
        conn.rollback()
    rows = [json.loads(text, parse_float=Decimal) for (text,) in found]
    return [{name: value for name, value in row.items() if value is not None and not name.startswith("_")} for row in rows]


@pytest.mark.parametrize(
    ("document", "row"),
    [
        ({"a": 1, "b": {"c": "x"}}, {"a": 1, "b__c": "x"}),
        ({"tags": ["x", "y", "x"]}, {"tags": ["x", "y", "x"]}),
        ({"grid": [[1, 2], [], [3]]}, {"grid": [[1, 2], [], [3]]}),
        ({"sold": {"2024-01": 5, "2024-02": None}}, {"sold": {"2024-01": 5, "2024-02": None}}),
        ({"by": {"1": {"x": [1]}, "2": {"x": [], "y": "z"}}}, {"by": {"1": {"x": [1]}, "2": {"x": [], "y": "z"}}}),
        ({"items": [1, "a", True, None, {"k": 2}, [3], {}, []]}, {"items": [1, "a", True, None, {"k": 2}, [3], {}, []]}),
        ({"o": [{"a": None, "b": {"c": 1}}]}, {"o": [{"b__c": 1}]}),
        ({"o": [{"at": "2024-03-09T10:00:00Z", "d": "2024-02-29"}]}, {"o": [{"at": "2024-03-09T10:00:00Z", "d": "2024-02-29"}]}),
        ({"n": [12345678901234567890123, Decimal("1.50")]}, {"n": [12345678901234567890123, Decimal("1.50")]}),
        ([1, "x", [2]], {"item": [1, "x", [2]]}),
        ({"1": 2, "3": 4}, {"entry": {"1": 2, "3": 4}}),
        ("x", {"value": "x"}),
        ({"o": [{"%s": [1], "it's": "'; DROP TABLE root; --"}]}, {"o": [{"s": [1], "it_s": "'; DROP TABLE root; --"}]}),
    ],
)
def test_a_document_is_one_row(far_east: psycopg.Connection, document: Any, row: dict[str, Any]) -> None:
    assert _viewed(far_east, [document]) == [row]


def test_what_is_empty_is_told_from_what_is_missing(far_east: psycopg.Connection) -> None:
    documents = [{"t": [1], "m": {"1": 2}}, {"t": [], "m": {}}, {}, {"t": None, "m": None}]
    assert _viewed(far_east, documents) == [*documents[:3], {}]


def test_what_is_a_scalar_here_and_an_array_there_has_two_columns(far_east: psycopg.Connection) -> None:
    found = _viewed(far_east, [{"p": 1}, {"p": [2]}, {"p": {"2024": 3}}, {"p": "x"}])
    assert found == [{"p": 1}, {"p__item": [2]}, {"p__entry": {"2024": 3}}, {"p__text": "x"}]


def test_an_object_of_many_fields_is_shown_whole(far_east: psycopg.Connection) -> None:
    wide = {f"c{number}": number for number in range(230)}
    assert _viewed(far_east, [{"o": [wide]}]) == [{"o": [wide]}]


def test_nulls_within_what_is_kept_as_json_stay(far_east: psycopg.Connection) -> None:
    deep: Any = {"x": None}
    for _ in range(22):
        deep = [deep]
    assert _viewed(far_east, [{"o": [{"a": deep}]}]) == [{"o": [{"a": deep}]}]


@settings(max_examples=80)
@given(st.lists(DOCUMENTS, min_size=1, max_size=4))
def test_any_documents_are_shown_as_they_are(far_east: psycopg.Connection, documents: list[Any]) -> None:
    layout = laid_out(seen_of(documents), "root")
    assert in_utc(_viewed(far_east, documents)) == in_utc([row_of(layout, document) for document in documents])
