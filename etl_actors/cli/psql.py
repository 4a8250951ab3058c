"""``etl-actors psql``: a shell on the database in use."""

import os
import shutil
import signal
import subprocess
from typing import Annotated, Any

import typer

from etl_actors.cli.context import invocation
from etl_actors.errors import EtlError

__all__ = ["psql"]


def psql(
    ctx: typer.Context,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGUMENT", help="Handed to psql as they are.", show_default=False)
    ] = None,
) -> None:
    """Open psql on the database in use; the embedded server runs as long as it is open."""
    from etl_actors.database_in_use import database_url
    from etl_actors.store.database import connect

    with database_url(invocation(ctx).settings()) as url:
        connect(url, role=None, application_name="etl-actors psql").close()  # psql would end with 2, which is wrong usage to us
        raise typer.Exit(_shell(url, arguments or []))


def _shell(url: str, arguments: list[str]) -> int:
    """Run psql and return its exit status."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    parts: dict[str, Any] = dict(conninfo_to_dict(url))
    password = parts.pop("password", None)
    # Everybody on the machine sees a process's arguments; its environment only its own user does.
    environ = os.environ if password is None else {**os.environ, "PGPASSWORD": str(password)}
    command = [_program(), "--dbname", make_conninfo(**parts), *arguments]
    # Ctrl-C is for psql: it cancels the statement, and must not end the server under it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with subprocess.Popen(command, env=environ, preexec_fn=_heed_interrupts) as shell:  # noqa: PLW1509  # no thread runs here
            return shell.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _program() -> str:
    """Find psql: the system's, else the one that comes with the embedded server.

    Raises:
        EtlError: there is neither.
    """
    found = shutil.which("psql")
    if found is not None:
        return found
    from etl_actors.embedded import psql_path

    try:
        return str(psql_path())
    except EtlError as exc:
        msg = "There is no psql on the PATH: install PostgreSQL's client, or etl-actors[embedded]."
        raise EtlError(msg) from exc
