"""A load's joins go by the target's index, however small the target was when the plan was made."""

from collections.abc import Callable

import psycopg
import pytest

from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.deleting import removal
from etl_actors.store.loading.load import Loading
from etl_actors.store.loading.winners import count_differing, winning_positions
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.store.tables.temps import make_temp, temp_of
from tests.support.slips import read

_TABLE = Table("public", "thing", Kind.ROOT, Policy.IGNORE, ("id",), (Column("id", "int"),), None)


_OWNER = Table("public", "thing", Kind.ENTITY, Policy.UPDATE, ("id",), (Column("id", "int"),), None)


def _plan(conn: Connection, statement: bytes) -> str:
    rows = conn.execute(b"EXPLAIN " + statement, {"winners": [1, 2, 3], "batch_id": 1})
    return "\n".join(line for (line,) in rows.fetchall())


@pytest.mark.parametrize(
    ("table", "statement"), [(_TABLE, count_differing), (_OWNER, winning_positions)], ids=["differing", "positions"]
)
def test_a_plan_from_the_time_when_the_target_was_small_does_not_read_it_whole(
    service: Connection, admin: Connection, table: Table, statement: Callable[[Table], bytes]
) -> None:
    """Analyse the target while it has five rows: the server's own choice is to read it whole, a loader's session takes the index."""
    ensure_tables(service, [table], "thing")
    admin.execute("ALTER TABLE thing SET (autovacuum_enabled = off)")
    make_temp(service, table)
    admin.execute(
        "INSERT INTO thing (_id, _row_id, _batch_id, id) SELECT gen_random_uuid(), g, 1, g FROM generate_series(1, 5) g"
    )
    admin.execute("ANALYZE thing")
    copied = psycopg.sql.Identifier("pg_temp", temp_of(table))
    service.execute(
        psycopg.sql.SQL(
            "INSERT INTO {} (_id, _row_id, id) SELECT gen_random_uuid(), g, g FROM generate_series(1, 2000) g"
        ).format(copied)
    )
    assert "Seq Scan on thing" in _plan(service, statement(table)), "the naive choice"
    Loading(service)
    plan = _plan(service, statement(table))
    assert "Index Scan using thing_pkey" in plan
    assert "Seq Scan on thing" not in plan


@pytest.mark.parametrize("loser", [0, 1], ids=["rows", "tombstones"])
def test_rows_and_tombstones_of_one_key_find_one_another_by_index(service: Connection, admin: Connection, loser: int) -> None:
    text = 'name = "thing"\n[tables.thing]\nkey = ["id"]\non_duplicate = "update"\ndelete_when = "gone == true"\ncolumns.id = "id | int"\n'
    tables = read(text).targets
    ensure_tables(service, tables, "thing")
    for table in tables:
        make_temp(service, table)
        admin.execute(f"ALTER TABLE {table.name} SET (autovacuum_enabled = off)".encode())
        rows = "INSERT INTO {} (_id, _row_id, _batch_id, id) SELECT gen_random_uuid(), g, 1, g FROM generate_series(1, 5) g"
        admin.execute(rows.format(table.name).encode())
        admin.execute(f"ANALYZE {table.name}".encode())
    Loading(service)
    statement = removal(tables[0], tables[loser], tables[1 - loser], [temp_of(table) for table in tables]).as_bytes(None)
    plan = _plan(service, statement)
    assert {f"Index Scan using {table.name}_pkey" in plan for table in tables} == {True}
    assert "Seq Scan on thing" not in plan
