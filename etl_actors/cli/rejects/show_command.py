"""``etl-actors rejects show``: all of a dead letter."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.rejects.detail import shown_detail
from etl_actors.cli.rejects.place import place_lines
from etl_actors.cli.render import ago, plural, short_digest, show_json, show_lines
from etl_actors.cli.slips.rows import reject_lines
from etl_actors.cli.widths import shortened
from etl_actors.errors import EtlError, UsageError
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.values.document import Undecodable, decode

if TYPE_CHECKING:
    from etl_actors.store.private_slips import PrivateSlips
    from etl_actors.store.rejects import DeadLetter
    from etl_actors.store.trace.rows import StagedRow

__all__ = ["rejects_show"]

_OF_ROW = 100  # dead letters of a row that are shown
_OTHERS = 10  # other dead letters of the row that are told
_BEFORE_A_SLIP = frozenset({Stage.STAGE, Stage.ROUTE})
_RAW = 90  # characters of what could not be staged
_TOLD = frozenset({"path", "table", "column", "expression", "excerpt", "frames"})  # of the detail, on lines of their own
_HIDDEN = "what stands around it is not shown: slips with private columns take such documents (--show-private shows it)"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A dead letter with what is known around it.

    Args:
        letter: itself.
        row: its row; None where retention has removed it.
        others: of the same row, the latest first.
        hidden: whether nothing of the document is shown.
    """

    letter: "DeadLetter"
    row: "StagedRow | None"
    others: Sequence["DeadLetter"]
    hidden: bool

    @property
    def detail(self) -> dict[str, Any]:
        """Its detail as far as it is shown."""
        return shown_detail(self.letter, hidden=self.hidden)

    def place(self) -> list[str]:
        """Write what stands around the place in the document; nothing where an excerpt tells more, or it is not shown."""
        path = self.letter.detail.get("path")
        if (
            self.hidden
            or self.row is None
            or self.row.payload is None
            or not isinstance(path, str)
            or "excerpt" in self.letter.detail
        ):
            return []
        try:
            return place_lines(decode(self.row.payload.encode()), path)
        except Undecodable:
            return []


