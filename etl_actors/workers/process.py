"""The parser process: ``python -m etl_actors.workers.process PIPE PROGRESS``, started by `ProcessWorker` and nobody else.

The database's URL comes through the pipe, since every user of a machine can read its processes' arguments.
"""

import ctypes
import mmap
import signal
import struct
import sys
from multiprocessing.connection import Connection

from etl_actors.errors import EtlError
from etl_actors.store.database import connect, translated
from etl_actors.store.staging import fetch
from etl_actors.workers.batch import BatchParser

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main(pipe_fd: int, progress_fd: int) -> None:
    """Answer jobs until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the daemon says when to end
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    pipe: Connection = Connection(pipe_fd)
    row = mmap.mmap(progress_fd, 8)
    url, target_schema = pipe.recv()

    def progress(row_id: int) -> None:
        struct.pack_into("=q", row, 0, row_id)

    try:
        with connect(url, application_name="etl-actors parser") as conn:
            parser = BatchParser(lambda row_ids: fetch(conn, row_ids), target_schema, progress)
            pipe.send(None)
            while True:
                job = pipe.recv()
                with translated(url):
                    pipe.send(parser.parse(job))
    except EOFError:
        return
    except EtlError as exc:
        pipe.send(exc)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
