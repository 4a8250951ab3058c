"""Where the server of one data folder lives.

``DATA/postgres`` is ours: the lock, the leases, copied programs. ``DATA/postgres/server`` is the server's own, mode 700:
its cluster, its log, its socket. Where root runs the server as a user who cannot reach the data folder (``/root`` is
closed), `server` is a link to a folder under ``/var/lib/etl-actors`` that is named after the data folder.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from etl_actors.embedded.account import Account, of_owner, unprivileged
from etl_actors.errors import EtlError, UsageError

__all__ = ["PORT", "Place", "clear_socket", "control_folder", "is_made", "settle", "socket_folder"]

PORT = 5432  # only names the socket: nothing listens on the network
_ELSEWHERE = Path("/var/lib/etl-actors")
_SOCKET = f".s.PGSQL.{PORT}"
_SOCKET_PATH_LIMIT = 107  # bytes: sockaddr_un holds 108 with the final NUL
_TEMPORARY = "etl-actors-"
# A comma separates folders for both libpq and the server, a percent sign is an escape in URLs and in ini files.
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one server, and who runs it.

    Args:
        server: the account's own folder, resolved, mode 700.
        programs: where programs are copied to; the account can reach it and only we can write.
        account: the owner of `server`.
    """

    server: Path
    programs: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """Name PostgreSQL's data directory."""
        return self.server / "cluster"

    @property
    def log(self) -> Path:
        """Name the file that the server logs to."""
        return self.server / "server.log"


def control_folder(data_dir: Path) -> Path:
    """Make or check our folder in the data folder.

    Raises:
        UsageError: the name holds a line break, which PostgreSQL's pid file has no way to tell from its own.
        EtlError: the folder is not ours.
    """
    folder = data_dir.expanduser().resolve() / "postgres"
    if "\n" in str(folder):
        message = f"The data folder's name holds a line break: {str(data_dir)!r}."
        raise UsageError(message)
    # Root's server runs as another user, who must pass through.
    folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        owner = Account(folder.stat().st_uid, 0).name
        message = f"The folder {folder} belongs to {owner}: run as that user, or name another ETL_DATA_DIR."
        raise EtlError(message)
    return folder


def is_made(data_dir: Path) -> bool:
    """Tell whether a server was ever started in a data folder."""
    return os.path.lexists(data_dir.expanduser() / "postgres" / "server")


def settle(control: Path) -> Place:
    """Find, or on the first start choose and make, the folder of the server. Call it under the lock only.

    Args:
        control: our folder in the data folder.

    Raises:
        EtlError: the server's user cannot reach any place.
    """
    known = control / "server"
    account = _account(known)
    home = control if account.reaches(control) else _elsewhere(control, account)
    if not known.exists():
        with suppress(FileExistsError):
            (home / "server").mkdir(mode=0o700)
        if home != control:
            known.unlink(missing_ok=True)
            known.symlink_to(home / "server")
    server = known.resolve()
    if server.stat().st_uid == os.geteuid():
        account.give(server)
    if not account.reaches(server):
        message = f"The user {account.name}, who runs the embedded database, cannot reach {server}: name another ETL_DATA_DIR."
        raise EtlError(message)
    return Place(server, home / "programs", account)


def _account(known: Path) -> Account:
    """Whose the server's folder is runs it, for a user named postgres may have appeared since it was made."""
    if not known.exists() or known.stat().st_uid == 0:  # root's own is one that was made and not given away yet
        return unprivileged()
    return of_owner(known.resolve())


def _elsewhere(control: Path, account: Account) -> Path:
    # Named after the data folder, so that the same one is found again if the link was lost.
    home = _ELSEWHERE / hashlib.sha256(os.fsencode(control)).hexdigest()[:16]
    try:
        for folder in (_ELSEWHERE, home):
            with suppress(FileExistsError):
                folder.mkdir()
                folder.chmod(0o711)
    except OSError as exc:
        message = (
            f"The user {account.name}, who runs the embedded database for root, cannot reach {control}, "
            f"and {home} cannot be made ({exc.strerror}): name an ETL_DATA_DIR that {account.name} can reach."
        )
        raise EtlError(message) from exc
    if any(folder.is_symlink() or folder.stat().st_uid != os.geteuid() for folder in (_ELSEWHERE, home)):
        message = f"{home} is not a folder of root's: remove it, or name an ETL_DATA_DIR that the user {account.name} can reach."
        raise EtlError(message)
    return home


def socket_folder(place: Place) -> Path:
    """Make a folder for the socket that only the server's user (and root) can enter.

    It is within the server's own folder if that path is plain and short enough, and else a new one with a name that
    nobody can foresee in a folder for temporary files.

    Raises:
        EtlError: no folder has a path that is short enough.
    """
    own = place.server / "socket"
    if _fits(own):
        place.account.run("mkdir", "-p", "-m", "700", "--", own)
        clear_socket(place, own)
        return own
    for parent in _temporary():
        if _fits(parent / f"{_TEMPORARY}12345678") and place.account.reaches(parent):
            folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=parent))
            place.account.give(folder)
            return folder
    message = f"There is no folder for the server's socket: {place.server} is too long, and so is the folder for temporary files."
    raise EtlError(message)


def clear_socket(place: Place, folder: Path) -> None:
    """Remove what a server left in its socket folder, and the folder too if it was a temporary one.

    A killed server leaves its socket, and a lock on it that names its pid. The server's user removes them: the folder's
    name comes from a file of that user's, so that it can mislead us to nothing which that user may not do anyway.
    """
    is_temporary = folder.name.startswith(_TEMPORARY)
    if is_temporary or folder == place.server / "socket":
        place.account.run("rm", "-f", "--", folder / _SOCKET, folder / f"{_SOCKET}.lock")
    if is_temporary:
        place.account.run("rmdir", "--", folder)


def _temporary() -> Iterator[Path]:
    yield Path(tempfile.gettempdir()).resolve()
    yield Path("/tmp")  # noqa: S108 - only the parent of a folder made by mkdtemp
    yield Path("/var/tmp")  # noqa: S108 - as above


def _fits(folder: Path) -> bool:
    path = str(folder / _SOCKET)
    return len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT and _PLAIN.fullmatch(path) is not None
