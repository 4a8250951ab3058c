"""As whom the server runs: as we do, or, since PostgreSQL refuses root, as an unprivileged user that exists already."""

import errno
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from etl_actors.errors import EtlError

__all__ = ["Account", "of_owner", "unprivileged"]

_CANDIDATES = ("postgres", "nobody")
_NOT_RUN = 126  # as shells say it
# Nothing of our environment reaches the server: PGDATA, PGOPTIONS, TZ or LD_LIBRARY_PATH would each change it.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Account:
    """A user and a group, by number.

    Args:
        uid: the user.
        gid: the only group: no other one is kept.
    """

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """Name the user as people know it."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    @property
    def is_other(self) -> bool:
        """Tell whether the server runs as another user than we do."""
        return self.uid != os.geteuid()

    def run(self, *argv: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as this user, in a session of its own, from ``/``.

        Args:
            argv: the command and its arguments.
            text: its standard input.

        Returns:
            What it printed and how it ended; it is for the caller to judge.

        Raises:
            EtlError: this process may not become that user.
        """
        command = [os.fspath(part) for part in argv]
        user, group, groups = (self.uid, self.gid, ()) if self.is_other else (None, None, None)
        try:
            # A session of its own: Ctrl-C in our terminal must not reach the server.
            return subprocess.run(
                command,
                input=text,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                cwd="/",
                env=_ENVIRONMENT,
                umask=0o077,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=groups,
            )
        except (PermissionError, FileNotFoundError) as exc:
            if exc.errno == errno.EPERM and self.is_other:  # a program that may not be run is EACCES
                message = f"This root may not become the user {self.name}: run as an ordinary user, or set ETL_DATABASE_URL."
                raise EtlError(message) from exc
            return subprocess.CompletedProcess(command, _NOT_RUN, "", f"{command[0]}: {exc.strerror}")

    def reaches(self, folder: Path) -> bool:
        """Try whether this user can pass into a folder; modes alone do not tell (access lists, mounts)."""
        return self.run("/bin/sh", "-c", 'cd -- "$1"', "sh", folder).returncode == 0

    def give(self, path: Path) -> None:
        """Make this user the owner of a path; a link is not followed."""
        if self.is_other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def unprivileged() -> Account:
    """Choose the user for a new server: ourselves, or for root the first of `postgres` and `nobody` that exists.

    Raises:
        EtlError: we are root, and neither exists.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    message = (
        "PostgreSQL refuses to run as root, and no user is named postgres or nobody: run as another, or set ETL_DATABASE_URL."
    )
    raise EtlError(message)


def of_owner(folder: Path) -> Account:
    """Give the user who owns a server's folder, and so runs it: a user named postgres may have appeared since.

    Raises:
        EtlError: it is somebody else, and we are not root.
    """
    status = folder.stat()
    account = Account(status.st_uid, status.st_gid)
    if account.is_other and os.geteuid() != 0:
        message = f"The embedded database in {folder} belongs to {account.name}: run as that user, or name another ETL_DATA_DIR."
        raise EtlError(message)
    return account
