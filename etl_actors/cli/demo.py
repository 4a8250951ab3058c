"""``etl-actors demo``: see it work."""

from typing import Annotated

import typer

from etl_actors.cli.render import console
from etl_actors.demo.run import demonstrate

__all__ = ["demo"]

_WIDTH = 140  # columns where nobody looks: tables of a log


def demo(
    context: typer.Context,
    *,
    documents: Annotated[int, typer.Option(metavar="N", min=1, help="How many pages of the shop to scrape.")] = 20_000,
) -> None:
    """Feed real input through a daemon started for it, wait until the books balance, and show what came of it.

    The input is the metadata of the Python distributions on this machine, and a made-up shop scraped as scrapers do, with
    duplicates, drift and broken documents. It goes into the database in use, and stays there.
    """
    raise typer.Exit(demonstrate(context.obj, console(markup=True, width=_WIDTH), documents))
