"""The versions of slips that a replay is about: the code of those stored, and whether one that is new can be at all."""

from collections.abc import Iterable, Sequence

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.facts import facts_of, spelled
from etl_actors.store.tables.kin import require_same_identity
from etl_actors.store.tables.plan import differences, system_columns

__all__ = ["require_possible", "stored_code"]

_SQL = queries("replays")


def stored_code(conn: Connection, digests: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return name, digest and the text of `steps.py` of each of some versions that has one."""
    return conn.execute(_SQL["stored_code"], {"digests": list(digests)}).fetchall()


def require_possible(conn: Connection, slip: Slip, stored: Iterable[Slip]) -> None:
    """Refuse a version that could not be put in force beside what its tables hold.

    Args:
        conn: to read with.
        slip: the version.
        stored: all that ever were in force.

    Raises:
        DatabaseUnsuitable: a table is known by another key, or has a column of another type: all sentences at once.
    """
    require_same_identity(conn, slip, stored)
    kinds = {kind for table in slip.targets for _, kind in system_columns(table)}
    spelling = spelled(conn, kinds | {column.type for table in slip.targets for column in table.columns})
    there = ((table, facts_of(conn, table)) for table in slip.targets)
    problems = [
        problem for table, facts in there if facts is not None for problem in differences(table, facts, spelling, slip.name)
    ]
    if problems:
        raise DatabaseUnsuitable("\n".join(dict.fromkeys(problems)))
