"""The lines of a mapper while they are written, and what stands on each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_actors.slips.blaming.spots import Blame, KnownLet, Spot
from etl_actors.slips.emitting.emitter import Emitter
from etl_actors.slips.emitting.scope import Scope
from etl_actors.slips.model.slip import Slip, parent_number

__all__ = ["Code"]


@dataclass(slots=True)
class Code:
    """The source of a function that is generated for a slip.

    Args:
        slip: what it is of.
        emitter: writes its expressions and holds its globals.
        lines: of source.
        spots: what each line computes; None where nothing can be refused.
        lets: those that have functions in it; a let's number is its place here.
        numbers: of lets, by the Python that gives their values.
        sights: of each table, once its lets are written: the numbers of the lets that it sees, by name.
    """

    slip: Slip
    emitter: Emitter
    lines: list[str] = field(default_factory=list)
    spots: list[Spot | None] = field(default_factory=list)
    lets: list[KnownLet] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    sights: list[Mapping[str, int]] = field(default_factory=list)

    def add(self, depth: int, text: str, spot: Spot | None = None) -> None:
        """Add a line.

        Args:
            depth: of its indentation.
            text: of it.
            spot: what it computes.
        """
        self.lines.append("    " * depth + text)
        self.spots.append(spot)

    def seen(self, scope: Scope) -> Mapping[str, int]:
        """Give the numbers of the lets in sight, by name."""
        return {name: self.numbers[value] for name, value in scope.lets.items()}

    @property
    def source(self) -> str:
        """All lines as text."""
        return "\n".join(self.lines) + "\n"

    @property
    def blame(self) -> Blame:
        """What stands on each line."""
        return Blame(tuple(self.spots), self.slip.tables, tuple(self.lets), tuple(self.sights))

    def parent_of(self, number: int) -> int | None:
        """Find the number of the table that a table is below; None of the root and of entities."""
        return parent_number(self.slip.tables, number)

    def below(self, number: int) -> list[int]:
        """List the numbers of the tables below a table, near and far."""
        found = [number]
        for child in range(number + 1, len(self.slip.tables)):
            if self.parent_of(child) in found:
                found.append(child)
        return found[1:]
