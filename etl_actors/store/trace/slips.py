"""The versions of slips that a trace meets, read as they were in force."""

from collections.abc import Iterable

from etl_actors.errors import DatabaseUnsuitable, SlipError
from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Kind
from etl_actors.slips.mapping.broken import News
from etl_actors.slips.mapping.mapper import mapper_of
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.source.files import STEPS
from etl_actors.slips.values.document import Staged, Undecodable, decode
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.kin import read_stored

__all__ = ["root_identity", "slips_of"]

_SLIPS = queries("slips")


def slips_of(conn: Connection, digests: Iterable[str], target_schema: str) -> dict[str, Slip]:
    """Return versions by digest; those that are not stored, or that this release cannot read, are missing."""
    wanted = sorted(set(digests))
    found: dict[str, Slip] = {}
    for digest, files in conn.execute(_SLIPS["files"], {"digests": wanted}).fetchall() if wanted else ():
        try:
            found[digest] = read_stored(digest, "", files, target_schema)
        except DatabaseUnsuitable:
            continue
    return found


def root_identity(slip: Slip, staged: Staged) -> str | None:
    """Return the `_id` of the root row that a slip makes of a document, or that it deletes by it; None where it makes none, or code would have to run.

    Code out of the database runs only where the same is installed: here nobody knows.
    """
    if STEPS in slip.files:
        return None
    try:
        mapper = mapper_of(slip)
        lines = mapper.begin()
        made = mapper.map(staged, decode(staged.raw), lines)
    except (SlipError, Undecodable, News):
        return None
    if isinstance(made, Reject) or not made:
        return None
    told = [lines[number] for number, table in enumerate(slip.targets) if table.kind in (Kind.ROOT, Kind.TOMBSTONE)]
    return next((line.partition("\t")[0] for some in told for line in some), None)
