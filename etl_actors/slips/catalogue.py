"""The slips in force: read from folders, found by source or by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from etl_actors.errors import SlipError
from etl_actors.slips.agreement import Read, quarrels
from etl_actors.slips.files import MAIN, read_slip_folder
from etl_actors.slips.model import Slip
from etl_actors.slips.read import read_slip

__all__ = ["Catalogue", "load_catalogue"]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All slips of some folders.

    Args:
        slips: those that can be used, highest priority first, then by name.
        problems: what is wrong with the others, one text a slip.
    """

    slips: tuple[Slip, ...]
    problems: tuple[str, ...] = ()
    _sources: dict[str, tuple[Slip, ...]] = field(init=False, repr=False, compare=False)
    _others: tuple[Slip, ...] = field(init=False, repr=False, compare=False)
    _names: dict[str, Slip] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the slips; a source that no slip names has those that take any."""
        named = {source for slip in self.slips for source in slip.sources or ()}
        object.__setattr__(self, "_sources", {source: tuple(s for s in self.slips if s.takes(source)) for source in named})
        object.__setattr__(self, "_others", tuple(slip for slip in self.slips if slip.sources is None))
        object.__setattr__(self, "_names", {slip.name: slip for slip in self.slips})

    def for_source(self, source: str) -> tuple[Slip, ...]:
        """List the slips that may take rows of a source, highest priority first."""
        return self._sources.get(source, self._others)

    def named(self, name: str) -> Slip | None:
        """Find a slip by its name."""
        return self._names.get(name)


def load_catalogue(folders: Sequence[Path], target_schema: str) -> Catalogue:
    """Read all slips of some folders.

    Args:
        folders: each holds one folder a slip; what has no `slip.toml` is passed over.
        target_schema: for tables that name no schema.

    Returns:
        The catalogue. A slip that can't be used is a problem of it and does not keep the others out; nor can two
        of one name be used, since a name must mean one slip, nor two that disagree on a table.
    """
    problems: list[str] = []
    read: dict[str, list[Read]] = {}
    for folder in _slip_folders(folders, problems):
        try:
            slip = read_slip(read_slip_folder(folder), target_schema, origin=str(folder))
        except SlipError as error:
            problems.append(str(error))
        else:
            read.setdefault(slip.name, []).append((folder, slip))
    slips = _agreeing(_of_one_name(read, problems), problems)
    return Catalogue(tuple(sorted(slips, key=lambda slip: (-slip.priority, slip.name))), tuple(problems))


def _of_one_name(read: dict[str, list[Read]], problems: list[str]) -> list[Read]:
    named = []
    for name, found in read.items():
        if len(found) > 1:
            problems.append(
                f"{found[0][0] / MAIN}: the name `{name}` is that of {', '.join(str(f / MAIN) for f, _ in found[1:])} too"
            )
        else:
            named.append(found[0])
    return named


def _agreeing(slips: list[Read], problems: list[str]) -> list[Slip]:
    refused: set[str] = set()
    told: dict[tuple[str, str], str] = {}  # of a slip and a table once: further slips would only say the same again
    for quarrel in quarrels(slips):
        refused |= {quarrel.one, quarrel.other}
        told.setdefault((quarrel.other, quarrel.table), quarrel.problem)
    problems += told.values()
    return [slip for _, slip in slips if slip.name not in refused]


def _slip_folders(folders: Sequence[Path], problems: list[str]) -> Iterator[Path]:
    for folder in dict.fromkeys(path.resolve() for path in folders):
        if not folder.is_dir():
            problems.append(f"{folder}: there is no such folder of slips")
            continue
        found = sorted(path.parent for path in folder.glob(f"*/{MAIN}"))
        if not found:
            parent = f"; did you mean {folder.parent}, which holds it?" if (folder / MAIN).exists() else ""
            problems.append(f"{folder}: expected folders that each hold a {MAIN}, and there is none{parent}")
        yield from found
