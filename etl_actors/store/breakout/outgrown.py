"""Whether rows that were made for one version of a break-out may still land, once there is a later one."""

from etl_actors.relational.breakout.changes import AddColumn, AddTable, Widen
from etl_actors.relational.breakout.transition import transition
from etl_actors.slips.reading.growing import written_alike
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.kin import read_stored

__all__ = ["held_version", "lands_in"]

_SQL = queries("breakouts")
_SLIPS = queries("slips")


def held_version(conn: Connection, name: str, *, alone: bool = False) -> str | None:
    """Give the digest of a slip's active version, and let nobody grow the slip until the transaction ends.

    Args:
        conn: in the load's transaction.
        name: of the slip.
        alone: whether nothing else of the slip may land until then.
    """
    conn.execute(_SQL["lock" if alone else "hold"], {"name": name})
    row = conn.execute(_SQL["active_digest"], {"name": name}).fetchone()
    return None if row is None else str(row[0])


def lands_in(conn: Connection, name: str, made_by: str, active: str, target_schema: str) -> bool:
    """Tell whether rows are the same by a later version as by the one that they were made by.

    They are where it only has more: rows that landed just before it came have stayed as they were, too. Not so of entities: whether they
    are the same everywhere is to be found out of all that the later one has of them.

    Args:
        conn: to read the versions with.
        name: of the slip.
        made_by: digest of the version that the rows were made by.
        active: of the later one.
        target_schema: for tables of slips that name no schema.
    """
    files = dict(conn.execute(_SLIPS["files"], {"digests": [made_by, active]}).fetchall())
    if len(files) < len({made_by, active}) or not written_alike(files[made_by], files[active]):
        return False
    before, after = (read_stored(digest, name, files[digest], target_schema).breakout for digest in (made_by, active))
    if before is None or after is None or after.entities:
        return False
    changes = transition(before.layout, after.layout)
    return isinstance(changes, list) and all(isinstance(change, AddTable | AddColumn | Widen) for change in changes)
