"""How a slip without columns breaks documents out by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_actors.relational.breakout.asked import Asked
from etl_actors.relational.breakout.entities import Entity
from etl_actors.relational.breakout.evidence import read_evidence
from etl_actors.relational.breakout.fitting import Contract
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Cell, CellKind, Layout
from etl_actors.relational.breakout.view import View
from etl_actors.relational.tables import Policy

__all__ = ["EVIDENCE", "Breakout"]

EVIDENCE = "evidence.json"
"""A file that the service adds to such a slip: what was seen of its documents, as `written_evidence` gives it."""


@dataclass(frozen=True, slots=True)
class Breakout:
    """The break-out of a slip.

    Args:
        table: name of the root table.
        schema: where the tables are.
        key: fields of the documents that are the root's key.
        policy: which of several documents with one key stays.
        evidence: what was seen of the documents so far, without the fields of the key; empty for nothing.
        layout: of the tables, by that.
        contract: whether the tables follow.
        contracts: of single tables, by name.
        asked: what is said by hand of places in the documents.
        entities: what the documents repeat.
        deletes: whether documents may delete the row of their key.
        known_by: what makes the root's identity: the key, each of its columns with the expression that makes it.
        view: that shows each document as one row; None for none.
    """

    table: str
    schema: str
    key: tuple[str, ...]
    policy: Policy
    evidence: str
    layout: Layout
    contract: Contract = Contract.EVOLVE
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    asked: Asked | None = None
    known_by: tuple[str, ...] = ()
    view: View | None = None
    entities: tuple[Entity, ...] = ()
    deletes: bool = False

    @property
    def seen(self) -> Seen:
        """What was seen of the documents so far, as a tree of its own."""
        return read_evidence(self.evidence, self.asked) if self.evidence else Seen(asked=self.asked)

    @property
    def may_skip(self) -> bool:
        """Whether documents that have no place in a table are skipped."""
        return Contract.DISCARD_ROW in (self.contract, *self.contracts.values())

    def says_as(self, other: "Breakout") -> bool:
        """Tell whether another says the same by hand of places and entities, and makes the same columns and tables by expressions."""
        return (self.asked, self.entities, self.given, self.deletes) == (other.asked, other.entities, other.given, other.deletes)

    @property
    def given(self) -> list[Cell]:
        """The columns that expressions make."""
        return [cell for cell in self.layout.tables[0].cells if cell.kind is CellKind.GIVEN]

    def fills_as(self, other: "Breakout | None") -> bool:
        """Tell whether another breaks documents out to the same tables, and knows them likewise."""
        return other is not None and (self.table, self.schema, self.known_by) == (
            other.table,
            other.schema,
            other.known_by,
        )
