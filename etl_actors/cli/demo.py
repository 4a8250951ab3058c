"""``etl-actors demo``: see it work."""

import os
from typing import Annotated

import typer
from rich.console import Console

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
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(highlight=False, width=_WIDTH)
    raise typer.Exit(demonstrate(context.obj, console, documents))
