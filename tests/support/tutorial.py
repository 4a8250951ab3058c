"""The tutorial of `docs/slips.md`, played: its files are written, its commands are run.

``python -m tests.support.tutorial`` writes what they print into the page anew.
"""

import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from etl_actors.cli import main

__all__ = ["ANEW", "PAGE", "played", "tutorial"]

ANEW = "to write it anew: .venv/bin/python -m tests.support.tutorial"
PAGE = Path(__file__).parent.parent.parent / "docs" / "slips.md"
_BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`([\w/.]+\.(?:log|lark|toml))`")
_PLACE = "/home/ann/work"  # stands for the folder that the tutorial is run in


def tutorial() -> str:
    """Return the section that is played."""
    page = PAGE.read_text("utf-8")
    return page[page.index("\n## Five minutes") : page.index("\n### The same for JSON")]


def played(text: str, folder: Path, kind: str = "console") -> Iterator[tuple[str, str]]:
    """Play the tutorial in a folder.

    Args:
        text: of the tutorial.
        folder: to write its files to, and to run its commands in.
        kind: of the blocks whose commands are run: ``console``, or ``session`` for those that need a database.

    Yields:
        Each block of a command as the page shows it, and as it is now.
    """
    for block in _BLOCK.finditer(text):
        if block["kind"] == kind:
            command = block["text"].partition("\n")[0]
            yield block["text"], f"{command}\n{_printed(command, folder)}"
        elif block["kind"] in {"text", "lark", "toml"} and (named := _FILE.search(block["before"])):
            (folder / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / named[1]).write_text(block["text"])


def _printed(command: str, folder: Path) -> str:
    before, _, words = command.removeprefix("$ ").partition("etl-actors ")
    sink = io.StringIO()
    with chdir(folder), _variables(before), redirect_stdout(sink), redirect_stderr(sink):
        main.execute(words.split())
    printed = sink.getvalue().replace(str(folder.resolve()), _PLACE)
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines())


@contextmanager
def _variables(assigned: str) -> Iterator[None]:
    """Set the variables that stand before a command."""
    given = dict(word.split("=", 1) for word in assigned.split())
    before = dict(os.environ)
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _write_anew() -> None:
    from etl_actors.store.migrate import migrate
    from tests.support.servers import running_server

    page = PAGE.read_text("utf-8")
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        name = server.create()
        migrate(server.admin_url(name))
        os.environ.pop("ETL_PARSERS", None)
        for kind in ("console", "session"):
            for shown, printed in played(tutorial(), Path(folder), kind):
                page = page.replace(f"```{kind}\n{shown}```", f"```{kind}\n{printed}```")
            os.environ |= {"ETL_PARSERS": f"{folder}/slips", "ETL_DATABASE_URL": server.admin_url(name)}
        server.drop(name)
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    _write_anew()
