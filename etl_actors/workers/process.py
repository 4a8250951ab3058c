"""The parser process: ``python -m etl_actors.workers.process PIPE PROGRESS``, started by `ProcessWorker` and nobody else.

The database's URL comes through the pipe, since every user of a machine can read its processes' arguments.
"""

import contextlib
import ctypes
import mmap
import signal
import socket
import sys

from etl_actors.errors import EtlError
from etl_actors.slips.expressions.expression import get_ready
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import connect, translated
from etl_actors.store.staging import fetched
from etl_actors.workers.base import Failure
from etl_actors.workers.batch import BatchParser
from etl_actors.workers.pipe import Pipe

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main(pipe_fd: int, progress_fd: int) -> None:
    """Answer jobs until the pipe closes, or until one fails: the last answer is then the failure.

    Nothing is printed: the daemon's log is where a failure is told, scrubbed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the daemon says when to end
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with Pipe(socket.socket(fileno=pipe_fd)) as pipe:
        _serve(pipe, progress_fd)


def _serve(pipe: Pipe, progress_fd: int) -> None:
    answer: EtlError | Failure
    try:
        _answer(pipe, progress_fd)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # nobody is there to be answered any more
    except EtlError as exc:
        answer = exc
    except BaseException as exc:  # noqa: BLE001  # it goes on in the actor, as it would have done in a thread
        answer = Failure.of(exc)
    with contextlib.suppress(Exception):  # the end of the process is an answer too
        pipe.send(answer)


def _answer(pipe: Pipe, progress_fd: int) -> None:
    row = memoryview(mmap.mmap(progress_fd, 8)).cast("q")
    url, target_schema, permission = pipe.recv()

    def progress(row_id: int) -> None:
        row[0] = row_id

    with connect(url, application_name="etl-actors parser") as conn:
        growing = Breakouts(conn, target_schema, permission)
        parser = BatchParser(lambda row_ids: fetched(conn, row_ids), target_schema, progress, growing)
        pipe.send(None)
        get_ready()  # while nobody waits: the first batch would
        while True:
            job = pipe.recv()
            with translated(url):
                parsed = parser.parse(job)
            pipe.send(parsed)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
