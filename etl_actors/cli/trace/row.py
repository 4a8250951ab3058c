"""Where a staged row went: its batches, its dead letters, its target rows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from etl_actors.cli.render import Column, plural, say, show_lines, show_table
from etl_actors.cli.trace.text import (
    Unseen,
    document_lines,
    given_by,
    payload_json,
    pretty_or_why_not,
    row_json,
    show_exact_json,
    version,
)
from etl_actors.cli.widths import shortened
from etl_actors.errors import EtlError
from etl_actors.relational.tables import Kind

if TYPE_CHECKING:
    from etl_actors.slips.model.slip import Slip
    from etl_actors.store.database import Connection
    from etl_actors.store.rejects import DeadLetter
    from etl_actors.store.trace.rows import Holding, StagedRow
    from etl_actors.store.trace.targets import MadeRows

__all__ = ["trace_row"]

_REJECTS = 20  # dead letters that are told
_MESSAGE = 70  # characters of a message
_WITH_A_ROOT = frozenset({"loaded", "duplicate"})
_NO_BATCH = "No batch has held it yet: a daemon claims it, unless its source is paused; why rows wait: etl-actors status"
_NOWHERE = "It is in no batch and does not wait, as a row that bypassed the trigger: etl-actors audit"


@dataclass(frozen=True, slots=True)
class _Way:
    """A row's way.

    Args:
        row: the staged row.
        batches: that held it, in order.
        rejects: its dead letters, the latest first.
        made: its target rows, by table.
        unread: slips of its batches whose tables cannot be told.
        winner: the row whose root row is there instead of this one's; None where there is none, or it cannot be told.
        hidden: whether the document is not shown.
        pretty: the document, indented.
    """

    row: "StagedRow"
    batches: Sequence["Holding"]
    rejects: Sequence["DeadLetter"]
    made: Sequence["MadeRows"]
    unread: Sequence[str]
    winner: int | None
    hidden: bool
    pretty: str | None


def trace_row(url: str, target_schema: str, row_id: int, limit: int, *, payload: bool, show_private: bool, as_json: bool) -> None:
    """Show where a staged row went.

    Args:
        url: of the database.
        target_schema: where tables are whose slip names no schema.
        row_id: of the row.
        limit: rows of a table that are shown.
        payload: show the document, whole.
        show_private: leave nothing out.
        as_json: print JSON.

    Raises:
        EtlError: there is no such row.
    """
    from etl_actors.store.database import connect
    from etl_actors.store.private_slips import private_slips

    with connect(url, role=None, application_name="etl-actors trace") as conn, conn.transaction():
        unseen = Unseen(None if show_private else private_slips(conn, target_schema))
        way = _way(conn, target_schema, row_id, limit, unseen, payload=payload)
    if as_json:
        show_exact_json(_json(way, unseen, payload=payload))
    else:
        _show(way, unseen, limit, payload=payload)


def _way(conn: "Connection", target_schema: str, row_id: int, limit: int, unseen: Unseen, *, payload: bool) -> _Way:
    from etl_actors.store.rejects import rejects_of_row
    from etl_actors.store.trace.rows import batches_of_row, staged_row, was_pruned
    from etl_actors.store.trace.slips import slips_of
    from etl_actors.store.trace.targets import made_rows

    row = staged_row(conn, row_id)
    if row is None:
        if was_pruned(conn, row_id):
            raise EtlError(f"Row {row_id} is no longer staged: retention has removed its partition.")
        raise EtlError(f"There is no row {row_id}: no document was staged under this id, or its transaction was rolled back.")
    batches = batches_of_row(conn, row_id)
    versions = {batch.digest: batch.slip or "" for batch in batches if batch.digest and batch.outcome}
    slips = slips_of(conn, versions, target_schema)
    tables = {table.qualified: table for slip in slips.values() for table in slip.targets}
    hidden = unseen.document(row.source, *(batch.slip for batch in batches))
    return _Way(
        row,
        batches,
        rejects_of_row(conn, row_id, _REJECTS),
        made_rows(conn, tables.values(), row_id, limit),
        sorted({name for digest, name in versions.items() if digest not in slips}),
        _winner(conn, row, batches, slips),
        hidden,
        None if hidden or not payload else pretty_or_why_not(conn, row_id),
    )


def _winner(conn: "Connection", row: "StagedRow", batches: Sequence["Holding"], slips: dict[str, "Slip"]) -> int | None:
    from etl_actors.store.staging import fetch
    from etl_actors.store.trace.slips import root_identity
    from etl_actors.store.trace.targets import winner

    last = next((batch for batch in batches if batch.batch_id == row.batch_id), None)
    slip = None if last is None or last.outcome not in _WITH_A_ROOT else slips.get(last.digest or "")
    identity = None if slip is None else root_identity(slip, fetch(conn, [row.row_id])[0])
    standing = [] if slip is None else [table for table in slip.targets if table.kind in (Kind.ROOT, Kind.TOMBSTONE)]
    won = None if identity is None else next(filter(None, (winner(conn, table, identity) for table in standing)), None)
    return None if won == row.row_id else won


def _show(way: _Way, unseen: Unseen, limit: int, *, payload: bool) -> None:
    row = way.row
    lost = "" if way.winner is None else f", row {way.winner} {'won' if row.status == 'duplicate' else 'took its place'}"
    items = f", {plural(row.rejected_items, 'item')} of it rejected" if row.rejected_items else ""
    head = f"row {row.row_id} of source {row.source}, received {row.received_at:%Y-%m-%d %H:%M:%SZ}"
    show_lines([f"{head}: {row.status or 'in no batch'}{lost}{items}"], "bold")
    named = [f"  names the slip {row.slip}"] if row.slip else []
    show_lines([*named, *([f"  trace {row.trace}"] if row.trace else []), *map(_batch_line, way.batches)])
    if not way.batches:
        say(f"  {_NO_BATCH if row.status else _NOWHERE}")
    show_lines([_reject_line(letter) for letter in way.rejects])
    if len(way.rejects) == _REJECTS:
        say(f"  older ones: etl-actors rejects show --row {row.row_id}")
    for made in way.made:
        _show_made(made, row.row_id, unseen, limit)
    for name in way.unread:
        say(f"What it made by slip {name} cannot be told: this release cannot read that version.")
    if payload:
        say("")
        show_lines(document_lines(way.pretty, hidden=way.hidden, whole=True))


def _batch_line(batch: "Holding") -> str:
    said = [
        f"of replay {batch.replay_id}" if batch.replay_id is not None else "",
        f"split from batch {batch.parent_id}" if batch.parent_id is not None else "",
        f"attempt {batch.attempt}" if batch.attempt > 1 else "",
    ]
    by = f" by {version(batch.slip, batch.digest)}" if batch.slip else ""
    more = "".join(f", {part}" for part in said if part)
    at = batch.finished_at or batch.claimed_at
    return f"  batch {batch.batch_id}: {batch.outcome or batch.status}{by} {at:%Y-%m-%d %H:%M:%SZ}{more}"


def _reject_line(letter: "DeadLetter") -> str:
    item = "item " * letter.item
    what = f"{item}{letter.stage.value} {letter.reason}: {shortened(letter.message, _MESSAGE)}"
    return f"  reject {letter.reject_id}, {letter.status.value}, batch {letter.batch_id}, {what}"


def _show_made(made: "MadeRows", row_id: int, unseen: Unseen, limit: int) -> None:
    if made.lack:
        say(f"{made.table}: {made.lack}.")
        return
    if not made.rows:
        return
    more = f", the first {limit} (--limit)" if made.count > limit else ""
    show_lines(["", f"{made.table}: {plural(made.count, 'row')}{more}"], "bold")
    keys = list(made.rows[0].key)
    lines = []
    for row in made.rows:
        key = unseen.key(row)
        cells = ["∅" if (value := key[name]) is None else shortened(value, _MESSAGE) for name in keys]
        index = "" if row.index is None else str(row.index)
        lines.append([str(row.id), index, *cells, ", ".join(given_by(row.givers, row_id))])
    show_table(
        [
            Column("_id", firm=True),
            Column("_index", right=True, optional=True),
            *map(Column, keys),
            Column("gave", optional=True),
        ],
        lines,
    )


def _json(way: _Way, unseen: Unseen, *, payload: bool) -> dict[str, Any]:
    row = {name: value for name, value in asdict(way.row).items() if name != "payload"}
    told = row | {
        "won_by": way.winner,
        "batches": [asdict(batch) for batch in way.batches],
        "rejects": [
            {name: value for name, value in asdict(letter).items() if name not in {"detail", "row_id", "source"}}
            for letter in way.rejects
        ],
        "made": [
            {
                "table": made.table,
                "count": made.count,
                "lack": made.lack or None,
                "rows": [row_json(r, unseen) for r in made.rows],
            }
            for made in way.made
        ],
        "unread_slips": list(way.unread),
    }
    if payload:
        told |= {"payload": None, "payload_hidden": way.hidden} | ({} if way.hidden else payload_json(way.row.payload))
    return told
