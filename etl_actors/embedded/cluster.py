"""PostgreSQL's data directory: made whole or not at all, and refused where another major version made it."""

import shutil
from pathlib import Path

from etl_actors.embedded.binaries import Binaries
from etl_actors.embedded.failures import from_output
from etl_actors.embedded.place import Place
from etl_actors.errors import EtlError

__all__ = ["SUPERUSER", "ensure"]

SUPERUSER = "postgres"
_SETTINGS = Path(__file__).with_name("settings.conf")
_BUILTIN_LOCALES = 17  # the first version that brings C.UTF-8 itself


def ensure(place: Place, binaries: Binaries, version: int, *, throwaway: bool) -> None:
    """Make the cluster if there is none. Call it under the lock only.

    Args:
        place: where.
        binaries: what makes it.
        version: the major version of `binaries`.
        throwaway: do not wait for the disk.

    Raises:
        EtlError: `initdb` failed, or the cluster there is not of this version.
    """
    if place.cluster.exists():
        _check_version(place.cluster, version)
        return
    # A first start that was interrupted leaves a half-made folder under another name: the rename is the last step.
    half = place.server / "cluster.new"
    if half.exists():
        shutil.rmtree(half)
    _initdb(place, binaries, half, version, throwaway=throwaway)
    _settings(place, half)
    half.rename(place.cluster)


def _check_version(cluster: Path, version: int) -> None:
    try:
        found = (cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        message = f"{cluster} holds no PostgreSQL cluster: remove it, or name another ETL_DATA_DIR."
        raise EtlError(message) from None
    if found != str(version):
        message = (
            f"The embedded database in {cluster} was made by PostgreSQL {found}, and this is PostgreSQL {version}: "
            "name another ETL_DATA_DIR, and move the data with pg_dump and pg_restore."
        )
        raise EtlError(message)


def _initdb(place: Place, binaries: Binaries, folder: Path, version: int, *, throwaway: bool) -> None:
    # Trust is safe: only the server's user and root can enter the socket's folder, and nothing listens on the network.
    command: list[str | Path] = [binaries["initdb"], "-D", folder, "-U", SUPERUSER, "-E", "UTF8"]
    command += ["--auth-local=trust", "--auth-host=reject"]
    if throwaway:
        command += ["--no-sync", "--wal-segsize=1"]  # MB: 15 less to write
    done = place.account.run(*command, *_locale("C.UTF-8", version))
    if "invalid locale" in done.stderr:  # the system has none of that name: the order is the same, upper() knows ASCII only
        done = place.account.run(*command, *_locale("C", version))
    if done.returncode != 0:
        what = f"The embedded database could not be made in {place.server}"
        raise from_output(what, place.server, done.stderr or "initdb failed")


def _locale(name: str, version: int) -> tuple[str, ...]:
    if version >= _BUILTIN_LOCALES:
        return ("--locale-provider=builtin", f"--builtin-locale={name}", "--locale=C")
    return (f"--locale={name}", "--lc-messages=C")


def _settings(place: Place, folder: Path) -> None:
    # Written by the server's user: in a folder that is not ours, root would follow a link planted there.
    text = _SETTINGS.read_text(encoding="utf-8")
    done = place.account.run("/bin/sh", "-c", 'cat >>"$1"', "sh", folder / "postgresql.conf", text=text)
    if done.returncode != 0:
        raise from_output("The settings of the embedded database could not be written", place.server, done.stderr)
