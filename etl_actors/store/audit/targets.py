"""Which tables the audit looks at: those that finished batches have filled, by all the slips that were ever in force."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from etl_actors.relational.tables import FILLED, LINEAGE, PARENTAGE, Kind, Policy, Table
from etl_actors.slips.model.breakout import Breakout
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Target", "Version", "find_targets"]

_SQL = queries("audit")

_GONE = "table missing"  # which is as it should be where nothing has been added to it that was not taken away
Version = tuple[Slip, Table]  # a slip, and a table as it fills it


@dataclass(slots=True)
class Target:
    """A table, by all the versions of slips that have filled it: what it is to one, it need not be to another.

    Args:
        versions: each slip, and the table as it fills it.
        fillers: digests of all versions that would fill it, whether they had a row for it or not.
        added: rows inserted less rows deleted, by whatever version; and what a recount has put right.
        lack: why it cannot be checked; empty where it can.
    """

    versions: list[Version] = field(default_factory=list)
    fillers: list[str] = field(default_factory=list)
    added: int = 0
    lack: str = ""

    @property
    def table(self) -> Table:
        """The table as its latest version fills it."""
        return self.versions[-1][1]

    def of_roots(self) -> list[Version]:
        """The versions to which it is a set that lands with the root."""
        return [(slip, table) for slip, table in self.versions if table.kind is Kind.SET and table.owner is None]

    def of_owners(self) -> list[Version]:
        """Those to which it is a set that lands with a keyed child or an entity."""
        return [(slip, table) for slip, table in self.versions if table.kind is Kind.SET and table.owner is not None]

    def with_policy(self) -> list[Version]:
        """Those to which it is no set."""
        return [(slip, table) for slip, table in self.versions if table.kind is not Kind.SET]

    def filled(self) -> list[Version]:
        """Those that fill it column by column."""
        return [(slip, table) for slip, table in self.versions if table.policy is Policy.FILL]


def find_targets(conn: Connection, slips: Sequence[Slip]) -> dict[str, Target]:
    """Find every table that a finished batch has filled, by qualified name.

    Args:
        conn: in the audit's transaction.
        slips: all that were ever in force, oldest first.
    """
    targets: dict[str, Target] = {}
    added: dict[tuple[str, str], int] = {(name, digest): rows for name, digest, rows in conn.execute(_SQL["rows_added"])}
    for slip, tables in _filled(slips):
        for name, table in tables.items():
            if (name, slip.digest) in added:
                targets.setdefault(name, Target()).versions.append((slip, table))
    for slip, tables in _filled(slips):
        for name in tables.keys() & targets.keys():
            targets[name].fillers.append(slip.digest)
    recounted: dict[str, int] = dict(conn.execute(_SQL["recounted_rows"]).fetchall())
    for name, target in targets.items():
        target.added = sum(rows for (filled, _), rows in added.items() if filled == name) + recounted.get(name, 0)
        target.lack = _lack(conn, target)
    return {name: target for name, target in targets.items() if target.added or target.lack != _GONE}


def _filled(slips: Sequence[Slip]) -> list[tuple[Slip, dict[str, Table]]]:
    """Give for each version the tables that it would fill, by qualified name.

    Of a break-out that has come to say otherwise of its documents, those that former versions took have been broken out anew: to all of
    them a table is what it is to the latest.
    """
    known: list[tuple[Breakout, dict[str, Table]]] = []
    found: list[tuple[Slip, dict[str, Table]]] = []
    for slip in reversed(slips):
        tables = {table.qualified: table for table in slip.targets}
        alike = next((those for breakout, those in known if breakout.fills_as(slip.breakout)), None)
        if alike is not None:
            alike |= tables | alike
            tables = alike
        elif slip.breakout is not None:
            known.append((slip.breakout, tables))
        found.append((slip, tables))
    return found[::-1]


def _lack(conn: Connection, target: Target) -> str:
    """Say what keeps a table from being checked; nothing where nothing does."""
    found = conn.execute(_SQL["table"], {"schema": target.table.schema, "name": target.table.name}).fetchone()
    if found is None:
        return _GONE
    readable, columns = found
    if not readable:
        return "table not readable"
    below = any(table.kind in (Kind.SET, Kind.OWN) for _, table in target.versions)
    needed = [name for name, _ in LINEAGE + (PARENTAGE if below else ())]
    needed += [FILLED] if target.filled() else []
    needed += [column for _, version in target.versions for column in version.identity]
    missing = [name for name in dict.fromkeys(needed) if name not in columns]
    return f"column missing: {', '.join(missing)}" if missing else ""
