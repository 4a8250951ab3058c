"""The versions of slips that a replay is about: the code of those stored, who may win what they let go, whether a new one can be."""

from collections.abc import Iterable, Mapping, Sequence
from json import dumps

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.replay.choice import Choice, settling_digests
from etl_actors.store.replay.seeking import Seeking
from etl_actors.store.tables.differences import differences
from etl_actors.store.tables.facts import facts_of, spelled
from etl_actors.store.tables.kin import require_same_identity, stored_slips
from etl_actors.store.tables.plan import system_columns

__all__ = ["require_possible", "stored_code", "unseekable"]

_SQL = queries("replays")
_QUEUE = queries("replay_queue")


def stored_code(conn: Connection, digests: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return name, digest and the text of `steps.py` of each of some versions that has one."""
    return conn.execute(_SQL["stored_code"], {"digests": list(digests)}).fetchall()


def unseekable(
    conn: Connection, choice: Choice, installed: Mapping[str, str | None], target_schema: str
) -> dict[tuple[str, str], int]:
    """Count the rows that may win what the chosen ones let go, and that could not be parsed to find out.

    Args:
        conn: to read with.
        choice: of the rows.
        installed: the text of `steps.py` by slip; None for none.
        target_schema: where tables are whose slip names no schema.

    Returns:
        Rows by slip and digest of the version that settled them, whose `steps.py` is not the installed one.

    Raises:
        DatabaseUnsuitable: a stored slip cannot be read by this release.
    """
    settled = settling_digests(conn, choice)
    slips = stored_slips(conn, target_schema)
    touched = {table.qualified for slip in slips if slip.digest in settled for table in slip.targets}
    gone = {target for (target,) in conn.execute(_QUEUE["gone_targets"], {"targets": sorted(touched)})}
    seeking = Seeking.of(conn, 0, touched - gone, target_schema)
    hidden = {digest: name for name, digest, steps in stored_code(conn, seeking.digests) if installed.get(name) != steps}
    span = conn.execute(_SQL["span"], {"digests": sorted(hidden)}).fetchone()
    if span is None or span[0] is None:
        return {}
    others = seeking.count_others(conn, dumps(choice.filter), *span)
    return {(hidden[digest], digest): rows for digest, rows in sorted(others.items()) if digest in hidden}


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
