"""The database in use: the one that the settings name, or the embedded one."""

import contextlib
from collections.abc import Iterator

from etl_actors.embedded import acquire, is_made
from etl_actors.errors import EtlError
from etl_actors.settings import Settings

__all__ = ["at_hand", "database_url", "revive_embedded"]


@contextlib.contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """Yield the URL of the database in use: the one named, or the embedded server's, which runs as long as it is held.

    Raises:
        EtlError: no database is named and the embedded one is not installed, or cannot be started.
    """
    named = settings.database_url.get_secret_value()
    if named:
        yield named
        return
    with acquire(settings.data_dir) as lease:
        yield lease.url


def at_hand(settings: Settings) -> bool:
    """Tell whether there is a database to be asked: one is named, or the embedded one was made. Nothing is made or started."""
    return bool(settings.database_url.get_secret_value()) or is_made(settings.data_dir)


def revive_embedded(settings: Settings) -> None:
    """Start the embedded server again if it is the database in use and has died; a named database is not ours to start."""
    if settings.database_url.get_secret_value():
        return
    # To hold it once more is to start it; whoever holds it already keeps it running. What cannot be done now is tried again.
    with contextlib.suppress(EtlError), acquire(settings.data_dir):
        pass
