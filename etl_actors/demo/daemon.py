"""The daemon as a user starts it: another process, ended by SIGTERM."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from etl_actors.errors import EtlError
from etl_actors.events import DAEMON_STARTED
from etl_actors.resources import resource
from etl_actors.settings import Settings

__all__ = ["Daemon"]

_START_S = 30.0
_LOOK_S = 0.05
_SHOWN_LINES = 15


class Daemon(AbstractContextManager["Daemon"]):
    """A running ``etl-actors run`` with the bundled slips, and without HTTP.

    Args:
        settings: of the demonstration; the daemon gets the same workers, schema and drain time.
        url: of the database.
        sources: that it claims; no other's rows are touched.
    """

    def __init__(self, settings: Settings, url: str, sources: Collection[str]) -> None:
        self._drain_s = settings.drain_s
        self._environment = {key: value for key, value in os.environ.items() if key != "ETL_DATABASE_URL_FILE"} | {
            "ETL_DATABASE_URL": url,
            "ETL_PARSERS": str(resource("parsers")),
            "ETL_SOURCES": ",".join(sources),  # whatever else waits in the database in use is not the demonstration's
            "ETL_TARGET_SCHEMA": settings.target_schema,
            "ETL_WORKERS": str(settings.workers),
            "ETL_HTTP_PORT": "off",
            "ETL_LOG_FORMAT": "json",
            "ETL_LOG_LEVEL": "info",
        }

    def __enter__(self) -> Self:
        """Start it, and wait until it says that it is at work."""
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "etl_actors", "run"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is the demonstration's, which then ends the daemon in order
        )
        try:
            self._await_start()
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """End it, whatever happened."""
        self._clear()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise if it has ended.

        Raises:
            EtlError: with its status and the end of its log.
        """
        status = self._process.poll()
        if status is not None:
            msg = f"The daemon ended with status {status}; its log ends so:\n{self.last_lines()}"
            raise EtlError(msg)

    def stop(self) -> float:
        """Ask it to drain and end.

        Returns:
            The seconds that it took.

        Raises:
            EtlError: it ended with a status other than 0, or had to be killed.
        """
        begun = time.monotonic()
        status = self._end()
        if status != 0:
            msg = f"The daemon ended with status {status} after SIGTERM; its log ends so:\n{self.last_lines()}"
            raise EtlError(msg)
        return time.monotonic() - begun

    def _await_start(self) -> None:
        deadline = time.monotonic() + _START_S
        while DAEMON_STARTED not in self._told():
            self.check()
            if time.monotonic() > deadline:
                msg = f"The daemon did not start within {_START_S:.0f} seconds; its log ends so:\n{self.last_lines()}"
                raise EtlError(msg)
            time.sleep(_LOOK_S)

    def _clear(self) -> None:
        if self._process.poll() is None:
            self._end()
        self._log.close()

    def _end(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(self._drain_s + 10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _told(self) -> str:
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def last_lines(self) -> str:
        """Return the end of its log."""
        return "\n".join(self._told().splitlines()[-_SHOWN_LINES:])
