"""Folders of slips as they are found: each slip read, or what is wrong with it, and what even a broken one still says of itself."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl_actors.errors import SlipError
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import MAIN, STEPS, read_slip_folder

__all__ = ["Found", "Shelf", "find_slips", "head_of", "sources_of"]


@dataclass(frozen=True, slots=True)
class Found:
    """A slip's folder.

    Args:
        folder: of the slip.
        name: that its file gives; of one that gives none, its folder's.
        slip: None where it cannot be used.
        problem: why not; empty where it can be used.
        sources: that it takes; None for any, and where a broken file does not say.
        steps: the text of its ``steps.py``; None without.
    """

    folder: Path
    name: str
    slip: Slip | None
    problem: str = ""
    sources: tuple[str, ...] | None = None
    steps: str | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What some folders hold.

    Args:
        slips: in the order of the folders, then by name.
        missing: folders that are not there, and what to say of each.
        empty: folders without a slip, likewise.
    """

    slips: tuple[Found, ...]
    missing: Mapping[Path, str]
    empty: Mapping[Path, str]


def find_slips(folders: Sequence[Path], target_schema: str) -> Shelf:
    """Read the slips of some folders.

    Args:
        folders: each holds one folder a slip; what has no `slip.toml` is passed over.
        target_schema: for tables that name no schema.
    """
    slips: list[Found] = []
    missing: dict[Path, str] = {}
    empty: dict[Path, str] = {}
    for folder in dict.fromkeys(path.resolve() for path in folders):
        if not folder.is_dir():
            missing[folder] = f"{folder}: there is no such folder of slips"
            continue
        found = sorted(path.parent for path in folder.glob(f"*/{MAIN}"))
        if not found:
            parent = f"; did you mean {folder.parent}, which holds it?" if (folder / MAIN).exists() else ""
            empty[folder] = f"{folder}: expected folders that each hold a {MAIN}, and there is none{parent}"
        slips += [_found(one, target_schema) for one in found]
    return Shelf(tuple(slips), missing, empty)


def sources_of(text: str) -> tuple[str, ...] | None:
    """Tell which sources a `slip.toml` takes, whatever else is wrong with it; None for any, and where it does not say."""
    given = head_of(text).get("source")
    several = given if isinstance(given, list) else [given]
    named = tuple(one for one in several if isinstance(one, str))
    return named if named and len(named) == len(several) else None


def _found(folder: Path, target_schema: str) -> Found:
    try:
        files = read_slip_folder(folder)
    except SlipError as error:
        return Found(folder, folder.name, None, str(error))
    try:
        slip = read_slip(files, target_schema, origin=str(folder))
    except SlipError as error:
        name = head_of(files[MAIN]).get("name")
        named = name if isinstance(name, str) and name else folder.name
        return Found(folder, named, None, str(error), sources_of(files[MAIN]), files.get(STEPS))
    return Found(folder, slip.name, slip, "", slip.sources, files.get(STEPS))


def head_of(text: str) -> dict[str, Any]:
    """Read what a `slip.toml` says before its first table (or all), of a text that is no TOML line by line."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        pass
    head: dict[str, Any] = {}
    for line in text.splitlines():
        if line.lstrip().startswith("["):
            break
        try:
            head |= tomllib.loads(line)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
    return head
