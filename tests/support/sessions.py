"""Sessions of the terminal, as the files of `tests/sessions` have them: played, and recorded.

``python -m tests.support.sessions [NAME…]`` records all of them, or those named, anew. The README beside them says how to write one.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from etl_actors import __version__
from etl_actors.store.migrate import migrate
from tests.support.forks import programs
from tests.support.servers import Server, running_server
from tests.support.steady import Steady

__all__ = ["SESSIONS", "Session", "play"]

SESSIONS = Path(__file__).parents[1] / "sessions"

_TOP = Path(__file__).parents[2]
_HOME = "/home/ann"  # stands for the folder that a session is played in
_WIDTH = 100  # columns
_EMPTY = "EMPTY_DATABASE_URL"
_UNREACHABLE = "postgresql://etl@127.0.0.1:1/etl"


@dataclass(frozen=True, slots=True)
class Step:
    """One command and what the terminal shows after it.

    Args:
        typed: the command as it is typed, a line or several, without the prompts.
        shown: output and exit status, without a line break at the end.
        gap: how many empty lines follow.
    """

    typed: tuple[str, ...]
    shown: str
    gap: int = 1

    @property
    def text(self) -> str:
        """As the file has it."""
        first, *more = self.typed
        lines = [f"$ {first}", *(f"> {line}".rstrip() for line in more), *filter(None, [self.shown])]
        return "\n".join(lines) + "\n" * (1 + self.gap)


@dataclass(frozen=True, slots=True)
class Session:
    """A file of `tests/sessions`.

    Args:
        head: what stands above the first command.
        steps: in order.
    """

    head: str
    steps: tuple[Step, ...]

    @classmethod
    def read(cls, text: str) -> "Session":
        """Read a file's text."""
        head: list[str] = []
        steps: list[tuple[list[str], list[str]]] = []
        for line in text.splitlines():
            if line.startswith("$ "):
                steps.append(([line[2:]], []))
            elif steps and not steps[-1][1] and (line == ">" or line.startswith("> ")):
                steps[-1][0].append(line[2:])
            else:
                (steps[-1][1] if steps else head).append(line)
        return cls("".join(f"{line}\n" for line in head), tuple(_step(typed, shown) for typed, shown in steps))

    @property
    def text(self) -> str:
        """As the file has it."""
        return self.head + "".join(step.text for step in self.steps).rstrip("\n") + "\n"


def _step(typed: list[str], lines: list[str]) -> Step:
    shown = "\n".join(lines).rstrip("\n")
    return Step(tuple(typed), shown, len(lines) - len(shown.splitlines()))


def play(session: Session, server: Server, template: str, bin_folder: Path) -> Session:
    """Play a session on a fresh database, in a fresh folder, and return it as it went.

    Args:
        session: whose commands are played.
        server: where its databases are made.
        template: a migrated database.
        bin_folder: with the program, see `forks`.
    """
    databases = [server.create(template)] + ([server.create()] if any(_EMPTY in step.text for step in session.steps) else [])
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(server, databases, folder, bin_folder)
        steady = Steady(_places(server, databases, folder))
        try:
            with _shell(environment, Path(folder)) as shell:
                return Session(
                    session.head,
                    tuple(Step(step.typed, steady.said(shell.shown(step.typed)), step.gap) for step in session.steps),
                )
        finally:
            for database in databases:
                server.drop(database)


def _environment(server: Server, databases: list[str], folder: str, bin_folder: Path) -> Mapping[str, str]:
    return {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "HOME": folder,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PGTZ": "UTC",
        "PAGER": "cat",
        "TERM": "dumb",
        "COLUMNS": str(_WIDTH),
        "ETL_DATABASE_URL": server.admin_url(databases[0]),
        _EMPTY: server.admin_url(databases[-1]),
        "AWAY_DATABASE_URL": _UNREACHABLE,
        "ETL_DATA_DIR": f"{folder}/data",
        "ETL_HTTP_PORT": "off",
        "ETL_WORKER_KIND": "thread",
    }


def _places(server: Server, databases: list[str], folder: str) -> Iterator[tuple[str, str]]:
    yield str(Path(folder).resolve()), _HOME
    yield folder, _HOME
    yield str(_TOP), "/opt/etl-actors"
    yield f"etl-actors {__version__}", "etl-actors 1.0.0"
    for database in databases:
        yield server.admin_url(database), "postgresql://etl@localhost/etl"
        yield database, "etl"
    if server.host:
        yield server.host, "localhost"


class _Shell:
    """A shell that keeps variables and folder from one command to the next.

    Args:
        process: bash, which reads commands.
        folder: for its files.
    """

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._typed, self._shown = folder / "typed", folder / "shown"

    def shown(self, typed: tuple[str, ...]) -> str:
        """Have a command run; return what it shows, and its exit status where that is not 0."""
        self._typed.write_text("\n".join(typed) + "\n", "utf-8")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f". {self._typed} < /dev/null > {self._shown} 2>&1; echo $?\n")
        self._process.stdin.flush()
        status = self._process.stdout.readline().strip()
        lines = [line.rstrip() for line in self._shown.read_text("utf-8").splitlines()]
        if status != "0":
            lines.append(f"[exit status {status}]")
        return "\n".join(lines).rstrip("\n")


@contextmanager
def _shell(environment: Mapping[str, str], home: Path) -> Iterator[_Shell]:
    with (
        tempfile.TemporaryDirectory() as files,
        subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            env=dict(environment),
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        yield _Shell(process, Path(files))
        assert process.stdin is not None
        # What still runs in the background holds the database.
        process.stdin.write("kill $(jobs -p) 2> /dev/null; wait\n")
        process.stdin.close()


def _record(names: list[str]) -> None:
    with running_server() as server, programs() as bin_folder:
        template = server.create()
        migrate(server.admin_url(template))
        for path in sorted(SESSIONS.glob("*.txt")):
            if not names or path.stem in names:
                played = play(Session.read(path.read_text("utf-8")), server, template, bin_folder)
                path.write_text(played.text, "utf-8")
                print(path.stem)
        server.drop(template)


if __name__ == "__main__":
    _record(sys.argv[1:])
