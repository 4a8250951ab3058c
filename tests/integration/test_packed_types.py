"""Packed rows where somebody has changed the type of a column: they land as lines would."""

import psycopg
import pytest
from psycopg import sql

from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from tests.support.breaking import Breaking, stage


@pytest.mark.parametrize("kind", ["numeric", "double precision"])
@pytest.mark.parametrize(("table", "column"), [("shop", "no"), ("shop__items", "i")])
def test_packed_numbers_land_in_a_column_of_another_type(
    admin: psycopg.Connection, service: Connection, table: str, column: str, kind: str
) -> None:
    breaking = Breaking(service, read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public"))
    stage(admin, "shop", [{"no": 1, "items": [{"i": 5}]}])
    breaking.all()
    admin.execute("DROP VIEW shop_view")
    admin.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
    stage(admin, "shop", [{"no": 2, "items": [{"i": 7}]}])
    breaking.all()
    assert [float(value) for (value,) in service.execute("SELECT i FROM shop__items ORDER BY _row_id")] == [5, 7]
    assert [float(value) for (value,) in service.execute("SELECT no FROM shop ORDER BY _row_id")] == [1, 2]


@pytest.mark.parametrize(("table", "column"), [("shop", "no"), ("shop__items", "i")])
def test_packed_numbers_land_in_a_column_of_a_type_that_reads_on_beyond_their_end(
    admin: psycopg.Connection, service: Connection, table: str, column: str
) -> None:
    """Of numeric the first two bytes say how many more follow; there are none, which PostgreSQL calls a violation of the protocol."""
    breaking = Breaking(service, read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public"))
    stage(admin, "shop", [{"no": 1, "items": [{"i": 5}]}])
    breaking.all()
    admin.execute("DROP VIEW shop_view")
    admin.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE numeric")
    stage(admin, "shop", [{"no": 2**48, "items": [{"i": 2**48}]}])
    breaking.all()
    assert service.execute("SELECT no, i FROM shop JOIN shop__items ON _root_id = shop._id ORDER BY no").fetchall() == [
        (1, 5),
        (2**48, 2**48),
    ]


@pytest.mark.parametrize("table", ["shop", "shop__items"])
def test_packed_rows_keep_their_batch_in_a_column_of_another_type(
    admin: psycopg.Connection, service: Connection, table: str
) -> None:
    breaking = Breaking(service, read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public"))
    stage(admin, "shop", [{"no": 1, "items": [{"i": 5}]}])
    breaking.all()
    admin.execute(f"ALTER TABLE {table} ALTER COLUMN _batch_id TYPE numeric")
    stage(admin, "shop", [{"no": 2, "items": [{"i": 7}]}])
    breaking.all()
    batches = service.execute("SELECT batch_id FROM etl.batch ORDER BY batch_id").fetchall()
    assert (
        service.execute(sql.SQL("SELECT _batch_id FROM {} ORDER BY _row_id").format(sql.Identifier(table))).fetchall() == batches
    )
