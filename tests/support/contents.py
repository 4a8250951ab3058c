"""What the target tables hold, lineage of the run aside: for comparing one run with another, row for row."""

import psycopg
from psycopg import sql

__all__ = ["contents", "settled"]

_OF_THE_RUN = ("_batch_id", "_loaded_at")


def contents(url: str, tables: list[str], schema: str = "public") -> dict[str, tuple[int, str]]:
    """Return rows and checksum of each table, over all columns but those that name batch and moment."""
    found = {}
    with psycopg.connect(url) as conn:
        for table in tables:
            names = conn.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY 1",
                [schema, table],
            ).fetchall()
            columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in names if name not in _OF_THE_RUN)
            row = conn.execute(
                sql.SQL("SELECT count(*), coalesce(md5(string_agg(ROW({})::text, chr(10) ORDER BY _id)), '') FROM {}").format(
                    columns, sql.Identifier(schema, table)
                )
            ).fetchone()
            assert row is not None
            found[table] = (row[0], row[1])
    return found


def settled(url: str) -> bool:
    """Tell whether nothing is pending or claimed, and every source's books balance."""
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "SELECT coalesce(sum(pending + claimed), 0), coalesce(bool_and(balanced), true) FROM etl.ledger"
        ).fetchone()
    return row == (0, True)
