"""What both traces show in the same way: target rows, documents, versions; and which private values they leave out."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from etl_actors.cli.render import plural, short_digest
from etl_actors.errors import TextTooLarge

if TYPE_CHECKING:
    from etl_actors.store.database import Connection
    from etl_actors.store.private_slips import PrivateSlips
    from etl_actors.store.trace.targets import TargetRow

__all__ = ["Unseen", "document_lines", "given_by", "payload_json", "pretty_or_why_not", "row_json", "show_exact_json", "version"]

_PRIVATE = "(private)"
_HIDDEN = "document not shown: slips with private columns take such documents (--show-private shows it)"
_LINES = 40  # of a document, unless it is to be shown whole
_WIDTH = 160  # characters of such a line


@dataclass(frozen=True, slots=True)
class Unseen:
    """What a trace leaves out.

    Args:
        private: the slips with private columns; None where all is shown.
    """

    private: "PrivateSlips | None"

    def key(self, row: "TargetRow") -> dict[str, str | None]:
        """Return a row's key columns, the values of private ones left out; that there is one, is shown."""
        hidden = set() if self.private is None else self.private.columns.get(row.table, set())
        every = self.private is not None and bool(self.private.unread)
        return {name: _PRIVATE if value is not None and (every or name in hidden) else value for name, value in row.key.items()}

    def document(self, source: str, *slips: str | None) -> bool:
        """Tell whether a document is left out.

        Args:
            source: that it is of.
            slips: that have mapped it; None where none took it.
        """
        return self.private is not None and self.private.hide(source, *slips)


def version(slip: str | None, digest: str | None) -> str:
    """Write a slip with the beginning of its version."""
    return f"{slip} {short_digest(digest)}".rstrip() if slip else "no slip"


def document_lines(pretty: str | None, *, hidden: bool, whole: bool) -> list[str]:
    """Write a document, bounded unless it is to be shown whole; why it is not, where it is not."""
    if hidden:
        return [_HIDDEN]
    if pretty is None:
        return ["retention has removed the document"]
    lines = pretty.splitlines()
    if whole:
        return lines
    shown = [line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…" for line in lines[:_LINES]]
    more = len(lines) - len(shown)
    return [*shown, f"… {plural(more, 'more line')}: --payload"] if more else shown


def pretty_or_why_not(conn: "Connection", row_id: int) -> str | None:
    """Return a staged document indented, or why it cannot be shown; None where retention has removed it."""
    from etl_actors.store.trace.rows import pretty_payload

    try:
        return pretty_payload(conn, row_id)
    except TextTooLarge as exc:
        return str(exc)


def payload_json(payload: str | None) -> dict[str, Any]:
    """Return a document as JSON has it, every number as it was staged; None is one that no text can hold."""
    return {"payload": None, "payload_too_large": True} if payload is None else {"payload": orjson.Fragment(payload)}


def given_by(givers: Mapping[str, int], row_id: int) -> list[str]:
    """List the columns that a staged row gave to a row that many fill."""
    return [name for name, giver in givers.items() if giver == row_id]


def row_json(row: "TargetRow", unseen: Unseen) -> dict[str, Any]:
    """Return a target row as JSON has it."""
    told: dict[str, Any] = {
        "table": row.table,
        "_id": str(row.id),
        "_row_id": row.row_id,
        "_batch_id": row.batch_id,
        "_loaded_at": row.loaded_at,
    }
    if row.parent_id is not None:
        told |= {"_parent_id": str(row.parent_id), "_root_id": str(row.root_id), "_index": row.index}
    told["key"] = unseen.key(row)
    return told | ({"given_by": dict(row.givers)} if row.givers else {})


def show_exact_json(value: Any) -> None:
    """Print a JSON value whose fragments, staged documents, stay digit for digit as they are."""
    sys.stdout.write(orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode())
    sys.stdout.write("\n")
