"""A look at what a source has staged: what was seen of its documents, what may be their key, and the entities that they repeat."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from etl_actors.errors import UsageError
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.drafting.documents import key_candidates
from etl_actors.slips.drafting.entities import entity_candidates
from etl_actors.slips.drafting.repeats import Entity, Repeats
from etl_actors.slips.values.document import Undecodable, decode
from etl_actors.slips.values.unstaged import is_unstaged

if TYPE_CHECKING:
    from etl_actors.store.database import Connection

__all__ = ["Look", "looked_at"]

_EXAMPLES = 50  # documents whose values are shown
_CANDIDATES = 8  # fields that are asked whether they are a key


@dataclass(slots=True)
class Look:
    """What was seen of a source.

    Args:
        seen: of all its documents.
        documents: how many there were.
        passed_over: how many rows hold no document that can be read.
        examples: the first of them.
        key: columns of the root that tell all different documents apart; at most one.
        key_fields: the same as fields of the documents.
        entities: that the documents repeat.
    """

    seen: Seen = field(default_factory=Seen)
    documents: int = 0
    passed_over: int = 0
    examples: list[Any] = field(default_factory=list)
    key: list[str] = field(default_factory=list)
    key_fields: list[str] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def add(self, payloads: Iterable[bytes]) -> None:
        """Look at documents, one after the other."""
        for document in self.readable(payloads):
            self.seen.add(document)
            self.documents += 1
            if len(self.examples) < _EXAMPLES:
                self.examples.append(document)

    def readable(self, payloads: Iterable[bytes]) -> Iterator[Any]:
        """Read documents, and count what is none."""
        for payload in payloads:
            try:
                document = decode(payload)
            except Undecodable:
                self.passed_over += 1
                continue
            if is_unstaged(document):
                self.passed_over += 1
            else:
                yield document


def looked_at(conn: "Connection", source: str, rows: int, table: str) -> Look:
    """Look at the first rows of a source.

    Args:
        conn: to the database.
        source: of the rows.
        rows: how many at most.
        table: name of the root table.

    Raises:
        UsageError: it has no document.
    """
    from etl_actors.store.pieces import payloads_of
    from etl_actors.store.staging import unique_fields

    look = Look()
    look.add(payloads_of(conn, source, rows))
    if not look.documents:
        raise UsageError(f"SOURCE: expected a source with staged documents, got {source!r}, which has none.")
    candidates = key_candidates(look.seen, table)[:_CANDIDATES]
    look.key_fields = unique_fields(conn, source, rows, [name for name, _ in candidates])[:1]
    look.key = [column for name, column in candidates if name in look.key_fields]
    if candidate_entities := entity_candidates(look.seen):
        repeats, again = Repeats(candidate_entities), Look()
        for document in again.readable(payloads_of(conn, source, rows)):
            repeats.add(document)
        look.entities = repeats.found()
    return look
