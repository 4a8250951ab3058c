"""The metadata of installed Python distributions as documents."""

import csv
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import orjson

from etl_actors.demo.site_packages import site_packages

__all__ = ["installed"]

_SEPARATORS = re.compile(r"[-_.]+")
_REQUIRED_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


def installed(folders: tuple[Path, ...] | None = None) -> Iterator[bytes]:
    """Yield one document for each distribution found, as JSON text.

    The same distribution in two folders is two documents with one key: a natural duplicate.

    Args:
        folders: where to look; None for everywhere that is quickly found.
    """
    for folder in site_packages() if folders is None else folders:
        yield from sorted(_documents(folder))


def _documents(folder: Path) -> Iterator[bytes]:
    for distribution in distributions(path=[str(folder)]):
        try:
            yield orjson.dumps(_document(distribution, folder))
        except UnicodeDecodeError:
            continue  # metadata older than the rule that it is UTF-8


def _document(distribution: Distribution, folder: Path) -> dict[str, Any]:
    title = _field(distribution, "Name")
    return {
        "name": None if title is None else _normalised(title),
        "version": _field(distribution, "Version"),
        "title": title,
        "summary": _field(distribution, "Summary"),
        "license": _field(distribution, "License-Expression") or _first_line(_field(distribution, "License")),
        "requires_python": _field(distribution, "Requires-Python"),
        "home_page": _field(distribution, "Home-page"),
        "classifiers": distribution.metadata.get_all("Classifier") or [],
        "installer": (distribution.read_text("INSTALLER") or "").strip() or None,
        "found_in": str(folder),
        "requires": [_requirement(each) for each in distribution.requires or []],
        "files": list(_files(distribution.read_text("RECORD") or "")),
    }


def _field(distribution: Distribution, name: str) -> str | None:
    values = distribution.metadata.get_all(name)
    return str(values[0]).strip() if values and str(values[0]).strip() not in {"", "UNKNOWN"} else None


def _first_line(text: str | None) -> str | None:
    return None if text is None else text.partition("\n")[0]


def _normalised(name: str) -> str:
    """Return a distribution's name as indexes compare it.

    Source: PEP 503, "Normalized Names".
    """
    return _SEPARATORS.sub("-", name).lower()


def _requirement(text: str) -> dict[str, str | None]:
    name, extra = _REQUIRED_NAME.match(text), _EXTRA.search(text)
    return {
        "requirement": text,
        "name": None if name is None else _normalised(name[1]),
        "extra": None if extra is None else extra[1],
    }


def _files(record: str) -> Iterator[dict[str, str | int | None]]:
    for path, *rest in csv.reader(record.splitlines()):
        if not path.endswith(".pyc"):
            digest, size = (*rest, "", "")[:2]
            yield {"path": path, "size": int(size) if size.isdecimal() else None, "hash": digest or None}
