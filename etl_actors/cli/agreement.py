"""Asking before much is done that nobody chose row by row."""

import sys

import typer

from etl_actors.errors import UsageError
from etl_actors.scrub import printable

__all__ = ["require_agreement"]


def require_agreement(what: str, *, narrow: bool, yes: bool, choice: str = "choose some by id or filter") -> None:
    """Let go on what was chosen by id or filter, or agreed to; ask on a terminal, and refuse elsewhere.

    Args:
        what: would be done, with its count, as the beginning of a sentence: ``1,234 open rejects would be discarded``.
        narrow: whether it was chosen.
        yes: whether it was agreed to beforehand.
        choice: how it is chosen, for the sentence.

    Raises:
        UsageError: nobody can be asked.
        typer.Abort: somebody was, and said no.
    """
    if narrow or yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{what}: {choice}, or say --yes.")
    typer.confirm(printable(f"{what}. Go on?"), abort=True, err=True)
