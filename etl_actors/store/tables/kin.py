"""What all slips that were ever in force have put into the same tables: what a replaced row may leave behind.

A winner takes the place of a row that another slip, or an older version of its own, has made. Whatever that one filled and the
winner does not must go, or the tables would depend on the order of arrival.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from psycopg import sql

from etl_actors.errors import DatabaseUnsuitable, SlipError
from etl_actors.relational.tables import FILLED, Kind, Policy, Table
from etl_actors.slips.model.slip import Slip, SlipTable
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.quoting import Quoted

__all__ = ["Kin", "find_kin", "read_stored", "require_same_identity", "stored_slips"]

_SLIPS = queries("slips")
_TARGETS = queries("targets")


@dataclass(frozen=True, slots=True)
class Kin:
    """What else belongs to the tables of one slip.

    Args:
        written: how many of the slips that were stored when this was found somebody wrote; another number later means that this is
            out of date. Versions that have grown are of no matter: their tables are their own.
        columns: per qualified table, the columns in the database that only other slips fill.
        sets: per qualified table that owns any, the keyless children of its rows, this slip's and others'; parents before
            children.
        tombstones: per qualified table of roots the table of its tombstones, if this slip or another has one that is there.
    """

    written: int
    columns: dict[str, tuple[str, ...]]
    sets: dict[str, tuple[Table, ...]]
    tombstones: dict[str, Table] = field(default_factory=dict)

    @property
    def twins(self) -> dict[str, str]:
        """Of each table of roots that has tombstones, and of the tombstones' table, the other: an `_id` stands in one of both."""
        pairs = {root: table.qualified for root, table in self.tombstones.items()}
        return pairs | {other: root for root, other in pairs.items()}


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
    stored = stored_slips(conn, target_schema)
    columns: dict[str, dict[str, None]] = {name: {} for name in own}
    sets: dict[str, dict[tuple[str, str | None], Table]] = {name: {} for name in own}
    for targets in (tuple(own.values()), *(slip.targets for slip in stored)):
        root = next((table.qualified for table in targets if table.kind is Kind.ROOT), "")
        for table in targets:
            columns.get(table.qualified, {}).update(dict.fromkeys(column.name for column in table.columns))
            if table.kind is Kind.SET:
                sets.get(table.owner or root, {}).setdefault((table.qualified, table.parent), table)
    there = {name: _present(conn, table) for name, table in own.items()}
    return Kin(
        written=sum(slip.breakout is None or not slip.breakout.evidence for slip in stored),
        columns={name: tuple(_others(table, columns[name], there[name])) for name, table in own.items()},
        sets={owner: tuple(table for table in found.values() if _present(conn, table)) for owner, found in sets.items() if found},
        tombstones=_tombstones(conn, [*(slip.targets for slip in stored), tuple(own.values())], own),
    )


def _tombstones(conn: Connection, versions: Iterable[Iterable[Table]], roots: Collection[str]) -> dict[str, Table]:
    """Find the tables of tombstones of some roots, as the latest version makes them that makes any."""
    found: dict[str, Table] = {}
    for table in (table for targets in versions for table in targets if table.kind is Kind.TOMBSTONE):
        root = f"{table.schema}.{table.deletes}"
        if root in roots:
            found[root] = table
    return {root: table for root, table in found.items() if _present(conn, table)}


def _others(table: Table, filled: Iterable[str], there: Collection[str]) -> Iterator[str]:
    own = {column.name for column in table.columns}
    yield from (name for name in filled if name in there and name not in own)
    if table.policy is not Policy.FILL and FILLED in there:
        yield FILLED  # of a slip that filled the table column by column; a row that takes the place of such a one is whole


def stored_slips(conn: Connection, target_schema: str) -> list[Slip]:
    """Read every slip that was ever in force, oldest first.

    Of a slip that breaks documents out, each version has the tables of the latest: those of the others are among them, and there may be
    very many versions.

    Raises:
        DatabaseUnsuitable: one of them cannot be read by this release.
    """
    known = conn.execute(_SLIPS["digests"]).fetchall()
    latest = {(name, written): digest for digest, name, written in known if written is not None}
    told = [(digest, latest.get((name, written), digest), name) for digest, name, written in known]
    unread = list({shown for _, shown, _ in told if (shown, target_schema) not in _read})
    files = dict(conn.execute(_SLIPS["files"], {"digests": unread}).fetchall()) if unread else {}
    read = {shown: read_stored(shown, name, files.get(shown, {}), target_schema) for _, shown, name in told}
    return [read[shown] if digest == shown else replace(read[shown], digest=digest) for digest, shown, _ in told]


_read: dict[tuple[str, str], Slip] = {}  # a digest names a text for ever, and reading one takes milliseconds


def read_stored(digest: str, name: str, files: Mapping[str, str], target_schema: str) -> Slip:
    """Read a stored slip, once a process.

    Raises:
        DatabaseUnsuitable: it cannot be read by this release.
    """
    if (digest, target_schema) not in _read:
        try:
            _read[digest, target_schema] = read_slip(files, target_schema)
        except SlipError as exc:
            msg = f"The stored slip {name} ({digest}) cannot be read by this release: {exc}"
            raise DatabaseUnsuitable(msg) from exc
    return _read[digest, target_schema]


def require_same_identity(conn: Connection, slip: Slip, stored: Iterable[Slip]) -> None:
    """Refuse a slip that knows the rows of a filled table by another key than the slip that filled it.

    The same document would get another `_id`, and stand there twice.

    Raises:
        DatabaseUnsuitable: the sentence names both keys.
    """
    for table in slip.tables:
        for other in stored:
            if slip.breakout is not None and slip.breakout.fills_as(other.breakout):
                continue  # its tables are changed, or filled anew, as they are to be
            known = next((t for t in other.tables if t.table.qualified == table.table.qualified), None)
            if known is None or _known_by(known, other) == _known_by(table, slip):
                continue
            filled = sql.SQL(
                "SELECT EXISTS (SELECT FROM {} t JOIN etl.batch b ON b.batch_id = t._batch_id WHERE b.slip_digest = %s)"
            ).format(Quoted(table.table.schema, table.table.name))
            if _present(conn, table.table) and conn.execute(filled, [other.digest]).fetchone() == (True,):
                msg = (
                    f"Slip {slip.name} knows the rows of {table.table.qualified} by {_known_by(table, slip)}, but those that are "
                    f"there are known by {_known_by(known, other)}: name another table, or empty this one."
                )
                raise DatabaseUnsuitable(msg)


def _known_by(table: SlipTable, slip: Slip) -> str:
    if table.table.kind is Kind.ROOT and slip.breakout is not None and slip.breakout.known_by:
        return f"({', '.join(slip.breakout.known_by)})"
    if table.table.key:
        key = f"({', '.join(table.table.key)})"
        return f"{key} and the version {table.table.newest}" if table.table.versioned else key
    if table.table.kind is Kind.ROOT:
        if table.own_rows:
            return "their staged row"
        return f"their whole document{', file and line left out' * slip.has_origin}"
    return f"their place under {table.table.parent}"


def _present(conn: Connection, table: Table) -> set[str]:
    found = conn.execute(_TARGETS["columns"], {"schema": table.schema, "name": table.name}).fetchall()
    return {name for name, _ in found}
