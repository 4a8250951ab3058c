"""``etl-actors rebuild``: a document, made again of its rows."""

from json import dumps
from typing import Annotated

import typer

from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.render import show_lines
from etl_actors.errors import UsageError

__all__ = ["rebuild"]


def rebuild(
    ctx: typer.Context,
    row_id: Annotated[int, typer.Argument(metavar="ROW_ID", help="A staged row whose document was broken out.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: the document, and whether it is what was staged.")] = False,
) -> None:
    """Make a document again of the rows that a slip with [breakout] has made of it, and print it as JSON.

    The exit status is 1 if it is not what was staged.
    """
    settings = invocation(ctx).settings()
    with accepted_database(settings) as url:
        document, same = _made(url, settings.target_schema, row_id)
    # Written here: whoever reads numbers to write them again may give up their last digits.
    show_lines([f'{{"row_id": {row_id}, "same": {dumps(same)}, "document": {document}}}' if as_json else document])
    if same is False:
        raise typer.Exit(1)


def _made(url: str, target_schema: str, row_id: int) -> tuple[str, bool | None]:
    """Give the document's text, and whether it is what was staged; None where that is no longer there."""
    from etl_actors.slips.values.json_text import json_text
    from etl_actors.store.breakout.moment import at_one_moment
    from etl_actors.store.breakout.rebuild import rebuilt_documents, same_as_staged
    from etl_actors.store.database import connect
    from etl_actors.store.tables.kin import read_stored
    from etl_actors.store.versions import active_slips

    with connect(url, role=None, application_name="etl-actors rebuild") as conn:
        for active in active_slips(conn):
            slip = read_stored(active.digest, active.name, active.files, target_schema)
            if slip.breakout is None:
                continue
            made = at_one_moment(conn, slip, target_schema, lambda version: rebuilt_documents(conn, version, [row_id])) or {}
            if row_id in made:
                return json_text(made[row_id]), same_as_staged(conn, made, whole=True).get(row_id)
    raise UsageError(
        f"ROW_ID: expected a row whose document a slip with [breakout] has broken out, and that has won, got {row_id}: see etl-actors "
        f"trace {row_id}."
    )
