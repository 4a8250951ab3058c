"""What becomes of a slip whose entities vary in what they did not until now: it grows by that, where it may."""

import structlog

from etl_actors import events
from etl_actors.errors import DatabaseUnsuitable, DataRefused, NoPlace, SlipError
from etl_actors.relational.breakout.fitting import Contract, Fitting
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.slips.model.breakout import Breakout
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.permission import Permission
from etl_actors.store.breakout.varying import Varies
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.kin import read_stored

__all__ = ["let_vary"]

log = structlog.get_logger()

_SQL = queries("breakouts")


def let_vary(conn: Connection, target_schema: str, permission: Permission, name: str, digest: str, news: Varies) -> None:
    """Make a version that knows what varies, unless others have made one meanwhile.

    Args:
        conn: in autocommit mode, as the service role.
        target_schema: for tables of slips that name no schema.
        permission: what may be made without asking.
        name: of the slip.
        digest: of the version by which documents were broken out that vary.
        news: in what.

    Raises:
        DataRefused: the tables are to stay as they are, or have to; nothing was changed.
        DatabaseUnsuitable: they cannot be changed at the moment, or somebody is to be asked first; nothing was changed.
    """
    stored = conn.execute(_SQL["active"], {"name": name}).fetchone()
    if stored is None or stored[0] != digest:
        return
    slip = read_stored(digest, name, stored[1], target_schema)
    assert slip.breakout is not None
    columns = {one for found in news.found.values() for one in (*found.columns, *found.pointers)}
    told = {"table": ", ".join(news.found), "column": ", ".join(sorted(columns))}
    kept = _keeping(slip.breakout, news)
    if kept is not None:
        msg = (
            f"expected {told['column']} of `{told['table']}` to be the same as in other documents (contract = {kept.value}), "
            "got another value for the same key"
        )
        raise DataRefused(msg, "frozen", told)
    growth = Breakouts(conn, target_schema, permission)
    try:
        growth.grow(slip, news.seen(slip.breakout.layout.entities))
    except NoPlace as exc:
        raise DataRefused(str(exc), "no_place", told) from exc
    except SlipError as exc:
        raise DatabaseUnsuitable(str(exc)) from exc
    for table in growth.changed:
        log.info(events.SCHEMA_CHANGED, table=table, slip=name)


def _keeping(breakout: Breakout, news: Varies) -> Contract | None:
    """Give the contract that keeps what varies from moving: of a table where the entity occurs."""
    layout = breakout.layout
    of_tables = Fitting(Breaker(layout), breakout.contracts, breakout.contract).contracts
    concerned = (of_tables[link.table] for link in layout.links if layout.entities[link.entity].name in news.found)
    return next((one for one in concerned if one is not Contract.EVOLVE), None)
