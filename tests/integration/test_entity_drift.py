"""Tables that have rows become those of a later layout, entities too, and hold what they would hold if that had been first."""

import json
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from etl_actors.relational.breakout.changes import Refill
from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout
from etl_actors.relational.breakout.targets import broken_targets
from etl_actors.relational.breakout.transition import transition
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.slips.model.breakout import Breakout
from etl_actors.store.tables.drift import drifted
from tests.support.broken_out import broken, make_tables
from tests.unit.relational.breakout.entities import ASKED, REPEATING, layout_of


@settings(max_examples=100)
@given(st.lists(REPEATING, min_size=1, max_size=3), st.lists(REPEATING, min_size=1, max_size=3))
def test_any_documents_in_two_steps_have_the_tables_that_they_have_in_one(
    far_east: psycopg.Connection, before: list[Any], after: list[Any]
) -> None:
    _compare(far_east, before, after)


_MOMENTS = ["2024-03-09T10:00:00Z", "2024-03-09T11:00:00+01:00", "2024-03-09T10:00:00.120Z"]


@pytest.mark.parametrize(
    "values",
    [
        [1, 2],
        [1.5, 2],
        ["x", "y"],
        [True, False],
        ["2024-02-29", "2024-03-01"],
        ["2024-02-29", "x"],
        _MOMENTS,
        [_MOMENTS[1], "soon"],
        ["2024-03-09T10:00:00", "2024-03-09T10:00:00.500"],
        ["123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174001"],
        ["007", "7"],
        ["007", 7],
        [7, "8"],
    ],
)
@pytest.mark.parametrize("place", ["name", "on"])
def test_an_attribute_that_begins_to_vary_moves_with_what_is_kept_beside_it(
    far_east: psycopg.Connection, values: list[Any], place: str
) -> None:
    first, *others = values
    before = [{"who": [{"id": 1, place: first}, {"id": 2, place: first}, {place: first}], "one": {"id": 1, place: first}}]
    assert _compare(far_east, before, [{"who": [{"id": 1, place: one}, {"id": 3, place: one}]} for one in others])


def _compare(conn: psycopg.Connection, before: list[Any], after: list[Any]) -> bool:
    """Load in two steps and in one; tell whether the tables could be changed in place."""
    old, new = layout_of(before), layout_of(before + after)
    found = transition(old, new)
    if isinstance(found, Refill):
        return False
    try:
        tables = make_tables(conn, old, "two_steps")
        _load(conn, old, tables, before)
        tables = broken_targets(new, "two_steps", (), Policy.IGNORE)
        for change in drifted(found, tables):
            conn.execute(change.statement)
        _load(conn, new, tables, after, len(before))
        _load(conn, new, make_tables(conn, new, "one_step"), before + after)
        assert _contents(conn, "two_steps") == _contents(conn, "one_step")
    finally:
        conn.rollback()
    return True


def _load(conn: psycopg.Connection, layout: Layout, tables: tuple[Table, ...], documents: list[Any], first: int = 0) -> None:
    seen = Seen(asked=ASKED)
    for one in documents:
        seen.add(one)
    breakout = Breakout("root", tables[0].schema, (), Policy.IGNORE, written_evidence(seen), layout, asked=ASKED)
    for table, found in zip(tables, broken(tables, breakout, documents, first), strict=True):
        fields = [*(name for name, _ in table.copied if name != "_pos"), "_batch_id"]
        _insert(conn, table, fields, [line.split("\t") for line in found])


def _insert(conn: psycopg.Connection, table: Table, fields: list[str], found: list[list[str]]) -> None:
    rows = ["\t".join(row) for row in found]
    if table.kind is Kind.ENTITY:
        where = sql.Identifier(table.schema, table.name)
        there = {str(one).replace("-", "") for (one,) in conn.execute(sql.SQL("SELECT _id FROM {}").format(where))}
        once = {row[0]: row for row in reversed(found) if row[0] not in there}
        rows = ["\t".join((*row[:2], *row[3:])) for row in once.values()]  # without their positions
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in fields)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.schema, table.name), columns)
    with conn.cursor().copy(statement) as copy:
        copy.write("".join(f"{row}\t1\n" for row in rows))


def _contents(conn: psycopg.Connection, schema: str) -> str:
    found: dict[str, Any] = {}
    statement = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
    for (name,) in conn.execute(statement, [schema]).fetchall():
        types = conn.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY 1",
            [schema, name],
        ).fetchall()
        rows = conn.execute(
            sql.SQL("SELECT to_jsonb(whole_row) - '_loaded_at' FROM {} whole_row ORDER BY _id").format(
                sql.Identifier(schema, name)
            )
        ).fetchall()
        found[name] = types, rows
    return json.dumps(found, sort_keys=True)
