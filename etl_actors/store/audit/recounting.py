"""Taking what a table holds as what it has to hold: where somebody has changed it by hand and put it right again."""

from etl_actors.errors import UsageError
from etl_actors.store.actions import record_action
from etl_actors.store.audit.tables import held_rows
from etl_actors.store.audit.targets import find_targets
from etl_actors.store.database import Connection
from etl_actors.store.tables.kin import stored_slips

__all__ = ["recount"]


def recount(conn: Connection, target_schema: str, name: str) -> int:
    """Count a target table, and let the books begin with that: only its number of rows, no row, is taken as right.

    Args:
        conn: in autocommit mode, as an operator.
        target_schema: where a table is whose name has no schema.
        name: of the table, ``schema.name`` or ``name``.

    Returns:
        How many rows more it holds than finished batches had added, as kept in `etl.action`; 0 where nothing was to do.

    Raises:
        UsageError: no finished batch has filled such a table, or it cannot be read.
    """
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # the table and the books as of one moment
        targets = find_targets(conn, stored_slips(conn, target_schema))
        target = targets.get(name) or targets.get(f"{target_schema}.{name}")
        if target is None or target.lack:
            why = "no finished batch has filled a table of that name" if target is None else target.lack
            msg = f"--recount: expected a target table, got {name}: {why}."
            raise UsageError(msg)
        surplus = held_rows(conn, target) - target.added
        if surplus:
            record_action(conn, "audit recount", {"table": target.table.qualified, "rows": surplus})
    return surplus
