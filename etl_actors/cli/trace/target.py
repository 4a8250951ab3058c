"""Where a target row came from: the rows above it, its document, batch, slip and version."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from etl_actors.cli.render import show_lines
from etl_actors.cli.trace.text import Unseen, document_lines, payload_json, pretty_or_why_not, row_json, show_exact_json, version
from etl_actors.errors import DatabaseUnsuitable, EtlError
from etl_actors.relational.companions import tombstones_name

if TYPE_CHECKING:
    from etl_actors.slips.model.slip import Slip
    from etl_actors.store.database import Connection
    from etl_actors.store.trace.rows import LandingBatch, StagedRow
    from etl_actors.store.trace.targets import FoundTable, TargetRow

__all__ = ["trace_target"]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a target row came from.

    Args:
        row: the target row.
        above: the rows above it, the nearest first, the root last.
        staged: the row that made it; None where retention has removed it.
        batch: that landed it; None where it is not there.
        hidden: whether the document is not shown.
        pretty: the document, indented.
    """

    row: "TargetRow"
    above: Sequence["TargetRow"]
    staged: "StagedRow | None"
    batch: "LandingBatch | None"
    hidden: bool
    pretty: str | None


def trace_target(
    url: str, target_schema: str, table: str, identity: UUID, *, payload: bool, show_private: bool, as_json: bool
) -> None:
    """Show where a target row came from.

    Args:
        url: of the database.
        target_schema: where a table is that is named without its schema.
        table: as named.
        identity: the row's `_id`.
        payload: show the document whole.
        show_private: leave nothing out.
        as_json: print JSON.

    Raises:
        EtlError: there is no such table or row.
    """
    from etl_actors.store.database import connect
    from etl_actors.store.private_slips import private_slips

    with connect(url, role=None, application_name="etl-actors trace") as conn, conn.transaction():
        unseen = Unseen(None if show_private else private_slips(conn, target_schema))
        origin = _origin(conn, target_schema, table, identity, unseen)
    if as_json:
        show_exact_json(_json(origin, unseen))
    else:
        _show(origin, unseen, payload=payload)


def _origin(conn: "Connection", target_schema: str, name: str, identity: UUID, unseen: Unseen) -> _Origin:
    from etl_actors.store.trace.rows import landing_batch, staged_row
    from etl_actors.store.trace.slips import slips_of
    from etl_actors.store.trace.targets import target_row

    table = _table(conn, name, target_schema)
    row = target_row(conn, table, (), identity)
    if row is None:
        raise EtlError(f"There is no row {identity} in {table.qualified}{_deleted(conn, table, identity)}.")
    batch = landing_batch(conn, row.batch_id)
    slips = slips_of(conn, [batch.digest] if batch and batch.digest else [], target_schema)
    slip = next(iter(slips.values()), None)
    staged = staged_row(conn, row.row_id)
    hidden = batch is None or unseen.document(batch.source, batch.slip)
    return _Origin(
        target_row(conn, table, _key(slip, table.qualified), identity) or row,
        _above(conn, slip, row),
        staged,
        batch,
        hidden,
        None if hidden else pretty_or_why_not(conn, row.row_id),
    )


def _deleted(conn: "Connection", table: "FoundTable", identity: UUID) -> str:
    """Tell by which staged row a row was deleted; nothing where none has."""
    from etl_actors.store.trace.targets import find_table, target_row

    tombstones = find_table(conn, table.schema, tombstones_name(table.name))
    found = target_row(conn, tombstones, (), identity) if tombstones is not None and tombstones.readable else None
    return "" if found is None else f": row {found.row_id} deletes it (etl-actors trace {found.table} {identity})"


def _table(conn: "Connection", name: str, target_schema: str) -> "FoundTable":
    from etl_actors.store.trace.targets import find_table

    schema, dot, rest = name.partition(".")
    found = (find_table(conn, schema, rest) if dot else None) or find_table(conn, target_schema, name)
    if found is None:
        where = "" if dot else f" in schema {target_schema} (another is named as SCHEMA.{name})"
        raise EtlError(f"There is no target table {name}{where}.")
    if not found.readable:
        raise DatabaseUnsuitable(f"This login may not read {found.qualified}.")
    return found


def _key(slip: "Slip | None", qualified: str) -> tuple[str, ...]:
    return next((table.identity for table in (slip.targets if slip else ()) if table.qualified == qualified), ())


def _above(conn: "Connection", slip: "Slip | None", row: "TargetRow") -> list["TargetRow"]:
    """Find the rows above a row, as far as the slip that landed it tells their tables."""
    from etl_actors.store.trace.targets import find_table, target_row

    tables = {table.qualified: table for table in (slip.targets if slip else ())}
    above: list[TargetRow] = []
    here = row
    while here.parent_id is not None and here.table in tables:
        parent = tables.get(tables[here.table].parent or "")
        found = None if parent is None else find_table(conn, parent.schema, parent.name)
        next_row = (
            None if found is None or not found.readable else target_row(conn, found, _key(slip, found.qualified), here.parent_id)
        )
        if next_row is None:
            break
        above.append(next_row)
        here = next_row
    return above


def _show(origin: _Origin, unseen: Unseen, *, payload: bool) -> None:
    row, staged, batch = origin.row, origin.staged, origin.batch
    show_lines([_head(row, unseen)], "bold")
    lines = [f"  below {_head(above, unseen)}" for above in origin.above]
    if row.parent_id is not None and (not origin.above or origin.above[-1].id != row.root_id):
        lines.append(f"  below a row {row.parent_id}, under the root {row.root_id}")
    source = staged.source if staged else batch.source if batch else "unknown"
    received = f", received {staged.received_at:%Y-%m-%d %H:%M:%SZ}" if staged else ""
    lines.append(f"  row {row.row_id} of source {source}{received}")
    by = f" by {version(batch.slip, batch.digest)}" if batch else ""
    lines.append(f"  batch {row.batch_id}{by}, landed {row.loaded_at:%Y-%m-%d %H:%M:%SZ}")
    if row.givers:
        width = max(map(len, row.givers))
        lines += ["  columns given by", *(f"    {name:<{width}}  row {giver}" for name, giver in row.givers.items())]
    show_lines([*lines, ""])
    show_lines(document_lines(origin.pretty, hidden=origin.hidden, whole=payload))


def _head(row: "TargetRow", unseen: Unseen) -> str:
    key = ", ".join(f"{name} {'∅' if value is None else value}" for name, value in unseen.key(row).items())
    index = f" [{row.index}]" if row.index is not None else ""
    return f"{row.table} {row.id}{index}{f': {key}' if key else ''}"


def _json(origin: _Origin, unseen: Unseen) -> dict[str, Any]:
    staged = origin.staged
    return (
        row_json(origin.row, unseen)
        | {
            "above": [row_json(row, unseen) for row in origin.above],
            "source": staged.source if staged else origin.batch.source if origin.batch else None,
            "received_at": staged.received_at if staged else None,
            "batch": asdict(origin.batch) if origin.batch else None,
            "payload_hidden": origin.hidden,
            "payload": None,
        }
        | (payload_json(staged.payload) if staged and not origin.hidden else {})
    )
