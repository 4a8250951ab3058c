"""The running server: read from its pid file, started, waited for, stopped."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from etl_actors.embedded import processes
from etl_actors.embedded.binaries import Binaries
from etl_actors.embedded.cluster import SUPERUSER
from etl_actors.embedded.failures import from_output
from etl_actors.embedded.place import PORT, Place, clear_socket, socket_folder
from etl_actors.errors import EtlError

__all__ = ["DATABASE", "Postmaster", "running", "start", "stop"]

DATABASE = "etl"
_START_LIMIT_S = 300.0  # recovery after a crash reads up to max_wal_size of log
_STOP_LIMIT_S = 120.0  # the checkpoint at the end
_ORPHANS_LIMIT_S = 15.0  # backends of a server that was killed see its death when they next wait
_DYING_LIMIT_S = 5.0
_POLL_S = 0.02
_RETRY_S = 0.2
_ORPHANS = "still in use"  # what a new server says of the shared memory that they hold
_LOG_LIMIT_BYTES = 10 * 1024 * 1024
_NO_PID = 4_194_305  # one more than the kernel ever gives out
# The server outlives this shell, so that no process of ours is its parent and none has to reap it.
_DETACH = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
_BURY = 'pid=$1; file=$2; { echo "$pid"; tail -n +2 "$file"; } >"$file.new" && mv -f "$file.new" "$file"'


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What ``postmaster.pid`` says.

    Args:
        pid: of the server's first process.
        socket: the folder of its socket; ``.`` as long as there is none.
        status: `starting`, `ready` or `stopping`.
    """

    pid: int
    socket: Path
    status: str


def running(cluster: Path) -> Postmaster | None:
    """Find the server that runs on a cluster, whoever started it."""
    found = _pid_file(cluster)
    return found if found and _is_server(found.pid, cluster) else None


def start(place: Place, binaries: Binaries, *, throwaway: bool) -> Postmaster:
    """Start the server, or join one that runs already, and wait until it answers. Call it under the lock only.

    Args:
        place: where the cluster is.
        binaries: what to start.
        throwaway: write without waiting for the disk: a crash of the machine destroys the cluster.

    Raises:
        EtlError: it did not start; the text has the server's reason.
    """
    found = running(place.cluster)
    if found is not None and found.status == "stopping":
        _wait_for_end(found, place)
        found = None
    if found is not None:
        try:
            return _joined(place, binaries)
        except EtlError:
            # It was being killed, as its closed socket shows a moment before its end does.
            if not _until(lambda: running(place.cluster) is None, _DYING_LIMIT_S):
                raise
    _bury(place)
    _launch(place, binaries, throwaway=throwaway)
    return _joined(place, binaries)


def stop(place: Place) -> None:
    """Stop the server if it runs, breaking off its clients' transactions, and wait until it ended.

    Raises:
        EtlError: it did not end in time.
    """
    found = _pid_file(place.cluster)
    if found is None:
        return
    if _is_server(found.pid, place.cluster):
        os.kill(found.pid, signal.SIGINT)  # a fast shutdown
        _wait_for_end(found, place)
    clear_socket(place, found.socket)


def _wait_for_end(found: Postmaster, place: Place) -> None:
    if not _until(lambda: not _is_server(found.pid, place.cluster), _STOP_LIMIT_S):
        message = f"The embedded database did not stop within {_STOP_LIMIT_S:.0f} s; its log is {place.log}."
        raise EtlError(message)


def _pid_file(cluster: Path) -> Postmaster | None:
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    except FileNotFoundError:
        return None
    # pid, data directory, start time, port, socket folder, host, shared memory, status; the later ones come as it starts
    lines += [""] * (8 - len(lines))
    pid, _, _, _, socket, _, _, status = lines[:8]
    if not pid.strip().isdigit():
        return None
    return Postmaster(int(pid), Path(socket), status.strip() or "starting")


def _is_server(pid: int, cluster: Path) -> bool:
    """Tell whether a pid is the server's: after a crash the number in the pid file may be anybody's."""
    if processes.started(pid) is None:
        return False
    command = processes.command(pid)
    return bool(command) and Path(os.fsdecode(command[0])).name == "postgres" and os.fsencode(cluster) in command


def _bury(place: Place) -> None:
    """Clear away what a killed server left: its socket, and its claim on a pid that may be somebody else's by now.

    A new server would refuse to start beside any live process of its user under that pid, a zombie too. The pid file
    itself stays: it names the shared memory by which the new server sees that backends of the killed one still run, beside
    which it would destroy the data. Only the pid is replaced, by one that nobody has.
    """
    left = _pid_file(place.cluster)
    if left is not None:
        clear_socket(place, left.socket)
        place.account.run("/bin/sh", "-c", _BURY, "sh", str(_NO_PID), place.cluster / "postmaster.pid")


def _launch(place: Place, binaries: Binaries, *, throwaway: bool) -> None:
    if place.log.exists() and place.log.stat().st_size > _LOG_LIMIT_BYTES:
        place.log.rename(place.log.with_suffix(".log.old"))
    socket = socket_folder(place)
    settings = ["listen_addresses=", f"unix_socket_directories={socket}", "unix_socket_permissions=0700", f"port={PORT}"]
    if throwaway:
        settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    options = [part for setting in settings for part in ("-c", setting)]
    command: tuple[str | Path, ...] = (
        "/bin/sh",
        "-c",
        _DETACH,
        "sh",
        place.log,
        binaries["postgres"],
        "-D",
        place.cluster,
        *options,
    )
    deadline = time.monotonic() + _ORPHANS_LIMIT_S
    while True:
        before = place.log.stat().st_size if place.log.exists() else 0
        done = place.account.run(*command)
        if _came_up(place, int(done.stdout or 0)):
            return
        said = _logged_since(place.log, before) or done.stderr
        if _ORPHANS not in said or time.monotonic() > deadline:
            clear_socket(place, socket)
            raise from_output(f"The embedded database did not start (its log is {place.log})", place.server, said)
        time.sleep(_RETRY_S)


def _came_up(place: Place, pid: int) -> bool:
    """Wait until the server that was just started is ready, or ended."""

    def is_ready() -> bool:
        found = running(place.cluster)
        return found is not None and found.status == "ready"

    _until(lambda: is_ready() or processes.started(pid) is None, _START_LIMIT_S)
    return is_ready()


def _joined(place: Place, binaries: Binaries) -> Postmaster:
    ready = _ready(place)
    _create_database(place, binaries, ready)
    return ready


def _ready(place: Place) -> Postmaster:
    found: Postmaster | None = None

    def decided() -> bool:
        nonlocal found
        found = running(place.cluster)
        return found is None or found.status == "ready"

    _until(decided, _START_LIMIT_S)
    if found is None or found.status != "ready":
        message = f"The embedded database did not become ready; its log is {place.log}."
        raise EtlError(message)
    return found


def _create_database(place: Place, binaries: Binaries, ready: Postmaster) -> None:
    at = ("-h", str(ready.socket), "-p", str(PORT), "-U", SUPERUSER)
    done = place.account.run(binaries["createdb"], *at, "--maintenance-db=postgres", "--template=template0", DATABASE)
    if done.returncode != 0 and "already exists" not in done.stderr:
        raise from_output(f"The database {DATABASE} could not be made", place.server, done.stderr)


def _logged_since(log: Path, offset: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode("utf-8", "replace")


def _until(condition: Callable[[], bool], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
