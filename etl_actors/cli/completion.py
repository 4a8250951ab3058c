"""What a shell completes: what an argument may be is told by its name and by what the help calls it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import typer

from etl_actors.errors import EtlError

__all__ = ["completing"]

_WORDS = re.compile(r"[a-z_]+(?:\|[a-z_]+)+")  # jsonl|lines: all that there is to choose from


def completing(function: Callable[..., Any]) -> None:
    """Have a shell complete the arguments and options of a command: words to choose from, slips, and sources.

    Args:
        function: the command's, whose arguments are annotated as typer has it; what completes by itself already stays as it is.
    """
    for name, annotation in function.__annotations__.items():
        for told in getattr(annotation, "__metadata__", ()):
            if hasattr(told, "autocompletion") and told.autocompletion is None:
                told.autocompletion = _completion(name, told.metavar or "")


def _completion(name: str, metavar: str) -> Callable[..., Any] | None:
    if _WORDS.fullmatch(metavar):

        def words(incomplete: str) -> list[str]:
            return [word for word in metavar.split("|") if word.startswith(incomplete)]

        return words
    if name == "slip" or metavar.strip("[].") == "SLIP":
        return _slips
    return _sources if name == "source" else None


def _slips(ctx: typer.Context, incomplete: str) -> list[str]:
    return sorted({name for name, _ in _heads(ctx) if name.startswith(incomplete)})


def _sources(ctx: typer.Context, incomplete: str) -> list[str]:
    return sorted({source for _, sources in _heads(ctx) for source in sources if source.startswith(incomplete)})


def _heads(ctx: typer.Context) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Find names and sources of the slips in use, broken ones too; nothing where that cannot be told: a shell asks, nobody reads."""
    from etl_actors.settings import load_settings
    from etl_actors.slips.shelf.found import head_of, sources_of
    from etl_actors.slips.source.files import MAIN

    try:
        folders = load_settings(ctx.find_root().params.get("config"), None).parser_folders
    except EtlError:
        return
    for path in (path for folder in folders for path in folder.glob(f"*/{MAIN}")):
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue
        name = head_of(text).get("name")
        yield name if isinstance(name, str) else path.parent.name, sources_of(text) or ()
