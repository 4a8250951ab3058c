"""The map of a break-out in the database: which column holds what of the documents, as the version in force has it."""

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.column_map import MappedColumn, column_map
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.slips import remember
from etl_actors.store.tables.kin import read_stored

__all__ = ["breakout_in_force", "keep_column_map", "mapped_slips", "put_in_force", "stored_column_map"]

_SQL = queries("breakout_columns")
_SLIPS = queries("breakouts")


def keep_column_map(conn: Connection, slip: Slip) -> None:
    """Keep which column of a slip holds what; what was kept of its other versions goes, all of it if it breaks nothing out.

    Args:
        conn: in the transaction in which the version becomes the active one.
        slip: the version.
    """
    columns = column_map(slip)
    given = {
        "slip": slip.name,
        "targets": [one.target for one in columns],
        "names": [one.name for one in columns],
        "types": [one.type for one in columns],
        "paths": [one.path for one in columns],
        "kinds": [one.kind for one in columns],
    }
    conn.execute(_SQL["keep"], given)


def put_in_force(conn: Connection, slip: Slip) -> None:
    """Let a version be the active one of its slip, and keep which of its columns holds what."""
    remember(conn, slip)
    keep_column_map(conn, slip)


def stored_column_map(conn: Connection, name: str) -> tuple[MappedColumn, ...]:
    """Give the columns of a slip, table by table; none where no version of it that breaks documents out was ever in force."""
    return tuple(MappedColumn(*row) for row in conn.execute(_SQL["of_slip"], {"slip": name}))


def mapped_slips(conn: Connection) -> list[str]:
    """List the slips that break documents out and have been in force, by name."""
    return [name for (name,) in conn.execute(_SQL["slips"])]


def breakout_in_force(conn: Connection, name: str, target_schema: str) -> Slip | None:
    """Give the version of a slip that is in force, with what it has seen; None where there is none, or it has tables of its own.

    Args:
        conn: to the database.
        name: of the slip.
        target_schema: for tables of slips that name no schema.

    Raises:
        DatabaseUnsuitable: this release cannot read it.
    """
    stored = conn.execute(_SLIPS["active"], {"name": name}).fetchone()
    slip = None if stored is None else read_stored(stored[0], name, stored[1], target_schema)
    return slip if slip is not None and slip.breakout is not None else None
