"""The program as users run it: commands and daemons as processes."""

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from tests.support.forks import programs

__all__ = ["SLIPS", "environment", "etl", "named", "parsers_of", "running", "stage", "start", "wait_until"]

SLIPS = Path(__file__).parent.parent / "slips"

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START")


def environment(url: str, parsers: Path = SLIPS, **settings: object) -> dict[str, str]:
    """Return an environment in which `etl-actors` uses this database and these slips.

    Args:
        url: of the database.
        parsers: the folder of slips.
        settings: by name, such as ``batch_rows=97``; by default what no slip takes is rejected, which tells of slips more.
    """
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    given = {"database_url": url, "parsers": parsers, "http_port": "off", "log_format": "json", "unmatched": "reject"} | settings
    return kept | {f"ETL_{name.upper()}": str(value) for name, value in given.items()}


def etl(
    *words: object, env: Mapping[str, str], stdin: bytes = b"", timeout: float = 240, safe_path: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end: as a fork (see `forks`), or afresh where a variable is given that only a fresh process takes in.

    Args:
        words: the command line, without the program.
        env: see `environment`.
        stdin: what it reads.
        timeout: seconds.
        safe_path: keep the folder it is started in off its path, as the installed program does.
    """
    command = [str(_forked()), *(str(word) for word in words)]
    if safe_path or any(name not in _KEPT and not name.startswith("ETL_") for name in env):
        command = _command(*words)
        if safe_path:
            command.insert(1, "-P")
    done = subprocess.run(command, env=dict(env), input=stdin, capture_output=True, timeout=timeout, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@cache
def _forked() -> Path:
    """Run the server of forks until the tests end; return its program."""
    running_on = ExitStack()
    atexit.register(running_on.close)
    return running_on.enter_context(programs()) / "etl-actors"


def start(*words: object, env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a daemon in a process group of its own, its log appended to a file."""
    with log.open("ab") as sink:
        return subprocess.Popen(_command(*words), env=dict(env), stdout=sink, stderr=sink, start_new_session=True)


@contextmanager
def running(*words: object, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon for a while; it is drained at the end, and must end well."""
    daemon = start(*words, env=env, log=log)
    try:
        yield daemon
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0, log.read_text()
    finally:
        if daemon.poll() is None:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Look again and again until a condition holds; fail with a sentence after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:g} s"
        time.sleep(0.02)


def stage(url: str, documents: list[str], source: str = "notes_update") -> None:
    """Stage documents as a producer does, in one transaction."""
    with psycopg.connect(url) as conn, conn.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for document in documents:
            copy.write_row((source, document))


def named(log: Path, event: str) -> list[dict[str, Any]]:
    """Return the events of one name that a daemon has logged, but for a last line that it is still writing."""
    whole = log.read_text().rpartition("\n")[0]
    entries = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
    return [entry for entry in entries if entry["event"] == event]


def parsers_of(daemon: int) -> list[int]:
    """Return the process ids of a daemon's parsers."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if b"etl_actors.workers.process" in command and parent == daemon:
                found.append(int(folder.name))
    return found


def _command(*words: object) -> list[str]:
    return [sys.executable, "-m", "etl_actors", *(str(word) for word in words)]
