"""Whose documents are not shown: those of slips with private columns."""

from dataclasses import dataclass, field

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.kin import read_stored

__all__ = ["PrivateSlips", "private_slips"]

_REJECTS = queries("rejects")
_SLIPS = queries("slips")


@dataclass(slots=True)
class PrivateSlips:
    """The slips of which any version that was ever in force has private columns.

    Args:
        names: of the slips.
        sources: that they take; None for any.
        columns: the private columns by qualified table.
        unread: names of slips of which a version cannot be read by this release: all of their columns may be private.
    """

    names: set[str] = field(default_factory=set)
    sources: set[str] | None = field(default_factory=set)
    columns: dict[str, set[str]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def hide(self, source: str, *slips: str | None) -> bool:
        """Tell whether a document is not to be shown.

        It is not if a slip with private columns takes its source, whichever took it: one that failed to recognize the document
        may be whom it was meant for.

        Args:
            source: of the document.
            slips: that have mapped it; None where none took it.
        """
        return self.sources is None or source in self.sources or any(slip in self.names for slip in slips)

    def add(self, slip: Slip) -> None:
        """Hide what a slip with private columns takes."""
        self.names.add(slip.name)
        self._take(slip.sources)
        for made in slip.tables:
            private = {column.name for column in made.columns if column.private}
            self.columns.setdefault(made.table.qualified, set()).update(private)

    def _take(self, sources: tuple[str, ...] | None) -> None:
        self.sources = None if sources is None or self.sources is None else self.sources | set(sources)


def private_slips(conn: Connection, target_schema: str) -> PrivateSlips:
    """Find the slips with private columns among all that were ever in force.

    A version that this release cannot read is taken to have private columns, and to take any source.
    """
    found = PrivateSlips()
    known = conn.execute(_REJECTS["private_slips"]).fetchall()
    files = dict(conn.execute(_SLIPS["files"], {"digests": [digest for digest, _ in known]}).fetchall()) if known else {}
    for digest, name in known:
        try:
            slip = read_stored(digest, name, files[digest], target_schema)
        except DatabaseUnsuitable:
            found.names.add(name)
            found.unread.add(name)
            found.sources = None
            continue
        if slip.has_private:
            found.add(slip)
    return found
