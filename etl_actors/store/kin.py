"""What all slips that were ever in force have put into the same tables: what a replaced row may leave behind.

A winner takes the place of a row that another slip, or an older version of its own, has made. Whatever that one filled and the
winner does not must go, or the tables would depend on the order of arrival.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from etl_actors.errors import DatabaseUnsuitable, SlipError
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.model import Slip
from etl_actors.slips.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Kin", "find_kin", "stored_slips"]

_SLIPS = queries("slips")
_TARGETS = queries("targets")


@dataclass(frozen=True, slots=True)
class Kin:
    """What else belongs to the tables of one slip.

    Args:
        slips: how many slips were stored when this was found; another number later means that it is out of date.
        columns: per qualified table, the columns in the database that only other slips fill.
        sets: the keyless children, of this slip and of others, below the same root; parents before children.
    """

    slips: int
    columns: dict[str, tuple[str, ...]]
    sets: tuple[Table, ...]


def find_kin(conn: Connection, tables: Iterable[Table], target_schema: str) -> Kin:
    """Find what else belongs to the tables of one slip.

    Args:
        conn: in autocommit mode.
        tables: of the slip, the root first.
        target_schema: where tables are whose slip names no schema.

    Raises:
        DatabaseUnsuitable: a stored slip cannot be read by this release.
    """
    own = {table.qualified: table for table in tables}
    root = next((table for table in own.values() if table.kind is Kind.ROOT), None)
    stored = stored_slips(conn, target_schema)
    columns: dict[str, dict[str, None]] = {name: {} for name in own}
    sets = {(table.qualified, table.parent): table for table in own.values() if table.kind is Kind.SET}
    for slip in stored:
        for table in slip.targets:
            columns.get(table.qualified, {}).update(dict.fromkeys(column.name for column in table.columns))
            if table.kind is Kind.SET and root is not None and slip.root.qualified == root.qualified:
                sets.setdefault((table.qualified, table.parent), table)
    there = {name: _present(conn, table) for name, table in own.items()}
    return Kin(
        slips=len(stored),
        columns={
            name: tuple(c for c in columns[name] if c in there[name] and c not in {column.name for column in table.columns})
            for name, table in own.items()
        },
        sets=tuple(table for table in sets.values() if _present(conn, table)),
    )


def stored_slips(conn: Connection, target_schema: str) -> list[Slip]:
    """Read every slip that was ever in force, oldest first.

    Raises:
        DatabaseUnsuitable: one of them cannot be read by this release.
    """
    found = []
    for digest, name, files in conn.execute(_SLIPS["all"]).fetchall():
        try:
            found.append(read_slip(files, target_schema))
        except SlipError as exc:
            msg = f"The stored slip {name} ({digest}) cannot be read by this release: {exc}"
            raise DatabaseUnsuitable(msg) from exc
    return found


def _present(conn: Connection, table: Table) -> set[str]:
    found = conn.execute(_TARGETS["columns"], {"schema": table.schema, "name": table.name}).fetchall()
    return {name for name, _ in found}
