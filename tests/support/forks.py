"""The program `etl-actors`, started in milliseconds: each command is a fork of one process that has imported everything.

A fork is a process of its own in all that a command can see: environment, folder, files, signals, exit status. What it is spared is
the second that imports take.

``python -m tests.support.forks SOCKET`` is that process; `forks` starts it, and `asking.py` is what asks it.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["forks", "programs"]

_TOP = Path(__file__).parents[2]
_ASKING = Path(__file__).with_name("asking.py")


@contextmanager
def forks(folder: Path) -> Iterator[Path]:
    """Run the server of forks.

    Args:
        folder: an empty one, of which nobody else knows.

    Yields:
        A folder for the PATH, with the program `etl-actors` in it.
    """
    place, bin_folder = folder / "socket", folder / "bin"
    bin_folder.mkdir()
    program = bin_folder / "etl-actors"
    program.write_text(f"#!{sys.executable} -IS\nPLACE = {str(place)!r}\n{_ASKING.read_text('utf-8')}", "utf-8")
    program.chmod(0o755)
    command = [sys.executable, "-m", "tests.support.forks", str(place)]
    # It ends with its standard input: also when the tests are killed.
    with subprocess.Popen(command, cwd=_TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        yield bin_folder
        assert server.stdin is not None
        server.stdin.close()


@contextmanager
def programs() -> Iterator[Path]:
    """Run the server of forks in a folder of its own; yield the folder with the program."""
    with tempfile.TemporaryDirectory() as folder, forks(Path(folder)) as bin_folder:
        yield bin_folder


def _serve(place: str) -> socket.socket:
    """Fork for each connection, and return in the fork."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries forks, nobody waits for them
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        listener.bind(place)
        listener.listen()
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            if any(key.fileobj is sys.stdin for key, _ in selector.select()):
                raise SystemExit
            connection, _ = listener.accept()
            if os.fork() == 0:
                return connection
            connection.close()


def _become(connection: socket.socket) -> None:
    """Return in a process that is the program as it was asked for; beside it, one waits for its end and tells of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    asked: dict[str, Any] = json.loads(connection.makefile().readline())
    child = os.fork()
    if child:
        connection.sendall(f"{child}\n".encode())
        _, ended = os.waitpid(child, 0)
        connection.sendall(f"{os.waitstatus_to_exitcode(ended)}\n".encode())
        os._exit(0)
    for to, file in enumerate(files):
        os.dup2(file, to)
        os.close(file)
    connection.close()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # the one we had has met its end
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # as at a terminal
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["etl-actors", *asked["arguments"]]


def _import_all() -> None:
    import etl_actors

    for module in pkgutil.walk_packages(etl_actors.__path__, "etl_actors."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _main() -> NoReturn:
    ended = [1]
    atexit.register(lambda: _end(ended[0]))  # the first to be registered is the last to be called
    _import_all()
    gc.freeze()  # a fork would touch, and so copy, all that was imported, to find at its end that none of it is garbage
    _become(_serve(sys.argv[1]))
    from etl_actors.cli.main import main

    try:
        main()
    except SystemExit as exc:
        ended[0] = exc.code if isinstance(exc.code, int) else 0
        raise


def _end(status: int) -> None:
    """End before Python takes all apart that was imported, which takes longer than most commands."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    _main()
