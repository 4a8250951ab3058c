"""How a slip without columns breaks documents out by itself."""

from dataclasses import dataclass
from enum import StrEnum

from etl_actors.relational.breakout.asked import Asked
from etl_actors.relational.breakout.evidence import read_evidence
from etl_actors.relational.breakout.layout import Layout
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.tables import Policy

__all__ = ["EVIDENCE", "Breakout", "Contract"]

EVIDENCE = "evidence.json"
"""A file that the service adds to such a slip: what was seen of its documents, as `written_evidence` gives it."""


class Contract(StrEnum):
    """What becomes of a document that has no place in the tables."""

    EVOLVE = "evolve"  # the tables get one
    FREEZE = "freeze"  # it is rejected
    DISCARD_ROW = "discard_row"  # it is skipped, and counted


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
        asked: what is said by hand of places in the documents.
    """

    table: str
    schema: str
    key: tuple[str, ...]
    policy: Policy
    evidence: str
    layout: Layout
    contract: Contract = Contract.EVOLVE
    asked: Asked | None = None

    @property
    def seen(self) -> Seen:
        """What was seen of the documents so far, as a tree of its own."""
        return read_evidence(self.evidence, self.asked) if self.evidence else Seen(asked=self.asked)

    def fills_as(self, other: "Breakout | None") -> bool:
        """Tell whether another breaks documents out to the same tables, and knows them likewise."""
        return other is not None and (self.table, self.schema, self.key) == (other.table, other.schema, other.key)
