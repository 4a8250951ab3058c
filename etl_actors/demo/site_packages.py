"""Where Python distributions are installed on this machine."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["MAX_FOLDERS", "site_packages"]

MAX_FOLDERS = 100
_SITE = "lib/python*/site-packages"
_OF_HOME = (
    f".pyenv/versions/*/{_SITE}",
    f".virtualenvs/*/{_SITE}",
    f".local/{_SITE}",
    f".local/share/pipx/venvs/*/{_SITE}",
    f".local/share/uv/tools/*/{_SITE}",
)
_OF_SYSTEM = (
    "usr/lib/python3/dist-packages",
    "usr/local/lib/python3*/dist-packages",
    "usr/local/lib/python3*/site-packages",
    f"opt/*/{_SITE}",
)


def site_packages() -> tuple[Path, ...]:
    """Return the folders that distributions are installed in, those of this process first.

    Nothing is searched in depth: besides ``sys.path`` only the usual places of other Pythons and virtual environments.

    Returns:
        At most `MAX_FOLDERS` folders, each once, in the same order each time.
    """
    found: dict[Path, None] = {}
    for folder in _candidates():
        if len(found) == MAX_FOLDERS:
            break
        found.setdefault(folder)
    return tuple(found)


def _candidates() -> Iterator[Path]:
    yield from _folders(Path(entry) for entry in sys.path if entry)
    prefix = Path(sys.prefix)
    yield from _matches(Path(sys.base_prefix), (_SITE,))
    yield from _matches(prefix.parent, (f"*/{_SITE}", f"*/.venv/{_SITE}", f"*/venv/{_SITE}"))
    yield from _matches(prefix.parent.parent, (f"*/.venv/{_SITE}", f"*/venv/{_SITE}"))
    yield from _matches(Path(os.path.expanduser("~")), _OF_HOME)  # noqa: PTH111 - Path.home() raises where there is none
    yield from _matches(Path("/"), _OF_SYSTEM)


def _matches(base: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        try:
            yield from _folders(sorted(base.glob(pattern)))
        except OSError:
            continue  # a folder that this user may not look into


def _folders(paths: Iterator[Path] | list[Path]) -> Iterator[Path]:
    for path in paths:
        try:
            if path.is_dir():
                yield path.resolve()
        except OSError:
            continue
