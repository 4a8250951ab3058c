"""Things that documents repeat: where they are, and by what each is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from etl_actors.relational.breakout.asked import Every, Place

__all__ = ["Entity", "Trail"]


@dataclass(frozen=True, slots=True)
class Entity:
    """Things of one kind, each known by its key wherever documents have it.

    Args:
        name: of its table.
        paths: from the document to the items.
        key: fields of an item.
        recurse: from an item to those below it; empty without.
    """

    name: str
    paths: tuple[Place, ...]
    key: tuple[str, ...]
    recurse: Place = ()


@dataclass(frozen=True, slots=True)
class Trail:
    """How far the paths of entities have come at one place of documents.

    Args:
        entities: all of them.
        ways: number of an entity and what is left of a path of it.
    """

    entities: Sequence[Entity]
    ways: frozenset[tuple[int, Place]]

    @classmethod
    def begun(cls, entities: Sequence[Entity]) -> "Trail":
        """Begin at the document."""
        return cls(entities, frozenset((number, path) for number, one in enumerate(entities) for path in one.paths))

    @property
    def entity(self) -> int | None:
        """Number of the entity whose item the place is: of several the first."""
        return min((number for number, left in self.ways if not left), default=None)

    def at(self, *steps: str | Every) -> "Trail":
        """Go on to a place further in."""
        trail = self
        for step in steps:
            trail = Trail(self.entities, frozenset(trail._after(step)))
        return trail

    def _after(self, step: str | Every) -> Iterable[tuple[int, Place]]:
        for number, left in self.ways:
            for path in (left, self.entities[number].recurse) if not left else (left,):
                if path and (path[0] == step or (path[0] is Every.MEMBER and isinstance(step, str))):
                    yield number, path[1:]
