"""How the rows of a trial are shown: one as a list of its columns, several as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from etl_actors.cli.render import Column, plural, show_lines, show_table
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.trying.trial import Row
from etl_actors.slips.values.json_text import json_text
from etl_actors.slips.values.unstaged import is_unstaged

__all__ = ["UNSHOWN", "reject_lines", "show_reject", "show_rows", "shown_document", "without_private"]

UNSHOWN = "source not shown: the slip has private columns (--show-private shows it)"
_WIDTH = 160  # characters of a document or value that are shown
_PRIVATE = "(private)"


def shown_document(document: Any) -> list[str]:
    """Write a document to be looked at: a text message as it is, others as JSON, shortened."""
    if (
        isinstance(document, dict)
        and isinstance(document.get("message"), str)
        and not document.keys() - {"message", "_file", "_line"}
    ):
        return str(document["message"]).splitlines() or [""]
    if is_unstaged(document):
        return str(document["$raw"]).splitlines()[:1] or [""]
    text = json_text(document)
    return [text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"]


def without_private(slip: Slip, rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Leave the values of private columns out of the rows of a trial; that there is none, is shown."""
    private = {made.table.name: {column.name for column in made.columns if column.private} for made in slip.tables}
    return {
        table: [
            {name: _PRIVATE if name in private[table] and value is not None else value for name, value in row.items()}
            for row in several
        ]
        for table, several in rows.items()
    }


def show_rows(table: str, rows: Sequence[Row]) -> None:
    """Print the rows of a table under its name."""
    show_lines([f"  {table}: {plural(len(rows), 'row')}"], "bold")
    if len(rows) == 1:
        width = max((len(name) for name in rows[0]), default=0)
        show_lines([f"    {name:<{width}}  {_cell(value)}" for name, value in rows[0].items()])
    elif rows and rows[0]:
        show_table([Column(name) for name in ["   ", *rows[0]]], [["", *map(_cell, row.values())] for row in rows])


def _cell(value: str | None) -> str:
    if value is None:
        return "∅"
    return value if len(value) <= _WIDTH else f"{value[:_WIDTH]}…"


def show_reject(reject: Reject) -> None:
    """Print what was refused."""
    first, *others = reject_lines(reject)
    show_lines([f"  {first}"], "bold red")
    show_lines([f"    {line}" for line in others])


def reject_lines(reject: Reject) -> list[str]:
    """Tell what was refused: what was expected and got, where and by which expression, and of a text the place with a caret."""
    detail = reject.detail
    lines = [f"{'item ' * reject.item}rejected at stage {reject.stage.value}, {reject.reason}: {reject.message}"]
    table = str(detail.get("table", "")).rpartition(".")[2]
    where = [
        str(detail.get("path", "")),
        f"{table}.{detail['column']}" if table and "column" in detail else table,
        str(detail.get("expression", "")),
    ]
    if any(where):
        lines.append("   ".join(part for part in where if part))
    if isinstance(detail.get("excerpt"), str) and reject.stage is not Stage.STAGE:
        lines += detail["excerpt"].splitlines()
    return lines + [str(frame) for frame in detail.get("frames", ())]
