"""Checks that slips ask for, as PostgreSQL's constraints: what they let pass, and that nothing in them is SQL."""

from decimal import Decimal

import psycopg
import pytest

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.relational.checks import AllOf, AnyOf, Check, Compared, Filled, NoneOf, OneOf
from etl_actors.relational.tables import Column
from etl_actors.store.database import Connection
from etl_actors.store.tables.constraints import check_name, check_text, index_name
from etl_actors.store.tables.targets import ensure_tables, plan_tables
from tests.support.offers import insert, root

_EDGES: list[tuple[Check, str, list[tuple[object, object]], list[tuple[object, object]]]] = [
    (Compared("a", ">=", 1), "a >= 1", [(1, None), (None, None)], [(0, None)]),
    (Compared("a", "<>", Decimal("1.5")), "a <> 1.5", [(1, None)], []),
    (Compared("a", "<", "b", column_too=True), "a < b", [(1, 2), (None, 1), (1, None)], [(2, 1)]),
    (OneOf("a", (1, 2)), "a in (1, 2)", [(2, 0), (None, 0)], [(3, 0)]),
    (Filled("b"), "exists(b)", [(1, 1), (None, None)], [(1, None)]),
    (NoneOf(Filled("b")), "not exists(b)", [(1, None), (None, 1)], [(1, 1)]),
    (Compared("b", "=", 7), "b = 7", [(1, 7), (None, 8)], [(1, 8)]),
    (AllOf((Compared("a", ">", 0), Compared("a", "<", 9))), "a > 0 and a < 9", [(5, 0), (None, 0)], [(0, 0), (9, 0)]),
    (AnyOf((Compared("a", "=", 0), Filled("b"))), "a = 0 or exists(b)", [(0, None), (None, None), (3, 1)], [(3, None)]),
    (
        NoneOf(AnyOf((Compared("a", "=", 0), Compared("a", "=", 1)))),
        "not (a = 0 or a = 1)",
        [(2, 0), (None, 0)],
        [(0, 0), (1, 0)],
    ),
]


@pytest.mark.parametrize("edge", _EDGES, ids=lambda edge: edge[1])
def test_a_check_passes_what_fulfils_it_and_every_null(
    service: Connection, edge: tuple[Check, str, list[tuple[object, object]], list[tuple[object, object]]]
) -> None:
    check, text, good, bad = edge
    assert check_text(check) == text
    ensure_tables(service, [root(Column("a", "int", check=check), Column("b", "int"))], "shop")
    for a, b in good:
        insert(service, a=a, b=b)
    for a, b in bad:
        with pytest.raises(psycopg.errors.CheckViolation):
            insert(service, a=a, b=b)


@pytest.mark.parametrize("text", ["it's", "back\\slash", "50 % %s", '"; DROP TABLE offer; --', "ü", "$$"])
def test_a_constant_is_a_constant_and_nothing_else(service: Connection, text: str) -> None:
    odd = 'odd "%s" name'
    column = Column(odd, "text", check=OneOf(odd, (text, "other")), comment=text)
    ensure_tables(service, [root(column)], "shop")
    place = psycopg.sql.SQL("INSERT INTO offer (_id, _row_id, _batch_id, {}) VALUES (gen_random_uuid(), 1, 1, $1)")
    raw = psycopg.RawCursor(service)
    raw.execute(place.format(psycopg.sql.Identifier(odd)), [text])
    with pytest.raises(psycopg.errors.CheckViolation):
        raw.execute(place.format(psycopg.sql.Identifier(odd)), [text + "x"])
    assert plan_tables(service, [root(column)], "shop") == []


def test_names_are_short_and_of_their_table_column_and_check(service: Connection) -> None:
    tables = [
        root(Column(column, "int", check=Compared(column, ">", least)), name=name, indexes=((column,),))
        for name in ("ü" * 31, "ü" * 30)
        for column in ("ä" * 31, "ä" * 30)
        for least in (0, 1)
    ]
    checks = [check_name(table, table.columns[1]) for table in tables]
    assert len(set(checks)) == 8
    assert max(len(name.encode()) for name in checks) <= 63
    indexes = {index_name(table, table.indexes[0]) for table in tables}
    assert len(indexes) == 4
    ensure_tables(service, [tables[0]], "shop")
    assert plan_tables(service, [tables[0]], "shop") == [], "PostgreSQL cut none of them"


def test_a_check_that_postgresql_does_not_take_is_one_sentence(service: Connection) -> None:
    wrong = Column("a", "int", check=Compared("a", "=", "text"))
    with pytest.raises(DatabaseUnsuitable, match=r"Slip shop asks to create table public\.offer \(2 columns\), but PostgreSQL"):
        ensure_tables(service, [root(wrong)], "shop")
