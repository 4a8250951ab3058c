"""The slips that a command is asked about: found by name or by path, whole or broken."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etl_actors.errors import SlipError, UsageError
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import MAIN, read_slip_folder
from etl_actors.slips.source.problems import did_you_mean

if TYPE_CHECKING:
    from etl_actors.settings import Settings

__all__ = ["Found", "Problem", "asked", "one", "problems_in", "shelf"]

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<sentence>.*)")
_NAME = re.compile(r"""^name\s*=\s*["']([^"'\n]+)["']""", re.MULTILINE)  # of a file that may be no TOML
_UNDER = "    "  # what follows a problem's sentence, the line and its caret, is indented


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a slip.

    Args:
        text: as it is shown: place and sentence, then the line and a caret under it.
    """

    text: str

    @property
    def first(self) -> str:
        """Place and sentence."""
        return self.text.partition("\n")[0]

    def as_json(self) -> dict[str, object]:
        """Take it apart: file, line, column, sentence; null where there is no place."""
        found = _PLACE.fullmatch(self.first)
        if found is None:
            return {"file": None, "line": None, "column": None, "sentence": self.first}
        return {
            "file": found["file"],
            "line": int(found["line"]),
            "column": int(found["column"]),
            "sentence": found["sentence"],
        }


@dataclass(frozen=True, slots=True)
class Found:
    """A slip's folder, read.

    Args:
        folder: of the slip.
        slip: None where it cannot be used.
        problems: why not.
        named: what its file says that its name is; empty where it does not.
    """

    folder: Path
    slip: Slip | None
    problems: tuple[Problem, ...] = ()
    named: str = ""

    @property
    def name(self) -> str:
        """The slip's name, that of its folder where it is not known."""
        return self.slip.name if self.slip else self.named or self.folder.name

    def usable(self) -> Slip:
        """Return the slip.

        Raises:
            SlipError: it cannot be used, with all that is wrong.
        """
        if self.slip is None:
            raise SlipError("\n".join(problem.text for problem in self.problems))
        return self.slip


def problems_in(text: str) -> tuple[Problem, ...]:
    """Tell apart the problems that an error lists, each with the lines under it."""
    told: list[str] = []
    for line in text.splitlines():
        if line.startswith(_UNDER) and told:
            told[-1] += f"\n{line}"
        else:
            told.append(line)
    return tuple(Problem(each) for each in told)


def shelf(settings: "Settings") -> list[Found]:
    """Read all slips of the folders that the settings name."""
    parents = dict.fromkeys(parent.resolve() for parent in settings.parser_folders)  # as `run` does: one named twice is one
    return [_read(folder, settings) for parent in parents for folder in _slip_folders(parent)]


def asked(settings: "Settings", wanted: Sequence[str]) -> list[Found]:
    """Read the slips that a command line names.

    Args:
        settings: for the folders of slips.
        wanted: names of slips of those folders, or paths: of a slip, of its `slip.toml`, of a folder of slips; none for all.

    Raises:
        UsageError: there is no such slip, or none at all.
    """
    if not wanted:
        found = shelf(settings)
        if not found:
            where = _folders(settings)
            lacking = f"There is no slip in {where}." if where else "There are no slips, for ETL_PARSERS is none."
            raise UsageError(f"{lacking} To write one: etl-actors slips new NAME")
        return found
    folders = dict.fromkeys(folder for word in wanted for folder in _folders_of(word, settings))
    return [_read(folder, settings) for folder in folders]


def one(settings: "Settings", wanted: str) -> Found:
    """Read one slip, by its name or its path.

    Raises:
        UsageError: there is none, or several.
    """
    found = asked(settings, [wanted])
    if len(found) > 1:
        raise UsageError(f"{wanted}: expected one slip, got {len(found)}: {', '.join(str(each.folder) for each in found)}")
    return found[0]


def _read(folder: Path, settings: "Settings") -> Found:
    try:
        files = read_slip_folder(folder)
    except SlipError as error:
        return Found(folder, None, problems_in(str(error)))
    try:
        return Found(folder, read_slip(files, settings.target_schema, origin=str(folder)))
    except SlipError as error:
        name = _NAME.search(files[MAIN])
        return Found(folder, None, problems_in(str(error)), name[1] if name else "")


def _folders_of(word: str, settings: "Settings") -> Iterable[Path]:
    path = Path(word).expanduser()
    if path.name == MAIN and path.is_file():
        return [path.parent]
    if not _is_path(word):
        return _named(word, settings)
    if (path / MAIN).is_file():
        return [path]
    inside = list(_slip_folders(path))
    if not inside:
        raise UsageError(f"{word}: expected the folder of a slip, which holds a {MAIN}, or a folder of such folders.")
    return inside


def _is_path(word: str) -> bool:
    return "/" in word or word in {".", ".."} or word.startswith("~")


def _named(name: str, settings: "Settings") -> list[Path]:
    there = shelf(settings)
    found = [each.folder for each in there if name in {each.name, each.folder.name}]
    if found:
        return found
    near = did_you_mean(name, [each.name for each in there])
    hint = f"; did you mean the folder ./{name}?" if Path(name, MAIN).is_file() else near or "."
    where = _folders(settings)
    raise UsageError(f"There is no slip `{name}`{f' in {where}' if where else ', for ETL_PARSERS is none'}{hint}")


def _slip_folders(folder: Path) -> Iterator[Path]:
    yield from sorted(path.parent for path in folder.glob(f"*/{MAIN}"))


def _folders(settings: "Settings") -> str:
    return ", ".join(str(folder) for folder in settings.parser_folders)
