"""A worker in a process of its own: a second core, and a wall between a bad row and the daemon."""

import contextlib
import mmap
import os
import struct
import subprocess
import sys
import time
from typing import Any

from etl_actors.errors import EtlError, WorkerLost
from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.store.breakout.permission import Permission
from etl_actors.workers.base import UNREADY, Failure, Job, WorkerFailed
from etl_actors.workers.ending import ending
from etl_actors.workers.pipe import Pipe

__all__ = ["ProcessWorker"]

_LEARNING_S = 60.0  # for each slip of a role; it took less when it was proven, or it would not be in force
_ENDING_S = 5.0  # between the end of its pipe and its own; ended by us before, it would look killed


class ProcessWorker:
    """Runs `etl_actors.workers.process`, watches which row it is on, and kills it when a row hangs.

    Args:
        url: of the database; the process opens a connection of its own.
        target_schema: where tables go whose slip names no schema.
        row_timeout_s: seconds that one row may take.
        permission: what documents may make of tables by themselves.
    """

    def __init__(self, url: str, target_schema: str, row_timeout_s: float, permission: Permission | None = None) -> None:
        self._hello = (url, target_schema, permission or Permission())
        self._row_timeout_s = row_timeout_s
        # Shared memory that nobody else can open: the process writes the id of the row it is on.
        self._progress_fd = os.memfd_create("etl-actors-progress", os.MFD_CLOEXEC)
        os.ftruncate(self._progress_fd, 8)
        self._progress = mmap.mmap(self._progress_fd, 8)
        try:
            self._start()
        except BaseException:  # nobody has this worker yet, to close it
            self._let_go()
            raise

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def parse(self, job: Job) -> Parsed | Routed:
        """Parse the job; see `Worker`."""
        if self._process.poll() is not None:
            self._end()
            self._start()
        self._note(0)  # what it was on in its last batch is no matter
        result: Parsed | Routed = self._ask(job, _LEARNING_S * max(1, len(job.role.slips)))
        return result

    def close(self) -> None:
        """End the process; it holds nothing that could be lost."""
        self._end()
        self._let_go()

    def _let_go(self) -> None:
        self._progress.close()
        os.close(self._progress_fd)

    def _start(self) -> None:
        self._note(0)
        self._pipe, theirs = Pipe.pair()
        self._pipe.limit(self._row_timeout_s)
        with theirs:  # kept open here, the end of the process would not be the end of the pipe
            try:
                self._process = subprocess.Popen(
                    # -P: what lies in the folder that the daemon was started in must not be imported
                    [sys.executable, "-P", "-m", "etl_actors.workers.process", str(theirs.fileno()), str(self._progress_fd)],
                    pass_fds=(theirs.fileno(), self._progress_fd),
                    stdin=subprocess.DEVNULL,
                    process_group=0,  # Ctrl-C in the terminal is the daemon's to hear: it says when to end
                )
            except BaseException:
                self._pipe.close()
                raise
        self._ask(self._hello, _LEARNING_S)

    def _ask(self, message: object, learning_s: float) -> Any:
        try:
            self._pipe.send(message)
            self._await(learning_s)
            answer = self._pipe.recv()
        except (EOFError, OSError) as exc:
            raise self._lost() from exc
        if isinstance(answer, EtlError):
            self._end()
            raise answer
        if isinstance(answer, Failure):
            self._end()
            raise WorkerFailed(answer)
        return answer

    def _lost(self) -> WorkerLost:
        """Say how the process ended, and where; it has let go of its pipe, which it does as it ends."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)
        on = self._row()
        self._end()
        where = f" on row {on}" if on > 0 else ""
        reason = "worker_killed" if on else UNREADY
        return WorkerLost(f"parser process {self.pid} {ending(self._process.returncode)}{where}", max(on, 0), reason)

    def _await(self, learning_s: float) -> None:
        """Wait for an answer; kill the process when it stays on one row for too long, or gets to none."""
        began, before = time.monotonic(), self._row()
        while not self._pipe.poll(self._row_timeout_s):
            now = self._row()
            if now > 0 and now == before:
                self._end()
                msg = f"row {now} kept parser process {self.pid} busy for more than {self._row_timeout_s:g} s"
                raise WorkerLost(msg, now, "row_timeout")
            if now == 0 and time.monotonic() - began > learning_s:
                self._end()
                msg = f"parser process {self.pid} had not learned its slips after {learning_s:g} s and was ended"
                raise WorkerLost(msg, 0, UNREADY)
            before = now

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._pipe.close()

    def _row(self) -> int:
        return int(struct.unpack_from("=q", self._progress, 0)[0])

    def _note(self, row_id: int) -> None:
        struct.pack_into("=q", self._progress, 0, row_id)
