"""A load's joins go by the target's index, however small the target was when the plan was made."""

import psycopg

from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.load import Loading
from etl_actors.store.targets import ensure_tables
from etl_actors.store.temps import make_temp, temp_of
from etl_actors.store.winners import count_differing

_TABLE = Table("public", "thing", Kind.ROOT, Policy.IGNORE, ("id",), (Column("id", "int"),), None)


def _plan(conn: Connection) -> str:
    statement = psycopg.sql.SQL("EXPLAIN ") + count_differing(_TABLE)
    return "\n".join(line for (line,) in conn.execute(statement, {"winners": [1, 2, 3]}).fetchall())


def test_a_plan_from_the_time_when_the_target_was_small_does_not_read_it_whole(service: Connection, admin: Connection) -> None:
    """Analyse the target while it has five rows: the server's own choice is to read it whole, a loader's session takes the index."""
    ensure_tables(service, [_TABLE], "thing")
    admin.execute("ALTER TABLE thing SET (autovacuum_enabled = off)")
    make_temp(service, _TABLE)
    admin.execute(
        "INSERT INTO thing (_id, _row_id, _batch_id, id) SELECT gen_random_uuid(), g, 1, g FROM generate_series(1, 5) g"
    )
    admin.execute("ANALYZE thing")
    copied = psycopg.sql.Identifier("pg_temp", temp_of(_TABLE))
    service.execute(
        psycopg.sql.SQL(
            "INSERT INTO {} (_id, _row_id, id) SELECT gen_random_uuid(), g, g FROM generate_series(1, 2000) g"
        ).format(copied)
    )
    assert "Seq Scan on thing" in _plan(service), "the naive choice"
    Loading(service)
    plan = _plan(service)
    assert "Index Scan using thing_pkey" in plan
    assert "Seq Scan on thing" not in plan