def rejects_show(
    ctx: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(metavar="REJECT_ID", help="As `rejects list` tells them.")] = None,
    *,
    row: Annotated[int | None, typer.Option(metavar="ROW_ID", help="This row's, the latest first.")] = None,
    show_private: Annotated[
        bool, typer.Option("--show-private", help="Show the place in documents of slips with private columns too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what was expected and what came, where, in which document, by which version of which slip, and what to do next.

    A value that is refused is shown with what stands around it in the document, and a caret below. Of documents that a slip
    with private columns takes, nothing is shown but what the message says. The exit status is 1 if there is no such dead letter.
    """
    if ids and row is not None:
        raise UsageError("Expected dead letters by id, or a row by --row, got both: name one or the other.")
    if not ids and row is None:
        raise UsageError("What is to be shown? Name dead letters by id, or a row: etl-actors rejects show --row ROW_ID")
    from etl_actors.store.database import connect
    from etl_actors.store.private_slips import private_slips
    from etl_actors.store.rejects import rejects_by_id, rejects_of_row
    from etl_actors.store.trace.rows import staged_row

    settings = invocation(ctx).settings()
    with (
        accepted_database(settings) as url,
        connect(url, role=None, application_name="etl-actors rejects") as conn,
        conn.transaction(),
    ):
        letters = rejects_by_id(conn, ids) if ids else rejects_of_row(conn, row or 0, _OF_ROW)
        private = None if show_private else private_slips(conn, settings.target_schema)
        found = [
            _Shown(
                letter,
                staged_row(conn, letter.row_id),
                _others(letter, rejects_of_row(conn, letter.row_id, _OTHERS + 1)),
                _hides(private, letter),
            )
            for letter in letters
        ]
    missing = sorted(set(ids or ()) - {letter.reject_id for letter in letters})
    if as_json:
        show_json({"rejects": [_json(each) for each in found], "missing": missing})
    else:
        for each in found:
            _show(each)
    if missing:
        raise EtlError(f"There is no reject {', '.join(map(str, missing))}: etl-actors rejects list --status all lists them.")
    if not found:
        raise EtlError(f"Nothing of row {row} was ever rejected; what became of it: etl-actors trace {row}")


def _hides(private: "PrivateSlips | None", letter: "DeadLetter") -> bool:
    return private is not None and private.hide(letter.source, letter.slip)


def _others(letter: "DeadLetter", of_row: Sequence["DeadLetter"]) -> list["DeadLetter"]:
    return [other for other in of_row if other.reject_id != letter.reject_id]


def _show(each: _Shown) -> None:
    letter = each.letter
    age = ago(letter.created_at, datetime.now(UTC))
    first, *others = reject_lines(
        Reject(letter.row_id, letter.stage, letter.reason, letter.message, each.detail, item=letter.item)
    )
    show_lines([f"reject {letter.reject_id}, {letter.status.value}, {age} ago: {first}"], "bold")
    show_lines([f"  {line}" for line in [*others, *each.place()]])
    if each.hidden:
        show_lines([f"  {_HIDDEN}"], "dim")
    show_lines(["", *(f"  {name:<6} {text}" for name, text in _facts(each)), ""])


def _facts(each: _Shown) -> list[tuple[str, str]]:
    letter = each.letter
    version = f" {short_digest(letter.digest)}" if letter.digest else ""
    chosen = letter.slip and letter.stage not in _BEFORE_A_SLIP  # what batches remember is the slip of their other rows
    by = f", slip {letter.slip}{version}" if chosen else ", before a slip was chosen"
    more = [f"{key} {value}" for key, value in each.detail.items() if key not in _TOLD]
    facts = [("detail", ", ".join(more))] if more else []
    if letter.stage is Stage.STAGE and "excerpt" in each.detail:
        facts.append(("came", shortened(str(each.detail["excerpt"]), _RAW)))
    facts.append(("batch", f"{letter.batch_id}{by}"))
    facts.append(("row", _row(each)))
    facts += [(("also" if number == 0 else ""), _line(other)) for number, other in enumerate(each.others[:_OTHERS])]
    if len(each.others) > _OTHERS:
        facts.append(("", f"and more: etl-actors rejects show --row {letter.row_id}"))
    return facts + [(("next" if number == 0 else ""), line) for number, line in enumerate(_next(letter))]


def _row(each: _Shown) -> str:
    letter, row = each.letter, each.row
    if row is None:
        return f"{letter.row_id} of source {letter.source}; retention has removed its document"
    items = f", {plural(row.rejected_items, 'item')} of it rejected" if row.rejected_items else ""
    received = f"{row.received_at:%Y-%m-%d %H:%M:%SZ}"
    return f"{row.row_id} of source {row.source}, received {received}; now {row.status or 'in no batch'}{items}"


def _line(other: "DeadLetter") -> str:
    item = "item " * other.item
    return f"reject {other.reject_id}, {other.status.value}, {item}{other.stage.value} {other.reason}: {shortened(other.message, 60)}"


def _next(letter: "DeadLetter") -> list[str]:
    lines = [f"etl-actors trace {letter.row_id}"]
    match letter.status.value:
        case "open":
            lines += [
                f"etl-actors rejects replay {letter.reject_id}     once the slip is mended",
                f"etl-actors rejects discard {letter.reject_id}    if it is not to be mended",
            ]
        case "discarded":
            lines.append(f"etl-actors rejects reopen {letter.reject_id}")
    return lines


def _json(each: _Shown) -> dict[str, Any]:
    row = None
    if each.row is not None:
        row = {name: value for name, value in asdict(each.row).items() if name != "payload"}
    return asdict(each.letter) | {
        "detail": each.detail,
        "around": each.place() or None,
        "document_hidden": each.hidden,
        "row": row,
        "others": [other.reject_id for other in each.others[:_OTHERS]],
    }
