"""Partitions of staging that hold few rows, as a deployment with tiny ones would have them."""

import psycopg

from etl_actors.store.database import Connection
from etl_actors.store.staging import keep_partitions

__all__ = ["seal", "tiny_partitions"]


def tiny_partitions(admin: Connection, service: Connection, rows: int) -> None:
    """Make the partitions anew, of so many rows each; nothing is staged yet."""
    for name, *_ in admin.execute("SELECT name FROM etl.staging_partition").fetchall():
        admin.execute(psycopg.sql.SQL("DROP TABLE etl.{}").format(psycopg.sql.Identifier(name)))
    admin.execute("DELETE FROM etl.staging_partition")
    keep_partitions(service, rows)


def seal(service: Connection, rows: int, calls: int = 12) -> None:
    """Let the partitions that are full be counted and sealed: one a call, each after a call that begins to wait for it."""
    for _ in range(calls):
        keep_partitions(service, rows)
