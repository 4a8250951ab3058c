"""``etl-actors trace``: where a row went, or where a target row came from."""

from typing import Annotated
from uuid import UUID

import typer

from etl_actors.cli.context import accepted_database, invocation
from etl_actors.errors import UsageError

__all__ = ["trace"]


def trace(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(metavar="ROW_ID|TABLE", help="A staged row, or a target table: name or schema.name.")],
    identity: Annotated[
        str | None, typer.Argument(metavar="_ID", help="Of a row of the table; with or without dashes.", show_default=False)
    ] = None,
    *,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Rows of each table that are shown, at most.")] = 20,
    payload: Annotated[bool, typer.Option("--payload", help="Show the document whole.")] = False,
    show_private: Annotated[
        bool, typer.Option("--show-private", help="Show private keys, and documents of slips with private columns.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Follow a document through the books, forward or back.

    Of a staged row: every batch that held it, in order, with slip, version and outcome; its dead letters; every target row that
    it made, or gave columns to; of a duplicate, whose row is there. Of a target row: the rows above it up to the root, its
    document, batch, slip and version, and where many documents fill the table, which row gave each column.
    """
    settings = invocation(ctx).settings()
    if identity is None:
        from etl_actors.cli.trace.row import trace_row

        row_id = _row_id(first)
        with accepted_database(settings) as url:
            trace_row(url, settings.target_schema, row_id, limit, payload=payload, show_private=show_private, as_json=as_json)
    else:
        from etl_actors.cli.trace.target import trace_target

        wanted = _identity(identity)
        with accepted_database(settings) as url:
            trace_target(url, settings.target_schema, first, wanted, payload=payload, show_private=show_private, as_json=as_json)


def _row_id(text: str) -> int:
    most = 2**63
    if text.isascii() and text.isdigit() and 0 < int(text[:20]) < most:
        return int(text)
    msg = f"Expected a row id, or a table and the _id of a row of it, got {text!r}: etl-actors trace 4711, etl-actors trace TABLE _ID"
    raise UsageError(msg)


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        msg = f"Expected an _id, which is a UUID such as 6f1c3a52-0d0b-5c3e-9d51-0b6f6e1d2c3a, got {text!r}."
        raise UsageError(msg) from exc
