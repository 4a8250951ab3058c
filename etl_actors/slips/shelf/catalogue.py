"""The slips in force, found by source or by name."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from etl_actors.errors import SlipError
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.found import find_slips
from etl_actors.slips.shelf.in_force import settle
from etl_actors.slips.shelf.unmatched import Unmatched

__all__ = ["Absent", "Catalogue", "load_catalogue", "usable_catalogue"]


@dataclass(frozen=True, slots=True)
class Absent:
    """A slip that may take rows and is not in force here, so that its rows wait instead of being rejected.

    Args:
        name: of the slip.
        sources: that it takes; None for any.
        why: it is not in force here, as part of a sentence.
    """

    name: str
    sources: tuple[str, ...] | None
    why: str

    def takes(self, source: str) -> bool:
        """Tell whether it may take rows of a source."""
        return self.sources is None or source in self.sources


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The slips of one daemon.

    Args:
        slips: those that can be used, highest priority first, then by name.
        problems: what is wrong with the others, one text a slip.
        absent: those that others have and this one does not, and those that are broken.
        unmatched: makes slips for the documents that none of these takes; None where they are rejected.
    """

    slips: tuple[Slip, ...]
    problems: tuple[str, ...] = ()
    absent: tuple[Absent, ...] = ()
    unmatched: Unmatched | None = None
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
        """List the slips that may take rows of a source, highest priority first.

        The last may be one that nobody wrote, for what the others leave; not where a slip is awaited that may take it.
        """
        found = self._sources.get(source, self._others)
        if self.unmatched is None or any(slip.when is None for slip in found) or self.awaited(source) is not None:
            return found
        rest = self.unmatched.slip(source)
        return found if rest is None else (*found, rest)

    def named(self, name: str, source: str | None = None) -> Slip | None:
        """Find a slip by its name.

        Args:
            name: of the slip.
            source: of rows that name it: then it may be one that nobody wrote.
        """
        known = self._names.get(name)
        if known is not None or source is None or self.unmatched is None:
            return known
        return self.unmatched.named(name, source)

    def awaited(self, source: str, name: str | None = None) -> Absent | None:
        """Find a slip for which rows are to wait, since those in force here take none of them.

        Args:
            source: of the rows.
            name: of the slip that the rows name; None where they name none.
        """
        return next((a for a in self.absent if a.takes(source) and name in {None, a.name}), None)


def load_catalogue(folders: Sequence[Path], target_schema: str) -> Catalogue:
    """Read all slips of some folders.

    Args:
        folders: each holds one folder a slip; what has no `slip.toml` is passed over.
        target_schema: for tables that name no schema.

    Returns:
        The catalogue. A slip that can't be used is a problem of it and does not keep the others out; nor can two
        of one name be used, since a name must mean one slip, nor two that disagree on a table.
    """
    shelf = find_slips(folders, target_schema)
    standings = settle(shelf.slips)
    problems = dict.fromkeys(standing.problem for standing in standings if standing.problem)
    slips = sorted((s.slip for s in standings if s.slip), key=lambda slip: (-slip.priority, slip.name))
    return Catalogue(tuple(slips), (*shelf.missing.values(), *shelf.empty.values(), *problems))


def usable_catalogue(folders: Sequence[Path], target_schema: str, unmatched: Unmatched | None = None) -> Catalogue:
    """Read all slips of some folders, each of which must be usable.

    Args:
        folders: of slips.
        target_schema: for tables that name no schema.
        unmatched: makes slips for documents that none of them takes.

    Raises:
        SlipError: any of them is wrong.
    """
    catalogue = load_catalogue(folders, target_schema)
    if catalogue.problems:
        raise SlipError("\n".join(catalogue.problems))
    return replace(catalogue, unmatched=unmatched)
