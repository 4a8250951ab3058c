"""Tables that have rows become those of a later layout, and hold what they would hold if that had been first."""

import json
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from etl_actors.relational.breakout.changes import Refill
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.targets import broken_targets
from etl_actors.relational.breakout.transition import transition
from etl_actors.relational.tables import Policy
from etl_actors.store.tables.drift import drifted
from tests.support.broken_out import load, make_tables, seen_of
from tests.unit.relational.breakout.documents import DOCUMENTS

Contents = dict[str, tuple[dict[str, str], list[dict[str, Any]]]]


def _contents(conn: psycopg.Connection, schema: str) -> Contents:
    found: Contents = {}
    names = [
        name for (name,) in conn.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [schema])
    ]
    for name in names:
        types: dict[str, str] = dict(
            conn.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
                [schema, name],
            ).fetchall()
        )
        statement = sql.SQL("SELECT to_jsonb(whole_row) - '_loaded_at' FROM {} whole_row ORDER BY _id").format(
            sql.Identifier(schema, name)
        )
        found[name] = types, [row for (row,) in conn.execute(statement)]
    return found


@settings(max_examples=60)
@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.lists(DOCUMENTS, max_size=4))
def test_any_documents_in_two_steps_have_the_tables_that_they_have_in_one(
    far_east: psycopg.Connection, before: list[Any], after: list[Any]
) -> None:
    _compare(far_east, before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([{"a": 1}, {"a": -(2**63)}], [{"a": 0.5}]),
        ([{"d": "2024-02-29"}, {"d": "0001-01-01"}, {"d": None}], [{"d": "x"}]),
        ([{"t": "2024-03-09T10:00:00"}, {"t": "0999-01-01T00:00:00.100"}, {"t": "2024-03-09T10:00:20.12"}], [{"t": "x"}]),
        (
            [{"z": "2024-03-09T10:00:00Z"}, {"z": "2024-03-09T10:00:00.120+05:30"}, {"z": "9999-12-31T23:59:59.999999Z"}, {}],
            [{"z": "2024-03-09"}],
        ),
        ([[], "2024-02-29", None], [""]),
        ([{"u": "123e4567-e89b-12d3-a456-426614174000"}], [{"u": ""}]),
        ([{"a": "x", "b": [{"c": True}]}], [{"a": 1, "b": [{"c": "y", "d": [[1]]}]}]),
        ([{"a b": 1, "x": "%s"}], [{"a_b": 2, "x%": "'; DROP TABLE root; --"}]),
    ],
)
def test_documents_in_two_steps_have_the_tables_that_they_have_in_one(
    far_east: psycopg.Connection, before: list[Any], after: list[Any]
) -> None:
    assert _compare(far_east, before, after)


def _compare(conn: psycopg.Connection, before: list[Any], after: list[Any]) -> bool:
    """Load in two steps and in one; tell whether the tables could be changed in place."""
    some, everything = seen_of(before), seen_of(before + after)
    old, new = laid_out(some, "root"), laid_out(everything, "root")
    found = transition(old, new)
    if isinstance(found, Refill):
        return False
    try:
        tables = make_tables(conn, old, "two_steps")
        load(conn, some, tables, before, 1)
        tables = broken_targets(new, "two_steps", (), Policy.IGNORE)
        for change in drifted(found, tables):
            conn.execute(change.statement)
        load(conn, everything, tables, after, len(before) + 1)
        load(conn, everything, make_tables(conn, new, "one_step"), before + after, 1)
        two, one = _contents(conn, "two_steps"), _contents(conn, "one_step")
        assert json.dumps(two, sort_keys=True) == json.dumps(one, sort_keys=True)
    finally:
        conn.rollback()
    return True
