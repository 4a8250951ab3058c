"""A table of offers by hand, for tests of what slips ask of tables."""

from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.store.database import Connection
from tests.support.documents import one

__all__ = ["insert", "root"]


def root(*columns: Column, name: str = "offer", schema: str = "public", indexes: tuple[tuple[str, ...], ...] = ()) -> Table:
    """Make a root table with an id and `columns`."""
    return Table(schema, name, Kind.ROOT, Policy.IGNORE, ("id",), (Column("id", "int"), *columns), None, indexes=indexes)


def insert(conn: Connection, **values: object) -> None:
    """Put a row into offer, as a load would."""
    names = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    row_id = one(conn, "SELECT count(*) FROM offer")
    statement = f"INSERT INTO offer (_id, _row_id, _batch_id, {names}) VALUES (gen_random_uuid(), {row_id}, 1, {places})"
    conn.execute(statement.encode(), list(values.values()))
