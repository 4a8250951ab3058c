"""The HTTP server: uvicorn in a thread of its own, on a socket that is bound before the thread starts."""

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Iterator

import structlog
import uvicorn
from starlette.types import ASGIApp

from etl_actors import events
from etl_actors.errors import EtlError
from etl_actors.http.app import application
from etl_actors.http.health import HealthState
from etl_actors.settings import Settings

__all__ = ["HttpServer", "serve"]

log = structlog.get_logger()

_START_S = 10.0
_STOP_S = 5.0
_FINISH_S = 2  # that requests under way have, once it stops


@contextlib.contextmanager
def serve(settings: Settings, health: HealthState) -> Iterator[None]:
    """Serve the daemon's HTTP as long as the block runs; nothing where it is turned off.

    Raises:
        EtlError: the address cannot be had.
    """
    if settings.http_port is None:
        yield
        return
    server = HttpServer(settings.http_host, settings.http_port, application(health))
    server.start()
    try:
        yield
    finally:
        server.stop()


class HttpServer:
    """Serves one application.

    Args:
        host: name or address to listen on.
        port: to listen on; 0 takes one that is free, which `port` then tells.
        app: what answers.
    """

    def __init__(self, host: str, port: int, app: ASGIApp) -> None:
        self.host = host
        self.port = port
        # The main thread's signals stay ours: uvicorn takes them only where it runs in that thread.
        self._server = _Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=_FINISH_S, ws="none")
        )
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and return once requests are answered.

        Raises:
            EtlError: the address cannot be had, or the server does not come up.
        """
        self._socket = _bound(self.host, self.port)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run_on, args=(self._socket,), name="http", daemon=True)
        self._thread.start()
        if not self._server.answers.wait(_START_S) or not self._server.started:
            self.stop()
            msg = f"The HTTP server on {self.host}:{self.port} did not start; ETL_HTTP_PORT=off does without."
            raise EtlError(msg)
        log.info(events.HTTP_STARTED, host=self.host, port=self.port)

    def stop(self) -> None:
        """Finish the requests under way and listen no more; nothing where it does not run."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_STOP_S)
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _Server(uvicorn.Server):
    """Uvicorn's server, which says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = threading.Event()

    def run_on(self, listener: socket.socket) -> None:
        """Run until told to exit."""
        try:
            self.run([listener])
        finally:
            self.answers.set()  # whoever waits for the start learns of a failed one

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self.answers.set()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as exc:
        msg = f"The HTTP server cannot listen on {host!r}, which is no address of this machine: {exc}. Set ETL_HTTP_HOST."
        raise EtlError(msg) from exc
    try:
        # Else a restart within a minute finds the port taken by connections of the last run.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as exc:
        listener.close()
        raise EtlError(_refusal(exc, host, port)) from exc
    return listener


def _refusal(exc: OSError, host: str, port: int) -> str:
    match exc.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is in use: set ETL_HTTP_PORT to another, or to off."
        case errno.EACCES:
            return f"Port {port} on {host} is not for an ordinary user: set ETL_HTTP_PORT to one above 1023, or to off."
        case errno.EADDRNOTAVAIL:
            return f"The HTTP server cannot listen on {host}, which is no address of this machine: set ETL_HTTP_HOST."
        case number:
            return f"The HTTP server cannot listen on {host}:{port}: {os.strerror(number or 0)}."
