"""``etl-actors run``: the daemon."""

from typing import Annotated

import typer

from etl_actors.cli.context import invocation

__all__ = ["run"]


def run(
    ctx: typer.Context,
    *,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Parsers that work at the same time, instead of ETL_WORKERS.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Work until nothing is pending and no replay is open, then exit.")] = False,
) -> None:
    """Run the daemon: turn staged documents into rows until it is told to stop.

    SIGTERM and Ctrl-C let what is in flight land and then stop it; a second one stops it at once, and nothing is lost. Any number of
    daemons may work on one database.
    """
    settings = invocation(ctx).settings(logs=True, workers=workers)

    from etl_actors import app

    raise typer.Exit(app.run(settings, once=once))
