"""What stands on each line of a mapper: what a refusal is explained by."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.model.slip import Let, SlipTable, parent_number

__all__ = ["Blame", "KnownLet", "Part", "Spot"]


class Part(Enum):
    """What of a table a line computes."""

    EACH = "each"
    RECURSE = "recurse"
    WHEN = "when"
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class Spot:
    """What a line of generated code computes.

    Args:
        table: its number in the slip.
        part: of the table.
        text: the expression as written.
        node: the expression as read.
        column: its name, of a column.
        private: whether what it refuses is never shown.
    """

    table: int
    part: Part
    text: str
    node: n.Expression | n.Predicate
    column: str | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class KnownLet:
    """A let that has a function in the generated code.

    Args:
        let: as the slip has it.
        table: number of the table whose it is; None of the whole document's.
        sight: the numbers of the lets that it sees, by name.
    """

    let: Let
    table: int | None
    sight: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Blame:
    """The lines of a mapper.

    Args:
        spots: one a line, from the first; None where nothing can be refused.
        tables: of the slip.
        lets: of the slip and its tables, by number.
        sights: of each table: the numbers of the lets that its expressions see, by name.
    """

    spots: tuple[Spot | None, ...]
    tables: tuple[SlipTable, ...]
    lets: tuple[KnownLet, ...]
    sights: tuple[Mapping[str, int], ...]

    def parent_of(self, number: int) -> int | None:
        """Find the number of the table that a table is below; None of the root and of entities."""
        return parent_number(self.tables, number)

    def sight_of(self, table: int | None, part: Part = Part.COLUMN) -> Mapping[str, int]:
        """Give the numbers of the lets that an expression of a table sees, by name; of no table, those of the whole document."""
        if table is not None and part is Part.EACH:
            table = self.parent_of(table)
        if table is not None:
            return self.sights[table]
        return {known.let.name: number for number, known in enumerate(self.lets) if known.table is None}
