"""The tutorial of `docs/slips.md`, played: its files are written, its commands are run."""

import io
import re
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

from etl_actors.cli import main

__all__ = ["PAGE", "played", "tutorial"]

PAGE = Path(__file__).parent.parent.parent / "docs" / "slips.md"
_BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`([\w/.]+\.(?:log|lark|toml))`")
_PLACE = "/home/ann/work"  # stands for the folder that the tutorial is run in


def tutorial() -> str:
    """Return the section that is played."""
    page = PAGE.read_text("utf-8")
    return page[page.index("\n## Five minutes") : page.index("\n### The same for JSON")]


def played(text: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Play the tutorial in a folder.

    Yields:
        Each block of a command as the page shows it, and as it is now.
    """
    for block in _BLOCK.finditer(text):
        if block["kind"] == "console":
            command = block["text"].partition("\n")[0]
            yield block["text"], f"{command}\n{_printed(command, folder)}"
        elif block["kind"] in {"text", "lark", "toml"} and (named := _FILE.search(block["before"])):
            (folder / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / named[1]).write_text(block["text"])


def _printed(command: str, folder: Path) -> str:
    words = command.removeprefix("$ etl-actors ").split()
    sink = io.StringIO()
    with chdir(folder), redirect_stdout(sink), redirect_stderr(sink):
        main.execute(words)
    printed = sink.getvalue().replace(str(folder.resolve()), _PLACE)
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
