"""Slips whose documents can delete the row of their key, and what is to stand of documents by each policy."""

from collections.abc import Sequence
from typing import Any

import psycopg

from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.slips import read

__all__ = ["begin_again", "slip_of", "standing", "tables_of", "text_of"]

_HEAD = """name = "shop"
source = "shop"
[breakout]
key = ["id"]
delete_when = "gone == true"
"""
_COLUMNS = """columns.id = "id | int"
columns.at = "meta.at | int"
"""


def text_of(policy: str) -> str:
    """Write a slip; its key is one of fields under `update`, and else one of columns that expressions make."""
    return f'{_HEAD}on_duplicate = "{policy}"\n' + ("" if policy == "update" else _COLUMNS)


def slip_of(service: Connection, policy: str, more: str = "") -> Slip:
    slip = read(text_of(policy) + more)
    ensure_tables(service, slip.targets, slip.name)
    remember(service, slip)
    return slip


def standing(policy: str, staged: Sequence[tuple[int, dict[str, Any]]]) -> tuple[set[int], set[int]]:
    """Say of which staged rows there are rows, and of which tombstones."""

    def strength(row: tuple[int, dict[str, Any]]) -> tuple[Any, ...]:
        row_id, document = row
        if policy == "update":
            return (row_id,)
        return (-row_id,) if policy.startswith("history") else (document["at"] is not None, document["at"], row_id)

    keys: dict[Any, list[tuple[int, dict[str, Any]]]] = {}
    for row in staged:
        keys.setdefault((row[1]["id"], row[1]["at"] if policy.startswith("history") else None), []).append(row)
    strongest = [max(rows, key=strength) for rows in keys.values()]
    rows = {row_id for row_id, document in strongest if "gone" not in document}
    return rows, {row_id for row_id, _ in strongest} - rows


def tables_of(admin: Connection) -> list[str]:
    named = "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'v') AND relname ~ '^shop' AND relnamespace = 'public'::regnamespace ORDER BY 1"
    return [name for (name,) in admin.execute(named)]


def begin_again(url: str, service: Connection, slip: Slip) -> None:
    """Forget what was loaded, the tables and what was seen."""
    with psycopg.connect(url, autocommit=True) as admin:
        for kind, relkind in (("VIEW", "v"), ("TABLE", "r")):
            found = "SELECT oid::regclass::text FROM pg_class WHERE relkind = %s AND relname ~ '^shop' AND relnamespace = 'public'::regnamespace"
            for (name,) in admin.execute(found, [relkind]).fetchall():
                admin.execute(f"DROP {kind} {name}".encode())
        admin.execute("TRUNCATE etl.batch, etl.reject, etl.slip, etl.action, etl.schema_change CASCADE")
        admin.execute("INSERT INTO etl.inbox (source, row_id, bytes) SELECT source, row_id, 1 FROM etl.staging")
    ensure_tables(service, slip.targets, slip.name)
    remember(service, slip)
